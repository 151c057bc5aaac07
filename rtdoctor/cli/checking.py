"""Carries out `rtdoctor check`: from what was asked for to a run, its report and the exit code."""

import os
import secrets
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from rich.table import Table
from rich.text import Text

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.credentials import KEY_VARIABLE, find_key
from rtdoctor.cli.exits import Usage
from rtdoctor.cli.limits import sockets_at_once
from rtdoctor.cli.options import check_model, check_times
from rtdoctor.cli.progress import Progress
from rtdoctor.cli.route import DIRECT, RouteAsked, route_to, tls_context
from rtdoctor.cli.watchdog import Watchdog
from rtdoctor.data import folder
from rtdoctor.engine.run import Known, begin, cut_off, report_of, rest, run
from rtdoctor.engine.setup import LIVE_CONCURRENCY, MOCK_CONCURRENCY, Bench, Choice
from rtdoctor.files import patient
from rtdoctor.knowledge.causes import causes
from rtdoctor.mock.server import Mock
from rtdoctor.model.clock import Clock, SteppedClock
from rtdoctor.model.report import RunEvent, RunFinished
from rtdoctor.model.scenario import Scenario
from rtdoctor.model.target import OPENAI_BASE_URL, BadTarget, Target, parse_target
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.guard import say
from rtdoctor.privacy.known import holds_secret, keep
from rtdoctor.privacy.quote import quote
from rtdoctor.privacy.secret import Secret
from rtdoctor.protocol.models import defaults, kind_of, models, takes_vad
from rtdoctor.report.console import console
from rtdoctor.report.writers import writer
from rtdoctor.scenario.load import BadScenario, load_folder
from rtdoctor.scenario.select import select
from rtdoctor.wire.audiofile import BadAudio, Speech, read_speech
from rtdoctor.wire.http import open_session
from rtdoctor.wire.session import Ledger


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line of `check`, as it was given."""

    target: str | None
    model: str | None
    tags: tuple[str, ...]
    words: tuple[str, ...]
    list_only: bool
    transcribe: bool
    audio: Path | None
    spend: bool
    key_env: str | None
    key_file: Path | None
    route: RouteAsked
    timeout: float
    deadline: float
    concurrency: int | None
    strict: bool
    scenarios: Path | None
    format: str


def carry_out(asked: Asked) -> int:
    """Do it, and return the exit code.

    Raises:
        Usage: something on the command line or in the environment cannot be used.
    """
    check_times(asked.timeout, asked.deadline)
    check_model(asked.model)
    if asked.concurrency is not None and not 1 <= asked.concurrency <= 256:
        raise Usage("--concurrency {}: wants 1 to 256", asked.concurrency)
    with Watchdog(asked.deadline) as watchdog, patient(asked.deadline):
        chosen = _scenarios(asked)
        if not asked.list_only:
            choice, context = _choice(asked)
            speech = _speech(asked)
            choice = replace(choice, reference=speech["speech"].reference, begun=watchdog.begun)
            if choice.transcribe and not choice.on_mock:
                _tell_cost(choice, chosen, speech)
            if choice.spend and not choice.on_mock and (raw := sum(scenario.raw for scenario in chosen)):
                say(f"Sends raw text or binary frames in {raw} scenario(s): what that costs nobody can tell.")
            return _run(watchdog, choice, context, chosen, speech, writer("check", asked.format)(sys.stdout))
    with process.telling():
        _list(chosen)
    return exits.OK


def _scenarios(asked: Asked) -> list[Scenario]:
    try:
        found = load_folder(folder("scenarios"), causes())
        if asked.scenarios is not None:
            known = {scenario.id for scenario in found}
            for scenario in load_folder(asked.scenarios, causes()):
                if scenario.id in known:
                    raise BadScenario("{}: the id '{}' is a built-in scenario's already", scenario.origin, scenario.id)
                found.append(scenario)
    except BadScenario as error:
        raise Usage("{}", error) from error
    chosen = select(found, asked.tags, asked.words)
    if not chosen:
        tags = ", ".join(sorted({tag for scenario in found for tag in scenario.tags}))
        raise Usage("no scenario is selected by --tag and -k; the tags are {}", tags)
    return chosen


def _list(scenarios: Sequence[Scenario]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("scenario", "what it tries", "tags", "seen"):
        table.add_column(name, overflow="fold")
    for scenario in scenarios:
        due = next(line for line in scenario.accept if line.grade == "expected")
        seen = f"{due.evidence.seen} {due.evidence.confidence}"
        cost = " (raw)" if scenario.raw else " (billable)" if scenario.is_billable() else ""
        table.add_row(Text(scenario.id), Text(clean(scenario.title) + cost), Text(" ".join(scenario.tags)), Text(seen))
    console(sys.stdout).print(table)


def _choice(asked: Asked) -> tuple[Choice, ssl.SSLContext]:
    """What to test, with which key and models.

    Raises:
        Usage: no key where one is needed in CI, a bad URL or CA file, or a key that cannot be read.
    """
    if asked.target == "":
        raise Usage("--target is empty; leave it out, or name mock, openai or a URL")
    key = find_key(asked.key_env, asked.key_file)
    notices: list[str] = []
    try:
        target = _target(asked, key, notices)
    except BadTarget as error:
        raise Usage("{}", error) from error
    on_mock = target.profile == "mock"
    # The built-in mock is reached directly; flags that cannot be used are told all the same.
    route, told = route_to(target, replace(asked.route, proxy=DIRECT) if on_mock else asked.route)
    context = tls_context(route)
    if not on_mock:
        target = replace(target, route=route)
        notices += told
    keeps_back = asked.route.insecure and not asked.route.send_key and not on_mock
    withheld = key if keeps_back else None
    model = asked.model or target.asked_query.get("model")
    if keeps_back and holds_secret(f"{target.base_url} {model}"):
        raise Usage("--insecure: the URL or the model holds what is kept back")
    usual = defaults()
    aim = kind_of(model) if model else "transcription"
    transcription = model if model and aim == "transcription" else usual.transcription
    return (
        Choice(
            target=target,
            aim=aim,
            transcription_model=transcription,
            vad_model=transcription if takes_vad(transcription) else usual.transcription_vad,
            realtime_model=model if model and aim == "realtime" else usual.realtime,
            key=Secret("sk-" + secrets.token_hex(16), "key", "the mock") if on_mock else None if withheld else key,
            withheld=withheld,
            organization=None if on_mock or keeps_back else _account("OPENAI_ORG_ID"),
            project=None if on_mock or keeps_back else _account("OPENAI_PROJECT_ID"),
            timeout=asked.timeout,
            deadline=asked.deadline,
            concurrency=sockets_at_once(asked.concurrency or (MOCK_CONCURRENCY if on_mock else LIVE_CONCURRENCY)),
            strict=asked.strict,
            transcribe=on_mock or asked.transcribe or asked.spend or asked.audio is not None,
            spend=on_mock or asked.spend,
            notices=tuple(notices),
        ),
        context,
    )


def _account(variable: str) -> str | None:
    value = os.environ.get(variable) or None
    if value and not (value.isascii() and value.isprintable()):
        raise Usage("{}: holds a character that a header cannot carry", variable)
    return value


def _target(asked: Asked, key: Secret | None, notices: list[str]) -> Target:
    # Port 0 until the mock has started and told its own.
    mock = Target("http://127.0.0.1:0/v1", "mock")
    if asked.target == "mock":
        return mock
    if asked.target == "openai":
        return parse_target(OPENAI_BASE_URL)
    if asked.target:
        return parse_target(asked.target)
    if key is not None:
        return parse_target(os.environ.get("OPENAI_BASE_URL") or OPENAI_BASE_URL, as_sdk=True)
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        raise Usage(
            "CI is set and there is no key in {}: a missing secret must not be green; "
            "set it, name one with --key-env or --key-file, or say --target mock",
            KEY_VARIABLE,
        )
    unused = " and OPENAI_BASE_URL was not used" if os.environ.get("OPENAI_BASE_URL") else ""
    notices.append(f"there is no key in {KEY_VARIABLE}, so the built-in mock ran{unused}")
    return mock


def _speech(asked: Asked) -> dict[str, Speech]:
    place = folder("fixtures") / "audio"
    reference = (place / "speech.txt").read_text(encoding="utf-8").strip()
    try:
        return {
            "speech": read_speech(asked.audio) if asked.audio else read_speech(place / "speech-24k.wav", reference),
            "silence": read_speech(place / "silence-24k.wav"),
            "clipped": read_speech(place / "speech-clipped-24k.wav", reference),
        }
    except BadAudio as error:
        raise Usage("{}", error) from error


def _tell_cost(choice: Choice, chosen: Sequence[Scenario], speech: Mapping[str, Speech]) -> None:
    """The cost comes before it is spent."""
    steps = [step for scenario in chosen for step in scenario.steps]
    spoken = [(speech[step.audio], step.silence_ms) for step in steps if step.audio is not None]
    spoken.append((speech["speech"], 0))  # the ladder's
    others = sum(scenario.costs(step, choice.target.base_url) for scenario in chosen for step in scenario.steps)
    beside = f", and {others} other event(s) that may cost money" if others else ""
    minutes = sum(one.measure.seconds + silence / 1000 for one, silence in spoken) / 60
    known = models().get(choice.transcription_model)
    price = known.usd_per_minute if known else None
    about = f", about ${minutes * price:.3f} at ${price} a minute (seen {known.seen})" if known and price else ""
    model = quote(choice.transcription_model)
    say(f"Sends about {minutes * 60:.0f} s of audio in {len(spoken)} turn(s) to {model}{about}{beside}.")


def _run(
    watchdog: Watchdog,
    choice: Choice,
    context: ssl.SSLContext,
    chosen: Sequence[Scenario],
    speech: dict[str, Speech],
    write: Callable[[RunEvent], None],
) -> int:
    """Run, with the report written as it becomes known; the exit code comes back."""
    progress = Progress(console(sys.stderr))
    begun: list[tuple[Bench, Known]] = []

    def emit(event: RunEvent) -> None:
        with watchdog.lock:
            progress.hide()
            write(event)
            if isinstance(event, RunFinished):
                sys.stdout.flush()
                report = event.report
                watchdog.code = exits.INTERRUPTED if report.interrupted else report.summary.exit_code
            progress(event)

    def last_words(interrupted: bool) -> bool:
        progress.hide()
        for bench, known in begun:
            for event in rest(bench, chosen, known, late=not interrupted):
                write(event)
            report = report_of(bench, chosen, known, interrupted=interrupted)
            whole = report if interrupted else cut_off(report, choice.deadline)
            write(RunFinished(whole))
        return bool(begun)

    async def whole() -> None:
        async with AsyncExitStack() as open_things:
            clock: Clock = Clock()
            ready = choice
            if choice.on_mock:
                # The mock and the run share a clock, so an expiring secret is waited out by moving it on.
                clock = SteppedClock()
                assert choice.key is not None
                server = await open_things.enter_async_context(Mock({choice.key.reveal()}, clock=clock))
                ready = replace(choice, target=replace(choice.target, base_url=server.base_url))
            http = await open_things.enter_async_context(open_session(context, choice.target.route, choice.timeout))
            keep([choice.key, choice.withheld, *choice.target.route.secrets()])
            bench = Bench(ready, http, clock, Ledger(billable=choice.transcribe, raw=choice.spend), speech)
            known = begin(bench)
            begun.append((bench, known))
            await run(bench, chosen, emit, known)

    try:
        return watchdog.run(whole, last_words)
    finally:
        progress.hide()
