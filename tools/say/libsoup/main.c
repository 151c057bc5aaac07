// libsoup 3.
#include <libsoup/soup.h>

static GMainLoop *loop;

static void on_closed(SoupWebsocketConnection *socket, gpointer given) {
    (void)given;
    g_print("closed: %u %s\n", soup_websocket_connection_get_close_code(socket), soup_websocket_connection_get_close_data(socket));
    g_main_loop_quit(loop);
}

static void on_error(SoupWebsocketConnection *socket, GError *error, gpointer given) {
    (void)socket;
    (void)given;
    g_printerr("error: %s\n", error->message);
}

static void on_connected(GObject *session, GAsyncResult *result, gpointer given) {
    (void)given;
    GError *error = NULL;
    SoupWebsocketConnection *socket = soup_session_websocket_connect_finish(SOUP_SESSION(session), result, &error);
    if (error) {
        g_printerr("connect failed: %s\n", error->message);
        g_main_loop_quit(loop);
        return;
    }
    g_signal_connect(socket, "error", G_CALLBACK(on_error), NULL);
    g_signal_connect(socket, "closed", G_CALLBACK(on_closed), NULL);
}

int main(int count, char **arguments) {
    (void)count;
    loop = g_main_loop_new(NULL, FALSE);
    SoupSession *session = soup_session_new_with_options("timeout", 1, NULL);
    if (g_getenv("SSL_CERT_FILE")) {
        GTlsDatabase *database = g_tls_file_database_new(g_getenv("SSL_CERT_FILE"), NULL);
        soup_session_set_tls_database(session, database);
    }
    SoupMessage *message = soup_message_new("GET", arguments[1]);
    char *bearer = g_strconcat("Bearer ", g_getenv("OPENAI_API_KEY"), NULL);
    soup_message_headers_append(soup_message_get_request_headers(message), "Authorization", bearer);
    soup_session_websocket_connect_async(session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL, on_connected, NULL);
    g_main_loop_run(loop);
    return 0;
}
