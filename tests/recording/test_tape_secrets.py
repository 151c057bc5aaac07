"""Nothing on a tape is exempt from the search for secrets: no field, no length, no media."""

import base64
import json
import os

import pytest

from rtdoctor.privacy.known import keep
from rtdoctor.privacy.secret import Secret
from rtdoctor.recording.tape import shown_line, shown_text
from rtdoctor.replay.cassette import Take, TapedStep
from rtdoctor.replay.exports import har, speech

KEY = "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12"
PLAIN = "q7Wz19XcV3bN8mKp20LtR5yU6hJd4sFa"  # of a gateway: no form tells of it
NOISE = base64.b64encode(os.urandom(3 << 10)).decode()
APPEND = "input_audio_buffer.append"


@pytest.fixture(params=["known", "not known"])
def secret(request):
    """A key: one that the process knows, or one that only its form tells of."""
    if request.param == "known":
        keep([Secret(KEY, "key", "a test")])
    return KEY


@pytest.mark.parametrize("audio", ["keep", "drop", "hash"])
@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.output_text.delta", "delta": "A" * 260 + "KEY"},
        {"type": "error", "data": "A" * 260 + "KEY"},
        {"type": "conversation.item.create", "item": {"image_url": f"data:image/png;base64,{'A' * 300}KEY"}},
        {"type": "x", "audio": "KEY"},
        {"type": "x", "audio": "A" * 400 + "KEY", "note": "api_key=q8w7e6r5t4z3"},
        {"type": "response.output_audio.delta", "delta": "KEY"},
        {"type": "response.output_audio.delta", "delta": "A" * 400 + "KEY"},
        {"type": "x", "api_key": {"audio": "KEY"}},
    ],
)
def test_a_key_stands_in_no_field_of_an_event(event, audio, secret):
    text = json.dumps(event).replace("KEY", secret)
    for told in (shown_text(text, audio), shown_line({"kind": "text", "data": text})["data"]):
        assert "Ab12Cd34" not in told
        assert json.loads(told)["type"] == event["type"]


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize(
    "form",
    [
        lambda at: "A" * (260 + at) + PLAIN + "A" * (8 - at),
        lambda at: base64.b64encode(bytes(300 + at) + PLAIN.encode() + bytes(6 - at)).decode(),
        lambda at: base64.b64encode(bytes(300 + at) + PLAIN.encode().hex().encode() + bytes(2 - at)).decode(),
    ],
)
@pytest.mark.parametrize(
    "shape", [{"type": APPEND, "audio": 1}, {"type": "a.audio.delta", "delta": 1}, {"image_url": 1}]
)
def test_a_known_secret_stands_in_no_media(shape, form, before):
    keep([Secret(PLAIN, "key", "a test")])
    held, name = form(before), next(reversed(shape))
    head = "data:image/png;base64," if name == "image_url" else ""
    told = json.loads(shown_text(json.dumps({**shape, name: head + held})))[name]
    before, mark, after = told.removeprefix(head).partition("[secret ")
    assert mark
    after = after.partition("]")[2]
    assert PLAIN[8:-8] not in told
    assert len(before) > 250  # the media around it stands
    assert len(after.strip("A=")) <= 3  # the edges of base64 hold bits of both
    for piece in (PLAIN.encode(), PLAIN.encode().hex().encode()):
        assert piece[4:16] not in base64.b64decode(before[: len(before) // 4 * 4])


def test_media_is_not_changed_by_chance_and_its_search_is_cheap():
    keep([Secret(KEY, "key", "a test"), Secret(PLAIN, "key", "a test")])
    for _ in range(200):
        text = json.dumps({"type": APPEND, "audio": base64.b64encode(os.urandom(6 << 10)).decode()})
        assert shown_text(text) == text


def test_an_export_of_a_foreign_recording_holds_no_key():
    events = [{"type": "x", "audio": "ek_Ab12Cd34Ef56Gh78Ij90Kl12"}, {"type": APPEND, "audio": NOISE}]
    steps = [TapedStep(1, 0.0, "client", "text", json.dumps(event).encode()) for event in events]
    steps.append(TapedStep(2, 0.0, "client", "binary", f"hello {KEY}".encode()))
    exported = json.loads(b"".join(har([Take(1, status=101, steps=steps)])))
    first, second, third = exported["log"]["entries"][0]["_webSocketMessages"]
    assert "Ab12Cd34" not in first["data"]
    assert NOISE in second["data"]
    assert b"Ab12Cd34" not in base64.b64decode(third["data"])


def test_what_was_masked_is_no_audio():
    keep([Secret(PLAIN, "key", "a test")])
    held = base64.b64encode(bytes(300) + PLAIN.encode()).decode()
    step = TapedStep(1, 0.0, "client", "text", json.dumps({"type": APPEND, "audio": held}).encode())
    assert not list(speech([Take(1, status=101, steps=[step])]))


def test_of_a_secret_there_is_no_digest():
    keep([Secret(PLAIN, "key", "a test")])
    told = json.loads(shown_text(json.dumps({"type": APPEND, "audio": PLAIN}), "hash"))
    assert "sha256" not in told["audio"]
