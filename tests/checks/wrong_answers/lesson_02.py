"""The likely mistakes in lesson 02's exercises, and right answers in another form."""

import contextlib
import fcntl
import json
import threading
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from tests.checks.wrong_answers import Wrong, changed, edit

# 2.1
IN_ONE = "generate(model, prompts, temperature=0.0, max_tokens=40)"
ONE_EACH = "pd.concat([generate(model, prompt, temperature=0.0, max_tokens=40) for prompt in prompts])"
LOOP = "    for name in names:\n        start"
CLOCK, START = "time.perf_counter()", "    for name in names:\n        start = time.perf_counter()\n"
ONE_START = "    start = time.perf_counter()\n    for name in names:\n"
LOADED, SUM = "        loaded = time.perf_counter()\n", 'frame["tokens"].sum()'
TWICE = "pd.concat(frames, ignore_index=True)"
ROW = '{"prompt": output.prompt, "text": output.outputs[0].text, "tokens": len(output.outputs[0].token_ids)}'
OUTPUTS = "model.generate(tuple(prompts), SamplingParams(temperature=0, max_tokens=40))"
BY_ROWS = f"pd.DataFrame([{ROW} for output in {OUTPUTS}])"
OTHER = {"pocket-base": "pocket-base-mini", "pocket-base-mini": "pocket-base"}


def _loaded_already(frame):
    return frame.assign(load_seconds=frame["load_seconds"].where(frame["model"] != "pocket-base", 0.003))


def _asked_twice(frame):
    return frame.assign(text=frame[frame["model"] == "pocket-base"]["text"].tolist() * 2)


# 2.2
EVERY_DEFAULT, METHODS = (
    'vars(parser.parse_args([]))[option.lstrip("-").replace("-", "_")]',
    "list(QUANTIZATION_METHODS)",
)
BY_NAME = 'parser.get_default(option.lstrip("-").replace("-", "_"))'
CAUTIOUS = f"next({BY_NAME} for action in parser._actions if action.dest == option.strip('-').replace('-', '_'))"
NOT_NONE = f"next(value for value in [{BY_NAME}] if value is not None)"
BY_OPTION = (
    'next(a.default for a in parser._actions if "--" + option.lstrip("-").replace("_", "-") in a.option_strings)'
)
GROUPS = "{group.title: len(group._group_actions) for group in parser._action_groups if group._group_actions}"
BY_ACTION = "__import__('collections').Counter(action.container.title for action in parser._actions)"

# 2.3
WHOLE = 'table[table["mean_logprob"] >= -2]'
SWEEP, SWEPT = "sweep(llm, prompt, n=8, seed=0, temperature=", "list(temperatures), max_tokens=40)"
SWEEP_EACH, SWEPT_EACH = "pd.concat([" + SWEEP, "[t], max_tokens=40) for t in temperatures])"
BROKEN_FROM, BEST = 'table.index[table["mean_logprob"] < -2].min()', 'whole["diversity"].idxmax()'
SUMMARY = 'return summarize(frame, "temperature")'
BY_HAND = """
    settings = {"max_tokens": 40, "logprobs": 1}
    params = [SamplingParams(temperature=t, seed=seed, **settings) for t in temperatures for seed in range(8)]
    asked = zip(params, llm.generate([prompt] * len(params), sampling_params=params))
    rows = [(p.temperature, c.text, len(c.token_ids), c.cumulative_logprob, c.finish_reason)
            for p, output in asked for c in output.outputs]
    frame = pd.DataFrame(rows, columns=["temperature", "text", "tokens", "logprob", "finish_reason"])
"""

# 2.4
STOPPED = 'return "end of sequence" if completion.stop_reason is None else "stop string"'
BY_TYPE = 'return "stop string" if isinstance(completion.stop_reason, str) else "end of sequence"'
GIVEN = 'return "stop string" if params.stop else "end of sequence"'
CUT = 'return "max_tokens" if len(completion.token_ids) == params.max_tokens else "context length"'
FULL = (
    'return "context length" if len(output.prompt_token_ids + completion.token_ids) >= max_model_len else "max_tokens"'
)

# 2.5
WITHOUT_END = (
    "allowed_token_ids=[i for i in range(llm.llm_engine.model_config.get_vocab_size()) "
    "if i != llm.get_tokenizer().eos_token_id]"
)

# 2.6
BLOCKS = "memory // (bytes_per_token * block_size)"

# 2.7
SOURCES = '{"model": model_defaults, "file": file, "command line": given}'
FILE_FIRST = '{"model": model_defaults, "command line": given, "file": file}'
MODEL_OVER_FILE = '{"file": file, "model": model_defaults, "command line": given}'
YAML = "# for lesson 02\nmodel: pocket-base\ntemperature: 0.7\ntop-p: 0.95\nmax-tokens: 100\nseed: 3\n"


def _file(name: str, text: str = "", **settings):
    """Make what writes another file beside the solution's: a text, or settings of which None is left out."""
    settings = {"model": "pocket-base", "temperature": 0.7, "top_p": 0.95, "max_tokens": 100} | settings
    given = {key: value for key, value in settings.items() if value is not None}

    def write(path):
        path.with_name(name).write_text(text or json.dumps(given), encoding="utf-8")
        return path.with_name(name)

    return write


# 2.8
APPEND, FILLED = 'action="append", default=[], ', 'args.template.replace("{text}", prompt)'
IMPORT_RE = "    parser = Flexible", "    import re\n    parser = Flexible"
LINES = 'for line in lines if line and not line.startswith("#")]'

