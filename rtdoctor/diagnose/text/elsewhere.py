"""Whether a text is about something that is no realtime socket at all: then nobody is accused."""

from collections.abc import Iterator

from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.linear import pattern

# What ties a text to a socket, whatever else it speaks of.
_SOCKET = (
    "websocket", "web socket", "ws://", "wss://", "/realtime", "realtime api", "realtime session", "realtime_", "realtimeclient", "webrtc", "handshake status", "session.created",
    "session.update", "switching protocols", "close code", "closeevent", "sec-websocket", "socket.on", "ws.on", "input_audio", "ek_", "openai-beta", "signalr", "socket.io",
)  # fmt: skip
# Requests of other interfaces of the same and other vendors.
_REST = (
    "chat/completions", "chat.completions", "chat completion", "chatcompletion", "not a chat model", "/v1/completions", "/embeddings", "/v1/messages",
    "images/generations", "ai_apicallerror", "/v1/assistants", "langchain", "/v1/files", "fine_tun", "fine-tun", "max_tokens", "/v1/audio/speech",
)  # fmt: skip
_OTHER_MODEL = pattern(
    r"(?i)\b(?:for|model:?) [`'\"]?(?P<model>(?:gpt-[345]|o[134]-|claude|gemini-|text-embedding|dall-e)[\w.-]*)"
)
_OF_SOCKETS = ("realtime", "transcribe", "live", "audio")
# Other services and tools, which have networks, certificates and proxies, too.
_TOOLS = (
    "redis", "postgres", "psycopg", "mysql", "mariadb", "mongodb", "mongoose", "amqp", "rabbitmq", "kafka", "smtp", "imap", "ldap", "elasticsearch", "memcached", "cassandra",
    "git clone", "fatal: unable to access", "npm err", "npm error", "pip install", "pip._vendor", "pip is configured", "files.pythonhosted.org", "docker pull", "docker build", "error response from daemon", "apt-get",
    "failed to fetch http", "brew install", "cargo build", "go mod download", "could not resolve dependencies for project", "kubectl", "helm install", "terraform", "ssh: connect", "sshd", "ftp://", "jdbc", "grpc", "conda install", "yarn install", "composer", "gradle", "mqtt://",
)  # fmt: skip


class Elsewhere:
    """Collects, window after window, what a text is about."""

    def __init__(self) -> None:
        self._socket = False
        self._about = ""

    def read(self, block: Block) -> None:
        """Take one window."""
        if self._socket:
            return
        self._socket = any(word in block.lower for word in _SOCKET)
        if not self._about and not self._socket:
            self._about = next(_about(block), "")

    @property
    def about(self) -> str:
        """What the text is about, where that is no realtime socket; else the empty text."""
        return "" if self._socket else self._about


def _about(block: Block) -> Iterator[str]:
    if any(word in block.lower for word in _REST):
        yield "an ordinary HTTP request of another interface (chat completions or its kin)"
    for found in _OTHER_MODEL.finditer(block.text, flattened=block.flat):
        if not any(word in found.text("model").lower() for word in _OF_SOCKETS):
            yield f"a model that answers by ordinary HTTP ({found.text('model')[:40]})"
    if tool := next((word for word in _TOOLS if word in block.lower), ""):
        yield f"another service or tool ({tool})"
