"""Numbers for generated texts: how varied they are, how likely the model held them, how much they repeat themselves.

No number knows whether a text is good. These tell what a parameter changed, which is what a sweep is for.
"""

import re
from collections.abc import Iterable, Sequence

import pandas as pd

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words(text: str) -> list[str]:
    """Return the words of a text in small letters, without punctuation.

    Example:
        >>> words("It's late, Anna. It's LATE!")
        ["it's", 'late', 'anna', "it's", 'late']
    """
    return WORD.findall(text.lower())


def distinct_n(texts: str | Iterable[str], n: int = 2) -> float:
    """Return the share of different n-grams (n words in a row) among all n-grams of one or more texts.

    Over several texts it measures how much they differ from each other; over one text, how little it repeats itself.
    Longer texts have lower values, since words come back: compare texts of similar length.

    Args:
        texts: One text, or several that are counted together. No n-gram reaches from one text into the next.
        n: Words in a row, at least 1. 1 measures the vocabulary, 2 and 3 turns of phrase.

    Returns:
        From near 0, always the same, to 1, never the same twice; nan when no text has n words.

    Raises:
        ValueError: n is below 1.

    Example:
        >>> distinct_n(["the cat sat", "the cat ran"], n=2)  # the cat, cat sat, the cat, cat ran
        0.75
        >>> distinct_n("round and round and round", n=2)  # round and, and round, round and, and round
        0.5

    Source:
        Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models", section 5.2.
    """
    if n < 1:
        raise ValueError(f"n must be >= 1, got {n}. Use 2 for pairs of words.")
    ngrams = [ngram for text in _as_list(texts) for ngram in _ngrams(words(text), n)]
    return len(set(ngrams)) / len(ngrams) if ngrams else float("nan")


def summarize(frame: pd.DataFrame, by: str | Sequence[str], *, n: int = 2) -> pd.DataFrame:
    """Return one row a setting of a sweep: diversity, mean log probability, length, and how many texts ended.

    Args:
        frame: What `vllm_course.sweep` returns, with columns `text`, `tokens`, `logprob` and `finish_reason`.
        by: The swept parameter, or several.
        n: As in `distinct_n`.

    Returns:
        Columns: the swept parameters, then `diversity` (`distinct_n` over all texts of the setting), `repetition`
        (mean of 1 - `distinct_n` of each text alone), `mean_logprob` (log probability a token, natural logarithm),
        `tokens` (mean) and `ended` (share of texts that ended by themselves, finish reason "stop").

    Example:
        >>> rows = [("a b c", 4, -2.0, "stop"), ("a b d", 4, -6.0, "length")]
        >>> frame = pd.DataFrame(rows, columns=["text", "tokens", "logprob", "finish_reason"]).assign(top_k=1)
        >>> summarize(frame, "top_k").to_dict("records")
        [{'top_k': 1, 'diversity': 0.75, 'repetition': 0.0, 'mean_logprob': -1.0, 'tokens': 4.0, 'ended': 0.5}]
    """
    keys = [by] if isinstance(by, str) else list(by)
    measured = frame.assign(
        repetition=[1 - distinct_n(text, n) for text in frame["text"]],
        mean_logprob=frame["logprob"] / frame["tokens"],
        ended=frame["finish_reason"].eq("stop"),
    )
    groups = measured.groupby(keys)
    table = groups[["repetition", "mean_logprob", "tokens", "ended"]].mean()
    table.insert(0, "diversity", groups["text"].apply(lambda texts: distinct_n(texts, n)))
    return table.reset_index()


def _as_list(texts: str | Iterable[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)


def _ngrams(found: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(found[i : i + n]) for i in range(len(found) - n + 1)]
