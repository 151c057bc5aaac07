// websocketpp over Asio and TLS, as its utility client does.
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <websocketpp/client.hpp>
#include <websocketpp/config/asio_client.hpp>

template <class Client>
void run(Client &client, const std::string &url) {
    client.clear_access_channels(websocketpp::log::alevel::all);
    client.set_access_channels(websocketpp::log::alevel::disconnect | websocketpp::log::alevel::fail);
    client.init_asio();
    client.set_open_handshake_timeout(1000);
    client.set_fail_handler([&client](websocketpp::connection_hdl handle) {
        auto connection = client.get_con_from_hdl(handle);
        std::cout << "Connection failed: " << connection->get_ec().message() << std::endl;
    });
    client.set_close_handler([&client](websocketpp::connection_hdl handle) {
        auto connection = client.get_con_from_hdl(handle);
        std::cout << "close code: " << connection->get_remote_close_code() << " ("
                  << websocketpp::close::status::get_string(connection->get_remote_close_code())
                  << "), close reason: " << connection->get_remote_close_reason() << std::endl;
    });
    websocketpp::lib::error_code error;
    auto connection = client.get_connection(url, error);
    if (error) {
        std::cout << "Connect initialization error: " << error.message() << std::endl;
        return;
    }
    connection->append_header("Authorization", std::string("Bearer ") + std::getenv("OPENAI_API_KEY"));
    client.connect(connection);
    client.run();
}

int main(int, char **arguments) {
    std::string url = arguments[1];
    if (url.rfind("wss://", 0) == 0) {
        websocketpp::client<websocketpp::config::asio_tls_client> client;
        std::string host = url.substr(6, url.find_first_of(":/", 6) - 6);
        client.set_tls_init_handler([host](websocketpp::connection_hdl) {
            auto given = websocketpp::lib::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
            given->set_default_verify_paths();
            given->set_verify_mode(boost::asio::ssl::verify_peer);
            given->set_verify_callback(boost::asio::ssl::host_name_verification(host));
            return given;
        });
        run(client, url);
    } else {
        websocketpp::client<websocketpp::config::asio_client> client;
        run(client, url);
    }
    return 0;
}
