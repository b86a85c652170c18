"""One conversation: the chat box and the terminal do the same, say the same, and never lose a question."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.terminal import cases
from vllm_course import chat_box, load_chat_model
from vllm_course.chat.conversation import Conversation, Draft, visible
from vllm_course.chat.files import Saved
from vllm_course.chat.settings import chat_settings
from vllm_course.streaming import Stream

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ipywidgets"),
    pytest.mark.usefixtures("one_engine"),
]
SAMPLING = {"max_tokens": 32, "temperature": 0, "seed": 3}
FOX, NAME, ASKED = "Tell me a story about a fox.", "My name is Kelvo.", "What is my name?"


class Terminal:
    """Lesson 03's script, driven by lines and Ctrl-C."""

    def __init__(self, conversation: Conversation) -> None:
        from vllm_course.terminal.talk import Chat

        self.conversation = conversation
        self._chat = Chat(conversation, cases.Lines())

    def ask(self, text: str) -> None:
        cases.obey(self._chat, text)

    def press(self, name: str) -> None:
        cases.obey(self._chat, f"/{name}")

    def stop(self) -> None:
        signal.raise_signal(signal.SIGINT)

    def remark(self) -> str:
        """Return the last remark, without what tells a command from a button."""
        lines = [line for line in self._chat.view.lines if line.startswith("(") and not line.startswith("(seed")]
        self._chat.view.lines.clear()
        return lines[-1].strip("()").replace("/", "") if lines else ""


class Box:
    """The chat box, driven by its buttons."""

    def __init__(self, conversation: Conversation) -> None:
        self._box = chat_box(conversation.llm, system=conversation.system, **SAMPLING)
        self.conversation = self._box.conversation

    def ask(self, text: str) -> None:
        assert self._box.ask(text), self._box.parts.error.value

    def press(self, name: str) -> None:
        talk = self._box.parts.talk
        talk.send = lambda message: None
        talk._handle_custom_msg({"do": name}, [])
        assert self._box.parts.error.value == ""

    def stop(self) -> None:
        self.press("stop")

    def remark(self) -> str:
        """Return the remark below the conversation, without what tells a button from a command."""
        remark = "".join(self._box.parts.state.value.split("<br>")[2:])
        return remark.replace("Continue", "continue").replace("Retry", "retry")


@contextlib.contextmanager
def stopped(side: Terminal | Box, *, after: int) -> Iterator[None]:
    """Stop the answer with a step of the engine; after 0 steps it has not said a word."""
    step, steps = Stream.step, []

    def stopping(stream: Stream) -> None:
        if len(steps) < after:
            steps.append(step(stream))
        if len(steps) == after:
            side.stop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stream, "step", stopping)
        yield


def first_word(side: Terminal | Box, act: Callable[[], None]) -> None:
    with stopped(side, after=0):
        act()


def middle(side: Terminal | Box, act: Callable[[], None]) -> None:
    with stopped(side, after=5):
        act()


STOPPED = "interrupted before the first word; the question stays: retry answers it"
STOPPED_AGAIN = "interrupted before the first word; the answer before it stays: retry asks again"
CUT, INTERRUPTED = "cut at max_tokens=32: continue goes on", "interrupted: continue goes on"
# What is done, one after the other, and the remark that both sides make, "" for none.
SCRIPT: list[tuple[Callable[[Terminal | Box], None], str]] = [
    (lambda side: side.ask(NAME), ""),
    (lambda side: first_word(side, lambda: side.ask(ASKED)), STOPPED),
    (lambda side: side.press("retry"), ""),
    (lambda side: first_word(side, lambda: side.press("retry")), STOPPED_AGAIN),
    (lambda side: middle(side, lambda: side.ask(FOX)), INTERRUPTED),
    (lambda side: first_word(side, lambda: side.press("continue")), INTERRUPTED),
    (lambda side: side.press("continue"), CUT),
    (lambda side: first_word(side, lambda: side.ask("Hello!")), STOPPED),
    (lambda side: side.ask(ASKED), ""),
    (lambda side: side.ask(FOX), CUT),
    (lambda side: side.ask(FOX), CUT),
    (lambda side: side.press("reset"), ""),
    (lambda side: side.ask(ASKED), ""),
]


