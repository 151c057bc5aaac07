"""Runs a command as a process of its own, and says what it took: for the tests of memory and time."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

MOST_MEMORY = 200_000_000  # bytes, as the README promises
# A child begins as its parent's image, and Linux counts that as its own peak: the process that waits must be small.
_WAITING = """
import json, os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
line = [sys.executable, "-m", "rtdoctor", *sys.argv[1:]]
pid = os.posix_spawn(sys.executable, line, os.environ, setsigdef=[signal.SIGINT])
_, status, usage = os.wait4(pid, 0)
told = [os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime]
print(json.dumps(told), file=sys.stderr)
"""


@dataclass(frozen=True)
class Spent:
    """What a run came to; memory is the peak in bytes, `seconds` those of the wall and `cpu` those of the processor."""

    code: int
    out: str
    err: str
    memory: int
    seconds: float
    cpu: float


def spent(*arguments: str, env: dict[str, str], feed: Iterable[bytes] = (), timeout: float = 90.0) -> Spent:
    """Run `rtdoctor` with these arguments and this on its standard input.

    Raises:
        subprocess.TimeoutExpired: it does not end.
    """
    started = time.monotonic()
    line = _line(arguments)
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as run:
        stdin, run.stdin = run.stdin, None  # the thread's own: communicate would close it

        def write() -> None:
            with suppress(BrokenPipeError), stdin:  # it may have read enough
                for chunk in feed:
                    stdin.write(chunk)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        try:
            out, err = run.communicate(timeout=timeout)
        except BaseException:
            run.kill()
            raise
        writer.join()
    return _told(out, err, started)


def _line(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", _WAITING, *arguments]


def _told(out: bytes, err: bytes, started: float) -> Spent:
    *told, last = err.decode().splitlines()
    code, memory, cpu = json.loads(last)
    return Spent(code, out.decode(), "\n".join(told), memory, time.monotonic() - started, cpu)


@contextmanager
def mock(env: dict[str, str], *more: str, most: int = MOST_MEMORY) -> Iterator[str]:
    """The base URL of `rtdoctor mock` in a process of its own, which is interrupted at the end.

    Raises:
        AssertionError: it took more memory than that, ended otherwise, or said more than where it listens.
    """
    started = time.monotonic()
    line = _line(["mock", "--port", "0", *more])
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, start_new_session=True) as run:
        try:
            assert run.stdout is not None
            first = run.stdout.readline().decode()
            yield first.strip().partition("=")[2]
            os.killpg(run.pid, signal.SIGINT)
            out, err = run.communicate(timeout=10)
        except BaseException:
            os.killpg(run.pid, signal.SIGKILL)
            raise
    took = _told(out, err, started)
    assert (took.code, took.err) == (0, ""), took.err
    assert took.memory < most, f"{took.memory / 1e6:.0f} MB in {took.seconds:.0f} s"
