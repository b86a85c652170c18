"""Trains one pocket model on the corpus: a small Llama with tied embeddings, in float32, saved as bfloat16."""

import argparse
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

from tools.training.corpus import Document, build_corpus
from tools.training.corpus.packing import IGNORE, pack, split
from tools.training.fitting import Batch, Schedule, fit, mean_loss
from tools.training.tokenizer import BOS, CONTEXT, EOS, save_tokenizer, train_tokenizer


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
class Training(Schedule):
    """How a model that completes text is trained: ``sequences`` of ``CONTEXT`` tokens in a step."""

    sequences: int = 4


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


def _batches(rows: torch.Tensor, training: Training) -> Iterator[Batch]:
    order = torch.Generator().manual_seed(training.seed)
    while True:
        for batch in torch.randperm(len(rows), generator=order).split(training.sequences):
            yield shifted(rows[batch])


def shifted(rows: torch.Tensor) -> Batch:
    """Makes inputs and targets of packed rows."""
    return rows[:, :-1].clamp(min=0), rows[:, 1:]


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
    fit(model, _batches(rows, training), training, save=lambda current: save_model(current, tokenizer, folder))
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
        "held_out_loss": mean_loss(model, map(shifted, held.split(4))),
    }
    (folder / "training.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Trains one model from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.training.train", description=__doc__)
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
