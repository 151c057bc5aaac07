"""`probe` repeats a handshake, tells its cause, and finds the smallest change that works."""

import asyncio
import hashlib
import json
import random
import re
import shutil
import subprocess
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from rtdoctor.diagnose.edits import Means
from rtdoctor.engine.commandline import BadHandshake, handshake_from, read_command, read_har
from rtdoctor.engine.fixing import MOST_CONNECTIONS, find_fix
from rtdoctor.engine.probe import probe
from rtdoctor.mock.server import MockServer
from rtdoctor.model.handshake import Handshake
from rtdoctor.model.target import parse_target
from tests.conftest import KEY, bench_on

BEARER = ("Authorization", f"Bearer {KEY}")
UPDATE = {
    "type": "session.update",
    "session": {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {"model": "gpt-realtime-whisper"},
                "turn_detection": None,
            }
        },
    },
}
BETA_UPDATE = {
    "type": "transcription_session.update",
    "session": {"input_audio_format": "pcm16", "input_audio_transcription": {"model": "gpt-4o-transcribe"}},
}


@asynccontextmanager
async def on_mock(faults=None, key=KEY):
    async with MockServer({KEY}, faults=faults) as mock, bench_on(mock.base_url, billable=False, key=key) as bench:
        yield bench, mock.base_url.replace("http", "ws")


@asynccontextmanager
async def speaking(*events):
    """A server that sends these after the 101, whatever it is asked. Yields a bench, the base URL, and the sockets."""
    asked = []

    async def socket(request):
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(status=404)
        asked.append(request.rel_url)
        open_socket = web.WebSocketResponse()
        await open_socket.prepare(request)
        for event in ({"type": "session.created", "event_id": "e", "session": {"type": "realtime"}}, *events):
            await open_socket.send_str(json.dumps(event)) if isinstance(event, dict) else await open_socket.send_bytes(
                event
            )
        async for _ in open_socket:
            pass
        return open_socket

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", socket)
    async with (
        TestServer(app) as server,
        bench_on(f"http://127.0.0.1:{server.port}/v1", billable=False, profile="compatible") as bench,
    ):
        yield bench, f"ws://127.0.0.1:{server.port}/v1/realtime", asked


ERROR = {"type": "error", "event_id": "e", "error": {"type": "invalid_request_error", "code": "x", "message": "No."}}
SPOKEN = [
    {"type": "response.created", "event_id": "e", "response": {}},
    {"type": "response.output_audio.delta", "event_id": "e", "delta": "AAAA"},
    {"type": "audio", "audio_event": {}},
    b"\x00\x01",
]


@pytest.mark.parametrize("event", SPOKEN, ids=str)
async def test_after_a_server_spoke_unasked_no_change_is_looked_for(event):
    async with speaking(event, ERROR) as (bench, url, asked):
        done = await probe(bench, Handshake(f"{url}?model=x", (BEARER,)), want_fix=True)
    assert len(asked) == 1
    assert (done.fix, done.report.spend.billable) == (None, True)
    assert any("was made once" in fact for fact in done.report.results[0].finding.facts)


async def test_a_handshake_that_names_an_agent_is_made_once_and_counts_as_one_that_may_cost():
    async with speaking(ERROR) as (bench, url, asked):
        done = await probe(bench, Handshake(f"{url}?agent-id=x", (BEARER,)), want_fix=True)
    assert len(asked) == 1
    assert (done.fix, done.report.spend.billable) == (None, True)


async def test_a_server_that_speaks_in_the_search_ends_it():
    async with speaking({"type": "response.created", "event_id": "e", "response": {}}, ERROR) as (bench, url, asked):
        outcome = (await probe(bench, Handshake(f"{url}?model=x", (BEARER,)), want_fix=False)).report.results[0].outcome

        async def attempt(changed):
            asked.append(changed)
            return outcome

        quiet = replace(outcome, events=())
        means = Means(KEY, "gpt-realtime", lambda event: event)
        fix, _ = await find_fix(Handshake(f"{url}?model=x&intent=transcription"), quiet, means, attempt)
    assert (len(fix.tried), fix.works) == (1, False)


