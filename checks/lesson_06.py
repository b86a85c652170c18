"""The checks of lesson 06's exercises. `vllm_course.check` finds them by number."""

import asyncio
import heapq
import inspect
from typing import Any

from vllm_course.checks import exercise, require
from vllm_course.checks.plain import plain, to_list
from vllm_course.checks.shapes import close, exactly, is_number, keys, listed, number
from vllm_course.checks.trying import Endless, Tried
from vllm_course.checks.verdict import shown
from vllm_course.checks_online.engine import AsyncWatch, Reply
from vllm_course.checks_online.loop import BEGINNING, online, settled

PAGE = "async-streaming.md#"
NOT_EMPTY = "close its generator, or cancel its task and await it, before you return"


def params(most: int = 100, **options):
    """Return sampling parameters that let a reply come to its end."""
    from vllm import SamplingParams

    return SamplingParams(max_tokens=most, **options)


def deltas_only(**options):
    """Return sampling parameters that ask for deltas."""
    from vllm.sampling_params import RequestOutputKind

    return params(output_kind=RequestOutputKind.DELTA, **options)


def said(length: int, word: str = "a") -> list[str]:
    """Return a reply of so many tokens."""
    return [f" {word}{place}" for place in range(length)]


def text_of(reply) -> str:
    """Return the text of a reply."""
    return "".join(reply.pieces if isinstance(reply, Reply) else reply)


def empty(watch: AsyncWatch, when: str) -> None:
    """Require that the engine works for nobody any more."""
    require(not watch.left, lambda: f"{when} the engine still worked on {watch.left[0].prompt!r}: {NOT_EMPTY}.")


def texts_in_order(found: list, says: dict, prompts: list[str], name: str) -> None:
    """Require the text of each prompt, in the order of the prompts."""
    right = [text_of(says[prompt]) for prompt in prompts]
    require(
        all(isinstance(text, str) for text in found),
        lambda: f"Return texts, not {shown(found)}: output.outputs[0].text.",
    )
    require(len(found) == len(right), f"{name} must return one text per prompt, {len(right)}, not {len(found)}.")
    require(sorted(found) != sorted(right) or found == right, "The texts must be in the order of the prompts.")
    for prompt, text, truth in zip(prompts, found, right, strict=True):
        require(text == truth, f"The text of {prompt!r} must be {truth!r}, not {text!r:.80}: take the last output.")


STREAMS = [
    ([], "without texts"),
    ([" A"], "for one text"),
    ([" A", " A day", " A day has", " A day has"], "where nothing is new in the end"),
    ([" ha", " ha ha", " ha ha ha"], "for a text that repeats itself"),
    (["", " é", " é🌊"], "where the first text is empty"),
]
WRITTEN = ["", "plain", "é", "Hot 🌶 日本", "naïve 🌊🌊 café"]


def cut(text: str, sizes: list[int]) -> list[bytes]:
    """Return the bytes of a text in pieces of these sizes, the last one as long as it is."""
    data, chunks = text.encode(), []
    for size in sizes:
        chunks, data = [*chunks, data[:size]], data[size:]
    return [*chunks, data]


def shows(chunks: list[bytes]) -> list[str]:
    """Return what can be shown after each piece."""
    texts = [b"".join(chunks[:place]).decode("utf-8", "ignore") for place in range(len(chunks) + 1)]
    return [after[len(before) :] for before, after in zip(texts, texts[1:], strict=False)]


@exercise(
    "6.1",
    functions={"deltas": "texts -> list", "characters": "chunks -> list"},
    hints=[
        "Each text begins with the one before. And which bytes must wait for the next piece?",
        "text[len(before) :], and before = text. decoder = codecs.getincrementaldecoder('utf-8')(), made once, then "
        "decoder.decode(chunk) for each piece: it keeps half a character for the next one.",
    ],
    concept=PAGE + "kinds-of-output",
)
def only_what_is_new(deltas, characters, pieces, printed, cumulative) -> None:
    """Deltas of a stream, and texts of bytes."""
    for texts, case in STREAMS:
        _pieces(deltas(texts, case=case), texts, case)
    for text in WRITTEN:
        for size in (1, 2, 3, 5, 100):
            chunks = [
                piece
                for start in range(0, len(text.encode()), size)
                for piece in (text.encode()[start : start + size],)
            ]
            _shown(characters, chunks)
    _shown(characters, cut("é🌊é", [1, 0, 2, 1]))
    _shown(characters, cut("a🌊", [2])[:1])
    _pieces(listed(pieces, "pieces_6_1 must be a list of texts."), cumulative, "in pieces_6_1")
    last = len(cumulative[-1])
    likely = {last: "printed_6_1: that is the last text only. Every text is printed, one after the other."}
    likely[len(cumulative)] = "printed_6_1: that is how many texts there are. Count their characters."
    exactly(printed, sum(map(len, cumulative)), "printed_6_1 must be the characters of all texts together.", likely)


