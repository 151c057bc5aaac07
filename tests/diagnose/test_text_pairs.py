"""Fields of error objects are found without back-references and look-around, and are those that these would find."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from rtdoctor.diagnose.text.blocks import blocks
from rtdoctor.diagnose.text.errors import _pairs

# What is meant, in the words of an engine that goes back and forth. The mark of an opaque text is part of a word.
MEANT = re.compile(
    r"""(?<![\w.])(?P<quote>\\{0,3}["']?)(?P<key>type|code|message|param|error)(?P=quote)\s{0,8}[:=]\s{0,8}"""
    r"""(?:(?P<open>\\{0,3}["'])(?P<text>.{0,2000}?)(?<!\\)(?P=open)|(?P<word>null|None|nil|<null>|[\w.\-\ue000-\uf8ff\u2588]{1,80}))""",
    re.DOTALL,
)
QUOTES = (
    '"',
    "'",
    "\\",
    '\\"',
    '\\\\"',
    ":",
    "=",
    " ",
    "\n",
    ",",
    ".",
    "x",
    "{",
    "}",
    "null",
    "<null>",
    "4000",
    "_",
    "-",
)
KEYS = ("type", "code", "message", "param", "error", '"type"', "'code'", '\\"message\\"', ': "', " = ", "a " * 1001)
PIECES = st.sampled_from([*QUOTES, *KEYS])


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_the_fields_are_those_that_are_meant(text: str) -> None:
    (block,) = blocks([text])
    meant = [
        (found["key"], found["word"] if found["text"] is None else found["text"], found.start(), found.end())
        for found in MEANT.finditer(block.text)
    ]
    assert [(pair.key, pair.text, pair.start, pair.end) for pair in _pairs(block, 0, len(block.text))] == meant
