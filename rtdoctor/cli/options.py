"""Options that several commands share. Imports only typer: it lies on the way to `--help`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rtdoctor.cli.fail_on import FAIL_ON
from rtdoctor.cli.own_knowledge import use_knowledge
from rtdoctor.report.writers import WRITERS

TERMINAL = "terminal"  # the writer that is taken where none is named
VERBOSE = "verbose"  # the same, with everything: -v
KIND_FORM = "[transcription|realtime|translation|live]"
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="Whose rules hold at the endpoint: openai, azure, xai, compatible. Default: as the host tells.",
    ),
]
KeyEnv = Annotated[
    str | None, typer.Option(metavar="NAME", help="The environment variable that holds the key; none goes without.")
]
KeyFile = Annotated[Path | None, typer.Option(help="A file that holds the key.")]
CaFile = Annotated[
    Path | None,
    typer.Option(
        help="A PEM file with a CA to trust beside the system's (also SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE)."
    ),
]
Cert = Annotated[Path | None, typer.Option(help="A PEM file with the client certificate, where the server wants one.")]
CertKey = Annotated[Path | None, typer.Option("--key", help="A PEM file with its key, where --cert does not hold it.")]
Proxy = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Go by this HTTP proxy, http://host:port; none goes directly. Default: HTTPS_PROXY, HTTP_PROXY or "
        "ALL_PROXY, unless NO_PROXY names the host.",
    ),
]
Ipv4 = Annotated[bool, typer.Option("-4", "--ipv4", help="IPv4 addresses only.")]
Ipv6 = Annotated[bool, typer.Option("-6", "--ipv6", help="IPv6 addresses only.")]
Resolve = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST:PORT:ADDRESS", help="Use this address (or several, with commas) for the host. Repeatable."
    ),
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Do not check the certificate. The key is not sent, and every report says so."),
]
InsecureSendKey = Annotated[
    bool, typer.Option("--insecure-send-key", help="With --insecure: send the key all the same, to whoever answers.")
]
ShowOpaque = Annotated[
    bool,
    typer.Option(
        "--show-opaque",
        help="Show opaque text that is quoted (ids, hashes, tokens of unknown kinds); what is known to be secret stays "
        "masked.",
        callback=lambda wanted: wanted and _show_opaque(),
    ),
]
Knowledge = Annotated[
    Path | None,
    typer.Option(
        "--knowledge",
        metavar="DIR",
        help="Take causes and profiles of your own, too: DIR/causes/*.toml, DIR/profiles/*.toml, in the form of "
        "rtdoctor's own.",
        callback=lambda folder: use_knowledge(Path(folder)) if folder else None,
        is_eager=True,
    ),
]
ConfigHere = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The file. Default: the one that holds here."),
]
RecordRun = Annotated[
    Path | None, typer.Option("--record", metavar="FILE", help="Write a tape of every socket, redacted.")
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Recorded = Annotated[
    str, typer.Argument(metavar="FILE", help="A tape, a HAR, JSON lines, a cassette in YAML; - is standard input.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")]
PortHere = Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")]
ListenOn = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS", help="The address to listen on. Anything but this machine's own lets strangers in."
    ),
]
Timeout = Annotated[float, typer.Option(metavar="SECONDS", help="Seconds to wait for each answer of each layer.")]
Deadline = Annotated[
    float,
    typer.Option(metavar="SECONDS", help="Seconds for the whole run; what is not done by then is told as such."),
]
Spend = Annotated[
    bool,
    typer.Option(
        "--spend",
        help="Send raw text, binary frames and any event, too: what they cost nobody can tell beforehand. "
        "Implies --transcribe.",
    ),
]


def _show_opaque() -> bool:
    from rtdoctor.privacy.quote import show_opaque

    show_opaque(True)
    return True


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        help="The file with the target NAME (or RTDOCTOR_CONFIG). Else rtdoctor.toml, pyproject.toml here or above: "
        "found like that, it sends keys to OpenAI and to this machine only, by no proxy or CA of its own.",
    ),
]


def named_by_variable() -> Path | None:
    """The configuration file that RTDOCTOR_CONFIG names."""
    name = os.environ.get("RTDOCTOR_CONFIG")
    return Path(name) if name else None


def target_named(context: typer.Context, name: str) -> Any:
    """The configured target of that name: its values become the command's defaults, and it is told which host gets
    which key.

    Raises:
        Usage: there is no such target, or the file breaks the form.
    """
    from rtdoctor.cli.configured_target import configured, defaults_of
    from rtdoctor.privacy.guard import say

    file = context.params.get("config") or named_by_variable()
    target = configured(name, file)
    target.vouched(named=file is not None)
    if flag := context.params.get("knowledge"):
        use_knowledge(Path(flag))  # before the file's
    context.default_map = defaults_of(target)
    for sentence in target.notices:
        say(f"rtdoctor: {sentence}")
    return target


def given_beside_a_name(context: typer.Context, parameter: str) -> bool:
    """True where the command's target came from the file, and this flag was typed all the same."""
    source = context.get_parameter_source(parameter)
    return context.default_map is not None and source is not None and source.name == "COMMANDLINE"


