"""Valid examples that the generators begin with: the small files of `corpus/`, and what fixtures and tests hold."""

import gzip
import json
import tomllib
from functools import cache
from pathlib import Path

from rtdoctor.data import folder
from rtdoctor.knowledge.causes import causes
from rtdoctor.model.exchange import Answer, Exchange, Frame, Request
from rtdoctor.model.scenario import Scenario
from rtdoctor.scenario.load import load_folder
from tests.protocol.streams import Script
from tests.recording.reading import EVENTS, har, jsonl, message

CORPUS = Path(__file__).with_name("corpus")


def corpus(name: str) -> list[bytes]:
    """The files of a target."""
    return [file.read_bytes() for file in sorted((CORPUS / name).glob("*")) if file.is_file()]


@cache
def _pasted() -> list[bytes]:
    files = sorted((folder("fixtures") / "texts").glob("*.toml"))
    return [item["text"].encode() for file in files for item in tomllib.loads(file.read_text("utf-8"))["text"]]


def texts() -> list[bytes]:
    """What people paste."""
    return [*_pasted(), *corpus("explain")]


@cache
def _streams() -> list[list[dict[str, object]]]:
    scripts = [
        Script().opened().append(20, 2).turn().transcribed(),
        Script().opened().response().message("resp_1", "item_r", "one", "two").ended().limits(),
        Script()
        .opened()
        .response()
        .spoken("resp_1", "item_s", "x", "y")
        .call("resp_1", "item_c", '{"a"', ":1}", index=1)
        .ended(),
        Script().session(vad=False).response().ended(status="failed"),
    ]
    return [[{"dir": who, "event": event} for who, event, _ in script.lines] for script in scripts]


@cache
def recordings() -> list[bytes]:
    """Recorded streams in every form."""
    bare = [[line["event"] for line in stream] for stream in _streams()]
    forms = [
        *(jsonl(*stream).encode() for stream in (*_streams(), *bare)),
        jsonl({"rtdoctor_recording": 1}, *({"at": 1.5, "dir": "server", "event": event} for event in EVENTS)).encode(),
        json.dumps(bare[0][:6], indent=1).encode(),
        har([message(event) for event in bare[0][:8]]).encode(),
        har([message(event) for event in EVENTS], [message(bare[1][0], "send")]).encode(),
        "".join(f"10:00:00 -> {json.dumps(event, indent=1)}\n" for event in EVENTS).encode(),
        "".join(f"2026-09-18T10:00:0{n} [INFO] recv {json.dumps(event)}\n" for n, event in enumerate(EVENTS)).encode(),
        b"\xff\xfe" + jsonl(*EVENTS).encode("utf-16-le"),
        gzip.compress(jsonl(*EVENTS).encode(), mtime=0),
    ]
    return [*forms, *corpus("validate")]


def hars() -> list[bytes]:
    """HAR files with a socket in them."""
    url = "wss://api.openai.com/v1/realtime?intent=transcription"
    sent = {"type": "session.update", "session": {"type": "transcription"}}
    entry = {
        "_resourceType": "websocket",
        "request": {
            "url": url,
            "headers": [
                {"name": "Authorization", "value": "Bearer sk-proj-abcdefghijklmnop"},
                {"name": ":path", "value": "/v1"},
                {"name": "Sec-WebSocket-Protocol", "value": "realtime, openai-insecure-api-key.ek_abcdefghijkl"},
            ],
        },
        "_webSocketMessages": [message(sent, "send"), message(EVENTS[0])],
    }
    return [
        json.dumps({"log": {"version": "1.2", "entries": [{"request": {}}, entry]}}, indent=1).encode(),
        *corpus("har"),
    ]


def client_events() -> list[bytes]:
    """Client events, alone and one a line."""
    sent = [line["event"] for stream in _streams() for line in stream if line["dir"] == "client"]
    return [
        json.dumps(sent[0]).encode(),
        jsonl(*sent[:4]).encode(),
        json.dumps(sent[0], indent=1).encode(),
        *corpus("events"),
    ]


@cache
def toml() -> list[bytes]:
    """Scenario files: the built-in ones, an entry each, and others."""
    whole = [file.read_bytes() for file in sorted(folder("scenarios").glob("*.toml"))]
    entries = [b"[[scenario]]" + part for file in whole for part in file.split(b"[[scenario]]")[1:]]
    return [*entries, *whole[:2], *corpus("toml")]


def commands() -> list[bytes]:
    """A byte that tells the command, then a text or recording."""
    held = [*_pasted()[:10], *recordings()[:2], b"auth.invalid", b"4000", b"python-openai", b"smoke", b"format"]
    return [bytes([number]) + one for one in held for number in range(13)]


@cache
def exchanges() -> list[bytes]:
    """What servers send, in the form of `product.exchange_of`."""
    found = corpus("frames")
    for stream in _streams():
        marks = {"server": "<", "client": ">"}
        lines = [f"{marks[str(line['dir'])]} {json.dumps(line['event'])}" for line in stream]
        found.append("\n".join(["H 101 Switching Protocols", "h upgrade: websocket", *lines, "* 1000 done"]).encode())
    return found


@cache
def scenarios() -> list[Scenario]:
    """The built-in scenarios."""
    return load_folder(folder("scenarios"), causes())


def healthy() -> Exchange:
    """A session that stands."""
    text = json.dumps(EVENTS[0])
    answer = Answer(101, "Switching Protocols", (("upgrade", "websocket"),), b"", 9.0)
    return Exchange(
        Request("wss://host.example/v1/realtime", "/realtime"),
        answer,
        None,
        (Frame(0.1, "server", "text", text, len(text)),),
        alive=True,
    )
