"""The lines of a tape as they come, in the terminal: connections, the last events, counts, latencies, findings.

On a terminal the picture is drawn anew a few times a second; elsewhere it is printed once, at the end.
"""

import json
import statistics
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TextIO

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rtdoctor.model.event import parse_event
from rtdoctor.model.plural import plural
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.quote import quote_start
from rtdoctor.report.console import console

_EVENTS, _CONNECTIONS, _FINDINGS, _TURNS = 12, 8, 8, 1_000
_WIDE = 100  # characters of a note
_HELD = (
    70_000  # characters of a text that are held, of which the first are shown: what they are quoted by may be behind
)
_TOLD_OF_FINDINGS = ("level", "id", "text", "remedy")
_COLOURS = {"error": "red", "warning": "yellow", "client": "blue", "server": "green"}


@dataclass(slots=True)
class _Connection:
    url: str = ""
    state: str = "open"
    wrong: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    asked: dict[str, float] = field(default_factory=dict)  # what waits for its answer, since when
    speech_to_delta: deque[float] = field(default_factory=lambda: deque(maxlen=_TURNS))
    create_to_audio: deque[float] = field(default_factory=lambda: deque(maxlen=_TURNS))


@dataclass(frozen=True, slots=True)
class _Event:
    """One of the last events, as much of it as is shown."""

    kind: str
    number: str
    side: str
    at: float | None
    name: str
    note: str


