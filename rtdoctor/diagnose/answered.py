"""Who answered: the provider itself, or something between. From `answerers.toml`, by headers only."""

from functools import cache
from pathlib import Path

from rtdoctor.data import table
from rtdoctor.linear import Pattern, pattern
from rtdoctor.model.exchange import Answer

_SHOWN = 200  # characters of a header that are looked at, and of a server's name that are kept


@cache
def _answerers() -> tuple[tuple[str, tuple[Pattern, ...]], ...]:
    raw = table(Path(__file__).with_name("answerers.toml"))
    return tuple((entry["name"], tuple(map(pattern, entry["all"]))) for entry in raw["answerer"])


def answered_by(answer: Answer) -> str | None:
    """The name of who answered, or None when the headers do not tell."""
    lines = [f"{name.lower()}: {value}"[:_SHOWN] for name, value in answer.headers]
    for name, wanted in _answerers():
        if all(any(each.search(line) for line in lines) for each in wanted):
            return name
    if answer.status == 403 and not answer.body and answer.header("server") is None and _plain(answer):
        # uvicorn without its server header: an empty text/plain 403 that closes (loopback, uvicorn 0.54, 2026-11-22).
        return "asgi"
    return (answer.header("server") or "")[:_SHOWN] or None


def _plain(answer: Answer) -> bool:
    return (answer.header("content-type") or "").startswith("text/plain")
