"""The chat box: it answers as `LLM.chat` does, its buttons do what they say, and its mistakes are explained."""

import asyncio
import copy
import gc
import re
import weakref

import pytest

from vllm_course import CourseError, chat_box, load_chat_model, load_model, playground
from vllm_course.models import free_engine
from vllm_course.streaming import Stream
from vllm_course.widgets import transcript

SYSTEM = "You are a pirate."
QUESTIONS = ["What is the capital of France?", "And of Spain?"]
LONG = {"max_tokens": 900, "ignore_eos": True}  # an answer that does not end before it is stopped

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ipywidgets"),
    pytest.mark.usefixtures("one_engine"),
]


@pytest.fixture
def llm():
    return load_chat_model("pocket-chat")


@pytest.fixture
def box(llm):
    return chat_box(llm, max_tokens=24)


def press(box, name: str, **content: str) -> dict:
    """Do what the page does when a button is pressed, and return what it is told."""
    told = []
    box.parts.talk.send = told.append
    box.parts.talk._handle_custom_msg({"do": name, **content}, [])
    return told[0]


def shown(box) -> list[tuple[str, str]]:
    return [(row["label"], row["text"]) for row in box.parts.talk.rows]


def expected(llm, messages, **sampling) -> str:
    """What `LLM.chat` answers with the model's own defaults, completed by some settings."""
    from vllm import SamplingParams

    params = SamplingParams(**llm.model_config.get_diff_sampling_param() | sampling)
    return llm.chat(messages, params)[0].outputs[0].text


def test_it_answers_as_llm_chat_does(llm):
    box = chat_box(llm, system=SYSTEM, say=QUESTIONS[:1], max_tokens=24)
    assert press(box, "send", text=QUESTIONS[1]) == {"done": "send", "taken": True}
    talk = [{"role": "system", "content": SYSTEM}]
    for question in QUESTIONS:
        talk.append({"role": "user", "content": question})
        talk.append({"role": "assistant", "content": expected(llm, talk, max_tokens=24, seed=0)})
    assert box.messages == talk
    assert shown(box) == [(message["role"], message["content"]) for message in talk[1:]]
    assert box.parts.error.value == ""


def test_it_begins_empty_and_runs_nothing(box):
    assert (box.messages, shown(box), box.parts.state.value) == ([], [], "")
    assert not box.parts.talk.running


def test_settings_are_the_models_own_completed(llm):
    own = llm.model_config.get_diff_sampling_param()
    assert own["temperature"] > 0 and "max_tokens" not in own
    assert chat_box(llm).settings == own | {"max_tokens": 256, "seed": 0}
    assert chat_box(llm, temperature=0, seed=7, stop=["!"]).settings == own | {
        "temperature": 0,
        "max_tokens": 256,
        "seed": 7,
        "stop": ["!"],
    }


def test_what_was_said_cannot_be_changed_from_outside(llm):
    box = chat_box(llm, say=QUESTIONS[:1], max_tokens=2)
    before = copy.deepcopy(box.messages)
    box.messages[0]["content"] = box.settings["seed"] = "changed"
    box.messages.clear()
    assert (box.messages, box.settings["seed"]) == (before, 0)


def test_retry_asks_again_with_the_next_seed_until_another_question(llm):
    box = chat_box(llm, say=QUESTIONS[:1], max_tokens=24, temperature=2, top_p=1, top_k=0, seed=3)
    talk = box.messages[:1]
    sampling = {"max_tokens": 24, "temperature": 2, "top_p": 1, "top_k": 0}
    answers = [box.messages[1]["content"]]
    for _ in range(2):
        assert press(box, "retry")["taken"]
        answers.append(box.messages[1]["content"])
    assert answers == [expected(llm, talk, **sampling, seed=seed) for seed in (3, 4, 5)]
    assert len(set(answers)) == 3 and len(box.messages) == 2
    assert "seed=5" in box.parts.state.value
    press(box, "send", text=QUESTIONS[1])
    assert "seed=3" in box.parts.state.value and box.settings["seed"] == 3


