"""Whatever goes in: no exception, no secret, no growth."""

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtdoctor.diagnose.text.blocks import OVERLAP, SIZE, blocks, decoded
from rtdoctor.diagnose.text.findings import explain
from rtdoctor.diagnose.text.patterns import patterns
from rtdoctor.model.explanation import Explanation
from rtdoctor.privacy.blot import blot

KEY = "sk-proj-7f3a9c0d5e1b2468aAbBcCdD"
AZURE = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PIECES = st.sampled_from(
    [
        *(pattern.gives["example"] for pattern in patterns()),
        *("{", "}", "\n", "\r\n", '"', "'", "\\", "code", "4000", "HTTP/1.1 403\n", "wss://", "error: ", "İ", "\x00"),
        *(f"Authorization: Bearer {KEY}", f"api-key: {AZURE} ", f'"api-key", "{AZURE}"', f"?api-key={AZURE}&"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=60)), max_size=12))
def test_any_text_is_explained_without_exception_or_secret(pieces):
    told = explain(pieces)
    assert isinstance(told, Explanation)
    assert told.healthy is (not told.findings)
    shown = repr(told)
    assert KEY[10:] not in shown
    assert AZURE not in shown


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=6))
def test_any_bytes_are_explained(chunks):
    assert isinstance(explain(decoded(chunks)), Explanation)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_windows_shells_write_is_read(encoding):
    data = "The server returned status code ‘403’ when status code ‘101’ was expected.".encode(encoding)
    told = explain(decoded([data[:1], data[1:2], data[2:]]))
    assert [finding.cause for finding in told.findings] == ["refused.path"]


@pytest.mark.parametrize("at", [0, SIZE - 20, SIZE - 5, SIZE, SIZE + OVERLAP - 10, 3 * SIZE + 7])
def test_a_text_is_found_wherever_the_windows_are_cut(at):
    event = json.dumps({"type": "error", "error": {"type": "x_error", "code": "session_expired", "message": "…"}})
    text = " " * at + event + "\n" + "x" * SIZE
    assert [finding.cause for finding in explain([text]).findings] == ["session.expired"]
    assert [finding.cause for finding in explain(text[i : i + 997] for i in range(0, len(text), 997)).findings] == [
        "session.expired"
    ]


def test_a_place_is_looked_at_once():
    text = "a " * (SIZE // 2 - 50) + "\nclosed 3000 x_error.y\n" + "b " * (SIZE // 2)
    starts = [block.start for block in blocks([text])]
    assert starts == sorted(set(starts))
    assert "".join(block.text[: block.until] for block in blocks([text])) == text


@pytest.mark.parametrize("cut", range(SIZE - 40, SIZE + 40, 7))
def test_a_secret_is_masked_wherever_the_windows_are_cut(cut):
    told = explain([" " * cut + f"api-key: {AZURE} answered HTTP 401\n" + "x" * SIZE])
    shown = repr(told)
    assert not any(AZURE[i : i + 8] in shown for i in range(len(AZURE) - 8))


@pytest.mark.parametrize(
    "edge", [SIZE, SIZE + OVERLAP, 5 * (SIZE // 4) + OVERLAP, SIZE + 2 * OVERLAP, 2 * SIZE + OVERLAP]
)
@pytest.mark.parametrize("within", [3, 15, 30])
def test_a_secret_is_one_blot_wherever_a_window_or_a_read_ends(edge, within):
    for line in (
        f"gateway key {KEY[8:]} end",
        f"the key {KEY} end",
        "password=Sommer2024!xyz end",
        f"api-key: {AZURE}",
    ):
        text = (" see it\n" * edge)[: edge - within] + line + "\n" + "plain words " * (SIZE // 4)
        told = "".join(block.text[: block.until] for block in blocks([text]))
        assert told == blot(text), line
        assert (
            "".join(block.text[: block.until] for block in blocks(text[i : i + 997] for i in range(0, len(text), 997)))
            == told
        )


def test_a_blot_keeps_the_length_and_leaves_codes_alone():
    for text in (
        f"api-key={AZURE}",
        f"İ Bearer {KEY}",
        "invalid_api_key: Incorrect API key provided",
        "Missing bearer or basic authentication in header",
        '"total_tokens": 123456789',
    ):
        assert len(blot(text)) == len(text)
    assert blot("invalid_api_key: Incorrect API key provided").isascii()
    assert blot("Missing bearer or basic authentication in header").isascii()
    assert blot('"total_tokens": 123456789').isascii()


def stream(megabytes: int):
    quiet = "2026-11-22 10:00:00,123 DEBUG worker {0} took 4031 items in 4000 ms from 127.0.0.1:{0}\n"
    loud = "2026-11-22 10:00:0{0} closed 3000 invalid_request_error.invalid_api_key for job {1}\n"
    block = "".join(quiet.format(number) for number in range(700))
    for number in range(megabytes * 1_000_000 // len(block)):
        yield block
        yield loud.format(number % 10, number)


def test_nothing_is_kept_of_the_error_objects_that_were_read():
    """Each has words of its own: what is remembered by what it holds would grow with the log."""

    def errors(count):
        for number in range(count):
            yield f'{{"type": "error", "error": {{"code": "invalid_api_key", "message": "{number} {"x" * 300}"}}}}\n'

    explain(errors(10))
    tracemalloc.start()
    explain(errors(2_000))
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 300_000


@pytest.mark.heavy
def test_a_log_of_100_mb_is_read_in_constant_memory():
    explain(stream(1))
    tracemalloc.start()
    told = explain(stream(1))
    small = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The rest without tracing, which would slow it tenfold; the peak is held against that of the whole process.
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = explain(stream(100))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert [finding.cause for finding in told.findings] == ["auth.invalid"]
    assert len(told.findings[0].facts) <= 8
    assert small < 8_000_000
    assert grown < 16_000


def test_half_characters_in_a_report_of_several_lines_are_no_error():
    report = "WebSocket connection failed\nHTTP 403 x\ud800\udfffx\n" + "and more was said of it\n" * 3
    assert explain([report]).findings[0].cause in ("refused.path", "refused.forbidden")
