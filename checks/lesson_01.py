"""The checks of lesson 01's exercises. `vllm_course.check` finds them by number."""

import numpy as np
import pandas as pd

from vllm_course.checks import exercise, require
from vllm_course.checks.shapes import close, columns, exactly, keys, listed, number
from vllm_course.checks.watch import Watch

BROKEN_TEXT = -2.0  # mean log probability of a token below which exercise 1.5 calls a text broken


LESSONS_PROMPTS = {
    "Hello, my name is",
    "The president of the United States is",
    "The capital of France is",
    "The future of AI is",
}


@exercise(
    "1.1",
    hints=[
        "llm.generate takes a list of strings and returns a list of RequestOutput, in the same order.",
        "answer_1_1 = llm.generate([prompt, prompt, ...], SamplingParams(...)), with five or more prompts of yours.",
    ],
    concept="offline-and-online.md#batching",
)
def own_batch(outputs) -> None:
    """Five or more different prompts, completed by one call."""
    outputs = listed(outputs, "Give the list that llm.generate returns.")
    require(all(hasattr(output, "outputs") for output in outputs), "Give the RequestOutput objects, not their texts.")
    require(len(outputs) >= 5, f"The batch must hold at least 5 prompts, it holds {len(outputs)}.")
    different = {tuple(output.prompt_token_ids) for output in outputs}  # a prompt of token ids has no text
    require(len(different) == len(outputs), "Two of the prompts are the same.")
    lessons = {output.prompt for output in outputs} & LESSONS_PROMPTS
    require(not lessons, "Write prompts of your own, not the lesson's.")


@exercise(
    "1.2",
    hints=[
        "The prompt's tokens belong to the RequestOutput, everything that was generated to its first CompletionOutput.",
        "completion = output.outputs[0]; then completion.text, completion.token_ids, completion.finish_reason and "
        "completion.cumulative_logprob; the prompt's tokens are output.prompt_token_ids.",
    ],
    concept="request-output.md#completionoutput",
)
def read_fields(output, answer) -> None:
    """Every field of one output, read off the object."""
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
def deterministic_and_sampled(deterministic, sampled) -> None:
    """Three texts that must agree, three that must not."""
    both = [listed(texts, "Give two lists of three texts each.") for texts in (deterministic, sampled)]
    require([len(texts) for texts in both] == [3, 3], "Give two lists of three texts each.")
    require(all(isinstance(text, str) for texts in both for text in texts), "Give texts, not output objects.")
    same, different = both
    require(len(set(same)) == 1, "The deterministic texts differ: set the temperature to 0.")
    require(len(set(different)) == 3, "The sampled texts are not all different: use another seed for each.")
    require(same[0] != "", "The deterministic text is empty.")


@exercise(
    "1.4",
    hints=[
        "A completion ends when the model says so, or when it has used up its tokens.",
        "A short fact ends by itself if max_tokens leaves room; a story is cut by a small max_tokens.",
    ],
    concept="request-output.md#finish_reason",
)
def why_it_ended(stopped, cut) -> None:
    """One completion that ended by itself and one that was cut."""
    require(hasattr(stopped, "outputs") and hasattr(cut, "outputs"), "Give two RequestOutput objects.")
    first, second = stopped.outputs[0].finish_reason, cut.outputs[0].finish_reason
    require(first == "stop", f"The first must end by itself, its finish_reason is {first!r}: raise max_tokens.")
    require(second == "length", f"The second must be cut, its finish_reason is {second!r}: lower max_tokens.")


@exercise(
    "1.5",
    hints=[
        "sweep(...) returns logprob and tokens for every completion; divide the one by the other.",
        'per_temperature = frame.groupby("temperature")[["logprob", "tokens"]].sum(), then logprob / tokens; '
        f"take the lowest temperature below {BROKEN_TEXT:g}.",
    ],
    concept="sampling-parameters.md#temperature",
)
def breaking_temperature(frame, temperature) -> None:
    """The lowest temperature of a sweep whose tokens are improbable on average."""
    groups = columns(frame, ["temperature", "logprob", "tokens"]).groupby("temperature")
    counts, sums = groups.size(), groups[["logprob", "tokens"]].sum()
    require(len(counts) >= 6 and counts.index.min() == 0 and counts.index.max() == 2, "Sweep 6 values from 0 to 2.")
    require(counts.min() >= 8, f"Use at least 8 completions a temperature, there are {counts.min()}.")
    broken = sums.index[sums["logprob"] / sums["tokens"] < BROKEN_TEXT]
    require(len(broken) > 0, "No temperature breaks this text; take longer completions.")
    given, lowest = number(temperature, "temperature_1_5 must be a temperature, a number."), broken.min()
    too_low = given < lowest and not close(given, lowest)
    require(not too_low, f"At {given:g} the text is still whole on average. Look further up.")
    require(close(given, lowest), f"{given:g} is broken, but not the lowest that is.")


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

    prompts, watch = ["The moon", "The sun", "The sea"], Watch(llm)
    outputs = one_by_one(watch, prompts, SamplingParams(temperature=0.0, max_tokens=8))
    require(all(hasattr(output, "outputs") for output in outputs), "Return RequestOutput objects: take [0] of a call.")
    prompted = [output.prompt for output in outputs]
    require(prompted == prompts, f"Return one output a prompt, and keep the order of the prompts: not {prompted}.")
    require(len(watch.calls) == 3, f"Call generate once for each prompt, not {len(watch.calls)} time(s) for 3.")
    watch.asked("generate", 3, temperature=0, max_tokens=8)
    ratio = number(ratio, "ratio must be a number: seconds over seconds.")
    require(ratio > 1, f"The ratio is {ratio:.2f}: divide the loop's time by the batch's, with 32 prompts or more.")


