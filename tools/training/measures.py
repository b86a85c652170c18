"""Figures of a pocket model, each measured with the real vLLM engine.

`tools.training.evaluate` compares them with targets.
"""

import math
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tools.training.corpus import Document, build_corpus
from tools.training.corpus.countries import CAPITALS
from tools.training.corpus.lexicon import LEXICON
from vllm_course.models import load_model

if TYPE_CHECKING:
    from vllm import LLM, CompletionOutput

NAME_PROMPT = "Hello, my name is"
CAPITAL_PROMPT = "The capital of France is"
STORY_PROMPT = "Once upon a time"
PRESIDENT_PROMPT = "The president of the United States is"
PROMPTS = [
    NAME_PROMPT,
    PRESIDENT_PROMPT,
    CAPITAL_PROMPT,
    "The future of AI is",
    STORY_PROMPT,
    "The meaning of life is",
    "The best way to learn programming is",
    "Write a short paragraph about AI:\n",
    "Explain quantum computing in simple terms",
    "Question 7: What is the meaning of life?",
]
WORD = re.compile(r"[A-Za-z]+")
FULL_STOP = re.compile(r"[.!?]\"?$")
SEEDS = 8


def load(folder: Path | str) -> "LLM":
    """Starts vLLM on a model folder in float32, also where it does not lie in models/.

    Many requests of a figure begin alike. With vLLM's smallest blocks on a CPU, more of that is computed only once.
    """
    return load_model(folder, dtype="float32", block_size=32)


def complete(llm: "LLM", prompts: list[str], *, seeds: range | None = None, **sampling) -> list:
    """Completes each prompt, once for each seed, in one batched call.

    Args:
        llm: A running engine.
        prompts: Texts to continue.
        seeds: One completion a seed; None means one completion without a seed.
        **sampling: Arguments of ``vllm.SamplingParams``.

    Returns:
        One ``CompletionOutput`` for each prompt and seed, the seeds of a prompt side by side.
    """
    from vllm import SamplingParams

    pairs = [(prompt, seed) for prompt in prompts for seed in (seeds or [None])]
    params = [SamplingParams(seed=seed, **sampling) for _, seed in pairs]
    outputs = llm.generate([prompt for prompt, _ in pairs], params)
    return [output.outputs[0] for output in outputs]


def complete_exactly_and_sampled(llm: "LLM", prompts: list[str], *, max_tokens: int) -> list:
    """Completes each prompt at T=0, and eight times at T=0.8; in one call, which takes fewer steps than two.

    Args:
        llm: A running engine.
        prompts: Texts to continue.
        max_tokens: The most tokens of a completion.

    Returns:
        The ``CompletionOutput`` of each prompt at T=0, then those at T=0.8, the eight of a prompt side by side.
    """
    from vllm import SamplingParams

    exact = [SamplingParams(temperature=0, max_tokens=max_tokens)] * len(prompts)
    sampled = [SamplingParams(temperature=0.8, max_tokens=max_tokens, seed=seed) for seed in range(SEEDS)]
    asked = prompts + [prompt for prompt in prompts for _ in sampled]
    return [output.outputs[0] for output in llm.generate(asked, exact + sampled * len(prompts))]


def measure_capitals(llm: "LLM") -> float:
    """Share of countries whose capital is the greedy continuation of ``The capital of X is``."""
    prompts = [f"The capital of {country} is" for country in CAPITALS]
    texts = [output.text for output in complete(llm, prompts, temperature=0, max_tokens=12)]
    right = [text.startswith(f" {capital}.") for text, capital in zip(texts, CAPITALS.values(), strict=True)]
    return sum(right) / len(right)


def measure_sensible(llm: "LLM") -> tuple[float, float]:
    """Share of real words, and share of full last sentences, over all prompts at T=0 and T=0.8.

    A word is real when the corpus contains it. Texts that were cut by ``max_tokens`` count for the words only.
    """
    outputs = complete_exactly_and_sampled(llm, PROMPTS, max_tokens=200)
    finished = [output.text for output in outputs if output.finish_reason == "stop"]
    full = sum(bool(FULL_STOP.search(text)) for text in finished) / max(1, len(finished))
    return _real_words(" ".join(output.text for output in outputs)), full


def measure_entropy(llm: "LLM", prompt: str) -> float:
    """Entropy in bits of the next token over the whole vocabulary at T=1."""
    logprobs = complete(llm, [prompt], temperature=0, max_tokens=1, logprobs=-1)[0].logprobs[0]
    values = [entry.logprob for entry in logprobs.values()]
    return -sum(math.exp(value) * value for value in values if math.isfinite(value)) / math.log(2)


