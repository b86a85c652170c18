"""The checks of exercises 2.9 to 2.17, tools around the engine. `vllm_course.check` finds them by number."""

import builtins
import contextlib
import copy
import csv
import datetime
import itertools
import json
import logging
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import numpy as np

from vllm_course import paths
from vllm_course.checks import exercise, markdown, require
from vllm_course.checks.gate import Gate
from vllm_course.checks.shapes import close, columns, keys, number
from vllm_course.checks.trying import Tried, described
from vllm_course.checks.verdict import NotYet
from vllm_course.checks.watch import Watch

PYTHON_OF_A_SCRIPT = """#!/bin/bash
[[ "$*" == *text_generation.py* ]] && set -- {folder}/stand_in.py {folder} "$@"
exec {python} "$@"
"""

# Stands for text_generation.py: takes the same options, prints and writes the same, without the seconds of an engine.
STAND_IN = r"""
import argparse, json, os, pathlib, runpy, sys
from vllm_course import paths
from vllm_course.completion.outputs import as_json, write_results
folder, parser = pathlib.Path(sys.argv[1]), argparse.ArgumentParser()
with (folder / "calls.jsonl").open("a") as file:
    print(json.dumps(sys.argv[2:]), file=file)
if (folder / "failing").exists():
    sys.exit("text_generation.py: this run is meant to fail")
parser.add_argument("--prompt", action="append", default=[])
parser.add_argument("--prompts-file", default=os.devnull)
parser.add_argument("--output")
parser.add_argument("--json", action="store_true")
args, _ = parser.parse_known_args(sys.argv[3:])
lines = pathlib.Path(args.prompts_file).read_text("utf-8").split("\n")
records = [
    {"prompt": prompt, "sample": 0, "text": f" text {place}", "tokens": 3, "finish_reason": "stop"}
    for place, prompt in enumerate([*args.prompt, *filter(str.strip, lines)], start=1)
]
if args.output:
    write_results(args.output, {}, records)
if args.json:
    sys.exit(print(json.dumps(as_json({}, records), indent=2, ensure_ascii=False)))
script = runpy.run_path(str(paths.lesson(2) / "text_generation.py"))
script["show_configuration"]({})
script["show"](records)
"""


