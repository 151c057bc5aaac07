"""Who answered: the provider itself, or something between. From `answerers.toml`, by headers only."""

import re
import tomllib
from functools import cache
from pathlib import Path

from rtdoctor.model.exchange import Answer


@cache
def _answerers() -> tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]:
    raw = tomllib.loads(Path(__file__).with_name("answerers.toml").read_text(encoding="utf-8"))
    return tuple((entry["name"], tuple(re.compile(line) for line in entry["all"])) for entry in raw["answerer"])


def answered_by(answer: Answer) -> str | None:
    """The name of who answered, or None when the headers do not tell."""
    lines = [f"{name.lower()}: {value}" for name, value in answer.headers]
    for name, patterns in _answerers():
        if all(any(pattern.search(line) for line in lines) for pattern in patterns):
            return name
    if answer.status == 403 and not answer.body and answer.header("server") is None and _plain(answer):
        # uvicorn without its server header: an empty text/plain 403 that closes (loopback, uvicorn 0.54, 2026-11-22).
        return "asgi"
    return answer.header("server")


def _plain(answer: Answer) -> bool:
    return (answer.header("content-type") or "").startswith("text/plain")
