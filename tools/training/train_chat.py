"""Trains pocket-chat on conversations; the loss counts what the assistant says."""

import argparse
import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from tools.training.chat_tokenizer import END, save_chat_tokenizer, train_chat_tokenizer
from tools.training.conversations import build_conversations
from tools.training.conversations.encoding import Row, batches, collate, encode, render
from tools.training.fitting import Schedule, fit, mean_loss
from tools.training.tokenizer import EOS
from tools.training.train import GENERATION, Shape, new_model, save_model

NAME = "pocket-chat"
SHAPE = Shape(hidden=256, feed_forward=768, layers=4, heads=4, kv_heads=4, steps=0)
FOR_TOKENIZER = 30_000
HELD_OUT = 1000


@dataclass(frozen=True)
class ChatTraining(Schedule):
    """How pocket-chat is trained: once over so many conversations, about so many tokens in a step."""

    learning_rate: float = 2.5e-3
    warm_up: int = 200
    conversations: int = 130_000
    batch_tokens: int = 4096


def build_chat_model(folder: Path, *, conversations: int, limit: int | None = None) -> None:
    """Writes the conversations, trains tokenizer and model, and saves them with a training.json.

    Args:
        folder: Where the model is written; it holds a loadable checkpoint during the training.
        conversations: How many, >= 1.
        limit: Optimizer steps for a trial; None for one pass over all conversations.
    """
    texts = render(build_conversations(count=conversations))
    tokenizer = train_chat_tokenizer(texts[:FOR_TOKENIZER])
    rows = encode(texts, tokenizer)
    chosen = batches(rows, random.Random(0), tokens=ChatTraining.batch_tokens)
    training = ChatTraining(steps=limit or len(chosen), conversations=conversations)
    torch.manual_seed(training.seed)
    model = new_model(SHAPE, tokenizer)
    model.config.eos_token_id = tokenizer.token_to_id(END)
    print(
        f"{NAME}: {model.num_parameters():,} parameters, {len(rows):,} conversations, {training.steps} steps",
        flush=True,
    )
    fit(model, collate(rows, chosen), training, save=lambda current: save(current, tokenizer, folder), reduced=True)
    save(model, tokenizer, folder)
    facts = _facts(model, tokenizer, rows, training)
    (folder / "training.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def save(model: LlamaForCausalLM, tokenizer: Tokenizer, folder: Path) -> None:
    """Writes a folder that vLLM loads and talks to."""
    save_model(model, tokenizer, folder)
    save_chat_tokenizer(tokenizer, folder)
    ends = {
        "bos_token_id": model.config.bos_token_id,
        "eos_token_id": [tokenizer.token_to_id(END), tokenizer.token_to_id(EOS)],
    }
    (folder / "generation_config.json").write_text(json.dumps(ends | GENERATION, indent=2) + "\n", encoding="utf-8")


def held_out_loss(model: LlamaForCausalLM, tokenizer: Tokenizer) -> float:
    """Loss in nats per token that counts, over conversations of another seed."""
    rows = encode(render(build_conversations(seed=1, count=HELD_OUT)), tokenizer)
    groups = batches(rows, random.Random(0), tokens=ChatTraining.batch_tokens)
    return mean_loss(model, collate(rows, groups))


def _facts(model: LlamaForCausalLM, tokenizer: Tokenizer, rows: list[Row], training: ChatTraining) -> dict:
    return {
        "name": NAME,
        "parameters": model.num_parameters(),
        "corpus_tokens": sum(len(row.ids) for row in rows),
        "counted_tokens": int(sum(row.counts.sum() for row in rows)),
        "training": asdict(training),
        "shape": asdict(SHAPE),
        "held_out_loss": held_out_loss(model, tokenizer),
    }


def main() -> None:
    """Trains pocket-chat from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.training.train_chat", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument(
        "--conversations", type=int, default=ChatTraining.conversations, help="how many, >= 1 (default: %(default)s)"
    )
    parser.add_argument("--steps", type=int, help="optimizer steps, for a trial (default: one pass)")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    build_chat_model(options.out, conversations=options.conversations, limit=options.steps)


if __name__ == "__main__":
    main()