def _pieces(found: list, texts: list[str], case: str) -> None:
    require(len(found) == len(texts), f"deltas must give one piece per text, {len(texts)}, not {len(found)}, {case}.")
    require(all(isinstance(piece, str) for piece in found), f"deltas must give texts {case}.")
    before = ""
    for piece, text in zip(found, texts, strict=True):
        new = text[len(before) :]
        require(piece == new, f"After {before!r} came {text!r}, so what is new is {new!r}, not {piece!r:.60}, {case}.")
        before = text


def _shown(characters: Tried, chunks: list[bytes]) -> None:
    case = f"for the pieces {shown(chunks)}"
    found, right = characters(chunks, case=case), shows(chunks)
    require(
        len(found) == len(right), f"characters must give one text per piece, {len(right)}, not {len(found)}, {case}."
    )
    require(all(isinstance(text, str) for text in found), f"characters must give texts {case}.")
    lost = "�" in "".join(found) or len("".join(found)) < len("".join(right))
    why = (
        "Half a character must wait for the next piece."
        if lost
        else "A character belongs to the piece that completes it."
    )
    require(found == right, f"characters must give {right}, not {shown(found)}, {case}. {why}")


FOUR = {"one": said(5, "x"), "two": said(2, "y"), "three": Reply(said(3, "z"), first=9), "four": said(1, "w")}


@exercise(
    "6.2",
    functions={"collect": "engine, prompts, params -> list"},
    hints=[
        "gather waits for coroutines. So what must be in a function of its own?",
        "async def complete(number, prompt): with `async for output in engine.generate(prompt, params, str(number))`, "
        "and after it return output.outputs[0].text. Then await asyncio.gather(*[complete(n, p) for ...]).",
    ],
    concept=PAGE + "several-requests-at-once",
)
def four_texts(collect) -> None:
    """All prompts at once, in their order."""
    collect = online(collect)
    for prompts in (["one"], ["one", "two", "three", "four"], ["four", "three", "two", "two", "one"]):
        watch = AsyncWatch(FOUR)
        found = collect(watch, prompts, params(), case=f"for {len(prompts)} prompts")
        texts_in_order(found, FOUR, prompts, "collect")
        _at_once(watch, len(prompts), "collect")
    found = collect(AsyncWatch(FOUR), [], params(), case="without prompts")
    require(found == [], f"collect must return an empty list without prompts, not {shown(found)}.")


def _at_once(watch: AsyncWatch, count: int, name: str) -> None:
    require(len(watch.requests) == count, f"Send one request per prompt, {count}, not {len(watch.requests)}.")
    together = watch.peak() == count
    require(together, f"{name} must run all {count} prompts at once: only {watch.peak()} ran at the same time.")


@exercise(
    "6.3",
    functions={"arrivals": "engine, prompts, params -> list"},
    hints=[
        "Let each request return its index together with its text. Who tells you that one is done?",
        "for done in asyncio.as_completed([complete(index, prompt) for ...]): yield await done, where complete is an "
        "async def that reads the stream to its end and returns (index, text).",
    ],
    concept=PAGE + "order-of-arrival",
)
def first_shown(arrivals) -> None:
    """Pairs in the order in which texts are complete, at the moment when they are."""
    for prompts in (["one", "two", "three", "four"], ["three", "four", "four", "one"], ["one"], []):
        moments: list[float] = []
        watch = AsyncWatch(FOUR)
        found = online(arrivals, lambda given, moments=moments: _noting(given, moments))(watch, prompts, params())
        found = [_indexed(pair) for pair in found]
        require(len(found) == len(prompts), f"Yield one pair per prompt, {len(prompts)}, not {len(found)}.")
        indices = [index for index, _ in found]
        every = f"The indices must be those of all prompts, {list(range(len(prompts)))}, in the order of arrival"
        require(sorted(indices) == list(range(len(prompts))), f"{every}, not {indices}.")
        for index, text in found:
            right = text_of(FOUR[prompts[int(index)]])
            belongs = f"The text of prompt {index} must be {right!r}, not {text!r:.80}"
            require(text == right, f"{belongs}: index is the prompt's place in prompts, and text is all of its text.")
        if prompts:
            _at_once(watch, len(prompts), "arrivals")
        ended = {index: request.ended - BEGINNING for index, request in _by_index(watch, prompts)}
        for (index, _), moment in zip(found, moments, strict=True):
            late = f"The text of prompt {index} was complete after {ended[index]:g} s, its pair came after {moment:g} s"
            require(close(moment, ended[index]), f"{late}: yield each pair as soon as its text is complete.")


