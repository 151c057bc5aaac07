"""The matrix of clients and faults: what is kept of a text, and that a small part of it is what clients still say."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("trustme", reason="the table of faults needs it")

from tools import say_install, say_page, say_words
from tools.say import read_said
from tools.say_install import KINDS
from tools.say_stack import stacks

ROOT = Path(__file__).parents[2]
# They install in seconds, and what they say depends on no other version than their own.
SMALL = ("websockets", "websocket-client", "aiohttp", "ws", "npm-websocket", "curl")
FAULTS = ("healthy", "tcp.refused", "tls.self-signed", "http.401", "http.403-region", "ws.close-beta", "ws.close-1008")


def test_what_differs_from_run_to_run_is_replaced() -> None:
    told = say_words.plain(
        "2026-12-01T08:00:01.5 dial tcp 127.0.0.1:53412: refused by /tmp/x/app on 41234, key sk-proj-abc",
        (41234,),
        {"/tmp/x": "/app"},
    )
    assert told == "2026-11-30T10:00:00 dial tcp 127.0.0.1:8443: refused by /app/app on 8443, key sk-***"


def test_of_python_frames_the_deepest_stays() -> None:
    text = """Traceback (most recent call last):
  File "/a/b/c.py", line 3, in outer
    call()
    ^^^^^^
  File "/a/lib/d.py", line 7, in inner
    raise Wrong("it")
lib.Wrong: it"""
    told = say_words.plain(text, (), {})
    assert told.split("\n")[1:] == [
        '  File "lib/d.py", line 1, in inner',
        '    raise Wrong("it")',
        "lib.Wrong: it",
    ]


def test_each_stack_has_a_program_a_kind_and_a_way_to_see_more() -> None:
    for stack in stacks():
        assert stack.folder.is_dir(), stack.id
        assert stack.kind in KINDS, stack.id
        assert stack.shows.endswith("."), stack.id
    assert len({stack.id for stack in stacks()}) == len(stacks())


def test_a_cell_says_something_nothing_or_why_it_could_not_be_made() -> None:
    for stack in stacks():
        head, cells = read_said(stack.id)
        assert head["stack"] == stack.id
        assert all(("says" in cell) != ("why" in cell) for cell in cells.values())


def test_the_page_is_made_of_what_was_said() -> None:
    assert say_page.PAGE.read_text("utf-8") == say_page.page(), "run tools/say_page.py"


@pytest.mark.heavy
@pytest.mark.parametrize("name", SMALL)
def test_a_client_still_says_what_is_kept(name: str) -> None:
    (stack,) = (stack for stack in stacks() if stack.id == name)
    if why := say_install.missing(stack):
        pytest.skip(why)
    known, made = read_said(name)[0]["versions"], KINDS[stack.kind].versions(stack)
    if known != made:
        pytest.skip(f"kept of {known}, here is {made}")
    command = [sys.executable, "tools/say.py", "--check", "--stacks", name, "--faults", ",".join(FAULTS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
