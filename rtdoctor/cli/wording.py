"""What a command says of its values, in words: no type of Python in the help, no sentence of a converter in an error.
Imports only typer."""

from typing import Any

import typer
from typer.core import TyperCommand

_NUMBERS = {"int_parsing": "a whole number", "int_type": "a whole number", "float_parsing": "a number"}
_BOUNDS = {"greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most")}


class WordedCommand(TyperCommand):
    """A command whose help and errors are in words."""

    def get_params(self, ctx: Any) -> Any:
        """typer's; what stands for the value of an option is its metavar, or a word."""
        params: list[Any] = super().get_params(ctx)
        for param in params:
            argument = param.param_type_name == "argument"
            word = "" if argument else param.metavar or _word(param)
            param.display_type_rich = lambda ctx, word=word: word  # noqa: ARG005 - typer's own signature
        return params

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """typer's; a value that cannot be read is told with the value and what is wanted.

        Raises:
            typer.BadParameter: a value cannot be read.
        """
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = _said(error) or error.message
            raise


def _word(param: Any) -> str:
    of = param.type_descriptor
    if of.is_choice:
        return f"[{'|'.join(str(getattr(one, 'value', one)) for one in of.choices)}]"
    if of.annotation in (int, float):
        return "NUMBER"
    return "FILE" if of.is_path else "TEXT"


def _said(error: typer.BadParameter) -> str:
    """What the converter found, in a sentence; empty where it is told well already."""
    from rtdoctor.privacy.quote import quote_start

    errors = getattr(error.__cause__, "errors", None)
    first = errors()[0] if callable(errors) else {}
    kind, typed = str(first.get("type")), quote_start(str(first.get("input")), 80)
    if kind in _NUMBERS:
        return f"'{typed}' is no {_NUMBERS[kind].removeprefix('a ')}."
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{typed} is not {words} {first['ctx'][name]:g}."
    return str(first.get("msg", "")).removeprefix("Value error, ")
