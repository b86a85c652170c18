"""`drill("07.3")`: a service of the real engine that does not do what its users expect, and a learner who mends it."""

import copy
import html
import pprint
from typing import TYPE_CHECKING, Any

from vllm_course.drills.cases import CASES, Case
from vllm_course.drills.judging import same_service
from vllm_course.drills.log import written
from vllm_course.drills.service import SETTINGS, Run, serve
from vllm_course.errors import CourseError
from vllm_course.film.recording import Film

if TYPE_CHECKING:
    from vllm import RequestOutput

FINE = "nothing is wrong"
WIDTH = 100  # characters of a line of settings
MOST_SHOWN = 2000  # characters of a text that is shown whole


def drill(number: str) -> "Drill":
    """Return a drill, untouched.

    Args:
        number: `"07.1"` to `"07.9"`.

    Returns:
        The drill. Its `story` says what its users complain of.

    Raises:
        CourseError: There is no such drill.

    Example:
        >>> drill("07.1").settings["params"]
        {'temperature': 0}
    """
    if not isinstance(number, str) or number not in CASES:
        raise CourseError(f"a drill must be one of {', '.join(CASES)}, got {number!r}. Take one of them.")
    return Drill(number, CASES[number])


class Drill:
    """A small service in a state that needs a look.

    Change `settings` in place, `run()` it, and read outputs, log and film. One drill has no fault: there the answer is
    `d.verdict = "nothing is wrong"`, with the settings as they were.

    Attributes:
        number: As in `drill(number)`.
        story: What the users complain of.
        settings: What the service runs with; `print(d.explained)` says what each is.
        verdict: None, or `"nothing is wrong"`.
        outputs: The `RequestOutput`s of the last run, empty before it.
        log: What the last run wrote, as a text.
        film: What the engine did in the last run, as `xray` gives it.
        error: Why the last run failed, in one line, or None.
    """

    explained = """\
engine        arguments of load_model; another value may start another engine
api           "generate" or "chat", the method of LLM that is called
template      what becomes of a prompt before the call; {prompt} is what the user wrote, {time} when it came
together      True: one call for all prompts; False: a call each
defaults      whose sampling parameters hold where params says nothing: "vllm" or "model"
params        arguments of SamplingParams
tokenization  passed on as tokenization_kwargs
prompts       what users sent"""

    def __init__(self, number: str, case: Case) -> None:
        self.number, self.story, self._case = number, case.story, case
        self.settings: dict[str, Any] = as_it_was(case)
        self.verdict: str | None = None
        self._last: Run | None = None

    def run(self) -> "Drill":
        """Run the service with these settings, and return the drill, which a notebook shows."""
        prompts = self.settings.get("prompts") if isinstance(self.settings, dict) else None
        self._last = serve(self.settings, prompts)
        return self

    @property
    def outputs(self) -> "list[RequestOutput]":
        """What the last run gave, in the order of the prompts; empty before it."""
        return self._last.outputs if self._last else []

    @property
    def log(self) -> str:
        """What the last run wrote."""
        return written(self._last, self._case.noise) if self._last else ""

    @property
    def film(self) -> Film:
        """What the engine did in the last run."""
        return self._last.film if self._last else Film()

    @property
    def error(self) -> str | None:
        """Why the last run failed, in one line, or None."""
        return self._last.error if self._last else None

    def judge(self) -> str:
        """Run the service anew, for its own users and for others of their kind.

        Returns:
            "" where it does what it should, or else the hint that fits.
        """
        said_fine = isinstance(self.verdict, str) and self.verdict.strip().lower().rstrip(".!") == FINE
        if self._case.fine:
            return self._judge_fine(said_fine)
        if said_fine:
            return f"Something is wrong here. {self._case.look}"
        return self._judge_runs()

    def _judge_fine(self, said_fine: bool) -> str:
        if repr(self.settings) != repr(as_it_was(self._case)):
            return f"You changed settings that were right. drill({self.number!r}) makes them anew. {self._case.look}"
        return "" if said_fine else f'{self._case.look} Change what is wrong, or set the verdict to "{FINE}".'

    def _judge_runs(self) -> str:
        for prompts, where in ((self._case.prompts, ""), (self._case.hidden, "With other prompts of this kind: ")):
            run = serve(self.settings, prompts)
            hint = self._hint(run) if self._works(run) else f"The service ends with {_reason(run)}"
            if hint:
                return where + hint
        return ""

    def _hint(self, run: Run) -> str:
        return same_service(run, as_it_was(self._case)) or self._case.judge(run)

    def _works(self, run: Run) -> bool:
        return run.error is None and (self._case.may_fail or len(run.outputs) == len(run.prompts))

    def __repr__(self) -> str:
        """Show story, settings and the last run as text."""
        return "\n\n".join([f"Drill {self.number}: {self.story}", *(text for _, text in self._parts())])

    def _repr_html_(self) -> str:
        parts = (f"<p>{name}</p><pre>{html.escape(text)}</pre>" for name, text in self._parts())
        return f"<p><b>Drill {self.number}</b></p><p>{html.escape(self.story)}</p>{''.join(parts)}"

    def _parts(self) -> list[tuple[str, str]]:
        settings = pprint.pformat(_shortened(self.settings), width=WIDTH, sort_dicts=False)
        parts = [("Settings", settings)]
        if self._last:
            parts.append(("Last run", self.error or f"{self.log}\n{self.film!r}"))
        return [*parts, ("Verdict", self.verdict)] if isinstance(self.verdict, str) else parts


def _shortened(value: Any) -> Any:
    """Return settings as they are shown: of a long text only its beginning, and how long it is."""
    if isinstance(value, dict):
        return {name: _shortened(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_shortened(part) for part in value]
    long = isinstance(value, str) and len(value) > MOST_SHOWN
    return f"{value[:WIDTH]}… ({len(value):,} characters)" if long else value


def _reason(run: Run) -> str:
    return run.error or next(answer for answer in run.answers if isinstance(answer, str))


def as_it_was(case: Case) -> dict[str, Any]:
    """Return the settings of an untouched drill."""
    return copy.deepcopy(SETTINGS | case.settings | {"prompts": case.prompts})


def trouble(answer: Any, number: str) -> str:
    """Return why an answer to an exercise is not this drill, mended; "" when it is.

    Args:
        answer: What a learner gave to `check`.
        number: The drill that the exercise asks for.

    Example:
        def texts_stop_early(answer):
            hint = trouble(answer, "07.1")
            require(not hint, hint)
    """
    if not isinstance(answer, Drill):
        return f"Give the drill itself: what drill({number!r}) returns, with your changes to its settings."
    if answer.number != number:
        return f"This is drill {answer.number}. The exercise asks for drill({number!r})."
    return answer.judge()
