"""What a shell may complete: names of targets, scenarios, tags, models and causes. Each loads what it needs when it is
asked; whatever goes wrong, there is nothing to complete."""

from collections.abc import Callable, Iterable


def _among(names: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        try:
            return [name for name in names() if name.startswith(incomplete)]
        except Exception:  # a traceback in the middle of a command line helps nobody
            return []

    return complete


def _targets() -> Iterable[str]:
    from rtdoctor.cli.configured_target import config_here

    config = config_here()
    return (*(config.targets if config else ()), "mock", "openai")


def _scenarios() -> Iterable[str]:
    from rtdoctor.engine.plan import CheckAsked, chosen

    return (one.id for one in chosen(CheckAsked()))


def _tags() -> Iterable[str]:
    from rtdoctor.engine.plan import CheckAsked, chosen

    return sorted({tag for one in chosen(CheckAsked()) for tag in one.tags})


def _models() -> Iterable[str]:
    from rtdoctor.protocol.models import models

    return (name for name, one in models().items() if not one.retired)


def _causes() -> Iterable[str]:
    from rtdoctor.knowledge.causes import causes

    return causes()


def _kinds() -> Iterable[str]:
    from rtdoctor.model.target import KINDS

    return KINDS


def _languages() -> Iterable[str]:
    from rtdoctor.diagnose.snippet import languages

    return languages()


targets, scenarios, tags, models, causes_known, kinds, languages = map(
    _among, (_targets, _scenarios, _tags, _models, _causes, _kinds, _languages)
)
