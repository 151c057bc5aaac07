"""Changes of an example that keep most of its grammar. A change is data: four numbers, so that it can be drawn by
hypothesis (and made smaller) as well as by the long run."""

import base64
import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

KEY = "sk-proj-fuzzkey2Qv8Lm5Zt1Xr9Kc4Wp7Ny3"  # nobody's; the one that every target knows as the environment's
Change = tuple[int, int, int, int]  # which change, and three numbers that it reads as it likes

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.){0,400}"|[A-Za-z_][\w.-]{0,80}|-?\d[\d.eE+-]{0,40}|[ \t]+|\r?\n|.', re.DOTALL)
_TOKENS_OF = 1 << 16  # bytes that are taken apart; what is longer is changed in its beginning
_CORE = KEY.removeprefix("sk-proj-")

# What a key can look like. What decodes no further than a page or a log would is here; the leak tests know more forms.
PLANTED: tuple[Callable[[int], str], ...] = (
    lambda _: KEY,
    lambda _: f"Bearer {KEY}",
    lambda n: _CORE[n % (len(_CORE) - 12) :],
    lambda n: _CORE[n % (len(_CORE) - 12) :][:12],
    lambda n: _CORE[: 12 + n % (len(_CORE) - 12)],
    lambda _: KEY.upper(),
    lambda n: _between(KEY, _SEPARATORS[n % len(_SEPARATORS)]),
    lambda n: _between(KEY, _SEPARATORS[n % len(_SEPARATORS)], 2 + n % 9),
    lambda _: "".join(f"%{ord(char):02x}" for char in KEY),
    lambda _: quote("".join(f"%{ord(char):02X}" for char in KEY)),
    lambda _: "".join(f"\\u{ord(char):04x}" for char in KEY),
    lambda _: "".join(f"\\x{ord(char):02x}" for char in KEY),
    lambda _: "".join(f"&#{ord(char)};" for char in KEY),
    lambda n: "".join(f"\\u{ord(char):04x}" if n >> place % 30 & 1 else char for place, char in enumerate(KEY)),
    lambda n: "".join(f"%{ord(char):02x}" if n >> place % 30 & 1 else char for place, char in enumerate(KEY)),
    lambda n: _CORE[: n % len(_CORE)] + "…" + _CORE[n % len(_CORE) :],
    lambda _: f"someone:{KEY}@host.example",
    lambda n: f"http://{KEY}:x@host.example:{n % 70_000}/",
    lambda n: f"?{('key', 'code', 'token', 'model', 'x')[n % 5]}={KEY}",
)
_SEPARATORS = (
    "-",
    "_",
    ".",
    ":",
    ",",
    " ",
    "\n",
    "\t",
    "\0",
    "/",
    "|",
    "\u200b",
    "\u00ad",
    "\u2060",
    "\u202e",
)

