"""A script says what a client is to send, and what it is answered; what is otherwise is told, and fails."""

import asyncio
import json
from contextlib import suppress

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtdoctor.mock.script import BadScript, load_script, read_script
from rtdoctor.mock.server import MockServer
from rtdoctor.mock.stage import fits
from rtdoctor.mock.template import BadTemplate, at, fill
from tests.conftest import KEY
from tests.mock.test_mock import AUTH

UPDATE = {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}}
SAID = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "the weather in Paris?"}]}
ITEM = {"type": "conversation.item.create", "event_id": "mine", "item": SAID}
RESPOND = {"type": "response.create"}


async def played(script, talk, query="?model=gpt-realtime-2.1", times=1):
    """What a client got, what it did otherwise than the script, and what was left of that."""
    async with MockServer({KEY}, script=read_script({"script": 1, **script}), pace=0) as mock:
        async with aiohttp.ClientSession() as http, asyncio.timeout(5):
            for _ in range(times):
                async with http.ws_connect(mock.base_url + "/realtime" + query, headers=AUTH) as ws:
                    got = await talk(ws)
        return got, mock.stage.failures, mock.stage.unused()


def sends(*events, until="response.done", most=100):
    """A client that sends these and reads until an event of that type came for each response, or the close."""

    async def talk(ws):
        if (first := await ws.receive()).type is not aiohttp.WSMsgType.TEXT:
            return [{"type": "closed", "code": ws.close_code}]
        got = [json.loads(first.data)]
        for event in events:
            await ws.send_json(event)
        while got[-1]["type"] != until and len(got) < most:
            message = await ws.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                return [*got, {"type": "closed", "code": ws.close_code}]
            got.append(json.loads(message.data))
        return got

    return talk


def step(expect, *answers, **more):
    return {"expect": expect, **more} | ({"answer": list(answers)} if answers else {})


async def test_a_function_call_and_then_a_text_as_the_script_says():
    async def talk(ws):
        first = await sends(UPDATE, ITEM, RESPOND)(ws)
        call = first[-1]["response"]["output"][0]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "12"}
        await ws.send_json({"type": "conversation.item.create", "item": output})
        await ws.send_json(RESPOND)
        while (event := await ws.receive_json())["type"] != "response.done":
            pass
        return call, event["response"]["output"][0]["content"][0]["text"]

    steps = [
        step("session.update", **{"with": {"session": {"type": "realtime"}}}),
        step("conversation.item.create", **{"with": {"item": {"content": [{"text": {"contains": "weather"}}]}}}),
        step("response.create", {"call": "get_weather", "arguments": {"city": "Paris"}}),
        step("conversation.item.create", **{"with": {"item": {"type": "function_call_output", "output": "*"}}}),
        step("response.create", {"text": "It has 12 degrees."}),
    ]
    (call, text), failures, unused = await played({"step": steps, "only": True}, talk)
    assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"city": "Paris"})
    assert (text, failures, unused) == ("It has 12 degrees.", [], [])


async def test_events_errors_waits_and_a_close_come_in_their_order():
    answers = [
        {"event": {"type": "response.created", "response": {"id": "{id.resp_1}", "of": "{client.item.role}: {{}}"}}},
        {"event": {"type": "x.y", "again": "{id.resp_1}", "item": "{client.item}", "model": "{session.model}"}},
        {"wait": 0.01},
        {"error": "active-response"},
        {"error": {"code": "mine", "message": "no"}},
        {"close": 4321, "reason": "bye"},
    ]
    got, failures, unused = await played(
        {"step": [step("conversation.item.create", *answers)]}, sends(ITEM, until="no")
    )
    _, made, again, known, own, closed = got
    assert made["response"]["of"] == "user: {}"
    assert made["response"]["id"] == again["again"]
    assert made["response"]["id"].startswith("resp_")
    assert (again["item"], again["model"]) == (SAID, "gpt-realtime-2.1")
    assert known["error"]["code"] == "conversation_already_has_active_response"
    assert (own["error"]["code"], own["error"]["event_id"], closed["code"]) == ("mine", "mine", 4321)
    assert (failures, unused) == ([], [])


