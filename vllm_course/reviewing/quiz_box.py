"""The widget behind `quiz`: questions with their options; answers go to Python, which alone knows what is right."""

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from vllm_course import progress
from vllm_course.checks.keeping import not_kept
from vllm_course.reviewing import quizzes
from vllm_course.reviewing.answering import answer, kept, public

STATIC = Path(__file__).parent / "static"


class QuizBox(anywidget.AnyWidget):
    """The questions of one lesson.

    Attributes:
        quiz: The questions, with what is right.
        questions: The same as the page shows them.
        answers: What is shown of the last answer to each question, by name.
        trouble: Why answers are not kept, "" when they are.
    """

    _esm = STATIC / "quiz.js"
    _css = STATIC / "quiz.css"
    questions = traitlets.List().tag(sync=True)
    answers = traitlets.Dict().tag(sync=True)
    trouble = traitlets.Unicode().tag(sync=True)

    def __init__(self, quiz: quizzes.Quiz) -> None:
        """Ask, and show the last answers again."""
        self.quiz = quiz
        super().__init__(questions=[public(question) for question in quiz.questions], answers=self._restored())
        self.on_msg(lambda widget, content, buffers: self.take(content.get("name"), content.get("sent")))

    def take(self, name: str, sent: Any) -> None:
        """Judge and keep an answer, and show what there is to say.

        Args:
            name: The question's.
            sent: The numbers of the chosen options, from 0, or the text of a number.
        """
        if name in self.quiz.by_name:
            shown = answer(self.quiz.by_name[name], sent)
            self.trouble = shown.pop("trouble", self.trouble)
            self.answers = {**self.answers, name: shown}

    def __repr__(self) -> str:
        """Show the questions where there are no widgets."""
        return quizzes.as_text(self.quiz.questions)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Offer the widget, and for pages without one the questions with folded answers."""
        bundle, metadata = super()._repr_mimebundle_(**options)
        return bundle | {"text/plain": repr(self), "text/html": quizzes.folded(self.quiz.questions)}, metadata

    def _restored(self) -> dict[str, Any]:
        try:
            answers = progress.read().answers
        except progress.ProgressError as error:
            self.trouble = not_kept(error)
            return {}
        last = {q.name: answers[q.lesson, q.name][-1] for q in self.quiz.questions if (q.lesson, q.name) in answers}
        shown = {name: kept(self.quiz.by_name[name], one.given) for name, one in last.items()}
        return {name: one for name, one in shown.items() if one}
