"""HTTP and WebSocket over the same route: where one passes and the other fails, the layer at which they part.

Users' most frequent confusion is that HTTPS passes where WSS fails.
"""

from rtdoctor.diagnose.describe import short
from rtdoctor.model.outcome import Outcome

_WHERE = {
    "upgrade": "at the upgrade: ordinary HTTP comes through, the change to a WebSocket does not",
    "first-event": "after the 101: the upgrade comes through, and the session does not begin",
    "session": "inside the session, at session.update",
}


def parity(rest: Outcome | None, socket: Outcome | None, failed_at: str | None) -> str:
    """One sentence that names the layer, or nothing where both pass, both fail, or one was not tried.

    `failed_at` is the rung where the socket failed, None when it passed.
    """
    if rest is None or socket is None:
        return ""
    passes = rest.http_status is not None and rest.http_status < 300
    if passes and failed_at in _WHERE:
        seen = f" ({short(socket)})" if failed_at == "upgrade" else ""
        return f"REST passes and the socket fails over the same route: they part {_WHERE[failed_at]}{seen}."
    if not passes and failed_at is None:
        return (
            "The socket passes and REST fails over the same route: they part at HTTP, "
            f"where {rest.asked.path} came to: {short(rest)}."
        )
    return ""
