"""What the text around a sighting says of it: whose leg it is, whether something near it tells more."""

from collections.abc import Iterator

from rtdoctor.diagnose.text.asked import commented
from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.linear import pattern

_PROXY_NEAR = 600  # characters around a proxy's refusal in which its answer may be shown
_SAME_FAULT = 900  # characters within which two sayings about TLS are of one handshake
_SAME_LINE = 300  # characters
_OBJECT = 1_500  # characters before a field in which its object says whose event it is
# Of one TLS handshake: what says only that it failed, what says that the chain is not trusted, and what says why.
_TLS_ORDER = {"failed": 0, "untrusted": 1}
_TLS_WHY = 2
_ACCESS_LINE = pattern(r"(?i)[\"'](?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS) (?P<path>/\S*) HTTP/\d")
_SOCKET_PATH = pattern(r"(?i)realtime|/ws\b|socket|/live\b")
_OF_A_TEST = pattern(
    r"(?i)^\s*(?:assert\b|self\.assert|(?:await )?expect\(|Assert\.|require\.|EXPECT_|ASSERT_|with pytest\.raises)"
)
_ACCESS_LOGS = ("proxy or server access log", "uvicorn access log")
_SERVERS_OWN = pattern(
    r"""(?i)"object["']?\s?[:=]\s?["']realtime\.|["']?type["']?\s?[:=]\s?["'](?:(?:transcription_)?session\.(?:created|updated)|response\.(?:created|done|output\w*|content\w*|audio\w*|text\w*)|conversation\.(?:created|item\.(?:created|added|done)))|event_id["']?\s?[:=]\s?["']event_[A-Za-z0-9]{8}"""
)
_OWN_CLOSE = pattern(r"(?i)sent 100[01] \([^)\n]{1,30}\)[^\n]{0,80}; then $")


def of_the_socket(seen: list[Sighting], block: Block) -> Iterator[Sighting]:
    """The sightings of a window, in its order, without those that the text around them explains away."""
    proxied = [item for item in seen if item.fault in (("proxy", "refused"), ("proxy", "auth"))]
    handshakes = [item for item in seen if item.fault and item.fault[0] == "tls"]
    ended = [item for item in seen if item.fault == ("session", "dropped")]
    telling = [item for item in seen if item.name != "URL" and not _quoted(block, item)]
    for item in seen:
        if (
            not _by_a_proxy(item, proxied)
            and not _told_better(item, handshakes)
            and not (item.fault == ("tcp", "timeout") and _on_the_line_of(handshakes, item, block))
            and not (item.fault == ("tcp", "reset") and _on_the_line_of(ended, item, block))
            and not (item.status == 101 and item.name in _ACCESS_LOGS)  # the leg of who asks this server
            and not _of_another_path(item)
            and not (telling and _quoted(block, item))
            and not (item.field and _received(block, item.at - block.start))
            and not _ended_here(item, block)
        ):
            yield item


def _of_another_path(item: Sighting) -> bool:
    """A status on the line of a server's access log, for a path that is no socket's."""
    if item.status is None or (match := _ACCESS_LINE.search(item.line)) is None:
        return False
    return _SOCKET_PATH.search(match.text("path")) is None


def _quoted(block: Block, item: Sighting) -> bool:
    """True for an answer that is only told of, in a comment of code or by a test."""
    if item.sent or item.field or item.beta or item.coded or item.name == "URL":
        return False  # those are looked at where they are taken
    place = item.at - block.start
    start = block.text.rfind("\n", max(0, place - 200), place) + 1
    line = block.text[start : place + 1]
    return _OF_A_TEST.search(line) is not None or (commented(block, place) and not line.lstrip().startswith(("*", "#")))


def _by_a_proxy(item: Sighting, proxied: list[Sighting]) -> bool:
    """A status by which a proxy refused the tunnel: the service gave none of them."""
    return item.status not in (None, 407) and any(
        abs(item.at - proxy.at) < _PROXY_NEAR and str(item.status) in proxy.line for proxy in proxied
    )


def _told_better(item: Sighting, handshakes: list[Sighting]) -> bool:
    if item.fault is None or item.fault[0] != "tls":
        return False
    rank = _TLS_ORDER.get(item.fault[1], _TLS_WHY)
    return rank < _TLS_WHY and any(
        other.fault is not None
        and _TLS_ORDER.get(other.fault[1], _TLS_WHY) > rank
        and abs(other.at - item.at) < _SAME_FAULT
        for other in handshakes
    )


def _on_the_line_of(earlier: list[Sighting], item: Sighting, block: Block) -> bool:
    """True on the line of a TLS handshake that failed or of a socket that has ended: the connection of TCP stood."""
    return any(
        0 < item.at - other.end < _SAME_LINE
        and block.text.find("\n", other.end - block.start, item.at - block.start) < 0
        for other in earlier
    )


def _received(block: Block, place: int) -> bool:
    """True where a session field stands in an event that a server sent: what it tells is no client's doing."""
    before = block.text[max(0, place - _OBJECT) : place]
    blank = before.rfind("\n\n")
    line_end = block.text.find("\n", place, place + 300)
    after = block.text[place : line_end if line_end >= 0 else place + 300]
    return any(_SERVERS_OWN.search(part) is not None for part in (before[blank + 1 :], after))


def _ended_here(item: Sighting, block: Block) -> bool:
    """True for the answer to a close that this side sent itself, in the normal way."""
    if item.close_code not in (1000, 1001):
        return False
    place = item.at - block.start
    return _OWN_CLOSE.search(block.text[max(0, place - 120) : place]) is not None