WRONG = {
    "2.1": [
        changed("pocket-base first, which is loaded", "pocket-base was loaded already", frame_2_1=_loaded_already),
        changed("one model only", "Compare the models", frame_2_1=lambda f: f.query("model == 'pocket-base'")),
        changed("one prompt missing", "one row for each", frame_2_1=lambda frame: frame[1:]),
        changed("one model asked twice", "asked twice", frame_2_1=_asked_twice),
        changed("sampled, not greedy", "temperature=0", frame_2_1=lambda f: f.assign(text=[*map(str, range(6))])),
        changed(
            "words counted", "not the greedy ones", frame_2_1=lambda f: f.assign(tokens=f["text"].str.split().str.len())
        ),
        changed(
            "a speed for each text", "one number for each model", frame_2_1=lambda f: f.assign(load_seconds=f.index)
        ),
        changed("one name", "a dict with loads_faster", answer_2_1=lambda answer: answer["loads_faster"]),
        changed("no times", "Give a DataFrame with model", frame_2_1=lambda frame: frame.drop(columns="load_seconds")),
        changed("the other model", "your own table", answer_2_1=lambda a: {name: OTHER[a[name]] for name in a}),
        edit(
            "all loaded, then asked",
            "before you load the next",
            LOOP,
            "    models = [load(name) for name in names]\n" + LOOP,
            "model = load(name)",
            "model = models.pop(0)",
        ),
        edit("load not used", "with load(name)", "= load(name)", "= load_model(name)"),
        edit("a call for each prompt", "in one call", IN_ONE, ONE_EACH),
        edit("sampled in the function", "must take temperature=0", "temperature=0.0, ", "temperature=0.5, "),
        edit("the first model only", "Load every name", "return pd.concat", "    return pd.concat"),
        edit("no table", "must return a table", "return " + TWICE, "return frames"),
        edit("columns missing", "must return a DataFrame with model", "model=name, ", ""),
        edit("one row too few", "Return a row for each", TWICE, TWICE + "[1:]"),
        edit("texts mixed up", "wrote to that prompt", ".assign(", ".assign(text=frame['text'].tolist()[::-1], "),
        edit(
            "writing is loading", "load(name) and nothing else", LOADED, "", "        speed", LOADED + "        speed"
        ),
        edit("since the first load", "load(name) and nothing else", START, ONE_START),
        edit("seconds as a text", "must be a number", "=loaded - start", "=f'{loaded - start:.1f} s'"),
        edit("speed with loading", "divided by the seconds of its one call", "() - loaded)", "() - start)"),
        edit("speed of one text", "all tokens of the model", SUM, 'frame["tokens"].mean()'),
        edit("speed text by text", "all tokens of the model", SUM, 'frame["tokens"]'),
        edit("characters a second", "all tokens of the model", SUM, 'frame["text"].str.len().sum()'),
    ],
    "2.2": [
        edit("groups without options", "does not show in the help", " if group._group_actions}", "}"),
        edit("the groups of one parser", "that parser's groups", "in parser._action", "in parser_2_2._action"),
        edit(
            "names counted, not options",
            "several names",
            "len(group._group_actions)",
            "sum(len(action.option_strings) for action in group._group_actions)",
        ),
        edit(
            "long names counted",
            "several names",
            "len(group._group_actions)",
            "sum(n[:2] == '--' and n[:5] != '--no-' for action in group._group_actions for n in action.option_strings)",
        ),
        edit("get_default, which knows any name", "None for any name", EVERY_DEFAULT, BY_NAME),
        edit("None called missing", "whose default is None", EVERY_DEFAULT, NOT_NONE),
        edit("a text for a flag", "return False for a flag", EVERY_DEFAULT, f"str({EVERY_DEFAULT})"),
        edit("hyphens kept", "--line-colour was not found", '.replace("-", "_")]', "]"),
        edit("the option's choices", "has no choices", METHODS, "None"),
        edit("the seed's two", "methods are missing", METHODS, '["awq", "gptq"]'),
        edit("one text", "not as one text", METHODS, '", ".join(QUANTIZATION_METHODS)'),
        edit("an older method", "does not know 'squeezellm'", METHODS, '[*QUANTIZATION_METHODS, "squeezellm"]'),
    ],
    "2.3": [
        edit("a call for each temperature", "in one call, not in 2", SWEEP, SWEEP_EACH, SWEPT, SWEPT_EACH),
        edit("one text a temperature", "Take 8 completions", "n=8", "n=1"),
        edit(
            "the prompt of the table",
            "the prompt that it is given",
            SWEEP,
            SWEEP.replace("prompt", "'The future of AI is'"),
        ),
        edit("no seed", "Set a seed", "seed=0, ", ""),
        edit("one seed", "a seed of its own", SWEEP, SWEEP.replace("prompt, n=8", "[prompt] * 8, n=1")),
        edit("the notebook's llm", "Call generate of the llm", "def by_temperature(llm, ", "def by_temperature(_, "),
        edit("no mean_logprob", "by_temperature must return", SUMMARY, SUMMARY + '[["temperature", "diversity"]]'),
        edit("16 tokens", "max_tokens=40", ", max_tokens=40", ""),
        edit("a row for each text", "one row for each", SUMMARY, "return frame.assign(diversity=1, mean_logprob=1)"),
        edit("another measure", "those that summarize finds", SUMMARY, SUMMARY.replace(")", ", n=1)")),
        edit("the worst, not the first", "with the lowest mean_logprob", BROKEN_FROM, 'table["mean_logprob"].idxmin()'),
        edit("diverse because broken", "are the broken ones", BEST, 'table["diversity"].idxmax()'),
        edit("-2 counts as broken", "-2 or above", ">= -2", "> -2"),
        edit("-2 is broken", "below -2, got", "< -2", "<= -2"),
        edit("the highest whole one", "but the most diverse", BEST, "whole.index.max()"),
        edit("below the first broken one", "also where", WHOLE, f"table[table.index < {BROKEN_FROM}]"),
        edit("no most_diverse", "choose must return", '"most_diverse": table["diversity"].idxmax(),', ""),
        changed("a list of texts", "must be what by_temperature returns", table_2_3=lambda _: ["a", "b"]),
        changed("up to 1.75", "from 0 to 2", table_2_3=lambda table: table[:-1]),
        changed("best alone", "answer_2_3 must be", answer_2_3=lambda answer: answer["best"]),
        changed("four temperatures", "at least 7", table_2_3=lambda table: table[::2][:4]),
        changed("not the rule's answer", "what choose finds", answer_2_3=lambda answer: answer | {"best": 0.0}),
    ],
    "2.4": [
        edit("finish_reason alone", "met a stop string", STOPPED, 'return "end of sequence"'),
        edit("the context forgotten", "fill the context", CUT, 'return "max_tokens"'),
        edit("max_tokens=None forgotten", "without max_tokens", "ids) == params", "ids) >= params"),
        changed("always reached", "Your own table", reached_2_4=lambda reached: dict.fromkeys(reached, 2)),
        changed("texts", "counts completions: numbers", reached_2_4=lambda reached: {key: "2" for key in reached}),
        changed("a list", "a dict with 10, 100, 500", reached_2_4=lambda reached: list(reached.values())),
        changed("shares", "not a share", reached_2_4=lambda reached: {key: n / 2 for key, n in reached.items()}),
        changed("one prompt", "each prompt and max_tokens", frame_2_4=lambda frame: frame.head(3)),
        changed(
            "a column missing", "Give a DataFrame with prompt", frame_2_4=lambda frame: frame.drop(columns="prompt")
        ),
        changed(
            "another prompt", "two prompts of the exercise", frame_2_4=lambda f: f.assign(prompt=f["prompt"] + " a")
        ),
        changed("sampled", "column tokens must be", frame_2_4=lambda f: f.assign(tokens=[10, 31, 40, 10, 100, 500])),
        changed("one reason", "column finish_reason must be", frame_2_4=lambda f: f.assign(finish_reason="length")),
        edit("a stop string that was given", "did not come", STOPPED, GIVEN),
        changed("two budgets", "Sweep max_tokens", frame_2_4=lambda frame: frame.query("max_tokens > 10")),
    ],
    "2.5": [
        edit("max_tokens alone", "only the most", "min_tokens=150, ", ""),
        edit("a least that is too low", "after 121 tokens", "min_tokens=150", "min_tokens=120"),
        edit("two texts", "n must be 1", "min_tokens=150", "n=2, min_tokens=150"),
        edit("past the end", "another text", "min_tokens=150", "ignore_eos=True"),
        edit("a least without a most", "more than 150", "150, max_tokens=150", "150, max_tokens=160"),
        edit("no top_k", "top_k must be 20", "top_k=20", "top_k=0"),
        edit("no top_p", "top_p must be 0.9", "top_p=0.8", "top_p=1.0"),
        edit("too warm", "0.3 to 0.5", "temperature=0.4", "temperature=0.8"),
        edit("no seed", "Set a seed", ", seed=0", ""),
        changed("a dict", "a SamplingParams object", params_2_5=lambda params: {"min_tokens": 150}),
    ],
    "2.6": [
        edit("keys without values", "a key and a value", "return 2 * config", "return config"),
        edit("all heads", "share one key", "num_key_value_heads", "num_attention_heads"),
        edit("numbers, not bytes", "bytes of a number", " * bytes_per_number", ""),
        edit("by division", "Take head_dim", "config.head_dim", "config.hidden_size // config.num_attention_heads"),
        edit("no blocks", "whole ones", BLOCKS + " * block_size", "memory // bytes_per_token"),
        edit("one block too many", "are 62 blocks", BLOCKS, f"({BLOCKS} + 1)"),
        edit("one block at least", "holds no token", BLOCKS, f"max(1, {BLOCKS})"),
        changed("one engine read twice", "the same", frame_2_6=lambda f: f.assign(reported=960, predicted=960)),
        changed("half the bytes", "which dtype", frame_2_6=lambda f: f.assign(predicted=f["predicted"] * 2)),
        changed(
            "invented numbers", "reports 2432 tokens", frame_2_6=lambda f: f.assign(reported=[1, 2], predicted=[1, 2])
        ),
        changed("one size", "at least two sizes", frame_2_6=lambda frame: frame.head(1)),
        changed("no prediction", "Give a DataFrame", frame_2_6=lambda frame: frame.drop(columns="predicted")),
        changed("no memory", "what memory_in_use() returns", frame_2_6=lambda f: f.assign(memory_in_use=0)),
        changed("MiB", "in bytes", frame_2_6=lambda f: f.assign(memory_in_use=f["memory_in_use"] / 2**20)),
    ],
    "2.7": [
        changed("a number as a text", "temperature must be", config_2_7=_file("text.json", temperature="0.7")),
        changed("a spelling mistake", "temprature", config_2_7=_file("typo.json", temprature=0.7)),
        changed("another value", "top_p to 0.95", config_2_7=_file("p.json", top_p=0.9)),
        changed("no model", "must also name the model", config_2_7=_file("model.json", model=None)),
        changed("no file", "refuses the file", config_2_7=lambda path: path.with_name("none.json")),
        edit("0 counts as not given", "0 counts as false", " if value is not None", " if value"),
        edit("None counts as given", "None means not given", " if value is not None", ""),
        edit("the model beats the file", "beats the model", SOURCES, MODEL_OVER_FILE),
        edit("the file beats the command line", "the command line was lost", SOURCES, FILE_FIRST),
        edit(
            "the command line's names only",
            "count too",
            "in values.items()}",
            "in values.items() if name in command_line}",
        ),
        changed("settings, no file", "must be the path", config_2_7=lambda _: {"temperature": 0.7}),
        edit("sources first", "second of each tuple", "(value, source)", "(source, str(value))"),
        edit("values without sources", "(value, source)", "name: (value, source)", "name: value"),
        edit("any key, as set_defaults takes it", "nobody noticed", "if unknown := sorted(", "if unknown := () and ("),
        edit("another error", "Raise a ValueError", "raise ValueError", "raise KeyError"),
    ],
    "2.8": [
        edit("the last --prompt only", 'action="append"', APPEND, "", "= args.prompt", "= [args.prompt]"),
        edit(
            "argparse's",
            "FlexibleArgumentParser",
            "FlexibleArgumentParser()",
            "__import__('argparse').ArgumentParser()",
        ),
        edit("blanks kept", "strip it", "(line.strip() for", "(line for"),
        edit("a # anywhere", "'What is C#?' is a prompt", 'not line.startswith("#")', '"#" not in line'),
        edit("another encoding", "encoding='utf-8'", 'encoding="utf-8"', 'encoding="latin-1"'),
        edit("stripped at last", "An empty line", "(line.strip() for", "(line for", "[line for", "[line.strip() for"),
        edit("unknown options passed over", "parse_known_args", "parse_args(argv)", "parse_known_args(argv)[0]"),
        edit("sys.argv", "Give argv to parse_args", "parse_args(argv)", "parse_args()"),
        edit("any file", "no line is a prompt", "if not prompts", "if not (args.prompt or args.prompts_file)"),
        edit("an empty template", "An empty template", 'if "{text}"', 'if args.template and "{text}"'),
        edit("the first {text} only", "every {text}", FILLED, FILLED.replace("prompt)", "prompt, 1)")),
        edit(
            "--prompt without #", "as they are", "for prompt in prompts]", "for prompt in prompts if prompt[0] != '#']"
        ),
        edit("the file alone filled", "for every prompt", FILLED, f"prompt if prompt in args.prompt else {FILLED}"),
        edit("comments kept", "is a comment. Leave", ' and not line.startswith("#")', ""),
        edit("empty lines kept", "An empty line", "if line and", "if"),
        edit("every prompt once", "Keep both", "[line for", "[*dict.fromkeys(line for", LINES, LINES[:-1] + ")]"),
        edit(
            "the file first",
            "First those of --prompt",
            "prompts = args.prompt + (",
            "prompts = (",
            "else [])",
            "else []) + args.prompt",
        ),
        edit("all braces filled", "Braces other than", FILLED, "re.sub('{.*?}', prompt, args.template)", *IMPORT_RE),
        edit("str.format", "takes every brace", FILLED, "args.template.format(text=prompt)"),
        edit("the template put before", "in place of", FILLED, 'args.template.removesuffix("{text}") + prompt'),
        edit("any template", "the same prompt every time", 'if "{text}" not in args', "if not args"),
        edit(
            "a prompt of its own",
            "not with a result",
            "    if not prompts",
            "    prompts = prompts or ['Hi']\n    if not prompts",
        ),
        edit("an exception", "parser.error", 'parser.error("--prompt or', 'raise ValueError("--prompt or'),
        edit("an error that names nothing", "must name the option", "--prompt or --prompts-file must", "someone must"),
    ],
}

