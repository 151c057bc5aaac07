"""Quotes what comes from outside: by allow-list.

Words, numbers, dates, names, hosts and known ids stand; a secret that this process knows is masked however it is
written (`known`), so is what its surroundings or its form give away (`named`, `vendors.toml`), and any other opaque
text of 12 characters or more (`words`). In its place stands a mark, the same for the same text within a process. Our
own sentences never come here, only what is put into them.
"""

import dataclasses
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, TypeVar

from rtdoctor.linear import flat, pattern
from rtdoctor.privacy import vocabulary
from rtdoctor.privacy.hints import Hint, hint, parts, white
from rtdoctor.privacy.known import holds_secret, known
from rtdoctor.privacy.named import cookie_spans, named_spans
from rtdoctor.privacy.secret import MARKS, MASK, mask
from rtdoctor.privacy.unescape import View, layers
from rtdoctor.privacy.words import is_word, opaque, opaque_spans

# A server's echo of a key keeps its first or last characters beside the stars (seen: "sk-proj-****ueba"). Looked for
# only where a key was used: elsewhere stars are emphasis.
_BULLETS = frozenset("…‥•●○◦∙·⋅‧・∗＊✱⁎■□▪█")  # what stands for a star beyond ASCII, where an expression sees SUB
_STARRED = pattern(r"[A-Za-z0-9_\-<>]*\*{2,}[\x1a*]*[A-Za-z0-9_\-<>]*")
_ECHOED = pattern(r"\b(?:sk|ek)[-_][A-Za-z0-9_\-]*[*\x1a]+[A-Za-z0-9_\-*\x1a]*")
_HOST = pattern(r"://(?P<host>[A-Za-z0-9.\-]{1,253})(?:[/:?#\s\"'`,;)>\]\\]|\z)")
_BARE_HOST = pattern(
    r"(?i)\b(?P<host>(?:[a-z0-9](?:[a-z0-9\-]{0,38}[a-z0-9])?\.){1,6}"
    r"(?:com|net|org|io|ai|dev|cloud|app|eu|de|fr|uk|us|jp|cn|in|local|internal|example|test))\b"
)
_LONGEST_LABEL = 40
_LEAST_NEAR = 40
_AROUND = 12  # characters of a form that may be words or digits, and are no part of what is opaque
_NEAR = 80  # characters before a key in which a word that tells of its vendor may stand
_LEAST_KEY = 8  # of a key that was cut so many characters after its beginning are masked
_ODD = 6  # characters of letters and digits that are shown of a value of which nothing is known
_SHORT_WORD, _LONGEST_WORD = 8, 40  # letters before `sk-` that may be a word of whatever kind, and those looked at
_PIECE = pattern(r"[A-Za-z0-9]+")
_NAMED_ID = pattern(
    r"(?i)(?:request|trace|correlation|ray|event|item|response|call|span)[-_ ]?ids?\b\\{0,3}[\"'`]?\s{0,2}[:=]?\s{0,2}"
    r"\\{0,3}[\"'`]?"
    r"(?P<value>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,32})\b|"
    r"\bsession id: (?P<session>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b"  # in prose; in a cookie it opens one
)
_COMMIT = pattern(r"(?i)\b(?:commit|revision|rev|tree|merge)[ :=@]{1,3}(?P<value>[0-9a-f]{40})\b")
_LEAST_PIN = 1000  # a smaller number is no password
_SHORT = 120  # characters
_EDGE = 600  # characters beyond a cut that are quoted with what comes before it
_WINDOW, _OVERLAP = 1 << 16, 1 << 12  # a long text is looked at in windows, so that what it costs is flat in memory
_show_opaque = False

T = TypeVar("T")
Place = tuple[int, int]


def show_opaque(wanted: bool) -> None:
    """Let opaque text stand from now on (`--show-opaque`). Known secrets, named values and vendors' forms never do."""
    global _show_opaque
    _show_opaque = wanted


