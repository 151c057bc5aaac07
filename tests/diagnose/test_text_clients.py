"""What a client said of a fault leads, alone, to a cause that the fault allows; no fault is told as another."""

import tomllib
from pathlib import Path

import pytest

from rtdoctor.diagnose.text.findings import explain
from tests.diagnose.said import SAID, Cell, allowed, said

trustme = pytest.importorskip("trustme", reason="the table of faults needs it")

from tools.say_faults import rows  # noqa: E402

CAUSES = {row.id: row.cause for row in rows()}
# The cells that are still told wrongly. A line that is right by now fails here: strike it.
KNOWN = tomllib.loads(Path(__file__).with_name("said_wrongly.toml").read_text("utf-8"))
STACKS = sorted({cell.stack for cell in said()})


def first(cell: Cell) -> str:
    told = explain([cell.says])
    return next((finding.cause or "" for finding in told.findings), "healthy")


@pytest.mark.parametrize("stack", STACKS)
def test_the_faults_of_a_stack_are_told_as_what_they_are(stack: str) -> None:
    wrong = {
        cell.fault: told
        for cell in said()
        if cell.stack == stack and CAUSES[cell.fault] and (told := first(cell)) not in allowed(cell, CAUSES)
    }
    assert wrong == KNOWN.get(stack, {})


def test_nothing_is_told_of_a_client_for_which_all_is_well() -> None:
    told = {cell.stack: first(cell) for cell in said() if CAUSES[cell.fault] is None}
    assert {stack: cause for stack, cause in told.items() if cause not in ("unknown.unknown", "healthy")} == {}


def test_few_are_still_told_wrongly_and_none_of_them_is_gone() -> None:
    count = sum(len(cells) for cells in KNOWN.values())
    assert count <= len(said()) * 0.04
    assert set(KNOWN) <= set(STACKS)


def test_the_cells_are_of_the_table_and_hold_no_key() -> None:
    assert {cell.fault for cell in said()} <= set(CAUSES)
    assert len(STACKS) >= 40
    for file in SAID.glob("*.jsonl"):
        assert "testkey7f3a9c" not in file.read_text("utf-8"), file.name


def test_what_is_allowed_depends_on_what_is_said() -> None:
    hides = Cell("nobody", "http.403-region", "HTTP 403")
    shows = Cell("nobody", "http.403-region", "HTTP 403: country, region, or territory not supported")
    own = {"refused.region"}
    assert allowed(hides, CAUSES) == own | {"refused.path", "refused.not-routed", "refused.forbidden"}
    assert allowed(shows, CAUSES) == own
