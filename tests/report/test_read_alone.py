"""Twelve common causes, each met at what calls itself api.openai.com: whoever has the report alone, on the terminal or
as a page, reads what to change."""

import html
import io
import re
from contextlib import contextmanager

import pytest
import trustme

import rtdoctor
from rtdoctor.engine.routing import RouteAsked
from rtdoctor.mock.faults import Faults
from rtdoctor.report.digests import digest
from rtdoctor.report.html import page
from rtdoctor.report.terminal import make
from tests.cli.commands.test_check import serving as mock
from tests.conftest import KEY
from tests.hostile.faults import JSON, REGION, RETIRED, _error
from tests.hostile.frames import after_101, error
from tests.hostile.http import answer, realtime, refusing
from tests.hostile.servers import end, serving
from tests.hostile.tls import context_with

HOST = "api.openai.com"
EXPIRED = "The client secret provided has expired."
NO_CREDIT = ("insufficient_quota", "insufficient_quota", "You exceeded your current quota.")
WRONG_HOST = "Your project's data residency needs the host us.api.openai.com."
UNSEEN = "Project proj_1 does not have access to model gpt-realtime-2.1"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    made = trustme.CA(organization_name="Test CA")
    made.file = tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(str(made.file))
    return made


@contextmanager
def mocked(tls, *faults):
    with mock(tls=tls, named=Faults(list(faults))) as server:
        yield server.port


def refused(tls, status, code, message, kind="invalid_request_error"):
    return serving(realtime(refusing(status, _error(code, message, kind), JSON), []), tls)


def closed(tls, kind, code, message, closing):
    return serving(realtime(after_101(*error(kind, code, message, closing)), []), tls)


async def all_refused(_reader, writer):
    writer.write(answer("401 Unauthorized", _error("incorrect_hostname", WRONG_HOST), JSON))
    await end(_reader, writer)


# name: the server, what else is asked, and words of what is to be changed.
CAUSES = {
    "no key": (None, {"key": ""}, ["Set OPENAI_API_KEY", "--key-env"]),
    "wrong key": (lambda tls: mocked(tls), {"key": "sk-proj-" + "0a1b" * 8}, ["https://platform.openai.com/api-keys"]),
    "expired secret": (
        lambda tls: closed(tls, "invalid_request_error", "invalid_api_key", EXPIRED, 3000),
        {"key": "ek_" + "a1b2" * 8},
        ["minted anew", "client secret"],
    ),
    "wrong path": (lambda tls: mocked(tls), {"path": "/realtime/transcription_sessions"}, ["/v1/realtime?"]),
    "beta header": (lambda tls: mocked(tls, "beta-retired"), {}, ["OpenAI-Beta"]),
    "no credit, close 1013": (lambda tls: closed(tls, *NO_CREDIT, 1013), {}, ["Add credit", "billing", "1013"]),
    "no credit, 429": (
        lambda tls: refused(tls, "429 Too Many Requests", *NO_CREDIT[1:]),
        {},
        ["Add credit", "Waiting"],
    ),
    "region": (lambda tls: serving(realtime(refusing("403 Forbidden", REGION, JSON), []), tls), {}, ["region", "VPN"]),
    "retired model": (
        lambda tls: mocked(tls, "model-retired"),
        {"model": "gpt-4o-realtime-preview"},
        ["gpt-realtime-2.1"],
    ),
    "model without access": (
        lambda tls: closed(tls, "invalid_request_error", "model_not_found", UNSEEN, 4004),
        {"model": "gpt-realtime-2.1"},
        ["limits", "project"],
    ),
    "model that is not there": (
        lambda tls: closed(tls, "invalid_request_error", "model_not_found", RETIRED, 4004),
        {"model": "gpt-realtime-2.1"},
        ["GET /v1/models"],
    ),
    "wrong regional host": (lambda tls: serving(all_refused, tls), {}, ["--target https://us.api.openai.com/v1"]),
    "TLS interception": (None, {"issuer": "Zscaler Inc."}, ["Zscaler", "--ca-file"]),
    "DNS failure": (None, {"host": "api.openai.invalid"}, ["typo", "resolver"]),
}


def check(ca, name):
    """The report of a check against the server of a cause, and what the terminal shows of it."""
    start, more, _ = CAUSES[name]
    host, path = more.get("host", HOST), more.get("path", "")
    out = io.StringIO()
    issuer = trustme.CA(organization_name=more["issuer"]) if "issuer" in more else ca
    tls = context_with(issuer.issue_cert(HOST))
    begun = start(tls) if start else mocked(tls, "no-event-id")
    with begun as port:
        pinned = (f"{HOST}:{port}:127.0.0.1",) if host == HOST else ()
        report = rtdoctor.check(
            rtdoctor.CheckAsked(
                target=f"https://{host}:{port}/v1{path}",
                key=more.get("key", KEY) or None,
                model=more.get("model"),
                tags=("smoke",),
                timeout=3,
                concurrency=1,
                route=RouteAsked(ca_file=ca.file, resolve=pinned),
            ),
            heard=make(out),
        )
    return report, out.getvalue()


@pytest.mark.heavy
@pytest.mark.parametrize("name", CAUSES)
def test_the_report_alone_says_what_to_change(ca, name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    report, shown = check(ca, name)
    words = CAUSES[name][2]
    told = digest(report)
    flat = " ".join(shown.split())
    fix = flat.split(" Fix: ")[1]
    paged = " ".join(html.unescape(re.sub("<[^>]+>", " ", page(told))).split())
    for word in words:
        assert word in fix, f"{told.answer}\n{fix}"
        assert word in paged
    assert shown.count(report.summary.sentence) <= 1
    assert len(shown.splitlines()) <= 60, "one screen, or two"
