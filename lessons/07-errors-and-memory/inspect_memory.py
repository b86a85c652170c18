"""Say where the memory of a model goes, before anything is loaded: weights, KV cache, activations, overhead.

MODEL is a shipped model, a folder, a config.json, or a well-known model such as Llama-3.1-8B, of which the course knows
the configuration. Nothing is loaded or downloaded. Sizes are bytes, or have a unit: 24GiB, 512MiB.

It ends with 0 when vLLM would start with these settings, and with 1 when not; then it says what to change. Numbers with
~ are estimates. With --kv-cache-memory-bytes, blocks and requests are those that vLLM reports. --memory means a GPU,
whose blocks have 16 tokens; without it they are those of the installed build, 128 tokens on a CPU.

Examples:
  python lessons/07-errors-and-memory/inspect_memory.py
  python lessons/07-errors-and-memory/inspect_memory.py --model Llama-3.1-8B --memory 24GiB --max-model-len 8192
  python lessons/07-errors-and-memory/inspect_memory.py --model Llama-3.1-70B --memory 80GiB --tensor-parallel-size 4
  python lessons/07-errors-and-memory/inspect_memory.py --model pocket-chat --kv-cache-memory-bytes 2MiB --json
"""

import argparse
import contextlib
import dataclasses
import json

from vllm_course import CourseError
from vllm_course.describing.reading import read_model
from vllm_course.memory.planning import Plan, plan
from vllm_course.memory.sizes import parse_bytes, shown_bytes
from vllm_course.models import SHIPPED_KV_CACHE, chosen_model
from vllm_course.output import table
from vllm_course.tool import ToolParser, number, tool

PARTS = {"weights_bytes": "weights", "activations_bytes": "activations", "overhead_bytes": "overhead"}
BAR = 30  # characters
LEAST = 2**20  # bytes; who writes 24 means 24 GiB


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; options have the names of vLLM's."""
    parser = ToolParser(description=__doc__)
    count = number(int, low=1, remedy="Leave it out for vLLM's default.")
    parser.add_argument("--model", type=known_model, help="shipped or well-known model, folder or config.json")
    parser.add_argument("--memory", type=size, help="memory of the card; vLLM takes 92 %% of it")
    parser.add_argument(
        "--kv-cache-memory-bytes",
        type=size,
        help=f"memory of the KV cache (default without --memory: {shown_bytes(SHIPPED_KV_CACHE)})",
    )
    parser.add_argument(
        "--max-model-len",
        type=length,
        default=-1,
        help="longest request in tokens, -1 for the longest that fits (default: %(default)s)",
    )
    parser.add_argument("--max-num-seqs", type=count, help="requests that run at the same time (default: vLLM's)")
    own = "vLLM's, bfloat16 for a shipped model, which load_model loads in float32 on a CPU"
    parser.add_argument("--dtype", help=f"auto, float32, bfloat16 or float16 (default: {own})")
    parser.add_argument("--tensor-parallel-size", type=count, default=1, help="cards (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object in place of the table")
    return parser


def known_model(text: str) -> str:
    """Take a model whose configuration is here; an argparse type."""
    try:
        read_model(text)
    except CourseError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def size(text: str) -> int:
    """Read bytes; an argparse type."""
    with contextlib.suppress(ValueError):
        if (found := parse_bytes(text)) >= LEAST:
            return found
    raise argparse.ArgumentTypeError(f"must be a size of at least 1MiB, got {text!r:.40}. Write it as 24GiB.")


def length(text: str) -> int:
    """Read a number of tokens, or -1; an argparse type."""
    return -1 if text == "-1" else number(int, low=1, remedy="Use -1 for the longest that fits.")(text)


def inspected(args: argparse.Namespace) -> Plan:
    """Return the plan for the settings of a command line."""
    cache = args.kv_cache_memory_bytes
    if args.memory is None and cache is None:
        cache = SHIPPED_KV_CACHE
    return plan(
        chosen_model(args.model),
        max_model_len=args.max_model_len,
        memory=args.memory,
        kv_cache_memory_bytes=cache,
        max_num_seqs=args.max_num_seqs,
        dtype=args.dtype,
        tensor_parallel_size=args.tensor_parallel_size,
    )


def report(found: Plan) -> str:
    """Return where the memory goes as bars, what the KV cache holds, and the verdict."""
    parts = {name: getattr(found, field) for field, name in PARTS.items()} | {"KV cache": max(0, found.kv_cache_bytes)}
    guessed = {name for field, name in PARTS.items() if field in found.estimated}
    if found.memory is not None:
        guessed.add("KV cache")
        parts["not used"] = max(0, found.memory - sum(parts.values()))
    total = sum(parts.values())
    rows = [[name, about(name in guessed, shown_bytes(part)), bar(part / total)] for name, part in parts.items()]
    card = "" if found.tensor_parallel_size == 1 else " (each card)"
    lines = [table([f"{found.model}{card}", shown_bytes(total), found.dtype], rows), ""]
    lines.append(f"{found.kv_bytes_per_token:,} bytes per token, {found.block_size} tokens per block")
    if found.blocks:
        blocks, tokens, full = f"{found.blocks:,}", f"{found.tokens:,}", f"{found.max_concurrency:,.2f}"
        rough = "blocks" in found.estimated
        lines.append(f"{about(rough, blocks)} blocks hold {about(rough, tokens)} tokens,")
        lines.append(f"or {about(rough, full)} requests of {found.max_model_len:,} tokens")
    verdict = "fits" if found.fits else "does not fit"
    return "\n".join([*lines, "", f"{verdict}, limit: {found.limit}", found.advice])


def about(estimated: bool, text: str) -> str:
    """Mark an estimate."""
    return f"~{text}" if estimated else text


def bar(share: float) -> str:
    """Draw a share of the memory, at least one character of it."""
    return "#" * max(1, round(share * BAR)) + f" {share:.0%}"


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Command line without the program's name; None takes the real one.

    Returns:
        Exit code: 0 when it fits, 1 when not. A wrong command line exits with 2, Ctrl-C with 130.
    """
    args = build_parser().parse_args(argv)
    found = inspected(args)
    if args.json:
        print(json.dumps(dataclasses.asdict(found), indent=2, ensure_ascii=False))
    else:
        print(report(found))
    return 0 if found.fits else 1


if __name__ == "__main__":
    raise SystemExit(main())
