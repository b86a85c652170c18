"""Command line of the corpus generator."""

import argparse
import json
from collections import Counter
from pathlib import Path

from tools.training.corpus.build import build_corpus


def main() -> None:
    """Writes the corpus to a file and prints how much of each kind it holds."""
    parser = argparse.ArgumentParser(prog="python -m tools.training.corpus", description="Write the corpus, as JSON.")
    parser.add_argument("--out", type=Path, required=True, help="file to write: kind, text, held_out a line")
    parser.add_argument("--seed", type=int, default=0, help="fixes every text (default: 0)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size, > 0 (default: 1.0)")
    options = parser.parse_args()
    documents = build_corpus(seed=options.seed, scale=options.scale)
    with options.out.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(document._asdict(), ensure_ascii=False) + "\n" for document in documents)
    characters = Counter()
    for document in documents:
        characters[document.kind] += len(document.text)
    for kind, count in characters.most_common():
        print(f"{kind:20} {count:>10,} characters")
    print(f"{'all':20} {sum(characters.values()):>10,} characters in {len(documents):,} documents")


if __name__ == "__main__":
    main()
