"""Reads scenario files and checks them; an error names file, place and reason. Nothing in a file is executed."""

import json
import tomllib
from collections.abc import Iterable
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.files import is_regular, read_bounded
from rtdoctor.linear import BadPattern, Pattern, pattern
from rtdoctor.model.event import NotAnEvent, TooDeep, parse_client_event
from rtdoctor.model.exchange import Request
from rtdoctor.model.finding import Evidence
from rtdoctor.model.outcome import Outcome, facts, matches
from rtdoctor.model.scenario import Accept, Handshake, Scenario, Step
from rtdoctor.privacy.errors import InputError

_MOST_BYTES, _MOST_TOGETHER = 1 << 20, 2 << 20  # of a file, and of a folder's files
_MOST_TOLD = 400  # characters of what is told of a value
_MOST_PARTS = 100  # of a name: tomllib takes minutes for one of many thousands
_MOST_INSTRUCTIONS = 5_000  # of an expression; the largest of the built-in scenarios has under 100
_LONG_NAME = pattern(rf"""(?:(?:[\w-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*\.[ \t]*){{{_MOST_PARTS}}}""")


class BadScenario(InputError):
    """A scenario file cannot be used; the message names file, place and reason in one sentence."""


def load_folder(folder: Path, known_causes: Iterable[str]) -> list[Scenario]:
    """All scenarios of a folder's *.toml files, in the order of the file names.

    Raises:
        BadScenario: no such folder, no scenario in it, a file that breaks the form, or an id that occurs twice.
    """
    try:
        if not folder.is_dir():
            raise BadScenario("{}: no such folder", folder)
        files = sorted(folder.glob("*.toml"))
    except OSError as error:
        raise BadScenario("{}: {}", folder, error.strerror or error) from error
    if not files:
        raise BadScenario("{}: holds no *.toml file", folder)
    if sum(map(_size, files)) > _MOST_TOGETHER:
        raise BadScenario("{}: its *.toml files hold more than {} MiB together", folder, _MOST_TOGETHER >> 20)
    causes = frozenset(known_causes)
    found: dict[str, Scenario] = {}
    for file in files:
        for scenario in load_file(file, causes):
            if scenario.id in found:
                raise BadScenario("{}: the id '{}' occurs in {} already", file, scenario.id, found[scenario.id].origin)
            found[scenario.id] = scenario
    return list(found.values())


def _size(file: Path) -> int:
    """Its bytes, or as many as are read of what does not tell (a FIFO, a file that is gone again)."""
    try:
        return file.stat().st_size if is_regular(file) else _MOST_BYTES
    except OSError:
        return 0


def load_file(file: Path, known_causes: frozenset[str]) -> list[Scenario]:
    """The scenarios of one file.

    Raises:
        BadScenario: the file cannot be read or breaks the form.
    """
    try:
        if not file.is_file():
            raise BadScenario("{}: is no file", file)  # a pipe would be waited for
        text = read_bounded(file, _MOST_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadScenario("{}: cannot be read: {}", file, error) from error
    if any(line.count(".") >= _MOST_PARTS and _LONG_NAME.search(line) for line in text.split("\n")):
        raise BadScenario("{}: holds a name of more than a hundred parts", file)
    try:
        raw = _plain(tomllib.loads(text))
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError of its own
        raise BadScenario("{}: is no TOML: {}", file, error) from error
    import jsonschema_rs

    try:
        _form().validate(raw)  # tells the first error, and makes no others
    except jsonschema_rs.ValidationError as bad:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in bad.instance_path)
        where = _told(raw, bad.instance_path) + _cut(place.lstrip("."))
        raise BadScenario("{}: {}: {}", file, where, _cut(bad.message)) from bad
    return [_scenario(entry, file, known_causes) for entry in raw["scenario"]]


@cache
def _form() -> Any:
    import jsonschema_rs

    schema = json.loads(Path(__file__).with_name("scenario.schema.json").read_text(encoding="utf-8"))
    # The usual engine of jsonschema_rs goes back and forth; this one is linear.
    return jsonschema_rs.validator_for(schema, pattern_options=jsonschema_rs.RegexOptions())


