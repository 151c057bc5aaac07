"""`rtdoctor snippet`: client code that connects the way that works."""

from enum import StrEnum
from typing import Annotated

import typer


class Aim(StrEnum):
    """What the session is for."""

    transcription = "transcription"
    realtime = "realtime"


class Auth(StrEnum):
    """How the snippet authenticates."""

    header = "header"
    subprotocol = "subprotocol"
    secret = "secret"


def snippet(
    lang: Annotated[str | None, typer.Argument(metavar="LANG", help="The language; --list shows them.")] = None,
    aim: Annotated[Aim, typer.Option("--for", help="The kind of session.")] = Aim.transcription,
    auth: Annotated[
        Auth | None,
        typer.Option(
            help="The Authorization header, a subprotocol with the key, or a client secret minted first. "
            "Default: the language's usual one."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The model: of the session, or for a transcription the one that transcribes.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="What the snippet uses where OPENAI_BASE_URL is not set. Default: OpenAI's.")
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the languages and leave.")] = False,
) -> None:
    """Print client code that opens a session in the form that is taken today, and nothing else, to standard output.

    What to install and how to run it goes to standard error. The code reads the key from OPENAI_API_KEY; with an audio
    file (24 kHz mono PCM16, WAV or raw) as its argument a transcription snippet prints the transcript.
    """
    from rtdoctor.cli.snippets import list_languages, print_snippet

    if list_only:
        list_languages()
    else:
        print_snippet(lang, aim, auth, model, base_url)
