"""Text for a stream that lacks some characters (latin-1, cp1252, ascii): a stand-in is written, never nothing."""

import codecs
from typing import Any

HANDLER = "rtdoctor.stand_in"
# The characters of our own texts. Any other is written as an escape.
_STAND_INS = {
    "…": "...",
    "·": "-",
    "×": "x",
    "→": "->",
    "←": "<-",
    "–": "-",
    "—": "-",
    "−": "-",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "•": "*",
    "≤": "<=",
    "≥": ">=",
    "µ": "u",
    "\u00a0": " ",
}


def stand_in(error: UnicodeError) -> tuple[str, int]:
    """What is written for the characters that an encoding lacks; a handler as `codecs` wants it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_STAND_INS.get(char) or _escape(char) for char in lost), error.end


def _escape(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode("ascii")


def legible(stream: Any) -> None:
    """Let a stream write every text: what its encoding lacks, half characters included, gets a stand-in."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=HANDLER)


codecs.register_error(HANDLER, stand_in)
