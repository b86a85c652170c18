"""The likely mistakes in exercises 3.1 to 3.6. Those of the exercises from 3.7 on are in `lesson_03_tools.py`."""

import numpy as np
import pandas as pd

from tests.checks.wrong_answers import Wrong, edit, lesson_03_tools

# 3.1

BLOCKS = "    blocks = ["
GENERATE = 'llm.generate({"prompt_token_ids": ids}, params)[0]'
OWN_SYSTEM = (
    '    if messages[0]["role"] != "system":\n        messages = [{"role": "system", "content": "Hi"}, *messages]\n'
)
TEMPLATE = "    return llm.get_tokenizer().apply_chat_template(messages, tokenize=False, add_generation_prompt=True)\n"

# 3.2

COMPLETED = "llm.generate(questions, params)"
CHATTED = '        "chat": llm.chat([[{"role": "user", "content": question}] for question in questions], params),\n'
TWICE = "    outputs['chat'] = outputs['completion']\n    rows = []"
OTHER_TEXT = "[f'The capital of {country} is' for country in capitals]"
CONTAINS = "capital in completion.text"


def _ways(ns: dict, **changes) -> tuple:
    given = {"frame": ns["frame_3_2"], "answer": ns["answer_3_2"]} | changes
    return ns["compare_ways"], given["frame"], given["answer"], ns["CAPITALS_3_2"], ns["llm"]


def _counts(ns: dict) -> dict:
    return ns["answer_3_2"] | {"right": {way: share * 12 for way, share in ns["answer_3_2"]["right"].items()}}


def _turned_round(ns: dict) -> dict:
    shares = ns["answer_3_2"]["right"]
    return ns["answer_3_2"] | {"right": {"completion": shares["chat"], "chat": shares["completion"]}}


def _chat_rows(ns: dict):
    return ns["frame_3_2"][ns["frame_3_2"]["way"] == "chat"]


def _asked_twice(ns: dict):
    return pd.concat([_chat_rows(ns), _chat_rows(ns).assign(way="completion")], ignore_index=True)


# 3.3

MIRA = "You are Mira, a baker from Lisbon."


def _persona(ns: dict, system=None, **facts) -> tuple:
    return ns["system_3_3"] if system is None else system, ns["persona_3_3"] | facts, ns["llm"]


# 3.4

IS_CUT = 'output.outputs[0].finish_reason == "length"'
BEGUN = '[*messages, {"role": "assistant", "content": text}]'
GO_ON = "[*messages, {'role': 'assistant', 'content': text}, {'role': 'user', 'content': 'Continue.'}]"
IN_PLACE = "messages; messages[1:] = [{'role': 'assistant', 'content': text}]"
CONTINUED = ", add_generation_prompt=False, continue_final_message=True"
LOOP, BREAK = "range(rounds - 1)", "        if not is_truncated(output):\n            break\n"
PAIR = "return text, not is_truncated(output)"
BLANKS = (
    "    for _ in",
    "    pieces = text\n    for _ in",
    "text +=",
    "pieces += ' ' + output.outputs[0].text\n        text +=",
)

# 3.5

ENCODED = "len(tokenizer.encode(text, add_special_tokens=False))"
CONTENTS = f"sum({ENCODED} for text in [message['content'] for message in messages])"
STARTS = '{first} | {place for place, message in enumerate(messages) if message["role"] == "user"}'
KEPT, FITS = "kept = messages[:first] + messages[start:]", "if count(kept) <= limit"
FIRST_TURN = "kept = messages[: first + 2] + messages[max(start, first + 2) :]"
DELETED = "messages[:] = messages[:first] + messages[start:]; kept = messages"
CYCLE = "in sorted(starts)", "in cycle(sorted(starts))", "def trim", "from itertools import cycle\ndef trim"
ERROR = "raise ValueError("

# 3.6

VALUES = "list(histories.values())"
CHAT = f"llm.chat({VALUES}, params)"
HISTORIES = '{name: [{"role": "system", "content": text}] for name, text in personas.items()}'
ANSWERED = 'history.append({"role": "assistant", "content": answer})'
ALONE = '[{"role": "system", "content": text}, {"role": "user", "content": question}]'
ONE_BY_ONE = f"    for text in personas.values():\n        llm.chat([{ALONE} for question in questions], params)\n"
AT_ONCE = f"    llm.chat([{ALONE} for text in personas.values() for question in questions], params)\n"
FIRST = "    histories = {"
NEITHER = f"    return pd.DataFrame(), {{}}\n{FIRST}"
ONE_LIST = "dict.fromkeys(personas, [])"
BESIDE = "[[{'role': 'system', 'content': personas[name]}, *histories[name]] for name in personas]"
LAST_KEPT = "pd.DataFrame(rows).drop_duplicates(['persona', 'question'], keep='last')"


