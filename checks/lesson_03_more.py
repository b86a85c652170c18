"""The checks of exercises 3.9, 3.11 and 3.12, around what a model answers. `vllm_course.check` finds them by number."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from vllm_course.checks import exercise, require

CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


class Call(NamedTuple):
    """One call of `chat`: what it was given, and the texts that came back."""

    messages: list
    params: Any
    tools: list | None
    outputs: list


class Engine:
    """Stands before an engine: notes every call of `chat`, and may answer with texts of its own, the last for ever.

    The engine renders and runs every conversation all the same, so that one which it refuses is refused here too.
    """

    def __init__(self, llm, *texts: str) -> None:
        self.llm, self.texts, self.calls = llm, list(texts), []

    def chat(self, messages, sampling_params=None, use_tqdm=False, **options) -> list:
        """Pass the call on."""
        from vllm import SamplingParams

        given = copy.deepcopy(messages)
        params = SamplingParams(temperature=0, max_tokens=1) if self.texts else sampling_params
        outputs = self.llm.chat(copy.deepcopy(messages), params, use_tqdm=False, **options)
        if self.texts:
            outputs[0].outputs[0].text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        self.calls.append(Call(given, sampling_params, options.get("tools"), outputs))
        return outputs

    def __getattr__(self, name: str):
        return getattr(self.llm, name)


def _call_text(name: Any, **arguments: Any) -> str:
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}</tool_call>"


def _names_called(message: dict) -> list[str]:
    """Return the tools that an assistant's message calls, in its text or in its `tool_calls`."""
    calls = [call["function"]["name"] for call in message.get("tool_calls") or []]
    return calls or [json.loads(call)["name"] for call in CALL.findall(message.get("content") or "")]


def _says(messages: list, *values: Any) -> bool:
    """Whether the last message is the assistant's answer and holds all values."""
    last = messages[-1] if messages else {}
    text = last.get("content") or ""
    return last.get("role") == "assistant" and not CALL.search(text) and all(str(value) in text for value in values)


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


def switch(lamp: str, on: bool) -> int:
    """switches a lamp on or off"""
    return 12 if on is True else 0


def colours() -> set:
    """the colours of the lamps, which JSON cannot hold"""
    return {"red"}


HIDDEN = {"get_weather": get_weather, "switch": switch, "colours": colours}


def _weather_tool() -> dict:
    properties = {"city": {"type": "string"}}
    parameters = {"type": "object", "properties": properties, "required": ["city"]}
    function = {"name": "get_weather", "description": "the weather in a city", "parameters": parameters}
    return {"type": "function", "function": function}


