"""The start of a chat: the engine, and the conversation in it."""

from typing import TYPE_CHECKING

from vllm_course import load_chat_model
from vllm_course.chat.prompt import chat_text
from vllm_course.chat.session import Session
from vllm_course.errors import CourseError
from vllm_course.tool import UsageError

if TYPE_CHECKING:
    from vllm import LLM

    from vllm_course.terminal.settings import Settings


def open_session(settings: "Settings") -> Session:
    """Load the model and begin a conversation, or take up the one that was loaded from a file.

    Raises:
        UsageError: vLLM refuses an argument.
        CourseError: The model cannot be loaded or does not chat, or the conversation does not fit.
    """
    llm = _load(settings)
    chat_text(llm, [{"role": "user", "content": "Hello!"}])  # refuses a model without a chat template
    session = Session(llm, model=settings.model)
    if settings.loaded:
        session.take_over(settings.loaded._replace(params=settings.loaded.params | settings.params))
    session.change(settings.params)
    if settings.system is not None:
        session.system = settings.system
    return session


def _load(settings: "Settings") -> "LLM":
    try:
        return load_chat_model(settings.model, **settings.engine)
    except CourseError:
        raise
    except (TypeError, ValueError) as error:
        reasons = [rule["msg"] for rule in error.errors()] if hasattr(error, "errors") else [str(error)]
        text = " ".join("; ".join(reasons).split()).rstrip(".")
        raise UsageError(f"vLLM must accept the engine arguments, got: {text}. Change them.") from error
