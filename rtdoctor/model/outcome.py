"""The few facts that decide about an attempt, and how a condition is matched against them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from rtdoctor.linear import pattern
from rtdoctor.model.exchange import Request

_MOST_SENTENCE = 300  # characters of a plain HTTP body that is taken for one


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """An error object, from an `error` event, a failed transcription or response, or the body of an HTTP answer."""

    type: str = ""
    code: str | None = None
    message: str = ""
    param: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to.

    `stage` is the last stage that was passed or the one that failed; `fault` the kind of a transport fault;
    `open` is True when the session stood when we left it; `transcript` is None when none came;
    `wer` its word error rate where a reference is known; `audio_ms` counts what was sent. Times are in milliseconds.
    An outcome that was read from pasted text holds the words in `text`; its stage is `request` when only a client's
    code, URL or command line was read, with the flat session fields that it sends in `session_fields`.
    `events` are the types received, repeats in a row told once; `received` counts them all.
    `unreadable` says why the first message that is no event is none; `truncated` that more came than is kept.
    `layers_ms` is how long dns, tcp, proxy and tls took, of those that were passed; `handshake_ms` holds them.
    `said` is the topic of what a server said in words when it refused, empty where it is none or not known.
    """

    asked: Request
    stage: str
    fault: str | None = None
    fault_layer: str | None = None
    fault_text: str = ""
    fault_details: tuple[tuple[str, str], ...] = ()
    http_status: int | None = None
    http_error: ErrorEvent | None = None
    http_body: str = ""
    http_headers: tuple[tuple[str, str], ...] = ()
    answered_by: str | None = None
    subprotocol: str | None = None
    first_event: str | None = None
    session_type: str | None = None
    errors: tuple[ErrorEvent, ...] = ()
    close_code: int | None = None
    close_reason: str = ""
    closed_by: str | None = None
    open: bool = False
    events: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    updated: bool = False
    transcription_model: str | None = None
    turn_detection: str | None = None
    audio_ms: int = 0
    committed: bool = False
    transcript: str | None = None
    wer: float | None = None
    unmet: tuple[str, ...] = ()
    handshake_ms: float | None = None
    first_event_ms: float | None = None
    text: str = ""
    session_fields: tuple[str, ...] = ()
    unreadable: str = ""
    truncated: bool = False
    received: int = 0
    layers_ms: tuple[tuple[str, float], ...] = ()
    said: str = ""

    @property
    def reached_session(self) -> bool:
        """True when the server greeted with a session."""
        return self.session_type is not None

    @property
    def session_stands(self) -> bool:
        """True when the server greeted with a session and refused nothing in it."""
        return self.reached_session and not self.errors


def facts(outcome: Outcome) -> dict[str, Any]:
    """The outcome as flat names, the form that conditions in data speak of.

    Errors become the lists `error_code`, `error_type`, `error_message`, `error_param` (HTTP's own error
    included, and among the messages the reason of a close and a body of plain words);
    the request becomes `path`, `auth`, `credential`, `beta`, `query_names`, `query_model`, `query_intent`.
    """
    flat = {field.name: getattr(outcome, field.name) for field in fields(outcome) if field.name != "asked"}
    errors = outcome.errors + ((outcome.http_error,) if outcome.http_error else ())
    query = dict(outcome.asked.query)
    return flat | {
        "errors": len(outcome.errors),
        "error_code": [error.code or "" for error in errors],
        "error_type": [error.type for error in errors],
        "error_message": sentences(outcome),
        "error_param": [error.param or "" for error in errors],
        "headers": [f"{name.lower()}: {value}" for name, value in outcome.http_headers],
        "url": outcome.asked.url,
        "path": outcome.asked.path,
        "auth": list(outcome.asked.auth),
        "credential": outcome.asked.credential,
        "beta": outcome.asked.beta,
        "subprotocols": list(outcome.asked.subprotocols),
        "query_names": list(query),
        "query_model": query.get("model"),
        "query_intent": query.get("intent"),
    }


def sentences(outcome: Outcome) -> list[str]:
    """What the server said in words: the messages of its errors, the reason of its close, a body that is a sentence."""
    errors = outcome.errors + ((outcome.http_error,) if outcome.http_error else ())
    return [*(error.message for error in errors), *filter(None, (outcome.close_reason, _plain_body(outcome)))]


def _plain_body(outcome: Outcome) -> str:
    """The body of a refusal where it is a sentence, and neither a page nor a document; else empty."""
    body = outcome.http_body.strip()
    refused = outcome.http_status is not None and outcome.http_status >= 400 and outcome.http_error is None
    return body if refused and 0 < len(body) <= _MOST_SENTENCE and body[0] not in "<{[" else ""


def matches(condition: Mapping[str, Any], flat: Mapping[str, Any]) -> bool:
    """True when every line of the condition holds for the flat facts.

    A line is `name = wanted`. A wanted list means any of them; where the fact is a list, one member is enough.
    A wanted table is one of `{has = text}`, `{matches = regex}`, `{known = bool}`, `{min = n, max = n}`,
    `{not = wanted}`, `{all = [members]}`.

    Raises:
        KeyError: the condition names a fact that does not exist, or a table of another kind.
        TypeError: a value of it is of a kind that no fact has.
    """
    return compiled(condition)(flat)


def compiled(condition: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """The same as a function of the facts, for a condition that is asked of many.

    Raises:
        KeyError: the condition has a table of a kind that is not known; the function, where it names a fact that does
            not exist.
        TypeError: a value of it is of a kind that no fact has.
    """
    lines = [(name, _test_of(wanted)) for name, wanted in condition.items()]

    def holds(flat: Mapping[str, Any]) -> bool:
        return all(test(flat[name]) for name, test in lines)

    return holds


_Test = Callable[[Any], bool]


def _test_of(wanted: Any) -> _Test:
    if isinstance(wanted, Mapping):
        tests = [_named_test(name, argument) for name, argument in wanted.items()]
        return lambda fact: all(test(fact) for test in tests)
    # True == 1 in Python; a status is never a truth value.
    choices = frozenset((type(choice), choice) for choice in (wanted if isinstance(wanted, list) else [wanted]))
    return lambda fact: any((type(value), value) in choices for value in _values(fact))


def _named_test(name: str, argument: Any) -> _Test:
    if name == "known":
        return lambda fact: (fact is not None and fact not in ("", [], ())) is argument
    if name == "all":
        members = [_test_of(member) for member in argument]
        return lambda fact: all(test(fact) for test in members)
    if name == "not":
        unwanted = _test_of(argument)
        return lambda fact: not unwanted(fact)
    if name == "has":
        part = _text(argument).lower()
        return lambda fact: any(isinstance(value, str) and part in value.lower() for value in _values(fact))
    if name == "matches":
        source = f"(?i){argument}"
        return lambda fact: any(
            isinstance(value, str) and pattern(source).search(value) is not None for value in _values(fact)
        )
    if name == "min":
        return lambda fact: any(value >= argument for value in _values(fact) if _is_number(value))
    if name == "max":
        return lambda fact: any(value <= argument for value in _values(fact) if _is_number(value))
    raise KeyError(f"a condition knows has, matches, known, all, not, min, max, not '{name}'")


def _text(argument: Any) -> str:
    if not isinstance(argument, str):
        raise TypeError("has wants a text")
    return argument


def _values(fact: Any) -> Sequence[Any]:
    return fact if isinstance(fact, (list, tuple)) else (fact,)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
