"""The causes, each one entry of `causes/<layer>.toml`: its words, its page, and its rules with an example for each.

Which rule names the cause where several hold: the one of the higher tier; in a tier the one that says `over` the
other's cause, then the one with more conditions, then the one that stands first. A folder of the user's own
(`--knowledge DIR`) has the same form, and stands before ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from rtdoctor.data import table
from rtdoctor.knowledge.profiles import advised
from rtdoctor.knowledge.tables import BadTable, check_condition, read_table, table_files
from rtdoctor.model.explanation import Page
from rtdoctor.model.finding import Cause, Evidence
from rtdoctor.model.outcome import Outcome, compiled, facts

UNKNOWN = "unknown.unknown"
LAYERS = ("usage", "network", "refused", "auth", "session", "audio", "limits", "peer", "close", "unknown")
TIERS = (
    "named",  # the answer, or the system, names this very cause
    "told",  # words, a header or an error code tell it
    "shape",  # a status, a close code, or what did not come
    "fallback",  # nothing better fits
    "guess",  # told only where nothing else is known at all
)
_HERE = Path(__file__).parent
_SCHEMA = _HERE / "causes.schema.json"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A condition that points to a cause, how well, and where that is known from.

    `title`, `why` and `remedy` take the place of the cause's own where this condition tells more exactly what happened.
    `rules_out` holds other causes that people would suspect, with the reason why they are out. Where `decides` is false
    the rule names no cause by itself, and is told as one that fits too. `clears_the_way` is false where a 101 does not
    clear the network. `decided`: what it tells is sure, also where its cause decides nothing elsewhere. `example` is
    what the rule is tested with (`rtdoctor.diagnose.example`). `origin` names the place of a rule of the user's own,
    and is empty for ours.
    """

    cause: str
    when: Mapping[str, Any]
    tier: str
    evidence: Evidence
    over: frozenset[str]
    rules_out: Mapping[str, str]
    title: str
    why: str
    remedy: str
    decides: bool
    clears_the_way: bool
    decided: bool
    example: Mapping[str, Any]
    origin: str = ""

    @property
    def rank(self) -> tuple[int, int]:
        """The smaller it is, the better the rule tells. What must not be the case makes a rule no better."""
        wanted = [line for line in self.when.values() if not (isinstance(line, Mapping) and set(line) == {"not"})]
        return TIERS.index(self.tier), -len(wanted)


@dataclass(frozen=True, slots=True)
class _Known:
    causes: Mapping[str, Cause]
    rules: tuple[Rule, ...]
    tests: tuple[Callable[[Mapping[str, Any]], bool], ...]  # of their conditions
    pages: Mapping[str, Mapping[str, str]]
    codes: frozenset[str]


_own: Path | None = None


def use_folder(folder: Path | None) -> None:
    """Take the causes of `folder/causes/*.toml`, too, from now on; None for our own alone.

    Raises:
        BadTable: there is no such folder, or a file in it breaks the form.
    """
    global _own
    _known(folder)
    _own = folder


def causes() -> Mapping[str, Cause]:
    """Every cause that can be named, by its id."""
    return _known(_own).causes


def rules() -> tuple[Rule, ...]:
    """All rules, those that tell best first."""
    return _known(_own).rules


def page(ident: str) -> Page:
    """The page of a cause: its words, who meets it, an exchange that shows it, and the evidence of its rules.

    Raises:
        KeyError: there is no such cause.
    """
    cause, words = causes()[ident], _known(_own).pages[ident]
    cause = replace(cause, remedy=advised(cause.remedy, ""))
    evidence = dict.fromkeys(rule.evidence for rule in rules() if rule.cause == ident)
    newest = sorted(evidence, key=lambda item: item.seen, reverse=True)
    return Page(
        cause, words["who"], tuple(words["shows"].splitlines()), tuple(words["mended"].splitlines()), tuple(newest)
    )


def known_codes() -> frozenset[str]:
    """Every error code that a rule names."""
    return _known(_own).codes


