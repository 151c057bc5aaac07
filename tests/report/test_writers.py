"""The reports: JSON of the shipped form, a terminal that a server cannot command, and no secret in either."""

import io
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rtdoctor.model.report import RunFinished
from rtdoctor.model.violation import Violation
from rtdoctor.privacy.clean import clean
from rtdoctor.report import json as json_writer
from rtdoctor.report.terminal import TerminalWriter
from tests.conftest import KEY, built_in

SCHEMA = json.loads(files("rtdoctor.report").joinpath("report.schema.json").read_text(encoding="utf-8"))


def shown(events, width=80, *, verbose=False):
    out = io.StringIO()
    console = Console(file=out, width=width, markup=False, emoji=False, highlight=False)
    writer = TerminalWriter(console, verbose=verbose)
    for event in events:
        writer(event)
    return out.getvalue()


async def test_the_document_is_of_the_shipped_form(check):
    for faults in ({}, {"open-transcription": "invalid-key"}, {"session-updated": "unknown-parameter"}):
        report = await check([scenario.id for scenario in built_in()][:12], faults)
        document = json.loads(json_writer.text(report))
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        jsonschema.validate(document, SCHEMA)


async def test_the_schema_refuses_another_form(check):
    document = json_writer.document(await check())
    for path in ("schema_version", "summary", "ladder", "results", "spend", "target"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({key: value for key, value in document.items() if key != path}, SCHEMA)
    document["summary"]["cause"] = "not a cause"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


async def test_no_writer_shows_a_secret(check):
    events = []
    report = await check(
        [scenario.id for scenario in built_in() if scenario.id.startswith(("auth", "secret"))],
        {"open-transcription": "invalid-key"},
        events=events,
    )
    for text in (json_writer.text(report), shown(events), repr(report)):
        assert KEY not in text
        assert KEY[-4:] not in text, "the server echoed the last characters of the key"
        assert "ek_" not in text.replace("(ek_)", "").replace("ek_…", "")


async def test_the_terminal_answers_first_whether_one_can_connect(check):
    events = []
    await check(["beta.header"], events=events)
    text = shown(events)
    assert "the built-in mock" in text.splitlines()[0]
    assert "Nothing about your account was tested" in " ".join(text.rstrip().splitlines()[-2:])
    assert text.index("Can I connect?") < text.index("Does the endpoint behave as known?")
    assert "101, then beta_api_shape_disabled, close 4000" not in text, "what passed is folded"
    assert "101, then beta_api_shape_disabled, close 4000" in shown(events, verbose=True)
    assert max(map(len, text.splitlines())) <= 80


async def test_a_dead_rung_is_explained_with_cause_and_remedy(check):
    events = []
    report = await check(["auth.header"], {"open-transcription": "missing-model"}, events=events)
    text = shown(events)
    assert report.summary.cause == "session.model-missing"
    assert "Can I connect?  No.\n" in text
    assert text.count("No. It ends at first-event") == 1
    assert text.count("the ladder ended at first-event") == 1, "what was not tried is one line"
    assert "the ladder ended at first-event" in shown(events, verbose=True)
    assert "Let the gateway pass the query string" in text
    assert "observed 2026-11-22" not in text, "where it is known from means nothing to a stranger"
    assert "observed 2026-11-22" in shown(events, verbose=True)


async def test_what_is_wrong_in_every_session_is_told_once(check):
    report = await check([scenario.id for scenario in built_in()][:12])
    wrong = Violation("error", "shape.missing", "the top level lacks the required field event_id", 0, "session.created")
    opened = [one for one in report.results if one.outcome and one.outcome.first_event]
    for held, told in ((opened, f"in all {len(opened)} sessions: "), (opened[1:], f"in {len(opened) - 1} of ")):
        results = tuple(replace(one, violations=(wrong,)) if one in held else one for one in report.results)
        text = shown([RunFinished(replace(report, results=results))])
        text = " ".join(text.split())
        assert text.count("lacks the required field") == 1
        assert told in text
    assert f"(first: {opened[1].scenario})" in text


def test_hostile_text_stays_on_its_line_and_moves_nothing():
    assert clean("a\x1b[2Jb\rc\nd\x07\u202ee\u200b") == "a\\x1b[2Jb c d\\x07\\u{202e}e\\u{200b}"


@given(st.text())
def test_no_control_character_passes(text):
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in clean(text))


async def test_markup_and_escapes_of_a_server_are_shown_as_text(check, monkeypatch):
    from rtdoctor.mock import behaviour

    hostile = "[bold red]\x1b]0;owned\x07[/bold red] [link=http://evil]x[/link]"
    every = behaviour.refusals() | {
        "missing-model": behaviour.Refusal("missing-model", code="missing_model", message=hostile, close=4000)
    }
    monkeypatch.setattr("rtdoctor.mock.server.refusals", lambda: every)
    events = []
    await check([], {"open-transcription": "missing-model"}, events=events)
    text = shown(events)
    assert "[bold red]\\x1b]0;owned\\x07[/bold" in text
    assert "\x1b" not in text
    assert "\x07" not in text


async def test_the_last_event_carries_the_whole_report(check):
    events = []
    report = await check(["auth.none"], events=events)
    assert isinstance(events[-1], RunFinished)
    assert events[-1].report == report
