"""Plants secrets in everything that can reach a writer, lets every writer write, and looks for traces.

`write_all` goes over the table of writers: a new writer of a known command is tested by being registered there, and a
command that this file does not know fails.
"""

import base64
import html
import io
import json
import random
import re
import string
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote, unquote

from rtdoctor.cli.mock_summary import Summing
from rtdoctor.conform.cases import all_cases
from rtdoctor.conform.context import error_words
from rtdoctor.conform.judge import judged
from rtdoctor.conform.run import SoFar, report_of, result_of
from rtdoctor.diagnose.describe import short
from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.handover import handover
from rtdoctor.diagnose.referee import finding, judge
from rtdoctor.diagnose.summary import summarise
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.engine.controls import conclude
from rtdoctor.engine.probe import head_of
from rtdoctor.engine.run import setting_of
from rtdoctor.engine.setup import Bench, Choice
from rtdoctor.engine.validate import validate_file, validation_of
from rtdoctor.engine.violations import judge_exchange
from rtdoctor.grade.result import certificate
from rtdoctor.grade.run import Ending, read_run
from rtdoctor.knowledge.causes import causes, page
from rtdoctor.knowledge.deviations import deviations
from rtdoctor.model.clock import Clock
from rtdoctor.model.exchange import Answer, Close, Exchange, Fault, Frame, Spend
from rtdoctor.model.fix import Control, Fix, Tried
from rtdoctor.model.handshake import KEY_SUBPROTOCOL, Handshake
from rtdoctor.model.probed import Probed
from rtdoctor.model.replayed import Play, Replayed
from rtdoctor.model.report import (
    LadderDone,
    Pending,
    Report,
    Result,
    RunFinished,
    Rung,
    RungDone,
    RunStarted,
    ScenarioDone,
    Setting,
)
from rtdoctor.model.series import Gathering
from rtdoctor.model.target import Target
from rtdoctor.model.watched import Watched
from rtdoctor.privacy import vocabulary
from rtdoctor.privacy.secret import Secret, SecretKind
from rtdoctor.proxy.frames import Message
from rtdoctor.proxy.watch import Watch
from rtdoctor.recording.tape import Recorder
from rtdoctor.replay.cassette import Take
from rtdoctor.replay.match import differs
from rtdoctor.report.proxy_terminal import live
from rtdoctor.report.writers import WRITERS, writer
from rtdoctor.wire.session import Ledger
from tests.conftest import built_in

ALNUM = string.ascii_letters + string.digits
ANY = ALNUM + "-_./+="

# --- canaries ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Canary:
    """A secret that belongs to nobody. `known` tells whether the process was given it; one that was not is known by
    its form, or by being opaque."""

    kind: str
    value: str
    core: str
    known: bool

    @property
    def secret(self) -> Secret:
        kind = self.kind if self.kind in KNOWN_KINDS else "bearer"
        return Secret(self.value, cast(SecretKind, kind), "a test")


def _drawn(rng: random.Random, letters: str, least: int, most: int) -> str:
    return "".join(rng.choices(letters, k=rng.randint(least, most)))


KNOWN_KINDS: tuple[str, ...] = (
    *("key", "secret", "bearer", "proxy-password", "client-key", "query-key", "organisation", "cookie"),
)
# What no process can know, by vendor and form; and tokens of nobody's form.
_FORMS = {f"{form.vendor}: {form.what}": form for form in vocabulary.key_forms() if form.prefix}
_TOKENS: dict[str, Callable[[random.Random], str]] = {
    "opaque, 20": lambda rng: _drawn(rng, ALNUM, 20, 20),
    "opaque, 40": lambda rng: _drawn(rng, ALNUM, 40, 40),
    "hexadecimal, 32": lambda rng: f"{rng.getrandbits(128):032x}",
    "hexadecimal, 40": lambda rng: f"{rng.getrandbits(160):040x}",
    "UUID": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "base64": lambda rng: base64.b64encode(rng.randbytes(36)).decode(),
}
KINDS: tuple[str, ...] = (*KNOWN_KINDS, *_FORMS, *_TOKENS)


