"""The engine of `text_generation.py`: start it, decide on the sampling parameters, generate."""

from typing import TYPE_CHECKING, Any

from vllm import SamplingParams
from vllm.exceptions import VLLMError

from vllm_course.completion.settings import SAMPLING, Setting, Settings, one_line
from vllm_course.errors import CourseError
from vllm_course.models import engine_args, free_engine, load_model
from vllm_course.quiet import quiet
from vllm_course.tool import UsageError

if TYPE_CHECKING:
    from vllm import LLM


def arguments(settings: Settings) -> dict[str, Any]:
    """Return the keyword arguments for `load_model`: what the user gave, under vLLM's names."""
    given = settings.engine()
    if "gpu_memory_utilization" in given:
        # The course's fixed KV cache would make vLLM ignore it.
        given.setdefault("kv_cache_memory_bytes", None)
    return given


def start(settings: Settings) -> "LLM":
    """Load the model; vLLM checks the arguments before it reads the weights.

    Raises:
        UsageError: vLLM refuses an argument.
        CourseError: The model cannot be loaded.
    """
    try:
        return load_model(**arguments(settings))
    except CourseError:
        raise
    except (TypeError, ValueError) as error:
        raise UsageError(f"vLLM must accept the engine arguments, got: {one_line(error)} Change them.") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {one_line(error)}"
        raise CourseError(f"the engine must start, got {reason} Run again with --log-file to see why.") from error


def decide(llm: "LLM", settings: Settings) -> tuple[SamplingParams, dict[str, Setting]]:
    """Merge what was given with the model's own defaults.

    Returns:
        The sampling parameters, and the whole configuration: engine arguments, then sampling parameters.
    """
    own, plain, given = llm.get_default_sampling_params(), SamplingParams(), settings.sampling()
    chosen = {}
    for name in SAMPLING:
        value = getattr(own, name)
        source = "the model's default" if value != getattr(plain, name) else "vLLM's default"
        chosen[name] = settings[name] if name in given else Setting(value, source)
    try:
        params = SamplingParams(**{name: setting.value for name, setting in chosen.items()})
    except VLLMError as error:
        raise UsageError(f"{one_line(error)} Change one of the sampling parameters.") from None
    return params, _engine_settings(settings) | chosen


def generate(llm: "LLM", prompts: list[str], params: SamplingParams) -> list[dict[str, Any]]:
    """Complete all prompts in one call, and return one record a completion.

    Raises:
        CourseError: A prompt does not fit, or the engine fails.
    """
    _refuse_long(llm, prompts)
    try:
        outputs = llm.generate(prompts, params)
    except VLLMError as error:
        raise CourseError(f"vLLM must accept every prompt, got: {one_line(error)} Change it.") from None
    except BaseException:
        # Its requests are still under way, and would come out of the next call.
        free_engine()
        raise
    return [
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


def _engine_settings(settings: Settings) -> dict[str, Setting]:
    """Return what `LLM` was given; everything else is vLLM's default."""
    course = {
        name: Setting(value, "the course's default") for name, value in engine_args(**arguments(settings)).items()
    }
    if "model" not in settings:
        course["model"] = Setting(engine_args()["model"], "the course's default")
    given = {("engine_seed" if name == "seed" else name): value for name, value in course.items()}
    return {name: settings.get(name, setting) for name, setting in given.items()}


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
