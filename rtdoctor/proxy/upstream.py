"""The way to the upstream: one connection, TCP and TLS, or the fault that stood in its way."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from rtdoctor.model.exchange import Fault
from rtdoctor.model.target import Target, is_address
from rtdoctor.privacy.errors import reason_of
from rtdoctor.wire.dns import resolve
from rtdoctor.wire.proxy import TunnelRefused, open_tunnel
from rtdoctor.wire.tcp import kind_of
from rtdoctor.wire.tls import fault_in_tls, secure


class Unreached(Exception):
    """The upstream cannot be reached; it carries the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the connections go. `timeout` in seconds holds for each."""

    target: Target
    context: ssl.SSLContext | None
    timeout: float = 10.0

    async def connect(self, protocol: Callable[[], asyncio.BaseProtocol]) -> asyncio.Transport:
        """Open a connection for the protocol.

        Raises:
            Unreached: it cannot be opened.
        """
        try:
            async with asyncio.timeout(self.timeout):
                if self.target.route.proxy:
                    return await self._by_proxy(protocol)
                return await self._straight(protocol)
        except TimeoutError as error:
            text = f"no connection to {self.target.host} port {self.target.port} within {self.timeout:g} s"
            raise Unreached(Fault("tls" if self.target.tls else "tcp", "timeout", text)) from error

    async def _straight(self, protocol: Callable[[], asyncio.BaseProtocol]) -> asyncio.Transport:
        target = self.target
        addresses: tuple[str, ...] = (target.host,)
        if not is_address(target.host) or target.route.addresses_of(target.host, target.port):
            resolved = await resolve(target.host, target.port, self.timeout, target.route)
            if resolved.fault is not None:
                raise Unreached(resolved.fault)
            addresses = resolved.addresses
        fault = Fault("tcp", "unreachable", "there is no address to connect to")
        loop = asyncio.get_running_loop()
        named = target.host if self.context else None
        for address in addresses:
            try:
                transport, _ = await loop.create_connection(
                    protocol, address, target.port, ssl=self.context, server_hostname=named
                )
            except ssl.SSLCertVerificationError as error:
                raise Unreached(await self._why(address, error)) from error
            except (ssl.SSLError, ConnectionResetError) as error:
                if self.context is None:
                    raise Unreached(Fault("tcp", "reset", f"{address} port {target.port}: connection reset")) from error
                raise Unreached(fault_in_tls(error)) from error
            except OSError as error:
                fault = Fault("tcp", kind_of(error), f"{address} port {target.port}: {reason_of(error)}")
            else:
                return transport
        raise Unreached(fault)

    async def _why(self, address: str, error: ssl.SSLCertVerificationError) -> Fault:
        """What is wrong with the certificate: whose it is, and since when it is over."""
        assert self.context is not None
        port = self.target.port
        secured = await secure(
            lambda: asyncio.open_connection(address, port), self.target.host, self.context, self.timeout
        )
        return secured.fault or fault_in_tls(error)

    async def _by_proxy(self, protocol: Callable[[], asyncio.BaseProtocol]) -> asyncio.Transport:
        target, route = self.target, self.target.route
        host, port = route.proxy_address
        resolved = await resolve(host, port, self.timeout, route)
        if resolved.fault is not None or not resolved.addresses:
            why = "its name does not resolve" if resolved.fault is None else resolved.fault.text
            raise Unreached(Fault("tcp", "proxy-absent", f"the proxy cannot be reached: {why}"))
        try:
            _, writer = await open_tunnel(resolved.addresses[0], route, target.host, target.port, self.timeout)
        except TunnelRefused as error:
            raise Unreached(error.fault) from error
        # The streams end with their own transport; the connection goes on with another.
        held = cast(socket.socket, writer.get_extra_info("socket")).dup()
        writer.transport.abort()
        name = target.host if self.context else None
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_connection(protocol, sock=held, ssl=self.context, server_hostname=name)
        except OSError as error:
            held.close()
            raise Unreached(fault_in_tls(error)) from error
        return transport

    async def reach(self) -> None:
        """Open a connection and close it again.

        Raises:
            Unreached: it cannot be opened.
        """
        (await self.connect(asyncio.Protocol)).close()
