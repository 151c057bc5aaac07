"""`rtdoctor explain --follow FILE`: tells of each cause when the growing log first shows it."""

import codecs
import sys
import threading
from dataclasses import replace
from pathlib import Path

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.engine.beta_rewriting import current
from rtdoctor.knowledge.causes import UNKNOWN
from rtdoctor.model.explanation import Explanation
from rtdoctor.privacy.errors import Usage
from rtdoctor.report.explain_terminal import show

_PAUSE = 0.25  # seconds between two looks at the file
_CHUNK = 1 << 20  # bytes that are read at once
_CONTEXT = 4_096  # characters of what was read before that are looked at again: an answer and its close are one attempt


def follow(path: Path) -> int:
    """Read a log from its beginning, and go on as it grows, until an interrupt; the exit code comes back: 130.

    A cause is told once. A log that was cut or replaced is read from its beginning.

    Raises:
        Usage: the file cannot be read.
    """
    stop = threading.Event()
    known_causes: set[str] = set()
    with process.on_interrupt(stop.set):
        exits.say(f"following {path.name}; Ctrl-C ends it", 0)
        place, before, decoder = 0, "", codecs.getincrementaldecoder("utf-8")("replace")
        while not stop.is_set():
            data, place, anew = _grown(path, place)
            if anew:
                before = ""
                decoder.reset()
            if not data:
                stop.wait(_PAUSE)
                continue
            text = before + decoder.decode(data)
            _tell(explain([text], current()), known_causes)
            before = text[-_CONTEXT:]
            before = before[before.find("\n") + 1 :]
    return process.exit_code(exits.OK)


def _grown(path: Path, place: int) -> tuple[bytes, int, bool]:
    """What came after a place, the place after it, and whether the log began anew. Half a line is left for later."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            anew = size < place
            file.seek(0 if anew else place)
            data = file.read(_CHUNK)
    except OSError as error:
        raise Usage("{}: {}", path, error) from error
    whole = data.rfind(b"\n") + 1
    data = data[:whole] if whole else data if len(data) == _CHUNK else b""
    return data, (0 if anew else place) + len(data), anew


def _tell(explained: Explanation, known_causes: set[str]) -> None:
    new = [finding for finding in explained.findings if finding.cause not in (UNKNOWN, *known_causes)]
    known_causes.update(finding.cause or "" for finding in new)
    if new:
        with process.telling():
            show(replace(explained, findings=tuple(new), healthy=False), sys.stdout)
            sys.stdout.write("\n")
