"""What the quiz of lesson 03 says, asked of vLLM: each function returns the figures that it found."""

import inspect

import pytest
from vllm import LLM, SamplingParams
from vllm.exceptions import VLLMValidationError

from vllm_course import load_chat_model
from vllm_course.chat.prompt import chat_text, chat_token_ids

HELLO = [{"role": "user", "content": "Hello!"}]
GREEDY = SamplingParams(temperature=0, max_tokens=4)


def what_makes_it_answer() -> None:
    """The generation prompt is the end of the text, and nothing of it is in the message."""
    tokenizer = load_chat_model().get_tokenizer()
    without, asked = (
        tokenizer.apply_chat_template(HELLO, tokenize=False, add_generation_prompt=wanted) for wanted in (False, True)
    )
    assert asked.startswith(without) and "assistant" in asked.removeprefix(without)
    assert "system" not in asked and chat_text(load_chat_model(), HELLO) == asked


def two_beginnings() -> None:
    """The prompt of `generate` has one token more than that of `chat`, and it is the first one again."""
    llm = load_chat_model()
    (given,) = llm.generate(chat_text(llm, HELLO), GREEDY)
    ids, begin = chat_token_ids(llm, HELLO), llm.get_tokenizer().bos_token_id
    assert given.prompt_token_ids == [begin, *ids] and ids[0] == begin and ids[1] != begin
    assert llm.chat(HELLO, GREEDY)[0].prompt_token_ids == ids


def my_name() -> None:
    """A prompt holds what is in its messages, whatever was computed before."""
    llm = load_chat_model()
    llm.chat([{"role": "user", "content": "My name is Ada."}], GREEDY)
    asked = [{"role": "user", "content": "What is my name?"}]
    assert "Ada" not in llm.chat(asked, GREEDY)[0].prompt == chat_text(llm, asked)


def too_long() -> None:
    """The whole conversation is refused; the error names the context, and that the prompt has more."""
    llm = load_chat_model()
    context = llm.llm_engine.model_config.max_model_len
    with pytest.raises(VLLMValidationError, match=rf"length is {context} .* at least {context + 1} input"):
        llm.chat([{"role": "user", "content": "word " * 2 * context}], GREEDY)


def shared_beginning() -> list[int]:
    """The engine's own count for two prompts of token ids."""
    llm, shared = load_chat_model(), 300
    size = llm.llm_engine.vllm_config.cache_config.block_size
    llm.reset_prefix_cache()
    beginning = [200 + number for number in range(shared)]
    _, second = (llm.generate({"prompt_token_ids": [*beginning, *end]}, GREEDY)[0] for end in ([7] * 99, [8] * 99))
    return [second.num_cached_tokens, shared, size, second.num_cached_tokens // size]


def who_calls() -> None:
    """Tools are descriptions, results are messages, and no rule limits the text of a call."""
    tools = inspect.signature(LLM.chat).parameters["tools"].annotation
    assert "dict" in str(tools) and "Callable" not in str(tools)
    llm = load_chat_model()
    result = [*HELLO, {"role": "tool", "content": "21 degrees"}]
    assert "21 degrees" in chat_text(llm, result) and chat_text(llm, result) != chat_text(llm, HELLO)
    assert SamplingParams().structured_outputs is None  # nothing limits which name the model writes


def cut_answer() -> None:
    """The continued prompt ends inside the assistant's message; one more question ends with a new one."""
    llm = load_chat_model()
    cut = [*HELLO, {"role": "assistant", "content": "Hello! I am"}]
    options = {"continue_final_message": True, "add_generation_prompt": False}
    assert llm.chat(cut, GREEDY, **options)[0].prompt.endswith("Hello! I am")
    with pytest.raises(VLLMValidationError, match="not compatible"):
        llm.chat(cut, GREEDY, continue_final_message=True)
    anew = llm.chat([*cut, {"role": "user", "content": "go on"}], GREEDY)[0].prompt
    assert anew.rindex("assistant") > anew.index("go on")
    assert llm.chat(HELLO, GREEDY)[0].outputs[0].text == llm.chat(HELLO, GREEDY)[0].outputs[0].text
