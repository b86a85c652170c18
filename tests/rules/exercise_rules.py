"""What an exercise notebook must keep, and what must hold of an exercise when its stub and wrong answers are tried."""

import re
from typing import Any

from nbformat import NotebookNode

from tests.checks.wrong_answers import Changed, Edit, Wrong
from tests.rules.markdown import anchors
from tests.rules.notebooks import code
from tools.exercise_cells import TITLE, ExerciseCells, check_calls, nbgrader, sections
from vllm_course import check, checks, paths

LEVEL = re.compile(r"\b(Beginner|Intermediate|Advanced)\b")
MINUTES = re.compile(r"\b\d+ minutes\b")
TRAINS = re.compile(r"\btrains\b", re.IGNORECASE)
LEVELS = {"Beginner", "Intermediate", "Advanced"}
LEAST_EXERCISES, LEAST_HINTS, LEAST_WRONG, LEAST_HINT_TEXT = 8, 2, 2, 4


def structure(notebook: NotebookNode) -> list[str]:
    """Under each `## Exercise` come one solution cell and one grade cell that ends with `check("1.3", ...)`."""
    found = []
    for text, cells in sections(notebook):
        number = ".".join(TITLE.search(text).groups())
        for kind in ("solution", "grade"):
            if (count := sum(bool(nbgrader(cell).get(kind)) for cell in cells)) != 1:
                found.append(f"exercise {number} must have one {kind} cell, got {count}")
        numbers = [c.args[0].value for cell in cells if nbgrader(cell).get("grade") for c in check_calls(cell)]
        if not numbers or set(numbers) != {number}:
            found.append(f'exercise {number} must end with check("{number}", ...), got {numbers}')
    return found


def grading(notebook: NotebookNode) -> list[str]:
    """Grade cells are locked and give points, solution cells are open, and every grade_id is used once."""
    found, ids = [], []
    for i, cell in code(notebook):
        data = nbgrader(cell)
        ids += [data["grade_id"]] if "grade_id" in data else []
        if data.get("grade") and not (data.get("points", 0) > 0 and data.get("locked")):
            found.append(f"cell {i} must be locked and give points, got {dict(data)}")
        if data.get("solution") and data.get("locked"):
            found.append(f"cell {i} must not be locked: the learner writes in it")
    return found + [f"grade_id must be unique, got {name!r} twice" for name in {n for n in ids if ids.count(n) > 1}]


def numbering(notebook: NotebookNode) -> list[str]:
    """Exercises are numbered 1, 2, ... within one lesson, and there are enough of them on all three levels."""
    texts = [text for text, _ in sections(notebook)]
    pairs = [tuple(map(int, TITLE.search(text).groups())) for text in texts]
    found = []
    if [number for _, number in pairs] != [*range(1, len(pairs) + 1)] or len({lesson for lesson, _ in pairs}) != 1:
        found.append(f"exercises must be numbered 1, 2, ... within one lesson, got {pairs}")
    if len(pairs) < LEAST_EXERCISES:
        found.append(f"a lesson must have at least {LEAST_EXERCISES} exercises, got {len(pairs)}")
    if missing := LEVELS - {level for text in texts for level in LEVEL.findall(text)}:
        found.append(f"a lesson must have exercises of all three levels, got none for {', '.join(sorted(missing))}")
    return found


def described(notebook: NotebookNode) -> list[str]:
    """Each exercise states its level, its minutes, and what it trains."""
    wanted = {"a level": LEVEL, "its minutes": MINUTES, "what it trains": TRAINS}
    return [
        f"{text.splitlines()[0]!r} must state {name}"
        for text, _ in sections(notebook)
        for name, pattern in wanted.items()
        if not pattern.search(text)
    ]


def hints(number: str) -> list[str]:
    """An exercise has hints from vague to clear, no two the same, and names a section that is there to read on."""
    exercise = checks.find(number)
    count = len(set(exercise.hints))
    few = [] if count >= LEAST_HINTS else [f"exercise {number} must have at least {LEAST_HINTS} hints, got {count}"]
    return few + [f"exercise {number}: {problem}" for problem in _concept(exercise.concept)]


def _concept(concept: str) -> list[str]:
    """A concept is a page of concepts/ and the anchor of one of its sections."""
    name, _, anchor = concept.partition("#")
    page = paths.root() / "concepts" / name
    if page in (paths.root() / "concepts").glob("*.md") and anchor in anchors(page.read_text("utf-8")):
        return []
    return [f"concept must be a page of concepts/ and a section in it, page.md#section, got {concept!r}"]


def not_attempted(exercise: ExerciseCells) -> list[str]:
    """The stub is valid Python by itself, and `check` says that it is open."""
    namespace: dict[str, Any] = {}
    try:
        exec(exercise.stub.source, namespace)
    except Exception as error:
        return [f"the stub of {exercise.number} must run by itself, got {type(error).__name__}: {error}"]
    status = check(exercise.number, *exercise.answers(namespace)).status
    return [] if status == "not attempted" else [f"the stub of {exercise.number} must be open, got {status!r}"]


def refused(exercise: ExerciseCells, wrong: list[Wrong | Edit | Changed], namespace: dict[str, Any]) -> list[str]:
    """Two or more wrong answers are named, and each gets the hint that fits it."""
    found, number = [], exercise.number
    if len({w.name for w in wrong}) < max(LEAST_WRONG, len(wrong)):
        found.append(f"exercise {number} must have {LEAST_WRONG} wrong answers of different names, got {len(wrong)}")
    for mistake in wrong:
        result = check(number, *mistake.answers(exercise, namespace))
        fits = len(mistake.hint) >= LEAST_HINT_TEXT and mistake.hint in result.message
        if result.status != "not yet" or not fits:
            found.append(f"{mistake.name!r} must be refused with {mistake.hint!r}, got {result!r}")
    return found


RULES = (structure, grading, numbering, described)
