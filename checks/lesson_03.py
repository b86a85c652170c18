"""The checks of lesson 03's exercises. `vllm_course.check` finds them by number."""

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from vllm_course.chat.history import turns_of
from vllm_course.chat.prompt import chat_text, chat_token_ids
from vllm_course.checks import exercise, require
from vllm_course.checks.shapes import (
    alike,
    assistant,
    close,
    columns,
    entries,
    keys,
    roles,
    rows,
    same_text,
    system,
    user,
)
from vllm_course.checks.trying import KINDS, Tried, described, limited, plain
from vllm_course.checks.verdict import NotYet
from vllm_course.checks.watch import Call, Watch


def greedy(**changes):
    """Return sampling parameters at temperature 0."""
    from vllm import SamplingParams

    return SamplingParams(**{"temperature": 0, "max_tokens": 64} | changes)


# 3.1 ----------------------------------------------------------------------------------------------------------------

STORY, CAPITAL = [user("Tell me a story about a fox.")], [user("What is the capital of Chile?")]
NAMED = [user("My name is Dorin."), assistant("Certainly. Hello, Dorin. Will that be all?")]
CONVERSATIONS = {
    "one message of the user": [user("What is 3 plus 4?")],
    "a system message": [system("Answer with one word."), user("What is the capital of Chile?")],
    "an assistant's turn, no system": [user("Hello!"), assistant("Hello! How can I help you?"), user("Bye!")],
    "several turns": [
        system("You are a butler."),
        *NAMED,
        user("What is my name?"),
        assistant("Certainly. Your name is Dorin. Will that be all?"),
        user("Thank you."),
    ],
    "braces, blanks and line breaks in a message": [user('  Repeat: {"answer": {}}\n\n')],
    "a conversation that ends with an answer": NAMED,
    "a system message without any text": [system(""), user("Hello!")],
    "an answer without any text": [user("Hello!"), assistant(""), user("Hello?")],
}


@exercise(
    "3.1",
    functions={"build_prompt": "messages -> text", "chat_by_hand": "llm, messages, params -> value"},
    hints=[
        "Every message becomes one block, in the same way for every role. What comes before the first block, and after "
        "the last one?",
        "Look at repr(ask(...).prompt), where a line break shows as \\n. For chat_by_hand compare the first ids of "
        "llm.generate(text)[0].prompt_token_ids with those of llm.chat: who wrote the second <s>?",
        "A block is f\"<|im_start|>{message['role']}\\n{message['content']}<|im_end|>\\n\", and only a system message "
        "with an empty content has none. <s> comes before all blocks, <|im_start|>assistant\\n after them. "
        "llm.get_tokenizer().encode(text, add_special_tokens=False) gives the ids, and "
        'llm.generate({"prompt_token_ids": ids}, params) takes them.',
    ],
    concept="chat-templates.md#what-a-template-does",
)
def prompt_by_hand(build_prompt, chat_by_hand, llm) -> None:
    """A function that writes the template's text, and one that gives it to the engine without a second `<s>`."""
    first, own_words = llm.get_tokenizer().bos_token, "write the text yourself, from the messages."
    ends = "the prompt must end with the beginning of an answer, whoever spoke last"
    for what, messages in CONVERSATIONS.items():
        with template_refused(llm, f"build_prompt lets the template do the work: {own_words}"):
            text = build_prompt(messages, case=f"for {what}")
        truth = chat_text(llm, messages)
        opening = truth[truth.rindex("<|im_start|>") :]
        require(text != truth.removesuffix(opening), f"For {what} {ends}: {opening!r}.")
        require(text != truth.removeprefix(first), f"The template's text begins with {first!r}.")
        has_block = "<|im_start|>system" in text and "<|im_start|>system" not in truth
        require(not has_block, f"For {what} there is no system block: it takes a system message with a text.")
        same_text(text, truth, f"For {what}")
    for messages in (CAPITAL, CONVERSATIONS["several turns"]):
        sent_by_hand(chat_by_hand, messages, llm)


def sent_by_hand(chat_by_hand: Tried, messages: list[dict], llm) -> None:
    """Require one output of `llm.generate` for the ids that `llm.chat` would send, with the params that were given."""
    from vllm import SamplingParams

    watch, params = Watch(llm, most=10), SamplingParams(temperature=0.8, top_p=0.9, seed=3, max_tokens=5)
    with template_refused(llm, "chat_by_hand must do without llm.chat and its template: llm.generate."):
        output = chat_by_hand(watch, messages, params)
    calls = watch.asked("generate")
    listed = "llm.generate returns a list of outputs, also for one prompt: return its first one, [0]"
    require(KINDS["output"](output), f"{listed}, not {output!r:.40}...")
    call = next((call for call in calls if any(output is one for one in call.outputs)), calls[-1])
    names = ("temperature", "top_p", "seed", "max_tokens")
    passed_on = all(getattr(call.params[0], name) == getattr(params, name) for name in names)
    require(passed_on, "Pass the params on to llm.generate, as they are.")
    first, ids, truth = llm.get_tokenizer().bos_token, call.ids[0], chat_token_ids(llm, messages)
    twice = "llm.generate adds a special token to a text that has it already. Give it token ids, or tell it not to."
    require(ids[1:] != truth, f"The prompt begins with {first} twice: {twice}")
    require(ids == truth, f"The prompt's ids must be those of llm.chat, {truth[:6]}..., they are {ids[:6]}...")


@contextlib.contextmanager
def template_refused(llm, hint: str) -> Iterator[None]:
    """Refuse every use of a chat template; `LLM.chat` is one as well."""
    name = "apply_chat_template"
    owner = next(kind for kind in type(llm.get_tokenizer()).__mro__ if name in vars(kind))  # so of all tokenizers
    with mock.patch.object(owner, name, autospec=True, side_effect=getattr(owner, name)) as used:
        yield
    require(not used.called, hint)


@contextlib.contextmanager
def every_call(llm) -> Iterator[Callable[[], int]]:
    """Count the calls of an engine, those past a watched one too, such as those of a notebook's own functions."""
    with (
        mock.patch.object(llm, "chat", wraps=llm.chat) as chat,
        mock.patch.object(llm, "generate", wraps=llm.generate) as generate,
    ):
        yield lambda: chat.call_count + generate.call_count


# 3.2 ----------------------------------------------------------------------------------------------------------------

WAYS = {"completion": "generate", "chat": "chat"}
ALONE = {"completion": "the question only, as a text", "chat": "a conversation of one message for each question"}
# What `right` must take from here: a part of the text anywhere in it, to the letter.
NOT_ALL_RIGHT = {"Italy": "Rome", "Japan": "tokyo", "France": "Lyon", "Peru": "capital"}
OF_A_WAY = {
    "way": "Each country has a row for 'completion' and one for 'chat'.",
    "text": "It is what that call returned.",
    "finish_reason": "It is the completion's own.",
    "tokens": "It is the number of token_ids of the answer.",
    "right": "It is whether the text contains the capital anywhere, as `capitals` spells it.",
}


@exercise(
    "3.2",
    functions={"compare_ways": "llm, capitals -> table"},
    hints=[
        "llm.generate takes a list of texts, llm.chat a list of conversations, and a conversation of one message is a "
        "list too. Both return one output for each.",
        "Build the questions once. Keep both lists of outputs in a dict, way to outputs, and make the rows in two "
        "loops: over the ways, and over zip(capitals.items(), outputs, strict=True).",
        "llm.generate(questions, params) and llm.chat([[{'role': 'user', 'content': q}] for q in questions], params), "
        'with SamplingParams(temperature=0, max_tokens=32). frame.groupby("way")["right"].mean().to_dict() are the '
        'shares; frame["finish_reason"] == "stop" is the other column.',
    ],
    concept="chat-templates.md#completion-and-chat",
)
def completion_and_chat(compare_ways, frame, answer, capitals: dict, llm) -> None:
    """The same questions both ways, in one call each, and the shares of the answers that are right and that end."""
    watch, place = Watch(llm, most=20), ("country", "way")
    table = compare_ways(watch, NOT_ALL_RIGHT)
    asked = [row for way in WAYS for row in rows_of_way(watch, way, llm)]
    rows(table, asked, place, OF_A_WAY)
    given = columns(frame, asked[0], "frame_3_2 must be").to_dict("records")
    texts = {(str(row["country"]), str(row["way"])): str(row["text"]) for row in given}
    right = {(c, way): capitals[c] in texts.get((c, way), "") for c in capitals for way in WAYS}
    rows(frame, [{"country": c, "way": way, "right": yes} for (c, way), yes in right.items()], place, OF_A_WAY)
    differ = any(texts[country, "completion"] != texts[country, "chat"] for country in capitals)
    require(differ, "Both ways have the same texts: was one of them asked twice?")
    shares(answer, frame)


