"""Cases of frames (RFC 6455, sections 5 to 8): what every WebSocket must take, and what it must refuse."""

import base64

from rtdoctor.conform.cases import Untold, case
from rtdoctor.conform.context import Context
from rtdoctor.conform.talk import Event, Talk
from rtdoctor.wire.rawframes import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

_HANG_UP = 2.0  # seconds in which a server lets go of the TCP connection after both close frames


async def _must_fail(context: Context, data: bytes, ident: str, *, code: int, what: str) -> None:
    """Send what RFC 6455 has a server fail the connection for; how it closes is told where it is another code."""
    talk = await context.open_any()
    await talk.send_raw(data)
    ended = await talk.end(context.quick)
    if ended is None:
        context.deviates(ident, f"{what}, and the connection goes on")
    elif ended.code not in (code, 1006) and "frames.close-code-other" in context.case.tells:
        context.deviates("frames.close-code-other", f"{what}: {ended}, not {code}")


async def _asking(context: Context) -> tuple[Talk, Event]:
    """A session, and an event that it answers at once and that costs nothing.

    Raises:
        Untold: it answers no session.update, which a case of its own tells.
    """
    talk = await context.open_any()
    event = context.update(talk, audio={"input": {"turn_detection": None}})
    if await talk.answer_to(event, "session.updated", timeout=context.quick) is None:
        raise Untold("session.update has no answer, so nothing can be told of one in fragments")
    return talk, event


@case("frames.ping", "a ping is answered by a pong with its payload", "frames.ping-unanswered")
async def _ping(context: Context) -> None:
    """Sends pings of 4, 0 and 125 bytes."""
    talk = await context.open_any()
    for payload in (b"ping", b"", b"p" * 125):
        await talk.send_raw(frame(PING, payload))
        if not await talk.pong(payload, context.quick):
            context.deviates("frames.ping-unanswered", f"a ping of {len(payload)} bytes: {talk.ended or 'no pong'}")
            return


@case("frames.pong-unasked", "a pong that nobody asked for is no fault", "frames.pong-breaks")
async def _pong(context: Context) -> None:
    """Sends a pong unasked (section 5.5.3), as some clients do to keep a connection alive."""
    talk = await context.open_any()
    await talk.send_raw(frame(PONG, b"alive"))
    if not await talk.stands():
        context.deviates("frames.pong-breaks", str(talk.ended or "the next ping is not answered"))


@case("frames.fragments", "an event may come in fragments", "frames.fragments-refused")
async def _fragments(context: Context) -> None:
    """Sends one event in three fragments."""
    talk, event = await _asking(context)
    await talk.send_event_in(event, 3)
    if await talk.wait("session.updated", "error", timeout=context.quick) is None:
        context.deviates("frames.fragments-refused", f"an event in three fragments: {talk.ended or 'no answer'}")


@case("frames.ping-between", "a ping may come between two fragments", "frames.fragments-refused")
async def _ping_between(context: Context) -> None:
    """Sends a ping in the midst of an event: it is answered, and so is the event."""
    talk, event = await _asking(context)
    await talk.send_event_in(event, 2, between=frame(PING, b"between"))
    if not await talk.pong(b"between", context.quick):
        context.deviates("frames.fragments-refused", f"a ping between fragments: {talk.ended or 'no pong'}")
    elif await talk.wait("session.updated", "error", timeout=context.quick) is None:
        context.deviates("frames.fragments-refused", "an event with a ping in its midst has no answer")


@case("frames.large", "an event of a megabyte is taken", "frames.large-refused", seconds=16)
async def _large(context: Context) -> None:
    """Appends 16 s of silence in one event, some 1 MB; up to 15 MiB are documented."""
    talk, _ = await context.hearing(transcribes=False)
    audio = base64.b64encode(bytes(48_000 * 16)).decode()
    await talk.send({"type": "input_audio_buffer.append", "audio": audio})
    await talk.send({"type": "input_audio_buffer.clear"})
    answer = await talk.wait("input_audio_buffer.cleared", "error", timeout=context.slow)
    if answer is None and talk.ended:
        context.deviates("frames.large-refused", str(talk.ended))


@case(
    "frames.close",
    "a close is answered by a close, and the connection ends",
    "frames.close-unanswered",
    "frames.close-lingers",
)
async def _close(context: Context) -> None:
    """Closes with 1000."""
    await _say_good_bye(context, b"\x03\xe8")


