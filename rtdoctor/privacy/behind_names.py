"""Values behind telling names (`password: …`, `api_key => …`), whatever stands between the two."""

from collections.abc import Iterator
from functools import lru_cache

from rtdoctor.linear import Match, pattern
from rtdoctor.privacy import vocabulary
from rtdoctor.privacy.secret import MASK
from rtdoctor.privacy.value import (
    ALGORITHM,
    LONGEST_NAME,
    QUOTES,
    SAID_OF,
    STRONG,
    Span,
    a_name,
    a_password_word,
    tells_by_itself,
)

# Where a value ends stands a blank. One brace may stand before it.
_ENDS = bytes(32 if chr(code) in "\t\n\f\r \"'`,;&<>(){}[]\\" else 46 for code in range(256))
# A name that tells, and all that stands between it and its value: signs, a type, brackets, a call, quotes, a scheme.
_BRACKET = r"(?:[\[(]|<<)\s{0,40}"
_NAMED = pattern(
    r"(?i)(?P<name>key|token|secret|auth(?:orization)?|passw(?:or)?[dt]|passphrase|passcode|pwd|cookie|credentials?|creds|"
    r"signature|\bsig|\bpw|(?:\b|_)pass|"
    # German, French, Spanish, Portuguese, Dutch; Polish, Swedish, Norwegian, Danish, Finnish, Czech, Hungarian, Turkish
    r"kennwort|mot de passe|contrase.a|senha|wachtwoord|"
    r"has\x1ao|l\x1asenord|passord|adgangskode|salasana|heslo|jelsz\x1a|\x1aifre|parola|"
    r"[?&]code|jwt|password)(?P<rest>[\w\-]{0,40})"
    rf"(?:\\{{0,3}}{QUOTES})?(?:>>)?(?::(?:{QUOTES}?\w{{1,40}}{QUOTES}?:)?(?:protected|private))?[\])]?\*{{0,2}}"
    r"(?P<said>\??\s{0,3}:\s{0,3}&?'?[A-Za-z][\w:<>\[\]]{1,30}\s{1,3}=\s{0,3}|"  # a type before the value
    r"\s{0,40}(?::=|=>|->|!==?|={1,3}|[:\x1a])\s{0,40}|\s{1,40}\|\s{1,40}|\s{1,3}(?:is|was)\s{1,3}|\s{0,3},\s{0,3})"
    r"(?:\*{1,2}\s{1,3})?"
    r"(?:(?:[|>][+\-]?|!{1,2}[\w/]{0,20}|&\w{1,40})\s{1,40}){0,2}"  # YAML: a block, a tag, an anchor
    rf"(?:(?P<within>(?:{_BRACKET}|\{{\s{{0,40}}|[A-Za-z_.:]{{1,40}}\(\s{{0,40}}|string\([0-9]{{1,9}}\)\s{{1,3}}){{0,4}})"
    rf"[$@~bfruBFRU]{{0,2}}(?P<open>\\{{0,3}}{QUOTES}{{1,3}})|(?:{_BRACKET}){{0,3}})"
    r"(?:(?:bearer|basic|token|apikey|digest)(?:\s|%20|\+)+)?"
)
_SIGNS = "：＝→⇒"  # what stands between a name and its value beyond ASCII
_SCHEME_ALONE = pattern(r"(?i)(?:bearer|basic|token|apikey|digest)(?:%20|\+)*")
_MOST_QUOTED = 200  # characters of a quoted value
_MARKS_OF_TEXT = ('"', "'", "`")  # what stands right before one is what a text is written in: b"", f""
_OF_FIELDS = (
    "invalid",
    "unknown",
    "unexpected",
    "missing",
    "duplicate",
    "unrecognized",
    "extra",
    "no such",
    "reserved",
)
_TAIL = pattern(r"[^\s\"'`;&]{0,200}")
_NEXT_FIELD = pattern(r",[A-Za-z_][\w.\-]*[:=]")
_TEMPLATE = pattern(
    r"\$\{?[A-Z_][A-Z0-9_]*\}?|\$\w*(?i:pass|pwd|pw|secret)\w*|\$[{(].*[})]|%\w*%|%[sdrv]|%\(\w+\)s?|"
    r"\{+[\w .]*\}*|<[\w -]*>?|\*+|(?:os\.environ|process\.env|std::env|env|getenv|getpass|settings|config|System)\b.*"
)
_OF_PASSWORD = pattern(
    r"(?i)passw|passp|passc|pwd|\bpw|(?:\b|_)pass|kennwort|mot de|contrase|senha|wachtwoord|"
    r"has\x1ao|senord|adgangs|passo|salasana|heslo|jelsz|\x1aifre|parola"
)
_SIGN_BEHIND = pattern(rf"\\{{0,3}}{QUOTES}?(?:>>)?\s{{0,3}}(?::|=)")
_ASSIGNS = ("=", ":=", ":", "=>", "->")
_ROW = pattern(r".*\|\s*[*`\"]{0,3}")
_IN_CODE = ("(", ".", "[", ")", ",")


def behind_names(text: str, flattened: bytes) -> Iterator[Span]:
    """Values behind telling names. A value may be such a name itself, with its own value behind it: every name is
    looked at, and how far a value goes is found once for all names within it."""
    heads = _NAMED.finditer(text, flattened=flattened)
    ends = flattened.translate(_ENDS)
    head, ended = next(heads, None), 0
    while head is not None:
        following = next(heads, None)
        start = head.end()
        if start >= ended:
            first = start + (flattened[start : start + 1] == b"{")
            high = ends.find(b" ", first)
            high = high if high >= 0 else len(ends)
            ended = high if high > first else start
        if start < ended:
            yield from _named(head, text[start:ended], following)
        head = following


