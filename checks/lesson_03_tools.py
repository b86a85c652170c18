"""The checks of exercises 3.7 to 3.12. `vllm_course.check` finds them by their number."""

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest import mock

from vllm_course.chat.prompt import chat_token_ids
from vllm_course.checks import exercise, require
from vllm_course.checks.shapes import assistant, close, columns, entries, roles, same_text, system, user
from vllm_course.checks.trying import Tried, described, plain
from vllm_course.checks.verdict import NotYet
from vllm_course.checks.watch import Call, Watch

# 3.7 ----------------------------------------------------------------------------------------------------------------

TURN, MODEL_TURN = "<start_of_turn>", "<start_of_turn>model\n"
HELLO = [user("Hello!")]
NORWAY = [
    user("\n What is the capital of Norway? "),
    assistant(" Good question! \n\nThe capital of Norway is Oslo.\n"),
    user('And {{ 7 }} "plus" <b>5</b>?'),
]
TRIMMED = [message | {"content": message["content"].strip()} for message in NORWAY]
HELLO_TURN = "<s><start_of_turn>user\nHello!<end_of_turn>\n"
NORWAY_TURNS = (
    "<s><start_of_turn>user\nWhat is the capital of Norway?<end_of_turn>\n<start_of_turn>model\nGood question! \n\n"
    'The capital of Norway is Oslo.<end_of_turn>\n<start_of_turn>user\nAnd {{ 7 }} "plus" <b>5</b>?<end_of_turn>\n'
    "<start_of_turn>model\n"
)
TAUGHT = [system("  You are a teacher.\n"), *NORWAY]
TAUGHT_TURNS = NORWAY_TURNS.replace("user\n", "user\nYou are a teacher.\n\n", 1)
EDGES = "A content keeps blanks or line breaks at its edges, and they are tokens too: {{ message.content | trim }}."
SYSTEM_EDGES = "The system message's text keeps white space at its edges: trim it too."
# A conversation, options, the prompt that it makes, and parts of it: which, how often, and the hint where that differs.
PROMPTS = [
    (
        HELLO,
        {},
        HELLO_TURN + MODEL_TURN,
        [
            ("<s>", {1}, "A prompt must begin with bos_token, once."),
            (MODEL_TURN.strip(), {1}, f"With add_generation_prompt it must end with {MODEL_TURN!r}."),
        ],
    ),
    (
        HELLO,
        {"bos_token": "<begin>"},
        (HELLO_TURN + MODEL_TURN).replace("<s>", "<begin>"),
        [("<begin>", {1}, "<s> stands in the template as a text: write {{ bos_token }}, as other models need.")],
    ),
    (
        HELLO,
        {"add_generation_prompt": False},
        HELLO_TURN,
        [(MODEL_TURN, {0}, "add_generation_prompt is False, and the beginning of an answer is there: {% if %}.")],
    ),
    (
        TRIMMED,
        {},
        NORWAY_TURNS,
        [
            ("<s>", {1}, "bos_token begins the prompt, not every turn: write it once."),
            (TURN + "assistant", {0}, "This family calls the assistant model: write its turns with that role."),
        ],
    ),
    (NORWAY, {}, NORWAY_TURNS, [(message["content"], {0}, EDGES) for message in NORWAY[:2]]),
    (
        TAUGHT,
        {},
        TAUGHT_TURNS,
        [
            (TURN + "system", {0}, "This family has no system turn: its text belongs into the first user turn."),
            (
                "You are a teacher.",
                {1, 2, 3},
                "The system message's text is lost: what {% set %} gives a name in a loop is gone in the next round, a "
                "namespace keeps it.",
            ),
            ("You are a teacher.", {1}, "The system message's text belongs into the first user turn, and in no other."),
            (" You are", {0}, SYSTEM_EDGES),
            ("teacher.\n\n\n", {0}, SYSTEM_EDGES),
        ],
    ),
]
REFUSED_ROLES = [
    ("tool", [*NORWAY[:2], {"role": "tool", "content": "{}"}], "A message of the role tool"),
    ("parrot", [{"role": "parrot", "content": "Hello!"}], "A message of the role parrot"),
    ("system", [*NORWAY[:2], *TAUGHT[::3]], "A system message that is not the first"),
]


@exercise(
    "3.7",
    hints=[
        "Begin with a conversation of one message. A template writes all that stands outside of its tags, the line "
        "breaks between them too, so let every tag begin with a dash: {{- and {%-.",
        'One loop over messages with a branch for each role: {%- if message.role == "system" and loop.first %}, '
        '{%- elif message.role == "user" %}, {%- elif message.role == "assistant" %}, and {%- else %} for the '
        "exception. What the system branch sets is gone in the next round, unless it is kept in a namespace.",
        'Before the loop {%- set first = namespace(text="") %}, for the system {%- set first.text = message.content | '
        'trim + "\\n\\n" %}, and for the user {{- "<start_of_turn>user\\n" + first.text + message.content | trim + '
        '"<end_of_turn>\\n" }} with {%- set first.text = "" %} behind it. In Python write the template as r"""...""".',
    ],
    concept="chat-templates.md#templates-of-other-families",
)
def chat_template(template, llm) -> None:
    """A chat template in the format of another family."""
    from vllm import SamplingParams

    require(isinstance(template, str), "The template must be a text.")
    require("{" in template, "This looks like a path: give the template's text, Path(...).read_text() reads it.")
    bos = llm.get_tokenizer().bos_token
    for messages, options, prompt, parts in PROMPTS:
        right_prompt(template, messages, options, prompt.replace("<s>", bos), parts, llm)
    for role, messages, what in REFUSED_ROLES:
        _, error = rendered(template, messages, llm)
        require(error is not None, f"{what} went through: raise_exception(...) must refuse it.")
        # Subclasses of TemplateError are Jinja's own complaints, for example UndefinedError.
        own = type(error).__name__ == "TemplateError"
        require(own, f"{what} is not refused by raise_exception(...), but by Jinja itself: {error}")
        require(role in str(error), f"raise_exception must name the role, {role}; it says: {error}")
    prompt = llm.chat(TAUGHT, SamplingParams(max_tokens=1), chat_template=template, use_tqdm=False)[0].prompt
    same_text(prompt, TAUGHT_TURNS.replace("<s>", bos), "In the prompt that LLM.chat makes of it")


