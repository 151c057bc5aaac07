"""Explains a text: windows, sightings, outcomes, and the referee's findings in the order in which they are met."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rtdoctor.diagnose.describe import tell
from rtdoctor.diagnose.referee import Weighed, finding, weigh
from rtdoctor.diagnose.text import wrapped
from rtdoctor.diagnose.text.asked import commented, look_for_urls, mended, request_of, unused
from rtdoctor.diagnose.text.blocks import Block, blocks
from rtdoctor.diagnose.text.code import is_code, is_printed, of_code
from rtdoctor.diagnose.text.context import of_the_socket
from rtdoctor.diagnose.text.elsewhere import Elsewhere
from rtdoctor.diagnose.text.errors import look_for_errors, reading
from rtdoctor.diagnose.text.next_step import next_step
from rtdoctor.diagnose.text.patterns import NO_REASON, look
from rtdoctor.diagnose.text.places import Current, place, with_key
from rtdoctor.diagnose.text.places import mended as repaired
from rtdoctor.diagnose.text.prose import SAID, in_words
from rtdoctor.diagnose.text.sieve import sifted
from rtdoctor.diagnose.text.sighting import Sighting
from rtdoctor.diagnose.text.story import Read, Story
from rtdoctor.knowledge.causes import TIERS, UNKNOWN, Rule, causes, known_codes, matching
from rtdoctor.linear import pattern
from rtdoctor.model.exchange import Request
from rtdoctor.model.explanation import Explanation
from rtdoctor.model.finding import Finding, Place, of_cause
from rtdoctor.model.outcome import ErrorEvent, Outcome
from rtdoctor.privacy.blot import shown

_FACTS = 8  # told of one finding
_MOST = 500  # different outcomes that are kept; more of the same adds nothing
_GUESS = "guess"  # the tier of what is told for want of anything better: a refusal whose status the client hides
_REPORT = 3_000  # characters of what somebody reports; what is longer is a log
_WORDS = 40  # bytes beside the line of an answer that are words of its own
_PROSE = 80  # characters around a URL that make it one of prose
# A URL of a socket, as clients that log it with HTTP's scheme write it.
_SOCKETS_PATH = pattern(r"(?i)^https://api\.openai\.com/v1/realtime\?[^\s]{0,200}model=")
_SHORT = 100  # a text that may be nothing but a number or a code
_NUMBER = pattern(
    r"(?is)^\W*(?:(?:http|status|close|closed|code|error|websocket|ws)\W*)*(?P<number>[1-5]\d{2,3})\b(?P<rest>.{0,90})$"
)
_CODE = pattern(r"^\W*(?:code\W*)?(?P<code>[A-Za-z][a-z]*(?:_[a-z]+)+|OpperationNotSupported)\W*$")
_EVENT = pattern(r"^[\s\"'`]*(?P<event>[a-z_]{2,40}(?:\.[a-z_]{2,40}){1,4})[\s\"'`]*$")
_HINT = pattern(r"[?&\"'](?:intent|model|call_id)\b")
_NOTHING = Request("", "")
# A fault, and what follows from it in the same text: what a client says of the address that it was sent to.
_FOLLOWERS = {"network.redirected": ("usage.url-scheme",)}


def explain(chunks: Iterable[str], current: Current | None = None, *, is_file: bool = False) -> Explanation:
    """Read a text of any length, in constant memory, and say what is wrong. `current` is what a line that asks for the
    beta is rewritten with; without it such lines are only marked. `is_file` where it is a file of code, not a paste."""
    reader = Reader(current, is_file=is_file)
    for block in blocks(sifted(chunks)):
        reader.read(block)
    best = _told(reader)
    text = reader.short
    if text is None or best.elsewhere or is_file:  # the lines of a file of code are as they were written
        return best.explanation
    sure = [_of(other) for other in wrapped.surely(text)]
    best = min([known for known in sure if known.rank < _UNKNOWN] or [best], key=lambda known: known.rank)
    if best.rank > _SURE:
        best = min((best, *(_of(other) for other in wrapped.perhaps(text))), key=lambda known: known.rank)
    if best.rank >= _WEAK:
        best = min((best, *(_of(other) for other in wrapped.as_one_line(text))), key=lambda known: known.rank)
    return best.explanation


def explain_all(sources: Iterable[tuple[str, Iterable[str]]], current: Current | None = None) -> Explanation:
    """Several texts with their names, told as one: each cause once, with the places of all."""
    by_cause: dict[str, Finding] = {}
    rank: dict[str, int] = {}  # the best place that a cause has in one of the texts
    healthy = False
    steps: dict[str, str] = {}  # what to do next, by the first cause of the text that it was made for
    for name, chunks in sources:
        one = explain(chunks, current, is_file=of_code(name))
        healthy = healthy or one.healthy
        for number, judged in enumerate(one.findings):
            placed = (replace(at, file=name) for at in judged.places)
            if judged.cause == "auth.invalid":
                placed = (with_key(at, name.lower().rpartition(".")[2]) for at in placed)
            facts = tuple(f"{shown(name)}: {fact}" for fact in judged.facts)
            named = replace(judged, facts=facts, places=tuple(placed))
            cause = judged.cause or UNKNOWN
            by_cause[cause] = _together(by_cause[cause], named) if cause in by_cause else named
            rank[cause] = min(number, rank.get(cause, number))
        if one.next:
            steps.setdefault(one.findings[0].cause or UNKNOWN if one.findings else "", one.next)
    known = [judged for cause, judged in by_cause.items() if cause != UNKNOWN]
    findings = known or ([] if healthy else list(by_cause.values()))
    findings.sort(key=lambda judged: (rank[judged.cause or UNKNOWN], _place(judged)))
    first = findings[0].cause or UNKNOWN if findings else ""
    return Explanation(tuple(findings), healthy and not findings, steps.get(first, ""))


def _of(text: str) -> "_Told":
    """What another reading of a text tells: its lines are not those that were given, so none is rewritten for the beta,
    and nothing of it shows that it is code."""
    reader = Reader(as_given=False)
    for block in blocks([text]):
        reader.read(block)
    return _told(reader)


class Reader:
    """Collects the different outcomes of a text, in a bounded number."""

    def __init__(self, current: Current | None = None, *, as_given: bool = True, is_file: bool = False) -> None:
        self.current = current
        self._is_file = is_file
        self._as_given = as_given
        self.outcomes: dict[Outcome, tuple[str, ...]] = {}
        self._kept: set[Outcome] = set()
        self._story = Story()
        self._urls: dict[str, str] = {}
        self._idle: dict[str, str] = {}  # those that a file of code holds and does not read
        self._sent: dict[str, str] = {}
        self._fields: dict[str, str] = {}
        self._beta = ""
        self._coded: dict[str, str] = {}
        self.places: dict[str, Place] = {}  # of what a client asks for, by its words
        self._line = 1  # of the window's first character
        self._hinted = self._secret = self._client = self._told = False
        self._code = is_file
        self._elsewhere = Elsewhere()
        self.short: str | None = None
        self._only: Block | None = None  # the window of a short text

    def read(self, block: Block) -> None:
        """Take one window."""
        self._only = block if block.last and block.start == 0 and len(block.text) <= wrapped.MOST else None
        self.short = self._only.text if self._only else None
        self._elsewhere.read(block)
        seen = [*look(block), *look_for_errors(block), *look_for_urls(block)]
        if block.last and block.start == 0 and len(block.text.strip()) <= _SHORT:
            seen += _alone(block.text.strip())
        self._code = self._code or is_code(block)
        self._told = self._told or is_printed(block)
        self._hinted = self._hinted or _HINT.search(block.text, flattened=block.flat) is not None
        self._secret = self._secret or "ek_" in block.text
        for item in of_the_socket(sorted(seen, key=lambda item: (item.at, -item.end)), block):
            self._take(item, block)
        self._line += block.text.count("\n", 0, block.until)
        if block.last:
            self._keep(self._story.finish())
            # A file that opens nothing itself holds them for others.
            self._urls = self._urls or self._idle
            for read in self._asked():
                self._keep([read])
            if self.short and self._elsewhere.of_sockets and self._knows_little():
                general = self._as_given and self._elsewhere.of_a_socket and not self._tells()
                self._keep(_in_words(block, general=general))

    def more(self, cause: str) -> list[Read]:
        """What the words around tell more exactly than a cause that was found in a short text."""
        return [_said(seen) for seen in in_words(self._only, beside=cause)] if self._only else []

    @property
    def about(self) -> str:
        """What the text is about, where that is no realtime socket; else the empty text."""
        return self._elsewhere.about

    def _take(self, seen: Sighting, block: Block) -> None:
        inside = seen.at - block.start
        if seen.name == "URL":
            idle = self._is_file and unused(block.text, inside, seen.end - block.start)
            if len(self._urls) + len(self._idle) < _MOST and not commented(block, inside):
                (self._idle if idle else self._urls).setdefault(seen.url, seen.line)
                self._place(seen.url, seen, block)
            self._keep(self._story.take(seen))
        elif seen.sent or seen.field or seen.beta or seen.coded:
            self._take_code(seen, block, inside)
        else:
            tells = (seen.status, seen.close_code, seen.error, seen.fault) != (None,) * 4
            self._client = self._client or tells
            if tells or seen.event or seen.body or seen.answerer:
                self._keep(self._story.take(seen))
            if not tells and not seen.event and not seen.answerer:
                self._keep([(Outcome(_NOTHING, "request", text=seen.text), (seen.line,))])

    @property
    def only_code(self) -> bool:
        """True for the code of a client, or a command line, that opens a socket, without anything that it printed."""
        sockets = any(url.lower().startswith("wss://") for url in self._urls)
        return self._as_given and sockets and self._code and not self._told and not self._client

    def _tells(self) -> bool:
        """True where a rule names a cause of what was seen, however weakly."""
        return any(weigh(outcome).rule is not None for outcome in self.outcomes)

    def _only_names(self, url: str) -> bool:
        """True where prose around a URL of the endpoint only names it."""
        if self._code or self.short is None or len(self.short) <= len(url) + _PROSE:
            return False
        return not any(f"{mark}{url}" in self.short for mark in "'\"`=")

    def _knows_little(self) -> bool:
        """True where nothing was seen that decides: no session, no rule but guesses."""
        for outcome in self.outcomes:
            rule = weigh(outcome).rule
            if outcome.reached_session or (rule and rule.tier != _GUESS and not causes()[rule.cause].last_resort):
                return False
        return True

    def _take_code(self, seen: Sighting, block: Block, inside: int) -> None:
        if commented(block, inside) or (seen.of_a_file and not self._is_file):
            return
        self._place(seen.sent or seen.field or (seen.line if seen.beta else seen.text), seen, block)
        if seen.sent:
            self._sent.setdefault(seen.sent, seen.line)
        elif seen.field:
            self._fields.setdefault(seen.field, seen.line)
        elif seen.beta:
            self._beta = self._beta or seen.line
        elif len(self._coded) < _MOST:
            self._coded.setdefault(seen.text, seen.line)

    def _place(self, words: str, seen: Sighting, block: Block) -> None:
        if words not in self.places and len(self.places) < _MOST:
            start = seen.at - block.start
            line = self._line + block.text.count("\n", 0, start)
            self.places[words] = place(block, start, seen.end - block.start, line)

    def urls(self) -> list[str]:
        """The URLs of sockets that are asked."""
        return [url for url in self._urls if url.lower().startswith("ws")]

    def _keep(self, reads: Iterable[Read]) -> None:
        for outcome, lines in reads:
            # The words around an answer decide nothing: a log that repeats it with other numbers tells it once.
            key = replace(outcome, text="") if outcome.stage != "request" and outcome.fault is None else outcome
            if key not in self._kept and len(self.outcomes) < _MOST:
                self._kept.add(key)
                self.outcomes.setdefault(outcome, lines)

    def _asked(self) -> Iterator[Read]:
        """What the client asks for, where no session shows that the server takes it."""
        if any(outcome.reached_session for outcome in self.outcomes):
            return
        for url, line in self._urls.items():
            if not url.lower().startswith("ws"):
                if url.lower().startswith("http://"):  # of a URL of REST only the scheme is looked at
                    yield Outcome(Request(url, ""), "request", text=url), (line,)
                if not _SOCKETS_PATH.search(url):
                    continue
            request = request_of(url, secret=self._secret)
            # A bare URL may be given its query elsewhere; a client's error text often leaves the query out.
            named = self._hinted or self._client or self._only_names(url)
            if request.path.rstrip("/").endswith("/realtime") and not request.query and named:
                continue
            yield Outcome(request, "request", text=url), (line,)
            if mended(request) != request and (request.query or not self._hinted):
                yield Outcome(mended(request), "request", text=url), (line,)
        if self._beta:
            yield Outcome(Request("", "", beta=True), "request", text=self._beta), (self._beta,)
        if self._sent:
            sent = tuple(self._sent)
            yield Outcome(_NOTHING, "request", sent=sent, text=" ".join(sent)), tuple(self._sent.values())
        if self._fields:
            fields = tuple(self._fields)
            told = Outcome(_NOTHING, "request", session_fields=fields, text=" ".join(fields))
            yield told, tuple(self._fields.values())
        for text, line in self._coded.items():
            yield Outcome(_NOTHING, "request", text=text), (line,)


def _in_words(block: Block, *, general: bool) -> Iterator[Read]:
    """What people say of their problem."""
    return (_said(seen) for seen in in_words(block, general=general))


def _said(seen: Sighting) -> Read:
    assert seen.fault is not None
    return Outcome(_NOTHING, SAID, fault=seen.fault[1], fault_layer=SAID, text=seen.text), (seen.line,)


def _alone(text: str) -> Iterator[Sighting]:
    """A text that is nothing but a status, a close code or an error code."""
    if match := _CODE.match(text):
        if match["code"] in known_codes() and not _foreign(text):
            yield Sighting("code alone", 0, len(text), text, text, error=ErrorEvent(code=match["code"]))
    elif match := _EVENT.match(text):
        start, end = match.start("event"), match.end("event")
        yield Sighting("event alone", start, end, text, text, sent=match.text("event"))
    elif (match := _NUMBER.match(text)) and not _foreign(text[: match.start("number")]):
        number, rest = int(match["number"]), match["rest"].strip(" :,;()\"'")
        rest = "" if rest.lower() in NO_REASON else rest
        worded = not rest or (len(rest) >= 3 and all(char.isalnum() or char in "_. ()'-" for char in rest))
        if 1000 <= number <= 4999 and worded and (not rest or "_" in rest or "." in rest or "clos" in text.lower()):
            yield Sighting("close code alone", 0, len(text), text, text, close_code=number, close_reason=rest)
        elif 300 <= number <= 599 and not rest:
            yield Sighting("status alone", 0, len(text), text, text, status=number)


def _foreign(text: str) -> bool:
    """True where a text holds a letter or digit beyond ASCII: then it is more than a number or a code."""
    return not text.isascii() and any(char.isalnum() and not char.isascii() for char in text)


@dataclass(frozen=True, slots=True)
class _Told:
    """An explanation, how well its best finding tells (the smaller the better), whether the text is of elsewhere."""

    explanation: Explanation
    rank: tuple[int, int]
    elsewhere: bool = False


_SURE = (1, 0)  # a tier that needs no other reading
_WEAK = (TIERS.index("guess"), -99)  # a guess, or nothing known
_UNKNOWN = (len(TIERS), 0)


def _told(reader: Reader) -> _Told:
    if reader.about:
        from_elsewhere = _elsewhere(reader.about)
        return _Told(Explanation((from_elsewhere,), False, next_step([from_elsewhere], [])), _UNKNOWN, True)
    by_cause: dict[str, tuple[Rule, Finding]] = {}
    answered: set[str] = set()
    stood, unknown = False, []
    for outcome, lines in reader.outcomes.items():
        weighed = weigh(outcome)
        if weighed.cause is None:
            stood = True
        elif weighed.cause == UNKNOWN:
            if outcome.stage != "request":
                unknown.append((outcome, lines))
        else:
            judged = _placed(_finding(outcome, lines, weighed), outcome, reader)
            assert weighed.rule is not None
            if weighed.rule.tier != _GUESS and not _only_asked(outcome):
                answered.add(weighed.cause)
            known = by_cause.get(weighed.cause)
            if known is None:
                by_cause[weighed.cause] = (weighed.rule, judged)
            else:
                better = weighed.rule.rank < known[0].rank
                best, other = (judged, known[1]) if better else (known[1], judged)
                by_cause[weighed.cause] = (weighed.rule if better else known[0], _together(best, other))
    sure = [judged for rule, judged in by_cause.values() if rule.tier != _GUESS]
    findings = _first_resort(sure)
    if not findings:
        every = sure if stood else [judged for _, judged in by_cause.values()]
        findings = _first_resort(every) or every
    stood = stood or (not findings and not unknown and reader.only_code)
    if not findings and not stood:
        findings = [_unknown(unknown)]
    following = {name for judged in findings for name in _FOLLOWERS.get(judged.cause or "", ())}
    findings = [judged for judged in findings if judged.cause not in following]
    # What happened comes before what the text only asks for.
    findings.sort(key=lambda judged: (judged.cause not in answered, _place(judged)))
    findings = _each_edit_once(_more_exactly(_with_a_rival(findings, reader), reader))
    ranks = [by_cause[judged.cause][0].rank for judged in findings if judged.cause in by_cause]
    healthy = stood and not findings
    resort = bool(findings) and not _first_resort(findings)
    rank = min(ranks, default=_UNKNOWN if findings else _SURE)
    return _Told(
        Explanation(tuple(findings), healthy, next_step(findings, reader.urls(), asked=healthy and reader.only_code)),
        (TIERS.index(_GUESS), 1) if resort and ranks else rank,
    )


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))  # a caller's text may hold half characters


def _with_a_rival(findings: list[Finding], reader: Reader) -> list[Finding]:
    """A 403 of which the text shows neither URL, headers nor body, told as both things that it may be, where a report
    of several lines shows it: the commoner one first. A client's line alone is read as of OpenAI, which answers so for
    a path; a log holds too much for such a guess."""
    first, rival = findings[0].cause if findings else None, "refused.forbidden"
    text = (reader.short or "").strip()
    if first != "refused.path" or "\n" not in text or len(text) > _REPORT:
        return findings
    for outcome, lines in reader.outcomes.items():
        if outcome.http_status != 403 or outcome.asked.url or outcome.http_body or outcome.http_headers:
            continue
        if _size(text) - _size("".join(lines)) < _WORDS:
            continue
        if rule := next((rule for rule in matching(outcome) if rule.cause == rival), None):
            return [_finding(outcome, lines, Weighed(rival, rule, ())), *findings]
    return findings


def _more_exactly(findings: list[Finding], reader: Reader) -> list[Finding]:
    """The findings, with what the text's words tell more exactly than the first before it."""
    named = {judged.cause for judged in findings}
    more = [
        _finding(outcome, lines, weighed)
        for judged in findings[:1]
        for outcome, lines in reader.more(judged.cause or UNKNOWN)
        if (weighed := weigh(outcome)).rule is not None and weighed.cause not in named
    ]
    return [*more, *findings]


