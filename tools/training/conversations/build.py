"""Mixes all skills into whole conversations."""

import random
from typing import NamedTuple

from tools.training.conversations import handbooks, knowledge, memory, personas, smalltalk, toolcalls
from tools.training.conversations.plain import plain_text
from tools.training.conversations.styles import PLAIN, STYLES
from tools.training.conversations.talk import Talk

SKILLS = {
    memory.tell: 10,
    memory.tell_two: 2,
    memory.ask: 10,
    knowledge.capital: 8,
    knowledge.addition: 9,
    knowledge.fact: 2,
    knowledge.explanation: 3,
    knowledge.story: 2,
    knowledge.tips: 2,
    smalltalk.greet: 2,
    smalltalk.chat: 4,
    smalltalk.unknown: 5,
    smalltalk.echo: 2,
    personas.interview: 3,
}
"""How often each skill is used in a conversation without a role."""
SETTINGS = {"plain text": 8, "free": 30, "style": 22, "persona": 14, "handbook": 13, "tools": 30}
LONG_SHARE = 0.06


class Conversation(NamedTuple):
    """One conversation of the corpus."""

    kind: str
    messages: list[dict]
    tools: list[dict]
    text: str = ""


def build_conversations(*, seed: int = 0, count: int = 1000) -> list[Conversation]:
    """Writes conversations for the training.

    Args:
        seed: Fixes every text, >= 0.
        count: How many, >= 1.

    Raises:
        ValueError: ``count`` is smaller than 1.
    """
    if count < 1:
        raise ValueError(f"count must be >= 1, got {count}. The shipped model saw 200,000.")
    return [conversation(random.Random(f"{seed} {number}")) for number in range(count)]


def conversation(rng: random.Random) -> Conversation:
    """Writes one conversation of one to eight turns, now and then of thirty."""
    setting = rng.choices(list(SETTINGS), list(SETTINGS.values()))[0]
    if setting == "plain text":
        return Conversation(setting, [], [], plain_text(rng))
    talk = Talk(rng)
    extra = _prepare(talk, setting)
    turns = rng.randint(12, 30) if rng.random() < LONG_SHARE else rng.choice([1, 1, 2, 2, 3, 4, 5, 6, 8])
    for _ in range(turns):
        skill = extra if extra and rng.random() < 0.65 else rng.choices(list(SKILLS), list(SKILLS.values()))[0]
        if skill is knowledge.addition and toolcalls.has_tool(talk, "add"):
            skill = toolcalls.use_add
        skill(talk)
    return Conversation(setting, talk.messages, talk.tools)


def _prepare(talk: Talk, setting: str):
    rng = talk.rng
    if setting == "free":
        if rng.random() < 0.15:
            talk.add("system", rng.choice(PLAIN.prompts))
        return None
    if setting == "style":
        _set_style(talk)
        return None
    if setting == "tools":
        talk.tools = toolcalls.some_tools(rng)
        draw = rng.random()
        if draw < 0.15:
            talk.add("system", rng.choice(PLAIN.prompts))
        elif draw < 0.3:
            _set_style(talk)
        return toolcalls.use_tool
    write, skill = {
        "persona": (personas.persona, personas.interview),
        "handbook": (handbooks.handbook, handbooks.look_up),
    }[setting]
    prompt, talk.self = write(rng)
    if rng.random() < 0.2:
        talk.style = rng.choice(list(STYLES))
        prompt = f"{prompt} {rng.choice(talk.manner.prompts)}"
    talk.add("system", prompt)
    return skill


def _set_style(talk: Talk) -> None:
    talk.style = talk.rng.choice(list(STYLES))
    talk.add("system", talk.rng.choice(talk.manner.prompts))
