"""Values that their surroundings give away: what stands behind a name that tells of a secret, behind `Bearer`, in the
user information of a URL, in a command line's `-u`, in a cookie, in the armour of a private key."""

from collections.abc import Callable, Iterator

from rtdoctor.linear import ByteSet, Match, Pattern, pattern
from rtdoctor.privacy import vocabulary
from rtdoctor.privacy.behind_names import behind_names
from rtdoctor.privacy.hints import hint, parts, white
from rtdoctor.privacy.value import (
    ALGORITHM,
    QUOTES,
    SAID_OF,
    STRONG,
    Span,
    a_name,
    a_password_word,
    mixed,
    tells_by_itself,
)

_VALUE = r"""[^\s"'`,;&<>(){}\[\]\\]+"""
_SCHEME = pattern(
    rf"(?i)\b(?P<scheme>bearer|basic){QUOTES}?(?:[:=]\s{{0,3}}|(?:\s|%20|\+){{1,5}}){QUOTES}?[\[(]?(?P<value>[A-Za-z0-9._~+/=\-|:]+)"
)
_SUBPROTOCOL = pattern(rf"(?i)openai-insecure-api-key\.(?P<value>{_VALUE})")
# A word before the colon that is followed by a port's digits is a host, not a user.
_USER = pattern(r"""(?::/{2,3}|[A-Za-z]{2}:/)(?P<value>[^\s"'`<>/@:]*:[^\s"'`<>]+@|[^\s/@"'`<>]+@)""")
_PORT = pattern(r"[^:]*:[0-9]{1,5}(?:/.*|)@")
_USER_WITHOUT_SCHEME = pattern(
    r"""(?:^|[\s"'`=(])(?P<value>[A-Za-z0-9._%+\-]{1,60}:[^\s"'`<>]+)@(?P<host>[A-Za-z0-9.\-]+)"""
)
_NO_USER = frozenset(("mailto", "sip", "sips", "acct", "xmpp", "http", "https", "ws", "wss", "urn", "file"))
_FLAG = pattern(
    r"(?:^|[\s\"'`])(?P<flag>(?P<short>-[a-zA-Z]{0,8}[uU])|--?[a-zA-Z][a-zA-Z\-]{2,60})"
    rf"(?:\s{{1,20}}|=|){QUOTES}?(?P<value>[^\s\"'`\-][^\s\"'`]*)"
)
# mysql and its kin take the password without a blank, sshpass with one.
_SHORT_FLAG = pattern(
    r"\b(?:(?:mysql|mariadb)[a-z]*\b[^\n]{0,200}\s-p|(?:sshpass|docker login|az login)\b[^\n]{0,200}\s-p\s{0,3}|"
    r"redis-cli\b[^\n]{0,200}\s-a\s{0,3}|unzip\b[^\n]{0,200}\s-P\s{0,3}|7z[ar]?\b[^\n]{0,200}\s-p|"
    r"ssh-keygen\b[^\n]{0,200}\s-N\s{1,3}|"
    r"htpasswd\b[^\n]{0,200}\s-[a-zA-Z]{0,4}b[a-zA-Z]{0,4}\s[^\s]{1,200}\s[^\s]{1,200}\s|"
    r"IDENTIFIED BY\s{1,3}|requirepass\s{1,3}|curl\b[^\n]{0,200}\s-E\s{0,3}[^\s:]{1,200}:)[\"']?(?P<value>[^\s\"'`]+)"
)
_COOKIES = pattern(
    r"(?i)(?:cookie(?:\\{0,3}[\"'`])?\s{0,3}(?:[:=]\s{0,3}(?:\\{0,3}[\"'`])?|[\"'`])|-b(?:\s{0,3}[\"'`]|\s{1,3})|"
    r"--cookie\s{1,3}|(?:added|replaced) cookie )"
    r"(?P<value>(?:[^\s=;,\"'`\\]+=\"[^\"\n]*\"|[^\n\"'`\\])+)"
)
# What servers call the cookie that a session is known by.
_SESSION = pattern(
    r"(?i)\b(?:JSESSIONID|PHPSESSID|ASPSESSIONID[A-Z]{0,12}|ASP\.NET_SessionId|connect\.sid|laravel_session|sessionid)="
    r"(?P<value>[^\s\"'`;,&<>]{3,200})"
)
# A HAR's cookies, and what is the value of each; a line of a cookie jar.
_JARRED = pattern(r"(?i)\bcookies\\{0,3}[\"']?\s{0,3}[:=]\s{0,3}\[(?P<value>[^\[\]]{1,1000})")
_IN_JAR = pattern(r"(?i)\bvalue\\{0,3}[\"']?\s{0,3}[:=]\s{0,3}\\{0,3}[\"'](?P<value>[^\"'\\]{1,400})")
_JAR_LINE = pattern(
    r"(?m)^[^\s]+[\t ]{1,3}(?:TRUE|FALSE)[\t ]{1,3}[^\s]+[\t ]{1,3}(?:TRUE|FALSE)[\t ]{1,3}[0-9]{1,12}[\t ]{1,3}"
    r"[^\s]+[\t ]{1,3}(?P<value>[^\s]+)"
)
_CRUMB = pattern(r"(?P<name>[^\s=;,]+)=(?P<value>\"[^\"]+\"|[^;]+)")
_PLACEHOLDER = pattern(r"\$\{?[A-Z_]+\}?|%[A-Z_]+%|\{{1,2}[\w ]+\}{1,2}|<[\w -]+>|\[.*")
_COOKIE_WORDS = frozenset(("expires", "path", "domain", "max-age", "samesite", "priority", "version"))
_PEM = pattern(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?P<value>[A-Za-z0-9+/=\s\\:,.\-]{16,})")
# Words of a flag's name that tell of a secret, and its last words that tell that only a place or a name follows.
_SECRET_FLAGS = frozenset((
    "apikey", "auth", "authorization", "bearer", "credential", "credentials", "key", "keypass", "pass", "passphrase",
    "passwd", "password", "pat", "pwd", "secret", "storepass", "token",
))  # fmt: skip
_NO_SECRET_FLAGS = frozenset(("env", "file", "id", "name", "path", "type", "url"))
_DRIVE = pattern(r"(?:^|[^A-Za-z])[A-Za-z]:[^:]*$")
_URL = pattern("(?:https?|wss?):|[0-9]+:[0-9]+$")
_SCHEMES = frozenset(("basic", "bearer", "digest", "header", "negotiate", "ntlm", "realm", "scheme"))
_NO_SCHEMES = (_SCHEMES | SAID_OF) - {"negotiate", "ntlm"}
_CALL = pattern(
    rf"(?i)(?:auth[a-z]*|credentials?|login)(?:\.[a-z]{{1,20}})?\s{{0,3}}[(=]{{1,2}}\s{{0,3}}\(?\s{{0,3}}{QUOTES}[^\s\"'`]{{1,80}}{QUOTES}"
    rf"\s{{0,3}},\s{{0,3}}{QUOTES}(?P<value>[^\"'`\n]{{3,200}}){QUOTES}"
)
# Kubernetes and Compose write a name and its value as two fields.
_IS = rf"{QUOTES}?\s{{0,3}}[:=]\s{{0,3}}{QUOTES}?"
_AND = rf"{QUOTES}?(?:,\s{{0,40}}|\s{{1,40}}){QUOTES}?"
_FIELD = pattern(rf"(?i)\b(?:value|default){_IS}(?P<value>[^\s\"'`,{{}}]{{3,200}})")
_NAME_FIELD = pattern(rf"(?i)\b(?:name|key){_IS}(?P<name>[\w.\-]{{1,120}})")
_ADJACENT = pattern(_AND)
# What an object is called: `api_key: {`, `variable "api_key" {`.
_OBJECTS_NAME = pattern(rf"(?P<name>[\w.\-]{{1,120}})\\{{0,3}}{QUOTES}?\s{{0,3}}(?:[:=]>?\s{{0,3}})?$")
_AROUND = 240  # characters of an object that are looked at on either side of a value
# In the place of a header that carries a credential even a word is one.
_HEADER = pattern(
    r"(?i)(?:^|[\s\"'`])(?P<name>x-api-key|api-key|(?:proxy-)?authorization)\s{0,3}:\s{0,3}"
    r"(?:(?:bearer|basic|token)\s{1,40})?(?P<value>[A-Za-z]{4,}\b)"
)
# RFC 7616: what is derived of a password, and the password can be tried against.
_DIGEST = pattern(r"(?i)\bresponse=[\"'`\\]{0,3}(?P<value>[0-9a-f]{32,64})\b")
# A property list's name and value; a variable that is set without a sign between; what a client of an SDK is made with.
_PLIST = pattern(r"(?i)<key>(?P<name>[\w.\-]{1,120})</key>\s{0,40}<string>(?P<value>[^<>]{3,200})</string>")
_SET = pattern(
    rf"\b(?P<name>[A-Z0-9_]{{0,60}}(?:KEY|TOKEN|SECRET|PASSWORD|PASS)|"
    rf"(?i:(?:proxy_)?set[_\-]header|set|add_header|header_up)(?: -[a-zA-Z]{{1,3}}){{0,3}} \$?[\w\-]{{1,80}})"
    rf"[\t ]{{1,3}}{QUOTES}?(?P<value>[^\s\"'`;]{{6,200}})"
)
_MADE = pattern(
    rf"(?i)(?:key|token|secret|password|credentials?)[a-z]{{0,20}}\(\s{{0,3}}{QUOTES}(?P<value>[^\s\"'`]{{6,200}}){QUOTES}\s{{0,3}}\)"
)
# What stands in where nothing is set: behind a telling name, or in a call that asks for one or is assigned to one.
_OR = pattern(rf"(?:\|\||\?\?|\?:|\bor\b|\|\s{{0,3}}default\b)\s{{0,3}}{QUOTES}(?P<value>[^\s\"'`]{{6,200}}){QUOTES}")
_ASKED = pattern(
    rf"\(\s{{0,3}}{QUOTES}?(?P<name>[\w.\-]{{1,120}}){QUOTES}?\s{{0,3}},\s{{0,3}}(?:default\s{{0,3}}=\s{{0,3}})?"
    rf"{QUOTES}(?P<value>[^\s\"'`]{{6,200}}){QUOTES}"
)
_ASSIGNED_CALL = pattern(r"(?P<name>[\w.\-]{1,120})[\"']?\s{0,3}(?::=|[:=])\s{0,3}[\w.:]{1,60}$")
_TELLING = pattern("(?i)key|token|secret|auth|pass|pwd|cred|cookie|signature|jwt|senha|kennwort|wachtwoord")
_WORDS = pattern(r"[\w\-]{2,120}")
_STATEMENT = 160  # characters
_SHELL_DEFAULT = pattern(r"\$\{(?P<name>\w{1,120}):[\-=?]?(?P<value>[^\s{}\"'`]{3,200})\}")
_NETRC = pattern(
    r"(?i)\b(?:machine\s{1,40}[^\s]{1,255}|default)\s{1,40}(?:(?:login|account)\s{1,40}[^\s]{1,120}\s{1,40}){0,2}"
    r"password\s{1,40}(?P<value>[^\s]{3,200})"
)
# A form's part, an element that says its name in an attribute.
_PART = pattern(r"(?i)\bname=\\{0,3}\"?(?P<name>[\w.\-]{1,120})\\{0,3}\"?[\t\r ]*\n[\t\r ]*\n(?P<value>[^\s]{3,200})")
_ATTRIBUTE = pattern(
    r"(?i)<[\w:.\-]{1,60}\s[^<>]{0,200}?\b(?:key|name)=[\"'](?P<name>[\w.\-]{1,120})[\"'][^<>]{0,200}>\s{0,40}"
    r"(?:<value>\s{0,40})?(?P<value>[^<>\s]{3,200})\s{0,40}</"
)
_OTHER_SCHEME = pattern(
    rf"(?i)authorization{_IS}(?P<scheme>[A-Za-z][A-Za-z\-]{{2,20}})"
    rf"\s{{1,3}}(?P<value>[^\s\"'`,;]{{6,200}})"
)
# What a server says of a key that it was given.
_SAID_OF_A_KEY = r"(?i)(?:api[ _\-]?key|token|password|secret)(?: for [\w ]{1,30})?(?: provided| given)?(?: is)?"
_REFUSED = pattern(
    rf"{_SAID_OF_A_KEY}(?::\s{{1,3}}|\s{{1,3}}){QUOTES}(?P<value>[^\s\"'`]{{6,200}}){QUOTES}|"
    rf"{_SAID_OF_A_KEY}:\s{{1,3}}(?P<bare>[^\s\"'`,;()\[\]{{}}<>|]{{6,200}})(?:[\s,;.]|\z)"
)
_PASSWORD = "(?:passw(?:or[dt]|d)|passphrase|passcode|kennwort)"
# A variable, or the word itself, alone on its line: the value is on the next one.
_NEXT_LINE = pattern(
    rf"(?m)^[\t ]*(?P<name>[A-Z0-9_]{{0,60}}(?:SECRET|PASSWORD|PASSWD|PASS|PWD)|(?i:{_PASSWORD}))[\t ]*\r?\n"
    rf"[\t ]*{QUOTES}?(?P<value>[^\s\"'`;]{{6,200}}){QUOTES}?[\t ]*\r?(?:\n|\z)"
)
# What other scripts call a password; an expression sees only that they are none of ASCII's.
_BEYOND = pattern(r"(?P<name>\x1a{2,40})[\"'`]?\s{0,3}[:=]?\s{0,3}[\"'`]?(?P<value>[\x21-\x7e]{6,200})")
_BEYOND_ASCII = (
    "пароль", "парола", "лозинка", "密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호", "סיסמה",
    "סיסמא", "المرور", "κωδικός", "รหัสผ่าน", "पासवर्ड",
)  # fmt: skip
_PIPED = pattern(
    r"\b(?:echo|printf)\s{1,3}(?:-n\s{1,3})?[\"']?(?P<value>[^\s\"'|]{3,200})[\"']?\s{0,3}\|[^\n|]{0,200}"
    r"(?:--password-stdin|sudo -S|chpasswd|cryptsetup)"
)
# What is said of a key without a sign between, and what LiteLLM says.
_SPOKEN = pattern(
    rf"(?i)\b(?:invalid|incorrect|wrong|bad|unknown|expired|revoked|malformed|received|using|with)"
    rf"(?: (?:api[ _\-]?)?key| token| password| secret| passphrase)\s[(\"'`]?(?P<value>[A-Za-z0-9+/=_\-.!]{{6,200}})|"
    rf"\b{_PASSWORD}(?: for [\w ]{{1,30}})?(?: is| -)?\s{{1,3}}[(\"'`]?(?P<word>[A-Za-z0-9+/=_\-.!#$@*]{{6,200}})|"
    rf"\bReceived={QUOTES}?(?P<received>[^\s,\"'`]{{3,200}})"
)
_ELEMENT = pattern(r"(?i)<(?P<name>[\w:.\-]{1,120})(?:\s[^<>]{0,200})?>\s{0,40}(?P<value>[^<>\s]{3,200})\s{0,40}</")


