// Node's ws, with the listeners of its README.
import WebSocket from 'ws'

const socket = new WebSocket(process.argv[2], {
  headers: { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
  handshakeTimeout: 1000
})
socket.on('error', console.error)
socket.on('close', (code, reason) => console.log('close', code, reason.toString()))
