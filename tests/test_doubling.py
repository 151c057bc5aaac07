"""What is twice as long takes at most 2.5 times as long, in every step that meets what comes from outside."""

import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from rtdoctor.diagnose.describe import tell
from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.diagnose.text.patterns import patterns
from rtdoctor.engine.validate import validate_file
from rtdoctor.knowledge.causes import causes
from rtdoctor.model.event import why_no_event
from rtdoctor.model.exchange import Answer, Exchange, Frame, Request
from rtdoctor.protocol.migrate import migrate
from rtdoctor.protocol.shapes import judge_shape
from rtdoctor.recording.stream import read_stream
from rtdoctor.scenario.load import BadScenario, load_file
from rtdoctor.wire.http import MOST_BODY
from rtdoctor.wire.session import MOST_FRAMES
from tests.doubling import assert_linear, seconds

# What is said again and again in a text. Each stands for the quantifiers and searches that it would lead astray.
TEXTS = {
    "one long word": "a",
    "passwords and a letter of another alphabet": "pwd:a é ",
    "passwords and brackets": "password=$a<b>{c} ",
    "blanks": " ",
    "line breaks": "\n",
    "quotes": '"',
    "escaped quotes": '\\"',
    "backslashes": "\\",
    "brackets": "{[",
    "closed brackets": "{}[]",
    "addresses": "://",
    "sockets": "wss://",
    "sockets of realtime": "wss://h/realtime?",
    "error": "error",
    "errors": "error: ",
    "codes that open": '"code":"',
    "codes": '"code": "x", "type": "x_error", ',
    "codes escaped": '\\"code\\": \\"x\\", ',
    "messages": "'message': '",
    "error codes": "invalid_api_key ",
    "error codes of a reason": "x_error.invalid_model ",
    "statuses": "HTTP/1.1 403\n",
    "statuses in one line": "HTTP/1.1 403 ",
    "status lines": "\nHTTP/1.1 403 Forbidden\na: b\n\n",
    "headers": "HTTP/1.1 403\n" + "x-a: b\n" * 8,
    "numbers": "403 ",
    "numbers in a word": "4031",
    "sizes": "status 403 ms ",
    "closes": "closed ",
    "closes of something": "close the ",
    "close codes": "closed 4000 ",
    "close events": "CloseEvent isTrusted ",
    "escape sequences": "\x1b[",
    "colours": "\x1b[0m",
    "secrets": "Authorization: Bearer x",
    "letters beyond ASCII": "é",
    "halves of characters": "\ud800",
    "comments": "// wss://h/realtime ",
    "fields": '"modalities" ',
    "pages": "<style><!--<",
    "certificates": "certificate verify failed: ",
    "lines of a log": "2026-11-22 10:00:00,123 DEBUG took 403 items, type=response.done\n",
}


