"""The checks of lesson 04's exercises. `vllm_course.check` finds them by number."""

import time
from types import MappingProxyType

import jsonschema
import numpy as np

from vllm_course import next_token
from vllm_course.checks import exercise, require
from vllm_course.checks.shapes import close, columns, entries, exactly, keys, listed, number
from vllm_course.checks.trying import described
from vllm_course.checks.watch import Brief, Watch
from vllm_course.distribution import distribution
from vllm_course.measures import distinct_n
from vllm_course.sampling import min_p_filter, penalise, top_k_filter, top_p_filter

FOUR_SETTINGS = {  # name: what it must be, and the hint
    "greedy": (lambda p: p.temperature == 0, "greedy decoding has temperature 0."),
    "nucleus": (lambda p: p.temperature == 1 and p.top_p < 1, "nucleus needs temperature 1 and a top_p below 1."),
    "hot": (
        lambda p: p.temperature > 1 and p.top_p == 1 and p.min_p == 0 and p.top_k in (0, -1),
        "hot needs a temperature above 1 and no filter.",
    ),
    "hot and safe": (lambda p: p.temperature > 1 and p.min_p > 0, "hot and safe needs the same heat and a min_p."),
}


@exercise(
    "4.1",
    functions={"try_settings": "llm, prompt, settings -> table"},
    hints=[
        "What must be between the two times that you read, and what must not?",
        "llm.generate(prompt, SamplingParams(max_tokens=1)) before the loop. In it: start = time.perf_counter(); "
        "llm.generate(prompt, params)[0].outputs[0]; seconds = time.perf_counter() - start; len(completion.token_ids).",
    ],
    concept="sampling-parameters.md#common-settings",
)
def four_settings(try_settings, settings, frame, llm) -> None:
    """Four settings of one prompt, each measured in a call of its own."""
    from vllm import SamplingParams

    asked = {f"{n} tokens": SamplingParams(temperature=0, max_tokens=n) for n in (6, 3, 1)}
    watch, start = Watch(llm, pause=0.02), time.perf_counter()
    # Read only, since vLLM itself changes parameters that it is given.
    table = _measured(try_settings(watch, "The moon", MappingProxyType(asked)), asked, "try_settings must return")
    whole, calls = time.perf_counter() - start, watch.asked("generate")
    lengths = [[params.max_tokens for params in call.params] for call in calls]
    require(all([n] in lengths for n in (6, 3, 1)), "Give each setting a call of its own.")
    require(len(calls) > 3, "Generate once before you start the clock: the first call is a warm-up.")
    for row, n in zip(table.itertuples(), (6, 3, 1), strict=True):
        place = max(place for place, length in enumerate(lengths) if length == [n])  # an earlier one is a warm-up
        call = calls[place]
        completion = call.outputs[0].outputs[0]
        require(call.prompts == ["The moon"], "try_settings must complete the prompt that it is given.")
        require(row.text == completion.text, "text must be what the setting's own call wrote.")
        exactly(row.tokens, len(completion.token_ids), "tokens is the number of token_ids, not of words or letters.")
        require(
            0.9 * call.seconds < row.seconds < whole, "seconds must be the time of the setting's own call, in seconds."
        )
    in_all = sum(table["seconds"]) <= whole
    require(in_all, "The seconds are more than the whole function took: start the clock anew for each call.")
    keys(settings, FOUR_SETTINGS, "settings_4_1 must be")
    require(all(hasattr(p, "temperature") for p in settings.values()), "settings_4_1 must hold SamplingParams.")
    for name, (holds, hint) in FOUR_SETTINGS.items():
        require(holds(settings[name]), hint)
        require(settings[name].temperature == 0 or settings[name].seed is not None, f"{name} needs a seed.")
    _cuts(settings["nucleus"], "top_p", llm, "nucleus: this top_p cuts no token. Lower it.")
    _cuts(settings["hot and safe"], "min_p", llm, "hot and safe: this min_p cuts no token. Raise it.")
    same = settings["hot"].temperature == settings["hot and safe"].temperature
    require(same, "hot and hot and safe must have the same temperature, or you compare two changes at once.")
    _measured(frame, settings, "frame_4_1 must be")
    (greedy,) = llm.generate("The weather today is", settings["greedy"])
    texts = dict(zip(frame["setting"], frame["text"], strict=True))
    exactly(texts["greedy"], greedy.outputs[0].text, "frame_4_1 must hold your settings of 'The weather today is'.")


def _cuts(params, knob: str, llm, hint: str) -> None:
    logprobs = next_token(llm, "The weather today is")["logprob"].to_numpy(dtype=float)
    left = distribution(logprobs, temperature=params.temperature, **{knob: getattr(params, knob)})
    require(left.kept < len(logprobs), hint)


