"""Made-up words, so that a model must copy from the conversation instead of knowing the answer."""

import hashlib
import random

from tools.training.corpus.lexicon import LEXICON, words

STARTS = words(
    "B Bl Br C Ch Cl D Dr F Fl G Gl Gr H J K Kl Kr L M N P Pl Pr Qu R S Sh Sk Sl Sn St Str T Th Tr V W Wh Y Z Zh "
    "A E I O U"
)
VOWELS = words("a e i o u a e i o u ai ei ou ea oo ia")
MIDDLES = words("b br d dr f g l ld lm lt lv m mb mp n nd nk nt p r rd rk rn rt rv s sh sk sp st t th v z zz k")
ENDS = words("a o e i an en in on ar er or is us as el al il et it y ek ak im am um")
COUNTRY_ENDS = words("ia land stan istan ania ova aria uria esia")
HELD_OUT_ONE_IN = 20


def is_held_out(key: str) -> bool:
    """Tells whether a word or a combination is kept away from training: one in 20, by its SHA-256."""
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:4], "big") % HELD_OUT_ONE_IN == 0


def made_up(rng: random.Random, *, held_out: bool = False, ends: list[str] = ENDS) -> str:
    """A capitalised word of one to three random syllables, for example ``Tolvo``.

    Args:
        rng: Source of the choice.
        held_out: Which side of the split the word comes from, so that a test asks for words that no training saw.
        ends: What the word ends with.
    """
    while True:
        syllables = "".join(rng.choice(VOWELS) + rng.choice(MIDDLES) for _ in range(rng.choice([1, 1, 2])))
        word = (rng.choice(STARTS) + syllables + rng.choice(ends)).capitalize()
        if is_held_out(word) == held_out:
            return word


def person(rng: random.Random, *, held_out: bool = False) -> str:
    """A first name: half of them real, half made up; a held-out one is always made up."""
    return made_up(rng, held_out=True) if held_out else _mixed(rng, LEXICON["name"])


def city(rng: random.Random, *, held_out: bool = False) -> str:
    """A city: half of them real, half made up; a held-out one is always made up."""
    return made_up(rng, held_out=True) if held_out else _mixed(rng, LEXICON["city"])


def country(rng: random.Random, *, held_out: bool = False) -> str:
    """A country that does not exist."""
    return made_up(rng, held_out=held_out, ends=COUNTRY_ENDS)


def _mixed(rng: random.Random, known: list[str]) -> str:
    return rng.choice(known) if rng.random() < 0.4 else made_up(rng)
