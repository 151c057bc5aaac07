"""One event is one line, and a line begins with words of ours."""

import json

import pytest

from rtdoctor.cli.lines import Lines
from rtdoctor.cli.mock_clients import Teller
from rtdoctor.privacy.clean import one_line
from rtdoctor.report.proxy_terminal import live

ENDS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
AT = {"t": 1.0, "connection": 1, "from": "server"}


def lines(end):
    order = f"r{end}::error::p5"
    yield {**AT, "kind": "close", "code": 3000, "reason": order}
    yield {**AT, "kind": "answer", "status": 401, "reason": order, "headers": []}
    yield {**AT, "kind": "fault", "layer": "tcp", "fault": "x", "text": order}
    yield {**AT, "kind": "finding", "level": "error", "id": order, "text": order, "remedy": order}
    yield {**AT, "kind": "request", "url": f"wss://h/{order}", "headers": []}
    yield {**AT, "kind": "text", "data": json.dumps({"type": order})}


@pytest.mark.parametrize("end", ENDS)
def test_an_event_is_one_line_whatever_a_server_puts_into_it(end):
    printed = []
    log = Lines(printed.append)
    for line in lines(end):
        told = live(line, verbose=True)
        log.say(told)
        log.say(f"a bug of ours{end}::error::p5")
        assert len(told.splitlines()) == (2 if line["kind"] == "finding" else 1)
    log.finish(5)
    shown = "\n".join(printed).splitlines()
    assert len(shown) > 6
    assert not [line for line in shown if line.strip().startswith("::")]


@pytest.mark.parametrize("end", ENDS)
def test_an_event_of_the_mocks_is_one_line(end):
    said = []
    teller = Teller(said.append, verbose=True)
    teller({**AT, "kind": "request", "url": "ws://h/v1", "method": "GET", "headers": [], "socket": 1})
    teller({**AT, "kind": "answer", "status": 101, "reason": "", "headers": []})
    for line in lines(end):
        if line["kind"] in ("close", "finding", "text"):
            teller(line)
    teller({**AT, "kind": "end", "by": "client", "how": "close"})
    said += teller.summary()
    assert all(len(line.splitlines()) == 1 for line in said)
    assert len(said) > 5


@pytest.mark.parametrize("text", ["::error::x", "  ::error::x", "\n::error::x", "##[error]x"])
def test_no_line_begins_with_an_order(text):
    assert not one_line(text).strip().startswith(("::", "##["))
