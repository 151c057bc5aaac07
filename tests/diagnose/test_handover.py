"""What a user takes from a handshake that works: the pasted line is the handshake, and no key stands in it."""

import pytest

from rtdoctor.diagnose.handover import handover, with_snippet
from rtdoctor.diagnose.snippet import NoSnippet
from rtdoctor.engine.commandline import handshake_from, read_command, read_events
from rtdoctor.model.handshake import Handshake
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.secret import Secret

KEY = "sk-proj-" + "A1b2C3d4" * 4
UPDATE = {"type": "session.update", "session": {"type": "transcription"}}
GIVEN = {
    "header": Handshake("wss://h.example/v1/realtime?intent=transcription", (("Authorization", f"Bearer {KEY}"),)),
    "subprotocol": Handshake("wss://h.example/v1/realtime", (), ("realtime", f"openai-insecure-api-key.{KEY}")),
    "query": Handshake(f"wss://h.example/v1/realtime?model=x&api-key={KEY}"),
    "odd words": Handshake("wss://h.example/v1/realtime?x=it%27s", (("X-Mine", 'a "b" $HOME `id` \\'),)),
    "none": Handshake("ws://127.0.0.1:8/v1/realtime?model=a"),
}


def filled(given, key=KEY):
    """As a shell, or rtdoctor, fills in the variable."""
    return Handshake(
        given.url.replace("$OPENAI_API_KEY", key),
        tuple((name, value.replace("$OPENAI_API_KEY", key)) for name, value in given.headers),
        tuple(item.replace("$OPENAI_API_KEY", key) for item in given.subprotocols),
    )


@pytest.mark.parametrize("name", GIVEN)
def test_each_command_is_the_handshake(name):
    keep([Secret(KEY, "key", "a test")])
    given = GIVEN[name]
    handed = handover(given, given, KEY)
    assert handed.change == ()
    assert [tool for tool, _ in handed.commands] == ["rtdoctor", "curl", "websocat"]
    for tool, command in handed.commands:
        assert KEY not in command
        if tool != "rtdoctor":  # of which nobody pastes a command line into itself
            read = filled(read_command(command).handshake)
            assert (read.query, read.headers, read.subprotocols) == (given.query, given.headers, given.subprotocols)
    assert handed.variable == ("OPENAI_API_KEY" if KEY in given.written() else "")


def test_what_changed_stands_as_lines_with_its_place():
    before = Handshake("wss://h/x", (("OpenAI-Beta", "realtime=v1"), ("A", "b")), events=({"type": "old", "a": 1},))
    headers = (("A", "b"), ("Authorization", f"Bearer {KEY}"))
    after = Handshake("wss://h/y", headers, ("realtime",), ({"type": "n", "a": 1},))
    assert handover(before, after, KEY).change == (
        "- wss://h/x",
        "+ wss://h/y",
        "- OpenAI-Beta: realtime=v1",
        "+ Authorization: Bearer $OPENAI_API_KEY",
        "+ Sec-WebSocket-Protocol: realtime",
        "  {",
        '-   "type": "old",',
        '+   "type": "n",',
        '    "a": 1',
        "  }",
    )


def test_the_events_are_sent_by_who_can_send_them():
    given = Handshake("wss://h/v1/realtime", events=(UPDATE,))
    handed = handover(given, given, None)
    commands = dict(handed.commands)
    assert read_events("\n".join(handed.events), "events.jsonl") == (UPDATE,)
    assert commands["rtdoctor"].endswith("--send events.jsonl")
    assert commands["websocat"].startswith("cat events.jsonl | ")
    assert "events.jsonl" not in commands["curl"]
    long = Handshake("wss://h/v1/realtime", events=({"type": "x", "text": "a b " * 1000},))
    assert handover(long, long, None).events == ()


def test_another_variable_and_another_secret():
    given = Handshake("wss://h/v1/realtime", (("api-key", KEY), ("Cookie", "sid=abcdefghijklmnop0123")))
    command = handover(given, given, KEY, "MY_KEY").commands[0][1]
    assert "-H 'api-key: $MY_KEY'" in command
    assert "--key-env MY_KEY" in command
    assert "abcdefghijklmnop" not in command
    assert "[secret" in command, "whoever pastes it puts his own there"


def test_what_stands_beside_the_key_is_masked_as_ever():
    other = "q9Zk2LmX7pRt4VbN"
    given = Handshake(
        "wss://h/v1/realtime", (("X-Two", f"{other} {KEY}"), ("X-Three", f"{KEY} {other}")), (f"{other}.{KEY}",)
    )
    told = handover(given, given, KEY)
    for text in (told.url, *told.change, *(command for _, command in told.commands)):
        assert other not in text
        assert KEY not in text


def test_client_code_speaks_to_the_same_place_in_the_same_way():
    url = "wss://h.example/base/v1/realtime?model=my-model"
    given = handshake_from(url, [], ["realtime", f"openai-insecure-api-key.{KEY}"], [])
    handed = with_snippet(handover(given, given, KEY), "python-websockets", "t", "r")
    assert "https://h.example/base/v1" in handed.snippet
    assert "my-model" in handed.snippet
    assert "openai-insecure-api-key." in handed.snippet
    with pytest.raises(NoSnippet, match="/live/sessions"):
        with_snippet(
            handover(Handshake("wss://h/v1/live/sessions"), Handshake("wss://h/v1/live/sessions"), None), "go", "", ""
        )
