"""Secrets that cannot be printed, and the mark that stands in their place."""

from functools import cache
from typing import Literal

from rtdoctor.linear import pattern

MASK = "[secret]"  # for a piece whose owner is not known
MARKS = pattern(r"\[secret(?: [0-9a-f]{4})?\]")

# The parts of a key that name its kind and are no secret: they are kept out of the search for fragments.
_PUBLIC_PREFIX = pattern(r"(?:Bearer\s+)?(?:sk-(?:proj-|svcacct-|admin-|None-)?|ek_|org-|proj_)?")
_ARMOUR = pattern(r"-----[A-Z ]{1,60}-----|\s+")

SecretKind = Literal[
    "key", "secret", "wrong-key", "bearer", "proxy-password", "client-key", "query-key", "organisation", "cookie"
]
_NAMES: dict[SecretKind, str] = {
    "key": "API key",
    "secret": "client secret",
    "wrong-key": "made-up key",
    "bearer": "bearer token",
    "proxy-password": "proxy password",
    "client-key": "client key",
    "query-key": "key in a query",
    "organisation": "organisation or project",
    "cookie": "cookie",
}


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
        return _prefix(self._value)

    @property
    def name(self) -> str:
        """Kind and origin in words, as a person is told of it."""
        return f"{_NAMES[self.kind]} from {self.source}"

    @property
    def core(self) -> str:
        """What of it is secret: without the prefix that names its kind, or the armour of a PEM file."""
        return _ARMOUR.sub("", self._value) if self.kind == "client-key" else core(self._value)


def _prefix(value: str) -> str:
    match = _PUBLIC_PREFIX.match(value)
    return match.text() if match else ""


def core(value: str) -> str:
    """A key without `Bearer ` and the prefix that names its kind."""
    return value[len(_prefix(value)) :]


def mask(value: str) -> str:
    """What stands in the place of a secret: `[secret 3f9a]`. The digits tell two secrets apart within one process, and
    nothing can be computed from them, for they are keyed with a salt that nobody sees."""
    from hashlib import blake2b

    raw = core(value).encode("utf-8", "surrogatepass")
    return f"[secret {blake2b(raw, key=_salt(), digest_size=2).hexdigest()}]"


@cache
def _salt() -> bytes:
    from secrets import token_bytes

    return token_bytes(32)
