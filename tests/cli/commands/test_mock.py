"""`rtdoctor mock` says what its clients did, and why they were refused."""

import asyncio
import io
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading

import aiohttp
import pytest
import trustme
from typer.testing import CliRunner

from rtdoctor.cli.main import application
from rtdoctor.cli.mock_clients import Printer, Teller
from rtdoctor.cli.runs.mock import warned
from rtdoctor.cli.server_tls import made_certificate, write_ca
from rtdoctor.mock.faults import Faults
from rtdoctor.mock.server import MockServer
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.secret import Secret
from tests.conftest import AUDIO, KEY
from tests.mock.test_mock import AUTH
from tests.processes import environment, started


async def told(talk, query="?model=gpt-realtime-2.1", *, verbose=False, headers=AUTH, faults=()):
    """What is said of one client, and the summary."""
    keep([Secret(KEY, "key", "the test")])
    said = []
    teller = Teller(said.append, verbose=verbose)
    async with MockServer({KEY}, hear=teller, named=Faults(faults), pace=0) as mock, aiohttp.ClientSession() as http:
        try:
            async with asyncio.timeout(5), http.ws_connect(mock.base_url + "/realtime" + query, headers=headers) as ws:
                await talk(ws)
        except aiohttp.WSServerHandshakeError:
            pass
        async with http.get(mock.base_url + "/nothing"):
            pass
    return [line[10:].strip() for line in said], list(teller.summary())


async def to_the_end(ws):
    async for _ in ws:
        pass


async def test_a_connection_is_two_lines_and_a_summary():
    lines, summary = await told(lambda ws: ws.receive_json())
    assert lines[0].startswith("#1 upgrade /v1/realtime?model=gpt-realtime-2.1 by Python/")
    assert lines[0].endswith("key in Authorization → 101")
    assert lines[1].startswith("#1 closed by the client: 1000 after 0.")
    assert lines[1].endswith("s; 0 events from it, 1 to it")
    assert lines[2].startswith("GET /v1/nothing by Python/")
    assert lines[2].endswith("→ 404")
    assert summary == ["1 socket opened, 1 other answer; 0 events from clients, 1 to them."]


async def test_a_refusal_says_why_and_no_line_holds_a_key():
    headers = {"Authorization": "Bearer " + KEY[:-1] + "9"}
    lines, summary = await told(to_the_end, f"?model=gpt-realtime-2.1&key={KEY}", headers=headers)
    assert lines[1].startswith("#1   error mock.invalid-key: Incorrect API key provided")
    assert "closed by the mock: 3000 invalid_request_error.invalid_api_key" in lines[2]
    assert "1× error mock.invalid-key" in summary[1]
    assert KEY[8:20] not in str((lines, summary))


async def test_an_http_refusal_and_a_fault_are_named():
    lines, _ = await told(to_the_end, faults=["http-403"])
    assert lines[0].endswith("→ 403"), "the upgrade stands before what it came to"
    assert lines[1].startswith("#1   error mock.rest-path")
    lines, _ = await told(to_the_end, faults=["abort"])
    assert "the fault abort: " in lines[1]
    assert "gone without a close frame, by RST, at the mock's side" in lines[2]


async def test_every_event_is_shown_and_judged_where_that_is_wanted():
    async def talk(ws):
        await ws.receive_json()
        await ws.send_json({"type": "response.create", "response": {"bogus": 1}})
        await ws.receive_json()
        await ws.send_str("{")
        await ws.receive_json()
        for _ in range(3):
            await ws.send_json({"type": "input_audio_buffer.append", "audio": "AAAAAAAA"})
        await ws.send_json({"type": "response.cancel"})
        await ws.receive_json()

    lines, _ = await told(talk, verbose=True)
    shown = [line.removeprefix("#1 ").strip() for line in lines]
    assert shown[1] == "→ session.created: model gpt-realtime-2.1"
    assert shown[2] == "← response.create"
    assert shown[3].startswith("info shape.undocumented: ")
    assert shown[4] == "→ error: Unknown parameter: 'response.bogus'."
    assert (shown[5], shown[6][:17]) == ("← no event: {", "error shape.event")
    assert shown[8:11] == [
        "← input_audio_buffer.append",
        "← input_audio_buffer.append (2 more)",
        "← response.cancel",
    ]


def test_a_reader_that_does_not_read_holds_up_nobody(monkeypatch):
    class Stuck(io.StringIO):
        def write(self, text):
            reading.wait()
            return super().write(text)

    reading = threading.Event()
    out = Stuck()
    monkeypatch.setattr(sys, "stdout", out)
    printer = Printer()
    for number in range(5_000):
        printer.say(str(number))
    monkeypatch.setattr("rtdoctor.cli.mock_clients._PATIENCE", 0.01)
    assert not printer.finish()
    reading.set()
    while not printer.finish():
        pass
    assert out.getvalue().startswith("0\n1\n")
    assert len(out.getvalue().splitlines()) < 2_100


