"""The checks of lesson 05's exercises. `vllm_course.check` finds them by number."""

import csv
import heapq
import itertools
import json
import math
import weakref
from collections import UserDict
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from vllm_course.checks import exercise, require
from vllm_course.checks.clock import Clock
from vllm_course.checks.plain import to_list
from vllm_course.checks.shapes import close, columns, entries, exactly, keys, listed, number, rows
from vllm_course.checks.trying import Endless, Tried, described
from vllm_course.checks.watch import Watch

SPEEDS = ["requests", "one_by_one", "one_call", "ratio"]
CALL, EACH, FIRST = 1000, 200, 50_000  # seconds on the check's clock: of a call, of each prompt, of the first call


def greedy(**options):
    """Return sampling parameters with temperature 0."""
    from vllm import SamplingParams

    return SamplingParams(**({"temperature": 0, "max_tokens": 6} | options))


@exercise(
    "5.1",
    functions={"measure_both": "llm, prompts, params -> dict"},
    hints=[
        "Read the clock before and after the loop, and before and after the one call. What comes before all that?",
        "llm.generate(prompts[:1], params) as a warm-up. start = time.perf_counter() before the loop of "
        "llm.generate(prompt, params), and again before llm.generate(prompts, params). A rate: len(prompts) / seconds. "
        "The ratio can be above 8: each call has a cost of its own, and the loop pays it for each prompt.",
    ],
    concept="offline-and-online.md#batching",
)
def one_call_or_many(measure_both, speeds, llm) -> None:
    """Requests per second, with a call per prompt and with one call."""
    prompts, clock = ["The moon", "The sun", "A day has", "Water boils at", "The sea"], Clock()
    watch, count = Watch(llm, pause=CALL, each=EACH, first=FIRST, wait=clock.wait), len(prompts)
    with clock.shown_to(measure_both.function):
        found = keys(measure_both(watch, prompts, greedy()), SPEEDS, "measure_both must return")
    # A warm-up may take other parameters.
    asked = [call.ids for call in watch.asked("generate") if all(one.max_tokens == 6 for one in call.params)]
    ids = [llm.get_tokenizer().encode(prompt) for prompt in prompts]
    require(all([one] in asked for one in ids), "For one_by_one give each prompt a call of its own, with params.")
    require(ids in asked, "For one_call give generate all prompts in one call, with params.")
    loop, batch = count * (CALL + EACH), CALL + count * EACH
    exactly(found["requests"], count, f"requests is the number of prompts: {count} in the check.")
    _rate("one_by_one", found["one_by_one"], count, loop)
    _rate("one_call", found["one_call"], count, batch)
    ratio = number(found["ratio"], "ratio must be a number.")
    upside_down = "The one call was three times as fast, so ratio must be 3: it is upside down."
    require(not math.isclose(ratio, batch / loop, rel_tol=0.02), upside_down)
    require(math.isclose(ratio, loop / batch, rel_tol=0.02), f"ratio must be one_call / one_by_one, not {ratio:.3g}.")
    own = keys(speeds, SPEEDS, "speeds_5_1 must be")
    own = {name: number(value, f"{name} in speeds_5_1 must be a number.") for name, value in own.items()}
    require(own["requests"] >= 50, "speeds_5_1 must be measured with all of PROMPTS, 50 or more.")
    fits = min(own.values()) > 0 and close(own["one_call"] / own["one_by_one"], own["ratio"])
    require(fits, "The numbers in speeds_5_1 do not fit together: assign what measure_both returns.")


def _rate(name: str, given, count: int, seconds: int) -> None:
    likely = {
        seconds: "that is seconds, divide the number of requests by them",
        seconds / count: "that is seconds per request, it is upside down",
        count / (seconds + FIRST): "generate once before you start the clock, as a warm-up",
    }
    given = number(given, f"{name} must be a number.")
    fits = (hint for value, hint in likely.items() if math.isclose(given, value, rel_tol=0.02))
    hint = next(fits, "read the clock right before and right after, for each of the two ways")
    right = math.isclose(given, count / seconds, rel_tol=0.02)
    require(right, f"{name} must be {count} requests / {seconds} seconds by this clock, not {given:.3g}: {hint}.")


# Made-up films, each with a batch size. A lane per request: its first step, then what each step does.
FILMS = [
    ({"9": "1 4p d d", "10": "1 7p d d d d", "8": "1 w w w 3p d"}, 2),
    ({"3": "1 64p 64p 9p d", "4": "1 5p", "5": "1 w 2p d d d d d", "6": "1 w w w w 1p"}, 2),
    ({"99": "1 5p d d", "100": "4 6p d d", "101": "4 w w w 2p"}, 4),
    ({"7": "1 5p d", "8": "1 w w 6p d", "9": "1 w w w w 6p d d"}, 1),
]


