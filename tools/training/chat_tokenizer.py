"""Trains pocket-chat's tokenizer: byte-level BPE with the tokens that a conversation is marked with."""

import json
import shutil
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from tools.training.tokenizer import BOS, EOS, VOCABULARY, save_tokenizer

START, END = "<|im_start|>", "<|im_end|>"
SPECIAL = [BOS, EOS, START, END]
TOOL_TOKENS = ["<tool_call>", "</tool_call>"]
TEMPLATE = Path(__file__).parent / "conversations" / "chat_template.jinja"
BEFORE_NAME_OR_NUMBER = Regex(r" (?=[A-Z0-9])")


def train_chat_tokenizer(texts: list[str]) -> Tokenizer:
    """Learns the merges, so that what must be copied looks the same everywhere.

    The space before a capital letter or a digit is a token of its own: a name is the same tokens in ``in Tolvo`` and in
    ``"Tolvo"``, and copying it needs no second spelling. Digits are one token each for the same reason.

    Args:
        texts: Rendered conversations; marks in them are left out, since they are tokens already.

    Returns:
        A tokenizer of ``VOCABULARY`` tokens that puts ``<s>`` before a plain prompt.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(BEFORE_NAME_OR_NUMBER, behavior="isolated"),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(TOOL_TOKENS),
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(map(_without_marks, texts), trainer)
    # Not special: they stay in a decoded text, where a tool parser looks for them.
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in TOOL_TOKENS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
    )
    return tokenizer


def save_chat_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Writes the tokenizer, its configuration with ``<|im_end|>`` as end of text, and the chat template."""
    save_tokenizer(tokenizer, folder)
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text(encoding="utf-8")) | {"eos_token": END}
    file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    shutil.copyfile(TEMPLATE, folder / TEMPLATE.name)


def _without_marks(text: str) -> str:
    for token in SPECIAL + TOOL_TOKENS:
        text = text.replace(token, "\n")
    return text
