"""The peers, started once for all tests of this folder; without the user's own environment."""

import pytest

from tests.peers.serving import missing, serving

NAMES = ("aimock", "fakeai", "litellm")


@pytest.fixture(scope="session")
def peers():
    """All peers that are installed: the slowest is met last."""
    with serving(*(name for name in NAMES if not missing(name))) as running:
        yield running


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
