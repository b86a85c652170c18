"""The likely mistakes in exercises 2.9 to 2.17. Each must be refused, with the hint that fits."""

import csv
import hashlib
import json
import logging
import math
import sqlite3
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.checks.wrong_answers import Wrong


def _params(**sampling):
    from vllm import SamplingParams

    return SamplingParams(**sampling)


# 2.9

LOOP = """mkdir -p "$2"; prompts=$1; folder=$2; shift 2; i=0
while IFS= read -r prompt; do
    i=$((i + 1))
    python lessons/02-text-generation/text_generation.py --prompt "$prompt" "$@" > "$folder/00$i.txt" < /dev/null
done < "$prompts"
"""
ONE_FILE = """set -e; mkdir -p "$2"; prompts=$1; folder=$2; shift 2
python lessons/02-text-generation/text_generation.py --prompts-file "$prompts" --output "$folder/all.txt" "$@"
"""


def _script(old: str = "", new: str = ""):
    return lambda ns: ns["answer_2_9"].resolve().read_text("utf-8").replace(old, new)


# 2.10


def _swept_in_a_loop(ns: dict):
    def sweep_batched(llm, prompt, temperatures, top_ps, *, n, seed):
        import pandas as pd

        frames = [
            ns["sweep"](llm, prompt, n=n, seed=seed, temperature=[temperature], top_p=[top_p], max_tokens=16)
            for temperature in temperatures
            for top_p in top_ps
        ]
        return pd.concat(frames, ignore_index=True)

    return sweep_batched


def _swept_in_pairs(ns: dict):
    def sweep_batched(llm, prompt, temperatures, top_ps, *, n, seed):
        frame = ns["sweep"](llm, prompt, n=n, seed=seed, temperature=temperatures, top_p=top_ps, max_tokens=16)
        return frame[[pair in set(zip(temperatures, top_ps, strict=True)) for pair in _pairs(frame)]]

    return sweep_batched


def _swept_unseeded(ns: dict):
    return lambda llm, prompt, ts, ps, *, n, seed: ns["sweep"](
        llm, prompt, n=n, temperature=ts, top_p=ps, max_tokens=16
    )


def _pairs(frame) -> list:
    return list(zip(frame["temperature"], frame["top_p"], strict=True))


def _answers_2_10(ns: dict, **changes) -> tuple:
    answers = {name: ns[name] for name in ("sweep_batched", "frame_2_10", "best_2_10", "ratio_2_10", "llm")}
    return tuple((answers | changes).values())


def _pair_where(ns: dict, whole: bool) -> tuple:
    """Return the pair with the most words among those that are broken, or the fewest among those that are whole."""
    words, whole_ones = ns["words"], ns["likely"] > -1
    return words[whole_ones].idxmin() if whole else words[~whole_ones].idxmax()


# 2.11


def _logging(**flaws):
    """Return a `generate_logged` that is right but for its flaws."""
    mode, naive, header = flaws.get("mode", "a"), flaws.get("naive", False), flaws.get("header", False)

    def generate_logged(llm, prompts, sampling, log_file, csv_file):
        outputs = llm.generate(prompts, _params(**sampling))
        with open(csv_file, mode, newline="", encoding="utf-8") as file:
            rows = [_row(output, sampling, flaws) for output in outputs]
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            if file.tell() == 0 or header:
                writer.writeheader()
            if naive:
                file.writelines(",".join(map(str, row.values())) + "\n" for row in rows)
            else:
                writer.writerows(rows)
        _log(rows, log_file, flaws)
        return outputs

    return generate_logged


def _row(output, sampling: dict, flaws: dict) -> dict:
    completion = output.outputs[0]
    return {
        "timestamp": datetime.now(None if flaws.get("local") else UTC).isoformat(),
        "prompt": output.prompt,
        "text": completion.text,
        "tokens": len(completion.text.split()) if flaws.get("words") else len(completion.token_ids),
        "characters": len(completion.text),
        "finish_reason": completion.finish_reason,
        "seconds": 0.5,
        "parameters": json.dumps({"temperature": sampling["temperature"]} if flaws.get("some") else sampling),
    }


