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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from rtdoctor.model.redact import Redactor

from rtdoctor.diagnose.causes import causes
from rtdoctor.diagnose.describe import short
from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.pages import page
from rtdoctor.diagnose.referee import finding, judge
from rtdoctor.diagnose.summary import summarise
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.engine.controls import conclude
from rtdoctor.engine.judging import judge_exchange
from rtdoctor.engine.validate import validate_file, validation_of
from rtdoctor.model.exchange import Answer, Close, Exchange, Fault, Frame, Spend
from rtdoctor.model.fix import Control, Fix, Tried
from rtdoctor.model.given import KEY_SUBPROTOCOL, Given
from rtdoctor.model.probed import Probed
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
from rtdoctor.privacy.secret import Secret, SecretKind
from rtdoctor.report.writers import WRITERS, writer
from tests.conftest import built_in

ALNUM = string.ascii_letters + string.digits
ANY = ALNUM + "-_./+="

# --- canaries ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Canary:
    """A secret that belongs to nobody. `window` characters of its core in a row are a leak."""

    kind: SecretKind
    value: str
    core: str
    window: int = 8

    @property
    def secret(self) -> Secret:
        return Secret(self.value, self.kind, "a test")


def _drawn(rng: random.Random, letters: str, least: int, most: int) -> str:
    return "".join(rng.choices(letters, k=rng.randint(least, most)))


def canary(kind: SecretKind, rng: random.Random) -> Canary:
    """A fresh secret of that kind."""
    if kind == "client-key":
        body = base64.b64encode(rng.randbytes(rng.randint(60, 300))).decode()
        lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        name = rng.choice(("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"))
        return Canary(kind, f"-----BEGIN {name}-----\n{lines}\n-----END {name}-----\n", body, 16)
    prefix, letters, least, most = {
        "key": (rng.choice(("sk-", "sk-proj-", "sk-svcacct-")), ALNUM + "-_", 20, 60),
        "secret": ("ek_", ALNUM, 20, 40),
        "bearer": ("", ANY, 16, 60),
        "proxy-password": ("", ANY, 9, 20),
        "query-key": ("", ANY, 12, 40),
        "organisation": (rng.choice(("org-", "proj_")), ALNUM, 24, 24),
    }[kind]
    # A letter first and last: dots and dashes at the end of a word are punctuation to whoever reads it.
    core = rng.choice(ALNUM) + _drawn(rng, letters, least, most) + rng.choice(ALNUM)
    return Canary(kind, prefix + core, core)


KINDS: tuple[SecretKind, ...] = (
    "key",
    "secret",
    "bearer",
    "proxy-password",
    "client-key",
    "query-key",
    "organisation",
)
# What `validate` and `explain` can know: the environment's key by its value, others by their shape alone.
SHAPED: tuple[SecretKind, ...] = ("key", "secret", "organisation")


# --- encodings --------------------------------------------------------------------------------------------------------


def _part(canary: Canary, rng: random.Random) -> str:
    size = rng.randint(canary.window, len(canary.core))
    start = rng.randint(0, len(canary.core) - size)
    return canary.core[start : start + size]


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _each(text: str, form: str) -> str:
    return "".join(form.format(ord(char)) for char in text)


def _mixed(text: str, rng: random.Random) -> str:
    forms = ("%{:02x}", "%{:02X}", "%25{:02x}", "\\u{:04x}", "\\x{:02X}", "&#{};", "&#x{:x};", "\\u{{{:x}}}")
    return "".join(rng.choice((char, rng.choice(forms).format(ord(char)))) for char in text)


