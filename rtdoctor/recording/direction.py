"""Who sent an event: from a field's value, from the marks in a log line, or from the event's name."""

from collections.abc import Container, Iterator

from rtdoctor.linear import Pattern, pattern
from rtdoctor.model.entry import EntryDirection

# Logs are nearly always written by the client, so what it received came from the server.
_SERVER = (
    "server in inbound incoming received receive receiving recv rcvd rx down downstream downlink s2c"
    " from_server server_to_client server->client s->c <- <-- < << <<< ← ⬇ ↓"
)
_CLIENT = (
    "client out outbound outgoing sent send sending tx up upstream uplink c2s from_client"
    " client_to_server client->server c->s -> --> > >> >>> → ⬆ ↑"
)
_WORDS: dict[str, EntryDirection] = {
    **dict.fromkeys(_SERVER.split(), "server"),
    **dict.fromkeys(_CLIENT.split(), "client"),
    **dict.fromkeys(("close", "closed", "websocket.close"), "close"),
}

# Arrows beyond ASCII, as characters that expressions can tell apart.
_ARROWS = "→←⬆⬇↑↓"
_PLAIN_ARROWS = str.maketrans(_ARROWS, "\x01\x02\x03\x04\x05\x06")

_PAIR = pattern(r"(?i)\b(client|server|c|s)\s*(?:-+>|\x01|to)\s*(client|server|c|s)\b")
_ARROW = pattern(r"-{1,2}>|>{2,3}|<-{1,2}|<{2,3}|[\x01-\x06]")
_BESIDE_ARROW = "<=>-"
# the websockets library's own log: "> TEXT '{…}' [37 bytes]"
_TEXT = pattern(r"(?P<arrow>[<>]) TEXT\b")
_PLAIN = pattern(
    r"(?i)\b(?:sent|send|sending|received|receive|receiving|recv|rcvd|inbound|outbound|incoming|outgoing|client|server)\b"
)
# too common in prose to be taken in small letters without brackets
_SHORT = pattern(r"\b(?:IN|OUT|TX|RX|UP|DOWN)\b|[\[(<](?:in|out|tx|rx|up|down)[\])>]|\b(?:in|out|tx|rx)\s*:\s*$")


def direction_of(word: object) -> EntryDirection | None:
    """What a field's value says ("inbound", "send", "<-", "close"); None for anything else."""
    if not isinstance(word, str) or len(word) > 20:
        return None
    if (known := _WORDS.get(word)) is not None:
        return known
    plain = word.strip().lower()
    return _WORDS.get(plain.replace(" ", "_")) or _WORDS.get(plain.replace(" ", ""))


def direction_in_prefix(prefix: str) -> EntryDirection | None:
    """What the text before an event says; None if there is no mark, or if two marks disagree."""
    plain = prefix if prefix.isascii() else prefix.translate(_PLAIN_ARROWS)
    if ("->" in plain or "to" in plain.lower() or plain is not prefix) and (pair := _PAIR.search(plain)):
        first, second = pair[1][0].lower(), pair[2][0].lower()
        return None if first == second else "server" if first == "s" else "client"
    for marks, around in (
        (_arrows(prefix, plain), " \t"),
        (_found(_SHORT, prefix), " \t[]()<>:"),
        (_found(_PLAIN, prefix), ""),
    ):
        directions = {_WORDS.get(mark.strip(around).lower()) for mark in marks}
        if directions:
            return directions.pop() if len(directions) == 1 else None
    return None


def _arrows(prefix: str, plain: str) -> Iterator[str]:
    if plain.isascii() and "<" not in plain and ">" not in plain and plain is prefix:
        return
    for match in _ARROW.finditer(plain):
        start, end = match.span()
        before, after = plain[max(0, start - 1) : start], plain[end : end + 1]
        if not (_joins(before) or (after and after in _BESIDE_ARROW)):
            yield prefix[start:end]
    last = plain.rstrip()
    if last.endswith(("<", ">")) and (len(last) == 1 or last[-2].isspace()):
        yield last[-1]
    if " TEXT" in plain:
        yield from (match["arrow"] for match in _TEXT.finditer(plain) if not _joins(plain[: match.start()][-1:]))


def _joins(before: str) -> bool:
    return bool(before) and (before.isalnum() or before == "_" or before in _BESIDE_ARROW)


def _found(marks: Pattern, text: str) -> Iterator[str]:
    return (match[0] for match in marks.finditer(text))


def infer_direction(name: object, server: Container[str], client: Container[str]) -> EntryDirection | None:
    """Who sends an event of this name, by the caller's two sets of names; None if neither has it or both have
    it.
    """
    if not isinstance(name, str):
        return None
    from_server, from_client = name in server, name in client
    if from_server == from_client:
        return None
    return "server" if from_server else "client"