def film_of(lanes: dict[str, str]) -> pd.DataFrame:
    """Return the frame of a made-up film."""
    found = []
    for request_id, lane in lanes.items():
        first, *marks = lane.split()
        for step, mark in enumerate(marks, start=int(first)):
            phase = {"p": "prefill", "d": "decode", "w": ""}[mark[-1]]
            status = "running" if phase else "waiting"
            found.append([step, request_id, status, phase, int(mark[:-1] or 1) if phase else 0])
        found[-1][2] = "finished"
    names = ["step", "request_id", "status", "phase", "scheduled_tokens"]
    return pd.DataFrame(sorted(found, key=lambda row: row[0]), columns=names)


def told(lanes: dict[str, str]) -> str:
    """Return a made-up film in words."""
    requests = "; ".join(f"{name} from step {lane.replace(' ', ': ', 1)}" for name, lane in lanes.items())
    return f"for the film of the requests {requests} (4p: prefill of 4 tokens, d: decode, w: waiting)"


def read(frame: pd.DataFrame) -> list[dict]:
    """Return what became of each request of a film."""
    found: dict[str, dict] = {}
    for row in frame.itertuples():
        one = found.setdefault(row.request_id, {"request_id": row.request_id, **dict.fromkeys(READ, 0)})
        one["waited"] += row.status == "waiting"
        one["prefill_tokens"] += row.scheduled_tokens if row.phase == "prefill" else 0
        one["decode_steps"] += row.phase == "decode"
        one["finished"] = row.step
    return list(found.values())


READ = {
    "waited": "Count the steps with the status waiting, nothing else.",
    "prefill_tokens": "Add up scheduled_tokens of all steps with the phase prefill: there can be several.",
    "decode_steps": "Count the steps with the phase decode. The last one counts, though its status is finished.",
    "finished": "It is the number of a step, from the column step, not a count.",
}


@exercise(
    "5.2",
    functions={"read_film": "frame -> table"},
    hints=[
        "Look at all rows of one request: frame[frame['request_id'] == ...]. Which column answers which question?",
        '(lane["status"] == "waiting").sum(), lane.loc[lane["phase"] == "prefill", "scheduled_tokens"].sum(), '
        '(lane["phase"] == "decode").sum(), lane["step"].max(), for each lane of frame.groupby("request_id").',
    ],
    concept="continuous-batching.md#a-step",
)
def read_a_film(read_film, table, frame) -> None:
    """What became of each request, from films that are made up and from a real one."""
    for lanes, _ in FILMS:
        made_up, case = film_of(lanes), told(lanes)
        given = columns(read_film(made_up, case=case), ["request_id", *READ], "read_film must return")
        rows(given, read(made_up), ["request_id"], {name: f"{why} This was {case}." for name, why in READ.items()})
    columns(table, ["request_id", *READ], "table_5_2 must be")
    rows(table, read(frame), ["request_id"], READ)


LENGTHS = [
    ([], 4),
    ([4], 8),
    ([7, 7, 7], 3),
    ([3, 9, 1, 6, 4], 2),
    ([2, 2, 2, 2, 12], 2),
    ([5, 1, 1, 1, 1, 5, 5], 3),
    ([3, 1, 4, 1, 5, 9, 2, 6], 1),
    ([8, 2, 2, 2, 2, 2, 2], 2),
]


def lengths_of(frame: pd.DataFrame) -> list[int]:
    """Return in how many steps of a film each request was computed, in the order in which they came."""
    return (frame["phase"] != "").groupby(frame["request_id"], sort=False).sum().tolist()


def continuous(lengths: list[int], places: int) -> int:
    """Return the steps of continuous batching."""
    free = [0] * places
    for length in lengths:
        heapq.heappush(free, heapq.heappop(free) + length)
    return max(free)


def batches(lengths: list[int], size: int) -> list[list[int]]:
    """Return the batches of static batching."""
    return [lengths[first : first + size] for first in range(0, len(lengths), size)]


def not_quite(lengths: list[int], places: int) -> dict[int, str]:
    """Return what likely mistakes say, each with its hint; the likelier mistake comes last where two say the same."""
    return {
        sum(lengths): "that is one request after the other",
        max(lengths, default=0): "that is the longest request, as if all had a place",
        continuous([length - 1 for length in lengths], places): "the prefill is a step too, and gives the first token",
        continuous([length + 1 for length in lengths], places): "the prefill gives the first token already",
        math.ceil(sum(lengths) / places): "that is all tokens divided by the places, as if they could be cut",
        continuous(sorted(lengths, reverse=True), places): "requests take places in their order, not the "
        "longest first, and at the end places stay empty",
        continuous(sorted(lengths), places): "requests take places in their order, not the shortest first",
        sum(max(batch) for batch in batches(lengths, places)): "a free place is taken in the next step, "
        "it does not wait for the rest of a batch",
    }


