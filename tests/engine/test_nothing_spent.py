"""Whatever stands in a file, no server can read a billable event in what is sent without leave: looked for by a
generator of texts that are read in more ways than one, with the most careless readers that can be thought of."""

import asyncio
import codecs
import json
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rtdoctor.engine.commandline import BadHandshake, read_event, read_har
from rtdoctor.engine.matrix import run_matrix
from rtdoctor.engine.probe import probe
from rtdoctor.knowledge.causes import causes
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.scenario import FREE_EVENTS
from rtdoctor.scenario.load import BadScenario, load_file
from tests.conftest import bench_on
from tests.listening import Message, recording

# --- servers without care -------------------------------------------------------------------------------------------
_CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "utf-7")


def readings(message: Message) -> set[str]:
    """The types that some server may read in a message."""
    found: set[str] = set()
    for text in _texts(message):
        for plain in {text, text.strip("\ufeff\x00 \t\r\n\v\f"), text.replace("\x00", ""), _without_comments(text)}:
            for pairs_hook in (_last, _first):
                for value in _values(plain, pairs_hook):
                    found |= _types(value)
    return found


def _texts(message: Message) -> Iterator[str]:
    if isinstance(message, str):
        yield message
        return
    for name in _CODECS:
        with suppress(UnicodeError):
            yield message.decode(name)


