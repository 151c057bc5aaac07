"""Where in a text a fault stands: its line with a caret under it, and the line that it should be."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.diagnose.text.errors import reading
from rtdoctor.linear import pattern
from rtdoctor.model.finding import Place
from rtdoctor.model.url import is_rest_address, socket_address
from rtdoctor.privacy.blot import shown

_WIDEST = 400  # characters of a source line
_LEAD = 240  # characters of it before the fault
_MODEL = pattern(r"model=[^&#]*&|[?&]model=[^&#]*")
_PLAIN_SCHEME = pattern(r"(?i)^(?:ws|https?)://")
_MODEL_VALUE = pattern(r"(?P<name>[?&]model=)[^&#]*")
_MODEL_ALONE = pattern(r"model=[^&#]*")
_AZURE = pattern(r"(?i)/openai/realtime\?(?P<query>.*)$")
_DEPLOYMENT = pattern(r"(?i)deployment=(?P<name>[^&#]*)")
_OLD_ARGUMENT = pattern(r"\bextra_headers\b")
_MODALITIES = pattern(r"\bmodalities\b")
_RATE = pattern(r"(?:16000|8000|44100|48000)$")
_BETA_SUBPROTOCOL = pattern(
    r"""\s*,\s*["'`]openai-beta\.realtime-v1["'`]|["'`]openai-beta\.realtime-v1["'`]\s*,?\s*|,?\s*openai-beta\.realtime-v1"""
)
# A call that does nothing but add the subprotocol: `ws.Options.AddSubProtocol("…");`, a link of a chain of calls.
_ONLY_SUBPROTOCOL = pattern(
    r"""^\s*(?:await\s+)?[\w.$>:-]*(?i:add|append|push|set)\w*\(\s*(?:["'`]Sec-WebSocket-Protocol["'`]\s*,\s*)?"""
    r"""["'`]openai-beta\.realtime-v1["'`]\s*\)\s*;?\s*(?:(?://|#).*)?$"""
)
# The beta's header as one of several things on a line: of an object or a list, of a command line, of a chain of calls.
_PAIR = r"""["'`]OpenAI-Beta["'`]\s*(?::|=>|=|,)\s*(?:["'`]realtime=v1["'`]|[{\[]["'`]realtime=v1["'`][}\]])"""
_HEADER_LINE = r"""["'`]OpenAI-Beta: ?realtime=v1["'`]"""
_BETA_HEADER = pattern(
    rf"\s*,\s*[(\[]{_PAIR}[)\]]|[(\[]{_PAIR}[)\]]\s*,?\s*|\.\w+\({_PAIR}\)|\s*,\s*{_PAIR}|{_PAIR}\s*,?\s*"
    rf"|\s+(?:-H|--header)[ =]{_HEADER_LINE}|\s*,\s*{_HEADER_LINE}|{_HEADER_LINE}\s*,?\s*"
)
_ONLY_HEADER = pattern(
    r"""^\W*(?:\w+\W{1,4}){0,6}(?:OpenAI-Beta\W{1,12}(?:[\w:.]{1,40}\()?["'`]?realtime=v1"""
    r"""|realtime=v1["'`]\W{1,4}(?:\w+: ?)?["'`]OpenAI-Beta)\W*(?:parse\W{1,6})?(?:unwrap\W{1,4})?(?:\\\s*)?$"""
)


_JSON = json.JSONDecoder()


def place(block: Block, start: int, end: int, line: int) -> Place:
    """The place of a part of a window; `line` is the number of the line that it begins on."""
    low = max(block.text.rfind("\n", 0, start) + 1, start - _LEAD)
    stop = block.text.find("\n", start)
    high = min(stop if stop >= 0 else len(block.text), max(end, low + _WIDEST))
    end = min(end, high)
    before, fault = shown(block.text[low:start]).replace("\t", " "), shown(block.text[start:end]).replace("\t", " ")
    after = shown(block.text[end:high]).replace("\t", " ")
    return Place(line, before + fault + after, len(before), len(fault))


@dataclass(frozen=True, slots=True)
class Current:
    """What the present interface has for the beta's: `migrate` gives an event's form in it, or None where nothing is to
    change; `model` is a model for conversations."""

    migrate: Callable[[object], Mapping[str, object] | None]
    model: str


def mended(cause: str, place: Place, current: Current | None = None) -> Place:
    """The place with the line as it should be, where that can be said of the line alone."""
    fault = place.source[place.column : place.column + place.length]
    if cause == "session.beta-retired":
        return _without_beta(place)
    if cause in ("session.beta-event", "session.beta-field"):
        made = _migrated(place, current) if current else place
        if made.instead or cause == "session.beta-event":
            return made
    if cause == "session.model-retired" and current:
        retired = _MODEL_VALUE.sub(lambda match: f"{match.text('name')}{current.model}", fault)
        return replace(place, instead=_with(place, retired)) if retired != fault else place
    repair = _REPAIRS.get(cause)
    repaired = repair(fault) if repair else fault
    if repaired == fault:
        return place
    return replace(place, instead=_with(place, repaired))


def _with(place: Place, repaired: str) -> str:
    """The line with something else in the place of the fault."""
    return place.source[: place.column] + repaired + place.source[place.column + place.length :]


def _without_beta(place: Place) -> Place:
    if _ONLY_HEADER.search(place.source) is not None or _ONLY_SUBPROTOCOL.search(place.source) is not None:
        return replace(place, removed=True)
    for beta in (_BETA_HEADER, _BETA_SUBPROTOCOL):
        without = beta.sub("", place.source)
        if without != place.source:
            gone = not without.strip(" \t,;\\")
            return replace(place, removed=True) if gone else replace(place, instead=without)
    return place


def _migrated(place: Place, current: Current) -> Place:
    """The line with the GA form of the event that holds the fault, where the whole event stands on it as JSON. A new
    name alone would be refused for the fields, and fields alone for the name."""
    for start in (at for at, char in enumerate(place.source[: place.column]) if char == "{"):
        try:
            event, end = _JSON.raw_decode(place.source, start)
        except (ValueError, RecursionError):
            continue
        if end < place.column + place.length:
            continue
        made = current.migrate(event)
        if made is not None:
            written = json.dumps(made, ensure_ascii=False)
            return replace(place, instead=place.source[:start] + written + place.source[end:])
    return place


def with_key(place: Place, suffix: str) -> Place:
    """The line that holds a placeholder, as it reads the key from the environment in the language of the file."""
    reads = reading()["environment"].get(suffix)
    end = place.column + place.length
    quoted = place.source[place.column - 1 : place.column] in ("'", '"', "`") and place.column > 0
    if not reads or not quoted or not place.source.startswith("Bearer ", place.column):
        return place
    return replace(place, instead=place.source[: place.column - 1] + reads + place.source[end:])


def _path(url: str) -> str:
    address, _, query = url.partition("?")
    if not query and url.startswith("/"):  # a path by itself: its query stands elsewhere
        return socket_address(address)
    return socket_address(address) + (f"?{query}" if query else "?intent=transcription")


def _intent(url: str) -> str:
    address, _, query = url.partition("?")
    address = socket_address(address)
    return f"{address.rstrip('/')}?{query + '&' if query else ''}intent=transcription"


def _without_model(url: str) -> str:
    return _MODEL.sub(lambda match: "?" if match.text(0).startswith("?") else "", url).replace("?&", "?").rstrip("?&")


def _intent_for_model(url: str) -> str:
    return _MODEL_ALONE.sub("intent=transcription", url)


def _azure(url: str) -> str:
    match = _AZURE.search(url)
    name = _DEPLOYMENT.search(match.text("query")) if match else None
    if match is None or name is None:
        return url
    return f"{url[: match.start()]}/openai/v1/realtime?model={name.text('name')}"


def _scheme(url: str) -> str:
    rest = url.lower().startswith("http") and is_rest_address(url.partition("?")[0])
    return _PLAIN_SCHEME.sub("https://" if rest else "wss://", url)


_REPAIRS: Mapping[str, Callable[[str], str]] = {
    "refused.path": _path,
    "session.model-missing": _intent,
    "session.model-with-intent": _without_model,
    "session.model-wrong-mode": _intent_for_model,
    "refused.azure-url": _azure,
    "usage.url-scheme": _scheme,
    "usage.client-argument": lambda text: _OLD_ARGUMENT.sub("additional_headers", text),
    "session.beta-field": lambda text: _MODALITIES.sub("output_modalities", text),
    "audio.sample-rate": lambda text: _RATE.sub("24000", text),
}
