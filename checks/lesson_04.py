"""The checks of lesson 04's exercises. `vllm_course.check` finds them by number."""

from vllm_course.checks import exercise, require


@exercise(
    "4.1",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_1(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "4.2",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_2(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "4.3",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_3(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "4.4",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_4(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "4.5",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_5(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "4.6",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_6(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "4.7",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_7(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "4.8",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_8(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "4.9",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_9(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "4.10",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_10(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")


@exercise(
    "4.11",
    hints=["TODO: a vague hint", "TODO: a clear hint"],
    concept="TODO.md#section-to-read",
)
def exercise_4_11(answer) -> None:
    """TODO: what a right answer is."""
    require(isinstance(answer, str), "TODO: one require for every property, with the hint that fits the mistake.")