@exercise(
    "5.3",
    functions={"predicted_steps": "lengths, max_num_seqs -> number"},
    hints=[
        "Keep one number per place: the step in which it becomes free. Who takes the place that is free first?",
        "free = [0] * max_num_seqs. For each length add it to the smallest number in free. The answer is max(free).",
    ],
    concept="continuous-batching.md#continuous-and-static-batching",
)
def how_many_steps(predicted_steps, steps, frame, places) -> None:
    """The number of steps, from the lengths, without the engine."""
    for lengths, size in [*LENGTHS, (lengths_of(frame), places)]:
        where = f"for the lengths {lengths} and {size} places"
        found, truth = predicted_steps(lengths, size, case=where), continuous(lengths, size)
        hint = not_quite(lengths, size).get(found, "follow the places step by step")
        exactly(found, truth, f"It takes {truth} steps {where}, not {found}: {hint}.")
    truth = int(frame["step"].max())
    exactly(steps, truth, f"steps_5_3 must be what predicted_steps says: the film has {truth} steps.")


STATIC = {
    "static_steps": "A batch takes as long as its longest request, and the batches come one after the other.",
    "wasted": "For each request: the steps of its batch minus its own. A place that nobody holds is not wasted.",
    "continuous_steps": "It is how many steps the film has, from the column step.",
    "saved": "It is 1 - continuous_steps / static_steps.",
}


def static(frame: pd.DataFrame, size: int) -> dict[str, float]:
    """Return what static batching takes, and what continuous batching saves."""
    of_batches = batches(lengths_of(frame), size)
    steps, film = sum(max(batch) for batch in of_batches), int(frame["step"].max())
    wasted = sum(max(batch) * len(batch) - sum(batch) for batch in of_batches)
    return {"static_steps": steps, "wasted": wasted, "continuous_steps": film, "saved": 1 - film / steps}


@exercise(
    "5.4",
    functions={"static_batching": "frame, batch_size -> dict"},
    hints=[
        "First make a list: how many steps does each request need, in the order of the film? Then cut it into batches.",
        '(frame["phase"] != "").groupby(frame["request_id"], sort=False).sum() has the lengths. For each batch '
        "max(batch) steps, and sum(max(batch) - length for length in batch) of them wasted.",
    ],
    concept="continuous-batching.md#continuous-and-static-batching",
)
def waiting_for_the_slowest(static_batching, answer, frame, places) -> None:
    """Static batching, counted from films."""
    for lanes, size in FILMS:
        made_up, case = film_of(lanes), f"{told(lanes)} and batches of {size}"
        _counted(static_batching(made_up, size, case=case), made_up, size, case, "static_batching must return")
    _counted(answer, frame, places, f"for the film and {places} places", "answer_5_4 must be")


def _counted(given, frame: pd.DataFrame, size: int, where: str, name: str) -> None:
    found, lengths = keys(given, STATIC, name), batches(lengths_of(frame), size)
    for key, value in static(frame, size).items():
        wrong = f"{key} must be {value}, not {found[key]!s:.20}, {where}. {STATIC[key]}"
        exactly(found[key], value, f"{wrong} Here the requests of each batch need {lengths} steps.")


MIXED_JOBS = [
    {"id": "a", "prompt": "The moon", "params": {"max_tokens": 3}},
    {"id": "b", "prompt": "The capital of France is"},
    {"id": "c", "prompt": "Once upon a time", "params": {"temperature": 0.8, "seed": 7}},
    {"id": "d", "prompt": "The moon", "params": {"max_tokens": 9, "stop": ["e"]}},
    {"id": "e", "prompt": "The moon", "params": {}},
]


@exercise(
    "5.5",
    functions={"run_jobs": "llm, jobs, defaults -> list"},
    hints=[
        "generate takes a list of SamplingParams, as long as the list of prompts.",
        "SamplingParams(**(defaults | job.get('params', {}))) for each job, in a list. Then one call of generate.",
    ],
    concept="sampling-parameters.md#what-overrides-what",
)
def own_parameters(run_jobs, texts, jobs, defaults, llm) -> None:
    """The texts of jobs that have parameters of their own, from one call."""
    shared = {"temperature": 0, "max_tokens": 5}
    watch = Watch(llm)
    _texts(run_jobs(watch, MIXED_JOBS, shared), MIXED_JOBS, shared, llm, "run_jobs must return")
    watch.asked("generate", 1)
    backwards = MIXED_JOBS[::-1]
    _texts(run_jobs(llm, backwards, shared, case="backwards"), backwards, shared, llm, "run_jobs must return")
    _texts(listed(texts, "texts_5_5 must be a list of texts."), jobs, defaults, llm, "texts_5_5 must be")


def params_of(job: dict, defaults: dict):
    """Return a job's sampling parameters."""
    from vllm import SamplingParams

    return SamplingParams(**(defaults | job.get("params", {})))


def texts_of(jobs: list[dict], defaults: dict, llm) -> list[str]:
    """Return what the model writes to jobs."""
    outputs = llm.generate([job["prompt"] for job in jobs], [params_of(job, defaults) for job in jobs])
    return [output.outputs[0].text for output in outputs]


