// undici's WebSocket, which is Node's global one.
import { WebSocket, EnvHttpProxyAgent } from 'undici'

const socket = new WebSocket(process.argv[2], {
  headers: { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
  ...(process.env.HTTPS_PROXY ? { dispatcher: new EnvHttpProxyAgent() } : {})
})
socket.addEventListener('error', (event) => console.error(event.message, event.error))
socket.addEventListener('close', ({ code, reason, wasClean }) => console.log('close', { code, reason, wasClean }))
