"""The sampling parameters of a chat: vLLM's names, their ranges, and what becomes of them in vLLM."""

import argparse
import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from vllm_course.errors import CourseError
from vllm_course.tool import number

if TYPE_CHECKING:
    from vllm import LLM, SamplingParams

LONGEST = 256  # tokens of an answer, unless the context is too small for it
SEEDS = 2**63 - 1  # the largest that PyTorch takes


class Rule(NamedTuple):
    """What a parameter may be.

    Attributes:
        kind: Function from text to value that raises `argparse.ArgumentTypeError`, as argparse wants it.
        meaning: What the parameter does.
    """

    kind: Callable[[str], Any]
    meaning: str


def truth(text: str) -> bool:
    """Read `true` or `false`; an argparse type."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"must be true or false, got {text!r}. Write one of the two.")
    return text.lower() == "true"


RULES = {
    "temperature": Rule(
        number(float, low=0, high=2, remedy="Use 0 for greedy decoding."),
        "0 always takes the likeliest token, up to 2 for more variety",
    ),
    "top_p": Rule(
        number(float, low=0, high=1, above=True, remedy="Use 1 to keep all tokens."),
        "sample from the likeliest tokens that hold this probability",
    ),
    "top_k": Rule(number(int, low=-1, remedy="Use 0 to keep all tokens."), "sample from this many of the likeliest"),
    "min_p": Rule(
        number(float, low=0, high=1, remedy="Use 0 to keep all tokens."),
        "sample from tokens at least this fraction as likely as the likeliest",
    ),
    "repetition_penalty": Rule(
        number(float, low=0, above=True, remedy="Use 1 to switch it off."),
        "above 1 avoids tokens of prompt and answer",
    ),
    "presence_penalty": Rule(
        number(float, low=-2, high=2, remedy="Use 0 to switch it off."),
        "subtracted once for a token that the answer already holds",
    ),
    "frequency_penalty": Rule(
        number(float, low=-2, high=2, remedy="Use 0 to switch it off."),
        "subtracted for every time that the answer holds a token",
    ),
    "max_tokens": Rule(number(int, low=1, remedy="Use 64 for a few sentences."), "longest answer, in tokens"),
    "ignore_eos": Rule(truth, "true goes on where the model would end its answer"),
    "seed": Rule(
        number(int, low=0, high=SEEDS, remedy="Use any whole number; the same seed gives the same answer."),
        "start of the random numbers of each answer",
    ),
}


def parse_changes(text: str) -> dict[str, Any]:
    """Read `name=value ...`.

    Raises:
        CourseError: A name is unknown, or a value breaks its rule.

    Example:
        >>> parse_changes("temperature=0.5 max_tokens=40")
        {'temperature': 0.5, 'max_tokens': 40}
    """
    return dict(_change(word) for word in text.split())


def check_values(values: dict[str, Any]) -> dict[str, Any]:
    """Check parameters that a file holds, where a number is a number and not a text.

    Raises:
        CourseError: A name is unknown, or a value breaks its rule.
    """
    for name, value in values.items():
        wanted = bool if _rule(name).kind is truth else int | float
        if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
            raise CourseError(f"{name} must be {'true or false' if wanted is bool else 'a number'}, got {value!r}.")
    return {name: _parsed(name, str(value)) for name, value in values.items()}


def defaults(llm: "LLM") -> dict[str, Any]:
    """Return what counts as long as nothing else is asked for: the model's own, a longer answer, and seed 0."""
    own = llm.get_default_sampling_params()
    longest = min(LONGEST, llm.llm_engine.model_config.max_model_len // 2)
    return {name: getattr(own, name) for name in RULES} | {"max_tokens": longest, "seed": 0}


def check_length(max_tokens: int, context: int, *, name: str = "max_tokens") -> None:
    """Refuse an answer that leaves no room for a question.

    Raises:
        CourseError: `max_tokens` is not below the context, in tokens.
    """
    if max_tokens >= context:
        raise CourseError(
            f"{name} must be < {context}, the context in tokens, got {max_tokens}. "
            f"Use {min(LONGEST, context // 2)} to leave room for a question."
        )


def sampling_params(values: dict[str, Any]) -> "SamplingParams":
    """Return vLLM's object; vLLM has the last word on the values.

    Raises:
        CourseError: vLLM refuses them.
    """
    from vllm import SamplingParams
    from vllm.exceptions import VLLMError

    try:
        return SamplingParams(**values)
    except VLLMError as error:
        reason = " ".join(str(error).split(" (parameter=")[0].split()).rstrip(".")
        raise CourseError(f"{reason}. Change one of the parameters.") from None


def _change(word: str) -> tuple[str, Any]:
    name, equals, value = word.partition("=")
    if not equals:
        raise CourseError(f"a parameter must be written name=value, got {word!r}. For example: temperature=0.5")
    return name, _parsed(name, value)


def _parsed(name: str, text: str) -> Any:
    try:
        return _rule(name).kind(text)
    except argparse.ArgumentTypeError as error:
        raise CourseError(f"{name} {error}") from None


def _rule(name: str) -> Rule:
    if name not in RULES:
        close = difflib.get_close_matches(name, RULES, n=1)
        remedy = f"Did you mean {close[0]}?" if close else "Choose one of them."
        raise CourseError(f"a parameter must be one of {', '.join(RULES)}, got {name!r}. {remedy}")
    return RULES[name]
