"""The likely mistakes in lesson 05's exercises, and right answers in another form than the solution's."""

import numpy as np

from tests.checks.wrong_answers import changed, edit

# 5.1

WARM_UP = "    llm.generate(prompts[:1], params)  # warm-up\n"
IN_A_LOOP, AT_ONCE = "        llm.generate(prompt, params)\n", "    llm.generate(prompts, params)\n"
RATES = '"one_by_one": count / loop, "one_call": count / batch'
IN_NANOSECONDS = ("time.perf_counter()", "time.monotonic_ns() / 1e9")
STARTED = "    start = time.perf_counter()\n"
AS_DICTS = '    llm.generate([{"prompt": p} for p in prompts], [params] * len(prompts))\n'

# 5.2

WAITED = '(lane["status"] == "waiting").sum()'
PREFILL = 'lane.loc[lane["phase"] == "prefill", "scheduled_tokens"].sum()'
DECODED = '(lane["phase"] == "decode").sum()'
FINISHED = 'lane.loc[lane["status"] == "finished", "step"].max()'
FRAME = "return pd.DataFrame(rows)"

# 5.3

TAKES, ENDS = "place = free_from.index(min(free_from))", "return max(free_from)"
IN_ORDER = "for length in lengths:"
STATIC = "return sum(max(lengths[i : i + max_num_seqs]) for i in range(0, len(lengths), max_num_seqs))"
BY_ROUNDS = (
    "import numpy as np\n"
    "    running, waiting, steps = [], list(lengths), 0\n"
    "    while running or waiting:\n"
    "        while waiting and len(running) < max_num_seqs:\n"
    "            running.append(waiting.pop(0))\n"
    "        running, steps = [left - 1 for left in running if left > 1], steps + 1\n"
    "    return np.int64(steps)\n"
)

# 5.4

COMPUTED, ORDERED = 'computed = frame["phase"] != ""', 'frame["request_id"], sort=False'
WASTED = "sum(max(batch) - length for batch in batches for length in batch)"
BY_PLACES = "static_steps * batch_size - sum(lengths)"
SAVED = "saved = 1 - continuous_steps / static_steps"

# 5.5

MERGED, ONE_CALL = '(defaults | job.get("params", {}))', 'llm.generate([job["prompt"] for job in jobs], params)'
PER_JOB = "[llm.generate(job['prompt'], p)[0] for job, p in zip(jobs, params)]"
GROUPED = (
    "order = sorted(range(len(jobs)), key=lambda i: str(params[i]))\n"
    '    outputs = llm.generate([jobs[i]["prompt"] for i in order], [params[i] for i in order])\n'
)
OUTPUTS, TEXTS = f"outputs = {ONE_CALL}\n", "[output.outputs[0].text for output in outputs]"
DICTS_5_5 = ('[job["prompt"] for', '[{"prompt": job["prompt"]} for')

# 5.6

REASONS = "reasons = [problem(llm, prompt) for prompt in prompts]"
EMPTY = '    if not prompt.strip():\n        return "the prompt is empty"\n'
TOO_LONG, NAMED = "if tokens >= limit", 'f"the prompt has {tokens} tokens, at most {limit - 1} fit"'
GOOD = "good = [prompt for prompt, reason in zip(prompts, reasons, strict=True) if reason is None]"
ASKED, PAIRED = "iter(llm.generate(good, params) if good else [])", "(None, reason) for reason in reasons"
ONE_BY_ONE = "iter([llm.generate(prompt, params)[0] for prompt in good])"
COUNTED = "len(llm.get_tokenizer().encode(prompt, verbose=False))"
ANSWERED = "(next(outputs).outputs[0].text, None)"
AS_LISTS = (ANSWERED, "[next(outputs).outputs[0].text, None]", "(None, reason)", "[None, reason]")
HELD_BACK = (
    "\n    try:\n        outputs = llm.generate(prompts, params)\n"
    "        return [(output.outputs[0].text, None) for output in outputs]\n"
    "    except VLLMValidationError as error:\n        return [(None, str(error))] * len(prompts)\n"
)

