"""Complete one prompt with several sampling strategies, and lay the results side by side.

Examples:
  python lessons/04-sampling-strategies/sampling_strategies.py
  python lessons/04-sampling-strategies/sampling_strategies.py --strategy greedy --strategy beam
  python lessons/04-sampling-strategies/sampling_strategies.py --chart strategies.png
  python lessons/04-sampling-strategies/sampling_strategies.py --model facebook/opt-125m --max-tokens 64 --json
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course import load_model
from vllm_course.errors import UsageError
from vllm_course.files import check_place
from vllm_course.output import table
from vllm_course.parameters import PARAMETERS, filled_text
from vllm_course.tool import ToolParser, model_name, tool

if TYPE_CHECKING:
    from vllm import LLM

STRATEGIES: dict[str, dict[str, Any]] = {  # fields of vllm.SamplingParams; beam search has parameters of its own
    "greedy": {"temperature": 0.0},
    "temperature": {"temperature": 1.0},
    "hot": {"temperature": 1.6},
    "nucleus": {"temperature": 1.0, "top_p": 0.8},
    "top-k": {"temperature": 1.0, "top_k": 3},
    "min-p": {"temperature": 1.6, "min_p": 0.1},
    "penalty": {"temperature": 1.0, "frequency_penalty": 0.8},
    "best of 5": {"temperature": 1.0, "n": 5},
    "beam": {"beam_width": 4},
}
DEFAULTS = {"max_tokens": 24, "seed": 0}
FORMATS = (".png", ".svg", ".pdf")
BARS = 8  # tokens of the chart


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = ToolParser(description=__doc__)
    parser.add_argument("--model", type=model_name, help="shipped model, folder or Hugging Face id")
    parser.add_argument("--prompt", type=filled_text, default="The weather today is", help="text to continue")
    names = "; ".join(f"{name}: {told(settings)}" for name, settings in STRATEGIES.items())
    parser.add_argument(
        "--strategy", action="append", choices=list(STRATEGIES), metavar="NAME", help=f"repeatable, one of {names}"
    )
    for name, default in DEFAULTS.items():
        kind, meaning = PARAMETERS[name]
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, default=default, help=f"{meaning} (default: %(default)s)")
    parser.add_argument("--chart", type=Path, metavar="FILE", help=f"draw the choice for the first token: {FORMATS}")
    parser.add_argument("--json", action="store_true", help="print one JSON list in place of the table")
    return parser


def told(settings: dict[str, Any]) -> str:
    """Return settings as a call has them."""
    return ", ".join(f"{name}={value:g}" for name, value in settings.items())


def complete(llm: "LLM", prompt: str, name: str, shared: dict[str, int]) -> dict[str, Any]:
    """Complete the prompt with one strategy."""
    settings = STRATEGIES[name]
    if name == "beam":
        found = search(llm, prompt, settings["beam_width"], shared["max_tokens"])
    else:
        found = sample(llm, prompt, settings | shared)
    return {"strategy": name, "prompt": prompt, "settings": settings} | found


def sample(llm: "LLM", prompt: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Draw completions and keep the one with the highest log probability per token."""
    from vllm import SamplingParams

    (output,) = llm.generate(prompt, SamplingParams(logprobs=0, **settings))  # logprobs=0: of the chosen tokens
    best = max(output.outputs, key=lambda c: c.cumulative_logprob / len(c.token_ids))
    return {
        "text": best.text,
        "tokens": len(best.token_ids),
        "logprob": best.cumulative_logprob,
        "finish_reason": best.finish_reason,
    }


def search(llm: "LLM", prompt: str, width: int, max_tokens: int) -> dict[str, Any]:
    """Look for the likeliest text. The sequences of a beam search hold the prompt too."""
    from vllm.sampling_params import BeamSearchParams

    (output,) = llm.beam_search([{"prompt": prompt}], BeamSearchParams(beam_width=width, max_tokens=max_tokens))
    best = output.sequences[0]
    tokens = len(best.tokens) - len(llm.get_tokenizer().encode(prompt))
    text = best.text[len(prompt) :]
    # A beam search gives no reason, so look at the last token.
    reason = "stop" if best.tokens[-1] == llm.get_tokenizer().eos_token_id else "length"
    return {"text": text, "tokens": tokens, "logprob": best.cum_logprob, "finish_reason": reason}


def draw(llm: "LLM", prompt: str, names: list[str], file: Path) -> None:
    """Draw the distribution of the next token after each strategy's filters."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from vllm_course import next_token, plot_next_token

    candidates = next_token(llm, prompt)
    shown = [name for name in names if name != "beam"]
    figure, axes = plt.subplots(len(shown), 1, figsize=(6, 3 * len(shown)), layout="constrained", squeeze=False)
    for name, ax in zip(shown, axes.flat, strict=True):
        filters = {
            key: STRATEGIES[name][key] for key in ("temperature", "top_p", "top_k", "min_p") if key in STRATEGIES[name]
        }
        plot_next_token(candidates, top=BARS, ax=ax, **filters)
        bits = ax.get_title().rpartition(": ")[2]
        ax.set_title(f"{name} ({told(STRATEGIES[name])}): {bits}")
    figure.savefig(file)


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool; return 0 when done, 1 for a failed run, 2 for a wrong value, 130 after Ctrl-C."""
    args = build_parser().parse_args(argv)
    names = args.strategy or list(STRATEGIES)
    if args.chart:
        check_place(args.chart, name="--chart")
        if args.chart.suffix not in FORMATS:
            raise UsageError(f"--chart must end with one of {', '.join(FORMATS)}, got {args.chart}. Rename it.")
    llm = load_model(args.model)
    shared = {name: getattr(args, name) for name in DEFAULTS}
    records = [complete(llm, args.prompt, name, shared) for name in names]
    if args.chart:
        draw(llm, args.prompt, names, args.chart)
    if args.json:
        print(json.dumps(records, indent=2, ensure_ascii=False))
    else:
        rows = []
        for r in records:
            score = f"{r['logprob'] / r['tokens']:.2f}"
            rows.append([r["strategy"], told(r["settings"]), score, r["finish_reason"], repr(r["text"])])
        print(f"Prompt: {args.prompt!r}\n")
        print(table(["strategy", "settings", "log p per token", "ended", "text"], rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
