"""`rtdoctor report-bundle`: one zip for a public issue."""

import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from rtdoctor import process
from rtdoctor.files import NotWritten, writing
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.guard import Guarded
from rtdoctor.privacy.quote import quote, quoted
from rtdoctor.version import __version__

_MOST_REPORTS = 20
_LIBRARIES = ("aiohttp", "google-re2", "jsonschema-rs", "orjson", "rich", "typer")
# Whether they are set decides how an endpoint is reached; what they hold is nobody's affair.
_VARIABLES = (
    *("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "HTTPS_PROXY", "https_proxy"),
    *("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CI", "GITHUB_ACTIONS"),
)
_SAYS = {
    "environment.json": "versions, and which variables are set (their names only)",
    "targets.json": "the targets of rtdoctor.toml, with the names of their variables",
}


def report_bundle(
    reports: Annotated[
        list[Path] | None, typer.Argument(metavar="[REPORT]...", help="JSON reports of check or probe (--report json).")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The zip.")] = Path(
        "rtdoctor-bundle.zip"
    ),
    yes: Annotated[bool, typer.Option("--yes", help="Write it without asking.")] = False,
) -> None:
    """Make one zip for a public issue: reports, versions, the names of the variables that count, the targets.

    What will stand in it is listed first. Every text is quoted anew: no key, no password, no opaque text. Read it all
    the same before you publish it: hosts and models are shown.
    """
    from rtdoctor.cli.differences import read_report

    files = reports or []
    if len(files) > _MOST_REPORTS:
        raise Usage("report-bundle takes {} reports, and {} were given", _MOST_REPORTS, len(files))
    inside = contents([read_report(file) for file in files], _targets())
    with process.telling():
        sys.stdout.write(f"{clean(quote(str(output)))} will hold:\n")
        for name, text in inside.items():
            sys.stdout.write(
                f"  {name:18} {len(text.encode()):>9,} bytes  {_SAYS.get(name, 'a report, quoted anew')}\n"
            )
        sys.stdout.flush()
    if not yes and not _agreed():
        raise Usage("nothing was written; --yes writes it")
    try:
        with writing(output, (*files, 1, 2)) as write:
            write(zipped(inside))
    except NotWritten as error:
        raise Usage("{}", error) from error
    sys.stdout.write("Written. Look into it before you publish it: hosts and models are shown.\n")


def contents(reports: Sequence[Mapping[str, Any]], targets: Mapping[str, Any] | None) -> dict[str, str]:
    """The files of a bundle by name, every text of them quoted."""
    import json

    files: dict[str, Any] = {"environment.json": _environment()}
    if targets:
        files["targets.json"] = targets
    for number, report in enumerate(reports, 1):
        files[f"report-{number}.json"] = report
    guard = Guarded(cast(Any, None))
    return {
        name: guard.without_secrets(json.dumps(quoted(document), indent=2) + "\n") for name, document in files.items()
    }


def zipped(inside: Mapping[str, str]) -> bytes:
    """The zip, the same for the same contents."""
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in inside.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _environment() -> dict[str, Any]:
    import platform
    from importlib import metadata

    return {
        "rtdoctor": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "variables set": [name for name in _VARIABLES if os.environ.get(name)],
    }


def _targets() -> dict[str, Any] | None:
    from rtdoctor.cli.configured_target import as_json, config_here, configured

    try:
        config = config_here()
        return {name: as_json(configured(name, config.file)) for name in config.targets} if config else None
    except Usage as error:
        return {"could not be read": str(error)}


def _agreed() -> bool:
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return False
    sys.stdout.write("Write it? [y/N] ")
    sys.stdout.flush()
    try:
        return input().strip().lower() in ("y", "yes")
    except EOFError:
        return False
