"""The training loop that all pocket models share: AdamW, warm-up, half a cosine."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM

from tools.training.corpus.packing import IGNORE

Batch = tuple[torch.Tensor, torch.Tensor]
"""Token ids and, shifted by one, the targets; both of shape (sequences, tokens), ``IGNORE`` where nothing counts."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a model learns."""

    steps: int
    learning_rate: float = 3e-3
    warm_up: int = 100
    weight_decay: float = 0.05
    seed: int = 0
    save_seconds: float = 240.0


def loss_of(model: LlamaForCausalLM, batch: Batch, *, reduced: bool = False) -> torch.Tensor:
    """Mean cross entropy in nats per target.

    Args:
        model: Gives the logits.
        batch: Ids and targets.
        reduced: Whether matrices are multiplied in bfloat16, which is twice as fast where the processor has it.
    """
    inputs, targets = batch
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=reduced):
        logits = model(input_ids=inputs, use_cache=False).logits
    counted = targets.flatten() != IGNORE
    return cross_entropy(logits.flatten(0, 1)[counted].float(), targets.flatten()[counted])


@torch.no_grad()
def mean_loss(model: LlamaForCausalLM, batches: Iterable[Batch]) -> float:
    """Mean loss in nats per target over all batches; its exponential is the perplexity."""
    model.eval()
    total, count = 0.0, 0
    for batch in batches:
        targets = int((batch[1] != IGNORE).sum())
        total, count = total + loss_of(model, batch).item() * targets, count + targets
    model.train()
    return total / count


def learning_rate(step: int, schedule: Schedule) -> float:
    """Linear warm-up, then half a cosine down to a twentieth of the peak."""
    if step < schedule.warm_up:
        return schedule.learning_rate * (step + 1) / schedule.warm_up
    done = (step - schedule.warm_up) / max(1, schedule.steps - schedule.warm_up)
    return schedule.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))


def fit(
    model: LlamaForCausalLM,
    batches: Iterable[Batch],
    schedule: Schedule,
    *,
    save: Callable[[LlamaForCausalLM], None],
    reduced: bool = False,
) -> None:
    """Runs AdamW over the batches.

    Args:
        model: Changed in place.
        batches: At least ``schedule.steps`` of them.
        schedule: Steps and rates.
        save: Called with the model every ``schedule.save_seconds``, so that a checkpoint can be tried early.
        reduced: As for ``loss_of``.
    """
    optimizer = torch.optim.AdamW(_groups(model, schedule), lr=schedule.learning_rate, betas=(0.9, 0.95), fused=True)
    saved, start, seen = time.time(), time.time(), 0
    for step, batch in zip(range(schedule.steps), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, schedule)
        loss = loss_of(model, batch, reduced=reduced)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += batch[0].numel()
        if step % 20 == 0:
            speed = seen / (time.time() - start)
            print(f"step {step:5} loss {loss.item():.3f} tokens {seen:,} per second {speed:,.0f}", flush=True)
        if time.time() - saved > schedule.save_seconds:
            save(model)
            saved = time.time()


def _groups(model: LlamaForCausalLM, schedule: Schedule) -> list[dict]:
    decayed = [weight for weight in model.parameters() if weight.dim() > 1]
    other = [weight for weight in model.parameters() if weight.dim() <= 1]
    return [{"params": decayed, "weight_decay": schedule.weight_decay}, {"params": other, "weight_decay": 0.0}]
