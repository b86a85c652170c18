"""The likely mistakes in lesson 06's exercises, and right answers in another form than the solution's."""

import asyncio
import contextlib
import functools
import heapq
import time

import numpy as np
from vllm.exceptions import VLLMValidationError
from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

from tests.checks.wrong_answers import changed, edit


def instead(name, hint, **functions):
    """Put other functions in the place of the solution's."""
    return changed(name, hint, **{key: lambda _, new=value: new for key, value in functions.items()})


async def last(engine, prompt, params, name="last"):
    """Return the whole text of a cumulative stream."""
    async for output in engine.generate(prompt, params, name):
        text = output.outputs[0].text
    return text


async def sleeps(*arguments):
    """Sleep again and again."""
    while True:
        await asyncio.sleep(100)


# What can go wrong in every async answer, and how the check says it.
ALWAYS = {
    "waits for ever": (lambda *_: asyncio.Event().wait(), "waits for something that never comes"),
    "goes on for ever": (sleeps, "goes on and on"),
    "blocks the loop": (lambda *_: time.sleep(1), "write await asyncio.sleep"),
    "no function": ("text", "must be a function"),
    "a loop of its own": (lambda *a: asyncio.run(last(*a[:3])), "write await in place of asyncio.run"),
    "awaits the generator": (lambda e, p, *a: e.generate(p, a[0], "x").text, "AttributeError"),
}


def common(name):
    """Return the mistakes that can be made in every async answer."""
    return [instead(what, hint, **{name: function}) for what, (function, hint) in ALWAYS.items()]


class Handed:
    """An iterator that is no generator: it hands on what one gives."""

    def __init__(self, generator):
        self.generator = generator

    def __iter__(self):
        return self

    def __aiter__(self):
        return self

    def __next__(self):
        return next(self.generator)

    async def __anext__(self):
        return await anext(self.generator)

    def close(self):
        self.generator.close()


def handed(right):
    """Return a function that gives such an iterator."""
    return lambda *given: Handed(right(*given))


# What the solutions of several exercises hold.

TEXT, RETURNED = "text = output.outputs[0].text", "        return text\n"
EACH = "[complete(number, prompt) for number, prompt in enumerate(prompts)]"
GATHERED = f"return await asyncio.gather(*{EACH})"
ONE_BY_ONE = f"return {EACH.replace('complete', 'await complete')}"
AS_COMPLETED = f"return [await done for done in asyncio.as_completed({EACH})]"
TASKS = f"[asyncio.create_task(one) for one in {EACH}]"
COMPLETE, CLONED = "    async def complete(", "    params = params.clone()\n    params.output_kind = RequestOutputKind."
BATCHES = f"""found = []
    for first in range(0, len(prompts), at_once):
        found += await asyncio.gather(*{EACH.replace("prompts", "prompts[first : first + at_once]")})
    return found"""
AGAIN = "await anext(engine.generate(prompt, params, 'again'))\n"
ASKED_AGAIN = RETURNED, f"        {AGAIN}{RETURNED}"

# 6.1

PRINTED = "sum(len(text) for text in CUMULATIVE_6_1)"
DECODED, NEW = "decoder.decode(chunk)", "text[len(before) :]"
ALL_AT_ONCE = "return [b''.join(chunks).decode()] or [decoder"


def decoded(chunks, most):
    """Try after each piece whether the bytes are complete, without up to `most - 1` of the last ones."""
    left, found = b"", []
    for chunk in chunks:
        left, text = left + chunk, ""
        for end in range(len(left), max(-1, len(left) - most), -1):
            with contextlib.suppress(UnicodeDecodeError):
                text, left = left[:end].decode(), left[end:]
                break
        found.append(text)
    return tuple(found)


# 6.2 and 6.3

GROUP = f"async with asyncio.TaskGroup() as group:\n        tasks = [group.create_task(one) for one in {EACH}]\n"
WAIT = f"""tasks = {TASKS}
    if tasks:
        await asyncio.wait(tasks)
    return [task.result() for task in tasks]"""
GENERATORS = "[engine.generate(prompt, params, 'x')"
AS_DICT = "generate(prompt", "generate({'prompt': prompt}"
JOINED = "        async for", "        text = ''\n        async for", "text = output", "text += output"
YIELDED = f"for task in {TASKS}:\n        yield await task"


