"""A conversation that fits into the server's context: `vllm_course.chat.history` for a model behind HTTP."""

from typing import TYPE_CHECKING, Any

from vllm_course.chat.history import Fitted, turns_of
from vllm_course.errors import CourseError

if TYPE_CHECKING:
    from vllm_course.remote.endpoint import Endpoint


async def fit_messages(
    endpoint: "Endpoint", messages: list[dict[str, Any]], *, room: int, tools: list[dict] | None = None
) -> Fitted:
    """Drop whole turns from the front until prompt and answer fit into the server's context.

    A turn is a message of the user and all that follows up to the next one. So calls and their results stay together.

    Args:
        endpoint: The server, which counts tokens with the model's own template.
        messages: The conversation so far; the last turn is the one to be answered.
        room: Tokens kept free for the answer.
        tools: Descriptions of tools, which are part of the prompt.

    Raises:
        CourseError: The last turn alone does not fit.
    """
    system = [message for message in messages[:1] if message["role"] == "system"]
    turns = turns_of(messages[len(system) :])

    async def without(dropped: int) -> Fitted:
        kept = system + [message for turn in turns[dropped:] for message in turn]
        return Fitted(kept, dropped, await endpoint.count(kept, tools))

    fitted = await without(0)
    if endpoint.context is None or fitted.tokens <= (limit := endpoint.context - room):
        return fitted
    fewest, most = 1, max(1, len(turns) - 1)  # how many must go is in between; a question costs a request
    while fewest < most:
        middle = (fewest + most) // 2
        if (await without(middle)).tokens <= limit:
            most = middle
        else:
            fewest = middle + 1
    fitted = await without(min(fewest, len(turns) - 1))
    if fitted.tokens > limit:
        raise CourseError(
            f"the last message, with the tools and their results, must fit into {limit} tokens ({room} more are kept "
            f"for the answer), got {fitted.tokens}. Shorten it, or use fewer tools."
        )
    return fitted
