"""The harness is seen to fail: for every oracle a target with a planted bug, which each way of looking must find."""

import json
import random
import signal
import sys
import time
import zlib
from dataclasses import replace

import pytest

from tests.fuzz import spending
from tests.fuzz.cover import Lines
from tests.fuzz.hunt import Found, hunt, run, shrunk, stretched
from tests.fuzz.mutate import CHANGES, KEY, ODD, PLANTED, mutated
from tests.fuzz.oracles import Broken, OutOfTime, Shown, Target, attempt, exposed, memory_for
from tests.fuzz.product import TARGETS

_KEPT: list[bytearray] = []
CORE = KEY.removeprefix("sk-proj-")


def planted(run, *seeds: bytes) -> Target:
    return Target("planted", run, lambda: list(seeds or (b"seed",)))


def shows(text: str, kind="terminal") -> Target:
    return planted(lambda _data: [Shown("w", text, kind)])


def _raises(_data):
    raise KeyError("x")


def _hangs(_data):
    while True:
        pass


def _hangs_in_a_pattern(_data):
    import re

    re.match("(a|a)*$", "a" * 60 + "b")


def _swallows_and_hangs(_data):
    while True:
        try:
            _hangs(b"")
        except Exception:
            continue


def _eats(_data):
    held = bytearray(memory_for(4) + (40 << 20))
    for at in range(0, len(held), 4096):
        held[at] = 1
    return []


def _eats_all(_data):
    raise MemoryError


def _once_more(_data, seen=[]):  # noqa: B006
    seen.append(1)
    return [Shown("w", str(len(seen)))]


BUGS = {
    "exception": _raises,
    "time": _hangs,
    "memory": _eats,
    "twice": _once_more,
    "control": lambda _data: [Shown("w", "a\x1b[2J")],
    "json": lambda _data: [Shown("w", '{"a": NaN}', "json")],
    "secret": lambda _data: [Shown("w", KEY)],
    "exit": lambda _data: [Shown("w", "4", "code")],
}


@pytest.fixture
def quick(monkeypatch):
    """A tenth of the time for each example: the tests of the clock need not take long."""
    monkeypatch.setattr("tests.fuzz.oracles._SECONDS", 0.1)


@pytest.mark.parametrize("oracle", list(BUGS))
def test_each_oracle_catches_a_planted_bug(oracle):
    if oracle in ("memory", "time"):
        pytest.importorskip("resource")
    twice = next(data for data in map(bytes, zip(range(99), strict=True)) if zlib.crc32(data) % 4 == 0)
    with pytest.raises(Broken) as caught:
        attempt(planted(BUGS[oracle]), twice)
    assert caught.value.oracle == oracle


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer here")
@pytest.mark.parametrize("bug", [_hangs_in_a_pattern, _swallows_and_hangs])
def test_what_hangs_is_stopped_wherever_it_is(bug, quick):
    started = time.process_time()
    with pytest.raises(Broken, match=r"^time"):
        attempt(planted(bug), b"x")
    assert time.process_time() - started < 5


def test_memory_that_cannot_be_had_is_a_find():
    with pytest.raises(Broken, match=r"^memory"):
        attempt(planted(_eats_all), b"x")


def test_the_interrupt_of_a_user_is_none_of_them():
    def interrupted(_data):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(planted(interrupted), b"x")


def test_no_bug_is_seen_where_there_is_none():
    shown = [Shown("a", "text, ü and 漢\n"), Shown("b", '{"a": "\\u001b"}', "json"), Shown("c", "3", "code")]
    assert attempt(planted(lambda _data: shown), b"x") == shown


@pytest.mark.parametrize("form", range(len(PLANTED)))
@pytest.mark.parametrize("number", [0, 3, 7, 10, 14, 123_456_789])
def test_the_search_finds_every_form_that_is_planted(form, number):
    text = PLANTED[form](number)
    assert exposed(f"before {text} after") is not None, text
    with pytest.raises(Broken, match=r"^secret"):
        attempt(shows(json.dumps({text: 1}), "json"), b"x")


@pytest.mark.parametrize(
    "text", ["", KEY[:12], "sk-proj-", CORE[:11], f"{CORE[:8]} [secret 3f9a] {CORE[8:15]}", CORE[::2]]
)
def test_less_than_a_window_is_no_leak(text):
    assert exposed(text) is None


@pytest.mark.parametrize(
    "sent",
    [
        '{"type":"session.update","type":"response.create"}',
        '{"type":"response.create","type":"session.update"}',
        '\ufeff{"type":"response.create"}',
        '{"type":"response.create","n":NaN}',
        '{"type":"response.create"} and more',
        '{"type":"response.create","n":' + "9" * 5000 + "}",
        '{"type":"response.create","a":' + "[" * 2000 + "]" * 2000 + "}",
        '{"type":"\\u0072esponse.create","a":' + "[" * 2000 + "]" * 2000 + "}",
        b'{"type":"response.create"}',
        '{"type":null}',
    ],
    ids=range(10),
)
def test_what_costs_is_seen_however_it_is_written(sent):
    with pytest.raises(Broken, match=r"^spend"):
        spending.check(sent, {"session.update"})


def test_what_is_free_is_let_through():
    spending.check('{"type": "session.update", "x": "response.create"}', {"session.update"}, ours=True)


