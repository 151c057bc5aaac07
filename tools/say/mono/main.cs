// System.Net.WebSockets.ClientWebSocket by Mono.
using System;
using System.Net.WebSockets;
using System.Threading;

class Say {
    static void Main(string[] arguments) {
        using (var socket = new ClientWebSocket()) {
            socket.Options.SetRequestHeader("Authorization", "Bearer " + Environment.GetEnvironmentVariable("OPENAI_API_KEY"));
            try {
                socket.ConnectAsync(new Uri(arguments[0]), CancellationToken.None).Wait();
                var buffer = new ArraySegment<byte>(new byte[65536]);
                while (socket.State == WebSocketState.Open) {
                    socket.ReceiveAsync(buffer, CancellationToken.None).Wait();
                }
                Console.WriteLine("CloseStatus: " + (int?)socket.CloseStatus + " CloseStatusDescription: " + socket.CloseStatusDescription);
            } catch (AggregateException error) {
                Console.WriteLine(error.InnerException);
            }
        }
    }
}
