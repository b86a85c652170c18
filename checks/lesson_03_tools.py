"""The checks of exercises 3.7, 3.8 and 3.10; those of the exercises around a model's calls are in `checks_more.py`."""

import contextlib
import json
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from vllm_course.checks import exercise, require

# 3.7 ----------------------------------------------------------------------------------------------------------------

SYSTEM = {"role": "system", "content": "  You are a teacher.\n"}
QUESTION = {"role": "user", "content": "\n What is the capital of Norway? "}
ANSWER = {"role": "assistant", "content": " Good question! \n\nThe capital of Norway is Oslo.\n"}
MORE = {"role": "user", "content": 'And {{ 7 }} "plus" <b>5</b>?'}
TURN, MODEL = "<start_of_turn>", "<start_of_turn>model\n"


@exercise(
    "3.7",
    hints=[
        "Begin with a conversation of one message. A template writes all that stands outside of its tags, the line "
        "breaks between them too, so let every tag begin with a dash: {{- and {%-.",
        'One loop over messages with a branch for each role: {%- if message.role == "system" and loop.first %}, '
        '{%- elif message.role == "user" %}, {%- elif message.role == "assistant" %}, and {%- else %} for the '
        "exception. What the system branch sets is gone in the next round, unless it is kept in a namespace.",
        'Before the loop {%- set first = namespace(text="") %}, for the system {%- set first.text = message.content | '
        'trim + "\\n\\n" %}, and for the user {{- "<start_of_turn>user\\n" + first.text + message.content | trim + '
        '"<end_of_turn>\\n" }} with {%- set first.text = "" %} behind it. In Python write the template as r"""...""".',
    ],
    concept="chat-templates.md#templates-of-other-families",
)
def chat_template(template, llm) -> None:
    """A chat template in the format of another family."""
    from vllm import SamplingParams

    require(isinstance(template, str), "The template must be a text.")
    require("{" in template, "This looks like a path: give the template's text, Path(...).read_text() reads it.")
    tokenizer = llm.get_tokenizer()
    _one_message(template, tokenizer)
    _several_messages(template, tokenizer)
    _system_message(template, tokenizer)
    _refused_roles(template, tokenizer)
    talk = [SYSTEM, QUESTION, ANSWER, MORE]
    prompt = llm.chat(talk, SamplingParams(max_tokens=1), chat_template=template, use_tqdm=False)[0].prompt
    require(prompt == _expected(talk, tokenizer), f"LLM.chat makes another prompt of it: {prompt!r}.")


def _expected(messages: list[dict], tokenizer, prompt: bool = True) -> str:
    first, text = "", tokenizer.bos_token
    for message in messages:
        content = message["content"].strip()
        if message["role"] == "system":
            first = content + "\n\n"
            continue
        role = {"assistant": "model"}.get(message["role"], "user")
        text += f"{TURN}{role}\n{first}{content}<end_of_turn>\n"
        first = ""
    return text + MODEL * prompt


def _rendered(template: str, messages: list[dict], tokenizer, prompt: bool = True) -> str:
    from jinja2 import TemplateSyntaxError

    try:
        return tokenizer.apply_chat_template(
            messages, chat_template=template, add_generation_prompt=prompt, tokenize=False
        )
    except TemplateSyntaxError as error:
        unread = f"Jinja cannot read line {error.lineno}: {error.message}"
    except Exception as error:  # the template's own expressions fail with TypeError and others
        unread = f"It fails on {_roles(messages)}: {error}"
    require(False, unread)


def _roles(messages: list[dict]) -> str:
    return "a conversation of " + ", ".join(message["role"] for message in messages)


def _same(found: str, messages: list[dict], tokenizer, prompt: bool = True) -> None:
    expected = _expected(messages, tokenizer, prompt)
    same_words = "".join(found.split()) == "".join(expected.split())
    require(found == expected or not same_words, _blank(found, expected))
    require(found == expected, f"For {_roles(messages)} it must give {expected!r}, not {found!r}.")


def _blank(found: str, expected: str) -> str:
    """Say where two texts differ that hold the same words."""
    place = len(os.path.commonprefix([found, expected]))
    before, wanted, given = expected[:place][-24:], expected[place:][:16], found[place:][:16]
    where = f"Only white space differs: behind {before!r} must come {wanted!r}, not {given!r}"
    if len(found) < len(expected):
        return f"{where}. White space is missing there: write it inside of the tags."
    return f"{where}: a line break outside of the tags is written too, a dash removes it, {{%- and {{{{-."


