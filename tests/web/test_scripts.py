"""The page's logic, run by Node: latencies, decoding, the virtual list. What it looks like is test_browser's."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtdoctor.web import page as page_module
from rtdoctor.web.page import SCRIPTS
from tests.web.sessions import conversation

HERE = Path(page_module.__file__).parent
# What stands on no element of the page: up to its own state.
LOGIC = [name for name in SCRIPTS[: SCRIPTS.index("state.js")] if name != "dom.js"]


def decoded(codec, tmp_path):
    """What libsndfile makes of each byte."""
    raw = tmp_path / f"{codec}.raw"
    raw.write_bytes(bytes(range(256)))
    values, _ = soundfile.read(raw, samplerate=8000, channels=1, format="RAW", subtype=codec, dtype="int16")
    return np.asarray(values).tolist()


@pytest.mark.heavy
def test_the_logic_of_the_page(tmp_path):
    if not (node := shutil.which("node")):
        pytest.skip("node is not here")
    lines = list(conversation(1000))
    given = {
        "scripts": [str(HERE / name) for name in LOGIC],
        "conversation": lines,
        "turns": sum('"response.created"' in line.get("data", "") for line in lines),
        "ulaw": decoded("ULAW", tmp_path),
        "alaw": decoded("ALAW", tmp_path),
    }
    file = tmp_path / "given.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", str(Path(__file__).with_name("scripts.mjs"))],
        env=os.environ | {"GIVEN": str(file)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout
