"""A base URL is understood as people give it, and refused in one sentence where it cannot be."""

import pytest

from rtdoctor.model.target import BadTarget, parse_target


@pytest.mark.parametrize(
    ("given", "base", "profile"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1", "openai"),
        ("wss://api.openai.com/v1/realtime?intent=transcription", "https://api.openai.com/v1", "openai"),
        ("ws://127.0.0.1:8000/v1/realtime/", "http://127.0.0.1:8000/v1", "compatible"),
        ("https://host.example", "https://host.example/v1", "compatible"),
        ("http://[::1]:9/v1", "http://[::1]:9/v1", "compatible"),
        ("https://res.openai.azure.com/openai/v1/", "https://res.openai.azure.com/openai/v1", "azure"),
        ("https://host.example/v1/realtimeish", "https://host.example/v1/realtimeish", "compatible"),
    ],
)
def test_forms_of_a_base_url(given, base, profile):
    target = parse_target(given)
    assert (target.base_url, target.profile) == (base, profile)


def test_a_rest_path_is_kept_aside_and_told():
    target = parse_target("wss://api.openai.com/v1/realtime/transcription_sessions")
    assert (target.base_url, target.asked_tail) == ("https://api.openai.com/v1", "transcription_sessions")


def test_the_sdk_variable_is_taken_as_the_sdk_takes_it():
    assert parse_target("https://host.example", as_sdk=True).base_url == "https://host.example"


def test_addresses_of_paths():
    target = parse_target("https://host.example/v1")
    assert target.socket_url(query={"intent": "transcription"}) == "wss://host.example/v1/realtime?intent=transcription"
    assert target.rest_url("/models") == "https://host.example/v1/models"
    assert (target.host, target.port, target.tls) == ("host.example", 443, True)


@pytest.mark.parametrize(
    "given",
    [
        "api.openai.com",
        "",
        "ftp://host/v1",
        "https://user:pass@host/v1",
        "https:///v1",
        "https://host:port/v1",
        "https://[::1/v1",
    ],
)
def test_what_cannot_be_a_target_is_refused_in_one_sentence(given):
    with pytest.raises(BadTarget) as told:
        parse_target(given)
    assert "\n" not in str(told.value)
    assert "pass@" not in str(told.value)
