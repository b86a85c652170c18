"""The checks of lesson 02's exercises. `vllm_course.check` finds them by number."""

import argparse
import builtins
import contextlib
import copy
import csv
import datetime
import inspect
import itertools
import json
import logging
import math
import multiprocessing
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from vllm_course import generate, paths, sweep
from vllm_course.checks import exercise, markdown, require
from vllm_course.checks.clock import Clock
from vllm_course.checks.gate import Gate
from vllm_course.checks.shapes import alike, close, columns, entries, exactly, keys, listed, number
from vllm_course.checks.trying import Tried, described
from vllm_course.checks.verdict import NotYet
from vllm_course.checks.watch import Brief, Call, Watch
from vllm_course.completion.settings import read_settings
from vllm_course.measures import summarize
from vllm_course.parameters import PARAMETERS

BROKEN_SWEEP = -2.0  # mean log probability of a token, as in exercise 1.5
MEASURED_COLUMNS = ["model", "prompt", "text", "tokens", "load_seconds", "tokens_per_second"]  # of exercise 2.1


LOADED_AT_ONCE = 0.02  # seconds: the load of a model takes more on any machine, the return of a loaded one far less
LOAD, WRITE = 1000, 3000  # seconds of a load and of a call, on the check's clock; times 1 for the first model, 2, 3


class Loads:
    """Stands before `load_model`: hands out one engine, watched, under any name, and frees the one before.

    Every load and every call moves the clock by what they are to take, so that no machine is too slow or too fast.
    """

    def __init__(self, llm, clock: Clock) -> None:
        self.llm, self.clock, self.names, self.engines = llm, clock, [], []

    def __call__(self, model: str) -> Watch:
        if self.engines:
            self.engines[-1].llm = None
        self.names.append(model)
        self.clock.wait(LOAD * len(self.names))
        self.engines.append(Watch(self.llm, pause=WRITE * len(self.names), wait=self.clock.wait))
        return self.engines[-1]


@exercise(
    "2.1",
    functions={"compare_models": "names, prompts, load -> table"},
    hints=[
        "load_model returns at once when the model is loaded already. So which model must not come first?",
        "For each name: time.perf_counter(), llm = load(name), time.perf_counter(), generate(llm, prompts, ...), "
        "time.perf_counter(); frame.assign(model=name, load_seconds=..., tokens_per_second=...); pd.concat at the end. "
        'Begin with "pocket-base-mini".',
    ],
    concept="offline-and-online.md#what-loading-does",
)
def models_compared(compare_models, frame, answer, prompts, llm) -> None:
    """A table of two models on the same prompts, made by a function that serves for any models."""
    _own_measurement(frame, answer, prompts)
    _greedy_texts(frame, prompts, llm)
    clock, names, two = Clock(), ["a", "b", "c"], ["The moon", "The sun"]
    loads = Loads(llm, clock)
    third = "Load each model with load(name), the third argument, and generate with it before you load the next."
    with clock.shown_to(compare_models.function):
        table = compare_models(names, two, loads, fails=third)
    require(loads.names == names, f"Load every name once, with load(name) and in order, not {loads.names}.")
    calls = [len(engine.calls) for engine in loads.engines]
    require(calls == [1, 1, 1], f"Give each model all prompts in one call of generate, not in {max(calls)}.")
    for engine in loads.engines:
        engine.asked("generate", 1, temperature=0, max_tokens=40)
    columns(table, MEASURED_COLUMNS, "compare_models must return")
    rows = sorted(zip(table["model"], table["prompt"], strict=True))
    require(rows == [(name, prompt) for name in names for prompt in two], "Return a row for each model and prompt.")
    greedy = _written(generate(llm, two, temperature=0.0, max_tokens=40))
    for place, name in enumerate(names, start=1):
        own = table[table["model"] == name]
        require(_written(own) == greedy, "The columns text and tokens must be what the model wrote to that prompt.")
        _timed(own, LOAD * place, sum(tokens for _, tokens in greedy.values()) / (WRITE * place))


def _written(frame) -> dict[str, tuple]:
    """Return text and number of tokens by prompt."""
    return dict(zip(frame["prompt"], zip(frame["text"], frame["tokens"], strict=True), strict=True))


def _timed(frame, seconds: float, speed: float) -> None:
    """Hold what was measured to the check's clock; a tenth is left for the time that really passes."""
    clock = "with time.perf_counter() right before and right after"
    load = f"load_seconds must be the time of load(name) and nothing else: read the clock {clock} it"
    write = f"tokens_per_second must be all tokens of the model, divided by the seconds of its one call {clock}"
    for name, truth, hint in (("load_seconds", seconds, load), ("tokens_per_second", speed, write)):
        given = [number(value, f"{name} must be a number.") for value in frame[name]]
        require(all(math.isclose(value, truth, rel_tol=0.1) for value in given), f"{hint}.")


def _own_measurement(frame, answer, prompts) -> None:
    columns(frame, MEASURED_COLUMNS)
    both = {"pocket-base", "pocket-base-mini"}
    require(set(frame["model"]) == both, f"Compare the models {', '.join(sorted(both))}.")
    asked = frame.groupby("model")["prompt"].agg(sorted)
    require(all(each == sorted(prompts) for each in asked), "There must be one row for each model and prompt.")
    speeds = frame.groupby("model")[["load_seconds", "tokens_per_second"]]
    require((speeds.nunique() == 1).all().all(), "load_seconds and tokens_per_second are one number for each model.")
    speeds = speeds.first()
    loads = speeds["load_seconds"]
    at_once = loads.min() < LOADED_AT_ONCE
    require(not at_once, f"{loads.idxmin()} was loaded already when you timed it: load the other model first.")
    keys(answer, ["loads_faster", "writes_faster"])
    names = {"loads_faster": loads.idxmin(), "writes_faster": speeds["tokens_per_second"].idxmax()}
    for name, model in names.items():
        exactly(answer[name], model, f"{name}: your own table says {model}. More tokens a second is faster.")


def _greedy_texts(frame, prompts, llm) -> None:
    texts = frame.groupby("model")["text"].agg(list)
    require(texts.iloc[0] != texts.iloc[1], "Both models wrote the same to the letter: was one asked twice?")
    same = _written(frame[frame["model"] == "pocket-base"]) == _written(
        generate(llm, prompts, temperature=0.0, max_tokens=40)
    )
    require(same, "text and tokens of pocket-base are not the greedy ones: temperature=0 and max_tokens=40, for both.")


@exercise(
    "2.2",
    functions={"groups_of": "parser -> dict", "default_of": "parser, option -> value"},
    hints=[
        "parser._action_groups holds the groups, and parser.parse_args([]) the value that each option has when nobody "
        "gives it. The list of quantization methods is in vllm.model_executor.layers.quantization.",
        "{g.title: len(g._group_actions) for g in parser._action_groups if g._group_actions}; "
        'vars(parser.parse_args([]))[option.lstrip("-").replace("-", "_")]; list(QUANTIZATION_METHODS).',
    ],
    concept="engine-arguments.md#groups",
)
def help_system(groups_of, default_of, quantization) -> None:
    """Functions that read any parser, and the list that the parser does not have."""
    import vllm
    from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS

    _groups(groups_of(_colours_parser()))
    _defaults(default_of)
    methods = [] if quantization is None else listed(quantization, "Give the methods as a list, not as one text.")
    require(bool(methods), "The option takes any text, so it has no choices: vLLM keeps the list of methods elsewhere.")
    unknown = sorted(map(repr, set(methods) - set(QUANTIZATION_METHODS)))
    require(not unknown, f"vLLM {vllm.__version__} does not know {', '.join(unknown)}.")
    missing = len(set(QUANTIZATION_METHODS) - set(methods))
    require(not missing, f"{missing} methods are missing: take vLLM's own list, not the two that everybody names.")


def _colours_parser():
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = FlexibleArgumentParser()
    colours = parser.add_argument_group("Colours")
    colours.add_argument("--line-colour", default="red")
    colours.add_argument("--fill", action=argparse.BooleanOptionalAction, default=False)
    colours.add_argument("-w", "--line-width", type=int)
    colours.add_argument("--no-border", action="store_true")
    parser.add_argument_group("Nothing")
    return parser


def _groups(found) -> None:
    empty = {"Nothing", "positional arguments"} & set(found)
    require(not empty, f"{', '.join(sorted(empty))}: a group without options does not show in the help. Leave it out.")
    require(set(found) == {"options", "Colours"}, "For another parser groups_of must return that parser's groups.")
    options = f"the groups of a test have 1 and 4 options, not {found['options']} and {found['Colours']}"
    right = alike(found["options"], 1) and alike(found["Colours"], 4)
    require(right, f"Count options, {options}: one may have several names, --x and --no-x, or -h and --help.")


def _defaults(default_of) -> None:
    for form in ("--line-colour", "--line_colour", "line_colour"):
        value, error = default_of.ending(_colours_parser(), form)
        exactly(error or value, "red", f"default_of must find an option under each of its names: {form} was not found.")
    require(default_of(_colours_parser(), "--fill") is False, "default_of must return False for a flag that is off.")
    value, error = default_of.ending(_colours_parser(), "--line-width")
    none = f"--line-width is an option whose default is None, and default_of must return it, not {error or value!r}."
    require(error is None and value is None, none)
    for name in ("--line", "--speed"):
        _, error = default_of.ending(_colours_parser(), name)
        silent = f"{name} is no option, yet default_of returned a value"
        require(error is not None, f"{silent}: get_default answers None for any name. Raise an error.")


CURVE = {
    "temperature": [0.0, 0.6, 0.9, 1.1, 1.4, 1.5, 1.7, 1.9],
    "diversity": [0.1, 0.5, 0.4, 0.45, 0.7, 0.65, 0.55, 0.9],
    "mean_logprob": [-0.2, -0.3, -2.0, -0.5, -2.5, -2.0, -0.5, -6.0],
}
WORST = "broken_from is the lowest temperature below -2, not the one with the lowest mean_logprob."
BROKEN = "best must have a mean_logprob of -2 or above: the most diverse texts of all are the broken ones."
HIGHEST = "best is not the highest temperature of mean_logprob -2 or above, but the most diverse."
BEST = "best is the most diverse temperature of mean_logprob -2 or above"
BELOW = f"{BEST}, also where one below it is broken."
CHOICES = [  # in CURVE: what is chosen, the temperature, the rule, and likely mistakes
    ("broken_from", 1.4, "broken_from is the lowest temperature whose mean_logprob is below -2", {1.9: WORST}),
    ("most_diverse", 1.9, "most_diverse is the temperature of the highest diversity, whole or broken", {}),
    ("best", 1.5, BEST, {1.4: BROKEN, 1.9: BROKEN, 1.7: HIGHEST, 0.6: BELOW}),
]


