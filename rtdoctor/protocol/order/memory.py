"""Memory that does not grow with the stream: which ids were seen, and what a text was."""

from typing import Generic, TypeVar
from zlib import crc32

V = TypeVar("V")


class RecentIds:
    """Remembers the last 65,536 to 131,072 ids, as 64-bit hashes in two generations (about 10 MB when full).

    An id repeated over a greater distance is not noticed. A false alarm needs two equal 64-bit hashes among
    those: about one in 10^13 for each event.
    """

    __slots__ = ("_new", "_old", "_size")

    def __init__(self, size: int = 1 << 16) -> None:
        self._size = size
        self._new: set[int] = set()
        self._old: set[int] = set()

    def seen(self, value: str) -> bool:
        """Whether this id was seen before."""
        key = hash(value)
        return key in self._new or key in self._old

    def repeated(self, value: str) -> bool:
        """Whether this id was seen before; remembers it."""
        key = hash(value)
        if key in self._new or key in self._old:
            return True
        self._new.add(key)
        if len(self._new) >= self._size:
            self._old, self._new = self._new, set()
        return False


class Recent(Generic[V]):
    """A dictionary of the last `size` keys. `forgot` tells that older ones were dropped."""

    __slots__ = ("_size", "entries", "forgot")

    def __init__(self, size: int) -> None:
        self._size = size
        self.entries: dict[str, V] = {}
        self.forgot = False

    def put(self, key: str, value: V) -> V | None:
        """Remember a value under a key that is new; the oldest is dropped, and returned, when there is no
        room.
        """
        self.entries[key] = value
        if len(self.entries) <= self._size:
            return None
        self.forgot = True
        return self.entries.pop(next(iter(self.entries)))


class Digest:
    """A text that grows by deltas, kept as its length and CRC-32 only, so that a long one costs no memory.

    It is taken over UTF-16, for a surrogate pair may be split over two deltas.
    """

    __slots__ = ("crc", "length")

    def __init__(self, whole: str = "") -> None:
        self.crc = 0
        self.length = 0
        if whole:
            self.add(whole)

    def add(self, delta: str) -> None:
        """Append a delta."""
        data = delta.encode("utf-16-le", "surrogatepass")
        self.crc = crc32(data, self.crc)
        self.length += len(data)

    def same(self, other: "Digest") -> bool:
        """Whether both are the same text (but for a collision of 32 bits at equal length)."""
        return self.length == other.length and self.crc == other.crc

    def __str__(self) -> str:
        return f"a text of {self.length // 2} characters"