def canary(kind: str, rng: random.Random) -> Canary:
    """A fresh secret of that kind."""
    if kind in _TOKENS:
        value = _TOKENS[kind](rng)
        return Canary(kind, value, value, False)
    if kind in _FORMS:
        form = _FORMS[kind]
        letters = [
            char for char in map(chr, range(33, 127)) if form.rest.fullmatch(char) and (char.isalnum() or char in "-_")
        ]
        size = rng.randint(form.least, min(form.most, form.least + 20, 200))
        # Letters and digits in the mix that chance gives them.
        core = _drawn(rng, "".join(letters), size, size)
        return Canary(kind, rng.choice(form.prefix) + core, core, False)
    if kind == "client-key":
        body = base64.b64encode(rng.randbytes(rng.randint(60, 300))).decode()
        lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        name = rng.choice(("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"))
        return Canary(kind, f"-----BEGIN {name}-----\n{lines}\n-----END {name}-----\n", body, True)
    prefix, letters, least, most = {
        "key": (rng.choice(("sk-", "sk-proj-", "sk-svcacct-")), ALNUM + "-_", 20, 60),
        "secret": ("ek_", ALNUM, 20, 40),
        "bearer": ("", ANY, 16, 60),
        "proxy-password": ("", ANY, 10, 20),
        "query-key": ("", ANY, 12, 40),
        "organisation": (rng.choice(("org-", "proj_")), ALNUM, 24, 24),
        "cookie": ("", ALNUM, 16, 40),
    }[kind]
    # A letter first and last: dots and dashes at the end of a word are punctuation to whoever reads it.
    core = rng.choice(ALNUM) + _drawn(rng, letters, least, most) + rng.choice(ALNUM)
    return Canary(kind, prefix + core, core, True)


# --- writings ---------------------------------------------------------------------------------------------------------


def _each(text: str, form: str, between: str = "") -> str:
    return between.join(form.format(ord(char)) for char in text)


def _part(one: Canary, rng: random.Random) -> str:
    size = rng.randint(min(len(one.core), 16 if one.kind == "client-key" else 10), len(one.core))
    start = rng.randint(0, len(one.core) - size)
    return one.core[start : start + size]


def _mixed(text: str, rng: random.Random) -> str:
    forms = ("%{:02x}", "%{:02X}", "%25{:02x}", "\\u{:04x}", "\\x{:02X}", "&#{};", "&#x{:x};", "\\u{{{:x}}}")
    return "".join(rng.choice((char, rng.choice(forms).format(ord(char)))) for char in text)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


Encoding = Callable[[Canary, random.Random], str]
# These keep the form of a secret, so that nobody need know it; the others are for what the process knows.
SHAPE_KEEPING: dict[str, Encoding] = {
    "whole": lambda one, _: one.value,
    "bearer": lambda one, _: f"Bearer {one.value}",
    "in a sentence": lambda one, _: f'Incorrect API key provided: "{one.value}". Get one at https://x.y/z?a=b&c=d.',
    "named": lambda one, _: f"api_key={one.value}",
    "percent": lambda one, _: _each(one.value, "%{:02X}"),
    "percent, twice": lambda one, _: quote(_each(one.value, "%{:02x}"), safe=""),
    "percent, as needed": lambda one, _: quote(f'{{"key":"{one.value}"}}', safe=""),
    "json": lambda one, _: _each(one.value, "\\u{:04x}"),
    "json in json": lambda one, _: json.dumps(json.dumps({"key": one.value})),
    "python": lambda one, _: _each(one.value, "\\x{:02x}"),
    "html": lambda one, _: _each(one.value, "&#{};"),
    "html, hex": lambda one, _: _each(one.value, "&#x{:X};"),
    "mixed": lambda one, rng: _mixed(one.value, rng),
    "subprotocol": lambda one, _: f"realtime, {KEY_SUBPROTOCOL}{one.value}",
    "userinfo": lambda one, _: f"http://someone:{quote(one.value, safe='')}@proxy.example:3128",
    "curl": lambda one, _: f"curl -sSu someone:{one.value} https://h.example",
}
ENCODINGS: dict[str, Encoding] = SHAPE_KEEPING | {
    "part": _part,
    "capitals": lambda one, _: one.value.upper(),
    "base64": lambda one, _: _b64(one.value),
    "base64, url-safe": lambda one, _: base64.urlsafe_b64encode(one.value.encode()).decode(),
    "base64 of more": lambda one, rng: _b64(_drawn(rng, ALNUM, 1, 9) + one.value + _drawn(rng, ALNUM, 0, 9)),
    "base64, folded": lambda one, _: "\r\n".join(re.findall(".{1,20}", _b64(one.value))),
    "base64 in percent": lambda one, _: quote(_b64(one.value), safe=""),
    "base64 twice": lambda one, _: _b64(_b64(one.value)),
    "basic": lambda one, _: "Basic " + _b64(f"someone:{one.value}"),
    "hex": lambda one, _: one.value.encode().hex(),
    "hex, capitals": lambda one, rng: _part(one, rng).encode().hex().upper(),
    "hex, colons": lambda one, _: one.value.encode().hex(":"),
    "hex, 0x": lambda one, _: _each(one.value, "0x{:02x}", ", "),
    "decimal": lambda one, _: _each(one.value, "{}", " "),
    "octal": lambda one, _: _each(one.value, "{:03o}", " "),
    "quoted-printable": lambda one, _: _each(one.value, "={:02X}"),
    "UTF-16": lambda one, _: one.value.encode("utf-16-le").decode("latin-1"),
    "zero width": lambda one, _: "\u200b".join(one.value),
    "full width": lambda one, _: "".join(chr(ord(c) + 0xFEE0) if 32 < ord(c) < 127 else c for c in one.value),
    "percent of a part": lambda one, rng: _mixed(_part(one, rng), rng),
    "percent, five times": lambda one, _: _each(one.value, "%25252525{:02x}"),
    "base32": lambda one, _: base64.b32encode(one.value.encode()).decode(),
    "base85": lambda one, _: base64.b85encode(one.value.encode()).decode(),
    "reversed": lambda one, _: one.value[::-1],
    "spaced": lambda one, rng: rng.choice((" ", "\n", "\t", "\r\n  ")).join(one.value),
    "folded": lambda one, rng: "\n   ".join(re.findall(f".{{1,{rng.randint(3, 12)}}}", one.value)),
    "stars": lambda one, _: f"{one.value[:8]}{'*' * 12}{one.value.strip()[-4:]}" if one.kind == "key" else one.value,
    "cut": lambda one, rng: " " * rng.randint(0, 3) + "x" * rng.randint(80, 300) + " " + one.value,
}


