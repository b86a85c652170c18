"""The checks of lesson 03's exercises 3.1 to 3.6; those of 3.7 to 3.12 are in `checks_tools.py`."""

import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from vllm_course.chat.history import turns_of
from vllm_course.chat.prompt import chat_text, chat_token_ids
from vllm_course.checks import exercise, require

ENDLESS = 1000  # calls of a function after which an answer that goes on is stopped


class Endless(BaseException):
    """Ends an answer that would never end; no `except Exception` of the answer can hold it."""


@dataclass
class Call:
    """One call of `generate` or `chat`, as it was when it was made.

    Attributes:
        method: "generate" or "chat".
        prompts: The prompts or conversations, copied, since a history is changed later on.
        params: Sampling parameters, one for each prompt.
        outputs: What the engine returned.
    """

    method: str
    prompts: list[Any]
    params: list[Any]
    outputs: list[Any]


class ChatWatch:
    """Stands before an engine, passes every call of `generate` and `chat` on, and notes it.

    Attributes:
        llm: The engine.
        most: Calls after which it ends the answer that makes them.
        calls: The calls so far, in order.
    """

    def __init__(self, llm, *, most: int = 100) -> None:
        self.llm, self.most = llm, most
        self.calls: list[Call] = []

    def generate(self, prompts, sampling_params=None, **options) -> list:
        """Note the call and pass it on."""
        many = list(prompts) if isinstance(prompts, list | tuple) else [prompts]
        return self._pass_on("generate", many, prompts, sampling_params, options)

    def chat(self, messages, sampling_params=None, *args, **options) -> list:
        """Note the call and pass it on."""
        many = [messages] if messages and isinstance(messages[0], dict) else list(messages)
        return self._pass_on("chat", many, messages, sampling_params, options, *args)

    def made(self, method: str) -> list[Call]:
        """Return the calls of one method."""
        return [call for call in self.calls if call.method == method]

    def _pass_on(self, method: str, many: list, prompts, params, options: dict, *args) -> list:
        if len(self.calls) == self.most:
            raise Endless
        given = params if params is not None else self.llm.get_default_sampling_params()
        call = Call(method, copy.deepcopy(many), given if isinstance(given, list) else [given] * len(many), [])
        self.calls.append(call)
        call.outputs = getattr(self.llm, method)(prompts, params, *args, **options)
        return call.outputs

    def __getattr__(self, name: str):
        return getattr(self.llm, name)


def ending(call: Callable, *arguments: Any) -> tuple[Any, str]:
    """Return what a call returns and "", or None and the exception that it ended with, as a text."""
    try:
        return call(*arguments), ""
    except Endless:
        return None, "no end: the check stopped it"
    except Exception as error:  # a learner's function may fail in any way; the check says how
        return None, f"{type(error).__name__}: {error}"


def settings_of(*calls: Call) -> set[tuple[float, int]]:
    """Return the pairs of temperature and max_tokens that calls took."""
    return {(params.temperature, params.max_tokens) for call in calls for params in call.params}


def user(text: str) -> dict[str, str]:
    """Return a message of the user."""
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    """Return a message of the assistant."""
    return {"role": "assistant", "content": text}


def system(text: str) -> dict[str, str]:
    """Return a system message."""
    return {"role": "system", "content": text}


def greedy(**changes):
    """Return sampling parameters at temperature 0."""
    from vllm import SamplingParams

    return SamplingParams(**{"temperature": 0, "max_tokens": 64} | changes)


# 3.1 ----------------------------------------------------------------------------------------------------------------

CONVERSATIONS = {
    "one message of the user": [user("What is 3 plus 4?")],
    "a system message": [system("Answer with one word."), user("What is the capital of Chile?")],
    "an assistant's turn and no system message": [
        user("Hello!"),
        assistant("Hello! How can I help you?"),
        user("Bye!"),
    ],
    "several turns": [
        system("You are a butler."),
        user("My name is Dorin."),
        assistant("Certainly. Hello, Dorin. Will that be all?"),
        user("What is my name?"),
        assistant("Certainly. Your name is Dorin. Will that be all?"),
        user("Thank you."),
    ],
    "braces, blanks and line breaks in a message": [user('  Repeat: {"answer": {}}\n\n')],
}