def wants_opaque() -> bool:
    """True where opaque text is to stand."""
    return _show_opaque


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text to be masked, and the mark to put there; the mark of the lowest rank wins."""

    start: int
    end: int
    mark: str
    rank: int = 0


def quote(text: str) -> str:
    """The text as it may be shown."""
    if len(text) <= _SHORT:  # names and codes, which come again and again
        return _quoted_before(text, known().generation, not _show_opaque)
    return _masked(text, opaque_too=not _show_opaque)


@lru_cache(4096)
def _quoted_before(text: str, _generation: int, opaque_too: bool) -> str:
    return _masked(text, opaque_too=opaque_too)


def quote_start(text: str, most: int) -> str:
    """The first characters of a text, so many at most, quoted. It is quoted before it is cut, so that no secret loses
    the end that it is known by."""
    end = most + _EDGE
    if 0 <= (user := _cut_user(text, end)) < most:
        return (quote(text[:user]) + MASK)[:most]
    return quote(text[:end])[:most]


def _cut_user(text: str, end: int) -> int:
    """Where the user information of a URL begins that goes on beyond the cut, so that its end would not tell of it."""
    start = text.rfind("://", 0, end) + 3
    if start < 3 or len(text) <= end:
        return -1
    at = text.find("@", start, start + _WINDOW)
    return start if at >= end and not any(map(str.isspace, text[start:at])) else -1


def redact(text: str) -> str:
    """The text without known secrets, named values and vendors' forms; what is merely opaque stands. For data that
    goes on to be used, such as a stream that was migrated."""
    return _masked(text, opaque_too=False)


def redact_media(text: str) -> str:
    """The base64 of media without known secrets, as they are or inside of what it holds, and without vendors' keys. It
    is opaque by its nature: words and names in it are chance."""
    spans = [Span(hit.start, hit.end, mask(hit.secret.reveal())) for hit in known().find_in_media(text)]
    # A key that begins with letters alone (AKIA) is one where the text begins; behind a + or / it is chance.
    head = text[:_SHORT]
    spans += [Span(start, end, mask(head[start:end]), 1) for start, end in _vendors(head, flat(head)) if start == 0]
    return _without(text, _joined(spans)) if spans else text


def quote_named(name: str, text: str) -> str:
    """The text of a field as it may be shown: masked where the field's name tells of a secret and the text of none."""
    return str(_walk_named(name, text, quote))


def quoted(value: T) -> T:
    """The same value with every text in it quoted: dataclasses, mappings, sequences, sets and bytes are walked."""
    return _walk(value, quote)  # type: ignore[no-any-return]


def redacted(value: T) -> T:
    """The same value with every text in it redacted."""
    return _walk(value, redact)  # type: ignore[no-any-return]


def quote_header(name: str, value: str) -> str:
    """The value of a header or query parameter as it may be shown: by its name a credential, an id, or any text."""
    if vocabulary.is_id_of(name, value) and not holds_secret(value):
        return value
    if vocabulary.is_cookie(name):
        return mask_cookies(value)
    if vocabulary.is_secret_header(name):
        return mask(value) if value else value
    return quote(value)


def mask_cookies(value: str) -> str:
    """Cookies, or one that is set: the names and attributes stand, every value is masked."""
    parts: list[str] = []
    place = 0
    for start, end in cookie_spans(value):
        parts += (quote(value[place:start]), mask(value[start:end]))
        place = end
    return "".join((*parts, quote(value[place:])))


