"""The likely mistakes in lesson 04's exercises, and right answers in another form than the solution's."""

import numpy as np

from tests.checks.wrong_answers import changed, edit


def ends(name: str, hint: str, which: str, **options):
    """A mistake in one of 4.2's parameters: the right ones with some of their arguments changed."""

    def change(right: dict) -> dict:
        return right | {which: altered(right[which], **options)}

    return changed(name, hint, ends_4_2=change)


def altered(params, **options):
    """Return a copy of sampling parameters with some of them changed, made anew so that vLLM checks them."""
    from vllm import SamplingParams

    names = (
        "temperature",
        "max_tokens",
        "min_tokens",
        "stop",
        "stop_token_ids",
        "ignore_eos",
        "seed",
        "top_p",
        "min_p",
    )
    names += ("skip_special_tokens", "repetition_detection")
    return SamplingParams(**({name: getattr(params, name) for name in names} | options))


def setting(name: str, hint: str, which: str, **options):
    """A mistake in one of 4.1's settings."""
    return changed(name, hint, settings_4_1=lambda right: right | {which: altered(right[which], **options)})


# 4.1

WARM_UP = "    llm.generate(prompt, SamplingParams(max_tokens=1))  # warm-up\n"
TIMED = "time.perf_counter() - start"

ONE_SETTING = "llm.generate(prompt, params)[0]"
ALL_SETTINGS = "llm.generate([prompt] * len(settings), [*settings.values()])[[*settings].index(name)]"

OWN_CLOCK = "        start = time.perf_counter()\n"

# 4.3

TOP_K, RANGES = (
    "len({kept for _, kept in observations}) == 1",
    "max(low for low, _ in ranges), min(high for _, high in ranges)",
)
FIRST_PAIR, LOOSE = "ranges[0]", "min(low for low, _ in ranges), max(high for _, high in ranges)"
PADDED = "np.append(p, 0)[kept] / p[0]"

# 4.4

ONE_CALL, LOOPED = "llm.generate([prompt] * len(params), params)", "[llm.generate(prompt, p)[0] for p in params]"
PER_TOKEN, FIVE_SEEDS = "c.cumulative_logprob / len(c.token_ids)", "range(5)"
# Table and answer of another function; an edit runs only assignments again that it changes.
REMADE_4_4 = "TEMPERATURES_4_4)", "(*TEMPERATURES_4_4,))", ".tolist()", ".to_list()"
N_AT_ONCE = "[SamplingParams(n=5, temperature=t, max_tokens=40, seed=0, logprobs=0) for t in temperatures]"

# 4.5

BEFORE = "np.cumsum(probabilities) - probabilities"
RENORMALISED = "return processed - np.log(np.exp(processed).sum())"
NEW_ARRAY, IN_PLACE = "processed = np.where(kept, logprobs, -np.inf)", "logprobs[~kept] = -np.inf; processed = logprobs"

DRAWN = "    params = SamplingParams(n=400, temperature=1, max_tokens=1, seed=0, **sampling)\n"
DRAWN_ALIKE = DRAWN.replace("n=400, ", "") + "    outputs = llm.generate([prompt] * 400, params)\n"
DRAWN_IDS = "for completion in llm.generate(prompt, params)[0].outputs}"

# 4.6

REPEATED = "changed[token] / repetition if changed[token] > 0 else changed[token] * repetition"
SUBTRACTED = "presence + frequency * output.count(token)"
BY_REPETITION = "    for token in {*prompt, *output}:\n        changed[token] = " + REPEATED + "\n"
BY_OUTPUT = "    for token in set(output):\n        changed[token] -= " + SUBTRACTED + "\n"

COUNTED = (
    "    counts = np.bincount(np.array(output, dtype=int), minlength=len(changed))\n"
    "    changed -= presence * (counts > 0) + frequency * counts\n"
)

# 4.7

