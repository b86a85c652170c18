"""The checks of lesson 03's exercises 3.1 to 3.6; those of 3.7 to 3.12 are in `lesson_03_tools.py` and `_more.py`."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import zip_longest
from unittest import mock

from vllm_course.chat.history import turns_of
from vllm_course.chat.prompt import chat_text, chat_token_ids
from vllm_course.checks import exercise, require
from vllm_course.checks.shapes import alike, assistant, columns, keys, roles, rows, same_text, system, user
from vllm_course.checks.trying import KINDS, described, limited
from vllm_course.checks.watch import Call, Watch


def greedy(**changes):
    """Return sampling parameters at temperature 0."""
    from vllm import SamplingParams

    return SamplingParams(**{"temperature": 0, "max_tokens": 64} | changes)


# 3.1 ----------------------------------------------------------------------------------------------------------------

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
}


@exercise(
    "3.1",
    functions={"build_prompt": "messages -> text", "chat_by_hand": "llm, messages, params -> output"},
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
    first, own_words = llm.get_tokenizer().bos_token, "write the text yourself, from the messages."
    for what, messages in CONVERSATIONS.items():
        with template_refused(llm, f"build_prompt lets the template do the work: {own_words}"):
            text = build_prompt(messages, case=f"for {what}")
        truth = chat_text(llm, messages)
        opening = truth[truth.rindex("<|im_start|>") :]
        require(text != truth.removesuffix(opening), f"The answer's beginning is missing: it ends with {opening!r}.")
        require(text != truth.removeprefix(first), f"The template's text begins with {first!r}.")
        require("system" in truth or "system" not in text, "Without a system message there is no system block.")
        same_text(text, truth, f"For {what}")
    watch, messages = Watch(llm, most=10), [user("What is the capital of Chile?")]
    with template_refused(llm, "chat_by_hand must do without llm.chat and its template: llm.generate."):
        output = chat_by_hand(watch, messages, greedy(max_tokens=5))
    require(watch.asked("generate")[-1].params[0].max_tokens == 5, "Pass the params on to llm.generate.")
    ids, truth = list(output.prompt_token_ids), chat_token_ids(llm, messages)
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


# 3.2 ----------------------------------------------------------------------------------------------------------------

WAYS = {"completion": "generate", "chat": "chat"}
ALONE = {"completion": "the question alone, as a text", "chat": "a conversation of one message for each question"}
NOT_ALL_RIGHT = {"Italy": "Rome", "Japan": "Tokyo", "France": "Lyon"}  # so that `right` is seen to come from here
OF_A_WAY = {
    "way": "Each country has a row for 'completion' and one for 'chat'.",
    "text": "It is what that call returned.",
    "finish_reason": "It is the completion's own.",
    "tokens": "It is the number of token_ids of the answer.",
    "right": "It is whether the text contains the capital that `capitals` has.",
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
    keys(answer, ["right", "ended"], "answer_3_2 must be")
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
        'system_3_3 = "You are Mira, a baker from Lisbon. Talk like a pirate." has the form that works, for all words '
        'of CHOICES_3_3; the other styles are asked for by "You are a polite butler." and "Answer like a teacher."',
    ],
    concept="chat-templates.md#personas",
)
def persona(prompt, facts, llm) -> None:
    """A system prompt that gives the model a name, a job, a city and a manner, which its answers show."""
    keys(facts, [*ABOUT_ITSELF, "style"], "persona_3_3 must be")
    for name, value in facts.items():
        is_text = isinstance(value, str) and bool(value.strip())
        require(is_text, f"{name} of persona_3_3 must be a text that is not empty, not {value!r}.")
    sign = SIGNS.get(facts["style"].lower())
    require(sign is not None, f"The style must be one of {', '.join(SIGNS)}, not {facts['style']!r}.")
    require(isinstance(prompt, str), f"system_3_3 must be the text of the system message alone, not {prompt!r:.80}.")
    without = answers_to_all(llm)
    for name in ABOUT_ITSELF:
        unknown = f"system_3_3 does not hold the {name} {facts[name]!r}, so the model cannot know it."
        require(facts[name].lower() in prompt.lower(), unknown)
        before = f"The {name} {facts[name]!r} is in its answer without your prompt too: choose another one."
        require(facts[name].lower() not in without[name].lower(), before)
    for name, text in answers_to_all(llm, system(prompt)).items():
        says, word = f'Asked "{ASKED_OF[name]}", it says {text!r}, without', facts.get(name, "Paris")
        require(word.lower() in text.lower(), f"{says} the {name} {word!r}. {OTHER_WORDS}")
        require(sign in text, f"{says} {sign!r}, the sign of a {facts['style'].lower()}. {OTHER_STYLE}")


def answers_to_all(llm, *first: dict) -> dict[str, str]:
    """Return what the model says of itself, and about France's capital, behind these first messages."""
    outputs = llm.chat([[*first, user(question)] for question in ASKED_OF.values()], greedy(), use_tqdm=False)
    return {name: output.outputs[0].text for name, output in zip(ASKED_OF, outputs, strict=True)}


