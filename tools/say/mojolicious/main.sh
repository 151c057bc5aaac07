exec perl "$SAY_BIN/main.pl" "$1"
