"""What the parts of a session (its items, its responses, its transcripts) ask of the session that they stand in."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from rtdoctor.mock.conversation import Conversation
from rtdoctor.model.clock import Clock


class Within(Protocol):
    """A session, as its parts see it."""

    clock: Clock
    does: Callable[[str], str]
    config: dict[str, Any]
    conversation: str
    items: Conversation
    audio_ms: dict[str, int]
    audio_present: bool
    size: int

    @property
    def detects(self) -> bool:
        """True where the server detects speech."""

    async def emit(self, kind: str, **fields: Any) -> None:
        """Send one server event."""

    async def refuse(self, name: str, values: Mapping[str, Any], event: Mapping[str, Any] | None = None) -> None:
        """Answer with an error event."""

    def hold(self, what: str, size: int) -> None:
        """Hold so many bytes for one thing."""

    async def add_item(self, item: dict[str, Any], size: int = 1_000, after: str | None = None) -> str | None:
        """Put an item into the conversation; the id of the one before it."""

    def item_gone(self, item: dict[str, Any]) -> None:
        """An item was deleted."""
