"""The judge of order: feeds each event of a stream to the states that it concerns.

Its memory does not grow with the stream: ids are kept in bounded sets (memory.py says how many), texts as a
length and a checksum, and the timeline for the last items only. An item or response that was dropped from
memory is not judged.
"""

from collections.abc import Callable, Mapping

from rtdoctor.model.timeline import Timeline
from rtdoctor.model.violation import Direction, Violation
from rtdoctor.protocol.order.append import Appends
from rtdoctor.protocol.order.around import Around
from rtdoctor.protocol.order.client import Client
from rtdoctor.protocol.order.following import Following
from rtdoctor.protocol.order.input_buffer import InputBuffer
from rtdoctor.protocol.order.item import Items
from rtdoctor.protocol.order.lifecycle import Lifecycle
from rtdoctor.protocol.order.memory import RecentIds
from rtdoctor.protocol.order.output import Outputs
from rtdoctor.protocol.order.response import Responses
from rtdoctor.protocol.order.session import Session
from rtdoctor.protocol.order.stream import ELLIPSES, Stream
from rtdoctor.protocol.order.transcription import Transcriptions

Handler = Callable[[Mapping[str, object]], None]
# Documented without an event_id.
WITHOUT_ID = "input_audio_buffer.dtmf_event_received"


class OrderJudge:
    """Judges one connection's events in the order in which they came.

    `sideband`: the socket joined a call by its call_id and begins with session.updated; also told from the
    stream itself. `ids_elided`: ids were replaced by an ellipsis; also told from the stream. Then only rules
    that need neither ids nor a complete stream are judged. `era` is "ga", "beta" or "translation"; the beta's
    names are understood in every era, and a translation session has no items and no responses, so only the
    session's rules speak.
    """

    def __init__(self, *, sideband: bool = False, ids_elided: bool = False, era: str = "ga") -> None:
        self.era = era
        self._stream = stream = Stream(sideband=sideband, elided=ids_elided)
        self._ids = RecentIds()
        self._following = following = Following(stream)
        self._session = session = Session(stream)
        self._transcriptions = transcriptions = Transcriptions(stream, session, following)
        self._items = items = Items(stream, following)
        buffer = InputBuffer(stream, following, items, transcriptions)
        self._responses = responses = Responses(stream, following, buffer)
        outputs = Outputs(stream, responses, items)
        around = Around(stream, responses)
        self._appends = appends = Appends(stream, session)
        self._client = Client(stream, session, items, appends)
        self._lifecycle = Lifecycle(stream)

        def committed(event: Mapping[str, object]) -> None:
            appends.emptied()
            buffer.committed(event)

        def cleared(event: Mapping[str, object]) -> None:
            appends.emptied()
            buffer.cleared(event)

        def deleted(event: Mapping[str, object]) -> None:
            items.deleted(event)
            transcriptions.deleted(event)

        transcribed = "conversation.item.input_audio_transcription"
        self._handlers: dict[str, Handler] = {
            "error": session.error,
            "session.created": session.created,
            "session.updated": session.updated,
            "transcription_session.created": session.created,
            "transcription_session.updated": session.updated,
            "input_audio_buffer.speech_started": buffer.started,
            "input_audio_buffer.speech_stopped": buffer.stopped,
            "input_audio_buffer.committed": committed,
            "input_audio_buffer.cleared": cleared,
            "conversation.item.created": items.created,
            "conversation.item.added": items.added,
            "conversation.item.done": items.done,
            "conversation.item.deleted": deleted,
            "conversation.item.truncated": items.truncated,
            f"{transcribed}.delta": transcriptions.delta,
            f"{transcribed}.segment": transcriptions.delta,
            f"{transcribed}.completed": transcriptions.ended,
            f"{transcribed}.failed": transcriptions.ended,
            "response.created": responses.created,
            "response.done": responses.done,
            "response.output_item.added": outputs.item_added,
            "response.output_item.done": outputs.item_done,
            "response.content_part.added": outputs.part_added,
            "response.content_part.done": outputs.part_done,
            "response.function_call_arguments.delta": outputs.arguments,
            "response.function_call_arguments.done": outputs.arguments_done,
            "response.mcp_call_arguments.delta": outputs.arguments,
            "response.mcp_call_arguments.done": outputs.arguments_done,
            "output_audio_buffer.started": around.playback_started,
            "output_audio_buffer.stopped": around.playback_stopped,
            "rate_limits.updated": around.rate_limits,
        }
        for prefix in ("response.output_", "response."):
            self._handlers |= {
                f"{prefix}text.delta": outputs.words,
                f"{prefix}text.done": outputs.words_done,
                f"{prefix}audio_transcript.delta": outputs.words,
                f"{prefix}audio_transcript.done": outputs.words_done,
                f"{prefix}audio.delta": outputs.audio,
                f"{prefix}audio.done": outputs.audio_done,
            }

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
        if stream.found:
            found, stream.found = stream.found, []
            return found
        return []

    def _server(self, kind: str, event: Mapping[str, object]) -> None:
        if not self._session.begun:
            self._session.first(kind)
        self._identify(kind, event.get("event_id"))
        if self._following.awaited is not None:
            self._following.check(kind, event)
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(event)
        if kind[:9] == "response.":
            self._responses.last = kind
        self._lifecycle.note(kind, event)

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

        `complete` False: the stream is an excerpt, so nothing is said. `closed` True, or close() called
        before: the close explains what was still under way, so that those violations are one step milder.
        """
        stream = self._stream
        if not complete:
            return []
        lowered = closed or self._client.closed
        stream.event_type = ""
        self._following.finish(lowered)
        self._session.finish(lowered)
        self._items.finish(lowered)
        self._transcriptions.finish(lowered)
        self._responses.finish(lowered)
        self._appends.finish()
        found, stream.found = stream.found, []
        return found

    def timeline(self) -> Timeline:
        """The items so far: their steps and latencies."""
        return self._lifecycle.timeline()