def _interviews(ns: dict, **changes) -> tuple:
    given = {"table": ns["table_3_6"], "histories": ns["histories_3_6"]} | changes
    return ns["interview"], given["table"], given["histories"], ns["PERSONAS_3_6"], ns["QUESTIONS_3_6"], ns["llm"]


def _without_last(ns: dict) -> dict:
    return {name: talk[:-1] for name, talk in ns["histories_3_6"].items()}


WRONG = {
    "3.1": [
        edit("no <s>", "begins with '<s>'", '"<s>" + ', ""),
        edit("no beginning of the answer", "beginning is missing", ' + "<|im_start|>assistant\\n"', ""),
        edit("no line break behind a block", "line breaks differ", "<|im_end|>\\n", "<|im_end|>"),
        edit("a line break too many at the end", "line breaks differ", 'assistant\\n"', 'assistant\\n\\n"'),
        edit("a blank behind the role", "blanks differ", "{message['role']}", "{message['role']} "),
        edit("messages stripped", "differ, after", "message['content']", "message['content'].strip()"),
        edit("a system message of its own", "no system block", BLOCKS, OWN_SYSTEM + BLOCKS),
        edit("another role name", "yours has 'User", "message['role']", "message['role'].replace('user', 'User')"),
        edit("str.format", "it ended with", '"".join(blocks)', '"".join(blocks).format()'),
        edit("the template itself", "write the text", BLOCKS, TEMPLATE + BLOCKS),
        edit("the text alone, so <s> twice", "<s> twice", '{"prompt_token_ids": ids}', "build_prompt(messages)"),
        edit("a list of outputs", "must return an output, not [Req", GENERATE, GENERATE.removesuffix("[0]")),
        edit("params of its own", "Pass the params on", "ids}, params)", "ids}, SamplingParams(max_tokens=9))"),
        edit("llm.chat", "without llm.chat", GENERATE, "llm.chat(messages, params)[0]"),
    ],
    "3.2": [
        edit("max_tokens left out", "take max_tokens=32", ", max_tokens=32", ""),
        edit("sampled", "take temperature=0", "temperature=0", "temperature=0.7"),
        edit("one question a call", "1 time(s), not 3", COMPLETED, "[llm.generate(q, params)[0] for q in questions]"),
        edit("no chat", "Call chat of the llm", CHATTED, "", "    rows = []", TWICE),
        edit("another text for the completion", "the question alone", "generate(questions", f"generate({OTHER_TEXT}"),
        edit("right means equal", "whether the text contains", CONTAINS, "capital == completion.text"),
        edit("words counted", "number of token_ids", "len(completion.token_ids)", "len(completion.text.split())"),
        Wrong("one way asked twice", lambda ns: _ways(ns, frame=_asked_twice(ns)), "asked twice"),
        Wrong("chat rows alone", lambda ns: _ways(ns, frame=_chat_rows(ns)), "way 'completion', not 0"),
        Wrong("counts", lambda ns: _ways(ns, answer=_counts(ns)), "divide a count"),
        Wrong("the shares the other way round", lambda ns: _ways(ns, answer=_turned_round(ns)), "your own table"),
        Wrong("one number", lambda ns: _ways(ns, answer=ns["answer_3_2"] | {"ended": 0.5}), "a dict with completion"),
    ],
    "3.3": [
        Wrong("no style in the prompt", lambda ns: _persona(ns, MIRA), "the sign of a pirate"),
        Wrong("another style", lambda ns: _persona(ns, f"{MIRA} You are a butler."), "the sign of a pirate"),
        Wrong(
            "a sentence that the model misses",
            lambda ns: _persona(ns, "You are a pirate named Mira who works as a baker and lives in Lisbon."),
            "Say it in another sentence",
        ),
        Wrong("no city", lambda ns: _persona(ns, "You are Mira, a baker. Talk like a pirate."), "the city 'Lisbon'"),
        Wrong("an empty prompt", lambda ns: _persona(ns, ""), "does not hold"),
        Wrong("a list of messages", lambda ns: _persona(ns, [{"content": MIRA}]), "the system message alone"),
        Wrong("another name in the dict", lambda ns: _persona(ns, name="Lena"), "the name 'Lena'"),
        Wrong(
            "a name that it has anyway",
            lambda ns: _persona(ns, "You are Pocket, a baker from Lisbon. Talk like a pirate.", name="Pocket"),
            "without your prompt",
        ),
        Wrong("a style that is not there", lambda ns: _persona(ns, style="robot"), "must be one of"),
        Wrong("no job", lambda ns: _persona(ns, job=" "), "not empty"),
    ],
    "3.4": [
        edit("looks for a full stop", "stop string", IS_CUT, "not output.outputs[0].text.endswith(('.', '!', '?'))"),
        edit("a stop string is a cut", "stop string", IS_CUT, f"output.outputs[0].stop_reason is not None or {IS_CUT}"),
        edit("counts tokens", "ended by itself", IS_CUT, "len(output.outputs[0].token_ids) >= 6"),
        edit("the reason, not a bool", "must return a bool", IS_CUT, "output.outputs[0].finish_reason"),
        edit("asks again", "from the beginning", BEGUN, "messages", CONTINUED, ""),
        edit("the message is closed", "closes the cut answer", CONTINUED, ""),
        edit("the user says continue", "closes the cut answer", BEGUN, GO_ON, CONTINUED, ""),
        edit("the messages changed", "changes the messages", BEGUN, IN_PLACE),
        edit("one continuation", "in a loop", LOOP, "range(min(1, rounds - 1))"),
        edit("without an end", "give up then", LOOP, "range(1000)"),
        edit("the first call not counted", "first call counts", LOOP, "range(rounds)"),
        edit("the last piece", "all pieces", PAIR, PAIR.replace("text", "output.outputs[0].text")),
        edit("pieces with blanks", "nothing between them", *BLANKS, PAIR, PAIR.replace("text", "pieces")),
        edit("text alone", "must return a pair", PAIR, "return text"),
        edit("always complete", "must be False", PAIR, "return text, True"),
        edit("more tokens each time", "Every call takes", "max_tokens=max_tokens", "max_tokens=200"),
        edit("always all rounds", "asked once more", BREAK, ""),
    ],
    "3.5": [
        edit("<s> twice", "add_special_tokens=False", ", add_special_tokens=False", ""),
        edit("no beginning of the answer", "add_generation_prompt", "prompt=True", "prompt=False"),
        edit("contents alone", "the template's own tokens", ENCODED, CONTENTS),
        edit("letters", "these are letters", ENCODED, "len(text)"),
        edit("the model asked", "asks the model", ENCODED, "len(llm.chat(messages)[0].prompt_token_ids)"),
        edit("keys of a dict", "whose keys were counted", "tokenize=False, ", "", ENCODED, "len(text)"),
        edit("single messages", "without its question", STARTS, "range(first, len(messages))"),
        edit("two messages at a time", "whole turns", STARTS, "range(first, len(messages), 2)"),
        edit("no system message", "system message is gone", KEPT, "kept = messages[start:]"),
        edit("the list itself", "changes the messages", KEPT, DELETED),
        edit("less than the limit", "A turn too many", FITS, "if count(kept) < limit"),
        edit("the newest go", "The last question is gone", KEPT, "kept = messages[: len(messages) - start + first]"),
        edit("the first turn stays", "in the middle", KEPT, FIRST_TURN),
        edit("messages counted", "ask count", FITS, "if len(kept) <= limit"),
        edit("too much is returned", "raise a ValueError", ERROR, f"return kept\n    {ERROR}"),
        edit("never ends", "goes on and on", *CYCLE),
        edit("another error", "a ValueError, not RuntimeError", ERROR, "raise RuntimeError("),
        edit("an error without a number", "must name the limit", "{count(kept)}", "more"),
    ],
    "3.6": [
        edit(
            "a call for each question",
            "one for each question",
            CHAT,
            "[llm.chat(h, params)[0] for h in histories.values()]",
        ),
        edit("a call for each persona", "one interview after the other", FIRST, ONE_BY_ONE + NEITHER),
        edit("one call for all", "needs the answers before it", FIRST, AT_ONCE + NEITHER),
        edit("one list for all", "no conversation begins", HISTORIES, ONE_LIST),
        edit("one list, system messages beside it", "share one list", HISTORIES, ONE_LIST, VALUES, BESIDE),
        edit("system messages left out", "no conversation begins", HISTORIES, "{name: [] for name in personas}"),
        edit("answers not kept", "append every answer", ANSWERED, "pass"),
        edit("the neighbour's answers", "Whose is it?", "items(), outputs", "items(), outputs[1:] + outputs[:1]"),
        edit("without its history", "keep the history", VALUES, "[[h[0], h[-1]] for h in histories.values()]"),
        edit("sampled", "temperature=0", "temperature=0", "temperature=0.7"),
        edit("16 tokens", "max_tokens=64", "max_tokens=64", "max_tokens=16"),
        edit("the table alone", "must return a pair", "pd.DataFrame(rows), histories", "pd.DataFrame(rows)"),
        edit("a question asked twice kept once", "has two answers", "pd.DataFrame(rows)", LAST_KEPT),
        edit("rounds from 0", "count from 1", '"round": number', '"round": number - 1'),
        Wrong("without the last answer", lambda ns: _interviews(ns, histories=_without_last(ns)), "The roles must be"),
        Wrong("another table", lambda ns: _interviews(ns, table=ns["table_3_6"].head(8)), "round 3, not 0"),
    ],
} | lesson_03_tools.WRONG