def _log(rows: list[dict], log_file, flaws: dict) -> None:
    logger = logging.getLogger("wrong-answer")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = logging.FileHandler(log_file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger.addHandler(handler)
    for row in rows:
        logger.info("%s" if flaws.get("raw") else "%r", row["prompt"])
    if not flaws.get("kept"):
        logger.removeHandler(handler)
        handler.close()


# 2.12


def _quantizing(ns: dict, *, axis: int | None = 1, rounded: bool = True, guarded: bool = True):
    def quantize(weights):
        np = ns["np"]
        scale = np.abs(weights).max(axis=axis, keepdims=True) / 127
        if axis is None:
            scale = np.broadcast_to(scale, (len(weights), 1)).copy()
        if guarded:
            scale[scale == 0] = 1
        with np.errstate(invalid="ignore"):
            steps = weights / scale
            return (np.round(steps) if rounded else steps).astype(np.int8), scale

    return quantize


def _answers_2_12(ns: dict, **changes) -> tuple:
    answers = {name: ns[name] for name in ("quantize", "int8_folder", "logprobs_2_12", "result_2_12", "llm")}
    return tuple((answers | changes).values())


def _result(ns: dict, **changes) -> tuple:
    return _answers_2_12(ns, result_2_12=ns["result_2_12"] | changes)


def _other_way(ns: dict) -> float:
    base, int8 = ns["logprobs_2_12"]["base"], ns["logprobs_2_12"]["int8"]
    return float((ns["np"].exp(int8) * (int8 - base)).sum(axis=1).mean())


# 2.13


def _app(*, lock: bool = True, blocking: bool = False, bounds: bool = True, caught: bool = True, seeded: bool = True):
    """Return a `create_app` that is right but for what is switched off."""
    from fastapi import FastAPI, HTTPException
    from pydantic import BaseModel, Field, create_model
    from vllm.exceptions import VLLMValidationError

    class Lenient(BaseModel, extra="forbid"):
        prompt: str = Field(min_length=1)
        temperature: float = 0.7
        top_p: float = 1.0
        max_tokens: int = 64
        seed: int | None = None

    limits = {"temperature": (float, Field(0.7, ge=0, le=2)), "max_tokens": (int, Field(64, ge=1))} if bounds else {}
    request_type = create_model("Request", __base__=Lenient, **limits)

    def create_app(llm):
        app, one, refused = FastAPI(), threading.Lock(), VLLMValidationError if caught else ValueError
        app.get("/health")(lambda: {"status": "ok"})

        def generate(request):
            given = request.model_dump(exclude={"prompt"} if seeded else {"prompt", "seed"})
            try:
                if lock:
                    with one:
                        return _reply(llm.generate(request.prompt, _params(**given)))
                return _reply(llm.generate(request.prompt, _params(**given)))
            except refused as error:
                raise HTTPException(400, str(error)) from None

        async def waiting(request):
            return generate(request)

        handler = waiting if blocking else generate
        handler.__annotations__["request"] = request_type
        app.post("/generate")(handler)
        return app

    return create_app


def _reply(outputs: list) -> dict:
    completion = outputs[0].outputs[0]
    return {"text": completion.text, "tokens": len(completion.token_ids), "finish_reason": completion.finish_reason}


def _answers_2_13(**flaws):
    return lambda ns: (_app(**flaws), ns["serving"], ns["llm"])


# 2.14


def _random(sampling: dict) -> bool:
    return sampling.get("temperature", 1.0) > 0 and sampling.get("seed") is None


def _key(text):
    """Return a `cache_key` that names a request by what `text` makes of it."""
    return lambda model, prompt, sampling: (
        None if _random(sampling) else hashlib.sha256(str(text(model, prompt, sampling)).encode()).hexdigest()
    )


def _sorted(sampling: dict) -> str:
    return json.dumps(sampling, sort_keys=True)


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


class Impatient:
    """A cache in SQLite that gives up when another writes."""

    def __init__(self, path) -> None:
        self.path = path
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE IF NOT EXISTS kept (key PRIMARY KEY, text)")
        database.close()

    def get(self, key: str) -> str | None:
        with sqlite3.connect(self.path) as database:
            row = database.execute("SELECT text FROM kept WHERE key = ?", (key,)).fetchone()
        database.close()
        return (row[0] or None) if row else None

    def put(self, key: str, text: str) -> None:
        with sqlite3.connect(self.path) as database:
            database.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (key, text))
        database.close()


