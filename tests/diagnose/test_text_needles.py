"""Every alternative of a pattern is reached: what it matches holds a literal of those that are looked for first."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rtdoctor.diagnose.text.blocks import blocks
from rtdoctor.diagnose.text.patterns import TextPattern, look, patterns


def alternatives(expression: str) -> Iterator[str]:
    """The alternatives of an expression: what stands between bars that no parenthesis or class encloses."""
    depth, start, at, in_class = 0, 0, 0, False
    while at < len(expression):
        char = expression[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            at += expression.startswith("]", at + 1)
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and not depth:
            yield expression[start:at]
            start = at + 1
        at += 1
    yield expression[start:]


def unwrapped(expression: str) -> str:
    """An expression that is one group, without it."""
    for opening in ("(?:", "(?i:"):
        if expression.startswith(opening) and expression.endswith(")") and len(list(alternatives(expression))) == 1:
            inner = expression[len(opening) : -1]
            if balanced(inner):
                return inner
    return expression


def balanced(text: str) -> bool:
    depth = 0
    for at, char in enumerate(text):
        if char in "()" and text[at - 1 : at] != "\\":
            depth += 1 if char == "(" else -1
        if depth < 0:
            return False
    return depth == 0


ALTERNATIVES = [
    pytest.param(pattern, alternative, id=f"{pattern.name}-{number}")
    for pattern in patterns()
    if pattern.match
    for number, alternative in enumerate(alternatives(unwrapped(pattern.match)))
]


@pytest.mark.heavy
@pytest.mark.parametrize(("pattern", "alternative"), ALTERNATIVES)
def test_an_alternative_holds_a_literal_on_its_first_line(pattern: TextPattern, alternative: str) -> None:
    # What only has to follow, or forbids, is no part of what is matched.
    alternative = alternative.translate({ord("“"): '"', ord("”"): '"'})  # no literal is a quote
    examples = (
        st.from_regex(f"(?im){alternative}", fullmatch=False, alphabet=st.characters(codec="ascii"))
        if alternative.isascii()
        else st.just(alternative.replace("-?", "-"))
    )

    @settings(
        max_examples=8,
        phases=[Phase.generate],
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(examples)
    def each(text: str) -> None:
        assert any(literal in text.lower() for literal in pattern.has), text

    each()


def test_the_bars_of_an_expression_are_told_from_those_inside_of_it() -> None:
    assert list(alternatives(r"a\|b|(c|d)[|)]|[]|]x")) == [r"a\|b", "(c|d)[|)]", "[]|]x"]
    assert unwrapped("(?:a|b)") == "a|b"
    assert unwrapped("(?:a)(?:b)") == "(?:a)(?:b)"


WORDS = [(wanted, word) for wanted in patterns() if not wanted.match for word in wanted.has]


def test_a_word_is_found_alone_and_not_inside_of_another():
    for wanted, word in WORDS:
        assert word == word.lower(), word
        [block] = blocks([f"x {word.upper() if word.isascii() else word}."])
        assert wanted.name in {seen.name for seen in look(block)}, word
        if word.isascii() and word[0].isalnum() and word[-1].isalnum():
            [block] = blocks([f"a{word}b"])
            assert not any(seen.name == wanted.name and seen.text.lower() == word for seen in look(block)), word
