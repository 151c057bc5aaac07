"""The formats that machines and people beside the terminal read: each is well formed, tells the answer and the cure,
and nothing that a server wrote acts in it."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtdoctor.model.exchange import Request, Spend
from rtdoctor.model.finding import Finding
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.report import RUNGS, Report, Result, RunFinished, Rung, Setting, Summary
from rtdoctor.report.digest import verdict_line, wrong_groups
from rtdoctor.report.digests import digest
from rtdoctor.report.markdown import text as markdown
from rtdoctor.report.writers import FILES, WRITERS, writer
from tests.leaking import write_all

SETTING = Setting(
    "h",
    "https://h.example/v1",
    "openai",
    "transcription",
    "m",
    True,
    "key from X",
    "2026-11-30T06:00:00+00:00",
    "0",
    False,
)
OUTCOME = Outcome(Request("wss://h.example/v1/realtime", "/v1/realtime"), "session", http_status=403)
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\n::error::owned\n::set-env name=PATH::x\n##[add-mask]y\n::stop-commands::z",
    "%0A::warning::owned%0D,line=3",
    "](javascript:alert(1)) ![x](http://evil) [a]: http://evil <http://evil> @everyone #1 `code` | cell | **b**",
    '"><svg onload=alert(1)> {{ 7*7 }} {% raw %} &#60;b&#62; <!--',
    "]]> <failure/> \x00\x08\x0b\x1b[31m \ufffe \uffff \ud800",
    'x"} 1\nprobe_success{target="x"} 1',
    "a | 'total'=0s;;;; | b",
    "www.evil.example http://evil.example me@evil.example :smile: ~~x~~ <!-- $x$",
)


def made(verdict="fail", text="what was seen", *, cause="auth.invalid", code=1, rungs=None, results=(), **more):
    """A report whose ladder ends at first-event."""
    finding = Finding(verdict, text, cause, text, text, facts=(text,), remedy=f"Mend {text}")
    ladder = rungs or (Rung("config", Finding("pass", "fine")), Rung("first-event", finding, 12.0, dead=True))
    untried = Rung("session", Finding("inconclusive", "not tried: the ladder ended at first-event"), tried=False)
    summary = Summary(verdict, code, False, f"No. {text}.", cause, "first-event", counts={}, **more)
    return Report(SETTING, summary, (*ladder, untried), tuple(results), Spend(), 1.5)


def scenario(name, verdict, text="403", *, required=False, cause="refused.path"):
    finding = Finding(verdict, text, cause, "That path", "why", remedy="Change it", drift="Differs in x: y.")
    return Result(name, f"title of {name}", (), required, "101", text, finding, None, 1.0)


def shown(told, name, command="check"):
    out = io.StringIO()
    writer(command, name)(out)(told)
    return out.getvalue()


class Page(HTMLParser):
    """What a browser would find in a page: elements, attributes, text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text.append(data)


# --- html -------------------------------------------------------------------------------------------------------------


def test_a_page_loads_nothing_and_runs_nothing():
    text = shown(made(), "html")
    page = Page(text)
    assert not page.tags & {"script", "img", "link", "iframe", "object", "form", "base", "svg"}
    assert not {name for name in page.attributes if name.startswith("on")} | (page.attributes & {"src", "srcset"})
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import|https?://(?!h\.example)", text)
    assert text.isascii()


def test_a_page_tells_the_answer_and_the_cure_before_anything_else():
    text = "".join(Page(shown(made(text="the key is wrong"), "html")).text)
    assert text.index("No. the key is wrong.") < text.index("Mend the key is wrong") < text.index("first-event")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_of_a_server_is_read_as_html(hostile):
    plain = Page(shown(made(results=[scenario("a.b", "fail")]), "html"))
    page = Page(shown(made(text=hostile, results=[scenario("a.b", "fail", hostile)]), "html"))
    assert page.tags == plain.tags
    assert page.attributes == plain.attributes


