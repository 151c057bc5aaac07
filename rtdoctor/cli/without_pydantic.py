"""Keeps pydantic out of a quick command. Imports only typer.

typer 0.29 converts every value with pydantic, even the absence of --help, and the import of pydantic alone takes
longer than the whole of `explain`. Values of a quick command stay the texts that were typed; a typer that knows nothing
of the attribute converts as ever.
"""

from typing import Any

from typer.core import TyperGroup

from rtdoctor.cli.wording import WordedCommand


class _AsTyped:
    """Takes the place of typer's conversion."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ARG002 - typer's own signature
        """The value unchanged."""
        return value


def _quick(param: Any) -> Any:
    if param is not None:
        param._runtime_param = _AsTyped()
    return param


class QuickGroup(TyperGroup):
    """The commands; the group's own options are flags."""

    def get_params(self, ctx: Any) -> Any:
        """typer's, unconverted; those of completion are added when all else stands."""
        return [_quick(param) for param in super().get_params(ctx)]

    def get_help_option(self, ctx: Any) -> Any:
        """typer's, unconverted."""
        return _quick(super().get_help_option(ctx))


class QuickCommand(WordedCommand):
    """A command all of whose values are texts or flags."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        for param in self.params:
            _quick(param)

    def get_help_option(self, ctx: Any) -> Any:
        """typer's, unconverted."""
        return _quick(super().get_help_option(ctx))
