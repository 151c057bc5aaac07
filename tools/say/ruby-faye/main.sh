exec ruby "$SAY_BIN/main.rb" "$1"
