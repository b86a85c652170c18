"""The likely mistakes in lesson 07's exercises, and right answers in another form than the solution's."""

from typing import Any

import numpy as np

from tests.checks.wrong_answers import Changed, changed, edit
from tests.drills.cases import EXERCISES, MISTAKES, REMEDIES, altered

# 7.1

PER_TOKEN, NUMBER_BYTES = "2 * config[", '4 if config["dtype"] == "float32" else 2'
KV_HEADS = 'config.get("num_key_value_heads") or heads'
HEAD_DIM = 'config.get("head_dim") or config["hidden_size"] // heads'
LEFT, BLOCKS = "max(0, card_bytes - weights_bytes)", "left // (per_token * block_size)"
CONCURRENCY, ENOUGH_BLOCKS = "blocks / blocks_of_a_request", "blocks > blocks_of_a_request"
ROUNDED_UP = "-(-max_model_len // block_size)"
RESULT = '    return {\n        "kv'
NUMPYS = (
    "blocks = left",
    "import numpy as np\n    blocks = np.int64(left)",
    ENOUGH_BLOCKS,
    f"np.bool_({ENOUGH_BLOCKS})",
)
BY_PLAN = (
    "    if left and weights_bytes < card_bytes:\n"
    "        sizes = dict(max_model_len=max_model_len, block_size=block_size, dtype=config['dtype'])\n"
    "        found = plan(config, kv_cache_memory_bytes=max(1, left), **sizes)\n"
    "        names = ('kv_bytes_per_token', 'blocks', 'max_concurrency', 'fits')\n"
    "        return {name: getattr(found, name) for name in names}\n"
)
ITEMSIZE = 'getattr(__import__("torch"), config["dtype"]).itemsize'
LAYERS, HEADS = 'config["num_hidden_layers"] * ', '    heads = config["'

# 7.3

LONGEST, ENOUGH = 'config["max_position_embeddings"] + 1', "users * blocks_of_a_request <= blocks"
SEARCH, KEPT = "while too_long - fits > 1:", '["blocks"] - 1'
FIRST = "    fits, too_long = 0,"
BY_BLOCKS = '    return max(0, min(blocks // users * block_size, config["max_position_embeddings"]))\n'
BY_TOKENS = BY_BLOCKS.replace("// users * block_size", "* block_size // users")
KEPT_FOR_EACH = BY_BLOCKS.replace("blocks // users", "((blocks + 1) // users - 1)")
ONE_EACH = BY_BLOCKS.replace("blocks // users", "max(1, blocks // users)")
NUMPYS_NUMBER = "    import numpy as np\n" + BY_BLOCKS.replace("max(0", "np.maximum(0")
BY_PLAN_OF = (
    'plan_card(config, kv_bytes, 0, block_size, block_size)["blocks"]',
    "plan(config, max_model_len=1, kv_cache_memory_bytes=kv_bytes, block_size=block_size, dtype=config['dtype'])"
    ".blocks",
)

# 7.5

HELD, ONE = "except VLLMValidationError as error", "        if len(prompts) == 1:\n            return [error]\n"
ERRORS = "__import__('vllm').exceptions"
HALVES = "safe_generate(llm, prompts[:middle], params) + safe_generate(llm, prompts[middle:], params)"
ONE_BY_ONE = "[entry for prompt in prompts for entry in safe_generate(llm, [prompt], params)]"
AS_BATCH, BEFORE = "        return llm.generate(prompts, params)\n", "    prompts = list(prompts)\n"
AS_TEXTS = "        return [o.outputs[0].text for o in llm.generate(prompts, params)]\n"
AS_TUPLE = "        return tuple(llm.generate(prompts, [params] * len(prompts)))\n"
TUPLES = (AS_BATCH, AS_TUPLE, "return []", "return ()", "return [error]", "return (error,)")
LOOP = (
    "    found = []\n    for prompt in prompts:\n        try:\n            found += llm.generate([prompt], params)\n"
    "        except VLLMValidationError as error:\n            found.append(error)\n    return found\n"
)
AGAIN = "        llm.generate('The moon', params)\n" * 30
TYPE_ERROR_AGAIN = "except TypeError:\n        return llm.generate(prompts, params)\n    " + HELD

# 7.6

