"""The quiz in a notebook and the review on the course page, by keyboard alone."""

import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Lab, Notebook
from tests.browser.scratch import write
from vllm_course import paths
from vllm_course.reviewing import quizzes
from vllm_course.reviewing.quizzes import Question

QUIZ = quizzes.read(paths.lesson(1))
ONE = next(question for question in QUIZ.questions if question.kind == "one")
NUMBER = next(question for question in QUIZ.questions if question.kind == "number")


@pytest.fixture
def notebook(lab: Lab) -> Iterator[Notebook]:
    """A notebook with the quiz of lesson 01."""
    written = write(lab, "quiz.ipynb", ["from vllm_course import quiz", 'quiz("01")'])
    written.run_all()
    yield written
    written.shut_down()


def asked(part: Locator, question: Question) -> Locator:
    """Return the form of a question."""
    return part.get_by_role("group", name=plain(question.ask))


def plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def choose(form: Locator, index: int) -> None:
    """Go to an option with the keyboard, from the first one on, and check it."""
    radios = form.get_by_role("radio")
    radios.first.focus()
    radios.first.press("Space")
    for _ in range(index):
        form.locator("input:checked").press("ArrowDown")
    expect(radios.nth(index)).to_be_checked()
    form.locator("input:checked").press("Enter")


def place(question: Question, *, right: bool) -> int:
    return next(n for n, option in enumerate(question.options) if (option.right is not None) == right)


def test_a_quiz_by_keyboard_alone(notebook: Notebook) -> None:
    form = asked(notebook.panel, ONE)
    wrong, right = (ONE.options[place(ONE, right=kind)] for kind in (False, True))
    choose(form, place(ONE, right=False))
    expect(form.get_by_role("status")).to_contain_text("Not yet.")
    expect(form.get_by_role("status")).to_contain_text(plain(wrong.why))
    expect(form.get_by_role("status")).not_to_contain_text(plain(right.why))
    choose(form, place(ONE, right=True))
    expect(form.get_by_role("status")).to_contain_text("Right.")
    for option in ONE.options:
        expect(form.get_by_role("status")).to_contain_text(plain(option.why))
    field = asked(notebook.panel, NUMBER).get_by_role("textbox")
    field.fill("x")
    field.press("Enter")
    expect(asked(notebook.panel, NUMBER).get_by_role("status")).to_contain_text("answer must be a number, got 'x'.")
    field.fill(f"{NUMBER.number:g}")
    field.press("Enter")
    expect(asked(notebook.panel, NUMBER).get_by_role("status")).to_contain_text("Right.")
    expect(notebook.panel).to_contain_text(f"2 of {len(QUIZ.questions)} right")


def test_answers_come_back_after_a_restart(notebook: Notebook) -> None:
    choose(asked(notebook.panel, ONE), place(ONE, right=True))
    expect(asked(notebook.panel, ONE).get_by_role("status")).to_contain_text("Right.")
    notebook.restart()
    notebook.clear()
    expect(notebook.panel.get_by_role("group")).to_have_count(0)
    notebook.run_all()
    expect(asked(notebook.panel, ONE).get_by_role("status")).to_contain_text("Right.")
    expect(asked(notebook.panel, ONE).get_by_role("radio").nth(place(ONE, right=True))).to_be_checked()


def test_the_review_shows_nothing_until_it_is_asked_for_and_then_what_is_due(lab: Lab, notebook: Notebook) -> None:
    choose(asked(notebook.panel, ONE), place(ONE, right=False))
    expect(asked(notebook.panel, ONE).get_by_role("status")).to_contain_text("Not yet.")
    lab.command("vllm-course:open")
    page = lab.page.locator(".vc-page")
    tab = page.get_by_role("tab", name="Review")
    expect(page.get_by_role("tabpanel")).to_have_accessible_name("Lessons")
    page.get_by_role("tab", name="Lessons").press("ArrowRight")
    expect(tab).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_contain_text("Nothing is due. The next day with a question is")
    with sqlite3.connect(lab.server.progress) as connection:
        connection.execute("UPDATE answers SET at = '2025-01-02T03:04:05+00:00'")
    tab.press("Enter")
    form = asked(page, ONE)
    choose(form, place(ONE, right=True))
    expect(form.get_by_role("status")).to_contain_text("Right.")
    tab.press("Enter")
    expect(page.get_by_role("tabpanel")).to_contain_text("Nothing is due.")
    page.get_by_role("tab", name="Lessons").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("Basic offline inference")
