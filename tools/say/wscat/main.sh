# wscat, the command-line client of ws.
exec "$SAY_BIN/wscat" -H "Authorization: Bearer $OPENAI_API_KEY" -c "$1"
