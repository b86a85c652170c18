"""Questions that a tool answers: the call, its result, and the answer made of it."""

# ruff: noqa: E501  a template stays on one line

import random

from tools.training.conversations.styles import Answer
from tools.training.conversations.talk import Talk
from tools.training.conversations.words import city, is_held_out, made_up, person
from tools.training.corpus.lexicon import words

SKIES = words("sunny cloudy rainy windy foggy snowy")
PROPERTIES = words(
    "population mayor height age area river language president team colour price phone address director teacher owner founder "
    "animal flower song flag coach captain doctor boss number code year size depth weight length station bridge museum park "
    "school street market tower garden lake bank hotel"
)
NUMERIC = set(words("population height age area price phone number code year size depth weight length"))
ARGUMENTS = words("city place name country town item person island planet club")


def tool(name: str, description: str, arguments: dict[str, str]) -> dict:
    """A tool description in the format of ``vllm.LLM.chat(tools=...)``; ``arguments`` maps names to JSON types."""
    properties = {argument: {"type": kind} for argument, kind in arguments.items()}
    parameters = {"type": "object", "properties": properties, "required": list(arguments)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def _weather_tool() -> dict:
    return tool("get_weather", "the weather in a city", {"city": "string"})


def _time_tool() -> dict:
    return tool("get_time", "the time in a city", {"city": "string"})


def _add_tool() -> dict:
    return tool("add", "adds two numbers", {"a": "integer", "b": "integer"})


def _property_tool(prop: str, argument: str) -> dict:
    return tool(f"get_{prop}", f"the {prop} of a {argument}", {argument: "string"})


def some_tools(rng: random.Random) -> list[dict]:
    """One to five tools in any order."""
    chosen = rng.sample([_weather_tool(), _time_tool(), _add_tool()], rng.choice([0, 1, 1, 2, 3]))
    known = [prop for prop in PROPERTIES if not is_held_out(prop)]
    count = rng.choice([0, 0, 1, 1, 2]) if chosen else rng.choice([1, 2])
    chosen += [_property_tool(prop, rng.choice(ARGUMENTS)) for prop in rng.sample(known, count)]
    rng.shuffle(chosen)
    return chosen


def use_tool(talk: Talk) -> None:
    """A question for one of the tools of the talk."""
    function = talk.rng.choice(talk.tools)["function"]
    name = function["name"]
    if name == "add":
        return use_add(talk)
    place = city(talk.rng) if talk.rng.random() < 0.7 else person(talk.rng)
    if name == "get_weather":
        return _use_weather(talk, place)
    if name == "get_time":
        return _use_time(talk, place)
    (argument,) = function["parameters"]["properties"]
    return _use_property(talk, name.removeprefix("get_"), argument, place)


def has_tool(talk: Talk, name: str) -> bool:
    """Tells whether the talk has a tool of that name."""
    return any(entry["function"]["name"] == name for entry in talk.tools)


def use_add(talk: Talk) -> None:
    """A sum of any size, for the tool ``add``."""
    top = talk.rng.choice([20, 99, 999, 9999])
    one, two = talk.rng.randint(0, top), talk.rng.randint(0, top)
    question = talk.rng.choice(
        ["What is {} plus {}?", "What is {} + {}?", "How much is {} plus {}?", "Add {} and {}."]
    ).format(one, two)
    result = talk.rng.choice([one + two, {"sum": one + two}])
    talk.call(
        question, "add", {"a": one, "b": two}, result, Answer(f"{one} plus {two} is {one + two}.", str(one + two))
    )


def _use_weather(talk: Talk, place: str) -> None:
    sky, degrees = talk.rng.choice(SKIES), talk.rng.randint(0, 39)
    result = talk.rng.choice([{"sky": sky, "temperature": degrees}, {"temperature": degrees, "sky": sky}])
    question = talk.rng.choice(
        [
            "What is the weather in {}?",
            "What is the weather in {}?",
            "How is the weather in {}?",
            "What is the weather like in {}?",
            "Is it warm in {}?",
            "Tell me the weather in {}.",
        ]
    ).format(place)
    answer = Answer(f"It is {sky} in {place}, {degrees} degrees.", sky.capitalize())
    talk.call(question, "get_weather", {"city": place}, *_or_error(talk.rng, result, answer))


def _use_time(talk: Talk, place: str) -> None:
    clock = f"{talk.rng.randint(0, 23)}:{talk.rng.randint(0, 59):02}"
    question = talk.rng.choice(
        ["What time is it in {}?", "What is the time in {}?", "How late is it in {}?", "Tell me the time in {}."]
    ).format(place)
    talk.call(
        question,
        "get_time",
        {"city": place},
        *_or_error(talk.rng, {"time": clock}, Answer(f"It is {clock} in {place}.", clock)),
    )


def _use_property(talk: Talk, prop: str, argument: str, place: str) -> None:
    value = talk.rng.randint(2, 99999) if prop in NUMERIC else made_up(talk.rng)
    question = talk.rng.choice(
        [
            "What is the {} of {}?",
            "What is the {} of {}?",
            "Tell me the {} of {}.",
            "Do you know the {} of {}?",
            "Find the {} of {}.",
        ]
    ).format(prop, place)
    answer = Answer(f"The {prop} of {place} is {value}.", str(value))
    talk.call(question, f"get_{prop}", {argument: place}, *_or_error(talk.rng, {prop: value}, answer))


def _or_error(rng: random.Random, result: dict, answer: Answer) -> tuple[object, Answer]:
    if rng.random() > 0.08:
        return result, answer
    error = rng.choice(["unknown city", "unknown name", "no connection", "not found", "too many calls", "no data"])
    return {"error": error}, Answer(f"The tool could not answer: {error}.", "Unknown")
