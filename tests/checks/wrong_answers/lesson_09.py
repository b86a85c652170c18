"""The likely mistakes in lesson 09's exercises, and right answers in another form than the solution's."""

import asyncio
import collections

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from tests.checks.wrong_answers import changed, edit
from vllm_course.remote.reply import Call, Reply
from vllm_course.toolbox.judging import judge
from vllm_course.toolbox.schemas import Tool, openai_schema


def instead(name, hint, **functions):
    """Put other functions in the place of the solution's."""
    return changed(name, hint, **{key: lambda _, new=value: new for key, value in functions.items()})


# 9.1

USAGE = "        if not chunk.choices:  # the usage\n            continue\n"
BY_INDEX = 'calls.setdefault(piece.index, {"name": piece.function.name, "arguments": ""})'
ADDED = 'call["arguments"] += piece.function.arguments or ""'
SORTED = "[calls[index] for index in sorted(calls)]"
READ = "[{**call, 'arguments': json.loads(call['arguments'])} for call in calls.values()]"
BY_NAME = "(piece.function.name or [*calls][-1]"
BY_ARRIVAL = SORTED, "tuple(calls.values())"
PIECES = "chunk.choices[0].delta.tool_calls or []"


def with_reply(chunks):
    """Let the course's own class do it."""
    reply = Reply()
    for chunk in chunks:
        reply.add(chunk)
    return (collections.OrderedDict(arguments=c.arguments, name=c.name, id=c.id) for c in reply.calls)


# 9.2

DESCRIPTION, PARAMETERS = '"description": tool.description or ""', '"parameters": tool.input_schema'
STRICT = 'function["strict"] = True'
WRAPPED = 'return {"type": "function", "function": function}'
AS_TEXT, IN_SCHEMA = "json.dumps(tool.input_schema)", '{**tool.input_schema, "strict": True}'
TIDIED = "    tool.input_schema.pop('title', None)\n"
DEFINED = "    function = {"


def by_the_course(tool, strict=False):
    """Let the course's own function do it, and say in any case whether it is strict."""
    found = openai_schema(Tool(tool.name, "", tool.description or "", tool.input_schema), strict=strict)
    found["function"].setdefault("strict", False)
    return collections.OrderedDict(found)


# 9.3

UNKNOWN, REPORTS = 'raise ToolError("unknown city")', "return {'error': 'unknown city'}"
CHECKED = f"        if city not in POPULATION_9_3:\n            {UNKNOWN}\n"
ADD = "def add(a: int, b: int) -> dict:"
TITLED = "if city not in POPULATION_9_3:", "if (city := city.title()) not in POPULATION_9_3:"
MARKED = '"adds two numbers", annotations=reads'
DUMPED = '{"sum": a + b}', 'json.dumps({"sum": a + b})'


class Sum(dict):
    """A dict, and more."""


def with_async_tools():
    """Register async functions with docstrings."""
    towns, only = MCPServer("towns"), ToolAnnotations(read_only_hint=True, title="Towns")
    table = {"Tolvo": 812, "Kelden": 2750, "Miravo": 640, "Oakmere": 77}

    async def get_population(city: str) -> dict[str, int]:
        """The population."""
        if city in table:
            return {"population": table[city]}
        raise ToolError(f"{city} is an unknown city")

    async def add(b: int, a: int):
        """The sum."""
        await asyncio.sleep(0)
        return Sum(sum=a + b)

    towns.add_tool(get_population, annotations=only)
    towns.add_tool(add, annotations=only)
    return towns


# 9.4

