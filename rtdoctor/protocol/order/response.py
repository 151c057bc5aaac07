"""Responses: created -> in progress -> done, at most one at a time in the conversation."""

from collections.abc import Mapping

from rtdoctor.protocol.order.constancy import constants_of, finished, same_item, same_response
from rtdoctor.protocol.order.following import ADDS_ITEM, Following
from rtdoctor.protocol.order.input_buffer import InputBuffer
from rtdoctor.protocol.order.item import Items
from rtdoctor.protocol.order.memory import Recent
from rtdoctor.protocol.order.part import MOST, OutputItem, agree_item
from rtdoctor.protocol.order.stream import NOTHING, Stream, entries, mapping, text
from rtdoctor.protocol.order.usage import sums

KEPT_OPEN = 32
KEPT_DONE = 1024
TERMINAL = ("completed", "cancelled", "failed", "incomplete")


class Response:
    """One response in progress.

    `adopted` is one whose beginning was not seen: nothing is known of its items.
    """

    __slots__ = (
        "adopted",
        "constants",
        "conversation",
        "in_conversation",
        "index",
        "items",
        "laps",
        "next_output",
        "part_added",
        "parts",
        "turns",
    )

    def __init__(self, index: int, *, adopted: bool = False, in_conversation: bool = True, turns: int = 0) -> None:
        self.index = index
        self.adopted = adopted
        self.in_conversation = in_conversation
        self.turns = turns
        self.next_output = 0
        self.part_added = False
        self.parts = 0
        self.items: dict[str, OutputItem] = {}
        self.constants: dict[str, object] = {}
        self.laps = 0
        self.conversation: object = None


