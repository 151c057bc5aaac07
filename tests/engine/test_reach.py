"""One connection climbs the rungs up to HTTP; one that is gone by then is left for a new one."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from rtdoctor import CheckAsked, check
from rtdoctor.engine.routing import RouteAsked
from tests.hostile.servers import serving

HEAD = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
UP_TO_HTTP = ["config", "dns", "tcp", "tls", "http"]


@pytest.fixture
def authority(tmp_path):
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    return Path(tmp_path / "ca.pem"), context


def asking(answer=HEAD):
    """A server that gives this answer to each connection's request, and what each was asked."""
    asked: list[bytes] = []

    async def handle(reader, writer):
        place = len(asked)
        asked.append(b"")
        asked[place] = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return handle, asked


def rungs(url, **more):
    asked = CheckAsked(target=url, key="sk-proj-7f3a9c0d5e1b2468aaaa", words=("url.model-realtime",), timeout=2.0)
    report = check(replace(asked, route=RouteAsked(**more)))
    return {rung.rung: rung for rung in report.ladder}


def test_the_rungs_up_to_http_take_one_connection_and_the_socket_another(authority):
    ca_file, context = authority
    for scheme, tls, more in (("http", None, {}), ("https", context, {"ca_file": ca_file})):
        handle, asked = asking()
        with serving(handle, tls) as port:
            ladder = rungs(f"{scheme}://localhost:{port}/v1", **more)
        assert ladder["http"].outcome.http_status == 401
        first = asked[0].decode()
        assert first.startswith("GET /v1/models "), "the connection of the rungs below carries the first request"
        assert len([one for one in asked if b"/models" in one]) == 1
        assert b"" not in asked, "no connection that says nothing"
        assert all(ladder[name].ms is not None for name in ("dns", "tcp"))


def test_a_server_that_hangs_up_after_tls_is_asked_anew(authority):
    ca_file, context = authority
    handle, _ = asking()
    met = []

    async def once_gone(reader, writer):
        met.append(None)
        if len(met) > 1:
            await handle(reader, writer)

    with serving(once_gone, context) as port:
        ladder = rungs(f"https://localhost:{port}/v1", ca_file=ca_file)
    assert ladder["tls"].verdict == "pass"
    assert ladder["http"].outcome.http_status == 401, "the first connection was gone, the second was asked"


@pytest.mark.parametrize("how", ["closes", "resets"])
def test_a_server_that_hangs_up_on_the_first_connection_is_asked_anew(how):
    handle, _ = asking()
    met = []

    async def once_gone(reader, writer):
        met.append(None)
        if len(met) > 1:
            await handle(reader, writer)
        elif how == "resets":
            await reader.read(1)
            writer.transport.abort()

    with serving(once_gone) as port:
        ladder = rungs(f"http://127.0.0.1:{port}/v1")
    assert ladder["http"].outcome.http_status == 401


def test_without_checks_what_is_asked_goes_over_a_connection_that_was_made_without(authority):
    _, context = authority
    handle, _ = asking()
    with serving(handle, context) as port:
        ladder = rungs(f"https://localhost:{port}/v1", insecure=True)
    assert ladder["http"].outcome.http_status == 401
    assert ladder["tls"].verdict == "warn"
