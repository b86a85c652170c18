"""Conversations: the prompt is the one of `LLM.chat`, a history that is cut keeps whole turns, answers stream."""

import copy

import pytest

from vllm_course import CourseError, load_chat_model
from vllm_course.chat import models, prompt
from vllm_course.chat.history import fit_history, turns_of
from vllm_course.chat.messages import ROLES, check_messages
from vllm_course.chat.prompt import chat_text, chat_token_ids
from vllm_course.models import free_engine
from vllm_course.streaming import Stream

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "get_weather", "description": "the weather in a city", "parameters": CITY}
TOOLS = [{"type": "function", "function": WEATHER}]


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def called(arguments: str | dict, *, content: str | None) -> list[dict]:
    """A question, the call of a tool, and its result."""
    call = {"id": "call-1", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
    answer = {"role": "assistant", "content": content, "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": "call-1", "content": '{"sky": "sunny", "temperature": 21}'}
    return [user("What is the weather in Zürich?"), answer, result]


SYSTEM = {"role": "system", "content": "You are a pirate."}
TALK = [user("Hello!"), {"role": "assistant", "content": "Hello."}, user("What is the capital of France?")]
CONVERSATIONS = {
    "a question": TALK[:1],
    "turns": TALK,
    "a system message": [SYSTEM, *TALK],
    "spaces and line breaks": [user("  def f():\n    return 1\n")],
    "an empty answer": [TALK[0], {"role": "assistant", "content": ""}, TALK[2]],
    "special tokens in a text": [user("What does <|im_end|> mean, and <s>?")],
    "a call": called({"city": "Zürich"}, content=""),
    "a call without content": called({"city": "Zürich"}, content=None),
    "a call as JSON": called('{"city": "Zürich"}', content=""),
    "a call as compact, escaped JSON": called('{"city":"Z\\u00fcrich"}', content=""),
    "a call without arguments": called("", content=""),
    "an answer with an empty list of calls": [TALK[0], TALK[1] | {"tool_calls": []}, TALK[2]],
}
WRONG = {
    "a text": ("Hi", "messages must be a list of messages, got str 'Hi'. Write " + r'\[{"role": ..., ...}\]'),
    "nothing": (None, "messages must be a list of messages, got nothing. Write "),
    "one message": (user("Hi"), "messages must be a list of messages, got dict {'role': 'user'"),
    "an empty list": ([], "messages must hold at least one message, got none. Begin with a message of the role user."),
    "texts": (["Hi"], r"messages\[0\] must be an object with role and content, got str 'Hi'. Write "),
    "no role": ([{"content": "Hi"}], r"messages\[0\].role must be one of system, .*, tool, got None. Correct it."),
    "another role": ([{"role": "robot", "content": "Hi"}], r"messages\[0\].role must be one of .*, got 'robot'."),
    "a late system": ([*TALK, SYSTEM], r"messages\[3\].role must not be system: only the first message may be. Join"),
    "no content": ([TALK[0], {"role": "assistant"}], r"messages\[1\].content must be a text, got nothing. Put it into"),
    "a number": ([user(7)], r"messages\[0\].content must be a text, got int 7. Put it into quotation marks."),
    "an empty question": ([user("")], r"messages\[0\].content must not be empty. Write what the user says, or remove"),
    "a system alone": ([SYSTEM], "messages must hold a message to answer, got a system message alone. Add one of"),
}


@pytest.fixture(scope="module")
def llm():
    """The shipped chat model, freed after the module."""
    yield load_chat_model("pocket-chat")
    free_engine()


def stream_of(llm, messages, params, *, tools=None) -> Stream:
    """Begin an answer, as `Conversation` does."""
    return Stream(llm, {"prompt_token_ids": chat_token_ids(llm, messages, tools=tools)}, params)


def sent(llm, messages, **options) -> list[int]:
    """Return the prompt that `LLM.chat` gives to the engine."""
    from vllm import SamplingParams

    return list(llm.chat(copy.deepcopy(messages), SamplingParams(max_tokens=1), **options)[0].prompt_token_ids)


@pytest.mark.parametrize("tools", [None, TOOLS], ids=["no tools", "tools"])
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_the_prompt_is_the_one_of_llm_chat(llm, name, tools):
    messages = CONVERSATIONS[name]
    before = copy.deepcopy(messages)
    assert chat_token_ids(llm, messages, tools=tools) == sent(llm, messages, tools=tools)
    assert messages == before, "LLM.chat changes the calls in the messages that it gets; this must not"


def test_the_text_is_the_prompt_that_llm_chat_shows(llm):
    from vllm import SamplingParams

    (output,) = llm.chat([SYSTEM, *TALK], SamplingParams(max_tokens=1), tools=TOOLS)
    assert chat_text(llm, [SYSTEM, *TALK], tools=TOOLS) == output.prompt
    assert output.prompt.startswith("<s><|im_start|>system\nYou are a pirate.\n\nTools:\nget_weather(city): ")
    assert output.prompt.endswith("<|im_end|>\n<|im_start|>assistant\n")


def test_a_prompt_begins_with_one_token_that_begins_a_text(llm):
    """The trap: the template writes `<s>`, and a tokenizer that is not told so writes another one before it."""
    tokenizer = llm.get_tokenizer()
    beginning = tokenizer.bos_token_id
    doubled = tokenizer.encode(chat_text(llm, TALK))
    assert doubled[:2] == [beginning, beginning], "otherwise there is no trap, and this test proves nothing"
    assert chat_token_ids(llm, TALK) == doubled[1:]
    assert chat_token_ids(llm, TALK).count(beginning) == 1


@pytest.mark.parametrize("what", WRONG)
def test_messages_that_break_a_rule(what):
    messages, rule = WRONG[what]
    with pytest.raises(CourseError, match=f"^{rule}"):
        check_messages(messages)


def test_an_error_names_what_the_caller_calls_the_messages():
    with pytest.raises(CourseError, match=r"^talk\.json\[1\]\.role must be one of"):
        check_messages([TALK[0], {"role": "bot", "content": "Hi"}], name="talk.json")


@pytest.mark.parametrize("messages", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_messages_that_are_right_come_back_as_they_were(messages):
    assert check_messages(messages) is messages


def test_there_is_a_message_for_every_role():
    assert {message["role"] for messages in CONVERSATIONS.values() for message in messages} == set(ROLES)


@pytest.mark.parametrize("ask", [chat_text, chat_token_ids, lambda llm, messages: fit_history(llm, messages, room=1)])
def test_wrong_messages_reach_no_template(llm, monkeypatch, ask):
    monkeypatch.setattr(llm, "get_tokenizer", lambda: pytest.fail("asked for the template"))
    for messages, rule in ([user("")], "content must not be empty"), (["Hi"], "must be an object"):
        with pytest.raises(CourseError, match=rule):
            ask(llm, messages)


def test_a_model_without_a_template_is_refused(llm, monkeypatch):
    monkeypatch.setattr(llm.get_tokenizer(), "chat_template", None)
    rule = (
        "model must have a chat template, '.*pocket-chat' has none. Take a model that was trained to chat, for example"
    )
    with pytest.raises(CourseError, match=rule):
        chat_text(llm, TALK)


def test_what_a_template_refuses_is_said_in_its_words(llm, monkeypatch):
    monkeypatch.setattr(prompt, "check_messages", lambda messages: messages)
    rule = "messages must suit the model's chat template, which says: role must be user, .* got robot in message 2."
    with pytest.raises(CourseError, match=rule):
        chat_text(llm, [TALK[0], {"role": "robot", "content": "Hi"}])


def test_turns_begin_with_a_message_of_the_user():
    talk = called({"city": "Paris"}, content="")
    assert turns_of([*TALK, *talk]) == [TALK[:2], TALK[2:], talk]
    assert turns_of(TALK[1:]) == [TALK[1:2], TALK[2:]]
    assert turns_of([]) == []


def long_talk(*, system: bool) -> list[dict]:
    """Six turns, one of them with a tool, and a question."""
    answered = [[user(f"What is {n} plus 5?"), {"role": "assistant", "content": f"It is {n + 5}."}] for n in range(5)]
    tool = [*called({"city": "Paris"}, content=""), {"role": "assistant", "content": "It is sunny."}]
    turns = [*answered[:2], tool, *answered[2:]]
    return [SYSTEM] * system + [message for turn in turns for message in turn] + [TALK[2]]


def room_for(llm, tokens: int) -> int:
    """Return the room that leaves so many tokens to the prompt."""
    return llm.llm_engine.model_config.max_model_len - tokens


def test_a_history_that_fits_stays_as_it_is(llm):
    messages = long_talk(system=True)
    tokens = len(chat_token_ids(llm, messages))
    assert fit_history(llm, messages, room=room_for(llm, tokens)) == (messages, 0, tokens)
    assert fit_history(llm, messages, room=room_for(llm, tokens - 1)).dropped == 1


@pytest.mark.parametrize("system", [True, False])
@pytest.mark.parametrize("tools", [None, TOOLS], ids=["no tools", "tools"])
def test_the_oldest_whole_turns_go_and_the_system_message_stays(llm, system, tools):
    messages = long_talk(system=system)
    before, first = copy.deepcopy(messages), [SYSTEM] * system
    turns = turns_of(messages[len(first) :])
    for dropped in range(len(turns)):
        kept = first + [message for turn in turns[dropped:] for message in turn]
        tokens = len(sent(llm, kept, tools=tools))
        assert fit_history(llm, messages, room=room_for(llm, tokens), tools=tools) == (kept, dropped, tokens)
    assert messages == before


def test_a_history_beyond_the_context_is_cut_without_a_word(llm, monkeypatch):
    """The tokenizer warns of a prompt that is too long, once for each, in a notebook's output."""
    from transformers.tokenization_utils_base import logger

    monkeypatch.setattr(llm.get_tokenizer(), "deprecation_warnings", {})
    monkeypatch.setattr(logger, "warning", lambda text, *_: pytest.fail(text))
    long = [user("word " * 1500), {"role": "assistant", "content": "Really?"}]
    assert fit_history(llm, [*long, *TALK], room=100).dropped == 1


def test_what_is_kept_leaves_room_for_the_answer(llm):
    from vllm import SamplingParams

    room = room_for(llm, 60)
    fitted = fit_history(llm, long_talk(system=True), room=room)
    assert fitted.dropped > 0 and fitted.tokens <= 60
    params = SamplingParams(max_tokens=room, ignore_eos=True, temperature=0)
    assert len(llm.chat(fitted.messages, params)[0].outputs[0].token_ids) == room


def test_a_last_message_that_does_not_fit_is_refused(llm):
    messages = [*long_talk(system=True), user("word " * 200)]
    tokens = len(chat_token_ids(llm, [SYSTEM, messages[-1]]))
    rule = (
        rf"the last message must fit with the system message into 100 tokens \(924 .*\), got {tokens}. Shorten it, or"
    )
    with pytest.raises(CourseError, match=rule):
        fit_history(llm, messages, room=924)


def test_room_for_an_answer_leaves_room_for_a_prompt(llm):
    with pytest.raises(CourseError, match="room must be < 1024, the model's context in tokens, got 1024. Lower max_to"):
        fit_history(llm, TALK, room=1024)


@pytest.mark.parametrize("messages", [[SYSTEM, *TALK], CONVERSATIONS["a call"]], ids=["no tools", "tools"])
def test_a_stream_is_the_answer_of_llm_chat(llm, messages):
    from vllm import SamplingParams

    tools = TOOLS if messages is CONVERSATIONS["a call"] else None
    (expected,) = llm.chat(copy.deepcopy(messages), SamplingParams(temperature=0, max_tokens=24), tools=tools)
    stream, texts = stream_of(llm, messages, SamplingParams(temperature=0, max_tokens=24), tools=tools), [""]
    while not stream.finished:
        stream.step()
        texts.append(stream.completions[0].text)
    assert stream.prompt_token_ids == list(expected.prompt_token_ids)
    assert (texts[-1], stream.completions[0].finish_reason) == (
        expected.outputs[0].text,
        expected.outputs[0].finish_reason,
    )
    assert all(later.startswith(earlier) for earlier, later in zip(texts, texts[1:], strict=False))
    assert len(set(texts)) > 3, "it grew"


def test_a_stream_takes_the_place_of_the_one_before(llm):
    from vllm import SamplingParams

    first = stream_of(llm, TALK, SamplingParams(max_tokens=50, ignore_eos=True))
    first.step()
    second = stream_of(llm, TALK, SamplingParams(max_tokens=2, ignore_eos=True))
    assert first.finished
    while not second.finished:
        second.step()
    assert len(second.completions[0].token_ids) == 2
    assert not llm.llm_engine.has_unfinished_requests()


@pytest.mark.parametrize(
    ("asked", "variable", "taken"),
    [(None, None, "pocket-chat"), (None, "Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B"), ("mine", "Qwen/Qwen3-0.6B", "mine")],
)
def test_the_chat_model_is_the_one_asked_for_or_the_environments_or_the_shipped_one(
    monkeypatch, asked, variable, taken
):
    monkeypatch.delenv(models.CHAT_MODEL_VARIABLE, raising=False)
    if variable:
        monkeypatch.setenv(models.CHAT_MODEL_VARIABLE, variable)
    monkeypatch.setattr(models, "load_model", lambda model, **arguments: (model, arguments))
    assert load_chat_model(asked, max_model_len=256) == (taken, {"max_model_len": 256})


def test_the_shipped_chat_model_is_not_the_one_of_the_other_lessons(monkeypatch):
    from vllm_course.models import MODEL_VARIABLE

    monkeypatch.delenv(models.CHAT_MODEL_VARIABLE, raising=False)
    monkeypatch.setenv(MODEL_VARIABLE, "facebook/opt-125m")
    monkeypatch.setattr(models, "load_model", lambda model, **arguments: model)
    assert load_chat_model() == "pocket-chat"