def quote_headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers of an answer as they may be shown: what challenges or describes is no credential."""
    return tuple(
        (quote(name), quote(value) if vocabulary.is_plain(name) else quote_header(name, value)) for name, value in pairs
    )


def quote_own(name: str, value: str) -> str:
    """The value of a header or query parameter of the user's own. Where nothing is known of the name, only words and
    numbers are shown: a gateway may take its key from anywhere."""
    if vocabulary.is_plain(name) or vocabulary.is_id(name):
        return quote_header(name, value)
    odd = any(_telling(piece.text()) and len(piece.text()) >= _ODD for piece in _PIECE.finditer(value))
    return mask(value) if odd or spans(value, opaque_too=True) else value


def opaque_words(text: str) -> list[str]:
    """Every piece of a text that `quote` masks."""
    return [text[span.start : span.end] for span in spans(text, opaque_too=True)]


def secret_words(text: str) -> list[str]:
    """Every piece of a text that `redact` masks."""
    return [text[span.start : span.end] for span in spans(text, opaque_too=False)]


def spans(text: str, *, opaque_too: bool) -> list[Span]:
    """What of a text is to be masked, in order; none overlap."""
    spans_found: list[Span] = []
    for start in range(0, max(1, len(text)), _WINDOW):
        piece = text if len(text) <= _WINDOW + _OVERLAP else text[start : start + _WINDOW + _OVERLAP]
        for view in layers(piece):
            spans_found += (
                dataclasses.replace(span, start=span.start + start, end=span.end + start)
                for span in _of_view(view, opaque_too)
            )
        if piece is text:
            break
    if not spans_found:
        return []
    kept = [mark.span() for mark in MARKS.finditer(text)]
    return list(_joined(span for span in spans_found if not _within(span.start, span.end, kept)))


def _masked(text: str, *, opaque_too: bool) -> str:
    return _without(text, spans(text, opaque_too=opaque_too))


def _without(text: str, spans: Iterable[Span]) -> str:
    parts: list[str] = []
    place = 0
    for span in spans:
        parts += (text[place : span.start], span.mark)
        place = span.end
    return "".join((*parts, text[place:])) if parts else text


def _of_view(view: View, opaque_too: bool) -> Iterator[Span]:
    """What of a view is to be masked, as places of the first text."""
    text = view.text
    secrets = known()
    flattened = flat(text)
    if secrets:
        for hit in secrets.find(view):
            yield Span(*view.span(hit.start, hit.end), mask(hit.secret.reveal()))
        if "**" in text:
            for match in _STARRED.finditer(text, flattened=flattened):
                yield _echo(view, *match.span())
        for match in secrets.ends(text, flattened):
            if _starred(match.text("said")) == len(match.text("said")):
                yield _echo(view, *match.span("last"))
    if len(text) < 3:
        return
    hidden = b"*" in flattened or b"\x1a" in flattened
    for match in _ECHOED.finditer(text, flattened=flattened) if hidden else ():
        held = match.text()[: _starred(match.text())]
        if not (held.isascii() and "*" not in held):
            yield _echo(view, match.start(), match.start() + len(held))
    for start, end in named_spans(text, flattened):
        yield Span(*view.span(start, end), mask(text[start:end]), 1)
    for start, end in _vendors(text, flattened):
        yield Span(*view.span(start, end), mask(text[start:end]), 1)
    strange = list(opaque_spans(text, flattened) if opaque_too else _near_vendors(text, flattened))
    if strange:
        # An id is written as it is. What has an id's form only after an escape was undone is somebody's disguise.
        kept = sorted(place for place in _allowed(text, flattened) if _as_written(view, *place))
        for start, end in _apart(text, strange, kept):
            yield Span(*view.span(start, end), mask(text[start:end]), 1)


def _apart(text: str, strange: list[Place], kept: list[Place]) -> Iterator[Place]:
    """What is opaque beside what is allowed: a host and the path behind it are one token, and no one secret."""
    for start, end in strange:
        inside = [place for place in _near_to(start, end, kept) if place[1] > start and place[0] < end]
        edge = start
        for low, high in [*inside, (end, end)]:
            piece = text[edge:low]
            if not inside:
                yield start, end
            elif edge < low:
                yield from ((edge + one, edge + two) for one, two in opaque_spans(piece))
            edge = max(edge, high)


def _as_written(view: View, start: int, end: int) -> bool:
    first, last = view.span(start, end)
    return last - first == end - start


def _echo(view: View, start: int, end: int) -> Span:
    """What a server shows of a key beside stars: the known key whose end it is, or nobody's."""
    secret = known().by_end(view.text[start:end][-4:])
    place = view.span(start, end)
    return Span(*place, mask(secret.reveal())) if secret else Span(*place, MASK, 2)