@exercise(
    "2.3",
    functions={"by_temperature": "llm, prompt, temperatures -> table", "choose": "table -> dict"},
    hints=[
        "sweep takes a list for what it varies, and summarize turns its table into one row per temperature.",
        'summarize(sweep(llm, prompt, n=8, seed=0, temperature=temperatures, max_tokens=40), "temperature"). '
        'whole = table[table["mean_logprob"] >= -2]; whole["temperature"][whole["diversity"].idxmax()].',
    ],
    concept="sampling-parameters.md#temperature",
)
def until_it_breaks(by_temperature, choose, table, answer, llm) -> None:
    """A sweep in one call, and a rule that finds three temperatures in any such table."""
    _one_call_sweep(by_temperature, llm)
    names = [name for name, *_ in CHOICES]
    found = keys(choose(pd.DataFrame(CURVE)), names, "choose must return")
    for name, temperature, rule, likely in CHOICES:
        exactly(found[name], temperature, f"{rule}, got {found[name]}.", likely)
    columns(table, ["temperature", "diversity", "mean_logprob"], "table_2_3 must be what by_temperature returns,")
    span = close(table["temperature"].min(), 0) and close(table["temperature"].max(), 2)
    require(table["temperature"].nunique() >= 7 and span, "Sweep at least 7 temperatures, from 0 to 2.")
    answer = keys(answer, names, "answer_2_3 must be")
    for name, temperature in _chosen(table).items():
        right = close(answer[name], temperature)
        require(right, f"answer_2_3 must be what choose finds in your table: {name} is {temperature:g}.")


def _one_call_sweep(by_temperature, llm) -> None:
    watch, prompt = Watch(llm), "The moon"
    table = by_temperature(watch, prompt, [1.0, 0.0])
    columns(table, ["temperature", "diversity", "mean_logprob"], "by_temperature must return")
    require(sorted(table["temperature"]) == [0, 1], "Return one row for each temperature that was asked for.")
    count = len(watch.asked("generate"))
    require(count == 1, f"Generate all temperatures in one call, not in {count}: a batch takes little longer than one.")
    (call,) = watch.asked("generate", 1, max_tokens=40)
    given = all(ids == llm.get_tokenizer().encode(prompt) for ids in call.ids)
    require(given, f"by_temperature must complete the prompt that it is given. For {prompt!r} it completed another.")
    rows = [(p, c) for p, output in zip(call.params, call.outputs, strict=True) for c in output.outputs]
    few = min(sum(p.temperature == temperature for p, _ in rows) for temperature in (0.0, 1.0))
    require(few >= 8, f"Take 8 completions at each temperature, not {few}: one text tells little about chance.")
    require(all(p.seed is not None for p, _ in rows), "Set a seed, or nobody can repeat your table.")
    varied = len({c.text for p, c in rows if p.temperature == 1})
    require(varied > 1, "All completions at temperature 1 are the same text: each one needs a seed of its own.")
    names = ["temperature", "text", "tokens", "logprob", "finish_reason"]
    rows = [(p.temperature, c.text, len(c.token_ids), c.cumulative_logprob, c.finish_reason) for p, c in rows]
    summary = summarize(pd.DataFrame(rows, columns=names), "temperature").set_index("temperature")
    for row in table.itertuples():
        truth = summary.loc[row.temperature]
        same = close(row.diversity, truth["diversity"]) and close(row.mean_logprob, truth["mean_logprob"])
        require(same, "diversity and mean_logprob must be those that summarize finds over all texts of a temperature.")


def _chosen(table) -> dict[str, float]:
    table = table.set_index("temperature")
    whole = table["mean_logprob"] >= BROKEN_SWEEP
    return {
        "broken_from": table.index[~whole].min(),
        "most_diverse": table["diversity"].idxmax(),
        "best": table["diversity"][whole].idxmax(),
    }


FACT, STORY, BUDGETS = "The capital of France is", "Once upon a time", [10, 100, 500]


@exercise(
    "2.4",
    functions={"why_it_ended": "output, params, max_model_len -> text"},
    hints=[
        "finish_reason tells 'stop' from 'length'. stop_reason and the number of tokens tell the rest.",
        "'stop': stop_reason is None after an end-of-sequence token, and otherwise the string. 'length': compare "
        "len(completion.token_ids) with params.max_tokens. A text with fewer tokens was cut by max_model_len.",
    ],
    concept="sampling-parameters.md#ending-the-text",
)
def why_not_reached(frame, reached, why_it_ended, llm) -> None:
    """Three budgets for two prompts, and a function that tells four ends apart."""
    _budgets(columns(frame, ["prompt", "max_tokens", "tokens", "finish_reason"]), llm)
    truth = (frame["tokens"] == frame["max_tokens"]).groupby(frame["max_tokens"]).sum().to_dict()
    counts = keys(reached, BUDGETS, "reached_2_4 must be")
    counts = {key: number(count, "reached_2_4 counts completions: numbers.") for key, count in counts.items()}
    shares = counts != truth and counts == {key: count / 2 for key, count in truth.items()}
    require(not shares, "reached_2_4 must count completions. It is not a share.")
    require(counts == truth, f"Your own table says {truth}: count the rows where tokens equals max_tokens.")
    limit = llm.llm_engine.model_config.max_model_len
    for expected, how, prompt, params in _ends(limit):
        (output,) = llm.generate([prompt], params)
        given = why_it_ended(output, params, limit, case=f"for a text that {how}")
        exactly(given, expected, f"A text {how}: {expected!r}, not {given!r}.")


def _budgets(frame, llm) -> None:
    """Each prompt with each budget, completed at temperature 0."""
    require(set(frame["max_tokens"]) == set(BUDGETS), "Sweep max_tokens over 10, 100 and 500.")
    pairs = sorted(zip(frame["prompt"], frame["max_tokens"], strict=True))
    each = "There must be one row for each prompt and max_tokens, with the two prompts of the exercise."
    require(pairs == sorted(itertools.product([FACT, STORY], BUDGETS)), each)
    # A text at temperature 0 is the beginning of a longer one, so that 500 tokens need not be waited for.
    greedy = sweep(llm, [FACT, STORY], temperature=0.0, max_tokens=BUDGETS[:2]).set_index(["prompt", "max_tokens"])
    own = frame.set_index(["prompt", "max_tokens"]).loc[greedy.index]
    for name in ("tokens", "finish_reason"):
        require(list(own[name]) == list(greedy[name]), f"The column {name} must be that of the texts at temperature 0.")


def _ends(limit: int) -> list[tuple]:
    from vllm import SamplingParams

    greedy = partial(SamplingParams, temperature=0.0)
    long, endless = {"prompt_token_ids": [5] * (limit - 4)}, partial(greedy, ignore_eos=True)
    before = "was cut before its max_tokens, since prompt and text fill the context"
    unmet = "ended by itself, since the stop string that was given did not come"
    return [
        ("end of sequence", "ended by itself, with stop_reason None", FACT, greedy(max_tokens=100)),
        ("end of sequence", unmet, FACT, greedy(max_tokens=100, stop=["@@"])),
        ("stop string", "met a stop string, which is its stop_reason", STORY, greedy(stop=[" "], max_tokens=50)),
        ("max_tokens", "used all its max_tokens", STORY, greedy(max_tokens=5)),
        ("context length", before, long, endless(max_tokens=500)),
        ("context length", "without max_tokens (None) filled the context", long, endless(max_tokens=None)),
    ]


@exercise(
    "2.5",
    hints=[
        "max_tokens is an upper bound. Which parameter is the lower one?",
        "SamplingParams(temperature=0.4, top_p=0.8, top_k=20, min_tokens=150, max_tokens=150, seed=...). ignore_eos "
        "gives 150 tokens too, but the end-of-sequence token is then one of them, and another text begins after it.",
    ],
    concept="sampling-parameters.md#ending-the-text",
)
def focused_and_exact(params, llm) -> None:
    """Sampling parameters that give 150 tokens of one text, whatever the prompt."""
    from vllm import SamplingParams

    require(isinstance(params, SamplingParams), "Give a SamplingParams object.")
    require(0.3 <= params.temperature <= 0.5, f"The temperature must be 0.3 to 0.5, it is {params.temperature:g}.")
    require(params.top_k == 20, f"top_k must be 20, it is {params.top_k}; 0 keeps all tokens.")
    require(params.top_p <= 0.9, f"top_p must be 0.9 or less, it is {params.top_p:g}.")
    require(params.seed is not None, "Set a seed, so that you can get the same text again.")
    require(params.n == 1, f"One text is asked for: n must be 1, it is {params.n}.")
    outputs = Ending(llm).generate([FACT, STORY], params)
    tokens = [output.outputs[0].token_ids for output in outputs]
    least, most = sorted(map(len, tokens))
    require(most <= 150, f"A text may get {most} tokens, more than 150.")
    early = f"A text may end after {least} tokens, where the model wants to end it: max_tokens is only the most."
    require(least == 150, early)
    ended = any(llm.get_tokenizer().eos_token_id in ids for ids in tokens)
    require(not ended, "An end-of-sequence token is one of the 150, and then another text begins: ignore_eos goes on.")


LLAMA = {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096}
CACHE_MISTAKES = {
    131_072: "A token leaves two vectors in each layer, a key and a value: multiply by 2.",
    1_048_576: "Count num_key_value_heads: several attention heads share one key and value.",
    65_536: "The bytes of a number are missing.",
}
SMALLEST_PROCESS = 10_000_000  # bytes; one that has loaded an engine holds many times more, on CPU and GPU
UNCUT = {1000: "The cache is cut into blocks, and only whole ones are used: 992 tokens here, not 1000."}


@exercise(
    "2.6",
    functions={
        "kv_bytes_per_token": "config, bytes_per_number -> number",
        "tokens_that_fit": "memory, bytes_per_token, block_size -> number",
    },
    hints=[
        "A token leaves a key and a value in each layer, for each key-value head. Each has head_dim numbers.",
        "2 * num_hidden_layers * num_key_value_heads * head_dim * bytes_per_number; the cache holds whole blocks: "
        "memory // (bytes_per_token * block_size) * block_size.",
    ],
    concept="engine-arguments.md#gpu_memory_utilization-kv_cache_memory_bytes",
)
def memory(kv_bytes_per_token, tokens_that_fit, frame, llm) -> None:
    """A prediction of the KV cache that holds for any model, compared with what engines report."""
    found = kv_bytes_per_token(SimpleNamespace(**LLAMA, head_dim=128), 4)
    right = f"32 layers with 8 key-value heads of 128 numbers in 4 bytes are 262,144 bytes per token, not {found}."
    exactly(found, 262_144, right, CACHE_MISTAKES)
    wide = kv_bytes_per_token(SimpleNamespace(**LLAMA, head_dim=256), 2)
    exactly(wide, 262_144, "Take head_dim from the config: hidden_size / heads may differ.")
    fit = tokens_that_fit(1_000_000, 1000, 16)
    blocks = f"1,000,000 bytes at 1,000 bytes per token and 16 tokens per block are 62 blocks, 992 tokens, not {fit}."
    exactly(fit, 992, blocks, UNCUT)
    exactly(tokens_that_fit(15_999, 1000, 16), 0, "Less memory than one block takes holds no token.")
    _predictions(columns(frame, ["kv_cache_memory_bytes", "predicted", "reported", "memory_in_use"]))
    config = llm.llm_engine.vllm_config
    per_token = kv_bytes_per_token(config.model_config.hf_text_config, config.model_config.dtype.itemsize)
    for row in frame.itertuples():
        truth = tokens_that_fit(int(row.kv_cache_memory_bytes), per_token, config.cache_config.block_size)
        engine = f"An engine with {row.kv_cache_memory_bytes} bytes reports {truth} tokens, not {row.reported!r}"
        require(alike(row.reported, truth), f"{engine}: take reported(engine), and the sizes as they are.")
    is_bytes = (frame["memory_in_use"] > SMALLEST_PROCESS).all()
    require(is_bytes, "memory_in_use must be what memory_in_use() returns, in bytes.")