@exercise(
    "2.9",
    hints=[
        "What takes the time: generating a text, or starting the process that generates it?",
        'Call the lesson\'s script once, with --prompts-file "$1" --output "$2/all.json", then let a few lines of '
        "Python write the text of each record into a file of its own.",
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
        prompts.write_text("The moon\nSay \"yes\", or no\nIt's 5 o'clock in the $HOME * town\n", encoding="utf-8")
        ran = _run_script(text, folder, str(prompts), str(results), "--max-tokens", "7")
        calls, said = (folder / "calls.jsonl").read_text().splitlines(), ran.stderr.strip().splitlines()[-1:]
        several = f"It starts {len(calls)} processes for 3 prompts, each loads the model: start one for all."
        require(len(calls) <= 1, several)
        require(ran.returncode == 0, f'It ended with {ran.returncode}: {said} Are "$1" and "$2" quoted?')
        require(len(calls) == 1, "It ended without having started text_generation.py by python.")
        passed_on = " --max-tokens 7" in " ".join(json.loads(calls[0]))
        require(passed_on, 'Pass what follows the two arguments on, so that options can be chosen: shift 2, then "$@".')
        files = sorted(results.glob("[0-9]*.txt")) or sorted(results.glob("*.txt"))
        require(len(files) == 3, f"There must be one .txt file a prompt in the second argument, not {len(files)}.")
        in_order = all(f"text {place}" in file.read_text("utf-8") for place, file in enumerate(files, start=1))
        require(in_order, "The files, sorted by name, must hold the completions in the order of the prompts.")
        (folder / "failing").touch()
        failed = _run_script(text, folder, str(prompts), f"{results} again")
        require(failed.returncode != 0, "When text_generation.py fails, the script must fail too: set -e.")


def _run_script(text: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run a script in the folder of the course, with a `python` that plays text_generation.py and notes its calls."""
    files = {"stand_in.py": STAND_IN, "batch generate.sh": text}
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
    _all_combinations(frame, [0.3, 0.5, 0.7, 0.9, 1.1], [0.7, 0.8, 0.9, 0.95, 0.99], n=4)
    _most_varied(frame, best)
    ratio = number(ratio, "The ratio must be a number: seconds over seconds.")
    require(ratio > 1, f"The ratio is {ratio:.2f}: divide the loop's time by the batch's.")
    watch, asked = Watch(llm), ("The sea", [0.5, 1.5], [0.5, 1.0])
    small = sweep_batched(watch, *asked, n=2, seed=3)
    (call,) = watch.asked("generate", 1, max_tokens=16)
    _all_combinations(small, *asked[1:], n=2)
    seeds = {p.seed + sample for p in call.params if p.seed is not None for sample in range(p.n)}
    require(seeds == {3, 4}, "The samples of a combination take the seeds seed, seed + 1, ...")
    again = sweep_batched(llm, *asked, n=2, seed=3)
    require(list(small["text"]) == list(again["text"]), "The same seed must give the same texts.")


def _all_combinations(frame, temperatures: list, top_ps: list, *, n: int) -> None:
    frame = columns(frame, ["temperature", "top_p", "text", "tokens", "logprob"])
    pairs = set(itertools.product(temperatures, top_ps))
    found = frame.groupby(["temperature", "top_p"]).size().to_dict()
    zipped = "zip pairs the lists up; take every temperature with every top_p."
    require(set(found) == pairs, f"There must be {len(pairs)} combinations, there are {len(found)}: {zipped}")
    require(set(found.values()) == {n}, f"There must be {n} texts a combination, there are {min(found.values())}.")


def _most_varied(frame, best) -> None:
    require(isinstance(best, tuple | list) and len(best) == 2, "The best must be a pair, (temperature, top_p).")
    best, groups = tuple(best), frame.groupby(["temperature", "top_p"])
    likely = groups["logprob"].sum() / groups["tokens"].sum()
    words = groups["text"].agg(lambda texts: len(set(" ".join(texts).split())))
    require(best in words.index, f"{best} is no combination of the sweep.")
    require(likely[best] > -1, f"At {best} the mean log probability of a token is {likely[best]:.2f}, not above -1.")
    most = words[likely > -1].max()
    require(words[best] == most, f"{best} has {words[best]} different words, another one that is whole has {most}.")


LOGGED = ["timestamp", "prompt", "text", "tokens", "characters", "finish_reason", "seconds", "parameters"]
ROW_BROKEN = "a comma, a quote or a line break in a text breaks the row: let the csv module write it."


@exercise(
    "2.11",
    functions={"generate_logged": "llm, prompts, sampling, log_file, csv_file -> list"},
    hints=[
        "csv.DictWriter quotes what must be quoted; the header is written when the file is new. logging.FileHandler "
        "appends; a handler that is added twice writes twice.",
        "Open the CSV with open(csv_file, 'a', newline='', encoding='utf-8') and write the header where "
        "file.tell() == 0. Log one line a text with %r, so that line breaks stay inside; remove and close the handler.",
    ],
    concept="request-output.md#completionoutput",
)
def logged(generate_logged, llm) -> None:
    """Generate, and keep what was done in a log file and a table."""
    prompts, sampling = ["First line\nsecond line", 'He said: "no, never"'], {"temperature": 0.0, "max_tokens": 6}
    with tempfile.TemporaryDirectory() as name, loggers_as_before():
        log_file, csv_file = Path(name) / "run.log", Path(name) / "run.csv"
        outputs = generate_logged(llm, prompts, sampling, log_file, csv_file)
        returned = len(outputs) == 2 and all(hasattr(output, "outputs") for output in outputs)
        require(returned, "Return the outputs of llm.generate.")
        seeded = sampling | {"seed": 5}
        generate_logged(llm, prompts[:1], seeded, log_file, csv_file, case="in a second call")
        rows = _rows_under_one_header(csv_file, prompts[0])
        for row, output, given in zip(rows, [*outputs, outputs[0]], [sampling, sampling, seeded], strict=True):
            _row_of_a_text(row, output, given)
        _one_line_a_text(log_file)


@contextlib.contextmanager
def loggers_as_before():
    """Close the handlers that an answer leaves on its loggers: their file goes away."""

    def handlers() -> set:
        names = [None, *logging.Logger.manager.loggerDict]
        return {(name, handler) for name in names for handler in logging.getLogger(name).handlers}

    before = handlers()
    try:
        yield
    finally:
        for name, handler in handlers() - before:
            logging.getLogger(name).removeHandler(handler)
            handler.close()


def _rows_under_one_header(file: Path, first: str) -> list[dict]:
    require(file.is_file(), "There is no CSV file at the second path.")
    with file.open(newline="", encoding="utf-8") as opened:
        try:
            rows = list(csv.DictReader(opened, strict=True))
        except csv.Error as error:
            raise NotYet(f"The CSV file cannot be read, {error}: {ROW_BROKEN}") from None
    require(bool(rows) and set(rows[0]) >= set(LOGGED), f"The columns must be {', '.join(LOGGED)}.")
    require("tokens" not in [row["tokens"] for row in rows], "Write the header once.")
    overwritten = len(rows) == 1 and rows[0]["prompt"] == first
    require(not overwritten, "The second call wrote over the first one's rows: append, mode 'a'.")
    require(len(rows) == 3, f"There must be 3 rows after 2 and 1 prompts, there are {len(rows)}: {ROW_BROKEN}")
    return rows


def _row_of_a_text(row: dict, output, sampling: dict) -> None:
    completion = output.outputs[0]
    unchanged = row["prompt"] == output.prompt and row["text"] == completion.text
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
    require(0 < seconds < 600, "seconds must be the time that generate took.")


def _one_line_a_text(file: Path) -> None:
    require(file.is_file(), "There is no log file at the first path.")
    lines = file.read_text("utf-8").splitlines()
    dated = [line for line in lines if re.match(r"\W?\d{1,4}[-./]\d\d?[-./]\d{1,4}\b", line)]
    count = f"The log must hold one line a text, 3 in all; it holds {len(dated)}"
    again = "the handler of the first call is still there in the second: remove and close it."
    require(len(dated) <= 3, f"{count}: {again}")
    require(len(lines) > 0, "The log is empty: give the logger the level INFO.")
    one_line = "Begin each line with the time, %(asctime)s, and show texts by %r: one line each."
    require(len(lines) == len(dated), one_line)
    require(len(dated) == 3, f"{count}.")


@exercise(
    "2.12",
    functions={"quantize": "weights -> pair"},
    hints=[
        "A scale maps the largest weight of a row to 127. Each row (output channel) has its own, so that one large "
        "weight does not coarsen all rows.",
        "scale = abs(weights).max(axis=1, keepdims=True) / 127, 1 where that is 0; the integers are "
        "np.round(weights / scale).astype(np.int8).",
        "KL(p || q) = sum of p * (log p - log q) over the vocabulary, with p from the original model; log "
        "probabilities come sorted, so sort both by token_id before you subtract.",
    ],
    concept="engine-arguments.md#quantization",
)
def quantized(quantize, folder, logprobs: dict, result: dict, llm) -> None:
    """Eight-bit weights: the arithmetic, the copy of the model, and what it costs in quality."""
    _rows_of_integers(quantize)
    keys(result, ["size_ratio", "kl", "same_texts"], "result_2_12 must be")
    size, kl, same = (number(result[name], f"{name} must be a number.") for name in ("size_ratio", "kl", "same_texts"))
    there = isinstance(folder, str | Path) and (Path(folder) / "model.safetensors").is_file()
    require(there, "int8_folder must be the folder that write_quantized returns.")
    original, copied = paths.models() / "pocket-base" / "model.safetensors", Path(folder) / "model.safetensors"
    ratio = original.stat().st_size / copied.stat().st_size
    upside_down = math.isclose(size, 1 / ratio, rel_tol=1e-3)
    require(not upside_down, "size_ratio is upside down: bytes of the original over bytes of the copy.")
    measured = math.isclose(size, ratio, rel_tol=1e-3)
    require(measured, f"size_ratio must be the ratio of the two model.safetensors, {ratio:.2f}.")
    _divergence(logprobs, kl, llm)
    require(same in range(7), "same_texts counts the prompts with the same greedy text, 0 to 6.")


def _rows_of_integers(quantize: Tried) -> None:
    weights = np.random.default_rng(0).normal(size=(6, 32)).astype(np.float32)
    weights[2] *= 100
    weights[4] = 0
    integers, scale = quantize(weights.copy())
    require(getattr(integers, "dtype", None) == np.int8, "The first result must be an int8 array: .astype(np.int8).")
    require(np.shape(scale) == (6, 1), f"There must be one scale a row, shape (6, 1), got {np.shape(scale)}.")
    usable = np.isfinite(scale).all() and (scale > 0).all()
    require(usable, "A row of zeros has the scale 0 and divides by it: use 1 there.")
    require(integers.shape == weights.shape, "The integers must have the shape of the weights.")
    error = (np.abs(integers * scale - weights) / scale).max()
    rounded = f"An error of {error:.2f} steps: round to the nearest, np.round before .astype, which cuts off."
    require(error <= 0.501, rounded)
    used = np.abs(integers.astype(int)).max(axis=1)[[0, 1, 2, 3, 5]].tolist()
    require(used == [127] * 5, f"Each row's largest weight must become 127, got {used}: a scale for each row.")


def _divergence(logprobs: dict, kl: float, llm) -> None:
    from vllm_course import next_token

    keys(logprobs, ["base", "int8"], "logprobs_2_12 must be")
    base, int8 = np.array(logprobs["base"]), np.array(logprobs["int8"])
    require(base.shape == int8.shape and base.ndim == 2, "Give two arrays, one row a prompt, one column a token.")
    own = next_token(llm, "The capital of France is").sort_values("token_id")["logprob"].to_numpy()
    in_order = base.shape[1] == len(own) and any(np.allclose(row, own, atol=1e-3) for row in base)
    require(in_order, 'base must hold the original model\'s row for "The capital of France is", sorted by token_id.')
    require(not np.array_equal(base, int8), "Both are the same to the last digit: was one model asked twice?")
    true = float((np.exp(base) * (base - int8)).sum(axis=1).mean())
    turned = float((np.exp(int8) * (int8 - base)).sum(axis=1).mean())
    # The two are near each other, how near depends on the processor: whichever is nearer was computed.
    other_way = math.isclose(kl, turned, rel_tol=1e-3) and abs(kl - turned) < abs(kl - true)
    require(not other_way, "That is KL(int8 || base): weigh by the original's probabilities.")
    require(math.isclose(kl, true, rel_tol=1e-3), "kl must be the mean over the prompts of sum(p * (log p - log q)).")
    require(0 < kl < 0.05, f"A divergence of {kl:.3f} is more than int8 costs: did scales and rows match?")


WRONG_PARAMETERS = [{"temperature": -1}, {"temperature": 2.5}, {"top_p": 0}, {"max_tokens": 0}, {"max_tokens": 513}]
WRONG_PARAMETERS += [{"temprature": 0.5}]
BAD_REQUESTS = [{"prompt": ""}, {"temperature": 1.0}, *({"prompt": "The moon"} | wrong for wrong in WRONG_PARAMETERS)]


@exercise(
    "2.13",
    functions={"create_app": "llm -> value"},
    hints=[
        "A pydantic model with Field(ge=0, le=2) and extra='forbid' answers 422 by itself. A plain def runs in a "
        "thread of its own, so several may reach the engine at once.",
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
        _wrong_requests_refused(client, gate)
        alive = not gate.blocked.is_set() and _health_before_four(client, gate)
    require(alive, "While a text is generated /health does not answer: async def blocks the server, use a plain def.")
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


def _wrong_requests_refused(client, gate: Gate) -> None:
    before = len(gate.calls)
    for body in BAD_REQUESTS:
        status = client.post("/generate", json=body).status_code
        refused = f"{body} must be answered with 422, got {status}: declare the rule in the pydantic model."
        require(status == 422, refused)
    require(len(gate.calls) == before, "A wrong request must not reach the engine.")
    status = client.post("/generate", json={"prompt": "word " * 3000}).status_code
    longer = f"A prompt longer than the context is the client's mistake, got {status}"
    no_value_error = "catch VLLMValidationError, which is no ValueError, and raise HTTPException."
    require(status in {400, 413, 422}, f"{longer}: {no_value_error}")


def _health_before_four(client, gate: Gate) -> bool:
    """Whether /health answers while four requests are there, none of which gets past the gate."""
    import httpx

    body = {"prompt": "The moon", "max_tokens": 2, "seed": 1}
    with ThreadPoolExecutor() as pool, gate.shut():
        for _ in range(4):
            pool.submit(client.post, "/generate", json=body)
        gate.entered.wait(timeout=60)
        try:
            alive = client.get("/health", timeout=10).status_code == 200
        except httpx.TimeoutException:
            return False
        for _ in range(4):
            gate.arrived.acquire(timeout=60)
        gate.overlapped.wait(timeout=1)  # all are there: without a lock the next one calls at once
    return alive


RANDOM_REQUESTS = [{}, {"temperature": 0.7}, {"temperature": 0.7, "seed": None}]
OTHER_PARAMETERS = [{"max_tokens": 9}, {"top_k": 5, "temperature": 0.5}, {"logit_bias": {5: 2.0}}, {"stop": ["."]}]
OTHER_PARAMETERS += [{"allowed_token_ids": [5]}, {"ignore_eos": True}, {"seed": 2}]
OTHER_REQUESTS = [("n", "p", {}), ("m", "q", {}), *(("m", "p", other) for other in OTHER_PARAMETERS)]
OTHER_REQUESTS += [("mp", "", {}), ("", "mp", {})]


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
        "sqlite3.connect(path, timeout=30) for each operation; INSERT OR REPLACE. SQLite lets one writer in at a time.",
    ],
    concept="sampling-parameters.md#reproducibility",
)
def result_cache(cache_key, ResultCache, cached_text, llm) -> None:  # noqa: N803
    """A cache: the key, the file, and its use before an engine."""
    _key_of_a_request(cache_key)
    with tempfile.TemporaryDirectory() as name:
        _texts_are_kept(ResultCache, Path(name) / "cache.db")
        _asked_before_generating(cached_text, ResultCache(Path(name) / "other.db"), llm)


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
        request = f"model {model!r}, prompt {prompt!r}, {sampling or 'no change'}"
        require(found.count(key) == 1, f"{request}: the key is that of another request.")


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


def _texts_are_kept(ResultCache: Tried, path: Path) -> None:  # noqa: N803
    first, second = ResultCache(path), ResultCache(path)
    get = Tried(getattr(first, "get", None), "get", "key -> value")
    put = Tried(getattr(first, "put", None), "put", "key, text -> value")
    require(get("a") is None, "get must return None for a key that is not there.")
    put("a", "text")
    put("e", "")
    require(get("a") == "text", "get must return what put was given.")
    require(get("e") == "", "An empty text is a text; None means that there is none.")
    second.put("b", "more")
    lost, kept = "Two writers: what the one put is gone when the other has written.", ResultCache(path)
    require((kept.get("a"), kept.get("b")) == ("text", "more"), lost)

    def write(cache, keys: list[str]) -> None:
        for key in keys:
            cache.put(key, "t" * 200)

    written = [[f"{name}{i}" for i in range(15)] for name in "xyz"]
    caches = [ResultCache(path) for _ in written]
    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(write, cache, keys) for cache, keys in zip(caches, written, strict=True)]
    get = Tried(kept.get, "get", "key -> value")
    missing = [key for keys in written for key in keys if get.ending(key)[0] != "t" * 200]
    failed = [f"put raised {described(error)}." for writer in writers if (error := writer.exception())]
    at_once = f"Of 45 texts that three wrote at once {len(missing)} are not there."
    require(not missing, " ".join([lost, at_once, *failed[:1]]))


def _asked_before_generating(cached_text: Tried, cache, llm) -> None:
    from vllm import SamplingParams

    watch, greedy = Watch(llm), {"temperature": 0.0, "max_tokens": 6}
    text = llm.generate("The sun", SamplingParams(**greedy))[0].outputs[0].text
    empty = {"temperature": 0.0, "max_tokens": 1, "stop": [text[:1]]}
    for sampling, wanted, calls, why in (
        (greedy, text, 1, "The same request twice must generate once"),
        ({"temperature": 1.0, "max_tokens": 6}, None, 3, "A random request without a seed is generated every time"),
        (empty, "", 4, "An empty text was generated again: compare what the cache returns with None"),
    ):
        found = {cached_text(watch, cache, "pocket-base", "The sun", sampling) for _ in range(2)}
        require(wanted is None or found == {wanted}, "cached_text must return the text that llm.generate gives.")
        require(len(watch.calls) == calls, f"{why}; there are {len(watch.calls)} calls, not {calls}.")


# Sampling parameters, what each message about them must hold, and why.
PROBLEMS = [
    ({}, [], "Good parameters give an empty list."),
    ({"temperature": 0.5, "seed": 0}, [], "Good parameters give an empty list."),
    ({"temperature": -1, "max_tokens": 0, "top_p": 0.5}, ["temperature -1", "max_tokens 0"], "Name both wrong ones."),
    ({"temprature": 1}, ["temprature"], "An unknown parameter raises TypeError, and is a problem too."),
    ({"temperature": "hot"}, ["temperature"], "A text where a number belongs is a problem, not a crash."),
    ({"n": 2, "temperature": 0.0}, [""], "They are wrong only together: try all parameters at once as well."),
]


class Flaky:
    """An engine that fails as often as it is told, as one behind a network may."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors, self.calls = list(errors), 0

    def generate(self, prompts, sampling_params=None, *args, **options) -> list:
        """Raise the next error, or return an answer."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return ["answer"]


def _ended(generate_with_retry: Tried, *errors: BaseException, pause: float = 0.1, **sampling) -> tuple:
    """Return how it ended on an engine that fails: value and error, calls of the engine, and waits."""
    engine, waits = Flaky(*errors), []
    try:
        given = engine, ["The moon"], sampling or {"temperature": 0.5}
        found, error = generate_with_retry.ending(*given, attempts=3, pause=pause, sleep=waits.append)
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
        "problems: try SamplingParams(**{name: value}) for each parameter alone, and except (VLLMError, TypeError, "
        "ValueError); where none is wrong alone, try all together.",
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
    for error in (VLLMValidationError("prompt is too long"), TypeError("an error in the program"), KeyboardInterrupt()):
        _, came_out, calls, _ = _ended(generate_with_retry, error)
        name = type(error).__name__
        again = f"{name} was tried again. It fails the same way every time: retry transient errors only."
        require(calls == 1, again)
        require(came_out is error, f"{name} must come out as it is.")
    _, error, calls, _ = _ended(generate_with_retry, temperature=-1, max_tokens=0)
    require(calls == 0, "Parameters that are out of range must be refused before the engine is asked.")
    both = isinstance(error, ValueError) and "temperature" in str(error) and "max_tokens" in str(error)
    require(both, "Raise a ValueError that names every problem, so that a user mends all of them at once.")


def _transient_errors(generate_with_retry: Tried) -> None:
    found, _, _, waits = _ended(generate_with_retry, ConnectionError("reset"), TimeoutError("slow"), pause=0.5)
    require(found == ["answer"], "Two transient failures, then success: return the answer.")
    doubled = f"Wait pause, then twice as long each time, by sleep(...): 0.5, 1.0. You waited {waits}."
    require(len(waits) == 2 and close(waits[0], 0.5) and close(waits[1], 1.0), doubled)
    errors = [ConnectionError(f"failure {number}") for number in range(1, 20)]
    _, error, calls, waits = _ended(generate_with_retry, *errors)
    require(calls == 3, f"attempts=3 means 3 calls at most, there were {calls}.")
    require(error is errors[2], "When the last attempt fails, its error must come out: raise.")
    require(len(waits) == 2, "Do not wait after the last attempt: nothing follows.")


TEXTS_TO_RANK = [
    ("one and one and one and one and one and one", 12, -6.0),
    (" ".join(f"word{i}" for i in range(40)), 40, -4.0),
    ("", 1, -2.0),
    ("A text with | a bar\nand a second line", 10, -1.0),
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
        r'In a Markdown cell replace "|" by "\|" and join text.split() by blanks; statistics come from '
        'groupby("temperature").agg(["mean", "std"]).',
    ],
    concept="request-output.md#cumulative_logprob",
)
def content_generator(generate_variants, rank, report, llm) -> None:
    """Texts about a topic in one batch, ranked by three metrics, and reported in Markdown."""
    import pandas as pd

    frame = pd.DataFrame(TEXTS_TO_RANK, columns=["text", "tokens", "logprob"])
    more = {"temperature": [0.3, 0.3, 1.2, 1.2], "sample": [0, 1, 0, 1], "finish_reason": "stop"}
    ranked = rank(frame.assign(prompt="About a:", **more))
    _ranking(ranked)
    _markdown(report("a | b", ranked), ranked)
    _variants(generate_variants, Watch(llm))


def _variants(generate_variants: Tried, watch: Watch) -> None:
    frame = generate_variants(watch, "the sea", [0.3, 1.2], n=2)
    watch.asked("generate", 1)
    frame = columns(frame, ["prompt", "temperature", "text", "tokens", "logprob"])
    on_topic = all("the sea" in str(prompt).lower() for prompt in frame["prompt"])
    require(on_topic, "The topic must be in every prompt.")
    require(frame["prompt"].nunique() >= 2, "Use at least two strategies: prompts that begin in different ways.")
    require(set(frame["temperature"]) == {0.3, 1.2}, "Use every temperature.")
    counts = frame.groupby(["prompt", "temperature"]).size()
    require(set(counts) == {2}, f"Generate n texts for every prompt and temperature, there are {counts.min()}.")


def _ranking(ranked) -> None:
    columns(ranked, ["text", "length", "diversity", "coherence", "quality"], "rank must return")
    kept = sorted(ranked["text"]) == sorted(text for text, _, _ in TEXTS_TO_RANK)
    require(kept, "rank must keep all texts, an empty one too.")
    repeated, varied, empty = (ranked[ranked["text"] == text].iloc[0] for text, _, _ in TEXTS_TO_RANK[:3])
    long = close(varied["length"], 1) and close(repeated["length"], 11 / 40)
    require(long, "length must be words / 40, at most 1.")
    pairs = "diversity must be different pairs of words out of all pairs: 2 of 10 in 'one and one and ...'."
    require(close(varied["diversity"], 1) and close(repeated["diversity"], 0.2), pairs)
    nothing = empty["diversity"] == 0 and empty["length"] == 0
    require(nothing, "A text without words has length 0 and diversity 0, not nan.")
    summed = close(varied["coherence"], math.exp(-4))
    require(not summed, "coherence must divide by the number of tokens, or long texts always lose.")
    fair = close(varied["coherence"], math.exp(-0.1)) and close(empty["coherence"], math.exp(-2))
    require(fair, "coherence must be exp(logprob / tokens), a probability from 0 to 1.")
    means = ranked[["length", "diversity", "coherence"]].mean(axis=1)
    require(all(map(close, ranked["quality"], means)), "quality must be the mean of the three.")
    require(ranked["quality"].is_monotonic_decreasing, "Sort by quality, the best first.")


def _markdown(text: str, ranked) -> None:
    require(text.lstrip().startswith("# "), "report must return a text that begins with a heading, # ...")
    tables = markdown.tables(text)
    require(len(tables) >= 2, f"There must be two tables, all texts and statistics; there are {len(tables)}.")
    lengths = [(len(row), len(table[0])) for table in tables for row in table]
    torn, ragged = any(row < head for row, head in lengths), any(row > head for row, head in lengths)
    require(not torn, "A line break in a text ends the row of a table: put blanks there.")
    require(not ragged, r"A bar in a text ends its cell: write it as \|.")
    require(any(len(table) == 5 for table in tables), "A table must have one row a text.")
    statistics = [" ".join(itertools.chain(*table)) for table in tables if len(table) == 3]
    require(bool(statistics), "The statistics must have one row a temperature.")
    means = [f"{mean:.2f}" for mean in ranked.groupby("temperature")["quality"].mean()]
    shown = any(all(mean in table for mean in means) for table in statistics)
    require(shown, "The statistics must hold the mean quality of each temperature, with two decimals.")
    best, quoted = ranked["text"].iloc[0][:60], " ".join(text.replace("> ", " ").split())
    require(" ".join(best.split()) in quoted, "The best text must be in the report as it is.")


MEASURED = ["batch_size", "max_tokens", "tokens", "seconds", "tokens_per_second", "time_to_first_token", "memory"]


class Ending(Watch):
    """An engine whose texts end at once, wherever the end-of-sequence token is allowed to come and to count."""

    def generate(self, prompts, sampling_params=None, *args, **options) -> list:
        """Make that token by far the likeliest, and pass the call on."""
        params = copy.deepcopy(sampling_params or self.llm.get_default_sampling_params())
        for each in params if isinstance(params, list | tuple) else [params]:
            each.logit_bias = {self.llm.get_tokenizer().eos_token_id: 100.0} | (each.logit_bias or {})
        return super().generate(prompts, params, *args, **options)


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
    """A table of speed and memory, one row a setting."""
    watch, wanted = Ending(llm), [(1, 6), (1, 12), (4, 6), (4, 12)]
    frame = columns(benchmark(watch, [1, 4], [6, 12]), MEASURED)
    settings = list(zip(frame["batch_size"], frame["max_tokens"], strict=True))
    require(sorted(settings) == wanted, f"There must be one row a batch size and max_tokens, got {settings}.")
    _comparable_calls(watch)
    warm = len(watch.calls) > len(wanted)
    require(warm, "Warm up: the first call pays for what is set up once, so make one that is not measured.")
    for row in frame.itertuples():
        _speed_and_memory(row)


def _comparable_calls(watch: Watch) -> None:
    batches = [call for call in watch.calls if len(call.prompts) == 4]
    require(len(batches) >= 2, "A batch of 4 must be one call of generate with 4 prompts.")
    asked = {params.max_tokens for call in batches for params in call.params}
    require(asked >= {6, 12}, "Use every value of max_tokens.")
    for call in batches:
        for params, output in zip(call.params, call.outputs, strict=True):
            length, differ = len(output.outputs[0].token_ids), "and then two runs measure different work"
            short = f"A text of {length} tokens ended before max_tokens={params.max_tokens}, {differ}: ignore_eos=True."
            require(length == params.max_tokens, short)


def _speed_and_memory(row) -> None:
    tokens = row.batch_size * row.max_tokens
    counted = f"{row.batch_size} texts of {row.max_tokens} tokens are {tokens}, got {row.tokens}: count token_ids."
    require(row.tokens == tokens, counted)
    require(0 < row.seconds < 600, "seconds must be the time that generate took.")
    speed = math.isclose(row.tokens_per_second, row.tokens / row.seconds, rel_tol=0.01)
    require(speed, "tokens_per_second must be the tokens of the whole batch over the seconds of the whole call.")
    first = f"time_to_first_token is {row.time_to_first_token:.4f} of {row.seconds:.4f} s in all"
    require(0 < row.time_to_first_token < row.seconds, f"{first}: it must be less. Take it from output.metrics.")
    require(50 < row.memory < 4e6, f"memory must be in MiB, got {row.memory:g}: divide bytes by 2**20.")
