"""The words of secrets: which names tell of one, which values are none, and the forms of vendors' keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from rtdoctor.data import table
from rtdoctor.linear import Pattern, pattern

_USUAL_ID = pattern(
    r"[A-Za-z]{0,12}_?[0-9a-fA-F]{8,64}(?:-[A-Z]{3})?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|"
    r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|Root=1-[0-9a-f]{8}-[0-9a-f]{24}"
)

_ALNUM = pattern(r"[A-Za-z0-9]+")
_COUNTED = "1234567890"
_UNFILLED = pattern(
    r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|%[A-Za-z_][A-Za-z0-9_]*%|\{\{.{1,80}\}\}|<[A-Za-z0-9_ \-]{2,60}>|"
    r"\[[A-Za-z0-9_ \-]{2,60}\]"
)
_WORDS_OF_NAME = pattern(r"[A-Z]?[a-z]+|[A-Z]+")
_TELLING_WORD = pattern(
    r"[a-z]*(?:key|token|secret|passw(?:or)?[dt]|passphrase|passcode|pwd|cookie|credential|cred|signature|kennwort|"
    r"senha|wachtwoord)s?|[a-z]*auth|authorization"
)
_TELLING_END = pattern("sig|pw|pass|jwt")  # in the middle they are of other words: pass_result


@cache
def _read(name: str) -> Mapping[str, Any]:
    return table(Path(__file__).with_name(name))


@cache
def names(kind: str) -> frozenset[str]:
    """A list of `vocabulary.toml`, by its name."""
    return frozenset(map(_plain, _read("vocabulary.toml")[kind]))


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def is_secret_header(name: str) -> bool:
    """True for a header whose whole value nobody shows: a credential, an account, a cookie, or a telling name."""
    return is_credential_header(name) or is_account_header(name) or is_cookie(name) or tells(name)


def is_secret_query(name: str) -> bool:
    """True for a query parameter whose whole value nobody shows."""
    return is_credential_query(name) or _plain(name) in names("hidden") or tells(name)


def is_credential_header(name: str) -> bool:
    """True for a header that a server takes a credential from."""
    return _plain(name) in names("headers")


def is_credential_query(name: str) -> bool:
    """True for a query parameter that a server takes a credential from."""
    return _plain(name) in names("query")


def is_account_header(name: str) -> bool:
    """True for a header that names an organisation or project."""
    return _plain(name) in names("accounts")


def is_cookie(name: str) -> bool:
    """True for Cookie and Set-Cookie."""
    return _plain(name) in names("cookies")


def is_plain(name: str) -> bool:
    """True for a header or query parameter that is known to carry nothing secret."""
    return _plain(name) in names("plain")


def is_id(name: str) -> bool:
    """True for a header or field whose value is an id to be told to support."""
    return _plain(name) in names("ids")


def is_id_of(name: str, value: str) -> bool:
    """True for a value that has the form of the id that a header or field of this name holds."""
    form = _read("vocabulary.toml")["ids"].get(_plain(name))
    return form is not None and (_USUAL_ID if form == "usual" else pattern(form)).fullmatch(value.strip()) is not None


def is_placeholder(value: str) -> bool:
    """True for what an example holds in the place of a key: nothing but its words, or a variable that nobody filled in.
    It opens nothing."""
    if _UNFILLED.fullmatch(value.strip()) is not None:
        return True
    words = [piece.text().lower() for piece in _ALNUM.finditer(value)]
    known = [word for word in words if word in names("placeholders")]
    rest = [word for word in words if word not in known and len(set(word)) > 2 and not _COUNTED.startswith(word)]
    return bool(known) and not rest


@cache
def id_header_pattern() -> Pattern:
    """A header or field that holds an id by its name, and its value."""
    named = "|".join(escaped(name).replace("\\-", "[-_]") for name in sorted(names("ids"), key=len, reverse=True))
    return pattern(rf"""(?i)\b(?P<name>{named})["'`]?\s{{0,2}}[:=]\s{{0,2}}(?:["'`]?(?P<value>[^\s"'`,]{{1,120}}))""")


def tells(name: str) -> bool:
    """True for a name that tells of a secret, a header's or any other."""
    return not is_plain(name) and not is_id(name) and any(word in _plain(name) for word in names("telling"))


@lru_cache(4096)
def names_secret(name: str) -> bool:
    """True for a whole name in a text that holds a word of a secret's and does not say that it is something else of it:
    `DB_PASSWORD_PROD` and `tokenValue`, not `token_type` or `keyboard`."""
    words = _words(name)
    if not words or words[-1] in names("describing"):
        return False
    return bool(_TELLING_END.fullmatch(words[-1])) or any(map(_TELLING_WORD.fullmatch, words))


@lru_cache(4096)
def names_number(name: str) -> bool:
    """True for a whole name whose number is a secret, though a word behind it is none: `pin`, `otpCode`."""
    words = _words(name)
    return bool(words) and words[-1] not in names("describing") and not names("numbers").isdisjoint(words)


def is_counted(name: str) -> bool:
    """True for a name under which tokens are counted: `total_tokens`, `input_token_details`."""
    return "tokens" in (words := _words(name)) or words[-2:] in (["token", "count"], ["token", "details"])


def is_harmless(name: str) -> bool:
    """True for a field's name that tells of nothing secret, or of something that only belongs to a secret."""
    words = _words(name)
    return is_plain(name) or is_id(name) or (bool(words) and words[-1] in names("describing"))


def _words(name: str) -> list[str]:
    return [match.text().lower() for match in _WORDS_OF_NAME.finditer(name)]


@cache
def id_pattern() -> Pattern:
    """OpenAI's ids, and Cloudflare's ray."""
    prefixes = "|".join(sorted(_read("vocabulary.toml")["id_prefixes"]))
    return pattern(rf"\b(?:(?:{prefixes})_(?:[a-z][0-9]_)?[A-Za-z0-9]{{4,64}}|[0-9a-f]{{16}}-[A-Z]{{3}})\b")


@dataclass(frozen=True, slots=True)
class KeyForm:
    """How a vendor's keys look: what they begin with, of which characters and how many they consist after that, and for
    those that begin with nothing of their own which words stand near them."""

    vendor: str
    what: str
    prefix: tuple[str, ...]
    alphabet: str
    least: int
    most: int
    near: tuple[str, ...]
    evidence: str
    seen: str
    confidence: str
    example: str

    @property
    def rest(self) -> Pattern:
        """What follows the prefix, as far as it goes."""
        return pattern(f"[{self.alphabet}]*")


@cache
def key_forms() -> tuple[KeyForm, ...]:
    """The entries of `vendors.toml`."""
    return tuple(
        KeyForm(**entry | {"prefix": tuple(entry["prefix"]), "near": tuple(entry["near"])})
        for entry in _read("vendors.toml")["key"]
    )


@cache
def by_prefix() -> Mapping[str, tuple[KeyForm, ...]]:
    """The forms that begin with something of their own, by what it is."""
    by_prefix: dict[str, tuple[KeyForm, ...]] = {}
    for form in key_forms():
        for prefix in form.prefix:
            by_prefix[prefix] = (*by_prefix.get(prefix, ()), form)
    return by_prefix


@cache
def prefix_pattern() -> Pattern:
    """The beginning of any of them, the longest first."""
    prefixes = sorted(by_prefix(), key=len, reverse=True)
    return pattern("|".join(map(escaped, prefixes)) or r"\z.")


def escaped(text: str) -> str:
    """The text as an expression that it alone matches."""
    return "".join(char if char.isalnum() or char in "_ " else f"\\{char}" for char in text)