def _texts(found: list, jobs: list[dict], defaults: dict, llm, what: str) -> None:
    require(all(isinstance(text, str) for text in found), f"{what} a list of texts, not of output objects.")
    require(len(found) == len(jobs), f"{what} one text per job, {len(jobs)}, not {len(found)}.")
    for job, text, truth in zip(jobs, found, texts_of(jobs, defaults, llm), strict=True):
        asked = f"{defaults | job.get('params', {})}"
        remedy = "Its own parameters win, the rest comes from the defaults, and the order is that of the jobs."
        require(text == truth, f"Job {job['id']!r} with {asked} gives {truth!r:.60}, not {text!r:.60}. {remedy}")


def problem(llm, prompt: str) -> str | None:
    """Return None for a good prompt, and what the reason of a bad one must say."""
    tokens = _tokens(llm, prompt)
    return "" if prompt.strip() == "" else str(tokens) if tokens >= llm.model_config.max_model_len else None


def _tokens(llm, prompt: str) -> int:
    return len(llm.get_tokenizer().encode(prompt, verbose=False))


def _of_tokens(llm, count: int) -> str:
    """Return a prompt of exactly so many tokens."""
    text = " sea" * count
    while _tokens(llm, text) > count:
        text = text.removesuffix(" sea")
    return text


@exercise(
    "5.6",
    functions={"answer_all": "llm, prompts, params -> list"},
    hints=[
        "First find the reason of each prompt, or None. Then ask for the good ones only. How do the texts get back?",
        "A prompt is too long if it has max_model_len tokens or more, and empty if nothing is left after strip(). "
        "outputs = iter(llm.generate(good, params)), and next(outputs) for each prompt without a reason.",
    ],
    concept="errors.md#one-bad-prompt-fails-the-batch",
)
def one_bad_prompt(answer_all, answers, prompts, llm) -> None:
    """A text for each good prompt and a reason for each bad one, from one call."""
    limit = llm.model_config.max_model_len
    longest, full, long = (_of_tokens(llm, count) for count in (limit - 1, limit, limit + 9))
    good, remedy = ["The moon", " A day has", "Once upon a time"], "Look for bad prompts before you call the engine."
    exact = (
        f"A prompt of exactly max_model_len tokens, here {limit}, is too long already: there is no room for a new one."
    )
    for given, fails in [
        ([*good, long, "", longest, "  \n", "The sun"], remedy),
        ([full, *good], exact),
        (good, remedy),
        (["", full], remedy),
        ([], remedy),
    ]:
        watch, bad = Watch(llm), sum(problem(llm, prompt) is not None for prompt in given)
        case = f"for {len(given)} prompts, {bad} of them bad"
        _answered(answer_all(watch, given, greedy(), case=case, fails=fails), given, greedy(), llm, case)
        calls = 1 if bad < len(given) else 0
        asked = len(watch.calls)
        require(asked == calls, f"Call generate {calls} time(s) {case}, not {asked}. {remedy}")
    found = listed(answers, "answers_5_6 must be a list of pairs.")
    _answered(found, prompts, greedy(max_tokens=8), llm, "in answers_5_6")


def _answered(found: list, prompts: list[str], params, llm, case: str) -> None:
    pairs = [listed(pair, PAIR) for pair in found]
    require(len(pairs) == len(prompts), f"There must be one pair per prompt {case}: {len(prompts)}, not {len(pairs)}.")
    problems = [problem(llm, prompt) for prompt in prompts]
    good = [prompt for prompt, bad in zip(prompts, problems, strict=True) if bad is None]
    texts = iter(llm.generate(good, params) if good else [])
    for prompt, bad, pair in zip(prompts, problems, pairs, strict=True):
        require(len(pair) == 2, PAIR)
        text, reason = pair
        which = f"{prompt!r:.20}... of {_tokens(llm, prompt)} tokens" if len(prompt) > 20 else f"{prompt!r}"
        if bad is None:
            truth = next(texts).outputs[0].text
            require(reason is None, f"{which} is good: its pair is (text, None), not {reason!r:.60}.")
            require(text == truth, f"The text of {which} is {truth!r}, not {text!r:.60}: each in its own place.")
        else:
            require(text is None, f"{which} is bad: its pair is (None, reason), not with the text {text!r:.40}.")
            require(isinstance(reason, str) and reason != "", f"{which} is bad: give its reason as a text.")
            require(bad in reason, f"The reason of a long prompt must name its {bad} tokens, not {reason!r:.60}.")


PAIR = "Give a pair (text, reason) for each prompt."


class Lines:
    """Lines of jobs without an end, which count how many were read."""

    def __init__(self, most: int = 60) -> None:
        self.count, self.most = 0, most

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        if self.count == self.most:
            raise Endless("reads line after line and gives nothing")
        self.count += 1
        return json.dumps({"id": f"job-{self.count}", "prompt": f"Story number {self.count}:"}) + "\n"


