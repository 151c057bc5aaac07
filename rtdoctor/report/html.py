"""One self-contained HTML file: the answer first, then the ladder, the matrix, and each exchange to unfold.

It loads nothing and runs no script: the page's own policy forbids both. All text is put in by Jinja2 with autoescape,
after `cut`, and characters beyond ASCII stand as references, so that the file reads alike in every encoding. Exchanges
are shown until the page has its size; how many were left out is told.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from rtdoctor.linear import pattern
from rtdoctor.model.exchange import Exchange
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.plural import plural
from rtdoctor.report.bounded import LONG, block, cut
from rtdoctor.report.digest import LADDER, SCENARIOS, Case, Digest, Group, grouped, rank, wrong_groups
from rtdoctor.report.digests import digest

_MOST_DETAILS = 900_000  # characters of what unfolds; with the rest a page stays below 1.5 MB
_MOST_ON_CARD = 5  # deviations of a recording
_MOST_VIOLATIONS, _MOST_FRAMES, _MOST_HEADERS, _MOST_GROUPS, _MOST_NAMES = 60, 200, 60, 200, 60
_WORD = {"pass": "ok", "warn": "warning", "fail": "wrong", "inconclusive": "undecided", "skip": "skipped"}
_ANSWER = {"pass": "Pass", "warn": "Pass, with warnings", "fail": "Fail", "inconclusive": "Could not tell"}


_OTHERS = {
    "probe": "Control handshakes",
    "validate": "Recordings",
    "proxy": "Connections",
    "replay": "Connections",
    "mock": "Connections",
    "conform": "Cases",
    "grade": "Marks",
}
# An option or a query, which a browser would break behind its dashes; what is long may be broken anywhere.
_WHOLE = pattern(r"(?:^|\s)(?:--|\?)[\w=.-]{2,30}")


@dataclass(frozen=True, slots=True)
class Bar:
    """A rung on the waterfall: from and width in percent of the whole ladder."""

    case: Case
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the matrix: what all its cases came to, stage by stage."""

    group: Group
    stages: tuple[str, ...]
    same: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A titled piece of an exchange: lines, or lines with a time and who sent them."""

    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """A case to unfold."""

    case: Case
    parts: tuple[Part, ...]


def show(value: Any, out: TextIO) -> None:
    """Print the page, in one write; ASCII only."""
    out.write(page(digest(value)).encode("ascii", "xmlcharrefreplace").decode("ascii"))


def page(of: Digest) -> str:
    """The page as text."""
    ladder = [case for case in of.cases if case.group == LADDER]
    scenarios = [case for case in of.cases if case.group == SCENARIOS]
    details, left = _details(of.cases)
    return str(
        _template().render(
            of=of,
            word="Explained" if of.command == "explain" else "Interrupted" if of.interrupted else _ANSWER[of.verdict],
            bars=_waterfall(ladder),
            wrong=wrong_groups(of)[:_MOST_GROUPS],
            rows=_matrix(scenarios) if of.command != "probe" else [],
            tally=_tally(scenarios),
            others=[case for case in of.cases if case.group not in (LADDER, SCENARIOS)][:500],
            others_title=_OTHERS.get(of.command, "Causes"),
            badged=of.command not in ("probe", "explain"),
            details=details,
            left=left,
        )
    )


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"told": told, "deviations": lambda case: _violations(case)[:_MOST_ON_CARD]}
    made.filters |= {"cut": cut, "block": block, "word": _WORD.__getitem__, "plural": plural, "ms": _ms}
    made.globals |= {"most_names": _MOST_NAMES}
    return made.get_template("report.html.j2")


def _ms(value: float) -> str:
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms"


def _waterfall(ladder: Sequence[Case]) -> list[Bar]:
    """Each rung begins where the one before it ended."""
    whole = sum(case.ms or 0.0 for case in ladder) or 1.0
    bars, start = [], 0.0
    for case in ladder:
        width = 100 * (case.ms or 0.0) / whole
        bars.append(Bar(case, round(start, 2), round(width, 2)))
        start += width
    return bars


def _tally(cases: Sequence[Case]) -> str:
    words = _WORD | {"warn": "with a warning"}
    counts = {word: sum(case.verdict == verdict for case in cases) for verdict, word in words.items()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _matrix(cases: Sequence[Case]) -> list[Row]:
    def key(case: Case) -> object:
        return case.verdict, case.seen, case.outcome and (case.expected, _stages(case.outcome))

    rows = grouped(cases, key)
    return [
        Row(group, _stages(group.first.outcome), group.first.verdict == "pass" and not _drift(group.first))
        for group in rows
    ]


def _drift(case: Case) -> str:
    return case.finding.drift if case.finding else ""


def _stages(outcome: Outcome | None) -> tuple[str, ...]:
    """What came at each stage: upgrade, first event, configuration, error, end."""
    if outcome is None:
        return ("", "", "", "", "")
    status = str(outcome.http_status) if outcome.http_status is not None else outcome.fault or ""
    error = outcome.errors[0] if outcome.errors else outcome.http_error
    name = (error.code or error.type or "an error") if error else ""
    end = f"close {outcome.close_code}" if outcome.close_code is not None else "open" if outcome.open else ""
    stage = "session.updated" if outcome.updated else ""
    if outcome.transcript is not None:
        stage = "transcript"
    return (status, outcome.first_event or "", stage, name, end)


# --- what unfolds -----------------------------------------------------------------------------------------------------


def _details(cases: Sequence[Case]) -> tuple[list[Detail], int]:
    """The cases that hold more than their row shows, the worst first, and how many found no room."""
    made, size, left = [], 0, 0
    for case in sorted((case for case in cases if _holds_more(case)), key=rank):
        detail = Detail(case, tuple(part for part in _parts(case) if part.lines))
        size += sum(len(text) + len(label) + 60 for part in detail.parts for label, text in part.lines) + 400
        if size > _MOST_DETAILS:
            left += 1
        else:
            made.append(detail)
    return made, left


def _holds_more(case: Case) -> bool:
    return bool(case.outcome or case.exchange or case.facts or case.violations or (case.finding and case.finding.facts))


def _parts(case: Case) -> list[Part]:
    finding = case.finding
    parts = []
    if finding:
        parts.append(Part("What was seen", tuple(("", fact) for fact in finding.facts)))
    if case.exchange is not None:
        parts += _exchange(case.exchange)
    elif case.outcome is not None:
        parts += _outcome(case.outcome)
    parts.append(Part("Facts", tuple((name, value) for name, value in case.facts[:200])))
    violations = _violations(case)
    parts.append(Part("Deviations from the API's form and order", tuple(violations)))
    if finding:
        others = tuple(
            (item.cause, f"fits too, less clearly: {item.reason}" if item.fits else item.reason)
            for item in finding.ruled_out
        )
        parts.append(Part("Other causes that were weighed", others))
        parts.append(Part("How this is known", tuple(("", str(item)) for item in finding.evidence)))
    return [Part(part.title, tuple((cut(label, 200), cut(text)) for label, text in part.lines)) for part in parts]


def _violations(case: Case) -> list[tuple[str, str]]:
    """Where each stands, and what it is."""
    rows = [
        (f"{one.violation.severity}, {f'line {one.line}' if one.line else f'event {one.violation.index}'}", _told(one))
        for one in case.violations[:_MOST_VIOLATIONS]
    ]
    if case.violation_count > len(rows):
        rows.append(("", f"and {case.violation_count - len(rows)} more"))
    return rows


def _told(one: Any) -> str:
    violation = one.violation
    place = " ".join(part for part in (violation.event_type, violation.pointer) if part)
    message = violation.message if violation.message.endswith(".") else f"{violation.message}."
    wanted = f" Wanted {violation.wanted}; got {violation.got}." if violation.wanted else ""
    hint = f" {violation.hint}" if violation.hint else ""
    return f"{place}: {message}{wanted}{hint}" if place else f"{message}{wanted}{hint}"


def told(text: str, most: int = LONG) -> Any:
    """A text as `cut` leaves it, in which no option and no query is broken at the end of a line."""
    from markupsafe import Markup, escape

    shown, made, end = cut(text, most), Markup(), 0
    for whole in _WHOLE.finditer(shown):
        start = whole.end() - len(whole.text().strip())
        made += escape(shown[end:start]) + Markup('<span class="whole">{}</span>').format(whole.text().strip())
        end = whole.end()
    return made + escape(shown[end:])


def _outcome(outcome: Outcome) -> list[Part]:
    """As much of an exchange as a run keeps."""
    asked = outcome.asked
    request = [("", f"GET {asked.url}")]
    if asked.auth:
        request.append(("credential", f"{asked.credential}, sent by {', '.join(asked.auth)}"))
    if asked.subprotocols:
        request.append(("subprotocols", ", ".join(asked.subprotocols)))
    request += [("sent", kind) for kind in outcome.sent[:_MOST_FRAMES]]
    answer: list[tuple[str, str]] = []
    if outcome.http_status is not None:
        layers = f" ({', '.join(f'{name} {_ms(ms)}' for name, ms in outcome.layers_ms)})" if outcome.layers_ms else ""
        after = f" after {_ms(outcome.handshake_ms)}{layers}" if outcome.handshake_ms is not None else ""
        by = f", answered by {outcome.answered_by}" if outcome.answered_by else ""
        answer.append(("", f"HTTP {outcome.http_status}{after}{by}"))
    answer += list(outcome.http_headers[:_MOST_HEADERS])
    if outcome.http_body:
        answer.append(("body", _pretty(outcome.http_body)))
    events = [("received", kind) for kind in outcome.events[:_MOST_FRAMES]]
    if len(outcome.events) > _MOST_FRAMES:
        events.append(("", f"and {len(outcome.events) - _MOST_FRAMES} more"))
    for error in outcome.errors[:20]:
        where = f" at {error.param}" if error.param else ""
        events.append(("error", f"{error.code or error.type or '(no code)'}{where}: {error.message}"))
    if outcome.transcript is not None:
        events.append(("transcript", outcome.transcript))
    end: list[tuple[str, str]] = []
    if outcome.close_code is not None:
        end.append((f"closed by {outcome.closed_by or 'nobody known'}", f"{outcome.close_code} {outcome.close_reason}"))
    elif outcome.open:
        end.append(("", "The socket stayed open until rtdoctor left it."))
    if outcome.fault:
        end.append((f"{outcome.fault_layer or ''} {outcome.fault}".strip(), outcome.fault_text))
        end += list(outcome.fault_details[:20])
    return [
        Part("Request", tuple(request)),
        Part("Answer", tuple(answer)),
        Part("Events", tuple(events)),
        Part("End", tuple(end)),
    ]


def _exchange(exchange: Exchange) -> list[Part]:
    """A whole exchange: its request stands above all in a probe."""
    answer = exchange.answer
    came: list[tuple[str, str]] = []
    if answer is not None:
        came.append(("", f"HTTP {answer.status} {answer.reason} after {_ms(answer.ms)}"))
        came += list(answer.headers[:_MOST_HEADERS])
        if answer.body:
            came.append(("body", _pretty(answer.body.decode("utf-8", "replace"))))
    frames = [
        (
            f"+{frame.at * 1000:.0f} ms {frame.direction}",
            _pretty(frame.text) if frame.text is not None else f"{frame.size} bytes, binary",
        )
        for frame in exchange.frames[:_MOST_FRAMES]
    ]
    more = len(exchange.frames) - len(frames) + exchange.more_frames
    if more:
        frames.append(("", f"and {plural(more, 'more frame')}"))
    end = []
    if exchange.close is not None:
        close = exchange.close
        code = close.code if close.code is not None else "without a close frame"
        end.append((f"+{close.at * 1000:.0f} ms closed by the {close.by}", f"{code} {close.reason}"))
    if exchange.fault is not None:
        end.append((f"{exchange.fault.layer} {exchange.fault.kind}", exchange.fault.text))
    return [Part("Answer", tuple(came)), Part("Events", tuple(frames)), Part("End", tuple(end))]


def _pretty(text: str) -> str:
    """JSON in its shortest readable form; any other text as it is."""
    try:
        return json.dumps(json.loads(text[: 4 * LONG]), ensure_ascii=False, separators=(", ", ": "))
    except (ValueError, RecursionError):
        return text
