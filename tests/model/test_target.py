"""A base URL is understood as people give it, and refused in one sentence where it cannot be."""

from dataclasses import replace

import pytest
from yarl import URL

from rtdoctor.knowledge.profiles import target_at
from rtdoctor.model.target import DIRECT, BadTarget, Pinned, Route, parse_pinned, parse_proxy, parse_target


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
    target = target_at(given)
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
        "https://host/v1?model=\udc80",
        "https://host/v1\udc80",
    ],
)
def test_what_cannot_be_a_target_is_refused_in_one_sentence(given):
    with pytest.raises(BadTarget) as told:
        parse_target(given)
    assert "\n" not in str(told.value)
    assert "pass@" not in str(told.value)


@pytest.mark.parametrize("rest", ["?x@127.0.0.1:9/v1/realtime", "#x@h.example/", "/x@h.example", ""])
def test_a_password_that_cuts_the_host_of_a_url_is_not_told(rest):
    for password in ("Sommer2024", "Som:mer2024"):
        with pytest.raises(BadTarget) as told:
            parse_target(f"ws://me:{password}{rest}")
        assert "Som" not in str(told.value)
        assert "mer2024" not in str(told.value)
    with pytest.raises(BadTarget, match=r"h\.example:99999/v1"):
        parse_target("https://h.example:99999/v1")


@pytest.mark.parametrize(
    ("text", "pinned"),
    [
        ("api.example:443:192.0.2.7", Pinned("api.example", 443, ("192.0.2.7",))),
        ("API.Example:80:192.0.2.7", Pinned("api.example", 80, ("192.0.2.7",))),
        ("api.example:443:192.0.2.7,192.0.2.8", Pinned("api.example", 443, ("192.0.2.7", "192.0.2.8"))),
        ("api.example:443:2001:db8::7", Pinned("api.example", 443, ("2001:db8::7",))),
        ("api.example:443:[2001:DB8:0::7]", Pinned("api.example", 443, ("2001:db8::7",))),
        ("api.example:443:[::1], 127.0.0.1", Pinned("api.example", 443, ("::1", "127.0.0.1"))),
        ("h:65535:127.0.0.1", Pinned("h", 65_535, ("127.0.0.1",))),
    ],
)
def test_forms_of_resolve(text, pinned):
    assert parse_pinned(text) == pinned
    assert Route(pinned=(pinned,)).addresses_of(pinned.host.upper(), pinned.port) == pinned.addresses
    assert Route(pinned=(pinned,)).addresses_of(pinned.host, pinned.port - 1) == ()
    assert DIRECT.addresses_of(pinned.host, pinned.port) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.example",
        "api.example:443",
        "api.example:443:",
        "api.example:443:other.example",
        "api.example:443:192.0.2.7,",
        "api.example:443:192.0.2.256",
        "api.example:0:192.0.2.7",
        "api.example:65536:192.0.2.7",
        "api.example:-1:192.0.2.7",
        "api.example:https:192.0.2.7",
        ":443:192.0.2.7",
        "-api.example:443",
        "[::1]:443:192.0.2.7",
    ],
)
def test_another_form_of_resolve_is_refused_in_one_sentence(text):
    with pytest.raises(BadTarget, match="wants host:port:address") as told:
        parse_pinned(text)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "url", "host"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128", "proxy.example:3128"),
        ("proxy.example:3128", "http://proxy.example:3128", "proxy.example:3128"),
        ("proxy.example", "http://proxy.example", "proxy.example:80"),
        ("HTTP://proxy.example:3128/", "HTTP://proxy.example:3128/", "proxy.example:3128"),
        ("http://user:pass@proxy.example:3128", "http://user:pass@proxy.example:3128", "proxy.example:3128"),
        ("user:pass@proxy.example:3128", "http://user:pass@proxy.example:3128", "proxy.example:3128"),
        ("http://[::1]:3128", "http://[::1]:3128", "::1:3128"),
    ],
)
def test_forms_of_a_proxy(text, url, host):
    assert parse_proxy(text) == url
    assert Route(proxy=url).proxy_host == host
    assert "pass" not in Route(proxy=url).proxy_host


@pytest.mark.parametrize(
    "text",
    ["", "socks5://h:1", "socks5h://u:hunter2@h:1", "https://h:1", "http://:3128", "http://h:99999", "http://[::1"],
)
def test_another_kind_of_proxy_is_refused_with_its_source_and_without_its_password(text):
    with pytest.raises(BadTarget) as told:
        parse_proxy(text, "ALL_PROXY")
    assert str(told.value) == "ALL_PROXY: a proxy is given as http://host:port; no other kind is known here"


def test_the_password_of_a_proxy_is_a_secret_in_both_its_forms():
    found = {secret.reveal() for secret in Route(proxy="http://user:p%40ss%2Fword@h:1").secrets()}
    assert found == {"p%40ss%2Fword", "p@ss/word"}
    assert Route(proxy="http://user@h:1").secrets() == []
    assert DIRECT.secrets() == []


@pytest.mark.parametrize(
    "host", ["exämple.com", "EXÄMPLE.com", "straße.de", "例え.jp", "xn--exmple-cua.com", "a_ä.com"]
)
def test_a_name_beyond_ascii_is_asked_for_in_one_encoding_by_every_layer(host):
    target = replace(parse_target(f"https://{host}/v1"), route=Route(pinned=(parse_pinned(f"{host}:443:192.0.2.7"),)))
    asked = URL(f"https://{host}/").raw_host  # as aiohttp does
    assert target.host == asked
    assert target.route.addresses_of(asked, 443) == ("192.0.2.7",)


@pytest.mark.parametrize("host", ["ä..com", "ä" * 80])
def test_a_name_that_cannot_be_encoded_is_none(host):
    with pytest.raises(BadTarget):
        parse_target(f"https://{host}/v1")
    with pytest.raises(BadTarget):
        parse_pinned(f"{host}:443:192.0.2.7")
