"""Answers that no learner means, and that must end no check with an error."""


class Hostile:
    """An answer on which everything that a check may do fails."""

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = None

    def __len__(self):
        raise RuntimeError("no length")

    def __getattr__(self, name):
        raise RuntimeError(f"no {name}")


class Agreeing:
    """An answer that is equal to whatever it is compared with."""

    def __eq__(self, other):
        return True

    __hash__ = object.__hash__


class AgreeingText(str):
    """A text that is equal to every other text, and to nothing else."""

    def __eq__(self, other):
        return isinstance(other, str)

    __hash__ = str.__hash__


class Bare(BaseException):
    """An exception that no `except Exception` holds."""


class Interrupting(KeyboardInterrupt):
    """No Ctrl-C: that raises KeyboardInterrupt itself."""


def raising(error: BaseException):
    """Return a function that takes anything and raises this."""

    def fail(*args, **keywords):
        raise error

    return fail


def endless_list() -> list:
    """Return a list that holds itself."""
    endless = []
    endless.append(endless)
    return endless