def _predictions(frame) -> None:
    sizes = frame["kv_cache_memory_bytes"].nunique()
    require(sizes >= 2, "Load the model with at least two sizes.")
    once = "All engines report the same: read each before you load the next, from the engine with that size."
    require(frame["reported"].nunique() > 1, once)
    same = (frame["predicted"] == frame["reported"]).all()
    require(same, "Prediction and report differ: which dtype, which block size?")


IN_FILE = {"temperature": 0.7, "top_p": 0.95, "max_tokens": 100}

UNSET = "None means not given: it overrides nothing, and a name that nobody sets is left out"
ZERO = "temperature 0 on the command line was lost: test for `is not None`, since 0 counts as false"
MODELS_OWN = "The model's defaults may hold names that the command line does not have: they count too"
ZERO_IN_FILE = "0 in the file is a value too, and beats the model's default"
PRECEDENCE = [  # command line, file and the model's defaults, what must come of them, and why
    ({"top_k": None, "n": None}, {}, {"top_k": 4}, {"top_k": (4, "model")}, UNSET),
    ({"temperature": 0.0}, {"temperature": 0.7}, {}, {"temperature": (0.0, "command line")}, ZERO),
    ({"n": None}, {"n": 2}, {"n": 4}, {"n": (2, "file")}, "The file beats the model's own defaults"),
    ({"top_k": None}, {"top_k": 0}, {"top_k": 4}, {"top_k": (0, "file")}, ZERO_IN_FILE),
    ({"n": 3}, {"n": 2}, {"n": 4}, {"n": (3, "command line")}, "The command line beats the file and the model"),
    ({"n": 3, "top_k": None}, {}, {"top_k": 4}, {"n": (3, "command line"), "top_k": (4, "model")}, "All names count"),
    ({"n": None}, {"n": 2}, {"top_k": 4}, {"n": (2, "file"), "top_k": (4, "model")}, MODELS_OWN),
]


@exercise(
    "2.7",
    functions={"resolve": "command_line, file, model_defaults -> dict"},
    hints=[
        "There are three sources, in one order. None is not given, but 0 is a value.",
        "Begin with the model's defaults. Let the file replace them, then all of the command line that `is not None`. "
        "Before that: unknown = set(file) - set(command_line).",
    ],
    concept="engine-arguments.md#defaults-for-an-environment",
)
def configuration_file(path, resolve) -> None:
    """A file that the lesson's script accepts, and the order of its sources."""
    require(isinstance(path, str | Path), "config_2_7 must be the path of your file.")
    _order(resolve)
    _unknown_key(resolve)
    script = _read_as_the_script(path)
    names = [name for name, value in IN_FILE.items() if script.get(name) != value]
    require(not names, f"The file must set {', '.join(f'{name} to {IN_FILE[name]}' for name in names)}.")
    require(Path(script.get("model", "")).name == "pocket-base", "The file must also name the model, pocket-base.")


def _read_as_the_script(path) -> dict:
    """Return what the lesson's script reads in a file; its own message is the hint."""
    from vllm import EngineArgs

    from vllm_course.completion.parser import Parser, add_own

    parser = Parser(prog="text_generation.py", usage="%(prog)s", allow_abbrev=False, conflict_handler="resolve")
    EngineArgs.add_cli_args(parser)
    for name, parameter in PARAMETERS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=parameter.kind)
    parser.add_argument("--stop", action="append")
    add_own(parser)
    reading = Tried(partial(read_settings, parser), "text_generation.py", "words -> dict")
    settings, error = reading.ending(["--config", str(path)])
    said = "" if error is None else described(error).replace(f"{Path(path).parent}/", "")
    require(error is None, f"The script refuses the file: {said}.")
    return settings.plain()


def _order(resolve) -> None:
    for *sources, wanted, why in PRECEDENCE:
        found = resolve(*sources)
        pairs = all(isinstance(value, tuple | list) and len(value) == 2 for value in found.values())
        require(pairs, "Each value of the dict must be a tuple: (value, source).")
        named = {pair[1] for pair in found.values()} <= {"command line", "file", "model"}
        require(named, 'The second of each tuple is its source: "command line", "file" or "model".')
        found = {name: tuple(pair) for name, pair in found.items()}
        given = "command_line={}, file={}, model_defaults={}".format(*sources)
        require(found == wanted, f"{why}. {given} must give {wanted}, not {found}.")


def _unknown_key(resolve) -> None:
    _, error = resolve.ending({"temperature": None}, {"temprature": 0.7}, {})
    silent = "The file said temprature and nobody noticed: refuse a key that command_line does not have."
    require(error is not None, silent)
    named = isinstance(error, ValueError) and "temprature" in str(error)
    require(named, f"Raise a ValueError that names the key, not {described(error)}.")


TOPICS = "rivers \n\n   \n# not this one\n  # nor this one\n  What is C#?\ntea with Zoë\nrivers\n"
IN_TOPICS = ["rivers", "What is C#?", "tea with Zoë", "rivers"]
JSON_TEMPLATE = 'As JSON, {"topic": ...}: {text}'
UNFILLED = ["--prompt", "tea", "--template", "Nothing to fill in"]
PASSED_OVER = "An option that the parser does not know: parse_args refuses it, parse_known_args passes over it"
UNKNOWN = PASSED_OVER, ["--prompt", "tea", "--speed", "3"], "--speed"
REFUSED = [  # what is wrong, in which command line, and what the message must name
    ("Without any prompt", [], "--prompt"),
    ("With a file in which no line is a prompt", ["--prompts-file", "{folder}/nothing.txt"], "--prompt"),
    ("A template without {text} gives the same prompt every time", UNFILLED, "--template"),
    ("An empty template holds no {text} either", [*UNFILLED[:3], ""], "--template"),
]


@exercise(
    "2.8",
    functions={"prompts_from": "argv -> list"},
    hints=[
        'action="append" collects an option that is given again. parser.error(...) ends a program with code 2.',
        "lines = [line.strip() for line in Path(file).read_text(encoding='utf-8').splitlines()]. Keep those that are "
        'not empty and do not start with "#". Then template.replace("{text}", line).',
    ],
    concept="engine-arguments.md#three-ways-to-the-same-arguments",
)
def custom_prompts(prompts_from) -> None:
    """A function from a command line to prompts."""
    two = ["--prompt", "The moon", "--prompt", "The sun"]
    with mock.patch.object(sys, "argv", ["notebook", "--of-the-kernel"]):
        other = "--of-the-kernel" in _refusal(prompts_from, two)
        require(not other, "Give argv to parse_args: without it, it parses the command line of the notebook.")
        first = prompts_from(two, case="for two --prompt")
    require(first != ["The sun"], 'The second --prompt replaced the first: action="append".')
    require(first == ["The moon", "The sun"], f"Two --prompt must give both texts, in order, not {first}.")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "topics.txt"
        file.write_text(TOPICS, encoding="utf-8")
        file.with_name("nothing.txt").write_text("# nothing yet\n\n", encoding="utf-8")
        _refused(prompts_from, folder, *UNKNOWN)
        _from_file(prompts_from, str(file))
        _from_template(prompts_from, str(file))
        for mistake in REFUSED:
            _refused(prompts_from, folder, *mistake)


def _refused(prompts_from, folder: str, when: str, argv: list[str], option: str) -> None:
    how = _refusal(prompts_from, [word.replace("{folder}", folder) for word in argv])
    ended = f"{when}: it must end with exit code 2, as parser.error(...) does, not with {how or 'a result'}."
    require(how.startswith("exit 2"), ended)
    require(option in how, f"{when}: the error must name the option, {option}.")


def _refusal(prompts_from, argv: list[str]) -> str:
    """Return how a command line is refused, "" if it is not."""
    _, error = prompts_from.ending(argv)
    return "" if error is None else described(error)


def _from_file(prompts_from, file: str) -> None:
    found = list(map(str, prompts_from(["--prompts-file", file], case="for --prompts-file without --prompt")))
    mistakes = {
        "A line keeps a blank or a line end at its edge, which changes the tokens and so the text: strip it.": any(
            each != each.strip() for each in found
        ),
        "An empty line is no prompt: the model would write about anything. Leave it out.": "" in found,
        "A line that begins with # is a comment. Leave it out.": any(each.strip().startswith("#") for each in found),
        "Only a line that begins with # is a comment. 'What is C#?' is a prompt.": "What is C#?" not in found,
        "Zoë did not come back as she was: open the file with encoding='utf-8'.": "tea with Zoë" not in found,
        "A line that is there twice is asked for twice: two completions. Keep both.": found.count("rivers") == 1,
    }
    for hint, made in mistakes.items():
        require(not made, hint)
    argv = ["--prompts_file", file, "--prompt", "#1 is tea"]
    underscore = "--prompts_file is refused: vLLM's FlexibleArgumentParser takes both forms."
    require("unrecognized" not in _refusal(prompts_from, argv), underscore)
    found = prompts_from(argv, case="for --prompts_file and --prompt")
    order = f"First those of --prompt as they are, then the file's lines: {['#1 is tea', *IN_TOPICS]}, not {found}."
    require(found == ["#1 is tea", *IN_TOPICS], order)


def _from_template(prompts_from, file: str) -> None:
    argv = ["--prompts-file", file, "--template", "{text}: all about {text} is", "--prompt", "a {b}"]
    found = prompts_from(argv, case="for a --template")
    require("a {b}" not in found, "The template is for every prompt, those of --prompt too.")
    wanted = [f"{each}: all about {each} is" for each in ["a {b}", *IN_TOPICS]]
    require(found == wanted, f"Put each text in place of every {{text}} in the template, nothing else; got {found}.")
    argv = ["--prompt", "tea", "--template", JSON_TEMPLATE]
    braces = "str.format takes every brace for a field, but a template may hold others (JSON): replace only {text}."
    require(not _refusal(prompts_from, argv).startswith(("KeyError", "ValueError", "IndexError")), braces)
    found = prompts_from(argv)
    kept = f"Braces other than {{text}} must stay as they are, got {found}."
    require(found == [JSON_TEMPLATE.replace("{text}", "tea")], kept)


PYTHON_OF_A_SCRIPT = """#!/bin/bash
[[ "$*" == *text_generation.py* ]] && set -- {folder}/stand_in.py {folder} "$@"
exec {python} "$@"
"""

# Stands for text_generation.py: takes the same options, prints and writes the same, without the seconds of an engine.
STAND_IN = r"""
import argparse, json, os, pathlib, runpy, sys
from vllm_course import paths
from vllm_course.completion.outputs import FORMATS, as_json, write_results
folder, parser = pathlib.Path(sys.argv[1]), argparse.ArgumentParser(allow_abbrev=False)
with (folder / "calls.jsonl").open("a") as file:
    print(json.dumps(sys.argv[2:]), file=file)
if (folder / "failing").exists():
    sys.exit("text_generation.py: this run is meant to fail")
parser.add_argument("--prompt", action="append", default=[])
parser.add_argument("--prompts-file", "--prompts_file", default=os.devnull)
parser.add_argument("--output")
parser.add_argument("--json", action="store_true")
args, _ = parser.parse_known_args(sys.argv[3:])
if args.output and pathlib.Path(args.output).suffix not in FORMATS:
    sys.exit(f"text_generation.py: --output must end in {', '.join(FORMATS)}, got {args.output}")
lines = pathlib.Path(args.prompts_file).read_text("utf-8").split("\n")
texts = json.loads((folder / "texts.json").read_text("utf-8"))
records = [
    {"prompt": prompt, "sample": 0, "text": text, "tokens": 3, "finish_reason": "stop"}
    for prompt, text in zip([*args.prompt, *filter(str.strip, lines)], texts)
]
if args.output:
    write_results(args.output, {}, records)
if args.json:
    sys.exit(print(json.dumps(as_json({}, records), indent=2, ensure_ascii=False)))
script = runpy.run_path(str(paths.lesson(2) / "text_generation.py"))
script["show_configuration"]({})
script["show"](records)
"""


