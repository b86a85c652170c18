"""The settings of a conversation: vLLM's sampling parameters, their ranges, and what counts when nobody asks."""

import argparse
from typing import TYPE_CHECKING, Any

from vllm_course.errors import CourseError, did_you_mean
from vllm_course.parameters import PARAMETERS, SEEDS, Parameter, truth

if TYPE_CHECKING:
    from vllm import LLM, SamplingParams

LONGEST = 256  # tokens of an answer, where nobody asks for more and half of the context holds them
FIRST_SEED = 0
# What a person can change; one answer is all that a conversation can go on with.
RULES = {name: parameter for name, parameter in PARAMETERS.items() if name != "n"}


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


def chat_settings(llm: "LLM", sampling: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that a conversation begins with, by vLLM's names.

    Args:
        llm: A vLLM engine; the defaults in its model's `generation_config.json` come first.
        sampling: Fields of `vllm.SamplingParams` that replace or complete them.

    Returns:
        All that differs from vLLM's own defaults, with `max_tokens` and `seed` in any case. Unless asked otherwise,
        `max_tokens` is 256, or half of a context that is smaller than 512; `seed` is 0.

    Raises:
        CourseError: There is no setting of that name, or it does not suit a conversation.
        VLLMValidationError: vLLM refuses a value.
    """
    from vllm import SamplingParams

    _refuse_names(sampling, [name for name in SamplingParams.__struct_fields__ if not name.startswith("_")])
    context = llm.llm_engine.model_config.max_model_len
    own = llm.model_config.get_diff_sampling_param()
    settings = own | {"max_tokens": longest(context), "seed": FIRST_SEED} | sampling
    try:
        params = SamplingParams(**settings)
    except TypeError as reason:
        raise CourseError(f"settings must suit vllm.SamplingParams, which says: {reason}. Correct it.") from None
    _refuse_values(params, context)
    check_length(params.max_tokens, context)
    return settings


def all_params(settings: dict[str, Any]) -> dict[str, Any]:
    """Return every parameter of `RULES`, those that nobody set with vLLM's own value."""
    from vllm import SamplingParams

    unset = SamplingParams()
    return {name: settings.get(name, getattr(unset, name)) for name in RULES}


def with_seed(settings: dict[str, Any], tries: int) -> dict[str, Any]:
    """Return the settings of one more try: each takes the next seed. None and -1, vLLM's words for any seed, stay.

    Example:
        >>> with_seed({"seed": 5}, 2), with_seed({"seed": None}, 2), with_seed({"seed": -1}, 2)
        ({'seed': 7}, {'seed': None}, {'seed': -1})
    """
    seed = settings["seed"]
    return settings | {"seed": seed if seed in (None, -1) else (seed + tries) % (SEEDS + 1)}


def longest(context: int) -> int:
    """Return how many tokens an answer may have where nobody says it, so that a question fits into the context, too.

    Example:
        >>> longest(1024), longest(160)
        (256, 80)
    """
    return min(LONGEST, context // 2)


def check_length(max_tokens: int, context: int, *, name: str = "max_tokens") -> None:
    """Refuse an answer that leaves no room for a question.

    Raises:
        CourseError: `max_tokens` is not below the context, in tokens.
    """
    if max_tokens >= context:
        raise CourseError(
            f"{name} must be < {context}, the context in tokens, got {max_tokens}. "
            f"Use {longest(context)} to leave room for a question."
        )


def _refuse_names(sampling: dict[str, Any], names: list[str]) -> None:
    for name in sampling:
        if name not in names:
            remedy = did_you_mean(name, names, otherwise="Leave it out.", shown=repr)
            raise CourseError(f"a setting must be a field of vllm.SamplingParams, got {name!r}. {remedy}")


def _refuse_values(params: "SamplingParams", context: int) -> None:
    """Refuse what vLLM takes and a conversation cannot use."""
    if not isinstance(params.max_tokens, int):
        got = f"got {params.max_tokens!r}: so much of the context is kept free"
        raise CourseError(f"max_tokens must be a whole number, {got}. Use {longest(context)}.")
    if not isinstance(params.seed, int | None):
        raise CourseError(f"seed must be a whole number, or None for any, got {params.seed!r}. Write 0.")
    if params.n != 1:
        raise CourseError(f"n must be 1, got {params.n}: a conversation goes on with one answer. Leave it out.")


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


def _rule(name: str) -> Parameter:
    if name not in RULES:
        remedy = did_you_mean(name, RULES, otherwise="Choose one of them.")
        raise CourseError(f"a parameter must be one of {', '.join(RULES)}, got {name!r}. {remedy}")
    return RULES[name]
