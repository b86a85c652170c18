"""The checks of lesson 05's exercises. `vllm_course.check` finds them by number."""

from vllm_course.checks import exercise, require


@exercise(
    "5.1",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_5_1(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "5.2",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_5_2(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "5.3",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_5_3(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "5.4",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_5_4(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "5.5",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_5_5(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "5.6",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_5_6(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "5.7",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_5_7(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "5.8",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_5_8(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "5.9",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_5_9(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "5.10",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_5_10(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")
