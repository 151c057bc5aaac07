"""The judge of order keeps nothing that grows with the stream, never raises, and measures what it saw."""

import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtdoctor.model.timeline import Spread, Timeline
from rtdoctor.protocol.order import OrderJudge, rules
from rtdoctor.protocol.order.memory import Digest, Recent, RecentIds
from tests.protocol.order_pairs import PAIRS, conversation, transcription
from tests.protocol.streams import ADDED, COMMITTED, COMPLETED, DELTA, STARTED, STOPPED, Script, ids, judged

# --- bounds


def test_ids_are_remembered_for_at_least_one_generation() -> None:
    seen = RecentIds(size=4)
    assert [seen.repeated(str(number)) for number in range(8)] == [False] * 8
    assert seen.repeated("5")
    assert not seen.repeated("0")


def test_recent_forgets_the_oldest_and_says_so() -> None:
    recent: Recent[int] = Recent(2)
    assert recent.put("a", 1) is None
    assert not recent.forgot
    recent.put("b", 2)
    assert recent.put("c", 3) == 1
    assert (list(recent.entries), recent.forgot) == (["b", "c"], True)


def test_a_digest_does_not_depend_on_the_cuts() -> None:
    grown = Digest()
    for piece in ("Gr", "ü", "ße", "\ud83d", "\ude00"):
        grown.add(piece)
    assert grown.same(Digest("Grüße😀"))
    assert not grown.same(Digest("Grüsse😀"))
    assert str(grown) == "a text of 7 characters"


def grown_by(turns: range, judge: OrderJudge) -> int:
    """Bytes that these turns leave behind."""
    before = tracemalloc.get_traced_memory()[0]
    for number in turns:
        name = f"item_{number}"
        script = Script().turn(name, number * 1000, number * 1000 + 500).transcribed(name)
        script.response(f"resp_{number}").spoken(f"resp_{number}", f"answer_{number}", "Hel", "lo").ended(
            f"resp_{number}"
        )
        for direction, event, at in script.lines:
            event["event_id"] = f"{name}_{event['event_id']}"
            judge.feed(direction, event, at)
    return tracemalloc.get_traced_memory()[0] - before


@pytest.mark.heavy
def test_a_long_stream_stays_small() -> None:
    judge = OrderJudge()
    for direction, event, at in Script().opened().lines:
        judge.feed(direction, event, at)
    tracemalloc.start()
    try:
        grown_by(range(6000), judge)
        again = grown_by(range(6000, 9000), judge)
        total = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert again < 2_000_000
    assert total < 30_000_000


def test_after_more_items_than_are_kept_nothing_is_invented() -> None:
    script = Script().opened()
    for number in range(4200):
        script.item(f"item_{number}")
    script.server("conversation.item.truncated", item_id="item_0", content_index=0, audio_end_ms=1)
    assert judged(script) == []


# --- anything may come

TYPES = sorted({event["type"] for pair in PAIRS.values() for script in pair for _, event, _ in script.lines})
KEYS = sorted({key for pair in PAIRS.values() for script in pair for _, event, _ in script.lines for key in event})
IDS = st.sampled_from(["item_1", "item_2", "resp_1", "event_1", "sess_1", "", "…", "\ud800", "x" * 600])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | IDS | st.just(10**4000)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "role", "text", "status", "item", "audio", "input", "usage"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
EVENTS = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from(TYPES) | VALUES,
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6),
)
TIMES = st.none() | st.floats()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["server", "client"]), EVENTS, TIMES), max_size=12), st.booleans())
def test_no_json_object_makes_it_raise(lines: list[tuple[Any, Any, float | None]], sideband: bool) -> None:
    judge = OrderJudge(sideband=sideband)
    found = []
    for direction, event, at in lines:
        found += judge.feed(direction, event, at)
    found += judge.finish()
    assert isinstance(judge.timeline(), Timeline)
    for violation in found:
        assert violation.rule in rules()
        assert len(violation.got) <= 80
        assert len(violation.wanted) <= 80
        (violation.got + violation.wanted + violation.event_type).encode()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_good_stream_with_one_field_replaced_does_not_make_it_raise(data: st.DataObject) -> None:
    script = data.draw(st.sampled_from(sorted(PAIRS)).map(lambda rule: PAIRS[rule][0]))
    place = data.draw(st.integers(0, len(script.lines) - 1))
    key = data.draw(st.sampled_from(sorted(script.lines[place][1])))
    lines = list(script.lines)
    lines[place] = (lines[place][0], {**lines[place][1], key: data.draw(VALUES)}, None)
    judge = OrderJudge()
    for direction, event, at in lines:
        judge.feed(direction, event, at)
    judge.finish()


