// @openai/agents-realtime over a WebSocket: one turn of text, or what TURN says: of the sound in SPEECH, or with a function.
import fs from 'node:fs'
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime'
import { z } from 'zod'

const turn = process.env.TURN ?? 'text'
const base = process.env.OPENAI_BASE_URL.replace(/^http/, 'ws')
const url = `${base}/realtime?model=gpt-realtime-2.1`
const weather = tool({
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => (console.log('calls: get_weather', city), '12 degrees'),
})
const tools = turn === 'function' ? [weather] : []
const agent = new RealtimeAgent({ name: 'Assistant', instructions: 'Be brief.', tools })
const transport = new OpenAIRealtimeWebSocket({ url })
const config = turn === 'function' ? { toolChoice: 'required' } : { audio: { input: { turnDetection: null, transcription: { model: 'gpt-4o-transcribe' } } } }
const session = new RealtimeSession(agent, { transport, model: 'gpt-realtime-2.1', ...(turn === 'text' ? {} : { config }) })
let left = turn === 'audio' ? 2 : 1 // what is waited for: the answer, and the transcript of what was said
const heard = () => --left === 0 && session.close()
session.on('error', (error) => console.error(JSON.stringify(error)))
session.on('agent_end', () => turn === 'function' || heard())
session.on('agent_tool_end', heard)
session.on('transport_event', (event) => {
  if (event.type !== 'conversation.item.input_audio_transcription.completed') return
  console.log('heard:', event.transcript)
  heard()
})
await session.connect({ apiKey: process.env.OPENAI_API_KEY, url })
if (turn === 'audio') {
  const sound = fs.readFileSync(process.env.SPEECH).subarray(44)
  session.sendAudio(new Uint8Array(sound).buffer, { commit: true })
  transport.sendEvent({ type: 'response.create' })
} else session.sendMessage('How is it in Paris?')