class Collector:
    """A callable object that returns an array."""

    def __init__(self, collect):
        self.collect = collect

    async def __call__(self, *given):
        return np.array(await self.collect(*given), dtype=object)


PAIRS = "[complete(index, prompt) for index, prompt in enumerate(prompts)]"
ARRIVED = f"    for done in asyncio.as_completed({PAIRS}):\n        yield await done\n"
LISTED = f"[await done for done in asyncio.as_completed({PAIRS})]"
COUNTED = f"    for number, done in enumerate(asyncio.as_completed({PAIRS})):\n        yield number, (await done)[1]\n"
IN_TASKS = f"[asyncio.create_task(one) for one in {PAIRS}]"
IN_TURN = f"    for task in {IN_TASKS}:\n        yield await task\n"
ONE_LOST = "yield await done", "if (pair := await done)[0]:\n            yield pair"
QUEUE = (
    "async def arrivals(engine, prompts, params):\n",
    "import numpy as np\n\n\nasync def arrivals(engine, prompts, params):\n    queue = asyncio.Queue()\n",
    "return index, text",
    "queue.put_nowait([np.int64(index), text])",
    ARRIVED,
    f"    tasks = {IN_TASKS}\n    for _ in tasks:\n        yield await queue.get()\n",
)
WAITED = f"""    waiting = set({IN_TASKS})
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            yield task.result()
"""

# 6.4

SUPPRESSED, PAIR = "contextlib.suppress(TimeoutError)", "    return text, reason"
LIMIT = "async with asyncio.timeout(seconds):"
CLOCK = (
    LIMIT,
    "async with contextlib.aclosing(generator):",
    "generator = engine",
    "start, generator = time.perf_counter(), engine",
    "                text =",
    "                if time.perf_counter() - start > seconds:\n                    break\n                text =",
)
IN_A_TASK = f"    with {SUPPRESSED}:\n        {LIMIT}\n", "    async def read():\n            nonlocal text, reason\n"
STARTED = "    task = asyncio.create_task(read())\n"
IN_TIME = "await asyncio.wait([task], timeout=seconds)\n"
UNAWAITED = f"{STARTED}    {IN_TIME}    task.cancel()\n{PAIR}"
CANCELLED = "    finally:\n        task.cancel()\n        await asyncio.gather(task, return_exceptions=True)\n"


async def with_wait_for(engine, prompt, params, seconds):
    text, end, generator = "", time.monotonic() + seconds, engine.generate(prompt, params, "w")
    try:
        while True:
            output = await asyncio.wait_for(anext(generator), end - time.monotonic())
            text = output.outputs[0].text
            if output.finished:
                return text, output.outputs[0].finish_reason
    except TimeoutError:
        return text, "timeout"
    finally:
        await generator.aclose()


async def with_abort(engine, prompt, params, seconds):
    timer = asyncio.get_running_loop().call_later(seconds, lambda: aborting.append(asyncio.ensure_future(stop())))
    aborting, text, reason = [], "", None

    async def stop():
        await engine.abort("aborted")

    try:
        async for output in engine.generate(prompt, params, "aborted"):
            text, reason = output.outputs[0].text, output.outputs[0].finish_reason
    finally:
        timer.cancel()
    await asyncio.gather(*aborting)
    return text, "timeout" if reason == "abort" else reason


# 6.5

STOP = "    params = params.clone()\n    params.stop = [word]\n"
BEFORE, SEEN, EMPTY = "text.partition(word)[0]", "if word in text:\n", 'text = ""\n'
BREAK_ONLY = "contextlib.aclosing(", "contextlib.nullcontext(", "break", f"return {BEFORE}"
LATE = "late, seen = word in text[: -len(output.outputs[0].text) or None], 1\n            if late:\n"
BY_ABORT = "word in text:", "word in text and not output.finished:", "break", "await engine.abort('until')"


async def until_by_hand(engine, prompt, params, word):
    generator, text = engine.generate(prompt, params, "u"), ""
    try:
        while word not in text:
            text += (await anext(generator)).outputs[0].text
    except StopAsyncIteration:
        return text
    finally:
        await generator.aclose()
    return text[: text.index(word)]


