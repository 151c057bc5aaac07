"""What may stand as a value: whether it is a name, a word of a sentence, or a password."""

from functools import lru_cache

from rtdoctor.linear import pattern
from rtdoctor.privacy import vocabulary
from rtdoctor.privacy.words import opaque

Span = tuple[int, int]
QUOTES = r"""["'`]"""
_LETTERS = pattern(r"[A-Za-z]+")
_LEET = pattern(r"[a-z][0-9][A-Za-z]|[^\w .\-(){}\[\]:,'\"|?*+/\\$%<>&=]")
_VARIABLE = pattern(r"[$%]?\{{0,2}[A-Za-z_][A-Za-z]*(?:[_.]{1,3}[A-Za-z]+)*\}{0,2}%?|[$%{<].*")
_PERCENT = pattern(r"%[0-9A-Fa-f]{2}")
LONGEST_NAME = 40
# Names whose value is one even where it is a word: `key`, `auth` and their kin name too much else.
STRONG = pattern(
    r"(?i)(?:(?:api|access|secret|subscription|account|private|auth|service)[_\-]?key|token|secret|credentials?)$"
)
ALGORITHM = pattern(r"(?i)(?:sha|md|rsa|ecdsa|hmac|ed|es|rs|ps|hs)[\w\-]*")
# What is said of a password, and is none.
SAID_OF = frozenset((
    "a", "absent", "accepted", "and", "bool", "bytes", "denied", "disabled", "empty", "enabled", "error", "expired",
    "failed", "false", "field", "for", "forbidden", "hidden", "in", "incorrect", "int", "invalid", "is",
    "malformed", "masked", "missing", "must", "necessary", "needed", "none", "not", "null", "of", "optional", "or",
    "present", "provided", "redacted", "rejected", "required", "revoked", "set", "str", "string", "the", "to",
    "true", "unauthorized", "undefined", "unknown", "unset", "unsupported", "valid", "wrong",
))  # fmt: skip
# What stands in the place of a key in documentation, in code and in prose, and is none.
_NO_VALUES = SAID_OF | frozenset((
    "argument", "before", "boolean", "client", "config", "configuration", "default", "dynamic", "environment",
    "ephemeral", "example", "header", "inline", "input", "instead", "literal", "managed", "number", "object", "option",
    "options", "parameter", "params", "placeholder", "process", "realtime", "request", "response", "result", "server",
    "session", "settings", "static", "together", "unspecified", "value", "values", "variable",
))  # fmt: skip
_NUMBER_OF = pattern(r"(?i)[a-z]{0,2}[0-9.]+[a-z]{0,3}|0x[0-9a-f]+")


def a_name(value: str) -> bool:
    """True for a word, a variable's name or a placeholder in the place of a secret: it holds none."""
    return _a_name_before(value) if len(value) <= LONGEST_NAME else _a_name(value)


def _a_name(value: str) -> bool:
    if f"{value}.".startswith("openai-beta."):
        return True  # a subprotocol, which stands beside the one that holds a key
    if _PERCENT.match(value) or not _VARIABLE.fullmatch(value):
        return False
    if value[0] in "$%{<":
        return _like_a_variable(value)
    return not any(opaque(word.text()) for word in _LETTERS.finditer(value))


_a_name_before = lru_cache(8192)(_a_name)  # names come again and again


def _like_a_variable(value: str) -> bool:
    """True for `$NAME`, `${...}`, `%s`, `<key>` and their kin; a digit in the middle of small letters is no name's."""
    core = value.lstrip("$%{<").rstrip("}>%")
    return value[1:2] in ("{", "(") or not _LEET.search(core)


def a_password_word(value: str) -> bool:
    """True for a word in small letters that speaks of no value, but may be one."""
    return (
        len(value) >= 6
        and value.isascii()
        and value.isalpha()
        and value[1:].islower()
        and value.lower() not in _NO_VALUES
        and not vocabulary.tells(value)
    )


def tells_by_itself(value: str) -> bool:
    """True for a value that is a name of a secret: one of several names in a row."""
    return vocabulary.tells(value) and not any(map(str.isdigit, value)) and value.replace("-", "").isalpha()


def mixed(value: str) -> bool:
    """True for letters and digits together that are no number with its unit."""
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and not _NUMBER_OF.fullmatch(value)