RIGHT = {
    "2.1": [
        edit(
            "prompt by prompt, another column",
            "",
            "frames, ignore_index=True)",
            "frames).assign(n=1).sort_values('prompt')",
        ),
        changed("rows in another order", "", frame_2_1=lambda frame: frame[::-1]),
        changed(
            "a first load that takes a minute",
            "",
            frame_2_1=lambda f: f.assign(load_seconds=np.where(f["model"] == "pocket-base", 1.0, 60.0)),
            answer_2_1=lambda answer: answer | {"loads_faster": np.str_("pocket-base")},
        ),
        edit("perf_counter imported", "", "import time", "from time import perf_counter", CLOCK, "perf_counter()"),
        edit("nanoseconds, and rows by hand", "", CLOCK, "time.monotonic_ns() / 1e9", IN_ONE, BY_ROWS),
    ],
    "2.2": [
        edit("an error of another type", "", EVERY_DEFAULT, CAUTIOUS),
        edit("options by their own group, and by their names", "", GROUPS, BY_ACTION, EVERY_DEFAULT, BY_OPTION),
        edit("a tuple of methods", "", METHODS, "tuple(QUANTIZATION_METHODS)"),
        edit("a set of methods", "", METHODS, "set(QUANTIZATION_METHODS)"),
    ],
    "2.3": [
        edit("SamplingParams by hand", "", "    frame = " + SWEEP + SWEPT, BY_HAND),
        edit("ten completions", "", "n=8", "n=10"),
        changed(
            "floats that differ at the end", "", table_2_3=lambda t: t.assign(temperature=np.arange(9) / 4 + 1e-12)
        ),
        changed("Python's numbers", "", answer_2_3=lambda answer: {name: float(answer[name]) for name in answer}),
        changed("rows and columns in another order", "", table_2_3=lambda table: table[::-1][table.columns[::-1]]),
    ],
    "2.4": [
        edit("by the length of the context", "", CUT, FULL),
        changed("more columns", "", frame_2_4=lambda frame: frame.assign(more=1)[::-1]),
        edit("by the type of stop_reason", "", STOPPED, BY_TYPE),
        changed("a Series", "", reached_2_4=pd.Series),
        changed("floats", "", reached_2_4=lambda reached: {key: float(n) for key, n in reached.items()}),
    ],
    "2.5": [
        edit("the end made impossible", "", "min_tokens=150", "logit_bias={llm.get_tokenizer().eos_token_id: -100}"),
        edit("the end not allowed", "", "min_tokens=150", WITHOUT_END),
    ],
    "2.6": [
        edit(
            "numpy's number",
            "",
            "return " + BLOCKS,
            "import numpy\n    return numpy.int64(memory) // (bytes_per_token * block_size)",
        ),
        edit("a float", "", "memory //", "float(memory) //"),
        changed("rows in another order, more columns", "", frame_2_6=lambda frame: frame.assign(more=1.0)[::-1]),
        edit("floor of a quotient", "", BLOCKS, "int(memory / bytes_per_token / block_size)"),
    ],
    "2.7": [
        changed("YAML with hyphens", "", config_2_7=_file("right.yaml", YAML)),
        changed("a text for a path", "", config_2_7=str),
        edit("lists, another error", "", "(value, source) for", "[value, source] for", "ValueError", "UnicodeError"),
    ],
    "2.8": [
        edit(
            "a generator",
            "",
            f"return [{FILLED} for prompt in prompts]",
            f"yield from ({FILLED} for prompt in prompts)",
        ),
        edit("line by line", "", 'Path(file).read_text(encoding="utf-8").splitlines()', 'open(file, encoding="utf-8")'),
        edit("parts of a template", "", FILLED, 'prompt.join(args.template.split("{text}"))'),
        edit("ended by hand", "", 'parser.error("--prompt or', 'parser.exit(2, "--prompt or'),
    ],
}


TOOL = "python lessons/02-text-generation/text_generation.py"
SHELL_LOOP = f"""mkdir -p "$2"; prompts=$1; folder=$2; shift 2; i=0
while IFS= read -r prompt; do
    i=$((i + 1))
    {TOOL} --prompt "$prompt" "$@" > "$folder/00$i.txt" < /dev/null
done < "$prompts"
"""
WORDS = SHELL_LOOP.replace("while IFS= read -r prompt; do", "for prompt in $(cat $prompts); do").replace(
    '< "$prompts"', ""
)
ALL_AT_ONCE = 'set -euo pipefail; mkdir -p "$2"; prompts=$1; folder=$2; shift 2\n'
ONE_FILE = f'{ALL_AT_ONCE}{TOOL} --prompts-file "$prompts" --output "$folder/all.txt" "$@"\n'
FROM_JSON = f"""{ALL_AT_ONCE}{TOOL} --prompts-file "$prompts" --json "$@" | python3 -c '
import json, pathlib, sys
for i, record in enumerate(json.load(sys.stdin)["results"], 1):
    pathlib.Path(sys.argv[1], f"{{i:03}}.txt").write_text(record["text"])
' "$folder"
"""
FROM_CSV = f"""set -e; mkdir -p "$2"; {TOOL} --prompts-file="$1" --output="$2/all.csv" "${{@:3}}"; cd "$2"; python -c '
import csv
for i, row in enumerate(csv.DictReader(open("all.csv", encoding="utf-8", newline="")), 1):
    print(row["text"].strip(), file=open(f"{{i:03}}.txt", "w", encoding="utf-8"))
'
"""
FROM_LINES = f"""{ALL_AT_ONCE}words=(); i=0
while IFS= read -r prompt; do words+=(--prompt "$prompt"); done < "$prompts"
{TOOL} "${{words[@]}}" "$@" > "$folder/all.txt"
grep "^Output:" "$folder/all.txt" | while IFS= read -r line; do i=$((i + 1)); echo "$line" > "$folder/00$i.txt"; done
"""


