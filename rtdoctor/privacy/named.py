"""Values that their surroundings give away: what stands behind a name that tells of a secret, behind `Bearer`, in the
user information of a URL, in a command line's `-u`, in a cookie, in the armour of a private key."""

from collections.abc import Callable, Iterator

from rtdoctor.linear import Match, Pattern, pattern
from rtdoctor.privacy import vocabulary
from rtdoctor.privacy.words import opaque

Span = tuple[int, int]

_QUOTES = r"""["'`]"""
_VALUE = r"""[^\s"'`,;&<>(){}\[\]\\]+"""
_NAMED = pattern(
    r"(?i)(?P<name>key|token|secret|auth(?:orization)?|passw(?:or)?[dt]|passphrase|pwd|cookie|credentials?|signature|\bsig|"
    # German, French, Spanish, Portuguese, Dutch
    r"kennwort|mot de passe|contrase.a|senha|wachtwoord|"
    r"[?&]code|jwt|password)"
    rf"(?:\\{{0,3}}{_QUOTES})?[\])]?"
    rf"(?P<said>\s{{0,3}}(?:[:=]|=>|->|:=)\s{{0,3}}|\s{{1,3}}(?:is|was)\s{{1,3}}|\s{{0,3}},\s{{0,3}}[$@]{{0,2}}{_QUOTES})"
    rf"[$@]{{0,2}}\\{{0,3}}(?P<open>{_QUOTES}{{0,3}})"
    r"(?:(?:bearer|basic|token|apikey|digest)(?:\s|%20|\+)+)?"
    rf"(?P<value>{_VALUE})"
)
_SCHEME = pattern(rf"(?i)\b(?P<scheme>bearer|basic)(?:\s|%20|\+){{1,3}}{_QUOTES}?(?P<value>[A-Za-z0-9._~+/=\-|:]+)")
_SCHEME_ALONE = pattern(r"(?i)(?:bearer|basic|token|apikey|digest)(?:%20|\+)*")
_SUBPROTOCOL = pattern(rf"(?i)openai-insecure-api-key\.(?P<value>{_VALUE})")
# A word before the colon that is followed by a port's digits is a host, not a user.
_USER = pattern(r"""(?::/{2,3}|[A-Za-z]{2}:/)(?P<value>[^\s"'`<>/@:]*:[^\s"'`<>]+@|[^\s/@"'`<>]+@)""")
_PORT = pattern(r"[^:]*:[0-9]{1,5}(?:/.*|)@")
_USER_WITHOUT_SCHEME = pattern(
    r"""(?:^|[\s"'`=(])(?P<value>[A-Za-z0-9._%+\-]{1,60}:[^\s"'`<>]+)@(?P<host>[A-Za-z0-9.\-]+)"""
)
_NO_USER = frozenset(("mailto", "sip", "sips", "acct", "xmpp", "http", "https", "ws", "wss", "urn", "file"))
_FLAG = pattern(
    rf"(?:^|[\s\"'`])(?P<flag>-[a-zA-Z]{{0,8}}[uU]|--(?:proxy-)?user|--(?:proxy-)?pass|--oauth2-bearer|--basic-auth|--auth|"
    rf"--token|--password|--cookie|-b)(?:\s{{1,3}}|=|){_QUOTES}?(?P<value>[^\s\"'`]+)"
)
_COOKIES = pattern(r"(?i)cookie(?:\\{0,3}[\"'`])?\s{0,3}[:=]\s{0,3}(?:\\{0,3}[\"'`])?(?P<value>[^\n\"'`\\]+)")
_CRUMB = pattern(r"(?P<name>[^\s=;,]+)=(?P<value>[^;]+)")
_PLACEHOLDER = pattern(r"\$\{?[A-Z_]+\}?|%[A-Z_]+%|\{{1,2}[\w ]+\}{1,2}|<[\w -]+>|\[.*")
_COOKIE_WORDS = frozenset(("expires", "path", "domain", "max-age", "samesite", "priority", "version"))
_PEM = pattern(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?P<value>[A-Za-z0-9+/=\s\\:,.\-]{16,})")
_LETTERS = pattern(r"[A-Za-z]+")
_VARIABLE = pattern(r"[$%]?\{{0,2}[A-Za-z_][A-Za-z]*(?:[_.][A-Za-z]+)*\}{0,2}%?|[$%{<].*")
_PERCENT = pattern(r"%[0-9A-Fa-f]{2}")
_MOST_QUOTED = 200  # characters of a quoted value
_PASSWORDS = ("pass", "pwd", "kennwort", "mot", "contrase", "senha", "wachtwoord")
# What is said of a password, and is none.
_SAID_OF = frozenset((
    "a", "and", "empty", "expired", "false", "field", "for", "hidden", "in", "incorrect", "invalid", "is",
    "missing", "must", "necessary", "none", "not", "null", "of", "optional", "or", "redacted", "required", "set",
    "string", "the", "to", "true", "undefined", "unknown", "unset", "wrong",
))  # fmt: skip


