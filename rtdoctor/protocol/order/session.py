"""The session's state: created, updated, its constants, and the settings that other states need."""

from collections.abc import Mapping

from rtdoctor.protocol.order.stream import LONGEST_ID, Stream, mapping, shown, text

CREATED = frozenset({"session.created", "transcription_session.created"})
UPDATED = frozenset({"session.updated", "transcription_session.updated"})
BYTES_PER_MS = {
    "audio/pcm": 48,
    "pcm16": 48,
    "audio/pcmu": 8,
    "g711_ulaw": 8,
    "audio/pcma": 8,
    "g711_alaw": 8,
}


class Session:
    """new -> open. Settings are what the server confirmed; until then, what the client asked for.

    `transcription` and `turn_detection` are None while unknown.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.begun = False
        self.bytes_per_ms = 48
        self.transcription: bool | None = None
        self.turn_detection: bool | None = None
        self._confirmed = False
        self._created = False
        self._constants: dict[str, object] = {}
        self._pending: list[tuple[int, str]] = []
        self._maybe_answered = 0
        self._unasked = -1
        self._early = (-1, "")

    def first(self, kind: str) -> None:
        """The first server event decides what the stream is; an `error` decides nothing, it refuses the
        session.
        """
        if kind == "error":
            return
        self.begun = True
        stream = self._stream
        if kind in CREATED:
            stream.whole = not stream.sideband
            index, sent = self._early
            if index >= 0:
                stream.violate("order.sent-before-session", wanted="session.created", index=index, event_type=sent)
        elif stream.sideband:
            return
        elif kind in UPDATED:
            stream.sideband = True
            stream.violate("order.sideband", got=kind)
        else:
            stream.violate("order.session-created-first", wanted="session.created", got=kind or "no type")

    def created(self, event: Mapping[str, object]) -> None:
        """session.created: once."""
        if self._created:
            self._stream.violate("order.session-created-once")
            self._constants = {}
        self._created = True
        self._describe(mapping(event.get("session")))

    def updated(self, event: Mapping[str, object]) -> None:
        """session.updated: one for each update."""
        self._describe(mapping(event.get("session")))
        if self._pending:
            self._pending.pop(0)
        elif self._maybe_answered:
            self._maybe_answered -= 1
        elif self._stream.hears_all_clients:
            self._stream.violate("order.session-updated-unasked", wanted="session.update before")
        elif not self._stream.sideband and self._stream.whole and self._unasked < 0:
            self._unasked = self._stream.index

    def error(self, event: Mapping[str, object]) -> None:
        """An error may answer an update.

        Without the client's event_id only its param tells, and often nothing does.
        """
        error = mapping(event.get("error"))
        if not self._pending:
            return
        named = text(error.get("event_id"))
        for place, (_, event_id) in enumerate(self._pending):
            if named and named == event_id:
                del self._pending[place]
                return
        if not named:
            self._pending.pop(0)
            self._maybe_answered += not text(error.get("param")).startswith("session")

    def client_event(self) -> None:
        """The first client event: from here on a missing session.update is known to be missing."""
        if not self.begun:
            self._early = (self._stream.index, self._stream.event_type)
        if self._unasked >= 0 and not self._stream.sideband:
            self._stream.violate(
                "order.session-updated-unasked",
                wanted="session.update before",
                index=self._unasked,
                event_type="session.updated",
            )

    def asked(self, event: Mapping[str, object]) -> None:
        """The client's session.update."""
        if len(self._pending) < 1000:
            self._pending.append((self._stream.index, text(event.get("event_id"))[:LONGEST_ID]))
        if not self._confirmed:
            self._settings(mapping(event.get("session")))

    def finish(self, lowered: bool) -> None:
        """Updates that nothing answered, told as one violation: where the first is, and how many."""
        if self._pending and self.begun:
            self._stream.violate(
                "order.session-update-unanswered",
                wanted="session.updated or error",
                got=f"{len(self._pending)} without an answer",
                index=self._pending[0][0],
                event_type="session.update",
                lowered=lowered,
            )

    def _describe(self, session: Mapping[str, object]) -> None:
        self._confirmed = True
        self._settings(session)
        self._stream.ident(session.get("id"))
        for key in ("id", "expires_at"):
            value = session.get(key)
            if type(value) not in (str, int, float):
                continue
            value = value[:LONGEST_ID] if isinstance(value, str) else value
            known = self._constants.setdefault(key, value)
            if known != value:
                self._stream.violate("order.session-constant", f"/session/{key}", shown(known), value)
                self._constants[key] = value

    def _settings(self, session: Mapping[str, object]) -> None:
        given = mapping(mapping(session.get("audio")).get("input"))
        flat = given if given else session
        for key in ("transcription", "input_audio_transcription"):
            if key in flat:
                self.transcription = isinstance(flat[key], dict)
        if "turn_detection" in flat:
            self.turn_detection = isinstance(flat["turn_detection"], dict)
        declared = given.get("format", session.get("input_audio_format"))
        name = text(declared) or text(mapping(declared).get("type"))
        self.bytes_per_ms = BYTES_PER_MS.get(name, self.bytes_per_ms)
