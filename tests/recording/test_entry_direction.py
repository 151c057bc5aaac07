"""The direction in a log line's prefix, and by an event's name."""

import pytest

from rtdoctor.recording.direction import direction_in_prefix, infer_direction


@pytest.mark.parametrize(
    "prefix",
    [
        *("<- ", "<< ", "<<< ", "10:00:01 <-- ", "[ws] ← ", "< ", "INFO ws < "),
        *("RECV ", "recv: ", "INFO received event: ", "[in] ", "(rx) ", "IN: ", "inbound ", "rx: "),
        *("server -> client: ", "[server] ", "S->C ", "DEBUG:websockets.client:< TEXT '"),
    ],
)
def test_what_was_received_came_from_the_server(prefix: str) -> None:
    assert direction_in_prefix(prefix) == "server"


@pytest.mark.parametrize(
    "prefix",
    [
        *("-> ", ">> ", ">>> ", "10:00:01 --> ", "[ws] → ", "> ", "SEND ", "sending: ", "INFO sent event: "),
        *(
            "[out] ",
            "(tx) ",
            "OUT: ",
            "outbound ",
            "client -> server: ",
            "[client] ",
            "DEBUG:websockets.client:> TEXT '",
        ),
    ],
)
def test_what_was_sent_came_from_the_client(prefix: str) -> None:
    assert direction_in_prefix(prefix) == "client"


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "INFO ",
        "event => ",
        "checking in on this ",
        "sent and received ",
        "<- -> ",
        "sender: ",
        "a - > b - ",
    ],
)
def test_without_a_plain_mark_the_direction_is_unknown(prefix: str) -> None:
    assert direction_in_prefix(prefix) is None


def test_a_name_tells_the_direction_if_one_side_alone_has_it() -> None:
    server, client = {"session.created", "both"}, {"session.update", "both"}
    assert infer_direction("session.created", server, client) == "server"
    assert infer_direction("session.update", server, client) == "client"
    assert infer_direction("both", server, client) is None
    assert infer_direction("neither", server, client) is None
    assert infer_direction(None, server, client) is None
    assert infer_direction([], server, client) is None
