"""The providers, each one file of `profiles/`, and which of them a host belongs to.

A folder of the user's own (`--knowledge DIR`, its `profiles/*.toml`) has the same form, and stands before ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rtdoctor.data import table
from rtdoctor.knowledge.tables import BadTable, read_table, table_files
from rtdoctor.model.finding import Evidence
from rtdoctor.model.profile import Profile

if TYPE_CHECKING:
    from rtdoctor.model.target import Target

UNKNOWN_HOST = "compatible"  # the profile of a host that no other one names
_ANYWHERE = "where the endpoint issues its keys (OpenAI: https://platform.openai.com/api-keys)"
_HERE = Path(__file__).parent
_SCHEMA = _HERE / "profiles.schema.json"
_own: Path | None = None


def use_profiles(folder: Path | None) -> None:
    """Take the profiles of `folder/profiles/*.toml`, too, where that folder is there; None for our own alone.

    Raises:
        BadTable: a file in it breaks the form, or names a profile of ours.
    """
    global _own
    _known(folder)
    _own = folder


def profiles() -> Mapping[str, Profile]:
    """Every profile by its id, the user's own first."""
    return _known(_own)


def profile_of(host: str) -> Profile:
    """The profile that names a host."""
    known = profiles()
    return next((one for one in known.values() if one.has(host.lower())), known[UNKNOWN_HOST])


def target_at(text: str, *, as_sdk: bool = False) -> Target:
    """Read a base URL as `parse_target` does, with the profile of its host.

    Raises:
        BadTarget: it cannot be used.
    """
    from rtdoctor.model.target import parse_target  # most commands have no target

    target = parse_target(text, as_sdk=as_sdk)
    return replace(target, profile=profile_of(target.host).id)


def advised(remedy: str, url: str) -> str:
    """A remedy with the place that a key comes from at the endpoint of a URL in the place of `{keys_at}`; the empty URL
    where the endpoint is not known."""
    if "{keys_at}" not in remedy:
        return remedy
    host = urlsplit(url).hostname if url else None
    return remedy.replace("{keys_at}", profile_of(host).keys_at if host else _ANYWHERE)


@cache
def _known(own: Path | None) -> dict[str, Profile]:
    shipped = sorted((_HERE / "profiles").glob("*.toml"))
    ours = {one.id: one for one in (_profile(table(file)) for file in shipped)}
    if own is None or not (own / "profiles").is_dir():
        return ours
    theirs: dict[str, Profile] = {}
    for file in table_files(own / "profiles"):
        one = _profile(read_table(file, _SCHEMA, lambda *_: ""))
        if one.id in ours or one.id in theirs:
            raise BadTable("{}: profile: there is one with the id '{}' already", file, one.id)
        theirs[one.id] = one
    return theirs | ours


def _profile(table: Mapping[str, Any]) -> Profile:
    raw = dict(table["profile"])
    evidence = Evidence(raw.pop("evidence"), raw.pop("seen"), raw.pop("confidence"))
    hosts, forms = tuple(raw.pop("hosts")), tuple(raw.pop("key_forms"))
    return Profile(**raw, hosts=hosts, key_forms=forms, evidence=evidence)
