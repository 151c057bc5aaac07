// The official JavaScript SDK over ws, without a listener for errors.
import OpenAI from 'openai'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'

const client = new OpenAI({ baseURL: process.env.SAY_BASE })
new OpenAIRealtimeWS({ model: process.env.SAY_MODEL }, client)