Encoding = Callable[[Canary, random.Random], str]
# These keep the shape of a key; the others need a redactor that knows it.
SHAPE_KEEPING: dict[str, Encoding] = {
    "whole": lambda one, _: one.value,
    "bearer": lambda one, _: f"Bearer {one.value}",
    "in a sentence": lambda one, _: f'Incorrect API key provided: "{one.value}". Get one at https://x.y/z?a=b&c=d.',
    "percent": lambda one, _: _each(one.value, "%{:02X}"),
    "percent, small": lambda one, _: _each(one.value, "%{:02x}"),
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
}
ENCODINGS: dict[str, Encoding] = SHAPE_KEEPING | {
    "part": _part,
    "capitals": lambda one, _: one.value.upper(),
    "base64": lambda one, _: _b64(one.value),
    "base64, url-safe": lambda one, _: base64.urlsafe_b64encode(one.value.encode()).decode(),
    "base64 of more": lambda one, rng: _b64(_drawn(rng, ALNUM, 1, 9) + one.value + _drawn(rng, ALNUM, 0, 9)),
    "base64 of a part": lambda one, rng: _b64(_drawn(rng, ALNUM, 0, 3) + _part(one, rng)),
    "base64, folded": lambda one, _: "\r\n".join(re.findall(".{1,20}", _b64(one.value))),
    "base64 in percent": lambda one, _: quote(_b64(one.value), safe=""),
    "basic": lambda one, _: "Basic " + _b64(f"someone:{one.value}"),
    "hex": lambda one, _: one.value.encode().hex(),
    "hex, capitals": lambda one, rng: _part(one, rng).encode().hex().upper(),
    "percent of a part": lambda one, rng: _mixed(_part(one, rng), rng),
    "spaced": lambda one, rng: rng.choice((" ", "\n", "\t", "\r\n  ")).join(one.value),
    "folded": lambda one, rng: "\n   ".join(re.findall(f".{{1,{rng.randint(3, 12)}}}", one.value)),
    "stars": lambda one, _: f"{one.value[:8]}{'*' * 12}{one.value.strip()[-4:]}" if one.kind == "key" else one.value,
    "cut": lambda one, rng: " " * rng.randint(0, 3) + "x" * rng.randint(80, 300) + " " + one.value,
}


# --- traces -----------------------------------------------------------------------------------------------------------


