"""vLLM's parser with errors of one line, which can tell what was given from what is a default."""

import argparse
import logging
from typing import Any

from vllm.utils.argparse_utils import FlexibleArgumentParser

from vllm_course.errors import did_you_mean
from vllm_course.parameters import filled_text
from vllm_course.tool import OneLineErrors


class Parser(OneLineErrors, FlexibleArgumentParser):
    """vLLM's parser, with errors of one line, that can tell what was given from what is a default.

    Args:
        **options: Passed to `argparse.ArgumentParser`.

    Attributes:
        source: The file that the words come from, which errors name; "" for the command line.
    """

    source = ""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # It warns of an option that is given twice, which --prompt is made for.
        logging.getLogger(FlexibleArgumentParser.__module__).setLevel(logging.ERROR)

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
            remedy = self.remedy(words.split()[0].partition("=")[0], otherwise="Leave it out.")
            message = f"{message}. {remedy}"
        super().error(f"{self.source}: {message}" if self.source else message)

    def option(self, name: str) -> argparse.Action | None:
        """Return the option of a name in underscore or hyphen form, without its leading hyphens."""
        return self._option_string_actions.get("--" + name.replace("_", "-"))

    def remedy(self, name: str, *, otherwise: str) -> str:
        """Return the remedy for an unknown option, or for an unknown key of a file, which has no leading hyphens."""
        is_key = not name.startswith("-")
        return did_you_mean(
            "--" + name.lstrip("-").replace("_", "-"),
            self._option_string_actions,
            otherwise=otherwise,
            shown=lambda option: option.removeprefix("--") if is_key else option,
        )

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


def add_own(parser: Parser) -> None:
    """Add the tool's own options: where prompts come from and where results go."""
    own = parser.add_argument_group("Prompts and results")
    own.add_argument(
        "--prompt", action="append", type=filled_text, help="text to continue; repeat it for a larger batch"
    )
    own.add_argument("--prompts-file", metavar="FILE", help="one prompt a line; empty lines are left out")
    own.add_argument("--config", metavar="FILE", help="settings as .json or .yaml; keys are the names of options")
    own.add_argument("--output", metavar="FILE", help="write the results as .txt, .json, .csv or .md")
    own.add_argument("--log-file", metavar="FILE", help="append vLLM's log and the run's own lines")
    own.add_argument("--json", action="store_true", help="print JSON in place of text")
    own.description = " ".join(action.option_strings[0] for action in own._group_actions)
