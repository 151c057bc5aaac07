"""Presence: what a client asks for is answered, and an answer was asked for.

`ASKS` is the table over the client's events. A test holds that every client event of the schemas stands in it, or in
`UNANSWERED`, or has a judge of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rtdoctor.protocol.order.constancy import words_of
from rtdoctor.protocol.order.memory import Digest
from rtdoctor.protocol.order.stream import LONGEST_ID, Stream, mapping, text

# client event -> the server events that answer it, the first its usual name
ASKS: dict[str, tuple[str, ...]] = {
    "conversation.item.create": ("conversation.item.added", "conversation.item.created"),
    "conversation.item.delete": ("conversation.item.deleted",),
    "conversation.item.retrieve": ("conversation.item.retrieved",),
    "conversation.item.truncate": ("conversation.item.truncated",),
    "input_audio_buffer.clear": ("input_audio_buffer.cleared",),
    "input_audio_buffer.commit": ("input_audio_buffer.committed",),
    "output_audio_buffer.clear": ("output_audio_buffer.cleared",),
    "response.cancel": ("response.done",),
    "response.create": ("response.created",),
    "session.close": ("session.closed",),
}
# Nothing answers these; and the updates of a session have rules of their own, in session.py.
UNANSWERED = frozenset({"input_audio_buffer.append", "session.input_audio_buffer.append"})
UPDATES = frozenset({"session.update", "transcription_session.update"})
# Answers that no server sends of itself (documented); others come unasked, too.
ONLY_ASKED = frozenset({"conversation.item.deleted", "conversation.item.retrieved", "input_audio_buffer.cleared"})
# These may be answered by what answers another, so they do not tell that all before them was answered.
LOOSE = ("response.cancel", "input_audio_buffer.commit", "output_audio_buffer.clear")
OF_CODE = {
    "conversation_already_has_active_response": "response.create",
    "input_audio_buffer_commit_empty": "input_audio_buffer.commit",
    "response_cancel_not_active": "response.cancel",
}
KEPT = 256


@dataclass(slots=True)
class Asked:
    """One event that waits. `names` is the item that it is about, or "" where it names none."""

    index: int
    event_id: str
    names: str
    role: str = ""
    words: Digest | None = None
    end_ms: object = None


class Answers:
    """What waits, by client event, at most 256 of each."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._waiting: dict[str, list[Asked]] = {kind: [] for kind in ASKS}
        self._of = {answer: kind for kind, answers in ASKS.items() for answer in answers}
        self._last = -1
        self._excused = 0

    def waits(self, kind: str) -> bool:
        """Whether a client event of this type has no answer yet."""
        return bool(self._waiting[kind])

    def answered_after(self, index: int) -> bool:
        """Whether something was answered that was asked later than this event."""
        return self._last > index

    @property
    def in_doubt(self) -> bool:
        """Whether an error came that named no event, so that it may have refused any."""
        return self._excused > 0

    def asked(self, kind: str, event: Mapping[str, object]) -> None:
        """A client event of the table."""
        item = mapping(event.get("item"))
        named = event.get("item_id") if "item_id" in event else item.get("id")
        waiting = self._waiting[kind]
        waiting.append(
            Asked(
                self._stream.index,
                text(event.get("event_id"))[:LONGEST_ID],
                text(named)[:LONGEST_ID],
                text(item.get("role"))[:LONGEST_ID],
                words_of(item) if item else None,
                event.get("audio_end_ms") if type(event.get("audio_end_ms")) is int else None,
            )
        )
        del waiting[:-KEPT]

    def answer(self, event: Mapping[str, object], *, own: bool = False) -> None:
        """A server event that answers. `own`: the server made it without being asked, so that nothing is told."""
        stream = self._stream
        kind = self._of[stream.event_type]
        waiting = self._waiting[kind]
        item = mapping(event.get("item"))
        own = own or item.get("status") == "in_progress"  # what a client creates is complete: this is a response's
        named = text(event.get("item_id")) or text(item.get("id"))
        # An error that names no event may have refused the first that is about this item: the very same comes first.
        about = [n for n, one in enumerate(waiting) if one.names == named]
        place = next((n for n in about if waiting[n].end_ms == event.get("audio_end_ms")), about[0] if about else None)
        if place is None:
            # An item of another role is the server's own, made between the question and its answer.
            role = text(item.get("role"))
            fits = [n for n, one in enumerate(waiting) if not role or one.role in ("", role)]
            free = (n for n in fits if not waiting[n].names)
            place = next(free, fits[0] if fits and kind == "conversation.item.create" and not own else None)
        if place is None or own:
            if stream.event_type in ONLY_ASKED and stream.hears_all_clients and stream.whole and not own:
                stream.violate("order.answer-unasked", wanted=f"{kind} before")
            if place is None:
                return
        one = waiting.pop(place)
        if kind not in LOOSE:
            self._last = max(self._last, one.index)
        if item and kind == "conversation.item.create" and stream.whole:
            self._as_asked(one, item, named)
        elif one.end_ms is not None and type(event.get("audio_end_ms")) is int and event["audio_end_ms"] != one.end_ms:
            stream.violate("order.as-asked", "/audio_end_ms", str(one.end_ms), event["audio_end_ms"])

    def _as_asked(self, one: Asked, item: Mapping[str, object], named: str) -> None:
        stream = self._stream
        if one.names and named != one.names:
            stream.violate("order.as-asked", "/item/id", one.names, named)
        elif one.role and text(item.get("role")) and item["role"] != one.role:
            stream.violate("order.as-asked", "/item/role", one.role, item["role"])
        elif one.words is not None:
            words = words_of(item)
            if words is not None and not words.same(one.words):
                stream.violate("order.as-asked", "/item/content", str(one.words), str(words))

    def error(self, event: Mapping[str, object]) -> None:
        """An error answers the event that it names, or one that its code tells, or any."""
        error = mapping(event.get("error"))
        named = text(error.get("event_id"))
        if named:
            for waiting in self._waiting.values():
                for place, one in enumerate(waiting):
                    if one.event_id == named:
                        self._last = max(self._last, one.index)
                        del waiting[place]
                        return
            return
        waiting = self._waiting.get(OF_CODE.get(text(error.get("code")), ""), [])
        if waiting:
            del waiting[0]
        else:
            self._excused += 1

    def finish(self) -> None:
        """What was never answered although something that was asked later was, told as one violation."""
        late = sorted(
            (one.index, kind) for kind, waiting in self._waiting.items() for one in waiting if one.index < self._last
        )[self._excused :]
        if late and self._stream.whole:
            index, kind = late[0]
            self._stream.violate(
                "order.unanswered",
                wanted=f"{ASKS[kind][0]} or error",
                got=f"{len(late)} without an answer",
                index=index,
                event_type=kind,
            )
