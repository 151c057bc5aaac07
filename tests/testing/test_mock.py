"""`from rtdoctor.testing import Mock`: a server in a thread, for tests of any kind."""

import asyncio
import json
import threading
import unittest

import pytest
from openai import AsyncOpenAI, OpenAI
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from rtdoctor.mock.faults import BadFault
from rtdoctor.mock.script import BadScript
from rtdoctor.testing import Mock

QUERY = "?model=gpt-realtime-2.1"


def dial(mock, key=None):
    headers = {"Authorization": f"Bearer {key or mock.key}"}
    return connect(mock.websocket_url + QUERY, additional_headers=headers, proxy=None)


def test_a_sync_client_talks_and_what_it_sent_is_known():
    with Mock(text="Hello there.") as mock:
        with OpenAI(base_url=mock.url, api_key=mock.key).realtime.connect(model="gpt-realtime-2.1") as connection:
            connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
            connection.response.create()
            done = next(event for event in connection if event.type == "response.done")
        assert done.response.output[0].content[0].text == "Hello there."
        assert [event["type"] for event in mock.sent] == ["session.update", "response.create"]
        assert mock.events("server", 1)[0]["type"] == "session.created"
        assert mock.events("server", 2) == []


async def test_an_async_client_talks_while_the_test_has_the_loop():
    async with Mock() as mock:
        client = AsyncOpenAI(base_url=mock.url, api_key=mock.key)
        async with client.realtime.connect(model="gpt-realtime-2.1") as connection:
            await connection.response.create()
            await asyncio.to_thread(mock.wait_for, "response.create")
            async for event in connection:
                if event.type == "response.done":
                    break
        assert event.response.status == "completed"
        await client.close()


class Case(unittest.TestCase):
    def test_a_unittest_has_one_too(self):
        with Mock() as mock, dial(mock) as socket:
            self.assertEqual(json.loads(socket.recv())["type"], "session.created")  # noqa: PT009 (it is a unittest)


def clear(script):
    with Mock(script=script) as mock, dial(mock) as socket:
        socket.send('{"type": "input_audio_buffer.clear"}')
        mock.wait_for("input_audio_buffer.clear")


def test_a_script_that_is_not_kept_to_fails_at_the_end():
    script = {"script": 1, "only": True, "step": [{"expect": "response.create"}]}
    with pytest.raises(AssertionError, match=r"step 1 was not used: it expects response\.create"):
        clear(script)
    with pytest.raises(ZeroDivisionError), Mock(script=script):
        raise ZeroDivisionError  # the test's own trouble is not hidden by what the script would say


def test_a_second_script_begins_with_the_next_connection():
    with Mock() as mock:
        with dial(mock) as socket:
            socket.recv()
        mock.script({"script": 1, "step": [{"expect": "response.create", "answer": [{"close": 4321}]}]})
        with dial(mock) as socket:
            socket.send('{"type": "response.create"}')
            with pytest.raises(ConnectionClosedError, match="4321"):
                list(iter(socket.recv, None))


def test_faults_come_and_go():
    with Mock(faults=["http-429@1"]) as mock:
        with pytest.raises(InvalidStatus, match="429"):
            dial(mock)
        with dial(mock) as socket:
            socket.recv()
            mock.fault("abort")
            with pytest.raises(ConnectionClosedError):
                socket.recv(timeout=5)
        mock.clear_faults()
        with dial(mock) as socket:
            assert "session.created" in socket.recv()
        with pytest.raises(BadFault):
            mock.fault("nope")
        with pytest.raises(BadScript):
            mock.script({})


def test_a_key_that_is_not_its_own_is_refused_and_a_missing_event_told():
    with Mock(key="sk-mine-0123456789") as mock:
        with dial(mock, "sk-other-0123456789") as socket, pytest.raises(ConnectionClosedError, match="invalid_api_key"):
            list(iter(socket.recv, None))
        with pytest.raises(AssertionError, match=r"1 × response.create within 0.01 s, but what came is \[\]"):
            mock.wait_for("response.create", timeout=0.01)


def test_no_thread_is_left_and_two_do_not_meet():
    with Mock() as one, Mock() as two:
        assert one.url != two.url
    assert not [thread for thread in threading.enumerate() if thread.name == "rtdoctor-mock"]
