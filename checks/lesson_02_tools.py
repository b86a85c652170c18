"""The checks of exercises 2.9 to 2.17, tools around the engine. `vllm_course.check` finds them by number."""

import asyncio
import builtins
import contextlib
import csv
import datetime
import json
import logging
import math
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from vllm_course import paths
from vllm_course.checks import exercise, require

PROMPTS = ["The moon", 'Say "yes", or no', "It's 5 o'clock in the $HOME * town"]


class Watch:
    """Stands before an engine and notes every call of `generate`."""

    def __init__(self, llm) -> None:
        self.llm, self.calls = llm, []

    def generate(self, prompts, sampling_params=None, **options) -> list:
        """Pass the call on."""
        self.calls.append((prompts, sampling_params))
        return self.llm.generate(prompts, sampling_params, **options)

    def __getattr__(self, name: str):
        return getattr(self.llm, name)


# 2.9 ----------------------------------------------------------------------------------------------------------------

PYTHON = """#!/bin/bash
case " $* " in
*text_generation.py*) exec {python} {pretender} "$@" ;;
*) exec {python} "$@" ;;
esac
"""

# Stands for text_generation.py: reads the same options and writes the same files, without the seconds of an engine.
PRETENDER = """
import argparse, json, os, sys
sys.path.insert(0, {lesson!r})
from vllm_course.completion.outputs import write_results
with open({record!r}, "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
if os.path.exists({failing!r}):
    sys.exit("text_generation.py: this run is meant to fail")
parser = argparse.ArgumentParser()
parser.add_argument("--prompt", action="append", default=[])
parser.add_argument("--prompts-file", default=os.devnull)
parser.add_argument("--output")
args, _ = parser.parse_known_args(sys.argv[2:])
prompts = args.prompt + [line.strip() for line in open(args.prompts_file) if line.strip()]
records = [
    {{"prompt": prompt, "sample": 0, "text": f" text {{place}}", "tokens": 3, "finish_reason": "stop"}}
    for place, prompt in enumerate(prompts, start=1)
]
if args.output:
    write_results(args.output, {{}}, records)
for record in records:
    print(record["prompt"] + record["text"])
"""


