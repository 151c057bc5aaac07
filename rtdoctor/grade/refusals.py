"""Refusals in a run: an HTTP status in place of the 101, or a close by the server. May another attempt help?"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.grade.run import Run, Talk


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal. `shown` names it in a few words; `clues` are the words by which a client's own output shows that it
    was read."""

    t: float
    talk: Talk
    retry: bool
    words: str
    shown: str
    clues: tuple[str, ...]


@cache
def _table() -> list[dict[str, Any]]:
    text = Path(__file__).with_name("refusals.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["refusal"])


def error_before(talk: Talk, t: float) -> dict[str, Any]:
    """The last error event that the server sent by then; empty where there is none."""
    last = talk.heard.last("server", "error", until=t)
    error = last.event.get("error") if last else None
    return error if isinstance(error, dict) else {}


def refusal_of(talk: Talk) -> Refusal | None:
    """How the server refused or ended this connection; None where it did not, or no entry knows the code."""
    if talk.status not in (None, 101) and talk.answered_at is not None:
        return _known(talk, talk.answered_at, "http", talk.status, "", f"HTTP {talk.status}", (str(talk.status),))
    closing = talk.closed_by
    if closing is None or closing.sender != "server" or closing.code is None:
        return None
    error = error_before(talk, closing.t)
    names = [str(error[name]) for name in ("code", "type") if isinstance(error.get(name), str)]
    words = " ".join((closing.reason, *names))
    clues = (str(closing.code), *names, *([str(error["message"])[:40]] if error.get("message") else []))
    shown = f"close {closing.code} {closing.reason}".rstrip()
    return _known(talk, closing.t, "close", closing.code, words, shown, tuple(filter(None, (*clues, closing.reason))))


def _known(
    talk: Talk, t: float, kind: str, code: int | None, words: str, shown: str, clues: tuple[str, ...]
) -> Refusal | None:
    for entry in _table():
        if code in entry.get(kind, ()) and entry.get("reason", "") in words:
            return Refusal(t, talk, entry["retry"], entry["words"], shown, clues)
    return None


def refusals(run: Run, *, retry: bool) -> Iterator[Refusal]:
    """The refusals of a run after which another attempt may help, or those after which it may not."""
    for talk in run.talks:
        refusal = refusal_of(talk)
        if refusal is not None and refusal.retry is retry and refusal.t <= run.until:
            yield refusal