MEAN, LOOKED_UP = "np.exp(-np.mean(", "logprobs[token].logprob"
IN_ONE_CALL = "llm.generate(sentences, SamplingParams(max_tokens=1, prompt_logprobs=0))"
IN_CALLS = "[llm.generate(s, SamplingParams(max_tokens=1, prompt_logprobs=0))[0] for s in sentences]"
SKIPPED = "zip(output.prompt_token_ids[1:], output.prompt_logprobs[1:], strict=True)"

COMPARED = "one, other = perplexities(llm, [first, second])"
BY_SUM = COMPARED + "; one, other = np.log(one) * len(first), np.log(other) * len(second)"

# 4.8

GREEDY_LENGTH = "max_tokens=max_tokens, logprobs=0"
FIRST, BY_TOTAL = "output.sequences[0]", "max_tokens=max_tokens, length_penalty=0"

NEW_TOKENS = "best.tokens[len(llm.get_tokenizer().encode(prompt)) :]"
DECODED = f"llm.get_tokenizer().decode({NEW_TOKENS}, skip_special_tokens=True), best"

# 4.9

SEED, TEXTS = "seed=1000 * seed", "[[completion.text for completion in output.outputs] for output in outputs]"
PARAMS_4_9 = "SamplingParams(n=count, temperature=1, max_tokens=24, seed=1000 * seed)"
BY_PLACE = (
    "[SamplingParams(n=count, temperature=1, max_tokens=24, seed=1000 * seed + 50 * i) for i in range(len(prompts))]"
)
GENERATED_4_9 = "outputs = llm.generate(prompts, params)"
ONE_EACH = "outputs = [llm.generate(prompt, params)[0] for prompt in prompts]"

EACH_SEED = (
    "[SamplingParams(temperature=1, max_tokens=24, seed=1000 * seed + i) for _ in prompts for i in range(count)]"
)
MANY = f"outputs = llm.generate([p for p in prompts for _ in range(count)], {EACH_SEED})"
REGROUPED = "[tuple(o.outputs[0].text for o in outputs[i * count : (i + 1) * count]) for i in range(len(prompts))]"

# 4.10

FINISHED, RETRIED = 'completion.finish_reason == "stop"', "temperature=attempt / 2,"
VALIDATED = "                jsonschema.validate(found, schema)\n"
GAVE_UP = 'raise ValueError(f"No valid JSON after 3 attempts: {problem}")'
ROOM, ASKED_4_10 = ", tokenization_kwargs=room", 'f"{text}\\nJSON: "'
LAST_IDS = '{"prompt_token_ids": llm.get_tokenizer().encode(text)[-(limit - max_tokens) :]}'