# --- traces -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Planted:
    """A canary as it is written, and what the same writing makes of a canary of nothing but A: what both have in common
    is no secret."""

    one: Canary
    text: str
    around: str


def planted(one: Canary, encoding: str, seed: int) -> Planted:
    """A canary in one of the writings."""
    hollow = replace(one, value=_hollow(one.value, one.core), core="A" * len(one.core))
    texts = (ENCODINGS[encoding](each, random.Random(seed)) for each in (one, hollow))
    return Planted(one, *texts)


def _hollow(value: str, core: str) -> str:
    def without(text: str) -> str:
        return "".join("A" if char.isalnum() else char for char in text)

    if core in value:
        return value.replace(core, without(core))
    return "\n".join(line if "-----" in line else without(line) for line in value.split("\n"))


def traces(secret: Planted, output: str) -> str | None:
    """How a canary shows in an output, or None. Written without a look at what masks: letters and digits alone, of
    either case, are held against the canary in plain and against what was planted, and whatever can be decoded of the
    output against the canary."""
    one = secret.one
    escape = r"\\u\{([0-9a-fA-F]{1,5})\}|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})"
    once = re.sub(escape, lambda found: chr(int(found[1] or found[2] or found[3], 16)), output)
    unquoted = once
    for _ in range(6):
        unquoted = unquote(unquoted)
    views = {
        "plain": output,
        "unescaped": once,
        "percent": unquoted,
        "html": html.unescape(unquoted),
        "full width": unicodedata.normalize("NFKC", once),
    }
    size = 17 if one.kind == "client-key" else 9
    for name, view in views.items():
        if _shows(_bare(one.core), _bare(view), size):
            return name
    if _shows(_bare(one.core)[::-1], _bare(output), size):
        return "reversed"
    # The armour of a private key is no secret, and its edges are encoded with what it holds.
    text = _bare(secret.text)
    pieces = _pieces(text, _bare(secret.around), len(text) / max(1, len(_bare(one.value))))
    if one.kind != "client-key" and any(piece in _bare(output) for piece in pieces):
        return "as it was planted"
    flat = "".join(views["percent"].replace("\\n", "").replace("\\r", "").split())
    for run in re.findall(r"[A-Za-z0-9+/_-]{12,}", flat):
        plain = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            held = plain[start:]
            held = held[: len(held) // 4 * 4]
            if _shows(_bare(one.core), _bare(base64.b64decode(held).decode("latin-1")), size):
                return "base64"
    for run in re.findall(r"(?:[0-9a-fA-F]{2}){8,}", flat):
        texts = (bytes.fromhex(run[s : len(run) - (len(run) - s) % 2]).decode("latin-1") for s in (0, 1))
        if any(_shows(_bare(one.core), _bare(text), size) for text in texts):
            return "hex"
    if one.kind == "key" and re.search(r"[*…]" + re.escape(one.core[-4:]) + r"(?![\w-])", output):
        return "the last four behind stars"
    return None


def _pieces(written: str, around: str, wide: float) -> Iterator[str]:
    """Every piece of what was planted that stands for twelve characters of the secret and more: where the canary of
    nothing but A has other characters. `wide` is how many characters the writing makes of one."""
    size = max(20, round(12 * wide))
    for start in range(len(written) - size + 1):
        window, other = written[start : start + size], around[start : start + size]
        if sum(a != b for a, b in zip_longest(window, other)) >= 0.4 * size and window not in around:
            yield window


def _bare(text: str) -> str:
    return "".join(char for char in text.lower() if char.isascii() and char.isalnum())


def _shows(core: str, text: str, size: int) -> bool:
    """True where `size` characters of the core in a row stand in the text."""
    # Every window of `size` holds an aligned piece of half its size: that is looked for first.
    half = size // 2
    for at in range(0, len(core) - half + 1, half):
        if core[at : at + half] in text:
            for start in range(max(0, at - half), min(at + 1, len(core) - size + 1)):
                window = core[start : start + size]
                if window in text and len(set(window)) > 3:
                    return True
    return False


# --- what a hostile server causes -------------------------------------------------------------------------------------


def _refusal(**more: Any) -> Exchange:
    told: dict[str, Any] = {"status": 403, "reason": "Forbidden", "headers": (), "body": b"", "ms": 12.0}
    return Exchange(_given().request(), Answer(**(told | more)))


def _body(**error: Any) -> Exchange:
    told = {"type": "invalid_request_error", "code": "invalid_api_key", "message": "no", "param": None} | error
    return _refusal(status=401, headers=(("content-type", "application/json"),), body=_json({"error": told}))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _opened(*events: Any, close: str | None = None, subprotocol: str | None = None) -> Exchange:
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    frames = tuple(
        Frame(0.1 * place, "server", "text", text, len(text.encode("utf-8", "surrogatepass")))
        for place, text in enumerate(texts)
    )
    answer = Answer(101, "Switching Protocols", (("upgrade", "websocket"),), b"", 9.0)
    ended = Close(4000, close, "server", 1.0) if close is not None else None
    return Exchange(_given().request(), answer, subprotocol, frames, ended, alive=close is None)


def _error(**error: Any) -> dict[str, Any]:
    told = {"type": "invalid_request_error", "code": "missing_model", "message": "no", "param": None}
    return {"type": "error", "event_id": "e", "error": told | error}


def _session(**fields: Any) -> dict[str, Any]:
    return {"type": "session.created", "event_id": "e", "session": {"type": "realtime", "object": "x"} | fields}


def _given() -> Handshake:
    return Handshake("wss://host.example/v1/realtime?intent=transcription", (("User-Agent", "x"),))


IN_PIECES = frozenset(("two frames", "two frames, unread", "header, in pieces", "deltas"))
IDS = frozenset(("hexadecimal, 32", "hexadecimal, 40", "UUID"))  # of the form of the ids that support asks for
PLACES: dict[str, Callable[[str], Exchange]] = {
    "reason": lambda x: _refusal(reason=x),
    "header": lambda x: _refusal(headers=(("X-Echo", x), ("Server", x), ("Location", x))),
    "request id": lambda x: _refusal(headers=(("x-request-id", x), ("apim-request-id", x))),
    "header name": lambda x: _refusal(headers=((x, "1"),)),
    "set-cookie": lambda x: _refusal(headers=(("Set-Cookie", f"a={x}; HttpOnly"),)),
    "body": lambda x: _refusal(body=x.encode("utf-8", "surrogatepass")),
    "page": lambda x: _refusal(body=f"<html><h1>403</h1><p>{x}</p></html>".encode("utf-8", "surrogatepass")),
    "body's message": lambda x: _body(message=f"Incorrect API key provided: {x}. You can find it"),
    "body's code": lambda x: _body(code=x),
    "body's type": lambda x: _body(type=x, param=x),
    "body's text": lambda x: _refusal(status=400, body=_json({"error": x})),
    "error's message": lambda x: _opened(_error(message=f"Incorrect API key provided: {x}."), close="bye"),
    "error's code": lambda x: _opened(_error(code=x)),
    "error's type": lambda x: _opened(_error(type=x, code=None)),
    "error's param": lambda x: _opened(_session(), _error(param=x)),
    "event type": lambda x: _opened({"type": x, "event_id": "e"}),
    "later event type": lambda x: _opened(_session(), {"type": x, "event_id": "e"}),
    "no JSON": lambda x: _opened(x),
    "session type": lambda x: _opened(_session(type=x)),
    "session fields": lambda x: _opened(_session(audio={"input": {"transcription": {"model": x}}}, **{x: x})),
    "turn detection": lambda x: _opened(_session(audio={"input": {"turn_detection": {"type": x}}})),
    "transcript": lambda x: _opened(
        _session(),
        {"type": "conversation.item.input_audio_transcription.completed", "item_id": x, "transcript": x},
    ),
    "close reason": lambda x: _opened(_session(), close=x),
    "close alone": lambda x: _opened(close=x),
    "subprotocol": lambda x: _opened(_session(), subprotocol=x),
    "two frames": lambda x: _opened(_error(message=x[: len(x) // 2]), _error(message=x[len(x) // 2 :])),
    "two frames, unread": lambda x: _opened(x[: len(x) // 2], x[len(x) // 2 :]),
    "header, in pieces": lambda x: _refusal(
        headers=tuple((f"X-{place}", x[at : at + 7]) for place, at in enumerate(range(0, min(len(x), 700), 7)))
    ),
    "challenge": lambda x: _refusal(headers=(("WWW-Authenticate", f'Bearer realm="{x}"'), ("Via", x))),
    "unknown header": lambda x: _refusal(headers=(("X-Gateway", x), ("X-Trace", f"a; {x}"))),
    "body, a query": lambda x: _refusal(body=f"see /v1?code={x}&a=b".encode("utf-8", "surrogatepass")),
    "body, a form": lambda x: _refusal(body=f"code={x}\nkey: {x}".encode("utf-8", "surrogatepass")),
    "body, XML": lambda x: _refusal(body=f"<Error><Code>{x}</Code><K>{x}</K></Error>".encode("utf-8", "surrogatepass")),
    "body, nested JSON": lambda x: _refusal(body=_json({"error": json.dumps({"detail": [x, {"k": x}]})})),
    "body, a cookie": lambda x: _refusal(body=f"Set-Cookie: sid={x}; Path=/".encode("utf-8", "surrogatepass")),
    "body, a log": lambda x: _refusal(
        body=f"2026-11-24 12:00:00 ERROR key={x} at a.b.C".encode("utf-8", "surrogatepass")
    ),
    "body, CSV": lambda x: _refusal(body=f"a,{x},b\n{x};c".encode("utf-8", "surrogatepass")),
    "body, YAML": lambda x: _refusal(body=f"error:\n  - {x}\n  token: {x}\n".encode("utf-8", "surrogatepass")),
    "body, a path": lambda x: _refusal(body=f"No route for /v1/realtime/{x}/x".encode("utf-8", "surrogatepass")),
    "retry-after": lambda x: _refusal(status=429, headers=(("Retry-After", x), ("cf-ray", x))),
    "location": lambda x: _refusal(status=302, headers=(("Location", f"https://h.example/login?next={x}"),)),
    "redirect to user": lambda x: _refusal(
        status=302, headers=(("Location", f"https://u:{quote(x, errors='replace')}@h.example/"),)
    ),
    "error as text": lambda x: _opened({"type": "error", "error": x}),
    "error as a list": lambda x: _opened({"type": "error", "error": [x, {"message": x}]}),
    "failed response": lambda x: _opened(
        _session(),
        {
            "type": "response.done",
            "response": {"status": "failed", "status_details": {"error": {"code": x, "message": x}}},
        },
    ),
    "failed transcription": lambda x: _opened(
        _session(),
        {"type": "conversation.item.input_audio_transcription.failed", "item_id": x, "error": {"message": x}},
    ),
    "name of a field": lambda x: _opened({"type": "session.created", "session": {"type": "realtime", x: {x: x}}}),
    "name twice": lambda x: _opened(f'{{"type": "a", {json.dumps(x)}: 1, {json.dumps(x)}: 2}}'),
    "deltas": lambda x: _opened(
        _session(),
        *({"type": "response.output_text.delta", "delta": x[at : at + 9]} for at in range(0, min(len(x), 900), 9)),
    ),
    "tool call": lambda x: _opened(
        _session(), {"type": "response.function_call_arguments.done", "arguments": json.dumps({"k": x}), "name": x}
    ),
    "voice": lambda x: _opened(_session(audio={"output": {"voice": x}}, instructions=x, model=x)),
    "rate limits": lambda x: _opened(_session(), {"type": "rate_limits.updated", "rate_limits": [{"name": x}]}),
    "expires": lambda x: _opened(_session(expires_at=x, id=x)),
    "close, a code": lambda x: _opened(_session(), close=f"invalid_request_error.{x}"),
    "many errors": lambda x: _opened(_session(), *[_error(message=f"{n} {x}") for n in range(12)]),
    "fault of a proxy": lambda x: Exchange(
        _given().request(),
        fault=Fault("tcp", "proxy-refused", "the proxy answered CONNECT with 403", (("via", x), ("server", x))),
    ),
    "not HTTP": lambda x: Exchange(_given().request(), fault=Fault("upgrade", "not-http", f"it begins with {x}")),
    "long body": lambda x: _refusal(body=("word " * 395 + x + " word" * 400).encode("utf-8", "surrogatepass")),
    "fault": lambda x: Exchange(_given().request(), fault=Fault("upgrade", "failed", f"Cannot connect: {x}")),
    "certificate": lambda x: Exchange(
        _given().request(),
        fault=Fault("tls", "untrusted", x, (("issuer", x), ("subject", x), ("names", f"{x}, other"))),
    ),
    "request": lambda x: Exchange(
        Handshake("wss://h.example/{0}?{0}={0}".format(quote(x, errors="surrogatepass")), (), (x,)).request(),
        _refusal().answer,
    ),
}


def setting(text: str) -> Setting:
    """A run's facts with the text wherever a user can put one, as the engine makes them."""
    choice = Choice(
        target=Target(f"https://h.example/{text}", "compatible"),
        aim="transcription",
        transcription_model=text,
        vad_model=text,
        realtime_model=text,
        key=Secret("any", "key", f"the file {text}"),
    )
    return setting_of(Bench(choice, cast(Any, None), Clock(), Ledger(billable=False)))


@cache
def _scenario() -> Any:
    return next(scenario for scenario in built_in() if scenario.id == "auth.header")


def _report(exchange: Exchange, text: str) -> Report:
    rest = exchange.answer is not None and exchange.answer.status != 101
    outcome = distil(exchange)
    judged = finding(outcome)
    control = Control("path", "a path that cannot exist", short(outcome), True)
    rungs = [Rung("http", finding(distil(exchange, rest=rest)), 1.0), Rung("upgrade", conclude(judged, [control]), 2.0)]
    seen = judge(_scenario(), outcome, required=True, on_mock=False, strict=True)
    violations = judge_exchange(exchange)
    result = Result("auth.header", "title", ("smoke",), True, "101", short(outcome), seen, outcome, 3.0, violations)
    summary = summarise(rungs, [result], strict=True)
    return Report(setting(text), summary, tuple(rungs), (result,), Spend(), 1.0)


# --- the commands -----------------------------------------------------------------------------------------------------

Say = Callable[[Any, io.StringIO], None]  # lets a writer write


def _check(place: str, text: str) -> Say:
    """As `rtdoctor.engine.run.run` tells it."""
    report = _report(PLACES[place](text), text)
    events = [
        RunStarted(report.setting, 1),
        Pending(("config",), 0, 1),
        *(RungDone(rung) for rung in report.ladder),
        LadderDone(report.summary, report.ladder),
        *(ScenarioDone(result) for result in report.results),
        RunFinished(report),
    ]

    def say(make: Any, out: io.StringIO) -> None:
        read = make(out)
        for event in events:
            read(event)

    return say


def _probe(place: str, text: str) -> Say:
    exchange = PLACES[place](text)
    report = _report(exchange, text)
    given = replace(
        _given(),
        url=f"wss://host.example/v1/realtime?x={quote(text, safe='', errors='surrogatepass')}&token=t",
        headers=(("Authorization", text), ("X-Other", text)),
        subprotocols=("realtime", text, KEY_SUBPROTOCOL + text),
        events=({"type": "session.update", "session": {"x": text}}, text),
    )
    seen = short(distil(exchange))
    fix = Fix(("use another path",), ("the query",), 2, (Tried(("the query",), False, seen),), bool(len(text) % 2))
    probed = Probed(report, given.shown(), head_of(exchange), (Control("path", "another path", seen, False),), fix)
    probed = replace(probed, handover=handover(given, given.with_path("/v1/realtime"), text))
    return lambda make, out: make(out)(probed)


def _series(place: str, text: str) -> Say:
    """As `check --repeat` tells it."""
    gathered = Gathering(1)
    gathered.add(_report(PLACES[place](text), text))
    series = gathered.series()
    return lambda make, out: make(out)(series)


_RECORDED: dict[str, Callable[[str], list[Any]]] = {
    "message": lambda x: [_session(), _error(message=x)],
    "type": lambda x: [_session(), {"type": x, "event_id": "e"}],
    "field": lambda x: [{**_session(), x: x}],
    "value": lambda x: [_session(type=x), {"type": "response.done", "response": {"id": x, "status": x}}],
    "item": lambda x: [{"type": "conversation.item.added", "event_id": x, "item": {"id": x, "type": x, "role": x}}],
    "broken": lambda x: [_session(), '{"type": "error", "message": "' + " ".join(x.split())],
    "log": lambda x: [f"2026-11-22 {x} " + json.dumps(_error(message=x))],
    "beta": lambda x: [{"type": "transcription_session.update", "session": {"input_audio_format": x, x: x}}],
}


def recording(place: str, text: str) -> bytes:
    """A recorded stream that holds the text."""
    kinds = list(_RECORDED)
    lines = _RECORDED[kinds[list(PLACES).index(place) % len(kinds)]](text)
    told = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return "\n".join(told).encode("utf-8", "surrogatepass")


def _validate(place: str, text: str) -> Say:
    report = validate_file(f"{text}.jsonl", io.BytesIO(recording(place, text)))
    validation = validation_of([report])
    return lambda make, out: make(out)(validation)


def _proxy(place: str, text: str) -> Say:
    """As what passes is judged and told, with the lines that a terminal shows of it before the summary."""
    exchange = PLACES[place](text)
    lines: list[Any] = []
    watch = Watch(Recorder(lines.append, by="proxy", to="https://h.example/v1", clock=lambda: 1.0))
    plain = "".join(char for char in text if char.isprintable() and char.isascii()) or "x"
    asked = f"wss://h.example/v1/realtime?x={quote(text, safe='', errors='surrogatepass')}"
    watch.request(1, Handshake(asked, (("Authorization", text), ("X-Other", text))), 1.0, method=plain[:8], rest=False)
    if exchange.fault is not None:
        watch.fault(1, exchange.fault, 1.0)
    elif exchange.answer is not None:
        watch.answer(1, exchange.answer, exchange.subprotocol, 1.0)
    for frame in exchange.frames:
        data = (frame.text or "").encode("utf-8", "surrogatepass")
        watch.message(1, frame.direction, Message("text" if frame.text is not None else "binary", data), 1.0)
    if exchange.close is not None:
        watch.message(1, exchange.close.by, Message("close", b"", exchange.close.code, exchange.close.reason), 1.0)
    watch.end(1, "server", "eof", 1.0)
    notes = [live(line, verbose=True) or "" for line in lines]
    to, passed = "https://h.example/v1", tuple(watch.passed)
    watched = Watched("http://127.0.0.1:1/v1", to, "", 1.0, passed, watch.counted, notes=tuple(notes))
    return lambda make, out: make(out)(watched)


def _replay(place: str, text: str) -> Say:
    """As the replay tells of a client that sends what was not recorded."""
    held = json.dumps({"type": "x", "item": text, "list": [text]}).encode()
    sent = (json.dumps({"type": text}).encode(), json.dumps({"type": "x", text: 1}).encode(), b"no event")
    asked = Take(1, asked=True, path=f"/v1/realtime?x={quote(text, safe='', errors='surrogatepass')}")
    what = tuple(differs(held, one, "exact") for one in sent)
    replayed = Replayed("a.tape", "http://127.0.0.1:1/v1", (Play(1, asked.what, True, what, (place,)),))
    return lambda make, out: make(out)(replayed)


def _mock(place: str, text: str) -> Say:
    """As the mock sums up a client that said the text wherever it can."""
    summing = Summing()
    url = f"ws://127.0.0.1:1/v1/realtime?x={quote(text, safe='', errors='surrogatepass')}"
    said = {"level": "error", "id": "shape.type", "text": f"{place}: {text}", "remedy": text}
    for line in (
        {"kind": "request", "method": "GET", "url": url, "headers": [["User-Agent", text]], "socket": 1},
        {"kind": "answer", "status": 101, "reason": text, "headers": []},
        {"kind": "finding", **said},
        {"kind": "close", "from": "client", "code": 1000, "reason": text},
        {"kind": "end", "by": "client", "how": "close"},
    ):
        summing({"t": 0.0, "connection": 1, **line})
    served = summing.served("http://127.0.0.1:1/v1", "openai", (), "a.toml", [text])
    return lambda make, out: make(out)(served)


def _explain(place: str, text: str) -> Say:
    texts = (
        f"Unexpected server response: 403\n{text}",
        f"{json.dumps(_error(message=text))}",
        f"websocket closed 4000 ({text})",
        f"new WebSocket('wss://api.openai.com/v1/realtime?{text}', ['realtime', '{text}'])",
        f"HTTP/1.1 401 Unauthorized\nx-echo: {text}\n\n" + json.dumps({"error": {"message": text, "code": text}}),
        text,
    )
    chosen = texts[list(PLACES).index(place) % len(texts)]
    told = explain([chosen])
    return lambda make, out: make(out)(told)


def _grade(place: str, text: str) -> Say:
    """A client that was told the text, sends it, and prints it."""
    lines: list[dict[str, Any]] = [{"t": 0.0, "kind": "request", "url": f"wss://h.example/v1/realtime?x={text}"}]
    lines[0]["headers"] = [["User-Agent", text], ["Upgrade", "websocket"]]
    lines.append({"t": 0.1, "kind": "answer", "status": 101})
    frames = list(recording(place, text).decode("utf-8", "surrogatepass").split("\n"))
    frames.append(json.dumps(_error(code=text, message=text)))
    lines += [{"t": 0.2, "kind": "text", "from": "server", "data": frame} for frame in frames]
    lines.append({"t": 0.3, "kind": "text", "from": "client", "data": json.dumps({"type": text})})
    lines.append({"t": 0.4, "kind": "close", "from": "server", "code": 3000, "reason": text})
    run = read_run(lines, "bad-key", Ending(0.0, 0.5, None, 0, f"it printed {text}"))
    told = certificate(f"client {text}", [run, replace(run, lesson="", ending=None)])
    return lambda make, out: make(out)(told)


def _pages() -> Iterator[Any]:
    yield tuple(causes().values())
    yield from (page(cause) for cause in list(causes())[:3])


def _conform(place: str, text: str) -> Say:
    """As `rtdoctor.conform.run.run` tells it: what a server said stands in cases, deviations and the trouble."""
    cases = all_cases()[:3]
    known = SoFar(setting(text), cases, time.monotonic())
    kinds = list(_RECORDED)
    lines = _RECORDED[kinds[list(PLACES).index(place) % len(kinds)]](text)
    log = [("server", line, 0.1) for line in lines if isinstance(line, dict)]
    for one in judged(cast(Any, SimpleNamespace(log=log, faults=[]))):
        known.take(one.deviation, one.seen, cases[0].id, one.place)
    seen = [text, error_words({"code": text, "message": text}), f"session.updated shows the model {text}"]
    for words in seen:
        known.take(deviations()["errors.silent"], words, cases[1].id)
    known.results[cases[1].id] = result_of(cases[1], "deviates", "; ".join(seen), ("errors.silent",), 1.0)
    bench = Bench(cast(Any, None), cast(Any, None), Clock(), Ledger(billable=False))
    report = report_of(bench, known, why="interrupted", interrupted=bool(len(text) % 2))
    return lambda make, out: make(out)(report)


COMMANDS: dict[str, Callable[[str, str], Say]] = {
    "check": _check,
    "series": _series,
    "conform": _conform,
    "probe": _probe,
    "validate": _validate,
    "explain": _explain,
    "proxy": _proxy,
    "mock": _mock,
    "replay": _replay,
    "grade": _grade,
}


def write_all(command: str, place: str, text: str) -> dict[str, str]:
    """What every registered writer of a command writes, by its name. No guard stands before them here.

    Raises:
        KeyError: the table holds a command that nothing is planted for.
    """
    say = COMMANDS[command](place, text)
    written = {}
    for name in WRITERS[command]:
        out = io.StringIO()
        say(writer(command, name), out)
        written[name] = out.getvalue()
    return written