# 5.7

LAZY, CHUNKED = "jobs = (json.loads(line) for line in lines)", "while chunk := list(itertools.islice(jobs, size)):"
WHOLE_FILE = "jobs = iter([json.loads(line) for line in lines])"
YIELDED = '            yield job["id"], output.outputs[0].text\n'
TAKEN, PARSED_LATE = "list(itertools.islice(jobs, size))", "[json.loads(line) for line in itertools.islice(jobs, size)]"
KEEPING = "for job, output in", "kept += outputs\n        for job, output in"
AND_NONE = "itertools.chain(map(json.loads, lines), [None])"
COLLECTED = ("yield job", "found.append((job", "].text\n", "].text))\n    yield from found\n")
PAIRS_OF_A_CHUNK = (
    "            pass\n        yield from [(j['id'], o.outputs[0].text) for j, o in zip(chunk, outputs)]\n"
)

# 5.8

WHOLE, TRUNCATED = 'written[: written.rfind(b"\\n") + 1]', "        results.truncate(len(whole))\n"
SKIPPED, FLUSHED = 'whole.count(b"\\n"), None)', "            results.flush()\n"
OPENED, RECORD = 'open(target, "ab")', 'json.dumps(record, ensure_ascii=False).encode() + b"\\n"'
CALLED = 'outputs = llm.generate([job["prompt"] for job in chunk], params)'
SWALLOWED = f"try:\n                {CALLED}\n            except BaseException:\n                return\n"
RECORDS = 'b"".join(line + b"\\n" for line in written.split(b"\\n") if line.endswith(b"}"))'
WRITTEN = "        results.write(whole)\n        results.flush()\n"
RENAMED = SWALLOWED.replace("BaseException:", "Exception as error:").replace(
    "return", 'raise RuntimeError("the job has failed") from error'
)
TAKEN_LATE = f"chunk = [None]\n        while chunk:\n            chunk = {TAKEN}"
ONE_BY_ONE_AT_THE_END = (
    "            if len(chunk) < size:\n                jobs, chunk = itertools.chain(chunk[1:], jobs), chunk[:1]\n"
)
PARAMS = "            params = [SamplingParams"

# 5.9

RANDOM = "if params.temperature > 0 and params.seed is None:"
KEY = "model, prompt, repr(msgspec.structs.asdict(params))"
KEYS = "keys = [request_key("
KEPT, GIVEN = "cache[keys[place]] = found[place]", "[copy.deepcopy(found[place]) for place in range(len(prompts))]"
MISSING = "missing = [place for place in range(len(prompts)) if place not in found]"
GENERATED = "llm.generate([prompts[place] for place in missing], copies)"
RESULT = '{"text": completion.text, "token_ids": list(completion.token_ids)}'
FROM_JSON = ("found = {place: cache[key]", "found = {place: json.loads(cache[key])")
GIVEN_FRESH = "[found[p] if p in missing else copy.deepcopy(found[p]) for p in range(len(prompts))]"

# 5.10

STRIPPED = 'row["country"].strip()'
EMPTY_ROWS = '{trip: "no country" for trip, country in countries.items() if not country}'
OPENED_CSV = 'with open(path, encoding="utf-8", newline="") as file:\n        countries = '
ROWS_READ = 'rows = pd.read_csv(path).fillna("").itertuples()\n    countries = '
BY_PANDAS = (
    OPENED_CSV,
    ROWS_READ,
    'row["trip"]: row["country"]',
    "row.trip: row.country",
    "csv.DictReader(file)",
    "rows",
)
CUT, SHARE = 'completion.finish_reason == "length"', "counts.values / len(labels)"
ENFORCED = ", structured_outputs=choice)"
COUNTS = "counts = pd.Series(labels).value_counts()"
ANOTHER_PROMPT = ('f" {continent}"', "continent", " lies in", " is in", "llm, TRIPS_5_10", "llm, str(TRIPS_5_10)")
IN_ONE = 'llm.generate([f"{countries[trip]} lies in" for trip in asked], params)'
IN_MANY = '[llm.generate(f"{countries[trip]} lies in", params)[0] for trip in asked]'

