"""A conversation for the eye: rows for the widget, and a table and a text for where there are no widgets."""

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from vllm_course.chat.history import count_turns

if TYPE_CHECKING:
    from vllm_course.chat.conversation import Conversation

NOTHING = "No conversation yet: the chat box answers in a running notebook."
WIDTH = len("assistant") + 2
CELL = "text-align: left; vertical-align: top"


def rows(turns: list[list[dict[str, str]]], marks: list[str]) -> list[dict[str, str]]:
    """Return what the widget shows of a conversation; it shows the system prompt elsewhere.

    Args:
        turns: The conversation, `Conversation.turns`.
        marks: Why the model does not see a turn, "" for one that it sees: `Conversation.marks`.

    Example:
        >>> rows([[{"role": "user", "content": "Hello!"}]], ["unanswered"])
        [{'role': 'user', 'label': 'user, unanswered', 'text': 'Hello!'}]
    """
    return [
        {"role": message["role"], "label": ", ".join(filter(None, [message["role"], mark])), "text": message["content"]}
        for turn, mark in zip(turns, marks, strict=True)
        for message in turn
    ]


def state(conversation: "Conversation") -> str:
    """Say how full the context is after the last answer, and how that answer ended."""
    answer = conversation.answer
    parts = [f"{answer.prompt_tokens + answer.output_tokens:,} of {conversation.context:,} tokens"]
    if answer.dropped_turns:
        parts.append(f"{count_turns(answer.dropped_turns)} dropped")
    parts.append("answering" if conversation.running else f"ended: {answer.finish_reason}")
    return "; ".join(parts)


def as_text(messages: list[dict[str, str]], notes: Sequence[str]) -> str:
    r"""Return a conversation as plain text, each role in a column of its own.

    Example:
        >>> print(as_text([{"role": "user", "content": "One\ntwo"}], ["3 tokens"]))
        user       One
                   two
        3 tokens
    """
    said = [f"{message['role']:{WIDTH}}" + message["content"].replace("\n", "\n" + WIDTH * " ") for message in messages]
    return "\n".join(line.rstrip() for text in [*said, *notes] for line in text.split("\n"))


def as_html(messages: list[dict[str, str]], notes: Sequence[str]) -> str:
    """Return a conversation as a table that needs no styles; line breaks and indentation stay."""
    table = f"<table><tbody>{''.join(map(_line, messages))}</tbody></table>" if messages else ""
    return table + "".join(f"<p>{escape(note)}</p>" for note in notes)


def _line(message: dict[str, str]) -> str:
    role, text = escape(message["role"]), _html(message["content"])
    return f'<tr><th scope="row" style="{CELL}">{role}</th><td style="{CELL}">{text}</td></tr>'


def _html(text: str) -> str:
    indented = re.sub("^ +", lambda spaces: len(spaces[0]) * "&nbsp;", escape(text), flags=re.MULTILINE)
    return indented.replace("\n", "<br>")