def right_prompt(template: str, messages: list, options: dict, truth: str, parts: list, llm) -> None:
    """Require that a template makes this prompt of messages."""
    what = "a conversation of " + ", ".join(message["role"] for message in messages)
    found, error = rendered(template, messages, llm, **options)
    line = f" in line {error.lineno}" if hasattr(error, "lineno") else ""
    require(error is None, f"Jinja fails{line} on {what}: {error}")
    for part, times, hint in parts:
        count = found.count(part.replace("<s>", llm.get_tokenizer().bos_token))
        require(count in times, f"{hint} Of {what} it makes {found!r}.")
    remedy = "a line break outside of the tags is written too, a dash removes it, {%- and {{-"
    if len(found) < len(truth):
        remedy = "white space is missing there, write it inside of the tags"
    same_text(found, truth, f"For {what}", remedy)


def rendered(template: str, messages: list, llm, **options: Any) -> tuple[str, Exception | None]:
    """Return the prompt that a template makes of messages, and the error with which it fails or refuses them."""
    options = {"add_generation_prompt": True, "tokenize": False, "chat_template": template} | options
    try:
        return llm.get_tokenizer().apply_chat_template(messages, **options), None
    except Exception as error:  # what a template raises, on purpose or not
        return "", error


# 3.8 ----------------------------------------------------------------------------------------------------------------

IDS = list(range(1000, 1600))
# The first prompt, the second, the size of a block, how many tokens come from the cache, and why.
BLOCKS = [
    (IDS[:300], [*IDS[:300], 1, 2], 128, 256, "300 tokens are the same, and only whole blocks count"),
    (IDS[:300], [5, *IDS[:300]], 128, 0, "the first token differs: the same tokens at other places are no prefix"),
    (IDS[:400], [*IDS[:130], 5, *IDS[131:400]], 128, 128, "token 131 differs, and no block behind it counts"),
    (IDS[:256], IDS[:256], 128, 128, "the last token is always computed, so its block is computed again"),
    (IDS[:257], IDS[:257], 128, 256, "257 tokens are two blocks and the last token"),
    (IDS[:64], IDS[:300], 16, 64, "the first prompt fills 4 blocks of 16"),
    (IDS[:300], IDS[:64], 16, 48, "the second prompt is short, and its last token is computed"),
    ([], IDS[:64], 16, 0, "there was nothing before"),
]
GROWN = "It must be how much the counter grew meanwhile, which counts from the engine's start."
COUNTED_TOKENS = {
    "prompt_tokens": "It is the number of tokens in all prompts.",
    "cached_tokens": "Where the cache is full from before, empty it first: llm.reset_prefix_cache().",
    "queries": GROWN,
    "hits": GROWN,
}


@exercise(
    "3.8",
    functions={"cacheable": "first, second, block_size -> number", "measure": "llm, conversations -> dict"},
    hints=[
        "A block is found again when all tokens from the beginning of the prompt to its end are the same. How many "
        "blocks of that kind has the second prompt?",
        "Count the tokens that are the same from the front, take at most len(second) - 1 of them, and round down to "
        "whole blocks: count // block_size * block_size. vLLM's counters never go back, so read them before and after.",
        "counters = lambda: {m.name: m.value for m in llm.get_metrics() if m.name in NAMES}; in measure: "
        "llm.reset_prefix_cache(), before = counters(), outputs = llm.chat(...), after = counters(); cached_tokens is "
        "sum(output.num_cached_tokens for output in outputs), hits the difference of the two counters.",
    ],
    concept="chat-templates.md#prefix-caching",
)
def prefix_cache(cacheable, measure, answer: dict, shared: list, different: list, llm) -> None:
    """What the prefix cache can save, predicted and measured."""
    for first, second, block, truth, why in BLOCKS:
        sizes = f"{len(first)} tokens first, then {len(second)}, in blocks of {block}"
        found = cacheable(first, second, block, case=f"for {sizes}")
        require(found == truth, f"{sizes}: {truth} can come from the cache, not {found}; {why}.")
    counting = "This engine counts nothing: run the cell that loads it with disable_log_stats=False again."
    require(llm.llm_engine.log_stats, counting)
    answer = entries(answer, ["block_size", "predicted", "shared", "different"], "answer_3_8 must be")
    shares = {}
    for name, talks in (("shared", shared), ("different", different)):
        # Measured here first, so that the cache is full when the answer's turn comes.
        truth, watch = measured(talks, llm), Watch(llm)
        found = entries(measure(watch, talks), COUNTED_TOKENS, "measure must return")
        watch.asked("chat", 1)
        for count, why in COUNTED_TOKENS.items():
            right = f"{count} must be {truth[count]} for these conversations, not {found[count]}."
            require(found[count] == truth[count], f"{right} {why}")
        shares[name] = truth["cached_tokens"] / truth["prompt_tokens"]
    predicted_blocks(answer, shared, llm)
    for name, share in shares.items():
        whole = f"The share for {name} is cached_tokens / prompt_tokens, {share:.3f}, not {answer[name]}."
        require(close(answer[name], share, within=0.005), whole)


