"""The command `rtdoctor`. Only typer is imported on the way to `--version` and `--help`; each command loads its own."""

import os
import sys
from typing import Annotated

import typer

from rtdoctor import __version__
from rtdoctor.cli import check, exits, explain, mock, probe, quick, snippet, validate
from rtdoctor.cli.known import keep_environment
from rtdoctor.privacy.guard import Leak, install

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
app.command("validate")(validate.validate)
app.command("snippet")(snippet.snippet)
app.command("mock")(mock.mock)


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
    print_traceback = sys.excepthook  # typer puts its own in this place
    try:
        app()
    except Leak as leak:
        told = f"rtdoctor refused to write: the output held a secret ({leak}); please report this"
        print(told, file=sys.stderr)
        raise SystemExit(exits.BUG) from None
    except exits.Usage as usage:
        exits.fail(str(usage), exits.USAGE)
    except KeyboardInterrupt:
        exits.fail("interrupted", exits.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has left (a pager, head): what was asked for has been done.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(exits.OK) from None
    except OSError as error:
        exits.fail(f"the output cannot be written: {error.strerror or type(error).__name__}", exits.BUG)
    except Exception as bug:
        if os.environ.get("RTDOCTOR_DEBUG"):
            print_traceback(type(bug), bug, bug.__traceback__)
            raise SystemExit(exits.BUG) from None
        # The message of an unknown error could hold anything, a key included: only its kind is told.
        exits.fail(f"a bug in rtdoctor itself ({type(bug).__name__}); RTDOCTOR_DEBUG=1 shows where", exits.BUG)
