"""Nothing is spent unasked: on a target that is not the mock only our own writing of a free event is sent."""

import base64
import json

import pytest

from tests.cli.commands.test_check import rtdoctor
from tests.conftest import KEY
from tests.listening import recording_aside

pytestmark = pytest.mark.heavy  # a process each

DEEP = '{"type": "session.update", "session": {"x": ' + "[" * 70 + "]" * 70 + "}}"
FREE = '{"type":  "session.update", "session": {"type": "transcription", "note": "\u00fc\u2028"}}'
# What a server may read as response.create, and a reader with more care does not read as an event at all.
HOSTILE = {
    "twice": '{"type": "session.update", "type": "response.create"}',
    "twice, first": '{"type": "response.create", "type": "session.update"}',
    "twice, escaped": '{"type": "session.update", "\\u0074ype": "response.create"}',
    "twice, other case": '{"type": "session.update", "Type": "response.create"}',
    "NaN": '{"type": "response.create", "response": {"temperature": NaN}}',
    "infinite": '{"type": "session.update", "type": "response.create", "x": -Infinity}',
    "long number": '{"type": "response.create", "x": ' + "9" * 5000 + "}",
    "BOM": '\ufeff{"type": "response.create"}',
    "NUL": '{"type": "response.create"}\x00',
    "trailing": '{"type": "response.create"} // now',
    "two": '{"type": "session.update"}{"type": "response.create"}',
    "list": '[{"type": "response.create"}]',
    "NUL in a name": '{"type\\u0000x": "response.create", "type": "session.update"}',
    "NUL in a deep name": '{"type": "session.update", "session": {"idle_timeout_ms\\u0000x": 1}}',
    "half": '{"type": "response.create", "x": "\\ud800"}',
}
# Strictly read they are events, and not on the list of free ones.
NOT_FREE = {
    "type with white space": '{"type": " session.update "}',
    "type in capitals": '{"type": "Session.Update"}',
    "type with NUL": '{"type": "response.create\\u0000"}',
    "homoglyph": '{"type": "s\u0435ssion.update"}',
    "empty": '{"type": ""}',
    "a stored agent": '{"type": "session.update", "session": {"agent_id": "ag_1"}}',
    "a first message": '{"type": "session.update", "session": {"first_message": "Hello"}}',
    "an object in a text": '{"type": "session.update", "session": {"turn_detection": "{\\"idle_timeout_ms\\": 5000}"}}',
    "a second session": '{"type": "session.update", "Session": {"x": 1}}',
    "a commit with audio": '{"type": "input_audio_buffer.commit", "audio": "AAAA"}',
    "greets": '{"type": "session.update", "session": {"greeting": "Hello"}}',
    "a session that is a text": '{"type": "session.update", "session": "{}"}',
    "a dotted name": '{"type": "session.update", "session": {"turn_detection.idle_timeout_ms": 5000}}',
    "speaks by itself": '{"type": "session.update", "session": {"audio": {"input": {"turn_detection": '
    '{"type": "server_vad", "idle_timeout_ms": 5000}}}}}',
    "plain": '{"type": "response.create"}',
}
ACCEPT = """
[[scenario.accept]]
outcome = { http_status = 101 }
evidence = "me"
seen = "2026-11-22"
confidence = "inferred"
"""


def scenario(folder, step):
    (folder / "mine").mkdir(exist_ok=True)
    text = f'[[scenario]]\nid = "mine.one"\ntitle = "one"\n[[scenario.step]]\n{step}\n{ACCEPT}'
    (folder / "mine" / "a.toml").write_text(text, encoding="utf-8")
    return ["-k", "mine.one", "--scenarios", str(folder / "mine")]