def named_spans(text: str, flattened: bytes) -> Iterator[Span]:
    """Where the values stand."""
    if any(word in flattened for word in (b"=", b":", b",", b"|", b"->", b" is ", b" was ", b"\x1a")):
        yield from behind_names(text, flattened)
    words = _FINDER.found(flattened)
    for needed, (_, shape, judge) in zip(_NEEDED, _SHAPES, strict=True):
        if not needed.isdisjoint(words):
            for match in shape.finditer(text, flattened=flattened):
                yield from judge(match)
    blanks = white(flattened)
    for hinted in _HINTED:
        yield from hinted.spans(text, flattened, blanks)


def _whole(match: Match) -> Iterator[Span]:
    if not a_name(match.text("value").rstrip(".:!?*")):
        yield match.span("value")


def _of_telling_name(match: Match) -> Iterator[Span]:
    if vocabulary.tells(match.text("name")):
        yield from _whole(match)


def _offered(match: Match) -> Iterator[Span]:
    if a_password_word(match.text("value")):
        yield match.span("value")
    else:
        yield from _whole(match)


def _set(match: Match) -> Iterator[Span]:
    if match.text("value").startswith("-"):
        return  # the next flag
    if vocabulary.tells(match.text("name")) or match.text("name").endswith("PASS"):
        yield from _whole(match)


