"""The likely mistakes in exercises 2.1 to 2.8, and right answers in another form; from 2.9 in `lesson_02_tools.py`."""

import json

from tests.checks.wrong_answers import changed, edit, lesson_02_tools

# 2.1
IN_ONE = "generate(model, prompts, temperature=0.0, max_tokens=40)"
ONE_EACH = "pd.concat([generate(model, prompt, temperature=0.0, max_tokens=40) for prompt in prompts])"
LOOP = "    for name in names:\n        start"
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

# 2.3
SWEEP, SWEPT = "sweep(llm, prompt, n=8, seed=0, temperature=", "list(temperatures), max_tokens=40)"
SWEEP_EACH, SWEPT_EACH = "pd.concat([" + SWEEP, "[t], max_tokens=40) for t in temperatures])"
BROKEN_FROM, BEST = 'table.index[table["mean_logprob"] < -2].min()', 'whole["diversity"].idxmax()'
SUMMARY = 'return summarize(frame, "temperature")'
BY_HAND = """
    settings = {"seed": 5, "max_tokens": 40, "logprobs": 1}
    params = [SamplingParams(temperature=t, **settings) for t in temperatures for _ in range(8)]
    asked = zip(params, llm.generate([prompt] * len(params), sampling_params=params))
    rows = [(p.temperature, c.text, len(c.token_ids), c.cumulative_logprob, c.finish_reason)
            for p, output in asked for c in output.outputs]
    frame = pd.DataFrame(rows, columns=["temperature", "text", "tokens", "logprob", "finish_reason"])
"""