def probing(folder, base, way, texts, *more):
    """Run probe on the server with these messages, by --send or by a HAR."""
    url = base.replace("http", "ws") + "/realtime?intent=transcription"
    if way == "--send":
        (folder / "events").write_bytes("\n".join(texts).encode())
        return rtdoctor("probe", url, "--send", str(folder / "events"), "--format", "json", *more, key=KEY)
    messages = [{"type": "send", "opcode": 1, "data": text} for text in texts]
    entry = {"request": {"url": url, "headers": []}, "_webSocketMessages": messages}
    (folder / "a.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    return rtdoctor("probe", "--har", str(folder / "a.har"), "--format", "json", *more, key=KEY)


def own_writing(text):
    return json.dumps(json.loads(text))


@pytest.mark.parametrize("way", ["--send", "--har"])
def test_of_a_file_only_free_events_are_sent_and_in_our_own_writing(tmp_path, way):
    texts = [FREE, *HOSTILE.values(), *NOT_FREE.values(), '{"type":"input_audio_buffer.clear","n":1.50e1}']
    with recording_aside() as (base, heard):
        done = probing(tmp_path, base, way, texts, "--fix")
    report = json.loads(done.stdout)
    assert heard == [own_writing(FREE), '{"type": "input_audio_buffer.clear", "n": 15.0}']
    assert heard[0].isascii()
    assert report["spend"]["billable"] is False
    assert report["spend"]["events"] == {"session.update": 1, "input_audio_buffer.clear": 1}
    assert (
        f"{len(HOSTILE)} messages that are no events are left out (the first is JSON with a name twice" in done.stderr
    )
    assert f"{len(NOT_FREE)} billable events are left out; --transcribe sends them." in done.stderr


def test_with_transcribe_events_are_sent_and_text_is_not(tmp_path):
    with recording_aside() as (base, heard):
        done = probing(tmp_path, base, "--send", [*NOT_FREE.values(), *HOSTILE.values()], "--transcribe")
    report = json.loads(done.stdout)
    assert heard == [own_writing(text) for text in NOT_FREE.values()]
    assert report["spend"]["billable"] is True
    assert f"Sends {len(NOT_FREE)} billable events." in done.stderr
    assert "left out" in done.stderr


def test_with_spend_everything_is_sent_as_it_is_and_told_before(tmp_path):
    texts = [text for text in HOSTILE.values() if not text.startswith("\ufeff")]
    with recording_aside() as (base, heard):
        done = probing(tmp_path, base, "--send", [*texts, NOT_FREE["plain"]], "--spend")
    report = json.loads(done.stdout)
    assert heard == [*texts, '{"type": "response.create"}']
    assert report["spend"]["events"] == {"(text)": len(texts), "response.create": 1}
    assert report["spend"]["billable"] is True
    assert f"Sends {len(texts)} messages that are no events unchanged" in done.stderr


@pytest.mark.parametrize("spend", [False, True])
def test_a_binary_message_of_a_har_goes_out_as_bytes_or_not_at_all(tmp_path, spend):
    event = b'{"type": "response.create"}'
    with recording_aside() as (base, heard):
        url = base.replace("http", "ws") + "/realtime?intent=transcription"
        messages = [{"type": "send", "opcode": 2, "data": base64.b64encode(event).decode()}]
        entry = {"request": {"url": url, "headers": []}, "_webSocketMessages": messages}
        (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": [entry]}}))
        more = ["--spend"] if spend else []
        done = rtdoctor("probe", "--har", str(tmp_path / "a.har"), "--fix", "--format", "json", *more, key=KEY)
    report = json.loads(done.stdout)
    assert heard == [event] * spend
    assert (report["spend"]["events"], report["spend"]["billable"]) == ({"(binary)": 1} if spend else {}, spend)
    assert ("Sends 1 message that" if spend else "is left out (the first is binary)") in done.stderr


STEPS = {
    **{f"text, {name}": f"text = {json.dumps(text)}" for name, text in (HOSTILE | NOT_FREE | {"free": FREE}).items()},
    "binary": f'binary = "{b"response.create".hex()}"',
    "binary JSON": 'binary = "' + b'{"type": "response.create"}'.hex() + '"',
    "audio": 'audio = "silence"',
    **{f"send, {name}": f"send = '{text}'" for name, text in NOT_FREE.items()},
    "send, filled in": 'send = \'{"type": "{realtime_model}"}\'',
}


def test_no_step_of_a_scenario_sends_more_than_free_events(tmp_path):
    blocks = []
    for number, step in enumerate(STEPS.values()):
        blocks.append(f'[[scenario]]\nid = "mine.n{number}"\ntitle = "n"\n[[scenario.step]]\n{step}\n{ACCEPT}')
    (tmp_path / "a.toml").write_text("\n".join(blocks), encoding="utf-8")
    with recording_aside() as (base, heard):
        line = ["check", "--target", base, "-k", "mine.", "--scenarios", str(tmp_path), "--format", "json"]
        done = rtdoctor(*line, "--timeout", "3", "--model", "response.create", key=KEY)
    report = json.loads(done.stdout)
    assert {result["verdict"] for result in report["results"]} == {"skip"}
    assert len(report["results"]) == len(STEPS)
    assert [json.loads(text)["type"] for text in heard] == ["session.update"], "the ladder's own"
    assert report["spend"]["billable"] is False
    assert any("--spend allows it" in result["finding"]["summary"] for result in report["results"])


@pytest.mark.parametrize("name", sorted({"twice", "twice, escaped", "twice, other case", "NaN", "BOM", "long number"}))
def test_what_is_sent_as_an_event_must_be_one(tmp_path, name):
    with recording_aside() as (base, heard):
        line = scenario(tmp_path, f"send = '''{HOSTILE[name]}'''")
        done = rtdoctor("check", "--target", base, *line, key=KEY)
    assert (done.returncode, done.stdout, heard) == (2, "", [])
    assert "scenario 'mine.one': step 1: send holds" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("way", ["--send", "--har", "--scenarios"])
@pytest.mark.parametrize("more", [[], ["--spend"]])
def test_a_deep_event_is_a_usage_error_that_names_the_place(tmp_path, way, more):
    with recording_aside() as (base, heard):
        if way == "--scenarios":
            done = rtdoctor("check", "--target", base, *scenario(tmp_path, f"send = '{DEEP}'"), *more, key=KEY)
        else:
            done = probing(tmp_path, base, way, [FREE, DEEP], *more)
    assert (done.returncode, done.stdout, heard) == (2, "", [])
    assert "nested deeper than 64 levels" in done.stderr
    assert {"--send": "line 2", "--har": "sent message 2", "--scenarios": "step 1"}[way] in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("spend", [False, pytest.param(True, marks=pytest.mark.heavy)])
def test_the_scenarios_that_send_no_event_need_spend_on_a_live_endpoint(spend):
    with recording_aside() as (base, heard):
        line = ["check", "--target", base, "-k", "event.not-json", "-k", "event.binary", "--format", "json"]
        done = rtdoctor(*line, "--timeout", "2", *(["--spend"] if spend else []), key=KEY)
    report = json.loads(done.stdout)
    sent = [message for message in heard if "session.update" not in str(message)]
    if not spend:
        assert (sent, {result["verdict"] for result in report["results"]}) == ([], {"skip"})
        assert report["spend"]["billable"] is False
        assert "Sends" not in done.stderr
        return
    assert {"this is not JSON", bytes((0, 1, 2, 3))} <= set(sent)
    assert report["spend"]["events"]["(text)"] == report["spend"]["events"]["(binary)"] == 1
    assert report["spend"]["billable"] is True
    assert "Sends raw text or binary frames in 2 scenarios" in done.stderr


@pytest.mark.parametrize("command", ["check", "probe"])
def test_a_model_that_cannot_be_sent_is_a_usage_error(command):
    where = ["--target", "http://127.0.0.1:9/v1"] if command == "check" else ["ws://127.0.0.1:9/v1/realtime"]
    done = rtdoctor(command, *where, "--model", "x\udcff", key=KEY)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_what_costs_is_sent_once_and_the_search_for_a_change_goes_on_without_it(tmp_path):
    with recording_aside("session.update") as (base, heard):
        done = probing(tmp_path, base, "--send", ['{"type": "response.create"}', FREE], "--transcribe", "--fix")
    report = json.loads(done.stdout)
    kinds = [json.loads(text)["type"] for text in heard]
    assert kinds.count("response.create") == 1
    assert kinds.count("session.update") > 2
    assert report["spend"]["events"]["response.create"] == 1
    assert report["fix"]["connections"] > 1
    facts = report["results"][0]["finding"]["facts"]
    assert "1 message that may cost money was sent once, and left out of the search for a change." in facts


@pytest.mark.parametrize("more", [{"note": "x " * 40_000}, {"tools": [{"type": "mcp", "server_url": "https://h/x"}]}])
def test_what_is_long_or_has_a_server_fetch_something_is_sent_once(tmp_path, more):
    long = json.dumps({"type": "session.update", "session": {"type": "transcription", **more}})
    with recording_aside("session.update") as (base, heard):
        done = probing(tmp_path, base, "--send", [long, FREE], "--fix")
    report = json.loads(done.stdout)
    assert heard.count(long) == 1
    assert len(heard) > 3, "the other one is sent with every try"
    facts = report["results"][0]["finding"]["facts"]
    assert any(fact.startswith("1 message that may cost money, fetch something or are long was") for fact in facts)


def test_where_only_what_costs_is_refused_no_change_is_looked_for(tmp_path):
    with recording_aside("response.create") as (base, heard):
        done = probing(tmp_path, base, "--send", [FREE, '{"type": "response.create"}'], "--transcribe", "--fix")
    report = json.loads(done.stdout)
    assert [json.loads(text)["type"] for text in heard] == ["session.update", "response.create", "session.update"]
    assert (done.returncode, report["fix"]) == (1, None)
    assert any("what is refused is one of them" in fact for fact in report["results"][0]["finding"]["facts"])


def test_every_event_of_a_scenario_that_costs_is_told_before(tmp_path):
    step = """send = '{"type": "response.create"}'\n"""
    with recording_aside() as (base, _):
        line = scenario(tmp_path, "[[scenario.step]]\n".join(step for _ in range(3)))
        done = rtdoctor("check", "--target", base, *line, "--transcribe", "--deadline", "1", key=KEY)
    assert "of audio in 1 turn" in done.stderr
    assert "and 3 other events that may cost money." in done.stderr


COMMIT = '{"type": "input_audio_buffer.commit"}'


@pytest.mark.parametrize(
    "place",
    [
        *("realtime?call_id=rtc_abc", "realtime?Call-Id=rtc_abc", "live/sessions/s_1/attach", "realtime/calls/rtc_1"),
        *("live/rtc_ID", "live?session_id=s_1", "realtime/rtc_1", "realtime?rtc_call_id=r", "realtime/calls;v=1/rtc_1"),
        "live/session/x/attach",
    ],
)
def test_no_event_is_free_in_a_call_that_goes_on(tmp_path, place):
    with recording_aside() as (base, heard):
        (tmp_path / "events").write_text(f"{FREE}\n{COMMIT}")
        url = base.replace("http", "ws") + f"/{place}"
        done = rtdoctor("probe", url, "--send", str(tmp_path / "events"), "--fix", "--format", "json", key=KEY)
    assert heard == []
    told = "2 billable events are left out, for the URL may be that of a session that goes on; --transcribe sends them."
    assert told in done.stderr


@pytest.mark.parametrize("base", ["sessions/v1", "calls/v1", "v1/live/sessions", "v1/live/rtc_1", "rtc_1/v1"])
def test_a_base_whatever_its_name_ends_in_a_report_and_what_is_not_free_is_left_out(tmp_path, base):
    with recording_aside() as (place, heard):
        line = ["check", "--target", place.replace("v1", base), *scenario(tmp_path, f"send = '{COMMIT}'")]
        done = rtdoctor(*line, "--format", "json", "--timeout", "2", key=KEY)
    report = json.loads(done.stdout)
    session = next(rung for rung in report["ladder"] if rung["rung"] == "session")
    if "rtc_1" in base or "live" in base:
        assert (heard, report["results"][0]["verdict"]) == ([], "skip")
        assert "; --transcribe" in session["finding"]["summary"]
    else:
        assert (len(heard), report["results"][0]["verdict"], session["verdict"]) == (2, "warn", "warn")
    assert report["spend"]["billable"] is False


def test_no_scenario_sends_a_free_event_into_a_call_that_goes_on(tmp_path):
    with recording_aside() as (base, heard):
        line = scenario(tmp_path, f"send = '{COMMIT}'")
        file = tmp_path / "mine" / "a.toml"
        file.write_text(
            file.read_text().replace(
                "[[scenario.step]]", 'handshake = { query = { call_id = "rtc_abc" } }\n[[scenario.step]]', 1
            )
        )
        done = rtdoctor("check", "--target", base, *line, "--format", "json", "--timeout", "2", key=KEY)
    assert [result["verdict"] for result in json.loads(done.stdout)["results"]] == ["skip"]
    assert COMMIT not in heard


def test_silence_is_told_as_audio_that_is_sent(tmp_path):
    with recording_aside() as (base, _):
        line = scenario(tmp_path, 'audio = "silence"\nsilence_ms = 10000')
        done = rtdoctor("check", "--target", base, *line, "--transcribe", "--deadline", "1", key=KEY)
    seconds = int(done.stderr.split("Sends about ")[1].split(" s of audio in 2 turns")[0])
    assert seconds > 12, "of speech there are some three"


def test_events_of_more_than_a_mebibyte_are_a_usage_error(tmp_path):
    (tmp_path / "events").write_text("x" * ((1 << 20) + 1))
    done = rtdoctor("probe", "ws://127.0.0.1:9/v1/realtime", "--send", str(tmp_path / "events"), key=KEY)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert ": larger than 1 MiB" in done.stderr


def test_more_messages_than_anybody_sends_are_a_usage_error(tmp_path):
    (tmp_path / "events").write_text("x\n" * 1_001)
    done = rtdoctor("probe", "ws://127.0.0.1:9/v1/realtime", "--send", str(tmp_path / "events"), key=KEY)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "line 1001: at most 1000 messages are sent" in done.stderr