def _next_line(match: Match) -> Iterator[Span]:
    if mixed(match.text("value")) and not a_name(match.text("value")):
        yield match.span("value")


def _beyond_ascii(match: Match) -> Iterator[Span]:
    value = match.text("value").rstrip(".,;\"'`)")
    name = match.text("name").rstrip("：＝→⇒はが은는").lower()
    if name.endswith(_BEYOND_ASCII) and not a_name(value) and value.lower() not in SAID_OF:
        yield match.start("value"), match.start("value") + len(value)


def _spoken(match: Match) -> Iterator[Span]:
    group = "value" if match.group("value") is not None else "word"
    value = match.text(group).rstrip(".!")
    if match.group("received") is not None:
        if not a_name(match.text("received")):
            yield match.span("received")
    elif mixed(value) and value[0] not in "/.~" and not (group == "word" and ALGORITHM.fullmatch(value)):
        yield match.start(group), match.start(group) + len(value)


def _jarred(match: Match) -> Iterator[Span]:
    start = match.start("value")
    for held in _IN_JAR.finditer(match.text("value")):
        if not _PLACEHOLDER.fullmatch(held.text("value")):
            yield start + held.start("value"), start + held.end("value")


def _field(match: Match) -> Iterator[Span]:
    """A value whose name is another field of the same object, before or after it, or is the object's own."""
    text, (start, end) = match.string, match.span()
    begins = max(0, start - _AROUND)
    opened = max(text.rfind("{", begins, start), text.rfind("}", begins, start))
    before = text[max(begins, opened + 1) : start]
    closes = min(
        (at for at in (text.find("}", end, end + _AROUND), text.find("{", end, end + _AROUND)) if at >= 0), default=-1
    )
    after = text[end : closes if closes >= 0 else end + _AROUND]
    names = [named for part in (before, after) for named in _NAME_FIELD.finditer(part)]
    if opened < 0:  # in lines of YAML the name is next to it
        names = [
            *(named for named in _NAME_FIELD.finditer(before) if _ADJACENT.fullmatch(before[named.end() :])),
            *(named for named in _NAME_FIELD.finditer(after) if _ADJACENT.fullmatch(after[: named.start()])),
        ]
    elif not names and text[opened] == "{":
        owner = _OBJECTS_NAME.search(text[max(0, opened - _AROUND) : opened])
        names = [owner] if owner else []
    if any(vocabulary.tells(named.text("name")) for named in names):
        yield from _whole(match)