# 2.4
STOPPED = 'return "end of sequence" if completion.stop_reason is None else "stop string"'
CUT = 'return "max_tokens" if len(completion.token_ids) == params.max_tokens else "context length"'
FULL = (
    'return "context length" if len(output.prompt_token_ids + completion.token_ids) >= max_model_len else "max_tokens"'
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
LINES = 'for line in lines if line and not line.startswith("#")]'

WRONG = {
    "2.1": [
        changed("pocket-base first, which is loaded", "pocket-base was loaded already", frame_2_1=_loaded_already),
        changed("one model only", "Compare the models", frame_2_1=lambda f: f.query("model == 'pocket-base'")),
        changed("one prompt missing", "one row for each", frame_2_1=lambda frame: frame[1:]),
        changed("one model asked twice", "asked twice", frame_2_1=_asked_twice),
        changed("sampled, not greedy", "temperature=0", frame_2_1=lambda f: f.assign(text=[*map(str, range(6))])),
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
        edit("no table", "must return a table", "return pd.concat(frames, ignore_index=True)", "return frames"),
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
        edit("get_default, which knows any name", "None for any name", EVERY_DEFAULT, BY_NAME),
        edit("hyphens kept", "--line-colour was not found", '.replace("-", "_")]', "]"),
        edit("the option's choices", "has no choices", METHODS, "None"),
        edit("the seed's two", "methods are missing", METHODS, '["awq", "gptq"]'),
        edit("one text", "not as one text", METHODS, '", ".join(QUANTIZATION_METHODS)'),
        edit("an older method", "does not know 'squeezellm'", METHODS, '[*QUANTIZATION_METHODS, "squeezellm"]'),
    ],
    "2.3": [
        edit("a call for each temperature", "in one call, not in 2", SWEEP, SWEEP_EACH, SWEPT, SWEPT_EACH),
        edit("one text a temperature", "Take 8 completions", "n=8", "n=1"),
        edit("no seed", "Set a seed", "seed=0, ", ""),
        edit("16 tokens", "max_tokens=40", ", max_tokens=40", ""),
        edit("a row for each text", "one row for each", SUMMARY, "return frame.assign(diversity=1, mean_logprob=1)"),
        edit("another measure", "those that summarize finds", SUMMARY, SUMMARY.replace(")", ", n=1)")),
        edit("the worst, not the first", "not the one that is worst", BROKEN_FROM, 'table["mean_logprob"].idxmin()'),
        edit("diverse because broken", "best must still be whole", BEST, 'table["diversity"].idxmax()'),
        edit("-2 counts as broken", "-2 or above", ">= -2", "> -2"),
        edit("-2 is broken", "below -2, got", "< -2", "<= -2"),
        edit("the highest whole one", "most diverse that is", BEST, "whole.index.max()"),
        changed("four temperatures", "at least 7", table_2_3=lambda table: table[::2][:4]),
        changed("not the rule's answer", "what choose finds", answer_2_3=lambda answer: answer | {"best": 0.0}),
    ],
    "2.4": [
        edit("finish_reason alone", "met a stop string", STOPPED, 'return "end of sequence"'),
        edit("the context forgotten", "fill the context", CUT, 'return "max_tokens"'),
        edit("max_tokens=None forgotten", "without max_tokens", "ids) == params", "ids) >= params"),
        changed("always reached", "Your own table", reached_2_4=lambda reached: dict.fromkeys(reached, 2)),
        changed("shares", "no share", reached_2_4=lambda reached: {key: n / 2 for key, n in reached.items()}),
        changed("one prompt", "each prompt and max_tokens", frame_2_4=lambda frame: frame.head(3)),
        changed("two budgets", "Sweep max_tokens", frame_2_4=lambda frame: frame.query("max_tokens > 10")),
    ],
    "2.5": [
        edit("max_tokens alone", "only the most", "min_tokens=150, ", ""),
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
        edit("a float", "divide with //", "memory //", "float(memory) //"),
        changed("one engine read twice", "the same", frame_2_6=lambda f: f.assign(reported=960, predicted=960)),
        changed("half the bytes", "which dtype", frame_2_6=lambda f: f.assign(predicted=f["predicted"] * 2)),
        changed("no memory", "what memory_in_use() returns", frame_2_6=lambda f: f.assign(memory_in_use=0)),
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
        edit("comments kept", "is a comment", ' and not line.startswith("#")', ""),
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
} | lesson_02_tools.WRONG

RIGHT = {
    "2.1": [
        edit(
            "prompt by prompt, another column",
            "",
            "frames, ignore_index=True)",
            "frames).assign(n=1).sort_values('prompt')",
        ),
        changed("rows in another order", "", frame_2_1=lambda frame: frame[::-1]),
    ],
    "2.2": [
        edit("an error of another type", "", EVERY_DEFAULT, CAUTIOUS),
        edit("a tuple of methods", "", METHODS, "tuple(QUANTIZATION_METHODS)"),
        edit("a set of methods", "", METHODS, "set(QUANTIZATION_METHODS)"),
    ],
    "2.3": [
        edit("SamplingParams with n", "", "    frame = " + SWEEP + SWEPT, BY_HAND),
        changed("Python's numbers", "", answer_2_3=lambda answer: {name: float(answer[name]) for name in answer}),
        changed("rows and columns in another order", "", table_2_3=lambda table: table[::-1][table.columns[::-1]]),
    ],
    "2.4": [
        edit("by the length of the context", "", CUT, FULL),
        changed("more columns", "", frame_2_4=lambda frame: frame.assign(more=1)[::-1]),
        changed("floats", "", reached_2_4=lambda reached: {key: float(n) for key, n in reached.items()}),
    ],
    "2.5": [
        edit("the end made impossible", "", "min_tokens=150", "logit_bias={llm.get_tokenizer().eos_token_id: -100}")
    ],
    "2.6": [
        edit(
            "numpy's number",
            "",
            "return " + BLOCKS,
            "import numpy\n    return numpy.int64(memory) // (bytes_per_token * block_size)",
        ),
        edit("floor of a quotient", "", BLOCKS, "int(memory / bytes_per_token / block_size)"),
    ],
    "2.7": [
        changed("YAML with hyphens", "", config_2_7=_file("right.yaml", YAML)),
        edit("lists, another error", "", "(value, source) for", "[value, source] for", "ValueError", "UnicodeError"),
    ],
    "2.8": [
        edit(
            "a generator",
            "",
            f"return [{FILLED} for prompt in prompts]",
            f"yield from ({FILLED} for prompt in prompts)",
        ),
        edit("parts of a template", "", FILLED, 'prompt.join(args.template.split("{text}"))'),
        edit("ended by hand", "", 'parser.error("--prompt or', 'parser.exit(2, "--prompt or'),
    ],
}