UNLISTED = (
    '    for name in arguments:\n        if name not in schema["properties"]:\n'
    "            return f\"{call['name']} takes no argument {name!r}\"\n"
)
OBJECT = (
    "    if not isinstance(arguments, dict):\n"
    "        return f\"the arguments must be a JSON object, not {call['arguments']!r}\"\n"
)
PLACE = 'place = "".join(f"argument {name}: " for name in error.path)'
LOADED = 'json.loads(call["arguments"])'
READ_AS_PYTHON = (
    LOADED,
    "eval(call['arguments'], dict(true=True, false=False, null=None))",
    "except (ValueError, RecursionError)",
    "except Exception",
)
ALL_NEEDED = '    if len(arguments) < len(schema["properties"]):\n        return "give all"\n'
NAMES = ", there is {', '.join(known) or 'none'}"
VALIDATED = "    for error in jsonschema.Draft202012Validator(schema).iter_errors(arguments):\n"
KINDS = "dict(string=str, integer=int, number=(int, float), boolean=bool)"
NEEDED = '    for name in schema["required"]:\n        if name not in arguments:\n            return f"give {name}"\n'
BY_HAND = NEEDED + (
    "    for name, value in arguments.items():\n"
    '        kind = schema["properties"][name]["type"]\n'
    f"        if not isinstance(value, {KINDS}[kind])AND_TRUE:\n"
    '            return f"{name} must be {kind}"\n    return ""\n'
)
NOT_TRUE = ' or (isinstance(value, bool) and kind != "boolean")'


def by_judging(call, tools):
    """Let the course's own judge do it, with a schema that forbids more arguments."""
    known = {}
    for tool in tools:
        about = tool["function"]
        closed = about["parameters"] | {"additionalProperties": False}
        known[about["name"]] = Tool(about["name"], "", "", closed)
    problem = judge(Call("1", call["name"], call["arguments"]), known).problem
    return problem


# 9.5

RUN = 'run(c["function"]["name"], c["function"]["arguments"])'
GATHER, ONE_BY_ONE = f"await asyncio.gather(*[{RUN} for c in calls])", f"[await {RUN} for c in calls]"
ARRIVING = f"[await done for done in asyncio.as_completed([{RUN} for c in calls])]"
AS_DICT = 'c["function"]["arguments"]', 'read_arguments(c["function"]["arguments"])'
NO_LENGTH = 'message.get("tool_calls", [])\n        if len(calls) == 0:'
CALLS = 'message.get("tool_calls") or []'
TEXT_ONLY = '{"role": "assistant", "content": message["content"]}'
KNOWN = '{name: message[name] for name in ("role", "content", "tool_calls") if name in message}'
NO_NONE = "{name: value for name, value in message.items() if value is not None}"
LIMIT = "        if number == max_rounds:\n            break\n"
KEPT, ID = "        messages.append(message)\n", '"tool_call_id": call["id"], '
ANSWER = 'return message["content"], messages'
COUNTED = "for number in range(max_rounds + 1):"
TASKS = (
    "        async with asyncio.TaskGroup() as group:\n"
    f"            tasks = [group.create_task({RUN}) for c in calls]\n"
    "        results = [task.result() for task in tasks]\n"
)


async def by_recursion(ask, run, question, max_rounds=3, so_far=()):
    """Ask, run, and go on with what is left."""
    said = [*(so_far or [collections.OrderedDict(role="user", content=question)])]
    said.append(await ask(tuple(said)))
    if not said[-1].get("tool_calls"):
        return [said[-1].get("content"), tuple(said)]
    if max_rounds <= 0:
        raise RecursionError("too many rounds")

    async def one(call):
        text = await run(**call["function"])
        return {"role": "tool", "tool_call_id": call["id"], "content": text}

    said += await asyncio.gather(*map(one, said[-1]["tool_calls"]))
    return await by_recursion(ask, run, question, max_rounds - 1, said)


# 9.6

CALL, ANY, SLOW = "client.call_tool(name, arguments)", "except Exception as error:", "    except TimeoutError:"
TIMED = f"        async with asyncio.timeout(timeout):\n            result = await {CALL}\n"
SAYS, IS_ERROR, NO_DICT = (
    "str(error) or type(error).__name__",
    "if result.is_error:",
    'found if isinstance(found, dict) else {"result": found}',
)
BLOCKS = '"\\n".join(block.text for block in result.content if block.type == "text")'
TASK, HEARS = f"        task = asyncio.create_task({CALL})\n", "so that the model hears of it"
WAITED = f"""{TASK}        await asyncio.wait([task], timeout=timeout)
        if not task.done():
            task.cancel()
            raise TimeoutError
        result = task.result()
"""
BY_ANYIO = f"        import anyio\n\n        with anyio.fail_after(timeout):\n            result = await {CALL}\n"

# 9.7

