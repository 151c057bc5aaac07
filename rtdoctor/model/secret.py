"""Secrets that cannot be printed, and the one redactor that stands in front of every writer."""

import base64
import dataclasses
import re
from collections.abc import Iterable
from typing import Any, Literal, TypeVar
from urllib.parse import quote

MASK = "[secret]"

# The parts of a key that name its kind and are no secret: they are kept out of the search for fragments.
_PUBLIC_PREFIX = re.compile(r"^(?:sk-(?:proj-|svcacct-|admin-|None-)?|ek_|Bearer\s+)")
_SHAPES = (
    # What a key looks like, wherever it comes from.
    re.compile(r"\b(?:sk-|ek_)[A-Za-z0-9_\-*…]{10,}"),
    re.compile(r"(?<=openai-insecure-api-key\.)[^\s,\"']{6,}"),
    re.compile(r"(?i)(?<=bearer )[^\s,\"']{6,}"),
)
# A server's echo of a key keeps its first or last characters beside the stars (seen: "sk-proj-****ueba"). Looked for
# only where a key was used: elsewhere stars are emphasis.
_STARRED = re.compile(r"[A-Za-z0-9_\-<>]*\*{2,}[…*]*[A-Za-z0-9_\-<>]*")
_LAST = 4  # so many characters of a key's end are what servers echo
_FRAGMENT = 8  # characters of a secret in a row that already count as a leak

T = TypeVar("T")
SecretKind = Literal["key", "secret", "wrong-key"]


class Secret:
    """A credential. Its value comes out only of `reveal`; `repr` and `str` tell kind and origin."""

    __slots__ = ("_value", "kind", "source")

    def __init__(self, value: str, kind: SecretKind, source: str) -> None:
        self._value = value
        self.kind: SecretKind = kind
        self.source = source

    def reveal(self) -> str:
        """The secret itself: for a header or subprotocol that is about to be sent, and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.kind} from {self.source})"

    def __bool__(self) -> bool:
        return bool(self._value)

    @property
    def form(self) -> str:
        """The public part of the key that names its kind (`sk-proj-`, `ek_` …), or the empty string."""
        found = _PUBLIC_PREFIX.match(self._value)
        return found.group(0) if found else ""


class Redactor:
    """Masks every secret it was told of, in whole, in part, encoded, and everything that looks like a key."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._whole: list[str] = []
        self._fragments: dict[str, None] = {}
        self._lasts: list[re.Pattern[str]] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Learn a secret, for example one that was minted in the run."""
        value = secret.reveal()
        if len(value) < 4:
            return
        raw = value.encode("utf-8", "surrogateescape")
        forms = {
            value,
            quote(raw, safe=""),
            base64.b64encode(raw).decode(),
            base64.urlsafe_b64encode(raw).decode(),
        }
        self._whole = sorted({*self._whole, *forms}, key=len, reverse=True)
        core = _PUBLIC_PREFIX.sub("", value)
        if len(core) >= _FRAGMENT:
            # The last characters alone, where something before them says that they are the end of a key.
            last = re.escape(core[-_LAST:])
            self._lasts.append(re.compile(rf"(?:(?<=[*.…•xX-])|(?<=ending in )|(?<=ending with )){last}\b"))
        for start in range(len(core) - _FRAGMENT + 1):
            self._fragments[core[start : start + _FRAGMENT]] = None

    def text(self, text: str) -> str:
        """The text with every secret replaced by a mask."""
        for whole in self._whole:
            text = text.replace(whole, MASK)
        if self._whole:
            text = _STARRED.sub(MASK, self._without_fragments(text))
            for last in self._lasts:
                text = last.sub(MASK, text)
        for shape in _SHAPES:
            text = shape.sub(MASK, text)
        return text

    def _without_fragments(self, text: str) -> str:
        marked = bytearray(len(text))
        for start in range(len(text) - _FRAGMENT + 1):
            if text[start : start + _FRAGMENT] in self._fragments:
                marked[start : start + _FRAGMENT] = b"\x01" * _FRAGMENT
        if not any(marked):
            return text
        parts: list[str] = []
        for index, char in enumerate(text):
            if not marked[index]:
                parts.append(char)
            elif index == 0 or not marked[index - 1]:
                parts.append(MASK)
        return "".join(parts)

    def value(self, value: T) -> T:
        """The same value with every string in it redacted: dataclasses, mappings and sequences are walked."""
        return self._walk(value)  # type: ignore[no-any-return]

    def _walk(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: self._walk(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init
            }
            return dataclasses.replace(value, **changed)
        if isinstance(value, dict):
            return {self._walk(key): self._walk(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self._walk(item) for item in value)
        return value