def script_2_9(name: str, hint: str, text: str):
    return changed(name, hint, answer_2_9=lambda _: text)


def script_2_9_edit(name: str, hint: str, old: str, new: str):
    return changed(name, hint, answer_2_9=lambda path: path.resolve().read_text("utf-8").replace(old, new))


# 2.10

GRID = "return sweep(llm, prompt, n=n, seed=seed, temperature=temperatures, top_p=top_ps, max_tokens=16)"
EACH = "sweep(llm, prompt, n=n, seed=seed, temperature=[t], top_p=[p], max_tokens=16)"
LOOPED = f"return __import__('pandas').concat([{EACH} for t in temperatures for p in top_ps])"
ZIPPED = GRID + "[lambda frame: frame['temperature'].map(dict(zip(temperatures, top_ps))) == frame['top_p']]"
N_AT_ONCE = """import pandas as pd

    pairs, fixed = [(t, p) for t in temperatures for p in top_ps], {"max_tokens": 16, "logprobs": 0, "seed": seed}
    params = [SamplingParams(temperature=t, top_p=p, n=n, **fixed) for t, p in pairs]
    outputs = llm.generate([prompt] * len(pairs), params)
    rows = [(*pair, c) for pair, output in zip(pairs, outputs) for c in output.outputs]
    rows = [(t, p, c.text, len(c.token_ids), c.cumulative_logprob) for t, p, c in rows]
    return pd.DataFrame(rows, columns=["temperature", "top_p", "text", "tokens", "logprob"])"""
EACH_N_TIMES = "for p in top_ps], {", "for p in top_ps for _ in range(n)], {"
PER_TOKEN = GRID + ".eval('logprob = logprob / tokens')"


def steps_of_linspace(frame):
    """Return the table with temperatures such as 0.8999999999999999."""
    steps = np.linspace(0.3, 1.1, 5)
    return frame.assign(temperature=[steps[np.abs(steps - t).argmin()] for t in frame["temperature"]])


# 2.11

AT_ONCE = "llm.generate(prompts, SamplingParams(**sampling))"
PRINTED = """    with open(log_file, "a") as file:
        for row in rows:
            print(datetime.now(), "INFO", repr(row["prompt"]), repr(row["text"]), file=file)"""
ROOT_LOGGER = """    logging.basicConfig(filename=log_file, level="INFO", format="%(asctime)s %(message)s", force=True)
    for row in rows:
        logging.info("%r -> %r", row["prompt"], row["text"])"""
WRITTEN, FORMAT = "writer.writerows(rows)", '"%(asctime)s %(levelname)s %(message)s"'
KEPT = "        logger.removeHandler(handler)\n        handler.close()"
JOINED = 'file.writelines({} + "\\n" for row in rows)'
QUOTED = "','.join(chr(34) + str(value) + chr(34) for value in row.values())"
BY_PANDAS = "import pandas as pd; pd.DataFrame(rows).to_csv(file, index=False, header=file.tell() == 0)"

# 2.12

ONE_SCALE = "scale = np.full((len(weights), 1), np.abs(weights).max() / 127)"
SCALE = "scale = np.abs(weights).max(axis=1, keepdims=True) / 127"
UNGUARDED = "quiet = np.errstate(invalid='ignore')", "return np.round", "with quiet: return np.round"
DIVIDED = "return np.round(weights / scale).astype(np.int8), scale"


def another_model(solved: dict) -> tuple:
    """Return answers whose second model has every probability at the next token."""
    base, result = solved["logprobs_2_12"]["base"], solved["result_2_12"]
    other = np.roll(base, 1, axis=1)
    result = result | {"kl": (np.exp(base) * (base - other)).sum(axis=1).mean()}
    return solved["quantize"], solved["int8_folder"], {"base": base, "int8": other}, result, solved["llm"]


def result_2_12(name: str, hint: str, **values):
    return changed(name, hint, result_2_12=lambda right: right | {n: value(right[n]) for n, value in values.items()})


def sorted_by_probability(logprobs: dict) -> dict:
    return {name: -np.sort(-rows) for name, rows in logprobs.items()}


# 2.13

api = partial(edit, file="web_api.py")
ENGINE_CALL = "            with one_at_a_time:\n                (output,) = llm.generate(request.prompt, params)"
AWAITED = ENGINE_CALL.replace("with", "async with").replace("llm.generate(", "await run_in_threadpool(llm.generate, ")
IN_ONE_THREAD = "            (output,) = one_at_a_time.submit(llm.generate, request.prompt, params).result()"
HANDLER, LOCK = "    def generate(request: Request)", "threading.Lock()"
ASYNC_IMPORTS = "import asyncio\nimport threading\n\nfrom fastapi.concurrency import run_in_threadpool"
EXECUTOR = "import threading\nfrom concurrent.futures import ThreadPoolExecutor"
ASYNC_HANDLER, ASYNC_HEALTH = HANDLER.replace("def", "async def"), ("def health", "async def health")
STUCK = ENGINE_CALL, AWAITED.replace("async with", "with"), "import threading", ASYNC_IMPORTS
HEALTHY, FIRST_COMPLETION = 'return {"status": "ok"}', "        completion = output.outputs[0]\n"
REFUSED_LATE = f"        if not request.prompt:\n            raise HTTPException(422)\n{FIRST_COMPLETION}"
REPLY = """return Reply(
            text=completion.text, tokens=len(completion.token_ids), finish_reason=completion.finish_reason or ""
        )"""
LOCK_KEPT = """            if not one_at_a_time.acquire(timeout=5):  # in place of for ever
                raise HTTPException(500)
            (output,) = llm.generate(request.prompt, params)
            one_at_a_time.release()"""
REFUSED = """            if not one_at_a_time.acquire(blocking=False):
                raise HTTPException(503)
            try:
                (output,) = llm.generate(request.prompt, params)
            finally:
                one_at_a_time.release()"""

# 2.14

key = partial(edit, file="result_cache.py")
DIGEST, PARAMETERS = "hashlib.sha256({}.encode()).hexdigest()", "msgspec.to_builtins(params, str_keys=True)"
TEXT_OF_KEY = "json.dumps(request, sort_keys=True)"
IMPORT_RE = "import sqlite3\n", "import re\nimport sqlite3\n"
ROUNDED = f"{{n: round(v, 1) if isinstance(v, float) else v for n, v in {PARAMETERS}.items()}}"
BY_HAND_SQL = """f"INSERT OR REPLACE INTO results VALUES ('{key}', '{text}')\""""
ONE_CONNECTION = (
    "        self.path = path\n",
    "        self.database = sqlite3.connect(path, timeout=SECONDS_TO_WAIT)\n",
    "with contextlib.closing(sqlite3.connect(self.path, timeout=SECONDS_TO_WAIT)) as database, database:",
    "with self.database as database:",
)
SHARED = (
    "timeout=SECONDS_TO_WAIT)\n",
    "timeout=SECONDS_TO_WAIT, check_same_thread=False)\n        self.lock = threading.Lock()\n",
    "with self.database as database:",
    "with self.lock, self.database as database:",
    "import sqlite3\n",
    "import sqlite3\nimport threading\n",
)


class JsonFile:
    """A cache in one JSON file that is read when opened and written whole: the last writer wins."""

    def __init__(self, path) -> None:
        self.path = Path(path)
        self.kept = json.loads(self.path.read_text()) if self.path.exists() else {}

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, key: str, text: str) -> None:
        self.kept[key] = text
        self.path.write_text(json.dumps(self.kept))


