"""`probe --fix` on servers that are not OpenAI's: it mends toward their form, and keeps what the user wants."""

import pytest
from aiohttp import web

from rtdoctor import ProbeAsked, probe_async
from rtdoctor.diagnose.edits import Means, edits_for
from rtdoctor.model.handshake import Handshake
from tests.hostile.compatible import Server

KEY = "sk-compat-7f3a9c0d5e1b2468"


async def mended(server: Server, path: str, query: str = "", headers=(f"Authorization: Bearer {KEY}",), **more):
    """The fix that is found for a handshake with the server: its sentences."""
    async with server.serving() as base:
        root = "ws" + base.removesuffix(server.base).removeprefix("http")
        asked = ProbeAsked(url=f"{root}{path}{query}", headers=headers, key=KEY, timeout=2.0, **more)
        done = await probe_async(asked, fix=True)
    assert done.fix is not None
    assert len(done.fix.tried) <= 24
    return done


@pytest.mark.parametrize(
    ("base", "path", "told"),
    [
        ("/v1", "/v1/v1/realtime", "change the path to /v1/realtime"),
        ("/v1", "/realtime", "change the path to /v1/realtime"),
        ("", "/v1/realtime", "change the path to /realtime"),
        ("/v1", "/api/realtime", "change the path to /v1/realtime"),
        ("/v1", "/v1/realtime/sessions", "change the path to /v1/realtime"),
        ("/v1", "/v1/chat/completions", "change the path to /v1/realtime"),
        ("/v1", "/", "change the path to /v1/realtime"),
    ],
)
async def test_a_missing_doubled_or_foreign_base_is_found(base, path, told):
    done = await mended(Server(base=base, key=KEY), path, "?model=tiny-realtime")
    assert done.fix.edits == (told,)


async def test_a_model_is_taken_from_those_that_the_server_lists():
    done = await mended(Server(key=KEY, knows_models=True), "/v1/realtime", "?model=tiny-realtim")
    assert done.fix.edits == ("make the query ?model=tiny-realtime",)


async def test_the_purpose_is_kept():
    server = Server(key=KEY, knows_models=True, models=("only-transcribe",))
    done = await mended(server, "/v1/realtime", "?model=my-voice")
    assert not any("intent=transcription" in line for line in server.asked)
    assert not any("intent" in edit for one in done.fix.tried for edit in one.edits)


async def test_transcription_with_the_model_in_the_url_is_found():
    done = await mended(Server(key=KEY, needs_model=True), "/v1/realtime", "?intent=transcription")
    assert done.fix.edits == ("make the query ?intent=transcription&model=tiny-transcribe",)


async def test_no_two_edits_of_a_try_contradict_each_other():
    done = await mended(Server(key="sk-other-7f3a9c0d5e1b2468"), "/nowhere", "?intent=transcription&model=x")
    for one in done.fix.tried:
        assert len([edit for edit in one.edits if "query" in edit]) <= 1
        assert len([edit for edit in one.edits if "path" in edit]) <= 1


async def test_a_socket_that_opens_without_its_subprotocol_warns():
    server = Server(key=KEY, echoes=False)
    async with server.serving() as base:
        url = f"ws{base.removeprefix('http')}/realtime?model=tiny-realtime"
        asked = ProbeAsked(url=url, subprotocols=("realtime", f"openai-insecure-api-key.{KEY}"), key=KEY)
        done = await probe_async(asked)
    assert (done.report.summary.cause, done.report.summary.exit_code) == ("refused.subprotocol", 0)


async def test_a_key_that_is_read_in_another_place_is_not_called_unknown():
    server = Server(key=KEY, by=("header",), refuse="status", words={"key": "Invalid API key"})
    async with server.serving() as base:
        url = f"ws{base.removeprefix('http')}/realtime?model=tiny-realtime&api_key={KEY}"
        done = await probe_async(ProbeAsked(url=url, key=KEY, timeout=2.0), fix=True)
    assert done.fix.edits == ("send the key as Authorization: Bearer KEY",)
    assert "api_key" not in done.handover.url
    judged = done.report.results[0].finding
    assert (judged.cause, judged.title) == ("auth.missing", "The key is right, and is not read where it was sent")
    assert done.report.summary.cause == "auth.missing"


async def test_a_key_of_another_header_is_found():
    done = await mended(Server(key=KEY, by=("x-api-key",), refuse="status"), "/v1/realtime", "?model=tiny-realtime")
    assert done.fix.edits == ("send the key as X-API-Key: KEY",)


