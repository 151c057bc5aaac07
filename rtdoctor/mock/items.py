"""The events with which a client changes the conversation of a session of the mock."""

from collections.abc import Mapping
from typing import Any

import orjson

from rtdoctor.mock.memory import MOST_EVENT, weight
from rtdoctor.mock.within import Within

_LONGEST_ITEM_ID = 32


class Items:
    """Answers `conversation.item.*` for a session."""

    def __init__(self, session: Within) -> None:
        self._session = session

    async def create(self, event: dict[str, Any]) -> None:
        """Put an item of the client into the conversation."""
        asked = {key: value for key, value in event["item"].items() if value is not None}
        if self._session.config["type"] == "transcription":
            # Not seen; a transcription session has no conversation to add to (inferred).
            await self._session.refuse("unknown-event", {"value": event["type"]}, event)
            return
        after = event.get("previous_item_id")
        if refused := self._misplaced(asked, after):
            await self._session.refuse(*refused, event)
            return
        status = {"status": "completed"} if asked["type"] in ("message", "function_call") else {}
        item = {"id": self._session.clock.ident("item_"), **status, **asked}
        size = self._session.size
        if size > MOST_EVENT:
            # Sound and pictures are heard and not kept, nor told again (inferred).
            content = item.get("content")
            item["content"] = [_without_media(part) for part in content] if isinstance(content, list) else []
            size = weight(orjson.dumps(item))
        if size > MOST_EVENT:
            await self._session.refuse("too-large", {"value": size}, event)
            return
        del event, asked
        previous = await self._session.add_item(item, size, after)
        await self._session.emit("conversation.item.done", previous_item_id=previous, item=item)

    def _misplaced(self, item: Mapping[str, Any], after: str | None) -> tuple[str, dict[str, Any]] | None:
        """Why an item cannot be where it is asked for."""
        ident = item.get("id")
        if ident is not None and len(ident) > _LONGEST_ITEM_ID:
            return "id-too-long", {"value": len(ident)}
        if self._session.items.get(ident):
            return "item-exists", {"value": ident}
        if after not in (None, "root") and not self._session.items.get(after):
            return "unknown-previous-item", {"value": after}
        if item["type"] == "function_call_output" and not self._session.items.find(
            "function_call", item.get("call_id")
        ):
            return "unknown-call", {"value": item.get("call_id")}
        return None

    async def _known_item(self, event: dict[str, Any]) -> dict[str, Any] | None:
        item = self._session.items.get(event.get("item_id"))
        if item is None:
            await self._session.refuse("unknown-item", {"value": event.get("item_id")}, event)
        return item

    async def retrieve(self, event: dict[str, Any]) -> None:
        """Tell an item as it is."""
        if item := await self._known_item(event):
            await self._session.emit("conversation.item.retrieved", item=item)

    async def delete(self, event: dict[str, Any]) -> None:
        """Take an item out."""
        if item := await self._known_item(event):
            self._session.items.forget(item["id"])
            self._session.hold("items", self._session.items.weight)
            self._session.item_gone(item)
            await self._session.emit("conversation.item.deleted", item_id=item["id"])

    async def truncate(self, event: dict[str, Any]) -> None:
        """Cut what the assistant has said to what was played."""
        item = await self._known_item(event)
        if item is None:
            return
        ident, end = item["id"], event["audio_end_ms"]
        if item.get("role") != "assistant" or ident not in self._session.audio_ms:
            await self._session.refuse("truncate-role", {}, event)
            return
        if end > self._session.audio_ms[ident]:
            await self._session.refuse(
                "truncate-past-end", {"value": self._session.audio_ms[ident], "wanted": end}, event
            )
            return
        if end < 0 or event["content_index"] != 0:
            param = "audio_end_ms" if end < 0 else "content_index"
            await self._session.refuse("invalid-value", {"param": param, "value": event[param], "wanted": "0"}, event)
            return
        self._session.audio_ms[ident] = end
        # What was not played was not said: the text is removed, too (documented).
        for part in item["content"]:
            part["transcript"] = None
        place = {"item_id": ident, "content_index": 0, "audio_end_ms": end}
        await self._session.emit("conversation.item.truncated", **place)


def _without_media(part: object) -> object:
    return (
        {key: held for key, held in part.items() if key not in ("audio", "image_url")}
        if isinstance(part, dict)
        else part
    )
