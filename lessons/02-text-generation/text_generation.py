"""Complete prompts with any of vLLM's settings, from the command line, a file, or the model's own defaults.

Examples:
  python lessons/02-text-generation/text_generation.py
  python lessons/02-text-generation/text_generation.py --prompt "Once upon a time" --temperature 1.2 --max-tokens 60
  python lessons/02-text-generation/text_generation.py --model pocket-base-mini --prompts-file in.txt --output out.csv
  python lessons/02-text-generation/text_generation.py --config settings.yaml --log-file run.log
  python lessons/02-text-generation/text_generation.py --help="Sampling parameters"

Every group below can be asked for by its name (--help=CacheConfig), every option by a part of its own
(--help=max-model-len), and all of them with --help=all. The command line is stronger than the file given with --config,
and the file is stronger than the model's own defaults.
"""

import json
import time
from typing import TYPE_CHECKING

from vllm_course.output import table
from vllm_course.quiet import quiet
from vllm_course.tool import tool

if TYPE_CHECKING:
    from vllm_course.completion.parser import Parser
    from vllm_course.completion.settings import Settings

PROMPTS = [
    "Hello, my name is",
    "The president of the United States is",
    "The capital of France is",
    "The future of AI is",
]


def build_parser() -> "Parser":
    """Return the parser. It takes its engine arguments from vLLM, whose import takes seconds."""
    with quiet():
        from vllm_course.completion.parser import engine_parser

        return engine_parser(description=__doc__)


def complete(settings: "Settings") -> tuple[dict, list[dict]]:
    """Load the model, decide on every setting, and complete all prompts in one call.

    Returns:
        The configuration (name to value and source), and one record a completion.
    """
    # What needs vLLM is imported late, so that Ctrl-C in those seconds is answered.
    from vllm_course.completion import engine as generation_engine
    from vllm_course.completion.log import log

    prompts = settings.prompts or PROMPTS
    llm = generation_engine.start(settings)
    params, configuration = generation_engine.decide(llm, settings)
    for name, setting in configuration.items():
        log.info("%s = %r (%s)", name, setting.value, setting.source)
    if not settings.value("json"):
        show_configuration(configuration)
    before = time.perf_counter()
    records = generation_engine.generate(llm, prompts, params)
    tokens, seconds = sum(record["tokens"] for record in records), time.perf_counter() - before
    log.info("%d prompts, %d completions, %d tokens in %.2f s", len(prompts), len(records), tokens, seconds)
    return configuration, records


def show_configuration(configuration: dict) -> None:
    """Print each setting with its value and where that comes from."""
    rows = [[name, repr(setting.value), setting.source] for name, setting in configuration.items()]
    print(table(["setting", "value", "from"], rows), end="\n\n", flush=True)


def show(records: list[dict]) -> None:
    """Print the completions for a person to read."""
    for record in records:
        print(f"Prompt: {record['prompt']!r}")
        print(f"Output: {record['text']!r}")
        print(f"Ended:  {record['finish_reason']} after {record['tokens']} tokens")
        print("-" * 60)


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Command line without the program's name; None takes the real one.

    Returns:
        Exit code: 0 when done, 1 for a failed run, 2 for a wrong value, 130 after Ctrl-C.
    """
    parser = build_parser()
    from vllm_course.completion.log import log_to
    from vllm_course.completion.outputs import as_json, write_results
    from vllm_course.completion.settings import read_settings

    settings = read_settings(parser, argv)
    with log_to(settings.value("log_file"), settings.engine()):
        configuration, records = complete(settings)
        if settings.value("output"):
            write_results(settings.value("output"), configuration, records)
    if settings.value("json"):
        print(json.dumps(as_json(configuration, records), indent=2, ensure_ascii=False))
    else:
        show(records)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
