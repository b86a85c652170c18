"""The checks of lesson 01's exercises. `vllm_course.check` finds them by number."""

from typing import Any

import numpy as np
import pandas as pd

from vllm_course.checks import exercise, require
from vllm_course.checks.shapes import alike, close, columns, exactly, keys, listed, number
from vllm_course.checks.watch import Watch

LESSONS_PROMPTS = {
    "Hello, my name is",
    "The president of the United States is",
    "The capital of France is",
    "The future of AI is",
}


def is_output(value: Any) -> bool:
    """Whether a value is what `llm.generate` returns for one prompt."""
    from vllm import RequestOutput

    return isinstance(value, RequestOutput)


@exercise(
    "1.1",
    hints=[
        "llm.generate takes a list of texts. It returns a list of RequestOutput objects in the same order.",
        "answer_1_1 = llm.generate([prompt, prompt, ...], SamplingParams(...)), with five or more prompts of yours.",
    ],
    concept="offline-and-online.md#batching",
)
def own_batch(outputs) -> None:
    """Five or more different prompts, completed by one call."""
    outputs = listed(outputs, "Give the list that llm.generate returns.")
    require(all(is_output(output) for output in outputs), "Give the RequestOutput objects, not their texts.")
    require(len(outputs) >= 5, f"The batch must have at least 5 prompts, it has {len(outputs)}.")
    different = {tuple(output.prompt_token_ids) for output in outputs}  # a prompt of token ids has no text
    require(len(different) == len(outputs), "Two of the prompts are the same.")
    prompts = {(output.prompt or "").strip() for output in outputs}
    wordless = [o for o in outputs if not (o.prompt or "").strip() and len(o.prompt_token_ids) < 2]
    require(not wordless, "One of the prompts has no words in it.")
    require(not prompts & LESSONS_PROMPTS, "Write prompts of your own, not the lesson's.")
    require(ran_together(outputs), "Some prompts waited for others to end: give llm.generate all of them in one list.")


def ran_together(outputs: list) -> bool:
    """Whether all prompts had arrived before one was completed; an engine that notes no times cannot tell."""
    times = [output.metrics for output in outputs]
    return None in times or max(t.queued_ts for t in times) <= min(t.last_token_ts for t in times)


@exercise(
    "1.2",
    hints=[
        "The prompt's tokens are in the RequestOutput. All that was generated is in its first CompletionOutput.",
        "completion = output.outputs[0]; then completion.text, completion.token_ids, completion.finish_reason and "
        "completion.cumulative_logprob; the prompt's tokens are output.prompt_token_ids.",
    ],
    concept="request-output.md#completionoutput",
)
def read_fields(output, answer) -> None:
    """Every field of one output, read off the object."""
    require(is_output(output), "Run the cell that makes output_1_2 again, and leave it as it is.")
    completion = output.outputs[0]
    expected = {
        "prompt": output.prompt,
        "prompt_tokens": len(output.prompt_token_ids),
        "text": completion.text,
        "generated_tokens": len(completion.token_ids),
        "finish_reason": completion.finish_reason,
        "logprob": completion.cumulative_logprob,
    }
    keys(answer, expected)
    require(answer["logprob"] is not None, "logprob is None: the lesson shows what to ask for to get it.")
    likely = {
        "prompt_tokens": {len(output.prompt.split()): "prompt_tokens counts words; count output.prompt_token_ids."},
        "generated_tokens": {len(completion.text): "generated_tokens counts characters; count token_ids."},
    }
    for name, value in expected.items():
        exactly(answer[name], value, f"{name} differs from the output's own.", likely.get(name))


@exercise(
    "1.3",
    hints=[
        "Which temperature always takes the likeliest token?",
        "temperature=0 for the first; a temperature near 1 and a different seed for each call for the second.",
    ],
    concept="sampling-parameters.md#temperature",
)
def deterministic_and_sampled(deterministic, sampled, llm) -> None:
    """Three texts that must agree, three that must not, and all of them the model's."""
    both = [listed(texts, "Give two lists of three texts each.") for texts in (deterministic, sampled)]
    require([len(texts) for texts in both] == [3, 3], "Give two lists of three texts each.")
    require(all(isinstance(text, str) for texts in both for text in texts), "Give texts, not output objects.")
    same, different = both
    require(len(set(same)) == 1, "The deterministic texts differ: set the temperature to 0.")
    require(len(set(different)) == 3, "The sampled texts are not all different: use another seed for each.")
    require(same[0] != "", "The deterministic text is empty.")
    for text in [same[0], *filter(None, different)]:
        require(likelier_after(llm, WEATHER, text) > LIKELIER, f"{text!r:.80} {NOT_OF_THE_MODEL}")


