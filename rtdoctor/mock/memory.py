"""What the sessions of a mock may hold together: a client, or many of them, must not fill the memory."""

import base64

from rtdoctor.model.event import separators, text_size, too_many_values

MOST_HELD = 36 << 20
MOST_EVENT = 1 << 20
"""The largest event but an append; inferred, as all bounds here but that of an append."""

MOST_APPEND = 15 << 20
"""The most base64 in one append (documented)."""

MOST_SECONDS = 900
"""The most audio that waits for a commit."""

MOST_ITEMS = 1_000
"""The items that a conversation remembers."""


class Full(Exception):
    """There is no room: the session that wanted it is closed (1013, and no event; inferred)."""


class Room:
    """Bytes that are left for all sessions."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self.left = most

    def take(self, size: int) -> None:
        """Take so many bytes.

        Raises:
            Full: there are not so many, and nothing was taken.
        """
        if size > self.left:
            raise Full
        self.left -= size

    def give(self, size: int) -> None:
        """Give back what was taken."""
        self.left += size


def weight(data: bytes) -> int:
    """The memory in bytes that a JSON text takes at most once it is parsed, by a generous guess."""
    return text_size(data) + 200 * separators(data)


def decoded(audio: object) -> bytes | None:
    """The sound of an append; None where it is no base64."""
    try:
        return base64.b64decode(audio, validate=True) if isinstance(audio, str) else None
    except ValueError:
        return None


def parseable(data: bytes) -> bool:
    """Whether a client's message may be parsed: it has not too many values, and what is large is base64 in few of
    them, as others would take many times their size."""
    return not too_many_values(data) and not (len(data) > MOST_EVENT and weight(data) > 2 * len(data))
