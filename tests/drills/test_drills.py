"""Every drill that is no exercise: what fixes it passes, and what only hides the symptom is refused."""

import pytest

from tests.drills.cases import EXERCISES, MISTAKES, REMEDIES, altered
from vllm_course.drills.cases import CASES
from vllm_course.drills.drill import trouble

pytestmark = pytest.mark.usefixtures("one_engine")
HERE = [number for number in CASES if number not in EXERCISES.values()]


def test_each_drill_has_both():
    assert list(REMEDIES) == list(MISTAKES) == list(CASES) and len(HERE) == len(CASES) - len(EXERCISES)
    assert all(mistakes[0][0] == {} and len(mistakes) > 3 for mistakes in MISTAKES.values())


@pytest.mark.parametrize(("number", "changes"), [(number, one) for number in HERE for one in REMEDIES[number]])
def test_what_fixes_it_passes(number, changes):
    assert trouble(altered(number, changes), number) == ""


@pytest.mark.parametrize(("number", "changes", "hint"), [(n, *one) for n in HERE for one in MISTAKES[n]])
def test_what_does_not_is_refused(number, changes, hint):
    assert hint in trouble(altered(number, changes), number)
