"""Runs become marks: each mark is judged in each run that may show it, and the worst decides."""

from collections.abc import Iterable, Sequence

from rtdoctor.grade.course import Sdk, lessons, marks, sdk_of
from rtdoctor.grade.judges import JUDGES
from rtdoctor.grade.run import Run
from rtdoctor.model.graded import WORST_FIRST, Graded, Judgement, Mark


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
            yield run.lesson, JUDGES[mark.id](run, None if run is plain else plain)


def _graded(mark: Mark, judged: list[tuple[str, Judgement]], sdk: Sdk | None) -> Graded:
    judged.sort(key=lambda one: WORST_FIRST.index(one[1].grade))
    (lesson, worst), *others = judged
    remedy = mark.remedies.get(sdk.id, "") if sdk else ""
    told = f"{mark.remedy} {sdk.title}: {remedy}" if sdk and remedy else mark.remedy
    return Graded(mark, worst, lesson, told, tuple(others))


def sdk_in(runs: Iterable[Run]) -> Sdk | None:
    """The SDK that the first connection with a known one tells of."""
    return next((sdk for run in runs for talk in run.talks if (sdk := sdk_of(talk.headers))), None)