def measured(talks: list, llm) -> dict[str, int]:
    """Return what the prefix cache, empty at first, gives these conversations."""
    from vllm import SamplingParams

    def counters() -> list[int]:
        values = {metric.name: metric.value for metric in llm.get_metrics() if hasattr(metric, "value")}
        return [values[f"vllm:prefix_cache_{name}"] for name in ("queries", "hits")]

    llm.reset_prefix_cache()
    before = counters()
    outputs = llm.chat(talks, SamplingParams(max_tokens=1), use_tqdm=False)
    grown = [after - value for after, value in zip(counters(), before, strict=True)]
    tokens = sum(len(output.prompt_token_ids) for output in outputs)
    cached = sum(output.num_cached_tokens for output in outputs)
    return dict(zip(COUNTED_TOKENS, [tokens, cached, *grown], strict=True))


def predicted_blocks(answer: dict, shared: list, llm) -> None:
    """Require the engine's block size, and the prediction for the first two of the shared conversations."""
    block = llm.llm_engine.vllm_config.cache_config.block_size
    require(answer["block_size"] == block, f"The engine's block size is {block} tokens, not {answer['block_size']}.")
    first, second = (chat_token_ids(llm, talk) for talk in shared[:2])
    same = len(os.path.commonprefix([first, second]))
    right = min(same, len(second) - 1) // block * block
    tokens = f"The two prompts are the same for {same} tokens, in blocks of {block}"
    require(answer["predicted"] == right, f"{tokens}: {right} can come from the cache, not {answer['predicted']}.")


# 3.9 ----------------------------------------------------------------------------------------------------------------

PLACES = {
    "Zürich": {"sky": "foggy", "temperature": 7},
    "Tolvo": {"sky": "windy", "temperature": 31},
    "Lisbon": {"sky": "cloudy", "temperature": 18},
    "Braskin": {"sky": "rainy", "temperature": 4},
}


def get_weather(city: str) -> dict:
    """the weather in a city"""
    if city not in PLACES:
        raise LookupError("unknown city")
    return PLACES[city]


def described_tool(function: Callable) -> dict:
    """Describe a function of one city, as `LLM.chat(tools=...)` wants it."""
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    inner = {"name": function.__name__, "description": function.__doc__.splitlines()[0], "parameters": parameters}
    return {"type": "function", "function": inner}


def call_of(name: Any, **arguments: Any) -> str:
    """Return the text with which a model calls a tool."""
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}</tool_call>"


WEATHER_TOOLS = [described_tool(get_weather)]
HIDDEN = {"get_weather": get_weather, "switch": lambda lamp, on: 12 if on is True else 0, "colours": lambda: {"red"}}
WEATHER, FOGGY = call_of("get_weather", city="Zürich"), PLACES["Zürich"]
ESCAPED = WEATHER.replace("ü", "\\u00fc").replace(">{", ">\n{").replace("}<", "}\n<")
WHOLE_CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)
NO_CALLS = ["It is foggy in Zürich.", "", 'I would write {"name": "get_weather"}.']
GOOD_CALLS = [
    (WEATHER, FOGGY, "a call"),
    (f"Let me look.\n{WEATHER}\n", FOGGY, "there are words around the call: take what is between the tags"),
    (ESCAPED, FOGGY, "line breaks and \\u escapes are JSON too"),
    (call_of("switch", lamp="a {lamp}", on=True), 12, "true is JSON's True, and braces may be in a text"),
]
BROKEN_CALLS = [
    (call_of("get_price", item="tea"), "get_price", "no such tool: name it"),
    (WEATHER.replace("}}", "}"), "", "a brace is missing"),
    (WEATHER[:30], "", "max_tokens cut the call off"),
    (WEATHER.replace('"Zürich"', '"Zür" + "ich"'), "", "Python is no JSON: eval runs whatever a model writes"),
    ('<tool_call>["get_weather", "Zürich"]</tool_call>', "", "a list is no call"),
    ('<tool_call>"get_weather"</tool_call>', "", "a text is no call"),
    ('<tool_call>{"arguments": {"city": "Zürich"}}</tool_call>', "", "there is no name"),
    ('<tool_call>{"name": ["get_weather"], "arguments": {}}</tool_call>', "", "the name is a list"),
    ('<tool_call>{"name": "get_weather", "arguments": ["Zürich"]}</tool_call>', "", "arguments are no object"),
    ('<tool_call>{"name": "get_weather", "arguments": "Zürich"}</tool_call>', "", "arguments are no object"),
    (call_of("get_weather"), "city", "an argument is missing: name it"),
    (call_of("get_weather", city="Zürich", country="x"), "country", "an argument too many: name it"),
    (call_of("get_weather", city="Atlantis"), "unknown city", "the function's own error, whose text says why"),
]


class Talk(NamedTuple):
    """A conversation in which a check says what the model says.

    Attributes:
        when: What happens in it, for messages: "after a call and an answer".
        says: The model's texts.
        roles: Those of all messages.
        results: What the tool messages hold, `FAILED` for any error.
    """

    when: str
    says: list[str]
    roles: str
    results: list[Any]


FAILED = object()
ASKED_WEATHER = "What is the weather in Zürich?"
WEATHER_TALKS = [
    Talk("after a call and an answer", [WEATHER, "It is foggy, 7 degrees."], "user assistant tool assistant", [FOGGY]),
    Talk("when the model answers at once", ["Hello!"], "user assistant", []),
    Talk(
        "when the call is broken: the model hears of the error",
        [WEATHER[:30], "I do not know."],
        "user assistant tool assistant",
        [FAILED],
    ),
]