def _by_default(match: Match) -> Iterator[Span]:
    if vocabulary.names_secret(match.text("name")):
        yield from _whole(match)


def _in_place_of(match: Match) -> Iterator[Span]:
    if a_name(match.text("value")):
        return
    statement = _statement(match)
    if _TELLING.search(statement) and any(vocabulary.names_secret(word.text()) for word in _WORDS.finditer(statement)):
        yield match.span("value")


def _asked(match: Match) -> Iterator[Span]:
    if tells_by_itself(match.text("value")):
        return
    owner = _ASSIGNED_CALL.search(_statement(match))
    if vocabulary.names_secret(match.text("name")) or (owner and vocabulary.names_secret(owner.text("name"))):
        yield from _whole(match)


def _statement(match: Match) -> str:
    """What stands before it in its line."""
    start = match.start()
    low = max(0, start - _STATEMENT)
    return match.string[max(low, match.string.rfind("\n", low, start), match.string.rfind(";", low, start)) : start]


def _other_scheme(match: Match) -> Iterator[Span]:
    if match.text("scheme").lower() not in _NO_SCHEMES and not a_name(match.text("value")):
        yield match.span("value")


def _refused(match: Match) -> Iterator[Span]:
    group = "value" if match.group("value") is not None else "bare"
    if not a_name(match.text(group).rstrip(".:!?*")):
        yield match.span(group)


