"""Messages by side, type and time; and that no judge takes time that grows with the square of a tape."""

import json
import random

import pytest

from rtdoctor.grade.heard import Heard, Messages
from rtdoctor.grade.result import certificate
from rtdoctor.grade.run import read_run
from tests.doubling import assert_linear


def said(*lines):
    messages = Messages()
    for t, sender, kind, *more in lines:
        messages.add(Heard(t, sender, kind, more[0] if more else {}, len(more) and more[0].get("audio", 0)))
    return messages


TALK = said(
    (1.0, "server", "session.created"),
    (2.0, "client", "response.create", {"event_id": "a"}),
    (3.0, "server", "session.updated"),
    (3.0, "server", "error"),
    (4.0, "client", "response.create", {"event_id": "a"}),
)


def test_what_comes_first_after_a_time_and_last_before_it():
    assert TALK.first("server", after=1.0).type == "session.updated"
    assert TALK.first("server", since=1.0).type == "session.created"
    assert TALK.first("client", "response.create", after=4.0) is None
    assert TALK.last("server", "session.created", "session.updated", until=3.0).type == "session.updated"
    assert TALK.last("server", "session.created", "session.updated", until=2.9).type == "session.created"
    assert TALK.last("client", until=1.9) is None
    assert TALK.with_id("a", 3.0).t == 2.0
    assert TALK.with_id("a", 5.0).t == 4.0
    assert TALK.with_id(["a"], 5.0) is None
    assert [one.t for one in TALK.of("server", "error", "session.created")] == [1.0, 3.0]


def test_time_does_not_go_back():
    back = said((5.0, "server", "a"), (1.0, "server", "b"))
    assert back.first("server", "b", since=5.0).t == 5.0


def test_the_sound_of_an_item_is_summed_up_to_a_time():
    deltas = said(*((t, "server", "response.output_audio.delta", {"item_id": "i", "audio": 10}) for t in (1, 2, 3)))
    first, size = deltas.sound_of("i", 2)
    assert (first.t, size) == (1, 20)
    assert deltas.sound_of("other", 9) == (None, 0)
    assert deltas.sound_of("i", 0.5) == (None, 0)


EVENTS = {
    "client": ("response.create", "conversation.item.truncate", "input_audio_buffer.commit", "session.update"),
    "server": ("error", "response.created", "response.output_audio.delta", "input_audio_buffer.speech_started",
               "response.done", "session.updated"),
}  # fmt: skip
ONES = [(side, kind) for side, kinds in EVENTS.items() for kind in kinds]
KINDS = [[one] for one in ONES] + [[one, ("server", "error")] for one in ONES[:4]] + [
    [ONES[1], ONES[5], ONES[7], ONES[8], ONES[6]],
    ONES,
]  # fmt: skip


def tape(kinds, size):
    chance = random.Random(9)
    yield {"t": 0, "connection": 1, "kind": "answer", "status": 101}
    for number in range(size // 50):
        side, kind = chance.choice(kinds)
        told = {"type": kind, "item_id": f"i{number}", "delta": "AAAA", "error": {"code": "x"}, "audio_end_ms": 0}
        yield {"t": number / 100, "connection": 1, "kind": "text", "from": side, "data": json.dumps(told)}
    yield {"t": number / 100, "connection": 1, "kind": "close", "from": "server", "code": 1000, "reason": ""}


@pytest.mark.heavy
@pytest.mark.parametrize("kinds", KINDS, ids=lambda kinds: "+".join(kind for _, kind in kinds)[:40])
def test_a_tape_twice_as_long_takes_twice_the_time(kinds):
    assert_linear(lambda size: [*tape(kinds, size)], lambda lines: certificate("c", [read_run(lines)]))


def test_a_sentence_that_quotes_a_server_is_bounded():
    lines = [*tape([("server", "strange " * 10_000)], 100)]
    told = certificate("c", [read_run(lines)])
    assert "strange" in str(told)
    assert all(len(one.judgement.said) <= 500 for one in told.marks)
