"""A handshake as a user gave it, with everything it holds: the one value that may carry secrets in plain text.

It is never printed: `shown` makes the printable form, and its `repr` tells only the host and path.
"""

import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from rtdoctor.linear import pattern
from rtdoctor.model.exchange import Request
from rtdoctor.model.url import below_base
from rtdoctor.privacy import vocabulary
from rtdoctor.privacy.quote import opaque_words, quote, quote_header, quote_own, redact, secret_words
from rtdoctor.privacy.secret import MASK, Secret, SecretKind, mask

KEY_SUBPROTOCOL = "openai-insecure-api-key."
BETA_SUBPROTOCOL = "openai-beta."
_SOURCE = "the handshake given"
_MOST_WORDS, _LONGEST_WORD = 30, 1_000
_BASE64 = pattern(r"[A-Za-z0-9+/]+={0,2}")
# A mark as it reads in a query that was encoded, in whole or in part.
_ENCODED_MARK = pattern(r"(?i)(?:%5B|\[)secret(?:(?:\+|%20| )([0-9a-f]{4}))?(?:%5D|\])")


@dataclass(frozen=True, slots=True, repr=False)
class Handshake:
    """URL (ws or wss), headers, offered subprotocols, and what to send after the first event: client events, and text
    and bytes that are none."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    subprotocols: tuple[str, ...] = ()
    events: tuple[Mapping[str, Any] | str | bytes, ...] = ()

    def __repr__(self) -> str:
        parts = urlsplit(self.url)
        return f"Handshake({parts.hostname}{parts.path})"

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_path(self, path: str) -> "Handshake":
        return replace(self, url=urlunsplit(urlsplit(self.url)._replace(path=path)))

    def with_query(self, query: Mapping[str, str]) -> "Handshake":
        return replace(self, url=urlunsplit(urlsplit(self.url)._replace(query=urlencode(query))))

    def without_header(self, name: str) -> "Handshake":
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() != name.lower()))

    def with_header(self, name: str, value: str) -> "Handshake":
        return replace(self, headers=(*self.without_header(name).headers, (name, value)))

    def auth(self) -> tuple[str, ...]:
        """The ways in which a credential is sent."""
        ways = []
        if self.header("Authorization"):
            ways.append("header")
        if any(item.startswith(KEY_SUBPROTOCOL) for item in self.subprotocols):
            ways.append("subprotocol")
        if self.header("api-key"):
            ways.append("api-key")
        if any(vocabulary.is_credential_query(name) for name in self.query):
            ways.append("query")
        return tuple(ways)

    def beta(self) -> bool:
        """True when it asks for the beta, by header or subprotocol."""
        asked = "realtime=" in (self.header("OpenAI-Beta") or "")
        return asked or any(item.startswith(BETA_SUBPROTOCOL) for item in self.subprotocols)

    def credentials(self) -> list[Secret]:
        """What it proves itself with: every way in which a key is sent, the plain key after the form with a scheme."""
        credentials: list[tuple[str, SecretKind]] = []
        for name, value in self.headers:
            if vocabulary.is_cookie(name) or vocabulary.is_credential_header(name):
                credentials.append((value, "cookie" if vocabulary.is_cookie(name) else _kind_of(value)))
        credentials += [(value.split(" ", 1)[1].strip(), kind) for value, kind in credentials if " " in value]
        for item in self.subprotocols:
            if item.startswith(KEY_SUBPROTOCOL):
                plain = item.removeprefix(KEY_SUBPROTOCOL)
                credentials.append((plain, _kind_of(plain)))
        for name, value in self.query.items():
            if vocabulary.is_credential_query(name):
                credentials += [(value, "query-key"), (value.removeprefix("Bearer ").strip(), "query-key")]
        return [Secret(value, kind, _SOURCE) for value, kind in dict.fromkeys(credentials) if value]

    def head_size(self) -> int:
        """How many characters its URL, headers and subprotocols have."""
        return len(self.url) + sum(map(len, self.subprotocols)) + sum(len(n) + len(v) for n, v in self.headers)

    def secrets(self) -> list[Secret]:
        """Everything in it that must not be shown, the credentials come last."""
        user = urlsplit(self.url)
        secrets: list[tuple[str, SecretKind]] = []
        for part in (user.username, user.password):
            secrets += [(part, "bearer"), (unquote(part), "bearer")] if part else []
        secrets += [(value, "organisation") for name, value in self.headers if vocabulary.is_account_header(name)]
        secrets += [(password, "bearer") for _, value in self.headers if (password := _basic_password(value))]
        secrets += [(value, "bearer") for name, value in self.headers if vocabulary.is_secret_header(name)]
        secrets += [(value, "bearer") for name, value in self.query.items() if vocabulary.is_secret_query(name)]
        secrets += [
            (crumb, "cookie") for name, value in self.headers if vocabulary.is_cookie(name) for crumb in _crumbs(value)
        ]
        secrets += [(value, "bearer") for name, value in self.headers if _held_back(name, value, in_query=False)]
        secrets += [(value, "bearer") for name, value in self.query.items() if _held_back(name, value, in_query=True)]
        # Whatever is not shown of it must not come back in an answer either. What is masked wherever it stands need not
        # be known, only what may come back in another form: of the first.
        secrets += [(word, "key") for word in islice(self._words(), _MOST_WORDS) if len(word) <= _LONGEST_WORD]
        return [*(Secret(value, kind, _SOURCE) for value, kind in dict.fromkeys(secrets) if value), *self.credentials()]

    def _words(self) -> Iterator[str]:
        """Every opaque word in it, once."""
        texts = (*(value for _, value in self.headers), self.url, *self.query.values(), *self.subprotocols)
        words = (word for text in texts for word in opaque_words(text))
        in_events = (word for text in map(_told, self.events) for word in secret_words(text))
        seen: set[str] = set()
        for word in chain(words, in_events):
            if word not in seen:
                seen.add(word)
                yield word

    def overlooked(self) -> Iterator[str]:
        """The opaque words that are too many or too long to be among `secrets`."""
        return (word for place, word in enumerate(self._words()) if place >= _MOST_WORDS or len(word) > _LONGEST_WORD)

    def without_secrets(self, secrets: Iterable[Secret]) -> "Handshake":
        """The same handshake with a stand-in of the same form wherever one of the secrets stands."""
        values = sorted({secret.reveal() for secret in secrets}, key=len, reverse=True)
        stand_in = {value: _stand_in(value) for value in values}

        def out(text: str) -> str:
            for value in values:
                text = text.replace(value, stand_in[value])
            return text

        # Part by part: a short one must not change the host or the URL's form, and in the query they stand encoded.
        parts = urlsplit(self.url)
        query = urlencode({out(name): out(value) for name, value in self.query.items()})
        return Handshake(
            urlunsplit(parts._replace(path=out(parts.path), query=query, fragment=out(parts.fragment))),
            tuple((name, out(value)) for name, value in self.headers),
            tuple(out(item) for item in self.subprotocols),
            tuple(_walked(event, out) for event in self.events),
        )

    def written(self) -> str:
        """All that goes out, as one text: never to be shown."""
        lines = [self.url, *(f"{name}: {value}" for name, value in self.headers), *self.subprotocols]
        return "\n".join((*lines, *(e if isinstance(e, str) else json.dumps(e, default=str) for e in self.events)))

    def shown(self) -> "Handshake":
        """The printable form: credentials masked, the rest quoted, what has a name of its own by what it looks like."""
        query = {quote(name): _shown_value(name, value, in_query=True) for name, value in self.query.items()}
        parts = urlsplit(self.url)
        # No brackets in the host: they would make it an IPv6 address.
        user, _, host = parts.netloc.rpartition("@")
        host = ("secret@" if user else "") + (host if redact(host) == host else "secret")
        parts = parts._replace(netloc=host, path=quote(parts.path), fragment=quote(parts.fragment))
        masked = replace(self, url=urlunsplit(parts))
        return replace(
            masked.with_query(query) if query else masked,
            headers=tuple((quote(n), _shown_value(n, v, in_query=False)) for n, v in self.headers),
            subprotocols=tuple(_shown_subprotocol(item) for item in self.subprotocols),
        )

    def request(self) -> Request:
        """The printable request that goes into an Exchange."""
        shown = self.shown()
        return Request(
            url=unquoted_marks(shown.url),
            path=quote(below_base(self.path)),
            query=tuple(shown.query.items()),
            auth=self.auth(),
            credential=_kind(self),
            subprotocols=shown.subprotocols,
            beta=self.beta(),
        )


def _kind_of(value: str) -> SecretKind:
    """A key of OpenAI's, a client secret, or a bearer of another form."""
    plain = value.removeprefix("Bearer ").strip()
    return "secret" if plain.startswith("ek_") else "key" if plain.startswith("sk-") else "bearer"