def test_what_is_no_object_is_left_to_the_judge_of_shapes() -> None:
    judge = OrderJudge()
    for thing in (None, 1, "text", [1], True):
        assert judge.feed("server", thing) == []  # type: ignore[arg-type]


def test_a_number_too_long_to_be_printed_does_not_make_it_raise() -> None:
    for script in (conversation(), transcription()):
        for place, (_, original, _) in enumerate(script.lines):
            for key in original:
                lines = list(script.lines)
                lines[place] = (lines[place][0], {**original, key: 10**5000}, None)
                assert all(len(one.got) <= 80 for one in judged(Script(lines)))


# --- the timeline


def timed() -> Script:
    """One turn: stopped at 12.0, committed at 12.25, deltas at 13.0 and 13.5, completed at 14.0."""
    script = Script().opened().time(10.0).server(STARTED, item_id="item_1", audio_start_ms=0)
    script.time(12.0).server(STOPPED, item_id="item_1", audio_end_ms=2000)
    script.time(12.25).committed("item_1")
    script.time(13.0).deltas("item_1", " Hel").time(13.5).deltas("item_1", "lo.")
    return script.time(14.0).server(COMPLETED, item_id="item_1", content_index=0, transcript="Hello.")


def timeline(script: Script) -> Timeline:
    judge = OrderJudge()
    for direction, event, at in script.lines:
        judge.feed(direction, event, at)
    return judge.timeline()


def test_the_timeline_tells_an_items_steps_and_latencies() -> None:
    (life,) = timeline(timed()).items
    assert (life.item_id, life.kind, life.role) == ("item_1", "message", "user")
    kinds = [step.event_type for step in life.steps]
    assert kinds == [STARTED, STOPPED, COMMITTED, ADDED, "conversation.item.done", DELTA, COMPLETED]
    delta = life.steps[5]
    assert (delta.count, delta.at, delta.last_at, delta.last_index - delta.index) == (2, 13.0, 13.5, 1)
    assert life.speech_stopped_to_committed == 0.25
    assert life.commit_to_first_delta == 0.75
    assert life.first_delta_to_completed == 1.0


def test_latencies_are_spread_over_the_items() -> None:
    assert timeline(timed()).latencies["first_delta_to_completed"] == Spread(1, 1.0, 1.0, 1.0)


def test_without_times_there_are_steps_and_no_latencies() -> None:
    drawn = timeline(transcription())
    assert [len(life.steps) for life in drawn.items] == [7, 7]
    assert drawn.latencies == {}
    assert drawn.items[0].commit_to_first_delta is None


def test_live_transcription_has_no_latency_from_the_commit() -> None:
    script = Script().opened().time(1.0).server(STARTED, item_id="item_1", audio_start_ms=0).deltas("item_1", "Hel")
    script.time(2.0).server(STOPPED, item_id="item_1", audio_end_ms=900).committed("item_1")
    assert timeline(script).items[0].commit_to_first_delta is None


def test_the_timeline_keeps_the_last_items_and_the_latencies_of_all() -> None:
    script = Script().opened()
    for number in range(250):
        script.time(float(number)).server(STOPPED, item_id=f"item_{number}", audio_end_ms=1)
        script.time(number + 0.5).committed(f"item_{number}")
    drawn = timeline(script)
    assert (len(drawn.items), drawn.forgotten, drawn.items[-1].item_id) == (200, 50, "item_249")
    assert drawn.latencies["speech_stopped_to_committed"] == Spread(250, 0.5, 0.5, 0.5)


def test_ids_only_repeated_within_memory_are_told() -> None:
    assert ids(judged(transcription().changed(DELTA, "event_id", to="event_0"))) == ["order.event-id-unique"]
