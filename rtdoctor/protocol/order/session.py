"""The session's state: created, updated, its constants, and the settings that other states need."""

from collections.abc import Mapping

from rtdoctor.protocol.order.answers import OF_CODE, Answers
from rtdoctor.protocol.order.shown import Wish, show, wishes
from rtdoctor.protocol.order.stream import LONGEST_ID, Stream, mapping, shown, text

CREATED = frozenset({"session.created", "transcription_session.created"})
UPDATED = frozenset({"session.updated", "transcription_session.updated"})
MOST_WISHES = 8
# So many turns and responses begin, and an update is not answered: then it never will be.
LAPS = 3
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

    def __init__(self, stream: Stream, answers: Answers, *, begins: bool = True) -> None:
        self._stream = stream
        self._answers = answers
        self._begins = begins
        self.out_bytes_per_ms = 48
        self.model = ""
        self.kind = ""
        self.begun = False
        self.bytes_per_ms = 48
        self.transcription: bool | None = None
        self.turn_detection: bool | None = None
        self._confirmed = False
        self._created = False
        self._constants: dict[str, object] = {}
        self._pending: list[tuple[int, str, int]] = []
        self._wishes: dict[int, Wish] = {}
        self._kinds: set[object] = set()
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
            got = kind or "no type"
            milder = 0 if self._begins else 2  # a recording that begins in the middle accuses nobody
            stream.violate("order.session-created-first", wanted="session.created", got=got, milder=milder)

    def created(self, event: Mapping[str, object]) -> None:
        """session.created: once."""
        if self._created:
            self._stream.violate("order.session-created-once")
            self._constants = {}
        self._created = True
        self._describe(mapping(event.get("session")))

    def updated(self, event: Mapping[str, object]) -> None:
        """session.updated: one for each update."""
        session = mapping(event.get("session"))
        self._describe(session)
        if self._pending:
            index = self._pending.pop(0)[0]
            wish = self._wishes.pop(index, None)
            if wish is not None and not self._answers.in_doubt:
                show(self._stream, wish, session)
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
        if not self._pending or text(error.get("code")) in OF_CODE:
            return
        named = text(error.get("event_id"))
        for place, (_, event_id, _) in enumerate(self._pending):
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
            self._pending.append((self._stream.index, text(event.get("event_id"))[:LONGEST_ID], self._stream.laps))
            if len(self._wishes) < MOST_WISHES:
                self._wishes[self._stream.index] = wishes(mapping(event.get("session")))
        kind = mapping(event.get("session")).get("type")
        if type(kind) is str and len(self._kinds) < MOST_WISHES:
            self._kinds.add(kind)
        if not self._confirmed:
            self._settings(mapping(event.get("session")))

    def finish(self, closed: bool) -> None:
        """Updates that nothing answered, told as one violation: where the first is, and how many.

        The session went on without it where something later was answered, or turns and responses passed.
        """
        if self._pending and self.begun:
            index, _, laps = self._pending[0]
            went_on = self._answers.answered_after(index) or self._stream.laps - laps >= LAPS
            self._stream.violate(
                "order.session-update-unanswered",
                wanted="session.updated or error",
                got=f"{len(self._pending)} without an answer",
                index=index,
                event_type="session.update",
                milder=0 if went_on else 1 if closed else 2,
            )

    def _describe(self, session: Mapping[str, object]) -> None:
        self._confirmed = True
        self._settings(session)
        self._stream.ident(session.get("id"))
        for key in ("id", "expires_at", "type", "model"):
            value = session.get(key)
            if type(value) not in (str, int, float):
                continue
            value = value[:LONGEST_ID] if isinstance(value, str) else value
            known = self._constants.setdefault(key, value)
            if known != value:
                if key != "type" or value not in self._kinds:
                    rule = "order.session-model" if key == "model" else "order.session-constant"
                    self._stream.violate(rule, f"/session/{key}", shown(known), value)
                self._constants[key] = value

    def _settings(self, session: Mapping[str, object]) -> None:
        audio_input = mapping(mapping(session.get("audio")).get("input"))
        flat = audio_input if audio_input else session
        for key in ("transcription", "input_audio_transcription"):
            if key in flat:
                self.transcription = isinstance(flat[key], dict)
                self.model = text(mapping(flat[key]).get("model"))[:LONGEST_ID]
        if "turn_detection" in flat:
            self.turn_detection = isinstance(flat["turn_detection"], dict)
        declared = audio_input.get("format", session.get("input_audio_format"))
        name = text(declared) or text(mapping(declared).get("type"))
        self.bytes_per_ms = BYTES_PER_MS.get(name, self.bytes_per_ms)
        output = mapping(mapping(session.get("audio")).get("output"))
        spoken = output.get("format", session.get("output_audio_format"))
        name = text(spoken) or text(mapping(spoken).get("type"))
        self.out_bytes_per_ms = BYTES_PER_MS.get(name, self.out_bytes_per_ms)
        self.kind = text(session.get("type")) or self.kind
