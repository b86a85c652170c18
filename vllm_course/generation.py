"""Text and next-token probabilities as pandas DataFrames. Every function is one call of `LLM.generate`."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput

MOST_VALUES = 10_000  # an endless generator would fill the memory without a word


def generate(llm: "LLM", prompts: str | Iterable[str], **sampling: Any) -> pd.DataFrame:
    """Generate text for one or more prompts in one batch.

    Args:
        llm: A vLLM engine.
        prompts: One prompt or several.
        **sampling: Fields of `vllm.SamplingParams`, for example `temperature=0.8, max_tokens=32`. Without any, the
            model's own defaults apply, as in `LLM.generate`.

    Returns:
        One row a completion, in the order of the prompts: `prompt`, `text`, `tokens` (number generated),
        `finish_reason` and `logprob` (sum over the generated tokens, natural logarithm).

    Raises:
        VLLMValidationError: A sampling parameter is out of range.
        TypeError: vLLM knows no sampling parameter of that name.

    Source:
        `vllm.LLM.generate`, `vllm.CompletionOutput`.
    """
    from vllm import SamplingParams

    # vLLM sums the log probability only when logprobs are asked for; 0 asks for the sampled token's alone.
    given = {name: _plain(value) for name, value in sampling.items()}
    params = SamplingParams(**{"logprobs": 0} | given) if sampling else llm.get_default_sampling_params()
    outputs = llm.generate(prompts if isinstance(prompts, str | Mapping | Sequence) else list(prompts), params)
    return pd.DataFrame([row for output in outputs for row in _rows(output)])


def sweep(
    llm: "LLM", prompts: str | Iterable[str], *, n: int = 1, seed: int | None = None, **lists: Any
) -> pd.DataFrame:
    """Try all combinations of sampling parameters in one batched call.

    Args:
        llm: A vLLM engine.
        prompts: One prompt or several.
        n: Completions for each prompt and combination, at least 1.
        seed: Seed of the first completion; the others take seed+1, seed+2, ... None lets the engine choose.
        **lists: Fields of `vllm.SamplingParams`. Several values are swept, a single one is held:
            `temperature=[0.0, 0.8], top_p=np.linspace(0.5, 1, 3), max_tokens=24`.

    Returns:
        One row a completion: `prompt`, one column a swept parameter, `sample` (0..n-1), `text`, `tokens`,
        `finish_reason`, `logprob`.

    Raises:
        ValueError: n is below 1, a list is empty, or what is to be swept is no row of values.
    """
    from vllm import SamplingParams

    if n < 1:
        raise ValueError(f"n must be >= 1, got {n}. Use 1 for one completion per combination.")
    swept = {name: _values(name, several) for name, several in lists.items() if _are_several(several)}
    fixed = {"logprobs": 0} | {name: _plain(value) for name, value in lists.items() if name not in swept}
    settings = [dict(zip(swept, values, strict=True)) for values in itertools.product(*swept.values())]
    texts = [prompts] if isinstance(prompts, str) else list(prompts)
    jobs = list(itertools.product(texts, settings, range(n)))
    params = [
        SamplingParams(**fixed, **setting, seed=None if seed is None else seed + sample) for _, setting, sample in jobs
    ]
    outputs = llm.generate([prompt for prompt, _, _ in jobs], params)
    rows = []
    for (prompt, setting, sample), output in zip(jobs, outputs, strict=True):
        rows += [{"prompt": prompt} | setting | {"sample": sample} | row for row in _rows(output)]
    return pd.DataFrame(rows)


def next_token(llm: "LLM", prompt: str) -> pd.DataFrame:
    """Show what the model holds probable as the next token.

    Args:
        llm: A vLLM engine that was loaded with `max_logprobs=-1`, as `load_model` does.
        prompt: Text to continue.

    Returns:
        One row a token of the vocabulary, the likeliest first: `token_id`, `token` (its text), `logprob` (natural
        logarithm, before temperature) and `probability` (0 to 1, they sum to 1).

    Source:
        `vllm.SamplingParams.logprobs`, with -1 for the whole vocabulary.
    """
    from vllm import SamplingParams

    params = SamplingParams(temperature=0.0, max_tokens=1, logprobs=-1)
    (output,) = llm.generate(prompt, params)
    (candidates,) = output.outputs[0].logprobs
    rows = [(token_id, entry.decoded_token, entry.logprob) for token_id, entry in candidates.items()]
    frame = pd.DataFrame(rows, columns=["token_id", "token", "logprob"])
    frame["probability"] = np.exp(frame["logprob"])
    return frame.sort_values(["probability", "token_id"], ascending=[False, True], ignore_index=True)


def _are_several(value: Any) -> bool:
    """Return whether a parameter is to be swept: it is no text, no dictionary, and not numpy's form of one number."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping) and _dimensions(value) > 0


def _values(name: str, several: Iterable) -> list:
    """Return what is swept as a list of Python's own values."""
    if _dimensions(several) != 1:
        shape = f"a {type(several).__name__} of the shape {several.shape}"
        raise ValueError(f"{name} must be one value or a row of values to sweep, got {shape}. Pass a list.")
    values = [_plain(value) for value in itertools.islice(several, MOST_VALUES + 1)]
    if not values:
        raise ValueError(f"{name} must hold at least one value to sweep, got []. Leave it out for vLLM's default.")
    if len(values) > MOST_VALUES:
        raise ValueError(f"{name} must hold at most {MOST_VALUES:,} values to sweep, got more. Pass fewer.")
    return values


def _dimensions(value: Any) -> int:
    """Return how many dimensions an array or a table has; everything else that can be gone through has one."""
    return getattr(value, "ndim", 1)


def _plain(value: Any) -> Any:
    """Return a number of numpy as Python's own, which vLLM asks for."""
    return value.item() if getattr(value, "shape", None) == () else value


def _rows(output: "RequestOutput") -> list[dict[str, Any]]:
    return [
        {
            "prompt": output.prompt,
            "text": completion.text,
            "tokens": len(completion.token_ids),
            "finish_reason": completion.finish_reason,
            "logprob": completion.cumulative_logprob,
        }
        for completion in output.outputs
    ]
