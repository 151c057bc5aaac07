"""Servers that are not OpenAI's get their own truth: what they serve, in their words, and no harm done."""

from dataclasses import replace

import pytest

from rtdoctor import CheckAsked, check_async
from rtdoctor.diagnose.other_endpoint import told_there
from rtdoctor.model.exchange import Request
from rtdoctor.model.finding import Finding
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.scenario import WantedHandshake
from rtdoctor.testing import Mock
from tests.hostile.compatible import Server

KEY = "sk-compat-7f3a9c0d5e1b2468"


async def checked(server: Server, **more):
    """A whole check against it: the report."""
    more = {"key": KEY, "tags": ("smoke",), "timeout": 2.0} | more
    async with server.serving() as base:
        return await check_async(CheckAsked(target=base, **more))


def rung(report, name):
    return next(one for one in report.ladder if one.rung == name)


def result(report, name):
    return next(one for one in report.results if one.scenario == name)


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


async def test_a_good_one_passes_and_is_never_asked_to_mint():
    server = Server(key=KEY)
    report = await checked(server)
    assert (report.summary.exit_code, report.summary.cause) == (0, None)
    assert report.summary.sentence.startswith("Yes, the session opens and takes its configuration")
    assert not any(line.startswith("POST") for line in server.asked)
    assert rung(report, "client-secret").verdict == "skip"


async def test_mint_asks_it_for_a_secret():
    server = Server(key=KEY)
    report = await checked(server, mint=True)
    assert any(line.startswith("POST /v1/realtime/client_secrets") for line in server.asked)
    assert rung(report, "client-secret").finding.summary == "mints no client secrets (404)"


@pytest.mark.parametrize("refuse", ["status", "event", "close"])
async def test_one_with_a_single_slot_is_asked_one_at_a_time(refuse):
    server = Server(key=KEY, slots=1, hold=0.2, refuse=refuse)
    report = await checked(server)
    assert (report.summary.exit_code, report.summary.cause) == (0, None), report.summary
    assert result(report, "url.model-realtime").verdict == "pass"


async def test_one_without_a_free_slot_is_named_and_decides_nothing():
    report = await checked(Server(key=KEY, slots=0))
    assert (report.summary.exit_code, report.summary.cause) == (3, "limits.sessions")


@pytest.mark.parametrize("refuse", ["status", "event", "close"])
async def test_one_that_wants_the_model_in_the_url_gets_it_there(refuse):
    server = Server(key=KEY, needs_model=True, refuse=refuse)
    report = await checked(server)
    assert (report.summary.exit_code, report.summary.cause) == (0, None), report.summary
    assert "intent=transcription" in rung(report, "upgrade").finding.facts[0]


async def test_one_that_serves_conversations_only_is_checked_as_such():
    report = await checked(Server(key=KEY, kinds=("realtime",)))
    assert (report.summary.exit_code, report.setting.aim, report.setting.model) == (0, "realtime", "tiny-realtime")


async def test_who_insists_on_a_kind_is_told_that_it_is_not_served():
    report = await checked(Server(key=KEY, kinds=("realtime",)), kind="transcription")
    assert (report.summary.exit_code, report.summary.cause) == (1, "session.type-mismatch")
    assert "--kind realtime" in rung(report, "first-event").finding.remedy


async def test_a_kind_that_is_refused_in_words_is_named():
    server = Server(key=KEY, kinds=("realtime",), refuses_kinds=True, refuse="event")
    report = await checked(server, kind="transcription")
    assert (report.summary.exit_code, report.summary.cause) == (1, "session.type-mismatch")


async def test_a_model_that_it_lists_is_taken_in_the_place_of_ours():
    report = await checked(Server(key=KEY))
    assert report.setting.model == "tiny-transcribe"
    assert "tiny-transcribe is used" in rung(report, "http").finding.summary


async def test_a_model_that_is_not_listed_is_compared_with_those_that_are():
    report = await checked(Server(key=KEY, knows_models=True), model="tiny-realtim")
    told = rung(report, "http").finding
    assert (told.cause, told.verdict) == ("session.model-unknown", "warn")
    assert any("Did you mean tiny-realtime?" in fact for fact in told.facts)
    assert (report.summary.exit_code, report.summary.cause) == (1, "session.model-unknown")


async def test_one_that_routes_to_another_model_is_a_warning_with_its_name():
    report = await checked(Server(key=KEY, routes_to="other-transcribe"))
    assert report.summary.exit_code == 0
    assert "other-transcribe" in report.summary.sentence
    assert rung(report, "session").verdict == "warn"


