"""What is made of the tables ahead is what they say, and is passed over where it is not."""

import tomllib
from pathlib import Path

import pytest

from rtdoctor import data
from tools import make_tables


def test_what_is_made_is_as_its_tables() -> None:
    assert make_tables.stale() == [], "run tools/make_tables.py"
    assert make_tables.main(["--check"]) == 0


def test_a_table_is_what_its_toml_says() -> None:
    for file in make_tables.tables():
        assert data.table(file) == tomllib.loads(file.read_text("utf-8")), file.name


def test_what_was_made_of_another_text_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.toml"
    file.write_text("a = 1\n")
    assert data.table(file) == {"a": 1}
    (tmp_path / "x.table").write_bytes(make_tables.made(file).replace(b"1}", b"2}"))
    assert data.table(file) == {"a": 2}, "what was made of this text is taken"
    file.write_text("a = 3\n")
    assert data.table(file) == {"a": 3}
    monkeypatch.setattr(make_tables, "tables", lambda: [])
    assert make_tables.stale() != []
    monkeypatch.setattr(make_tables, "stale", lambda: ["x.table"])
    assert make_tables.main(["--check"]) == 1
