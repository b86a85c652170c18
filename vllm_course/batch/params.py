"""The sampling parameters of a line, as JSON can write them.

`vllm.SamplingParams` takes a value of any type, and an engine may fail on it a thousand steps later. So types are
checked here, against those that vLLM declares. Ranges are vLLM's own to refuse.
"""

import dataclasses
import functools
from typing import TYPE_CHECKING, Any, get_type_hints

from vllm_course.errors import UsageError, did_you_mean, one_line
from vllm_course.parameters import sampling_params

if TYPE_CHECKING:
    from vllm import SamplingParams

# What they ask for has no place in a line of the output, which holds one text. Others are for streams, or internal.
NO_PLACE = {"n", "logprobs", "prompt_logprobs", "prompt_logprob_token_ids", "prompt_logprob_start", "detokenize"}
NO_PLACE |= {"logprob_token_ids", "flat_logprobs", "output_kind", "stream_interval", "routed_experts_prompt_start"}
NO_PLACE |= {"skip_clone", "output_text_buffer_length"}
REMEDIES = {"n": "Write a line for each text, with a seed of its own."}
WHOLE = (-(2**63), 2**64 - 1)  # what the engine's 64 bits hold


def line_params(settings: dict[str, Any]) -> "SamplingParams":
    """Return vLLM's object for the settings of a line.

    Args:
        settings: Fields of `vllm.SamplingParams` with values as JSON has them: an object stands for a
            `StructuredOutputsParams` or a `RepetitionDetectionParams`, and the keys of `logit_bias` are texts.

    Raises:
        UsageError: A field is unknown, has no place in a batch, or has a value that vLLM refuses.
    """
    return sampling_params({name: _checked(name, value) for name, value in settings.items()})


def _checked(name: str, value: Any) -> Any:
    import msgspec
    from vllm.exceptions import VLLMError

    kinds = _kinds()
    if name not in kinds:
        remedy = did_you_mean(name, kinds, otherwise="Remove it.")
        raise UsageError(f"params must hold fields of vllm.SamplingParams, got {name!r:.40}. {remedy}")
    kind, default = kinds[name]
    if name in NO_PLACE:
        if value == default:
            return default
        remedy = REMEDIES.get(name, "Remove it.")
        rule = f"{name} must be {default!r} here, because a line of the output holds one text"
        raise UsageError(f"{rule}, got {value!r:.40}. {remedy}")
    _refuse_unknown_keys(name, value, kind)
    try:
        found = msgspec.convert(value, kind, str_keys=True)
    except VLLMError as error:  # of an object as a whole, such as a form without a constraint
        raise UsageError(f"{one_line(error)} Change {name}.") from None
    except msgspec.ValidationError as error:
        raise UsageError(f"{name} must have the type that vLLM declares: {error}, {value!r:.40}. Change it.") from None
    if isinstance(found, int) and not WHOLE[0] <= found <= WHOLE[1]:
        raise UsageError(f"{name} must be a whole number of 64 bits, got {found!r:.40}. Take a smaller one.")
    return found


def _refuse_unknown_keys(name: str, value: Any, kind: Any) -> None:
    """Refuse a misspelt key of an object, which would not be read."""
    forms = [form for form in getattr(kind, "__args__", ()) if dataclasses.is_dataclass(form)]
    if not forms or not isinstance(value, dict):
        return
    known = [field.name for field in dataclasses.fields(forms[0]) if field.init]
    if unknown := [key for key in value if key not in known]:
        remedy = did_you_mean(unknown[0], known, otherwise="Remove it.")
        raise UsageError(f"{name} must have no keys but {', '.join(known)}, got {unknown[0]!r:.40}. {remedy}")


@functools.cache
def _kinds() -> dict[str, tuple[Any, Any]]:
    """Return type and default of every public field of `vllm.SamplingParams`."""
    import msgspec
    from vllm import SamplingParams

    hints = get_type_hints(SamplingParams, include_extras=True)
    fields = [field for field in msgspec.structs.fields(SamplingParams) if not field.name.startswith("_")]
    return {field.name: (hints[field.name], field.default) for field in fields}
