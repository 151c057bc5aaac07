"""The site of the documents: a page for each cause and deviation, no dead link, no markup of the tables."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from rtdoctor.knowledge.causes import causes
from rtdoctor.knowledge.deviations import deviations

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s#]+)(?:#[\w-]+)?\)")
FENCE = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("make_site", ROOT / "tools" / "make_site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def source(tool, tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    tool.write_source(out)
    return out / "docs"


def dead(folder):
    """Links of pages to files that are not there."""
    for file in folder.rglob("*.md"):
        for target in LINK.findall(FENCE.sub("", file.read_text(encoding="utf-8"))):
            if not (file.parent / target).is_file():
                yield f"{file.relative_to(folder)}: {target}"


def test_each_cause_and_deviation_has_its_page_and_its_line(source):
    for folder, known in (("causes", causes()), ("deviations", deviations())):
        listed = (source / folder / "index.md").read_text(encoding="utf-8")
        assert {file.stem for file in (source / folder).glob("*.md")} == {*known, "index"}
        assert [ident for ident in known if f"[{ident}]({ident}.md)" not in listed] == []
    page = (source / "causes" / "auth.invalid.md").read_text(encoding="utf-8")
    assert causes()["auth.invalid"].title in page
    assert "exit code 1" in page
    assert "**Fix:** Create or copy the key again" in page
    assert "{keys_at}" not in page


def test_no_link_is_dead(source, tmp_path):
    assert list(dead(source)) == []
    (tmp_path / "a.md").write_text("[x](b.md) and [y](a.md#z)\n```\n[no](link.md)\n```\n")
    assert list(dead(tmp_path)) == ["a.md: b.md"]


def test_every_page_of_docs_is_on_the_menu():
    menu = (ROOT / "tools" / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    assert [file.name for file in (ROOT / "docs").glob("*.md") if f": {file.name}\n" not in menu] == []


def test_a_text_of_the_tables_is_text(tool):
    assert tool.prose("<b> & *a* [x](y) | `<code>*`") == "&lt;b&gt; &amp; \\*a\\* \\[x\\](y) \\| `<code>*`"
    assert tool.prose("one ` alone") == "one ' alone"


@pytest.mark.heavy
def test_mkdocs_builds_it_strictly_and_finds_each_cause(tool, tmp_path):
    pytest.importorskip("material", reason="pip install -e '.[site]'")
    assert tool.main([str(tmp_path)]) == 0
    index = json.loads((tmp_path / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert {f"causes/{ident}.html" for ident in causes()} <= found
    text = (tmp_path / "causes" / "auth.invalid.html").read_text(encoding="utf-8")
    assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//', text), (
        "nothing is loaded from elsewhere"
    )