def test_retry_without_a_question_says_so(box):
    assert not press(box, "retry")["taken"]
    assert "CourseError: a question must be there to be answered again, got none. Say" in box.parts.error.value


def test_reset_clears_all_but_the_system_prompt(llm):
    box = chat_box(llm, system=SYSTEM, say=QUESTIONS, max_tokens=4)
    press(box, "send", text="")
    assert box.parts.error.value
    press(box, "reset")
    assert box.messages == [{"role": "system", "content": SYSTEM}]
    assert (shown(box), box.parts.state.value, box.parts.error.value) == ([], "", "")
    assert box.parts.system.value == SYSTEM


def test_a_new_system_prompt_holds_from_the_next_question_on(llm):
    box = chat_box(llm, system=SYSTEM, max_tokens=4)
    box.parts.system.value = "Answer with one word."
    press(box, "send", text=QUESTIONS[0])
    assert box.messages[0] == {"role": "system", "content": "Answer with one word."}
    assert "Answer with one word." in llm.get_tokenizer().decode(box.conversation.stream.prompt_token_ids)
    box.parts.system.value = " \n"
    assert [message["role"] for message in box.messages] == ["user", "assistant"]


def test_the_state_says_how_full_the_context_is_and_how_the_answer_ended(llm):
    box = chat_box(llm, say=QUESTIONS[:1], max_tokens=2, ignore_eos=True)
    tokens = len(box.conversation.stream.prompt_token_ids) + 2
    assert box.parts.state.value.startswith(f"{tokens} of 1,024 tokens; ended: length<br>drawn with temperature=")
    box = chat_box(llm, say=QUESTIONS[:1], logit_bias={llm.get_tokenizer().eos_token_id: 100}, temperature=0)
    assert "tokens; ended: stop<br>" in box.parts.state.value


def test_the_oldest_turns_are_dropped_from_the_prompt_but_still_shown(llm):
    box = chat_box(llm, system=SYSTEM, max_tokens=950, logit_bias={llm.get_tokenizer().eos_token_id: 100})
    for n in range(4):
        box.ask(f"What is {n} plus 5? Please tell me the answer to this question.")
    assert box.parts.error.value == ""
    dropped = box.conversation.dropped
    assert 0 < dropped < 4
    assert f"; {dropped} turn{'s' * (dropped > 1)} dropped; ended: stop" in box.parts.state.value
    assert [label for label, _ in shown(box)] == ["user, dropped", "assistant, dropped"] * dropped + [
        "user",
        "assistant",
    ] * (4 - dropped)
    prompt = llm.get_tokenizer().decode(box.conversation.stream.prompt_token_ids)
    assert SYSTEM in prompt and f"What is {dropped} plus 5?" in prompt and f"{dropped - 1} plus" not in prompt
    assert len(box.messages) == 9


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "a message must hold a text that is not empty, got &#x27;&#x27;. Write what you want to say."),
        (" \n", "a message must hold a text that is not empty"),
        ("word " * 1500, "the last message must fit with the system message into 1000 tokens"),
    ],
)
def test_a_refused_message_leaves_all_as_it_was(llm, text, rule):
    box = chat_box(llm, say=QUESTIONS[:1], max_tokens=24)
    before = box.messages, shown(box), box.parts.state.value, repr(box)
    assert press(box, "send", text=text) == {"done": "send", "taken": False}
    assert f'role="alert">CourseError: {rule}' in box.parts.error.value
    assert (box.messages, shown(box), box.parts.state.value, repr(box)) == before
    assert not box.parts.talk.running
    assert press(box, "send", text=QUESTIONS[1])["taken"]
    assert box.parts.error.value == ""


