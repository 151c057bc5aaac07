"""HTTP and WebSocket over the same route: where one passes and the other fails, the layer at which they part.

Users' most frequent confusion is that HTTPS passes where WSS fails. Where the server itself says what it refuses, that
is the answer, and that REST passes adds nothing to it.
"""

from rtdoctor.diagnose.describe import short
from rtdoctor.model.outcome import Outcome

_WHERE = {
    "upgrade": "the upgrade to a WebSocket does not",
    "first-event": "the upgrade to a WebSocket does (101), and then no session begins",
    "session": "a session opens, and session.update is not answered",
}


def _names_its_reason(socket: Outcome) -> bool:
    """True where the answer is about the credential, the account or what was asked, and not about the upgrade."""
    error = socket.http_error
    named = bool(error and (error.code or error.type))
    return named or socket.http_status in (401, 402, 429) or bool(socket.errors)


def parity(rest: Outcome | None, socket: Outcome | None, failed_at: str | None) -> str:
    """One sentence that names the layer, or nothing where both pass, both fail, one was not tried, or the server told
    its reason.

    `failed_at` is the rung where the socket failed, None when it passed.
    """
    if rest is None or socket is None:
        return ""
    passes = rest.http_status is not None and rest.http_status < 300
    if passes and failed_at in _WHERE:
        if _names_its_reason(socket):
            return ""
        seen = f" ({short(socket)})" if failed_at == "upgrade" else ""
        return f"Ordinary HTTP requests pass on this route, and {_WHERE[failed_at]}{seen}."
    if rest.http_status in (404, 405, 501):
        return ""  # there is no such path: a server of the socket alone owes nobody a list of models
    if not passes and failed_at is None:
        return (
            f"The WebSocket passes on this route, and ordinary HTTP requests do not: GET {rest.asked.path} came to: "
            f"{short(rest)}."
        )
    return ""
