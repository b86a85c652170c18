"""The quizzes of the lessons: questions from `lessons/NN-slug/quiz.yaml`, and what is said about an answer.

The questions are in a file of their own, because a learner who reads the notebook must not read the answers as well.
"""

import math
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vllm_course import paths
from vllm_course.as_written import read_settings
from vllm_course.errors import CourseError, UsageError, get_again
from vllm_course.forecasts import shown

FILE = "quiz.yaml"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
CODE = re.compile(r"`([^`]+)`")
RIGHT, WRONG = "✔", "✘"
MORE = "Something that is right is still missing."

Text = Annotated[str, Field(min_length=1)]


class Reason(NamedTuple):
    """One line about an answer.

    Attributes:
        mark: `RIGHT` or `WRONG`.
        what: What it is about: an option, or a number.
        why: The reason.
    """

    mark: str
    what: str
    why: str


class Verdict(NamedTuple):
    """What is said about an answer: whether it is right, and the reasons."""

    right: bool
    reasons: tuple[Reason, ...]


class Part(BaseModel):
    """What all parts of a quiz share: nothing beside what is declared, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(Part):
    """One of several things to choose: `right` or `wrong` is its text, `why` the reason."""

    right: Text | None = None
    wrong: Text | None = None
    why: Text

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.right is None) == (self.wrong is None):
            raise ValueError("an option must be right or wrong")
        return self

    @property
    def text(self) -> str:
        """What can be chosen."""
        return self.right or self.wrong or ""


class Slip(Part):
    """A number that somebody gets by a mistake, and which mistake that is."""

    wrong: float
    why: Text


class Question(Part):
    """A question. Either it has options, or its answer is a number.

    Attributes:
        lesson: For example `"05"`.
        name: Its name in the file, which is the name of its proof in `checks/` as well. It is what progress is kept by.
        ask: What is asked. In all texts code is in backticks.
        code: Code that the question is about, "" for none.
        see: The number of the lesson's section that has the answer.
        options: What can be chosen.
        number: What is right.
        within: How far off a number may be.
        unit: Of the number, for example "tokens".
        why: The reason for the number.
        slips: Numbers that come from a known mistake.
        otherwise: What is said about any other number.
    """

    lesson: str
    name: str
    ask: Text
    code: str = ""
    see: int
    options: tuple[Option, ...] = ()
    number: float | None = None
    within: float = Field(0, ge=0)
    unit: str = ""
    why: str = ""
    slips: tuple[Slip, ...] = ()
    otherwise: str = ""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if not NAME.fullmatch(self.name):
            raise ValueError("a name must be small letters and digits, with dashes between words")
        if self.number is None:
            texts = {option.text for option in self.options}
            kinds = {option.right is not None for option in self.options}
            if len(texts) < max(3, len(self.options)) or kinds != {True, False}:
                raise ValueError("a question must have a number, or 3 or more different options, right and wrong ones")
        elif self.options or not (self.why and self.otherwise and self.slips):
            raise ValueError("a number must come with why, slips and otherwise, and without options")
        elif near := [slip.wrong for slip in self.slips if self._hits(slip.wrong)]:
            raise ValueError(f"a slip must be wrong, and {near[0]:g} is right")
        return self

    @property
    def kind(self) -> Literal["one", "several", "number"]:
        """How it is answered: with one option, with those that are right, or with a number."""
        rights = sum(option.right is not None for option in self.options)
        return "number" if self.number is not None else "one" if rights == 1 else "several"

    def judge(self, given: Any) -> Verdict:
        """Say whether an answer is right, and why.

        Args:
            given: The texts of the options that were chosen, or a number.

        Returns:
            A reason for each chosen option. When all is right, the reasons of the other options as well.

        Raises:
            UsageError: It is no answer to this question.
        """
        if self.kind == "number":
            return self._judge_number(self.plain(given))
        chosen = self._chosen(given)
        right = all((option.right is not None) == (option in chosen) for option in self.options)
        told = self.options if right else chosen
        reasons = [Reason(WRONG if option.wrong else RIGHT, option.text, option.why) for option in told]
        lacking = not right and all(option.right for option in chosen)
        return Verdict(right, (*reasons, *([Reason(WRONG, "", MORE)] if lacking else [])))

    def plain(self, given: Any) -> list[str] | float:
        """Return an answer as it is kept: the texts of the options, or a number.

        Raises:
            UsageError: It is no answer to this question.
        """
        if self.kind != "number":
            return [option.text for option in self._chosen(given)]
        try:
            number = float(str(given).replace(",", "").strip())
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise UsageError(f"answer must be a number, got {str(given)!r:.40}. Write it in digits, for example 0.5.")
        return number

    def _judge_number(self, given: float) -> Verdict:
        if self._hits(given):
            others = (Reason(WRONG, self._shown(slip.wrong), slip.why) for slip in self.slips)
            return Verdict(True, (Reason(RIGHT, self._shown(self.number), self.why), *others))
        slip = min(self.slips, key=lambda slip: abs(slip.wrong - given))
        known = math.isclose(slip.wrong, given, rel_tol=1e-3) or abs(slip.wrong - given) <= self.within
        return Verdict(False, (Reason(WRONG, self._shown(given), slip.why if known else self.otherwise),))

    def _hits(self, given: float) -> bool:
        return abs(given - self.number) <= self.within + 1e-9 * abs(self.number)

    def _shown(self, number: float) -> str:
        return f"{shown(number)} {self.unit}".rstrip()

    def _chosen(self, given: Any) -> list[Option]:
        texts = [given] if isinstance(given, str) else list(given) if isinstance(given, list | tuple | set) else [given]
        if not texts:
            raise UsageError("answer must be at least one option, got none. Choose one.")
        known = {option.text: option for option in self.options}
        if unknown := [text for text in texts if text not in known]:
            raise UsageError(f"answer must be one of the options, got {unknown[0]!r:.60}. Ask the question anew.")
        if self.kind == "one" and len(texts) > 1:
            raise UsageError(f"answer must be one option, got {len(texts)}. Choose one.")
        return [known[text] for text in known if text in texts]


class Quiz(Part):
    """The questions of a lesson, in order."""

    lesson: str
    questions: tuple[Question, ...]

    @cached_property
    def by_name(self) -> dict[str, Question]:
        """Each question by its name."""
        return {question.name: question for question in self.questions}


def read(folder: Path) -> Quiz:
    """Read a lesson's quiz; without the file it has no questions.

    Args:
        folder: The lesson's, for example `lessons/05-batch-inference`.

    Raises:
        CourseError: The file is damaged.
    """
    file, lesson = folder / FILE, folder.name[:2]
    if not file.is_file():
        return Quiz(lesson=lesson, questions=())
    try:
        written = read_settings(file, name=FILE)
        parts = [{"lesson": lesson, "name": name, **_mapping(question)} for name, question in written.items()]
        return Quiz(lesson=lesson, questions=tuple(map(Question.model_validate, parts)))
    except (UsageError, ValidationError, TypeError) as error:
        reason = "; ".join(_rules(error)) if isinstance(error, ValidationError) else str(error).rstrip(".")
        where = file.relative_to(paths.root()).as_posix() if file.is_relative_to(paths.root()) else str(file)
        raise CourseError(f"{where} must be a quiz, got a damaged file ({reason}). {get_again(where)}") from None


def of_course() -> Iterator[Question]:
    """Yield the questions of all lessons, in order."""
    for folder in sorted((paths.root() / "lessons").glob("[0-9][0-9]-*")):
        yield from read(folder).questions


def as_html(text: str) -> str:
    """Return a text of a quiz as HTML.

    Example:
        >>> as_html("Is `n<2` right?")
        'Is <code>n&lt;2</code> right?'
    """
    return CODE.sub(r"<code>\1</code>", escape(text.strip(), quote=False))


def folded(questions: Iterable[Question]) -> str:
    """Return the questions in HTML for pages without a kernel: each answer is folded."""
    return "".join(f"<li>{_asked(question)}{_answer(question)}</li>" for question in questions).join(["<ol>", "</ol>"])


def as_text(questions: Iterable[Question]) -> str:
    """Return the questions and their options as text, without the answers."""
    lines = []
    for number, question in enumerate(questions, 1):
        lines += [f"{number}. {question.ask.strip()}", *(f"   - {option.text}" for option in question.options)]
    return "\n".join(lines)


def _asked(question: Question) -> str:
    code = f"<pre><code>{escape(question.code.rstrip())}</code></pre>" if question.code else ""
    options = "".join(f"<li>{as_html(option.text)}</li>" for option in question.options)
    return f"<p>{as_html(question.ask)}</p>{code}" + (f"<ul>{options}</ul>" if options else "")


def _answer(question: Question) -> str:
    right = question.number if question.number is not None else [o.text for o in question.options if o.right]
    lines = [
        f"<p>{reason.mark} <strong>{as_html(reason.what)}</strong>: {as_html(reason.why)}</p>"
        for reason in question.judge(right).reasons
    ]
    return f"<details><summary>Answer</summary>{''.join(lines)}</details>"


def _mapping(question: Any) -> dict[str, Any]:
    if not isinstance(question, dict):
        raise TypeError(f"a question must hold keys with values, got {type(question).__name__}")
    return question


def _rules(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, rule['loc'])) or 'a question'}: {rule['msg']}" for rule in error.errors()]
