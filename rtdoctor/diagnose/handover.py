"""What a user takes from a handshake that works: what changed as - and + lines, and the whole of it as command lines.

Pure. No key is in it: where the key belongs, the name of its environment variable stands, which rtdoctor and a shell
fill in. Any other secret is a mark, which whoever pastes the line replaces.
"""

import difflib
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from rtdoctor.diagnose.snippet import NoSnippet, language, render
from rtdoctor.model.fix import Handover
from rtdoctor.model.handshake import KEY_SUBPROTOCOL, Handshake, unquoted_marks
from rtdoctor.privacy.quote import quoted

EVENTS_FILE = "events.jsonl"
_MOST_EVENTS, _LONGEST_EVENT, _MOST_LINES = 20, 2_000, 60
_BEFORE = ("", "bearer", "token", "key", KEY_SUBPROTOCOL)  # what stands before a key and is none
_USUAL_VARIABLE = "OPENAI_API_KEY"
# curl asks for no upgrade by itself. The key is the example of RFC 6455: it only has to be 16 bytes in base64.
_UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


def handover(before: Handshake, after: Handshake, key: str | None, variable: str = _USUAL_VARIABLE) -> Handover:
    """What to change from `before` to `after`, and `after` as lines to paste. `key` is the key that may stand in them,
    `variable` the environment variable that holds it."""
    old, new = _shown(before, key, variable), _shown(after, key, variable)
    events = tuple(map(_written, new.events[:_MOST_EVENTS]))
    # What is too long, binary or no event is not for a line; the user has it already.
    plain = len(new.events) <= _MOST_EVENTS and all(0 < len(event) <= _LONGEST_EVENT for event in events)
    return Handover(
        url=new.url,
        change=tuple(_change(old, new)),
        commands=tuple(_commands(new, events if plain else (), variable)),
        events=events if plain else (),
        auth=new.auth(),
        variable=variable if f"${variable}" in _all(new) else "",
    )


def with_snippet(handed: Handover, ident: str, transcription_model: str, realtime_model: str) -> Handover:
    """The same with client code in that language, for a session of that kind at that base URL. The models are those
    that are used where the URL names none.

    Raises:
        NoSnippet: there is none for this language, host or form of session.
    """
    parts = urlsplit(handed.url)
    base, socket, behind = parts.path.rstrip("/").rpartition("/realtime")
    if not socket or behind:
        raise NoSnippet("a snippet opens a socket at /realtime, and this one is at {}", parts.path or "/")
    query = dict(parse_qsl(parts.query))
    aim = "transcription" if query.get("intent") == "transcription" else "realtime"
    model = query.get("model") or (transcription_model if aim == "transcription" else realtime_model)
    wanted = "subprotocol" if "subprotocol" in handed.auth else "header"
    auths = language(ident).auth
    url = urlunsplit(("https" if parts.scheme == "wss" else "http", parts.netloc, base, "", ""))
    code = render(ident, aim, wanted if wanted in auths else auths[0], model=model, base_url=url)
    return replace(handed, language=ident, snippet=code)


def _all(handshake: Handshake) -> str:
    return "\n".join((handshake.url, *(value for _, value in handshake.headers), *handshake.subprotocols))


def _shown(handshake: Handshake, key: str | None, variable: str) -> Handshake:
    """The printable form, with $variable where the key stands."""
    shown, name = handshake.shown(), f"${variable}"

    def put(raw: str, masked: str) -> str:
        before, key_there, behind = raw.partition(key) if key else (raw, "", "")
        # Only a scheme or prefix may stand before it: what else is there was masked for a reason.
        return f"{before}{name}" if key_there and not behind and before.strip().lower() in _BEFORE else masked

    query = {
        masked_name: put(value, masked)
        for value, (masked_name, masked) in zip(handshake.query.values(), shown.query.items(), strict=False)
    }
    url = shown.with_query(query).url if any(name in value for value in query.values()) else shown.url
    return Handshake(
        unquoted_marks(url).replace(f"%24{variable}", name),
        tuple(
            (header, put(raw, masked))
            for (_, raw), (header, masked) in zip(handshake.headers, shown.headers, strict=True)
        ),
        tuple(put(raw, masked) for raw, masked in zip(handshake.subprotocols, shown.subprotocols, strict=True)),
        tuple(event if isinstance(event, bytes) else quoted(event) for event in handshake.events),
    )


