// Jetty's WebSocket client.
import java.net.URI;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;

public class Main {
    static final CountDownLatch DONE = new CountDownLatch(1);

    public static class Listener implements Session.Listener.AutoDemanding {
        @Override
        public void onWebSocketError(Throwable cause) {
            cause.printStackTrace();
            DONE.countDown();
        }

        @Override
        public void onWebSocketClose(int statusCode, String reason, Callback callback) {
            System.out.println("onWebSocketClose " + statusCode + " " + reason);
            callback.succeed();
            DONE.countDown();
        }
    }

    public static void main(String[] arguments) throws Exception {
        WebSocketClient client = new WebSocketClient();
        client.setConnectTimeout(1000);
        client.start();
        ClientUpgradeRequest request = new ClientUpgradeRequest(URI.create(arguments[0]));
        request.setHeader("Authorization", "Bearer " + System.getenv("OPENAI_API_KEY"));
        request.setTimeout(1, TimeUnit.SECONDS);
        try {
            client.connect(new Listener(), request).get();
            DONE.await();
        } catch (Exception error) {
            error.printStackTrace();
        }
        System.exit(0);
    }
}
