"""The targets: thin adapters on the most public functions there are. The one file here that knows rtdoctor; what moves
inside of rtdoctor is followed here and nowhere else."""

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.model.redact import Redactor
from rtdoctor.model.secret import Secret

from rtdoctor.__main__ import main
from rtdoctor.cli import exits, known
from rtdoctor.diagnose.causes import causes
from rtdoctor.diagnose.describe import short, tell
from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.referee import finding, judge
from rtdoctor.diagnose.summary import summarise
from rtdoctor.diagnose.text.blocks import decoded
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.engine.commandline import BadHandshake, given_from, read_command, read_events, read_har
from rtdoctor.engine.judging import judge_exchange
from rtdoctor.engine.probe import costs_nothing
from rtdoctor.engine.validate import validate_file, validation_of
from rtdoctor.model.exchange import Answer, Close, Exchange, Fault, Frame, Request, Spend
from rtdoctor.model.fix import Control, Fix, Tried
from rtdoctor.model.given import Given
from rtdoctor.model.probed import Probed
from rtdoctor.model.report import (
    LadderDone,
    Report,
    Result,
    RunFinished,
    Rung,
    RungDone,
    RunStarted,
    ScenarioDone,
    Setting,
)
from rtdoctor.model.scenario import FREE_EVENTS, Scenario
from rtdoctor.model.target import BadTarget, Route, parse_pinned, parse_proxy, parse_target
from rtdoctor.report.writers import WRITERS, writer
from rtdoctor.scenario.expand import expand
from rtdoctor.scenario.load import BadScenario, load_file
from tests.fuzz import seeds, spending
from tests.fuzz.mutate import KEY
from tests.fuzz.oracles import Broken, Shown, Target

_SHOWN_FRAMES, _SHOWN_TEXT = 20, 1_000  # as `engine.probe` cuts an exchange before it is shown


@contextmanager
def environment() -> Iterator[None]:
    """The process as targets want it: the key is the environment's, and a folder for files stands ready."""
    before = os.environ.get("OPENAI_API_KEY")
    os.environ["OPENAI_API_KEY"] = KEY
    known.redactor.cache_clear()
    try:
        yield
    finally:
        os.environ.pop("OPENAI_API_KEY")
        if before is not None:
            os.environ["OPENAI_API_KEY"] = before
        known.redactor.cache_clear()


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="rtdoctor-fuzz-")
    _folder.kept = folder  # type: ignore[attr-defined]  # lives as long as the process
    return Path(folder.name)


def _file(data: bytes, suffix: str) -> Path:
    path = _folder() / f"{os.getpid()}{suffix}"
    path.write_bytes(data)
    return path


def redactor(more: Iterable[Secret] = ()) -> Redactor:
    """A redactor that knows the environment's key, and more."""
    return Redactor([Secret(KEY, "key", "OPENAI_API_KEY"), *more])


def written(command: str, value: Any) -> list[Shown]:
    """What every writer of a command (other than `check`) makes of a value that was redacted."""
    found = []
    for name in WRITERS[command]:
        out = io.StringIO()
        writer(command, name)(value, out)
        found.append(Shown(f"{command} {name}", out.getvalue(), "json" if name == "json" else "terminal"))
    return found


def told(error: Exception) -> list[Shown]:
    """A usage error as the user reads it."""
    out = io.StringIO()
    with redirect_stderr(out), suppress(SystemExit):
        exits.fail(str(error), exits.USAGE)
    return [Shown(f"usage {type(error).__name__}", out.getvalue())]


def _text(data: bytes) -> str:
    """As the command line gives it: what is no UTF-8 comes as half characters."""
    return data.decode("utf-8", "surrogateescape").replace("\0", "")


# --- explain, validate, redact ----------------------------------------------------------------------------------------


def _explain(data: bytes) -> list[Shown]:
    return written("explain", redactor().value(explain(decoded([data]))))


def _validate(data: bytes) -> list[Shown]:
    known_here, lines = redactor(), []
    report = validate_file("recording.jsonl", io.BytesIO(data), sink=lambda line: lines.append(line))
    migrated = "\n".join(str(known_here.value(line)) for line in lines[:200])
    return [*written("validate", known_here.value(validation_of([report]))), Shown("migrated", migrated, "text")]