WRONG = {
    "5.1": [
        edit("no warm-up", "as a warm-up", WARM_UP, ""),
        edit("seconds", "that is seconds, divide", RATES, '"one_by_one": loop, "one_call": batch'),
        edit("seconds per request", "upside down", RATES, '"one_by_one": loop / count, "one_call": batch / count'),
        edit("the ratio upside down", "ratio must be 3", "loop / batch}", "batch / loop}"),
        edit("a difference", "one_call / one_by_one", "loop / batch}", "count / batch - count / loop}"),
        edit("a clock that goes on", "right before and right after", STARTED + AT_ONCE, AT_ONCE),
        edit("all in each call", "a call of its own", IN_A_LOOP, "        llm.generate(prompts, params)\n"),
        edit("a loop again", "all prompts in one call", AT_ONCE, "    [llm.generate(p, params) for p in prompts]\n"),
        edit("other parameters", "in one call, with params", "(prompts, params)\n    batch", "(prompts)\n    batch"),
        edit("tokens counted", "the number of prompts", '"requests": count', '"requests": count * 6'),
        changed("too few", "50 or more", speeds_5_1=lambda right: right | {"requests": 10}),
        changed("typed by hand", "do not fit together", speeds_5_1=lambda right: right | {"ratio": right["ratio"] + 1}),
        changed("a number missing", "speeds_5_1 must be", speeds_5_1=lambda right: {"ratio": right["ratio"]}),
        changed("as texts", "must be a number", speeds_5_1=lambda right: right | {"ratio": "5 times"}),
        edit("rates as texts", "must be a number", RATES, '"one_by_one": "slow", "one_call": count / batch'),
        edit("the ratio as a text", "ratio must be a number", "loop / batch}", "str(loop / batch)}"),
    ],
    "5.2": [
        edit("all that is no decode", "the status waiting", WAITED, '(lane["phase"] != "decode").sum()'),
        edit("the first chunk only", "there can be several", PREFILL, 'lane["scheduled_tokens"].max()'),
        edit("all tokens", "there can be several", PREFILL, 'lane["scheduled_tokens"].sum()'),
        edit("the last step not counted", "its status is finished", DECODED, '(lane["status"] == "running").sum() - 1'),
        edit("steps counted", "not a count", FINISHED, "len(lane)"),
        edit("the film's last step", "not a count", FINISHED, 'frame["step"].max()'),
        edit("the first request only", "There must be one row", FRAME, "return pd.DataFrame(rows[:1])"),
        edit("dicts", "must return a table", FRAME, "return rows"),
        edit("a column missing", "Yours has no column waited", FRAME, FRAME + ".drop(columns='waited')"),
        edit("ids as index", "request_id is the index", FRAME, FRAME + '.set_index("request_id")'),
        changed("a row missing", "There must be one row", table_5_2=lambda table: table[1:]),
        changed("dicts for a table", "table_5_2 must be", table_5_2=lambda table: table.to_dict("records")),
        changed("another film", "In the row with", table_5_2=lambda table: table.assign(finished=9)),
    ],
    "5.3": [
        edit("all tokens over the places", "as if they could be cut", ENDS, "return -(-sum(lengths) // max_num_seqs)"),
        edit("the longest", "as if all had a place", ENDS, "return max(lengths, default=0)"),
        edit("one after the other", "one request after the other", ENDS, "return sum(lengths)"),
        edit("the prefill left out", "the prefill is a step too", "+= length", "+= length - 1"),
        edit("the prefill twice", "the first token already", "+= length", "+= length + 1"),
        edit("the longest first", "not the longest first", IN_ORDER, "for length in sorted(lengths, reverse=True):"),
        edit("the shortest first", "not the shortest first", IN_ORDER, "for length in sorted(lengths):"),
        edit("static batches", "does not wait for the rest", ENDS, STATIC),
        edit("the wrong place", "step by step", TAKES, "place = free_from.index(max(free_from)) - 1"),
        edit(
            "nothing to do",
            "must return a number, but for the lengths [] and 4 places it ended with",
            ENDS,
            "return max(free_from) if lengths else lengths[0]",
        ),
        changed("another number", "steps_5_3 must be", steps_5_3=lambda right: right + 1),
    ],
    "5.4": [
        edit(
            "waiting is work",
            "the requests of each batch need [[3, 5], [2]] steps",
            COMPUTED,
            'computed = frame["phase"] != "?"',
        ),
        edit("decode only", "as long as its longest", COMPUTED, 'computed = frame["phase"] == "decode"'),
        edit("ids sorted as texts", "as long as its longest", ORDERED, 'frame["request_id"]'),
        edit("lengths sorted", "as long as its longest", ".tolist()", ".sort_values().tolist()"),
        edit("the mean of a batch", "as long as its longest", "sum(max(batch) for", "sum(sum(batch) / len(batch) for"),
        edit("empty places wasted", "nobody holds", WASTED, BY_PLACES),
        edit("rows counted", "how many steps the film has", 'frame["step"].nunique()', "len(frame)"),
        edit("a ratio", "1 - continuous_steps", SAVED, "saved = static_steps / continuous_steps"),
        edit("percent", "1 - continuous_steps", "1 - continuous", "100 - 100 * continuous"),
        changed("a number missing", "answer_5_4 must be", answer_5_4=lambda right: {"wasted": right["wasted"]}),
        changed("another film", "for the film", answer_5_4=lambda right: right | {"wasted": right["wasted"] + 1}),
    ],
    "5.5": [
        edit("a call for each", "called 1 time", ONE_CALL, PER_JOB),
        edit("no own parameters", "win, the rest", MERGED, "defaults"),
        edit("the defaults win", "win, the rest", MERGED, '(job.get("params", {}) | defaults)'),
        edit("no defaults", "comes from the defaults", MERGED, '(job.get("params") or {"temperature": 0})'),
        edit("all must have some", "KeyError", 'job.get("params", {})', 'job["params"]'),
        edit(
            "the first one's for all", "win, the rest", "job in jobs]\n    out", "job in jobs[:1]] * len(jobs)\n    out"
        ),
        edit(
            "the defaults changed",
            "changes the defaults",
            MERGED,
            "(defaults.update(job.get('params', {})) or defaults)",
        ),
        edit("sorted and not put back", "the order is that", OUTPUTS, GROUPED),
        edit("outputs", "not of output objects", TEXTS, "outputs"),
        changed("one missing", "one text per job", texts_5_5=lambda right: right[1:]),
        changed("another order", "the order is that", texts_5_5=lambda right: right[::-1]),
    ],
    "5.6": [
        edit("not looked at", "Look for bad prompts", GOOD, "good = prompts"),
        edit("the empty one forgotten", "is bad: its pair", EMPTY, ""),
        edit("words counted", "must name its 1033 tokens", COUNTED, "len(prompt.split())"),
        edit("one too many", "tokens, here 1024, is too long already", TOO_LONG, "if tokens > limit"),
        edit("one too few", "of 1023 tokens is good: its pair", TOO_LONG, "if tokens >= limit - 1"),
        edit("blanks taken", "is bad: its pair", "if not prompt.strip():", "if not prompt:"),
        edit("a call for each", "Call generate 1 time", ASKED, ONE_BY_ONE),
        edit("a call for nobody", "Call generate 0 time", ASKED, "iter(llm.generate(good, params))"),
        edit("no reasons", "is bad: give its reason", PAIRED, "(None, None) for reason in reasons"),
        edit("no number of tokens", "must name its", NAMED, '"the prompt is too long"'),
        edit("good ones only", "one pair per prompt", "for reason in reasons]", "for reason in reasons if not reason]"),
        edit("cut, not refused", "with the text", REASONS, "prompts = [p[:400] for p in prompts]\n    " + REASONS),
        edit("good texts first", "is bad: its pair", "in reasons]", "in sorted(reasons, key=str)]"),
        edit("an error for all", "is good: its pair", "\n    " + REASONS, HELD_BACK + "    " + REASONS),
        edit("texts only", "a pair (text, reason)", ANSWERED, "next(outputs).outputs[0].text"),
        changed("one missing", "one pair per prompt", answers_5_6=lambda right: right[1:]),
        changed("a text", "a list of pairs", answers_5_6=lambda right: right[0][0]),
        changed("three for a pair", "a pair (text, reason)", answers_5_6=lambda right: [(*pair, 0) for pair in right]),
    ],
    "5.7": [
        edit("the whole file first", "line after line", LAZY, WHOLE_FILE),
        edit("all in one call", "line after line", "itertools.islice(jobs, size)", "jobs"),
        edit("one by one", "must have", "islice(jobs, size)", "islice(jobs, 1)"),
        edit("a list begun anew", "goes on and on", LAZY, "jobs = lines", TAKEN, PARSED_LATE),
        edit("collected", "line after line", "    " + LAZY, "    found = []\n    " + LAZY, *COLLECTED),
        edit("reads ahead", "lines were read", LAZY, f"jobs = (job for job, _ in itertools.pairwise({AND_NONE}))"),
        edit("outputs kept", "earlier outputs", LAZY, "kept = []\n    " + LAZY, *KEEPING),
        edit("a call for nothing", "must have", LAZY, "llm.generate([], params)\n    " + LAZY),
        edit("the last chunk lost", "must have", CHUNKED, f"while len(chunk := {TAKEN}) == size:"),
        edit("own parameters", "must take max_tokens=6", "chunk], params)", "chunk], SamplingParams(temperature=0))"),
        edit("texts only", "pairs (id, text)", 'yield job["id"], output', "yield output"),
        edit("a list is meant", "return a generator, but for a file without an end", LAZY, "len(lines)\n    " + LAZY),
        edit("outputs", "pairs in their order", "output.outputs[0].text", "output.outputs[0]"),
        edit("backwards", "pairs in their order", "zip(chunk, outputs", "zip(chunk[::-1], outputs"),
        changed("too many", "the first 5 pairs", pairs_5_7=lambda right: [*right, right[0]]),
        changed("a dict for pairs", "pairs_5_7: Give pairs", pairs_5_7=dict),
        changed("the texts", "Give pairs (id, text)", pairs_5_7=lambda right: [text for _, text in right]),
    ],
    "5.8": [
        edit("begun anew", "keep whole lines", OPENED, 'open(target, "wb")', TRUNCATED, "", SKIPPED, "0, None)"),
        edit("all appended again", "one line per job", SKIPPED, "0, None)"),
        edit("half a line kept", "must be a record of id and text", TRUNCATED, ""),
        edit("the last line always dropped", "keep whole lines", WHOLE, WHOLE.replace(".rfind", ".rstrip().rfind")),
        edit("written at the end", "flush a chunk", FLUSHED, ""),
        edit("an error swallowed", "Yours ended with no error", CALLED, SWALLOWED),
        edit(
            "an engine's error swallowed",
            "Yours ended with no error",
            CALLED,
            SWALLOWED.replace("BaseException", "Exception"),
        ),
        edit(
            "Ctrl-C swallowed",
            "KeyboardInterrupt, the",
            CALLED,
            SWALLOWED.replace("BaseException", "KeyboardInterrupt"),
        ),
        edit("an error of its own", "Yours ended with RuntimeError: the job", CALLED, RENAMED),
        edit("one call for all", "Take 3 jobs per call", "itertools.islice(jobs, size)", "itertools.islice(jobs, 100)"),
        edit("a size of its own", "Take 5 jobs per call", "itertools.islice(jobs, size)", "itertools.islice(jobs, 3)"),
        edit("the rest one by one", "[5, 2], not [5, 1, 1]", PARAMS, ONE_BY_ONE_AT_THE_END + PARAMS),
        edit("a call for nothing", "without a prompt", CHUNKED, TAKEN_LATE),
        edit("another encoding", "one line per job", 'encoding="utf-8") as lines', 'encoding="latin-1") as lines'),
        edit(
            "some of its parameters",
            "its own params",
            '**job["params"]',
            'temperature=0, max_tokens=job["params"]["max_tokens"]',
        ),
        edit("shared parameters", "its own params", '**job["params"]', "temperature=0, max_tokens=4"),
        edit("no line breaks", "line break", ' + b"\\n")', ")"),
        edit("Python, not JSON", "must be a record of id and text", RECORD, 'repr(record).encode() + b"\\n"'),
        edit("no ids", "must be a record of id and text", '{"id": job["id"], "text"', '{"text"'),
        edit("nothing written", "must write the file target", "    written = Path", "    return\n    written = Path"),
        edit(
            "the file must be there",
            "run_job(llm, source, target, size) must not fail, but when nothing",
            ' if Path(target).exists() else b""',
            "",
        ),
        edit("half a letter read", "UnicodeDecodeError", ".read_bytes()", ".read_text('utf-8').encode()"),
    ],
    "5.9": [
        edit("the prompt is the key", "One other parameter", KEY, "prompt"),
        edit("no model", "Another model", KEY, "prompt, repr(msgspec.structs.asdict(params))"),
        edit("some parameters", "One other parameter", KEY, "model, prompt, params.temperature, params.seed"),
        edit("repr", "One other parameter", KEY, "model, prompt, repr(params)"),
        edit("glued together", "glued together", KEY, "f'{model}{prompt}{msgspec.structs.asdict(params)}'"),
        edit("glued with a blank", "glued together", KEY, "f'{model} {prompt} {msgspec.structs.asdict(params)}'"),
        edit("random ones kept", "each time it is there", RANDOM, "if False:"),
        edit("seeds not kept", "0 is a seed", RANDOM, "if params.temperature > 0:"),
        edit("seed 0 forgotten", "0 is a seed", "params.seed is None", "not params.seed"),
        edit("nothing kept", "is in the cache", KEPT, "pass"),
        edit("a cache of its own", "Another cache is empty", KEYS, "cache = cached.__dict__\n    " + KEYS),
        edit(
            "all or nothing",
            "Only what is missing",
            MISSING,
            MISSING + "\n    missing = missing and [*range(len(keys))]",
        ),
        edit("a call for each", "Make 1 call", GENERATED, "[llm.generate(prompts[i], params[i])[0] for i in missing]"),
        edit("a call for nothing", "Make 0 call", "    if missing:\n", "    if True:\n"),
        edit("the cache's own dict", "changed a result", GIVEN, "[found[place] for place in range(len(prompts))]"),
        edit("a shallow copy", "changed a result", GIVEN, "[dict(found[place]) for place in range(len(prompts))]"),
        edit("copied from the cache only", "came from the engine", GIVEN, GIVEN_FRESH),
        edit("hits first", "not what the engine gives", GIVEN, "copy.deepcopy(list(found.values()))"),
        edit("the new ones only", "one result per prompt", GIVEN, "[copy.deepcopy(found[place]) for place in missing]"),
        edit("the text only", "A result must be", RESULT, "completion.text"),
    ],
    "5.10": [
        edit("empty ones asked", "rows have a country", EMPTY_ROWS, "{}"),
        edit("blanks are a country", "rows have a country", STRIPPED, 'row["country"]'),
        edit("pandas' NaN", "rows have a country", STRIPPED, 'str(row["country"] or float("nan"))'),
        edit("failed rows forgotten", "The second part", "return pd.DataFrame", "failed = {}\n    return pd.DataFrame"),
        edit("half a name counted", "The second part", CUT, "False"),
        edit("the cut ones lost", "The second part", "failed[trip] = f", "lost = f"),
        edit("no reason", "a reason, a text", '"no country"', "None"),
        edit("a call for each", "called 1 time", IN_ONE, IN_MANY),
        edit("not enforced", "Enforce one", ENFORCED, ")"),
        edit("no country in the prompt", "must name", 'f"{countries[trip]} lies in"', '"The country lies in"'),
        edit("the blank left in", "without a blank", "completion.text.strip()", "completion.text"),
        edit("percent", "Divide by", SHARE, "100 * counts.values / len(labels)"),
        edit("failed ones in the share", "Divide by", SHARE, "counts.values / len(countries)"),
        edit("the table only", "must return a pair", '"share": shares}), failed', '"share": shares})'),
        edit("cut too short", "Enforce a choice", "max_tokens=16", "max_tokens=1", CUT, "False"),
        changed("another table", "In the row with", summary_5_10=lambda table: table.assign(trips=table["trips"] + 1)),
        changed("a dict for a table", "summary_5_10 must be", summary_5_10=dict),
        changed("one forgotten", "failed_5_10 must be", failed_5_10=lambda right: {}),
    ],
}

