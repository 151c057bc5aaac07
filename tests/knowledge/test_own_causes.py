"""A cause of the user's own, in a folder of theirs, is known behind every door; bad form is told in one sentence."""

import json

import pytest

from rtdoctor.knowledge.causes import use_folder
from rtdoctor.knowledge.tables import BadTable
from tests.hostile.http import refusing, upgrading
from tests.processes import run

MINE = '''
[acme.vault]
title = "The vault of ACME is sealed"
explanation = "ACME's gateway refuses while its vault is sealed."
remedy = "Ask the desk of ACME to unseal it."
exit = 3
who = "Users of ACME's gateway."
shows = """> GET wss://acme.example/v1/realtime
< 418"""
mended = """# the vault was unsealed
< 101, session.created"""

[[acme.vault.rules]]
when = { http_status = 418, http_body = { has = "vault is sealed" } }
tier = "named"
why = "The gateway said so itself."
evidence = "ACME's handbook, chapter 3"
seen = "2026-11-30"
confidence = "documented"
example = { http_status = 418, http_body = "the vault is sealed" }

[[refused.unauthorized.rules]]
when = { http_status = 418 }
tier = "shape"
evidence = "ACME's handbook, chapter 4"
seen = 2026-11-30
confidence = "documented"
example = { text = "HTTP status 418" }
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "causes").mkdir()
    (tmp_path / "causes" / "acme.toml").write_text(MINE)
    yield tmp_path
    use_folder(None)


ANSWER = "HTTP/1.1 418 I am a teapot\ncontent-type: text/plain\n\nthe vault is sealed"


def test_explain_names_it_from_a_text_and_without_the_folder_does_not(folder):
    done = run("explain", ANSWER, "--knowledge", str(folder), "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["findings"][0]
    assert (found["cause"], found["explanation"]) == ("acme.vault", "The gateway said so itself.")
    assert "acme.vault" not in run("explain", ANSWER).stdout.decode()


def test_it_is_listed_and_has_its_page(folder):
    listed = json.loads(run("explain", "--list", "--knowledge", str(folder), "--format", "json").stdout)
    assert "acme.vault" in [cause["cause"] for cause in listed["causes"]]
    page = run("explain", "--cause", "acme.vault", "--knowledge", str(folder)).stdout.decode()
    assert "Ask the desk of ACME" in page
    assert "ACME's handbook, chapter 3" in page


def test_a_rule_is_added_to_a_cause_that_is_known(folder):
    done = run("explain", "HTTP status 418", "--knowledge", str(folder), "--format", "json")
    assert json.loads(done.stdout)["findings"][0]["cause"] == "refused.unauthorized"


@pytest.mark.parametrize(
    ("was", "wrong", "told"),
    [
        ("[acme.vault]\n", "[auth.invalid]\n", "auth.invalid: stands in rtdoctor's own causes already"),
        ('remedy = "Ask the desk of ACME to unseal it."\n', "", '"remedy" is a required property'),
        ('tier = "named"', 'tier = "first"', '"first" is not one of'),
        ("http_status = 418, http", "http_state = 418, http", "'http_state' is no fact of an outcome"),
        ('{ has = "vault', '{ like = "vault', "a condition knows"),
        (
            'example = { http_status = 418, http_body = "the',
            'example = { http_status = 403, http_body = "the',
            "leads to",
        ),
        ('tier = "named"', 'tier = "named"\nover = ["no.such"]', "'no.such' is no known cause"),
        ("[acme.vault]", "[acme.vault", "is no TOML"),
    ],
)
def test_what_breaks_the_form_is_one_sentence_with_file_and_place(folder, was, wrong, told):
    file = folder / "causes" / "acme.toml"
    assert was in MINE
    file.write_text(MINE.replace(was, wrong, 1))
    done = run("explain", "x", "--knowledge", str(folder))
    assert done.returncode == 2
    assert str(file) in done.stderr.decode()
    assert told in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadTable, match="no such folder"):
        use_folder(tmp_path / "none")


def test_check_and_probe_name_it(folder):
    with upgrading(refusing("418 I am a teapot", "the vault is sealed")) as met:
        for asked in (["check", "--target", met.base], ["probe", met.base.replace("http", "ws") + "/realtime?model=m"]):
            env = {"OPENAI_API_KEY": "sk-" + "k" * 30}
            done = run(*asked, "--knowledge", str(folder), "--format", "json", "--timeout", "2", env=env)
            assert "acme.vault" in done.stdout.decode(), asked
            assert done.returncode == 3, asked
