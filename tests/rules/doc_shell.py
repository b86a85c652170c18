"""Shell blocks: which may be run, and, of those that are shown but not run, whether what they name exists."""

import contextlib
import functools
import importlib
import importlib.util
import io
import re
import shlex
from pathlib import Path
from unittest import mock

from vllm_course import paths

SERVER_MODULES = ("vllm.entrypoints.launchers.api_server.entry", "vllm.entrypoints.openai.api_server")
COMMANDS = {
    "serve": "serve",
    "bench": "benchmark.main",
    "run-batch": "run_batch",
    "chat": "openai",
    "complete": "openai",
}
# Commands of other projects; their options are theirs. A name that is in no list is refused: it may be misspelt.
OTHERS = {
    *("cat", "cd", "conda", "curl", "docker", "echo", "export", "git", "hf", "jupyter", "jupyterhub", "ls", "mamba"),
    *("chmod", "nbgrader", "npm", "nvidia-smi", "pip", "pytest", "source", "ssh", "uv", "vllm-course"),
}
# They run the tests, change the environment or take minutes. `make help` does not.
NEVER_RUN = re.compile(r"\bmake (?!help\b)|\bpytest\b|\b(pip|uv|conda|mamba) |\bjupyter lab\b")


def commands(code: str, *, prompts: bool = False) -> list[list[str]]:
    """Return the commands of a block as words; of a `console` block, those after `$ `."""
    lines = code.replace("\\\n", " ").splitlines()
    if prompts:
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return [words for line in lines for words in _split(line) if words]


def runnable(code: str) -> list[str]:
    """A block that is run must neither start the tests nor set up an environment."""
    match = NEVER_RUN.search(code)
    return [f"a block with {match.group().strip()!r} must be marked <!-- not-run: ... -->"] if match else []


def problems(words: list[str]) -> list[str]:
    """Check a command that is not run: script, module, make target and vLLM's options must exist."""
    program, rest = Path(words[0]).name, words[1:]
    if program == "make":
        return _make(rest)
    if program in ("python", "python3"):
        return _python(rest)
    if program == "vllm":
        return _options(rest, *_vllm_parser(rest))
    return [] if program in OTHERS else [f"the command must be one that doc_shell.py knows, got {program!r}"]


def _make(words: list[str]) -> list[str]:
    targets = set(re.findall(r"^([a-z][\w-]*):", (paths.root() / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = [word for word in words if "=" not in word and not word.startswith("-")]
    return [f"make must be given a target of the Makefile, got {name!r}" for name in named if name not in targets]


def _python(words: list[str]) -> list[str]:
    if words[:1] == ["-m"]:
        if words[1] in SERVER_MODULES:
            return _options(words[2:], _vllm_parser(["serve"])[0], "")
        found = importlib.util.find_spec(words[1]) is not None
        return [] if found else [f"python -m must be given a module that is there, got {words[1]}"]
    if not words or words[0].startswith("-"):
        return []
    if not (paths.root() / words[0]).is_file():
        return [f"python must be given a script that is there, got {words[0]}"]
    return _options(words[1:], _script_options(words[0]), "")


def _options(words: list[str], known: set[str], command: str) -> list[str]:
    """Compare options with the known ones; `--a_b`, `--a-b` and `--a.b` are the same option to vLLM."""
    given = [re.split(r"[=.]", word)[0].replace("_", "-") for word in words if word.startswith("--")]
    return [f"{command or 'the command'} must have the option, got {name}" for name in given if name not in known]


@functools.cache
def _script_options(script: str) -> set[str]:
    spec = importlib.util.spec_from_file_location("documented_script", paths.root() / script)
    module, text = importlib.util.module_from_spec(spec), io.StringIO()
    spec.loader.exec_module(module)
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        module.main(["--help"])
    return set(re.findall(r"--[a-z][\w-]*", text.getvalue()))


def _vllm_parser(words: list[str]) -> tuple[set[str], str]:
    """Return the options of a subcommand of `vllm`, from vLLM's own parser, and the subcommand."""
    names = tuple(word for word in words[:2] if not word.startswith("-"))
    if not names or names[0] not in COMMANDS:
        return set(), f"vllm {' '.join(words[:1])} (a subcommand that tests/rules/doc_shell.py knows)"
    return _subparser_options(names), f"vllm {names[0]}"


@functools.cache
def _subparser_options(names: tuple[str, ...]) -> set[str]:
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    subparsers = FlexibleArgumentParser().add_subparsers()
    # vLLM builds the options of `bench` only when the command line asks for them.
    with mock.patch("sys.argv", ["vllm", *names]):
        for command in importlib.import_module(f"vllm.entrypoints.cli.{COMMANDS[names[0]]}").cmd_init():
            command.subparser_init(subparsers)
    parser = subparsers.choices[names[0]]
    nested = next((action.choices for action in parser._actions if isinstance(action.choices, dict)), {})
    return {name.replace("_", "-") for name in nested.get(names[-1], parser)._option_string_actions}


def _split(line: str) -> list[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;()<>")
    lexer.whitespace_split = True
    parts: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|&;()"):
            parts.append([])
        elif parts[-1] or not re.fullmatch(r"\w+=.*", word):
            parts[-1].append(word)
    return parts
