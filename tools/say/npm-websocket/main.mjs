// The npm package "websocket", with the listeners of its README.
import websocket from 'websocket'

const client = new websocket.client()
client.on('connectFailed', (error) => console.log('Connect Error: ' + error.toString()))
client.on('connect', (connection) => {
  connection.on('error', (error) => console.log('Connection Error: ' + error.toString()))
  connection.on('close', (code, description) => console.log(`Connection Closed: ${code} ${description}`))
})
client.connect(process.argv[2], null, null, { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` })
