"""Each deviation made for real: which case must tell it, and how a server comes to it."""

import copy
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rtdoctor.wire.rawframes import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawFrame, frame
from tests.conform.deviant import KEY, Ask, Event, Link, Way

_TRANSCRIPTION = "conversation.item.input_audio_transcription."
_BUFFER = "input_audio_buffer."
COMMITTED = _BUFFER + "committed"


# --- events -----------------------------------------------------------------------------------------------------------


def server(*steps: Callable[[Link, Event], Event | None]) -> Way:
    """The server's events go through these steps."""

    def through(link: Link, event: Event) -> Event | None:
        found: Event | None = event
        for step in steps:
            found = step(link, found) if found is not None else None
        return found

    return Way(server=through)


def client(step: Callable[[Link, Event], Event | None]) -> Way:
    return Way(client=step)


def lose(*types: str) -> Way:
    """The server never sends these."""
    return server(lambda _, event: None if event["type"] in types else event)


def put(kind: str, *path: Any, value: Any = None, remove: bool = False) -> Way:
    """In the server's events of that type something else stands at that place."""

    def step(_: Link, event: Event) -> Event:
        if event["type"] == kind:
            node: Any = event
            for part in path[:-1]:
                node = node[part]
            if remove:
                node.pop(path[-1], None)
            else:
                node[path[-1]] = value() if callable(value) else value
        return event

    return server(step)


def rename(kind: str, new: str) -> Way:
    return put(kind, "type", value=new)


def deaf(*types: str) -> Way:
    """The server passes over these."""
    return client(lambda _, event: None if event["type"] in types else event)


def answered(
    kind: str, make: Callable[[Link, Event], Event | None], when: Callable[[Event], bool] | None = None
) -> Way:
    """These are answered by an event of the server's own."""

    def step(link: Link, event: Event) -> Event | None:
        if event["type"] != kind or (when is not None and not when(event)):
            return event
        made = make(link, event)
        if made is not None:
            link.to_client(made)
        return None

    return client(step)


def own(kind: str, **fields: Any) -> Event:
    own.count += 1  # type: ignore[attr-defined]
    return {"type": kind, "event_id": f"event_own{own.count}", **fields}  # type: ignore[attr-defined]


own.count = 0  # type: ignore[attr-defined]


def error(code: str = "own_error", message: str = "no") -> Event:
    told = {"type": "invalid_request_error", "code": code, "message": message, "param": None, "event_id": None}
    return own("error", error=told)


def shown(change: Callable[[Event, Event], None], when: Callable[[Event], bool] = lambda _: True) -> Way:
    """session.update is taken without a look: session.updated shows what `change(session, asked)` makes of it."""

    def on_server(link: Link, event: Event) -> Event:
        if event["type"] in ("session.created", "session.updated"):
            link.memory["session"] = event["session"]
        return event

    def on_client(link: Link, event: Event) -> Event | None:
        if event["type"] != "session.update" or not when(event):
            return event
        session = copy.deepcopy(link.memory.get("session") or {"type": "realtime"})
        asked = event.get("session")
        change(session, asked if isinstance(asked, dict) else {})
        link.memory["session"] = session
        link.to_client(own("session.updated", session=session))
        return None

    return Way(client=on_client, server=on_server)


def _asks(event: Event, *path: str) -> bool:
    node: Any = event.get("session")
    for part in path:
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def merge(into: dict[str, Any], asked: dict[str, Any]) -> None:
    for name, value in asked.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            merge(into[name], value)
        else:
            into[name] = value


# --- handshakes -------------------------------------------------------------------------------------------------------


def refuse(when: Callable[[Ask], bool], status: str = "403 Forbidden", body: str = "", more: str = "") -> Way:
    """What matches is answered in place of the 101."""
    answer = f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
    return Way(ask=lambda ask: answer if when(ask) else None)


def mend(change: Callable[[Ask], None]) -> Way:
    """The request is changed before the mock sees it: what the mock would refuse is let in."""

    def on_ask(ask: Ask) -> None:
        change(ask)

    return Way(ask=on_ask)


def reply(change: Callable[[Ask, Ask], None]) -> Way:
    return Way(reply=change)


def _only_for(when: Callable[[Ask], bool], change: Callable[[Ask, Ask], None]) -> Way:
    return reply(lambda ask, answer: change(ask, answer) if when(ask) else None)


