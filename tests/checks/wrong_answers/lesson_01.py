"""The likely mistakes in lesson 01's exercises. Each must be refused, with the hint that fits."""

import math

from tests.checks.wrong_answers import Wrong


def _with_params(**sampling):
    from vllm import SamplingParams

    return SamplingParams(**sampling)


def _first_of(llm, prompts, params):
    return [llm.generate(prompt, params)[0].outputs[0] for prompt in prompts]


def _batch(llm, prompts, params):
    return llm.generate(prompts, params)


def _change(answer: dict, **changes) -> dict:
    return answer | changes


def _with_logprobs(frame):
    return frame.assign(probability=frame["probability"].map(math.log))


def _asked_twice(frame):
    return frame.assign(probability=frame["probability"].tolist()[:10] * 2)


def _best_by_sum(llm, prompt, params):
    return max(llm.generate(prompt, params)[0].outputs, key=lambda c: c.cumulative_logprob).text


def _first_completion(llm, prompt, params):
    return llm.generate(prompt, params)[0].outputs[0].text


def _until_done(*, start: int = 8, factor: int = 2, cap: bool = True):
    def until_done(llm, prompt, limit):
        max_tokens = start
        while True:
            output = llm.generate(prompt, _with_params(temperature=0.0, max_tokens=max_tokens))[0]
            if output.outputs[0].finish_reason == "stop" or max_tokens >= limit:
                return output
            max_tokens = min(factor * max_tokens, limit) if cap else factor * max_tokens

    return until_done


def _other_temperature(ns: dict, *, higher: bool) -> float:
    temperatures = sorted(set(ns["frame_1_5"]["temperature"]))
    return temperatures[temperatures.index(ns["temperature_1_5"]) + (1 if higher else -1)]


WRONG = {
    "1.1": [
        Wrong("a batch of three", lambda ns: ns["answer_1_1"][:3], "at least 5 prompts"),
        Wrong("texts, not outputs", lambda ns: [o.outputs[0].text for o in ns["answer_1_1"]], "not their texts"),
        Wrong("the same prompt five times", lambda ns: ns["answer_1_1"][:1] * 5, "the same"),
    ],
    "1.2": [
        Wrong(
            "words counted, not tokens",
            lambda ns: (
                ns["output_1_2"],
                _change(ns["answer_1_2"], prompt_tokens=len(ns["output_1_2"].prompt.split())),
            ),
            "counts words",
        ),
        Wrong(
            "characters counted, not tokens",
            lambda ns: (ns["output_1_2"], _change(ns["answer_1_2"], generated_tokens=len(ns["answer_1_2"]["text"]))),
            "counts characters",
        ),
        Wrong(
            "no logprobs asked for",
            lambda ns: (ns["output_1_2"], _change(ns["answer_1_2"], logprob=None)),
            "what to ask for",
        ),
    ],
    "1.3": [
        Wrong("sampling called deterministic", lambda ns: (ns["sampled"], ns["sampled"]), "temperature to 0"),
        Wrong("one seed for all three", lambda ns: (ns["deterministic"], ns["deterministic"]), "another seed"),
    ],
    "1.4": [
        Wrong("both cut", lambda ns: (ns["cut"], ns["cut"]), "raise max_tokens"),
        Wrong("both ended", lambda ns: (ns["stopped"], ns["stopped"]), "lower max_tokens"),
    ],
    "1.5": [
        Wrong("one too high", lambda ns: (ns["frame_1_5"], _other_temperature(ns, higher=True)), "not the lowest"),
        Wrong("one too low", lambda ns: (ns["frame_1_5"], _other_temperature(ns, higher=False)), "still whole"),
        Wrong(
            "one completion a temperature",
            lambda ns: (ns["frame_1_5"].drop_duplicates("temperature"), ns["temperature_1_5"]),
            "at least 8 completions",
        ),
    ],
    "1.6": [
        Wrong("one batched call", lambda ns: (_batch, ns["ratio_1_6"], ns["llm"]), "once for each prompt"),
        Wrong("the quotient upside down", lambda ns: (ns["one_by_one"], 1 / ns["ratio_1_6"], ns["llm"]), "divide"),
        Wrong("completions, not outputs", lambda ns: (_first_of, ns["ratio_1_6"], ns["llm"]), "RequestOutput"),
    ],
    "1.7": [
        Wrong(
            "the token that reaches p left out",
            lambda ns: lambda c, p: int((c["probability"].cumsum() < p).sum()),
            "at least one",
        ),
        Wrong(
            "one token too many at the bound",
            lambda ns: lambda c, p: min(len(c), int((c["probability"].cumsum() <= p).sum()) + 1),
            "once p is reached",
        ),
    ],
    "1.8": [
        Wrong(
            "one model only",
            lambda ns: (ns["frame_1_8"].query("model == 'pocket-base'"), ns["CAPITALS"]),
            "both models",
        ),
        Wrong("all called wrong", lambda ns: (ns["frame_1_8"].assign(correct=False), ns["CAPITALS"]), "exactly where"),
        Wrong("log probabilities", lambda ns: (_with_logprobs(ns["frame_1_8"]), ns["CAPITALS"]), "needs exp"),
        Wrong("one model asked twice", lambda ns: (_asked_twice(ns["frame_1_8"]), ns["CAPITALS"]), "asked twice"),
    ],
    "1.9": [
        Wrong("the highest sum", lambda ns: (_best_by_sum, ns["llm"]), "favours short"),
        Wrong("the first one", lambda ns: (_first_completion, ns["llm"]), "higher mean"),
    ],
    "1.10": [
        Wrong("begins with 16", lambda ns: (_until_done(start=16), ns["llm"]), "Begin with max_tokens=8"),
        Wrong("past the limit", lambda ns: (_until_done(cap=False), ns["llm"]), "never past the limit"),
        Wrong("one attempt", lambda ns: (_until_done(factor=100), ns["llm"]), "Double max_tokens"),
    ],
}