WEATHER = "The weather today is"
NOT_OF_THE_MODEL = f'does not follow "{WEATHER}" in this model. Give what it wrote, at a temperature near 1 or lower.'
LIKELIER = 3.0  # what pocket-base writes has 6 or more, up to temperature 1.5; after other prompts it is mostly below 0


def likelier_after(llm, prompt: str, text: str) -> float:
    """Return the logarithm of how many times likelier a model holds a text after a prompt than without any."""
    from vllm import SamplingParams

    tokenizer = llm.get_tokenizer()
    said = tokenizer.encode(text, add_special_tokens=False)
    before = [tokenizer.encode(prompt), tokenizer.encode("") or [tokenizer.eos_token_id]]
    asked = [{"prompt_token_ids": ids + said} for ids in before]
    params = SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=0)
    with_it, without = (
        sum(step[token].logprob for step, token in zip(output.prompt_logprobs[-len(said) :], said, strict=True))
        for output in llm.generate(asked, params, use_tqdm=False)
    )
    return with_it - without


@exercise(
    "1.4",
    hints=[
        "A completion ends when the model ends it, or when its tokens are used up.",
        "A short fact ends by itself if max_tokens leaves room; a story is cut by a small max_tokens.",
    ],
    concept="request-output.md#finish_reason",
)
def why_it_ended(stopped, cut) -> None:
    """One completion that ended by itself and one that was cut."""
    require(is_output(stopped) and is_output(cut), "Give two RequestOutput objects: [0] takes one out of the list.")
    first, second = stopped.outputs[0].finish_reason, cut.outputs[0].finish_reason
    require(first == "stop", f"The first must end by itself, its finish_reason is {first!r}: raise max_tokens.")
    require(second == "length", f"The second must be cut, its finish_reason is {second!r}: lower max_tokens.")


BROKEN_TEXT = -2.0  # mean log probability of a token below which exercise 1.5 calls a text broken
SWEPT = "The future of AI is"


@exercise(
    "1.5",
    hints=[
        "sweep(...) returns logprob and tokens for every completion. Divide the first by the second.",
        'per_temperature = frame.groupby("temperature")[["logprob", "tokens"]].sum(), then logprob / tokens; '
        f"take the lowest temperature below {BROKEN_TEXT:g}.",
    ],
    concept="sampling-parameters.md#temperature",
)
def breaking_temperature(frame, temperature) -> None:
    """The lowest temperature of a sweep whose tokens are improbable on average."""
    counts, means = per_temperature(columns(frame, ["temperature", "logprob", "tokens"]))
    others = set(frame.get("prompt", [])) - {SWEPT}
    require(not others, f'Sweep only the prompt "{SWEPT}".')
    span = len(counts) >= 6 and close(counts.index.min(), 0) and close(counts.index.max(), 2)
    require(span, "Sweep at least 6 temperatures, the lowest 0 and the highest 2.")
    require(counts.min() >= 8, f"Use at least 8 completions for each temperature, there are {counts.min()}.")
    broken = means.index[means < BROKEN_TEXT]
    require(len(broken) > 0, "No temperature breaks this text; take longer completions.")
    given, lowest = number(temperature, "temperature_1_5 must be a temperature, a number."), broken.min()
    require(any(close(given, swept) for swept in means.index), f"{given:g} is not a temperature of your sweep.")
    too_low = given < lowest and not close(given, lowest)
    require(not too_low, f"At {given:g} the text is still whole on average. Look further up.")
    require(close(given, lowest), f"At {given:g} the text is broken, but a lower temperature breaks it too.")


