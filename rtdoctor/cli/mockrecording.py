"""`rtdoctor mock --record`: what the mock tells of its clients, on a tape."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtdoctor.files import NotWritten
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote
from rtdoctor.recording.tape import Recorder, open_tape


@contextmanager
def recording(path: Path, to: str, failed: Callable[[str], None]) -> Iterator[Callable[[dict[str, Any]], None]]:
    """What takes the lines that `Mock` tells, and writes them redacted. When the disk is full the mock goes on:
    `failed` is called once, with a sentence.

    Raises:
        Usage: the file cannot be written.
    """
    at, writes = 0.0, True
    try:
        with open_tape(path) as tell:
            recorder = Recorder(tell, by="mock", to=to, clock=lambda: at)

            def hear(line: dict[str, Any]) -> None:
                nonlocal at, writes
                at = line["t"]
                try:
                    if writes:
                        _put(recorder, line)
                except NotWritten as error:
                    writes = False
                    failed(f"--record {error}; nothing more is recorded")

            yield hear
    except NotWritten as error:
        raise Usage("--record {}", error) from error


def _put(recorder: Recorder, line: dict[str, Any]) -> None:
    number, kind = line["connection"], line["kind"]
    headers = [(name, value) for name, value in line.get("headers", ())]
    match kind:
        case "request":
            recorder.request(number, line["url"], headers, line.get("subprotocols", ()), method=line["method"])
        case "answer":
            more = {"subprotocol": line.get("subprotocol"), "body": line.get("body", "")}
            recorder.answer(number, line["status"], line["reason"], headers, **more)
        case "text":
            recorder.text(number, line["from"], line["data"])
        case "binary" | "ping" | "pong":
            recorder.data(number, line["from"], kind, base64.b64decode(line["base64"]))
        case "close":
            recorder.close(number, line["from"], line["code"], line["reason"])
        case "end":
            recorder.end(number, line["by"], line["how"])
        case "finding":
            recorder.finding(number, line["level"], line["id"], quote(line["text"]), quote(line["remedy"] or ""))
