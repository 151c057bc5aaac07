"""Judges of sound: its rate, who ends a turn, what an interruption does."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from rtdoctor.grade.heard import Heard
from rtdoctor.grade.judges.common import line, not_seen, shown, went_on
from rtdoctor.grade.run import Run, Talk
from rtdoctor.model.graded import Judgement

_SECOND = {"audio/pcm": 48_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}  # bytes
_LEAST_APPENDS, _LEAST_SECONDS = 10, 1.0  # from which on a pace can be told
_PACED = 0.5  # seconds: a longer gap between two appends is a pause
_EVEN = 1.3  # how much faster one half may be than the whole: a file that is poured out is not even
_REAL = (0.88, 1.12)  # the pace of a microphone
_WRONG = {16_000: 16 / 24, 8_000: 8 / 24, 48_000: 2.0, 44_100: 44.1 / 24, 12_000: 0.5}  # Hz sent as 24 kHz
_NEAR = 0.07
_SLACK_MS = 250  # what a sound card holds, and what a network takes


def right_rate(run: Run, _plain: Run | None) -> Judgement:
    """What is declared is what is sent: bytes a second against the format."""
    for talk in run.opened:
        appends = [one for one in talk.heard.of("client", "input_audio_buffer.append") if one.audio]
        if not appends:
            continue
        if str(appends[0].event.get("begins", "")).startswith("RIFF"):
            return Judgement("warn", "the sound begins with the header of a WAV file", (line(appends[0], talk),))
        form = _format(talk, appends[-1].t, "input")
        kind = str(form.get("type", "audio/pcm"))
        if any(one.audio % 2 for one in appends) and kind == "audio/pcm":
            odd = next(one for one in appends if one.audio % 2)
            return Judgement("fail", "sends half a sample: an odd number of bytes of PCM16", (line(odd, talk),))
        pace = _pace(appends, _SECOND.get(kind, 48_000))
        if pace is None:
            continue
        seen = f"{pace:.2f} s of {kind} a second"
        if _REAL[0] <= pace <= _REAL[1]:
            return Judgement("pass", f"sends {seen}")
        wrong = next((rate for rate, share in _WRONG.items() if abs(pace / share - 1) < _NEAR), None)
        if kind == "audio/pcm" and wrong:
            shows = (line(appends[0], talk), line(appends[-1], talk, f"{len(appends)} appends"))
            return Judgement("fail", f"sends {seen}: that is sound of {wrong} Hz, declared as 24000", shows)
        if kind != "audio/pcm" and abs(pace / 6 - 1) < _NEAR:
            return Judgement("fail", f"sends {seen}: that is PCM16 at 24000 Hz", (line(appends[0], talk),))
    return not_seen("no sound was sent at the pace of a microphone")


def _pace(appends: list[Heard], second: int) -> float | None:
    """Seconds of sound a second; None where it was not sent steadily."""
    gaps = [later.t - first.t for first, later in pairwise(appends)]
    steady = [(gap, one.audio) for gap, one in zip(gaps, appends, strict=False) if gap < _PACED]
    lasted = sum(gap for gap, _ in steady)
    if len(steady) < _LEAST_APPENDS or lasted < _LEAST_SECONDS:
        return None
    paces = [_rate(part, second) for part in (steady, steady[: len(steady) // 2], steady[len(steady) // 2 :])]
    even = all(1 / _EVEN < pace / paces[0] < _EVEN for pace in paces)
    return paces[0] if even else None


def _rate(steady: Sequence[tuple[float, int]], second: int) -> float:
    return sum(size for _, size in steady) / second / max(0.001, sum(gap for gap, _ in steady))


def _format(talk: Talk, t: float, side: str) -> Mapping[str, Any]:
    audio = talk.session(t).get("audio")
    part = audio.get(side) if isinstance(audio, Mapping) else None
    form = part.get("format") if isinstance(part, Mapping) else None
    return form if isinstance(form, Mapping) else {}


def _detects(talk: Talk, t: float) -> bool:
    audio = talk.session(t).get("audio")
    audio_input = audio.get("input") if isinstance(audio, Mapping) else None
    return bool(audio_input.get("turn_detection")) if isinstance(audio_input, Mapping) else False


def one_who_commits(run: Run, _plain: Run | None) -> Judgement:
    """The client commits, or leaves it to the server's turn detection; not both, and not neither."""
    heard = False
    for talk in run.opened:
        appends = talk.heard.of("client", "input_audio_buffer.append")
        if not appends or not talk.heard.first("server", "session.created"):
            continue
        commits = [one for one in talk.heard.of("client", "input_audio_buffer.commit") if one.t > appends[0].t]
        for one in commits:
            if _detects(talk, one.t):
                empty = talk.heard.first("server", "error", after=one.t)
                error = empty.event.get("error") if empty else None
                code = error.get("code") if isinstance(error, Mapping) else None
                lines = [line(one, talk, "while turn_detection is on")]
                lines += [line(empty, talk, str(code))] if empty and code == "input_audio_buffer_commit_empty" else []
                seen = "commits while the server's turn detection commits, too"
                return Judgement("fail" if len(lines) > 1 or len(commits) > 1 else "warn", seen, shown(lines))
        if not commits and not _detects(talk, appends[-1].t):
            if talk.heard.first("client", "input_audio_buffer.clear", after=appends[-1].t) or talk.ended_by == "server":
                continue
            if run.until - appends[-1].t < 1.0 and run.ending is None:
                continue
            seen = "turn detection is off and nothing is committed: the speech is never answered"
            return Judgement("fail", seen, (line(appends[-1], talk, "the last one"),))
        heard = True
    return Judgement("pass", "one of the two ends a turn") if heard else not_seen("no turn came to its end")


