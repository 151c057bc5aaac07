// libwebsockets, with the callbacks of its minimal client.
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int done;

static int on_event(struct lws *socket, enum lws_callback_reasons reason, void *user, void *in, size_t length) {
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: {
        unsigned char **at = (unsigned char **)in;
        char bearer[256];
        int size = snprintf(bearer, sizeof bearer, "Bearer %s", getenv("OPENAI_API_KEY"));
        return lws_add_http_header_by_name(socket, (unsigned char *)"authorization:", (unsigned char *)bearer, size, at, *at + length);
    }
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        lwsl_err("CLIENT_CONNECTION_ERROR: %s\n", in ? (char *)in : "(null)");
        done = 1;
        break;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (length >= 2)
            lwsl_user("peer close: %d %.*s\n", ((unsigned char *)in)[0] << 8 | ((unsigned char *)in)[1], (int)length - 2, (char *)in + 2);
        break;
    case LWS_CALLBACK_CLIENT_CLOSED:
        lwsl_user("CLIENT_CLOSED\n");
        done = 1;
        break;
    default:
        break;
    }
    return 0;
}

int main(int count, char **arguments) {
    (void)count;
    struct lws_protocols protocols[] = {{"", on_event, 0, 65536, 0, NULL, 0}, {NULL, NULL, 0, 0, 0, NULL, 0}};
    struct lws_context_creation_info info = {0};
    struct lws_client_connect_info to = {0};
    const char *scheme, *address, *path;
    char whole[2048];
    int port;
    lws_set_log_level(LLL_USER | LLL_ERR | LLL_WARN, NULL);
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.client_ssl_ca_filepath = getenv("SSL_CERT_FILE") ? getenv("SSL_CERT_FILE") : "/etc/ssl/certs/ca-certificates.crt";
    info.timeout_secs = 1;
    to.context = lws_create_context(&info);
    if (lws_parse_uri(arguments[1], &scheme, &address, &port, &path)) return 1;
    snprintf(whole, sizeof whole, "/%s", path);
    to.address = to.host = to.origin = address;
    to.port = port;
    to.path = whole;
    to.ssl_connection = strcmp(scheme, "wss") ? 0 : LCCSCF_USE_SSL;
    lws_client_connect_via_info(&to);
    while (!done && lws_service(to.context, 0) >= 0) {}
    lws_context_destroy(to.context);
    return 0;
}
