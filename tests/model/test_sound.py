"""Audio is counted in the format that the session was told."""

import json

import pytest

from rtdoctor.diagnose.distil import distil
from rtdoctor.model.exchange import Answer, Exchange, Frame, Request
from rtdoctor.model.sound import audio_bytes_in, bytes_per_ms
from rtdoctor.wire.session import Ledger

APPEND = {"type": "input_audio_buffer.append", "audio": "A" * 12_800}  # 9600 bytes


def update(given):
    return {"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"format": given}}}}


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (update({"type": "audio/pcm", "rate": 24000}), 48),
        (update({"type": "audio/pcm", "rate": 16000}), 32),
        (update({"type": "audio/pcmu"}), 8),
        (update({"type": "audio/pcma"}), 8),
        (update("pcm16"), 48),
        ({"type": "session.update", "session": {"input_audio_format": "g711_ulaw"}}, 8),
        ({"type": "session.update", "session": {"type": "realtime"}}, None),
        (update({"rate": "x"}), None),
        (update(None), None),
        ({"session": 1}, None),
        (APPEND, None),
    ],
)
def test_the_format_that_an_event_names(event, wanted):
    assert bytes_per_ms(event) == wanted


def test_the_audio_of_an_append_and_of_an_items_parts():
    part = {"type": "input_audio", "audio": "A" * 400}
    item = {"type": "conversation.item.create", "item": {"content": [part, {"type": "input_text"}, 1, part]}}
    assert (audio_bytes_in(APPEND), audio_bytes_in(item)) == (9600, 600)
    assert [audio_bytes_in(event) for event in ({}, {"item": 1}, {"item": {"content": 1}}, {"type": "x"})] == [0] * 4


@pytest.mark.parametrize(("before", "ms"), [([], 200), ([update({"type": "audio/pcmu"})], 1200)])
def test_the_milliseconds_of_an_outcome_and_of_what_was_spent(before, ms):
    texts = [json.dumps(event) for event in (*before, APPEND)]
    frames = tuple(Frame(0.0, "client", "text", text, len(text)) for text in texts)
    assert distil(Exchange(Request("", ""), Answer(101, "", (), b"", 1.0), frames=frames)).audio_ms == ms
    ledger = Ledger(billable=True)
    ledger.book_event(texts[-1], per_ms=8 if before else 48)
    assert ledger.total().audio_ms == ms