ASKED_TWICE = "            return ask(engine)\n"
LATE = "        except TimeoutError:\n            sleep(pause)\n"
DEAD = "        except EngineDeadError:\n            engine = start()\n"
DOUBLED, TRIES, LAST = "            pause = pause * 2\n", "range(attempts - 1)", "    return ask(engine)  # the last"
STARTED = "    engine = start()\n    for"
SWALLOWED = "    try:\n        return ask(engine)\n    except TimeoutError:\n        return None\n"
RENAMED = "    try:\n        return ask(engine)\n    except Exception as e:\n        raise RuntimeError(str(e))\n"
FOR_EVER = (
    "    engine = start()\n    while True:\n        try:\n            return ask(engine)\n"
    "        except EngineDeadError:\n            engine = start()\n"
    "        except:\n            sleep(pause)\n            pause = pause * 2\n"
)
START_IN_TRY = (
    "    engine = None\n    for left in range(attempts, 0, -1):\n        try:\n            engine = engine or start()\n"
    "            return ask(engine)\n        except TimeoutError:\n            if left == 1:\n                raise\n"
    "            sleep(pause)\n            pause = pause * 2\n        except EngineDeadError:\n"
    "            if left == 1:\n                raise\n            engine = None\n"
)
SECOND_IN_TRY = START_IN_TRY.replace("engine = None\n    for", "engine = start()\n    for")
RECURSION = (
    "    def again(engine, left, wait):\n        try:\n            return ask(engine)\n"
    "        except TimeoutError:\n            if left == 1:\n                raise\n            sleep(wait)\n"
    "            return again(engine, left - 1, wait + wait)\n"
    "        except EngineDeadError:\n            if left == 1:\n                raise\n"
    "            return again(start(), left - 1, wait)\n\n    return again(start(), attempts, pause)\n"
)
COUNTED = (
    "    engine, late, number = start(), 0, 0\n    while True:\n        number += 1\n        try:\n"
    "            return ask(engine)\n        except (TimeoutError, EngineDeadError) as error:\n"
    "            if number >= attempts:\n                raise\n            if isinstance(error, TimeoutError):\n"
    "                sleep(pause * 2.0**late)\n                late += 1\n            else:\n"
    "                engine = start()\n\n\ndef unused(start, ask, attempts, pause, sleep):\n"
)
IF_TRUE = "            if found := ask(engine):\n                return found\n"
NOT_NONE = "            if (found := ask(engine)) is not None:\n                return found\n"
AS_TEXT = (ASKED_TWICE, "            return str(ask(engine))\n", LAST, "    return str(ask(engine))  # the last")

# 7.8

COLLECTED, ENGINE = "    gc.collect()\n", 'engine = weakref.ref(names["llm"])\n'
REMOVED = "        if names[name] is engine():\n            del names[name]\n"
IS_IT, GONE, SHRUNK = "names[name] is engine()", "engine() is None", "before - process.memory_info().rss"
BY_ITEMS = "    for name, value in list(names.items()):\n        if value is engine():\n            del names[name]\n"
POPPED = "    for name in [name for name, value in names.items() if value is engine()]:\n        names.pop(name)\n"
LOOKS = "    for name in list(names):\n" + REMOVED
LEFT_IN_LOOP = BY_ITEMS.replace("if value is", "value_again = value\n        if value is")
TOO_EARLY = (COLLECTED, "    after = process.memory_info().rss\n    gc.collect()\n", SHRUNK, "before - after")
NUMPYS_PROOF = (GONE, f"__import__('numpy').bool_({GONE})", SHRUNK, f"__import__('numpy').int64({SHRUNK})")

# 7.10

