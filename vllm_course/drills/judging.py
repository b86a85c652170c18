"""What a mended service must do: each function reads the answers of a run and returns "" or the hint that fits."""

from collections.abc import Iterator
from typing import Any

from vllm_course.drills.service import SETTINGS, Run, preemptions, serve, times

EACH = 40  # tokens that each user of 07.9 gets
ENDS = (".", "!", "?", '"')  # of a sentence
LONGEST_PROMPT = 4_000  # characters; what is longer has more tokens than pocket-base has positions


def same_service(run: Run, settings: dict[str, Any]) -> str:
    """The model is the same, and it reads what users write: whole, and alone where the service adds nothing itself.

    Args:
        run: The run.
        settings: Those of the untouched drill.
    """
    model = settings["engine"]["model"]
    if run.model != model:
        return f"Users must be answered by {model}, not by {run.model}. The trouble is not the model's."
    for prompt, read in zip(run.prompts, run.read, strict=True):
        changed = prompt not in read or (settings["template"] == "{prompt}" and read != prompt)
        if changed and read and len(prompt) < LONGEST_PROMPT:
            return f"A user writes {prompt!r:.80} and the model reads {read!r:.80}. Leave prompts as they are."
    return ""


def ends_by_itself(run: Run) -> str:
    """Every text ends where the model ends it."""
    for text in _texts(run):
        if text.finish_reason == "length":
            count = len(text.token_ids)
            return f"A text ends after {count} tokens with finish_reason 'length'. Who set that limit?"
        if text.stop_reason is not None:
            return f"A text is cut at {text.stop_reason!r}, which is not the model's own end. Let it end by itself."
        if not text.text.rstrip().endswith(ENDS):
            return f"A text ends in the middle of a sentence: {text.text!r}. Let the model end it."
    return ""


def one_answer(run: Run, whole: dict[str, Any]) -> str:
    """Each text is one answer, and no shorter than the one that the settings `whole` give."""
    for text, wanted in zip(_texts(run), _written(run, whole), strict=False):
        answer, wanted = text.text.strip(), wanted.strip()
        if "Question" in answer or "\n" in answer:
            return "An answer is followed by something else. Compare stop with repr(text), letter by letter."
        if text.finish_reason == "length":
            return "max_tokens cuts an answer. It fits some answers; a stop string ends each one where it ends."
        if not answer.endswith(".") or (wanted != answer and wanted.startswith(answer)):
            return f"An answer lost its end: {text.text!r}. The stop string comes too early."
    return ""


def as_recommended(run: Run) -> str:
    """The texts are those that the model's own defaults give, with the story's seed."""
    same = {"params": {"seed": 3, "max_tokens": 60}, "defaults": "model"}
    wanted, found = _written(run, same), [text.text for text in _texts(run)]
    if found == wanted:
        return ""
    if found == _written(run, {"params": {"temperature": 0, "max_tokens": 60}}):
        return "Temperature 0 hides it: no odd words, but the same text for every seed. What does the model's card say?"
    other = next((pair for pair in zip(found, wanted, strict=False) if pair[0] != pair[1]), (found, wanted))
    return f"The partner's service writes {other[1]!r}, this one {other[0]!r}. Which parameters are vLLM's own?"


def cached_and_dated(run: Run, rules: str) -> str:
    """From the second prompt on the rules come out of the prefix cache, and each prompt says when it came."""
    for output, prompt, time in zip(run.outputs, run.prompts, times(run.prompts), strict=False):
        if rules not in output.prompt or prompt not in output.prompt:
            return "The model must get all rules and what the user wrote. Only their order is yours."
        if time not in output.prompt:
            return "Each prompt must say when it came: keep {time} in the template. Where does it do no harm?"
    for output in run.outputs[1:]:
        computed = len(output.prompt_token_ids) - output.num_cached_tokens
        if computed > run.block + 60:
            return f"{computed} tokens of a prompt are computed anew. Blocks are shared up to the first difference."
    return ""


def others_are_served(run: Run) -> str:
    """One prompt that is too long costs nobody else an answer."""
    for prompt, answer in zip(run.prompts, run.answers, strict=True):
        if isinstance(answer, str) and len(prompt) < LONGEST_PROMPT:
            return f"A user with a short prompt gets {answer}"
    return ""


def in_the_right_form(run: Run, words: dict[str, str]) -> str:
    """Each question gets its answer and nothing after it."""
    for prompt, text in zip(run.prompts, _texts(run), strict=False):
        if words[prompt] not in text.text:
            return (
                f"{prompt!r} is answered with {text.text!r}. Compare output.prompt with what the model was trained on."
            )
        if text.finish_reason != "stop" or "?" in text.text:
            return f"An answer does not end where it should: {text.text!r}. Which token ends a message?"
    return ""


def computed_once(run: Run) -> str:
    """No token is computed twice, all texts are whole, and more than one request runs at a time."""
    steps = run.film.steps()
    computed = int(steps["prefill"].sum() + steps["decode"].sum())
    needed = sum(len(output.prompt_token_ids) + len(output.outputs[0].token_ids) - 1 for output in run.outputs)
    if any(len(text.token_ids) != EACH for text in _texts(run)):
        return f"Each user must get {EACH} tokens. Shorter texts hide that the KV cache has no room for so many."
    if lost := preemptions(run):
        twice = f" The engine computes {computed} tokens where {needed} are needed." if computed > needed else ""
        return f"{lost} preemption(s) with {len(run.prompts)} users.{twice} Who loses its blocks, and why?"
    if steps["running"].max() < 2:
        return "One request at a time computes nothing twice, and lets the last user wait longest. More fit at once."
    return ""


def _texts(run: Run) -> Iterator[Any]:
    return (text for output in run.outputs for text in output.outputs)


def _written(run: Run, settings: dict[str, Any]) -> list[str]:
    """Return the texts that the prompts get with these settings."""
    return [text.text for text in _texts(serve(SETTINGS | settings | {"prompts": run.prompts}, run.prompts))]