def _without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def _last(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return pairs


def _first(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return pairs[::-1]


def _values(text: str, hook: Any) -> Iterator[Any]:
    """Every JSON value that stands one after the other in a text; objects as pairs, the one that counts last."""
    decoder = json.JSONDecoder(object_pairs_hook=lambda pairs: ("object", hook(pairs)), strict=False)
    place = 0
    while place < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
            yield value
        except (ValueError, RecursionError):
            place += 1


def _types(value: Any) -> set[str]:
    """The type of an object (or of one in a list), by its exact name, and by every name that is read as it."""
    if isinstance(value, list):
        return {name for item in value for name in _types(item)}
    if not isinstance(value, tuple):
        return set()
    exact, careless = None, None
    for name, held in value[1]:
        exact = held if name == "type" else exact
        careless = held if _careless(name) == "type" else careless
    return {_careless(held) for held in (exact, careless) if isinstance(held, str)}


def _careless(text: str) -> str:
    kept = "".join(char for char in unicodedata.normalize("NFKC", text) if char.isalnum() or char in "._")
    return kept.casefold()


# --- texts ----------------------------------------------------------------------------------------------------------
KINDS = st.sampled_from(
    ("response.create", "session.update", "input_audio_buffer.commit", "input_audio_buffer.append", "Session.Update",
     " response.create", "response.create\x00", "conversation.item.create", "\uff52esponse.create", "")
)  # fmt: skip
NAMES = st.sampled_from(
    ('"type"', '"\\u0074ype"', '"Type"', '"TYPE"', '" type"', '"type\\u0000"', '"\uff54ype"', '"session"', '"response"',
     "type", "'type'", '"ty\\u200bpe"')
)  # fmt: skip
ODD = st.sampled_from(
    ("NaN", "-Infinity", "1e999", "9" * 5000, "[" * 70 + "]" * 70, '{"type": "response.create"}', '"\\ud800"', "1.50",
     '[{"type": "response.create"}]', "null", "{}", "", "/* no */ 1", '"\u2028"')
)  # fmt: skip
MEMBERS = st.one_of(
    st.tuples(NAMES, KINDS.map(json.dumps)).map(": ".join),
    st.tuples(NAMES, KINDS).map(lambda pair: f'{pair[0]}: "{pair[1]}"'),
    st.tuples(NAMES, ODD).map(": ".join),
)
OBJECTS = st.lists(MEMBERS, min_size=1, max_size=4).map(lambda members: "{" + ", ".join(members) + "}")
AROUND = st.sampled_from(
    ("", "\ufeff", "\x00", " ", "\n", "\u00a0", "\u2028", "// x\n", "/* x */", ",", "[", "]", '"', "}", "{",
     '{"type": "session.update"}', '{"type": "response.create"}', "\x1e", "42[", "data: ")
)  # fmt: skip
TEXTS = st.one_of(
    st.tuples(AROUND, OBJECTS, AROUND).map("".join),
    st.tuples(AROUND, OBJECTS, AROUND, OBJECTS, AROUND).map("".join),
    OBJECTS.map(lambda text: text.encode("utf-16-le").decode("latin-1")),
    OBJECTS.map(lambda text: json.dumps(text)),
    OBJECTS.map(lambda text: '{"type": "session.update", "session": ' * 3 + text + "}}}"),
    st.tuples(OBJECTS, st.integers(0, 40)).map(lambda cut: cut[0][cut[1] :]),
)
BYTES = st.tuples(TEXTS, st.sampled_from(_CODECS)).map(lambda pair: pair[0].encode(pair[1], "replace"))


# --- the ways in ----------------------------------------------------------------------------------------------------
ACCEPT = (
    '[[scenario.accept]]\noutcome = { http_status = 101 }\nevidence = "me"\nseen = "2026-11-22"\n'
    'confidence = "inferred"\n'
)


def _quoted(text: str) -> str:
    """A TOML string."""
    return (
        '"' + "".join(f"\\U{ord(char):08x}" if ord(char) < 0xD800 or ord(char) > 0xDFFF else "" for char in text) + '"'
    )


def _har(folder: Path, messages: list[dict[str, Any]]) -> tuple[Any, ...]:
    file = folder / "a.har"
    entry = {"request": {"url": "ws://h.example/v1/realtime", "headers": []}, "_webSocketMessages": messages}
    file.write_text(json.dumps({"log": {"entries": [entry]}}))
    with suppress(BadHandshake):
        return read_har(file).events
    return ()


def events_of(folder: Path, texts: list[str], binary: list[bytes]) -> tuple[Any, ...]:
    """What the files of --send and --har give for these messages."""
    found: list[Any] = []
    for text in texts:
        with suppress(BadHandshake):
            found.append(read_event(text, "--send"))
            found += [read_event(line, "--send") for line in text.split("\n")]
        found += _har(folder, [{"type": "send", "opcode": 1, "data": text}])
    for data in binary:
        encoded = codecs.encode(data, "base64").decode().replace("\n", "")
        found += _har(folder, [{"type": "send", "opcode": 2, "data": encoded}])
    return tuple(found)


def scenarios_of(folder: Path, texts: list[str], binary: list[bytes]) -> list[Any]:
    """What the file of a scenario gives for these messages."""
    steps = [f"{way} = {_quoted(text)}" for text in texts for way in ("send", "text")]
    steps += [f'binary = "{data.hex()}"' for data in binary]
    found: list[Any] = []
    for number, step in enumerate(steps):
        file = folder / "a.toml"
        head = f'[[scenario]]\nid = "mine.n{number}"\ntitle = "n"\n[[scenario.step]]\n{step}\n'
        file.write_text(head + ACCEPT, encoding="utf-8")
        with suppress(BadScenario):
            found += load_file(file, frozenset(causes()))
    return found


async def sent(texts: list[str], binary: list[bytes], *, billable: bool) -> list[Message]:
    """What a server gets of these messages, by every way."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        async with recording() as (base, heard):
            async with bench_on(base, profile="compatible", billable=billable, timeout=5.0) as bench:
                given_here = Handshake(
                    base.replace("http", "ws") + "/realtime", (), (), events_of(folder, texts, binary)
                )
                await probe(bench, given_here, want_fix=False)
                async for _ in run_matrix(bench, scenarios_of(folder, texts, binary), None):
                    pass
            # What no server may know ("Session.Update") is counted as billable, for nobody knows.
            assert bench.ledger.total().billable or not any(readings(message) - FREE_EVENTS for message in heard)
            return heard


EXAMPLE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@EXAMPLE
@given(st.lists(TEXTS, min_size=1, max_size=12), st.lists(BYTES, max_size=2))
@example(['{"type": "session.update", "\uff34ype": "response.create"}'], [b'{"type": "response.create"}'])
@example(['{"type": "session.update"}', '{"type": "response.create"}'], [])
def test_no_reader_finds_a_billable_event_in_what_is_sent_without_leave(texts, binary):
    for message in asyncio.run(sent(texts, binary, billable=False)):
        assert isinstance(message, str)
        assert message == json.dumps(json.loads(message), allow_nan=False)
        assert readings(message) <= FREE_EVENTS


@EXAMPLE
@given(st.lists(TEXTS, min_size=1, max_size=12), st.lists(BYTES, max_size=2))
def test_with_leave_for_events_nothing_is_sent_that_is_read_in_two_ways(texts, binary):
    for message in asyncio.run(sent(texts, binary, billable=True)):
        assert isinstance(message, str)
        assert message == json.dumps(json.loads(message), allow_nan=False)
        assert len(readings(message)) == 1


def test_the_readers_find_what_careful_ones_do_not():
    for text in (
        '{"type": "session.update", "type": "response.create"}',
        '{"type": "response.create", "type": "session.update"}',
        '{"type": "session.update", "Type": "response.create"}',
        '\ufeff{"type": "response.create"}',
        '{"type": " Response.Create\\u0000", "x": NaN}',
        '[{"type": "response.create"}]',
        '/* x */ {"type": /* x */ "response.create"}',
        '{"type": "response.create"}'.encode("utf-16"),
    ):
        assert "response.create" in readings(text)
