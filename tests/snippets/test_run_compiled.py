"""The snippets that are compiled first: C# with Mono, Go with the WebSocket package of the system's packages."""

import subprocess
from pathlib import Path

import pytest

from tests.snippets.running import PATH, SPEECH, TRANSCRIPT, WRONG_KEY, forms, need, run, write

pytestmark = [pytest.mark.snippets, pytest.mark.heavy]

# Where Debian puts the sources of Go packages. Nothing is fetched.
GOPATH = Path("/usr/share/gocode")
ALL = [(ident, aim, auth) for ident, auth in forms("csharp", "go") for aim in ("transcription", "realtime")]


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Compile a snippet once; the command that runs it comes back."""
    done = {}

    def build(ident, aim, auth):
        if (ident, aim, auth) not in done:
            place = tmp_path_factory.mktemp("built")
            need(*(["mcs", "mono"] if ident == "csharp" else ["go"]))
            done[ident, aim, auth] = (_csharp if ident == "csharp" else _go)(place, write(place, ident, aim, auth))
        return done[ident, aim, auth]

    return build


def _csharp(place, file):
    references = "-r:System.Net.Http,System.Runtime.Serialization,System.Xml.Linq"
    _compile(["mcs", "-warnaserror", references, file], place)
    return ["mono", place / "snippet.exe"]


def _go(place, file):
    if not (GOPATH / "src" / "github.com" / "gorilla" / "websocket").is_dir():
        pytest.skip("gorilla/websocket is not here; .ci/install-snippet-tools installs it")
    assert subprocess.run(["gofmt", "-l", file], capture_output=True, text=True, check=True).stdout == ""
    _compile(
        ["go", "build", "-o", place / "snippet", file], place, GO111MODULE="off", GOPATH=str(GOPATH), CGO_ENABLED="0"
    )
    return [place / "snippet"]


def _compile(command, place, **env):
    home = {"PATH": PATH, "HOME": str(Path.home())}
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, env=home | env, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("ident", "aim", "auth"), ALL)
def test_without_a_file_it_ends_with_the_session_updated(built, plain, ident, aim, auth):
    done = run(*built(ident, aim, auth), base_url=plain)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["session.created", "session.updated"]


@pytest.mark.parametrize(("ident", "auth"), forms("csharp", "go"))
def test_it_prints_a_transcript(built, plain, ident, auth):
    done = run(*built(ident, "transcription", auth), SPEECH, base_url=plain)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["session.created", "session.updated", TRANSCRIPT]


@pytest.mark.parametrize(("ident", "auth"), forms("csharp", "go"))
def test_a_wrong_key_is_told_and_fails(built, plain, ident, auth):
    done = run(*built(ident, "transcription", auth), SPEECH, base_url=plain, key=WRONG_KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert "invalid_api_key" in done.stderr
    assert "Incorrect API key provided" in done.stderr