def _in_header(match: Match) -> Iterator[Span]:
    value = match.text("value")
    named = value.isupper() or value.lower() in SAID_OF or value.lower() in _SCHEMES or vocabulary.tells(value)
    if not named and match.string[match.end("value") : match.end("value") + 1] not in ("=", "(", "."):
        yield match.span("value")


def _behind_scheme(match: Match) -> Iterator[Span]:
    value = match.text("value").rstrip(".:|")
    parameter = value.partition("=")[0]
    # `Bearer realm=…` is a challenge (RFC 9110, section 11.6.1), and its words are none of ours to hide.
    if parameter != value.rstrip("=") and a_name(parameter):
        return
    if len(value) >= 6 and not a_name(value.rstrip("=")):
        start = match.start("value")
        yield start, start + len(value)


def _user(match: Match) -> Iterator[Span]:
    start, end = match.span("value")
    if not _PORT.fullmatch(match.text("value")):
        yield start, end - 1


def _user_without_scheme(match: Match) -> Iterator[Span]:
    user, _, rest = match.text("value").partition(":")
    if user.lower() not in _NO_USER and not rest.startswith("//"):
        yield match.span("value")


def _flag(match: Match) -> Iterator[Span]:
    start, end = match.span("value")
    flag, value = match.text("flag"), match.text("value")
    words = flag.lstrip("-").lower().split("-")
    if _SECRET_FLAGS.intersection(words) and words[-1] not in _NO_SECRET_FLAGS:
        word = a_password_word(value) and STRONG.search(flag)
        if (word or not a_name(value)) and value.strip(":=,;") and not value.startswith(("/", "./", "../", "~")):
            yield start, end
    elif words[-1] == "cert" and ":" in value and not _DRIVE.search(value):
        yield start + value.rindex(":") + 1, end
    elif (words[-1] == "user" or match.group("short") is not None) and ":" in value and not _URL.match(value):
        yield start + value.index(":") + 1, end