@exercise(
    "3.9",
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
    require(callable(run_tool), "run_tool must be a function of text and functions.")
    require(callable(answer_with_tool), "answer_with_tool must be a function of llm, question, tools and functions.")
    _require_results(run_tool)
    _require_errors(run_tool)
    _require_scripted_answer(answer_with_tool, llm)
    _require_cities(answer_with_tool, llm)


def _message_of(run_tool: Callable, text: str) -> Any:
    try:
        return run_tool(text, dict(HIDDEN))
    except Exception as error:  # what an answer of a model may not do: end the program
        problem = f"{type(error).__name__}: {error}"
    require(
        False,
        f'run_tool raised {problem} on {text!r}: give it back as {{"error": ...}}, so that the model hears of it.',
    )


def _content_of(run_tool: Callable, text: str) -> Any:
    message = _message_of(run_tool, text)
    require(message is not None, f"{text!r} holds a call, and run_tool returned None.")
    is_tool = isinstance(message, dict) and message.get("role") == "tool"
    require(is_tool, f'run_tool must return a message, {{"role": "tool", "content": ...}}, not {message!r}.')
    content = message.get("content")
    require(isinstance(content, str), f"The content of a message is a text: json.dumps the result, {content!r}.")
    try:
        return json.loads(content)
    except ValueError:
        require(False, f"The content must be JSON, as the model learned it, not {content!r}: json.dumps.")


def _require_results(run_tool: Callable) -> None:
    for text in ("It is foggy in Zürich.", "", 'I would write {"name": "get_weather"}.'):
        require(_message_of(run_tool, text) is None, f"{text!r} holds no call: return None.")
    weather, foggy = _call_text("get_weather", city="Zürich"), PLACES["Zürich"]
    escaped = json.dumps({"name": "get_weather", "arguments": {"city": "Zürich"}})
    for text, result, why in [
        (weather, foggy, "a call"),
        (f"Let me look.\n{weather}\n", foggy, "there are words around the call: take what is between the tags"),
        (f"<tool_call>\n{escaped}\n</tool_call>", foggy, "line breaks and \\u escapes are JSON too"),
        (_call_text("switch", lamp="a {lamp}", on=True), 12, "true is JSON's True, and braces may be in a text"),
    ]:
        found = _content_of(run_tool, text)
        require(found == result, f"{text!r} must give {result}, not {found}: {why}.")


def _require_errors(run_tool: Callable) -> None:
    weather = _call_text("get_weather", city="Zürich")
    for text, named, why in [
        (_call_text("get_price", item="tea"), "get_price", "no such tool: name it"),
        (weather.replace("}}", "}"), "", "a brace is missing"),
        (weather[:30], "", "max_tokens cut the call off"),
        (weather.replace('"Zürich"', '"Zür" + "ich"'), "", "Python is no JSON: eval runs whatever a model writes"),
        ('<tool_call>["get_weather", "Zürich"]</tool_call>', "", "a list is no call"),
        ('<tool_call>"get_weather"</tool_call>', "", "a text is no call"),
        ('<tool_call>{"arguments": {"city": "Zürich"}}</tool_call>', "", "there is no name"),
        ('<tool_call>{"name": ["get_weather"], "arguments": {}}</tool_call>', "", "the name is a list"),
        ('<tool_call>{"name": "get_weather", "arguments": ["Zürich"]}</tool_call>', "", "arguments are no object"),
        ('<tool_call>{"name": "get_weather", "arguments": "Zürich"}</tool_call>', "", "arguments are no object"),
        (_call_text("get_weather"), "city", "an argument is missing: name it"),
        (_call_text("get_weather", city="Zürich", country="x"), "country", "an argument too many: name it"),
        (_call_text("get_weather", city="Atlantis"), "unknown city", "the function's own error, whose text says why"),
    ]:
        found = _content_of(run_tool, text)
        error = found.get("error") if isinstance(found, dict) else None
        is_text = isinstance(error, str) and bool(error)
        require(is_text, f'{text!r} must give {{"error": a text}}, not {found}: {why}.')
        require(named in error, f"{text!r} gives the error {error!r}, without {named!r}: {why}.")
    _content_of(run_tool, _call_text("colours"))


def _require_scripted_answer(answer_with_tool: Callable, llm) -> None:
    tools, question = [_weather_tool()], "What is the weather in Zürich?"

    def answered(*texts: str, question: str = question) -> tuple[Engine, Any]:
        engine = Engine(llm, *texts)
        try:
            return engine, answer_with_tool(engine, question, tools, dict(HIDDEN))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            problem = f"{type(error).__name__}: {error}"
        require(
            False, f"answer_with_tool raised {problem} when the model wrote {texts[0]!r}: run_tool gives errors back."
        )

    call, final = _call_text("get_weather", city="Zürich"), "It is foggy in Zürich, 7 degrees."
    engine, messages = answered(call, final)
    _require_roles(messages, "user assistant tool assistant", "after a call and an answer")
    _require_asked(engine, tools)
    require(messages[0].get("content") == question, "The first message must be the question.")
    require(
        _names_called(messages[1]) == ["get_weather"], f"The second message must be the model's call: {messages[1]}."
    )
    require(json.loads(messages[2]["content"]) == PLACES["Zürich"], f"The third must be the result: {messages[2]}.")
    require(messages[3].get("content") == final, f"The last must be the model's second answer: {messages[3]}.")
    _, plain = answered("Hello!", question="Hello!")
    _require_roles(plain, "user assistant", "when the model answers at once")
    _, broken = answered(call[:30], "I do not know.")
    _require_roles(broken, "user assistant tool assistant", "when the call is broken: the model hears of the error")
    require("error" in json.loads(broken[2]["content"]), "After a broken call the tool message must hold the error.")


def _require_roles(messages: Any, roles: str, when: str) -> None:
    is_list = isinstance(messages, list) and all(isinstance(message, dict) for message in messages)
    require(is_list, f"Return the list of messages, not {messages!r}.")
    found = " ".join(str(message.get("role")) for message in messages)
    require(found == roles, f"The roles must be {roles} {when}, not {found}.")


def _require_asked(engine: Engine, tools: list) -> None:
    """Each request must hold the tools and what was said before, and must not depend on chance."""
    require(len(engine.calls) == 2, f"A call and an answer are two requests, not {len(engine.calls)}.")
    for call in engine.calls:
        require(call.tools == tools, "Give tools=tools to every llm.chat: the template writes them into each prompt.")
        _require_params(call)
    last = engine.calls[1].messages
    last = last[0] if last and isinstance(last[0], list) else last
    found = " ".join(message["role"] for message in last)
    wanted = "The second request must hold the question, the call and the result, user assistant tool"
    require(found == "user assistant tool", f"{wanted}, it holds: {found}.")


def _require_params(call: Call) -> None:
    params = call.params[0] if isinstance(call.params, list) else call.params
    greedy = params is not None and params.temperature == 0
    require(greedy, "A call must not depend on chance: SamplingParams(temperature=0, max_tokens=64).")
    tokens = f"Use max_tokens=64, since vLLM's default of 16 cuts a call off; it is {params.max_tokens}."
    require(params.max_tokens == 64, tokens)


def _require_cities(answer_with_tool: Callable, llm) -> None:
    tools, functions = [_weather_tool()], {"get_weather": get_weather}
    own, found = [], []
    for city, weather in PLACES.items():
        question = f"What is the weather in {city}?"
        values = weather["sky"], weather["temperature"]
        if _says(_loop(llm, [{"role": "user", "content": question}], tools, functions), *values):
            own.append(city)
            found += [city] * _says(answer_with_tool(llm, question, tools, functions), *values)
    missed = ", ".join(city for city in own if city not in found)
    require(2 * len(found) >= len(own), f"With other cities the result is not in the answer: {missed}.")


def _loop(llm, messages: list, tools: list, functions: dict) -> list:
    """The check's own way, to know which questions this model can answer with a tool at all."""
    from vllm import SamplingParams

    messages = list(messages)
    for _ in range(3):
        output = llm.chat(messages, SamplingParams(temperature=0, max_tokens=64), tools=tools, use_tqdm=False)[0]
        text = output.outputs[0].text
        messages.append({"role": "assistant", "content": text})
        if not (call := CALL.search(text)):
            break
        try:
            call = json.loads(call[1])
            content = json.dumps(functions[call["name"]](**call["arguments"]))
        except Exception as error:  # a small model's call may be anything
            content = json.dumps({"error": str(error)})
        messages.append({"role": "tool", "content": content})
    return messages


# 3.11 ---------------------------------------------------------------------------------------------------------------

COLUMNS = ["right", "variety", "logprob"]
LIKELY = -0.5  # mean log probability of a token; below it pocket-chat invents words


@exercise(
    "3.11",
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
    require(callable(measure), "measure must be a function of llm, questions, story, settings and seeds.")
    _require_table(table, len(settings))
    _require_choice(table, answer)
    _require_measure(measure, llm)


def _require_table(table, count: int) -> None:
    columns = hasattr(table, "columns") and set(COLUMNS) <= set(table)
    require(columns, f"measure must return a DataFrame with the columns {', '.join(COLUMNS)}.")
    require(len(table) == count, f"There must be one row a setting, {count}, there are {len(table)}.")
    require(
        list(table.index) == list(range(count)), "The rows must be numbered 0, 1, ... in the order of the settings."
    )
    require(bool(table["right"].between(0, 1).all()), "right is a share: right answers over all answers, 0 to 1.")


def _require_choice(table, answer: dict) -> None:
    facts, stories = answer["facts"], answer["stories"]
    for row in (facts, stories):
        require(
            not isinstance(row, dict) and row in table.index, f"{row!r} is no row of the table: give the row's number."
        )
    best = table["right"].max()
    more = f"Row {facts} gives {table['right'][facts]:.0%} right answers, another one {best:.0%}."
    require(table["right"][facts] == best, more)
    likely = table["logprob"][stories]
    require(
        likely > LIKELY, f"The stories of row {stories} are broken: a token's mean log probability is {likely:.2f}."
    )
    most, own = table["variety"][table["logprob"] > LIKELY].max(), table["variety"][stories]
    require(own == most, f"The stories of row {stories} have a variety of {own:.2f}, another whole row has {most:.2f}.")


def _require_measure(measure, llm) -> None:
    questions = [
        ([{"role": "user", "content": "What is the capital of Italy?"}], "Rome"),
        ([{"role": "user", "content": "What is 5 plus 7?"}], "1"),
    ]
    story = [{"role": "user", "content": "Tell me a story about an owl."}]
    settings, seeds = [{"temperature": 0.9}, {"temperature": 0.0}, {"temperature": 1.6, "top_p": 0.95}], [5, 6]
    engine = Engine(llm)
    table = measure(engine, questions, story, settings, seeds)
    require(len(engine.calls) == 1, f"Ask everything in one call of llm.chat, not in {len(engine.calls)}.")
    _require_table(table, len(settings))
    call = engine.calls[0]
    single = "Give a list of SamplingParams as long as the list of conversations, one for each."
    require(isinstance(call.params, list | tuple) and len(call.params) == len(call.messages), single)
    wanted = len(settings) * len(seeds) * 3
    require(
        len(call.outputs) == wanted,
        f"3 settings, 2 seeds, 3 conversations are {wanted} requests, not {len(call.outputs)}.",
    )
    requests = list(zip(call.messages, call.params, call.outputs, strict=True))
    for number, setting in enumerate(settings):
        own = [request for request in requests if abs(request[1].temperature - setting["temperature"]) < 1e-6]
        _require_requests(own, setting, seeds)
        _require_row(table.loc[number], own, questions, story, setting)


def _require_requests(own: list, setting: dict, seeds: list) -> None:
    each = len(own) == 3 * len(seeds)
    require(each, f"Every setting must meet every question with every seed; {setting} has {len(own)} requests, not 6.")
    top_p = all(abs(params.top_p - setting.get("top_p", 1.0)) < 1e-6 for _, params, _ in own)
    require(top_p, f"The requests of {setting} have another top_p: SamplingParams(**setting, ...).")
    met = {(json.dumps(messages), params.seed) for messages, params, _ in own}
    twice = f"With {setting} each conversation must be asked once with each of the seeds {seeds}."
    require(len(met) == len(own) and {seed for _, seed in met} == set(seeds), twice)
    tokens = {params.max_tokens for _, params, _ in own}
    require(tokens == {100}, f"Use max_tokens=100, vLLM's default of 16 cuts a story off; it is {tokens}.")


def _require_row(row, own: list, questions: list, story: list, setting: dict) -> None:
    wanted = {json.dumps(messages): word for messages, word in questions}
    texts = [(wanted[json.dumps(m)], o.outputs[0].text) for m, _, o in own if json.dumps(m) in wanted]
    stories = [output.outputs[0] for messages, _, output in own if messages == story]
    right = sum(bool(re.search(rf"\b{word}\b", text)) for word, text in texts) / len(texts)
    inside = " right(text, word) asks for a whole word, `in` finds 1 in 12 too."
    substring = sum(word in text for word, text in texts) / len(texts)
    note = inside if abs(row["right"] - substring) < 1e-9 and substring != right else ""
    require(
        abs(row["right"] - right) < 1e-9,
        f"{setting}: {right:.2f} of the answers are right, not {row['right']:.2f}.{note}",
    )
    words = " ".join(text.text for text in stories).split()
    share = len(set(words)) / len(words)
    different = f"{setting}: of {len(words)} words in its stories {len(set(words))} are different, a variety of "
    require(abs(row["variety"] - share) < 1e-9, f"{different}{share:.3f}, not {row['variety']:.3f}.")
    given = all(text.cumulative_logprob is not None for text in stories)
    require(given, "Without logprobs=0 in the SamplingParams there is no cumulative_logprob.")
    mean = sum(text.cumulative_logprob for text in stories) / sum(len(text.token_ids) for text in stories)
    per_token = (
        f"{setting}: logprob must be the mean over all tokens of its stories, {mean:.3f}, not {row['logprob']:.3f}."
    )
    require(abs(row["logprob"] - mean) < 1e-6, per_token)


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


AGENT_TOOLS = [get_weather, get_mayor, get_population]


@exercise(
    "3.12",
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
    require(callable(describe), "describe must be a function of a Python function.")
    require(callable(agent), "agent must be a function of llm, messages, functions and max_rounds.")
    _require_description(describe)
    _require_one_round(agent, llm)
    _require_several(agent, llm)
    _require_end(agent, llm)
    _require_conversations(agent, llm)


def _require_description(describe: Callable) -> None:
    for function, text, types, needed in [
        (get_population, "the population of a city", {"city": "string"}, ["city"]),
        (convert, "rounds a number", {"value": "number", "digits": "integer", "exact": "boolean"}, ["value"]),
    ]:
        found = describe(function)
        shape = isinstance(found, dict) and found.get("type") == "function" and isinstance(found.get("function"), dict)
        require(shape, f'describe must return {{"type": "function", "function": {{...}}}}, not {found}.')
        inner = found["function"]
        require(
            inner.get("name") == function.__name__, f"The name must be {function.__name__}, not {inner.get('name')}."
        )
        first = f"The description must be the docstring's first line, {text!r}, not {inner.get('description')!r}."
        require(inner.get("description") == text, first)
        parameters = inner.get("parameters") or {}
        outer = f'parameters must have "type": "object", as in TOOLS_3_9, not {parameters.get("type")!r}.'
        require(parameters.get("type") == "object", outer)
        kinds = {name: value.get("type") for name, value in parameters.get("properties", {}).items()}
        require(kinds == types, f"The types of {function.__name__} are {types} in JSON's words, not {kinds}.")
        required = parameters.get("required")
        require(
            required == needed,
            f"required of {function.__name__} are arguments without a default, {needed}, not {required}.",
        )


def _run(agent: Callable, engine: Engine, content: str = "Hello!", **options: Any) -> list:
    """Run an agent on one message; what it adds comes back, and the caller's list must stay as it was."""
    given = [{"role": "user", "content": content}]
    messages = agent(engine, given, list(AGENT_TOOLS), **options)
    require(isinstance(messages, list), f"agent must return the list of messages, not {messages!r}.")
    require(len(given) == 1, "agent changed the list that it was given: begin with a copy, list(messages).")
    require(messages[:1] == given, "The messages that were given come first in what agent returns.")
    return messages


def _require_one_round(agent: Callable, llm) -> None:
    engine = Engine(llm, "Hello! How can I help you?")
    _require_roles(_run(agent, engine), "user assistant", "when the model answers at once")
    engine = Engine(llm, _call_text("get_mayor", city="Tolvo"), "The mayor of Tolvo is Skelmar.")
    messages = _run(agent, engine, "Who is the mayor of Tolvo?")
    _require_roles(messages, "user assistant tool assistant", "after one call and an answer")
    require(json.loads(messages[2]["content"]) == {"mayor": "Skelmar"}, f"The result must be in {messages[2]}.")
    require(_names_called(messages[1]) == ["get_mayor"], f"The model's call must stay in the messages: {messages[1]}.")
    for call in engine.calls:
        _require_params(call)
        names = [tool["function"]["name"] for tool in call.tools or []]
        wanted = [function.__name__ for function in AGENT_TOOLS]
        require(names == wanted, f"Every request must hold the descriptions of {wanted}, it holds {names}.")


def _require_several(agent: Callable, llm) -> None:
    mayor, population = _call_text("get_mayor", city="Madrid"), _call_text("get_population", city="Madrid")
    two = _run(agent, Engine(llm, mayor + "\n" + population, "Pruna, and 917."))
    _require_roles(two, "user assistant tool tool assistant", "after two calls in one text")
    results = [json.loads(message["content"]) for message in two[2:4]]
    require(
        results == [{"mayor": "Pruna"}, {"population": 917}], f"Two calls give two results in their order: {results}."
    )
    rounds = _run(agent, Engine(llm, mayor, population, "Pruna, and 917."))
    _require_roles(rounds, "user assistant tool assistant tool assistant", "after a call, another call and an answer")
    for bad, what in [
        (_call_text("get_price", item="tea"), "an unknown tool"),
        (mayor[:35], "a call that was cut"),
        (_call_text("get_mayor", city="Atlantis"), "a function that fails"),
    ]:
        try:
            messages = _run(agent, Engine(llm, bad, mayor, "Pruna."))
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raised = f"{type(error).__name__}: {error}"
            require(False, f"After {what} agent raised {raised}; errors go back to the model, and the loop goes on.")
        _require_roles(
            messages, "user assistant tool assistant tool assistant", f"after {what}, a good call and an answer"
        )
        require("error" in json.loads(messages[2]["content"]), f"After {what} the tool message must hold an error.")


def _require_end(agent: Callable, llm) -> None:
    mayor = _call_text("get_mayor", city="Madrid")
    try:
        last = _run(agent, Engine(llm, mayor, mayor, "Pruna."), max_rounds=3)
    except RuntimeError as error:
        require(False, f"An answer in the last round, the third of three, is an answer; agent raised {error}")
    _require_roles(last[-1:], "assistant", "when the answer comes in the last round, at the end")
    for most in (1, 3):
        engine = Engine(llm, mayor)
        try:
            messages = _run(agent, engine, max_rounds=most)
        except RuntimeError as error:
            require(
                str(most) in str(error), f"The RuntimeError must name the number of rounds, {most}; it says: {error}"
            )
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            require(False, f"After {most} rounds without an answer raise a RuntimeError, not {type(error).__name__}.")
        else:
            require(
                False, f"After {most} rounds without an answer raise a RuntimeError, agent returned {messages[-1]}."
            )
        asked = f"With max_rounds={most} the model must be asked {most} times, not {len(engine.calls)}."
        require(len(engine.calls) == most, asked)


def _require_conversations(agent: Callable, llm) -> None:
    from inspect import getdoc

    tools = [copy.deepcopy(_weather_tool()) for _ in AGENT_TOOLS]
    for tool, function in zip(tools, AGENT_TOOLS, strict=True):
        tool["function"] |= {"name": function.__name__, "description": getdoc(function).splitlines()[0]}
    functions, own, found = {function.__name__: function for function in AGENT_TOOLS}, [], []
    for city, (mayor, population) in FACTS.items():
        asked = [(f"What is the mayor of {city}?", mayor), (f"What is the population of {city}?", population)]
        right = _answered(lambda messages: _loop(llm, messages, tools, functions), asked)
        own += right
        found += [value for value in _answered(lambda m: agent(llm, m, list(AGENT_TOOLS)), asked) if value in right]
    missed = ", ".join(str(value) for value in own if value not in found)
    require(2 * len(found) >= len(own), f"In conversations with other cities these results are in no answer: {missed}.")


def _answered(ask: Callable, asked: list[tuple]) -> list:
    """Ask one question after the other in one conversation; return the values that the answers hold."""
    messages, right = [], []
    for question, value in asked:
        try:
            messages = ask([*messages, {"role": "user", "content": question}])
        except RuntimeError:  # a small model may call for ever
            break
        right += [value] * _says(messages, value)
    return right