def a_name(value: str) -> bool:
    """True for a word, a variable's name or a placeholder in the place of a secret: it holds none."""
    if value.startswith("openai-beta."):
        return True  # a subprotocol, which stands beside the one that holds a key
    if _PERCENT.match(value) or not _VARIABLE.fullmatch(value):
        return False
    return value[0] in "$%{<" or not any(opaque(word.text()) for word in _LETTERS.finditer(value))


_CALL = pattern(
    rf"(?i)(?:auth[a-z]*|credentials?|login)\s{{0,3}}[(=]{{1,2}}\s{{0,3}}\(?\s{{0,3}}{_QUOTES}[^\s\"'`]{{1,80}}{_QUOTES}"
    rf"\s{{0,3}},\s{{0,3}}{_QUOTES}(?P<value>[^\"'`\n]{{3,200}}){_QUOTES}"
)
# Kubernetes and Compose write a name and its value as two fields.
_FIELDS = pattern(
    rf"(?i)\bname{_QUOTES}?\s{{0,3}}[:=]\s{{0,3}}{_QUOTES}?(?P<name>[\w.\-]{{1,120}})"
    rf"{_QUOTES}?(?:,\s{{0,40}}|\s{{1,40}}){_QUOTES}?value{_QUOTES}?\s{{0,3}}[:=]\s{{0,3}}{_QUOTES}?(?P<value>[^\s\"'`]{{3,200}})"
)
_ELEMENT = pattern(r"(?i)<(?P<name>[\w:.\-]{1,120})(?:\s[^<>]{0,200})?>\s{0,40}(?P<value>[^<>\s]{3,200})\s{0,40}</")


def named_spans(text: str, flattened: bytes) -> Iterator[Span]:
    """Where the values stand."""
    for words, shape, judge in _SHAPES:
        if any(word in flattened for word in words):
            for found in shape.finditer(text, flattened=flattened):
                yield from judge(found)


def _named(found: Match) -> Iterator[Span]:
    start = found.start("value")
    value = found.text("value").rstrip(".:!?*")
    name = found.text("name").lower()
    if (
        not value
        or _SCHEME_ALONE.fullmatch(value)
        or "\u2588" in value
        or found.string[start - 1] in "$%"
        or (name == "cookie" and "=" in value)
    ):
        return
    # A quoted value goes to its closing quote, whatever stands in it; with a blank in it only a password does.
    opening = (found.group("open") or "")[:1]
    closing = found.string.find(opening, found.end("value"), start + _MOST_QUOTED) if opening else -1
    quoted = found.string[start:closing] if closing > 0 else ""
    if quoted and "\n" not in quoted and (" " not in quoted or name.startswith(_PASSWORDS)):
        value = quoted
    if name.startswith(_PASSWORDS):
        plain = value.lower() in _SAID_OF or value[0] in "$%{<*"
        if " " in found.text("said").strip(":=> ") or found.text("said").strip() in ("is", "was"):
            plain = plain or (value.isalpha() and (value.islower() or value.istitle()))
    elif found.text("said").strip() in ("is", "was"):
        plain = not any(char.isdigit() for char in value) and a_name(value)
    else:
        plain = len(value) < 6 or value.isdigit() or a_name(value)
    if not plain:
        yield start, start + len(value)


