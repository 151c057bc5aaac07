"""The error in the body of an HTTP answer, however the server or a gateway before it wraps it."""

from collections.abc import Iterator, Mapping
from typing import Any

from rtdoctor.knowledge.causes import known_codes
from rtdoctor.model.event import parse_event

_MOST_LEVELS = 5
# What an error object stands under: OpenAI's and most others; FastAPI; Google's lists; Apigee; a gateway that keeps the
# answer it got.
_UNDER = ("error", "errors", "detail", "details", "fault", "data", "body", "response", "metadata")
# Its fields, as others name them: OAuth 2.0 (RFC 6749, section 5.2), RFC 9457, Deepgram, AWS, Apigee, Azure.
_NAMES = {
    "code": ("code", "error_code", "errorCode", "errorcode", "err_code", "error", "status"),
    "type": ("type", "error_type", "__type", "status", "name"),
    "message": (
        "message", "msg", "error_description", "err_msg", "error_message", "errorMessage", "Message", "faultstring",
        "detail", "description", "title", "reason",
    ),
    "param": ("param", "parameter"),
}  # fmt: skip
# LiteLLM writes None as a text; RFC 9457 calls a type that says nothing so.
_NOTHING = (None, "", "None", "null", "about:blank")


def error_in_body(text: str) -> Mapping[str, Any] | None:
    """The error with the fields code, type, message and param, those that it has, or None where the body tells of
    none."""
    text = text.lstrip("\ufeff \t\r\n")
    body = parse_event(f'{{"errors":{text}}}' if text.startswith("[") else text)
    if body is None:
        return None
    best: dict[str, Any] = {}
    for value in _objects(body, _MOST_LEVELS):
        fields = _fields(value)
        # The innermost that names its error is what the server said; what lies around it is a gateway's.
        if fields and (not best or _names(fields) >= _names(best)):
            best = {**best, **fields}
    return best or None


def error_in_event(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The same of an event that tells of an error and has no error object: its fields stand beside its type."""
    fields = _fields({name: value for name, value in event.items() if name not in ("type", "event_id")})
    return fields or None


def _objects(value: Any, levels: int) -> Iterator[Mapping[str, Any]]:
    """The objects that may be the error, the outer ones first."""
    if not levels:
        return
    if isinstance(value, str):
        # A gateway that knows its upstream's answer as a text only: LiteLLM, Azure's API management.
        value = parse_event(value[value.find("{") : value.rfind("}") + 1]) if "{" in value else None
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, Mapping)), None)
    if not isinstance(value, Mapping):
        return
    yield value
    for name in (*_UNDER, "message"):
        yield from _objects(value.get(name), levels - 1)


def _fields(node: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for field, names in _NAMES.items():
        for name in names:
            value = node.get(name)
            if isinstance(value, (Mapping, list, bool)) or value in _NOTHING:
                continue
            # `error` and `status` hold a code in some bodies, in others a sentence or the HTTP status again.
            if name in ("error", "status") and (not isinstance(value, str) or not _like_a_code(value)):
                continue
            fields[field] = value
            break
    if isinstance(node.get("loc"), list):  # FastAPI: where in the request
        fields["param"] = ".".join(map(str, node["loc"][:8]))
    if "message" not in fields and isinstance(node.get("error"), str):
        fields["message"] = node["error"]
    # A name and nothing else tells of no error: {"detail": "Not Found"} is FastAPI's, {"status": "ok"} a page.
    return fields if "message" in fields or fields.get("code") in known_codes() else {}


def _like_a_code(text: str) -> bool:
    return 3 <= len(text) <= 80 and text.replace("_", "").replace(".", "").isalnum()


def _names(fields: Mapping[str, Any]) -> int:
    """How exactly an error is named: by a known code, by any code or type that is a word, or by its message alone."""
    words = [fields.get(name) for name in ("code", "type")]
    if any(word in known_codes() for word in words if isinstance(word, str)):
        return 2
    return 1 if any(isinstance(word, str) and not word.isdigit() for word in words) else 0