def rows_of_way(watch: Watch, way: str, llm) -> list[dict]:
    """Return the rows that a table must have for one way, from the one call of the engine that it may take."""
    (call,) = watch.asked(WAYS[way], 1, temperature=0, max_tokens=32)
    completions = {tuple(ids): output.outputs[0] for ids, output in zip(call.ids, call.outputs, strict=True)}
    found = []
    for country, capital in NOT_ALL_RIGHT.items():
        question = f"What is the capital of {country}?"
        alone, chat = llm.get_tokenizer().encode(question), chat_token_ids(llm, [user(question)])
        completion = completions.get(tuple(alone if way == "completion" else chat))
        asked = completion is not None and len(call.ids) == len(NOT_ALL_RIGHT)
        require(asked, f"llm.{WAYS[way]} must get {ALONE[way]}, not {call.prompts[0]!r}.")
        row = {"country": country, "way": way, "text": completion.text, "finish_reason": completion.finish_reason}
        found.append(row | {"tokens": len(completion.token_ids), "right": capital in completion.text})
    return found


def shares(answer, frame) -> None:
    """Require the share of right answers and of those that ended, for each way, as the learner's table has them."""
    answer = entries(answer, ["right", "ended"], "answer_3_2 must be")
    for name, found in {"right": frame["right"], "ended": frame["finish_reason"].astype(str) == "stop"}.items():
        given = keys(answer[name], WAYS, f"answer_3_2[{name!r}] must be")
        truth = found.astype(float).groupby(frame["way"]).mean().to_dict()
        for way, share in given.items():
            counted = f"{name} must be a share from 0 to 1, not {share!r}: divide a count by the number of countries."
            require(KINDS["number"](share) and share <= 1, counted)
            says = f"{name} must be {truth}, as your own table says, not {given}."
            require(abs(share - truth[way]) < 0.01, says)


# 3.3 ----------------------------------------------------------------------------------------------------------------

ABOUT_ITSELF = {"name": "What is your name?", "job": "What is your job?", "city": "Where do you live?"}
ASKED_OF = ABOUT_ITSELF | {"capital": "What is the capital of France?"}
SIGNS = {"pirate": "Arr!", "butler": "Certainly.", "teacher": "?"}
OTHER_WORDS = "Say it in another sentence, or take a word of CHOICES_3_3. The persona must still be of use."
OTHER_STYLE = "Ask for it in another way: Talk like ..., You are ..., Answer like ...; at the beginning, at the end."


@exercise(
    "3.3",
    hints=[
        "The model knows about itself what the system message says, and nothing else. Does yours say all four things?",
        'Short sentences that speak to the model work best: "You are NAME, a JOB from CITY." A list of keywords, or '
        "one long sentence, is not what it was trained on. The style takes a sentence of its own.",
        'system_3_3 = "You are Mira, a baker from Lisbon. Talk like a pirate." has the form that works, with any '
        'words of CHOICES_3_3. For the other styles write "You are a polite butler." or "Answer like a teacher."',
    ],
    concept="chat-templates.md#personas",
)
def persona(prompt, facts, llm) -> None:
    """A system prompt that gives the model a name, a job, a city and a manner, which its answers show."""
    names = [*ABOUT_ITSELF, "style"]
    facts = {name: entries(facts, names, "persona_3_3 must be")[name] for name in names}
    for name, value in facts.items():
        is_text = isinstance(value, str) and bool(value.strip())
        require(is_text, f"{name} of persona_3_3 must be a text that is not empty, not {value!r}.")
    sign = SIGNS.get(facts["style"].lower())
    require(sign is not None, f"The style must be one of {', '.join(SIGNS)}, not {facts['style']!r}.")
    require(isinstance(prompt, str), f"system_3_3 must be only the text of the system message, not {prompt!r:.80}.")
    without = answers_to_all(llm)
    for name in ABOUT_ITSELF:
        unknown = f"system_3_3 does not hold the {name} {facts[name]!r}, so the model cannot know it."
        require(facts[name].lower() in prompt.lower(), unknown)
        before = f"The {name} {facts[name]!r} is in its answer without your prompt too: choose another one."
        require(facts[name].lower() not in without[name].lower(), before)
    for name, text in answers_to_all(llm, system(prompt)).items():
        says, word = f'Asked "{ASKED_OF[name]}", it says {text!r}, without', facts.get(name, "Paris")
        require(word.lower() in text.lower(), f"{says} the {name} {word!r}. {OTHER_WORDS}")
        require(sign.lower() in text.lower(), f"{says} {sign!r}, the sign of a {facts['style'].lower()}. {OTHER_STYLE}")


def answers_to_all(llm, *first: dict) -> dict[str, str]:
    """Return what the model says of itself, and about France's capital, after these first messages."""
    outputs = llm.chat([[*first, user(question)] for question in ASKED_OF.values()], greedy(), use_tqdm=False)
    return {name: output.outputs[0].text for name, output in zip(ASKED_OF, outputs, strict=True)}


# 3.4 ----------------------------------------------------------------------------------------------------------------

BUTLER = [system("You are a butler."), *NAMED, user("What is my name?")]
CLOSED = "closes the cut answer and begins a new one: add_generation_prompt=False, continue_final_message=True."


@exercise(
    "3.4",
    functions={"is_truncated": "output -> bool", "finish": "llm, messages, max_tokens, rounds -> pair"},
    hints=[
        "The engine says why it stopped, so the text need not be looked at. And a message that is not finished must "
        "not be closed.",
        "finish_reason is 'length' when a limit ended the text. To go on, append the text so far as a message of the "
        "assistant. Two arguments of llm.chat keep the template from closing it.",
        "In a loop over at most `rounds` calls: begun = [*messages, {'role': 'assistant', 'content': text}]; "
        "llm.chat(begun, params, add_generation_prompt=False, continue_final_message=True); text += the new text; "
        "leave the loop when it is not truncated.",
    ],
    concept="chat-templates.md#truncated-answers",
)
def continued(is_truncated, finish, llm) -> None:
    """A function that knows a cut answer, and one that continues it, but not for ever."""
    for expected, what, output in cut_and_whole(llm):
        given = is_truncated(output, case=f"for an answer that {what}")
        require(given == expected, f"An answer that {what} gives {expected}, not {given}: {output.outputs[0].text!r}")
    for talk in [(CAPITAL, 40, 4), (STORY, 16, 25), (STORY, 5, 3), (STORY, 5, 1), (STORY, 5), (BUTLER, 5, 4)]:
        finished(finish, *talk, llm=llm)


def cut_and_whole(llm) -> list[tuple]:
    """Return answers that were cut, or were not, though their text or length looks otherwise."""
    ended, story = llm.chat([CAPITAL, STORY], [greedy(), greedy(max_tokens=40)], use_tqdm=False)
    exact = len(ended.outputs[0].token_ids)
    ids, decode = story.outputs[0].token_ids, llm.get_tokenizer().decode
    sentence = next((i for i in range(2, len(ids)) if decode(ids[:i]).endswith(".")), 12)
    asked = [greedy(max_tokens=6), greedy(max_tokens=sentence), greedy(max_tokens=exact), greedy(stop=[" "])]
    cut, at_full_stop, exactly, stopped = llm.chat([STORY, STORY, CAPITAL, CAPITAL], asked, use_tqdm=False)
    return [
        (True, "was cut by max_tokens", cut),
        (False, "ended by itself", ended),
        (False, "met a stop string and so has no full stop", stopped),
        (True, "was cut right after a sentence", at_full_stop),
        (False, "ended by itself with the last token that it had", exactly),
    ]


def finished(finish, messages: list[dict], max_tokens: int, *given: int, llm) -> None:
    """Require an answer that is continued until it ends or the rounds are over, and told whole."""
    (rounds,) = given or (10,)  # what the exercise's text says where nobody gives a number
    watch = Watch(llm, most=rounds + 30)
    with every_call(llm) as asked:
        text, ended = finish(watch, messages, max_tokens, *given, case=f"with rounds={rounds}")
    calls, own = watch.calls, "Use the llm that you are given, finish's first argument, for every call"
    require(0 < asked() == len(calls), f"{own}: the notebook's ask uses another one.")
    require(len(calls) <= rounds, f"{len(calls)} calls with rounds={rounds}: give up then, the first call counts too.")
    taken = {(params.temperature, params.max_tokens) for call in calls for params in call.params}
    require(taken == {(0, max_tokens)}, f"Every call takes temperature=0 and max_tokens={max_tokens}, yours: {taken}.")
    whole = text_so_far(calls, messages, llm)
    *earlier, last = [call.outputs[0].outputs[0].finish_reason for call in calls]
    require("stop" not in earlier, "The answer had ended, and finish asked once more: look at finish_reason each time.")
    early = f"It gave up after {len(calls)} of {rounds} calls, and the answer is still cut: go on in a loop."
    require(last == "stop" or len(calls) == rounds, early)
    lost = "the whole answer is all pieces in order, with nothing between them, since a cut may go through a word."
    require(alike(text, whole), f"{text!r} is not {whole!r}: {lost}")
    second = f"The second value must be {last == 'stop'} when the last finish_reason is {last!r}, not {ended!r}."
    require(alike(ended, last == "stop"), second)


