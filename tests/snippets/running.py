"""Runs a snippet as a user does: written into a folder, its tools found where `.ci/install-snippet-tools` puts them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rtdoctor.data import folder
from rtdoctor.diagnose.snippet import language, render
from rtdoctor.protocol.models import defaults
from tests.conftest import AUDIO, KEY

SPEECH = folder("fixtures") / "audio" / "speech-24k.wav"
TRANSCRIPT = (AUDIO / "speech.txt").read_text(encoding="utf-8").strip()
WRONG_KEY = "sk-proj-wrong0123456789abcd"
# What npm and pip put there; the rest comes from the system's packages.
TOOLS = Path(os.environ.get("RTDOCTOR_SNIPPET_TOOLS") or Path.home() / ".cache" / "rtdoctor-snippet-tools")
PATH = os.pathsep.join([str(TOOLS / "bin"), os.environ["PATH"]])


def need(*tools: str) -> None:
    """Skip the test unless every tool is there: a program, or `npm:NAME` for a package of Node's."""
    for tool in tools:
        kind, _, name = tool.rpartition(":")
        found = (TOOLS / "node_modules" / name).is_dir() if kind == "npm" else shutil.which(tool, path=PATH)
        if not found:
            pytest.skip(f"{tool} is not here; .ci/install-snippet-tools installs it")


def write(place: Path, ident: str, aim: str, auth: str) -> Path:
    """Render into `place`; Node finds its packages from there."""
    model = defaults().realtime if aim == "realtime" else defaults().transcription
    file = place / language(ident).file
    file.write_text(render(ident, aim, auth, model=model), encoding="utf-8")
    if (TOOLS / "node_modules").is_dir():
        (place / "node_modules").symlink_to(TOOLS / "node_modules")
    return file


def run(*command: object, base_url: str, key: str = KEY, **env: str) -> subprocess.CompletedProcess[str]:
    """Run with the key and the base URL in the environment, and nothing else of ours."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        env=kept | {"PATH": PATH, "OPENAI_API_KEY": key, "OPENAI_BASE_URL": base_url} | env,
        timeout=120,
        check=False,
    )


def forms(*idents: str) -> list[tuple[str, str]]:
    """Every (language, form of authentication) of these languages."""
    return [(ident, auth) for ident in idents for auth in language(ident).auth]
