import json
from pathlib import Path
from typing import Any

import pytest

from rtdoctor.protocol.catalog import ERAS, dialects, event_types
from rtdoctor.protocol.era import EraWatch, judged_as, recognise, title

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"


def dialect_of(*events: dict[str, Any] | str, direction: str = "server") -> str:
    watch = EraWatch()
    for event in events:
        watch.see(
            {"type": event} if isinstance(event, str) else event,
            "server" if direction == "server" else "client",
        )
    return watch.dialect


@pytest.mark.parametrize(
    ("kind", "owners"),
    [
        ("session.updated", ["ga", "beta", "translation"]),
        ("response.output_text.delta", ["ga"]),
        ("response.text.delta", ["beta"]),
        ("transcription_session.created", ["beta"]),
        ("session.output_transcript.delta", ["translation"]),
        ("session.started", ["gpt-live"]),
        ("session.avatar.connecting", ["azure-voice-live"]),
        ("transcription.done", ["vllm"]),
        ("ping", ["xai"]),
        ("nonsense", []),
    ],
)
def test_a_name_is_recognised_with_all_its_owners(kind: str, owners: list[str]) -> None:
    assert recognise(kind, "server") == owners


def test_a_client_name_is_recognised_only_as_one() -> None:
    assert recognise("transcription_session.update", "client") == ["beta"]
    assert recognise("transcription_session.update", "server") == []


def test_no_name_of_another_vendor_is_one_of_openais() -> None:
    for name, table in dialects().items():
        if name not in ERAS:
            for side in ("server", "client"):
                known = {kind for era in ERAS for kind in event_types(era, side)}
                assert not known & set(table.get(side, ()))


def test_every_table_brings_its_evidence_and_can_be_judged() -> None:
    for name, table in dialects().items():
        assert table["evidence"]
        assert table["seen"]
        assert table["confidence"] in ("observed", "documented", "inferred")
        assert title(name)
        assert judged_as(name) in ERAS


def test_a_stream_is_of_the_era_that_its_names_tell() -> None:
    assert dialect_of("session.created", "response.output_text.delta") == "ga"
    assert dialect_of("session.created", "response.audio.delta", "response.done") == "beta"
    assert dialect_of("session.created", "session.output_audio.delta") == "translation"


def test_a_stream_of_which_nothing_tells_is_taken_for_ga() -> None:
    assert dialect_of() == "ga"
    assert dialect_of("error", "session.created") == "ga"


def test_the_fields_of_a_session_tell_the_era_before_any_name_does() -> None:
    assert dialect_of({"type": "session.created", "session": {"modalities": ["text"]}}) == "beta"
    assert dialect_of({"type": "session.created", "session": {"type": "translation"}}) == "translation"
    assert dialect_of({"type": "session.update", "session": {"type": "realtime"}}, direction="client") == "ga"


def test_one_name_of_another_vendor_outweighs_many_of_openai() -> None:
    beta = ["response.audio.delta"] * 50
    assert dialect_of("session.created", *beta, "response.audio_timestamp.delta") == "azure-voice-live"
    assert dialect_of("session.output_audio.delta", "session.started", "session.closed") == "gpt-live"
    assert dialect_of("session.created", "transcription.delta") == "vllm"
    assert dialect_of({"type": "session.created", "id": "sess-1", "created": 1}) == "vllm"


def test_conversation_created_tells_xai_only_as_the_first_event() -> None:
    assert dialect_of("conversation.created", "session.updated") == "xai"
    assert dialect_of("session.created", "conversation.created") == "ga"


@pytest.mark.parametrize(
    "event", [None, 7, [], {}, {"type": 7}, {"type": []}, {"type": "session.created", "session": 1}]
)
def test_what_is_no_event_tells_nothing(event: object) -> None:
    watch = EraWatch()
    watch.see(event, "server")
    assert watch.dialect == "ga"


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings lie beside the repository, and are not here")
def test_recorded_ga_streams_are_ga() -> None:
    for file in sorted(RECORDINGS.glob("ga-*.jsonl")):
        watch = EraWatch()
        for line in map(json.loads, file.read_text("utf-8").splitlines()):
            if line["dir"] != "close":
                watch.see(line["event"], line["dir"])
        assert watch.dialect == "ga", file.name
