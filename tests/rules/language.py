"""How the course speaks: short sentences, and none of the phrases that sound translated or call a thing easy."""

import re
from pathlib import Path

from tests.rules.markdown import paragraphs
from tests.rules.notebooks import prose, read

MAX_WORDS = 35
UNIT = "completion|exercise|number|prompt|request|row|setting|text|token|turn"
# Only what has no good use in these texts, so that nothing right is refused: "alone" and "behind" have some.
INSTEAD = {
    r"simply|just|obviously": "nothing: what is easy needs no saying",
    r"mend(?:s|ed|ing)?": "fix",
    r"(?:stands?|stood|lies|lay) in(?! for\b)": "is in",
    r"without a word": "without a warning",
    rf"(?:one row|one record|\d+ (?:bytes|tokens|words|seconds)) an? (?:{UNIT})": "per",
}
SENTENCE_END = re.compile(r"(?<=[.!?])[\"”)]*\s+")


def problems(source: str) -> list[str]:
    """Return what a text in Markdown breaks. Inline code counts as one word; headings and code blocks do not count."""
    found = []
    for pieces in paragraphs(source):
        text = "".join("code" if piece.code else piece.text for piece in pieces)
        for sentence in SENTENCE_END.split(text):
            if (length := len(sentence.split())) > MAX_WORDS:
                found.append(f"a sentence must have at most {MAX_WORDS} words, got {length}: {sentence!r}. Split it.")
        for pattern, better in INSTEAD.items():
            found += [f"write {better}, got {m.group()!r}" for m in re.finditer(rf"\b(?:{pattern})\b", text, re.I)]
    return found


def problems_of(path: Path) -> list[str]:
    """Return what a page or a notebook breaks, with the numbers of its cells."""
    if path.suffix == ".md":
        return problems(path.read_text("utf-8"))
    return [f"cell {i}: {problem}" for i, cell in prose(read(path)) for problem in problems(cell.source)]
