"""Clients that nobody here wrote get the grades that docs/grades.md shows."""

import os

import pytest

from tools import grade_clients

SHORT = ("bad-key", "no-credit", "http-403", "abort", "expiry")


@pytest.mark.clients
@pytest.mark.parametrize("name", grade_clients.clients())
def test_a_real_client_is_refused_and_cut_off_as_the_page_has_it(name):
    if grade_clients.command(name) is None:
        pytest.skip(f"{name} is not installed: python tools/grade_clients.py {name}")
    told = grade_clients.graded(name, SHORT, seconds=20, jobs=6)
    assert told["summary"]["connected"], told["lessons"][0]["output"]
    page = {mark: one["grade"] for mark, one in grade_clients.kept()[name]["marks"].items()}
    # The page has the worst of all lessons, these are some of them; on a busy machine a client is late, and is warned.
    worse = [mark for mark in told["marks"] if mark["grade"] == "fail" != page[mark["id"]]]
    assert not worse, [(mark["id"], mark["said"]) for mark in worse]


@pytest.mark.graded
@pytest.mark.parametrize("name", grade_clients.clients())
def test_a_real_client_gets_the_grades_of_the_page(name):
    if grade_clients.command(name) is None:
        pytest.skip(f"{name} is not installed: python tools/grade_clients.py {name}")
    told = grade_clients.graded(name)
    assert told["summary"]["connected"], told["lessons"][0]["output"]
    if os.environ.get("RTDOCTOR_UPDATE_DOCS"):
        grade_clients.keep(name, told)
    found = {mark["id"]: mark["grade"] for mark in told["marks"]}
    assert found == {mark: one["grade"] for mark, one in grade_clients.kept()[name]["marks"].items()}


def test_the_page_is_what_was_graded():
    assert grade_clients.PAGE.read_text("utf-8") == grade_clients.page()
    assert grade_clients.kept().keys() <= grade_clients.clients().keys()
