"""Helper package of the vLLM course: it removes friction and hides nothing that a lesson teaches.

Importing it costs no engine and no pandas: a name's module is imported when the name is used first.
"""

from vllm_course.runtime.interrupting import end_at_once

end_at_once()  # before what follows, which takes a while

import importlib  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

from vllm_course.errors import CourseError  # noqa: E402
from vllm_course.runtime.quiet import set_defaults  # noqa: E402

if TYPE_CHECKING:  # for editors; what runs is __getattr__
    from vllm_course.chat.models import load_chat_model
    from vllm_course.checks import check
    from vllm_course.checks.hints import hint
    from vllm_course.drills.drill import drill
    from vllm_course.film.recording import xray
    from vllm_course.forecasting.asking import compare, predict
    from vllm_course.generation import generate, next_token, sweep
    from vllm_course.memory.chart import plan_chart
    from vllm_course.memory.measuring import measured
    from vllm_course.memory.planning import plan
    from vllm_course.models import engine_args, load_model
    from vllm_course.online.engine import load_async_model
    from vllm_course.plots import plot_next_token, plot_sweep
    from vllm_course.reviewing.quiz import quiz
    from vllm_course.serving.client import server
    from vllm_course.widgets.chat_box import chat_box
    from vllm_course.widgets.checklist import checklist
    from vllm_course.widgets.playground import playground

set_defaults()

__version__ = "0.1.0"

__all__ = [
    "CourseError",
    "chat_box",
    "check",
    "checklist",
    "compare",
    "drill",
    "engine_args",
    "generate",
    "hint",
    "load_async_model",
    "load_chat_model",
    "load_model",
    "measured",
    "next_token",
    "plan",
    "plan_chart",
    "playground",
    "plot_next_token",
    "plot_sweep",
    "predict",
    "quiz",
    "server",
    "sweep",
    "xray",
]
MODULES = {
    "chat_box": "widgets.chat_box",
    "check": "checks",
    "checklist": "widgets.checklist",
    "compare": "forecasting.asking",
    "drill": "drills.drill",
    "engine_args": "models",
    "generate": "generation",
    "hint": "checks.hints",
    "load_async_model": "online.engine",
    "load_chat_model": "chat.models",
    "load_model": "models",
    "measured": "memory.measuring",
    "next_token": "generation",
    "plan": "memory.planning",
    "plan_chart": "memory.chart",
    "playground": "widgets.playground",
    "plot_next_token": "plots",
    "plot_sweep": "plots",
    "predict": "forecasting.asking",
    "quiz": "reviewing.quiz",
    "server": "serving.client",
    "sweep": "generation",
    "xray": "film.recording",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, once."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name also what is not imported yet, for completion."""
    return sorted({*globals(), *MODULES})
