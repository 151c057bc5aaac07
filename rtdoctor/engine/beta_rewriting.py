"""What `explain` rewrites a line of the beta with: the migration of events, and the model of the day."""

from collections.abc import Mapping

from rtdoctor.diagnose.text.places import Current
from rtdoctor.protocol.models import defaults


def current() -> Current:
    """The GA form of a client's event, and the model that a conversation is opened with by default."""
    return Current(_event, defaults().realtime)


def _event(event: object) -> Mapping[str, object] | None:
    from rtdoctor.protocol.migrate import migrate  # few texts hold an event of the beta

    made = migrate(event, "client")
    return made.event if made else None