def _one_message(template: str, tokenizer) -> None:
    messages = [{"role": "user", "content": "Hello!"}]
    found = _rendered(template, messages, tokenizer)
    begins = found.count(tokenizer.bos_token) == 1 and found.lstrip().startswith(tokenizer.bos_token)
    require(begins, f"A prompt must begin with bos_token, {tokenizer.bos_token}, once: {found!r}.")
    other = tokenizer.apply_chat_template(messages, chat_template=template, bos_token="<begin>", tokenize=False)
    fixed = f"{tokenizer.bos_token} stands in the template as a text: write {{{{ bos_token }}}}, as other models need."
    require("<begin>" in other, fixed)
    require(
        found.rstrip().endswith(MODEL.strip()), f"With add_generation_prompt it must end with {MODEL!r}: {found!r}."
    )
    _same(found, messages, tokenizer)
    without = _rendered(template, messages, tokenizer, prompt=False)
    always = "add_generation_prompt is False, and the beginning of an answer is written all the same: {% if %}."
    require(not without.endswith(MODEL), always)
    _same(without, messages, tokenizer, prompt=False)


def _several_messages(template: str, tokenizer) -> None:
    trimmed = [message | {"content": message["content"].strip()} for message in (QUESTION, ANSWER, MORE)]
    found = _rendered(template, trimmed, tokenizer)
    require(found.count(tokenizer.bos_token) == 1, "bos_token begins the prompt, not every turn: write it once.")
    require(f"{TURN}assistant" not in found, "This family calls the assistant model: write its turns with that role.")
    _same(found, trimmed, tokenizer)
    messages = [QUESTION, ANSWER, MORE]
    found = _rendered(template, messages, tokenizer)
    edges = "A content keeps blanks or line breaks at its edges, and they are tokens too: {{ message.content | trim }}."
    untrimmed = any(message["content"] in found for message in (QUESTION, ANSWER))
    require(not untrimmed, edges)
    _same(found, messages, tokenizer)


def _system_message(template: str, tokenizer) -> None:
    messages = [SYSTEM, QUESTION, ANSWER, MORE]
    found = _rendered(template, messages, tokenizer)
    require(f"{TURN}system" not in found, "This family has no system turn: its text belongs into the first user turn.")
    lost = "The system message's text is lost: what {% set %} gives a name in a loop is gone in the next round, a "
    lost += "namespace keeps it."
    times = found.count("You are a teacher.")
    require(times > 0, lost)
    require(times == 1, f"The system message's text is there {times} times: it belongs into the first user turn alone.")
    untrimmed = "You are a teacher.\n\n\n" in found or " You are" in found
    require(not untrimmed, "The system message's text keeps white space at its edges: trim it too.")
    _same(found, messages, tokenizer)


def _refused_roles(template: str, tokenizer) -> None:
    tool, parrot = {"role": "tool", "content": "{}"}, {"role": "parrot", "content": "Hello!"}
    for role, messages, what in [
        ("tool", [QUESTION, ANSWER, tool], "A message of the role tool"),
        ("parrot", [parrot], "A message of the role parrot"),
        ("system", [QUESTION, ANSWER, SYSTEM, MORE], "A system message that is not the first"),
    ]:
        error = _refusal(template, messages, tokenizer)
        require(error is not None, f"{what} went through: raise_exception(...) must refuse it.")
        # Subclasses of TemplateError are Jinja's own complaints, for example UndefinedError.
        own = type(error).__name__ == "TemplateError"
        require(own, f"{what} is not refused by raise_exception(...), but by Jinja itself: {error}")
        require(role in str(error), f"raise_exception must name the role, {role}; it says: {error}")


def _refusal(template: str, messages: list[dict], tokenizer) -> Exception | None:
    try:
        tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False)
    except Exception as error:  # what a template raises, on purpose or not
        return error
    return None


# 3.8 ----------------------------------------------------------------------------------------------------------------

COUNTS = ("prompt_tokens", "cached_tokens", "queries", "hits")