# Pieces that readers are known to trip over, and words that lead them deeper.
ODD: tuple[bytes, ...] = (
    *(b"1e999", b"-0", b"9" * 5000, b"0." + b"0" * 400 + b"1", b"NaN", b"-Infinity", b"-1", b"65536", b"4294967296"),
    *(b"18446744073709551616", b"1e308", b"1_000", b"0x10", b"\xd9\xa1\xd9\xa2", b'""', b"''", b"'", b'"', b"\\"),
    *(b"\\\\", b'\\"', b"`", b"null", b"true", b"{}", b"[]", b"{", b"}", b"[", b"]", b"\0", b"\x01", b"\x07"),
    *(b"\x08", b"\x1b[2J", b"\x1b]0;x\x07", b"\x7f", b"\xc2\x9b31m", b"\xc2\x85", b"\r", b"\n", b"\xff"),
    *(b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xc0\x80"),
    *(b"\xf4\x90\x80\x80", b"\\ud800", b"\\udfff\\ud800", b"\\u0000", b"\\u001b[31m", b"\\u202e", b"\\u2028"),
    *(b"\\ufeff", b"\\x1b[1m", "\u202e".encode(), "\u2028".encode(), "\u200b".encode(), "\ufeff".encode()),
    *("İ".encode(), "ß".encode(), "ǰ".encode(), "\u2066".encode(), "\U000e0041".encode(), "\ue000".encode()),
    *("’".encode(), "█".encode(), "é".encode(), b"[bold red]", b"[/]", b"[link=http://x.example]", b":smile:"),
    *(b"%00", b"%25", b"%", b"&#x1b;", b"&#", b"{0}", b"$(x)", b"Bearer ", b"bearer ", b"Basic ", b"sk-"),
    *(b"sk-proj-", b"ek_", b"eyJ", b"eyJaaaaaaaa-", b"org-", b"proj_", b"key=", b"api-key: ", b"token=", b"secret="),
    *(b"password", b"Authorization: ", b"://", b"user:pw@", b"@", b"openai-insecure-api-key.", b"**"),
    *(b"\xe2\x80\xa6", b"[secret 3f9a]", b"[secret]", b"-----BEGIN PRIVATE KEY-----", b"-----END PRIVATE KEY-----"),
    *(b"error", b"code", b"message", b"type", b'"type":', b'"error":{', b'"code":"', b"session.created"),
    *(b"session.updated", b"session.update", b"response.create", b"response.done", b"conversation.item.added"),
    *(b"input_audio_buffer.append", b"transcription_session.update", b"rate_limits.updated"),
    *(b"invalid_request_error.", b"invalid_api_key", b"insufficient_quota", b"HTTP/1.1 403 Forbidden"),
    *(b"status code", b"closed", b"4000", b"1006", b"403", b"101", b"wss://", b"https://", b"/realtime"),
    *(b"?intent=transcription", b"&model=", b"[::1]", b"127.0.0.1", b"api.openai.com", b"xn--", b"..", b"/v1", b"#"),
    *(b"?", b"&", b"curl ", b"-H ", b"'", b"--", b"-sSH", b"-c ", b" \\\n", b"Sec-WebSocket-Protocol: ", b"Host: "),
    *(b"Set-Cookie: a=", b"[[scenario]]\n", b"[scenario.", b"'''", b'"""', b"= ", b"outcome = ", b"matches"),
    *(b"2026-11-22", b"(a+)+$", b"(?=a)", b"(a|a)*", b'{"log":{"entries":[', b'"_webSocketMessages":['),
    *(b"\x1f\x8b\x08\0", b"-> ", b"<- ", b"10:00:00 "),
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e308, 10**30, "", "x", [], {}, [[]], {"type": None}, {"": ""}, "\ud800", "\0"),
    *("\x1b[31m", "\u202e", "error", "session.created", "response.create", ["a"] * 50, "a" * 3000, "[bold]"),
    *(float("nan"), 10**400, {"type": "error", "error": "x"}, {"message": "x", "code": 7, "type": []}, "NaN", KEY),
)  # fmt: skip
_NAMES = (
    *("type", "event", "event_id", "dir", "at", "ts", "time", "data", "text", "opcode", "log", "entries", "message"),
    *("error", "code", "param", "session", "audio", "input", "transcription", "model", "turn_detection", "item"),
    *("item_id", "id", "response", "status", "status_details", "content", "delta", "transcript", "rate_limits"),
    *("usage", "request", "url", "headers", "name", "value", "_webSocketMessages", "previous_item_id"),
    *("rtdoctor_recording", "", "\0", KEY),
)  # fmt: skip
_SIZES = (1 << 8, 1 << 10, 1 << 12, 1 << 14, 1 << 15, 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20, 1 << 21, 1 << 22)


def _between(text: str, separator: str, every: int = 1) -> str:
    return separator.join(text[at : at + every] for at in range(0, len(text), every))


def apply(change: Change, data: bytes, others: Sequence[bytes], most: int) -> bytes:
    """The example changed, cut to `most` bytes. `others` are examples that pieces may come from."""
    kind, a, b, c = change
    try:
        return CHANGES[kind % len(CHANGES)](data, a, b, c, others, most)[:most]
    except (ValueError, RecursionError):  # what a change makes of it cannot be written: it stays as it was
        return data


def mutated(data: bytes, changes: Sequence[Change], others: Sequence[bytes], most: int) -> bytes:
    """The example after all of the changes."""
    for change in changes:
        data = apply(change, data, others, most)
    return data


# --- tokens -----------------------------------------------------------------------------------------------------------


def _tokens(data: bytes) -> tuple[list[bytes], bytes]:
    return _TOKEN.findall(data[:_TOKENS_OF]), data[_TOKENS_OF:]