class Shell:
    """Runs a shell script with a `python` that pretends to be text_generation.py and notes how it was called."""

    def __init__(self, folder: Path, script: str) -> None:
        self.folder, self.script = folder, folder / "batch generate.sh"
        self.script.write_text(script, encoding="utf-8")
        self.record, self.failing = folder / "record.jsonl", folder / "failing"
        (folder / "bin").mkdir()
        self._pretend()

    def _pretend(self) -> None:
        pretender = self.folder / "pretender.py"
        places = {"lesson": str(paths.lesson(2)), "record": str(self.record), "failing": str(self.failing)}
        pretender.write_text(PRETENDER.format(**places), encoding="utf-8")
        for name in ("python", "python3"):
            python = self.folder / "bin" / name
            python.write_text(PYTHON.format(python=f"'{sys.executable}'", pretender=f"'{pretender}'"))
            python.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the script in the folder of the course."""
        stub = self.folder / "bin"
        environment = os.environ | {"PATH": f"{stub}:{os.environ['PATH']}", "PYTHON": str(stub / "python")}
        command = ["bash", str(self.script), *arguments]
        return subprocess.run(
            command, cwd=paths.root(), env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    @property
    def calls(self) -> list[list[str]]:
        """The command lines of text_generation.py so far."""
        return [json.loads(line) for line in self.record.read_text().splitlines()] if self.record.exists() else []


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
    text = Path(script).read_text("utf-8") if isinstance(script, Path) else script
    require("text_generation.py" in text, "The script must call lessons/02-text-generation/text_generation.py.")
    with tempfile.TemporaryDirectory() as name:
        _try_script(Shell(Path(name), text), Path(name) / "prompts of today.txt", Path(name) / "results of today")


def _try_script(shell: Shell, prompts: Path, results: Path) -> None:
    prompts.write_text("\n".join(PROMPTS) + "\n", encoding="utf-8")
    ran = shell.run(str(prompts), str(results), "--max-tokens", "7")
    wrong = ran.stderr.strip().splitlines()[-1:] or ["no message"]
    each = len(shell.calls) > 1
    require(not each, f"It starts {len(shell.calls)} processes for 3 prompts, each loads the model: start one for all.")
    require(ran.returncode == 0, f'It ended with {ran.returncode}: {wrong[0]} Are "$1" and "$2" quoted?')
    require(len(shell.calls) == 1, "It ended without having started text_generation.py by python.")
    passed_on = " --max-tokens 7" in " ".join(shell.calls[0])
    require(passed_on, 'Pass what follows the two arguments on, so that options can be chosen: shift 2, then "$@".')
    files = sorted(path for path in results.glob("*.txt")) if results.is_dir() else []
    require(len(files) == 3, f"There must be one .txt file a prompt in the second argument, there are {len(files)}.")
    texts = [path.read_text("utf-8") for path in files]
    order = all(f"text {place}" in text for place, text in enumerate(texts, start=1))
    require(order, "The files, sorted by name, must hold the completions in the order of the prompts.")
    shell.failing.touch()
    failed = shell.run(str(prompts), str(results) + " again")
    require(failed.returncode != 0, "When text_generation.py fails, the script must fail too: set -e.")


# 2.10 ---------------------------------------------------------------------------------------------------------------


@exercise(
    "2.10",
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
    require(callable(sweep_batched), "sweep_batched must be a function of llm, prompt, temperatures, top_ps, n, seed.")
    _require_sweep(frame, [0.3, 0.5, 0.7, 0.9, 1.1], [0.7, 0.8, 0.9, 0.95, 0.99], n=4)
    _require_best(frame, best)
    require(isinstance(ratio, float) and math.isfinite(ratio), "The ratio must be a number: seconds over seconds.")
    require(ratio > 1, f"The ratio is {ratio:.2f}: divide the loop's time by the batch's.")
    watch = Watch(llm)
    small = sweep_batched(watch, "The sea", [0.5, 1.5], [0.5, 1.0], n=2, seed=3)
    require(len(watch.calls) == 1, f"Call generate once for all combinations, not {len(watch.calls)} times for 4.")
    _require_sweep(small, [0.5, 1.5], [0.5, 1.0], n=2)
    asked = watch.calls[0][1] if isinstance(watch.calls[0][1], list) else [watch.calls[0][1]]
    require({p.max_tokens for p in asked} == {16}, "Use max_tokens=16, as the loop does.")
    require({p.seed for p in asked} == {3, 4}, "The samples of a combination take the seeds seed, seed + 1, ...")
    again = sweep_batched(llm, "The sea", [0.5, 1.5], [0.5, 1.0], n=2, seed=3)
    require(list(small["text"]) == list(again["text"]), "The same seed must give the same texts.")


def _require_sweep(frame, temperatures: list, top_ps: list, *, n: int) -> None:
    columns = {"temperature", "top_p", "text", "tokens", "logprob"}
    require(hasattr(frame, "columns") and columns <= set(frame), f"Give a DataFrame with {', '.join(sorted(columns))}.")
    pairs = {(t, p) for t in temperatures for p in top_ps}
    found = frame.groupby(["temperature", "top_p"]).size().to_dict()
    zipped = "zip pairs the lists up; take every temperature with every top_p."
    require(set(found) == pairs, f"There must be {len(pairs)} combinations, there are {len(found)}: {zipped}")
    require(set(found.values()) == {n}, f"There must be {n} texts a combination, there are {min(found.values())}.")


def _require_best(frame, best) -> None:
    require(isinstance(best, tuple) and len(best) == 2, "The best must be a pair, (temperature, top_p).")
    groups = frame.groupby(["temperature", "top_p"])
    likely = groups["logprob"].sum() / groups["tokens"].sum()
    words = groups["text"].agg(lambda texts: len(set(" ".join(texts).split())))
    require(best in words.index, f"{best} is no combination of the sweep.")
    require(likely[best] > -1, f"At {best} the mean log probability of a token is {likely[best]:.2f}, not above -1.")
    most = words[likely > -1].max()
    require(words[best] == most, f"{best} has {words[best]} different words, another one that is whole has {most}.")


# 2.11 ---------------------------------------------------------------------------------------------------------------

LOGGED = ["timestamp", "prompt", "text", "tokens", "characters", "finish_reason", "seconds", "parameters"]


@exercise(
    "2.11",
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
    require(callable(generate_logged), "generate_logged must be a function of llm, prompts, sampling, two files.")
    prompts, sampling = ["First line\nsecond line", 'He said: "no, never"'], {"temperature": 0.0, "max_tokens": 6}
    with tempfile.TemporaryDirectory() as name, _handlers_back():
        files = Path(name) / "run.log", Path(name) / "run.csv"
        files[1].unlink(missing_ok=True)
        outputs = generate_logged(llm, prompts, sampling, *files)
        require(isinstance(outputs, list) and len(outputs) == 2, "Return the outputs of llm.generate.")
        generate_logged(llm, prompts[:1], sampling | {"seed": 5}, *files)
        _require_table(files[1], [*outputs, outputs[0]], [sampling, sampling, sampling | {"seed": 5}])
        _require_log(files[0])


@contextlib.contextmanager
def _handlers_back():
    """Close handlers that an answer leaves on its loggers: their file goes away."""
    before = {name: list(logging.getLogger(name).handlers) for name in [None, *logging.Logger.manager.loggerDict]}
    try:
        yield
    finally:
        for name in [None, *logging.Logger.manager.loggerDict]:
            logger = logging.getLogger(name)
            for handler in [h for h in logger.handlers if h not in before.get(name, [])]:
                logger.removeHandler(handler)
                handler.close()


def _require_table(file: Path, outputs: list, samplings: list[dict]) -> None:
    require(file.is_file(), "There is no CSV file at the second path.")
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened, strict=True))
    require(set(rows[0] if rows else ()) >= set(LOGGED), f"The columns must be {', '.join(LOGGED)}.")
    require(rows[-1]["tokens"] != "tokens" and "tokens" not in [r["tokens"] for r in rows], "Write the header once.")
    overwritten = len(rows) == 1 and rows[0]["prompt"] == outputs[2].prompt
    require(not overwritten, "The second call wrote over the first one's rows: append, mode 'a'.")
    broken = "a comma, a quote or a line break in a text breaks the row: let the csv module write it."
    require(len(rows) == 3, f"There must be 3 rows after 2 and 1 prompts, there are {len(rows)}: {broken}")
    for row, output, sampling in zip(rows, outputs, samplings, strict=True):
        _require_row(row, output, sampling, broken)


def _require_row(row: dict, output, sampling: dict, broken: str) -> None:
    completion = output.outputs[0]
    require(row["prompt"] == output.prompt and row["text"] == completion.text, f"A text came back changed: {broken}")
    require(row["tokens"] == str(len(completion.token_ids)), "tokens must be the number of token_ids.")
    require(row["characters"] == str(len(completion.text)), "characters must be the length of the text.")
    require(row["finish_reason"] == completion.finish_reason, "finish_reason must be the completion's own.")
    with contextlib.suppress(ValueError):
        require(json.loads(row["parameters"]) == sampling, "parameters must hold all of sampling, as JSON.")
        moment = datetime.datetime.fromisoformat(row["timestamp"])
        require(moment.tzinfo is not None, "A timestamp without its time zone means another moment elsewhere.")
        require(0 < float(row["seconds"]) < 600, "seconds must be the time that generate took.")
        return
    raise ValueError("parameters must be JSON, timestamp ISO 8601, seconds a number")


def _require_log(file: Path) -> None:
    require(file.is_file(), "There is no log file at the first path.")
    lines = file.read_text("utf-8").splitlines()
    dated = [line for line in lines if re.match(r"\d{4}-\d\d-\d\d", line)]
    again = "the handler of the first call is still there in the second: remove and close it."
    require(len(dated) <= 3, f"The log must hold one line a text, 3 in all; it holds {len(dated)}: {again}")
    require(len(lines) > 0, "The log is empty: give the logger the level INFO.")
    require(
        len(lines) == len(dated), "Begin each line with the time, %(asctime)s, and show texts by %r: one line each."
    )
    require(len(dated) == 3, f"The log must hold one line a text, 3 in all; it holds {len(dated)}.")


# 2.12 ---------------------------------------------------------------------------------------------------------------


@exercise(
    "2.12",
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
    require(callable(quantize), "quantize must be a function of a matrix that returns integers and scales.")
    _require_arithmetic(quantize)
    original = paths.models() / "pocket-base" / "model.safetensors"
    ratio = original.stat().st_size / (Path(folder) / "model.safetensors").stat().st_size
    require(set(result) == {"size_ratio", "kl", "same_texts"}, "The keys must be size_ratio, kl and same_texts.")
    upside_down = math.isclose(result["size_ratio"], 1 / ratio, rel_tol=1e-3)
    require(not upside_down, "size_ratio is upside down: bytes of the original over bytes of the copy.")
    close = math.isclose(result["size_ratio"], ratio, rel_tol=1e-3)
    require(close, f"size_ratio must be the ratio of the two model.safetensors, {ratio:.2f}.")
    _require_divergence(logprobs, result["kl"], llm)
    require(result["same_texts"] in range(7), "same_texts counts the prompts with the same greedy text, 0 to 6.")


def _require_arithmetic(quantize) -> None:
    weights = np.random.default_rng(0).normal(size=(6, 32)).astype(np.float32)
    weights[2] *= 100
    weights[4] = 0
    integers, scale = quantize(weights.copy())
    require(getattr(integers, "dtype", None) == np.int8, "The first result must be an int8 array: .astype(np.int8).")
    finite = np.isfinite(scale).all()
    require(np.shape(scale) == (6, 1), f"There must be one scale a row, shape (6, 1), got {np.shape(scale)}.")
    require(finite and (scale > 0).all(), "A row of zeros has the scale 0 and divides by it: use 1 there.")
    errors = np.abs(integers * scale - weights) / scale
    require(integers.shape == weights.shape, "The integers must have the shape of the weights.")
    require(errors.max() < 0.9, f"An error of {errors.max():.1f} steps: round to the nearest, do not cut off.")
    require(errors.max() <= 0.501, f"An error of {errors.max():.2f} steps: np.round before .astype, which cuts off.")
    used = np.abs(integers.astype(int)).max(axis=1)[[0, 1, 2, 3, 5]]
    require(
        (used == 127).all(), f"Each row's largest weight must become 127, got {used.tolist()}: a scale for each row."
    )


def _require_divergence(logprobs: dict, kl: float, llm) -> None:
    from vllm_course import next_token

    require(set(logprobs) == {"base", "int8"}, "The log probabilities must be a dict of base and int8.")
    base, int8 = np.array(logprobs["base"]), np.array(logprobs["int8"])
    require(base.shape == int8.shape and base.ndim == 2, "Give two arrays, one row a prompt, one column a token.")
    own = next_token(llm, "The capital of France is").sort_values("token_id")["logprob"].to_numpy()
    ordered = any(np.allclose(row, own, atol=1e-3) for row in base)
    require(ordered, 'base must hold the original model\'s row for "The capital of France is", sorted by token_id.')
    require(not np.array_equal(base, int8), "Both are the same to the last digit: was one model asked twice?")
    true = float((np.exp(base) * (base - int8)).sum(axis=1).mean())
    turned = float((np.exp(int8) * (int8 - base)).sum(axis=1).mean())
    # The two are near each other, how near depends on the processor: whichever is nearer was computed.
    other_way = math.isclose(kl, turned, rel_tol=1e-3) and abs(kl - turned) < abs(kl - true)
    require(not other_way, "That is KL(int8 || base): weigh by the original's probabilities.")
    require(math.isclose(kl, true, rel_tol=1e-3), "kl must be the mean over the prompts of sum(p * (log p - log q)).")
    require(0 < kl < 0.05, f"A divergence of {kl:.3f} is more than int8 costs: did scales and rows match?")


# 2.13 ---------------------------------------------------------------------------------------------------------------

BAD_REQUESTS = {
    "an empty prompt": {"prompt": ""},
    "no prompt": {"temperature": 1.0},
    "temperature=-1": {"prompt": "The moon", "temperature": -1},
    "max_tokens=0": {"prompt": "The moon", "max_tokens": 0},
    "a misspelt temprature": {"prompt": "The moon", "temprature": 0.5},
}


@exercise(
    "2.13",
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

    require(callable(create_app), "create_app must be a function of llm.")
    gate = Gate(llm)
    app = create_app(gate)
    require(hasattr(app, "openapi"), "create_app must return the FastAPI application.")
    with serving(gate.counting(app)) as url, httpx.Client(base_url=url, timeout=60) as client:
        _require_answers(client, llm)
        _require_refusals(client, gate)
        _require_health(client, gate)
        _require_one_at_a_time(client, gate)


class Gate(Watch):
    """An engine that a check can hold shut, and that sees who stands before it.

    One call at a time passes through to the engine, whatever the application does.

    Attributes:
        arrived: Requests to /generate that have reached the application.
        entered: Whether a call has come as far as the gate.
        overlapped: Whether two calls were there at the same time.
        blocked: Whether a call was made in the event loop, where nothing else runs until it returns.
    """

    def __init__(self, llm) -> None:
        super().__init__(llm)
        self.arrived, self.overlapped, self.blocked = 0, False, False
        self.entered, self._open, self._busy = threading.Event(), threading.Event(), threading.Lock()
        self._open.set()

    def counting(self, app):
        """Return the application, with every request to /generate counted."""

        async def counted(scope, receive, send) -> None:
            self.arrived += scope.get("path") == "/generate"
            await app(scope, receive, send)

        return counted

    @contextlib.contextmanager
    def shut_for(self, client, requests: int):
        """Send so many requests, of which none gets past the gate before the block ends."""
        body, self.arrived = {"prompt": "The moon", "max_tokens": 2, "seed": 1}, 0
        threads = [threading.Thread(target=_post, args=(client, body)) for _ in range(requests)]
        self.entered.clear()
        self._open.clear()
        try:
            for thread in threads:
                thread.start()
            yield
        finally:
            self._open.set()
            for thread in threads:
                thread.join()

    def generate(self, prompts, sampling_params=None, **options) -> list:
        """Wait until the gate is open and nobody else inside, and pass the call on."""
        with contextlib.suppress(RuntimeError):  # there is no event loop in this thread
            self.blocked = bool(asyncio.get_running_loop())
        if not self._busy.acquire(blocking=False):
            self.overlapped = True
            self._busy.acquire()
        try:
            self.entered.set()
            self._open.wait(timeout=60)
            return super().generate(prompts, sampling_params, **options)
        finally:
            self._busy.release()


def _require_answers(client, llm) -> None:
    from vllm import SamplingParams

    require(client.get("/health").status_code == 200, "GET /health must answer 200.")
    for seed in (7, 8):
        sampling = {"temperature": 1.5, "top_p": 0.9, "max_tokens": 12, "seed": seed}
        answer = client.post("/generate", json={"prompt": "Hello, my name is"} | sampling)
        require(answer.status_code == 200, f"POST /generate must answer 200, got {answer.status_code}.")
        reply, completion = answer.json(), llm.generate("Hello, my name is", SamplingParams(**sampling))[0].outputs[0]
        named = isinstance(reply, dict) and {"text", "tokens", "finish_reason"} <= set(reply)
        require(named, "Reply with text, tokens and finish_reason.")
        same = reply["text"] == completion.text
        require(same, "Another text than llm.generate gives: pass on all parameters, with the seed.")
        require(reply["tokens"] == len(completion.token_ids), "tokens must be the number of token_ids.")


def _require_refusals(client, gate: Gate) -> None:
    before = len(gate.calls)
    for what, body in BAD_REQUESTS.items():
        status = client.post("/generate", json=body).status_code
        refused = f"{what} must be answered with 422, got {status}: declare the rule in the pydantic model."
        require(status == 422, refused)
    require(len(gate.calls) == before, "A wrong request must not reach the engine.")
    status = client.post("/generate", json={"prompt": "word " * 3000}).status_code
    not_value_error = "catch VLLMValidationError, which is no ValueError, and raise HTTPException."
    require(
        status in {400, 413, 422},
        f"A prompt longer than the context is the client's mistake, got {status}: {not_value_error}",
    )


def _require_health(client, gate: Gate) -> None:
    import httpx

    blocks = "While a text is generated /health does not answer: async def blocks the server, use a plain def."
    require(not gate.blocked, blocks)
    with gate.shut_for(client, 1):
        gate.entered.wait(timeout=60)
        try:
            alive = client.get("/health", timeout=10).status_code == 200
        except httpx.TimeoutException:
            alive = False
    require(alive, blocks)


def _require_one_at_a_time(client, gate: Gate) -> None:
    with gate.shut_for(client, 4):
        _wait_until(lambda: gate.arrived == 4, seconds=60)
        _wait_until(lambda: gate.overlapped, seconds=1)  # all are there: a handler without a lock calls at once
    require(not gate.overlapped, "Two requests reached the engine at once, it is not thread-safe: use a lock.")


def _wait_until(happened, *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)


def _post(client, body: dict) -> None:
    with contextlib.suppress(Exception):  # what a request runs into here shows at the gate
        client.post("/generate", json=body)


# 2.14 ---------------------------------------------------------------------------------------------------------------


@exercise(
    "2.14",
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
    require(all(map(callable, (cache_key, ResultCache, cached_text))), "Give two functions and the class between them.")
    _require_key(cache_key)
    with tempfile.TemporaryDirectory() as name:
        _require_store(ResultCache, Path(name) / "cache.db")
        _require_use(cached_text, ResultCache(Path(name) / "other.db"), llm)


def _require_key(cache_key) -> None:
    with _hash_noticed() as hashed:
        base = cache_key("m", "p", {"temperature": 0.0, "max_tokens": 8})
    salted = "hash() of a text is another one in every process, so nothing would ever be found: use hashlib."
    require(not hashed and not isinstance(base, int), salted)
    require(isinstance(base, str), "cache_key must return a text.")
    swapped = cache_key("m", "p", {"max_tokens": 8, "temperature": 0.0})
    require(base == swapped, "The same parameters in another order must give the same key: sort them.")
    random = [{}, {"temperature": 0.7}, {"temperature": 0.7, "seed": None}]
    for sampling in random:
        require(
            cache_key("m", "p", sampling) is None,
            f"{sampling} is random, temperature 1 or given, without a seed: None.",
        )
    require(
        cache_key("m", "p", {"temperature": 0.7, "seed": 0}) is not None, "A seed of 0 is a seed: compare with None."
    )
    others = [
        ("n", "p", {}),
        ("m", "q", {}),
        ("m", "p", {"max_tokens": 9}),
        ("m", "p", {"top_k": 5, "temperature": 0.5}),
    ]
    others += [
        ("m", "p", {"logit_bias": {5: 2.0}}),
        ("m", "p", {"stop": ["."]}),
        ("m", "p", {"allowed_token_ids": [5]}),
    ]
    others += [("m", "p", {"ignore_eos": True}), ("m", "p", {"seed": 2}), ("mp", "", {}), ("", "mp", {})]
    keys = [
        cache_key(m, p, {"temperature": 0.8, "seed": 1, "max_tokens": 8} | s) for m, p, s in [("m", "p", {}), *others]
    ]
    for (model, prompt, sampling), key in zip(others, keys[1:], strict=True):
        different = (
            f"model {model!r}, prompt {prompt!r}, {sampling or 'no change'}: the key is that of another request."
        )
        require(keys.count(key) == 1, different)


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

    builtins.hash = noticing
    try:
        yield seen
    finally:
        builtins.hash = real


def _require_store(ResultCache, path: Path) -> None:  # noqa: N803
    first, second = ResultCache(path), ResultCache(path)
    require(first.get("a") is None, "get must return None for a key that is not there.")
    first.put("a", "text")
    first.put("e", "")
    require(first.get("a") == "text", "get must return what put was given.")
    require(first.get("e") == "", "An empty text is a text; None means that there is none.")
    second.put("b", "more")
    kept = ResultCache(path)
    lost = "Two writers: what the one put is gone when the other has written."
    require(kept.get("a") == "text" and kept.get("b") == "more", lost)
    failed: list[Exception] = []
    writers = [threading.Thread(target=_write, args=(ResultCache(path), name, failed)) for name in "xyz"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    missing = [f"{name}{i}" for name in "xyz" for i in range(15) if _get(kept, f"{name}{i}") != "t" * 200]
    raised = f" put raised {type(failed[0]).__name__}: {failed[0]}." if failed else ""
    require(not missing, f"{lost} Of 45 texts that three wrote at once {len(missing)} are not there.{raised}")


def _write(cache, name: str, failed: list[Exception]) -> None:
    try:
        for i in range(15):
            cache.put(f"{name}{i}", "t" * 200)
    except Exception as error:  # whatever an answer may raise; the texts are missing afterwards
        failed.append(error)


def _get(cache, key: str):
    try:
        return cache.get(key)
    except Exception:  # a file that two writers have broken
        return None


def _require_use(cached_text, cache, llm) -> None:
    from vllm import SamplingParams

    watch, sampling = Watch(llm), {"temperature": 0.0, "max_tokens": 6}
    text = llm.generate("The sun", SamplingParams(**sampling))[0].outputs[0].text
    answers = [cached_text(watch, cache, "pocket-base", "The sun", sampling) for _ in range(2)]
    require(answers == [text, text], "cached_text must return the text that llm.generate gives.")
    require(len(watch.calls) == 1, f"The same request twice must generate once, not {len(watch.calls)} times.")
    for _ in range(2):
        cached_text(watch, cache, "pocket-base", "The sun", {"temperature": 1.0, "max_tokens": 6})
    require(len(watch.calls) == 3, "A random request without a seed must be generated every time.")
    empty = {"temperature": 0.0, "max_tokens": 1, "stop": [text[:1]]}
    for _ in range(2):
        cached_text(watch, cache, "pocket-base", "The sun", empty)
    require(len(watch.calls) == 4, "An empty text was generated again: compare what the cache returns with None.")


# 2.15 ---------------------------------------------------------------------------------------------------------------


class Flaky:
    """An engine that fails as often as it is told, as one behind a network may."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors, self.calls = list(errors), 0

    def generate(self, prompts, sampling_params=None, **options) -> list:
        """Raise the next error, or return an answer."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return ["answer"]


@exercise(
    "2.15",
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
    require(callable(problems) and callable(generate_with_retry), "Give two functions: problems, generate_with_retry.")
    _require_problems(problems)
    good, waits = {"temperature": 0.5}, []
    run = {"attempts": 3, "pause": 0.5, "sleep": waits.append}
    engine = Flaky(ConnectionError("reset"), TimeoutError("slow"))
    require(
        _outcome(generate_with_retry, engine, good, run) == ["answer"],
        "Two transient failures, then success: return the answer.",
    )
    require(
        waits == [0.5, 1.0], f"Wait pause, then twice as long each time, by sleep(...): 0.5, 1.0. You waited {waits}."
    )
    _require_end(generate_with_retry, good)
    _require_no_retry(generate_with_retry, good)
    engine = Flaky()
    refused = _outcome(generate_with_retry, engine, {"temperature": -1, "max_tokens": 0}, run)
    require(engine.calls == 0, "Parameters that are out of range must be refused before the engine is asked.")
    both = isinstance(refused, ValueError) and "temperature" in str(refused) and "max_tokens" in str(refused)
    require(both, "Raise a ValueError that names every problem, so that a user mends all of them at once.")


def _require_problems(problems) -> None:
    require(
        problems({}) == [] and problems({"temperature": 0.5, "seed": 0}) == [], "Good parameters give an empty list."
    )
    found = problems({"temperature": -1, "max_tokens": 0, "top_p": 0.5})
    require(isinstance(found, list) and len(found) == 2, f"Two of three parameters are wrong: name both, got {found}.")
    named = "temperature" in found[0] and "-1" in found[0] and "max_tokens" in found[1]
    require(named, "Each message must name its parameter and the value.")
    require(len(problems({"temprature": 1})) == 1, "An unknown parameter raises TypeError, and is a problem too.")
    require(len(problems({"temperature": "hot"})) == 1, "A text where a number belongs is a problem, not a crash.")
    together = problems({"n": 2, "temperature": 0.0})
    require(len(together) == 1, "n=2 with temperature=0 is wrong only together: try all parameters at once as well.")


def _outcome(generate_with_retry, engine, sampling: dict, run: dict):
    try:
        return generate_with_retry(engine, ["The moon"], sampling, **run)
    except BaseException as error:  # the error is what is judged
        return error


def _require_end(generate_with_retry, good: dict) -> None:
    waits, last = [], ConnectionError("third")
    engine = Flaky(ConnectionError("first"), ConnectionError("second"), last, *[ConnectionError("more")] * 20)
    ended = _outcome(generate_with_retry, engine, good, {"attempts": 3, "pause": 0.1, "sleep": waits.append})
    require(engine.calls == 3, f"attempts=3 means 3 calls at most, there were {engine.calls}.")
    require(ended is last, "When the last attempt fails, its error must come out: raise.")
    require(len(waits) == 2, "Do not wait after the last attempt: nothing follows.")


def _require_no_retry(generate_with_retry, good: dict) -> None:
    from vllm.exceptions import VLLMValidationError

    for error in (VLLMValidationError("prompt is too long"), TypeError("an error in the program"), KeyboardInterrupt()):
        engine, name = Flaky(error), type(error).__name__
        ended = _outcome(generate_with_retry, engine, good, {"attempts": 3, "pause": 0.1, "sleep": lambda _: None})
        require(
            engine.calls == 1, f"{name} was tried again. It fails the same way every time: retry transient errors only."
        )
        require(ended is error, f"{name} must come out as it is.")


# 2.16 ---------------------------------------------------------------------------------------------------------------


@exercise(
    "2.16",
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
    require(all(map(callable, (generate_variants, rank, report))), "Give three functions.")
    ranked = rank(_texts())
    _require_rank(ranked)
    _require_report(report("a | b", ranked), ranked)
    _require_variants(generate_variants, Watch(llm))


def _require_variants(generate_variants, watch: Watch) -> None:
    frame = generate_variants(watch, "the sea", [0.3, 1.2], n=2)
    require(len(watch.calls) == 1, f"Generate all texts in one call, not in {len(watch.calls)}.")
    columns = {"prompt", "temperature", "text", "tokens", "logprob"}
    require(hasattr(frame, "columns") and columns <= set(frame), f"Give a DataFrame with {', '.join(sorted(columns))}.")
    require(frame["prompt"].str.contains("the sea").all(), "The topic must be in every prompt.")
    require(frame["prompt"].nunique() >= 2, "Use at least two strategies: prompts that begin in different ways.")
    require(set(frame["temperature"]) == {0.3, 1.2}, "Use every temperature.")
    counts = frame.groupby(["prompt", "temperature"]).size()
    require(set(counts) == {2}, f"Generate n texts for every prompt and temperature, there are {counts.min()}.")


def _texts():
    import pandas as pd

    rows = [
        ("one and one and one and one and one and one", 12, -6.0),
        (" ".join(f"word{i}" for i in range(40)), 40, -4.0),
        ("", 1, -2.0),
        ("A text with | a bar\nand a second line", 10, -1.0),
    ]
    frame = pd.DataFrame(rows, columns=["text", "tokens", "logprob"])
    return frame.assign(prompt="About a:", temperature=[0.3, 0.3, 1.2, 1.2], finish_reason="stop", sample=[0, 1, 0, 1])


def _require_rank(ranked) -> None:
    metrics = ["length", "diversity", "coherence", "quality"]
    require(hasattr(ranked, "columns") and {*metrics} <= set(ranked), f"rank must add {', '.join(metrics)}.")
    require(len(ranked) == 4, "rank must keep all texts, an empty one too.")
    by_text = {row.text[:3]: row for row in ranked.itertuples()}
    repeated, varied, empty = by_text["one"], by_text["wor"], by_text[""]
    require(varied.length == 1.0 and math.isclose(repeated.length, 11 / 40), "length must be words / 40, at most 1.")
    different_pairs = math.isclose(varied.diversity, 1) and math.isclose(repeated.diversity, 0.2)
    require(
        different_pairs,
        "diversity must be different pairs of words out of all pairs: 2 of 10 in 'one and one and ...'.",
    )
    require(empty.diversity == 0 and empty.length == 0, "A text without words has length 0 and diversity 0, not nan.")
    summed = math.isclose(varied.coherence, math.exp(-4), rel_tol=1e-6)
    require(not summed, "coherence must divide by the number of tokens, or long texts always lose.")
    fair = math.isclose(varied.coherence, math.exp(-0.1)) and math.isclose(empty.coherence, math.exp(-2))
    require(fair, "coherence must be exp(logprob / tokens), a probability from 0 to 1.")
    mean = all(math.isclose(r.quality, (r.length + r.diversity + r.coherence) / 3) for r in ranked.itertuples())
    require(mean, "quality must be the mean of the three.")
    require(ranked["quality"].is_monotonic_decreasing, "Sort by quality, the best first.")


def _require_report(text: str, ranked) -> None:
    require(
        isinstance(text, str) and text.startswith("# "), "report must return a text that begins with a heading, # ..."
    )
    tables, lines = [], text.splitlines()
    for i, line in enumerate(lines):
        if re.fullmatch(r"\|(\s*:?-+:?\s*\|)+", line.strip()):
            rows = [lines[i - 1], *_until_gap(lines[i + 1 :])]
            torn = not all(row.strip().startswith("|") and row.strip().endswith("|") for row in rows)
            require(not torn, "A line break in a text ends the row of a table: put blanks there.")
            tables.append([re.split(r"(?<!\\)\|", row.strip())[1:-1] for row in rows])
    require(len(tables) >= 2, f"There must be two tables, all texts and statistics; there are {len(tables)}.")
    ragged = any(len(row) != len(table[0]) for table in tables for row in table)
    require(not ragged, r"A bar in a text ends its cell: write it as \|.")
    full = [table for table in tables if len(table) == 5]
    require(bool(full), "A table must have one row a text.")
    statistics = [table for table in tables if len(table) == 3]
    require(bool(statistics), "The statistics must have one row a temperature.")
    means = ranked.groupby("temperature")["quality"].mean()
    shown = all(any(f"{mean:.2f}" in " ".join(row) for row in statistics[0]) for mean in means)
    require(shown, "The statistics must hold the mean quality of each temperature, with two decimals.")
    require(ranked["text"].iloc[0][:60] in text.replace("> ", ""), "The best text must be in the report as it is.")


def _until_gap(lines: list[str]):
    for line in lines:
        if not line.strip():
            return
        yield line


# 2.17 ---------------------------------------------------------------------------------------------------------------


@exercise(
    "2.17",
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
    require(callable(benchmark), "benchmark must be a function of llm, batch_sizes and max_tokens.")
    watch = Watch(llm)
    frame = benchmark(watch, [1, 4], [6, 12])
    columns = {"batch_size", "max_tokens", "tokens", "seconds", "tokens_per_second", "time_to_first_token", "memory"}
    require(hasattr(frame, "columns") and columns <= set(frame), f"Give a DataFrame with {', '.join(sorted(columns))}.")
    settings = list(zip(frame["batch_size"], frame["max_tokens"], strict=True))
    wanted = [(1, 6), (1, 12), (4, 6), (4, 12)]
    require(sorted(settings) == wanted, f"There must be one row a batch size and max_tokens, got {settings}.")
    _require_calls(watch, wanted)
    for row in frame.itertuples():
        _require_speed(row)


def _require_calls(watch: Watch, wanted: list[tuple[int, int]]) -> None:
    sizes = [1 if isinstance(prompts, str) else len(prompts) for prompts, _ in watch.calls]
    loop = sizes.count(4) < 2
    require(not loop, "A batch of 4 must be one call of generate with 4 prompts.")
    lengths = {p.max_tokens for _, params in watch.calls for p in (params if isinstance(params, list) else [params])}
    require(lengths >= {length for _, length in wanted}, "Use every value of max_tokens.")
    warm = len(watch.calls) > len(wanted)
    measured = [params for prompts, params in watch.calls if not isinstance(prompts, str) and len(prompts) == 4]
    exact = all(p.ignore_eos for params in measured for p in (params if isinstance(params, list) else [params]))
    require(exact, "A text may end before max_tokens, and then two runs measure different work: ignore_eos=True.")
    require(warm, "Warm up: the first call pays for what is set up once, so make one that is not measured.")


def _require_speed(row) -> None:
    tokens = row.batch_size * row.max_tokens
    require(
        row.tokens == tokens,
        f"{row.batch_size} texts of {row.max_tokens} tokens are {tokens}, got {row.tokens}: count token_ids, and set "
        "ignore_eos=True.",
    )
    require(0 < row.seconds < 600, "seconds must be the time that generate took.")
    speed = math.isclose(row.tokens_per_second, row.tokens / row.seconds, rel_tol=0.01)
    require(speed, "tokens_per_second must be the tokens of the whole batch over the seconds of the whole call.")
    first = f"time_to_first_token is {row.time_to_first_token:.4f} of {row.seconds:.4f} s in all"
    require(0 < row.time_to_first_token < row.seconds, f"{first}: it must be less. Take it from output.metrics.")
    require(50 < row.memory < 4e6, f"memory must be in MiB, got {row.memory:g}: divide bytes by 2**20.")
