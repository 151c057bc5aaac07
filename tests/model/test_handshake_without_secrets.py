"""A handshake without its secrets holds none in any part, and keeps its form."""

import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtdoctor.model.handshake import KEY_SUBPROTOCOL, Handshake
from rtdoctor.privacy.secret import Secret

KEY = "sk-proj-a/b+c=7f3a9c0d5e1b2468"


def whole(handshake):
    """Everything that would go out."""
    return "\n".join(
        (
            handshake.url,
            *(f"{name}: {value}" for name, value in handshake.headers),
            *handshake.subprotocols,
            *(event if isinstance(event, str) else json.dumps(event, ensure_ascii=False) for event in handshake.events),
        )
    )


def forms(key):
    return {key, quote(key), quote(key, safe=""), urlencode({"": key})[1:]}


EVERYWHERE = Handshake(
    f"wss://h.example/v1/realtime?{urlencode({'model': 'gpt-x', 'api-key': KEY, 'Authorization': f'Bearer {KEY}'})}",
    (("Authorization", f"Bearer {KEY}"), ("api-key", KEY), ("X-Mine", f"a {KEY} b"), ("X-Plain", "stays")),
    ("realtime", KEY_SUBPROTOCOL + KEY, "openai-beta.realtime-v1"),
    ({"type": "session.update", "session": {"note": KEY, "list": [KEY]}}, f"no json {KEY}"),
)


@pytest.mark.parametrize("known", ["own", "environment"])
def test_no_secret_is_left_in_any_part(known):
    secrets = EVERYWHERE.secrets() if known == "own" else [Secret(KEY, "key", "OPENAI_API_KEY")]
    masked = EVERYWHERE.without_secrets(secrets)
    for form in forms(KEY):
        assert form not in whole(masked)
    assert KEY[-8:] not in whole(masked)


def test_a_secret_in_the_query_is_found_url_encoded():
    secrets = [Secret(KEY, "key", "OPENAI_API_KEY")]
    for written in forms(KEY):
        masked = Handshake(f"wss://h.example/v1/realtime?token={written}&model=gpt-x").without_secrets(secrets)
        assert all(form not in masked.url for form in forms(KEY)), written
        assert masked.query["model"] == "gpt-x"


@pytest.mark.parametrize("name", ["X-My-Gateway-Key", "X-Session-Token", "Gateway-Auth", "X-Credential"])
def test_a_header_with_a_telling_name_is_kept_back_and_masked(name):
    sent = Handshake("wss://h/v1/realtime", ((name, "plain-gateway-value"),))
    assert "plain-gateway-value" not in whole(sent.without_secrets(sent.secrets())) + str(sent.shown().headers)


@pytest.mark.parametrize("odd", ['"', "\\", "{}", "\n"])
def test_an_odd_secret_breaks_no_event(odd):
    sent = Handshake("wss://h/v1/realtime", (("api-key", odd),), (), ({"type": "x", "list": [{"a": odd}, 1, None]},))
    assert sent.without_secrets(sent.secrets()).events[0]["list"][1:] == [1, None]


def test_the_form_of_the_handshake_is_kept():
    masked = EVERYWHERE.without_secrets(EVERYWHERE.secrets())
    assert masked.path == EVERYWHERE.path
    assert list(masked.query) == list(EVERYWHERE.query)
    assert [name for name, _ in masked.headers] == [name for name, _ in EVERYWHERE.headers]
    assert masked.header("X-Plain") == "stays"
    assert masked.header("Authorization").startswith("Bearer ")
    assert masked.query["Authorization"].startswith("Bearer ")
    assert masked.subprotocols[0] == "realtime"
    assert masked.subprotocols[1].startswith(KEY_SUBPROTOCOL)
    assert masked.subprotocols[2] == "openai-beta.realtime-v1"
    assert masked.events[0]["type"] == "session.update"
    assert masked.auth() == EVERYWHERE.auth()
    assert masked.beta() == EVERYWHERE.beta()


@pytest.mark.parametrize(("key", "form"), [(KEY, "sk-proj-"), ("sk-abcdef0123456789", "sk-"), ("ek_0123456789", "ek_")])
def test_the_kind_of_the_key_can_still_be_seen(key, form):
    sent = Handshake(
        f"wss://h/v1/realtime?{urlencode({'token': f'Bearer {key}'})}",
        (("Authorization", f"Bearer {key}"), ("api-key", key)),
        (KEY_SUBPROTOCOL + key,),
    )
    masked = sent.without_secrets(sent.secrets())
    assert masked.header("Authorization").startswith(f"Bearer {form}0000")
    assert masked.query["token"].startswith(f"Bearer {form}0000")
    assert masked.header("api-key").startswith(f"{form}0000")
    assert masked.subprotocols[0].startswith(f"{KEY_SUBPROTOCOL}{form}0000")
    assert masked.request().credential == sent.request().credential


def test_a_handshake_without_secrets_stays_as_it_is():
    plain = Handshake("wss://h/v1/realtime?intent=transcription", (("X", "y"),), ("realtime",), ({"type": "x"}, "text"))
    assert plain.without_secrets([]) == plain
    assert plain.without_secrets([Secret(KEY, "key", "")]) == plain


@pytest.mark.parametrize("short", ["?", "&", "h", "v1", "wss", "/"])
def test_a_short_secret_changes_neither_the_host_nor_what_else_is_masked(short):
    sent = Handshake(
        f"wss://h.example/v1/realtime?{urlencode({'key': KEY, 'x': '1'})}", (("Cookie", f"session=1 {short}"),)
    )
    masked = sent.without_secrets(sent.secrets())
    assert masked.url.startswith("wss://h.example/")
    assert list(masked.query) == ["key", "x"]
    assert all(form not in whole(masked) for form in forms(KEY))


KEYS = st.text(alphabet="abcXYZ019-_./+=%&? ", min_size=8, max_size=40).map(str.strip)
# A key of zeros only would be found in the stand-in.
KEYS = KEYS.filter(lambda key: len(key.strip("0")) >= 4)


@given(KEYS)
def test_whatever_the_key_none_of_its_written_forms_is_left(key):
    sent = Handshake(
        f"wss://h.example/v1/realtime?{urlencode({'intent': 'transcription', 'key': key})}",
        (("Authorization", f"Bearer {key}"), ("Cookie", f"session={key}")),
        (KEY_SUBPROTOCOL + key,),
        ({"type": "x", "note": key},),
    )
    masked = sent.without_secrets([*sent.secrets(), Secret(key, "key", "OPENAI_API_KEY")])
    for form in forms(key):
        assert form not in whole(masked)
