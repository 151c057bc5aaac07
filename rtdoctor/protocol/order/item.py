"""The conversation's items: committed -> added -> done, and the chain of previous_item_id."""

from collections.abc import Mapping

from rtdoctor.protocol.order.chain import KEPT, Chain
from rtdoctor.protocol.order.following import ANY, Following
from rtdoctor.protocol.order.memory import Digest, Recent
from rtdoctor.protocol.order.part import OutputItem
from rtdoctor.protocol.order.stream import LONGEST_ID, Stream, mapping, start

KEPT_INSERTIONS = 256
DONE = ("conversation.item.done",)


class Item:
    """One item.

    `created` is the beta's announcement, which is followed by no done; `index` is where it was added. `audio` tells
    whether it holds audio of the user, None while that is not known; `words` are the texts that a user wrote;
    `output` is what a response knows of it while it builds it.
    """

    __slots__ = (
        "added",
        "audio",
        "committed",
        "constants",
        "created",
        "deleted",
        "done",
        "index",
        "listed",
        "ms",
        "output",
        "previous",
        "role",
        "words",
    )

    def __init__(self) -> None:
        self.role = ""
        self.committed = False
        self.added = False
        self.created = False
        self.done = False
        self.index = -1
        self.previous: object = ANY
        self.deleted = False
        self.audio: bool | None = None
        self.words: Digest | None = None
        self.output: OutputItem | None = None
        self.listed = False  # a list of tools, which is done when it was fetched
        self.ms = 0.0  # of audio that the server sent
        self.constants: dict[str, str] = {}


def _kept(previous: object) -> object:
    """A previous_item_id as it is remembered: what is no id tells nothing."""
    return previous if previous is None or (isinstance(previous, str) and len(previous) <= LONGEST_ID) else ANY


class Items:
    """The last 4,096 items of the conversation.

    What older ones were is not known, and nothing is said of them.
    """

    def __init__(self, stream: Stream, following: Following) -> None:
        self._stream = stream
        self._following = following
        self._known: Recent[Item] = Recent(KEPT)
        self._chain = Chain()
        self._insertions: list[str | None] = []

    def get(self, item_id: str) -> Item | None:
        """An item that was committed, added or done."""
        return self._known.entries.get(item_id)

    @property
    def forgot(self) -> bool:
        """Whether items were dropped from memory."""
        return self._known.forgot

    def make(self, item_id: str) -> Item:
        """An item that an event announces, or that is known already."""
        item = self._known.entries.get(item_id)
        if item is None:
            item = Item()
            self._known.put(item_id, item)
        return item

    def asked(self, event: Mapping[str, object]) -> None:
        """The client's conversation.item.create may name another place than the end; "root" is the first."""
        previous = event.get("previous_item_id")
        if isinstance(previous, str) and len(previous) <= LONGEST_ID:
            self._insertions.append(None if previous == "root" else previous)
            del self._insertions[:-KEPT_INSERTIONS]

    def committed(self, item_id: str, previous: object) -> None:
        """The buffer became an item."""
        item = self.make(item_id)
        item.committed = True
        item.audio = True
        item.previous = _kept(previous)
        self._follow(item_id, item.previous)

    def _follow(self, item_id: str, previous: object) -> None:
        """Compare previous_item_id with the last item, and put this item into its place."""
        chain = self._chain
        if self._stream.whole and (previous is None or isinstance(previous, str)):
            if previous in self._insertions and not (chain.known and previous == chain.last):
                self._insertions.remove(previous)
                chain.insert(item_id, previous)
                return
            if chain.known and previous != chain.last:
                heard = self._stream.hears_all_clients or self._known.forgot
                if heard or previous not in self._known.entries:
                    self._stream.violate("order.previous-item", "/previous_item_id", chain.last or "null", previous)
        chain.append(item_id)

    def created(self, event: Mapping[str, object]) -> None:
        """conversation.item.created: the beta's way; a server that sends both ways is not told off for it."""
        description = mapping(event.get("item"))
        item_id = self._stream.ident(description.get("id"))
        if not item_id:
            return
        item = self.make(item_id)
        item.role = start(description.get("role"))
        if not (item.committed or item.added or item.created):
            self._follow(item_id, _kept(event.get("previous_item_id", ANY)))
        item.created = True

    def added(self, event: Mapping[str, object]) -> None:
        """conversation.item.added: once; a user's item is done at once."""
        description = mapping(event.get("item"))
        item_id = self._stream.ident(description.get("id"))
        if not item_id:
            return
        item = self.make(item_id)
        item.role = start(description.get("role"))
        if item.added:
            self._stream.violate("order.item-added-once", "/item/id", "a new item", item_id)
            return
        previous = _kept(event.get("previous_item_id", ANY))
        # For a committed item `following` compares previous_item_id: one deviation, one violation.
        if not (item.committed or item.created):
            self._follow(item_id, previous)
        item.added = True
        item.index = self._stream.index
        item.previous = previous
        if item.role == "user" and not item.done:
            self._following.expect("order.user-item-done-next", DONE, item_id)

    def done(self, event: Mapping[str, object]) -> None:
        """conversation.item.done: once, after added.

        Its previous_item_id may be null where added's was not.
        """
        stream = self._stream
        item_id = stream.ident(mapping(event.get("item")).get("id"))
        if not item_id:
            return
        known = item_id in self._known.entries
        item = self.make(item_id)
        if item.done:
            stream.violate("order.item-done-once", "/item/id", "an item that is not done", item_id)
        elif not (item.added or item.created or item.committed) and stream.whole and (known or not self._known.forgot):
            stream.violate("order.item-done-after-added", "/item/id", "conversation.item.added before", item_id)
        item.done = True
        previous = event.get("previous_item_id")
        if previous is not None and item.added and item.previous is not ANY and previous != item.previous:
            wanted = item.previous if isinstance(item.previous, str) else "null"
            stream.violate("order.item-done-previous", "/previous_item_id", wanted, previous)

    def deleted(self, event: Mapping[str, object]) -> None:
        """conversation.item.deleted: it owes no done."""
        item_id = self._stream.ident(event.get("item_id"))
        item = self.get(item_id)
        if item is not None:
            item.done = item.deleted = True
        if item_id:
            self._chain.delete(item_id)

    def truncated(self, event: Mapping[str, object]) -> None:
        """conversation.item.truncated: of an assistant's item."""
        item_id = self._stream.ident(event.get("item_id"))
        if not item_id or not self._stream.whole:
            return
        item = self.get(item_id)
        if item is None and self._known.forgot:
            return
        if item is None or item.role not in ("assistant", ""):
            got = item_id if item is None else f"{item_id}, role {item.role}"
            self._stream.violate("order.truncated-assistant-item", "/item_id", "an assistant item", got)

    def finish(self) -> None:
        """Items that were added and never done, told as one violation. Those of a response in progress are its affair,
        and of one that is the last thing of the stream nobody knows.
        """
        waiting = [
            (item.index, item_id)
            for item_id, item in self._known.entries.items()
            if item.added
            and not item.done
            and item.output is None
            and not item.listed
            and item_id not in self._following.reported.entries
        ]
        if waiting:
            self._stream.violate(
                "order.item-never-done",
                wanted=f"conversation.item.done {waiting[0][1]}",
                got=f"{len(waiting)} never done",
                index=waiting[0][0],
                event_type="conversation.item.added",
                milder=2 * (waiting[0][0] >= self._stream.last_server),
            )
