"""What `rtdoctor mock` says of its clients: a line a connection, every event with -v, and a summary at the end."""

import queue
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from rtdoctor.model.event import too_many_values
from rtdoctor.model.plural import plural
from rtdoctor.privacy.clean import one_line
from rtdoctor.privacy.quote import quote, quote_start
from rtdoctor.recording.tape import shown_url

_MOST_WAITING = 2_000  # lines that wait for who reads standard output
_MOST_SHOWN = 160  # characters of a text from outside
_MOST_FINDINGS = 20  # of one connection
_MOST_KEPT = 1_000  # different findings that are known of all connections
_MOST_SUMMED = 12  # findings in the summary
_MOST_PARSED = 64 << 10  # characters of an event that is looked into for a word about it
_PATIENCE = 1.0  # seconds that standard output is waited for at the end
_MANY = ("input_audio_buffer.append", ".delta")  # told as one line with their number


class Printer:
    """Prints lines from a thread of its own: a terminal that is held, or a pipe that nobody reads, stops no client.
    What does not fit is counted, and told."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        self._missed = 0
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def say(self, line: str) -> None:
        """Print it, soon."""
        try:
            if self._missed:
                self._lines.put_nowait(f"({self._missed} lines are left out: nobody read them in time)")
                self._missed = 0
            self._lines.put_nowait(line)
        except queue.Full:
            self._missed += 1

    def finish(self) -> bool:
        """Print what waits. False when it is not read in time; the thread then holds standard output."""
        with suppress(queue.Full):
            self._lines.put(None, timeout=_PATIENCE)
        self._thread.join(_PATIENCE)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            while (line := self._lines.get()) is not None:
                print(line, flush=self._lines.empty())
            sys.stdout.flush()
        except (OSError, ValueError):  # nobody reads any more: there is nobody to tell
            while self._lines.get() is not None:
                pass


@dataclass(slots=True)
class _Seen:
    """What is known of one open connection."""

    name: str
    asked: str = ""
    answered: str = ""
    opened: bool = False
    began: float = 0.0
    sent: Counter[str] = field(default_factory=Counter)
    close: str = ""
    told: set[str] = field(default_factory=set)
    findings: int = 0
    early: list[str] = field(default_factory=list)  # findings that came before the line of the connection itself
    run: tuple[str, str] = ("", "")
    repeated: int = 0


class Teller:
    """Takes the lines of a tape, as `MockServer` gives them, and says them for people."""

    def __init__(self, say: Callable[[str], None], *, verbose: bool = False) -> None:
        self._say, self._verbose = say, verbose
        self._open: dict[int, _Seen] = {}
        self._count: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._quoted: dict[tuple[str, ...], str] = {}

    def __call__(self, line: dict[str, Any]) -> None:
        """Tell of one line."""
        kind, number, t = line["kind"], line["connection"], line["t"]
        if kind == "request":
            self._open[number] = _Seen(*asked(line), began=t)
            return
        seen = self._open.get(number)
        if seen is None:
            return
        if kind == "answer":
            seen.opened = line["status"] == 101
            self._count["opened" if seen.opened else "answered"] += 1
            with_subprotocol = f", subprotocol {line['subprotocol']}" if line.get("subprotocol") else ""
            self._tell(t, seen, f"{seen.asked} → {line['status']}{with_subprotocol}")
            seen.answered = str(line["status"])
            self._tell_early(t, seen)
        elif kind in ("text", "binary", "ping", "pong"):
            self._event(t, seen, line)
        elif kind == "close":
            self._flush(t, seen)
            reason = f" {quote_start(line['reason'], _MOST_SHOWN)}" if line["reason"] else ""
            seen.close = f"{line['code']}{reason}"
            if self._verbose:
                self._tell(t, seen, f"{_arrow(line['from'])} close {seen.close}")
        elif kind == "finding":
            self._finding(t, seen, line)
        elif kind == "end":
            self._end(t, seen, line)
            del self._open[number]

    def summary(self, without: str = "") -> Iterator[str]:
        """What there was in all, for the end; findings of the id `without` are told elsewhere."""
        opened, answered = self._count["opened"], self._count["answered"]
        if not opened + answered:
            yield "No client came."
            return
        yield (
            f"{plural(opened, 'socket')} opened, {plural(answered, 'other answer')}; "
            f"{self._count['client']} events from clients, {self._count['server']} to them."
        )
        findings = [(told, times) for told, times in self._found.most_common() if f" {without}: " not in told[:80]]
        for told, times in findings[:_MOST_SUMMED]:
            yield one_line(f"  {times}× {told}")
        if len(findings) > _MOST_SUMMED:
            yield f"  and {len(findings) - _MOST_SUMMED} others"

    def _tell(self, t: float, seen: _Seen, text: str) -> None:
        self._say(one_line(f"{t:9.3f} {seen.name:>3} {text}"))

    def _event(self, t: float, seen: _Seen, line: dict[str, Any]) -> None:
        side = line["from"]
        if line["kind"] in ("text", "binary"):
            self._count[side] += 1
            seen.sent[side] += 1
        if not self._verbose:
            return
        name, word = _described(line)
        if (side, name) == seen.run:
            seen.repeated += 1
            return
        self._flush(t, seen)
        seen.run = (side, name) if name.endswith(_MANY) else ("", "")
        self._tell(t, seen, f"{_arrow(side)} {name}{word}")

    def _flush(self, t: float, seen: _Seen) -> None:
        if seen.repeated:
            side, name = seen.run
            self._tell(t, seen, f"{_arrow(side)} {name} ({seen.repeated} more)")
        seen.run, seen.repeated = ("", ""), 0

    def _finding(self, t: float, seen: _Seen, line: dict[str, Any]) -> None:
        shown = self._shown(line["level"], line["id"], line["text"], line.get("remedy") or "")
        if shown in self._found or len(self._found) < _MOST_KEPT:
            self._found[shown] += 1
        seen.findings += 1
        first = shown not in seen.told
        if seen.findings <= _MOST_FINDINGS:
            seen.told.add(shown)
        if self._verbose or (first and seen.findings <= _MOST_FINDINGS):
            if not seen.answered:
                seen.early.append(shown)
                return
            self._flush(t, seen)
            self._tell(t, seen, f"  {shown}")

    def _tell_early(self, t: float, seen: _Seen) -> None:
        for told in seen.early:
            self._tell(t, seen, f"  {told}")
        seen.early.clear()

    def _shown(self, *finding: str) -> str:
        """A finding as it may be shown; the same one comes many times from a client that does not stop."""
        if finding not in self._quoted:
            level, ident, text, remedy = finding
            more = f" ({quote_start(remedy, _MOST_SHOWN)})" if remedy else ""
            shown = f"{level} {ident}: {quote_start(text, 2 * _MOST_SHOWN)}{more}"
            if len(self._quoted) >= _MOST_KEPT:
                return shown
            self._quoted[finding] = shown
        return self._quoted[finding]

    def _end(self, t: float, seen: _Seen, line: dict[str, Any]) -> None:
        self._flush(t, seen)
        if not seen.answered:
            self._tell(t, seen, f"{seen.asked} → no answer")
            self._tell_early(t, seen)
        if not seen.opened:
            return
        by = "the client" if line["by"] == "client" else "the mock"
        how = {"close": f"closed by {by}: {seen.close}", "stopped": "stopped with the mock"}.get(
            line["how"], f"gone without a close frame, {'by RST, ' if line['how'] == 'reset' else ''}at {by}'s side"
        )
        counts = f"{seen.sent['client']} events from it, {seen.sent['server']} to it"
        self._tell(t, seen, f"{how} after {t - seen.began:.1f} s; {counts}")


def asked(line: dict[str, Any]) -> tuple[str, str]:
    """The name of a connection, and what was asked on it."""
    headers = {name.lower(): value for name, value in line["headers"]}
    url = _shown_url(line["url"])
    path = "/" + url.split("://", 1)[-1].partition("/")[2]
    who = quote_start(headers.get("user-agent", "no User-Agent"), 60)
    if "socket" not in line:
        return "", f"{quote(line['method'][:20])} {path[:500]} by {who}"
    offered = line.get("subprotocols") or []
    by = [] if "authorization" not in headers else ["Authorization"]
    by += ["a subprotocol"] if any("api-key" in name for name in offered) else []
    sent = f"key in {' and '.join(by)}" if by else "no key"
    beta = ", OpenAI-Beta" if "openai-beta" in headers else ""
    return f"#{line['socket']}", f"upgrade {path[:500]} by {who}, {sent}{beta}"


@lru_cache(maxsize=256)
def _shown_url(url: str) -> str:
    """A URL as it may be shown: clients ask the same one many times, and the mock learns no secret while it runs."""
    return shown_url(url)


def _arrow(side: str) -> str:
    return "←" if side == "client" else "→"


def _described(line: dict[str, Any]) -> tuple[str, str]:
    """The name of what came, and a word about it."""
    if line["kind"] != "text":
        return line["kind"], f" {len(line['base64']) * 3 // 4} bytes"
    data = line["data"]
    if len(data) > _MOST_PARSED:
        head = data[:200].partition('"type"')[2].partition('"')[2].partition('"')[0]
        return quote_start(head or "a message", 60), f" {len(data)} characters"
    try:
        event = None if too_many_values(data.encode("utf-8", "replace")) else orjson.loads(data)
    except orjson.JSONDecodeError:
        event = None
    if not isinstance(event, dict):
        return "no event", f": {quote_start(data, 60)}"
    return quote_start(str(event.get("type")), 80), _word(event)


def _word(event: dict[str, Any]) -> str:
    error = event.get("error")
    if isinstance(error, dict):
        return f": {quote_start(str(error.get('message')), _MOST_SHOWN)}"
    for holder in (event, event.get("session"), event.get("item"), event.get("response")):
        if isinstance(holder, dict):
            for key in ("transcript", "text", "name", "status", "model", "role"):
                if isinstance(value := holder.get(key), str) and value:
                    return f": {key} {quote_start(value, 80)}"
    return ""
