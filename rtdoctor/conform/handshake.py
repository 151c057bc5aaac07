"""Cases of the opening handshake (RFC 6455, section 4)."""

from collections.abc import Mapping

from rtdoctor.conform.cases import NotServed, Untold, case
from rtdoctor.conform.context import Context, Shaken
from rtdoctor.model.exchange import Answer
from rtdoctor.wire.upgrade import accept_of

_MARKER = "openai-agents-sdk.0.20.0"  # what browser builds of the agents SDK offer beside the two that count


def usual_query(context: Context) -> Mapping[str, str]:
    """The query that opens a session here.

    Raises:
        NotServed, Untold: none is known to.
    """
    for kind in ("realtime", "transcription"):
        if not context.world.ways[kind].why:
            return context.world.ways[kind].query
    way = context.world.ways["realtime"]
    raise (NotServed if way.refused else Untold)(f"no session opens: {way.why}")


def _upgraded(shaken: Shaken) -> Answer:
    """The 101 of a handshake that is right.

    Raises:
        Untold: it was not answered so.
    """
    if shaken.talk is None or shaken.answer is None:
        raise Untold(f"the handshake was not answered by 101 this time: {how(shaken)}")
    return shaken.answer


def how(shaken: Shaken) -> str:
    """The answer to a handshake in a word."""
    return f"HTTP {shaken.answer.status}" if shaken.answer else shaken.fault


async def _works(context: Context, shaken: Shaken, ident: str) -> None:
    """A variant of a right handshake opens a session as the usual one does."""
    refused = await context.refused(shaken)
    if not refused.opened:
        context.deviates(ident, str(refused))


@case("handshake.upgrade", "a right handshake gets a right 101", "handshake.accept-wrong", "handshake.headers-wrong")
async def _upgrade(context: Context) -> None:
    """Sends a right handshake; Upgrade, Connection and Sec-WebSocket-Accept are those of RFC 6455, section 4.2.2."""
    shaken = await context.shake(usual_query(context))
    answer = _upgraded(shaken)
    if answer.header("sec-websocket-accept") != accept_of(shaken.key):
        context.deviates("handshake.accept-wrong", "Sec-WebSocket-Accept does not answer the key")
    tokens = [part.strip() for part in (answer.header("connection") or "").lower().split(",")]
    if (answer.header("upgrade") or "").lower() != "websocket" or "upgrade" not in tokens:
        context.deviates("handshake.headers-wrong", "the 101 lacks Upgrade: websocket or Connection: Upgrade")


@case(
    "handshake.header-forms",
    "headers count in any case, and Connection as a list",
    "handshake.header-forms-refused",
)
async def _header_forms(context: Context) -> None:
    """Sends `upgrade: WebSocket` and `connection: keep-alive, upgrade`, as some clients and proxies do."""
    plain = {"Upgrade": None, "Connection": None, "upgrade": "WebSocket", "connection": "keep-alive, upgrade"}
    await _works(context, await context.shake(usual_query(context), plain=plain), "handshake.header-forms-refused")


@case("handshake.version", "a version that is not 13 is refused", "handshake.version-taken", "handshake.version-untold")
async def _version(context: Context) -> None:
    """Asks with Sec-WebSocket-Version 12: the answer is an HTTP error that names the versions it takes."""
    shaken = await context.shake(usual_query(context), plain={"Sec-WebSocket-Version": "12"})
    if shaken.talk is not None:
        context.deviates("handshake.version-taken", "101 for version 12")
    elif shaken.answer is not None and "13" not in (shaken.answer.header("sec-websocket-version") or ""):
        context.deviates("handshake.version-untold", f"HTTP {shaken.answer.status} without Sec-WebSocket-Version")


@case("handshake.no-key", "a handshake without a key is refused", "handshake.key-unchecked")
async def _no_key(context: Context) -> None:
    """Leaves Sec-WebSocket-Key out."""
    shaken = await context.shake(usual_query(context), plain={"Sec-WebSocket-Key": None})
    if shaken.talk is not None:
        context.deviates("handshake.key-unchecked", "101 without a Sec-WebSocket-Key")


@case("handshake.short-key", "a key that is not 16 bytes is refused", "handshake.key-unchecked")
async def _short_key(context: Context) -> None:
    """Sends a Sec-WebSocket-Key of three bytes."""
    shaken = await context.shake(usual_query(context), plain={"Sec-WebSocket-Key": "YWJj"})
    if shaken.talk is not None:
        context.deviates("handshake.key-unchecked", "101 for a Sec-WebSocket-Key of three bytes")


