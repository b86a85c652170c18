"""The questions that end a lesson: `quiz("05")`."""

import re
from typing import TYPE_CHECKING

from vllm_course import paths
from vllm_course.errors import CourseError
from vllm_course.reviewing import quizzes

if TYPE_CHECKING:
    from vllm_course.reviewing.quiz_box import QuizBox


def quiz(lesson: str) -> "QuizBox":
    """Ask the questions of a lesson. Each answer gets its reasons, is kept, and counts for the progress.

    Where there are no widgets (GitHub, nbconvert) it is a list with folded answers, and in a terminal one without them.

    Args:
        lesson: The lesson's number with two digits, for example `"05"`. Its questions are in the file `quiz.yaml` of
            its folder.

    Returns:
        A widget. A notebook shows it when the call is the last line of a cell.

    Raises:
        CourseError: There is no such lesson, or it has no questions.
    """
    if not isinstance(lesson, str) or not re.fullmatch("[0-9]{2}", lesson):
        raise CourseError(f'lesson must be a number of two digits, got {lesson!r}. Give it as a text: "01".')
    try:
        found = quizzes.read(paths.lesson(int(lesson)))
    except FileNotFoundError as error:
        raise CourseError(str(error)) from None
    if not found.questions:
        raise CourseError(f"lesson must be one with a quiz, got {lesson!r}. See lessons/README.md.")
    from vllm_course.reviewing.quiz_box import QuizBox  # takes ipywidgets along, which no terminal needs

    return QuizBox(found)
