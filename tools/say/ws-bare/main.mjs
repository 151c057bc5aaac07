// Node's ws without a listener for errors.
import WebSocket from 'ws'

new WebSocket(process.argv[2], { headers: { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` } })
