"""What the quiz of lesson 04 says, asked of vLLM: each function returns the figures that it found."""

import json

import torch
from vllm import SamplingParams
from vllm.sampling_params import StructuredOutputsParams
from vllm.v1.sample.logits_processor.builtin import MinPLogitsProcessor
from vllm.v1.sample.ops.penalties import apply_all_penalties

from vllm_course import load_chat_model, load_model

PROMPT = "Once upon a time"
FORM = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 8}, "big": {"type": "boolean"}},
    "required": ["city", "big"],
    "additionalProperties": False,
}


def filter_without_a_draw() -> list[float]:
    """vLLM resets the filter, and the text is that of greedy decoding."""
    params = SamplingParams(temperature=0, top_p=0.5, max_tokens=8)
    texts = {
        load_model().generate(PROMPT, each)[0].outputs[0].text
        for each in (params, SamplingParams(temperature=0, max_tokens=8))
    }
    assert len(texts) == 1
    return [params.top_p, params.temperature]


def kept_by_min_p() -> list[float]:
    """vLLM's own filter, on tokens just below and just above the limit."""
    min_p, largest = 0.1, 0.5
    filter_ = object.__new__(MinPLogitsProcessor)
    filter_.min_p_count, filter_.min_p = 1, torch.tensor([[min_p]])
    probabilities = torch.tensor([[largest, 0.3, 0.0999, 0.0501]])
    below = torch.tensor([[largest, 0.3, 0.1501, 0.0499]])
    kept = [torch.isfinite(filter_.apply(each.log())).sum().item() for each in (probabilities, below)]
    assert kept == [4, 3]
    return [min_p * largest, min_p, largest]


def which_penalty_grows() -> None:
    """vLLM's own penalties, for a token that was written once and for one that was written three times."""
    written = [[1, 2, 2, 2]]
    for name in ("presence", "frequency", "repetition"):
        neutral = {"presence": 0.0, "frequency": 0.0, "repetition": 1.0}
        values = {key: torch.tensor([2.0 if key == name else value]) for key, value in neutral.items()}
        logits = apply_all_penalties(
            torch.full((1, 4), 10.0),
            torch.full((1, 1), 3),
            values["presence"],
            values["frequency"],
            values["repetition"],
            written,
        )
        once, often = (10 - logits[0, token].item() for token in (1, 2))
        assert once > 0 and (often > once) == (name == "frequency")
        assert (logits[0, 3].item() < 10) == (name == "repetition")  # token 3 is in the prompt


def sum_or_mean() -> None:
    """The sum of a text is never above that of its own beginning, and leaves out the prompt."""
    short, long = (
        load_model().generate(PROMPT, SamplingParams(temperature=0, max_tokens=size, logprobs=0))[0].outputs[0]
        for size in (3, 9)
    )
    assert long.text.startswith(short.text) and long.cumulative_logprob < short.cumulative_logprob < 0
    assert len(long.logprobs) == len(long.token_ids)


def three_equal_prompts() -> None:
    """One text with a seed, several without."""
    for seed, different in ((7, {1}), (None, {2, 3})):
        outputs = load_model().generate([PROMPT] * 3, SamplingParams(temperature=1, seed=seed, max_tokens=20))
        assert len({output.outputs[0].text for output in outputs}) in different


def structured_and_cut() -> None:
    """A whole answer and one that is cut, of a model that does not know what is true."""
    asked = [{"role": "user", "content": "Which city is the capital of Atlantis?"}]
    form = StructuredOutputsParams(json=FORM, disable_any_whitespace=True)
    whole, cut = (
        load_chat_model()
        .chat(asked, SamplingParams(temperature=0, max_tokens=size, structured_outputs=form))[0]
        .outputs[0]
        for size in (60, 3)
    )
    assert whole.finish_reason == "stop" and {*json.loads(whole.text)} == {"city", "big"}
    assert (
        cut.finish_reason == "length"
        and cut.text[0] == "{"
        and whole.text.startswith(cut.text)
        and cut.text != whole.text
    )