# Right answers of another form than the solution's

TOLD = "llm.generate(build_prompt(messages), params, tokenization_kwargs={'add_special_tokens': False})[0]"
QUESTION_IDS = "[{'prompt_token_ids': llm.get_tokenizer().encode(question)} for question in questions]"
TURNED = "pd.DataFrame(rows)", "pd.DataFrame(rows[::-1]).assign(more=1)"
BY_IDS = """(output,) = llm.generate({"prompt_token_ids": ids}, params)
        ids += output.outputs[0].token_ids"""
FIRST_IDS = """    ids = output.prompt_token_ids
    ids += output.outputs[0].token_ids
    for _ in"""
SUBCLASS = "raise type('TooLong', (ValueError,), {})("
SORTED = "in capitals]", "in sorted(capitals)]", "capitals.items()", "sorted(capitals.items())"
NUMPY = "def is_tr", "import numpy as np\ndef is_tr", IS_CUT, f"np.bool_({IS_CUT})", PAIR, f"return [{PAIR[7:]}]"
TUPLES = "[pd.DataFrame(rows), {name: tuple(histories[name]) for name in personas}]"
SENT = "[tuple(talk) for talk in histories.values()]"
PARTS = 'tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]'


def _other_numbers(ns: dict) -> tuple:
    frame = ns["frame_3_2"].sample(frac=1, random_state=1)
    shares = {way: np.float32(share) for way, share in ns["answer_3_2"]["right"].items()}
    right = frame["right"].astype(float)
    return _ways(ns, answer=ns["answer_3_2"] | {"right": shares}, frame=frame.assign(right=right, more=None))