class RereadJsonFile(JsonFile):
    """The same, read again before each use: what another writes between the two is lost."""

    both_have_read = threading.Barrier(2)

    def get(self, key: str) -> str | None:
        self.__init__(self.path)
        return super().get(key)

    def put(self, key: str, text: str) -> None:
        self.__init__(self.path)
        try:  # a slow disk gives another the time to read
            self.both_have_read.wait(timeout=0.2)
        except threading.BrokenBarrierError:
            self.both_have_read.reset()
        super().put(key, text)


class ThreadsOnly(JsonFile):
    """The same under a lock, which is another one in another process."""

    lock = threading.Lock()

    def get(self, key: str) -> str | None:
        with self.locked():
            self.__init__(self.path)
            return super().get(key)

    def put(self, key: str, text: str) -> None:
        with self.locked():
            self.__init__(self.path)
            time.sleep(0.005)  # a slow disk gives another the time to read
            super().put(key, text)

    def locked(self):
        return self.lock


class LockedJsonFile(ThreadsOnly):
    """The same under a lock that other processes see."""

    @contextlib.contextmanager
    def locked(self):
        with self.path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class InMemory:
    """A cache that no other process sees."""

    kept: dict = defaultdict(dict)

    def __init__(self, path) -> None:
        self.get, self.put = self.kept[path].get, self.kept[path].__setitem__


class OneMemory(InMemory):
    """A cache that does not even look at the path."""

    def __init__(self, path) -> None:
        super().__init__("")


class Folder:
    """A cache with a file for each text, which no two writers share."""

    def __init__(self, path) -> None:
        self.path = Path(path)
        self.path.mkdir(exist_ok=True)

    def get(self, key: str) -> str | None:
        file = self.path / key
        return file.read_text("utf-8") if file.exists() else None

    def put(self, key: str, text: str) -> None:
        (self.path / key).write_text(text, "utf-8")


# 2.15

TRANSIENT, LAST = "except (ConnectionError, TimeoutError):", "if attempt == attempts - 1:\n                raise\n"
WAIT = "            sleep(pause * 2**attempt)\n"
TRIED = "engine.generate(prompts, SamplingParams(**sampling))"
TRIED_ANYHOW = "engine.generate(prompts, sampling if problems(sampling) else SamplingParams(**sampling))"
BY_NAME_OF_CLASS = """except Exception as error:
            if type(error) not in (ConnectionError, TimeoutError):
                raise"""
WRAPPED = """except TypeError as error:
            raise RuntimeError(str(error)) from error
        """

# 2.16

generator, report = (partial(edit, file=f"content_{name}.py") for name in ("generator", "report"))
VARIANTS = "sweep(llm, prompts, n=n, seed=seed, temperature=temperatures, top_p=0.95, max_tokens=64)"
SAME_SEED = VARIANTS.replace("prompts, n=n", "prompts * n, n=1")
DOUBLED = f"pd.concat([{VARIANTS.replace('n=n', 'n=1')}] * n)"
TABLE_ROWS = 'rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.itertuples(index=False)]'
ONE_BY_ONE = f"pd.concat([{VARIANTS.replace('temperatures', '[t]')} for t in temperatures])"
CELL, STATISTICS = '" ".join(str(value).replace("|", "\\\\|").split())', "table(statistics.reset_index())"
ROW_OF_TABLE = '"| " + " | ".join(_cell(value) for value in row) + " |"'

# 2.17

benchmark = partial(edit, file="benchmark.py")
LOOPED_BATCH = "[llm.generate(prompt, params)[0] for prompt in prompts]"
BATCH, EXACT = "llm.generate(prompts, params)", ", ignore_eos=True"
WARM = "    measure(llm, batch_size=1, max_tokens=1)  # the first call pays for what is set up once\n"
ROWS = "return pd.DataFrame([measure(llm, batch_size=size, max_tokens=length) for size, length in settings])"
PEAK = "return round(__import__('resource').getrusage(0).ru_maxrss / 1024)\n    return (psutil"
LATENCY = "sum(output.metrics.first_token_latency for output in outputs) / batch_size"


class Silent:
    """An engine that was loaded as usual."""

    llm_engine = SimpleNamespace(log_stats=False)


