"""What people say of their problem in their own words (`prose.toml`).

Most entries put a thing and what happened to it together from the terms at the head of the file: who prints `TLS
negotiation error` or `TlsHandshakeFailure` need not have been met.
"""

from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from rtdoctor.data import table
from rtdoctor.diagnose.terms import with_terms
from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.patterns import line_of
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.linear import Pattern, pattern

# A line that tells what is wanted, planned or tested, and not what happened.
_WISH = pattern(
    r"(?i)^(?:fix|feat|docs?|chore|refactor|tests?|perf|build|ci)(?:\([\w,/ -]{1,40}\))?!?: "
    r"|\b(?:feature request|would like|add a test|we should|should be able|\d+ (?:passed|failed)|question:|can i\b"
    r"|how (?:do|can|could|would) (?:i|we)\b|(?:in order )?to (?:avoid|prevent|handle|guard against)\b"
    r"|you(?:'d| had) better|might be|no (?:\w+ )?way to\b|would be (?:a )?(?:great|nice|good|useful))"
    r"|^[-*>#\s\d.\[\]x]{0,8}(?:adds?|added|adding|exposes?|implement(?:s|ed)?|introduces?|refactor(?:s|ed)?|allows?"
    r"|document(?:s|ed)?)\b"
)
# A text that plans or describes a change, and reports no problem.
_PLAN = pattern(
    r"(?im)\bthis (?:pr|pull request|change|commit|patch)\b|\bfeature (?:request|description|summary)\b"
    r"|(?:^|\s)[-*] \[ \] |^#+ *(?:acceptance criteria|proposed solution|motivation|features to implement|test plan)\b"
    r"|\brequest to (?:add|enhance|support)\b|\b(?:proposal|roadmap|maintainer decision|design review)\b|^implement \w+"
    r"|\bfollow-?ups? to #\d|\bpreviously\b[^\n]{0,80}\bwould\b"
)
SAID = "said"  # the layer of what is told in words


@cache
def _read() -> dict[str, Any]:
    return table(Path(__file__).with_name("prose.toml"))


def ways() -> tuple[dict[str, Any], ...]:
    """The entries of `prose.toml`."""
    return tuple(_read()["prose"])


def expression(entry: dict[str, Any]) -> Pattern:
    """The expression of an entry, as it is compiled."""
    return pattern(f"(?im){with_terms(entry['match'], _read()['terms'])}")


def in_words(block: Block, *, general: bool = True, beside: str = "") -> Iterator[Sighting]:
    """What is said in a window where nothing else is known; or what tells more of the cause `beside`. What is said in
    `general` counts only where nothing more exact is."""
    if _PLAN.search(block.text):
        return
    exact = [seen for entry in ways() if "general" not in entry for seen in _first(entry, block, beside)]
    yield from exact
    if general and not exact:
        yield from [seen for entry in ways() if "general" in entry for seen in _first(entry, block, beside)][:1]


def _first(entry: dict[str, Any], block: Block, beside: str) -> Iterator[Sighting]:
    """The first place of an entry, where it counts."""
    if beside not in entry.get("beside", ("",)):
        return
    wanted = expression(entry)
    refusing = [name for name in wanted.names() if name.startswith("not_")]
    # Names of errors and codes are words, too; places stay.
    spaced = "" if beside else block.text.replace("_", " ")
    for match in chain(wanted.finditer(block.text, flattened=block.flat), wanted.finditer(spaced)):
        if any(match.start(name) >= 0 for name in refusing):
            continue
        start, end = match.span()
        line = line_of(block.text, start, end)
        if _WISH.search(line):
            continue
        yield Sighting(
            name=entry["name"],
            at=block.start + start,
            end=block.start + end,
            text=block.text[start:end],
            line=line,
            fault=(SAID, entry["says"]),
        )
        return
