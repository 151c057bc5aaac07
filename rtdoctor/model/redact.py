"""The one redactor that stands in front of every writer, the recording and the log."""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from rtdoctor.model.needles import Needles, small
from rtdoctor.model.secret import MARKS, MASK, Secret, mask
from rtdoctor.model.unescape import View, layers, squeezed, without_space

_FRAGMENT = 8  # characters of a secret in a row that are masked
_LEAK = 12  # characters of a secret in a row that a writer refuses
_LEAST = 4  # a shorter "secret" would mask half of every sentence
_LAST = 4  # so many characters of a key's end are what servers echo
_WORD = re.compile(r"[a-z]+(?:[-_. ][a-z]+)*|[A-Z]+(?:[-_. ][A-Z]+)*")
_KEY_SHAPED = re.compile(
    r"(?:(?<![A-Za-z])(?:sk-|ek_)|sk-(?:proj|svcacct|admin|None)-)[A-Za-z0-9_\-*…]{8,}"
    r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*)?"
    # Short ones are told from words by a digit or a capital, or by what follows where a text was cut.
    r"|\b(?:org-|proj_)(?:[A-Za-z0-9]{16,}|(?=[a-z]{0,7}[A-Z0-9])[A-Za-z0-9]{8,}|[A-Za-z0-9]{8,}(?=…|%|\Z))"
)
# What a secret looks like, wherever it comes from, behind the words that are looked for first, in small letters, since
# that is quicker. A mark that stands there already is no secret.
_SHAPES = (
    (("sk-", "ek_", "eyj", "org-", "proj_"), _KEY_SHAPED),
    (
        ("openai-insecure-api-key.",),
        re.compile(r"(?i)(?<=openai-insecure-api-key\.)(?!\[secret[ \]])[^\s,\"'\\&]{6,}"),
    ),
    (("bearer ",), re.compile(r"(?i)(?<=bearer )(?!\[secret[ \]])[^\s,\"'\\&]{6,}")),
    (
        ("key=", "token=", "sig=", "signature=", "secret=", "password="),
        re.compile(
            r"(?i)[?&](?:(?:api[-_]|subscription-|ocp-apim-subscription-)?key|(?:access_)?token|sig|signature"
            r"|(?:client_)?secret|password)=(?!(?:\[|%5B)secret)(?P<value>[^\s,\"'\\&#<>]{6,})"
        ),
    ),
    (("://",), re.compile(r"(?<=://)[^\s/:@\[\]]{1,100}:[^\s/@\[\]]{1,200}(?=@)")),  # user:password@host
    (("private key-----",), re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s]{16,}")),
)
# A server's echo of a key keeps its first or last characters beside the stars (seen: "sk-proj-****ueba"). Looked for
# only where a key was used: elsewhere stars are emphasis. A word is entered at its start alone, so that a long one
# costs one look.
_STARRED = re.compile(r"(?:(?<![A-Za-z0-9_\-<>])[A-Za-z0-9_\-<>]+)?\*{2,}[…*]*[A-Za-z0-9_\-<>]*")

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class _Span:
    """A piece of a text to be masked, and the mark to put there; the mark of the lowest rank wins."""

    start: int
    end: int
    mark: str
    rank: int = 0


