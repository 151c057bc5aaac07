"""WebSocket frames of one direction, taken out of a copy of its bytes (RFC 6455, and RFC 7692 for compressed ones)."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from websockets.exceptions import InvalidHandshake, PayloadTooBig, ProtocolError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.frames import Close, Frame, Opcode
from websockets.headers import parse_extension

from rtdoctor.model.violation import Direction

MOST_MESSAGE = 16 << 20  # bytes; the API takes no event over 15 MiB

_SMALL = 64 << 10  # bytes

Kind = Literal["text", "binary", "ping", "pong", "close"]
_KINDS: dict[Opcode, Kind] = {
    Opcode.TEXT: "text",
    Opcode.BINARY: "binary",
    Opcode.PING: "ping",
    Opcode.PONG: "pong",
    Opcode.CLOSE: "close",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message or a control frame; of a close `code` (None: none given) and `reason`."""

    kind: Kind
    data: bytes
    code: int | None = None
    reason: str = ""


_MOST_KEPT = 64  # bytes of what is no frame


class _Pieces:
    """Bytes that wait to be whole, as they came: one text that grows would be copied again and again, and leave holes
    in the memory of the process. Small ones are put together."""

    def __init__(self) -> None:
        self._pieces: deque[bytes | bytearray] = deque()
        self._at = 0  # of the first piece what is before was taken
        self.size = 0

    def add(self, data: bytes) -> None:
        """These come behind the others."""
        last = self._pieces[-1] if self._pieces else b""
        if len(last) + len(data) > _SMALL:
            self._pieces.append(data)
        elif isinstance(last, bytearray):
            last += data
        else:
            self._pieces.append(bytearray(data))
        self.size += len(data)

    def take(self, size: int) -> bytes:
        """The first bytes, so many that are there."""
        taken: list[bytes | bytearray] = []
        self.size -= size
        while size:
            first, at = self._pieces[0], self._at
            piece = first[at : at + size]
            taken.append(piece)
            size -= len(piece)
            self._at += len(piece)
            if self._at == len(first):
                self._pieces.popleft()
                self._at = 0
        return bytes(taken[0]) if len(taken) == 1 else b"".join(taken)


class Unreadable(Exception):
    """What comes is no WebSocket frame, or one that is too large; nothing after it can be read. `str()` is a clause,
    `data` the first bytes of it."""

    def __init__(self, why: str, data: bytes = b"") -> None:
        super().__init__(why)
        self.data = data[:_MOST_KEPT]


class Frames:
    """Reads one direction. `chosen` is the value of Sec-WebSocket-Extensions in the 101."""

    def __init__(self, side: Direction, chosen: str = "") -> None:
        self._side: Direction = side
        self._buffer = _Pieces()
        self._extensions = _extensions(side, chosen)
        self._begun = bytearray()  # of the frame that is read: its first bytes, which are in the buffer no more
        self._message = _Pieces()  # one that comes in pieces
        self._kind: Kind | None = None
        self._parser = self._next()

    @property
    def held(self) -> int:
        """How many bytes are kept of what is not whole yet."""
        return self._buffer.size + self._message.size

    def feed(self, data: bytes, take: Callable[[Message], object]) -> None:
        """Give each message that is whole now to `take`.

        Raises:
            Unreadable: and it is over with this direction.
        """
        try:
            self._feed(data, take)
        except Unreadable:
            self.drop()
            raise

    def drop(self) -> None:
        """Keep nothing: what waits stands in a circle with its reader, and would be kept for long by nobody else."""
        self._parser.close()
        self._buffer, self._message = _Pieces(), _Pieces()

    def _feed(self, data: bytes, take: Callable[[Message], object]) -> None:
        self._buffer.add(data)
        try:
            while True:
                try:
                    next(self._parser)
                    return  # it waits for more
                except StopIteration as done:
                    self._parser = self._next()
                    self._add(done.value, take)
        except PayloadTooBig as error:
            raise Unreadable(f"a frame has more than {MOST_MESSAGE >> 20} MiB") from error
        except ProtocolError as error:
            raise Unreadable(
                f"{error} (RFC 6455)", bytes(self._begun) + self._buffer.take(self._buffer.size)
            ) from error
        except UnicodeDecodeError as error:  # text messages are not decoded here
            raise Unreadable("the reason in a close frame is no UTF-8 (RFC 6455)") from error
        except Exception as error:  # zlib's, of data that is not compressed as was agreed
            raise Unreadable(f"it cannot be read: {type(error).__name__}") from error

    def _next(self) -> Generator[None, None, Frame]:
        self._begun.clear()
        return Frame.parse(
            self._read_exact, mask=self._side == "client", max_size=MOST_MESSAGE, extensions=self._extensions
        )

    def _read_exact(self, size: int) -> Generator[None, None, bytes]:
        while self._buffer.size < size:
            yield
        taken = self._buffer.take(size)
        if len(self._begun) < _MOST_KEPT:
            self._begun += taken[:_MOST_KEPT]
        return taken

    def _add(self, frame: Frame, take: Callable[[Message], object]) -> None:
        data = bytes(frame.data)
        if frame.opcode is Opcode.CLOSE:
            close = Close.parse(data)
            take(Message("close", data, close.code if data else None, close.reason))
        elif frame.opcode in (Opcode.PING, Opcode.PONG):
            take(Message(_KINDS[frame.opcode], data))
        else:
            self._part(frame, data, take)

    def _part(self, frame: Frame, data: bytes, take: Callable[[Message], object]) -> None:
        begins = frame.opcode is not Opcode.CONT
        if begins == (self._kind is not None):
            raise Unreadable("a message begins in the middle of another (RFC 6455, section 5.4)")
        self._kind = _KINDS[frame.opcode] if begins else self._kind
        if self._message.size + len(data) > MOST_MESSAGE:
            raise Unreadable(f"a message has more than {MOST_MESSAGE >> 20} MiB")
        if not frame.fin:
            self._message.add(data)
        elif self._kind is not None:
            kind, self._kind = self._kind, None
            if self._message.size:
                self._message.add(data)
                data = self._message.take(self._message.size)
            take(Message(kind, data))


def _extensions(side: Direction, chosen: str) -> Sequence[Any]:
    """What the 101 chose, to be undone. A window's size that it names for one side holds for what that side sends."""
    try:
        parsed = parse_extension(chosen) if chosen else []
        parameters = next((held for name, held in parsed if name == "permessage-deflate"), None)
        if parameters is None:
            return []
        agreed = ClientPerMessageDeflateFactory(client_max_window_bits=True).process_response_params(parameters, [])
    except (InvalidHandshake, ValueError):
        return []
    if side == "server":
        return [agreed]
    return [
        PerMessageDeflate(
            agreed.local_no_context_takeover,
            agreed.remote_no_context_takeover,
            agreed.local_max_window_bits,
            agreed.remote_max_window_bits,
        )
    ]