FITS, ON_ONE_LINE = "    if not planned.fits:\n", '" ".join(str(error).split())'
KINDS = "except tuple(REMEDIES_7_10) as error"
LOADED = f"        {KINDS}:\n            raise NotLoaded(problem_line(error)) from error\n"
LOADED_TWICE = KINDS[:-9] + ":\n            pass\n        try:\n            return load(**options)\n"
ENDS = "    except (TimeoutError, EngineDeadError) as error:\n        return failed(problem_line(error))\n"
BOTH = "(TimeoutError, EngineDeadError)"
REMEDY = "next(remedy for kind, remedy in REMEDIES_7_10.items() if isinstance(error, kind))"
REMEDIES_LAST = REMEDY.replace("REMEDIES_7_10.items()", "reversed(REMEDIES_7_10.items())")
OR_NOTHING = 'next((r for k, r in REMEDIES_7_10.items() if isinstance(error, k)), "")'
PYTHONS = "except (TypeError, TimeoutError, OSError, ValueError, RuntimeError) as error"
FIRST_ENGINE = (
    "    def start():",
    "    started = []\n\n    def start():",
    "return load(**options)",
    "started.append(load(**options))\n            return started[-1]",
    '"engine": engine,',
    '"engine": started[0],',
)
ASKED, GENERATED = "keep_asking(start, ask, 3, 1, sleep)", "safe_generate(engine, prompts, params)"
PLANNED = "    except CourseError as error:\n        return failed(problem_line(error))\n"
NOTHING, PROBLEM = '{"engine": None, "answers": []', '"answers": [], "problem": problem'


def drills(exercise: str, cases: list[tuple[dict[str, Any], str]]) -> list[Changed]:
    """Make answers to an exercise that is a drill: changes of its settings, and the hint."""
    number, name = EXERCISES[exercise], f"drill_{exercise.replace('.', '_')}"
    make = [lambda right, changes=changes: altered(number, changes) for changes, _ in cases]
    return [changed(str(case[0])[:90], case[1], **{name: one}) for case, one in zip(cases, make, strict=True)]


