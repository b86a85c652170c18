"""The likely mistakes in lesson 01's exercises, and right answers in another form than the solution's."""

import math

from tests.checks.wrong_answers import changed, edit

WORDS, TOKENS = "len(output_1_2.prompt.split())", "len(output_1_2.prompt_token_ids)"
SUM_BEFORE, BEST = "reached_before < top_p", "max(completions, key=lambda c: c.cumulative_logprob / len(c.token_ids))"
BATCHED, ONE_EACH = (
    "return llm.generate(prompts, params)",
    "return [llm.generate([prompt], params)[0] for prompt in prompts]",
)

FIRST_OUTPUT = "max_tokens=max_tokens))[0]\n"
KEPT = FIRST_OUTPUT + "        first = output if max_tokens == 8 else first\n"

WRONG = {
    "1.1": [
        edit("a batch of three", "at least 5 prompts", "(own_prompts", "(own_prompts[:3]"),
        edit("the same prompt five times", "the same", "(own_prompts", "(own_prompts[:1] * 5"),
        edit("the lesson's prompts", "of your own", "(own_prompts", "(['The capital of France is', *own_prompts]"),
        changed(
            "texts, not outputs", "not their texts", answer_1_1=lambda outputs: [o.outputs[0].text for o in outputs]
        ),
    ],
    "1.2": [
        edit("words counted, not tokens", "counts words", TOKENS, WORDS),
        changed(
            "characters counted", "counts characters", answer_1_2=lambda a: a | {"generated_tokens": len(a["text"])}
        ),
        changed("no logprobs asked for", "what to ask for", answer_1_2=lambda answer: answer | {"logprob": None}),
        changed("the field's other name", "a dict with prompt", answer_1_2=lambda answer: answer | {"tokens": 20}),
    ],
    "1.3": [
        edit("sampling called deterministic", "temperature to 0", "temperature=0.0", "temperature=1.0"),
        edit("one seed for all three", "another seed", "seed=seed", "seed=0"),
        edit("two texts", "three texts each", "range(3)]\ns", "range(2)]\ns"),
        changed("one text", "two lists of three", deterministic=lambda texts: None),
        changed("numbers, not texts", "Give texts", deterministic=lambda texts: [1, 1, 1]),
        changed("empty texts", "is empty", deterministic=lambda texts: [""] * 3),
    ],
    "1.4": [
        changed("texts, not outputs", "two RequestOutput", cut=lambda output: output.outputs[0].text),
        edit("both cut", "raise max_tokens", "max_tokens=100", "max_tokens=2"),
        edit("both ended", "lower max_tokens", "Once upon a time", "The capital of France is", "10))", "100))"),
    ],
    "1.5": [
        changed("no log probabilities", "temperature, logprob", frame_1_5=lambda frame: frame.drop(columns="logprob")),
        changed("nothing breaks", "take longer completions", frame_1_5=lambda frame: frame.assign(logprob=-0.1)),
        changed("a temperature in words", "a number", temperature_1_5=lambda temperature: "hot"),
        edit("one too high", "not the lowest", ".min()", ".max()"),
        edit("one too low", "still whole", "< -2].min()", ">= -2].max()"),
        edit("one completion a temperature", "at least 8 completions", "n=16", "n=1"),
        edit("too few temperatures", "Sweep 6 values", "temperature=temperatures", "temperature=temperatures[::2]"),
    ],
    "1.6": [
        edit("one batched call", "once for each prompt", ONE_EACH, BATCHED),
        edit("params forgotten", "must take", "[prompt], params", "[prompt]"),
        edit("completions, not outputs", "RequestOutput", "params)[0] for", "params)[0].outputs[0] for"),
        edit("the other order", "keep the order", "in prompts]", "in prompts[::-1]]"),
        changed("a ratio in words", "must be a number", ratio_1_6=lambda ratio: "three"),
        changed("the quotient upside down", "divide", ratio_1_6=lambda ratio: 1 / ratio),
    ],
    "1.7": [
        edit(
            "the token that reaches p left out",
            "at least one",
            SUM_BEFORE,
            "candidates['probability'].cumsum() < top_p",
        ),
        edit("one token too many at the bound", "once p is reached", SUM_BEFORE, "reached_before <= top_p"),
    ],
    "1.8": [
        changed("one model only", "both models", frame_1_8=lambda frame: frame.query("model == 'pocket-base'")),
        changed("all called wrong", "exactly where", frame_1_8=lambda frame: frame.assign(correct=False)),
        changed(
            "log probabilities", "needs exp", frame_1_8=lambda f: f.assign(probability=f["probability"].map(math.log))
        ),
        changed(
            "one model asked twice",
            "asked twice",
            frame_1_8=lambda f: f.assign(probability=f["probability"].tolist()[:10] * 2),
        ),
        changed("one country forgotten", "all countries", frame_1_8=lambda frame: frame[1:]),
    ],
    "1.9": [
        edit("the highest sum", "favours short", " / len(c.token_ids)", ""),
        edit("the first one", "higher mean", BEST, "completions[0]"),
        edit("stripped", "unchanged", ".text\n", ".text.strip()\n"),
    ],
    "1.10": [
        edit("begins with 16", "Begin with max_tokens=8", "min(8, limit)", "min(16, limit)"),
        edit("past the limit", "never past the limit", "min(2 * max_tokens, limit)", "2 * max_tokens", "== l", ">= l"),
        edit("one attempt", "Double max_tokens", "2 * max_tokens", "100 * max_tokens"),
        edit("asked again after the end", "asked again", '== "stop"', '== "never"'),
        edit("never ends", "goes on and on", "== limit", "> limit"),
        edit(
            "the first output",
            "not the first",
            "            return output",
            "            return output if max_tokens < limit else first",
            FIRST_OUTPUT,
            KEPT,
        ),
        edit("the model's temperature", "temperature=0", "temperature=0.0", "temperature=1e-4"),
    ],
}

RIGHT = {
    "1.1": [
        changed("a tuple", "", answer_1_1=tuple),
        edit("a word of the lesson's", "", "(own_prompts", "(['In France, people', *own_prompts]"),
        edit("token ids", "", "(own_prompts", "([{'prompt_token_ids': [1, n]} for n in range(70, 76)]"),
    ],
    "1.3": [changed("generators and tuples", "", deterministic=lambda texts: (t for t in texts), sampled=tuple)],
    "1.5": [
        changed("Python's number", "", temperature_1_5=float),
        changed("another column, rows shuffled", "", frame_1_5=lambda frame: frame.assign(more=1).sample(frac=1)),
    ],
    "1.6": [
        changed("a whole number", "", ratio_1_6=lambda ratio: 3),
        edit("a generator", "", ONE_EACH, "yield from (llm.generate(prompt, [params])[0] for prompt in prompts)"),
    ],
    "1.7": [
        edit(
            "from log probabilities",
            "",
            'candidates["probability"]',
            "(2.718281828459045 ** candidates['logprob'])",
        ),
        edit("numpy's number", "", "int((reached_before < top_p).sum())", "(reached_before < top_p).sum()"),
    ],
    "1.8": [
        changed("0 and 1, more columns", "", frame_1_8=lambda f: f.assign(correct=f["correct"].astype(int), more=1))
    ],
    "1.9": [edit("a list of one", "", "llm.generate(prompt, params)", "llm.generate([prompt], [params])")],
    "1.10": [edit("numpy's numbers", "", "min(8, limit)", "__import__('numpy').int64(min(8, limit)).item()")],
}
