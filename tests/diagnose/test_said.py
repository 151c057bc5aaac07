"""A server's own words count, in whatever way it says them: an event, a bare text, a close, a body."""

import json

import pytest

from rtdoctor.diagnose.distil import distil
from rtdoctor.diagnose.referee import weigh
from rtdoctor.diagnose.said import entries, topic_of
from rtdoctor.model.exchange import Answer, Close, Exchange, Frame, Request

UPGRADED = Answer(101, "", (), b"", 1.0)
CLOSED = Close(1008, "", "server", 0.2)
EXAMPLES = [(text, entry["says"]) for entry in entries() for text in entry["examples"]]
CAUSES = {
    "upstream": "session.upstream",
    "origin": "refused.origin",
    "beta": "session.beta-retired",
    "sessions": "limits.sessions",
    "rate": ("limits.rate", "refused.rate-limited"),
    "quota": "limits.quota",
    "model-access": "session.model-no-access",
    "model-unknown": "session.model-unknown",
    "model-missing": "session.model-missing",
    "kind": "session.type-mismatch",
    "bad-key": "auth.invalid",
    "no-key": "auth.missing",
    "unauthorised": "refused.unauthorized",
    "not-ready": ("close.server", "refused.server-error"),
}


def asked(model):
    query = (("model", model),) if model else ()
    return Request(f"ws://h/v1/realtime{'?model=' + model if model else ''}", "/realtime", query, ("header",), "key")


def refused(way, text, model):
    """An exchange that ends with this sentence, said in that way."""

    def told(what):
        message = what if isinstance(what, str) else json.dumps(what)
        return Exchange(asked(model), UPGRADED, frames=(Frame(0.1, "server", "text", message, 9),), close=CLOSED)

    def answered(body):
        return Exchange(asked(model), Answer(403 if "403" in way else 400, "", (), body.encode(), 1.0))

    return {
        "an error event": lambda: told({"type": "error", "event_id": "e", "error": {"message": text}}),
        "an error event without an object": lambda: told({"type": "error", "message": text}),
        "an object without a type": lambda: told({"error": text}),
        "plain text": lambda: told(text),
        "a close": lambda: Exchange(asked(model), UPGRADED, close=Close(1008, text, "server", 0.2)),
        "a close of its own": lambda: Exchange(asked(model), UPGRADED, close=Close(4003, text, "server", 0.2)),
        "a plain 400": lambda: answered(text),
        "FastAPI's 403": lambda: answered(json.dumps({"detail": text})),
    }[way]()


WAYS = (
    "an error event", "an error event without an object", "an object without a type", "plain text", "a close",
    "a close of its own", "a plain 400", "FastAPI's 403",
)  # fmt: skip


@pytest.mark.parametrize(("text", "says"), EXAMPLES)
def test_each_example_is_about_its_topic(text, says):
    assert topic_of([text]) == says


@pytest.mark.parametrize("way", WAYS)
def test_what_is_said_names_the_cause_however_it_is_said(way):
    wrong = {}
    for text, says in EXAMPLES:
        wanted = CAUSES[says]
        found = weigh(distil(refused(way, text, None if says == "model-missing" else "foo"))).cause
        if found not in ([wanted] if isinstance(wanted, str) else wanted):
            wrong[text] = found
    assert wrong == {}


@pytest.mark.parametrize(
    "text",
    ["hello", "Welcome to our service", "Unknown parameter: 'session.key_terms'.", "bad token bucket", "ok", "3"],
)
def test_what_tells_of_nothing_known_is_about_nothing(text):
    assert topic_of([text]) == ""


def test_a_model_that_nobody_named_is_one_that_is_missing():
    refusal = refused("an error event", "Unsupported model: None. Supported models: a, b", None)
    assert weigh(distil(refusal)).cause == "session.model-missing"


def test_words_in_a_session_that_stands_are_no_refusal_of_it():
    frames = [{"type": "session.created", "event_id": "e", "session": {"type": "realtime"}}, "all workers are busy"]
    texts = [frame if isinstance(frame, str) else json.dumps(frame) for frame in frames]
    stands = Exchange(
        asked("foo"), UPGRADED, frames=tuple(Frame(0.1, "server", "text", text, 9) for text in texts), alive=True
    )
    assert weigh(distil(stands)).cause is None
