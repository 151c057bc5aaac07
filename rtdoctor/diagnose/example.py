"""The example of a rule, as its data tells it: a text that somebody pastes, or the facts of an outcome."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from rtdoctor.diagnose.referee import weigh
from rtdoctor.diagnose.text.blocks import blocks
from rtdoctor.diagnose.text.findings import Reader
from rtdoctor.knowledge.causes import Rule, matching
from rtdoctor.model.exchange import Request
from rtdoctor.model.outcome import ErrorEvent, Outcome


def outcomes_of(example: Mapping[str, Any]) -> list[Outcome]:
    """What an example comes to: `{ text = "…" }` is read as `explain` reads it; else it holds the facts of an outcome
    by the names of `rtdoctor.model.outcome.Outcome`, those that are not given at their usual value.

    Raises:
        ValueError: a name that there is none of. TypeError: a value of another kind.
    """
    if "text" in example and len(example) == 1:
        reader = Reader()
        for block in blocks([example["text"]]):
            reader.read(block)
        return list(reader.outcomes)
    fields = dict(example)
    asked = Request(**_filled(Request, {"url": "", "path": "", **fields.pop("asked", {})}))
    if "errors" in fields:
        fields["errors"] = tuple(ErrorEvent(**_filled(ErrorEvent, error)) for error in fields["errors"])
    if "http_error" in fields:
        fields["http_error"] = ErrorEvent(**_filled(ErrorEvent, fields["http_error"]))
    return [Outcome(asked, **_filled(Outcome, {"stage": "upgrade", **fields}))]


def _filled(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(kind)}
    if strange := sorted(values.keys() - known):
        raise ValueError(f"'{strange[0]}' is no fact of it")
    return {name: _frozen(value) for name, value in values.items()}


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def why_not(rule: Rule) -> str:
    """Why a rule's example does not show the rule; empty where it does: it names the cause there, or fits too where it
    does not decide."""
    try:
        outcomes = outcomes_of(rule.example)
    except (ValueError, TypeError) as error:
        return f"the example cannot be read: {error}"
    named = [weigh(outcome) for outcome in outcomes]
    if rule.decides:
        if any(weighed.rule is rule for weighed in named):
            return ""
    elif any(rule in matching(outcome) for outcome in outcomes):
        return ""
    others = sorted({weighed.cause for weighed in named if weighed.cause}) or ["no cause"]
    return (
        f"the example leads to {', '.join(others)}, by another rule" if outcomes else "nothing is read in the example"
    )
