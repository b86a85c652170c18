"""The checks of lesson 07's exercises. `vllm_course.check` finds them by number."""

import gc
import itertools
import math
import sys
from collections import UserDict
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from vllm_course.checks import exercise, require
from vllm_course.checks.shapes import alike, entries, exactly, keys, listed, number
from vllm_course.checks.trying import Endless, Tried, described, limited
from vllm_course.checks.verdict import shown
from vllm_course.checks.watch import Watch
from vllm_course.drills.drill import trouble
from vllm_course.errors import CourseError

MIB = 2**20
LAYERS, HEADS, KV_HEADS = "num_hidden_layers", "num_attention_heads", "num_key_value_heads"
NUMBER_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
LINES = 500_000  # lines of its own that an answer may run: one that needs more hangs


def bounded(tried: Tried) -> Tried:
    """Let a function end, also where a loop of it never does: lines of its own cell are counted."""
    function = tried.function
    file = getattr(getattr(function, "__code__", None), "co_filename", None)

    def run(*arguments: Any, **options: Any) -> Any:
        left, before = iter(range(LINES)), sys.gettrace()

        def trace(frame: Any, event: str, argument: Any) -> Callable | None:
            if file not in (None, frame.f_code.co_filename):
                return None
            if next(left, None) is None:
                raise Endless
            return trace

        sys.settrace(trace)
        try:
            return function(*arguments, **options)
        finally:
            sys.settrace(before)

    tried.function = run
    return tried


def ended(function: Callable, most: int = 50) -> Callable:
    """Return a function as `limited` does; it also ends an answer that holds every exception with a bare `except:`."""
    calls = iter(range(most))

    def counted(*arguments: Any) -> Any:
        if next(calls, None) is None:
            _stop_at_the_next_line(sys._getframe(1))
            raise Endless
        return function(*arguments)

    return counted


def _stop_at_the_next_line(frame: Any) -> None:
    """Let the next line of an answer raise: after an `except:` that is its own, which no longer holds anything."""

    def trace(frame: Any, event: str, argument: Any) -> Callable:
        if event == "line":
            raise Endless
        return trace

    sys.settrace(trace)  # `bounded` takes it away
    frame.f_trace = trace


def config_of(layers: int, hidden: int, heads: int, dtype: str = "bfloat16", longest: int = 4096, **more) -> dict:
    """Return a configuration of a Llama; what `more` does not say is missing in it."""
    of_all = {"model_type": "llama", "intermediate_size": 4 * hidden, "vocab_size": 2048, "dtype": dtype}
    return of_all | {LAYERS: layers, "hidden_size": hidden, HEADS: heads, "max_position_embeddings": longest} | more


MHA = config_of(4, 256, 4, "float32")
MHA_NULL = config_of(6, 512, 8, "float16", **{KV_HEADS: None, "head_dim": None})
GQA = config_of(6, 512, 8, **{KV_HEADS: 2})
GQA_WIDE = config_of(28, 1024, 16, **{KV_HEADS: 8, "head_dim": 128})
MQA = config_of(3, 512, 8, "float32", longest=1000, **{KV_HEADS: 1, "head_dim": 32})
KINDS = {"GQA": GQA, "full attention": MHA, "null for both names": MHA_NULL, "GQA and a head_dim": GQA_WIDE, "MQA": MQA}


def kv_bytes(config: dict, **instead: int) -> int:
    """Return the bytes that a token takes in the KV cache, with likely mistakes in place of the right numbers."""
    right = {
        "both": 2,
        "layers": config[LAYERS],
        "heads": config.get(KV_HEADS) or config[HEADS],
        "size": config.get("head_dim") or config["hidden_size"] // config[HEADS],
        "number": NUMBER_BYTES[config["dtype"]],
    }
    return math.prod((right | instead).values())


def kv_mistakes(config: dict) -> dict[int, str]:
    """Return what likely mistakes say, each with its hint."""
    asked = {
        "A token has a key and a value: twice as much.": {"both": 1},
        "Every layer keeps its own key and value.": {"layers": 1},
        "Only KV heads are kept, and there may be fewer than attention heads.": {"heads": config[HEADS]},
        "Look up head_dim first: it need not be hidden_size / num_attention_heads.": {
            "size": config["hidden_size"] // config[HEADS]
        },
        "dtype says how many bytes a number has: 4 for float32, 2 for the others.": {
            "number": 6 - NUMBER_BYTES[config["dtype"]]
        },
    }
    return {kv_bytes(config, **instead): hint for hint, instead in asked.items()}


