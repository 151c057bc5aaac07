"""One way to take a URL apart, whoever gives it."""

import pytest

from rtdoctor.model.handshake import Handshake
from rtdoctor.model.url import UrlParts, is_rest_address, socket_address, split_url


@pytest.mark.parametrize(
    ("url", "base", "path"),
    [
        ("wss://api.openai.com/v1/realtime", "wss://api.openai.com/v1", "/realtime"),
        ("wss://h/openai/v1/realtime", "wss://h/openai/v1", "/realtime"),
        ("wss://h/openai/realtime", "wss://h/openai", "/realtime"),
        ("wss://h/v1/realtime/sessions", "wss://h/v1", "/realtime/sessions"),
        ("wss://h/v1/live/sessions", "wss://h/v1", "/live/sessions"),
        ("wss://h/v1/chat/completions", "wss://h/v1", "/chat/completions"),
        ("wss://h/realtime", "wss://h", "/realtime"),
        ("wss://h/ws", "wss://h", "/ws"),
        ("wss://h", "wss://h", ""),
        ("/v1/realtime", "/v1", "/realtime"),
        ("", "", ""),
    ],
)
def test_base_and_path_make_the_address(url, base, path):
    assert split_url(f"{url}?model=m#f") == UrlParts(base, path, (("model", "m"),))
    if "://" in url:
        assert Handshake(url).request().path == path


def test_a_query_is_decoded_and_keeps_its_order_and_empty_values():
    assert split_url("wss://h/realtime?b=1%202&a=x+y&c=&=n&b=3").query == (
        *(("b", "1 2"), ("a", "x y"), ("c", ""), ("b", "3")),
    )
    assert split_url("no url at all").query == ()


def test_only_a_rest_path_is_cut_back_to_the_socket():
    assert socket_address("https://h/v1/realtime/client_secrets/") == "https://h/v1/realtime"
    assert socket_address("https://h/v1/realtime/translations") == "https://h/v1/realtime/translations"
    assert is_rest_address("/realtime/calls")
    assert not is_rest_address("/realtime")