@exercise(
    "3.1",
    hints=[
        "Every message becomes one block, whatever its role. What stands before the first block, and after the last?",
        "Look at repr(ask(...).prompt), where a line break shows as \\n. For chat_by_hand compare the first ids of "
        "llm.generate(text)[0].prompt_token_ids with those of llm.chat: who wrote the second <s>?",
        "A block is f\"<|im_start|>{message['role']}\\n{message['content']}<|im_end|>\\n\"; <s> comes before all, and "
        "<|im_start|>assistant\\n behind all. tokenizer.encode(text, add_special_tokens=False) of llm.get_tokenizer() "
        'gives the ids, and llm.generate({"prompt_token_ids": ids}, params) takes them.',
    ],
    concept="chat-templates.md#what-a-template-does",
)
def prompt_by_hand(build_prompt, chat_by_hand, llm) -> None:
    """A function that writes the template's text, and one that gives it to the engine without a second `<s>`."""
    require(callable(build_prompt), "build_prompt must be a function of messages.")
    for what, messages in CONVERSATIONS.items():
        given = copy.deepcopy(messages)
        with _template_watched() as used:
            text, how = ending(build_prompt, given)
        require(not how, f"build_prompt(messages) must return a text, for {what} it ended with {how}")
        require(not used, "build_prompt lets the template do the work: write the text yourself, from the messages.")
        require(isinstance(text, str), f"build_prompt must return a text, not {type(text).__name__}.")
        require(given == messages, "build_prompt changes the messages that it is given: only read them.")
        _same_text(text, messages, what, llm)
    require(callable(chat_by_hand), "chat_by_hand must be a function of llm, messages and params.")
    _by_hand(chat_by_hand, llm)


@contextlib.contextmanager
def _template_watched() -> Iterator[list]:
    """Note every use of a chat template; `LLM.chat` is one as well."""
    from transformers import PreTrainedTokenizerBase

    used, original = [], PreTrainedTokenizerBase.apply_chat_template

    def noted(self, *args, **options):
        used.append(self)
        return original(self, *args, **options)

    with mock.patch.object(PreTrainedTokenizerBase, "apply_chat_template", noted):
        yield used


def _same_text(text: str, messages: list[dict], what: str, llm) -> None:
    truth, tokenizer = chat_text(llm, messages), llm.get_tokenizer()
    if text == truth:
        return
    closed = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
    opening = truth.removeprefix(closed)
    require(text != closed, f"The beginning of the answer is missing: the template ends with {opening!r}.")
    first = tokenizer.bos_token or ""
    require(text != truth.removeprefix(first), f"The template's text begins with {first!r}.")
    parting = _difference(text, truth)
    lines = "every line break counts, also those of a message and the one after the last block."
    broken = text.replace("\n", "") == truth.replace("\n", "")
    require(not broken, f"For {what} the line breaks differ, {parting}: {lines}")
    invented = "system" in text and "system" not in truth
    require(not invented, "Without a system message there is no system block.")
    blanks = "the template writes what a message holds as it is, blanks at its edge too."
    stripped = "".join(text.split()) == "".join(truth.split())
    require(not stripped, f"For {what} the blanks differ, {parting}: {blanks}")
    require(False, f"For {what} the texts differ, {parting}.")


def _difference(text: str, truth: str) -> str:
    """Say where two texts part."""
    length = min(len(text), len(truth))
    place = next((i for i in range(length) if text[i] != truth[i]), length)
    before = f"after {truth[max(0, place - 16) : place]!r}" if place else "at the beginning"
    return f"{before} the template writes {truth[place : place + 24]!r}, you {text[place : place + 24]!r}"


def _by_hand(chat_by_hand, llm) -> None:
    messages, watch = [user("What is the capital of Chile?")], ChatWatch(llm, most=10)
    with _template_watched() as used:
        output, how = ending(chat_by_hand, watch, messages, greedy(max_tokens=5))
    require(not how, f"chat_by_hand(llm, messages, params) must return an output, it ended with {how}")
    require(not (watch.made("chat") or used), "chat_by_hand must do without llm.chat and its template: llm.generate.")
    require(bool(watch.calls), "Call generate of the llm that chat_by_hand is given, its first argument.")
    require(not isinstance(output, list), "Return the one output; llm.generate returns a list of them.")
    require(hasattr(output, "prompt_token_ids"), f"Return the output itself, a RequestOutput, not {output!r}.")
    ids, truth, first = list(output.prompt_token_ids), chat_token_ids(llm, messages), llm.get_tokenizer().bos_token
    twice = "llm.generate adds a special token to a text that has it already. Give it token ids, or tell it not to."
    require(ids[1:] != truth, f"The prompt begins with {first} twice: {twice}")
    require(ids == truth, f"The prompt's ids must be those of llm.chat, {truth[:6]}..., they are {ids[:6]}...")
    require(watch.calls[-1].params[0].max_tokens == 5, "Pass the params on to llm.generate.")


