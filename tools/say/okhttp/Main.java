// OkHttp.
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;

public class Main {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        OkHttpClient client = new OkHttpClient.Builder()
            .connectTimeout(1, TimeUnit.SECONDS)
            .readTimeout(1, TimeUnit.SECONDS)
            .build();
        Request request = new Request.Builder()
            .url(arguments[0])
            .header("Authorization", "Bearer " + System.getenv("OPENAI_API_KEY"))
            .build();
        client.newWebSocket(request, new WebSocketListener() {
            @Override
            public void onClosing(WebSocket socket, int code, String reason) {
                System.out.println("onClosing: " + code + " " + reason);
                done.countDown();
            }

            @Override
            public void onFailure(WebSocket socket, Throwable error, Response response) {
                error.printStackTrace();
                done.countDown();
            }
        });
        done.await();
        System.exit(0);
    }
}
