"""What is quoted from outside: words stand, what is secret or may be is masked, in whole, in part, in every writing."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from urllib.parse import quote as percent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtdoctor.privacy.known import keep
from rtdoctor.privacy.quote import (
    quote,
    quote_header,
    quote_headers,
    quote_start,
    quoted,
    redact,
    redacted,
    show_opaque,
)
from rtdoctor.privacy.secret import Secret, mask

KEY = "sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a"
AZURE = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=16, max_size=60)


@pytest.fixture
def known():
    keep([Secret(KEY, "key", "a test")])


def test_a_secret_has_no_readable_form():
    secret = Secret(KEY, "key", "OPENAI_API_KEY")
    assert KEY not in f"{secret!r} {secret} {[secret]}"
    assert "OPENAI_API_KEY" in repr(secret)
    assert secret.form == "sk-proj-"


# --- what stands ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Offer the subprotocols realtime and openai-insecure-api-key.KEY, or send Authorization: Bearer KEY.",
        "You must provide a model parameter. close 4000 invalid_request_error.missing_model",
        'Bearer realm="x", error="invalid_token", error_description="The access token expired"',
        "System.Net.WebSockets.WebSocketException (0x80004005): The server returned status code '403'",
        "NSURLErrorDomain Code=-1011 NSURLSessionWebSocketTask kCFErrorDomainCFNetwork InvalidOperationException",
        "connect ECONNREFUSED 127.0.0.1:443 at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1607:16)",
        "gpt-4o-mini-transcribe-2025-12-15 gpt-realtime-2.1 whisper-1 claude-3-5-sonnet-20241022",
        "Llama-3.1-70B-Instruct",
        "wss://my-resource-eastus2.openai.azure.com/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-4o",
        "https://d111111abcdef8.cloudfront.net:8443/v1/realtime/transcription_sessions?intent=transcription",
        "session sess_AbCdEf0123456789AbCd, event_Ck3jF9aLmN2pQ",
        "item_5f1e9cA0bC, resp_0a1B2c, rtc_u1_9c6574da8b8a41a18d",
        "cf-ray: 8eff8e2a0e58bf16-WAW; x-request-id: 5e51f0c8-1234-462f-b9f9-f972c3dbe18a",
        "Please include the request ID req_0123456789abcdef0123456789abcdef in your message.",
        "2026-11-24T13:42:39.123456Z 1763991759123 20261124T134239Z Sun, 06 Nov 1994 08:49:37 GMT",
        'File "/usr/lib/python3.11/site-packages/websockets/asyncio/client.py", line 543, in __await_impl__',
        "max_tokens: 4096, total_tokens=12345, monkey: banana, the key is missing, password is required",
        "api_key=OPENAI_API_KEY token: process.env.OPENAI_TOKEN Authorization: Bearer ${TOKEN} password=$PASSWORD",
        "turn_detection.silence_duration_ms input_audio_buffer.speech_started",
        "conversation.item.input_audio_transcription",
        "Error: unexpected server response: 403; h264/pcm16/g711 vLLM/gRPC/mTLS x86_64-unknown-linux-gnu",
        "x" * 11 + " 12345678901",
        "x-b3-traceid: 80f198ee56343ba864fe8b2a57d3eff7; x-cloud-trace-context: 105445aa7843bc8bf206b12000100000/1;o=1",
        "x-azure-ref: 20261124T101112Z-15767d8d7d8abcdehC1FRA0abc0000000cx000000000abcd",
        "x-vercel-id: fra1::iad1::x8dk2-1763991759123-9f8e7d6c5b4a",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        'ETag: "33a64df551425fcc55e4d42a148795d9f25f89d4"; commit 3f786850e387550fdab836ed7e6dc881de23001b',
        "at 0x7fff5fbff8c0, <object at 0x00007f3a5c1d2e50>",
        "--key-file /home/x/key.pem --key-env OPENAI_API_KEY --max-tokens 4096 --auth basic",
        "password={password} password=<secret> password=%s password=$db_pass api-key: missing, auth: {type: none}",
        "Invalid key: 'gpt4o_realtime' ENOTFOUND myresource1234xyz.openai.azure.com docker run -u 1000:1000",
        "let key = std::env::var('X') OPENAI_API_KEY is missing; api_key=os.getenv(OPENAI_API_KEY), API key: required",
        "java -classpath a.jar:b.jar Main -include config:x",
        "Authorization: Bearer KEY, Authorization: Bearer realm, authorization: header",
        "AADSTS7000215: Invalid client secret. Session ID: 3f2504e0-4f89-41d3-9a0c-0305e82c3301 CVE20261234",
        "auth error: authorization: failed; Signature Algorithm: sha256WithRSAEncryption",
    ],
)
def test_words_names_numbers_dates_hosts_and_known_ids_stand(text):
    assert quote(text) == text


WORDS = ("the", "server", "answered", "with", "close", "code", "invalid", "request", "error", "for", "session")


@given(st.lists(st.sampled_from(WORDS)))
def test_sentences_stand(words):
    assert quote(" ".join(words)) == " ".join(words)


# --- what does not ----------------------------------------------------------------------------------------------------


@given(TOKENS)
def test_opaque_text_is_masked_wherever_it_stands(token):
    if any(char.isdigit() for char in token) and any(char.isalpha() for char in token):
        for text in (f"a {token} b", f"({token})", f"x={token}&", f'{{"a": "{token}"}}', f"/v1/{token}/x"):
            assert token not in quote(text)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password is hunter2", "hunter2"),
        ("the password: 'correct horse'", "correct"),
        ("password is PW", "PW"),
        ("curl -u someone:swordfish7 https://h.example", "swordfish7"),
        ("curl -sSu someone:swordfish7 https://h.example", "swordfish7"),
        ("curl --proxy-user someone:pw4 https://h.example", "pw4"),
        ("curl --oauth2-bearer tok-en-7 https://h.example", "tok-en-7"),
        ("curl -b 'sid=abc' https://h.example", "abc"),
        ("Authorization: Bearer some-gateway-token", "some-gateway-token"),
        ("Authorization: Basic c29tZW9uZTpwdw==", "c29tZW9uZTpwdw"),
        ("realtime, openai-insecure-api-key.some-gateway-token", "some-gateway-token"),
        ("?code=Kk29sd8fj3", "Kk29sd8fj3"),
        ("Passwort: Hunter7!", "Hunter7"),
        ("psql --password hunter2x", "hunter2x"),
        ("tool --api-key short-1 run", "short-1"),
        ("mysql -uroot -phunter2", "hunter2"),
        ("sshpass -p hunter2 ssh h", "hunter2"),
        ("password -> Hunter7!x", "Hunter7"),
        ("pw=hunter2x", "hunter2x"),
        ("password:        hunter2", "hunter2"),
        ("password=$ecret9", "ecret9"),
        ("password=%ecret9", "ecret9"),
        ("password={Hunter7!x", "Hunter7"),
        ("password=ab9,cd(ef", "cd(ef"),
        ('"password": "ab\\"cd efg9"', "efg9"),
        ('{\\"password\\": \\"ab9 cdef\\", \\"x\\"', "cdef"),
        ('curl --cookie "a=one1; b=two2" https://h', "two2"),
        ("curl -b 'a=one1; b=two2' https://h", "two2"),
        ('Cookie: sid="S3cretQ"; b="x y9"', "S3cretQ"),
        ('Cookie: sid="S3cretQ"; b="x y9"', "y9"),
        ('{"value":"S3cr3tPw9","name":"api-key"}', "S3cr3tPw9"),
        ('Digest username="u", response="6629fae49393a05397450978507c4ef1"', "6629fae4"),
        ("X-Api-Key: letmein", "letmein"),
        ("Incorrect API key provided: xK9mP2vL5q", "xK9mP2vL5q"),
        ("my password is: xK9mP2vL5q", "xK9mP2vL5q"),
        ("DB_PASS=xK9mP2vL5q", "xK9mP2vL5q"),
        ("ENV API_KEY xK9mP2vL5q", "xK9mP2vL5q"),
        ("proxy_set_header X-Api-Key xK9mP2vL5q;", "xK9mP2vL5q"),
        ('api_key := "xK9mP2vL5q"', "xK9mP2vL5q"),
        ('const apiKey: string = "xK9mP2vL5q"', "xK9mP2vL5q"),
        ('WithAPIKey("xK9mP2vL5q")', "xK9mP2vL5q"),
        ('password=b"xK9mP2vL5q"', "xK9mP2vL5q"),
        ("redis-cli -a xK9mP2vL5q ping", "xK9mP2vL5q"),
        ("<key>ApiKey</key><string>xK9mP2vL5q</string>", "xK9mP2vL5q"),
        ('<add key="ApiKey" value="xK9mP2vL5q"/>', "xK9mP2vL5q"),
        ("Authorization: Custom xK9mP2vL5q", "xK9mP2vL5q"),
        ('api_key="$up3rS3cret"', "up3rS3cret"),
        ("curl -H 'api-key: letmein' https://h.example", "letmein"),
        ("Authorization: Bearer opensesame", "opensesame"),
        ("mot de passe: Zorro99", "Zorro99"),
        ('"password": "ab;cd&ef gh9"', "gh9"),
        ('"token": "a,b;c)d{e9"', "d{e9"),
        ("<password>Hunter7!x</password>", "Hunter7"),
        ("- name: DB_PASSWORD\n  value: Hunter7!x", "Hunter7"),
        ('BasicAuth("u","Hunter7!")', "Hunter7"),
        ('{"name":"Authorization","value":"S3cr3tPw9"}', "S3cr3tPw9"),
        ('auth=("u", "hunter2x9")', "hunter2x9"),
        ("--key-file wss:/u:pw9x@h/x: no such file", "pw9x"),
        ("https://fn.example/api?code=aBcDeFgHiJ", "aBcDeFgHiJ"),
        ("api_key = abcxkq_qwzrtp", "abcxkq_qwzrtp"),
        ("?api-key=test1234", "test1234"),
        ('headers.set("api-key", "short-1")', "short-1"),
        ("{'api-key': 'short-1'}", "short-1"),
        ('"Authorization" => "Bearer short-1"', "short-1"),
        ("proxy http://me:hunter2@proxy.example:3128", "hunter2"),
        ("proxy http://me:hun@ter/2@proxy.example:3128", "ter/2"),
        ("proxy me:hunter2@proxy.example:3128", "hunter2"),
        ("dsn https://0a1b2c@o1.ingest.example/5", "0a1b2c"),
        ("Set-Cookie: sid=plain; Path=/; HttpOnly", "plain"),
        ("Cookie: a=one1; b=two2", "two2"),
        ("Set-Cookie: tok=%53cr3tPw8", "cr3tPw8"),
        ("Set-Cookie: domain=S3cr3tPw4", "S3cr3tPw4"),
        ("Set-Cookie: tuk=S3cr,etPw6", "etPw6"),
        ("AccountKey=Ab1+Cd2/Ef3==;EndpointSuffix=core", "Ab1+Cd2"),
        ("x AKIAIOSFODNN7EXAMPLE y wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY z", "bPxRfiCYEXAMPLEKEY"),
        (f"the key {AZURE} of Azure", AZURE),
        ("X-Id: 3b9f4c1e-77aa-4d52-9e0b-0f6f4cbbcafe", "77aa-4d52"),
        ("Incorrect API key provided: sk-proj-****ueba. You can find", "ueba"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASC\n-----END PRIVATE KEY-----", "AQEFAASC"),
        ("sk-\\u0061\\u0062\\u0063012\\u0033456789xyz", "u0063012"),
    ],
)
def test_what_its_surroundings_or_its_form_give_away_is_masked(text, secret):
    shown = quote(text)
    assert secret not in shown
    assert "[secret" in shown
    assert quote(shown) == shown, "what is masked stays as it is"


def test_opaque_text_stands_where_it_is_asked_for_and_secrets_never_do(known):
    show_opaque(True)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert quote(f"trace {trace}") == f"trace {trace}"
    for text in (KEY, KEY[10:22], f"Bearer {trace}", f"?api-key={trace}", "ghp_" + "ab01" * 9, f"api-key {AZURE}"):
        assert "[secret" in quote(text), text


def test_data_that_goes_on_to_be_used_keeps_what_is_merely_opaque(known):
    audio = "AAACAAMABQAGAAYABQAEAAYACAAJAAcABAABAAEAAQABAAEAAAD+//z//P/9"
    assert redact(f'{{"delta": "{audio}"}}') == f'{{"delta": "{audio}"}}'
    assert KEY[8:] not in redact(f'{{"delta": "{KEY}"}}')


@pytest.mark.parametrize("before", ["é", "中", "：", "«", "…"])
def test_a_vendors_key_stands_behind_any_letter_beyond_ascii(before):
    assert KEY not in redact(f"see {before}{KEY} there")
    assert f"{before}[secret" in redact(f"see {before}{KEY} there")


@pytest.mark.parametrize("before", ["openai-key-", "key-", "my-sess-", "pk-", "hf_hf_"])
def test_the_beginning_of_another_vendors_key_hides_none(before):
    assert KEY[8:] not in redact(f"use {before}{KEY} now")


def test_only_stars_bullets_and_an_ellipsis_make_an_echo_of_a_key():
    for text in ("cs-CZ、sk-SK（斯洛伐克）", "ek_été, sk-né", "the task-é"):
        assert redact(text) == quote(text) == text
    for text in ("sk-proj-…T9rL", "sk-••••T9rL", "ek_**T9rL"):
        assert "T9rL" not in redact(f"the key {text} is wrong")


def test_the_end_of_a_known_key_is_no_echo_in_a_name_or_a_date():
    keep([Secret("sk-dev-key-2025", "key", "x")])
    for text in ("gpt-realtime-2025-08-28", "since 24.11.2025", "max2025", "1*2025"):
        assert quote(text) == text
    for text in ("sk-****2025", "sk-...2025", "a key ending in 2025", "xxxx2025", "•••2025", "sk-dev-2025"):
        assert "2025" not in quote(text)


# --- hosts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://a1b2c3d4e5f6.ngrok-free.app/v1",
        "wss://3f2a-2001-db8-85a3--8a2e.ngrok-free.app/v1/realtime",
        "wss://my-service-x7k2p9q4za-uc.a.run.app/v1/realtime",
        "my-service-x7k2p9q4za-uc.a.run.app/v1",
    ],
)
def test_a_host_stands_whatever_path_follows_it(url):
    assert quote(f"cannot reach {url} now") == f"cannot reach {url} now"


def test_what_is_opaque_beside_a_host_is_masked():
    told = quote("https://a1b2c3d4e5f6.ngrok-free.app/v1/Zq8xW2vT9rL4nB7mK1jH/x")
    assert told.startswith("https://a1b2c3d4e5f6.ngrok-free.app/")
    assert "[secret " in told
    assert "Zq8x" not in told


# --- known secrets ----------------------------------------------------------------------------------------------------


@given(TOKENS, st.text(max_size=30), st.text(max_size=30))
def test_no_piece_of_six_characters_of_a_known_secret_survives(token, before, after):
    keep([Secret(token, "key", "a test")])
    shown = redact(before + token + after)
    assert not any(token[start : start + 6] in shown for start in range(len(token) - 5)) or token[:6] in before + after


@pytest.mark.parametrize(
    "echo",
    ["sk-proj-****dS5a", "sk-proj-...dS5a", "sk-…dS5a", "a key ending in dS5a", "sk-•••dS5a", "xxxx-dS5a", "****dS5a"],
)
def test_the_last_characters_are_masked_where_they_are_told_to_be_a_keys_end(echo, known):
    assert "dS5a" not in quote(f"Incorrect API key provided: {echo}. You can find it")
    assert quote("Incorrect key: sk-proj-****dS5a. You can").endswith(". You can")


@pytest.mark.parametrize("word", ["wrong", "test", "session", "realtime", "EMPTY", "none", "not-needed"])
def test_a_key_that_is_a_word_takes_no_word_out_of_a_sentence(word):
    keep([Secret(f"sk-{word}", "key", "a"), Secret(word, "key", "b")])
    sentence = f"101, then session.created: before it accepts (a {word} key), realtime is not-needed"
    assert quote(sentence) == sentence
    assert f"sk-{word}" not in quote(f"Incorrect API key: sk-{word}.")


def test_a_passphrase_and_a_short_password_are_found_as_a_whole():
    keep([Secret("correct horse battery staple", "proxy-password", "x"), Secret("hunt3r", "proxy-password", "y")])
    for text in ("correct horse battery staple", "correct%20horse%20battery%20staple", "the hunt3r."):
        assert "[secret " in quote(text)
    assert quote("the correct horse is in the stable") == "the correct horse is in the stable"


def test_a_key_that_is_no_text_is_masked_too():
    odd = "sk-\udcff\udcfeabcdefghijkl"
    keep([Secret(odd, "key", "x")])
    assert "abcdefgh" not in quote(f"the key {odd} and {odd[6:]}")


PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize("leak", [PEM, "ANBgkqhkiG9w0B AQEF", "kqhkiG9w0B\r\n  AQEFAASC", "KQHKIG9W0BAQEFAA"])
def test_a_client_key_is_known_by_sixteen_characters_whatever_its_lines(leak):
    keep([Secret(PEM, "client-key", "a file")])
    assert mask(PEM) in redact(f"x {leak} y")
    assert redact("kqhkiG9w0BAQEFA is fifteen") == "kqhkiG9w0BAQEFA is fifteen"


# --- marks ------------------------------------------------------------------------------------------------------------


def test_two_keys_are_told_apart_by_their_marks_and_one_keeps_its_own():
    other = "sk-proj-Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9"
    keep([Secret(KEY, "key", "a"), Secret(other, "key", "b")])
    told = quote(f"{KEY} {other} Bearer {KEY}, {KEY[12:]}")
    assert told == f"{mask(KEY)} {mask(other)} Bearer {mask(KEY)}, {mask(KEY)}"
    assert re.fullmatch(r"\[secret [0-9a-f]{4}\]", mask(KEY))
    assert mask(KEY) != mask(other)
    assert mask(f"Bearer {KEY}") == mask(KEY)


def test_a_mark_is_of_this_process_alone():
    code = f"from rtdoctor.privacy.secret import mask; print(mask({KEY!r}), mask({KEY!r}))"
    told = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout for _ in range(3)]
    pairs = {tuple(re.findall(r"\[.*?\]", text)) for text in told}
    assert all(first == second for first, second in pairs)
    assert len(pairs) > 1


@given(st.text(max_size=200))
def test_quoting_twice_is_quoting_once(text):
    once = quote(text)
    assert quote(once) == once


# --- values -----------------------------------------------------------------------------------------------------------


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.just(KEY) | st.text(), st.lists, max_leaves=20))
def test_a_walk_quotes_every_text_of_a_value(value):
    assert KEY not in repr(quoted({"a": value, KEY: (value,)}))


def test_a_value_of_an_object_is_known_by_its_name():
    value = {"password": "Hunter7!", "max_response_output_tokens": "inf", "key": "value", "auth": {"type": "none"}}
    assert [quoted(value) | {"password": ""}, redacted(value) | {"password": ""}] == [value | {"password": ""}] * 2
    assert "Hunter" not in str(quoted(value)) + str(redacted(value))


def test_a_list_and_an_object_under_a_telling_name_are_masked_too():
    value = {"token": ["Qw7xk91z"], "apiKey": {"value": "Qw7xk91z"}, "password": 7734912345, "max_tokens": 7734912345}
    assert "Qw7xk91z" not in str(redacted(value)) + str(quoted(value))
    assert redacted(value)["password"] != 7734912345
    assert redacted(value)["max_tokens"] == 7734912345


@pytest.mark.parametrize(
    "value",
    [
        {"passwords": {"db": "Sommer2024", "user": "Sommer2024"}},
        {"secrets": ["Sommer2024"]},
        {"auth": {"basic": {"value": "Sommer2024"}}},
        {"tokens": [{"value": "Sommer2024"}], "DB_PASSWORD_PROD": "Sommer2024"},
        {"credentials": ["me", {"it": ["Sommer2024"]}]},
        {"api_key": "letmein", "client_secret": {"expires_at": 1763991759, "value": "letmein"}},
    ],
)
def test_a_telling_name_holds_for_all_that_stands_below_it(value):
    for step in (quoted, redacted):
        assert "Sommer2024" not in str(step(value))
        assert "letmein" not in str(step(value))


@pytest.mark.parametrize(
    "value",
    [
        {"auth": {"type": "none", "mode": "AzureADTokenProvider", "user": "jdoe42"}, "keys": ["model", "voice"]},
        {"token": "transcription", "logprob": -0.1, "bytes": [104]},
        {"input_token_details": {"cached_tokens": 4096, "modality": "audio24"}, "tokens": {"type": "text"}},
    ],
)
def test_what_says_for_itself_that_it_is_no_secret_stands(value):
    assert redacted(value) == quoted(value) == value


def test_names_that_tell_on_every_level_are_walked_once():
    value = "Qw7xk91z"
    for _ in range(150):
        value = {"token": [value]}  # twice as long for each level, it would never end
    assert "Qw7xk91z" not in str(redacted(value))


def test_frozen_values_bytes_and_sets_are_walked(known):
    @dataclass(frozen=True)
    class Held:
        text: str
        inner: tuple[dict[str, str], ...]

    mark = mask(KEY)
    assert quoted(Held(KEY, ({"x": KEY},))) == Held(mark, ({"x": mark},))
    assert quoted((b"x " + KEY.encode() + b" \xff", {KEY}, frozenset((KEY, "a")))) == (
        f"x {mark} ".encode() + b"\xff",
        {mark},
        {mark, "a"},
    )


def test_a_text_of_any_length_is_quoted_in_windows(known):
    text = json.dumps({"a": ["plain words"] * 20_000, "b": KEY, "c": ["plain words"] * 20_000})
    assert quote(text) == text.replace(KEY, mask(KEY))


@pytest.mark.parametrize("place", range(65_500, 65_580, 7))
def test_a_secret_at_the_edge_of_a_window_is_masked_as_a_whole(place, known):
    filled = ("plain words " * 7000)[:place] + " "
    assert quote(f"{filled}{KEY} after " + "plain words " * 7000).startswith(f"{filled}{mask(KEY)} after ")


def test_a_password_whose_end_lies_beyond_the_cut_is_masked():
    for word in ("hunter", "correct.horse/"):
        told = quote_start("see https://me:" + word * 300 + "@h.example/v1", 100)
        assert told == "see https://[secret]"
    assert quote_start("see https://h.example/" + "word/" * 300, 30) == "see https://h.example/word/wor"


# --- headers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("x-request-id", "req_0123456789abcdef0123456789abcdef", None),
        ("x-request-id", "5e51f0c8-1234-462f-b9f9-f972c3dbe18a", None),
        ("apim-request-id", "5e51f0c8-1234-462f-b9f9-f972c3dbe18a", None),
        ("cf-ray", "8eff8e2a0e58bf16-WAW", None),
        ("Server", "nginx/1.22.1", None),
        ("WWW-Authenticate", 'Bearer realm="x"', None),
        ("Set-Cookie", "sid=plain; Path=/; HttpOnly", "plain"),
        ("Set-Cookie", "sid=missing", "missing"),
        ("api-key", "plain", "plain"),
        ("X-My-Token", "plain", "plain"),
        ("x-request-id", KEY, KEY),
    ],
)
def test_a_header_of_an_answer_is_told_by_its_name(name, value, secret):
    shown = value.replace(secret, mask(secret)) if secret else value
    assert quote_headers([(name, value)]) == ((name, shown),)


def test_a_known_secret_in_the_place_of_an_id_is_masked():
    keep([Secret("0123456789abcdef0123456789abcdef", "bearer", "x")])
    assert "456789abcdef" not in quote_header("x-request-id", "req_0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize("name", ["key", "api-key", "api_key", "token", "access_token", "sig", "client_secret"])
def test_a_value_in_a_query_is_known_by_its_name(name):
    told = quote(f"'htps://h.example/v1?model=x&{name}=plainGatewayToken42&intent=y' is no URL")
    assert told == f"'htps://h.example/v1?model=x&{name}={mask('plainGatewayToken42')}&intent=y' is no URL"


def test_a_key_in_percent_is_masked_and_nothing_around_it(known):
    leak = "".join(f"%{ord(char):02x}" for char in KEY)
    assert quote(f"before {percent(leak)} after, 100 % & more") == f"before {mask(KEY)} after, 100 % & more"


def test_an_id_by_its_name_stands_as_it_is_written_and_not_behind_escapes():
    value = "65f0a1b2c3d4e5f60718293a4b5c6d7e"
    assert value in quote(f'{{"item_id": "{value}"}}')
    assert value in quote(f'{{\\"item_id\\": \\"{value}\\"}}'), "the quotes are escaped, the id is not"
    escaped = "".join(f"&#{ord(char)};" for char in value)
    assert escaped not in quote(f'{{"item_id": "{escaped}"}}')
