"""A client event against the schema of its type: the mock takes what is documented and refuses the rest as the real
one does (one bad field refuses the event; observed 2026-09-18 for session.update, inferred for the others)."""

from typing import Any

from rtdoctor.mock.update import Bad
from rtdoctor.protocol.shapes import judge_shape


def fault_of(event: dict[str, Any]) -> Bad | None:
    """The first thing that is wrong with the shape of a client event of a known type, or None."""
    violations = judge_shape(event, "client")
    if not violations:
        return None
    first = violations[0]
    param = _dotted(first.pointer)
    if first.rule == "shape.missing":
        return Bad("missing-parameter", {"param": param})
    if first.rule == "shape.undocumented":
        return Bad("unknown-parameter", {"param": param})
    if first.rule == "shape.type":
        return Bad("invalid-type", {"param": param, "wanted": first.wanted, "given": first.got})
    return Bad("invalid-value", {"param": param, "value": first.got.strip('"'), "wanted": first.wanted})


def _dotted(pointer: str) -> str:
    """/response/output_modalities/0 as response.output_modalities[0]."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps).lstrip(".")
