"""A chat at a terminal: its conversation and its view, and what is said when it begins and ends."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vllm_course.chat.conversation import Conversation
from vllm_course.chat.files import write_conversation
from vllm_course.chat.history import count_turns
from vllm_course.chat.models import load_chat_model
from vllm_course.chat.settings import chat_settings, check_length
from vllm_course.errors import CourseError, UsageError, one_line
from vllm_course.terminal.line import left_on_signals, stopped_by_ctrl_c, told_to_leave
from vllm_course.terminal.settings import Settings
from vllm_course.terminal.view import View

if TYPE_CHECKING:
    from vllm import LLM


@dataclass
class Chat:
    """A chat that goes on until `leave`.

    Attributes:
        conversation: What was said.
        view: Where answers appear.
        save: File for the conversation when the user leaves, None for none.
        goes_on: Whether another line is read.
    """

    conversation: Conversation
    view: View
    save: Path | None = None
    goes_on: bool = True

    def remark(self) -> None:
        """Say what is odd about the end of the last answer, and which command helps where there are commands."""
        remark = self.conversation.remark
        if remark.text and remark.remedy and not self.view.apart:
            self.view.line(f"({remark.text}: /{remark.remedy} {remark.effect})")
        elif remark.text:
            self.view.line(f"({remark.text})")

    def dropped(self, turns: int) -> None:
        """Say that old turns are not seen any more."""
        if turns > 0:
            context = f"{self.conversation.context:,} tokens"
            self.view.line(f"{_old(turns)} dropped: with the answer, the conversation must fit into {context}.")

    def loaded(self, model: str) -> None:
        """Say what a file brought, and which model gave its answers."""
        conversation = self.conversation
        other = "" if model == conversation.model else f", held with {model}"
        self.view.line(f"{count_turns(len(conversation.turns))} loaded{other}")
        self.dropped(conversation.dropped)
        self.remark()

    @contextlib.contextmanager
    def kept(self, *, also_failed: bool) -> Iterator[None]:
        """Save where `save` says when the terminal's window is closed, or the program is told to end.

        Args:
            also_failed: Save what was said when the talk fails, too.
        """
        with left_on_signals():
            try:
                yield
            finally:
                saves = also_failed or told_to_leave.is_set()
                told_to_leave.set()  # another signal changes nothing now
                if self.goes_on and saves:
                    self.conversation.stop()
                    self.leave()

    def leave(self) -> None:
        """Save where `save` says, and end the chat. If saving fails, the chat goes on once: nothing is lost."""
        save, self.save = self.save, None
        if save and self.conversation.turns:
            with stopped_by_ctrl_c():  # or rather not stopped: it would be lost
                write_conversation(save, self.conversation.saved(), name="--save")
        self.goes_on = False


def open_chat(settings: Settings, view: View) -> Chat:
    """Load the model and begin a conversation, or take up the one that was loaded from a file.

    Raises:
        UsageError: vLLM refuses an argument, or `max_tokens` does not suit the model.
        CourseError: The model cannot be loaded or does not chat, or the conversation does not fit.
    """
    at_prompt = settings.says is None
    if at_prompt:
        view.line(f"Loading {settings.model} ...")
    conversation = _open_conversation(settings, _load(settings))
    chat = Chat(conversation, view, save=settings.save)
    if at_prompt:
        context = f"context of {conversation.context:,} tokens"
        view.line(f"{settings.model}, {context}. /help shows the commands, Ctrl-D leaves.")
    if at_prompt and settings.loaded:
        chat.loaded(settings.loaded.model)
    return chat


def _old(turns: int) -> str:
    return "1 old turn" if turns == 1 else f"{turns} old turns"


def _open_conversation(settings: Settings, llm: "LLM") -> Conversation:
    conversation = Conversation(llm, chat_settings(llm, {}), model=settings.model)
    if "max_tokens" in settings.params:
        _check_max_tokens(settings.params["max_tokens"], conversation.context)
    if settings.loaded:
        conversation.take_over(settings.loaded._replace(params=settings.loaded.params | settings.params))
    conversation.change(settings.params)
    if settings.system is not None:
        conversation.system = settings.system
    return conversation


def _check_max_tokens(max_tokens: int, context: int) -> None:
    try:
        check_length(max_tokens, context, name="--max-tokens")
    except CourseError as error:
        raise UsageError(str(error)) from None


def _load(settings: Settings) -> "LLM":
    try:
        return load_chat_model(settings.model, **settings.engine)
    except CourseError:
        raise
    except (TypeError, ValueError) as error:
        says = one_line(error).split(". ")[0].rstrip(".")  # what follows is advice for programs
        if settings.engine:
            rule = f"--max-model-len must suit {settings.model}, got {settings.engine['max_model_len']}"
            raise UsageError(f"{rule}. vLLM says: {says}. Lower it, or leave it out.") from error
        raise UsageError(f"--model must be one that vLLM loads, got {settings.model}. vLLM says: {says}.") from error