def _indexed(pair: Any) -> tuple[int, str]:
    hint = "Yield pairs (index, text)"
    parts = listed(pair, f"{hint}, not {shown(pair)}.")
    fits = len(parts) == 2 and is_number(parts[0]) and isinstance(parts[1], str)
    require(fits, lambda: f"{hint}, not {shown(pair)}.")
    return plain(parts[0], "number"), parts[1]


def _by_index(watch: AsyncWatch, prompts: list[str]) -> list[tuple]:
    """Return each prompt's index with its request; equal prompts are done at the same moment."""
    return [
        (index, next(one for one in watch.requests if one.prompt == prompt)) for index, prompt in enumerate(prompts)
    ]


async def _noting(given: Any, moments: list[float]) -> list:
    """List what a generator yields, and when."""
    loop, items = asyncio.get_running_loop(), []
    while inspect.isawaitable(given):
        given = await given
    if not hasattr(given, "__aiter__"):
        items = to_list(given) if hasattr(given, "__iter__") else given
        moments.extend([loop.time() - BEGINNING] * len(items) if isinstance(items, list) else [])
        return items
    async for item in given:
        items.append(item)
        moments.append(loop.time() - BEGINNING)
        if len(items) > 100:
            raise Endless
    return items


LIMITED = [  # reply, max_tokens, seconds allowed, seconds that the whole text takes, text, reason
    (said(3), 100, 9.5, 3, " a0 a1 a2", "stop"),
    (said(9), 4, 9.5, 4, " a0 a1 a2 a3", "length"),
    (said(9), 100, 2.5, 9, " a0 a1", "timeout"),
    (Reply(said(9), first=60), 100, 5.5, 68, "", "timeout"),
    (Reply(said(3), each=60), 100, 5.5, 121, " a0", "timeout"),
]


@exercise(
    "6.4",
    functions={"within": "engine, prompt, params, seconds -> pair"},
    hints=[
        "Keep the newest text in a variable outside of what is cancelled. Who stops the request?",
        'text, reason = "", "timeout". Then, with contextlib.suppress(TimeoutError) around it, async with '
        "asyncio.timeout(seconds): async for output in generator: set both; reason is finish_reason or 'timeout'.",
    ],
    concept=PAGE + "time-outs",
)
def time_out_that_loses_nothing(within) -> None:
    """A text, or what there is of it in time."""
    for reply, most, seconds, whole, text, reason in LIMITED:
        watch, case = AsyncWatch({"p": reply}), f"with seconds={seconds} and a text that takes {whole} s"
        found = online(within)(watch, "p", params(most), seconds, case=case)
        require(len(watch.requests) == 1, f"Send one request, not {len(watch.requests)}, {case}.")
        limit = min(whole, seconds)
        late = f"within must be back after {limit} s, not after {watch.returned:g} s, {case}"
        require(watch.returned <= limit + 0.1, f"{late}: end the wait for the next token, too. Use asyncio.timeout.")
        empty(watch, f"When within had returned, {case},")
        for given, right, name in ((found[0], text, "text"), (found[1], reason, "reason")):
            exactly(given, right, f"The {name} must be {right!r}, not {shown(given)}, {case}.")
    _can_be_cancelled(within, AsyncWatch({"p": said(9)}), "within", ("p", params(), 7.5))


def _can_be_cancelled(answer: Tried, watch: AsyncWatch, name: str, arguments: tuple) -> None:
    """Cancel a call after 2.5 s: CancelledError comes out and the engine is empty."""

    async def cancelled(given: Any) -> str:
        task = asyncio.ensure_future(settled(given))
        await asyncio.sleep(2.5)
        task.cancel()
        await asyncio.wait([task])
        return "cancelled" if task.cancelled() else shown(task.exception() or task.result())

    promise = Tried(answer.function, answer.name, f"{answer.takes} -> text")
    outcome = online(promise, cancelled)(watch, *arguments, case="when its caller is cancelled")
    swallowed = f"When the task that called {name} is cancelled, CancelledError must come out, not {outcome}"
    require(outcome == "cancelled", f"{swallowed}: do not catch it, or raise it again.")
    went_on = f"{name} was cancelled after 2.5 s and went on until {watch.returned:g} s"
    require(watch.returned <= 2.6, f"{went_on}: do not catch CancelledError, or raise it again.")
    empty(watch, f"When the task that called {name} had been cancelled,")


WORDS = [  # pieces, word, text before it, the token that completes it
    ([" The", " END", " of", " it"], "END", " The ", 2),
    ([" Th", "e E", "N", "D.", " More"], "END", " The ", 4),
    ([" one", " two", " three"], "END", " one two three", 3),
    (["END", " more"], "END", "", 1),
    ([" E", "N", "EN", "D", " x"], "END", " EN", 4),
    ([" so", " E", "N"], "END", " so EN", 3),
    ([" a", "", "\n", "\n", "b", "c"], "\n\n", " a", 4),
    ([" END x END", " y"], "END", " ", 1),
]


