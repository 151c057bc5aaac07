"""Carries out `rtdoctor probe`."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from rtdoctor.cli import exits
from rtdoctor.cli.credentials import KEY_VARIABLE, find_key
from rtdoctor.cli.exits import Usage
from rtdoctor.cli.known import keep, redactor
from rtdoctor.cli.options import TERMINAL, check_model, check_times
from rtdoctor.cli.progress import Progress
from rtdoctor.cli.route import RouteAsked, route_to, tls_context
from rtdoctor.engine.commandline import BadHandshake, Sent, given_from, read_command, read_event, read_har
from rtdoctor.engine.fixing import MOST_CONNECTIONS
from rtdoctor.engine.probe import probe
from rtdoctor.engine.setup import Bench, Choice
from rtdoctor.files import read_bounded
from rtdoctor.model.clock import Clock
from rtdoctor.model.event import NotAnEvent, parse_client_event
from rtdoctor.model.given import Given
from rtdoctor.model.probed import Probed
from rtdoctor.model.report import Pending
from rtdoctor.model.scenario import is_free
from rtdoctor.model.secret import Secret
from rtdoctor.model.target import BadTarget, parse_target
from rtdoctor.protocol.models import defaults
from rtdoctor.report.console import console
from rtdoctor.report.writers import writer
from rtdoctor.wire.http import open_session
from rtdoctor.wire.session import Ledger

_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """The command line of `probe`; headers may hold secrets, so it has no readable form."""

    url: str | None
    headers: tuple[str, ...]
    subprotocols: tuple[str, ...]
    query: tuple[str, ...]
    send: Path | None
    command: str | None
    har: Path | None
    fix: bool | None
    model: str | None
    key_env: str | None
    key_file: Path | None
    route: RouteAsked
    timeout: float
    deadline: float
    transcribe: bool
    spend: bool
    format: str


def carry_out(asked: Asked) -> int:
    """Do it, print, and return the exit code.

    Raises:
        Usage: the handshake, the key, the CA file or the events cannot be used.
    """
    check_times(asked.timeout, asked.deadline)
    check_model(asked.model)
    key = find_key(asked.key_env, asked.key_file)
    try:
        given = _given(asked)
        if asked.har is None:
            given = _filled(given, key, asked.key_env)
        target = parse_target(given.with_query({}).url)
    except (BadHandshake, BadTarget) as error:
        raise Usage(str(error)) from error
    known = target.profile == "openai" and target.tls
    if asked.har and not known and not (asked.key_env or asked.key_file):
        key = None  # a HAR may come from anybody: its host does not get the key of the environment, nor the wire
    route, notices = route_to(target, asked.route)
    target = replace(target, route=route)
    context = tls_context(route)
    ledger = Ledger(billable=asked.transcribe, raw=asked.spend)
    for told in _told_before(given.events, ledger):
        print(told, file=sys.stderr)
    credentials = given.credentials() + ([key] if key else [])
    keep([key, *given.secrets(), *route.secrets()])
    withheld = None
    if asked.route.insecure and not asked.route.send_key:
        withheld = credentials[-1] if credentials else None
        given = given.without_secrets([*given.secrets(), *credentials])
        # In a form that was not found it must not go out either: base64 in a header, a name that is the key.
        if redactor().leaks(unquote(unquote(given.written()))):
            raise Usage("--insecure: the handshake holds the key in a form that cannot be kept back")
    usual = defaults()
    choice = Choice(
        target=target,
        aim="transcription" if given.query.get("intent") == "transcription" else "realtime",
        transcription_model=usual.transcription,
        vad_model=usual.transcription_vad,
        realtime_model=asked.model or usual.realtime,
        key=None if withheld else key or (credentials[-1] if credentials else None),
        withheld=withheld,
        timeout=asked.timeout,
        deadline=asked.deadline,
        notices=notices,
        transcribe=ledger.billable,
        spend=ledger.raw,
    )
    progress = Progress(console(sys.stderr))

    async def whole() -> Probed:
        async with open_session(context, route, asked.timeout) as http:
            bench = Bench(choice, http, Clock(), ledger, redactor())
            return await probe(
                bench, given, want_fix=_want_fix(asked), said=lambda what: progress(Pending((what,), 0, 1))
            )

    try:
        probed = redactor().value(asyncio.run(whole()))
    finally:
        progress.hide()
    writer("probe", asked.format)(probed, sys.stdout)
    return exits.INTERRUPTED if probed.report.interrupted else probed.report.summary.exit_code


def _given(asked: Asked) -> Given:
    sources = [
        name for name, value in (("URL", asked.url), ("a command line", asked.command), ("--har", asked.har)) if value
    ]
    if len(sources) != 1:
        raise Usage(f"give one handshake: a URL, --curl, --websocat, --wscat or --har ({len(sources)} were given)")
    if asked.har:
        given = read_har(asked.har)
    elif asked.command:
        given = read_command(asked.command)
    else:
        given = given_from(asked.url or "", [], [], [])
    if asked.headers or asked.subprotocols or asked.query:
        more = given_from(given.url, list(asked.headers), list(asked.subprotocols), list(asked.query))
        given = replace(
            more,
            headers=(*given.headers, *more.headers),
            subprotocols=(*given.subprotocols, *more.subprotocols),
            events=given.events,
        )
    return replace(given, events=(*given.events, *_events(asked.send))) if asked.send else given


def _events(file: Path) -> tuple[Sent, ...]:
    try:
        text = read_bounded(file, _MOST_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"--send {file}: cannot be read: {error}") from error
    whole = read_event(text, f"--send {file}: the event")
    if not isinstance(whole, str):
        return (whole,)
    lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
    return tuple(read_event(line, f"--send {file}: line {number}") for number, line in lines)


def _told_before(events: Sequence[Sent], ledger: Ledger) -> list[str]:
    """What is left out, and what is sent that may cost money, a sentence each."""
    raw = [event for event in events if isinstance(event, (str, bytes))]
    billable = sum(not isinstance(event, (str, bytes)) and not is_free(event) for event in events)
    told = []
    if billable and ledger.billable:
        told.append(f"Sends {billable} billable event(s).")
    elif billable:
        told.append(f"{billable} billable event(s) are left out; --transcribe sends them.")
    if raw and ledger.raw:
        told.append(f"Sends {len(raw)} message(s) that are no event as they are: what that costs nobody can tell.")
    elif raw:
        why = f"{len(raw)} message(s) that are no event are left out (the first is {_why(raw[0])})"
        told.append(f"{why}; --spend sends them as they are.")
    return told


def _why(raw: str | bytes) -> str:
    """Why it is no event, as the end of a sentence."""
    if isinstance(raw, bytes):
        return "binary"
    try:
        parse_client_event(raw)
    except NotAnEvent as error:
        return str(error)
    return "text"


def _filled(given: Given, key: Secret | None, key_env: str | None) -> Given:
    """The handshake with the key in the place of $OPENAI_API_KEY (or the variable that --key-env names)."""
    names = [f"${{{name}}}" for name in (key_env or KEY_VARIABLE, KEY_VARIABLE)]
    names += [f"${name}" for name in (key_env or KEY_VARIABLE, KEY_VARIABLE)]

    def fill(text: str) -> str:
        for name in names:
            if name in text:
                if key is None:
                    raise Usage(f"{name} stands in the handshake, and there is no key to put there")
                text = text.replace(name, key.reveal())
        return text

    return replace(
        given,
        headers=tuple((name, fill(value)) for name, value in given.headers),
        subprotocols=tuple(fill(item) for item in given.subprotocols),
    ).with_query({name: fill(value) for name, value in given.query.items()})


def _want_fix(asked: Asked) -> bool:
    if asked.fix is not None:
        return asked.fix
    if asked.format != TERMINAL or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    question = f"If it fails: look for the smallest change that works (at most {MOST_CONNECTIONS} connections)? [Y/n] "
    return input(question).strip().lower() in ("", "y", "yes")
