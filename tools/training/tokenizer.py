"""Trains the byte-level BPE tokenizer that all pocket models share."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from tools.training.corpus import build_corpus

VOCABULARY = 2048
BOS, EOS = "<s>", "</s>"
CONTEXT = 1024


def train_tokenizer(texts: Iterable[str], *, vocabulary: int = VOCABULARY) -> Tokenizer:
    """Learns the merges of a byte-level BPE.

    Every byte is a token of its own to begin with, so any text can be encoded and nothing is ever unknown.

    Args:
        texts: The training part of the corpus.
        vocabulary: Number of tokens, at least 258: two special ones, 256 bytes, then merges.

    Returns:
        A tokenizer that puts ``<s>`` before every prompt.

    Raises:
        ValueError: ``vocabulary`` is smaller than 258.
    """
    if vocabulary < 258:
        raise ValueError(f"vocabulary must be >= 258, got {vocabulary}. 256 bytes and two special tokens must fit.")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
    )
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Writes tokenizer.json and tokenizer_config.json, the two files that transformers and vLLM load."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": EOS,
        "model_max_length": CONTEXT,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Trains the tokenizer on the corpus and saves it."""
    parser = argparse.ArgumentParser(prog="python -m tools.training.tokenizer", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for tokenizer.json and tokenizer_config.json")
    parser.add_argument("--vocabulary", type=int, default=VOCABULARY, help=f"number of tokens (default: {VOCABULARY})")
    parser.add_argument("--seed", type=int, default=0, help="seed of the corpus (default: 0)")
    options = parser.parse_args()
    texts = [document.text for document in build_corpus(seed=options.seed) if not document.held_out]
    save_tokenizer(train_tokenizer(texts, vocabulary=options.vocabulary), options.out)
    print(f"{options.vocabulary} tokens written to {options.out}")


if __name__ == "__main__":
    main()