def _cut(text: str) -> str:
    """The beginning and the end of a long text: an error's value stands first in it, and the reason last."""
    return text if len(text) <= _MOST_TOLD else f"{text[: _MOST_TOLD // 2]}…{text[-_MOST_TOLD // 2 :]}"


def _plain(value: Any) -> Any:
    """TOML's own dates as text: `seen = 2026-11-22` is as good as the quoted form."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, (date, time)) else value


def _told(raw: dict[str, Any], path: list[Any]) -> str:
    """The id of the scenario that an error lies in, where there is one."""
    if len(path) < 2:
        return ""
    entry = raw["scenario"][path[1]]
    ident = entry.get("id") if isinstance(entry, dict) else None
    return f"scenario '{_cut(ident)}': " if isinstance(ident, str) else ""


def _scenario(entry: dict[str, Any], file: Path, causes: frozenset[str]) -> Scenario:
    where = f"{file}: scenario '{entry['id']}'"
    shake: dict[str, Any] = entry.get("handshake", {})
    given: dict[str, Any] = {}
    for key, value in shake.items():
        given[key] = tuple(value) if isinstance(value, list) else value
    handshake = Handshake(**given)
    steps = tuple(_step(step, f"{where}: step {number}") for number, step in enumerate(entry.get("step", []), 1))
    accept = tuple(_accept(line, f"{where}: accept {number}", causes) for number, line in enumerate(entry["accept"], 1))
    if not any(line.grade == "expected" for line in accept):
        raise BadScenario("{}: no accept has grade 'expected'", where)
    return Scenario(
        id=entry["id"],
        title=entry["title"],
        tags=tuple(dict.fromkeys((entry["id"].split(".")[0], *entry.get("tags", ())))),
        handshake=handshake,
        steps=steps,
        accept=accept,
        required=tuple(entry.get("required", ())),
        origin=str(file),
    )


def _step(step: dict[str, Any], where: str) -> Step:
    given = dict(step)
    if "send" in given:
        try:
            given["send"] = parse_client_event(given["send"])
        except TooDeep as error:
            raise BadScenario("{}: send holds an event that is {}", where, error) from error
        except NotAnEvent as error:
            raise BadScenario("{}: send holds {}; use text for what is no event", where, error) from error
    if "binary" in given:
        given["binary"] = bytes.fromhex(given["binary"])
    if "await" in given:
        given["await_"] = tuple(given.pop("await"))
    return Step(**given)


def _check_expressions(condition: Any) -> None:
    """Refuse a regular expression that cannot be used.

    Raises:
        BadPattern: one of them is none, or needs look-around or a back-reference.
    """
    if not isinstance(condition, dict):
        return
    for name, wanted in condition.items():
        if name != "matches":
            _check_expressions(wanted)
            continue
        if not isinstance(wanted, str):
            raise BadPattern("matches wants a regular expression, a text")
        try:
            size = Pattern(f"(?i){wanted}").size()
        except BadPattern as error:
            raise BadPattern(
                f"'{_cut(wanted)}' is no regular expression that takes linear time (no look-around, no back-references)"
            ) from error
        if size > _MOST_INSTRUCTIONS:
            raise BadPattern(
                f"'{_cut(wanted)}' is too large an expression; repeat less often, or fewer kinds of letters"
            )


def _accept(line: dict[str, Any], where: str, causes: frozenset[str]) -> Accept:
    cause = line.get("cause")
    if cause is not None and cause not in causes:
        raise BadScenario("{}: the cause '{}' is not in causes.toml", where, _cut(cause))
    try:
        condition = line["outcome"]
        _check_expressions(condition)
        # A dry match finds a name that no outcome has before a run does.
        flat = facts(Outcome(asked=Request("", ""), stage="upgrade"))
        for name, wanted in condition.items():
            if name not in flat:
                raise KeyError(f"'{_cut(name)}' is no fact of an outcome")
            matches({name: wanted}, flat)
    except (KeyError, TypeError, BadPattern) as error:
        raise BadScenario("{}: outcome: {}", where, error.args[0]) from error
    return Accept(
        grade=line.get("grade", "expected"),
        outcome=condition,
        cause=cause,
        evidence=Evidence(line["evidence"], line["seen"], line["confidence"]),
    )