WRONG = {
    "4.1": [
        edit("no warm-up", "warm-up", WARM_UP, ""),
        edit(
            "one clock for all",
            "anew for each call",
            WARM_UP,
            WARM_UP + "    start = time.perf_counter()\n",
            OWN_CLOCK,
            "",
        ),
        edit(
            "a prompt of its own",
            "prompt that it is given",
            ONE_SETTING,
            'llm.generate("The weather today is", params)[0]',
        ),
        setting("a min_p that cuts nothing", "cuts no token", "hot and safe", min_p=1e-12),
        setting("a top_p that cuts nothing", "cuts no token", "nucleus", top_p=1 - 1e-13),
        edit("milliseconds", "in seconds", TIMED, f"({TIMED}) * 1000"),
        edit("the clock stopped too early", "own call", TIMED, f"({TIMED}) / 100"),
        edit("words counted", "not of words", "len(completion.token_ids)", "len(completion.text.split()) + 9"),
        edit("seconds per token", "divided by seconds", "tokens / seconds}", "seconds / tokens}"),
        edit("all in another order", "in their order", "pd.DataFrame(rows)", "pd.DataFrame(rows[::-1])"),
        edit("the first text for all", "own call wrote", '"text": completion.text', '"text": " and the sky"'),
        setting("sampled, called greedy", "temperature 0", "greedy", temperature=0.5, seed=0),
        setting("no nucleus", "below 1", "nucleus", top_p=1.0),
        setting("hot, filtered", "no filter", "hot", min_p=0.1),
        setting("safe by nothing", "a min_p", "hot and safe", min_p=0.0),
        setting("another heat", "same temperature", "hot and safe", temperature=1.2),
        setting("no seed", "needs a seed", "hot", seed=None),
        changed("dicts", "SamplingParams", settings_4_1=lambda right: dict.fromkeys(right, {"temperature": 0})),
        changed("a name forgotten", "a dict with greedy", settings_4_1=lambda right: {"greedy": right["greedy"]}),
        changed("a row forgotten", "frame_4_1", frame_4_1=lambda frame: frame[1:]),
        edit("all in one call", "a call of its own", ONE_SETTING, ALL_SETTINGS),
        changed("another prompt", "The weather today", frame_4_1=lambda frame: frame.assign(text="and red.")),
    ],
    "4.2": [
        changed("a name forgotten", "a dict with string", ends_4_2=lambda right: {"end": right["end"]}),
        changed("outputs", "not outputs", ends_4_2=lambda right: dict.fromkeys(right, "stop")),
        ends("sampled", "temperature 0", "string", temperature=0.7, seed=0),
        ends("a string that never comes", "completion holds", "string", stop=["zebra"]),
        ends("a token that never comes", "stop_token_ids", "token", stop_token_ids=[5]),
        ends("cut too early", "max_tokens large", "end", max_tokens=3),
        ends("not cut", "max_tokens small", "length", max_tokens=100),
        ends("no repetition", "min_count", "repetition", ignore_eos=False, max_tokens=6),
        ends("held back too little", "Raise min_tokens", "held back", min_tokens=1),
        ends("held back to the end", "only later", "held back", min_tokens=64),
        ends("another string lost", "one of the strings", "special lost", stop=["zebra"]),
        ends("cut before it comes", "did not generate", "special lost", max_tokens=3),
        ends("the end obeyed", "ignore_eos=True", "special lost", ignore_eos=False),
        ends("still removed", "skip_special_tokens=False", "special found", skip_special_tokens=True),
        ends("found something else", "what ended it", "special found", stop=["</s>", "."]),
    ],
    "4.3": [
        edit("any of the pairs", "Two numbers", TOP_K, "True"),
        edit(
            "as many tokens too",
            "however many tokens",
            TOP_K,
            TOP_K + " and len({len(p) for p, _ in observations}) == 1",
        ),
        edit(
            "sorted in place",
            "changes the observations",
            "    found = {}\n",
            "    found = {}\n    observations[0][0].sort()\n",
        ),
        edit("never top_k", "One pair leaves", TOP_K, "False"),
        edit("the first pair alone", "only top_k", RANGES, FIRST_PAIR),
        edit("ranges joined, not met", "only top_k", RANGES, LOOSE),
        edit("always something", "only top_k", "low < high", "True"),
        edit("ranges that touch", "only touch", "low < high", "low <= high"),
        edit("one token too few", "One pair leaves", "p[: kept - 1]", "p[:kept]", "p[:kept])", "p[: kept + 1])"),
        edit("all tokens forgotten", "IndexError", PADDED, "p[kept] / p[0]"),
        edit("a probability, not a fraction", "One pair leaves", "p[kept - 1] / p[0]", "p[kept - 1]"),
        edit("the lower end", "keeps", "float(low + high) / 2", "float(low)"),
        edit("in percent", "no value that vLLM takes", "float(low + high) / 2", "float(low + high) * 50"),
        edit("a range for a value", "must be a number", "float(low + high) / 2", "(low, high)"),
        changed("another knob", "what suspects says", knob_4_3=lambda right: {"top_k": 5}),
        changed("another value", "in knob_4_3", knob_4_3=lambda right: dict.fromkeys(right, 0.999)),
    ],
    "4.4": [
        edit("a call for each", "called 1 time", ONE_CALL, LOOPED),
        edit("one completion", "five completions", "n=5", "n=1"),
        edit("no log probabilities", "TypeError", ", logprobs=0", ""),
        edit("no seed", "Set a seed", "seed=0, ", ""),
        edit("the sum for the best", "divided by length", PER_TOKEN, "c.cumulative_logprob"),
        edit("the mean for the sum", "not divided", "c: c.cumulative_logprob)", f"c: {PER_TOKEN})"),
        edit("single words", "all five texts", "n=2", "n=1"),
        edit("one temperature for all", "five completions", "temperature=t", "temperature=temperatures[0]"),
        edit("another length", "max_tokens=40", "max_tokens=40", "max_tokens=16"),
        changed("all temperatures", "differ at", differ_4_4=lambda right: [0.5, 0.8, 1.0, 1.2, 1.5]),
        changed("a number", "as a list", differ_4_4=lambda right: 1.2),
        changed("words", "holds temperatures", differ_4_4=lambda right: ["hot"]),
        changed("a row forgotten", "each of TEMPERATURES", frame_4_4=lambda frame: frame[1:]),
        changed("texts", "a DataFrame", frame_4_4=lambda frame: list(frame["best"])),
        changed("another prompt", "what five returns", frame_4_4=lambda frame: frame.assign(best="and red.")),
        edit("in another order", "in their order", "pd.DataFrame(rows)", "pd.DataFrame(rows[::-1])"),
        edit(
            "the longest for the best",
            "Ask for log probabilities",
            ", logprobs=0",
            "",
            PER_TOKEN,
            "len(c.text)",
            "c: c.cumulative_logprob)",
            "c: len(c.text))",
        ),
    ],
    "4.5": [
        edit(
            "a request for each",
            "one draw",
            DRAWN,
            DRAWN_ALIKE,
            DRAWN_IDS,
            "for output in outputs for completion in output.outputs}",
        ),
        edit(
            "a prompt of its own",
            "prompt that it is given",
            "llm.generate(prompt, params)",
            'llm.generate("The moon", params)',
        ),
        edit("the token that reaches p left out", "keeps the likeliest", BEFORE, "np.cumsum(probabilities)"),
        edit("a token more", "once p is reached", "reached_before < p", "reached_before - 0.5 + 1e-6 < p - 0.1"),
        edit("not sorted", "array is in no order", "np.argsort(-logprobs)", "np.arange(len(logprobs))"),
        edit("not brought back", "no order", "kept[order] =", "kept[:] ="),
        edit("p=1 cuts the tail", "p=1 keeps all", "(reached_before < p) | (p == 1)", "reached_before < min(p, 0.9)"),
        edit("a probability, not a fraction", "fraction of the largest", " * probabilities.max()", ""),
        edit("not renormalised", "add up to 1", RENORMALISED, "return processed"),
        edit("the array given is changed", "changes the logprobs", NEW_ARRAY, IN_PLACE),
        edit("probabilities", "add up to 1", RENORMALISED, "return np.where(kept, np.exp(processed), -np.inf)"),
        edit("nan for a cut token", "nan is no log", RENORMALISED, f"{RENORMALISED} + np.where(kept, 0, np.nan)"),
        edit("sampling forgotten", "must take", ", **sampling)\n    return", ")\n    return"),
        edit("ten draws", "400 completions", "n=400", "n=10"),
        edit(
            "how many",
            "a set of token ids",
            "return {completion.token_ids[0] for",
            "return sum(1 for",
            "[0].outputs}",
            "[0].outputs)",
        ),
        edit(
            "what is kept alone",
            "one log probability per token",
            RENORMALISED,
            f"{RENORMALISED.replace('return ', 'return (')})[kept]",
        ),
        edit("no seed", "needs a seed", "seed=0, **sampling", "**sampling"),
        edit("texts", "token ids", "completion.token_ids[0] for", "completion.text for"),
        edit("whatever the model likes", "temperature=1", "n=400, temperature=1", "n=400, temperature=0.5"),
    ],
    "4.6": [
        edit("the prompt forgotten", "counts the prompt too", "{*prompt, *output}", "{*output}"),
        edit("negative ones divided", "is multiplied", REPEATED, "changed[token] / repetition"),
        edit("once for each time", "does not matter", "{*prompt, *output}", "[*prompt, *output]"),
        edit("the prompt counted by all", "output only", "in set(output)", "in {*prompt, *output}"),
        edit("presence each time", "subtracted once, however", "presence +", "presence * output.count(token) +"),
        edit("frequency once", "once for each time", " * output.count(token)", ""),
        edit(
            "the prompt's count", "frequency counts the output", "output.count(token)", "(prompt + output).count(token)"
        ),
        edit("another order", "repetition comes first", BY_REPETITION + BY_OUTPUT, BY_OUTPUT + BY_REPETITION),
        edit("the logits given changed", "changes the logits", "np.array(logits, dtype=float)  # a copy", "logits"),
    ],
    "4.7": [
        edit("a call for each", "called 1 time", IN_ONE_CALL, IN_CALLS),
        edit("the sum", "take the mean", MEAN, "np.exp(-np.sum("),
        edit("the sign forgotten", "minus sign", MEAN, "np.exp(np.mean("),
        edit("to the base 2", "use np.exp", MEAN, "np.exp2(-np.mean("),
        edit("no exp", "np.exp is missing", MEAN, "(-np.mean("),
        edit(
            "the first token counted",
            "do not count it",
            "float(np.exp(-np.mean([",
            "float(np.exp(-sum([",
            "for token, logprobs in pairs])))",
            "for token, logprobs in pairs]) / len(output.prompt_token_ids)))",
        ),
        edit(
            "the likeliest in its place",
            "ids up",
            "prompt_logprobs=0",
            "prompt_logprobs=1",
            LOOKED_UP,
            TOP_LOGPROB := "max(e.logprob for e in logprobs.values())",
        ),
        edit("None not skipped", "TypeError", SKIPPED, "zip(output.prompt_token_ids, output.prompt_logprobs)"),
        edit("texts", "a finite number", "    return found\n", "    return [f'{one:.1f}' for one in found]\n"),
        edit("the more surprising one", "lower perplexity", "one < other", "one > other"),
        edit("by the sum", "favours the shorter", COMPARED, BY_SUM),
        edit(
            "one sentence",
            "one perplexity per sentence",
            "    return found\n",
            "    return found[:1]\n",
            "one, other = perplexities(llm, [first, second])",
            "(one,), (other,) = perplexities(llm, [first]), perplexities(llm, [second])",
        ),
        changed("the other way round", "higher sum", pair_4_7=lambda pair: pair[::-1]),
        changed(
            "both agree", "more ordinary", pair_4_7=lambda pair: (pair[1], "Zebra of moon the quickly sat in seven.")
        ),
        changed("one sentence twice", "higher sum", pair_4_7=lambda pair: [pair[0]] * 2),
        changed("a number", "two sentences", pair_4_7=lambda pair: 7),
        changed("three sentences", "two sentences", pair_4_7=lambda pair: [*pair, "The moon."]),
    ],
    "4.8": [
        edit("with the prompt", "continuation only", ".removeprefix(prompt)", ""),
        edit("sorted by length too", "length_penalty=0", BY_TOTAL, "max_tokens=max_tokens"),
        edit("the last of the list", "length_penalty=0", FIRST, "output.sequences[-1]"),
        edit("a length of its own", "Take width and max_tokens", BY_TOTAL, "max_tokens=5, length_penalty=0"),
        edit("greedy with a length of its own", "Take temperature 0", GREEDY_LENGTH, "max_tokens=5, logprobs=0"),
        edit("no log probabilities", "logprobs=0", GREEDY_LENGTH, "max_tokens=max_tokens"),
        edit("sampled", "Take temperature 0", "temperature=0", "temperature=1, seed=3"),
        edit("stripped", "keep the blank", "completion.text, completion", "completion.text.strip(), completion"),
        edit("always four", "Take width", "beam_width=width", "beam_width=4"),
        edit(
            "upside down",
            "the text first",
            "completion.text, completion.cumulative_logprob",
            "completion.cumulative_logprob, completion.text",
        ),
        edit("divided by length", "must say", "best.cum_logprob\n\n", "best.cum_logprob / len(best.tokens)\n\n"),
        edit("a width of one", "must find", "beam_width=width", "beam_width=1"),
        changed("greedy finds it too", "try another", prompt_4_8=lambda prompt: "The moon"),
        changed("no text", "must be a text", prompt_4_8=lambda prompt: 3),
    ],
    "4.9": [
        edit("overlapping seeds", "overlap", SEED, "seed=seed"),
        edit("seeds by seed and count", "for every seed", SEED, "seed=1000 * seed * count"),
        edit("no seed", "needs a seed", ", " + SEED, ""),
        edit("seeds by place", "depend on its place", PARAMS_4_9, BY_PLACE),
        edit("a call for each", "called 1 time", GENERATED_4_9, ONE_EACH),
        edit("seeds by count", "keep the first texts", SEED, "seed=1000 * seed + 77 * count"),
        edit(
            "the same one each time",
            "not all different",
            TEXTS,
            "[[output.outputs[0].text] * count for output in outputs]",
        ),
        edit("one text", "Return 3 texts", TEXTS, "[[output.outputs[0].text] for output in outputs]"),
        edit("outputs", "not output objects", TEXTS, "[output.outputs for output in outputs]"),
        edit("a text for each prompt", "list of texts", TEXTS, "[output.outputs[0].text for output in outputs]"),
        edit(
            "numbered",
            "a dict with Once upon a time",
            "dict(zip(prompts, texts, strict=True))",
            "dict(enumerate(texts))",
        ),
        edit("seeds too close", "overlap", SEED, "seed=5 * seed"),
        edit("the seed dropped", "share", SEED, "seed=1000"),
        edit("another length", "max_tokens=24", "max_tokens=24", "max_tokens=16"),
    ],
    "4.10": [
        edit("a cut text taken", "is never used", FINISHED, "True"),
        edit(
            "another seed of greedy",
            "another temperature",
            "temperature=attempt / 2",
            "temperature=0",
            "64 * 2**attempt",
            "64",
        ),
        edit(
            "only more room after a text that ended",
            "only a text that was cut",
            RETRIED,
            "temperature=0,",
            "64 * 2**attempt",
            "128 + attempt",
        ),
        edit(
            "the same draws with more room",
            "only a text that was cut",
            RETRIED,
            "temperature=0.7,",
            "seed=attempt",
            "seed=0",
        ),
        edit(
            "log probabilities in addition",
            "something else",
            RETRIED,
            "temperature=0, logprobs=attempt,",
            "64 * 2**attempt",
            "64",
        ),
        edit("a text that fits cut", "must hold the text", 'f"{text}\\nJSON: "', 'f"{text[:200]}\\nJSON: "'),
        edit("a short text cut", "must hold the text", 'f"{text}\\nJSON: "', 'f"{text[:20]}\\nJSON: "'),
        edit(
            "not parsed in a try",
            "does not parse",
            "(json.JSONDecodeError, jsonschema.ValidationError)",
            "jsonschema.ValidationError",
        ),
        edit("not validated", "fit the schema", VALIDATED, ""),
        edit(
            "the same again",
            "something else",
            RETRIED,
            "temperature=0,",
            "seed=attempt",
            "seed=0",
            "64 * 2**attempt",
            "64",
        ),
        edit("two attempts", "Three attempts", "in range(3)", "in range(2)"),
        edit("five attempts", "Make three attempts", "in range(3)", "in range(5)", "64 * 2**attempt", "64"),
        edit("no limit", "goes on and on", "in range(3)", "in __import__('itertools').cycle([0, 1, 2])"),
        edit("None in the end", "raise a ValueError", GAVE_UP, "return None"),
        edit("another error", "with a ValueError", GAVE_UP, GAVE_UP.replace("ValueError", "RuntimeError")),
        edit("no reason", "must say why", GAVE_UP, "raise ValueError"),
        edit("the text, not the data", "not the text", "return found", "return completion.text"),
        edit("the prompt alone", "structured_outputs forces", "=StructuredOutputsParams(json=schema)", "=None"),
        edit("a mask for the retry only", "Every request", "=Structured", "=None if attempt == 0 else Structured"),
        edit("long texts refused", "maximum", ROOM, ""),
        edit("no text", "must hold the text", ASKED_4_10, "'Anna'"),
    ],
}