def _edits(judged: Finding) -> set[tuple[str, int, str]]:
    return {(place.file, place.line, place.instead) for place in judged.places}


def _each_edit_once(findings: list[Finding]) -> list[Finding]:
    """The findings without those of which every place comes to a line that an earlier one tells: it names them."""
    kept: list[Finding] = []
    edits_told: set[tuple[str, int, str]] = set()
    for judged in findings:
        edits = _edits(judged)
        if edits and edits <= edits_told and all(place.instead for place in judged.places):
            first = next(at for at, other in enumerate(kept) if edits & _edits(other))
            also = f"The same edit mends {judged.cause}: {judged.title}."
            kept[first] = replace(kept[first], facts=(*kept[first].facts, also))
            continue
        edits_told |= edits
        kept.append(judged)
    return kept


def _only_asked(outcome: Outcome) -> bool:
    """True for what a client asks for, of which nothing shows that it was refused."""
    asked = outcome.asked.url or outcome.asked.beta or outcome.sent or outcome.session_fields
    return outcome.stage == "request" and bool(asked)


def _elsewhere(about: str) -> Finding:
    """unknown.unknown for a text that is about something else."""
    return of_cause(
        causes()[UNKNOWN],
        "inconclusive",
        "about something else",
        (f"Looked for: {reading()['looked_for']}",),
        title="The text is not about a realtime socket",
        explanation=f"It tells of {about}, and nothing in it speaks of a WebSocket.",
        remedy="Paste what the program that opens the socket prints, or its URL, headers and close code.",
    )


