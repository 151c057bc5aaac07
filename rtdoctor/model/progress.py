"""What a run tells before its report, apart from the events themselves: who only passes them on need not load them."""

from typing import Any


class OnTheWay:
    """An event of a run; more follows."""

    __slots__ = ()


class Last:
    """The last event of a run, with its report."""

    __slots__ = ()
    report: Any
