// Boost.Beast, as its synchronous examples do.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cstdlib>
#include <iostream>
#include <string>

namespace beast = boost::beast;
namespace net = boost::asio;
namespace ssl = net::ssl;

template <class Socket>
void converse(Socket &socket, const std::string &host, const std::string &path) {
    socket.set_option(beast::websocket::stream_base::decorator([](beast::websocket::request_type &request) {
        request.set(beast::http::field::authorization, std::string("Bearer ") + std::getenv("OPENAI_API_KEY"));
    }));
    socket.handshake(host, path);
    for (;;) {
        beast::flat_buffer buffer;
        beast::error_code error;
        socket.read(buffer, error);
        if (error) {
            auto reason = socket.reason();
            std::cerr << "read: " << error.message() << " [" << error.category().name() << ":" << error.value() << "]";
            if (reason) std::cerr << " code " << reason.code << " reason " << reason.reason;
            std::cerr << std::endl;
            return;
        }
    }
}

int main(int, char **arguments) {
    std::string url = arguments[1];
    bool secure = url.rfind("wss://", 0) == 0;
    std::string rest = url.substr(url.find("//") + 2);
    std::string authority = rest.substr(0, rest.find('/')), path = rest.substr(rest.find('/'));
    auto colon = authority.find(':');
    std::string host = authority.substr(0, colon), port = colon == std::string::npos ? (secure ? "443" : "80") : authority.substr(colon + 1);
    try {
        net::io_context context;
        net::ip::tcp::resolver resolver(context);
        auto found = resolver.resolve(host, port);
        if (secure) {
            ssl::context given(ssl::context::tls_client);
            given.set_default_verify_paths();
            given.set_verify_mode(ssl::verify_peer);
            beast::websocket::stream<ssl::stream<net::ip::tcp::socket>> socket(context, given);
            net::connect(beast::get_lowest_layer(socket), found);
            SSL_set_tlsext_host_name(socket.next_layer().native_handle(), host.c_str());
            socket.next_layer().set_verify_callback(ssl::host_name_verification(host));
            socket.next_layer().handshake(ssl::stream_base::client);
            converse(socket, authority, path);
        } else {
            beast::websocket::stream<net::ip::tcp::socket> socket(context);
            net::connect(socket.next_layer(), found);
            converse(socket, authority, path);
        }
    } catch (const std::exception &error) {
        std::cerr << "Error: " << error.what() << std::endl;
        return 1;
    }
    return 0;
}