@exercise(
    "3.9",
    functions={"run_tool": "text, functions -> message", "answer_with_tool": "llm, question, tools, functions -> list"},
    hints=[
        "What a model writes is a stranger's text. List what can be wrong with it between the tag and the function's "
        "result, and turn each of these into an answer to the model.",
        'Find the call with re.search(r"<tool_call>(.*?)(</tool_call>|$)", text, re.DOTALL), read it with json.loads, '
        'and call functions[name](**arguments), all in one try; except Exception as error gives {"error": str(error)}.',
        'Within the try: call = json.loads(...); if not isinstance(call, dict) or call.get("name") not in '
        'list(functions): raise ValueError(f"unknown tool ..."). For the answer: messages = [question]; text = '
        'llm.chat(messages, params, tools=tools)[0].outputs[0].text; append {"role": "assistant", "content": text}; if '
        "run_tool(text, functions) is not None, append it, chat again in the same way, and append that answer.",
    ],
    concept="chat-templates.md#tool-calls",
)
def tool_call(run_tool, answer_with_tool, llm) -> None:
    """Parse and run a model's call, and answer with the result."""

    def run(text: str) -> Any:
        back = 'Give it back as {"error": ...}, so that the model hears of it.'
        return run_tool(text, HIDDEN, case=f"on {text!r}", fails=back)

    def ask(engine, question: str, case: str) -> list:
        return answer_with_tool(engine, question, WEATHER_TOOLS, HIDDEN, case=case, fails="run_tool gives errors back.")

    for text in NO_CALLS:
        require(run(text) is None, f"{text!r} holds no call: return None.")
    for text, result, why in GOOD_CALLS:
        found = tool_content(run(text), text)
        require(found == result, f"{text!r} must give {result}, not {found}: {why}.")
    for text, named, why in BROKEN_CALLS:
        found = tool_content(run(text), text)
        error = found.get("error") if isinstance(found, dict) else None
        require(isinstance(error, str) and error != "", f'{text!r} must give {{"error": a text}}, not {found}: {why}.')
        require(named in error, f"{text!r} gives the error {error!r}, without {named!r}: {why}.")
    tool_content(run(call_of("colours")), call_of("colours"))
    for talk in WEATHER_TALKS:
        right_talk(
            lambda engine, talk=talk: ask(engine, ASKED_WEATHER, talk.when), talk, ASKED_WEATHER, WEATHER_TOOLS, llm
        )
    cities = [[(f"What is the weather in {city}?", list(weather.values()))] for city, weather in PLACES.items()]
    words = "with the model's own words"
    enough_answers(lambda messages: ask(llm, messages[-1]["content"], words), cities, WEATHER_TOOLS, HIDDEN, llm)


def tool_content(message: Any, text: str) -> Any:
    """Return what a tool message holds, read from its JSON; `text` is the model's, which called the tool."""
    require(message is not None, f"{text!r} holds a call, and run_tool returned None.")
    is_tool = message.get("role") == "tool"
    require(is_tool, f'run_tool must return a message, {{"role": "tool", "content": ...}}, not {message!r}.')
    content = message.get("content")
    require(isinstance(content, str), f"The content of a message is a text: json.dumps the result, {content!r}.")
    try:
        return json.loads(content)
    except ValueError:
        raise NotYet(f"The content must be JSON, as the model learned it, not {content!r}: json.dumps.") from None


def right_talk(ask: Callable, talk: Talk, question: str, tools: list[dict], llm) -> None:
    """Let the model say what a talk says, and judge the messages that come of it and all requests.

    Args:
        ask: Takes an engine, asks it the question and returns the messages.
        talk: What the model says, and what must come of it.
        question: What the user asks.
        tools: The descriptions that belong to every request.
        llm: The engine.
    """
    watch = Watch(llm, says=talk.says, most=20)
    messages = ask(watch)
    roles(messages, talk.roles, talk.when)
    require(messages[0].get("content") == question, f"The first message must be the question, {question!r}.")
    turns = [number for number, message in enumerate(messages) if message["role"] == "assistant"]
    for number, text in zip(turns, talk.says, strict=True):
        said = messages[number].get("content") == text or calls_in(messages[number]) == calls_in(assistant(text)) != []
        require(said, f"What the model said must stay in the messages: {text!r}, not {messages[number]}.")
    results = [tool_content(message, talk.says[0]) for message in messages if message["role"] == "tool"]
    for found, result in zip(results, talk.results, strict=True):
        right = isinstance(found, dict) and "error" in found if result is FAILED else found == result
        wanted = "an error" if result is FAILED else result
        require(right, f"The tool messages must hold the results in order: {wanted}, not {found}, {talk.when}.")
    asked = f"The model must be asked {len(turns)} times {talk.when}, not {len(watch.calls)}."
    require(len(watch.calls) == len(turns), asked)
    for number, call in zip(turns, watch.calls, strict=True):
        right_request(call, messages[:number], tools, llm)


def calls_in(message: dict) -> list[str]:
    """Return the names of the tools that an assistant's message calls, in its text or in its `tool_calls`."""
    calls = [call["function"]["name"] for call in message.get("tool_calls") or []]
    return calls or re.findall(r'"name": "(\w+)"', " ".join(WHOLE_CALL.findall(message.get("content") or "")))


