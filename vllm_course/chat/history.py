"""A history that fits into the context: the oldest turns go first, the system message stays."""

from typing import TYPE_CHECKING, Any, NamedTuple

from vllm_course.chat.messages import check_messages
from vllm_course.chat.prompt import chat_token_ids
from vllm_course.errors import CourseError

if TYPE_CHECKING:
    from vllm import LLM


class Fitted(NamedTuple):
    """What `fit_history` leaves.

    Attributes:
        messages: The messages that fit.
        dropped: How many turns are gone.
        tokens: Length of the prompt that is left, in tokens.
    """

    messages: list[dict[str, Any]]
    dropped: int
    tokens: int


def fit_history(llm: "LLM", messages: list[dict[str, Any]], *, room: int, tools: list[dict] | None = None) -> Fitted:
    """Drop whole turns from the front until prompt and answer fit into the context.

    A turn is a message of the user and all that follows up to the next one, so that no answer and no tool's result is
    left without its question.

    Args:
        llm: An engine with a chat template; `max_model_len` is its limit, in tokens.
        messages: The conversation so far; the last turn is the one to be answered.
        room: Tokens kept free for the answer, >= 1; usually `max_tokens`.
        tools: Tool descriptions that the prompt holds as well.

    Returns:
        Messages, number of dropped turns and tokens; the list that was passed stays as it is.

    Raises:
        CourseError: The last turn alone does not fit, `room` leaves no prompt, or the messages break a rule.
    """
    check_messages(messages)
    limit = llm.llm_engine.model_config.max_model_len - room
    if limit < 1:
        raise CourseError(
            f"room must be < {limit + room}, the model's context in tokens, got {room}. Lower max_tokens."
        )
    system = [message for message in messages[:1] if message["role"] == "system"]
    turns = turns_of(messages[len(system) :])
    for dropped in range(max(1, len(turns))):
        kept = system + [message for turn in turns[dropped:] for message in turn]
        tokens = len(chat_token_ids(llm, kept, tools=tools))
        if tokens <= limit:
            return Fitted(kept, dropped, tokens)
    raise CourseError(
        f"the last message must fit with the system message into {limit} tokens ({room} more are kept for the answer), "
        f"got {tokens}. Shorten it, or lower max_tokens."
    )


def turns_of(messages: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Group messages into turns, each of which begins with a message of the user.

    Example:
        >>> len(turns_of([{"role": "user"}, {"role": "assistant"}, {"role": "user"}]))
        2
    """
    turns: list[list[dict[str, Any]]] = []
    for message in messages:
        if message["role"] == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def count_turns(count: int) -> str:
    """Write a number of turns.

    Example:
        >>> count_turns(1), count_turns(2)
        ('1 turn', '2 turns')
    """
    return "1 turn" if count == 1 else f"{count} turns"
