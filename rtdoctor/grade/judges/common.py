"""What the judges share: events as lines, what a process told, whether a client went on as without the fault."""

from collections.abc import Iterable

from rtdoctor.grade.heard import NOT_SPEECH, Heard
from rtdoctor.grade.run import Run, Talk
from rtdoctor.model.event import cut
from rtdoctor.model.graded import Judgement
from rtdoctor.privacy.quote import quote

_MOST_SHOWN, _LONGEST = 8, 160
_ERROR_WORDS = ("error", "fail", "refused", "denied", "closed", "unauthori", "exception", "reset", "lost", "disconnect")
SOON = 3.0  # seconds in which a client that has read something acts on it
LET_GO = 10.0  # seconds after which it is a time-out and no reading


def not_seen(why: str) -> Judgement:
    """The client never came to that point, and why."""
    return Judgement("not seen", why)


def line(one: Heard, talk: Talk | None = None, note: str = "") -> str:
    """An event as one line of proof: time, connection, direction, type, and a note."""
    arrow = "→" if one.sender == "client" else "←"
    return proof(one.t, talk, f"{arrow} {cut(quote(one.type or 'no event'), 80)} {note}")


def proof(t: float, talk: Talk | None, text: str) -> str:
    """One line of proof, bounded."""
    where = f" #{talk.number}" if talk else ""
    return cut(f"{t:7.3f}{where} {text}".rstrip(), _LONGEST)


def shown(lines: Iterable[str]) -> tuple[str, ...]:
    """The first lines of proof, and how many there are more."""
    every = list(lines)
    more = [f"and {len(every) - _MOST_SHOWN} more"] if len(every) > _MOST_SHOWN else []
    return (*every[:_MOST_SHOWN], *more)


def says(run: Run, clues: Iterable[str]) -> bool:
    """True where the client's output holds one of these words."""
    output = run.ending.output.lower() if run.ending else ""
    return any(clue.lower() in output for clue in clues if len(clue) > 2)


def says_something(run: Run) -> bool:
    """True where the output holds a word that tells of an error."""
    return says(run, _ERROR_WORDS)


def how_it_ended(run: Run) -> str:
    """The end of the process in words."""
    if run.ending is None:
        return "the tape does not tell how the process ended"
    if run.ending.ended_at is None:
        return f"still running {run.until:.1f} s after the start"
    return f"exit code {run.ending.exit_code} after {run.ending.ended_at - run.ending.started_at:.1f} s"


def ends_by_itself(plain: Run | None) -> bool:
    """False where the client goes on for ever in a plain session, too: then no end can be asked of it."""
    return plain is None or plain.ending is None or plain.ended_itself


def told_or_not(run: Run, clues: Iterable[str], what: str, plain: Run | None) -> tuple[str, str]:
    """The grade of how the process took `what`, and the sentence. A process that goes on where it would have gone on
    anyway is judged by its words."""
    assert run.ending is not None
    named = says(run, clues)
    if not run.ended_itself:
        if not ends_by_itself(plain):
            lives = "the client does not end by itself without a fault either"
            return (
                ("pass", f"the output names {what}")
                if named
                else ("not seen", f"{lives}, and its output names nothing")
            )
        if named:
            return "warn", f"the output names {what}, and the client does not end: {how_it_ended(run)}"
        return "fail", f"hangs after {what}: {how_it_ended(run)}"
    if run.ending.exit_code:
        if named or says_something(run):
            return "pass", f"ends with {how_it_ended(run)}, and says why"
        return "warn", f"ends with {how_it_ended(run)}, and does not say why"
    if named:
        return "pass", f"the output names {what}; {how_it_ended(run)}"
    if says_something(run):
        return "warn", f"the output tells of an error and not of which, and the exit code is 0 after {what}"
    return "fail", f"says nothing of {what} and ends with {how_it_ended(run)}"


def _sign_of_life(talk: Talk, t: float, speech_tells: bool) -> Heard | None:
    """The first message after that time that only a client sends that goes on."""
    event = talk.heard.first("client", NOT_SPEECH, after=t)
    speech = talk.heard.first("client", "input_audio_buffer.append", after=t + 1.0) if speech_tells else None
    return min(filter(None, (event, speech)), key=lambda one: one.t, default=None)


def went_on(run: Run, talk: Talk, t: float, plain: Run | None, *, speech_tells: bool = True) -> tuple[str, str]:
    """Whether the client went on after that time as without the fault: the grade and the sentence. A microphone that
    goes on tells a second later that the client lives, unless not even that is meant (`speech_tells`)."""
    if run.ending is not None and plain is not None and plain.ending is not None:
        if plain.ended_itself and not run.ended_itself:
            return "fail", f"hangs from then on: {how_it_ended(run)}"
        if run.ended_itself and run.ending.exit_code != plain.ending.exit_code:
            usual = f"exit code {plain.ending.exit_code}" if plain.ended_itself else "it does not end"
            return "fail", f"{how_it_ended(run)}, where without the fault {usual}"
    if plain is not None and plain.opened:
        wanted = {one.type for other in plain.opened for one in other.heard.of("client")}
        sent = {one.type for other in run.opened for one in other.heard.of("client")}
        if missing := sorted(wanted - sent):
            return "fail", f"never came to send {', '.join(map(quote, missing[:4]))}, which it sends without the fault"
        before = sum(len(other.heard.of("server", "response.done")) for other in plain.opened)
        after = sum(len(other.heard.of("server", "response.done")) for other in run.opened)
        if len(run.opened) > len(plain.opened) or after < before:
            return "fail", "left the session, and did not come to the end that it comes to without the fault"
        return "pass", "goes on as without it"
    later = _sign_of_life(talk, t, speech_tells)
    if later is not None:
        return "pass", f"goes on: sends {cut(quote(later.type), 80)} {later.t - t:.1f} s later"
    over = talk.over_at
    if over is not None and (talk.ended_by == "client" or (talk.closed_by and talk.closed_by.sender == "client")):
        next_one = talk.heard.first("server", after=t)
        heard_on = next_one is not None and talk.heard.first("server", after=next_one.t) is not None
        begun = len(talk.heard.of("server", "response.created")) > talk.heard.count("server", "response.done", over)
        if over - t < 1.0 and (not heard_on or begun or not speech_tells):
            return "fail", f"leaves {over - t:.1f} s later" + (", in the midst of a response" if begun else "")
        return "pass", "stays in the session"
    return "not seen", "nothing came after it"
