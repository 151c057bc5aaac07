import copy
import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtdoctor.model.violation import Direction, Violation
from rtdoctor.protocol.catalog import schema_file
from rtdoctor.protocol.shapes import judge_client_secret, judge_shape, provenance
from tests.protocol.event_examples import SETS, STRANGE, all_types, full, mutated, smallest

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
EVERY_TYPE = pytest.mark.parametrize(("name", "kind"), all_types())


def judge(event: object, name: str = "ga-server") -> list[Violation]:
    era, _, side = name.rpartition("-")
    direction: Direction = "server" if side == "server" else "client"
    return judge_shape(event, direction, 3, era)


def errors(event: object, name: str = "ga-server") -> list[Violation]:
    return [violation for violation in judge(event, name) if violation.severity == "error"]


def only(found: list[Violation]) -> Violation:
    assert len(found) == 1, found
    return found[0]


def required_places(node: Any, definition: dict[str, Any], defs: dict[str, Any]) -> Iterator[list[str | int]]:
    """The paths of all required fields of an instance, by walking it along its schema."""
    if "allOf" in definition:
        for branch in definition["allOf"]:
            if jsonschema.Draft202012Validator(branch["if"]).is_valid(node):
                # without its tag an object may be taken for another member of the union
                tags = [[tag] for tag in branch["if"]["properties"] if tag not in definition.get("required", [])]
                yield from (p for p in required_places(node, branch["then"], defs) if p not in tags)
    elif "$ref" in definition and isinstance(node, dict):
        yield from required_places(node, defs[definition["$ref"].removeprefix("#/$defs/")], defs)
    elif isinstance(node, dict):
        yield from ([field] for field in definition.get("required", []))
        for field, inner in node.items():
            form = definition.get("properties", {}).get(field, {})
            yield from ([field, *rest] for rest in required_places(inner, form, defs))
    elif isinstance(node, list):
        for spot, inner in enumerate(node):
            yield from ([spot, *rest] for rest in required_places(inner, definition.get("items", {}), defs))


@cache
def oracle(name: str, kind: str) -> jsonschema.Draft202012Validator:
    schema = schema_file(name)
    return jsonschema.Draft202012Validator({"$ref": schema["discriminator"]["mapping"][kind], "$defs": schema["$defs"]})


def test_every_set_has_the_number_of_types_that_the_sdk_has() -> None:
    counts = {name: provenance()["events"][name]["sdk"] for name in SETS}
    assert list(counts.values()) == [46, 11, 34, 12, 7, 3]
    assert provenance()["events"]["beta-server"]["overlay"] == 3


@EVERY_TYPE
def test_the_smallest_event_of_every_type_passes(name: str, kind: str) -> None:
    assert judge(smallest(name, kind), name) == []


@EVERY_TYPE
def test_an_event_of_every_type_is_refused_without_what_it_needs_or_with_a_wrong_type(name: str, kind: str) -> None:
    event = smallest(name, kind)
    field = next((key for key in event if key != "type"), None)
    if field is None:  # some client events need nothing but their type
        event["event_id"] = 7
        assert {v.rule for v in errors(event, name)} == {"shape.type"}
    else:
        del event[field]
        assert ("shape.missing", f"/{field}") in {(v.rule, v.pointer) for v in errors(event, name)}


@EVERY_TYPE
def test_a_missing_required_field_is_found_at_every_depth_with_its_pointer(name: str, kind: str) -> None:
    rng = random.Random(7)
    schema = schema_file(name)
    start = {"$ref": schema["discriminator"]["mapping"][kind]}
    for event in (smallest(name, kind), *(full(name, kind, rng) for _ in range(6))):
        for path in required_places(event, start, schema["$defs"]):
            if path == ["type"]:
                continue
            broken = copy.deepcopy(event)
            owner: Any = broken
            for step in path[:-1]:
                owner = owner[step]
            del owner[path[-1]]
            pointer = "".join(f"/{step}" for step in path)
            assert ("shape.missing", pointer) in {(v.rule, v.pointer) for v in errors(broken, name)}