async def test_a_server_that_greets_and_refuses_is_asked_on():
    async with speaking(ERROR) as (bench, url, asked):
        done = await probe(bench, Handshake(f"{url}?model=x", (BEARER,)), want_fix=True)
    assert len(asked) > 3
    assert done.report.spend.billable is False


async def test_a_handshake_that_works_is_healthy_and_needs_no_fix():
    async with on_mock() as (bench, base):
        done = await probe(
            bench, Handshake(f"{base}/realtime?intent=transcription", (BEARER,), (), (UPDATE,)), want_fix=True
        )
    assert done.report.summary.can_connect is True
    assert (done.report.summary.cause, done.report.summary.exit_code) == (None, 0)
    assert done.fix is None
    assert [rung.rung for rung in done.report.ladder] == ["dns", "tcp", "tls"]


async def test_the_original_report_is_mended_step_by_step():
    async with on_mock() as (bench, base):
        given = Handshake(f"{base}/realtime/transcription_sessions", (BEARER,), (), (BETA_UPDATE,))
        done = await probe(bench, given, want_fix=True)
    assert done.report.summary.cause == "refused.path"
    assert set(done.fix.edits) == {
        "change the path to /v1/realtime",
        "make the query ?intent=transcription",
        "send the events in their GA form",
    }
    assert done.fix.connections <= MOST_CONNECTIONS
    assert done.fix.needless


async def test_nothing_billable_is_sent_without_leave():
    async with on_mock() as (bench, base):
        events = (UPDATE, {"type": "response.create"}, {"type": "input_audio_buffer.append", "audio": "AAAA"})
        done = await probe(
            bench, Handshake(f"{base}/realtime?intent=transcription", (BEARER,), (), events), want_fix=True
        )
    assert dict(done.report.spend.events) == {"session.update": 1}


async def test_what_is_told_of_a_probe_holds_no_key():
    async with on_mock() as (bench, base):
        given = Handshake(
            f"{base}/realtime?api-key={KEY}&x=1",
            (BEARER, ("api-key", KEY)),
            ("realtime", f"openai-insecure-api-key.{KEY}"),
        )
        done = await probe(bench, given, want_fix=True)
    shown = done.handshake
    assert KEY not in repr((shown, shown.headers, shown.url, shown.subprotocols, done.report))
    assert KEY not in repr(given)
    assert {secret.reveal() for secret in given.secrets()} == {KEY, f"Bearer {KEY}"}


# Each takes a good handshake and breaks it in one way; the second field names the kind of socket it applies to.
def _break(name):
    def path(given):
        return given.with_path(given.path + random.Random(name).choice(["/transcription_sessions", "/sessions"]))

    return {
        "path": path,
        "typo": lambda given: given.with_path(given.path + "/x"),
        "beta-header": lambda given: given.with_header("OpenAI-Beta", "realtime=v1"),
        "beta-subprotocol": lambda given: Handshake(
            given.url, given.headers, (*given.subprotocols, "realtime", "openai-beta.realtime-v1"), given.events
        ),
        "no-key": lambda given: given.without_header("Authorization"),
        "wrong-key": lambda given: given.with_header("Authorization", "Bearer sk-nobody-0123456789abcdef"),
        "no-query": lambda given: given.with_query({}),
        "model-beside": lambda given: given.with_query({**given.query, "model": "gpt-4o-transcribe"}),
        "unknown-model": lambda given: given.with_query({"model": "gpt-nope"}),
        "transcription-model": lambda given: given.with_query({"model": "gpt-4o-transcribe"}),
        "retired-model": lambda given: given.with_query({"model": "gpt-4o-realtime-preview"}),
        "beta-event": lambda given: Handshake(given.url, given.headers, given.subprotocols, (BETA_UPDATE,)),
    }[name]


BREAKS = (
    "path", "typo", "beta-header", "beta-subprotocol", "no-key", "wrong-key", "no-query", "model-beside",
    "unknown-model", "transcription-model", "retired-model", "beta-event",
)  # fmt: skip


