"""Nothing leaks: secrets of forty kinds and more, in sixty places, in thirty writings, reach no output of any writer.

What the process was given is found in every writing; what it was not, wherever its form is kept: a vendor's key, a
value behind a telling name, any opaque text. RTDOCTOR_LEAK_EXAMPLES tells how many examples are drawn (300 unless set;
CI takes 10000).
"""

import io
import json
import os
import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rtdoctor.cli.commands.report_bundle import contents
from rtdoctor.engine.commandline import handshake_from, read_command
from rtdoctor.engine.routing import RouteAsked, route_to
from rtdoctor.model.target import parse_pinned, parse_proxy, parse_target
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.errors import InputError
from rtdoctor.privacy.guard import Guarded
from rtdoctor.privacy.known import forget, keep
from rtdoctor.recording.source import open_source
from rtdoctor.report.writers import WRITERS
from rtdoctor.scenario.load import load_file
from rtdoctor.wire.audiofile import read_speech
from tests.leaking import (
    COMMANDS,
    ENCODINGS,
    IDS,
    IN_PIECES,
    KINDS,
    KNOWN_KINDS,
    PLACES,
    SHAPE_KEEPING,
    Planted,
    canary,
    planted,
    recording,
    traces,
    write_all,
)

EXAMPLES = int(os.environ.get("RTDOCTOR_LEAK_EXAMPLES", "80"))
LEAKS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def drawn(kind: str, encoding: int, seed: int) -> Planted:
    """A canary, and how it is written. What the process was not given keeps its form: it is known by nothing else."""
    forget()
    one = canary(kind, random.Random(seed))
    if one.known:
        keep([one.secret])
    # One escape a character of every kind in turn leaves nothing of a form.
    names = list(ENCODINGS if one.known else SHAPE_KEEPING.keys() - {"mixed"})
    names.sort()
    return planted(one, names[encoding % len(names)], seed)


def test_there_are_forty_kinds_sixty_places_and_thirty_writings():
    assert len(KINDS) >= 40
    assert len(PLACES) + len(SENTENCES) >= 60
    assert len(ENCODINGS) >= 30


def test_every_command_of_the_table_is_tested():
    assert set(WRITERS) == set(COMMANDS)


@LEAKS
@given(
    st.sampled_from(list(WRITERS)),
    st.one_of(st.sampled_from(KNOWN_KINDS), st.sampled_from(KINDS)),
    st.sampled_from(list(PLACES)),
    st.integers(0, len(ENCODINGS) - 1),
    st.integers(0, 2**32),
)
def test_no_canary_reaches_any_writer(command, kind, place, encoding, seed):
    secret = drawn(kind, encoding, seed)
    if place in IN_PIECES and not secret.one.known:
        return  # a piece of what nobody knows is told from nothing
    if place == "request id" and kind in IDS:
        return  # nobody gave it to the process, and it is the id that support asks for
    for name, output in write_all(command, place, secret.text).items():
        through = io.StringIO()
        Guarded(through).write(output)
        found = traces(secret, through.getvalue())
        assert found is None, f"{command} {name}: {found}: {secret} at {place}\n{output}"
        if name == "json":
            json.loads(through.getvalue())