@EVERY_TYPE
def test_a_required_field_of_a_wrong_type_is_found(name: str, kind: str) -> None:
    event = smallest(name, kind)
    for field in [key for key in event if key != "type"]:
        for value in (True, None):
            schema = schema_file(name)
            form = schema["$defs"][schema["discriminator"]["mapping"][kind].split("/")[-1]]
            if form["properties"][field] == {} or (value is None and field not in form["required"]):
                continue
            found = errors(event | {field: value}, name)
            assert [(v.rule, v.pointer) for v in found] == [("shape.type", f"/{field}")]


def test_the_verdict_is_that_of_jsonschema_on_thousands_of_mutated_events() -> None:
    rng = random.Random(20261122)
    verdicts = []
    for round_ in range(30):
        for name, kind in all_types():
            event = full(name, kind, rng) if round_ % 3 else smallest(name, kind)
            event = mutated(event, rng)
            expected = oracle(name, kind).is_valid(event)
            assert (not errors(event, name)) == expected, event
            verdicts.append(expected)
    assert len(verdicts) > 3000
    assert 0.2 < sum(verdicts) / len(verdicts) < 0.8


def test_strict_pydantic_of_the_sdk_agrees_where_the_overlay_does_not_speak() -> None:
    pydantic = pytest.importorskip("pydantic")
    realtime = pytest.importorskip("openai.types.realtime")
    rng = random.Random(3540)
    sides = {"ga-server": realtime.RealtimeServerEvent, "ga-client": realtime.RealtimeClientEvent}
    for name, union in sides.items():
        adapter = pydantic.TypeAdapter(union)
        kinds = [kind for owner, kind in all_types() if owner == name]
        for round_ in range(40):
            for kind in kinds:
                event = full(name, kind, rng) if round_ % 4 else smallest(name, kind)
                event.pop("content", None)  # the overlay's, and it refers to a model of the SDK
                event = mutated(event, rng)
                by_sdk = [v for v in errors(event, name) if v.evidence.startswith("models of openai")]
                try:
                    adapter.validate_json(json.dumps(event), strict=True)
                    agrees = not by_sdk
                except pydantic.ValidationError:
                    agrees = bool(by_sdk)
                assert agrees, (event, by_sdk)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings lie beside the repository, and are not here")
def test_recorded_ga_streams_have_no_error() -> None:
    files = sorted(RECORDINGS.glob("ga-*.jsonl"))
    assert len(files) >= 8
    for file in files:
        for line in map(json.loads, file.read_text("utf-8").splitlines()):
            if line["dir"] != "close":
                assert judge_shape(line["event"], line["dir"]) == [], (file.name, line)


def test_an_undocumented_field_is_a_notice_with_the_nearest_name() -> None:
    event = smallest("ga-server", "input_audio_buffer.committed") | {"previous_item": "x"}
    found = only(judge(event))
    assert (found.severity, found.rule, found.pointer) == ("notice", "shape.undocumented", "/previous_item")
    assert found.hint == "did you mean 'previous_item_id'?"


def test_fields_that_the_server_sends_and_nobody_documents_pass() -> None:
    text = smallest("ga-server", "response.output_text.delta") | {"obfuscation": "aLxx0jTE"}
    part = smallest("ga-server", "response.content_part.added") | {"content": {"type": "text", "text": ""}}
    item = smallest("ga-server", "conversation.item.added")
    item["item"] = {"type": "message", "role": "assistant", "content": [], "phase": "final_answer"}
    done = smallest("ga-server", "response.done")
    done["response"]["usage"] = {"output_token_details": {"reasoning_tokens": 0}}
    assert [judge(event) for event in (text, part, item, done)] == [[], [], [], []]


def test_null_passes_where_the_field_is_optional_and_nowhere_else() -> None:
    event = smallest("ga-server", "response.created")
    event["response"] = {"status_details": None, "usage": None, "object": None}
    assert judge(event) == []
    assert only(judge(event | {"event_id": None})).rule == "shape.type"