def text_so_far(calls: list[Call], messages: list[dict], llm) -> str:
    """Require that each call continued the text so far, and return it; the prompt shows it, however it was made."""
    start, so_far, first = chat_text(llm, messages), "", llm.get_tokenizer().bos_token
    for place, call in enumerate(calls, start=1):
        prompt, begun = llm.get_tokenizer().decode(call.ids[0]), start + so_far
        twice = f"Call {place} begins with {first} twice: llm.generate adds one to a text. Give it token ids."
        require(not prompt.startswith(first + first), twice)
        asks = f"The first call must ask the messages that finish is given, as they are, not {prompt[-60:]!r}."
        require(place > 1 or prompt == start, asks)
        again = f"Call {place} asked the same question from the beginning: let it continue the text that is there."
        require(place == 1 or prompt != start, again)
        require(prompt == begun or not prompt.startswith(begun), f"Call {place} {CLOSED}")
        require(prompt == begun, f"The prompt of call {place} must end with {so_far!r}, not with {prompt[-60:]!r}.")
        so_far += call.outputs[0].outputs[0].text
    return so_far


# 3.5 ----------------------------------------------------------------------------------------------------------------

COUNTED = [CONVERSATIONS["a system message"], CONVERSATIONS["several turns"], [user("Hello!")]]
OLD_CALL = {"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Tolvo"}}}
LONG = [
    system("You are a butler."),
    *NAMED,
    user("What is the weather in Tolvo?"),
    {"role": "assistant", "content": "", "tool_calls": [OLD_CALL]},
    {"role": "tool", "content": '{"sky": "sunny", "temperature": 21}'},
    assistant("Certainly. It is sunny in Tolvo, 21 degrees. Will that be all?"),
    user("Thank you very much!"),
    assistant("Certainly. You are welcome. Will that be all?"),
    user("What is the capital of Chile?"),
]


@exercise(
    "3.5",
    functions={"count_tokens": "llm, messages -> number", "trim": "messages, limit, count -> list"},
    hints=[
        "A turn begins with a message of the user and ends before the next one. At which places may the rest begin?",
        "Collect the places of the user's messages. For each, from the first to the last: system message + all from "
        "there on; return the first list that count finds short enough. What if none is?",
        "first = 1 if messages[0]['role'] == 'system' else 0; for start in [i for i, m in enumerate(messages) if "
        "m['role'] == 'user']: kept = messages[:first] + messages[start:]; if count(kept) <= limit: return kept. After "
        "the loop: raise ValueError with limit and count(kept) in its text.",
    ],
    concept="chat-templates.md#fitting-the-context",
)
def trimmed(count_tokens, trim, llm) -> None:
    """The length of a prompt as the engine counts it, and a history that loses whole turns from the front."""
    for messages in COUNTED:
        counted(count_tokens, messages, llm)
    counts = {
        "a token a letter and 9 a message": letters,
        "the model's": lambda talk: len(chat_token_ids(llm, list(talk))),
    }
    for what, count in counts.items():
        for messages in (LONG, LONG[1:]):
            lengths = [count(left) for left in shortened(messages)]
            for limit in sorted({lengths[0] + 50, *lengths, *(n - 1 for n in lengths[:-1])}, reverse=True):
                trim_keeps(trim, messages, limit, count, what)
    for messages in (LONG, LONG[1:], LONG[:2], LONG[1:2]):
        trim_refuses(trim, messages)


def letters(messages: list[dict]) -> int:
    """Count another way than any tokenizer does."""
    return sum(9 + len(message["content"] or "") for message in messages)


def shortened(messages: list[dict]) -> list[list[dict]]:
    """Return a conversation without 0, 1, 2, ... turns, down to the last turn."""
    first = [message for message in messages if message["role"] == "system"]
    turns = turns_of(messages[len(first) :])
    return [first + sum(turns[dropped:], []) for dropped in range(len(turns))]


def counted(count_tokens, messages: list[dict], llm) -> None:
    """Require the number of tokens that `llm.chat` would send; a number that a likely mistake gives is explained."""
    with every_call(llm) as asked:
        given = count_tokens(llm, messages)
    require(asked() == 0, "count_tokens asks the model: count what the template and the tokenizer make, without it.")
    tokenizer = llm.get_tokenizer()
    encoded = partial(tokenizer.encode, add_special_tokens=False)
    text, truth = chat_text(llm, messages), len(chat_token_ids(llm, messages))
    closed = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
    dictionary = "apply_chat_template returns a dict, whose keys were counted. Its ids are under 'input_ids'."
    mistakes = {
        len(tokenizer.encode(text)): "the template wrote <s>, the tokenizer adds another: add_special_tokens=False.",
        sum(
            len(encoded(m["content"])) for m in messages
        ): "the template's own tokens count too, not only the contents.",
        len(encoded(closed)): "the beginning of the answer is part of the prompt, add_generation_prompt=True.",
        len(tokenizer.apply_chat_template(messages)): dictionary,
        len(text): "these are letters. Encode the text, then count.",
    }
    says = f"llm.chat sends {truth} tokens for {len(messages)} messages, count_tokens says {given}"
    require(given == truth, f"{says}: {mistakes.get(given, 'take the text that the template makes, and encode it.')}")


def trim_keeps(trim, messages: list[dict], limit: int, count: Callable, what: str) -> None:
    """Require the longest rest that fits into the limit."""
    rests = shortened(messages)
    first = [message for message in messages if message["role"] == "system"]
    case = f"{len(rests)} turns, {'a' if first else 'no'} system message, limit {limit}, count is {what}"
    kept = trim(messages, limit, limited(count), case=f"with {case},")
    strange = [message for message in kept if not isinstance(message, dict) or message not in messages]
    require(strange == [], f"trim must return messages that it was given, not {strange!r:.60} ({case}).")
    require(kept[-1:] == messages[-1:], f"The last question is gone: it is what must be answered ({case}).")
    require(kept[: len(first)] == first, f"The system message is gone: it stays whatever is dropped ({case}).")
    begins = kept[len(first)]["role"]
    halved = f"What is left begins with a message of the role {begins}, without its question: drop whole turns"
    require(begins == "user", f"{halved}, however long they are ({case}).")
    require(kept in rests, f"Messages in the middle are gone: drop turns from the front, and no others ({case}).")
    length, longest = count(kept), next(n for n in map(count, rests) if n <= limit)
    require(length <= limit, f"{length} tokens are left, more than the limit. Does trim ask count? ({case})")
    fits = f"A turn too many is gone: {longest} tokens would fit into {limit}, {length} are left"
    require(length == longest, f"{fits}. A length equal to the limit fits ({case}).")


def trim_refuses(trim, messages: list[dict]) -> None:
    """Require a ValueError with both numbers where only the last turn is left and too long."""
    needed = letters(shortened(messages)[-1])
    also = " with the system message" if messages[0]["role"] == "system" else ""
    for limit in (needed - 1, 1):
        case = f"The last turn takes {needed} tokens{also}, the limit is {limit}"
        kept, error = trim.ending(messages, limit, limited(letters), case=f"{case}, and")
        require(error is not None, f"{case}: raise a ValueError, do not return {kept!r:.80}.")
        require(isinstance(error, ValueError), f"{case}: raise a ValueError, not {described(error)}.")
        both = str(limit) in str(error) and str(needed) in str(error)
        require(both, f"The error must name the limit {limit} and the {needed} tokens needed; it says {str(error)!r}.")


# 3.6 ----------------------------------------------------------------------------------------------------------------

GUESTS = {
    "butler": "You are a butler.",
    "Dorin": "You are Dorin, a fisherman from Velmo.",
    "Lena": "You are Lena. You live in Oslo. You like chess.",
}
ROUNDS = ["Hello!", "What is my name?", "My name is Kelvo.", "What is my name?"]
OTHER_CALLS = {
    len(ROUNDS) * len(GUESTS): "That is one for each question and persona: one call a round for all.",
    len(GUESTS): "Not one interview after the other, one call a round.",
    1: "A later question needs the answers before it: one call a round.",
}
OF_A_ROUND = {"round": "Rounds count from 1, and a question that is asked twice has two answers."}


@exercise(
    "3.6",
    functions={"interview": "llm, personas, questions -> pair"},
    hints=[
        "All first questions go to the engine together, then all second ones. What must a second question bring along?",
        "Keep a dict from a persona's name to its own list of messages. For each question: append it to every list, "
        "one llm.chat with all lists, append each answer to its own list.",
        "histories = {name: [{'role': 'system', 'content': text}] for name, text in personas.items()}; for number, "
        "question in enumerate(questions, start=1): append, outputs = llm.chat(list(histories.values()), params), and "
        "zip(histories.items(), outputs, strict=True) gives each answer to its history and to a row.",
    ],
    concept="chat-templates.md#batching-conversations",
)
def interviews(interview, table, histories, personas: dict, questions: list, llm) -> None:
    """Several conversations at once: one call a round, and every conversation with its own history."""
    watch = Watch(llm, most=20)
    own_table, own = interview(watch, GUESTS, ROUNDS)
    truth = talks(watch)
    told_whole(own_table, own, GUESTS, ROUNDS)
    same = {name: [*talk] for name, talk in own.items()} == truth
    require(same, "A history must end with the last answer and hold all answers as they were given.")
    told_whole(table, histories, personas, questions)


