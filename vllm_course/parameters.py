"""The sampling parameters that the course's tools offer: type, range, remedy and meaning of each, declared once.

Names and ranges are vLLM's; a test holds them to `vllm.SamplingParams`. They are repeated here so that a tool can
refuse a wrong value in its first second, before vLLM is imported.
"""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from vllm_course.errors import UsageError, is_text, one_line

if TYPE_CHECKING:
    from vllm import SamplingParams

SEEDS = 2**63 - 1  # the largest whole number with a sign in 64 bits
ENGINE_SEEDS = 2**32 - 1  # an engine's seed is also NumPy's, which takes 32 bits


class Parameter(NamedTuple):
    """What a parameter may be.

    Attributes:
        kind: Function from text to value that raises `argparse.ArgumentTypeError`, as argparse wants it: `truth`, or
            what `number` makes.
        meaning: What the parameter does.
    """

    kind: Callable[[str], Any]
    meaning: str


def number(kind: type, *, low: float, high: float | None = None, above: bool = False, remedy: str) -> Callable:
    """Make an argparse type for a number in a range.

    Args:
        kind: int or float.
        low: Smallest value allowed, or, with `above`, the bound that it must exceed.
        high: Largest value allowed; None for no limit.
        above: Whether `low` itself is refused.
        remedy: What to do instead, a sentence.

    Returns:
        A function from text to number that raises `argparse.ArgumentTypeError` with rule, value and remedy. Its
        attributes `kind`, `low`, `high`, `above` and `remedy` are what it was made from.

    Example:
        >>> number(float, low=0, high=2, remedy="Use 0 for greedy decoding.")("0.8")
        0.8
    """
    rule = f"{'>' if above else '>='} {low}" + ("" if high is None else f" and <= {high}")

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a number ({kind.__name__}), got {text!r}. {remedy}") from None
        in_range = (value > low if above else value >= low) and (high is None or value <= high)
        if not in_range:
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text}. {remedy}")
        return value

    parse.kind, parse.low, parse.high, parse.above, parse.remedy = kind, low, high, above, remedy
    return parse


def truth(text: str) -> bool:
    """Read `true` or `false`; an argparse type."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"must be true or false, got {text!r}. Write one of the two.")
    return text.lower() == "true"


def utf8_text(text: str) -> str:
    """Take a text that a tokenizer can read; an argparse type."""
    if not is_text(text):
        raise argparse.ArgumentTypeError(f"must be text in UTF-8, got {text!r:.60}. Save or type it as UTF-8.")
    return text


def filled_text(text: str) -> str:
    """Take a text that is not empty, and that a tokenizer can read; an argparse type."""
    if not text:
        raise argparse.ArgumentTypeError("must be a text that is not empty, got ''. Leave the option out or fill it.")
    return utf8_text(text)


PARAMETERS = {
    "temperature": Parameter(
        number(float, low=0, high=2, remedy="Use 0 for greedy decoding."),
        "0 always takes the likeliest token, up to 2 for more variety",
    ),
    "top_p": Parameter(
        number(float, low=0, high=1, above=True, remedy="Use 1 to keep all tokens."),
        "sample from the likeliest tokens that hold this probability",
    ),
    "top_k": Parameter(
        number(int, low=-1, remedy="Use 0 to keep all tokens."),
        "sample from this many of the likeliest",
    ),
    "min_p": Parameter(
        number(float, low=0, high=1, remedy="Use 0 to keep all tokens."),
        "sample from tokens at least this fraction as likely as the likeliest",
    ),
    "repetition_penalty": Parameter(
        number(float, low=0, above=True, remedy="Use 1 to switch it off."),
        "divides the logits of tokens in prompt and text; above 1 avoids them",
    ),
    "presence_penalty": Parameter(
        number(float, low=-2, high=2, remedy="Use 0 to switch it off."),
        "subtracted once for a token that the text already holds",
    ),
    "frequency_penalty": Parameter(
        number(float, low=-2, high=2, remedy="Use 0 to switch it off."),
        "subtracted for every time that the text holds a token",
    ),
    "max_tokens": Parameter(
        number(int, low=1, remedy="Use 64 for a few sentences."),
        "longest text, in tokens",
    ),
    "n": Parameter(
        number(int, low=1, high=16384, remedy="Use 1 for one text a prompt."),
        "completions of each prompt",
    ),
    "ignore_eos": Parameter(
        truth,
        "true goes on where the model would end its text",
    ),
    "seed": Parameter(
        number(int, low=0, high=SEEDS, remedy="Use any whole number; the same seed gives the same text."),
        "start of the random numbers of each text",
    ),
}


def sampling_params(values: dict[str, Any]) -> "SamplingParams":
    """Return vLLM's object. vLLM has the last word: it also knows which values do not go together.

    Args:
        values: Fields of `vllm.SamplingParams`.

    Raises:
        UsageError: vLLM refuses a value.
    """
    from vllm import SamplingParams
    from vllm.exceptions import VLLMError

    try:
        return SamplingParams(**values)
    except VLLMError as error:
        raise UsageError(f"{one_line(error)} Change one of the sampling parameters.") from None