def _numpy_count(ns: dict) -> tuple:
    return lambda *given: np.int64(ns["count_tokens"](*given)), ns["trim"], ns["llm"]


RIGHT = {
    "3.1": [
        edit("the text without <s>", "", GENERATE, "llm.generate(build_prompt(messages)[3:], params)[0]"),
        edit("the tokenizer told", "", GENERATE, TOLD),
        edit("lists, by keyword", "", GENERATE, "llm.generate(prompts=[ids], sampling_params=[params])[0]"),
    ],
    "3.2": [
        edit("token ids", "", COMPLETED, COMPLETED.replace("questions", QUESTION_IDS)),
        edit("countries sorted, rows turned round", "", *SORTED, *TURNED),
        edit("numbers for bools", "", CONTAINS, f"int({CONTAINS})"),
        Wrong("numpy's numbers and a mixed table", _other_numbers, ""),
    ],
    "3.3": [
        Wrong("capital letters", lambda ns: _persona(ns, job="Baker", style="Pirate"), ""),
        Wrong("another style", lambda ns: _persona(ns, f"{MIRA} You are a polite butler.", style="butler"), ""),
    ],
    "3.4": [
        edit("by token ids", "", "    for _ in", FIRST_IDS, f"(output,) = llm.chat(begun, params{CONTINUED})", BY_IDS),
        edit("a numpy bool and a list", "", *NUMPY),
    ],
    "3.5": [
        edit("a generator", "", "return kept\n", "return (message for message in kept)\n"),
        edit("copies in a tuple", "", "return kept\n", "return tuple(dict(message) for message in kept)\n"),
        edit("an error of its own", "", ERROR, SUBCLASS),
        edit("the template's ids", "", ENCODED, f"len({PARTS})"),
        Wrong("a numpy number", _numpy_count, ""),
    ],
    "3.6": [
        edit("another order", "", CHAT, f"llm.chat({VALUES}[::-1], params)[::-1]", *TURNED),
        edit("tuples and a list", "", "pd.DataFrame(rows), histories", TUPLES),
        edit("tuples sent", "", CHAT, f"llm.chat({SENT}, [params] * len(histories))"),
    ],
} | getattr(lesson_03_tools, "RIGHT", {})
