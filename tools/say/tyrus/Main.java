// Tyrus, the reference implementation of Jakarta WebSocket.
import jakarta.websocket.ClientEndpointConfig;
import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Session;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.glassfish.tyrus.client.ClientManager;
import org.glassfish.tyrus.client.ClientProperties;

public class Main {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        ClientEndpointConfig config = ClientEndpointConfig.Builder.create()
            .configurator(new ClientEndpointConfig.Configurator() {
                @Override
                public void beforeRequest(Map<String, List<String>> headers) {
                    headers.put("Authorization", List.of("Bearer " + System.getenv("OPENAI_API_KEY")));
                }
            })
            .build();
        ClientManager client = ClientManager.createClient();
        client.getProperties().put(ClientProperties.HANDSHAKE_TIMEOUT, 1000);
        client.connectToServer(new Endpoint() {
            @Override
            public void onOpen(Session session, EndpointConfig given) {
                session.addMessageHandler(String.class, message -> {});
            }

            @Override
            public void onError(Session session, Throwable error) {
                error.printStackTrace();
            }

            @Override
            public void onClose(Session session, CloseReason reason) {
                System.out.println("onClose " + reason);
                done.countDown();
            }
        }, config, URI.create(arguments[0]));
        done.await();
    }
}
