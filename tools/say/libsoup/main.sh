exec "$SAY_BIN/main" "$1"
