"""The likely mistakes in exercises 2.1 to 2.8. Those of the tools, from 2.9, are in `lesson_02_tools.py`."""

import argparse
import json
from pathlib import Path

from tests.checks.wrong_answers import Wrong, lesson_02_tools


def _parser():
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    return FlexibleArgumentParser()


def _params(**changes):
    from vllm import SamplingParams

    return SamplingParams(**{"temperature": 0.4, "top_p": 0.8, "top_k": 20, "seed": 0, "max_tokens": 150} | changes)


# 2.1


def _models(ns: dict, **changes) -> tuple:
    given = {"compare": ns["compare_models"], "frame": ns["frame_2_1"], "answer": ns["answer_2_1"]} | changes
    return given["compare"], given["frame"], given["answer"], ns["PROMPTS_2_1"], ns["llm"]


def _loaded_already(frame):
    return frame.assign(load_seconds=frame["load_seconds"].where(frame["model"] != "pocket-base", 0.003))


def _asked_twice(frame):
    texts = frame[frame["model"] == "pocket-base"]["text"].tolist()
    return frame.assign(text=texts * 2)


def _all_loaded_first(names, prompts, load=None):
    from vllm_course import generate

    engines = [load(name) for name in names]
    return [generate(engine, prompts, temperature=0.0, max_tokens=40) for engine in engines]


def _load_ignored(names, prompts, load=None):
    from vllm_course import generate, load_model

    return [generate(load_model(name), prompts, temperature=0.0, max_tokens=40) for name in names]


def _prompt_by_prompt(names, prompts, load=None):
    import pandas as pd

    from vllm_course import generate

    frames = []
    for name in names:
        engine = load(name)
        frames += [generate(engine, prompt, temperature=0.0, max_tokens=4).assign(model=name) for prompt in prompts]
    return pd.concat(frames, ignore_index=True)


def _other_way_round(answer: dict) -> dict:
    other = {"pocket-base": "pocket-base-mini", "pocket-base-mini": "pocket-base"}
    return {question: other[name] for question, name in answer.items()}


# 2.2


def _default_by_get_default(parser, option):
    return parser.get_default(option.lstrip("-").replace("-", "_"))


def _default_of_flag_as_written(parser, option):
    return vars(parser.parse_args([]))[option.removeprefix("--")]


def _all_groups(parser) -> dict:
    return {group.title: len(group._group_actions) for group in parser._action_groups}


# 2.3


def _call_for_each(llm, prompt, temperatures):
    import pandas as pd

    from vllm_course import sweep
    from vllm_course.measures import summarize

    frames = [sweep(llm, prompt, n=8, seed=0, temperature=[t], max_tokens=8) for t in temperatures]
    return summarize(pd.concat(frames), "temperature")


def _sweep_with(**options):
    def by_temperature(llm, prompt, temperatures):
        from vllm_course import sweep
        from vllm_course.measures import summarize

        settings = {"n": 8, "seed": 0, "max_tokens": 8} | options
        return summarize(sweep(llm, prompt, temperature=list(temperatures), **settings), "temperature")

    return by_temperature


def _choose(**columns):
    """Make a rule that takes one of its three temperatures in another way."""

    def choose(table):
        table = table.set_index("temperature")
        whole = table[table["mean_logprob"] >= -2]
        right = {
            "broken_from": table.index[table["mean_logprob"] < -2].min(),
            "most_diverse": table["diversity"].idxmax(),
            "best": whole["diversity"].idxmax(),
        }
        return right | {name: other(table, whole) for name, other in columns.items()}

    return choose


def _temperatures(ns: dict, **changes) -> tuple:
    names = {"by": "by_temperature", "choose": "choose", "table": "table_2_3", "answer": "answer_2_3"}
    given = {key: ns[name] for key, name in names.items()} | changes
    return given["by"], given["choose"], given["table"], given["answer"], ns["llm"]


# 2.4


def _by_finish_reason(output, params, max_model_len):
    return {"stop": "end of sequence", "length": "max_tokens"}[output.outputs[0].finish_reason]


def _without_context(output, params, max_model_len):
    completion = output.outputs[0]
    stopped = "stop string" if completion.stop_reason else "end of sequence"
    return stopped if completion.finish_reason == "stop" else "max_tokens"


