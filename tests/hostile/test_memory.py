"""The whole matrix against servers that send without end stays under 200 MB and comes to its end; SIGINT ends a run
that waits in silence at once, with a report of what was seen so far. Each run is a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from importlib.resources import files

import jsonschema
import pytest

from tests.conftest import KEY
from tests.hostile import frames, http
from tests.hostile.frames import after_101, created, for_ever, frame
from tests.hostile.http import upgrading
from tests.hostile.running import VARIABLES
from tests.hostile.servers import HOST, hold, serving
from tests.hostile.spending import MOST_MEMORY, spent

DEADLINE = 90.0  # seconds: 42 scenarios, four at once, one of which waits 10 s for a secret to expire
LIMITS = frames.event("rate_limits.updated", rate_limits=[{"name": "requests", "remaining": 1}])
HALF = [part for word in ("url", "auth", "update") for part in ("-k", word)]  # half of the matrix, for time's sake

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")


def environment():
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return kept | {"OPENAI_API_KEY": KEY, "PYTHONPATH": os.pathsep.join(sys.path)}


async def wide_lists(reader, writer):
    """session.created, and then events whose lists of nothing fill the memory of a reader that parses them."""
    writer.write(frame(frames.TEXT, created()))
    for piece in frames.wide_lists():
        writer.write(piece)
        await writer.drain()
    await hold(reader, writer)


async def bare_lists(reader, writer):
    """The same lists without an event around them, from the first message on."""
    for _ in range(4):
        writer.write(frame(frames.TEXT, b"[" + b",".join([b"{}"] * (4 * frames.MIB // 3)) + b"]"))
        await writer.drain()
    await hold(reader, writer)


async def bomb(reader, writer):
    """A compression bomb."""
    writer.write(frames.bomb())
    await hold(reader, writer)


def large(text):
    """A message of nearly 4 MiB, alone or after a session.created, four times."""

    async def send(reader, writer):
        for _ in range(4):
            writer.write(frame(frames.TEXT, text))
            await writer.drain()
        await hold(reader, writer)

    return send


HEAVY = {
    **{f"{name} of 4 MiB": after_101(then=large(text)) for name, text in frames.LARGE.items()},
    **{
        f"{name} of 4 MiB after a session": after_101(frame(1, created()), then=large(text))
        for name, text in frames.LARGE.items()
    },
    "a frame of 64 MiB": after_101(then=frames.huge_frame),
    "a compression bomb": after_101(then=bomb),
    "a flood of events": after_101(frame(1, created()), then=for_ever(LIMITS)),
    "a flood of large events": after_101(
        frame(1, created()), then=for_ever(frames.event("rate_limits.updated", pad="x" * frames.MIB))
    ),
    "a flood of pings": after_101(then=for_ever(frame(9, b"are you there"))),
    "a flood of pings to which no pong is read": after_101(then=for_ever(frame(9, b"x" * 125), deaf=True)),
    "events of 4 MiB of empty objects": after_101(then=wide_lists),
    "messages of 4 MiB of empty objects": after_101(then=bare_lists),
    "JSON 100,000 deep": after_101(frames.deep()),
    "headers without end": http.endless_headers,
    "a body without end": http.endless_body,
    **{f"{name} without end": http.endless(piece) for name, piece in http.TINY.items()},
}


@pytest.mark.heavy
@pytest.mark.parametrize("heavy", HEAVY)
def test_the_matrix_stays_under_200_mb_and_ends(heavy):
    with upgrading(HEAVY[heavy]) as met:
        line = ["check", "--target", met.base, "--timeout", "0.4", "--format", "json", *HALF]
        run = spent(*line, env=environment(), timeout=DEADLINE)
    code, report = run.code, json.loads(run.out)
    assert (code, report["interrupted"]) == (report["summary"]["exit_code"], False)
    assert code in (1, 3)
    assert len(report["results"]) > 15
    assert len(met.hits) > 8
    assert run.memory < MOST_MEMORY, f"{run.memory / 1e6:.0f} MB in {run.seconds:.0f} s"


WIDE = b'{"type":"a' + "\U0001f600".encode() + b"a b " * 520_000 + b'"}'
MANY = {
    "4": ("4", frame(1, b'{"type":"' + b"a b " * 785_000 + b'"}')),
    "4, wide": ("4", frame(1, WIDE)),
    "16, wide": ("16", frame(1, b'{"type":"' + "\U0001f600".encode() * frames.MIB + b'"}')),
    "64": ("64", frame(1, b'{"type":"' + b"x" * 4_190_000 + b'"}')),
    "64, small": ("64", frames.event("rate_limits.updated")),
}


@pytest.mark.heavy
@pytest.mark.parametrize("many", MANY)
def test_many_sockets_at_once_stay_under_200_mb_together(many):
    at_once, piece = MANY[many]
    with upgrading(after_101(then=for_ever(piece))) as met:
        line = ["check", "--target", met.base, "--timeout", "0.4", "--concurrency", at_once, "--format", "json"]
        run = spent(*line, env=environment(), timeout=DEADLINE)
    assert run.code in (1, 3)
    assert run.memory < MOST_MEMORY, f"{run.memory / 1e6:.0f} MB in {run.seconds:.0f} s"


@pytest.mark.heavy
def test_conform_stays_under_200_mb_where_every_session_is_a_flood_and_ends_with_what_it_reports():
    with upgrading(after_101(then=for_ever(frame(1, created())))) as met:
        line = ["conform", met.base, "--spend", "--deadline", "4", "--format", "json"]
        run = spent(*line, env=environment(), timeout=DEADLINE)
    report = json.loads(run.out)
    assert run.code == report["summary"]["exit_code"], report["summary"]
    assert run.memory < MOST_MEMORY, f"{run.memory / 1e6:.0f} MB in {run.seconds:.0f} s"


@contextmanager
def silent_at(place):
    """The URL of a server that falls silent there, and the event that it has been reached."""
    reached = threading.Event()

    async def wait(*given):
        reader, writer = given[-2:]
        if len(given) == 3 and place == "first-event":
            writer.write(http.accepted(given[0]))
        elif len(given) == 2 and not await reader.read(1):
            return  # the rung of TCP asks nothing
        reached.set()
        await hold(reader, writer)

    with ExitStack() as stack:
        if place == "tls":
            yield f"https://localhost:{stack.enter_context(serving(wait))}/v1", reached
        else:
            yield f"http://{HOST}:{stack.enter_context(serving(http.realtime(wait, [])))}/v1", reached


@pytest.mark.parametrize("command", ["check", "probe"])
@pytest.mark.parametrize("place", ["tls", "upgrade", "first-event"])
def test_an_interrupt_ends_a_silent_run_within_a_second_and_with_a_partial_report(place, command):
    schema = json.loads(files("rtdoctor.report").joinpath("report.schema.json").read_text(encoding="utf-8"))
    with silent_at(place) as (url, reached):
        given = ["--target", url] if command == "check" else ["ws" + url.removeprefix("http") + "/realtime", "--no-fix"]
        line = [sys.executable, "-m", "rtdoctor", command, *given, "--timeout", "60", "--format", "json"]
        with subprocess.Popen(
            line,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # the tests may be started without it
        ) as run:
            try:
                assert reached.wait(20)
                run.send_signal(signal.SIGINT)
                started = time.monotonic()
                out, err = run.communicate(timeout=10)
                seconds = time.monotonic() - started
            finally:
                run.kill()
    assert run.returncode == 130, err
    assert seconds < 1.0
    report = json.loads(out)
    jsonschema.validate(report, schema)
    assert report["interrupted"] is True
    assert report["ladder"][0]["rung"] == ("config" if command == "check" else "dns")
    assert "Traceback" not in err
