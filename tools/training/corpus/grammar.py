"""A template language of two rules, in which the whole corpus is written.

``[a|b|c]`` picks one alternative (an empty one is allowed, and they nest); ``<name>`` fills a slot, from the values
that the caller fixed or else with a random word of the lexicon, if possible one that the text does not have yet.
"""

import random
import re

from tools.training.corpus.lexicon import LEXICON

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"<(\w+)>")
ARTICLE = re.compile(r"\b([Aa]) (?=[aeiouAEIO])(?!one\b|used|uni|use|euro)")


def expand(template: str, rng: random.Random, **slots: str) -> str:
    """Writes one text from a template.

    Args:
        template: Text with ``[a|b]`` choices and ``<slot>`` names.
        rng: Source of every choice, so that a seed fixes the text.
        **slots: Values that must stay the same wherever the slot appears; they win over the lexicon.

    Returns:
        The text with every choice made, every slot filled, ``a`` turned into ``an`` before a vowel, no double spaces.

    Raises:
        KeyError: A slot is neither passed nor in the lexicon.

    Example:
        >>> expand("[Hello|Hello], <who>!", random.Random(0), who="Ada")
        'Hello, Ada!'
    """
    while CHOICE.search(template):
        template = CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), template)
    used: set[str] = set()
    while SLOT.search(template):
        template = SLOT.sub(lambda match: _fill(match.group(1), rng, slots, used), template)
    return re.sub(r"  +", " ", with_articles(template)).replace(" .", ".").replace(" ,", ",").strip()


def with_articles(text: str) -> str:
    """Turns ``a`` into ``an`` before a vowel.

    Example:
        >>> with_articles("You are a actor.")
        'You are an actor.'
    """
    return ARTICLE.sub(r"\1n ", text)


def sentence_case(text: str) -> str:
    """Turns the first letter into a capital and leaves the others as they are.

    Example:
        >>> sentence_case("the Nile is long.")
        'The Nile is long.'
    """
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """Turns the first letter into a small one, for the middle of a sentence; ``I`` stays.

    Example:
        >>> lower_first("My name is Ada."), lower_first("I am Ada.")
        ('my name is Ada.', 'I am Ada.')
    """
    return text if text.startswith("I ") else text[:1].lower() + text[1:]


def some(templates: list[str], rng: random.Random, *, at_least: int, at_most: int) -> list[str]:
    """Picks a random number of templates and keeps their order, so that a paragraph still reads from start to end.

    Args:
        templates: What to choose from.
        rng: Source of the choice.
        at_least: Smallest number of templates, >= 0.
        at_most: Largest number of templates; more than there are means all of them.
    """
    count = rng.randint(at_least, min(at_most, len(templates)))
    return [templates[index] for index in sorted(rng.sample(range(len(templates)), count))]


def _fill(name: str, rng: random.Random, slots: dict[str, str], used: set[str]) -> str:
    if name in slots:
        return slots[name]
    if name not in LEXICON:
        raise KeyError(f"slot <{name}> must be passed or be in LEXICON, got neither. Known: {sorted(LEXICON)}.")
    word = rng.choice([word for word in LEXICON[name] if word not in used] or LEXICON[name])
    used.add(word)
    return word