def _less_than_max_tokens(output, params, max_model_len):
    completion = output.outputs[0]
    if completion.finish_reason == "stop":
        return "stop string" if completion.stop_reason else "end of sequence"
    return "context length" if len(completion.token_ids) < params.max_tokens else "max_tokens"


def _ends(ns: dict, **changes) -> tuple:
    given = {"frame": ns["frame_2_4"], "reached": ns["reached_2_4"], "why": ns["why_it_ended"]} | changes
    return given["frame"], given["reached"], given["why"], ns["llm"]


# 2.6


def _bytes(*, factor: int = 2, heads: str = "num_key_value_heads"):
    def kv_bytes_per_token(config, bytes_per_number):
        return factor * config.num_hidden_layers * getattr(config, heads) * config.head_dim * bytes_per_number

    return kv_bytes_per_token


def _head_size_divided(config, bytes_per_number):
    head = config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * config.num_key_value_heads * head * bytes_per_number


def _memory(ns: dict, **changes) -> tuple:
    given = {"bytes": ns["kv_bytes_per_token"], "fit": ns["tokens_that_fit"], "frame": ns["frame_2_6"]} | changes
    return given["bytes"], given["fit"], given["frame"]


def _one_engine_for_all(frame):
    return frame.assign(reported=frame["reported"].iloc[0], predicted=frame["reported"].iloc[0])


# 2.7


def _file(ns: dict, name: str, text: str) -> Path:
    file = ns["FOLDER_2_7"] / name
    file.write_text(text, encoding="utf-8")
    return file


def _settings(**changes) -> str:
    return json.dumps({"model": "pocket-base", "temperature": 0.7, "top_p": 0.95, "max_tokens": 100} | changes)


def _resolve(*, given=lambda value: value is not None, order=("model", "file", "command line"), refuse=True):
    """Make a `resolve` that differs from the right one in one respect."""

    def resolve(command_line, file, model_defaults):
        unknown = sorted(set(file) - set(command_line))
        if refuse and unknown:
            raise ValueError(f"unknown: {unknown}")
        words = {name: value for name, value in command_line.items() if given(value)}
        sources = {"model": model_defaults, "file": file, "command line": words}
        return {name: (value, source) for source in order for name, value in sources[source].items()}

    return resolve


# 2.8


def _prompts_from(*, parser=_parser, action="append", strip=str.strip, comment="#", put=None, must_fill=True):
    """Make a `prompts_from` that differs from the right one in one respect."""

    def prompts_from(argv):
        reader = parser()
        reader.add_argument("--prompt", action=action)
        reader.add_argument("--prompts-file")
        reader.add_argument("--template", default="{text}")
        args = reader.parse_args(argv)
        prompts = args.prompt or [] if action == "append" else [args.prompt] * bool(args.prompt)
        if args.prompts_file:
            lines = Path(args.prompts_file).read_text(encoding="utf-8").splitlines()
            prompts += [strip(line) for line in lines if line.strip() and not (comment and line.startswith(comment))]
        if not prompts or (must_fill and "{text}" not in args.template):
            reader.error("--prompt must be given, and --template must hold {text}")
        return [put(args.template, p) if put else args.template.replace("{text}", p) for p in prompts]

    return prompts_from


def _default_prompt(argv):
    return _prompts_from()(argv) if argv else ["Hello, my name is"]


def _raises(argv):
    if not argv:
        raise ValueError("no --prompt")
    return _prompts_from()(argv)