def _cached_if_true(ns: dict):
    def cached_text(llm, cache, model, prompt, sampling):
        key = ns["cache_key"](model, prompt, sampling)
        if key and cache.get(key):
            return cache.get(key)
        text = llm.generate(prompt, _params(**sampling))[0].outputs[0].text
        if key:
            cache.put(key, text)
        return text

    return cached_text


def _never_cached(llm, cache, model, prompt, sampling):
    return llm.generate(prompt, _params(**sampling))[0].outputs[0].text


def _answers_2_14(**changes):
    def answer(ns: dict) -> tuple:
        found = {name: ns[name] for name in ("cache_key", "ResultCache", "cached_text", "llm")}
        return tuple((found | {name: value(ns) for name, value in changes.items()}).values())

    return answer


# 2.15


def _retrying(
    ns: dict, *errors, factor: float = 2, last_wait: bool = False, limit: bool = True, validated: bool = True
):
    transient = errors or (ConnectionError, TimeoutError)

    def generate_with_retry(engine, prompts, sampling, *, attempts=3, pause=0.5, sleep=time.sleep):
        if validated and (found := ns["problems"](sampling)):
            raise ValueError("\n".join(found))
        for attempt in range(attempts if limit else 20):
            try:
                return engine.generate(prompts, sampling)
            except transient:
                last = attempt == attempts - 1
                if last_wait or not last:
                    sleep(pause * factor**attempt)
                if last and limit:
                    raise
        return None

    return generate_with_retry


def _first_problem(sampling: dict) -> list[str]:
    return [str(error) for error in [_refusal(sampling)] if error]


def _only_value_errors(sampling: dict) -> list[str]:
    found = []
    for name, value in sampling.items():
        try:
            _params(**{name: value})
        except ValueError as error:
            found.append(f"{name} {value}: {error}")
    return found


def _alone(sampling: dict) -> list[str]:
    return [f"{n} {v}: {_refusal({n: v})}" for n, v in sampling.items() if _refusal({n: v})]


def _refusal(sampling: dict):
    try:
        _params(**sampling)
    except Exception as error:
        return error
    return None


# 2.16


def _variants_one_by_one(ns: dict):
    def generate_variants(llm, topic, temperatures, *, n):
        import pandas as pd

        return pd.concat([ns["generate_variants"](llm, topic, [temperature], n=n) for temperature in temperatures])

    return generate_variants


def _one_strategy(ns: dict):
    return lambda llm, topic, temperatures, *, n: ns["sweep"](
        llm, f"{topic} is", n=n, seed=0, temperature=temperatures, max_tokens=8
    )


def _ranking(ns: dict, **columns):
    """Return a `rank` in which columns are computed by other formulas."""

    def rank(frame):
        ranked = ns["rank"](frame)
        ranked = ranked.assign(**{name: formula(ranked) for name, formula in columns.items()})
        ranked["quality"] = ranked[["length", "diversity", "coherence"]].mean(axis=1)
        return ranked.sort_values("quality", ascending=False, ignore_index=True)

    return rank


def _reporting(ns: dict, *, bars: bool = True, breaks: bool = True, statistics: bool = True):
    def report(topic, ranked):
        def cell(text):
            text = text if not bars else text.replace("|", "\\|")
            return text if not breaks else " ".join(text.split())

        rows = [f"| {row.quality:.2f} | {cell(row.text)} |" for row in ranked.itertuples()]
        means = ranked.groupby("temperature")["quality"].mean()
        lines = [f"# {topic}", "", ranked["text"][0], "", "| quality | text |", "|---|---|", *rows]
        if statistics:
            lines += [
                "",
                "| temperature | mean |",
                "|---|---|",
                *[f"| {t} | {mean:.2f} |" for t, mean in means.items()],
            ]
        return "\n".join(lines)

    return report


