"""When an event was recorded: from a field's value, or from the text before the event. Always seconds."""

import math
from datetime import UTC, datetime

from rtdoctor.linear import pattern

_ISO = pattern(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?Z|\s?[+-]\d\d:?\d\d)?")
_CLOCK = pattern(r"(?:^|[^\d:])(\d{1,2}):(\d\d):(\d\d(?:[.,]\d+)?)(?:[^\d:]|$)")
_NUMBER = pattern(r"^[\[(+\s\v]*(\d{9,19}(?:\.\d+)?|\d+\.\d+)(s|ms)?[\])]?(?:[\s:|,-]|$)")
# Numbers this large are no seconds: 1e11 s is the year 5138, and 1e11 ms is 1973.
_EPOCH_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
_SUFFIXES = {"ms": 1e3, "us": 1e6, "ns": 1e9}


def seconds(value: object, key: str = "") -> float | None:
    """Seconds from a number (s, or ms, µs, ns by the key's ending or by its size) or an ISO 8601 text; else
    None.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _from_text(value)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    if (unit := key.rpartition("_")[2].lower()) in _SUFFIXES:
        return value / _SUFFIXES[unit]
    size = abs(value)
    for least, per_second in _EPOCH_UNITS:
        if size >= least:
            return value / per_second
    return float(value)


def time_in_prefix(prefix: str) -> float | None:
    """The time stamp in the text before an event: ISO 8601, a clock time, or a number at its beginning."""
    if match := _ISO.search(prefix):
        return _from_iso(match[0])
    if clock := _CLOCK.search(prefix):
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3].replace(",", "."))
    if number := _NUMBER.search(prefix):
        return seconds(float(number[1]), number[2])
    return None


def _from_text(text: str) -> float | None:
    if len(text) > 40:
        return None
    stripped = text.strip()
    if _ISO.fullmatch(stripped):
        return _from_iso(stripped)
    return time_in_prefix(stripped)


def _from_iso(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.replace(",", ".").replace(" Z", "Z").replace(" +", "+"))
        # without a zone it is taken as UTC: differences stay right on any machine
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