def talks(watch: Watch) -> dict[str, list[dict]]:
    """Return the conversations as they must be, after a look at what each call was given."""
    calls, count = watch.asked("chat", temperature=0, max_tokens=64), len(ROUNDS)
    also = OTHER_CALLS.get(len(calls), "One call a round.")
    require(len(calls) == count, f"{count} questions must take {count} calls of llm.chat, not {len(calls)}. {also}")
    found = {name: [system(text)] for name, text in GUESTS.items()}
    for number, (question, call) in enumerate(zip(ROUNDS, calls, strict=True), start=1):
        sent = [[*conversation] for conversation in call.prompts]
        require(len(sent) == len(GUESTS), f"Call {number} must hold {len(GUESTS)} conversations, not {len(sent)}.")
        for talk in found.values():
            talk.append(user(question))
            same_talk(talk, sent, number)
            talk.append(assistant(call.outputs[sent.index(talk)].outputs[0].text))
    return found


def same_talk(talk: list[dict], sent: list[list[dict]], number: int) -> None:
    """Require that a conversation is among those that were sent; else say how the nearest one differs."""
    if talk in sent:
        return
    nearest = next((other for other in sent if other[:1] == talk[:1]), [])
    begins = f"In round {number} no conversation begins with the system message {talk[0]['content']!r}"
    require(nearest != [], f"{begins}: every persona has its own, in every round.")
    held = [message["role"] for message in nearest]
    asked, said = held.count("user"), held.count("assistant")
    holds = f"In round {number} a conversation holds"
    shared = "do all personas share one list? [x] * 3 is three times the same one."
    require(asked <= number, f"{holds} {asked} questions, not {number}: {shared}")
    require(asked == number, f"{holds} {asked} questions, not {number}: keep the history.")
    require(said == number - 1, f"{holds} {said} answers, not {number - 1}: append every answer to its own history.")
    wanted, found = next(pair for pair in zip_longest(talk, nearest) if pair[0] != pair[1])
    where = f"In round {number}, in the conversation that begins with {talk[0]['content']!r}"
    require(False, f"{where}, {wanted} must come, it is {found}. Whose is it?")


def told_whole(table, histories, personas: dict, questions: list) -> None:
    """Require a whole history for each persona, of its own, and a row of the table for each of its answers."""
    keys(histories, personas, "The histories must be")
    apart = len({id(history) for history in histories.values()}) == len(personas)
    require(apart, "The histories are one and the same list: make a list of its own for each persona.")
    wanted = []
    for name, history in histories.items():
        roles(history, " ".join(["system", *["user", "assistant"] * len(questions)]), f"in the history of {name}")
        first, *rest = [str(message.get("content")) for message in history]
        ordered = f"The history of {name} must hold its own system message and the questions in order, it holds"
        require([first, *rest[::2]] == [personas[name], *questions], f"{ordered} {[first, *rest[::2]]}.")
        for number, (question, answer) in enumerate(zip(questions, rest[1::2], strict=True), start=1):
            wanted.append({"persona": name, "round": number, "question": question, "answer": answer})
    rows(table, wanted, ("persona", "round"), OF_A_ROUND)


TURN, MODEL_TURN = "<start_of_turn>", "<start_of_turn>model\n"
HELLO, HELLO_TURN = [user("Hello!")], "<start_of_turn>user\nHello!<end_of_turn>\n"
NORWAY = [
    user("\n What is the capital of Norway? "),
    assistant(" Good question! \n\nThe capital of Norway is Oslo.\n"),
    user('And {{ 7 }} "plus" <b>5</b>?'),
]
NORWAY_TURNS = (
    "<begin><start_of_turn>user\nWhat is the capital of Norway?<end_of_turn>\n<start_of_turn>model\nGood question! \n\n"
    'The capital of Norway is Oslo.<end_of_turn>\n<start_of_turn>user\nAnd {{ 7 }} "plus" <b>5</b>?<end_of_turn>\n'
    "<start_of_turn>model\n"
)
TAUGHT = [system("  You are a teacher.\n"), *NORWAY]
PROMPTS = [
    (HELLO, True, f"<begin>{HELLO_TURN}{MODEL_TURN}"),
    (HELLO, False, f"<begin>{HELLO_TURN}"),
    (NORWAY, True, NORWAY_TURNS),
    (TAUGHT, True, NORWAY_TURNS.replace("user\n", "user\nYou are a teacher.\n\n", 1)),
]
EDGES = "A content keeps blanks or line breaks at its edges, and they are tokens too: {{ message.content | trim }}."
LOST = "The system message is lost: what {% set %} names in a loop is gone in the next round, a namespace keeps it."
# The number of a prompt, what must be in it how often, and the hint where it is not.
TEMPLATE_SIGNS = [
    (0, "<s>", {0}, "<s> is in the template as a text: write {{ bos_token }}, as other models need."),
    (0, "<begin>", {1}, "A prompt must begin with bos_token, once."),
    (0, MODEL_TURN.strip(), {1}, f"With add_generation_prompt it must end with {MODEL_TURN!r}."),
    (1, MODEL_TURN, {0}, "add_generation_prompt is False, and the beginning of an answer is there: {% if %}."),
    (2, "<begin>", {1}, "bos_token begins the prompt, not every turn: write it once."),
    (2, TURN + "assistant", {0}, "This family calls the assistant model: write its turns with that role."),
    (2, NORWAY[0]["content"], {0}, EDGES),
    (2, NORWAY[1]["content"], {0}, EDGES),
    (3, TURN + "system", {0}, "This family has no system turn: its text belongs into the first user turn."),
    (3, "You are a teacher.", {1, 2}, LOST),
    (3, "You are a teacher.", {1}, "The system message's text belongs into the first user turn, and into no other."),
    (3, " You are", {0}, EDGES),
    (3, "teacher.\n\n\n", {0}, EDGES),
]
REFUSED_ROLES = {
    "tool": [*NORWAY[:2], {"role": "tool", "content": "{}"}],
    "parrot": [{"role": "parrot", "content": "Hello!"}],
    "system": [*NORWAY[:2], TAUGHT[0], NORWAY[2]],
}


@exercise(
    "3.7",
    hints=[
        "Copy EXAMPLE_3_7 and change one branch at a time. Print repr(render(template, TALK_3_7)) after each change. "
        "Every tag begins with a dash, {{- and {%-, or else the line breaks between the tags are written too.",
        'The system branch keeps its text in the namespace, with an empty line: message.content | trim + "\\n\\n". The '
        "user branch writes it between the turn's beginning and the content, and then sets it to an empty text.",
        'Before the loop: {%- set first = namespace(text="") %}. For the system: {%- set first.text = message.content '
        '| trim + "\\n\\n" %}. For the user: {{- "<start_of_turn>user\\n" + first.text + message.content | trim + '
        '"<end_of_turn>\\n" }}, and after it {%- set first.text = "" %}. In Python write the template as r"""...""".',
    ],
    concept="chat-templates.md#templates-of-other-families",
)
def chat_template(template, llm) -> None:
    """A chat template in the format of another family."""
    from vllm import SamplingParams

    require(isinstance(template, str), "The template must be a text.")
    require("{" in template, "This looks like a path: give the template's text, Path(...).read_text() reads it.")
    for number, (messages, generation, truth) in enumerate(PROMPTS):
        what = f"a conversation of {', '.join(message['role'] for message in messages)}, with <begin> as bos_token"
        found, error = rendered(template, messages, llm, bos_token="<begin>", add_generation_prompt=generation)
        line = f" in line {error.lineno}" if hasattr(error, "lineno") else ""
        require(error is None, f"Jinja fails{line} on {what}: {error}")
        for place, part, times, hint in TEMPLATE_SIGNS:
            require(place != number or found.count(part) in times, f"{hint} Of {what}, it makes {found!r}.")
        remedy = "a line break outside of the tags is written too, a dash removes it, {%- and {{-"
        if len(found) < len(truth):
            remedy = "white space is missing there, write it inside of the tags"
        same_text(found, truth, f"For {what},", remedy)
    for role, messages in REFUSED_ROLES.items():
        _, error = rendered(template, messages, llm)
        what = f"The role {role} in a conversation of {', '.join(message['role'] for message in messages)}"
        require(error is not None, f"{what} went through: raise_exception(...) must refuse it.")
        # Subclasses of TemplateError are Jinja's own complaints, for example UndefinedError.
        own = type(error).__name__ == "TemplateError"
        require(own, f"{what} is not refused by raise_exception(...), but by Jinja itself: {error}")
        require(role in str(error), f"raise_exception must name the role, {role}; it says: {error}")
    prompt = llm.chat(TAUGHT, SamplingParams(max_tokens=1), chat_template=template, use_tqdm=False)[0].prompt
    same_text(prompt, rendered(template, TAUGHT, llm)[0], "In the prompt that LLM.chat makes of it")