WRONG = {exercise: drills(exercise, MISTAKES[number]) for exercise, number in EXERCISES.items()} | {
    "7.1": [
        edit("keys only", "twice as much", PER_TOKEN, "config["),
        edit("all attention heads", "fewer than attention heads", KV_HEADS, "heads"),
        edit("head_dim computed", "Look up head_dim", HEAD_DIM, 'config["hidden_size"] // heads'),
        edit("null not seen", "TypeError", KV_HEADS, 'config.get("num_key_value_heads", heads)'),
        edit("head_dim expected", "KeyError", HEAD_DIM, 'config["head_dim"]'),
        edit("always two bytes", "how many bytes a number has", NUMBER_BYTES, "2"),
        edit("always four bytes", "how many bytes a number has", NUMBER_BYTES, "4"),
        edit("one layer", "Every layer", LAYERS, "1 * "),
        edit("bits", "See exercise 7.1", NUMBER_BYTES, "32"),
        edit("no weights", "The weights take", LEFT, "card_bytes"),
        edit("less than nothing", "there are 0 blocks", LEFT, "card_bytes - weights_bytes"),
        edit("tokens for blocks", "That is tokens", BLOCKS, "left // per_token"),
        edit("blocks rounded up", "blocks must be", BLOCKS, "-(-left // (per_token * block_size))"),
        edit("vLLM's block taken off", "blocks must be", BLOCKS, f"max(0, {BLOCKS} - 1)"),
        edit("blocks that are shared", "whole blocks", CONCURRENCY, "blocks * block_size / max_model_len"),
        edit("the last block left out", "whole blocks", ROUNDED_UP, "max_model_len // block_size"),
        edit("rounded down", "Do not round", CONCURRENCY, "blocks // blocks_of_a_request"),
        edit("two places", "Do not round", CONCURRENCY, f"round({CONCURRENCY}, 2)"),
        edit("fits below one", "It says whether vLLM starts", ENOUGH_BLOCKS, "concurrency > 0"),
        edit("no block for vLLM", "keeps for itself", ENOUGH_BLOCKS, "concurrency >= 1"),
        edit("weights that fit", "It says whether vLLM starts", ENOUGH_BLOCKS, "card_bytes > weights_bytes"),
        edit("a tuple", "must return a dict", RESULT, "    return per_token, blocks\n" + RESULT),
        edit("other names", "must return a dict", '"kv_bytes_per_token":', '"bytes":'),
        edit("the configuration changed", "changes the config", HEADS, '    config["x"] = 1\n' + HEADS),
        edit("no end", "goes on and on", "    left =", "    while True:\n        pass\n    left ="),
        changed("another context", "what plan says", card_7_1=lambda right: right | {"max_concurrency": 2.0}),
        changed("a number missing", "card_7_1 must be", card_7_1=lambda right: {"blocks": right["blocks"]}),
    ],
    "7.3": [
        edit("users forgotten", "all users", "users * blocks_of", "blocks_of"),
        edit("less than all blocks", "The largest context is", ENOUGH, ENOUGH.replace("<=", "<")),
        edit("all blocks for users", "vLLM keeps one", KEPT, '["blocks"]'),
        edit("one kept per user", "vLLM keeps one block for itself, not", FIRST, KEPT_FOR_EACH + FIRST),
        edit("no limit of the model", "at most max_position_embeddings", LONGEST, "10**9"),
        edit("one below the model's limit", "one token more fits", LONGEST, 'config["max_position_embeddings"]'),
        edit("the first that does not fit", "one token too long", "return fits", "return too_long"),
        edit("an endless search", "goes on and on", SEARCH, "while too_long > fits:"),
        edit("blocks shared", "whole blocks, and shares none", FIRST, BY_TOKENS + FIRST),
        edit("blocks, not tokens", "that is blocks", FIRST, "    return blocks // users\n" + FIRST),
        edit("a block for everybody", "where not every user gets a block", FIRST, ONE_EACH + FIRST),
        edit("a text", "must return a number", "return fits", "return str(fits)"),
        changed("another number of users", "in context_7_3", context_7_3=lambda right: right * 20),
    ],
    "7.5": [
        edit("the seed's way", "no ValueError", HELD, "except ValueError as error"),
        edit("everything caught", "must come out", HELD, "except Exception as error"),
        edit("all errors of vLLM", "EngineDeadError is no", HELD, f"except {ERRORS}.VLLMError as error"),
        edit("values caught", "ValueError is no prompt's", HELD, "except (VLLMValidationError, ValueError) as error"),
        edit("one more try", "and at once", HELD, TYPE_ERROR_AGAIN),
        edit("nobody gets an answer", "Entry 0 must be", ONE, "        return [error] * len(prompts)\n"),
        edit("nothing returned", "must return a list", ONE, "        return None\n"),
        edit("bad ones left out", "one entry per prompt", "            return [error]\n", "            return []\n"),
        edit("None for a bad one", "VLLMValidationError of a bad prompt", "return [error]", "return [None]"),
        edit("its text", "VLLMValidationError of a bad prompt", "return [error]", "return [str(error)]"),
        edit("an error of one's own", "that vLLM raised", "[error]", '[VLLMValidationError("bad prompt")]'),
        edit("one by one", "Call generate once", BEFORE, LOOP + BEFORE),
        edit("backwards", "of a good prompt with the text", HALVES, " + ".join(HALVES.split(" + ")[::-1])),
        edit("far too many calls", "Make at most", ONE, ONE + AGAIN),
        edit("texts", "must be the RequestOutput", AS_BATCH, AS_TEXTS),
        edit("no params", "must be the RequestOutput", AS_BATCH, AS_BATCH.replace(", params", "")),
        edit("an endless search", "goes on and on", "middle = len(prompts) // 2", "middle = 0"),
        changed("one missing", "one entry per prompt", answers_7_5=lambda right: right[1:]),
        changed("in another order", "answers_7_5", answers_7_5=lambda right: right[::-1]),
        changed("an output", "must be a list", answers_7_5=lambda right: right[0]),
        changed(
            "one error for all",
            "that vLLM raised",
            answers_7_5=lambda right: [right[1] if isinstance(one, Exception) else one for one in right],
        ),
    ],
    "7.6": [
        edit("everything again", "an EngineDeadError a new one", "except TimeoutError", "except Exception"),
        edit("values again", "come out at once", "except TimeoutError", "except (TimeoutError, ValueError)"),
        edit("bad ones again", "come out at once", "except TimeoutError", "except (TimeoutError, VLLMValidationError)"),
        edit("a dead engine is late", "After a time-out the", DEAD, DEAD.replace("engine = start()", "sleep(pause)")),
        edit("a new engine for all", "A start takes a minute", LATE, LATE + "            engine = start()\n"),
        edit("a dead engine is the end", "attempts times in all", DEAD, DEAD.replace("engine = start()", "raise")),
        edit("no time-out again", "attempts times in all", LATE, "        except TimeoutError:\n            raise\n"),
        edit("the new engine not asked", "The engines that are asked", DEAD, DEAD.replace("engine = ", "")),
        edit("fails after all", "ask has answered", LAST, "    ask(engine)\n    raise RuntimeError()  # the last"),
        edit("started in the try", "What start() raises", STARTED, START_IN_TRY + STARTED),
        edit("a dead start again", "What start() raises", STARTED, SECOND_IN_TRY + STARTED),
        edit("an empty answer is none", "also an empty one", ASKED_TWICE, IF_TRUE),
        edit("None is no answer", "also an empty one", ASKED_TWICE, NOT_NONE),
        edit("equal waits", "twice as long", DOUBLED, ""),
        edit("longer and longer", "twice as long", "pause * 2", "pause * 3"),
        edit("no wait", "The waits must be", "            sleep(pause)\n", ""),
        edit("a wait after a death", "The waits must be", DEAD, DEAD + "            sleep(pause)\n"),
        edit("doubled by a death", "The waits must be", DEAD, DEAD + "            pause = pause * 2\n"),
        edit("once too often", "attempts times in all", TRIES, "range(attempts)"),
        edit("too few", "attempts times in all", TRIES, "range(attempts - 2)"),
        edit("for ever", "goes on and on", TRIES, "iter(int, 1)"),
        edit("everything, for ever", "goes on and on", STARTED, FOR_EVER + STARTED),
        edit("swallowed", "must come out as it is", LAST, SWALLOWED + LAST),
        edit("another exception", "must come out as it is", LAST, RENAMED + LAST),
        edit("a start too many", "A start takes a minute", STARTED, "    start()\n" + STARTED),
        edit("a text of it", "Return what ask returns", *AS_TEXT),
        edit("nobody asked", "Start an engine and ask it", STARTED, "    return None\n" + STARTED),
        edit("really waits", "The waits must be", "sleep(pause)", "time.sleep(0 * pause)"),
    ],
    "7.8": [
        edit("not collected", "call gc.collect()", COLLECTED, ""),
        edit("collected too late", "freed_bytes must be about", *TOO_EARLY),
        edit("one name only", "Remove every name", LOOKS, '    del names["llm"]\n'),
        edit("all names", "and no other", IS_IT, "True"),
        edit("all engines", "and no other", IS_IT, "isinstance(names[name], type(engine()))"),
        edit("what is equal", "ValueError", IS_IT, "names[name] == engine()"),
        edit("a variable of its own", "no variable of yours", ENGINE, ENGINE + '    mine = names["llm"]\n'),
        edit("left in the loop", "no variable of yours", LOOKS, LEFT_IN_LOOP),
        edit("del is proof", "deleting names is no proof", GONE, '"llm" not in names'),
        edit("always", "deleting names is no proof", GONE, "True"),
        edit("upside down", "upside down", SHRUNK, "process.memory_info().rss - before"),
        edit("in MiB", "in bytes", SHRUNK, f"({SHRUNK}) / 2**20"),
        edit("torch's number", "in bytes", SHRUNK, "__import__('torch').cuda.memory_allocated()"),
        edit("what is left", "in bytes", SHRUNK, "process.memory_info().rss"),
        edit("the peak", "in bytes", SHRUNK, "__import__('resource').getrusage(0).ru_maxrss * 0"),
        edit("a text", "must be True or False", GONE, '"yes"'),
        edit("a text of bytes", "must be a number of bytes", SHRUNK, '"256 MiB"'),
        edit("no end", "goes on and on", COLLECTED, "    while True:\n        pass\n"),
        edit("one key", "must return a dict", '"gone": engine() is None, ', ""),
        changed("not gone", "gone in proof_7_8", proof_7_8=lambda right: right | {"gone": False}),
        changed("nothing freed", "freed_bytes in proof_7_8", proof_7_8=lambda right: right | {"freed_bytes": 1000}),
        changed("a key missing", "proof_7_8 must be", proof_7_8=lambda right: {"gone": True}),
    ],
    "7.10": [
        edit("no plan", "problem must be a line", FITS, "    if False:\n"),
        edit("an unknown model", "UsageError", PLANNED, PLANNED.replace("CourseError", "KeyError")),
        edit("no limit", "must hold 'kv cache'", "the limit is {planned.limit}", "that is all"),
        edit("loaded anyway", "load nothing", FITS, "    load(**options)\n" + FITS),
        edit("all errors of loading", "from load is a bug", KINDS, "except Exception as error", REMEDY, OR_NOTHING),
        edit("ValueError only", "swap_space", KINDS, "except ValueError as error"),
        edit("Python's errors only", "CourseError", KINDS, PYTHONS),
        edit("no wait", "Wait [1]", ASKED, ASKED.replace("sleep)", "lambda seconds: None)")),
        edit("bugs are problems", "is a bug and must come out", BOTH, "tuple(REMEDIES_7_10)"),
        edit("exact classes", "KeyError", REMEDY, "REMEDIES_7_10[type(error)]"),
        edit("several lines", "replace line breaks", ON_ONE_LINE, "str(error)"),
        edit("the first line", "must hold", ON_ONE_LINE, "str(error).splitlines()[0]"),
        edit("no class", "must hold 'UsageError'", "{type(error).__name__}: ", ""),
        edit("no remedy", "must hold", "{message} {remedy}", "{message}"),
        edit("the last remedy", "must hold", REMEDY, REMEDIES_LAST),
        edit("loaded twice", "Load once", LOADED, "        " + LOADED_TWICE + LOADED),
        edit("the first engine", "the one that answered", *FIRST_ENGINE),
        edit("answers as a text", "answers must be a list", '"answers": answers', '"answers": str(answers)'),
        edit("it is loaded", "plan knows no such model", PLANNED, PLANNED.replace(":\n", ":\n        load()\n", 1)),
        edit("half an engine", "never half an engine", NOTHING, NOTHING.replace("None", "load_model")),
        edit("None for answers", "answers must be a list", PROBLEM, PROBLEM.replace("[]", "None")),
        edit("no retry", "TimeoutError", ENDS, "", ASKED, "ask(start())"),
        edit("two attempts", "problem must be None", ASKED, ASKED.replace("3", "2")),
        edit("four attempts", "Make 3 attempts", ASKED, ASKED.replace("3", "4")),
        edit("longer waits", "Wait [1]", ASKED, ASKED.replace("1", "2")),
        edit("one bad prompt fails all", "VLLMValidationError", GENERATED, "engine.generate(prompts, params)"),
        edit("options not passed on", "Call load(**options)", "load(**options)", 'load(options["model"])'),
        edit("another engine", "Call load(**options) 1 time", '{"engine": engine,', '{"engine": load(**options),'),
        edit("a time-out comes out", "TimeoutError", f"except {BOTH}", "except EngineDeadError"),
        edit("a key missing", "must return a dict", ', "problem": None}', "}"),
    ],
}
WRONG["7.2"] += [
    changed("another drill", "This is drill 07.1", drill_7_2=lambda right: altered("07.1", {})),
    changed("the settings", "Give the drill itself", drill_7_2=lambda right: right.settings),
]

