"""`rtdoctor probe` on a terminal: the result first, then the question, then the change."""

import json
import os
import signal

import pytest

from tests.cli.commands.test_check import serving
from tests.conftest import KEY
from tests.processes import started

pytestmark = pytest.mark.heavy
QUESTION = "Look for the smallest change that works"


def told(folder, answer):
    """What the terminal showed, the JSON report, and the exit code, where somebody answers the question so."""
    ours, theirs = os.openpty()
    with serving() as server:
        url = server.base_url.replace("http", "ws") + "/realtime/transcription_sessions"
        asked = ("probe", url, "-H", "Authorization: Bearer $OPENAI_API_KEY", "--report", f"json={folder / 'p.json'}")
        env = {"OPENAI_API_KEY": KEY, "NO_COLOR": "1", "COLUMNS": "80", "TERM": "dumb"}
        with started(*asked, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            shown, answered = b"", False
            while piece := _read(ours):
                shown += piece
                if b"[Y/n]" in shown and not answered:
                    answered = True
                    answer(process, ours)
            code = process.wait(20)
    os.close(ours)
    return shown.decode().replace("\r", ""), json.loads((folder / "p.json").read_text()), code


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


def test_a_change_is_looked_for_after_the_result_was_shown(tmp_path):
    shown, report, code = told(tmp_path, lambda _, terminal: os.write(terminal, b"y\n"))
    assert shown.index("FAIL (exit 1)") < shown.index("Fix: Check the path") < shown.index(QUESTION)
    assert shown.index(QUESTION) < shown.index("1. change the path to /v1/realtime")
    assert shown.count("What came back") == 1, "what was shown is not shown again"
    assert code == 1
    assert report["fix"]["works"] is True
    assert KEY not in shown


def test_an_interrupt_at_the_question_keeps_the_report(tmp_path):
    shown, report, code = told(tmp_path, lambda process, _: process.send_signal(signal.SIGINT))
    assert "FAIL (exit 1)" in shown
    assert (report["fix"], code) == (None, 130)
