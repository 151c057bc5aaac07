"""Reads scenario files and checks them; an error names file, place and reason. Nothing in a file is executed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rtdoctor.knowledge.tables import BadTable, check_condition, read_table, shortened, table_files
from rtdoctor.model.event import NotAnEvent, TooDeep, parse_client_event
from rtdoctor.model.finding import Evidence
from rtdoctor.model.scenario import Accept, Scenario, Step, WantedHandshake
from rtdoctor.privacy.errors import InputError
from rtdoctor.privacy.quote import quote

_SCHEMA = Path(__file__).with_name("scenario.schema.json")


class BadScenario(InputError):
    """A scenario file cannot be used; the message names file, place and reason in one sentence."""


def load_folder(folder: Path, known_causes: Iterable[str]) -> list[Scenario]:
    """All scenarios of a folder's *.toml files, in the order of the file names.

    Raises:
        BadScenario: no such folder, no scenario in it, a file that breaks the form, or an id that occurs twice.
    """
    try:
        files = table_files(folder)
    except BadTable as error:
        raise BadScenario("{}", error) from error
    causes = frozenset(known_causes)
    by_id: dict[str, Scenario] = {}
    for file in files:
        for scenario in load_file(file, causes):
            if scenario.id in by_id:
                raise BadScenario("{}: the id '{}' occurs in {} already", file, scenario.id, by_id[scenario.id].origin)
            by_id[scenario.id] = scenario
    return list(by_id.values())


def load_file(file: Path, known_causes: frozenset[str]) -> list[Scenario]:
    """The scenarios of one file.

    Raises:
        BadScenario: the file cannot be read or breaks the form.
    """
    try:
        raw = read_table(file, _SCHEMA, _told)
    except BadTable as error:
        raise BadScenario("{}", error) from error
    return [_scenario(entry, file, known_causes) for entry in raw["scenario"]]


def _told(raw: dict[str, Any], path: list[Any]) -> str:
    """The id of the scenario that an error lies in, where there is one."""
    if len(path) < 2:
        return ""
    entry = raw["scenario"][path[1]]
    ident = entry.get("id") if isinstance(entry, dict) else None
    return f"scenario '{shortened(ident)}': " if isinstance(ident, str) else ""


def _scenario(entry: dict[str, Any], file: Path, causes: frozenset[str]) -> Scenario:
    where = f"{file}: scenario '{entry['id']}'"
    shake: dict[str, Any] = entry.get("handshake", {})
    fields: dict[str, Any] = {}
    for key, value in shake.items():
        fields[key] = tuple(value) if isinstance(value, list) else value
    handshake = WantedHandshake(**fields)
    steps = tuple(_step(step, f"{where}: step {number}") for number, step in enumerate(entry.get("step", []), 1))
    accept = tuple(_accept(line, f"{where}: accept {number}", causes) for number, line in enumerate(entry["accept"], 1))
    if not any(line.grade == "expected" for line in accept):
        raise BadScenario("{}: no accept has grade 'expected'", where)
    return Scenario(
        id=entry["id"],
        title=quote(entry["title"]),
        tags=tuple(dict.fromkeys((entry["id"].split(".")[0], *entry.get("tags", ())))),
        handshake=handshake,
        steps=steps,
        accept=accept,
        required=tuple(entry.get("required", ())),
        origin=str(file),
    )


def _step(step: dict[str, Any], where: str) -> Step:
    fields = dict(step)
    if "send" in fields:
        try:
            fields["send"] = parse_client_event(fields["send"])
        except TooDeep as error:
            raise BadScenario("{}: send holds an event that is {}", where, error) from error
        except NotAnEvent as error:
            raise BadScenario("{}: send holds {}; use text for what is no event", where, error) from error
    if "binary" in fields:
        fields["binary"] = bytes.fromhex(fields["binary"])
    if "await" in fields:
        fields["await_"] = tuple(fields.pop("await"))
    return Step(**fields)


def _accept(line: dict[str, Any], where: str, causes: frozenset[str]) -> Accept:
    cause = line.get("cause")
    if cause is not None and cause not in causes:
        raise BadScenario("{}: the cause '{}' is none that is known", where, shortened(cause))
    condition = line["outcome"]
    try:
        check_condition(condition, f"{where}: outcome")
    except BadTable as error:
        raise BadScenario("{}", error) from error
    return Accept(
        grade=line.get("grade", "expected"),
        outcome=condition,
        cause=cause,
        evidence=Evidence(quote(line["evidence"]), line["seen"], line["confidence"]),
    )
