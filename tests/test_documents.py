"""What the documents for developers say is so."""

import re
from pathlib import Path

import pytest

import rtdoctor
from rtdoctor.model.report import RUNGS
from tests.test_imports import MAY

ROOT = Path(__file__).parents[1]
PACKAGE = Path(rtdoctor.__file__).parent
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")
PATH = re.compile(
    r"`((?:rtdoctor|tests|tools|scenarios|docs|fixtures)/[\w./<>-]+|[\w-]+\.(?:md|toml|py))`|\]\((\w[\w./-]+)\)"
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_is_there(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    named = {found[0] or found[1] for found in PATH.findall(text)}
    assert named
    for name in named:
        pattern = re.sub(r"<\w+>", "*", name)
        within = (PACKAGE, ROOT / "tests", ROOT / "tools")
        places = [*ROOT.glob(pattern), *(place for folder in within if "/" not in name for place in folder.rglob(name))]
        assert places, name


def test_the_architecture_names_every_room_and_its_arrows():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]+?) \|$", text, re.MULTILINE))
    assert rows.keys() == MAY.keys()
    for room, told in rows.items():
        if told == "all":
            continue
        assert set(re.findall(r"\w+", told)) == MAY[room], room


def test_every_variable_that_the_tests_and_the_tool_read_is_told():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    read = set()
    for file in (*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "tools").rglob("*.py")):
        read |= set(re.findall(r"environ(?:\.get\(|\[)\"(RTDOCTOR_\w+)\"", file.read_text(encoding="utf-8")))
    assert read
    assert {name for name in read if f"`{name}`" not in text} == set()


def test_the_ladder_is_told_as_it_is_climbed():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"^\| rung \| one step of the ladder: ([^|]+) \|$", text, re.MULTILINE)
    names = [name.lower().replace(" ", "-") for name in told.split(", ")]
    assert names == ["configuration", *RUNGS[1:]]


FENCES = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = ("README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))))
WRITTEN = re.compile(
    r"(?:^|[\s/'])rtdoctor ((?:check|probe|explain|diff|validate|snippet|mock|config|init|history"
    r"|exporter|report-bundle|conform|grade|proxy|replay|export|view)\b[^\n`]*)"
)


def _fences(document, *languages):
    text = (ROOT / document).read_text(encoding="utf-8")
    return [body for language, body in FENCES.findall(text) if language in languages]


@pytest.mark.parametrize("document", PAGES)
def test_every_command_that_a_document_shows_has_these_flags(document):
    from typer.main import get_command

    from rtdoctor.cli.main import application

    commands = get_command(application()).commands
    for body in _fences(document, "sh", "yaml", "groovy"):
        for found in WRITTEN.findall(body.replace("\\\n", " ")):
            name, _, rest = found.partition(" ")
            words = re.split(r"[\s'\"]+|(?<=\w)=", rest.partition(" #")[0])
            known = {option for param in commands[name].params for option in (*param.opts, *param.secondary_opts)}
            for word in words:
                if word.startswith("--") or re.fullmatch(r"-\w", word):
                    assert word.partition("=")[0] in known | {"--help"}, f"{document}: rtdoctor {found}"


@pytest.mark.parametrize("document", PAGES)
def test_every_yaml_and_toml_that_a_document_shows_is_read(document):
    import tomllib

    import yaml

    for body in _fences(document, "yaml"):
        assert all(one is not None for one in yaml.safe_load_all(body))
    for body in _fences(document, "toml"):
        tomllib.loads(body)
