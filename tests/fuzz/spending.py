"""Nothing billable is sent as free, however a server reads it: lenient parsers are built here, not taken from
rtdoctor."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from tests.fuzz.oracles import Broken


def check(sent: str | bytes, free: Collection[str], *, ours: bool = False) -> None:
    """Text or bytes that would be sent without leave to spend; `ours` when we wrote it from an event.

    Raises:
        Broken: some parser reads an event in it that is not on the list of free ones.
    """
    sent = sent if isinstance(sent, str) else sent.decode("utf-8", "replace")
    for kind in _read(sent):
        if not (isinstance(kind, str) and kind in free):
            raise Broken("spend", "an event" if ours else "raw text", f"reads as {kind!a}: {sent[:500]!a}")
    if not ours and "response.create" in _unescaped(sent):
        raise Broken("spend", "raw text that nobody here can read", f"{sent[:500]!a}")


def _read(text: str) -> Iterator[Any]:
    """The types that parsers see: the last and the first of two names, after a BOM, NUL or blank, with NaN."""
    stripped = text.strip("\ufeff\0 \t\r\n\x0b\x0c\u00a0")
    for pairs in (dict, lambda pairs: dict(reversed(pairs))):
        try:
            value, _ = json.JSONDecoder(object_pairs_hook=pairs, strict=False).raw_decode(stripped)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and "type" in value:
            yield value["type"]


def _unescaped(text: str) -> str:
    try:
        return text + text.encode("latin-1", "backslashreplace").decode("unicode_escape", "replace")
    except ValueError:
        return text
