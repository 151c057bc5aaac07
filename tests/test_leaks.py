"""Nothing leaks: canaries of every kind, in every place and encoding, reach no output of any registered writer.

RTDOCTOR_LEAK_EXAMPLES tells how many examples are drawn (300 unless set; CI takes 10000).
"""

import io
import os
import random
import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rtdoctor.model.redact import Redactor

from rtdoctor.privacy.guard import Guarded, Leak
from rtdoctor.report.writers import WRITERS
from tests.leaking import (
    COMMANDS,
    ENCODINGS,
    KINDS,
    PLACES,
    SHAPE_KEEPING,
    SHAPED,
    Canary,
    canary,
    recording,
    traces,
    write_all,
)

EXAMPLES = int(os.environ.get("RTDOCTOR_LEAK_EXAMPLES", "300"))
LEAKS = settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=False
)


def drawn(command, kind, known, encoding, seed) -> tuple[Canary, str, Redactor]:
    """A canary, how it was encoded, and a redactor that knows what the command would know.

    `check` and `probe` know all that they send. `validate` and `explain` send nothing: they know the environment's
    key, and any other only by its shape, so what has none, and what an encoding takes the shape from, cannot be known.
    """
    rng = random.Random(seed)
    offline = command in ("validate", "explain")
    one = canary("key" if offline and known else SHAPED[seed % len(SHAPED)] if offline else kind, rng)
    names = list(SHAPE_KEEPING if offline and not known else ENCODINGS)
    redactor = Redactor([] if offline and not known else [one.secret])
    return one, ENCODINGS[names[encoding % len(names)]](one, rng), redactor


def test_every_command_of_the_table_is_tested():
    assert set(WRITERS) == set(COMMANDS)


@LEAKS
@given(
    st.sampled_from(list(WRITERS)),
    st.sampled_from(KINDS),
    st.sampled_from(list(PLACES)),
    st.integers(0, len(ENCODINGS) - 1),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_no_canary_reaches_any_writer(command, kind, place, encoding, known, seed):
    one, text, redactor = drawn(command, kind, known, encoding, seed)
    for name, output in write_all(command, redactor, place, text).items():
        found = traces(one, output)
        assert found is None, f"{command} {name}: {one.kind} at {place} as {text!r}, {found}:\n{output}"
        through = io.StringIO()
        Guarded(through, lambda: redactor, refuse=True).write(output)
        assert through.getvalue() == output


class _Blind(Redactor):
    """A redactor that is switched off, and still knows what would leak."""

    def value(self, value):
        return value

    def text(self, text):
        return text


@pytest.mark.parametrize("command", list(WRITERS))
def test_with_the_redactor_switched_off_the_property_fails_and_the_guard_refuses(command):
    # `explain` blots out by itself what is shaped like a key: a bearer of another form is not.
    one = canary("bearer", random.Random(7))
    blind = _Blind([one.secret])
    place = "header name" if command == "explain" else "error's message"
    leaky = [output for output in write_all(command, blind, place, one.value).values() if traces(one, output)]
    assert leaky, "a writer may be terse, but not one of them shows what a server said"
    for output in leaky:
        through = io.StringIO()
        with pytest.raises(Leak):
            Guarded(through, lambda: blind, refuse=True).write(output)
        assert through.getvalue() == ""


@pytest.mark.parametrize("encoding", list(ENCODINGS))
def test_the_search_for_traces_finds_every_encoding(encoding):
    for seed in range(20):
        one = canary(("key", "bearer", "secret")[seed % 3], random.Random(seed))
        assert traces(one, f"before {ENCODINGS[encoding](one, random.Random(seed))} after"), (one, encoding)


# --- what a terminal would obey ---------------------------------------------------------------------------------------

HOSTILE = st.one_of(
    st.sampled_from(
        (
            "[bold red]x[/bold red] [link=http://evil]y[/link] :smile:",
            "\x1b]0;owned\x07\x1b[2J\x1b[31m",
            "\x9b31mred\x85next\u2028line\u2029",
            "\u202eevil\u2066\u200b\ufeff\u00ad",
            "a\r\nb\tc\x00\x08\x7f",
            "\ud800\udfff\U000e0041\ue000",
        )
    ),
    st.text(st.characters(categories=("Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Lu")), max_size=40),
)


@settings(LEAKS, max_examples=max(100, EXAMPLES // 10))
@given(st.sampled_from(list(WRITERS)), st.sampled_from(list(PLACES)), HOSTILE)
@example("explain", "reason", "\x1b[31m")
def test_no_server_commands_a_terminal(command, place, text):
    for name, output in write_all(command, Redactor(), place, f"x{text}x").items():
        if name == "json":
            assert output.isascii()
        bad = {char for char in output if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs")}
        assert not bad, f"{command} {name}: {place}, {bad}"


# --- what is written to a file ----------------------------------------------------------------------------------------


@settings(LEAKS, max_examples=max(50, EXAMPLES // 100))
@given(st.sampled_from(list(PLACES)), st.integers(0, len(SHAPE_KEEPING) - 1), st.integers(0, 2**32))
def test_a_migrated_stream_holds_no_canary(tmp_path_factory, place, encoding, seed):
    from rtdoctor.cli.validating import _writing
    from rtdoctor.engine.validate import validate_file

    one, text, _ = drawn("validate", "key", False, encoding, seed)
    target = tmp_path_factory.getbasetemp() / "migrated.jsonl"
    with _writing(target) as sink:
        validate_file("x", io.BytesIO(recording(place, text)), sink=sink)
    assert traces(one, target.read_text("utf-8")) is None
    assert target.stat().st_mode & 0o777 == 0o600
