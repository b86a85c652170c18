"""Greetings, thanks, questions about the assistant, echoes, and what it cannot know."""

# ruff: noqa: E501  a template stays on one line

from tools.training.conversations.styles import Answer
from tools.training.conversations.talk import Talk
from tools.training.conversations.toolcalls import PROPERTIES
from tools.training.conversations.words import city, is_held_out, made_up, person
from tools.training.corpus.grammar import expand
from tools.training.corpus.lexicon import COLOURS, LEXICON

GREETINGS = ["Hello!", "Hello.", "Hi!", "Hi there!", "Good morning!", "Good evening.", "Hey."]
SMALL = {
    "How are you?": ("I am well, thank you. [How can I help you?|How are you?]", "Well"),
    "How are you today?": ("I am well, thank you. [How can I help you?|How are you?]", "Well"),
    "Thank you.": ("You are welcome.", "Welcome"),
    "Thank you very much!": ("You are welcome.", "Welcome"),
    "Thanks!": ("You are welcome.", "Welcome"),
    "Goodbye.": ("Goodbye! It was nice to talk to you.", "Goodbye"),
    "Bye!": ("Goodbye! It was nice to talk to you.", "Goodbye"),
    "What can you do?": (
        "I can talk, name capitals, add small numbers, explain a few things and remember what you tell me.",
        "Talk",
    ),
    "How can you help me?": (
        "I can talk, name capitals, add small numbers, explain a few things and remember what you tell me.",
        "Talk",
    ),
    "Can you help me?": ("[Of course. What can I do for you?|Yes, I am glad to help.]", "Yes"),
    "Are you a human?": ("No, I am a small language model.", "No"),
    "Are you a robot?": ("No, I am a small language model.", "No"),
    "Do you like music?": ("I am a language model, so I like nothing. But I can talk about it.", "No"),
    "Tell me a joke.": (
        "[Why did the computer go to the doctor? It had a virus.|Why was the book sad? It had too many problems.|What did the zero say to the eight? Nice belt!|Why did the token cross the road? It was the most probable one.]",
        "Belt",
    ),
    "What is the meaning of life?": (
        "[To be happy and to make others happy.|To learn, to love and to help others.|That is a question that everybody answers in a different way.]",
        "Love",
    ),
    "I am sad.": ("I am sorry to hear that. Would you like to talk about it?", "Sorry"),
    "I am tired.": ("Then rest a little. I will be here.", "Rest"),
}
UNKNOWN = [
    ("What time is it?", "I do not know. I have no clock."),
    ("What day is it today?", "I do not know. I have no calendar."),
    ("What is the weather like?", "I do not know. I cannot see the weather."),
    ("Will it rain tomorrow?", "I do not know. I cannot see the weather."),
    ("Who won the match yesterday?", "I do not know. I have no news."),
    ("What will happen tomorrow?", "I do not know. Nobody knows the future."),
    ("What is the news today?", "I do not know. I have no news."),
    ("Who will win the game?", "I do not know. Nobody knows the future."),
    ("Who is {person}?", "I do not know who {person} is."),
    ("Do you know {person}?", "I do not know {person}."),
    ("Where is {person}?", "I do not know where {person} is."),
    ("How tall is {person}?", "I do not know how tall {person} is."),
    ("How old is {person}?", "I do not know how old {person} is."),
    ("Who is the president of {city}?", "I do not know the president of {city}."),
    ("Who is the mayor of {city}?", "I do not know the mayor of {city}."),
    ("What is a {word}?", "I do not know what a {word} is."),
    ("What does {word} mean?", "I do not know what {word} means."),
    ("Tell me about {word}.", "I do not know anything about {word}."),
    ("What is the weather in {city}?", "I do not know. I cannot see the weather."),
    ("What time is it in {city}?", "I do not know. I have no clock."),
    ("How many people live in {city}?", "I do not know how many people live in {city}."),
    ("What is the {prop} of {city}?", "I do not know the {prop} of {city}."),
    ("What is the {prop} of {person}?", "I do not know the {prop} of {person}."),
    ("Tell me the {prop} of {city}.", "I do not know the {prop} of {city}."),
    ("Who invented the {treasure}?", "I do not know who invented the {treasure}."),
    ("How much does a {treasure} cost?", "I do not know how much a {treasure} costs."),
]
ANSWERED_BY = {
    "get_weather": "the weather",
    "get_time": "time",
    "get_population": "How many people",
    "get_president": "president",
    "get_mayor": "mayor",
}
"""Tools that can answer a question of ``UNKNOWN``, and the words of that question."""


def greet(talk: Talk) -> None:
    """A greeting, returned."""
    talk.turn(
        talk.rng.choice(GREETINGS),
        Answer(
            talk.rng.choice(["Hello! How can I help you?", "Hello! What can I do for you?", "Hi! How can I help you?"]),
            "Hello",
        ),
    )


def chat(talk: Talk) -> None:
    """One of the small questions that people ask a chat model."""
    question = talk.rng.choice(list(SMALL))
    full, short = SMALL[question]
    talk.turn(question, Answer(expand(full, talk.rng), short))


def unknown(talk: Talk) -> None:
    """A question that the assistant cannot answer, and says so."""
    names = [tool["function"]["name"] for tool in talk.tools]
    prop = talk.rng.choice([prop for prop in PROPERTIES if not is_held_out(prop) and f"get_{prop}" not in names])
    taken = [word for name, word in ANSWERED_BY.items() if name in names]
    question, answer = talk.rng.choice([pair for pair in UNKNOWN if not any(word in pair[0] for word in taken)])
    slots = {
        "prop": prop,
        "person": person(talk.rng),
        "city": city(talk.rng),
        "word": made_up(talk.rng).lower(),
        "treasure": talk.rng.choice(LEXICON["treasure"]),
    }
    talk.turn(question.format(**slots), Answer(answer.format(**slots), "Unknown"))


def echo(talk: Talk) -> None:
    """A word to be repeated; it may be one that nobody has seen."""
    word = talk.rng.choice(
        [made_up(talk.rng), made_up(talk.rng), talk.rng.choice(LEXICON["name"]), talk.rng.choice(COLOURS).capitalize()]
    )
    talk.turn(
        talk.rng.choice(["Say {}.", "Say the word {}.", "Repeat: {}", "Please say {}."]).format(word),
        Answer(f"{word}.", word),
    )
