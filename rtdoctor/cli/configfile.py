"""The configuration file: `rtdoctor.toml`, or `[tool.rtdoctor]` in a pyproject.toml, with named targets.

    [targets.prod]
    base_url = "https://eu.api.openai.com/v1"
    key_env = "PROD_KEY"                       # the variable that holds the key; a key itself is refused
    model = "gpt-realtime-2.1"

It is looked for in the working directory and above it, up to the repository's root (the folder that holds `.git`);
where there is no repository, in the working directory alone. Whoever wrote the file may be a stranger: it runs nothing,
spends nothing, leaves no certificate unchecked, and names no file that holds a key.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rtdoctor.cli.fail_on import FAIL_ON
from rtdoctor.files import read_bounded
from rtdoctor.linear import pattern
from rtdoctor.model.near import did_you_mean
from rtdoctor.model.target import KINDS, BadTarget, parse_proxy, parse_target
from rtdoctor.privacy.errors import InputError, Usage
from rtdoctor.privacy.quote import opaque_words, secret_words

NAMES = ("rtdoctor.toml", "pyproject.toml")
NO_KEY = "none"
OWN = ("mock", "openai")  # names of targets that are built in
_MOST = 1 << 20
_NAME = pattern(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_VARIABLE = pattern(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEYLIKE = pattern(
    r"(?i)^(?:api[_-]?)?(?:key|token|secret|password|authorization|bearer)$|^api[_-]?key$|^openai_api_key$"
)
_FLAG_ONLY = {
    "insecure": "whether certificates are checked is said by a flag only",
    "insecure_send_key": "whether certificates are checked is said by a flag only",
    "transcribe": "what may cost money is said by a flag only",
    "audio": "what may cost money is said by a flag only",
    "spend": "what may cost money is said by a flag only",
    "key_file": "a file that holds a key is named by a flag only; key_env names a variable",
}


class _Bad(InputError):
    """A value that cannot be used; the sentence is its reason."""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise _Bad("wants a text")
    return value


def _url(value: Any) -> str:
    text = _text(value)
    if text not in OWN:
        parse_target(text)
    return text


def _variable(value: Any) -> str:
    text = _text(value)
    if not _VARIABLE.fullmatch(text) or secret_words(text) or opaque_words(text):
        raise _Bad("wants the name of an environment variable, such as OPENAI_API_KEY; no key stands in this file")
    return text


def _proxy(value: Any) -> str:
    text = _text(value)
    if text != "none" and urlsplit(parse_proxy(text, "this")).username is not None:
        raise _Bad("holds a login, which does not stand in this file; HTTPS_PROXY may hold it")
    return text


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 86_400:
        raise _Bad("wants a number of seconds, more than 0 and at most a day")
    return float(value)


def _timeout(value: Any) -> float:
    if _seconds(value) > 600:
        raise _Bad("wants more than 0 and at most 600 seconds")
    return float(value)


def _sockets(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 256:
        raise _Bad("wants a whole number, 1 to 256")
    return value


def _days(value: Any) -> str:
    text = str(value).removesuffix("d") if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise _Bad('wants a number of days, such as 30 or "30d"')
    return text


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Bad("wants true or false")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise _Bad('wants a list of texts, such as ["smoke"]')
    return [_text(one) for one in value]


def _one_of(*names: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in names:
            raise _Bad("wants one of {}{}", ", ".join(names), did_you_mean(str(value), names))
        return str(value)

    return read


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a target: how its value is read, which parameter of a command it stands for, and what it says. `path`:
    its value names a file or folder, from the configuration's own folder."""

    read: Callable[[Any], Any]
    parameter: str
    says: str
    path: bool = False


