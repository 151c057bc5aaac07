"""The command `rtdoctor`. A command that is named is all that is loaded: to make the options of all of them takes
longer than to explain a text."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer

from rtdoctor.cli import exits
from rtdoctor.cli.environment import keep_environment
from rtdoctor.cli.helptext import EXIT_CODES, GroupedCommand, beginning, examples
from rtdoctor.cli.without_pydantic import QuickCommand, QuickGroup
from rtdoctor.cli.wording import WordedCommand
from rtdoctor.files import keep_what_is_read
from rtdoctor.privacy.guard import confess, install
from rtdoctor.version import __version__

_HELP = "Why a realtime socket does not open, and what to change.\n\n" + beginning(
    (
        ("rtdoctor check", "your key and the way to the session; free"),
        ("rtdoctor explain 'the error'", "what an error means; nothing is sent"),
        ("rtdoctor probe URL --fix", "your handshake, and what to change in it"),
        ("rtdoctor check mock", "how it looks, without a key"),
    )
)


@dataclass(frozen=True, slots=True)
class _Command:
    """A command's line in the list, its examples and exit codes; it is the function of its name in the file of its name
    in `commands/`."""

    short: str
    examples: tuple[str, ...]
    cls: Any = WordedCommand
    codes: str = EXIT_CODES

    def add_to(self, app: typer.Typer, name: str) -> None:
        """Load it, and put it into an app."""
        own = name.replace("-", "_")
        function = getattr(import_module(f"rtdoctor.cli.commands.{own}"), own)
        end = examples(*self.examples, codes=self.codes)
        app.command(name, cls=self.cls, short_help=self.short, epilog=end)(function)


_COMMANDS = {
    "check": _Command(
        "why a socket works or does not",
        ("rtdoctor check --tag smoke", "rtdoctor check prod --report html", "rtdoctor check --target wss://host/v1"),
        cls=GroupedCommand,
    ),
    "probe": _Command(
        "your own handshake, repeated and mended",
        (
            "rtdoctor probe 'wss://host/v1/realtime?model=m' -H 'Authorization: Bearer $OPENAI_API_KEY' --fix",
            "rtdoctor probe prod",
        ),
        cls=GroupedCommand,
    ),
    "conform": _Command(
        "whether a server keeps the protocol",
        ("rtdoctor conform mock", "rtdoctor conform wss://my-server/v1 --spend"),
        codes="Exit codes: 0 nothing of high or medium weight, 1 something is, 2 usage, 3 it could not be told. "
        "With --compare: 0 both reports say the same, 1 they do not.",
    ),
    "explain": _Command(
        "the cause behind an error text",
        ("rtdoctor explain 'close 4000 invalid_request_error.missing_model'", "rtdoctor explain app.log"),
        cls=QuickCommand,
        codes="Exit codes: 0 something was explained, or the text is healthy; 2 usage; 3 nothing known was found "
        "in it.",
    ),
    "validate": _Command(
        "judge a recorded stream of events",
        ("rtdoctor validate session.jsonl", "rtdoctor validate beta.jsonl --migrate ga.jsonl"),
        codes="Exit codes: 0 no error, 1 an error or a line that cannot be read (with --strict a warning, too), 2 "
        "usage or nothing to judge.",
    ),
    "diff": _Command(
        "what two reports answer otherwise",
        ("rtdoctor diff old.json new.json",),
        cls=QuickCommand,
        codes="Exit codes: 0 the same, 1 not, 2 usage.",
    ),
    "history": _Command(
        "saved runs over time",
        ("rtdoctor check --save runs", "rtdoctor history runs"),
        codes="Exit codes: 0 shown, 2 usage, 3 no report is there.",
    ),
    "snippet": _Command(
        "client code that connects",
        ("rtdoctor snippet csharp --for transcription",),
        codes="Exit codes: 0 printed, 2 usage.",
    ),
    "mock": _Command(
        "a server to try a client on",
        ("rtdoctor mock --port 8765", "rtdoctor mock --fault abort@2"),
        codes="Exit codes: 0 ended by Ctrl-C, 1 a client did not keep to --script, 2 usage. With --exec: those of "
        "grade.",
    ),
    "grade": _Command(
        "what your client does wrong",
        ("rtdoctor grade 'node my-client.mjs'", "rtdoctor grade --list"),
        codes="Exit codes: 0 every mark is pass, warn or not seen, 1 a fail, 2 usage, 3 the client never connected.",
    ),
    "proxy": _Command(
        "between a client and an endpoint, judging",
        ("rtdoctor proxy --to wss://api.openai.com/v1", "rtdoctor proxy --to wss://host/v1 --record session.tape"),
        codes="Exit codes: 0 ended by Ctrl-C, 1 by --fail-on, 2 usage.",
    ),
    "replay": _Command(
        "a recording as an endpoint",
        ("rtdoctor replay session.tape --once",),
        codes="Exit codes: 0 all was played and matched, 1 something differed or was left over, 2 usage.",
    ),
    "export": _Command(
        "a recording as HAR, Markdown, WAV",
        ("rtdoctor export session.tape --as har",),
        codes="Exit codes: 0 written, 2 usage, or nothing to write.",
    ),
    "view": _Command(
        "a recording on a page, or here",
        ("rtdoctor view session.jsonl",),
        codes="Exit codes: 0 shown, 2 usage, or nothing to show.",
    ),
    "exporter": _Command(
        "configured targets for Prometheus",
        ("rtdoctor exporter",),
        codes="Exit codes: 0 ended by Ctrl-C, 2 usage.",
    ),
    "config": _Command(
        "what rtdoctor.toml says, and where",
        ("rtdoctor config", "rtdoctor config prod --json"),
        codes="Exit codes: 0 shown, 2 usage.",
    ),
    "init": _Command(
        "write rtdoctor.toml",
        ("rtdoctor init --name prod --base-url openai --key-env PROD_KEY",),
        codes="Exit codes: 0 written, 2 usage.",
    ),
    "report-bundle": _Command(
        "one zip for a public issue",
        ("rtdoctor check --report json", "rtdoctor report-bundle rtdoctor.json"),
        codes="Exit codes: 0 written, 2 usage.",
    ),
}


def _version(asked: bool) -> None:
    if asked:
        print(f"rtdoctor {__version__}")
        raise typer.Exit


def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Exit codes: 0 as expected, 1 something is wrong, 2 usage, 3 inconclusive, 4 a bug, 130 interrupted."""


@cache
def application(*names: str) -> typer.Typer:
    """The command line, with the commands of those names, or with all."""
    app = typer.Typer(
        cls=QuickGroup,
        add_completion=True,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=_HELP,
    )
    app.callback()(_top)
    for name in names or _COMMANDS:
        _COMMANDS[name].add_to(app, name)
    return app


def _named(arguments: Sequence[str]) -> tuple[str, ...]:
    """The command that the arguments begin with; none where they begin otherwise, or a shell asks for completions."""
    completing = any(name.startswith("_") and name.endswith("_COMPLETE") for name in os.environ)
    return tuple(arguments[:1]) if arguments and arguments[0] in _COMMANDS and not completing else ()


def main() -> None:
    """Run the command line. A traceback is shown only when RTDOCTOR_DEBUG is set, and redacted."""
    if sys.stdout is None:
        exits.fail("standard output is closed", exits.USAGE)
    install()
    keep_environment()
    keep_what_is_read()
    try:
        try:
            application(*_named(sys.argv[1:]))()
        finally:
            sys.stdout.flush()
            if masked := confess():
                exits.say(masked, 0)
    except Exception as error:
        raise SystemExit(exits.tell(error)) from None