def while_it_runs(box, then) -> None:
    """Send a message on an event loop, as in a kernel, and do something while the answer grows."""

    async def work() -> None:
        assert box.ask("Tell me a story about a fox.")
        task = box._task
        while not box.parts.talk.rows[-1]["text"]:
            await asyncio.sleep(0)
        then()
        for running in {task, box._task}:
            await asyncio.wait_for(running, timeout=60)

    asyncio.run(work())


def tokens_of(box) -> int:
    return len(box.conversation.stream.completions[0].token_ids)


def test_an_answer_grows_and_can_be_stopped(llm):
    box, texts, states = chat_box(llm, **LONG), [], []
    box.parts.talk.observe(lambda change: texts.append(change["new"][-1]["text"]), "rows")

    def stop() -> None:
        states.extend([box.parts.talk.running, "; answering<br>" in box.parts.state.value])
        press(box, "stop")
        states.append(box.parts.talk.running)

    while_it_runs(box, stop)
    assert states == [True, True, False]
    assert 0 < tokens_of(box) < 900
    assert texts[0] == "" and len(set(texts)) >= 2
    assert box.messages[-1] == {"role": "assistant", "content": box.conversation.stream.completions[0].text}
    assert "ended: abort" in box.parts.state.value
    assert not llm.llm_engine.has_unfinished_requests()


def test_a_question_that_was_stopped_before_its_first_word_stays_and_retry_answers_it(llm, monkeypatch):
    box, rows = chat_box(llm, max_tokens=24), []
    box.parts.talk.observe(lambda change: rows.append(change["new"]), "rows")
    with monkeypatch.context() as patch:
        patch.setattr(Stream, "step", lambda stream: box.stop())
        assert box.ask(QUESTIONS[0])
    assert [row["label"] for row in rows[0]] == ["user", "assistant"], "while it runs there is a row for the answer"
    assert shown(box) == [("user, unanswered", QUESTIONS[0])]
    assert box.parts.state.value.endswith("<br>interrupted before the first word; the question stays: Retry answers it")
    assert not press(box, "continue")["taken"] and not box.parts.talk.unfinished
    assert press(box, "retry")["taken"] and "seed=0" in box.parts.state.value
    assert [label for label, _ in shown(box)] == ["user", "assistant"] and box.messages[1]["content"]


def test_continue_goes_on_with_an_answer_that_was_cut(llm):
    box = chat_box(llm, say=["Tell me a story about a fox."], max_tokens=6, temperature=0)
    cut = box.messages[1]["content"]
    assert box.parts.talk.unfinished and box.parts.state.value.endswith("<br>cut at max_tokens=6: Continue goes on")
    assert press(box, "continue") == {"done": "continue", "taken": True}
    assert box.messages[1]["content"] == expected(llm, box.messages[:1], temperature=0, max_tokens=12) != cut
    assert set(box.messages[1]) == {"role", "content"}, "messages are as LLM.chat takes them"


def test_stop_when_nothing_grows_changes_nothing(llm):
    box = chat_box(llm, say=QUESTIONS[:1], max_tokens=4)
    before = repr(box)
    press(box, "stop")
    assert repr(box) == before


def test_while_an_answer_grows_no_message_is_taken(llm):
    box = chat_box(llm, **LONG)

    def send() -> None:
        assert press(box, "send", text="Another one") == {"done": "send", "taken": False}
        assert box.parts.error.value == ""
        press(box, "stop")

    while_it_runs(box, send)
    assert len(box.messages) == 2


@pytest.mark.parametrize("button", ["retry", "reset"])
def test_retry_and_reset_end_the_answer_in_progress(llm, button):
    box = chat_box(llm, **LONG)

    def begin_anew() -> None:
        stopped = box.conversation.stream
        press(box, button)
        assert stopped.finished
        assert box.parts.talk.running == (button == "retry")
        box.conversation.change({"max_tokens": 3})
        if button == "retry":
            press(box, "retry")

    while_it_runs(box, begin_anew)
    assert not box.parts.talk.running
    assert len(box.messages) == (2 if button == "retry" else 0)
    assert box.conversation.stream is None or tokens_of(box) == 3


