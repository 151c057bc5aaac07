"""Events inside a response: output items, parts, deltas and their done events."""

from collections.abc import Mapping

from rtdoctor.protocol.order.item import Items
from rtdoctor.protocol.order.part import MOST, OutputItem, Part, agree, agree_item, grow, settle
from rtdoctor.protocol.order.response import Response, Responses
from rtdoctor.protocol.order.stream import Stream, mapping, whole_number


class Outputs:
    """Finds the response, item and part of an event and compares the event with their states."""

    def __init__(self, stream: Stream, responses: Responses, items: Items) -> None:
        self._stream = stream
        self._responses = responses
        self._items = items

    def item_added(self, event: Mapping[str, object]) -> None:
        """response.output_item.added: the next output_index."""
        stream = self._stream
        response = self._responses.find(event.get("response_id"))
        item_id = stream.ident(mapping(event.get("item")).get("id"))
        if response is None or not item_id:
            return
        index = whole_number(event.get("output_index"))
        if index is not None and not response.adopted and index != response.next_output:
            stream.violate("order.output-index", "/output_index", str(response.next_output), index)
        response.next_output = min(index if index is not None else response.next_output, MOST) + 1
        if len(response.items) >= MOST:
            response.adopted = True
            response.items = {}
        response.items[item_id] = OutputItem(item_id, index)
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
        self._same_index(item, event)
        open_parts = [place for place, part in item.parts.items() if part.open and not part.told]
        if open_parts:
            wanted = f"response.content_part.done of part {open_parts[0]} before"
            stream.violate("order.part-done-before-item", wanted=wanted, got=f"{len(open_parts)} open")
        known = self._items.get(item_id)
        if response.in_conversation and known is not None and known.added and not known.done:
            wanted = f"conversation.item.done of {item_id} before"
            stream.violate("order.item-done-before-output-item", wanted=wanted)
        agree_item(stream, item, described, "/item")
        item.done = True

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
        if index != len(item.parts) and not item.told:
            stream.violate("order.content-index", "/content_index", str(len(item.parts)), index)
        _put(response, item, index, Part())

    def part_done(self, event: Mapping[str, object]) -> None:
        """response.content_part.done: repeats the text."""
        part = self._part(event)
        if part is None:
            return
        part.open = False
        described = mapping(event.get("part"))
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
        """A delta of audio; its payload is not looked at."""
        part = self._part(event)
        if part is not None and part.audio_done:
            self._late(part)

    def audio_done(self, event: Mapping[str, object]) -> None:
        """The done event of a part's audio."""
        part = self._part(event)
        if part is not None:
            part.audio_done = True

    def arguments(self, event: Mapping[str, object]) -> None:
        """A delta of a call's arguments, which belong to the item itself."""
        response = self._responses.find(event.get("response_id"))
        item = self._item(response, event, "order.delta-open-part") if response else None
        if item is not None and not grow(item.arguments, event) and not item.told:
            item.told = True
            self._stream.violate("order.delta-open-part", wanted="no delta after the arguments were done")

    def arguments_done(self, event: Mapping[str, object]) -> None:
        """The done event of a call's arguments."""
        response = self._responses.find(event.get("response_id"))
        item = self._item(response, event, "order.delta-open-part") if response else None
        if item is not None:
            settle(self._stream, item.arguments, event, "arguments", "order.argument-deltas-sum")

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
            if not item.told:
                item.told = True
                self._stream.violate(rule, "/item_id", "an output item that is open", item_id)
            return None
        self._same_index(item, event)
        return None if item.told else item

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
        if not part.told:
            part.told = True
            self._stream.violate("order.delta-open-part", "/content_index", "a part that was added and is open")


def _put(response: Response, item: OutputItem, index: int, part: Part) -> None:
    """Follow one more part, where the response has not more of them than any has."""
    if response.parts < MOST or index in item.parts:
        response.parts += index not in item.parts
        item.parts[index] = part
