"""One connection climbs the rungs up to HTTP; one that is gone by then is left for a new one."""

from dataclasses import replace

import pytest

from rtdoctor import CheckAsked, check
from rtdoctor.engine.routing import RouteAsked
from tests.hostile.servers import serving

HEAD = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
UP_TO_HTTP = ["config", "dns", "tcp", "tls", "http"]


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


def gone_once(how):
    """A server that closes or resets its first connection, and answers each later one."""
    handle, _ = asking()
    met = []

    async def once(reader, writer):
        met.append(None)
        if len(met) > 1:
            await handle(reader, writer)
        elif how == "resets":
            await reader.read(1)
            writer.transport.abort()

    return once


def rungs(url, **more):
    asked = CheckAsked(target=url, key="sk-proj-7f3a9c0d5e1b2468aaaa", words=("url.model-realtime",), timeout=2.0)
    report = check(replace(asked, route=RouteAsked(**more)))
    return {rung.rung: rung for rung in report.ladder}


def test_the_rungs_up_to_http_take_one_connection_and_the_socket_another(localhost_tls):
    ca_file, context = localhost_tls
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


def test_a_server_that_hangs_up_after_tls_is_asked_anew(localhost_tls):
    ca_file, context = localhost_tls
    with serving(gone_once("closes"), context) as port:
        ladder = rungs(f"https://localhost:{port}/v1", ca_file=ca_file)
    assert ladder["tls"].verdict == "pass"
    assert ladder["http"].outcome.http_status == 401, "the first connection was gone, the second was asked"


@pytest.mark.parametrize("how", ["closes", "resets"])
def test_a_server_that_hangs_up_on_the_first_connection_is_asked_anew(how):
    with serving(gone_once(how)) as port:
        ladder = rungs(f"http://127.0.0.1:{port}/v1")
    assert ladder["http"].outcome.http_status == 401


def test_without_checks_what_is_asked_goes_over_a_connection_that_was_made_without(localhost_tls):
    _, context = localhost_tls
    handle, _ = asking()
    with serving(handle, context) as port:
        ladder = rungs(f"https://localhost:{port}/v1", insecure=True)
    assert ladder["http"].outcome.http_status == 401
    assert ladder["tls"].verdict == "warn"
