"""The picture of a run: it is XML, loads nothing, and says what the terminal says; README's two are made here.

Run with RTDOCTOR_UPDATE_DOCS=1 to make the pictures anew; then look at them.
"""

import html
import io
import os
import re
import xml.etree.ElementTree as ET

import pytest

import rtdoctor
from rtdoctor.report.writers import writer
from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.test_documents import ROOT
from tests.test_snapshots import NOISE

WRONG = "sk-proj-wrong00112233445566778899"
RUNS = {"green": "mock", "red": None}


def picture(name, form="svg"):
    """What a run looks like; a wrong key makes the red one."""
    out = io.StringIO()
    read = writer("check", form)(out)
    if name == "green":
        rtdoctor.check(rtdoctor.CheckAsked(target="mock", tags=("smoke",)), heard=read)
        return out.getvalue()
    with serving() as server:
        asked = rtdoctor.CheckAsked(target=server.base_url, key=WRONG, tags=("smoke",), concurrency=1)
        rtdoctor.check(asked, heard=read)
    return out.getvalue()


def words(svg):
    """What it says, in the order of its lines, without what differs from run to run."""
    rows = {}
    for y, text in re.findall(r'<text[^>]*\by="([\d.]+)"[^>]*>([^<]*)</text>', svg):
        rows.setdefault(float(y), []).append(html.unescape(text).replace("\xa0", " "))
    told = "\n".join("".join(parts) for _, parts in sorted(rows.items()))
    for found, put in NOISE:
        told = found.sub(put, told)
    return " ".join(told.split())


@pytest.mark.heavy
@pytest.mark.parametrize("name", RUNS)
def test_the_pictures_of_the_readme_are_those_of_a_run(name):
    svg = picture(name)
    file = ROOT / "docs" / f"{name}.svg"
    if os.environ.get("RTDOCTOR_UPDATE_DOCS"):
        file.write_text(svg, encoding="ascii")
    assert words(svg) == words(file.read_text(encoding="ascii"))
    assert f"(docs/{name}.svg)" in (ROOT / "README.md").read_text(encoding="utf-8")
    told = {
        "green": "PASS (exit 0) Yes, the session opens",
        "red": "FAIL (exit 1) No. It ends at first-event: the key is",
    }
    assert told[name] in words(svg)


def test_a_picture_is_xml_and_loads_nothing():
    svg = picture("red")
    assert svg.isascii()
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert set(re.findall(r"\bhttps?://[^\s\"'<)&]+", svg)) <= {
        "http://www.w3.org/2000/svg",
        *re.findall(r"http://127\.0\.0\.1:\d+/v1", svg),
        *re.findall(r"https://platform[^\s\"'<)&]*", svg),
    }
    assert "@font-face" not in svg
    assert "<script" not in svg
    assert WRONG not in svg
    assert KEY not in svg
