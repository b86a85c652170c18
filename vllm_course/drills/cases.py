"""The drills as data: story, settings, prompts, noise, and which function judges a run."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from vllm_course.drills import judging
from vllm_course.drills.service import Run


class Case(NamedTuple):
    """A drill.

    Attributes:
        story: What the users complain of.
        look: Where to look, for those who found nothing.
        prompts: What users sent.
        hidden: What others send, whom the service must serve as well.
        settings: Where they differ from `service.SETTINGS`.
        judge: Given a run, returns "" or the hint that fits what is still wrong.
        noise: Lines of the log that have nothing to do with it.
        may_fail: Whether single prompts may end with an error.
        fine: Whether nothing is wrong.
    """

    story: str
    look: str
    prompts: list[str]
    hidden: list[str] = []
    settings: dict[str, Any] = {}
    judge: Callable[[Run], str] = lambda run: ""
    noise: tuple[str, ...] = ()
    may_fail: bool = False
    fine: bool = False


RULES = (
    "These are the rules of the house. Be kind to every guest. Speak slowly and clearly. Do not promise what "
    "you cannot keep. The kitchen is open from seven in the morning to nine in the evening. Breakfast is on the "
    "table at eight. Dogs are welcome in the garden, but not in the rooms. The key of the gate is in the "
    "office. The bus to the station leaves every hour. The museum in the old town is closed on Monday. Towels "
    "are changed every day. The lamp in the hall stays on at night. Music must end at ten in the evening. "
    "Guests who leave early pay the evening before. The doctor in the village can be called at any time. "
    "Letters are brought to the post office in the morning. "
)
CAPITALS = {
    "What is the capital of France?": "Paris",
    "What is the capital of Italy?": "Rome",
    "What is the opposite of hot?": "cold",
    "What is 7 + 5?": "12",
    "What is the capital of Spain?": "Madrid",
    "What is the capital of Germany?": "Berlin",
}
QUESTIONS = list(CAPITALS)
ASKED = "Question: {prompt}\nAnswer:"
TOO_LONG = "the fox and the duck " * 400

CASES = {
    "07.1": Case(
        story="Since yesterday many texts stop in the middle of a sentence. The model's card says that it writes whole "
        "texts. A colleague blames the disk, which is nearly full.",
        look="Read finish_reason and the number of tokens in the log.",
        prompts=["The capital of France is", "My name is", "The weather today"],
        hidden=["Water boils at", "A computer is", "The moon is"],
        settings={"params": {"temperature": 0}},
        judge=judging.ends_by_itself,
        noise=("WARNING service: disk /var is 91 % full", "INFO service: a user closed the page"),
    ),
    "07.2": Case(
        story="Users ask one question and some get two: after the answer comes a new question. A stop string is set, "
        "and vLLM took it without a word.",
        look="Read stop_reason in the log, and repr(output.outputs[0].text).",
        prompts=["What is the capital of Italy?", "What is the capital of Spain?"],
        hidden=["What is the capital of France?", "How are you?", "Tell me a story.", "Who is the Queen of England?"],
        settings={
            "template": ASKED,
            "params": {"temperature": 0, "max_tokens": 100, "stop": ["Question: "]},
        },
        judge=partial(
            judging.one_answer,
            whole={"template": ASKED, "params": {"temperature": 0, "max_tokens": 100, "stop": "\nQuestion"}},
        ),
        noise=("WARNING service: 2 users share one address",),
    ),
    "07.3": Case(
        story="The model's card recommends temperature, top_k and top_p, and generation_config.json holds them. A "
        "partner runs the same model in a server, with the same seed. Its texts are fine, ours hold odd words.",
        look="Compare SamplingParams() with llm.get_default_sampling_params().",
        prompts=["Water boils at", "Good morning", "The weather today"],
        hidden=["My name is", "The recipe for bread:", "Dear Sir", "The capital of Spain is"],
        settings={"params": {"seed": 3, "max_tokens": 60}},
        judge=judging.as_recommended,
        noise=("INFO service: 3 users are from abroad",),
    ),
    "07.4": Case(
        story="Every prompt begins with the same rules of the house, and still the prefix cache is at 0 %. The engine "
        "computes the rules anew for every guest. Each prompt must say when it came.",
        look="Which is the first token that differs between two prompts? See output.prompt.",
        prompts=["When is breakfast?", "May I bring my dog?", "Where is the key?"],
        hidden=["When does the bus leave?", "Is the museum open?", "Who brings my letters?", "When must music end?"],
        settings={
            "template": "It is {time}. " + RULES + "\nQuestion: {prompt}\nAnswer:",
            "params": {"temperature": 0, "max_tokens": 8},
        },
        judge=partial(judging.cached_and_dated, rules=RULES.strip()),
        noise=("INFO service: the clock was set by ntp",),
    ),
    "07.5": Case(
        story="All prompts begin with the same words, and the prefix cache is at 0 %. The cache is on. Somebody wants "
        "to send every prompt twice to warm it.",
        look="How many tokens do two prompts share, and how many does a block hold?",
        prompts=[f"Once upon a time, a {who}" for who in ("fox", "queen", "boy", "teacher", "bear", "painter")],
        settings={"params": {"temperature": 0, "max_tokens": 12}},
        noise=("WARNING service: prefix cache hit rate 0.0 %", "WARNING service: 6 requests in one second"),
        fine=True,
    ),
    "07.6": Case(
        story="Every night the whole batch fails, and nobody gets an answer. By day, with one user at a time, only one "
        "of them complains.",
        look="Read the error: which prompt does it speak of, and who else was in the call?",
        prompts=["The capital of France is", TOO_LONG, "Water boils at"],
        hidden=["My name is", "A computer is", "Dear Sir", TOO_LONG + "and the bear", "The moon is"],
        settings={"params": {"temperature": 0, "max_tokens": 30}},
        judge=judging.others_are_served,
        noise=("WARNING service: the backup runs at night, too",),
        may_fail=True,
    ),
    "07.7": Case(
        story="Some texts break off, although max_tokens is 200 and the model can read 1,024 tokens. Short texts are "
        "fine. Last week somebody saved memory.",
        look="Add prompt tokens and tokens of a text that breaks off. Where else in the log is that number?",
        prompts=["My name is", "The capital of France is"],
        hidden=["Water boils at", "A computer is", RULES + "The moon is"],
        settings={"engine": {"model": "pocket-base", "block_size": 32, "kv_cache_memory_bytes": 256 * 1024}},
        judge=judging.ends_by_itself,
        noise=("INFO service: memory of the machine is 31 % full",),
    ),
    "07.8": Case(
        story="The new model for conversations talks nonsense. It has passed its tests elsewhere. The template comes "
        "from the service's old model.",
        look="Print output.prompt, and what llm.chat makes of the same question.",
        prompts=QUESTIONS[:2],
        hidden=QUESTIONS[2:],
        settings={
            "engine": {"model": "pocket-chat"},
            "template": "User: {prompt}\nAssistant:",
            "params": {"temperature": 0, "max_tokens": 40},
        },
        judge=partial(judging.in_the_right_form, words=CAPITALS),
        noise=("INFO service: 2 users write in capitals",),
    ),
    "07.9": Case(
        story=f"Five users come at once. Each gets {judging.EACH} tokens, and the engine computes far more. The "
        "operator gave the KV cache little room, and lets as many requests run at once as vLLM does by itself.",
        look="Watch the film: film.show(), or film.timeline(). Who stops in the middle?",
        prompts=["The capital of France is", "My name is", "Water boils at", "Dear Sir", "The weather today"],
        hidden=["A computer is", "The moon is", "Good morning", "To make tea,", "The sea"],
        settings={
            "engine": {"model": "pocket-base", "block_size": 32, "num_gpu_blocks_override": 6, "max_model_len": 64},
            "params": {"temperature": 0, "max_tokens": judging.EACH, "ignore_eos": True},
        },
        judge=judging.computed_once,
        noise=("WARNING service: the queue was empty for an hour",),
    ),
}
