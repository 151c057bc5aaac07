"""After the 101: frames both ways, recorded with their times, until the plan is done or the socket ends."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from rtdoctor.model.event import MOST_DEPTH, NotAnEvent, parse_client_event, text_size, type_of, written
from rtdoctor.model.exchange import Close, Fault, Frame, Spend
from rtdoctor.model.scenario import is_free
from rtdoctor.model.sound import PCM16_PER_MS, audio_bytes_in, bytes_per_ms
from rtdoctor.wire.frames import Socket

# A recorded session is bounded: a server that never stops must not fill the memory, nor may many of them together.
# Counted is what came, and the memory of its text.
MOST_FRAMES = 5_000
MOST_BYTES = 6 * 1024 * 1024
_TOGETHER = 4 * MOST_BYTES
_FRAME = 256  # bytes that a frame takes beside its text
_TOO_BIG = 1009
_MOST_HELD = 16 * 1024  # bytes of a binary frame in which an event is looked for


class NotFree(RuntimeError):
    """Something was about to be sent without leave. A plan that gets here is a bug; nothing was sent."""


def read_back(text: str) -> dict[str, Any]:
    """Our own writing of an event, as strictly read as what comes from outside.

    Raises:
        NotAnEvent: it is none that every server reads in the same way.
    """
    # What was read is at most that deep; an edit may have put it a few levels deeper.
    return parse_client_event(text, deepest=2 * MOST_DEPTH)


def share_of(sockets: int) -> int:
    """The bytes that each of so many sockets at once may record."""
    return min(MOST_BYTES, _TOGETHER // sockets)


def most_at_once(share: int) -> int:
    """The bytes that one message of such a share may have."""
    return share * 2 // 3


class Ledger:
    """Counts what is sent in a run, and refuses what costs money where that was not asked for.

    `billable` is the leave for events that cost money. `raw` is that for text and bytes that go out as they are: what
    a server reads in them nobody can tell, so whoever has it may send anything.
    """

    def __init__(self, *, billable: bool, raw: bool = False) -> None:
        self.billable = billable or raw
        self.raw = raw
        self._events: Counter[str] = Counter()
        self._audio_bytes = 0
        self._audio_ms = 0.0
        self._spent = False

    def allows(self, what: Mapping[str, Any] | str | bytes, *, joined: bool = False) -> bool:
        """True for what may be sent: an event, or text and bytes as they are. `joined`: into a call that goes on."""
        return self.raw if isinstance(what, (str, bytes)) else self.billable or is_free(what, joined=joined)

    def book_event(self, text: str, audio_bytes: int = 0, per_ms: int = PCM16_PER_MS, *, joined: bool = False) -> None:
        """Book one event in our own writing, before it is sent. So many bytes of its audio are a millisecond; `joined`:
        it goes into a call that goes on.

        Raises:
            NotFree: it is not free, or none that is read in one way only, and the run has no leave to spend.
        """
        try:
            event = read_back(text)
        except NotAnEvent as error:
            raise NotFree(f"what was written is {error}") from error
        if not self.allows(event, joined=joined):
            raise NotFree(event["type"])
        self._events[event["type"]] += 1
        audio_bytes = audio_bytes or audio_bytes_in(event)
        self._audio_bytes += audio_bytes
        self._audio_ms += audio_bytes / per_ms
        self._spent = self._spent or not is_free(event, joined=joined)

    def book_raw(self, data: str | bytes) -> None:
        """Book text or bytes that go out as they are, before they are sent.

        Raises:
            NotFree: the run has no leave for that.
        """
        name = "(text)" if isinstance(data, str) else "(binary)"
        if not self.allows(data):
            raise NotFree(name)
        self._events[name] += 1
        self._spent = True

    def total(self) -> Spend:
        """What was sent so far."""
        return Spend(
            tuple(sorted(self._events.items())),
            self._audio_bytes,
            int(self._audio_ms),
            self._spent,
        )


class Session:
    """One open socket; `joined`: into a call that goes on. It records `most` bytes and never judges. A peer that does
    not read has `patience` seconds to take a message."""

    def __init__(
        self,
        socket: Socket,
        ledger: Ledger,
        *,
        joined: bool = False,
        most: int = MOST_BYTES,
        patience: float = 10.0,
    ) -> None:
        self._joined, self._most, self._patience = joined, most, patience
        self._socket = socket
        self._ledger = ledger
        self._started = time.monotonic()
        self._bytes = 0
        self._pongs = 0
        self._per_ms = PCM16_PER_MS
        self.frames: list[Frame] = []
        self.types: list[str] = []
        self.close: Close | None = None
        self.fault: Fault | None = None
        self.truncated = False

    @property
    def ended(self) -> bool:
        """True when nothing more can come."""
        return self.close is not None or self.fault is not None or self.truncated

    def _at(self) -> float:
        return time.monotonic() - self._started

    async def send(self, event: Mapping[str, Any], audio_bytes: int = 0) -> None:
        """Send a client event as one text frame, in our own writing.

        Raises:
            NotFree: the run has no leave for it.
        """
        text = written(event)
        if not self.ended:
            # The bytes are judged, not the plan: what is booked is read back from them.
            self._ledger.book_event(text, audio_bytes, self._per_ms, joined=self._joined)
            self._per_ms = bytes_per_ms(event) or self._per_ms
            await self._out(text, str(event["type"]), audio_bytes)

    async def send_raw(self, data: str | bytes) -> None:
        """Send text or bytes as they are.

        Raises:
            NotFree: the run has no leave for it.
        """
        if not self.ended:
            self._ledger.book_raw(data)
            await self._out(data, "")

    async def _out(self, data: str | bytes, name: str, audio_bytes: int = 0) -> None:
        self._keep_sent(data, name, audio_bytes)
        try:
            async with asyncio.timeout(self._patience):
                await self._socket.send(data)
        except TimeoutError:
            self.fault = Fault("session", "timeout", f"what was sent was not read within {self._patience:g} s")
        except OSError:
            # The peer is gone; what it said before that is still to be read.
            await self._drain()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(1.0):
                while not self.ended:
                    await self._receive()
        except TimeoutError:
            self.fault = self.fault or Fault("session", "dropped", "the connection broke while sending")

    async def wait_for(self, types: Iterable[str] | None, timeout: float, *, after: int = 0) -> bool:
        """Wait until an event of one of the types came (any event when None), counting from the `after`-th received.

        Returns False when the time is over or the socket ended before.
        """
        wanted = None if types is None else set(types)
        try:
            async with asyncio.timeout(timeout):
                while True:
                    # Each is looked at once: a server that never stops must not make this slower and slower.
                    for name in self.types[after:]:
                        if wanted is None or name in wanted:
                            return True
                    after = len(self.types)
                    if self.ended:
                        return False
                    await self._receive()
        except TimeoutError:
            return False

    async def listen(self, seconds: float) -> None:
        """Record whatever comes for so long."""
        try:
            async with asyncio.timeout(seconds):
                while not self.ended:
                    await self._receive()
        except TimeoutError:
            pass

    async def settle(self, timeout: float) -> bool:
        """Tell whether the session stands: True when a pong or nothing comes, False when it is ended.

        A refusal's close frame is sent with its error event, so it arrives before the answer to a ping sent now.
        """
        if not self.ended:
            pongs = self._pongs
            try:
                async with asyncio.timeout(timeout):
                    await self._socket.ping(b"rtdoctor")
                    while not self.ended and self._pongs == pongs:
                        await self._receive()
            except TimeoutError:
                pass
            except OSError:
                await self._drain()
        return not self.ended

    async def _receive(self) -> None:
        message = await self._socket.receive()
        match message.kind:
            case "text" | "binary":
                self._keep(message.data, binary=message.kind == "binary")
            case "pong":
                self._pongs += 1
            case "close":
                self.close = Close(message.code, message.text, "server", self._at())
            case "broken":
                text = message.text + (", the most that rtdoctor takes" if message.code == _TOO_BIG else "")
                self.fault = Fault("session", "broken-frames", text)
            case "gone":
                text = message.text or "the connection ended without a close frame"
                self.fault = self.fault or Fault("session", "dropped", text)

    def _keep_sent(self, data: str | bytes, name: str, audio_bytes: int) -> None:
        """Record what goes out; of audio only how much it was, and appends in a row as one."""
        text = data if isinstance(data, str) else None
        if audio_bytes:
            text = json.dumps({"type": name})
            last = self.frames[-1] if self.frames else None
            if last is not None and last.audio_bytes and last.text == text:
                size, audio = last.size + len(data), last.audio_bytes + audio_bytes
                self.frames[-1] = replace(last, size=size, audio_bytes=audio)
                return
        kind: Any = "text" if text is not None else "binary"
        self.frames.append(Frame(self._at(), "client", kind, text, len(data), audio_bytes))

    def _keep(self, data: bytes | bytearray, *, binary: bool) -> None:
        text: str | None = None
        if not binary:
            if text_size(data) > most_at_once(self._most):
                self.truncated = True
                return
            try:
                text = data.decode()
            except UnicodeDecodeError:
                self.fault = Fault("session", "broken-frames", "Invalid UTF-8 text message")
                return
        self._bytes += _FRAME + (len(data) if text is None else sys.getsizeof(text))
        if len(self.types) >= MOST_FRAMES or self._bytes > self._most:
            self.truncated = True
            return
        small = binary and len(data) <= _MOST_HELD and data[:1] == b"{"
        holds = (type_of(bytes(data).decode("utf-8", "replace")) or "") if small else ""
        self.frames.append(Frame(self._at(), "server", "binary" if binary else "text", text, len(data), holds=holds))
        self.types.append("(binary frame)" if text is None else type_of(text) or "(no event)")

    async def leave(self) -> None:
        """Close with 1000, without waiting long for the answer; a peer that goes on talking is cut off."""
        if not self.ended:
            self.close = Close(1000, "", "client", self._at())
        try:
            async with asyncio.timeout(0 if self.truncated else 2.0):
                await self._socket.close()
        except TimeoutError:
            self.cut()

    def cut(self) -> None:
        """Drop the connection without a good-bye."""
        self._socket.abort()