def _cookies(match: Match) -> Iterator[Span]:
    start = match.start("value")
    yield from ((start + low, start + high) for low, high in cookie_spans(match.text("value")))


def cookie_spans(text: str) -> Iterator[Span]:
    """The values of cookies, without those of attributes (RFC 6265, section 4.1)."""
    for place, crumb in enumerate(_CRUMB.finditer(text)):
        attribute = place > 0 and crumb.text("name").lower() in _COOKIE_WORDS
        if not attribute and not _PLACEHOLDER.fullmatch(crumb.text("value").strip()):
            yield crumb.span("value")


def _all(match: Match) -> Iterator[Span]:
    yield match.span("value")


# The bytes without which an expression need not be tried; case is what programs write.
_SHAPES: tuple[tuple[tuple[bytes, ...], Pattern, Callable[[Match], Iterator[Span]]], ...] = (
    ((b" -p", b" -a", b" -P", b" -E", b" -N", b"htpasswd", b"IDENTIFIED", b"requirepass"), _SHORT_FLAG, _whole),
    ((b"stdin", b"sudo -S", b"chpasswd", b"cryptsetup"), _PIPED, _whole),
    ((b"\x1a",), _BEYOND, _beyond_ascii),
    ((b"ookie", b"OOKIE", b"-b"), _COOKIES, _cookies),
    ((b"ookies",), _JARRED, _jarred),
    ((b"TRUE", b"FALSE"), _JAR_LINE, _all),
    ((b"PRIVATE KEY",), _PEM, _all),
    ((b"(",), _ASKED, _asked),
    ((b"${",), _SHELL_DEFAULT, _by_default),
    ((b"assword",), _NETRC, _all),
    ((b"name=",), _PART, _of_telling_name),
    ((b"=",), _ATTRIBUTE, _of_telling_name),
    ((b"</",), _ELEMENT, _of_telling_name),
    ((b"<key>",), _PLIST, _of_telling_name),
)
# Which of these bytes stand in a text is told in one pass over it.
_EVERY_WORD = sorted({word for words, *_ in _SHAPES for word in words})
_FINDER = ByteSet(vocabulary.escaped(word.decode("latin-1")).encode("latin-1") for word in _EVERY_WORD)
_NEEDED = tuple(frozenset(map(_EVERY_WORD.index, words)) for words, *_ in _SHAPES)


