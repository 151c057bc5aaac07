"""The pytest plugin: the fixture `realtime_mock` and the marker `realtime_live`. Loaded wherever rtdoctor is installed,
so it imports nothing of rtdoctor before a test wants it."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rtdoctor.testing.mock import Mock

_PROMISE = "RTDOCTOR_LIVE"


def pytest_configure(config: pytest.Config) -> None:
    """Say which markers there are."""
    config.addinivalue_line("markers", "realtime_mock(**options): options of rtdoctor.testing.Mock for realtime_mock")
    config.addinivalue_line(
        "markers", "realtime_live: wants OPENAI_API_KEY; skipped without, failed if RTDOCTOR_LIVE is set"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A live test without a key is skipped; where one was promised by RTDOCTOR_LIVE, as CI does, it fails."""
    if item.get_closest_marker("realtime_live") is None or os.environ.get("OPENAI_API_KEY"):
        return
    if os.environ.get(_PROMISE, "").lower() not in ("", "0", "false", "no"):
        pytest.fail(f"{_PROMISE} promises a live run, and OPENAI_API_KEY is not set", pytrace=False)
    pytest.skip("OPENAI_API_KEY is not set")


@pytest.fixture
def realtime_mock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator["Mock"]:
    """A Realtime server of the test's own. OPENAI_BASE_URL and OPENAI_API_KEY point at it, and the marker
    `realtime_mock(script=…, faults=[…])` gives its options; a script must have been kept to when the test is over."""
    from rtdoctor.testing.mock import Mock

    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("realtime_mock"))):
        options |= marker.kwargs
    with Mock(**options) as mock:
        for name, value in mock.environment.items():
            monkeypatch.setenv(name, value)
        yield mock
