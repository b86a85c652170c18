"""The likely mistakes in lesson 03's exercises, and right answers in another form."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from tests.checks.wrong_answers import Wrong, changed, edit

# 3.1

BLOCKS, NO_TEXT = "    blocks = [", ' or message["role"] != "system"'
GENERATE = 'llm.generate({"prompt_token_ids": ids}, params)[0]'
NOT_AFTER = 'assistant\\n" * (messages[-1]["role"] == "user")'
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
BY_ASK, GOES_ON = "[ask(messages, max_tokens=max_tokens)]", "[ask(begun, max_tokens=max_tokens)]"
BY_TEXT = "llm.generate(llm.get_tokenizer().decode(chat_token_ids(llm, begun, continue_final_message=True)), params)"
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
GIVEN, UNTIL_LAST = "pd.DataFrame(rows), histories", "= output.outputs[0].text * (number < len(questions))"
LAST_KEPT = "pd.DataFrame(rows).drop_duplicates(['persona', 'question'], keep='last')"


def _interviews(ns: dict, **changes) -> tuple:
    given = {"table": ns["table_3_6"], "histories": ns["histories_3_6"]} | changes
    return ns["interview"], given["table"], given["histories"], ns["PERSONAS_3_6"], ns["QUESTIONS_3_6"], ns["llm"]


def _neighbours(histories: dict) -> dict:
    return dict(zip(histories, reversed(histories.values()), strict=True))


def _without_last(ns: dict) -> dict:
    return {name: talk[:-1] for name, talk in ns["histories_3_6"].items()}


WRONG = {
    "3.1": [
        edit("no <s>", "begins with '<s>'", '"<s>" + ', ""),
        edit(
            "no beginning of the answer",
            "must end with the beginning of an answer",
            ' + "<|im_start|>assistant\\n"',
            "",
        ),
        edit("no line break behind a block", "line breaks differ", "<|im_end|>\\n", "<|im_end|>"),
        edit("a line break too many at the end", "line breaks differ", 'assistant\\n"', 'assistant\\n\\n"'),
        edit("a blank behind the role", "blanks differ", "{message['role']}", "{message['role']} "),
        edit("no answer after an answer", "ends with an answer the prompt must end", 'assistant\\n"', NOT_AFTER),
        edit("a block without a text", "a system message without any text there is no", NO_TEXT, " is not None"),
        edit("no block without a text", "For an answer without any text", NO_TEXT, ""),
        edit("messages stripped", "differ, after", "message['content']", "message['content'].strip()"),
        edit("a system message of its own", "no system block", BLOCKS, OWN_SYSTEM + BLOCKS),
        edit("another role name", "yours has 'User", "message['role']", "message['role'].replace('user', 'User')"),
        edit("str.format", "it ended with", '"".join(blocks)', '"".join(blocks).format()'),
        edit("the template itself", "write the text", BLOCKS, TEMPLATE + BLOCKS),
        edit("the text alone, so <s> twice", "<s> twice", '{"prompt_token_ids": ids}', "build_prompt(messages)"),
        edit("a list of outputs", "return its first one, [0], not [Req", GENERATE, GENERATE.removesuffix("[0]")),
        edit("params of its own", "Pass the params on", "ids}, params)", "ids}, SamplingParams(max_tokens=9))"),
        edit(
            "one of the params", "as they are", "ids}, params)", "ids}, SamplingParams(max_tokens=params.max_tokens))"
        ),
        edit(
            "the last message only",
            "must be those of llm.chat",
            "encode(build_prompt(messages)",
            "encode(build_prompt(messages[-1:])",
        ),
        edit("the notebook's engine", "Call generate of the llm", GENERATE, 'globals()["llm"]' + GENERATE[3:]),
        edit("llm.chat", "without llm.chat", GENERATE, "llm.chat(messages, params)[0]"),
    ],
    "3.2": [
        edit("max_tokens left out", "take max_tokens=32", ", max_tokens=32", ""),
        edit("sampled", "take temperature=0", "temperature=0", "temperature=0.7"),
        edit("one question a call", "1 time, not 4", COMPLETED, "[llm.generate(q, params)[0] for q in questions]"),
        edit("no chat", "Call chat of the llm", CHATTED, "", "    rows = []", TWICE),
        edit("another text for the completion", "the question only", "generate(questions", f"generate({OTHER_TEXT}"),
        edit(
            "the text's end", "contains the capital anywhere", CONTAINS, 'completion.text.rstrip(".").endswith(capital)'
        ),
        edit("any case", "as `capitals` spells it", CONTAINS, "capital.lower() in completion.text.lower()"),
        edit("right means equal", "whether the text contains", CONTAINS, "capital == completion.text"),
        edit("words counted", "number of token_ids", "len(completion.token_ids)", "len(completion.text.split())"),
        Wrong("one way asked twice", lambda ns: _ways(ns, frame=_asked_twice(ns)), "asked twice"),
        changed("rows as dicts", "frame_3_2 must be a DataFrame", frame_3_2=lambda frame: frame.to_dict("records")),
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
        Wrong(
            "a list of messages", lambda ns: _persona(ns, [{"content": MIRA}]), "only the text of the system message"
        ),
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
        edit("another limit by default", "gave up after 3 of 10", "rounds=10)", "rounds=3)"),
        edit("looks for a full stop", "stop string", IS_CUT, "not output.outputs[0].text.endswith(('.', '!', '?'))"),
        edit("a stop string is a cut", "stop string", IS_CUT, f"output.outputs[0].stop_reason is not None or {IS_CUT}"),
        edit("counts tokens", "ended by itself", IS_CUT, "len(output.outputs[0].token_ids) >= 6"),
        edit("the reason, not a bool", "must return a bool", IS_CUT, "output.outputs[0].finish_reason"),
        edit("asks again", "from the beginning", BEGUN, "messages", CONTINUED, ""),
        edit("the message is closed", "closes the cut answer", CONTINUED, ""),
        edit("the user says continue", "closes the cut answer", BEGUN, GO_ON, CONTINUED, ""),
        edit("the notebook's ask", "Use the llm that you are given", "llm.chat(messages, params)", BY_ASK),
        edit("goes on by ask", "the notebook's ask uses another one", f"llm.chat(begun, params{CONTINUED})", GOES_ON),
        edit("the text as a prompt", "twice: llm.generate", f"llm.chat(begun, params{CONTINUED})", BY_TEXT),
        edit("only the question", "messages that finish is given", "llm.chat(messages,", "llm.chat(messages[-1:],"),
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
        edit("the notebook's ask", "asks the model", ENCODED, "len(ask(messages).prompt_token_ids)"),
        edit("the model asked", "asks the model", ENCODED, "len(llm.chat(messages)[0].prompt_token_ids)"),
        edit("keys of a dict", "whose keys were counted", "tokenize=False, ", "", ENCODED, "len(text)"),
        edit("only texts", "messages that it was given", "return kept\n", "return [m['content'] for m in kept]\n"),
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
        edit("the table alone", "must return a pair", GIVEN, "pd.DataFrame(rows)"),
        edit("no last answer", "must end with the last answer", "= output.outputs[0].text", UNTIL_LAST),
        edit(
            "one conversation twice",
            "must hold 3 conversations",
            CHAT,
            f"llm.chat([*{VALUES}, {VALUES}[0]], params)[:-1]",
        ),
        edit(
            "a list of histories", "The histories must be a dict", GIVEN, "pd.DataFrame(rows), list(histories.values())"
        ),
        edit(
            "the last history for all", "the same list", GIVEN, "pd.DataFrame(rows), dict.fromkeys(histories, history)"
        ),
        changed("the neighbour's history", "must hold its own system message", histories_3_6=_neighbours),
        edit("a question asked twice kept once", "has two answers", "pd.DataFrame(rows)", LAST_KEPT),
        edit("rounds from 0", "count from 1", '"round": number', '"round": number - 1'),
        Wrong("without the last answer", lambda ns: _interviews(ns, histories=_without_last(ns)), "The roles must be"),
        Wrong("another table", lambda ns: _interviews(ns, table=ns["table_3_6"].head(8)), "round 3, not 0"),
    ],
}


# Right answers of another form than the solution's

TOLD = "llm.generate(build_prompt(messages), params, tokenization_kwargs={'add_special_tokens': False})[0]"
AS_DICTS = "llm.generate([{'prompt': question} for question in questions], [params] * len(questions))"
QUESTION_IDS = "[{'prompt_token_ids': llm.get_tokenizer().encode(question)} for question in questions]"
TURNED = "pd.DataFrame(rows)", "pd.DataFrame(rows[::-1]).assign(more=1)"
BEGUN_IDS = 'llm.generate({"prompt_token_ids": chat_token_ids(llm, begun, continue_final_message=True)}, params)'
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
        edit("an output of two", "", GENERATE, 'llm.generate([{"prompt_token_ids": ids}] * 2, params)[1]'),
        edit("lists, by keyword", "", GENERATE, "llm.generate(prompts=[ids], sampling_params=[params])[0]"),
    ],
    "3.2": [
        edit("token ids", "", COMPLETED, COMPLETED.replace("questions", QUESTION_IDS)),
        edit("countries sorted, rows turned round", "", *SORTED, *TURNED),
        edit("numbers for bools", "", CONTAINS, f"int({CONTAINS})"),
        edit("a count", "", CONTAINS, "completion.text.count(capital) > 0", COMPLETED, AS_DICTS),
        Wrong("numpy's numbers and a mixed table", _other_numbers, ""),
    ],
    "3.3": [
        Wrong("capital letters", lambda ns: _persona(ns, job="Baker", style="Pirate"), ""),
        Wrong("another style", lambda ns: _persona(ns, f"{MIRA} You are a polite butler.", style="butler"), ""),
    ],
    "3.4": [
        edit("by token ids", "", "    for _ in", FIRST_IDS, f"(output,) = llm.chat(begun, params{CONTINUED})", BY_IDS),
        edit("a numpy bool and a list", "", *NUMPY),
        edit("not stopped", "", IS_CUT, IS_CUT.replace('== "length"', '!= "stop"')),
        edit("the text's ids", "", f"llm.chat(begun, params{CONTINUED})", BEGUN_IDS),
    ],
    "3.5": [
        edit("a generator", "", "return kept\n", "return (message for message in kept)\n"),
        edit("copies in a tuple", "", "return kept\n", "return tuple(dict(message) for message in kept)\n"),
        edit("an error of its own", "", ERROR, SUBCLASS),
        edit("the template's ids", "", ENCODED, f"len({PARTS})"),
        Wrong("a numpy number", _numpy_count, ""),
        edit("count gets tuples", "", FITS, "if count(tuple(kept)) <= limit"),
        edit("the course's own", "", ENCODED, "len(chat_token_ids(llm, messages))"),
    ],
    "3.6": [
        edit("another order", "", CHAT, f"llm.chat({VALUES}[::-1], params)[::-1]", *TURNED),
        edit("tuples and a list", "", GIVEN, TUPLES),
        edit("tuples sent", "", CHAT, f"llm.chat({SENT}, [params] * len(histories))"),
    ],
}


BEGIN, USER = "{{- bos_token }}\n", '"<start_of_turn>user'
FIRST_TEXT = 'and loop.first %}\n        {%- set first.text = message.content | trim + "\\n\\n"'
SYSTEM_TURN = '%}\n        {{- "<start_of_turn>system\\n" + message.content + "<end_of_turn>\\n" }}{%- set unused = ""'

# vLLM takes a template that loops over a content for one that wants a list of parts.
AS_PARTS = (
    "{%- for message in messages %}",
    "{%- for message in messages %}{%- for part in message.content %}{%- endfor %}",
)
BEFORE_LOOP = (
    'namespace(text="")',
    'namespace(text=messages[0].content | trim + "\\n\\n" if messages[0].role == "system" else "")',
    '{%- set first.text = message.content | trim + "\\n\\n" %}',
    "",
)

# 3.8

SAME, TOKENS = "same // block_size * block_size", "len(output.prompt_token_ids)"
TOTAL, SUMMED = f"sum({TOKENS} for output in outputs)", f"pd.Series([{TOKENS} for output in outputs]).sum()"
ASKED_ALL = "llm.chat(conversations, SamplingParams(temperature=0, max_tokens=16))"
ASKED_EACH = "[llm.chat(one, SamplingParams(max_tokens=1))[0] for one in conversations]"
GROWN = "{name: value - before[name] for name, value in counters(llm).items()}"
FROM_OUTPUTS = f"{{'queries': {TOTAL}, 'hits': sum(output.num_cached_tokens for output in outputs)}}"
BY_KEYWORD = "llm.chat(messages=conversations, sampling_params=[SamplingParams(max_tokens=1)] * len(conversations))"
AT_SOURCE = (
    "def cacheable",
    "from vllm.v1.metrics.reader import get_metrics_snapshot\ndef cacheable",
    "counters(llm)",
    'counters(type("Reader", (), {"get_metrics": staticmethod(get_metrics_snapshot)}))',
)
SILENT = SimpleNamespace(llm_engine=SimpleNamespace(log_stats=False))


def _answers_3_8(ns: dict, llm=None, **changes) -> tuple:
    answer = ns["answer_3_8"] | changes
    return ns["cacheable"], ns["measure"], answer, ns["SHARED_3_8"], ns["DIFFERENT_3_8"], llm or ns["llm"]


def _in_numpy(ns: dict) -> tuple:
    shares = {name: np.float32(ns["answer_3_8"][name]) for name in ("shared", "different")}
    return _answers_3_8(ns, block_size=np.int64(ns["answer_3_8"]["block_size"]), more="no matter", **shares)


# 3.9 and 3.12

FIND, RAN = r'r"<tool_call>(.*?)(</tool_call>|$)"', "run(json.loads(found[1]), functions)"
DUMPED, NOTHING = f"json.dumps({RAN}, ensure_ascii=False)", '{"role": "tool", "content": "null"}'
AS_ERROR = 'json.dumps({"error": str(error) or type(error).__name__}, ensure_ascii=False)'
TYPED = '{"error": str(error) or type(error).__name__}'
TOO_LATE = ['"content": content}', '"content": json.dumps(content)}']
APPENDED, RETURNED = 'messages.append({"role": "assistant", "content": text})\n', "return messages\n"
EMPTIED = APPENDED.replace('"content": text', '"content": text.partition("<tool_call>")[0]')
WITH_TOOLS = "llm.chat(messages, params, tools=tools)"
SECOND = f"        text = {WITH_TOOLS}"
GENERATED = 'llm.generate({"prompt_token_ids": chat_token_ids(llm, messages, tools=tools)}, params)'
STRUCTURED = """    if "</tool_call>" in text:
        wanted = {"type": "function", "function": json.loads(text[text.index("{") : text.rindex("}") + 1])}
        messages[-1] = {"role": "assistant", "content": None, "tool_calls": [wanted]}
    if"""
REQUIRED = (
    '"required": [argument.name for argument in arguments if argument.default is inspect.Parameter.empty],\n    }\n'
)
REQUIRED_IF = f"{REQUIRED}    if not parameters['required']:\n        del parameters['required']\n"
NEW_CALLS = "run_tool(call, by_name) for call in calls]"
NOT_YET_RUN = (
    "run_tool(call, by_name) for call in calls if call not in seen]\n        seen.update(calls)",
    "    messages = list(messages)\n",
    "    messages, seen = list(messages), set()\n",
)
QUIET = "[m | {'content': m['content'].lower()} for m in messages]\n    tools"
WHOLE = '[c for c in calls_in(text) if c.endswith("</tool_call>")] or calls_in(text)'
STRICT = '        if "error" in run_tool(calls[0], by_name)["content"]:\n            raise ValueError\n'

# 3.10

UNFINISHED, MOVED = 'path.with_name(f".{path.name}.{os.getpid()}.tmp")', "os.replace(unfinished, path)"
REMOVED, READ = "unfinished.unlink(missing_ok=True)", "    try:\n        data = json"
NO_JSON = 'raise ValueError(f"{path} must be JSON in UTF-8, got: {error}") from None'
VERSION, LISTED = 'not isinstance(data, dict) or data.get("version") != 1', 'not isinstance(data.get("messages"), list)'
TEXTS, ROLE_SET = 'str(data.get("version")) != "1"', 'ROLES = {"system", "user", "assistant", "tool"}'
CONTENT = 'not isinstance(message.get("content"), str)'
OPENED = '"w", encoding="utf-8"'
READ_AFTERWARDS = OPENED, f'{OPENED}, errors="surrogatepass"', MOVED, f"{MOVED}\n        path.read_text('utf-8')"
LOADED = 'return data["messages"]\n'

# 3.11

BATCH, FRAME = "llm.chat(conversations, params)", "for _ in settings])"
VARIETY, LOGPROB = "variety([story.text for story in stories])", "logprob(stories)"
UNCOUNTED = "sum(story.cumulative_logprob or 0 for story in stories)"
BY_SETTING = "[llm.chat(conversations[i::len(settings)], params[i::len(settings)]) for i in range(len(settings))]"
EACH_STORY = "sum(variety([story.text]) for story in stories) / len(stories)"
RIGHTS, WITHIN = "right(next(outputs).outputs[0].text, word)", "word in next(outputs).outputs[0].text"
BACKWARDS = "reversed(llm.chat(conversations[::-1], params[::-1]))"


def _answer_3_11(**rows):
    """Return answers with another row, chosen from the table."""

    def answer(ns: dict) -> tuple:
        chosen = {name: row(ns["table_3_11"]) for name, row in rows.items()}
        table, settings = ns["table_3_11"], ns["SETTINGS_3_11"]
        return ns["measure_settings"], table, ns["answer_3_11"] | chosen, settings, ns["llm"]

    return answer


def _whole(table):
    return table[table["logprob"] > -0.5]["variety"]


WRONG |= {
    "3.7": [
        edit("no bos_token", "must begin with bos_token", BEGIN, ""),
        edit("bos_token in every turn", "not every turn", BEGIN, "", USER, f"bos_token + {USER}"),
        edit("dashes left out", "a dash removes it", "{{-", "{{", "{%-", "{%"),
        edit("<s> as a text", "is in the template as a text", "{{- bos_token }}", "<s>"),
        edit("a line break too few", "write it inside of the tags", '+ "\\n\\n"', '+ "\\n"'),
        edit("no generation prompt", "must end with", "if add_generation_prompt", "if false"),
        edit("generation prompt always", "is False", "if add_generation_prompt", "if true"),
        edit("the role as it comes", "calls the assistant model", 'model\\n" + message', 'assistant\\n" + message'),
        edit("not trimmed", "keeps blanks", " | trim", ""),
        edit("the system's text not trimmed", "keeps blanks", ' | trim + "\\n\\n"', ' + "\\n\\n"'),
        edit("a system turn", "no system turn", FIRST_TEXT, SYSTEM_TURN),
        edit("set in a loop", "a namespace", 'namespace(text="")', '""', "first.text", "first"),
        edit("the system's text in every turn", "into no other", '{%- set first.text = "" %}', ""),
        edit("any role a user", "role tool in a conversation", 'role == "user"', 'role != "assistant"'),
        edit("a later system message", "role system in a conversation", " and loop.first", ""),
        edit("a role not named", "must name the role", ', got " + message.role', '"'),
        edit("an unknown function", "but by Jinja itself", "raise_exception(", "raise("),
        edit("an end left out", "Jinja fails in line", "{%- endfor %}", ""),
        edit("contents taken for parts", "that LLM.chat makes of it", *AS_PARTS),
        Wrong("bytes", lambda ns: (ns["template_3_7"].encode(), ns["llm"]), "must be a text"),
        Wrong("a path", lambda ns: ("template_3_7.jinja", ns["llm"]), "looks like a path"),
    ],
    "3.8": [
        edit("broken blocks", "only whole blocks count", SAME, "same"),
        edit("the last token too", "last token is always computed", "second[:-1]", "second"),
        edit("tokens behind a difference", "no block after it counts", "            break", "            continue"),
        edit("tokens at any place", "are no prefix", SAME, SAME.replace("same", "len(set(first) & set(second[:-1]))")),
        edit("the cache left full", "empty it first", "    llm.reset_prefix_cache()\n", ""),
        edit("counters from the start", "grew meanwhile", "value - before[name]", "value"),
        edit("the outputs' counts again", "vLLM's own counters", GROWN, FROM_OUTPUTS),
        edit("a call each", "llm.chat must be called 1 time", ASKED_ALL, ASKED_EACH),
        edit("words", "prompt_tokens must be", TOKENS, "len(output.prompt.split())"),
        edit("a count left out", "measure must return a dict", '"cached_tokens": sum', '"cached": sum'),
        Wrong("a GPU's block size", lambda ns: _answers_3_8(ns, block_size=16), "block size is 128"),
        Wrong("the whole prefix", lambda ns: _answers_3_8(ns, predicted=300), "can come from the cache, not 300"),
        Wrong("a percentage", lambda ns: _answers_3_8(ns, shared=76.06), "The share for shared"),
        Wrong("the same share for both", lambda ns: _answers_3_8(ns, different=0.7606), "for different"),
        Wrong("a text", lambda ns: _answers_3_8(ns, shared="76%"), "not 76%"),
        Wrong("an engine that does not count", lambda ns: _answers_3_8(ns, SILENT), "disable_log_stats=False"),
    ],
    "3.9": [
        edit("errors raised", "it ended with ValueError: unknown tool", "except Exception", "except MemoryError"),
        edit("eval", "eval runs whatever", "json.loads(found[1])", "eval(found[1], {'true': True})"),
        edit("str of a dict", "must be JSON", DUMPED, f"str({RAN})"),
        edit("a dict for a text", "is a text", '"content": content}', '"content": json.loads(content)}'),
        edit("up to the first brace", "must give {'sky': 'foggy'", FIND, r'r"<tool_call>\s*(\{.*?\})"'),
        edit("the whole text", "must give {'sky': 'foggy'", FIND, r'r"(?=.*<tool_call>)(.*)"'),
        edit("a message for no call", "return None", "return None", f"return {NOTHING}"),
        edit("cut calls missed", "holds a call", "(</tool_call>|$)", "</tool_call>"),
        edit("an error without a text", "its type's name", " or type(error).__name__", ""),
        edit("no result", "None is null", DUMPED, f"json.dumps({RAN} or {{}}, ensure_ascii=False)"),
        edit("errors that say nothing", "name it", "str(error) or type(error).__name__", "'wrong'"),
        edit("dumped too late", "ended with TypeError", DUMPED, RAN, AS_ERROR, TYPED, *TOO_LATE),
        edit("another role", "must return a message", '{"role": "tool"', '{"role": "user"'),
        edit("the call forgotten", "The roles must be", f"{APPENDED}    if", "if"),
        edit("the call without its text", "What the model says must stay", APPENDED, EMPTIED),
        edit("tools once", "every llm.chat", SECOND, SECOND.replace(", tools=tools", "")),
        edit("the default sampling", "depend on chance", "temperature=0", "temperature=1"),
        edit("16 tokens", "Use max_tokens=64", "max_tokens=64", "max_tokens=16"),
        edit("the result alone", "all that was said before", SECOND, SECOND.replace("s, p", "s[::2], p")),
        edit("always two requests", "at once", "functions):\n        m", f"functions) or {NOTHING}:\n        m"),
        edit("the text alone", "must return a list", RETURNED, "return text\n"),
    ],
    "3.10": [
        edit("written in place", "wrote into the old file", UNFINISHED, "path", MOVED, "pass", REMOVED, "pass"),
        edit("the old file removed first", "no file is there", MOVED, f"path.unlink()\n        {MOVED}"),
        edit("a file left behind", "behind", REMOVED, "pass"),
        edit("a file in another folder", "another folder", "path.with_name(", "path.parent.with_name("),
        edit("no version", '"version": 1', '{"version": 1, "messages": messages}', '{"messages": messages}'),
        edit("not over an old file", "save must write", MOVED, f"path.exists() and int('')\n        {MOVED}"),
        edit("read too late", "is not as it was", *READ_AFTERWARDS),
        edit(
            "another encoding",
            "must be JSON in UTF-8",
            OPENED,
            OPENED.replace("utf-8", "latin-1") + ', errors="replace"',
        ),
        edit("errors swallowed", "said nothing", "    finally:", "    except OSError:\n        pass\n    finally:"),
        edit("anything as text", "or save must refuse it", "indent=2", "indent=2, default=str"),
        edit("no file's name", "must name the file", NO_JSON, "raise"),
        edit("any object", "raise a ValueError, not AttributeError", VERSION, "False"),
        edit("any version", "that it has no version", VERSION, "not isinstance(data, dict)"),
        edit(
            "a text as a version", 'of version "1", a text', VERSION, VERSION.replace('data.get("version") != 1', TEXTS)
        ),
        edit("a version that is a list", "not TypeError", VERSION, VERSION.replace("!= 1", "not in {1}")),
        edit("a version as a text", "a number, and the", '{"version": 1,', '{"version": "1",'),
        edit("a role that is a list", "not TypeError", 'ROLES = ("system", "user", "assistant", "tool")', ROLE_SET),
        edit("a content that is null", "content that is null", CONTENT, f"{CONTENT[:-5]}str | None)"),
        edit(
            "messages counted from 1", "counted from 0", 'enumerate(data["messages"])', 'enumerate(data["messages"], 1)'
        ),
        edit("any messages", "are no list", LISTED, '"messages" not in data', 'enumerate(data["messages"])', "()"),
        edit("any role", "with the role robot", 'message.get("role") not in ROLES', '"role" not in message'),
        edit("empty for missing", "not no error", READ, f"    if not path.exists():\n        return []\n{READ}"),
        edit("ValueError for missing", "not ValueError", "except ValueError", "except (OSError, ValueError)"),
    ],
    "3.11": [
        edit("a call a setting", "must be called 1 time", BATCH, f"sum({BY_SETTING}, [])"),
        edit("one parameter for all", "a list of SamplingParams", BATCH, "llm.chat(conversations, params[0])"),
        edit("one seed", "once with each of the seeds", "seed=seed,", "seed=seeds[0],"),
        edit("top_p forgotten", "another top_p", "**setting,", 'temperature=setting["temperature"],'),
        edit("16 tokens", "max_tokens=100", " max_tokens=100,", ""),
        edit("`in` for a word", "a whole word", RIGHTS, WITHIN),
        edit("another top_k", "another top_k", "**setting,", '**setting | {"top_k": 0},'),
        edit("no log probabilities", "logprobs=0 is missing", ", logprobs=0", ""),
        edit("none counted as 0", "Without logprobs=0", ", logprobs=0", "", LOGPROB, UNCOUNTED),
        edit("each story by itself", "are different, not", VARIETY, EACH_STORY),
        edit("a sum of log probabilities", "over all tokens", LOGPROB, UNCOUNTED),
        edit("the first story only", "over all tokens", LOGPROB, "logprob(stories[:1])"),
        edit("rows from 1", "numbered 0, 1", FRAME, f"{FRAME}.rename(lambda row: row + 1)"),
        changed("rows as dicts", "must be a DataFrame", table_3_11=lambda table: table.to_dict("records")),
        changed("percentages", "right is a share", table_3_11=lambda table: table.assign(right=table["right"] * 100)),
        Wrong("the worst for facts", _answer_3_11(facts=lambda t: t["right"].idxmin()), "right answers, another one"),
        Wrong("varied but broken", _answer_3_11(stories=lambda t: t["variety"].idxmax()), "are broken"),
        Wrong("whole but dull", _answer_3_11(stories=lambda t: _whole(t).idxmin()), "another whole row"),
        Wrong("a setting, not its row", _answer_3_11(facts=lambda t: 0.7), "no row of the table"),
        Wrong("the row itself", _answer_3_11(facts=lambda t: {"temperature": 0}), "no row of the table"),
    ],
    "3.12": [
        edit("the whole docstring", "first line", ".splitlines()[0]", ""),
        edit("Python's types", "in JSON's words", "JSON_TYPES[argument.annotation]", "argument.annotation.__name__"),
        edit("no type object", "as in TOOLS_3_9", '        "type": "object",\n', ""),
        edit("everything required", "without a default", " if argument.default is inspect.Parameter.empty", ""),
        edit("an empty list left out", "must be []", REQUIRED, REQUIRED_IF),
        edit(
            "repeated calls dropped",
            "the same call twice in one text",
            "calls_in(text)",
            "list(dict.fromkeys(calls_in(text)))",
        ),
        edit("calls of earlier rounds dropped", "the same call in two rounds", NEW_CALLS, *NOT_YET_RUN),
        edit("the last call first", "The tool messages must hold", "calls_in(text)", "calls_in(text)[::-1]"),
        edit("the given messages changed", "were given come first", "list(messages)\n    tools", QUIET),
        edit("whole calls only", "a good call and one that was cut", "calls_in(text)", WHOLE),
        edit("the first call alone", "after two calls in one text", "for call in calls]", "for call in calls[:1]]"),
        edit("the caller's list", "changes the messages", "    messages = list(messages)\n", ""),
        edit("the call forgotten", "The roles must be", APPENDED, f"_ = '<tool_call>' in text or {APPENDED}"),
        edit("tools once", "hold the descriptions", "tools=tools)", "tools=tools if len(messages) == 1 else None)"),
        edit("errors raised", "Errors go back", "        messages += [", f"{STRICT}        messages += ["),
        edit("a limit of its own", "must be asked 1 time", "range(max_rounds)", "range(10)"),
        edit("another limit by default", "Without max_rounds", "max_rounds=4", "max_rounds=5"),
        edit("one round too few", "in the last round", "range(max_rounds)", "range(max_rounds - 1)"),
        edit("sampled", "depend on chance", "temperature=0", "temperature=0.7"),
        edit("another error", "a RuntimeError, not ValueError", "raise RuntimeError", "raise ValueError"),
        edit("an error without the number", "must name the number of rounds", "{max_rounds} rounds, ", "all, "),
        edit("no error at the end", "a RuntimeError, not return", "    raise RuntimeError(", "    return messages, ("),
    ],
}

OTHER_DESCRIPTION = (
    '"required": [argument.name for argument in arguments if argument.default is inspect.Parameter.empty]',
    '"required": tuple(a.name for a in arguments if a.default is a.empty)',
    "calls_in(text)",
    '["<tool_call>" + part for part in text.split("<tool_call>")[1:]]',
)

RIGHT |= {
    "3.7": [
        edit("subscripts", "", "message.role", "message['role']", "message.content", "message['content']"),
        edit("Python's strip", "", "message.content | trim", "message.content.strip()"),
        edit("the first message's text, before the loop", "", *BEFORE_LOOP),
        edit("a dash on both sides", "", " %}\n", " -%}\n", " }}\n", " -}}\n"),
    ],
    "3.8": [
        edit("a list of params, by keyword", "", ASKED_ALL, BY_KEYWORD),
        edit("vLLM's metrics at their source", "", *AT_SOURCE),
        edit("numpy's numbers", "", SAME, f"pd.Series([{SAME}])[0]", TOTAL, SUMMED),
        Wrong("numpy's numbers in the answer", _in_numpy, ""),
    ],
    "3.9": [
        edit("generate, with token ids", "", WITH_TOOLS, GENERATED),
        edit("a batch of one", "", WITH_TOOLS, "llm.chat([messages], [params], tools=tools)"),
        edit("the call as tool_calls", "", f"{APPENDED}    if", f"{APPENDED}{STRUCTURED}"),
        edit("a generator", "", RETURNED, "yield from messages\n", "ensure_ascii=False", "indent=2"),
        edit("the error as Python writes it", "", "str(error) or type(error).__name__", "repr(error)"),
        edit("any result as JSON", "", DUMPED, DUMPED.replace("ensure_ascii=False", "default=list")),
    ],
    "3.10": [
        edit("texts for paths", "", MOVED, "os.rename(str(unfinished), dst=str(path))"),
        edit("Path.replace, ASCII", "", MOVED, "unfinished.replace(path)", "ensure_ascii=False, ", ""),
        edit("a generator", "", LOADED, 'yield from data["messages"]\n'),
    ],
    "3.11": [
        edit("another order, float32", "", BATCH, BACKWARDS, FRAME, f'{FRAME}.astype("float32").assign(more=1)'),
        edit("tuples", "", BATCH, "llm.chat([tuple(talk) for talk in conversations], tuple(params))"),
        edit("more log probabilities", "", "logprobs=0", "logprobs=1"),
        Wrong("a number of numpy", _answer_3_11(stories=lambda t: np.float64(_whole(t).idxmax())), ""),
    ],
    "3.12": [
        edit("generate, with token ids", "", WITH_TOOLS, GENERATED, RETURNED, "return tuple(messages)\n"),
        edit("a tuple of names, calls split by hand", "", *OTHER_DESCRIPTION),
        edit("more in the description", "", '"required": [', '"additionalProperties": False, "required": ['),
    ],
}
