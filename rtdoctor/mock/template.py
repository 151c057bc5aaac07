"""Events with places to fill: `{client.item.id}` of the event that is answered, `{session.id}`, `{conversation}`, and
`{id.item_a}`, an id that is made up once for its name on each connection. `{{` and `}}` are braces."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rtdoctor.linear import pattern

_PLACE = pattern(r"\{\{|\}\}|\{(?P<path>[A-Za-z0-9_.\-]{1,200})\}|[{}]")
_ROOTS = ("client", "session", "conversation", "id")
_MOST = 1 << 20  # characters of JSON that one event may come to, without its names, numbers and brackets
_DEEPEST = 100


class BadTemplate(ValueError):
    """A place cannot be filled, in words for people."""


def check_template(value: object) -> None:
    """See that every place of an event can be filled, once there is something to fill it with.

    Raises:
        BadTemplate: one never can.
    """

    def look(path: str) -> str:
        root, _, rest = path.partition(".")
        if root not in _ROOTS or bool(rest) is (root == "conversation"):
            raise BadTemplate(f"'{{{path}}}' is no place: one begins with client., session. or id., or is conversation")
        return ""

    fill(value, look)


def fill(value: Any, look: Callable[[str], Any]) -> Any:
    """The event with its places filled by what `look` says of their paths. A text that is one place alone becomes the
    value itself, of whatever type.

    Raises:
        BadTemplate: a place cannot be filled, or the event becomes too large.
    """
    left = _MOST

    def count(part: Any) -> None:
        """Take what a part comes to where it is sent, before it is put to others: what is no ASCII is escaped there, by
        six or twelve characters; and one short text may have many places for a long one."""
        nonlocal left
        if not isinstance(part, str) or len(part) <= left:
            left -= len(json.dumps(part)) - 2 * isinstance(part, str)  # without the quotation marks
        else:
            left = -1
        if left < 0:
            raise BadTemplate(f"it comes to more than {_MOST} characters")

    def walk(node: Any, depth: int) -> Any:
        if depth > _DEEPEST:
            raise BadTemplate("it is nested too deep")
        if isinstance(node, Mapping):
            return {key: walk(held, depth + 1) for key, held in node.items()}
        if isinstance(node, list | tuple):
            return [walk(held, depth + 1) for held in node]
        return _text(node, look, count) if isinstance(node, str) else node

    return walk(value, 0)


def at(value: Any, path: str) -> Any:
    """What stands in a value at a dotted path; numbers count in lists.

    Raises:
        BadTemplate: nothing does.
    """
    for step in path.split("."):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise BadTemplate(f"there is no {path}") from None
    return value


def _text(text: str, look: Callable[[str], Any], count: Callable[[Any], None]) -> Any:
    parts: list[Any] = []

    def put(part: Any) -> None:
        if part != "":
            count(part)
            parts.append(part)

    end = 0
    for hole in _PLACE.finditer(text) if "{" in text or "}" in text else ():
        put(text[end : hole.start()])
        end = hole.end()
        whole = text[hole.start() : end]
        if whole in ("{{", "}}"):
            put(whole[0])
        elif len(whole) == 1:
            raise BadTemplate(f"a brace stands alone in {text[:60]!r}; {{{{ is a brace")
        else:
            put(look(hole.text("path")))
    put(text[end:])
    if len(parts) == 1 and not isinstance(parts[0], str):
        return parts[0]
    return "".join(str(part) for part in parts)
