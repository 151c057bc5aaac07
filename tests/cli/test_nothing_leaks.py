"""`check` and `probe` as processes, against a server that echoes all that it gets: no output holds a key."""

import asyncio
import base64
import json
import os
import random
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web

from rtdoctor.report.writers import WRITERS
from tests.leaking import canary, planted, traces

pytestmark = pytest.mark.heavy  # a process each

KEY = canary("key", random.Random(11))
ORGANISATION = canary("organisation", random.Random(12))


def _echoes(request: web.Request) -> list[str]:
    """Everything that was sent, and the key in every form that an error text might give it."""
    plain = KEY.value
    half = len(plain) // 2
    return [
        *(f"{name}: {value}" for name, value in request.headers.items()),
        str(request.url),
        request.path_qs,
        plain,
        plain[:half],
        plain[half:],
        base64.b64encode(plain.encode()).decode(),
        base64.b64encode(f"Bearer {plain}".encode()).decode(),
        "".join(f"%{ord(char):02x}" for char in plain),
        quote(quote(f"Bearer {plain}", safe=""), safe=""),
        f"Incorrect API key provided: {plain[:8]}{'*' * 20}{plain[-4:]}.",
        "".join(f"\\u{ord(char):04x}" for char in plain),
        ORGANISATION.value,
    ]


def _error(request: web.Request) -> dict[str, object]:
    echo = " | ".join(_echoes(request))
    return {"error": {"type": KEY.value, "code": KEY.value, "message": echo, "param": KEY.value}}


async def _rest(request: web.Request) -> web.StreamResponse:
    return web.json_response(_error(request), status=403)


async def _refuse(request: web.Request) -> web.StreamResponse:
    headers = {f"X-Echo-{place}": text for place, text in enumerate(_echoes(request))}
    headers |= {"Location": f"/x?{KEY.value}", "Server": KEY.value, "x-request-id": KEY.value}
    return web.Response(status=403, reason=KEY.value, text="\n".join(_echoes(request)), headers=headers)


async def _accept(request: web.Request) -> web.StreamResponse:
    socket = web.WebSocketResponse(protocols=("realtime",))
    await socket.prepare(request)
    session = {"type": KEY.value, KEY.value: 1, "audio": {"input": {"transcription": {"model": KEY.value}}}}
    await socket.send_json({"type": "session.created", "event_id": KEY.value, "session": session})
    for echo in _echoes(request):
        await socket.send_json({"type": "error", "event_id": "e", "error": {"type": echo, "message": echo}})
    await socket.send_json({"type": KEY.value, KEY.value: KEY.value})
    half = len(KEY.value) // 2
    await socket.send_str(KEY.value[:half])
    await socket.send_str(KEY.value[half:])
    await socket.close(code=4000, message=f"bad key {KEY.value}".encode()[:120])
    return socket


@contextmanager
def echoing(handler):
    """The server in a thread; its base URL."""
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.router.add_get("/v1/realtime", handler)
    app.router.add_route("*", "/{rest:.*}", _rest)
    runner = web.AppRunner(app, access_log=None)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner.addresses[0][1]

    port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{port}/v1"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def outputs(*arguments):
    """What a process shows anywhere: stdout, stderr, and its line in the process list while it runs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT") if name in os.environ}
    kept |= {"OPENAI_API_KEY": KEY.value, "OPENAI_ORG_ID": ORGANISATION.value, "RTDOCTOR_DEBUG": "1"}
    command = [sys.executable, "-m", "rtdoctor", *arguments]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=kept | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        line = "rtdoctor" if sys.platform != "linux" else ""
        while not line and process.poll() is None:  # for a moment after the fork it is empty
            line = Path(f"/proc/{process.pid}/cmdline").read_text()
        out, err = process.communicate(timeout=60)
    assert "rtdoctor" in line
    return process.returncode, out, err, line


ARGUMENTS = {
    "check": lambda place: ["--target", f"http://{place}", "--tag", "smoke", "--timeout", "3"],
    "probe": lambda place: [
        f"ws://{place}/realtime?intent=transcription",
        *("-H", "Authorization: Bearer $OPENAI_API_KEY", "-H", "X-Other: $OPENAI_API_KEY"),
        *("--subprotocol", "realtime", "--subprotocol", "openai-insecure-api-key.$OPENAI_API_KEY"),
        *("--query", "api-key=$OPENAI_API_KEY", "--query", "plain=$OPENAI_API_KEY", "--fix", "--timeout", "3"),
    ],
}
CASES = [(command, name) for command in ARGUMENTS for name in WRITERS[command]]


@pytest.mark.parametrize(("command", "name"), CASES)
@pytest.mark.parametrize("handler", [_refuse, _accept])
def test_a_server_that_echoes_everything_gets_no_key_into_an_output(handler, command, name):
    with echoing(handler) as place:
        code, out, err, line = outputs(
            command, *ARGUMENTS[command](place), *(("-v",) if name == "verbose" else ("--format", name))
        )
    assert code == (2 if name == "nagios" else 1), err
    assert "[secret " in out or name not in ("terminal", "verbose", "json", "ndjson", "html", "junit")
    for text in (out, err, line):
        for one in (KEY, ORGANISATION):
            assert traces(planted(one, "whole", 0), text) is None, text
    if name == "json":
        assert json.loads(out)["summary"]["exit_code"] == 1


def test_a_key_in_the_wrong_place_of_the_command_line_is_not_shown_again():
    for arguments in (["check", "--format", KEY.value], ["explain", "--cause", KEY.value], ["probe", KEY.value]):
        code, out, err, _ = outputs(*arguments)
        assert code == 2
        assert traces(planted(KEY, "whole", 0), out + err) is None, err
