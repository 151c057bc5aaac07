"""`rtdoctor mock --record`: what the mock tells of its clients, on a tape."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtdoctor.files import NotWritten
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote
from rtdoctor.recording.tape import Recorder, Tell, durable, open_tape


class Taping:
    """Takes the lines that `MockServer` tells, and writes them redacted. When the disk is full the mock goes on:
    `failed` is called once, with a sentence."""

    def __init__(self, tell: Tell, to: str, failed: Callable[[str], None]) -> None:
        self._tell = durable(tell, lambda error: failed(f"--record {error}; nothing more is recorded"))
        self._to, self._at = to, 0.0
        self._recorder: Recorder | None = None

    def begin(self) -> None:
        """The mock listens: the tape begins."""
        self._recorder = Recorder(self._tell, by="mock", to=self._to, clock=lambda: self._at)

    def __call__(self, line: dict[str, Any]) -> None:
        """Write what a line tells."""
        self._at = line["t"]
        if self._recorder is not None:
            _put(self._recorder, line)


@contextmanager
def recording(path: Path, to: str, failed: Callable[[str], None]) -> Iterator[Taping]:
    """A tape of a mock, which has nothing in it before it begins.

    Raises:
        Usage: the file cannot be written, or holds something.
    """
    try:
        with open_tape(path) as tell:
            yield Taping(tell, to, failed)
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
