"""The service that every drill runs: settings and prompts in, answers, film and log out.

What a learner writes into the settings can be anything. Whatever is wrong with it ends as one line in `Run.error`.
"""

import copy
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vllm_course.errors import CourseError, did_you_mean, one_line
from vllm_course.film.recording import Film, xray
from vllm_course.models import load_model
from vllm_course.runtime.quiet import quiet

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput, SamplingParams

SETTINGS: dict[str, Any] = {
    "engine": {"model": "pocket-base"},
    "api": "generate",
    "template": "{prompt}",
    "together": True,
    "defaults": "vllm",
    "params": {"temperature": 0, "max_tokens": 200},
    "tokenization": {},
    "prompts": [],
}
CHOICES = {"api": ("generate", "chat"), "together": (True, False), "defaults": ("vllm", "model")}
KINDS = {"engine": dict, "template": str, "tokenization": dict, "prompts": list}
AGAIN = "drill(...) makes them anew."
MOST_PROMPTS, MOST_LETTERS, MOST_TOKENS = 60, 20_000, 20_000  # of a run, so that it ends in seconds
OPENS = "09"  # the hour at which the first prompt comes; each further one comes a minute later


class Run:
    """What one run of the service gave.

    Attributes:
        prompts: What users sent.
        answers: For each prompt the `RequestOutput`, or the one line of the error that it ended with.
        film: What the engine did.
        error: Why the whole run failed, in one line, or None.
        tokens: Tokens that the KV cache has room for; 0 where no engine started.
        block: Tokens of a block of it.
        longest: `max_model_len` of the engine.
        model: Name of the model that answered.
        read: For each prompt what the model read of it, "" where an error came.
    """

    def __init__(self, prompts: list[str]) -> None:
        self.prompts, self.answers, self.film = prompts, [], Film()
        self.error: str | None = None
        self.tokens = self.block = self.longest = 0
        self.model, self.read = "", []

    @property
    def outputs(self) -> "list[RequestOutput]":
        """The answers that are none of an error."""
        return [answer for answer in self.answers if not isinstance(answer, str)]


def serve(settings: Any, prompts: list[str]) -> Run:
    """Run the service.

    Args:
        settings: As `SETTINGS`, changed by a learner.
        prompts: What users send.

    Returns:
        What came of it. It raises nothing but Ctrl-C.
    """
    run = Run(prompts)
    try:
        settings = _refuse_odd(copy.deepcopy(settings))
        llm = load_model(**settings["engine"])
        cache = llm.llm_engine.vllm_config.cache_config
        run.tokens, run.block = cache.num_gpu_blocks * cache.block_size, cache.block_size
        run.longest = llm.llm_engine.model_config.max_model_len
        run.model = os.path.basename(llm.llm_engine.model_config.model)
        llm.reset_prefix_cache()  # what ran before must not show
        with quiet(), xray(llm) as run.film:
            run.answers = _answers(llm, settings, prompts)
        run.read = [_read(llm, answer) for answer in run.answers]
    except Exception as error:
        run.error = said(error)
    return run


def times(prompts: list[str]) -> list[str]:
    """Return when each prompt comes.

    Example:
        >>> times(["Hello", "Good morning"])
        ['09:00', '09:01']
    """
    return [f"{OPENS}:{minute:02}" for minute in range(len(prompts))]


def texts_sent(settings: dict[str, Any], prompts: list[str]) -> list[str]:
    """Return what the service makes of the prompts before the model sees them."""
    parts = zip(prompts, times(prompts), strict=True)
    return [settings["template"].replace("{time}", time).replace("{prompt}", prompt) for prompt, time in parts]


def preemptions(run: Run) -> int:
    """Return how often a request lost its place and its blocks."""
    lanes = run.film.frame().groupby("request_id")["status"]
    return sum(int(((lane == "preempted") & (lane.shift() != "preempted")).sum()) for _, lane in lanes)


