"""Carries out `rtdoctor probe`."""

import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from rtdoctor.cli import exits
from rtdoctor.cli.credentials import KEY_VARIABLE, find_key
from rtdoctor.cli.exits import Usage
from rtdoctor.cli.limits import sockets_at_once
from rtdoctor.cli.options import TERMINAL, check_model, check_times
from rtdoctor.cli.progress import Progress
from rtdoctor.cli.route import RouteAsked, route_to, tls_context
from rtdoctor.cli.watchdog import Watchdog
from rtdoctor.engine.commandline import BadHandshake, Sent, given_from, read_command, read_events, read_har
from rtdoctor.engine.fixing import MOST_CONNECTIONS
from rtdoctor.engine.probe import Found, probe, probed_of
from rtdoctor.engine.run import cut_off, deadline_passed
from rtdoctor.engine.setup import LIVE_CONCURRENCY, Bench, Choice
from rtdoctor.files import patient, read_bounded
from rtdoctor.linear import Match, pattern
from rtdoctor.model.clock import Clock
from rtdoctor.model.event import NotAnEvent, parse_client_event
from rtdoctor.model.given import Given
from rtdoctor.model.report import Pending
from rtdoctor.model.scenario import in_call, is_free, speaks_by_itself
from rtdoctor.model.target import BadTarget, parse_target
from rtdoctor.privacy.guard import say
from rtdoctor.privacy.known import holds_secret, keep
from rtdoctor.privacy.secret import Secret
from rtdoctor.privacy.vocabulary import is_cookie, is_secret_header, is_secret_query
from rtdoctor.protocol.models import defaults
from rtdoctor.report.console import console
from rtdoctor.report.writers import writer
from rtdoctor.wire.http import open_session
from rtdoctor.wire.session import Ledger

_STRANGER = "the handshake sends {} to {}, which is not OpenAI's over TLS; --key-env {} lets it"
_OTHER = "{} stands in the handshake, and only ${} is filled in; --key-env names another variable"
# As the shell reads it: the longest name. $OPENAI_API_KEY_STAGING is another variable.
_VARIABLE = pattern(r"\$(?:\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<bare>[A-Za-z_][A-Za-z0-9_]*))")
_MOST_BYTES = 1024 * 1024  # as much as is taken of a HAR
_MOST_HEAD = 64 * 1024  # servers take 8 to 64 KiB (Apache, nginx 8, Node 16, HAProxy 16, Tomcat 8)


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
    asked = replace(asked, fix=_want_fix(asked))  # who thinks spends none of the deadline
    with Watchdog(asked.deadline) as watchdog, patient(asked.deadline):
        return _probe(asked, watchdog)


