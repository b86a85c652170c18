"""From messages to the tokens that the engine gets."""

import copy
from typing import TYPE_CHECKING, Any

from vllm_course.chat.messages import check_messages
from vllm_course.errors import CourseError

if TYPE_CHECKING:
    from vllm import LLM


def chat_text(
    llm: "LLM",
    messages: list[dict[str, Any]],
    *,
    tools: list[dict] | None = None,
    continue_final_message: bool = False,
) -> str:
    """Return the text that the model's chat template makes of messages, with the beginning of the answer.

    Args:
        llm: An engine whose tokenizer has a chat template.
        messages: A conversation, role and content of each message.
        tools: Tool descriptions in OpenAI's format, None for no tools.
        continue_final_message: Whether the last message stays open, so that the model goes on with it; otherwise it
            begins another.

    Returns:
        The prompt; `LLM.chat` shows the same as `RequestOutput.prompt`.

    Raises:
        CourseError: The messages break a rule, the template refuses them, or the model has no template.

    Source:
        `transformers.PreTrainedTokenizerBase.apply_chat_template`, which `vllm.renderers.hf` calls as well, after
        `vllm.renderers.chat_utils.parse_chat_messages`.
    """
    from jinja2 import TemplateError
    from vllm.exceptions import VLLMError

    check_messages(messages)
    tokenizer = llm.get_tokenizer()
    if not getattr(tokenizer, "chat_template", None):
        raise CourseError(
            f"model must have a chat template, {llm.llm_engine.model_config.model!r} has none. "
            "Take a model that was trained to chat, for example pocket-chat."
        )
    try:
        parsed = _parsed(llm, messages, tools)
        return tokenizer.apply_chat_template(
            parsed,
            tools=tools,
            add_generation_prompt=not continue_final_message,
            continue_final_message=continue_final_message,
            tokenize=False,
        )
    except (TemplateError, VLLMError, TypeError, ValueError, RecursionError) as reason:  # tool calls may be anything
        said = " ".join(str(reason).split())
        raise CourseError(f"messages must suit the model's chat template, which says: {said}") from None


def chat_token_ids(
    llm: "LLM",
    messages: list[dict[str, Any]],
    *,
    tools: list[dict] | None = None,
    continue_final_message: bool = False,
) -> list[int]:
    """Return the prompt of `chat_text` as token ids, as `LLM.chat` gives it to the engine.

    The template writes the special tokens itself, so the tokenizer must not add its own: a second `<s>` is a prompt
    that the model has never seen.

    Args:
        llm: As for `chat_text`.
        messages: As for `chat_text`.
        tools: As for `chat_text`.
        continue_final_message: As for `chat_text`.
    """
    text = chat_text(llm, messages, tools=tools, continue_final_message=continue_final_message)
    # Not verbose: a history that is still to be cut may be longer than the context, which it would warn of.
    return llm.get_tokenizer().encode(text, add_special_tokens=False, verbose=False)


def _parsed(llm: "LLM", messages: list[dict[str, Any]], tools: list[dict] | None) -> list[dict[str, Any]]:
    """Return messages as vLLM hands them to the template: a call's arguments, JSON in OpenAI's format, as an object."""
    from vllm.renderers.chat_utils import parse_chat_messages
    from vllm.renderers.hf import resolve_chat_template_content_format

    config, tokenizer = llm.model_config, llm.get_tokenizer()
    style = resolve_chat_template_content_format(None, tools, "auto", tokenizer, model_config=config)
    # A copy, because vLLM parses the arguments in place.
    return parse_chat_messages(copy.deepcopy(messages), config, style)[0]