PROMPTS_TO_RUN = ["The moon", 'Say "yes", or no', "It's 5 o'clock in the $HOME * town"]
TEXTS_TO_SAVE = [" is high,\nthe night is deep.", ' "It\'s late", he said.', " costs $HOME | 5 * 2 \\ 3."]
OPTIONS_TO_PASS = ["--max-tokens", "7", "--stop", "the end"]


@exercise(
    "2.9",
    hints=[
        "What takes the time: generating a text, or starting the process that generates it?",
        'In place 1: --prompts-file "$prompts" --output "$folder/all.json" "$@". In place 2, Python reads that file.',
        'results = json.loads((folder / "all.json").read_text("utf-8"))["results"], and then for place, result in '
        'enumerate(results, start=1): (folder / f"{place:03}.txt").write_text(result["text"], encoding="utf-8").',
    ],
    concept="offline-and-online.md#batching",
)
def batch_script(script) -> None:
    """A shell script that completes a file of prompts in one process and writes one file a prompt."""
    require(isinstance(script, str | Path), "Give the script as a text, or its place as a Path.")
    require(isinstance(script, str) or script.is_file(), f"There is no script at {script}.")
    text = Path(script).read_text("utf-8") if isinstance(script, Path) else script
    require("text_generation.py" in text, "The script must call lessons/02-text-generation/text_generation.py.")
    with tempfile.TemporaryDirectory() as name:
        folder, prompts, results = (Path(name, part) for part in ("", "prompts of today.txt", "results of today"))
        prompts.write_text("".join(f"{line}\n" for line in PROMPTS_TO_RUN), encoding="utf-8")
        ran = _run_script(text, folder, str(prompts), str(results), *OPTIONS_TO_PASS)
        _one_process(ran, (folder / "calls.jsonl").read_text("utf-8").splitlines())
        _file_by_file(results)
        (folder / "failing").touch()
        failed = _run_script(text, folder, str(prompts), f"{results} again")
        require(failed.returncode != 0, "When text_generation.py fails, the script must fail too: set -e.")


def _one_process(ran: subprocess.CompletedProcess, calls: list[str]) -> None:
    said = " ".join(ran.stderr.strip().splitlines()[-1:])
    several = f"It starts {len(calls)} processes for 3 prompts, and each loads the model: start one for all."
    require(len(calls) <= 1, several)
    blanks = "Is every name quoted? Those of the check hold blanks."
    require(ran.returncode == 0, f"It ended with exit code {ran.returncode}: {said} {blanks}")
    require(len(calls) == 1, "It ended without having started text_generation.py by python.")
    words, count = json.loads(calls[0]), len(OPTIONS_TO_PASS)
    passed_on = any(words[place : place + count] == OPTIONS_TO_PASS for place in range(len(words)))
    as_it_is = 'Pass what follows the two arguments on as it is, so that options can be chosen: shift 2, then "$@"'
    require(passed_on, f"{as_it_is}, with the quotes.")


def _file_by_file(results: Path) -> None:
    files = {f"{place:03}.txt": text.strip() for place, text in enumerate(TEXTS_TO_SAVE, start=1)}
    missing = [name for name in files if not (results / name).is_file()]
    names = sorted(file.name for file in results.glob("*"))
    named = f"There must be one .txt file for each prompt in the second argument: {', '.join(files)}, not {names}."
    require(not missing, named)
    saved = {name: (results / name).read_text("utf-8").strip() for name in files}
    in_order = saved == files or sorted(saved.values()) != sorted(files.values())
    require(in_order, "The files, sorted by name, must hold the completions in the order of the prompts.")
    for name, text in files.items():
        only = f"{name} must hold the completion and nothing else: {text!r}, not {saved[name]!r:.80}."
        require(saved[name] == text, f"{only} Take it from JSON or CSV, which keep it as it is.")


