"""The instructor's guide says what the lessons say: minutes, exercises, commands."""

import re

import pytest

from tests.rules import language
from tests.rules.map_rules import MINUTES
from tests.rules.notebooks import read
from vllm_course import catalogue, cli, paths

GUIDE = (paths.root() / "teaching" / "guide.md").read_text(encoding="utf-8")
LEVEL = re.compile(r"^\*(Beginner|Intermediate|Advanced), (\d+) minutes", re.MULTILINE)
PROJECT = re.compile(r"(Challenge|Project)\b")
LESSONS = catalogue.lessons()
HALF_DAY = 210


def cells(notebook: str) -> list[str]:
    """Return the texts of a notebook."""
    return [cell.source for cell in read(paths.root() / notebook).cells if cell.cell_type == "markdown"]


def minutes(lesson: catalogue.Lesson) -> tuple[int, int, int]:
    """Return a lesson's minutes: of its notebook, of the exercises of the first two levels, of the advanced ones."""
    story = int(MINUTES.search(cells(lesson.notebook)[0]).group(1))
    levels = LEVEL.findall("\n".join(cells(lesson.exercises_notebook)))
    assert len(levels) == len(lesson.exercises)
    advanced = sum(int(number) for level, number in levels if level == "Advanced")
    return story, sum(int(number) for _, number in levels) - advanced, advanced


def test_the_plan_has_the_minutes_of_every_lesson():
    rows = re.findall(r"^\| (\d\d) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", GUIDE, re.MULTILINE)
    known = [(lesson.number, *minutes(lesson)) for lesson in LESSONS]
    assert [(row[0], *map(int, row[1:])) for row in rows] == [(n, a, b, a + b, c) for n, a, b, c in known]


def test_what_the_guide_says_of_the_half_days_holds():
    in_class = {lesson.number: sum(minutes(lesson)[:2]) for lesson in LESSONS}
    assert f"so {HALF_DAY} minutes of work" in GUIDE
    assert [number for number, total in in_class.items() if total > HALF_DAY] == ["03"]
    assert HALF_DAY - in_class["01"] > 60
    over = in_class["03"] - HALF_DAY
    assert f"**Lesson 03** is {over} minutes too long. Give exercise 3.11" in GUIDE
    text = next(cell for cell in cells(LESSONS[2].exercises_notebook) if cell.startswith("## Exercise 3.11:"))
    assert LEVEL.search(text).groups() == ("Intermediate", str(over))


def test_an_hour_by_hour_plan_is_a_half_day():
    plan = GUIDE.split("### A half-day, hour by hour")[1].split("## ")[0]
    assert sum(map(int, re.findall(r"^\| (\d+) \|", plan, re.MULTILINE))) == HALF_DAY + 30


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_the_rubric_has_the_project_of_every_lesson(lesson):
    named = [number for number, title in lesson.exercises.items() if PROJECT.match(title)]
    assert f"\n| {(named or [*lesson.exercises])[-1]} | " in GUIDE


def test_every_exercise_that_it_names_is_there():
    known = {number for lesson in LESSONS for number in lesson.exercises}
    named = set(re.findall(r"exercise (\d+\.\d+)|^\| (\d+\.\d+) \||(2\.1\d)\b", GUIDE, re.MULTILINE))
    assert {number for row in named for number in row if number} <= known


def test_the_options_that_it_names_are_there(capsys):
    said = ""
    for command in ("progress", "certificate"):
        with pytest.raises(SystemExit):
            cli.main([command, "--help"])
        said += capsys.readouterr().out
    options = set(re.findall(r"--[a-z]+", GUIDE)) - {"--offline"}
    assert options and [option for option in options if option not in said] == []


def test_it_speaks_plainly():
    assert language.problems(GUIDE) == []
    text = re.sub(r"```.*?```|^\|.*$|`[^`]*`", "x", GUIDE, flags=re.DOTALL | re.MULTILINE)
    sentences = re.split(r"(?<=[.!?:])\s+|\n\n", text)
    assert [sentence for sentence in sentences if len(sentence.split()) > 30] == []