async def test_what_is_not_expected_fails_only_where_nothing_else_may_come():
    steps = [step("session.update"), step("response.create")]
    _, failures, unused = await played({"step": steps}, sends(UPDATE, ITEM, RESPOND))
    assert (failures, unused) == ([], [])
    _, failures, unused = await played({"step": steps, "only": True}, sends(UPDATE, ITEM, RESPOND))
    assert failures == [
        "the script: conversation.item.create (its message 2) came where step 2 expects response.create"
    ]
    assert unused == []


async def test_an_event_with_other_fields_is_another_event():
    steps = [step("conversation.item.create", **{"with": {"item": {"role": "system"}}})]
    _, failures, unused = await played({"step": steps, "only": True}, sends(ITEM, until="conversation.item.done"))
    assert (len(failures), len(unused)) == (1, 1)


@pytest.mark.parametrize(
    ("wanted", "given", "is_so"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": "*"}, {"a": None}, False),
        ({"a": {"contains": "eat"}}, {"a": "weather"}, True),
        ({"a": {"contains": "eat"}}, {"a": ["eat"]}, False),
        ([1, {"a": 1}], [1, {"a": 1, "b": 2}], True),
        ([1], [1, 2], False),
        (True, 1, False),
        (1, 1.0, True),
    ],
)
def test_a_value_fits_what_is_wanted_of_it(wanted, given, is_so):
    assert fits(wanted, given) is is_so


async def test_a_step_before_its_turn_is_told_and_stays_unused():
    steps = [step("session.update"), step("conversation.item.create", times=2), step("response.create")]
    _, _, unused = await played({"step": steps}, sends(UPDATE, ITEM, RESPOND))
    assert unused == [
        "step 2 was not used: it expects 2 × conversation.item.create; 1 came",
        "step 3 was not used: it expects response.create; message 3 was one, before its turn",
    ]
    _, _, unused = await played({"step": steps, "order": "any"}, sends(ITEM, RESPOND))
    assert [line.partition(" was")[0] for line in unused] == ["step 1", "step 2"]


async def test_a_step_may_come_so_often_and_the_server_may_speak_by_itself():
    own = {"answer": [{"event": {"type": "hello", "to": "{conversation}"}}]}
    steps = [own, step("conversation.item.create", times=[0, 3]), step("response.create", {"text": "Hi"})]
    for events in ([RESPOND], [ITEM, ITEM, RESPOND]):
        got, failures, unused = await played({"step": steps, "only": True}, sends(*events))
        assert "hello" in [event["type"] for event in got[:3]]
        assert (failures, unused) == ([], [])


async def test_what_stands_behind_a_response_comes_after_it():
    answers = [{"text": "one"}, {"text": "two"}, {"close": 1000}]
    got, _, _ = await played({"step": [step("response.create", *answers)]}, sends(RESPOND, until="no"))
    texts = [event["text"] for event in got if event["type"] == "response.output_text.done"]
    spoken = [event["transcript"] for event in got if event["type"] == "response.output_audio_transcript.done"]
    assert (texts or spoken, got[-1]["code"]) in ((["one", "two"], 1000), (["one"], 1000))


async def test_each_connection_has_its_own_part_with_faults():
    parts = [
        {"faults": ["close=1001"], "step": []},
        {"step": [step("session.update")], "request": {"query": {"model": "*", "x": "1"}}},
        {"step": [step("response.create")]},
    ]
    _, failures, unused = await played({"connection": parts}, sends(UPDATE, until="session.updated"), times=2)
    assert failures == ['connection 2: the handshake\'s query have not x = "1"']
    assert unused == ["connection 3: connection 3 was never opened"]