class Forgetful(Watch):
    """Keeps no outputs itself, and notes how many of the earlier ones are held when a call begins."""

    def __init__(self, llm) -> None:
        super().__init__(llm)
        self.held, self.texts, self._given = [], [], []

    def generate(self, *args, **options) -> list:
        """Pass the call on."""
        self.held.append(sum(output() is not None for output in self._given))
        outputs = super().generate(*args, **options)
        self.calls[-1].outputs.clear()
        self._given += [weakref.ref(output) for output in outputs]
        self.texts += [output.outputs[0].text for output in outputs]
        return outputs


@exercise(
    "5.7",
    functions={"in_chunks": "llm, lines, size, params -> generator"},
    hints=[
        "A function with yield in it is a generator: it runs until its next yield, and waits there.",
        "jobs = (json.loads(line) for line in lines); while chunk := list(itertools.islice(jobs, size)): one call of "
        "generate for the chunk, then yield job['id'], output.outputs[0].text for each.",
    ],
    concept="offline-and-online.md#batching",
)
def larger_than_memory(in_chunks, pairs, jobs, llm) -> None:
    """Pairs of id and text, chunk by chunk."""
    for count, size in ((7, 3), (4, 4), (2, 1)):
        _pulled(in_chunks, Lines(), llm, count, size, [size] * math.ceil(count / size))
    for total, size, sizes in ((5, 2, [2, 2, 1]), (2, 5, [2]), (0, 3, [])):
        _pulled(in_chunks, itertools.islice(Lines(), total), llm, None, size, sizes)
    _pulled(in_chunks, list(itertools.islice(Lines(), 5)), llm, None, 2, [2, 2, 1])
    found = [tuple(listed(pair, PAIRS)) for pair in listed(pairs, f"pairs_5_7: {PAIRS}")]
    params = {"temperature": 0, "max_tokens": 8}
    own = [{**job, "params": {}} for job in jobs[:5]]
    truth = [(job["id"], text) for job, text in zip(own, texts_of(own, params, llm), strict=True)]
    require(found == truth, f"pairs_5_7 must be the first 5 pairs, {truth!r:.60}..., not {found!r:.60}...")


PAIRS = "Give pairs (id, text)."