async def test_200_random_wrong_configurations_are_mended_within_the_cap():
    chance = random.Random(20261122)
    async with on_mock() as (bench, base):
        good = Handshake(f"{base}/realtime?intent=transcription", (BEARER,), (), (UPDATE,))

        async def one(names):
            given = good
            for name in names:
                given = _break(name)(given)
            return names, await probe(bench, given, want_fix=True)

        gate = asyncio.Semaphore(16)

        async def bounded(names):
            async with gate:
                return await one(names)

        chosen = [chance.sample(BREAKS, chance.choice((1, 2))) for _ in range(200)]
        done = await asyncio.gather(*(bounded(names) for names in chosen))
    worst = 0
    for names, told in done:
        if told.fix is None:
            assert told.report.summary.can_connect, names
            continue
        assert told.fix.works, (names, told.fix)
        assert len(told.fix.edits) <= len(names) + 1, (names, told.fix.edits)
        worst = max(worst, told.fix.connections)
        # Minimal: no smaller set of the same edits was seen to work.
        smaller = [tried for tried in told.fix.tried if tried.works and set(tried.edits) < set(told.fix.edits)]
        assert not smaller
    assert worst <= MOST_CONNECTIONS


@asynccontextmanager
async def compatible(handle):
    """A compatible server that answers every GET by `handle`, and a bench for it."""
    app = web.Application()
    app.router.add_get("/{tail:.*}", handle)
    async with TestServer(app) as server:
        url = f"ws://127.0.0.1:{server.port}/v1"
        async with bench_on(url.replace("ws", "http"), billable=False, profile="compatible") as bench:
            yield bench, url


@asynccontextmanager
async def asgi_like(decide):
    """A server that answers every refusal with the same empty 403, as uvicorn does."""

    async def handle(request):
        if not decide(request):
            return web.Response(status=403, headers={"Content-Type": "text/plain"})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str('{"type": "session.created", "event_id": "e", "session": {"type": "transcription"}}')
        await socket.receive()
        return socket

    async with compatible(handle) as met:
        yield met


async def test_an_empty_403_for_everything_cannot_be_told_apart_and_says_so():
    async with asgi_like(lambda _: False) as (bench, base):
        done = await probe(bench, Handshake(f"{base}/realtime?model=x", (BEARER,)), want_fix=False)
    told = " ".join(done.report.results[0].finding.facts)
    assert {control.same for control in done.controls} == {True}
    assert "From outside these cannot be told apart: a path without a WebSocket, a query that the server misses" in told


async def test_a_server_that_looks_at_the_query_is_told_from_one_that_lacks_the_path():
    def needs_intent(request):
        return request.path == "/v1/realtime" and "intent" in request.query

    async with asgi_like(needs_intent) as (bench, base):
        done = await probe(bench, Handshake(f"{base}/realtime?language=x", (BEARER,)), want_fix=True)
    assert done.report.summary.cause == "refused.not-routed"
    assert done.fix.edits == ("make the query ?intent=transcription",)


@asynccontextmanager
async def behind_a_cdn(answer):
    """Every answer has a ray, an id, a cookie and a time of its own; `answer` gives the status and body."""
    chance = random.Random(1)

    async def handle(request):
        status, body = answer(request, chance)
        noise = {name: f"{chance.getrandbits(64):016x}" for name in ("cf-ray", "x-request-id", "apim-request-id")}
        noise |= {
            "Date": f"Tue, 24 Nov 2026 19:{chance.randrange(60):02}:00 GMT",
            "Set-Cookie": f"__cf={chance.random()}",
        }
        return web.Response(status=status, text=body, headers=noise)

    async with compatible(handle) as met:
        yield met


async def probed_behind_a_cdn(answer):
    async with behind_a_cdn(answer) as (bench, base):
        return await probe(bench, Handshake(f"{base}/realtime?model=x", (BEARER,)), want_fix=False)


