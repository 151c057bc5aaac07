// golang.org/x/net/websocket.
package main

import (
	"log"
	"os"

	"golang.org/x/net/websocket"
)

func main() {
	config, err := websocket.NewConfig(os.Args[1], "http://localhost/")
	if err != nil {
		log.Fatal(err)
	}
	config.Header.Set("Authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
	socket, err := websocket.DialConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	for {
		var message string
		if err := websocket.Message.Receive(socket, &message); err != nil {
			log.Fatal(err)
		}
	}
}
