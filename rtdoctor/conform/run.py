"""A whole run: how sessions open here is found out, cases are tried beside each other, and their traffic is judged."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rtdoctor.conform.cases import Case, NotServed, Untold
from rtdoctor.conform.context import KINDS, Context, Refused, Way, World, at
from rtdoctor.conform.judge import Judged, judged
from rtdoctor.conform.lifecycle import GATHERED
from rtdoctor.engine.credential import get_models
from rtdoctor.engine.gate import Gate
from rtdoctor.engine.opening import listed_in, model_among, openings
from rtdoctor.engine.setup import Bench
from rtdoctor.knowledge.deviations import deviations
from rtdoctor.model.conformance import (
    UNKNOWN_DIALECT,
    WEIGHTS,
    CaseResult,
    Conformance,
    Deviation,
    Seen,
    Verdict,
    summarise,
)
from rtdoctor.model.plural import plural
from rtdoctor.model.report import Setting
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.quote import quote_start
from rtdoctor.protocol.era import EraWatch, judged_as, title
from rtdoctor.protocol.models import kind_of, takes_vad

_WIDTH = 4  # cases at once at first; more while the server takes them
_MOST_SEEN, _MOST_CASES, _LONG = 3, 100, 200
_SILENCE = "and then silence"
_MOST_SECONDS = 90.0  # for one case
Heard = Callable[[CaseResult], None]


@dataclass(slots=True)
class _Found:
    deviation: Deviation
    count: int = 0
    cases: dict[str, None] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class SoFar:
    """What a run has found so far: all that is told when it is cut off. `started` is monotonic time, in seconds."""

    setting: Setting
    cases: Sequence[Case]
    started: float
    results: dict[str, CaseResult] = field(default_factory=dict)
    deviations: dict[str, _Found] = field(default_factory=dict)
    dialect: str = UNKNOWN_DIALECT
    trouble: str = ""
    refused: bool = False
    gathered: dict[str, dict[str, None]] = field(default_factory=dict)

    def take(self, deviation: Deviation, seen: str, case: str, place: str = "") -> None:
        """One more time that a deviation showed; what has one `place` is told once, whatever the ids in it are."""
        gathered = self.deviations.setdefault(deviation.id, _Found(deviation))
        gathered.count += 1
        if len(gathered.cases) < _MOST_CASES:
            gathered.cases[case] = None
        if seen and len(gathered.seen) < _MOST_SEEN:
            gathered.seen.setdefault(place or seen, _quoted(seen))


def _quoted(text: str) -> str:
    return clean(quote_start(text, _LONG))


def bound_of(cases: Iterable[Case]) -> tuple[float, int]:
    """The most that cases send and ask for: seconds of audio, and responses."""
    chosen = tuple(cases)
    return sum(one.seconds for one in chosen), sum(one.responses for one in chosen)


async def run(bench: Bench, known: SoFar, heard: Heard = lambda _: None) -> Conformance:
    """Try the cases; `heard` gets each result. What is not done by the deadline is told as such, and so is what an
    interrupt cuts off."""
    choice = bench.choice
    most = max(1, choice.concurrency)
    world = World(bench, Gate(most, most if choice.on_mock else min(_WIDTH, most)))
    world.speech = bench.speech["speech"].pcm
    interrupted = False
    why = "interrupted"
    try:
        end = asyncio.get_running_loop().time() + choice.left
        try:
            async with asyncio.timeout_at(end):
                await _discover(world, known)
                await _try_all(world, known, heard)
        except TimeoutError:
            why = f"the deadline of {choice.deadline:g} s passed"
    except asyncio.CancelledError:
        interrupted = True
    return report_of(bench, known, why=why, interrupted=interrupted)


def report_of(bench: Bench, known: SoFar, *, why: str, interrupted: bool) -> Conformance:
    """The whole of what is known; what was not tried could not be told."""
    for one in known.cases:
        if one.id not in known.results:
            known.results[one.id] = result_of(one, "could not tell", known.trouble or why)
    _gather(known)
    results = tuple(known.results[one.id] for one in known.cases)
    seen = tuple(
        sorted(
            (
                Seen(one.deviation, one.count, tuple(one.cases), tuple(one.seen.values()))
                for one in known.deviations.values()
            ),
            key=lambda one: (WEIGHTS.index(one.deviation.weight), one.deviation.id),
        )
    )
    sentence, verdict, exit_code = summarise(results, seen, known.trouble, refused=known.refused)
    return Conformance(
        setting=known.setting,
        sentence=sentence,
        verdict=verdict,
        exit_code=exit_code,
        results=results,
        deviations=seen,
        spend=bench.ledger.total(),
        duration_s=round(time.monotonic() - known.started, 2),
        dialect=known.dialect,
        interrupted=interrupted,
    )


# --- how sessions open ------------------------------------------------------------------------------------------------


async def _discover(world: World, known: SoFar) -> None:
    """Find how each kind of session opens here."""
    bench = world.bench
    if not bench.choice.profile.exact:
        bench.listed = listed_in((await get_models(bench)).answer)
        _take_listed(bench)
    scout = Case("session.scout", "", (), _nothing)
    for kind in KINDS:
        context = Context(world, scout)
        try:
            world.ways[kind] = await _way(context, kind)
        finally:
            context.cut()
    if all(_SILENCE in way.why for way in world.ways.values()):
        await _speak_first(world, known, scout)
    watch = EraWatch()
    for way in world.ways.values():
        if way.created:
            watch.see(way.created, "server")
    if any(way.created for way in world.ways.values()):
        known.dialect = title(watch.dialect) if judged_as(watch.dialect) else watch.dialect
    if all(way.why for way in world.ways.values()):
        reasons = dict.fromkeys(way.why for way in world.ways.values())
        known.trouble = _quoted("no session opens: " + "; ".join(reasons))
        known.refused = all(way.refused for way in world.ways.values())
        world.trouble = known.trouble


async def _speak_first(world: World, known: SoFar, scout: Case) -> None:
    """A server that is silent may wait for the client: each kind is asked for once more, with an event of ours."""
    world.waits = True
    for kind in KINDS:
        context = Context(world, scout)
        try:
            found = await _way(context, kind)
        finally:
            context.cut()
        if not found.why:
            world.ways[kind] = found
    if all(way.why for way in world.ways.values()):
        world.waits = False
        return
    seen = "nothing came before session.update was sent"
    known.take(deviations()["session.first-event-other"], seen, "session.created")


async def _nothing(_: Context) -> None:
    """What no case is."""


def _take_listed(bench: Bench) -> None:
    """Models that the server lists, in the place of usual ones that it does not; what the user named stays."""
    choice, listed = bench.choice, bench.listed
    named = choice.aim if choice.model_given else None
    speech, talk = model_among(listed, "transcription"), model_among(listed, "realtime")
    if speech and named != "transcription":
        hears = next((one for one in listed if kind_of(one) == "transcription" and takes_vad(one)), speech)
        choice = replace(
            choice,
            transcription_model=choice.transcription_model if choice.transcription_model in listed else speech,
            vad_model=choice.vad_model if choice.vad_model in listed else hears,
        )
    if talk and named != "realtime" and choice.realtime_model not in listed:
        choice = replace(choice, realtime_model=talk)
    bench.choice = choice


async def _way(context: Context, kind: str) -> Way:
    """The first query by which a session of that kind opens, or why none does."""
    choice = replace(context.choice, aim=kind, kind_given=True)  # type: ignore[arg-type]
    refusals: dict[str, bool] = {}
    for opening in openings(choice):
        begun = await context.begin(opening.handshake.query)
        if isinstance(begun, Refused):
            refusals[str(begun)] = _definite(begun)
            continue
        created = begun.events[0]
        other = _other_kind(created, kind)
        if not other:
            return Way(opening.handshake.query, created)
        refusals[other] = True
    return Way(why="; ".join(refusals), refused=any(refusals.values()))


def _definite(refused: Refused) -> bool:
    """True for an answer that would be the same the next time."""
    if refused.status is not None:
        return refused.status != 429 and refused.status < 500
    return refused.error is not None


def _other_kind(created: Mapping[str, object], kind: str) -> str:
    """What opened in the place of a session of that kind; empty where it is one."""
    session_type = at(created, "session", "type")
    own = "transcription" if created.get("type") == "transcription_session.created" else session_type or "realtime"
    return "" if own == kind else f"a {own} session opens in its place"


# --- the cases --------------------------------------------------------------------------------------------------------


async def _try_all(world: World, known: SoFar, heard: Heard) -> None:
    async def one(case: Case) -> None:
        async with world.gate.entered():
            result = await _try(world, known, case)
        world.gate.passed()
        known.results[case.id] = result
        heard(result)

    if not world.trouble:
        await asyncio.gather(*(one(case) for case in known.cases))


async def _try(world: World, known: SoFar, case: Case) -> CaseResult:
    context = Context(world, case)
    started = time.monotonic()
    verdict: Verdict = "conforms"
    seen = ""
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            await case.run(context)
    except NotServed as stopped:
        verdict, seen = "not served", str(stopped)
    except Untold as stopped:
        verdict, seen = "could not tell", str(stopped)
    except TimeoutError:
        verdict, seen = "could not tell", f"it took more than {_MOST_SECONDS:g} s"
    except BaseException:
        context.cut()
        raise
    await context.leave()
    for talk in context.talks:
        for one in judged(talk, complete=case.id == "lifecycle.order"):
            known.take(one.deviation, one.seen, case.id, one.place)
            _mark(known, one)
    for ident, shown in context.deviated:
        known.take(deviations()[ident], shown, case.id)
    if context.deviated:
        verdict, seen = "deviates", "; ".join(dict.fromkeys(shown for _, shown in context.deviated if shown))
    ms = round((time.monotonic() - started) * 1000, 1)
    return result_of(case, verdict, seen, tuple(dict.fromkeys(ident for ident, _ in context.deviated)), ms)


def result_of(
    case: Case, verdict: Verdict, seen: str, deviations: tuple[str, ...] = (), ms: float | None = None
) -> CaseResult:
    """What a case came to, with what was seen quoted and cut."""
    return CaseResult(case.id, case.group, case.title, verdict, _quoted(seen), deviations, ms)


def _mark(known: SoFar, one: Judged) -> None:
    """Keep what the traffic showed for the case that tells it."""
    known.gathered.setdefault(one.told_by, {})[one.deviation.id] = None


def _gather(known: SoFar) -> None:
    """What all traffic showed becomes the verdict of the cases that stand for it."""
    for ident in GATHERED:
        result, deviations = known.results.get(ident), tuple(known.gathered.get(ident, ()))
        if result is not None and deviations:
            seen = f"{plural(len(deviations), 'kind')} of deviation in the traffic: {', '.join(deviations[:5])}"
            known.results[ident] = replace(
                result,
                verdict="deviates",
                seen=_quoted(seen),
                deviations=tuple(dict.fromkeys((*result.deviations, *deviations))),
            )
