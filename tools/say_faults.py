"""The faults that clients meet: those of tests/hostile/faults.py that a client can show, and the mock's refusals."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.cli.commands.test_check import serving as serving_mock
from tests.engine.test_confusion import FATAL
from tests.hostile.faults import FAULTS
from tests.hostile.servers import Met

# Left out, each with its reason.
LEFT_OUT = {
    "dns.family": "a flag of rtdoctor decides about it",
    "http.endless-body": "a flood, which would measure the machine",
    "ws.deep-json": "a client hands on what a frame holds",
    "ws.long-number": "a client hands on what a frame holds",
    "ws.nan": "a client hands on what a frame holds",
    "ws.duplicate-keys": "a client hands on what a frame holds",
    "ws.no-session": "a client hands on what a frame holds",
    "ws.no-update": "a client hands on what a frame holds",
    "ws.pings": "to a client the same as ws.silent",
    "ws.deaf-pings": "to a client the same as ws.silent",
}
# Refusals of the mock that no row of faults.py makes.
_REFUSALS = (
    "rest-path",
    "call-unknown",
    "missing-credential",
    "expired-secret",
    "no-credit",
    "beta-retired",
    "transcription-model",
    "unknown-model",
    "retired-model",
    "session-expired",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A fault that clients meet: its id, what is wrong, the cause (None: nothing is), and what makes it."""

    id: str
    what: str
    cause: str | None
    make: Callable[[Path], AbstractContextManager[Met]]


def rows() -> list[Row]:
    """All rows, the healthy one first."""
    found = [Row("healthy", "nothing is wrong", None, _healthy)]
    for fault in FAULTS:
        if fault.cause is None or fault.warns or fault.id.endswith(".flag") or fault.id in LEFT_OUT:
            continue
        found.append(Row(fault.id, fault.what, fault.cause, fault.make))
    refusals = (
        Row(f"mock.{name}", f"the mock refuses: {name}", FATAL[name], partial(_refusing, name=name))
        for name in _REFUSALS
    )
    return [*found, *refusals]


@contextmanager
def _healthy(_place: Path) -> Iterator[Met]:
    with serving_mock() as mock:
        yield Met(mock.base_url)


@contextmanager
def _refusing(_place: Path, name: str) -> Iterator[Met]:
    with serving_mock(faults={"open-transcription": name, "open-realtime": name}) as mock:
        yield Met(mock.base_url)
