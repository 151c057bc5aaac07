"""Who sent an event: from a field's value, from the marks in a log line, or from the event's name."""

import re
from collections.abc import Container

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

_PAIR = re.compile(r"\b(client|server|c|s)\s*(?:-+>|→|to)\s*(client|server|c|s)\b", re.IGNORECASE)
# the last form is the websockets library's own log: "> TEXT '{…}' [37 bytes]"
_ARROW = re.compile(
    r"(?<![\w<=>-])(?:-{1,2}>|>{2,3}|<-{1,2}|<{2,3}|[→←⬆⬇↑↓])(?![<=>-])"
    r"|(?:^|\s)[<>]\s*$|(?<![\w<=>-])[<>](?= TEXT\b)"
)
_PLAIN = re.compile(
    r"\b(?:sent|send|sending|received|receive|receiving|recv|rcvd|inbound|outbound|incoming|outgoing|client|server)\b",
    re.IGNORECASE,
)
# too common in prose to be taken in small letters without brackets
_SHORT = re.compile(r"\b(?:IN|OUT|TX|RX|UP|DOWN)\b|[\[(<](?:in|out|tx|rx|up|down)[\])>]|\b(?:in|out|tx|rx)\s*:\s*$")


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
    if pair := _PAIR.search(prefix):
        first, second = pair[1][0].lower(), pair[2][0].lower()
        return None if first == second else "server" if first == "s" else "client"
    for marks, around in ((_ARROW, " \t"), (_SHORT, " \t[]()<>:"), (_PLAIN, "")):
        said = {_WORDS.get(found[0].strip(around).lower()) for found in marks.finditer(prefix)}
        if said:
            return said.pop() if len(said) == 1 else None
    return None


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
