"""The live view of a tape's lines in the terminal."""

import io

import pytest

from rtdoctor.report.live_terminal import LiveTerminal
from tests.web.sessions import conversation, header, opened, text, turn


def shown(*lines):
    out = io.StringIO()
    with LiveTerminal(out) as terminal:
        for line in lines:
            terminal.take(line)
    return out.getvalue()


def test_connections_events_latencies_and_findings_are_shown():
    told = shown(*conversation(400))
    assert "wss://api.openai.com/v1/realtime" in told
    assert "refused 401" in told
    assert "closed 1000" in told
    assert "300 ms (" in told
    assert "2 findings" in told
    assert "→ Leave the commit to VAD" in told


def test_a_create_is_measured_to_the_first_audio():
    told = shown(
        header(),
        text(1.0, "client", {"type": "response.create"}),
        text(1.4, "server", {"type": "response.output_audio_transcript.delta", "delta": "a"}),
        text(1.6, "server", {"type": "response.output_audio.delta", "delta": "AAAA"}),
        text(1.9, "server", {"type": "response.output_audio.delta", "delta": "AAAA"}),
    )
    assert "600 ms (1)" in told


def test_the_echo_of_a_close_is_none():
    told = shown(
        *opened(),
        {"t": 1.0, "connection": 1, "kind": "close", "from": "server", "code": 3000, "reason": "no"},
        {"t": 1.1, "connection": 1, "kind": "close", "from": "client", "code": 1000, "reason": ""},
    )
    assert "closed 3000" in told
    assert "closed 1000" not in told


def test_audio_does_not_push_the_other_events_out():
    lines = [text(at / 10, "client", {"type": "input_audio_buffer.append", "audio": "AAAA"}) for at in range(500)]
    told = shown(*opened(), *lines)
    assert "session.created" in told
    assert "500" in told


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J\x1b[31m", "[red]markup[/red]", "\u202eturned", "word " * 100_000, "a\nb\rc", "\ud800"]
)
def test_text_of_a_server_cannot_act_on_the_terminal(hostile):
    told = shown(
        {**header(), "to": hostile},
        text(0.0, "server", {"type": hostile, "delta": hostile}),
        text(0.0, "server", {"type": "error", "error": {"code": hostile, "message": hostile}}),
        {"t": 0.0, "connection": 1, "kind": "close", "code": hostile, "reason": hostile},
        {
            "t": 0.0,
            "connection": 1,
            "kind": "finding",
            "level": hostile,
            "id": hostile,
            "text": hostile,
            "remedy": hostile,
        },
    )
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert len(told) < 10_000
    if hostile.startswith("[red]"):
        assert "[red]" in told


@pytest.mark.parametrize(
    "line", [{}, {"kind": 7, "connection": []}, {"kind": "text", "data": 5, "t": "x"}, {"kind": "answer"}]
)
def test_a_line_of_any_form_is_taken(line):
    assert shown(line, *turn(0.0, 1))


def test_what_is_said_beside_the_picture_stays_and_acts_on_no_terminal():
    out = io.StringIO()
    with LiveTerminal(out) as live:
        live.say("ready: http://h/v1 \x1b[2J")
    assert out.getvalue().startswith("ready: http://h/v1 ")
    assert "\x1b" not in out.getvalue()
