"""A scenario file is data: what breaks its form is told with file, place and reason, and nothing in it is followed."""

import pytest

from rtdoctor.knowledge.causes import causes
from rtdoctor.model.outcome import matches
from rtdoctor.scenario.expand import expand
from rtdoctor.scenario.load import BadScenario, load_folder
from rtdoctor.scenario.select import select
from tests.conftest import built_in

GOOD = """
[[scenario]]
id = "mine.one"
title = "one"
tags = ["smoke"]
[scenario.handshake]
query = { model = "{realtime_model}" }
[[scenario.step]]
send = '{"type": "session.update", "session": {"model": "{realtime_model}"}}'
[[scenario.step]]
await = ["session.updated"]
[[scenario.accept]]
outcome = { http_status = 101, transcription_model = "{transcription_model}" }
evidence = "me"
seen = "2026-11-22"
confidence = "observed"
"""


def load(tmp_path, text):
    (tmp_path / "a.toml").write_text(text)
    return load_folder(tmp_path, causes())


def test_a_good_file_is_read_and_its_placeholders_are_filled(tmp_path):
    (scenario,) = load(tmp_path, GOOD)
    assert scenario.tags == ("mine", "smoke")
    assert not scenario.is_billable()
    ready = expand(scenario, {"realtime_model": "gpt-r", "transcription_model": "gpt-t"})
    assert ready.handshake.query == {"model": "gpt-r"}
    assert ready.steps[0].send["session"]["model"] == "gpt-r"
    assert ready.accept[0].outcome["transcription_model"] == "gpt-t"


def test_what_a_file_says_of_a_scenario_is_quoted(tmp_path):
    key, url = "ghp_ab01ab01ab01ab01ab01ab01ab01ab01ab01", "https://me:Sommer2024@h.example/x"
    text = GOOD.replace('title = "one"', f'title = "one {key}"').replace('evidence = "me"', f'evidence = "see {url}"')
    (scenario,) = load(tmp_path, text)
    assert key not in scenario.title
    assert "Sommer2024" not in scenario.accept[0].evidence.source
    assert scenario.accept[0].evidence.source.endswith("@h.example/x")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("[[scenario]]", "[[scenarios]]"), "scenario"),
        (('id = "mine.one"', 'id = "Mine"'), "id"),
        (('title = "one"', ""), "title"),
        (('tags = ["smoke"]', "tags = 3"), "tags"),
        (("await =", "wait ="), "wait"),
        (("http_status = 101", "http_stats = 101"), "http_stats"),
        (("http_status = 101", "http_status = { atleast = 1 }"), "atleast"),
        (("http_status = 101", 'first_event = { matches = "(" }'), "regular expression"),
        (("http_status = 101", "first_event = { matches = '\\pL{0,90}' }"), "too large an expression"),
        (('confidence = "observed"', 'confidence = "sure"'), "confidence"),
        (('seen = "2026-11-22"', 'seen = "yesterday"'), "seen"),
        (('evidence = "me"', 'evidence = "me"\ncause = "auth.nope"'), "auth.nope"),
        (('evidence = "me"', 'evidence = "me"\ngrade = "better"'), "grade"),
        (('\'{"type"', "'{type"), "send holds no JSON"),
        (("query = {", 'path = "https://evil.example/"\nquery = {'), "path"),
        (("query = {", 'path = "//evil.example/"\nquery = {'), "path"),
        (("query = {", 'headers = { Authorization = "Bearer x" }\nquery = {'), "Authorization"),
        (("query = {", 'headers = { Host = "evil.example" }\nquery = {'), "Host"),
        (("query = {", 'headers = { X = "a\\r\\nb" }\nquery = {'), "headers"),
        (("[[scenario]]", "[[scenario"), "is no TOML"),
    ],
)
def test_a_broken_file_is_told_with_file_and_place(tmp_path, change, says):
    with pytest.raises(BadScenario) as told:
        load(tmp_path, GOOD.replace(*change, 1))
    assert str(told.value).startswith(str(tmp_path / "a.toml"))
    assert says in str(told.value)


