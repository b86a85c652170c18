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


def endless_list() -> list:
    """Return a list that holds itself."""
    endless = []
    endless.append(endless)
    return endless
