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

_BY_NAME = "at the upgrade, which the server itself refuses: the way is open, its reason counts"


def _names_its_reason(socket: Outcome) -> bool:
    """True where the answer is about the credential or the account, and not about the upgrade."""
    error = socket.http_error
    return socket.http_status in (401, 402, 429) or bool(error and (error.code or error.type))


def parity(rest: Outcome | None, socket: Outcome | None, failed_at: str | None) -> str:
    """One sentence that names the layer, or nothing where both pass, both fail, or one was not tried.

    `failed_at` is the rung where the socket failed, None when it passed.
    """
    if rest is None or socket is None:
        return ""
    passes = rest.http_status is not None and rest.http_status < 300
    if passes and failed_at in _WHERE:
        seen = f" ({short(socket)})" if failed_at == "upgrade" else ""
        where = _BY_NAME if failed_at == "upgrade" and _names_its_reason(socket) else _WHERE[failed_at]
        return f"REST passes and the socket fails over the same route: they part {where}{seen}."
    if rest.http_status in (404, 405, 501):
        return ""  # there is no such path: a server of the socket alone owes nobody a list of models
    if not passes and failed_at is None:
        return (
            "The socket passes and REST fails over the same route: they part at HTTP, "
            f"where {rest.asked.path} came to: {short(rest)}."
        )
    return ""
