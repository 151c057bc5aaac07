"""The order of a conversation's items, as previous_item_id tells it."""

KEPT = 4096


class Chain:
    """Which item is the last, and which comes before which, of the 4,096 that were placed last.

    `last` is None in an empty conversation; it means nothing where `known` is False: in a stream from the middle, or
    where the last item was deleted and nobody told what stands before it.
    """

    def __init__(self) -> None:
        self.last: str | None = None
        self.known = True
        self._before: dict[str, str | None] = {}
        self._after: dict[str | None, str] = {}

    def append(self, item_id: str) -> None:
        """An item at the end."""
        if self.known and item_id != self.last:
            self._link(self.last, item_id)
        self.last = item_id
        self.known = True
        self._bound()

    def insert(self, item_id: str, before: str | None) -> None:
        """An item after `before`, or the first of all where that is None."""
        following = self._after.get(before)
        self._link(before, item_id)
        if following is not None and following != item_id:
            self._link(item_id, following)
        elif self.known and before == self.last:
            self.last = item_id
        self._bound()

    def delete(self, item_id: str) -> None:
        """An item goes; what stood around it are neighbours now."""
        ends = self.known and item_id == self.last
        following = self._after.pop(item_id, None)
        if item_id not in self._before:
            self.known = self.known and not ends
            return
        before = self._before.pop(item_id)
        if self._after.get(before) == item_id:
            del self._after[before]
        if following is not None:
            self._link(before, following)
        if ends:
            self.last = before

    def _link(self, before: str | None, item_id: str) -> None:
        self._before[item_id] = before
        self._after[before] = item_id

    def _bound(self) -> None:
        if len(self._before) > KEPT:
            oldest = next(iter(self._before))
            before = self._before.pop(oldest)
            if self._after.get(before) == oldest:
                del self._after[before]
