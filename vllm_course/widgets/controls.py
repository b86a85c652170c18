"""The controls of the playground: one for each sampling parameter, with vLLM's name."""

from typing import Any

import ipywidgets as widgets

from vllm_course.errors import CourseError
from vllm_course.parameters import PARAMETERS

WIDE = widgets.Layout(width="auto")
STYLE = {"description_width": "9.5em"}
# Where each begins: where it changes nothing, or at a short text.
BEGIN = {"temperature": 1.0, "top_p": 1.0, "repetition_penalty": 1.0, "max_tokens": 24, "n": 1}
# Where a slider ends before the range does, or the range has no end. The ends of the others are in PARAMETERS.
LARGEST = {"repetition_penalty": 2, "top_k": 100, "n": 8, "seed": 2**31 - 1}
SMALLEST = {"top_k": 0, "seed": -1}
ORDER = [name for name in PARAMETERS if name != "ignore_eos"]


def make_controls(*, longest: int, start: dict[str, Any]) -> dict[str, widgets.Widget]:
    """Make the controls.

    Args:
        longest: Largest max_tokens.
        start: Where controls begin, by name.

    Returns:
        Control by the name of its parameter, in the order in which they are shown.

    Raises:
        CourseError: There is no control of that name, or it cannot show the value.
    """
    made = {name: _control(name, longest) for name in ORDER}
    for name, value in start.items():
        _begin(made, name, value)
    return made


def _begin(made: dict[str, widgets.Widget], name: str, value: Any) -> None:
    if name not in made:
        raise CourseError(f"a control must be one of {', '.join(ORDER)}, got {name!r}. Leave it out.")
    control = made[name]
    if not isinstance(value, int | float) or not control.min <= value <= control.max:
        raise CourseError(f"{name} must be a number from {control.min:g} to {control.max:g}, got {value!r}.")
    control.value = value


def _control(name: str, longest: int) -> widgets.Widget:
    """Make a control over the parameter's range, both ends among it: where vLLM refuses one, its rule appears."""
    kind = PARAMETERS[name].kind
    low = SMALLEST.get(name, kind.low)
    high = longest if name == "max_tokens" else LARGEST.get(name, kind.high)
    shared = {"min": low, "max": high, "description": name, "style": STYLE, "layout": WIDE}
    value = kind.kind(BEGIN.get(name, 0))
    if name == "seed":
        return widgets.BoundedIntText(value=value, tooltip="-1: other texts each time", **shared)
    if kind.kind is int:
        return widgets.IntSlider(value=value, **shared)
    step = 0.01 if high == 1 else 0.05
    return widgets.FloatSlider(value=value, step=step, readout_format=".2f", **shared)