@exercise(
    "3.8",
    hints=[
        "A block is found again when all tokens from the beginning of the prompt to its end are the same. How many "
        "blocks of that kind has the second prompt?",
        "Count the tokens that are the same from the front, take at most len(second) - 1 of them, and round down to "
        "whole blocks: count // block_size * block_size. vLLM's counters never go back, so read them before and after.",
        "counters = lambda: {m.name: m.value for m in llm.get_metrics() if m.name in NAMES}; in measure: "
        "llm.reset_prefix_cache(), before = counters(), outputs = llm.chat(...), after = counters(); cached_tokens is "
        "sum(output.num_cached_tokens for output in outputs), hits the difference of the two counters.",
    ],
    concept="chat-templates.md#prefix-caching",
)
def prefix_cache(cacheable, measure, answer: dict, shared: list, different: list, llm) -> None:
    """What the prefix cache can save, predicted and measured."""
    require(callable(cacheable), "cacheable must be a function of first, second and block_size.")
    require(callable(measure), "measure must be a function of llm and conversations.")
    _require_cacheable(cacheable)
    counting = "This engine counts nothing: run the cell that loads it with disable_log_stats=False again."
    require(llm.llm_engine.log_stats, counting)
    found = {name: _measured(measure, talks, llm) for name, talks in (("shared", shared), ("different", different))}
    _require_answer(answer, found, shared, llm)


def _require_cacheable(cacheable) -> None:
    ids = list(range(1000, 1600))
    cases = [
        ((ids[:300], [*ids[:300], 1, 2], 128), 256, "300 tokens are the same, and only whole blocks count"),
        (
            (ids[:300], [5, *ids[:300]], 128),
            0,
            "the first token differs: the same tokens at other places are no prefix",
        ),
        ((ids[:400], [*ids[:130], 5, *ids[131:400]], 128), 128, "token 131 differs, and no block behind it counts"),
        ((ids[:256], ids[:256], 128), 128, "the last token is always computed, so its block is computed again"),
        ((ids[:257], ids[:257], 128), 256, "257 tokens are two blocks and the last token"),
        ((ids[:64], ids[:300], 16), 64, "the first prompt fills 4 blocks of 16"),
        ((ids[:300], ids[:64], 16), 48, "the second prompt is short, and its last token is computed"),
        (([], ids[:64], 16), 0, "there was nothing before"),
    ]
    for (first, second, block), expected, why in cases:
        found = cacheable(list(first), list(second), block)
        sizes = f"{len(first)} tokens first, then {len(second)}, in blocks of {block}"
        require(found == expected, f"{sizes}: {expected} can come from the cache, not {found}; {why}.")


def _measured(measure, talks: list, llm) -> dict:
    with mock.patch.object(llm, "chat", wraps=llm.chat) as chat:
        found = measure(llm, talks)
    require(chat.call_count == 1, f"measure must answer all in one call of llm.chat, not in {chat.call_count}.")
    require(
        isinstance(found, dict) and set(COUNTS) <= set(found), f"measure must return a dict of {', '.join(COUNTS)}."
    )
    expected = _own_measure(talks, llm)
    again = measure(llm, talks)
    warm = "A second measurement finds more in the cache than the first: empty it first, llm.reset_prefix_cache()."
    require(max(found["cached_tokens"], again["cached_tokens"]) <= expected["cached_tokens"], warm)
    total = "The counters count from the engine's start: what measure returns must be how much they grew meanwhile."
    require(again["queries"] <= expected["queries"] and again["hits"] <= expected["hits"], total)
    for name in COUNTS:
        right = f"{name} must be {expected[name]} for these conversations, not {again[name]}."
        require(again[name] == expected[name], right)
    return expected


def _own_measure(talks: list, llm) -> dict:
    from vllm import SamplingParams

    llm.reset_prefix_cache()
    before = _counters(llm)
    outputs = llm.chat(talks, SamplingParams(max_tokens=1), use_tqdm=False)
    grown = {name: value - before[name] for name, value in _counters(llm).items()}
    tokens = sum(len(output.prompt_token_ids) for output in outputs)
    return {"prompt_tokens": tokens, "cached_tokens": sum(output.num_cached_tokens for output in outputs)} | grown


def _counters(llm) -> dict:
    names = {"vllm:prefix_cache_queries": "queries", "vllm:prefix_cache_hits": "hits"}
    return {names[metric.name]: metric.value for metric in llm.get_metrics() if metric.name in names}


