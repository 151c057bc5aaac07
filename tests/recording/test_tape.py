"""The tape: written a line at a time without a secret, and read as far as it goes."""

import base64
import gzip
import io
import json

import pytest

from rtdoctor.engine.validate import explain_tape, validate_file
from rtdoctor.files import NotWritten
from rtdoctor.recording.tape import BadTape, Recorder, Silence, is_tape, open_tape, read_tape

KEY = "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12"
URL = f"wss://api.openai.com/v1/realtime?model=gpt-realtime&api_key={KEY}"
HEADERS = [("Authorization", f"Bearer {KEY}"), ("Upgrade", "websocket"), ("Cookie", "__cf=q8w7e6r5t4z3")]
OFFERED = ["realtime", f"openai-insecure-api-key.{KEY}"]
AUDIO = base64.b64encode(bytes(range(256)) * 4).decode()


def taped(*, audio="keep"):
    lines = []
    return Recorder(lines.append, by="proxy", to=URL, audio=audio, clock=iter(range(1000)).__next__), lines


def as_file(lines):
    return io.BytesIO(b"".join(json.dumps(line, default=list).encode() + b"\n" for line in lines))


def refused(recorder):
    recorder.request(1, "wss://api.openai.com/v1/realtime?model=gpt-realtime", HEADERS[:2])
    body = '{"error": {"message": "Incorrect API key provided: sk-proj-****Kl12.", "code": "invalid_api_key"}}'
    recorder.answer(1, 401, "Unauthorized", [("Content-Type", "application/json")], body=body)
    recorder.end(1, "server", "eof")


def test_no_secret_is_on_a_tape():
    recorder, lines = taped()
    recorder.request(1, URL, HEADERS, OFFERED, method="POST", body=json.dumps({"api_key": KEY}))
    recorder.answer(1, 101, f"Hi {KEY}", [("Set-Cookie", "a=q8w7e6r5t4z3"), ("X-Echo", KEY)], body=f"no {KEY}")
    recorder.text(1, "server", json.dumps({"type": "error", "error": {"message": f"{KEY} is wrong"}}))
    recorder.text(1, "client", json.dumps({"type": "input_audio_buffer.append", "audio": AUDIO, "note": KEY}))
    recorder.text(1, "client", f"no event {KEY}")
    for kind in ("binary", "ping", "pong"):
        recorder.data(1, "client", kind, KEY.encode())
    recorder.close(1, "server", 3000, KEY)
    recorder.fault(1, "tcp", "refused", KEY)
    assert len(lines) == 11
    for line in lines:
        told = json.dumps(line, default=list)
        assert KEY not in told
        assert "Ab12Cd34" not in told
        assert "q8w7e6r5" not in told
        assert "base64" not in line or KEY.encode() not in base64.b64decode(line["base64"])
    assert json.loads(lines[4]["data"])["audio"] == AUDIO  # the media beside a secret stays


def test_a_text_without_a_secret_stays_as_it_was_written():
    recorder, lines = taped()
    text = '{ "type" : "response.output_audio.delta",\t"delta": "' + AUDIO + '", "n": 1.50, "u": "\\u00fc" }'
    recorder.text(1, "server", text)
    assert lines[-1]["data"] == text


