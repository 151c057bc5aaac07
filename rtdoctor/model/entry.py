"""One entry of a recorded event stream: what a line, an array element or a frame of a HAR file held."""

from dataclasses import dataclass
from typing import Literal

from rtdoctor.model.exchange import Exchange

EntryDirection = Literal["server", "client", "close"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One event with what the recording says about it, or a problem.

    `event` is the parsed JSON (None with a problem; for direction "close" the facts of the close frame).
    `direction` says who sent it, None where the recording does not. `at` is in seconds: since the epoch or
    since some start, whichever the recording holds, so that only differences mean something; None where there
    is none. `line` counts lines from 1; in a JSON array and in a HAR file it is the ordinal of the element,
    and 0 where a problem concerns the file. `problem` is "" or one sentence that begins with the place ("line
    17: …"). `socket` tells the connections of a HAR file or tape apart; every other form holds one. Of a tape
    `handshake` is the request with its answer or fault, and `ended` says that nothing more comes of this connection;
    both are entries by themselves, without an event. `rest` marks the handshake of a request that asked for no socket.
    """

    event: object | None
    direction: EntryDirection | None = None
    at: float | None = None
    line: int = 0
    problem: str = ""
    socket: int = 0
    handshake: Exchange | None = None
    ended: bool = False
    rest: bool = False