def test_a_date_of_toml_is_a_date_too(tmp_path):
    (scenario,) = load(tmp_path, GOOD.replace('"2026-11-22"', "2026-11-22"))
    assert scenario.accept[0].evidence.seen == "2026-11-22"


@pytest.mark.parametrize("kind", ["session.update", "response.create"])
def test_text_and_bytes_are_raw_whatever_stands_in_them(tmp_path, kind):
    text = GOOD.replace("session.update", kind)
    (sent,) = load(tmp_path, text)
    (as_text,) = load(tmp_path, text.replace("send = ", "text = "))
    assert (sent.raw, sent.is_billable()) == (False, kind == "response.create")
    assert (as_text.raw, as_text.is_billable()) == (True, False)


def test_an_id_occurs_once(tmp_path):
    with pytest.raises(BadScenario, match=r"'mine\.one' occurs"):
        load(tmp_path, GOOD + GOOD)


def test_an_empty_folder_and_a_file_that_is_no_text_are_told(tmp_path):
    with pytest.raises(BadScenario, match="holds no"):
        load_folder(tmp_path, causes())
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadScenario, match="cannot be read"):
        load_folder(tmp_path, causes())


def test_selection_by_tag_and_word():
    every = built_in()
    assert {"smoke"} <= set(select(every, ["smoke"])[0].tags)
    assert [scenario.id for scenario in select(every, [], ["RATE of 16000"])] == ["update.rate-16000"]
    assert select(every, ["smoke"], ["16000"]) == []
    assert select(every) == every


def test_the_built_in_scenarios_are_those_that_people_need():
    ids = {scenario.id for scenario in built_in()}
    assert len(ids) >= 42
    assert {scenario.id for scenario in built_in() if "smoke" in scenario.tags} == {
        "url.intent-transcription",
        "url.model-realtime",
        "auth.subprotocol",
        "secret.fresh-header",
        "update.transcription-good",
    }
    assert not any(scenario.is_billable() for scenario in built_in() if "smoke" in scenario.tags)


def only(scenario):
    return {"first_event": scenario.accept[0].outcome["first_event"]}


@pytest.mark.parametrize(
    "expression",
    ["(a+)+b", "(a*)*b", "(a|aa)*b", "a?" * 40 + "a" * 40 + "b", "(.*a){12}b", "a*b*c*d", "\\\\s*\\\\s*x", "a*a*a*b"],
)
def test_no_expression_takes_for_ever_on_a_hostile_text(tmp_path, expression):
    (scenario,) = load(tmp_path, GOOD.replace("http_status = 101", f'first_event = {{ matches = "{expression}" }}'))
    # With a matcher that goes back and forth this test would not come to its end.
    for text in ("a" * 4_000, " " * 4_000):
        assert not matches(only(scenario), {"first_event": text})


@pytest.mark.parametrize("expression", ["(?=a)b", "(?P<n>a)(?P=n)", "(", "*", "a{1000000}"])
@pytest.mark.parametrize(
    "line", ['first_event = {{ matches = "{0}" }}', 'error_message = {{ not = {{ matches = "{0}" }} }}']
)
def test_an_expression_that_cannot_be_matched_in_linear_time_is_refused_with_file_and_place(tmp_path, expression, line):
    with pytest.raises(BadScenario) as told:
        load(tmp_path, GOOD.replace("http_status = 101", line.format(expression)))
    assert str(told.value).startswith(f"{tmp_path / 'a.toml'}: scenario 'mine.one': accept 1: outcome: '{expression}'")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("expression", ["^SESSION[.]created$", "(a|session).*d", "x?session", "(?i)created"])
def test_an_ordinary_expression_finds_what_it_should(tmp_path, expression):
    (scenario,) = load(tmp_path, GOOD.replace("http_status = 101", f'first_event = {{ matches = "{expression}" }}'))
    assert matches(only(scenario), {"first_event": "session.created"})
    assert not matches(only(scenario), {"first_event": "error"})


