"""Carries out `rtdoctor proxy`."""

import asyncio
import os
import secrets
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rtdoctor import process
from rtdoctor.cli import exits
from rtdoctor.cli.lines import Lines
from rtdoctor.cli.outputs import Outputs
from rtdoctor.cli.server_tls import server_context
from rtdoctor.cli.watchdog import quiet
from rtdoctor.engine.keys import find_key
from rtdoctor.engine.routing import RouteAsked, route_to, tls_context
from rtdoctor.files import NotWritten
from rtdoctor.knowledge.profiles import profiles, target_at
from rtdoctor.mock.control import serve_control
from rtdoctor.mock.faults import BadFault, Faults
from rtdoctor.model.finding import Finding
from rtdoctor.model.target import BadTarget, Target, is_loopback_host
from rtdoctor.model.watched import Watched
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.quote import quote
from rtdoctor.privacy.secret import Secret
from rtdoctor.proxy.breaking import faults_of
from rtdoctor.proxy.server import Asked, Proxy, State
from rtdoctor.proxy.upstream import Upstream
from rtdoctor.recording.tape import Audio, Line, Tell, durable, open_tape
from rtdoctor.report.live_terminal import LiveTerminal
from rtdoctor.report.proxy_terminal import live as told_live
from rtdoctor.web.feed import Feed
from rtdoctor.web.server import serve_page

_SWITCH = 0.0001  # seconds after which the judge's thread lets the loop's go on; Python's own 5 ms would be felt
_FINISH = 5.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The flags of the command."""

    to: str
    route: RouteAsked
    host: str
    port: int
    record: Path | None
    audio: Audio
    key_env: str | None
    cert: Path | None
    key: Path | None
    verbose: bool
    fail_on: str
    timeout: float
    web: bool = False
    faults: tuple[str, ...] = ()
    live: bool = False
    control: bool = False


def carry_out(wanted: Wanted, *, format: str, reports: Sequence[str] = (), more: Sequence[Tell] = ()) -> int:
    """Run the proxy until it is interrupted; the exit code comes back. Each of `more` gets every line of the tape, in
    the judge's thread.

    Raises:
        Usage: the endpoint, a certificate, the key, the port or the file cannot be used.
    """
    target, context = _target(wanted)
    key = _key(wanted, target)
    own = server_context(wanted.cert, wanted.key)
    with ExitStack() as stack:
        outputs = stack.enter_context(Outputs("proxy", format, reports))
        shown = sys.stdout if format == "terminal" else sys.stderr
        live = LiveTerminal(shown) if wanted.live else None
        lines = Lines(live.say if live else lambda text: print(text, file=shown, flush=True))
        tells: list[Tell] = [live.take if live else _shown(lines, wanted.verbose), *more]
        if wanted.record is not None:
            try:
                tells.append(_durable(stack.enter_context(open_tape(wanted.record)), lines))
            except NotWritten as error:
                raise Usage("--record {}", error) from error
        feed = Feed() if wanted.web else None
        if feed is not None:
            tells.append(feed.put)
        asked = Asked(
            upstream=Upstream(target, context, wanted.timeout),
            key=key,
            key_header=profiles()[target.profile].key_header.lower(),
            context=own,
            host=wanted.host,
            port=wanted.port,
            audio=wanted.audio,
            tells=tells,
            say=_said(lines, target),
            broke=lambda error: lines.say(_broke(error)),
            faults=_faults(wanted.faults, changing=wanted.control),
        )
        sys.setswitchinterval(_SWITCH)
        watched = asyncio.run(_until_interrupted(asked, wanted, lines, feed, live))
        lines.finish(_FINISH)
        code = _code(watched, wanted.fail_on)
        with process.telling():
            outputs(replace(watched, exit_code=code))
        return outputs.code(code)


async def _until_interrupted(
    asked: Asked, wanted: Wanted, lines: Lines, feed: Feed | None, live: LiveTerminal | None
) -> Watched:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(quiet)
    proxy = Proxy(asked)
    try:
        await proxy.start()
    except OSError as error:
        raise exits.not_listening(wanted.port, error, wanted.host) from error
    with process.on_interrupt(lambda: loop.call_soon_threadsafe(over.set)):
        for line in _greeting(proxy, asked, wanted):
            lines.say(line)
        async with AsyncExitStack() as stack:
            if feed is not None:
                lines.say(f"# page, on this machine only: {await stack.enter_async_context(serve_page(feed))}")
            if wanted.control and asked.faults is not None:
                token = secrets.token_urlsafe(16)
                url = await stack.enter_async_context(serve_control(asked.faults, proxy.state, token))
                lines.say(f"# curl -H 'X-Rtdoctor-Token: {token}' -d '{{\"fault\": \"abort\"}}' {url}/faults")
            if live is not None:
                stack.enter_context(live)
            await over.wait()
            watched = await proxy.stop()
            if feed is not None:
                feed.end()
            return watched


def _greeting(proxy: Proxy, asked: Asked, wanted: Wanted) -> list[str]:
    lines = [f"OPENAI_BASE_URL={clean(proxy.base_url)}"]
    lines.append(f"# leads to {quote(asked.upstream.target.base_url)}; Ctrl-C ends it")
    if not is_loopback_host(wanted.host):
        who = "SPENDS YOUR KEY" if asked.key else "goes to the endpoint from here"
        lines.append(f"# WARNING: everybody who reaches {clean(quote(wanted.host))} may use it, and {who}")
    if wanted.route.insecure:
        lines.append(
            "# WARNING: the endpoint's certificate is NOT CHECKED (--insecure), and WHOEVER ANSWERS GETS THE KEY"
        )
    if asked.key:
        lines.append(f"# the key in {quote(asked.key.source)} takes the place of the client's")
    if wanted.record:
        lines.append(f"# records to {clean(quote(str(wanted.record)))}; audio: {wanted.audio}")
    return lines


def _faults(texts: Sequence[str], *, changing: bool) -> Faults | None:
    """None where nothing is to be broken, now or later: then bytes are passed as they are."""
    try:
        return faults_of(texts) if texts or changing else None
    except BadFault as error:
        raise Usage("--fault {}", error) from error


def _target(wanted: Wanted) -> tuple[Target, Any]:
    try:
        target = target_at(wanted.to)
        route, notices = route_to(target, wanted.route)
    except BadTarget as error:
        raise Usage("--to {}", error) from error
    if wanted.route.insecure and not wanted.route.send_key:
        raise Usage("--insecure: what passes holds a key, and whoever answers gets it only with --insecure-send-key")
    for notice in notices:
        exits.say(notice, 0)
    target = replace(target, route=route)
    keep(route.secrets())
    return target, tls_context(route) if target.tls else None


def _key(wanted: Wanted, target: Target) -> Secret | None:
    """The proxy's own key, where one was named."""
    if wanted.key_env is None:
        return None
    if not target.tls and not target.is_loopback:
        raise Usage("--key-env: the key is not sent without TLS to another machine; give an https URL")
    key = find_key(wanted.key_env, None)
    if key is not None and not (key.reveal().isascii() and key.reveal().isprintable()):
        raise Usage("--key-env {}: the key holds a character that no header can carry", wanted.key_env)
    return key


