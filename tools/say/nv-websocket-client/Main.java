// nv-websocket-client.
import com.neovisionaries.ws.client.WebSocket;
import com.neovisionaries.ws.client.WebSocketAdapter;
import com.neovisionaries.ws.client.WebSocketException;
import com.neovisionaries.ws.client.WebSocketFactory;
import com.neovisionaries.ws.client.WebSocketFrame;

public class Main {
    public static void main(String[] arguments) throws Exception {
        WebSocket socket = new WebSocketFactory().setConnectionTimeout(1000).createSocket(arguments[0], 1000);
        socket.addHeader("Authorization", "Bearer " + System.getenv("OPENAI_API_KEY"));
        socket.addListener(new WebSocketAdapter() {
            @Override
            public void onError(WebSocket socket, WebSocketException cause) {
                cause.printStackTrace();
            }

            @Override
            public void onDisconnected(WebSocket socket, WebSocketFrame server, WebSocketFrame client, boolean byServer) {
                System.out.println("onDisconnected: " + server + " " + client + " closedByServer=" + byServer);
            }
        });
        socket.connect();
    }
}