def rendered(template: str, messages: list, llm, **options: Any) -> tuple[str, Exception | None]:
    """Return the prompt that a template makes of messages, and the error with which it fails or refuses them."""
    options = {"add_generation_prompt": True, "tokenize": False, "chat_template": template} | options
    try:
        return llm.get_tokenizer().apply_chat_template(messages, **options), None
    except Exception as error:  # what a template raises, on purpose or not
        return "", error


# 3.8 ----------------------------------------------------------------------------------------------------------------

IDS = list(range(1000, 1600))
# The first prompt, the second, the size of a block, how many tokens come from the cache, and why.
BLOCKS = [
    (IDS[:300], [*IDS[:300], 1, 2], 128, 256, "300 tokens are the same, and only whole blocks count"),
    (IDS[:300], [5, *IDS[:300]], 128, 0, "the first token differs: the same tokens at other places are no prefix"),
    (IDS[:400], [*IDS[:130], 5, *IDS[131:400]], 128, 128, "token 131 differs, and no block after it counts"),
    (IDS[:256], IDS[:256], 128, 128, "the last token is always computed, so its block is computed again"),
    (IDS[:257], IDS[:257], 128, 256, "257 tokens are two blocks and the last token"),
    (IDS[:64], IDS[:300], 16, 64, "the first prompt fills 4 blocks of 16"),
    (IDS[:300], IDS[:64], 16, 48, "the second prompt is short, and its last token is computed"),
    ([], IDS[:64], 16, 0, "there was nothing before"),
]
COUNTED_TOKENS = {
    "prompt_tokens": "It is the number of tokens in all prompts.",
    "cached_tokens": "Where the cache is full from before, empty it first: llm.reset_prefix_cache().",
} | dict.fromkeys(["queries", "hits"], "It is how much a counter grew meanwhile, which counts from the engine's start.")


@exercise(
    "3.8",
    functions={"cacheable": "first, second, block_size -> number", "measure": "llm, conversations -> dict"},
    hints=[
        "A block is reused only if all tokens from the beginning of the prompt to its end are the same. How many such "
        "blocks does the second prompt have?",
        "Count the tokens that are the same from the front, take at most len(second) - 1 of them, and round down to "
        "whole blocks: count // block_size * block_size. vLLM's counters only grow, so read them before and after.",
        "In measure: llm.reset_prefix_cache(), before = counters(llm), outputs = llm.chat(...), after = counters(llm). "
        "cached_tokens is sum(output.num_cached_tokens for output in outputs), and hits is after['hits'] - "
        "before['hits'].",
    ],
    concept="chat-templates.md#prefix-caching",
)
def prefix_cache(cacheable, measure, answer: dict, shared: list, different: list, llm) -> None:
    """What the prefix cache can save, predicted and measured."""
    from prometheus_client import REGISTRY  # all ways to vLLM's counters lead through it

    for first, second, block, truth, why in BLOCKS:
        sizes = f"{len(first)} tokens first, then {len(second)}, in blocks of {block}"
        found = cacheable(first, second, block, case=f"for {sizes}")
        require(found == truth, f"{sizes}: {truth} can come from the cache, not {found}; {why}.")
    require(llm.llm_engine.log_stats, "This engine counts nothing: load it with disable_log_stats=False again.")
    entries(answer, ["block_size", "predicted", "shared", "different"], "answer_3_8 must be")
    block = llm.llm_engine.vllm_config.cache_config.block_size
    require(close(answer["block_size"], block), f"The engine's block size is {block}, not {answer['block_size']}.")
    right = cacheable(*(chat_token_ids(llm, talk) for talk in shared[:2]), block)
    says = f"For the first two prompts cacheable says that {right} tokens can come from the cache"
    require(close(answer["predicted"], right), f"{says}, not {answer['predicted']}.")
    for name, talks in (("shared", shared), ("different", different)):
        # Measured here first, so that the cache is full when the answer's turn comes.
        truth, watch = measured(talks, llm), Watch(llm)
        with mock.patch.object(REGISTRY, "collect", wraps=REGISTRY.collect) as read:
            found = entries(measure(watch, talks), COUNTED_TOKENS, "measure must return")
        watch.asked("chat", 1)
        for count, why in COUNTED_TOKENS.items():
            right = f"{count} must be {truth[count]} for {name}, not {found[count]}."
            require(close(found[count], truth[count]), f"{right} {why}")
        own = "queries and hits are vLLM's own counters, which show that the cache is on"
        require(read.call_count > 1, f"{own}: read them before and after the call, counters(llm) does it.")
        share = truth["cached_tokens"] / truth["prompt_tokens"]
        whole = f"The share for {name} is cached_tokens / prompt_tokens, {share:.3f}, not {answer[name]}."
        require(close(answer[name], share, within=0.005), whole)


def measured(talks: list, llm) -> dict[str, int]:
    """Return what the prefix cache, empty at first, gives these conversations."""
    from vllm import SamplingParams

    def counters() -> list[int]:
        values = {metric.name: metric.value for metric in llm.get_metrics() if hasattr(metric, "value")}
        return [values[f"vllm:prefix_cache_{name}"] for name in ("queries", "hits")]

    llm.reset_prefix_cache()
    before = counters()
    outputs = llm.chat(talks, SamplingParams(max_tokens=1), use_tqdm=False)
    grown = [after - value for after, value in zip(counters(), before, strict=True)]
    tokens = sum(len(output.prompt_token_ids) for output in outputs)
    cached = sum(output.num_cached_tokens for output in outputs)
    return dict(zip(COUNTED_TOKENS, [tokens, cached, *grown], strict=True))


# 3.9 ----------------------------------------------------------------------------------------------------------------

PLACES = {
    "Zürich": {"sky": "foggy", "temperature": 7},
    "Tolvo": {"sky": "windy", "temperature": 31},
    "Lisbon": {"sky": "cloudy", "temperature": 18},
    "Braskin": {"sky": "rainy", "temperature": 4},
}


def get_weather(city: str) -> dict:
    """the weather in a city"""
    if city not in PLACES:
        raise LookupError("unknown city")
    return PLACES[city]


def tool_of(function: Callable) -> dict:
    """Describe a function of one city, as `LLM.chat(tools=...)` wants it."""
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    inner = {"name": function.__name__, "description": function.__doc__.splitlines()[0], "parameters": parameters}
    return {"type": "function", "function": inner}


def call_of(name: Any, **arguments: Any) -> str:
    """Return the text with which a model calls a tool."""
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}</tool_call>"


WEATHER_TOOLS = [tool_of(get_weather)]


def silent() -> None:
    """fails, and says nothing"""
    raise TimeoutError


HIDDEN = {
    "get_weather": get_weather,
    "switch": lambda lamp, on: 12 if on is True else 0,
    "colours": lambda: {"red"},
    "nothing": lambda: None,
    "silent": silent,
}
COLOURS = call_of("colours")  # whose result JSON cannot hold
WEATHER, FOGGY = call_of("get_weather", city="Zürich"), PLACES["Zürich"]
ESCAPED = WEATHER.replace("ü", "\\u00fc").replace(">{", ">\n{").replace("}<", "}\n<")
NO_CALLS = ["It is foggy in Zürich.", "", 'I would write {"name": "get_weather"}.']
GOOD_CALLS = [
    (WEATHER, FOGGY, "a call"),
    (f"Let me look.\n{WEATHER}\n", FOGGY, "there are words around the call: take what is between the tags"),
    (ESCAPED, FOGGY, "line breaks and \\u escapes are JSON too"),
    (call_of("switch", lamp="a {lamp}", on=True), 12, "true is JSON's True, and braces may be in a text"),
    (call_of("nothing"), None, "None is null in JSON, and a result like any other"),
]
BROKEN_CALLS = [
    (call_of("get_price", item="tea"), "get_price", "no such tool: name it"),
    (WEATHER.replace("}}", "}"), "", "a brace is missing"),
    (WEATHER[:30], "", "max_tokens cut the call off"),
    (WEATHER.replace('"Zürich"', '"Zür" + "ich"'), "", "Python is no JSON: eval runs whatever a model writes"),
    ('<tool_call>["get_weather", "Zürich"]</tool_call>', "", "a list is no call"),
    ('<tool_call>"get_weather"</tool_call>', "", "a text is no call"),
    ('<tool_call>{"arguments": {"city": "Zürich"}}</tool_call>', "", "there is no name"),
    ('<tool_call>{"name": ["get_weather"], "arguments": {}}</tool_call>', "", "the name is a list"),
    ('<tool_call>{"name": "get_weather", "arguments": ["Zürich"]}</tool_call>', "", "arguments are no object"),
    ('<tool_call>{"name": "get_weather", "arguments": "Zürich"}</tool_call>', "", "arguments are no object"),
    (call_of("get_weather"), "city", "an argument is missing: name it"),
    (call_of("get_weather", city="Zürich", country="x"), "country", "an argument too many: name it"),
    (call_of("get_weather", city="Atlantis"), "unknown city", "the function's own error, whose text says why"),
    (call_of("silent"), "TimeoutError", "an error without a text: give its type's name"),
]
# When it is, what the model says, and what the tool messages must hold, "error" for any error.
WEATHER_TALKS = [
    ("after a call and an answer", [WEATHER, "It is foggy, 7 degrees."], [FOGGY]),
    ("when the model answers at once", ["Hello!"], []),
    ("when the call is broken: the model hears of the error", [WEATHER[:30], "I do not know."], ["error"]),
]


