"""Audio on either side: base64 of whole samples.

Recorders cut audio to save room, each piece to the same few bytes. So half a sample is told only of a piece that is not
the longest: its sender had room for the other half.
"""

from rtdoctor.protocol.order.stream import Stream

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# No sender's pieces are so short; those of recorders that cut are, to 32 bytes or so.
LEAST_CUT, CUT = 16, 64


def decoded_size(audio: str) -> int | None:
    """How many bytes a base64 text holds (RFC 4648, 4), or None if it is not base64.

    Deleting the alphabet and looking at what remains is four times as fast as decoding.
    """
    padding = audio.encode("ascii", "replace").translate(None, ALPHABET)
    if len(audio) % 4 or padding not in (b"", b"=", b"==") or not audio.endswith(padding.decode()):
        return None
    return len(audio) // 4 * 3 - len(padding)


class Samples:
    """The pieces of audio of one side. `largest` is the largest so far, in bytes."""

    __slots__ = ("_halves", "_odd_rule", "_rule", "_stream", "largest")

    def __init__(self, stream: Stream, rule: str, odd_rule: str) -> None:
        self._stream = stream
        self._rule = rule
        self._odd_rule = odd_rule
        self._halves: tuple[int, int, str] | None = None
        self.largest = 0

    @property
    def cut(self) -> bool:
        """Whether the audio of the stream is not what was sent."""
        return self.largest <= CUT

    def piece(self, audio: object, pointer: str, bytes_per_ms: int) -> int | None:
        """The size of a piece in bytes; None where it is no base64, which is told."""
        if type(audio) is not str:
            return None
        size = decoded_size(audio)
        if size is None:
            self._stream.violate(self._rule, pointer, "base64", audio)
            return None
        if size % 2 and bytes_per_ms == 48:
            stream = self._stream
            if size < self.largest:
                stream.violate(self._odd_rule, pointer, "an even number of bytes", size)
            elif self._halves is None:
                self._halves = (size, stream.index, stream.event_type)
        self._told(max(self.largest, size))
        if size > self.largest:
            self.largest = size
        return size

    def _told(self, largest: int) -> None:
        if self._halves is not None and self._halves[0] < largest:
            size, index, kind = self._halves
            self._halves = None
            self._stream.violate(self._odd_rule, "", "an even number of bytes", size, index=index, event_type=kind)

    def finish(self, least_cut: int = 0) -> None:
        """A longest piece of an odd size that no recorder cuts to: more than 64 bytes, or fewer than `least_cut`."""
        if self._halves is not None and not least_cut <= self._halves[0] <= CUT:
            self._told(self._halves[0] + 1)