def _upgrade(ask: Ask) -> bool:
    return ask.get("upgrade") != ""


def _has_key(ask: Ask) -> bool:
    return KEY in ask.get("authorization") or KEY in ask.get("sec-websocket-protocol")


def _let_in(ask: Ask) -> None:
    ask.put("Authorization", f"Bearer {KEY}")


def _to_path(ask: Ask) -> None:
    ask.line = ask.line.replace("/realtime/rtdoctor-no-such-path", "/realtime")


def _query(change: Callable[[str], str]) -> Way:
    def on_ask(ask: Ask) -> None:
        if _upgrade(ask):
            ask.line = change(ask.line)

    return mend(on_ask)


def _no_model(line: str) -> str:
    return line if "model=" in line or "intent=" in line else line.replace("/realtime", "/realtime?model=gpt-realtime")


def _no_beta(ask: Ask) -> None:
    ask.put("OpenAI-Beta", None)
    if offered := ask.get("sec-websocket-protocol"):
        kept = ", ".join(one for one in offered.split(", ") if "beta" not in one)
        ask.put("Sec-WebSocket-Protocol", kept or None)


def refused_by(error_change: Callable[[Event], Event | None], **more: Any) -> Way:
    """The error event of a refusal is another one."""
    return Way(server=lambda _, event: error_change(event) if event["type"] == "error" else event, **more)


def closes(code: int, new: int | None, reason: bytes | None = None) -> Way:
    """The mock's close with that code goes out with another; None for no close at all."""

    def on_frame(_: Link, one: RawFrame) -> RawFrame | None:
        if one.opcode != CLOSE or one.payload[:2] != code.to_bytes(2, "big"):
            return one
        if new is None:
            return None
        return RawFrame(CLOSE, new.to_bytes(2, "big") + (one.payload[2:] if reason is None else reason))

    return Way(server_frame=on_frame, stays=new is None)


# --- frames -----------------------------------------------------------------------------------------------------------


def drop_frame(when: Callable[[RawFrame], bool]) -> Way:
    """The server passes over such frames."""
    return Way(client_frame=lambda _, one: None if when(one) else one, stays=True)


def end_on(when: Callable[[RawFrame], bool], code: int = 1002) -> Way:
    """The server ends the connection on such frames."""

    def on_frame(link: Link, one: RawFrame) -> RawFrame | None:
        if when(one):
            link.close(code)
            return None
        return one

    return Way(client_frame=on_frame)


def _broken(one: RawFrame) -> bool:
    return bool(
        replace(one, masked=False).fault
        or one.rsv
        or (one.opcode == CLOSE and len(one.payload) == 1)
        or (one.opcode == CONTINUATION and one.payload == b"x")
        or (one.opcode == BINARY and one.payload == b"x")
    )


def _no_utf8(one: RawFrame) -> bool:
    return one.opcode == TEXT and b"\xff" in one.payload


def _linger() -> Way:
    def on_frame(link: Link, one: RawFrame) -> RawFrame | None:
        if one.opcode != CLOSE:
            return one
        link.raw_to_client(frame(CLOSE, one.payload, mask=False))
        return None

    return Way(client_frame=on_frame)


def fatal(*kinds: str) -> Way:
    """An error event ends the session."""

    def step(link: Link, event: Event) -> Event | None:
        if event["type"] != "error":
            return event
        link.to_client(event)
        link.close(1011)
        return None

    return server(step)


# --- audio and turns --------------------------------------------------------------------------------------------------


def _committing(link: Link, _: Event) -> Event:
    """A commit that is taken whatever the buffer holds."""
    return own(COMMITTED, previous_item_id=None, item_id=f"item_own{own.count}")  # type: ignore[attr-defined]


def takes_commits(when: Callable[[Link], bool]) -> Way:
    """Commits that the mock refuses are taken."""

    def step(link: Link, event: Event) -> Event:
        if event["type"] == COMMITTED:
            link.memory["commits"] = link.memory.get("commits", 0) + 1
        if event["type"] == _BUFFER + "cleared":
            link.memory["cleared"] = True
        code = (event.get("error") or {}).get("code") if event["type"] == "error" else None
        return _committing(link, event) if code == "input_audio_buffer_commit_empty" and when(link) else event

    return server(step)


def _another_item(kind: str) -> Way:
    return put(kind, "item_id", value="item_another")


