"""Trains one pocket model on the corpus: a small Llama with tied embeddings, in float32, saved as bfloat16."""

import argparse
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

from tools.corpus import Document, build_corpus
from tools.corpus.packing import IGNORE, pack, split
from tools.tokenizer import BOS, CONTEXT, EOS, save_tokenizer, train_tokenizer


@dataclass(frozen=True)
class Shape:
    """Size of a model; every width is a multiple of 128 so that it can be quantised to four bits in groups."""

    hidden: int
    feed_forward: int
    layers: int
    heads: int
    kv_heads: int
    steps: int


SHAPES = {
    "pocket-base": Shape(hidden=256, feed_forward=768, layers=4, heads=4, kv_heads=2, steps=1500),
    "pocket-base-mini": Shape(hidden=128, feed_forward=384, layers=2, heads=2, kv_heads=2, steps=1600),
}
GENERATION = {"do_sample": True, "temperature": 0.7, "top_k": 40, "top_p": 0.9}


@dataclass(frozen=True)
class Training:
    """How a model is trained."""

    steps: int
    sequences: int = 4
    learning_rate: float = 3e-3
    warm_up: int = 100
    weight_decay: float = 0.05
    seed: int = 0
    save_seconds: float = 240.0


def new_model(shape: Shape, tokenizer: Tokenizer) -> LlamaForCausalLM:
    """Builds an untrained model with heads of 64 and ``CONTEXT`` positions."""
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=shape.hidden,
        intermediate_size=shape.feed_forward,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=64,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.token_to_id(BOS),
        eos_token_id=tokenizer.token_to_id(EOS),
        attn_implementation="sdpa",
    )
    return LlamaForCausalLM(config)


def encode(texts: list[str], tokenizer: Tokenizer) -> torch.Tensor:
    """Turns each text into ``<s> text </s>`` and packs them into rows of ``CONTEXT`` + 1 tokens."""
    end = tokenizer.token_to_id(EOS)
    documents = [encoding.ids + [end] for encoding in tokenizer.encode_batch(texts)]
    return torch.tensor(pack(documents, length=CONTEXT + 1), dtype=torch.long)


def loss_of(model: LlamaForCausalLM, rows: torch.Tensor) -> torch.Tensor:
    """Mean cross entropy in nats per real token of some packed sequences."""
    inputs, targets = rows[:, :-1].clamp(min=0), rows[:, 1:]
    logits = model(input_ids=inputs, use_cache=False).logits
    return cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORE)


@torch.no_grad()
def held_out_loss(model: LlamaForCausalLM, rows: torch.Tensor, *, sequences: int = 4) -> float:
    """Mean loss in nats per token over all held-out sequences; its exponential is the perplexity."""
    model.eval()
    total, count = 0.0, 0
    for batch in rows.split(sequences):
        tokens = int((batch[:, 1:] != IGNORE).sum())
        total, count = total + loss_of(model, batch).item() * tokens, count + tokens
    model.train()
    return total / count


def learning_rate(step: int, training: Training) -> float:
    """Linear warm-up, then half a cosine down to a twentieth of the peak."""
    if step < training.warm_up:
        return training.learning_rate * (step + 1) / training.warm_up
    done = (step - training.warm_up) / max(1, training.steps - training.warm_up)
    return training.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))


