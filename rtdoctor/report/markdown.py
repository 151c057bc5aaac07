"""Markdown, as GitHub and GitLab show it: for a summary of a job, a comment, a wiki.

What comes from outside stands in code spans, or has every character escaped that means something: nothing of it becomes
a link, a picture, HTML, a mention or a heading.
"""

from collections.abc import Iterator
from typing import Any, TextIO

from rtdoctor.linear import pattern
from rtdoctor.model.plural import plural
from rtdoctor.report.bounded import block, cut
from rtdoctor.report.digest import LADDER, Case, Digest, Group, grouped, is_wrong, verdict_line, wrong_groups
from rtdoctor.report.digests import digest

_MOST_BYTES = 1_000_000  # GitHub takes 1 MiB for a step's summary, and drops a longer one whole
_MOST_GROUPS, _MOST_NAMES, _MOST_FACTS, _MOST_VIOLATIONS = 40, 40, 12, 30
_MEANS = frozenset("\\`*{}[]<>#|~&@\"'$=^")
_TICKS = pattern(r"`+")
_SIGN = {"pass": "✅", "warn": "⚠️", "fail": "❌", "inconclusive": "❔", "skip": "➖"}
_CUT = "\n\nThe report is cut here: it is longer than a summary may be. The JSON and HTML reports hold all of it.\n"


def show(value: Any, out: TextIO) -> None:
    """Print it, in one write; at most a million bytes."""
    out.write(text(value))


def text(value: Any, most: int = _MOST_BYTES) -> str:
    """The Markdown, of at most so many bytes."""
    blocks: list[str] = []
    size = len(_CUT.encode())
    for piece in _blocks(digest(value)):
        size += len(piece.encode("utf-8", "replace")) + 2
        if size > most:
            return "\n\n".join(blocks) + _CUT
        blocks.append(piece)
    return "\n\n".join(blocks) + "\n"


def escaped(text: str, most: int = 600) -> str:
    """The text, of which Markdown and HTML read nothing."""
    plain = cut(text, most)
    return "".join(
        f"&#{ord(char)};" if char in _MEANS or _begins(plain, place) else char for place, char in enumerate(plain)
    )


def _begins(text: str, place: int) -> bool:
    """True where a character begins something at its place: a list, an address, an emoji, an emphasis."""
    char, before, after = text[place], text[:place], text[place + 1 : place + 2]
    if char == ":":
        return bool(after) and not after.isspace()
    if char == "_":  # between letters it is one
        return not (before[-1:].isalnum() and after.isalnum())
    if char in ".)":
        return before[-3:].lower() == "www" or (before.isdigit() and (not after or after.isspace()))
    return char in "-+" and not before.strip()


def _code(text: str, most: int = 300) -> str:
    """A code span. A reference is not read inside of one, so what ends it or a table's cell is replaced."""
    plain = cut(text, most).replace("`", "'").replace("|", "¦").strip()
    return f"`{plain or ' '}`"