def _redact(data: bytes) -> list[Shown]:
    known_here, text = redactor(), data.decode("utf-8", "surrogateescape")
    once = known_here.text(text)
    if (again := known_here.text(once)) != once:
        raise Broken("again", "redact", f"{once!a} becomes {again!a}")
    if (name := known_here.leaks(once)) is not None:
        raise Broken("secret", "guard after redactor", f"{name} is found in {once!a}")
    if known_here.value({"x": [text, data]})["x"][0] != once:
        raise Broken("twice", "redact", "a text in a value is redacted in another way than alone")
    return [Shown("redacted", once, "text")]


# --- handshakes -------------------------------------------------------------------------------------------------------


def _handshake(read: Callable[[], Given]) -> list[Shown]:
    """A handshake that was read, or the error, as `probe` shows them."""
    try:
        given = read()
    except BadHandshake as error:
        return told(error)
    known_here = redactor(given.secrets())
    given.without_secrets(given.secrets()).written()
    left = [event for event in given.events if costs_nothing(event)]
    for event in left:
        spending.check(event, FREE_EVENTS)
    given = replace(given, events=tuple(left))
    try:
        parse_target(given.with_query({}).url)
    except BadTarget as error:
        return told(error)
    refused = Exchange(given.request(), Answer(403, "Forbidden", (), b"", 1.0))
    probed = Probed(_report(refused), given.shown(), refused, (), Fix((), (), 1, (), False))
    return written("probe", known_here.value(probed))


def _url(data: bytes) -> list[Shown]:
    """First line: the way to read it; then a URL, and for a handshake its headers, subprotocols and queries."""
    way, *lines = _text(data).split("\n")
    first = lines[0] if lines else ""
    headers = [line[2:] for line in lines[1:] if line.startswith("H ")]
    offered = [line[2:] for line in lines[1:] if line.startswith("S ")]
    query = [line[2:] for line in lines[1:] if line.startswith("Q ")]
    shown = []
    for reader in (_target, _proxy, _pinned):
        if way in ("", reader.__name__.strip("_")):
            shown += reader(first)
    return [*shown, *_handshake(lambda: given_from(first, headers, offered, query))]


def _target(text: str) -> list[Shown]:
    found = []
    for as_sdk in (False, True):
        try:
            target = parse_target(text, as_sdk=as_sdk)
        except BadTarget as error:
            return told(error)
        facts = (target.base_url, target.host, target.port, target.tls, target.is_loopback, target.notes)
        made = (target.rest_url("/models"), target.socket_url("/realtime", target.asked_query), target.asked_tail)
        found.append(Shown("target", _clean(redactor().value((facts, made)))))
    return found


def _proxy(text: str) -> list[Shown]:
    try:
        route = Route(proxy=parse_proxy(text))
    except BadTarget as error:
        return told(error)
    known_here = redactor(route.secrets())
    return [Shown("proxy", _clean(known_here.value((route.proxy_host, route.proxy_address))))]


def _pinned(text: str) -> list[Shown]:
    try:
        found = parse_pinned(text)
    except BadTarget as error:
        return told(error)
    Route(pinned=(found,)).addresses_of(found.host, found.port)
    return [Shown("pinned", _clean(redactor().value((found.host, found.port, found.addresses))))]


def _clean(value: Any) -> str:
    return ascii(value)


def _command_line(data: bytes) -> list[Shown]:
    return _handshake(lambda: read_command(_text(data)))


def _har(data: bytes) -> list[Shown]:
    path = _file(data, ".har")
    return _handshake(lambda: read_har(path))


def _events(data: bytes) -> list[Shown]:
    """Client events, as `--send` reads them."""
    text = data.decode("utf-8", "replace")
    whole = read_events([text])
    found = (
        whole if not isinstance(whole[0], str) else read_events([line for line in text.splitlines() if line.strip()])
    )
    return _handshake(lambda: Given("wss://host.example/v1/realtime", events=found))


# --- scenario files ---------------------------------------------------------------------------------------------------