def test_a_page_of_a_hundred_large_exchanges_stays_below_its_size_and_says_what_is_left_out():
    outcome = Outcome(
        Request("wss://h", "/"), "session", http_status=403, http_body="<x>" * 30_000, events=("e" * 90,) * 300
    )
    results = [replace(scenario(f"s.{n}", "fail"), outcome=outcome) for n in range(100)]
    text = shown(made(results=results), "html")
    assert len(text) < 1_500_000
    assert "found no room on this page" in text
    assert "the first 2,000 of 90,000 characters" in text


def test_scenarios_with_one_outcome_are_one_row():
    results = [scenario(f"s.{n}", "warn") for n in range(31)]
    text = shown(made(results=results), "html")
    assert text.count('<td class="n">31</td>') == 1
    assert "s.30" in text


# --- junit ------------------------------------------------------------------------------------------------------------


def test_wrong_is_a_failure_undecided_an_error_and_untried_is_skipped_with_its_reason():
    results = [
        scenario("a.undecided", "inconclusive", required=True),
        replace(scenario("a.pass", "pass", cause=None), outcome=OUTCOME),
    ]
    root = ElementTree.fromstring(shown(made(results=results), "junit"))
    by_name = {case.get("name"): case for case in root.iter("testcase")}
    failure = by_name["first-event"].find("failure")
    assert failure is not None
    assert failure.text.startswith("what was seen")
    assert "Fix: Mend what was seen" in failure.text
    assert by_name["a.undecided"].find("error").text
    assert by_name["session"].find("skipped").get("message") == "not tried: the ladder ended at first-event"
    assert by_name["session"].find("skipped").text
    assert len(by_name["a.pass"]) == 0
    assert {by_name["first-event"].get("classname"), by_name["a.pass"].get("classname")} == {
        "rtdoctor.ladder",
        "rtdoctor.scenarios",
    }
    counts = {"tests": "5", "failures": "1", "errors": "1"}
    assert {name: root.get(name) for name in counts} == counts
    assert sum(int(suite.get("skipped")) for suite in root) == 1


# What the schema junit-10.xsd of Jenkins' xunit plugin allows (seen 2026-11-30). Ant's own has less.
JUNIT = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, ["testsuite"]),
    "testsuite": ({"name", "tests", "failures", "errors", "time", "skipped", "timestamp"}, ["properties", "testcase"]),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"name", "classname", "time"}, ["skipped", "error", "failure", "system-out"]),
    "failure": ({"type", "message"}, []),
    "error": ({"type", "message"}, []),
    "skipped": ({"message"}, []),
    "system-out": (set(), []),
}


def test_every_element_has_what_the_schema_of_jenkins_allows():
    results = [scenario("a.undecided", "inconclusive", required=True), scenario("a.warn", "warn")]
    root = ElementTree.fromstring(shown(made(results=results), "junit"))
    seen = set()
    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        assert set(element.attrib) <= attributes, element.tag
        order = [children.index(child.tag) for child in element]
        assert order == sorted(order), element.tag
        seen.add(element.tag)
    assert seen >= {"failure", "error", "skipped", "system-out", "property"}


# --- otlp -------------------------------------------------------------------------------------------------------------


def test_a_trace_has_a_span_for_the_run_and_one_for_each_layer_that_took_time():
    told = json.loads(shown(made(), "otlp"))
    (resource,) = told["resourceSpans"]
    root, layer = resource["scopeSpans"][0]["spans"]
    of_root = {item["key"]: next(iter(item["value"].values())) for item in root["attributes"]}
    assert of_root["error.type"] == "auth.invalid"
    assert (of_root["server.address"], of_root["server.port"]) == ("h.example", "443")
    assert of_root["rtdoctor.fix"] == "Mend what was seen"
    assert (root["status"]["code"], layer["name"], layer["status"]["code"]) == (2, "first-event", 2)
    assert (layer["traceId"], layer["parentSpanId"]) == (root["traceId"], root["spanId"])
    assert re.fullmatch("[0-9a-f]{32}", root["traceId"])
    assert int(layer["endTimeUnixNano"]) - int(layer["startTimeUnixNano"]) == 12_000_000