WRONG = {
    "2.1": [
        Wrong(
            "pocket-base first, which is loaded",
            lambda ns: _models(ns, frame=_loaded_already(ns["frame_2_1"])),
            "pocket-base was loaded already",
        ),
        Wrong(
            "one model only",
            lambda ns: _models(ns, frame=ns["frame_2_1"].query("model == 'pocket-base'")),
            "Compare the models",
        ),
        Wrong("one model asked twice", lambda ns: _models(ns, frame=_asked_twice(ns["frame_2_1"])), "asked twice"),
        Wrong(
            "sampled, not greedy",
            lambda ns: _models(ns, frame=ns["frame_2_1"].assign(text=[str(i) for i in range(6)])),
            "temperature=0",
        ),
        Wrong("the other model", lambda ns: _models(ns, answer=_other_way_round(ns["answer_2_1"])), "your own table"),
        Wrong("all loaded, then asked", lambda ns: _models(ns, compare=_all_loaded_first), "before you load the next"),
        Wrong("load not used", lambda ns: _models(ns, compare=_load_ignored), "with load(name)"),
        Wrong("a call for each prompt", lambda ns: _models(ns, compare=_prompt_by_prompt), "in one call"),
    ],
    "2.2": [
        Wrong(
            "groups without options",
            lambda ns: (_all_groups, ns["default_of"], ns["quantization_2_2"]),
            "does not show in the help",
        ),
        Wrong(
            "the groups of one parser",
            lambda ns: (lambda parser: ns["groups_of"](ns["parser_2_2"]), ns["default_of"], ns["quantization_2_2"]),
            "that parser's groups",
        ),
        Wrong(
            "get_default, which knows any name",
            lambda ns: (ns["groups_of"], _default_by_get_default, ns["quantization_2_2"]),
            "None for any name",
        ),
        Wrong(
            "hyphens not turned into underscores",
            lambda ns: (ns["groups_of"], _default_of_flag_as_written, ns["quantization_2_2"]),
            "--line-colour was not found",
        ),
        Wrong("the option's choices", lambda ns: (ns["groups_of"], ns["default_of"], []), "has no choices"),
        Wrong("the seed's two", lambda ns: (ns["groups_of"], ns["default_of"], ["awq", "gptq"]), "methods are missing"),
        Wrong(
            "a method of older versions",
            lambda ns: (ns["groups_of"], ns["default_of"], [*ns["quantization_2_2"], "squeezellm"]),
            "does not know 'squeezellm'",
        ),
    ],
    "2.3": [
        Wrong("a call for each temperature", lambda ns: _temperatures(ns, by=_call_for_each), "in one call, not in 2"),
        Wrong("one text a temperature", lambda ns: _temperatures(ns, by=_sweep_with(n=1)), "Take 8 completions"),
        Wrong("no seed", lambda ns: _temperatures(ns, by=_sweep_with(seed=None)), "Set a seed"),
        Wrong(
            "the worst, not the first",
            lambda ns: _temperatures(ns, choose=_choose(broken_from=lambda t, w: t["mean_logprob"].idxmin())),
            "not the one that is worst",
        ),
        Wrong(
            "diverse because broken",
            lambda ns: _temperatures(ns, choose=_choose(best=lambda t, w: t["diversity"].idxmax())),
            "best must still be whole",
        ),
        Wrong(
            "the highest whole one",
            lambda ns: _temperatures(ns, choose=_choose(best=lambda t, w: w.index.max())),
            "most diverse that is",
        ),
        Wrong("four temperatures", lambda ns: _temperatures(ns, table=ns["table_2_3"][::2][:4]), "at least 7"),
        Wrong(
            "another answer than the rule's",
            lambda ns: _temperatures(ns, answer=ns["answer_2_3"] | {"best": 0.0}),
            "what choose finds",
        ),
    ],
    "2.4": [
        Wrong("finish_reason alone", lambda ns: _ends(ns, why=_by_finish_reason), "met a stop string"),
        Wrong("the context forgotten", lambda ns: _ends(ns, why=_without_context), "fill the context"),
        Wrong("max_tokens=None forgotten", lambda ns: _ends(ns, why=_less_than_max_tokens), "without max_tokens"),
        Wrong("always reached", lambda ns: _ends(ns, reached={10: 2, 100: 2, 500: 2}), "Your own table"),
        Wrong("shares", lambda ns: _ends(ns, reached={10: 1.0, 100: 0.5, 500: 0.5}), "no share"),
        Wrong("one prompt", lambda ns: _ends(ns, frame=ns["frame_2_4"].head(3)), "each prompt and max_tokens"),
    ],
    "2.5": [
        Wrong("max_tokens alone", lambda ns: (_params(), ns["llm"]), "only the most"),
        Wrong("past the end", lambda ns: (_params(ignore_eos=True), ns["llm"]), "another text"),
        Wrong(
            "a least without a most", lambda ns: (_params(min_tokens=150, max_tokens=160), ns["llm"]), "more than 150"
        ),
        Wrong("no top_k", lambda ns: (_params(min_tokens=150, top_k=0), ns["llm"]), "top_k must be 20"),
        Wrong("too warm", lambda ns: (_params(min_tokens=150, temperature=0.8), ns["llm"]), "0.3 to 0.5"),
        Wrong("no seed", lambda ns: (_params(min_tokens=150, seed=None), ns["llm"]), "Set a seed"),
    ],
    "2.6": [
        Wrong("keys without values", lambda ns: _memory(ns, bytes=_bytes(factor=1)), "a key and a value"),
        Wrong("all heads", lambda ns: _memory(ns, bytes=_bytes(heads="num_attention_heads")), "share one key"),
        Wrong("head size by division", lambda ns: _memory(ns, bytes=_head_size_divided), "Take head_dim"),
        Wrong("no blocks", lambda ns: _memory(ns, fit=lambda memory, each, block: memory // each), "whole ones"),
        Wrong(
            "one block too many",
            lambda ns: _memory(ns, fit=lambda memory, each, block: (memory // (each * block) + 1) * block),
            "are 62 blocks",
        ),
        Wrong(
            "the same engine read twice", lambda ns: _memory(ns, frame=_one_engine_for_all(ns["frame_2_6"])), "the same"
        ),
        Wrong(
            "predicted for half the bytes",
            lambda ns: _memory(ns, frame=ns["frame_2_6"].assign(predicted=ns["frame_2_6"]["predicted"] * 2)),
            "which dtype",
        ),
    ],
    "2.7": [
        Wrong(
            "a number as a text",
            lambda ns: (_file(ns, "text.json", _settings(temperature="0.7")), ns["resolve"]),
            "temperature must be",
        ),
        Wrong(
            "a spelling mistake",
            lambda ns: (_file(ns, "typo.json", _settings(temprature=0.7)), ns["resolve"]),
            "temprature",
        ),
        Wrong("another value", lambda ns: (_file(ns, "p.json", _settings(top_p=0.9)), ns["resolve"]), "top_p to 0.95"),
        Wrong("no file", lambda ns: (ns["FOLDER_2_7"] / "none.json", ns["resolve"]), "refuses the file"),
        Wrong("0 counts as not given", lambda ns: (ns["config_2_7"], _resolve(given=bool)), "0 counts as false"),
        Wrong(
            "None counts as given",
            lambda ns: (ns["config_2_7"], _resolve(given=lambda v: True)),
            "None means not given",
        ),
        Wrong(
            "the model beats the file",
            lambda ns: (ns["config_2_7"], _resolve(order=("file", "model", "command line"))),
            "beats the model",
        ),
        Wrong(
            "any key, as set_defaults takes it",
            lambda ns: (ns["config_2_7"], _resolve(refuse=False)),
            "nobody noticed",
        ),
    ],
    "2.8": [
        Wrong("the last --prompt only", lambda ns: _prompts_from(action="store"), 'action="append"'),
        Wrong(
            "argparse's own parser", lambda ns: _prompts_from(parser=argparse.ArgumentParser), "FlexibleArgumentParser"
        ),
        Wrong("blanks kept", lambda ns: _prompts_from(strip=lambda line: line), "strip it"),
        Wrong("comments kept", lambda ns: _prompts_from(comment=""), "is a comment"),
        Wrong(
            "str.format", lambda ns: _prompts_from(put=lambda template, p: template.format(text=p)), "takes every brace"
        ),
        Wrong(
            "the template put before",
            lambda ns: _prompts_from(put=lambda template, p: template.removesuffix("{text}") + p),
            "in place of",
        ),
        Wrong("any template", lambda ns: _prompts_from(must_fill=False), "the same prompt every time"),
        Wrong("a prompt of its own", lambda ns: _default_prompt, "not with a result"),
        Wrong("an exception", lambda ns: _raises, "parser.error"),
    ],
} | lesson_02_tools.WRONG
