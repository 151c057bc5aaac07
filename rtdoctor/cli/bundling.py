"""Carries out `rtdoctor report-bundle`: texts are gathered, quoted anew, listed, and written as one zip."""

import io
import json
import os
import platform
import sys
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from rtdoctor import __version__, process
from rtdoctor.cli import exits
from rtdoctor.cli.differing import read_report
from rtdoctor.files import NotWritten, writing
from rtdoctor.privacy.clean import clean
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.guard import Guarded
from rtdoctor.privacy.quote import quote, quoted

_MOST_REPORTS = 20
_LIBRARIES = ("aiohttp", "google-re2", "jsonschema-rs", "orjson", "rich", "typer")
# Whether they are set decides how an endpoint is reached; what they hold is nobody's affair.
_VARIABLES = (
    *("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "HTTPS_PROXY", "https_proxy"),
    *("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CI", "GITHUB_ACTIONS"),
)


def carry_out(reports: Sequence[Path], output: Path, *, yes: bool) -> int:
    """List, ask, write; the exit code comes back.

    Raises:
        Usage: a report cannot be read, nobody agreed, or the zip cannot be written.
    """
    if len(reports) > _MOST_REPORTS:
        raise Usage("report-bundle takes {} reports, and {} were given", _MOST_REPORTS, len(reports))
    inside = contents([read_report(file) for file in reports], _targets())
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
        with writing(output, (*reports, 1, 2)) as write:
            write(zipped(inside))
    except NotWritten as error:
        raise Usage("{}", error) from error
    sys.stdout.write("Written. Look into it before you publish it: hosts and models are shown.\n")
    return exits.OK


_SAYS = {
    "environment.json": "versions, and which variables are set (their names only)",
    "targets.json": "the targets of rtdoctor.toml, with the names of their variables",
}


def contents(reports: Sequence[Mapping[str, Any]], targets: Mapping[str, Any] | None) -> dict[str, str]:
    """The files of a bundle by name, every text of them quoted."""
    files: dict[str, Any] = {"environment.json": _environment()}
    if targets:
        files["targets.json"] = targets
    for number, report in enumerate(reports, 1):
        files[f"report-{number}.json"] = report
    guard = Guarded(cast(Any, None))
    return {name: guard.without_secrets(json.dumps(quoted(told), indent=2) + "\n") for name, told in files.items()}


def zipped(inside: Mapping[str, str]) -> bytes:
    """The zip, the same for the same contents."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in inside.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _environment() -> dict[str, Any]:
    return {
        "rtdoctor": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "variables set": [name for name in _VARIABLES if os.environ.get(name)],
    }


def _targets() -> dict[str, Any] | None:
    from rtdoctor.cli.configured import config_here, configured
    from rtdoctor.cli.configuring import as_json

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