def _require_answer(answer: dict, found: dict[str, dict], shared: list, llm) -> None:
    from vllm_course.chat.prompt import chat_token_ids

    block = llm.llm_engine.vllm_config.cache_config.block_size
    require(answer["block_size"] == block, f"The engine's block size is {block} tokens, not {answer['block_size']}.")
    first, second = (chat_token_ids(llm, talk) for talk in shared[:2])
    same = len(os.path.commonprefix([first, second]))
    right = min(same, len(second) - 1) // block * block
    tokens = f"The two prompts are the same for {same} tokens, in blocks of {block}"
    require(answer["predicted"] == right, f"{tokens}: {right} can come from the cache, not {answer['predicted']}.")
    for name, counts in found.items():
        share = counts["cached_tokens"] / counts["prompt_tokens"]
        whole = f"The share for {name} is cached_tokens / prompt_tokens, {share:.3f}, not {answer[name]}."
        require(abs(answer[name] - share) < 0.005, whole)


# 3.10 ---------------------------------------------------------------------------------------------------------------

TALK = [
    {"role": "system", "content": "You are a pirate.\n"},
    {"role": "user", "content": 'What is "naïve" in Zürich? 你好 🙂'},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {}}}],
    },
    {"role": "tool", "content": '{"sky": "sunny"}'},
    {"role": "assistant", "content": "Arr!\n\ttwo lines"},
]
OLD = [{"role": "user", "content": "The old conversation."}]
UNREAD = r"json|line \d+ column|pars|decod|utf|binary|text"


@exercise(
    "3.10",
    hints=[
        "When is the old file gone, and when is the new one whole? Between these two moments nothing may go wrong.",
        "Write json.dumps(...) into a new file beside the old one, and let os.replace(new, path) put it in its place, "
        "which happens at once or not at all; in finally remove what is left of the new file. In load catch ValueError "
        "around reading and json.loads, and raise a ValueError of your own that begins with the path.",
        'load: read path.read_text(encoding="utf-8") and json.loads it in one try; except ValueError as error: raise '
        'ValueError(f"{path}: no JSON: {error}"). Then ask one thing after the other: isinstance(data, dict); '
        'data.get("version") == 1; isinstance(data.get("messages"), list); of each message that it is a dict, its role '
        'one of the four and its content a text, with f"{path}: messages[{number}]: ..." where one is not.',
    ],
    concept="chat-templates.md#saving-conversations",
)
def conversation_file(save, load) -> None:
    """A conversation in a file that is whole, or refused."""
    require(callable(save) and callable(load), "Give two functions: save(path, messages) and load(path).")
    with TemporaryDirectory() as name:
        folder = Path(name)
        _require_round_trip(save, load, folder / "talk.json")
        _require_whole(save, load, folder / "talk.json")
        _require_refused(load, folder / "other.json")


def _ended(call, *arguments) -> Exception | None:
    """Return the exception that a call ends with, None when it ends well."""
    try:
        call(*arguments)
    except Exception as error:  # a learner's function may fail in any way; the check says how
        return error
    return None


def _require_round_trip(save, load, path: Path) -> None:
    for talk in (TALK, OLD):
        error = _ended(save, path, talk)
        require(error is None, f"save must write this conversation, it ended with {type(error).__name__}: {error}")
        require(path.is_file(), "save must write a file at path.")
        others = sorted(other.name for other in path.parent.iterdir() if other != path)
        require(not others, f"save must leave nothing but the file, there is also {others}.")
        _require_format(path, talk)
        error = _ended(load, path)
        require(error is None, f"load must read what save wrote, it ended with {type(error).__name__}: {error}")
        require(load(path) == talk, f"load must return what save was given, {talk}, not {load(path)}.")


def _require_format(path: Path, talk: list) -> None:
    unread = _ended(lambda: json.loads(path.read_text(encoding="utf-8")))
    require(unread is None, "The file must be JSON in UTF-8, so that another program reads it too.")
    data = json.loads(path.read_text(encoding="utf-8"))
    marked = isinstance(data, dict) and data.get("version") == 1 and data.get("messages") == talk
    require(marked, 'The file must be a JSON object that holds "version": 1 and the "messages".')


