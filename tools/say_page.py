"""Makes docs/clients.md of what clients said (tools/said): what each shows, what it hides, how to make it say more.

python tools/say_page.py            write the page
python tools/say_page.py --check    write nothing; exit 1 if it differs
"""

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.say import SAID, read_said  # noqa: E402
from tools.say_faults import rows  # noqa: E402
from tools.say_stack import Stack, stacks  # noqa: E402

PAGE = ROOT / "docs" / "clients.md"
_WIDTH = 150  # characters that are shown of a text
# What a client may show: in the text of which fault, and what must stand there.
_SHOWS = {
    "status": ("http.401", "401"),
    "body": ("http.403-region", "territory"),
    "close code": ("ws.close-1008", "1008"),
    "close reason": ("ws.close-beta", "beta_api_shape_disabled"),
    "why TLS failed": ("tls.expired", "expired"),
    "proxy": ("proxy.auth.variable", "proxy"),
}
# Lines that say nothing of the cause: fields of an object, what follows every failure.
_DULL = re.compile(
    r"^\W*$|^\W*(?:errno|code|syscall|address|port|library|reason|type|wasClean|isTrusted)['\"]?: "
    r"|^#* ?closed?\b.{0,12}(?:1006|None|\b0\b)|^Emitted|^Traceback|^The above|^During|^\[Symbol|^ +\^|^depth="
)


def page() -> str:
    """The page as text."""
    every = rows()
    made = [stack for stack in stacks() if (SAID / f"{stack.id}.jsonl").exists()]
    lines = [
        "# What clients say of what went wrong",
        "",
        "Made by `tools/say_page.py` of `tools/said/`, which `tools/say.py` makes: each client meets each fault of",
        "[faults.md](faults.md) that it can meet on loopback, and what its user sees is kept. One that hides what",
        "decides shows more by what stands under its name; `rtdoctor probe URL` shows the same handshake without it.",
        "",
        "yes: the client's own words show it. no: they hide it. –: it could not be tried, or the client says nothing.",
        "",
        f"| client | {' | '.join(_SHOWS)} |",
        f"|---|{'---|' * len(_SHOWS)}",
    ]
    lines += [_summary(stack) for stack in made]
    for stack in made:
        lines += _section(stack, {row.id: row.cause for row in every})
    return "\n".join(lines) + "\n"


def _summary(stack: Stack) -> str:
    _, cells = read_said(stack.id)
    told = []
    for fault, word in _SHOWS.values():
        said = cells.get(fault, {}).get("says", "")
        told.append("–" if not said else "yes" if word in said.lower() else "no")
    return f"| [{stack.title}](#{_anchor(stack.title)}) | {' | '.join(told)} |"


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _section(stack: Stack, causes: dict[str, str | None]) -> list[str]:
    head, cells = read_said(stack.id)
    versions = ", ".join(f"{name} {version}".strip() for name, version in head["versions"].items())
    lines = ["", f"## {stack.title}", "", f"{versions or stack.title}; run on {head['date']}.", ""]
    lines += [f"To see more: {stack.shows}", "", "| cause | what it says |", "|---|---|"]
    by_cause: dict[str, dict[str, None]] = defaultdict(dict)
    same: dict[str, set[str]] = defaultdict(set)
    quiet: set[str] = set()
    why: dict[str, None] = {}
    for name, cause in causes.items():
        cell: dict[str, Any] = cells.get(name, {})
        if cause is None or not cell:
            continue
        if "why" in cell:
            why[cell["why"]] = None
        elif not cell["says"]:
            quiet.add(cause)
        else:
            by_cause[cause][_shown(cell["says"])] = None
            same[cell["says"]].add(cause)
    lines += [f"| {cause} | {'<br>'.join(list(texts)[:3])} |" for cause, texts in by_cause.items()]
    silent = sorted(quiet - set(by_cause))
    lines += ["", f"It says nothing of {_listed(silent)}."] if silent else []
    groups = {tuple(sorted(found)) for found in same.values() if len(found) > 1}
    groups = {one for one in groups if not any(set(one) < set(other) for other in groups)}
    lines += ["", *(f"- It says the same of {_listed(group)}." for group in sorted(groups))] if groups else []
    lines += ["", f"Not made: {'; '.join(why)}."] if why else []
    return lines


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _shown(says: str) -> str:
    """The line that says most, as a cell of a table."""
    told = [
        line.strip() for line in says.split("\n") if not _DULL.match(line) and not line.lstrip().startswith("File ")
    ]
    errors = [line for line in told if re.search(r"\w(?:Error|Exception|Status|Invalid\w+|Failure)\b.{0,40}:? ?", line)]
    line = (errors or told or says.split("\n"))[-1 if "Traceback" in says or "Caused by" in says else 0]
    cut = line if len(line) <= _WIDTH else line[:_WIDTH].rstrip() + "…"
    printable = "".join(char if char.isprintable() else "?" for char in cut)
    return "`` " + printable.replace("|", "\\|").replace("``", "''") + " ``"


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args(arguments).check:
        return int(PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
