"""Every expression that meets text from outside is one of RE2's: none can be made to run for ever."""

import ast
import importlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

import rtdoctor
from rtdoctor import linear
from rtdoctor.diagnose.text.patterns import patterns

ROOT = Path(rtdoctor.__file__).parent
PROJECT = ROOT.parent
ENGINES = ("re", "regex", "sre_compile", "fnmatch", "glob")
FILES = sorted(ROOT.rglob("*.py"))
DATA = sorted(file for place in (ROOT, PROJECT / "scenarios") for file in place.rglob("*.toml"))
# Keys of the data that hold an expression, or a list of them.
EXPRESSIONS = ("match", "matches", "not_before", "issuer", "all")


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def engines(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_module_uses_a_matcher_that_goes_back_and_forth(file: Path) -> None:
    used = set(engines(ast.parse(file.read_text("utf-8")))) & set(ENGINES)
    assert not used, f"{name_of(file)} uses {used}: what comes from outside is matched by rtdoctor.linear"


def test_the_walk_sees_each_way_to_use_a_matcher() -> None:
    for line in (
        "import re",
        "import re as regex",
        "from re import compile",
        "import os, regex",
        "def f():\n  import re",
    ):
        assert set(engines(ast.parse(line))) & set(ENGINES), line


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_expression_of_the_code_is_one_of_re2s(file: Path) -> None:
    if file.name == "__main__.py":
        return
    module = importlib.import_module(".".join(("rtdoctor", *file.relative_to(ROOT).with_suffix("").parts)))
    for value in vars(module).values():
        if isinstance(value, (linear.Pattern, linear.BytePattern)):
            value.compiled()


def expressions(node: Any, key: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for name, inner in node.items():
            yield from expressions(inner, name)
    elif isinstance(node, list):
        for inner in node:
            yield from expressions(inner, key)
    elif isinstance(node, str) and key in EXPRESSIONS:
        yield node


@pytest.mark.parametrize("file", DATA, ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_every_expression_of_the_data_is_one_of_re2s(file: Path) -> None:
    for source in expressions(tomllib.loads(file.read_text("utf-8"))):
        linear.pattern(f"(?im){source}").compiled()


def test_the_walk_of_the_data_finds_the_expressions() -> None:
    found = {file: len(list(expressions(tomllib.loads(file.read_text("utf-8"))))) for file in DATA}
    here = ROOT / "diagnose"
    assert found[here / "text/clients.toml"] > 70
    assert found[here / "text/sentences.toml"] > 30
    assert sum(count for file, count in found.items() if file.parent == ROOT / "knowledge" / "causes") > 30
    assert found[here / "answerers.toml"] > 5
    assert found[here / "inspectors.toml"] > 5


@pytest.mark.parametrize("wanted", patterns(), ids=lambda wanted: wanted.name)
def test_every_pattern_compiles_as_it_is_used_and_holds_no_group_that_nobody_reads(wanted: Any) -> None:
    known = {
        "status",
        "close_code",
        "code_first",
        "status_after",
        "field_tag",
        "field_name",
        "close_reason",
        "code",
        "url",
        "path",
        "headers",
        "body",
        "body_from",
    }
    known |= {
        "number",
        "number_short",
        "sent",
        "sent_bare",
        "field",
        "field_bare",
        "event",
        "param",
        "then",
        "rate",
        "proxy_auth",
    }
    for source in wanted.expressions:
        names = linear.pattern(source).names()
        assert {name for name in names if not name.startswith("not_")} <= known


def keywords(node: Any, key: str) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from ([node[key]] if isinstance(node.get(key), str) else [])
        for inner in node.values():
            yield from keywords(inner, key)
    elif isinstance(node, list):
        for inner in node:
            yield from keywords(inner, key)


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.json")), ids=name_of)
def test_schemas_hold_patterns_only_where_the_linear_engine_judges(file: Path) -> None:
    schema = json.loads(file.read_text("utf-8"))
    found = list(keywords(schema, "pattern"))
    if "protocol" in file.parts:
        assert found == []
    for source in found:
        jsonschema_rs.validator_for({"type": "string", "pattern": source}, pattern_options=jsonschema_rs.RegexOptions())


@pytest.mark.parametrize("source", ["(?=a)b", "(?<!a)b", r"(a)\1", "a{1001}", "(", "[[:nope:]]"])
def test_what_cannot_be_matched_in_linear_time_is_no_pattern(source: str) -> None:
    with pytest.raises(linear.BadPattern):
        linear.pattern(source).compiled()


def test_places_are_those_of_the_text_whatever_stands_in_it() -> None:
    text = "é—\U0001f600 status 403 ż"
    found = linear.pattern(r"status (?P<status>\d{3})").search(text)
    assert found is not None
    assert (found[0], found["status"], text[found.start() : found.end()]) == ("status 403", "403", "status 403")
    assert linear.pattern("é.+😀").search(text) is not None  # one beyond ASCII stands for any
    assert linear.pattern("b").sub(lambda found: found[0].upper(), "abéb") == "aBéB"