def _once_more(link: Link, event: Event) -> Event:
    """The second transcription names the first item again."""
    if event["type"].startswith(_TRANSCRIPTION):
        event["item_id"] = link.memory.setdefault("item", event["item_id"])
    return event


def _transcribes_unasked(link: Link, event: Event) -> Event:
    if event["type"] == "conversation.item.done":
        link.to_client(event)
        return own(
            _TRANSCRIPTION + "completed",
            item_id=event["item"]["id"],
            content_index=0,
            transcript="x",
            usage={"type": "duration", "seconds": 1},
        )
    return event


def _failed(link: Link, event: Event) -> Event:
    if event["type"] == "response.done":
        event["response"] |= {"status": "failed", "status_details": {"type": "failed", "error": {"code": "x"}}}
    return event


def _second_taken(link: Link, event: Event) -> Event:
    """A second response is begun beside the first."""
    code = (event.get("error") or {}).get("code") if event["type"] == "error" else None
    if event["type"] == "response.created":
        link.memory["response"] = event["response"]
    if code == "conversation_already_has_active_response":
        return own("response.created", response=link.memory["response"] | {"id": "resp_second"})
    return event


def _takes(code: str, kind: str, **fields: Any) -> Way:
    """What the mock refuses with that code is answered as if it had been taken."""

    def step(_: Link, event: Event) -> Event:
        told = (event.get("error") or {}).get("code") if event["type"] == "error" else None
        return own(kind, **fields) if told == code else event

    return server(step)


def _in_beta(_: Link, event: Event) -> Event:
    if event["type"] in ("session.created", "session.updated"):
        session = event["session"]
        event["session"] = {"id": session["id"], "modalities": ["text"], "input_audio_format": "pcm16"}
    return event


def _halved(link: Link, event: Event) -> Event:
    """What a refused update named is applied all the same."""
    if event["type"] == "session.updated":
        event["session"]["audio"]["input"]["noise_reduction"] = {"type": "far_field"}
    return event


def _shared() -> Way:
    """One configuration for all sessions."""
    kept: dict[str, Any] = {}

    def step(_: Link, event: Event) -> Event:
        if event["type"] == "session.updated":
            kept.update({key: value for key, value in event["session"]["audio"]["input"].items() if value})
            event["session"]["audio"]["input"] |= kept
        return event

    return server(step)


def _forgets(session: Event, asked: Event) -> None:
    for name in ("instructions", "output_modalities"):
        session[name] = asked.get(name)


def _errors_without(field: str) -> Way:
    return put("error", "error", field, remove=True)


def _session_asks(*path: str) -> Callable[[Event], bool]:
    return lambda event: _asks(event, *path)


_DELETE, _RETRIEVE = "conversation.item.delete", "conversation.item.retrieve"
_TRUNCATE = "conversation.item.truncate"
_SELECTS_KEY = f"openai-insecure-api-key.{KEY}"