@pytest.fixture
def llm(monkeypatch):
    """The shipped chat model, whose context looks small to all that measures it."""
    llm = load_chat_model("pocket-chat")
    monkeypatch.setattr(llm.llm_engine.model_config, "max_model_len", 160)
    return llm


@pytest.fixture
def talk(llm):
    return Conversation(llm, chat_settings(llm, SAMPLING), system="You are a butler.")


def transcript(side: Terminal | Box) -> list[dict]:
    """Do all that the script says, and return what was there after each action."""
    found = []
    for act, _ in SCRIPT:
        act(side)
        talk = side.conversation
        state = {name: getattr(talk, name) for name in ("messages", "marks", "answer", "dropped", "tokens")}
        found.append(state | {"remark": side.remark()})
    return found


def test_box_and_terminal_hold_the_same_conversation_and_make_the_same_remarks(llm, talk):
    terminal, box = transcript(Terminal(talk)), transcript(Box(talk))
    assert terminal == box
    assert [state["remark"] for state in terminal] == [remark for _, remark in SCRIPT]
    assert max(state["dropped"] for state in terminal) > 0, "the context overflows"
    assert not llm.llm_engine.has_unfinished_requests()


def test_stopping_never_loses_a_question(talk):
    found = transcript(Terminal(talk))
    asked = [[message["content"] for message in state["messages"] if message["role"] == "user"] for state in found]
    assert asked[10] == [NAME, ASKED, FOX, "Hello!", ASKED, FOX, FOX]
    assert found[10]["marks"][3] == "unanswered" and found[1]["marks"] == ["", "unanswered"]
    assert found[3]["messages"] == found[2]["messages"], "the answer before it stays"
    assert found[6]["messages"][-1]["content"].startswith(found[4]["messages"][-1]["content"])


def test_a_question_without_an_answer_is_saved_and_not_sent(llm, talk):
    side = Terminal(talk)
    first_word(side, lambda: side.ask("Hello!"))
    first_word(side, lambda: side.ask(NAME))
    assert [message["content"] for message in talk.saved().messages[1:]] == ["Hello!", NAME]
    side.ask(ASKED)
    prompt = llm.get_tokenizer().decode(talk.stream.prompt_token_ids)
    assert ASKED in prompt and NAME not in prompt and "Hello!" not in prompt
    other = Conversation(llm, chat_settings(llm, {}))
    other.take_over(talk.saved())
    assert (other.messages, other.marks) == (talk.messages, ["unanswered", "unanswered", ""])


def test_what_is_open_in_a_loaded_conversation_is_said(talk):
    talk.take_over(Saved("pocket-chat", {}, [cases.USER]))
    assert talk.remark == ("the last question has no answer yet", "retry", "answers it")
    assert talk.retry() == Draft([cases.USER], kept=[cases.USER], tries=0)
    talk.take_over(Saved("pocket-chat", {}, [cases.USER, cases.ANSWER | {"finish_reason": "abort"}]))
    assert talk.remark == ("the last answer is not finished", "continue", "goes on")
    talk.take_over(Saved("pocket-chat", {}, [cases.USER, cases.ANSWER]))
    assert talk.remark.text == ""


def test_the_last_question_is_visible_and_marks_are_not():
    cut = cases.ANSWER | {"finish_reason": "length"}
    assert visible([cases.USER, cases.USER, cut, cases.USER]) == [cases.USER, cases.ANSWER, cases.USER]


@pytest.mark.parametrize(("context", "longest"), [(1024, 256), (512, 256), (160, 80)])
def test_one_default_for_the_longest_answer(llm, monkeypatch, context, longest):
    monkeypatch.setattr(llm.llm_engine.model_config, "max_model_len", context)
    assert chat_box(llm).settings["max_tokens"] == longest
    chat = cases.new_chat(cases.Lines(), params={})
    assert chat.conversation.params["max_tokens"] == longest


def test_a_small_max_tokens_brings_old_turns_back(talk):
    side = Terminal(talk)
    for _ in range(3):
        side.ask(FOX)
    dropped = []
    for longest in (100, 1):
        talk.change({"max_tokens": longest})
        side.press("retry")
        dropped.append(talk.dropped)
    assert dropped == [2, 0] and len(talk.turns) == 3
