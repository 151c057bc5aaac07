"""What a client asks for, read from a text: URLs, and what its code or command line sends."""

import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import unquote_plus

from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.patterns import line_of
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.model.exchange import Request

_URL = r"""\b(?:wss?|https?)://[^\s"'`<>|\\)\]]{3,600}"""
_PARTS = r"(?P<scheme>\w+)://(?P<host>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?"
_BASE = r"^(?:/[\w.-]+)*?/v\d+(?=/)"  # /v1, or /openai/v1 on Azure: where the API begins
_REST = r"(?<=/realtime)/(?:transcription_sessions|sessions|client_secrets|calls)/?$"
_COMMENT = r"^\s*(?://|#(?!\[)|--|\*\s)|(?<![:\w])//"


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    """Compiled when it is first needed: most texts need few."""
    return re.compile(expression, re.IGNORECASE)


def look_for_urls(block: Block) -> Iterator[Sighting]:
    """The URLs that have to do with a realtime socket."""
    place = block.lower.find("://")
    while place >= 0:
        found = _compiled(_URL).search(block.text, max(0, place - 6), min(len(block.text), place + 620))
        if found and found.start() < min(place + 1, block.until):
            url = found.group(0).replace("*", "").rstrip(".,;:!?}")
            if "realtime" in url.lower() or url.lower().startswith("ws"):
                at = block.start + found.start()
                line = line_of(block.text, found.start(), found.end())
                yield Sighting("URL", at, block.start + found.end(), url, line, url=url)
        place = block.lower.find("://", place + 3)


def request_of(url: str, *, secret: bool = False, beta: bool = False) -> Request:
    """A URL as the request that it makes. `path` is what follows the API's base, as in a Target."""
    found = _compiled(_PARTS).match(url)
    path = found.group("path") if found else url.partition("?")[0]
    query = (found.group("query") if found else url.partition("?")[2]) or ""
    pairs = tuple(
        (unquote_plus(name), unquote_plus(value))
        for name, _, value in (pair.partition("=") for pair in query.split("&"))
    )
    return Request(
        url,
        _compiled(_BASE).sub("", path),
        query=tuple(pair for pair in pairs if pair[0]),
        credential="secret" if secret else "none",
        beta=beta,
    )


def mended(request: Request) -> Request:
    """The request with a REST path cut back to the socket's, so that its query can be judged, too."""
    address, mark, query = request.url.partition("?")
    return Request(
        _compiled(_REST).sub("", address) + mark + query,
        _compiled(_REST).sub("", request.path),
        request.query,
        credential=request.credential,
    )


def commented(block: Block, place: int) -> bool:
    """True where a place stands behind a comment mark on its line: what is commented out is not sent."""
    low = block.text.rfind("\n", 0, place) + 1
    return _compiled(_COMMENT).search(block.text[max(low, place - 200) : place]) is not None
