"""rtdoctor as a process that a test stops, starves or cuts off."""

import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager

from tests import zygote

# Says by a byte that the command has taken SIGINT: before that, the signal is the interpreter's own affair.
_RUNNER = """
import os, signal, sys
take = signal.signal
def tell(number, what):
    before = take(number, what)
    if number == signal.SIGINT:
        signal.signal = take
        os.write(int(os.environ["READY"]), b".")
    return before
signal.signal = tell
from rtdoctor.__main__ import main
main()
"""


def environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT") if name in os.environ}
    return kept | zygote.PYTHON | more


def _prepare(files, closed):
    def work():
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):  # the tests may have been started without them
            signal.signal(number, signal.SIG_DFL)
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        for number in closed:
            os.close(number)

    return work


def run(*arguments, files=None, closed=(), path=(), timeout=60, env=None, cwd=None, data=None, **more):
    """The command, with `data` by a pipe on standard input; or with a limit of open files, standard streams closed,
    modules planted, other streams: then it is a process from its first instruction on."""
    given = environment(**(env or {}))
    if not (files or closed or path or more):
        return zygote.run(arguments, env=given, cwd=cwd, data=data, timeout=timeout)
    assert data is None, "such a process is given a stream of its own"
    if path:
        given["PYTHONPATH"] = os.pathsep.join((*map(str, path), given["PYTHONPATH"]))
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.run(
        [sys.executable, "-m", "rtdoctor", *arguments],
        env=given,
        timeout=timeout,
        check=False,
        preexec_fn=_prepare(files, closed),
        cwd=cwd,
        **streams,
    )


@contextmanager
def started(*arguments, env=None, path=(), **more):
    """The command as a process that has taken its signals, and is killed if the test does not end it."""
    ours, theirs = os.pipe()
    given = environment(READY=str(theirs), **(env or {}))
    if path:
        given["PYTHONPATH"] = os.pathsep.join((*map(str, path), given["PYTHONPATH"]))
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    with subprocess.Popen(
        [sys.executable, "-c", _RUNNER, *arguments],
        env=given,
        pass_fds=(theirs,),
        preexec_fn=_prepare(None, ()),
        **streams,
    ) as process:
        os.close(theirs)
        try:
            assert os.read(ours, 1) == b".", process.stderr.read()
            yield process
        finally:
            os.close(ours)
            if process.poll() is None:
                process.kill()
