"""`rtdoctor probe` as a user runs it."""

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from rtdoctor.engine.commandline import handshake_from
from tests.cli.commands.test_check import rtdoctor, serving
from tests.conftest import KEY

SCHEMA = json.loads(files("rtdoctor.report").joinpath("report.schema.json").read_text(encoding="utf-8"))


def test_the_smallest_change_is_proven_and_no_key_is_shown(tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text('{"type": "transcription_session.update", "session": {"input_audio_format": "pcm16"}}\n')
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime/transcription_sessions"
        arguments = ["probe", url, "-H", "Authorization: Bearer $OPENAI_API_KEY", "--send", str(events), "--fix"]
        shown = rtdoctor(*arguments, key=KEY)
        as_json = rtdoctor(*arguments, "--format", "json", key=KEY)
    document = json.loads(as_json.stdout)
    jsonschema.validate(document, SCHEMA)
    assert (shown.returncode, as_json.returncode) == (1, 1)
    assert document["summary"]["cause"] == "refused.path"
    assert len(document["results"]) == 1
    assert document["fix"]["works"] is True
    assert "1. change the path to /v1/realtime" in shown.stdout
    assert "HTTP 403 Forbidden" in shown.stdout
    assert f"\n  - {url}\n  + {server.base_url.replace('http', 'ws')}/realtime?intent=transcription\n" in shown.stdout
    assert "needless" not in shown.stdout
    assert "Check the path" not in shown.stdout, "one cure: the one that is proven"
    assert document["handover"]["change"][:2] == [f"- {url}", f"+ {document['handover']['url']}"]
    for text in (shown.stdout, shown.stderr, as_json.stdout):
        assert KEY not in text
        assert KEY[-8:] not in text


def test_what_is_handed_over_works_when_it_is_pasted(tmp_path):
    """The commands as a shell takes them; without a key in the handshake the fix puts it in by its variable."""
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime/transcription_sessions"
        done = rtdoctor("probe", url, "--fix", "--as", "csharp", "--format", "json", key=KEY)
        handed = json.loads(done.stdout)["handover"]
        commands = dict(handed["commands"])
        env = {**os.environ, "OPENAI_API_KEY": KEY, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

        def pasted(tool):
            return subprocess.run(["sh", "-c", commands[tool]], env=env, capture_output=True, check=False, cwd=tmp_path)

        again = pasted("rtdoctor")
        curled = pasted("curl").stdout if shutil.which("curl") else b"101 session.created"
    assert handed["variable"] == "OPENAI_API_KEY"
    assert "new ClientWebSocket()" in handed["snippet"]
    assert f'"{server.base_url}"' in handed["snippet"]
    assert again.returncode == 0, again.stdout
    assert b"101" in curled
    assert b"session.created" in curled
    assert KEY not in done.stdout + done.stderr


def test_the_search_that_finds_nothing_says_what_came_nearest():
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime/transcription_sessions"
        wrong = "sk-proj-wrong00112233445566778899"
        done = rtdoctor("probe", url, "-H", "Authorization: Bearer $OPENAI_API_KEY", "--fix", key=wrong)
        whole = rtdoctor("probe", url, "-H", "Authorization: Bearer $OPENAI_API_KEY", "--fix", "-v", key=wrong)
    told = " ".join(done.stdout.split())
    assert "It comes furthest with this: change the path to /v1/realtime. What is wrong then: The key is not" in told
    assert "offer the subprotocols" not in told
    assert "offer the subprotocols" in whole.stdout


def test_a_key_that_is_set_and_not_sent_is_told():
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime?intent=transcription"
        told = rtdoctor("probe", url, "--no-fix", key=KEY).stdout
        good = rtdoctor("probe", url, "--no-fix", "-H", "Authorization: Bearer $OPENAI_API_KEY", key=KEY).stdout
    assert "OPENAI_API_KEY is set, and this handshake does not send it" in told
    assert "does not send it" not in good


def test_client_code_in_an_unknown_language_is_refused_before_anything_is_sent():
    done = rtdoctor("probe", "ws://127.0.0.1:1/v1/realtime", "--as", "cobol")
    assert done.returncode == 2
    assert "--as: there is no snippet for 'cobol'" in done.stderr


def test_a_healthy_handshake_is_exit_0_without_a_cause():
    with serving() as server:
        command = f"websocat -H='Authorization: Bearer $OPENAI_API_KEY' {server.base_url}/realtime?intent=transcription"
        done = rtdoctor("probe", "--websocat", command, "--format", "json", key=KEY)
    document = json.loads(done.stdout)
    assert (done.returncode, document["summary"]["cause"], document["fix"]) == (0, None, None)


def test_a_secret_in_a_pasted_command_line_is_not_shown():
    with serving() as server:
        command = f"curl -H 'Authorization: Bearer gateway-token-0123456789' {server.base_url}/realtime?model=x"
        done = rtdoctor("probe", "--curl", command)
    assert done.returncode == 1
    assert "auth.invalid" in done.stdout
    assert "gateway-token" not in done.stdout + done.stderr
    assert "6789" not in done.stdout


def test_a_stopped_server_is_exit_3():
    with serving() as server:
        url = server.base_url.replace("http", "ws")
    done = rtdoctor("probe", url + "/realtime", "--format", "json", "--fix")
    document = json.loads(done.stdout)
    assert (done.returncode, document["summary"]["cause"]) == (3, "network.tcp-refused")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give one handshake"),
        (["wss://h/x", "--curl", "curl https://h"], "give one handshake"),
        (["no-url"], "is no URL of a socket"),
        (["wss://h/x", "-H", "nocolon"], "has no colon"),
        (["wss://h/x", "--query", "x"], "no value"),
        (["wss://h/x", "-H", "Authorization: Bearer $OPENAI_API_KEY"], "no key to put there"),
        (["wss://h/x", "--send", "/no/such"], "--send /no/such"),
        (["--har", "/no/such"], "no such file"),
        (["wss://h/x", "--ca-file", "/no/such"], "no such file"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(arguments, says):
    done = rtdoctor("probe", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def refusing():
    """A server that answers everything with 401 and keeps what it was sent. Yields its port and the bytes."""
    listening = socket.create_server(("127.0.0.1", 0))
    heard = bytearray()

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(10)
                head = b""
                while b"\r\n\r\n" not in head and (data := connection.recv(65536)):
                    head += data
                heard.extend(head)
                connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1], heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def har_of(folder, url, *headers):
    pairs = [{"name": name, "value": value} for name, value in headers]
    entry = {"request": {"url": url, "method": "GET", "headers": pairs}, "_webSocketMessages": []}
    file = folder / "strange.har"
    file.write_text(json.dumps({"log": {"entries": [entry]}}))
    return str(file)


@pytest.mark.parametrize("written", ["$OPENAI_API_KEY", "${OPENAI_API_KEY}", "$MY_KEY"])
def test_a_variable_in_a_har_is_not_filled_in(tmp_path, written):
    with refusing() as (port, heard):
        har = har_of(
            tmp_path,
            f"ws://127.0.0.1:{port}/v1/realtime?model=x&token={written}",
            ("Authorization", f"Bearer {written}"),
            ("X-Mine", written),
            ("Sec-WebSocket-Protocol", f"realtime, openai-insecure-api-key.{written.strip('${}')}"),
        )
        for more in ([], ["--key-env", "MY_KEY", "--no-fix"]):
            done = rtdoctor("probe", "--har", har, "--format", "json", *more, key=KEY, MY_KEY=KEY)
            assert done.returncode == 1, done.stderr
    assert f"X-Mine: {written}".encode() in heard
    assert KEY.encode() not in heard


def test_the_fix_of_a_har_never_sends_the_key_of_the_environment(tmp_path):
    with refusing() as (port, heard):
        har = har_of(tmp_path, f"ws://127.0.0.1:{port}/v1/realtime?model=x", ("Authorization", "Bearer of-the-har-01"))
        done = rtdoctor("probe", "--har", har, "--fix", "--format", "json", key=KEY)
    assert done.returncode == 1
    assert heard.count(b"HTTP/1.1\r\n") > 5, "mended handshakes were tried"
    assert b"of-the-har-01" in heard
    assert KEY.encode() not in heard
    assert KEY[-8:].encode() not in heard


@pytest.mark.parametrize("by", ["--key-env", "--key-file"])
def test_the_fix_of_a_har_uses_a_key_that_was_named(tmp_path, by):
    (tmp_path / "key").write_text(KEY)
    named = ["--key-env", "MY_KEY"] if by == "--key-env" else ["--key-file", str(tmp_path / "key")]
    with refusing() as (port, heard):
        har = har_of(tmp_path, f"ws://127.0.0.1:{port}/v1/realtime?model=x")
        done = rtdoctor("probe", "--har", har, "--fix", "--format", "json", *named, MY_KEY=KEY)
    assert done.returncode == 1
    assert f"Bearer {KEY}".encode() in heard
    assert KEY not in done.stdout + done.stderr


def test_a_har_cannot_have_the_key_sent_in_plain_text_under_the_name_of_openai(tmp_path):
    with refusing() as (port, heard):
        har = har_of(tmp_path, f"ws://api.openai.com:{port}/v1/realtime?model=x")
        pinned = ["--resolve", f"api.openai.com:{port}:127.0.0.1"]
        done = rtdoctor("probe", "--har", har, "--fix", "--format", "json", *pinned, key=KEY)
    assert done.returncode == 1, done.stderr
    assert heard.count(b"HTTP/1.1\r\n") > 5, "mended handshakes were tried"
    assert KEY.encode() not in heard


ODD_HARS = [
    {"_webSocketMessages": 5, "request": {"url": "ws://127.0.0.1:9/v1/realtime"}},
    {"_webSocketMessages": True, "request": {"url": "ws://127.0.0.1:9/v1/realtime", "headers": 5}},
    {"request": {"url": "ws://[::1"}},
    {"request": {"url": "ws://127.0.0.1:9/x?a=\ud800"}},
    {"request": {"url": "ws://127.0.0.1:9/v1", "headers": [{"name": "X", "value": "a\r\nEvil: 1"}]}},
    {
        "request": {"url": "ws://127.0.0.1:9/v1/realtime"},
        "_webSocketMessages": [{"type": "send", "data": '{"type":"session.update","x":' + "[" * 900 + "]" * 900 + "}"}],
    },
]


@pytest.mark.parametrize("entry", ODD_HARS, ids=range(len(ODD_HARS)))
def test_an_odd_har_is_told_or_tried_and_never_a_bug(entry, tmp_path):
    (tmp_path / "odd.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    done = rtdoctor("probe", "--har", str(tmp_path / "odd.har"), "--fix", "--timeout", "1", key=KEY)
    assert done.returncode in (2, 3), done.stderr
    assert "bug" not in done.stderr


@pytest.mark.parametrize("arguments", [["http://[::1"], ["ws://127.0.0.1:9/", "-H", "X: a\r\nEvil: 1"]])
def test_a_handshake_that_cannot_be_sent_is_a_usage_error(arguments):
    done = rtdoctor("probe", *arguments, key=KEY)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_a_wrong_format_in_an_event_is_mended_too(tmp_path):
    format = {"type": "audio/pcm", "rate": 16000}
    event = {"type": "session.update", "session": {"type": "transcription", "audio": {"input": {"format": format}}}}
    (tmp_path / "events.jsonl").write_text(json.dumps(event))
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime?intent=transcription"
        line = ["probe", url, "-H", "Authorization: Bearer $OPENAI_API_KEY", "--send", str(tmp_path / "events.jsonl")]
        done = rtdoctor(*line, "--fix", "--format", "json", key=KEY)
    fix = json.loads(done.stdout)["fix"]
    assert fix["works"]
    assert fix["edits"] == ['declare session.audio.input.format as {"type": "audio/pcm", "rate": 24000}']


@pytest.mark.parametrize("form", ["base64", "hex", "percent", "name"])
def test_insecure_keeps_a_key_back_in_whatever_form_or_refuses(form):
    plain = KEY.encode()
    header = {
        "base64": f"X-Mine: {base64.b64encode(plain).decode()}",
        "hex": f"X-Mine: {plain.hex()}",
        "percent": "X-Mine: " + "".join(f"%{byte:02X}" for byte in plain),
        "name": f"{KEY}: x",
    }[form]
    done = rtdoctor("probe", "wss://127.0.0.1:9/v1/realtime", "-H", header, "--insecure", "--timeout", "1", key=KEY)
    if form == "name":
        assert (done.returncode, done.stdout) == (2, "")
        assert "cannot be kept back" in done.stderr
    else:
        assert done.returncode == 3
        assert "X-Mine: [secret " in done.stdout
        sent = handshake_from("wss://h.example/v1/realtime", [header], [], [])
        assert not any(piece in sent.without_secrets(sent.secrets()).written() for piece in (header[8:], KEY))


def _opaque(number):
    return hashlib.sha256(bytes([number])).hexdigest()


@pytest.mark.parametrize("place", ["subprotocol", "path", "header", "many"])
def test_insecure_refuses_what_is_too_long_or_too_much_to_be_kept_back(place):
    long = "".join(f"{number:x}k" for number in range(400))
    url, more = "wss://127.0.0.1:9/v1/realtime", []
    match place:
        case "subprotocol":
            more = ["--subprotocol", f"base64url.bearer.{long}"]
        case "path":
            url = f"{url}/{long}"
        case "header":
            more = ["-H", f"X-Plain: {long}"]
        case "many":
            more = [part for number in range(31) for part in ("--subprotocol", _opaque(number))]
    done = rtdoctor("probe", url, *more, "--insecure", "--timeout", "1", key=KEY)
    if place == "header":  # its value is no longer than it is secret: it is kept back as a whole
        assert done.returncode == 3
        return
    assert (done.returncode, done.stdout) == (2, "")
    assert "more opaque text than can be kept back" in done.stderr


def test_insecure_keeps_back_a_long_token_where_its_name_tells_that_it_is_one():
    token = "eyJ" + "".join(f"{number:x}k" for number in range(400))
    header = ["-H", f"Authorization: Bearer {token}", "-H", f"Cookie: a={token}"]
    done = rtdoctor("probe", "wss://127.0.0.1:9/v1/realtime", *header, "--insecure", "--timeout", "1", key=KEY)
    assert done.returncode == 3, done.stderr


def test_a_terminal_of_no_width_still_gets_the_report():
    done = rtdoctor("probe", "ws://127.0.0.1:9/v1/realtime", "--timeout", "1", COLUMNS="0", LINES="²", key=KEY)
    assert done.returncode == 3
    assert "tcp" in done.stdout


@pytest.mark.parametrize("place", ["-H", "--subprotocol", "--query"])
@pytest.mark.parametrize("named", ["$OPENAI_API_KEY_STAGING", "${OPENAI_API_KEYS}", "$OPENAI_API_KEY2", "$GATEWAY"])
def test_a_variable_of_another_name_in_a_credential_is_told_and_nothing_is_sent(place, named):
    value = {
        "-H": f"Authorization: Bearer {named}",
        "--subprotocol": f"openai-insecure-api-key.{named}",
        "--query": f"api-key={named}",
    }[place]
    with refusing() as (port, heard):
        done = rtdoctor("probe", f"ws://127.0.0.1:{port}/v1/realtime", place, value, "--no-fix", key=KEY)
    assert (done.returncode, done.stdout, bytes(heard)) == (2, "", b"")
    assert f"{named} stands in the handshake, and only $OPENAI_API_KEY is filled in" in done.stderr


def test_a_variable_is_filled_in_as_a_shell_would_and_stands_where_no_credential_does():
    with refusing() as (port, heard):
        more = [
            "-H",
            "Cookie: $Version=1; a=x$y",
            "-H",
            "api-key: a$b",
            "-H",
            "X-A: ${OPENAI_API_KEY}_x",
            "-H",
            "X-B: a$OPENAI_API_KEY.b",
            "-H",
            "X-C: $OPENAI_API_KEY_STAGING",
        ]
        rtdoctor("probe", f"ws://127.0.0.1:{port}/v1/realtime", *more, "--no-fix", key=KEY)
    for line in (f"X-A: {KEY}_x", f"X-B: a{KEY}.b", "X-C: $OPENAI_API_KEY_STAGING", "Cookie: $Version=1; a=x$y"):
        assert f"{line}\r\n".encode() in heard


ELSEWHERE = {
    "proxy of the environment": ([], {"http_proxy": "http://127.0.0.1:{port}"}),
    "proxy of the flag": (["--proxy", "http://127.0.0.1:{port}"], {}),
    "address of --resolve": (["--resolve", "localhost:{port}:192.0.2.7,127.0.0.1"], {}),
}


@pytest.mark.parametrize("way", ELSEWHERE)
@pytest.mark.parametrize("pasted", [False, True])
def test_a_host_of_this_machine_that_is_reached_elsewhere_gets_no_key_unasked(way, pasted):
    with refusing() as (port, heard):
        flags, variables = ELSEWHERE[way]
        flags = [flag.format(port=port) for flag in flags]
        variables = {name: value.format(port=port) for name, value in variables.items()}
        url = f"ws://localhost:{port}/v1/realtime"
        line = ["--curl", f"curl {url} -H 'api-key: $OPENAI_API_KEY'"] if pasted else [url]
        done = rtdoctor("probe", *line, *flags, "--fix", "--timeout", "2", key=KEY, no_proxy="", **variables)
    assert KEY.encode() not in heard
    assert done.returncode in ((2,) if pasted else (1, 3))


def test_what_a_flag_adds_to_a_har_is_filled_in(tmp_path):
    with refusing() as (port, heard):
        har = har_of(tmp_path, f"ws://127.0.0.1:{port}/v1/realtime?model=x", ("X-Mine", "$OPENAI_API_KEY"))
        more = ["-H", "X-A: $OPENAI_API_KEY", "--query", "key=$OPENAI_API_KEY", "--no-fix"]
        rtdoctor("probe", "--har", har, *more, key=KEY)
    assert f"X-A: {KEY}\r\n".encode() in heard
    assert f"?model=x&key={KEY} HTTP".encode() in heard
    assert b"X-Mine: $OPENAI_API_KEY\r\n" in heard


STRANGERS = (
    "ws://stranger.example/v1/realtime",
    "http://api.openai.com/v1/realtime",
    "-x http://stranger.example:3128 http://localhost:18999/v1/realtime",
)


@pytest.mark.parametrize("url", STRANGERS)
def test_a_pasted_command_line_brings_the_key_to_no_stranger(url):
    done = rtdoctor("probe", "--curl", f"curl {url} -H 'Authorization: Bearer $OPENAI_API_KEY'", "--no-fix", key=KEY)
    assert done.returncode == 2
    assert "which is not OpenAI's over TLS; --key-env OPENAI_API_KEY lets it" in done.stderr


def test_a_search_for_a_change_brings_the_key_of_the_environment_to_no_host_that_was_given_another():
    with refusing() as (port, heard):
        url = f"ws://127.0.0.1:{port}/v1/realtime?model=x"
        rtdoctor("probe", url, "-H", "Authorization: Bearer of-another-vendor-01", "--fix", "--format", "json", key=KEY)
    assert heard.count(b"HTTP/1.1\r\n") > 3
    assert KEY.encode() not in heard