def test_a_run_that_fails_has_something_in_red_whatever_its_cases_say():
    green = made("pass", cause=None, code=1)
    root = ElementTree.fromstring(shown(green, "junit"))
    assert [case.get("classname") for case in root.iter("testcase") if case.find("failure") is not None] == [
        "rtdoctor.run"
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60)))
def test_the_xml_parses_whatever_a_server_writes(text):
    written = shown(made(text=f"x{text}x", results=[scenario("a.b", "fail", text)]), "junit")
    root = ElementTree.fromstring(written)
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped", "system-out",
    }  # fmt: skip
    assert written.isascii()


# --- github and markdown ----------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60)))
def test_each_line_is_one_command_of_ours(text):
    written = shown(made(text=text, results=[scenario(text, "warn", text)]), "github")
    for line in written.splitlines():
        assert re.match(r"::(error|warning|notice) title=[^:]*::", line), line
        properties = line.split("::")[1]
        assert not re.search(r",(?!file=|line=)", properties), line


def test_nine_annotations_of_a_kind_and_how_many_more():
    results = [scenario(f"s.{n}", "warn", f"answer {n}", cause=f"refused.c{chr(97 + n)}") for n in range(20)]
    lines = shown(made(results=results), "github").splitlines()
    warnings = [line for line in lines if line.startswith("::warning")]
    assert len(warnings) == 10
    assert "and 11 more warnings" in warnings[-1]
    assert lines[0].startswith("::error title=auth.invalid")


def test_a_cause_is_annotated_once():
    results = [scenario(f"s.{n}", "warn") for n in range(40)]
    lines = shown(made(results=results), "github").splitlines()
    assert len(lines) == 2
    assert "and 32 more" in lines[1]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_markdown_reads_nothing_of_what_a_server_wrote(hostile):
    written = shown(made(text=hostile, results=[scenario("a.b", "fail", hostile)]), "markdown")
    outside = re.sub(r"`[^`\n]*`", "", written)
    for line in outside.splitlines():
        assert not re.search(r"<(?!/?(details|summary)>)", line), line
        assert not re.search(r"\]\(|!\[|@\w|https?://|(?<![&\w])#\d|www\.", line), line
        assert not line.startswith(("::", "##[")), line


def test_a_summary_stays_below_its_bytes_and_says_that_it_was_cut():
    results = [scenario(f"s.{n}", "fail", "é" * 600, cause=f"refused.c{chr(97 + n)}") for n in range(20)]
    whole, cut = markdown(made(results=results)), markdown(made(results=results), 5_000)
    assert len(cut.encode()) <= 5_000 < len(whole.encode())
    assert "cut here" in cut


# --- sarif ------------------------------------------------------------------------------------------------------------


