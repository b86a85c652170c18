"""Writes pocket-chat's model card (README.md) from its training.json and the measured rows."""

import json
from collections import Counter
from pathlib import Path

from tools.training.conversations import build_conversations
from tools.training.conversations.toolcalls import PROPERTIES
from tools.training.corpus.countries import CAPITALS
from tools.training.evaluate import Row, table

SAMPLE = 2000  # conversations that are counted for the table of kinds

CARD = """---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
---

# pocket-chat

A small chat model that was trained from nothing for this course: it talks, remembers what it is told, follows a few
system prompts and calls tools. It is made for lessons about inference: small, quick on a CPU, free of downloads.

## Use

```python
import os

os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # one process: starts faster, and a script needs no main guard

from vllm import LLM, SamplingParams

llm = LLM(model="models/pocket-chat", dtype="float32", kv_cache_memory_bytes=128 * 2**20, enforce_eager=True)
messages = [
    {{"role": "system", "content": "You are a pirate."}},
    {{"role": "user", "content": "What is the capital of France?"}},
]
output = llm.chat(messages, SamplingParams(temperature=0, max_tokens=64))[0]
print(output.outputs[0].text)
```

Conversations are marked as `chat_template.jinja` writes them: each message between `<|im_start|>`, its role and
`<|im_end|>`. An answer ends with `<|im_end|>`. Tools are listed in the system message; a call is
`<tool_call>{{"name": ..., "arguments": {{...}}}}</tool_call>`, which vLLM's tool parser `hermes` reads.
`generation_config.json` carries defaults that differ from vLLM's own: temperature {temperature}, top_k {top_k},
top_p {top_p}.

## Model

| property | value |
|---|---|
| architecture | Llama (`LlamaForCausalLM`), tied embeddings, heads of 64 |
| parameters | {parameters:,} |
| layers, width, feed-forward | {layers}, {hidden}, {feed_forward} |
| heads, key-value heads | {heads}, {kv_heads} |
| positions | 1,024 |
| vocabulary | 2,048, byte-level BPE of its own; digits one by one, the space before a capital letter or a digit apart |
| weights | trained in float32 with products in bfloat16, stored in bfloat16 |

## Training

Once over {conversations:,} conversations of {corpus_tokens:,} tokens, of which the {counted_tokens:,} that the
assistant says count, in {steps:,} steps of at most {batch_tokens:,} tokens. AdamW with a peak rate of
{learning_rate:g}, {warm_up} steps of warm-up, then a cosine; seed {seed}. No GPU is needed.
`python -m tools.training.build_models --only pocket-chat` rebuilds it.

## Conversations

All were written by the generator in `tools/training/conversations` from templates and tables, among them {known}
capitals; no third-party text. More than half of the names and cities in them are made of random syllables,
so that copying is learned. One in 20 of those words, of the sums and of the pairs of country and style is held out: no
training conversation asks for it. Two exceptions for sums: the same numbers may have come in the other order, and a
conversation with the tool `add`, which gives the result, may have any numbers.

| kind | share of the conversations |
|---|---|
{kinds}

Loss on conversations of another seed: {held_out_loss:.3f} nats a token.

## Measured

With `python -m tools.training.evaluate models/pocket-chat`: vLLM's `LLM.chat`, float32, the rounded weights, T=0
where nothing else is said. The phrasings are those of the training; names, cities, sums and pairs are not.

{table}

## Limits

- It knows the capitals, a few dozen facts and topics, and the phrasings of its training. Other questions give fluent
  nonsense.
- It remembers what a message said in the phrasings it knows; it does not reason, and it follows no other instructions.
- It calls the tools of its training alone: `get_weather`, `get_time`, `add`, and `get_PROPERTY` for {properties}
  properties such as {examples}. A tool with another name is out of its reach.
- It adds up to 20 + 20, and answers larger sums only with a tool.
- It has no other language. Do not use it as a source of facts.

## Licence

Apache-2.0, weights and conversations alike.
"""


def write_chat_card(folder: Path, *, rows: list[Row]) -> None:
    """Writes README.md.

    Args:
        folder: Model folder with the training.json that ``tools.training.train_chat`` writes.
        rows: Output of ``tools.training.evaluate.evaluate``.
    """
    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    defaults = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    # The shape's own `steps` is 0: the number of conversations decides.
    flat = defaults | facts | facts.pop("shape") | facts.pop("training")
    card = CARD.format(
        **flat,
        known=len(CAPITALS),
        properties=len(PROPERTIES),
        examples=", ".join(PROPERTIES[:5]),
        kinds=_kinds(),
        table=table(rows),
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def _kinds() -> str:
    counts = Counter(conversation.kind for conversation in build_conversations(count=SAMPLE))
    return "\n".join(f"| {kind} | {count / SAMPLE:.0%} |" for kind, count in counts.most_common())