@pytest.mark.heavy
async def test_over_tls_with_a_made_ca_and_a_tape(tmp_path):
    ca, tape = tmp_path / "ca.pem", tmp_path / "t.jsonl"
    arguments = ["--port", "0", "--tls", "--tls-ca", str(ca), "--record", str(tape), "--api-key", KEY]
    sound = tmp_path / "speech.wav"
    shutil.copy(AUDIO / "speech-24k.wav", sound)
    shutil.copy(AUDIO / "speech.txt", tmp_path)
    arguments += ["--audio", str(sound), "--model", "mine", "-v"]
    with started("mock", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as child:
        first = (await asyncio.to_thread(child.stdout.readline)).decode()
        url = first.strip().removeprefix("OPENAI_BASE_URL=")
        assert f"NODE_EXTRA_CA_CERTS={ca}".encode() in await asyncio.to_thread(child.stdout.readline)
        context = ssl.create_default_context(cafile=str(ca))
        async with aiohttp.ClientSession() as http, asyncio.timeout(10):
            query = "/realtime?model=mine"
            async with http.ws_connect(url + query, headers=AUTH, ssl=context) as ws:
                await ws.receive_json()
                await ws.send_json({"type": "response.create"})
                said = ""
                while (event := await ws.receive_json())["type"] != "response.done":
                    said += event["delta"] if event["type"] == "response.output_audio_transcript.delta" else ""
        child.terminate()
        out, err = child.communicate(timeout=10)
    assert (child.returncode, err) == (0, b"")
    assert said == (AUDIO / "speech.txt").read_text().strip()
    assert b"1 socket opened, 0 other answers; 1 events from clients" in out
    assert KEY.encode() not in out
    lines = [json.loads(line) for line in tape.read_text().splitlines()]
    assert (lines[0]["tape"], lines[0]["by"]) == (1, "mock")
    assert [line["kind"] for line in lines[1:4]] == ["request", "answer", "text"]
    assert lines[-1]["kind"] == "end"
    assert KEY not in tape.read_text()


SCRIPT = b"""
script = 1
[[step]]
expect = "response.create"
[[step.answer]]
text = "Hi."
"""


@pytest.mark.heavy
@pytest.mark.parametrize("keeps", [True, False])
async def test_a_script_that_is_not_kept_to_ends_with_1(tmp_path, keeps):
    (tmp_path / "s.toml").write_bytes(SCRIPT)
    arguments = ["--port", "0", "--script", str(tmp_path / "s.toml"), "--api-key", KEY]
    with started("mock", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as child:
        first = (await asyncio.to_thread(child.stdout.readline)).decode()
        url = first.strip().removeprefix("OPENAI_BASE_URL=") + "/realtime?model=gpt-realtime-2.1"
        async with aiohttp.ClientSession() as http, asyncio.timeout(10), http.ws_connect(url, headers=AUTH) as ws:
            await ws.receive_json()
            await ws.send_json({"type": "response.create" if keeps else "response.cancel"})
            await ws.receive_json()
        child.terminate()
        child.terminate()
        out, err = child.communicate(timeout=10)
    assert (child.returncode, err) == (0 if keeps else 1, b"")
    told = b"was kept to." if keeps else b"step 1 was not used: it expects response.create"
    assert told in out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--fault", "nope"], "--fault 'nope': no fault has this name"),
        (["--dialect", "nope"], "--dialect nope: is none of openai, beta"),
        (["--tls-ca", "x.pem"], "--tls-ca wants --tls beside it"),
        (["--tls", "--cert", "x.pem"], "--tls makes a certificate, and --cert names one"),
        (["--api-key", ""], "--api-key is empty"),
        (["--script", "none.toml"], "--script none.toml: no such file"),
        (["--audio", "none.wav"], "--audio none.wav: no such file"),
    ],
)
def test_an_option_that_cannot_be_carried_out_is_told(options, told):
    result = CliRunner().invoke(application(), ["mock", *options])
    assert told in str(result.exception)


@pytest.mark.parametrize(("host", "is_shouted"), [("0.0.0.0", True), ("::1", False), ("127.0.0.2", False)])
def test_what_lets_strangers_in_is_shouted(host, is_shouted):
    assert ("WARNING" in "".join(warned(host))) is is_shouted


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "held",
    [
        b"my notes",
        b"",
        trustme.CA(organization_name="somebody").cert_pem.bytes(),
        trustme.CA(organization_name="rtdoctor mock").cert_pem.bytes() + b"and my notes",
        trustme.CA(organization_name="rtdoctor mock").cert_pem.bytes() * 2,
    ],
    ids=["a text", "an empty file", "another's CA", "ours and a text", "two of ours"],
)
def test_a_file_that_is_no_ca_of_ours_is_never_replaced(tmp_path, held):
    file = tmp_path / "ca.pem"
    file.write_bytes(held)
    result = CliRunner().invoke(application(), ["mock", "--port", "0", "--tls", "--tls-ca", str(file)])
    assert isinstance(result.exception, Usage)
    assert "is there already, and no CA that rtdoctor made" in str(result.exception)
    assert file.read_bytes() == held


def test_the_ca_is_written_only_once_the_port_stands(tmp_path, taken_port):
    file, ours = tmp_path / "ca.pem", trustme.CA(organization_name="rtdoctor mock").cert_pem.bytes()
    for before in (None, ours):
        if before:
            file.write_bytes(before)
        result = CliRunner().invoke(application(), ["mock", "--port", str(taken_port), "--tls", "--tls-ca", str(file)])
        assert f"--port {taken_port}" in str(result.exception)
        assert (file.read_bytes() if file.exists() else None) == before


def test_a_ca_of_an_earlier_run_is_replaced(tmp_path):
    file = tmp_path / "ca.pem"
    for _ in range(2):
        _, pem = made_certificate("127.0.0.1")
        write_ca(file, pem)
        assert file.read_bytes() == pem


@pytest.mark.parametrize("kind", ["link", "folder", "no folder"])
def test_what_is_no_place_for_a_ca_is_told_in_a_sentence(tmp_path, kind):
    file, target = tmp_path / "ca.pem", tmp_path / "target"
    target.write_text("held")
    if kind == "link":
        file.symlink_to(target)
    elif kind == "folder":
        file.mkdir()
    else:
        file = tmp_path / "none" / "ca.pem"
    result = CliRunner().invoke(application(), ["mock", "--port", "0", "--tls", "--tls-ca", str(file)])
    assert isinstance(result.exception, Usage)
    assert str(result.exception).startswith("--tls-ca ")
    assert target.read_text() == "held"