ROWS: list[tuple[str, str, Way]] = [
    # case, deviation, how a server comes to it
    ("handshake.upgrade", "handshake.accept-wrong", reply(lambda _, r: r.put("Sec-WebSocket-Accept", "x"))),
    ("handshake.upgrade", "handshake.headers-wrong", reply(lambda _, r: r.put("Upgrade", None))),
    (
        "handshake.header-forms",
        "handshake.header-forms-refused",
        refuse(lambda ask: ask.get("connection").startswith("keep-alive"), "400 Bad Request"),
    ),
    ("handshake.version", "handshake.version-taken", mend(lambda ask: ask.put("Sec-WebSocket-Version", "13"))),
    ("handshake.version", "handshake.version-untold", reply(lambda _, r: r.put("Sec-WebSocket-Version", None))),
    *(
        (f"handshake.{name}", "handshake.key-unchecked", mend(lambda a: a.put("Sec-WebSocket-Key", "A" * 22 + "==")))
        for name in ("no-key", "short-key")
    ),
    ("handshake.plain-get", "handshake.plain-get-taken", refuse(lambda ask: not _upgrade(ask), "200 OK")),
    ("handshake.plain-get", "handshake.plain-get-breaks", refuse(lambda ask: not _upgrade(ask), "500 Oh")),
    ("handshake.unknown-path", "handshake.any-path", mend(_to_path)),
    (
        "handshake.no-subprotocol",
        "handshake.subprotocol-unoffered",
        reply(lambda _, r: r.put("Sec-WebSocket-Protocol", "realtime")),
    ),
    *(
        (
            f"handshake.{name}",
            "handshake.subprotocol-unoffered",
            reply(lambda _, r: r.put("Sec-WebSocket-Protocol", "chat")),
        )
        for name in ("subprotocol", "subprotocol-browser")
    ),
    *(
        (
            f"handshake.{name}",
            "handshake.subprotocol-not-echoed",
            reply(lambda _, r: r.put("Sec-WebSocket-Protocol", None)),
        )
        for name in ("subprotocol", "subprotocol-browser")
    ),
    (
        "handshake.subprotocol-browser",
        "handshake.subprotocol-key-echoed",
        reply(lambda _, r: r.put("Sec-WebSocket-Protocol", _SELECTS_KEY)),
    ),
    (
        "handshake.no-extension",
        "handshake.extension-unoffered",
        reply(lambda _, r: r.put("Sec-WebSocket-Extensions", "permessage-deflate")),
    ),
    (
        "handshake.deflate",
        "handshake.deflate-breaks",
        refuse(lambda ask: ask.get("sec-websocket-extensions") != "", "400 Bad Request"),
    ),
    ("handshake.origin", "handshake.origin-refused", refuse(lambda ask: ask.get("origin") != "")),
    # --- frames
    ("frames.ping", "frames.ping-unanswered", drop_frame(lambda one: one.opcode == PING)),
    ("frames.pong-unasked", "frames.pong-breaks", end_on(lambda one: one.opcode == PONG)),
    (
        "frames.fragments",
        "frames.fragments-refused",
        drop_frame(lambda one: one.opcode in (TEXT, CONTINUATION) and (not one.fin or one.opcode == CONTINUATION)),
    ),
    ("frames.ping-between", "frames.fragments-refused", end_on(lambda one: one.opcode == TEXT and not one.fin)),
    ("frames.large", "frames.large-refused", end_on(lambda one: len(one.payload) > 1_000_000, 1009)),
    *(
        (f"frames.{name}", "frames.close-unanswered", drop_frame(lambda one: one.opcode == CLOSE))
        for name in ("close", "close-no-code")
    ),
    *((f"frames.{name}", "frames.close-lingers", _linger()) for name in ("close", "close-no-code")),
    *(
        (f"frames.{name}", "frames.broken-taken", drop_frame(_broken))
        for name in (
            "close-short",
            "reserved-bit",
            "reserved-opcode",
            "long-ping",
            "lone-continuation",
            "interleaved",
        )
    ),
    ("frames.reserved-opcode", "frames.close-code-other", end_on(_broken, 1011)),
    ("frames.invalid-utf8", "frames.invalid-utf8-taken", drop_frame(_no_utf8)),
    ("frames.invalid-utf8", "frames.close-code-other", end_on(_no_utf8, 1011)),
    ("frames.unmasked", "frames.unmasked-taken", drop_frame(lambda one: not one.masked)),
    (
        "lifecycle.shapes",
        "frames.server-breaks-rfc",
        server(lambda link, event: link.raw_to_client(frame(PONG, b"x")) or event),
    ),
    # --- authentication
    (
        "authentication.header",
        "authentication.header-refused",
        refuse(lambda ask: ask.get("authorization").startswith("bearer"), "401 Unauthorized", "{}"),
    ),
    (
        "authentication.subprotocol",
        "authentication.subprotocol-refused",
        refuse(lambda ask: _upgrade(ask) and not ask.get("authorization"), "401 Unauthorized", "{}"),
    ),
    *(
        row
        for name in ("none", "wrong-header", "wrong-subprotocol")
        for row in (
            (f"authentication.{name}", "authentication.not-checked", mend(_let_in)),
            (f"authentication.{name}", "authentication.refusal-empty", refuse(lambda ask: not _has_key(ask))),
            (
                f"authentication.{name}",
                "authentication.refused-before-101",
                refuse(lambda ask: not _has_key(ask), "401 Unauthorized", '{"error": "no"}'),
            ),
            (f"authentication.{name}", "authentication.refusal-untold", lose("error")),
            (f"authentication.{name}", "authentication.stays-open", closes(3000, None)),
            (f"authentication.{name}", "authentication.close-code-other", closes(3000, 1008)),
            (f"authentication.{name}", "authentication.close-reason-missing", closes(3000, 3000, b"")),
        )
    ),
    (
        "authentication.wrong-header",
        "authentication.refusal-untold",
        put("error", "error", "code", value="something"),
    ),
    (
        "authentication.query",
        "authentication.query-taken",
        mend(lambda ask: _let_in(ask) if "Authorization=" in ask.line else None),
    ),
    # --- session
    ("session.created", "session.first-event-other", rename("session.created", "hello")),
    ("session.created", "session.beta-dialect", server(_in_beta)),
    ("session.created", "session.object-missing", put("session.created", "session", "object", remove=True)),
    ("session.created", "session.id-missing", put("session.created", "session", "id", remove=True)),
    (
        "session.intent",
        "session.intent-ignored",
        _query(lambda line: line.replace("?intent=transcription HTTP", "?model=gpt-realtime HTTP")),
    ),
    (
        "session.intent",
        "session.intent-wants-model",
        refuse(lambda ask: "intent=" in ask.line and "model=" not in ask.line, "400 Bad Request", "model"),
    ),
    (
        "session.intent-with-model",
        "session.intent-with-model-refused",
        refuse(lambda ask: "intent=" in ask.line and "model=" in ask.line, "400 Bad Request", "no"),
    ),
    ("session.no-model", "session.model-invented", _query(_no_model)),
    ("session.no-model", "session.refusal-retried", closes(4000, 1011)),
    ("session.no-model", "session.refusal-untold", refuse(lambda ask: _upgrade(ask) and "?" not in ask.line)),
    (
        "session.unknown-model",
        "session.unknown-model-taken",
        _query(lambda line: line.replace("rtdoctor-no-such-model", "gpt-realtime")),
    ),
    ("session.unknown-model", "session.refusal-retried", closes(4000, 1011)),
    ("session.unknown-model", "session.refusal-untold", lose("error")),
    *(
        row
        for name in ("transcription", "conversation")
        for row in (
            (f"session.update-{name}", "session.update-unanswered", lose("session.updated")),
            (f"session.update-{name}", "session.update-refused", answered("session.update", lambda *_: error())),
            (f"session.update-{name}", "session.update-ignored", shown(lambda *_: None)),
            (
                f"session.update-{name}",
                "session.updated-without-id",
                put("session.updated", "session", "id", remove=True),
            ),
        )
    ),
    (
        "session.update-transcription",
        "session.model-rerouted",
        shown(lambda session, _: session["audio"]["input"].update(turn_detection=None, transcription={"model": "own"})),
    ),
    ("session.partial-update", "session.partial-resets", shown(_forgets)),
    (
        "session.early-update",
        "session.early-update-lost",
        client(lambda link, event: event if link.memory.setdefault("heard", 0) else link.memory.update(heard=1)),
    ),
    (
        "session.unknown-field",
        "session.unknown-field-taken",
        shown(lambda *_: None, _session_asks("rtdoctor_unknown")),
    ),
    (
        "session.unknown-field",
        "session.unknown-field-unnamed",
        answered("session.update", lambda *_: error(), _session_asks("rtdoctor_unknown")),
    ),
    (
        "session.type-missing",
        "session.type-optional",
        shown(lambda *_: None, lambda event: "type" not in event["session"]),
    ),
    (
        "session.type-other",
        "session.type-mismatch-taken",
        shown(lambda *_: None, lambda event: event["session"].get("type") == "transcription"),
    ),
    (
        "session.rate-16000",
        "session.rate-16000-taken",
        shown(merge, _session_asks("audio", "input", "format")),
    ),
    ("session.refused-whole", "session.refused-half-applied", server(_halved)),
    ("session.model-fixed", "session.model-changed", shown(merge, _session_asks("model"))),
    ("session.beta-header", "session.beta-header-taken", mend(_no_beta)),
    ("session.beta-subprotocol", "session.beta-header-taken", mend(_no_beta)),
    *(
        (f"session.beta-{name}", "session.beta-refusal-untold", put("error", "error", "code", value=None))
        for name in ("header", "subprotocol")
    ),
    ("session.beta-fields", "session.beta-fields-taken", shown(merge, _session_asks("modalities"))),
    ("session.beta-event", "session.beta-event-taken", deaf("transcription_session.update")),
    # --- audio
    ("audio.clear", "audio.clear-unanswered", lose(_BUFFER + "cleared")),
    ("audio.clear", "audio.clear-keeps", takes_commits(lambda link: link.memory.get("cleared", False))),
    (
        "audio.append",
        "audio.append-answered",
        client(
            lambda link, event: (
                (link.to_client(own(_BUFFER + "appended")) if event["type"] == _BUFFER + "append" else None) or event
            )
        ),
    ),
    ("audio.commit", "audio.commit-unanswered", lose(COMMITTED)),
    ("audio.commit", "audio.committed-without-item-id", put(COMMITTED, "item_id", remove=True)),
    ("audio.commit", "audio.item-not-announced", lose("conversation.item.added")),
    ("audio.commit", "audio.item-not-done", lose("conversation.item.done")),
    ("audio.empty-commit", "audio.empty-commit-taken", takes_commits(lambda _: True)),
    ("audio.empty-commit", "audio.empty-commit-code", put("error", "error", "code", value="other")),
    ("audio.empty-commit", "errors.fatal", fatal()),
    ("audio.short-commit", "audio.short-commit-taken", takes_commits(lambda _: True)),
    ("audio.commit-empties", "audio.commit-keeps", takes_commits(lambda link: link.memory.get("commits", 0) > 0)),
    *(
        row
        for name in ("not-base64", "odd-bytes")
        for row in (
            (f"audio.{name}", f"audio.{name}-taken", lose("error")),
            (f"audio.{name}", "errors.fatal", fatal()),
        )
    ),
    ("audio.vad", "audio.vad-missing", deaf(_BUFFER + "append")),
    ("audio.vad", "audio.vad-never-commits", lose(_BUFFER + "speech_stopped")),
    ("audio.vad", "audio.vad-other-item", _another_item(_BUFFER + "speech_stopped")),
    (
        "audio.vad",
        "audio.times-no-offsets",
        put(_BUFFER + "speech_stopped", "audio_end_ms", value=lambda: int(time.time() * 1000)),
    ),
    *(
        (f"audio.format-{name}", "audio.format-not-shown", shown(lambda *_: None, _session_asks("audio")))
        for name in ("pcmu", "pcma")
    ),
    # --- transcription
    *(
        row
        for name in ("speech", "speech-other")
        for row in (
            (f"transcription.{name}", "transcription.missing", lose(_TRANSCRIPTION + "completed")),
            (f"transcription.{name}", "transcription.other-item", _another_item(_TRANSCRIPTION + "completed")),
            (f"transcription.{name}", "transcription.failed", Way(faults={"transcribed": "transcription-failed"})),
            (f"transcription.{name}", "transcription.no-delta", lose(_TRANSCRIPTION + "delta")),
            (
                f"transcription.{name}",
                "transcription.empty",
                put(_TRANSCRIPTION + "completed", "transcript", value=""),
            ),
            (
                f"transcription.{name}",
                "transcription.usage-missing",
                put(_TRANSCRIPTION + "completed", "usage", remove=True),
            ),
        )
    ),
    *(
        (f"transcription.{name}", "transcription.missing", lose(_TRANSCRIPTION + "completed"))
        for name in ("in-conversation", "two-turns", "silence")
    ),
    (
        "transcription.in-conversation",
        "transcription.other-item",
        _another_item(_TRANSCRIPTION + "completed"),
    ),
    ("transcription.two-turns", "transcription.mixed-up", server(_once_more)),
    ("transcription.off", "transcription.unasked", server(_transcribes_unasked)),
    # --- conversation
    ("conversation.item", "conversation.item-unanswered", lose("conversation.item.added")),
    ("conversation.item", "conversation.item-not-done", lose("conversation.item.done")),
    (
        "conversation.item",
        "conversation.item-id-replaced",
        put("conversation.item.added", "item", "id", value="item_own"),
    ),
    (
        "conversation.item-place",
        "conversation.place-ignored",
        put("conversation.item.added", "previous_item_id", value="item_own"),
    ),
    ("conversation.delete", "conversation.delete-unanswered", deaf(_DELETE)),
    ("conversation.retrieve", "conversation.retrieve-unanswered", deaf(_RETRIEVE)),
    (
        "conversation.unknown-item",
        "conversation.unknown-item-taken",
        answered(_DELETE, lambda _, event: own("conversation.item.deleted", item_id=event["item_id"])),
    ),
    *(
        row
        for name in ("text", "audio")
        for row in (
            (f"conversation.{name}", "conversation.no-response", lose("response.done")),
            (f"conversation.{name}", "conversation.response-failed", server(_failed)),
        )
    ),
    ("conversation.text", "conversation.text-missing", rename("response.output_text.delta", "response.text.delta")),
    ("conversation.text", "conversation.usage-missing", put("response.done", "response", "usage", value=None)),
    ("conversation.audio", "conversation.audio-missing", rename("response.output_audio.delta", "response.audio.delta")),
    ("conversation.audio", "conversation.transcript-missing", lose("response.output_audio_transcript.done")),
    (
        "conversation.metadata",
        "conversation.metadata-not-echoed",
        put("response.done", "response", "metadata", value=None),
    ),
    (
        "conversation.out-of-band",
        "conversation.out-of-band-added",
        put("response.done", "response", "conversation_id", value="conv_own"),
    ),
    ("conversation.call", "conversation.no-call", put("response.done", "response", "output", value=[])),
    (
        "conversation.call",
        "conversation.call-incomplete",
        lose("response.function_call_arguments.done"),
    ),
    (
        "conversation.call",
        "conversation.output-refused",
        answered("response.create", lambda *_: error(), lambda event: event["response"].get("tool_choice") == "none"),
    ),
    ("conversation.cancel", "conversation.cancel-ignored", deaf("response.cancel")),
    ("conversation.cancel-nothing", "conversation.cancel-nothing-untold", deaf("response.cancel")),
    ("conversation.cancel-nothing", "errors.fatal", fatal()),
    ("conversation.second-response", "conversation.second-response-taken", server(_second_taken)),
    ("conversation.truncate", "conversation.truncate-unanswered", deaf(_TRUNCATE)),
    (
        "conversation.truncate",
        "conversation.truncate-beyond-taken",
        answered(
            _TRUNCATE,
            lambda _, event: own(
                "conversation.item.truncated", item_id=event["item_id"], content_index=0, audio_end_ms=1
            ),
        ),
    ),
    # --- errors
    *(
        row
        for name in ("unknown-type", "no-type", "bad-json", "no-object", "binary", "wrong-value")
        for row in (
            (f"errors.{name}", "errors.silent", lose("error")),
            (f"errors.{name}", "errors.fatal", fatal()),
            (f"errors.{name}", "errors.object-missing", put("error", "error", "message", remove=True)),
        )
    ),
    *(
        (f"errors.{name}", "errors.code-other", put("error", "error", "code", value="other"))
        for name in ("unknown-type", "bad-json", "binary")
    ),
    ("errors.several", "errors.silent", lose("error")),
    ("errors.several", "errors.fatal", fatal()),
    ("errors.event-id", "errors.event-id-not-echoed", _errors_without("event_id")),
    ("errors.event-id", "errors.silent", lose("error")),
    ("errors.no-event-id", "errors.event-id-invented", put("error", "error", "event_id", value="event_own")),
    ("errors.no-event-id", "errors.silent", lose("error")),
    # --- lifecycle
    (
        "lifecycle.expires-at",
        "lifecycle.expires-at-missing",
        put("session.created", "session", "expires_at", remove=True),
    ),
    ("lifecycle.expires-at", "lifecycle.expires-at-wrong", put("session.created", "session", "expires_at", value=0)),
    ("lifecycle.session-ids", "lifecycle.session-id-shared", put("session.created", "session", "id", value="sess_1")),
    ("lifecycle.apart", "lifecycle.sessions-shared", _shared()),
    # --- what the judges of shape and order find in any traffic
    ("lifecycle.shapes", "shape.missing", put("session.created", "event_id", remove=True)),
    ("lifecycle.shapes", "shape.type", put("session.created", "event_id", value=7)),
    (
        "lifecycle.shapes",
        "shape.value",
        put("session.created", "session", "audio", "input", "format", "type", value="audio/mp3"),
    ),
    ("lifecycle.shapes", "shape.unknown-event", rename("session.created", "session.begun")),
    ("lifecycle.order", "order.user-item-done-next", lose("conversation.item.done")),
    ("lifecycle.event-ids", "order.event-id-unique", server(lambda _, event: event | {"event_id": "event_1"})),
]