def traces(canary: Canary, output: str) -> str | None:
    """How a canary shows in an output, or None: `window` of its characters in a row, plain or in some encoding. Written
    without a look at the redactor, by decoding whatever can be decoded."""
    escape = r"\\u\{([0-9a-fA-F]{1,5})\}|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})"
    once = re.sub(escape, lambda found: chr(int(found[1] or found[2] or found[3], 16)), output)
    views = {
        "plain": output,
        "percent": unquote(once),
        "percent, twice": unquote(unquote(once)),
        "html": html.unescape(unquote(unquote(once))),
    }
    for name, view in views.items():
        if _shows(canary, view):
            return name
        # One more here: seven characters of a key that was cut, and then a word that happens to begin like the eighth,
        # are no leak (10 000 examples meet that).
        if _shows(canary, "".join(view.split()), canary.window + 1):
            return f"{name}, without white space"
    flat = "".join(views["percent"].replace("\\n", "").replace("\\r", "").split())
    for run in re.findall(r"[A-Za-z0-9+/_-]{10,}", flat):
        plain = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            held = plain[start:]
            held = held[: len(held) // 4 * 4]
            if _shows(canary, base64.b64decode(held).decode("latin-1")):
                return "base64"
    for run in re.findall(r"(?:[0-9a-fA-F]{2}){8,}", flat):
        if any(_shows(canary, bytes.fromhex(run[s : len(run) - (len(run) - s) % 2]).decode("latin-1")) for s in (0, 1)):
            return "hex"
    if canary.kind == "key" and re.search(r"[*…]" + re.escape(canary.core[-4:]), output):
        return "the last four behind stars"
    return None


def _shows(canary: Canary, text: str, size: int = 0) -> bool:
    small, core, size = text.lower(), canary.core.lower(), size or canary.window
    # Every window of `size` holds an aligned piece of half its size: that is looked for first.
    half = size // 2
    for at in range(0, len(core) - half + 1, half):
        if core[at : at + half] in small:
            starts = range(max(0, at - half), min(at + 1, len(core) - size + 1))
            if any(core[start : start + size] in small for start in starts):
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


def _given() -> Given:
    return Given("wss://host.example/v1/realtime?intent=transcription", (("User-Agent", "x"),))


PLACES: dict[str, Callable[[str], Exchange]] = {
    "reason": lambda x: _refusal(reason=x),
    "header": lambda x: _refusal(headers=(("X-Echo", x), ("Server", x), ("Location", x), ("x-request-id", x))),
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
    "fault": lambda x: Exchange(_given().request(), fault=Fault("upgrade", "failed", f"Cannot connect: {x}")),
    "certificate": lambda x: Exchange(
        _given().request(),
        fault=Fault("tls", "untrusted", x, (("issuer", x), ("subject", x), ("names", f"{x}, other"))),
    ),
    "request": lambda x: Exchange(
        Given("wss://h.example/{0}?{0}={0}".format(quote(x, errors="surrogatepass")), (), (x,)).request(),
        _refusal().answer,
    ),
}


def setting(text: str) -> Setting:
    """A run's facts with the text wherever a user can put one."""
    return Setting(
        f"host {text}", f"https://h.example/{text}", "compatible", "transcription", text, True, f"key from {text}",
        "2026-11-22T00:00:00+00:00", "0.1.0", False, (text,),
    )  # fmt: skip


@cache
def _scenario() -> Any:
    return next(scenario for scenario in built_in() if scenario.id == "auth.header")


def _report(exchange: Exchange, text: str) -> Report:
    rest = exchange.answer is not None and exchange.answer.status != 101
    outcome = distil(exchange)
    judged = finding(outcome)
    control = Control("path", "a path that cannot exist", short(outcome), True)
    rungs = [Rung("http", finding(distil(exchange, rest=rest)), 1.0), Rung("upgrade", conclude(judged, [control]), 2.0)]
    seen = judge(_scenario(), outcome, aim="transcription", on_mock=False, strict=True)
    violations = judge_exchange(exchange)
    result = Result("auth.header", "title", ("smoke",), True, "101", short(outcome), seen, outcome, 3.0, violations)
    summary = summarise(rungs, [result], strict=True)
    return Report(setting(text), summary, tuple(rungs), (result,), Spend(), 1.0)


# --- the commands -----------------------------------------------------------------------------------------------------

Say = Callable[[Any, io.StringIO], None]  # lets a writer write


def _check(redactor: Redactor, place: str, text: str) -> Say:
    """As `rtdoctor.engine.run.run` tells it: every event redacted, then read."""
    report = _report(PLACES[place](text), text)
    events = [
        RunStarted(report.setting, 1),
        Pending(("config", text), 0, 1),
        *(RungDone(rung) for rung in report.ladder),
        LadderDone(report.summary, report.ladder),
        *(ScenarioDone(result) for result in report.results),
        RunFinished(report),
    ]
    told = [redactor.value(event) for event in events]

    def say(make: Any, out: io.StringIO) -> None:
        read = make(out)
        for event in told:
            read(event)

    return say


def _probe(redactor: Redactor, place: str, text: str) -> Say:
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
    fix = Fix((f"use {text}",), (text,), 2, (Tried((text,), False, seen),), bool(len(text) % 2))
    probed = redactor.value(Probed(report, given.shown(), exchange, (Control("path", text, seen, False),), fix))
    return lambda show, out: show(probed, out)


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


def _validate(redactor: Redactor, place: str, text: str) -> Say:
    report = validate_file(f"{text}.jsonl", io.BytesIO(recording(place, text)))
    validation = redactor.value(validation_of([report]))
    return lambda show, out: show(validation, out)


def _explain(redactor: Redactor, place: str, text: str) -> Say:
    texts = (
        f"Unexpected server response: 403\n{text}",
        f"{json.dumps(_error(message=text))}",
        f"websocket closed 4000 ({text})",
        f"new WebSocket('wss://api.openai.com/v1/realtime?{text}', ['realtime', '{text}'])",
        f"HTTP/1.1 401 Unauthorized\nx-request-id: {text}\n\n" + json.dumps({"error": {"message": text, "code": text}}),
        text,
    )
    chosen = texts[list(PLACES).index(place) % len(texts)]
    told = redactor.value(explain([chosen]))
    return lambda show, out: show(told, out)


def _pages() -> Iterator[Any]:
    yield tuple(causes().values())
    yield from (page(cause) for cause in list(causes())[:3])


COMMANDS: dict[str, Callable[[Redactor, str, str], Say]] = {
    "check": _check,
    "probe": _probe,
    "validate": _validate,
    "explain": _explain,
}


def write_all(command: str, redactor: Redactor, place: str, text: str) -> dict[str, str]:
    """What every registered writer of a command writes, by its name. No guard stands before them here.

    Raises:
        KeyError: the table holds a command that nothing is planted for.
    """
    say = COMMANDS[command](redactor, place, text)
    written = {}
    for name in WRITERS[command]:
        out = io.StringIO()
        say(writer(command, name), out)
        written[name] = out.getvalue()
    return written
