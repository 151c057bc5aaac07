"""Puts a target of the configuration file behind the flags of a command: flags over environment over file.

The values become the command's defaults (click's default map), so that a flag goes before them. Where the environment
says something of its own, the file's word is left out and that is told. Before anything is sent it is told which host
gets which key, and by which way. A file that was found, and not named, may be a stranger's (a repository that was just
cloned): it sends the usual key to OpenAI's own hosts, or one to this machine, and nothing else.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rtdoctor.cli.configfile import KEYS, NO_KEY, Config, Named, find, named, read
from rtdoctor.cli.own_knowledge import use_knowledge
from rtdoctor.engine.keys import KEY_VARIABLE
from rtdoctor.knowledge.profiles import target_at
from rtdoctor.model.target import OPENAI_BASE_URL, Target
from rtdoctor.privacy.errors import InputError, Usage
from rtdoctor.privacy.quote import quote

_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


@dataclass(frozen=True, slots=True)
class Held:
    """What a key of a target comes to. `source` says where the value is from; `note` what was left out for it."""

    key: str
    value: Any
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Configured:
    """A target of the file, with what holds of it. `target` is None for the mock."""

    named: Named
    target: Target | None
    held: tuple[Held, ...]

    @property
    def values(self) -> dict[str, Any]:
        """What the file says, by the names of `configfile.KEYS`, without what the environment says otherwise."""
        return {one.key: one.value for one in self.held if one.source != "environment"}

    @property
    def notices(self) -> tuple[str, ...]:
        """The sentences that stand before a run."""
        place = f"{self.named.file.name}, target {self.named.name}"
        notes = [f"{place}: {one.note}." for one in self.held if one.note]
        if self.target is None:
            return tuple(notes)
        host, key = self.target.host, self.values.get("key_env")
        if key == NO_KEY:
            gets = f"{host} gets no key; key_env names the variable of the one it is to get"
        else:
            unset = "" if os.environ.get(str(key)) else ", which is not set"
            gets = ", ".join([f"{host} gets the key of {key}{unset}", *(sentence for sentence, _ in self._ways())])
        return (f"{place}: {gets}.", *notes)

    @property
    def unusual(self) -> str:
        """What of it holds only where the user named the file: a key to another host, another way, another CA."""
        if self.target is None:
            return ""
        host, key = self.target.host, self.values.get("key_env", NO_KEY)
        usual = key == KEY_VARIABLE and self.target.profile == "openai" and self.target.tls
        wants = [] if key == NO_KEY or usual or self.target.is_loopback else [f"the key of {key} goes to {host}"]
        return ", ".join([*wants, *(wanted for _, wanted in self._ways())])

    def _ways(self) -> Iterator[tuple[str, str]]:
        """What the file puts on the way to the host: as it is told before a run, and as what wants the user's word."""
        values = self.values
        if values.get("proxy", "none") != "none":
            yield f"by the proxy {values['proxy']}", f"it goes by the proxy {values['proxy']}"
        if "ca_file" in values:
            name = Path(values["ca_file"]).name
            yield f"trusting the CA of {name}", f"it trusts the CA {name}"
        if "cert" in values:
            name = Path(values["cert"]).name
            yield f"with the client certificate {name}", f"it shows the client certificate {name}"

    def vouched(self, named: bool) -> None:
        """Hold that the file may do what it says, because the user `named` it or because it does nothing unusual.

        Raises:
            Usage: it may not.
        """
        if self.unusual and not named:
            raise Usage(
                "{}, target {}: {}. A file that lies here may be a stranger's: if it is yours, name it by --config {} "
                "or in RTDOCTOR_CONFIG",
                *(self.named.file.name, self.named.name, self.unusual, self.named.file.name),
            )


def config_here(file: Path | None = None) -> Config | None:
    """The configuration that holds in the working directory, or the one of a file that was named.

    Raises:
        Usage: it breaks the form.
    """
    place = file or find(Path.cwd())
    return read(place) if place else None