def said(error: Exception) -> str:
    """Return an error as one line: its type, and what it says."""
    return f"{type(error).__name__}: {error if isinstance(error, CourseError) else one_line(error)}"


def _answers(llm: "LLM", settings: dict[str, Any], prompts: list[str]) -> list:
    params = _params(llm, settings, len(prompts))
    texts = texts_sent(settings, prompts)
    if settings["api"] == "chat":
        texts = [[{"role": "user", "content": text}] for text in texts]
    call = getattr(llm, settings["api"])
    options = {"use_tqdm": False, "tokenization_kwargs": settings["tokenization"] or None}
    if settings["together"]:
        return call(texts, params, **options)
    return list(_one_by_one(call, texts, params, options))


def _one_by_one(call: Any, texts: list, params: "SamplingParams", options: dict[str, Any]) -> Iterator:
    for text in texts:
        try:
            (answer,) = call(text, params, **options)
        except Exception as error:
            answer = said(error)
        yield answer


def _read(llm: "LLM", answer: "RequestOutput | str") -> str:
    tokens = [] if isinstance(answer, str) else answer.prompt_token_ids
    return llm.get_tokenizer().decode(tokens, skip_special_tokens=True)


def _params(llm: "LLM", settings: dict[str, Any], prompts: int) -> "SamplingParams":
    from vllm import SamplingParams

    params = settings["params"]
    if not isinstance(params, SamplingParams):
        model = llm.llm_engine.model_config.get_diff_sampling_param() if settings["defaults"] == "model" else {}
        params = SamplingParams(**(model | params))
    longest = llm.llm_engine.model_config.max_model_len
    asked = prompts * params.n * min(params.max_tokens or longest, longest)
    if asked > MOST_TOKENS:
        raise CourseError(
            f"params must ask for at most {MOST_TOKENS:,} tokens in all, got {asked:,}. Lower n or max_tokens."
        )
    return params


def _refuse_odd(settings: Any) -> dict[str, Any]:
    """Return settings that the service can work with.

    Raises:
        CourseError: They are none, and why.
    """
    if not isinstance(settings, dict):
        raise CourseError(f"settings must be a dict, got {type(settings).__name__}. {AGAIN}")
    for name in SETTINGS:
        if name not in settings:
            raise CourseError(f"settings must have {', '.join(SETTINGS)}, got no {name!r}. {AGAIN}")
    for name, value in settings.items():
        _refuse_value(name, value)
    return settings


def _refuse_value(name: Any, value: Any) -> None:
    if name not in SETTINGS:
        remedy = did_you_mean(str(name), SETTINGS, otherwise=f"They have {', '.join(SETTINGS)}.", shown=repr)
        raise CourseError(f"settings must have names that the service knows, got {_short(name)}. {remedy}")
    if name in CHOICES and value not in CHOICES[name]:
        choices = " or ".join(map(repr, CHOICES[name]))
        raise CourseError(f"settings[{name!r}] must be {choices}, got {_short(value)}. Take one of them.")
    if name in KINDS and not isinstance(value, KINDS[name]):
        kind = KINDS[name].__name__
        raise CourseError(f"settings[{name!r}] must be a {kind}, got {_short(value)}. {AGAIN}")
    if name == "engine" and "model" not in value:
        raise CourseError(f"settings['engine'] must name a model, got {_short(value)}. {AGAIN}")
    if name == "template" and "{prompt}" not in value:
        raise CourseError(f"settings['template'] must hold {{prompt}}, got {_short(value)}. Put it where users write.")
    for text in {"prompts": value, "template": [value]}.get(name, ()):
        if not isinstance(text, str) or len(text) > MOST_LETTERS:
            raise CourseError(
                f"settings[{name!r}] must hold texts of at most {MOST_LETTERS:,} characters, got {_short(text)}."
            )
    if name == "prompts" and not 0 < len(value) <= MOST_PROMPTS:
        raise CourseError(f"settings['prompts'] must hold 1 to {MOST_PROMPTS} prompts, got {len(value)}. {AGAIN}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
