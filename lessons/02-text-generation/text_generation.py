"""Complete prompts with any of vLLM's settings, from the command line, a file, or the model's own defaults.

Examples:
  python lessons/02-text-generation/text_generation.py
  python lessons/02-text-generation/text_generation.py --prompt "Once upon a time" --temperature 1.2 --max-tokens 60
  python lessons/02-text-generation/text_generation.py --model pocket-base-mini --prompts-file in.txt --output out.csv
  python lessons/02-text-generation/text_generation.py --config settings.yaml --log-file run.log
  python lessons/02-text-generation/text_generation.py --help="Sampling parameters"

Ask for a group below by its name (--help=CacheConfig), for an option by a part of its name (--help=max-model-len), or
for all of them (--help=all). The command line wins over the file that --config names. That file wins over the model's
own defaults.
"""

import json
import os
from typing import TYPE_CHECKING

from vllm_course import shipped
from vllm_course.completion.outputs import as_json, show, show_configuration, write_results
from vllm_course.completion.settings import OWN, Setting, Settings, read_prompts, read_settings
from vllm_course.models import MODEL_VARIABLE
from vllm_course.parameters import ENGINE_SEEDS, PARAMETERS, filled_text, number, sampling_params
from vllm_course.runtime.quiet import quiet
from vllm_course.tool import model_name, tool

if TYPE_CHECKING:
    from vllm import LLM

    from vllm_course.completion.parser import Parser

PROMPTS = [
    "Hello, my name is",
    "The president of the United States is",
    "The capital of France is",
    "The future of AI is",
]
NUMBERS = [
    *("max_tokens", "temperature", "top_p", "top_k", "min_p"),
    *("presence_penalty", "frequency_penalty", "repetition_penalty", "seed", "n"),
]
SAMPLING = [*NUMBERS, "stop"]


def build_parser() -> "Parser":
    """Return the parser: vLLM's own, with all engine arguments, the sampling parameters, and the tool's options."""
    with quiet():  # vLLM is imported late, so that Ctrl-C in the seconds that it takes is answered
        from vllm import EngineArgs

        from vllm_course.completion.parser import Parser, add_own

        # "resolve": --seed is a sampling parameter here, and the engine's is called --engine-seed.
        parser = Parser(description=__doc__, usage="%(prog)s [options]", allow_abbrev=False, conflict_handler="resolve")
        EngineArgs.add_cli_args(parser)
    model = parser.option("model")
    model.type, model.default = model_name, os.environ.get(MODEL_VARIABLE) or shipped.DEFAULT_MODEL
    add_sampling(parser)
    add_own(parser)
    return parser


def add_sampling(parser: "Parser") -> None:
    """Add what `EngineArgs` does not hold. There are no defaults: what was not given is left to the model."""
    names = " ".join(f"--{name.replace('_', '-')}" for name in [*SAMPLING, "engine_seed"])
    group = parser.add_argument_group("Sampling parameters", f"{names}. Default: the model's own.")
    for name in NUMBERS:
        kind, meaning = PARAMETERS[name]  # vllm_course/parameters.py has type, range and meaning
        group.add_argument(f"--{name.replace('_', '-')}", type=kind, help=meaning)
    group.add_argument("--stop", action="append", type=filled_text, help="text that ends the completion; repeatable")
    engine_seed = number(int, low=0, high=ENGINE_SEEDS, remedy="Use any whole number in this range.")
    group.add_argument("--engine-seed", type=engine_seed, help="vLLM's own --seed, of the whole engine")


def take_apart(settings: Settings) -> tuple[Settings, Settings]:
    """Separate the engine's arguments, decided once, from what each request may decide anew."""
    sampling = {name: settings[name] for name in SAMPLING if name in settings}
    engine = {name: setting for name, setting in settings.items() if name not in [*SAMPLING, *OWN]}
    return Settings(engine), Settings(sampling)


def decide(llm: "LLM", given: Settings) -> Settings:
    """Begin with the model's own defaults, override what was given, and remember where each value comes from."""
    from vllm import SamplingParams

    models_own, vllms_own = llm.get_default_sampling_params(), SamplingParams()
    chosen = Settings()
    for name in SAMPLING:
        value = getattr(models_own, name)
        source = "vLLM's default" if value == getattr(vllms_own, name) else "the model's default"
        # `name in given`, and not `if given[name]`: a temperature of 0 counts.
        chosen[name] = given[name] if name in given else Setting(value, source)
    return chosen


def complete(engine: Settings, sampling: Settings, prompts: list[str], *, silent: bool) -> tuple[dict, list[dict]]:
    """Start the engine, decide on every setting, complete all prompts in one call; return settings and results."""
    from vllm_course.completion.engine import generate, start, with_course_defaults
    from vllm_course.completion.log import log

    llm = start(engine)
    chosen = decide(llm, sampling)
    configuration = with_course_defaults(engine) | chosen
    for name, setting in configuration.items():
        log.info("%s = %r (%s)", name, setting.value, setting.source)
    if not silent:
        show_configuration(configuration)
    return configuration, generate(llm, prompts, sampling_params(chosen.plain()))


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Command line without the program's name; None takes the real one.

    Returns:
        Exit code: 0 when done, 1 for a failed run, 2 for a wrong value, 130 after Ctrl-C.
    """
    settings = read_settings(build_parser(), argv)
    engine, sampling = take_apart(settings)
    sampling_params(sampling.plain())  # vLLM's rules, before the seconds that a model takes
    prompts = read_prompts(settings) or PROMPTS
    from vllm_course.completion.log import log_to

    with log_to(settings.value("log_file"), engine.plain()):
        configuration, records = complete(engine, sampling, prompts, silent="json" in settings)
        if settings.value("output"):
            write_results(settings.value("output"), configuration, records)
    if "json" in settings:
        print(json.dumps(as_json(configuration, records), indent=2, ensure_ascii=False))
    else:
        show(records)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
