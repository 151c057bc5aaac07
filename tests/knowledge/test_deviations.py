"""The table of deviations: it keeps its form, and every name in it is known elsewhere."""

import tomllib
from pathlib import Path

import pytest

import rtdoctor.knowledge.deviations as knowledge
from rtdoctor.knowledge.deviations import deviations
from rtdoctor.knowledge.tables import BadTable
from rtdoctor.protocol.order import rules

FOLDER = Path(knowledge.__file__).parent / "deviations"


def test_every_deviation_has_a_source_a_date_and_a_fix():
    for one in deviations().values():
        assert one.fix.endswith((".", "!")), one.id
        assert one.real.endswith("."), one.id
        assert one.evidence.source, one.id
        assert "2024" <= one.evidence.seen <= "2026-11-30", one.id


def test_every_rule_that_is_named_exists_and_stands_for_one_deviation():
    named = [rule for one in deviations().values() for rule in one.rules]
    assert len(named) == len(set(named))
    assert {rule for rule in named if rule.startswith("order.")} <= rules().keys()


def test_every_client_breaks_on_something():
    clients = tomllib.loads((FOLDER / "clients.toml").read_text(encoding="utf-8"))["client"]
    used = {client.client for one in deviations().values() for client in one.breaks}
    assert {entry["client"] for entry in clients.values()} == used


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ('weight = "huge"', "weight"),
        ('breaks = ["nobody"]', "no client 'nobody' is known"),
        ("more = 1", "more"),
    ],
)
def test_a_table_that_breaks_its_form_is_refused(broken, words, tmp_path, monkeypatch):
    good = (FOLDER / "lifecycle.toml").read_text(encoding="utf-8")
    name = broken.partition(" ")[0]
    lines = [line for line in good.splitlines() if not line.startswith(f"{name} =")]
    place = next(number for number, line in enumerate(lines) if line.startswith("[deviation"))
    lines.insert(place + 1, broken)
    (tmp_path / "deviations").mkdir()
    (tmp_path / "deviations" / "x.toml").write_text("\n".join(lines))
    monkeypatch.setattr(knowledge, "_HERE", tmp_path)
    deviations.cache_clear()
    try:
        with pytest.raises(BadTable, match=words):
            deviations()
    finally:
        deviations.cache_clear()
