"""A question as a page shows it, and an answer from a page: judged, kept, and told as JSON-able values."""

from typing import Any

from vllm_course import progress
from vllm_course.checks.keeping import not_kept, strict
from vllm_course.errors import UsageError
from vllm_course.reviewing.quizzes import Question, Verdict, as_html


def public(question: Question) -> dict[str, Any]:
    """Return what a page needs to ask a question. What is right is not among it."""
    return {
        "lesson": question.lesson,
        "name": question.name,
        "kind": question.kind,
        "ask": as_html(question.ask),
        "code": question.code.rstrip(),
        "options": [as_html(option.text) for option in question.options],
        "unit": question.unit,
        "see": question.see,
    }


def answer(question: Question, sent: Any) -> dict[str, Any]:
    """Judge what a page sent, keep it, and return what is shown.

    Args:
        question: What was asked.
        sent: The numbers of the chosen options, from 0, or the text of a number.

    Returns:
        What `told` returns; `trouble` says why the answer was not kept. For what is no answer, only `problem`.
    """
    try:
        given, verdict, trouble = take(question, _texts(question, sent))
    except UsageError as error:
        return {"problem": str(error)}
    return told(question, given, verdict) | {"trouble": trouble}


def take(question: Question, given: Any) -> tuple[list[str] | float, Verdict, str]:
    """Judge an answer and keep it.

    Args:
        question: What was asked.
        given: The texts of the chosen options, or a number.

    Returns:
        The answer as it is kept, what there is to say, and why it was not kept ("" when it was).

    Raises:
        UsageError: It is no answer to this question.
    """
    plain = question.plain(given)
    verdict = question.judge(plain)
    return plain, verdict, _keep(question, plain, verdict)


def kept(question: Question, given: list[str] | float) -> dict[str, Any] | None:
    """Return what is shown of an answer that was kept; None where the question has changed since."""
    try:
        return told(question, given, question.judge(given))
    except UsageError:
        return None


def told(question: Question, given: list[str] | float, verdict: Verdict) -> dict[str, Any]:
    """Return `right`, `reasons` (mark, what it is about, why), and `sent`, which is the answer as a page sends it."""
    texts = [option.text for option in question.options]
    sent = [texts.index(text) for text in given] if isinstance(given, list) else f"{given:.15g}"
    reasons = [[mark, as_html(what), as_html(why)] for mark, what, why in verdict.reasons]
    return {"right": verdict.right, "reasons": reasons, "sent": sent}


def _texts(question: Question, sent: Any) -> Any:
    """Return the texts of chosen options by their numbers; anything else as it is."""
    if question.kind == "number" or not isinstance(sent, list):
        return sent
    return [question.options[n].text if n in range(len(question.options)) else n for n in sent]


def _keep(question: Question, given: list[str] | float, verdict: Verdict) -> str:
    """Keep an answer, and say why if that fails."""
    if strict():
        return ""
    try:
        progress.record_answer(question.lesson, question.name, given, right=verdict.right)
    except progress.ProgressError as error:
        return not_kept(error)
    return ""
