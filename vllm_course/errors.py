"""The one exception that the course raises for a mistake that a learner can mend."""


class CourseError(Exception):
    """A mistake with a remedy: name, rule, value, what to do.

    A notebook shows its message alone. The stack below it would be the course's own code, and the
    learner's line is the one above the message.
    """

    def _render_traceback_(self) -> list[str]:
        """Tell IPython what to show in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]
