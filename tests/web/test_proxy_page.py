"""`rtdoctor proxy --web`: what passes is on the page as it passes."""

import json
import signal
import urllib.request

import pytest

from tests.cli.commands.test_proxy import mocked, socket_to, until_closed
from tests.conftest import KEY
from tests.processes import started


@pytest.mark.heavy
def test_what_passes_the_proxy_is_on_its_page_at_once_and_without_the_key():
    with mocked() as server, started("proxy", "--to", server, "--port", "0", "--web") as process:
        said: list[str] = []
        while not any("/?token=" in line for line in said):
            said.append(process.stdout.readline().decode())
        base = said[0].partition("=")[2].strip()
        page = said[-1].split()[-1]
        with urllib.request.urlopen(page.replace("/?", "/events?"), timeout=20) as stream:
            told = b""
            with socket_to(base) as socket:
                socket.recv()
                while b"session.created" not in told:
                    told += stream.readline()
            with socket_to(base, "sk-proj-wrong0123456789abcd") as socket:
                assert len(list(until_closed(socket))) == 1
            while b"auth.invalid" not in told:
                told += stream.readline()
            process.send_signal(signal.SIGINT)
            told += stream.read()
        assert process.wait(20) == 0
    assert KEY.encode() not in told
    assert b"wrong0123456789abcd" not in told
    assert b"event: end" in told
    lines = [line for raw in told.split(b"\n") if raw.startswith(b"data: [") for line in json.loads(raw[6:])]
    assert lines[0]["by"] == "proxy"
    assert lines[-1]["kind"] == "end"