@case(
    "frames.close-no-code",
    "a close without a code is answered, too",
    "frames.close-unanswered",
    "frames.close-lingers",
)
async def _close_no_code(context: Context) -> None:
    """Closes with an empty frame, as browsers do when a page calls close()."""
    await _say_good_bye(context, b"")


async def _say_good_bye(context: Context, payload: bytes) -> None:
    talk = await context.open_any()
    await talk.send_raw(frame(CLOSE, payload))
    ended = await talk.end(context.quick)
    if ended is None or ended.code == 1006:
        context.deviates("frames.close-unanswered", str(ended or "no close frame comes back"))
    elif not await talk.hang_up(_HANG_UP):
        context.deviates("frames.close-lingers", f"the connection stays open {_HANG_UP:g} s after both close frames")


@case(
    "frames.close-short", "a close of one byte fails the connection", "frames.broken-taken", "frames.close-code-other"
)
async def _close_short(context: Context) -> None:
    """Sends a close frame of one byte, which holds no whole code (section 5.5.1)."""
    talk = await context.open_any()
    await talk.send_raw(frame(CLOSE, b"\x03"))
    if await talk.end(context.quick) is None:
        context.deviates("frames.broken-taken", "a close frame of one byte, and the connection goes on")


@case(
    "frames.invalid-utf8",
    "text that is no UTF-8 fails the connection with 1007",
    "frames.invalid-utf8-taken",
    "frames.close-code-other",
)
async def _invalid_utf8(context: Context) -> None:
    """Sends a text frame with the bytes FF FE."""
    data = frame(TEXT, b'{"type":"\xff\xfe"}')
    await _must_fail(context, data, "frames.invalid-utf8-taken", code=1007, what="text that is no UTF-8")


@case("frames.unmasked", "a frame without a mask fails the connection", "frames.unmasked-taken")
async def _unmasked(context: Context) -> None:
    """Sends a text frame that is not masked (section 5.1)."""
    data = frame(TEXT, b'{"type":"rtdoctor.no-such-event"}', mask=False)
    await _must_fail(context, data, "frames.unmasked-taken", code=1002, what="a frame without a mask")


@case(
    "frames.reserved-bit",
    "a reserved bit without an extension fails the connection",
    "frames.broken-taken",
    "frames.close-code-other",
)
async def _reserved_bit(context: Context) -> None:
    """Sets RSV1 where no extension was agreed on (section 5.2)."""
    data = frame(TEXT, b'{"type":"rtdoctor.no-such-event"}', rsv=4)
    await _must_fail(context, data, "frames.broken-taken", code=1002, what="a reserved bit")


@case(
    "frames.reserved-opcode",
    "a reserved opcode fails the connection",
    "frames.broken-taken",
    "frames.close-code-other",
)
async def _reserved_opcode(context: Context) -> None:
    """Sends a frame with the opcode 3 (section 5.2)."""
    await _must_fail(context, frame(3, b"x"), "frames.broken-taken", code=1002, what="the reserved opcode 3")


@case(
    "frames.long-ping",
    "a ping of more than 125 bytes fails the connection",
    "frames.broken-taken",
    "frames.close-code-other",
)
async def _long_ping(context: Context) -> None:
    """Sends a ping of 126 bytes (section 5.5)."""
    await _must_fail(context, frame(PING, b"p" * 126), "frames.broken-taken", code=1002, what="a ping of 126 bytes")


@case(
    "frames.lone-continuation",
    "a continuation of nothing fails the connection",
    "frames.broken-taken",
    "frames.close-code-other",
)
async def _lone_continuation(context: Context) -> None:
    """Sends a continuation frame without a beginning (section 5.4)."""
    data = frame(CONTINUATION, b"x")
    await _must_fail(context, data, "frames.broken-taken", code=1002, what="a continuation of nothing")


@case(
    "frames.interleaved",
    "a message in the midst of another one fails the connection",
    "frames.broken-taken",
    "frames.close-code-other",
)
async def _interleaved(context: Context) -> None:
    """Begins a fragmented text and then another message (section 5.4)."""
    data = frame(TEXT, b'{"type":', fin=False) + frame(BINARY, b"x")
    await _must_fail(context, data, "frames.broken-taken", code=1002, what="a message in the midst of another one")
