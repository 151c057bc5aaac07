// ws for Node: one text turn, as in its README.
import WebSocket from 'ws'

const base = process.env.OPENAI_BASE_URL.replace(/^http/, 'ws')
const headers = { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` }
const ws = new WebSocket(`${base}/realtime?model=gpt-realtime-2.1`, { headers })
ws.on('error', console.error)
ws.on('close', (code, reason) => console.log('closed', code, reason.toString()))
ws.on('message', (data) => {
  const event = JSON.parse(data)
  if (event.type === 'session.created') {
    const content = [{ type: 'input_text', text: 'Say hello!' }]
    ws.send(JSON.stringify({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } }))
    ws.send(JSON.stringify({ type: 'response.create' }))
  } else if (event.type === 'error') console.error(event.error)
  else if (event.type === 'response.done') ws.close()
})
