"""What a client sends, held against what was recorded.

Three policies. `exact`: the same messages in the same order; of JSON the values, not the spaces. `order` (the usual
one): the same types in the same order with the same fields, where ids, audio and times count as the same whatever they
are, and appended audio counts once, however many pieces it comes in. `loose`: each type that was recorded comes, in any
order, as often as it was or more often (appended audio: once); what else comes is taken.

In each of them a mark of a masked secret stands for any text.
"""

from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import orjson

from rtdoctor.linear import pattern
from rtdoctor.model.event import too_many_values
from rtdoctor.privacy.quote import quote_start
from rtdoctor.privacy.secret import MARKS

Policy = Literal["exact", "order", "loose"]

APPEND = "input_audio_buffer.append"
_ID = pattern(r"(?:^|_)ids?$")
_TIME = pattern(r"(?:^audio_(?:start|end)_ms|_at|timestamp)$")
_MOST = 60
_LEAST_ID = 4  # characters of an id that is looked for in what the server said


def parsed(data: bytes) -> Any:
    """The message as a value; its bytes where it is no JSON, or has more values than any event."""
    try:
        return data if too_many_values(data) else orjson.loads(data)
    except orjson.JSONDecodeError:
        return data


def type_of(data: bytes) -> str:
    """The type of an event, or what stands for it."""
    value = parsed(data)
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else "(no event)"


def differs(recorded: bytes, sent: bytes, policy: Policy) -> str:
    """In which way a message is another than the recorded one; empty where it is none."""
    wanted, got = parsed(recorded), parsed(sent)
    if not isinstance(wanted, dict) or not isinstance(got, dict):
        return "" if wanted == got else "other text than was recorded"
    if wanted.get("type") != got.get("type"):
        return f"{_shown(got.get('type'))} came, and {_shown(wanted.get('type'))} was recorded"
    if policy == "loose":
        return ""
    place = _where(wanted, got, "", policy)
    return f"{_shown(got.get('type'))} differs in {quote_start(place, 200)}" if place is not None else ""


def _where(wanted: Any, got: Any, place: str, policy: Policy) -> str | None:
    """The first place at which two values differ; None where they do not."""
    if isinstance(wanted, str) and isinstance(got, str) and MARKS.search(wanted):
        return None
    if isinstance(wanted, dict) and isinstance(got, dict):
        for name in (*wanted, *(name for name in got if name not in wanted)):
            if policy == "order" and _any(name, wanted.get(name, got.get(name))):
                continue
            inner = f"{place}/{name}"
            if (name in wanted) != (name in got):
                return inner
            if (place_inside := _where(wanted[name], got[name], inner, policy)) is not None:
                return place_inside
        return None
    if isinstance(wanted, list) and isinstance(got, list):
        if len(wanted) != len(got):
            return place
        pairs = enumerate(zip(wanted, got, strict=True))
        return next(
            (
                place_inside
                for at, (a, b) in pairs
                if (place_inside := _where(a, b, f"{place}/{at}", policy)) is not None
            ),
            None,
        )
    return None if type(wanted) is type(got) and wanted == got else place or "/"


def renamed(recorded: bytes, sent: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The ids that a client made anew: each as JSON, the recorded one and the one that came in its place."""
    waiting = [(parsed(recorded), parsed(sent))]
    while waiting:
        wanted, got = waiting.pop()
        if isinstance(wanted, dict) and isinstance(got, dict):
            for name in wanted.keys() & got.keys():
                one, other = wanted[name], got[name]
                if isinstance(one, str) and isinstance(other, str) and _ID.search(name) is not None:
                    if one != other and len(one) >= _LEAST_ID and MARKS.search(one) is None:
                        yield orjson.dumps(one), orjson.dumps(other)
                else:
                    waiting.append((one, other))
        elif isinstance(wanted, list) and isinstance(got, list):
            waiting += zip(wanted, got, strict=False)


def _any(name: str, value: Any) -> bool:
    """True for a field whose value does not count in `order`. The object `audio` of a session does."""
    audio = name == "audio" and not isinstance(value, dict)
    return audio or _ID.search(name) is not None or _TIME.search(name) is not None


def _shown(kind: Any) -> str:
    return quote_start(kind, _MOST) if isinstance(kind, str) else "a message without a type"


def same_request(recorded: str, asked: str, policy: Policy) -> bool:
    """True where a path with its query is the recorded one. `exact` wants the text; else the order of the query is
    free, and `loose` looks at the path alone."""
    one, two = urlsplit(recorded), urlsplit(asked)
    if policy == "exact" and MARKS.search(recorded) is None and "%5Bsecret" not in recorded:
        return recorded == asked
    if one.path != two.path:
        return False
    if policy == "loose":
        return True
    first, second = (
        dict(parse_qsl(one.query, keep_blank_values=True)),
        dict(parse_qsl(two.query, keep_blank_values=True)),
    )
    if first.keys() != second.keys():
        return False
    return all(value == second[name] or MARKS.search(value) for name, value in first.items())
