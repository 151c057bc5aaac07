// openai for Node, with its own reconnection, over ws or (argument: websocket) the WebSocket of Node: one turn of text, or
// what TURN says: of the sound in SPEECH, or with a function.
import fs from 'node:fs'
import OpenAI from 'openai'

const turn = process.env.TURN ?? 'text'
const { OpenAIRealtimeWS } = process.argv[2] === 'websocket' ? {} : await import('openai/realtime/ws')
const { OpenAIRealtimeWebSocket } = process.argv[2] === 'websocket' ? await import('openai/realtime/websocket') : {}
const Socket = OpenAIRealtimeWS ?? OpenAIRealtimeWebSocket
const realtime = await Socket.create(new OpenAI(), { model: 'gpt-realtime-2.1', reconnect: true })

const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const tools = [{ type: 'function', name: 'get_weather', description: 'The weather of a city', parameters: city }]
const said = (text) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] })
const session = { type: 'realtime', output_modalities: ['text'] }
let left = turn === 'text' ? 1 : 2 // what is waited for: responses, and the transcript of what was said

realtime.on('session.created', () => {
  if (turn === 'audio') {
    session.audio = { input: { turn_detection: null, transcription: { model: 'gpt-4o-transcribe' } } }
    realtime.send({ type: 'session.update', session })
    const sound = fs.readFileSync(process.env.SPEECH).subarray(44)
    for (let at = 0; at < sound.length; at += 48_000)
      realtime.send({ type: 'input_audio_buffer.append', audio: sound.subarray(at, at + 48_000).toString('base64') })
    realtime.send({ type: 'input_audio_buffer.commit' })
  } else {
    const asked = turn === 'function' ? { ...session, tools, tool_choice: 'required' } : session
    realtime.send({ type: 'session.update', session: asked })
    realtime.send({ type: 'conversation.item.create', item: said('How is it in Paris?') })
  }
  realtime.send({ type: 'response.create' })
})
realtime.on('error', (error) => console.error(String(error)))
realtime.on('reconnecting', (event) => console.log('again', event.attempt))
realtime.on('conversation.item.input_audio_transcription.completed', (event) => {
  console.log('heard:', event.transcript)
  if (--left === 0) realtime.close()
})
realtime.on('response.done', ({ response }) => {
  const [item] = response.output
  if (item?.type === 'function_call') {
    console.log('calls:', item.name, item.arguments)
    const output = { type: 'function_call_output', call_id: item.call_id, output: '12 degrees' }
    realtime.send({ type: 'session.update', session: { type: 'realtime', tool_choice: 'none' } })
    realtime.send({ type: 'conversation.item.create', item: output })
    realtime.send({ type: 'response.create' })
  }
  if (--left === 0) realtime.close()
})
