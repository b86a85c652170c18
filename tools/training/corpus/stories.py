"""Long stories with a cast that stays the same, a refrain, several scenes and an end; and short ones."""

# ruff: noqa: E501  a template stays on one line

import random

from tools.training.corpus.grammar import expand, sentence_case
from tools.training.corpus.lexicon import words
from tools.training.corpus.story_parts import BEGINNINGS, DEPARTURES, ENDINGS, FINDS, REASONS, SCENES, SINGING, SONGS
from tools.training.corpus.story_scenes import MORE_SCENES

ALL_SCENES = SCENES + MORE_SCENES
SHE = {"he": "she", "He": "She", "him": "her", "his": "her", "child": "girl"}
HE = {"he": "he", "He": "He", "him": "him", "his": "his", "child": "boy"}
PALS = words("Pip Bramble Tiko Muffin Oki Pepper Tumble Nutmeg Biscuit Momo Dot Fern Button Bobo Willow Pebble")
SHORT = [
    'A <kind> <animal> and a <kind> <animal> lived in the same garden. One <weekday> the first found <small> <fruit>. "Let us share," it said. They ate together under a tree, and from that day on they were friends.',
    '<name> had a <colour> kite. One <weather> day the kite flew away. <name> looked for it everywhere. In the evening a <job> knocked at the door and brought it back. "Thank you," said <name>, and they drank tea together.',
    'A farmer had a <animal> that could count. "How much is two and two?" asked the farmer. The <animal> knocked four times on the ground. "And what is the meaning of life?" asked the farmer. The <animal> thought for a while and then went to eat grass.',
    'An old clock stood in a station in <city>. It was always <small> minutes late. The people did not mind. "It gives us time," they said, and they walked a little slower.',
    "A small cloud wanted to see the sea. It asked the wind for help. The wind blew, and the cloud flew over fields and towns. When it saw the sea, it was so <mood> that it began to rain.",
    'A <job> found a <look> <treasure> in the street. "Whose is it?" <name> asked everybody in <city>. At last a child came and said, "It is mine." The child was so <mood> that it danced.',
    'One night the moon came down to the lake to look at itself. A <animal> sat on the bank. "Are you lonely up there?" asked the <animal>. "Sometimes," said the moon. "Then I will look up every night," said the <animal>.',
]


def story(rng: random.Random) -> str:
    """A story that begins with ``Once upon a time`` and goes on for 400 to 900 tokens."""
    cast = _cast(rng)
    parts = [rng.choice(BEGINNINGS), rng.choice(REASONS), rng.choice(DEPARTURES)]
    for scene in rng.sample(ALL_SCENES, rng.randint(3, 6)):
        parts += [scene] + [rng.choice(SINGING)] * (rng.random() < 0.6)
    parts += [rng.choice(FINDS), rng.choice(ENDINGS)]
    return "\n\n".join(expand(part, rng, **cast) for part in parts)


def scene(rng: random.Random) -> str:
    """The middle of a story: two to four scenes without a beginning, so that any scene can open a text."""
    cast = _cast(rng)
    return "\n\n".join(expand(part, rng, **cast) for part in rng.sample(ALL_SCENES, rng.randint(2, 4)))


def short_story(rng: random.Random) -> str:
    """A story of a few sentences."""
    animal, name = expand("<animal>", rng), expand("<name>", rng)
    template = rng.choice(SHORT)
    slots = {"name": name} | ({"animal": animal} if template.count("<animal>") > 2 else {})
    return sentence_case(expand(template, rng, **slots))


def _cast(rng: random.Random) -> dict[str, str]:
    girl = rng.random() < 0.5
    hero = expand("<girl>" if girl else "<boy>", rng)
    return (SHE if girl else HE) | {
        "hero": hero,
        "pal": rng.choice(PALS),
        "home": expand("<place>", rng),
        "friend": expand("<animal>", rng),
        "thing": expand("<look> <treasure>", rng),
        "song": rng.choice(SONGS),
        "worker": expand("<job>", rng),
    }
