"""The judge of order: feeds each event of a stream to the states that it concerns.

Its memory does not grow with the stream: ids are kept in bounded sets (memory.py says how many), texts as a
length and a checksum, and the timeline for the last items only. An item or response that was dropped from
memory is not judged.
"""

from collections.abc import Callable, Mapping

from rtdoctor.model.timeline import Timeline
from rtdoctor.model.violation import Direction, Violation
from rtdoctor.protocol.order.answers import Answers
from rtdoctor.protocol.order.append import Appends
from rtdoctor.protocol.order.around import Around
from rtdoctor.protocol.order.client import Client
from rtdoctor.protocol.order.constancy import finished, same_item
from rtdoctor.protocol.order.following import Following
from rtdoctor.protocol.order.input_buffer import InputBuffer
from rtdoctor.protocol.order.item import Items
from rtdoctor.protocol.order.lifecycle import Lifecycle
from rtdoctor.protocol.order.memory import RecentIds
from rtdoctor.protocol.order.once import Once
from rtdoctor.protocol.order.output import Outputs
from rtdoctor.protocol.order.part import agree_item
from rtdoctor.protocol.order.reference import References, named_items
from rtdoctor.protocol.order.response import Responses
from rtdoctor.protocol.order.session import Session
from rtdoctor.protocol.order.stream import ELLIPSES, Stream, entries, mapping
from rtdoctor.protocol.order.times import Times
from rtdoctor.protocol.order.transcription import Transcriptions
from rtdoctor.protocol.order.wishes import Wishes

Event = Mapping[str, object]
Handler = Callable[[Event], None]
# Where a turn or a response begins: what was asked before two of them is answered by then.
LAPS = frozenset({"input_audio_buffer.speech_started", "input_audio_buffer.committed", "response.created"})
# Documented without an event_id.
WITHOUT_ID = "input_audio_buffer.dtmf_event_received"