def right_request(call: Call, messages: list[dict], tools: list[dict], llm) -> None:
    """Require that a request holds the tools and what was said before, and does not depend on chance."""
    if call.method == "chat":
        offered = json.dumps(call.options.get("tools"), ensure_ascii=False)
        text = "\n".join([offered, *(message.get("content") or "" for message in call.prompts[0])])
    else:
        text = llm.get_tokenizer().decode(call.outputs[0].prompt_token_ids, clean_up_tokenization_spaces=False)
    names = [tool["function"]["name"] for tool in tools]
    offered = all(tool["function"]["description"] in text for tool in tools)
    require(offered, f"Give tools to every llm.chat: each request must hold the descriptions of {', '.join(names)}.")
    said = ".*".join(re.escape(message.get("content") or "") for message in messages)
    before = " ".join(message["role"] for message in messages)
    held = f"Request {before.count('assistant') + 1} must hold all that was said before, {before}. It holds {text!r}."
    require(re.search(said, text, re.DOTALL) is not None, held)
    params = call.params[0]
    chance = "A call must not depend on chance: SamplingParams(temperature=0, max_tokens=64)."
    require(params.temperature == 0, chance)
    tokens = f"Use max_tokens=64, since vLLM's default of 16 cuts a call off; it is {params.max_tokens}."
    require(params.max_tokens == 64, tokens)


def enough_answers(ask: Callable, talks: list, tools: list[dict], functions: dict, llm) -> None:
    """Require the results in half of the answers in which the check finds them too, since a small model misses some."""
    own = answered(lambda messages: own_answer(llm, messages, tools, functions), talks)
    found = answered(ask, talks)
    missed = [question for question in own if question not in found]
    require(2 * len(missed) <= len(own), f"The result is in no answer of the model to {', '.join(missed)}")


def answered(ask: Callable, talks: list[list[tuple]]) -> list[str]:
    """Ask the questions of each talk one after the other; return those whose answers hold the values beside them."""
    held = []
    for talk in talks:
        messages: list[dict] | None = []
        for question, values in talk:
            messages = ask([*messages, user(question)])
            if messages is None:  # a small model may call for ever
                break
            text = messages[-1].get("content") or ""
            if messages[-1].get("role") == "assistant" and all(str(value) in text for value in values):
                held.append(question)
    return held


def own_answer(llm, messages: list, tools: list[dict], functions: dict) -> list:
    """Answer in the check's own way, to know which questions this model can answer with a tool at all."""
    from vllm import SamplingParams

    params = SamplingParams(temperature=0, max_tokens=64)
    for _ in range(3):
        text = llm.chat(messages, params, tools=tools, use_tqdm=False)[0].outputs[0].text
        messages = [*messages, assistant(text)]
        call = WHOLE_CALL.search(text)
        if not call:
            break
        try:
            wanted = json.loads(call[1])
            result = functions[wanted["name"]](**wanted["arguments"])
        except Exception as error:  # a small model's call may be anything
            result = {"error": str(error)}
        messages.append({"role": "tool", "content": json.dumps(result)})
    return messages


# 3.10 ---------------------------------------------------------------------------------------------------------------

CALLED_F = {"type": "function", "function": {"name": "f", "arguments": {}}}
SAVED = [
    system("You are a pirate.\n"),
    user('What is "naïve" in Zürich? 你好 🙂'),
    assistant("") | {"tool_calls": [CALLED_F]},
    {"role": "tool", "content": '{"sky": "sunny"}'},
    assistant("Arr!\n\ttwo lines"),
]
OLD = [user("The old conversation.")]
UNREAD = r"json|line \d+ column|pars|decod|utf|binary|text"


def saved(messages: Any, version: int = 1) -> bytes:
    """Return a file with these messages."""
    return json.dumps({"version": version, "messages": messages}).encode()


# What is in a file that `load` must refuse, what it is, and what the error must say, as a pattern and in words.
DAMAGED = [
    (saved(OLD)[:40], "that was cut in the middle", UNREAD, "that it is no JSON"),
    (b"", "that is empty", UNREAD, "that it is no JSON"),
    (b"\xff\xfe\x00 binary", "that is no text", UNREAD, "that it is no text"),
    (b"[1, 2]", "that holds a JSON list", "object|dict|list|conversation", "that it is no object"),
    (b'{"name": "some other program"}', "of another program", "version", "that it has no version"),
    (saved(OLD, version=2), "of version 2", "2", "which version it has, 2"),
    (b'{"version": 1}', "without messages", "messages", "that there is no list of messages"),
    (saved({"role": "user"}), "with messages that are no list", "messages", "just that"),
    (saved(["Hello"]), "with a message that is a text", r"\b0\b", "message 0, from 0 on"),
    (saved([*OLD, {"role": "robot", "content": "x"}]), "with the role robot", r"\b1\b|robot", "message 1, from 0 on"),
    (saved([*OLD, assistant(5)]), "with a content that is a number", r"\b1\b|content", "message 1, counted from 0"),
    (saved([{"content": "x"}]), "without a role", r"\b0\b|role", "message 0, from 0 on"),
]


@exercise(
    "3.10",
    functions={"save": "path, messages", "load": "path -> list"},
    hints=[
        "When is the old file gone, and when is the new one whole? Between these two moments nothing may go wrong.",
        "Write json.dumps(...) into a new file beside the old one, and let os.replace(new, path) put it in its place, "
        "which happens at once or not at all; in finally remove what is left of the new file. In load catch ValueError "
        "around reading and json.loads, and raise a ValueError of your own that begins with the path.",
        'load: read path.read_text(encoding="utf-8") and json.loads it in one try; except ValueError as error: raise '
        'ValueError(f"{path}: no JSON: {error}"). Then ask one thing after the other: isinstance(data, dict); '
        'data.get("version") == 1; isinstance(data.get("messages"), list); of each message that it is a dict, its role '
        'one of the four and its content a text, with f"{path}: messages[{number}]: ..." where one is not.',
    ],
    concept="chat-templates.md#saving-conversations",
)
def conversation_file(save, load) -> None:
    """A conversation in a file that is whole, or refused."""
    with TemporaryDirectory() as name:
        path = Path(name, "talk.json")
        for talk in (SAVED, OLD):
            saved_and_loaded(save, load, path, talk)
        saved_beside(save, path)
        kept(save, load, path, [*SAVED, user({"a set"})], "a set, which JSON cannot hold")
        kept(save, load, path, [*SAVED, user("\ud800")], "half a character")
        with no_space_to_rename() as renamed:
            kept(save, load, path, SAVED, "a disk that is full")
        elsewhere = [source for source in renamed if path.parent.resolve() not in source.resolve().parents]
        disk = "The new file is written in another folder, which may be another disk: write it beside the old one."
        require(elsewhere == [], disk)
        _, missing = load.ending(Path(name, "other.json"))
        found = type(missing).__name__ if missing else "no error"
        is_missing = isinstance(missing, FileNotFoundError)
        require(is_missing, f"A file that is not there is a FileNotFoundError, not {found}.")
        for content, what, pattern, wanted in DAMAGED:
            path.write_bytes(content)
            refused(load, path, f"A file {what}", pattern, wanted)


