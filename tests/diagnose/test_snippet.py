"""The snippets as text: no key, nothing of the beta, the GA form, and the syntax where checking it is cheap."""

import json
import re
import shutil
import subprocess

import pytest

from rtdoctor.diagnose import snippet
from rtdoctor.diagnose.snippet import AIMS, AUTHS, NoSnippet, languages, render

ALL = [(ident, aim, auth) for ident, entry in languages().items() for aim in AIMS for auth in entry.auth]
MODEL = {"transcription": "gpt-realtime-whisper", "realtime": "gpt-realtime-2.1"}
BETA = ("OpenAI-Beta", "openai-beta", "transcription_session", "input_audio_format", "pcm16", "modalities", "preview")


def text_of(ident, aim, auth):
    return render(ident, aim, auth, model=MODEL[aim])


@pytest.mark.parametrize(("ident", "aim", "auth"), ALL)
def test_it_holds_no_key_and_nothing_of_the_beta(ident, aim, auth):
    text = text_of(ident, aim, auth)
    assert not re.search(r"\b(sk|ek)[-_][A-Za-z0-9]", text)
    assert "OPENAI_API_KEY" in text
    assert not [name for name in BETA if name in text]


@pytest.mark.parametrize(("ident", "aim", "auth"), ALL)
def test_it_has_the_form_of_today(ident, aim, auth):
    text = text_of(ident, aim, auth)
    # The URL names either the intent or the model (the SDKs make it of their arguments).
    query = {"transcription": r"intent.{1,4}transcription", "realtime": r"model.{1,4}gpt-realtime-2\.1"}[aim]
    assert re.search(query, text)
    if ident == "python-openai":
        assert "OPENAI_BASE_URL" in text
    assert "https://api.openai.com/v1" in text
    if ident != "curl" or auth == "secret":
        assert re.search(rf"type\W+{aim}\b", text)
        assert re.search(r"format\W+type\W+audio/pcm\W+rate\W+24000", text)
    if ident != "curl":
        assert re.search(r"session\.(update|created)", text)
    if ident != "curl" and aim == "transcription":
        assert re.search(r"transcription\W+model\W+gpt-realtime-whisper", text)
        assert re.search(r"turn_detection\W+(null|None)", text)


@pytest.mark.parametrize(("ident", "aim", "auth"), ALL)
def test_it_authenticates_as_asked(ident, aim, auth):
    text = text_of(ident, aim, auth)
    # The SDK makes the subprotocol itself; a page has no other way, whatever the credential.
    in_subprotocol = ident == "js-browser" or (auth == "subprotocol" and ident != "js-openai")
    assert ("openai-insecure-api-key." in text) is in_subprotocol
    minted = re.search("client_?secrets", text, re.IGNORECASE)
    assert bool(minted) is (auth == "secret")


@pytest.mark.parametrize(("ident", "aim", "auth"), ALL)
def test_it_reads_well(ident, aim, auth):
    text = text_of(ident, aim, auth)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\n\n\n\n" not in text
    assert not re.search(r"[ \t]+$", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 120
    assert ("\t" in text) is (ident == "go")
    assert not re.search(r"\{[{%#]\s", text), "a piece of the template is left"


@pytest.mark.parametrize(("ident", "aim", "auth"), [case for case in ALL if case[0].startswith("python")])
def test_python_compiles(ident, aim, auth):
    compile(text_of(ident, aim, auth), ident, "exec")


@pytest.mark.parametrize(("ident", "aim", "auth"), [case for case in ALL if case[0] in ("curl", "websocat")])
def test_shell_parses(ident, aim, auth):
    shell = shutil.which("bash" if ident == "websocat" else "sh")
    if not shell:
        pytest.skip("no shell")
    done = subprocess.run([shell, "-n"], input=text_of(ident, aim, auth), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("ident", "entry"), languages().items())
def test_every_form_either_works_or_has_its_reason(ident, entry):
    assert entry.auth
    for auth in AUTHS:
        assert (auth in entry.auth) is not (auth in entry.cannot)
    for auth in entry.cannot:
        with pytest.raises(NoSnippet, match=f"{re.escape(entry.cannot[auth])}; what works is --auth {entry.auth[0]}"):
            render(ident, "realtime", auth, model="m")
    assert set(entry.notes) <= set(entry.auth)
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", entry.seen)
    assert entry.run.format(file="f", audio="a")


def test_every_template_has_its_language():
    folder = snippet._TEMPLATES
    named = {f"{entry.id}.{entry.extension}.j2" for entry in languages().values()}
    assert {path.name for path in folder.glob("*.j2")} == named


def test_model_and_base_url_go_in():
    text = render("js-ws", "realtime", "header", model="my/model-1:x", base_url="http://localhost:8080/v1/")
    assert '|| "http://localhost:8080/v1")' in text
    assert '"/realtime?model=my/model-1:x"' in text


@pytest.mark.parametrize("bad", ['x"', "x'", "x y", "a&b", "a#b", "$(id)", "`id`", "a\nb", "\\", "{{x}}", "", "-->"])
def test_what_would_need_quoting_is_refused(bad):
    with pytest.raises(NoSnippet, match="model"):
        render("go", "realtime", "header", model=bad)
    with pytest.raises(NoSnippet, match="base URL"):
        render("go", "realtime", "header", model="m", base_url="https://h/" + (bad or "\n"))


def test_unknown_names_are_told_with_the_known_ones():
    with pytest.raises(NoSnippet, match=r"no snippet for 'cobol'; there are curl, .*, go$"):
        render("cobol", "realtime", "header", model="m")
    with pytest.raises(NoSnippet, match="'speech'; there are transcription, realtime"):
        render("go", "speech", "header", model="m")
    with pytest.raises(NoSnippet, match="cannot authenticate by cookie; what works is --auth header"):
        render("go", "realtime", "cookie", model="m")


def test_a_language_is_added_without_python(tmp_path, monkeypatch):
    entry = {"id": "tcl", "title": "Tcl", "extension": "tcl", "install": "x", "run": "y", "auth": ["header"]}
    lines = [
        f"{name} = {json.dumps(value)}" for name, value in (entry | {"seen": "2026-11-22", "versions": "1"}).items()
    ]
    (tmp_path / "languages.toml").write_text("[[language]]\n" + "\n".join(lines))
    (tmp_path / "tcl.tcl.j2").write_text("# {{ title }}\n{% if auth == 'header' %}\nputs {{ query }}\n{% endif %}\n")
    monkeypatch.setattr(snippet, "_TEMPLATES", tmp_path)
    cached = (snippet.languages, snippet._environment)
    try:
        for function in cached:
            function.cache_clear()
        text = render("tcl", "transcription", "header", model="m")
    finally:
        for function in cached:
            function.cache_clear()
    assert text == "# Tcl: a transcription session of the Realtime API\nputs intent=transcription\n"
