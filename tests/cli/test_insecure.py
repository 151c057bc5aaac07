"""--insecure looks at an endpoint whose certificate is not trusted, and lets no key reach it unless told to."""

import asyncio
import base64
import json
import re
import ssl
import threading
from contextlib import contextmanager, suppress
from urllib.parse import quote

import pytest
import trustme

from rtdoctor.mock.server import MockServer
from tests.cli.commands.test_check import rtdoctor
from tests.conftest import KEY

pytestmark = pytest.mark.heavy  # a process each, many of which wait


class Listener:
    """A base URL, and every byte that came to it decrypted."""

    def __init__(self):
        self.base_url = ""
        self.heard = bytearray()

    @property
    def requests(self):
        return len(re.findall(rb"(?m)^(?:GET|POST) \S+ HTTP/1.1\r$", self.heard))

    @property
    def heard_the_key(self):
        """The key in any form, or what is most of it."""
        text = self.heard.decode("latin-1")
        return any(form in text for form in (KEY, quote(KEY, safe=""), KEY[10:], KEY[-8:]))


@contextmanager
def untrusted():
    """The MockServer behind TLS with a certificate of a CA that nobody knows, in a thread, and heard to the byte."""
    loop = asyncio.new_event_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA(organization_name="Nobody's CA").issue_cert("localhost").configure_cert(context)
    listener = Listener()
    mock = MockServer({KEY})
    tasks = set()

    async def pump(reader, writer, heard=None):
        try:
            while data := await reader.read(65536):
                if heard is not None:
                    heard.extend(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def handle(reader, writer):
        tasks.add(asyncio.current_task())
        there, out = await asyncio.open_connection("127.0.0.1", mock.port)
        try:
            await asyncio.gather(pump(reader, out, listener.heard), pump(there, writer))
        finally:
            out.transport.abort()
            writer.transport.abort()

    async def start():
        await mock.start()
        listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
        listener.base_url = f"https://localhost:{listening.sockets[0].getsockname()[1]}/v1"
        return listening

    async def stop():
        listening.close()
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        await mock.stop()

    listening = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield listener
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def check(url, *more):
    return rtdoctor("check", "--target", url, "--timeout", "5", *more, key=KEY)


def rung(document, name):
    return next(item for item in document["ladder"] if item["rung"] == name)


def test_without_insecure_no_request_is_made_at_all():
    with untrusted() as server:
        done = check(server.base_url, "--tag", "smoke", "--format", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["summary"]["cause"]) == (3, "network.tls-untrusted")
    assert document["target"]["insecure"] is False
    assert server.heard == b""


def test_check_insecure_keeps_the_key_back_and_says_so():
    with untrusted() as server:
        done = check(server.base_url, "--insecure", "--format", "json")
    document = json.loads(done.stdout)
    assert server.requests > 3, "the endpoint was looked at"
    assert not server.heard_the_key
    assert document["target"]["insecure"] is True
    assert document["summary"]["can_connect"] is not True
    assert "the key was kept back (--insecure)" in document["summary"]["sentence"]
    assert done.returncode == document["summary"]["exit_code"] == 3
    assert "not sent" in json.dumps(document["target"])
    assert KEY not in done.stdout + done.stderr


def test_the_terminal_says_so_too():
    with untrusted() as server:
        done = check(server.base_url, "--insecure", "--tag", "smoke")
    assert done.returncode == 3, done.stdout
    assert "NOT CHECKED (--insecure)" in done.stdout
    assert "key was kept back" in " ".join(done.stdout.split())
    assert not server.heard_the_key


def test_the_tls_rung_says_that_nothing_was_checked_and_what_would_be_wrong():
    with untrusted() as server:
        done = check(server.base_url, "--insecure", "--tag", "smoke", "--format", "json")
    tls = rung(json.loads(done.stdout), "tls")
    assert tls["verdict"] == "warn"
    assert tls["finding"]["summary"].startswith("NOT CHECKED (--insecure); it would fail: ")
    assert tls["finding"]["cause"] == "network.tls-untrusted"
    assert any("Nobody's CA" in fact for fact in tls["finding"]["facts"])


def test_check_insecure_send_key_sends_it_and_works():
    with untrusted() as server:
        done = check(server.base_url, "--insecure", "--insecure-send-key", "--tag", "smoke", "--format", "json")
    document = json.loads(done.stdout)
    assert server.heard_the_key
    assert (done.returncode, document["summary"]["can_connect"]) == (0, True), done.stdout
    assert document["target"]["insecure"] is True
    assert "NOT CHECKED" in rung(document, "tls")["finding"]["summary"]
    assert KEY not in done.stdout + done.stderr


PLACES = {
    "query": 'handshake = { query = { x = "KEY" } }',
    "headers": 'handshake = { headers = { X-Mine = "a KEY" } }',
    "subprotocols": 'handshake = { subprotocols = ["x.KEY"] }',
    "path": 'handshake = { path = "/realtime/KEY" }',
    "send": """[[scenario.step]]\nsend = '{"type": "session.update", "session": {"note": "KEY"}}'""",
    "encoded": 'handshake = { headers = { X-Mine = "B64" } }',
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("auth", ["header", ""])
def test_check_insecure_tries_no_scenario_that_holds_the_key(tmp_path, place, auth):
    body = PLACES[place].replace("KEY", KEY).replace("B64", base64.b64encode(KEY.encode()).decode())
    if body.startswith("handshake"):
        body = body.replace("{ ", f"{{ auth = {json.dumps([auth] if auth else [])}, ", 1)
    else:
        body = f"handshake = {{ auth = {json.dumps([auth] if auth else [])} }}\n{body}"
    accept = 'outcome = { http_status = 101 }\nevidence = "me"\nseen = "2026-11-22"\nconfidence = "observed"'
    text = f'[[scenario]]\nid = "mine.one"\ntitle = "one"\n{body}\n[[scenario.accept]]\n{accept}\n'
    (tmp_path / "a.toml").write_text(text)
    with untrusted() as server:
        line = ["--insecure", "-k", "mine.one", "--scenarios", str(tmp_path), "--format", "json"]
        done = check(server.base_url, *line)
    assert not server.heard_the_key
    assert base64.b64encode(KEY.encode())[:24] not in server.heard
    assert server.requests > 0, "the endpoint was looked at"
    (result,) = json.loads(done.stdout)["results"]
    assert (result["verdict"], result["seen"]) == ("inconclusive", "not tried: the key was kept back (--insecure)")


@pytest.mark.parametrize(
    "where", [["--target", "https://localhost:9/v1/KEY"], ["--target", "https://localhost:9", "--model", "KEY"]]
)
def test_check_insecure_takes_no_url_or_model_that_holds_the_key(where):
    done = rtdoctor("check", *(part.replace("KEY", KEY) for part in where), "--insecure", key=KEY)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "--insecure: the URL or the model holds what is kept back" in done.stderr


@pytest.mark.parametrize("key", [None, KEY])
def test_check_insecure_names_no_organisation_to_whoever_answers(key):
    account = {"OPENAI_ORG_ID": "org-a1b2c3d4e5f6", "OPENAI_PROJECT_ID": "proj_a1b2c3d4e5f6"}
    with untrusted() as server:
        line = ["check", "--target", server.base_url, "--insecure", "--tag", "smoke", "--timeout", "5"]
        rtdoctor(*line, key=key, **account)
        assert server.requests > 0
        assert b"a1b2c3d4e5f6" not in server.heard
        rtdoctor(*line, "--insecure-send-key", key=KEY, **account)
    assert b"org-a1b2c3d4e5f6" in server.heard


WAYS = {
    "header": ["-H", "Authorization: Bearer $OPENAI_API_KEY"],
    "header in plain": ["-H", f"Authorization: Bearer {KEY}"],
    "api-key": ["-H", f"api-key: {KEY}"],
    "another header": ["-H", "X-Mine: $OPENAI_API_KEY"],
    "subprotocol": ["--subprotocol", "realtime", "--subprotocol", "openai-insecure-api-key.$OPENAI_API_KEY"],
    "query": ["--query", "Authorization=Bearer $OPENAI_API_KEY"],
    "query in plain": ["--query", f"api-key={KEY}"],
}


@pytest.mark.parametrize("way", WAYS)
def test_probe_insecure_keeps_the_key_back_however_it_is_given(way):
    with untrusted() as server:
        url = server.base_url.replace("https", "wss") + "/realtime?intent=transcription"
        done = rtdoctor("probe", url, *WAYS[way], "--insecure", "--fix", "--format", "json", "--timeout", "5", key=KEY)
    document = json.loads(done.stdout)
    assert server.requests > 0, "the endpoint was looked at"
    assert not server.heard_the_key
    assert document["target"]["insecure"] is True
    assert document["summary"]["can_connect"] is not True
    assert done.returncode == 3
    assert "the key was kept back (--insecure)" in document["summary"]["sentence"]
    assert "NOT CHECKED" in rung(document, "tls")["finding"]["summary"]
    assert KEY not in done.stdout + done.stderr


@pytest.mark.parametrize("way", ["header", "subprotocol"])
def test_probe_insecure_send_key_sends_it_and_works(way):
    with untrusted() as server:
        url = server.base_url.replace("https", "wss") + "/realtime?intent=transcription"
        arguments = ["--insecure", "--insecure-send-key", "--format", "json", "--timeout", "5"]
        done = rtdoctor("probe", url, *WAYS[way], *arguments, key=KEY)
    document = json.loads(done.stdout)
    assert server.heard_the_key
    assert (done.returncode, document["summary"]["can_connect"]) == (0, True)
    assert document["target"]["insecure"] is True


def test_insecure_send_key_alone_is_a_usage_error():
    done = rtdoctor("check", "--target", "https://localhost:9/v1", "--insecure-send-key", key=KEY)
    assert done.returncode == 2
    assert "--insecure-send-key is for use with --insecure" in done.stderr