def _measured(table, settings, what: str):
    columns(table, ["setting", "text", "tokens", "seconds", "tokens_per_second"], what)
    require(list(table["setting"]) == list(settings), f"{what} one row per setting, in their order.")
    speeds = zip(table["tokens_per_second"], table["tokens"] / table["seconds"], strict=True)
    require(all(close(given, truth) for given, truth in speeds), "tokens_per_second is tokens divided by seconds.")
    return table


ENDS = {  # name: finish_reason, type of stop_reason, and the hint
    "string": ("stop", str, "give stop a text that the completion holds."),
    "token": ("stop", int, "give stop_token_ids the id of a token that the completion holds."),
    "end": ("stop", type(None), "leave out everything that could end it, and make max_tokens large."),
    "length": ("length", type(None), "make max_tokens small."),
    "repetition": (
        "repetition",
        object,
        "give it a text that goes on, ignore_eos=True, and a min_count of 2. The piece that repeats must fit into "
        "max_pattern_size: count its tokens.",
    ),
    "held back": ("stop", str, "a stop string must end it, only later."),
    "special lost": ("length", type(None), "ignore_eos=True, and no other end than max_tokens."),
    "special found": ("stop", str, "special tokens must stay in the text: skip_special_tokens=False."),
}


@exercise(
    "4.2",
    hints=[
        "Generate with temperature 0 and no stop first: which texts and tokens could end it earlier?",
        'stop=["."]; stop_token_ids=[an id from token_ids]; max_tokens=64; max_tokens=4; ignore_eos=True with '
        'repetition_detection; stop=["."] with min_tokens beyond the first "."; stop=["</s>"] with ignore_eos=True; '
        "the same with skip_special_tokens=False.",
    ],
    concept="sampling-parameters.md#ending-the-text",
)
def every_end(ends, prompt, llm) -> None:
    """Parameters that end one prompt in every way there is."""
    keys(ends, ENDS, "ends_4_2 must be")
    require(all(hasattr(p, "temperature") for p in ends.values()), "ends_4_2 must hold SamplingParams, not outputs.")
    found = {}
    for name, (finish_reason, kind, hint) in ENDS.items():
        require(ends[name].temperature == 0, f"{name} must have temperature 0, so that it ends the same way again.")
        end = found[name] = llm.generate(prompt, ends[name])[0].outputs[0]
        right = end.finish_reason == finish_reason and isinstance(end.stop_reason, kind)
        got = f"it ended with finish_reason {end.finish_reason!r} and stop_reason {end.stop_reason!r}"
        require(right, f"{name}: {got}. Remedy: {hint}")
    held, lost, special = found["held back"], found["special lost"], llm.get_tokenizer().eos_token
    earlier = any(stop in held.text.removesuffix(held.stop_reason) for stop in ends["held back"].stop)
    require(earlier, "held back: no stop string is in the text before its end. Raise min_tokens.")
    for name in ("special lost", "special found"):
        require(special in ends[name].stop, f"{name}: {special} must be one of the strings in stop.")
    passed = llm.get_tokenizer().eos_token_id in lost.token_ids[:-1]
    require(passed, f"special lost: the model did not generate {special} before the end. Raise max_tokens.")
    exactly(found["special found"].stop_reason, special, f"special found: {special} must be what ended it.")


KNOBS = {"top_k": top_k_filter, "top_p": top_p_filter, "min_p": min_p_filter}
SURE, UNSURE, FLAT = (np.array(p) for p in ([0.9, 0.05, 0.03, 0.02], [0.4, 0.3, 0.2, 0.1], [0.3, 0.28, 0.22, 0.2]))
HALVES, LONG = np.array([0.5, 0.25, 0.125, 0.125]), np.array([0.35, 0.25, 0.2, 0.12, 0.08])
CASES_OF_KNOBS = [  # pairs of probabilities and number kept, what explains them, and the hint
    ([(UNSURE, 2)], "min_p top_k top_p", "One pair leaves all three knobs, each with a value that fits."),
    ([(SURE, 2), (UNSURE, 2)], "top_k", "The same number for a sure and an unsure prompt: only top_k does that."),
    (
        [(SURE, 1), (UNSURE, 3)],
        "min_p top_p",
        "Two numbers: no top_k. top_p and min_p both have a value for all pairs.",
    ),
    ([(SURE, 1), (UNSURE, 3), (FLAT, 3)], "top_p", "min_p is out when no single value fits all pairs."),
    ([(SURE, 1), (UNSURE, 3), (FLAT, 4)], "min_p top_p", "A setting may keep all tokens: then nothing is cut."),
    ([(LONG, 4), (UNSURE, 4)], "min_p top_k top_p", "top_k keeps the same number, however many tokens there are."),
    ([(SURE, 4), (UNSURE, 3)], "", "A sure prompt kept more than an unsure one. No knob does that: return {}."),
    ([(HALVES, 1), (HALVES, 2)], "", "Two ranges that only touch have no value in common: no knob fits both pairs."),
    ([(SURE, 1), (FLAT, 4), (UNSURE, 2)], "min_p", "top_p is out when no single value fits all pairs."),
]


