"""The parser of `text_generation.py`: every engine argument of vLLM, the sampling parameters, and the tool's own."""

import argparse
import difflib
import logging
import os
from typing import Any

from vllm import EngineArgs
from vllm.utils.argparse_utils import FlexibleArgumentParser

from vllm_course import shipped
from vllm_course.models import MODEL_VARIABLE
from vllm_course.tool import OneLineErrors, model_name, number

SEEDS = 2**63 - 1  # the largest that PyTorch takes
SAMPLING = {
    "--max-tokens": (number(int, low=1, remedy="Use 16 for a short text."), "longest completion, in tokens"),
    "--temperature": (
        number(float, low=0, high=2, remedy="Use 0 for greedy decoding."),
        "0 always takes the likeliest token, up to 2 for more variety",
    ),
    "--top-p": (
        number(float, low=0, high=1, above=True, remedy="Use 1 to keep all tokens."),
        "sample from the likeliest tokens that hold this probability",
    ),
    "--top-k": (number(int, low=-1, remedy="Use 0 to keep all tokens."), "sample from this many of the likeliest"),
    "--min-p": (
        number(float, low=0, high=1, remedy="Use 0 to keep all tokens."),
        "sample from tokens at least this fraction as likely as the likeliest",
    ),
    "--presence-penalty": (
        number(float, low=-2, high=2, remedy="Use 0 to switch it off."),
        "subtracted once for a token that the text already holds",
    ),
    "--frequency-penalty": (
        number(float, low=-2, high=2, remedy="Use 0 to switch it off."),
        "subtracted for every time that the text holds a token",
    ),
    "--repetition-penalty": (
        number(float, low=0, above=True, remedy="Use 1 to switch it off."),
        "divides the logits of tokens in prompt and text; above 1 avoids them",
    ),
    "--seed": (
        number(int, low=0, high=SEEDS, remedy="Use any whole number; the same seed gives the same text."),
        "start of each request's random numbers (the engine's own seed is --engine-seed)",
    ),
    "--n": (number(int, low=1, high=16384, remedy="Use 1 for one text a prompt."), "completions of each prompt"),
}


class Parser(OneLineErrors, FlexibleArgumentParser):
    """vLLM's parser, with errors of one line, that can tell what was given from what is a default.

    Attributes:
        source: The file that the words come from, which errors name; "" for the command line.
    """

    source = ""

    def given(self, words: list[str]) -> dict[str, Any]:
        """Parse words and return what they set, without any default; `--help` prints and exits."""
        help_words = [word for word in words if word == "-h" or word.startswith("--help")]
        if help_words:
            # vLLM keeps what --help=... asked for in the class, where a later call would find it.
            FlexibleArgumentParser._search_keyword = None
            self.parse_args(help_words)
        for action in self._actions:
            action.default = argparse.SUPPRESS
        try:
            return vars(self.parse_args(self._joined(words)))
        except IndexError:  # vLLM's parser looks for the value of -x.y behind the last word
            self.error(f"argument {words[-1]}: expected one argument")

    def error(self, message: str) -> None:
        """Add the file, and the name that was perhaps meant."""
        prefix, _, words = message.partition("unrecognized arguments: ")
        if words and not prefix:
            message += self.suggestion(words.split()[0].partition("=")[0])
        super().error(f"{self.source}: {message}" if self.source else message)

    def option(self, name: str) -> argparse.Action | None:
        """Return the option of a name in underscore or hyphen form, without its leading hyphens."""
        return self._option_string_actions.get("--" + name.replace("_", "-"))

    def suggestion(self, name: str) -> str:
        """Return a sentence that names the option which is nearest to an unknown one, or ""."""
        option = "--" + name.lstrip("-").replace("_", "-")
        close = difflib.get_close_matches(option, self._option_string_actions, n=1)
        return f". Did you mean {close[0] if name.startswith('-') else close[0][2:]}?" if close else ""

    def _joined(self, words: list[str]) -> list[str]:
        """Write `--option value` as `--option=value`: vLLM's parser takes a value like -0.5 for an option."""
        joined, rest = [], list(words)
        while rest:
            word = rest.pop(0)
            action = self.option(word[2:].partition(".")[0]) if word.startswith("--") and "=" not in word else None
            if action is None or action.nargs is not None:
                joined.append(word)
            elif not rest or rest[0].startswith("--"):
                self.error(f"argument {word}: expected one argument")
            else:
                joined.append(f"{word}={rest.pop(0)}")
        return joined


def engine_parser(**options: Any) -> Parser:
    """Return a parser with all engine arguments, `Sampling parameters` and `Prompts and results`.

    Args:
        **options: Passed to `argparse.ArgumentParser`.
    """
    # It warns of an option that is given twice, which --prompt is made for.
    logging.getLogger(FlexibleArgumentParser.__module__).setLevel(logging.ERROR)
    # "resolve": --seed is a sampling parameter here, and the engine's is called --engine-seed.
    parser = Parser(usage="%(prog)s [options]", allow_abbrev=False, conflict_handler="resolve", **options)
    EngineArgs.add_cli_args(parser)
    model = parser.option("model")
    model.type, model.default = model_name, os.environ.get(MODEL_VARIABLE) or shipped.DEFAULT_MODEL
    names = " ".join([*SAMPLING, "--stop", "--engine-seed"])
    sampling = parser.add_argument_group("Sampling parameters", f"{names}. Default: the model's own.")
    for name, (kind, meaning) in SAMPLING.items():
        sampling.add_argument(name, type=kind, help=meaning)
    sampling.add_argument("--stop", action="append", type=_text, help="text that ends the completion; repeatable")
    sampling.add_argument("--engine-seed", type=SAMPLING["--seed"][0], help="vLLM's own --seed, of the whole engine")
    names = "--prompt --prompts-file --config --output --log-file --json"
    own = parser.add_argument_group("Prompts and results", names)
    own.add_argument("--prompt", action="append", type=_text, help="text to continue; repeat it for a larger batch")
    own.add_argument("--prompts-file", metavar="FILE", help="one prompt a line; empty lines are left out")
    own.add_argument("--config", metavar="FILE", help="settings as .json or .yaml; keys are the names of options")
    own.add_argument("--output", metavar="FILE", help="write the results as .txt, .json, .csv or .md")
    own.add_argument("--log-file", metavar="FILE", help="append vLLM's log and the run's own lines")
    own.add_argument("--json", action="store_true", help="print JSON in place of text")
    return parser


def _text(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("must be a text that is not empty, got ''. Leave the option out or fill it.")
    return text
