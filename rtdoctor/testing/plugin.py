"""The pytest plugin: the fixtures `realtime_mock`, `realtime_proxy` and `realtime_cassette`, and the marker
`realtime_live`. Loaded wherever rtdoctor is installed, so it imports nothing of rtdoctor before a test wants it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rtdoctor.testing.cassette import Cassette
    from rtdoctor.testing.mock import Mock
    from rtdoctor.testing.proxy import Proxy

_PROMISE = "RTDOCTOR_LIVE"
_KEY, _BASE_URL = "OPENAI_API_KEY", "OPENAI_BASE_URL"
_USUAL = "https://api.openai.com/v1"
_PASSED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that records."""
    parser.getgroup("rtdoctor").addoption(
        "--realtime-record",
        action="store_true",
        help="record the cassettes of realtime_cassette anew, by the real endpoint (OPENAI_API_KEY; it costs money)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Say which markers there are."""
    for line in (
        "realtime_mock(**options): options of rtdoctor.testing.Mock for realtime_mock",
        "realtime_proxy(**options): options of rtdoctor.testing.Proxy for realtime_proxy",
        "realtime_cassette(**options): options of rtdoctor.testing.Cassette for realtime_cassette",
        "realtime_live: wants OPENAI_API_KEY; skipped without, failed if RTDOCTOR_LIVE is set",
    ):
        config.addinivalue_line("markers", line)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A live test without a key is skipped; where one was promised by RTDOCTOR_LIVE, as CI does, it fails."""
    if item.get_closest_marker("realtime_live") is None or os.environ.get(_KEY):
        return
    if os.environ.get(_PROMISE, "").lower() not in ("", "0", "false", "no"):
        pytest.fail(f"{_PROMISE} promises a live run, and OPENAI_API_KEY is not set", pytrace=False)
    pytest.skip("OPENAI_API_KEY is not set")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Keep whether the test passed: a cassette of one that failed is not kept."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def realtime_mock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator["Mock"]:
    """A Realtime server of the test's own. OPENAI_BASE_URL and OPENAI_API_KEY point at it, and the marker
    `realtime_mock(script=…, faults=[…])` gives its options; a script must have been kept to when the test is over."""
    from rtdoctor.testing.mock import Mock

    with Mock(**_options(request, "realtime_mock")) as mock:
        _point(monkeypatch, mock.environment)
        yield mock


@pytest.fixture
def realtime_proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator["Proxy"]:
    """A proxy of the test's own, at which OPENAI_BASE_URL points: before realtime_mock where the test has that, else
    before what OPENAI_BASE_URL names, else before OpenAI. The marker `realtime_proxy(to=…, faults=[…])` gives its
    options."""
    from rtdoctor.testing.proxy import Proxy

    with Proxy(**({"to": _endpoint(request)} | _options(request, "realtime_proxy"))) as proxy:
        _point(monkeypatch, proxy.environment)
        yield proxy


@pytest.fixture
def realtime_cassette(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator["Cassette"]:
    """An endpoint that plays what was recorded for this test, in cassettes/FILE/TEST.tape beside its file, or what the
    marker `realtime_cassette(path=…, match=…)` names. With --realtime-record it is the real one (`to=…`,
    OPENAI_BASE_URL, or OpenAI), and recorded anew where the test passes."""
    from rtdoctor.testing.cassette import Cassette

    options = _options(request, "realtime_cassette")
    record = bool(request.config.getoption("--realtime-record"))
    beside = Path(request.path).parent
    path = beside / options.pop(
        "path", Path("cassettes") / Path(request.path).stem / f"{_named(request.node.name)}.tape"
    )
    if record:
        options = {"to": _endpoint(request)} | options
        if not os.environ.get(_KEY):
            pytest.fail("--realtime-record wants OPENAI_API_KEY", pytrace=False)
    elif not path.is_file():
        pytest.fail(f"{path} is not recorded yet: run this test once with --realtime-record", pytrace=False)
    cassette = Cassette(path, record=record, **options).start()
    try:
        _point(monkeypatch, cassette.environment)
        yield cassette
    finally:
        passed = request.node.stash.get(_PASSED, False)
        cassette.stop(good=passed)
    cassette.check()


def _options(request: pytest.FixtureRequest, name: str) -> dict[str, Any]:
    """What the markers of that name say, the nearest last."""
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers(name))):
        options |= marker.kwargs
    return options


def _endpoint(request: pytest.FixtureRequest) -> str:
    """The endpoint that the test would talk to without the proxy."""
    if "realtime_mock" in request.fixturenames:
        return str(request.getfixturevalue("realtime_mock").url)
    return os.environ.get(_BASE_URL) or _USUAL


def _named(name: str) -> str:
    """The name of a test, with its parameters, as the name of a file on every system."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "_.-") else "_" for char in name)[:150]


def _point(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
