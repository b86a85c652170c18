"""`check` and `hint`: three results, never an exception for a learner, always one under `VLLM_COURSE_STRICT=1`."""

import numpy as np
import pandas as pd
import pytest
from IPython.lib.pretty import pretty

from tests.checks.odd import Agreeing, Bare, Hostile, Interrupting, endless_list, raising
from vllm_course import CourseError, check, checks, hint, paths
from vllm_course.checks import exercises
from vllm_course.checks.hints import Hint

LESSON = """
from vllm_course.checks import exercise, require


@exercise("97.1", hints=["vague", "clear"], concept="page.md#one-section")
def is_seven(answer):
    require(isinstance(answer, int), "Give a whole number.")
    require(answer == 7, f"Not {answer}.")


@exercise("97.2", hints=["only one"], concept="page.md#other")
def two_answers(first, second):
    require(first < second, "The first must be smaller.")


@exercise("97.3", hints=["only one"], concept="page.md#other")
def looked_at(answer):
    require(answer.value == 7, f"It holds {answer.value!r}.")
"""


class Leaving:
    """An answer whose value ends the program that asks for it."""

    def __init__(self, error: BaseException) -> None:
        self.fail = raising(error)

    @property
    def value(self):
        return self.fail()

    __repr__ = value.fget


ODD = ["", 0, float("nan"), [], {}, b"7", Hostile(), object, lambda: 1 / 0, np.array([7, 7]), pd.DataFrame({"a": [7]})]
ODD += [endless_list()]


@pytest.fixture(autouse=True)
def lesson(tmp_path, monkeypatch):
    """A checkout with the one lesson 97, not strict."""
    (tmp_path / "lessons" / "97-demo").mkdir(parents=True)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks/lesson_97.py").write_text(LESSON, encoding="utf-8")
    monkeypatch.setattr(paths, "root", lambda: tmp_path)
    monkeypatch.setattr(exercises, "_exercises", {})
    monkeypatch.delenv(checks.STRICT, raising=False)


def test_a_right_answer_passes():
    result = check("97.1", 7)
    assert (result.status, result.passed, result.message) == ("passed", True, "")
    assert repr(result) == "✔ 97.1 passed"


def test_a_wrong_answer_gets_the_hint_that_fits():
    assert repr(check("97.1", 8)) == "✘ 97.1 not yet: Not 8."
    assert check("97.1", "seven").message == "Give a whole number."
    assert not check("97.1", 8).passed


@pytest.mark.parametrize("stub", [..., [...], (1, ...), {"a": ...}, {"a": [1, {"b": ...}]}])
def test_a_stub_is_not_attempted(stub):
    result = check("97.1", stub)
    assert (result.status, result.passed) == ("not attempted", False)
    assert repr(result) == "○ 97.1 not attempted"


def test_no_answer_or_one_open_of_two_is_not_attempted():
    assert check("97.1").status == "not attempted"
    assert check("97.2", 1, ...).status == "not attempted"
    assert check("97.2", 1, 2).status == "passed"


@pytest.mark.parametrize("answer", [None, {"logprob": None}, [None]])
def test_none_is_an_answer(answer):
    """`cumulative_logprob` is None when nobody asked for it: a mistake with a hint, not an open exercise."""
    assert check("97.1", answer).status == "not yet"


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
@pytest.mark.parametrize("number", ["97.1", "97.2"])
def test_an_odd_answer_is_not_yet_and_never_raises(number, odd):
    answers = (odd,) if number == "97.1" else (odd, odd)
    result = check(number, *answers)
    assert result.status == "not yet"
    assert result.message


def test_an_answer_that_the_check_cannot_use_is_named():
    message = check("97.2", 1, "two").message
    assert message.startswith("the check could not use this answer (TypeError: ")


def test_too_many_answers_are_not_yet():
    assert check("97.1", 7, 7).message == "The check takes 1 after the number: answer. You gave 2."


@pytest.mark.parametrize("answer", [Agreeing(), [Agreeing()], {"a": Agreeing()}, pd.DataFrame({"a": [7, Agreeing()]})])
def test_what_is_equal_to_everything_is_refused(answer):
    assert "equal to whatever it is compared with" in check("97.1", answer).message


@pytest.mark.parametrize("error", [SystemExit(3), Bare(), GeneratorExit(), Interrupting()], ids=repr)
def test_an_answer_does_not_end_the_check(error):
    message = check("97.3", Leaving(error)).message
    assert message.startswith(f"the check could not use this answer ({type(error).__name__}")


def test_an_exception_that_has_no_text_is_named():
    class Silent(Exception):
        __str__ = raising(Bare())

    assert check("97.3", Leaving(Silent())).message == "the check could not use this answer (Silent)"