async def test_the_change_that_works_proves_what_a_vague_answer_hid():
    server = Server(key=KEY, refuse="close", words={"key": "policy"})
    wrong = ("Authorization: Bearer sk-other-7f3a9c0d5e1b2468",)
    done = await mended(server, "/v1/realtime", "?model=tiny-realtime", headers=wrong)
    judged = done.report.results[0].finding
    assert judged.cause == "close.policy"
    assert judged.facts[-1] == "The change that works proves which it was: the key."


@pytest.mark.parametrize("words", ["no healthy upstream", "all workers are busy", "the model is loading"])
async def test_no_change_is_looked_for_where_the_handshake_is_not_at_fault(words):
    server = Server(key=KEY, slots=0, refuse="event", words={"slots": words})
    async with server.serving() as base:
        url = f"ws{base.removeprefix('http')}/realtime?model=tiny-realtime"
        headers = (f"Authorization: Bearer {KEY}",)
        done = await probe_async(ProbeAsked(url=url, headers=headers, key=KEY, timeout=2.0), fix=True)
    assert done.fix is None
    assert sum("realtime?" in line for line in server.asked) == 2
    assert any("No change of the handshake mends that" in fact for fact in done.report.results[0].finding.facts)


async def test_a_rest_url_is_told():
    async with Server(key=KEY).serving() as base:
        headers = (f"Authorization: Bearer {KEY}",)
        asked = ProbeAsked(url=f"{base}/realtime?model=tiny-realtime", headers=headers, key=KEY)
        done = await probe_async(asked)
    assert done.report.summary.exit_code == 0
    assert any("begins with http://" in notice for notice in done.report.setting.notices)


def edits(url, cause, headers=(), **more):
    means = Means("KEY", "gpt-realtime-2.1", lambda _: None, **more)
    return [edit.text for edit in edits_for(Handshake(url, headers), cause, means)]


def test_azure_is_mended_toward_azure():
    azure = {"base": "/openai/v1", "key_header": "api-key"}
    told = edits("wss://r.openai.azure.com/realtime?model=d", "refused.path", **azure)
    assert [edit for edit in told if "path" in edit] == ["change the path to /openai/v1/realtime"]
    assert "send the key as api-key: KEY" in told
    told = edits(
        "wss://r.openai.azure.com/openai/v1/realtime?api-version=2025-04-01-preview&deployment=d",
        "refused.azure-url",
        **azure,
    )
    assert told[0] == "remove api-version from the query, and name the deployment as model"


def test_gpt_live_loses_its_origin_and_its_subprotocol_and_keeps_its_path():
    told = edits("wss://api.openai.com/v1/live/sessions", "refused.forbidden", (("Origin", "https://x.example"),))
    assert told[0] == "remove the header Origin"
    assert not any("change the path to /v1/realtime" in edit for edit in told)
    assert "change the path to /v1/live/sessions" in edits(
        "wss://api.openai.com/v1/realtime?model=gpt-live-1", "session.model-unknown"
    )
    assert "change the path to /v1/live/sessions" in edits("wss://api.openai.com/v1/realtime?model=gpt-live-2", None)
    assert "change the path to /v1/realtime" in edits("wss://h.example/v1/x?model=gpt-live-transcribe", None)
    assert "change the path to /v1/realtime/translations" in edits(
        "wss://api.openai.com/v1/realtime?model=gpt-realtime-translate", None
    )


class LiveServer(Server):
    """GPT-Live as it was seen (2026-09-12): keys by header, no Origin, silence until session.start."""

    async def _answer(self, request):
        if request.path != "/v1/live/sessions":
            return web.json_response({"error": "not found"}, status=404)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            error = {"message": "You didn't provide an API key.", "code": "missing_authorization"}
            return web.json_response({"error": error}, status=401)
        if "Origin" in request.headers:
            return web.Response(status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket


@pytest.mark.parametrize(
    ("headers", "subprotocols", "cause", "edits"),
    [
        ((f"Authorization: Bearer {KEY}",), (), None, None),
        ((), (), "auth.missing", ("send the key as Authorization: Bearer KEY",)),
        (
            (),
            ("realtime", f"openai-insecure-api-key.{KEY}"),
            "auth.missing",
            ("send the key as Authorization: Bearer KEY",),
        ),
        (
            (f"Authorization: Bearer {KEY}", "Origin: https://x.example"),
            (),
            "refused.origin",
            ("remove the header Origin",),
        ),
    ],
)
async def test_gpt_live_is_silent_where_it_works_and_is_mended_toward_its_own_form(headers, subprotocols, cause, edits):
    async with LiveServer().serving() as base:
        url = f"ws{base.removeprefix('http')}/live/sessions"
        asked = ProbeAsked(url=url, headers=headers, subprotocols=subprotocols, key=KEY, timeout=1.0)
        done = await probe_async(asked, fix=True)
    assert (done.report.summary.cause, done.fix.edits if done.fix else None) == (cause, edits)
    assert done.handover is not None
