"""No secret passes the redactor: whole, in part, encoded, or as a server's echo."""

import base64
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtdoctor.model.redact import Redactor
from rtdoctor.model.secret import Secret, mask

KEY = "sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a"
TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=16, max_size=60)


def redactor(value: str = KEY) -> Redactor:
    return Redactor([Secret(value, "key", "a test")])


def test_a_secret_has_no_readable_form():
    secret = Secret(KEY, "key", "OPENAI_API_KEY")
    assert KEY not in f"{secret!r} {secret} {[secret]}"
    assert "OPENAI_API_KEY" in repr(secret)
    assert secret.form == "sk-proj-"


@pytest.mark.parametrize(
    "leak",
    [
        KEY,
        quote(KEY + "/", safe=""),
        base64.b64encode(KEY.encode()).decode(),
        KEY[10:24],
        "sk-proj-****dS5a",
        "sk-proj-*************************dS5a",
        "ek_68af296e8e408191a1120ab6383263c2",
        "Bearer some-gateway-token",
        "realtime, openai-insecure-api-key.some-gateway-token",
    ],
)
def test_every_form_of_a_key_is_masked(leak):
    shown = redactor().text(f"before {leak} after")
    assert "[secret" in shown
    assert "dS5a" not in shown
    assert "gateway-token" not in shown
    assert KEY[10:24] not in shown
    assert shown.startswith("before ")


@pytest.mark.parametrize(
    "echo", ["sk-proj-...dS5a", "sk-…dS5a", "a key ending in dS5a", "sk-•••dS5a", "xxxx-dS5a", "****dS5a"]
)
def test_the_last_characters_are_masked_where_they_are_told_to_be_a_keys_end(echo):
    assert "dS5a" not in redactor().text(f"Incorrect API key provided: {echo}. You can find it")
    assert redactor().text("Incorrect key: sk-proj-****dS5a. You can").endswith(". You can")


def test_a_key_that_is_no_text_is_masked_too():
    odd = "sk-\udcff\udcfeabcdefghijkl"
    assert "abcdefgh" not in redactor(odd).text(f"the key {odd} and {odd[6:]}")


def test_plain_sentences_pass_unchanged():
    told = "Offer the subprotocols realtime and openai-insecure-api-key.KEY, or send Authorization: Bearer KEY."
    assert redactor().text(told) == told


@given(TOKENS, st.text(max_size=30), st.text(max_size=30))
def test_no_piece_of_eight_characters_survives(token, before, after):
    shown = redactor(token).text(before + token + after)
    assert not any(token[start : start + 8] in shown for start in range(len(token) - 7))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.just(KEY) | st.text(), st.lists, max_leaves=20))
def test_a_walk_redacts_every_string_of_a_value(value):
    assert KEY not in repr(redactor().value({"a": value, KEY: (value,)}))


def test_frozen_values_are_walked():
    @dataclass(frozen=True)
    class Held:
        text: str
        inner: tuple[dict[str, str], ...]

    shown = redactor().value(Held(KEY, ({"x": KEY},)))
    assert shown == Held(mask(KEY), ({"x": mask(KEY)},))
