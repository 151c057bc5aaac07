"""The command `rtdoctor`. Only typer is imported on the way to `--version` and `--help`; each command loads its own."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from rtdoctor import __version__
from rtdoctor.cli import exits, quick
from rtdoctor.cli.commands import (
    check,
    config,
    conform,
    diff,
    explain,
    export,
    exporter,
    grade,
    history,
    init,
    mock,
    probe,
    proxy,
    replay,
    report_bundle,
    snippet,
    validate,
    view,
)
from rtdoctor.cli.environment import keep_environment
from rtdoctor.cli.helptext import EXIT_CODES, GroupedCommand, beginning, examples
from rtdoctor.cli.wording import WordedCommand
from rtdoctor.files import keep_what_is_read
from rtdoctor.privacy.guard import confess, install

app = typer.Typer(
    cls=quick.QuickGroup,
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Why a realtime socket does not open, and what to change.\n\n"
    + beginning(
        (
            ("rtdoctor check", "your key and the way to the session; free"),
            ("rtdoctor explain 'the error'", "what an error means; nothing is sent"),
            ("rtdoctor probe URL --fix", "your handshake, and what to change in it"),
            ("rtdoctor check mock", "how it looks, without a key"),
        )
    ),
)


def _add(
    name: str, function: Callable[..., None], short: str, *lines: str, cls: Any = WordedCommand, codes: str = EXIT_CODES
) -> None:
    """A command with its line in the list, examples and exit codes."""
    end = examples(*lines, codes=codes)
    app.command(name, cls=cls, short_help=short, epilog=end)(function)


_add(
    *("check", check.check, "why a socket works or does not"),
    *("rtdoctor check --tag smoke", "rtdoctor check prod --report html", "rtdoctor check --target wss://host/v1"),
    cls=GroupedCommand,
)
_add(
    *("probe", probe.probe, "your own handshake, repeated and mended"),
    "rtdoctor probe 'wss://host/v1/realtime?model=m' -H 'Authorization: Bearer $OPENAI_API_KEY' --fix",
    "rtdoctor probe prod",
    cls=GroupedCommand,
)
_add(
    *("conform", conform.conform, "whether a server keeps the protocol"),
    *("rtdoctor conform mock", "rtdoctor conform wss://my-server/v1 --spend"),
    codes="Exit codes: 0 nothing of high or medium weight, 1 something is, 2 usage, 3 it could not be told. "
    "With --compare: 0 both reports say the same, 1 they do not.",
)
_add(
    *("explain", explain.explain, "the cause behind an error text"),
    *("rtdoctor explain 'close 4000 invalid_request_error.missing_model'", "rtdoctor explain app.log"),
    cls=quick.QuickCommand,
    codes="Exit codes: 0 something was explained, or the text is healthy; 2 usage; 3 nothing known was found in it.",
)
_add(
    *("validate", validate.validate, "judge a recorded stream of events"),
    *("rtdoctor validate session.jsonl", "rtdoctor validate beta.jsonl --migrate ga.jsonl"),
    codes="Exit codes: 0 no error, 1 an error or a line that cannot be read (with --strict a warning, too), 2 usage or "
    "nothing to judge.",
)
_add(
    *("diff", diff.diff, "what two reports answer otherwise", "rtdoctor diff old.json new.json"),
    cls=quick.QuickCommand,
    codes="Exit codes: 0 the same, 1 not, 2 usage.",
)
_add(
    *("history", history.history, "saved runs over time", "rtdoctor check --save runs", "rtdoctor history runs"),
    codes="Exit codes: 0 shown, 2 usage, 3 no report is there.",
)
_add(
    *("snippet", snippet.snippet, "client code that connects", "rtdoctor snippet csharp --for transcription"),
    codes="Exit codes: 0 printed, 2 usage.",
)
_add(
    *("mock", mock.mock, "a server to try a client on", "rtdoctor mock --port 8765", "rtdoctor mock --fault abort@2"),
    codes="Exit codes: 0 ended by Ctrl-C, 1 a client did not keep to --script, 2 usage. With --exec: those of grade.",
)
_add(
    *("grade", grade.grade, "what your client does wrong"),
    *("rtdoctor grade 'node my-client.mjs'", "rtdoctor grade --list"),
    codes="Exit codes: 0 every mark is pass, warn or not seen, 1 a fail, 2 usage, 3 the client never connected.",
)
_add(
    *("proxy", proxy.proxy, "between a client and an endpoint, judging"),
    *("rtdoctor proxy --to wss://api.openai.com/v1", "rtdoctor proxy --to wss://host/v1 --record session.tape"),
    codes="Exit codes: 0 ended by Ctrl-C, 1 by --fail-on, 2 usage.",
)
_add(
    *("replay", replay.replay, "a recording as an endpoint", "rtdoctor replay session.tape --once"),
    codes="Exit codes: 0 all was played and matched, 1 something differed or was left over, 2 usage.",
)
_add(
    *("export", export.export, "a recording as HAR, Markdown, WAV", "rtdoctor export session.tape --as har"),
    codes="Exit codes: 0 written, 2 usage, or nothing to write.",
)
_add(
    *("view", view.view, "a recording on a page, or here", "rtdoctor view session.jsonl"),
    codes="Exit codes: 0 shown, 2 usage, or nothing to show.",
)
_add(
    *("exporter", exporter.exporter, "configured targets for Prometheus", "rtdoctor exporter"),
    codes="Exit codes: 0 ended by Ctrl-C, 2 usage.",
)
_add(
    *("config", config.config, "what rtdoctor.toml says, and where", "rtdoctor config", "rtdoctor config prod --json"),
    codes="Exit codes: 0 shown, 2 usage.",
)
_add(
    *("init", init.init, "write rtdoctor.toml"),
    "rtdoctor init --name prod --base-url openai --key-env PROD_KEY",
    codes="Exit codes: 0 written, 2 usage.",
)
_add(
    *("report-bundle", report_bundle.report_bundle, "one zip for a public issue"),
    *("rtdoctor check --report json", "rtdoctor report-bundle rtdoctor.json"),
    codes="Exit codes: 0 written, 2 usage.",
)


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
    keep_what_is_read()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
            if told := confess():
                exits.say(told, 0)
    except Exception as error:
        raise SystemExit(exits.tell(error)) from None
