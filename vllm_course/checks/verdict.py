"""How a check says no: `require` ends it with the hint that fits."""


class NotYet(Exception):
    """Raised by `require`: the answer lacks a property, and the message is the hint that fits."""


def require(condition: bool, hint_that_fits: str) -> None:
    """Go on when the condition holds; otherwise end the check with this hint.

    Raises:
        NotYet: The condition does not hold.
    """
    if not condition:
        raise NotYet(hint_that_fits)