# 3.4 ----------------------------------------------------------------------------------------------------------------

STORY, CAPITAL = [user("Tell me a story about a fox.")], [user("What is the capital of Chile?")]
CLOSED = "closes the cut answer and begins a new one: add_generation_prompt=False, continue_final_message=True."


@exercise(
    "3.4",
    functions={"is_truncated": "output -> bool", "finish": "llm, messages, max_tokens, rounds -> pair"},
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
    for expected, what, output in cut_and_whole(llm):
        given = is_truncated(output, case=f"for an answer that {what}")
        require(given == expected, f"An answer that {what} gives {expected}, not {given}: {output.outputs[0].text!r}")
    for messages, max_tokens, rounds in [(CAPITAL, 40, 4), (STORY, 16, 25), (STORY, 5, 3), (STORY, 5, 1)]:
        finished(finish, messages, max_tokens, rounds, llm)


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
        (True, "was cut right behind a sentence", at_full_stop),
        (False, "ended by itself with the last token that it had", exactly),
    ]


def finished(finish, messages: list[dict], max_tokens: int, rounds: int, llm) -> None:
    """Require an answer that is continued until it ends or the rounds are over, and told whole."""
    watch = Watch(llm, most=rounds + 30)
    (text, ended), calls = finish(watch, messages, max_tokens, rounds, case=f"with rounds={rounds}"), watch.calls
    require(bool(calls), "Ask the llm that finish is given, its first argument.")
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
    start, so_far = chat_text(llm, messages), ""
    for place, call in enumerate(calls, start=1):
        prompt, begun = llm.get_tokenizer().decode(call.ids[0]), start + so_far
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
    counts = {"a token a letter and 9 a message": letters, "the model's": lambda talk: len(chat_token_ids(llm, talk))}
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
    watch, tokenizer = Watch(llm), llm.get_tokenizer()
    given = count_tokens(watch, messages)
    require(not watch.calls, "count_tokens asks the model: count what the template and the tokenizer make, without it.")
    require(isinstance(given, int), f"count_tokens must return a whole number, not {type(given).__name__}.")
    encoded = partial(tokenizer.encode, add_special_tokens=False)
    text, truth = chat_text(llm, messages), len(chat_token_ids(llm, messages))
    closed = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
    dictionary = "apply_chat_template returns a dict, whose keys were counted. Its ids are under 'input_ids'."
    mistakes = {
        len(tokenizer.encode(text)): "the template wrote <s>, the tokenizer adds another: add_special_tokens=False.",
        sum(len(encoded(m["content"])) for m in messages): "the template's own tokens count too, not contents alone.",
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
    """Require a ValueError with both numbers where the last turn alone is too long."""
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
