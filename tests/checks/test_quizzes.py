"""What the quizzes say: each question has a proof, and each figure in an answer or a reason is one that it found."""

import ast
import importlib
import inspect
import re

import pytest

from tests.rules.language import problems
from tests.rules.notebooks import lesson_notebook, lessons, read
from vllm_course.reviewing import quizzes
from vllm_course.reviewing.quizzes import CODE, Question

pytestmark = pytest.mark.usefixtures("one_engine")

QUESTIONS = {f"{question.lesson} {question.name}": question for question in quizzes.of_course()}
ALL = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
# A number, but for those in code, those of sections, lessons and exercises, and those in a name (F32).
FIGURE = re.compile(r"(?<![\w.])(?<!section )(?<!lesson )(?<!exercise )-?\d[\d,]*(?:\.\d+)?(?![\w])")
LEAST, MOST = 5, 8


def proof(question: Question):
    """Return the function in `checks/quiz_NN.py` that proves a question."""
    module = importlib.import_module(f"checks.quiz_{question.lesson}")
    return getattr(module, question.name.replace("-", "_"), None)


def said(question: Question) -> list[str]:
    """Return the texts that a question claims: right options and all reasons."""
    parts = [option.right or "" for option in question.options] + [option.why for option in question.options]
    return [*parts, question.why, question.otherwise, *(slip.why for slip in question.slips)]


def figures(text: str) -> set[float]:
    return {float(found.replace(",", "").rstrip(".")) for found in FIGURE.findall(CODE.sub("", text))}


def test_every_lesson_has_a_quiz():
    counts = {folder.name: len(quizzes.read(folder).questions) for folder in lessons()}
    assert {name: count for name, count in counts.items() if not LEAST <= count <= MOST} == {}


@ALL
def test_what_it_says_is_proven(question, monkeypatch, tmp_path):
    prove = proof(question)
    assert prove, f"checks/quiz_{question.lesson}.py must have a function {question.name.replace('-', '_')}"
    monkeypatch.chdir(tmp_path)
    found = prove() or []
    claimed = set().union(*map(figures, said(question)))
    assert {figure for figure in claimed if not any(abs(figure - one) < 1e-9 for one in found)} == set()
    if question.number is not None:
        assert any(question.judge(one).right for one in found)


@ALL
def test_a_proof_can_fail(question):
    nodes = list(ast.walk(ast.parse(inspect.getsource(proof(question)))))
    assert any(isinstance(node, ast.Assert | ast.Call) for node in nodes)
    assert inspect.getdoc(proof(question))


@ALL
def test_its_texts_are_plain(question):
    assert [problem for text in [question.ask, *said(question)] for problem in problems(text)] == []


@ALL
def test_the_section_is_there(question):
    folder = next(each for each in lessons() if each.name.startswith(question.lesson))
    titles = re.findall(r"^## (\d+)\. ", "\n".join(c.source for c in read(lesson_notebook(folder)).cells), re.MULTILINE)
    assert str(question.see) in titles


def test_right_answers_are_not_always_at_one_place():
    """In no lesson is the first option right in more than half of the questions, nor any other place in all."""
    for folder in lessons():
        chosen = [question for question in quizzes.read(folder).questions if question.kind == "one"]
        places = [next(i for i, option in enumerate(each.options) if option.right) for each in chosen]
        assert places.count(0) <= max(1, len(places) / 2), folder.name
        assert len(places) < 3 or len({*places}) > 1, folder.name