WRONG |= {
    "2.9": [
        script_2_9("a process for each prompt", "start one for all", SHELL_LOOP),
        script_2_9("a process for each word", "without having started", WORDS),
        script_2_9("all in one file", "one .txt file for each prompt", ONE_FILE),
        script_2_9("lines that a person reads", "and nothing else", FROM_LINES),
        script_2_9("another program", "must call lessons", "echo Hello"),
        script_2_9("an ending of its own", "--output must end in", ONE_FILE.replace("all.txt", "all")),
        changed("a number", "as a text, or its place", answer_2_9=lambda _: 5),
        changed("no script", "There is no script", answer_2_9=lambda path: path.with_name("none.sh")),
        script_2_9_edit("names without zeros", "001.txt, 002.txt", 'f"{place:03}', 'f"{place}'),
        script_2_9_edit("prompt and text", "and nothing else", 'result["text"]', 'result["prompt"] + result["text"]'),
        script_2_9_edit("options without quotes", "with the quotes", ' "$@"', " $@"),
        script_2_9_edit("options as one word", "with the quotes", ' "$@"', ' "$*"'),
        script_2_9_edit("an argument without quotes", "quoted", '"$prompts"', "$prompts"),
        script_2_9_edit("options dropped", "Pass what follows", ' "$@"', ""),
        script_2_9_edit("goes on after a failure", "must fail too", "set -euo pipefail", "trap 'exit 0' EXIT"),
        script_2_9_edit("another order", "in the order of the prompts", 'f"{place:03}', 'f"{4 - place:03}'),
    ],
    "2.10": [
        edit("a call for each combination", "called 1 time", GRID, LOOPED),
        edit("pairs, not combinations", "zip pairs", GRID, ZIPPED),
        edit("no seed", "take the seeds", "seed=seed, temperature", "temperature"),
        edit("one seed for all texts", "take the seeds", GRID, N_AT_ONCE, "n=n, **fixed", "**fixed", *EACH_N_TIMES),
        edit("another length", "max_tokens=16", "max_tokens=16", "max_tokens=15"),
        edit("its own prompt", "prompt that sweep_batched is given", "sweep(llm, prompt,", "sweep(llm, PROMPT_2_10,"),
        edit("no logprobs", "logprob is empty", GRID, N_AT_ONCE, '"logprobs": 0, ', ""),
        edit(
            "rows of other requests",
            "A row holds another text",
            GRID,
            N_AT_ONCE,
            "zip(pairs, out",
            "zip(pairs[::-1], out",
        ),
        edit("log probability per token", "A row holds another text", GRID, PER_TOKEN),
        changed(
            "one text a combination", "4 texts per combination", frame_2_10=lambda frame: frame.query("sample == 0")
        ),
        changed("another seed", "Run that line again", frame_2_10=lambda frame: frame.assign(text=" " + frame["text"])),
        changed("no log probabilities", "a DataFrame with", frame_2_10=lambda frame: frame.drop(columns="logprob")),
        changed("texts in the pair", "two numbers", best_2_10=lambda best: tuple(map(str, best))),
        changed("a dict in place of a pair", "a pair", best_2_10=lambda best: dict(zip("tp", best, strict=True))),
        changed("a temperature alone", "a pair", best_2_10=lambda best: [best[0]]),
        changed("the pair turned round", "(0.95, 0.9) is no combination", best_2_10=lambda best: best[::-1]),
        edit("varied but broken", "not above -1", "words[likely > -1].idxmax()", "words[likely <= -1].idxmax()"),
        edit("whole but the same", "another one", "words[likely > -1].idxmax()", "words[likely > -1].idxmin()"),
        edit("upside down", "divide the loop's", "loop_seconds / batch_seconds", "batch_seconds / loop_seconds"),
        changed("a text for a ratio", "must be a number", ratio_2_10=str),
        changed("invented", "cannot take so much longer", ratio_2_10=lambda _: 32000.0),
    ],
    "2.11": [
        edit(
            "commas joined by hand",
            "let the csv module",
            WRITTEN,
            JOINED.format("','.join(map(str, row.values()))"),
        ),
        edit("quotes put by hand", "let the csv module", WRITTEN, JOINED.format("str([*row.values()])[1:-1]")),
        edit("quotes put around", "cannot be read", WRITTEN, JOINED.format(QUOTED)),
        edit("line breaks taken out", "came back changed", '"prompt": prompt', '"prompt": " ".join(prompt.split())'),
        edit("a header a call", "header once", "file.tell() == 0", "True"),
        edit("no header", "The columns must be", "file.tell() == 0", "False"),
        edit("written over", "mode 'a'", 'open(csv_file, "a"', 'open(csv_file, "w"'),
        edit("latin-1", "not UTF-8", 'newline="", encoding="utf-8"', 'newline="", encoding="latin-1"'),
        edit("no table", "no CSV file", "    add_to_csv(rows, csv_file)", "    pass"),
        edit(
            "a call for each prompt",
            "called 1 time",
            AT_ONCE,
            "[llm.generate(p, SamplingParams(**sampling))[0] for p in prompts]",
        ),
        edit(
            "completions returned", "Return the outputs", "return outputs\n", "return [o.outputs[0] for o in outputs]\n"
        ),
        edit("the first text alone", "each is a row", "for text in output.outputs]", "for text in output.outputs[:1]]"),
        edit("a handler a call", "remove and close", KEPT, "        pass"),
        edit("line breaks in the log", "by %r", "%(prompt)r", "%(prompt)s"),
        edit("no date", "Begin each line with date and time", "%(asctime)s ", ""),
        edit(
            "a date without the time",
            "Begin each line with date and time",
            FORMAT,
            '"%(asctime)s %(message)s", "%Y-%m-%d"',
        ),
        edit(
            "the level first", "Begin each line with date and time", FORMAT, '"%(levelname)s %(asctime)s %(message)s"'
        ),
        edit("no texts in the log", "must show prompt and text", "%(prompt)r -> %(text)r, ", ""),
        edit("no log", "no log file", "    add_to_log(rows, log_file)", "    pass"),
        edit(
            "one line of the log for a call", "it holds", "        for row in rows:\n", "        for row in rows[:1]:\n"
        ),
        edit("print", "not by print", "    add_to_log(rows, log_file)", PRINTED),
        edit("words counted", "token_ids", "len(completion.token_ids)", "len(completion.text.split())"),
        edit("bytes counted", "length of the text", "len(completion.text)", "len(completion.text.encode()) + 1"),
        edit("always length", "finish_reason must be", "completion.finish_reason", '"stop"'),
        edit("no level", "level INFO", "logger.setLevel(logging.INFO)", "pass", '"text-generation"', '"no-level"'),
        edit("no time zone", "time zone", "datetime.now(UTC)", "datetime.now()"),
        edit("another day", "the time of the call", "datetime.now(UTC)", "datetime(2026, 1, 1, tzinfo=UTC)"),
        edit("seconds since 1970", "ISO 8601", "datetime.now(UTC).isoformat()", "time.time()"),
        edit("one parameter of several", "all of sampling", "dumps(sampling,", "dumps({'max_tokens': 6},"),
        edit(
            "seconds of one text", "the whole call", "time.perf_counter() - start", "(time.perf_counter() - start) / 2"
        ),
        edit("milliseconds", "the whole call", "time.perf_counter() - start", "(time.perf_counter() - start) * 1000"),
    ],
    "2.12": [
        edit("one scale for all rows", "a scale for each row", SCALE, ONE_SCALE),
        edit("a scale a column", "one scale per row", "axis=1, keep", "axis=0, keep"),
        edit("without abs", "np.abs", SCALE, SCALE.replace("np.abs(weights)", "weights")),
        edit("by 128", "int8 ends at 127", "/ 127", "/ 128"),
        edit("by 255", "must become 127", "/ 127", "/ 255"),
        edit("whole numbers as floats", ".astype(np.int8)", ".astype(np.int8), scale", ", scale"),
        edit("cut off, not rounded", "round", "np.round(weights / scale)", "(weights / scale)"),
        edit("zeros divided", "use 1 there", "scale[scale == 0] = 1", *UNGUARDED),
        edit(
            "the original's folder",
            "int8_folder must be",
            "int8_folder = write_quantized(quantize)",
            "int8_folder = models() / 'pocket-base'",
        ),
        result_2_12("ratio upside down", "upside", size_ratio=lambda ratio: 1 / ratio),
        result_2_12("expected, not measured", "ratio of the sizes", size_ratio=lambda _: 2.0),
        result_2_12("a text for a number", "kl must be a number", kl=str),
        changed(
            "a pair in place of a dict", "a dict with size_ratio, kl", result_2_12=lambda right: tuple(right.values())
        ),
        edit("weighed by the copy", "KL(int8 || base)", "np.exp(base) * (base - int8)", "np.exp(int8) * (int8 - base)"),
        edit("a sum over the prompts", "the mean over the prompts", ".sum(axis=1).mean()", ".sum()"),
        edit("a mean over the tokens", "sum over it", ".sum(axis=1).mean()", ".mean()"),
        edit("bits", "np.log2", ".sum(axis=1).mean()", ".sum(axis=1).mean() / np.log(2)"),
        edit("not weighed", "sum(p * (log p - log q))", "np.exp(base) * (base - int8)", "(base - int8)"),
        edit("one model asked twice", "asked twice", '"int8": int8}', '"int8": base}'),
        changed("not sorted by token", "sorted by token_id", logprobs_2_12=sorted_by_probability),
        changed(
            "one prompt", "one row per prompt", logprobs_2_12=lambda rows: {name: r[:1] for name, r in rows.items()}
        ),
        changed("two arrays", "a dict with base, int8", logprobs_2_12=lambda rows: tuple(rows.values())),
        Wrong("another model", another_model, "more than int8 costs"),
    ],
    "2.13": [
        api("no lock", "use a lock", "with one_at_a_time", "if True"),
        api("a lock for each request", "use a lock", "with one_at_a_time", "with threading.Lock()"),
        api("an async handler that blocks", "blocks the server", HANDLER, HANDLER.replace("def", "async def")),
        api("an async handler that waits for the lock", "stops the whole server", HANDLER, ASYNC_HANDLER, *STUCK),
        api("health waits for the lock", "neither the lock", HEALTHY, f"with one_at_a_time:\n            {HEALTHY}"),
        api("a lock that stays", "release the lock", ENGINE_CALL, LOCK_KEPT),
        api("refused while one is generated", "all be answered", ENGINE_CALL, REFUSED),
        api("no health", "GET /health", '"/health"', '"/healthy"'),
        api("no application", "return the FastAPI", "return app", "return None"),
        api("no bounds", "must be answered with 422", "Field(0.7, ge=0, le=2)", "0.7"),
        api("top_p from 0", "'top_p': 0}", "gt=0, le=1", "ge=0, le=1"),
        api("top_p above 1", "'top_p': 1.1}", "gt=0, le=1", "gt=0"),
        api("temperature above 0", "keeps the rules", "ge=0, le=2", "gt=0, le=2"),
        api("two letters or more", "keeps the rules", "min_length=1", "min_length=2"),
        api("no reason given", "must say why", ", detail=str(error)", ""),
        api("a seed required", "keeps the rules", "seed: int | None = Field(None, ge=0, le=SEEDS)", "seed: int"),
        api("any field", "must be answered with 422", 'extra="forbid"', 'extra="ignore"'),
        api(
            "asked before it is refused",
            "must not reach the engine",
            "prompt: str = Field(min_length=1)",
            "prompt: str",
            FIRST_COMPLETION,
            REFUSED_LATE,
        ),
        api("ValueError caught", "no ValueError", "except VLLMValidationError", "except ValueError"),
        api("seed forgotten", "pass on all parameters", 'exclude={"prompt"}', 'exclude={"prompt", "seed"}'),
        api("characters counted", "number of token_ids", "len(completion.token_ids)", "len(completion.text)"),
        api("another reason", "finish_reason must be", 'completion.finish_reason or ""', '"done"'),
        api(
            "the text alone",
            "Reply with",
            "def generate(request: Request) -> Reply",
            "def generate(request: Request)",
            REPLY,
            'return {"text": completion.text}',
        ),
        api(
            "answered with 201", "must answer 200", '@app.post("/generate")', '@app.post("/generate", status_code=201)'
        ),
    ],
    "2.14": [
        key("hash", "another one in every process", DIGEST.format(TEXT_OF_KEY), f"str(hash({TEXT_OF_KEY}))"),
        key("bytes", "must return a text", ".hexdigest()", ".digest()"),
        key("str of a dict", "another order", PARAMETERS, "str(sampling)"),
        key("repr of the parameters", "logit_bias", PARAMETERS, "repr(params)"),
        key("some parameters", "that of another request", PARAMETERS, "(params.temperature, params.seed)"),
        key("the model left out", "model 'n'", "model, prompt, msg", "prompt, msg"),
        key("parts run together", "model 'mp'", "model, prompt, msg", "model + prompt, msg"),
        key("blanks cut off", "Every letter, blank", "model, prompt, msg", "model, prompt.strip(), msg"),
        key(
            "blanks run together",
            "Every letter, blank",
            "model, prompt, msg",
            'model, re.sub(" +", " ", prompt), msg',
            *IMPORT_RE,
        ),
        key("small letters", "Every letter, blank", "model, prompt, msg", "model, prompt.lower(), msg"),
        key("the prompt's beginning", "Every letter, blank", "model, prompt, msg", "model, prompt[:1000], msg"),
        key("letters sorted", "Every letter, blank", "model, prompt, msg", "model, sorted(prompt), msg"),
        key("floats rounded", "Every letter, blank", PARAMETERS, ROUNDED),
        key("random requests kept", "without a seed", "params.seed is None", "False"),
        key("a seed of 0 called none", "compare with None", "params.seed is None", "not params.seed"),
        changed("one JSON file", "Two writers", ResultCache=lambda _: JsonFile),
        changed("a JSON file read again", "Two writers", ResultCache=lambda _: RereadJsonFile),
        changed("a lock of this process", "two processes", ResultCache=lambda _: ThreadsOnly),
        changed("kept in memory", "two processes", ResultCache=lambda _: InMemory),
        changed("one memory for all", "another path", ResultCache=lambda _: OneMemory),
        key("one connection", "put raised ProgrammingError", *ONE_CONNECTION),
        key("SQL by hand", "for the text", '"INSERT OR REPLACE INTO results VALUES (?, ?)", (key, text)', BY_HAND_SQL),
        key("a key put twice", "there already", "INSERT OR REPLACE", "INSERT"),
        key("blanks of a text cut off", "what put was given", "else row[0]", "else row[0][:5]"),
        key(
            "an empty text for none",
            "None for a key",
            "return None if row is None else row[0]",
            'return "" if row is None else row[0]',
        ),
        key("an empty text called missing", "An empty text", "row is None else row[0]", "not row else row[0] or None"),
        key("asked whether true", "compare with None", "if found is not None", "if found"),
        key("never asked", "must generate once", "if found is not None", "if False"),
        key("another text", "llm.generate gives", ".outputs[0].text\n", ".outputs[0].text.strip()\n"),
        key(
            "random ones cached",
            "every time",
            "key = cache_key(model, prompt, sampling)",
            'key = f"{model} {prompt} {sampling}"',
        ),
        key(
            "another prompt forgotten",
            "another prompt",
            "cache_key(model, prompt, sampling)\n",
            'cache_key(model, "", sampling)\n',
        ),
        key(
            "another model forgotten",
            "another model",
            "cache_key(model, prompt, sampling)\n",
            'cache_key("", prompt, sampling)\n',
        ),
        key(
            "a cache of its own",
            "cached_text is given",
            "    found = None if key",
            "    cache = OWN.setdefault(0, cache)\n    found = None if key",
            "SECONDS_TO_WAIT = 30",
            "OWN = {}\nSECONDS_TO_WAIT = 30",
        ),
    ],
    "2.15": [
        edit("everything tried again", "transient errors only", TRANSIENT, "except Exception:"),
        edit("OSError tried again", "OSError was tried", TRANSIENT, "except OSError:"),
        edit("Ctrl-C tried again", "KeyboardInterrupt was tried", "TimeoutError)", "TimeoutError, KeyboardInterrupt)"),
        edit("by the name of the class", "return the answer", TRANSIENT, BY_NAME_OF_CLASS),
        edit("another error in its place", "must come out as it is", TRANSIENT, WRAPPED + TRANSIENT),
        edit("the same wait", "twice as long", "pause * 2**attempt", "pause"),
        edit("waits that grow evenly", "twice as long", "pause * 2**attempt", "pause * (attempt + 1)"),
        edit("the pause forgotten", "twice as long", "pause * 2**attempt", "0.5 * 2**attempt"),
        edit("another pause", "default pause of 0.5", "pause=0.5", "pause=1.0"),
        edit("no limit", "4 calls at most", "range(attempts)", "range(20)", "attempts - 1", "19"),
        edit("always three", "4 calls at most", "range(attempts)", "range(3)", "attempts - 1", "2"),
        edit("five by default", "Without attempts", "attempts=3", "attempts=5"),
        edit("a last wait", "after the last", LAST + WAIT, WAIT.lstrip() + " " * 12 + LAST),
        edit("the last error lost", "its error must come out", LAST, LAST.replace("raise", "return None")),
        edit("another prompt", "with what the function was given", "generate(prompts,", "generate(prompts * 2,"),
        edit(
            "a dict for the parameters", "with what the function was given", TRIED, "engine.generate(prompts, sampling)"
        ),
        edit("not validated", "before the engine", "found := problems(sampling)", "found := []", TRIED, TRIED_ANYHOW),
        edit("validated by vLLM alone", "names every problem", "found := problems(sampling)", "found := []"),
        edit("the first problem alone", "must be 2 messages", "return found or", "return found[:1] or"),
        edit(
            "another order",
            "Keep the order",
            "return found or",
            "return sorted(found, key=lambda message: message.startswith('top_p')) or",
        ),
        edit("ValueError alone", "ended with VLLMValidationError", "(VLLMError, TypeError, ValueError)", "ValueError"),
        edit("each parameter alone", "only together", "return found or [together]", "return found"),
        edit(
            "never all together",
            "try that first",
            "    if together is None:\n        return []\n",
            "",
            "or [together]",
            "or ([together] if together else [])",
        ),
    ],
    "2.16": [
        generator("a call a temperature", "called 1 time", VARIANTS, ONE_BY_ONE),
        generator("one strategy", "two strategies", "in STRATEGIES]", "in STRATEGIES[:1]]"),
        generator("no topic", "topic must be in", "strategy.format(topic)", 'strategy.format("it")'),
        generator(
            "one temperature", "every temperature", "temperature=temperatures, top", "temperature=temperatures[:1], top"
        ),
        generator("one text for each", "n texts for every", "n=n, seed=seed", "n=1, seed=seed"),
        generator("the same seed", "a seed of its own", VARIANTS, SAME_SEED),
        generator("no prompts", "generate_variants must return", VARIANTS, VARIANTS + ".drop(columns='prompt')"),
        generator("rows doubled", "as many texts", VARIANTS, DOUBLED),
        generator("texts cut", "A row holds another text", VARIANTS, VARIANTS + ".assign(text='')"),
        generator("a sum for coherence", "divide by the number", "row.logprob / row.tokens", "row.logprob"),
        generator(
            "log probability for coherence",
            "a probability from",
            "math.exp(row.logprob / row.tokens)",
            "row.logprob / row.tokens",
        ),
        generator("single words for diversity", "different pairs", "distinct_n(text, 2)", "distinct_n(text, 1)"),
        generator("nan for an empty text", "not nan", "0.0 if math.isnan(value) else value", "value"),
        generator(
            "length without a limit",
            "at most 1",
            "min(len(text.split()) / FULL_LENGTH, 1.0)",
            "len(text.split()) / FULL_LENGTH",
        ),
        generator("the worst first", "best first", "ascending=False", "ascending=True"),
        generator("a sum for quality", "the mean of the three", ".mean(axis=1).to_numpy()", ".sum(axis=1).to_numpy()"),
        generator(
            "no quality", "rank must return", "quality=pd.", "goodness=pd.", 'values("quality"', 'values("goodness"'
        ),
        generator("empty texts left out", "keep all texts", "return ranked", "return ranked[ranked['text'] != '']"),
        report("to_markdown", "markdown_table", TABLE_ROWS, "return frame.to_markdown()"),
        report("no heading", "begins with a heading", '[f"# Texts', '[f"Texts'),
        report("no topic in the heading", "name the topic", "# Texts about {_cell(topic)}", "# Report"),
        report("bars in cells", "ends its cell", '.replace("|", "\\\\|")', ""),
        report("line breaks in cells", "ends the row", CELL, CELL.removeprefix('" ".join(').removesuffix(".split())")),
        report("no statistics", "two tables", STATISTICS, '""'),
        report("the best in the table", "one row per text", "table(ranked[[", "table(ranked[:2][["),
        report("no texts in the table", "must hold the text", '"prompt", "text"]', '"prompt"]'),
        report("statistics by prompt", "one row per temperature", 'groupby("temperature")', 'groupby("prompt")'),
        report("one decimal", "two decimals", ":.2f}", ":.1f}"),
        report("no temperature", "each temperature and its mean", "statistics.reset_index()", "statistics"),
        report("nothing quoted", "Quote the three best", "*best, ", ""),
        report("one quoted", "Quote the three best", "ranked[:top]", "ranked[:1]"),
    ],
    "2.17": [
        benchmark("no warm-up", "Warm up", "    measure(llm, batch_size=1, max_tokens=1)", "    pass"),
        benchmark(
            "warm too late",
            "Warm up",
            WARM,
            "",
            ROWS,
            f"frame = {ROWS.removeprefix('return ')}\n{WARM}    return frame",
        ),
        benchmark("texts end when they like", "ignore_eos=True", EXACT, ""),
        benchmark("a loop for a batch", "with 4 prompts", BATCH, LOOPED_BATCH),
        benchmark(
            "one setting", "one row for each", "for size, length in settings]", "for size, length in [*settings][:1]]"
        ),
        benchmark(
            "always 12 tokens",
            "and max_tokens=6",
            "max_tokens=max_tokens, ig",
            "max_tokens=12, ig",
            "tokens = sum",
            "tokens = batch_size * max_tokens or sum",
        ),
        benchmark(
            "tokens of one text",
            "count token_ids",
            "token_ids) for output in outputs)",
            "token_ids) for output in outputs[:1])",
        ),
        benchmark("speed of one text", "the whole batch", "tokens / seconds,", "tokens / seconds / batch_size,"),
        benchmark(
            "seconds of one text",
            "time of the call",
            "perf_counter() - start",
            "perf_counter() / batch_size - start / batch_size",
        ),
        benchmark("bytes", "divide bytes", " / MIB", ""),
        benchmark("KiB", "divide bytes", " / MIB", " / 1024"),
        benchmark("total for first", "the mean of", LATENCY, "seconds"),
        benchmark(
            "the largest first", "the mean of", LATENCY, "max(output.metrics.first_token_latency for output in outputs)"
        ),
        benchmark("the first first", "the mean of", LATENCY, "outputs[0].metrics.first_token_latency"),
        benchmark("no table", "must return a table", "return pd.DataFrame(", "return list("),
        Wrong("an engine without times", lambda solved: (solved["benchmark"], Silent()), "notes no times"),
    ],
}

