"""Plants single faults into clean streams, by principle, from the events alone: the judge's tables are not used.

Each mutant differs from its clean stream in one thing, and says which principle it breaks and how bad that is: an error
where a document or every recording says otherwise, a warning where it is merely unlike all that was seen.
"""

from __future__ import annotations

import base64
import copy
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.protocol.talks import Event, Stream

Path = tuple[Any, ...]
ID = re.compile(r"^(item|resp|call)_\w+$")
FEW = 2  # of one type and field in one stream
CUT = 64  # bytes of audio: a recorder that cuts it leaves no more


@dataclass(frozen=True, slots=True)
class Mutant:
    """A stream with one fault, at a line of it."""

    stream: str
    principle: str
    severity: str
    place: int
    kind: str
    what: str
    lines: Stream


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault before its stream is made."""

    severity: str
    place: int
    what: str
    lines: Stream


# --- small hands


def kind_of(line: tuple[str, Event]) -> str:
    return str(line[1].get("type", "close"))


def leaves(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place of an event that holds no object and no array."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def at(event: Any, *path: Any) -> Any:
    for key in path:
        event = event.get(key) if isinstance(event, dict) else None
    return event


def with_value(lines: Stream, place: int, path: Path, value: Any) -> Stream:
    made = list(lines)
    side, event = made[place]
    event = copy.deepcopy(event)
    node: Any = event
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    made[place] = (side, event)
    return made


def without(lines: Stream, *places: int) -> Stream:
    return [line for place, line in enumerate(lines) if place not in places]


def put(lines: Stream, place: int, *new: tuple[str, Event]) -> Stream:
    return [*lines[:place], *new, *lines[place:]]


def again(line: tuple[str, Event], **changed: Any) -> tuple[str, Event]:
    """The event once more, as a new one."""
    event = {**copy.deepcopy(line[1]), **changed}
    if "event_id" in event:
        event["event_id"] = f"{event['event_id']}again"
    return line[0], event


class Few:
    """Lets through the first ones of a name."""

    def __init__(self) -> None:
        self._count: Counter[Any] = Counter()

    def __call__(self, *name: Any) -> bool:
        self._count[name] += 1
        return self._count[name] <= FEW


def places(lines: Stream, *kinds: str, side: str = "server") -> list[int]:
    return [n for n, line in enumerate(lines) if line[0] == side and kind_of(line) in kinds]


def uncut(lines: Stream) -> bool:
    """Whether audio is there as it was sent."""
    return any(
        len(value) > CUT * 2
        for _, event in lines
        for key in ("audio", "delta")
        if isinstance(value := event.get(key), str) and "audio" in kind_of(("", event))
    )


def active(lines: Stream) -> list[str]:
    """For each line the responses of the conversation that are in progress before it, joined."""
    told, going = [], []
    for side, event in lines:
        told.append(" ".join(going))
        response = event.get("response") or {}
        if side == "server" and event["type"] == "response.created" and response.get("conversation_id"):
            going.append(response["id"])
        if side == "server" and event["type"] == "response.done" and response.get("id") in going:
            going.remove(response["id"])
    return told


# --- reference


def reference(lines: Stream) -> Iterator[Fault]:
    lived: dict[str, set[int]] = defaultdict(set)
    found = []
    for place, (_, event) in enumerate(lines):
        for path, value in leaves(event):
            if isinstance(value, str) and ID.match(value) and path[-1] != "event_id":
                lived[value].add(place)
                found.append((place, path, value))
    few, fewer = Few(), Few()
    for place, path, value in found:
        side, event = lines[place]
        kind = event["type"]
        if len(lived[value]) < 2 or side == "close" or path[0] == "session":
            continue
        severity = "error"
        if kind == "conversation.item.done" and path[0] == "previous_item_id":
            severity = "warning"
        if kind in ("response.cancel", "output_audio_buffer.cleared"):
            severity = "warning"
        prefix = value.partition("_")[0]
        if kind == "conversation.item.create" and path == ("item", "id"):
            severity = "warning"  # the client's own name is free; the server then answers with another
        if few(side, kind, path[-1]):
            what = f"{'/'.join(map(str, path))} is {prefix}_Qz9nobody"
            yield Fault(severity, place, what, with_value(lines, place, path, f"{prefix}_Qz9nobody"))
        others = [
            other
            for other in lived
            if other.startswith(prefix + "_") and other != value and min(lived[other]) < min(place, min(lived[value]))
        ]
        if others and side == "server" and path in (("item_id",), ("response_id",)) and kind.startswith(
            ("response.", "conversation.item.input", "input_audio_buffer.")
        ) and fewer(kind, path[-1]):  # fmt: skip
            yield Fault("error", place, f"{path[-1]} is {others[-1]}", with_value(lines, place, path, others[-1]))
    ours = any(side == "client" and event.get("event_id") for side, event in lines)
    for place in places(lines, "error"):
        if any(side == "client" for side, _ in lines):
            yield Fault(
                "error" if ours else "warning",
                place,
                "error/event_id of no event",
                with_value(lines, place, ("error", "event_id"), "event_Qz9nobody"),
            )


# --- accumulation

WORDS = ("text", "transcript", "arguments")


def accumulation(lines: Stream) -> Iterator[Fault]:
    runs: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    few = Few()
    for place, (side, event) in enumerate(lines):
        kind = event.get("type", "")
        if side == "server" and kind.endswith(".delta") and "audio.delta" not in kind:
            runs[kind, event.get("item_id"), event.get("content_index")].append(place)
    for (kind, *_), run in runs.items():
        if kind.startswith("session."):
            continue  # a translation has no done event to compare with
        severity = "warning" if "arguments" in kind or "transcription" in kind else "error"
        for spot in {0, len(run) // 2, len(run) - 1}:
            place = run[spot]
            delta = lines[place][1]["delta"]
            if not delta.strip():
                continue
            if len(run) > 1:
                yield Fault(severity, place, "a delta is missing", without(lines, place))
            yield Fault(severity, place, "a delta comes twice", put(lines, place + 1, again(lines[place])))
            yield Fault(severity, place, "a delta is altered", with_value(lines, place, ("delta",), delta + "q"))
            if spot and lines[run[spot - 1]][1]["delta"].strip() != delta.strip():
                swapped = with_value(lines, place, ("delta",), lines[run[spot - 1]][1]["delta"])
                swapped = with_value(swapped, run[spot - 1], ("delta",), delta)
                yield Fault(severity, place, "two deltas are swapped", swapped)
    made: set[str] = set()  # items whose words the deltas said
    for place, (side, event) in enumerate(lines):
        kind = event.get("type", "")
        if kind.startswith("response.") and kind.endswith(".delta"):
            made.add(event.get("item_id", ""))
        if side != "server" or kind.endswith((".delta", ".segment")):
            continue
        for path, value in leaves(event):
            if path[-1] not in WORDS or not isinstance(value, str) or not value.strip():
                continue
            if path[0] in ("session", "error") or not few(kind, path[-1]):
                continue
            weak = "transcription" in kind or "arguments.done" in kind
            of_user = kind.startswith("conversation.item.") and at(event, "item", "id") not in made
            if (of_user and kind == "conversation.item.created") or ("id" in (event.get("item") or {}) and False):
                weak = True
            severity = "warning" if weak or of_user else "error"
            yield Fault(severity, place, f"{path[-1]} is altered", with_value(lines, place, path, value + "q"))
    for place in places(lines, "response.done"):
        output = lines[place][1]["response"].get("output") or []
        for spot in range(len(output)):
            rest = output[:spot] + output[spot + 1 :]
            yield Fault("error", place, "an output is missing", with_value(lines, place, ("response", "output"), rest))
        if output:
            twice = [*output, output[-1]]
            yield Fault(
                "error", place, "an output is listed twice", with_value(lines, place, ("response", "output"), twice)
            )
    yield from _audio(lines)


def _audio(lines: Stream) -> Iterator[Fault]:
    few, whole = Few(), uncut(lines)
    for place, (_, event) in enumerate(lines):
        kind = event.get("type", "")
        field = "audio" if kind.endswith("buffer.append") else "delta" if kind.endswith("audio.delta") else ""
        if not field or not few(kind):
            continue
        value = event[field]
        yield Fault("error", place, "audio is no base64", with_value(lines, place, (field,), "!" + value[1:]))
        yield Fault("error", place, "audio is cut base64", with_value(lines, place, (field,), value[:-1]))
        if whole:
            odd = base64.b64encode(base64.b64decode(value)[:-1]).decode()
            yield Fault("warning", place, "audio is half a sample short", with_value(lines, place, (field,), odd))


# --- constancy

ROLES = {"user": "assistant", "assistant": "user", "system": "user"}
OTHERS: dict[Path, tuple[Any, ...]] = {
    ("audio", "input", "transcription"): (None, {"model": "other-model"}),
    ("audio", "input", "turn_detection"): (None, {"type": "server_vad"}),
    ("audio", "input", "format"): ({"type": "audio/pcmu"},),
    ("audio", "output", "format"): ({"type": "audio/pcma"},),
    ("audio", "output", "language"): ("fr",),
    ("output_modalities",): (["audio"], ["text"]),
    ("instructions",): ("You are a pirate.",),
    ("tools",): ([],),
    ("input_audio_transcription",): (None,),
}


def constancy(lines: Stream) -> Iterator[Fault]:
    first = True
    asked: Event | None = None
    for place, (side, event) in enumerate(lines):
        kind = event.get("type", "")
        session = event.get("session")
        if side == "client" and isinstance(session, dict):
            asked = session
        if side == "server" and isinstance(session, dict):
            if not first:
                yield from _session(lines, place, session, asked)
            first, asked = False, None
    yield from _items(lines)
    yield from _responses(lines)
    few = Few()
    for place, (side, event) in enumerate(lines):
        kind = event.get("type", "")
        if side != "server":
            continue
        for key in ("output_index", "content_index"):
            if isinstance(event.get(key), int) and few(kind, key):
                yield Fault("error", place, f"{key} is 5 more", with_value(lines, place, (key,), event[key] + 5))
        if kind == "response.content_part.done":
            other = {"type": "text", "text": "x"} if event["part"]["type"] == "audio" else {"type": "audio"}
            yield Fault("error", place, "the part is of another type", with_value(lines, place, ("part",), other))
        if kind == "conversation.item.truncated":
            yield Fault("warning", place, "not what was asked", with_value(lines, place, ("audio_end_ms",), 77))


def _session(lines: Stream, place: int, session: Event, asked: Event | None) -> Iterator[Fault]:
    if "id" in session:
        yield Fault("error", place, "session/id", with_value(lines, place, ("session", "id"), "sess_Qz9other"))
    if "expires_at" in session:
        later = session["expires_at"] + 1
        yield Fault("error", place, "session/expires_at", with_value(lines, place, ("session", "expires_at"), later))
    if session.get("type") in ("realtime", "transcription"):
        other = {"realtime": "transcription", "transcription": "realtime"}[session["type"]]
        yield Fault("error", place, "session/type", with_value(lines, place, ("session", "type"), other))
    if "model" in session:
        yield Fault("warning", place, "session/model", with_value(lines, place, ("session", "model"), "gpt-other"))
    for path, values in OTHERS.items():
        wish, shown = at(asked, *path), at(session, *path)
        for value in values:
            if (wish or (isinstance(asked, dict) and _told(asked, path))) and wish != "" and value != shown:
                same = isinstance(value, dict) and isinstance(wish, dict) and wish | value == wish
                if not same:
                    yield Fault(
                        "warning",
                        place,
                        f"{path[-1]} is not as asked",
                        with_value(lines, place, ("session", *path), value),
                    )


def _told(node: Any, path: Path) -> bool:
    for key in path:
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def _items(lines: Stream) -> Iterator[Fault]:
    seen: dict[str, int] = Counter()
    few = Few()
    for place, (side, event) in enumerate(lines):
        described = [((key,), event[key]) for key in ("item",) if isinstance(event.get(key), dict)]
        for spot, output in enumerate(at(event, "response", "output") or []):
            described.append((("response", "output", spot), output))
        for path, item in described:
            if side != "server":
                continue
            seen[item.get("id", "")] += 1
            if seen[item.get("id", "")] < 2:
                continue
            kind = event["type"]
            if "role" in item and few(kind, "role"):
                role = ROLES[item["role"]]
                yield Fault("error", place, "role of the item", with_value(lines, place, (*path, "role"), role))
            if "name" in item and few(kind, "name"):
                yield Fault("error", place, "name of the call", with_value(lines, place, (*path, "name"), "other"))
            if item.get("call_id") and few(kind, "call_id"):
                made = with_value(lines, place, (*path, "call_id"), "call_Qz9other")
                yield Fault("error", place, "call_id of the item", made)
            if kind.endswith(".done") and item.get("status") == "completed" and few(kind, "status"):
                made = with_value(lines, place, (*path, "status"), "in_progress")
                yield Fault("warning", place, "a done item is in progress", made)
        if "arguments.done" in event.get("type", "") and "name" in event:
            yield Fault("error", place, "name of the call", with_value(lines, place, ("name",), "other"))


def _responses(lines: Stream) -> Iterator[Fault]:
    for place in places(lines, "response.done"):
        response = lines[place][1]["response"]
        if response.get("conversation_id"):
            made = with_value(lines, place, ("response", "conversation_id"), "conv_Qz9other")
            yield Fault("error", place, "conversation_id", made)
        for key, other in (
            ("output_modalities", ["text", "audio"]),
            ("max_output_tokens", 7),
            ("metadata", {"a": "b"}),
        ):
            if key in response:
                made = with_value(lines, place, ("response", key), other)
                yield Fault("warning", place, f"{key} of the response", made)
        if at(response, "audio", "output", "format"):
            made = with_value(lines, place, ("response", "audio", "output", "format"), {"type": "audio/pcmu"})
            yield Fault("warning", place, "format of the response", made)
    metadata = [n for n in places(lines, "response.create", side="client") if at(lines[n][1], "response", "metadata")]
    for place in metadata:
        after = next((n for n in places(lines, "response.created") if n > place), None)
        if after is not None:
            wanted = at(lines[after][1], "response", "id")
            made = list(lines)
            for n, (side, event) in enumerate(lines):
                if side == "server" and at(event, "response", "id") == wanted:
                    made = with_value(made, n, ("response", "metadata"), None)
            yield Fault("warning", after, "metadata is not echoed", made)


# --- presence

OPTIONAL = {
    "rate_limits.updated", "conversation.created", "input_audio_buffer.dtmf_event_received", "error",
    "output_audio_buffer.started", "output_audio_buffer.stopped", "output_audio_buffer.cleared", "close",
    "input_audio_buffer.timeout_triggered", "conversation.item.input_audio_transcription.segment",
    "mcp_list_tools.in_progress", "response.mcp_call.in_progress", "session.created",
    "transcription_session.created",
}  # fmt: skip
ENDED = ("conversation.item.input_audio_transcription.completed", "conversation.item.input_audio_transcription.failed")


def presence(lines: Stream) -> Iterator[Fault]:
    last = max((n for n, line in enumerate(lines) if line[0] == "server"), default=-1)
    closes = any(side == "close" for side, _ in lines)
    for place, line in enumerate(lines):
        kind = kind_of(line)
        if line[0] != "server" or kind in OPTIONAL or kind.endswith(".delta"):
            continue
        later = lines[place + 1 :]
        severity = "error"
        if kind.startswith(("mcp_list_tools.", "response.mcp_call.")) or kind == "session.closed":
            severity = "warning"
        if kind in ENDED and not any(kind_of(other) in ENDED for other in later):
            severity = "warning"
        if place == last:
            if not closes:
                continue  # nobody can tell it from a recording that ends here
            severity = "warning"
        yield Fault(severity, place, "is missing", without(lines, place))
    heard = [n for n, line in enumerate(lines) if "input_audio_transcription" in kind_of(line)]
    if heard and last > heard[-1]:
        yield Fault("warning", heard[0], "no transcript at all", without(lines, *heard))


# --- exclusion

FREE_AGAIN = {"error", "rate_limits.updated", "input_audio_buffer.dtmf_event_received", "close"}
MILD_AGAIN = {
    "output_audio_buffer.started", "output_audio_buffer.stopped", "output_audio_buffer.cleared",
    "input_audio_buffer.cleared", "conversation.item.deleted", "conversation.item.retrieved",
    "conversation.item.truncated", "conversation.created", "mcp_list_tools.in_progress", "mcp_list_tools.completed",
    "mcp_list_tools.failed", "response.mcp_call.in_progress", "response.mcp_call.completed",
    "response.mcp_call.failed", "input_audio_buffer.timeout_triggered", "session.closed",
    "conversation.item.input_audio_transcription.segment",
}  # fmt: skip


def exclusion(lines: Stream) -> Iterator[Fault]:
    few = Few()
    for place, line in enumerate(lines):
        kind = kind_of(line)
        if line[0] != "server":
            continue
        if "event_id" in line[1] and few(kind, "same"):
            yield Fault("error", place, "the very same event comes again", put(lines, place + 1, line))
        if kind.endswith(".delta") or kind in FREE_AGAIN or not few(kind, "again"):
            continue
        if kind == "session.updated" and not any(kind_of(other) == "session.created" for other in lines):
            continue  # another client of the call may have asked for it
        severity = "warning" if kind in MILD_AGAIN else "error"
        yield Fault(severity, place, "comes twice", put(lines, place + 1, again(line)))
    yield from _late(lines)
    yield from _closed(lines)
    yield from _asked(lines)


def _late(lines: Stream) -> Iterator[Fault]:
    """What comes after its end."""
    few = Few()
    for place, (side, event) in enumerate(lines):
        kind = event.get("type", "")
        if side != "server":
            continue
        if kind.endswith((".delta", ".segment")) and event.get("item_id"):
            ends = (kind.rsplit(".", 1)[0] + ".done", *(ENDED if "transcription" in kind else ()))
            for after in range(place + 1, len(lines)):
                other = lines[after][1]
                if other.get("type") in ends and other.get("item_id") == event["item_id"]:
                    if few(kind, "late"):
                        yield Fault("error", after, "comes after its end", put(lines, after + 1, again(lines[place])))
                    break
        if kind.startswith("response.") and "response_id" in event and few(kind, "outside"):
            for after in range(place + 1, len(lines)):
                other = lines[after][1]
                if other.get("type") == "response.done" and at(other, "response", "id") == event["response_id"]:
                    made = put(lines, after + 1, again(lines[place]))
                    yield Fault("error", after, f"{kind} comes after response.done", made)
                    break
    going = active(lines)
    for place in places(lines, "response.created"):
        if at(lines[place][1], "response", "conversation_id") and place + 1 < len(lines):
            made = again(lines[place])
            made[1]["response"]["id"] = "resp_Qz9second"
            yield Fault("error", place, "a second response begins", put(lines, place + 1, made))
    for place in places(lines, "response.output_item.done"):
        if going[place] and any(side == "client" for side, _ in lines):
            made = put(lines, place, ("client", {"type": "response.create"}))
            yield Fault("warning", place, "response.create while one is active", made)


def _closed(lines: Stream) -> Iterator[Fault]:
    servers = [line for line in lines if line[0] == "server"]
    for place, (side, _) in enumerate(lines):
        if side == "close":
            for line in {kind_of(line): line for line in servers}.values():
                yield Fault("warning", place, f"{kind_of(line)} after the close", put(lines, place + 1, again(line)))
            clients = [line for line in lines if line[0] == "client"]
            for line in {kind_of(line): line for line in clients}.values():
                yield Fault("error", place, f"{kind_of(line)} after the close", put(lines, place + 1, line))


def _asked(lines: Stream) -> Iterator[Fault]:
    """What a client asks for that is not there."""
    if not any(side == "client" for side, _ in lines) or kind_of(lines[0]) != "session.created":
        return
    if at(lines[0][1], "session", "type") in ("transcription", "translation"):
        return
    end = next((n for n, line in enumerate(lines) if line[0] == "close"), len(lines))
    spots = [n for n in places(lines, "response.done", "conversation.item.done") if n < end]
    going = active(lines)
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}
    output = {"type": "function_call_output", "call_id": "call_Qz9nobody", "output": "x"}
    unknown: tuple[Event, ...] = (
        {"type": "conversation.item.delete", "item_id": "item_Qz9nobody"},
        {"type": "conversation.item.retrieve", "item_id": "item_Qz9nobody"},
        {"type": "conversation.item.truncate", "item_id": "item_Qz9nobody", "content_index": 0, "audio_end_ms": 5},
        {"type": "conversation.item.create", "previous_item_id": "item_Qz9nobody", "item": item},
        {"type": "conversation.item.create", "item": output},
    )
    for spot in spots[-2:]:
        for event in unknown:
            yield Fault("error", spot, f"{event['type']} of the unknown", put(lines, spot + 1, ("client", event)))
    for spot in places(lines, "response.done")[-2:]:
        if spot + 1 >= len(lines) or not going[spot + 1]:
            made = put(lines, spot + 1, ("client", {"type": "response.cancel"}))
            yield Fault("warning", spot, "response.cancel of nothing", made)
    for spot in places(lines, "conversation.item.deleted"):
        event = {"type": "conversation.item.delete", "item_id": lines[spot][1]["item_id"]}
        yield Fault("error", spot, "an item is deleted again", put(lines, spot + 1, ("client", event)))
    audible = places(lines, "response.output_audio.done", "response.audio.done") if uncut(lines) else []
    for spot in audible:
        event = {"type": "conversation.item.truncate", "item_id": lines[spot][1]["item_id"]}
        event |= {"content_index": 0, "audio_end_ms": 600_000}
        yield Fault("error", spot, "truncates more than was sent", put(lines, end, ("client", event)))


# --- sums


def sums(lines: Stream) -> Iterator[Fault]:
    starts: list[int] = []
    elapsed: dict[str, int] = {}
    for place, (side, event) in enumerate(lines):
        kind = event.get("type", "")
        if side != "server":
            continue
        for prefix in (("response", "usage"), ("usage",)):
            usage = at(event, *prefix)
            if isinstance(usage, dict):
                yield from _usage(lines, place, prefix, usage)
        for key in ("audio_start_ms", "audio_end_ms"):
            if key in event:
                epoch = with_value(lines, place, (key,), 1_789_728_574_000)
                mild = "warning" if kind == "conversation.item.truncated" else "error"
                yield Fault(mild, place, f"{key} is an epoch", epoch)
                yield Fault("error", place, f"{key} is negative", with_value(lines, place, (key,), -5))
        if kind.endswith("speech_started"):
            if starts and starts[-1] > 0:
                back = with_value(lines, place, ("audio_start_ms",), starts[-1] - 1)
                yield Fault("error", place, "starts before the last turn", back)
            starts.append(event["audio_start_ms"])
        if kind.endswith("speech_stopped") and starts:
            yield Fault("error", place, "ends at its start", with_value(lines, place, ("audio_end_ms",), starts[-1]))
        if kind.endswith("timeout_triggered"):
            made = with_value(lines, place, ("audio_start_ms",), event["audio_end_ms"] + 1)
            yield Fault("warning", place, "ends before its start", made)
        if kind.endswith(".segment"):
            made = with_value(lines, place, ("end",), event["start"] - 0.5)
            yield Fault("warning", place, "ends before its start", made)
        if isinstance(event.get("elapsed_ms"), int):
            if elapsed.get(kind):
                made = with_value(lines, place, ("elapsed_ms",), elapsed[kind] - 1)
                yield Fault("warning", place, "time runs backwards", made)
            elapsed[kind] = event["elapsed_ms"]
        if kind == "rate_limits.updated":
            limit = event["rate_limits"][0]["limit"]
            made = with_value(lines, place, ("rate_limits", 0, "remaining"), limit + 1)
            yield Fault("error", place, "more remains than the limit", made)


def _usage(lines: Stream, place: int, prefix: Path, usage: Event) -> Iterator[Fault]:
    for path, value in leaves(usage):
        if path[-1] == "seconds":
            yield Fault("warning", place, "usage/seconds", with_value(lines, place, (*prefix, *path), -1))
        if not isinstance(value, int) or "cached" in str(path) or path[-1] == "seconds":
            continue
        severity = "error" if prefix[0] == "response" or len(path) == 1 else "warning"
        made = with_value(lines, place, (*prefix, *path), value + 1)
        yield Fault(severity, place, f"usage/{'/'.join(path)} is 1 more", made)
    cached = ("input_token_details", "cached_tokens")
    if isinstance(at(usage, *cached), int):
        made = with_value(lines, place, (*prefix, *cached), usage["input_tokens"] + 1)
        yield Fault("error", place, "more is cached than came in", made)


# --- the first line

FLAT = {"modalities": ["text"], "input_audio_format": "pcm16", "turn_detection": None}


def first_line(lines: Stream) -> Iterator[Fault]:
    created = lines[0][1]
    kind = at(created, "session", "type")
    if created.get("type") != "session.created" or kind not in ("realtime", "transcription"):
        return
    beta = ("client", {"type": "session.update", "session": FLAT})
    yield Fault("error", 0, "a session.update of the beta is line 1", put(lines, 0, beta))
    update = next((n for n, line in enumerate(lines) if kind_of(line) == "session.update"), None)
    if update is not None:
        first = put(without(lines, update), 0, beta)
        yield Fault("error", 0, "the session.update is the beta's, and is line 1", first)
    yield Fault("error", 0, "line 1 has no event_id", with_value(lines, 0, ("event_id",), None))


PRINCIPLES: dict[str, Callable[[Stream], Iterator[Fault]]] = {
    principle.__name__: principle
    for principle in (reference, accumulation, constancy, presence, exclusion, sums, first_line)
}


def mutants(name: str, lines: Stream) -> Iterator[Mutant]:
    """Every mutant of a clean stream."""
    for principle, plant in PRINCIPLES.items():
        for fault in plant(lines):
            kind = kind_of(lines[fault.place])
            yield Mutant(name, principle, fault.severity, fault.place, kind, fault.what, fault.lines)