@case(
    "handshake.plain-get",
    "a GET without an upgrade gets an HTTP error",
    "handshake.plain-get-taken",
    "handshake.plain-get-breaks",
)
async def _plain_get(context: Context) -> None:
    """Asks for the same URL as ordinary HTTP does."""
    bare = dict.fromkeys(("Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"))
    shaken = await context.shake(usual_query(context), plain=bare)
    status = shaken.answer.status if shaken.answer else None
    if status is None or status >= 500:
        context.deviates("handshake.plain-get-breaks", how(shaken))
    elif status < 300:
        context.deviates("handshake.plain-get-taken", how(shaken))


@case("handshake.unknown-path", "a path that is none opens no session", "handshake.any-path")
async def _unknown_path(context: Context) -> None:
    """Asks for /realtime/rtdoctor-no-such-path."""
    shaken = await context.shake(usual_query(context), path="/realtime/rtdoctor-no-such-path")
    if (await context.refused(shaken)).opened:
        context.deviates("handshake.any-path", "a session was opened at /realtime/rtdoctor-no-such-path")


@case(
    "handshake.no-subprotocol",
    "nothing is selected where nothing was offered",
    "handshake.subprotocol-unoffered",
)
async def _no_subprotocol(context: Context) -> None:
    """Offers no subprotocol."""
    chosen = _upgraded(await context.shake(usual_query(context))).header("sec-websocket-protocol")
    if chosen:
        context.deviates("handshake.subprotocol-unoffered", "a subprotocol was selected, and none was offered")


@case(
    "handshake.subprotocol",
    "of the subprotocols that are offered, realtime is selected",
    "handshake.subprotocol-not-echoed",
    "handshake.subprotocol-unoffered",
)
async def _subprotocol(context: Context) -> None:
    """Offers `realtime` alone."""
    shaken = await context.shake(usual_query(context), subprotocols=("realtime",))
    _judge_selection(context, _upgraded(shaken), ("realtime",))


@case(
    "handshake.subprotocol-browser",
    "of what a browser's SDK offers, realtime is selected and never the key",
    "handshake.subprotocol-not-echoed",
    "handshake.subprotocol-unoffered",
    "handshake.subprotocol-key-echoed",
)
async def _subprotocol_browser(context: Context) -> None:
    """Offers realtime, the key and an SDK's marker, as the browser builds do, with the key in the header, too."""
    query = usual_query(context)
    auth = ("header", "subprotocol") if context.choice.key else ()
    offered = () if context.choice.key else ("realtime",)
    shaken = await context.shake(query, auth=auth, subprotocols=(*offered, _MARKER))  # type: ignore[arg-type]
    answer = _upgraded(shaken)
    chosen = answer.header("sec-websocket-protocol") or ""
    if context.choice.key and context.choice.key.reveal() in chosen:
        context.deviates("handshake.subprotocol-key-echoed", "the subprotocol that holds the key was selected")
    else:
        _judge_selection(context, answer, ("realtime", _MARKER))


def _judge_selection(context: Context, answer: Answer, offered: tuple[str, ...]) -> None:
    chosen = answer.header("sec-websocket-protocol")
    if not chosen:
        context.deviates("handshake.subprotocol-not-echoed", f"{', '.join(offered)} offered, none selected")
    elif chosen not in offered:
        context.deviates("handshake.subprotocol-unoffered", "a subprotocol was selected that was not offered")


@case(
    "handshake.no-extension",
    "no extension is selected that was not offered",
    "handshake.extension-unoffered",
)
async def _no_extension(context: Context) -> None:
    """Offers no extension, and then one that nobody knows."""
    query = usual_query(context)
    for offered in (None, "x-rtdoctor-unknown"):
        answer = _upgraded(await context.shake(query, plain={"Sec-WebSocket-Extensions": offered}))
        if answer.header("sec-websocket-extensions"):
            context.deviates("handshake.extension-unoffered", f"offered {offered or 'none'}, and one was selected")


@case(
    "handshake.deflate",
    "an offer of permessage-deflate is taken or declined, and the session opens",
    "handshake.deflate-breaks",
)
async def _deflate(context: Context) -> None:
    """Offers permessage-deflate as browsers do; where it is taken, the first event must be readable."""
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    refused = await context.refused(shaken := await context.shake(usual_query(context), plain=offer))
    faults = shaken.talk.faults if shaken.talk else []
    if faults or not refused.opened:
        context.deviates("handshake.deflate-breaks", faults[0] if faults else str(refused))


@case("handshake.origin", "a browser's Origin is no reason to refuse", "handshake.origin-refused")
async def _origin(context: Context) -> None:
    """Sends `Origin: https://app.example`, as every browser does."""
    shaken = await context.shake(usual_query(context), headers={"Origin": "https://app.example"})
    await _works(context, shaken, "handshake.origin-refused")
