"""Makes `rtdoctor/privacy/letters.txt`: how often letter follows letter in English and in programs.

Counted in what every Python brings (its language reference as `pydoc` has it, the names and words of its own modules)
and in this project's texts; a word counts by the logarithm of how often it occurs, so that none outweighs the others.
Row a, column b: 9 plus the binary logarithm of the probability that b follows a, from 0 to 9. Run it again when the
texts that people paste have changed; `tests/privacy/test_words.py` measures what it is worth.
"""

import math
import os
import string
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from pydoc_data.topics import topics

from rtdoctor.privacy.words import humps

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "rtdoctor" / "privacy" / "letters.txt"


def texts() -> Iterator[str]:
    """What is counted."""
    yield from topics.values()
    library = Path(os.__file__).parent
    for file in sorted([*library.glob("*.py"), *library.glob("*/*.py")]):
        if not {"test", "encodings", "idlelib", "site-packages"} & set(file.parts):
            yield file.read_text("utf-8", "replace")
    for place, form in (("rtdoctor", "**/*.toml"), ("docs", "*.md"), ("scenarios", "*.toml"), (".", "*.md")):
        for file in sorted((ROOT / place).glob(form)):
            if file.name != "vendors.toml":
                yield file.read_text("utf-8")


def words() -> Counter[str]:
    """The words, the parts of names each for itself."""
    found: Counter[str] = Counter()
    for text in texts():
        plain = "".join(char if char.isascii() and char.isalpha() else " " for char in text)
        found.update(part.lower() for word in plain.split() for part in humps(word) if len(part) > 1)
    return found


def table() -> list[str]:
    """The rows of the file."""
    pairs: Counter[str] = Counter()
    for word, count in words().items():
        if count > 1:
            for pair in pairwise(word):
                pairs["".join(pair)] += 1 + math.log(count)  # type: ignore[assignment]
    rows = []
    for one in string.ascii_lowercase:
        whole = sum(pairs[one + two] for two in string.ascii_lowercase) + 13
        chances = ((pairs[one + two] + 0.5) / whole for two in string.ascii_lowercase)
        rows.append("".join(str(max(0, min(9, round(9 + math.log2(chance))))) for chance in chances))
    return rows


if __name__ == "__main__":
    TARGET.write_text("\n".join(table()) + "\n", encoding="ascii")
