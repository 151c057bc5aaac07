"""What a probe is asked for, and what of it can be carried out: the handshake, who may get which key, what is kept
back, what may be sent."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rtdoctor.engine.caveats import RETIRE_WITHIN
from rtdoctor.engine.commandline import BadHandshake, Sent, handshake_from, read_command, read_events, read_har
from rtdoctor.engine.keys import KEY_VARIABLE, find_key
from rtdoctor.engine.limits import sockets_at_once
from rtdoctor.engine.plan import check_model, check_times
from rtdoctor.engine.routing import DEFAULT_ROUTE, RouteAsked, route_to, tls_context
from rtdoctor.engine.setup import LIVE_CONCURRENCY, Choice
from rtdoctor.files import read_bounded
from rtdoctor.knowledge.profiles import target_at
from rtdoctor.linear import Match, pattern
from rtdoctor.model.event import NotAnEvent, parse_client_event
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.plural import plural
from rtdoctor.model.scenario import in_call, is_free, speaks_by_itself
from rtdoctor.model.target import BadTarget
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.known import holds_secret, keep
from rtdoctor.privacy.secret import Secret
from rtdoctor.privacy.vocabulary import is_cookie, is_secret_header, is_secret_query
from rtdoctor.protocol.models import defaults
from rtdoctor.wire.session import Ledger

_STRANGER = "the handshake sends {} to {}, which is not OpenAI's over TLS; --key-env {} lets it"
_UNUSED = "{0} is set, and this handshake does not send it; -H 'Authorization: Bearer ${0}' does."
_REST_URL = "The URL given begins with {}; the socket's begins with {}, and many clients refuse any other."
_OTHER = "{} stands in the handshake, and only ${} is filled in; --key-env names another variable"
# As the shell reads it: the longest name. $OPENAI_API_KEY_STAGING is another variable.
_VARIABLE = pattern(r"\$(?:\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<bare>[A-Za-z_][A-Za-z0-9_]*))")
_MOST_BYTES = 1024 * 1024  # as much as is taken of a HAR
_MOST_HEAD = 64 * 1024  # servers take 8 to 64 KiB (Apache, nginx 8, Node 16, HAProxy 16, Tomcat 8)


@dataclass(frozen=True, slots=True, repr=False)
class ProbeAsked:
    """The handshake that is to be repeated, as it was given: by its URL, a command line of curl, websocat or wscat, or
    a HAR. Headers are `Name: value`, query parameters `name=value`; times are in seconds. Headers may hold secrets, so
    it has no readable form."""

    url: str | None = None
    headers: tuple[str, ...] = ()
    subprotocols: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    send: Path | None = None
    command: str | None = None
    har: Path | None = None
    model: str | None = None
    key: str | None = None
    key_env: str | None = None
    key_file: Path | None = None
    route: RouteAsked = DEFAULT_ROUTE
    timeout: float = 10.0
    deadline: float = 180.0
    transcribe: bool = False
    spend: bool = False
    retire_within: int = RETIRE_WITHIN


@dataclass(frozen=True, slots=True, repr=False)
class ProbePlan:
    """What will be repeated: nothing was sent yet. `notices` say what is left out and what may cost money."""

    choice: Choice
    context: ssl.SSLContext
    handshake: Handshake
    ledger: Ledger
    notices: tuple[str, ...]


def plan_probe(asked: ProbeAsked, begun: float) -> ProbePlan:
    """Read the handshake; `begun` is the moment, in monotonic time, from which the deadline counts.

    Raises:
        Usage: the handshake, the key, the CA file or the events cannot be used.
    """
    check_times(asked.timeout, asked.deadline)
    check_model(asked.model)
    key = find_key(asked.key_env, asked.key_file, asked.key)
    try:
        handshake, added, proxy = _given(asked)
        if proxy and asked.route.proxy is None:
            asked = replace(asked, route=replace(asked.route, proxy=proxy))
        target = target_at(handshake.with_query({}).url)
        route, notices = route_to(target, asked.route)
        target = replace(target, route=route)
        # The key of the environment is OpenAI's. Another host gets it where the user himself puts it into the
        # handshake, or names it; not because it stands in a text that may come from anybody.
        known = bool((target.profile == "openai" and target.tls) or asked.key_env or asked.key_file or asked.key)
        typed = not (asked.har or asked.command)
        stranger = "" if known or typed or target.is_loopback else target.host
        if not asked.har:
            handshake = _filled(handshake, key, asked.key_env, stranger)
        handshake = _with(handshake, _filled(added, key, asked.key_env, stranger))
    except (BadHandshake, BadTarget) as error:
        raise Usage("{}", error) from error
    if (size := handshake.head_size()) > _MOST_HEAD:
        raise Usage("the URL and headers have {} characters; no server takes more than {}", size, _MOST_HEAD)
    if key is not None and key.source.isidentifier() and key.reveal().strip() not in handshake.written():
        notices = (*notices, _UNUSED.format(key.source))
    own = typed and key is not None and key.reveal() in handshake.written()
    if not (known or own or (typed and target.is_loopback)):
        key = None  # neither the handshake nor a search for a change brings it there
    context = tls_context(route)
    ledger = Ledger(billable=asked.transcribe, raw=asked.spend)
    sends = _sent_and_spent(handshake, ledger)
    if (scheme := (asked.url or "").partition("://")[0].strip().lower()) in ("http", "https"):
        notices = (*notices, _REST_URL.format(f"{scheme}://", f"{handshake.url.partition('://')[0]}://"))
    credentials = handshake.credentials() + ([key] if key else [])
    secrets = handshake.secrets()
    # What is kept first is looked for best: the keys, then the short ones, of which there may be more.
    keep([key, *route.secrets(), *credentials, *sorted(secrets, key=lambda secret: len(secret.reveal()))])
    withheld = None
    if asked.route.insecure and not asked.route.send_key:
        withheld = credentials[-1] if credentials else None
        masked = handshake.without_secrets([*secrets, *credentials])
        # In a form that was not found it must not go out either: base64 in a header, a name that is the key.
        written = masked.written()
        if holds_secret(written):
            raise Usage("--insecure: the handshake holds the key in a form that cannot be kept back")
        if any(word in written for word in handshake.overlooked()):
            raise Usage(
                "--insecure: the handshake holds more opaque text than can be kept back, and some may be secret"
            )
        handshake = masked
    usual = defaults()
    choice = Choice(
        target=target,
        aim="transcription" if handshake.query.get("intent") == "transcription" else "realtime",
        transcription_model=usual.transcription,
        vad_model=usual.transcription_vad,
        realtime_model=asked.model or usual.realtime,
        key=None if withheld else _first(key, handshake.credentials(), trusted=known),
        withheld=withheld,
        timeout=asked.timeout,
        deadline=asked.deadline,
        begun=begun,
        notices=notices,
        retire_within=asked.retire_within,
        transcribe=ledger.billable,
        spend=ledger.raw,
    )
    sockets_at_once(LIVE_CONCURRENCY)  # raises when there is room for none
    return ProbePlan(choice, context, handshake, ledger, tuple(sends))


def _first(key: Secret | None, credentials: Sequence[Secret], *, trusted: bool) -> Secret | None:
    """The credential that is tried in other places: the one in the handshake before that of the environment, where the
    host is nobody's that the latter is known to belong to."""
    standing = credentials[-1] if credentials else None  # the last is the plain key
    return key or standing if trusted else standing or key