WHOLE, HALVES = "    if count(text) <= budget:\n        return text\n", "    fits, too_long = 0, len(text)\n"
LETTERS = "    while count(text + MARK) > budget:\n        text = text[:-1]\n    return text + MARK\n"
BY_RATE = "    return text[: len(text) * (budget - 16) // count(text)] + MARK\n"
BY_BISECT = """    import bisect

    first = bisect.bisect_right(range(1, len(text)), budget, key=lambda end: count(text[:end] + MARK))
    return text[:first] + MARK
"""
UPWARDS = """    kept, step = 0, 1 << len(text).bit_length()
    while step := step // 2:
        if kept + step < len(text) and count(f"{text[: kept + step]}...CUT") <= budget:
            kept += step
    return f"{text[:kept]}...CUT"
"""
ALL_FITS, SOME_ROOM = "<= budget:\n            fits", "<= budget - 8:\n            fits"

# 9.8

FOREIGN, TYPED = "if foreign or name not in read_only:", 'typed.strip().lower() not in ("y", "yes")'
CONFIRMED = "if 'confirmed' not in arguments and (foreign or name not in read_only):"
NAME, VALUES, NO_TEXT = "{json.dumps(name)}", "{json.dumps(arguments)}", "without anything invisible"
IN_QUESTION, IN_RESULTS = " and not has(question, value)", "any(has(result, value) for result in results) and "
WORD = r"(?<!\w){re.escape(str(value))}(?!\w)"
BY_WORDS = """def has(text, value):
    words, wanted = (re.findall(r"\\w+|[^\\w\\s]", str(one).lower()) for one in (text, value))
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


def comes"""
DECLINED, NO_ARGUMENTS = 'return {"error": "the user declined this call"}', "foreign = bool(arguments) and all"

# 9.9

SHARES = '    shares = table["verdict"].value_counts(normalize=True).reindex(VERDICTS, fill_value=0.0)\n'
WRITTEN, RIGHT_ONES, GOT = 'read(calls[0]["arguments"])', 'expected["arguments"]', '"got": calls'
SAME = "return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)"
DIFFERENT = f"not same({WRITTEN}, {RIGHT_ONES})"
NO_CALLS, SECOND = '    if not calls:\n        return "no call"\n', '"needless call" if len(calls) > 1 else "exact"'
OTHER_TYPES = """    import numpy as np

    shares = {name: np.float32((table["verdict"] == name).mean()) for name in VERDICTS}
    return [table.assign(number=range(len(table))).set_index("number"), pd.Series(shares)]
"""

# 9.10

HIDDEN, AS_OPENAI = ' if tool.name not in ("look_up", "list_terms")', "[as_openai(tool) for"
APPENDED, BOUND = "        messages.append(message)\n", r'rf"(?<!\w){re.escape(term)}(?!\w)"'
LAST_ROUND, END = "if rounds == 3:", 'return {"answer": message["content"], "section": None, "tools": names}'
SAFE = 'return await safe_call(client, function["name"], arguments)'
RAW = 'return (await client.call_tool(function["name"], arguments)).structured_content'
IN_TURN = """            names.append(call["function"]["name"])
            content = json.dumps(await run_call(client, call["function"]))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})
"""
AT_ONCE = """        names += [call["function"]["name"] for call in calls]
        found = await asyncio.gather(*(run_call(client, call["function"]) for call in calls))
        for call, one in zip(calls, found):
            messages += [dict(role="tool", tool_call_id=call["id"], content=json.dumps(one, ensure_ascii=False))]
"""


