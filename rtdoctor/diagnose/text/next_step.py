"""The one thing to do after an explanation: a command that can be pasted, where there is one."""

from collections.abc import Sequence

from rtdoctor.knowledge.causes import UNKNOWN
from rtdoctor.model.finding import Finding
from rtdoctor.model.url import split_url
from rtdoctor.privacy.blot import shown
from rtdoctor.privacy.quote import quote

_KEY = "-H 'Authorization: Bearer $OPENAI_API_KEY'"
_ASK = "'wss://HOST/PATH?QUERY'"


def next_step(findings: Sequence[Finding], urls: Sequence[str], *, asked: bool = False) -> str:
    """What to run or do next: a command, three spaces, # and what it does. `urls` are those of sockets in the text; the
    first one is asked. Where nothing is wrong, only code that was not run yet (`asked`) has a step."""
    if not findings:
        return f"rtdoctor probe {_quoted(urls[0])} {_KEY}   # asks the server itself" if asked and urls else ""
    first = findings[0].cause or UNKNOWN
    layer = first.partition(".")[0]
    if first == "usage.url-scheme" and (mended := _mended(findings[0])):
        urls = [mended]
    url = _quoted(urls[0]) if urls else _ASK
    if first == UNKNOWN:
        return f"rtdoctor probe {url} {_KEY}   # shows status, headers, body, first event and close"
    if layer == "network":
        base = _base(urls[0]) if urls else "wss://HOST/v1"
        return f"rtdoctor check --target {base} --tag smoke   # climbs from DNS to the first event"
    if layer in ("refused", "auth", "session", "peer", "close", "usage"):
        return f"rtdoctor probe {url} {_KEY} --fix   # asks as you did, and finds the smallest change that works"
    if layer == "audio":
        return "rtdoctor validate session.jsonl   # judges a recording of the events, both ways"
    return "rtdoctor check --tag smoke   # says whether a session opens now"


def _mended(finding: Finding) -> str:
    """The URL as it should be, so that no key is sent in the clear; empty where it is not known."""
    place = next((place for place in finding.places if place.instead), None)
    if place is None:
        return ""
    after = len(place.source) - place.column - place.length
    url = place.instead[place.column : len(place.instead) - after]
    return url if url.startswith("wss://") else ""


def _quoted(url: str) -> str:
    """A URL for a shell, with nothing secret and nothing that a shell would read."""
    plain = quote(shown(url))
    return "'" + "".join(char for char in plain if char.isprintable() and char not in "'\\") + "'"


def _base(url: str) -> str:
    parts = split_url(url)
    return _quoted(parts.base if parts.path.startswith("/realtime") else parts.base + parts.path)