def _probe(asked: Asked, watchdog: Watchdog) -> int:
    key = find_key(asked.key_env, asked.key_file)
    try:
        given, added, proxy = _given(asked)
        if proxy and asked.route.proxy is None:
            asked = replace(asked, route=replace(asked.route, proxy=proxy))
        target = parse_target(given.with_query({}).url)
        route, notices = route_to(target, asked.route)
        target = replace(target, route=route)
        # The key of the environment is OpenAI's. Another host gets it where the user himself puts it into the
        # handshake, or names it; not because it stands in a text that may come from anybody.
        known = bool((target.profile == "openai" and target.tls) or asked.key_env or asked.key_file)
        typed = not (asked.har or asked.command)
        stranger = "" if known or typed or target.is_loopback else target.host
        if not asked.har:
            given = _filled(given, key, asked.key_env, stranger)
        given = _with(given, _filled(added, key, asked.key_env, stranger))
    except (BadHandshake, BadTarget) as error:
        raise Usage("{}", error) from error
    if (size := given.head_size()) > _MOST_HEAD:
        raise Usage("the URL and headers have {} characters; no server takes more than {}", size, _MOST_HEAD)
    own = typed and key is not None and key.reveal() in given.written()
    if not (known or own or (typed and target.is_loopback)):
        key = None  # neither the handshake nor a search for a change brings it there
    context = tls_context(route)
    ledger = Ledger(billable=asked.transcribe, raw=asked.spend)
    for told in _told_before(given, ledger):
        say(told)
    credentials = given.credentials() + ([key] if key else [])
    secrets = given.secrets()
    # What is kept first is looked for best: the keys, then the short ones, of which there may be more.
    keep([key, *route.secrets(), *credentials, *sorted(secrets, key=lambda secret: len(secret.reveal()))])
    withheld = None
    if asked.route.insecure and not asked.route.send_key:
        withheld = credentials[-1] if credentials else None
        masked = given.without_secrets([*secrets, *credentials])
        # In a form that was not found it must not go out either: base64 in a header, a name that is the key.
        written = masked.written()
        if holds_secret(written):
            raise Usage("--insecure: the handshake holds the key in a form that cannot be kept back")
        if any(word in written for word in given.overlooked()):
            raise Usage(
                "--insecure: the handshake holds more opaque text than can be kept back, and some may be secret"
            )
        given = masked
    usual = defaults()
    choice = Choice(
        target=target,
        aim="transcription" if given.query.get("intent") == "transcription" else "realtime",
        transcription_model=usual.transcription,
        vad_model=usual.transcription_vad,
        realtime_model=asked.model or usual.realtime,
        key=None if withheld else _first(key, given.credentials(), trusted=known),
        withheld=withheld,
        timeout=asked.timeout,
        deadline=asked.deadline,
        begun=watchdog.begun,
        notices=notices,
        transcribe=ledger.billable,
        spend=ledger.raw,
    )
    sockets_at_once(LIVE_CONCURRENCY)  # raises when there is room for none
    return _run(asked, watchdog, choice, context, given, ledger)


def _first(key: Secret | None, credentials: Sequence[Secret], *, trusted: bool) -> Secret | None:
    """The credential that is tried in other places: the one in the handshake before that of the environment, where the
    host is nobody's that the latter is known to belong to."""
    standing = credentials[-1] if credentials else None  # the last is the plain key
    return key or standing if trusted else standing or key


def _run(
    asked: Asked, watchdog: Watchdog, choice: Choice, context: ssl.SSLContext, given: Given, ledger: Ledger
) -> int:
    """Probe, and write the report; the exit code comes back."""
    progress = Progress(console(sys.stderr))
    show = writer("probe", asked.format)
    want_fix = bool(asked.fix)
    begun: list[tuple[Bench, Found]] = []

    def last_words(interrupted: bool) -> bool:
        progress.hide()
        for bench, found in begun:
            stopped = "interrupted" if interrupted else deadline_passed(asked.deadline)
            probed = probed_of(bench, given, found, want_fix=want_fix, stopped=stopped, interrupted=interrupted)
            if not interrupted:
                probed = replace(probed, report=cut_off(probed.report, asked.deadline))
            show(probed, sys.stdout)
        return bool(begun)

    async def whole() -> None:
        async with open_session(context, choice.target.route, asked.timeout) as http:
            bench, found = Bench(choice, http, Clock(), ledger), Found()
            begun.append((bench, found))
            probed = await probe(
                bench, given, want_fix=want_fix, said=lambda what: progress(Pending((what,), 0, 1)), found=found
            )
            with watchdog.lock:
                progress.hide()
                show(probed, sys.stdout)
                sys.stdout.flush()
                report = probed.report
                watchdog.code = exits.INTERRUPTED if report.interrupted else report.summary.exit_code

    try:
        return watchdog.run(whole, last_words)
    finally:
        progress.hide()


