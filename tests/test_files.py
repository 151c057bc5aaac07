"""A file is read up to a bound, whatever its size is said to be."""

import sys
from pathlib import Path

import pytest

from rtdoctor.files import TooLarge, read_bounded
from tests.cli.test_check import rtdoctor


def test_a_file_is_read_up_to_its_bound(tmp_path):
    (tmp_path / "f").write_bytes(b"x" * 1024)
    assert read_bounded(tmp_path / "f", 1024) == b"x" * 1024
    with pytest.raises(TooLarge, match="larger than 0 KiB"):
        read_bounded(tmp_path / "f", 1023)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device without end is a Unix thing")
@pytest.mark.parametrize(
    "arguments",
    [
        ["probe", "--har", "/dev/zero"],
        ["probe", "wss://h.example/v1/realtime", "--send", "/dev/zero"],
        ["check", "--key-file", "/dev/zero"],
        ["check", "--ca-file", "/dev/zero"],
        ["check", "--cert", "/dev/zero"],
        ["check", "--audio", "/dev/zero"],
    ],
    ids=lambda arguments: arguments[-2],
)
def test_a_device_without_end_is_a_usage_error(arguments):
    done = rtdoctor(*arguments)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), sys.platform
    assert "/dev/zero" in done.stderr