CARDS = [(64 * MIB, 8 * MIB, 512, 32), (40_000_000, 1_000_000, 1000, 64), (3_000_000, 2_000_000, 257, 32)]
FITS = "It says whether vLLM starts: there must be the blocks of one request, and one that vLLM keeps for itself."


@exercise(
    "7.1",
    functions={"plan_card": "config, card_bytes, weights_bytes, max_model_len, block_size -> dict"},
    hints=[
        "First one token: what is kept of it, in how many layers, for how many heads? Then blocks, then requests.",
        "2 * layers * kv_heads * head_dim * bytes per number. blocks = (card - weights) // (per token * block_size). A "
        "request takes math.ceil(max_model_len / block_size) blocks. config.get(name) or ... also stands for None.",
    ],
    concept="memory.md#the-formulas",
)
def fits_on_a_card(plan_card, card, planned) -> None:
    """Bytes per token, blocks and concurrency, for five kinds of attention and three cards."""
    bounded(plan_card)
    for kind, config in KINDS.items():
        for sizes in CARDS:
            case = "for a card of {} bytes, weights of {}, contexts of {} and blocks of {}, {}".format(*sizes, kind)
            _planned(plan_card(config, *sizes, case=case), config, *sizes, case)
    case = "where the weights are larger than the card"
    _planned(plan_card(GQA, 5 * MIB, 9 * MIB, 512, 32, case=case), GQA, 5 * MIB, 9 * MIB, 512, 32, case)
    found = entries(card, PLANNED, "card_7_1 must be")
    for name in PLANNED:
        truth = getattr(planned, name)
        exactly(found[name], truth, f"{name} in card_7_1 must be what plan says, {truth}, not {shown(found[name])}.")


PLANNED = ["kv_bytes_per_token", "blocks", "max_concurrency", "fits"]


