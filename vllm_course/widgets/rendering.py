"""The playground's chart and text as HTML. Every sign is there twice: a colour, and a word or a line."""

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vllm_course.distribution import Distribution

if TYPE_CHECKING:
    from vllm import CompletionOutput

BOUNDS = (0.5, 0.2, 0.05)  # a token above the first is not tinted, one below the last is tinted most
LEGEND = (
    '<div class="vc-legend">Tint, by the probability that the model gave the token: above 50 % none, '
    '<span class="vc-token vc-p2">20 to 50 %</span>, <span class="vc-token vc-p1">5 to 20 %</span>, '
    '<span class="vc-token vc-p0">below 5 %</span>. Point at a token to see what else it could have been. '
    "A token that ends the text is shown by its name, for example &lt;/s&gt;.</div>"
)


def percent(probability: float) -> str:
    """Write a probability so that small ones can be told from 0.

    Example:
        >>> percent(0.253), percent(0.00004), percent(0)
        ('25.3 %', '<0.1 %', '0.0 %')
    """
    return "<0.1 %" if 0 < probability < 0.001 else f"{100 * probability:.1f} %"


def status(found: Distribution, token: int) -> str:
    """Say whether a token can be drawn: "kept", or for example "cut: top_p"."""
    reason = found.cut_by[token]
    return f"cut: {reason}" if reason else "kept"


def count(completion: "CompletionOutput") -> str:
    """Say how long a completion is, for example "12 tokens"."""
    tokens = len(completion.token_ids)
    return f"{tokens} token" + "s" * (tokens != 1)


def summary(found: Distribution) -> str:
    """Say in one line how open the choice is and what the filters leave."""
    cut = ", ".join(f"{name} cuts {count:,}" for name, count in found.cut.items())
    return f"{found.entropy:.2f} bits, {found.kept:,} of {len(found.own):,} tokens kept" + (f" ({cut})" if cut else "")


def chart(found: Distribution, tokens: Sequence[str], *, context: str, chosen: int | None = None) -> str:
    """Return the next-token chart: a table with a bar in each row.

    Args:
        found: What `distribution` returns.
        tokens: Labels of the first tokens of `found.order`, one row each.
        context: End of the text before the token.
        chosen: Id of the token that was drawn here, None when none was.
    """
    heights = found.heights()
    rows = [
        _row(found, token, label, heights[token], chosen=token == chosen)
        for label, token in zip(tokens, found.order, strict=False)
    ]
    return (
        f'<table><caption>Next token after <q>{html.escape(context)}</q>:<br><b class="vc-entropy">{summary(found)}</b>'
        '</caption><thead><tr><th scope="col">token</th><th scope="col">probability</th>'
        '<th scope="col" class="vc-number">drawn</th><th scope="col" class="vc-status">filter</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def text(completions: "Sequence[CompletionOutput]", *, prompt: str) -> str:
    """Return the completions, each token tinted by its probability, its alternatives in a box that hovering opens.

    Args:
        completions: With `logprobs`.
        prompt: What they continue.
    """
    blocks = []
    for completion in completions:
        tokens = "".join(
            _token(token, entries) for token, entries in zip(completion.token_ids, completion.logprobs, strict=True)
        )
        ended = completion.finish_reason or "not finished"
        title = f"Sample {completion.index}: {count(completion)}, {ended}"
        blocks.append(
            f'<div class="vc-sample-title">{title}</div>'
            f'<div class="vc-sample"><span class="vc-prompt">{html.escape(prompt)}</span>{tokens}</div>'
        )
    return "".join(blocks) + (LEGEND if blocks else "")


def error(message: str) -> str:
    """Return a message that a screen reader speaks when it appears."""
    return f'<div class="vc-error" role="alert">{html.escape(message)}</div>' if message else ""


def _row(found: Distribution, token: int, label: str, height: float, *, chosen: bool) -> str:
    marks = {"vc-is-cut": found.cut_by[token], "vc-chosen": chosen}
    classes = " ".join(name for name, holds in marks.items() if holds)
    taken = ", taken" if chosen else ""
    return (
        f'<tr class="{classes}"><th scope="row">{html.escape(label)}</th>'
        f'<td><span class="vc-bar" style="width:{100 * height:.2f}%"></span></td>'
        f'<td class="vc-number">{percent(found.probabilities[token])}</td>'
        f'<td class="vc-status">{status(found, token)}{taken}</td></tr>'
    )


def _token(token: int, entries: dict) -> str:
    probability = math.exp(entries[token].logprob)
    level = sum(probability >= bound for bound in BOUNDS)
    lines = [
        f"{'→' if i == token else ' '} {entry.decoded_token!r} {percent(math.exp(entry.logprob))}"
        for i, entry in sorted(entries.items(), key=lambda item: -item[1].logprob)
    ]
    alternatives = html.escape("\n".join(lines))
    shown = html.escape(entries[token].decoded_token or "")
    return f'<span class="vc-token vc-p{level}">{shown}<span class="vc-alternatives">{alternatives}</span></span>'