KEYS: Mapping[str, Key] = {
    "base_url": Key(_url, "target", "what is tested: a base URL, openai or mock"),
    "profile": Key(_text, "profile", "the provider whose rules hold, where the host does not tell"),
    "key_env": Key(_variable, "key_env", "the environment variable that holds the key"),
    "model": Key(_text, "model", "the model"),
    "kind": Key(_one_of(*KINDS), "kind", "the kind of session"),
    "ca_file": Key(_text, "ca_file", "a CA to trust beside the system's", path=True),
    "cert": Key(_text, "cert", "the client certificate", path=True),
    "cert_key": Key(_text, "key", "its key", path=True),
    "proxy": Key(_proxy, "proxy", "the HTTP proxy; none goes directly"),
    "tags": Key(_texts, "tag", "only scenarios with these tags"),
    "scenarios": Key(_text, "scenarios", "a folder with scenarios of your own", path=True),
    "knowledge": Key(_text, "knowledge", "a folder with causes and profiles of your own", path=True),
    "baseline": Key(_text, "baseline", "a file of known failures", path=True),
    "fail_on": Key(_one_of(*FAIL_ON), "fail_on", "what else fails"),
    "retire_within": Key(_days, "retire_within", "warn of a model that is shut down within so many days"),
    "strict": Key(_truth, "strict", "every deviation fails"),
    "mint": Key(_truth, "mint", "ask for client secrets also where the host is not known to give any"),
    "concurrency": Key(_sockets, "concurrency", "sockets at once"),
    "timeout": Key(_timeout, "timeout", "seconds to wait for each answer of each layer"),
    "deadline": Key(_seconds, "deadline", "seconds for the whole run"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A target of the file. `values` are by the names of `KEYS`, paths made absolute; `line` is where it begins."""

    name: str
    values: Mapping[str, Any]
    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration file that was read."""

    file: Path
    targets: Mapping[str, Named]


def may_be_name(text: str) -> bool:
    """True for what can only be a target's name in the file: no URL, no host, none of the built-in ones."""
    return bool(_NAME.fullmatch(text)) and text not in (*OWN, "localhost")


def find(start: Path) -> Path | None:
    """The file that holds for a folder: the nearest one, up to the root of the repository that it lies in."""
    here = start.absolute()
    upwards = [here, *here.parents]
    root = next((place for place in upwards if (place / ".git").exists()), here)
    for folder in upwards:
        for name in NAMES:
            file = folder / name
            if file.is_file() and (name == NAMES[0] or _has_table(file)):
                return file
        if folder == root:
            break
    return None


def read(file: Path) -> Config:
    """Read and judge a file, all of its targets.

    Raises:
        Usage: it cannot be read or breaks the form; the sentence names file, key and reason.
    """
    text, raw = _parsed(file)
    in_pyproject = file.name == NAMES[1]
    if in_pyproject:
        raw = _table(file, raw)
    if wrong := next((name for name in raw if name != "targets"), None):
        hint = f": it belongs into a target, [{'tool.rtdoctor.' if in_pyproject else ''}targets.NAME]" * (wrong in KEYS)
        raise Usage("{}: there is no setting '{}' here{}", file, wrong, hint or did_you_mean(wrong, ["targets"]))
    listed = raw.get("targets", {})
    if not isinstance(listed, dict) or not all(isinstance(one, dict) for one in listed.values()):
        raise Usage("{}: targets are tables, each [targets.NAME]", file)
    return Config(file, {name: _named(file, text, name, one) for name, one in listed.items()})


def named(config: Config | None, name: str, *, own_only: bool = False) -> Named:
    """The target of that name. `own_only`: the built-in ones are no answer to what was perhaps meant.

    Raises:
        Usage: there is none, or no file at all.
    """
    if config is None:
        raise Usage(
            "'{}' is no URL of a socket (it begins with wss://) and no target: there is no rtdoctor.toml "
            "here or above; rtdoctor init writes one",
            name,
        )
    if name not in config.targets:
        known = ", ".join(config.targets) or "none"
        hint = did_you_mean(name, config.targets if own_only else [*config.targets, *OWN]) or f"; there is {known}"
        raise Usage("{}: there is no target '{}'{}", config.file, name, hint)
    return config.targets[name]


def _named(file: Path, text: str, name: str, raw: Mapping[str, Any]) -> Named:
    if not may_be_name(name):
        raise Usage("{}, target '{}': wants a name of letters, digits, - and _, other than mock and openai", file, name)
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key in _FLAG_ONLY:
            raise Usage("{}, target {}: {}: {}", file, name, key, _FLAG_ONLY[key])
        if key not in KEYS and (_KEYLIKE.search(key) or _is_key(value)):
            reason = "a key itself does not stand in this file; key_env names the variable that holds it"
            raise Usage("{}, target {}: {}: {}", file, name, key, reason)
        if key not in KEYS:
            raise Usage("{}, target {}: there is no setting '{}'{}", file, name, key, did_you_mean(key, KEYS))
        try:
            read_value = KEYS[key].read(value)
        except (_Bad, BadTarget) as error:
            raise Usage("{}, target {}: {}: {}", file, name, key, error) from error
        if _is_key(value, path=KEYS[key].path):
            raise Usage("{}, target {}: {}: looks like a key, and no key stands in this file", file, name, key)
        values[key] = str(file.parent.absolute() / read_value) if KEYS[key].path else read_value
    if "base_url" not in values:
        raise Usage("{}, target {}: base_url is missing", file, name)
    return Named(name, values, file, _line(text, name))


def _is_key(value: Any, *, path: bool = False) -> bool:
    """True where a value holds what has the form of a vendor's key, or is a known one. A path with folders or a suffix
    is none: a piece of it may be one by chance."""
    if not isinstance(value, str) or (path and any(sign in value for sign in "/\\.")):
        return False
    return bool(secret_words(value))


def _line(text: str, name: str) -> int:
    """The line on which a target's table begins; 1 where it is written in another way."""
    for number, line in enumerate(text.splitlines(), 1):
        inner = line.strip().removeprefix("[").partition("]")[0].replace('"', "").replace(" ", "")
        if line.lstrip().startswith("[") and inner.removeprefix("tool.rtdoctor.") == f"targets.{name}":
            return number
    return 1


def _table(file: Path, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Our table of a pyproject.toml; empty where it has none.

    Raises:
        Usage: it is no table.
    """
    tool = raw.get("tool", {})
    ours = tool.get("rtdoctor", {}) if isinstance(tool, dict) else {}
    if not isinstance(ours, dict):
        raise Usage("{}: tool.rtdoctor is a table, with tables [tool.rtdoctor.targets.NAME]", file)
    return ours


def _has_table(file: Path) -> bool:
    """True for a pyproject.toml with our table. One that cannot be read is somebody else's to tell of."""
    try:
        return "rtdoctor" in _parsed(file)[1].get("tool", {})
    except (Usage, AttributeError, TypeError):
        return False


def _parsed(file: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = read_bounded(file, _MOST).decode("utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise Usage("{}: {}", file, error) from error
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, or a number of thousands of digits
        raise Usage("{}: is no TOML: {}", file, error) from error
