"""A script for the mock: what a client is to send, and what it is answered. From TOML, JSON or a Python mapping.

A script does nothing but this: it has no code, opens no file, and its texts are sent to one client only.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from rtdoctor.files import read_bounded
from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.dialect import LIVE_EVENTS
from rtdoctor.mock.faults import BadFault, Fault, parse
from rtdoctor.mock.template import BadTemplate, check_template
from rtdoctor.model.event import too_many_values
from rtdoctor.model.near import did_you_mean
from rtdoctor.privacy.errors import InputError
from rtdoctor.protocol.catalog import ERAS, event_types

_DEEPEST = 100  # levels of a script; real events stay under 20
VERSION = 1
_MISSPELT = 0.85  # so much alike a type that no API has is one of theirs, misspelt; else it is the client's own
_MOST_BYTES = 1 << 20
_MOST_CONNECTIONS, _MOST_STEPS, _MOST_ANSWERS, _MOST_TIMES = 100, 1_000, 100, 1_000_000
_LONGEST_TEXT, _LONGEST_REASON = 10_000, 123  # of a close frame (RFC 6455, section 5.5)
_NEVER_SENT = (1004, 1005, 1006)  # RFC 6455, section 7.4.1
_KINDS = ("usual", "event", "text", "call", "error", "close", "wait", "fault")


class BadScript(InputError):
    """The script cannot be used: one sentence with file, step, key and reason."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that is done. `kind` is one of: usual, event, text, call, error, close, wait, fault."""

    kind: str
    value: Any = None
    arguments: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """What is expected (types, and a subset of fields), how often, and what is answered: None as always. A step that
    expects nothing is the server's own, and comes when those before it are over."""

    place: str
    expect: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    least: int = 1
    most: int = 1
    answers: tuple[Answer, ...] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The script of one connection. `only`: what no step expects is a failure. `ordered`: the steps come in order."""

    place: str
    steps: tuple[ScriptStep, ...]
    only: bool = False
    ordered: bool = True
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """The parts of the first, second, … connection."""

    origin: str
    parts: tuple[Part, ...]


def load_script(path: Path) -> Script:
    """Read a script; `.json` is JSON, anything else TOML.

    Raises:
        BadScript: it cannot be read, or its form is not that of a script.
    """
    try:
        data = read_bounded(path, _MOST_BYTES)
        if path.suffix.lower() == ".json":
            if too_many_values(data):
                raise BadScript("{}: holds too many values", path)
            value = orjson.loads(data)
        else:
            value = tomllib.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise BadScript("{}: {}", path, error) from error
    except ValueError as error:
        raise BadScript("{}: {}", path, error) from error
    except RecursionError as error:
        raise BadScript("{}: it is nested too deep to be read", path) from error
    return read_script(value, str(path))


def read_script(value: object, origin: str = "the script") -> Script:
    """A script from what TOML or JSON gave.

    Raises:
        BadScript: its form is not that of a script.
    """
    try:
        if _is_deeper(value, _DEEPEST):
            raise _Wrong(f"it is nested deeper than {_DEEPEST} levels")
        return _script(value, origin)
    except _Wrong as wrong:
        raise BadScript("{}: {}", origin, wrong) from None


@cache
def _client_types() -> frozenset[str]:
    return frozenset(LIVE_EVENTS).union(*(event_types(era, "client") for era in ERAS))


class _Wrong(Exception):
    pass


def _is_deeper(value: object, most: int) -> bool:
    """Whether tables and lists are nested deeper anywhere; told a level at a time, for dotted keys nest without end."""
    level = [value]
    for _ in range(most + 1):
        inner = [held.values() if isinstance(held, Mapping) else held for held in level]
        level = [
            one for held in inner if not isinstance(held, str | bytes) and hasattr(held, "__iter__") for one in held
        ]
        if not level:
            return False
    return True


def _script(value: object, origin: str) -> Script:
    table = _table(value, "the script")
    if table.get("script") != VERSION:
        raise _Wrong(f"script = {VERSION} must stand at its beginning")
    if "connection" not in table:
        return Script(origin, (_part(table, ""),))
    _keys(table, ("script", "connection", "title"), "the script")
    connections = _list(table["connection"], "connection", _MOST_CONNECTIONS)
    return Script(
        origin,
        tuple(_part(_table(one, f"connection {n}"), f"connection {n}, ") for n, one in enumerate(connections, 1)),
    )


def _part(table: Mapping[str, Any], before: str) -> Part:
    where = before.rstrip(", ") or "the script"
    _keys(table, ("script", "title", "only", "order", "request", "faults", "step"), where)
    order = table.get("order", "strict")
    if order not in ("strict", "any"):
        raise _Wrong(f"{where}: order is 'strict' or 'any'")
    request = _table(table.get("request", {}), f"{before}request")
    _keys(request, ("query", "headers"), f"{before}request")
    headers = _table(request.get("headers", {}), f"{before}request.headers")
    steps = _list(table.get("step", []), f"{before}step", _MOST_STEPS)
    return Part(
        place=where,
        steps=tuple(_step(_table(one, f"{before}step {n}"), f"{before}step {n}") for n, one in enumerate(steps, 1)),
        only=_bool(table.get("only", False), f"{where}: only"),
        ordered=order == "strict",
        query=_table(request.get("query", {}), f"{before}request.query"),
        headers={name.lower(): held for name, held in headers.items()},
        faults=tuple(
            _fault(text, f"{before}faults", ends=False)
            for text in _list(table.get("faults", []), f"{before}faults", _MOST_ANSWERS)
        ),
    )


def _step(table: Mapping[str, Any], where: str) -> ScriptStep:
    _keys(table, ("expect", "with", "times", "answer"), where)
    expect = table.get("expect", [])
    types = (expect,) if isinstance(expect, str) else tuple(_list(expect, f"{where}: expect", _MOST_ANSWERS))
    if not all(isinstance(kind, str) and 0 < len(kind) <= 100 for kind in types):
        raise _Wrong(f"{where}: expect is a type of event, or a list of types")
    for kind in types:
        if kind not in _client_types() and (hint := did_you_mean(kind, _client_types(), _MISSPELT)):
            raise _Wrong(f"{where}: expect: no client sends {kind!r}{hint}")
    if not types and ("with" in table or "times" in table):
        raise _Wrong(f"{where}: with and times want expect beside them")
    least, most = _times(table.get("times", 1), where)
    answers = table.get("answer")
    if answers is None and not types:
        raise _Wrong(f"{where}: expects nothing and answers nothing")
    listed = None if answers is None else _list(answers, f"{where}: answer", _MOST_ANSWERS)
    return ScriptStep(
        place=where,
        expect=types,
        fields=_table(table.get("with", {}), f"{where}: with"),
        least=least,
        most=most,
        answers=None
        if listed is None
        else tuple(
            _answer(_table(one, f"{where}, answer {n}"), f"{where}, answer {n}", bool(types))
            for n, one in enumerate(listed, 1)
        ),
    )


def _times(value: object, where: str) -> tuple[int, int]:
    """`3`, or `[least, most]`."""
    pair: list[Any] = value if isinstance(value, list) else [value, value]
    if len(pair) != 2 or not all(isinstance(one, int) and not isinstance(one, bool) for one in pair):
        raise _Wrong(f"{where}: times is a number, or [least, most]")
    least, most = pair
    if not (0 <= least <= most <= _MOST_TIMES and most):
        raise _Wrong(f"{where}: times goes from 0 to {_MOST_TIMES}, the least first")
    return least, most


def _answer(table: Mapping[str, Any], where: str, expects: bool) -> Answer:
    _keys(table, (*_KINDS, "arguments", "reason"), where)
    kinds = [kind for kind in _KINDS if kind in table]
    if len(kinds) != 1:
        raise _Wrong(f"{where}: wants one of {', '.join(_KINDS)}")
    kind = kinds[0]
    for name, owner in (("arguments", "call"), ("reason", "close")):
        if name in table and kind != owner:
            raise _Wrong(f"{where}: {name} wants {owner} beside it")
    if kind == "usual" and not expects:
        raise _Wrong(f"{where}: usual wants a step that expects something")
    return Answer(
        kind,
        _VALUES[kind](table[kind], f"{where}: {kind}"),
        _arguments(table.get("arguments", {}), f"{where}: arguments"),
        _text(table.get("reason", ""), f"{where}: reason", _LONGEST_REASON),
    )


def _usual(value: object, where: str) -> bool:
    if value is not True:
        raise _Wrong(f"{where} is true, or left out")
    return True


def _event(value: object, where: str) -> Mapping[str, Any]:
    event = _table(value, where)
    if not isinstance(event.get("type"), str):
        raise _Wrong(f"{where} has no type, a text")
    try:
        check_template(event)
        orjson.dumps(event)
    except BadTemplate as error:
        raise _Wrong(f"{where}: {error}") from error
    except (TypeError, RecursionError) as error:  # a date of TOML, a number that JSON has not
        raise _Wrong(f"{where}: {error}") from error
    return event


def _error(value: object, where: str) -> Mapping[str, Any]:
    if isinstance(value, str):
        refusal = refusals().get(value)
        if refusal is None or refusal.status is not None:
            raise _Wrong(f"{where}: {value[:100]!r} is no error that the mock knows; a table says another")
        return {"refusal": value}
    table = _table(value, where)
    _keys(table, ("type", "code", "message", "param"), where)
    for name, held in table.items():
        _text(held, f"{where}.{name}", _LONGEST_TEXT)
    return {"type": "invalid_request_error", "code": None, "message": "", "param": None} | dict(table)


def _close(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1000 <= value <= 4999 or value in _NEVER_SENT:
        raise _Wrong(f"{where} is a code from 1000 to 4999 that a close frame may have")
    return value


def _wait(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise _Wrong(f"{where} is a number of seconds, from 0 to 3600")
    return float(value)


def _fault(value: object, where: str, *, ends: bool = True) -> Fault:
    try:
        fault = parse(_text(value, where, 200))
    except BadFault as error:
        raise _Wrong(f"{where}: {error}") from error
    if ends and not (fault.ends or fault.refusal):
        raise _Wrong(f"{where}: {fault.name} ends no connection; put it under faults")
    return fault


def _text(value: object, where: str, most: int = _LONGEST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise _Wrong(f"{where} is a text of at most {most} characters")
    return value


def _arguments(value: object, where: str) -> str:
    """The arguments of a call, as they are sent: a table as JSON, a text as it is, so that it may be no JSON."""
    if isinstance(value, str):
        return _text(value, where)
    try:
        return orjson.dumps(_table(value, where)).decode()
    except TypeError as error:
        raise _Wrong(f"{where}: {error}") from error


def _bool(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(f"{where} is true or false")
    return value


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _Wrong(f"{where} is no table")
    return value


def _list(value: object, where: str, most: int) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise _Wrong(f"{where} is no list")
    if len(value) > most:
        raise _Wrong(f"{where} has more than {most} entries")
    return list(value)


def _keys(table: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in allowed:
            raise _Wrong(f"{where}: {key[:60]!r} is none of {', '.join(allowed)}")


_VALUES: dict[str, Callable[[object, str], Any]] = {
    "usual": _usual,
    "event": _event,
    "text": _text,
    "call": _text,
    "error": _error,
    "close": _close,
    "wait": _wait,
    "fault": _fault,
}
