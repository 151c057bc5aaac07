"""Runs a command as a process of its own, and says what it took: for the tests of memory and time."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

MOST_MEMORY = 200_000_000  # bytes, as the README promises
# A child begins as its parent's image, and Linux counts that as its own peak: the process that waits must be small.
_WAITING = """
import json, os, sys
pid = os.posix_spawn(sys.executable, [sys.executable, "-m", "rtdoctor", *sys.argv[1:]], os.environ)
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
    line = [sys.executable, "-I", "-S", "-c", _WAITING, *arguments]
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
    *told, last = err.decode().splitlines()
    code, memory, cpu = json.loads(last)
    return Spent(code, out.decode(), "\n".join(told), memory, time.monotonic() - started, cpu)
