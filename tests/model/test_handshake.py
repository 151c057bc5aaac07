"""A handshake as it was given: every secret in it is known, and its printable form holds none."""

import base64

import pytest

from rtdoctor.model.handshake import KEY_SUBPROTOCOL, Handshake, unquoted_marks
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.quote import redact
from rtdoctor.privacy.secret import mask

KEY = "sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a"
TOKEN = "plainGatewayToken42"
URL = "wss://h.example/v1/realtime"

GIVEN = [
    *(
        Handshake(URL, ((name, TOKEN),))
        for name in (
            *("Authorization", "api-key", "X-Api-Key", "Cookie", "Set-Cookie", "Proxy-Authorization"),
            *("OpenAI-Organization", "OpenAI-Project", "x-goog-api-key", "x-auth-token", "cf-aig-authorization"),
            *("Ocp-Apim-Subscription-Key", "subscription-key"),
        )
    ),
    *(
        Handshake(f"{URL}?model=x&{name}={TOKEN}")
        for name in ("key", "token", "sig", "signature", "secret", "client_secret", "password", "api_key")
    ),
    Handshake(URL, (("Authorization", f"Bearer {TOKEN}"),)),
    Handshake(URL, (("Authorization", "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()),)),
    Handshake(URL, (), ("realtime", KEY_SUBPROTOCOL + TOKEN)),
    Handshake(f"wss://me:{TOKEN}@h.example/v1/realtime"),
]


@pytest.mark.parametrize("given", GIVEN, ids=lambda given: f"{given.url[:40]} {[name for name, _ in given.headers]}")
def test_its_secrets_are_known_and_its_printable_form_holds_none(given):
    keep(given.secrets())
    assert TOKEN not in redact(f"the server echoed {TOKEN}")
    shown = given.shown()
    assert TOKEN not in f"{shown.url} {shown.headers} {shown.subprotocols} {given.request()} {given!r} {shown!r}"


@pytest.mark.parametrize(
    "given",
    [
        Handshake(URL, (("X-Mine", f"a {KEY}"),)),
        Handshake(f"{URL}?model={KEY}"),
        Handshake(f"{URL}/{KEY}"),
        Handshake(URL, (), (KEY,)),
        Handshake(URL, events=({"type": "session.update", "session": {"x": [KEY]}},)),
        Handshake(URL, events=(f"not json {KEY}",)),
    ],
)
def test_a_word_that_looks_like_a_key_is_a_secret_wherever_it_stands(given):
    keep(given.secrets())
    assert KEY[12:24] not in redact(f"and {KEY[12:24]} came back")
    assert given.credentials() == []


def test_the_mark_of_a_key_stands_where_it_was_sent():
    given = Handshake(f"{URL}?key={KEY}", (("Authorization", f"Bearer {KEY}"),), (KEY_SUBPROTOCOL + KEY,))
    shown = given.shown()
    assert shown.headers == (("Authorization", f"Bearer {mask(KEY)}"),)
    assert shown.subprotocols == (KEY_SUBPROTOCOL + mask(KEY),)
    assert given.request().url == f"{URL}?key={mask(KEY)}"
    assert [secret.reveal() for secret in given.credentials()][-1] == KEY


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (Handshake(URL, (("X-Gateway", TOKEN),)), TOKEN),
        (Handshake(URL, (("X-Gateway", "hunter2"),)), "hunter2"),
        (Handshake(f"{URL}?code={TOKEN}"), TOKEN),
        (Handshake(f"{URL}?code=letters"), "letters"),
        (Handshake(f"{URL}?x=hunter2"), "hunter2"),
        (Handshake(f"{URL}#hunter2hunter2"), "hunter2hunter2"),
        (Handshake(URL, (("Cookie", "sid=plain; b=words"),)), "words"),
    ],
)
def test_a_value_under_a_name_that_nobody_knows_is_shown_only_where_it_is_words(given, value):
    shown = given.shown()
    assert value not in f"{shown.url} {shown.headers} {given.request()}"


def test_audio_in_an_event_is_not_searched_for_secrets():
    audio = base64.b64encode(bytes(range(256)) * 8).decode()
    append = {"type": "input_audio_buffer.append", "audio": audio}
    item = {"type": "conversation.item.create", "item": {"content": [{"type": "input_audio", "audio": audio}]}}
    assert Handshake(URL, events=(append, item)).secrets() == []
    assert list(Handshake(URL, events=(append,) * 100).overlooked()) == []
    named = {"type": "x", "note": KEY, "audio": {"input": {"note": KEY[::-1] + KEY}}}
    assert any(KEY in secret.reveal() for secret in Handshake(URL, events=(named,)).secrets())


def test_what_is_known_to_be_no_secret_is_shown():
    given = Handshake(
        f"{URL}?intent=transcription&model=gpt-4o-mini-transcribe-2025-12-15&api-version=2024-10-01-preview",
        (("User-Agent", "openai/3.54.0 (linux; x64)"), ("OpenAI-Beta", "realtime=v1"), ("X-Feature", "on")),
        ("realtime", "openai-beta.realtime-v1"),
    )
    assert given.shown() == given


@pytest.mark.parametrize(
    "mark", ["[secret 9fc0]", "[secret+9fc0]", "[secret%209fc0]", "%5Bsecret+9fc0%5D", "%5bsecret%209fc0%5d"]
)
def test_a_mark_is_read_however_much_of_it_was_encoded(mark):
    assert unquoted_marks(f"wss://h/v1/realtime?x={mark}&y=1") == "wss://h/v1/realtime?x=[secret 9fc0]&y=1"