@exercise(
    "3.9",
    functions={"run_tool": "text, functions -> message", "answer_with_tool": "llm, question, tools, functions -> list"},
    hints=[
        "What a model writes is a stranger's text. List what can go wrong between the tag and the function's result, "
        "and turn each of these into an answer to the model.",
        'Find the call with re.search(r"<tool_call>(.*?)(</tool_call>|$)", text, re.DOTALL), read it with json.loads, '
        'and call functions[name](**arguments), all in one try; except Exception as error gives {"error": str(error)}.',
        'Within the try: call = json.loads(...); if not isinstance(call, dict) or call.get("name") not in '
        'list(functions): raise ValueError(f"unknown tool ..."). For the answer: messages = [question]; text = '
        'llm.chat(messages, params, tools=tools)[0].outputs[0].text; append {"role": "assistant", "content": text}; if '
        "run_tool(text, functions) is not None, append it, chat again in the same way, and append that answer.",
    ],
    concept="chat-templates.md#tool-calls",
)
def tool_call(run_tool, answer_with_tool, llm) -> None:
    """Parse and run a model's call, and answer with the result."""

    def run(text: str) -> Any:
        back = "What goes wrong belongs into the message, as {'error': ...}, so that the model hears of it."
        return run_tool(text, HIDDEN, case=f"on {text!r}", fails=back)

    def ask(engine, messages: list, when: str) -> list:
        return answer_with_tool(engine, messages[-1]["content"], WEATHER_TOOLS, HIDDEN, case=when)

    for text in NO_CALLS:
        require(run(text) is None, f"{text!r} holds no call: return None.")
    for text, result, why in GOOD_CALLS:
        found = tool_content(run(text), text)
        require(found == result, f"{text!r} must give {result}, not {found}: {why}.")
    for text, named, why in BROKEN_CALLS:
        found = tool_content(run(text), text)
        error = found.get("error") if isinstance(found, dict) else None
        require(isinstance(error, str) and error != "", f'{text!r} must give {{"error": a text}}, not {found}: {why}.')
        require(named in error, f"{text!r} gives the error {error!r}, without {named!r}: {why}.")
    tool_content(run(COLOURS), COLOURS)
    for when, says, results in WEATHER_TALKS:
        talked(ask, [user("What is the weather in Zürich?")], WEATHER_TOOLS, llm, when, says, results)
    for city in PLACES:
        talked(ask, [user(f"What is the weather in {city}?")], WEATHER_TOOLS, llm, "with the model's own words")


def tool_content(message: Any, text: str) -> Any:
    """Return what the tool message holds with which a text of the model was answered, read from its JSON."""
    require(message is not None, f"{text!r} holds a call, and run_tool returned None.")
    require(message.get("role") == "tool", f'run_tool must return a message, {{"role": "tool", ...}}, not {message!r}.')
    content = message.get("content")
    require(isinstance(content, str), f"The content of a message is a text: json.dumps the result, not {content!r}.")
    try:
        return json.loads(content)
    except ValueError:
        raise NotYet(f"The content must be JSON, as the model learned it, not {content!r}: json.dumps.") from None


def talked(ask: Callable, given: list, tools: list, llm, when: str, says=(), results=None) -> list[dict]:
    """Let the model say these texts, or its own; judge the messages that come of it, and every request."""
    watch = Watch(llm, says=says, most=20)
    messages = ask(watch, given, when)
    texts = [call.outputs[0].outputs[0].text for call in watch.calls]
    calls = [text.count("<tool_call>") for text in texts[:-1]]
    if not says and max(calls, default=0) > 1:
        return messages  # in its own words a model may do what 3.9 leaves open
    asked = f"Your function must ask the llm that it is given {len(says)} time(s) {when}, not {len(texts)}."
    require(len(says) in (0, len(texts)), asked)
    added = [*("assistant" + " tool" * number for number in calls), "assistant"]
    roles(messages, " ".join([*(message["role"] for message in given), *added]), when)
    first = [message.get("content") for message in messages[: len(given)]]
    require(first == [message["content"] for message in given], "The messages that were given come first.")
    turns = [n for n, message in enumerate(messages) if message["role"] == "assistant" and n >= len(given)]
    for turn, text, call in zip(turns, texts, watch.calls, strict=True):
        names = [one["function"]["name"] for one in messages[turn].get("tool_calls") or ()]
        said = messages[turn].get("content") == text or (names != [] and all(name in text for name in names))
        require(said, f"What the model says must stay in the messages: {text!r}, not {messages[turn]}.")
        requested(call, messages[:turn], tools, llm)
    held = [tool_content(message, texts[0]) for message in messages[len(given) :] if message["role"] == "tool"]
    held = ["error" if isinstance(content, dict) and "error" in content else content for content in held]
    require(results in (None, held), f"The tool messages must hold {results} {when}, not {held}.")
    return messages


def written(message: dict) -> str:
    """Return a message as pocket-chat's template writes it."""
    return f"{message['role']}\n{message.get('content') or ''}"


def requested(call: Call, messages: list, tools: list, llm) -> None:
    """Require that a request holds the tools and what was said before, and does not depend on chance."""
    if call.method == "chat":
        text = "\n".join([json.dumps(call.options.get("tools"), ensure_ascii=False), *map(written, call.prompts[0])])
    else:
        text = llm.get_tokenizer().decode(call.outputs[0].prompt_token_ids, clean_up_tokenization_spaces=False)
    missing = [tool["function"]["name"] for tool in tools if tool["function"]["description"] not in text]
    require(missing == [], f"Give tools to every llm.chat: a request must hold the descriptions of {missing} too.")
    before = " ".join(message["role"] for message in messages)
    held = re.search(".*".join(re.escape(written(message)) for message in messages), text, re.DOTALL) is not None
    require(held, f"A request must hold all that was said before it, {before}, it holds: {text}")
    params = call.params[0]
    require(params.temperature == 0, "A call must not depend on chance: SamplingParams(temperature=0, max_tokens=64).")
    require(params.max_tokens == 64, "Use max_tokens=64, since vLLM's default of 16 cuts a call off.")


# 3.10 ---------------------------------------------------------------------------------------------------------------

