"""A review at a terminal: a question, an answer by letters or a number, and the reasons."""

import string
import textwrap

from vllm_course.errors import UsageError
from vllm_course.reviewing.answering import take
from vllm_course.reviewing.quizzes import Question

WIDTH = 88
HOW = {
    "one": "Your answer, one letter",
    "several": "Your answer, all letters that are right",
    "number": "Your answer, a number",
}


def ask_all(questions: list[Question], *, left: int) -> None:
    """Ask questions one after the other, and say how many were right.

    Args:
        questions: What to ask.
        left: How many more are due.
    """
    right = asked = 0
    for number, question in enumerate(questions, 1):
        print(f"\n{number} of {len(questions)}, lesson {question.lesson}\n{_asked(question)}")
        try:
            verdict = _ask(question)
        except EOFError:
            print()
            break
        asked, right = asked + (verdict is not None), right + bool(verdict)
    more = f" {left} more are due." if left else ""
    print(f"\n{right} of {asked} right.{more}")


def _ask(question: Question) -> bool | None:
    """Ask until there is an answer, and tell its reasons; return whether it is right, None for no answer."""
    while written := input(f"{HOW[question.kind]}: ").strip():
        try:
            _, verdict, trouble = take(question, _chosen(question, written))
        except UsageError as error:
            print(error)
            continue
        print("Right." if verdict.right else f"Not yet. Section {question.see} of lesson {question.lesson} has it.")
        for mark, what, why in verdict.reasons:
            print(_wrapped(f"{mark} {what}: {why}" if what else f"{mark} {why}", indent="  "))
        if trouble:
            print(trouble)
        return verdict.right
    return None


def _asked(question: Question) -> str:
    code = textwrap.indent(question.code.rstrip(), "    ").splitlines()
    letters = zip(string.ascii_lowercase, question.options, strict=False)
    options = [_wrapped(f"{letter}) {option.text}", indent="   ") for letter, option in letters]
    unit = [f"(in {question.unit})"] if question.unit else []
    return "\n".join([_wrapped(question.ask.strip()), *code, *options, *unit])


def _chosen(question: Question, written: str) -> list[str] | str:
    """Return the texts of the options whose letters were written, in any of the ways that people write letters."""
    if question.kind == "number":
        return written
    letters = [letter for letter in written.lower() if letter not in " ,;.)("]
    texts = dict(zip(string.ascii_lowercase, (option.text for option in question.options), strict=False))
    if unknown := [letter for letter in letters if letter not in texts]:
        last = list(texts)[-1]
        raise UsageError(f"answer must be letters from a to {last}, got {unknown[0]!r}. Write for example a.")
    return [texts[letter] for letter in letters]


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
