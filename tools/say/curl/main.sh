# curl, asking for an upgrade as people do to look at a refusal.
url=$(printf '%s' "$1" | sed 's/^ws/http/')
exec curl -sSi --max-time 2 --http1.1 -H "Authorization: Bearer $OPENAI_API_KEY" -H "Connection: Upgrade" -H "Upgrade: websocket" \
  -H "Sec-WebSocket-Version: 13" -H "Sec-WebSocket-Key: c2F5IHNheSBzYXkgc2F5IQ==" "$url"
