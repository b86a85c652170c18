"""The likely mistakes in lesson 01's exercises, and right answers in another form than the solution's."""

import math
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pandas as pd

from tests.checks.odd import Agreeing, Bare, raising
from tests.checks.wrong_answers import changed, edit

WORDS, TOKENS = "len(output_1_2.prompt.split())", "len(output_1_2.prompt_token_ids)"
SUM_BEFORE, BEST = "reached_before < top_p", "max(completions, key=lambda c: c.cumulative_logprob / len(c.token_ids))"
BATCHED, ONE_EACH = (
    "return llm.generate(prompts, params)",
    "return [llm.generate([prompt], params)[0] for prompt in prompts]",
)
COUNT, TOP_PS = "int((reached_before < top_p).sum())", "candidates['probability']"
ONE_CALL = "completions = llm.generate(prompt, params)[0].outputs"
ASKED_ALONE = """import copy
    alone = copy.copy(params)
    alone.n = 1
    completions = [llm.generate(prompt, alone)[0].outputs[0] for _ in range(params.n)]"""

SWAPPED = "stopped = llm", "kept = llm", "cut = llm", "stopped = llm", "kept = llm", "cut = llm"
FIRST_OUTPUT = "max_tokens=max_tokens))[0]\n"
KEPT = FIRST_OUTPUT + "        first = output if max_tokens == 8 else first\n"
GOES_ON = FIRST_OUTPUT + "        prompt = prompt + output.outputs[0].text\n"
UNBOUNDED = "min(8, limit)", "8", "max_tokens == limit", "max_tokens >= limit"
GENERATE = "llm.generate(own_prompts, SamplingParams(temperature=0.8, max_tokens=24, seed=0))"


def one_prompt_at_a_time(prompts: str) -> str:
    """Return the solution of 1.1 with a call for each of these prompts."""
    return GENERATE.replace("llm.generate(own_prompts,", "[llm.generate(p,") + f"[0] for p in {prompts}]"


def of_the_whole_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return 1.8's table with the probability of all tokens together."""
    return frame.assign(probability=frame["logprob"].map(math.exp))


def fake(finish_reason: str) -> SimpleNamespace:
    """Return what looks like an output and comes from no model."""
    return SimpleNamespace(outputs=[SimpleNamespace(finish_reason=finish_reason)])


