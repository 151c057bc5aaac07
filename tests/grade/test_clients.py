"""A client with one fault gets exactly the grade that it deserves, and one without gets none."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtdoctor.grade.course import PLAIN, lessons, marks
from rtdoctor.grade.lesson import Setup, take
from rtdoctor.grade.result import grade
from rtdoctor.grade.run import read_run

CLIENT = str(Path(__file__).parent / "clients" / "client.py")
SECONDS, AT_ONCE = 5.0, 6
# Mark, fault of the client, what it does, the lesson that shows it, the grade. The client without the fault passes.
FAULTS = [
    ("key.out-of-url", "key-in-url", "text", PLAIN, "fail"),
    ("session.waits", "early", "text", "late-session", "warn"),
    ("session.waits", "early-speech", "audio", "no-first-event", "fail"),
    ("session.time-out", "no-time-out", "text", "no-first-event", "fail"),
    ("session.finishes", "fails", "text", PLAIN, "fail"),
    ("session.finishes", "hangs-at-once", "text", PLAIN, "fail"),
    ("events.taken", "wrong-field", "text", PLAIN, "fail"),
    ("events.taken", "empty-commit", "commit", PLAIN, "warn"),
    ("session.closes", "no-close", "text", PLAIN, "fail"),
    ("session.closes", "odd-close", "text", PLAIN, "warn"),
    ("refusal.reads", "hangs", "text", "bad-key", "warn"),  # it names the refusal before it hangs
    ("refusal.reads", "silent", "text", "no-credit", "fail"),
    ("refusal.no-retry", "retries-refusal", "text", "no-credit", "fail"),
    ("refusal.no-retry", "retries-refusal", "text", "model-retired", "fail"),
    ("refusal.no-retry", "retries-refusal", "text", "http-401", "fail"),
    ("retry.transient", "never-retries", "text", "http-500", "warn"),
    ("retry.backs-off", "hammers", "text", "http-500", "fail"),
    ("retry.backs-off", "constant", "text", "http-500", "warn"),
    ("drop.survives", "never-retries", "text", "abort", "pass"),
    ("drop.survives", "silent-loss", "text", "abort", "fail"),
    ("drop.survives", "hangs-after-loss", "text", "dropped", "fail"),
    ("expiry.reconnects", "never-retries", "text", "expiry", "warn"),
    ("expiry.reconnects", "silent-loss", "text", "expiry", "warn"),  # it has printed the error
    ("error.not-fatal", "fatal-errors", "text", "stray-error", "fail"),
    ("error.event-id", "ignores-refusal", "text", "refused-call", "fail"),
    ("error.event-id", "late", "text", "refused-call", "fail"),
    ("error.event-id", "no-event-id", "text", "refused-call", "warn"),
    ("unknown.event", "unknown-event", "text", "unknown-event", "fail"),
    ("unknown.field", "unknown-field", "text", "unknown-field", "fail"),
    ("response.failed", "swallows-failed", "text", "response-failed", "fail"),
    ("response.failed", "goes-on-after-failed", "text", "response-failed", "fail"),
    ("barge-in.early", "truncates-nothing", "audio", "barge-in-early", "fail"),
    ("barge-in.early", "dies-of-barge-in", "audio", "barge-in-early", "fail"),
    ("truncate.played", "truncates-too-much", "audio", "barge-in", "fail"),
    ("truncate.played", "truncates-at-received", "audio", "barge-in", "fail"),
    ("audio.rate", "wrong-rate", "audio", PLAIN, "fail"),
    ("audio.commit", "both-commit", "audio", PLAIN, "fail"),
    ("audio.commit", "no-commit", "commit", PLAIN, "fail"),
]


# Which a tape cannot tell, for it does not know how the process ended.
OF_THE_PROCESS = {"session.finishes", "session.time-out", "refusal.reads", "response.failed"}
PLAINS = {}  # of the client without a fault, by what it does


def setup(kind, fault=""):
    return Setup([sys.executable, CLIENT], SECONDS, more={"GRADE_FAULT": fault, "GRADE_KIND": kind})


async def marks_of(lesson, kind, fault):
    """The marks of the client in that lesson, and those of its tape alone."""
    lines = []
    run = await take(lessons()[lesson], setup(kind, fault), lines.append)
    live = grade([run], run if lesson == PLAIN else PLAINS[kind])
    return (*({one.mark.id: one for one in each} for each in (live, grade([read_run(lines)], None))),)


async def wrong_of(mark, fault, kind, lesson, wanted, free):
    """What is wrong with the grades of one client, in sentences."""
    async with free:
        found, of_tape = await marks_of(lesson, kind, fault)
    told = found[mark].judgement
    if told.grade != wanted:
        yield f"{fault}: {mark} is {told.grade} and not {wanted}: {told.said}"
    softer = {wanted, "warn"} if mark in ("drop.survives", "barge-in.early") else {wanted}
    if mark not in OF_THE_PROCESS and of_tape[mark].grade not in softer | {"not seen"}:
        yield f"{fault}: {mark} is {of_tape[mark].grade} of the tape: {of_tape[mark].judgement.said}"
    others = [one.judgement.said for name, one in found.items() if one.grade == "fail" and name != mark]
    if others:
        yield f"{fault}: {others}"


@pytest.mark.heavy
async def test_a_client_with_one_fault_gets_the_grade_that_it_deserves():
    for kind in ("text", "audio", "commit"):  # with which the others are compared
        PLAINS[kind] = await take(lessons()[PLAIN], setup(kind))
    free = asyncio.Semaphore(AT_ONCE)  # each mostly waits

    async def all_of(case):
        return [wrong async for wrong in wrong_of(*case, free)]

    assert [wrong for each in await asyncio.gather(*map(all_of, FAULTS)) for wrong in each] == []


def test_every_mark_has_a_client_that_fails_or_is_warned():
    assert {mark for mark, *_, wanted in FAULTS} == marks().keys()


@pytest.mark.heavy
def test_a_good_client_passes_every_mark():
    command = [
        sys.executable,
        "-m",
        "rtdoctor",
        "grade",
        "--jobs",
        "5",
        "--format",
        "json",
        "--",
        sys.executable,
        CLIENT,
    ]
    env = {**os.environ, "GRADE_KIND": "audio"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {mark["id"]: mark["grade"] for mark in json.loads(done.stdout)["marks"]} == dict.fromkeys(marks(), "pass")


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["text", "commit"])
async def test_a_good_client_passes_the_plain_lesson_whatever_it_does(kind):
    plain = await take(lessons()[PLAIN], setup(kind))
    assert {one.grade for one in grade([plain], plain)} == {"pass", "not seen"}
