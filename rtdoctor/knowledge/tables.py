"""Reads tables of data (TOML) and holds them to their schema. An error names file, place and reason. Nothing in a file
is executed."""

import json
from collections.abc import Callable, Mapping
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.files import is_regular, read_bounded
from rtdoctor.linear import BadPattern, Pattern, pattern
from rtdoctor.model.exchange import Request
from rtdoctor.model.outcome import Outcome, facts
from rtdoctor.privacy.errors import InputError

_MOST_BYTES, _MOST_TOGETHER = 1 << 20, 2 << 20  # of a file, and of a folder's files
_MOST_TOLD = 400  # characters of what is told of a value
_MOST_PARTS = 100  # of a name: tomllib takes minutes for one of many thousands
_MOST_INSTRUCTIONS = 5_000  # of an expression; the largest of our own has some 2,000
_DEEPEST = 20  # tests in each other
_LONG_NAME = pattern(rf"""(?:(?:[\w-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*\.[ \t]*){{{_MOST_PARTS}}}""")


class BadTable(InputError):
    """A table cannot be used; the message names file, place and reason in one sentence."""


def table_files(folder: Path) -> list[Path]:
    """The *.toml files of a folder, in the order of their names.

    Raises:
        BadTable: no such folder, no such file in it, or more than may be read.
    """
    try:
        if not folder.is_dir():
            raise BadTable("{}: no such folder", folder)
        files = sorted(folder.glob("*.toml"))
    except OSError as error:
        raise BadTable("{}: {}", folder, error) from error
    if not files:
        raise BadTable("{}: holds no *.toml file", folder)
    if sum(map(_size, files)) > _MOST_TOGETHER:
        raise BadTable("{}: its *.toml files hold more than {} MiB together", folder, _MOST_TOGETHER >> 20)
    return files


def _size(file: Path) -> int:
    """Its bytes, or as many as are read of what does not tell (a FIFO, a file that is gone again)."""
    try:
        return file.stat().st_size if is_regular(file) else _MOST_BYTES
    except OSError:
        return 0


def read_table(file: Path, schema: Path, entry_of: Callable[[dict[str, Any], list[Any]], str]) -> dict[str, Any]:
    """One file as a table that keeps to its schema, dates as text; `entry_of` names the entry that a place lies in.

    Raises:
        BadTable: the file cannot be read or breaks the form.
    """
    import tomllib  # our own tables are read in another form

    try:
        if not file.is_file():
            raise BadTable("{}: is no file", file)  # a pipe would be waited for
        text = read_bounded(file, _MOST_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadTable("{}: cannot be read: {}", file, error) from error
    if any(line.count(".") >= _MOST_PARTS and _LONG_NAME.search(line) for line in text.split("\n")):
        raise BadTable("{}: holds a name of more than a hundred parts", file)
    try:
        raw: dict[str, Any] = _plain(tomllib.loads(text))
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError of its own
        raise BadTable("{}: is no TOML: {}", file, error) from error
    import jsonschema_rs

    try:
        _form(schema).validate(raw)  # tells the first error, and makes no others
    except jsonschema_rs.ValidationError as bad:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in bad.instance_path)
        where = entry_of(raw, bad.instance_path) + shortened(place.lstrip("."))
        raise BadTable("{}: {}: {}", file, where, shortened(bad.message)) from bad
    return raw


@cache
def _form(schema: Path) -> Any:
    import jsonschema_rs

    # The usual engine of jsonschema_rs goes back and forth; this one is linear.
    loaded = json.loads(schema.read_text(encoding="utf-8"))
    return jsonschema_rs.validator_for(loaded, pattern_options=jsonschema_rs.RegexOptions())


def shortened(text: str) -> str:
    """The beginning and the end of a long text: an error's value stands first in it, and the reason last."""
    return text if len(text) <= _MOST_TOLD else f"{text[: _MOST_TOLD // 2]}…{text[-_MOST_TOLD // 2 :]}"


def _plain(value: Any) -> Any:
    """TOML's own dates as text: `seen = 2026-11-22` is as good as the quoted form."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, (date, time)) else value


def check_condition(condition: Any, where: str) -> None:
    """Refuse a condition that could not be matched, before a run meets it.

    Raises:
        BadTable: a fact that there is none of, a test that there is none of, or an expression that cannot be used.
    """
    try:
        flat = facts(Outcome(asked=Request("", ""), stage="upgrade"))
        for name, wanted in condition.items():
            if name not in flat:
                raise KeyError(f"'{shortened(name)}' is no fact of an outcome")
            _check_tests(wanted)
    except (KeyError, TypeError, BadPattern) as error:
        raise BadTable("{}: {}", where, error.args[0]) from error


def _check_tests(wanted: Any, depth: int = 0) -> None:
    """Refuse what is wanted of a fact where a test in it is none, or is given what it cannot test by.

    Raises:
        KeyError: there is no such test.
        TypeError: its argument is of another type.
        BadPattern: an expression is none, needs look-around or a back-reference, or is too large.
    """
    if depth > _DEEPEST:
        raise TypeError(f"tests stand in each other more than {_DEEPEST} deep")
    if isinstance(wanted, list) and any(isinstance(one, (dict, list)) for one in wanted):
        raise TypeError("a list holds texts, numbers, true or false")
    if not isinstance(wanted, dict):
        return
    for name, argument in wanted.items():
        kinds, words = _TESTS.get(name, ((), ""))
        if not words:
            raise KeyError(f"a condition knows {', '.join(_TESTS)}, not '{shortened(name)}'")
        if not isinstance(argument, kinds) or (isinstance(argument, bool) and bool not in kinds):
            raise TypeError(f"{name} wants {words}")
        if name == "matches":
            _check_expression(str(argument))
        inner: dict[str, Any] = {"all": argument, "not": [argument]}
        for one in inner.get(name, ()):
            _check_tests(one, depth + 1)


_ANY: tuple[type, ...] = (str, int, float, bool, list, dict, date)
_TESTS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "has": ((str,), "a text"),
    "matches": ((str,), "a regular expression, a text"),
    "known": ((bool,), "true or false"),
    "all": ((list,), "a list"),
    "not": (_ANY, "a value, a list or a test"),
    "min": ((int, float), "a number"),
    "max": ((int, float), "a number"),
}


def _check_expression(wanted: str) -> None:
    try:
        size = Pattern(f"(?i){wanted}").size()
    except BadPattern as error:
        raise BadPattern(
            f"'{shortened(wanted)}' is no regular expression that takes linear time "
            "(no look-around, no back-references)"
        ) from error
    if size > _MOST_INSTRUCTIONS:
        raise BadPattern(
            f"'{shortened(wanted)}' is too large an expression; repeat less often, or fewer kinds of letters"
        )
