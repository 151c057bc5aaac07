// gorilla/websocket, as its example client does.
package main

import (
	"log"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

func main() {
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: time.Second}
	header := http.Header{"Authorization": {"Bearer " + os.Getenv("OPENAI_API_KEY")}}
	socket, _, err := dialer.Dial(os.Args[1], header)
	if err != nil {
		log.Fatal("dial:", err)
	}
	for {
		if _, _, err := socket.ReadMessage(); err != nil {
			log.Println("read:", err)
			return
		}
	}
}