def _require_whole(save, load, path: Path) -> None:
    """Save over an old file in ways that fail, and with a second name for the old file's own bytes."""
    save(path, OLD)
    second = path.with_name("second-name")
    os.link(path, second)
    save(path, TALK)
    in_place = (
        "save writes into the old file, and whoever reads it meanwhile, or after a power cut, finds a half: write "
    )
    in_place += "a new file beside it, then os.replace."
    require(load(second) == OLD, in_place)
    second.unlink()
    save(path, OLD)
    for what, content in (("an object that JSON cannot hold", object()), ("half a character", "\ud800")):
        _require_kept(save, load, path, [*TALK, {"role": "user", "content": content}], what)
    with _no_space_to_rename() as renames:
        _require_kept(save, load, path, TALK, "a disk that is full")
    elsewhere = [str(source) for source in renames if path.parent.resolve() not in Path(source).resolve().parents]
    disk = "The new file is written in another folder, which may be another disk: write it beside the old one."
    require(not elsewhere, disk)


def _require_kept(save, load, path: Path, talk: list, what: str) -> None:
    before = path.read_bytes()
    error = _ended(save, path, talk)
    there = path.is_file()
    require(
        there, f"Saving failed on {what}, and the old file is gone: nothing may touch it before the new one is whole."
    )
    if error is None:
        silent = "The disk was full and save said nothing: rename with os.replace, and let its error out."
        require("full" not in what, silent)
        require(load(path) == talk, f"save said nothing about {what}, and load gives something else back.")
        save(path, OLD)
        return
    lost = f"Saving failed on {what}, and the old file is damaged: write another file first, then os.replace."
    require(path.read_bytes() == before, lost)
    others = sorted(other.name for other in path.parent.iterdir() if other != path)
    require(not others, f"After a failure save leaves {others} behind: remove it in finally.")


@contextlib.contextmanager
def _no_space_to_rename():
    """Let every renaming fail, which works for root too; notes which files were to be renamed."""
    real, asked = {name: getattr(os, name) for name in ("replace", "rename")}, []

    def failing(source, target, **options):
        asked.append(source)
        raise OSError(28, "No space left on device", str(target))

    try:
        for name in real:
            setattr(os, name, failing)
        yield asked
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def _require_refused(load, path: Path) -> None:
    missing = _ended(load, path)
    found = type(missing).__name__ if missing else "no error"
    require(isinstance(missing, FileNotFoundError), f"A file that is not there is a FileNotFoundError, not {found}.")
    whole = json.dumps({"version": 1, "messages": OLD})
    robot = json.dumps({"version": 1, "messages": [*OLD, {"role": "robot", "content": "x"}]})
    number = json.dumps({"version": 1, "messages": [*OLD, {"role": "assistant", "content": 5}]})
    for data, what, pattern, wanted in [
        (whole[:40].encode(), "that was cut in the middle", UNREAD, "that it is no JSON"),
        (b"", "that is empty", UNREAD, "that it is no JSON"),
        (b"\xff\xfe\x00 binary", "that is no text", UNREAD, "that it is no text"),
        (b"[1, 2]", "that holds a JSON list", "object|dict|list|conversation", "that it is no object"),
        (b'{"name": "some other program"}', "of another program", "version", "that it has no version"),
        (whole.replace("1", "2").encode(), "of version 2", "2", "which version it has, 2"),
        (b'{"version": 1}', "without messages", "messages", "that there is no list of messages"),
        (b'{"version": 1, "messages": {"role": "user"}}', "with messages that are no list", "messages", "just that"),
        (b'{"version": 1, "messages": ["Hello"]}', "with a message that is a text", r"\b0\b", "message 0, from 0 on"),
        (robot.encode(), "with a message of the role robot", r"\b1\b|robot", "message 1, counted from 0"),
        (number.encode(), "with a content that is a number", r"\b1\b|content", "message 1, counted from 0"),
        (b'{"version": 1, "messages": [{"content": "x"}]}', "without a role", r"\b0\b|role", "message 0, from 0 on"),
    ]:
        path.write_bytes(data)
        _require_value_error(load, path, what, pattern, wanted)


def _require_value_error(load, path: Path, what: str, pattern: str, wanted: str) -> None:
    error = _ended(load, path)
    require(error is not None, f"A file {what}: load must refuse it, it returned messages.")
    kind = f"A file {what}: raise a ValueError, not {type(error).__name__}: {error}"
    require(isinstance(error, ValueError), kind)
    require(path.name in str(error), f"A file {what}: the ValueError must name the file, it says: {error}")
    said = str(error).replace(str(path), "").replace(path.name, "")
    right = re.search(pattern, said, re.IGNORECASE)
    require(right is not None, f"A file {what}: the ValueError must say {wanted}; it says: {error}")
