"""Measure how fast a model generates: tokens per second, time to first token, total time, memory.

Examples:
  python solutions/02-text-generation/benchmark.py
  python solutions/02-text-generation/benchmark.py --model pocket-base --model pocket-base-mini --batch-size 16
  python solutions/02-text-generation/benchmark.py --max-tokens 16 --max-tokens 64 --output speed.svg --json
"""

import argparse
import itertools
import json
import time
from pathlib import Path

import pandas as pd
import psutil
from content_report import svg

from vllm_course import load_model, plot_sweep
from vllm_course.files import check_place, write
from vllm_course.tool import ToolParser, model_name, number, tool

MIB = 2**20
COLUMNS = {"tokens_per_second": "tokens/s", "time_to_first_token": "first token (s)", "seconds": "total (s)"}


def benchmark(llm, batch_sizes: list[int], max_tokens: list[int]) -> pd.DataFrame:
    """Measure every batch size with every number of tokens; one row each.

    Args:
        llm: An engine loaded with `disable_log_stats=False`, or there is no time to first token.
        batch_sizes: Prompts in a batch.
        max_tokens: Tokens generated for each prompt, no fewer: the end-of-sequence token is ignored.

    Returns:
        Columns: batch_size, max_tokens, tokens (all of the batch), seconds, tokens_per_second, time_to_first_token
        (seconds, mean over the batch) and memory (of this process and, where there is one, on the GPU; MiB).
    """
    measure(llm, batch_size=1, max_tokens=1)  # the first call pays for what is set up once
    settings = itertools.product(batch_sizes, max_tokens)
    return pd.DataFrame([measure(llm, batch_size=size, max_tokens=length) for size, length in settings])


def measure(llm, *, batch_size: int, max_tokens: int) -> dict[str, float]:
    """Generate one batch and return what it took."""
    from vllm import SamplingParams

    prompts = [f"Story {i}: once upon a time" for i in range(batch_size)]
    params = SamplingParams(temperature=0.0, max_tokens=max_tokens, ignore_eos=True)
    start = time.perf_counter()
    outputs = llm.generate(prompts, params)
    seconds = time.perf_counter() - start
    tokens = sum(len(output.outputs[0].token_ids) for output in outputs)
    return {
        "batch_size": batch_size,
        "max_tokens": max_tokens,
        "tokens": tokens,
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
        "time_to_first_token": sum(output.metrics.first_token_latency for output in outputs) / batch_size,
        "memory": memory(),
    }


def memory() -> float:
    """Return the memory of this process, in MiB, with what PyTorch holds on a GPU."""
    import torch

    on_gpu = torch.cuda.memory_reserved() if torch.cuda.is_available() else 0
    return (psutil.Process().memory_info().rss + on_gpu) / MIB


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = ToolParser(description=__doc__)
    count = number(int, low=1, high=512, remedy="Use 16.")
    parser.add_argument("--model", action="append", type=model_name, help="repeat to compare (default: pocket-base)")
    parser.add_argument("--batch-size", action="append", type=count, help="repeat to compare (default: 1, 8 and 32)")
    parser.add_argument("--max-tokens", action="append", type=count, help="repeat to compare (default: 32)")
    parser.add_argument("--output", type=chart_file, help="write a chart of tokens per second to this .svg file")
    parser.add_argument("--json", action="store_true", help="print one JSON list in place of a table")
    return parser


def chart_file(text: str) -> Path:
    """Check the chart's place as an argparse type, before the model is loaded."""
    path = Path(text)
    if path.suffix != ".svg":
        raise argparse.ArgumentTypeError(f"must be a .svg file, got {text!r}. Browsers show it.")
    check_place(path, name="--output")
    return path


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool; return 0, or 1 for a failed run and 130 after Ctrl-C. A wrong command line exits with 2."""
    args = build_parser().parse_args(argv)
    frames = []
    for model in args.model or ["pocket-base"]:
        llm = load_model(model, disable_log_stats=False)
        measured = benchmark(llm, args.batch_size or [1, 8, 32], args.max_tokens or [32])
        frames.append(measured.assign(model=model))
    frame = pd.concat(frames, ignore_index=True)
    if args.output:
        write(args.output, svg(plot_sweep(frame, x="batch_size", y="tokens_per_second", hue="model")))
    if args.json:
        print(json.dumps(frame.to_dict("records"), indent=2))
    else:
        shown = frame.drop(columns=["tokens"]).set_index("model").rename(columns=COLUMNS | {"memory": "memory (MiB)"})
        print(shown.to_string(float_format="{:.3f}".format))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