RIGHT |= {
    "2.9": [
        changed("its text", "", answer_2_9=lambda path: path.resolve().read_text("utf-8")),
        script_2_9("from the JSON on standard output", "", FROM_JSON),
        script_2_9("from CSV", "", FROM_CSV),
    ],
    "2.10": [
        edit("n texts of one request", "", GRID, N_AT_ONCE),
        changed("other numbers", "", best_2_10=lambda best: [float(n) for n in best], ratio_2_10=np.float32),
        changed("an array, a whole number", "", best_2_10=np.array, ratio_2_10=lambda _: 7),
        changed(
            "columns that are an index too", "", frame_2_10=lambda f: f.set_index(["temperature", "top_p"], drop=False)
        ),
        changed(
            "steps of linspace",
            "",
            frame_2_10=steps_of_linspace,
            best_2_10=lambda best: pd.Series(best, index=["t", "p"]),
        ),
    ],
    "2.11": [
        edit(
            "pandas, a tuple, another date",
            "",
            WRITTEN,
            BY_PANDAS,
            "writer.writeheader()",
            "pass",
            FORMAT,
            "'[%(asctime)s] %(message)s', '%d.%m.%Y %H:%M'",
            "return outputs\n",
            "return tuple(outputs)\n",
        ),
        edit(
            "local time, rounded seconds, months in words",
            "",
            "datetime.now(UTC).isoformat()",
            'datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%S%z")',
            '"seconds": seconds',
            '"seconds": round(seconds, 2)',
            FORMAT,
            "'%(asctime)s %(message)s', '%d %b %Y, %H:%M:%S'",
        ),
        edit("the root logger", "", "    add_to_log(rows, log_file)", ROOT_LOGGER),
        edit("a day of the week", "", FORMAT, "'%(asctime)s %(message)s', '%a %b %d %H:%M:%S %Y'"),
    ],
    "2.12": [
        edit(
            "a list, rounded by rint",
            "",
            DIVIDED,
            "return [np.rint(weights / scale).astype('int8'), scale.astype('float64')]",
        ),
        edit("the larger of two", "", "scale[scale == 0] = 1", "scale = np.maximum(scale, 1e-12)"),
        result_2_12(
            "numpy's numbers, rounded, and more",
            "",
            kl=np.float32,
            size_ratio=lambda ratio: np.float64(round(ratio, 2)),
        ),
        changed(
            "lists, and the folder as a text",
            "",
            int8_folder=str,
            logprobs_2_12=lambda rows: {n: r.tolist() for n, r in rows.items()},
            result_2_12=lambda right: right | {"same_texts": 5},
        ),
        changed("tables", "", logprobs_2_12=lambda rows: {n: pd.DataFrame(r) for n, r in rows.items()}),
    ],
    "2.13": [
        api(
            "an async handler that waits",
            "",
            HANDLER,
            ASYNC_HANDLER,
            ENGINE_CALL,
            AWAITED,
            LOCK,
            "asyncio.Lock()",
            "import threading",
            ASYNC_IMPORTS,
        ),
        api(
            "one thread for the engine",
            "",
            ENGINE_CALL,
            IN_ONE_THREAD,
            LOCK,
            "ThreadPoolExecutor(1)",
            "import threading",
            EXECUTOR,
        ),
        api(
            "a prompt in a dict, health in the loop",
            "",
            "(request.prompt,",
            '({"prompt": request.prompt},',
            *ASYNC_HEALTH,
        ),
    ],
    "2.14": [
        key("a key to read", "", DIGEST.format(TEXT_OF_KEY), TEXT_OF_KEY),
        key("sorted pairs", "", PARAMETERS, "repr(sorted(sampling.items()))"),
        changed("a file for each text", "", ResultCache=lambda _: Folder),
        changed("a JSON file under a lock of the file", "", ResultCache=lambda _: LockedJsonFile),
        key("one connection for all threads", "", *ONE_CONNECTION, *SHARED),
    ],
    "2.15": [
        edit(
            "a generator, and waits that double",
            "",
            "return found or [together]",
            "yield from found or [together]",
            "found := problems(sampling)",
            "found := list(problems(sampling))",
            WAIT,
            WAIT.replace("pause * 2**attempt", "pause") + "            pause *= 2\n",
        ),
        edit(
            "any exception is a refusal",
            "",
            "(VLLMError, TypeError, ValueError)",
            "Exception",
            "prompts, Sam",
            "prompts, sampling_params=Sam",
        ),
    ],
    "2.16": [
        report("tables without bars at the edges", "", ROW_OF_TABLE, '" | ".join(_cell(value) for value in row)'),
        report(
            "bold numbers, the prompt left out",
            "",
            '{value:.2f}" if',
            '**{value:.2f}**" if',
            "{row.prompt}{row.text}",
            "{row.text}",
        ),
        generator("the topic in capitals", "", "strategy.format(topic)", "strategy.format(topic).title()"),
        generator("another index", "", ", ignore_index=True)", ").set_index('text', drop=False)"),
    ],
    "2.17": [
        benchmark("exact by min_tokens", "", EXACT, ", min_tokens=max_tokens"),
        benchmark("exact by a bias", "", EXACT, ", logit_bias={llm.get_tokenizer().eos_token_id: -100}"),
        benchmark(
            "a first call as the engine likes it",
            "",
            "measure(llm, batch_size=1, max_tokens=1)",
            "llm.generate('Hello')",
        ),
        benchmark("more columns", "", '"memory": memory(),', '"memory": memory(), "prompts": prompts,'),
        benchmark(
            "the peak of memory, rounded",
            "",
            "return (psutil",
            PEAK,
            '"tokens_per_second": tokens / seconds',
            '"tokens_per_second": round(tokens / seconds, 1)',
        ),
    ],
}
