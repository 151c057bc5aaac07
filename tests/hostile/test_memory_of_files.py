"""Files that a user was given, audio and HAR, are read within 200 MB; so is what is piped into `explain`."""

import os
import random
import string
import sys
from itertools import repeat

import numpy as np
import pytest
import soundfile

from tests.hostile.running import VARIABLES
from tests.hostile.spending import MOST_MEMORY, spent

MIB = 1 << 20
ENV = {name: value for name, value in os.environ.items() if name not in VARIABLES} | {
    "PYTHONPATH": os.pathsep.join(sys.path)
}
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only"),
]


def within(run, *codes):
    assert run.code in codes, run.err
    assert "Traceback" not in run.err
    assert run.memory < MOST_MEMORY, f"{run.memory / 1e6:.0f} MB in {run.seconds:.0f} s"


# form: (rate, seconds, channels, file's name)
SOUNDS = {
    "ten minutes": (16_000, 598, 1, "a.wav"),
    "ten minutes as they are sent": (24_000, 598, 1, "a.wav"),
    "ten minutes of which most is made": (1_000, 598, 1, "a.wav"),
    "sixteen channels": (8_000, 300, 16, "a.wav"),
    "studio": (192_000, 60, 2, "a.flac"),
    "hours": (16_000, 3 * 3600, 1, "a.flac"),
}


@pytest.mark.parametrize("sound", SOUNDS)
def test_audio_is_read_sent_and_heard_within_200_mb(sound, tmp_path):
    rate, seconds, channels, name = SOUNDS[sound]
    second = np.random.default_rng(1).normal(0, 3000, (rate, channels)).astype("int16")
    second = second if seconds < 1000 else second * 0
    with soundfile.SoundFile(tmp_path / name, "w", rate, channels, "PCM_16") as file:
        for _ in range(seconds):
            file.write(second)
    run = spent("check", "--target", "mock", "--format", "json", "--audio", str(tmp_path / name), env=ENV)
    within(run, 2 if seconds > 600 else 0)


HEAD = b'{"log":{"entries":[{"request":{"url":"ws://127.0.0.1:9/v1/realtime","headers":[]},"_webSocketMessages":['
SENT = b'{"type":"send","data":"{\\"type\\":\\"session.update\\"%s}"}'
HARS = {
    "objects of nothing": (HEAD, b"{},", 20 * MIB, b"{}]}]}}"),
    "brackets": (b"", b"[", 60 * MIB, b""),
    "a wide text": (HEAD + b'{"type":"send","data":"\xf0\x9f\x98\x80', b"a", 60 * MIB, b'"}]}]}}'),
    "wide texts": (HEAD, SENT % '"x":"😀'.encode() + b",", MIB // 2, b"{}]}]}}"),
    "an event of nothings": (HEAD + SENT[:-3] + b',\\"x\\":[', b"{},", 300_000, b'1]}"}]}]}}'),
    "a large body before": (b'{"log":{"entries":[{"x":"', b"a", 60 * MIB, b'"},' + HEAD[19:] + SENT % b"" + b"]}]}}"),
    "too large": (HEAD, b" ", 70 * MIB, b"]}]}}"),
}


@pytest.mark.parametrize("form", HARS)
def test_a_har_is_read_within_200_mb(form, tmp_path):
    head, middle, times, tail = HARS[form]
    (tmp_path / "a.har").write_bytes(head + middle * times + tail)
    within(spent("probe", "--har", str(tmp_path / "a.har"), "--format", "json", "--timeout", "1", env=ENV), 2, 3)


TEXTS = {
    "one word": b"a",
    "letters beyond ASCII": "😀".encode(),
    "brackets": b"[",
    "colours": b"\x1b[31m",
    "NUL": b"\0",
    "keys": b"eyJaaaaaaaa-",
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_without_an_end_is_explained_within_200_mb(text):
    chunk = TEXTS[text] * (MIB // len(TEXTS[text]))
    within(spent("explain", "-", env=ENV, feed=repeat(chunk, 32)), 0, 3)


def letters(size):
    return "".join(random.Random(size).choices(string.ascii_letters + string.digits, k=size))


SECRETS = {
    "a header": lambda: (["-H", "Authorization: Bearer " + letters(60_000)], {}),
    "a cookie": lambda: (["-H", "Cookie: a=" + letters(60_000)], {}),
    "many cookies": lambda: (["-H", "Cookie: " + "; ".join(f"a{n}={letters(25 + n)[n:]}" for n in range(1_200))], {}),
    "long cookies": lambda: (["-H", "Cookie: " + "; ".join(f"a{n}={letters(100 + n)[n:]}" for n in range(60))], {}),
    "many headers": lambda: ([part for n in range(190) for part in ("-H", f"X-Token-{n}: {letters(300 + n)[n:]}")], {}),
    "a proxy's password": lambda: (["--proxy", f"http://u:{letters(60_000)}@127.0.0.1:9"], {}),
    "an unused variable": lambda: ([], {"OPENAI_ADMIN_KEY": letters(120_000)}),
    "a key": lambda: ([], {"OPENAI_API_KEY": letters(16_000)}),
}


@pytest.mark.parametrize("place", SECRETS)
def test_a_long_secret_is_known_within_200_mb(place):
    more, variables = SECRETS[place]()
    run = spent("probe", "ws://127.0.0.1:9/v1/realtime", "--deadline", "5", *more, env=ENV | variables)
    within(run, 3)
    assert run.seconds < 6


@pytest.mark.parametrize("more", [["-H", "X: " + "x" * 70_000], ["--query", "x=" + "y" * 70_000]])
def test_a_head_that_no_server_takes_is_a_usage_error(more):
    run = spent("probe", "ws://127.0.0.1:9/v1/realtime", *more, env=ENV)
    within(run, 2)
    assert "no server takes more than" in run.err


@pytest.mark.parametrize(
    "text", ["scenario=[" + "{}," * 300_000 + "]", "scenario=[" + "1," * 400_000 + "]"], ids=[0, 1]
)
def test_scenarios_that_are_all_wrong_are_told_by_their_first_error(text, tmp_path):
    (tmp_path / "a.toml").write_text(text)
    run = spent("check", "--list", "--scenarios", str(tmp_path), env=ENV)
    within(run, 2)
    assert len(run.err.splitlines()) == 1


def test_escapes_with_zeros_without_end_are_not_remembered():
    run = spent("explain", env=ENV, feed=(f"&#{'0' * (60_000 + n)}65; ".encode() for n in range(1_200)))
    within(run, 0, 3)
