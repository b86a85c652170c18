"""What the quiz of lesson 01 says, asked of vLLM: each function returns the figures that it found."""

from vllm import SamplingParams

from vllm_course import load_model

PROMPTS = ["The sun", "Once upon a time", "Water is", "A cat"]


def _texts(**sampling) -> list[str]:
    params = SamplingParams(max_tokens=12, **sampling)
    return [output.outputs[0].text for output in load_model().generate([PROMPTS[1]] * 4, params)]


def default_length() -> list[int]:
    """A text is cut at the default of `max_tokens`, and `None` stands for no limit of its own."""
    completion = load_model().generate(PROMPTS[1], SamplingParams(temperature=0, ignore_eos=True))[0].outputs[0]
    assert completion.finish_reason == "length" and len(completion.token_ids) == SamplingParams().max_tokens
    assert (
        "." in load_model().generate(PROMPTS[1], SamplingParams(temperature=0, max_tokens=60))[0].outputs[0].text[:-1]
    )
    assert SamplingParams(max_tokens=None).max_tokens is None
    return [SamplingParams().max_tokens]


def text_of_an_output() -> None:
    """A list of outputs, each with a list of completions."""
    outputs = load_model().generate(PROMPTS[:2], SamplingParams(n=2, temperature=1))
    assert isinstance(outputs, list) and isinstance(outputs[0].outputs, list) and outputs[0].outputs[0].text
    assert not hasattr(outputs[0], "text") and not hasattr(outputs, "outputs")
    assert not hasattr(outputs[0], "__getitem__")


def order_of_outputs() -> None:
    """The text that ends last comes first when its prompt does."""
    lengths = [20, 2, 9]
    params = [SamplingParams(max_tokens=length, ignore_eos=True) for length in lengths]
    outputs = load_model().generate(PROMPTS[:3], params)
    assert [output.prompt for output in outputs] == PROMPTS[:3]
    assert [len(output.outputs[0].token_ids) for output in outputs] == lengths


def the_same_again() -> None:
    """Four equal requests give one text, or several; a second call gives the same one."""
    for sampling in ({"temperature": 0}, {"temperature": 1, "seed": 7}):
        assert len({*_texts(**sampling), *_texts(**sampling)}) == 1
    assert len({*_texts(temperature=1, top_p=0.9)}) > 1 and len({*_texts(temperature=1, n=1)}) > 1


def cut_text() -> None:
    """A text with the reason `length` goes on with a higher limit."""
    short, long = (
        load_model().generate(PROMPTS[1], SamplingParams(temperature=0, max_tokens=limit))[0].outputs[0]
        for limit in (6, 30)
    )
    assert short.finish_reason == "length" and long.text.startswith(short.text) and len(long.text) > len(short.text)
    stopped = SamplingParams(temperature=0, max_tokens=6, stop=".")
    assert len(load_model().generate(PROMPTS[1], stopped)[0].outputs[0].text) <= len(short.text)


def no_log_probability() -> None:
    """The sum is there when `logprobs` were asked for, at temperature 0 and for one token too."""
    without, asked = (
        load_model().generate(PROMPTS[0], SamplingParams(temperature=0, max_tokens=1, logprobs=logprobs))[0].outputs[0]
        for logprobs in (None, 0)
    )
    assert without.cumulative_logprob is None and asked.cumulative_logprob < 0


def count_of_completions() -> list[int]:
    """Outputs, completions of each, and all of them."""
    outputs = load_model().generate(PROMPTS, SamplingParams(n=3, temperature=1))
    (each,) = {len(output.outputs) for output in outputs}
    return [len(outputs), each, sum(len(output.outputs) for output in outputs)]
