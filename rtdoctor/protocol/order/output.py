"""Events inside a response: output items, parts, deltas and their done events."""

from collections.abc import Mapping

from rtdoctor.protocol.order.item import Items
from rtdoctor.protocol.order.part import MOST, OutputItem, Part, agree, agree_item, grow, settle
from rtdoctor.protocol.order.response import Response, Responses
from rtdoctor.protocol.order.samples import Samples
from rtdoctor.protocol.order.session import Session
from rtdoctor.protocol.order.stream import Stream, mapping, text, whole_number


class Outputs:
    """Finds the response, item and part of an event and compares the event with their states."""

    def __init__(self, stream: Stream, responses: Responses, items: Items, session: Session) -> None:
        self._stream = stream
        self._session = session
        self.samples = Samples(stream, "order.audio-not-base64", "order.audio-odd-bytes")
        self._responses = responses
        self._items = items

    def item_added(self, event: Mapping[str, object]) -> None:
        """response.output_item.added: the next output_index."""
        stream = self._stream
        response = self._responses.find(event.get("response_id"))
        described = mapping(event.get("item"))
        item_id = stream.ident(described.get("id"))
        if response is None or not item_id:
            return
        index = whole_number(event.get("output_index"))
        if index is not None and not response.adopted and index != response.next_output:
            stream.violate("order.output-index", "/output_index", str(response.next_output), index)
        response.next_output = min(index if index is not None else response.next_output, MOST) + 1
        if len(response.items) >= MOST:
            response.adopted = True
            response.items = {}
        if item_id in response.items:
            stream.violate("order.done-once", "/item/id", "a new item", item_id)
            return
        output = response.items[item_id] = OutputItem(item_id, index)
        output.kind = text(described.get("type"))
        output.name, output.call_id = text(described.get("name")), text(described.get("call_id"))
        self._items.make(item_id).output = output
        self._responses.expect_item(response, item_id)

    def item_done(self, event: Mapping[str, object]) -> None:
        """response.output_item.done: after its parts and (GA) after the conversation's item."""
        stream = self._stream
        response = self._responses.find(event.get("response_id"))
        described = mapping(event.get("item"))
        item_id = stream.ident(described.get("id"))
        item = response.items.get(item_id) if response else None
        if response is None or item is None or response.adopted:
            return
        if item.done:
            stream.violate("order.done-once", "/item/id", "an item that is not done", item_id)
            return
        self._same_index(item, event)
        if item.arguments.begun and not item.arguments.done and not item.reported:
            stream.violate("order.words-never-done", wanted=f"the done event of the arguments of {item_id} before")
        open_parts = [place for place, part in item.parts.items() if part.open and not part.reported]
        if open_parts:
            wanted = f"response.content_part.done of part {open_parts[0]} before"
            stream.violate("order.part-done-before-item", wanted=wanted, got=f"{len(open_parts)} open")
        known = self._items.get(item_id)
        if response.in_conversation and known is not None and known.added and not known.done:
            wanted = f"conversation.item.done of {item_id} before"
            stream.violate("order.item-done-before-output-item", wanted=wanted)
        agree_item(stream, item, described, "/item")
        item.done = True
        response.laps = stream.laps  # what begins after this begins after the response

    def part_added(self, event: Mapping[str, object]) -> None:
        """response.content_part.added: the next content_index of an open item."""
        stream = self._stream
        response = self._responses.find(event.get("response_id"))
        if response is None:
            return
        response.part_added = True
        item = self._item(response, event, "order.part-item-open")
        index = whole_number(event.get("content_index"))
        if item is None or index is None or response.adopted:
            return
        if index != len(item.parts) and not item.reported:
            stream.violate("order.content-index", "/content_index", str(len(item.parts)), index)
        part = Part()
        part.kind = text(mapping(event.get("part")).get("type"))
        _put(response, item, index, part)

    def part_done(self, event: Mapping[str, object]) -> None:
        """response.content_part.done: repeats the text."""
        part = self._part(event)
        if part is None:
            return
        part.open = False
        described = mapping(event.get("part"))
        if part.kind and text(described.get("type")) and described["type"] != part.kind:
            self._stream.violate("order.part-constant", "/part/type", part.kind, described["type"])
        elif (part.words.begun and not part.words.done) or (part.audio_begun and not part.audio_done):
            self._stream.violate("order.words-never-done", wanted="the done event of all that the part holds, before")
        key = "transcript" if "transcript" in described else "text"
        agree(self._stream, part.words, described.get(key), f"/part/{key}")

    def words(self, event: Mapping[str, object]) -> None:
        """A delta of a text or a transcript."""
        part = self._part(event)
        if part is not None and not grow(part.words, event):
            self._late(part)

    def words_done(self, event: Mapping[str, object]) -> None:
        """The done event of a text or a transcript."""
        part = self._part(event)
        if part is not None:
            key = "transcript" if "transcript" in event else "text"
            settle(self._stream, part.words, event, key, "order.text-deltas-sum")

    def audio(self, event: Mapping[str, object]) -> None:
        """A delta of audio: base64 of whole samples."""
        size = self.samples.piece(event.get("delta"), "/delta", self._session.out_bytes_per_ms)
        part = self._part(event)
        if part is None:
            return
        if part.audio_done:
            self._late(part)
        part.audio_begun = True
        item = self._items.get(text(event.get("item_id")))
        if item is not None and size:
            item.ms += size / self._session.out_bytes_per_ms

    def loose_audio(self, event: Mapping[str, object]) -> None:
        """A delta of a translation's audio, which belongs to no part."""
        self.samples.piece(event.get("delta"), "/delta", 48)

    def audio_done(self, event: Mapping[str, object]) -> None:
        """The done event of a part's audio."""
        part = self._part(event)
        if part is not None:
            if part.audio_done:
                self._stream.violate("order.done-once", "", "one done event")
            part.audio_done = True

    def arguments(self, event: Mapping[str, object]) -> None:
        """A delta of a call's arguments, which belong to the item itself."""
        response = self._responses.find(event.get("response_id"))
        item = self._item(response, event, "order.delta-open-part") if response else None
        if item is None:
            return
        if event.get("call_id", item.call_id) != item.call_id:
            self._same_call(item, event)
        if not grow(item.arguments, event) and not item.reported:
            item.reported = True
            self._stream.violate("order.delta-open-part", wanted="no delta after the arguments were done")

    def arguments_done(self, event: Mapping[str, object]) -> None:
        """The done event of a call's arguments."""
        response = self._responses.find(event.get("response_id"))
        item = self._item(response, event, "order.delta-open-part") if response else None
        if item is not None:
            settle(self._stream, item.arguments, event, "arguments", "order.argument-deltas-sum")
            self._same_call(item, event)

    def _same_call(self, item: OutputItem, event: Mapping[str, object]) -> None:
        """The name and the call_id of a call are those of its item."""
        for key, known in (("call_id", item.call_id), ("name", item.name)):
            value = event.get(key)
            if type(value) is str and known and value != known:
                self._stream.violate("order.item-constant", f"/{key}", known, value)
                return

    def of_call(self, event: Mapping[str, object]) -> None:
        """What is told of a call of an MCP tool: of an item of a response, at its index."""
        item = self._items.get(self._stream.ident(event.get("item_id")))
        if item is not None and item.output is not None:
            self._same_index(item.output, event)
        elif item is not None and self._stream.whole and not self._items.forgot:
            got = self._stream.ident(event.get("item_id"))
            self._stream.violate("order.item-unknown", "/item_id", "an item of a response", got)

    def _item(self, response: Response, event: Mapping[str, object], rule: str) -> OutputItem | None:
        """The open output item of an event. One that is not open is told once, and then stands for itself."""
        value = event.get("item_id")
        if response.adopted or type(value) is not str:
            return None
        item = response.items.get(value)
        if item is None or item.done:
            item_id = self._stream.ident(value)
            if not item_id:
                return None
            if item is None:
                item = OutputItem(item_id, None)
                index = whole_number(event.get("output_index"))
                response.next_output = response.next_output if index is None else min(index, MOST) + 1
                if len(response.items) < MOST:
                    response.items[item_id] = item
            if not item.reported:
                item.reported = True
                self._stream.violate(rule, "/item_id", "an output item that is open", item_id)
            return None
        self._same_index(item, event)
        return None if item.reported else item

    def _same_index(self, item: OutputItem, event: Mapping[str, object]) -> None:
        index = event.get("output_index")
        if index == item.index or item.index is None:
            return
        index = whole_number(index)
        if index is not None:
            self._stream.violate("order.output-index", "/output_index", str(item.index), index)
            # Told once for an item: from here on its index is not compared.
            item.index = None

    def _part(self, event: Mapping[str, object]) -> Part | None:
        """The open part of an event; None where there is none, or one that was told already."""
        response = self._responses.find(event.get("response_id"))
        if response is None:
            return None
        item = self._item(response, event, "order.delta-open-part")
        index = event.get("content_index")
        if item is None or type(index) is not int:
            return None
        part = item.parts.get(index)
        if part is not None and part.open:
            return part
        if part is None:
            part = Part()
            part.open = False
            _put(response, item, index, part)
        self._late(part)
        return None

    def _late(self, part: Part) -> None:
        if not part.reported:
            part.reported = True
            self._stream.violate("order.delta-open-part", "/content_index", "a part that was added and is open")


def _put(response: Response, item: OutputItem, index: int, part: Part) -> None:
    """Follow one more part, where the response has not more of them than any has."""
    if response.parts < MOST or index in item.parts:
        response.parts += index not in item.parts
        item.parts[index] = part
