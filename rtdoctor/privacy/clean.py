"""Text from a server as it may be shown: nothing in it can move a cursor, change a colour or turn the line around."""

import unicodedata

# Line and paragraph separators, and the marks that turn the direction of text (Unicode Cf), have no business in a line.
_UNSAFE = frozenset(("Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Cn"))

_ENDS = dict.fromkeys(map(ord, "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), "⏎")
_ORDERS = ("::", "##[")  # with which a line begins that a runner of GitHub's obeys


def clean(text: str) -> str:
    """The text on one line, with control and format characters shown as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def one_line(text: str) -> str:
    """A line of ours with text from outside in it: where that one ends a line there is a mark, and nothing of it stands
    where whoever reads the log takes a line's beginning for an order (`::error::`)."""
    shown = clean(text.replace("\r\n", "\n").translate(_ENDS))
    return f"· {shown}" if shown.lstrip().startswith(_ORDERS) else shown


def visible(text: str) -> str:
    """The text with what cannot be seen shown as escapes; lines and the colours of a terminal, which are ours, stay."""
    if text.isascii():
        return text
    return "".join(char if char.isascii() else _shown(char) for char in text)


def _shown(char: str) -> str:
    if char in "\n\r\t":
        return " "
    if unicodedata.category(char) not in _UNSAFE:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"