# --- the long run -----------------------------------------------------------------------------------------------------


def _needs_two_words(data):
    if b"sk-" in data and b"error" in data:
        raise ValueError("found")
    return [Shown("w", "fine")]


def test_a_find_is_made_small_and_told_once(tmp_path, capfd):
    pytest.importorskip("resource")
    done = run(planted(_needs_two_words, b'{"a": "sk-1234", "b": [1, 2]}'), 4, 1, tmp_path)
    assert [(found.oracle, found.place) for found in done.found] == [("exception", "ValueError in nowhere")]
    assert sorted(done.found[0].example) == sorted(b"sk-error")
    (saved,) = (tmp_path / "planted").iterdir()
    assert saved.read_bytes() == done.found[0].example
    assert repr(done.found[0].example) in capfd.readouterr().out
    assert done.examples > 10


@pytest.mark.skipif(not hasattr(signal, "SIGSEGV") or sys.platform == "win32", reason="needs fork")
def test_a_child_that_dies_is_told_with_its_example(tmp_path):
    def dies(data):
        if b"deadly" in data:
            import os

            os.kill(os.getpid(), signal.SIGKILL)
        return [Shown("w", "fine")]

    done = run(planted(dies, b"fine", b"a deadly one"), 1, 1, tmp_path)
    assert [(found.oracle, found.place) for found in done.found] == [("death", "SIGKILL")]
    assert b"deadly" in done.found[0].example


def test_shrinking_keeps_the_bug():
    target = planted(_needs_two_words)
    data = b"x" * 500 + b"error" + b"y" * 500 + b"sk-" + b"z" * 100
    with pytest.raises(Broken) as caught:
        attempt(target, data)
    assert shrunk(target, data, caught.value)[0] == b"errorsk-"


def test_new_lines_are_seen_once_and_only_those_of_rtdoctor():
    lines = Lines()
    target = TARGETS["url"]
    with lines.watched():
        target.run(b"proxy\nx")
    first = lines.seen
    assert first > 3
    with lines.watched():
        target.run(b"proxy\nx")
        json.dumps(1)
    assert lines.seen == first
    with lines.watched():
        target.run(b"proxy\nhttp://a:b@c.example:80")
    assert lines.seen > first


def test_the_hunt_keeps_what_reaches_new_lines():
    target = replace(TARGETS["url"], seeds=lambda: [b"\nhttp://h.example"])
    done = hunt(target, time.monotonic() + 1.5, random.Random(1), known=_Everything())
    assert done.kept > 2


class _Everything(set):
    """Every signature is known: only the keeping is looked at."""

    def __contains__(self, _item):
        return True


class _Enough(Exception):
    """A find ends the hunt of a test."""


def _enough(found):
    raise _Enough(found.oracle)


def test_what_is_quadratic_is_found_before_it_takes_long(monkeypatch, quick):
    pytest.importorskip("resource")
    monkeypatch.setattr("tests.fuzz.hunt._SHRINK_S", 0.5)

    def quadratic(data):
        end = time.process_time() + 0.03 * (len(data) / (1 << 15)) ** 2
        while time.process_time() < end:
            pass
        return [Shown("w", "fine")]

    target = replace(planted(quadratic, b"ab" * (1 << 14)), most=1 << 17)
    attempt(target, target.seeds()[0])
    with pytest.raises(_Enough, match=r"^time$"):
        hunt(target, time.monotonic() + 60, random.Random(1), said=_enough)


def test_stretching_keeps_beginning_and_end():
    assert stretched(b"<" + b"ab" * 50 + b">", 1_000)[:3] == b"<ab"
    assert stretched(b"<" + b"ab" * 50 + b">", 1_000)[-3:] == b"ab>"
    assert 900 < len(stretched(b"<" + b"ab" * 50 + b">", 1_000)) <= 1_003


def test_a_find_reads_as_one_that_can_be_tried_again():
    found = Found("url", "exception", "ValueError in model/target.py:f", "told", b"\x00a")
    assert "b'\\x00a'" in str(found)


# --- the generator ----------------------------------------------------------------------------------------------------


def test_changes_are_data_and_always_give_the_same():
    rng = random.Random(3)
    others = [b'{"a": [1, {"b": "c"}]}', b"[[scenario]]\nid = 1\n", b"", b"\xff\x00"]
    for _ in range(3_000):
        changes = [(rng.randrange(99), rng.randrange(1 << 20), rng.randrange(1 << 20), rng.randrange(1 << 20))]
        data = rng.choice(others)
        once = mutated(data, changes, others, 5_000)
        assert once == mutated(data, changes, others, 5_000)
        assert len(once) <= 5_000


@pytest.mark.parametrize("kind", range(len(CHANGES)))
def test_every_change_changes_something(kind):
    data = b'{"type": "error", "error": {"code": "x", "n": [1, 2.5]}}\nAuthorization: Bearer abc\n'
    rng = random.Random(kind)
    made = {
        mutated(data, [(kind, *(rng.randrange(1 << 20) for _ in range(3)))], [data, b"other {} text"], 1 << 16)
        for _ in range(50)
    }
    assert len(made) > 10


def test_the_odd_pieces_are_all_bytes():
    assert all(isinstance(piece, bytes) for piece in ODD)
    assert issubclass(OutOfTime, BaseException)
    assert not issubclass(OutOfTime, Exception)
