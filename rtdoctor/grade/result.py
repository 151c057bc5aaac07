"""Runs become marks: each mark is judged in each run that may show it, and the worst decides. Marks and runs together
are the certificate."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rtdoctor.grade.course import PLAIN, Lesson, Sdk, lessons, marks, sdk_of
from rtdoctor.grade.judges import JUDGES
from rtdoctor.grade.run import Run
from rtdoctor.model.event import cut
from rtdoctor.model.graded import WORST_FIRST, CourseResult, Graded, Judgement, Mark, Taken
from rtdoctor.model.plural import plural
from rtdoctor.privacy.quote import quote

_MOST_OUTPUT, _LONGEST_CLIENT = 8_000, 300  # characters of what a client printed in a lesson, and of its command
_LONGEST_SAID = 500  # characters of a sentence, which may quote what a server or a client wrote


def certificate(
    client: str,
    runs: Sequence[Run],
    wanted: Iterable[Lesson] = (),
    *,
    interrupted: bool = False,
    started_at: str = "",
    seconds: float | None = None,
) -> CourseResult:
    """What the runs come to, quoted as it may be shown. `wanted` are the lessons that were to be taken."""
    sdk = sdk_in(runs)
    done = {run.lesson for run in runs}
    return CourseResult(
        cut(quote(client), _LONGEST_CLIENT),
        grade(runs, next((run for run in runs if run.lesson == PLAIN), None)),
        tuple(map(_taken, runs)),
        connected=any(run.talks for run in runs),
        sdk=sdk.title if sdk else "",
        untaken=tuple(lesson.id for lesson in wanted if lesson.id not in done),
        interrupted=interrupted,
        started_at=started_at,
        seconds=seconds,
    )


def _taken(run: Run) -> Taken:
    lesson, ending = lessons().get(run.lesson), run.ending
    title = lesson.title if lesson else "a recording"
    happened = plural(len(run.talks), "connection")
    if ending is None:
        return Taken(run.lesson, title, happened, run.lasted, len(run.talks))
    lasted = run.until - ending.started_at
    how = "stopped" if ending.ended_at is None else f"exit code {ending.exit_code}"
    output = quote(ending.output)[-_MOST_OUTPUT:]
    return Taken(
        run.lesson, title, f"{happened}; {how} after {lasted:.1f} s", lasted, len(run.talks), ending.exit_code, output
    )


def grade(runs: Sequence[Run], plain: Run | None) -> tuple[Graded, ...]:
    """The marks that these runs bring. Of a run of no lesson (a tape) every mark is judged, of a lesson its own."""
    sdk = sdk_in(runs)
    return tuple(_graded(mark, list(_judgements(mark, runs, plain)), sdk) for mark in _asked(runs))


def _asked(runs: Iterable[Run]) -> list[Mark]:
    wanted: set[str] = set()
    for run in runs:
        wanted |= set(_marks_of(run))
    return [mark for name, mark in marks().items() if name in wanted]


def _marks_of(run: Run) -> Iterable[str]:
    lesson = lessons().get(run.lesson)
    return lesson.marks if lesson else marks()


def _judgements(mark: Mark, runs: Iterable[Run], plain: Run | None) -> Iterable[tuple[str, Judgement]]:
    for run in runs:
        if mark.id in _marks_of(run):
            judged = JUDGES[mark.id](run, None if run is plain else plain)
            yield run.lesson, replace(judged, said=cut(judged.said, _LONGEST_SAID))


def _graded(mark: Mark, judged: list[tuple[str, Judgement]], sdk: Sdk | None) -> Graded:
    judged.sort(key=lambda one: WORST_FIRST.index(one[1].grade))
    (lesson, worst), *others = judged
    remedy = mark.remedies.get(sdk.id, "") if sdk else ""
    remedies = f"{mark.remedy} {sdk.title}: {remedy}" if sdk and remedy else mark.remedy
    return Graded(mark, worst, lesson, remedies, tuple(others))


def sdk_in(runs: Iterable[Run]) -> Sdk | None:
    """The SDK that the first connection with a known one tells of."""
    return next((sdk for run in runs for talk in run.talks if (sdk := sdk_of(talk.headers))), None)
