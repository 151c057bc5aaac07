"""The command `rtdoctor`. Only typer is imported on the way to `--version` and `--help`; each command loads its own."""

import sys
from typing import Annotated

import typer

from rtdoctor import __version__
from rtdoctor.cli import check, diff, exits, explain, grade, mock, probe, quick, snippet, validate
from rtdoctor.cli.known import keep_environment
from rtdoctor.privacy.guard import confess, install

app = typer.Typer(
    cls=quick.QuickGroup,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Why a realtime socket does not open, and what to change.",
)
app.command("check")(check.check)
app.command("probe")(probe.probe)
app.command("explain", cls=quick.QuickCommand)(explain.explain)
app.command("diff", cls=quick.QuickCommand)(diff.diff)
app.command("validate")(validate.validate)
app.command("snippet")(snippet.snippet)
app.command("mock")(mock.mock)
app.command("grade")(grade.grade)


def _version(asked: bool) -> None:
    if asked:
        print(f"rtdoctor {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Exit codes: 0 as expected, 1 something is wrong, 2 usage, 3 inconclusive, 4 a bug, 130 interrupted."""


def main() -> None:
    """Run the command line. A traceback is shown only when RTDOCTOR_DEBUG is set, and redacted."""
    if sys.stdout is None:
        exits.fail("standard output is closed", exits.USAGE)
    install()
    keep_environment()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
            if told := confess():
                exits.say(told, 0)
    except Exception as error:
        raise SystemExit(exits.tell(error)) from None
