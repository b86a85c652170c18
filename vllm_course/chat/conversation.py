"""The chat widget's engine side, without widgets: what was said, and the answer that grows."""

from typing import TYPE_CHECKING, Any

from vllm_course.chat.history import Fitted, fit_history
from vllm_course.chat.settings import with_seed
from vllm_course.chat.streaming import chat_stream
from vllm_course.errors import CourseError
from vllm_course.streaming import Stream

if TYPE_CHECKING:
    from vllm import LLM


class Conversation:
    """A system prompt, questions and answers.

    All of it is kept; what no longer fits into the context is left out of the prompt alone.

    Args:
        llm: An engine with a chat template.
        settings: What `chat_settings` returns.
        system: The system prompt, "" for none; it may change between two questions.

    Attributes:
        stream: The answer asked for last, None before the first.
        drawn_with: Its settings, with the seed that it took.
        dropped: How many turns its prompt leaves out.

    Raises:
        CourseError: The model has no chat template, or system prompt and max_tokens leave no space for a question.
    """

    def __init__(self, llm: "LLM", settings: dict[str, Any], *, system: str = "") -> None:
        self._llm, self.settings, self.system = llm, settings, system
        self._limit = llm.llm_engine.model_config.max_model_len
        self.clear()
        self._fit([{"role": "user", "content": "?"}])

    @property
    def messages(self) -> list[dict[str, str]]:
        """All that was said, in the format of `LLM.chat`."""
        return self._system() + [dict(message) for message in self._talk]

    @property
    def running(self) -> bool:
        """Whether an answer grows."""
        return self.stream is not None and not self.stream.finished

    def clear(self) -> None:
        """Forget all but the system prompt."""
        self._talk: list[dict[str, str]] = []
        self.stream: Stream | None = None
        self.drawn_with, self.dropped, self._tries = self.settings, 0, 0

    def ask(self, text: str) -> Stream:
        """Begin to answer a question.

        Raises:
            CourseError: It is empty or too long, the template refuses it, or the engine was freed.
        """
        if not isinstance(text, str) or not text.strip():
            raise CourseError(f"message must be a text that says something, got {text!r}. Write a question.")
        self.look()
        return self._begin([*self._talk, {"role": "user", "content": text}], tries=0)

    def answer(self, text: str) -> None:
        """Answer a question to the end; refusals are those of `ask`."""
        stream = self.ask(text)
        while not stream.finished:
            stream.step()
        self.look()

    def ask_again(self) -> Stream:
        """Begin another answer to the last question, with another seed.

        Raises:
            CourseError: There is no question yet.
        """
        if not self._talk:
            raise CourseError("Retry must have a question to ask again, got none. Send one first.")
        return self._begin(self._talk[:-1], tries=self._tries + 1)

    def look(self) -> None:
        """Take over what the engine has generated so far."""
        if self.stream and self.stream.completions:
            self._talk[-1]["content"] = self.stream.completions[0].text

    def state(self) -> str:
        """Say how full the context is, and how the last answer ended; "" before the first."""
        if not self.stream:
            return ""
        completions = self.stream.completions
        tokens = self._prompt_tokens + sum(len(completion.token_ids) for completion in completions)
        parts = [f"{tokens:,} of {self._limit:,} tokens"]
        if self.dropped:
            parts.append(f"{self.dropped} turn{'s' * (self.dropped != 1)} dropped")
        return "; ".join([*parts, "answering" if self.running else f"ended: {self._finish_reason()}"])

    def _finish_reason(self) -> str:
        """Return vLLM's word; it calls a request that is ended from outside aborted, but gives no output for it."""
        reasons = [completion.finish_reason for completion in self.stream.completions]
        return (reasons and reasons[0]) or "abort"

    def _begin(self, talk: list[dict[str, str]], *, tries: int) -> Stream:
        """Change what was said only when the engine takes the question."""
        from vllm import SamplingParams

        settings = with_seed(self.settings, tries)
        fitted = self._fit(talk)
        self.stream = chat_stream(self._llm, fitted.messages, SamplingParams(**settings))
        self._talk = [*talk, {"role": "assistant", "content": ""}]
        self.drawn_with, self.dropped, self._tries = settings, fitted.dropped, tries
        self._prompt_tokens = fitted.tokens
        return self.stream

    def _fit(self, talk: list[dict[str, str]]) -> Fitted:
        return fit_history(self._llm, self._system() + talk, room=self.settings["max_tokens"])

    def _system(self) -> list[dict[str, str]]:
        return [{"role": "system", "content": self.system}] if self.system.strip() else []
