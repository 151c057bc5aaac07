"""The exit code of a course that time cut off is the one with which the process ends."""

from dataclasses import replace

from rtdoctor.model.graded import CourseResult, Graded, Judgement, Mark

MARK = Mark("a.b", "title", "why", "remedy", (), {})
FAILED = CourseResult("c", (Graded(MARK, Judgement("fail", "no"), "plain", "remedy"),), (), connected=True)


def test_a_course_that_time_cut_off_is_inconclusive_whatever_was_seen():
    cut_off = replace(FAILED, untaken=("abort", "expiry"))
    assert (FAILED.exit_code, cut_off.exit_code) == (1, 3)
    assert "2 lessons not taken" in cut_off.sentence
    assert replace(cut_off, interrupted=True).exit_code == 1