@pytest.mark.parametrize("audio", ["drop", "hash"])
def test_audio_is_left_out_where_that_was_asked_for(audio):
    recorder, lines = taped(audio=audio)
    part = {"type": "input_audio", "audio": AUDIO}
    recorder.text(1, "client", json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA"}))
    recorder.text(1, "server", json.dumps({"type": "response.output_audio.delta", "delta": AUDIO}))
    recorder.text(1, "client", json.dumps({"type": "conversation.item.create", "item": {"content": [part]}}))
    recorder.text(1, "server", json.dumps({"type": "response.output_text.delta", "delta": "hello"}))
    recorder.data(1, "client", "binary", b"\0" * 30)
    small, delta, item, word = (json.loads(line["data"]) for line in lines[1:5])
    assert small["audio"]["audio_bytes"] == 3
    assert delta["delta"]["audio_bytes"] == 1024
    assert item["item"]["content"][0]["audio"]["audio_bytes"] == 1024
    assert word["delta"] == "hello"
    assert lines[5]["audio_bytes"] == 30
    assert "base64" not in lines[5]
    assert ("sha256" in small["audio"]) is (audio == "hash")
    assert AUDIO not in json.dumps(lines, default=list)


def test_each_line_is_in_the_file_when_the_call_returns(tmp_path):
    path = tmp_path / "a.tape"
    with open_tape(path) as tell:
        recorder = Recorder(tell, by="mock", to="http://localhost:1/v1")
        for count in range(1, 4):
            assert len(list(read_tape(io.BytesIO(path.read_bytes())))) == count
            recorder.text(1, "client", "{}")
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_over(tmp_path):
    path, link, notes = tmp_path / "a.tape", tmp_path / "link", tmp_path / "notes"
    path.touch()
    with open_tape(path) as tell:
        Recorder(tell, by="mock", to="http://localhost:1/v1")
    before = path.read_bytes()
    assert before.count(b"\n") == 1
    notes.write_text("dear diary")
    link.symlink_to(path)
    (tmp_path / "hard").hardlink_to(path)
    for other in (path, notes, tmp_path, link, tmp_path / "hard", tmp_path / "no" / "folder"):
        with pytest.raises(NotWritten), open_tape(other):
            raise AssertionError
    assert (path.read_bytes(), notes.read_text()) == (before, "dear diary")


def test_one_tape_has_one_writer(tmp_path):
    path = tmp_path / "a.tape"
    with open_tape(path), pytest.raises(NotWritten, match="another process"), open_tape(path):
        raise AssertionError


def test_a_tape_that_never_began_is_not_there(tmp_path):
    new, empty = tmp_path / "new", tmp_path / "empty"
    empty.touch()
    for path in (new, empty):
        with open_tape(path):
            pass
    assert list(tmp_path.iterdir()) == [empty]


def test_a_cut_tape_is_read_up_to_the_cut():
    recorder, lines = taped()
    refused(recorder)
    whole = as_file(lines).getvalue()
    for size in range(len(whole.splitlines()[0]) + 1, len(whole)):
        read = list(read_tape(io.BytesIO(whole[:size])))
        assert [line for _, line in read] == [json.loads(line) for line in whole.splitlines()[: len(read)]]
    assert len(read) == 4  # all but the newline of the last, which is whole without it
    broken = whole.splitlines(keepends=True)
    broken[1] = b'{"t": 0, "conn\n'
    assert [line.get("kind") for _, line in read_tape(io.BytesIO(b"".join(broken)))][1:] == ["problem", "answer", "end"]


@pytest.mark.parametrize("text", [b"", b"[]", b'{"tape": 2}', b"{'tape': 1}", b"\x00", b'{"tape": 1'])
def test_what_is_no_tape_is_said_to_be_none(text):
    if text:
        with pytest.raises(BadTape):
            list(read_tape(io.BytesIO(text)))
    else:
        assert list(read_tape(io.BytesIO(text))) == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_refused_handshake_on_a_tape_has_its_cause(pack):
    recorder, lines = taped()
    refused(recorder)
    data = pack(as_file(lines).getvalue())
    report = validate_file("a", io.BytesIO(data))
    assert [one.finding.cause for one in report.connections] == ["auth.invalid"]
    assert report.exit_code == 1
    assert [finding.cause for finding in explain_tape(io.BytesIO(data)).findings] == ["auth.invalid"]
    assert is_tape(as_file(lines).getvalue()[:64])


def test_connections_that_go_on_at_the_same_time_are_judged_apart():
    recorder, lines = taped(audio="drop")
    created = {"type": "session.created", "event_id": "event_1", "session": {"type": "realtime"}}
    for number in (1, 2):
        recorder.request(number, "wss://api.openai.com/v1/realtime?model=m", HEADERS)
        recorder.answer(number, 101, "", [])
    for number in (1, 2):
        recorder.text(number, "server", json.dumps(created))
    recorder.text(1, "client", json.dumps({"type": "input_audio_buffer.append", "audio": AUDIO}))
    recorder.text(2, "server", json.dumps({"type": "error", "error": {"code": "invalid_api_key", "message": "no"}}))
    recorder.close(2, "server", 3000, "invalid_request_error.invalid_api_key")
    recorder.end(2, "server", "close")
    recorder.close(1, "client", 1000, "")
    recorder.end(1, "client", "close")
    report = validate_file("a", as_file(lines))
    told = {one.socket: one for one in report.connections}
    assert told[1].finding is None
    assert told[2].finding.cause == "auth.invalid"
    assert told[1].events["client", "input_audio_buffer.append"] == 1
    assert not [one for one in told[1].violations if "append" in one.violation.event_type]


def test_a_connection_that_broke_is_one_that_was_dropped():
    recorder, lines = taped()
    recorder.request(1, "wss://api.openai.com/v1/realtime?model=m", HEADERS)
    recorder.answer(1, 101, "", [])
    recorder.end(1, "server", "reset")
    (one,) = validate_file("a", as_file(lines)).connections
    assert one.finding.cause == "close.abnormal"


def test_a_request_that_asks_for_no_socket_is_judged_as_such():
    recorder, lines = taped()
    refusal = '{"error": {"code": "invalid_api_key"}}'
    for number, status in ((1, 200), (2, 401)):
        recorder.request(number, "https://api.openai.com/v1/realtime/client_secrets", HEADERS[:1], method="POST")
        recorder.answer(number, status, "", [], body="{}" if status == 200 else refusal)
        recorder.end(number, "server", "close")
    one, two = validate_file("a", as_file(lines)).connections
    assert one.finding is None
    assert two.finding.cause == "auth.invalid"


def test_what_is_given_back_of_audio_is_bounded_in_all_and_as_long_as_it_was():
    silence = Silence()
    for size in (0, 1, 2, 3, 4_801, 100_000, 100_001):
        told = silence.back({"type": "input_audio_buffer.append", "audio": {"audio_bytes": size}})
        assert base64.b64decode(told["audio"], validate=True) == bytes(size)
    part = {"type": "input_audio", "audio": {"audio_bytes": 9 << 20}}
    many = silence.back({"content": [dict(part) for _ in range(60)]})["content"]
    assert sum(len(one["audio"]) for one in many) <= (15 << 20) * 4 // 3
    held = {}
    for size in range(60):
        text = silence.back({"audio": {"audio_bytes": (3 << 20) + size}})["audio"]
        held[id(text)] = len(text)
    assert sum(held.values()) < 21 << 20
    assert silence.back({"delta": {"audio_bytes": -1}}) == {"delta": ""}