def test_an_error_in_a_union_names_the_field_of_the_member_that_was_meant() -> None:
    event: dict[str, Any] = {"type": "session.update", "session": {"type": "realtime"}}
    event["session"]["tools"] = [{"type": "mcp"}]
    assert only(judge(event, "ga-client")).pointer == "/session/tools/0/server_label"
    event["session"] = {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vat"}}}}
    found = only(judge(event, "ga-client"))
    assert found.pointer == "/session/audio/input/turn_detection/type"
    assert found.hint == "did you mean 'server_vad'?"
    event = {"type": "conversation.item.create", "item": {"type": "message", "role": "usr", "content": []}}
    found = only(judge(event, "ga-client"))
    assert (found.pointer, found.hint) == ("/item/role", "did you mean 'user'?")
    event = {"type": "session.update", "session": {"instructions": "x"}}
    assert only(judge(event, "ga-client")).pointer == "/session/type"


def test_models_voices_and_error_codes_are_open() -> None:
    session = {"type": "realtime", "model": "gpt-next", "audio": {"output": {"voice": "someone"}}}
    assert judge({"type": "session.update", "session": session}, "ga-client") == []
    error = {"type": "error", "event_id": "e", "error": {"type": "new", "code": "new_code", "message": "m"}}
    assert judge(error) == []


@pytest.mark.parametrize(
    ("place", "value", "pointer"),
    [
        ({"audio": {"output": {"speed": "?"}}}, 1.6, "/session/audio/output/speed"),
        ({"truncation": {"type": "retention_ratio", "retention_ratio": "?"}}, 1.1, None),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": "?"}}}},
            4999,
            "/session/audio/input/turn_detection/idle_timeout_ms",
        ),
    ],
)
def test_bounds_of_the_overlay_hold_and_bring_their_evidence(
    place: dict[str, Any], value: float, pointer: str | None
) -> None:
    session = json.loads(json.dumps(place).replace('"?"', str(value)))
    found = only(judge({"type": "session.update", "session": session | {"type": "realtime"}}, "ga-client"))
    assert found.rule == "shape.bounds"
    assert found.pointer == (pointer or "/session/truncation/retention_ratio")
    assert found.evidence.startswith("documented: public OpenAPI document")
    assert found.seen == "2026-08-21"


def test_a_client_event_id_has_at_most_512_characters() -> None:
    event = {"type": "response.cancel", "event_id": "x" * 512}
    assert judge(event, "ga-client") == []
    assert only(judge(event | {"event_id": "x" * 513}, "ga-client")).wanted == "a length of at most 512"


def test_a_misspelt_type_gets_the_nearest_name() -> None:
    found = only(judge({"type": "input_audio_buffer.apend", "audio": ""}, "ga-client"))
    assert found.rule == "shape.unknown-type"
    assert found.hint == "did you mean 'input_audio_buffer.append'?"


def test_an_event_of_the_other_side_is_said_to_be_one() -> None:
    found = only(judge({"type": "session.update"}))
    assert (found.rule, found.message) == (
        "shape.unknown-type",
        "session.update is sent by the client, not by the server",
    )


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("response.audio.delta", "ga-server", "beta: in GA it is response.output_audio.delta"),
        ("transcription_session.update", "ga-client", "beta: in GA it is session.update"),
        ("session.output_transcript.delta", "ga-server", "translation: OpenAI Realtime translation"),
        ("response.output_audio.delta", "beta-server", "ga: OpenAI Realtime (GA)"),
        ("session.started", "ga-server", "gpt-live: OpenAI GPT-Live"),
        ("response.animation_viseme.delta", "ga-server", "azure-voice-live: Azure Voice Live"),
        ("transcription.delta", "ga-server", "vllm: vLLM realtime transcription"),
        ("ping", "ga-server", "xai: xAI Grok Voice Agent"),
    ],
)
def test_an_event_of_another_era_or_vendor_is_named(kind: str, name: str, words: str) -> None:
    found = only(judge({"type": kind}, name))
    assert (found.rule, found.hint) == ("shape.era", words)