PATHS = [
    "https://evil.example/",
    "//evil.example/v1",
    "/realtime@evil.example",
    "@evil.example/",
    ":443@evil.example/",
    ".evil.example/",
    "/realtime\\n",
    "/realtime\\r\\nX: y",
    "/real time",
    "/realtime?x=1",
    "/realtime#x",
    "/realtime%0d%0a",
    "/\\\\evil.example",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_could_lead_elsewhere_is_refused_in_one_sentence(tmp_path, path):
    with pytest.raises(BadScenario) as told:
        load(tmp_path, GOOD.replace("query = {", f'path = "{path}"\nquery = {{', 1))
    assert str(told.value).startswith(f"{tmp_path / 'a.toml'}: scenario 'mine.one': ")
    assert "handshake.path" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "AUTHORIZATION",
        "api-key",
        "X-API-Key",
        "Cookie",
        "Proxy-Authorization",
        "cf-aig-authorization",
        "Host",
        "host",
        "Sec-WebSocket-Protocol",
        "sec-websocket-key",
    ],
)
def test_a_header_that_carries_a_key_or_names_a_host_is_refused_in_one_sentence(tmp_path, name):
    with pytest.raises(BadScenario) as told:
        load(tmp_path, GOOD.replace("query = {", f'headers = {{ {name} = "x" }}\nquery = {{', 1))
    assert str(told.value).startswith(f"{tmp_path / 'a.toml'}: scenario 'mine.one': ")
    assert name in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("more", ['host = "evil.example"', 'url = "wss://evil.example/"', 'proxy = "http://h:1"'])
def test_a_handshake_has_no_place_for_a_host(tmp_path, more):
    with pytest.raises(BadScenario) as told:
        load(tmp_path, GOOD.replace("query = {", f"{more}\nquery = {{", 1))
    assert more.split()[0] in str(told.value)


@pytest.mark.parametrize("value", ["a\\nb", "a\\rb", "a\\u0000b", "a\\n"])
def test_a_header_with_a_line_break_is_refused(tmp_path, value):
    with pytest.raises(BadScenario) as told:
        load(tmp_path, GOOD.replace("query = {", f'headers = {{ X = "{value}" }}\nquery = {{', 1))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("change", [('title = "one"', 'title = "{0}"'), ('id = "mine.one"', 'id = "mine.{0}"')])
def test_what_is_too_long_is_told_in_short(tmp_path, change):
    with pytest.raises(BadScenario) as told:
        load(tmp_path, GOOD.replace(change[0], change[1].format("a" * 100_000), 1))
    assert "longer than" in str(told.value)
    assert len(str(told.value)) < 1_500


@pytest.mark.parametrize("part", ["a", '"!"', "'\"'", '"a b"', '"\\""', "' . '"])
def test_a_name_of_very_many_parts_is_refused_before_it_takes_minutes(tmp_path, part):
    with pytest.raises(BadScenario, match="more than a hundred parts"):
        load(tmp_path, f"{GOOD}\nx = {{ y = ['z. '], {part}{f' . {part}' * 1_000} = 1 }}")


def test_a_long_text_is_no_long_name(tmp_path):
    sentences = "It is said. " * 200
    (scenario,) = load(tmp_path, GOOD.replace('"type": "session.update"', f'"type": "x", "y": "{sentences}"', 1))
    assert scenario.id == "mine.one"


def test_a_folder_holds_no_more_than_two_megabytes_of_scenarios(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.toml").write_text(GOOD.replace("mine.one", f"mine.{name}") + "#" * 800_000)
    with pytest.raises(BadScenario, match="more than 2 MiB together"):
        load_folder(tmp_path, causes())
    (tmp_path / "c.toml").unlink()
    assert len(load_folder(tmp_path, causes())) == 2
