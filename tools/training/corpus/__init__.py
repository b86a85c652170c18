"""Generator of the corpus that the shipped pocket models are trained on.

Every document is written by templates and tables in this package, so the corpus needs no download, carries no
third-party text and is the same on every machine for the same seed.

Example:
    ``python -m tools.training.corpus --out corpus.jsonl`` writes one JSON object (kind, split, text) a line.
"""

from tools.training.corpus.build import KINDS, Document, build_corpus, is_held_out

__all__ = ["KINDS", "Document", "build_corpus", "is_held_out"]
