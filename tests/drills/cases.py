"""What fixes each drill, and what does not: by number, changes of its settings, and for a mistake its hint.

A dict of changes is merged into the settings; `...` takes a name away; "verdict" is the drill's. `tests/drills` tries
the drills that are no exercise, and `tests/checks/wrong_answers/lesson_07.py` those that are.
"""

import copy
from typing import Any

from vllm_course import drill
from vllm_course.drills.cases import RULES
from vllm_course.drills.drill import Drill

EXERCISES = {"7.2": "07.2", "7.4": "07.7", "7.7": "07.9", "7.9": "07.5"}  # exercise: its drill
MIB = 2**20
CHATML = "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
CARD = {"temperature": 0.7, "top_k": 40, "top_p": 0.9}
MINI = {"engine": {"model": "pocket-base-mini"}}
OTHER_MODEL = (MINI, "Users must be answered by pocket-base, not by pocket-base-mini")
FEW_TOKENS = ({"tokenization": {"truncate_prompt_tokens": 3}}, "Leave prompts as they are")
FINE = {"verdict": "nothing is wrong"}
NOT_FINE = (FINE, "Something is wrong here")

REMEDIES: dict[str, list[dict[str, Any]]] = {
    "07.1": [
        {"params": {"max_tokens": 100}},
        {"params": {"max_tokens": None}},
        {"defaults": "model", "params": {"max_tokens": 500, "seed": 1}},
    ],
    "07.2": [
        {"params": {"stop": ["\nQuestion"]}},
        {"params": {"stop": "Question"}},
        {"params": {"stop": ["\n"]}},
        {"params": {"stop": ["\n\n", "Question"]}},
    ],
    "07.3": [{"defaults": "model"}, {"params": CARD}],
    "07.4": [
        {"template": RULES + "\nQuestion: {prompt}\nIt is {time}.\nAnswer:"},
        {"template": RULES + "It is {time}.\nQuestion: {prompt}\nAnswer:"},
    ],
    "07.5": [FINE, {"verdict": "Nothing is wrong."}],
    "07.6": [{"together": False}, {"tokenization": {"truncate_prompt_tokens": 900}}],
    "07.7": [
        {"engine": {"kv_cache_memory_bytes": 16 * MIB}},
        {"engine": {"kv_cache_memory_bytes": ...}},
        {"engine": {"dtype": "bfloat16", "kv_cache_memory_bytes": 4 * MIB}},
    ],
    "07.8": [{"api": "chat", "template": "{prompt}"}, {"template": CHATML}],
    "07.9": [
        {"engine": {"num_gpu_blocks_override": 11}},
        {"engine": {"num_gpu_blocks_override": 40}},
        {"engine": {"max_num_seqs": 2}},
        {"engine": {"block_size": 64}},
    ],
}
MISTAKES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "07.1": [
        ({}, "A text ends after 16 tokens with finish_reason 'length'"),
        ({"params": {"max_tokens": 30}}, "With other prompts of this kind: A text ends after 30 tokens"),
        ({"params": {"max_tokens": 100, "stop": ["."]}}, "A text is cut at '.'"),
        ({"params": {"max_tokens": 100, "ignore_eos": True}}, "A text ends after 100 tokens"),
        ({"params": {"logit_bias": {1: 100}}}, "A text ends in the middle of a sentence: ''"),
        ({"together": False, "template": "the fox " * 600 + "{prompt}"}, "The service ends with VLLMValidationError"),
        ({"template": "{prompt} a short text:", "params": {"max_tokens": 100}}, "Leave prompts as they are"),
        ({"prompts": ["The weather today"]}, "A text ends after 16 tokens"),
        OTHER_MODEL,
    ],
    "07.2": [
        ({}, "An answer is followed by something else. Compare stop with repr(text), letter by letter."),
        ({"params": {"stop": ["Question 2:"]}}, "With other prompts of this kind: An answer is followed by"),
        ({"params": {"stop": ["\nQuestion 2"]}}, "With other prompts of this kind: An answer is followed by"),
        ({"params": {"max_tokens": 9}}, "max_tokens cuts an answer"),
        ({"params": {"max_tokens": 6, "stop": []}}, "max_tokens cuts an answer"),
        ({"params": {"stop": ["."]}}, "An answer lost its end"),
        (
            {"params": {"stop": ["."], "include_stop_str_in_output": True}},
            "With other prompts of this kind: An answer lost",
        ),
        ({"params": {"stop": [], "bad_words": ["Question", " Question"]}}, "An answer"),
        (MINI | {"params": {"stop": ["\n"]}}, "not by pocket-base-mini"),
        FEW_TOKENS,
        NOT_FINE,
    ],
    "07.3": [
        ({}, "The partner's service writes"),
        ({"params": {"temperature": 0}}, "Temperature 0 hides it"),
        ({"params": {"temperature": 0.7}}, "The partner's service writes"),
        ({"params": CARD | {"top_p": 1}}, "The partner's service writes"),
        ({"params": CARD | {"seed": 4}}, "The partner's service writes"),
        OTHER_MODEL,
    ],
    "07.4": [
        ({}, "tokens of a prompt are computed anew"),
        ({"template": RULES + "{prompt}"}, "keep {time} in the template"),
        ({"template": "{time} {prompt}"}, "all rules"),
        ({"template": "the fox " * 200 + "{time} " + RULES + "{prompt}"}, "tokens of a prompt are computed anew"),
        ({"engine": {"block_size": 32}}, "tokens of a prompt are computed anew"),
        ({"together": False}, "tokens of a prompt are computed anew"),
    ],
    "07.5": [
        ({}, 'set the verdict to "nothing is wrong"'),
        ({"template": "Once upon a time " * 40 + "{prompt}"} | FINE, "settings that were right"),
        ({"engine": {"enable_prefix_caching": False}}, "settings that were right"),
        ({"engine": {"block_size": 32}}, "settings that were right"),
        ({"prompts": ["Once upon a time, a fox"] * 2} | FINE, "settings that were right"),
        ({"verdict": "the cache is broken"}, 'set the verdict to "nothing is wrong"'),
    ],
    "07.6": [
        ({}, "The service ends with VLLMValidationError: This model's maximum context length is 1024 tokens"),
        ({"prompts": ["My name is"]}, "The service ends with VLLMValidationError"),
        ({"engine": {"max_num_seqs": 1}}, "The service ends with VLLMValidationError"),
        FEW_TOKENS,
    ],
    "07.7": [
        ({}, "A text ends after 24 tokens with finish_reason 'length'. Who set that limit?"),
        ({"params": {"max_tokens": 20}}, "A text ends after 20 tokens"),
        ({"params": {"max_tokens": 1000}}, "A text ends after 24 tokens"),
        ({"params": {"stop": ["."]}}, "A text is cut at '.', which is not the model's own end"),
        ({"engine": {"kv_cache_memory_bytes": 384 * 1024}}, "With other prompts of this kind: "),
        ({"engine": {"kv_cache_memory_bytes": MIB // 2}}, "With other prompts of this kind: "),
        ({"engine": {"kv_cache_memory_bytes": MIB}}, "With other prompts of this kind: A text ends after 24 tokens"),
        ({"engine": {"dtype": "bfloat16"}}, "With other prompts of this kind: "),
        ({"engine": {"max_model_len": 1024}}, "The service ends with ValueError: To serve at least one request"),
        OTHER_MODEL,
        FEW_TOKENS,
    ],
    "07.8": [
        ({}, "'What is the capital of France?' is answered with"),
        ({"template": "User: {prompt}\nAssistant: It is"}, "is answered with"),
        ({"template": "{prompt}"}, "is answered with"),
        ({"template": "<|im_start|>user\n{prompt}<|im_end|>\n"}, "is answered with"),
        ({"engine": {"model": "pocket-base"}}, "Users must be answered by pocket-chat, not by pocket-base"),
    ],
    "07.9": [
        ({}, "Who loses its blocks, and why?"),
        ({"together": False}, "One request at a time"),
        ({"engine": {"max_num_seqs": 1}}, "More fit at once"),
        ({"engine": {"max_num_seqs": 3}}, "Who loses its blocks"),
        ({"engine": {"num_gpu_blocks_override": 10}}, "with 5 users. Who loses its blocks, and why?"),
        ({"engine": {"enable_prefix_caching": False}}, "Who loses its blocks"),
        ({"params": {"max_tokens": 20}}, "Each user must get 40 tokens"),
        ({"params": {"ignore_eos": False}}, "Each user must get 40 tokens"),
        OTHER_MODEL,
    ],
}


def altered(number: str, changes: dict[str, Any]) -> Drill:
    """Return a drill with changes."""
    made, changes = drill(number), copy.deepcopy(changes)
    made.verdict = changes.pop("verdict", None)
    for name, value in changes.items():
        parts = made.settings[name] | value if isinstance(value, dict) else value
        kept = {key: part for key, part in parts.items() if part is not ...} if isinstance(value, dict) else parts
        made.settings[name] = kept
    return made
