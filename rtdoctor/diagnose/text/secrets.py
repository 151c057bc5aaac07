"""Takes secrets out of a text before anything is read from it, in place: the text keeps its length.

The output is redacted once more by `model.redact.Redactor`; what it cannot know is a key without a shape of its own
beside its name (Azure's, a gateway's), and a piece of a key that a cut has left over.
"""

import re
from functools import cache

from rtdoctor.model.needles import small

_MARK = "\u2588"
_VALUE = r"""[^\s"'`,;&<>(){}\u2588]{6,}"""
_SAID = (
    r"""["'`]?\]?\s{0,3}(?:[:=]|=>|,(?=\s{0,3}[$@]{0,2}["'`]))\s{0,3}[$@]{0,2}["'`]?"""
    rf"""(?:(?:bearer|basic|token)(?:\s|%20|\+)+)?(?P<value>{_VALUE})"""
)
# Tried on the small letters of a text: an expression that begins with letters is then found by a plain search.
_SHAPES = (
    *(name + _SAID for name in ("api[-_]?key", "authorization", "token", "secret", "passw(?:or)?d", "cookie")),
    *(rf"{name}\s(?P<value>{_VALUE})" for name in ("bearer", "basic")),
    *(rf"{name}(?P<value>[a-z0-9_\-*…]{{6,}})" for name in ("sk-", "ek_", "xai-", "gsk_")),
    r"openai-insecure-api-key\.(?P<value>[^\s,\"'`\u2588]{3,})",
    r"eyj(?P<value>[\w-]{8,}(?:\.[\w-]+){0,2})",
    r"://[^\s/:@]{1,100}:(?P<value>[^\s/@]{1,100})@",  # user:password@host, of a proxy
)
_INSIDE = (
    "api",
    "authorization",
    "secret",
    "passw",
    "cookie",
    "://",
)  # these may follow letters: x-api-key, set-cookie
_TOKENS = (
    "access",
    "access_",
    "access-",
    "auth",
    "auth_",
    "auth-",
    "refresh_",
    "refresh",
    "id_",
    "id-",
    "bearer_",
    "_api_",
    "client_",
)
_WORDS = r"[a-z]+_(?:[a-z]+_?)+|true|false|null|none|undefined|missing|required|bearer|basic|process\.env\S*|os\.\S*"


def mask(text: str) -> str:
    """The text with the values of secrets blotted out, of the same length."""
    lower = small(text)
    for shape in _SHAPES:
        found = _compiled(shape).search(lower)
        while found:
            start, end = found.span("value")
            if _is_secret(lower, found):
                text = text[:start] + _MARK * (end - start) + text[end:]
                lower = lower[:start] + _MARK * (end - start) + lower[end:]
            found = _compiled(shape).search(lower, end)
    return text


@cache
def _compiled(shape: str) -> re.Pattern[str]:
    return re.compile(shape)


def told(text: str) -> str:
    """A masked text as it is shown."""
    return re.sub(f"{_MARK}+", "[secret]", text) if _MARK in text else text


def _is_secret(lower: str, found: re.Match[str]) -> bool:
    before = lower[max(0, found.start() - 8) : found.start()]
    if before.endswith("invalid_") or _compiled(_WORDS).fullmatch(found.group("value")):
        return False  # a code or a variable's name, not a value
    if found.group(0).startswith(("bearer", "basic")) and re.fullmatch("[a-z]{6,19}", found.group("value")):
        return False  # a word of a sentence, as in "basic authentication"
    if found.group(0).startswith(_INSIDE) or not (before[-1:].isalnum() or before[-1:] == "_"):
        return True
    return found.group(0).startswith("token") and before.endswith(_TOKENS)
