"""Client code that connects the way that works now, from the templates in `snippets/`; no key is ever put into it.

A language is an entry of `snippets/languages.toml` and a template beside it, `<id>.<extension>.j2`. A template gets
`aim`, `auth`, `base_url` (http or https, no slash at its end), `model`, `query` (of the socket's URL) and `title`.
jinja2 is imported only when something is rendered.
"""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

from rtdoctor.linear import pattern
from rtdoctor.model.near import did_you_mean
from rtdoctor.model.target import OPENAI_BASE_URL, Aim
from rtdoctor.privacy.errors import InputError

AUTHS = ("header", "subprotocol", "secret")
AIMS: tuple[str, ...] = get_args(Aim)

_TEMPLATES = Path(__file__).with_name("snippets")
# Both go into string literals of ten languages and into a URL: what would need quoting in one of them is refused.
_PLAIN_URL = pattern(r"https?://[A-Za-z0-9.\-_~:\[\]/%]+")
_PLAIN_MODEL = pattern(r"[A-Za-z0-9][A-Za-z0-9._:/@\-]*")


class NoSnippet(InputError):
    """There is no such snippet; the message says why and what there is, in one sentence."""


@dataclass(frozen=True, slots=True)
class Language:
    """One way to connect.

    `install` and `run` are shell lines; `{file}` in `run` is the snippet's name, `{audio}` an audio file. `notes` and
    `cannot` go by the form of authentication: what to know about it, and why there is none; `limits` is what to know
    in any case. `seen` and `versions` say when and with what it was run.
    """

    id: str
    title: str
    extension: str
    install: str
    run: str
    auth: tuple[str, ...]
    seen: str
    versions: str
    limits: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    cannot: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """A name for the snippet's file."""
        return f"snippet.{self.extension}"


@cache
def languages() -> dict[str, Language]:
    """Every language by id, in the order of the file."""
    raw = tomllib.loads((_TEMPLATES / "languages.toml").read_text(encoding="utf-8"))
    return {entry["id"]: Language(**(entry | {"auth": tuple(entry["auth"])})) for entry in raw["language"]}


def language(ident: str) -> Language:
    """The language with this id.

    Raises:
        NoSnippet: there is none.
    """
    try:
        return languages()[ident]
    except KeyError:
        hint = did_you_mean(ident, languages()) or f"; there are {', '.join(languages())}"
        raise NoSnippet("there is no snippet for '{}'{}", ident, hint) from None


def render(ident: str, aim: str, auth: str, *, model: str, base_url: str = OPENAI_BASE_URL) -> str:
    """The snippet, which ends with a newline. It reads the key from OPENAI_API_KEY when it runs.

    `aim` is one of AIMS, `auth` one of AUTHS. `model` is the session's model for `realtime`, and the one that
    transcribes for `transcription`. `base_url` is what the snippet falls back to where OPENAI_BASE_URL is not set.

    Raises:
        NoSnippet: an unknown language or kind of session, a form of authentication that it cannot do, or a model or
            URL that would need quoting.
    """
    chosen = language(ident)
    if aim not in AIMS:
        raise NoSnippet("there is no session of the kind '{}'; there are {}", aim, ", ".join(AIMS))
    if auth not in chosen.auth:
        why = chosen.cannot.get(auth, f"{chosen.title} cannot authenticate by {auth}")
        raise NoSnippet("{}; what works is --auth {}", why, " and ".join(chosen.auth))
    if not _PLAIN_MODEL.fullmatch(model):
        raise NoSnippet("the model '{}' holds a character that no model's name has", model)
    if not _PLAIN_URL.fullmatch(base_url):
        raise NoSnippet("the base URL '{}' is not plain: it wants http or https, a host and a path", base_url)
    values: dict[str, Any] = {
        "aim": aim,
        "auth": auth,
        "base_url": base_url.rstrip("/"),
        "model": model,
        "query": "intent=transcription" if aim == "transcription" else f"model={model}",
        "title": f"{chosen.title}: a {aim} session of the Realtime API",
    }
    text: str = _environment().get_template(f"{chosen.id}.{chosen.extension}.j2").render(values)
    return text


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # The output is program text and no HTML; what is put in was checked above.
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