def _planned(given: dict, config: dict, card: int, weights: int, length: int, block: int, case: str) -> None:
    found = entries(given, PLANNED, "plan_card must return")
    token, left, whole = kv_bytes(config), max(0, card - weights), math.ceil(length / block)
    blocks = left // (token * block)
    wrong = {
        "kv_bytes_per_token": kv_mistakes(config),
        "blocks": {
            card // (token * block): "The weights take their part of the card first.",
            left // token: "That is tokens: a block has room for block_size of them.",
            (card - weights) // (token * block): "Where the weights leave nothing there are 0 blocks.",
        },
        "max_concurrency": {
            blocks * block / length: "A request takes whole blocks: nobody else gets the rest of its last one.",
            blocks / (length // block): "A request takes whole blocks: nobody else gets the rest of its last one.",
            blocks // whole: "Do not round it: vLLM's log says 3.5x, too.",
            round(blocks / whole, 2): "Do not round it, not even to two places.",
        },
        "fits": {},
    }
    truth = dict(zip(PLANNED, (token, blocks, blocks / whole, blocks > whole), strict=True))
    for name, value in truth.items():
        why = FITS if name == "fits" else "See exercise 7.1 for what it is."
        why = next((hint for mistake, hint in wrong[name].items() if alike(found[name], mistake)), why)
        exactly(found[name], value, f"{name} must be {value}, not {shown(found[name])}, {case}. {why}")


def _mended(answer: Any, number_of_drill: str) -> None:
    problem = trouble(answer, number_of_drill)
    require(not problem, problem)


@exercise(
    "7.2",
    hints=[
        "Print repr of a text. What is written where the text should end, letter by letter, and what does stop have?",
        'The model goes on with "\\nQuestion 2:", and stop has "Question: ". What do all such lines begin with? '
        'settings["params"]["stop"] = ["\\nQuestion"].',
    ],
    concept="errors.md#a-stop-string-never-matches",
)
def drill_of_a_stop_string(drill_7_2) -> None:
    """A stop string that never matches."""
    _mended(drill_7_2, "07.2")


LARGEST = [
    (GQA, 64 * MIB, 11, 32),
    (GQA, 10_000_000, 3, 32),
    (MHA, 64 * MIB, 9, 128),
    (MHA_NULL, 64 * MIB, 1, 32),
    (GQA_WIDE, 100_000_000, 2, 32),
    (MQA, 64 * MIB, 2, 32),
    (MQA, 1_000_000, 4, 32),
    (GQA, 1000, 1, 32),
    (GQA, 200_000, 5, 32),
]


@exercise(
    "7.3",
    functions={"largest_context": "config, kv_bytes, users, block_size -> number"},
    hints=[
        "How many blocks does each user get? How many tokens are they? Which other limit is there?",
        "blocks = kv_bytes // (bytes per token * block_size), then min((blocks - 1) // users * block_size, "
        'config["max_position_embeddings"]), and never below 0. In a search a length takes whole blocks, too.',
    ],
    concept="memory.md#the-formulas",
)
def longest_that_fits(largest_context, context, config, room) -> None:
    """The largest context for some users, of four kinds of attention."""
    bounded(largest_context)
    for shape, size, users, block in LARGEST:
        where = f"for {users} users and {size} bytes, in blocks of {block} tokens of {kv_bytes(shape)} bytes each"
        _largest(largest_context(shape, size, users, block, case=where), shape, size, users, block, where)
    _largest(context, config, room, 20, 32, "in context_7_3")


def _largest(found: Any, config: dict, size: int, users: int, block: int, where: str) -> None:
    blocks, longest = size // (kv_bytes(config) * block), config["max_position_embeddings"]
    usable = max(0, blocks - 1)
    truth = min(usable // users * block, longest)
    likely = {
        usable * block // users: "a user takes whole blocks, and shares none",
        size // kv_bytes(config) // users: "a user takes whole blocks, and shares none",
        min(blocks // users * block, longest): "vLLM keeps one block for itself",
        usable // users * block: "it is at most max_position_embeddings",
        min(usable * block, longest): "all users must fit at the same time",
        truth - 1: "one token more fits, too",
        truth + 1: "that is one token too long",
        truth // block: "that is blocks, and a block has many tokens",
        min(max(0, blocks // users - 1) * block, longest): "vLLM keeps one block for itself, not one per user",
        **({block: "it is 0 where not every user gets a block"} if truth == 0 else {}),
    }
    hint = next((hint for mistake, hint in likely.items() if alike(found, mistake)), "count the blocks of all users")
    exactly(found, truth, f"The largest context is {truth}, not {shown(found)}, {where}: {hint}.")


@exercise(
    "7.4",
    hints=[
        "Add the prompt tokens and the tokens of the text that breaks off. Which line of the log has that number?",
        'max_model_len was not given, so vLLM fitted it to the KV cache. Give settings["engine"] more '
        "kv_cache_memory_bytes: plan says how many tokens they hold.",
    ],
    concept="errors.md#the-kv-cache-is-too-small-for-max_model_len",
)
def drill_of_a_short_context(drill_7_4) -> None:
    """Texts that break off, since the KV cache is small."""
    _mended(drill_7_4, "07.7")


class Unsteady(Watch):
    """Ends its first calls as a script says: with an exception, or for None with what the engine gives."""

    def __init__(self, llm, script: list[Exception | None]) -> None:
        super().__init__(llm)
        self.script, self.asked_for = script, 0

    def generate(self, *args, **options) -> list:
        """Raise what comes next, or pass the call on."""
        self.asked_for += 1
        error = self.script.pop(0) if self.script else None
        if error is not None:
            raise error
        return super().generate(*args, **options)


def bugs() -> list[Exception]:
    """Return exceptions that a caller must see, made anew."""
    from vllm.v1.engine.exceptions import EngineDeadError

    return [
        TypeError("'NoneType' object is not iterable"),
        RuntimeError("shape mismatch in a kernel"),
        ValueError("not enough values to unpack"),
        EngineDeadError(),
        AssertionError("pipeline model parallel group is not initialized"),
    ]


GOOD = ["The moon", " A day has", "Once upon a time", {"prompt": "The sun"}, "Water boils at", "My name is", "The sea"]
LONG, UNKNOWN, EMPTY = "the fox and the duck " * 400, {"prompt_token_ids": [5, 99999]}, {"prompt_token_ids": []}
BATCHES = [
    GOOD,
    [*GOOD[:3], LONG, *GOOD[3:]],
    [EMPTY, *GOOD[:4], UNKNOWN],
    [LONG],
    [EMPTY, "The moon", LONG, UNKNOWN, EMPTY],
    [],
]


@exercise(
    "7.5",
    functions={"safe_generate": "llm, prompts, params -> list"},
    hints=[
        "Try all prompts in one call. If vLLM refuses it, who of them was it? Ask again in smaller parts.",
        "except VLLMValidationError as error: with one prompt return [error], with more return what safe_generate says "
        "for the first half + what it says for the second half. Catch nothing else.",
    ],
    concept="errors.md#one-bad-prompt-fails-the-batch",
)
def one_bad_prompt_aside(safe_generate, answers, prompts, llm) -> None:
    """Answers in their places, errors of bad prompts in theirs, and bugs come out."""
    bounded(safe_generate)
    for given in BATCHES:
        bad = sum(isinstance(_truth(llm, prompt, 4), Exception) for prompt in given)
        watch, case = Watch(llm, most=100), f"for {len(given)} prompts, {bad} of them bad"
        fails = "VLLMValidationError is no ValueError, and only one prompt's fault."
        _aside(safe_generate(watch, given, _greedy(), case=case, fails=fails), given, llm, 4, case)
        _called(len(watch.calls), len(given), bad, case)
    for error in bugs():
        for at in (1, 2):
            watch = Unsteady(llm, [None] * (at - 1) + [error] * 20)
            _, came = safe_generate.ending(watch, ["The moon", UNKNOWN, "The sun"] if at == 2 else GOOD, _greedy())
            what = f"A {type(error).__name__} is no prompt's fault: it must come out as it is"
            require(came is error, lambda came=came, what=what: f"{what}, not {_ended(came)}.")
            require(watch.asked_for == at, f"{what}, and at once: you made {watch.asked_for - at} more call(s).")
    found = listed(answers, "answers_7_5 must be a list.")
    _aside(found, prompts, llm, 8, "in answers_7_5")


def _greedy(tokens: int = 4):
    from vllm import SamplingParams

    return SamplingParams(temperature=0, max_tokens=tokens)


def _ended(error: BaseException | None) -> str:
    return "end without an error" if error is None else f"end with {described(error)}"


_known: WeakKeyDictionary[Any, dict] = WeakKeyDictionary()


def _truth(llm, prompt: Any, tokens: int) -> Any:
    """Return the text of a good prompt, or what vLLM raises for a bad one; an engine is asked once."""
    from vllm.exceptions import VLLMValidationError

    known, key = _known.setdefault(llm, {}), (repr(prompt), tokens)
    if key not in known:
        try:
            known[key] = llm.generate([prompt], _greedy(tokens))[0].outputs[0].text
        except VLLMValidationError as error:
            known[key] = error
    return known[key]


def _called(calls: int, prompts: int, bad: int, case: str) -> None:
    if not bad:
        most = min(1, prompts)
        require(calls in (1, most), f"Call generate once with all prompts {case}, not {calls} times.")
    require(calls <= 2 * prompts + 1, f"Make at most {2 * prompts + 1} calls {case}, not {calls}.")


def _aside(found: list, prompts: list, llm, tokens: int, case: str) -> None:
    from vllm.exceptions import VLLMValidationError

    require(len(found) == len(prompts), f"There must be one entry per prompt {case}: {len(prompts)}, not {len(found)}.")
    truths = [_truth(llm, prompt, tokens) for prompt in prompts]
    for place, (entry, truth) in enumerate(zip(found, truths, strict=True)):
        if isinstance(truth, str):
            right = hasattr(entry, "outputs") and entry.outputs[0].text == truth
            where = f"Entry {place} must be the RequestOutput of a good prompt with the text {truth!r} {case}"
            require(right, lambda entry=entry, where=where: f"{where}, not {_entry(entry)}.")
        else:
            where = f"Entry {place} must be the VLLMValidationError of a bad prompt {case}"
            require(isinstance(entry, VLLMValidationError), lambda e=entry, w=where: f"{w}, not {_entry(e)}.")
            require(str(entry) == str(truth), f"{where}, the one that vLLM raised for it, not {str(entry)!r:.60}.")


def _entry(entry: Any) -> str:
    return repr(entry.outputs[0].text) if hasattr(entry, "outputs") else shown(entry)


class Service:
    """What `start` and `ask` do, by a script of words: each is one answer of `ask`, and one start may break."""

    def __init__(self, script: str, broken_start: int = 0, breaks: str = "") -> None:
        from vllm.exceptions import VLLMValidationError
        from vllm.v1.engine.exceptions import EngineDeadError

        self.errors = {
            "time-out": TimeoutError("no answer in time"),
            "dead": EngineDeadError(),
            "bad": VLLMValidationError("temperature must be non-negative, got -1.", parameter="temperature", value=-1),
            "bug": TypeError("unsupported operand"),
            "value": ValueError("not enough values to unpack"),
            "memory": MemoryError("no memory"),
            "runtime": RuntimeError("a kernel failed"),
            "missing": OSError("no such model"),
        }
        self.answers = {"empty": [], "none": None}
        self.script, self.broken_start, self.breaks = script.split(), broken_start, breaks
        self.said: list[Any] = []
        self.engines, self.asked, self.waits = 0, [], []

    def start(self) -> str:
        """Start an engine, which is only its name here."""
        self.engines += 1
        if self.engines == self.broken_start:
            self.said.append(self.errors[self.breaks])
            raise self.said[-1]
        return f"engine {self.engines}"

    def ask(self, engine: Any) -> list:
        """Answer as the script says."""
        self.asked.append(engine)
        word = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        self.said.append((self.errors | self.answers).get(word, [f"an answer to ask {len(self.asked)}"]))
        if word in self.errors:
            raise self.said[-1]
        return self.said[-1]


SCRIPTS = [
    ("ok", 3, "1", ""),
    ("ok", 1, "1", ""),
    ("time-out ok", 3, "1 1", "5"),
    ("time-out time-out ok", 5, "1 1 1", "5 10"),
    ("time-out time-out time-out time-out ok", 5, "1 1 1 1 1", "5 10 20 40"),
    ("time-out", 4, "1 1 1 1", "5 10 20"),
    ("time-out", 1, "1", ""),
    ("dead ok", 3, "1 2", ""),
    ("dead dead ok", 3, "1 2 3", ""),
    ("dead", 3, "1 2 3", ""),
    ("dead", 1, "1", ""),
    ("time-out dead time-out ok", 4, "1 1 2 2", "5 10"),
    ("dead time-out ok", 3, "1 2 2", "5"),
    *((word, 3, "1", "") for word in ("bad", "bug", "value", "memory", "runtime", "empty", "none")),
    ("time-out bad", 3, "1 1", "5"),
    ("dead bug", 3, "1 2", ""),
]


@exercise(
    "7.6",
    functions={"keep_asking": "start, ask, attempts, pause, sleep -> value"},
    hints=[
        "Three kinds: ask again, ask another engine, give up. What is different the last time?",
        "for _ in range(attempts - 1): try: return ask(engine), except TimeoutError: sleep(pause) and double it, "
        "except EngineDeadError: engine = start(). After the loop return ask(engine), where all comes out.",
    ],
    concept="errors.md#which-errors-there-are",
)
def another_try(keep_asking) -> None:
    """Who is asked how often, and what is waited, for scripts of answers and errors."""
    bounded(keep_asking)
    for script, attempts, engines, waits in SCRIPTS:
        service, case = Service(script), f"for {script.replace(' ', ', ')!s} and {attempts} attempts"
        _asked(keep_asking, service, attempts, case)
        where = f"{case}: who is asked is {engines}, and the waits are {waits or 'none'}"
        found, wanted = " ".join(str(one).removeprefix("engine ") for one in service.asked), engines
        count = f"ask must be called {len(wanted.split())} time(s), not {len(service.asked)}, {where}."
        require(len(service.asked) == len(wanted.split()), f"{count} {_why(service)}")
        starts = len(set(wanted.split()))
        hint = f"start must be called {starts} time(s), not {service.engines}, {where}. {DEAD}"
        require(service.engines <= starts, f"{hint} A start takes a minute.")
        require(service.engines == starts, hint)
        require(found == wanted, f"The engines that are asked must be {wanted}, not {found}, {where}. {DEAD}")
        exact = len(service.waits) == len(waits.split()) and all(map(alike, service.waits, map(int, waits.split())))
        hint = f"The waits must be {waits or 'none'}, not {shown(service.waits)}, {where}. {WAITS}"
        require(exact, hint)
    for number_of_start, breaks in itertools.product((1, 2), ("missing", "time-out", "dead")):
        service = Service("dead ok", broken_start=number_of_start, breaks=breaks)
        case = f"when start number {number_of_start} raises {type(service.errors[breaks]).__name__}"
        _asked(keep_asking, service, 3, case)
        require(service.engines == number_of_start, f"What start() raises comes out, {case}: start no other engine.")


DEAD = "After a time-out the same engine is asked, after an EngineDeadError a new one."
WAITS = "Wait only after a time-out that another try follows, first pause seconds, then twice as long each time."


def _asked(keep_asking: Tried, service: Service, attempts: int, case: str) -> None:
    parts = [ended(part) for part in (service.start, service.ask)]
    found, error = keep_asking.ending(*parts, attempts, 5, ended(service.waits.append), case=case)
    last = service.said[-1] if service.said else None
    require(bool(service.said), f"Start an engine and ask it: start(), then ask(engine), {case}.")
    if isinstance(last, BaseException):
        require(error is last, lambda: f"{described(last)} must come out as it is {case}, not {_ended(error)}.")
    else:
        require(error is None, lambda: f"ask has answered {case}, and yours must not {_ended(error)}.")
        require(found is last, f"Return what ask returns, as it is, not {shown(found)}, {case}.")


def _why(service: Service) -> str:
    if not any(isinstance(one, BaseException) for one in service.said):
        return "What ask returns is the answer, also an empty one."
    fatal = [
        one for one in service.said if type(one).__name__ not in ("TimeoutError", "EngineDeadError", "list", "NoneType")
    ]
    if fatal:
        return f"A {type(fatal[0]).__name__} is the same the next time: let it come out at once."
    return "A time-out or a dead engine is worth another try, attempts times in all."


@exercise(
    "7.7",
    hints=[
        "How many blocks has the engine, how many does one request need at its end, and how many run at the same time?",
        'A request of 5 + 40 tokens needs two blocks of 32. Let as many run as have room: settings["engine"]'
        '["max_num_seqs"] = 2. Or num_gpu_blocks_override: two blocks for each of five users, and one that vLLM keeps.',
    ],
    concept="memory.md#preemption",
)
def drill_of_preemption(drill_7_7) -> None:
    """Requests that lose their blocks."""
    _mended(drill_7_7, "07.9")


class Names(UserDict):
    """Variables by name; it is no dict, since an answer may not change the dicts that it is given."""


class StandIn:
    """As an engine in what matters here: memory, and objects that refer to each other."""

    SIZE = 96 * MIB

    def __init__(self, size: int = SIZE) -> None:
        self.cache = np.ones(size, dtype=np.uint8)
        self.core = {"engine": self}


OTHERS = {"prompts": ["The moon"], "size": 3, "nothing": None, "numbers": np.arange(3), "draft": StandIn(1)}


@exercise(
    "7.8",
    functions={"free_and_prove": "names -> dict"},
    hints=[
        "What still refers to the engine after del names['llm']? Other names, the engine's own parts, your variables.",
        "engine = weakref.ref(names['llm']); for name in list(names): if names[name] is engine(): del names[name]; "
        "then gc.collect(). gone is engine() is None, freed_bytes is rss before - rss after.",
    ],
    concept="memory.md#freeing-an-engine",
)
def freed_and_proven(free_and_prove, proof) -> None:
    """Whether an engine is gone, with one name, several, and a reference that the function cannot know."""
    bounded(free_and_prove)
    for more, kept in (([], False), (["engine", "_"], False), ([], True), (["model"], True)):
        gc.collect()  # what an earlier answer left
        names = Names({"llm": StandIn()} | OTHERS)
        names.update(dict.fromkeys(more, names["llm"]))
        held = [names["llm"]] if kept else []
        case = f"for an engine with {1 + len(more)} name(s)" + (", which somebody else has, too" if kept else "")
        found = _proof(free_and_prove(names, case=case), "free_and_prove must return")
        rest = f"Remove every name of the engine, and no other, {case}: there must be {', '.join(OTHERS)}"
        same = names.keys() == OTHERS.keys() and all(names[name] is OTHERS[name] for name in OTHERS)
        require(same, lambda n=names, r=rest: f"{r}, not {shown(list(n))}.")
        _gone(found, kept, case)
        held.clear()
    found = _proof(proof, "proof_7_8 must be")
    require(bool(found["gone"]), "gone in proof_7_8 must be True: the engine of started() has no other names.")
    least = "freed_bytes in proof_7_8 must be about the KV cache of 256 MiB or more"
    require(_on_a_card() or found["freed_bytes"] > 200 * MIB, f"{least}, not {found['freed_bytes'] / MIB:.0f} MiB.")


def _on_a_card() -> bool:
    from vllm.platforms import current_platform

    return not current_platform.is_cpu()


def _proof(given: Any, what: str) -> dict:
    found = entries(given, ["gone", "freed_bytes"], what)
    is_bool = isinstance(found["gone"], bool | np.bool_)
    require(is_bool, lambda: f"gone must be True or False, not {shown(found['gone'])}.")
    return {**found, "freed_bytes": number(found["freed_bytes"], "freed_bytes must be a number of bytes.")}


def _gone(found: dict, kept: bool, case: str) -> None:
    reasons = "the engine's parts refer to each other, so call gc.collect(); no variable of yours may hold it"
    require(kept or bool(found["gone"]), f"The engine must be gone {case}: {reasons}.")
    require(
        not (kept and found["gone"]), f"The engine is not gone {case}. Ask a weakref.ref: deleting names is no proof."
    )
    size = 0 if kept else StandIn.SIZE
    sense = "upside down" if alike(np.sign(found["freed_bytes"]), -1) else "rss before minus rss after, in bytes"
    hint = f"freed_bytes must be about {size} {case}, not {found['freed_bytes']}: {sense}."
    require(abs(found["freed_bytes"] - size) < 24 * MIB, hint)


@exercise(
    "7.9",
    hints=[
        "How many tokens do two prompts share, and how many does a block hold?",
        "Only full blocks are reused. The beginning is shorter than one block, so 0 % is right. "
        'drill_7_9 = drill("07.5"), and drill_7_9.verdict = "nothing is wrong".',
    ],
    concept="errors.md#a-prefix-cache-at-0-",
)
def drill_in_which_all_is_well(drill_7_9) -> None:
    """A prefix cache at 0 % that is right."""
    _mended(drill_7_9, "07.5")


class Loader:
    """Loads as a script says: an exception, or an engine whose first calls end with the errors of a list."""

    def __init__(self, llm, *script: Exception | list[Exception]) -> None:
        self.llm, self.script, self.given, self.engines, self.waits = llm, list(script), [], [], []

    def __call__(self, *args: Any, **options: Any) -> Unsteady:
        """Note how it is called, and load."""
        if len(self.given) == 20:
            raise Endless("loads again and again")
        self.given.append((args, options))
        turn = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(turn, Exception):
            raise turn
        self.engines.append(Unsteady(self.llm, list(turn)))
        return self.engines[-1]


SERVED = {"model": "pocket-base", "max_model_len": 512, "kv_cache_memory_bytes": 64 * MIB}
REPORT = ["engine", "answers", "problem"]
MIXED = ["The moon", {"prompt_token_ids": [99999]}, "My name is"]


def refused_loads() -> list[tuple[Exception, str]]:
    """Return what can go wrong while loading, each with a word of its remedy."""
    import pydantic

    try:
        pydantic.TypeAdapter(int).validate_python("1G-of-memory")
    except ValueError as error:  # of several lines, as vLLM's refusals of arguments are
        of_pydantic = error
    return [
        (TypeError("EngineArgs got an unexpected keyword argument 'swap_space'"), "Leave the argument out"),
        (FileNotFoundError("no file\n  model.safetensors"), "Check the model's name"),
        (ValueError("To serve at least one request\n2.0 GiB KV cache is needed"), "Change the value"),
        (of_pydantic, "Change the value"),
        (RuntimeError("Engine core initialization failed."), "Read the log above"),
        (CourseError("free memory must be at least 9 GiB, got 1 GiB."), "The message says what to do."),
        (TimeoutError("the download stopped"), "or later"),
    ]


@exercise(
    "7.10",
    functions={"safe_service": "load, options, prompts, params, sleep -> dict"},
    hints=[
        "Three steps, each with errors of its own. How does keep_asking learn that loading failed for good?",
        "Let start() turn an exception of loading into a class of your own, raise NotLoaded(line) from error, and "
        "catch that around keep_asking, beside TimeoutError and EngineDeadError. ask returns (engine, its answers).",
    ],
    concept="errors.md#loading",
)
def service_that_says_what_is_wrong(safe_service, llm) -> None:
    """Plan, load, generate and retry, and what each may end with."""
    bounded(safe_service)
    _does_not_fit(safe_service, llm)
    for error, remedy in refused_loads():
        loader, case = Loader(llm, error), f"when load raises {type(error).__name__}"
        _problem(_run(safe_service, loader, case), [type(error).__name__, *str(error).split(), remedy], case)
        require(len(loader.given) == 1, f"Load once {case}, not {len(loader.given)} times: it is the same again.")
    for error in (KeyError("a bug of ours"), AttributeError("a bug of ours")):
        _comes_out(safe_service, Loader(llm, error), error, "from load")
    for error in bugs():
        if type(error).__name__ != "EngineDeadError":
            _comes_out(safe_service, Loader(llm, [error]), error, "while generating")
    _served(safe_service, llm)


def _run(safe_service: Tried, loader: Loader, case: str, **changes: Any) -> dict:
    waiting = limited(loader.waits.append, 20)
    found = safe_service(loader, SERVED | changes, MIXED, _greedy(), waiting, case=case)
    return keys(found, REPORT, f"{case} safe_service must return")


def _served(safe_service: Tried, llm) -> None:
    from vllm.v1.engine.exceptions import EngineDeadError

    late, dead = TimeoutError("no answer in time"), EngineDeadError()
    for script, waits, loads, case in (
        ([[]], [], 1, "when all goes well"),
        ([[late]], [1], 1, "after one time-out"),
        ([[late, late]], [1, 2], 1, "after two time-outs"),
        ([[dead], []], [], 2, "after an engine died"),
        ([[dead], [late]], [1], 2, "after an engine died and the next was late"),
    ):
        loader = Loader(llm, *script)
        found = _run(safe_service, loader, case)
        require(
            found["problem"] is None, lambda f=found, c=case: f"problem must be None {c}, not {shown(f['problem'])}."
        )
        require(loader.given == [((), SERVED)] * loads, f"Call load(**options) {loads} time(s) {case}.")
        require(found["engine"] is loader.engines[-1], f"engine must be the one that answered, {case}.")
        _aside(listed(found["answers"], f"answers must be a list {case}."), MIXED, llm, 4, case)
        require(len(loader.waits) == len(waits) and all(map(alike, loader.waits, waits)), f"Wait {waits} {case}.")
    for script, name in (([[late] * 9], "TimeoutError"), ([[dead]], "EngineDeadError")):
        loader, case = Loader(llm, *script), f"when every attempt ends with {name}"
        remedy = {"TimeoutError": "or later", "EngineDeadError": "Read the log: its first"}[name]
        _problem(_run(safe_service, loader, case), [name, remedy], case)
        asked = sum(engine.asked_for for engine in loader.engines)
        require(asked == 3, f"Make 3 attempts {case}, not {asked}.")
    loader, case = Loader(llm, [dead], OSError("no such model")), "when an engine died and cannot be loaded again"
    _problem(_run(safe_service, loader, case), ["OSError", "no such model", "Check the model's name"], case)


def _does_not_fit(safe_service: Tried, llm) -> None:
    from vllm_course import plan

    for changes in ({"kv_cache_memory_bytes": 1000}, {"max_model_len": 4096}):
        loader, planned = Loader(llm, []), plan(**(SERVED | changes))
        case = f"with {changes}"
        _problem(_run(safe_service, loader, case, **changes), [planned.limit], case)
        require(loader.given == [], f"The plan says that it does not fit {case}: load nothing.")
    try:
        plan(**(SERVED | {"model": "pocket-bse"}))
    except CourseError as error:
        loader, parts = Loader(llm, []), [type(error).__name__, "pocket-bse", "The message says what to do."]
    _problem(_run(safe_service, loader, "with an unknown model", model="pocket-bse"), parts, "with an unknown model")
    require(loader.given == [], "plan knows no such model: load nothing.")


def _problem(found: dict, parts: list[str], case: str) -> None:
    line = found["problem"]
    require(isinstance(line, str) and line.strip() != "", f"problem must be a line of text {case}, not {shown(line)}.")
    require(len(line.splitlines()) == 1, f"problem must be one line {case}: replace line breaks.")
    for part in parts:
        require(part in line, f"problem must hold {part!r} {case}, not only {line!r:.160}.")
    nothing = found["engine"] is None and listed(found["answers"], f"answers must be a list {case}.") == []
    require(nothing, f"With a problem engine is None and answers is [], {case}: never half an engine.")


def _comes_out(safe_service: Tried, loader: Loader, error: Exception, where: str) -> None:
    _, came = safe_service.ending(loader, SERVED, MIXED, _greedy(), limited(loader.waits.append, 20))
    what = f"A {type(error).__name__} {where} is a bug and must come out"
    require(came is error, lambda: f"{what}, not {_ended(came)}.")
