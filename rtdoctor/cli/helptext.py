"""How a command's help is laid out: its options in groups, then examples and exit codes. Imports only typer."""

from collections.abc import Sequence
from typing import Any

from rtdoctor.cli.wording import WordedCommand

_TRIED = (
    *("target", "config", "profile", "model", "kind", "tag", "keyword", "list_only", "transcribe", "audio", "spend"),
    *("mint", "strict", "scenarios", "knowledge", "header", "subprotocol", "query", "send", "curl", "websocat"),
    *("wscat", "har", "fix", "as_"),
)
_ROUTE = ("ca_file", "cert", "key", "proxy", "ipv4", "ipv6", "resolve", "insecure", "insecure_send_key")
_TIMES = ("timeout", "deadline", "concurrency", "retry", "repeat", "every", "during")
_REPORTS = (
    "format",
    "report",
    "verbose",
    "summary",
    "show_opaque",
    "fail_on",
    "retire_within",
    "baseline",
    "save",
    "record",
)
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What is tried", _TRIED),
    ("Key", ("key_env", "key_file")),
    ("Route", _ROUTE),
    ("Times and repetition", _TIMES),
    ("Reports and what fails", _REPORTS),
)
EXIT_CODES = "Exit codes: 0 as expected, 1 something is wrong, 2 usage, 3 could not tell, 4 a bug, 130 interrupted."


class GroupedCommand(WordedCommand):
    """A command with so many options that they are told in groups."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, then each group, then what is in none."""
        parts: dict[str, list[tuple[str, str]]] = {"Arguments": [], **{name: [] for name, _ in GROUPS}, "Others": []}
        for param in self.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None:
                parts[_group(param)].append(record)
        for name, rows in parts.items():
            if rows:
                with formatter.section(name):
                    formatter.write_dl(rows)


def _group(param: Any) -> str:
    if param.param_type_name == "argument":
        return "Arguments"
    return next((name for name, members in GROUPS if param.name in members), "Others")


def examples(*lines: str, codes: str = EXIT_CODES) -> str:
    """The end of a command's help: commands to copy, each on its own line, and the exit codes."""
    return "\b\nExamples:\n" + "".join(f"  {line}\n" for line in lines) + f"\n{codes}"


def beginning(lines: Sequence[tuple[str, str]]) -> str:
    """Where to start, for `rtdoctor` alone: a command and what it is for, one a line."""
    width = max(len(command) for command, _ in lines)
    return "\b\nWhere to start:\n" + "".join(f"  {command:{width}}  {what}\n" for command, what in lines)