def _basic_password(value: str) -> str:
    """The password in the value of a header `Basic …`, or the empty string."""
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return binascii.a2b_base64(encoded.strip()).decode("utf-8", "replace").partition(":")[2]
    except ValueError:
        return ""


def _told(event: Mapping[str, Any] | str | bytes) -> str:
    """What of an event may hold a secret: all but its audio, of which there is much and which is none."""
    return event if isinstance(event, str) else json.dumps(_without_audio(event), default=str)


def _without_audio(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: "" if name == "audio" and _is_audio(inner) else _without_audio(inner) for name, inner in value.items()
        }
    return [_without_audio(inner) for inner in value] if isinstance(value, list) else value


def _is_audio(value: Any) -> bool:
    return isinstance(value, str) and len(value) > _LONGEST_WORD and _BASE64.fullmatch(value) is not None


def _crumbs(cookies: str) -> list[str]:
    """The values of the cookies in a header."""
    return [crumb.partition("=")[2].strip() for crumb in cookies.split(";")]


def _shown_value(name: str, value: str, *, in_query: bool) -> str:
    """A header's value keeps its scheme, which is no secret: whether `Bearer` is there is what a user must see."""
    if not (vocabulary.is_secret_query(name) if in_query else vocabulary.is_secret_header(name)):
        return quote_own(name, value)
    if vocabulary.is_cookie(name):
        return quote_header(name, value)
    scheme, space, rest = value.partition(" ")
    return f"{scheme} {mask(rest.strip())}" if space and scheme in ("Bearer", "Basic") else mask(value)


