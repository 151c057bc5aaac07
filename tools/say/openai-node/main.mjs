// The official JavaScript SDK over ws, with the listeners of its README.
import OpenAI from 'openai'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'

const client = new OpenAI({ baseURL: process.env.SAY_BASE })
const realtime = new OpenAIRealtimeWS({ model: process.env.SAY_MODEL }, client)
realtime.on('error', (error) => console.error(error))
realtime.socket.on('close', (code, reason) => console.log('Connection closed!', code, reason.toString()))
