"""Realtime servers for tests: `from rtdoctor.testing import Mock, Proxy, Cassette`. The pytest plugin is plugin.py."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtdoctor.testing.cassette import Cassette
    from rtdoctor.testing.mock import Mock
    from rtdoctor.testing.proxy import Proxy

__all__ = ["Cassette", "Mock", "Proxy"]


def __getattr__(name: str) -> Any:
    # pytest imports the plugin, and with it this, for every project where rtdoctor is installed.
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(f"rtdoctor.testing.{name.lower()}"), name)
    raise AttributeError(name)