@exercise(
    "4.3",
    functions={"suspects": "observations -> dict"},
    hints=[
        "Each pair says for each knob: the value was above this and not above that. What do all pairs leave?",
        "top_p: above the sum of the first kept - 1 probabilities, at most that of the first kept. min_p: above the "
        "first cut one divided by the largest, at most the last kept one divided by it. low = max(...), "
        "high = min(...), and if low < high the middle of both.",
    ],
    concept="sampling-parameters.md#top_p-top_k-min_p",
)
def which_knob(suspects, knob, seen, llm) -> None:
    """The knobs, and a value for each, that explain how many tokens were kept."""
    for pairs, names, hint in CASES_OF_KNOBS:
        where = f"where kept is {' and '.join(str(n) for _, n in pairs)}"
        found = suspects(tuple(pairs), case=where)
        require(sorted(found) == names.split(), f"{hint} Yours says {sorted(found)} {where}.")
        _explains(found, pairs, where)
    pairs = [(next_token(llm, prompt)["probability"].to_numpy(), kept) for prompt, kept in seen.items()]
    keys(knob, suspects(tuple(pairs)), "knob_4_3 must be what suspects says about SEEN_4_3,")
    _explains(knob, pairs, "in knob_4_3")


def _explains(found, pairs, where: str) -> None:
    for name, value in found.items():
        value = number(value, f"The value of {name} must be a number, not {value!r:.40}.")
        # A value at the upper end is right as well, but sums are rounded.
        tried = round(value) if name == "top_k" else value - 1e-9
        most = np.inf if name == "top_k" else 1
        require(0 < tried <= most, f"{name}={value:g} {where} is no value that vLLM takes.")
        for probabilities, kept in pairs:
            left = int(np.isfinite(KNOBS[name](np.log(probabilities), tried)).sum())
            require(left == kept, f"{name}={value:g} {where} keeps {left} token(s) of one pair, not {kept}.")


@exercise(
    "4.4",
    functions={"five": "llm, prompt, temperatures -> table"},
    hints=[
        "A long text adds up more negative numbers than a short one. What makes them comparable?",
        "params = [SamplingParams(n=5, temperature=t, max_tokens=40, seed=0, logprobs=0) for t in temperatures]; "
        "llm.generate([prompt] * len(params), params); max(output.outputs, key=lambda c: c.cumulative_logprob / "
        "len(c.token_ids)).text.",
    ],
    concept="request-output.md#cumulative_logprob",
)
def five_each(five, frame, differ, temperatures, llm) -> None:
    """Five completions per temperature: how different they are, and which is the best."""
    for prompt, asked in (("My favourite animal is", [1.2, 0.7]), ("Hello, my name is", [0.8, 1.5, 0.4])):
        watch = Watch(llm)
        table = five(watch, prompt, asked)
        (call,) = watch.asked("generate", 1, max_tokens=40)
        require(all(p.seed is not None for p in call.params), "Set a seed, or nobody can repeat your table.")
        _best_of_five(table, asked, call)
    names = ["temperature", "diversity", "best", "by_sum"]
    same = list(columns(frame, names, "frame_4_4 must be")["temperature"]) == list(temperatures)
    require(same, "frame_4_4 must have one row for each of TEMPERATURES_4_4, in their order.")
    again = list(five(llm, "My favourite animal is", list(temperatures))["best"])
    require(list(frame["best"]) == again, "frame_4_4 must be what five returns for 'My favourite animal is'.")
    differ = [number(t, "differ_4_4 holds temperatures.") for t in listed(differ, "Give differ_4_4 as a list.")]
    truth = [
        t for t, best, by_sum in frame[["temperature", "best", "by_sum"]].itertuples(index=False) if best != by_sum
    ]
    require(sorted(differ) == sorted(truth), f"best and by_sum differ at {truth} in your table, not at {differ}.")