def _blocks(of: Digest) -> Iterator[str]:
    yield f"## {_SIGN[of.verdict]} rtdoctor {of.command}: {escaped(verdict_line(of), 1200)}"
    if of.fix:
        yield f"**Fix:** {escaped(of.fix)}"
    for note in of.notes:
        yield escaped(note)
    yield _code(of.subject)
    if of.edits and of.edits.works and of.edits.edits:
        edits = "\n".join(f"{place}. {escaped(edit)}" for place, edit in enumerate(of.edits.edits, 1))
        yield f"### The smallest change that works\n\n{edits}"
    if of.handover:
        if of.handover.change:
            yield _fenced("diff", "\n".join(of.handover.change))
        yield "### The whole handshake, to paste into a shell"
        if of.handover.events:
            fenced = _fenced("json", "\n".join(of.handover.events))
            yield f"events.jsonl, what to send after the first event:\n\n{fenced}"
        for _, command in of.handover.commands:
            yield _fenced("sh", command)
        if of.handover.snippet:
            yield _fenced("", of.handover.snippet)
    ladder = [case for case in of.cases if case.group == LADDER]
    if ladder:
        yield "\n".join(("| | layer | what was seen | ms |", "|---|---|---|---:|", *map(_rung, ladder)))
    wrong = wrong_groups(of)
    for group in wrong[:_MOST_GROUPS]:
        yield _wrong(group)
    if len(wrong) > _MOST_GROUPS:
        yield f"and {len(wrong) - _MOST_GROUPS} more"
    others = [case for case in of.cases if case.group != LADDER and not is_wrong(case)]
    if others:
        same = grouped(others, lambda case: (case.group, case.verdict, case.seen))
        rows = "\n".join(_row(group) for group in same[:200])
        head = f"<details><summary>{plural(len(others), 'other case')}</summary>"
        yield f"{head}\n\n| | how many | what came | which |\n|---|---:|---|---|\n{rows}\n\n</details>"
    facts = "\n".join(f"- {escaped(name)}: {escaped(value)}" for name, value in of.facts[:60])
    if facts:
        yield f"<details><summary>About this run</summary>\n\n{facts}\n- rtdoctor {of.version}\n\n</details>"


def _fenced(language: str, text: str) -> str:
    """A block of code. Its fence is longer than any run of backticks in it, so that nothing of it is Markdown."""
    fence = "`" * max(3, 1 + max((ticks.end() - ticks.start() for ticks in _TICKS.finditer(text)), default=0))
    return f"{fence}{language}\n{block(text)}\n{fence}"


def _rung(case: Case) -> str:
    ms = f"{case.ms:.0f}" if case.ms is not None else ""
    return f"| {_SIGN[case.verdict]} | {case.name} | {escaped(case.seen)} | {ms} |"


def _row(group: Group) -> str:
    first = group.first
    names = ", ".join(_code(case.name) for case in group.cases[:_MOST_NAMES])
    more = f" and {len(group.cases) - _MOST_NAMES} more" if len(group.cases) > _MOST_NAMES else ""
    return f"| {_SIGN[first.verdict]} | {len(group.cases)} | {escaped(first.seen)} | {names}{more} |"


def _wrong(group: Group) -> str:
    case, finding = group.first, group.first.finding
    title = finding.title if finding and finding.title else case.seen
    lines = [f"### {_SIGN[case.verdict]} {escaped(title)}", ""]
    names = ", ".join(_code(one.name) for one in group.cases[:_MOST_NAMES])
    more = f" and {len(group.cases) - _MOST_NAMES} more" if len(group.cases) > _MOST_NAMES else ""
    cause = f", cause {_code(finding.cause)}" if finding and finding.cause else ""
    lines.append(f"At {names}{more}{cause}.")
    if group.expected and group.expected != group.seen:
        lines += ["", f"- expected: {escaped(group.expected)}", f"- seen: {escaped(group.seen)}"]
    if finding:
        lines += ["", *(escaped(part) for part in (finding.explanation, finding.drift) if part)]
        if finding.remedy:
            lines += ["", f"**Fix:** {escaped(finding.remedy)}"]
        if finding.facts:
            lines += ["", *(f"- {escaped(fact)}" for fact in finding.facts[:_MOST_FACTS])]
    violations = [one for member in group.cases for one in member.violations]
    for one in violations[:_MOST_VIOLATIONS]:
        where = f"line {one.line}" if one.line else f"event {one.violation.index}"
        what = f"{one.violation.severity}, {where}, {_code(one.violation.event_type)}"
        lines.append(f"- {what}: {escaped(one.violation.message)} {_code(one.violation.pointer or '/')}")
    counted = sum(member.violation_count for member in group.cases)
    if counted > len(violations[:_MOST_VIOLATIONS]):
        lines.append(f"- {counted} in all")
    return "\n".join(lines)
