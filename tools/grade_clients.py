"""Grades the clients of tools/clients, and writes docs/grades.md.

python tools/grade_clients.py [CLIENT …]      installs what is missing into RTDOCTOR_CLIENTS, grades, writes the page
python tools/grade_clients.py --page          writes the page from tools/clients/grades.json alone
python tools/grade_clients.py --install       installs all; what cannot be installed is told, and its tests skip
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "tools" / "clients"
GRADES, PAGE = HERE / "grades.json", ROOT / "docs" / "grades.md"
_SIGN = {"pass": "pass", "warn": "*warn*", "fail": "**fail**", "not seen": "–"}


def folder() -> Path:
    """Where the clients are installed."""
    given = os.environ.get("RTDOCTOR_CLIENTS")
    return Path(given) if given else Path.home() / ".cache" / "rtdoctor-clients"


def clients() -> dict[str, dict[str, Any]]:
    """Every client by its id."""
    return tomllib.loads((HERE / "clients.toml").read_text(encoding="utf-8"))


def command(name: str) -> list[str] | None:
    """How the client is run; None where it is not installed."""
    entry, place = clients()[name], folder() / name
    if entry["kind"] == "node":
        program = place / entry["program"]
        found = shutil.which("node") and program.is_file() and (place / "installed").is_file()
        return ["node", *entry.get("node", []), str(program), *entry.get("arguments", [])] if found else None
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    return [str(python), str(HERE / entry["program"])] if (place / "installed").is_file() else None


def install(name: str) -> None:
    """Install a client where it is not yet.

    Raises:
        CalledProcessError: the package manager cannot.
    """
    entry, place = clients()[name], folder() / name
    if command(name):
        return
    place.mkdir(parents=True, exist_ok=True)
    if entry["kind"] == "node":
        asked = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), *entry["packages"]]
        subprocess.run(asked, check=True)
        shutil.copy(HERE / entry["program"], place)  # Node looks for packages beside the program
        _is_installed(place, entry)
        return
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", *entry["packages"]], check=True)
    _is_installed(place, entry)


def _is_installed(place: Path, entry: dict[str, Any]) -> None:
    (place / "installed").write_text("\n".join(entry["packages"]), encoding="utf-8")


def graded(name: str, lessons: Sequence[str] = (), *, seconds: int = 15, jobs: int = 1) -> dict[str, Any]:
    """What `rtdoctor grade --format json` says of the client, in all lessons or in these.

    Raises:
        ValueError: it said nothing that can be read.
    """
    run = command(name)
    if run is None:
        raise ValueError(f"{name} is not installed")
    tls = ["--tls"] if clients()[name].get("tls") else []
    limits = ["--lesson-timeout", str(seconds), "--deadline", "900", "--jobs", str(jobs), "--format", "json"]
    limits += [word for lesson in lessons for word in ("--lesson", lesson)]
    asked = [sys.executable, "-m", "rtdoctor", "grade", *limits, *tls, "--", *run]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def short(told: dict[str, Any]) -> dict[str, Any]:
    """Of a certificate what the page shows."""
    marks = {mark["id"]: {"grade": mark["grade"], "said": _said(mark)} for mark in told["marks"]}
    return {"seen": (told["started_at"] or datetime.now(UTC).isoformat())[:10], "marks": marks}


def _said(mark: dict[str, Any]) -> str:
    return f"{mark['said']} ({mark['lesson']})" if mark["grade"] in ("warn", "fail") else ""


def kept() -> dict[str, Any]:
    """The grades that were given last, by client."""
    return json.loads(GRADES.read_text(encoding="utf-8")) if GRADES.is_file() else {}


def keep(name: str, told: dict[str, Any]) -> None:
    """Keep the grades of a client, and write the page anew."""
    every = kept() | {name: short(told)}
    ordered = {client: every[client] for client in clients() if client in every}
    GRADES.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """docs/grades.md as text."""
    grades, known = kept(), clients()
    names = list(grades)
    marks = list(dict.fromkeys(mark for told in grades.values() for mark in told["marks"]))
    lines = [
        "# How clients are graded",
        "",
        "Made by `python tools/grade_clients.py`, which runs `rtdoctor grade` on small programs written as the",
        "library's documentation has it (tools/clients): one text turn, then the end. A grade is of the program: what",
        "a library leaves to its user shows as a fail where its own examples leave it out. – means that the client",
        "never came to that point.",
        "",
        "| client | packages | graded |",
        "|---|---|---|",
    ]
    for name in names:
        packages = ", ".join(known[name]["packages"])
        lines.append(f"| {known[name]['title']} | {packages} | {grades[name]['seen']} |")
    lines += ["", "| mark | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for mark in marks:
        row = (_SIGN[grades[name]["marks"].get(mark, {"grade": "not seen"})["grade"]] for name in names)
        lines.append(f"| `{mark}` | " + " | ".join(row) + " |")
    for name in names:
        lines += ["", f"## {known[name]['title']}", ""]
        told = [
            f"- `{mark}` {one['grade']}: {one['said']}" for mark, one in grades[name]["marks"].items() if one["said"]
        ]
        lines += told or ["Nothing."]
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> None:
    """Install, grade, write."""
    if names == ["--page"]:
        PAGE.write_text(page(), encoding="utf-8")
        return
    if names == ["--install"]:
        for name in clients():
            try:
                install(name)
            except (subprocess.CalledProcessError, OSError) as error:
                print(f"skipped: {name} cannot be installed: {error}")
        return
    if strange := [name for name in names if name not in clients()]:
        sys.exit(f"{strange[0]}: no such client; there are {', '.join(clients())}, and --install and --page")
    for name in names or list(clients()):
        install(name)
        told = graded(name)
        keep(name, told)
        print(name, told["summary"]["sentence"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
