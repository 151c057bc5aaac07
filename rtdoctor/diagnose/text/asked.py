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
_IN_PARTS = pattern(
    r"""["'`](?P<host>api\.openai\.com|[\w.-]{1,80}\.openai\.azure\.com)["'`](?s:.{0,160}?)"""
    r"""["'`](?P<path>/(?:openai/)?(?:v1/)?realtime[^\s"'`]{0,200})["'`]"""
)
_COMMENT_MOST = 4_000  # characters of a comment before a place in it
# A declaration that the file keeps to itself, up to the quote of its text.
_HELD = pattern(
    r"^\s*(?:(?:const|let|var|val|final|static|private|readonly|auto|char|string|String|std::string|constexpr|def|&str)[\s*&]+)*"
    r"\$?(?P<name>[A-Za-z_]\w{0,60})(?:\[\])?(?: ?: ?[&'\w<>]{1,30})?\s*:?=\s*[\"'`]"
)
_ENDS = pattern(r"[\"'`]\s{0,9};?[ \t]*(?:(?://|#)[^\n]*)?(?:\n|$)")
_HEAD = 2_000  # characters after a request's first line in which its headers stand
_COMMENT = pattern(r"^\s*(?://|#(?:[^\[]|$)|--|\*\s)|(?:^|[^:\w])//")


def look_for_urls(block: Block) -> Iterator[Sighting]:
    """The URLs that have to do with a realtime socket."""
    place = block.lower.find("://")
    while 0 <= place < block.until + len("https"):
        start = _scheme(block.lower, place)
        rest = _REST_OF_URL.match(block.text, place + 3, block.flat) if start is not None else None
        if start is not None and rest and start < block.until:
            written = _before_prose(block.text[start : rest.end()]).rstrip("*.,;:!?}")
            url = written.replace("*", "")
            if "realtime" in url.lower() or url.lower().startswith("ws"):
                line = line_of(block.text, start, rest.end())
                yield Sighting("URL", block.start + start, block.start + start + len(written), url, line, url=url)
        place = block.lower.find("://", place + 3)
    yield from _look_for_request_lines(block)
    yield from _look_for_parts(block)


def _before_prose(url: str) -> str:
    """A URL without what a sentence in a script without spaces goes on with. A blot is no letter."""
    if url.isascii():
        return url
    end = next((place for place, char in enumerate(url) if not char.isascii() and char.isalnum()), len(url))
    return url[:end]


def _look_for_request_lines(block: Block) -> Iterator[Sighting]:
    """The first lines of requests as they go over the wire, and as curl -v prints them, with their Host."""
    if " http/1." not in block.lower:
        return
    for match in _REQUEST_LINE.finditer(block.text, flattened=block.flat):
        path = match.text("path")
        if "realtime" not in path.lower() or not 0 <= match.start() < block.until:
            continue
        head = block.text[match.end() : match.end() + _HEAD].partition("\n\n")[0]
        host = _HOST_LINE.search(head)
        upgrade = "websocket" in head.lower()
        url = f"wss://{host.text('host')}{path}" if host and upgrade else path
        start, end = block.start + match.start("path"), block.start + match.end("path")
        yield Sighting("URL", start, end, path, line_of(block.text, match.start(), match.end()), url=url)


def _look_for_parts(block: Block) -> Iterator[Sighting]:
    """URLs that code puts together from a host and a path, as constructors of URLs and sockets take them."""
    if "openai" not in block.lower:
        return
    for match in _IN_PARTS.finditer(block.text, flattened=block.flat):
        start, end = match.start("path"), match.end("path")
        if 0 <= start < block.until:
            url = f"wss://{match.text('host')}{match.text('path')}"
            line = line_of(block.text, start, end)
            yield Sighting("URL", block.start + start, block.start + end, match.text("path"), line, url=url)


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
    """True where a place stands behind a comment mark on its line, or inside of a comment or a docstring of several
    lines: what is commented out is not sent."""
    before = max(0, place - 200)
    low = max(before, block.text.rfind("\n", before, place) + 1)
    return _COMMENT.search(block.text[low:place]) is not None or _in_a_comment(block.text, place)


def _in_a_comment(text: str, place: int) -> bool:
    low = max(0, place - _COMMENT_MOST)
    for opening, closing in (("/*", "*/"), ("<!--", "-->"), ("=begin", "=end")):
        start = text.rfind(opening, low, place)
        if start >= 0 and _first_on_its_line(text, start) and text.rfind(closing, start, place) < 0:
            return True
    for quotes in ('"""', "'''"):
        marks = text.count(quotes, low, place)
        if marks % 2 and _first_on_its_line(text, text.rfind(quotes, low, place)):
            return True
    return False


def _first_on_its_line(text: str, place: int) -> bool:
    return not text[text.rfind("\n", 0, place) + 1 : place].strip()


def unused(text: str, start: int, end: int) -> bool:
    """True where a part of a file of code is a text that a variable of its own holds, and that nothing reads."""
    match = _HELD.match(text[text.rfind("\n", 0, start) + 1 : start])
    if match is None or _ENDS.match(text, end) is None:
        return False
    name = match.text("name")
    return sum(1 for _ in pattern(rf"(?:^|[^\w]){name}(?:[^\w]|$)").finditer(text)) == 1