def test_a_beta_field_in_a_ga_session_is_said_to_be_one() -> None:
    session = {"type": "realtime", "input_audio_format": "pcm16"}
    found = only(judge({"type": "session.update", "session": session}, "ga-client"))
    assert found.hint == "a beta field; in GA it is session.audio.input.format"


def test_beta_events_that_the_sdk_lacks_and_a_transcription_without_usage_pass_as_beta() -> None:
    started = {"type": "output_audio_buffer.audio_started", "event_id": "e", "response_id": "r"}
    created = {"type": "transcription_session.created", "event_id": "e", "session": {"client_secret": None}}
    done = {
        "type": "conversation.item.input_audio_transcription.completed",
        "event_id": "e",
        "item_id": "i",
        "content_index": 0,
        "transcript": "t",
    }
    assert [judge(event, "beta-server") for event in (started, created, done)] == [[], [], []]
    assert only(judge(done)).pointer == "/usage"


@pytest.mark.parametrize("event", [None, 7, "text", [], [{}], {}, {"type": 7}, {"type": None}, {"type": []}])
def test_what_is_no_event_is_said_to_be_none(event: object) -> None:
    assert only(judge(event)).rule == "shape.not-an-event"


def test_audio_is_never_shown() -> None:
    audio = "QUJD" * 5000
    events = [
        {"type": "session.update", "session": audio},
        {"type": "response.cancel", "event_id": audio},
        {"type": "response.cancel", audio: audio},
        {"type": "input_audio_buffer.append", "audio": [audio]},
        {"type": "input_audio_buffer.append", "audio": {audio: audio}},
        {"type": audio},
        {"type": "conversation.item.create", "item": {"type": audio}},
    ]
    for event in events:
        found = judge(event, "ga-client")
        assert found
        for violation in found:
            assert "QUJDQUJDQUJD" * 8 not in repr(violation)
            assert len(violation.got) <= 80


@pytest.mark.parametrize("deep", [False, True])
def test_what_the_validator_cannot_read_is_an_error_and_no_exception(deep: bool) -> None:
    event: dict[str, Any] = {"type": "response.cancel", "extra": "\ud800"}
    if deep:
        for _ in range(2000):
            event = {"type": "response.cancel", "extra": event}
    assert only(judge(event, "ga-client")).rule == "shape.not-an-event"


def test_an_era_without_schemas_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="there are no schemas for 'xai-server'"):
        judge_shape({"type": "error"}, "server", era="xai")


def test_a_client_secret_is_judged_on_both_ways() -> None:
    request = {"expires_after": {"seconds": 600}, "session": {"type": "transcription", "audio": None}}
    assert judge_client_secret(request, "request") == []
    found = only(judge_client_secret({"expires_after": {"seconds": 9}}, "request"))
    assert (found.rule, found.pointer) == ("shape.bounds", "/expires_after/seconds")
    assert only(judge_client_secret({"value": "ek", "expires_at": 1}, "response")).pointer == "/session"
    assert only(judge_client_secret([], "response")).rule == "shape.type"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(event=JSON, name=st.sampled_from(SETS))
def test_no_json_makes_the_judge_raise(event: object, name: str) -> None:
    judge(event, name)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(all_types()), st.dictionaries(st.text(), JSON, max_size=4), st.randoms(), JSON)
def test_no_event_with_arbitrary_fields_makes_the_judge_raise(
    which: tuple[str, str], extra: dict[str, Any], rng: random.Random, value: object
) -> None:
    event = full(*which, random.Random(rng.random()))
    judge(extra | event, which[0])
    judge(event | extra, which[0])
    judge({key: rng.choice([inner, value, *STRANGE]) for key, inner in event.items()}, which[0])
