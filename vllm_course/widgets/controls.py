"""The controls of the playground: one for each sampling parameter, with vLLM's name."""

from typing import Any

import ipywidgets as widgets

from vllm_course.errors import CourseError

WIDE = widgets.Layout(width="auto")
STYLE = {"description_width": "9.5em"}
# Name, beginning, largest value. All begin where they change nothing, except top_p, whose neutral value is its end.
# The smallest value is 0 also where vLLM refuses it: its rule then appears.
RATIOS = {
    "temperature": (1.0, 2.0),
    "top_p": (1.0, 1.0),
    "min_p": (0.0, 1.0),
    "repetition_penalty": (1.0, 2.0),
}
PENALTIES = ("presence_penalty", "frequency_penalty")  # -2 to 2
COUNTS = {"top_k": (0, 0, 100), "max_tokens": (24, 1, None), "n": (1, 1, 8)}  # beginning, smallest, largest
LARGEST_SEED = 2**31 - 1
ORDER = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", *PENALTIES, "max_tokens", "n", "seed")


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
    made = {name: _ratio(name, value, 0.0, high) for name, (value, high) in RATIOS.items()}
    made |= {name: _ratio(name, 0.0, -2.0, 2.0) for name in PENALTIES}
    made |= {name: _count(name, value, low, high or longest) for name, (value, low, high) in COUNTS.items()}
    made["seed"] = widgets.BoundedIntText(min=-1, max=LARGEST_SEED, description="seed", style=STYLE, layout=WIDE)
    made["seed"].tooltip = "-1: other texts each time"
    for name, value in start.items():
        _begin(made, name, value)
    return {name: made[name] for name in ORDER}


def _begin(made: dict[str, widgets.Widget], name: str, value: Any) -> None:
    if name not in made:
        raise CourseError(f"a control must be one of {', '.join(ORDER)}, got {name!r}. Leave it out.")
    control = made[name]
    if not isinstance(value, int | float) or not control.min <= value <= control.max:
        raise CourseError(f"{name} must be a number from {control.min:g} to {control.max:g}, got {value!r}.")
    control.value = value


def _ratio(name: str, value: float, low: float, high: float) -> widgets.FloatSlider:
    step = 0.01 if high == 1.0 else 0.05
    return widgets.FloatSlider(
        value=value, min=low, max=high, step=step, description=name, readout_format=".2f", style=STYLE, layout=WIDE
    )


def _count(name: str, value: int, low: int, high: int) -> widgets.IntSlider:
    return widgets.IntSlider(value=value, min=low, max=high, description=name, style=STYLE, layout=WIDE)
