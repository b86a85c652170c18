"""Measure the course against its budgets: `python -m tools.bench`, or `make bench`.

What is measured are ratios within one run, since one machine's seconds say little about another. Every figure is a
median, except for starts: each is a process of its own, the two kinds turn and turn about, and the fastest of each kind
counts, because whatever else the machine does only adds to them. This module imports nothing of the course by itself,
so that the measured processes start with nothing.
"""

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "lessons" / "01-basic-inference" / "basic_inference.py"
REPETITIONS = 3
PROMPTS = [f"Question {number}: What is the meaning of life?" for number in range(32)]
TEMPERATURES, TOP_PS = [0.0, 0.4, 0.8, 1.2, 1.6], [0.2, 0.4, 0.6, 0.8, 1.0]
TOKENS = {"max_tokens": 24, "ignore_eos": True, "seed": 0}
BUDGETS = {  # what: (at most, at least, unit), from the course's design
    "load_model() over vLLM's own fastest start": (1.05, None, "x"),
    "lesson 01's script, all after installation": (25, None, "s"),
    "25 single calls over one sweep of 25 settings": (None, 5, "x"),
    f"{len(PROMPTS)} prompts one by one over one batch": (None, 1, "x"),
    "one redraw of the playground's chart": (100, None, "ms"),
    "a filmed batch over the same batch": (1.1, None, "x"),
    # A class on one machine: how much longer the slowest of several engines takes than one alone.
    "2 engines at once over one alone": (2, None, "x"),
    "4 engines at once over one alone": (max(3, 6 / os.cpu_count()), None, "x"),
    "one engine alone over one whose threads spin": (1.1, None, "x"),
}
CLASS = (1, 2, 4)  # engines at once
SPINNING = {"OMP_NUM_THREADS": str(os.cpu_count()), "OMP_WAIT_POLICY": "ACTIVE"}  # as vLLM is without the course


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; return 0 when every budget is kept, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON list in place of the table")
    parser.add_argument("--measure", choices=MEASUREMENTS, help="take one measurement in this process; for its own use")
    args = parser.parse_args(argv)
    if args.measure:
        print(json.dumps(MEASUREMENTS[args.measure]()))
        return 0
    rows = [row(what, *budget, value) for (what, budget), value in zip(BUDGETS.items(), measure_all(), strict=True)]
    print(json.dumps(rows, indent=2) if args.json else table(rows))
    return 0 if all(each["ok"] for each in rows) else 1


def measure_all() -> list[float]:
    """Take all measurements, in the order of the budgets."""
    arguments = json.dumps(in_process("engine_arguments"))
    starts = [(in_process("start_load_model"), in_process("start_llm", arguments)) for _ in range(REPETITIONS)]
    ours, theirs = (min(column) for column in zip(*starts, strict=True))
    print(f"load_model() took {ours:.1f} s, LLM(...) {theirs:.1f} s", file=sys.stderr)
    script = statistics.median(seconds(lambda: run([str(SCRIPT)])) for _ in range(REPETITIONS))
    ratios = [in_process(name) for name in ("sweep_ratio", "batch_ratio", "redraw", "film_ratio")]
    return [ours / theirs, script, *ratios, *class_ratios()]


def class_ratios() -> list[float]:
    """Return how much longer one of several engines takes than one alone, and that one than one whose threads spin."""
    rounds = [([at_once(count) for count in CLASS], at_once(1, SPINNING)) for _ in range(REPETITIONS)]
    alone, *together = (min(column) for column in zip(*(times for times, _ in rounds), strict=True))
    return [*(each / alone for each in together), alone / min(spinning for _, spinning in rounds)]


def at_once(count: int, variables: dict[str, str] | None = None) -> float:
    """Return the seconds that the slowest of several engines takes for the same prompts, started together."""
    command = [sys.executable, "-m", "tools.bench", "--measure", "one_of_a_class"]
    options = {"cwd": ROOT, "env": environment() | (variables or {}), "text": True}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    engines = [subprocess.Popen(command, **pipes, **options) for _ in range(count)]
    for engine in engines:
        engine.stdout.readline()  # it is ready
    for engine in engines:
        engine.stdin.write("go\n")
        engine.stdin.flush()
    return max(float(engine.communicate()[0]) for engine in engines)


def row(what: str, most: float | None, least: float | None, unit: str, measured: float) -> dict:
    """Put a measurement beside its budget."""
    budget = f"at most {most:g} {unit}" if least is None else f"at least {least:g} {unit}"
    ok = (most is None or measured <= most) and (least is None or measured >= least)
    return {"what": what, "budget": budget, "measured": round(measured, 2), "unit": unit, "ok": ok}


