"""A conversation with a model, without a screen: what was said, what of it the model still sees, how it answers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from vllm_course.chat.files import UNFINISHED, Saved
from vllm_course.chat.history import Fitted, fit_history, turns_of
from vllm_course.chat.messages import check_text
from vllm_course.chat.prompt import chat_token_ids
from vllm_course.chat.settings import all_params, check_length, with_seed
from vllm_course.errors import CourseError
from vllm_course.parameters import sampling_params
from vllm_course.streaming import Stream

if TYPE_CHECKING:
    from vllm import LLM

INTERRUPTED = "abort"  # vLLM's finish reason of a request that was cancelled
Messages = list[dict[str, Any]]


class Draft(NamedTuple):
    """An answer that is to be begun.

    Attributes:
        asked: What was said up to the question, without the system prompt.
        kept: What stays in the conversation when the answer is stopped before its first word.
        tries: Answers that this question had before.
        begun: The answer so far, where the model is to go on with one, else "".
    """

    asked: Messages
    kept: Messages
    tries: int = 0
    begun: str = ""


@dataclass(frozen=True)
class Answer:
    """What the model says, or has said so far.

    Attributes:
        text: The answer; where the model goes on with one, all of it.
        finish_reason: vLLM's: `stop`, `length` (cut at `max_tokens`), or `abort` (stopped); None while it grows.
        prompt_tokens: Length of the prompt.
        output_tokens: Tokens that were generated for it.
        dropped_turns: Old turns that the model does not see.
        seed: The seed that it is sampled with.
    """

    text: str
    finish_reason: str | None
    prompt_tokens: int
    output_tokens: int
    dropped_turns: int
    seed: int | None


class Remark(NamedTuple):
    """What is odd about the end of an answer, and what helps.

    Attributes:
        text: What happened, "" for nothing odd.
        remedy: `retry`, `continue`, or "" for none: the name of a command or a button.
        effect: What the remedy does.
    """

    text: str = ""
    remedy: str = ""
    effect: str = ""


class Conversation:
    """All that was said; what no longer fits into the context is only left out of the prompt.

    An answer takes four steps: `ask` appends the question, `fit` fits the history, `begin` and `step` stream the
    answer, and `messages` holds it as far as it has come.

    Nothing that was said gets lost. An answer that is stopped stays as far as it came. If it is stopped before its
    first word, the question stays, and `retry` answers it. When another question follows, the open one is still shown
    and saved. Only the prompt leaves it out, because many templates refuse two questions in a row.

    A method does all that it says, or it raises an error and changes nothing.

    Args:
        llm: An engine with a chat template.
        settings: What `chat_settings` returns.
        system: The system prompt, "" for none.
        model: The model's name, for a person.

    Attributes:
        context: The model's context, in tokens.
        settings: Sampling parameters, by vLLM's names; `change` changes them.
        system: The system prompt, "" for none; it may change between two questions.
        stream: The answer that was begun last, None before the first.
        drawn_with: Its settings, with the seed that it took.
        dropped: How many old turns its prompt leaves out.

    Raises:
        CourseError: The model has no chat template, or system prompt and `max_tokens` leave no space for a question.
    """

    def __init__(self, llm: "LLM", settings: dict[str, Any], *, system: str = "", model: str = "") -> None:
        self.llm, self.settings, self.system, self.model = llm, settings, system, model
        self.context = llm.llm_engine.model_config.max_model_len
        self.reset()
        self.fit(Draft(asked=[{"role": "user", "content": "?"}], kept=[]))

    @property
    def params(self) -> dict[str, Any]:
        """The sampling parameters that a person can change, with those that nobody set."""
        return all_params(self.settings)

    @property
    def running(self) -> bool:
        """Whether an answer grows."""
        return self.stream is not None and not self.stream.finished

    @property
    def messages(self) -> Messages:
        """All that was said, system prompt first; an answer that was not finished has a `finish_reason`."""
        return self._with_system(self._said())

    @property
    def turns(self) -> list[Messages]:
        """The conversation without its system prompt, one list a turn."""
        return turns_of(self._said())

    @property
    def marks(self) -> list[str]:
        """What there is to know of each turn: "dropped" or "unanswered", if the model does not see it, else ""."""
        marks, to_drop = [], self.dropped
        for turn in self.turns:
            if is_open(turn):
                marks.append("unanswered")
            else:
                marks.append("dropped" if to_drop > 0 else "")
                to_drop -= 1
        if marks and self.running and marks[-1] == "unanswered":
            marks[-1] = ""
        return marks

    @property
    def tokens(self) -> int:
        """Length of what the model sees now, in tokens."""
        if not self._said():
            return 0
        seen = [turn for turn, mark in zip(self.turns, self.marks, strict=True) if mark != "dropped"]
        return len(chat_token_ids(self.llm, self._with_system(visible(sum(seen, [])))))

    @property
    def answer(self) -> Answer | None:
        """The answer that was begun last, None before the first."""
        if self.stream is None:
            return None
        said = self.stream.completions[0] if self.stream.completions else None
        reason = said.finish_reason if said else None
        return Answer(
            text=self._draft.begun + (said.text if said else ""),
            # The engine gives no output for a request that was ended from outside.
            finish_reason=reason or (INTERRUPTED if self.stream.finished else None),
            prompt_tokens=self._prompt_tokens,
            output_tokens=len(said.token_ids) if said else 0,
            dropped_turns=self.dropped,
            seed=self.drawn_with["seed"],
        )

    @property
    def remark(self) -> Remark:
        """What is odd about the end of the last answer."""
        talk, answer = self._said(), self.answer
        if self.running or not talk:
            return Remark()
        if answer is None:
            return _remark_on_loaded(talk)
        if answer.finish_reason == INTERRUPTED and not answer.text:
            if is_open(talk):
                return Remark("interrupted before the first word; the question stays", "retry", "answers it")
            return Remark("interrupted before the first word; the answer before it stays", "retry", "asks again")
        if answer.finish_reason in UNFINISHED:
            cut = f"cut at max_tokens={self.drawn_with['max_tokens']}"
            text = "interrupted" if answer.finish_reason == INTERRUPTED else cut
            return Remark(text, "continue", "goes on") if answer.text else Remark(text)
        return Remark() if answer.text.strip() else Remark("the answer is empty", "retry", "asks again")

    def change(self, params: dict[str, Any]) -> None:
        """Change sampling parameters, all or none."""
        changed = self.settings | params
        check_length(changed["max_tokens"], self.context)
        sampling_params(changed)
        self.settings = changed

    def ask(self, text: str) -> Draft:
        """Append a question."""
        asked = [*self._said(), {"role": "user", "content": check_text(text, name="a message")}]
        return Draft(asked, kept=asked)

    def retry(self) -> Draft:
        """Ask the last question again; where it has an answer, another one takes the next seed."""
        talk = self._said()
        if not talk:
            raise CourseError("a question must be there to be answered again, got none. Say something first.")
        if is_open(talk):
            return Draft(talk, kept=talk, tries=self._tries)
        return Draft(talk[:-1], kept=talk, tries=self._tries + 1)

    def go_on(self) -> Draft:
        """Take up an answer that was cut or stopped."""
        talk = self._said()
        if not talk or is_open(talk) or talk[-1].get("finish_reason") not in UNFINISHED:
            raise CourseError("the last answer must be cut or interrupted to go on, got none such. Ask for more.")
        return Draft(talk[:-1], kept=talk, tries=self._tries, begun=talk[-1]["content"])

    def fit(self, draft: Draft) -> Fitted:
        """Fit the history: the oldest turns go until prompt and answer have space in the context."""
        prompt = visible(draft.asked)
        if draft.begun:
            prompt.append({"role": "assistant", "content": draft.begun})
        return fit_history(self.llm, self._with_system(prompt), room=self.settings["max_tokens"])

    def begin(self, draft: Draft, fitted: Fitted) -> Stream:
        """Begin to stream the answer; the engine has taken the question when this returns."""
        settings = with_seed(self.settings, draft.tries)
        prompt = chat_token_ids(self.llm, fitted.messages, continue_final_message=bool(draft.begun))
        self.stream = Stream(self.llm, {"prompt_token_ids": prompt}, sampling_params(settings))
        self._draft, self._prompt_tokens, self.drawn_with = draft, len(prompt), settings
        self._tries, self.dropped = draft.tries, fitted.dropped
        return self.stream

    def step(self) -> str:
        """Run the engine once, which adds a token to the answer, and return the answer so far."""
        self.stream.step()
        return self.answer.text

    def stop(self) -> None:
        """End the answer, if it still grows; what there is of it stays."""
        if self.stream is not None:
            self.stream.close()

    def reset(self) -> None:
        """Forget what was said; the system prompt stays."""
        self._keep([], dropped=0)

    def saved(self) -> Saved:
        """Return the conversation as a file holds it.

        Raises:
            CourseError: Nothing was said yet.
        """
        if not self._said():
            raise CourseError("a saved conversation must hold at least one turn, got none. Say something first.")
        return Saved(self.model, self.params, self.messages)

    def take_over(self, saved: Saved) -> None:
        """Go on with a saved conversation and its parameters, in place of this one."""
        longest = (self.settings | saved.params)["max_tokens"]
        check_length(longest, self.context)
        first, rest = saved.messages[:1], saved.messages[1:]
        is_system = first[0]["role"] == "system"
        talk = rest if is_system else saved.messages
        fitted = fit_history(self.llm, (first if is_system else []) + visible(talk), room=longest)
        self.change(saved.params)
        self.system = first[0]["content"] if is_system else ""
        self._keep(talk, dropped=fitted.dropped)

    def _keep(self, talk: Messages, *, dropped: int) -> None:
        self.stream, self.drawn_with, self._tries, self.dropped = None, self.settings, 0, dropped
        self._draft = Draft(talk, kept=talk)

    def _said(self) -> Messages:
        """Return what was said without the system prompt, and with the answer as far as it has come."""
        answer, draft = self.answer, self._draft
        if answer is None or not (answer.text or answer.finish_reason not in (None, INTERRUPTED)):
            return [dict(message) for message in draft.kept]
        mark = {"finish_reason": answer.finish_reason} if answer.finish_reason in UNFINISHED else {}
        said = {"role": "assistant", "content": answer.text, **mark}
        return [*(dict(message) for message in draft.asked), said]

    def _with_system(self, talk: Messages) -> Messages:
        return [{"role": "system", "content": self.system}, *talk] if self.system.strip() else talk


def visible(talk: Messages) -> Messages:
    """Return what the model may see: no old question without an answer, and no marks, which no template expects.

    Example:
        >>> asked = [{"role": "user", "content": "Hello!"}, {"role": "user", "content": "Are you there?"}]
        >>> visible(asked)
        [{'role': 'user', 'content': 'Are you there?'}]
    """
    *old, last = turns_of(talk)
    seen = [turn for turn in old if not is_open(turn)] + [last]
    return [{"role": message["role"], "content": message["content"]} for turn in seen for message in turn]


def is_open(talk: Messages) -> bool:
    """Return whether the last message is a question that waits for its answer."""
    return talk[-1]["role"] == "user"


def _remark_on_loaded(talk: Messages) -> Remark:
    if is_open(talk):
        return Remark("the last question has no answer yet", "retry", "answers it")
    if talk[-1].get("finish_reason") in UNFINISHED:
        return Remark("the last answer is not finished", "continue", "goes on")
    return Remark()