def barge_in_early(run: Run, plain: Run | None) -> Judgement:
    """The user speaks before the first sound of a response: there is nothing to cut off, and the session goes on."""
    for talk in run.opened:
        truncates = talk.heard.of("client", "conversation.item.truncate")
        silent = [one for one in truncates if not _ms_sent(talk, one)]
        for started in talk.heard.of("server", "input_audio_buffer.speech_started"):
            response = _response_at(talk, started.t)
            if response is None or _has_sound(talk, response.t, started.t):
                continue
            if not talk.heard.first("server", "response.done", after=started.t):
                continue
            cut = [one for one in silent if one.t > started.t] if silent and silent[-1].t > started.t else []
            lines = [line(response, talk), line(started, talk, "before any sound"), *(line(one, talk) for one in cut)]
            if any(_number(one.event.get("audio_end_ms")) > 0 for one in cut):
                return Judgement("fail", "truncates an item of which no sound was sent", shown(lines))
            grade, seen = went_on(run, talk, started.t, plain, speech_tells=False)
            if grade == "fail":
                return Judgement("fail", f"after speech before the first sound: {seen}", shown(lines))
            if cut:
                return Judgement("warn", "truncates an item of which no sound was sent, at 0", shown(lines))
            if grade == "pass":
                return Judgement("pass", f"after speech before the first sound: {seen}")
    return not_seen("nobody spoke before the first sound of a response")


def _response_at(talk: Talk, t: float) -> Heard | None:
    """The response that was in progress then."""
    created = talk.heard.last("server", "response.created", until=t)
    done = talk.heard.first("server", "response.done", since=created.t) if created else None
    return created if done is None or done.t >= t else None


def _has_sound(talk: Talk, start: float, end: float) -> bool:
    sound = talk.heard.first("server", "response.output_audio.delta", since=start)
    return sound is not None and sound.t <= end


def _ms_sent(talk: Talk, truncate: Heard) -> float:
    """How much of the item's sound was sent by then, in ms."""
    _, size = talk.heard.sound_of(truncate.event.get("item_id"), truncate.t)
    second = _SECOND.get(str(_format(talk, truncate.t, "output").get("type", "audio/pcm")), 48_000)
    return 1000 * size / second


def truncates_what_was_played(run: Run, _plain: Run | None) -> Judgement:
    """A truncate cuts where the listener stopped hearing: not beyond what was sent, nor beyond the time since."""
    good = 0
    for talk in run.opened:
        for one in talk.heard.of("client", "conversation.item.truncate"):
            asked, sent = _number(one.event.get("audio_end_ms")), _ms_sent(talk, one)
            first, _ = talk.heard.sound_of(one.event.get("item_id"), one.t)
            if first is None:
                continue
            passed = 1000 * (one.t - first.t)
            lines = (line(first, talk, "the first sound"), line(one, talk, f"audio_end_ms {asked:.0f}"))
            if asked > sent + 1:
                return Judgement("fail", f"truncates at {asked:.0f} ms, of {sent:.0f} ms that were sent", lines)
            if asked > passed + _SLACK_MS:
                seen = f"truncates at {asked:.0f} ms, {passed:.0f} ms after the first sound came"
                return Judgement("fail", seen, lines)
            good += 1
    return Judgement("pass", "truncates within what was played") if good else not_seen("nothing was truncated")


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
