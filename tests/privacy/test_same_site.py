"""Who may ask a server of ours."""

import pytest

from rtdoctor.privacy.same_site import is_ours


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "127.0.0.1:9721"},
        {"host": "LOCALHOST"},
        {"Host": "localhost.:1"},
        {"Host": "127.9.9.9"},
        {"Host": "[::1]:9721"},
        {"Host": "[0:0:0:0:0:0:0:1]"},
        {"Host": "box.internal:9787"},
        {"Host": "192.168.7.1:9787"},
        {"Host": "127.0.0.1:9721", "Origin": "http://localhost:3000", "Sec-Fetch-Site": "cross-site"},
        {"Host": "127.0.0.1:9721", "Sec-Fetch-Site": "same-origin"},
        {"Host": "127.0.0.1:9721", "Sec-Fetch-Site": "none"},
    ],
)
def test_a_client_on_this_machine_is_ours(headers):
    assert is_ours(headers.items(), ("box.internal", "192.168.7.1"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": ""},
        {"Host": "evil.example"},
        {"Host": "evil.example:9721"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "user@127.0.0.1"},
        {"Host": "127.0.0.1/evil"},
        {"Host": "127.0.0.1, evil.example"},
        {"Host": "0.0.0.0:9721"},
        {"Host": "192.168.7.2"},
        {"Host": "2130706433"},
        {"Host": "[::1"},
        {"Host": "127.0.0.1", "Origin": "https://evil.example"},
        {"Host": "127.0.0.1", "Origin": "http://127.0.0.1@evil.example"},
        {"Host": "127.0.0.1", "Origin": "http://evil.example/127.0.0.1"},
        {"Host": "127.0.0.1", "Origin": "null"},
        {"Host": "127.0.0.1", "Origin": ""},
        {"Host": "127.0.0.1", "Origin": "file://"},
        {"Host": "evil.example", "Origin": "http://127.0.0.1"},
        {"Host": "127.0.0.1", "Sec-Fetch-Site": "cross-site"},
        {"Host": "127.0.0.1", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_name_or_page_is_not(headers):
    assert not is_ours(headers.items(), ("box.internal", "192.168.7.1"))


def test_no_header_may_stand_twice():
    assert not is_ours([("Host", "localhost"), ("host", "evil.example")])
    assert not is_ours([("Host", "localhost"), ("Origin", "http://localhost"), ("origin", "http://localhost")])


def test_a_link_may_navigate_but_only_by_our_name():
    link = {"Host": "localhost:1", "Sec-Fetch-Site": "cross-site"}
    assert is_ours(link.items(), navigates=True)
    assert not is_ours((link | {"Host": "evil.example"}).items(), navigates=True)
    assert not is_ours((link | {"Origin": "http://evil.example"}).items(), navigates=True)


def test_where_a_port_is_wanted_host_and_origin_have_it():
    assert is_ours({"Host": "localhost:7", "Origin": "http://localhost:7"}.items(), port=7)
    assert not is_ours({"Host": "localhost"}.items(), port=7)
    assert not is_ours({"Host": "localhost:8"}.items(), port=7)
    assert not is_ours({"Host": "localhost:7", "Origin": "http://localhost:3000"}.items(), port=7)
