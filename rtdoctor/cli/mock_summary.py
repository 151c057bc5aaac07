"""What `rtdoctor mock --report` tells of its clients at the end: gathered line by line, in bounded memory."""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from rtdoctor.cli.mock_clients import asked
from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.faults import Fault
from rtdoctor.model.served import Client, Served, Told
from rtdoctor.privacy.quote import quote_start

_MOST_CLIENTS, _MOST_TOLD, _MOST_OPEN = 100, 50, 1_000
_MOST_TEXT = 320
_ERROR, _HEAD = '"type": "error"', 40  # as the mock writes it


@dataclass(slots=True)
class _Open:
    """A request that is not over."""

    socket: int
    asked: str
    began: float
    answered: str = "no answer"
    close: str = ""
    refused: bool = False  # for good: the error event that follows says the same
    events: Counter[str] = field(default_factory=Counter)
    told: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)


class Summing:
    """Takes the lines of a tape, as `Mock` gives them."""

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._clients: list[tuple[int, _Open, str, float]] = []
        self._counted: Counter[str] = Counter()
        self._began, self._started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")

    def __call__(self, line: dict[str, Any]) -> None:
        """Take one line."""
        kind, number = line["kind"], line["connection"]
        if kind == "request":
            if len(self._open) < _MOST_OPEN:
                _, what = asked(line)
                self._open[number] = _Open(line.get("socket", 0), what, line["t"])
            return
        one = self._open.get(number)
        if one is None:
            return
        match kind:
            case "answer":
                one.answered = str(line["status"])
                if line["status"] >= 400 and not one.refused:
                    self._tell(one, ("warning", f"http.{line['status']}", f"{one.asked} was refused", ""))
            case "text" | "binary":
                one.events[line["from"]] += 1
                if line["from"] == "server" and _ERROR in line.get("data", "")[:_HEAD] and not one.refused:
                    self._tell(one, _refused(line["data"]))
            case "close":
                one.close = f"{line['from']} closed with {line['code']} {quote_start(line['reason'], 160)}".rstrip()
            case "finding":
                one.refused = one.refused or (line["level"] == "error" and line["id"].startswith("mock."))
                self._tell(one, (line["level"], line["id"], line["text"], line.get("remedy") or ""))
            case "end":
                self._end(number, self._open.pop(number), line)

    def served(
        self, listening: str, dialect: str, faults: Sequence[Fault], script: str = "", wrong: Sequence[str] = ()
    ) -> Served:
        """All of it; what `faults` brought is nobody's doing."""
        brought = [name for fault in faults for name in fault.puts.values()]
        brought += ["nothing-to-cancel" for fault in faults if fault.act == "stray-error"]
        meant = {f"mock.{name}" for name in (*brought, *(fault.name for fault in faults))}
        meant |= {f"error.{refusals()[name].code}" for name in brought if name in refusals()}
        clients = [_client(*kept, meant) for kept in self._clients]
        return Served(
            listening=listening,
            dialect=dialect,
            started_at=self._started,
            duration_s=round(time.monotonic() - self._began, 1),
            clients=tuple(clients),
            counted=dict(self._counted + Counter(client.verdict for client in clients)),
            faults=tuple(map(str, faults)),
            script=script,
            wrong=tuple(quote_start(one, 400) for one in wrong),
        )

    def _tell(self, one: _Open, finding: tuple[str, str, str, str]) -> None:
        level, ident, text, remedy = finding
        kept = (level, ident, text[:_MOST_TEXT], remedy[:_MOST_TEXT])
        if kept in one.told or len(one.told) < _MOST_TOLD:
            one.told[kept] += 1

    def _end(self, number: int, one: _Open, line: dict[str, Any]) -> None:
        how = {"close": one.close or "answered", "stopped": "still open"}.get(
            line["how"], f"{line['how']} by the {'client' if line['by'] == 'client' else 'mock'}"
        )
        if len(self._clients) < _MOST_CLIENTS:
            self._clients.append((number, one, how, line["t"]))
        else:
            self._counted[_client(number, one, how, line["t"], ()).verdict] += 1


def _refused(data: str) -> tuple[str, str, str, str]:
    """An error event of the mock as what it says of the client."""
    error = orjson.loads(data)["error"]
    return "error", f"error.{error.get('code') or error.get('type')}", str(error.get("message")), ""


def _client(number: int, one: _Open, how: str, at: float, meant: Collection[str]) -> Client:
    findings = tuple(
        Told(level, ident, quote_start(text, _MOST_TEXT), quote_start(remedy, _MOST_TEXT), times, ident in meant)
        for (level, ident, text, remedy), times in one.told.items()
    )
    return Client(
        number, one.socket, one.asked, one.answered, how, round(at - one.began, 3), dict(one.events), findings
    )