def train(
    model: LlamaForCausalLM, rows: torch.Tensor, training: Training, *, save: Callable[[LlamaForCausalLM], None]
) -> None:
    """Runs AdamW over the packed sequences.

    Args:
        model: Changed in place.
        rows: Output of ``encode``.
        training: Steps, batch and rates.
        save: Called with the model every ``training.save_seconds``, so that a checkpoint can be tried early.
    """
    optimizer = torch.optim.AdamW(_groups(model, training), lr=training.learning_rate, betas=(0.9, 0.95), fused=True)
    batches, saved, start, seen = _batches(rows, training), time.time(), time.time(), 0
    for step in range(training.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, training)
        batch = next(batches)
        loss = loss_of(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += int((batch != IGNORE).sum())
        if step % 20 == 0:
            speed = seen / (time.time() - start)
            print(f"step {step:5} loss {loss.item():.3f} tokens {seen:,} per second {speed:,.0f}", flush=True)
        if time.time() - saved > training.save_seconds:
            save(model)
            saved = time.time()


def _groups(model: LlamaForCausalLM, training: Training) -> list[dict]:
    decayed = [weight for weight in model.parameters() if weight.dim() > 1]
    other = [weight for weight in model.parameters() if weight.dim() <= 1]
    return [{"params": decayed, "weight_decay": training.weight_decay}, {"params": other, "weight_decay": 0.0}]


def _batches(rows: torch.Tensor, training: Training) -> Iterator[torch.Tensor]:
    order = torch.Generator().manual_seed(training.seed)
    while True:
        for batch in torch.randperm(len(rows), generator=order).split(training.sequences):
            yield rows[batch]


def save_model(model: LlamaForCausalLM, tokenizer: Tokenizer, folder: Path) -> None:
    """Writes a folder that vLLM loads; it is complete before it takes the place of an older one.

    The weights are rounded to bfloat16, which halves the file; ``model`` itself keeps its float32 weights.
    """
    draft = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    logging.disable_progress_bar()
    rounded = LlamaForCausalLM(model.config)
    rounded.load_state_dict(model.state_dict())
    rounded.to(torch.bfloat16).save_pretrained(draft)
    save_tokenizer(tokenizer, draft)
    ids = {"bos_token_id": model.config.bos_token_id, "eos_token_id": model.config.eos_token_id}
    (draft / "generation_config.json").write_text(json.dumps(ids | GENERATION, indent=2) + "\n", encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    for file in draft.iterdir():
        file.chmod(0o644)
        os.replace(file, folder / file.name)
    draft.rmdir()


def build_model(
    name: str, folder: Path, *, documents: list[Document], tokenizer: Tokenizer, training: Training
) -> None:
    """Trains a model and saves it, with a training.json that tells its model card how.

    Args:
        name: Key of ``SHAPES``.
        folder: Where the model is written; it holds a loadable checkpoint during the training.
        documents: The corpus, both parts.
        tokenizer: The shared tokenizer.
        training: Steps, batch and rates.
    """
    torch.manual_seed(training.seed)
    fitting, kept = split(documents)
    rows, held = encode(fitting, tokenizer), encode(kept, tokenizer)
    model = new_model(SHAPES[name], tokenizer)
    print(f"{name}: {model.num_parameters():,} parameters, {len(rows):,} sequences, {len(held):,} held out", flush=True)
    train(model, rows, training, save=lambda current: save_model(current, tokenizer, folder))
    save_model(model, tokenizer, folder)
    tokens = int((rows != IGNORE).sum())
    facts = {
        "name": name,
        "parameters": model.num_parameters(),
        "corpus_tokens": tokens,
        "held_out_tokens": int((held != IGNORE).sum()),
        "tokens_seen": round(training.steps * training.sequences * tokens / len(rows)),
        "training": asdict(training),
        "shape": asdict(SHAPES[name]),
        "held_out_loss": held_out_loss(model, held),
    }
    (folder / "training.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Trains one model from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.train", description=__doc__)
    parser.add_argument("name", choices=list(SHAPES), help="which model to train")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--steps", type=int, help="optimizer steps, >= 1 (default: the model's own)")
    parser.add_argument("--sequences", type=int, default=4, help="sequences of 1,024 tokens in a step (default: 4)")
    parser.add_argument("--learning-rate", type=float, default=3e-3, help="peak of the schedule (default: 3e-3)")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    documents = build_corpus()
    steps = options.steps or SHAPES[options.name].steps
    training = Training(steps=steps, sequences=options.sequences, learning_rate=options.learning_rate)
    tokenizer = train_tokenizer(split(documents)[0])
    build_model(options.name, options.out, documents=documents, tokenizer=tokenizer, training=training)


if __name__ == "__main__":
    main()
