"""A handshake as it was given: every secret in it is known, and its printable form holds none."""

import base64

import pytest
from rtdoctor.model.redact import Redactor

from rtdoctor.model.given import KEY_SUBPROTOCOL, Given
from rtdoctor.privacy.secret import mask

KEY = "sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a"
TOKEN = "plainGatewayToken42"
URL = "wss://h.example/v1/realtime"

GIVEN = [
    *(
        Given(URL, ((name, TOKEN),))
        for name in (
            *("Authorization", "api-key", "X-Api-Key", "Cookie", "Set-Cookie", "Proxy-Authorization"),
            *("OpenAI-Organization", "OpenAI-Project", "x-goog-api-key", "x-auth-token", "cf-aig-authorization"),
            *("Ocp-Apim-Subscription-Key", "subscription-key"),
        )
    ),
    *(
        Given(f"{URL}?model=x&{name}={TOKEN}")
        for name in ("key", "token", "sig", "signature", "secret", "client_secret", "password", "api_key")
    ),
    Given(URL, (("Authorization", f"Bearer {TOKEN}"),)),
    Given(URL, (("Authorization", "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()),)),
    Given(URL, (), ("realtime", KEY_SUBPROTOCOL + TOKEN)),
    Given(f"wss://me:{TOKEN}@h.example/v1/realtime"),
]


@pytest.mark.parametrize("given", GIVEN, ids=lambda given: f"{given.url[:40]} {[name for name, _ in given.headers]}")
def test_its_secrets_are_known_and_its_printable_form_holds_none(given):
    assert TOKEN not in Redactor(given.secrets()).text(f"the server echoed {TOKEN}")
    shown = given.shown()
    assert TOKEN not in f"{shown.url} {shown.headers} {shown.subprotocols} {given.request()} {given!r} {shown!r}"


@pytest.mark.parametrize(
    "given",
    [
        Given(URL, (("X-Mine", f"a {KEY}"),)),
        Given(f"{URL}?model={KEY}"),
        Given(f"{URL}/{KEY}"),
        Given(URL, (), (KEY,)),
        Given(URL, events=({"type": "session.update", "session": {"x": [KEY]}},)),
        Given(URL, events=(f"not json {KEY}",)),
    ],
)
def test_a_word_that_looks_like_a_key_is_a_secret_wherever_it_stands(given):
    assert mask(KEY) in Redactor(given.secrets()).text(f"and {KEY[12:24]} came back")
    assert given.credentials() == []


def test_the_mark_of_a_key_stands_where_it_was_sent():
    given = Given(f"{URL}?key={KEY}", (("Authorization", f"Bearer {KEY}"),), (KEY_SUBPROTOCOL + KEY,))
    shown = given.shown()
    assert shown.headers == (("Authorization", f"Bearer {mask(KEY)}"),)
    assert shown.subprotocols == (KEY_SUBPROTOCOL + mask(KEY),)
    assert given.request().url == f"{URL}?key={mask(KEY)}"
    assert [secret.reveal() for secret in given.credentials()][-1] == KEY