@exercise(
    "6.5",
    functions={"until": "engine, prompt, params, word -> text"},
    hints=[
        "Look for the word in all that has come, not in what came last. And what ends the request after break?",
        "async with contextlib.aclosing(engine.generate(prompt, params, name)) as generator: text += the piece of each "
        "output, and break if word in text. After it: return text.partition(word)[0].",
    ],
    concept=PAGE + "cancelling-and-aborting",
)
def stop_word_of_your_own(until) -> None:
    """A text up to a word, and a request that ends there."""
    for pieces, word, text, last in WORDS:
        watch, case = AsyncWatch({"p": pieces}), f"for the tokens {pieces} and the word {word!r}"
        found = online(until)(watch, "p", deltas_only(), word, case=case)
        require(len(watch.requests) == 1, f"Send one request, not {len(watch.requests)}, {case}.")
        require(not watch.requests[0].params.stop, "The engine must not look for the word here: leave out stop=.")
        require(found == text, f"until must return {text!r}, not {found!r:.60}, {case}.")
        empty(watch, f"When until had returned, {case},")
        went_on = f"The word was complete after {last} s, and until went on to {watch.returned:g} s, {case}"
        require(watch.returned <= last + 0.1, f"{went_on}: look for the word in all pieces together, and stop.")


QUEUES = [  # when each job arrives and how many tokens it takes
    {0: 3, 1: 2, 2: 1},
    {0: 9, 1: 8, 2: 2, 3: 5, 4: 1},
    {0: 2, 7.5: 3, 8: 1, 30: 2},
    {3.5: 4, 0.5: 6, 1.5: 4, 2.5: 4},
    {0: 4, 1: 20, 2: 5, 7: 3, 11.5: 4, 15: 3, 18.5: 4},
]


def waits_of(jobs: list[tuple[float, int]], *, shortest: bool) -> list[float]:
    """Return how long each job waits for one worker; a token takes a second."""
    free, waits, here = 0.0, {}, []
    coming = sorted((at, index, length) for index, (at, length) in enumerate(jobs))
    while coming or here:
        while coming and (coming[0][0] <= free or not here):
            at, index, length = coming.pop(0)
            free = max(free, at) if not here else free
            heapq.heappush(here, (length if shortest else 0, at, index, length))
        _, at, index, length = heapq.heappop(here)
        waits[index], free = free - at, free + length
    return [waits[index] for index in range(len(jobs))]


@exercise(
    "6.6",
    functions={"mean_wait": "lengths -> number", "serve": "engine, jobs, shortest_first -> list"},
    hints=[
        "The third request waits for the first two. And which jobs may the worker choose from at a moment?",
        "sum(itertools.accumulate(lengths[:-1], initial=0)) / len(lengths). In serve: a loop; of the jobs that are not "
        "done and whose at has passed, take the one with the smallest max_tokens or at; if there is none, sleep.",
    ],
    concept=PAGE + "who-waits",
)
def who_waits(mean_wait, serve, both, starving, lengths, jobs) -> None:
    """A queue with one worker, in two orders."""
    for line in ([20, 3, 5, 12, 2], [4], [1, 2], [2, 2, 2, 2]):
        _mean_wait(mean_wait(line, case=f"for {line}"), line)
    for line in QUEUES:
        for shortest in (False, True):
            _served(serve, list(line.items()), shortest=shortest)
    found = listed(both, "both_6_6 must be a pair of numbers.")
    require(len(found) == 2, "both_6_6 must be a pair: in this order, and shortest first.")
    for value, order, name in ((found[0], lengths, "first"), (found[1], sorted(lengths), "second")):
        right = sum(sum(order[:place]) for place in range(len(order))) / len(order)
        exactly(value, right, f"The {name} number of both_6_6 must be the mean wait in the order {order}.")
    waits = waits_of([(job["at"], job["params"].max_tokens) for job in jobs], shortest=True)
    worst = waits.index(max(waits))
    likely = (
        {jobs[worst]["at"]: "starving_6_6 must be the index in JOBS_6_6, from 0."} if jobs[worst]["at"] != worst else {}
    )
    longest = (
        "starving_6_6 must be the index of the job that waits longest with shortest first. Go through it on paper."
    )
    exactly(starving, worst, longest, likely)


def _mean_wait(found: float, line: list[int]) -> None:
    waits = [sum(line[:place]) for place in range(len(line))]
    count, right = len(line), sum(waits) / len(line)
    likely = {
        sum(waits): "that is the sum of the waits, divide it by the number of requests",
        (sum(waits) + sum(line)) / count: "that is until a request is done, it waits until it begins",
        sum(line) / count: "that is the mean length",
        sum(waits) / max(count - 1, 1): "the first one counts, too: it waits 0",
    }
    hint = next((why for value, why in likely.items() if close(found, value)), "add up what is before each request")
    require(close(found, right), f"The mean wait of {line} must be {right:g}, not {found:g}: {hint}.")


