"""The engine of `text_generation.py`: start it, say what it was given, generate."""

import time
from typing import TYPE_CHECKING, Any

from vllm.exceptions import VLLMError

from vllm_course.completion.log import log
from vllm_course.completion.settings import Setting, Settings
from vllm_course.errors import CourseError, one_line
from vllm_course.loading_errors import usage_errors
from vllm_course.models import engine_args, free_engine, load_model
from vllm_course.runtime.quiet import quiet

if TYPE_CHECKING:
    from vllm import LLM, SamplingParams

# --seed is a sampling parameter of the tool, so the engine's own has another name.
VLLMS_NAMES = {"engine_seed": "seed"}
OWN_NAMES = {"seed": "engine_seed"}


def arguments(engine: Settings) -> dict[str, Any]:
    """Return the keyword arguments for `load_model`: what the user gave, under vLLM's names."""
    given = {VLLMS_NAMES.get(name, name): setting.value for name, setting in engine.items()}
    if "gpu_memory_utilization" in given:
        # With the course's fixed KV cache a CPU would ignore it, and a GPU would only ask for it at the start.
        given.setdefault("kv_cache_memory_bytes", None)
    return given


def start(engine: Settings) -> "LLM":
    """Load the model; vLLM checks the arguments before it reads the weights.

    Raises:
        UsageError: vLLM refuses an argument.
        CourseError: The model cannot be loaded.
    """
    try:
        with usage_errors():
            return load_model(**arguments(engine))
    except CourseError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {one_line(error)}"
        raise CourseError(f"the engine must start, got {reason} Run again with --log-file to see why.") from error


def with_course_defaults(engine: Settings) -> Settings:
    """Return all that `LLM` is given, with what the course adds; everything else is vLLM's default."""
    made = {OWN_NAMES.get(name, name): value for name, value in engine_args(**arguments(engine)).items()}
    return Settings({name: Setting(value, "the course's default") for name, value in made.items()} | engine)


def generate(llm: "LLM", prompts: list[str], params: "SamplingParams") -> list[dict[str, Any]]:
    """Complete all prompts in one call, log how long it took, and return one record a completion.

    Raises:
        CourseError: A prompt does not fit, or the engine fails.
    """
    _refuse_long(llm, prompts)
    before = time.perf_counter()
    try:
        outputs = llm.generate(prompts, params)
    except VLLMError as error:
        raise CourseError(f"vLLM must accept every prompt, got: {one_line(error)} Change it.") from None
    except BaseException:
        # Its requests are still under way, and would come out of the next call.
        free_engine()
        raise
    records = [
        {
            "prompt": output.prompt,
            "sample": completion.index,
            "text": completion.text,
            "tokens": len(completion.token_ids),
            "finish_reason": completion.finish_reason,
        }
        for output in outputs
        for completion in output.outputs
    ]
    tokens, seconds = sum(record["tokens"] for record in records), time.perf_counter() - before
    log.info("%d prompts, %d completions, %d tokens in %.2f s", len(prompts), len(records), tokens, seconds)
    return records


def _refuse_long(llm: "LLM", prompts: list[str]) -> None:
    """Name the prompt that does not fit: vLLM's message does not say which of a batch it is."""
    context = llm.llm_engine.model_config.max_model_len
    with quiet():  # the tokenizer warns of a long text
        lengths = [len(llm.get_tokenizer().encode(prompt)) for prompt in prompts]
    for number, tokens in enumerate(lengths, start=1):
        if tokens >= context:
            raise CourseError(
                f"prompt {number} must have at most {context - 1} tokens in a context of {context}, got {tokens}. "
                "Shorten it or raise --max-model-len."
            )