def _answers_2_16(**changes):
    def answer(ns: dict) -> tuple:
        found = {name: ns[name] for name in ("generate_variants", "rank", "report", "llm")}
        return tuple((found | {name: value(ns) for name, value in changes.items()}).values())

    return answer


# 2.17


def _benchmarking(ns: dict, *, warm: bool = True, ignore_eos: bool = True, batched: bool = True, **columns):
    """Return a `benchmark` that is right but for what is switched off, and columns that are computed otherwise."""

    def benchmark(llm, batch_sizes, max_tokens):
        import pandas as pd

        if warm:
            llm.generate("warm up", _params(max_tokens=1))
        settings = [(size, length) for size in batch_sizes for length in max_tokens]
        frame = pd.DataFrame([measured(llm, size, length) for size, length in settings])
        return frame.assign(**{name: formula(frame) for name, formula in columns.items()})

    def measured(llm, size, length):
        params = _params(temperature=0.0, max_tokens=length, ignore_eos=ignore_eos)
        prompts, start = ["The capital of France is"] * size, time.perf_counter()
        calls = [prompts] if batched else [[prompt] for prompt in prompts]
        outputs = [output for call in calls for output in llm.generate(call, params)]
        seconds, tokens = time.perf_counter() - start, sum(len(o.outputs[0].token_ids) for o in outputs)
        return {
            "batch_size": size,
            "max_tokens": length,
            "tokens": tokens,
            "seconds": seconds,
            "tokens_per_second": tokens / seconds,
            "time_to_first_token": outputs[0].metrics.first_token_latency,
            "memory": 900.0,
        }

    return benchmark


def _answers_2_17(**flaws):
    return lambda ns: (_benchmarking(ns, **flaws), ns["llm"])


