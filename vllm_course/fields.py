"""Every field of `vllm.SamplingParams` as a table: default, range, the value that switches it off, and what it does.

Names and defaults are computed from the installed vLLM. The rest is data, and a test tries each range with vLLM and
names the fields that a release added or removed.
"""

from typing import Any, NamedTuple

import pandas as pd


class Field(NamedTuple):
    """What vLLM does not say in a form that a program can read.

    Attributes:
        range: The values that it takes.
        off: The value that switches it off; "" where there is nothing to switch off.
        what: What it does, in a few words.
    """

    range: str
    off: Any
    what: str


NEW = Field("?", "", "not described yet: this vLLM is newer than the course")
EITHER = "True or False"
IDS = "token ids"
FIELDS = {
    "n": Field("1 to 16384", 1, "number of completions of the prompt"),
    "presence_penalty": Field("-2 to 2", 0.0, "subtracted once from every token in the output"),
    "frequency_penalty": Field("-2 to 2", 0.0, "subtracted once for every time a token is in the output"),
    "repetition_penalty": Field("above 0", 1.0, "multiplicative; counts prompt and output"),
    "temperature": Field("0 to 2", 1.0, "divides the logits; 0 is greedy decoding"),
    "watermarking": Field(f"{EITHER}, or None", False, "the engine's watermark in this text, if the engine has one"),
    "top_p": Field("above 0, up to 1", 1.0, "keeps the likeliest tokens that together hold this probability"),
    "top_k": Field("-1 or above", 0, "keeps this many of the likeliest tokens; 0 and -1 keep all"),
    "min_p": Field("0 to 1", 0.0, "keeps tokens at least this fraction as likely as the likeliest"),
    "seed": Field("-2⁶³ up to 2⁶⁴ - 1, or None", None, "start of this request's own random numbers; -1 is None"),
    "stop": Field("strings that are not empty", None, "text that ends the completion"),
    "stop_token_ids": Field(IDS, None, "tokens that end the completion"),
    "ignore_eos": Field(EITHER, False, "goes on after an end-of-sequence token"),
    "max_tokens": Field("1 or above, or None", None, "longest completion, in tokens"),
    "min_tokens": Field("0 up to max_tokens", 0, "shortest completion, in tokens"),
    "logprobs": Field("-1 or above, or None", None, "how many log probabilities to report for each token"),
    "prompt_logprobs": Field("-1 or above, or None", None, "how many to report for each token of the prompt"),
    "prompt_logprob_token_ids": Field(f"rows of {IDS}", None, "tokens to score in the prompt; V2 model runner only"),
    "prompt_logprob_start": Field("0 or above, or None", None, "first position that prompt_logprob_token_ids scores"),
    "logprob_token_ids": Field(f"at most 128 {IDS}", None, "reports the log probabilities of exactly these tokens"),
    "flat_logprobs": Field(EITHER, False, "reports log probabilities in a form with fewer Python objects"),
    "detokenize": Field(EITHER, False, "turns the tokens into text"),
    "skip_special_tokens": Field(EITHER, False, "leaves special tokens out of the text"),
    "spaces_between_special_tokens": Field(EITHER, False, "puts spaces between special tokens, in some tokenizers"),
    "include_stop_str_in_output": Field(EITHER, False, "keeps the stop string or stop token in the text"),
    "output_kind": Field("a RequestOutputKind", "", "what a stream reports: all so far, only the new, only the end"),
    "stream_interval": Field("1 or above, or None", None, "how many tokens a stream collects for one report"),
    "skip_clone": Field(EITHER, False, "internal: the engine need not copy this object"),
    "output_text_buffer_length": Field("set by vLLM", "", "internal: how many letters wait for a stop string"),
    "structured_outputs": Field("a StructuredOutputsParams", None, "allows only texts of a form"),
    "logit_bias": Field(f"a number for each of some {IDS}", None, "adds the number to the token's logit"),
    "allowed_token_ids": Field(f"{IDS}, at least one", None, "forbids all other tokens"),
    "extra_args": Field("a dict; whole numbers of 64 bits", None, "for logits processors and plugins of one's own"),
    "bad_words": Field("strings that are not empty", None, "forbids the last token of each of these token sequences"),
    "skip_reading_prefix_cache": Field(f"{EITHER}, or None", False, "computes the whole prompt anew"),
    "thinking_token_budget": Field("-1 or above, or None", None, "most tokens between a model's thinking marks"),
    "repetition_detection": Field("a RepetitionDetectionParams", None, "ends a text that goes round in circles"),
    "routed_experts_prompt_start": Field("a number of tokens", 0, "prompt tokens left out of routed_experts"),
    "trace_decode_token_ids": Field(f"{IDS}, at least one", None, "writes exactly these tokens; V2 model runner only"),
}


def sampling_fields() -> pd.DataFrame:
    """Return one row for each public field of the installed `vllm.SamplingParams`, in the order of the class.

    Returns:
        Columns `field`, `default` (of the class), `range`, `off` (the value that switches it off, "" where there is
        nothing to switch off) and `what` (what it does). A field that this table does not know says so in `what`.

    Source:
        `vllm.SamplingParams`, a `msgspec.Struct`.
    """
    import msgspec
    from vllm import SamplingParams

    fields = [field for field in msgspec.structs.fields(SamplingParams) if not field.name.startswith("_")]
    rows = [{"field": field.name, "default": field.default} | FIELDS.get(field.name, NEW)._asdict() for field in fields]
    # dtype object keeps None, 0 and False apart, which pandas would turn into numbers.
    return pd.DataFrame(rows, dtype=object)
