"""An answer that grows token by token."""

from typing import TYPE_CHECKING, Any

from vllm_course.chat.prompt import chat_token_ids
from vllm_course.streaming import Stream

if TYPE_CHECKING:
    from vllm import LLM, SamplingParams


def chat_stream(
    llm: "LLM", messages: list[dict[str, Any]], params: "SamplingParams", *, tools: list[dict] | None = None
) -> Stream:
    """Begin an answer; `LLM.chat` would return when all of it is there.

    Args:
        llm: An engine in this process, with a chat template.
        messages: The conversation; it must fit into the context, see `fit_history`.
        params: Sampling parameters; they are changed to ask for intermediate outputs.
        tools: Tool descriptions in OpenAI's format.

    Returns:
        The request in progress: `step()` adds a token, `completions[0].text` is the answer so far, `close()` ends it.
    """
    return Stream(llm, {"prompt_token_ids": chat_token_ids(llm, messages, tools=tools)}, params)
