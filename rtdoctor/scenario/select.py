"""Chooses scenarios by tag and by a part of their id or title."""

from collections.abc import Iterable

from rtdoctor.model.scenario import Scenario


def select(scenarios: Iterable[Scenario], tags: Iterable[str] = (), words: Iterable[str] = ()) -> list[Scenario]:
    """The scenarios that carry any of the tags (all when none is given) and hold any of the words, in their order."""
    wanted_tags, wanted_words = set(tags), [word.lower() for word in words]
    return [
        scenario
        for scenario in scenarios
        if (not wanted_tags or wanted_tags & set(scenario.tags))
        and (not wanted_words or any(word in f"{scenario.id} {scenario.title}".lower() for word in wanted_words))
    ]
