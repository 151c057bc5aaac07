"""Where in a text a fault stands: its line with a caret under it, and the line that it should be."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from rtdoctor.diagnose.text.blocks import Block
from rtdoctor.linear import pattern
from rtdoctor.model.finding import Place
from rtdoctor.privacy.blot import shown

_WIDEST = 400  # characters of a source line
_LEAD = 240  # characters of it before the fault
_REST_PATH = pattern(r"/realtime/(?:transcription_sessions|sessions|client_secrets|calls)/?")
_MODEL = pattern(r"model=[^&#]*&|[?&]model=[^&#]*")
_MODEL_ALONE = pattern(r"model=[^&#]*")
_AZURE = pattern(r"(?i)/openai/realtime\?(?P<query>.*)$")
_DEPLOYMENT = pattern(r"(?i)deployment=(?P<name>[^&#]*)")
_RATE = pattern(r"(?:16000|8000|44100|48000)$")
_BETA_SUBPROTOCOL = pattern(
    r"""\s*,\s*["'`]openai-beta\.realtime-v1["'`]|["'`]openai-beta\.realtime-v1["'`]\s*,?\s*|,?\s*openai-beta\.realtime-v1"""
)
_ONLY_HEADER = pattern(r"""^\W*(?:\w+\W{1,4}){0,6}OpenAI-Beta\W{1,12}realtime=v1\W*(?:\\\s*)?$""")


def place(block: Block, start: int, end: int, line: int) -> Place:
    """The place of a part of a window; `line` is the number of the line that it begins on."""
    low = max(block.text.rfind("\n", 0, start) + 1, start - _LEAD)
    stop = block.text.find("\n", start)
    high = min(stop if stop >= 0 else len(block.text), max(end, low + _WIDEST))
    end = min(end, high)
    before, fault = shown(block.text[low:start]).replace("\t", " "), shown(block.text[start:end]).replace("\t", " ")
    after = shown(block.text[end:high]).replace("\t", " ")
    return Place(line, before + fault + after, len(before), len(fault))


def mended(cause: str, found: Place) -> Place:
    """The place with the line as it should be, where that can be said of the line alone."""
    fault = found.source[found.column : found.column + found.length]
    repair = _REPAIRS.get(cause)
    if cause == "session.beta-retired" and _ONLY_HEADER.search(found.source) is not None:
        return replace(found, removed=True)
    if cause == "session.beta-retired" and (without := _BETA_SUBPROTOCOL.sub("", found.source)) != found.source:
        return replace(found, instead=without)
    repaired = repair(fault) if repair else fault
    if repaired == fault:
        return found
    rest = found.source[found.column + found.length :]
    return replace(found, instead=found.source[: found.column] + repaired + rest)


def _path(url: str) -> str:
    address, _, query = url.partition("?")
    return _REST_PATH.sub("/realtime", address) + (f"?{query}" if query else "?intent=transcription")


def _intent(url: str) -> str:
    address, _, query = url.partition("?")
    address = _REST_PATH.sub("/realtime", address)
    return f"{address.rstrip('/')}?{query + '&' if query else ''}intent=transcription"


def _without_model(url: str) -> str:
    return _MODEL.sub(lambda found: "?" if found.text(0).startswith("?") else "", url).replace("?&", "?").rstrip("?&")


def _intent_for_model(url: str) -> str:
    return _MODEL_ALONE.sub("intent=transcription", url)


def _azure(url: str) -> str:
    found = _AZURE.search(url)
    name = _DEPLOYMENT.search(found.text("query")) if found else None
    if found is None or name is None:
        return url
    return f"{url[: found.start()]}/openai/v1/realtime?model={name.text('name')}"


_REPAIRS: Mapping[str, Callable[[str], str]] = {
    "refused.path": _path,
    "session.model-missing": _intent,
    "session.model-with-intent": _without_model,
    "session.model-wrong-mode": _intent_for_model,
    "refused.azure-url": _azure,
    "session.beta-event": lambda text: text.replace("transcription_session.update", "session.update"),
    "audio.sample-rate": lambda text: _RATE.sub("24000", text),
}
