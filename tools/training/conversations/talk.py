"""A conversation that grows turn by turn."""

import json
import random
from dataclasses import dataclass, field

from tools.training.conversations.styles import PLAIN, STYLES, Answer, Style

CASUAL_SHARE = 0.08


@dataclass
class Talk:
    """Messages so far, in the format of ``vllm.LLM.chat``, and what the next answers depend on.

    Attributes:
        rng: Source of every choice.
        style: Name of a key of ``STYLES``, or None for plain sentences.
        messages: Role and content of each message.
        tools: Tool descriptions in the format of ``LLM.chat(tools=...)``.
        user: What the user has told about himself, by topic.
        self: What the system prompt tells about the assistant, by topic.
    """

    rng: random.Random
    style: str | None = None
    messages: list[dict] = field(default_factory=list)
    tools: list[dict] = field(default_factory=list)
    user: dict[str, str] = field(default_factory=dict)
    self: dict[str, str] = field(default_factory=dict)

    @property
    def manner(self) -> Style:
        """How answers are written."""
        return STYLES[self.style] if self.style else PLAIN

    def add(self, role: str, content: str) -> None:
        """Appends one message."""
        self.messages.append({"role": role, "content": content})

    def turn(self, question: str, answer: Answer) -> None:
        """Appends what the user says and the answer in the talk's style."""
        self.add("user", casual(question, self.rng))
        self.add("assistant", self.manner.write(answer, self.rng))

    def call(self, question: str, name: str, arguments: dict, result: object, answer: Answer) -> None:
        """Appends a question, the call of a tool, its result and the answer."""
        self.add("user", casual(question, self.rng))
        function = {"name": name, "arguments": arguments}
        self.messages.append(
            {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": function}]}
        )
        self.add("tool", json.dumps(result, ensure_ascii=False))
        self.add("assistant", self.manner.write(answer, self.rng))


def casual(question: str, rng: random.Random) -> str:
    """Leaves the question as it is, or drops the mark at its end, or begins with a small letter, or asks politely."""
    if rng.random() < CASUAL_SHARE:
        question = question.rstrip("?.!")
    if rng.random() < CASUAL_SHARE and not question.startswith("I "):
        question = question[:1].lower() + question[1:]
    if question.startswith("What") and rng.random() < CASUAL_SHARE:
        question = (
            rng.choice(["Please tell me: ", "Can you tell me: ", "And ", "So, "]) + question[:1].lower() + question[1:]
        )
    return question