def _codes(known: list[Rule]) -> frozenset[str]:
    codes: set[str] = set()
    for rule in known:
        wanted = rule.when.get("error_code")
        codes.update([wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else [])
    return frozenset(codes)


def matching(outcome: Outcome) -> list[Rule]:
    """The rules that hold for an outcome; the first is the one that names the cause, where it decides."""
    flat = facts(outcome)
    known = _known(_own)
    holding = [rule for rule, test in zip(known.rules, known.tests, strict=True) if test(flat)]
    for place, rule in enumerate(holding):
        if rule.decides and not any(rule.cause in other.over and other.tier == rule.tier for other in holding):
            return [holding.pop(place), *holding]
    return holding


@cache
def _known(own: Path | None) -> _Known:
    named: dict[str, Cause] = {}
    all_rules: list[Rule] = []
    pages: dict[str, Mapping[str, str]] = {}
    for layer in LAYERS:
        ours = table(_HERE / "causes" / f"{layer}.toml")
        _take(ours, named, all_rules, pages)
    if own is not None and ((own / "causes").is_dir() or not (own / "profiles").is_dir()):
        named, all_rules = _with_own(own, named, all_rules, pages)
    ranked = tuple(sorted(all_rules, key=lambda rule: rule.rank))
    return _Known(named, ranked, tuple(compiled(rule.when) for rule in ranked), pages, _codes(all_rules))


def _take(
    raw: Mapping[str, Any],
    named: dict[str, Cause],
    all_rules: list[Rule],
    pages: dict[str, Mapping[str, str]],
    file: Path | None = None,
) -> None:
    for layer, entries in raw.items():
        for name, entry in entries.items():
            ident = f"{layer}.{name}"
            clears = entry.get("clears_the_way", True)
            if "title" in entry:
                words = (entry["title"], entry["explanation"], entry["remedy"])
                named[ident] = Cause(ident, *words, entry.get("exit", 1), entry.get("last_resort", False))
                pages[ident] = {key: entry.get(key, "") for key in ("who", "shows", "mended")}
            for number, rule in enumerate(entry.get("rules", ()), 1):
                all_rules.append(_rule(ident, rule, clears, f"{file}: {ident}: rule {number}" if file else ""))


def _rule(ident: str, entry: Mapping[str, Any], clears: bool, origin: str) -> Rule:
    return Rule(
        cause=ident,
        when=entry["when"],
        tier=entry["tier"],
        evidence=Evidence(entry["evidence"], entry["seen"], entry["confidence"]),
        over=frozenset(entry.get("over", ())),
        rules_out=entry.get("rules_out", {}),
        title=entry.get("title", ""),
        why=entry.get("why", ""),
        remedy=entry.get("remedy", ""),
        decides=entry.get("decides", True),
        clears_the_way=entry.get("clears_the_way", clears),
        decided=entry.get("decided", False),
        example=entry["example"],
        origin=origin,
    )


def _with_own(
    folder: Path, ours: Mapping[str, Cause], our_rules: list[Rule], pages: dict[str, Mapping[str, str]]
) -> tuple[dict[str, Cause], list[Rule]]:
    """The user's causes and rules, before ours."""
    named: dict[str, Cause] = {}
    own_rules: list[Rule] = []
    origin: dict[str, Path] = {}
    for file in table_files(folder / "causes"):
        raw = read_table(file, _SCHEMA, lambda *_: "")
        for layer, entries in raw.items():
            for name, entry in entries.items():
                ident, where = f"{layer}.{name}", f"{file}: {layer}.{name}"
                if "title" in entry and (ident in ours or ident in origin):
                    at = origin.get(ident, "rtdoctor's own causes")
                    raise BadTable("{}: stands in {} already; leave out its words to add rules", where, at)
                if "title" not in entry and ident not in ours and ident not in origin:
                    raise BadTable(
                        "{}: is a new cause, so it needs title, explanation, remedy, who, shows and mended", where
                    )
                origin[ident] = file
                for number, rule in enumerate(entry.get("rules", ()), 1):
                    check_condition(rule["when"], f"{where}: rule {number}: when")
        _take(raw, named, own_rules, pages, file)
    known = named | dict(ours)
    for rule in own_rules:
        if strange := sorted((rule.over | rule.rules_out.keys()) - known.keys()):
            raise BadTable("{}: '{}' is no known cause", rule.origin, strange[0])
    return known, [*own_rules, *our_rules]
