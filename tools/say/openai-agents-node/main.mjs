// @openai/agents-realtime over a WebSocket.
import { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket } from '@openai/agents-realtime'

const agent = new RealtimeAgent({ name: 'Assistant', instructions: 'Be brief.' })
const transport = new OpenAIRealtimeWebSocket({ url: process.argv[2] })
const session = new RealtimeSession(agent, { transport, model: process.env.SAY_MODEL })
session.on('error', (error) => console.error(error))
await session.connect({ apiKey: process.env.OPENAI_API_KEY, url: process.argv[2] })
