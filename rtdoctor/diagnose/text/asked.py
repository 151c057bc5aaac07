"""What a client asks for, read from a text: URLs, and what its code or command line sends."""

from collections.abc import Iterator

from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.patterns import line_of
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.linear import pattern
from rtdoctor.model.exchange import Request
from rtdoctor.model.url import socket_address, split_url

_SCHEMES = ("wss", "ws", "https", "http")
_REST_OF_URL = pattern(r"""[^\s"'`<>|\\)\]]{3,600}""")
_REQUEST_LINE = pattern(r"(?m)^[>\s*]{0,4}GET (?P<path>/\S{1,600}) HTTP/1[.]\d[ \r]*$")
_HOST_LINE = pattern(r"(?im)^[>\s*]{0,4}host: *(?P<host>[^\s/]{1,253})")
_HEAD = 2_000  # characters after a request's first line in which its headers stand
_COMMENT = pattern(r"^\s*(?://|#(?:[^\[]|$)|--|\*\s)|(?:^|[^:\w])//")


def look_for_urls(block: Block) -> Iterator[Sighting]:
    """The URLs that have to do with a realtime socket."""
    place = block.lower.find("://")
    while 0 <= place < block.until + len("https"):
        start = _scheme(block.lower, place)
        rest = _REST_OF_URL.match(block.text, place + 3, block.flat) if start is not None else None
        if start is not None and rest and start < block.until:
            written = block.text[start : rest.end()].rstrip("*.,;:!?}")
            url = written.replace("*", "")
            if "realtime" in url.lower() or url.lower().startswith("ws"):
                line = line_of(block.text, start, rest.end())
                yield Sighting("URL", block.start + start, block.start + start + len(written), url, line, url=url)
        place = block.lower.find("://", place + 3)
    yield from _look_for_request_lines(block)


def _look_for_request_lines(block: Block) -> Iterator[Sighting]:
    """The first lines of requests as they go over the wire, and as curl -v prints them, with their Host."""
    if " http/1." not in block.lower:
        return
    for found in _REQUEST_LINE.finditer(block.text, flattened=block.flat):
        path = found.text("path")
        if "realtime" not in path.lower() or not 0 <= found.start() < block.until:
            continue
        head = block.text[found.end() : found.end() + _HEAD].partition("\n\n")[0]
        host = _HOST_LINE.search(head)
        upgrade = "websocket" in head.lower()
        url = f"wss://{host.text('host')}{path}" if host and upgrade else path
        start, end = block.start + found.start("path"), block.start + found.end("path")
        yield Sighting("URL", start, end, path, line_of(block.text, found.start(), found.end()), url=url)


def _scheme(lower: str, place: int) -> int | None:
    """Where the scheme begins that ends at a place; None where none of a socket's or of HTTP's does."""
    for name in _SCHEMES:
        start = place - len(name)
        if lower.startswith(name, max(0, start), place) and not _of_word(lower[max(0, start - 1) : max(0, start)]):
            return start
    return None


def _of_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def request_of(url: str, *, secret: bool = False, beta: bool = False) -> Request:
    """A URL as the request that it makes. `path` is what follows the API's base, as in a Target."""
    parts = split_url(url)
    credential = "secret" if secret else "none"
    return Request(url, parts.path, query=parts.query, credential=credential, beta=beta)


def mended(request: Request) -> Request:
    """The request with a REST path cut back to the socket's, so that its query can be judged, too."""
    address, mark, query = request.url.partition("?")
    url, path = socket_address(address) + mark + query, socket_address(request.path)
    return Request(url, path, request.query, credential=request.credential)


def commented(block: Block, place: int) -> bool:
    """True where a place stands behind a comment mark on its line: what is commented out is not sent."""
    before = max(0, place - 200)
    low = max(before, block.text.rfind("\n", before, place) + 1)
    return _COMMENT.search(block.text[low:place]) is not None