def _toml(data: bytes) -> list[Shown]:
    try:
        scenarios = load_file(_file(data, ".toml"), frozenset(causes()))
    except BadScenario as error:
        return told(error)
    exchange = seeds.healthy()
    shown = []
    for scenario in scenarios[:20]:
        ready = expand(scenario, {"transcription_model": "a", "model": "b"})
        _ = ready.billable
        shown += _checked(_report(exchange, ready), redactor())
    return shown


# --- what servers send ------------------------------------------------------------------------------------------------


def exchange_of(data: bytes) -> Exchange:
    """An exchange from its text. A line begins with a mark and a blank: `H` status and reason, `h` a header, `b` a line
    of the body, `<` and `>` a frame of server and client, `~` a binary one in hex, `*` code and reason of a close, `!`
    layer, kind and text of a fault, `s` the subprotocol, `?` the request's URL, `u` an event awaited in vain. Any other
    line goes on with the one before it."""
    items: list[tuple[str, bytes]] = []
    for line in data.split(b"\n"):
        mark = line[:2].decode("latin-1")
        if len(mark) == 2 and mark[1] == " " and mark[0] in "Hhb<>~*!s?u":
            items.append((mark[0], line[2:]))
        elif items:
            items[-1] = (items[-1][0], items[-1][1] + b"\n" + line)
    status, reason, url, body = 101, "Switching Protocols", "wss://host.example/v1/realtime?intent=transcription", b""
    headers: list[tuple[str, str]] = []
    frames: list[Frame] = []
    close: Close | None = None
    fault: Fault | None = None
    subprotocol: str | None = None
    unmet: list[str] = []
    for place, (mark, held) in enumerate(items):
        line, plain = held.decode("utf-8", "surrogateescape"), held.decode("utf-8", "replace")
        if mark == "H":
            number, _, reason = line.partition(" ")
            status = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 500
        elif mark == "h":
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        elif mark == "b":
            body += held + b"\n"
        elif mark in "<>":
            frames.append(Frame(place / 10, "server" if mark == "<" else "client", "text", plain, len(held)))
        elif mark == "~":
            frames.append(Frame(place / 10, "server", "binary", None, len(held)))
        elif mark == "*":
            number, _, why = plain.partition(" ")
            close = Close(int(number) if number.isascii() and number.isdigit() else None, why[:123], "server", 9.0)
        elif mark == "!":
            layer, kind, text = (*line.split(" ", 2), "", "")[:3]
            layers: tuple[Any, ...] = ("dns", "tcp", "tls", "http", "upgrade", "session")
            fault = Fault(layer if layer in layers else "upgrade", kind[:40], text, (("issuer", text), ("names", text)))
        elif mark == "s":
            subprotocol = line
        elif mark == "?":
            url = plain
        else:
            unmet.append(plain[:80])
    before_101 = fault is not None and fault.layer in ("dns", "tcp", "tls")
    answer = None if before_101 else Answer(status, reason, tuple(headers), body[: 1 << 20], 12.0)
    try:
        request = given_from(url, [], [], []).request()
    except BadHandshake:
        request = Request("wss://host.example/v1/realtime", "/realtime")
    return Exchange(
        *(request, answer, subprotocol, tuple(frames[:5_000]), close, fault, tuple(unmet)),
        alive=close is None and fault is None,
    )


@cache
def _usual() -> Scenario:
    return seeds.scenarios()[0]


def _report(exchange: Exchange, scenario: Scenario | None = None) -> Report:
    """An exchange judged in every way there is, as one report."""
    scenario = scenario or _usual()
    outcome = distil(exchange)
    tell(outcome)
    rungs = (
        Rung("http", finding(distil(exchange, rest=True)), 1.0),
        Rung("upgrade", finding(outcome), 2.0, outcome=outcome),
    )
    seen = judge(scenario, outcome, aim="transcription", on_mock=False, strict=True)
    result = Result(
        *(scenario.id, scenario.title, scenario.tags, True, "101", short(outcome), seen, outcome, 3.0),
        judge_exchange(exchange),
    )
    setting = Setting(
        *("host.example", "https://host.example/v1", "compatible", "transcription", "a-model", True, "key"),
        *("2026-11-22T00:00:00+00:00", "0.1.0", False),
    )
    return Report(setting, summarise(rungs, [result], strict=True), rungs, (result,), Spend(), 1.0)


