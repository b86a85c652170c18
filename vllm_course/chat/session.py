"""A conversation with a model: what was said, what of it the model still sees, and how it answers."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vllm_course.chat.answer import INTERRUPTED, Answer, Draft, generate
from vllm_course.chat.files import UNFINISHED, Saved
from vllm_course.chat.history import fit_history, turns_of
from vllm_course.chat.params import SEEDS, check_length, defaults, sampling_params
from vllm_course.chat.prompt import chat_token_ids
from vllm_course.chat.texts import check_text
from vllm_course.errors import CourseError

if TYPE_CHECKING:
    from vllm import LLM

Messages = list[dict[str, Any]]


class Session:
    """A conversation that never loses a word, of which the model sees what fits into its context.

    A method either does all that it says or raises a `CourseError` and changes nothing.

    Args:
        llm: An engine whose model chats.
        model: The model's name, for a person.

    Attributes:
        messages: All that was said; an answer that was not finished carries a `finish_reason`.
        params: Sampling parameters, by vLLM's names.
        unseen: Turns at the front that do not fit any more.
    """

    def __init__(self, llm: "LLM", *, model: str) -> None:
        self.llm, self.model = llm, model
        self.messages: Messages = []
        self.params: dict[str, Any] = defaults(llm)
        self.unseen = self._tries = 0

    @property
    def context(self) -> int:
        """The model's context, in tokens."""
        return self.llm.llm_engine.model_config.max_model_len

    @property
    def system(self) -> str:
        """The system prompt, "" for none."""
        return "".join(message["content"] for message in _split(self.messages)[0])

    @system.setter
    def system(self, text: str) -> None:
        rest = _split(self.messages)[1]
        self.messages = [{"role": "system", "content": text}, *rest] if text else rest

    @property
    def turns(self) -> list[Messages]:
        """The conversation without its system prompt, one list a turn."""
        return turns_of(_split(self.messages)[1])

    @property
    def tokens(self) -> int:
        """Length of what the model sees now, in tokens."""
        return len(chat_token_ids(self.llm, _visible(self.messages, self.unseen))) if self.turns else 0

    def change(self, params: dict[str, Any]) -> None:
        """Change sampling parameters, all or none."""
        changed = self.params | params
        check_length(changed["max_tokens"], self.context)
        sampling_params(changed)
        self.params = changed

    def reset(self) -> None:
        """Forget what was said; the system prompt stays."""
        self.messages = _split(self.messages)[0]
        self.unseen = self._tries = 0

    def saved(self) -> Saved:
        """Return the conversation as a file holds it.

        Raises:
            CourseError: Nothing was said yet.
        """
        if not self.turns:
            raise CourseError("a saved conversation must hold at least one turn, got none. Say something first.")
        return Saved(self.model, self.params, self.messages)

    def take_over(self, saved: Saved) -> None:
        """Go on with a saved conversation and its parameters, in place of this one."""
        params = self.params | saved.params
        check_length(params["max_tokens"], self.context)
        fitted = fit_history(self.llm, _visible(saved.messages, 0), room=params["max_tokens"])
        self.change(params)
        self.messages = saved.messages
        self.unseen, self._tries = fitted.dropped, 0

    def ask(self, text: str) -> Draft:
        """Prepare the answer to a message of the user."""
        content = check_text(text, name="a message")
        return self._draft([*self.messages, {"role": "user", "content": content}])

    def retry(self) -> Draft:
        """Prepare another answer to the last question, with the next seed."""
        if not self.turns:
            raise CourseError("a question must be there to be answered again, got none. Say something first.")
        is_answered = self.messages[-1]["role"] == "assistant"
        return self._draft(self.messages[: -1 if is_answered else None], tries=self._tries + is_answered)

    def go_on(self) -> Draft:
        """Prepare the rest of an answer that was cut or interrupted."""
        last = self.messages[-1] if self.messages else {}
        if last.get("finish_reason") not in UNFINISHED:
            raise CourseError("the last answer must be cut or interrupted to go on, got none such. Ask for more.")
        return self._draft(self.messages, tries=self._tries, begun=last["content"])

    def seed(self, draft: Draft) -> int:
        """Return the seed of an answer: that of the parameters, and the next one for every further try."""
        return (self.params["seed"] + draft.tries) % (SEEDS + 1)

    def answer(self, draft: Draft, on_text: Callable[[str], bool]) -> Answer:
        """Generate what was prepared and take it into the conversation, unless Ctrl-C came before the first word."""
        params = sampling_params(self.params | {"seed": self.seed(draft)})
        answer = generate(self.llm, draft, params, on_text)
        if answer.text or answer.finish_reason != INTERRUPTED:
            mark = {"finish_reason": answer.finish_reason} if answer.finish_reason in UNFINISHED else {}
            before = draft.messages if draft.begun is None else draft.messages[:-1]
            self.messages = [*before, {"role": "assistant", "content": answer.text, **mark}]
            self.unseen, self._tries = draft.unseen, draft.tries
        return answer

    def _draft(self, messages: Messages, **how: Any) -> Draft:
        fitted = fit_history(self.llm, _visible(messages, self.unseen), room=self.params["max_tokens"])
        return Draft(messages, fitted.messages, fitted.dropped, self.unseen + fitted.dropped, **how)


def _split(messages: Messages) -> tuple[Messages, Messages]:
    """Return the system message, in a list that may be empty, and all others."""
    number = 1 if messages and messages[0]["role"] == "system" else 0
    return messages[:number], messages[number:]


def _visible(messages: Messages, unseen: int) -> Messages:
    """Return what the model is to see, without old turns and without the marks, which no template expects."""
    system, rest = _split(messages)
    kept = [message for turn in turns_of(rest)[unseen:] for message in turn]
    return [{"role": message["role"], "content": message["content"]} for message in [*system, *kept]]