def configured(name: str, file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Configured:
    """The target of that name, with what holds of it here.

    Raises:
        Usage: there is no such target, or the file breaks the form.
    """
    one = named(config_here(file), name)
    if "knowledge" in one.values:
        use_knowledge(Path(one.values["knowledge"]))  # its profiles decide whose host it is
    source = f"{one.file}:{one.line}"
    held = [Held(key, value, source) for key, value in one.values.items() if key != "key_env"]
    base = str(one.values["base_url"])
    target = None if base == "mock" else _target(one, OPENAI_BASE_URL if base == "openai" else base)
    if target is not None:
        held.append(_key(one, target, source))
    return Configured(one, target, tuple(_beside(item, environment) for item in held))


def _target(one: Named, base: str) -> Target:
    try:
        return target_at(base)
    except InputError as error:
        raise Usage("{}, target {}: base_url: {}", one.file, one.name, error) from error


def _key(one: Named, target: Target, source: str) -> Held:
    """Which key the host gets. The usual variable's is OpenAI's: another host gets it where the file says so."""
    if "key_env" in one.values:
        return Held("key_env", one.values["key_env"], source)
    direct = one.values.get("proxy", "none") == "none"
    if (target.profile == "openai" and target.tls) or (target.is_loopback and direct):
        return Held("key_env", KEY_VARIABLE, "default")
    return Held("key_env", NO_KEY, "default")


def _beside(item: Held, environment: Mapping[str, str]) -> Held:
    """What the environment says of it goes before the file."""
    if item.key == "proxy" and (variable := next((name for name in _PROXIES if environment.get(name)), None)):
        return Held(item.key, "", "environment", f"{variable} is set, so the proxy of the file is not used")
    if item.key == "base_url" and environment.get("OPENAI_BASE_URL"):
        return Held(
            item.key, item.value, item.source, "OPENAI_BASE_URL is set and not used: the target was asked for by name"
        )
    return item


def defaults_of(configured: Configured) -> dict[str, Any]:
    """The values as a command's defaults, by its parameters' names."""
    values = {key: value for key, value in configured.values.items() if not (key == "key_env" and value is None)}
    return {KEYS[key].parameter: value for key, value in values.items()}


def handshake_of(configured: Configured) -> dict[str, Any]:
    """The handshake that the ladder would open at the target, as the defaults of `probe`: URL and header.

    Raises:
        Usage: the target is the mock, which has no address.
    """
    from rtdoctor.engine.opening import openings
    from rtdoctor.engine.plan import aim_at
    from rtdoctor.engine.setup import Choice
    from rtdoctor.knowledge.profiles import profiles

    if configured.target is None:
        raise Usage("{}, target {}: the mock has no address to probe", configured.named.file, configured.named.name)
    defaults, values = defaults_of(configured), configured.values
    target = configured.target
    if (profile := values.get("profile")) in profiles():
        target = replace(target, profile=str(profile))
    model = values.get("model") or target.asked_query.get("model")
    shake = openings(Choice(target, model_given=model is not None, **aim_at(target, model, values.get("kind"))))[0]
    defaults["url"] = target.socket_url(shake.handshake.path, dict(shake.handshake.query))
    if values["key_env"] != NO_KEY:
        header = profiles()[target.profile].key_header
        defaults["header"] = [f"{header}: {'Bearer ' if header == 'Authorization' else ''}$OPENAI_API_KEY"]
    return defaults


def as_json(one: Configured) -> dict[str, Any]:
    """A target as plain JSON values, without a secret."""
    return {
        "line": one.named.line,
        "key_goes_to": quote(one.target.host) if one.target and one.values.get("key_env") != NO_KEY else None,
        "values": {
            item.key: {
                "value": [quote(part) for part in item.value] if isinstance(item.value, list) else _plain(item.value),
                "source": "environment" if item.source == "environment" else quote(item.source),
                "note": quote(item.note),
            }
            for item in one.held
        },
    }


def _plain(value: Any) -> Any:
    return quote(value) if isinstance(value, str) else value
