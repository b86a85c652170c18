"""A chat in a notebook: a conversation whose answers grow, and that shows what fits into the context."""

import contextlib
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from vllm_course.chat.conversation import Conversation, Draft
from vllm_course.chat.settings import chat_settings
from vllm_course.errors import CourseError
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
    context together with an answer of `max_tokens`, the oldest turns are left out. An answer that is stopped stays as
    far as it came, and Continue goes on with it. If it is stopped before its first word, Retry answers the question.

    Args:
        llm: A vLLM engine whose model has a chat template, as `load_chat_model` makes it.
        system: System prompt to begin with, "" for none.
        say: What the user says first, a list. It is answered at once, so that there is something to see everywhere.
        **sampling: Fields of `vllm.SamplingParams`, for example `temperature=0, max_tokens=64`. The rest are the
            model's own defaults, and `max_tokens` 256, or half of a smaller context. A question takes `seed` (0), each
            further answer to it the next one.

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
        _refuse_texts(system, say)
        self._task = None
        self.conversation = Conversation(llm, chat_settings(llm, sampling), system=system)
        self.parts = Parts(system)
        for text in say:
            self._answer(text)
        super().__init__(self.parts.laid_out())
        self.add_class("vc-chat")
        self._watch()
        self._show()

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation in the format of `LLM.chat`, system prompt first; also what is left out of the prompt."""
        said = self.conversation.messages
        return [{"role": message["role"], "content": message["content"]} for message in said]

    @property
    def settings(self) -> dict[str, Any]:
        """The sampling settings, by vLLM's names."""
        return dict(self.conversation.settings)

    def ask(self, text: str) -> bool:
        """Send a message; return whether it was taken. While an answer grows, none is."""
        return not self.conversation.running and self._begin(lambda: self.conversation.ask(text))

    def retry(self) -> bool:
        """Answer the last question again, with another seed if it has an answer; return whether there is a question."""
        self.stop()
        return self._begin(self.conversation.retry)

    def go_on(self) -> bool:
        """Go on with an answer that was cut or stopped; return whether there is one."""
        self.stop()
        return self._begin(self.conversation.go_on)

    def stop(self) -> bool:
        """End the answer in progress; what there is of it stays. A cell must not find it in its own outputs."""
        if self.parts.talk.running:
            self.conversation.stop()
            self._end()
        return True

    def reset(self) -> bool:
        """Clear the conversation, but not the system prompt."""
        self.stop()
        self.conversation.reset()
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
        if self.conversation.answer is None:
            return [transcript.NOTHING]
        return [transcript.state(self.conversation), f"drawn with {said(self.conversation.drawn_with)}"]

    def _watch(self) -> None:
        self.parts.system.observe(lambda change: setattr(self.conversation, "system", change["new"]), "value")
        self.parts.talk.listen(
            {"send": self.ask, "stop": self.stop, "retry": self.retry, "continue": self.go_on, "reset": self.reset}
        )

    def _answer(self, text: str) -> None:
        """Answer a message to the end, at once."""
        draft = self.conversation.ask(text)
        with contextlib.closing(self.conversation.begin(draft, self.conversation.fit(draft))):
            while self.conversation.running:
                self.conversation.step()

    def _begin(self, prepare: Callable[[], Draft]) -> bool:
        with explained(self.parts.error):
            draft = prepare()
            stream = self.conversation.begin(draft, self.conversation.fit(draft))
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
        talk, remark = self.conversation, self.conversation.remark
        rows = transcript.rows(talk.turns, talk.marks)
        if talk.running and rows[-1]["role"] == "user":  # the answer grows in a row of its own, empty at first
            rows.append({"role": "assistant", "label": "assistant", "text": ""})
        self.parts.talk.rows = rows
        self.parts.talk.unfinished = remark.remedy == "continue"
        lines = self._notes() if talk.answer else []
        if remark.remedy:
            lines.append(f"{remark.text}: {remark.remedy.capitalize()} {remark.effect}")
        self.parts.state.value = "<br>".join(map(escape, lines))


def _refuse_texts(system: Any, say: Any) -> None:
    """Refuse a system prompt that is no text, and first messages that are no list."""
    if not isinstance(system, str):
        raise CourseError(f'system must be a text, got {system!r}. Write system="..." or leave it out.')
    if isinstance(say, str) or not isinstance(say, Sequence):
        raise CourseError(f"say must be a list of texts, got {say!r}. Put what the user says into [...].")
