"""The rungs below HTTP: name, TCP, TLS; straight, or by a proxy."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import replace

from rtdoctor.diagnose import lower_rungs as judges
from rtdoctor.engine.setup import Bench
from rtdoctor.model.exchange import Exchange, Fault
from rtdoctor.model.finding import Finding, left_out
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.report import Rung
from rtdoctor.model.target import is_address
from rtdoctor.privacy.quote import redact
from rtdoctor.wire.dns import resolve
from rtdoctor.wire.link import Link
from rtdoctor.wire.proxy import TunnelRefused, open_tunnel
from rtdoctor.wire.tcp import Stream, connect
from rtdoctor.wire.tls import Opener, Secured, context_for, secure

# What plain HTTP gets from a port that speaks TLS: anything but an answer.
_NO_ANSWER = frozenset(("not-http", "disconnected", "reset", "broken"))
_ANSWERED = frozenset(("untrusted", "hostname", "expired", "client-certificate"))


async def reach(bench: Bench) -> AsyncGenerator[Rung, None]:
    """The rungs below HTTP: name, TCP, TLS. Ends at a dead one.

    By a proxy, the first two are about the proxy: it resolves the endpoint's name itself, and its tunnel is what stands
    for the TCP connection. TLS goes through the tunnel, so the certificate is the one that the client would see.

    One connection climbs them, and the first request goes over it: a server is not met by two that say nothing.
    """
    choice, target = bench.choice, bench.choice.target
    route = target.route
    host, port = route.proxy_address if route.proxy else (target.host, target.port)
    layers: list[tuple[str, float]] = []
    started = time.monotonic()
    if is_address(host):
        addresses: tuple[str, ...] = (host,)
        whose = redact(f"the proxy {host}" if route.proxy else host)
        yield rung_of("dns", left_out(f"does not apply: {whose} is an address"))
    else:
        resolved = await resolve(host, port, choice.timeout, route)
        addresses = resolved.addresses
        fault = resolved.fault
        if fault and route.proxy:
            fault = Fault("tcp", "proxy-absent", f"the proxy's name does not resolve: {fault.text}")
        named = rung_of("dns", judges.judge_addresses(host, addresses, fault, given=resolved.given), started)
        layers.append(("dns", _since(started)))
        yield named
        if named.dead:
            return

    started = time.monotonic()
    connected = await connect(addresses, port, choice.timeout)
    judged = judges.judge_connection(connected.address, connected.failed, connected.fault, route.proxy is not None)
    layers.append(("tcp", _since(started)))
    address = connected.address or ""
    link = bench.http.adopt(connected.stream) if connected.stream is not None else None
    if route.proxy and connected.stream is not None:
        asked = time.monotonic()
        judged = await _tunnel(bench, address, connected.stream, judged)
        layers.append(("proxy", _since(asked)))
    open_port = rung_of("tcp", judged, started)
    yield open_port
    if open_port.dead or link is None:
        return

    if not target.tls:
        yield rung_of("tls", left_out("does not apply: plain http"))
    else:
        started = time.monotonic()
        secured, judged = await _tls(bench, address, link)
        layers.append(("tls", secured.ms or 0.0))
        took = secured.ms if secured.ms is not None else _since(started)
        yield replace(rung_of("tls", judged), ms=round(took, 1))
        if secured.stream is None:
            return
    link.layers = tuple(layers)
    if target.tls or not route.proxy:  # a proxy takes plain requests itself, and no tunnel
        bench.http.keep_ready(link, target.host, target.port, secured=target.tls)
    else:
        link.abort()


def _since(started: float) -> float:
    return (time.monotonic() - started) * 1000


async def _tunnel(bench: Bench, address: str, stream: Stream, judged: Finding) -> Finding:
    """The finding of the TCP rung, after the proxy was asked for a tunnel."""
    choice, target = bench.choice, bench.choice.target
    try:
        await open_tunnel(address, target.route, target.host, target.port, choice.timeout, stream)
    except TunnelRefused as refused:
        return judges.judge_tunnel(target.route, refused.fault)
    return replace(
        judged, summary=f"a tunnel by the proxy {redact(target.route.proxy_host)} ({target.route.proxy_from})"
    )


def _opener(bench: Bench, address: str, standing: Stream | None = None) -> Opener:
    """How connections are opened on which TLS can begin: the first is the one that stands, where one does; any other
    leads straight to the address, or through the proxy there."""
    choice, target = bench.choice, bench.choice.target
    first = [standing] if standing is not None else []

    async def opened() -> Stream:
        if first:
            return first.pop()
        if target.route.proxy:
            return await open_tunnel(address, target.route, target.host, target.port, choice.timeout)
        return await asyncio.open_connection(address, target.port)

    return opened


async def _tls(bench: Bench, address: str, link: Link) -> tuple[Secured, Finding]:
    choice, target = bench.choice, bench.choice.target
    # What --insecure leaves unchecked is still looked at, so that the report can say what would be wrong.
    insecure = target.route.insecure
    context = context_for(replace(target.route, insecure=False)) if insecure else bench.http.context
    standing = (link.reader, link.writer)
    secured = await secure(_opener(bench, address, standing), target.host, context, choice.timeout, keep=True)
    judged = judges.judge_certificate(
        secured.certificate, secured.version, secured.fault, bench.clock.now(), target, secured.sent
    )
    if judged.verdict != "pass":
        judged = replace(judged, facts=(*judged.facts, *target.route.roots))  # what an untrusted chain turns on
    return secured, judges.judge_unchecked(judged, secured.fault) if insecure else judged


async def tell_tls_port(bench: Bench, exchange: Exchange) -> Exchange:
    """The exchange with its fault named, where plain HTTP got no answer because the port speaks TLS: one TLS handshake
    tells."""
    choice, target = bench.choice, bench.choice.target
    fault = exchange.fault
    if fault is None or fault.kind not in _NO_ANSWER or target.tls or target.route.proxy:
        return exchange
    resolved = await resolve(target.host, target.port, choice.timeout, target.route)
    connected = await connect(resolved.addresses, target.port, choice.timeout)
    if connected.address is None:
        return exchange
    secured = await secure(
        _opener(bench, connected.address, connected.stream), target.host, context_for(target.route), choice.timeout
    )
    if secured.fault is not None and secured.fault.kind not in _ANSWERED:
        return exchange
    text = "the port speaks TLS, and the URL says plain http: use https:// (wss:// for the socket)"
    return replace(exchange, fault=Fault(fault.layer, "tls-port", text))


def rung_of(
    name: str,
    judged: Finding,
    started: float | None = None,
    dead: bool | None = None,
    outcome: Outcome | None = None,
) -> Rung:
    """A rung that was judged; `started` is the monotonic time at its beginning. One that failed is dead if not said."""
    failed = judged.verdict in ("fail", "inconclusive")
    ms = round((time.monotonic() - started) * 1000, 1) if started is not None else None
    return Rung(name, judged, ms, failed if dead is None else dead, outcome=outcome)
