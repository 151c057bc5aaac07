"""The client as a child process: its environment, its output, its end. Never through a shell."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from rtdoctor import process
from rtdoctor.privacy.errors import reason_of

_HEAD, _TAIL = 16_000, 48_000  # characters of the output that are kept
_ASKED, _DYING = 2.0, 1.0  # seconds that a client has to end after it was asked to, and that a killed one takes


class NotStarted(OSError):
    """The command cannot be run; `str()` says why."""


def environment(base_url: str, key: str, ca_file: str | None = None) -> dict[str, str]:
    """The environment of a client: ours, with where to connect, and no proxy on the way to this machine."""
    mine = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": key, "PYTHONUNBUFFERED": "1"}
    if ca_file:
        names = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        mine |= dict.fromkeys(names, ca_file)
    local = "127.0.0.1,localhost"
    for name in ("NO_PROXY", "no_proxy"):
        before = os.environ.get(name)
        mine[name] = f"{before},{local}" if before else local
    return {**os.environ, **mine}


class Child:
    """One client that runs. `took(seconds)` waits for its end; `stop` ends it, with all that it has started."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self._running = running
        self._head, self._tail = "", ""
        self._listening = asyncio.create_task(self._listen())
        self.stopped = False
        process.groups.add(running.pid)

    async def _listen(self) -> None:
        assert self._running.stdout is not None
        while data := await self._running.stdout.read(1 << 16):
            text = data.decode("utf-8", "replace")
            room = _HEAD - len(self._head)
            self._head += text[:room]
            self._tail = (self._tail + text[room:])[-_TAIL:] if room < len(text) else self._tail

    @property
    def output(self) -> str:
        """What it has printed: the beginning and the end of it."""
        gap = "\n…\n" if len(self._tail) == _TAIL else ""
        return self._head + gap + self._tail

    @property
    def exit_code(self) -> int | None:
        """Its exit code; None while it runs. Minus the number of a signal that ended it."""
        return self._running.returncode

    async def took(self, seconds: float) -> bool:
        """Wait so long for its end; True where it came."""
        try:
            await asyncio.wait_for(asyncio.shield(self._running.wait()), seconds)
        except TimeoutError:
            return False
        return True

    async def ask_to_end(self) -> None:
        """Ask it to end, as Ctrl-C does, and give it a moment to close what it has open."""
        self.stopped = True
        if sys.platform == "win32":  # pragma: no cover
            with suppress(OSError, ValueError):
                self._running.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            _signal(self._running.pid, signal.SIGINT)
        await self.took(_ASKED)

    async def kill(self) -> None:
        """End it and its children now; its output is complete afterwards."""
        kill_group(self._running.pid)
        with suppress(ProcessLookupError):
            self._running.kill()
        await self.took(_DYING)
        with suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(self._listening, 0.5)
        process.groups.discard(self._running.pid)


def kill_group(pid: int) -> None:
    """End a process with all that it has started. That there is none is no error."""
    if sys.platform == "win32":  # pragma: no cover
        taskkill = os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run([taskkill, "/T", "/F", "/PID", str(pid)], capture_output=True, timeout=5, check=False)  # noqa: S603
    else:
        _signal(pid, signal.SIGKILL)


if sys.platform != "win32":

    def _signal(pid: int, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)


async def start(command: Sequence[str], env: Mapping[str, str]) -> Child:
    """Start a client, in a process group of its own, without standard input.

    Raises:
        NotStarted: there is no such program, or it may not be run.
    """
    own: dict[str, bool | int] = {"start_new_session": True}
    if sys.platform == "win32":  # pragma: no cover
        own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        running = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(env),
            **own,  # type: ignore[arg-type]
        )
    except (OSError, ValueError) as error:
        raise NotStarted(reason_of(error)) from error
    return Child(running)