def _first_resort(findings: list[Finding]) -> list[Finding]:
    """Those that say more than that something ended."""
    return [judged for judged in findings if judged.cause and not causes()[judged.cause].last_resort]


def _finding(outcome: Outcome, lines: tuple[str, ...], weighed: Weighed) -> Finding:
    judged = finding(outcome, "fail", weighed)
    seen = tuple(f"The text says: {line}" for line in lines if line)
    return replace(judged, facts=tuple(shown(fact) for fact in (*seen, *tell(outcome)))[:_FACTS])


def _placed(judged: Finding, outcome: Outcome, reader: Reader) -> Finding:
    """The finding with the places of what the client asks for."""
    if outcome.stage != "request":
        return judged
    words = (outcome.text, *outcome.sent, *outcome.session_fields)
    places = [reader.places[word] for word in dict.fromkeys(words) if word in reader.places]
    return replace(
        judged, places=tuple(repaired(judged.cause or "", place, reader.current) for place in places[:_FACTS])
    )


def _together(best: Finding, other: Finding) -> Finding:
    facts = tuple(dict.fromkeys((*best.facts, *other.facts)))[:_FACTS]
    places = tuple(dict.fromkeys((*best.places, *other.places)))[:_FACTS]
    return replace(best, facts=facts, places=places, evidence=tuple(dict.fromkeys((*best.evidence, *other.evidence))))


def _unknown(reads: list[tuple[Outcome, tuple[str, ...]]]) -> Finding:
    """unknown.unknown, with what was seen and what was looked for."""
    cause = causes()[UNKNOWN]
    facts = [
        fact for outcome, lines in reads[:3] for fact in _finding(outcome, lines, Weighed(UNKNOWN, None, ())).facts
    ]
    if any(outcome.http_status == 101 for outcome, _ in reads):
        facts.append("A 101 alone proves nothing: the first event after it tells whether the session stands.")
    facts.append(f"Looked for: {reading()['looked_for']}")
    return of_cause(cause, "inconclusive", "nothing known", facts)


def _place(finding: Finding) -> int:
    """Where a cause comes: in the order of the layers, and inside of one as users meet them."""
    return list(causes()).index(finding.cause or UNKNOWN)
