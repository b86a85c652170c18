"""The checks of exercises 2.1 to 2.8; those of the tools, from 2.9, are in `lesson_02_tools.py`."""

import argparse
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pandas as pd

from vllm_course import generate, paths
from vllm_course.checks import exercise, require
from vllm_course.checks.shapes import close, columns, exactly, keys, listed, number
from vllm_course.checks.trying import described
from vllm_course.checks.watch import Watch
from vllm_course.measures import summarize

BROKEN_SWEEP = -2.0  # mean log probability of a token, as in exercise 1.5
MEASURED_COLUMNS = ["model", "prompt", "text", "tokens", "load_seconds", "tokens_per_second"]  # of exercise 2.1


class Loads:
    """Stands before `load_model`: hands out one engine, watched, under any name, and frees the one before."""

    def __init__(self, llm) -> None:
        self.llm, self.names, self.engines = llm, [], []

    def __call__(self, name: str) -> Watch:
        if self.engines:
            self.engines[-1].llm = None
        self.names.append(name)
        self.engines.append(Watch(self.llm))
        return self.engines[-1]


@exercise(
    "2.1",
    functions={"compare_models": "names, prompts, load -> table"},
    hints=[
        "load_model returns at once what is loaded already. Which model must therefore not come first?",
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
    loads, names, two = Loads(llm), ["a", "b", "c"], ["The moon", "The sun"]
    third = "Load each model with load(name), the third argument, and generate with it before you load the next."
    table = compare_models(names, two, loads, fails=third)
    require(loads.names == names, f"Load every name once, with load(name) and in order, not {loads.names}.")
    calls = [len(engine.calls) for engine in loads.engines]
    require(calls == [1, 1, 1], f"Give each model all prompts in one call of generate, not in {max(calls)}.")
    for engine in loads.engines:
        engine.asked("generate", 1, temperature=0, max_tokens=40)
    columns(table, MEASURED_COLUMNS, "compare_models must return")
    rows = sorted(zip(table["model"], table["prompt"], strict=True))
    require(rows == [(name, prompt) for name in names for prompt in two], "Return a row for each model and prompt.")


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
    at_once = loads.min() < 0.05 * loads.max()
    require(not at_once, f"{loads.idxmin()} was loaded already when you timed it: load the other model first.")
    keys(answer, ["loads_faster", "writes_faster"])
    names = {"loads_faster": loads.idxmin(), "writes_faster": speeds["tokens_per_second"].idxmax()}
    for name, model in names.items():
        exactly(answer[name], model, f"{name}: your own table says {model}. More tokens a second is faster.")


def _greedy_texts(frame, prompts, llm) -> None:
    texts = frame.groupby("model")["text"].agg(list)
    require(texts.iloc[0] != texts.iloc[1], "Both models wrote the same to the letter: was one asked twice?")
    greedy = generate(llm, prompts, temperature=0.0, max_tokens=40)
    own = frame[frame["model"] == "pocket-base"]
    same = dict(zip(own["prompt"], own["text"], strict=True)) == dict(zip(prompts, greedy["text"], strict=True))
    require(same, "The texts of pocket-base are not the greedy ones: temperature=0 and max_tokens=40, for both models.")


@exercise(
    "2.2",
    functions={"groups_of": "parser -> dict", "default_of": "parser, option -> value"},
    hints=[
        "argparse keeps the groups in parser._action_groups, and what an option is when nobody gives it in "
        "parser.parse_args([]). The list of quantization methods is in vllm.model_executor.layers.quantization.",
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
    require(bool(methods), "The option has no choices, any text is parsed: vLLM keeps the list of methods elsewhere.")
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
    parser.add_argument_group("Nothing")
    return parser


def _groups(found) -> None:
    empty = {"Nothing", "positional arguments"} & set(found)
    require(not empty, f"{', '.join(sorted(empty))}: a group without options does not show in the help. Leave it out.")
    require(set(found) == {"options", "Colours"}, "For another parser groups_of must return that parser's groups.")
    exactly(found["Colours"], 2, "Count each group's options. One option may have several names: --x and --no-x.")


def _defaults(default_of) -> None:
    for form in ("--line-colour", "--line_colour", "line_colour"):
        value, error = default_of.ending(_colours_parser(), form)
        exactly(error or value, "red", f"default_of must find an option under each of its names: {form} was not found.")
    require(default_of(_colours_parser(), "--fill") is False, "default_of must return False for a flag that is off.")
    _, error = default_of.ending(_colours_parser(), "--line")
    silent = "--line is no option, yet default_of returned a value"
    require(error is not None, f"{silent}: get_default answers None for any name. Raise an error.")


CURVE = {
    "temperature": [0.0, 0.6, 0.9, 1.1, 1.4, 1.9],
    "diversity": [0.1, 0.5, 0.6, 0.4, 0.7, 0.9],
    "mean_logprob": [-0.2, -0.3, -2.0, -0.5, -2.5, -6.0],
}
WORST = "broken_from is the lowest temperature below -2, not the one that is worst."
BROKEN = "best must still be whole: the most diverse texts of all are the broken ones."
HIGHEST = "best is not the highest temperature that is whole, but the most diverse that is."
BEST = "best is the most diverse temperature of mean_logprob -2 or above"
CHOICES = [  # in CURVE: what is chosen, the temperature, the rule, and likely mistakes
    ("broken_from", 1.4, "broken_from is the lowest temperature whose mean_logprob is below -2", {1.9: WORST}),
    ("most_diverse", 1.9, "most_diverse is the temperature of the highest diversity, whole or broken", {}),
    ("best", 0.9, BEST, {1.4: BROKEN, 1.9: BROKEN, 1.1: HIGHEST}),
]


@exercise(
    "2.3",
    functions={"by_temperature": "llm, prompt, temperatures -> table", "choose": "table -> dict"},
    hints=[
        "sweep takes a list for what it varies, and summarize turns its table into one row a temperature.",
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
    span = table["temperature"].min(), table["temperature"].max()
    require(len(table) >= 7 and span == (0, 2), "Sweep at least 7 temperatures, from 0 to 2.")
    keys(answer, names, "answer_2_3 must be")
    for name, temperature in _chosen(table).items():
        exactly(answer[name], temperature, f"answer_2_3 must be what choose finds in your table: {name} is another.")


def _one_call_sweep(by_temperature, llm) -> None:
    watch = Watch(llm)
    table = by_temperature(watch, "The moon", [1.0, 0.0])
    columns(table, ["temperature", "diversity", "mean_logprob"], "by_temperature must return")
    require(sorted(table["temperature"]) == [0, 1], "Return one row for each temperature that was asked for.")
    count = len(watch.calls)
    require(count == 1, f"Generate all temperatures in one call, not in {count}: a batch takes little longer than one.")
    (call,) = watch.asked("generate", 1)
    rows = [(p, c) for p, output in zip(call.params, call.outputs, strict=True) for c in output.outputs]
    few = min(sum(p.temperature == temperature for p, _ in rows) for temperature in (0.0, 1.0))
    require(few >= 8, f"Take 8 completions at each temperature, not {few}: one text tells little about chance.")
    require(all(p.seed is not None for p, _ in rows), "Set a seed, or nobody can repeat your table.")
    watch.asked("generate", 1, max_tokens=40)
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


@exercise(
    "2.4",
    functions={"why_it_ended": "output, params, max_model_len -> text"},
    hints=[
        "finish_reason tells 'stop' from 'length'. stop_reason, and how many tokens there are, tell the rest.",
        "'stop': stop_reason is None after an end-of-sequence token, and the string otherwise. 'length': compare "
        "len(completion.token_ids) with params.max_tokens; what is shorter was cut by max_model_len.",
    ],
    concept="sampling-parameters.md#ending-the-text",
)
def why_not_reached(frame, reached, why_it_ended, llm) -> None:
    """Three budgets for two prompts, and a function that tells four ends apart."""
    columns(frame, ["prompt", "max_tokens", "tokens", "finish_reason"])
    require(set(frame["max_tokens"]) == {10, 100, 500}, "Sweep max_tokens over 10, 100 and 500.")
    require(len(frame) == 6 and frame["prompt"].nunique() == 2, "There must be one row for each prompt and max_tokens.")
    truth = (frame["tokens"] == frame["max_tokens"]).groupby(frame["max_tokens"]).sum().to_dict()
    counts = keys(reached, [10, 100, 500], "reached_2_4 must be")
    counts = {key: number(count, "reached_2_4 counts completions: numbers.") for key, count in counts.items()}
    shares = counts != truth and counts == {key: count / 2 for key, count in truth.items()}
    require(not shares, "reached_2_4 counts completions, it is no share.")
    require(counts == truth, f"Your own table says {truth}: count the rows where tokens equals max_tokens.")
    limit = llm.llm_engine.model_config.max_model_len
    for expected, how, prompt, params in _ends(limit):
        (output,) = llm.generate([prompt], params)
        given = why_it_ended(output, params, limit, case=f"for a text that {how}")
        exactly(given, expected, f"A text {how}: {expected!r}, not {given!r}.")


def _ends(limit: int) -> list[tuple]:
    from vllm import SamplingParams

    greedy, fact, story = partial(SamplingParams, temperature=0.0), "The capital of France is", "Once upon a time"
    long, endless = {"prompt_token_ids": [5] * (limit - 4)}, partial(greedy, ignore_eos=True)
    before = "was cut before its max_tokens, since prompt and text fill the context"
    return [
        ("end of sequence", "ended by itself, with stop_reason None", fact, greedy(max_tokens=100)),
        ("stop string", "met a stop string, which is its stop_reason", story, greedy(stop=[" "], max_tokens=50)),
        ("max_tokens", "used all its max_tokens", story, greedy(max_tokens=5)),
        ("context length", before, long, endless(max_tokens=500)),
        ("context length", "without max_tokens (None) filled the context", long, endless(max_tokens=None)),
    ]


@exercise(
    "2.5",
    hints=[
        "max_tokens is an upper bound. Which parameter is the lower one?",
        "SamplingParams(temperature=0.4, top_p=0.8, top_k=20, min_tokens=150, max_tokens=150, seed=...). ignore_eos "
        "gives 150 tokens too, but the end-of-sequence token is then one of them, and another text begins behind it.",
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
    require(params.seed is not None, "Set a seed, so that the text can be had again.")
    outputs = llm.generate(["The capital of France is", "The best way to learn programming is"], params)
    tokens = [output.outputs[0].token_ids for output in outputs]
    least, most = sorted(map(len, tokens))
    require(most <= 150, f"{most} tokens are more than 150.")
    require(least == 150, f"{least} tokens, not 150. max_tokens is only the most: this text ended by itself before.")
    ended = any(llm.get_tokenizer().eos_token_id in ids for ids in tokens)
    require(not ended, "ignore_eos writes on behind the end: an end-of-sequence token is in it, and then another text.")


LLAMA = {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096}
CACHE_MISTAKES = {
    131_072: "A token leaves two vectors in each layer, a key and a value: multiply by 2.",
    1_048_576: "Count num_key_value_heads: several attention heads share one key and value.",
    65_536: "The bytes of a number are missing.",
}
UNCUT = {1000: "The cache is cut into blocks, and only whole ones are used: 992 tokens here, not 1000."}


@exercise(
    "2.6",
    functions={
        "kv_bytes_per_token": "config, bytes_per_number -> number",
        "tokens_that_fit": "memory, bytes_per_token, block_size -> number",
    },
    hints=[
        "A token leaves a key and a value in each layer, for each key-value head, of head_dim numbers each.",
        "2 * num_hidden_layers * num_key_value_heads * head_dim * bytes_per_number; the cache holds whole blocks: "
        "memory // (bytes_per_token * block_size) * block_size.",
    ],
    concept="engine-arguments.md#gpu_memory_utilization-kv_cache_memory_bytes",
)
def memory(kv_bytes_per_token, tokens_that_fit, frame) -> None:
    """A prediction of the KV cache that holds for any model, compared with what engines report."""
    found = kv_bytes_per_token(SimpleNamespace(**LLAMA, head_dim=128), 4)
    right = f"32 layers with 8 key-value heads of 128 numbers in 4 bytes are 262,144 bytes a token, not {found}."
    exactly(found, 262_144, right, CACHE_MISTAKES)
    wide = kv_bytes_per_token(SimpleNamespace(**LLAMA, head_dim=256), 2)
    exactly(wide, 262_144, "Take head_dim from the config: hidden_size / heads may differ.")
    fit = tokens_that_fit(1_000_000, 1000, 16)
    blocks = f"1,000,000 bytes at 1,000 bytes a token and 16 tokens a block are 62 blocks, 992 tokens, not {fit}."
    exactly(fit, 992, blocks, UNCUT)
    exactly(tokens_that_fit(15_999, 1000, 16), 0, "Less memory than one block takes holds no token.")
    require(isinstance(fit, int), f"A number of tokens is an int, not {type(fit).__name__}: divide with //.")
    columns(frame, ["kv_cache_memory_bytes", "predicted", "reported", "memory_in_use"])
    sizes = frame["kv_cache_memory_bytes"].nunique()
    require(sizes >= 2, "Load the model with at least two sizes.")
    once = "All engines report the same: read each before you load the next, from the engine with that size."
    require(frame["reported"].nunique() == sizes, once)
    same = (frame["predicted"] == frame["reported"]).all()
    require(same, "Prediction and report differ: which dtype, which block size?")
    _memory_in_use(frame[["kv_cache_memory_bytes", "memory_in_use"]].sort_values("kv_cache_memory_bytes"))


def _memory_in_use(frame) -> None:
    from vllm.platforms import current_platform

    require((frame["memory_in_use"] > 0).all(), "memory_in_use must be what memory_in_use() returns, in bytes.")
    if current_platform.is_cuda_alike():  # main memory is taken when it is first written to, not by the whole cache
        asked, grown = frame.iloc[-1] - frame.iloc[0]
        once = "On a GPU the whole cache is taken at once: read memory_in_use() behind each load."
        require(grown > 0.9 * asked, once)


# Runs the lesson's script as it is, up to the engine, and says which model and values arrive there.
SCRIPT = """
import json, runpy, sys, vllm
from unittest.mock import MagicMock

def arrived(prompts, params, **options):
    names = ("temperature", "top_p", "top_k", "max_tokens")
    found = {name: getattr(params, name) for name in names} | {"model": vllm.LLM.call_args.kwargs["model"]}
    sys.exit(print(json.dumps(found)))

engine = MagicMock(**{"llm_engine.model_config.max_model_len": 10**6, "generate.side_effect": arrived})
engine.get_default_sampling_params.return_value = vllm.SamplingParams()
vllm.LLM, sys.argv = MagicMock(return_value=engine), sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
IN_FILE = {"temperature": 0.7, "top_p": 0.95, "max_tokens": 100}

UNSET = "None means not given: it overrides nothing, and a name that nobody sets is left out"
ZERO = "temperature 0 on the command line was lost: test for `is not None`, since 0 counts as false"
ZERO_IN_FILE = "0 in the file is a value too, and beats the model's default"
PRECEDENCE = [  # command line, file and the model's defaults, what must come of them, and why
    ({"top_k": None, "n": None}, {}, {"top_k": 4}, {"top_k": (4, "model")}, UNSET),
    ({"temperature": 0.0}, {"temperature": 0.7}, {}, {"temperature": (0.0, "command line")}, ZERO),
    ({"n": None}, {"n": 2}, {"n": 4}, {"n": (2, "file")}, "The file beats the model's own defaults"),
    ({"top_k": None}, {"top_k": 0}, {"top_k": 4}, {"top_k": (0, "file")}, ZERO_IN_FILE),
    ({"n": 3}, {"n": 2}, {"n": 4}, {"n": (3, "command line")}, "The command line beats the file and the model"),
    ({"n": 3, "top_k": None}, {}, {"top_k": 4}, {"n": (3, "command line"), "top_k": (4, "model")}, "All names count"),
]


@exercise(
    "2.7",
    functions={"resolve": "command_line, file, model_defaults -> dict"},
    hints=[
        "Three sources in one order. Not given is None, and 0 is a value.",
        "Begin with the model's defaults, let the file replace them, then all of the command line that `is not None`. "
        "Before that: unknown = set(file) - set(command_line).",
    ],
    concept="engine-arguments.md#defaults-for-an-environment",
)
def configuration_file(path, resolve) -> None:
    """A file that the lesson's script accepts, and the order of its sources."""
    require(isinstance(path, str | Path), "config_2_7 must be the path of your file.")
    _order(resolve)
    _unknown_key(resolve)
    script = _read_by_script(path, "--top_k=5")
    names = [name for name, value in IN_FILE.items() if script[name] != value]
    require(not names, f"The file must set {', '.join(f'{name} to {IN_FILE[name]}' for name in names)}.")
    require(Path(script["model"]).name == "pocket-base", "The file must also name the model, pocket-base.")
    own = resolve(dict.fromkeys(IN_FILE) | {"top_k": 5}, IN_FILE, {"top_p": 0.9})
    differ = [name for name in [*IN_FILE, "top_k"] if own[name][0] != script[name]]
    require(not differ, f"For {', '.join(differ)} the lesson's script takes another value than resolve.")


def _read_by_script(path, *more: str) -> dict:
    """Return what the lesson's script makes of a file and more words; its own message is the hint."""
    script = next(paths.lesson(2).glob("*.py"))
    command = [sys.executable, "-c", SCRIPT, str(script), "--config", str(path), *more]
    other = os.environ | {"VLLM_COURSE_MODEL": "pocket-base-mini"}  # so that only the file can name pocket-base
    run = subprocess.run(command, env=other, capture_output=True, text=True, check=False)
    said = " ".join(run.stderr.strip().splitlines()[-1:]).replace(f"{Path(path).parent}/", "")
    require(run.returncode == 0, f"The script refuses the file: {said}")
    return json.loads(run.stdout.splitlines()[-1])


def _order(resolve) -> None:
    for *sources, wanted, why in PRECEDENCE:
        found = resolve(*sources)
        pairs = all(isinstance(value, tuple | list) and len(value) == 2 for value in found.values())
        require(pairs, "Each value of the dict must be a tuple: (value, source).")
        found = {name: tuple(pair) for name, pair in found.items()}
        given = "command_line={}, file={}, model_defaults={}".format(*sources)
        require(found == wanted, f"{why}. {given} must give {wanted}, not {found}.")


def _unknown_key(resolve) -> None:
    _, error = resolve.ending({"temperature": None}, {"temprature": 0.7}, {})
    silent = "The file said temprature and nobody noticed: refuse a key that command_line does not have."
    require(error is not None, silent)
    named = isinstance(error, ValueError) and "temprature" in str(error)
    require(named, f"Raise a ValueError that names the key, not {described(error)}.")


TOPICS = "rivers \n\n# not this one\n  tea\nrivers\n"
JSON_TEMPLATE = 'As JSON, {"topic": ...}: {text}'
UNFILLED = ["--prompt", "tea", "--template", "Nothing to fill in"]


@exercise(
    "2.8",
    functions={"prompts_from": "argv -> list"},
    hints=[
        'action="append" collects an option that is given again; parser.error(...) ends a program with code 2.',
        "lines = [line.strip() for line in Path(file).read_text(encoding='utf-8').splitlines()]; keep those that are "
        'not empty and do not start with "#"; then template.replace("{text}", line).',
    ],
    concept="engine-arguments.md#three-ways-to-the-same-arguments",
)
def custom_prompts(prompts_from) -> None:
    """A function from a command line to prompts."""
    first = prompts_from(["--prompt", "The moon", "--prompt", "The sun"], case="for two --prompt")
    require(first != ["The sun"], 'The second --prompt replaced the first: action="append".')
    require(first == ["The moon", "The sun"], f"Two --prompt must give both texts, in order, not {first}.")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "topics.txt"
        file.write_text(TOPICS, encoding="utf-8")
        _from_file(prompts_from, str(file))
        _from_template(prompts_from, str(file))
    same = "A template without {text} gives the same prompt every time"
    for when, argv, option in [("Without any prompt", [], "--prompt"), (same, UNFILLED, "--template")]:
        how = _refusal(prompts_from, argv)
        ended = f"{when}: end with parser.error(...), which exits with 2, not with {how or 'a result'}."
        require(how.startswith("exit 2"), ended)
        require(option in how, f"{when}: the error must name the option, {option}.")


def _refusal(prompts_from, argv: list[str]) -> str:
    """Return how a command line is refused, "" if it is not."""
    _, error = prompts_from.ending(argv)
    return "" if error is None else described(error)


def _from_file(prompts_from, file: str) -> None:
    argv = ["--prompts_file", file, "--prompt", "The moon"]
    underscore = "--prompts_file is refused: vLLM's FlexibleArgumentParser takes both forms."
    require("unrecognized" not in _refusal(prompts_from, argv), underscore)
    found = prompts_from(argv, case="for --prompts_file and --prompt")
    mistakes = {
        "An empty line is no prompt, and vLLM refuses an empty one. Leave it out.": "" in found,
        "A line that begins with # is a comment. Leave it out.": any(str(each).startswith("#") for each in found),
        "A line keeps a blank or a line end at its edge, which changes the tokens and so the text: strip it.": any(
            str(each) != str(each).strip() for each in found
        ),
        "A line that is there twice is asked for twice: two completions. Keep both.": found.count("rivers") == 1,
    }
    for hint, made in mistakes.items():
        require(not made, hint)
    order = f"First those of --prompt, then the file's lines, not {found}."
    require(found == ["The moon", "rivers", "tea", "rivers"], order)


def _from_template(prompts_from, file: str) -> None:
    argv = ["--prompts-file", file, "--template", "All about {text} is", "--prompt", "a {b}"]
    found = prompts_from(argv, case="for a --template")
    require("a {b}" not in found, "The template is for every prompt, those of --prompt too.")
    wanted = ["All about a {b} is", "All about rivers is", "All about tea is", "All about rivers is"]
    require(found == wanted, f"Put each text in place of {{text}} in the template, nothing else; got {found}.")
    argv = ["--prompt", "tea", "--template", JSON_TEMPLATE]
    braces = "str.format takes every brace for a field, and a template may hold others (JSON): replace {text} alone."
    require(not _refusal(prompts_from, argv).startswith(("KeyError", "ValueError", "IndexError")), braces)
    found = prompts_from(argv)
    kept = f"Braces other than {{text}} must stay as they are, got {found}."
    require(found == [JSON_TEMPLATE.replace("{text}", "tea")], kept)