WRONG = {
    "1.1": [
        edit("a batch of three", "at least 5 prompts", "(own_prompts", "(own_prompts[:3]"),
        edit("the same prompt five times", "the same", "(own_prompts", "(own_prompts[:1] * 5"),
        edit("the lesson's prompts", "of your own", "(own_prompts", "(['The capital of France is', *own_prompts]"),
        changed(
            "texts, not outputs", "not their texts", answer_1_1=lambda outputs: [o.outputs[0].text for o in outputs]
        ),
        edit("a call for each prompt", "in one list", GENERATE, one_prompt_at_a_time("own_prompts")),
        edit(
            "two calls", "in one list", GENERATE, " + ".join([GENERATE, GENERATE.replace("own_prompts", "['A dog']")])
        ),
        edit(
            "the lesson's prompt and a blank", "of your own", "(own_prompts", "(['The future of AI is ', *own_prompts]"
        ),
        edit("an empty prompt", "no words", "(own_prompts", "(['', *own_prompts]"),
        changed("invented outputs", "RequestOutput", answer_1_1=lambda outputs: [fake("stop")] * 5),
        changed("one output", "Give the list", answer_1_1=lambda outputs: outputs[0]),
        changed("equal to everything", "equal to whatever", answer_1_1=lambda outputs: [Agreeing()] * 5),
    ],
    "1.2": [
        edit("words counted, not tokens", "counts words", TOKENS, WORDS),
        changed(
            "characters counted", "counts characters", answer_1_2=lambda a: a | {"generated_tokens": len(a["text"])}
        ),
        changed("no logprobs asked for", "what to ask for", answer_1_2=lambda answer: answer | {"logprob": None}),
        changed("the field's other name", "a dict with prompt", answer_1_2=lambda answer: answer | {"tokens": 20}),
        changed("another text", "text differs", answer_1_2=lambda answer: answer | {"text": answer["text"].strip()}),
        changed("another reason", "finish_reason differs", answer_1_2=lambda answer: answer | {"finish_reason": "end"}),
        changed("a probability", "logprob differs", answer_1_2=lambda a: a | {"logprob": math.exp(a["logprob"])}),
        changed("logprob of a token", "logprob differs", answer_1_2=lambda a: a | {"logprob": a["logprob"] / 20}),
        changed("no output", "output_1_2 again", output_1_2=lambda output: output.outputs[0].text),
        changed("a list of fields", "a dict with", answer_1_2=lambda answer: list(answer.values())),
        changed(
            "equal to everything", "equal to whatever", answer_1_2=lambda answer: dict.fromkeys(answer, Agreeing())
        ),
    ],
    "1.3": [
        edit("sampling called deterministic", "temperature to 0", "temperature=0.0", "temperature=1.0"),
        edit("one seed for all three", "another seed", "seed=seed", "seed=0"),
        edit("two texts", "three texts each", "range(3)]\ns", "range(2)]\ns"),
        changed("one text", "two lists of three", deterministic=lambda texts: None),
        changed("numbers, not texts", "Give texts", deterministic=lambda texts: [1, 1, 1]),
        changed("empty texts", "is empty", deterministic=lambda texts: [""] * 3),
        changed(
            "invented texts",
            "does not follow",
            deterministic=lambda texts: ["sunny"] * 3,
            sampled=lambda texts: ["a", "b", "c"],
        ),
        changed("invented samples", "does not follow", sampled=lambda texts: ["first", "second", "third"]),
        edit("another prompt", "does not follow", "generate(llm, prompt, ", "generate(llm, '7 and 8 make', "),
        changed("the same list twice", "not all different", sampled=lambda texts: texts[:1] * 3),
        changed("equal to everything", "equal to whatever", sampled=lambda texts: [Agreeing() for _ in texts]),
    ],
    "1.4": [
        changed("texts, not outputs", "two RequestOutput", cut=lambda output: output.outputs[0].text),
        edit("both cut", "raise max_tokens", "max_tokens=100", "max_tokens=2"),
        edit("both ended", "lower max_tokens", "Once upon a time", "The capital of France is", "10))", "100))"),
        changed(
            "invented outputs", "two RequestOutput", stopped=lambda output: fake("stop"), cut=lambda o: fake("length")
        ),
        changed("lists of one", "[0] takes one", stopped=lambda output: [output], cut=lambda output: [output]),
        edit("the other way round", "raise max_tokens", *SWAPPED),
    ],
    "1.5": [
        changed("no log probabilities", "temperature, logprob", frame_1_5=lambda frame: frame.drop(columns="logprob")),
        changed("nothing breaks", "take longer completions", frame_1_5=lambda frame: frame.assign(logprob=-0.1)),
        changed("a temperature in words", "a number", temperature_1_5=lambda temperature: "hot"),
        edit("one too high", "a lower temperature", ".min()", ".max()"),
        edit("one too low", "still whole", "< -2].min()", ">= -2].max()"),
        edit("one completion a temperature", "at least 8 completions", "n=16", "n=1"),
        edit(
            "too few temperatures", "Sweep at least 6 temp", "temperature=temperatures", "temperature=temperatures[::2]"
        ),
        edit("another prompt", "Sweep only the prompt", "The future of AI is", "The moon"),
        edit("a sweep to 1.8", "highest 2", "temperature=temperatures", "temperature=[*temperatures[:-1], 1.8]"),
        edit("a sweep from 0.1", "lowest 0", "temperature=temperatures", "temperature=[0.1, *temperatures[1:]]"),
        changed("between two that were swept", "not a temperature of your sweep", temperature_1_5=lambda t: t - 0.01),
        changed("all that are broken", "a number", temperature_1_5=lambda t: pd.Series([t, t + 0.4])),
        changed("no number in a row", "numbers in every row", frame_1_5=lambda f: f.assign(logprob=None)),
        changed("positive", "0 or less", frame_1_5=lambda frame: frame.assign(logprob=-frame["logprob"] + 1)),
        changed("equal to everything", "equal to whatever", temperature_1_5=lambda t: Agreeing()),
    ],
    "1.6": [
        edit("one batched call", "once for each prompt", ONE_EACH, BATCHED),
        edit("params forgotten", "must take", "[prompt], params", "[prompt]"),
        edit("completions, not outputs", "RequestOutput", "params)[0] for", "params)[0].outputs[0] for"),
        edit("the other order", "keep the order", "in prompts]", "in prompts[::-1]]"),
        changed("a ratio in words", "must be a number", ratio_1_6=lambda ratio: "three"),
        changed("the quotient upside down", "divide", ratio_1_6=lambda ratio: 1 / ratio),
        edit(
            "params written anew",
            "must take",
            "[prompt], params",
            "[prompt], SamplingParams(temperature=0, max_tokens=8)",
        ),
        edit(
            "the whole batch each time",
            "only one prompt",
            ONE_EACH,
            "return [llm.generate(prompts, params)[i] for i in range(len(prompts))]",
        ),
        edit(
            "each prompt once",
            "one output per prompt",
            "for prompt in prompts]",
            "for prompt in dict.fromkeys(prompts)]",
        ),
        edit("leaves", "exit 3", ONE_EACH, "raise SystemExit(3)"),
        changed("milliseconds over seconds", "cannot be", ratio_1_6=lambda ratio: 32000.0),
        changed("no finite number", "must be a number", ratio_1_6=lambda ratio: math.inf),
        changed("equal to everything", "equal to whatever", ratio_1_6=lambda ratio: Agreeing()),
    ],
    "1.7": [
        edit(
            "the token that reaches p left out",
            "at least one",
            SUM_BEFORE,
            "candidates['probability'].cumsum() < top_p",
        ),
        edit("one token too many at the bound", "once p is reached", SUM_BEFORE, "reached_before <= top_p"),
        edit("the likeliest only", "past top_p is kept", COUNT, "1"),
        edit("a share of the tokens", "at least one", COUNT, "int(len(candidates) * top_p)"),
        edit("those above 1 - p", "past top_p", COUNT, f"int(({TOP_PS} >= 1 - top_p).sum()) or 1"),
        edit(
            "the first four",
            "add the probabilities up",
            "reached_before = candidates",
            "reached_before = candidates[:4]",
        ),
        edit("a table, not its length", "not a DataFrame of 1 row", COUNT, "candidates[reached_before < top_p]"),
        edit("truth values", "not a Series of 4 rows", COUNT, "reached_before < top_p"),
        edit(
            "a column added", "only read", "    return int", "    candidates['before'] = reached_before\n    return int"
        ),
        changed("always equal", "equal to whatever", nucleus_size=lambda right: lambda candidates, top_p: Agreeing()),
        changed("leaves", "exit 3", nucleus_size=lambda right: raising(SystemExit(3))),
        changed("a bare exception", "ended with Bare", nucleus_size=lambda right: raising(Bare())),
    ],
    "1.8": [
        changed("one model only", "both models", frame_1_8=lambda frame: frame.query("model == 'pocket-base'")),
        changed("all called wrong", "exactly where", frame_1_8=lambda frame: frame.assign(correct=False)),
        changed(
            "log probabilities", "needs exp", frame_1_8=lambda f: f.assign(probability=f["probability"].map(math.log))
        ),
        changed(
            "one model asked twice",
            "asked twice",
            frame_1_8=lambda f: f.assign(probability=f["probability"].tolist()[:10] * 2),
        ),
        changed("one country forgotten", "all countries", frame_1_8=lambda frame: frame[1:]),
        changed("of the whole text", "right after the prompt", frame_1_8=of_the_whole_text),
        changed(
            "of the least likely token",
            "right after the prompt",
            frame_1_8=lambda f: f.assign(probability=f.index * 1e-9),
        ),
        changed(
            "in the order of size",
            "its country's row",
            frame_1_8=lambda f: f.assign(probability=sorted(f["probability"])),
        ),
        changed(
            "percent", "between 0 and 1", frame_1_8=lambda frame: frame.assign(probability=100 * frame["probability"])
        ),
        changed("invented texts", "at temperature 0", frame_1_8=lambda f: f.assign(text=" I know it.", correct=False)),
        changed("no texts", "at temperature 0", frame_1_8=lambda frame: frame.assign(text="", correct=False)),
        changed("long texts", "at most 8 tokens", frame_1_8=lambda f: f.assign(text=f["text"] + " and" * 8)),
        changed(
            "all called right", "exactly where", frame_1_8=lambda f: f.assign(text=f["text"].where(f.index > 0, ""))
        ),
        changed("a row twice", "one row per model", frame_1_8=lambda frame: pd.concat([frame, frame[:1]])),
        changed("no table", "a DataFrame with", frame_1_8=lambda frame: frame.to_dict("records")),
    ],
    "1.9": [
        edit("the highest sum", "favours short", " / len(c.token_ids)", ""),
        edit("the first one", "higher mean", BEST, "completions[0]"),
        edit("stripped", "unchanged", ".text\n", ".text.strip()\n"),
        edit("one call for each", "called 1 time, not 6", ONE_CALL, ASKED_ALONE),
        edit(
            "the prompt n times", "Give the prompt once", "generate(prompt, params)", "generate([prompt] * 2, params)"
        ),
        edit("per character", "higher mean", "len(c.token_ids)", "max(1, len(c.text))"),
        edit("per word", "higher mean", "len(c.token_ids)", "max(1, len(c.text.split()))"),
        edit("the least likely", "higher mean", "max(", "min("),
        edit(
            "params written anew",
            "must take",
            "generate(prompt, params)",
            "generate(prompt, SamplingParams(n=6, logprobs=0, seed=1))",
        ),
        edit("the completion", "return a text", ".text\n", "\n"),
    ],
    "1.10": [
        edit("begins with 16", "begin with max_tokens=8", "min(8, limit)", "min(16, limit)"),
        edit("past the limit", "never past the limit", "min(2 * max_tokens, limit)", "2 * max_tokens", "== l", ">= l"),
        edit("one attempt", "Double it", "2 * max_tokens", "100 * max_tokens"),
        edit("asked again after the end", "asked again", '== "stop"', '== "never"'),
        edit("never ends", "goes on and on", "== limit", "> limit"),
        edit(
            "the first output",
            "not the first",
            "            return output",
            "            return output if max_tokens < limit else first",
            FIRST_OUTPUT,
            KEPT,
        ),
        edit("the model's temperature", "temperature=0", "temperature=0.0", "temperature=1e-4"),
        edit("without a temperature", "temperature=0", "temperature=0.0, ", ""),
        edit("on from the text", "prompt + text", FIRST_OUTPUT, GOES_ON),
        edit("begins with 8 whatever the limit", "With limit=5 begin", *UNBOUNDED),
        edit("the text", "return an output", "return output", "return output.outputs[0].text"),
        edit(
            "the list",
            "return an output",
            FIRST_OUTPUT,
            FIRST_OUTPUT.replace("[0]", ""),
            "output.outputs",
            "output[0].outputs",
        ),
        edit("one token more", "Double it", "2 * max_tokens", "2 * max_tokens + 1"),
    ],
}

