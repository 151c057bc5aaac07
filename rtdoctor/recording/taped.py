"""A tape as entries: what `validate` and `explain` read of every recording."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from rtdoctor.model.entry import Entry
from rtdoctor.model.event import why_no_event
from rtdoctor.model.exchange import Answer, Exchange, Fault, Request
from rtdoctor.model.handshake import Handshake
from rtdoctor.recording.chunks import Chunks
from rtdoctor.recording.parse import Unparsable, parse
from rtdoctor.recording.tape import BadTape, Line, Silence, headers_of, read_tape

_Asked = tuple[Request, float, bool]  # what was asked, when, and whether it was no socket
_MOST_OPEN = 1_000  # requests that wait for their answer
_LAYERS = ("dns", "tcp", "tls", "http", "upgrade", "session")


def tape_entries(feed: Chunks) -> Iterator[Entry]:
    """The entries of a tape: the handshake when it was answered or failed, each event, the close, the end. Never raises
    for content."""
    try:
        lines = read_tape(feed)
        requests: dict[int, _Asked] = {}
        closed: set[int] = set()
        silence = Silence()
        for number, line in lines:
            if line.get("kind") == "problem":
                if number:  # what the whole file suffers from is told by who reads it
                    yield Entry(None, line=number, problem=f"line {number}: {line['text']}")
            elif "tape" not in line:
                yield from _entries(number, line, requests, closed, silence)
    except BadTape as error:
        yield Entry(None, line=1, problem=f"line 1: {error}")


def _entries(
    number: int, line: Line, requests: dict[int, _Asked], closed: set[int], silence: Silence
) -> Iterator[Entry]:
    kind, at, socket = line["kind"], float(line["t"]), line["connection"]
    match kind:
        case "request":
            if len(requests) < _MOST_OPEN:
                requests[socket] = (request_of(line), at, is_rest(line))
        case "answer" | "fault":
            asked, since, rest = requests.pop(socket, (Request("", ""), at, False))
            yield Entry(None, None, at, number, "", socket, exchange_of(asked, line, (at - since) * 1000), rest=rest)
        case "text":
            yield _text(number, line, at, socket, silence)
        case "binary":
            reason = "a binary frame; the Realtime API takes and sends text frames only"
            yield Entry(None, _side(line), at, number, f"line {number}: {reason}", socket)
        case "broken":
            reason = "what comes is no WebSocket frame (RFC 6455); nothing after it can be read"
            yield Entry(None, _side(line), at, number, f"line {number}: {reason}", socket)
        case "close":
            closed.add(socket)
            # A frame without a code is one of 1005 (RFC 6455, section 7.1.5).
            close = {
                "code": 1005 if line.get("code") is None else line["code"],
                "reason": line.get("reason") or "",
                "by": line.get("from"),
            }
            yield Entry(close, "close", at, number, "", socket)
        case "end":
            if socket in requests:  # it went away before it answered
                asked, _, rest = requests.pop(socket)
                yield Entry(None, None, at, number, "", socket, _unanswered(asked, line), rest=rest)
            elif socket not in closed and line.get("how") in ("reset", "eof"):
                yield Entry({"by": line.get("by"), "how": line["how"]}, "close", at, number, "", socket)
            closed.discard(socket)
            yield Entry(None, None, at, number, "", socket, ended=True)


def _text(number: int, line: Line, at: float, socket: int, silence: Silence) -> Entry:
    data = line.get("data")
    text = data if isinstance(data, str) else ""
    try:
        event = parse(text.encode())
    except (Unparsable, UnicodeEncodeError) as error:
        return Entry(None, _side(line), at, number, f"line {number}: {error}", socket)
    if not isinstance(event, dict):
        return Entry(None, _side(line), at, number, f"line {number}: the frame is {why_no_event(text)}", socket)
    return Entry(silence.back(event), _side(line), at, number, "", socket)


def _side(line: Line) -> Any:
    side = line.get("from")
    return side if side in ("server", "client") else None


def request_of(line: Mapping[str, Any]) -> Request:
    """The request that a line tells of; what credential it had stands beside it, for the headers hold marks."""
    held = line.get("subprotocols")
    offered = tuple(item for item in held if isinstance(item, str)) if isinstance(held, list) else ()
    handshake = Handshake(str(line.get("url") or ""), headers_of(line), offered)
    try:
        asked = handshake.request()
    except ValueError:  # no URL at all
        asked = Request("", "")
    auth = line.get("auth")
    ways = tuple(way for way in auth if isinstance(way, str)) if isinstance(auth, list) else asked.auth
    credential = line.get("credential")
    return Request(
        asked.url,
        asked.path,
        asked.query,
        ways,
        credential if isinstance(credential, str) else asked.credential,
        asked.subprotocols,
        asked.beta,
    )


def is_rest(line: Mapping[str, Any]) -> bool:
    """True for a request that asks for no socket."""
    if line.get("method", "GET") != "GET":
        return True
    names = {name.lower() for name, _ in headers_of(line)}
    return bool(names) and "upgrade" not in names and "sec-websocket-key" not in names


def exchange_of(asked: Request, line: Mapping[str, Any], ms: float) -> Exchange:
    """The exchange up to the answer, or the fault, that a line tells of."""
    if line["kind"] == "fault":
        layer = line.get("layer")
        fault = Fault(cast(Any, layer if layer in _LAYERS else "tcp"), str(line.get("fault")), str(line.get("text")))
        return Exchange(asked, fault=fault)
    status = line.get("status")
    body = line.get("body")
    answer = Answer(
        status if isinstance(status, int) else 0,
        str(line.get("reason") or ""),
        headers_of(line),
        body.encode("utf-8", "replace") if isinstance(body, str) else b"",
        ms,
    )
    chosen = line.get("subprotocol")
    return Exchange(asked, answer, chosen if isinstance(chosen, str) else None)


def _unanswered(asked: Request, line: Line) -> Exchange:
    if line.get("by") != "server":
        return Exchange(asked)
    how = "reset" if line.get("how") == "reset" else "disconnected"
    return Exchange(asked, fault=Fault("upgrade", how, "the connection ended before an answer"))
