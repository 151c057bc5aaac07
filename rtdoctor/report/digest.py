"""What a command tells, in the one form that most formats show: an answer, what to change, and cases.

A new command gives the value that it tells a function here; html, junit and the others need nothing else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

from rtdoctor.model.conformance import WEIGHTS, CaseResult, Conformance, Seen
from rtdoctor.model.exchange import Exchange
from rtdoctor.model.explanation import Explanation, Page
from rtdoctor.model.finding import Cause, Finding, Verdict, of_cause
from rtdoctor.model.fix import Control, Fix, Handover
from rtdoctor.model.graded import CourseResult, Graded
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.plural import plural
from rtdoctor.model.probed import Probed
from rtdoctor.model.replayed import Replayed
from rtdoctor.model.report import Report, Result, Rung, Setting
from rtdoctor.model.series import Series, Tally
from rtdoctor.model.served import Client, Served
from rtdoctor.model.validation import Connection, FileReport, Placed, Validation
from rtdoctor.model.watched import Passed, Watched
from rtdoctor.privacy.clean import clean
from rtdoctor.version import __version__

LADDER, SCENARIOS, CONTROLS, CAUSES, MARKS = "ladder", "scenarios", "controls", "causes", "marks"
RECORDING, PASSED = "recordings", "connections"
_WORST_FIRST: tuple[Verdict, ...] = ("fail", "inconclusive", "warn", "pass", "skip")
UNKNOWN = "unknown.unknown"  # says nothing: each is told with its own facts


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was tried or judged. `tried` False says that it was not, and `seen` why. `decides` says that the
    command's exit code rests on it."""

    group: str
    name: str
    verdict: Verdict
    seen: str
    expected: str = ""
    title: str = ""
    tried: bool = True
    decides: bool = True
    ms: float | None = None
    finding: Finding | None = None
    outcome: Outcome | None = None
    exchange: Exchange | None = None
    violations: tuple[Placed, ...] = ()
    violation_count: int = 0
    file: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """All that a command tells. `sentence` is the answer, `fix` what to change first, `where` the rung that it is told
    of, `warnings` what the answer must not be read without, `facts` are names and values about the run."""

    command: str
    subject: str
    verdict: Verdict
    exit_code: int
    sentence: str
    fix: str = ""
    cause: str | None = None
    where: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    cases: tuple[Case, ...] = ()
    edits: Fix | None = None
    handover: Handover | None = None
    handshake: Handshake | None = None
    started_at: str = ""
    duration_s: float | None = None
    interrupted: bool = False
    version: str = __version__

    @property
    def answer(self) -> str:
        """The sentence with the warnings that stand beside it."""
        return " ".join((self.sentence, *self.warnings))


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that came to the same."""

    cases: tuple[Case, ...]

    @property
    def first(self) -> Case:
        return self.cases[0]

    @property
    def seen(self) -> str:
        """What was seen, where it differs at most three answers."""
        every = list(dict.fromkeys(case.seen for case in self.cases))
        more = f", and {len(every) - 3} other answers" if len(every) > 3 else ""
        return "; ".join(every[:3]) + more

    @property
    def expected(self) -> str:
        """What was expected, where all of them expected the same."""
        every = {case.expected for case in self.cases if case.expected}
        return every.pop() if len(every) == 1 else ""

    @property
    def names(self) -> str:
        """Their names, the first eight of them."""
        more = f" and {len(self.cases) - 8} more" if len(self.cases) > 8 else ""
        return ", ".join(case.name for case in self.cases[:8]) + more


def verdict_line(digest: Digest) -> str:
    """The run in one line: verdict, exit code, answer. An explanation judges nothing."""
    if digest.command == "explain":
        return clean(digest.answer)
    code = 130 if digest.interrupted else digest.exit_code
    if digest.command in ("proxy", "mock") and code == 0 and digest.verdict != "pass":
        # Nothing was asked to fail (--fail-on): what was seen is told, without a verdict that the code belies.
        return f"SEEN (exit 0)  {clean(digest.answer)}"
    word = "INTERRUPTED" if digest.interrupted else digest.verdict.upper()
    return f"{word} (exit {code})  {clean(digest.answer)}"


def is_wrong(case: Case) -> bool:
    """True for what somebody has to look at."""
    return case.tried and case.verdict in ("fail", "warn", "inconclusive")


def grouped(cases: Sequence[Case], key: Callable[[Case], object]) -> list[Group]:
    """The cases with one key together, the worst first, else in their order."""
    alike: dict[object, list[Case]] = {}
    for case in cases:
        alike.setdefault(key(case), []).append(case)
    return sorted((Group(tuple(same)) for same in alike.values()), key=lambda group: rank(group.first))


def rank(case: Case) -> int:
    """0 for the worst; what was not tried comes last."""
    return _WORST_FIRST.index(case.verdict) if case.tried else len(_WORST_FIRST)


def wrong_groups(digest: Digest) -> list[Group]:
    """What is wrong, told once: cases with one cause, or the same answer where there is none."""
    own = [case for case in digest.cases if is_wrong(case) and not _told_better(case, digest)]
    cases = sorted(own, key=lambda case: (rank(case), case.name != digest.where))
    return grouped(cases, lambda case: _cause(case) or (case.group, case.verdict, case.seen, case.file))


def _told_better(case: Case, digest: Digest) -> bool:
    """True for the rung that found a model missing on a list, where the session tells the same more exactly."""
    cause, about = _cause(case), "session.model-"
    both = bool(cause and cause.startswith(about) and digest.cause and digest.cause.startswith(about))
    return both and case.name == "http" and cause != digest.cause


def _cause(case: Case) -> str | None:
    cause = case.finding.cause if case.finding else None
    return None if cause == UNKNOWN else cause


# --- of each value that a command tells -------------------------------------------------------------------------------


@singledispatch
def digest(value: Any) -> Digest:
    """What the value comes to.

    Raises:
        TypeError: no command tells such a value.
    """
    if isinstance(value, tuple) and all(isinstance(one, Cause) for one in value):
        return _list(value)
    raise TypeError(f"nothing tells a {type(value).__name__}")


@digest.register
def _check(report: Report) -> Digest:
    summary, setting = report.summary, report.setting
    spend, notes = report.spend, []
    if summary.parity:
        notes.append(summary.parity)
    if report.interrupted:
        notes.append("Interrupted: the report is partial.")
    return Digest(
        command="check",
        subject=setting.base_url,
        verdict=summary.verdict,
        exit_code=summary.exit_code,
        sentence=summary.sentence,
        fix=remedy(report),
        cause=summary.cause,
        where=summary.rung or "",
        warnings=summary.warnings,
        notes=tuple(notes),
        facts=(
            *_facts(setting),
            ("events sent", str(sum(count for _, count in spend.events))),
            ("audio sent", f"{spend.audio_ms / 1000:.1f} s"),
            ("billable", "yes" if spend.billable else "no"),
        ),
        cases=(*map(_rung, report.ladder), *(_result(one, mends=not summary.can_connect) for one in report.results)),
        started_at=setting.started_at,
        duration_s=report.duration_s,
        interrupted=report.interrupted,
        version=setting.version,
    )


@digest.register
def _series(series: Series) -> Digest:
    worst = series.worst
    return Digest(
        command="check",
        subject=series.setting.base_url,
        verdict=worst.verdict,
        exit_code=worst.exit_code,
        sentence=series.sentence,
        cause=worst.cause,
        where=worst.rung or "",
        warnings=worst.warnings,
        facts=(*_facts(series.setting), ("runs", str(series.runs)), ("billable", "yes" if series.billable else "no")),
        cases=tuple(map(_tally, series.tallies)),
        started_at=series.setting.started_at,
        duration_s=series.duration_s,
        interrupted=series.interrupted,
        version=series.setting.version,
    )


_TOLD = {
    "pass": "as expected",
    "warn": "a warning",
    "fail": "failed",
    "inconclusive": "could not tell",
    "skip": "not tried",
}


def _tally(tally: Tally) -> Case:
    worst: Verdict = next((verdict for verdict in _WORST_FIRST if tally.verdicts.get(verdict)), "skip")
    runs = sum(tally.verdicts.values())
    counted = ", ".join(f"{_TOLD[verdict]} in {count} of {runs}" for verdict, count in tally.verdicts.most_common())
    return Case(
        LADDER if tally.is_layer else SCENARIOS,
        tally.name,
        worst if tally.tried else "skip",
        counted,
        tried=tally.tried > 0,
        ms=tally.spread.at(0.5) if tally.spread.count else None,
        facts=tuple((cause, str(count)) for cause, count in tally.causes.most_common()),
    )


@digest.register
def _probe(probed: Probed) -> Digest:
    checked = _check(probed.report)
    cases = tuple(
        replace(case, exchange=probed.exchange) if case.group == SCENARIOS else case for case in checked.cases
    )
    controls = tuple(
        Case(CONTROLS, one.name, "pass", one.seen, title=_control(one), decides=False) for one in probed.controls
    )
    fix = checked.fix
    if probed.fix and probed.fix.works and probed.fix.edits:
        fix = "; ".join(edit.rstrip(".") for edit in probed.fix.edits) + "."
        fix = fix[:1].upper() + fix[1:]
    return replace(
        checked,
        command="probe",
        subject=probed.handshake.url,
        fix=fix,
        cases=(*cases, *controls),
        edits=probed.fix,
        handover=probed.handover,
        handshake=probed.handshake,
    )


@digest.register
def _validate(validation: Validation) -> Digest:
    files = validation.files
    knowledge = validation.knowledge
    wrong = [report for report in files if report.overall != "pass"]
    if len(files) == 1:
        sentence = files[0].sentence
    else:
        sentence = f"{len(files) - len(wrong)} of {len(files)} recordings are as they should be."
    sentence = sentence[:1].upper() + sentence[1:]
    return Digest(
        command="validate",
        subject=", ".join(report.file for report in files[:3]) + (" …" if len(files) > 3 else ""),
        verdict=validation.verdict,
        exit_code=validation.exit_code,
        sentence=sentence if sentence.endswith((".", "!", "?")) else f"{sentence}.",
        fix=next(
            (
                one.finding.remedy
                for report in files
                for one in report.connections
                if one.finding and one.finding.remedy
            ),
            "",
        ),
        cause=next((one.finding.cause for report in files for one in report.connections if one.finding), None),
        facts=(
            ("judged by", f"{knowledge.get('sdk')} of {knowledge.get('sdk_seen')}"),
            ("and by rtdoctor's overlay of", str(knowledge.get("overlay_seen"))),
        ),
        cases=tuple(case for report in files for case in _recording(report)),
        version=validation.version,
    )


@digest.register
def _proxy(watched: Watched) -> Digest:
    counted = dict(watched.counted) | ({"inconclusive": 1} if watched.unjudged else {})
    worst: Verdict = next((verdict for verdict in _WORST_FIRST if counted.get(verdict)), "pass")
    wrong = [one.finding for one in watched.passed if one.finding and one.verdict == worst]
    worst_finding = wrong[0] if worst != "pass" and wrong else None
    total = watched.total
    lost = watched.unanswered
    went = f"{plural(total, 'request')} {f'came, {lost} unanswered' if lost else 'went through'}"
    bad = total - watched.counted.get("pass", 0)
    remark = f"{bad} of them with something to look at" if bad else "nothing to remark"
    sentence = f"{went}, {remark}." if total else "No request came."
    if total and lost == total:
        sentence = f"{plural(total, 'request')} came, and none was answered."
    if watched.unjudged:
        passed = f"{plural(watched.unjudged, 'connection')} passed and could not be judged to the end."
        sentence = f"{sentence} {passed}" if total else passed
    return Digest(
        command="proxy",
        subject=watched.to,
        verdict=worst,
        exit_code=watched.exit_code,
        sentence=f"{sentence} First: {worst_finding.title}." if worst_finding and worst_finding.title else sentence,
        fix=worst_finding.remedy if worst_finding else "",
        cause=worst_finding.cause if worst_finding else None,
        notes=watched.notes,
        facts=(("listening at", watched.listening), ("leading to", watched.to)),
        cases=tuple(map(_passed, watched.passed)),
        started_at=watched.started_at,
        duration_s=watched.duration_s,
        version=watched.version,
    )


def _passed(one: Passed) -> Case:
    answer = "no answer" if one.status is None else str(one.status)
    return Case(
        PASSED,
        f"{one.number} {one.method} {one.url}",
        one.verdict,
        f"{answer}, {one.ended}",
        title=one.finding.title if one.finding else "",
        decides=False,
        ms=round(one.seconds * 1000, 1),
        finding=one.finding,
        violations=tuple(Placed(violation) for violation in one.violations),
        violation_count=sum(one.severities.values()),
        facts=(
            *((f"{sender} {kind}", str(count)) for (sender, kind), count in one.events.items()),
            *(("unread", why) for why in one.unread),
        ),
    )


@digest.register
def _replay(replayed: Replayed) -> Digest:
    good = sum(play.good for play in replayed.plays)
    total = len(replayed.plays)
    many = len(replayed.strays)
    strays = f", and {plural(many, 'request is', 'requests are')} on no recording" if many else ""
    sentence = f"{good} of {total} recorded connections were played as they were recorded{strays}."
    verdict: Verdict = "fail" if replayed.exit_code else "pass"
    cases = tuple(
        Case(
            PASSED,
            f"{play.number} {play.what}",
            "pass" if play.good else "fail",
            "; ".join((*play.mismatches, *(f"left over: {what}" for what in play.left)))
            or ("played" if play.played else "nobody asked for it"),
        )
        for play in replayed.plays
    )
    facts = (("listening at", replayed.listening), *(("not on the recording", stray) for stray in replayed.strays))
    return Digest(
        "replay", replayed.file, verdict, replayed.exit_code, sentence, facts=facts, notes=replayed.notes, cases=cases
    )


@digest.register
def _mock(served: Served) -> Digest:
    worst: Verdict = next((verdict for verdict in _WORST_FIRST if served.counted.get(verdict)), "pass")
    bad = served.total - served.counted.get("pass", 0)
    came = (
        f"{plural(served.total, 'request')} came, {f'{bad} with something to remark' if bad else 'nothing to remark'}."
    )
    cases = tuple(map(_client, served.clients))
    worst_finding = next((case.finding for case in cases if case.finding and case.verdict == worst), None)
    kept = not served.wrong
    script = f" The script was {'kept to' if kept else 'not kept to: ' + served.wrong[0]}." if served.script else ""
    return Digest(
        command="mock",
        subject=served.listening,
        verdict=worst if kept else "fail",
        exit_code=served.exit_code,
        sentence=(came if served.total else "No client came.") + script,
        fix=worst_finding.remedy if worst_finding and worst != "pass" else "",
        cause=worst_finding.cause if worst_finding and worst != "pass" else None,
        notes=served.wrong,
        facts=(
            ("listening at", served.listening),
            ("dialect", served.dialect),
            *(("fault", fault) for fault in served.faults),
        ),
        cases=cases,
        started_at=served.started_at,
        duration_s=served.duration_s,
        version=served.version,
    )


def _client(one: Client) -> Case:
    """A client with the first of what is worst about it as its finding, and the rest as facts of that."""
    order = {"error": 0, "warning": 1}
    unmeant = sorted((told for told in one.told if not told.meant), key=lambda told: order.get(told.level, 2))
    finding = None
    if unmeant:
        first = unmeant[0]
        more = tuple(f"{told.times} × {told.level} {told.id}: {told.text}" for told in unmeant)
        finding = Finding(one.verdict, first.text, first.id, first.text, facts=more, remedy=first.remedy)
    return Case(
        PASSED,
        f"{one.number} {one.asked}",
        one.verdict,
        f"{one.answered}, {one.ended}",
        title=finding.title if finding else "",
        decides=False,
        ms=round(one.seconds * 1000, 1),
        finding=finding,
        facts=(
            *((f"messages of the {side}", str(count)) for side, count in one.events.items()),
            *((f"meant: {told.id}", f"{told.times} × {told.text}") for told in one.told if told.meant),
        ),
    )


@digest.register
def _grade(result: CourseResult) -> Digest:
    worst = (*result.of("fail"), *result.of("warn"))
    verdict: Verdict = "inconclusive" if result.exit_code == 3 else "fail" if result.exit_code else "pass"
    return Digest(
        command="grade",
        subject=result.client,
        verdict="warn" if verdict == "pass" and worst else verdict,
        exit_code=result.exit_code,
        sentence=result.sentence,
        fix=worst[0].remedy if worst else "",
        where=worst[0].mark.id if worst else "",
        notes=("Interrupted: the report is partial.",) if result.interrupted else (),
        facts=(
            *((("made with", result.sdk),) if result.sdk else ()),
            *((f"lesson {one.lesson or 'tape'}", one.happened) for one in result.lessons),
        ),
        cases=tuple(map(_mark, result.marks)),
        started_at=result.started_at,
        duration_s=result.seconds,
        interrupted=result.interrupted,
        version=result.version,
    )


def _mark(one: Graded) -> Case:
    unseen = one.grade == "not seen"
    verdict: Verdict = "skip" if one.grade == "not seen" else one.grade
    seen = f"{one.judgement.said} ({one.lesson})" if one.lesson else one.judgement.said
    finding = Finding(
        verdict,
        one.judgement.said,
        title=one.mark.title,
        explanation=one.mark.why,
        facts=one.judgement.shows,
        remedy="" if one.grade in ("pass", "not seen") else one.remedy,
        evidence=one.mark.evidence,
    )
    return Case(
        MARKS, one.mark.id, verdict, seen, title=one.mark.title, tried=not unseen, decides=not unseen, finding=finding
    )


@digest.register
def _explain(explanation: Explanation) -> Digest:
    known = [finding for finding in explanation.findings if finding.cause != UNKNOWN]
    first = known[0] if known else None
    if explanation.healthy:
        sentence = "Healthy: a session was opened, and nothing in the text tells of an error."
        if explanation.next:
            sentence = "Healthy: nothing that the client asks for is known to be wrong."
    elif first is None:
        sentence = "Nothing known was found in the text."
    else:
        several = f"{len(known)} causes were found; the first: " if len(known) > 1 else ""
        sentence = f"{several}{first.cause}: {first.title}."
    return Digest(
        command="explain",
        subject="what you pasted",
        verdict="pass" if explanation.healthy else "fail" if known else "inconclusive",
        exit_code=0 if explanation.healthy or known else 3,
        sentence=sentence,
        fix=first.remedy if first else next((finding.remedy for finding in explanation.findings), ""),
        cause=first.cause if first else None,
        cases=tuple(
            Case(CAUSES, finding.cause or "", "fail", finding.title, title=finding.title, finding=finding)
            for finding in explanation.findings
        ),
    )


@digest.register
def _conform(conformance: Conformance) -> Digest:
    known = {one.deviation.id: one for one in conformance.deviations}
    weights = {one.deviation.weight for one in conformance.deviations}
    setting = conformance.setting
    return Digest(
        command="conform",
        subject=setting.base_url,
        verdict=conformance.verdict,
        exit_code=conformance.exit_code,
        sentence=conformance.sentence,
        fix=conformance.deviations[0].deviation.fix if weights & {"high", "medium"} else "",
        cause=conformance.deviations[0].deviation.id if conformance.exit_code == 1 and conformance.deviations else None,
        notes=("Interrupted: the report is partial.",) if conformance.interrupted else (),
        facts=(
            ("endpoint", setting.base_url),
            ("dialect", conformance.dialect),
            ("credential", setting.credential),
            *(("notice", notice) for notice in setting.notices),
            *((("certificates", "NOT CHECKED (--insecure)"),) if setting.insecure else ()),
            ("events sent", str(sum(count for _, count in conformance.spend.events))),
            ("audio sent", f"{conformance.spend.audio_ms / 1000:.1f} s"),
        ),
        cases=tuple(_conforming(result, known) for result in conformance.results),
        started_at=setting.started_at,
        duration_s=conformance.duration_s,
        interrupted=conformance.interrupted,
        version=setting.version,
    )


def _conforming(result: CaseResult, known: Mapping[str, Seen]) -> Case:
    """A case with its gravest deviation as its finding, and the others as facts of that."""
    deviations = [known[ident] for ident in result.deviations if ident in known]
    deviations.sort(key=lambda one: WEIGHTS.index(one.deviation.weight))
    grave = bool(deviations) and deviations[0].deviation.weight != "low"
    verdicts: dict[str, Verdict] = {"conforms": "pass", "not served": "skip", "could not tell": "inconclusive"}
    verdict = verdicts.get(result.verdict, "fail" if grave else "warn")
    finding = None
    if deviations:
        first = deviations[0].deviation
        finding = Finding(
            verdict,
            result.seen,
            title=f"{first.id}: {first.title}",
            explanation=f"The real service: {first.real}",
            facts=(
                *(f"breaks {client.client}: {client.how}" for client in first.breaks),
                *(f"{one.deviation.id}: {one.deviation.title}" for one in deviations[1:]),
            ),
            remedy=first.fix,
            evidence=(first.evidence,),
        )
    return Case(
        result.group,
        result.case,
        verdict,
        result.seen or result.verdict,
        expected="conforms",
        title=result.title,
        tried=result.verdict != "not served",
        ms=result.ms,
        finding=finding,
    )


@digest.register
def _page(page: Page) -> Digest:
    cause = page.cause
    finding = of_cause(cause, "pass", cause.title, page.shows, evidence=page.evidence)
    return Digest(
        command="explain",
        subject=cause.id,
        verdict="pass",
        exit_code=0,
        sentence=f"{cause.title}.",
        fix=cause.remedy,
        cause=cause.id,
        facts=(("who meets it", page.who),),
        cases=(Case(CAUSES, cause.id, "pass", "\n".join(page.mended), title=cause.title, finding=finding),),
    )


def _list(causes: tuple[Cause, ...]) -> Digest:
    cases = [
        Case(CAUSES, cause.id, "pass", cause.title, finding=of_cause(cause, "pass", cause.title)) for cause in causes
    ]
    return Digest("explain", "all causes", "pass", 0, f"{len(causes)} causes are known.", cases=tuple(cases))


def remedy(report: Report) -> str:
    """What mends the run's cause: of the rung where it shows, for a server's own words may name its own place."""
    if report.summary.verdict not in ("fail", "inconclusive") or report.summary.cause is None:
        return ""
    deciding = [rung.finding for rung in report.ladder if rung.rung == report.summary.rung]
    others = [rung.finding for rung in report.ladder] + [result.finding for result in report.results]
    remedies = (one.remedy for one in (*deciding, *others) if one.cause == report.summary.cause and one.remedy)
    return next(remedies, "")


def _facts(setting: Setting) -> Iterator[tuple[str, str]]:
    yield "endpoint", setting.base_url
    yield "aim", f"{setting.aim} with {setting.model}"
    yield "credential", setting.credential
    for notice in setting.notices:
        yield "notice", notice
    if setting.insecure:
        yield "certificates", "NOT CHECKED (--insecure)"
    if setting.strict:
        yield "strict", "yes"


def _rung(rung: Rung) -> Case:
    finding = rung.finding
    return Case(
        LADDER,
        rung.rung,
        rung.verdict if rung.tried else "skip",
        finding.summary,
        title=finding.title,
        tried=rung.tried and rung.verdict != "skip",
        ms=rung.ms,
        finding=finding,
        outcome=rung.outcome,
    )


def _result(result: Result, *, mends: bool) -> Case:
    """A scenario; where the session opens, what one does wrong on purpose is nobody's to mend, so that a warning of it
    `mends` nothing."""
    finding = result.finding
    if result.verdict == "warn" and not mends:
        finding = replace(finding, remedy="")
    unreached = result.verdict == "inconclusive" and result.outcome is None and result.finding.cause is None
    untold = result.verdict == "skip" or unreached
    return Case(
        SCENARIOS,
        result.scenario,
        "skip" if untold else result.verdict,
        result.seen,
        expected=result.expected,
        title=result.title,
        tried=not untold,
        decides=result.required or result.verdict == "fail",
        ms=result.ms,
        finding=finding,
        outcome=result.outcome,
        violations=tuple(Placed(violation) for violation in result.violations),
        violation_count=len(result.violations),
    )


def _control(control: Control) -> str:
    return f"{control.what}: {'the same answer' if control.same else 'another answer'}"


def _recording(report: FileReport) -> Iterator[Case]:
    several = len(report.connections) > 1
    if not report.connections:
        facts = tuple(("unread", problem) for problem in report.problems)
        yield Case(RECORDING, report.file, report.overall, report.sentence, facts=facts, file=report.file)
    for place, connection in enumerate(report.connections):
        counted = sum(connection.severities.values())
        yield Case(
            RECORDING,
            f"{report.file}, connection {connection.socket}" if several else report.file,
            _verdict(report, connection) if several else report.overall,
            report.sentence if place == 0 else f"connection {connection.socket} of {report.file}",
            finding=connection.finding,
            violations=connection.violations,
            violation_count=counted,
            file=report.file,
            facts=(
                ("dialect", connection.dialect_title),
                *((f"{sender} {kind}", str(count)) for (sender, kind), count in connection.events.items()),
                *(("unread", problem) for problem in report.problems[:20] if place == 0),
            ),
        )


def _verdict(report: FileReport, connection: Connection) -> Verdict:
    if connection.severities.get("error") or (connection.finding and connection.finding.verdict == "fail"):
        return "fail"
    if connection.severities.get("warning") or connection.finding:
        return report.overall if report.overall == "fail" and report.verdict == "fail" else "warn"
    return "pass"
