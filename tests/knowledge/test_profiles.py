"""Providers are data: each host has one, and a user can add some."""

import pytest

from rtdoctor.knowledge import profiles as known
from rtdoctor.knowledge.profiles import advised, profile_of, profiles, target_at, use_profiles
from rtdoctor.knowledge.tables import BadTable, read_table

OWN = """
[profile]
id = "ours"
name = "our gateway"
hosts = ["voice.example", "*.voice.example"]
base = "/rt/v1"
key_header = "api-key"
key_forms = ["vx-"]
needs_key = true
mints = false
exact = false
keys_at = "at the operations desk"
evidence = "our own gateway"
seen = "2026-11-30"
confidence = "observed"
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "profiles").mkdir()
    yield tmp_path
    use_profiles(None)


def test_each_file_of_ours_keeps_to_the_form():
    files = sorted((known._HERE / "profiles").glob("*.toml"))
    read = {read_table(file, known._SCHEMA, lambda *_: "")["profile"]["id"]: file.stem for file in files}
    assert read == {name: name for name in profiles()}


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("api.openai.com", "openai"),
        ("eu.api.openai.com", "openai"),
        ("api.openai.com.evil.example", "compatible"),
        ("notapi.openai.com", "compatible"),
        ("res.openai.azure.com", "azure"),
        ("res.cognitiveservices.azure.com", "azure"),
        ("res.services.ai.azure.com", "azure"),
        ("API.X.AI", "xai"),
        ("127.0.0.1", "compatible"),
    ],
)
def test_a_host_has_its_profile(host, name):
    assert profile_of(host).id == name


def test_a_target_gets_the_profile_of_its_host():
    assert target_at("wss://eu.api.openai.com/v1/realtime").profile == "openai"


def test_a_remedy_names_the_endpoints_own_place():
    assert advised("Get one {keys_at}.", "wss://r.openai.azure.com/openai/v1/realtime").startswith(
        "Get one in the Azure"
    )
    assert "platform.openai.com" in advised("Get one {keys_at}.", "wss://api.openai.com/v1/realtime")
    assert "platform.openai.com" not in advised("Get one {keys_at}.", "ws://gateway.example/v1/realtime")
    assert advised("Wait.", "") == "Wait."


def test_a_profile_of_ones_own_is_known_from_one_file(own):
    (own / "profiles" / "ours.toml").write_text(OWN)
    use_profiles(own)
    assert (profile_of("eu.voice.example").id, profile_of("api.openai.com").id) == ("ours", "openai")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (OWN.replace('"ours"', '"openai"'), "there is one with the id 'openai' already"),
        (OWN.replace('hosts = ["voice.example", "*.voice.example"]', ""), "hosts"),
        (OWN.replace('"api-key"', '"Cookie"'), "key_header"),
    ],
)
def test_a_profile_that_breaks_the_form_is_refused_with_its_place(own, text, told):
    (own / "profiles" / "bad.toml").write_text(text)
    with pytest.raises(BadTable) as refused:
        use_profiles(own)
    assert told in str(refused.value)
    assert "bad.toml" in str(refused.value)
