"""A tape of any content is exported, graded or refused in one sentence, within 200 MB."""

import json
import sys

import pytest

from tests.hostile.spending import MOST_MEMORY, spent
from tests.processes import environment

HEAD = json.dumps({"tape": 1, "by": "proxy", "tool": "x", "started_at": "2026-01-01T00:00:00Z", "to": "ws://h/v1"})


def asked(number, url="ws://h/v1/realtime?model=m", **headers):
    pairs = [["Upgrade", "websocket"], *headers.items()]
    common = {"t": 0.1, "connection": number}
    yield {**common, "kind": "request", "url": url, "headers": pairs, "subprotocols": []}
    yield {**common, "kind": "answer", "status": 101, "reason": "", "headers": pairs, "subprotocol": None, "body": ""}


def text(data, side="server"):
    return {"t": 0.3, "connection": 1, "kind": "text", "from": side, "data": data}


def connections():
    for number in range(100_000):
        yield from asked(number)


def urls():
    for number in range(3_000):
        yield from asked(number, "ws://h/v1/realtime?x=" + "a" * 20_000, X="b" * 20_000)


def values():
    yield from asked(1)
    yield text('{"type":"session.created","session":[' + "{}," * 2_000_000 + "{}]}")


def audio():
    yield from asked(1)
    for _ in range(7):
        yield text(json.dumps({"type": "response.output_audio.delta", "delta": "AAAA" * 2_000_000}))


TAPES = [connections, urls, values, audio]
COMMANDS = [["export", "--as", "har", "--out", "o"], ["export", "--as", "wav", "--out", "o.wav"], ["grade", "--tape"]]


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="measured by /proc")
@pytest.mark.parametrize("made", TAPES, ids=lambda made: made.__name__)
def test_a_tape_takes_no_more_memory_whatever_it_holds(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "a.tape").open("w") as file:
        file.write(HEAD + "\n")
        file.writelines(f"{json.dumps(line)}\n" for line in made())
    for words in COMMANDS:
        done = spent(*words, "a.tape", env=environment(), timeout=30)
        assert done.memory < MOST_MEMORY, words
        assert done.code in (0, 1, 2, 3), words
        assert done.code != 2 or len(done.err.splitlines()) == 1, done.err


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="measured by /proc")
def test_the_terminal_holds_of_its_last_events_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "a.tape").open("w") as file:
        file.write(HEAD + "\n")
        file.writelines(f"{json.dumps(line)}\n" for line in asked(1))
        data = json.dumps({"type": "error", "error": {"message": "\U0001f600" * 2_000_000}}, ensure_ascii=False)
        for _ in range(12):
            file.write(json.dumps(text(data), ensure_ascii=False) + "\n")
    done = spent("view", "--terminal", "a.tape", env=environment(), timeout=30)
    assert done.memory < MOST_MEMORY
    assert done.code == 0, done.err
