"""A process of the tool at the price of a fork: it is split off one that has loaded everything.

`run()` gives what `subprocess.run` gives for `python -m rtdoctor`, for tests that need a process and do not ask how
one begins: its start, its signals before the first line, its memory and its import time are those of a real one only
(`tests/processes.py`). Where there is no fork, a real one is started.
"""

import atexit
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from functools import cache

_LOADED = ("rtdoctor.api", "rtdoctor.mock.server", "rtdoctor.diagnose.text.findings", "rtdoctor.report.writers")
_MOST_ASKED = 1 << 20
PYTHON = {"PYTHONPATH": os.pathsep.join(sys.path)}  # with anything else Python itself begins otherwise


def run(arguments, *, env, cwd=None, data=None, timeout=60.0):
    """Run `rtdoctor` with these arguments, this environment and these bytes by a pipe on its standard input, or none;
    bytes come back.

    Raises:
        subprocess.TimeoutExpired: it did not end in so many seconds, and was killed.
    """
    if not hasattr(os, "fork") or {name: env[name] for name in env if name.startswith("PYTHON")} != PYTHON:
        line = [sys.executable, "-m", "rtdoctor", *arguments]
        return subprocess.run(
            line, env=env, cwd=cwd, input=data or b"", capture_output=True, timeout=timeout, check=False
        )
    with _given(data) as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # two messages stay two
        with ours:
            asked = json.dumps({"argv": arguments, "env": env, "cwd": str(cwd or os.getcwd())}).encode()
            with theirs:
                socket.send_fds(_zygote(), [asked], [given, out.fileno(), err.fileno(), theirs.fileno()])
            ours.settimeout(timeout)
            pid = int(ours.recv(20))
            try:
                code = int(ours.recv(20))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(arguments, timeout) from None
        for stream in (out, err):
            stream.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), err.read())


@contextmanager
def _given(data):
    """The descriptor of a standard input that holds this, or nothing."""
    if data is None:
        read = os.open(os.devnull, os.O_RDONLY)
        writer = None
    else:
        read, write = os.pipe()

        def fill():
            with suppress(BrokenPipeError), open(write, "wb") as into:
                into.write(data)

        writer = threading.Thread(target=fill)
        writer.start()
    try:
        yield read
    finally:
        os.close(read)
        if writer:
            writer.join()


@cache
def _zygote():
    """The socket of this process's zygote, which ends when it is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST_ASKED)
    line = [sys.executable, "-m", "tests.zygote", str(theirs.fileno())]
    kept = {"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"} | PYTHON
    process = subprocess.Popen(line, env=kept, pass_fds=(theirs.fileno(),), start_new_session=True)
    theirs.close()

    def end():
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(asking):
    for name in _LOADED:
        __import__(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    while True:
        asked, files, _, _ = socket.recv_fds(asking, _MOST_ASKED, 4)
        if not asked:
            return
        if os.fork() == 0:
            asking.close()
            _watch(json.loads(asked), files)
        for number in files:
            os.close(number)


def _watch(asked, files):
    """Start the command, say its number, wait for it, say its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        _become(asked, files)
    with socket.socket(fileno=files[3]) as told:
        told.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        told.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(asked, files):
    try:
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        for number, place in enumerate(files[:3]):
            os.dup2(place, number)
        for number in files:
            os.close(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stdin, sys.stdout, sys.stderr = (
            io.TextIOWrapper(stream, "utf-8", errors)
            for stream, errors in (
                (io.BufferedReader(io.FileIO(0, "rb", closefd=False)), "strict"),
                (io.BufferedWriter(io.FileIO(1, "wb", closefd=False)), "strict"),
                (io.BufferedWriter(io.FileIO(2, "wb", closefd=False)), "backslashreplace"),
            )
        )
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # or they end with the first
        sys.argv[1:] = asked["argv"]
        runpy.run_module("rtdoctor", run_name="__main__", alter_sys=True)
        os._exit(0)
    except SystemExit as left:
        sys.stdout.flush()
        os._exit(left.code if isinstance(left.code, int) else 1)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
