"""Whether a text is about something that is no realtime socket at all: then nobody is accused."""

from collections.abc import Iterator

from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.errors import reading
from rtdoctor.linear import pattern

_OTHER_MODEL = pattern(
    r"(?i)\b(?:for|model:?) [`'\"]?(?P<model>(?:gpt-[345]|o[134]-|claude|gemini-|text-embedding|dall-e)[\w.-]*)"
)
_OF_SOCKETS = ("realtime", "transcribe", "live", "audio")


class Elsewhere:
    """Collects, window after window, what a text is about."""

    def __init__(self) -> None:
        self._socket = self._service = False
        self._about = ""

    def read(self, block: Block) -> None:
        """Take one window."""
        if self._socket:
            return
        self._socket = any(word in block.lower for word in reading()["socket"])
        self._service = self._service or any(word in block.lower for word in reading()["service"])
        if not self._about and not self._socket:
            self._about = next(_about(block), "")

    @property
    def about(self) -> str:
        """What the text is about, where that is no realtime socket; else the empty text."""
        return "" if self._socket else self._about

    @property
    def of_sockets(self) -> bool:
        """True where the text speaks of a socket, or of a service that has one."""
        return self._socket or (self._service and not self._about)


def _about(block: Block) -> Iterator[str]:
    if any(word in block.lower for word in reading()["rest"]):
        yield "an ordinary HTTP request of another interface (chat completions or its kin)"
    for found in _OTHER_MODEL.finditer(block.text, flattened=block.flat):
        if not any(word in found.text("model").lower() for word in _OF_SOCKETS):
            yield f"a model that answers by ordinary HTTP ({found.text('model')[:40]})"
    if tool := next((word for word in reading()["tools"] if word in block.lower), ""):
        yield f"another service or tool ({tool})"
