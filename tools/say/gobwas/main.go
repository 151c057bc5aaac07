// gobwas/ws.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

func main() {
	header := ws.HandshakeHeaderHTTP(http.Header{"Authorization": {"Bearer " + os.Getenv("OPENAI_API_KEY")}})
	dialer := ws.Dialer{Header: header, Timeout: time.Second}
	socket, _, _, err := dialer.Dial(context.Background(), os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		if _, _, err := wsutil.ReadServerData(socket); err != nil {
			log.Fatal(err)
		}
	}
}
