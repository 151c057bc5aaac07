// openai for Node over ws, with its own reconnection: one text turn.
import OpenAI from 'openai'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'

const realtime = await OpenAIRealtimeWS.create(new OpenAI(), { model: 'gpt-realtime-2.1', reconnect: true })
realtime.on('session.created', () => {
  realtime.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } })
  const content = [{ type: 'input_text', text: 'Say hello!' }]
  realtime.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } })
  realtime.send({ type: 'response.create' })
})
realtime.on('error', (error) => console.error(String(error)))
realtime.on('reconnecting', (event) => console.log('again', event.attempt))
realtime.on('response.done', () => realtime.close())