def _served(serve: Tried, line: list[tuple[float, int]], *, shortest: bool) -> None:
    jobs = [{"at": at, "prompt": f"job {place}", "params": params(length)} for place, (at, length) in enumerate(line)]
    watch = AsyncWatch({job["prompt"]: said(50) for job in jobs})
    case = f"{'shortest' if shortest else 'first come'} first, for jobs that arrive at {[at for at, _ in line]}"
    found = online(serve)(watch, jobs, shortest, case=case)
    require(len(watch.requests) == len(jobs), f"Send each job once, not {len(watch.requests)} requests, {case}.")
    require(watch.peak() == 1, f"There is one worker, yet {watch.peak()} requests ran at once, {case}.")
    begins = {one.prompt: one.began - BEGINNING for one in watch.requests}
    for place, job in enumerate(jobs):
        early = f"Job {place} arrived after {job['at']} s and began after {begins.get(job['prompt'], 0):g} s, {case}"
        require(job["prompt"] in begins, f"Job {place} was never sent, {case}.")
        require(begins[job["prompt"]] >= job["at"] - 0.01, f"{early}: it cannot begin before it has arrived.")
    right = waits_of(line, shortest=shortest)
    order = [watch.requests.index(next(one for one in watch.requests if one.prompt == job["prompt"])) for job in jobs]
    true = [begins[job["prompt"]] - job["at"] for job in jobs]
    for place, (wait, truth) in enumerate(zip(true, right, strict=True)):
        wrong = f"Job {place} must wait {truth:g} s, it waited {wait:g} s and was number {order[place] + 1}, {case}"
        hint = "of those that have arrived, take the right one as soon as the worker is free"
        require(close(wait, truth, within=0.02), f"{wrong}: {hint}.")
    require(len(found) == len(jobs), f"serve must return one wait per job, {len(jobs)}, not {len(found)}.")
    for place, (wait, truth) in enumerate(zip(found, right, strict=True)):
        wait = number(wait, f"The wait of job {place} must be a number, {case}.")
        hint = "count from its arrival to its beginning, in the order of the jobs"
        require(
            close(wait, truth, within=0.02),
            f"The wait of job {place} must be {truth:g} s, not {wait:g}, {case}: {hint}.",
        )


ABORT = "In `finally`, abort it by the name that you gave, or by the id that add_request returned and internal=True."


class Steps:
    """Stands before an engine in this process, and ends what steps for ever."""

    def __init__(self, llm, most: int = 500) -> None:
        self.llm, self.most, self.steps, self.asked = llm, most, 0, 0

    @property
    def llm_engine(self) -> "Steps":
        """The engine inside."""
        return self

    def add_request(self, *arguments: Any, **options: Any) -> str:
        """Pass it on, and count."""
        self.asked += 1
        return self.llm.llm_engine.add_request(*arguments, **options)

    def step(self) -> list:
        """Compute a step.

        Raises:
            Endless: There were more than any answer needs.
        """
        self.steps += 1
        if self.steps > self.most:
            raise Endless("steps on and on")
        return self.llm.llm_engine.step()

    def __getattr__(self, name: str) -> Any:
        inner = self.llm.llm_engine
        return getattr(inner if hasattr(inner, name) else self.llm, name)


@exercise(
    "6.7",
    functions={"stream": "llm, prompt, params -> value"},
    hints=[
        "A loop over step() with a yield in it. What runs when a generator is closed?",
        "params = params.clone(), params.output_kind = RequestOutputKind.DELTA. name = add_request(...), then try: "
        "while has_unfinished_requests(): yield the text of each output of step(). finally: abort_request([name]).",
    ],
    concept=PAGE + "offline-step-by-step-online",
)
def step_by_step(stream, llm) -> None:
    """A text piece by piece from the engine in this process, which is empty afterwards."""
    used = params(12, temperature=0)
    prompts = ["The moon", "Once upon a time"]
    truth = [output.outputs[0].text for output in llm.generate(prompts, used, use_tqdm=False)]
    kind = used.output_kind
    for prompt, text in zip(prompts, truth, strict=True):
        pieces = _taken(stream, llm, prompt, used, 1000)
        whole = "".join(pieces)
        repeats = (
            "Each piece must hold only what is new: ask for RequestOutputKind.DELTA." if len(whole) > len(text) else ""
        )
        require(
            whole == text,
            f"The pieces of {prompt!r} must give {text!r} together, not {whole!r:.80}. {repeats}".rstrip(),
        )
        require(used.output_kind == kind, "stream changes the params that it is given: clone them first.")
    for take in (1, 3):
        _taken(stream, llm, prompts[0], used, take)


