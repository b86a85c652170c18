"""Helper package of the vLLM course: it removes friction and hides nothing that a lesson teaches.

Importing it costs no engine: vLLM is imported by the function that needs it first.
"""

from vllm_course.checks import check, hint
from vllm_course.errors import CourseError
from vllm_course.generation import generate, next_token, sweep
from vllm_course.models import engine_args, load_model
from vllm_course.plots import plot_next_token, plot_sweep
from vllm_course.quiet import set_defaults

set_defaults()

__version__ = "0.1.0"

__all__ = [
    "CourseError",
    "check",
    "engine_args",
    "generate",
    "hint",
    "load_model",
    "next_token",
    "plot_next_token",
    "plot_sweep",
    "sweep",
]
