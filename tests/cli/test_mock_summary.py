"""`rtdoctor mock --report`: what the clients did wrong, in every format of the tool."""

import asyncio
import json
from contextlib import suppress
from xml.etree import ElementTree

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from rtdoctor.cli.mock_summary import Summing
from rtdoctor.mock.faults import Faults
from rtdoctor.mock.server import MockServer
from rtdoctor.report.digests import digest
from tests.conftest import KEY
from tests.proxy.passing import until
from tests.report.test_formats import shown


async def summed(*sent, key=KEY, faults=()):
    """What is told of a client that sends this, and ends."""
    lines, summing, named = [], Summing(), Faults(faults)

    def hear(line):
        lines.append(line)
        summing(line)

    async with MockServer({KEY}, hear=hear, named=named) as mock:
        url = mock.base_url.replace("http", "ws") + "/realtime?model=gpt-realtime"
        socket = await connect(url, additional_headers={"Authorization": f"Bearer {key}"}, proxy=None)
        with suppress(ConnectionClosed):
            for event in (*sent, {"type": "input_audio_buffer.clear"}):
                await socket.send(json.dumps(event))
            while json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] != "input_audio_buffer.cleared":
                pass
            await socket.close()
        await until(lambda: lines[-1]["kind"] == "end")
        return summing.served(mock.base_url, "openai", named.on)


async def test_a_good_client_passes():
    served = await summed({"type": "session.update", "session": {"type": "realtime"}})
    assert served.counted == {"pass": 1}
    assert digest(served).sentence == "1 request came, nothing to remark."
    assert served.clients[0].events["client"] == 2


async def test_what_a_client_did_wrong_stands_in_every_format():
    served = await summed({"type": "session.update", "session": {"type": "realtime", "voice": "alloy"}})
    assert served.counted == {"fail": 1}
    told = json.loads(shown(served, "json", "mock"))
    assert told["clients"][0]["verdict"] == "fail"
    assert {one["id"] for one in told["clients"][0]["told"]} == {"shape.undocumented", "error.unknown_parameter"}
    root = ElementTree.fromstring(shown(served, "junit", "mock"))
    assert len(list(root.iter("testcase"))) == 1
    for name in ("html", "junit", "markdown", "github", "sarif", "ndjson", "prometheus", "nagios", "terminal"):
        assert "voice" in shown(served, name, "mock") or name in ("prometheus", "nagios", "terminal"), name
    assert shown(served, "terminal", "mock").startswith("SEEN (exit 0)")


@pytest.mark.parametrize(
    ("key", "faults", "verdict"), [("sk-wrong-0123456789", (), "fail"), (KEY, ("bad-key",), "pass")]
)
async def test_a_refusal_that_was_asked_for_blames_nobody(key, faults, verdict):
    served = await summed(key=key, faults=faults)
    assert served.counted == {verdict: 1}
    assert served.clients[0].told
