"""The sums in response.done: tokens and their details."""

from collections.abc import Mapping

from rtdoctor.protocol.order.stream import Stream, mapping, whole_number

RULE = "order.response-usage"
KINDS = ("text_tokens", "audio_tokens", "image_tokens")


def sums_of_transcript(stream: Stream, event: Mapping[str, object]) -> None:
    """The usage of a transcription: tokens that add up, or seconds that are not negative."""
    usage = mapping(event.get("usage"))
    seconds = usage.get("seconds")
    if isinstance(seconds, (int, float)) and seconds < 0:
        stream.violate("order.transcription-usage", "/usage/seconds", "0 or more", seconds)
    total, came, went = (whole_number(usage.get(f"{key}_tokens")) for key in ("total", "input", "output"))
    if total is not None and came is not None and went is not None and total != came + went:
        stream.violate("order.transcription-usage", "/usage/total_tokens", str(came + went), total)
        return
    details = mapping(usage.get("input_token_details"))
    counts = [whole_number(details[kind]) for kind in KINDS if details.get(kind) is not None]
    if came is not None and len(counts) > 1 and None not in counts:
        added = sum(count for count in counts if count is not None)
        if added != came:
            stream.violate("order.transcription-details", "/usage/input_tokens", f"{added}, as the details", came)


def sums(stream: Stream, response: Mapping[str, object]) -> None:
    """usage is there; total = input + output; text, audio and image tokens add up to each. One violation at
    most.

    Cached tokens are part of the input and are not added. Reasoning tokens are not documented; a sum that
    holds with or without them is right.
    """
    if response.get("usage") is None:
        stream.violate(RULE, "/response/usage", "usage", None)
        return
    usage = mapping(response["usage"])
    total, came, went = (whole_number(usage.get(f"{key}_tokens")) for key in ("total", "input", "output"))
    if total is not None and came is not None and went is not None and total != came + went:
        stream.violate(RULE, "/response/usage/total_tokens", str(came + went), total)
        return
    cached = whole_number(mapping(usage.get("input_token_details")).get("cached_tokens"))
    if cached is not None and came is not None and cached > came:
        stream.violate(RULE, "/response/usage/input_token_details/cached_tokens", f"at most {came}", cached)
        return
    for side, whole in (("input", came), ("output", went)):
        details = mapping(usage.get(f"{side}_token_details"))
        counts = [whole_number(details[kind]) for kind in KINDS if details.get(kind) is not None]
        if whole is None or not counts or None in counts:
            continue
        added = sum(count for count in counts if count is not None)
        reasoning = whole_number(details.get("reasoning_tokens")) or 0
        if whole not in (added, added + reasoning):
            stream.violate(RULE, f"/response/usage/{side}_tokens", f"{added}, as the details", whole)
            return