RIGHT = {exercise: drills(exercise, [(one, "") for one in REMEDIES[n]]) for exercise, n in EXERCISES.items()} | {
    "7.1": [
        edit("plan itself", "", RESULT, BY_PLAN + RESULT),
        edit("numpy's numbers", "", *NUMPYS),
        edit("torch knows the bytes", "", NUMBER_BYTES, ITEMSIZE),
        edit("more keys", "", RESULT, RESULT.replace("{", '{\n        "left": left,')),
    ],
    "7.3": [
        edit("computed", "", FIRST, BY_BLOCKS + FIRST),
        edit("numpy's number", "", FIRST, NUMPYS_NUMBER + FIRST),
        edit("plan asked", "", *BY_PLAN_OF),
        changed("numpy's own", "", context_7_3=np.int64),
    ],
    "7.5": [
        edit("one by one after a failure", "", HALVES, ONE_BY_ONE),
        edit("its base class", "", HELD, f"except {ERRORS}.VLLMClientError as error"),
        edit("a list of params, a tuple", "", *TUPLES),
        changed("a tuple of answers", "", answers_7_5=tuple),
    ],
    "7.6": [
        edit("counted", "", STARTED, COUNTED + STARTED),
        edit("recursion", "", STARTED, RECURSION + STARTED),
    ],
    "7.8": [
        edit("by items, cleaned up", "", LOOKS, BY_ITEMS + "    value = None\n"),
        edit("popped", "", LOOKS, POPPED),
        edit("numpy's numbers", "", *NUMPYS_PROOF),
    ],
    "7.10": [
        edit("another sentence", "", "It does not fit: the limit is {planned.limit}", "too much: {planned.limit}"),
        edit("a tuple of answers", "", '"answers": answers', '"answers": tuple(answers)'),
    ],
}
