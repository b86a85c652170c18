"""One answer of the model: from the messages that it sees to the last token, or to Ctrl-C."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vllm_course.chat.streaming import chat_stream
from vllm_course.streaming import Stream

if TYPE_CHECKING:
    from vllm import LLM, SamplingParams

INTERRUPTED = "abort"  # vLLM's finish reason of a request that was cancelled


@dataclass(frozen=True)
class Draft:
    """An answer that was asked for and has not begun.

    Attributes:
        messages: The whole conversation, the question last.
        sent: What the model sees of it.
        dropped: Turns that it saw for the last answer and does not see any more.
        unseen: All turns that it does not see.
        tries: Answers that this question had before.
        begun: The answer so far, where the model is to go on with it; else None.
    """

    messages: list[dict[str, Any]]
    sent: list[dict[str, Any]]
    dropped: int
    unseen: int
    tries: int = 0
    begun: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the model said.

    Attributes:
        text: The answer; where the model went on with one, all of it.
        finish_reason: vLLM's: `stop`, `length` (cut at `max_tokens`), or `abort` (interrupted).
        prompt_tokens: Length of the prompt.
        output_tokens: Tokens that were generated for it.
        dropped_turns: Old turns that the model did not see.
        seed: The seed that it was sampled with.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    output_tokens: int
    dropped_turns: int
    seed: int


def generate(llm: "LLM", draft: Draft, params: "SamplingParams", on_text: Callable[[str], bool]) -> Answer:
    """Generate an answer token by token.

    Args:
        llm: An engine in this process.
        draft: The messages to answer.
        params: Sampling parameters.
        on_text: Called after each step with the answer so far; returning False stops it.
    """
    stream, begun = _begin(llm, draft, params), draft.begun or ""
    text = begun
    try:
        while not stream.finished:
            stream.step()
            text = begun + "".join(completion.text for completion in stream.completions)
            if not on_text(text):
                stream.close()
    finally:
        stream.close()
    said = stream.completions[0] if stream.completions else None
    return Answer(
        text=text,
        finish_reason=(said and said.finish_reason) or INTERRUPTED,
        prompt_tokens=len(stream.prompt_token_ids),
        output_tokens=len(said.token_ids) if said else 0,
        dropped_turns=draft.unseen,
        seed=params.seed,
    )


@contextlib.contextmanager
def stopped_by_ctrl_c() -> Iterator[threading.Event]:
    """Note Ctrl-C in place of raising an error, which could hit the engine in the middle of a step.

    Yields:
        An event that is set once Ctrl-C was pressed.
    """
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # signals arrive in the main thread alone
        yield pressed
        return
    before = signal.signal(signal.SIGINT, lambda *_: pressed.set())
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(llm: "LLM", draft: Draft, params: "SamplingParams") -> Stream:
    if draft.begun is None:
        return chat_stream(llm, draft.sent, params)
    tokenizer = llm.get_tokenizer()
    # What LLM.chat does with continue_final_message=True: the last message stays open.
    text = tokenizer.apply_chat_template(
        draft.sent, continue_final_message=True, add_generation_prompt=False, tokenize=False
    )
    return Stream(llm, {"prompt_token_ids": tokenizer.encode(text, add_special_tokens=False)}, params)
