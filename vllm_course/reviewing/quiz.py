"""The questions that end a lesson: `quiz("05")`."""

from typing import TYPE_CHECKING

from vllm_course import catalogue
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
    found = quizzes.read(catalogue.folder_of(lesson))
    if not found.questions:
        raise CourseError(f"lesson must be one with a quiz, got {lesson!r}. See lessons/README.md.")
    from vllm_course.reviewing.quiz_box import QuizBox  # takes ipywidgets along, which no terminal needs

    return QuizBox(found)