def _written(event: Mapping[str, Any] | str | bytes) -> str:
    """An event as one line; the empty string where it is none."""
    return json.dumps(event, ensure_ascii=False) if isinstance(event, Mapping) else ""


# --- what changed -----------------------------------------------------------------------------------------------------


def _change(old: Handshake, new: Handshake) -> Iterator[str]:
    """Lines that begin with - (as given), + (as it should be) or a blank (beside it, for the place)."""
    if old.url != new.url:
        yield f"- {old.url}"
        yield f"+ {new.url}"
    yield from (f"- {name}: {value}" for name, value in old.headers if (name, value) not in new.headers)
    yield from (f"+ {name}: {value}" for name, value in new.headers if (name, value) not in old.headers)
    if old.subprotocols != new.subprotocols:
        if old.subprotocols:
            yield f"- Sec-WebSocket-Protocol: {', '.join(old.subprotocols)}"
        if new.subprotocols:
            yield f"+ Sec-WebSocket-Protocol: {', '.join(new.subprotocols)}"
    for was, now in zip(old.events, new.events, strict=False):
        if was != now:
            yield from _event_change(was, now)


def _event_change(was: Any, now: Any) -> Iterator[str]:
    lines = list(difflib.unified_diff(_lines(was), _lines(now), lineterm="", n=2))[2:]
    shown = [f"{line[:1]} {line[1:]}".rstrip() for line in lines if not line.startswith("@@")]
    yield from shown[:_MOST_LINES]
    if len(shown) > _MOST_LINES:
        yield f"  and {len(shown) - _MOST_LINES} more lines"


def _lines(event: Any) -> list[str]:
    return json.dumps(event, indent=2, ensure_ascii=False, default=str).splitlines()


# --- command lines ----------------------------------------------------------------------------------------------------


def _commands(handshake: Handshake, events: tuple[str, ...], variable: str) -> Iterator[tuple[str, str]]:
    """The tool, and its command line, one option a line."""
    headers = [f"{name}: {value}" for name, value in handshake.headers]
    named = variable != _USUAL_VARIABLE and f"${variable}" in _all(handshake)
    yield (
        "rtdoctor",
        _joined(
            f"rtdoctor probe {shlex.quote(handshake.url)}",
            *(f"-H {shlex.quote(header)}" for header in headers),
            *(f"--subprotocol {shlex.quote(item)}" for item in handshake.subprotocols),
            *((f"--key-env {variable}",) if named else ()),
            *((f"--send {EVENTS_FILE}",) if events else ()),
        ),
    )
    offered = ", ".join(handshake.subprotocols)
    extra = (f"Sec-WebSocket-Protocol: {offered}",) if offered else ()
    parts = urlsplit(handshake.url)
    http = urlunsplit(parts._replace(scheme="https" if parts.scheme == "wss" else "http"))
    yield (
        "curl",
        _joined(
            "curl --http1.1 --include --no-buffer --max-time 5",
            _expanded(http, variable),
            *(f"-H {_expanded(header, variable)}" for header in (*_UPGRADE, *headers, *extra)),
        ),
    )
    begin = "websocat -n" if events else "websocat"
    yield (
        "websocat",
        (f"cat {EVENTS_FILE} | " if events else "")
        + _joined(
            f"{begin} {_expanded(handshake.url, variable)}",
            *(f"-H={_expanded(header, variable)}" for header in headers),
            *((f"--protocol {_expanded(offered, variable)}",) if offered else ()),
        ),
    )


def _joined(*parts: str) -> str:
    return " \\\n  ".join(parts)


def _expanded(text: str, variable: str) -> str:
    """One word for a shell that fills in $variable and nothing else."""
    name = f"${variable}"
    if name not in text:
        return shlex.quote(text)
    pieces = (piece.translate({ord(char): f"\\{char}" for char in '\\"`$'}) for piece in text.split(name))
    return f'"{name.join(pieces)}"'
