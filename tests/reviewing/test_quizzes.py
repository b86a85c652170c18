"""A quiz: what its file must hold, and what is said about right, wrong, half and impossible answers."""

import re
from pathlib import Path

import pytest

from vllm_course import CourseError
from vllm_course.errors import UsageError
from vllm_course.reviewing import quizzes
from vllm_course.reviewing.quizzes import MORE, RIGHT, WRONG, Reason

ONE = """
length:
  ask: When does it `end`?
  see: 4
  options:
    - {wrong: at a <stop>, why: Not here.}
    - {right: after 16 tokens, why: "`max_tokens` is 16."}
    - {wrong: never, why: It has a limit.}
"""
SEVERAL = ONE.replace("wrong: never", "right: never")
NUMBER = """
blocks:
  ask: How many?
  see: 2
  number: 3
  unit: blocks
  why: Round up.
  slips: [{wrong: 2, why: You rounded down.}, {wrong: 33, why: Those are tokens.}]
  otherwise: Divide first.
"""


@pytest.fixture
def question(tmp_path):
    """Return a function that reads the one question of a file."""

    def read(text: str) -> quizzes.Question:
        return quiz(tmp_path, text).questions[0]

    return read


def quiz(folder: Path, text: str) -> quizzes.Quiz:
    (folder / "05-x").mkdir(exist_ok=True)
    (folder / "05-x" / "quiz.yaml").write_text(text, "utf-8")
    return quizzes.read(folder / "05-x")


def test_a_quiz_is_read_in_order(tmp_path):
    found = quiz(tmp_path, ONE + NUMBER)
    assert (found.lesson, list(found.by_name)) == ("05", ["length", "blocks"])
    assert [(each.lesson, each.kind) for each in found.questions] == [("05", "one"), ("05", "number")]
    assert quizzes.read(tmp_path / "06-y").questions == ()


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("  ask: When does it `end`?\n", "", "ask: Field required"),
        ("when", "when", ""),
        ("see: 4", "see: four", "see: Input should be a valid integer"),
        ("see: 4", "see: 4\n  hint: x", "hint: Extra inputs are not permitted"),
        ("length:", "The Length:", "a name must be small letters and digits, with dashes"),
        ("    - {wrong: never, why: It has a limit.}\n", "", "3 or more different options, right and wrong ones"),
        ("wrong: never", "wrong: after 16 tokens", "3 or more different options"),
        ("right: after", "wrong: after", "right and wrong ones"),
        ("wrong: never, why: It has a limit.", "wrong: never", "options.2.why: Field required"),
        ("wrong: never", "text: never", "Extra inputs are not permitted"),
        ("wrong: never", "wrong: never, right: ever", "an option must be right or wrong"),
        ("ask: When", "ask: [When", "must be valid yaml"),
        (ONE, "length: 3", "a question must hold keys with values, got Whole"),
        (ONE, "- 1", "must hold keys with values, got list"),
        ("length:", "length: {}\nlength:", "length"),
        (ONE, NUMBER.replace("  otherwise: Divide first.\n", ""), "must come with why, slips and otherwise"),
        (ONE, NUMBER.replace("wrong: 2", "wrong: 3"), "a slip must be wrong, and 3 is right"),
        (ONE, NUMBER.replace("unit: blocks", "within: -1"), "within: Input should be greater than or equal to 0"),
    ],
)
def test_a_damaged_quiz_is_refused_in_one_line(tmp_path, old, new, rule):
    text = ONE.replace(old, new)
    if text == ONE:
        assert quiz(tmp_path, text)
        return
    with pytest.raises(CourseError, match="must be a quiz, got a damaged file") as caught:
        quiz(tmp_path, text)
    assert re.search(re.escape(rule), str(caught.value)) and "\n" not in str(caught.value)


def test_one_choice(question):
    asked = question(ONE)
    assert asked.judge(["never"]) == (False, (Reason(WRONG, "never", "It has a limit."),))
    right, reasons = asked.judge("after 16 tokens")
    assert right and [reason.mark for reason in reasons] == [WRONG, RIGHT, WRONG]


def test_several_choices(question):
    asked = question(SEVERAL)
    assert asked.kind == "several" and asked.judge(["never", "after 16 tokens"]).right
    half = asked.judge(["never"])
    assert not half.right and half.reasons == (Reason(RIGHT, "never", "It has a limit."), Reason(WRONG, "", MORE))
    too_much = asked.judge(["never", "after 16 tokens", "at a <stop>"])
    assert not too_much.right and [reason.mark for reason in too_much.reasons] == [WRONG, RIGHT, RIGHT]


def test_a_number(question):
    asked = question(NUMBER)
    right, reasons = asked.judge("3.0")
    assert right and reasons[0] == (RIGHT, "3 blocks", "Round up.") and len(reasons) == 3
    assert asked.judge(2).reasons == ((WRONG, "2 blocks", "You rounded down."),)
    assert asked.judge(4).reasons == ((WRONG, "4 blocks", "Divide first."),)
    near = question(NUMBER.replace("number: 3", "number: 3\n  within: 0.5"))
    assert [near.judge(given).right for given in (2.5, 3.5, "2.49", 3.51)] == [True, True, False, False]
    large = question(NUMBER.replace("number: 3", "number: 4194304"))
    assert large.judge("4,194,304").right and not large.judge("4194305").right


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (ONE, [], "answer must be at least one option, got none. Choose one."),
        (ONE, ["never", "after 16 tokens"], "answer must be one option, got 2. Choose one."),
        (ONE, ["ever"], "answer must be one of the options, got 'ever'."),
        (ONE, None, "answer must be one of the options, got None."),
        (NUMBER, "three", "answer must be a number, got 'three'. Write it in digits"),
        (NUMBER, "", "answer must be a number, got ''."),
        (NUMBER, "nan", "answer must be a number, got 'nan'."),
        (NUMBER, "1e999", "answer must be a number, got '1e999'."),
    ],
)
def test_what_is_no_answer(question, text, given, message):
    with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
        question(text).judge(given)


def test_as_html_it_is_a_list_with_folded_answers(tmp_path):
    html = quizzes.folded(quiz(tmp_path, ONE + NUMBER).questions)
    before, _, after = html.partition("<details>")
    assert "<code>end</code>" in before and "at a &lt;stop&gt;" in before and "Not here." not in before
    assert "✔ <strong>after 16 tokens</strong>: <code>max_tokens</code> is 16." in after
    assert html.count("<details>") == html.count("</details>") == 2


def test_as_text_it_is_a_list_without_answers(tmp_path):
    assert quizzes.as_text(quiz(tmp_path, ONE + NUMBER).questions).splitlines() == [
        "1. When does it `end`?",
        "   - at a <stop>",
        "   - after 16 tokens",
        "   - never",
        "2. How many?",
    ]