async def test_a_place_that_the_client_leaves_empty_is_a_failure():
    answer = {"event": {"type": "x", "id": "{client.item.id}"}}
    close = {"close": 1000}
    script = {"step": [step("conversation.item.create", answer), {"answer": [close]}]}
    _, failures, _ = await played(script, sends(ITEM, until="no"))
    assert failures == ["step 1: there is no client.item.id in what the client sent"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "the script is no table"),
        ({}, "script = 1 must stand at its beginning"),
        ({"script": 1, "stepp": []}, "the script: 'stepp' is none of"),
        ({"script": 1, "step": [{"expect": 3}]}, "step 1: expect is no list"),
        ({"script": 1, "step": [{}]}, "step 1: expects nothing and answers nothing"),
        ({"script": 1, "step": [{"expect": "a", "times": 0}]}, "step 1: times goes from 0"),
        ({"script": 1, "step": [{"expect": "a", "times": [2, 1]}]}, "step 1: times goes from 0"),
        ({"script": 1, "step": [step("a", {"text": "x", "wait": 1})]}, "step 1, answer 1: wants one of"),
        ({"script": 1, "step": [step("a", {"wait": 1e9})]}, "step 1, answer 1: wait is a number of seconds"),
        ({"script": 1, "step": [step("a", {"wait": float("nan")})]}, "step 1, answer 1: wait is a number of seconds"),
        ({"script": 1, "step": [step("a", {"close": 1006})]}, "step 1, answer 1: close is a code"),
        ({"script": 1, "step": [step("a", {"fault": "nope"})]}, "step 1, answer 1: fault: 'nope': no fault"),
        ({"script": 1, "step": [step("a", {"fault": "drop"})]}, "step 1, answer 1: fault: drop ends no connection"),
        ({"script": 1, "step": [step("a", {"error": "nope"})]}, "step 1, answer 1: error: 'nope' is no error"),
        ({"script": 1, "step": [step("a", {"event": {"type": "x", "y": "{open.file}"}})]}, "'{open.file}' is no place"),
        ({"script": 1, "step": [step("a", {"event": {"type": "x", "y": "{"}})]}, "a brace stands alone"),
        ({"script": 1, "connection": [{"step": [{"expect": "a", "x": 1}]}]}, "connection 1, step 1: 'x' is none of"),
        ({"script": 1, "faults": ["abort@x"]}, "faults: 'abort@x': after @"),
    ],
    ids=range(18),
)
def test_a_script_that_makes_no_sense_is_told_with_its_place(given, told):
    with pytest.raises(BadScript) as raised:
        read_script(given, "mine.toml")
    assert str(raised.value).startswith("mine.toml: ")
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", b"script = "),
        ("a.json", b"{"),
        ("a.json", b"[" * 100_000),
        ("a.json", b"[" + b"{}," * 60_000 + b"1]"),
        ("a.toml", b"script = 1\nx = " + b"[" * 3_000),
        ("a.toml", b"\xff"),
        ("a.toml", b"#" * (2 << 20)),
        ("none.toml", None),
    ],
    ids=range(8),
)
def test_a_file_that_is_no_script_is_told(tmp_path, name, text):
    if text is not None:
        (tmp_path / name).write_bytes(text)
    with pytest.raises(BadScript, match=name):
        load_script(tmp_path / name)


async def test_what_a_template_copies_is_bounded():
    copies = {f"a{number}": "{client.item}" for number in range(200)}
    answers = [{"event": {"type": "x", **copies}}, {"close": 1000}]
    large = ITEM | {"item": SAID | {"content": [{"type": "input_text", "text": "x" * 20_000}]}}
    got, failures, _ = await played(
        {"step": [step("conversation.item.create", *answers)]}, sends(large, until="x", most=2)
    )
    assert failures or len(got) == 2