def _whole(found: Match) -> Iterator[Span]:
    if not a_name(found.text("value").rstrip(".:!?*")):
        yield found.span("value")


def _of_telling_name(found: Match) -> Iterator[Span]:
    if vocabulary.tells(found.text("name")):
        yield from _whole(found)


def _behind_scheme(found: Match) -> Iterator[Span]:
    value = found.text("value").rstrip(".:|")
    parameter = value.partition("=")[0]
    # `Bearer realm=…` is a challenge (RFC 9110, section 11.6.1), and its words are none of ours to hide.
    if parameter != value.rstrip("=") and a_name(parameter):
        return
    if len(value) >= 6 and not a_name(value.rstrip("=")):
        start = found.start("value")
        yield start, start + len(value)


def _user(found: Match) -> Iterator[Span]:
    start, end = found.span("value")
    if not _PORT.fullmatch(found.text("value")):
        yield start, end - 1


def _user_without_scheme(found: Match) -> Iterator[Span]:
    user, _, rest = found.text("value").partition(":")
    if user.lower() not in _NO_USER and not rest.startswith("//"):
        yield found.span("value")


def _flag(found: Match) -> Iterator[Span]:
    start, end = found.span("value")
    flag, value = found.text("flag"), found.text("value")
    if flag in ("-b", "--cookie"):
        yield from ((start + low, start + high) for low, high in cookie_spans(value))
    elif flag in ("--oauth2-bearer", "--token", "--password", "--pass", "--proxy-pass"):
        if not a_name(value):
            yield start, end
    elif ":" in value and not value.startswith(("http:", "https:", "ws:", "wss:")):
        yield start + value.index(":") + 1, end


def _cookies(found: Match) -> Iterator[Span]:
    start = found.start("value")
    yield from ((start + low, start + high) for low, high in cookie_spans(found.text("value")))


def cookie_spans(text: str) -> Iterator[Span]:
    """The values of cookies, without those of attributes (RFC 6265, section 4.1)."""
    for place, crumb in enumerate(_CRUMB.finditer(text)):
        attribute = place > 0 and crumb.text("name").lower() in _COOKIE_WORDS
        if not attribute and not _PLACEHOLDER.fullmatch(crumb.text("value").strip()):
            yield crumb.span("value")


def _all(found: Match) -> Iterator[Span]:
    yield found.span("value")


# The bytes without which an expression need not be tried; case is what programs write.
_SHAPES: tuple[tuple[tuple[bytes, ...], Pattern, Callable[[Match], Iterator[Span]]], ...] = (
    ((b"=", b":", b",", b" is ", b" was "), _NAMED, _named),
    ((b"earer", b"EARER", b"asic", b"ASIC"), _SCHEME, _behind_scheme),
    ((b"insecure-api-key.", b"INSECURE-API-KEY."), _SUBPROTOCOL, _whole),
    ((b"@",), _USER, _user),
    ((b"@",), _USER_WITHOUT_SCHEME, _user_without_scheme),
    ((b" -", b"--", b"'-", b'"-'), _FLAG, _flag),
    ((b"ookie", b"OOKIE"), _COOKIES, _cookies),
    ((b"PRIVATE KEY",), _PEM, _all),
    ((b"uth", b"UTH", b"redential", b"ogin"), _CALL, _whole),
    ((b"alue", b"ALUE"), _FIELDS, _of_telling_name),
    ((b"</",), _ELEMENT, _of_telling_name),
)
