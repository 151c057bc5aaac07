"""The control API says what was seen and sets faults, for who has the token."""

import aiohttp
import pytest

from rtdoctor.mock.server import MockServer
from tests.conftest import KEY
from tests.mock.test_mock import AUTH

TOKEN = {"X-Rtdoctor-Token": "the-token"}


async def test_a_fault_is_put_on_and_taken_off_while_the_mock_runs():
    async with MockServer({KEY}, token="the-token") as mock, aiohttp.ClientSession() as http:
        url = mock.base_url + "/realtime?intent=transcription"
        async with http.post(mock.control_url + "/faults", json={"fault": "http-429"}, headers=TOKEN) as answer:
            assert (answer.status, (await answer.json())["fault"]) == (201, "http-429")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(url, headers=AUTH)
        async with http.delete(mock.control_url + "/faults?name=http-429", headers=TOKEN) as answer:
            assert await answer.json() == {"taken_off": 1}
        async with http.ws_connect(url, headers=AUTH) as ws:
            await ws.receive_json()
            async with http.get(mock.control_url + "/state", headers=TOKEN) as answer:
                told = await answer.json()
        script = {"failures": [], "unused": []}
        assert told == {"sockets": 2, "open": 1, "faults": [], "script": script}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"fault": 3}', b'{"fault": "nope"}', b"[" * 90_000, b"x" * 900_000]
)
async def test_what_is_no_fault_is_told(body):
    async with MockServer({KEY}, token="the-token") as mock, aiohttp.ClientSession() as http:
        async with http.post(mock.control_url + "/faults", data=body, headers=TOKEN) as answer:
            assert (answer.status, list(await answer.json())) == (400, ["error"])
        assert mock.named.on == ()


@pytest.mark.parametrize("headers", [{}, {"X-Rtdoctor-Token": "another"}, {"X-Rtdoctor-Token": ""}, AUTH])
async def test_nobody_without_the_token_is_heard(headers):
    async with MockServer({KEY}, token="the-token") as mock, aiohttp.ClientSession() as http:
        async with http.post(mock.control_url + "/faults", json={"fault": "abort"}, headers=headers) as answer:
            assert answer.status == 401
        assert mock.named.on == ()


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_a_foreign_name_or_page_is_not_heard_even_with_the_token(headers):
    async with MockServer({KEY}, token="the-token") as mock, aiohttp.ClientSession() as http:
        told = {"fault": "abort"}
        async with http.post(mock.control_url + "/faults", json=told, headers=TOKEN | headers) as answer:
            assert answer.status == 403
        assert mock.named.on == ()


async def test_without_a_token_there_is_no_control():
    async with MockServer({KEY}) as mock, aiohttp.ClientSession() as http:
        async with http.get(mock.control_url + "/state", headers=TOKEN) as answer:
            assert answer.status == 404


@pytest.mark.parametrize("host", ["::1", "localhost", "127.0.0.1", "0.0.0.0"])
async def test_the_base_url_leads_to_where_it_listens(host):
    async with MockServer({KEY}, host=host) as mock, aiohttp.ClientSession() as http:
        async with http.get(mock.base_url + "/models", headers=AUTH) as answer:
            assert answer.status == 200