def table(rows: list[dict]) -> str:
    """Lay the rows out for a person to read."""
    lines = [("what", "budget", "measured", "ok")]
    lines += [(r["what"], r["budget"], f"{r['measured']:.2f} {r['unit']}", "yes" if r["ok"] else "NO") for r in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def in_process(measurement: str, given: str = "") -> float | dict:
    """Take one measurement in a fresh process, which reads `given` from its standard input."""
    return json.loads(run(["-m", "tools.bench", "--measure", measurement], given).splitlines()[-1])


def run(arguments: list[str], given: str = "") -> str:
    """Run Python in a fresh process, with vLLM in that one process and quiet, and return what it prints."""
    options = {"cwd": ROOT, "env": environment(), "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, *arguments], input=given, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} must end with 0, got {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def environment() -> dict[str, str]:
    """Return the variables of a measured process: vLLM quiet and in that one process, on the default model."""
    fixed = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "ERROR"}
    return os.environ | fixed | {"VLLM_COURSE_MODEL": ""}


def engine_arguments() -> dict:
    """Return what `load_model` passes to vLLM."""
    from vllm_course import engine_args

    return engine_args()


def start_load_model() -> float:
    """Return the seconds that all imports and `load_model()` take."""
    started = time.perf_counter()
    from vllm_course import load_model

    load_model()
    return time.perf_counter() - started


def start_llm() -> float:
    """Return the seconds that importing vLLM and `LLM(...)` take, with the arguments on standard input."""
    arguments = json.load(sys.stdin)
    started = time.perf_counter()
    from vllm import LLM

    LLM(**arguments, use_tqdm_on_load=False)
    return time.perf_counter() - started


def sweep_ratio() -> float:
    """Return how many times longer 25 single calls take than one sweep of the same 25 settings."""
    from vllm_course import generate, load_model, sweep

    llm, prompt = load_model(), PROMPTS[0]
    settings = [{"temperature": temperature, "top_p": top_p} for temperature in TEMPERATURES for top_p in TOP_PS]
    return ratio(
        lambda: [generate(llm, prompt, **setting, **TOKENS) for setting in settings],
        lambda: sweep(llm, prompt, temperature=TEMPERATURES, top_p=TOP_PS, **TOKENS),
    )


def batch_ratio() -> float:
    """Return how many times longer the prompts take one by one than in one batch."""
    from vllm_course import load_model

    llm = load_model()
    from vllm import SamplingParams

    params = SamplingParams(temperature=0.8, **TOKENS)
    return ratio(lambda: [llm.generate(prompt, params) for prompt in PROMPTS], lambda: llm.generate(PROMPTS, params))


def redraw() -> float:
    """Return the milliseconds that a moved slider of the playground takes, median of 100."""
    from vllm_course import load_model, playground

    slider = playground(load_model()).controls["temperature"]
    moves = [functools.partial(slider.set_trait, "value", 0.01 * step) for step in range(1, 101)]
    return 1000 * statistics.median(map(seconds, moves))


def film_ratio() -> float:
    """Return how many times longer a batch takes that `xray` films."""
    from vllm_course import load_model, xray

    llm = load_model()
    from vllm import SamplingParams

    params = SamplingParams(temperature=0.8, **TOKENS)

    def filmed() -> None:
        with xray(llm):
            llm.generate(PROMPTS * 4, params)

    return ratio(filmed, lambda: llm.generate(PROMPTS * 4, params))


def one_of_a_class() -> float:
    """Return the seconds for some prompts one by one and then in one batch, begun together with the others."""
    from vllm_course import load_model

    llm = load_model()
    from vllm import SamplingParams

    params = SamplingParams(temperature=0.8, **TOKENS)
    llm.generate(PROMPTS[:1], params)
    print("ready", flush=True)
    sys.stdin.readline()
    return seconds(lambda: [llm.generate(prompts, params) for prompts in [*PROMPTS, PROMPTS * 4]])


def ratio(slow: Callable, fast: Callable) -> float:
    """Time two functions turn and turn about, after one call of each, and divide the medians."""
    rounds = [(seconds(slow), seconds(fast)) for _ in range(REPETITIONS + 1)][1:]
    return statistics.median(times[0] for times in rounds) / statistics.median(times[1] for times in rounds)


def seconds(function: Callable) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


MEASUREMENTS = {
    f.__name__: f
    for f in (
        engine_arguments,
        start_load_model,
        start_llm,
        sweep_ratio,
        batch_ratio,
        redraw,
        film_ratio,
        one_of_a_class,
    )
}

if __name__ == "__main__":
    sys.exit(main())
