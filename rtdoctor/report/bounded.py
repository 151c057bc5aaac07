"""Text for a report that must not grow without end: cut, and said to be cut."""

from rtdoctor.privacy.clean import clean

LONG = 2_000


def cut(text: str, most: int = LONG) -> str:
    """The text on one line, nothing in it to act on a reader; of a long one the beginning, and how long it was."""
    plain = clean(text[:most])
    return plain if len(text) <= most else f"{plain}… (the first {most:,} of {len(text):,} characters)"


def block(text: str) -> str:
    """A text of several lines that is to be pasted: whole, each line of it cleaned."""
    return "\n".join(map(clean, text.split("\n")))
