"""`Proxy` and `Cassette` of rtdoctor.testing, and their fixtures: recorded once, replayed, and held to it."""

import asyncio
import json

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from rtdoctor.testing import Cassette, Mock, Proxy

pytest_plugins = ["pytester"]
PLUGIN = ("-p", "rtdoctor.testing.plugin", "-p", "no:cacheprovider", "-q")


def turn(base_url, key, *extra, text="hello"):
    """A client: a text turn, and what more is to be sent before it."""
    url = "ws" + base_url.removeprefix("http") + "/realtime?model=gpt-realtime"
    with connect(url, additional_headers={"Authorization": f"Bearer {key}"}, proxy=None) as socket:
        socket.recv(timeout=5)
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        for event in (*extra, {"type": "conversation.item.create", "item": item}, {"type": "response.create"}):
            socket.send(json.dumps(event))
        while True:
            event = json.loads(socket.recv(timeout=5))
            if event["type"] == "response.done":
                return event["response"]["output"][0]["content"][0]["transcript"]


def test_a_proxy_shows_what_passes_and_breaks_it_on_demand():
    with Mock(text="Hi.") as mock, Proxy(mock.url) as proxy:
        assert turn(proxy.url, mock.key) == "Hi."
        proxy.settle()
        assert [event["type"] for event in proxy.sent] == ["conversation.item.create", "response.create"]
        assert proxy.events("server", 1)[0]["type"] == "session.created"
        proxy.fault("abort")
        with pytest.raises(ConnectionClosed):
            turn(proxy.url, mock.key)
        proxy.clear_faults()
        assert turn(proxy.url, mock.key) == "Hi."
    assert proxy.watched.total == 3
    assert [line["id"] for line in proxy.findings if line["id"].startswith("proxy.")] == ["proxy.abort"]


def record(path, text="Hi."):
    with Mock(text=text) as mock, Cassette(path, record=True, to=mock.url) as cassette:
        assert turn(cassette.url, mock.key) == text
    return mock.key


def test_a_cassette_is_recorded_replayed_and_refreshed(tmp_path):
    path = tmp_path / "one" / "turn.tape"
    key = record(path)
    assert key not in path.read_text("utf-8")
    for _ in range(2):
        with Cassette(path) as cassette:
            assert turn(cassette.url, "sk-any-0123456789") == "Hi."
    record(path, "Anew.")
    with Cassette(path) as cassette:
        assert turn(cassette.url, "sk-any-0123456789") == "Anew."
    assert [one.name for one in path.parent.iterdir()] == ["turn.tape"]


def test_what_is_unused_or_unmatched_fails_and_a_run_that_failed_records_nothing(tmp_path):
    path = tmp_path / "turn.tape"
    record(path)
    before = path.read_bytes()
    with pytest.raises(AssertionError, match="nobody asked for it"), Cassette(path):
        pass
    with pytest.raises(AssertionError, match=r"differs in /item/content/0/text"), Cassette(path) as cassette:
        turn(cassette.url, "sk-any-0123456789", text="something else")
    with pytest.raises(AssertionError, match=r"input_audio_buffer\.clear"), Cassette(path) as cassette:
        turn(cassette.url, "sk-any-0123456789", {"type": "input_audio_buffer.clear"})
    with Mock() as mock, pytest.raises(ZeroDivisionError), Cassette(path, record=True, to=mock.url):
        raise ZeroDivisionError
    assert path.read_bytes() == before
    with pytest.raises(AssertionError, match="is not recorded yet"):
        Cassette(tmp_path / "none.tape").start()


async def test_both_serve_async_tests(tmp_path):
    async with Mock(text="Hi.") as mock, Proxy(mock.url) as proxy:
        async with Cassette(tmp_path / "a.tape", record=True, to=proxy.url) as cassette:
            assert await asyncio.to_thread(turn, cassette.url, mock.key) == "Hi."
    async with Cassette(tmp_path / "a.tape") as cassette:
        assert await asyncio.to_thread(turn, cassette.url, mock.key) == "Hi."


PROJECT = """
import asyncio, os
import pytest
from tests.testing.test_proxy_and_cassette import turn

def ask(**more):
    return turn(os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"], **more)

def test_sync(realtime_cassette):
    assert ask() == "Hi."

@pytest.mark.parametrize("text", ["a/b", "c"])
def test_each(realtime_cassette, text):
    assert ask(text=text) == "Hi."

@pytest.mark.anyio
async def test_any(realtime_cassette):
    assert await asyncio.to_thread(ask) == "Hi."

@pytest.mark.realtime_proxy(faults=["http-429"])
def test_proxy(realtime_mock, realtime_proxy):
    with pytest.raises(Exception, match="429"):
        ask()
    assert os.environ["OPENAI_BASE_URL"] == realtime_proxy.url != realtime_mock.url

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


@pytest.fixture
def _alone(monkeypatch):
    """The plugin is loaded by name, and the others that are installed here are not."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.mark.usefixtures("_alone")
def test_the_fixtures_record_and_replay_sync_anyio_and_parametrised_tests(pytester, monkeypatch):
    pytester.makepyfile(test_it=PROJECT)
    run = (*PLUGIN, "-p", "anyio.pytest_plugin")
    pytester.runpytest_inprocess(*run).assert_outcomes(passed=1, errors=4)  # nothing is recorded yet
    with Mock(text="Hi.") as mock:
        for name, value in mock.environment.items():
            monkeypatch.setenv(name, value)
        pytester.runpytest_inprocess(*run, "--realtime-record").assert_outcomes(passed=5)
    names = sorted(path.name for path in (pytester.path / "cassettes" / "test_it").iterdir())
    assert names == ["test_any.tape", "test_each_a_b_.tape", "test_each_c_.tape", "test_sync.tape"]
    for name in mock.environment:
        monkeypatch.delenv(name)
    pytester.runpytest_inprocess(*run).assert_outcomes(passed=5)
    idle = PROJECT.replace('assert ask() == "Hi."', "pass", 1)
    (pytester.path / "test_it.py").write_text(idle)
    result = pytester.runpytest_inprocess(*run)
    result.assert_outcomes(passed=5, errors=1)
    result.stdout.fnmatch_lines(["*nobody asked for it*"])
