"""The pages of the causes, from `pages.toml` and the evidence of the rules."""

import tomllib
from pathlib import Path

from rtdoctor.diagnose.causes import causes
from rtdoctor.diagnose.rules import rules
from rtdoctor.model.explanation import Page


def page(ident: str) -> Page:
    """The page of a cause.

    Raises:
        KeyError: there is no such cause.
    """
    cause = causes()[ident]
    raw = tomllib.loads(Path(__file__).with_name("pages.toml").read_text(encoding="utf-8"))
    layer, _, name = ident.partition(".")
    entry = raw.get(layer, {}).get(name, {"who": "", "shows": "", "mended": ""})
    evidence = dict.fromkeys(rule.evidence for rule in rules() if rule.cause == ident)
    newest = sorted(evidence, key=lambda item: item.seen, reverse=True)
    return Page(
        cause, entry["who"], tuple(entry["shows"].splitlines()), tuple(entry["mended"].splitlines()), tuple(newest)
    )
