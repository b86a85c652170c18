"""A chat in a notebook: a conversation whose answers grow, and that shows what fits into the context."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from vllm_course.chat.conversation import Conversation
from vllm_course.chat.settings import chat_settings, refuse_texts
from vllm_course.streaming import Stream
from vllm_course.widgets import transcript
from vllm_course.widgets.background import advance, call_before_cells, explained, in_background
from vllm_course.widgets.chat_parts import Parts
from vllm_course.widgets.view import said

if TYPE_CHECKING:
    from vllm import LLM


def chat_box(llm: "LLM", *, system: str = "", say: Sequence[str] = (), **sampling: Any) -> "ChatBox":
    """Talk to a model.

    Answers are what `LLM.chat` returns for the conversation so far, token by token. Once it no longer fits into the
    context together with an answer of `max_tokens`, the oldest turns are left out.

    Args:
        llm: A vLLM engine whose model has a chat template, as `load_chat_model` makes it.
        system: System prompt to begin with, "" for none.
        say: What the user says first, a list. It is answered at once, so that there is something to see everywhere.
        **sampling: Fields of `vllm.SamplingParams`, for example `temperature=0, max_tokens=64`. The rest are
            the model's own defaults, and max_tokens 128. A question takes `seed` (0), each Retry the next one.

    Returns:
        A widget; as the last line of a cell it is shown. Where there are no widgets (GitHub, nbconvert, a terminal), a
        table or a text with the conversation is in its place.

    Raises:
        CourseError: A setting has no such name or does not suit a conversation, the model has no chat template, or
            something is too long.
        VLLMValidationError: vLLM refuses a value.

    Source:
        `vllm.LLM.chat`, `vllm.SamplingParams`.
    """
    return ChatBox(llm, system=system, say=say, **sampling)


class ChatBox(widgets.VBox):
    """The widget that `chat_box` returns; what its buttons do, its methods do as well.

    Attributes:
        conversation: What was said, without widgets.
        parts: The widgets.
    """

    def __init__(self, llm: "LLM", *, system: str, say: Sequence[str], **sampling: Any) -> None:
        refuse_texts(system, say)
        self._task = None
        self.conversation = Conversation(llm, chat_settings(llm, sampling), system=system)
        self.parts = Parts(system)
        for text in say:
            self.conversation.answer(text)
        super().__init__(self.parts.laid_out())
        self.add_class("vc-chat")
        self._watch()
        self._show()

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation in the format of `LLM.chat`, system prompt first; also what is dropped from the prompt."""
        return self.conversation.messages

    @property
    def settings(self) -> dict[str, Any]:
        """The sampling settings, by vLLM's names."""
        return dict(self.conversation.settings)

    def ask(self, text: str) -> bool:
        """Send a message; return whether it was taken. While an answer grows, none is."""
        return not self.conversation.running and self._begin(lambda: self.conversation.ask(text))

    def retry(self) -> bool:
        """Ask the last question again, with another seed; return whether there is one."""
        self.stop()
        return self._begin(self.conversation.ask_again)

    def stop(self) -> bool:
        """End the answer in progress; what there is of it stays. A cell must not find it in its own outputs."""
        if self.parts.talk.running:
            self.conversation.stream.close()
            self._end()
        return True

    def reset(self) -> bool:
        """Clear the conversation, but not the system prompt."""
        self.stop()
        self.conversation.clear()
        self.parts.error.value = ""
        self._show()
        return True

    def __repr__(self) -> str:
        """Show the conversation where there are no widgets."""
        return transcript.as_text(self.messages, self._notes())

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Return the widget, and for viewers without widgets the conversation and what it was drawn with."""
        table = transcript.as_html(self.messages, self._notes())
        return super()._repr_mimebundle_(**options) | {"text/plain": repr(self), "text/html": table}

    def _notes(self) -> list[str]:
        """Return the lines below the conversation."""
        drawn_with = f"drawn with {said(self.conversation.drawn_with)}"
        return [self.conversation.state(), drawn_with] if self.conversation.stream else [transcript.NOTHING]

    def _watch(self) -> None:
        self.parts.system.observe(lambda change: setattr(self.conversation, "system", change["new"]), "value")
        self.parts.talk.listen({"send": self.ask, "stop": self.stop, "retry": self.retry, "reset": self.reset})

    def _begin(self, ask: Callable[[], Stream]) -> bool:
        with explained(self.parts.error):
            stream = ask()
            self._set_running(True)
            self._show()
            self._task = in_background(self._advance(stream))
            return True
        return False

    async def _advance(self, stream: Stream) -> None:
        with explained(self.parts.error):
            await advance(stream, self._show)
        if stream is self.conversation.stream:  # not when Stop and then Send came first
            self._end()

    def _end(self) -> None:
        self._show()
        self._set_running(False)

    def _set_running(self, running: bool) -> None:
        if running != self.parts.talk.running:
            self.parts.talk.running = running
            call_before_cells(self.stop, wanted=running)

    def _show(self) -> None:
        self.conversation.look()
        self.parts.talk.rows = transcript.rows(self.messages, self.conversation.dropped)
        lines = self._notes() if self.conversation.stream else []
        self.parts.state.value = "<br>".join(map(escape, lines))
