"""How the course says what is wrong: its exceptions, and the parts that its messages share.

A message has four parts, in this order: name, rule, value, remedy.
"""

import difflib
from collections.abc import Callable, Iterable


class CourseError(Exception):
    """A mistake with a remedy: name, rule, value, what to do.

    A notebook shows its message alone. The stack below it would be the course's own code, and the
    learner's line is the one above the message.

    Attributes:
        exit_code: What a script ends with, 1 for a run that failed.
    """

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """Tell IPython what to show in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(CourseError):
    """A wrong command line, or a wrong file that it names: exit code 2."""

    exit_code = 2


def is_text(text: str) -> bool:
    r"""Return whether a text can be written in UTF-8, and so be read by a tokenizer.

    A command line in another encoding arrives with half characters for the bytes that Python cannot read, and a JSON
    file may hold one as an escape. A zero byte is no text either.

    Example:
        >>> is_text("café"), is_text("caf\udce9"), is_text("a\0b")
        (True, False, False)
    """
    return "\0" not in text and (text.isascii() or text.encode("utf-8", "ignore").decode() == text)


def did_you_mean(
    name: str, names: Iterable[str], *, otherwise: str, shown: Callable[[str], str] = str, cutoff: float = 0.6
) -> str:
    """Return the remedy for an unknown name: the known name that is nearest, or another sentence.

    Args:
        name: What was written.
        names: What could have been meant.
        otherwise: The remedy when no name is near.
        shown: How a name is shown; `repr` puts it in quotes.
        cutoff: How near a name must be, from 0 to 1, which is the same name.

    Example:
        >>> did_you_mean("temprature", ["temperature", "top_p"], otherwise="Leave it out.")
        'Did you mean temperature?'
        >>> did_you_mean("zzz", ["temperature", "top_p"], otherwise="Leave it out.")
        'Leave it out.'
    """
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=cutoff)
    return f"Did you mean {shown(close[0])}?" if close else otherwise


def get_again(*places: str) -> str:
    """Return the remedy for files of the course that are missing or damaged, for a git clone and for an archive.

    What is damaged is deleted first: git leaves a file as it is that only differs in its line ends.

    Args:
        places: Files or folders, from the course's top folder.

    Example:
        >>> get_again("models/pocket-base")
        'Get it again: in a git clone with git checkout -- models/pocket-base, else from the archive.'
    """
    it = "it" if len(places) == 1 else "them"
    return f"Get {it} again: in a git clone with git checkout -- {' '.join(places)}, else from the archive."


def one_line(error: Exception) -> str:
    """Return the message of one of vLLM's errors as one sentence, without what only a program reads.

    Example:
        >>> one_line(ValueError("temperature must be in [0, 2], got 3. (parameter=temperature, value=3)"))
        'temperature must be in [0, 2], got 3.'
    """
    text = str(error).split(" (parameter=")[0] or type(error).__name__
    if hasattr(error, "errors"):  # pydantic's: one entry a broken rule
        text = "; ".join(_broken_rule(rule) for rule in error.errors())
    return " ".join(text.split()).rstrip(".") + "."


def _broken_rule(rule: dict) -> str:
    said = rule["msg"].removeprefix("Value error, ")
    return f"{rule['loc'][0]}: {said}, got {rule['input']!r}" if rule["loc"] else said