NUCLEI = {
    0.1: (1, "Even a small top_p keeps the likeliest token: at least one stays."),
    0.5: (1, "A token of probability 0.5 suffices for top_p=0.5: stop once p is reached."),
    0.6: (2, "The token that carries the sum past top_p is kept too."),
    1.0: (4, "top_p=1 keeps every token."),
}


@exercise(
    "1.7",
    functions={"nucleus_size": "candidates, top_p -> number"},
    hints=[
        "candidates is sorted, the likeliest first; a running sum tells when the probability p is reached.",
        'reached = candidates["probability"].cumsum(); count the rows where the sum before the row is below top_p.',
    ],
    concept="sampling-parameters.md#top_p-top_k-min_p",
)
def nucleus(nucleus_size) -> None:
    """A function that counts the tokens that top-p keeps."""
    probabilities = np.array([0.5, 0.25, 0.125, 0.125])
    logprobs = np.log(probabilities) + 1e-15  # so that exp(logprob), whatever its rounding, reaches 0.5 too
    candidates = {"token_id": [7, 5, 6, 8], "token": list("abcd"), "logprob": logprobs}
    candidates = pd.DataFrame(candidates | {"probability": probabilities})
    for top_p, (size, hint) in NUCLEI.items():
        exactly(nucleus_size(candidates, top_p, case=f"for top_p={top_p}"), size, hint)


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
    columns(frame, ["model", "country", "text", "correct", "probability"])
    both = {"pocket-base", "pocket-base-mini"}
    require(set(frame["model"]) == both, f"Ask both models: {', '.join(sorted(both))}.")
    asked = frame.groupby("model")["country"].agg(set)
    require(all(countries == set(capitals) for countries in asked), "Ask both models for all countries in CAPITALS.")
    require(len(frame) == 2 * len(capitals), f"There must be one row a model and country, there are {len(frame)} rows.")
    truth = [capitals[country] in str(text) for country, text in zip(frame["country"], frame["text"], strict=True)]
    require(list(frame["correct"]) == truth, "correct must be True exactly where the text holds the capital.")
    probability = pd.to_numeric(frame["probability"], errors="coerce")
    require(probability.between(0, 1).all(), "probability must be between 0 and 1; a log probability needs exp.")
    surer, other = probability.groupby(frame["model"]).mean()
    require(surer != other, "Both models are equally sure to the last digit: was one asked twice?")


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

    prompt, short = (
        "Hello, my name is",
        "That is the highest sum, which favours short texts: divide by the number of tokens.",
    )
    for seed in (0, 7, 8):  # with these, the highest sum and the highest mean are different texts of pocket-base
        params = SamplingParams(n=6, temperature=1.2, max_tokens=48, seed=seed, logprobs=0)
        text = best_of(llm, prompt, params)
        completions = llm.generate(prompt, params)[0].outputs
        require(text in [completion.text for completion in completions], "Return one of the n completions, unchanged.")
        total = max(completions, key=lambda c: c.cumulative_logprob).text
        mean = max(completions, key=lambda c: c.cumulative_logprob / len(c.token_ids)).text
        exactly(text, mean, "Another completion has a higher mean log probability.", {total: short})


@exercise(
    "1.10",
    functions={"until_done": "llm, prompt, limit -> output"},
    hints=[
        "Look at finish_reason after each call; as long as it is 'length', double max_tokens and ask again.",
        "while True: generate with max_tokens; return when finish_reason is 'stop' or max_tokens == limit; "
        "max_tokens = min(2 * max_tokens, limit).",
    ],
    concept="sampling-parameters.md#ending-the-text",
)
def until_it_stops(until_done, llm) -> None:
    """A function that gives a completion as much room as it needs, up to a limit."""
    watch, short = Watch(llm, most=40), Watch(llm, most=40)
    ended = until_done(short, "The capital of France is", 64).outputs[0].finish_reason
    require(ended == "stop", "A prompt that can end within the limit was cut.")
    stops = [call.outputs[0].outputs[0].finish_reason for call in short.calls].count("stop")
    require(stops == 1, "The text had ended by itself, and you asked again: go on only while it was cut.")
    long = until_done(watch, "Once upon a time", 20)
    used = [params.max_tokens for call in watch.calls for params in call.params]
    require(used[:1] == [8], f"Begin with max_tokens=8, not {used[0] if used else 'nothing'}.")
    require(used == [8, 16, 20], f"Double max_tokens, but never past the limit of 20: you used {used}.")
    watch.asked("generate", temperature=0)
    require(len(long.outputs[0].token_ids) == 20, "Return the last output, not the first.")
