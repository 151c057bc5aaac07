// Java-WebSocket, with the callbacks of its example.
import java.net.URI;
import java.util.Map;
import org.java_websocket.client.WebSocketClient;
import org.java_websocket.drafts.Draft_6455;
import org.java_websocket.handshake.ServerHandshake;

public class Main {
    public static void main(String[] arguments) {
        Map<String, String> headers = Map.of("Authorization", "Bearer " + System.getenv("OPENAI_API_KEY"));
        new WebSocketClient(URI.create(arguments[0]), new Draft_6455(), headers, 1000) {
            @Override
            public void onOpen(ServerHandshake handshake) {}

            @Override
            public void onMessage(String message) {}

            @Override
            public void onClose(int code, String reason, boolean remote) {
                System.out.println("Connection closed by " + (remote ? "remote peer" : "us") + " Code: " + code + " Reason: " + reason);
            }

            @Override
            public void onError(Exception error) {
                error.printStackTrace();
            }
        }.connect();
    }
}
