"""Fills the placeholders of a scenario ({transcription_model} and its kin) with what the run uses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rtdoctor.model.scenario import Scenario


def expand(scenario: Scenario, values: Mapping[str, str]) -> Scenario:
    """The scenario with every `{name}` in query, headers, sent events, texts and accepted outcomes filled in."""

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            for name, text in values.items():
                value = value.replace("{" + name + "}", text)
            return value
        if isinstance(value, Mapping):
            return {key: fill(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(fill(item) for item in value)
        return value

    handshake = replace(
        scenario.handshake, query=fill(scenario.handshake.query), headers=fill(scenario.handshake.headers)
    )
    steps = tuple(replace(step, send=fill(step.send), text=fill(step.text)) for step in scenario.steps)
    accept = tuple(replace(line, outcome=fill(line.outcome)) for line in scenario.accept)
    return replace(scenario, handshake=handshake, steps=steps, accept=accept)