def facts_of(done):
    return " ".join(done.report.results[0].finding.facts)


@pytest.mark.parametrize("body", ["", '{"detail": "no", "id": "req_%s"}', "<p>Blocked. Ray ID: %s</p>"])
async def test_what_differs_between_equal_questions_is_no_answer_to_another_one(body):
    def answer(_, chance):
        return 403, body.replace("%s", f"{chance.getrandbits(64):016x}")

    done = await probed_behind_a_cdn(answer)
    assert [(control.name, control.same) for control in done.controls] == [
        (name, True) for name in ("again", "path", "no-key", "wrong-key", "query")
    ]
    assert "auth.invalid" not in str(done.report.results[0].finding.ruled_out)


async def test_words_that_differ_between_equal_questions_are_no_answer_either():
    def answer(_, chance):
        return 403, f"joke of the moment: {' '.join(chance.choices(('cat', 'dog', 'bird', 'cow'), k=9))}"

    done = await probed_behind_a_cdn(answer)
    assert {control.same for control in done.controls} == {True}


async def test_a_known_key_is_told_behind_a_cdn_too():
    def answer(request, chance):
        known = request.headers.get("Authorization") == f"Bearer {KEY}"
        return 403, f"{'no such model' if known else 'no such key'} ({chance.random()})"

    done = await probed_behind_a_cdn(answer)
    same = {control.name: control.same for control in done.controls}
    assert same == {"again": True, "path": True, "no-key": False, "wrong-key": False, "query": True}
    assert any(out.cause == "auth.invalid" for out in done.report.results[0].finding.ruled_out)


@pytest.mark.parametrize(("missing", "what"), [(401, "No API key found"), (403, "none")])
async def test_a_key_that_is_refused_as_a_wrong_one_is_the_suspect(missing, what):
    def answer(request, _):
        if "nope" in request.path or "cannot-exist" in request.path:
            return 404, "no Route matched"
        return (401, "bad credentials") if "Authorization" in request.headers else (missing, what)

    done = await probed_behind_a_cdn(answer)
    assert "the key is what is refused" in facts_of(done)
    assert "a query that the server misses" not in facts_of(done)


@pytest.mark.parametrize(
    "echo",
    ["Invalid API key: {key}", "Invalid API key: {stars}", "unknown key of {length} characters", "bad key {hash}"],
)
async def test_an_answer_that_quotes_the_key_clears_no_key(echo):
    def answer(request, _):
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        stars, digest = f"{key[:4]}****{key[-4:]}", hashlib.sha256(key.encode()).hexdigest()
        return 401, echo.format(key=key, stars=stars, length=len(key), hash=digest) if key else "no key"

    done = await probed_behind_a_cdn(answer)
    assert {control.name: control.same for control in done.controls}["wrong-key"] is True
    assert "auth.invalid" not in str(done.report.results[0].finding.ruled_out)


async def test_an_answer_that_quotes_the_path_and_query_clears_neither():
    def answer(request, _):
        return 403, f"no permission to get URL {request.path_qs} from this server"

    done = await probed_behind_a_cdn(answer)
    assert {control.same for control in done.controls} == {True}


async def test_where_only_a_key_is_missed_and_every_path_gets_this_answer_the_key_is_not_blamed():
    def answer(request, _):
        return (403, "Your network is blocked by policy") if "Authorization" in request.headers else (401, "no key")

    done = await probed_behind_a_cdn(answer)
    assert "the key is what is refused" not in facts_of(done)