def _shown(lines: Lines, verbose: bool) -> Tell:
    def tell(line: Line) -> None:
        if text := told_live(line, verbose=verbose):
            lines.say(text)

    return tell


def _broke(error: Exception) -> str:
    """A bug of ours costs the judgement, and no byte."""
    if os.environ.get("RTDOCTOR_DEBUG"):
        return quote("".join(traceback.format_exception(error)))
    return f"rtdoctor: a bug in the judge ({type(error).__name__}); one connection passes unjudged"


def _durable(tell: Tell, lines: Lines) -> Tell:
    """The same; what cannot be written any more is told once, and the judgement goes on."""

    def failed(error: NotWritten) -> None:
        why = clean(quote(str(error)))
        lines.say(f"rtdoctor: --record {why}; the tape ends here, and all passes as before")

    return durable(tell, failed)


def _said(lines: Lines, target: Target) -> Callable[[State, Finding | None], None]:
    place = clean(quote(target.base_url))
    reached: list[bool] = []

    def say(_: State, finding: Finding | None) -> None:
        if finding is None:
            lines.say(f"ready: {place} {'was reached' if not reached else 'is reached again'}")
            reached.append(True)
            return
        why = f"{finding.cause}: {clean(finding.title or finding.summary)}. {' '.join(map(clean, finding.facts))}"
        lines.say(f"{'NOT REACHED ANY MORE' if reached else 'not ready'}: {place}: {why}")
        if finding.remedy:
            lines.say(f"  fix: {clean(finding.remedy)}")

    return say


def _code(watched: Watched, fail_on: str) -> int:
    """Findings decide nothing unless that was asked for."""
    counted = watched.counted
    bad = counted.get("fail", 0) + counted.get("inconclusive", 0)
    bad += watched.unjudged + (counted.get("warn", 0) if fail_on == "warn" else 0)
    return exits.WRONG if bad and fail_on != "never" else exits.OK