def _taken(stream: Tried, llm, prompt: str, used, take: int) -> list[str]:
    """Return the first pieces of a stream that is closed then, from an engine that must be empty."""
    steps, pieces = Steps(llm), []
    engine = llm.llm_engine

    def read(*arguments: Any) -> Any:
        generator = stream.function(*arguments)
        for piece in generator if hasattr(generator, "__next__") else ():
            pieces.append((piece, steps.steps))
            if len(pieces) == take:
                break
        getattr(generator, "close", list)()
        return generator

    case = "read to its end" if take > 100 else f"closed after {take} piece(s)"
    try:
        given = Tried(read, stream.name, stream.takes)(steps, prompt, used, case=case)
        left = engine.has_unfinished_requests()
    finally:
        names = list(engine.output_processor.request_states)
        engine.abort_request(names, internal=True)
        while engine.has_unfinished_requests():
            engine.step()
    wrong = "stream must be a generator, with yield in a plain def"
    require(hasattr(given, "__next__"), lambda: f"{wrong}, not {shown(given)}.")
    require(steps.asked == 1, f"Add one request to llm.llm_engine, not {steps.asked}.")
    require(not left, f"When stream was {case}, its request was still in the engine. {ABORT}")
    require(all(isinstance(piece, str) for piece, _ in pieces), "Yield texts: output.outputs[0].text.")
    late = pieces and pieces[0][1] > 4
    require(not late, lambda: f"The first piece came after {pieces[0][1]} steps: yield after each step.")
    return [piece for piece, _ in pieces]


ARRIVED = [
    ([(0.5, 1), (0.7, 1), (0.9, 1)], "for three tokens"),
    ([(2.0, 1)], "for a single token"),
    ([(1.0, 1), (1.5, 4), (3.0, 2)], "for outputs of several tokens"),
    ([(1.0, 3), (2.0, 2)], "where the first output holds three tokens"),
    ([(0.2, 1), (0.2, 1), (0.6, 2), (0.7, 1)], "where two outputs come at once"),
]
MEASURES = {
    "ttft": "the seconds of the first output",
    "itl": "the seconds after the first output, divided by the tokens after it",
    "total": "the seconds of the last output",
    "tokens_per_second": "all tokens, divided by total",
}


def summary_of(arrivals: list[tuple[float, int]]) -> dict[str, float | None]:
    """Return the measures of some arrivals."""
    first, last = arrivals[0][0], arrivals[-1][0]
    later = sum(count for _, count in arrivals[1:])
    every = sum(count for _, count in arrivals)
    itl = (last - first) / later if later else None
    return {"ttft": first, "itl": itl, "total": last, "tokens_per_second": every / last}


@exercise(
    "6.8",
    functions={"summary": "arrivals -> dict", "measure": "engine, prompt, params, times -> list"},
    hints=[
        "What is different about the first request of an engine, and about a prompt that it has seen?",
        "A counter outside of the function, itertools.count(), gives a new number for each request: "
        'f"{number}. {prompt}". Run times + 1 requests, one after the other, and drop the first summary.',
    ],
    concept=PAGE + "times",
)
def honest_stopwatch(summary, measure) -> None:
    """Measures from arrivals, and measurements that may be compared."""
    for arrivals, case in ARRIVED:
        _measured(summary(arrivals, case=case), summary_of(arrivals), case)
    prompt = "The moon is round and far away. " * 12
    watch = AsyncWatch({}, prefill=0.01, cold=50)
    for times in (3, 1, 2):
        _honest(measure, watch, prompt, times)


def _honest(measure: Tried, watch: AsyncWatch, prompt: str, times: int) -> None:
    case = f"for {times} measurement(s)"
    found = online(measure)(watch, prompt, deltas_only(), times, case=case)
    sent = watch.requests
    require(len(found) == times, f"measure must return {times} summaries, not {len(found)}.")
    enough = f"Send one request that does not count and {times} that do, {times + 1}, not {len(sent)}, {case}."
    require(len(sent) > times, enough)
    alone = all(one.ended <= other.began + 0.01 for one, other in zip(sent, sent[1:], strict=False))
    require(alone, "One request at a time: others beside it make each one slower.")
    for one, result in zip(sent[-times:], found, strict=True):
        same = one.prompt.endswith(prompt) and len(one.prompt) <= len(prompt) + 50
        require(
            same,
            lambda one=one: (
                f"A measured prompt must be the given one, with something new before it, not {shown(one.prompt)}."
            ),
        )
        seen = f"A measured prompt had {one.cached} tokens in the prefix cache, {case}"
        require(not one.cached, f"{seen}: it must begin with something new, also in the next call of measure.")
        arrivals = [(time - one.began, 1) for time in one.times]
        _measured(result, summary_of(arrivals), f"of the request {one.prompt[:20]!r}…")


