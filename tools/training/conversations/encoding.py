"""From conversations to batches of tokens, in which what the assistant says counts."""

import random
from collections.abc import Iterator
from typing import NamedTuple

import numpy
import torch
from tokenizers import Tokenizer
from transformers.utils.chat_template_utils import _compile_jinja_template

from tools.training.chat_tokenizer import END, START, TEMPLATE
from tools.training.conversations.build import Conversation
from tools.training.corpus.packing import IGNORE
from tools.training.fitting import Batch
from tools.training.tokenizer import BOS, CONTEXT, EOS

NEIGHBOURS = 4000  # conversations among which those of like length share a batch
AT_ONCE = 5000


class Row(NamedTuple):
    """Token ids of one conversation, and which of them count."""

    ids: numpy.ndarray
    counts: numpy.ndarray


def render(conversations: list[Conversation]) -> list[str]:
    """Writes each conversation as the model's chat template does; plain text gets a beginning and an end."""
    template = _compile_jinja_template(TEMPLATE.read_text(encoding="utf-8"))
    return [
        f"{BOS}{one.text}{EOS}"
        if one.text
        else template.render(messages=one.messages, tools=one.tools or None, bos_token=BOS, add_generation_prompt=False)
        for one in conversations
    ]


def encode(texts: list[str], tokenizer: Tokenizer) -> list[Row]:
    """Turns rendered conversations into rows of at most ``CONTEXT`` + 1 tokens; what is longer is cut."""
    rows = []
    for first in range(0, len(texts), AT_ONCE):
        for encoding in tokenizer.encode_batch(texts[first : first + AT_ONCE], add_special_tokens=False):
            ids = encoding.ids[: CONTEXT + 1]
            rows.append(Row(numpy.array(ids, dtype=numpy.int16), numpy.array(counted(ids, tokenizer))))
    return rows


def counted(ids: list[int], tokenizer: Tokenizer) -> list[bool]:
    """Tells which tokens the assistant says, each answer with its ``<|im_end|>``; of plain text, all."""
    start, end = tokenizer.token_to_id(START), tokenizer.token_to_id(END)
    if start not in ids[:3]:
        return [True] * len(ids)
    head = [start, *tokenizer.encode("assistant\n", add_special_tokens=False).ids]
    counts = [False] * len(ids)
    for place in (place for place, token in enumerate(ids) if token == start):
        if ids[place : place + len(head)] != head:
            continue
        first = place + len(head)
        last = ids.index(end, first) if end in ids[first:] else len(ids) - 1
        counts[first : last + 1] = [True] * (last + 1 - first)
    return counts


def batches(rows: list[Row], rng: random.Random, *, tokens: int) -> list[list[int]]:
    """Groups rows of like length, so that little is padding, each group at most so many tokens with it.

    Args:
        rows: Output of ``encode``.
        rng: Source of the order.
        tokens: Largest size of a batch, padding included; a longer row is a batch of its own.

    Returns:
        Indices into ``rows``, each once, in random order.
    """
    order = list(range(len(rows)))
    rng.shuffle(order)
    groups = []
    for first in range(0, len(order), NEIGHBOURS):
        neighbours = sorted(order[first : first + NEIGHBOURS], key=lambda index: len(rows[index].ids))
        groups += _groups(neighbours, [len(rows[index].ids) for index in neighbours], tokens)
    rng.shuffle(groups)
    return groups


def collate(rows: list[Row], chosen: list[list[int]]) -> Iterator[Batch]:
    """Makes inputs and targets of each group, filled up on the right."""
    for group in chosen:
        shape = (len(group), max(len(rows[index].ids) for index in group))
        ids, targets = torch.zeros(shape, dtype=torch.long), torch.full(shape, IGNORE)
        for line, index in enumerate(group):
            row = torch.from_numpy(rows[index].ids.astype(numpy.int64))
            ids[line, : len(row)] = row
            targets[line, : len(row)] = torch.where(torch.from_numpy(rows[index].counts), row, IGNORE)
        yield ids[:, :-1], targets[:, 1:]


def _groups(indices: list[int], lengths: list[int], tokens: int) -> list[list[int]]:
    groups: list[list[int]] = [[]]
    for index, length in zip(indices, lengths, strict=True):  # lengths rise, so the last row is the longest
        if groups[-1] and length * (len(groups[-1]) + 1) > tokens:
            groups.append([])
        groups[-1].append(index)
    return groups
