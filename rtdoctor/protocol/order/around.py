"""What the server tells beside a response: playback of its audio (WebRTC, SIP) and rate limits."""

from collections.abc import Mapping

from rtdoctor.protocol.order.response import Response, Responses
from rtdoctor.protocol.order.stream import Stream, entries, mapping, shown, text

ENDS = ("response.created", "response.done")


class Around:
    """Has no state of its own: it looks at the responses."""

    def __init__(self, stream: Stream, responses: Responses) -> None:
        self._stream = stream
        self._responses = responses

    def playback_started(self, event: Mapping[str, object]) -> None:
        """output_audio_buffer.started: a part of the response was added before."""
        response = self._known(event)
        if response is not None and not response.adopted and not response.part_added:
            self._stream.violate("order.output-audio-started", wanted="response.content_part.added before")

    def _known(self, event: Mapping[str, object]) -> Response | None:
        response_id = self._stream.ident(event.get("response_id"))
        response = self._responses.known(response_id)
        if response is None and response_id and self._stream.whole and not self._responses.forgot:
            self._stream.violate("order.response-unknown", "/response_id", "a response that was created", response_id)
        return response

    def playback_cleared(self, event: Mapping[str, object]) -> None:
        """output_audio_buffer.cleared: of a response that was."""
        self._known(event)

    def playback_stopped(self, event: Mapping[str, object]) -> None:
        """output_audio_buffer.stopped: the response is done before; `cleared` may come at any time."""
        self._known(event)
        response_id = self._stream.ident(event.get("response_id"))
        if self._responses.in_progress(response_id):
            self._stream.violate("order.output-audio-stopped", wanted=f"response.done of {response_id} before")

    def rate_limits(self, event: Mapping[str, object]) -> None:
        """rate_limits.updated: at an end of a response, and nothing remains that is more than the limit.

        The pair was always seen directly together; what belongs to the buffer, to transcriptions or to the
        client's items is not counted as between, since 43 ms passed before it (2026-09-18).
        """
        last = self._responses.last
        if last and last not in ENDS:
            self._stream.violate("order.rate-limits-place", wanted=" or ".join(ENDS), got=last)
        for place, entry in enumerate(entries(event.get("rate_limits"))):
            fields = mapping(entry)
            limit, remaining = fields.get("limit"), fields.get("remaining")
            if isinstance(limit, (int, float)) and isinstance(remaining, (int, float)) and remaining > limit:
                pointer = f"/rate_limits/{place}/remaining"
                wanted = f"at most {shown(limit)} ({text(fields.get('name'))})"
                self._stream.violate("order.rate-limit-remaining", pointer, wanted, remaining)
                return