def _span(length: int, a: int, b: int) -> tuple[int, int]:
    """A span of at least one token; short ones are the most likely."""
    start = a % max(1, length)
    size = 1 + (b >> 3) % 3 if b & 7 else 1 + (b >> 3) % 40  # one token for b = 1
    return start, min(length, start + size)


def _replaced(data: bytes, a: int, b: int, by: Callable[[bytes], bytes]) -> bytes:
    tokens, rest = _tokens(data)
    start, end = _span(len(tokens), a, b)
    return b"".join((*tokens[:start], by(b"".join(tokens[start:end])), *tokens[end:], rest))


def _put(held: bytes, piece: bytes, way: int) -> bytes:
    """A piece before, after, or at the end of what a token holds (inside of its quotes)."""
    way %= 3
    return piece + held if way == 0 else held + piece if way == 1 else held[:-1] + piece + held[-1:]


def _often(c: int, most: int, size: int) -> int:
    """How often a piece of a size is repeated: mostly a few times, at times up to the bound."""
    return 2 + c % 4 if c % 8 else max(2, min(most, _SIZES[(c >> 3) % len(_SIZES)]) // max(1, size))


def _delete(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    return _replaced(data, a, b, lambda _: b"")


def _repeat(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    return _replaced(data, a, b, lambda held: held * _often(c, most, len(held)))


def _insert(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    return _replaced(data, a, b, lambda held: _put(held, ODD[c % len(ODD)], c >> 9))


def _replace(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    return _replaced(data, a, b, lambda _: ODD[c % len(ODD)])


def _flood(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    """One or two odd pieces, and perhaps a part of the example, thousands of times: what quadratic readers hate."""
    piece = ODD[b % len(ODD)] + (ODD[(b >> 9) % len(ODD)] if b >> 8 & 1 else b"a" * (b >> 9 & 15))
    return _replaced(data, a, 1, lambda held: _put(held, piece * _often(c << 3, most, len(piece)), c >> 6))


def _number(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    """A line many times, each time with another number in one of its tokens: what is kept by name, grows."""
    lines = data[:_TOKENS_OF].split(b"\n")
    tokens, _ = _tokens(lines[a % len(lines)])
    place = b % max(1, len(tokens))
    if not tokens:
        return data
    before, held, after = b"".join(tokens[:place]), tokens[place], b"".join(tokens[place + 1 :])
    times = _often(c << 3, most, len(before + held + after) + 4)
    more = [before + _put(held, b"%d" % number, 2) + after for number in range(times)]
    return b"\n".join((*lines[: a % len(lines)], *more, *lines[a % len(lines) + 1 :]))


def _swap(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    tokens, rest = _tokens(data)
    one, two = sorted((_span(len(tokens), a, 0), _span(len(tokens), c, b)))
    if one[1] > two[0]:
        return data
    parts = (*tokens[: one[0]], *tokens[slice(*two)], *tokens[one[1] : two[0]], *tokens[slice(*one)], *tokens[two[1] :])
    return b"".join((*parts, rest))


def _splice(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    other, _ = _tokens(others[c % len(others)])
    start, end = _span(len(other), c >> 4, b | 8 * 7)
    return _replaced(data, a, b, lambda held: (held if b & 1 else b"") + b"".join(other[start:end]))


def _cross(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    other = others[c % len(others)]
    return data[: a % (len(data) + 1)] + other[b % (len(other) + 1) :]


def _cut(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    return data[: a % (len(data) + 1)] if c & 1 else data[a % (len(data) + 1) :]


def _nest(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    opened, closed = ((b"[", b"]"), (b'{"a":', b"}"), (b'{"error":', b"}"), (b'"\\"', b'\\""'), (b"(", b")"))[c % 5]
    deep = (3, 30, 70, 300, 1_100, 5_000)[(c >> 3) % 6]
    return _replaced(data, a, b, lambda held: opened * deep + held + closed * (deep if c >> 6 & 3 else 0))


def _grow(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    between = (b"", b"\n", b" ", b",", b"\n\n")[b % 5]
    return (data + between) * _often(c << 3 if a % 4 == 0 else c | 1, most, len(data) + 1)


def _byte(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    at = a % (len(data) + 1)
    return data[:at] + bytes([b % 256]) + data[at + c % 2 :]


def _plant(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    """The known key, in some form, before, in the place of, or at the end of a token (inside of its quotes)."""
    held = PLANTED[b % len(PLANTED)](c).encode("utf-8", "surrogatepass")
    way = (b >> 8) % 4
    return _replaced(data, a, 1, lambda old: held if way == 3 else _put(old, held, way))


def _escape(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    forms: tuple[Callable[[bytes], bytes], ...] = (
        lambda held: b"".join(b"%%%02x" % byte for byte in held),
        lambda held: "".join(f"\\u{ord(char):04x}" for char in held.decode("utf-8", "replace")).encode(),
        lambda held: b"".join(b"\\x%02x" % byte for byte in held),
        lambda held: "".join(f"&#{ord(char)};" for char in held.decode("utf-8", "replace")).encode(),
        base64.b64encode,
        lambda held: json.dumps(held.decode("utf-8", "replace")).encode(),
        lambda held: held.hex().encode(),
        bytes.upper,
        bytes.lower,
        lambda held: held[::-1],
        lambda held: held.decode("utf-8", "replace").encode("utf-16-le"),
    )
    return _replaced(data, a, b, forms[c % len(forms)])


def _separate(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    separator = _SEPARATORS[c % len(_SEPARATORS)]
    return _replaced(data, a, b, lambda held: _between(held.decode("latin-1"), separator).encode("utf-8", "replace"))


def _lines(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    lines = data.split(b"\n")
    one, two = a % len(lines), b % len(lines)
    if c % 4 == 0:
        lines[one], lines[two] = lines[two], lines[one]
    elif c % 4 == 1:
        lines.insert(two, lines[one])
    elif c % 4 == 2:
        lines.insert(two, (other := others[(c >> 2) % len(others)].split(b"\n"))[b % len(other)])
    else:
        del lines[one]
    return b"\n".join(lines)


# --- JSON -------------------------------------------------------------------------------------------------------------


def _tree(data: bytes, a: int, b: int, c: int, others: Sequence[bytes], most: int) -> bytes:
    """One place of one JSON text (the whole, or a line) changed as a value, so that it stays JSON."""
    lines = [data] if _json(data) is not None else data.split(b"\n")
    able = [place for place, line in enumerate(lines) if b"{" in line or b"[" in line]
    if not able or len(data) > _TOKENS_OF:
        return data
    place = able[a % len(able)]
    line = lines[place]
    start = min(at for at in (line.find(b"{"), line.find(b"[")) if at >= 0)
    value = _json(line[start:])
    spots = list(_spots(value))
    if not spots:
        return data
    owner, name = spots[b % len(spots)]
    way = c % 6
    if way == 0:
        owner[name] = _VALUES[(c >> 3) % len(_VALUES)]
    elif way == 1:
        del owner[name]
    elif way == 2 and isinstance(owner, dict):
        owner[_NAMES[(c >> 3) % len(_NAMES)]] = owner[name]
    elif way == 3:
        other, key = spots[(c >> 3) % len(spots)]
        owner[name] = json.loads(json.dumps(other[key]))
    elif way == 4 and isinstance(owner, dict):
        owner[_NAMES[(c >> 3) % len(_NAMES)]] = _VALUES[(b >> 3) % len(_VALUES)]
    elif isinstance(owner[name], str):
        owner[name] += ODD[(c >> 3) % len(ODD)].decode("utf-8", "replace")
    text = json.dumps(value, ensure_ascii=bool(c & 64)).encode("utf-8", "surrogatepass")
    if way == 5:  # the same name twice: parsers differ about it
        text = text.replace(b"{", b'{"type": "response.create", ', 1) if c & 128 else text.replace(b", ", b", " * 2, 1)
    lines[place] = line[:start] + text
    return b"\n".join(lines)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def _spots(value: Any, depth: int = 0) -> Any:
    names = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in names:
        yield value, name
        if depth < 50:
            yield from _spots(value[name], depth + 1)


# One of them more than once is drawn more often.
CHANGES: tuple[Callable[[bytes, int, int, int, Sequence[bytes], int], bytes], ...] = (
    *(
        _delete,
        _repeat,
        _insert,
        _insert,
        _replace,
        _flood,
        _number,
        _swap,
        _splice,
        _splice,
        _cross,
        _cut,
        _nest,
        _grow,
        _byte,
    ),
    *(_plant, _plant, _escape, _separate, _lines, _tree, _tree, _tree),
)

FLOODS = tuple(place for place, change in enumerate(CHANGES) if change in (_flood, _number))
