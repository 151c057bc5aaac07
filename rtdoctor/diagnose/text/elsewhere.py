"""Whether a text is about something that is no realtime socket at all: then nobody is accused."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.errors import reading
from rtdoctor.linear import pattern

_OTHER_MODEL = pattern(
    r"(?i)\b(?:for|model:?) [`'\"]?(?P<model>(?:gpt-[345]|o[134]-|claude|gemini-|text-embedding|dall-e)[\w.-]*)"
)
_OF_SOCKETS = ("realtime", "transcribe", "live", "audio")


@cache
def _automaton() -> tuple[tuple[tuple[str, str], ...], Any]:
    """Each word of the data with the list that it stands in, and what finds them by their numbers."""
    from ahocorasick_rs import AhoCorasick

    words = tuple((word, name) for name in ("socket", "service", "rest", "tools") for word in reading()[name])
    return words, AhoCorasick([word for word, _ in words])


class Elsewhere:
    """Collects, window after window, what a text is about."""

    def __init__(self) -> None:
        self._socket = self._service = self._realtime = False
        self._about = ""

    def read(self, block: Block) -> None:
        """Take one window."""
        if self._socket:
            return
        words, automaton = _automaton()
        met = {words[index] for index, _, _ in automaton.find_matches_as_indexes(block.whole, overlapping=True)}
        lists = {name for _, name in met}
        self._socket = "socket" in lists
        self._service = self._service or "service" in lists
        self._realtime = self._realtime or ("realtime", "service") in met
        if not self._about and not self._socket:
            self._about = next(_about(block, met), "")

    @property
    def about(self) -> str:
        """What the text is about, where that is no realtime socket; else the empty text."""
        return "" if self._socket else self._about

    @property
    def of_a_socket(self) -> bool:
        """True where the text speaks of a socket, or of the Realtime API and of nothing else."""
        return self._socket or (self._realtime and not self._about)

    @property
    def of_sockets(self) -> bool:
        """True where the text speaks of a socket, or of a service that has one."""
        return self._socket or (self._service and not self._about)


def _about(block: Block, met: set[tuple[str, str]]) -> Iterator[str]:
    if any(name == "rest" for _, name in met):
        yield "an ordinary HTTP request of another interface (chat completions or its kin)"
    for match in _OTHER_MODEL.finditer(block.text, flattened=block.flat):
        if not any(word in match.text("model").lower() for word in _OF_SOCKETS):
            yield f"a model that answers by ordinary HTTP ({match.text('model')[:40]})"
    if tool := min((word for word, name in met if name == "tools"), default=""):
        yield f"another service or tool ({tool})"
