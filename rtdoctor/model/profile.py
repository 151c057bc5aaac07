"""A provider of a Realtime endpoint, as far as it decides what is sent there and what is advised."""

from dataclasses import dataclass

from rtdoctor.model.finding import Evidence


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one provider.

    `hosts` are names, or `*.name` for all below one. `base` is the path before /realtime. `key_header` is the header
    that carries an API key (a client secret goes as Bearer everywhere). `key_forms` are what its keys begin with, empty
    where that may be anything. `needs_key`: without one nothing is to be had there. `mints`: it is known to give client
    secrets, so it is asked for them. `exact`: the matrix tells what this very endpoint was seen to do; elsewhere
    only what decides whether the user's session opens counts. `keys_at` ends a sentence: where a key of it comes from.
    """

    id: str
    name: str
    hosts: tuple[str, ...]
    base: str
    key_header: str
    key_forms: tuple[str, ...]
    needs_key: bool
    mints: bool
    exact: bool
    keys_at: str
    evidence: Evidence

    def has(self, host: str) -> bool:
        """True where the host is one of this provider's."""
        return any(host == name or (name[:2] == "*." and host.endswith(name[1:])) for name in self.hosts)
