"""The likely mistakes in exercises 3.1 to 3.6. Those of the exercises from 3.7 on are in `lesson_03_tools.py`."""

import pandas as pd

from tests.checks.wrong_answers import Wrong, lesson_03_tools

BOS, GENERATION = "<s>", "<|im_start|>assistant\n"


def _params(**changes):
    from vllm import SamplingParams

    return SamplingParams(**{"temperature": 0, "max_tokens": 64} | changes)


def _user(text: str) -> dict:
    return {"role": "user", "content": text}


def _assistant(text: str) -> dict:
    return {"role": "assistant", "content": text}


# 3.1


def _built(*, block="<|im_start|>{role}\n{content}<|im_end|>\n", first=BOS, last=GENERATION, content=str, system=False):
    """Make a `build_prompt` that differs from the right one in one respect."""

    def build_prompt(messages):
        if system and messages[0]["role"] != "system":
            messages = [{"role": "system", "content": "You are a helpful assistant."}, *messages]
        pairs = [(message["role"], content(message["content"])) for message in messages]
        blocks = [block.replace("{role}", role).replace("{content}", text) for role, text in pairs]
        return first + "".join(blocks) + last

    return build_prompt


def _roles_as_names(messages):
    return _built()(messages).replace("<|im_start|>user", "<|im_start|>User")


def _formatted_twice(messages):
    return BOS + "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n".format() for m in messages) + GENERATION


def _by_the_template(ns: dict):
    def build_prompt(messages):
        return ns["llm"].get_tokenizer().apply_chat_template(messages, tokenize=False, add_generation_prompt=True)

    return build_prompt


def _by_hand(ns: dict, *, give=None, one=True, **params):
    """Make a `chat_by_hand` that differs from the right one in one respect."""

    def chat_by_hand(llm, messages, given):
        text = ns["build_prompt"](messages)
        outputs = llm.generate(give(llm, text) if give else text, _params(**params) if params else given)
        return outputs[0] if one else outputs

    return ns["build_prompt"], chat_by_hand, ns["llm"]


def _ids(llm, text):
    return {"prompt_token_ids": llm.get_tokenizer().encode(text, add_special_tokens=False)}


def _chatted(llm, messages, params):
    return llm.chat(messages, params)[0]


# 3.2


def _compared(
    *,
    completion="What is the capital of {}?",
    alone=False,
    chat=True,
    length=len,
    right=lambda capital, text: capital in text,
    **params,
):
    """Make a `compare_ways` that differs from the right one in one respect."""

    def compare_ways(llm, capitals):
        questions = [completion.format(country) for country in capitals]
        messages = [[_user(f"What is the capital of {country}?")] for country in capitals]
        settings = _params(**{"max_tokens": 32} | params)
        if alone:
            outputs = {"completion": [llm.generate(question, settings)[0] for question in questions]}
        else:
            outputs = {"completion": llm.generate(questions, settings)}
        outputs["chat"] = llm.chat(messages, settings) if chat else outputs["completion"]
        return pd.DataFrame(
            {
                "country": country,
                "way": way,
                "text": output.outputs[0].text,
                "finish_reason": output.outputs[0].finish_reason,
                "tokens": length(output.outputs[0].token_ids if length is len else output.outputs[0].text.split()),
                "right": right(capital, output.outputs[0].text),
            }
            for way, answers in outputs.items()
            for (country, capital), output in zip(capitals.items(), answers, strict=True)
        )

    return compare_ways


def _words(words: list) -> int:
    return len(words) + 100


def _ways(ns: dict, **changes) -> tuple:
    given = {"compare": ns["compare_ways"], "frame": ns["frame_3_2"], "answer": ns["answer_3_2"]} | changes
    return given["compare"], given["frame"], given["answer"], ns["CAPITALS_3_2"], ns["llm"]


def _counts(ns: dict) -> dict:
    return ns["answer_3_2"] | {"right": {way: share * 12 for way, share in ns["answer_3_2"]["right"].items()}}


def _turned_round(ns: dict) -> dict:
    shares = ns["answer_3_2"]["right"]
    return ns["answer_3_2"] | {"right": {"completion": shares["chat"], "chat": shares["completion"]}}