class Redactor:
    """Masks every secret it was told of, in whole, in part, encoded, and everything that looks like a key."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known: dict[str, Secret] = {}
        self._waiting: list[Secret] = []
        self._masked = Needles(_FRAGMENT)
        self._refused = Needles(_LEAK)
        self._lasts: dict[str, Secret] = {}
        self._last: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Learn a secret, for example one that was minted in the run."""
        if len(secret.core) < _LEAST or secret.reveal() in self._known:
            return
        self._known[secret.reveal()] = secret
        self._waiting.append(secret)

    def _learn(self) -> None:
        # Put off until a text comes, for most processes that start print no more than a line.
        for secret in self._waiting:
            self._masked.add(secret)
            # `none`, `EMPTY`, `not-needed`: what people set where no key is wanted is found in every report.
            if len(secret.core) >= _FRAGMENT and not (len(secret.core) < 16 and _WORD.fullmatch(secret.core)):
                self._refused.add(secret)
            if len(secret.core) >= _FRAGMENT:
                self._lasts.setdefault(secret.core[-_LAST:], secret)
        if self._waiting:
            ends = "|".join(map(re.escape, self._lasts))
            # The last characters alone, where something before them says that they are the end of a key.
            said = r"(?:(?<=[*.…•xX-])|(?<=ending in )|(?<=ending with ))"
            self._last = re.compile(rf"{said}(?:{ends})\b") if ends else None
        self._waiting.clear()

    def text(self, text: str) -> str:
        """The text with every secret replaced by a mark."""
        self._learn()
        spans = [span for view in layers(text) for span in self._spans(view)]
        if not spans:
            return text
        kept = [found.span() for found in MARKS.finditer(text)]
        parts: list[str] = []
        place = 0
        for span in _joined(span for span in spans if not _within(span, kept)):
            parts += (text[place : span.start], span.mark)
            place = span.end
        return "".join((*parts, text[place:]))

    def leaks(self, text: str) -> str | None:
        """The name of the secret of which the whole or 12 characters in a row stand in the text in any form, also
        where white space was put into it; None where there is none. Never the secret itself."""
        self._learn()
        if not self._refused:
            return None
        for view in layers(MARKS.sub("[]", text)):
            for hit in self._refused.find(small(without_space(view.text))):
                return hit.secret.name
        return None

    def _spans(self, view: View) -> Iterator[_Span]:
        """What of a view is to be masked, as places of the first text."""
        if self._known:
            yield from self._pieces(view)
            for found in _STARRED.finditer(view.text) if "**" in view.text else ():
                yield self._by_shape(view, found)
            for found in self._last.finditer(view.text) if self._last else ():
                yield self._by_shape(view, found)
        lower = view.text.lower()
        for words, shape in _SHAPES:
            if any(word in lower for word in words):
                for found in shape.finditer(view.text):
                    yield self._by_shape(view, found)

    def _pieces(self, view: View) -> Iterator[_Span]:
        for hit in self._masked.find_short(view.text):
            yield _Span(*view.span(hit.start, hit.end), mask(hit.secret.reveal()))
        hits = list(self._masked.find(small(without_space(view.text))))
        if not hits:
            return
        packed = squeezed(view)
        for hit in hits:
            # The prefix that names the kind is no secret, but half a key with it reads worse than a mark.
            form = "".join(hit.secret.form.split())
            prefixed = form and not form.startswith("Bearer") and packed.text[: hit.start].endswith(form)
            start = hit.start - len(form) if prefixed else hit.start
            yield _Span(*packed.span(start, hit.end), mask(hit.secret.reveal()))

    def _by_shape(self, view: View, found: re.Match[str]) -> _Span:
        """A piece that its shape gives away. Beside stars it is the known key whose end is shown, or nobody's."""
        group = "value" if "value" in found.re.groupindex else 0
        held = found.group(group)
        place = view.span(*found.span(group))
        starred = any(char in held for char in "*…")
        secret = self._lasts.get(held[-_LAST:]) if starred or len(held) == _LAST else None
        if secret is not None:
            return _Span(*place, mask(secret.reveal()))
        return _Span(*place, MASK, 2) if starred else _Span(*place, mask(held), 1)

    def value(self, value: T) -> T:
        """The same value with every text in it redacted: dataclasses, mappings, sequences, sets and bytes are
        walked."""
        return self._walk(value)  # type: ignore[no-any-return]

    def _walk(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            text = value.decode("utf-8", "surrogateescape")
            shown = self.text(text)
            return value if shown == text else shown.encode("utf-8", "surrogateescape")
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: self._walk(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init
            }
            return dataclasses.replace(value, **changed)
        if isinstance(value, dict):
            return {self._walk(key): self._walk(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return type(value)(self._walk(item) for item in value)
        return value


def key_shaped(text: str) -> list[str]:
    """Every word of a text that looks like a key, wherever it stands and however it is escaped."""
    return list(dict.fromkeys(found.group() for view in layers(text) for found in _KEY_SHAPED.finditer(view.text)))


def _joined(spans: Iterable[_Span]) -> Iterator[_Span]:
    """The spans in order. Those that overlap become one, with the marks of the known secrets in it."""
    group: list[_Span] = []
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


def _one(group: list[_Span], end: int) -> _Span:
    best = min(span.rank for span in group)
    marks = dict.fromkeys(span.mark for span in group if span.rank == best)
    # Where only shapes overlap, the first is the longest, and the others are parts of it.
    return _Span(group[0].start, end, "".join(marks) if best == 0 else next(iter(marks)), best)


def _within(span: _Span, kept: list[tuple[int, int]]) -> bool:
    return any(start <= span.start and span.end <= end for start, end in kept)
