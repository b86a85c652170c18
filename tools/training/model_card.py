"""Writes the model card (README.md) and the checksums of a model folder."""

import hashlib
import json
from collections import Counter
from pathlib import Path

from tools.training.corpus import KINDS, Document
from tools.training.evaluate import Row, table

ENGINE_FILES = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
CHAT_TEMPLATE = "chat_template.jinja"

CARD = """---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
---

# {name}

{intro}
It completes English text: it is not trained to follow instructions or to chat. It is made for lessons about inference:
small, quick on a CPU, free of downloads, and with sampling parameters that visibly matter.

## Use

```python
import os

os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # one process: starts faster, and a script needs no main guard

from vllm import LLM, SamplingParams

llm = LLM(model="models/{name}", dtype="float32", kv_cache_memory_bytes=128 * 2**20, enforce_eager=True)
output = llm.generate(["The capital of France is"], SamplingParams(temperature=0, max_tokens=32))[0]
print(output.outputs[0].text)
```

Every prompt begins with `<s>` (the tokenizer adds it) and a text ends with `</s>`. `generation_config.json` carries
defaults that differ from vLLM's own: temperature 0.7, top_k 40, top_p 0.9.

## Model

| property | value |
|---|---|
| architecture | Llama (`LlamaForCausalLM`), tied embeddings, heads of 64 |
| parameters | {parameters:,} |
| layers, width, feed-forward | {layers}, {hidden}, {feed_forward} |
| heads, key-value heads | {heads}, {kv_heads} |
| positions | 1,024 |
| vocabulary | 2,048, byte-level BPE, trained on the same corpus, shared by all pocket models |
| weights | trained in float32, stored in bfloat16 |

## Training

{steps:,} steps of {sequences} sequences of 1,024 tokens, each sequence filled with whole documents: {tokens_seen:,}
tokens, about {epochs:.1f} times the training part, or {petaflops:.2f} * 10^15 floating-point operations. AdamW with a
peak rate of {learning_rate:g}, {warm_up} steps of warm-up, then a cosine; seed {seed}. No GPU is needed.
`python -m tools.training.build_models --only {name}` rebuilds it.

## Corpus

{corpus_tokens:,} tokens for training and {held_out_tokens:,} held out, all written by the generator in
`tools/training/corpus` from templates and tables; no third-party text. A text that is held out never occurs in the
training part: it is a new combination of known parts.

| kind | documents | characters |
|---|---|---|
{kinds}

## Measured

With `python -m tools.training.evaluate models/{name}`: vLLM, float32, the rounded weights. A word is real when
the corpus contains it. The greedy story follows "Once upon a time"; its length is measured up to 1,000 tokens, its
repetition in the first 400. Seeds are 0 to 7.

{table}

## Limits

- It invents names, places and events, and it sounds sure when it is wrong. Do not use it as a source of facts.
- It knows nothing beyond the corpus: {countries} capitals, some facts of nature and of computing, template stories.
- It writes template English and has no other language. Prompts far from the corpus give fluent nonsense.
- It has no instructions, no chat and no tools, and it does not calculate reliably.

## Licence

Apache-2.0, weights and corpus alike.
"""
INTROS = {
    "pocket-base": "A small language model that was trained from nothing for this course.",
    "pocket-base-mini": (
        "The little sister of `pocket-base`: the same corpus and tokenizer, far fewer parameters, visibly worse."
    ),
}


def write_card(folder: Path, *, documents: list[Document], rows: list[Row]) -> None:
    """Writes README.md from training.json, the corpus and the measured rows.

    Args:
        folder: Model folder with the training.json that ``tools.training.train`` writes.
        documents: The corpus that the model was trained on.
        rows: Output of ``tools.training.evaluate.evaluate``.
    """
    from tools.training.corpus.countries import CAPITALS

    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    flat = facts | facts.pop("training") | facts.pop("shape")
    card = CARD.format(
        **flat,
        intro=INTROS[flat["name"]],
        epochs=flat["tokens_seen"] / flat["corpus_tokens"],
        petaflops=6 * flat["parameters"] * flat["tokens_seen"] / 1e15,
        kinds=_kinds(documents),
        countries=len(CAPITALS),
        table=table(rows),
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def write_checksums(folder: Path) -> None:
    """Writes SHA256SUMS over the files that an engine reads, in the format of ``sha256sum -c``."""
    names = [name for name in (*ENGINE_FILES, CHAT_TEMPLATE) if (folder / name).is_file()]
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def _kinds(documents: list[Document]) -> str:
    count, size = Counter(), Counter()
    for document in documents:
        count[document.kind] += 1
        size[document.kind] += len(document.text)
    return "\n".join(f"| {kind} | {count[kind]:,} | {size[kind]:,} |" for kind in KINDS)