def _given(asked: ProbeAsked) -> tuple[Handshake, Handshake, str | None]:
    """The handshake, what the flags add to it, and the proxy that a pasted command line goes by."""
    sources = [
        name for name, value in (("URL", asked.url), ("a command line", asked.command), ("--har", asked.har)) if value
    ]
    if len(sources) != 1:
        raise Usage("give one handshake: a URL, --curl, --websocat, --wscat or --har ({} were given)", len(sources))
    proxy = None
    if asked.har:
        handshake = read_har(asked.har)
    elif asked.command:
        command = read_command(asked.command)
        handshake, proxy = command.handshake, command.proxy
    else:
        handshake = handshake_from(asked.url or "", [], [], [])
    added = handshake_from(
        handshake.with_query({}).url, list(asked.headers), list(asked.subprotocols), list(asked.query)
    )
    return handshake, replace(added, events=_events(asked.send) if asked.send else ()), proxy


def _with(handshake: Handshake, added: Handshake) -> Handshake:
    query = handshake.query | added.query
    return replace(
        handshake if query == handshake.query else handshake.with_query(query),
        headers=(*handshake.headers, *added.headers),
        subprotocols=(*handshake.subprotocols, *added.subprotocols),
        events=(*handshake.events, *added.events),
    )


def _events(file: Path) -> tuple[Sent, ...]:
    try:
        text = read_bounded(file, _MOST_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage("--send {}: {}", file, error) from error
    return read_events(text, f"--send {file}")


def _sent_and_spent(handshake: Handshake, ledger: Ledger) -> list[str]:
    """What is left out, and what is sent that may cost money, a sentence each."""
    raw = [event for event in handshake.events if isinstance(event, (str, bytes))]
    joined = in_call(handshake.url)
    billable = sum(
        not isinstance(event, (str, bytes)) and not is_free(event, joined=joined) for event in handshake.events
    )
    notices = []
    if speaks_by_itself(handshake.url):
        notices.append("This handshake may begin a conversation that costs money.")
    if billable and ledger.billable:
        notices.append(f"Sends {plural(billable, 'billable event')}.")
    elif billable:
        why = ", for the URL may be that of a session that goes on" if joined else ""
        notices.append(
            f"{plural(billable, 'billable event is', 'billable events are')} left out{why}; --transcribe sends them."
        )
    if raw and ledger.raw:
        notices.append(f"Sends {_no_events(len(raw))} unchanged: what that costs nobody can tell.")
    elif raw:
        why = f"{_no_events(len(raw))} {'is' if len(raw) == 1 else 'are'} left out (the first is {_why(raw[0])})"
        notices.append(f"{why}; --spend sends what you gave unchanged.")
    return notices


def _no_events(count: int) -> str:
    return plural(count, "message that is no event", "messages that are no events")


def _why(raw: str | bytes) -> str:
    """Why it is no event, as the end of a sentence."""
    if isinstance(raw, bytes):
        return "binary"
    try:
        parse_client_event(raw)
    except NotAnEvent as error:
        return str(error)
    return "text"


def _filled(handshake: Handshake, key: Secret | None, key_env: str | None, stranger: str) -> Handshake:
    """The handshake with the key in the place of $OPENAI_API_KEY (or the variable that --key-env names).

    Raises:
        Usage: there is no key, the variable stands in a text of somebody else's for a stranger's host, or another one
            stands where a credential does.
    """
    names = (key_env or KEY_VARIABLE, KEY_VARIABLE)

    def fill(text: str, before: str) -> str:
        """`before`: behind which characters a variable of another name is no part of a text, ^ for its beginning."""

        def put(place: Match) -> str:
            if (place.text("braced") or place.text("bare")) not in names:
                if (text[: place.start()][-1:] or "^") in before:
                    raise Usage(_OTHER, place.text(), names[0])
                return place.text()
            if key is None:
                raise Usage("{} stands in the handshake, and there is no key to put there", place.text())
            if stranger:
                raise Usage(_STRANGER, place.text(), stranger, KEY_VARIABLE)
            return key.reveal()

        return _VARIABLE.sub(put, text)

    query = {name: fill(value, "^ " * is_secret_query(name)) for name, value in handshake.query.items()}
    return replace(
        handshake if query == handshake.query else handshake.with_query(query),
        headers=tuple((name, fill(value, _before(name))) for name, value in handshake.headers),
        subprotocols=tuple(fill(item, "^.") for item in handshake.subprotocols),
    )


def _before(header: str) -> str:
    # $Version and $Path begin a cookie's attributes (RFC 2965).
    return "=" if is_cookie(header) else "^ =:" if is_secret_header(header) else ""
