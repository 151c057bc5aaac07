// The global WebSocket of Bun and Deno.
const socket = new WebSocket(process.argv[2], { headers: { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` } })
socket.addEventListener('error', (event) => console.error(event.message || event))
socket.addEventListener('close', ({ code, reason, wasClean }) => console.log('close', { code, reason, wasClean }))
