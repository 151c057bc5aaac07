"""What a proxy saw, for a terminal: a line for each thing as it passes (`live`), and the summary at the end."""

from collections.abc import Mapping
from typing import Any, TextIO

import orjson
from rich.text import Text

from rtdoctor.model.plural import plural
from rtdoctor.model.watched import Passed, Watched
from rtdoctor.privacy.clean import clean, one_line
from rtdoctor.privacy.quote import quote_start
from rtdoctor.report.console import console as console_on
from rtdoctor.report.digest import verdict_line
from rtdoctor.report.digests import digest

_MOST_SHOWN, _MOST_EVENTS, _MOST_TEXT = 20, 8, 300
_WORDS = {"pass": "ok", "warn": "warn", "fail": "FAIL", "inconclusive": "?", "skip": "-"}
_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red", "inconclusive": "yellow", "skip": "dim"}
_ARROWS = {"server": "←", "client": "→"}


def live(line: Mapping[str, Any], *, verbose: bool = False) -> str | None:
    """A line of a tape as a line for people: requests, answers, ends and findings; with `verbose` events, too. None
    where there is nothing to show. Only what is to be done about a finding stands in a second line, of our own."""
    text, remedy = _live(line, verbose), line.get("remedy")
    if text is None or line.get("kind") != "finding" or not remedy:
        return None if text is None else one_line(text)
    return f"{one_line(text)}\n{' ' * len(_place(line))}   fix: {one_line(remedy)}"


def _place(line: Mapping[str, Any]) -> str:
    return f"{line['t']:9.3f} #{line['connection']}"


def _live(line: Mapping[str, Any], verbose: bool) -> str | None:
    kind = line.get("kind")
    if kind is None:
        return None
    at = _place(line)
    match kind:
        case "request":
            socket = any(name.lower() == "upgrade" for name, _ in line["headers"])
            asked = "socket" if socket else line.get("method", "GET")
            return f"{at} {asked} {quote_start(line['url'], _MOST_TEXT)}"
        case "answer":
            return f"{at} answered {line['status']} {quote_start(line['reason'], 80)}".rstrip()
        case "fault":
            return f"{at} no answer: {quote_start(line['text'], _MOST_TEXT)}"
        case "close":
            reason = f" {quote_start(line['reason'], _MOST_TEXT)}" if line["reason"] else ""
            return f"{at} {_ARROWS[line['from']]} close {line['code'] or 'without a code'}{reason}"
        case "end" if line["how"] != "close":
            how = {"reset": "reset", "eof": "connection ended"}.get(line["how"], "the proxy ended")
            return f"{at} {how}" + (f" by the {line['by']}" if line["how"] in ("reset", "eof") else "")
        case "finding":
            if line["level"] == "info" and not verbose:
                return None
            return f"{at} {line['level'].upper()} {line['id']}: {line['text']}"
        case "text" | "binary" | "ping" | "pong" if verbose:
            return f"{at} {_ARROWS[line['from']]} {_event(line)}"
    return None


def _event(line: Mapping[str, Any]) -> str:
    if line["kind"] != "text":
        return f"({line['kind']})"
    data = line["data"]
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        event = None
    kind = event.get("type") if isinstance(event, dict) else None
    name = quote_start(kind, 80) if isinstance(kind, str) else "(no event)"
    return f"{name}  {len(data)} characters"


def show(watched: Watched, out: TextIO) -> None:
    """Print the summary."""
    console = console_on(out)
    for one in watched.passed[:_MOST_SHOWN]:
        word, style = _WORDS[one.verdict], _STYLES[one.verdict]
        answer = "no answer" if one.status is None else str(one.status)
        what = f"#{one.number} {clean(one.method)} {clean(one.url)}"
        console.print(Text.assemble((f"{word:5}", style), f"{what}  {answer}, {clean(one.ended)}, {one.seconds:.1f} s"))
        if events := _events(one):
            console.print(Text(f"      {events}", "dim"))
        if one.finding and one.finding.cause:
            console.print(Text(f"      {one.finding.cause}: {clean(one.finding.title or one.finding.summary)}"))
            if one.finding.remedy:
                console.print(Text(f"      fix  {clean(one.finding.remedy)}"))
        if wrong := _wrong(one):
            console.print(Text(f"      {wrong}", "yellow"))
    if watched.total > _MOST_SHOWN:
        console.print(Text(f"and {watched.total - _MOST_SHOWN} more, judged and not shown", "bold"))
    for note in watched.notes:
        console.print(Text(clean(note), "yellow"))
    console.print(Text(verdict_line(digest(watched)), "bold"))


def _events(one: Passed) -> str:
    most = sorted(one.events.items(), key=lambda item: -item[1])
    counts = [f"{count} {_ARROWS[sender]} {clean(kind)}" for (sender, kind), count in most[:_MOST_EVENTS]]
    more = len(most) - _MOST_EVENTS
    return ", ".join(counts) + (f" and {more} other types" if more > 0 else "")


def _wrong(one: Passed) -> str:
    counts = [plural(one.severities[name], name) for name in ("error", "warning") if one.severities.get(name)]
    rules = list(dict.fromkeys(violation.rule for violation in one.violations if violation.severity != "notice"))
    return f"{', '.join(counts)} of form and order: {', '.join(rules[:5])}" if counts else ""
