"""Faults are put on a proxy and taken off while it runs, by who has the token."""

import aiohttp
import pytest

from rtdoctor.mock.control import HEADER, serve_control
from rtdoctor.mock.server import MockServer
from rtdoctor.proxy.breaking import faults_of
from tests.conftest import KEY
from tests.mock.test_mock import AUTH
from tests.proxy.passing import proxied

TOKEN = {HEADER: "the-token"}


async def test_a_fault_is_put_on_a_proxy_and_taken_off_while_it_runs():
    faults = faults_of(())
    async with MockServer({KEY}) as mock, aiohttp.ClientSession() as http:
        async with (
            proxied(mock.base_url, faults=faults) as (proxy, _, _),
            serve_control(faults, proxy.state, "the-token") as url,
        ):
            asked = proxy.base_url + "/realtime?intent=transcription"
            async with http.post(url + "/faults", json={"fault": "http-429"}, headers=TOKEN) as answer:
                assert (answer.status, (await answer.json())["fault"]) == (201, "http-429")
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await http.ws_connect(asked, headers=AUTH)
            async with http.delete(url + "/faults", headers=TOKEN) as answer:
                assert await answer.json() == {"taken_off": 1}
            async with http.ws_connect(asked, headers=AUTH) as ws:
                assert (await ws.receive_json())["type"] == "session.created"
                async with http.get(url + "/state", headers=TOKEN) as answer:
                    told = await answer.json()
            assert (told["sockets"], told["faults"], told["reached"]) == (2, [], True)
            async with http.post(url + "/faults", json={"fault": "barge-in"}, headers=TOKEN) as answer:
                assert answer.status == 400  # it wants a conversation of the mock's own
            async with http.post(url + "/faults", json={"fault": "abort"}) as answer:
                assert answer.status == 401
            assert faults.on == ()
