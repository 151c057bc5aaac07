"""What a page is given: redacted once more, bounded, JSON for every browser, and the audio as it was."""

import base64
import json

import pytest

from rtdoctor.privacy.known import keep
from rtdoctor.privacy.secret import Secret
from rtdoctor.web.gate import MOST, MOST_AUDIO, shown
from tests.conftest import KEY
from tests.web.sessions import conversation, text


def through(*lines):
    return json.loads(shown(lines))


def test_a_conversation_passes_unchanged():
    lines = list(conversation(300))
    for given, got in zip(lines, through(*lines), strict=True):
        data, held = given.get("data"), got.get("data")
        assert {**given, "data": data and json.loads(data)} == {**got, "data": held and json.loads(held)}


@pytest.mark.parametrize("place", ["delta", "deeper", "url", "header", "reason", "no json", "audio"])
def test_a_known_secret_does_not_pass_wherever_it_stands(place):
    keep([Secret(KEY, "key", "the test")])
    line = {
        "delta": text(1.0, "server", {"type": "response.output_text.delta", "delta": f"it is {KEY}, I said"}),
        "deeper": text(1.0, "client", {"type": "session.update", "session": {"tools": [{"name": "x", "a": [KEY]}]}}),
        "url": {"t": 0.0, "connection": 1, "kind": "request", "url": f"wss://host/v1?key={KEY}"},
        "header": {"t": 0.0, "connection": 1, "kind": "request", "headers": [["X-Odd", KEY]]},
        "reason": {"t": 0.0, "connection": 1, "kind": "close", "code": 4000, "reason": KEY},
        "no json": {"t": 0.0, "connection": 1, "kind": "text", "from": "server", "data": f"key {KEY}"},
        "audio": text(1.0, "client", {"type": "input_audio_buffer.append", "audio": KEY}),
    }[place]
    for around in ([], list(conversation(50))):  # alone, and among others that are looked at with it
        told = shown([*around, line, *around])
        assert KEY not in told
        assert KEY[8:] not in told
        assert "[secret" in told
        assert len(json.loads(told)) == 1 + 2 * len(around)


def test_a_secret_that_only_its_name_tells_does_not_pass():
    (got,) = through(
        {
            "t": 0.0,
            "connection": 1,
            "kind": "request",
            "url": "wss://h/v1",
            "headers": [["Authorization", "Bearer abcdef123456789xyz"]],
        }
    )
    assert "abcdef123456789xyz" not in json.dumps(got)
    (got,) = through(text(0.0, "server", {"type": "x.y", "client_secret": {"value": "ek_6890abcdef1234567890abcdef"}}))
    assert "ek_6890" not in got["data"]


def test_audio_that_happens_to_look_like_anything_passes_as_it_is():
    audio = base64.b64encode(bytes(range(256)) * 40).decode()
    (got,) = through(text(0.0, "server", {"type": "response.output_audio.delta", "delta": audio, "response_id": "r"}))
    assert json.loads(got["data"])["delta"] == audio


def test_what_only_claims_to_be_audio_is_looked_at():
    keep([Secret(KEY, "key", "the test")])
    hidden = base64.b64encode(f"my key is {KEY}".encode()).decode()
    (got,) = through(text(0.0, "server", {"type": "response.output_audio.delta", "delta": hidden}))
    assert hidden not in got["data"]


def test_a_huge_text_is_cut_and_says_so():
    (got,) = through(text(0.0, "server", {"type": "x.delta", "text": "word " * 100_000}))
    assert len(got["data"]) == MOST
    assert got["cut"] > 500_000


def test_audio_without_end_is_told_by_its_size():
    (got,) = through(
        text(0.0, "client", {"type": "input_audio_buffer.append", "audio": "AAAA" * (MOST_AUDIO // 4 + 1)})
    )
    assert json.loads(got["data"])["audio"] == {"audio_bytes": (MOST_AUDIO + 4) * 3 // 4}


def test_a_huge_binary_frame_is_told_by_its_size():
    (got,) = through({"t": 0.0, "connection": 1, "kind": "binary", "from": "server", "base64": "AAAA" * MOST})
    assert (got["base64"], got["bytes"]) == ("", 3 * MOST)


@pytest.mark.parametrize(
    "line",
    [
        {"t": float("nan"), "kind": "text", "data": "{}"},
        {"kind": "text", "data": "[" * 5000},
        {"kind": "text", "data": '{"type": "\\ud800", "a": ' + "[" * 400 + "]" * 400 + "}"},
        {"kind": "text", "data": "\ud800 half"},
        {"kind": 7, "from": {}, "connection": [[]], "data": {"no": "text"}},
        {"kind": "answer", "headers": [["a", "b" * 50]] * 20_000, "body": "x" * 400_000},
        {},
    ],
)
def test_a_line_of_any_form_becomes_json(line):
    (got,) = through(line)
    assert len(json.dumps(got)) < 2 * MOST
