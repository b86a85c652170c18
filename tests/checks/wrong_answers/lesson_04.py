"""The likely mistakes in lesson 04's exercises. Each must be refused, with the hint that fits."""

from tests.checks.wrong_answers import Wrong, edit

WRONG = {
    "4.1": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "4.2": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "4.3": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "4.4": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "4.5": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "4.6": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "4.7": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "4.8": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "4.9": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "4.10": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
    "4.11": [
        edit("TODO: a mistake in the code", "TODO: the hint", "TODO: the solution", "TODO: with the mistake"),
        Wrong("TODO: a mistake in a value", lambda solved: 0, "TODO: the hint"),
    ],
}
