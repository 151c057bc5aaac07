"""A Realtime server for tests: `from rtdoctor.testing import Mock`. The pytest plugin is plugin.py."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtdoctor.testing.mock import Mock

__all__ = ["Mock"]


def __getattr__(name: str) -> Any:
    # pytest imports the plugin, and with it this, for every project where rtdoctor is installed.
    if name == "Mock":
        from rtdoctor.testing.mock import Mock

        return Mock
    raise AttributeError(name)
