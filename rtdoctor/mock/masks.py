"""Whether all frames of a client are masked (RFC 6455, section 5.1), which aiohttp's reader does not look at."""

NOT_MASKED = b"\x88\x02\x03\xea"  # a close frame with 1002
_END = b"\r\n\r\n"


class Masks:
    """Follows the bytes of a connection, a request's head and frames after it. It keeps a few of them, no payload."""

    __slots__ = ("_good", "_head", "_in_head", "_left")

    def __init__(self) -> None:
        self._in_head = self._good = True
        self._head = b""  # of the frame that begins, or the end of the request's head
        self._left = 0  # bytes of the payload that are still to come

    def all_masked(self, data: bytes) -> bool:
        """False once a frame came that is not masked."""
        place = 0
        if self._in_head:
            seen = self._head + data
            end = seen.find(_END)
            if end < 0:
                self._head = seen[-3:]
                return self._good
            self._in_head = False
            place = end + len(_END) - len(self._head)
            self._head = b""
        size = len(data)
        while self._good and place < size:
            if self._left:
                step = min(self._left, size - place)
                self._left -= step
                place += step
                continue
            self._head += data[place : place + 1]
            place += 1
            self._begin()
        return self._good

    def _begin(self) -> None:
        """Look at the head of a frame, once it is whole."""
        head = self._head
        if len(head) < 2:
            return
        if not head[1] & 0x80:
            self._good = False
            return
        size, wide = head[1] & 0x7F, {126: 2, 127: 8}.get(head[1] & 0x7F, 0)
        if len(head) < 2 + wide + 4:
            return
        self._left = int.from_bytes(head[2 : 2 + wide], "big") if wide else size
        self._head = b""