class LiveTerminal:
    """Takes lines of a tape, from any thread, and shows them until the block ends; what they say is quoted."""

    def __init__(self, out: TextIO) -> None:
        self._console = console(out)
        self._connections: dict[int, _Connection] = {}
        self._events: deque[_Event] = deque(maxlen=_EVENTS)
        self._findings: deque[dict[str, str]] = deque(maxlen=_FINDINGS)
        self._found, self._to = 0, ""
        self._lock = threading.Lock()
        self._live = Live(
            console=self._console,
            get_renderable=self._picture,
            refresh_per_second=4,
            transient=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()
        else:
            self._console.print(self._picture())

    def say(self, text: str) -> None:
        """Print a text that stays, above the picture."""
        self._console.print(Text(clean(text)), soft_wrap=True)

    def take(self, line: Mapping[str, Any]) -> None:
        """Take a line. Nothing is drawn here, so that who gives it does not wait."""
        with self._lock:
            if "tape" in line:
                self._to = _held(line.get("to", ""))
                return
            number = line.get("connection")
            if number is None and line.get("kind") == "problem":  # of the file, and of no connection
                self._events.append(_event_of(line, "problem", "problem", line.get("text")))
                return
            connection = self._connections.setdefault(number if isinstance(number, int) else 0, _Connection())
            if len(self._connections) > 10 * _CONNECTIONS:
                del self._connections[next(iter(self._connections))]
            kind = _held(line.get("kind"))
            name, note = _take(connection, kind, line)
            if kind == "finding":
                self._findings.append({name: _held(line.get(name) or "") for name in _TOLD_OF_FINDINGS})
                self._found += 1
            elif not name.endswith((".append", "audio.delta")):
                self._events.append(_event_of(line, kind, name, note))

    def _picture(self) -> Group:
        with self._lock:
            parts: list[Any] = [Text(_shown(self._to), style="bold")] if self._to else []
            parts.append(self._table())
            parts += [
                Text(f"#{number} asked {_shown(one.url.partition('://')[2].partition('/')[2], _WIDE)}", style="dim")
                for number, one in self._last()
                if one.url
            ]
            parts += [_shown_event(event) for event in self._events]
            if self._found:
                parts.append(Text(f"\n{plural(self._found, 'finding')}", style="bold"))
            for finding in self._findings:
                level = finding["level"] if finding["level"] in ("error", "warning") else "info"
                line_of_finding = f"{level:7} {_shown(finding['id'])}: {_shown(finding['text'], 300)}"
                parts.append(Text(line_of_finding, style=_COLOURS.get(level, "")))
                if finding["remedy"]:
                    parts.append(Text(f"        → {_shown(finding['remedy'], 300)}"))
            return Group(*parts)

    def _last(self) -> list[tuple[int, _Connection]]:
        return list(self._connections.items())[-_CONNECTIONS:]

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for head in ("#", "state", "client", "server", "errors", "speech→delta", "create→audio"):
            table.add_column(head, no_wrap=True)
        for number, one in self._last():
            table.add_row(
                str(number),
                Text(_shown(one.state, 30), style="red" if one.wrong else "green" if one.state == "open" else ""),
                *(f"{one.counts[side]:,}" for side in ("client", "server", "error")),
                _median(one.speech_to_delta),
                _median(one.create_to_audio),
            )
        return table


def _take(one: _Connection, kind: str, line: Mapping[str, Any]) -> tuple[str, str]:
    """The connection brought up to date; name and note of what the line tells."""
    match kind:
        case "request":
            one.url, one.state = _held(line.get("url", "")), "connecting"
            return "handshake", one.url
        case "answer":
            status = _held(line.get("status"))
            one.wrong = status != "101"
            one.state = "open" if status == "101" else f"refused {status}"
            return f"HTTP {status}", _held(line.get("reason", ""))
        case "fault":
            one.wrong, one.state = True, "no answer"
            return "fault", _held(line.get("text", ""))
        case "close":
            code = _held(line.get("code"))
            if not one.state.startswith("closed"):  # the second one is the other side's echo
                one.state = f"closed {code}"
                one.wrong = code not in ("None", "1000", "1001")
            return "close", f"{code} {_held(line.get('reason', ''))}"
        case "end":
            if one.state == "open":
                one.state = f"ended: {_held(line.get('how'))}"
            return "end", f"{_held(line.get('how'))} by {_held(line.get('by'))}"
        case "text":
            return _take_event(one, line)
    return kind, _held(line.get("text", ""))


def _take_event(one: _Connection, line: Mapping[str, Any]) -> tuple[str, str]:
    side, data, at = line.get("from"), line.get("data"), line.get("t")
    if side in ("client", "server"):
        one.counts[side] += 1
    event = parse_event(data if isinstance(data, str) else None)
    name = event.get("type") if event else None
    if event is None or not isinstance(name, str):
        return "no event", _held(data)
    if name == "error":
        one.counts["error"] += 1
    if isinstance(at, int | float):
        _measure(one, name, float(at))
    return _held(name), _note(event)


def _measure(one: _Connection, name: str, at: float) -> None:
    if name.endswith(("speech_stopped", "input_audio_buffer.commit")):
        one.asked["speech"] = at
    elif name == "response.create":
        one.asked["create"] = at
    elif name.endswith(".delta"):
        if (since := one.asked.pop("speech", None)) is not None:
            one.speech_to_delta.append(at - since)
        if name.endswith("audio.delta") and (since := one.asked.pop("create", None)) is not None:
            one.create_to_audio.append(at - since)


def _note(event: Mapping[str, Any]) -> str:
    error, response = event.get("error"), event.get("response")
    if isinstance(error, dict):
        return f"{_held(error.get('code') or error.get('type'))} {_held(error.get('message'))}"
    if isinstance(response, dict):
        return _held(response.get("status", ""))
    words = next((event[name] for name in ("transcript", "text", "delta", "arguments") if event.get(name)), "")
    return _held(words if isinstance(words, str) else json.dumps(words))


def _held(value: object) -> str:
    """The text of a value, as much of it as what is shown is quoted by."""
    return (value if isinstance(value, str) else str(value))[:_HELD]


def _event_of(line: Mapping[str, Any], kind: str, name: str, note: object) -> _Event:
    at = line.get("t")
    side, number = _held(line.get("from")), _held(line.get("connection", ""))
    return _Event(kind, number, side, float(at) if isinstance(at, int | float) else None, name, _held(note))


def _shown_event(event: _Event) -> Text:
    clock = f"{event.at:9.3f}" if event.at is not None else " " * 9
    arrow = {"client": "→", "server": "←"}.get(event.side, " ")
    wrong = event.name == "error" or event.kind in ("fault", "problem")
    style = "red" if wrong else _COLOURS.get(event.side, "")
    place = _shown(event.number) if event.number else ""
    return Text.assemble(f"{clock} #{place} ", (f"{arrow} {_shown(event.name, 60)}", style), f" {_shown(event.note)}")


def _median(times: deque[float]) -> str:
    return f"{statistics.median(times) * 1000:,.0f} ms ({len(times)})" if times else "–"


def _shown(value: object, most: int = _WIDE) -> str:
    text = quote_start(str(value), most + 1)
    return clean(text[:most]) + "…" * (len(text) > most)
