// coder/websocket.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/coder/websocket"
)

func main() {
	soon, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	header := http.Header{"Authorization": {"Bearer " + os.Getenv("OPENAI_API_KEY")}}
	socket, _, err := websocket.Dial(soon, os.Args[1], &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		log.Fatal(err)
	}
	for {
		if _, _, err := socket.Read(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
}