def _best_of_five(table, asked, call) -> None:
    columns(table, ["temperature", "diversity", "best", "by_sum"], "five must return")
    require(list(table["temperature"]) == asked, "Return one row per temperature, in their order.")
    for row in table.itertuples():
        pairs = zip(call.params, call.outputs, strict=True)
        texts = [c for p, output in pairs if p.temperature == row.temperature for c in output.outputs]
        require(len(texts) == 5, f"Ask for five completions at each temperature, not for {len(texts)}.")
        require(texts[0].cumulative_logprob is not None, "Ask for log probabilities: logprobs=0 is enough.")
        require(
            close(row.diversity, distinct_n([c.text for c in texts])), "diversity: distinct_n(all five texts, n=2)."
        )
        by_sum = max(texts, key=lambda c: c.cumulative_logprob).text
        best = max(texts, key=lambda c: c.cumulative_logprob / len(c.token_ids)).text
        exactly(
            row.best, best, "best has the highest log probability per token.", {by_sum: "best is divided by length."}
        )
        exactly(row.by_sum, by_sum, "by_sum has the highest cumulative_logprob, not divided by anything.")


ORDERED, SHUFFLED = np.log([0.5, 0.25, 0.125, 0.0625, 0.0625]), np.log([0.125, 0.5, 0.0625, 0.25, 0.0625])
FRACTION = "min_p is a fraction of the largest probability, not a probability."
NO_ORDER = "The array is in no order: sort, and bring the result back to the order of the array."
FILTERED = [  # the filter, its value, log probabilities, which tokens it keeps, and the hint
    ("my_top_p", 0.1, ORDERED, [0], "Even a small p keeps the likeliest token."),
    ("my_top_p", 0.5 - 1e-9, ORDERED, [0], "A token of probability 0.5 is enough: stop once p is reached."),
    ("my_top_p", 0.6, ORDERED, [0, 1], "The token that carries the sum past p is kept too."),
    ("my_top_p", 0.6, SHUFFLED, [1, 3], NO_ORDER),
    ("my_top_p", 0.8, SHUFFLED, [0, 1, 3], NO_ORDER),
    ("my_top_p", 1, SHUFFLED, [0, 1, 2, 3, 4], "p=1 keeps all."),
    ("my_min_p", 0.6, SHUFFLED, [1], FRACTION),
    ("my_min_p", 0.4, SHUFFLED, [1, 3], FRACTION),
    ("my_min_p", 0.1, SHUFFLED, [0, 1, 2, 3, 4], FRACTION),
    ("my_min_p", 0, SHUFFLED, [0, 1, 2, 3, 4], "min_p=0 keeps all."),
]


@exercise(
    "4.5",
    functions={
        "my_top_p": "logprobs, p -> array",
        "my_min_p": "logprobs, min_p -> array",
        "drawn": "llm, prompt, **sampling -> value",
    },
    hints=[
        "np.argsort gives the order, and an array indexed by it can be written to as well. Compare probabilities.",
        "order = np.argsort(-logprobs); before = cumsum - probabilities; kept[order] = before < p. min_p: "
        "probabilities >= min_p * probabilities.max(). Then np.where(kept, logprobs, -np.inf), minus the logarithm of "
        "the sum of its exp.",
    ],
    concept="sampling-parameters.md#top_p-top_k-min_p",
)
def filters_by_hand(my_top_p, my_min_p, drawn, llm) -> None:
    """Both filters in NumPy, equal to vLLM's, and a function that shows what vLLM draws."""
    mine = {"my_top_p": my_top_p, "my_min_p": my_min_p}
    for name, value, logprobs, kept, hint in FILTERED:
        _filters(mine[name], logprobs, value, np.isin(np.arange(5), kept), hint)
    prompt = "The weather today is"
    whole = next_token(llm, prompt).sort_values("token_id")["logprob"].to_numpy(dtype=float)
    for value in (0.3, 0.85, 1):
        _filters(my_top_p, whole, value, np.isfinite(top_p_filter(whole, value)), f"p={value} of the whole vocabulary.")
    for value in (0.02, 0.5):
        _filters(my_min_p, whole, value, np.isfinite(min_p_filter(whole, value)), f"min_p={value}, whole vocabulary.")
    for begun, sampling in (("I like to", {"top_p": 0.7}), (prompt, {"min_p": 0.02})):
        watch = Watch(llm)
        found = listed(drawn(watch, begun, **sampling), "drawn must return a set of token ids.")
        (call,) = watch.asked("generate", 1, temperature=1, max_tokens=1, **sampling)
        asked = {llm.get_tokenizer().decode(ids, skip_special_tokens=True) for ids in call.ids}
        require(asked == {begun}, "drawn must complete the prompt that it is given.")
        require(all(p.seed is not None for p in call.params), "drawn needs a seed, or it draws others each time.")
        ids = [c.token_ids[0] for output in call.outputs for c in output.outputs]
        require(len(ids) >= 400, f"drawn must make 400 completions, not {len(ids)}.")
        again = "All 400 drew the same token: requests with one seed are one draw. Use n=400, or a seed for each."
        require(len(set(ids)) > 1, again)
        require(set(found) == set(ids), "drawn must return the token ids of its completions.")