def test_a_finding_stands_on_a_line_of_a_file_and_never_at_a_url(monkeypatch):
    monkeypatch.setenv("GITHUB_WORKFLOW_REF", "me/mine/.github/workflows/ci.yml@refs/heads/main")
    told = json.loads(shown(made(results=[scenario("a.b", "warn")]), "sarif"))
    assert told["version"] == "2.1.0"
    run = told["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == 2
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == ".github/workflows/ci.yml"
        assert place["region"]["startLine"] >= 1
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["partialFingerprints"]["rtdoctor/v1"]
        assert result["message"]["text"]
    assert run["results"][0]["properties"]["subject"] == "https://h.example/v1"


def test_a_finding_stands_on_the_line_of_its_target(monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_WORKFLOW_REF", "me/mine/.github/workflows/ci.yml@refs/heads/main")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rtdoctor.toml").write_text(
        '[targets.other]\nbase_url = "https://other.example/v1"\n\n[targets.prod]\nbase_url = "wss://h.example/v1/"\n'
    )
    told = json.loads(shown(made(results=[scenario("a.b", "warn")]), "sarif"))
    places = [result["locations"][0]["physicalLocation"] for result in told["runs"][0]["results"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {"rtdoctor.toml"}
    assert {place["region"]["startLine"] for place in places} == {5}
    (tmp_path / "rtdoctor.toml").write_text("[targets.other]\n")
    told = json.loads(shown(made(results=[scenario("a.b", "warn")]), "sarif"))
    place = told["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == ".github/workflows/ci.yml"


def test_a_fingerprint_is_the_same_from_run_to_run():
    first, second = (json.loads(shown(made(text="x"), "sarif"))["runs"][0]["results"] for _ in range(2))
    assert [one["partialFingerprints"] for one in first] == [one["partialFingerprints"] for one in second]


# --- ndjson, nagios, prometheus ---------------------------------------------------------------------------------------


async def test_ndjson_tells_each_thing_as_it_happens_and_json_holds_it(check):
    events, out = [], io.StringIO()
    report = await check(["auth.none", "auth.header"], events=events)
    read, counts = writer("check", "ndjson")(out), []
    for event in events:
        read(event)
        counts.append(len(out.getvalue().splitlines()))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    kinds = [line.pop("event") for line in lines]
    assert kinds == ["started", *["rung"] * len(RUNGS), "ladder", "result", "result", "finished"]
    assert sorted(set(counts)) == list(range(1, len(lines) + 1)), "each line came with its event"
    whole = json.loads(shown(RunFinished(report), "json"))
    assert [line for kind, line in zip(kinds, lines, strict=True) if kind == "rung"] == whole["ladder"]
    assert lines[-1]["summary"] == whole["summary"]


def test_nagios_gets_one_line_with_its_own_states_and_performance_data():
    line, fix = shown(made(text="a | b\nc"), "nagios").splitlines()
    assert line.startswith("REALTIME CRITICAL - No. a / b c.")
    assert line.count("|") == 1
    assert line.endswith("| 'first-event'=0.012s 'total'=1.500s")
    assert fix.startswith("Fix: ")
    states = {0: "OK", 1: "CRITICAL", 2: "CRITICAL", 3: "UNKNOWN"}
    for code, state in states.items():
        verdict = {0: "pass", 3: "inconclusive"}.get(code, "fail")
        assert shown(made(verdict, code=code, cause=None), "nagios").startswith(f"REALTIME {state} - ")
    assert shown(made("pass", code=0, cause=None, warnings=("The model ends.",)), "nagios").startswith(
        "REALTIME WARNING"
    )


_SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)*)\} (-?[0-9.e+-]+)')


@pytest.mark.parametrize("hostile", ["plain", *HOSTILE])
def test_every_line_of_the_metrics_is_a_comment_or_a_sample(hostile):
    told = made(text=hostile)
    told = replace(told, setting=replace(told.setting, base_url=hostile))
    lines = shown(told, "prometheus").splitlines()
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    samples = [line for line in lines if not line.startswith("#")]
    assert samples
    for line in samples:
        found = _SAMPLE.fullmatch(line)
        assert found, line
        assert found[1] in typed
    assert {"probe_success", "probe_duration_seconds", "probe_realtime_cause_info"} <= typed


# --- all of them ------------------------------------------------------------------------------------------------------


def test_every_format_but_the_terminals_has_a_file_of_its_own():
    names = {name for command in WRITERS.values() for name in command} - {"terminal", "verbose", "summary", "github"}
    assert names == set(FILES)


@pytest.mark.parametrize("command", list(WRITERS))
def test_every_writer_says_something_of_every_command(command):
    for name, text in write_all(command, "error's message", "nothing").items():
        assert text.strip(), name


def test_what_is_wrong_is_grouped_by_cause_the_worst_first():
    results = [scenario("a.one", "warn"), scenario("a.two", "fail"), scenario("a.three", "fail", cause=None)]
    groups = wrong_groups(digest(made(results=results)))
    assert [[case.name for case in group.cases] for group in groups] == [
        ["first-event"],
        ["a.two", "a.one"],
        ["a.three"],
    ]


def test_the_verdict_line_holds_the_warnings():
    line = verdict_line(digest(made("pass", code=0, cause=None, warnings=("Only the mock was tested.",))))
    assert line == "PASS (exit 0)  No. what was seen. Only the mock was tested."
