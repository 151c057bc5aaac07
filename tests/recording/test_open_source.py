"""Opening: a file, standard input, and what cannot be opened."""

import io
import os
import sys
from pathlib import Path

import pytest

from rtdoctor.recording.source import UnreadableSource, open_source
from rtdoctor.recording.stream import read_stream
from tests.recording.reading import COMMIT, jsonl


def test_a_file_is_opened_and_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(jsonl(COMMIT))
    with open_source(str(path)) as source:
        assert [entry.event for entry in read_stream(source)] == [COMMIT]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(jsonl(COMMIT).encode())))
    assert [entry.event for entry in read_stream(open_source("-"))] == [COMMIT]


def test_a_pipe_is_read(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "wb") as writer:
        writer.write(jsonl(COMMIT, COMMIT).encode())
    with os.fdopen(read_end, "rb") as reader:
        assert len(list(read_stream(reader))) == 2


def test_what_cannot_be_opened_is_told_in_one_sentence_with_its_path(tmp_path: Path) -> None:
    for path, said in {
        str(tmp_path): "is a folder",
        str(tmp_path / "missing"): ": no such file",
        "a\0b": "NUL",
        str(tmp_path / ("x" * 5000)): "File name too long",
    }.items():
        with pytest.raises(UnreadableSource, match=said) as caught:
            open_source(path)
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch(mode=0)
    with pytest.raises(UnreadableSource, match="may not be read"):
        open_source(str(path))


def test_closed_standard_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnreadableSource, match="Standard input is closed"):
        open_source("-")