class _Hinted:
    """Shapes that are hinted at by more than some bytes: each with what it holds in every match. The parts of a text in
    which anything hints are looked for once for all of them, and in each part those are tried that are hinted at."""

    def __init__(
        self,
        *shapes: tuple[Pattern, Callable[[Match], Iterator[Span]], tuple[str, ...]],
        before: int = 0,
        after: int,
    ) -> None:
        self.shapes = tuple((shape, judge) for shape, judge, _ in shapes)
        sources = [[f"(?:{one})" for one in hints] for *_, hints in shapes]
        self._hint = hint(*dict.fromkeys(one for hints in sources for one in hints), before=before, after=after)
        self._which = ByteSet("|".join(hints).encode("ascii") for hints in sources)

    def places(self, flattened: bytes, blanks: bytes) -> Iterator[tuple[int, int, list[int]]]:
        """From where to where which shapes are to be tried, by their numbers. `blanks` is `white(flattened)`."""
        for start, end in parts(self._hint, flattened, blanks):
            numbers = self._which.found(flattened[start:end])
            yield start, end, [number for number in range(len(self.shapes)) if number in numbers]

    def spans(self, text: str, flattened: bytes, blanks: bytes) -> Iterator[Span]:
        """Where the values stand."""
        for start, end, numbers in self.places(flattened, blanks):
            for number in numbers:
                shape, judge = self.shapes[number]
                for match in shape.finditer(text, start, end, flattened):
                    yield from judge(match)


_CREDENTIAL = r"(?i)(?:api-key|authorization)[\"'`]?\s{0,3}[:=]"
_HINTED = (
    _Hinted(
        (_FLAG, _flag, (r"(?:\A|[\s\"'`])--?[a-zA-Z]",)),
        (_CALL, _whole, (r"[(=]\s{0,3}[\"'`(]",)),
        (_MADE, _whole, (r"[(=]\s{0,3}[\"'`(]",)),
        (_OR, _in_place_of, (r"(?:\|\||\?\?|\?:|\bor|default)\s{0,3}[\"'`]",)),
        before=60,
        after=320,
    ),
    _Hinted(
        (_SCHEME, _behind_scheme, (r"(?i)bearer|basic",)),
        (_SUBPROTOCOL, _offered, (r"(?i)insecure-api-key\.",)),
        (_HEADER, _in_header, (_CREDENTIAL,)),
        (_DIGEST, _all, (r"(?i)\bresponse=",)),
        (_OTHER_SCHEME, _other_scheme, (_CREDENTIAL,)),
        (
            _SPOKEN,
            _spoken,
            (
                r"(?i)\b(?:invalid|incorrect|wrong|bad|unknown|expired|revoked|malformed|received|using|with) "
                r"(?:(?:api[ _\-]?)?key|token|password|secret|passphrase)\s",
                rf"(?i){_PASSWORD}(?: for [\w ]{{1,30}})?(?: is| -)?\s",
                r"(?i)\bReceived=",
            ),
        ),
        (
            _REFUSED,
            _refused,
            (
                r"(?i)(?:api[ _\-]?key|token|password|secret)(?: for [\w ]{1,30})?(?: provided| given)?(?: is)?"
                r"(?::\s|\s{1,3}[\"'`])",
            ),
        ),
        (
            _SET,
            _set,
            (r"(?:KEY|TOKEN|SECRET|PASSWORD|PASS)[\t ]|(?i:set[_\-]header|set|add_header|header_up)[ ]",),
        ),
        (_NEXT_LINE, _next_line, (rf"(?:SECRET|PASSWORD|PASSWD|PASS|PWD|(?i:{_PASSWORD}))[\t ]*\r?\n",)),
        before=70,
        after=330,
    ),
    # No white space stands in these, so that the words around the sign are all that there may be of it.
    _Hinted((_USER, _user, ("@",)), (_USER_WITHOUT_SCHEME, _user_without_scheme, ("@",)), after=0),
    _Hinted(
        (_FIELD, _field, (r"(?i)\b(?:value|default)[\"'`]?\s{0,3}[:=]",)),
        (_SESSION, _whole, (r"(?i)sess(?:ion|)id|connect\.sid|laravel_session",)),
        after=40,
    ),
)
