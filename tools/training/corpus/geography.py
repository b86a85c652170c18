"""Documents about countries, rivers, mountains and oceans."""

# ruff: noqa: E501  a template stays on one line

import random

from tools.training.corpus.countries import COUNTRIES, Country
from tools.training.corpus.grammar import expand, sentence_case

CAPITAL_FIRST = "The capital of <country> is <capital>."
CAPITAL_PHRASES = [
    CAPITAL_FIRST,
    "<capital> is the capital of <country>.",
    "In <country>, the capital is <capital>.",
    "[If you travel to|When you visit] <country>, do not miss <capital>, the capital.",
    "[Pupils|Children] in <country> learn that <capital> is the capital.",
]
DETAILS = [
    "<country> [is|lies] in <continent>.",
    "[Many people there speak <language>.|You can hear people speak <language> there.|Many of its people speak <language>.]",
    "<remark>",
]
EARTH = [
    "The Nile is a [very long|long and famous] river in Africa. It flows [north|to the north] through Egypt and reaches the Mediterranean Sea.",
    "The Amazon is the largest river in the world [by water|by the water that it carries]. It flows through the rain forest of South America.",
    "The Danube flows through [ten countries|many countries of Europe] and ends in the Black Sea. Vienna, Budapest and Belgrade lie on its banks.",
    "The Rhine begins in the Alps and flows [north|to the north] to the North Sea. Many [ships|boats] travel on it.",
    "The Thames flows through London. The Seine flows through Paris. The Tiber flows through Rome.",
    "The Mississippi is a long river in the United States. It flows south to the Gulf of Mexico.",
    "Mount Everest is the highest mountain [in the world|on Earth]. It is 8,849 metres high and stands between Nepal and China.",
    "The Sahara is the largest hot desert [in the world|on Earth]. It [covers much of|lies in] the north of Africa.",
    "The Pacific is the largest ocean. [It lies between Asia and America.|It covers about a third of the Earth.]",
    "There are seven continents: Africa, Antarctica, Asia, Australia, Europe, North America and South America. Asia is the largest.",
    "There are five oceans: the Pacific, the Atlantic, the Indian, the Southern and the Arctic Ocean. The Pacific is the largest.",
    "The Alps are the [best known|largest] mountains in the middle of Europe. [In winter, many people go there to ski.|Their highest peak is Mont Blanc.]",
    "The Andes are the longest chain of mountains on land. They run along the west coast of South America.",
    "Antarctica is the coldest continent. It is covered with ice, and penguins live on its coast.",
    "The equator is a line around the middle of the Earth. [Near it, the days are warm all year.|It divides the Earth into a northern and a southern half.]",
]


def capital_fact(rng: random.Random) -> str:
    """One capital, alone or with one to three details of the same country."""
    country = rng.choice(COUNTRIES)
    first = CAPITAL_FIRST if rng.random() < 0.7 else rng.choice(CAPITAL_PHRASES)
    details = rng.sample(DETAILS, rng.choice([0, 0, 0, 1, 1, 2, 3]))
    return _about(country, [first, *details], rng)


def country_paragraph(rng: random.Random) -> str:
    """A heading and a paragraph that states every fact of one country."""
    country = rng.choice(COUNTRIES)
    body = _about(country, [rng.choice(CAPITAL_PHRASES), *rng.sample(DETAILS, 3)], rng)
    heading = rng.choice(
        ["Tell me about <country>.\n", "Write a short paragraph about <country>:\n", "Country: <country>\n"]
    )
    return expand(heading, rng, country=country.name) + "\n" * heading.startswith("Tell") + body


def capital_list(rng: random.Random) -> str:
    """Several capitals in one document, as sentences or as a list."""
    chosen = rng.sample(COUNTRIES, rng.randint(3, 6))
    if rng.random() < 0.5:
        return " ".join(_about(country, [CAPITAL_FIRST], rng) for country in chosen)
    rows = [f"- {sentence_case(country.name)}: {country.capital}" for country in chosen]
    return rng.choice(["Some countries and their capitals:\n", "A list of capitals:\n"]) + "\n".join(rows)


def continent_fact(rng: random.Random) -> str:
    """Countries of one continent, or the language of one country."""
    country = rng.choice(COUNTRIES)
    if rng.random() < 0.4:
        return _about(
            country,
            [
                "[In <country>, many people speak <language>.|Many people in <country> speak <language>.]",
                "[Its capital is <capital>.|The capital of <country> is <capital>.]",
            ],
            rng,
        )
    same = [other for other in COUNTRIES if other.continent == country.continent]
    names = [other.name for other in rng.sample(same, min(len(same), rng.randint(3, 5)))]
    return f"{sentence_case(', '.join(names[:-1]))} and {names[-1]} are countries in {country.continent}."


def earth_fact(rng: random.Random) -> str:
    """One to three facts about rivers, mountains, deserts and oceans."""
    return " ".join(expand(text, rng) for text in rng.sample(EARTH, rng.randint(1, 3)))


def _about(country: Country, templates: list[str], rng: random.Random) -> str:
    sentences = [expand(template, rng, country=country.name, **_rest(country)) for template in templates]
    return " ".join(sentence_case(sentence) for sentence in sentences)


def _rest(country: Country) -> dict[str, str]:
    return {key: value for key, value in country._asdict().items() if key != "name"}