def _checked(report: Report, known_here: Redactor) -> list[Shown]:
    """The report by the writers of `check`, told as a run tells it."""
    events = [
        RunStarted(report.setting, 1),
        *(RungDone(rung) for rung in report.ladder),
        LadderDone(report.summary, report.ladder),
        *(ScenarioDone(result) for result in report.results),
        RunFinished(report),
    ]
    ready = [known_here.value(event) for event in events]
    shown = []
    for name in WRITERS["check"]:
        out = io.StringIO()
        read = writer("check", name)(out)
        for event in ready:
            read(event)
        shown.append(Shown(f"check {name}", out.getvalue(), "json" if name == "json" else "terminal"))
    return [*shown, Shown("code", str(report.summary.exit_code), "code")]


def _frames(data: bytes) -> list[Shown]:
    exchange = exchange_of(data)
    report, known_here = _report(exchange), redactor()
    head = tuple(replace(f, text=f.text and f.text[:_SHOWN_TEXT]) for f in exchange.frames[:_SHOWN_FRAMES])
    cut = replace(exchange, frames=head, more_frames=len(exchange.frames) - len(head))
    seen = short(distil(exchange))
    fix = Fix((f"use {seen}",), (), 2, (Tried(("x",), False, seen),), bool(len(data) % 2))
    probed = Probed(report, Given(exchange.request.url), cut, (Control("path", "other", seen, False),), fix)
    return [*_checked(report, known_here), *written("probe", known_here.value(probed))]


# --- the whole command line -------------------------------------------------------------------------------------------

# None of them reaches for a network. `{}` is the example as an argument; without it, it is standard input.
_LINES = (
    ("explain", "-"),
    ("explain", "--format", "json", "-"),
    ("explain", "{}"),
    ("explain", "--cause", "{}"),
    ("validate", "-"),
    ("validate", "--format", "json", "--strict", "-"),
    ("validate", "--era", "beta", "-"),
    ("validate", "{}"),
    ("snippet", "{}"),
    ("snippet", "curl", "--for", "{}"),
    ("check", "--list", "--tag", "{}"),
    ("check", "--{}"),
    ("{}",),
)


def _command(data: bytes) -> list[Shown]:
    """A command line of the table: the first byte tells which."""
    line, rest = _LINES[(data[0] if data else 0) % len(_LINES)], data[1:]
    # The names of two commands, and of no file that would be opened, cannot come out of an example.
    word = "x" + _text(rest)[:20_000].replace("/", "|")
    arguments = ["rtdoctor", *(part.replace("{}", word) for part in line)]
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")  # as Python opens it
    kept = (sys.argv, sys.stdin, sys.stdout, sys.stderr, sys.excepthook)
    sys.argv, sys.stdin, sys.stdout, sys.stderr = arguments, io.TextIOWrapper(io.BytesIO(rest)), out, err
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr, sys.excepthook = kept
    out.flush()
    err.flush()
    name, as_json = " ".join(line), "json" in line and code in (0, 1, 3)
    text, said = (stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err))  # type: ignore[attr-defined]
    return [
        Shown(name, str(code), "code"),
        Shown(f"{name}, stdout", text, "json" if as_json else "terminal"),
        Shown(f"{name}, stderr", said),
    ]


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("explain", _explain, seeds.texts),
        Target("validate", _validate, seeds.recordings),
        Target("redact", _redact, seeds.texts),
        Target("url", _url, lambda: seeds.corpus("url"), 1 << 17),
        Target("curl", _command_line, lambda: seeds.corpus("curl"), 1 << 17),
        Target("har", _har, seeds.hars),
        Target("events", _events, seeds.client_events),
        Target("toml", _toml, seeds.toml, 1 << 17),
        Target("frames", _frames, seeds.exchanges, 1 << 22),
        Target("command", _command, seeds.commands, 1 << 17),
    )
}
