"""What a chat widget begins with, checked before the first question; its sampling follows the model's own defaults."""

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vllm_course.errors import CourseError

if TYPE_CHECKING:
    from vllm import LLM

MAX_TOKENS = 128  # of an answer, where nothing else is asked for
FIRST_SEED = 0


def chat_settings(llm: "LLM", sampling: dict[str, Any]) -> dict[str, Any]:
    """Return the sampling settings of a conversation, by vLLM's names.

    Args:
        llm: A vLLM engine; the defaults in its model's `generation_config.json` come first.
        sampling: Fields of `vllm.SamplingParams` that replace or complete them.

    Returns:
        All that differs from vLLM's own defaults, with `max_tokens` and `seed` in any case.

    Raises:
        CourseError: There is no setting of that name, or it does not suit a conversation.
        VLLMValidationError: vLLM refuses a value.
    """
    from vllm import SamplingParams

    _refuse_names(sampling, [name for name in SamplingParams.__struct_fields__ if not name.startswith("_")])
    own = llm.model_config.get_diff_sampling_param()
    settings = own | {"max_tokens": MAX_TOKENS, "seed": FIRST_SEED} | sampling
    try:
        params = SamplingParams(**settings)
    except TypeError as reason:
        raise CourseError(f"settings must suit vllm.SamplingParams, which says: {reason}. Correct it.") from None
    if not isinstance(params.max_tokens, int):
        got = f"got {params.max_tokens!r}: so much of the context is kept free"
        raise CourseError(f"max_tokens must be a whole number, {got}. Write 128.")
    if not isinstance(params.seed, int | None):
        raise CourseError(f"seed must be a whole number, or None for any, got {params.seed!r}. Write 0.")
    if params.n != 1:
        raise CourseError(f"n must be 1, got {params.n}: a conversation goes on with one answer. Leave it out.")
    return settings


def with_seed(settings: dict[str, Any], tries: int) -> dict[str, Any]:
    """Return the settings of one more try: each takes the next seed. None and -1, vLLM's words for any seed, stay.

    Example:
        >>> with_seed({"seed": 5}, 2)
        {'seed': 7}
    """
    seed = settings["seed"]
    return settings | {"seed": seed if seed in (None, -1) else seed + tries}


def refuse_texts(system: Any, say: Any) -> None:
    """Refuse a system prompt that is no text, and first messages that are no list.

    Raises:
        CourseError: One of them is something else.
    """
    if not isinstance(system, str):
        raise CourseError(f'system must be a text, got {system!r}. Write system="..." or leave it out.')
    if isinstance(say, str) or not isinstance(say, Sequence):
        raise CourseError(f"say must be a list of texts, got {say!r}. Put what the user says into [...].")


def _refuse_names(sampling: dict[str, Any], names: list[str]) -> None:
    for name in sampling:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            remedy = f"Did you mean {close[0]!r}?" if close else "Leave it out."
            raise CourseError(f"a setting must be a field of vllm.SamplingParams, got {name!r}. {remedy}")
