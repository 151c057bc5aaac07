# wscat, the command-line client of ws; it ends where its input does.
sleep 2 | "$SAY_BIN/wscat" -H "Authorization: Bearer $OPENAI_API_KEY" -c "$1"
