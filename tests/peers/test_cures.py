"""What `probe --fix` makes of broken handshakes at servers that nobody here wrote: cause, cure, and whether a plain
client connects with what is handed over. The server is as it was before, during and after."""

import asyncio
import shlex

import pytest
from websockets.asyncio.client import connect

from rtdoctor import CheckAsked, ProbeAsked, check_async, probe_async
from tests.peers.conftest import NAMES
from tests.peers.serving import KEY, missing, plain_session, until_ready

pytestmark = pytest.mark.peers
BEARER = f"Authorization: Bearer {KEY}"
PATH = "change the path to /v1/realtime"
BY_HEADER = "send the key as Authorization: Bearer KEY"
MODEL = "make the query ?model=gpt-realtime"
WORKS = (None, ())
_GOOD, _ASGI = "/v1/realtime?model=gpt-realtime", "refused.not-routed"
# What is given: path and query, headers, subprotocols.
BROKEN = {
    "a REST path": ("/v1/realtime/transcription_sessions?intent=transcription", (BEARER,), ()),
    "no /v1": ("/realtime?model=gpt-realtime", (BEARER,), ()),
    "/v1 twice": ("/v1/v1/realtime?model=gpt-realtime", (BEARER,), ()),
    "/api before": ("/api/realtime?model=gpt-realtime", (BEARER,), ()),
    "an unknown model": ("/v1/realtime?model=gpt-realtim", (BEARER,), ()),
    "no model": ("/v1/realtime", (BEARER,), ()),
    "the key in the query": (f"{_GOOD}&api_key={KEY}", (), ()),
    "the key by subprotocol": (_GOOD, (), ("realtime", f"openai-insecure-api-key.{KEY}")),
    "the key without Bearer": (_GOOD, (f"Authorization: {KEY}",), ()),
    "no key": (_GOOD, (), ()),
    "a wrong key": (_GOOD, ("Authorization: Bearer sk-wrong-0123456789abcdef",), ()),
    "the beta's header": (_GOOD, (BEARER, "OpenAI-Beta: realtime=v1"), ()),
    "transcription": ("/v1/realtime?intent=transcription", (BEARER,), ()),
    "an origin": (_GOOD, (BEARER, "Origin: https://page.example"), ()),
    "two faults": ("/v1/v1/realtime?model=gpt-realtime", ("Authorization: Bearer sk-wrong-0123456789abcdef",), ()),
}
# The cause, and the edits that mend it, at each peer; where it names none, the handshake works there.
_AIMOCK = {
    **dict.fromkeys(("a REST path", "no /v1", "/v1 twice", "/api before"), ("refused.path", (PATH,))),
    **dict.fromkeys(
        ("the key in the query", "the key by subprotocol", "the key without Bearer", "no key"),
        ("auth.missing", (BY_HEADER,)),
    ),
    "a wrong key": ("auth.invalid", (BY_HEADER,)),
    "the beta's header": ("session.beta-retired", ("remove the header OpenAI-Beta",)),
    "two faults": ("auth.invalid", (BY_HEADER, PATH)),
}
_FAKEAI = {
    "a REST path": ("refused.path", (PATH,)),
    **dict.fromkeys(("no /v1", "/v1 twice", "/api before", "two faults"), (_ASGI, (PATH,))),
    "the key by subprotocol": ("refused.subprotocol", ()),
}
_LITELLM = {
    "a REST path": ("refused.path", (PATH,)),
    **dict.fromkeys(("/v1 twice", "/api before"), (_ASGI, (PATH,))),
    "an unknown model": ("session.model-unknown", (MODEL,)),
    "no model": (_ASGI, (MODEL,)),
    **dict.fromkeys(("the key in the query", "the key without Bearer", "no key", "a wrong key"), (_ASGI, (BY_HEADER,))),
    "the beta's header": ("session.beta-retired", ("remove the header OpenAI-Beta",)),
    "two faults": (_ASGI, (BY_HEADER, PATH)),
}
KNOWN = {"aimock": _AIMOCK, "fakeai": _FAKEAI, "litellm": _LITELLM}
PROVES = {(PATH,): "the path", (MODEL,): "the query"}