class Responses:
    """The responses in progress (32 at most) and the ids of the last 1,024 that are done."""

    def __init__(self, stream: Stream, following: Following, buffer: InputBuffer, items: Items) -> None:
        self._stream = stream
        self._items = items
        self._conversation = ""
        self._following = following
        self._buffer = buffer
        self._open: Recent[Response] = Recent(KEPT_OPEN)
        self._done: Recent[Response] = Recent(KEPT_DONE)
        # The type of the last response.* event, for what follows a response.
        self.last = ""

    def created(self, event: Mapping[str, object]) -> None:
        """response.created: in progress, empty, and the only one of the conversation."""
        stream = self._stream
        described = mapping(event.get("response"))
        _fresh(stream, described)
        response_id = stream.ident(described.get("id"))
        if not response_id:
            return
        if response_id in self._open.entries and not self._open.entries[response_id].adopted:
            stream.violate("order.done-once", "/response/id", "a new response", response_id)
            return
        inside = "conversation_id" not in described or described["conversation_id"] is not None
        if inside:
            for other_id, other in self._open.entries.items():
                if other.in_conversation and not other.adopted:
                    stream.violate(
                        "order.response-overlap", "/response/id", f"response.done of {other_id}", response_id
                    )
                    break
        response = Response(stream.index, in_conversation=inside, turns=self._buffer.turns)
        response.turns -= self._buffer.speaking
        response.laps = stream.laps + 1  # with this one
        response.constants = constants_of(described)
        response.conversation = self._same_conversation(described)
        self._open.put(response_id, response)

    def _same_conversation(self, described: Mapping[str, object]) -> object:
        """A session has one conversation, and a response is in it or in none."""
        stream = self._stream
        conversation = stream.ident(described.get("conversation_id"))
        if not conversation:
            return described.get("conversation_id", NOTHING)
        if self._conversation and conversation != self._conversation:
            stream.violate("order.conversation-constant", "/response/conversation_id", self._conversation, conversation)
        self._conversation = conversation
        return conversation

    def active(self) -> bool:
        """Whether a response of the conversation is in progress, or may be."""
        return any(one.in_conversation for one in self._open.entries.values())

    def any_open(self) -> bool:
        """Whether any response is in progress."""
        return bool(self._open.entries)

    def find(self, value: object) -> Response | None:
        """The open response of an id. One that is not open is told once and then kept as adopted."""
        response = self._open.entries.get(value) if type(value) is str else None
        if response is not None:
            return response
        response_id = self._stream.ident(value)
        if not response_id:
            return None
        if response_id in self._done.entries:
            self._stream.violate("order.response-event-outside", wanted=f"nothing after response.done of {response_id}")
            del self._done.entries[response_id]
        elif self._stream.whole and not self._open.forgot and not self._done.forgot:
            self._stream.violate("order.response-event-outside", wanted=f"response.created of {response_id} before")
        response = Response(self._stream.index, adopted=True)
        self._open.put(response_id, response)
        return response

    def known(self, response_id: str) -> Response | None:
        """A response in progress or done, without judging."""
        return self._open.entries.get(response_id) or self._done.entries.get(response_id)

    @property
    def forgot(self) -> bool:
        """Whether responses were dropped from memory."""
        return self._open.forgot or self._done.forgot

    def in_progress(self, response_id: str) -> bool:
        """Whether a response was created and is not done."""
        response = self._open.entries.get(response_id)
        return response is not None and not response.adopted

    def done(self, event: Mapping[str, object]) -> None:
        """response.done: final, with usage, after everything that it holds was done."""
        stream = self._stream
        described = mapping(event.get("response"))
        status = text(described.get("status"))
        if status and status not in TERMINAL:
            stream.violate("order.response-done-terminal", "/response/status", "one of " + ", ".join(TERMINAL), status)
        elif (
            status
            and "status_details" in described
            and (described["status_details"] is None) != (status == "completed")
        ):
            wanted = "null" if status == "completed" else "details"
            stream.violate(
                "order.response-status-details",
                "/response/status_details",
                wanted,
                described["status_details"],
            )
        if status in TERMINAL and status != "failed":
            sums(stream, described)
        response_id = stream.ident(described.get("id"))
        response = self.find(response_id)
        if response is None:
            return
        self._open.entries.pop(response_id, None)
        if not response.adopted:
            self._ended(response, described, status)
        for item in response.items:
            if (known := self._items.get(item)) is not None:
                known.output = None
        # The texts are not needed any more; that the response was, is.
        response.items = {}
        self._done.put(response_id, response)

    def _ended(self, response: Response, described: Mapping[str, object], status: str) -> None:
        stream = self._stream
        details = mapping(described.get("status_details"))
        if details.get("reason") == "turn_detected" and self._buffer.turns <= response.turns and stream.whole:
            stream.violate("order.response-turn-detected", "/response/status_details/reason", "speech_started before")
        unfinished = [item.item_id for item in response.items.values() if not item.done and not item.reported]
        if unfinished and status != "failed":
            wanted = f"response.output_item.done of {unfinished[0]} before"
            stream.violate("order.output-item-done-before-response", wanted=wanted, got=f"{len(unfinished)} not done")
        same_response(stream, response.constants, described)
        conversation = described.get("conversation_id", response.conversation)
        if response.conversation is not NOTHING and conversation != response.conversation and not stream.elided:
            wanted = response.conversation if isinstance(response.conversation, str) else "null"
            stream.violate("order.conversation-constant", "/response/conversation_id", wanted, conversation)
        self._listed(response, described)
        for place, output in enumerate(entries(described.get("output"))[:MOST]):
            fields = mapping(output)
            item = response.items.get(text(fields.get("id")))
            if item is not None:
                known = self._items.get(item.item_id)
                if known is not None:
                    same_item(stream, known, fields, f"/response/output/{place}")
                finished(stream, fields, f"/response/output/{place}")
                agree_item(stream, item, fields, f"/response/output/{place}")

    def _listed(self, response: Response, described: Mapping[str, object]) -> None:
        """The output lists the items that the response made, in their order."""
        output = described.get("output")
        if not isinstance(output, list) or described.get("status") == "failed":
            return
        listed = [self._stream.ident(mapping(entry).get("id")) for entry in output[: MOST + 1]]
        made = [item.item_id for item in response.items.values() if item.index is not None or item.done]
        if "" not in listed and listed != made and not any(item.reported for item in response.items.values()):
            wanted = f"{len(made)}: {', '.join(made)}"
            self._stream.violate(
                "order.output-listed", "/response/output", wanted, f"{len(listed)}: {', '.join(listed)}"
            )

    def expect_item(self, response: Response, item_id: str) -> None:
        """After output_item.added: the conversation gets the same item, where the response belongs to it."""
        if response.in_conversation and not response.adopted:
            self._following.expect("order.item-after-output-item", ADDS_ITEM, item_id)

    def _over(self, response: Response) -> bool:
        done = response.items and all(item.done for item in response.items.values())
        return bool(done) and self._stream.laps > response.laps

    def finish(self, closed: bool) -> None:
        """Responses that were never done, told as one violation.

        Where all that a response holds is done and the session went on, it never will be; else the recording was cut.
        """
        waiting = [
            (response.index, name, response) for name, response in self._open.entries.items() if not response.adopted
        ]
        if waiting:
            self._stream.violate(
                "order.response-never-done",
                wanted=f"response.done of {waiting[0][1]}",
                got=f"{len(waiting)} never done",
                index=waiting[0][0],
                event_type="response.created",
                milder=0 if self._over(waiting[0][2]) else 1 if closed else 2,
            )


def _fresh(stream: Stream, described: Mapping[str, object]) -> None:
    """response.created tells of nothing yet; told at the first field that does."""
    status, output, usage = (described.get(key) for key in ("status", "output", "usage"))
    rule = "order.response-created-fresh"
    if isinstance(status, str) and status != "in_progress":
        stream.violate(rule, "/response/status", "in_progress", status)
    elif isinstance(output, list) and output:
        stream.violate(rule, "/response/output", "an empty array", output)
    elif usage is not None:
        stream.violate(rule, "/response/usage", "null", usage)
