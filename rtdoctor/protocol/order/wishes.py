"""What a client asks of a response: one at a time, one to cancel, and its metadata back."""

from collections.abc import Mapping

from rtdoctor.protocol.order.answers import Answers
from rtdoctor.protocol.order.constancy import fingerprint
from rtdoctor.protocol.order.response import Responses
from rtdoctor.protocol.order.stream import Stream, mapping

MOST = 32


class Wishes:
    """The metadata that was asked for and not seen yet."""

    def __init__(self, stream: Stream, responses: Responses, answers: Answers) -> None:
        self._stream = stream
        self._responses = responses
        self._answers = answers
        self._metadata: list[tuple[int, object]] = []
        self._others = 0
        self._cancelled = False
        self.turned = False  # a turn was committed: its response may be about to begin

    def create(self, event: Mapping[str, object]) -> None:
        """response.create: not while one of the conversation is in progress."""
        asked = mapping(event.get("response"))
        metadata = asked.get("metadata")
        if isinstance(metadata, dict) and metadata and len(self._metadata) < MOST:
            self._metadata.append((self._stream.index, fingerprint(metadata)))
        beside = asked.get("conversation") == "none"
        if not beside and self._stream.whole and not self._cancelled and self._responses.active():
            self._stream.violate("order.create-while-active", wanted="response.done before")

    def cancel(self, event: Mapping[str, object]) -> None:
        """response.cancel: of a response in progress, or of one that is about to begin."""
        stream = self._stream
        self._cancelled = True
        if not stream.whole or self._responses.forgot:
            return
        named = stream.ident(event.get("response_id"))
        if named and not self._responses.in_progress(named):
            stream.violate("order.cancel-nothing", "/response_id", "a response in progress", named)
        elif not (named or self.turned or self._responses.any_open() or self._answers.waits("response.create")):
            stream.violate("order.cancel-nothing", wanted="a response in progress")

    def created(self, event: Mapping[str, object]) -> None:
        """response.created: shows the metadata of the response.create that it answers."""
        self._cancelled = self.turned = False
        if not self._metadata:
            return
        metadata = fingerprint(mapping(event.get("response")).get("metadata"))
        place = next((n for n, (_, asked) in enumerate(self._metadata) if asked == metadata), None)
        if place is None:
            self._others += 1
        else:
            del self._metadata[place]

    def refused(self) -> None:
        """An error came: it may have refused a response."""
        del self._metadata[:1]

    def finish(self) -> None:
        """Metadata that no response showed, though one came."""
        if self._metadata and self._others:
            self._stream.violate(
                "order.metadata-echoed",
                "/response/metadata",
                "response.created with this metadata",
                f"{self._others} without it",
                index=self._metadata[0][0],
                event_type="response.create",
            )