async def greeted(request, event):
    """Accepts a socket, says one event, and waits for the client to leave."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str(json.dumps(event))
    await socket.receive()
    return socket


async def test_a_fault_that_passes_proves_no_change():
    met = []

    async def handle(request):
        met.append(request)
        if len(met) <= 1:
            return web.Response(status=503)
        return await greeted(request, {"type": "session.created", "session": {"type": "realtime"}})

    async with compatible(handle) as (bench, base):
        done = await probe(bench, Handshake(f"{base}/realtime?model=x", (("X-Trace", "1"), BEARER)), want_fix=True)
    assert done.fix.edits == ()
    assert "what was met at first has passed" in facts_of(done)
    assert (done.report.summary.verdict, done.report.summary.exit_code) == ("inconclusive", 3)


async def test_a_greeting_without_a_session_opens_one_and_what_opens_none_is_no_pass():
    async def met(event):
        async with compatible(partial(greeted, event=event)) as (bench, base):
            done = await probe(bench, Handshake(f"{base}/realtime?model=x", (BEARER,)), want_fix=False)
        return done.report.summary.can_connect, done.report.summary.exit_code

    assert await met({"type": "session.created", "id": "sess-1", "created": 1}) == (True, 0)
    can, code = await met({"type": "session.updated"})
    assert (can, bool(code)) == (False, True)


async def test_where_the_status_itself_varies_nothing_is_concluded():
    statuses = iter([403, 404] * 20)

    def answer(request, _):
        return (next(statuses) if "Upgrade" in request.headers else 200), ""

    done = await probed_behind_a_cdn(answer)
    assert [(control.name, control.same) for control in done.controls] == [("again", False)]
    assert "Nothing can be concluded from changing it." in facts_of(done)
    assert "auth.invalid" not in str(done.report.results[0].finding.ruled_out)


async def test_check_sends_the_controls_too():
    from rtdoctor.engine.ladder import climb

    async with asgi_like(lambda _: False) as (bench, _):
        rungs = {rung.rung: rung async for rung in climb(bench)}
    assert rungs["upgrade"].finding.cause == "refused.not-routed"
    (told,) = (fact for fact in rungs["upgrade"].finding.facts if fact.startswith("Control handshakes"))
    assert told.startswith(
        "Control handshakes that got the same answer: the same handshake once more; a path that cannot"
    )


@pytest.mark.parametrize(
    ("command", "url", "headers", "subprotocols"),
    [
        (
            "curl --http1.1 -i -N -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H \"Authorization: Bearer x\" "
            "-H 'Sec-WebSocket-Protocol: realtime, b' \\\n https://h.example/v1/realtime?model=m -o /dev/null",
            "wss://h.example/v1/realtime?model=m",
            (("Authorization", "Bearer x"),),
            ("realtime", "b"),
        ),
        (
            "websocat -v -H='OpenAI-Beta: realtime=v1' --protocol realtime wss://h.example/v1/realtime",
            "wss://h.example/v1/realtime",
            (("OpenAI-Beta", "realtime=v1"),),
            ("realtime",),
        ),
        (
            "wscat -c wss://h.example/v1/realtime -H 'api-key: k' -s realtime",
            "wss://h.example/v1/realtime",
            (("api-key", "k"),),
            ("realtime",),
        ),
    ],
)
def test_command_lines_are_read(command, url, headers, subprotocols):
    given = read_command(command).handshake
    assert (given.url, given.headers, given.subprotocols) == (url, headers, subprotocols)


REST = "curl https://a.example/v1/models -H 'Authorization: Bearer of-a' -x http://proxy-of-a:1"
SOCKET = "curl wss://b.example/v1/realtime -H 'X-B: b'"


@pytest.mark.parametrize("between", [";", " ; ", "&&", " || ", " | ", "|", "\n", "\r\n", " & ", "\n\n  ", "; sudo "])
@pytest.mark.parametrize("order", [1, -1])
def test_of_several_commands_one_is_read_with_nothing_of_the_others(between, order):
    read = read_command(between.join([REST, SOCKET][::order]))
    assert (read.handshake.url, read.handshake.headers) == ("wss://b.example/v1/realtime", (("X-B", "b"),))
    assert read.proxy is None


@pytest.mark.parametrize("between", [" --next ", " -: ", " -s: ", " --nex "])
@pytest.mark.parametrize("order", [1, -1])
def test_what_curl_asks_next_has_nothing_of_what_it_asked_before(between, order):
    asked = ["https://a.example/v1/models -H 'Authorization: Bearer of-a'", "https://b.example/v1/realtime -H 'X-B: b'"]
    given = read_command("curl -s " + between.join(asked[::order])).handshake
    assert (given.url, given.headers) == ("wss://b.example/v1/realtime", (("X-B", "b"),))


def test_without_a_realtime_socket_the_first_command_with_a_url_is_read():
    given = read_command(
        "export KEY=x\nsource .env; curl https://a.example/x -H 'X: 1' && curl https://b.example/y"
    ).handshake
    assert (given.url, given.headers) == ("wss://a.example/x", (("X", "1"),))


def test_one_command_with_several_hosts_is_asked_about():
    with pytest.raises(BadHandshake, match=r"asks for a\.example and for b\.example; give it with one of them"):
        read_command("curl https://a.example/v1/realtime https://b.example/v1/realtime")
    assert read_command("curl https://a.example/v1/realtime https://a.example/x").handshake.path == "/v1/realtime"


@pytest.mark.parametrize("goes_on", [" \\\n ", " ^\r\n ", " `\n ", "\n", "\r\n  "])
def test_a_command_goes_on_in_the_next_line(goes_on):
    lines = ["curl", "'wss://h.example/v1/realtime?a=1;b&c'", "-H 'Cookie: a; b && c | d'", '-H "X: a;\\"b"']
    given = read_command(goes_on.join(lines)).handshake
    assert given.headers == (("Cookie", "a; b && c | d"), ("X", 'a;"b'))
    assert given.url == "wss://h.example/v1/realtime?a=1;b&c"


@pytest.mark.parametrize("text", ["\n ", " \n", "';", '"\\"', "^\n", "a\n-", " & "], ids=repr)
def test_a_long_text_that_is_no_command_line_is_looked_through_once(text):
    begun = time.process_time()
    with suppress(BadHandshake):
        read_command(text * (300_000 // len(text)))
    assert time.process_time() - begun < 5


def test_a_url_that_belongs_to_any_option_of_curl_is_not_the_handshakes():
    """Held against the curl at hand: what takes a value there takes it here, too."""
    if (curl := shutil.which("curl")) is None:
        pytest.skip("no curl at hand")
    listed = subprocess.run([curl, "--help", "all"], capture_output=True, text=True, check=True).stdout
    options = re.findall(r"(?m)^ *(?:-\S, )?(--\S+) +<", listed)
    assert len(options) > 80
    for option in {*options} - {"--url", "--help"}:
        given = read_command(f"curl {option} wss://other.example/x wss://h.example/v1/realtime").handshake
        assert given.url == "wss://h.example/v1/realtime", option


@pytest.mark.parametrize("command", ["", "curl", "curl -H 'a", "echo hello", "curl -H nocolon https://h/"])
def test_what_is_no_handshake_is_told(command):
    with pytest.raises(BadHandshake):
        read_command(command)


def test_a_har_entry_is_read_with_its_events(tmp_path):
    entry = {
        "request": {
            "url": "wss://h.example/v1/realtime",
            "headers": [{"name": "Host", "value": "h"}, {"name": "X", "value": "1"}],
        },
        "_webSocketMessages": [{"type": "send", "data": json.dumps(UPDATE)}, {"type": "receive", "data": "{}"}],
    }
    file = tmp_path / "a.har"
    file.write_text(json.dumps({"log": {"entries": [{"request": {"url": "https://h/"}}, entry]}}))
    given = read_har(file)
    assert (given.headers, given.events) == ((("X", "1"),), (UPDATE,))
    for broken in ("", "{}", '{"log": {"entries": [1]}}'):
        file.write_text(broken)
        with pytest.raises(BadHandshake):
            read_har(file)


def test_parts_of_a_handshake():
    given = handshake_from("https://h.example/v1/realtime?a=1", ["X: y"], ["realtime"], ["b=2"])
    assert (given.url, given.query) == ("wss://h.example/v1/realtime?a=1&b=2", {"a": "1", "b": "2"})
    assert parse_target(given.with_query({}).url).base_url == "https://h.example/v1"
