"""What the tests of lesson 03's script share: calls that show all they did, and one more wrong input a line."""

import contextlib
import json
import os
import sys
import tempfile
from typing import Any

import pytest

from tests.completion.cases import Run, Tool
from tests.rules.scripts import call, module_of
from vllm_course import paths
from vllm_course.chat.models import CHAT_MODEL_VARIABLE

FOLDER = paths.root() / "lessons/03-chat-interface"
SCRIPT = FOLDER / "chat_interface.py"
NOT_UTF8 = os.fsdecode(b"Gr\xfc\xdfe")  # as Python hands over a command line in another encoding
USER = {"role": "user", "content": "Hello!"}
ANSWER = {"role": "assistant", "content": "Hello."}
SYSTEM = {"role": "system", "content": "Answer with one word."}
SHORT = ("--message", "What is the capital of France?", "--temperature", "0", "--max-tokens", "12")


class ChatTool(Tool):
    """Calls a script that chats in this process, in a folder of its own, with standard input from a file."""

    script = SCRIPT

    def __call__(self, *words: str, stdin: bytes | None = None) -> Run:
        """Call the script's `main`; without `stdin`, standard input is /dev/null."""
        self._capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch, open(os.devnull) as nothing, tempfile.TemporaryFile("w+") as given:
            given.buffer.write(stdin or b"")
            given.seek(0)
            patch.setattr(sys, "stdin", nothing if stdin is None else given)
            patch.delenv(CHAT_MODEL_VARIABLE, raising=False)
            code = call(self.script, *words)
        printed = self._capsys.readouterr()
        return Run(code, printed.out, printed.err, self.files())

    def json(self, *words: str, **options: Any) -> dict[str, Any]:
        """Call it with `--json` and return what it printed."""
        run = self("--json", *words, **options)
        assert (run.code, run.err) == (0, "")
        return json.loads(run.out)


class Lines:
    """A view that keeps what it is told to show."""

    apart = False

    def __init__(self) -> None:
        self.lines, self.answers = [], []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def table(self, header: list[str], rows: list[list[str]]) -> None:
        self.lines += ["  ".join(cells) for cells in [header, *rows]]

    def answer(self):
        self.answers.append([])
        return contextlib.nullcontext(self.answers[-1].append)


def new_chat(view: Any, *, params: dict[str, Any], loaded: Any = None) -> Any:
    """Return a chat as at the terminal."""
    from vllm_course.terminal.settings import Settings
    from vllm_course.terminal.talk import open_chat

    return open_chat(Settings("pocket-chat", {}, params, says=None, loaded=loaded, save=None, system=None), view)


def obey(chat: Any, line: str) -> None:
    """Do what a line at the terminal says, as lesson 03's script does."""
    module_of(SCRIPT).obey(chat, line)


def saved(**changes: Any) -> str:
    """Return a saved conversation, with some of it changed; `...` leaves a key out."""
    whole = {"version": 1, "model": "pocket-chat", "params": {"temperature": 0.5}, "messages": [USER]} | changes
    return json.dumps({key: value for key, value in whole.items() if value is not ...})


