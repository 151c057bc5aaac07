"""How the endpoint is reached: from flags and environment to a Route and its TLS context."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal
from urllib import request
from urllib.parse import urlsplit

from rtdoctor.model.target import BadTarget, Route, Target, is_address, parse_pinned, parse_proxy
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.secret import Secret
from rtdoctor.wire.tls import BadCertificateFile, context_for, read_pem

DIRECT = "none"  # --proxy none: straight, whatever the environment says


@dataclass(frozen=True, slots=True)
class RouteAsked:
    """The flags that say how to get there, as they were given."""

    ca_file: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    proxy: str | None = None
    ipv4: bool = False
    ipv6: bool = False
    resolve: tuple[str, ...] = ()
    insecure: bool = False
    send_key: bool = False


DEFAULT_ROUTE = RouteAsked()


def route_to(target: Target, asked: RouteAsked) -> tuple[Route, tuple[str, ...]]:
    """The route to a target, and sentences about what the environment had a say in.

    Raises:
        Usage: a flag or variable cannot be used.
    """
    if asked.ipv4 and asked.ipv6:
        raise Usage("-4 and -6 were given; one of them is enough")
    if asked.key and not asked.cert:
        raise Usage("--key is the key of a client certificate and wants --cert; the API key comes by --key-file")
    if asked.send_key and not asked.insecure:
        raise Usage("--insecure-send-key is for use with --insecure")
    family: Literal[4, 6] | None = 4 if asked.ipv4 else 6 if asked.ipv6 else None
    if family and is_address(target.host) and (":" in target.host) != (family == 6):
        raise Usage("-{} and the address {} do not go together", family, target.host)
    notices: list[str] = []
    try:
        proxy, source = _proxy(target, asked.proxy, notices)
        pinned = tuple(parse_pinned(item) for item in asked.resolve)
    except BadTarget as error:
        raise Usage("{}", error) from error
    through = urlsplit(proxy or "").hostname or ""
    if family and is_address(through) and (":" in through) != (family == 6):
        raise Usage("-{} and the proxy's address {} do not go together", family, through)
    if pinned and proxy:
        notices.append("--resolve says nothing about the endpoint here: the proxy resolves its name.")
    bundle, roots = _roots(os.environ) if target.tls else (None, ())
    return (
        Route(
            ca_file=str(asked.ca_file) if asked.ca_file else None,
            proxy=proxy,
            proxy_from=source,
            ca_bundle=bundle,
            cert=str(asked.cert) if asked.cert else None,
            cert_key=str(asked.key) if asked.key else None,
            family=family,
            pinned=pinned,
            insecure=asked.insecure,
            roots=roots,
        ),
        (*notices, *roots),
    )


def tls_context(route: Route) -> ssl.SSLContext:
    """The TLS context of a route; the client's private key is kept from every output.

    Raises:
        Usage: a certificate or key file cannot be used.
    """
    try:
        context = context_for(route)
        if holder := route.cert_key or route.cert:
            keep([Secret(read_pem(holder).decode("latin-1"), "client-key", holder)])
        return context
    except BadCertificateFile as error:
        named = "REQUESTS_CA_BUNDLE: " if route.ca_bundle and str(error).startswith(route.ca_bundle) else ""
        raise Usage("{}{}", named, error) from error


def _proxy(target: Target, asked: str | None, notices: list[str]) -> tuple[str | None, str]:
    if asked == DIRECT:
        return None, ""
    if asked:
        return parse_proxy(asked), "--proxy"
    known = request.getproxies_environment()
    kind = next((kind for kind in ("https" if target.tls else "http", "all") if kind in known), None)
    if kind is None:
        return None, ""
    variable = next((n for n in (f"{kind}_proxy", f"{kind}_proxy".upper()) if os.environ.get(n)), kind)
    bypassed = request.proxy_bypass_environment(f"{target.host}:{target.port}", known)  # type: ignore[attr-defined]
    if bypassed or _in_network(target.host, known.get("no", "")):
        notices.append(f"{variable} is set, and NO_PROXY names {target.host}: it goes directly.")
        return None, ""
    try:
        return parse_proxy(known[kind], variable), variable
    except BadTarget as error:
        raise BadTarget("{}; --proxy {} goes directly", error, DIRECT) from error


def _in_network(host: str, no_proxy: str) -> bool:
    """True when NO_PROXY holds a network (10.0.0.0/8) that an address lies in, as Go's and curl's clients read it."""
    if not is_address(host):
        return False
    for entry in no_proxy.split(","):
        try:
            if "/" in entry and ip_address(host) in ip_network(entry.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False


def _roots(environment: Mapping[str, str]) -> tuple[str | None, tuple[str, ...]]:
    """REQUESTS_CA_BUNDLE, trusted beside the rest, and what is to be said of the roots; what SSL_CERT_FILE says,
    OpenSSL does itself."""
    notices: list[str] = []
    named = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environment.get(name)]
    missing = [name for name in named if not os.path.exists(environment[name])]
    notices += [f"The trusted roots are those of {name}, which does not exist." for name in missing]
    if there := [name for name in named if name not in missing]:
        notices.append(f"The trusted roots are those of {' and '.join(there)}.")
    bundle = environment.get("REQUESTS_CA_BUNDLE") or None
    if bundle:
        notices.append("REQUESTS_CA_BUNDLE is trusted, too.")
    return bundle, tuple(notices)
