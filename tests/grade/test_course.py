"""The course is whole: every lesson and mark fits the mock and the judges."""

import pytest

from rtdoctor.grade.course import PLAIN, lessons, marks, sdks
from rtdoctor.grade.judges import JUDGES
from rtdoctor.grade.refusals import _table
from rtdoctor.mock.faults import parse


def test_every_mark_has_its_judge_and_its_lesson():
    assert marks().keys() == JUDGES.keys()
    assert {name for lesson in lessons().values() for name in lesson.marks} == marks().keys()


def test_the_plain_lesson_is_the_first_and_without_a_fault():
    assert next(iter(lessons())) == PLAIN
    assert [lesson.id for lesson in lessons().values() if not lesson.faults] == [PLAIN]


@pytest.mark.parametrize("lesson", lessons().values(), ids=lambda lesson: lesson.id)
def test_the_mock_knows_the_faults_of_each_lesson(lesson):
    for fault in lesson.faults:
        parse(fault)


def test_what_is_known_has_a_date_a_source_and_a_confidence():
    told = [evidence for mark in marks().values() for evidence in mark.evidence]
    for source, seen, confidence in [(one.source, one.seen, one.confidence) for one in told] + [
        (entry["evidence"], entry["seen"], entry["confidence"]) for entry in _table()
    ]:
        assert source
        assert len(seen) == 10
        assert confidence in ("observed", "documented", "inferred")


def test_a_remedy_is_for_an_sdk_that_is_known():
    ids = {sdk.id for sdk in sdks()}
    assert {name for mark in marks().values() for name in mark.remedies} <= ids
