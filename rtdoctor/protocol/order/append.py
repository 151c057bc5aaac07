"""The audio that the client appends: its form, how much of it waits for a commit, and how fast it comes."""

from collections.abc import Mapping

from rtdoctor.protocol.order.samples import LEAST_CUT, Samples
from rtdoctor.protocol.order.session import Session
from rtdoctor.protocol.order.stream import Stream

LEAST_COMMIT_MS, LEAST_UNSENT_MS = 100, 1000
LARGEST_EVENT = 15 * 1024 * 1024
# An append without its audio: {"type":"input_audio_buffer.append","audio":""}.
FRAME = 49
AHEAD_MS = 2000
AHEAD_SHARE = 1.25
PAUSE_MS = 1000
SLOW_MS = 5000
SLOW_SHARE = 0.8


class Appends:
    """Counts bytes; audio itself is neither decoded nor kept."""

    def __init__(self, stream: Stream, session: Session) -> None:
        self._stream = stream
        self._session = session
        self._samples = Samples(stream, "order.append-not-base64", "order.append-odd-bytes")
        self._unsent_ms = 0.0
        self._commits = 0
        self._begin: float | None = None
        self._before: float | None = None
        self._sent_ms = 0.0
        self._steady_ms = 0.0
        self._steady_sent_ms = 0.0
        self._last_ms = 0.0

    def append(self, event: Mapping[str, object]) -> None:
        """input_audio_buffer.append: base64, whole samples, not too large."""
        audio = event.get("audio")
        if type(audio) is not str:
            return
        if len(audio) + FRAME > LARGEST_EVENT:
            self._stream.violate("order.event-too-large", "/audio", f"{LARGEST_EVENT} bytes", len(audio) + FRAME)
        size = self._samples.piece(audio, "/audio", self._session.bytes_per_ms)
        if not size:
            return
        length = size / self._session.bytes_per_ms
        self._unsent_ms += length
        if self._stream.at is not None:
            self._pace(self._stream.at, length)

    def commit(self) -> None:
        """The client's commit."""
        self._commits += 1
        waiting = self._unsent_ms
        self._unsent_ms = 0.0
        # In a stream from the middle the buffer may hold audio that was not seen.
        if self._stream.whole and waiting < LEAST_COMMIT_MS:
            self._stream.violate("order.commit-too-small", wanted="100 ms or more", got=f"{waiting:.1f} ms")

    def emptied(self) -> None:
        """The server committed a turn, or the buffer was cleared."""
        self._unsent_ms = 0.0

    def _pace(self, at: float, length: float) -> None:
        """Compare the audio sent before this append with the time that passed since the first."""
        if self._begin is None or self._before is None:
            self._begin = self._before = at
        elapsed = (at - self._begin) * 1000
        gap = (at - self._before) * 1000
        if self._sent_ms - elapsed > AHEAD_MS and self._sent_ms > AHEAD_SHARE * elapsed:
            got = f"{self._sent_ms / 1000:.1f} s of audio in {elapsed / 1000:.1f} s"
            self._stream.violate("order.audio-faster", wanted="real time", got=got)
        # Pauses are not slowness: only appends that follow each other closely count.
        if 0 <= gap <= PAUSE_MS:
            self._steady_ms += gap
            self._steady_sent_ms += self._last_ms
        if self._steady_ms >= SLOW_MS and self._steady_sent_ms < SLOW_SHARE * self._steady_ms:
            got = f"{self._steady_sent_ms / 1000:.1f} s of audio in {self._steady_ms / 1000:.1f} s"
            self._stream.violate("order.audio-slower", wanted="real time", got=got)
        self._before = at
        self._last_ms = length
        self._sent_ms += length

    def finish(self) -> None:
        """Audio that nobody will ever commit."""
        self._samples.finish(LEAST_CUT)
        if self._unsent_ms >= LEAST_UNSENT_MS and not self._commits and self._session.turn_detection is False:
            self._stream.violate(
                "order.audio-never-committed",
                wanted="input_audio_buffer.commit",
                got=f"{self._unsent_ms / 1000:.1f} s of audio",
                event_type="input_audio_buffer.append",
            )
