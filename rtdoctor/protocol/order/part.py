"""What a response builds: output items, their content parts, and the texts that grow by deltas."""

from collections.abc import Mapping

from rtdoctor.protocol.order.memory import Digest
from rtdoctor.protocol.order.stream import Stream, entries, mapping

# A response holds more items, or more parts in all of them, only when it is no response; then it is not judged any
# further.
MOST = 1024


class Growing:
    """One text that grows by deltas: `done` once its done event came, `final` is what that event said."""

    __slots__ = ("begun", "done", "final", "grown")

    def __init__(self) -> None:
        self.grown = Digest()
        self.begun = False
        self.done = False
        self.final: Digest | None = None


class Part:
    """One content part: open until content_part.done. `reported` keeps a broken part to one violation."""

    __slots__ = ("audio_begun", "audio_done", "kind", "open", "reported", "words")

    def __init__(self) -> None:
        self.open = True
        self.reported = False
        self.audio_begun = False
        self.audio_done = False
        self.kind = ""  # audio or text
        self.words = Growing()


class OutputItem:
    """One output item: open until output_item.done. `arguments` is used by calls, `parts` by messages.

    `index` is None where no output_index is known, or where it was told to change.
    """

    __slots__ = ("arguments", "call_id", "done", "index", "item_id", "kind", "name", "parts", "reported")

    def __init__(self, item_id: str, index: int | None) -> None:
        self.item_id = item_id
        self.index = index
        self.done = False
        self.reported = False
        self.kind = ""
        self.name = ""
        self.call_id = ""
        self.parts: dict[int, Part] = {}
        self.arguments = Growing()


def grow(growing: Growing, event: Mapping[str, object]) -> bool:
    """Add a delta; False when its done event had already come."""
    if growing.done:
        return False
    growing.begun = True
    delta = event.get("delta")
    if type(delta) is str:
        growing.grown.add(delta)
    return True


def settle(stream: Stream, growing: Growing, event: Mapping[str, object], key: str, rule: str) -> None:
    """The done event of a text: it equals the deltas, and everything after it equals this."""
    if growing.done:
        stream.violate("order.done-once", "", "one done event")
        return
    growing.done = True
    whole = event.get(key)
    if type(whole) is str:
        growing.final = Digest(whole)
        if not growing.final.same(growing.grown):
            stream.violate(rule, f"/{key}", f"{growing.grown}, as the deltas", whole)


def agree(stream: Stream, growing: Growing, value: object, pointer: str) -> None:
    """A later event that repeats the text."""
    if growing.final is not None and type(value) is str and not growing.final.same(Digest(value)):
        stream.violate("order.texts-agree", pointer, f"{growing.final}, as the done event", value)


def agree_item(stream: Stream, item: OutputItem, described: Mapping[str, object], pointer: str) -> None:
    """output_item.done and response.done repeat the arguments, or the text of every part; told at the first
    difference.
    """
    before = len(stream.violations)
    if described.get("status") == "completed" and item.parts and isinstance(described.get("content"), list):
        parts, listed = len(item.parts), len(entries(described["content"]))
        if parts != listed and parts < MOST and not item.reported:
            stream.violate("order.parts-listed", f"{pointer}/content", f"{parts} parts, as were made", str(listed))
            return
    agree(stream, item.arguments, described.get("arguments"), f"{pointer}/arguments")
    for place, content in enumerate(entries(described.get("content"))[:MOST]):
        part = item.parts.get(place)
        if part is None or len(stream.violations) > before:
            return
        fields = mapping(content)
        key = "transcript" if "transcript" in fields else "text"
        agree(stream, part.words, fields.get(key), f"{pointer}/content/{place}/{key}")
