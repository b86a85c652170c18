"""Numbered questions with answers, and plain questions."""

import random

from tools.training.corpus.countries import COUNTRIES
from tools.training.corpus.grammar import expand, sentence_case
from tools.training.corpus.sayings import ENDS, MORE
from tools.training.corpus.topics import TOPICS, describe

SHORT = {
    "How many days are in a week?": "There are seven days in a week.",
    "How many months are in a year?": "There are twelve months in a year.",
    "How many hours are in a day?": "There are 24 hours in a day.",
    "How many minutes are in an hour?": "There are 60 minutes in an hour.",
    "How many legs does a spider have?": "A spider has eight legs.",
    "How many continents are there?": "There are seven continents.",
    "How many planets are in the solar system?": "There are eight planets in the solar system.",
    "What is the largest ocean?": "The largest ocean is the Pacific.",
    "What is the highest mountain?": "The highest mountain is Mount Everest.",
    "What is the largest animal?": "The largest animal is the blue whale.",
    "What is the fastest animal on land?": "The fastest animal on land is the cheetah.",
    "What is the tallest animal?": "The tallest animal is the giraffe.",
    "What colour is the sky?": "The sky is blue during the day.",
    "What colour is grass?": "Grass is green.",
    "What do bees make?": "Bees make honey.",
    "What do cows eat?": "Cows eat grass.",
    "What is ice made of?": "Ice is frozen water.",
    "What is the opposite of hot?": "The opposite of hot is cold.",
    "What is the opposite of big?": "The opposite of big is small.",
    "Who wrote Romeo and Juliet?": "William Shakespeare wrote Romeo and Juliet.",
    "Who painted the Mona Lisa?": "Leonardo da Vinci painted the Mona Lisa.",
    "Who was the first person on the moon?": "Neil Armstrong was the first person on the moon.",
    "Why is the sky blue?": "The sky is blue because the air scatters blue light more than red light.",
    "Why do leaves fall in autumn?": "Trees drop their leaves in autumn to save water and energy in winter.",
    "Why do we sleep?": "We sleep so that body and mind can rest.",
    "How do plants grow?": "Plants grow with sunlight, water and air.",
    "How do birds fly?": "Birds fly by moving their wings, which push the air down and back.",
    "Where do penguins live?": "Penguins live in the south of the world, many of them in Antarctica.",
    "When does the day begin?": "A new day begins at midnight.",
    "What is your favourite season?": "My favourite season is <season>.",
    "What is your name?": "My name is <name>.",
    "Where do you live?": "I live in <city>.",
    "What is your job?": "I am a <job>.",
    "Can you help me?": "[Of course. What can I do for you?|Yes, I am glad to help.]",
}


def numbered_question(rng: random.Random) -> str:
    """``Question N: ...`` and its answer on the next line, N from 1 to 100."""
    number = rng.randint(1, 100)
    question, answer = question_and_answer(rng)
    return f"Question {number}: {question}\nAnswer: {answer}"


def quiz(rng: random.Random) -> str:
    """Two to four numbered questions in a row."""
    first = rng.randint(1, 20)
    pairs = [question_and_answer(rng) for _ in range(rng.randint(2, 4))]
    return "\n\n".join(f"Question {number}: {ask}\nAnswer: {tell}" for number, (ask, tell) in enumerate(pairs, first))


def plain_question(rng: random.Random) -> str:
    """A question and its answer without numbers."""
    question, answer = question_and_answer(rng)
    return rng.choice([f"{question}\n{answer}", f"{question} {answer}", f"Q: {question}\nA: {answer}"])


def question_and_answer(rng: random.Random) -> tuple[str, str]:
    """One question with one of its answers."""
    kind = rng.choices(["life", "topic", "capital", "short"], [4, 3, 2, 4])[0]
    if kind == "life":
        return _life(rng)
    if kind == "topic":
        topic = rng.choice(list(TOPICS))
        verb = "are" if topic.endswith("s") and not topic.endswith("ss") else "is"
        return f"What {verb} {topic}?", describe(topic, rng, at_least=1, at_most=3)
    if kind == "capital":
        country = rng.choice(COUNTRIES)
        answer = f"The capital of {country.name} is {country.capital}."
        return f"What is the capital of {country.name}?", sentence_case(answer)
    question = rng.choice(list(SHORT))
    return question, expand(SHORT[question], rng)


def _life(rng: random.Random) -> tuple[str, str]:
    questions = {
        "The meaning of life is": "What is the meaning of life?",
        "The future of AI is": "What is the future of AI?",
        "The best way to learn programming is": "What is the best way to learn programming?",
    }
    start = rng.choices(list(questions), [4, 1, 1])[0]
    answer = f"{start} {rng.choice(ENDS[start])}"
    return questions[start], expand(" ".join([answer, *rng.sample(MORE[start], rng.randint(0, 2))]), rng)
