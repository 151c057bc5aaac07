"""The targets: thin adapters on the most public functions there are. The one file here that knows rtdoctor; what moves
inside of rtdoctor is followed here and nowhere else."""

import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.cli import exits
from rtdoctor.cli.main import main
from rtdoctor.diagnose.describe import short, tell
from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.handover import handover
from rtdoctor.diagnose.referee import finding, judge
from rtdoctor.diagnose.summary import summarise
from rtdoctor.diagnose.text.blocks import decoded
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.engine.commandline import BadHandshake, handshake_from, read_command, read_events, read_har
from rtdoctor.engine.probe import ProbeState, probed_of
from rtdoctor.engine.setup import Bench, Choice
from rtdoctor.engine.validate import validate_file, validation_of
from rtdoctor.engine.violations import judge_exchange
from rtdoctor.knowledge.causes import causes
from rtdoctor.model.clock import Clock
from rtdoctor.model.event import written as as_sent
from rtdoctor.model.exchange import Answer, Close, Exchange, Fault, Frame, Request, Spend
from rtdoctor.model.fix import Control, Fix, Tried
from rtdoctor.model.handshake import Handshake
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
from rtdoctor.model.target import BadTarget, Route, Target, parse_pinned, parse_proxy, parse_target
from rtdoctor.privacy.guard import Guarded
from rtdoctor.privacy.known import forget, holds_secret, keep
from rtdoctor.privacy.quote import quote, quoted, redact, redacted
from rtdoctor.privacy.secret import Secret
from rtdoctor.report.writers import WRITERS, writer
from rtdoctor.scenario.expand import expand
from rtdoctor.scenario.load import BadScenario, load_file
from rtdoctor.wire.session import Ledger
from tests.fuzz import oracles, seeds, spending
from tests.fuzz.mutate import KEY
from tests.fuzz.oracles import Broken, Shown


@contextmanager
def environment() -> Iterator[None]:
    """The process as targets want it: the key is the environment's, and known."""
    before = os.environ.get("OPENAI_API_KEY")
    os.environ["OPENAI_API_KEY"] = KEY
    forget()
    keep([Secret(KEY, "key", "OPENAI_API_KEY")])
    try:
        yield
    finally:
        os.environ.pop("OPENAI_API_KEY")
        if before is not None:
            os.environ["OPENAI_API_KEY"] = before
        forget()


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="rtdoctor-fuzz-")
    _folder.kept = folder  # type: ignore[attr-defined]  # lives as long as the process
    return Path(folder.name)


def _file(data: bytes, suffix: str) -> Path:
    path = _folder() / f"{os.getpid()}{suffix}"
    path.write_bytes(data)
    return path


def guarded(write: Callable[[Any], object], name: str, kind: oracles.Kind = "terminal") -> list[Shown]:
    """What comes out of a stream that is written to as the command does. Of JSON also what came before the guard: no
    value of it may need one, though several put together may."""
    raw, out = io.StringIO(), io.StringIO()
    write(raw)
    Guarded(out).write(raw.getvalue())
    shown = [Shown(name, out.getvalue(), kind)]
    return [*shown, Shown(f"{name} before the guard", raw.getvalue(), "values")] if kind == "json" else shown


def written(command: str, value: Any) -> list[Shown]:
    """What every writer of a command (other than `check`) makes of a value."""
    found = []
    for name in WRITERS[command]:
        make = writer(command, name)
        found += guarded(lambda out, make=make: make(out)(value), f"{command} {name}", _kind_of(name))
    return found


def _kind_of(name: str) -> oracles.Kind:
    return "json" if name == "json" else "terminal"


def told(error: Exception) -> list[Shown]:
    """A usage error as the user reads it."""

    def write(out: Any) -> None:
        with redirect_stderr(out), suppress(SystemExit):
            exits.fail(str(error), exits.USAGE)

    return guarded(write, f"usage {type(error).__name__}")


def _text(data: bytes) -> str:
    """As the command line gives it: what is no UTF-8 comes as half characters."""
    return data.decode("utf-8", "surrogateescape").replace("\0", "")


# --- explain, validate, redact ----------------------------------------------------------------------------------------


def _explain(data: bytes) -> list[Shown]:
    return written("explain", explain(decoded([data])))


def _validate(data: bytes) -> list[Shown]:
    lines: list[str] = []

    def sink(line: dict[str, Any]) -> None:
        if len(lines) < 200:
            lines.append(json.dumps(redacted(line), ensure_ascii=False))

    report = validate_file("recording.jsonl", io.BytesIO(data), sink=sink)
    return [*written("validate", validation_of([report])), Shown("migrated", "\n".join(lines), "text")]


def _redact(data: bytes) -> list[Shown]:
    text = data.decode("utf-8", "surrogateescape")
    shown = []
    for name, change in (("quote", quote), ("redact", redact)):
        once = change(text)
        # What stands near to what may be nearer once it is masked: only `quote` masks the same twice.
        if change is quote and (again := change(once)) != once:
            raise Broken("again", name, f"{once!a} becomes {again!a}")
        if holds_secret(once):
            raise Broken("secret", f"{name}, as rtdoctor itself sees", f"{once!a}")
        shown.append(Shown(name, once, "text"))
    if quoted({"x": [text, data]})["x"] != [shown[0].text, shown[0].text.encode("utf-8", "surrogateescape")]:
        raise Broken("twice", "quote", "a text in a value is quoted in another way than alone")
    return shown


# --- handshakes -------------------------------------------------------------------------------------------------------


