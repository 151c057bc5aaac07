// java.net.http of the JDK.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;

public class Main {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        WebSocket.Listener listener = new WebSocket.Listener() {
            @Override
            public CompletionStage<?> onClose(WebSocket socket, int statusCode, String reason) {
                System.out.println("onClose " + statusCode + " " + reason);
                done.countDown();
                return null;
            }

            @Override
            public void onError(WebSocket socket, Throwable error) {
                error.printStackTrace();
                done.countDown();
            }
        };
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .connectTimeout(Duration.ofSeconds(1))
            .header("Authorization", "Bearer " + System.getenv("OPENAI_API_KEY"))
            .buildAsync(URI.create(arguments[0]), listener)
            .join();
        done.await();
    }
}