async def test_an_update_that_changes_nothing_is_not_called_taken():
    report = await checked(Server(key=KEY, takes_update=False))
    assert "not configured as asked" in report.summary.sentence
    assert "shows no transcription model" in rung(report, "session").finding.summary


async def test_without_a_key_an_invalid_one_is_a_missing_one():
    report = await checked(Server(key=KEY), key=None)
    assert (report.summary.exit_code, report.summary.cause) == (1, "auth.missing")


async def test_the_place_of_a_key_is_the_servers_own():
    report = await checked(Server(key="sk-another-0c1d2e3f4a5b6c7d"))
    assert report.summary.cause == "auth.invalid"
    assert not any("platform.openai.com" in one.finding.remedy for one in report.ladder)


async def test_a_key_by_header_alone_is_told_with_who_cannot_connect():
    report = await checked(Server(key=KEY, by=("header",)))
    told = result(report, "auth.subprotocol").finding
    assert (report.summary.exit_code, told.verdict, told.cause) == (0, "warn", "auth.missing")
    assert "browser" in told.explanation


def test_a_full_server_says_nothing_of_the_subprotocol():
    shake = WantedHandshake(auth=("subprotocol",))
    full = Finding("inconclusive", "101, close 1008", cause="limits.sessions")
    outcome = Outcome(asked=Request("", ""), stage="upgrade", http_status=101, close_code=1008)
    assert told_there(shake, outcome, full, key_passes=True) is full
    refused = replace(full, cause="refused.unauthorized")
    assert told_there(shake, outcome, refused, key_passes=True).cause == "auth.missing"


async def test_a_subprotocol_that_is_not_echoed_is_named():
    report = await checked(Server(key=KEY, echoes=False))
    assert (report.summary.exit_code, result(report, "auth.subprotocol").finding.cause) == (0, "refused.subprotocol")


async def test_an_open_server_is_one_sentence():
    report = await checked(Server(), tags=(), words=("auth.",))
    assert report.summary.sentence.endswith("No key is checked here.")
    warned = [one.scenario for one in report.results if one.verdict == "warn"]
    assert warned == ["auth.none"]


async def test_a_server_without_models_is_not_blamed_for_it():
    report = await checked(Server(key=KEY, models=None))
    assert (rung(report, "http").verdict, report.summary.parity) == ("skip", "")


async def test_one_that_waits_for_the_client_is_spoken_to():
    report = await checked(Server(key=KEY, waits=True), timeout=0.5)
    assert (report.summary.exit_code, rung(report, "first-event").verdict) == (0, "warn")
    assert rung(report, "first-event").finding.summary == "it greets only after the client has spoken"
    assert "says nothing before the client does" in result(report, "url.model-realtime").finding.summary


async def test_an_update_without_an_answer_is_named():
    report = await checked(Server(key=KEY, answers_update=False), timeout=0.5)
    assert (report.summary.exit_code, report.summary.cause) == (3, "peer.silent")
    assert report.summary.sentence == "No. It ends at session: session.update is not answered."


async def test_a_refusal_in_plain_text_is_read():
    report = await checked(Server(key="sk-another-0c1d2e3f4a5b6c7d", refuse="text"))
    assert (report.summary.exit_code, report.summary.cause) == (1, "auth.invalid")


async def test_a_close_without_a_word_is_a_refusal_and_the_key_is_what_is_left():
    report = await checked(Server(key="sk-another-0c1d2e3f4a5b6c7d", refuse="wordless"))
    assert (report.summary.exit_code, report.summary.cause) == (1, "close.policy")
    told = rung(report, "first-event").finding
    assert told.title == "Closed right after the 101, without a reason"
    assert any("another answer (404): a path that cannot exist" in fact for fact in told.facts)


async def test_events_in_binary_frames_are_named():
    report = await checked(Server(key=KEY, binary=True), timeout=0.5)
    assert (report.summary.exit_code, report.summary.cause) == (1, "peer.not-realtime")
    assert report.summary.sentence == "No. It ends at first-event: its events come in binary frames."


async def test_vllm_is_asked_in_its_own_way():
    with Mock(dialect="vllm") as server:
        report = await check_async(CheckAsked(target=server.url, key=server.key, tags=("smoke",), timeout=2.0))
    assert (report.summary.exit_code, report.summary.cause) == (0, None)
    assert rung(report, "session").finding.summary == "session.update was not refused; no answer is due here"


async def test_the_servers_sockets_are_given_back():
    server = Server(key=KEY)
    await checked(server)
    assert server.open == 0


async def test_a_live_matrix_begins_narrow():
    server = Server(key=KEY)
    await checked(server, tags=(), concurrency=4)
    assert server.most <= 4