def _starred(text: str) -> int:
    """How far a text goes on in ASCII and bullets."""
    return next((at for at, char in enumerate(text) if not char.isascii() and char not in _BULLETS), len(text))


def _allowed(text: str, flattened: bytes) -> Iterator[tuple[int, int]]:
    """Where opaque text stands that is known to open nothing: OpenAI's ids, ids by their name, hosts."""
    for match in vocabulary.id_pattern().finditer(text, flattened=flattened):
        yield match.span()
    for match in _NAMED_ID.finditer(text, flattened=flattened):
        yield match.span("value" if match.group("value") is not None else "session")
    for match in vocabulary.id_header_pattern().finditer(text, flattened=flattened):
        if vocabulary.is_id_of(match.text("name"), match.text("value").strip(";")):
            yield match.span("value")
    for match in _COMMIT.finditer(text, flattened=flattened):
        yield match.span("value")
    if b"." in flattened:
        for match in _BARE_HOST.finditer(text, flattened=flattened):
            yield match.span("host")
    if b"://" in flattened:
        for match in _HOST.finditer(text, flattened=flattened):
            if max(map(len, match.text("host").split("."))) <= _LONGEST_LABEL:
                yield match.span("host")


def _vendors(text: str, flattened: bytes) -> Iterator[tuple[int, int]]:
    """Keys of vendors that begin with something of their own."""
    done = 0
    plain: dict[str, int] = {}  # by the characters of a form: as far as this there is nothing that tells
    for match in vocabulary.prefix_pattern().finditer(text, flattened=flattened):
        start, end = match.span()
        if start < done or _in_a_word(text, start, end):
            continue
        for form in vocabulary.by_prefix()[text[start:end]]:
            if end < plain.get(form.alphabet, 0):
                continue
            rest = form.rest.match(text, end, flattened)
            stop = rest.end() if rest else end
            if stop - end < min(form.least, _LEAST_KEY):
                continue
            if any(_telling(piece.text()) for piece in _PIECE.finditer(text[end:stop])):
                done = max(done, stop)  # no part of it tells more than the whole
                yield start, stop
            else:
                plain[form.alphabet] = stop


def _in_a_word(text: str, start: int, end: int) -> bool:
    """True for a beginning of a key that is a piece of a longer word: `task-`. A letter beyond ASCII is none of a
    key's; and what no word is before a beginning that ends in a sign is something else that a key was put behind."""
    edge = start
    while edge and start - edge < _LONGEST_WORD and text[edge - 1].isascii() and text[edge - 1].isalnum():
        edge -= 1
    if edge == start:
        return False
    word = text[edge:start] + text[start:end].rstrip("-_")
    return text[end - 1] not in "-_" or start - edge < _SHORT_WORD or (word.isalpha() and is_word(word))


def _telling(piece: str) -> bool:
    """True where letters and digits are mixed, or no word is made of them."""
    return opaque(piece) or (len(piece) >= 4 and any(char.isdigit() for char in piece) and not piece.isdigit())


def _near_vendors(text: str, flattened: bytes) -> Iterator[Place]:
    """Opaque text that is a vendor's key by its form and by the words before it."""
    for low, high in parts(_vendors_words(), flattened, white(flattened)):
        for start, end in opaque_spans(text[low:high], flattened[low:high]):
            if _near(text, low + start, low + end):
                yield low + start, low + end


@cache
def _vendors_words() -> Hint:
    words = {word for form in vocabulary.key_forms() for word in form.near}
    return hint(f"(?i){'|'.join(sorted(map(vocabulary.escaped, words)))}", after=_NEAR)