def _filters(function, logprobs, value, kept, hint: str) -> None:
    found = function(logprobs, value, case=f"for {value}")
    require(len(found) == len(logprobs), f"{function.name} must return one log probability per token.")
    found = np.array(found, dtype=float)
    ids = [np.flatnonzero(each)[:8].tolist() for each in (np.isfinite(found), kept)]
    right = np.array_equal(np.isfinite(found), kept)
    require(right, f"{hint} {function.name} keeps the tokens {ids[0]} for {value:g}, not {ids[1]}.")
    require(not np.isnan(found).any(), f"{function.name}: nan is no log probability. A cut token has minus infinity.")
    truth = logprobs[kept] - np.log(np.exp(logprobs[kept]).sum())
    require(np.allclose(found[kept], truth, atol=1e-4), f"{function.name}: what is kept must add up to 1 again.")


PENALTIES = [  # prompt, output, penalties and the hint
    ([], [], {"repetition": 2.0, "presence": 1.0, "frequency": 1.0}, "Where nothing occurred, nothing changes."),
    ([0], [], {"repetition": 2.0}, "repetition counts the prompt too."),
    ([], [1], {"repetition": 2.0}, "repetition: a negative logit is multiplied, or it would become likelier."),
    ([0, 0, 1], [0, 3, 3], {"repetition": 2.0}, "repetition: how often a token occurred does not matter."),
    ([0, 1], [3], {"presence": 0.5}, "presence counts the output only."),
    ([0], [3, 3, 1], {"presence": 0.5}, "presence is subtracted once, however often the token occurred."),
    ([0, 3], [3, 1], {"frequency": 0.5}, "frequency counts the output only."),
    ([], [3, 3, 3, 1], {"frequency": 0.5}, "frequency is subtracted once for each time."),
    ([0], [0, 1, 1, 3], {"repetition": 2.0, "presence": 0.5, "frequency": 0.25}, "repetition comes first."),
    ([2], [4, 4], {"repetition": 0.5, "presence": -1.0, "frequency": -0.5}, "Other signs work the same way."),
]


@exercise(
    "4.6",
    functions={"penalised": "logits, prompt, output -> array"},
    hints=[
        "Two loops are enough: one over the tokens of both lists, each once, and one over those of the output.",
        "for token in {*prompt, *output}: divide if positive, else multiply. for token in set(output): subtract "
        "presence + frequency * output.count(token). Begin with a copy, np.array(logits, dtype=float).",
    ],
    concept="sampling-parameters.md#penalties",
)
def what_penalties_count(penalised, logits, prompt, output) -> None:
    """The logits after all three penalties."""
    own = np.array([2.0, -1.0, 0.5, 3.0, -0.25])
    cases = [(own, *case) for case in PENALTIES]
    cases += [(logits, prompt, output, {name: 1.5}, f"{name}, by hand.") for name in ("repetition", "presence")]
    for values, before, after, penalties, hint in cases:
        found = penalised(values, before, after, case=f"for {penalties}", **penalties)
        truth = penalise(
            values, prompt=before, output=after, **{f"{name}_penalty": value for name, value in penalties.items()}
        )
        right = len(found) == len(truth) and np.allclose(np.array(found, dtype=float), truth)
        where = f"For logits {values.tolist()}, prompt {before}, output {after} and {penalties}"
        require(right, f"{hint} {where} must come {truth.tolist()}, not {np.round(found, 3).tolist()}.")


SENTENCES = ["The capital of France is Paris.", "The capital of France is Madrid.", "of The sat moon"]
LONGER = "The capital of France is Paris. The river Seine flows through Paris."