def _given(asked: Asked) -> tuple[Given, Given, str | None]:
    """The handshake, what the flags add to it, and the proxy that a pasted command line goes by."""
    sources = [
        name for name, value in (("URL", asked.url), ("a command line", asked.command), ("--har", asked.har)) if value
    ]
    if len(sources) != 1:
        raise Usage("give one handshake: a URL, --curl, --websocat, --wscat or --har ({} were given)", len(sources))
    proxy = None
    if asked.har:
        given = read_har(asked.har)
    elif asked.command:
        command = read_command(asked.command)
        given, proxy = command.given, command.proxy
    else:
        given = given_from(asked.url or "", [], [], [])
    added = given_from(given.with_query({}).url, list(asked.headers), list(asked.subprotocols), list(asked.query))
    return given, replace(added, events=_events(asked.send) if asked.send else ()), proxy


def _with(given: Given, added: Given) -> Given:
    query = given.query | added.query
    return replace(
        given if query == given.query else given.with_query(query),
        headers=(*given.headers, *added.headers),
        subprotocols=(*given.subprotocols, *added.subprotocols),
        events=(*given.events, *added.events),
    )


def _events(file: Path) -> tuple[Sent, ...]:
    try:
        text = read_bounded(file, _MOST_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage("--send {}: cannot be read: {}", file, error) from error
    return read_events(text, f"--send {file}")


def _told_before(given: Given, ledger: Ledger) -> list[str]:
    """What is left out, and what is sent that may cost money, a sentence each."""
    raw = [event for event in given.events if isinstance(event, (str, bytes))]
    joined = in_call(given.url)
    billable = sum(not isinstance(event, (str, bytes)) and not is_free(event, joined=joined) for event in given.events)
    told = []
    if speaks_by_itself(given.url):
        told.append("This handshake may begin a conversation that costs money.")
    if billable and ledger.billable:
        told.append(f"Sends {billable} billable event(s).")
    elif billable:
        why = ", for the URL may be that of a session that goes on" if joined else ""
        told.append(f"{billable} billable event(s) are left out{why}; --transcribe sends them.")
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


def _filled(given: Given, key: Secret | None, key_env: str | None, stranger: str) -> Given:
    """The handshake with the key in the place of $OPENAI_API_KEY (or the variable that --key-env names).

    Raises:
        Usage: there is no key, the variable stands in a text of somebody else's for a stranger's host, or another one
            stands where a credential does.
    """
    names = (key_env or KEY_VARIABLE, KEY_VARIABLE)

    def fill(text: str, before: str) -> str:
        """`before`: behind which characters a variable of another name is no part of a text, ^ for its beginning."""

        def put(found: Match) -> str:
            if (found.text("braced") or found.text("bare")) not in names:
                if (text[: found.start()][-1:] or "^") in before:
                    raise Usage(_OTHER, found.text(), names[0])
                return found.text()
            if key is None:
                raise Usage("{} stands in the handshake, and there is no key to put there", found.text())
            if stranger:
                raise Usage(_STRANGER, found.text(), stranger, KEY_VARIABLE)
            return key.reveal()

        return _VARIABLE.sub(put, text)

    query = {name: fill(value, "^ " * is_secret_query(name)) for name, value in given.query.items()}
    return replace(
        given if query == given.query else given.with_query(query),
        headers=tuple((name, fill(value, _before(name))) for name, value in given.headers),
        subprotocols=tuple(fill(item, "^.") for item in given.subprotocols),
    )


def _before(header: str) -> str:
    # $Version and $Path begin a cookie's attributes (RFC 2965).
    return "=" if is_cookie(header) else "^ =:" if is_secret_header(header) else ""


def _want_fix(asked: Asked) -> bool:
    if asked.fix is not None:
        return asked.fix
    if asked.format != TERMINAL or not (_sits_there(sys.stdin) and _sits_there(sys.stdout)):
        return False
    question = f"If it fails: look for the smallest change that works (at most {MOST_CONNECTIONS} connections)? [Y/n] "
    try:
        return input(question).strip().lower() in ("", "y", "yes")
    except EOFError:
        return False


def _sits_there(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()
