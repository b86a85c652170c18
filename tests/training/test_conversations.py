"""The training conversations are the same every time, contradict nothing and keep what is held out."""

import json
import re

import pytest
from tokenizers import Tokenizer

from tools.training.chat_tokenizer import train_chat_tokenizer
from tools.training.conversations import Conversation, build_conversations
from tools.training.conversations.build import SETTINGS
from tools.training.conversations.encoding import batches, collate, counted, encode, render
from tools.training.conversations.styles import STYLES, held_out_pair
from tools.training.conversations.words import is_held_out
from tools.training.corpus.countries import CAPITALS
from tools.training.corpus.packing import IGNORE
from vllm_course.chat.messages import check_messages

COUNT = 1500


@pytest.fixture(scope="module")
def conversations() -> list[Conversation]:
    return build_conversations(count=COUNT)


@pytest.fixture(scope="module")
def tokenizer(conversations: list[Conversation]) -> Tokenizer:
    return train_chat_tokenizer(render(conversations))


def answers(conversations: list[Conversation]) -> list[str]:
    return [m["content"] for talk in conversations for m in talk.messages if m["role"] == "assistant"]


def test_same_seed_gives_the_same_conversations_and_another_seed_others(conversations) -> None:
    assert conversations == build_conversations(count=COUNT)
    assert conversations[:50] != build_conversations(seed=1, count=50)


def test_a_count_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"count must be >= 1, got 0\."):
        build_conversations(count=0)


def test_every_kind_and_every_style_is_there(conversations) -> None:
    assert {talk.kind for talk in conversations} == set(SETTINGS)
    text = "\n".join(message["content"] for talk in conversations for message in talk.messages)
    assert all(prompt in text for style in STYLES.values() for prompt in style.prompts)


def test_every_conversation_is_one_that_the_course_accepts(conversations) -> None:
    for talk in conversations:
        if not talk.text:
            check_messages(talk.messages)
            assert talk.messages[-1]["role"] == "assistant"


def test_every_capital_and_every_sum_is_right(conversations) -> None:
    text = "\n".join(answers(conversations))
    countries = "|".join(sorted(map(re.escape, CAPITALS), key=len, reverse=True))
    capitals = re.findall(rf"[Tt]he capital of ({countries}) (?:is|be) ([^.]+)\.", text)
    assert len(capitals) > 100
    assert all(CAPITALS[country] == capital for country, capital in capitals)
    sums = re.findall(r"(\d+) plus (\d+) (?:is|be) (\d+)", text)
    assert len(sums) > 100
    assert all(int(one) + int(two) == int(result) for one, two, result in sums)


def test_what_is_held_out_is_never_asked(conversations) -> None:
    for talk in conversations:
        style = next((name for name, one in STYLES.items() if _system(talk).endswith(tuple(one.prompts))), None)
        for question, answer in zip(talk.messages, talk.messages[1:], strict=False):
            if question["role"] != "user" or answer["role"] != "assistant" or answer.get("tool_calls"):
                continue
            asked = [name for name in CAPITALS if name in question["content"] and CAPITALS[name] in answer["content"]]
            assert not any(held_out_pair(name, style) for name in asked if style)
            numbers = re.findall(r"\d+", question["content"])
            if len(numbers) == 2 and "plus" in answer["content"]:
                assert not is_held_out(" + ".join(numbers))


def test_a_call_comes_before_its_result_and_carries_what_was_asked(conversations) -> None:
    calls = 0
    for talk in conversations:
        for before, message, after in zip(talk.messages, talk.messages[1:], talk.messages[2:], strict=False):
            for call in message.get("tool_calls", []):
                calls += 1
                assert after["role"] == "tool" and json.loads(after["content"]) is not None
                values = call["function"]["arguments"].values()
                assert all(str(value) in before["content"] for value in values)
                assert call["function"]["name"] in {tool["function"]["name"] for tool in talk.tools}
    assert calls > 200


def test_what_the_assistant_says_counts_and_nothing_else(tokenizer: Tokenizer) -> None:
    messages = [
        {"role": "system", "content": "Be helpful."},
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "Bye!"},
        {"role": "assistant", "content": "Goodbye."},
    ]
    ids = tokenizer.encode(render([Conversation("free", messages, [])])[0], add_special_tokens=False).ids
    chosen = [token for token, counts in zip(ids, counted(ids, tokenizer), strict=True) if counts]
    assert tokenizer.decode(chosen, skip_special_tokens=False) == "Hi.<|im_end|>Goodbye.<|im_end|>"


def test_plain_text_counts_as_a_whole_and_has_no_marks(conversations, tokenizer: Tokenizer) -> None:
    plain = render([talk for talk in conversations if talk.text])
    assert plain and all(text.startswith("<s>") and text.endswith("</s>") and "<|" not in text for text in plain)
    assert all(row.counts.all() for row in encode(plain, tokenizer))


def test_a_name_is_the_same_tokens_in_a_text_and_in_json(tokenizer: Tokenizer) -> None:
    name = tokenizer.encode("Tolvo", add_special_tokens=False).tokens
    for text in ("I live in Tolvo.", '{"city": "Tolvo"}'):
        tokens = tokenizer.encode(text, add_special_tokens=False).tokens
        assert any(tokens[place : place + len(name)] == name for place in range(len(tokens)))


def test_every_row_is_in_one_batch_and_padding_is_small(conversations, tokenizer: Tokenizer) -> None:
    import random

    rows = encode(render(conversations), tokenizer)
    chosen = batches(rows, random.Random(0), tokens=4096)
    assert sorted(index for group in chosen for index in group) == list(range(len(rows)))
    made = list(collate(rows, chosen))
    padded = sum(inputs.numel() for inputs, _ in made)
    assert padded < 1.1 * sum(len(row.ids) for row in rows)
    assert all(inputs.numel() <= 4096 for inputs, _ in made)
    targets = sum(int((target != IGNORE).sum()) for _, target in made)
    assert targets == sum(int(row.counts[1:].sum()) for row in rows)


def _system(talk: Conversation) -> str:
    first = talk.messages[0] if talk.messages else {"role": "user"}
    return first["content"] if first["role"] == "system" else ""
