"""`rtdoctor explain`: what an error text, a log, a piece of code or a cause means. Offline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from rtdoctor import process
from rtdoctor.cli import completions, exits
from rtdoctor.cli.options import TERMINAL, Knowledge, ShowOpaque, format_option, report_option
from rtdoctor.files import until_interrupted
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.quote import quote

if TYPE_CHECKING:
    from rtdoctor.cli.inputs import Ending
    from rtdoctor.cli.outputs import Outputs
    from rtdoctor.model.explanation import Explanation


def explain(
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT | FILE… | FOLDER | -]", help="What you have; - is standard input.", show_default=False
        ),
    ] = None,
    cause: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            autocompletion=completions.causes_known,
            help="The page of a cause; also for a close code, an HTTP status, an error code.",
        ),
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the causes and leave.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on as the FILE grows; each cause is told once, Ctrl-C ends it.")
    ] = False,
    knowledge: Knowledge = None,  # noqa: ARG001 - it acts when it is read
    show_opaque: ShowOpaque = False,  # noqa: ARG001 - it acts when it is read
    format: Annotated[str, format_option("explain")] = TERMINAL,
    report: Annotated[list[str] | None, report_option("explain")] = None,
) -> None:
    """Name the cause behind whatever you can paste, and what to change. Nothing is sent anywhere.

    A traceback of any client, an error event, a close code, an HTTP answer, a URL with headers, a piece of client
    code, a whole log of any length: statuses, codes, messages and close codes are found anywhere in it. Several
    problems are told in the order in which you would meet them. Keys are masked in what is printed.
    """
    from rtdoctor.cli.outputs import Outputs

    words, reports = tuple(text or ()), report or ()
    if follow:
        raise typer.Exit(_followed(words, format, reports))
    with Outputs("explain", format, reports) as outputs:
        code = outputs.code(_explained(words, cause, list_only, outputs))
    raise typer.Exit(code)


def _followed(words: Sequence[str], format: str, reports: Sequence[str]) -> int:
    from rtdoctor.cli.log_follower import follow

    if len(words) != 1 or not Path(words[0]).is_file():
        raise Usage("--follow reads one file that is there")
    if format != "terminal" or reports:
        raise Usage("--follow shows on the terminal only")
    return follow(Path(words[0]))


def _explained(words: Sequence[str], cause: str | None, list_only: bool, outputs: Outputs) -> int:
    from rtdoctor.cli.inputs import files_named, like_a_path
    from rtdoctor.knowledge.causes import UNKNOWN, causes, page

    if list_only:
        outputs(tuple(causes().values()))
        return exits.OK
    if cause is not None:
        outputs(page(_cause_of(cause)))
        return exits.OK
    files = files_named(words)
    with until_interrupted() as ending:
        explanation = _told(files, words, ending)
    with process.telling():
        outputs(explanation)
    if process.is_interrupted():
        exits.say("interrupted; this is what was found until then", 0)
    unknown = any(finding.cause == UNKNOWN for finding in explanation.findings)
    if unknown and not files and len(words) == 1 and like_a_path(words[0]):
        exits.say(f"there is no file {quote(ascii(words[0]))}; it was read as text", 0)
    return process.exit_code(exits.INCONCLUSIVE if unknown else exits.OK)


def _told(files: Sequence[Path], words: Sequence[str], ending: Ending) -> Explanation:
    """What is told of a text, files or standard input. A tape holds the facts themselves, and is no text."""
    from rtdoctor.cli.inputs import ChunkSource, file_chunks, filled, standard_input
    from rtdoctor.diagnose.text.blocks import decoded
    from rtdoctor.diagnose.text.findings import explain, explain_all
    from rtdoctor.engine.beta_rewriting import current

    if len(files) > 1:
        return explain_all(((str(file), decoded(file_chunks(file, ending))) for file in files), current())
    if not files and words and list(words) != ["-"]:
        return explain(filled([" ".join(words)]), current())  # words that the shell has taken apart
    chunks = file_chunks(files[0], ending) if files else standard_input(words, ending)
    head = next(chunks, b"")
    chunks = chain((head,), chunks)
    from rtdoctor.recording.tape import is_tape

    if not is_tape(head[:64]):
        if files:
            return explain_all([(str(files[0]), decoded(chunks))], current())
        return explain(filled(decoded(chunks)), current())
    from rtdoctor.engine.validate import explain_tape

    return explain_tape(cast(BinaryIO, ChunkSource(chunks)))


def _cause_of(asked: str) -> str:
    """A cause's id as it is; anything else is explained, and its first cause taken."""
    from rtdoctor.diagnose.text.findings import explain
    from rtdoctor.knowledge.causes import UNKNOWN, causes
    from rtdoctor.model.near import did_you_mean

    if asked in causes():
        return asked
    findings = explain([asked]).findings
    if not findings or findings[0].cause in (None, UNKNOWN):
        hint = did_you_mean(asked, causes()) or "; --list names the causes"
        raise Usage("nothing is known of {!a}{}", quote(asked), hint)
    return findings[0].cause
