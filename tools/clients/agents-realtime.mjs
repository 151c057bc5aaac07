// @openai/agents-realtime over a WebSocket: one text turn.
import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession } from '@openai/agents-realtime'

const base = process.env.OPENAI_BASE_URL.replace(/^http/, 'ws')
const url = `${base}/realtime?model=gpt-realtime-2.1`
const agent = new RealtimeAgent({ name: 'Assistant', instructions: 'Be brief.' })
const transport = new OpenAIRealtimeWebSocket({ url })
const session = new RealtimeSession(agent, { transport, model: 'gpt-realtime-2.1' })
session.on('error', (error) => console.error(JSON.stringify(error)))
session.on('agent_end', () => session.close())
await session.connect({ apiKey: process.env.OPENAI_API_KEY, url })
session.sendMessage('Hello')
