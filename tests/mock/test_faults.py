"""A fault has a name, and happens when it is asked for."""

import random

import aiohttp
import pytest

from rtdoctor.mock.behaviour import refusals
from rtdoctor.mock.faults import BadFault, known, parse, planned
from rtdoctor.mock.server import Mock
from tests.conftest import KEY
from tests.mock.test_mock import AUTH

PLAIN = {"silent", "drop", "no-answer", "garbled", "transcription-failed", "content-filter"}


def test_every_fault_puts_what_the_mock_knows():
    assert {to for fault in known().values() for to in fault.puts.values()} <= PLAIN | refusals().keys()


@pytest.mark.parametrize("text", ["nope", "abort@0", "abort@x", "abort:2", "abort:", "abort@", "abort:nan", "@1"])
def test_a_fault_that_makes_no_sense_is_told(text):
    with pytest.raises(BadFault):
        parse(text)


async def test_the_second_connection_is_refused_and_no_other():
    plan = planned([parse("http-429@2")], random.Random(1))
    statuses = []
    async with Mock({KEY}, plan=plan) as mock, aiohttp.ClientSession() as http:
        for _ in range(3):
            try:
                async with http.ws_connect(mock.base_url + "/realtime?intent=transcription", headers=AUTH):
                    statuses.append(101)
            except aiohttp.WSServerHandshakeError as told:
                statuses.append(told.status)
    assert statuses == [101, 429, 101]


def test_a_rate_is_about_that_share():
    plan = planned([parse("abort:0.3")], random.Random(1))
    assert 200 < sum(bool(plan(number)) for number in range(1000)) < 400