RIGHT = {
    "5.1": [
        edit("a warm-up of its own", "", WARM_UP, '    llm.generate("Hello", SamplingParams(max_tokens=1))\n'),
        edit("a warm-up without parameters", "", WARM_UP, "    llm.generate('Hello')\n"),
        edit("another clock, a warm-up with all", "", *IN_NANOSECONDS, "prompts[:1]", "prompts"),
        edit("prompts as dicts, a list of params", "", AT_ONCE, AS_DICTS),
        changed("numpy's numbers", "", speeds_5_1=lambda right: {key: np.float64(n) for key, n in right.items()}),
    ],
    "5.2": [
        edit("the last row's step, more columns", "", FINISHED, 'lane["step"].iloc[-1], "rows": len(lane)'),
        changed("another order", "", table_5_2=lambda table: table[::-1]),
    ],
    "5.3": [
        edit("step by step", "", ENDS, BY_ROUNDS),
        changed("numpy's number", "", steps_5_3=np.int64),
    ],
    "5.4": [
        edit("numpy's numbers", "", "return {", "return pd.Series({", '"saved": saved}', '"saved": saved})'),
        edit("scheduled tokens", "", COMPUTED, 'computed = frame["scheduled_tokens"] > 0'),
    ],
    "5.5": [
        edit("a generator, prompts as dicts", "", *DICTS_5_5, TEXTS, f"({TEXTS[1:-1]})"),
        changed("a tuple", "", texts_5_5=tuple),
    ],
    "5.6": [
        edit("lists for pairs", "", *AS_LISTS),
        edit("a list of params", "", ASKED, "iter(llm.generate(good, [params] * len(good)) if good else [])"),
    ],
    "5.7": [
        edit("lists for pairs", "", YIELDED, '            yield [job["id"], output.outputs[0].text]\n'),
        edit("zip takes a chunk", "", TAKEN, "[job for _, job in zip(range(size), jobs)]"),
        edit("all pairs of a chunk", "", YIELDED, PAIRS_OF_A_CHUNK),
        changed("a tuple of lists", "", pairs_5_7=lambda right: tuple(map(list, right))),
    ],
    "5.8": [
        edit("each line on the disk", "", FLUSHED, "    " + FLUSHED),
        edit("ASCII, more fields", "", ", ensure_ascii=False", "", "].text}", '].text, "more": 1}'),
        edit("whole records, written anew", "", WHOLE, RECORDS, OPENED, 'open(target, "wb")', TRUNCATED, WRITTEN),
    ],
    "5.9": [
        edit("a text as a key", "", KEY, "json.dumps([model, prompt, msgspec.json.encode(params).decode()])"),
        edit("JSON in the cache", "", KEPT, KEPT.replace("found[place]", "json.dumps(found[place])"), *FROM_JSON),
        edit(
            "a tuple of ids",
            "",
            GIVEN,
            "[{**found[p], 'token_ids': tuple(found[p]['token_ids'])} for p in sorted(found)]",
        ),
    ],
    "5.10": [
        edit("another prompt, no leading blank", "", *ANOTHER_PROMPT),
        edit("pandas reads", "", *BY_PANDAS),
        edit("grouped", "", COUNTS, "counts = pd.Series(labels).groupby(list(labels.values())).size()"),
        changed("more columns", "", summary_5_10=lambda table: table.assign(more=1)[::-1]),
    ],
}