def test_ctrl_c_ends_the_check():
    with pytest.raises(KeyboardInterrupt):
        check("97.3", Leaving(KeyboardInterrupt()))


def test_a_hint_shows_numbers_as_everybody_writes_them():
    assert check("97.1", np.int64(8)).message == "Give a whole number."
    assert check("97.3", pd.Series({"value": np.float64(0.9)})).message == "It holds 0.9."


@pytest.mark.parametrize("answers", [(8,), (...,), ()])
def test_strict_raises_for_all_that_does_not_pass(monkeypatch, answers):
    monkeypatch.setenv(checks.STRICT, "1")
    with pytest.raises(checks.CheckFailedError, match="97.1 not"):
        check("97.1", *answers)
    assert check("97.1", 7).passed


def test_a_grade_cell_that_checks_twice_has_the_answer_looked_at_once(monkeypatch):
    """Only under strict checks, in one cell, with the same objects, and where it passed."""
    seen, now, one, two = [], [1], [1], [2]
    monkeypatch.setattr(checks, "judge", lambda found, answers: seen.append(answers) or checks.Result("97.2", "passed"))
    monkeypatch.setattr(checks, "cell", lambda: now[0])
    monkeypatch.setattr(checks, "_passed_last", (None, "", ()))

    def looks(*answers, number="97.2") -> int:
        before = len(seen)
        assert check(number, *answers).passed
        return len(seen) - before

    assert looks(one, two) == looks(one, two) == 1  # not strict: a learner may have changed the list meanwhile
    monkeypatch.setenv(checks.STRICT, "1")
    assert (looks(one, two), looks(one, two)) == (1, 0)
    assert looks(one, [2]) == looks(one) == looks(one, two) == looks(one, two, number="97.1") == 1
    now[0] = 2
    assert looks(one, two, number="97.1") == 1
    now[0] = None  # no notebook
    assert looks(one, two) == looks(one, two) == 1


def test_strict_is_one_and_nothing_else(monkeypatch):
    monkeypatch.setenv(checks.STRICT, "0")
    assert not check("97.1", 8).passed


def test_hints_go_from_vague_to_clear():
    assert hint("97.1") == 'Hint 1 of 2: vague One more: hint("97.1", 2).'
    assert hint("97.1", 2) == "Hint 2 of 2: clear Read on: concepts/page.md, section one section."


def test_an_only_hint_is_the_last_one():
    assert hint("97.2") == "Hint 1 of 1: only one Read on: concepts/page.md, section other."


def test_a_hint_shows_without_quotes():
    assert isinstance(hint("97.1"), str)
    assert repr(hint("97.1")) == pretty(hint("97.1")) == 'Hint 1 of 2: vague One more: hint("97.1", 2).'


def test_a_hint_in_a_notebook_is_escaped_and_wraps_between_words():
    html = Hint('Read <a> & "b".')._repr_html_()
    assert html.endswith(">Read &lt;a&gt; &amp; &quot;b&quot;.</div>") and "white-space: pre-wrap" in html


@pytest.mark.parametrize("level", [0, 3, -1, "2", None, 1.0])
def test_a_hint_that_is_not_there(level):
    with pytest.raises(CourseError, match=rf"level must be 1 to 2 for exercise 97\.1, got {level!r}\."):
        hint("97.1", level)


@pytest.mark.parametrize("number", ["97.9", "97", "seven", "", 97.9, None, "97.1.1"])
def test_an_unknown_exercise(number):
    with pytest.raises(CourseError, match='exercise must be a number like "1.3" that a lesson has, got '):
        check(number, 7)


@pytest.mark.parametrize("number", [97.1, ["97.1"], ("97.1",), {"97.1"}, np.float64(97.1)])
def test_a_number_without_quotation_marks(number):
    for ask in (check, hint):
        with pytest.raises(CourseError, match=r'Put the number in quotation marks: "97.1"\.$'):
            ask(number)


def test_a_number_after_the_answer():
    with pytest.raises(CourseError, match=r"got a DataFrame of 2 rows\. Put the number in quotation marks"):
        check(pd.DataFrame({"a": [1, 2]}), "97.1")


def test_a_lesson_that_is_not_there():
    with pytest.raises(CourseError, match="lesson must be one of those in lessons/, got 98. See lessons/README.md."):
        check("98.1", 7)


def test_an_error_reads_as_its_message_in_a_notebook():
    error = CourseError("name must be so, got that. Do this.")
    assert error._render_traceback_() == ["CourseError: name must be so, got that. Do this."]