def _measured(found: Any, right: dict, case: str) -> None:
    given = keys(found, MEASURES, f"A summary {case} must be")
    for name, truth in right.items():
        wrong = f"{name} {case} must be {truth if truth is None else f'{truth:.4g}'}, not {shown(given[name])}"
        fits = given[name] is None if truth is None else close(given[name], truth)
        require(fits, f"{wrong}: {MEASURES[name]}{'' if truth is not None else ', None without any'}.")


CROWDS = [  # at_once, per_second, seconds of each reply
    (100, 2, [3, 3, 3, 3, 3, 3]),
    (2, 100, [4, 2, 7, 1, 3, 5, 2]),
    (3, 1, [6, 6, 6, 6, 6, 6, 6]),
    (3, 2, [9, 9, 9, 2, 2, 2, 1]),
    (3, 1, [12, 11, 10, 2, 2, 2]),  # three places become free at once
    (1, 0.25, [1, 9, 1]),
    (2, 0.5, [3, 11, 1, 5]),
    (4, 3, []),
]


def begins_of(at_once: int, gap: float, lengths: list[float]) -> list[float]:
    """Return when each request begins at the earliest."""
    free, begins = [0.0] * at_once, []
    for length in lengths:
        begin = max(heapq.heappop(free), begins[-1] + gap if begins else 0.0)
        begins.append(begin)
        heapq.heappush(free, begin + length)
    return begins


@exercise(
    "6.9",
    functions={"polite": "engine, prompts, params, at_once, per_second -> list"},
    hints=[
        "Two limits, two tools: who is inside, and when did the last one begin? Which must come first?",
        "places = asyncio.Semaphore(at_once) and door = asyncio.Lock() are made once, not for each request. A request: "
        "async with places, inside it async with door: sleep until the door opens, set when it opens next (now + 1 / "
        "per_second). Then leave the door, keep the place, and read the stream.",
    ],
    concept=PAGE + "limits-of-a-client",
)
def polite_client(polite) -> None:
    """Two limits that hold, and no time that is lost."""
    for at_once, per_second, lengths in CROWDS:
        says = {
            f"prompt {place}": Reply(said(3, f"{place}-"), length - 0.2, 0.1) for place, length in enumerate(lengths)
        }
        watch, case = AsyncWatch(says), f"with at_once={at_once} and per_second={per_second}"
        found = online(polite)(watch, list(says), params(), at_once, per_second, case=case)
        texts_in_order(found, says, list(says), "polite")
        require(len(watch.requests) == len(says), f"Send one request per prompt, not {len(watch.requests)}, {case}.")
        require(watch.peak() <= at_once, f"{watch.peak()} requests ran at once {case}: at most {at_once} may.")
        begins = sorted(one.began - BEGINNING for one in watch.requests)
        for one, other in zip(begins, begins[1:], strict=False):
            close_by = f"Two requests began after {one:g} s and {other:g} s {case}"
            require(other - one >= 1 / per_second - 1e-3, f"{close_by}: they must be {1 / per_second:g} s apart.")
        if lengths:
            best = begins_of(at_once, 1 / per_second, lengths)
            slow = f"The last request began after {begins[-1]:g} s {case}, {best[-1]:g} s are enough"
            soon = begins[-1] <= best[-1] + 0.5 or sorted(best) == begins
            require(soon, f"{slow}: begin as soon as both limits allow it.")


def asked(name: str, priority: int = 0, timeout: float = 30) -> dict:
    """Return a request."""
    return {"name": name, "prompt": f"p-{name}", "params": params(), "priority": priority, "timeout": timeout}


def failing() -> dict[str, Any]:
    """Return what the engine says to requests of these names."""
    from vllm.exceptions import VLLMValidationError
    from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

    return {
        "refused": [Reply([VLLMValidationError("no")], first=0)],
        "slow": [Reply(said(3, "s"), first=2, each=40)],
        "late": [Reply(said(3, "l"), first=90), Reply(said(3, "m"))],
        "later": [Reply(said(3, "l"), each=20), Reply(said(3, "l"), first=90)],
        "shaky": [Reply([" x", EngineGenerateError()]), Reply(said(2, "y"))],
        "broken": [Reply([" x", EngineGenerateError()])],
        "deadly": [Reply([" x", EngineDeadError()], first=3)],
        "long": [Reply(said(9, "g"))],
        "short": [Reply(said(2, "h"))],
    }


DONE, ONCE, TWICE = "done", 1, 2
MIXED = {
    "long": (DONE, text_of(said(9, "g")), ONCE),
    "refused": ("refused", "", ONCE),
    "slow": ("timeout", " s0", TWICE),
    "shaky": (DONE, text_of(said(2, "y")), TWICE),
    "late": (DONE, text_of(said(3, "m")), TWICE),
    "broken": ("failed", " x", TWICE),
    "later": ("timeout", "", TWICE),
    "short": (DONE, text_of(said(2, "h")), ONCE),
}


