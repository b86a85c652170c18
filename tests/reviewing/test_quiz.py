"""The quiz: answers are judged in Python, kept and shown again, and pages without a kernel show a folded list."""

import pytest

from tests.progress.cases import course_of_two, questions
from vllm_course import CourseError, progress
from vllm_course.checks.keeping import STRICT
from vllm_course.reviewing.quiz import quiz

FULL = "the disk must have room, got none. Make some."


@pytest.fixture(autouse=True)
def lesson(tmp_path, monkeypatch):
    course_of_two(tmp_path, monkeypatch)
    questions(tmp_path / "lessons" / "01-a", "length", "blocks")
    return tmp_path / "lessons" / "01-a"


def sent(box, name: str, answer) -> dict:
    """Send an answer as the page does, and return what it shows."""
    box._handle_custom_msg({"name": name, "sent": answer}, [])
    return box.answers[name]


def test_the_page_is_not_told_what_is_right():
    box = quiz("01")
    assert [question["name"] for question in box.questions] == ["length", "blocks"] and box.answers == {}
    assert "Yes." not in str(box.get_state())


def test_an_answer_is_judged_kept_and_shown():
    box = quiz("01")
    assert sent(box, "length", [0]) == {"right": False, "reasons": [["✘", "wrong", "No."]], "sent": [0]}
    assert sent(box, "length", [1])["right"] and len(box.answers["length"]["reasons"]) == 3
    assert [one.right for one in progress.read().answers["01", "length"]] == [False, True]


def test_the_last_answer_comes_back_and_one_to_a_question_that_changed_does_not(lesson):
    sent(quiz("01"), "length", [0])
    sent(quiz("01"), "blocks", [2])
    assert quiz("01").answers["length"] == {"right": False, "reasons": [["✘", "wrong", "No."]], "sent": [0]}
    file = lesson / "quiz.yaml"
    file.write_text(file.read_text().replace("wrong too", "another"))
    assert list(quiz("01").answers) == ["length"]


@pytest.mark.parametrize("answer", [[], [7], None, "x", [0, 1]])
def test_what_is_no_answer_is_said_and_not_kept(answer):
    box = quiz("01")
    assert list(sent(box, "length", answer)) == ["problem"] and progress.read().answers == {}
    assert sent(box, "length", [1])["right"]


def test_trouble_is_said_until_it_is_over(monkeypatch):
    box = quiz("01")
    with monkeypatch.context() as patch:
        patch.setattr(progress, "record_answer", lambda *a, **k: (_ for _ in ()).throw(progress.ProgressError(FULL)))
        assert sent(box, "length", [1])["right"] and box.trouble == f"Not kept: {FULL}"
    sent(box, "length", [1])
    assert box.trouble == ""


def test_progress_that_cannot_be_read_is_no_reason_not_to_ask(monkeypatch):
    monkeypatch.setattr(progress, "read", lambda: (_ for _ in ()).throw(progress.ProgressError(FULL)))
    box = quiz("01")
    assert box.trouble == f"Not kept: {FULL}" and box.answers == {}


def test_graded_nothing_is_kept(monkeypatch):
    monkeypatch.setenv(STRICT, "1")
    box = quiz("01")
    assert sent(box, "length", [1])["right"] and progress.read().answers == {} and box.trouble == ""


def test_pages_without_a_kernel_show_a_folded_list():
    (bundle, _), (again, _) = (quiz("01")._repr_mimebundle_() for _ in "ab")
    assert bundle["text/html"].count("<details>") == 2 and bundle["text/plain"].startswith("1. What is right?")
    assert all(bundle[kind] == again[kind] for kind in ("text/html", "text/plain"))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (1, 'lesson must be a number of two digits, got 1. Give it as a text: "01".'),
        ("77", "lesson must be one of those in lessons/, got 77."),
        ("02", "lesson must be one with a quiz, got '02'."),
    ],
)
def test_a_wrong_lesson(number, message):
    with pytest.raises(CourseError) as caught:
        quiz(number)
    assert str(caught.value).startswith(message)