def _asked_twice(ns: dict):
    chat = ns["frame_3_2"][ns["frame_3_2"]["way"] == "chat"]
    return pd.concat([chat, chat.assign(way="completion")], ignore_index=True)


# 3.3


def _persona(ns: dict, system=None, **facts) -> tuple:
    return ns["system_3_3"] if system is None else system, ns["persona_3_3"] | facts, ns["llm"]


# 3.4


def _no_full_stop(output):
    return not output.outputs[0].text.endswith((".", "!", "?"))


def _not_stopped_by_eos(output):
    return output.outputs[0].stop_reason is not None or output.outputs[0].finish_reason == "length"


def _as_long_as_ever(output):
    return len(output.outputs[0].token_ids) >= 6


def _finish(
    *,
    more=lambda messages, text: [*messages, _assistant(text)],
    options=None,
    joined="".join,
    calls=lambda rounds: rounds,
    pair=lambda text, ended: (text, ended),
    cut=lambda output: output.outputs[0].finish_reason == "length",
    **params,
):
    """Make a `finish` that differs from the right one in one respect."""
    open_message = {"add_generation_prompt": False, "continue_final_message": True}

    def finish(llm, messages, max_tokens, rounds=10):
        settings = _params(**{"max_tokens": max_tokens} | params)
        output, pieces = llm.chat(messages, settings)[0], []
        pieces.append(output.outputs[0].text)
        while cut(output) and len(pieces) < calls(rounds):
            begun = more(messages, "".join(pieces))
            output = llm.chat(begun, settings, **open_message if options is None else options)[0]
            pieces.append(output.outputs[0].text)
        return pair(joined(pieces), not cut(output))

    return finish


def _appended(messages, text):
    if messages[-1]["role"] == "assistant":
        messages.pop()
    messages.append(_assistant(text))
    return messages


def _continue(messages, text):
    return [*messages, _assistant(text), _user("Continue.")]


def _same_again(messages, text):
    return messages


def _finished(ns: dict, **changes) -> tuple:
    return ns["is_truncated"], _finish(**changes), ns["llm"]


# 3.5


def _counted(ns: dict, count) -> tuple:
    return count, ns["trim"], ns["llm"]


def _trimmed(ns: dict, trim) -> tuple:
    return ns["count_tokens"], trim, ns["llm"]


def _text(llm, messages, *, opening: bool = True) -> str:
    return llm.get_tokenizer().apply_chat_template(messages, tokenize=False, add_generation_prompt=opening)


def _encoded(*, opening: bool = True, special: bool = False):
    def count_tokens(llm, messages):
        return len(llm.get_tokenizer().encode(_text(llm, messages, opening=opening), add_special_tokens=special))

    return count_tokens


def _contents(llm, messages):
    return sum(len(llm.get_tokenizer().encode(m["content"], add_special_tokens=False)) for m in messages)


def _asked_for_its_prompt(llm, messages):
    return len(llm.chat(messages, _params(max_tokens=1))[0].prompt_token_ids)


def _keys(llm, messages):
    return len(llm.get_tokenizer().apply_chat_template(messages, add_generation_prompt=True))


def _turns_from(
    *,
    fits=lambda length, limit: length <= limit,
    starts=lambda messages: [i for i, m in enumerate(messages) if m["role"] == "user"],
    first=lambda messages: messages[:1] if messages[0]["role"] == "system" else [],
    error=lambda limit, needed: ValueError(f"{needed} tokens are needed, the limit is {limit}"),
    length=lambda messages, count: count(messages),
):
    """Make a `trim` that differs from the right one in one respect."""

    def trim(messages, limit, count):
        for start in starts(messages):
            kept = first(messages) + messages[start:]
            if fits(length(kept, count), limit):
                return kept
        if error is None:
            return kept
        raise error(limit, count(kept))

    return trim


def _every_message(messages: list) -> list:
    return list(range(1 if messages[0]["role"] == "system" else 0, len(messages)))