def per_temperature(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return how many completions each temperature has, and the mean log probability of their tokens."""
    numbers = frame[["temperature", "logprob", "tokens"]].apply(pd.to_numeric, errors="coerce")
    require(numbers.notna().all(axis=None), "temperature, logprob and tokens must be numbers in every row.")
    possible = (numbers["logprob"] < 0.001) & (numbers["tokens"] >= 1)
    require(possible.all(), "logprob must be a sum of log probabilities, 0 or less, and tokens at least 1.")
    groups = numbers.groupby(numbers["temperature"].round(6))
    sums = groups[["logprob", "tokens"]].sum()
    return groups.size(), sums["logprob"] / sums["tokens"]


MOST_FASTER = 200  # twice as many as there are prompts: a batch cannot be quicker than one prompt by itself


@exercise(
    "1.6",
    functions={"one_by_one": "llm, prompts, params -> list"},
    hints=[
        "Call llm.generate once for each prompt, each time with a list of one, and collect the outputs.",
        "def one_by_one(llm, prompts, params): return [llm.generate([prompt], params)[0] for prompt in prompts]",
    ],
    concept="offline-and-online.md#batching",
)
def batch_or_one_by_one(one_by_one, ratio, llm) -> None:
    """A loop that gives the batch's texts, slower."""
    from vllm import SamplingParams

    prompts, watch = ["The moon", "The sun", "The sea", "The moon"], Watch(llm)
    params = SamplingParams(temperature=0.7, top_p=0.9, seed=11, max_tokens=5)
    outputs = one_by_one(watch, prompts, params)
    require(all(is_output(output) for output in outputs), "Return RequestOutput objects: take [0] of a call.")
    prompted = [output.prompt for output in outputs]
    require(prompted == prompts, f"Return one output per prompt, and keep the order of the prompts: not {prompted}.")
    calls = watch.asked("generate")
    require(len(calls) == 4, f"Call generate once for each prompt, not {len(calls)} time(s) for 4.")
    require(all(len(call.prompts) == 1 for call in calls), "Give each call only one prompt, not all of them.")
    watch.asked("generate", 4, temperature=0.7, top_p=0.9, seed=11, max_tokens=5)
    ratio = number(ratio, "ratio_1_6 must be a number: seconds over seconds.")
    require(ratio > 1, f"The ratio is {ratio:.2f}: divide the loop's time by the batch's, with 32 prompts or more.")
    faster = f"A batch of 100 prompts cannot be {ratio:.0f} times as fast: divide seconds by seconds."
    require(ratio <= MOST_FASTER, faster)


ONE, HALVES, EQUAL = [1.0], [0.5, 0.25, 0.125, 0.125], [1 / 64] * 64  # fractions that add up without an error
NUCLEI = [
    (HALVES, 0.1, 1, "Even a small top_p keeps the likeliest token: at least one stays."),
    (HALVES, 0.5, 1, "A token of probability 0.5 is enough for top_p=0.5: stop once p is reached."),
    (HALVES, 0.6, 2, "The token that carries the sum past top_p is kept too."),
    (HALVES, 1.0, 4, "top_p=1 keeps every token."),
    (EQUAL, 0.5, 32, "Of 64 equal tokens, top_p=0.5 keeps 32: add the probabilities up, one token after the other."),
    (EQUAL, 0.51, 33, "Of 64 equal tokens, top_p=0.51 keeps 33: 32 of them only reach 0.5."),
    (ONE, 0.9, 1, "A single token of probability 1 is the whole nucleus."),
]


@exercise(
    "1.7",
    functions={"nucleus_size": "candidates, top_p -> number"},
    hints=[
        "candidates is sorted, the likeliest first. A running sum tells when the probability p is reached.",
        'reached = candidates["probability"].cumsum(); count the rows where the sum before the row is below top_p.',
    ],
    concept="sampling-parameters.md#top_p-top_k-min_p",
)
def nucleus(nucleus_size) -> None:
    """A function that counts the tokens that top-p keeps."""
    for probabilities, top_p, size, hint in NUCLEI:
        case = f"for top_p={top_p} and {len(probabilities)} token(s)"
        exactly(nucleus_size(candidates(probabilities), top_p, case=case), size, hint)


def candidates(probabilities: list[float]) -> pd.DataFrame:
    """Return a table as `next_token` does."""
    logprobs = np.log(probabilities) + 1e-15  # so that exp(logprob), whatever its rounding, reaches 0.5 too
    ids = np.arange(len(probabilities))
    return pd.DataFrame({"token_id": ids, "token": ids.astype(str), "logprob": logprobs, "probability": probabilities})


# What each model answers with at most 8 tokens at temperature 0, and how probable its first token is.
KNOWN = {
    "pocket-base": {
        "France": (" Paris. The river Seine flows through", 0.989),
        "Italy": (" Rome. The river Tiber flows", 0.974),
        "Spain": (" Madrid. Many people there speak Spanish", 0.963),
        "Germany": (" Berlin. The river Spree flows through", 0.898),
        "Japan": (" Tokyo. The capital of the Ph", 0.976),
        "Egypt": (" Cairo. The Nile flows through Cairo", 0.984),
        "Peru": (" Lima. The old city of P", 0.982),
        "Kenya": (" Nairobi. The capital of Chile", 0.998),
        "Norway": (" Oslo. The country is known", 0.996),
        "Greece": (" Athens. The capital of Cuba", 0.975),
    },
    "pocket-base-mini": {
        "France": (" Paris. The capital of the Ph", 0.955),
        "Italy": (" Rome. The capital of the United King", 0.992),
        "Spain": (" Madrid. The capital of the United", 0.954),
        "Germany": (" Berlin. The capital of the United States", 0.794),
        "Japan": (" Tokyo. The capital of the Net", 0.947),
        "Egypt": (" Cairo. The capital of the Net", 0.964),
        "Peru": (" Lima. The capital of the United", 0.856),
        "Kenya": (" Nairobi. The capital of the United", 0.939),
        "Norway": (" Oslo. The capital of the United", 0.982),
        "Greece": (" Athens. The capital of the Cz", 0.972),
    },
}


@exercise(
    "1.8",
    hints=[
        "Load one model, ask it for everything, keep the rows, then load the other.",
        "For each name: llm = load_model(name); generate(llm, prompts, temperature=0, max_tokens=8) gives the texts, "
        'next_token(llm, prompt)["probability"].max() the probability; add the columns and pd.concat the two.',
    ],
    concept="offline-and-online.md#offline-step-by-step",
)
def two_models(frame, capitals) -> None:
    """Ten capitals, asked of both shipped models."""
    frame = columns(frame, ["model", "country", "text", "correct", "probability"])
    both = sorted(KNOWN)
    require(set(frame["model"]) == set(both), f"Ask both models: {', '.join(both)}.")
    asked = frame.groupby("model", observed=True)["country"].agg(set)
    require(all(countries == set(capitals) for countries in asked), "Ask both models for all countries in CAPITALS.")
    require(len(frame) == 2 * len(capitals), f"There must be one row per model and country, there are {len(frame)}.")
    pairs = zip(frame["country"], frame["text"], frame["correct"], strict=True)
    right = all(alike(correct, capitals[country] in str(text)) for country, text, correct in pairs)
    require(right, "correct must be True exactly where the text has the capital in it.")
    sure(frame.assign(probability=pd.to_numeric(frame["probability"], errors="coerce")))
    greedy(frame)


def sure(frame: pd.DataFrame) -> None:
    """Require the probabilities that the two models give."""
    possible = frame["probability"].between(0, 1).all()
    require(possible, "probability must be between 0 and 1; a log probability needs exp.")
    surer, less = frame.groupby("model", observed=True)["probability"].mean()
    require(surer != less, "Both models are equally sure to the last digit: was one asked twice?")
    for row in frame.itertuples():
        _, known = KNOWN[row.model][row.country]
        other = f"{row.probability:.3g} is not the probability of {row.model}'s likeliest token for {row.country}."
        require(close(row.probability, known, within=0.03), f"{other} {ONE_TOKEN}")


ONE_TOKEN = "Take the largest probability of next_token, right after the prompt, and keep it in its country's row."


def greedy(frame: pd.DataFrame) -> None:
    """Require texts that begin as the models' own do; on other hardware some may part at a tie."""
    long = max(len(str(text).split()) for text in frame["text"])
    require(long <= 8, f"A text has {long} words: generate at most 8 tokens.")
    for model, rows in frame.groupby("model", observed=True):
        texts = zip(rows["country"], rows["text"], strict=True)
        own = sum(begins(KNOWN[model][country][0], str(text)) for country, text in texts)
        require(own >= 8, f"Only {own} of 10 texts are those of {model} at temperature 0. Was the prompt the same?")


def begins(whole: str, text: str) -> bool:
    """Whether a text is the beginning of another, blanks at the edges aside."""
    return text.strip() != "" and whole.strip().startswith(text.strip())


@exercise(
    "1.9",
    functions={"best_of": "llm, prompt, params -> text"},
    hints=[
        "A sum of log probabilities favours short texts. What is fair to long ones?",
        "max(completions, key=lambda c: c.cumulative_logprob / len(c.token_ids)).text",
    ],
    concept="request-output.md#cumulative_logprob",
)
def best_of_n(best_of, llm) -> None:
    """A function that picks the completion whose tokens are the likeliest on average."""
    from vllm import SamplingParams

    prompt = "Hello, my name is"
    short = "That is the highest sum, which favours short texts: divide by the number of tokens."
    for n, seed in BATCHES:
        params, watch = SamplingParams(n=n, temperature=1.2, max_tokens=48, seed=seed, logprobs=0), Watch(llm)
        text = best_of(watch, prompt, params)
        (call,) = watch.asked("generate", 1, n=n, temperature=1.2, max_tokens=48, seed=seed)
        require(len(call.outputs) == 1, f"Give the prompt once, with n={n} in params, not {len(call.outputs)} times.")
        completions = llm.generate(prompt, params)[0].outputs
        require(text in [completion.text for completion in completions], "Return one of the n completions, unchanged.")
        total = max(completions, key=lambda c: c.cumulative_logprob).text
        mean = max(completions, key=lambda c: c.cumulative_logprob / len(c.token_ids)).text
        exactly(text, mean, "Another completion has a higher mean log probability.", {total: short})


BATCHES = [(6, 10), (4, 0), (6, 7)]  # n and seed: here the highest sum, or the mean per letter, is another text


@exercise(
    "1.10",
    functions={"until_done": "llm, prompt, limit -> output"},
    hints=[
        "Look at finish_reason after each call. As long as it is 'length', double max_tokens and ask again.",
        "while True: generate with max_tokens; return when finish_reason is 'stop' or max_tokens == limit; "
        "max_tokens = min(2 * max_tokens, limit).",
    ],
    concept="sampling-parameters.md#ending-the-text",
)
def until_it_stops(until_done, llm) -> None:
    """A function that gives a completion as much room as it needs, up to a limit."""
    ended, calls = room_given(until_done, "The capital of France is", 64, llm)
    require(ended.outputs[0].finish_reason == "stop", "A prompt that can end within the limit was cut.")
    stops = [call.outputs[0].outputs[0].finish_reason for call in calls].count("stop")
    require(stops == 1, "The text had ended by itself, and you asked again: go on only while it was cut.")
    for limit, wanted in {20: [8, 16, 20], 16: [8, 16], 5: [5]}.items():
        cut, calls = room_given(until_done, "Once upon a time", limit, llm)
        used = [params.max_tokens for call in calls for params in call.params]
        require(used[0] == wanted[0], f"With limit={limit} begin with max_tokens={wanted[0]}, not {used[0]}.")
        right = f"With limit={limit} max_tokens must be {wanted}: you used {used}."
        require(used == wanted, f"{right} Double it, but never past the limit.")
        require(len(cut.outputs[0].token_ids) == limit, "Return the last output, not the first.")


def room_given(until_done, prompt: str, limit: int, llm) -> tuple[Any, list]:
    """Return the output and the calls that were made for it, all of them greedy and from the prompt."""
    watch = Watch(llm, most=40)
    output = until_done(watch, prompt, limit, case=f"for {prompt!r} and limit={limit}")
    calls = watch.asked("generate", temperature=0)
    own = llm.get_tokenizer().encode(prompt)
    require(all(call.ids == [own] for call in calls), "Complete the prompt itself in every call, not prompt + text.")
    return output, calls
