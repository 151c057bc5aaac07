"""The conversation of a session: its items in order, how much memory they take, and which is the last."""

from typing import Any

from rtdoctor.mock.memory import MOST_EVENT


class Conversation:
    """Items in the order of the conversation. The oldest are forgotten where there are too many, as the real one's
    truncation does (documented)."""

    def __init__(self, most_items: int) -> None:
        self._most = most_items
        self._items: dict[str, dict[str, Any]] = {}
        self._weights: dict[str, int] = {}
        self.order: list[str] = []
        self.last: str | None = None

    @property
    def weight(self) -> int:
        """The memory that the items take."""
        return sum(self._weights.values())

    def get(self, ident: object) -> dict[str, Any] | None:
        """The item of that id."""
        return self._items.get(ident) if isinstance(ident, str) else None

    def find(self, kind: str, call_id: object) -> dict[str, Any] | None:
        """The last item of that type and call_id."""
        for ident in reversed(self.order):
            item = self._items[ident]
            if item["type"] == kind and item.get("call_id") == call_id:
                return item
        return None

    def add(self, item: dict[str, Any], size: int, after: str | None = None) -> str | None:
        """Put the item at the end, or after the item of that id ("root": at the beginning); the id of the one before
        it comes back.

        Raises:
            KeyError: there is no item of that id.
        """
        if after is None:
            previous, place = self.last, len(self.order)
        elif after == "root":
            previous, place = None, 0
        elif after in self._items:
            previous, place = after, self.order.index(after) + 1
        else:
            raise KeyError(after)
        ident = item["id"]
        self._items[ident], self._weights[ident] = item, size
        self.order.insert(place, ident)
        self.last = self.order[-1]
        while len(self.order) > self._most or (len(self.order) > 1 and self.weight > MOST_EVENT):
            self.forget(next(kept for kept in self.order if kept != ident))
        return previous

    def forget(self, ident: str) -> None:
        """Take an item out."""
        del self._items[ident], self._weights[ident]
        self.order.remove(ident)
        self.last = self.order[-1] if self.order else None
