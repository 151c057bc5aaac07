"""`rtdoctor init`: writes rtdoctor.toml with a target, or adds a target to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtdoctor.cli.options import KIND_FORM
from rtdoctor.files import NotWritten, read_bounded, renewed, writing
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote

if TYPE_CHECKING:
    from rtdoctor.cli.configfile import Config


_MOST = 1 << 20
_HEADER = (
    "# Targets of rtdoctor: `rtdoctor check NAME`, `rtdoctor probe NAME`, `rtdoctor config`. No key stands in here.\n"
)
_QUESTIONS = (
    ("base_url", "What is tested: a base URL, openai or mock", "openai"),
    ("key_env", "The environment variable that holds the key", "OPENAI_API_KEY"),
    ("model", "The model (empty: a usual one)", ""),
    ("proxy", "An HTTP proxy, http://host:port (empty: what the environment says)", ""),
    ("ca_file", "A file with a CA to trust, too (empty: none)", ""),
)


def init(
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What the target is called.")] = None,
    base_url: Annotated[str | None, typer.Option(help="What is tested: a base URL, openai or mock.")] = None,
    key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable that holds the key.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model you want to use.")] = None,
    kind: Annotated[str | None, typer.Option(metavar=KIND_FORM, help="The kind of session.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="A CA to trust beside the system's.")] = None,
    proxy: Annotated[str | None, typer.Option(metavar="URL", help="The HTTP proxy, http://host:port.")] = None,
) -> None:
    """Write rtdoctor.toml with a target, or add a target to it. It asks; with --base-url it does not."""
    asked = {
        "base_url": base_url,
        "key_env": key_env,
        "model": model,
        "kind": kind,
        "ca_file": str(ca_file) if ca_file else None,
        "proxy": proxy,
    }
    import json

    from rtdoctor.cli.configfile import NAMES, may_be_name, read

    file = Path(NAMES[0])
    before = read(file) if file.exists() else None
    values = {key: value for key, value in asked.items() if value is not None}
    if "base_url" not in values:
        name = name or _ask("What is the target called?", "prod")
        for key, question, usual in _QUESTIONS:
            if key not in values and not (key != "base_url" and values.get("base_url") == "mock"):
                values[key] = _ask(f"{question}?", usual)
    name = name or "prod"
    if not may_be_name(name):
        raise Usage("'{}': a target's name is of letters, digits, - and _, other than mock and openai", name)
    if before and name in before.targets:
        raise Usage("{}: there is a target '{}' already, at line {}", file, name, before.targets[name].line)
    table = "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items() if value)
    _write(file, f"[targets.{name}]\n{table}", before)
    print(f"{file} has the target {name}. Try it: rtdoctor check {name}")
    if variable := values.get("key_env"):
        print(f"The key is read from {quote(variable)}; the file holds only its name.")


def _write(file: Path, table: str, before: Config | None) -> None:
    """Write the file whole or not at all, once it was read as a configuration."""
    import tempfile

    from rtdoctor.cli.configfile import read

    text = f"{read_bounded(file, _MOST).decode('utf-8').rstrip()}\n\n{table}" if before else _HEADER + "\n" + table
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / file.name
        trial.write_text(text, encoding="utf-8")
        try:
            read(trial)
        except Usage as error:
            raise Usage("{}", str(error).replace(str(trial), str(file))) from error
    try:
        renewed(file)
        with writing(file, (1, 2)) as write:
            write(text.encode())
    except NotWritten as error:
        raise Usage("{}", error) from error


def _ask(question: str, usual: str) -> str:
    sys.stderr.write(f"{question} [{usual}] " if usual else f"{question} ")
    sys.stderr.flush()
    try:
        return input().strip() or usual
    except EOFError as error:
        sys.stderr.write("\n")  # the question's line ends without an answer
        raise Usage("init asks questions, and nobody answers; without them: rtdoctor init --base-url openai") from error
