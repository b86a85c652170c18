"""Builds the shipped models from nothing: corpus, tokenizer, training, evaluation, model card, checksums."""

import argparse
import gc
import sys
import time
from pathlib import Path

import torch

from tools.training.chat_card import write_chat_card
from tools.training.corpus import Document, build_corpus
from tools.training.corpus.packing import split
from tools.training.evaluate import evaluate, load, table
from tools.training.model_card import write_card, write_checksums
from tools.training.tokenizer import train_tokenizer
from tools.training.train import SHAPES, Training, build_model
from tools.training.train_chat import NAME as CHAT
from tools.training.train_chat import ChatTraining, build_chat_model

NAMES = [*SHAPES, CHAT]

EXAMPLES = """examples:
  python -m tools.training.build_models                                           all models into models/
  python -m tools.training.build_models --only pocket-base-mini --steps 50 --out /tmp/trial   a quick trial
"""


def train(names: list[str], out: Path, *, documents: list[Document], steps: int | None) -> None:
    """Trains the models one after the other.

    Args:
        names: Keys of ``SHAPES``, or ``pocket-chat``.
        out: Parent folder.
        documents: The corpus of the models that complete text.
        steps: Optimizer steps for a trial; None for each model's own.
    """
    tokenizer = train_tokenizer(split(documents)[0])
    for name in names:
        start = time.monotonic()
        if name == CHAT:
            build_chat_model(out / name, conversations=ChatTraining.conversations, limit=steps)
        else:
            training = Training(steps=steps or SHAPES[name].steps)
            build_model(name, out / name, documents=documents, tokenizer=tokenizer, training=training)
        print(f"{name} trained in {(time.monotonic() - start) / 60:.0f} minutes", flush=True)


def finish(name: str, folder: Path, *, documents: list[Document]) -> bool:
    """Evaluates a trained model and writes its card and checksums.

    Args:
        name: The model; chooses the targets.
        folder: The model folder.
        documents: The corpus that it was trained on.

    Returns:
        Whether every target was reached.

    Raises:
        FileNotFoundError: The folder has no training.json.
    """
    if not (folder / "training.json").is_file():
        raise FileNotFoundError(f"{folder} must hold training.json for the model card, found none. Train it first.")
    write_checksums(folder)  # first, since a shipped model with other checksums is refused as damaged
    llm = load(folder)
    rows = evaluate(llm, model=name)
    del llm
    gc.collect()
    if name == CHAT:
        write_chat_card(folder, rows=rows)
    else:
        write_card(folder, documents=documents, rows=rows)
    print(f"\n{name}\n\n{table(rows)}\n", flush=True)
    return all(row.passed for row in rows)


def main() -> None:
    """Builds one or all models; the exit status is 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.training.build_models",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", choices=NAMES, help="build this model alone (default: all)")
    parser.add_argument("--out", type=Path, default=Path("models"), help="parent folder (default: models)")
    parser.add_argument("--steps", type=int, help="optimizer steps, >= 1, for a trial (default: the model's own)")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the training (default: 2)")
    parser.add_argument("--card-only", action="store_true", help="do not train: evaluate, write card and checksums")
    options = parser.parse_args()
    if options.steps is not None and options.steps < 1:
        parser.error(f"--steps must be >= 1, got {options.steps}. Leave it out for the full training.")
    torch.set_num_threads(options.threads)
    documents = build_corpus()
    names = [options.only] if options.only else NAMES
    if not options.card_only:
        train(names, options.out, documents=documents, steps=options.steps)
    passed = [finish(name, options.out / name, documents=documents) for name in names]
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
