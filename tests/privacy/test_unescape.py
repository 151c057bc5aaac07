"""What was undone near to escapes stands in one view, in which nothing goes on from one part into the next."""

import random

from rtdoctor.privacy.quote import quote, redact
from rtdoctor.privacy.unescape import _NEAR, View, layers

FAR = "word " * (_NEAR // 2)


def test_a_character_of_a_view_stands_where_the_first_text_has_it():
    chance = random.Random(3)
    for _ in range(40):
        text = "".join(chance.choice(("a", "b c", "\\u0041", "%41", "&amp;", '\\"', FAR)) for _ in range(60))
        for view in layers(text):
            for at, char in enumerate(view.text):
                start, end = view.span(at, at + 1)
                if char.isalpha() and end - start == 1:
                    assert text[start] == char


def test_a_span_ends_with_the_part_in_which_it_begins():
    text = f"one\\ntwo {FAR}{FAR} three\\nfour"
    *_, view = layers(text)
    assert "\0" in view.text
    start, end = view.span(view.text.index("two"), view.text.index("four") + 4)
    assert (text[start : start + 3], text[end - 1]) == ("two", text[end - 1])
    assert end <= text.index("three")


def test_a_name_at_the_end_of_one_part_has_no_value_in_the_next():
    text = f"a\\n{'word ' * 199}password {FAR}{FAR}Sommer2024 {'word ' * 197}\\n b"
    assert quote(text) == text


def test_a_value_in_any_part_is_found():
    text = FAR.join(f'{{\\"api_key\\": \\"Sommer{n}xy\\"}}' for n in range(9))
    assert "Sommer" not in redact(text)


def test_a_text_without_escapes_has_one_view():
    assert list(layers("plain")) == [View("plain")]