WRONG = {
    "9.1": [
        edit("choices[0] of the usage", "IndexError", USAGE, ""),
        edit("no call, no list", "TypeError", PIECES, PIECES.removesuffix(" or []")),
        edit("None is added", "TypeError", ADDED, ADDED.removesuffix(' or ""')),
        edit("only the last piece", "join all pieces", "+= piece", "= piece"),
        edit("only the first piece", "join all pieces", BY_INDEX + "\n", BY_INDEX + "; calls = {**calls}\n", ADDED, ""),
        edit("the name of the last piece", "only the first piece has the name", ADDED, f'{ADDED}; call["name"] = None'),
        edit("one call only", "one dict per call, 2, not 1", "piece.index, ", "0, "),
        edit("by the tool's name", "see piece.index", "(piece.index", BY_NAME, *BY_ARRIVAL),
        edit("by arrival", "in the order of their index", *BY_ARRIVAL),
        edit("the first of a chunk", "one dict per call, 2, not 1", PIECES, f"({PIECES})[:1]"),
        edit("read as JSON", "must stay a text", SORTED, READ),
        changed("another answer's calls", "in calls_9_1", calls_9_1=lambda right: []),
        changed("a text", "must be the list of calls", calls_9_1=str),
    ],
    "9.2": [
        edit("no type", "a dict with type, function", WRAPPED, "return function"),
        edit("all in one dict", "a dict with type, function", WRAPPED, 'return {"type": "function", **function}'),
        edit("None stays", "None becomes an empty text", DESCRIPTION, DESCRIPTION.removesuffix(' or ""')),
        edit("MCP's name of the schema", "a dict with name, description, parameters", '"parameters"', '"input_schema"'),
        edit("the schema as a text", "The schema stays as it is", PARAMETERS, '"parameters": ' + AS_TEXT),
        edit("the properties only", "The schema stays as it is", PARAMETERS, PARAMETERS + '.get("properties", {})'),
        edit("strict outside", 'strict" belongs beside name', WRAPPED, WRAPPED[:-1] + ', "strict": strict}'),
        edit("strict in the schema", "The schema stays", STRICT, 'function["parameters"] = ' + IN_SCHEMA),
        edit("always strict", "it is not there", "if strict:", "if True:"),
        edit("a text for True", "not 'true'", STRICT, 'function["strict"] = "true"'),
        edit("no strict", "TypeError", "tool, strict=False", "tool, strictly=False", "if strict", "if strictly"),
        edit("titles taken away", "to_openai changes the tool", DEFINED, TIDIED + DEFINED),
        changed("a dict", "a list with one dict per tool", schemas_9_2=lambda right: {"tools": right}),
        changed("one only", "one dict per tool, 2, not 1", schemas_9_2=lambda right: right[:1]),
    ],
    "9.3": [
        edit("the error as a result", "is_error and the text 'unknown city'", UNKNOWN, REPORTS),
        edit("another exception", "keeps the text of any other exception to itself", "ToolError(", "LookupError("),
        edit("not looked up", "keeps the text of any other", CHECKED, ""),
        edit("another text", "the text 'unknown city'", "unknown city", "no such place"),
        edit("more than the text", "Nothing comes after it", UNKNOWN, 'raise ToolError(f"unknown city: {city}")'),
        edit("small letters, too", "get_population('tolvo')", *TITLED),
        edit("another name of the server", 'must have the name "towns"', '"towns"', '"Towns"'),
        edit("a number", '{"sum": 42}, not 42', '{"sum": a + b}', "a + b", ADD, ADD.replace("dict", "int")),
        edit("a text of JSON", "return a dict", *DUMPED, ADD, ADD.replace("dict", "str")),
        edit("another key", 'must give the model {"sum": 42}', '{"sum"', '{"result"'),
        edit("no type hints", "add must take {'a': 'integer'", ADD, "def add(a, b):"),
        edit("other names", "add must take", ADD, "def add(x: int, y: int):", "a + b", "x + y"),
        edit("a default", "give none a default", ADD, ADD.replace("b: int", "b: int = 0")),
        edit("no description", "must have a description", 'description="adds two numbers", ', ""),
        edit("no mark", "add must say that it only reads", MARKED, '"adds two numbers"'),
        edit("the wrong mark", "must say that it only reads", "read_only_hint=True", "read_only_hint=False"),
        edit("another name", "must have the tools", "def get_population(", "def population("),
        edit("nothing returned", "must return an MCPServer, not None", "    return server\n", ""),
        instead("a server without tools", "must have the tools", make_server=lambda: MCPServer("towns")),
    ],
    "9.4": [
        edit("jsonschema only", "the schema has no country", UNLISTED, ""),
        edit("the message only", "must name city", "{place}", ""),
        edit("no look at the object", "a JSON text is no object", OBJECT, ""),
        edit("Python is JSON too", "other quotation marks than Python", *READ_AS_PYTHON),
        edit("not caught", "JSONDecodeError", "(ValueError, RecursionError)", "KeyError"),
        edit("only a ValueError", "it ended with RecursionError", "(ValueError, RecursionError)", "ValueError"),
        edit("a name as it is", "Return one line", "called {call['name']!r}", "called {call['name']}"),
        edit("an argument as it is", "Return one line", "no argument {name!r}", "no argument {name}"),
        edit("which tools there are", "must name get_weather", NAMES, ""),
        edit("True is a number", "true is no number in JSON", VALIDATED, BY_HAND.replace("AND_TRUE", "") + VALIDATED),
        edit("only names", "city is no text", VALIDATED, NEEDED + "    for error in []:\n"),
        edit("all are needed", "This call may run", VALIDATED, ALL_NEEDED + VALIDATED),
        edit("None for good", "must return a text", 'return ""', "return None"),
        edit("raised", "Return a sentence for the model", 'return f"{place}{error.message}"', "raise error"),
        edit("the text as it is", "Return one line", "{call['arguments']!r}", "{call['arguments']}"),
        edit("the object changed", "changes the call", LOADED, "call['arguments'] = " + LOADED),
    ],
    "9.5": [
        edit("one after the other", "must run at the same time", GATHER, ONE_BY_ONE),
        edit("as they arrive", "content of message 3", GATHER, ARRIVING),
        edit("no limit", "again and again", LIMIT, "", COUNTED, "for number in iter(int, 1):"),
        edit("one round less", "but for three rounds it ended", "== max_rounds:", "== max_rounds - 1:"),
        edit("the last calls run too", "Ask 4 times and run 6 calls", LIMIT, ""),
        edit("a text at the end", "Raise a RuntimeError", "raise RuntimeError(", "return str("),
        edit("a fixed limit", "1 round", "max_rounds + 1", "4", "== max_rounds", "== 3"),
        edit("the model's messages forgotten", "the roles must be user assistant, not user", KEPT, ""),
        edit("the text only", "tool_calls of message 2", KEPT, KEPT.replace("message)", f"{TEXT_ONLY})")),
        edit("what one knows of it", "refusal of message 2", KEPT, KEPT.replace("message)", f"{KNOWN})")),
        edit("None left out", "refusal of message 2", KEPT, KEPT.replace("message)", f"{NO_NONE})")),
        edit("a result stripped", "content of message 3", '"content": result', '"content": result.strip()'),
        edit("one key more", "and not ['name'] too", ID, ID + '"name": call["function"]["name"], '),
        edit("no id", "tool_call_id of message 3", ID, ""),
        edit("the first id", "tool_call_id of message 4", 'call["id"]', 'calls[0]["id"]'),
        edit("the role of the user", "the roles must be user assistant tool", '"role": "tool"', '"role": "user"'),
        edit("arguments as a dict", "a text, for one call", *AS_DICT),
        edit("the key is always there", "KeyError", CALLS, 'message["tool_calls"]'),
        edit("None has no length", "TypeError", f"{CALLS}\n        if not calls:", NO_LENGTH),
        edit("no await", "an await is missing", "await ask(messages)", "ask(messages)"),
        edit("another text", "The text must be 'Hello.'", ANSWER, "return question, messages"),
        edit("texts", "each a dict", ANSWER, ANSWER.replace("messages", "[str(one) for one in messages]")),
        edit("asked once more", "Ask the model 1 time, not 2", ANSWER, f"await ask(messages)\n            {ANSWER}"),
        edit("the text alone", "must return a pair", ANSWER, 'return message["content"]'),
        edit("the first call only", "Run each call once, [('slow'", CALLS, f"({CALLS})[:1]"),
        edit("only the new messages", "user assistant tool, not tool", "ask(messages)", "ask(messages[-1:])"),
        edit("a plain function", "an await is missing", GATHER, ONE_BY_ONE.replace("await ", "")),
    ],
    "9.6": [
        edit("exceptions come out", HEARS, ANY, "except ValueError as error:"),
        edit("cancellation held", "CancelledError must come out", ANY, "except BaseException as error:"),
        edit("an error that says nothing", "a text that says something", SAYS, "str(error)"),
        edit("the exception itself", "a text that says something", SAYS, "error"),
        edit("no time-out", "must be back after 5.0 s", "timeout(timeout)", "timeout(None)"),
        edit("a time-out of its own", "must be back after 2.5 s", "timeout(timeout)", "timeout(5)"),
        edit("another default", "must be back after 5.0 s", "timeout=5.0", "timeout=30.0"),
        edit("the time-out comes out", HEARS, SLOW, f"{SLOW}\n        raise\n{SLOW}"),
        edit("no await", "an await is missing", f"await {CALL}", CALL),
        edit("a task left when cancelled", "a task that it started still runs", TIMED, WAITED),
        edit("is_error ignored", "where is_error is set", IS_ERROR, "if result.is_error and False:"),
        edit("an error of one's own", "must say 'unknown city'", 'text or "the tool failed"', '"the tool failed"'),
        edit("an error without content", "without any content", 'text or "the tool failed"', "text"),
        edit("text only", "structured content beside", "result.structured_content", "None"),
        edit("only what is not empty", "an empty dict", "if found is None:", "if not found:"),
        edit("nothing called", "Call the tool, for", TIMED, "        return {}\n" + TIMED),
        edit("structured only", "JSON in the text", "if found is None:", "if found is None and not text:"),
        edit("all text must be JSON", "it ended with JSONDecodeError", "except ValueError:", "except TypeError:"),
        edit("no dict", "must return a dict", NO_DICT, "found"),
        edit("only text is expected", "it ended with AttributeError", ' if block.type == "text"', ""),
        edit("some content is expected", "it ended with IndexError", BLOCKS, "result.content[-1].text"),
        edit("asked again", "Call the tool once", TIMED, TIMED + f"            result = await {CALL}\n"),
    ],
    "9.7": [
        edit("always a mark", "is returned unchanged", WHOLE, ""),
        edit("a text that fits to the token", "is returned unchanged", "if count(text) <=", "if count(text) <"),
        edit("the mark is not counted", "mark included", "text[:middle] + MARK", "text[:middle]"),
        edit("no mark", "must come a mark", "return text[:fits] + MARK", "return text[:fits]"),
        edit("a mark that says nothing", "with the word cut", "[cut: the rest does not fit]", "..."),
        edit("a word with cut in it", "with the word cut", "[cut: the rest does not fit]", "execute!"),
        edit("a long mark", "at most 40 characters", "[cut: the", "[cut: this is not all of it, the"),
        edit("by the rate", "a longer beginning fits", HALVES, BY_RATE + HALVES),
        edit("letter by letter", "more than 25 times", HALVES, LETTERS + HALVES),
        edit("a tenth less each time", "fits", HALVES, LETTERS.replace(":-1", ": len(text) * 9 // 10") + HALVES),
        edit("the end", "a beginning of the text", "text[:middle]", "text[-middle:]", "[:fits]", "[-fits:]"),
        edit("some room left", "a longer beginning fits", ALL_FITS, SOME_ROOM),
        edit("a letter too many", "mark included", "return text[:fits]", "return text[:too_long]"),
    ],
    "9.8": [
        edit("nobody is asked", "Ask a person once", FOREIGN, "if False:"),
        edit("everybody is asked", "Ask nobody", FOREIGN, "if True:"),
        edit("read-only tools always run", "1 and 2 come from the result", "foreign or ", ""),
        edit("only what comes from a result", "does not only read", " or name not in read_only", ""),
        edit("all arguments", "one argument from a result is enough", "foreign = any", NO_ARGUMENTS),
        edit("the last result", "1 and 2 are not in the question", "in results)", "in results[-1:])"),
        edit("the question forgotten", "the question has it, too", IN_QUESTION, ""),
        edit("all that is not in the question", "no whole words in the result", IN_RESULTS, ""),
        edit("parts of words", "no whole words in the result", WORD, "{re.escape(str(value))}"),
        edit("a value as a pattern", "it ended with error", "re.escape(str(value))", "str(value)"),
        edit("a limit of words", "-5 and -7 come from the result", WORD, r"\b{re.escape(str(value))}\b"),
        edit("the beginning of values", "each as a whole", VALUES, "{json.dumps(arguments)[:120]}"),
        edit("a name in one line", NO_TEXT, NAME, "{' '.join(name.split())}"),
        edit("a name without Escape", NO_TEXT, NAME, "{name.translate({10: 32, 27: 32})}"),
        edit("capital letters count", "small and capital letters are the same", "re.IGNORECASE", "0"),
        edit("any answer is a yes", "Only what the person types counts", TYPED, "not typed"),
        edit("what begins with y", "only y and yes mean yes", TYPED, 'not typed.strip().lower().startswith("y")'),
        edit("small letters only", "only y and yes mean yes", TYPED, 'typed not in ("y", "yes")'),
        edit("the model confirms", "Ask a person once", FOREIGN, CONFIRMED),
        edit("written as it is", NO_TEXT, VALUES, "{', '.join(map(str, arguments.values()))}"),
        edit("values are not shown", "name and all values", f" with {VALUES}", ""),
        edit("the name is not shown", "name and all values", NAME, "it"),
        edit("an exception", "it ended with PermissionError", DECLINED, "raise PermissionError"),
        edit("nothing for the model", '{"error": a text}', DECLINED, "return None"),
        edit("the result forgotten", "Return what run returns", "    return run(", "    run("),
    ],
    "9.9": [
        edit("True is 1", "is 'wrong arguments'", SAME, "return one == other"),
        edit("arguments as text", "is 'exact'", WRITTEN, 'calls[0]["arguments"]', RIGHT_ONES, "str(expected)"),
        edit("arguments must be JSON", "it ended with JSONDecodeError", "ValueError:", "TypeError:"),
        edit("any arguments", "is 'wrong arguments'", DIFFERENT, "False"),
        edit(
            "names of arguments",
            "is 'wrong",
            DIFFERENT,
            f"set({WRITTEN} or '') != set({RIGHT_ONES})",
        ),
        edit("the last call", "the verdict is 'wrong tool'", "calls[0]", "calls[-1]"),
        edit("a call is expected", "it ended with IndexError", NO_CALLS, ""),
        edit("a second call", "the verdict is 'needless call'", SECOND, '"exact"'),
        edit("only verdicts that came", "a dict with no call", ".reindex(VERDICTS, fill_value=0.0)", ""),
        edit("numbers, no shares", "The share of", "value_counts(normalize=True)", "value_counts()"),
        edit("asked twice", "Ask each question once", "ask(question)\n", "ask(question) and ask(question)\n"),
        edit("the table only", "must return a pair", "return table, shares.to_dict()", "return table"),
        edit("no column got", "a DataFrame with", f"{GOT}, ", ""),
        edit("the first call only", "got must have what ask returned", GOT, f"{GOT}[:1]"),
        edit("no expectations", "The column expected", '"expected": expected', '"expected": question'),
        changed("rows left out", "all 20 cases", evaluation_9_9=lambda pair: (pair[0][:5], pair[1])),
        changed("no pair", "must be the pair", evaluation_9_9=lambda pair: pair[:1]),
        changed("a text", "must be the pair", evaluation_9_9=lambda pair: "0.75 exact"),
        changed("other shares", "The share of", evaluation_9_9=lambda pair: (pair[0], dict.fromkeys(pair[1], 0.2))),
    ],
    "9.10": [
        edit("everything is offered", "neither look_up nor list_terms", HIDDEN, ""),
        edit("in MCP's form", "in OpenAI's form", AS_OPENAI, "[tool.model_dump() for"),
        edit("the function only", "in OpenAI's form", '{"type": "function", "function": function}', "function"),
        edit("no type", "in OpenAI's form", '{"type": "function", "function"', '{"function"'),
        edit("no question", "has the question", '"content": question', '"content": "Hello!"'),
        edit("without descriptions", "each tool's description", 'tool.description or ""', '""'),
        edit("the call forgotten", "The roles of the last request", APPENDED, ""),
        edit(
            "the text of the call", "with its calls", "append(message)", "append({'role': 'assistant', 'content': ''})"
        ),
        edit("one call of several", "The roles of the last request", "for call in calls:", "for call in calls[:1]:"),
        edit("no id", "The tool_call_id", '"tool_call_id": call["id"], ', ""),
        edit("str of a dict", "is one line of JSON", "content = json.dumps(", "content = str("),
        edit("several lines", "is one line of JSON", "json.dumps(await", "json.dumps(indent=1, obj=await"),
        edit("a call that is not run", "The result of get_weather", SAFE, "return {}"),
        edit("errors come out", "it ended with ConnectionError", SAFE, RAW),
        edit("arguments must be JSON", "it ended with JSONDecodeError", "except ValueError:", "except TypeError:"),
        edit("no limit", "again and again", "range(4)", "range(40)", LAST_ROUND, "if rounds == 39:"),
        edit("stopped in silence", "raise a RuntimeError after three rounds", LAST_ROUND, "if rounds == 9:"),
        edit("two rounds", "it ended with RuntimeError", LAST_ROUND, "if rounds == 2:"),
        edit("four rounds", "Three rounds of calls", "range(4)", "range(5)", LAST_ROUND, "if rounds == 4:"),
        edit("the glossary in any case", "answer must be", "if not names:", "if True:"),
        edit("beginnings of words", "answer must be", r"(?!\w)", ""),
        edit("ends of words", "answer must be", r"(?<!\w)", ""),
        edit("as if every term ended in a letter", "answer must be", BOUND, r'rf"\b{re.escape(term)}\b"'),
        edit("a term as a pattern", "answer must be", "re.escape(term)", "term"),
        edit("capital letters count", "answer must be", ", re.IGNORECASE", ""),
        edit("the first term", "answer must be", "max(found, key=len, default=None)", "next(iter(found), None)"),
        edit("the last in the alphabet", "answer must be", "key=len, ", ""),
        edit("no section", "section must be", 'entry["section"]', "None"),
        edit("list_terms counted", "tools must be", '["look_up"]}', '["list_terms", "look_up"]}'),
        edit("each name once", "tools must be", '"tools": names', '"tools": sorted(set(names))'),
        edit("the text only", "must return a dict", END, 'return message["content"]'),
        edit("no names", "Return a dict with", ', "tools": names', ""),
    ],
}

