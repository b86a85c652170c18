"""Write about a topic in several ways, rank the texts by quality, and report the best in Markdown, with a chart.

Examples:
  python solutions/02-text-generation/content_generator.py --topic "the sea"
  python solutions/02-text-generation/content_generator.py --topic music --num-variations 5 --output music.md
"""

import argparse
import math
from pathlib import Path

import pandas as pd
from content_report import report, svg

from vllm_course import load_model, plot_sweep, sweep
from vllm_course.files import check_place, write
from vllm_course.parameters import utf8_text
from vllm_course.tool import ToolParser, model_name, number, tool

STRATEGIES = ("Write a short paragraph about {}:\n", "The future of {} is", "The best thing about {} is")
TEMPERATURES = [0.3, 0.7, 1.0, 1.3]
FULL_LENGTH = 40  # words from which on a text counts as long enough


def generate_variants(llm, topic: str, temperatures: list[float], *, n: int, seed: int = 0) -> pd.DataFrame:
    """Complete every strategy's prompt at every temperature n times, in one batch."""
    prompts = [strategy.format(topic) for strategy in STRATEGIES]
    return sweep(llm, prompts, n=n, seed=seed, temperature=temperatures, top_p=0.95, max_tokens=64)


def rank(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the metrics, each from 0 to 1, and sort by quality, their mean, the best first.

    Args:
        frame: What `vllm_course.sweep` returns, with columns `text`, `tokens` and `logprob`.

    Returns:
        The same rows with `length` (words out of 40), `diversity` (different pairs of words out of all pairs),
        `coherence` (geometric mean of the tokens' probabilities) and `quality`.
    """
    metrics = {
        "length": [min(len(text.split()) / FULL_LENGTH, 1.0) for text in frame["text"]],
        "diversity": [diversity(text) for text in frame["text"]],
        "coherence": [math.exp(row.logprob / row.tokens) for row in frame.itertuples()],
    }
    ranked = frame.assign(**metrics, quality=pd.DataFrame(metrics).mean(axis=1).to_numpy())
    return ranked.sort_values("quality", ascending=False, kind="stable", ignore_index=True)


def diversity(text: str) -> float:
    """Return the share of different pairs among all pairs of neighbouring words; 0 where there is no pair."""
    from vllm_course.measures import distinct_n

    value = distinct_n(text, 2)
    return 0.0 if math.isnan(value) else value


def topic(text: str) -> str:
    """Check the topic as an argparse type."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f'must be a text, got {text!r}. Say what to write about, such as "the sea".')
    return utf8_text(text.strip())


def output_file(text: str) -> Path:
    """Check the report's place as an argparse type, before the model is loaded."""
    path = Path(text)
    if path.suffix != ".md":
        raise argparse.ArgumentTypeError(f"must be a .md file, got {text!r}. The report is Markdown.")
    for file in (path, path.with_suffix(".svg")):  # the report and its chart
        check_place(file, name="--output")
    return path


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = ToolParser(description=__doc__)
    parser.add_argument("--topic", required=True, type=topic, help="what to write about")
    count = number(int, low=1, high=50, remedy="Use 3.")
    parser.add_argument("--num-variations", type=count, default=3, help="texts a setting (default: %(default)s)")
    parser.add_argument("--output", type=output_file, default="report.md", help="report (default: %(default)s)")
    parser.add_argument("--model", type=model_name, help="shipped model, folder or Hub id (default: pocket-base)")
    return parser


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool; return 0, or 1 for a failed run and 130 after Ctrl-C. A wrong command line exits with 2."""
    args = build_parser().parse_args(argv)
    ranked = rank(generate_variants(load_model(args.model), args.topic, TEMPERATURES, n=args.num_variations))
    chart = args.output.with_suffix(".svg")
    write(chart, svg(plot_sweep(ranked, x="temperature", y="quality", hue="prompt")))
    write(args.output, report(args.topic, ranked, chart=chart.name))
    print(f"{len(ranked)} texts ranked in {args.output}, chart in {chart}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