WRONG = {
    "2.9": [
        Wrong("a process for each prompt", lambda ns: LOOP, "start one for all"),
        Wrong(
            "a process for each word",
            lambda ns: LOOP.replace("while IFS= read -r prompt; do", "for prompt in $(cat $prompts); do").replace(
                'done < "$prompts"', "done"
            ),
            "without having started",
        ),
        Wrong("all in one file", lambda ns: ONE_FILE, "one .txt file a prompt"),
        Wrong("an argument without quotes", _script('"$prompts"', "$prompts"), "quoted"),
        Wrong("options dropped", _script(' "$@"', ""), "Pass what follows"),
        Wrong("goes on after a failure", _script("set -euo pipefail", "trap 'exit 0' EXIT"), "must fail too"),
    ],
    "2.10": [
        Wrong("a call for each combination", lambda ns: _answers_2_10(ns, sweep_batched=_swept_in_a_loop(ns)), "once"),
        Wrong("pairs, not combinations", lambda ns: _answers_2_10(ns, sweep_batched=_swept_in_pairs(ns)), "zip pairs"),
        Wrong("no seed", lambda ns: _answers_2_10(ns, sweep_batched=_swept_unseeded(ns)), "take the seeds"),
        Wrong(
            "one text a combination",
            lambda ns: _answers_2_10(ns, frame_2_10=ns["frame_2_10"].query("sample == 0")),
            "4 texts a combination",
        ),
        Wrong("varied but broken", lambda ns: _answers_2_10(ns, best_2_10=_pair_where(ns, False)), "not above -1"),
        Wrong("whole but the same", lambda ns: _answers_2_10(ns, best_2_10=_pair_where(ns, True)), "another one"),
        Wrong("upside down", lambda ns: _answers_2_10(ns, ratio_2_10=1 / ns["ratio_2_10"]), "divide the loop's"),
    ],
    "2.11": [
        Wrong("commas joined by hand", lambda ns: (_logging(naive=True), ns["llm"]), "let the csv module"),
        Wrong("a header a call", lambda ns: (_logging(header=True), ns["llm"]), "header once"),
        Wrong("written over", lambda ns: (_logging(mode="w"), ns["llm"]), "mode 'a'"),
        Wrong("a handler a call", lambda ns: (_logging(kept=True), ns["llm"]), "remove and close"),
        Wrong("line breaks in the log", lambda ns: (_logging(raw=True), ns["llm"]), "by %r"),
        Wrong("words counted", lambda ns: (_logging(words=True), ns["llm"]), "token_ids"),
        Wrong("no time zone", lambda ns: (_logging(local=True), ns["llm"]), "time zone"),
        Wrong("one parameter of several", lambda ns: (_logging(some=True), ns["llm"]), "all of sampling"),
    ],
    "2.12": [
        Wrong("one scale for all rows", lambda ns: _answers_2_12(ns, quantize=_quantizing(ns, axis=None)), "each row"),
        Wrong("a scale a column", lambda ns: _answers_2_12(ns, quantize=_quantizing(ns, axis=0)), "one scale a row"),
        Wrong("cut off, not rounded", lambda ns: _answers_2_12(ns, quantize=_quantizing(ns, rounded=False)), "round"),
        Wrong("zeros divided", lambda ns: _answers_2_12(ns, quantize=_quantizing(ns, guarded=False)), "use 1 there"),
        Wrong("ratio upside down", lambda ns: _result(ns, size_ratio=1 / ns["result_2_12"]["size_ratio"]), "upside"),
        Wrong("expected, not measured", lambda ns: _result(ns, size_ratio=2.0), "ratio of the two"),
        Wrong("weighed by the copy", lambda ns: _result(ns, kl=_other_way(ns)), "KL(int8 || base)"),
        Wrong(
            "one model asked twice",
            lambda ns: _answers_2_12(ns, logprobs_2_12=dict.fromkeys(("base", "int8"), ns["logprobs_2_12"]["base"])),
            "asked twice",
        ),
        Wrong(
            "not sorted by token",
            lambda ns: _answers_2_12(
                ns, logprobs_2_12={name: -ns["np"].sort(-rows) for name, rows in ns["logprobs_2_12"].items()}
            ),
            "sorted by token_id",
        ),
    ],
    "2.13": [
        Wrong("no lock", _answers_2_13(lock=False), "use a lock"),
        Wrong("an async handler that blocks", _answers_2_13(blocking=True), "blocks the server"),
        Wrong("no bounds", _answers_2_13(bounds=False), "must be answered with 422"),
        Wrong("ValueError caught", _answers_2_13(caught=False), "no ValueError"),
        Wrong("seed forgotten", _answers_2_13(seeded=False), "pass on all parameters"),
    ],
    "2.14": [
        Wrong(
            "hash",
            _answers_2_14(cache_key=lambda ns: lambda m, p, s: None if _random(s) else str(hash((m, p, _sorted(s))))),
            "another one in every process",
        ),
        Wrong("str of a dict", _answers_2_14(cache_key=lambda ns: _key(lambda m, p, s: (m, p, s))), "another order"),
        Wrong(
            "repr of the parameters",
            _answers_2_14(cache_key=lambda ns: _key(lambda m, p, s: (m, p, _params(**s)))),
            "logit_bias",
        ),
        Wrong(
            "some parameters",
            _answers_2_14(
                cache_key=lambda ns: _key(
                    lambda m, p, s: (m, p, [s.get(name) for name in ("temperature", "max_tokens", "top_k", "seed")])
                )
            ),
            "that of another request",
        ),
        Wrong(
            "the model left out",
            _answers_2_14(cache_key=lambda ns: _key(lambda m, p, s: (p, _sorted(s)))),
            "model 'n'",
        ),
        Wrong(
            "parts run together",
            _answers_2_14(cache_key=lambda ns: _key(lambda m, p, s: m + p + _sorted(s))),
            "model 'mp'",
        ),
        Wrong(
            "random requests kept",
            _answers_2_14(
                cache_key=lambda ns: lambda m, p, s: hashlib.sha256(f"{m}|{p}|{_sorted(s)}".encode()).hexdigest()
            ),
            "without a seed",
        ),
        Wrong("one JSON file", _answers_2_14(ResultCache=lambda ns: JsonFile), "Two writers"),
        Wrong("a JSON file read again", _answers_2_14(ResultCache=lambda ns: RereadJsonFile), "Two writers"),
        Wrong("an empty text called missing", _answers_2_14(ResultCache=lambda ns: Impatient), "An empty text"),
        Wrong("asked whether true", _answers_2_14(cached_text=_cached_if_true), "compare what the cache returns"),
        Wrong("never asked", _answers_2_14(cached_text=lambda ns: _never_cached), "must generate once"),
    ],
    "2.15": [
        Wrong("everything tried again", lambda ns: (ns["problems"], _retrying(ns, Exception)), "transient errors only"),
        Wrong("Ctrl-C tried again", lambda ns: (ns["problems"], _retrying(ns, BaseException)), "transient errors only"),
        Wrong("the same wait", lambda ns: (ns["problems"], _retrying(ns, factor=1)), "twice as long"),
        Wrong("no limit", lambda ns: (ns["problems"], _retrying(ns, limit=False)), "3 calls at most"),
        Wrong("a last wait", lambda ns: (ns["problems"], _retrying(ns, last_wait=True)), "after the last"),
        Wrong("not validated", lambda ns: (ns["problems"], _retrying(ns, validated=False)), "before the engine"),
        Wrong("the first problem alone", lambda ns: (_first_problem, ns["generate_with_retry"]), "name both"),
        Wrong("ValueError alone", lambda ns: (_only_value_errors, ns["generate_with_retry"]), "could not use"),
        Wrong("each parameter alone", lambda ns: (_alone, ns["generate_with_retry"]), "only together"),
    ],
    "2.16": [
        Wrong("a call a temperature", _answers_2_16(generate_variants=_variants_one_by_one), "in one call"),
        Wrong("one strategy", _answers_2_16(generate_variants=_one_strategy), "two strategies"),
        Wrong(
            "a sum for coherence",
            _answers_2_16(rank=lambda ns: _ranking(ns, coherence=lambda f: f["logprob"].map(math.exp))),
            "divide by the number",
        ),
        Wrong(
            "single words for diversity",
            _answers_2_16(
                rank=lambda ns: _ranking(ns, diversity=lambda f: [ns["distinct_n"](text, 1) for text in f["text"]])
            ),
            "different pairs",
        ),
        Wrong(
            "nan for an empty text",
            _answers_2_16(
                rank=lambda ns: _ranking(ns, diversity=lambda f: [ns["distinct_n"](text, 2) for text in f["text"]])
            ),
            "not nan",
        ),
        Wrong(
            "length without a limit",
            _answers_2_16(rank=lambda ns: _ranking(ns, length=lambda f: f["text"].str.split().str.len() / 20)),
            "at most 1",
        ),
        Wrong("the worst first", _answers_2_16(rank=lambda ns: lambda frame: ns["rank"](frame)[::-1]), "best first"),
        Wrong("bars in cells", _answers_2_16(report=lambda ns: _reporting(ns, bars=False)), "ends its cell"),
        Wrong("line breaks in cells", _answers_2_16(report=lambda ns: _reporting(ns, breaks=False)), "ends the row"),
        Wrong("no statistics", _answers_2_16(report=lambda ns: _reporting(ns, statistics=False)), "two tables"),
    ],
    "2.17": [
        Wrong("no warm-up", _answers_2_17(warm=False), "Warm up"),
        Wrong("texts end when they like", _answers_2_17(ignore_eos=False), "ignore_eos=True"),
        Wrong("a loop for a batch", _answers_2_17(batched=False), "with 4 prompts"),
        Wrong(
            "speed of one text",
            _answers_2_17(tokens_per_second=lambda f: f["tokens_per_second"] / f["batch_size"]),
            "the whole batch",
        ),
        Wrong("bytes", _answers_2_17(memory=lambda f: f["memory"] * 2**20), "divide bytes"),
        Wrong("total for first", _answers_2_17(time_to_first_token=lambda f: f["seconds"]), "must be less"),
    ],
}