class OrderJudge:
    """Judges one connection's events in the order in which they came.

    `sideband`: the socket joined a call by its call_id and begins with session.updated; also told from the
    stream itself. `ids_elided`: ids were replaced by an ellipsis; also told from the stream. Then only rules
    that need neither ids nor a complete stream are judged. `era` is "ga", "beta" or "translation"; the beta's
    names are understood in every era, and a translation session has no items and no responses, so only the
    session's rules speak. `begins`: the stream is known to begin with the connection; a recording may begin later.
    """

    def __init__(
        self, *, sideband: bool = False, ids_elided: bool = False, era: str = "ga", begins: bool = True
    ) -> None:
        self.era = era
        self._stream = stream = Stream(sideband=sideband, elided=ids_elided)
        self._ids = RecentIds()
        self._following = following = Following(stream)
        self._answers = answers = Answers(stream)
        self._session = session = Session(stream, answers, begins=begins)
        self._transcriptions = transcriptions = Transcriptions(stream, session, following)
        self._items = items = Items(stream, following)
        self._references = references = References(stream, items)
        self._buffer = buffer = InputBuffer(stream, following, items, transcriptions)
        self._responses = responses = Responses(stream, following, buffer, items)
        self._outputs = outputs = Outputs(stream, responses, items, session)
        self._appends = appends = Appends(stream, session)
        self._wishes = wishes = Wishes(stream, responses, answers)
        self._once = Once(stream)
        self._client = Client(stream, session, items, appends, references, answers, wishes, outputs)
        self._lifecycle = Lifecycle(stream)
        self._handlers = self._table(Around(stream, responses), Times(stream))

    def _table(self, around: Around, times: Times) -> dict[str, tuple[Handler, ...]]:
        """Server event type -> what is judged of it, in this order. What names an item is first judged for that."""
        session, items, buffer, references = self._session, self._items, self._buffer, self._references
        transcriptions, responses, outputs = self._transcriptions, self._responses, self._outputs
        wishes, answer = self._wishes, self._answers.answer

        def committed(event: Event) -> None:
            self._appends.emptied()
            # What follows speech_stopped is the server's own, whatever the client asked for in the meantime.
            asked = self._answers.waits("input_audio_buffer.commit") and not buffer.over
            if not buffer.over:
                answer(event)
            buffer.committed(event, asked=asked)
            references.committed(self._stream.ident(event.get("item_id")))
            wishes.turned = True

        def cleared(event: Event) -> None:
            self._appends.emptied()
            answer(event)
            buffer.cleared(event)

        def added(event: Event) -> None:
            self._describe(event)
            if self._by_client(event):
                answer(event)

        def item_done(event: Event) -> None:
            self._describe(event)
            described = mapping(event.get("item"))
            finished(self._stream, described, "/item")
            item = items.get(self._stream.ident(described.get("id")))
            if item is not None and item.output is not None:
                agree_item(self._stream, item.output, described, "/item")
            if item is not None:
                self._once.over("mcp_list_tools", self._stream.ident(described.get("id")))

        def output_done(event: Event) -> None:
            self._describe(event)
            described = mapping(event.get("item"))
            finished(self._stream, described, "/item")
            self._once.over("response", self._stream.ident(described.get("id")))

        def error(event: Event) -> None:
            session.error(event)
            self._answers.error(event)
            references.error(event)
            wishes.refused()

        def truncated(event: Event) -> None:
            answer(event)
            item = items.get(self._stream.ident(event.get("item_id")))
            if item is not None:
                item.words = None  # the transcript goes with the audio
            index = event.get("content_index")
            if type(index) is int and index != 0:
                self._stream.violate("order.as-asked", "/content_index", "0", index)

        def heard(event: Event) -> None:
            references.transcript(event, detects=session.turn_detection)

        def announced(event: Event) -> None:
            item_id = self._stream.ident(event.get("item_id"))
            if item_id:
                items.make(item_id).listed = self._stream.event_type.startswith("mcp_")

        transcribed = "conversation.item.input_audio_transcription"
        once = self._once.event
        table: dict[str, tuple[Handler, ...]] = {
            "error": (error,),
            "session.created": (session.created,),
            "session.updated": (session.updated,),
            "session.closed": (answer, once),
            "transcription_session.created": (session.created,),
            "transcription_session.updated": (session.updated,),
            "conversation.created": (once,),
            "input_audio_buffer.speech_started": (times.event, buffer.started),
            "input_audio_buffer.speech_stopped": (times.event, buffer.stopped),
            "input_audio_buffer.timeout_triggered": (times.event, announced, once),
            "input_audio_buffer.committed": (committed,),
            "input_audio_buffer.cleared": (cleared,),
            "conversation.item.created": (added, items.created),
            "conversation.item.added": (added, items.added),
            "conversation.item.done": (item_done, items.done),
            "conversation.item.deleted": (answer, items.deleted, transcriptions.deleted),
            "conversation.item.retrieved": (answer, self._describe),
            "conversation.item.truncated": (times.event, truncated, items.truncated),
            f"{transcribed}.delta": (heard, transcriptions.delta),
            f"{transcribed}.segment": (heard, times.event, transcriptions.delta),
            f"{transcribed}.completed": (heard, transcriptions.ended),
            f"{transcribed}.failed": (heard, transcriptions.ended),
            "mcp_list_tools.in_progress": (announced, once),
            "mcp_list_tools.completed": (once,),
            "mcp_list_tools.failed": (once,),
            "response.created": (wishes.created, answer, responses.created),
            "response.done": (responses.done, answer),
            "response.output_item.added": (outputs.item_added, self._describe),
            "response.output_item.done": (outputs.item_done, output_done),
            "response.content_part.added": (outputs.part_added,),
            "response.content_part.done": (outputs.part_done,),
            "response.function_call_arguments.delta": (outputs.arguments,),
            "response.function_call_arguments.done": (outputs.arguments_done,),
            "response.mcp_call_arguments.delta": (outputs.arguments,),
            "response.mcp_call_arguments.done": (outputs.arguments_done,),
            "response.mcp_call.in_progress": (outputs.of_call, once),
            "response.mcp_call.completed": (outputs.of_call, once),
            "response.mcp_call.failed": (outputs.of_call, once),
            "output_audio_buffer.started": (around.playback_started, once),
            "output_audio_buffer.stopped": (around.playback_stopped, once),
            "output_audio_buffer.audio_started": (around.playback_started, once),
            "output_audio_buffer.audio_stopped": (around.playback_stopped, once),
            "output_audio_buffer.cleared": (around.playback_cleared, answer, once),
            "rate_limits.updated": (around.rate_limits,),
            "session.output_audio.delta": (outputs.loose_audio, times.event),
            "session.input_transcript.delta": (times.event,),
            "session.output_transcript.delta": (times.event,),
        }
        for prefix in ("response.output_", "response."):
            table |= {
                f"{prefix}text.delta": (outputs.words,),
                f"{prefix}text.done": (outputs.words_done,),
                f"{prefix}audio_transcript.delta": (outputs.words,),
                f"{prefix}audio_transcript.done": (outputs.words_done,),
                f"{prefix}audio.delta": (outputs.audio,),
                f"{prefix}audio.done": (outputs.audio_done,),
            }
        # What is in no table has a judge all the same, where it names an item.
        for kind in named_items():
            table[kind] = (references.item, *table.get(kind, ()))
        return table

    def _describe(self, event: Event) -> None:
        """An event that describes an item: it is as it was, and its call was made."""
        described = mapping(event.get("item"))
        item_id = self._stream.ident(described.get("id"))
        if not item_id:
            return
        self._references.call(described, "/item")
        item = self._items.make(item_id)
        same_item(self._stream, item, described, "/item")
        if item.audio is None and described.get("type"):
            parts = [mapping(part).get("type") for part in entries(described.get("content"))]
            if parts or described.get("role") in ("assistant", "system"):
                item.audio = "input_audio" in parts
        if described.get("type") == "mcp_list_tools":
            item.listed = True

    def _by_client(self, event: Event) -> bool:
        """Whether an item that is added was asked for by the client: neither the buffer nor a response made it."""
        item = self._items.get(self._stream.ident(mapping(event.get("item")).get("id")))
        return item is None or not (item.committed or item.output is not None or item.listed)

    def feed(self, direction: Direction, event: Mapping[str, object], at: float | None = None) -> list[Violation]:
        """Judge the next event. `at` is its time in seconds on any clock that does not jump; None when
        unknown.

        Never raises, whatever the event holds: its shape is judged elsewhere.
        """
        stream = self._stream
        stream.index += 1
        stream.at = at
        if type(event) is not dict and not isinstance(event, Mapping):
            return []
        kind = event.get("type")
        if type(kind) is not str:
            kind = ""
        stream.event_type = kind
        if direction == "server":
            self._server(kind, event)
        else:
            self._client.event(kind, event)
        if stream.violations:
            violations, stream.violations = stream.violations, []
            return violations
        return []

    def _server(self, kind: str, event: Mapping[str, object]) -> None:
        if not self._session.begun:
            self._session.first(kind)
        self._identify(kind, event.get("event_id"))
        if self._following.awaited is not None:
            self._following.check(kind, event)
        if self._client.closed:
            self._stream.violate("order.heard-after-close", wanted="nothing")
        for handler in self._handlers.get(kind, ()):
            handler(event)
        if kind in LAPS:
            self._stream.laps += 1
        if kind[:9] == "response.":
            self._responses.last = kind
        self._lifecycle.note(kind, event)
        self._stream.last_server = self._stream.index

    def _identify(self, kind: str, event_id: object) -> None:
        stream = self._stream
        if type(event_id) is not str or not event_id:
            if kind != WITHOUT_ID:
                stream.violate("order.event-id-present", "/event_id", "an id", event_id)
        elif event_id.endswith(ELLIPSES):
            stream.elided = True
        elif self._ids.repeated(event_id):
            stream.violate("order.event-id-unique", "/event_id", "an id not used before", event_id)

    def close(self) -> None:
        """The connection was closed here, by either side; what the client sends from now on is lost."""
        self._client.closed = True

    def finish(self, *, closed: bool = False, complete: bool = True) -> list[Violation]:
        """What never came. To be called once, after the last event.

        `complete` False: the stream is an excerpt, so nothing is said. Where the session went on without it, it is told
        as bad as it is. `closed` True, or close() called before: the close explains what was still under way, one step
        milder. Else the recording was cut there, which is no fault of anybody: two steps.
        """
        stream = self._stream
        if not complete:
            return []
        over = closed or self._client.closed
        resting = not self._responses.any_open() and self._following.awaited is None and not self._buffer.speaking
        stream.event_type = ""
        self._following.finish(over)
        self._session.finish(over)
        self._items.finish()
        self._transcriptions.finish(over, resting)
        self._responses.finish(over)
        self._appends.finish()
        self._outputs.samples.finish()
        self._answers.finish()
        self._wishes.finish()
        violations, stream.violations = stream.violations, []
        return violations

    def timeline(self) -> Timeline:
        """The items so far: their steps and latencies."""
        return self._lifecycle.timeline()
