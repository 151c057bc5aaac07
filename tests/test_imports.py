"""Imports run one way, as the table below says, and no private name of another project is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import rtdoctor
from rtdoctor.cli.main import application

ROOT = Path(rtdoctor.__file__).parent
# What each folder may import beside itself.
MAY = {
    "privacy": set(),
    "model": {"privacy"},
    "protocol": {"model", "privacy"},
    "knowledge": {"model", "privacy"},
    "scenario": {"model", "privacy", "knowledge"},
    "diagnose": {"model", "privacy", "knowledge"},
    "recording": {"model", "privacy"},
    "wire": {"model", "privacy", "protocol"},
    "mock": {"model", "privacy", "protocol"},
    "grade": {"model", "privacy", "protocol", "knowledge", "mock"},
    "engine": {"model", "privacy", "protocol", "scenario", "diagnose", "knowledge", "recording", "wire"},
    "conform": {"model", "privacy", "protocol", "knowledge", "wire", "engine"},
    "proxy": {"model", "privacy", "protocol", "recording", "diagnose", "knowledge", "wire", "mock"},
    "replay": {"model", "privacy", "protocol", "recording", "wire"},
    "report": {"model", "privacy"},
    "exporter": {"privacy"},
    "web": {"model", "privacy"},
    "testing": {"model", "mock", "proxy", "replay", "recording", "knowledge", "engine"},
    "cli": {
        *(
            "model",
            "privacy",
            "knowledge",
            "protocol",
            "scenario",
            "diagnose",
            "recording",
            "wire",
            "mock",
            "grade",
            "engine",
            "conform",
            "proxy",
            "replay",
            "report",
            "exporter",
            "web",
        ),
    },
}
ONLY = {
    "aiohttp": {"mock", "exporter", "web"},
    "h11": {"wire"},
    "websockets": {"wire", "proxy", "replay"},
    "rich": {"report", "cli"},
    "typer": {"cli"},
    "numpy": {"protocol", "mock"},
    "soundfile": {"wire", "mock"},
    "jinja2": {"diagnose", "report"},
    "yaml": {"recording"},
    "openai": set(),
    "pytest": {"testing"},
    "jsonschema": set(),
}


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            found.add(node.module or "")
    return found


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_import_runs_back(file):
    parts = file.relative_to(ROOT).parts
    if len(parts) == 1:
        return
    own = parts[0]
    for name in _imports(file):
        pieces = name.split(".")
        if pieces[0] == "rtdoctor" and len(pieces) > 1 and pieces[1] in MAY:
            assert pieces[1] == own or pieces[1] in MAY[own], f"{own} imports {name}"
        if pieces[0] in ONLY:
            assert own in ONLY[pieces[0]], f"{own} imports {name}"


def _imported_files(file: Path) -> set[Path]:
    """The files of ours that a file imports, wherever in it, also those that only its types name."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rtdoctor"):
            place = ROOT.parent.joinpath(*str(node.module).split("."))
            found |= {place / f"{alias.name}.py" for alias in node.names} | {place.with_suffix(".py")}
    return found & set(FILES)


def test_no_files_import_each_other_in_a_circle():
    left = {file: _imported_files(file) - {file} for file in FILES}
    while ends := {file for file, imported in left.items() if not imported}:
        left = {file: imported - ends for file, imported in left.items() if file not in ends}
    while unused := left.keys() - set().union(*left.values()):  # those that only stand above a circle
        left = {file: imported for file, imported in left.items() if file not in unused}
    assert not left, sorted(str(file.relative_to(ROOT)) for file in left)


# Documented in spite of their names; and Python's own certificate chain, which is public from 3.13 on (wire/tls.py).
PUBLIC = {"_replace", "_exit", "_sslobj"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_private_name_of_another_project_is_used(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    # What this file gives a name to is ours: attributes that it sets, methods, fields.
    ours = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    ours |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    ours |= {node.target.id for node in nodes if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("rtdoctor"):
            used |= {alias.name for alias in node.names} | set((node.module or "").split("."))
        elif isinstance(node, ast.Import):
            used |= {part for alias in node.names for part in alias.name.split(".")}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr") and len(node.args) > 1:
            used |= {node.args[1].value} if isinstance(node.args[1], ast.Constant) else set()
    private = {name for name in used if name.startswith("_") and not name.startswith("__")}
    assert private - ours <= PUBLIC


def test_findings_are_made_where_judgement_is():
    """Whoever measures gives values; what was left out or not tried has makers of its own."""
    makers = {str(file.relative_to(ROOT)) for file in FILES if "Finding(" in file.read_text(encoding="utf-8")}
    assert {maker for maker in makers if not maker.startswith("diagnose/")} == {
        # of a mark, of a case of conform and of a client of the mock, which are judged already
        *("model/finding.py", "report/digests/conform.py", "report/digests/grade.py", "report/digests/mock.py")
    }


def test_every_folder_has_its_arrows():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert folders == set(MAY)


def test_version_and_help_load_no_network_audio_or_rich():
    code = (
        "import sys\n"
        "from rtdoctor.cli.main import application\napp = application()\n"
        "for arguments in (['--version'], ['check', '--help']):\n"
        "    try: app(arguments)\n"
        "    except SystemExit: pass\n"
        "heavy = {'aiohttp', 'h11', 'websockets', 'asyncio', 'numpy', 'soundfile', 'soxr', 'rich', 'jsonschema_rs', "
        "'jiwer', 'jinja2', 'ssl'}\n"
        "heavy |= {f'rtdoctor.{room}' for room in 'wire mock diagnose protocol knowledge recording conform proxy "
        "replay grade exporter web api cli.runs cli.outputs'.split()}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_command_is_the_function_of_its_name_in_the_file_of_its_name():
    files = {path.stem for path in (ROOT / "cli" / "commands").glob("*.py")} - {"__init__"}
    commands = get_command(application()).commands
    assert {name.replace("-", "_") for name in commands} == files
    for name, command in commands.items():
        function = command.callback.__wrapped__
        own = name.replace("-", "_")
        assert (function.__module__, function.__name__) == (f"rtdoctor.cli.commands.{own}", own)


def test_the_pytest_plugin_loads_nothing_that_a_project_without_realtime_would_wait_for():
    code = (
        "import sys, rtdoctor.testing.plugin\n"
        "heavy = {'aiohttp', 'numpy', 'soundfile', 'rich', 'jsonschema_rs', 're2', 'rtdoctor.mock'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
