"""The likely mistakes in exercises 3.7 to 3.12, and right answers in a form that the solutions do not have."""

from types import SimpleNamespace

import numpy as np

from tests.checks.wrong_answers import Wrong, edit

# 3.7

BEGIN, USER = "{{- bos_token }}\n", '"<start_of_turn>user'
FIRST_TEXT = 'and loop.first %}\n        {%- set first.text = message.content | trim + "\\n\\n"'
SYSTEM_TURN = '%}\n        {{- "<start_of_turn>system\\n" + message.content + "<end_of_turn>\\n" }}{%- set unused = ""'

# 3.8

SAME, TOKENS = "same // block_size * block_size", "len(output.prompt_token_ids)"
TOTAL, SUMMED = f"sum({TOKENS} for output in outputs)", f"pd.Series([{TOKENS} for output in outputs]).sum()"
ASKED_ALL = "llm.chat(conversations, SamplingParams(temperature=0, max_tokens=16))"
ASKED_EACH = "[llm.chat(one, SamplingParams(max_tokens=1))[0] for one in conversations]"
BY_KEYWORD = "llm.chat(messages=conversations, sampling_params=[SamplingParams(max_tokens=1)] * len(conversations))"
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
ERROR = 'json.dumps({"error": str(error) or type(error).__name__}, ensure_ascii=False)'
TOO_LATE = ['"content": content}', '"content": json.dumps(content)}']
KEPT, RETURNED = 'messages.append({"role": "assistant", "content": text})\n', "return messages\n"
CHATTED = "llm.chat(messages, params, tools=tools)"
SECOND = f"        text = {CHATTED}"
GENERATED = 'llm.generate({"prompt_token_ids": chat_token_ids(llm, messages, tools=tools)}, params)'
STRUCTURED = """    if "</tool_call>" in text:
        wanted = {"type": "function", "function": json.loads(text[text.index("{") : text.rindex("}") + 1])}
        messages[-1] = {"role": "assistant", "content": None, "tool_calls": [wanted]}
    if"""
STRICT = '        if "error" in run_tool(calls[0], by_name)["content"]:\n            raise ValueError\n'

# 3.10

UNFINISHED, MOVED = 'path.with_name(f".{path.name}.{os.getpid()}.tmp")', "os.replace(unfinished, path)"
REMOVED, READ = "unfinished.unlink(missing_ok=True)", "    try:\n        data = json"
NO_JSON = 'raise ValueError(f"{path} must be JSON in UTF-8, got: {error}") from None'
VERSION, LISTED = 'not isinstance(data, dict) or data.get("version") != 1', 'not isinstance(data.get("messages"), list)'
LOADED = 'return data["messages"]\n'

# 3.11

BATCH, SHARE, FRAME = "llm.chat(conversations, params)", "len(set(words)) / len(words)", "for _ in settings])"
BY_SETTING = "[llm.chat(conversations[i::len(settings)], params[i::len(settings)]) for i in range(len(settings))]"
EACH_STORY = "sum(len(set(s.text.split())) / len(s.text.split()) for s in stories) / len(stories)"
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


