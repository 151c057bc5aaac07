"""`rtdoctor snippet`: client code that connects the way that works."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.guard import say
from rtdoctor.privacy.known import holds_secret
from rtdoctor.privacy.quote import secret_words

if TYPE_CHECKING:
    from rtdoctor.diagnose.snippet import Language


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
    if list_only:
        list_languages()
    else:
        print_snippet(lang, aim, auth, model, base_url)


def list_languages() -> None:
    """Each language: id, title, forms of authentication, and below it what it was last run with."""
    from rtdoctor.diagnose.snippet import languages

    for entry in languages().values():
        print(f"{entry.id:18} {entry.title:24} {', '.join(entry.auth)}")
        print(f"{'':18} run on {entry.seen} with {entry.versions}")


def print_snippet(ident: str | None, aim: str, auth: str | None, model: str | None, base_url: str | None) -> None:
    """Print the snippet to stdout, what to know about it to stderr.

    Raises:
        Usage: no such snippet, or a model or URL that cannot be used.
    """
    from rtdoctor.diagnose.snippet import NoSnippet, language, languages, render
    from rtdoctor.model.target import OPENAI_BASE_URL, BadTarget, parse_target
    from rtdoctor.protocol.models import defaults, models

    if ident is None:
        raise Usage("name a language: {}", ", ".join(languages()))
    if model is None:
        model = defaults().realtime if aim == "realtime" else defaults().transcription
    for option, value in (("--model", model), ("--base-url", base_url or "")):
        if secret_words(value) or holds_secret(value):
            raise Usage("{}: {} looks like a secret, and a snippet is to be shown", option, value)
    known = models().get(model)
    if known and known.kind != aim:
        raise Usage("{} is a {} model; give --for {}, or another --model", model, known.kind, known.kind)
    try:
        chosen = language(ident)
        auth = auth or chosen.auth[0]
        url = parse_target(base_url).base_url if base_url else OPENAI_BASE_URL
        text = render(ident, aim, auth, model=model, base_url=url)
    except (NoSnippet, BadTarget) as error:
        raise Usage("{}", error) from error
    print(text, end="")
    sys.stdout.flush()  # so that the notes come after it where both go to one place
    notes = _notes(chosen, aim, auth)
    if known and known.shutdown:
        notes.append(f"{model} will be shut down on {known.shutdown}; its successor is {known.replacement}")
    if known and known.retired:
        notes.append(f"{model} is retired; its successor is {known.replacement}")
    say("\n".join(f"# {note}" for note in notes))


def _notes(chosen: Language, aim: str, auth: str) -> list[str]:
    audio = "speech.wav" if aim == "transcription" else ""
    run = chosen.run.format(file=chosen.file, audio=audio).strip()
    notes = [f"save as {chosen.file}", f"install: {chosen.install}", f"run: {run}"]
    notes += [text for text in (chosen.notes.get(auth), chosen.limits) if text]
    return [*notes, f"run last on {chosen.seen} with {chosen.versions}, against rtdoctor's mock"]