def test_a_message_right_after_stop_is_answered_to_its_end(llm):
    """The task of the stopped answer wakes up later and must not take the new answer for its own."""
    box, growing_at_the_end = chat_box(llm, **LONG), []
    box.parts.talk.observe(
        lambda change: growing_at_the_end.append(change["old"] and box.conversation.running), "running"
    )

    def stop_and_send() -> None:
        press(box, "stop")
        box.conversation.change({"max_tokens": 3})
        assert press(box, "send", text=QUESTIONS[0])["taken"]

    while_it_runs(box, stop_and_send)
    assert "ended: length" in box.parts.state.value and tokens_of(box) == 3
    assert [message["role"] for message in box.messages] == ["user", "assistant"] * 2
    assert not box.parts.talk.running and not any(growing_at_the_end)


def test_a_cell_that_runs_meanwhile_ends_the_answer_and_finds_it_in_messages(llm):
    box, found = chat_box(llm, **LONG), []

    def cell() -> None:
        box.stop()  # what the event pre_execute calls
        assert not box.parts.talk.running and "ended: abort" in box.parts.state.value
        found.extend([box.messages, llm.generate(["Hello", "Once"])])

    while_it_runs(box, cell)
    assert [output.prompt for output in found[1]] == ["Hello", "Once"]
    assert found[0] == box.messages and box.messages[-1]["content"]


def test_another_box_ends_the_answer_of_this_one(llm):
    box, other = chat_box(llm, **LONG), chat_box(llm, max_tokens=4)
    while_it_runs(box, lambda: other.ask(QUESTIONS[0]))
    assert 0 < tokens_of(box) < 900
    assert "ended: abort" in box.parts.state.value and not box.parts.talk.running
    assert other.conversation.stream.finished


def test_a_playground_ends_the_answer(llm):
    box = chat_box(llm, **LONG)
    while_it_runs(box, lambda: playground(llm, "Once", max_tokens=4))
    assert 0 < tokens_of(box) < 900 and box.messages[-1]["content"]


def test_the_kernel_is_told_to_stop_it_before_a_cell_once(llm, shell_calls):
    box = chat_box(llm, **LONG)
    while_it_runs(box, lambda: (press(box, "stop"), press(box, "stop")))
    assert shell_calls == [("register", "pre_execute", box.stop), ("unregister", "pre_execute", box.stop)]


def test_an_engine_that_was_freed_is_explained(llm):
    box = chat_box(llm, system=SYSTEM, say=QUESTIONS[:1], max_tokens=4)
    before = repr(box)
    free_engine()
    assert not press(box, "send", text=QUESTIONS[1])["taken"]
    assert "load_model() freed" in box.parts.error.value
    assert repr(box) == before and box._repr_mimebundle_()["text/plain"] == before


def test_an_engine_that_is_freed_while_an_answer_grows_is_explained(llm):
    box = chat_box(llm, **LONG)
    while_it_runs(box, free_engine)
    assert "load_model() freed" in box.parts.error.value
    assert not box.parts.talk.running and box.messages[-1]["content"]


def test_a_chat_box_does_not_keep_a_freed_engine_in_memory(llm):
    box = chat_box(llm, say=QUESTIONS[:1], max_tokens=4)
    engine = weakref.ref(box.conversation.llm.llm_engine)
    free_engine()
    gc.collect()
    assert engine() is None


def test_without_widgets_there_is_the_conversation_as_table_and_text(llm):
    box = chat_box(llm, system=SYSTEM, say=QUESTIONS, max_tokens=24)
    data = box._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/plain", "text/html"}
    text, table = data["text/plain"], data["text/html"]
    assert text == repr(box)
    for message in box.messages:
        assert f"{message['role']:11}" + message["content"].splitlines()[0] in text
        assert f">{message['role']}</th>" in table
    assert [row.count("<td") for row in table.split("<tr>")[1:]] == [1] * 5
    state, drawn_with = text.splitlines()[-2:]
    assert re.fullmatch(r"\d+ of 1,024 tokens; ended: (stop|length)", state)
    own = llm.model_config.get_diff_sampling_param()
    assert drawn_with.startswith(f"drawn with temperature={own['temperature']:g}, ")
    assert drawn_with.endswith("max_tokens=24, seed=0")
    assert table.endswith(f"<p>{state}</p><p>{drawn_with}</p>")