def _not_one_of(value: str, names: Sequence[str]) -> str:
    from rtdoctor.model.near import did_you_mean

    return f"{value!r} is not one of {', '.join(map(repr, names))}{did_you_mean(value, names) or '.'}"


def format_option(command: str) -> Any:
    """The option --format of a command: one of its writers in the table."""
    names = [name for name in WRITERS[command] if name != VERBOSE]

    def known(value: str) -> str:
        if value not in names:
            raise typer.BadParameter(_not_one_of(value, names))
        return value

    return typer.Option(metavar=f"[{'|'.join(names)}]", callback=known, help="What standard output shows.")


def shown_as(format: str, verbose: bool) -> str:
    """The writer of standard output: --verbose is the terminal's, at length."""
    return VERBOSE if verbose and format == TERMINAL else format


def _days(value: str) -> str:
    number = value.removesuffix("d")
    if not (number.isascii() and number.isdigit() and len(number) <= 4):
        raise typer.BadParameter(f"{value!r} is no number of days, such as 30d.")
    return number


def _fail_on(value: str | None) -> str | None:
    if value is not None and value not in FAIL_ON:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(map(repr, FAIL_ON))}.")
    return value


FailOn = Annotated[
    str | None,
    typer.Option(
        metavar=f"[{'|'.join(FAIL_ON)}]",
        callback=_fail_on,
        help="What else fails: any warning; a caveat, which makes a green run mean little (only the mock was tested, "
        "no access to the model, its end is near); any answer that differs from what is known. never: the exit code "
        "is 0 whatever the endpoint does.",
    ),
]
RetireWithin = Annotated[
    str, typer.Option(metavar="DAYS", callback=_days, help="Warn of a model that is shut down within so many days.")
]
Baseline = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A TOML file of known failures, which fail nothing until the day it tells."),
]


def report_option(command: str) -> Any:
    """The option --report of a command: its writers but the terminal's."""
    names = [name for name in WRITERS[command] if name not in (TERMINAL, VERBOSE)]

    def known(values: list[str] | None) -> list[str]:
        for value in values or ():
            name, equals, path = value.partition("=")
            if name not in names:
                raise typer.BadParameter(_not_one_of(name, names))
            if equals and not path:
                raise typer.BadParameter(f"{name}= names no file.")
            if path == "-":
                raise typer.BadParameter(f"standard output shows one report: write --format {name}.")
        return list(values or ())

    return typer.Option(
        "--report",
        metavar="FORMAT[=PATH]",
        callback=known,
        help=f"Write the report to a file, too: {', '.join(names)}. Repeatable.",
    )