WRONG = {
    "3.7": [
        edit("no bos_token", "must begin with bos_token", BEGIN, ""),
        edit("bos_token in every turn", "not every turn", BEGIN, "", USER, f"bos_token + {USER}"),
        edit("dashes left out", "a dash removes it", "{{-", "{{", "{%-", "{%"),
        edit("<s> as a text", "stands in the template as a text", "{{- bos_token }}", "<s>"),
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
        Wrong("a path", lambda ns: ("template_3_7.jinja", ns["llm"]), "looks like a path"),
    ],
    "3.8": [
        edit("broken blocks", "only whole blocks count", SAME, "same"),
        edit("the last token too", "last token is always computed", "second[:-1]", "second"),
        edit("tokens behind a difference", "no block behind it counts", "            break", "            continue"),
        edit("tokens at any place", "are no prefix", SAME, SAME.replace("same", "len(set(first) & set(second[:-1]))")),
        edit("the cache left full", "empty it first", "    llm.reset_prefix_cache()\n", ""),
        edit("counters from the start", "grew meanwhile", "value - before[name]", "value"),
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
        edit("errors that say nothing", "name it", "str(error) or type(error).__name__", "'wrong'"),
        edit("dumped too late", "ended with TypeError", DUMPED, RAN, ERROR, '{"error": str(error)}', *TOO_LATE),
        edit("another role", "must return a message", '{"role": "tool"', '{"role": "user"'),
        edit("the call forgotten", "The roles must be", f"{KEPT}    if", "if"),
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
        edit("errors swallowed", "said nothing", "    finally:", "    except OSError:\n        pass\n    finally:"),
        edit("anything as text", "gives something else back", "indent=2", "indent=2, default=str"),
        edit("no file's name", "must name the file", NO_JSON, "raise"),
        edit("any object", "raise a ValueError, not AttributeError", VERSION, "False"),
        edit("any version", "that it has no version", VERSION, "not isinstance(data, dict)"),
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
        edit("a number of words", "are different, not 77", SHARE, "len(set(words))"),
        edit("each story by itself", "are different, not", SHARE, EACH_STORY),
        edit("a sum of log probabilities", "over all tokens", "sum(len(story.token_ids) for story in stories)", "1"),
        edit("rows from 1", "numbered 0, 1", FRAME, f"{FRAME}.rename(lambda row: row + 1)"),
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
        edit("the first call alone", "after two calls in one text", "for call in calls]", "for call in calls[:1]]"),
        edit("the caller's list", "changes the messages", "    messages = list(messages)\n", ""),
        edit("the call forgotten", "The roles must be", KEPT, f"_ = '<tool_call>' in text or {KEPT}"),
        edit("tools once", "hold the descriptions", "tools=tools)", "tools=tools if len(messages) == 1 else None)"),
        edit("errors raised", "Errors go back", "        messages += [", f"{STRICT}        messages += ["),
        edit("a limit of its own", "must be asked 1 times", "range(max_rounds)", "range(10)"),
        edit("one round too few", "in the last round", "range(max_rounds)", "range(max_rounds - 1)"),
        edit("sampled", "depend on chance", "temperature=0", "temperature=0.7"),
        edit("another error", "a RuntimeError, not ValueError", "raise RuntimeError", "raise ValueError"),
        edit("an error without the number", "must name the number of rounds", "{max_rounds} rounds, ", "all, "),
        edit("no error at the end", "a RuntimeError, not return", "    raise RuntimeError(", "    return messages, ("),
    ],
}

RIGHT = {
    "3.7": [
        edit("subscripts", "", "message.role", "message['role']", "message.content", "message['content']"),
        edit("Python's strip", "", "message.content | trim", "message.content.strip()"),
        edit("a dash on both sides", "", " %}\n", " -%}\n", " }}\n", " -}}\n"),
    ],
    "3.8": [
        edit("a list of params, by keyword", "", ASKED_ALL, BY_KEYWORD),
        edit("numpy's numbers", "", SAME, f"pd.Series([{SAME}])[0]", TOTAL, SUMMED),
        Wrong("numpy's numbers in the answer", _in_numpy, ""),
    ],
    "3.9": [
        edit("generate, with token ids", "", CHATTED, GENERATED),
        edit("a batch of one", "", CHATTED, "llm.chat([messages], [params], tools=tools)"),
        edit("the call as tool_calls", "", f"{KEPT}    if", f"{KEPT}{STRUCTURED}"),
        edit("a generator", "", RETURNED, "yield from messages\n", "ensure_ascii=False", "indent=2"),
        edit("any result as JSON", "", DUMPED, DUMPED.replace("ensure_ascii=False", "default=list")),
    ],
    "3.10": [
        edit("texts for paths", "", MOVED, "os.rename(str(unfinished), dst=str(path))"),
        edit("Path.replace, ASCII", "", MOVED, "unfinished.replace(path)", "ensure_ascii=False, ", ""),
        edit("a generator", "", LOADED, 'yield from data["messages"]\n'),
    ],
    "3.11": [
        edit("another order, float32", "", BATCH, BACKWARDS, FRAME, f'{FRAME}.astype("float32").assign(more=1)'),
        edit("tuples", "", BATCH, "llm.chat(tuple(conversations), tuple(params))"),
        Wrong("a number of numpy", _answer_3_11(stories=lambda t: np.float64(_whole(t).idxmax())), ""),
    ],
    "3.12": [
        edit("generate, with token ids", "", CHATTED, GENERATED, RETURNED, "return tuple(messages)\n"),
        edit("more in the description", "", '"required": [', '"additionalProperties": False, "required": ['),
    ],
}