def ready(name, peers):
    if reason := missing(name):
        pytest.skip(reason)
    until_ready(peers[name])
    return peers[name].base_url


async def probed(base_url, broken):
    path, headers, subprotocols = broken
    url = base_url.removesuffix("/v1").replace("http", "ws", 1) + path
    asked = ProbeAsked(url=url, headers=headers, subprotocols=subprotocols, key=KEY, timeout=5.0)
    return await probe_async(asked, fix=True)


async def pasted(handover):
    """The first event that another library gets with the command line that was handed over."""
    words = shlex.split(dict(handover.commands)["rtdoctor"].replace("\\\n", " ").replace("$OPENAI_API_KEY", KEY))
    given = list(zip(words[3::2], words[4::2], strict=True))
    headers = [tuple(value.split(": ", 1)) for flag, value in given if flag == "-H"]
    offered = [value for flag, value in given if flag == "--subprotocol"]
    async with connect(words[2], additional_headers=headers, subprotocols=offered or None, proxy=None) as socket:
        return await asyncio.wait_for(socket.recv(), 5)


@pytest.mark.parametrize("name", NAMES)
async def test_each_broken_handshake_gets_its_cause_and_a_cure_that_connects(name, peers):
    base_url, found = ready(name, peers), {}
    assert await plain_session(base_url) == "session.created"
    for what, broken in BROKEN.items():
        done, session = await asyncio.gather(probed(base_url, broken), plain_session(base_url))
        assert session == "session.created", what
        edits = done.fix.edits if done.fix else ()
        found[what] = (done.report.summary.cause, tuple(sorted(edits)))
        if done.handover is not None:
            assert '"session.created"' in await pasted(done.handover), what
        if found[what][0] in ("refused.not-routed", "refused.path") and tuple(edits) in PROVES:
            told = done.report.results[0].finding.facts[-1]
            assert told == f"The change that works proves which it was: {PROVES[tuple(edits)]}.", what
    wanted = {what: (cause, tuple(sorted(edits))) for what, (cause, edits) in KNOWN[name].items()}
    assert found == dict.fromkeys(BROKEN, WORKS) | wanted
    assert await plain_session(base_url) == "session.created"


@pytest.mark.parametrize("name", NAMES)
async def test_ten_checks_say_the_same_and_leave_the_server_as_it_was(name, peers):
    base_url, told = ready(name, peers), []
    for _ in range(10):
        checking = check_async(CheckAsked(target=base_url, key=KEY, tags=("smoke",), timeout=5.0, deadline=40.0))
        checked, session = await asyncio.gather(checking, plain_session(base_url))
        summary = checked.summary
        results = tuple((one.scenario, one.verdict, one.finding.cause) for one in checked.results)
        told.append((summary.verdict, summary.exit_code, summary.cause, summary.sentence, results, session))
    assert set(told[1:]) == {told[0]}
    assert told[0][-1] == "session.created"


@pytest.mark.parametrize(("model", "code"), [("dead-upstream", 3), ("wrong-upstream-key", 1)])
async def test_a_gateway_whose_upstream_fails_is_named_and_is_asked_little(model, code, peers):
    base_url = ready("litellm", peers)
    asked = CheckAsked(target=base_url, key=KEY, model=model, kind="realtime", tags=("smoke",), timeout=5.0)
    checked = await check_async(asked)
    assert (checked.summary.exit_code, checked.summary.cause) == (code, "session.upstream")
    assert [one.scenario for one in checked.results if one.outcome is not None] == []
    done = await probed(base_url, (f"/v1/realtime?model={model}", (BEARER,), ()))
    assert (done.report.summary.exit_code, done.report.summary.cause) == (code, "session.upstream")
    assert done.fix is None
    # Its stock cooldown is for five seconds: a plain client of another model sees nothing of it.
    assert await plain_session(base_url) == "session.created"
