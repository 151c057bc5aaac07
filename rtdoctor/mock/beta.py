"""A session in the form of the beta: events go out as the beta had them, and come in as today's."""

from typing import Any

import orjson

from rtdoctor.mock.memory import parseable
from rtdoctor.mock.session import Session
from rtdoctor.protocol.beta_form import beta_form
from rtdoctor.protocol.migrate import migrate


class BetaSession(Session):
    """As Session."""

    async def emit(self, kind: str, **fields: Any) -> None:
        """Send one server event, if the beta had it."""
        if made := beta_form({"type": kind, **fields}):
            await super().emit(made.pop("type"), **made)

    async def take(self, data: bytes, *, binary: bool = False) -> None:
        """One message of the client.

        Raises:
            Fatal, Full, UnicodeDecodeError: as Session.take.
        """
        if not binary and parseable(data):
            try:
                event = orjson.loads(data)
            except orjson.JSONDecodeError:
                event = None
            if made := migrate(event, "client"):
                rewritten = made.event
                if isinstance(session := rewritten.get("session"), dict):
                    session["type"] = self.config["type"]  # the beta's had none, and could not change it
                data = orjson.dumps(rewritten)
        await super().take(data, binary=binary)