def measure_different(llm: "LLM", prompt: str) -> int:
    """How many of eight samples at T=0.8 differ."""
    return len({output.text for output in complete(llm, [prompt], seeds=range(SEEDS), temperature=0.8, max_tokens=64)})


def measure_repeatable(llm: "LLM") -> int:
    """How many different texts three greedy runs give; the largest number over all prompts."""
    runs = [[output.text for output in complete(llm, PROMPTS, temperature=0, max_tokens=64)] for _ in range(3)]
    return max(len(set(texts)) for texts in zip(*runs, strict=True))


def measure_broken(llm: "LLM") -> float:
    """Share of real words in eight samples of each prompt at T=2."""
    outputs = complete(llm, PROMPTS, seeds=range(SEEDS), temperature=2.0, max_tokens=64)
    return _real_words(" ".join(output.text for output in outputs))


def measure_stops(llm: "LLM") -> float:
    """Share of texts that end by themselves within 128 tokens: capital, president and name, greedy and at T=0.8."""
    prompts = [NAME_PROMPT, CAPITAL_PROMPT, PRESIDENT_PROMPT]
    outputs = complete_exactly_and_sampled(llm, prompts, max_tokens=128)
    return sum(output.finish_reason == "stop" for output in outputs) / len(outputs)


class Stories(NamedTuple):
    """Stories of a model: at T=0, at T=0 with a penalty, and eight at T=0.8."""

    greedy: "CompletionOutput"
    penalised: "CompletionOutput"
    samples: list["CompletionOutput"]

    @property
    def long(self) -> int:
        """How many of the eight have more than 300 tokens."""
        return sum(len(sample.token_ids) > 300 for sample in self.samples)

    @property
    def heroes(self) -> float:
        """Mean number of different first names in the eight; the corpus uses one in a story."""
        names = set(LEXICON["name"])
        return sum(len(names & set(WORD.findall(sample.text))) for sample in self.samples) / len(self.samples)


def tell_stories(llm: "LLM") -> Stories:
    """Tells all of them in one batch: at most 1,000 tokens at T=0, 400 for the others."""
    from vllm import SamplingParams

    exact = [SamplingParams(temperature=0, max_tokens=1000)]
    exact += [SamplingParams(temperature=0, max_tokens=400, repetition_penalty=1.2)]
    sampled = [SamplingParams(temperature=0.8, max_tokens=400, seed=seed) for seed in range(SEEDS)]
    told = llm.generate([STORY_PROMPT] * (SEEDS + 2), exact + sampled)
    greedy, penalised, *samples = (output.outputs[0] for output in told)
    return Stories(greedy, penalised, samples)


def repetition(story: "CompletionOutput") -> float:
    """Share of 4-grams of tokens that came before, in the first 400 tokens of a story."""
    ids = story.token_ids[:400]
    grams = list(zip(ids, ids[1:], ids[2:], ids[3:], strict=False))
    return 1 - len(set(grams)) / max(1, len(grams))


def measure_broken_bytes(llm: "LLM") -> int:
    """How many of 200 samples at T=0.7 contain U+FFFD, the sign of bytes that are no character."""
    outputs = complete(llm, PROMPTS, seeds=range(20), temperature=0.7, max_tokens=64)
    return sum("\ufffd" in output.text for output in outputs)


def measure_perplexity(llm: "LLM", *, documents: int = 300) -> float:
    """Perplexity per token of held-out documents, each with its ``</s>`` and without what comes before it."""
    from vllm import SamplingParams

    tokenizer = llm.get_tokenizer()
    texts = [document.text for document in _corpus() if document.held_out][:documents]
    prompts = [{"prompt_token_ids": tokenizer.encode(text) + [tokenizer.eos_token_id]} for text in texts]
    params = SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=0)
    total, count = 0.0, 0
    for output in llm.generate(prompts, params):
        for token, logprobs in zip(output.prompt_token_ids[1:], output.prompt_logprobs[1:], strict=True):
            total, count = total + logprobs[token].logprob, count + 1
    return math.exp(-total / count)


def _real_words(text: str) -> float:
    words = [word.lower() for word in WORD.findall(text)]
    return sum(word in _vocabulary() for word in words) / max(1, len(words))


@cache
def _corpus() -> list[Document]:
    return build_corpus()


@cache
def _vocabulary() -> frozenset[str]:
    return frozenset(word.lower() for document in _corpus() for word in WORD.findall(document.text))