async def until_cancelled(engine, prompt, params, word):
    pieces, found = [], asyncio.Event()

    async def read():
        async for output in engine.generate(prompt, params, "u"):
            pieces.append(output.outputs[0].text)
            if word in "".join(pieces):
                found.set()

    tasks = [asyncio.create_task(read()), asyncio.create_task(found.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return "".join(pieces).split(word)[0]


# 6.6 to 6.8

SHORTEST = 'min(here, key=lambda index: jobs[index]["params"].max_tokens) if shortest_first else here[0]'
NOTED, IN_ORDER = 'waits[index] = now - jobs[index]["at"]', "[waits[index] for index in range(len(jobs))]"
MEAN, PASSED = "sum(waits) / len(lengths)", "            pass\n"
ENDED = f"{PASSED}        waits[index] = time.perf_counter() - start - jobs[index]['at']\n"
SENT_AGAIN = f"{PASSED}        await anext(engine.generate('again', jobs[0]['params'], 'again'))\n"


async def served_by_a_heap(engine, jobs, shortest_first):
    loop, waits = asyncio.get_running_loop(), np.zeros(len(jobs))
    start, line, free = loop.time(), [], asyncio.Condition()

    async def arrive(index, job):
        await asyncio.sleep(job["at"])
        async with free:
            first = job["params"].max_tokens if shortest_first else 0
            heapq.heappush(line, (first, job["at"], index))
            free.notify_all()

    async def work():
        for _ in jobs:
            async with free:
                await free.wait_for(lambda: line)
                _, at, index = heapq.heappop(line)
            waits[index] = loop.time() - start - at
            await last(engine, jobs[index]["prompt"], jobs[index]["params"])

    await asyncio.gather(work(), *[arrive(index, job) for index, job in enumerate(jobs)])
    return waits


ABORTED = "engine.abort_request([request_id], internal=True)"
PIECE, STEPPED = "yield output.outputs[0].text\n", ", params = llm.llm_engine, params"
TRIED, BEGUN = "    try:\n", "    engine.add_request('again', prompt, params)\n    try:\n"
CUMULATIVE = (
    TRIED,
    f"    before = ''\n{TRIED}",
    "Kind.DELTA",
    "Kind.CUMULATIVE",
    '"stream", prompt, params',
    "request_id='by hand', prompt=prompt, params=params",
    PIECE,
    f"{PIECE[:-1]}[len(before) :]\n                before = output.outputs[0].text\n",
    f"finally:\n        {ABORTED}",
    f"except GeneratorExit:\n        {ABORTED}\n        raise",
)

NAMED, TOKENS = 'f"{name}. {prompt}"', "later = sum(numbers[1:])"
TIMES, FOUND = "    for _ in range(times + 1):\n", "    return found[1:]"
BESIDE = f"    await asyncio.gather(*[one() for _ in range(times + 1)])\n{FOUND}"
WITH_UUID = (
    "async def measure",
    "import uuid\n\nimport numpy as np\n\n\nasync def measure",
    NAMED,
    'f"{uuid.uuid4()} {prompt}"',
    "time.perf_counter()",
    "asyncio.get_running_loop().time()",
    FOUND,
    "    for one in found[1:]:\n        yield {key: np.float64(value) for key, value in one.items()}",
)
SERIES = (
    "return {",
    "import pandas as pd\n    return pd.Series({",
    "seconds[-1],\n    }",
    "seconds[-1],\n    }, dtype=object)",
)

# 6.9

PLACES, RATE = "asyncio.Semaphore(at_once)", "1 / per_second"
SLEPT = "                await asyncio.sleep(opens - time.perf_counter())\n"
DOOR = f"        async with places:\n            async with door:\n{SLEPT}"
OPENS = "                opens = time.perf_counter() + 1 / per_second\n"
SPACED = "        await asyncio.sleep(number / per_second)\n        async with places:\n"
LOOPS_CLOCK = (
    "time.perf_counter()",
    "asyncio.get_running_loop().time()",
    "asyncio.Lock(), 0.0",
    "asyncio.Lock(), float('-inf')",
    "asyncio.sleep(opens -",
    "asyncio.sleep(-1 if opens < 0 else opens -",
)


async def started_in_turn(engine, prompts, params, at_once, per_second):
    gate, tasks = asyncio.Semaphore(at_once), []

    async def complete(prompt):
        try:
            return await last(engine, prompt, params)
        finally:
            gate.release()

    async with asyncio.TaskGroup() as group:
        for place, prompt in enumerate(prompts):
            if place:
                await asyncio.sleep(1 / per_second)
            await gate.acquire()
            tasks.append(group.create_task(complete(prompt)))
    return [task.result() for task in tasks]


# 6.10

REPEATED, MEANS = 'if status not in ("timeout", "failed"):', 'failure = "", {EngineGenerateError: "failed", '
SORTED = 'sorted(range(len(requests)), key=lambda index: requests[index]["priority"])'
BACKWARDS = SORTED.replace("range(len(requests))", "reversed(range(len(requests)))")
TIMEOUT, ATTEMPTS = 'asyncio.timeout(request["timeout"])', '"attempts": attempts}'
REPORTS, EVERY = "[reports[index] for index in range(len(requests))]", "in range(len(requests))]"
GOOD = 'in range(len(requests)) if reports[index]["status"] == "done"]'
NUMPY = ATTEMPTS, '"attempts": np.int64(attempts)}', "reports, dead = ", "import numpy as np\n    reports, dead = "
SWALLOWED = "except TimeoutError:", "except (TimeoutError, asyncio.CancelledError):"
FAILURES = {VLLMValidationError: "refused", EngineGenerateError: "failed", EngineDeadError: "dead"}
FAILURES[TimeoutError] = "timeout"
QUEUED = (
    f"queue = {SORTED}",
    "queue = asyncio.PriorityQueue()\n"
    "    for index, request in enumerate(requests):\n"
    "        queue.put_nowait((request['priority'], index, 0))",
    "while queue:",
    "while not queue.empty():",
    'request, status, text, attempts = requests[index := queue.pop(0)], "dead", "", 0',
    "priority, index, attempts = queue.get_nowait()\n            request, status, text = requests[index], 'dead', ''",
    "while not dead and attempts < 2:",
    "if not dead:",
    f"{REPEATED}\n                    break",
    'if status in ("timeout", "failed") and attempts < 2:\n'
    "                    queue.put_nowait((priority, index, attempts))\n"
    "                    continue",
    REPORTS,
    f"tuple({REPORTS})",
)


async def behind_a_semaphore(engine, requests, at_once):
    gate, dead = asyncio.Semaphore(at_once), asyncio.Event()

    async def work(index, request):
        report = {"name": request["name"], "status": "dead", "text": "", "attempts": 0}

        async def read():
            async for output in engine.generate(request["prompt"], request["params"], f"{index}"):
                report["text"] = output.outputs[0].text

        async with gate:
            while not dead.is_set() and report["attempts"] < 2:
                report.update(status="done", text="", attempts=report["attempts"] + 1)
                try:
                    await asyncio.wait_for(read(), request["timeout"])
                except tuple(FAILURES) as error:
                    report["status"] = FAILURES[type(error)]
                if report["status"] == "dead":
                    dead.set()
                if report["status"] in ("done", "refused"):
                    break
        return report

    order = sorted(range(len(requests)), key=lambda index: (requests[index]["priority"], index))
    tasks = {index: asyncio.create_task(work(index, requests[index])) for index in order}
    try:
        await asyncio.gather(*tasks.values())
    finally:
        for task in tasks.values():
            task.cancel()
    return [tasks[index].result() for index in range(len(requests))]


WRONG = {
    "6.1": [
        edit("the last text", "one piece per text", "return pieces\n", "return pieces[-1:]\n"),
        edit("texts as they are", "what is new", NEW, "text"),
        edit("words replaced", "what is new", NEW, "text.replace(before, '')"),
        edit("bytes for texts", "deltas must give texts", NEW, f"{NEW}.encode()"),
        edit("nothing is skipped", "one piece per text", "pieces.append(", "text != before and pieces.append("),
        edit("each piece by itself", "UnicodeDecodeError", DECODED, "chunk.decode()"),
        edit("ignored", "Half a character must wait", DECODED, "chunk.decode('utf-8', 'ignore')"),
        edit("replaced", "Half a character must wait", DECODED, "chunk.decode('utf-8', 'replace')"),
        edit("Latin", "belongs to the piece", DECODED, "chunk.decode('latin-1')"),
        edit("all at the end", "one text per piece", "return [decoder", ALL_AT_ONCE),
        edit("bytes", "characters must give texts", DECODED, "chunk"),
        edit("the end replaced", "UnicodeDecodeError", "decode(chunk) for", "decode(chunk, chunk is chunks[-1]) for"),
        instead("whole texts only", "belongs to the piece", characters=lambda chunks: decoded(chunks, 1)),
        changed("one text", "pieces_6_1 must be", pieces_6_1="".join),
        changed("one missing", "one piece per text", pieces_6_1=lambda right: right[1:]),
        edit("the last text counted", "the last text only", PRINTED, "len(CUMULATIVE_6_1[-1])"),
        changed("another number", "all texts together", printed_6_1=lambda right: right + 1),
    ],
    "6.2": [
        *common("collect"),
        edit("gather over generators", "read it with async for", "[complete(number, prompt)", GENERATORS),
        edit("one by one", "at once", GATHERED, ONE_BY_ONE),
        edit("two at once", "at once", GATHERED, BATCHES.replace("at_once", "2")),
        edit("in order of arrival", "in the order of the prompts", GATHERED, AS_COMPLETED),
        edit("the first output", "take the last output", TEXT, "return output.outputs[0].text"),
        edit("tasks", "still runs", GATHERED, f"return {TASKS}"),
        edit("a text for nothing", "an empty list without prompts", GATHERED, f"{GATHERED} if prompts else ['']"),
        edit("nothing returned", "must return a list", "return await", "await"),
        edit("outputs", "Return texts", TEXT, "text = output.outputs[0]"),
        edit("a dict by prompt", "one text per prompt", "enumerate(prompts)]", "enumerate(dict.fromkeys(prompts))]"),
        edit("the prompt too", "take the last output", "return text", "return prompt + text"),
        edit("asked twice", "one request per prompt", *ASKED_AGAIN),
        edit("the notebook's engine", "the notebook's engine", "async def collect(engine, ", "async def collect(_, "),
        edit("an error in a task", "ZeroDivisionError", TEXT, f"{TEXT} * (1 // 0)"),
    ],
    "6.3": [
        *common("arrivals"),
        edit("a list", "as soon as its text", ARRIVED, f"    return {LISTED}\n"),
        edit("all at the end", "as soon as its text", ARRIVED, f"    for pair in {LISTED}:\n        yield pair\n"),
        edit("in order of the prompts", "as soon as its text", ARRIVED, IN_TURN),
        edit("one after the other", "at once", ARRIVED, f"    for one in {PAIRS}:\n        yield await one\n"),
        edit("counted on", "place in prompts", ARRIVED, COUNTED),
        edit("an error in a task", "AttributeError", *QUEUE, TEXT, "text = output.text"),
        edit("texts", "Yield pairs", "yield await done", "yield (await done)[1]"),
        edit("outputs", "Yield pairs", TEXT, "text = output.outputs[0]"),
        edit("from 1", "indices must be those of all prompts", "return index, ", "return index + 1, "),
        edit("the beginning only", "all of its text", TEXT, "return index, output.outputs[0].text"),
        edit("futures", "still runs", "yield await done", "yield done"),
        edit("one is lost", "one pair per prompt", *ONE_LOST),
    ],
    "6.4": [
        *common("within"),
        edit("the text lost", "The text must be", TEXT, f"{TEXT} * output.finished"),
        edit("looks at the clock", "end the wait", *CLOCK),
        edit("the task left", "still runs", *IN_A_TASK, PAIR, f"{STARTED}    {IN_TIME}{PAIR}"),
        edit("cancelled and left", "still worked on", *IN_A_TASK, PAIR, UNAWAITED),
        edit("swallows", "CancelledError must come out", "(TimeoutError)", "(TimeoutError, asyncio.CancelledError)"),
        edit("no reason", "The reason must be", "output.outputs[0].finish_reason or", "None or"),
        edit("the reason of vLLM", "The reason must be", ' or "timeout"\n', "\n"),
        edit("the error comes out", "TimeoutError", SUPPRESSED, "contextlib.nullcontext()"),
        edit("text only", "must return a pair", "return text, reason", "return text"),
        edit("two requests", "Send one request", "generator = ", f"{AGAIN}    generator = "),
        edit("ends too late", "must be back", "asyncio.timeout(seconds)", "asyncio.timeout(2 * seconds)"),
    ],
    "6.5": [
        *common("until"),
        edit("in the last piece", "in all pieces together", "if word in text:", "if word in output.outputs[0].text:"),
        edit("break only", "still worked on", *BREAK_ONLY),
        edit("read to the end", "in all pieces together", "break", "pass"),
        edit("with the word", "until must return", BEFORE, "text"),
        edit("cut after the word", "until must return", BEFORE, "text[: text.find(word) + len(word)]"),
        edit("the last word counts", "until must return", BEFORE, "text.rpartition(word)[0]"),
        edit("find gives -1", "until must return", BEFORE, "text[: text.find(word)]"),
        edit("stripped", "until must return", BEFORE, f"{BEFORE}.strip()"),
        edit("taken for cumulative", "until must return", "text += ", "text = "),
        edit("one token late", "in all pieces together", SEEN, LATE),
        edit("stop=", "must not look for the word", EMPTY, EMPTY + STOP),
        edit("two requests", "Send one request", EMPTY, f"{EMPTY}    {AGAIN}"),
    ],
    "6.6": [
        *common("serve"),
        edit("until done", "until a request is done", "lengths[:-1], initial=0", "lengths"),
        edit("the sum", "the sum of the waits", MEAN, "sum(waits)"),
        edit("the mean length", "the mean length", "sum(waits)", "sum(lengths)"),
        edit("the first not counted", "it waits 0", MEAN, "sum(waits) / max(1, len(lengths) - 1)"),
        edit("something else", "what is before each", "sum(waits)", "max(lengths)"),
        edit("one order", "must wait", SHORTEST, "here[0]"),
        edit("always shortest", "must wait", "if shortest_first else here[0]", "if here else here[0]"),
        edit("not yet there", "before it has arrived", "if at <= now", "if True"),
        edit("not there yet: all slept", "must wait", "left[0][0] - now", "left[-1][0] - now"),
        edit("last come", "must wait", "else here[0]", "else here[-1]"),
        edit("moments", "The wait of job", NOTED, "waits[index] = now"),
        edit("to the end", "The wait of job", PASSED, ENDED),
        edit("in order of serving", "The wait of job", IN_ORDER, "list(waits.values())"),
        edit("waits as texts", "must be a number", "[waits[index] for", "[str(waits[index]) for"),
        edit("too few waits", "one wait per job", "in range(len(jobs))]", "in range(1, len(jobs))]"),
        edit("sent twice", "Send each job once", PASSED, SENT_AGAIN),
        instead(
            "all at once",
            "one worker",
            serve=lambda e, jobs, s: asyncio.gather(*[last(e, j["prompt"], j["params"]) for j in jobs]),
        ),
        edit("the first twice", "was never sent", 'jobs[index]["prompt"]', 'jobs[0]["prompt"]'),
        changed("one number", "a pair of numbers", both_6_6=lambda right: right[0]),
        changed("three numbers", "must be a pair", both_6_6=lambda right: (*right, 0)),
        changed("the other way round", "The first number", both_6_6=lambda right: right[::-1]),
        changed("the same twice", "The second number", both_6_6=lambda right: (right[0], right[0])),
        changed("the longest wait with first come", "on paper", starving_6_6=lambda _: 3),
        changed("a text", "on paper", starving_6_6=str),
    ],
    "6.7": [
        edit("cumulative", "only what is new", "Kind.DELTA", "Kind.CUMULATIVE"),
        edit("final only", "after 12 steps", "Kind.DELTA", "Kind.FINAL_ONLY"),
        edit("params changed", "clone them first", f"{STEPPED}.clone()", STEPPED),
        edit("not aborted", "In `finally`, abort it", ABORTED, "pass"),
        edit("another name", "In `finally`, abort it", ABORTED, 'engine.abort_request(["no"])'),
        edit("the id for the name", "internal=True", ", internal=True", ""),
        edit("outputs", "Yield texts", PIECE, "yield output\n"),
        edit("a list", "must be a generator", PIECE, "print(end='')\n"),
        edit("steps for ever", "steps on and on", "while engine.has_unfinished_requests():", "while True:"),
        edit("the last piece lost", "together, not", PIECE, f"if not output.finished:\n                    {PIECE}"),
        edit("two requests", "Add one request", TRIED, BEGUN),
        edit("another text", "together, not", '"stream", prompt', '"stream", prompt + "!"'),
    ],
    "6.8": [
        *common("measure"),
        edit("outputs counted", "the tokens after it", TOKENS, "later = len(numbers) - 1"),
        edit("all tokens in itl", "the tokens after it", TOKENS, "later = sum(numbers)"),
        edit("itl from the call", "the tokens after it", "(seconds[-1] - seconds[0])", "seconds[-1]"),
        edit("0 for none", "None without any", "else None", "else 0.0"),
        edit("upside down", "divided by total", "sum(numbers) / seconds[-1]", "seconds[-1] / sum(numbers)"),
        edit("the second output", "the first output", '"ttft": seconds[0]', '"ttft": seconds[-1]'),
        edit("tokens in total", "the last output", '"total": seconds[-1]', '"total": sum(seconds)'),
        edit("a number missing", "must be a dict with", '        "total": seconds[-1],\n', ""),
        edit("no warm-up", "that does not count", "range(times + 1)", "range(times)", "found[1:]", "found"),
        edit("the first one counts", "summaries, not", "found[1:]", "found"),
        edit("the first one for the last", "ttft", "found[1:]", "found[:-1]"),
        edit("the same prompt", "prefix cache", NAMED, "prompt"),
        edit("new at the end", "something new before it", NAMED, 'f"{prompt} {name}"'),
        edit("new in this call only", "the next call", "str(next(numbers_6_8))", "str(_)"),
        edit("a long beginning", "something new before it", NAMED, 'f"{name:060} {prompt}"'),
        edit("the clock begins late", "ttft", "async for output in", "start += 0.5\n        async for output in"),
        edit("all at once", "One request at a time", TIMES, "    async def one():\n", FOUND, BESIDE),
        edit("the first output only", "itl of the request", "arrivals.append((", "len(arrivals) or arrivals.append(("),
    ],
    "6.9": [
        *common("polite"),
        edit("no place limit", "ran at once", PLACES, "asyncio.Semaphore(1000)"),
        edit("one too many", "ran at once", PLACES, "asyncio.Semaphore(at_once + 1)"),
        edit("one at a time", "as soon as both limits", PLACES, "asyncio.Semaphore(1)"),
        edit("no rate", "apart", SLEPT, ""),
        edit("twice the rate", "apart", RATE, "0.5 / per_second"),
        edit("half the rate", "as soon as both limits", RATE, "2 / per_second"),
        edit("seconds for a rate", "as soon as both limits", RATE, "per_second"),
        edit("no lock", "apart", "async with door:", "async with contextlib.AsyncExitStack():"),
        edit("spaced first", "apart", DOOR + OPENS, SPACED),
        edit("in batches", "as soon as both limits", GATHERED, BATCHES),
        edit("one by one", "as soon as both limits", GATHERED, ONE_BY_ONE),
        edit("in order of arrival", "in the order of the prompts", GATHERED, AS_COMPLETED),
        edit("outputs", "Return texts", TEXT, "text = output"),
        edit("one too few", "one text per prompt", "enumerate(prompts)]", "enumerate(prompts[1:])]"),
        edit("asked twice", "Send one request per prompt", *ASKED_AGAIN),
    ],
    "6.10": [
        *common("dispatch"),
        edit("no retry", "once more", "attempts < 2", "attempts < 1"),
        edit("twice again", "and no more", "attempts < 2", "attempts < 3"),
        edit("refused ones again", "not again", REPEATED, 'if status == "done":'),
        edit("time-outs not", "once more", REPEATED, 'if status != "failed":'),
        edit("failed ones not", "once more", REPEATED, 'if status != "timeout":'),
        edit("one place", "use all places", "range(at_once)]", "range(1)]"),
        edit("no limit", "ran at once", "range(at_once)]", "range(99)]"),
        edit("no time-out", "An attempt of the request", TIMEOUT, "asyncio.timeout(None)"),
        edit("an error goes through", "VLLMValidationError", 'VLLMValidationError: "refused", ', ""),
        edit("a dead engine's error", "EngineDeadError", ', EngineDeadError: "dead"}', "}"),
        edit("a failed one's error", "EngineGenerateError", MEANS, 'failure = "", {'),
        edit("sent to the dead", "after its death", "while not dead and", "while"),
        edit("the rest lost", "KeyError", "while queue:", "while queue and not dead:"),
        edit("no priorities", "lowest priority begins first", SORTED, "list(range(len(requests)))"),
        edit("the highest first", "lowest priority begins first", '["priority"])', '["priority"], reverse=True)'),
        edit("the later first", "of equal ones the earlier", SORTED, BACKWARDS),
        edit("in order of ends", "in the order of the requests", REPORTS, "list(reports.values())"),
        edit("by name, failed ones left out", "one report per request", EVERY, GOOD),
        edit("text lost", "The text", 'return "timeout", text', 'return "timeout", ""'),
        edit("another status", "The status", '"refused"', '"invalid"'),
        edit("attempts from 0", "attempts of the request", ATTEMPTS, '"attempts": attempts - 1}'),
        edit("no name", "must be a dict with", '"name": request["name"], ', ""),
        edit("too much time", "An attempt of the request", TIMEOUT, "asyncio.timeout(21)"),
        edit("cancelling swallowed", "went on until", *SWALLOWED),
        edit("the dead count as sent", "attempts of the request", '"dead", "", 0', '"dead", "", int(dead)'),
        edit("the dead called failed", "The status", '"status": status', '"status": status.replace("dead", "failed")'),
    ],
}

RIGHT = {
    "6.1": [
        instead("bytes tried one by one", "", characters=lambda chunks: decoded(chunks, 4)),
        edit("iterdecode, a generator", "", "return [decoder", "return (decoder", "in chunks]", "in chunks)"),
        edit("removeprefix", "", NEW, "text.removeprefix(before)"),
        changed("numpy", "", pieces_6_1=lambda right: np.array(right, dtype=object), printed_6_1=np.int64),
    ],
    "6.2": [
        edit("TaskGroup, a tuple", "", GATHERED, f"{GROUP}    return tuple(task.result() for task in tasks)"),
        edit("wait", "", GATHERED, WAIT),
        edit("no coroutine function", "", "async def collect", "def collect", "return await", "return"),
        edit("final only, prompts as dicts", "", COMPLETE, f"{CLONED}FINAL_ONLY\n\n{COMPLETE}", *AS_DICT),
        edit("deltas, an async generator", "", COMPLETE, f"{CLONED}DELTA\n\n{COMPLETE}", *JOINED, GATHERED, YIELDED),
        changed("a callable object", "", collect=Collector),
        changed("a partial function", "", collect=functools.partial),
    ],
    "6.3": [
        edit("a queue, numpy", "", *QUEUE),
        edit("wait", "", ARRIVED, WAITED),
        changed("an object", "", arrivals=handed),
    ],
    "6.4": [
        edit("wait", "", *IN_A_TASK, PAIR, f"{STARTED}    try:\n        {IN_TIME}{CANCELLED}{PAIR}"),
        instead("wait_for", "", within=with_wait_for),
        instead("abort", "", within=with_abort),
        edit("closing", "", LIMIT, "async with contextlib.aclosing(generator), asyncio.timeout(seconds):"),
    ],
    "6.5": [
        instead("by hand", "", until=until_by_hand),
        edit("abort", "", "contextlib.aclosing(", "contextlib.nullcontext(", *BY_ABORT),
        edit("cumulative", "", f"    {EMPTY}", f"{CLONED}CUMULATIVE\n", "text +=", "text ="),
        instead("cancel", "", until=until_cancelled),
    ],
    "6.6": [
        instead("a heap and two kinds of tasks", "", serve=served_by_a_heap),
        edit("numpy", "", f"return {MEAN}", f"import numpy as np\n    return np.array([{MEAN}])"),
        changed("a list", "", both_6_6=list, starving_6_6=np.int32),
    ],
    "6.7": [
        edit("cumulative inside", "", *CUMULATIVE),
        changed("an iterator", "", stream=handed),
    ],
    "6.8": [
        edit("uuid, numpy, a generator", "", *WITH_UUID),
        edit("as a Series", "", *SERIES),
        edit("another clock", "", "time.perf_counter()", "time.monotonic_ns() / 1e9"),
    ],
    "6.9": [
        instead("started in turn, in a TaskGroup", "", polite=started_in_turn),
        edit("the loop's clock", "", *LOOPS_CLOCK),
    ],
    "6.10": [
        edit("a priority queue", "", *QUEUED),
        instead("a semaphore, wait_for", "", dispatch=behind_a_semaphore),
        edit("a list of numpy", "", *NUMPY),
    ],
}