@exercise(
    "4.7",
    functions={"perplexities": "llm, sentences -> list", "likelier": "llm, first, second -> text"},
    hints=[
        "The prompt's ids and its log probabilities have the same length, and both begin with the start token.",
        "SamplingParams(max_tokens=1, prompt_logprobs=0); entry[token].logprob for token, entry in "
        "zip(output.prompt_token_ids[1:], output.prompt_logprobs[1:]); np.exp(-np.mean(...)).",
    ],
    concept="request-output.md#prompt_logprobs",
)
def surprise(perplexities, likelier, pair, llm) -> None:
    """The perplexity of sentences, and which of two is likelier per token."""
    watch = Watch(llm)
    found = perplexities(watch, SENTENCES)
    watch.asked("generate", 1)
    require(len(found) == len(SENTENCES), f"Return one perplexity per sentence, not {len(found)} for {len(SENTENCES)}.")
    for sentence, given in zip(SENTENCES, found, strict=True):
        logprobs = _logprobs(llm, sentence)
        truth, total, count = np.exp(-np.mean(logprobs)), np.sum(logprobs), len(logprobs)
        likely = {
            np.exp(np.mean(logprobs)): "that is 1 divided by it: mind the minus sign.",
            np.exp(-total): "that is a sum over the tokens: take the mean.",
            np.exp2(-np.mean(logprobs)): "log probabilities are natural logarithms: use np.exp.",
            10 ** -np.mean(logprobs): "log probabilities are natural logarithms: use np.exp.",
            -np.mean(logprobs): "that is the mean surprise: np.exp is missing.",
            np.exp(-total / (count + 1)): "the first token has no log probability: do not count it.",
        }
        number(given, "A perplexity is a finite number.")
        fits = next(
            (hint for value, hint in likely.items() if close(given, value, within=1e-4)), "look ids up one by one."
        )
        right = close(given, truth, within=1e-3)
        require(right, f"The perplexity of {sentence!r} is {truth:.4g}, not {given:.4g}: {fits}")
    for first, second in ((SENTENCES[0], SENTENCES[1]), (SENTENCES[1], SENTENCES[0]), (SENTENCES[0], LONGER)):
        better = min((first, second), key=lambda sentence: -np.mean(_logprobs(llm, sentence)))
        by_sum = max((first, second), key=lambda sentence: np.sum(_logprobs(llm, sentence)))
        hint = "the sum favours the shorter one" if by_sum != better else "the lower perplexity is the likelier one"
        exactly(likelier(llm, first, second), better, f"likelier({first!r}, {second!r}) must be {better!r}: {hint}.")
    pair = listed(pair, "pair_4_7 must be two sentences.")
    require(len(pair) == 2 and all(isinstance(one, str) for one in pair), "pair_4_7 must be two sentences.")
    (total, mean), (other_total, other_mean) = ((sum(x), np.mean(x)) for x in (_logprobs(llm, one) for one in pair))
    require(
        total > other_total,
        "The first sentence of pair_4_7 must have the higher sum: make it shorter, or more ordinary.",
    )
    require(mean < other_mean, "The second sentence of pair_4_7 must have the lower perplexity: make it more ordinary.")


def _logprobs(llm, sentence: str) -> list[float]:
    from vllm import SamplingParams

    (output,) = llm.generate([sentence], SamplingParams(temperature=0, max_tokens=1, prompt_logprobs=0))
    pairs = zip(output.prompt_token_ids[1:], output.prompt_logprobs[1:], strict=True)
    return [entry[token].logprob for token, entry in pairs]


@exercise(
    "4.8",
    functions={"greedy": "llm, prompt, max_tokens -> pair", "beam": "llm, prompt, width, max_tokens -> pair"},
    hints=[
        "Print all sequences of one search, with text and cum_logprob. By what are they sorted, and how do they begin?",
        "BeamSearchParams(beam_width=width, max_tokens=max_tokens, length_penalty=0); "
        "llm.beam_search([prompt], params)[0].sequences[0]; text.removeprefix(prompt). For a prompt, try some that can "
        "go on in many ways.",
    ],
    concept="sampling-parameters.md#beam-search",
)
def beam_search(greedy, beam, prompt, llm) -> None:
    """Greedy decoding and beam search as pairs of continuation and total, and a prompt where they differ."""
    for begun, width, most in (
        ("The weather today is", 3, 8),
        ("The capital of France is", 4, 12),
        ("I like to", 2, 6),
    ):
        greedily, (best, *others) = _greedy(llm, begun, most), _beams(llm, begun, width, most)
        sorted_by = dict.fromkeys([text for text, _ in others], "length_penalty=0 compares the totals alone.")
        _total(
            greedy(llm, begun, most), greedily, f"greedy({begun!r})", begun, {}, "Take temperature 0, and max_tokens."
        )
        _total(beam(llm, begun, width, most), best, f"beam({begun!r})", begun, sorted_by, "Take width and max_tokens.")
    require(isinstance(prompt, str), "prompt_4_8 must be a text.")
    gain = _beams(llm, prompt, 4, 12)[0][1] - _greedy(llm, prompt, 12)[1]
    require(
        gain > 0.5, f"With prompt_4_8 beam search gains {gain:.2f}, it must gain more than 0.5: try another prompt."
    )


