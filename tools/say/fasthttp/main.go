// fasthttp/websocket.
package main

import (
	"log"
	"net/http"
	"os"
	"time"

	"github.com/fasthttp/websocket"
)

func main() {
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: time.Second}
	socket, _, err := dialer.Dial(os.Args[1], http.Header{"Authorization": {"Bearer " + os.Getenv("OPENAI_API_KEY")}})
	if err != nil {
		log.Fatalln("dial:", err)
	}
	for {
		if _, _, err := socket.ReadMessage(); err != nil {
			log.Fatalln("read:", err)
		}
	}
}
