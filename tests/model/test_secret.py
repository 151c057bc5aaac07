"""No secret passes the redactor: whole, in part, encoded, or as a server's echo."""

import base64
import re
import subprocess
import sys
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


# --- marks ------------------------------------------------------------------------------------------------------------


def test_two_keys_are_told_apart_by_their_marks_and_one_keeps_its_own():
    other = "sk-proj-Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9"
    told = Redactor([Secret(KEY, "key", "a"), Secret(other, "key", "b")]).text(
        f"{KEY} {other} Bearer {KEY}, {KEY[12:]}"
    )
    assert told == f"{mask(KEY)} {mask(other)} Bearer {mask(KEY)}, {mask(KEY)}"
    assert re.fullmatch(r"\[secret [0-9a-f]{4}\]", mask(KEY))
    assert mask(KEY) != mask(other)
    assert mask(f"Bearer {KEY}") == mask(KEY)


def test_a_mark_is_of_this_process_alone():
    code = f"from rtdoctor.model.secret import mask; print(mask({KEY!r}), mask({KEY!r}))"
    told = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout for _ in range(3)]
    pairs = {tuple(re.findall(r"\[.*?\]", text)) for text in told}
    assert all(first == second for first, second in pairs)
    assert len(pairs) > 1


def test_what_is_masked_stays_as_it_is():
    for value in (KEY, "secret", "secret 3f"):
        once = redactor(value).text(f"a {value} b {value[:12]} c {KEY}")
        assert redactor(value).text(once) == once


def test_two_keys_side_by_side_keep_two_marks():
    other = "ek_68af296e8e408191a1120ab6383263c2"
    told = Redactor([Secret(KEY, "key", "a"), Secret(other, "secret", "b")]).text(KEY + other)
    assert told == mask(KEY) + mask(other)


# --- forms ------------------------------------------------------------------------------------------------------------


def encoded(form):
    return "".join(form.format(ord(char)) for char in KEY)


@pytest.mark.parametrize(
    "leak",
    [
        *(encoded(form) for form in ("%{:02x}", "%{:02X}", "%25{:02x}", "\\u{:04x}", "\\u{{{:x}}}", "\\x{:02X}")),
        *(encoded(form) for form in ("&#{};", "&#{}", "&#x{:x};", "&amp;#{};", "%u{:04x}", "\\\\u{:04X}")),
        KEY.upper(),
        KEY[9:17].lower(),
        KEY.encode().hex(),
        KEY[8:].encode().hex().upper(),
        *(base64.b64encode(before + KEY.encode() + b"!").decode() for before in (b"", b"a", b"ab")),
        *(base64.urlsafe_b64encode(before + KEY[8:].encode() + b"??").decode() for before in (b"", b"a", b"ab")),
        " ".join(KEY),
        "\n".join((KEY[:20], KEY[20:])),
    ],
)
def test_every_encoding_of_a_key_is_masked_and_nothing_around_it(leak):
    shown = redactor().text(f"before {leak} after, 100 % & more")
    assert mask(KEY) in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after, 100 % & more")
    assert len(shown) < 100


PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "MIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n"
    + "-----END PRIVATE KEY-----"
)


@pytest.mark.parametrize("leak", [PEM, "ANBgkqhkiG9w0B AQEF", "kqhkiG9w0B\r\n  AQEFAASC", "KQHKIG9W0BAQEFAA"])
def test_a_client_key_is_known_by_sixteen_characters_whatever_its_lines(leak):
    known = Redactor([Secret(PEM, "client-key", "a file")])
    assert mask(PEM) in known.text(f"x {leak} y")
    assert known.text("kqhkiG9w0BAQEFA is fifteen") == "kqhkiG9w0BAQEFA is fifteen"
    assert "MIIEvQ" not in Redactor().text(f"unknown {PEM}")


@pytest.mark.parametrize(
    "leak", ["org-Ab3dEf6hIj9lMn2pQr5tUv8x", "proj_Ab3dEf6hIj9lMn2pQr5tUv8x", "http://me:hunter2@proxy.example:3128"]
)
def test_ids_of_accounts_and_user_information_are_known_by_their_shape(leak):
    shown = Redactor().text(f"as {leak} it")
    assert "[secret " in shown
    assert "Ab3d" not in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize("name", ["key", "api-key", "api_key", "token", "access_token", "sig", "client_secret"])
def test_a_value_in_a_query_is_known_by_its_name(name):
    told = Redactor().text(f"'htps://h.example/v1?model=x&{name}=plainGatewayToken42&intent=y' is no URL")
    assert told == f"'htps://h.example/v1?model=x&{name}={mask('plainGatewayToken42')}&intent=y' is no URL"
    assert Redactor().text(told) == told


def test_a_short_password_is_masked_as_a_whole_and_in_base64():
    known = Redactor([Secret("hunt3r", "proxy-password", "x")])
    told = known.text("the hunt3r and " + base64.b64encode(b"me:hunt3r").decode())
    assert "hunt3r" not in told
    assert "aHVudDNy" not in told


def test_a_password_of_several_words_is_found():
    known = Redactor([Secret("correct horse 7 b", "proxy-password", "x")])
    for text in ("correct horse 7 b", "correct%20horse%207%20b", base64.b64encode(b"me:correct horse 7 b").decode()):
        assert "[secret " in known.text(text)
        assert known.leaks(text) == "proxy password from x"


def test_bytes_and_sets_are_walked():
    mark = mask(KEY)
    assert redactor().value((b"x " + KEY.encode() + b" \xff", {KEY}, frozenset((KEY, "a")))) == (
        f"x {mark} ".encode() + b"\xff",
        {mark},
        {mark, "a"},
    )


# --- what a guard asks ------------------------------------------------------------------------------------------------


def test_a_leak_is_told_by_its_name():
    known = redactor()
    assert known.leaks(f"x {KEY} y") == known.leaks(KEY[10:22]) == "API key from a test"
    assert known.leaks("\n".join(KEY[8:20])) == "API key from a test"
    assert known.leaks(KEY[10:21]) is None
    assert known.leaks(known.text(KEY)) is None
    assert Redactor().leaks("anything") is None


@pytest.mark.parametrize("piece", ["a", "%25", "\\", "sk-", "*a", "://a:", "bearer ", KEY])
def test_no_text_makes_it_slow(piece):
    # Work that grows with the square of a text would take minutes here.
    known = redactor()
    text = piece * (50_000 // len(piece))
    known.text(text)
    known.leaks(text)
