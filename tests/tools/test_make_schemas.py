import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """tools/make_schemas.py; it imports its neighbour, as it does when it is run as a script."""
    pytest.importorskip("openai", reason="the generator needs the SDK, a development dependency")
    sys.path.insert(0, str(TOOLS))
    try:
        import make_schemas
    finally:
        sys.path.remove(str(TOOLS))
    module: ModuleType = make_schemas
    return module


@pytest.fixture
def copied(tool: ModuleType, tmp_path: Path) -> Path:
    shutil.copytree(tool.FOLDER, tmp_path / "schemas")
    return tmp_path / "schemas"


def test_the_shipped_files_are_what_the_generator_makes(tool: ModuleType) -> None:
    assert tool.main(["--check"]) == 0


def test_check_names_an_altered_file_and_writes_nothing(
    tool: ModuleType, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copied / "ga-client.json"
    altered = path.read_text("utf-8").replace('"maxLength": 512', '"maxLength": 513')
    path.write_text(altered, "utf-8")
    (copied / "about.json").unlink()
    assert tool.main(["--check", "--folder", str(copied)]) == 1
    assert capsys.readouterr().out == "differs: ga-client.json\ndiffers: about.json\n"
    assert path.read_text("utf-8") == altered
    assert not (copied / "about.json").exists()


def test_a_run_mends_what_check_found(tool: ModuleType, copied: Path) -> None:
    (copied / "beta-server.json").write_text("{}", "utf-8")
    assert tool.main(["--folder", str(copied)]) == 0
    assert tool.main(["--check", "--folder", str(copied)]) == 0


def test_the_files_hold_no_descriptions_no_titles_and_no_module_paths(tool: ModuleType) -> None:
    for file in tool.FOLDER.glob("*.json"):
        schema = json.loads(file.read_text("utf-8"))
        assert not [name for name in schema.get("$defs", {}) if "__" in name]
        for definition in schema.get("$defs", {}).values():
            assert not {"description", "title"} & set(definition)
            for form in definition["properties"].values():
                assert not {"title", "default"} & set(form)
                assert not isinstance(form.get("description"), str)


def test_no_union_is_left_that_an_error_could_not_name_a_member_of(tool: ModuleType) -> None:
    for file in tool.FOLDER.glob("*.json"):
        assert "anyOf" not in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('sets = ["ga-server"]\ndefs = ["Gone"]\nproperty = "x"\nschema = {}', "does not fit ga-server"),
        ('sets = ["nowhere"]\ndefs = ["ServerVad"]\nproperty = "x"\nschema = {}', "that fit no set"),
        ('sets = ["ga-server"]\ndefs = ["ServerVad"]\nproperty = "x"\nmaximum = 1', "keys"),
    ],
)
def test_an_overlay_line_that_fits_nothing_stops_the_generator(
    tool: ModuleType, copied: Path, line: str, reason: str
) -> None:
    overlay = copied / "overlay.toml"
    facts = 'evidence = "e"\nseen = 2026-11-22\nconfidence = "observed"\n'
    overlay.write_text(f"{overlay.read_text('utf-8')}\n[[line]]\n{line}\n{facts}", "utf-8")
    with pytest.raises(ValueError, match=reason):
        tool.main(["--check", "--folder", str(copied)])


def test_an_overlay_line_without_its_evidence_stops_the_generator(tool: ModuleType, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.toml"
    overlay.write_text('[[line]]\nsets = ["ga-server"]\nseen = 2026-11-22\nconfidence = "observed"\n', "utf-8")
    with pytest.raises(ValueError, match="overlay line 1"):
        tool.read_overlay(overlay)


def test_two_objects_that_nothing_tells_apart_stop_the_generator(tool: ModuleType) -> None:
    text = {"type": "string"}
    definitions = {
        "A": {"type": "object", "properties": {"x": text}},
        "B": {"type": "object", "properties": {"y": text}},
        "Event": {
            "type": "object",
            "properties": {"part": {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]}},
        },
    }
    with pytest.raises(ValueError, match="has no single type"):
        tool.reshape(definitions)