# 3.2 ----------------------------------------------------------------------------------------------------------------

WAYS = {"completion": "generate", "chat": "chat"}
COLUMNS = {"country", "way", "text", "finish_reason", "tokens", "right"}
NOT_ALL_RIGHT = {"Italy": "Rome", "Japan": "Tokyo", "France": "Lyon"}  # so that `right` is seen to come from here


@exercise(
    "3.2",
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
def completion_and_chat(compare_ways, frame, answer: dict, capitals: dict, llm) -> None:
    """The same questions both ways, in one call each, and the shares of the answers that are right and that end."""
    require(callable(compare_ways), "compare_ways must be a function of llm and capitals.")
    watch = ChatWatch(llm, most=20)
    table, how = ending(compare_ways, watch, dict(NOT_ALL_RIGHT))
    require(not how, f"compare_ways(llm, capitals) must return a table, it ended with {how}")
    asked = {way: _asked_once(watch, way, list(NOT_ALL_RIGHT)) for way in WAYS}
    _table_of_ways(table, NOT_ALL_RIGHT)
    for way, outputs in asked.items():
        for country, output in zip(NOT_ALL_RIGHT, outputs, strict=True):
            _row_of(table, way, country, output.outputs[0])
    _table_of_ways(frame, capitals)
    texts = frame.groupby("way")["text"].agg(list)
    require(texts["chat"] != texts["completion"], "Both ways have the same texts: was one of them asked twice?")
    _shares(answer, frame)


def _asked_once(watch: ChatWatch, way: str, countries: list[str]) -> list:
    method = WAYS[way]
    calls = watch.made(method)
    require(bool(calls), f"llm.{method} of the llm that compare_ways is given was not called.")
    require(len(calls) == 1, f"llm.{method} was called {len(calls)} times: give it all questions in one call.")
    questions = [f"What is the capital of {country}?" for country in countries]
    wanted = questions if way == "completion" else [[user(question)] for question in questions]
    alone = (
        "the question alone, as a text" if way == "completion" else "a conversation of one message for each question"
    )
    sent = [prompt.get("prompt") if isinstance(prompt, dict) else prompt for prompt in calls[0].prompts]
    require(sent == wanted, f"llm.{method} must get {alone}, not {calls[0].prompts[0]!r}.")
    settings = settings_of(calls[0])
    require(settings == {(0, 32)}, f"Use temperature=0 and max_tokens=32 in llm.{method} too, not {min(settings)}.")
    return calls[0].outputs


def _table_of_ways(table, capitals: dict[str, str]) -> None:
    require(hasattr(table, "columns") and set(table) >= COLUMNS, f"Give a DataFrame with {', '.join(sorted(COLUMNS))}.")
    require(set(table["way"]) == set(WAYS), "The column way must hold both 'completion' and 'chat'.")
    rows = sorted(zip(table["country"], table["way"], strict=True))
    one_each = rows == sorted((country, way) for country in capitals for way in WAYS)
    require(one_each, f"There must be one row for each country and way, {2 * len(capitals)} in all.")
    for row in table.itertuples():
        truth = capitals[row.country] in row.text
        says = f"capital of {row.country} is {capitals[row.country]}, says capitals, and the text is {row.text!r}"
        require(bool(row.right) == truth, f"right must be whether the text contains the capital: {says}.")


def _row_of(table, way: str, country: str, completion) -> None:
    row = table[(table["way"] == way) & (table["country"] == country)].iloc[0]
    require(row["text"] == completion.text, f"The text for {country} by {way} is not what that call returned.")
    require(row["finish_reason"] == completion.finish_reason, "finish_reason must be the completion's own.")
    require(row["tokens"] == len(completion.token_ids), "tokens must be the number of token_ids of the answer.")


def _shares(answer, frame) -> None:
    require(isinstance(answer, dict) and set(answer) == {"right", "ended"}, "answer_3_2 must hold right and ended.")
    for name, found in {"right": frame["right"], "ended": frame["finish_reason"] == "stop"}.items():
        given, truth = answer[name], found.astype(float).groupby(frame["way"]).mean().to_dict()
        shape = isinstance(given, dict) and set(given) == set(WAYS)
        require(shape, f"answer_3_2[{name!r}] must be a dict from 'completion' and 'chat' to a share.")
        require(max(given.values()) <= 1, f"{name} must be a share from 0 to 1, not a count: divide by the countries.")
        same = all(abs(given[way] - truth[way]) < 0.01 for way in WAYS)
        require(same, f"{name} must be {truth}, as your own table says, not {given}.")


# 3.3 ----------------------------------------------------------------------------------------------------------------

ASKED = {"name": "What is your name?", "job": "What is your job?", "city": "Where do you live?"}
SIGNS = {"pirate": "Arr!", "butler": "Certainly.", "teacher": "?"}


@exercise(
    "3.3",
    hints=[
        "The model knows about itself what the system message says, and nothing else. Does yours say all four things?",
        'Short sentences that speak to the model work best: "You are NAME, a JOB from CITY." A list of keywords, or '
        "one long sentence, is not what it was trained on. The style takes a sentence of its own.",
        'system_3_3 = "You are Mira, a baker from Lisbon. Talk like a pirate." has the form that works, for all words '
        'of CHOICES_3_3; the other styles are asked for by "You are a polite butler." and "Answer like a teacher."',
    ],
    concept="chat-templates.md#personas",
)
def persona(prompt, facts: dict, llm) -> None:
    """A system prompt that gives the model a name, a job, a city and a manner, which its answers show."""
    names = [*ASKED, "style"]
    require(isinstance(facts, dict) and set(facts) == set(names), f"persona_3_3 must hold {', '.join(names)}.")
    empty = [name for name in names if not isinstance(facts[name], str) or not facts[name].strip()]
    require(not empty, f"{' and '.join(empty)} of persona_3_3 must be a text that is not empty.")
    style = facts["style"].lower()
    require(style in SIGNS, f"The style must be one of {', '.join(SIGNS)}, not {facts['style']!r}.")
    text = "system_3_3 must be the text of the system message alone"
    require(isinstance(prompt, str), f"{text}, not {type(prompt).__name__}.")
    missing = [f"{name} {facts[name]!r}" for name in ASKED if facts[name].lower() not in prompt.lower()]
    require(not missing, f"system_3_3 does not hold the {' and the '.join(missing)}, so the model cannot know it.")
    _known_before(facts, llm)
    capital = user("What is the capital of France?")
    outputs = llm.chat([[system(prompt), m] for m in (*map(user, ASKED.values()), capital)], greedy())
    *answers, last = [output.outputs[0].text for output in outputs]
    for (name, question), answer in zip(ASKED.items(), answers, strict=True):
        right = facts[name].lower() in answer.lower()
        other = "Say it in another sentence, or take a word of CHOICES_3_3."
        require(right, f'Asked "{question}", it says {answer!r}, without the {name} {facts[name]!r}. {other}')
        _in_style(answer, question, style)
    require("Paris" in last, f"The persona must still be of use: asked for the capital of France, it says {last!r}.")
    _in_style(last, capital["content"], style)


def _known_before(facts: dict, llm) -> None:
    """Refuse what the model says without any system prompt, which would prove nothing."""
    outputs = llm.chat([[user(question)] for question in ASKED.values()], greedy())
    for name, output in zip(ASKED, outputs, strict=True):
        before = facts[name].lower() in output.outputs[0].text.lower()
        require(not before, f"The {name} {facts[name]!r} is in its answer without your prompt too: choose another one.")


def _in_style(answer: str, question: str, style: str) -> None:
    sign = SIGNS[style]
    other = (
        "Ask for the style in another way: Talk like ..., You are ..., Answer like ...; at the beginning, at the end."
    )
    require(sign in answer, f'Asked "{question}", it says {answer!r}, without {sign!r}, the sign of a {style}. {other}')


# 3.4 ----------------------------------------------------------------------------------------------------------------

STORY, CAPITAL = [user("Tell me a story about a fox.")], [user("What is the capital of Chile?")]


@exercise(
    "3.4",
    hints=[
        "The engine says why it stopped, so the text need not be looked at. And a message that is not finished must "
        "not be closed.",
        "finish_reason is 'length' when a limit ended the text. To go on, append what there is as a message of the "
        "assistant, and read in the signature of llm.chat which two arguments keep the template from closing it.",
        "In a loop over at most `rounds` calls: begun = [*messages, {'role': 'assistant', 'content': text}]; "
        "llm.chat(begun, params, add_generation_prompt=False, continue_final_message=True); text += the new text; "
        "leave the loop when it is not truncated.",
    ],
    concept="chat-templates.md#truncated-answers",
)
def continued(is_truncated, finish, llm) -> None:
    """A function that knows a cut answer, and one that continues it, but not for ever."""
    require(callable(is_truncated), "is_truncated must be a function of an output.")
    for expected, what, output in _answers(llm):
        given, how = ending(is_truncated, output)
        require(not how, f"is_truncated failed on an answer that {what}: {how}")
        require(isinstance(given, bool), f"is_truncated must return True or False, not {given!r}.")
        require(given == expected, f"An answer that {what} gives {expected}, not {given}: {output.outputs[0].text!r}")
    require(callable(finish), "finish must be a function of llm, messages, max_tokens and rounds.")
    for messages, max_tokens, rounds in [(CAPITAL, 40, 4), (STORY, 16, 25), (STORY, 5, 3), (STORY, 5, 1)]:
        _finished(finish, messages, max_tokens, rounds, llm)


def _answers(llm) -> list[tuple]:
    """Return answers that were cut, or were not, though their text or length looks otherwise."""
    ended, story = llm.chat([CAPITAL, STORY], [greedy(), greedy(max_tokens=40)])
    exact = len(ended.outputs[0].token_ids)
    ids, decode = story.outputs[0].token_ids, llm.get_tokenizer().decode
    sentence = next((i for i in range(2, len(ids)) if decode(ids[:i]).endswith(".")), 12)
    asked = [greedy(max_tokens=6), greedy(max_tokens=sentence), greedy(max_tokens=exact), greedy(stop=[" "])]
    cut, at_full_stop, exactly, stopped = llm.chat([STORY, STORY, CAPITAL, CAPITAL], asked)
    return [
        (True, "was cut by max_tokens", cut),
        (False, "ended by itself", ended),
        (False, "met a stop string and so has no full stop", stopped),
        (True, "was cut right behind a sentence", at_full_stop),
        (False, "ended by itself with the last token that it had", exactly),
    ]


def _finished(finish, messages: list[dict], max_tokens: int, rounds: int, llm) -> None:
    watch, given = ChatWatch(llm, most=rounds + 1), copy.deepcopy(messages)
    result, how = ending(finish, watch, given, max_tokens, rounds)
    endless = f"With rounds={rounds} it made a call more than {rounds}: give up then, the first call counts too."
    require(len(watch.calls) <= rounds, endless)
    require(not how, f"finish(llm, messages, max_tokens, rounds) must return a pair, it ended with {how}")
    require(bool(watch.calls), "Ask the llm that finish is given, its first argument.")
    require(given == messages, "finish changes the messages that it is given: make a new list, [*messages, ...].")
    settings = settings_of(*watch.calls)
    require(settings == {(0, max_tokens)}, f"Every call takes temperature=0 and max_tokens={max_tokens}.")
    outputs = [call.outputs[0] for call in watch.calls]
    pieces = [output.outputs[0].text for output in outputs]
    _begun_prompts(outputs, pieces, messages, llm)
    *earlier, last = [output.outputs[0].finish_reason for output in outputs]
    require("stop" not in earlier, "The answer had ended, and finish asked once more: look at finish_reason each time.")
    early = f"It gave up after {len(outputs)} of {rounds} calls, and the answer is still cut: go on in a loop."
    require(last == "stop" or len(outputs) == rounds, early)
    pair = isinstance(result, tuple) and len(result) == 2
    require(pair, f"finish must return a pair, the text and whether it ended by itself, not {result!r}.")
    text, ended = result
    lost = "the whole answer is all pieces in order, with nothing between them, since a cut may go through a word."
    require(text == "".join(pieces), f"{text!r} is not {''.join(pieces)!r}: {lost}")
    wanted = last == "stop"
    require(
        ended == wanted, f"The second value must be {wanted} when the last finish_reason is {last!r}, not {ended!r}."
    )


def _begun_prompts(outputs: list, pieces: list[str], messages: list[dict], llm) -> None:
    """Whether each call continued the text so far; the prompt itself shows it, in whatever way it was made."""
    start, decode, so_far = chat_text(llm, messages), llm.get_tokenizer().decode, ""
    for place, (output, piece) in enumerate(zip(outputs, pieces, strict=True), start=1):
        prompt = decode(output.prompt_token_ids)
        again = f"Call {place} asked the same question from the beginning: let it continue the text that is there."
        require(place == 1 or prompt != start, again)
        closed = prompt != start + so_far and prompt.startswith(start + so_far)
        shut = "closes the cut answer and begins a new one: add_generation_prompt=False, continue_final_message=True."
        require(not closed, f"Call {place} {shut}")
        wrong = f"Call {place} must end with the text so far, {so_far!r}, its prompt ends with {prompt[-60:]!r}."
        require(prompt == start + so_far, wrong)
        so_far += piece


# 3.5 ----------------------------------------------------------------------------------------------------------------

COUNTED = [CONVERSATIONS["a system message"], CONVERSATIONS["several turns"], [user("Hello!")]]
CALLED = {"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Tolvo"}}}
LONG = [
    system("You are a butler."),
    user("My name is Dorin."),
    assistant("Certainly. Hello, Dorin. Will that be all?"),
    user("What is the weather in Tolvo?"),
    {"role": "assistant", "content": "", "tool_calls": [CALLED]},
    {"role": "tool", "content": '{"sky": "sunny", "temperature": 21}'},
    assistant("Certainly. It is sunny in Tolvo, 21 degrees. Will that be all?"),
    user("Thank you very much!"),
    assistant("Certainly. You are welcome. Will that be all?"),
    user("What is the capital of Chile?"),
]