@exercise(
    "6.10",
    functions={"dispatch": "engine, requests, at_once -> list"},
    hints=[
        "at_once workers share a sorted queue. Which errors may be gone at a second attempt, and which come again?",
        "attempt(request) returns (status, text), and keeps the text outside of the timeout. After TimeoutError and "
        "EngineGenerateError send it once more. VLLMValidationError would come again. After EngineDeadError no request "
        "can work: set a flag `dead`, and look at it before each attempt.",
    ],
    concept=PAGE + "errors-and-what-to-catch",
)
def dispatcher(dispatch) -> None:
    """Every request has a report, whatever happens to it."""
    for at_once in (1, 3, 20):
        _dispatched(dispatch, MIXED, at_once, f"with at_once={at_once}")
    _dispatched(dispatch, {}, 2, "without requests")
    _by_priority(dispatch)
    _dying(dispatch)
    says = {f"p-{name}": told for name, told in failing().items()}
    requests = [asked("long"), asked("slow"), asked("short"), asked("late")]
    _can_be_cancelled(dispatch, AsyncWatch(says), "dispatch", (requests, 2))


def _dispatch(dispatch: Tried, requests: list[dict], at_once: int, case: str) -> tuple[list[dict], AsyncWatch]:
    watch = AsyncWatch({f"p-{name}": told for name, told in failing().items()})
    found = online(dispatch)(watch, requests, at_once, case=case)
    require(
        len(found) == len(requests),
        f"dispatch must return one report per request, {len(requests)}, not {len(found)}, {case}.",
    )
    reports = [keys(report, ["name", "status", "text", "attempts"], f"A report {case} must be") for report in found]
    names = [report["name"] for report in reports]
    ordered = names == [request["name"] for request in requests]
    require(ordered, lambda: f"The reports must be in the order of the requests {case}, not {shown(names)}.")
    require(watch.peak() <= at_once, f"{watch.peak()} requests ran at once {case}.")
    return reports, watch


def _dispatched(dispatch: Tried, wanted: dict[str, tuple], at_once: int, case: str) -> None:
    requests = [asked(name, timeout=10) for name in wanted]
    reports, watch = _dispatch(dispatch, requests, at_once, case)
    full = min(at_once, 3, len(wanted))
    require(watch.peak() >= full, f"Only {watch.peak()} requests ran at once {case}: use all places.")
    for report, (name, (status, text, attempts)) in zip(reports, wanted.items(), strict=True):
        sent = sum(one.prompt == f"p-{name}" for one in watch.requests)
        about = f"of the request {name!r} {case}"
        longest = max((one.ended - one.began for one in watch.requests if one.prompt == f"p-{name}"), default=0)
        late = f"An attempt {about} has 10 s, one took {longest:g} s"
        require(longest <= 10.1, f"{late}: end it, also while no token comes, with asyncio.timeout.")
        often = f"{name!r} ({status}) must be sent {attempts} time(s), it was sent {sent} time(s) {case}"
        require(sent == attempts, f"{often}: {'once more, and no more' if attempts == 2 else 'not again'}.")
        exactly(report["status"], status, f"The status {about} must be {status!r}, not {shown(report['status'])}.")
        exactly(report["attempts"], attempts, f"attempts {about} must be {attempts}, not {shown(report['attempts'])}.")
        wrong = f"The text {about} must be {text!r}, what its last attempt wrote, not {shown(report['text'])}."
        require(report["text"] == text, wrong)


def _by_priority(dispatch: Tried) -> None:
    names = {"short": 2, "long": 1, "late": 2, "shaky": 0, "slow": -1, "later": 1}
    requests = [asked(name, priority, timeout=95) for name, priority in names.items()]
    _, watch = _dispatch(dispatch, requests, 1, "with priorities and one place")
    first = list(dict.fromkeys(one.prompt.removeprefix("p-") for one in watch.requests))
    right = sorted(names, key=names.get)
    require(first == right, f"The lowest priority begins first, of equal ones the earlier: {right}, not {first}.")


def _dying(dispatch: Tried) -> None:
    names, case = ["long", "deadly", "short", "slow", "late"], "when the engine dies"
    reports, watch = _dispatch(dispatch, [asked(name) for name in names], 2, case)
    require(
        len(watch.requests) == 2,
        f"{len(watch.requests) - 2} request(s) were sent {case}, after its death: send nothing more.",
    )
    for report, attempts in zip(reports, (1, 1, 0, 0, 0), strict=True):
        about = f"of the request {report['name']!r} {case}"
        exactly(report["status"], "dead", f"The status {about} must be 'dead', not {shown(report['status'])}.")
        exactly(report["attempts"], attempts, f"attempts {about} must be {attempts}, not {shown(report['attempts'])}.")
