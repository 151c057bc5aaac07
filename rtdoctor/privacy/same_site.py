"""Whether a request to a server of ours comes from its user: neither a page of a browser nor a foreign name that was
made to point to this machine (DNS rebinding) may reach what such a server holds."""

import ipaddress
from collections.abc import Collection, Iterable

from rtdoctor.linear import pattern

_PLACE = pattern(r"(?P<name>[A-Za-z0-9._\-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?")
_ORIGIN = pattern(r"https?://(?P<place>[^/?#@\s]{1,260})")
_OF_BROWSERS = ("host", "origin", "sec-fetch-site")


def is_ours(
    headers: Iterable[tuple[str, str]], names: Collection[str] = (), *, port: int | None = None, navigates: bool = False
) -> bool:
    """True for a request by a name of this machine, or one of `names` (hosts or addresses, without a port), that no
    foreign page makes.

    Its Host is one of those, and so is its Origin, where it has one: a page of this machine's own may ask. Without an
    Origin a browser must not call it another site's, unless it `navigates`. With a `port` both have it.
    """
    sent: dict[str, list[str]] = {name: [] for name in _OF_BROWSERS}
    for name, value in headers:
        if (small := name.lower()) in sent:
            sent[small].append(value.strip())
    if any(len(values) > 1 for values in sent.values()) or not sent["host"]:
        return False
    known = {_plain(name) for name in names}
    if not _is_known(sent["host"][0], known, port):
        return False
    if sent["origin"]:
        origin = _ORIGIN.fullmatch(sent["origin"][0])
        return origin is not None and _is_known(origin.text("place"), known, port)
    return navigates or not sent["sec-fetch-site"] or sent["sec-fetch-site"][0] in ("none", "same-origin")


def _is_known(place: str, names: Collection[str], port: int | None) -> bool:
    match = _PLACE.fullmatch(place)
    if match is None or (port is not None and (match.group("port") is None or match.text("port") != str(port))):
        return False
    name = _plain(match.text("name"))
    return name in names or name == "localhost" or _is_loopback(name)


def _plain(name: str) -> str:
    """A name in one form: small, without a last dot; an address as it is written usually."""
    text = name.lower().strip("[]").partition("%")[0].removesuffix(".")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
