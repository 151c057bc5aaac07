"""Text from a server as it may be shown: nothing in it can move a cursor, change a colour or turn the line around."""

import unicodedata

# Line and paragraph separators, and the marks that turn the direction of text (Unicode Cf), have no business in a line.
_UNSAFE = frozenset(("Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Cn"))


def clean(text: str) -> str:
    """The text on one line, with control and format characters shown as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


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