def test_the_static_view_is_the_same_every_time(llm):
    views = [chat_box(llm, say=QUESTIONS, max_tokens=24)._repr_mimebundle_() for _ in range(2)]
    assert [views[0][kind] for kind in ("text/plain", "text/html")] == [
        views[1][kind] for kind in ("text/plain", "text/html")
    ]


def test_a_static_view_without_a_conversation_says_so(box):
    assert repr(box) == transcript.NOTHING
    assert box._repr_mimebundle_()["text/html"] == f"<p>{transcript.NOTHING}</p>"


def test_what_is_written_is_text_and_not_html():
    talk = [{"role": "user", "content": "<script>a & b</script>"}, {"role": "assistant", "content": "x:\n  <b>1</b>"}]
    table = transcript.as_html(talk, ["<i>"])
    assert "<script>" not in table and "<b>" not in table and "<i>" not in table
    assert "&lt;script&gt;a &amp; b&lt;/script&gt;</td>" in table
    assert "x:<br>&nbsp;&nbsp;&lt;b&gt;1&lt;/b&gt;</td>" in table
    assert [row["text"] for row in transcript.rows([talk], [""])] == [message["content"] for message in talk]


def test_the_page_shows_texts_as_texts():
    """The page's code puts what was said into `textContent`; the browser tests see it do so."""
    source = str(chat_box.__globals__["Parts"]("").talk._esm)
    assert "textContent" in source and "innerHTML" not in source


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"temprature": 1},
            "a setting must be a field of vllm.SamplingParams, got 'temprature'. Did you mean 'temperat",
        ),
        ({"zzz": 1}, "a setting must be a field of vllm.SamplingParams, got 'zzz'. Leave it out."),
        ({"temperature": "hot"}, "settings must suit vllm.SamplingParams, which says: .* Correct it."),
        ({"n": 2}, "n must be 1, got 2: a conversation goes on with one answer. Leave it out."),
        (
            {"max_tokens": None},
            "max_tokens must be a whole number, got None: so much of the context is kept free. Use 256.",
        ),
        (
            {"max_tokens": 1024},
            "max_tokens must be < 1024, the context in tokens, got 1024. Use 256 to leave room",
        ),
        ({"system": "word " * 1500}, "the last message must fit with the system message into 768 tokens"),
        ({"system": 3}, 'system must be a text, got 3. Write system="..." or leave it out.'),
        ({"say": "Hi"}, r"say must be a list of texts, got 'Hi'. Put what the user says into \[...\]."),
        ({"say": 3}, "say must be a list of texts, got 3."),
        ({"say": [3]}, "a message must hold a text that is not empty, got 3. Write what you want to say."),
    ],
)
def test_what_it_cannot_begin_with(llm, arguments, message):
    with pytest.raises(CourseError, match=f"^{message}"):
        chat_box(llm, **arguments)


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        ({"temperature": 3}, r"temperature must be in \[0, 2\], got 3"),
        ({"top_p": 0}, r"top_p must be in \(0, 1\], got 0"),
        ({"max_tokens": 0}, "max_tokens must be at least 1, got 0"),
    ],
)
def test_vllm_refuses_in_its_own_words(llm, setting, rule):
    from vllm.exceptions import VLLMValidationError

    with pytest.raises(VLLMValidationError, match=rule):
        chat_box(llm, **setting)


def test_a_model_without_a_chat_template_is_refused_at_once():
    with pytest.raises(CourseError, match="model must have a chat template, '.*pocket-base' has none"):
        chat_box(load_model("pocket-base"))