NAMES = "script step connection expect with times answer event type text call arguments error close reason wait fault"
KEYS = st.sampled_from([*NAMES.split(), "faults", "request", "query", "headers", "only", "order", "usual"])
TEXTS = st.sampled_from(["a", "{", "{client.x}", "abort", "no-credit"])
PLAIN = st.none() | st.booleans() | st.integers(-5, 5000) | st.floats() | TEXTS
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_whatever_stands_in_a_script_it_is_taken_or_told_in_a_sentence(value):
    with suppress(BadScript):
        assert read_script({"script": 1} | value).origin == "the script"


def test_a_misspelt_type_of_event_is_told_and_a_type_of_ones_own_is_taken():
    with pytest.raises(BadScript, match=r"no client sends 'sesion.update'; did you mean session.update"):
        read_script({"script": 1, "step": [{"expect": "sesion.update", "answer": []}]})
    read_script({"script": 1, "step": [{"expect": "acme.hello", "answer": []}]})


@pytest.mark.parametrize(
    "held",
    ["{client.wide}" * 5, ["{client.wide}"] * 5, ["{client.control}"] * 2, "\U0001f600" * 90_000, ["{client.all}"] * 2],
)
def test_an_event_is_bounded_by_what_is_sent_of_it(held):
    sent = {"wide": "\U0001f600" * 20_000, "control": "\0" * 100_000, "all": {"x": ["\u20ac"] * 70_000}}
    with pytest.raises(BadTemplate, match="comes to more than 1048576 characters"):
        fill({"type": "x", "held": held}, lambda path: at(sent, path.removeprefix("client.")))


def test_a_text_of_many_places_is_refused_before_it_is_put_together():
    asked = []

    def look(path):
        asked.append(path)
        return "x" * 600_000

    with pytest.raises(BadTemplate):
        fill({"held": "{client.x}" * 20_000}, look)
    assert len(asked) == 2


@pytest.mark.parametrize("levels", [101, 3_000])
def test_a_script_that_is_nested_without_end_is_told_in_a_sentence(tmp_path, levels):
    path = tmp_path / "deep.toml"
    path.write_text(f'script = 1\n[[steps]]\nexpect = "session.update"\nsession.{".".join(["a"] * levels)} = 1\n')
    with pytest.raises(BadScript, match="nested deeper than 100 levels"):
        load_script(path)


@pytest.mark.parametrize(
    ("dialect", "path", "sent", "steps", "wanted"),
    [
        (
            "vllm",
            "/realtime",
            {"type": "input_audio_buffer.commit", "final": True},
            [{"expect": "input_audio_buffer.commit", "with": {"final": True}, "answer": [{"text": "Good morning"}]}],
            ["session.created", "transcription.delta", "transcription.delta", "transcription.done"],
        ),
        (
            "vllm",
            "/realtime",
            {"type": "session.update", "model": "m"},
            [{"expect": "session.update", "answer": [{"error": {"code": "x", "message": "no"}}]}],
            ["session.created", "error"],
        ),
        (
            "translation",
            "/realtime/translations?model=gpt-realtime-translate",
            {"type": "session.update", "session": {"audio": {"output": {"language": "es"}}}},
            [{"expect": "session.update", "answer": [{"usual": True}, {"text": "Hola"}]}],
            ["session.created", "session.updated", "session.output_transcript.delta", "session.output_audio.delta"],
        ),
    ],
)
async def test_a_script_is_played_in_each_dialect(dialect, path, sent, steps, wanted):
    script = read_script({"script": 1, "only": True, "step": steps})
    async with MockServer({KEY}, dialect=dialect, script=script) as mock, aiohttp.ClientSession() as http:
        async with http.ws_connect(mock.base_url + path, headers=AUTH) as ws:
            told = [(await ws.receive_json())["type"]]
            await ws.send_json(sent)
            told += [(await ws.receive_json())["type"] for _ in wanted[1:]]
    assert (told, mock.stage.failures, mock.stage.unused()) == (wanted, [], [])
