"""The likely mistakes in exercises 2.9 to 2.17, and right answers in other forms."""

import json
import time
from functools import partial
from pathlib import Path

import numpy as np

from tests.checks.wrong_answers import changed, edit

# 2.9

TOOL = "python lessons/02-text-generation/text_generation.py"
LOOP = f"""mkdir -p "$2"; prompts=$1; folder=$2; shift 2; i=0
while IFS= read -r prompt; do
    i=$((i + 1))
    {TOOL} --prompt "$prompt" "$@" > "$folder/00$i.txt" < /dev/null
done < "$prompts"
"""
WORDS = LOOP.replace("while IFS= read -r prompt; do", "for prompt in $(cat $prompts); do").replace('< "$prompts"', "")
ALL_AT_ONCE = 'set -euo pipefail; mkdir -p "$2"; prompts=$1; folder=$2; shift 2\n'
ONE_FILE = f'{ALL_AT_ONCE}{TOOL} --prompts-file "$prompts" --output "$folder/all.txt" "$@"\n'
FROM_JSON = f"""{ALL_AT_ONCE}{TOOL} --prompts-file "$prompts" --json "$@" | python3 -c '
import json, pathlib, sys
for i, record in enumerate(json.load(sys.stdin)["results"]):
    pathlib.Path(sys.argv[1], f"{{i}}.txt").write_text(record["text"])
' "$folder"
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

SWEEP = "return sweep(llm, prompt, n=n, seed=seed, temperature=temperatures, top_p=top_ps, max_tokens=16)"
EACH = "sweep(llm, prompt, n=n, seed=seed, temperature=[t], top_p=[p], max_tokens=16)"
LOOPED = f"return __import__('pandas').concat([{EACH} for t in temperatures for p in top_ps])"
ZIPPED = SWEEP + "[lambda frame: frame['temperature'].map(dict(zip(temperatures, top_ps))) == frame['top_p']]"
N_AT_ONCE = """import pandas as pd

    pairs, fixed = [(t, p) for t in temperatures for p in top_ps], {"max_tokens": 16, "logprobs": 0, "seed": seed}
    params = [SamplingParams(temperature=t, top_p=p, n=n, **fixed) for t, p in pairs]
    outputs = llm.generate([prompt] * len(pairs), params)
    rows = [(*pair, c) for pair, output in zip(pairs, outputs) for c in output.outputs]
    rows = [(t, p, c.text, len(c.token_ids), c.cumulative_logprob) for t, p, c in rows]
    return pd.DataFrame(rows, columns=["temperature", "top_p", "text", "tokens", "logprob"])"""

# 2.11

WRITTEN, FORMAT = "writer.writerows(rows)", '"%(asctime)s %(levelname)s %(message)s"'
KEPT = "        logger.removeHandler(handler)\n        handler.close()"
BY_HAND = 'file.writelines({} + "\\n" for row in rows)'
BY_PANDAS = "import pandas as pd; pd.DataFrame(rows).to_csv(file, index=False, header=file.tell() == 0)"

# 2.12

ONE_SCALE = "scale = np.full((len(weights), 1), np.abs(weights).max() / 127)"
SCALE = "scale = np.abs(weights).max(axis=1, keepdims=True) / 127"
UNGUARDED = "quiet = np.errstate(invalid='ignore')", "return np.round", "with quiet: return np.round"
DIVIDED = "return np.round(weights / scale).astype(np.int8), scale"


def result_2_12(name: str, hint: str, **values):
    return changed(name, hint, result_2_12=lambda right: right | {n: value(right[n]) for n, value in values.items()})


def sorted_by_probability(logprobs: dict) -> dict:
    return {name: -np.sort(-rows) for name, rows in logprobs.items()}


# 2.13

api = partial(edit, file="web_api.py")
ENGINE_CALL = "            with one_at_a_time:\n                (output,) = llm.generate(request.prompt, params)"
AWAITED = ENGINE_CALL.replace("with", "async with").replace("llm.generate(", "await run_in_threadpool(llm.generate, ")
HANDLER, LOCK = "    def generate(request: Request)", "threading.Lock()"
ASYNC_IMPORTS = "import asyncio\nimport threading\n\nfrom fastapi.concurrency import run_in_threadpool"

# 2.14

key = partial(edit, file="result_cache.py")
DIGEST, PARAMETERS = "hashlib.sha256({}.encode()).hexdigest()", "msgspec.to_builtins(params, str_keys=True)"
TEXT_OF_KEY = "json.dumps(request, sort_keys=True)"


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

    def get(self, key: str) -> str | None:
        self.__init__(self.path)
        return super().get(key)

    def put(self, key: str, text: str) -> None:
        self.__init__(self.path)
        time.sleep(0.001)
        super().put(key, text)


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
WAIT, TOGETHER = "            sleep(pause * 2**attempt)\n", "found or ([together] if together else [])"
UNCHECKED = "engine.generate(prompts, SamplingParams(**sampling))", "engine.generate(prompts, sampling)"

# 2.16

generator, report = (partial(edit, file=f"content_{name}.py") for name in ("generator", "report"))
VARIANTS = "sweep(llm, prompts, n=n, seed=seed, temperature=temperatures, top_p=0.95, max_tokens=64)"
ONE_BY_ONE = f"pd.concat([{VARIANTS.replace('temperatures', '[t]')} for t in temperatures])"
CELL, STATISTICS = '" ".join(str(value).replace("|", "\\\\|").split())', "table(statistics.reset_index())"
ROW_OF_TABLE = '"| " + " | ".join(_cell(value) for value in row) + " |"'

# 2.17

benchmark = partial(edit, file="benchmark.py")
LOOPED_BATCH = "[llm.generate(prompt, params)[0] for prompt in prompts]"
BATCH, EXACT = "llm.generate(prompts, params)", ", ignore_eos=True"
LATENCY = "sum(output.metrics.first_token_latency for output in outputs) / batch_size"


WRONG = {
    "2.9": [
        script_2_9("a process for each prompt", "start one for all", LOOP),
        script_2_9("a process for each word", "without having started", WORDS),
        script_2_9("all in one file", "one .txt file a prompt", ONE_FILE),
        script_2_9_edit("an argument without quotes", "quoted", '"$prompts"', "$prompts"),
        script_2_9_edit("options dropped", "Pass what follows", ' "$@"', ""),
        script_2_9_edit("goes on after a failure", "must fail too", "set -euo pipefail", "trap 'exit 0' EXIT"),
        script_2_9_edit("another order", "in the order of the prompts", 'f"{place:03}', 'f"{9 - place:03}'),
    ],
    "2.10": [
        edit("a call for each combination", "called 1 time", SWEEP, LOOPED),
        edit("pairs, not combinations", "zip pairs", SWEEP, ZIPPED),
        edit("no seed", "take the seeds", "seed=seed, temperature", "temperature"),
        edit("another length", "max_tokens=16", "max_tokens=16", "max_tokens=15"),
        changed("one text a combination", "4 texts a combination", frame_2_10=lambda frame: frame.query("sample == 0")),
        edit("varied but broken", "not above -1", "words[likely > -1].idxmax()", "words[likely <= -1].idxmax()"),
        edit("whole but the same", "another one", "words[likely > -1].idxmax()", "words[likely > -1].idxmin()"),
        edit("upside down", "divide the loop's", "loop_seconds / batch_seconds", "batch_seconds / loop_seconds"),
    ],
    "2.11": [
        edit(
            "commas joined by hand", "let the csv module", WRITTEN, BY_HAND.format("','.join(map(str, row.values()))")
        ),
        edit("quotes put by hand", "let the csv module", WRITTEN, BY_HAND.format("str([*row.values()])[1:-1]")),
        edit("a header a call", "header once", "file.tell() == 0", "True"),
        edit("written over", "mode 'a'", 'open(csv_file, "a"', 'open(csv_file, "w"'),
        edit("a handler a call", "remove and close", KEPT, "        pass"),
        edit("line breaks in the log", "by %r", "%(prompt)r", "%(prompt)s"),
        edit("words counted", "token_ids", "len(completion.token_ids)", "len(completion.text.split())"),
        edit("no level", "level INFO", "logger.setLevel(logging.INFO)", "pass", '"text-generation"', '"no-level"'),
        edit("no time zone", "time zone", "datetime.now(UTC)", "datetime.now()"),
        edit("one parameter of several", "all of sampling", "dumps(sampling,", "dumps({'max_tokens': 6},"),
    ],
    "2.12": [
        edit("one scale for all rows", "each row", SCALE, ONE_SCALE),
        edit("a scale a column", "one scale a row", "axis=1", "axis=0"),
        edit("cut off, not rounded", "round", "np.round(weights / scale)", "(weights / scale)"),
        edit("zeros divided", "use 1 there", "scale[scale == 0] = 1", *UNGUARDED),
        result_2_12("ratio upside down", "upside", size_ratio=lambda ratio: 1 / ratio),
        result_2_12("expected, not measured", "ratio of the two", size_ratio=lambda _: 2.0),
        edit("weighed by the copy", "KL(int8 || base)", "np.exp(base) * (base - int8)", "np.exp(int8) * (int8 - base)"),
        edit("a sum over the prompts", "the mean over the prompts", ".sum(axis=1).mean()", ".sum()"),
        edit("one model asked twice", "asked twice", '"int8": int8}', '"int8": base}'),
        changed("not sorted by token", "sorted by token_id", logprobs_2_12=sorted_by_probability),
    ],
    "2.13": [
        api("no lock", "use a lock", "with one_at_a_time", "if True"),
        api("an async handler that blocks", "blocks the server", HANDLER, HANDLER.replace("def", "async def")),
        api("no bounds", "must be answered with 422", "Field(0.7, ge=0, le=2)", "0.7"),
        api("any field", "must be answered with 422", 'extra="forbid"', 'extra="ignore"'),
        api("ValueError caught", "no ValueError", "except VLLMValidationError", "except ValueError"),
        api("seed forgotten", "pass on all parameters", 'exclude={"prompt"}', 'exclude={"prompt", "seed"}'),
        api("characters counted", "number of token_ids", "len(completion.token_ids)", "len(completion.text)"),
    ],
    "2.14": [
        key("hash", "another one in every process", DIGEST.format(TEXT_OF_KEY), f"str(hash({TEXT_OF_KEY}))"),
        key("str of a dict", "another order", PARAMETERS, "str(sampling)"),
        key("repr of the parameters", "logit_bias", PARAMETERS, "repr(params)"),
        key("some parameters", "that of another request", PARAMETERS, "(params.temperature, params.seed)"),
        key("the model left out", "model 'n'", "model, prompt, msg", "prompt, msg"),
        key("parts run together", "model 'mp'", "model, prompt, msg", "model + prompt, msg"),
        key("random requests kept", "without a seed", "params.seed is None", "False"),
        key("a seed of 0 called none", "compare with None", "params.seed is None", "not params.seed"),
        changed("one JSON file", "Two writers", ResultCache=lambda _: JsonFile),
        changed("a JSON file read again", "Two writers", ResultCache=lambda _: RereadJsonFile),
        key("an empty text called missing", "An empty text", "row is None else row[0]", "not row else row[0] or None"),
        key("asked whether true", "compare what the cache returns", "if found is not None", "if found"),
        key("never asked", "must generate once", "if found is not None", "if False"),
    ],
    "2.15": [
        edit("everything tried again", "transient errors only", TRANSIENT, "except Exception:"),
        edit("Ctrl-C tried again", "KeyboardInterrupt was tried", "TimeoutError)", "TimeoutError, KeyboardInterrupt)"),
        edit("the same wait", "twice as long", "pause * 2**attempt", "pause"),
        edit("no limit", "3 calls at most", "range(attempts)", "range(20)", "attempts - 1", "19"),
        edit("a last wait", "after the last", LAST + WAIT, WAIT.lstrip() + " " * 12 + LAST),
        edit("the last error lost", "its error must come out", LAST, LAST.replace("raise", "return None")),
        edit("not validated", "before the engine", "found := problems(sampling)", "found := []", *UNCHECKED),
        edit("validated by vLLM alone", "names every problem", "found := problems(sampling)", "found := []"),
        edit("the first problem alone", "must be 2 messages", TOGETHER, f"found[:1] or {TOGETHER}"),
        edit("ValueError alone", "ended with VLLMValidationError", "(VLLMError, TypeError, ValueError)", "ValueError"),
        edit("each parameter alone", "only together", TOGETHER, "found"),
    ],
    "2.16": [
        generator("a call a temperature", "called 1 time", VARIANTS, ONE_BY_ONE),
        generator("one strategy", "two strategies", "in STRATEGIES]", "in STRATEGIES[:1]]"),
        generator("a sum for coherence", "divide by the number", "row.logprob / row.tokens", "row.logprob"),
        generator("single words for diversity", "different pairs", "distinct_n(text, 2)", "distinct_n(text, 1)"),
        generator("nan for an empty text", "not nan", "0.0 if math.isnan(value) else value", "value"),
        generator("length without a limit", "at most 1", "FULL_LENGTH, 1.0)", "20, 9.0)"),
        generator("the worst first", "best first", "ascending=False", "ascending=True"),
        generator("empty texts left out", "keep all texts", "return ranked", "return ranked[ranked['text'] != '']"),
        report("bars in cells", "ends its cell", '.replace("|", "\\\\|")', ""),
        report("line breaks in cells", "ends the row", CELL, CELL.removeprefix('" ".join(').removesuffix(".split())")),
        report("no statistics", "two tables", STATISTICS, '""'),
        report("one decimal", "two decimals", ":.2f}", ":.1f}"),
    ],
    "2.17": [
        benchmark("no warm-up", "Warm up", "    measure(llm, batch_size=1, max_tokens=1)", "    pass"),
        benchmark("texts end when they like", "ignore_eos=True", EXACT, ""),
        benchmark("a loop for a batch", "with 4 prompts", BATCH, LOOPED_BATCH),
        benchmark("speed of one text", "the whole batch", "tokens / seconds,", "tokens / seconds / batch_size,"),
        benchmark("bytes", "divide bytes", " / MIB", ""),
        benchmark("total for first", "must be less", LATENCY, "seconds"),
    ],
}

RIGHT = {
    "2.9": [
        changed("its text", "", answer_2_9=lambda path: path.resolve().read_text("utf-8")),
        script_2_9("from the JSON on standard output", "", FROM_JSON),
        script_2_9("from what a person reads", "", FROM_LINES),
    ],
    "2.10": [
        edit("n texts of one request", "", SWEEP, N_AT_ONCE),
        changed("other numbers", "", best_2_10=lambda best: [float(n) for n in best], ratio_2_10=np.float32),
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
    ],
    "2.12": [
        edit(
            "a list, rounded by rint",
            "",
            DIVIDED,
            "return [np.rint(weights / scale).astype('int8'), scale.astype('float64')]",
        ),
        result_2_12("numpy's numbers", "", kl=np.float32, same_texts=np.int64, size_ratio=np.float64),
        changed(
            "lists, and the folder as a text",
            "",
            int8_folder=str,
            logprobs_2_12=lambda rows: {n: r.tolist() for n, r in rows.items()},
        ),
    ],
    "2.13": [
        api(
            "an async handler that waits",
            "",
            HANDLER,
            HANDLER.replace("def", "async def"),
            ENGINE_CALL,
            AWAITED,
            LOCK,
            "asyncio.Lock()",
            "import threading",
            ASYNC_IMPORTS,
        )
    ],
    "2.14": [
        key("a key to read", "", DIGEST.format(TEXT_OF_KEY), TEXT_OF_KEY),
        changed("a file for each text", "", ResultCache=lambda _: Folder),
    ],
    "2.15": [
        edit(
            "a generator, and waits that double",
            "",
            f"return {TOGETHER}",
            f"yield from {TOGETHER}",
            "found := problems(sampling)",
            "found := list(problems(sampling))",
            WAIT,
            WAIT.replace("pause * 2**attempt", "pause") + "            pause *= 2\n",
        )
    ],
    "2.16": [
        report("tables without bars at the edges", "", ROW_OF_TABLE, '" | ".join(_cell(value) for value in row)'),
        generator("the topic in capitals", "", "strategy.format(topic)", "strategy.format(topic).title()"),
    ],
    "2.17": [
        benchmark("exact by min_tokens", "", EXACT, ", min_tokens=max_tokens"),
        benchmark("exact by a bias", "", EXACT, ", logit_bias={llm.get_tokenizer().eos_token_id: -100}"),
        benchmark("more columns", "", '"memory": memory(),', '"memory": memory(), "prompts": prompts,'),
    ],
}
