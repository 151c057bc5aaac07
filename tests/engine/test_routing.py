"""From flags and environment to a route: which variable counts, what NO_PROXY takes out, and what goes together."""

import os
from pathlib import Path

import pytest
import trustme

from rtdoctor.cli.exits import Usage
from rtdoctor.engine.routing import RouteAsked, route_to, tls_context
from rtdoctor.model.target import Pinned, parse_target

HTTPS = parse_target("https://api.example/v1")
HTTP = parse_target("http://api.example/v1")


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """An environment without proxies and CAs, to be set by the test."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
            monkeypatch.delenv(name)

    def put(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


def proxy_of(target, asked=RouteAsked()):  # noqa: B008
    route, _ = route_to(target, asked)
    return (route.proxy, route.proxy_from) if route.proxy else None


A, B, C = "http://a.example:1", "http://b.example:2", "http://c.example:3"


@pytest.mark.parametrize(
    ("target", "variables", "proxy"),
    [
        (HTTPS, {}, None),
        (HTTPS, {"HTTPS_PROXY": A}, (A, "HTTPS_PROXY")),
        (HTTPS, {"https_proxy": A}, (A, "https_proxy")),
        (HTTPS, {"HTTPS_PROXY": A, "https_proxy": B}, (B, "https_proxy")),
        (HTTPS, {"HTTP_PROXY": A}, None),
        (HTTPS, {"HTTPS_PROXY": A, "HTTP_PROXY": B, "ALL_PROXY": C}, (A, "HTTPS_PROXY")),
        (HTTPS, {"HTTP_PROXY": B, "ALL_PROXY": C}, (C, "ALL_PROXY")),
        (HTTPS, {"ALL_PROXY": A, "all_proxy": B}, (B, "all_proxy")),
        (HTTPS, {"HTTPS_PROXY": ""}, None),
        (HTTPS, {"HTTPS_PROXY": "a.example:1"}, (A, "HTTPS_PROXY")),
        (HTTP, {"HTTP_PROXY": B}, (B, "HTTP_PROXY")),
        (HTTP, {"http_proxy": B, "HTTP_PROXY": A}, (B, "http_proxy")),
        (HTTP, {"HTTPS_PROXY": A}, None),
        (HTTP, {"ALL_PROXY": C}, (C, "ALL_PROXY")),
    ],
)
def test_the_proxy_of_the_environment(environment, target, variables, proxy):
    environment(**variables)
    assert proxy_of(target) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("api.example", True),
        ("API.EXAMPLE", True),
        ("example", True),
        (".example", True),
        ("other.example, api.example", True),
        ("*", True),
        ("api.example:443", True),
        ("api.example:8443", False),
        ("pi.example", False),
        ("xapi.example", False),
        ("sub.api.example", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_no_proxy_takes_hosts_out_and_is_told(environment, variable, no_proxy, direct):
    environment(HTTPS_PROXY=A, **{variable: no_proxy})
    route, told = route_to(HTTPS, RouteAsked())
    assert (route.proxy is None) is direct
    assert bool(told) is direct
    if direct:
        assert told == ("HTTPS_PROXY is set, and NO_PROXY names api.example: it goes directly.",)


def test_no_proxy_holds_for_addresses_and_ports_too(environment):
    environment(ALL_PROXY=A, NO_PROXY="127.0.0.1,api.example:8443")
    assert proxy_of(parse_target("http://127.0.0.1:8000/v1")) is None
    assert proxy_of(parse_target("https://api.example:8443/v1")) is None
    assert proxy_of(HTTPS) == (A, "ALL_PROXY")


def test_the_flag_comes_before_the_environment_and_before_no_proxy(environment):
    environment(HTTPS_PROXY=A, NO_PROXY="*")
    assert proxy_of(HTTPS, RouteAsked(proxy=B)) == (B, "--proxy")


def test_proxy_none_goes_directly(environment):
    environment(HTTPS_PROXY=A, ALL_PROXY="socks5://h:1")
    assert route_to(HTTPS, RouteAsked(proxy="none")) == (route_to(HTTPS, RouteAsked(proxy="none"))[0], ())
    assert proxy_of(HTTPS, RouteAsked(proxy="none")) is None


@pytest.mark.parametrize("kind", ["socks5://user:hunter2@h:1080", "socks5h://h:1", "https://h:1"])
def test_another_kind_of_proxy_in_the_environment_is_one_sentence(environment, kind):
    environment(ALL_PROXY=kind)
    with pytest.raises(Usage) as told:
        route_to(HTTPS, RouteAsked())
    assert str(told.value).startswith("ALL_PROXY: a proxy is given as http://host:port")
    assert "--proxy none goes directly" in str(told.value)
    assert "hunter2" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_proxy_that_is_not_used_is_not_held_to_its_form(environment):
    environment(ALL_PROXY="socks5://h:1", HTTPS_PROXY=A)
    assert proxy_of(HTTPS) == (A, "HTTPS_PROXY")
    environment(NO_PROXY="api.example")
    assert proxy_of(HTTPS) is None


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (RouteAsked(ipv4=True, ipv6=True), "-4 and -6 were given"),
        (RouteAsked(key=Path("client.key")), "wants --cert"),
        (RouteAsked(send_key=True), "--insecure-send-key is for use with --insecure"),
        (RouteAsked(resolve=("api.example:443",)), "--resolve 'api.example:443': wants host:port:address"),
        (RouteAsked(resolve=("api.example:443:127.0.0.1", "x:y:z")), "--resolve 'x:y:z'"),
        (RouteAsked(proxy="socks5://h:1"), "--proxy: a proxy is given as http://host:port"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(asked, says):
    with pytest.raises(Usage) as told:
        route_to(HTTPS, asked)
    assert says in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "asked", "good"),
    [
        ("http://[::1]:9/v1", RouteAsked(ipv4=True), False),
        ("http://127.0.0.1:9/v1", RouteAsked(ipv6=True), False),
        ("http://[::1]:9/v1", RouteAsked(ipv6=True), True),
        ("http://127.0.0.1:9/v1", RouteAsked(ipv4=True), True),
        ("http://localhost:9/v1", RouteAsked(ipv6=True), True),
    ],
)
def test_a_family_and_an_address_of_the_other_do_not_go_together(url, asked, good):
    target = parse_target(url)
    if good:
        assert route_to(target, asked)[0].family == (6 if asked.ipv6 else 4)
        return
    with pytest.raises(Usage, match="do not go together"):
        route_to(target, asked)


def test_the_flags_end_up_in_the_route():
    asked = RouteAsked(
        ca_file=Path("ca.pem"),
        cert=Path("c.pem"),
        key=Path("c.key"),
        resolve=("api.example:443:192.0.2.7", "api.example:80:192.0.2.8"),
        insecure=True,
        send_key=True,
    )
    route, told = route_to(HTTPS, asked)
    assert (route.ca_file, route.cert, route.cert_key, route.insecure) == ("ca.pem", "c.pem", "c.key", True)
    assert route.pinned == (Pinned("api.example", 443, ("192.0.2.7",)), Pinned("api.example", 80, ("192.0.2.8",)))
    assert told == ()


def test_resolve_by_a_proxy_is_told_to_say_nothing():
    _, told = route_to(HTTPS, RouteAsked(proxy=A, resolve=("api.example:443:192.0.2.7",)))
    assert told == ("--resolve says nothing about the endpoint here: the proxy resolves its name.",)


def test_requests_ca_bundle_is_trusted_too_and_told(environment, tmp_path):
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    environment(REQUESTS_CA_BUNDLE=str(tmp_path / "ca.pem"))
    route, told = route_to(HTTPS, RouteAsked())
    assert route.ca_bundle == str(tmp_path / "ca.pem")
    assert told == ("REQUESTS_CA_BUNDLE is trusted, too.",)
    assert tls_context(route).get_ca_certs()


@pytest.mark.parametrize(("content", "says"), [(None, "no such file"), ("junk", "holds no PEM certificate")])
def test_a_bad_requests_ca_bundle_is_told_with_its_name(environment, tmp_path, content, says):
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    environment(REQUESTS_CA_BUNDLE=str(file))
    with pytest.raises(Usage) as told:
        tls_context(route_to(HTTPS, RouteAsked())[0])
    assert str(told.value).startswith(f"REQUESTS_CA_BUNDLE: {file}: {says}")


def test_a_bad_ca_file_is_not_blamed_on_the_environment(environment, tmp_path):
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "good.pem"))
    environment(REQUESTS_CA_BUNDLE=str(tmp_path / "good.pem"))
    with pytest.raises(Usage) as told:
        tls_context(route_to(HTTPS, RouteAsked(ca_file=tmp_path / "none.pem"))[0])
    assert str(told.value).startswith(f"{tmp_path / 'none.pem'}: ")


def test_what_the_environment_says_of_roots_is_told(environment, tmp_path):
    environment(SSL_CERT_FILE=str(tmp_path / "none.pem"), SSL_CERT_DIR=str(tmp_path))
    _, told = route_to(HTTPS, RouteAsked())
    assert told == (
        "The trusted roots are those of SSL_CERT_FILE, which does not exist.",
        "The trusted roots are those of SSL_CERT_DIR.",
    )


def test_plain_http_trusts_nothing_and_says_nothing(environment, tmp_path):
    environment(SSL_CERT_FILE=str(tmp_path), REQUESTS_CA_BUNDLE=str(tmp_path / "none.pem"))
    route, told = route_to(HTTP, RouteAsked())
    assert (route.ca_bundle, told) == (None, ())