def _total(given, truth, where: str, prompt: str, likely: dict[str, str], otherwise: str) -> None:
    (text, total), (right, right_total) = given, truth
    require(isinstance(text, str), f"{where} must return the text first, and then its log probability.")
    require(not text.startswith(prompt), f"{where} must return the continuation only: the prompt is in the text.")
    require(text.strip() != right.strip() or text == right, f"{where} must keep the blank that {right!r} begins with.")
    require(text == right, f"{where} must find {right!r}, not {text!r}. {likely.get(text, otherwise)}")
    hint = "logprobs=0 makes cumulative_logprob a number" if total is None else "take the total of this very text"
    require(close(total, right_total, within=1e-3), f"{where} must say {right_total:.3f}, not {total}: {hint}.")


def _greedy(llm, prompt: str, max_tokens: int) -> tuple[str, float]:
    from vllm import SamplingParams

    params = SamplingParams(temperature=0, max_tokens=max_tokens, logprobs=0)
    completion = llm.generate([prompt], params)[0].outputs[0]
    return completion.text, completion.cumulative_logprob


def _beams(llm, prompt: str, width: int, max_tokens: int) -> list[tuple[str, float]]:
    """Return what one search finds: the highest total first, at the end what vLLM's own order would give."""
    from vllm.sampling_params import BeamSearchParams

    params = [BeamSearchParams(beam_width=width, max_tokens=max_tokens, length_penalty=p) for p in (0, 1)]
    found = [each for p in params for each in llm.beam_search([prompt], p)[0].sequences]
    return [(each.text.removeprefix(prompt), each.cum_logprob) for each in found]


@exercise(
    "4.9",
    functions={"variations": "llm, prompts, count, seed -> dict"},
    hints=[
        "Write down which seeds your function uses for seed=0 and for seed=1. None may be in both lists.",
        "SamplingParams(n=count, temperature=1, max_tokens=24, seed=1000 * seed), the same for all prompts.",
    ],
    concept="sampling-parameters.md#reproducibility",
)
def variations_that_come_back(variations, llm) -> None:
    """Different texts of prompts that a seed brings back, alone and in a batch."""
    watch, (story, name, like) = Watch(llm), ["Once upon a time", "Hello, my name is", "I like to"]
    alone = _varied(variations(llm, [story], 3, 0), [story], 3)
    again = _varied(variations(llm, [story], 3, 0), [story], 3)
    require(again == alone, "The same arguments gave other texts: every request needs a seed.")
    many = _varied(variations(watch, [name, story, like], 3, 0), [name, story, like], 3)
    watch.asked("generate", 1, temperature=1, max_tokens=24)
    require(many[story] == alone[story], "In a batch the prompt got other texts: its seeds depend on its place there.")
    more = _varied(variations(llm, [story], 10, 0), [story], 10)
    require(more[story][:3] == alone[story], "A larger count must keep the first texts: their seeds must not change.")
    other = _varied(variations(llm, [story], 10, 1), [story], 10)
    few = _varied(variations(llm, [story], 3, 1), [story], 3)
    require(other[story][:3] == few[story], "A larger count must keep the first texts, for every seed.")
    shared = len({*more[story]} & {*other[story]})
    require(
        shared == 0, f"The seeds 0 and 1 share {shared} text(s): their lists of seeds overlap, leave room between them."
    )


def _varied(found, prompts: list[str], count: int):
    entries(found, prompts, "Return")
    texts = {prompt: listed(found[prompt], "Return a list of texts for each prompt.") for prompt in prompts}
    for prompt, those in texts.items():
        require(all(isinstance(text, str) for text in those), "Return texts, not output objects.")
        require(len(those) == count, f"Return {count} texts for {prompt!r}, not {len(those)}.")
        require(len(set(those)) == count, f"The texts for {prompt!r} are not all different: another seed for each.")
    return texts


POINT = {
    "type": "object",
    "properties": {"x": {"type": "integer", "minimum": 0, "maximum": 9}, "red": {"type": "boolean"}},
    "required": ["x", "red"],
    "additionalProperties": False,
}
ODD_TEXTS = ['"}]\n\n\\ 東京', " ".join(["Anna is 31 years old and lives in Rome."] * 16), "1 2 3 " * 2000]
GOOD = '{"x": 3, "red": true}'
CUT, WHOLE = "length", "stop"
SCRIPTS = [  # what the model says, with finish_reason, and the hint when it is not tried again
    ([("{", CUT), (GOOD, WHOLE)], "A text that was cut is no JSON yet: look at finish_reason and try again."),
    ([('{"x": 1, "red": true}', CUT), (GOOD, WHOLE)], "A text that was cut is never used, even if it parses."),
    ([('{"x": 3, "red": tru', WHOLE), (GOOD, WHOLE)], "A text that does not parse is tried again."),
    (
        [('{"x": 30, "red": true}', WHOLE), (GOOD, WHOLE)],
        "It must fit the schema: jsonschema.validate raises otherwise.",
    ),
    ([("{", WHOLE), ("{", CUT), (GOOD, WHOLE)], "Three attempts are allowed, the third was never made."),
]