def _held_back(name: str, value: str, *, in_query: bool) -> bool:
    """True for a header or parameter whose value is not shown, or not all of it."""
    return _shown_value(name, value, in_query=in_query) != value


def _shown_subprotocol(item: str) -> str:
    if item.startswith(KEY_SUBPROTOCOL):
        return KEY_SUBPROTOCOL + mask(item.removeprefix(KEY_SUBPROTOCOL))
    return quote(item)


def _walked(value: Any, out: Callable[[str], str]) -> Any:
    """A JSON value with every text in it put through a function."""
    if isinstance(value, str):
        return out(value)
    if isinstance(value, bytes):
        return out(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if isinstance(value, Mapping):
        return {out(str(name)): _walked(item, out) for name, item in value.items()}
    return [_walked(item, out) for item in value] if isinstance(value, list) else value


def _stand_in(value: str) -> str:
    """What goes in the place of a secret: the scheme and the key's own prefix are none, and stay."""
    form = Secret(value, "key", "").form
    return form + Secret(value.removeprefix(form), "key", "").form + "0" * 24


def _kind(handshake: Handshake) -> str:
    if not handshake.auth():
        return "none"
    return "secret" if any(secret.form == "ek_" for secret in handshake.credentials()) else "key"


def unquoted_marks(url: str) -> str:
    """A URL with the marks of secrets in its query as they are shown elsewhere."""
    return _ENCODED_MARK.sub(lambda found: f"[secret {found[1]}]" if found[1] else MASK, url)