def saved_and_loaded(save: Tried, load: Tried, path: Path, talk: list) -> None:
    """Require that a conversation is written as JSON, alone in its folder, and read again."""
    _, error = save.ending(path, talk)
    require(error is None, f"save must write this conversation, it ended with {described(error)}.")
    require(path.is_file(), "save must write a file at path.")
    others = sorted(other.name for other in path.parent.iterdir() if other != path)
    require(others == [], f"save must leave nothing but the file, there is also {others}.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise NotYet("The file must be JSON in UTF-8, so that another program reads it too.") from None
    marked = isinstance(data, dict) and data.get("version") == 1 and data.get("messages") == talk
    require(marked, 'The file must be a JSON object that holds "version": 1 and the "messages".')
    found = load(path, case="from the file that save wrote")
    require(found == talk, f"load must return what save was given, {talk}, not {found}.")


def saved_beside(save: Tried, path: Path) -> None:
    """Require that the old file's own bytes stay, which a second name for them shows."""
    before, second = path.read_bytes(), path.with_name("second-name")
    os.link(path, second)
    save.ending(path, SAVED)
    in_place = "save writes into the old file, and whoever reads it meanwhile, or after a power cut, finds a half"
    require(second.read_bytes() == before, f"{in_place}: write a new file beside it, then os.replace.")
    second.unlink()


def kept(save: Tried, load: Tried, path: Path, talk: list, what: str) -> None:
    """Require that the old file is there as it was when saving fails, and that nothing is lost without an error."""
    before = path.read_bytes()
    _, error = save.ending(path, talk)
    gone = f"Saving failed on {what}, and the old file is gone: nothing may touch it before the new one is whole."
    require(path.is_file(), gone)
    if error is None:
        silent = "The disk was full and save said nothing: rename with os.replace, and let its error out."
        require("full" not in what, silent)
        found = load(path, case=f"from a file with {what}")
        require(found == talk, f"save said nothing about {what}, and load gives something else back.")
        path.write_bytes(before)
    lost = f"Saving failed on {what}, and the old file is damaged: write another file first, then os.replace."
    require(path.read_bytes() == before, lost)
    others = sorted(other.name for other in path.parent.iterdir() if other != path)
    require(others == [], f"After a failure save leaves {others} behind: remove it in finally.")


@contextlib.contextmanager
def no_space_to_rename() -> Iterator[list[Path]]:
    """Let every renaming fail, which works for root too; note which files were to be renamed."""
    renamed: list[Path] = []

    def failing(src, dst, **options) -> None:
        renamed.append(Path(os.fsdecode(src)))
        raise OSError(28, "No space left on device", os.fsdecode(dst))

    with mock.patch.multiple(os, replace=failing, rename=failing):
        yield renamed


def refused(load: Tried, path: Path, what: str, pattern: str, wanted: str) -> None:
    """Require a ValueError that names the file and says what is wrong with it."""
    _, error = load.ending(path)
    require(error is not None, f"{what}: load must refuse it, it returned messages.")
    require(isinstance(error, ValueError), f"{what}: raise a ValueError, not {described(error)}.")
    require(path.name in str(error), f"{what}: the ValueError must name the file, it says: {error}")
    said = str(error).replace(str(path), "").replace(path.name, "")
    right = re.search(pattern, said, re.IGNORECASE)
    require(right is not None, f"{what}: the ValueError must say {wanted}; it says: {error}")


# 3.11 ---------------------------------------------------------------------------------------------------------------

LIKELY = -0.5  # mean log probability of a token; below it pocket-chat invents words
FACT_QUESTIONS = [([user("What is the capital of Italy?")], "Rome"), ([user("What is 5 plus 7?")], "1")]
OWL = [user("Tell me a story about an owl.")]
TRIED_SETTINGS = [{"temperature": 0.9}, {"temperature": 0.0}, {"temperature": 1.6, "top_p": 0.95}]
TRIED_SEEDS = [5, 6]


@exercise(
    "3.11",
    functions={"measure": "llm, questions, story, settings, seeds -> table"},
    hints=[
        "Every combination of a setting, a seed and a conversation is one request. Write down the list of them first, "
        "then the list of conversations and the list of parameters that llm.chat takes.",
        "requests = [(number, item, SamplingParams(**setting, seed=seed, max_tokens=100, logprobs=0)) for number, "
        "setting in enumerate(settings) for seed in seeds for item in [*questions, (story, None)]]; one llm.chat gives "
        "the outputs in the same order, so zip(requests, outputs) brings them together.",
        "For each number take its outputs: right is the mean of right(text, word) over those with a word; words = "
        '" ".join(story_texts).split(), and variety is len(set(words)) / len(words); logprob is the sum of '
        'cumulative_logprob over the sum of len(token_ids) of its stories. Then table["right"].idxmax(), and of '
        'table[table["logprob"] > -0.5] the ["variety"].idxmax().',
    ],
    concept="chat-templates.md#batching-conversations",
)
def chat_sampling(measure, table, answer: dict, settings: list, llm) -> None:
    """Settings for facts and for stories, chosen by data."""
    measured_settings(table, len(settings), "table_3_11 must be")
    chosen_rows(table, entries(answer, ["facts", "stories"], "answer_3_11 must be"))
    watch = Watch(llm)
    found = measure(watch, FACT_QUESTIONS, OWL, TRIED_SETTINGS, TRIED_SEEDS)
    measured_settings(found, len(TRIED_SETTINGS), "measure must return")
    (call,) = watch.asked("chat", 1, max_tokens=100)
    requests = list(zip(call.prompts, call.params, call.outputs, strict=True))
    for number, setting in enumerate(TRIED_SETTINGS):
        own = [request for request in requests if close(request[1].temperature, setting["temperature"])]
        every_combination(own, setting)
        summed_up(found.loc[number], own, setting)


def measured_settings(table: Any, count: int, what: str) -> None:
    """Require a row for each setting, numbered in their order, and shares of right answers."""
    columns(table, ["right", "variety", "logprob"], what)
    require(len(table) == count, f"There must be one row a setting, {count}, there are {len(table)}.")
    numbered = list(table.index) == list(range(count))
    require(numbered, "The rows must be numbered 0, 1, ... in the order of the settings.")
    require(bool(table["right"].between(0, 1).all()), "right is a share: right answers over all answers, 0 to 1.")


def chosen_rows(table: Any, answer: dict) -> None:
    """Require a row with the most right answers, and of those with whole stories the one with the most variety."""
    facts, stories = (plain(answer[name]) for name in ("facts", "stories"))
    for row in (facts, stories):
        require(row in list(table.index), f"{row!r} is no row of the table: give the row's number.")
    best = table["right"].max()
    more = f"Row {facts} gives {table['right'][facts]:.0%} right answers, another one {best:.0%}."
    require(table["right"][facts] == best, more)
    likely = table["logprob"][stories]
    broken = f"The stories of row {stories} are broken: a token's mean log probability is {likely:.2f}."
    require(likely > LIKELY, broken)
    most, own = table["variety"][table["logprob"] > LIKELY].max(), table["variety"][stories]
    require(own == most, f"The stories of row {stories} have a variety of {own:.2f}, another whole row has {most:.2f}.")


def every_combination(own: list[tuple], setting: dict) -> None:
    """Require that a setting meets every conversation once with every seed."""
    wanted = [(talk, seed) for talk in [*(talk for talk, _ in FACT_QUESTIONS), OWL] for seed in TRIED_SEEDS]
    single = "Give a list of SamplingParams as long as the list of conversations, one for each"
    count = f"{single}: {setting} must have {len(wanted)} requests, it has {len(own)}."
    require(len(own) == len(wanted), count)
    met = [(messages, params.seed) for messages, params, _ in own]
    once = f"With {setting} each conversation must be asked once with each of the seeds {TRIED_SEEDS}."
    require(all(pair in met for pair in wanted), once)
    top_p = all(close(params.top_p, setting.get("top_p", 1.0)) for _, params, _ in own)
    require(top_p, f"The requests of {setting} have another top_p: SamplingParams(**setting, ...).")


def summed_up(row: Any, own: list[tuple], setting: dict) -> None:
    """Require what a row says of the answers of its setting."""
    texts = [(w, o.outputs[0].text) for messages, _, o in own for talk, w in FACT_QUESTIONS if messages == talk]
    stories = [output.outputs[0] for messages, _, output in own if messages == OWL]
    logprobs = [story.cumulative_logprob for story in stories]
    require(None not in logprobs, "Without logprobs=0 in the SamplingParams there is no cumulative_logprob.")
    words = " ".join(story.text for story in stories).split()
    share = f"of {len(words)} words in its stories {len(set(words))} are different"
    right = sum(bool(re.search(rf"\b{word}\b", text)) for word, text in texts) / len(texts)
    for name, truth, why in [
        ("right", right, "right(text, word) asks for a whole word, `in` finds 1 in 12 too"),
        ("variety", len(set(words)) / len(words), share),
        ("logprob", sum(logprobs) / sum(len(story.token_ids) for story in stories), "the mean over all their tokens"),
    ]:
        wrong = f"{setting}: {name} must be {truth:.3f}, not {row[name]!s:.8}: {why}."
        require(close(row[name], truth), wrong)


# 3.12 ---------------------------------------------------------------------------------------------------------------

FACTS = {"Tolvo": ("Skelmar", 4821), "Madrid": ("Pruna", 917), "Lisbon": ("Ottola", 75)}


def get_mayor(city: str) -> dict:
    """the mayor of a city"""
    return {"mayor": FACTS[city][0]}


def get_population(city: str) -> dict:
    """the population of a city

    A second paragraph, which is not for the model.
    """
    return {"population": FACTS[city][1]}


def convert(value: float, digits: int = 2, exact: bool = False) -> float:
    """rounds a number"""
    return round(value, digits)


DESCRIBED = [
    (get_population, "the population of a city", {"city": "string"}, ["city"]),
    (convert, "rounds a number", {"value": "number", "digits": "integer", "exact": "boolean"}, ["value"]),
]
AGENT_TOOLS = [get_weather, get_mayor, get_population]
MAYOR, POPULATION = call_of("get_mayor", city="Madrid"), call_of("get_population", city="Madrid")
PRUNA, PEOPLE = {"mayor": "Pruna"}, {"population": 917}
TWO_ROUNDS = "user assistant tool assistant tool assistant"
ASKED_MAYOR = "Who is the mayor of Madrid?"
AGENT_TALKS = [
    Talk("when the model answers at once", ["Hello! How can I help you?"], "user assistant", []),
    Talk("after one call and an answer", [MAYOR, "It is Pruna."], "user assistant tool assistant", [PRUNA]),
    Talk(
        "after two calls in one text",
        [f"{MAYOR}\n{POPULATION}", "Pruna, and 917."],
        "user assistant tool tool assistant",
        [PRUNA, PEOPLE],
    ),
    Talk("after a call, another call and an answer", [MAYOR, POPULATION, "Both."], TWO_ROUNDS, [PRUNA, PEOPLE]),
    *(
        Talk(f"after {what}, a good call and an answer", [bad, MAYOR, "Pruna."], TWO_ROUNDS, [FAILED, PRUNA])
        for bad, what in [
            (call_of("get_price", item="tea"), "an unknown tool"),
            (MAYOR[:35], "a call that was cut"),
            (call_of("get_mayor", city="Atlantis"), "a function that fails"),
        ]
    ),
]


@exercise(
    "3.12",
    functions={"describe": "function -> dict", "agent": "llm, messages, functions -> list"},
    hints=[
        "The loop has one question in each round: does this text call a tool? If it does, the results go to the end of "
        "the conversation and the model is asked again; if not, it was the answer.",
        "describe: inspect.signature(function).parameters has name, annotation and default of every argument, and "
        "inspect.getdoc(function).splitlines()[0] is the description. agent: for _ in range(max_rounds): ask, append "
        "the text, find all calls in it; without one return the messages; else append run_tool of each.",
        "messages = list(messages), so that the caller's list stays. In the loop: text = llm.chat(messages, params, "
        'tools=tools)[0].outputs[0].text; messages.append({"role": "assistant", "content": text}); calls = '
        're.findall(r"<tool_call>.*?(?:</tool_call>|$)", text, re.DOTALL); if not calls: return messages; '
        "messages += [run_tool(call, by_name) for call in calls]. After the loop raise RuntimeError. by_name is "
        "{function.__name__: function for function in functions}, since functions is a list here.",
    ],
    concept="chat-templates.md#tool-calls",
)
def agent_loop(describe, agent, llm) -> None:
    """Several tools, and a loop that goes on until the model answers."""

    def run(engine, case: str) -> list:
        back = "Errors go back to the model, and the loop goes on."
        return agent(engine, [user(ASKED_MAYOR)], AGENT_TOOLS, case=case, fails=back)

    for function, text, types, needed in DESCRIBED:
        right_description(describe(function, case=f"for {function.__name__}"), function, text, types, needed)
    tools = [described_tool(function) for function in AGENT_TOOLS]
    for talk in AGENT_TALKS:
        right_talk(lambda engine, talk=talk: run(engine, talk.when), talk, ASKED_MAYOR, tools, llm)
    gives_up(agent, llm)
    talks = [
        [(f"What is the mayor of {city}?", [mayor]), (f"What is the population of {city}?", [population])]
        for city, (mayor, population) in FACTS.items()
    ]
    functions = {function.__name__: function for function in AGENT_TOOLS}
    enough_answers(lambda messages: agent.ending(llm, messages, AGENT_TOOLS)[0], talks, tools, functions, llm)


def right_description(found: Any, function: Callable, text: str, types: dict, needed: list[str]) -> None:
    """Require a tool description in OpenAI's format."""
    properties = inside(found, "function", "parameters", "properties")
    kinds = {name: inside(value, "type") for name, value in dict(properties or {}).items()}
    required = inside(found, "function", "parameters", "required")
    for part, given, wanted, why in [
        ("type", inside(found, "type"), "function", "as in TOOLS_3_9"),
        ("name", inside(found, "function", "name"), function.__name__, "that of the function"),
        ("description", inside(found, "function", "description"), text, "the docstring's first line"),
        ("type of the parameters", inside(found, "function", "parameters", "type"), "object", "as in TOOLS_3_9"),
        ("types of the arguments", kinds, types, "in JSON's words"),
        ("list required", [*(required or ())], needed, "the arguments without a default"),
    ]:
        require(given == wanted, f"{function.__name__}: the {part} must be {wanted!r}, {why}, not {given!r}.")


def inside(found: Any, *names: str) -> Any:
    """Return what is under these names in dicts in each other, None where there is nothing."""
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def gives_up(agent: Tried, llm) -> None:
    """Require an answer in the last round to count, and a RuntimeError after it."""
    third = "An answer in the last round, the third of three, is an answer."
    watch = Watch(llm, says=[MAYOR, MAYOR, "Pruna."], most=20)
    last = agent(watch, [user(ASKED_MAYOR)], AGENT_TOOLS, max_rounds=3, case="with max_rounds=3", fails=third)[-1:]
    roles(last, "assistant", "when the answer comes in the last round, at the end")
    for most in (1, 3):
        watch = Watch(llm, says=[MAYOR], most=20)
        found, error = agent.ending(watch, [user(ASKED_MAYOR)], AGENT_TOOLS, max_rounds=most)
        instead = f"return {found!r:.80}" if error is None else described(error)
        late = f"After {most} rounds without an answer raise a RuntimeError, not {instead}."
        require(isinstance(error, RuntimeError), late)
        require(str(most) in str(error), f"The RuntimeError must name the number of rounds, {most}; it says: {error}")
        asked = f"With max_rounds={most} the model must be asked {most} times, not {len(watch.calls)}."
        require(len(watch.calls) == most, asked)
