"""Cassettes in YAML, as pydantic-ai's tests keep them: `interactions`, each with `direction` (sent, received) and the
event as `data` (pydantic/pydantic-ai, tests/realtime/cassettes, read 2026-11-30). One interaction is held at a time;
aliases, with which a small file stands for a large one, are refused."""

from collections.abc import Iterator
from typing import Any

import yaml

from rtdoctor.linear import byte_pattern
from rtdoctor.model.entry import Entry
from rtdoctor.recording.chunks import Chunks
from rtdoctor.recording.envelope import unwrap
from rtdoctor.recording.parse import MAX_BYTES

CASSETTE = byte_pattern(
    rb"(?:[ \t]*(?:#[^\r\n]*|---[ \t]*|version[ \t]*:[ \t]*\d{1,4}[ \t]*)?\r?\n)*interactions[ \t]*:"
)
_DEEPEST, _MOST_VALUES = 64, 50_000
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER = yaml.resolver.Resolver()
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class _Bad(Exception):
    """An interaction that is not taken. `str()` is a clause."""


class _Source:
    """A feed as yaml reads it."""

    def __init__(self, feed: Chunks) -> None:
        self._feed = feed

    def read(self, _: int = -1) -> bytes:
        """The next chunk; nothing at the end."""
        return next(self._feed, b"")


def read_yaml(feed: Chunks) -> Iterator[Entry]:
    """The entries of a cassette in YAML. Never raises for content."""
    line = 1
    try:
        events = yaml.parse(_Source(feed), Loader=_LOADER)
        for event in events:
            if isinstance(event, yaml.ScalarEvent) and event.value == "interactions":
                break
        if not isinstance(next(events, None), yaml.SequenceStartEvent):
            yield Entry(None, line=1, problem="line 1: `interactions` holds no list")
            return
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, yaml.SequenceEndEvent):
                return
            entry = _entry(_Build(events).value(event), line)
            if entry is not None:
                yield entry
    except _Bad as error:
        yield Entry(None, line=line, problem=f"line {line}: {error}")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = line if mark is None else mark.line + 1
        yield Entry(None, line=line, problem=f"line {line}: this is no YAML that can be read")


def _entry(value: object, line: int) -> Entry | None:
    if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
        return None  # of another kind than a message
    return unwrap({"direction": value.get("direction"), "data": value["data"]}, line, noun="line")


class _Build:
    """Makes one value of the events that follow."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._values = self._size = 0

    def value(self, event: Any, depth: int = 0) -> Any:
        """The value that begins with an event.

        Raises:
            _Bad: it is too large or too deep, or holds an alias.
        """
        self._values += 1
        if depth > _DEEPEST or self._values > _MOST_VALUES:
            raise _Bad("an interaction is too deep, or has too many values; what follows is not read")
        if isinstance(event, yaml.AliasEvent):
            raise _Bad("it holds an alias; what follows is not read")
        if isinstance(event, yaml.ScalarEvent):
            self._size += len(event.value)
            if self._size > MAX_BYTES:
                raise _Bad(f"an interaction has more than {MAX_BYTES >> 20} MiB; what follows is not read")
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return [self.value(one, depth + 1) for one in self._until(yaml.SequenceEndEvent)]
        mapping: dict[str, Any] = {}
        for key in self._until(yaml.MappingEndEvent):
            name = self.value(key, depth + 1)
            mapping[name if isinstance(name, str) else str(name)[:100]] = self.value(next(self._events), depth + 1)
        return mapping

    def _until(self, end: type) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event


def _scalar(event: Any) -> Any:
    """A scalar as JSON has it; what YAML knows beside (dates and the like) stays a text."""
    text: str = event.value
    if not event.implicit[0]:
        return text
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, event.implicit).rpartition(":")[2]
    try:
        match tag:
            case "null":
                return None
            case "bool":
                return _WORDS[text.lower()]
            case "int" if len(text) < 40:
                return int(text)
            case "float" if len(text) < 40:
                return float(text)
    except ValueError:
        pass
    return text