SAVED = [
    system("You are a pirate.\n"),
    user('What is "naïve" in Zürich? 你好 🙂'),
    assistant("") | {"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {}}}]},
    {"role": "tool", "content": '{"sky": "sunny"}'},
    assistant("Arr!\n\ttwo lines"),
]
OLD = [user("The old conversation.")]
SAVES = [
    (SAVED, "a conversation with a tool"),
    (OLD, "a conversation of one message"),
    ([*SAVED, user({"a set"})], "a set, which JSON cannot hold"),
    ([*SAVED, user("\ud800")], "half a character"),
]
NUMBERED = r"(?<!\d){}(?!\d)"  # a message's number
UNREAD = r"json|line \d+ column|pars|decod|utf|binary|text"


def file_of(messages: Any, version: Any = 1) -> bytes:
    """Return a file that holds these messages."""
    return json.dumps({"version": version, "messages": messages}).encode()


# What is in a file that `load` must refuse, what it is, and what the error must say, as a pattern and in words.
DAMAGED = [
    (file_of(OLD)[:40], "that was cut in the middle", UNREAD, "that it is no JSON"),
    (b"", "that is empty", UNREAD, "that it is no JSON"),
    (b"\xff\xfe\x00 binary", "that is no text", UNREAD, "that it is no text"),
    (b"[1, 2]", "that holds a JSON list", "object|dict|list|conversation", "that it is no object"),
    (b'{"name": "some other program"}', "of another program", "version", "that it has no version"),
    (file_of(OLD, version=2), "of version 2", "2", "which version it has, 2"),
    (file_of(OLD, version="1"), 'of version "1", a text', "version", "which version it has, a text"),
    (file_of(OLD, version=[1]), "of version [1], a list", "version", "which version it has, a list"),
    (b'{"version": 1}', "without messages", "messages", "that there is no list of messages"),
    (file_of({"role": "user"}), "with messages that are no list", "messages", "just that"),
    (file_of(["Hello"]), "with a message that is a text", NUMBERED.format(0), "that it is message 0, counted from 0"),
    (
        file_of([*OLD, {"role": "robot", "content": ""}]),
        "with the role robot",
        NUMBERED.format(1),
        "that it is message 1, counted from 0",
    ),
    (
        file_of([*OLD, {"role": ["user"], "content": ""}]),
        "with a list as a role",
        NUMBERED.format(1),
        "that it is message 1, counted from 0",
    ),
    (
        file_of([*OLD, assistant(5)]),
        "with a content that is a number",
        NUMBERED.format(1),
        "that it is message 1, counted from 0",
    ),
    (
        file_of([*OLD, user(None)]),
        "with a content that is null",
        NUMBERED.format(1),
        "that it is message 1, counted from 0",
    ),
    (file_of([{"role": "user"}]), "without a content", NUMBERED.format(0), "that it is message 0, counted from 0"),
    (file_of([{"content": "x"}]), "without a role", NUMBERED.format(0), "that it is message 0, counted from 0"),
]


@exercise(
    "3.10",
    functions={"save": "path, messages", "load": "path -> list"},
    hints=[
        "When is the old file gone, and when is the new one whole? Between these two moments nothing may go wrong.",
        "Write json.dumps(...) into a new file beside the old one. os.replace(new, path) then puts it in its place, at "
        "once or not at all. In finally remove what is left of the new file. In load catch ValueError around reading "
        "and json.loads, and raise a ValueError of your own that begins with the path.",
        'load: read path.read_text(encoding="utf-8") and json.loads it in one try; except ValueError as error: raise '
        'ValueError(f"{path}: no JSON: {error}"). Then ask one thing after the other: isinstance(data, dict); '
        'data.get("version") == 1; isinstance(data.get("messages"), list). Of each message ask the same: a dict, one '
        'of the four roles, a text as its content. An error there says f"{path}: messages[{number}]: ...".',
    ],
    concept="chat-templates.md#saving-conversations",
)
def conversation_file(save, load) -> None:
    """A conversation in a file that is whole, or refused."""
    with TemporaryDirectory() as name:
        path = Path(name, "talk.json")
        for talk, what in SAVES:
            error = saved_over(save, path, talk, what)
            if talk in (SAVED, OLD):
                require(error is None, f"save must write {what}, it ended with {described(error)}.")
                in_format(path, talk)
            found = talk if error else load(path, case=f"from what save wrote of {what},")
            require(found == talk, f"load must give back {what} as it was, or save must refuse it; it gives {found}.")
        on_a_full_disk(save, path)
        _, error = load.ending(Path(name, "missing.json"))
        found = type(error).__name__ if error else "no error"
        require(isinstance(error, FileNotFoundError), f"A missing file is a FileNotFoundError, not {found}.")
        for content, what, pattern, wanted in DAMAGED:
            path.write_bytes(content)
            _, error = load.ending(path)
            require(error is not None, f"A file {what}: load must refuse it, it returned messages.")
            require(isinstance(error, ValueError), f"A file {what}: raise a ValueError, not {described(error)}.")
            require(path.name in str(error), f"A file {what}: the ValueError must name the file, it says: {error}")
            said = re.search(pattern, str(error).replace(str(path), "").replace(path.name, ""), re.IGNORECASE)
            require(said is not None, f"A file {what}: the ValueError must say {wanted}; it says: {error}")


def saved_over(save: Tried, path: Path, talk: list, what: str) -> BaseException | None:
    """Save over the old file, if there is one, whose bytes a second name keeps in sight; return the error."""
    old, second = path.read_bytes() if path.exists() else None, path.with_name("second-name")
    if path.exists():
        os.link(path, second)
    _, error = save.ending(path, talk)
    ended = f"With {what} save ended {f'with {described(error)}' if error else 'well'}, and"
    require(path.is_file(), f"{ended} no file is there: nothing may touch the old one before the new one is whole.")
    in_place = "wrote into the old file, and whoever reads it meanwhile, or after a power cut, finds a half"
    untouched = old is None or second.read_bytes() == old
    require(untouched, f"{ended} {in_place}: write a new file beside it, then os.replace.")
    second.unlink(missing_ok=True)
    others = sorted(other.name for other in path.parent.iterdir() if other != path)
    require(others == [], f"{ended} left {', '.join(others)} behind: remove it in finally.")
    kept = error is None or path.read_bytes() == old
    require(kept, f"{ended} the old file is not as it was: write another file first, then os.replace.")
    return error


def in_format(path: Path, talk: list) -> None:
    """Require a file that other programs read too."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise NotYet("The file must be JSON in UTF-8, so that another program reads it too.") from None
    marked = isinstance(data, dict) and repr(data.get("version")) == "1" and data.get("messages") == talk
    require(marked, 'The file must be a JSON object that holds "version": 1, a number, and the "messages".')


def on_a_full_disk(save: Tried, path: Path) -> None:
    """Let every renaming fail, which works for root too, and look which files were to be renamed."""
    full = OSError(28, "No space left on device")
    with mock.patch("os.replace", side_effect=full) as replace, mock.patch("os.rename", side_effect=full) as rename:
        error = saved_over(save, path, SAVED, "a full disk")
    require(error is not None, "The disk was full and save said nothing: use os.replace, and let its error out.")
    sources = [[*call.args, *call.kwargs.values()][0] for call in replace.mock_calls + rename.mock_calls]
    beside = all(path.parent.resolve() in Path(os.fsdecode(source)).resolve().parents for source in sources)
    require(beside, "The new file is written in another folder, perhaps another disk: write it beside the old one.")


# 3.11 ---------------------------------------------------------------------------------------------------------------

LIKELY = -0.5  # mean log probability of a token; below it pocket-chat invents words
FACT_QUESTIONS = [([user("What is the capital of Italy?")], "Rome"), ([user("What is 5 plus 7?")], "1")]
OWL = [user("Tell me a story about an owl.")]
TRIED_SETTINGS = [{"temperature": 0.9}, {"temperature": 0.0}, {"temperature": 1.6, "top_p": 0.95, "top_k": 40}]
TRIED_SEEDS = [5, 6]


@exercise(
    "3.11",
    functions={"measure_settings": "llm, questions, story, settings, seeds -> table"},
    hints=[
        "Every combination of a setting, a seed and a conversation is one request. Write down the list of them first, "
        "then the list of conversations and the list of parameters that llm.chat takes.",
        "requests = [(number, item, SamplingParams(**setting, seed=seed, max_tokens=100, logprobs=0)) for number, "
        "setting in enumerate(settings) for seed in seeds for item in [*questions, (story, None)]]. One llm.chat gives "
        "the outputs in the same order, so zip(requests, outputs) brings them together.",
        "For each number take its outputs. right is the mean of right(text, word) over those with a word. With "
        "stories = [output.outputs[0], ...] of those without one, the others are variety([story.text for story in "
        'stories]) and logprob(stories). Then table["right"].idxmax(), and of table[table["logprob"] > -0.5] the '
        '["variety"].idxmax().',
    ],
    concept="chat-templates.md#batching-conversations",
)
def chat_sampling(measure_settings, table, answer: dict, settings: list, llm) -> None:
    """Settings for facts and for stories, chosen by data."""
    one_row_a_setting(table, len(settings), "table_3_11 must be")
    chosen_rows(table, entries(answer, ["facts", "stories"], "answer_3_11 must be"))
    watch = Watch(llm)
    none = "Where cumulative_logprob is None, logprobs=0 is missing in the SamplingParams."
    found = measure_settings(watch, FACT_QUESTIONS, OWL, TRIED_SETTINGS, TRIED_SEEDS, fails=none)
    one_row_a_setting(found, len(TRIED_SETTINGS), "measure_settings must return")
    (call,) = watch.asked("chat", 1, max_tokens=100)
    requests = list(zip(map(list, call.prompts), call.params, call.outputs, strict=True))
    for number, setting in enumerate(TRIED_SETTINGS):
        own = [request for request in requests if close(request[1].temperature, setting["temperature"])]
        every_combination(own, setting)
        summed_up(found.loc[number], own, setting)


def one_row_a_setting(table: Any, count: int, what: str) -> None:
    """Require the columns of 3.11, and a row for each setting."""
    columns(table, ["right", "variety", "logprob"], what)
    numbered = f"There must be {count} rows, one per setting, numbered 0, 1, ... in their order."
    require(list(table.index) == list(range(count)), numbered)
    require(bool(table["right"].between(0, 1).all()), "right is a share: right answers over all answers, 0 to 1.")


def chosen_rows(table: Any, answer: dict) -> None:
    """Require a row with the most right answers, and of those with whole stories one with the most variety."""
    facts, stories = (plain(answer[name]) for name in ("facts", "stories"))
    for row in (facts, stories):
        known = any(close(row, number) for number in table.index)
        require(known, f"{row!r} is no row of the table: give the row's number.")
    right, variety, logprob = (table[name] for name in ("right", "variety", "logprob"))
    best, most = right.max(), variety[logprob > LIKELY].max()
    require(right[facts] == best, f"Row {facts} gives {right[facts]:.0%} right answers, another one {best:.0%}.")
    broken = f"The stories of row {stories} are broken: a token's mean log probability is {logprob[stories]:.2f}."
    require(logprob[stories] > LIKELY, broken)
    dull = f"The stories of row {stories} have a variety of {variety[stories]:.2f}, another whole row has {most:.2f}."
    require(variety[stories] == most, dull)


def every_combination(own: list[tuple], setting: dict) -> None:
    """Require that a setting meets every conversation once with every seed."""
    wanted = [(talk, seed) for talk in [*(talk for talk, _ in FACT_QUESTIONS), OWL] for seed in TRIED_SEEDS]
    single = "Give a list of SamplingParams as long as the list of conversations, one for each"
    require(len(own) == len(wanted), f"{single}: {setting} must have {len(wanted)} requests, it has {len(own)}.")
    met = [(messages, params.seed) for messages, params, _ in own]
    once = all(pair in met for pair in wanted)
    require(once, f"With {setting} ask each conversation once with each of the seeds {TRIED_SEEDS}.")
    for name, value in ({"top_p": 1.0} | setting).items():
        same = all(close(getattr(params, name), value) for _, params, _ in own)
        require(same, f"The requests of {setting} have another {name}: SamplingParams(**setting, ...).")


def summed_up(row: Any, own: list[tuple], setting: dict) -> None:
    """Require that a row sums up the answers of its setting."""
    texts = [(word, o.outputs[0].text) for messages, _, o in own for talk, word in FACT_QUESTIONS if messages == talk]
    stories = [output.outputs[0] for messages, _, output in own if messages == OWL]
    logprobs = [story.cumulative_logprob for story in stories]
    require(None not in logprobs, "Without logprobs=0 in the SamplingParams there is no cumulative_logprob.")
    words = " ".join(story.text for story in stories).split()
    right = sum(bool(re.search(rf"\b{word}\b", text)) for word, text in texts) / len(texts)
    mean = sum(logprobs) / sum(len(story.token_ids) for story in stories)
    for name, truth, why in [
        ("right", right, "right(text, word) asks for a whole word, `in` finds 1 in 12 too"),
        ("variety", len(set(words)) / len(words), f"of all {len(words)} words {len(set(words))} are different"),
        ("logprob", mean, "the mean over all tokens of all its stories"),
    ]:
        require(close(row[name], truth), f"{setting}: {name} must be {truth:.3f}, {why}, not {row[name]!s:.8}.")


# 3.12 ---------------------------------------------------------------------------------------------------------------

FACTS = {"Tolvo": ("Skelmar", 4821), "Madrid": ("Pruna", 917), "Lisbon": ("Ottola", 75)}


def get_mayor(city: str) -> dict:
    """the mayor of a city"""
    return {"mayor": FACTS[city][0]}


def get_population(city: str) -> dict:
    """the population of a city

    A second paragraph, which is not for the model.
    """
    return {"population": FACTS[city][1]}


def convert(value: float, digits: int = 2, exact: bool = False) -> float:
    """rounds a number"""
    return round(value, digits)


def now() -> str:
    """the time"""
    return "14:05"


def greet(name: str = "you") -> str:
    """greets somebody"""
    return f"Hello, {name}!"


DESCRIBED = [
    (get_population, "the population of a city", {"city": "string"}, ["city"]),
    (convert, "rounds a number", {"value": "number", "digits": "integer", "exact": "boolean"}, ["value"]),
    (now, "the time", {}, []),
    (greet, "greets somebody", {"name": "string"}, []),
]
AGENT_TOOLS = [get_weather, get_mayor, get_population]
MAYOR, POPULATION = call_of("get_mayor", city="Madrid"), call_of("get_population", city="Madrid")
PRUNA, PEOPLE = {"mayor": "Pruna"}, {"population": 917}
ASKED_MAYOR = [user("Who is the mayor of Madrid?")]
AGENT_TALKS = [
    ("when the model answers at once", ["Hello! How can I help you?"], []),
    ("after one call and an answer", [MAYOR, "It is Pruna."], [PRUNA]),
    ("after two calls in one text", [f"{MAYOR}\n{POPULATION}", "Pruna, and 917."], [PRUNA, PEOPLE]),
    ("after the same call twice in one text", [f"{MAYOR}\n{MAYOR}", "It is Pruna."], [PRUNA, PRUNA]),
    ("after the same call in two rounds", [MAYOR, MAYOR, "It is Pruna."], [PRUNA, PRUNA]),
    ("after a good call and one that was cut", [f"{MAYOR}\n{POPULATION[:35]}", "It is Pruna."], [PRUNA, "error"]),
    ("after a call, another call and an answer", [MAYOR, POPULATION, "Pruna, and 917."], [PRUNA, PEOPLE]),
    ("after an unknown tool and a good call", [call_of("get_price", item="tea"), MAYOR, "Pruna."], ["error", PRUNA]),
    ("after a call that was cut and a good one", [MAYOR[:35], MAYOR, "Pruna."], ["error", PRUNA]),
    ("after a function that fails", [call_of("get_mayor", city="Atlantis"), MAYOR, "Pruna."], ["error", PRUNA]),
]


@exercise(
    "3.12",
    functions={"describe": "function -> dict", "agent": "llm, messages, functions -> list"},
    hints=[
        "The loop has one question in each round: does this text call a tool? If it does, the results go to the end of "
        "the conversation and the model is asked again. If not, it was the answer.",
        "describe: inspect.signature(function).parameters has name, annotation and default of every argument, and "
        "inspect.getdoc(function).splitlines()[0] is the description. agent: for _ in range(max_rounds): ask, append "
        "the text, take calls_in(text). Without a call return the messages, else append run_tool of each call.",
        "messages = list(messages), so that the caller's list stays. In the loop: text = llm.chat(messages, params, "
        'tools=tools)[0].outputs[0].text; messages.append({"role": "assistant", "content": text}); calls = '
        "calls_in(text); if not calls: return messages; messages += [run_tool(call, by_name) for call in calls]. After "
        "the loop raise RuntimeError. by_name is {function.__name__: function for function in functions}, since "
        "functions is a list here.",
    ],
    concept="chat-templates.md#tool-calls",
)
def agent_loop(describe, agent, llm) -> None:
    """Several tools, and a loop that goes on until the model answers."""

    def ask(engine, messages: list, when: str, **options: int) -> list:
        back = "Errors go back to the model, and an answer in the last round is an answer."
        return agent(engine, messages, AGENT_TOOLS, case=when, fails=back, **options)

    for function, text, types, needed in DESCRIBED:
        describes(describe(function, case=f"for {function.__name__}"), function.__name__, text, types, needed)
    tools = [tool_of(function) for function in AGENT_TOOLS]
    for when, says, results in AGENT_TALKS:
        talked(partial(ask, max_rounds=len(says)), ASKED_MAYOR, tools, llm, when, says, results)
    gives_up(agent, llm)
    for city in FACTS:
        messages: list[dict] = []
        for question in (f"What is the mayor of {city}?", f"What is the population of {city}?"):
            given = [*messages, user(question)]
            if isinstance(agent.ending(llm, given, AGENT_TOOLS)[1], RuntimeError):
                break  # a small model may call for ever
            messages = talked(ask, given, tools, llm, "with the model's own words")


def describes(found: Any, name: str, text: str, types: dict, needed: list[str]) -> None:
    """Require a tool description in OpenAI's format."""

    def inside(*names: str) -> Any:
        place = found
        for part in names:
            place = place.get(part) if isinstance(place, Mapping) else None
        return place

    parameters = "function", "parameters"
    properties, required = inside(*parameters, "properties"), inside(*parameters, "required")
    required = list(required) if isinstance(required, tuple) else required
    kinds = {argument: inside(*parameters, "properties", argument, "type") for argument in properties or ()}
    for part, given, wanted, why in [
        ("type", inside("type"), "function", "as in TOOLS_3_9"),
        ("name", inside("function", "name"), name, "that of the function"),
        ("description", inside("function", "description"), text, "the docstring's first line"),
        ("type of the parameters", inside(*parameters, "type"), "object", "as in TOOLS_3_9"),
        ("types of the arguments", kinds, types, "in JSON's words"),
        ("list required", required, needed, "the arguments without a default, an empty list where there are none"),
    ]:
        require(given == wanted, f"{name}: the {part} must be {wanted!r}, {why}, not {given!r}.")


def gives_up(agent: Tried, llm) -> None:
    """Require a RuntimeError after so many rounds without an answer, and no round more."""
    for most, given in [(1, {"max_rounds": 1}), (3, {"max_rounds": 3}), (4, {})]:
        watch = Watch(llm, says=[MAYOR], most=20)
        found, error = agent.ending(watch, ASKED_MAYOR, AGENT_TOOLS, **given)
        instead = described(error) if error else f"return {found!r:.80}"
        require(isinstance(error, RuntimeError), f"After {most} rounds in vain raise a RuntimeError, not {instead}.")
        asked, limit = len(watch.calls), f"With max_rounds={most}" if given else "Without max_rounds"
        require(asked == most, f"{limit} the model must be asked {most} time(s), not {asked}.")
        require(str(most) in str(error), f"The RuntimeError must name the number of rounds, {most}; it says: {error}")
