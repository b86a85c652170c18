"""Complete prompts with a language model, offline: without a server, and with all prompts in one batch.

Examples:
  python lessons/01-basic-inference/basic_inference.py
  python lessons/01-basic-inference/basic_inference.py --prompt "The moon" --prompt "The sun" --temperature 0
  python lessons/01-basic-inference/basic_inference.py --model facebook/opt-125m --max-tokens 64 --json
"""

import argparse
import json

from vllm_course import load_model
from vllm_course.parameters import PARAMETERS, filled_text
from vllm_course.tool import ToolParser, model_name, tool

PROMPTS = [
    "Hello, my name is",
    "The president of the United States is",
    "The capital of France is",
    "The future of AI is",
]
DEFAULTS = {"temperature": 0.8, "top_p": 0.95, "max_tokens": 40, "seed": 0}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; its defaults are the settings of the lesson's first example."""
    parser = ToolParser(description=__doc__)
    parser.add_argument(
        "--model", type=model_name, help="shipped model, folder or Hugging Face id (default: pocket-base)"
    )
    parser.add_argument("--prompt", action="append", type=filled_text, help="text to continue; repeat it for a batch")
    for name, default in DEFAULTS.items():
        kind, meaning = PARAMETERS[name]  # the range in which a value must be, and what it does
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, default=default, help=f"{meaning} (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of text")
    return parser


def complete(args: argparse.Namespace) -> list[dict]:
    """Load the model, complete all prompts in one call, and return one record per prompt."""
    llm = load_model(args.model)
    # The engine is running, so vLLM is imported by now and this costs nothing.
    from vllm import SamplingParams

    sampling_params = SamplingParams(
        temperature=args.temperature, top_p=args.top_p, max_tokens=args.max_tokens, seed=args.seed
    )
    outputs = llm.generate(args.prompt or PROMPTS, sampling_params)
    return [
        {
            "prompt": output.prompt,
            "text": output.outputs[0].text,
            "finish_reason": output.outputs[0].finish_reason,
        }
        for output in outputs
    ]


def show(records: list[dict]) -> None:
    """Print the completions for a person to read."""
    for record in records:
        print(f"Prompt: {record['prompt']!r}")
        print(f"Output: {record['text']!r}")
        print(f"Ended:  {record['finish_reason']}")
        print("-" * 60)


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Command line without the program's name; None takes the real one.

    Returns:
        Exit code: 0 when done, 1 for a failed run, 130 after Ctrl-C. A wrong command line exits with 2.
    """
    args = build_parser().parse_args(argv)
    records = complete(args)
    if args.json:
        print(json.dumps(records, indent=2, ensure_ascii=False))
    else:
        show(records)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