RIGHT = {
    "4.1": [
        edit(
            "another clock, a larger warm-up",
            "",
            "perf_counter",
            "monotonic",
            "SamplingParams(max_tokens=1)",
            "SamplingParams(max_tokens=20)",
        ),
        changed(
            "more columns, numpy's numbers",
            "",
            frame_4_1=lambda frame: frame.assign(more=1, tokens=frame["tokens"].astype("int32")),
        ),
        setting("top_k and top_p too", "", "hot and safe", top_p=0.9),
        edit("a min_p that cuts the tail and no word of the text", "", "min_p=0.1", "min_p=1e-5"),
    ],
    "4.2": [
        ends("several stop strings", "", "string", stop=["zebra", "."]),
        ends("by the model's own token", "", "length", ignore_eos=True),
        ends("min_tokens as well", "", "token", min_tokens=1),
    ],
    "4.3": [
        edit("the upper end, numpy's numbers", "", "float(low + high) / 2", "high"),
        edit("a third of the way", "", "float(low + high) / 2", "np.float64(low + (high - low) / 3)"),
    ],
    "4.4": [
        edit(
            "another seed, more log probabilities",
            "",
            N_AT_ONCE,
            "[SamplingParams(n=5, temperature=t, max_tokens=40, seed=7, logprobs=3) for t in temperatures]",
            *REMADE_4_4,
        ),
        changed("a tuple and more columns", "", differ_4_4=tuple, frame_4_4=lambda frame: frame.assign(n=5)),
        changed("numpy's numbers", "", differ_4_4=np.array),
    ],
    "4.5": [
        edit("lists", "", RENORMALISED, "return (processed - np.log(np.exp(processed).sum())).tolist()"),
        edit(
            "a list of draws, more of them",
            "",
            "n=400",
            "n=500",
            "return {completion.token_ids[0] for",
            "return {np.int64(completion.token_ids[0]) for",
        ),
    ],
    "4.6": [
        edit("a list", "", "    return changed\n", "    return list(changed)\n"),
        edit(
            "counts by NumPy",
            "",
            BY_OUTPUT,
            COUNTED,
        ),
    ],
    "4.7": [
        edit("more entries", "", "prompt_logprobs=0", "prompt_logprobs=3"),
        edit("a tuple", "", "    return found\n", "    return tuple(found)\n"),
        changed("a list", "", pair_4_7=list),
    ],
    "4.8": [
        edit(
            "tokens decoded",
            "",
            "best.text.removeprefix(prompt), best",
            DECODED,
        ),
        edit("the highest of all", "", FIRST, "max(output.sequences, key=lambda each: each.cum_logprob)"),
        edit(
            "prompts as dicts, a list",
            "",
            "[prompt], Beam",
            '[{"prompt": prompt}], Beam',
            "return best.text.removeprefix(prompt), best.cum_logprob",
            "return [best.text[len(prompt):], np.float64(best.cum_logprob)]",
        ),
    ],
    "4.9": [
        edit(
            "a request for each text",
            "",
            GENERATED_4_9,
            MANY,
            TEXTS,
            REGROUPED,
        ),
        edit("seeds from far apart", "", SEED, "seed=np.random.default_rng(seed).integers(2**31).item()"),
    ],
    "4.10": [
        edit("more room", "", "max_tokens = 64 * 2**attempt", "max_tokens = 100 + attempt"),
        edit("the end of a long text, as token ids", "", ASKED_4_10, LAST_IDS, ROOM, ""),
        edit("the last retry cold again", "", RETRIED, "temperature=(0, 0.7, 1.3)[attempt],"),
    ],
}