def _every_other(messages: list) -> list:
    return _every_message(messages)[::2]


def _deleted(messages, limit, count):
    first = 1 if messages[0]["role"] == "system" else 0
    while count(messages) > limit:
        del messages[first : first + 2]
    return messages


def _for_ever(messages, limit, count):
    kept = list(messages)
    first = 1 if messages[0]["role"] == "system" else 0
    while count(kept) > limit:
        last = len(kept) - 1
        second = next((i for i in range(first + 1, last + 1) if kept[i]["role"] == "user"), first)
        del kept[first:second]
    return kept


def _from_the_back(messages, limit, count):
    kept = list(messages)
    while count(kept) > limit and len(kept) > 1:
        kept.pop()
    return kept


def _from_the_middle(messages, limit, count):
    first = 1 if messages[0]["role"] == "system" else 0
    starts = [i for i, message in enumerate(messages) if message["role"] == "user"]
    second = starts[1] if len(starts) > 1 else len(messages)
    for start in [place for place in starts if place >= second] or [first]:
        kept = messages[:second] + messages[start:] if start >= second else messages
        if count(kept) <= limit:
            return kept
    return _turns_from()(messages, limit, count)


# 3.6


def _row(name: str, number: int, question: str, answer: str) -> dict:
    return {"persona": name, "round": number, "question": question, "answer": answer}


def _interview(
    *,
    make=lambda personas: {name: [{"role": "system", "content": text}] for name, text in personas.items()},
    keep=lambda histories, name, answer: histories[name].append(_assistant(answer)),
    send=lambda histories, question: list(histories.values()),
    row=_row,
    table=pd.DataFrame,
    both=lambda frame, histories: (frame, histories),
    **params,
):
    """Make an `interview` that differs from the right one in one respect."""

    def interview(llm, personas, questions):
        histories, rows = make(personas), []
        for number, question in enumerate(questions, start=1):
            for history in histories.values():
                history.append(_user(question))
            outputs = llm.chat(send(histories, question), _params(**params))
            for name, output in zip(histories, outputs, strict=True):
                answer = output.outputs[0].text
                keep(histories, name, answer)
                rows.append(row(name, number, question, answer))
        return both(table(rows), histories)

    return interview


def _one_by_one(ns: dict, *, by_question: bool):
    """Make an `interview` that asks persona by persona, a call for each question or all of them as one call."""

    def interview(llm, personas, questions):
        frames, histories = [], {}
        for name, text in personas.items():
            if by_question:
                frame, history = ns["interview"](llm, {name: text}, questions)
                frames.append(frame)
                histories |= history
            else:
                talks = [[{"role": "system", "content": text}, _user(question)] for question in questions]
                outputs = llm.chat(talks, _params())
                answers = [output.outputs[0].text for output in outputs]
                frames.append(pd.DataFrame({"persona": name, "question": questions, "answer": answers}))
        return pd.concat(frames), histories

    return interview


def _all_at_once(llm, personas, questions):
    talks = [[{"role": "system", "content": text}, _user(q)] for text in personas.values() for q in questions]
    return pd.DataFrame({"answer": [output.outputs[0].text for output in llm.chat(talks, _params())]}), {}


def _one_list(personas: dict) -> dict:
    shared: list[dict] = []
    return dict.fromkeys(personas, shared)


def _no_system(personas: dict) -> dict:
    return {name: [] for name in personas}


def _next_ones(histories: dict, name: str, answer: str) -> None:
    names = list(histories)
    histories[names[(names.index(name) + 1) % len(names)]].append(_assistant(answer))


def _last_answers(rows: list[dict]):
    return pd.DataFrame({(row["persona"], row["question"]): row for row in rows}.values())


def _interviews(ns: dict, **changes) -> tuple:
    given = {"interview": ns["interview"], "table": ns["table_3_6"], "histories": ns["histories_3_6"]} | changes
    personas, questions = ns["PERSONAS_3_6"], ns["QUESTIONS_3_6"]
    return given["interview"], given["table"], given["histories"], personas, questions, ns["llm"]


