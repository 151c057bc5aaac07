exec mono "$SAY_BIN/main.exe" "$1"
