"""The patterns are data: each recognises its own example, and every rule on text decides about some text."""

import re
import tomllib

import pytest

from rtdoctor.data import folder
from rtdoctor.diagnose.text.blocks import blocks
from rtdoctor.diagnose.text.errors import reading
from rtdoctor.diagnose.text.findings import Reader, explain
from rtdoctor.diagnose.text.patterns import look, patterns
from rtdoctor.diagnose.text.prose import in_words, ways
from rtdoctor.knowledge.causes import causes, known_codes, matching, page, rules


@pytest.mark.parametrize("pattern", patterns(), ids=lambda pattern: pattern.name)
def test_a_pattern_recognises_its_own_example(pattern):
    for example in (pattern.gives["example"], f"noise\n2026-11-22 [x] {pattern.gives['example']}\nnoise"):
        if pattern.name == "HTTP answer" and example.startswith("noise"):
            example = f"noise\n{pattern.gives['example']}\nnoise"
        assert pattern.name in {seen.name for block in blocks([example]) for seen in look(block)}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", pattern.gives["seen"])
    assert pattern.gives.get("confidence", "observed") in ("observed", "documented", "inferred")
    assert pattern.gives["evidence"]


def test_names_are_unique():
    names = [pattern.name for pattern in patterns()]
    assert len(names) == len(set(names))


def outcomes():
    texts = [pattern.gives["example"] for pattern in patterns()]
    for name in ("clients", "service", "several"):
        raw = tomllib.loads((folder("fixtures") / "texts" / f"{name}.toml").read_text("utf-8"))
        texts += [entry["text"] for entry in raw["text"]]
    texts += [f"websocket: {entry['example']}" for entry in ways()]
    texts += [rule.example["text"] for rule in rules() if not rule.origin and set(rule.example) == {"text"}]
    texts += ["4000", "4004", "1013", "1002", "1005", "unknown_event", "invalid_audio", "wss://h/v1/realtime"]
    for text in texts:
        reader, of_a_file = Reader(), Reader(is_file=True)
        for block in blocks([text]):
            reader.read(block)
            of_a_file.read(block)
        yield from (*reader.outcomes, *of_a_file.outcomes)
        for cause in dict.fromkeys(cause for entry in ways() for cause in entry.get("beside", ())):
            yield from (outcome for outcome, _ in reader.more(cause))


def test_every_rule_on_text_is_exercised():
    met = {id(rule) for outcome in outcomes() for rule in matching(outcome)}
    assert [(rule.cause, dict(rule.when)) for rule in rules() if rule.when.get("text") and id(rule) not in met] == []


def test_the_codes_are_those_of_the_rules():
    assert set(reading()["ordinary"]) <= known_codes()


@pytest.mark.parametrize("cause", causes())
def test_every_cause_has_a_page(cause):
    told = page(cause)
    assert told.who.endswith(".")
    assert told.shows
    assert told.mended
    assert told.evidence or cause == "unknown.unknown"
    for line in (*told.shows, *told.mended):
        assert line.startswith(("> ", "< ", "# ")), line


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("curl: (7) Failed to connect to h.example port 443 after 12 ms: Couldn't connect", "network.tcp-refused"),
        (
            "curl: (28) Failed to connect to h.example port 443 after 10001 ms: Timeout was reached",
            "network.tcp-timeout",
        ),
        ("curl: (28) Failed to connect to h.example port 443 after 75 ms: Connection timed out", "network.tcp-timeout"),
        ("the line error 403 is no status; nor is my-status 403", "unknown.unknown"),
        ("the pool closed 4000 connections", "unknown.unknown"),
        ("CONNECT tunnel failed, response 407", "network.proxy-auth"),
        ("接続HTTP/1.1 403", "refused.path"),
    ],
)
def test_what_stands_before_and_after_a_match_decides_about_it(text, cause):
    assert [finding.cause for finding in explain([text]).findings] == [cause]


@pytest.mark.parametrize("entry", ways(), ids=lambda entry: entry["name"])
def test_what_people_say_is_heard_and_decides_nothing_beside_an_answer(entry):
    [block] = blocks([f"websocket: {entry['example']}"])
    for beside in entry.get("beside", [""]):
        assert entry["says"] in {seen.fault[1] for seen in in_words(block, beside=beside) if seen.fault}
    told = explain(
        [f"wss://h.example/v1/realtime\nreceived 3000 invalid_request_error.invalid_api_key\n{entry['example']}"]
    )
    assert [finding.cause for finding in told.findings] == ["auth.invalid"]
