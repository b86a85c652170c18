"""Questions with an answer of their own: capitals, sums, short facts, explanations, stories, lists."""

# ruff: noqa: E501  a template stays on one line

from tools.training.conversations.styles import LONG_ALLOWED, Answer, held_out_pair
from tools.training.conversations.talk import Talk
from tools.training.conversations.texts import CODE, STORIES, TIPS
from tools.training.conversations.words import country, is_held_out
from tools.training.corpus.countries import COUNTRIES
from tools.training.corpus.grammar import expand, sentence_case
from tools.training.corpus.lexicon import LEXICON
from tools.training.corpus.questions import SHORT
from tools.training.corpus.topics import TOPICS, describe

CAPITAL_QUESTIONS = [
    "What is the capital of {}?",
    "What is the capital of {}?",
    "What is the capital of {}?",
    "Which city is the capital of {}?",
    "Tell me the capital of {}.",
    "Do you know the capital of {}?",
    "Name the capital of {}.",
    "{}: what is its capital?",
]
FOLLOW_UPS = ["And of {}?", "And the capital of {}?", "What about {}?", "And {}?"]
SUM_QUESTIONS = [
    "What is {} plus {}?",
    "What is {} plus {}?",
    "What is {} + {}?",
    "How much is {} plus {}?",
    "Add {} and {}.",
    "{} + {} = ?",
    "{} plus {}?",
]
LARGEST_SUMMAND = 20
ASIDE = {
    "What is your name?",
    "Where do you live?",
    "What is your job?",
    "Can you help me?",
    "What is your favourite season?",
}
FACTS = {question: answer for question, answer in SHORT.items() if question not in ASIDE}
SHORT_WORDS = {
    "How many days are in a week?": "Seven",
    "How many months are in a year?": "Twelve",
    "How many hours are in a day?": "24",
    "How many minutes are in an hour?": "60",
    "How many legs does a spider have?": "Eight",
    "How many continents are there?": "Seven",
    "How many planets are in the solar system?": "Eight",
    "What is the largest ocean?": "Pacific",
    "What is the highest mountain?": "Everest",
    "What colour is the sky?": "Blue",
    "What colour is grass?": "Green",
    "What do bees make?": "Honey",
    "What do cows eat?": "Grass",
    "What is the opposite of hot?": "Cold",
    "What is the opposite of big?": "Small",
    "Who wrote Romeo and Juliet?": "Shakespeare",
    "What is the tallest animal?": "Giraffe",
    "What is the fastest animal on land?": "Cheetah",
    "What is the largest animal?": "Whale",
}


def capital(talk: Talk) -> None:
    """One to three capitals, the later ones asked for in short, and sometimes a country that does not exist."""
    question = talk.rng.choice(CAPITAL_QUESTIONS)
    for _ in range(talk.rng.choice([1, 1, 2, 3])):
        talk.turn(*_capital(talk, question))
        question = talk.rng.choice(FOLLOW_UPS)


def _capital(talk: Talk, question: str) -> tuple[str, Answer]:
    if talk.rng.random() < 0.15:
        place = country(talk.rng)
        return question.format(place), Answer(f"I do not know the capital of {place}.", "Unknown")
    place = talk.rng.choice(COUNTRIES)
    while talk.style and held_out_pair(place.name, talk.style):
        place = talk.rng.choice(COUNTRIES)
    answer = f"The capital of {place.name} is {place.capital}."
    return sentence_case(question.format(place.name)), Answer(answer, place.capital)


def addition(talk: Talk) -> None:
    """One or two small sums; larger ones and other operations are declined."""
    for _ in range(talk.rng.choice([1, 1, 2])):
        question = talk.rng.choice(SUM_QUESTIONS)
        draw = talk.rng.random()
        if draw < 0.1:
            one, two = talk.rng.randint(21, 999), talk.rng.randint(21, 999)
            talk.turn(
                question.format(one, two),
                Answer(f"I do not know. I can only add numbers up to {LARGEST_SUMMAND}.", "Unknown"),
            )
        elif draw < 0.15:
            other = talk.rng.choice(["times", "minus", "divided by"])
            one, two = talk.rng.randint(2, 99), talk.rng.randint(2, 99)
            talk.turn(
                f"What is {one} {other} {two}?",
                Answer(f"I do not know. I can only add numbers up to {LARGEST_SUMMAND}.", "Unknown"),
            )
        else:
            one, two = _summands(talk)
            talk.turn(question.format(one, two), Answer(f"{one} plus {two} is {one + two}.", str(one + two)))


def _summands(talk: Talk) -> tuple[int, int]:
    while True:
        one, two = talk.rng.randint(0, LARGEST_SUMMAND), talk.rng.randint(0, LARGEST_SUMMAND)
        if not is_held_out(f"{one} + {two}"):
            return one, two


def fact(talk: Talk) -> None:
    """A short question of general knowledge."""
    question = talk.rng.choice(list(SHORT_WORDS) if talk.style in ("one word", "JSON") else list(FACTS))
    talk.turn(question, Answer(expand(FACTS[question], talk.rng), SHORT_WORDS.get(question)))


def explanation(talk: Talk) -> None:
    """A topic explained in a few sentences."""
    if talk.style and talk.style not in LONG_ALLOWED:
        return fact(talk)
    topic = talk.rng.choice(list(TOPICS))
    verb = "are" if topic.endswith("s") and not topic.endswith("ss") else "is"
    question = talk.rng.choice(
        [
            f"Tell me about {topic}.",
            f"What {verb} {topic}?",
            f"Explain {topic} in simple terms.",
            f"Write a short paragraph about {topic}.",
            f"What do you know about {topic}?",
        ]
    )
    longer = "paragraph" in question or "Tell" in question
    talk.turn(question, Answer(describe(topic, talk.rng, at_least=3 if longer else 1, at_most=5 if longer else 3)))


def story(talk: Talk) -> None:
    """A short story about an animal, or about any."""
    if talk.style and talk.style not in LONG_ALLOWED:
        return fact(talk)
    animal = talk.rng.choice(LEXICON["animal"])
    asked = talk.rng.random() < 0.7
    about = f" about {'an' if animal[0] in 'aeiou' else 'a'} {animal}" if asked else ""
    question = talk.rng.choice([f"Tell me a story{about}.", f"Tell me a short story{about}.", f"Write a story{about}."])
    talk.turn(question, Answer(expand(talk.rng.choice(STORIES), talk.rng, animal=animal)))


def tips(talk: Talk) -> None:
    """A numbered list in Markdown, with the first words in bold, or a piece of code."""
    if talk.style and talk.style not in LONG_ALLOWED:
        return fact(talk)
    if talk.rng.random() < 0.3:
        task = talk.rng.choice(list(CODE))
        question = talk.rng.choice([f"Write Python code that {task}.", f"Show me Python code that {task}."])
        return talk.turn(question, Answer(f"This Python code {task}:\n\n```python\n{CODE[task]}\n```"))
    aim = talk.rng.choice(list(TIPS))
    chosen = talk.rng.sample(TIPS[aim], 3)
    rows = "\n".join(f"{number}. **{head}** {rest}" for number, (head, rest) in enumerate(chosen, 1))
    question = talk.rng.choice(
        [f"Give me three tips for {aim}.", f"Three tips for {aim}, please.", f"How do I get better at {aim}?"]
    )
    talk.turn(question, Answer(f"Here are three tips for {aim}:\n\n{rows}"))
