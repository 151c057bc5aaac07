"""WebRTC calls of the mock, and the sideband socket that joins one."""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest

from rtdoctor.mock.server import MockServer
from tests.conftest import KEY
from tests.mock.test_mock import AUTH, events

OFFER = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
    "a=rtpmap:111 opus/48000/2\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n"
)
SDP = {"Content-Type": "application/sdp"}


@asynccontextmanager
async def calls():
    async with MockServer({KEY}, poor_keys={"sk-poor"}) as mock, aiohttp.ClientSession() as http:
        yield mock.base_url + "/realtime", http


def form(sdp=OFFER, **session):
    made = aiohttp.FormData()
    made.add_field("sdp", sdp, content_type="application/sdp")
    made.add_field("session", json.dumps({"type": "realtime", **session}), content_type="application/json")
    return made


async def test_1_12_a_sideband_joins_a_call_and_hears_no_session_created():
    async with calls() as (url, http):
        async with http.post(
            url + "/calls", data=form(model="gpt-realtime", instructions="Short."), headers=AUTH
        ) as told:
            assert (told.status, told.content_type) == (201, "application/sdp")
            path, answer = told.headers["Location"], await told.text()
        assert answer.startswith("v=0\r\n")
        assert answer.count("\r\nm=") == 2
        call_id = path.removeprefix("/v1/realtime/calls/")
        async with http.ws_connect(f"{url}?call_id={call_id}", headers=AUTH) as ws:
            await ws.send_json(
                {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}}
            )
            first = await ws.receive_json()
            assert (first["type"], first["session"]["model"]) == ("session.updated", "gpt-realtime")
            assert first["session"]["instructions"] == "Short."
            await ws.send_json({"type": "response.create"})
            assert (await events(ws, {"response.done"}))[-1]["response"]["status"] == "completed"
        async with http.post(f"{url}/calls/{call_id}/hangup", headers=AUTH) as told:
            assert told.status == 200
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{url}?call_id={call_id}", headers=AUTH)
        assert refused.value.status == 404


async def test_a_client_secret_brings_the_session_of_its_call():
    async with calls() as (url, http):
        asked = {"session": {"type": "realtime", "model": "gpt-realtime", "instructions": "Minted."}}
        async with http.post(url + "/client_secrets", json=asked, headers=AUTH) as minted:
            secret = (await minted.json())["value"]
        headers = SDP | {"Authorization": f"Bearer {secret}"}
        async with http.post(url + "/calls", data=OFFER, headers=headers) as told:
            call_id = told.headers["Location"].rpartition("/")[2]
        async with http.ws_connect(f"{url}?call_id={call_id}", headers=AUTH) as ws:
            await ws.send_json({"type": "session.update", "session": {"type": "realtime"}})
            assert (await ws.receive_json())["session"]["instructions"] == "Minted."


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({}, OFFER, 401, None),
        ({"Authorization": "Bearer ek_of_a_gateway"}, OFFER, 401, "invalid_api_key"),  # 2.9
        ({"Authorization": "Bearer sk-poor"}, OFFER, 429, "credit_balance_exhausted"),  # 2.22
        (AUTH, "hello", 400, "invalid_offer"),
        (AUTH, OFFER.rstrip(), 400, None),
        (AUTH, "x" * (300 << 10), 400, "invalid_offer"),
    ],
)
async def test_a_call_is_refused_over_http(headers, body, status, code):
    async with calls() as (url, http):
        async with http.post(url + "/calls", data=body, headers=SDP | headers) as told:
            assert (told.status, (await told.json())["error"]["code"]) == (status, code)
            assert told.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [({"model": "gpt-4o-realtime-preview"}, 403, "model_not_found"), ({"voice": "alloy"}, 400, "unknown_parameter")],
)
async def test_the_session_of_a_call_is_checked(more, status, code):
    async with calls() as (url, http):
        async with http.post(url + "/calls", data=form(**more), headers=AUTH) as told:
            assert (told.status, (await told.json())["error"]["code"]) == (status, code)


async def test_a_browser_may_ask_first_and_nobody_knows_another_call():
    async with calls() as (url, http):
        async with http.options(url + "/calls", headers={"Origin": "http://localhost"}) as told:
            assert (told.status, told.headers["Access-Control-Allow-Methods"]) == (200, "POST")
        async with http.post(url + "/calls/rtc_nobody/accept", headers=AUTH) as told:
            assert (told.status, (await told.json())["error"]["code"]) == (404, "call_id_not_found")


@pytest.mark.parametrize(
    "body",
    [
        b"--x\r\nA: b\r\n\r\n\r\n" * 16_000,
        b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" * 5_000,
        b"--x\r\nContent-Disposition: form-data; " + b'a="b"; ' * 36_000 + b"\r\n\r\nv=0\r\n--x--",
        b'--x\r\nContent-Disposition: form-data; name="' + b"=?utf-8?q?a?= " * 18_000 + b'"\r\n\r\nv=0\r\n--x--',
    ],
    ids=["parts", "nested", "parameters", "words"],
)
async def test_a_form_that_is_made_to_be_slow_is_refused_at_once(body):
    async with calls() as (url, http), asyncio.timeout(2):
        headers = AUTH | {"Content-Type": "multipart/form-data; boundary=x"}
        async with http.post(url + "/calls", data=body[: 250 << 10], headers=headers) as told:
            assert (told.status, (await told.json())["error"]["code"]) == (400, "invalid_offer")
