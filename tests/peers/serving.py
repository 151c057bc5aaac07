"""Servers that others wrote, started on loopback for a run of the tests. `.ci/install-peers` installs them."""

import asyncio
import base64
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

HOME = Path(os.environ.get("PEERS_HOME", Path.home() / ".cache" / "rtdoctor-peers"))
KEY = "sk-peers-0123456789abcdef"
_PATIENCE = 90.0  # seconds; LiteLLM compiles its own modules at its first start
_ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}


def missing(name: str) -> str:
    """Why a peer cannot be started here; empty where it can."""
    if sys.platform == "win32":
        return "the peers are started as on Linux and macOS"
    folder = HOME / ("n" if name == "aimock" else "v") / name
    if not (folder / ".done").exists():
        return f"{name} is not installed below PEERS_HOME (.ci/install-peers)"
    return "" if name == "fakeai" or (shutil.which("node") and not missing_node()) else "no node here, or no aimock"


def missing_node() -> bool:
    """True where aimock is not there, which LiteLLM needs behind it."""
    return not (HOME / "n" / "aimock" / ".done").exists()


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer that runs."""

    name: str
    base_url: str
    process: subprocess.Popen[bytes]


@contextmanager
def serving(*names: str) -> Iterator[dict[str, Peer]]:
    """These peers, all started at once, and not waited for (`until_ready`); at the end they are ended."""
    with ExitStack() as stack, TemporaryDirectory() as folder:
        place = Path(folder)
        behind = stack.enter_context(_aimock(place)) if {"aimock", "litellm"} & set(names) else None
        found = {"aimock": behind} if behind is not None and "aimock" in names else {}
        if "fakeai" in names:
            found["fakeai"] = stack.enter_context(_fakeai(place))
        if "litellm" in names:
            assert behind is not None
            found["litellm"] = stack.enter_context(_litellm(place, behind.base_url))
        yield {name: peer for name, peer in found.items() if peer is not None}


def _free_port() -> int:
    with socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextmanager
def _process(name: str, port: int, arguments: list[str], folder: Path, **environment: str) -> Iterator[Peer]:
    with open(folder / f"{name}.log", "wb") as log:
        process = subprocess.Popen(
            arguments, cwd=folder, env=_ENVIRONMENT | environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield Peer(name, f"http://127.0.0.1:{port}/v1", process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def until_ready(peer: Peer) -> None:
    """Wait until it answers HTTP, whatever the answer is."""
    opener, end = build_opener(ProxyHandler({})), time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        assert peer.process.poll() is None, f"{peer.name} ended by itself"
        try:
            opener.open(peer.base_url.removesuffix("/v1"), timeout=1).close()
        except URLError as error:
            if getattr(error, "code", None) is None:
                time.sleep(0.2)
                continue
        except OSError:
            time.sleep(0.2)
            continue
        return
    raise TimeoutError(f"{peer.name} does not answer after {_PATIENCE:g} s")


@contextmanager
def _aimock(folder: Path) -> Iterator[Peer]:
    tone = b"".join(struct.pack("<h", int(8000 * math.sin(math.tau * 330 * n / 24000))) for n in range(24000))
    fixtures = [
        {
            "match": {"endpoint": "realtime-transcription"},
            "response": {"transcription": {"text": "the quick brown fox"}},
        },
        {"match": {"endpoint": "transcription"}, "response": {"transcription": {"text": "the quick brown fox"}}},
        {
            "match": {"endpoint": "speech"},
            "response": {"audio": base64.b64encode(tone).decode(), "format": "pcm"},
        },
        {"match": {}, "response": {"content": "Hi there from aimock."}},
    ]
    (folder / "fixtures.json").write_text(json.dumps({"fixtures": fixtures}))
    script = HOME / "n" / "aimock" / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    port = _free_port()
    arguments = ["node", str(script), "-h", "127.0.0.1", "-p", str(port), "-f", "fixtures.json"]
    with _process("aimock", port, arguments, folder, AIMOCK_API_KEYS=KEY) as peer:
        yield peer


@contextmanager
def _fakeai(folder: Path) -> Iterator[Peer]:
    port = _free_port()
    program = str(HOME / "v" / "fakeai" / "bin" / "fakeai")
    with _process("fakeai", port, [program, "server", "--host", "127.0.0.1", "--port", str(port)], folder) as peer:
        yield peer


def _routed(name: str, upstream: str, key: str, model: str = "gpt-realtime") -> dict[str, object]:
    """An entry of LiteLLM's model_list."""
    params = {"model": f"openai/{model}", "api_base": upstream.removesuffix("/v1"), "api_key": key}
    return {"model_name": name, "litellm_params": params, "model_info": {"mode": "realtime"}}


@contextmanager
def _litellm(folder: Path, behind: str) -> Iterator[Peer]:
    routed = {"gpt-realtime-whisper": "gpt-4o-transcribe"}
    listed = [
        _routed(name, behind, KEY, routed.get(name, name))
        for name in ("gpt-realtime", "gpt-4o-transcribe", "gpt-realtime-whisper")
    ]
    # Two that its operator got wrong: nobody listens at the discard port, and the upstream does not know that key.
    listed += [_routed("dead-upstream", "http://127.0.0.1:9", KEY), _routed("wrong-upstream-key", behind, "sk-nope")]
    config = {
        "model_list": listed,
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"telemetry": False},
    }
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
    port = _free_port()
    program = str(HOME / "v" / "litellm" / "bin" / "litellm")
    arguments = [program, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with _process("litellm", port, arguments, folder, LITELLM_LOCAL_MODEL_COST_MAP="True") as peer:
        yield peer


async def plain_session(base_url: str) -> str:
    """The first event that a plain client gets there."""
    import aiohttp

    url = base_url.replace("http", "ws", 1) + "/realtime?model=gpt-realtime"
    async with aiohttp.ClientSession() as http, http.ws_connect(url, headers={"Authorization": f"Bearer {KEY}"}) as ws:
        async with asyncio.timeout(10):
            return str((await ws.receive_json())["type"])