def _named(match: Match, held: str, following: Match | None) -> Iterator[Span]:
    text, start = match.string, match.end()
    low = _name_start(text, match.start("name"))
    name, rest, said = match.text("name").lower(), match.text("rest"), match.text("said").strip()
    if (
        (rest and not vocabulary.names_secret(text[low : match.end("rest")]))
        or (not said.isascii() and said not in _SIGNS)
        or (said == "," and match.group("open") is None)
        or (said == "|" and not _ROW.fullmatch(text[max(0, low - LONGEST_NAME) : low].rpartition("\n")[2]))
    ):
        return
    within = match.group("within") or ""
    password = _of_password(match.text("name") + rest + said) and "(" not in within
    inner = following is not None and _name_start(text, following.start("name")) == start + held.startswith("{")
    if inner and (not password or within or held.startswith("{")):
        return  # what stands here is a name that tells, too: its value is behind it
    value, quoted = _value(match, held, password)
    if (
        not value
        or _SCHEME_ALONE.fullmatch(value)
        or "\u2588" in value
        or MASK[:-1] in value  # it is masked already
        or (name == "cookie" and "=" in value)
        or _only_a_prefix(match, start + len(value), quoted)
        or ((within or said == ",") and _before_a_value(text, start + len(value)))
        or (said == "," and (value.startswith("--") or tells_by_itself(value) or (name == "pass" and " " in value)))
        or (name == "key" and _of_a_field(text, match.start("name")))
        or (name in ("key", "auth") and vocabulary.is_credential_header(value))
        or (said[:2] in ("==", "!=") and tells_by_itself(value))
        or (name == "signature" and ALGORITHM.fullmatch(value))
        or vocabulary.is_id(text[low : match.end("rest")])
    ):
        return
    sentence = said in ("is", "was", "|")
    if password:
        plain = (
            value.lower() in SAID_OF
            or value == "Union"
            or _no_password(value, text[start + len(value) : start + len(value) + 1])
        )
        if (sentence or (rest and "=" not in said)) and not quoted:
            plain = plain or (value.isalpha() and (value.islower() or value.istitle()))
    elif sentence:
        plain = not any(char.isdigit() for char in value) and a_name(value)
    else:
        plain = len(value) < 6 or value.isdigit() or a_name(value.lstrip("{"))
        ended = text[start + len(value) : start + len(value) + 1]
        if plain and not rest and ((quoted and said in _ASSIGNS) or (said in ("=", ":=") and ended not in _IN_CODE)):
            plain = not _assigned(text, low, match.end("name"), value)
    if not plain:
        yield start, start + len(value)


@lru_cache(4096)
def _of_password(said: str) -> bool:
    return _OF_PASSWORD.search(said) is not None


def _assigned(text: str, low: int, high: int, value: str) -> bool:
    """True for a word that is assigned to a key, a token or a secret: it is the value, whatever it looks like."""
    return (
        a_password_word(value)
        and bool(STRONG.search(text[low:high]))
        and not _of_a_field(text, low)
        and "logprob" not in text[high : high + _MOST_QUOTED]  # a token of a transcript
    )


def _before_a_value(text: str, end: int) -> bool:
    """True where what ends here, in quotes and brackets, is a field's name: its value follows."""
    return bool(_SIGN_BEHIND.match(text[end : end + LONGEST_NAME]))


def _value(match: Match, held: str, password: bool) -> tuple[str, bool]:
    """The value as far as it goes, and whether it stands in quotes.

    A quoted value goes to its closing quote, whatever stands in it; with a blank in it only a password does. One that
    is not quoted goes to the next blank where it is a password, but not into a further field.
    """
    text, start, opening = match.string, match.end(), match.group("open") or ""
    mark, end = opening[-1:], start + len(held)
    if mark:
        escapes = len(opening) - len(opening.lstrip("\\"))
        stop = min(len(text), start + _MOST_QUOTED)
        stop = line if (line := text.find("\n", end, stop)) >= 0 else stop
        at = end - 1
        while (at := text.find(mark, at + 1, stop)) >= 0:
            whole = text[start:at]
            if len(whole) - len(whole.rstrip("\\")) <= escapes:
                whole = whole.rstrip("\\") if escapes else whole
                return (whole, True) if password or " " not in whole else (held.rstrip(".:!?*"), True)
    elif password:
        tail = _TAIL.match(text[end : end + _MOST_QUOTED])
        whole = text[start : end + (tail.end() if tail else 0)]
        cut = _NEXT_FIELD.search(whole)
        return (whole[: cut.start()] if cut else whole).rstrip(".:!?*,)]}"), False
    return held.rstrip(".:!?*"), bool(mark)


def _only_a_prefix(match: Match, end: int, quoted: bool) -> bool:
    """True for the letters before a text's quote, that are no part of it: b"", f""."""
    prefix = end - match.end() <= 2 and match.string[end - 1].isalpha()
    return prefix and not quoted and match.string[end : end + 1] in _MARKS_OF_TEXT


def _no_password(value: str, after: str) -> bool:
    """True for a variable's name or a template in the place of a password. One that only begins like those is one."""
    return value[0] in "$%{<*" and bool(_TEMPLATE.fullmatch(value + after if after in "})>" else value))


def _of_a_field(text: str, start: int) -> bool:
    """True for "Unknown key: x": it is a field's name that somebody speaks of."""
    return text[max(0, start - 14) : start].lower().rstrip().endswith(_OF_FIELDS)


def _name_start(text: str, start: int) -> int:
    """Where the word of letters, digits and dashes begins that a name is a part of."""
    low = start
    while low and start - low < LONGEST_NAME and (text[low - 1].isalnum() or text[low - 1] in "-_"):
        low -= 1
    return low
