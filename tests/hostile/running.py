"""Runs of the command in this process, watched for what they leave behind."""

import asyncio
import gc
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from rtdoctor.cli.main import main

VARIABLES = (
    *(name for plain in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "WS_PROXY", "WSS_PROXY")
      for name in (plain, plain.lower())),
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSLKEYLOGFILE", "NODE_EXTRA_CA_CERTS",
    "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "RTDOCTOR_DEBUG", "CI", "COLUMNS",
)  # fmt: skip


class Watch:
    """Counts the event loops of the command, and keeps the tasks that were alive when one was about to close."""

    def __init__(self, monkeypatch: Any) -> None:
        self.loops = 0
        self.tasks: list[str] = []
        run = asyncio.Runner.run

        def watched(runner: asyncio.Runner, main: Any, **more: Any) -> Any:
            async def whole() -> Any:
                self.loops += 1
                try:
                    return await main
                finally:
                    self.tasks += [repr(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()]

            return run(runner, whole(), **more)

        # asyncio.run goes through it, too.
        monkeypatch.setattr(asyncio.Runner, "run", watched)


def carried_out(monkeypatch: Any, capsys: Any, arguments: list[str]) -> tuple[int, dict[str, Any], float]:
    """Run the command in this process: exit code, JSON report and seconds."""
    monkeypatch.setattr(sys, "argv", ["rtdoctor", *arguments])
    capsys.readouterr()
    started = time.monotonic()
    code: object = 0
    try:
        main()
    except SystemExit as left:
        code = left.code
    seconds = time.monotonic() - started
    out, err = capsys.readouterr()
    assert out, f"exit {code}, nothing on stdout; stderr: {err[-500:]}"
    assert isinstance(code, int)
    return code, json.loads(out), seconds


def open_sockets() -> set[str]:
    """The sockets of this process (Linux)."""
    gc.collect()
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.add(os.readlink(descriptor))
    return {target for target in found if target.startswith("socket:")}
