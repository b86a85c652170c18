"""The likely mistakes in lesson 05's exercises. Each must be refused, with the hint that fits."""

from tests.checks.wrong_answers import Wrong, edit

WRONG = {
    "5.1": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "5.2": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "5.3": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "5.4": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "5.5": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "5.6": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "5.7": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "5.8": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "5.9": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "5.10": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
}