@pytest.mark.heavy
@pytest.mark.parametrize("said", TEXTS.values(), ids=TEXTS)
def test_explain(said: str) -> None:
    assert_linear(lambda n: (said * (n * 1024 // len(said)))[: n * 1024], lambda text: explain([text]))


@pytest.mark.heavy
@pytest.mark.parametrize("joint", ["\n", " ", ""], ids=["lines", "words", "one word"])
def test_explain_of_everything_that_is_known(joint: str) -> None:
    every = joint.join(pattern.gives["example"] for pattern in patterns())
    assert_linear(lambda n: (every * (n * 64 // len(every) + 1))[: n * 64], lambda text: explain([text]), start=2048)


@pytest.mark.heavy
def test_a_window_is_explained_in_a_bounded_time_whatever_it_holds() -> None:
    for name, said in TEXTS.items():
        text = (said * ((1 << 16) // len(said) + 1))[: 1 << 16]
        assert seconds(lambda text: explain([text]), text) < 3, name  # some 50 ms where it was written


def event(**fields: Any) -> dict[str, Any]:
    return {"type": "session.updated", "event_id": "event_1", "session": {"type": "realtime"}} | fields


RECORDINGS: dict[str, Callable[[int], bytes]] = {
    "lines": lambda n: b'{"type": "session.updated", "event_id": "event_1", "session": {}}\n' * n,
    "types that nobody knows": lambda n: b"".join(b'{"type": "x.%d"}\n' % number for number in range(n)),
    "fields that nobody knows": lambda n: json.dumps(event(**{f"field_{number}": 1 for number in range(n)})).encode(),
    "a long type": lambda n: b'{"type": "' + b"session.a" * n + b'"}',
    "a long id": lambda n: b'{"type": "error", "event_id": "' + b"a" * n + b'"}',
    "escapes": lambda n: b'{"type": "' + b'\\"' * n + b'"}',
    "a log": lambda n: b'10:00:00.5 <- {"type": "session.updated", "session": {}}\n' * n,
    "several in a line": lambda n: b'x {"type": "a.b"}' * n,
    "objects that do not end": lambda n: b'x {"a": {' * n,
    "one object that does not end": lambda n: b'{"a": "b",\n' + b' "c": [1,\n' * n,
    "an object over many lines": lambda n: b'{"type": "a.b",\n' + b' "c": [1],\n' * n + b' "d": 1}',
    "escapes outside strings": lambda n: b'{"a": \\"\n' + b" }\n {\n" * n,
    "escaped braces": lambda n: b'{"a": \\{\n' + b" }\n {\n" * n,
    "braces": lambda n: b"{ " * n,
    "braces in lines": lambda n: b"{\n" * n,
    "closed braces": lambda n: b"{}" * n,
    "quotes": lambda n: b'{"' * n,
    "blanks": lambda n: b"{" + b" " * n,
    "blanks in lines": lambda n: b" \n" * n,
    "an array": lambda n: b"[" + b'{"type": "a.b", "x": [[]]},' * n + b"1]",
    "an array of arrays": lambda n: b"[" + b"[" * n,
    "an array of scalars": lambda n: b"[" + b"1," * n + b"1]",
    "an array with a long text": lambda n: b'["' + b'\\"' * n + b'"]',
    "an array of texts that do not end": lambda n: b'["' + b"a" * n,
    "a HAR file": lambda n: (
        b'{"log": {"entries": [{"_webSocketMessages": ['
        + b'{"type": "send", "time": 1, "opcode": 1, "data": "{\\"type\\": \\"a.b\\"}"},' * n
        + b"]}]}}"
    ),
    "a HAR file of requests": lambda n: b'{"log": {"entries": [' + b'{"request": {"a": ["b"]}},' * n + b"]}}",
    "a packed file": lambda n: gzip.compress(b'{"type": "a.b"}\n' * n),
    "many packed files": lambda n: gzip.compress(b'{"type": "a.b"}\n') * n,
    "prefixes": lambda n: (b"-> <- client to server IN OUT 10:00:00 " * 10 + b'{"type": "a.b"}\n') * n,
    "half of UTF-16": lambda n: b"\xff\xfe" + b"{\x00" * n + b"\x00",
}


def largest(make: Callable[[int], bytes]) -> int:
    """The size that gives 8 MiB: beyond, what takes no time at all is a copy in memory."""
    return (8 << 20) * 64 // max(64, len(make(64)))


@pytest.mark.heavy
@pytest.mark.parametrize("make", RECORDINGS.values(), ids=RECORDINGS)
def test_the_readers_of_recordings(make: Callable[[int], bytes]) -> None:
    assert_linear(make, lambda data: sum(1 for _ in read_stream(io.BytesIO(data))), most=largest(make))


@pytest.mark.heavy
@pytest.mark.parametrize("make", RECORDINGS.values(), ids=RECORDINGS)
def test_validate(make: Callable[[int], bytes]) -> None:
    assert_linear(make, lambda data: validate_file("x", io.BytesIO(data), sink=lambda _: None), most=largest(make))


FRAME = 4 << 20  # bytes; no larger message is taken
FRAMES: dict[str, Callable[[int], str]] = {
    "a long type": lambda n: json.dumps({"type": "eyJaaaaaaaa-" * n}),
    "escapes": lambda n: '{"type": "' + "\\u0041" * n + '"}',
    "no end": lambda n: '{"type": "' + "a" * n,
    "brackets": lambda n: "[" * n,
    "closed brackets": lambda n: '{"type": "error", "error": [' + "[]," * n + "1]}",
    "digits": lambda n: '{"type": "error", "a": ' + "1" * n + "}",
    "fields": lambda n: json.dumps({"type": "error"} | {f"f{number}": number for number in range(n)}),
    "names twice": lambda n: "{" + '"a": 1, ' * n + '"type": "error"}',
    "a long message": lambda n: json.dumps({"type": "error", "error": {"message": "a " * n, "code": "b" * n}}),
    "a long session": lambda n: json.dumps(
        {
            "type": "session.created",
            "session": {"type": "t" * n, "audio": {"input": {"transcription": {"model": "m" * n}}}},
        }
    ),
    "a long transcript": lambda n: json.dumps({"type": "x.transcription.completed", "transcript": " a" * n}),
    "quotes": lambda n: '"' * n,
}


def exchange(frames: list[str]) -> Exchange:
    return Exchange(
        Request("wss://h/v1/realtime", "/realtime"),
        answer=Answer(101, "", (), b"", 1.0),
        frames=tuple(Frame(0.1, "server", "text", text, len(text)) for text in frames),
    )


@pytest.mark.heavy
@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_an_exchange_is_distilled_and_told(make: Callable[[int], str]) -> None:
    assert_linear(lambda n: exchange([make(n)]), lambda heard: tell(distil(heard)), most=FRAME // len(make(1)))


@pytest.mark.heavy
@pytest.mark.parametrize("text", [make(2) for make in FRAMES.values()], ids=FRAMES)
def test_an_exchange_of_many_frames_is_distilled_and_told(text: str) -> None:
    assert_linear(lambda n: exchange([text] * n), lambda heard: tell(distil(heard)), most=MOST_FRAMES)


@pytest.mark.heavy
@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_why_a_frame_is_no_event(make: Callable[[int], str]) -> None:
    assert_linear(make, why_no_event, most=FRAME // len(make(1)))


@pytest.mark.heavy
@pytest.mark.parametrize("said", ["<", "<style>", "<!--", "<a href='", "</style", "a ", "<script></script>"])
def test_a_page_is_told_by_its_words(said: str) -> None:
    def told(body: bytes) -> object:
        refused = Answer(403, "", (("Server", "x"), ("Location", "y" * len(body))), body, 1.0)
        return tell(distil(Exchange(Request("wss://h/v1/realtime", "/realtime"), answer=refused)))

    assert_linear(lambda n: (said * n).encode(), told, most=MOST_BODY // len(said))


SHAPES: dict[str, Callable[[int], object]] = {
    "a long type": lambda n: {"type": "session.update" * n},
    "a long name": lambda n: event(**{"sessio" * n: 1}),
    "many names": lambda n: event(**{f"sessionn{number}": 1 for number in range(n)}),
    "many names inside": lambda n: event(session={f"typ{number}": 1 for number in range(n)}),
    "many texts that are no event": lambda n: event(session={"type": "realtime", "output_modalities": ["x"] * n}),
    "many parts": lambda n: {
        "type": "conversation.item.added",
        "event_id": "e",
        "item": {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_tex", "x": number} for number in range(n)],
        },
    },
    "a long value": lambda n: event(session={"type": "realtim" * n}),
    "no object": lambda n: ["a"] * n,
}


@pytest.mark.heavy
@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES)
def test_a_shape_is_judged(make: Callable[[int], object]) -> None:
    assert_linear(make, lambda value: judge_shape(value, "server"), most=FRAME // len(json.dumps(make(1))))


@pytest.mark.heavy
def test_an_event_is_migrated() -> None:
    assert_linear(lambda n: event(type="session.update", session={f"field{i}": i for i in range(n)}), migrate)
    parts = [{"type": "text"}]
    assert_linear(lambda n: {"type": "x", "item": {"role": "assistant", "content": parts * n}}, migrate)


SCENARIO = '[[scenario]]\nid = "mine.one"\ntitle = "{}"\n{}\n'
FILES: dict[str, Callable[[int], str]] = {
    "a long title": lambda n: SCENARIO.format("a" * n, ""),
    "a long id": lambda n: SCENARIO.format("a", "").replace("mine.one", "a.b-" * n),
    "a long name": lambda n: "a." * n + "a = 1",
    "a long name in quotes": lambda n: '"! ".' * n + "a = 1",
    "names that are nearly too long": lambda n: "".join(f"{'a.' * 98}b{number} = 1\n" for number in range(n)),
    "dots and quotes": lambda n: '\'".".' * n,
    "dots": lambda n: "." * n,
    "brackets": lambda n: "a = " + "[" * n,
    "tables": lambda n: "[[scenario]]\nid = 1\n" * n,
    "names": lambda n: "".join(f"a{number} = 1\n" for number in range(n)),
    "escapes": lambda n: 'a = "' + "\\n" * n + '"',
    "digits": lambda n: "a = " + "1" * n,
    "headers": lambda n: SCENARIO.format("a", "handshake.headers = { a = '" + "b\t" * n + "' }"),
    "bytes": lambda n: SCENARIO.format("a", "step = [ { binary = '" + "0a" * n + "x' } ]"),
    "a path": lambda n: SCENARIO.format("a", "handshake.path = '" + "/a" * n + "!'"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_a_scenario_file_is_read(make: Callable[[int], str], tmp_path: Any) -> None:
    file, known = tmp_path / "a.toml", frozenset(causes())

    def read(text: str) -> None:
        file.write_text(text)
        with pytest.raises(BadScenario):
            load_file(file, known)

    assert_linear(make, read, most=(1 << 20) * 64 // len(make(64)))  # no more than a file may hold