def _near(text: str, start: int, end: int) -> bool:
    """True for opaque text that has the form of a vendor's key and a word of that vendor's before it."""
    before, held = text[max(0, start - _NEAR) : start].lower(), text[start:end].lower()
    return any(
        min(form.least, _LEAST_NEAR) - _AROUND <= end - start
        and any(word in before or word in held for word in form.near)
        for form in vocabulary.key_forms()
    )


def _walk(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
        shown = change(text)
        return value if shown == text else shown.encode("utf-8", "surrogateescape")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: _walk(getattr(value, field.name), change) for field in dataclasses.fields(value) if field.init
        }
        return dataclasses.replace(value, **changed)
    if isinstance(value, dict):
        if "logprob" in value:  # a token of a transcript
            return {_walk(key, change): _walk(item, change) for key, item in value.items()}
        return {_walk(key, change): _walk_named(key, item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return type(value)(_walk(item, change) for item in value)
    return value


def _walk_named(name: Any, value: Any, change: Any) -> Any:
    """A value that is a secret only by its name is masked as a whole. Each level is walked once, however deep it is."""
    if not isinstance(name, str) or not (vocabulary.tells(name) or vocabulary.names_number(name)):
        return _walk(value, change)
    if isinstance(value, str):
        shown, pair = change(value), f"{name}={value}"
        return shown if shown != value or change(pair) == pair else mask(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return mask(str(value)) if _is_number_of(name, value) else value
    if isinstance(value, list):
        return [_walk_named(name, item, change) for item in value]
    if isinstance(value, dict):
        # What stands below says what it is in its turn, and is a value of this name where it tells no more.
        return {
            _walk(key, change): _walk_named(key if _tells_itself(key, name) else name, item, change)
            for key, item in value.items()
        }
    return _walk(value, change)


def _is_number_of(name: str, value: float) -> bool:
    """True for a number that is a secret of this name; what is called tokens is a count."""
    telling = vocabulary.names_secret(name) or vocabulary.names_number(name) or "pass" in name.lower()
    return telling and abs(value) >= _LEAST_PIN and not vocabulary.is_counted(name)


def _tells_itself(key: Any, name: str) -> bool:
    """True for a field's name that says for itself what its value is, in an object of this name. Under `passwords` a
    field may be called as what it is the password of."""
    if not isinstance(key, str):
        return False
    several = name.lower().endswith(("keys", "tokens", "secrets", "words", "codes"))
    return vocabulary.tells(key) or vocabulary.is_plain(key) or (vocabulary.is_harmless(key) and not several)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans in order. Those that overlap become one, with the marks of the known secrets in it."""
    group: list[Span] = []
    end = 0
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        touches = bool(group) and span.start == end and span.mark in (group[-1].mark, MASK)
        if group and not (span.start < end or touches):
            yield _one(group, end)
            group = []
        group.append(span)
        end = max(end, span.end) if len(group) > 1 else span.end
    if group:
        yield _one(group, end)


def _one(group: list[Span], end: int) -> Span:
    best = min(span.rank for span in group)
    marks = dict.fromkeys(span.mark for span in group if span.rank == best)
    # Where only shapes overlap, the first is the longest, and the others are parts of it.
    return Span(group[0].start, end, "".join(marks) if best == 0 else next(iter(marks)), best)


def _near_to(start: int, end: int, kept: list[Place]) -> list[Place]:
    """Those of the places in order that may touch a piece."""
    return kept[max(0, bisect_right(kept, (start, start)) - 1) : bisect_right(kept, (end, end))]


def _within(start: int, end: int, kept: list[tuple[int, int]]) -> bool:
    """True where a piece lies in one of those, which are in order."""
    last = bisect_right(kept, (start, end)) - 1
    return any(low <= start and end <= high for low, high in kept[max(0, last) : last + 2])