@exercise(
    "3.5",
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
    require(callable(count_tokens), "count_tokens must be a function of llm and messages.")
    for messages in COUNTED:
        _counted(count_tokens, messages, llm)
    require(callable(trim), "trim must be a function of messages, limit and count.")
    counts = {
        "one token a letter and 9 a message": _letters,
        "the model's tokens": lambda m: len(chat_token_ids(llm, m)),
    }
    for what, count in counts.items():
        for messages in (LONG, LONG[1:]):
            lengths = _lengths(messages, count)
            for limit in sorted({lengths[0] + 50, *lengths, *(n - 1 for n in lengths[:-1])}, reverse=True):
                _kept(trim, messages, limit, count, what)
    for messages in (LONG, LONG[1:], LONG[:2], LONG[1:2]):
        _refused(trim, messages, _letters)


def _letters(messages: list[dict]) -> int:
    return sum(9 + len(message["content"] or "") for message in messages)


def _parts(messages: list[dict]) -> tuple[list[dict], list[list[dict]]]:
    first = [message for message in messages[:1] if message["role"] == "system"]
    return first, turns_of(messages[len(first) :])


def _lengths(messages: list[dict], count: Callable) -> list[int]:
    """Return the lengths of a conversation without 0, 1, 2, ... turns, down to the last turn."""
    first, turns = _parts(messages)
    return [count(first + sum(turns[dropped:], [])) for dropped in range(len(turns))]


def _counted(count_tokens, messages: list[dict], llm) -> None:
    watch = ChatWatch(llm)
    given, how = ending(count_tokens, watch, copy.deepcopy(messages))
    require(not how, f"count_tokens(llm, messages) must return a number, it ended with {how}")
    require(not watch.calls, "count_tokens asks the model: count what the template and the tokenizer make, without it.")
    require(isinstance(given, int), f"count_tokens must return a whole number, not {type(given).__name__}.")
    tokenizer, truth, text = llm.get_tokenizer(), len(chat_token_ids(llm, messages)), chat_text(llm, messages)
    if given == truth:
        return
    prefix = f"llm.chat sends {truth} tokens for {len(messages)} messages, count_tokens says {given}"
    require(given != len(text), f"{prefix}: these are letters. Encode the text, then count.")
    a_dict = "apply_chat_template returns a dict, whose keys were counted. Its ids are under 'input_ids'."
    require(given != len(tokenizer.apply_chat_template(messages)), f"{prefix}: {a_dict}")
    closed = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
    opening = "the beginning of the answer is part of the prompt, add_generation_prompt=True."
    require(given != len(tokenizer.encode(closed, add_special_tokens=False)), f"{prefix}: {opening}")
    contents = sum(len(tokenizer.encode(m["content"], add_special_tokens=False)) for m in messages)
    require(given != contents, f"{prefix}: the template's own tokens count too, not the contents alone.")
    twice = "the template wrote <s> already, and the tokenizer adds another: add_special_tokens=False."
    require(given != len(tokenizer.encode(text)), f"{prefix}: {twice}")
    require(False, f"{prefix}. Take the text that the template makes, and encode it.")


def _limited(count: Callable) -> Callable:
    """Return a count that ends a loop which would go on for ever."""
    calls = iter(range(ENDLESS))

    def counting(messages: list[dict]) -> int:
        if next(calls, None) is None:
            raise Endless
        return count(messages)

    return counting


def _kept(trim, messages: list[dict], limit: int, count: Callable, what: str) -> None:
    given = copy.deepcopy(messages)
    kept, how = ending(trim, given, limit, _limited(count))
    first, turns = _parts(messages)
    case = f"{len(turns)} turns, {'a' if first else 'no'} system message, limit {limit}, count is {what}"
    require(given == messages, "trim changes the list that it is given: build a new one, and leave the old as it is.")
    require(not how, f"With {case}, trim must return messages, it ended with {how}")
    plain = isinstance(kept, list) and all(message in messages for message in kept)
    require(plain, f"trim must return a list of messages that it was given, got {str(kept)[:60]} ({case}).")
    require(kept[-1:] == messages[-1:], f"The last question is gone: it is what must be answered ({case}).")
    require(kept[: len(first)] == first, f"The system message is gone: it stays whatever is dropped ({case}).")
    rest = kept[len(first) :]
    halved = f"What is left begins with a message of the role {rest[0]['role']}, without its question"
    require(rest[0]["role"] == "user", f"{halved}: drop whole turns, however long they are ({case}).")
    tail = [message for turn in turns for message in turn][-len(rest) :]
    require(rest == tail, f"Messages in the middle are gone: drop turns from the front, and no others ({case}).")
    length, longest = count(kept), next(n for n in _lengths(messages, count) if n <= limit)
    require(length <= limit, f"{length} tokens are left, more than the limit. Does trim ask count? ({case})")
    fits = f"A turn too many is gone: {longest} tokens would fit into {limit}, {length} are left"
    require(length == longest, f"{fits}. A length equal to the limit fits ({case}).")


def _refused(trim, messages: list[dict], count: Callable) -> None:
    needed = _lengths(messages, count)[-1]
    for limit in (needed - 1, 1):
        kept, how = ending(trim, copy.deepcopy(messages), limit, _limited(count))
        case = f"the last turn takes {needed} tokens{' with the system message' if len(_parts(messages)[0]) else ''}"
        require(bool(how), f"{case.capitalize()}, the limit is {limit}: raise a ValueError, do not return {kept!r}.")
        require("no end" not in how, f"With limit {limit} trim never ends, since {case}: stop at the last turn.")
        require(how.startswith("ValueError"), f"{case.capitalize()}, the limit is {limit}: a ValueError, not {how}")
        text = how.removeprefix("ValueError: ")
        both = str(limit) in text and str(needed) in text
        require(both, f"The error must name the limit {limit} and the {needed} tokens needed; it says {text!r}.")


# 3.6 ----------------------------------------------------------------------------------------------------------------

GUESTS = {
    "butler": "You are a butler.",
    "Dorin": "You are Dorin, a fisherman from Velmo.",
    "Lena": "You are Lena. You live in Oslo. You like chess.",
}
ROUNDS = ["Hello!", "What is my name?", "My name is Kelvo.", "What is my name?"]


@exercise(
    "3.6",
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
def interviews(interview, table, histories: dict, personas: dict, questions: list, llm) -> None:
    """Several conversations at once: one call a round, and every conversation with its own history."""
    require(callable(interview), "interview must be a function of llm, personas and questions.")
    watch, given = ChatWatch(llm, most=20), dict(GUESTS)
    result, how = ending(interview, watch, given, list(ROUNDS))
    require(not how, f"interview(llm, personas, questions) must return a table and histories, it ended with {how}")
    require(
        given == GUESTS, "interview changes the personas that it is given: build the histories in a dict of its own."
    )
    _one_call_a_round(watch)
    truth = _talks(watch)
    pair = isinstance(result, tuple) and len(result) == 2
    require(pair, "interview must return a pair: the table, and a dict of histories.")
    _histories(result[1], GUESTS, ROUNDS)
    require(result[1] == truth, "A history must end with the last answer and hold all answers as they were given.")
    _table(result[0], truth, ROUNDS)
    _histories(histories, personas, questions)
    _table(table, histories, questions)


def _one_call_a_round(watch: ChatWatch) -> None:
    calls, rounds, guests = watch.made("chat"), len(ROUNDS), len(GUESTS)
    require(bool(calls), "Call chat of the llm that interview is given, its first argument.")
    count = len(calls)
    require(count != rounds * guests, f"{count} calls, one for each question and persona: one call a round for all.")
    require(
        count != guests, f"{count} calls for {guests} personas: not one interview after the other, one call a round."
    )
    at_once = "one call for everything: a later question needs the answers before it. Make one call a round."
    require(count != 1, at_once[:1].upper() + at_once[1:])
    require(count == rounds, f"{rounds} questions must take {rounds} calls of llm.chat, not {count}.")
    for number, call in enumerate(calls, start=1):
        sent = len(call.prompts)
        require(sent == guests, f"Call {number} must hold {guests} conversations, one a persona, it holds {sent}.")
        settings = settings_of(call)
        require(settings == {(0, 64)}, f"Use temperature=0 and max_tokens=64 in every call, not {min(settings)}.")


def _talks(watch: ChatWatch) -> dict[str, list[dict]]:
    """Return the conversations as they must be, after a look at what each call was given."""
    talks = {name: [system(text)] for name, text in GUESTS.items()}
    for question, call in zip(ROUNDS, watch.calls, strict=True):
        for talk in talks.values():
            talk.append(user(question))
        for talk in talks.values():
            _same_talk(talk, call)
            answer = call.outputs[call.prompts.index(talk)].outputs[0].text
            talk.append(assistant(answer))
    return talks


def _same_talk(talk: list[dict], call: Call) -> None:
    if talk in call.prompts:
        return
    number = sum(message["role"] == "user" for message in talk)
    sent = next((other for other in call.prompts if other[:1] == talk[:1]), None)
    begins = f"In round {number} no conversation begins with the system message {talk[0]['content']!r}"
    require(sent is not None, f"{begins}: every persona has its own, in every round.")
    asked = sum(message["role"] == "user" for message in sent)
    shared = "do all personas share one list? [x] * 3 is three times the same one."
    require(asked <= number, f"In round {number} a conversation holds {asked} questions, not {number}: {shared}")
    require(
        asked == number, f"In round {number} a conversation holds {asked} questions, not {number}: keep the history."
    )
    said = sum(message["role"] == "assistant" for message in sent)
    own = f"In round {number} a conversation holds {said} answers of the assistant, not {number - 1}"
    require(said == number - 1, f"{own}: append every answer to its own history.")
    place = next((i for i, (own, other) in enumerate(zip(talk, sent, strict=False)) if own != other), 0)
    begun = f"In round {number}, in the conversation that begins with {talk[0]['content']!r}, message {place}"
    require(False, f"{begun} must be {talk[place]}, it is {sent[place]}. Whose is it?")


def _histories(histories, personas: dict, questions: list) -> None:
    named = isinstance(histories, dict) and set(histories) == set(personas)
    require(named, f"The histories must be a dict with the keys {', '.join(personas)}.")
    apart = len({id(history) for history in histories.values()}) == len(personas)
    require(apart, "The histories are one and the same list: make a list of its own for each persona.")
    for name, history in histories.items():
        roles = [message["role"] for message in history]
        wanted = ["system", *["user", "assistant"] * len(questions)]
        require(roles == wanted, f"The history of {name} must have the roles {wanted}, it has {roles}.")
        own = history[0]["content"] == personas[name]
        require(own, f"The history of {name} must begin with its own system message, not {history[0]['content']!r}.")
        asked = [message["content"] for message in history if message["role"] == "user"]
        require(asked == list(questions), f"The history of {name} must hold the questions in order, not {asked}.")


def _table(table, histories: dict, questions: list) -> None:
    columns = ["persona", "round", "question", "answer"]
    require(hasattr(table, "columns") and set(columns) <= set(table), f"The table must have {', '.join(columns)}.")
    rows = len(histories) * len(questions)
    again = "A question that is asked twice has two answers."
    require(
        len(table) == rows, f"The table must have a row for each persona and round, {rows}, not {len(table)}. {again}"
    )
    counted = sorted(set(table["round"])) == [*range(1, len(questions) + 1)]
    require(counted, f"The rounds count from 1 to {len(questions)}, the table has {sorted(set(table['round']))}.")
    for name, history in histories.items():
        for number, question in enumerate(questions, start=1):
            row = table[(table["persona"] == name) & (table["round"] == number)]
            require(len(row) == 1, f"There must be one row for {name} in round {number}, not {len(row)}.")
            require(row["question"].iloc[0] == question, f"The question of round {number} must be {question!r}.")
            answer = history[2 * number]["content"]
            same = row["answer"].iloc[0] == answer
            require(same, f"In round {number} {name} said {answer!r}, the table says {row['answer'].iloc[0]!r}.")
