"""The model that the chat lessons talk to."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_course.models import CHAT_MODEL_VARIABLE, load_model

if TYPE_CHECKING:
    from vllm import LLM

DEFAULT_CHAT_MODEL = "pocket-chat"


def load_chat_model(model: str | Path | None = None, **engine_arguments: Any) -> "LLM":
    """Load a model that chats; apart from the model that it takes by itself, it is `load_model`.

    Args:
        model: A shipped model's name, a folder, or a Hugging Face id (`"Qwen/Qwen3-0.6B"`) with a chat template. None
            takes the environment variable `VLLM_COURSE_CHAT_MODEL`, or else pocket-chat.
        **engine_arguments: Arguments of `vllm.LLM`, for example `max_model_len=256`.

    Returns:
        A plain `vllm.LLM`.

    Raises:
        CourseError: The model is missing or damaged, or the memory does not suffice.
    """
    return load_model(model or os.environ.get(CHAT_MODEL_VARIABLE) or DEFAULT_CHAT_MODEL, **engine_arguments)
