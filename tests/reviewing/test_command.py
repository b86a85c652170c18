"""`vllm-course review`: asks what is due, keeps answers, and shows nothing that was not asked for."""

import json
import sqlite3

import pytest

from tests.progress.cases import course_of_two, questions
from vllm_course import cli, progress


@pytest.fixture(autouse=True)
def missed(tmp_path, monkeypatch):
    """Seven questions that were missed a year ago, and one today."""
    course_of_two(tmp_path, monkeypatch)
    names = [f"q-{number}" for number in range(7)]
    questions(tmp_path / "lessons" / "01-a", *names)
    questions(tmp_path / "lessons" / "02-b", "today")
    for name in names:
        progress.record_answer("01", name, ["wrong"], right=False)
    with sqlite3.connect(progress.file()) as connection:
        connection.execute("UPDATE answers SET at = '2025-01-02T03:04:05+00:00'")
    progress.record_answer("02", "today", ["wrong"], right=False)


def review(monkeypatch, capsys, *lines: str) -> list[str]:
    """Run it with these lines at the keyboard, then Ctrl-D, and return what it printed."""
    written = iter(lines)

    def typed(asked: str) -> str:
        print(asked)
        try:
            return next(written)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)
    assert cli.main(["review"]) == 0
    return capsys.readouterr().out.splitlines()


def test_at_most_five_are_asked(monkeypatch, capsys):
    said = review(monkeypatch, capsys, "b", "a", "B)", "", "b")
    assert said[-1] == "3 of 4 right. 2 more are due."
    assert sum(line.startswith("Your answer, one letter") for line in said) == 5
    assert "✔ right: Yes." in [line.strip() for line in said]
    assert "Not yet. Section 1 of lesson 01 has it." in said
    kept = {name: [one.right for one in made] for (_, name), made in progress.read().answers.items()}
    assert [kept[f"q-{n}"] for n in range(5)] == [[False, True], [False, False], [False, True], [False], [False, True]]


def test_ctrl_d_ends(monkeypatch, capsys):
    assert review(monkeypatch, capsys, "b")[-1] == "1 of 1 right. 2 more are due."


def test_what_is_no_answer_is_asked_again(monkeypatch, capsys):
    said = review(monkeypatch, capsys, "z", "a b", "b")
    assert "answer must be letters from a to c, got 'z'. Write for example a." in said
    assert "answer must be one option, got 2. Choose one." in said
    assert said[-1] == "1 of 1 right. 2 more are due."


def test_as_json(capsys):
    assert cli.main(["review", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (len(shown["due"]), shown["due_total"], shown["later_total"]) == (5, 7, 1)
    assert "Yes." not in json.dumps(shown) and shown["due"][0]["options"] == ["wrong", "right", "wrong too"]
    assert shown["next_day"] > "2026"


def test_nothing_is_due(capsys):
    progress.reset()
    assert cli.main(["review"]) == 0
    assert capsys.readouterr().out == "Nothing is due. What you miss in a quiz comes here.\n"
    progress.record_answer("02", "today", ["wrong"], right=False)
    assert cli.main(["review"]) == 0
    assert capsys.readouterr().out.startswith("Nothing is due. The next day with a question is 20")
