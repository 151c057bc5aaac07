"""A name's addresses are those of the route: --resolve before the resolver, one family only, and no waiting for a
resolver that hangs."""

import asyncio
import socket
import threading
import time

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from rtdoctor.model.exchange import Request
from rtdoctor.model.target import Pinned, Route
from rtdoctor.wire.dns import resolve
from rtdoctor.wire.http import open_session, rest
from rtdoctor.wire.tls import context_for

BOTH = Route(pinned=(Pinned("api.example", 443, ("192.0.2.7", "2001:db8::7")),))


@pytest.fixture
def asked(monkeypatch):
    """Every name that the system's resolver is asked for; it knows two.example with an address of each family."""
    names = []
    true = socket.getaddrinfo

    def answer(host, port, family=0, type=0, proto=0, flags=0):
        names.append(host)
        if host != "two.example":
            return true(host, port, family, type, proto, flags | socket.AI_NUMERICHOST)
        entries = [(socket.AF_INET6, ("2001:db8::9", port, 0, 0)), (socket.AF_INET, ("192.0.2.9", port))]
        return [(kind, type, 6, "", to) for kind, to in entries if family in (0, kind)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return names


async def test_the_addresses_of_resolve_are_used_and_the_name_is_not_asked_for(asked):
    found = await resolve("API.example", 443, 2, BOTH)
    assert (found.addresses, found.given, found.fault) == (("192.0.2.7", "2001:db8::7"), True, None)
    assert "API.example" not in asked
    assert "api.example" not in asked


async def test_another_port_or_host_is_asked_for(asked):
    found = await resolve("two.example", 443, 2, BOTH)
    assert (found.addresses, found.given) == (("2001:db8::9", "192.0.2.9"), False)
    pinned = Route(pinned=(Pinned("two.example", 80, ("127.0.0.1",)),))
    assert (await resolve("two.example", 443, 2, pinned)).addresses == ("2001:db8::9", "192.0.2.9")
    assert asked.count("two.example") == 2


@pytest.mark.parametrize(
    ("family", "plain", "named"), [(4, ("192.0.2.9",), "192.0.2.7"), (6, ("2001:db8::9",), "2001:db8::7")]
)
async def test_one_family_only(asked, family, plain, named):
    assert (await resolve("two.example", 443, 2, Route(family=family))).addresses == plain
    only = Route(pinned=(Pinned("api.example", 443, (named,)),), family=family)
    assert (await resolve("api.example", 443, 2, only)).addresses == (named,)


@pytest.mark.parametrize(("family", "address"), [(4, "::1"), (6, "127.0.0.1")])
async def test_a_name_with_no_address_of_the_family_is_told_so(family, address):
    route = Route(pinned=(Pinned("api.example", 443, (address,)),), family=family)
    found = await resolve("api.example", 443, 2, route)
    assert found.addresses == ()
    assert (found.fault.layer, found.fault.kind) == ("dns", "unresolved")
    assert f"asked for IPv{family} only" in found.fault.text


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "x..example", "\udcff.example"])
async def test_a_name_that_cannot_be_asked_for_is_a_fault(name):
    found = await resolve(name, 443, 2)
    assert (found.addresses, found.fault.layer, found.fault.kind) == ((), "dns", "unresolved")


def test_a_resolver_that_hangs_times_out_and_holds_up_nothing(monkeypatch):
    release = threading.Event()
    threads = []

    def hang(*_arguments, **_more):
        threads.append(threading.current_thread())
        release.wait(30)
        raise socket.gaierror(socket.EAI_NONAME, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    found = asyncio.run(resolve("slow.example", 443, 0.1))
    took = time.monotonic() - started
    try:
        assert (found.fault.layer, found.fault.kind) == ("dns", "timeout")
        assert "within 0.1 s" in found.fault.text
        assert took < 2, "the loop does not join the thread"
        assert threads[0].is_alive()
        assert threads[0].daemon
    finally:
        release.set()
        threads[0].join(10)  # its answer comes to a loop that is closed, and is no error
    assert not threads[0].is_alive()


async def test_an_answer_that_comes_too_late_is_no_error(monkeypatch):
    release = threading.Event()
    threads = []

    def hang(*_arguments, **_more):
        threads.append(threading.current_thread())
        release.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    assert (await resolve("slow.example", 443, 0.05)).fault.kind == "timeout"
    release.set()
    threads[0].join(10)
    await asyncio.sleep(0)


async def test_a_request_goes_to_the_pinned_address_with_the_name_in_its_host_header(asked):
    hosts = []

    async def serve(request):
        hosts.append(request.headers["Host"])
        return web.Response(text="here")

    app = web.Application()
    app.router.add_get("/", serve)
    async with TestServer(app) as server:
        route = Route(pinned=(Pinned("api.example", server.port, ("127.0.0.1",)),))
        authority = f"api.example:{server.port}"
        url = f"http://{authority}/"
        async with open_session(context_for(route), route) as http:
            done = await rest(http, "GET", url, request=Request(url, "/"), headers={}, timeout=3)
    assert (done.answer.status, done.answer.body) == (200, b"here")
    assert hosts == [authority]
    assert "api.example" not in asked


async def test_a_request_to_a_name_without_addresses_is_a_fault_of_dns():
    route = Route(pinned=(Pinned("api.example", 80, ("127.0.0.1",)),), family=6)
    async with open_session(context_for(route), route) as http:
        done = await rest(
            http, "GET", "http://api.example/", request=Request("http://api.example/", "/"), headers={}, timeout=3
        )
    assert (done.fault.layer, done.fault.kind) == ("dns", "unresolved")
