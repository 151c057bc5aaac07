"""Text beside a label: wrapped, indented, and whole where it is to be pasted."""

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtdoctor.report.console import console
from rtdoctor.report.layout import beside, wrapped


def lines(text, width):
    return [line.plain for line in wrapped(Text(text), width)]


def test_lines_are_broken_between_words_and_end_in_no_blanks():
    assert lines("one two  three fours", 10) == ["one two", "three", "fours"]
    assert lines("one\ntwo three", 20) == ["one", "two three"]
    assert lines("", 20) == [""]


def test_what_is_read_as_one_thing_stays_whole():
    url = "wss://resource.openai.azure.com/openai/v1/realtime?model=deployment"
    assert lines(f"Use {url} now", 30) == ["Use", url, "now"]
    assert lines("provided: [secret 3f9a] here", 18) == ["provided:", "[secret 3f9a] here"]


def test_what_has_no_end_is_broken():
    assert lines("x" * 450, 100) == ["x" * 100] * 4 + ["x" * 50]
    assert lines("a " + "x" * 250 + " b", 100) == ["a", "x" * 100, "x" * 100, "x" * 50 + " b"]


def test_wide_letters_count_as_wide_as_they_are():
    assert lines("日本語 日本語", 10) == ["日本語", "日本語"]


def test_a_label_stands_before_the_first_line_and_a_figure_at_its_end():
    console = Console(width=30)
    told = [line.plain for line in beside(console, Text("ok  tcp"), Text("one two three four"), 10, right="5 ms")]
    assert told == ["ok  tcp   one two three   5 ms", "          four"]


def test_no_line_of_a_table_ends_in_blanks():
    out, table = io.StringIO(), Table.grid(padding=(0, 2))
    table.add_row("a long cell", "b")
    table.add_row("a", "")
    console(out).print(table)
    assert out.getvalue() == "a long cell  b\na\n"