SUMMED = "sum(step[token].logprob for step, token in zip(c.logprobs, c.token_ids, strict=True))"
BY_HAND = """total = 0
    for place, probability in enumerate(candidates["probability"], start=1):
        total += probability
        if total >= top_p:
            return place"""
RECURSIVE = """def until_done(llm, prompt, limit, room=8):
    room = min(room, limit)
    (output,) = llm.generate([prompt], [SamplingParams(temperature=0, max_tokens=room)])
    ended = output.outputs[0].finish_reason != "length" or room == limit
    return output if ended else until_done(llm, prompt, limit, 2 * room)


def first_try(llm, prompt, limit):"""

RIGHT = {
    "1.1": [
        changed("a tuple", "", answer_1_1=tuple),
        changed("a generator", "", answer_1_1=lambda outputs: (output for output in outputs)),
        changed("a dict's values", "", answer_1_1=lambda outputs: {o.prompt: o for o in outputs}.values()),
        changed("a column", "", answer_1_1=lambda outputs: pd.Series(outputs, index=[o.prompt for o in outputs])),
        edit("a word of the lesson's", "", "(own_prompts", "(['In France, people', *own_prompts]"),
        edit("token ids", "", "(own_prompts", "([{'prompt_token_ids': [1, n]} for n in range(70, 76)]"),
    ],
    "1.2": [
        changed("a Series", "", answer_1_2=pd.Series),
        changed("a view of a dict", "", answer_1_2=MappingProxyType),
        changed(
            "numbers of numpy",
            "",
            answer_1_2=lambda a: (
                a | {"prompt_tokens": np.uint8(a["prompt_tokens"]), "logprob": np.float32(a["logprob"])}
            ),
        ),
    ],
    "1.3": [
        changed("generators and tuples", "", deterministic=lambda texts: (t for t in texts), sampled=tuple),
        changed("a column and an array", "", deterministic=lambda texts: pd.Series(texts, [7, 8, 9]), sampled=np.array),
        changed("a dict's values", "", sampled=lambda texts: dict(enumerate(texts)).values()),
        edit("one seed repeated", "", "temperature=0.0", "temperature=0.9, seed=4"),
        edit("a hot model", "", "temperature=1.0", "temperature=1.5"),
        edit("short texts", "", "temperature=0.0, max_tokens=24", "temperature=0.0, max_tokens=1"),
    ],
    "1.4": [
        edit("a stop string", "", "max_tokens=100", 'max_tokens=100, stop=["."]'),
        edit("sampled", "", "temperature=0.0, max_tokens=10)", "temperature=0.9, n=2, max_tokens=3)"),
        edit("a prompt in a dict", "", '"The capital of France is"', '{"prompt": "The capital of France is"}'),
    ],
    "1.5": [
        changed("Python's number", "", temperature_1_5=float),
        changed("a narrow number", "", temperature_1_5=np.float16),
        changed("another narrow number", "", temperature_1_5=np.float32),
        changed("an array of one", "", temperature_1_5=lambda temperature: np.array([temperature])),
        changed("a column of one", "", temperature_1_5=lambda temperature: pd.Series([temperature], index=["t"])),
        changed("a decimal number", "", temperature_1_5=lambda temperature: Decimal(str(temperature))),
        changed("another column, rows shuffled", "", frame_1_5=lambda frame: frame.assign(more=1).sample(frac=1)),
        changed("three columns", "", frame_1_5=lambda frame: frame[["temperature", "logprob", "tokens"]]),
        changed(
            "computed temperatures",
            "",
            frame_1_5=lambda f: f.assign(temperature=[0.1 * t / 0.1 for t in f["temperature"]]),
        ),
        changed("narrow columns", "", frame_1_5=lambda f: f.astype({"temperature": "float32", "logprob": "float32"})),
    ],
    "1.6": [
        changed("a whole number", "", ratio_1_6=lambda ratio: 3),
        changed("a fraction", "", ratio_1_6=Fraction),
        changed("a narrow number", "", ratio_1_6=np.float16),
        edit("a generator", "", ONE_EACH, "yield from (llm.generate(prompt, [params])[0] for prompt in prompts)"),
        edit("a tuple", "", ONE_EACH, "return tuple(llm.generate([prompt], params).pop() for prompt in prompts)"),
        edit("a map", "", ONE_EACH, "return map(lambda prompt: llm.generate({'prompt': prompt}, params)[0], prompts)"),
    ],
    "1.7": [
        edit("from log probabilities", "", 'candidates["probability"]', "(2.718281828459045 ** candidates['logprob'])"),
        edit("numpy's number", "", COUNT, "(reached_before < top_p).sum()"),
        edit("an array of one", "", COUNT, "reached_before.lt(top_p).to_numpy().sum(keepdims=True)"),
        edit("a loop", "", f"return {COUNT}", BY_HAND),
        edit("a search", "", COUNT, f"{TOP_PS}.cumsum().searchsorted(top_p) + 1"),
    ],
    "1.8": [
        changed("0 and 1, more columns", "", frame_1_8=lambda f: f.assign(correct=f["correct"].astype(int), more=1)),
        changed("rows shuffled, another index", "", frame_1_8=lambda f: f.sample(frac=1).set_index("tokens")),
        changed("categories", "", frame_1_8=lambda f: f.astype({"model": "category", "country": "category"})),
        changed("narrow numbers", "", frame_1_8=lambda f: f.astype({"probability": "float16", "correct": object})),
        changed("shorter texts", "", frame_1_8=lambda f: f.assign(text=[text[:9].strip() for text in f["text"]])),
    ],
    "1.9": [
        edit("a list of one", "", "llm.generate(prompt, params)", "llm.generate([prompt], [params])"),
        edit("sorted", "", BEST, BEST.replace("max(", "sorted(") + "[-1]"),
        edit("summed by hand", "", "c.cumulative_logprob", SUMMED),
    ],
    "1.10": [
        edit("numpy's numbers", "", "min(8, limit)", "__import__('numpy').int64(min(8, limit)).item()"),
        edit("recursive", "", "def until_done(llm, prompt, limit):", RECURSIVE),
        edit("looks at what was cut", "", '== "stop"', '!= "length"'),
    ],
}