def _pulled(in_chunks: Tried, lines, llm, count: int | None, size: int, sizes: list[int]) -> None:
    """Take some results of a generator, or all, and hold it to what it read and asked for meanwhile."""
    watch, pulled = Forgetful(llm), []
    source = "a file without an end" if count else f"{sum(sizes)} lines"
    case = f"for {source} and chunks of {size}"

    def pull(*given) -> list:
        for result in itertools.islice(in_chunks.function(*given), count):
            pulled.append(lines.count if isinstance(lines, Lines) else 0)
            yield result

    found = Tried(pull, in_chunks.name, f"{in_chunks.takes} -> generator")(watch, lines, size, greedy(), case=case)
    found = [tuple(listed(pair, PAIRS)) for pair in found]
    asked = [len(call.prompts) for call in watch.calls]
    require(asked == sizes, f"The calls {case} must have {sizes} prompts, not {asked}.")
    if sizes:
        watch.asked("generate", max_tokens=6)
    for place, so_far in enumerate(pulled):
        most = size * (place // size + 1)
        early = f"Result {place + 1} came when {so_far} lines were read, with chunks of {size}: at most {most} may be."
        require(so_far <= most, early)
    held = max(watch.held, default=0)
    require(held <= size, f"{held} earlier outputs were still there when a call began, {case}: forget them.")
    ids = [f"job-{place + 1}" for place in range(count or sum(sizes))]
    truth = list(zip(ids, watch.texts, strict=False))
    require(found == truth, f"It must give {truth!r:.80}... {case}, not {found!r:.80}...: pairs in their order.")


class PowerCut(BaseException):
    """Ends a run, as a kill does: no `except Exception` holds it."""


class Unsafe(Watch):
    """Has a power cut in one of its calls, and notes how many whole lines a file has when a call begins."""

    def __init__(self, llm, target: Path, cut: int = 0, error: BaseException | None = None) -> None:
        super().__init__(llm)
        self.target, self.cut, self.error, self.lines = target, cut, error, []

    def generate(self, *args, **options) -> list:
        """Pass the call on, unless the power is gone."""
        self.lines.append(self.target.read_bytes().count(b"\n") if self.target.exists() else 0)
        if len(self.lines) == self.cut:
            raise self.error
        return super().generate(*args, **options)

    @property
    def prompts(self) -> int:
        """How many prompts reached the engine."""
        return sum(len(call.prompts) for call in self.calls)


TO_RUN = [
    {
        "id": f"{name}-{n}",
        "prompt": f"Story number {n}:",
        "params": {"temperature": n % 2, "seed": n, "max_tokens": 3 + n % 3},
    }
    for n, name in enumerate(["a", "b", "café", "d", "e", "f", "東京"])
]


@exercise(
    "5.8",
    functions={"run_job": "llm, source, target, size -> value"},
    hints=[
        "What do you know about the target when it has n line breaks? And about what comes after the last one?",
        'Keep written[: written.rfind(b"\\n") + 1] and truncate the file there. Its number of line breaks is how many '
        "jobs itertools.islice skips. Open the target to append, and flush after each chunk.",
    ],
    concept="offline-and-online.md#batching",
)
def job_that_goes_on(run_job, llm) -> None:
    """A job that survives an interruption anywhere."""
    with TemporaryDirectory() as name:
        source, target = Path(name) / "jobs.jsonl", Path(name) / "results.jsonl"
        source.write_text("".join(json.dumps(job, ensure_ascii=False) + "\n" for job in TO_RUN), encoding="utf-8")
        truth = list(zip((job["id"] for job in TO_RUN), texts_of(TO_RUN, {}, llm), strict=True))
        _goes_on(run_job, source, target, llm, truth, 7, "when nothing interrupts it")
        whole = target.read_bytes()
        target.unlink()
        _goes_on(run_job, source, target, llm, truth, 7, "when size is 5", size=5)
        errors = PowerCut("the power is gone"), KeyboardInterrupt(), RuntimeError("the engine has failed")
        for cut, error in enumerate(errors, 1):
            target.unlink(missing_ok=True)
            _interrupted(run_job, source, target, llm, cut, error)
            _goes_on(run_job, source, target, llm, truth, 7 - 3 * (cut - 1), f"after an error in call {cut}")
        target.unlink()
        for error in errors[::2]:
            _interrupted(run_job, source, target, llm, 2, error)
        _goes_on(run_job, source, target, llm, truth, 1, "after two errors")
        for at in _cuts(whole):
            target.write_bytes(whole[:at])
            missing, end = 7 - whole[:at].count(b"\n"), whole[:at].rpartition(b"\n")[2]
            _goes_on(
                run_job, source, target, llm, truth, missing, f"after a power cut that left {end} in the last line"
            )


def _cuts(whole: bytes) -> list[int]:
    """Return where a file is cut: within a line and a character, before and after a line break, at both ends."""
    first, last = whole.find(b"\n"), len(whole)
    within = next((place + 1 for place, byte in enumerate(whole) if byte > 127), first + 9)
    return [0, 1, first, first + 1, first + 5, within, last - 9, last - 1, last]


def _interrupted(run_job: Tried, source: Path, target: Path, llm, cut: int, expected: BaseException) -> None:
    watch = Unsafe(llm, target, cut, expected)
    begun = target.read_bytes().count(b"\n") if target.exists() else 0
    try:
        _, error = run_job.ending(watch, source, target, 3)
    except KeyboardInterrupt as stopped:
        if stopped is not expected:
            raise
        error = stopped
    require(
        error is expected,
        lambda: (
            f"When call {cut} of generate ends with {described(expected)}, the same error must come out of run_job. "
            f"Yours ended with {'no error' if error is None else described(error)}."
        ),
    )
    for place, found in enumerate(watch.lines):
        late = f"When call {place + 1} began, the file had {found} lines, not {begun + 3 * place}"
        require(found == begun + 3 * place, f"{late}: write and flush a chunk before the next call.")


def _goes_on(
    run_job: Tried, source: Path, target: Path, llm, truth: list[tuple], missing: int, when: str, *, size: int = 3
) -> None:
    # A record that lacks only its line break may be kept, or made again.
    watch, spared = (
        Unsafe(llm, target),
        target.exists() and _record(target.read_bytes().rpartition(b"\n")[2]) is not None,
    )
    run_job(watch, source, target, size, case=when)
    require(target.exists(), f"run_job must write the file target {when}: it is not there.")
    for place, line in enumerate(target.read_bytes().split(b"\n")[:-1]):
        wrong = f"Line {place + 1} of the target is {line!r:.60} {when}"
        require(_record(line) is not None, f"{wrong}: it must be a record of id and text, in JSON and UTF-8.")
    require(target.read_bytes().endswith(b"\n"), f"The last line of the target must end with a line break {when}.")
    found = [_record(line) for line in target.read_bytes().split(b"\n")[:-1]]
    ids = [one for one, _ in found]
    right = [one for one, _ in truth]
    require(ids == right, f"The target must have one line per job in their order {when}, not {ids}.")
    for (one, text), (_, right) in zip(found, truth, strict=True):
        require(text == right, f"The text of {one!r} must be {right!r}, not {text!r:.60}, {when}: use its own params.")
    sizes = [len(call.prompts) for call in watch.calls]
    require(
        watch.prompts in (missing, missing - spared),
        f"{missing} of 7 jobs were missing {when}, yet {watch.prompts} were generated: keep whole lines.",
    )
    require(0 not in sizes, f"generate was called without a prompt {when}: call it only for jobs that are missing.")
    fit = [size] * (watch.prompts // size) + [watch.prompts % size] * (watch.prompts % size > 0)
    require(sizes == fit, f"Take {size} jobs per call {when}, and fewer only in the last: {fit}, not {sizes}.")


def _record(line: bytes) -> tuple | None:
    try:
        record = json.loads(line.decode("utf-8"))
        return record["id"], record["text"]
    except (ValueError, KeyError, TypeError):
        return None


OTHER_PARAMS = [
    {"max_tokens": 5},
    {"temperature": 0.7, "seed": 0},
    {"temperature": 0.7, "seed": 1},
    {"temperature": 0.9, "seed": 1},
    {"temperature": 0.7, "seed": 1, "top_p": 0.5},
    {"stop": ["e"]},
    {"stop_token_ids": [15]},
    {"ignore_eos": True, "max_tokens": 20},
    {"min_tokens": 3},
    {"repetition_penalty": 1.5},
    {"logit_bias": {15: 30.0}},
    {"logit_bias": {16: 30.0}},
    {"bad_words": [" the"]},
    {"skip_special_tokens": False},
]


RANDOM = [{"temperature": 0.8}, {"temperature": 1.0, "max_tokens": 4}]


class Kept(UserDict):
    """A cache that an answer may fill; it is no dict, since an answer may not change the dicts that it is given."""


@exercise(
    "5.9",
    functions={"cached": "llm, model, cache, prompts, params -> list"},
    hints=[
        "Three questions per request: what is its key, may it be kept, is it there? Then one call for the rest.",
        "The key is (model, prompt, repr(msgspec.structs.asdict(params))), and there is none if params.temperature > 0 "
        "and params.seed is None. Generate what is missing in one call, and return copy.deepcopy of each result.",
    ],
    concept="sampling-parameters.md#reproducibility",
)
def cache_that_cannot_be_wrong(cached, llm) -> None:
    """A cache before the engine, for a batch."""
    ask = _Asking(cached, llm)
    moon, sun, sea = ("m", "The moon", {}), ("m", "The sun", {}), ("m", "The sea", {})
    ask(moon, sea, new=[moon, sea], why="Nothing is in the cache yet.")
    ask(moon, sea, new=[], why="All of it is in the cache.")
    ask(sun, sea, moon, new=[sun], why="Only what is missing goes to the engine.")
    others = [("m", "The moon", params) for params in OTHER_PARAMS]
    ask(*others, moon, new=others, why="One other parameter is another request.")
    ask(*others, new=[], why="A seed makes a random request certain, and 0 is a seed.")
    for mark in ("", " ", "|", ":", "-", "_", "\n", ", "):
        one, other = (f"m{mark}A", "day has", {}), ("m", f"A{mark}day has", {})
        ask(one, new=[one], why="Another model is another request.")
        ask(other, new=[other], why=f"Model and prompt are glued together: {one[:2]} was asked before.")
    ask(("other", "The moon", {}), new=[("other", "The moon", {})], why="Another model is another request.")
    for params in RANDOM:
        random = ("m", "The moon", params)
        for _ in range(2):
            ask(random, random, new=[random, random], why="A random request is generated each time it is there.")
    _Asking(cached, llm)(moon, new=[moon], why="Another cache is empty: keep nothing anywhere else.")
    _unspoiled(cached, llm)


class _Asking:
    """Asks a cached engine, with parameters made anew each time, and holds calls and results to what they must be."""

    def __init__(self, cached: Tried, llm) -> None:
        self.cached, self.llm, self.cache = cached, llm, Kept()

    def __call__(self, *requests: tuple, new: list[tuple], why: str) -> list:
        watch, model, prompts = Watch(self.llm), requests[0][0], [prompt for _, prompt, _ in requests]
        found = self.cached(watch, model, self.cache, prompts, [greedy(**options) for *_, options in requests])
        left = [request for call in watch.calls for request in zip(_prompts(call), call.params, strict=True)]
        for _, prompt, options in new:
            one = (prompt, greedy(**options))
            require(one in left, f"{prompt!r} with {options} and model {model!r} must reach the engine. {why}")
            left.remove(one)
        require(not left, f"{len(left)} of {len(requests)} requests reached the engine that must not. {why}")
        require(
            len(watch.calls) == bool(new), f"Make {len(new[:1])} call(s) of generate, not {len(watch.calls)}. {why}"
        )
        require(len(found) == len(requests), f"Return one result per prompt, {len(requests)}, not {len(found)}.")
        outputs = self.llm.generate(prompts, [greedy(**options) for *_, options in requests])
        for result, output, (_, prompt, options) in zip(found, outputs, requests, strict=True):
            entries(result, ["text", "token_ids"], "A result must be")
            right = options in RANDOM or _is(result, output.outputs[0])
            require(right, f"The result of {prompt!r} is not what the engine gives for it: {result!s:.80}.")
        return found


def _prompts(call) -> list[str]:
    return [prompt["prompt"] if isinstance(prompt, dict) else prompt for prompt in call.prompts]


def _is(result, completion) -> bool:
    return result["text"] == completion.text and to_list(result["token_ids"]) == list(completion.token_ids)


def _unspoiled(cached: Tried, llm) -> None:
    ask, moon = _Asking(cached, llm), ("m", "The moon", {})
    for new, when in (([moon], "from the engine"), ([], "from the cache")):
        (result,) = ask(moon, new=new, why="Only a hit is taken from the cache.")
        if isinstance(result["token_ids"], list):
            result["token_ids"].append(0)
        result["text"] = "spoiled"
        (again,) = cached(llm, "m", ask.cache, ["The moon"], [greedy()])
        clean = again["text"] != "spoiled" and list(again["token_ids"])[-1] != 0
        require(clean, f"The caller changed a result that came {when}, and the cache gave that: keep and give copies.")


ROWS = [
    ("T-1", "France"),
    ("T-2", ""),
    ("T-3", "Japan"),
    ("T-4", "South Korea"),
    ("T-5", "   "),
    ("T-6", "Kenya"),
    ("T-7", "Spain"),
    ("T-8", "Peru, the north"),
    ("T-9", "France"),
]


class CutOff(Watch):
    """Cuts some completions of every call in the middle."""

    def __init__(self, llm, *places: int) -> None:
        super().__init__(llm)
        self.places = places

    def generate(self, *args, **options) -> list:
        """Pass the call on."""
        outputs = super().generate(*args, **options)
        for place in self.places:
            completion = outputs[place].outputs[0]
            completion.text, completion.finish_reason = completion.text[:3], "length"
        return outputs


@exercise(
    "5.10",
    functions={"summarize": "llm, path -> pair"},
    hints=[
        "Four steps: read the rows, set the empty ones aside, one call, count. Where does a trip go that is cut?",
        'csv.DictReader gives "" for an empty field. choice=[f" {name}" for name in CONTINENTS_5_10] with the prompt '
        'f"{country} lies in". Set aside what ends with finish_reason "length". pd.Series(labels).value_counts().',
    ],
    concept="structured-output.md#a-choice-without-its-leading-space",
)
def summary_of_a_table(summarize, summary, failed, path, continents, llm) -> None:
    """A table of continents, and what failed."""
    with TemporaryDirectory() as name:
        file = Path(name) / "trips.csv"
        for cut in ((), (0, 3)):
            with open(file, "w", encoding="utf-8", newline="") as table:
                csv.writer(table).writerows([("trip", "country"), *ROWS])
            _summarized(summarize, file, ROWS, continents, CutOff(llm, *cut), cut)
    with open(path, encoding="utf-8", newline="") as table:
        own = [(row["trip"], row["country"]) for row in csv.DictReader(table)]
    table, reasons = _summarized(summarize, path, own, continents, CutOff(llm), ())
    entries(failed, reasons, "failed_5_10 must be")
    columns(summary, COUNTED, "summary_5_10 must be")
    rows(summary, table, ["continent"], COUNTED)


COUNTED = {
    "continent": "It is a name from CONTINENTS_5_10, without a blank.",
    "trips": "Count the trips of each continent.",
    "share": "Divide by the number of trips that have a continent: what failed does not count.",
}


def _summarized(summarize: Tried, path: Path, given: list[tuple], continents: list, watch: CutOff, cut: tuple) -> tuple:
    case = f"when {len(cut)} completions are cut" if cut else "when none is cut"
    table, failed = summarize(watch, path, case=case)
    (call,) = watch.asked("generate", 1)
    asked = [(trip, country) for trip, country in given if country.strip()]
    require(len(call.prompts) == len(asked), f"{len(asked)} rows have a country, yet {len(call.prompts)} were asked.")
    labels = _labels(call, asked, continents, cut)
    missing = [trip for trip, country in given if trip not in labels]
    reasons = keys(failed, missing, f"The second part {case} must be")
    told = all(isinstance(reason, str) and reason != "" for reason in reasons.values())
    require(told, "Give each trip that failed a reason, a text.")
    counts = pd.Series(labels.values()).value_counts()
    wanted = [{"continent": one, "trips": int(n), "share": float(n / len(labels))} for one, n in counts.items()]
    columns(table, COUNTED, "summarize must return first")
    rows(table, wanted, ["continent"], COUNTED)
    return wanted, missing


def _labels(call, asked: list[tuple], continents: list, cut: tuple) -> dict[str, str]:
    """Return the continents by trip, as the engine gave them."""
    labels = {}
    for place, ((trip, country), output) in enumerate(zip(asked, call.outputs, strict=True)):
        named = country.strip() in str(output.prompt)
        require(named, f"The prompt of trip {trip} must name {country.strip()!r}, not {str(output.prompt)!r:.60}.")
        enforced = call.params[place].structured_outputs is not None
        require(enforced, "Enforce one of the continents: structured_outputs=StructuredOutputsParams(choice=...).")
        label = output.outputs[0].text.strip()
        if place in cut:
            continue
        require(label in continents, f"The model wrote {label!r}, that is not in CONTINENTS_5_10. Enforce a choice.")
        labels[trip] = label
    return labels