WRONG = {
    "3.1": [
        Wrong("no <s>", lambda ns: (_built(first=""), ns["chat_by_hand"], ns["llm"]), "begins with '<s>'"),
        Wrong("no beginning of the answer", lambda ns: (_built(last=""), ns["chat_by_hand"], ns["llm"]), "ends with"),
        Wrong(
            "no line break behind a block",
            lambda ns: (_built(block="<|im_start|>{role}\n{content}<|im_end|>"), ns["chat_by_hand"], ns["llm"]),
            "line breaks differ",
        ),
        Wrong(
            "a line break too many at the end",
            lambda ns: (_built(last=f"{GENERATION}\n"), ns["chat_by_hand"], ns["llm"]),
            "line breaks differ",
        ),
        Wrong(
            "a blank behind the role",
            lambda ns: (_built(block="<|im_start|>{role} \n{content}<|im_end|>\n"), ns["chat_by_hand"], ns["llm"]),
            "blanks differ",
        ),
        Wrong(
            "messages stripped", lambda ns: (_built(content=str.strip), ns["chat_by_hand"], ns["llm"]), "differ, after"
        ),
        Wrong(
            "a system message of its own",
            lambda ns: (_built(system=True), ns["chat_by_hand"], ns["llm"]),
            "no system block",
        ),
        Wrong("another role name", lambda ns: (_roles_as_names, ns["chat_by_hand"], ns["llm"]), "you 'User"),
        Wrong("str.format", lambda ns: (_formatted_twice, ns["chat_by_hand"], ns["llm"]), "it ended with"),
        Wrong(
            "the template itself", lambda ns: (_by_the_template(ns), ns["chat_by_hand"], ns["llm"]), "write the text"
        ),
        Wrong("the text alone, so <s> twice", lambda ns: _by_hand(ns), "<s> twice"),
        Wrong("a list of outputs", lambda ns: _by_hand(ns, give=_ids, one=False), "Return the one output"),
        Wrong("params of its own", lambda ns: _by_hand(ns, give=_ids, max_tokens=9), "Pass the params on"),
        Wrong("llm.chat", lambda ns: (ns["build_prompt"], _chatted, ns["llm"]), "without llm.chat"),
    ],
    "3.2": [
        Wrong("max_tokens left out", lambda ns: _ways(ns, compare=_compared(max_tokens=16)), "max_tokens=32"),
        Wrong("sampled", lambda ns: _ways(ns, compare=_compared(temperature=0.7)), "temperature=0"),
        Wrong("one question a call", lambda ns: _ways(ns, compare=_compared(alone=True)), "in one call"),
        Wrong("no chat", lambda ns: _ways(ns, compare=_compared(chat=False)), "llm.chat of the llm"),
        Wrong(
            "another text for the completion",
            lambda ns: _ways(ns, compare=_compared(completion="The capital of {} is")),
            "the question alone",
        ),
        Wrong(
            "right means equal",
            lambda ns: _ways(ns, compare=_compared(right=lambda capital, text: text == capital)),
            "whether the text contains",
        ),
        Wrong("words counted", lambda ns: _ways(ns, compare=_compared(length=_words)), "number of token_ids"),
        Wrong("one way asked twice", lambda ns: _ways(ns, frame=_asked_twice(ns)), "asked twice"),
        Wrong(
            "chat rows alone",
            lambda ns: _ways(ns, frame=ns["frame_3_2"][ns["frame_3_2"]["way"] == "chat"]),
            "must hold both",
        ),
        Wrong("counts", lambda ns: _ways(ns, answer=_counts(ns)), "not a count"),
        Wrong("the shares the other way round", lambda ns: _ways(ns, answer=_turned_round(ns)), "your own table"),
        Wrong(
            "one number",
            lambda ns: _ways(ns, answer=ns["answer_3_2"] | {"ended": 0.5}),
            "a dict from 'completion' and 'chat'",
        ),
    ],
    "3.3": [
        Wrong(
            "no style in the prompt",
            lambda ns: _persona(ns, "You are Mira, a baker from Lisbon."),
            "the sign of a pirate",
        ),
        Wrong(
            "another style in the prompt",
            lambda ns: _persona(ns, "You are Mira, a baker from Lisbon. You are a butler."),
            "the sign of a pirate",
        ),
        Wrong(
            "a sentence that the model misses",
            lambda ns: _persona(ns, "You are a pirate named Mira who works as a baker and lives in Lisbon."),
            "Say it in another sentence",
        ),
        Wrong("no city", lambda ns: _persona(ns, "You are Mira, a baker. Talk like a pirate."), "the city 'Lisbon'"),
        Wrong("an empty prompt", lambda ns: _persona(ns, ""), "does not hold"),
        Wrong(
            "a list of messages",
            lambda ns: _persona(ns, [{"role": "system", "content": ns["system_3_3"]}]),
            "the system message alone",
        ),
        Wrong("another name in the dict", lambda ns: _persona(ns, name="Lena"), "the name 'Lena'"),
        Wrong(
            "a name that it has anyway",
            lambda ns: _persona(ns, "You are Pocket, a baker from Lisbon. Talk like a pirate.", name="Pocket"),
            "without your prompt",
        ),
        Wrong("a style that is not there", lambda ns: _persona(ns, style="robot"), "must be one of"),
        Wrong("no job", lambda ns: _persona(ns, job=" "), "not empty"),
    ],
    "3.4": [
        Wrong("looks for a full stop", lambda ns: (_no_full_stop, ns["finish"], ns["llm"]), "stop string"),
        Wrong("a stop string is a cut", lambda ns: (_not_stopped_by_eos, ns["finish"], ns["llm"]), "stop string"),
        Wrong("counts tokens", lambda ns: (_as_long_as_ever, ns["finish"], ns["llm"]), "ended by itself"),
        Wrong(
            "the reason, not a bool",
            lambda ns: (lambda output: output.outputs[0].finish_reason, ns["finish"], ns["llm"]),
            "True or False",
        ),
        Wrong("asks again", lambda ns: _finished(ns, more=_same_again, options={}), "from the beginning"),
        Wrong("the message is closed", lambda ns: _finished(ns, options={}), "closes the cut answer"),
        Wrong("the user says continue", lambda ns: _finished(ns, more=_continue, options={}), "closes the cut answer"),
        Wrong("the messages changed", lambda ns: _finished(ns, more=_appended), "make a new list"),
        Wrong("one continuation", lambda ns: _finished(ns, calls=lambda rounds: min(2, rounds)), "in a loop"),
        Wrong("without an end", lambda ns: _finished(ns, calls=lambda rounds: 1000), "give up then"),
        Wrong(
            "the first call not counted", lambda ns: _finished(ns, calls=lambda rounds: rounds + 1), "first call counts"
        ),
        Wrong("the last piece", lambda ns: _finished(ns, joined=lambda pieces: pieces[-1]), "all pieces"),
        Wrong("pieces with blanks", lambda ns: _finished(ns, joined=" ".join), "nothing between them"),
        Wrong("text alone", lambda ns: _finished(ns, pair=lambda text, ended: text), "return a pair"),
        Wrong("always complete", lambda ns: _finished(ns, pair=lambda text, ended: (text, True)), "must be False"),
        Wrong("more tokens each time", lambda ns: _finished(ns, max_tokens=200), "Every call takes"),
        Wrong("always all rounds", lambda ns: _finished(ns, cut=lambda output: True), "asked once more"),
    ],
    "3.5": [
        Wrong("<s> twice", lambda ns: _counted(ns, _encoded(special=True)), "add_special_tokens=False"),
        Wrong("no beginning of the answer", lambda ns: _counted(ns, _encoded(opening=False)), "add_generation_prompt"),
        Wrong("contents alone", lambda ns: _counted(ns, _contents), "the template's own tokens"),
        Wrong("letters", lambda ns: _counted(ns, lambda llm, messages: len(_text(llm, messages))), "these are letters"),
        Wrong("the model asked", lambda ns: _counted(ns, _asked_for_its_prompt), "asks the model"),
        Wrong("keys of a dict", lambda ns: _counted(ns, _keys), "whose keys were counted"),
        Wrong("single messages", lambda ns: _trimmed(ns, _turns_from(starts=_every_message)), "without its question"),
        Wrong("two messages at a time", lambda ns: _trimmed(ns, _turns_from(starts=_every_other)), "whole turns"),
        Wrong("no system message", lambda ns: _trimmed(ns, _turns_from(first=lambda m: [])), "system message is gone"),
        Wrong("the list itself", lambda ns: _trimmed(ns, _deleted), "changes the list"),
        Wrong("less than the limit", lambda ns: _trimmed(ns, _turns_from(fits=lambda n, m: n < m)), "A turn too many"),
        Wrong("the newest go", lambda ns: _trimmed(ns, _from_the_back), "The last question is gone"),
        Wrong("the first turn stays", lambda ns: _trimmed(ns, _from_the_middle), "in the middle"),
        Wrong("letters, whatever count says", lambda ns: _trimmed(ns, _turns_from(length=lambda m, c: 1)), "ask count"),
        Wrong("too much is returned", lambda ns: _trimmed(ns, _turns_from(error=None)), "raise a ValueError"),
        Wrong("never ends", lambda ns: _trimmed(ns, _for_ever), "never ends"),
        Wrong(
            "another error",
            lambda ns: _trimmed(ns, _turns_from(error=lambda limit, needed: RuntimeError(limit, needed))),
            "a ValueError, not RuntimeError",
        ),
        Wrong(
            "an error without numbers",
            lambda ns: _trimmed(ns, _turns_from(error=lambda limit, needed: ValueError("too long"))),
            "must name the limit",
        ),
    ],
    "3.6": [
        Wrong(
            "a call for each question and persona",
            lambda ns: _interviews(ns, interview=_one_by_one(ns, by_question=True)),
            "one for each question and persona",
        ),
        Wrong(
            "a call for each persona",
            lambda ns: _interviews(ns, interview=_one_by_one(ns, by_question=False)),
            "one interview after the other",
        ),
        Wrong("one call for all", lambda ns: _interviews(ns, interview=_all_at_once), "needs the answers before it"),
        Wrong(
            "one list for all",
            lambda ns: _interviews(ns, interview=_interview(make=_one_list)),
            "no conversation begins",
        ),
        Wrong(
            "system messages left out",
            lambda ns: _interviews(ns, interview=_interview(make=_no_system)),
            "no conversation begins",
        ),
        Wrong(
            "answers not kept",
            lambda ns: _interviews(ns, interview=_interview(keep=lambda histories, name, answer: None)),
            "append every answer",
        ),
        Wrong(
            "the neighbour's answers",
            lambda ns: _interviews(ns, interview=_interview(keep=_next_ones)),
            "Whose is it?",
        ),
        Wrong(
            "the question without its history",
            lambda ns: _interviews(
                ns, interview=_interview(send=lambda h, question: [[talk[0], _user(question)] for talk in h.values()])
            ),
            "keep the history",
        ),
        Wrong("sampled", lambda ns: _interviews(ns, interview=_interview(temperature=0.7)), "temperature=0"),
        Wrong("16 tokens", lambda ns: _interviews(ns, interview=_interview(max_tokens=16)), "max_tokens=64"),
        Wrong(
            "the table alone",
            lambda ns: _interviews(ns, interview=_interview(both=lambda frame, histories: frame)),
            "must return a pair",
        ),
        Wrong(
            "a question asked twice kept once",
            lambda ns: _interviews(ns, interview=_interview(table=_last_answers)),
            "has two answers",
        ),
        Wrong(
            "rounds from 0",
            lambda ns: _interviews(ns, interview=_interview(row=lambda name, n, q, a: _row(name, n - 1, q, a))),
            "count from 1",
        ),
        Wrong(
            "histories without the last answer",
            lambda ns: _interviews(ns, histories={name: talk[:-1] for name, talk in ns["histories_3_6"].items()}),
            "must have the roles",
        ),
        Wrong("another table", lambda ns: _interviews(ns, table=ns["table_3_6"].head(8)), "for each persona and round"),
    ],
} | lesson_03_tools.WRONG