RIGHT = {
    "9.1": [
        instead("the course's Reply", "", collect_calls=with_reply),
    ],
    "9.2": [
        instead("the course's function", "", to_openai=by_the_course),
        edit("only by name", "", "tool, strict=False", "tool, *, strict=False"),
        changed("a generator", "", schemas_9_2=lambda right: (one for one in right)),
    ],
    "9.3": [
        instead("async tools", "", make_server=with_async_tools),
        edit("no return type", "", ADD, ADD.replace(" -> dict", "")),
        edit("JSON by hand", "", *DUMPED, ADD, ADD.replace(" -> dict", "")),
    ],
    "9.4": [
        instead("the course's judge", "", refuse=by_judging),
        edit("by hand", "", VALIDATED, BY_HAND.replace("AND_TRUE", NOT_TRUE) + VALIDATED),
    ],
    "9.5": [
        edit("TaskGroup", "", f"        results = {GATHER}\n", TASKS),
        instead("recursion, tuples", "", tool_loop=by_recursion),
    ],
    "9.6": [
        edit("wait_for", "", TIMED, f"        result = await asyncio.wait_for({CALL}, timeout)\n"),
        edit("anyio", "", TIMED, BY_ANYIO),
        edit("the SDK's time-out", "", TIMED, f"        result = await {CALL[:-1]}, read_timeout_seconds=timeout)\n"),
        edit("words of its own", "", SAYS, '"the server of this tool has ended"'),
    ],
    "9.7": [
        edit("bisect", "", HALVES, BY_BISECT + HALVES),
        edit("from below, another mark", "", HALVES, UPWARDS + HALVES),
        edit("no blank before the mark", "", "return text[:fits] + MARK", "return text[:fits].rstrip() + MARK"),
    ],
    "9.8": [
        edit("by words", "", "def comes", BY_WORDS),
        edit("repr", "", f"{NAME} with {VALUES}", "{name!r}: {arguments!r}"),
    ],
    "9.9": [
        edit("other types", "", SHARES, OTHER_TYPES),
        edit("tuples of calls", "", GOT, '"got": tuple(calls)'),
    ],
    "9.10": [
        edit("a system message", "", '[{"role": "user"', '[{"role": "system", "content": "Hi."}, {"role": "user"'),
        edit("a tuple of names, more entries", "", '"tools": names', '"tools": tuple(names), "rounds": rounds'),
        edit("calls at once", "", "        for call in calls:\n" + IN_TURN, AT_ONCE),
    ],
}
