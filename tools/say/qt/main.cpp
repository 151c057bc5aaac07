// QWebSocket of Qt 5.
#include <QCoreApplication>
#include <QDebug>
#include <QNetworkRequest>
#include <QWebSocket>

int main(int count, char **arguments) {
    QCoreApplication app(count, arguments);
    QWebSocket socket;
    QObject::connect(&socket, QOverload<QAbstractSocket::SocketError>::of(&QWebSocket::error), [&](QAbstractSocket::SocketError error) {
        qDebug() << "error:" << error << socket.errorString();
    });
    QObject::connect(&socket, &QWebSocket::sslErrors, [&](const QList<QSslError> &errors) { qDebug() << "SSL errors:" << errors; });
    QObject::connect(&socket, &QWebSocket::disconnected, [&]() {
        qDebug() << "disconnected:" << socket.closeCode() << socket.closeReason();
        app.quit();
    });
    QNetworkRequest request(QUrl(QString::fromUtf8(arguments[1])));
    request.setRawHeader("Authorization", "Bearer " + qgetenv("OPENAI_API_KEY"));
    socket.open(request);
    return app.exec();
}
