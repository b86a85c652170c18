"""The checks of lesson 02's exercises 2.1 to 2.8; those of the tools, from 2.9, are in `checks_tools.py`."""

import contextlib
import importlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from vllm_course.checks import exercise, require
from vllm_course.checks.recorder import Recorder

BROKEN_BELOW = -2.0  # mean log probability of a token, as in exercise 1.5
EXACTLY = 150  # tokens that exercise 2.5 asks for


class Loads:
    """Stands before `load_model`: hands out one engine under any name, and frees the one before, as `load_model` does.

    Attributes:
        names: What was loaded, in order.
        recorders: The engine of each load, watched.
    """

    def __init__(self, llm) -> None:
        self.llm = llm
        self.names: list[str] = []
        self.recorders: list[Recorder] = []

    def __call__(self, name: str) -> Recorder:
        """Load a model; the engine handed out before is gone."""
        if self.recorders:
            self.recorders[-1].llm = None
        self.names.append(name)
        self.recorders.append(Recorder(self.llm))
        return self.recorders[-1]


def close(value: float, other: float) -> bool:
    """Whether two numbers agree to six digits."""
    return abs(value - other) <= 1e-6 * max(1.0, abs(other))


def ending(call: Callable, *arguments: Any) -> tuple[Any, str]:
    """Return what a call returns and "", or None and how it ended: an exception's name, or `exit CODE: MESSAGE`.

    `argparse` leaves with SystemExit, which would end the learner's cell in place of the check.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return call(*arguments), ""
    except SystemExit as leaving:
        return None, f"exit {leaving.code}: {said.getvalue().strip().splitlines()[-1:]}"
    except Exception as error:  # a learner's function may fail in any way; the check says how
        return None, f"{type(error).__name__}: {error}"


def from_lesson(module: str) -> Any:
    """Import a module of the lesson's folder."""
    folder = str(Path(__file__).parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(module)


@exercise(
    "2.1",
    hints=[
        "load_model returns at once what is loaded already. Which model must therefore not come first?",
        "For each name: time.perf_counter(), llm = load(name), time.perf_counter(), generate(llm, prompts, ...), "
        "time.perf_counter(); frame.assign(model=name, load_seconds=..., tokens_per_second=...); pd.concat at the end. "
        'Begin with "pocket-base-mini".',
    ],
    concept="offline-and-online.md#what-loading-does",
)
def models_compared(compare_models, frame, answer: dict, prompts: list[str], llm) -> None:
    """A table of two models on the same prompts, made by a function that serves for any models."""
    _own_measurement(frame, answer, prompts, llm)
    require(callable(compare_models), "compare_models must be a function of names, prompts and load.")
    loads, two = Loads(llm), ["The moon", "The sun"]
    table, how = ending(compare_models, ["a", "b", "c"], two, loads)
    freed = "Every load frees the engine before: generate with a model before you load the next."
    require(not (how and len(loads.names) == 3 and not loads.recorders[0].outputs), freed)
    require(bool(loads.names), "Load each model with load(name), the third argument, not with load_model.")
    require(not how, f"compare_models(names, prompts, load) must return a table, it ended with {how}")
    require(loads.names == ["a", "b", "c"], f"Load every name once, with load(name) and in order, not {loads.names}.")
    calls = [len(recorder.calls) for recorder in loads.recorders]
    require(calls == [1, 1, 1], f"Give each model all prompts in one call of generate, not in {max(calls)}.")
    rows = list(zip(table["model"], table["prompt"], strict=True))
    require(rows == [(name, prompt) for name in "abc" for prompt in two], "Return a row for each model and prompt.")


def _own_measurement(frame, answer, prompts, llm) -> None:
    columns = {"model", "prompt", "text", "tokens", "load_seconds", "tokens_per_second"}
    require(hasattr(frame, "columns") and columns <= set(frame), f"Give a DataFrame with {', '.join(sorted(columns))}.")
    both = {"pocket-base", "pocket-base-mini"}
    require(set(frame["model"]) == both, f"Compare the models {', '.join(sorted(both))}.")
    complete = frame.groupby("model")["prompt"].agg(sorted).map(lambda asked: asked == sorted(prompts)).all()
    require(complete, "There must be one row for each model and prompt.")
    speeds = frame.groupby("model")[["load_seconds", "tokens_per_second"]]
    require((speeds.nunique() == 1).all().all(), "load_seconds and tokens_per_second are one number for each model.")
    speeds = speeds.first()
    loads = speeds["load_seconds"]
    at_once = loads.min() < 0.05 * loads.max()
    require(not at_once, f"{loads.idxmin()} was loaded already when you timed it: load the other model first.")
    _greedy_texts(frame, prompts, llm)
    names = {"loads_faster": loads.idxmin(), "writes_faster": speeds["tokens_per_second"].idxmax()}
    wrong = [name for name, value in names.items() if answer[name] != value]
    require(not wrong, f"{' and '.join(wrong)}: your own table says the other model. More tokens a second is faster.")


def _greedy_texts(frame, prompts, llm) -> None:
    from vllm_course import generate

    texts = frame.groupby("model")["text"].agg(list)
    require(texts.iloc[0] != texts.iloc[1], "Both models wrote the same to the letter: was one asked twice?")
    greedy = generate(llm, prompts, temperature=0.0, max_tokens=40)
    own = frame[frame["model"] == "pocket-base"]
    same = dict(zip(own["prompt"], own["text"], strict=True)) == dict(zip(prompts, greedy["text"], strict=True))
    require(same, "The texts of pocket-base are not the greedy ones: temperature=0 and max_tokens=40, for both models.")


@exercise(
    "2.2",
    hints=[
        "argparse keeps the groups in parser._action_groups, and what an option is when nobody gives it in "
        "parser.parse_args([]). The list of quantization methods is in vllm.model_executor.layers.quantization.",
        "{g.title: len(g._group_actions) for g in parser._action_groups if g._group_actions}; "
        'vars(parser.parse_args([]))[option.lstrip("-").replace("-", "_")]; list(QUANTIZATION_METHODS).',
    ],
    concept="engine-arguments.md#groups",
)
def help_system(groups_of, default_of, quantization: list[str]) -> None:
    """Functions that read any parser, and the list that the parser does not have."""
    from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS

    _groups(groups_of)
    _defaults(default_of)
    require(not isinstance(quantization, str), "Give the methods as a list, not as one text.")
    methods = list(quantization or [])
    no_choices = "The option has no choices, any text is parsed: vLLM keeps the list of methods elsewhere."
    require(len(methods) > 0, no_choices)
    unknown = sorted(set(methods) - set(QUANTIZATION_METHODS))
    require(not unknown, f"vLLM {_version()} does not know {', '.join(map(repr, unknown))}.")
    missing = len(set(QUANTIZATION_METHODS) - set(methods))
    require(not missing, f"{missing} methods are missing: take vLLM's own list, not the two that everybody names.")


def _version() -> str:
    import vllm

    return vllm.__version__


def _small_parser():
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = FlexibleArgumentParser()
    colours = parser.add_argument_group("Colours")
    colours.add_argument("--line-colour", default="red")
    colours.add_argument("--fill", action="store_true")
    parser.add_argument_group("Nothing")
    return parser


def _groups(groups_of) -> None:
    require(callable(groups_of), "groups_of must be a function of a parser.")
    found, how = ending(groups_of, _small_parser())
    require(not how, f"groups_of(parser) must return a dict, it ended with {how}")
    require(isinstance(found, dict), "groups_of must return a dict: title of a group, number of its options.")
    empty = {"Nothing", "positional arguments"} & set(found)
    require(not empty, f"{', '.join(sorted(empty))}: a group without options does not show in the help. Leave it out.")
    require(set(found) == {"options", "Colours"}, "For another parser groups_of must return that parser's groups.")
    require(
        found["Colours"] == 2, "Count the options of each group. One option may have several names: --x and --no-x."
    )


def _defaults(default_of) -> None:
    require(callable(default_of), "default_of must be a function of a parser and an option.")
    forms = ("--line-colour", "--line_colour", "line_colour")
    values = [ending(default_of, _small_parser(), form) for form in forms]
    failed = next((form for form, (value, how) in zip(forms, values, strict=True) if value != "red" or how), None)
    require(not failed, f"default_of must find an option under each of its names: {failed} was not found.")
    require(default_of(_small_parser(), "--fill") is False, "default_of must return False for a flag that is off.")
    _, how = ending(default_of, _small_parser(), "--line")
    silent = (
        "--line is no option, yet default_of returned a value: get_default answers None for any name. Raise an error."
    )
    require(bool(how), silent)


@exercise(
    "2.3",
    hints=[
        "sweep takes a list for what it varies, and summarize turns its table into one row a temperature.",
        'summarize(sweep(llm, prompt, n=8, seed=0, temperature=temperatures, max_tokens=40), "temperature"). '
        'whole = table[table["mean_logprob"] >= -2]; whole["temperature"][whole["diversity"].idxmax()].',
    ],
    concept="sampling-parameters.md#temperature",
)
def until_it_breaks(by_temperature, choose, table, answer: dict, llm) -> None:
    """A sweep in one call, and a rule that finds three temperatures in any such table."""
    require(callable(by_temperature), "by_temperature must be a function of llm, prompt and temperatures.")
    _one_call_sweep(by_temperature, llm)
    require(callable(choose), "choose must be a function of a table.")
    _rule(choose)
    require(hasattr(table, "columns") and "mean_logprob" in table, "table_2_3 must be what by_temperature returns.")
    span = table["temperature"].min(), table["temperature"].max()
    require(len(table) >= 7 and span == (0, 2), "Sweep at least 7 temperatures, from 0 to 2.")
    require(answer == _chosen(table), "answer_2_3 must be what choose finds in your table.")


def _one_call_sweep(by_temperature, llm) -> None:
    summarize, recorder = from_lesson("measures").summarize, Recorder(llm)
    table, how = ending(by_temperature, recorder, "The moon", [1.0, 0.0])
    require(not how, f"by_temperature(llm, prompt, temperatures) must return a table, it ended with {how}")
    wanted = "temperature, diversity and mean_logprob"
    columns = hasattr(table, "columns") and {"temperature", "diversity", "mean_logprob"} <= set(table)
    require(columns, f"by_temperature must return a DataFrame with the columns {wanted}.")
    require(sorted(table["temperature"]) == [0, 1], "Return one row for each temperature that was asked for.")
    count = len(recorder.calls)
    require(count == 1, f"Generate all temperatures in one call, not in {count}: a batch takes little longer than one.")
    (params,), (outputs,) = recorder.calls, recorder.outputs
    params = params if isinstance(params, list) else [params] * len(outputs)
    rows = [(p, c) for p, output in zip(params, outputs, strict=True) for c in output.outputs]
    few = min(sum(p.temperature == temperature for p, _ in rows) for temperature in (0.0, 1.0))
    require(few >= 8, f"Take 8 completions at each temperature, not {few}: one text tells little about chance.")
    require(all(p.seed is not None for p, _ in rows), "Set a seed, or nobody can repeat your table.")
    summary = summarize(_as_sweep(rows), "temperature").set_index("temperature")
    for row in table.itertuples():
        truth = summary.loc[row.temperature]
        same = close(row.diversity, truth["diversity"]) and close(row.mean_logprob, truth["mean_logprob"])
        require(same, "diversity and mean_logprob must be those that summarize finds over all texts of a temperature.")


def _as_sweep(rows):
    import pandas as pd

    return pd.DataFrame(
        {
            "temperature": [params.temperature for params, _ in rows],
            "text": [completion.text for _, completion in rows],
            "tokens": [len(completion.token_ids) for _, completion in rows],
            "logprob": [completion.cumulative_logprob for _, completion in rows],
            "finish_reason": [completion.finish_reason for _, completion in rows],
        }
    )


def _chosen(table) -> dict[str, float]:
    broken = table[table["mean_logprob"] < BROKEN_BELOW]["temperature"]
    whole = table[table["mean_logprob"] >= BROKEN_BELOW]
    return {
        "broken_from": broken.min(),
        "most_diverse": table["temperature"][table["diversity"].idxmax()],
        "best": whole["temperature"][whole["diversity"].idxmax()],
    }


def _rule(choose) -> None:
    import pandas as pd

    rows = {
        "temperature": [0.0, 0.6, 1.1, 1.4, 1.9],
        "diversity": [0.1, 0.5, 0.4, 0.7, 0.9],
        "mean_logprob": [-0.2, -0.3, -0.5, -2.5, -6.0],
    }
    found, how = ending(choose, pd.DataFrame(rows))
    require(not how, f"choose(table) must return a dict, it ended with {how}")
    names = {"broken_from", "most_diverse", "best"}
    require(
        isinstance(found, dict) and set(found) == names, f"choose must return a dict of {', '.join(sorted(names))}."
    )
    require(found["broken_from"] != 1.9, "broken_from is the lowest temperature below -2, not the one that is worst.")
    require(
        found["broken_from"] == 1.4,
        f"broken_from is the lowest temperature whose mean_logprob is below -2, got {found['broken_from']}.",
    )
    require(found["most_diverse"] == 1.9, "most_diverse is the temperature of the highest diversity, whole or broken.")
    require(
        found["best"] not in (1.4, 1.9), "best must still be whole: the most diverse texts of all are the broken ones."
    )
    require(found["best"] != 1.1, "best is not the highest temperature that is whole, but the most diverse that is.")
    require(
        found["best"] == 0.6, f"best is the most diverse temperature of mean_logprob -2 or above, got {found['best']}."
    )


@exercise(
    "2.4",
    hints=[
        "finish_reason tells 'stop' from 'length'. stop_reason, and how many tokens there are, tell the rest.",
        "'stop': stop_reason is None after an end-of-sequence token, and the string otherwise. 'length': compare "
        "len(completion.token_ids) with params.max_tokens; what is shorter was cut by max_model_len.",
    ],
    concept="sampling-parameters.md#ending-the-text",
)
def why_not_reached(frame, reached: dict, why_it_ended, llm) -> None:
    """Three budgets for two prompts, and a function that tells four ends apart."""
    wanted = {"prompt", "max_tokens", "tokens", "finish_reason"}
    require(hasattr(frame, "columns") and wanted <= set(frame), f"Give a DataFrame with {', '.join(sorted(wanted))}.")
    require(set(frame["max_tokens"]) == {10, 100, 500}, "Sweep max_tokens over 10, 100 and 500.")
    require(len(frame) == 6 and frame["prompt"].nunique() == 2, "There must be one row for each prompt and max_tokens.")
    truth = (frame["tokens"] == frame["max_tokens"]).groupby(frame["max_tokens"]).sum().to_dict()
    require(
        isinstance(reached, dict) and set(reached) == {10, 100, 500}, "reached_2_4 must have the keys 10, 100, 500."
    )
    shares = all(reached[key] == truth[key] / 2 for key in truth) and reached != truth
    require(not shares, "reached_2_4 counts completions, it is no share.")
    require(reached == truth, f"Your own table says {truth}: count the rows where tokens equals max_tokens.")
    require(callable(why_it_ended), "why_it_ended must be a function of output, params and max_model_len.")
    for expected, hint_that_fits, params, prompt in _ends(llm):
        limit = llm.llm_engine.model_config.max_model_len
        (output,) = llm.generate([prompt], params)
        given, how = ending(why_it_ended, output, params, limit)
        require(not how, f"why_it_ended failed on a text that {hint_that_fits}: {how}")
        require(given == expected, f"A text {hint_that_fits}: {expected!r}, not {given!r}.")


def _ends(llm) -> list[tuple]:
    from vllm import SamplingParams

    long = {"prompt_token_ids": [5] * (llm.llm_engine.model_config.max_model_len - 4)}
    fact, story = "The capital of France is", "Once upon a time"
    greedy = {"temperature": 0.0}
    return [
        ("end of sequence", "ended by itself, with stop_reason None", SamplingParams(**greedy, max_tokens=100), fact),
        (
            "stop string",
            "met a stop string, which is its stop_reason",
            SamplingParams(**greedy, stop=[" "], max_tokens=50),
            story,
        ),
        ("max_tokens", "used all its max_tokens", SamplingParams(**greedy, max_tokens=5), story),
        (
            "context length",
            "was cut before its max_tokens, since prompt and text fill the context",
            SamplingParams(**greedy, ignore_eos=True, max_tokens=500),
            long,
        ),
        (
            "context length",
            "without max_tokens (None) filled the context",
            SamplingParams(**greedy, ignore_eos=True, max_tokens=None),
            long,
        ),
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
    counts = [len(ids) for ids in tokens]
    bounded = "max_tokens is only the most: this text ended by itself before."
    require(max(counts) <= EXACTLY, f"{max(counts)} tokens are more than {EXACTLY}.")
    require(min(counts) == EXACTLY, f"{min(counts)} tokens, not {EXACTLY}. {bounded}")
    ended = any(llm.get_tokenizer().eos_token_id in ids for ids in tokens)
    require(not ended, "ignore_eos writes on behind the end: an end-of-sequence token is in it, and then another text.")


@exercise(
    "2.6",
    hints=[
        "A token leaves a key and a value in each layer, for each key-value head, of head_dim numbers each.",
        "2 * num_hidden_layers * num_key_value_heads * head_dim * bytes_per_number; the cache holds whole blocks: "
        "memory // (bytes_per_token * block_size) * block_size.",
    ],
    concept="engine-arguments.md#gpu_memory_utilization-kv_cache_memory_bytes",
)
def memory(kv_bytes_per_token, tokens_that_fit, frame) -> None:
    """A prediction of the KV cache that holds for any model, compared with what engines report."""
    _per_token(kv_bytes_per_token)
    require(callable(tokens_that_fit), "tokens_that_fit must be a function of memory, bytes_per_token and block_size.")
    fit = tokens_that_fit(1_000_000, 1000, 16)
    require(fit != 1000, "The cache is cut into blocks, and only whole ones are used: 992 tokens here, not 1000.")
    require(
        fit == 992,
        f"1,000,000 bytes at 1,000 bytes a token and 16 tokens a block are 62 blocks, 992 tokens, not {fit}.",
    )
    require(tokens_that_fit(15_999, 1000, 16) == 0, "Less memory than one block takes holds no token.")
    require(isinstance(fit, int), f"A number of tokens is an int, not {type(fit).__name__}: divide with //.")
    wanted = {"kv_cache_memory_bytes", "predicted", "reported", "memory_in_use"}
    require(hasattr(frame, "columns") and wanted <= set(frame), f"Give a DataFrame with {', '.join(sorted(wanted))}.")
    require(frame["kv_cache_memory_bytes"].nunique() >= 2, "Load the model with at least two sizes.")
    distinct = frame["reported"].nunique() == frame["kv_cache_memory_bytes"].nunique()
    require(
        distinct, "All engines report the same: read each before you load the next, from the engine with that size."
    )
    require(
        (frame["predicted"] == frame["reported"]).all(), "Prediction and report differ: which dtype, which block size?"
    )
    _memory_in_use(frame)


def _per_token(kv_bytes_per_token) -> None:
    require(callable(kv_bytes_per_token), "kv_bytes_per_token must be a function of config and bytes_per_number.")
    config = SimpleNamespace(
        num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, head_dim=128, hidden_size=4096
    )
    found, how = ending(kv_bytes_per_token, config, 4)
    require(not how, f"kv_bytes_per_token(config, bytes_per_number) must return a number, it ended with {how}")
    require(found != 131_072, "A token leaves two vectors in each layer, a key and a value: multiply by 2.")
    require(found != 1_048_576, "Count num_key_value_heads: several attention heads share one key and value.")
    require(found != 65_536, "The bytes of a number are missing.")
    right = f"32 layers with 8 key-value heads of 128 numbers in 4 bytes are 262,144 bytes a token, not {found}."
    require(found == 262_144, right)
    config.head_dim = 256
    require(kv_bytes_per_token(config, 2) == 262_144, "Take head_dim from the config: hidden_size / heads may differ.")


def _memory_in_use(frame) -> None:
    import torch

    require((frame["memory_in_use"] > 0).all(), "memory_in_use must be what memory_in_use() returns, in bytes.")
    if not torch.cuda.is_available():
        return  # main memory is taken when it is first written to: the process grows later, and not by the whole cache
    ordered = frame.sort_values("kv_cache_memory_bytes")
    grown = ordered["memory_in_use"].iloc[-1] - ordered["memory_in_use"].iloc[0]
    asked = ordered["kv_cache_memory_bytes"].iloc[-1] - ordered["kv_cache_memory_bytes"].iloc[0]
    require(grown > 0.9 * asked, "On a GPU the whole cache is taken at once: read memory_in_use() behind each load.")


@exercise(
    "2.7",
    hints=[
        "Three sources in one order. Not given is None, and 0 is a value.",
        "Begin with the model's defaults, let the file replace them, then all of the command line that `is not None`. "
        "Before that: unknown = set(file) - set(command_line).",
    ],
    concept="engine-arguments.md#defaults-for-an-environment",
)
def configuration_file(path, resolve) -> None:
    """A file that the lesson's script accepts, and the order of its sources."""
    settings = _read_by_script(path)
    wanted = {"temperature": 0.7, "top_p": 0.95, "max_tokens": 100}
    names = [name for name, value in wanted.items() if settings.value(name) != value]
    require(not names, f"The file must set {', '.join(f'{name} to {wanted[name]}' for name in names)}.")
    require("model" in settings, "The file must also name the model.")
    require(callable(resolve), "resolve must be a function of command_line, file and model_defaults.")
    _order(resolve)
    _unknown_key(resolve)
    _as_the_script(resolve, Path(path))


def _read_by_script(path, *more: str):
    """Read a configuration file as the lesson's script does; its own message is the hint."""
    require(isinstance(path, str | Path), "config_2_7 must be the path of your file.")
    build, read = from_lesson("text_generation").build_parser, from_lesson("generation_settings").read_settings
    settings, how = ending(read, build(), ["--config", str(path), *more])
    require(not how, f"The script refuses the file: {how.replace(f'{Path(path).parent}/', '')}")
    return settings


def _order(resolve) -> None:
    command_line = {"temperature": 0.0, "top_p": None, "top_k": None, "max_tokens": 8, "n": None}
    file = {"temperature": 0.7, "top_p": 0.95}
    model = {"temperature": 0.6, "top_p": 0.9, "top_k": 40}
    found, how = ending(resolve, dict(command_line), dict(file), dict(model))
    require(not how, f"resolve(command_line, file, model_defaults) must return a dict, it ended with {how}")
    require(isinstance(found, dict), "resolve must return a dict: name to (value, source).")
    pairs = all(isinstance(value, tuple) and len(value) == 2 for value in found.values())
    require(pairs, "Each value of the dict must be a tuple: (value, source).")
    zero = "temperature 0 on the command line was lost: test for `is not None`, since 0 counts as false."
    require(found.get("temperature", (None,))[0] == 0.0, zero)
    require(found.get("top_p") != (0.9, "model"), "top_p is in the file, which beats the model's own defaults.")
    require(
        None not in [value for value, _ in found.values()],
        "None means not given: it overrides nothing, and a name that nobody sets is left out.",
    )
    expected = {
        "temperature": (0.0, "command line"),
        "top_p": (0.95, "file"),
        "top_k": (40, "model"),
        "max_tokens": (8, "command line"),
    }
    wrong = sorted(name for name in {*expected, *found} if found.get(name) != expected.get(name))
    require(not wrong, f"{', '.join(wrong)}: sources are 'command line', then 'file', then 'model'; got {found}.")
    off, _ = ending(resolve, {"top_k": None}, {"top_k": 0}, {"top_k": 40})
    require(off == {"top_k": (0, "file")}, "0 in the file is a value too, and beats the model's default.")


def _unknown_key(resolve) -> None:
    _, how = ending(resolve, {"temperature": None}, {"temprature": 0.7}, {})
    require(bool(how), "The file said temprature and nobody noticed: refuse a key that command_line does not have.")
    require(how.startswith("ValueError") and "temprature" in how, f"Raise a ValueError that names the key, not {how}.")


def _as_the_script(resolve, path: Path) -> None:
    import yaml

    script = _read_by_script(path, "--temperature", "0", "--top_k", "5")
    text = path.read_text(encoding="utf-8")
    file = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    file = {name.replace("-", "_"): value for name, value in file.items()}
    command_line = dict.fromkeys([*file, "top_k"]) | {"temperature": 0.0, "top_k": 5}
    own = resolve(command_line, file, {"top_p": 0.9})
    differ = [name for name in ("temperature", "top_p", "top_k", "max_tokens") if own[name][0] != script.value(name)]
    require(not differ, f"For {', '.join(differ)} the lesson's script takes another value than resolve.")


@exercise(
    "2.8",
    hints=[
        'action="append" collects an option that is given again; parser.error(...) ends a program with code 2.',
        "lines = [line.strip() for line in Path(file).read_text(encoding='utf-8').splitlines()]; keep those that are "
        'not empty and do not start with "#"; then template.replace("{text}", line).',
    ],
    concept="engine-arguments.md#three-ways-to-the-same-arguments",
)
def custom_prompts(prompts_from) -> None:
    """A function from a command line to prompts."""
    require(callable(prompts_from), "prompts_from must be a function of argv, a list of words.")
    first = _prompts(prompts_from, ["--prompt", "The moon", "--prompt", "The sun"])
    require(first != ["The sun"], 'The second --prompt replaced the first: action="append".')
    require(first == ["The moon", "The sun"], f"Two --prompt must give both texts, in order, not {first}.")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "topics.txt"
        file.write_text("rivers \n\n# not this one\n  tea\nrivers\n", encoding="utf-8")
        _from_file(prompts_from, str(file))
        _from_template(prompts_from, str(file))
    _, how = ending(prompts_from, [])
    require(
        how.startswith("exit 2"),
        f"Without any prompt end with parser.error(...), which exits with 2, not with {how or 'a result'}.",
    )
    require("--prompt" in how, "The error must name the option that is missing, --prompt.")


def _prompts(prompts_from, argv: list[str]) -> list[str]:
    found, how = ending(prompts_from, argv)
    underscore = "unrecognized" in how and any("_" in word for word in argv)
    require(not underscore, "--prompts_file is refused: vLLM's FlexibleArgumentParser takes both forms.")
    require(not how, f"{' '.join(argv[::2])} must give prompts, it ended with {how}")
    return found


def _from_file(prompts_from, file: str) -> None:
    found = _prompts(prompts_from, ["--prompts_file", file, "--prompt", "The moon"])
    require(isinstance(found, list), "prompts_from must return a list of texts.")
    require("" not in found, "An empty line is no prompt, and vLLM refuses an empty one. Leave it out.")
    require(
        not any(prompt.startswith("#") for prompt in found), "A line that begins with # is a comment. Leave it out."
    )
    spaces = "A line keeps a blank or a line end at its edge, which changes the tokens and so the text: strip it."
    require(all(prompt == prompt.strip() for prompt in found), spaces)
    require(found.count("rivers") == 2, "A line that is there twice is asked for twice: two completions. Keep both.")
    require(
        found == ["The moon", "rivers", "tea", "rivers"],
        f"First those of --prompt, then the file's lines, not {found}.",
    )


def _from_template(prompts_from, file: str) -> None:
    found = _prompts(prompts_from, ["--prompts-file", file, "--template", "All about {text} is", "--prompt", "a {b}"])
    require("a {b}" not in found, "The template is for every prompt, those of --prompt too.")
    wanted = ["All about a {b} is", "All about rivers is", "All about tea is", "All about rivers is"]
    require(found == wanted, f"Put each text in place of {{text}} in the template, nothing else; got {found}.")
    found, how = ending(prompts_from, ["--prompt", "tea", "--template", 'As JSON, {"topic": ...}: {text}'])
    braces = "str.format takes every brace for a field, and a template may hold others (JSON): replace {text} alone."
    require(not how.startswith(("KeyError", "ValueError", "IndexError")), braces)
    require(
        found == ['As JSON, {"topic": ...}: tea'], f"Braces other than {{text}} must stay as they are, got {found}."
    )
    _, how = ending(prompts_from, ["--prompt", "tea", "--template", "Nothing to fill in"])
    same = "A template without {text} gives the same prompt every time: refuse it with parser.error(...)."
    require(how.startswith("exit 2"), same)
