"""What the referee says of a connection that was recorded, or watched as it passed. No I/O."""

from dataclasses import dataclass, replace

from rtdoctor.diagnose.distil import Gist, distil_recorded, distil_taped
from rtdoctor.diagnose.referee import finding as finding_of
from rtdoctor.knowledge.causes import UNKNOWN
from rtdoctor.model.exchange import Close, Exchange
from rtdoctor.model.finding import Finding


@dataclass(frozen=True, slots=True)
class Told:
    """What else is known of a connection: that the server told of errors, that it went on after the last of them, that
    no socket was asked for, that it ended without a close frame and not by the client."""

    errors: bool = False
    went_on: bool = True
    rest: bool = False
    dropped: bool = False


def judge_recorded(handshake: Exchange | None, gist: Gist, close: Close | None, ended_so: Told) -> Finding | None:
    """The finding; None where nothing is wrong. An error after which the session went on, or in a session one of which
    nobody knows what it means, is told, and fails nothing as long as the socket was not closed for it.

    `handshake` is None where only the events are known.
    """
    if handshake is not None and (handshake.answer is None or handshake.answer.status != 101):
        return _refused(handshake, gist, ended_so)
    if handshake is None:
        outcome = distil_recorded(gist, close)
    else:
        outcome = distil_taped(handshake, gist, close, rest=False, dropped=ended_so.dropped)
    judged = finding_of(outcome)
    ended = close is not None and close.by == "server"
    nothing = judged.cause == UNKNOWN and ended and close is not None and close.code is None
    if judged.cause is None or not (ended_so.errors or ended) or (nothing and not ended_so.errors):
        return None
    unclear = judged.cause == UNKNOWN and outcome.reached_session
    # Whoever closed with 1000 did not close for an error.
    well = close is not None and close.code == 1000 and outcome.reached_session
    cut = ended and not well
    harmless = judged.cause == "close.normal" or well or (not cut and (ended_so.went_on or unclear))
    return replace(judged, verdict="warn") if harmless else judged


def _refused(handshake: Exchange, gist: Gist, ended_so: Told) -> Finding | None:
    """What it says of a request that led to no socket."""
    if handshake.answer is None and handshake.fault is None:
        return None  # the client went away before
    judged = finding_of(distil_taped(handshake, gist, None, rest=ended_so.rest, dropped=False))
    return None if judged.cause is None else judged
