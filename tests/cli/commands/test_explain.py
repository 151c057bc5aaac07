"""`rtdoctor explain` as a user runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import rtdoctor as package
from rtdoctor.knowledge.causes import causes
from tests.cli.commands.test_check import rtdoctor
from tests.processes import run

SCHEMA = json.loads((Path(package.__file__).parent / "report" / "explain.schema.json").read_text("utf-8"))
DOTNET = "The server returned status code '403' when status code '101' was expected."
KEY = "sk-proj-7f3a9c0d5e1b2468aAbBcCdD"


def piped(data: bytes, *arguments):
    return run("explain", *arguments, data=data)


def document(*arguments):
    done = rtdoctor("explain", "--format", "json", *arguments)
    told = json.loads(done.stdout)
    jsonschema.validate(told, SCHEMA)
    return done.returncode, told


def test_a_text_is_explained():
    done = rtdoctor("explain", DOTNET)
    assert done.returncode == 0
    assert done.stdout.startswith("refused.path may be it: That path has no WebSocket")
    assert "?intent=transcription" in done.stdout
    assert done.stderr == ""


def test_words_that_the_shell_took_apart_are_one_text():
    done = rtdoctor("explain", "received", "4000", "(private", "use)", "invalid_request_error.missing_model")
    assert done.stdout.startswith("session.model-missing")


def test_json_has_the_form_of_its_schema():
    code, told = document("Unexpected server response: 429\nlater: closed 1013 insufficient_quota.x")
    assert code == 0
    assert told["healthy"] is False
    assert [finding["cause"] for finding in told["findings"]] == ["refused.rate-limited", "limits.quota"]
    assert told["findings"][0]["facts"][0] == "The text says: Unexpected server response: 429"


def test_healthy_and_unknown():
    code, told = document("< HTTP/1.1 101 Switching Protocols\n< session.created\n< session.updated")
    assert (code, told["healthy"], told["findings"]) == (0, True, [])
    code, told = document("nothing of interest")
    assert (code, told["healthy"], told["findings"][0]["cause"]) == (3, False, "unknown.unknown")
    assert rtdoctor("explain", "< session.created\n< session.updated").stdout.startswith("Healthy: ")


def test_a_file_a_pipe_and_no_argument(tmp_path):
    (tmp_path / "app.log").write_text(f"noise\n{DOTNET}\nnoise\n")
    assert rtdoctor("explain", str(tmp_path / "app.log")).stdout.startswith("refused.path")
    assert piped(DOTNET.encode(), "-").stdout.startswith(b"refused.path")
    assert piped(DOTNET.encode("utf-16")).stdout.startswith(b"refused.path")
    assert piped(b"\xff\xfe\x00\x80\xd8").returncode in (2, 3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "the text is empty"),
        (["-"], "the text is empty"),
        ([" "], "the text is empty"),
        (["./no-such-folder/", "./"], "there is no file"),
        (["--cause", "no.such-cause"], "nothing is known of 'no.such-cause'"),
        (["--format", "yaml", "4000"], "'yaml' is not one of"),
        (["--cause"], "requires an argument"),
        (["--nope"], "No such option"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(arguments, says):
    done = rtdoctor("explain", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_not_there_is_said():
    done = rtdoctor("explain", "no/such/session.log")
    assert done.returncode == 3
    assert "there is no file 'no/such/session.log'" in done.stderr


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        ("session.beta-retired", "session.beta-retired"),
        ("4000", "session.beta-retired"),
        ("3000", "auth.invalid"),
        ("4004", "session.model-retired"),
        ("1013", "limits.quota"),
        ("1001", "close.normal"),
        ("1006", "close.abnormal"),
        ("1008", "close.policy"),
        ("1011", "close.server"),
        ("401", "refused.unauthorized"),
        ("403", "refused.path"),
        ("404", "refused.path"),
        ("407", "network.proxy-auth"),
        ("426", "network.upgrade-stripped"),
        ("429", "refused.rate-limited"),
        ("503", "refused.server-error"),
        ("invalid_model", "session.model-unknown"),
        ("insufficient_quota", "limits.quota"),
        ("beta_api_shape_disabled", "session.beta-retired"),
        ("session_expired", "session.expired"),
    ],
)
def test_the_page_of_a_cause(asked, cause):
    code, told = document("--cause", asked)
    assert (code, told["page"]["cause"]) == (0, cause)
    assert told["page"]["evidence"]


def test_a_page_on_the_terminal_holds_all_of_it():
    done = rtdoctor("explain", "--cause", "session.beta-retired")
    assert done.returncode == 0
    for part in ("means", "meets it", "shows", "> OpenAI-Beta: realtime=v1", "mended", "known", "2026-09-20"):
        assert part in done.stdout


def test_the_causes_are_listed():
    code, told = document("--list")
    assert (code, [entry["cause"] for entry in told["causes"]]) == (0, list(causes()))
    assert rtdoctor("explain", "--list").stdout.count("\n") == len(causes())


def test_no_key_is_printed():
    azure = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    text = f"wss://h/v1/realtime?api-key={azure} Authorization: Bearer {KEY} gave HTTP 401 Incorrect API key: {KEY}"
    for arguments in ([text], ["--format", "json", text], ["--cause", text], [f"{KEY}.log"]):
        done = rtdoctor("explain", *arguments)
        assert KEY[8:] not in done.stdout + done.stderr
        assert azure not in done.stdout + done.stderr
        assert KEY[-4:] not in done.stdout + done.stderr


def test_nothing_in_a_text_acts_on_the_terminal():
    done = rtdoctor("explain", "HTTP 403 \x1b]0;title\x07 \u202e reversed [bold]x[/bold]")
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert "[bold]x[/bold]" in done.stdout
    assert "\x1b[" in rtdoctor("explain", "HTTP 403", FORCE_COLOR="1").stdout


def test_no_network_stack_is_loaded():
    code = (
        "import sys\n"
        "from rtdoctor.cli.main import application\napp = application()\n"
        "for arguments in (['explain', 'HTTP 403'], ['explain', '--format', 'json', '4000'], ['explain', '--list']):\n"
        "    try: app(arguments)\n"
        "    except SystemExit: pass\n"
        "heavy = {'aiohttp', 'asyncio', 'ssl', 'numpy', 'soundfile', 'jsonschema_rs', 'pydantic', 'rich', '_socket'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_file_with_nothing_known_in_it_is_not_said_to_be_missing(tmp_path):
    (tmp_path / "app.log").write_text("all is quiet\n")
    done = rtdoctor("explain", str(tmp_path / "app.log"))
    assert (done.returncode, done.stderr) == (3, "")
    missing = rtdoctor("explain", str(tmp_path / "none.log"))
    assert (missing.returncode, "there is no file" in missing.stderr) == (3, True)


CODE = """// one
const url = "wss://api.openai.com/v1/realtime?model=gpt-4o-transcribe";
\tconst ws = new WebSocket(url, ["realtime", "openai-insecure-api-key." + key, "openai-beta.realtime-v1"]);
// const old = "transcription_session.update";
"""


def test_a_fault_in_code_is_shown_at_its_line_with_what_it_should_be(tmp_path):
    (tmp_path / "page.js").write_text(CODE)
    code, told = document(str(tmp_path / "page.js"))
    assert code == 0
    places = {finding["cause"]: finding["places"] for finding in told["findings"]}
    [url] = places["session.model-wrong-mode"]
    assert (url["line"], url["file"]) == (2, str(tmp_path / "page.js"))
    assert url["source"][url["column"] :][: url["length"]] == "wss://api.openai.com/v1/realtime?model=gpt-4o-transcribe"
    assert url["instead"] == 'const url = "wss://api.openai.com/v1/realtime?intent=transcription";'
    [beta] = places["session.beta-retired"]
    assert beta["line"] == 3
    assert beta["instead"].endswith('["realtime", "openai-insecure-api-key." + key]);')
    assert "session.beta-event" not in places, "what is commented out is not sent"
    shown = rtdoctor("explain", str(tmp_path / "page.js")).stdout.splitlines()
    at = shown.index('    - const url = "wss://api.openai.com/v1/realtime?model=gpt-4o-transcribe";')
    assert shown[at - 1].endswith("page.js:2")
    assert shown[at + 1].index("^") == shown[at].index("wss:")
    assert shown[at + 2] == '    + const url = "wss://api.openai.com/v1/realtime?intent=transcription";'


def test_several_files_and_a_folder_are_told_as_one(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("closed 3000 invalid_request_error.invalid_api_key\n")
    (tmp_path / "logs" / "b.log").write_text("all is well\n")
    (tmp_path / "logs" / "c.bin").write_bytes(b"\0\1\2 closed 1013 insufficient_quota.x")
    (tmp_path / "other.log").write_text("Unexpected server response: 429\n")
    code, told = document(str(tmp_path / "logs"), str(tmp_path / "other.log"))
    assert (code, [finding["cause"] for finding in told["findings"]]) == (0, ["refused.rate-limited", "auth.invalid"])
    assert told["findings"][1]["facts"][0].startswith(str(tmp_path / "logs" / "a.log"))
    gone = rtdoctor("explain", str(tmp_path / "other.log"), str(tmp_path / "gone.log"))
    assert gone.returncode == 2
    assert "there is no file" in gone.stderr
    (tmp_path / "empty").mkdir()
    assert "without a text in it" in rtdoctor("explain", str(tmp_path / "empty")).stderr


def test_the_last_lines_say_what_to_do_next_and_can_be_pasted():
    asked = "wss://h.example/v1/realtime?model=m"
    *_, does, command, header = rtdoctor("explain", f"{asked} websocket: bad handshake").stdout.splitlines()
    assert does.startswith("next: # ")
    assert (command, header) == (
        f"rtdoctor probe '{asked}' \\",
        "  -H 'Authorization: Bearer $OPENAI_API_KEY' --fix",
    )
    told = rtdoctor("explain", "nothing of interest").stdout
    assert max(map(len, told.splitlines())) <= 80
    assert "next:" not in rtdoctor("explain", "< session.created\n< session.updated").stdout
    network = rtdoctor("explain", f"{asked} connect ECONNREFUSED").stdout.splitlines()[-1]
    assert network == "rtdoctor check --target 'wss://h.example/v1' --tag smoke"


def test_a_key_in_the_url_is_no_part_of_the_next_step():
    told = rtdoctor("explain", f"wss://h.example/v1/realtime?api-key={KEY} websocket: bad handshake")
    assert KEY[8:] not in told.stdout


def test_follow_wants_one_file(tmp_path):
    assert "one file that is there" in rtdoctor("explain", "--follow", str(tmp_path / "gone.log")).stderr
    (tmp_path / "a.log").write_text("x\n")
    asked = rtdoctor("explain", "--follow", "--format", "json", str(tmp_path / "a.log"))
    assert (asked.returncode, "terminal only" in asked.stderr) == (2, True)


@pytest.mark.heavy
@pytest.mark.skipif(os.name == "nt", reason="a child is ended by a signal")
def test_a_growing_log_is_told_as_it_grows(tmp_path):
    log = tmp_path / "a.log"
    log.write_text("closed 3000 invalid_request_error.invalid_api_key\n")
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "rtdoctor", "explain", "--follow", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith(b"auth.invalid")
        with log.open("a") as file:
            file.write("closed 3000 invalid_request_error.invalid_api_key\nUnexpected server response: 429\n")
        heads: list[bytes] = []
        while not any(line.startswith(b"refused.rate-limited") for line in heads):
            heads.append(child.stdout.readline())
        child.send_signal(signal.SIGTERM)
        rest = child.stdout.read()
        assert child.wait(timeout=20) == 130
    assert sum(line.startswith(b"auth.invalid") for line in (*heads, *rest.splitlines())) == 0, "it is told once"


def test_several_causes_that_fit_stand_apart_from_what_is_ruled_out():
    lines = rtdoctor("explain", "HTTP 403").stdout.splitlines()
    assert lines[0] == "refused.path may be it: That path has no WebSocket (inferred)"
    assert any(line.startswith("  or       refused.not-routed: ") for line in lines)
    assert not any("not it" in line for line in lines)
    sure = rtdoctor("explain", "close 3000 invalid_request_error.invalid_api_key").stdout
    assert sure.startswith("auth.invalid: ")
    assert "  not it   auth.missing: " in sure


def test_code_in_which_nothing_is_wrong_is_healthy(tmp_path):
    code = (
        "import websockets\n"
        'URL = "wss://api.openai.com/v1/realtime?intent=transcription"\n'
        'headers = {"Authorization": f"Bearer {KEY}"}\n'
    )
    (tmp_path / "client.py").write_text(code)
    done = rtdoctor("explain", str(tmp_path / "client.py"))
    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "Healthy")
    assert "rtdoctor probe 'wss://api.openai.com/v1/realtime?intent=transcription'" in done.stdout
    (tmp_path / "client.py").write_text(code + "Traceback (most recent call last):\nKeyError: 'x'\n")
    assert rtdoctor("explain", str(tmp_path / "client.py")).returncode == 3
    (tmp_path / "client.py").write_text(code.replace("?intent=transcription", ""))
    assert rtdoctor("explain", str(tmp_path / "client.py")).stdout.startswith("session.model-missing: ")


def test_the_path_of_a_file_stands_at_its_places_and_not_before_each_fact(tmp_path):
    path = tmp_path / "a" / "folder" / "client.py"
    path.parent.mkdir(parents=True)
    path.write_text('URL = "wss://api.openai.com/v1/realtime/transcription_sessions"\n')
    told = rtdoctor("explain", f"{tmp_path}/a/").stdout
    assert told.count(str(path)) == 1
    assert f"  {path}:1\n" in told


def test_the_own_cause_of_the_documents_is_found_in_a_line(tmp_path):
    extending = (Path(package.__file__).parents[1] / "docs" / "extend.md").read_text("utf-8")
    cause = extending[extending.index("[acme.vault]") :].partition("```")[0]
    (tmp_path / "causes").mkdir()
    (tmp_path / "causes" / "acme.toml").write_text(cause, "utf-8")
    done = rtdoctor("explain", "--knowledge", str(tmp_path), "HTTP 418: the vault is sealed")
    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "acme.vault")
