// faye-websocket, with the listeners of its README.
import faye from 'faye-websocket'

const socket = new faye.Client(process.argv[2], [], { headers: { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` } })
socket.on('error', (event) => console.log('error', event.message))
socket.on('close', (event) => console.log('close', event.code, event.reason))
