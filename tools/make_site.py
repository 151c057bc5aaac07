"""Makes the site of the documents: README and docs/ as they are, and of the tables a page for each cause and deviation.

    python tools/make_site.py OUT             the whole site, by mkdocs (the extra `site`)
    python tools/make_site.py OUT --source    its Markdown and mkdocs.yml alone

Nothing of what is made is kept in the repository. A dead link ends it with an error.
"""

import argparse
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rtdoctor.knowledge.causes import causes, page, rules
from rtdoctor.knowledge.deviations import deviations
from rtdoctor.model.conformance import WEIGHTS, Deviation
from rtdoctor.model.finding import Evidence
from rtdoctor.protocol.models import models

ROOT = Path(__file__).resolve().parents[1]
FILES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
_LAYERS = {
    "usage": "Usage and configuration",
    "network": "Network, TLS and proxies",
    "refused": "The upgrade is refused",
    "auth": "Credentials",
    "session": "Session and model",
    "limits": "Limits and credit",
    "audio": "Audio and transcripts",
    "close": "The end of a session",
    "peer": "The server itself",
}
_EXITS = {1: "1: the endpoint answered, and something is wrong", 2: "2: usage or configuration", 3: "3: could not tell"}
_FIRST = "---\nsearch:\n  boost: 4\n---"  # who looks for an error wants its cause first
_MEANING = re.compile(r"([\\*\[\]|])")
_DOCS_LINK = re.compile(r"\]\(docs/")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--source", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.source:
        write_source(asked.out)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        write_source(source)
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file"]
        command += [str(source / "mkdocs.yml"), "--site-dir", str(asked.out.resolve())]
        # The theme tells of its own future there, which is no warning about these pages.
        built = subprocess.run(command, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=False)
    return built.returncode


def write_source(out: Path) -> None:
    """The Markdown of every page below `out`/docs, and `out`/mkdocs.yml."""
    docs = out / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    for file in (ROOT / "docs").iterdir():
        shutil.copy(file, docs / file.name)
        if file.suffix == ".md":  # what is above docs/ in the repository stands beside it here
            text = file.read_text(encoding="utf-8").replace("](../", "](")
            (docs / file.name).write_text(text, encoding="utf-8")
    for name in FILES:
        shutil.copy(ROOT / name, docs / name)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (docs / "index.md").write_text(_DOCS_LINK.sub("](", readme), encoding="utf-8")
    for place, text in pages():
        file = docs / place
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    site = ROOT / "tools" / "site"
    shutil.copy(site / "site.css", docs / "site.css")
    shutil.copy(site / "mkdocs.yml", out / "mkdocs.yml")


def pages() -> Iterator[tuple[str, str]]:
    """Each page that is made of the tables: its place below docs, and its Markdown."""
    yield "causes/index.md", _causes()
    for ident in causes():
        yield f"causes/{ident}.md", _cause(ident)
    yield "deviations/index.md", _deviations()
    for deviation in deviations().values():
        yield f"deviations/{deviation.id}.md", _deviation(deviation)


def prose(text: str) -> str:
    """A text of the tables, of which Markdown and HTML read nothing but code between backticks."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # one of them has no other
        return _plain(text.replace("`", "'"))
    return "".join(_plain(piece) if place % 2 == 0 else f"`{piece}`" for place, piece in enumerate(pieces))


def _plain(text: str) -> str:
    return _MEANING.sub(r"\\\1", html.escape(text, quote=False))


def _causes() -> str:
    lines = [
        "# Causes",
        "",
        "What rtdoctor can find wrong, each with its cure. `rtdoctor explain --cause ID` prints a page.",
    ]
    layers = dict.fromkeys((*_LAYERS, *(ident.partition(".")[0] for ident in causes())))
    for layer in layers:
        rows = [cause for ident, cause in causes().items() if ident.partition(".")[0] == layer]
        if rows:
            lines += ["", f"## {_LAYERS.get(layer, layer.capitalize())}", "", "| id | what is wrong |", "|---|---|"]
            lines += [f"| [{cause.id}]({cause.id}.md) | {prose(cause.title)} |" for cause in rows]
    return "\n".join(lines) + "\n"


def _cause(ident: str) -> str:
    told = page(ident)
    cause = told.cause
    blocks = [
        _FIRST,
        f"# {prose(cause.title)}",
        f"`{cause.id}`, exit code {_EXITS.get(cause.exit, str(cause.exit))}",
        prose(cause.explanation),
        f"**Fix:** {prose(cause.remedy)}",
        f"**Who meets it:** {prose(told.who)}",
        f"## How it shows\n\n{_fenced(told.shows)}",
        f"## Mended\n\n{_fenced(told.mended)}",
    ]
    if ident == "session.model-retired":
        blocks.append(f"## Models that were or will be shut down\n\n{_shutdowns()}")
    if codes := _codes(ident):
        blocks.append(f"## Errors and codes that tell of it\n\n{codes}")
    blocks.append(f"## How this is known\n\n{_evidence(told.evidence)}")
    return "\n\n".join(blocks) + "\n"


def _codes(ident: str) -> str:
    """The codes that its rules know it by, so that a search for one finds the page."""
    found: dict[str, None] = {}
    for rule in rules():
        for name in ("error_code", "error_type", "close_code", "http_status"):
            held = rule.when.get(name) if rule.cause == ident else None
            for one in held if isinstance(held, list) else [held]:
                if isinstance(one, (str, int)) and one:
                    found[f"`{one}`"] = None
    return ", ".join(found)


def _shutdowns() -> str:
    rows = ["| model | shut down | successor |", "|---|---|---|"]
    rows += [
        f"| {name} | {one.shutdown or 'yes'} | {one.replacement or ''} |"
        for name, one in models().items()
        if one.shutdown or one.retired
    ]
    return "\n".join(rows)


def _deviations() -> str:
    lines = [
        "# Deviations of servers",
        "",
        "What `rtdoctor conform` finds in a server that speaks the protocol, and who breaks on it.",
    ]
    for weight in WEIGHTS:
        lines += ["", f"## Weight: {weight}", "", "| id | deviation | clients that break |", "|---|---|---:|"]
        lines += [
            f"| [{one.id}]({one.id}.md) | {prose(one.title)} | {len(one.breaks)} |"
            for one in deviations().values()
            if one.weight == weight
        ]
    return "\n".join(lines) + "\n"


def _deviation(one: Deviation) -> str:
    blocks = [
        f"# {prose(one.title)}",
        f"`{one.id}`, weight {one.weight}",
        f"**The real service:** {prose(one.real)}",
        f"**Fix, for the server's author:** {prose(one.fix)}",
    ]
    if one.breaks:
        rows = [
            f"- **{prose(client.client)}** {prose(client.how)} ({prose(str(client.evidence))})" for client in one.breaks
        ]
        blocks.append("## Who breaks\n\n" + "\n".join(rows))
    if one.rules:
        blocks.append("## Rules of the stream\n\n" + "\n".join(f"- `{rule}`" for rule in one.rules))
    blocks.append(f"## How this is known\n\n{_evidence([one.evidence])}")
    return "\n\n".join(blocks) + "\n"


def _evidence(items: Iterable[Evidence]) -> str:
    return "\n".join(f"- {prose(str(item))}" for item in items) or "- nothing was kept"


def _fenced(lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    return f"````text\n{text}\n````"


if __name__ == "__main__":
    sys.exit(main())