AGAIN = (
    "A retry must ask for something else: another temperature, or a seed with a temperature above 0. More room helps "
    "only a text that was cut."
)


class Scripted(Watch):
    """Says texts in the model's place, each with a finish_reason; so the model itself need not write any."""

    def __init__(self, llm, script: list[tuple[str, str]]) -> None:
        super().__init__(Brief(llm), says=[text for text, _ in script], most=20)
        self._reasons = [reason for _, reason in script]

    def generate(self, *args, **options) -> list:
        """Note the call and answer from the script."""
        outputs = super().generate(*args, **options)
        outputs[0].outputs[0].finish_reason = self._reasons.pop(0) if len(self._reasons) > 1 else self._reasons[0]
        return outputs


@exercise(
    "4.10",
    functions={"extract": "llm, text, schema -> value"},
    hints=[
        "Three things can be wrong with a completion: it was cut, it is no JSON, it is JSON that does not fit.",
        "for attempt in range(3): generate with max_tokens=64 * 2**attempt and temperature=attempt / 2. If "
        'finish_reason is "stop", try json.loads and jsonschema.validate, and return. After the loop raise '
        'ValueError. A long text: tokenization_kwargs={"truncate_prompt_tokens": ...} of generate.',
    ],
    concept="structured-output.md#what-goes-wrong",
)
def always_valid(extract, llm, schema, texts) -> None:
    """A function that returns data that fits a schema, or ends with an error."""
    for asked, text in [*((schema, text) for text in texts), *((POINT, text) for text in ODD_TEXTS)]:
        watch = Watch(llm, most=20)
        fails = "structured_outputs forces the form, max_tokens gives it room, and a long text must be cut."
        found = extract(watch, text, asked, case=f"for the text {text[:30]!r}", fails=fails)
        _fits(found, asked, f"For the text {text[:30]!r}")
        for call in watch.asked("generate"):
            constrained = all(p.structured_outputs is not None for p in call.params)
            require(constrained, "Every request must take structured_outputs: a prompt alone forces nothing.")
            prompt = llm.get_tokenizer().decode(call.ids[0], skip_special_tokens=True)
            part = text[:20] in prompt or text[-20:] in prompt if len(text) > 1000 else text in prompt
            require(part, "The prompt must hold the text; of one that is too long for the engine, a part.")
    for script, hint in SCRIPTS:
        watch = Scripted(llm, script)
        found = extract(watch, "Anna", POINT, case=f"when the model says {script[0][0]!r} first", fails=hint)
        said = ", then ".join(f"{text!r} ({reason})" for text, reason in script)
        require(found == {"x": 3, "red": True}, f"{hint} The model said {said}. You returned {found!r:.60}.")
        for place, call in enumerate(watch.calls):
            earlier = zip(watch.calls[:place], script, strict=False)
            again = any(_asked(call, reason) == _asked(before, reason) for before, (_, reason) in earlier)
            require(not again, AGAIN)
    _gives_up(extract, llm)


def _asked(call, reason: str) -> list:
    """Return what decides the texts of a call that comes after a text with this finish_reason."""
    asked = []
    for params, ids in zip([params.clone() for params in call.params], call.ids, strict=True):
        params.logprobs = params.prompt_logprobs = None  # are reported, and decide nothing
        if reason == WHOLE and (params.temperature == 0 or params.seed is not None):
            params.max_tokens = None  # the same text would come, and end at the same place
        if params.temperature == 0:
            params.seed = None
        asked.append((repr(params), ids))
    return asked


def _fits(found, schema, where: str) -> None:
    hint = "return what json.loads makes of the text, not the text" if isinstance(found, str) else "it does not fit"
    try:
        jsonschema.validate(found, schema)
    except jsonschema.ValidationError as error:
        require(False, f"{where} you returned {found!r:.60}: {hint} ({error.message:.80}).")


def _gives_up(extract, llm) -> None:
    for script in ([("{", CUT)], [('{"x": 30, "red": true}', WHOLE)]):
        watch = Scripted(llm, script)
        found, error = extract.ending(watch, "Anna", POINT)
        require(
            error is not None, f"Nothing fitted in three attempts, yet {found!r:.60} was returned: raise a ValueError."
        )
        right = isinstance(error, ValueError)
        require(right, f"Nothing fitted in three attempts: end with a ValueError, not with {described(error)}.")
        require(len(watch.calls) == 3, f"Make three attempts, not {len(watch.calls)}.")
        require(str(error) != "", "The ValueError must say why.")