def _run_script(text: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run a script in the folder of the course, with a `python` that plays text_generation.py and notes its calls."""
    files = {"stand_in.py": STAND_IN, "batch generate.sh": text, "texts.json": json.dumps(TEXTS_TO_SAVE)}
    own = PYTHON_OF_A_SCRIPT.format(python=shlex.quote(sys.executable), folder=shlex.quote(str(folder)))
    for name, content in (files | {"bin/python": own, "bin/python3": own}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
        (folder / name).chmod(0o755)
    (folder / "calls.jsonl").touch()
    places = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "PYTHON": f"{folder}/bin/python"}
    words = {"cwd": paths.root(), "env": os.environ | places, "stdin": subprocess.DEVNULL, "timeout": 120}
    try:
        command = ["bash", str(folder / "batch generate.sh"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, **words)
    except subprocess.TimeoutExpired:
        raise NotYet("The script has not ended after two minutes: what does it wait for?") from None


PROMPT_2_10, GRID_2_10 = "Anna walked into the forest and", ([0.3, 0.5, 0.7, 0.9, 1.1], [0.7, 0.8, 0.9, 0.95, 0.99])


@exercise(
    "2.10",
    functions={"sweep_batched": "llm, prompt, temperatures, top_ps, n, seed -> table"},
    hints=[
        "llm.generate takes a list of prompts and a list of SamplingParams of the same length, one for each prompt; "
        "vllm_course.sweep builds both.",
        "def sweep_batched(llm, prompt, temperatures, top_ps, *, n, seed): return sweep(llm, prompt, n=n, seed=seed, "
        "temperature=temperatures, top_p=top_ps, max_tokens=16)",
        'by = frame.groupby(["temperature", "top_p"]); by["text"].agg(lambda texts: len(set(" ".join(texts).split()))) '
        'counts words; keep where by["logprob"].sum() / by["tokens"].sum() is above -1, and take idxmax().',
    ],
    concept="offline-and-online.md#batching",
)
def batched_sweep(sweep_batched, frame, best: tuple, ratio: float, llm) -> None:
    """All combinations of two lists in one call, the best of them, and what the batch saves."""
    frame = _all_combinations(frame, *GRID_2_10, n=4)
    _most_varied(frame, best)
    ratio = number(ratio, "ratio_2_10 must be a number: seconds over seconds.")
    require(ratio > 1, f"ratio_2_10 is {ratio:.2f}: divide the loop's time by the batch's.")
    # The batch computes as many steps as one call of the loop, so 25 is the limit, but for a machine that is busy.
    require(ratio < 100, f"ratio_2_10 is {ratio:.0f}: 25 calls cannot take so much longer. Measure both for n=1.")
    watch, asked = Watch(llm), ("The sea", [0.5, 1.5], [0.5, 1.0])
    small = sweep_batched(watch, *asked, n=2, seed=3)
    (call,) = watch.asked("generate", 1, max_tokens=16)
    own = llm.get_tokenizer().encode(asked[0])
    require(all(ids == own for ids in call.ids), "Generate for the prompt that sweep_batched is given.")
    _as_generated(_all_combinations(small, *asked[1:], n=2), call, ["temperature", "top_p"])
    seeds: dict[tuple, list] = {}
    for p in call.params:
        given = [p.seed + sample for sample in range(p.n) if p.seed is not None]
        seeds.setdefault((p.temperature, p.top_p), []).extend(given)
    each = all(sorted(given) == [3, 4] for given in seeds.values())
    require(each, "The texts of every combination take the seeds seed, seed + 1, ...")
    again = _all_combinations(sweep_batched(llm, PROMPT_2_10, *GRID_2_10, n=4, seed=0), *GRID_2_10, n=4)
    texts, wanted = (Counter(zip(f["temperature"], f["top_p"], f["text"], strict=True)) for f in (frame, again))
    same = (texts & wanted).total()  # a GPU may give another text here and there
    stale = f"frame_2_10 has {same} of the 100 texts that sweep_batched gives for PROMPT_2_10, n=4 and seed=0."
    require(same >= 90, f"{stale} Run that line again.")


def _all_combinations(frame, temperatures: list, top_ps: list, *, n: int) -> pd.DataFrame:
    """Require n rows for each pair, and return the table with both columns rounded: a step may be 0.8999999."""
    frame = columns(frame, ["temperature", "top_p", "text", "tokens", "logprob"]).reset_index(drop=True)
    frame = frame.assign(**{name: frame[name].astype(float).round(6) for name in ("temperature", "top_p")})
    pairs = set(itertools.product(temperatures, top_ps))
    found = frame.groupby(["temperature", "top_p"]).size().to_dict()
    zipped = "zip pairs the lists up; take every temperature with every top_p."
    there = len(pairs & set(found))
    require(set(found) == pairs, f"There must be {len(pairs)} combinations, {there} of them are there: {zipped}")
    counts = sorted(set(found.values()))
    require(counts == [n], f"There must be {n} texts per combination, there are {', '.join(map(str, counts))}.")
    _summed(frame)
    return frame


def _summed(frame) -> None:
    empty = "logprob is empty: vLLM computes cumulative_logprob only when logprobs is set, logprobs=0."
    require(frame["logprob"].notna().all(), empty)


def _as_generated(frame, call: Call, swept: list[str]) -> None:
    """Require of a sweep's table that every row holds what its own request gave."""
    pairs = [(p, c) for p, output in zip(call.params, call.outputs, strict=True) for c in output.outputs]
    _summed(frame)
    truth = [(c.text, *(getattr(p, name) for name in swept), len(c.token_ids), c.cumulative_logprob) for p, c in pairs]
    rows = list(frame[["text", *swept, "tokens", "logprob"]].itertuples(index=False, name=None))
    require(len(rows) == len(truth), f"The call must generate as many texts as the table has rows, {len(rows)}.")

    def ordered(rows) -> list[tuple]:
        return sorted(rows, key=lambda row: (row[0], *(round(float(value), 4) for value in row[1:-1])))

    for row, wanted in zip(ordered(rows), ordered(truth), strict=True):
        same = row[0] == wanted[0] and all(map(close, row[1:], wanted[1:]))
        of = f"{', '.join(swept)} of its own request, len(token_ids) and cumulative_logprob"
        require(same, f"A row holds another text, or other numbers, than vLLM gave: text, {of}.")


def _most_varied(frame, best) -> None:
    pair = listed(best, "best_2_10 must be a pair, (temperature, top_p).")
    require(len(pair) == 2, "best_2_10 must be a pair, (temperature, top_p).")
    pair = tuple(round(number(value, "best_2_10 must hold two numbers."), 6) for value in pair)
    shown, groups = "({:g}, {:g})".format(*pair), frame.groupby(["temperature", "top_p"])
    likely = groups["logprob"].sum() / groups["tokens"].sum()
    words = groups["text"].agg(lambda texts: len(set(" ".join(texts).split())))
    require(pair in words.index, f"{shown} is no combination (temperature, top_p) of the sweep.")
    require(likely[pair] > -1, f"At {shown} the mean log probability of a token is {likely[pair]:.2f}, not above -1.")
    most = words[likely > -1].max()
    require(words[pair] == most, f"{shown} has {words[pair]} different words, another one that is whole has {most}.")


LOGGED = ["timestamp", "prompt", "text", "tokens", "characters", "finish_reason", "seconds", "parameters"]
ROW_BROKEN = "a comma, a quote or a line break in a text breaks the row: let the csv module write it."
# 2026-11-27, 27.11.2026, 27 Nov 2026, Nov 27 2026 or Fri Nov 27, then 04:41
DATE = r"\d{1,4}[-./ ]\w{1,9}[-./ ]\d{1,4}|[A-Z]\w{2,8} \d\d?(,? \d{2,4})?"
DATE_AND_TIME = re.compile(rf"\W?([A-Z][a-z]{{2}},? )?({DATE})[T, ]+\d\d?:\d\d")


PAUSE = 0.1  # seconds that a call takes longer where an answer measures it


@exercise(
    "2.11",
    functions={"generate_logged": "llm, prompts, sampling, log_file, csv_file -> list"},
    hints=[
        "csv.DictWriter quotes what must be quoted; the header is written when the file is new. logging.FileHandler "
        "appends; a handler that is added twice writes twice.",
        "Open the CSV with open(csv_file, 'a', newline='', encoding='utf-8') and write the header where "
        "file.tell() == 0. Log a line per text with %r, so that line breaks stay inside; remove and close the handler.",
    ],
    concept="request-output.md#completionoutput",
)
def logged(generate_logged, llm) -> None:
    """Generate, and keep what was done in a log file and a table."""
    prompts = ["First line\nsecond line", 'She said: "no, never, María"']
    sampling, seeded = {"temperature": 0.0, "max_tokens": 6}, {"temperature": 0.8, "max_tokens": 6, "seed": 5, "n": 2}
    with tempfile.TemporaryDirectory() as name, logging_as_before() as records:
        log_file, csv_file, texts = Path(name) / "run.log", Path(name) / "run.csv", []
        for given, params, case in ((prompts, sampling, ""), (prompts[:1], seeded, "in a second call")):
            watch, start, began = Watch(llm, pause=PAUSE), time.perf_counter(), datetime.datetime.now(datetime.UTC)
            outputs = generate_logged(watch, given, params, log_file, csv_file, case=case)
            span = time.perf_counter() - start
            (call,) = watch.asked("generate", 1)
            returned = len(outputs) == len(given) and all(hasattr(output, "outputs") for output in outputs)
            require(returned, "Return the outputs of llm.generate.")
            asked = zip(given, call.outputs, strict=True)
            measured = call.seconds, span, began
            texts += [(prompt, c, params, measured) for prompt, output in asked for c in output.outputs]
        for row, text in zip(_rows_under_one_header(csv_file, prompts[0]), texts, strict=True):
            _row_of_a_text(row, *text)
        _one_line_a_text(log_file, records, texts)


@contextlib.contextmanager
def logging_as_before():
    """Give the records that are logged; afterwards close the handlers that an answer leaves: their file goes away."""

    def handlers() -> set:
        names = [None, *logging.Logger.manager.loggerDict]
        return {(name, handler) for name in names for handler in logging.getLogger(name).handlers}

    def noted(*args, **options) -> logging.LogRecord:
        records.append(factory(*args, **options))
        return records[-1]

    before, records, factory, level = handlers(), [], logging.getLogRecordFactory(), logging.root.level
    logging.setLogRecordFactory(noted)
    try:
        yield records
    finally:
        logging.setLogRecordFactory(factory)
        logging.root.setLevel(level)
        for name, handler in handlers() - before:
            logging.getLogger(name).removeHandler(handler)
            handler.close()


def _rows_under_one_header(file: Path, first: str) -> list[dict]:
    require(file.is_file(), "There is no CSV file at the second path.")
    try:
        with file.open(newline="", encoding="utf-8-sig") as opened:
            rows = list(csv.DictReader(opened, strict=True))
    except UnicodeDecodeError:
        raise NotYet("The CSV file is not UTF-8: open it with encoding='utf-8'.") from None
    except csv.Error as error:
        raise NotYet(f"The CSV file cannot be read, {error}: {ROW_BROKEN}") from None
    require(bool(rows) and set(rows[0]) >= set(LOGGED), f"The columns must be {', '.join(LOGGED)}.")
    require("tokens" not in [row["tokens"] for row in rows], "Write the header once.")
    overwritten = len(rows) < 3 and rows[0]["prompt"] == first
    require(not overwritten, "The second call wrote over the first one's rows: append, mode 'a'.")
    only_first = len(rows) == 3 and rows[2]["prompt"] == first
    require(not only_first, "With n=2 a prompt has two texts, and each is a row: go over output.outputs.")
    require(len(rows) == 4, f"There must be 4 rows for 2 and 2 texts, there are {len(rows)}: {ROW_BROKEN}")
    return rows


def _row_of_a_text(row: dict, prompt: str, completion, sampling: dict, measured: tuple) -> None:
    unchanged = row["prompt"] == prompt and row["text"] == completion.text
    require(unchanged, f"A text came back changed: {ROW_BROKEN}")
    require(row["tokens"] == str(len(completion.token_ids)), "tokens must be the number of token_ids.")
    require(row["characters"] == str(len(completion.text)), "characters must be the length of the text.")
    require(row["finish_reason"] == completion.finish_reason, "finish_reason must be the completion's own.")
    try:
        parameters, seconds = json.loads(row["parameters"]), float(row["seconds"])
        moment = datetime.datetime.fromisoformat(row["timestamp"])
    except (TypeError, ValueError) as error:
        raise NotYet(f"parameters must be JSON, timestamp ISO 8601, seconds a number: {error}.") from None
    require(parameters == sampling, "parameters must hold all of sampling, as JSON.")
    require(moment.tzinfo is not None, "A timestamp without its time zone means another moment elsewhere.")
    inside, span, began = measured
    late = (moment - began).total_seconds()
    require(-2 < late < span + 2, f"timestamp must be the time of the call, not {late:+.0f} seconds from it.")
    took = f"seconds must be the time of the whole call of generate, {inside:.2f}, not {seconds:.2f}."
    require(inside - 0.02 < seconds < span + 0.02, took)


def _one_line_a_text(file: Path, records: list, texts: list) -> None:
    require(file.is_file(), "There is no log file at the first path.")
    lines = file.read_text("utf-8").splitlines()
    dated = [line for line in lines if DATE_AND_TIME.match(line)]
    count = f"The log must hold one line per text, 4 in all; it holds {len(dated)}"
    again = "the handler of the first call is still there in the second: remove and close it."
    require(len(dated) <= 4, f"{count}: {again}")
    require(len(lines) > 0, "The log is empty: give the logger the level INFO.")
    one_line = "Begin each line with date and time, %(asctime)s, and show texts by %r: one line each."
    require(len(lines) == len(dated), one_line)
    require(len(dated) == 4, f"{count}.")
    for line, (prompt, completion, *_) in zip(lines, texts, strict=True):
        words = re.findall(r"[a-zA-Z]{3,}", f"{prompt} {completion.text}")
        require(all(word in line for word in words), f"A line of the log must show prompt and text, not {line!r:.80}.")
    messages = [record.getMessage() for record in records]
    by_logging = all(any(message in line for message in messages) for line in lines)
    require(by_logging, "Write the lines by Python's logging, which puts the time before them, not by print or write.")


PROMPTS_2_12 = ["The capital of France is", "Hello, my name is", "Once upon a time", "The future of AI is"]
PROMPTS_2_12 += ["The best way to learn programming is", "The weather today is"]


@exercise(
    "2.12",
    functions={"quantize": "weights -> pair"},
    hints=[
        "A scale maps the largest weight of a row to 127. Each row (output channel) has its own, so that one large "
        "weight does not coarsen all rows.",
        "scale = np.abs(weights).max(axis=1, keepdims=True) / 127, 1 where that is 0; the integers are "
        "np.round(weights / scale).astype(np.int8).",
        "base and int8 are log probabilities, so p is np.exp(base). Sum np.exp(base) * (base - int8) over axis 1, one "
        "number for each prompt, and take the mean of the six.",
    ],
    concept="engine-arguments.md#quantization",
)
def quantized(quantize, folder, logprobs: dict, result: dict, llm) -> None:
    """Eight-bit weights: the arithmetic, the copy of the model, and what it costs in quality."""
    _rows_of_integers(quantize)
    entries(result, ["size_ratio", "kl"], "result_2_12 must be")
    size, kl = (number(result[name], f"{name} must be a number.") for name in ("size_ratio", "kl"))
    _smaller_copy(folder, size)
    _divergence(logprobs, kl, llm)


def _smaller_copy(folder, size: float) -> None:
    there = isinstance(folder, str | Path) and (Path(folder) / "model.safetensors").is_file()
    is_copy = there and "quantization_config" in (Path(folder) / "config.json").read_text("utf-8")
    require(is_copy, "int8_folder must be the folder that write_quantized(quantize) returns.")
    original, copied = paths.models() / "pocket-base" / "model.safetensors", Path(folder) / "model.safetensors"
    ratio = original.stat().st_size / copied.stat().st_size
    upside_down = math.isclose(size, 1 / ratio, rel_tol=1e-3)
    require(not upside_down, "size_ratio is upside down: bytes of the original over bytes of the copy.")
    measured = math.isclose(size, ratio, rel_tol=0.01)
    require(measured, f"size_ratio must be the ratio of the sizes of the two model.safetensors, {ratio:.2f}.")


def _rows_of_integers(quantize: Tried) -> None:
    weights = np.random.default_rng(0).normal(size=(6, 32)).astype(np.float32)
    weights[2] *= 100
    weights[4] = 0
    weights[5] = -np.abs(weights[5])
    integers, scale = quantize(weights.copy())
    is_int8 = getattr(integers, "dtype", None) == np.int8 and integers.shape == weights.shape
    require(is_int8, "The first result must be an int8 array of the shape of the weights: .astype(np.int8).")
    require(np.shape(scale) == (6, 1), f"There must be one scale per row, shape (6, 1), got {np.shape(scale)}.")
    usable = np.isfinite(scale).all() and scale[4, 0] > 0
    require(usable, "A row of zeros has the scale 0 and divides by it: use 1 there.")
    used = np.array([0, 1, 2, 3, 5])  # all rows but that of zeros
    largest = np.abs(weights[used]).max(axis=1) / scale[used, 0]
    signed = np.allclose(weights[used].max(axis=1) / scale[used, 0], 127, atol=0.5)
    require(not signed, "A row's largest weight may be negative: take the largest by absolute value, np.abs.")
    beyond = np.allclose(largest, 128, atol=0.5)
    require(not beyond, "int8 ends at 127, and the largest weight would become 128: divide by 127.")
    becomes = ", ".join(f"{value:.0f}" for value in largest)
    own = f"Each row's largest weight must become 127, by a scale for each row; yours become {becomes}."
    require(np.allclose(largest, 127, atol=0.5), own)
    error = (np.abs(integers * scale - weights) / scale).max()
    rounded = f"An error of {error:.2f} steps: round to the nearest, np.round before .astype, which cuts off."
    require(error < 0.6, rounded)


def _divergence(logprobs: dict, kl: float, llm) -> None:
    from vllm_course import next_token

    entries(logprobs, ["base", "int8"], "logprobs_2_12 must be")
    base, int8 = (np.array(logprobs[name], dtype=float) for name in ("base", "int8"))
    own = np.stack([next_token(llm, p).sort_values("token_id")["logprob"].to_numpy() for p in PROMPTS_2_12])
    shape = f"base and int8 must be arrays of shape {own.shape}: one row per prompt, one column per token."
    require(base.shape == int8.shape == own.shape, shape)
    in_order = np.allclose(base, own, atol=1e-3)
    require(in_order, "base must be what measure gives for pocket-base: a row per prompt, columns sorted by token_id.")
    require(not np.array_equal(base, int8), "Both are the same to the last digit: was one model asked twice?")
    each, turned = (np.exp(base) * (base - int8)).sum(axis=1), (np.exp(int8) * (int8 - base)).sum(axis=1)
    likely = {
        "That is KL(int8 || base): weigh by the original's probabilities.": turned.mean(),
        "That is the sum over the prompts: kl must be the mean over the prompts.": each.sum(),
        "That is in bits: use np.log, not np.log2.": each.mean() / math.log(2),
        "That is the mean over the vocabulary too: sum over it, then take the mean over the prompts.": (
            each.mean() / base.shape[1]
        ),
    }
    # The two directions are near each other, how near depends on the processor: whichever is nearer was computed.
    nearest = min(likely, key=lambda hint: abs(likely[hint] - kl))
    fits = math.isclose(kl, likely[nearest], rel_tol=1e-3) and abs(kl - likely[nearest]) < abs(kl - each.mean())
    require(not fits, nearest)
    right = math.isclose(kl, each.mean(), rel_tol=1e-3)
    require(right, "kl must be the mean over the prompts of sum(p * (log p - log q)), p from the original.")
    require(0 < kl < 0.05, f"A divergence of {kl:.3f} is more than int8 costs: is int8 the quantized pocket-base?")


WRONG_PARAMETERS = [{"temperature": -1}, {"temperature": 2.5}, {"temperature": "hot"}, {"top_p": 0}, {"top_p": 1.1}]
WRONG_PARAMETERS += [{"max_tokens": 0}, {"max_tokens": 513}, {"temprature": 0.5}]
BAD_REQUESTS = [{"prompt": ""}, {"temperature": 1.0}, *({"prompt": "The moon"} | wrong for wrong in WRONG_PARAMETERS)]
EDGES = [
    {},
    {"prompt": "A", "temperature": 0, "max_tokens": 1},
    {"temperature": 2, "top_p": 1, "max_tokens": 512, "seed": 0},
]


@exercise(
    "2.13",
    functions={"create_app": "llm -> value"},
    hints=[
        "Begin with the example: a pydantic model with Field(ge=..., le=...) and extra='forbid' answers 422 by itself. "
        "A plain def runs in a thread of its own, so several may reach the engine at once.",
        "In create_app: lock = threading.Lock(); in the plain def handler: with lock: llm.generate(...); and "
        "except VLLMValidationError as error: raise HTTPException(400, str(error)).",
    ],
    concept="offline-and-online.md#which-one-to-use",
)
def web_api(create_app, serving, llm) -> None:
    """A web application around an engine, asked by real requests."""
    import httpx

    gate = Gate(llm)
    app = create_app(gate)
    require(hasattr(app, "openapi"), "create_app must return the FastAPI application.")
    with serving(gate.counting(app, "/generate")) as url, httpx.Client(base_url=url, timeout=60) as client:
        for seed in (7, 8):
            _same_as_generate(client, llm, seed)
        in_loop = "While a text is generated /health does not answer: async def blocks the server, use a plain def."
        require(not gate.blocked.is_set(), in_loop)
        gate.llm = Brief(llm)
        for body in EDGES:
            status = client.post("/generate", json={"prompt": "The moon"} | body).status_code
            require(status == 200, f"{body} keeps the rules, with the prompt, but was answered with {status}.")
        gate.llm = llm
        _wrong_requests_refused(client, gate)
        _health_before_four(client, gate, app)
    unsafe = "Two requests reached the engine at once, it is not thread-safe: use a lock."
    require(not gate.overlapped.is_set(), unsafe)


def _same_as_generate(client, llm, seed: int) -> None:
    from vllm import SamplingParams

    require(client.get("/health").status_code == 200, "GET /health must answer 200.")
    sampling = {"temperature": 1.5, "top_p": 0.9, "max_tokens": 12, "seed": seed}
    answer = client.post("/generate", json={"prompt": "Hello, my name is"} | sampling)
    require(answer.status_code == 200, f"POST /generate must answer 200, got {answer.status_code}.")
    reply, completion = answer.json(), llm.generate("Hello, my name is", SamplingParams(**sampling))[0].outputs[0]
    named = isinstance(reply, dict) and {"text", "tokens", "finish_reason"} <= set(reply)
    require(named, "Reply with text, tokens and finish_reason.")
    same = reply["text"] == completion.text
    require(same, "Another text than llm.generate gives: pass on all parameters, with the seed.")
    require(reply["tokens"] == len(completion.token_ids), "tokens must be the number of token_ids.")
    require(reply["finish_reason"] == completion.finish_reason, "finish_reason must be the completion's own.")


def _wrong_requests_refused(client, gate: Gate) -> None:
    before = len(gate.calls)
    for body in BAD_REQUESTS:
        status = client.post("/generate", json=body).status_code
        refused = f"{body} must be answered with 422, got {status}: declare the rule in the pydantic model."
        require(status == 422, refused)
    require(len(gate.calls) == before, "A wrong request must not reach the engine.")
    answer = client.post("/generate", json={"prompt": "word " * 3000})
    longer = f"A prompt longer than the context must be answered with 400, got {answer.status_code}"
    require(
        answer.status_code == 400,
        f"{longer}: catch VLLMValidationError, which is no ValueError, and raise HTTPException.",
    )
    told = answer.text and "Bad Request" not in answer.text
    require(bool(told), "The answer must say why a prompt is refused: HTTPException(400, str(error)).")


def _health_before_four(client, gate: Gate, app) -> None:
    """Require that /health answers while four requests are there, none of which gets past the gate."""
    import httpx

    def ask() -> None:
        with contextlib.suppress(Exception):  # where the server is stuck, and the client closed
            answers.append(client.post("/generate", json={"prompt": "The moon", "max_tokens": 2, "seed": 1}))

    answers: list[Any] = []
    asking = [threading.Thread(target=ask, daemon=True) for _ in range(4)]  # daemons: they end no cell late
    with gate.shut():
        for thread in asking:
            thread.start()
        came = gate.entered.wait(timeout=PATIENCE)
        try:
            alive = client.get("/health", timeout=PATIENCE).status_code == 200
        except httpx.TimeoutException:
            alive = False
        if came and alive:
            for _ in asking:
                gate.arrived.acquire(timeout=60)
            gate.overlapped.wait(timeout=1)  # all are there: without a lock the next one calls at once
    if not (came and alive):
        gate.wait_until_empty()  # whoever asks the engine after this check would be the second
    handlers = [route.endpoint for route in app.routes if getattr(route, "path", "") in ("/generate", "/health")]
    why = "it must need neither the lock nor the engine"
    if any(inspect.iscoroutinefunction(handler) for handler in handlers):
        why = "an async def that waits for a threading.Lock stops the whole server; a plain def does not"
    require(alive, f"While a text is generated /health does not answer: {why}.")
    require(came, "After a prompt that was too long nothing gets through to the engine: release the lock, use `with`.")
    for thread in asking:
        thread.join(timeout=60)
    require([a.status_code for a in answers] == [200] * 4, "Four requests at the same time must all be answered.")


PATIENCE = 4  # seconds for what takes milliseconds, and computes nothing

RANDOM_REQUESTS = [{}, {"temperature": 0.7}, {"temperature": 0.7, "seed": None}]
OTHER_PARAMETERS = [{"max_tokens": 9}, {"top_k": 5, "temperature": 0.5}, {"logit_bias": {5: 2.0}}, {"stop": ["."]}]
OTHER_PARAMETERS += [{"allowed_token_ids": [5]}, {"ignore_eos": True}, {"seed": 2}]
OTHER_PARAMETERS += [{"temperature": 0.81}, {"temperature": 0.8001}, {"top_p": 0.95}, {"top_p": 0.951}, {"stop": ["!"]}]
OTHER_REQUESTS = [("n", "p", {}), ("m", "q", {}), *(("m", "p", other) for other in OTHER_PARAMETERS)]
OTHER_REQUESTS += [("mp", "", {}), ("", "mp", {}), ("M", "p", {}), ("m", "P", {}), ("m", "p ", {}), ("m", " p", {})]
OTHER_REQUESTS += [("m", "p\n", {}), ("m", "a  b", {}), ("m", "a b", {}), ("m", "b a", {}), ("m", "é", {})]
OTHER_REQUESTS += [("m", "p" * 5000 + "q", {}), ("m", "p" * 5000 + "r", {}), ("m", "e\u0301", {}), ("m", "e", {})]
LIKE_ANOTHER = "Every letter, blank and digit counts, and so does every parameter."


@exercise(
    "2.14",
    functions={
        "cache_key": "model, prompt, sampling -> value",
        "ResultCache": "path -> value",
        "cached_text": "llm, cache, model, prompt, sampling -> text",
    },
    hints=[
        "Which inputs does the text depend on? A request is in the cache only if the same inputs always give the same "
        "text, in every process.",
        "sha256 of json.dumps([model, prompt, sampling], sort_keys=True); None where the temperature (1.0 if not "
        "given) is above 0 and there is no seed.",
        "Do in __init__, get and put what the example does: open the file anew, then CREATE TABLE IF NOT EXISTS, "
        "SELECT, or INSERT OR REPLACE. SQLite lets one writer in at a time.",
    ],
    concept="sampling-parameters.md#reproducibility",
)
def result_cache(cache_key, ResultCache, cached_text, llm) -> None:  # noqa: N803
    """A cache: the key, the file, and its use before an engine."""
    _key_of_a_request(cache_key)
    with tempfile.TemporaryDirectory() as name:
        _texts_are_kept(ResultCache, Path(name))
        caches = [ResultCache(Path(name) / f"{number}.db") for number in range(2)]
        _asked_before_generating(cached_text, caches, llm)
        _writers_at_once(ResultCache, Path(name) / "threads.db")
        _processes_at_once(ResultCache, Path(name) / "processes.db")


def _key_of_a_request(cache_key: Tried) -> None:
    with _hash_noticed() as hashed:
        base = cache_key("m", "p", {"temperature": 0.0, "max_tokens": 8})
    salted = "hash() of a text is another one in every process, so nothing would ever be found: use hashlib."
    require(not hashed, salted)
    require(isinstance(base, str), f"cache_key must return a text, not {base!r:.40}.")
    swapped = cache_key("m", "p", {"max_tokens": 8, "temperature": 0.0})
    require(base == swapped, "The same parameters in another order must give the same key: sort them.")
    for sampling in RANDOM_REQUESTS:
        random = f"{sampling} is random, temperature 1 or given, without a seed: None."
        require(cache_key("m", "p", sampling) is None, random)
    seed_of_0 = cache_key("m", "p", {"temperature": 0.7, "seed": 0})
    require(seed_of_0 is not None, "A seed of 0 is a seed: compare with None.")
    seeded, requests = {"temperature": 0.8, "seed": 1, "max_tokens": 8}, [*OTHER_REQUESTS, ("m", "p", {})]
    found = [cache_key(model, prompt, seeded | sampling) for model, prompt, sampling in requests]
    for (model, prompt, sampling), key in zip(requests, found, strict=True):
        request = f"model {model!r}, prompt {prompt!r:.20}, {sampling or 'no change'}"
        require(found.count(key) == 1, f"{request}: the key is that of another request. {LIKE_ANOTHER}")


@contextlib.contextmanager
def _hash_noticed():
    """Note whether a text is given to `hash`: its salt changes with the process, so the result here would not tell."""
    real, seen = builtins.hash, []

    def noticing(value):
        caller = sys._getframe(1).f_code.co_filename
        libraries = "site-packages" in caller or caller.startswith((os.path.dirname(os.__file__), "<frozen"))
        if isinstance(value, str | tuple | frozenset) and not libraries:
            seen.append(value)
        return real(value)

    with mock.patch.object(builtins, "hash", noticing):
        yield seen


def _texts_are_kept(ResultCache: Tried, folder: Path) -> None:  # noqa: N803
    path = folder / "cache.db"
    first, second = ResultCache(path), ResultCache(path)
    get = Tried(getattr(first, "get", None), "get", "key -> value")
    put = Tried(getattr(first, "put", None), "put", "key, text -> value")
    require(get("a") is None, "get must return None for a key that is not there.")
    texts = {"a": "text", "e": "", "q": 'Anna\'s "sea", 100 % ; é ☃\nand a second line'}
    for key, text in texts.items():
        put(key, text, case=f"for the text {text!r:.12}", fails="Give it to SQL as the value of a ?.")
    put("a", "text", case="for a key that is there already", fails="Two processes may put the same.")
    require(get("e") == "", "An empty text is a text; None means that there is none.")
    for key, text in texts.items():
        require(get(key) == text, f"get must return what put was given, {text!r}, not {get(key)!r}.")
    require(ResultCache(folder / "other.db").get("a") is None, "A cache with another path must not have these texts.")
    second.put("b", "more")
    kept = ResultCache(path)
    require((kept.get("a"), kept.get("b")) == ("text", "more"), LOST)


LOST = "Two writers: what the one put is gone when the other has written."


def _writers_at_once(ResultCache: Tried, path: Path) -> None:  # noqa: N803
    together = threading.Barrier(3)

    def write(cache, name: str) -> None:
        together.wait()
        _put_ten(cache, name)

    caches = [ResultCache(path) for _ in range(2)]
    with ThreadPoolExecutor(3) as pool:  # two threads share a cache
        writers = [pool.submit(write, cache, name) for cache, name in zip([*caches, caches[0]], "xyz", strict=True)]
    _all_there(ResultCache(path, fails=LOST), "xyz", "three threads", [writer.exception() for writer in writers])


def _processes_at_once(ResultCache: Tried, path: Path) -> None:  # noqa: N803
    if "fork" not in multiprocessing.get_all_start_methods():
        return  # an answer in a notebook can be brought into another process by fork only
    forking, errors = multiprocessing.get_context("fork"), []
    together = forking.Barrier(2)

    def write(name: str) -> None:
        together.wait(timeout=60)
        try:
            _put_ten(ResultCache(path), name)
        except Exception as error:  # in the other process it only means that texts are missing
            errors.append(error)

    other = forking.Process(target=write, args=("x",))
    other.start()
    write("y")
    other.join(timeout=60)
    other.kill()
    _all_there(ResultCache(path, fails=LOST), "xy", "two processes", errors)


def _put_ten(cache, name: str) -> None:
    for i in range(10):
        cache.put(f"{name}{i}", "t" * 200)


def _all_there(cache, names: str, who: str, errors: list) -> None:
    get = Tried(cache.get, "get", "key -> value")
    missing = [name for name in names for i in range(10) if get.ending(f"{name}{i}")[0] != "t" * 200]
    failed = [f"put raised {described(error)}." for error in errors if error]
    at_once = f"Of {10 * len(names)} texts that {who} wrote at once {len(missing)} are not there."
    require(not missing, " ".join([LOST, at_once, *failed[:1]]))


def _asked_before_generating(cached_text: Tried, caches: list, llm) -> None:
    from vllm import SamplingParams

    watch, greedy, (cache, other) = Watch(llm), {"temperature": 0.0, "max_tokens": 6}, caches
    sun, moon = (llm.generate(p, SamplingParams(**greedy))[0].outputs[0].text for p in ("The sun", "The moon"))
    empty = {"temperature": 0.0, "max_tokens": 1, "stop": [sun[:1]]}
    random = {"temperature": 1.0, "max_tokens": 6}
    twice = "The same request twice must generate once"
    for kept, model, prompt, sampling, wanted, calls, why in (
        (cache, "pocket-base", "The sun", greedy, sun, 1, twice),
        (cache, "pocket-base", "The sun", random, None, 3, "A random request without a seed is generated every time"),
        (cache, "pocket-base", "The sun", empty, "", 4, "An empty text was generated again: compare with None"),
        (cache, "pocket-base", "The moon", greedy, moon, 5, f"{twice}, and another prompt is another request"),
        (cache, "another", "The moon", greedy, moon, 6, f"{twice}, and another model is another request"),
        (other, "another", "The moon", greedy, moon, 7, "Use the cache that cached_text is given"),
    ):
        found = {cached_text(watch, kept, model, prompt, sampling) for _ in range(2)}
        require(len(watch.calls) == calls, f"{why}; there are {len(watch.calls)} calls, not {calls}.")
        require(wanted is None or found == {wanted}, "cached_text must return the text that llm.generate gives.")


# Sampling parameters, what each message about them must hold, and why.
PROBLEMS = [
    ({}, [], "Good parameters give an empty list."),
    ({"temperature": 0.5, "seed": 0}, [], "Good parameters give an empty list."),
    ({"min_tokens": 20, "max_tokens": 30}, [], "vLLM takes them together: try that first."),
    ({"temperature": -1, "max_tokens": 0, "top_p": 0.5}, ["temperature -1", "max_tokens 0"], "Name both wrong ones."),
    ({"top_p": 3, "temperature": -1}, ["top_p 3", "temperature -1"], "Keep the order of the dict."),
    ({"temprature": 1}, ["temprature 1"], "An unknown parameter raises TypeError, and is a problem too."),
    ({"temperature": "hot"}, ["temperature hot"], "A text where a number belongs is a problem, not a crash."),
    ({"n": 2, "temperature": 0.0}, [""], "They are wrong only together: try all parameters at once as well."),
]


class Flaky:
    """An engine that fails as often as it is told, as one behind a network may."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors, self.calls = list(errors), []

    def generate(self, prompts, sampling_params=None, *args, **options) -> list:
        """Raise the next error, or return an answer."""
        self.calls.append((prompts, sampling_params))
        if self.errors:
            raise self.errors.pop(0)
        return ["answer"]


def _ended(generate_with_retry: Tried, *errors: BaseException, sampling: dict | None = None, **options) -> tuple:
    """Return how it ended on an engine that fails: value and error, calls of the engine, and waits."""
    engine, waits = Flaky(*errors), []
    try:
        given = engine, ["The moon"], sampling or {"temperature": 0.5}
        found, error = generate_with_retry.ending(*given, **{"sleep": waits.append} | options)
    except KeyboardInterrupt as stopped:
        found, error = None, stopped
    return found, error, engine.calls, waits


@exercise(
    "2.15",
    functions={"problems": "sampling -> list", "generate_with_retry": "engine, prompts, sampling -> value"},
    hints=[
        "Would the same call succeed if it were made again? For a parameter out of range it never does.",
        "for attempt in range(attempts): try: return engine.generate(...) except (ConnectionError, TimeoutError): if "
        "attempt == attempts - 1: raise; then sleep(pause * 2**attempt).",
        "problems: try SamplingParams(**sampling), and except (VLLMError, TypeError, ValueError). If that fails, try "
        "each parameter by itself in the same way; where none is wrong by itself, return the message of all together.",
    ],
    concept="sampling-parameters.md#errors",
)
def retry(problems, generate_with_retry) -> None:
    """Refuse what can never work before the engine is asked, and ask again only where that may help."""
    from vllm.exceptions import VLLMValidationError

    for sampling, wanted, why in PROBLEMS:
        found = problems(sampling, case=f"for {sampling}", fails=why)
        fits = len(found) == len(wanted) and all(
            part in str(message) for message, parts in zip(found, wanted, strict=True) for part in parts.split()
        )
        require(fits, f"For {sampling} there must be {len(wanted)} messages, with name and value, not {found}. {why}")
    _transient_errors(generate_with_retry)
    lasting = VLLMValidationError("prompt is too long"), TypeError("an error in the program"), OSError("disk full")
    for error in (*lasting, KeyboardInterrupt()):
        _, came_out, calls, _ = _ended(generate_with_retry, error)
        name = type(error).__name__
        again = f"{name} was tried again. It fails the same way every time: retry transient errors only."
        require(len(calls) == 1, again)
        require(came_out is error, f"{name} must come out as it is.")
    _, error, calls, _ = _ended(generate_with_retry, sampling={"temperature": -1, "max_tokens": 0})
    require(not calls, "Parameters that are out of range must be refused before the engine is asked.")
    both = isinstance(error, ValueError) and "temperature" in str(error) and "max_tokens" in str(error)
    require(both, "Raise a ValueError that names every problem, so that a user corrects all of them at once.")


def _transient_errors(generate_with_retry: Tried) -> None:
    from vllm import SamplingParams

    found, error, calls, waits = _ended(generate_with_retry, ConnectionResetError("reset"), TimeoutError("slow"))
    ended = f" It ended with {described(error)}." if error else ""
    require(found == ["answer"], f"Two transient failures, then success: return the answer.{ended}")
    passed_on = all(prompts == ["The moon"] and params == SamplingParams(temperature=0.5) for prompts, params in calls)
    require(passed_on, "Call engine.generate(prompts, SamplingParams(**sampling)), with what the function was given.")
    doubled = "Wait pause, then twice as long each time, by sleep(...)"
    require(_waited(waits, 0.5, 1.0), f"{doubled}: 0.5, 1.0 with the default pause of 0.5. You waited {waits}.")
    for attempts, waits_wanted in ((4, (0.1, 0.2, 0.4)), (1, ()), (None, (0.1, 0.2))):
        errors = [ConnectionError(f"failure {number}") for number in range(1, 20)]
        chosen = {"attempts": attempts} if attempts else {}
        _, error, calls, waits = _ended(generate_with_retry, *errors, pause=0.1, **chosen)
        most = f"attempts={attempts} means" if attempts else "Without attempts there are"
        require(len(calls) == (attempts or 3), f"{most} {attempts or 3} calls at most, there were {len(calls)}.")
        require(error is errors[len(calls) - 1], "When the last attempt fails, its error must come out: raise.")
        require(len(waits) == len(calls) - 1, "Do not wait after the last attempt: nothing follows.")
        require(_waited(waits, *waits_wanted), f"{doubled}: {waits_wanted}. You waited {waits}.")


def _waited(waits: list, *wanted: float) -> bool:
    return len(waits) == len(wanted) and all(map(close, waits, wanted))


TEXTS_TO_RANK = [
    ("one and one and one and one and one and one", 12, -6.0),
    (" ".join(f"word{i}" for i in range(60)), 40, -4.0),
    ("", 1, -2.0),
    ("A text with | a bar\nand a second line", 10, -1.0),
    ("alone", 1, -3.0),
]


@exercise(
    "2.16",
    functions={
        "generate_variants": "llm, topic, temperatures, n -> table",
        "rank": "frame -> table",
        "report": "topic, ranked -> text",
    },
    hints=[
        "One sweep over prompts and temperatures gives all texts with logprob and tokens. The metrics are columns; "
        "quality is their mean.",
        "coherence = math.exp(logprob / tokens); diversity = distinct_n(text, 2), and 0 where that is nan; length = "
        "min(words / 40, 1).",
        r'A cell of a table is " ".join(text.replace("|", r"\|").split()), a quality f"{quality:.2f}". The means come '
        'from groupby("temperature")["quality"].mean().',
    ],
    concept="request-output.md#cumulative_logprob",
)
def content_generator(generate_variants, rank, report, llm) -> None:
    """Texts about a topic in one batch, ranked by three metrics, and reported in Markdown."""
    frame = pd.DataFrame(TEXTS_TO_RANK, columns=["text", "tokens", "logprob"])
    more = {"temperature": [0.3, 0.3, 1.2, 1.2, 1.2], "sample": [0, 1, 0, 1, 2], "finish_reason": "stop"}
    frame = frame.assign(prompt="About a:", **more)
    ranked = rank(frame)
    _ranking(ranked, frame)
    _, error = report.ending("the sea", ranked)
    needs = f"report ended with {described(error)}. Build the table with markdown_table." if error else ""
    require(not isinstance(error, ImportError), needs)
    _markdown(report("the sea", ranked), ranked.reset_index(drop=True))
    _variants(generate_variants, Watch(llm))


def _variants(generate_variants: Tried, watch: Watch) -> None:
    frame = generate_variants(watch, "the sea", [0.3, 1.2], n=2)
    (call,) = watch.asked("generate", 1)
    frame = columns(frame, ["prompt", "temperature", "text", "tokens", "logprob"], "generate_variants must return")
    on_topic = all("the sea" in str(prompt).lower() for prompt in frame["prompt"])
    require(on_topic, "The topic must be in every prompt.")
    require(frame["prompt"].nunique() >= 2, "Use at least two strategies: prompts that begin in different ways.")
    frame = frame.reset_index(drop=True).assign(temperature=frame["temperature"].astype(float).round(6).tolist())
    require(set(frame["temperature"]) == {0.3, 1.2}, "Use every temperature.")
    counts = frame.groupby(["prompt", "temperature"]).size()
    full = set(counts) == {2} and len(counts) == 2 * frame["prompt"].nunique()
    require(full, f"Generate n texts for every prompt and temperature, there are {counts.min()}.")
    _as_generated(frame, call, ["temperature"])
    varied = frame[frame["temperature"] == 1.2].groupby("prompt")["text"].nunique()
    require(varied.max() > 1, "The n texts of a prompt are all the same: give each a seed of its own.")


def _ranking(ranked, frame) -> None:
    columns(ranked, [*frame.columns, "length", "diversity", "coherence", "quality"], "rank must return")
    kept = sorted(ranked["text"]) == sorted(text for text, _, _ in TEXTS_TO_RANK)
    require(kept, "rank must keep all texts, an empty one too.")
    repeated, varied, empty, _, alone = (ranked[ranked["text"] == text].iloc[0] for text, _, _ in TEXTS_TO_RANK)
    long = close(varied["length"], 1) and close(repeated["length"], 11 / 40)
    require(long, "length must be words / 40, at most 1.")
    pairs = "diversity must be different pairs of words out of all pairs: 2 of 10 in 'one and one and ...'."
    require(close(varied["diversity"], 1) and close(repeated["diversity"], 0.2), pairs)
    nothing = empty["diversity"] == 0 and empty["length"] == 0 and alone["diversity"] == 0
    require(nothing, "A text without words has length 0, and without two words diversity 0, not nan.")
    summed = close(varied["coherence"], math.exp(-4))
    require(not summed, "coherence must divide by the number of tokens, or long texts always lose.")
    fair = close(varied["coherence"], math.exp(-0.1)) and close(empty["coherence"], math.exp(-2))
    require(fair, "coherence must be exp(logprob / tokens), a probability from 0 to 1.")
    means = ranked[["length", "diversity", "coherence"]].mean(axis=1)
    require(all(map(close, ranked["quality"], means)), "quality must be the mean of the three.")
    require(ranked["quality"].is_monotonic_decreasing, "Sort by quality, the best first.")


def _markdown(text: str, ranked) -> None:
    heading = next(iter(text.strip().splitlines()), "")
    require(heading.startswith("# "), "report must return a text that begins with a heading, # ...")
    require("the sea" in heading.lower(), "The heading must name the topic.")
    tables = markdown.tables(text)
    require(len(tables) >= 2, f"There must be two tables, all texts and statistics; there are {len(tables)}.")
    lengths = [(len(row), len(table[0])) for table in tables for row in table]
    torn, ragged = any(row < head for row, head in lengths), any(row > head for row, head in lengths)
    require(not torn, "A line break in a text ends the row of a table: put blanks there.")
    require(not ragged, r"A bar in a text ends its cell: write it as \|.")
    sorts = {"length of texts": len(TEXTS_TO_RANK) + 1, "statistics": 3}
    texts, statistics = ([table for table in tables if len(table) == size] for size in sorts.values())
    require(bool(texts), "A table must have one row per text.")
    wanted = [(_plain(row.text), f"{row.quality:.2f}") for row in ranked.itertuples()]
    shown = all(any(_holds(row, *one) for table in texts for row in table) for one in wanted)
    require(shown, "The row of a text must hold the text and its quality, with two decimals.")
    require(bool(statistics), "The statistics must have one row per temperature.")
    means = ranked.groupby("temperature")["quality"].mean().items()
    told = all(any(_holds(row, f"{t:g}", f"{mean:.2f}") for table in statistics for row in table) for t, mean in means)
    require(told, "The statistics must hold each temperature and its mean quality, with two decimals.")
    quoted = _plain("\n".join(line for line in text.splitlines() if not line.strip().startswith("|")))
    best = [_plain(text) for text in ranked["text"][:3]]
    require(all(text in quoted for text in best), "Quote the three best texts outside of the tables, as they are.")


def _plain(text: str) -> str:
    """Return a text of Markdown without quotation marks of its lines, line breaks and backslashes."""
    return " ".join(re.sub(r"^\s*> ?", "", text, flags=re.MULTILINE).replace("\\", "").split())


def _holds(row: list[str], text: str, number: str) -> bool:
    cells = [_plain(cell).strip("*_` ") for cell in row]
    return number in cells and any(cell.startswith(text[:20]) for cell in cells)


MEASURED = ["batch_size", "max_tokens", "tokens", "seconds", "tokens_per_second", "time_to_first_token", "memory"]


class Ending(Watch):
    """An engine whose texts end at once, wherever the end-of-sequence token is allowed to come and to count."""

    def generate(self, prompts, sampling_params=None, *args, **options) -> list:
        """Make that token by far the likeliest, and pass the call on."""
        params = copy.deepcopy(sampling_params or self.llm.get_default_sampling_params())
        for each in params if isinstance(params, list | tuple) else [params]:
            each.logit_bias = {self.llm.get_tokenizer().eos_token_id: 100.0} | (each.logit_bias or {})
        return super().generate(prompts, params, *args, **options)


class Staggered(Ending):
    """An engine that notes times, and in whose batches no two texts begin at the same time."""

    def generate(self, *args, **options) -> list:
        """Pass the call on, and let each text begin earlier than the one before it."""
        outputs = super().generate(*args, **options)
        for place, output in enumerate(outputs):
            output.metrics.first_token_latency /= 1 + place
        return outputs


@exercise(
    "2.17",
    functions={"benchmark": "llm, batch_sizes, max_tokens -> table"},
    hints=[
        "One call of generate for each batch size, between two time.perf_counter(); one more before them all, whose "
        "time nobody counts. ignore_eos=True makes every text as long as max_tokens.",
        "output.metrics.first_token_latency is there when the engine was loaded with disable_log_stats=False; tokens "
        "are the sum of len(output.outputs[0].token_ids); memory is psutil.Process().memory_info().rss / 2**20.",
    ],
    concept="glossary.md#throughput",
)
def benchmarked(benchmark, llm) -> None:
    """A table of speed and memory, one row per setting."""
    noted = getattr(getattr(llm, "llm_engine", None), "log_stats", False)
    require(
        noted, "This engine notes no times: run the cell before yours, which loads it with disable_log_stats=False."
    )
    watch, wanted, start = Staggered(llm, pause=PAUSE), [(1, 6), (1, 12), (4, 6), (4, 12)], time.perf_counter()
    frame = columns(benchmark(watch, [1, 4], [6, 12]), MEASURED, "benchmark must return")
    span = time.perf_counter() - start
    settings = sorted(zip(frame["batch_size"], frame["max_tokens"], strict=True))
    require(settings == wanted, f"There must be one row for each batch size and max_tokens, got {settings}.")
    for row in frame.itertuples():
        _of_one_call(row, watch, span)
        _speed_and_memory(row)


def _of_one_call(row, watch: Watch, span: float) -> None:
    """Require that a row holds the times of a call of its own, which is not the first."""
    size, length = row.batch_size, row.max_tokens
    calls = {
        place: call.outputs
        for place, call in enumerate(watch.calls)
        if len(call.prompts) == size and {p.max_tokens for p in call.params} == {length}
    }
    one = f"A batch of {size} must be one call of generate with {size} prompts, and max_tokens={length}."
    require(bool(calls), one)
    whole = {
        place: np.mean([output.metrics.first_token_latency for output in outputs])
        for place, outputs in calls.items()
        if all(len(output.outputs[0].token_ids) == length for output in outputs)
    }
    short = f"A text ended before max_tokens={length}, and then two runs measure different work: ignore_eos=True."
    require(bool(whole), short)
    fitting = [place for place, first in whole.items() if close(row.time_to_first_token, first, within=6e-4)]
    require(bool(fitting), "time_to_first_token must be the mean of output.metrics.first_token_latency over the batch.")
    cold = "Warm up: the first call pays for what is set up once, so make one that is not measured."
    require(fitting != [0], cold)
    took = [watch.calls[place].seconds for place in fitting]
    around = any(inside - 0.02 < row.seconds < span + 0.02 for inside in took)
    require(around, f"seconds must be the time of the call of generate, {took[0]:.2f}, not {row.seconds:.2f}.")


def _speed_and_memory(row) -> None:
    import psutil

    tokens = row.batch_size * row.max_tokens
    counted = f"{row.batch_size} texts of {row.max_tokens} tokens are {tokens}, got {row.tokens}: count token_ids."
    require(row.tokens == tokens, counted)
    speed = math.isclose(row.tokens_per_second, row.tokens / row.seconds, rel_tol=0.01)
    require(speed, "tokens_per_second must be the tokens of the whole batch over the seconds of the whole call.")
    now = psutil.Process().memory_info().rss / 2**20  # a GPU adds to it, and a peak is above it
    in_mib = f"memory must be in MiB, about {now:.0f}, got {row.memory:.0f}: divide bytes by 2**20."
    require(0.55 * now < row.memory < 100 * now, in_mib)