# The words, and what the one line must say. No engine is needed to refuse them.
WRONG_WORDS = {
    "temperature below 0": (["--temperature", "-1"], "--temperature: must be >= 0 and <= 2, got -1. Use 0 for greedy"),
    "temperature above 2": (["--temperature", "2.1"], "--temperature: must be >= 0 and <= 2, got 2.1"),
    "temperature not a number": (["--temperature", "nan"], "must be >= 0 and <= 2, got nan"),
    "temperature missing": (["--temperature"], "--temperature: expected one argument"),
    "top-p of 0": (["--top-p", "0"], "--top-p: must be > 0 and <= 1, got 0. Use 1"),
    "no tokens": (["--max-tokens", "0"], "--max-tokens: must be >= 1, got 0. Use 64"),
    "tokens in words": (["--max-tokens", "ten"], "--max-tokens: must be a number (int), got 'ten'"),
    "all of a small context": (
        ["--max-model-len", "64", "--max-tokens", "64"],
        "--max-tokens must be < 64, the context in tokens, got 64. Use 32",
    ),
    "context too short": (["--max-model-len", "8"], "--max-model-len: must be >= 16, got 8. Leave it out"),
    "negative seed": (["--seed", "-1"], "--seed: must be >= 0 and <= 9223372036854775807, got -1"),
    "seed too large": (["--seed", str(2**63)], f"got {2**63}. Use any whole number"),
    "empty message": (["--message", ""], "--message must hold a text that is not empty, got ''. Write"),
    "blank message": (["--message", "Hello!", "--message", " \n"], "--message must hold a text that is not empty"),
    "message in another encoding": (["--message", NOT_UTF8], "--message must be text in UTF-8, got other bytes"),
    "blank system prompt": (["--system", " "], "--system must hold a text that is not empty, got ' '"),
    "unknown model": (["--model", "pocket-cat"], "got 'pocket-cat'. Did you mean 'pocket-chat'?"),
    "no chat template": (
        ["--model", "pocket-base"],
        "--model must have a chat template, got pocket-base, which has none. Take pocket-chat.",
    ),
    "unknown option": (["--temprature", "1"], "unrecognized arguments: --temprature 1 (see --help)"),
    "a bare word": (["hello"], "unrecognized arguments: hello"),
    "missing file": (["--load", "none.json"], "--load must be a readable file, got No such file or directory: none"),
    "folder to load": (["--load", "tests"], "--load must be a file, got tests, which is something else"),
    "device to load": (["--load", "/dev/zero"], "--load must be a file, got /dev/zero, which is something else"),
    "missing folder": (["--save", "none/chat.json"], "--save must be in a folder that is there, got none/chat.json"),
    "folder to save": (["--save", "tests"], "--save must be a file, got tests, which is something else"),
    "name that is too long": (["--save", "x" * 256], "--save must be a name for a file, got File name too long: xxx"),
    "device to save": (["--save", "/dev/full"], "--save must be a file, got /dev/full, which is something else"),
    "another kind of file": (
        ["--save", "README.md"],
        "--save must be a new file or a whole saved conversation, got README.md, which is something else and would be",
    ),
}
# Refused once the model's context is known.
WRONG_FOR_THE_MODEL = {
    "all the context": (
        ["--max-tokens", "1024"],
        "--max-tokens must be < 1024, the context in tokens, got 1024. Use 256 to leave room for a question.",
    ),
    "context too long": (
        ["--max-model-len", "1025"],
        "--max-model-len must suit pocket-chat, got 1025. vLLM says: User-specified max_model_len (1025) is greater "
        "than the derived max_model_len (max_position_embeddings=1024.0 or model_max_length=None in model's "
        "config.json). Lower it, or leave it out.",
    ),
}
WRONG_INPUT = {
    "empty": (b"", "standard input must hold a text that is not empty, got ''. Write"),
    "blank": (b" \n\n", "standard input must hold a text that is not empty"),
    "binary": (b"\xff\xfe\x00", "standard input must be text in UTF-8, got other bytes"),
    "zeros": (b"Hello\0", "standard input must be text in UTF-8, got other bytes"),
}
WRONG_FILES = {
    "empty": ("", "it must be valid JSON, got: Expecting value"),
    "truncated": (saved()[:-20], "it must be valid JSON, got: "),
    "binary": (b"\x89PNG\xff\x00", "it must be text in UTF-8, got other bytes"),
    "another encoding": (saved().replace("Hello", "Grüße").encode("latin-1"), "it must be text in UTF-8"),
    "nested": ("[" * 100_000, "it must be valid JSON, got: maximum recursion depth"),
    "a list": ("[]", "it must be a JSON object, got list"),
    "no version": (saved(version=...), "version must be of type int, got None"),
    "version in words": (saved(version="1"), "version must be of type int, got '1'"),
    "version true": (saved(version=True), "version must be of type int, got True"),
    "future version": (saved(version=2), "version must be 1, got 2. Read it with the release of the course that wrote"),
    "no model": (saved(model=None), "model must be of type str, got None"),
    "messages an object": (saved(messages={}), "messages must be of type list, got {}"),
    "no messages": (saved(messages=[]), "messages must hold at least one message, got none"),
    "message a text": (saved(messages=["Hello!"]), "messages[0] must be an object with role and content, got str 'H"),
    "unknown role": (
        saved(messages=[{"role": "bot", "content": "Hi"}]),
        "messages[0].role must be one of system, user",
    ),
    "content a number": (
        saved(messages=[{"role": "user", "content": 5}]),
        "messages[0].content must be a text, got int",
    ),
    "no content": (saved(messages=[{"role": "user"}]), "messages[0].content must be a text, got nothing"),
    "empty content": (saved(messages=[{"role": "user", "content": ""}]), "messages[0].content must not be empty"),
    "two system messages": (saved(messages=[SYSTEM, SYSTEM, USER]), "messages[1].role must not be system"),
    "system message last": (saved(messages=[USER, SYSTEM]), "messages[1].role must not be system"),
    "system message alone": (saved(messages=[SYSTEM]), "messages must hold a message to answer, got a system message"),
    "tool calls": (
        saved(messages=[USER | {"tool_calls": 5}]),
        "messages[0] must hold role, content, finish_reason alone",
    ),
    "half a character": (
        saved(messages=[USER | {"content": "a\ud83d"}]),
        "it must be valid JSON, got: half a character in a text, '\\ud83d'.",
    ),
    "half a character in a name": (saved(model="\ud83d"), "it must be valid JSON, got: half a character"),
    "half a character in a key": (saved(params={"\ud83d": 1}), "it must be valid JSON, got: half a character"),
    "unknown mark": (saved(messages=[USER | {"finish_reason": "tired"}]), "finish_reason must be one of length, abort"),
    "params a list": (saved(params=[1]), "params must be of type dict, got [1]"),
    "unknown parameter": (saved(params={"top_q": 1}), "got 'top_q'. Did you mean top_p?"),
    "parameter out of range": (saved(params={"temperature": 3}), "temperature must be >= 0 and <= 2, got 3"),
    "text for a number": (saved(params={"seed": "1"}), "seed must be a number, got '1'"),
    "truth for a number": (saved(params={"top_k": True}), "top_k must be a number, got True"),
    "number for a truth": (saved(params={"ignore_eos": 1}), "ignore_eos must be true or false, got 1"),
    "fraction": (saved(params={"max_tokens": 1.5}), "max_tokens must be a number (int), got '1.5'"),
}
# Lines at the prompt, after one turn.
WRONG_LINES = {
    "misspelt command": ("/hlep", "got '/hlep'. Did you mean /help?"),
    "unknown command": ("/xyzzy", "a command must be one that /help shows, got '/xyzzy'. Begin with // to send"),
    "no command": ("/", "a command must be one that /help shows, got '/'. Begin with //"),
    "text behind a command": ("/reset now", "/reset must stand alone, got 'now' behind it"),
    "nothing to save to": ("/save", "/save must be given FILE, got nothing"),
    "nothing to load": ("/load ", "/load must be given FILE, got nothing"),
    "missing folder": ("/save none/chat.json", "/save must be in a folder that is there, got none/chat.json"),
    "folder to save": ("/save tests", "/save must be a file, got tests, which is something else"),
    "another kind of file": (
        "/save README.md",
        "/save must be a new file or a whole saved conversation, got README.md",
    ),
    "missing file": ("/load none.json", "/load must be a readable file, got No such file or directory: none.json"),
    "name that is too long": (f"/save {'x' * 256}", "/save must be a name for a file, got File name too long: xxx"),
    "folder to load": ("/load tests", "/load must be a file, got tests, which is something else"),
    "no conversation": (
        "/load pyproject.toml",
        "/load must be a saved conversation, got pyproject.toml: it must be valid",
    ),
    "unknown parameter": ("/params temprature=1", "got 'temprature'. Did you mean temperature?"),
    "parameter without a value": ("/params temperature", "must be written name=value, got 'temperature'"),
    "empty value": ("/params seed=", "seed must be a number (int), got ''"),
    "out of range": ("/params temperature=2.5", "temperature must be >= 0 and <= 2, got 2.5"),
    "one of two wrong": ("/params top_k=5 top_p=0", "top_p must be > 0 and <= 1, got 0"),
    "all the context": ("/params max_tokens=1024", "max_tokens must be < 1024, the context in tokens, got 1024"),
    "refused by vLLM": ("/params repetition_penalty=inf", "repetition_penalty must be a finite number, got inf"),
    "not true or false": ("/params ignore_eos=yes", "ignore_eos must be true or false, got 'yes'"),
    "nothing to go on with": ("/continue", "the last answer must be cut or interrupted to go on, got none such"),
    "a message too long": ("la " * 2000, "the last message must fit with the system message into 1012 tokens"),
    "a message in another encoding": (NOT_UTF8, "a message must be text in UTF-8, got other bytes"),
    "a system prompt in another encoding": (f"/system {NOT_UTF8}", "/system must be text in UTF-8, got other bytes"),
}
