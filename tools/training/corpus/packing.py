"""Turns documents into sequences of equal length for the training."""

from tools.training.corpus.build import Document

IGNORE = -100


def split(documents: list[Document]) -> tuple[list[str], list[str]]:
    """Separates the texts for training from the held-out ones."""
    return [d.text for d in documents if not d.held_out], [d.text for d in documents if d.held_out]


def pack(documents: list[list[int]], *, length: int, open_rows: int = 64) -> list[list[int]]:
    """Packs whole documents into rows, so that each row begins at the start of a document.

    Args:
        documents: Token ids of each document, with ``<s>`` and ``</s>``, each at most ``length`` long.
        length: Tokens in a row; one more than the context, because the targets are shifted by one.
        open_rows: How many unfinished rows a document is tried on, >= 1; more means less padding.

    Returns:
        Rows of exactly ``length`` token ids, filled up with ``IGNORE``.

    Raises:
        ValueError: A document is longer than a row.

    Example:
        >>> pack([[0, 5, 1], [0, 6, 1], [0, 7, 8, 1]], length=7)
        [[0, 5, 1, 0, 6, 1, -100], [0, 7, 8, 1, -100, -100, -100]]
    """
    done: list[list[int]] = []
    rows: list[list[int]] = []
    for ids in documents:
        if len(ids) > length:
            raise ValueError(f"a document must have <= {length} tokens, got {len(ids)}. Shorten it in the corpus.")
        target = next((row for row in rows if len(row) + len(ids) <= length), None)
        if target is None:
            rows.append(target := [])
        target.extend(ids)
        if len(rows) > open_rows:
            rows.sort(key=len)
            done.append(rows.pop())
    return [row + [IGNORE] * (length - len(row)) for row in done + rows]
