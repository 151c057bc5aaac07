"""The error in a close reason: OpenAI closes with `<error.type>.<error.code>` (gauravzqa/llmgw, seen 2026-09-18)."""

from collections.abc import Iterable

from rtdoctor.knowledge.causes import known_codes
from rtdoctor.model.outcome import ErrorEvent

_TYPES = frozenset(("insufficient_quota", "request_forbidden", "tokens", "requests"))  # those that end otherwise


def is_error_type(text: str) -> bool:
    """True for the type of an error object, by its form or because it is known."""
    return text.endswith(("_error", "_quota")) or text in _TYPES


def error_of_reason(reason: str) -> ErrorEvent | None:
    """The error that a close reason names: a type and a code, one of the two alone, or None for other words."""
    kind, dot, code = reason.strip().rstrip(".").partition(".")
    # Types are in small letters, and so are nearly all codes; a gateway that writes them otherwise means no others.
    kind = kind if kind in known_codes() else kind.lower()
    code = code if code in known_codes() else code.lower()
    if dot:
        named = is_error_type(kind) and code.replace("_", "").isalnum()
        return ErrorEvent(kind, code) if named else None
    if is_error_type(kind) and "_" in kind and kind.replace("_", "").isalnum():
        return ErrorEvent(kind)
    return ErrorEvent(code=kind) if kind in known_codes() else None


def tells(errors: Iterable[ErrorEvent], known: ErrorEvent) -> bool:
    """True where one of the errors is what a close reason tells again."""
    return any(error.code == known.code if error.code and known.code else error.type == known.type for error in errors)