def _handshake(read: Callable[[], Handshake]) -> list[Shown]:
    """A handshake that was read, or the error, as `probe` shows them."""
    try:
        given = read()
        parse_target(given.with_query({}).url)
    except (BadHandshake, BadTarget) as error:
        return told(error)
    given.without_secrets([*given.secrets(), *given.credentials()]).written()
    for event in given.events:
        if _bench().ledger.allows(event):
            raw = isinstance(event, (str, bytes))
            spending.check(event if raw else as_sent(event), FREE_EVENTS, ours=not raw)  # type: ignore[arg-type]
    refused = Exchange(given.request(), Answer(403, "Forbidden", (), b"", 1.0))
    return _probed(given, refused, _report(refused))


@cache
def _bench() -> Bench:
    """A bench that nothing is ever sent from."""
    target = Target("https://host.example/v1", "compatible")
    choice = Choice(target, "transcription", "a-model", "a-model", "a-model", key=Secret(KEY, "key", "OPENAI_API_KEY"))
    return Bench(choice, None, Clock(), Ledger(billable=False))  # type: ignore[arg-type]


def _probed(given: Handshake, exchange: Exchange, report: Report) -> list[Shown]:
    """What `probe` shows of an exchange."""
    outcome = distil(exchange)
    state = ProbeState(rungs=list(report.ladder), exchange=exchange, outcome=outcome, judged=finding(outcome))
    seen = short(outcome)
    state.fix = Fix((f"use {seen}",), (), 2, (Tried(("x",), False, seen),), bool(len(seen) % 2))
    state.handover = handover(given, given.with_path("/v1/realtime"), KEY)
    state.controls = (Control("path", "other", seen, False),)
    probed = probed_of(_bench(), given, state, want_fix=True, stopped="", interrupted=False)
    return written("probe", replace(probed, report=report))  # without the times of today


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
    return [*shown, *_handshake(lambda: handshake_from(first, headers, offered, query))]


def _target(text: str) -> list[Shown]:
    for as_sdk in (True, False):
        try:
            target = parse_target(text, as_sdk=as_sdk)
        except BadTarget as error:
            return told(error)
        _ = (target.host, target.port, target.tls, target.is_loopback, target.rest_url("/models"))
        target.socket_url("/realtime", target.asked_query)
    return [Shown("target", ascii(quoted((target.base_url, target.notes))))]


def _proxy(text: str) -> list[Shown]:
    try:
        route = Route(proxy=parse_proxy(text))
    except BadTarget as error:
        return told(error)
    _ = route.proxy_address, route.secrets()
    return [Shown("proxy", ascii(quote(route.proxy_host)))]


def _pinned(text: str) -> list[Shown]:
    try:
        found = parse_pinned(text)
    except BadTarget as error:
        return told(error)
    Route(pinned=(found,)).addresses_of(found.host, found.port)
    return [Shown("pinned", ascii(quoted((found.host, found.port, found.addresses))))]


def _command_line(data: bytes) -> list[Shown]:
    shown: list[Shown] = []

    def read() -> Handshake:
        line = read_command(_text(data))
        shown.extend(_proxy(line.proxy) if line.proxy else ())
        return line.handshake

    return [*_handshake(read), *shown]


def _har(data: bytes) -> list[Shown]:
    path = _file(data, ".har")
    return _handshake(lambda: read_har(path))


def _events(data: bytes) -> list[Shown]:
    """Client events, as `--send` reads them."""
    text = data.decode("utf-8", "replace")
    return _handshake(lambda: Handshake("wss://host.example/v1/realtime", events=read_events(text, "--send")))


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
        _ = ready.is_billable(), ready.raw
        shown += _checked(_report(exchange, ready))
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
        request = handshake_from(url, [], [], []).request()
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
    seen = judge(scenario, outcome, required=True, on_mock=False, strict=True)
    result = Result(
        *(scenario.id, scenario.title, scenario.tags, True, "101", short(outcome), seen, outcome, 3.0),
        judge_exchange(exchange),
    )
    setting = Setting(
        *("host.example", "https://host.example/v1", "compatible", "transcription", "a-model", True, "key"),
        *("2026-11-22T00:00:00+00:00", "0.1.0", False),
    )
    return Report(setting, summarise(rungs, [result], strict=True), rungs, (result,), Spend(), 1.0)


def _checked(report: Report) -> list[Shown]:
    """The report by the writers of `check`, told as a run tells it."""
    events = [
        RunStarted(report.setting, 1),
        *(RungDone(rung) for rung in report.ladder),
        LadderDone(report.summary, report.ladder),
        *(ScenarioDone(result) for result in report.results),
        RunFinished(report),
    ]
    shown = []
    for name in WRITERS["check"]:

        def write(out: Any, name: str = name) -> None:
            read = writer("check", name)(out)
            for event in events:
                read(event)

        shown += guarded(write, f"check {name}", _kind_of(name))
    return [*shown, Shown("code", str(report.summary.exit_code), "code")]


def _frames(data: bytes) -> list[Shown]:
    exchange = exchange_of(data)
    report = _report(exchange)
    return [*_checked(report), *_probed(Handshake(exchange.request.url), exchange, report)]


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


TARGETS: dict[str, oracles.Target] = {
    target.name: target
    for target in (
        oracles.Target("explain", _explain, seeds.texts),
        oracles.Target("validate", _validate, seeds.recordings),
        oracles.Target("redact", _redact, seeds.texts),
        oracles.Target("url", _url, lambda: seeds.corpus("url"), 1 << 17),
        oracles.Target("curl", _command_line, lambda: seeds.corpus("curl"), 1 << 17),
        oracles.Target("har", _har, seeds.hars),
        oracles.Target("events", _events, seeds.client_events),
        oracles.Target("toml", _toml, seeds.toml, 1 << 17),
        oracles.Target("frames", _frames, seeds.exchanges, 1 << 22),
        oracles.Target("command", _command, seeds.commands, 1 << 17),
    )
}
