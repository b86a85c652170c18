"""TODO: what this tool does, in one sentence.

Examples:
  python lessons/05-batch-inference/batch_inference.py
  python lessons/05-batch-inference/batch_inference.py --prompt "The moon" --max-tokens 64 --json
"""

import argparse
import json

from vllm_course import load_model
from vllm_course.parameters import utf8_text
from vllm_course.tool import ToolParser, model_name, number, tool


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; its defaults are the settings of the lesson's first example."""
    parser = ToolParser(description=__doc__)
    parser.add_argument("--model", type=model_name, help="shipped model, folder or Hugging Face id")
    parser.add_argument(
        "--prompt",
        type=utf8_text,
        default="The capital of France is",
        help="text to continue (default: %(default)s)",
    )
    parser.add_argument(
        "--max-tokens",
        type=number(int, low=1, remedy="Use 16 for a short text."),
        default=16,
        help="longest completion, in tokens (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of text")
    return parser


def complete(args: argparse.Namespace) -> dict:
    """Load the model and complete the prompt."""
    llm = load_model(args.model)
    # The engine is running, so vLLM is imported by now and this costs nothing.
    from vllm import SamplingParams

    output = llm.generate(args.prompt, SamplingParams(temperature=0.0, max_tokens=args.max_tokens))[0]
    return {"prompt": output.prompt, "text": output.outputs[0].text, "finish_reason": output.outputs[0].finish_reason}


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Command line without the program's name; None takes the real one.

    Returns:
        Exit code: 0 when done, 1 for a failed run, 130 after Ctrl-C. A wrong command line exits with 2.
    """
    args = build_parser().parse_args(argv)
    record = complete(args)
    if args.json:
        print(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        print(f"{record['prompt']}{record['text']}\n(ended: {record['finish_reason']})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