@settings(LEAKS, max_examples=max(20, EXAMPLES // 10))
@given(
    st.sampled_from(KNOWN_KINDS),
    st.sampled_from([place for place in PLACES if place not in IN_PIECES]),
    st.integers(0, len(ENCODINGS) - 1),
    st.integers(0, 2**32),
)
def test_no_canary_reaches_a_bundle_even_where_a_report_held_one(kind, place, encoding, seed):
    secret = drawn(kind, encoding, seed)
    report = json.loads(write_all("check", place, secret.text)["json"])
    report["results"][0]["seen"] = f"The server said {secret.text}."
    for name, text in contents([report], None).items():
        found = traces(secret, text)
        assert found is None, f"{name}: {found}: {secret} at {place}"


# --- errors -----------------------------------------------------------------------------------------------------------

SENTENCES = {
    "a URL": lambda text: parse_target(text),
    "a target with a user": lambda text: parse_target(f"https://{text}@h.example/v1"),
    "a scheme": lambda text: parse_target(f"{text}://h.example/v1"),
    "a port": lambda text: parse_target(f"https://h.example:{text}/v1"),
    "a proxy": lambda text: parse_proxy(f"ftp://me:{text}@p.example"),
    "a proxy's port": lambda text: parse_proxy(f"http://me:{text}@p.example:x1"),
    "an address": lambda text: parse_pinned(f"h.example:443:{text}"),
    "a header": lambda text: handshake_from("wss://h.example/v1", [f"api-key={text}"], [], []),
    "a header with a control": lambda text: handshake_from("wss://h.example/v1", [f"{text}\x01: x"], [], []),
    "a query": lambda text: handshake_from("wss://h.example/v1", [], [], [text]),
    "a socket's URL": lambda text: handshake_from(text, [], [], []),
    "a command line": lambda text: read_command(f"curl -sSH api-key={text} https://h.example/v1"),
    "a command line without a URL": lambda text: read_command(f"curl --json {text} -U me:{text}"),
    "a command line with a quote": lambda text: read_command(f"curl -H '{text}"),
    "a scenario's file": lambda text: load_file(Path(f"{text}.toml".replace("\0", "")), frozenset()),
    "an audio file": lambda text: read_speech(Path(text.replace("\0", ""))),
    "a recording": lambda text: open_source(text),
    "a route": lambda text: route_to(parse_target("https://h.example/v1"), RouteAsked(proxy=f"socks5://u:{text}@p")),
}


@settings(LEAKS, max_examples=max(200, EXAMPLES // 4))
@given(
    st.sampled_from(list(SENTENCES)),
    st.sampled_from(KINDS),
    st.integers(0, len(ENCODINGS) - 1),
    st.integers(0, 2**32),
)
def test_no_error_shows_what_was_typed_in_the_wrong_place(name, kind, encoding, seed):
    secret = drawn(kind, encoding, seed)
    try:
        SENTENCES[name](secret.text)
    except InputError as error:
        shown = clean(str(error))
        assert "\n" not in shown
        assert traces(secret, shown) is None, f"{name}: {shown}: {secret}"


# --- that it can fail -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", list(WRITERS))
def test_with_quoting_switched_off_the_property_fails_and_the_guard_masks(command, monkeypatch):
    secret = planted(canary("bearer", random.Random(7)), "whole", 7)
    place = "header name" if command == "explain" else "error's message"
    leaky = list(write_all(command, place, f"see {secret.text} there").values())
    assert not any(traces(secret, output) for output in leaky), "it is opaque, and known by that"
    monkeypatch.setattr("rtdoctor.privacy.quote.spans", lambda _, **__: [])
    monkeypatch.setattr("rtdoctor.privacy.blot.spans", lambda _, **__: [])
    leaky = [output for output in write_all(command, place, secret.text).values() if traces(secret, output)]
    assert leaky, "a writer may be terse, but not one of them shows what a server said"
    monkeypatch.undo()
    keep([secret.one.secret])
    for output in leaky:
        through = io.StringIO()
        stream = Guarded(through)
        stream.write(output)
        assert stream.masked
        assert traces(secret, through.getvalue()) is None


@pytest.mark.parametrize("encoding", list(ENCODINGS))
def test_the_search_for_traces_finds_every_writing(encoding):
    for seed in range(20):
        one = canary(("key", "bearer", "secret")[seed % 3], random.Random(seed))
        secret = planted(one, encoding, seed)
        assert traces(secret, f"before {secret.text} after"), (secret, encoding)


# --- what a terminal would obey ---------------------------------------------------------------------------------------

HOSTILE = st.one_of(
    st.sampled_from(
        (
            "[bold red]x[/bold red] [link=http://evil]y[/link] :smile:",
            "\x1b]0;owned\x07\x1b[2J\x1b[31m",
            "\x9b31mred\x85next\u2028line\u2029",
            "\u202eevil\u2066\u200b\ufeff\u00ad",
            "a\r\nb\tc\x00\x08\x7f",
            "\ud800\udfff\U000e0041\ue000",
        )
    ),
    st.text(st.characters(categories=("Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Lu")), max_size=40),
)


@settings(LEAKS, max_examples=max(100, EXAMPLES // 10))
@given(st.sampled_from(list(WRITERS)), st.sampled_from(list(PLACES)), HOSTILE)
@example("explain", "reason", "\x1b[31m")
def test_no_server_commands_a_terminal(command, place, text):
    for name, output in write_all(command, place, f"x{text}x").items():
        if name == "json":
            assert output.isascii()
        bad = {char for char in output if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs")}
        assert not bad, f"{command} {name}: {place}, {bad}"


# --- what is written to a file ----------------------------------------------------------------------------------------


@settings(LEAKS, max_examples=max(50, EXAMPLES // 100))
@given(st.sampled_from(list(PLACES)), st.sampled_from(KINDS), st.integers(0, len(ENCODINGS) - 1), st.integers(0, 2**32))
def test_a_migrated_stream_holds_no_canary(tmp_path_factory, place, kind, encoding, seed):
    from rtdoctor.cli.commands.validate import migrated
    from rtdoctor.engine.validate import validate_file
    from rtdoctor.files import writing

    secret = drawn(kind, encoding, seed)
    if not (secret.one.known or kind.partition(":")[2]):
        return  # in data that goes on to be used opaque text stands
    target = tmp_path_factory.getbasetemp() / "migrated.jsonl"
    target.unlink(missing_ok=True)
    with writing(target) as write:
        validate_file("x", io.BytesIO(recording(place, secret.text)), sink=migrated(write, []))
    assert traces(secret, target.read_text("utf-8")) is None
    assert target.stat().st_mode & 0o777 == 0o600
