"""The checks of lesson 08's exercises. `vllm_course.check` finds them by number."""

import itertools
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from vllm_course.checks import exercise, require
from vllm_course.checks.clock import Clock
from vllm_course.checks.plain import is_dict, is_number, plain
from vllm_course.checks.shapes import alike, close, columns, entries, exactly, listed
from vllm_course.checks.trying import Tried, described, limited
from vllm_course.checks.verdict import shown
from vllm_course.checks_http.replies import Asked, Reply
from vllm_course.checks_http.server import StandIn
from vllm_course.errors import CourseError

CHAT, COMPLETIONS, MODELS, TOKENIZE = "/v1/chat/completions", "/v1/completions", "/v1/models", "/tokenize"
FRANCE = "What is the capital of France?"


def user(text: str) -> dict[str, str]:
    """Return a message of the user."""
    return {"role": "user", "content": text}


def posted(server: StandIn, path: str, count: int, case: str = "") -> list[Asked]:
    """Require so many requests for a path, and return them."""
    found = server.of(path)
    require(len(found) == count, f"Ask {path} {count} time(s), not {len(found)} time(s){case and f', {case}'}.")
    return found


def asked_for(asked: Asked, where: str, **wanted: Any) -> None:
    """Require fields of a request's body; `max_tokens` may have its newer name."""
    body = asked.body if isinstance(asked.body, dict) else {}
    for name, truth in wanted.items():
        found = body.get(name, body.get("max_completion_tokens") if name == "max_tokens" else None)
        hint = f"{where} must be asked for with {name} {truth!r:.120}, not {shown(found)}."
        require(found == truth or (not isinstance(truth, list | dict) and alike(found, truth)), hint)


def names_status(error: BaseException | None, status: int, case: str) -> None:
    """Require an exception whose text holds a status."""
    how = "end without an error" if error is None else f"end with {described(error)}"
    hint = f"{case} raise an exception whose text holds the status {status}: yours must not {how}."
    require(error is not None and str(status) in str(error), hint)


def same(found: Any, truth: float | None) -> bool:
    """Whether a value is this number, or None where that is right."""
    return found is None if truth is None else close(found, truth)


# 8.1

WANTED = {
    "model.name": ("meta-llama/Llama-2-13b-chat-hf", "It is the model to be served."),
    "model.trust_remote_code": (False, "A Llama needs no code of its own."),
    "inference.gpus": (2, "The weights alone are more than one card has."),
    "inference.max_model_len": (4096, "A conversation has up to 4,096 tokens, and the cache has no room for more."),
    "inference.max_num_seqs": (4, "More than four never run at once: who comes later waits."),
    "inference.dtype": ("bfloat16", "The 26 GB are those of bfloat16."),
    "inference.quantization": (None, "The weights of this model are not quantised."),
    "server.port": (8080, "Colleagues know this port."),
    "server.api_key_env": ("OFFICE_KEY", "It is the name of the variable, never the key itself."),
    "server.open_to_all": (False, "There is a key, so nobody comes in without one."),
    "generation.temperature": (0.2, "It is the default of a request that names none."),
    "generation.max_tokens": (512, "It is the default of a request that names none."),
}
LEAST, MOST = (26e9 + 4 * 4096 * 0.82e6) / 48e9, 0.95
OWN = ("127.", "localhost", "::1")


@exercise(
    "8.1",
    hints=[
        "Add the weights and the cache of four full conversations. Which share of two cards is that?",
        "26 GB + 4 * 4,096 * 0.82 MB are 39.4 GB of 48 GB: gpu_memory from 0.83 to 0.95. The sections are model, "
        "inference, server and generation; max_num_seqs: 4, host: 0.0.0.0 and api_key_env: OFFICE_KEY.",
    ],
    concept="serving.md#configuration",
)
def yaml_for_a_machine(yaml_text) -> None:
    """A configuration that is valid, fits the machine, and says what was asked."""
    require(isinstance(yaml_text, str), lambda: f"yaml_8_1 must be a text in YAML, not {shown(yaml_text)}.")
    config = read_config(yaml_text)
    for name, (truth, why) in WANTED.items():
        found = config.values[name]
        require(found is None if truth is None else alike(found, truth), f"{name} must be {truth}, not {found}. {why}")
    memory, host = config.inference.gpu_memory, config.server.host
    need = f"weights and the cache of four conversations take {LEAST:.3f} of two cards"
    require(memory >= LEAST, f"gpu_memory {memory} is too small: {need}.")
    require(memory <= MOST, f"gpu_memory {memory} is too large: other programs keep 5 % of each card.")
    mine = f"At {host} only programs on the same machine reach the server. Listen on all interfaces: 0.0.0.0."
    require(not str(host).startswith(OWN), mine)


def read_config(text: str) -> Any:
    """Return the configuration in a text, as a file of it would be read."""
    from vllm_course.configuring.config import ServeConfig

    with TemporaryDirectory() as folder:
        file = Path(folder, "yaml_8_1.yaml")
        file.write_text(text, "utf-8")
        try:
            config = ServeConfig.from_yaml(file)
            config.require_complete()
            return config
        except CourseError as error:
            problem = str(error).replace(str(file), "yaml_8_1")
    require(False, f"serve_model.py refuses this file: {problem}")


# 8.2

PUZZLES = [
    ({"a": {"port": 1}}, {}, {}),
    ({"a": {"port": 1, "host": "x"}, "b": {"top_k": 5}}, {"a": {"port": 2}}, {"port": None}),
    ({"a": {"port": 1, "max_model_len": 8}}, {"a": None}, {"port": 3, "max_model_len": None}),
    ({"a": {"seed": 4}, "b": {"trust": True, "name": "x"}}, {"a": {"seed": 0}, "b": {"trust": False, "name": ""}}, {}),
    ({"a": {"seed": 4, "trust": True, "name": "x"}}, {"a": {"seed": 1}}, {"seed": 0, "trust": False, "name": ""}),
    ({"a": {"top_k": 5, "top_p": 0.9}}, {"a": {"top_k": None, "top_p": None}}, {"top_p": 0.5}),
    ({"a": {"max_new_tokens": 1}}, {"a": {"max_new_tokens": 2}}, {"max_new_tokens": 3}),
]


def who_wins(defaults: dict, file: dict, line: dict) -> dict[str, tuple]:
    """Return name to (value, origin)."""
    found = {}
    for section, fields in defaults.items():
        of_file = file.get(section) or {}
        for field in fields:
            where = [("--" + field.replace("_", "-"), line)] if line.get(field) is not None else []
            where += [("file", of_file)] if field in of_file else []
            origin, values = [*where, ("default", fields)][0]
            found[f"{section}.{field}"] = (values[field], origin)
    return found


@exercise(
    "8.2",
    functions={"winners": "defaults, file, line -> dict"},
    hints=[
        "Go through the fields of the defaults one by one. How do you tell a 0 on the line from an option not given?",
        "value, origin = default; if field in (file.get(section) or {}): those of the file; if line.get(field) is not "
        'None: that of the line, with "--" + field.replace("_", "-").',
    ],
    concept="serving.md#configuration",
)
def precedence(winners, puzzle, defaults, file, line) -> None:
    """The line over the file over the defaults, field by field."""
    for given in PUZZLES:
        case = "for defaults {}, file {} and line {}".format(*given)
        _won(winners(*given, case=case), who_wins(*given), f"{case}, ")
    require(isinstance(puzzle, Mapping), lambda: f"puzzle_8_2 must be a dict, not {shown(puzzle)}.")
    _won(dict(puzzle), who_wins(defaults, file, line), "in puzzle_8_2 ")


def _won(found: dict, truth: dict[str, tuple], case: str) -> None:
    missing = [name for name in truth if name not in found]
    require(not missing, f"{case}{missing} must be there too: a file that names one field leaves the others alone.")
    for name, (value, origin) in truth.items():
        pair = listed(found[name], f"{case}{name} must have a pair of value and origin.")
        require(len(pair) == 2, f"{case}{name} must have a pair of value and origin.")
        same = pair[0] is None if value is None else type(value) is type(plain(pair[0])) and alike(pair[0], value)
        require(same, f"{case}{name} must have {value!r} from {origin!r}, not {shown(pair)}. {_why(value, origin)}")
        require(
            pair[1] == origin, f"{case}{name} must come from {origin!r}, not {shown(pair[1])}. {_why(value, origin)}"
        )
    require(len(found) == len(truth), f"{case}there must be {len(truth)} setting(s), not {len(found)}.")


def _why(value: Any, origin: str) -> str:
    if value is None and origin == "file":
        return "A null in the file is what the user wanted."
    if origin.startswith("--") and value in (0, ""):
        return "The line wins, and 0, False and an empty text are values, too."
    return {"file": "The file wins over the defaults.", "default": "Nobody else names it."}.get(
        origin, "The line wins."
    )


# 8.3

FIRST = ["model", "completion", "chat", "reason", "tokens"]
GOES_ON = "a place where many words are said by many people"


@exercise(
    "8.3",
    functions={"first_requests": "base_url -> dict"},
    hints=[
        "api = openai.OpenAI(base_url=base_url, api_key='EMPTY'). Which three methods of it do you need?",
        "api.models.list().data[0].id, api.completions.create(...).choices[0].text, and "
        "api.chat.completions.create(...), whose choices[0] has message.content and finish_reason, beside usage.",
    ],
    concept="serving.md#endpoints",
)
def models_completion_chat(first_requests, first) -> None:
    """Three requests to a server with another model, whose chat ends in two ways."""
    for answer, reason in (("It is a place far away.", "stop"), ("so " * 40 + "far", "length")):
        case = f"where the chat ends with {reason!r}"
        with StandIn(lambda body, a=answer: a if "messages" in body else GOES_ON, model="other-model") as server:
            found = entries(first_requests(server.base_url, case=case, fails=_refused(server)), FIRST, "Return")
        posted(server, MODELS, 1)
        (completion,), (chat,) = (posted(server, path, 1) for path in (COMPLETIONS, CHAT))
        asked_for(completion, "The completion", prompt="The capital of France is", max_tokens=8, temperature=0)
        asked_for(chat, "The chat", messages=[user(FRANCE)], max_tokens=32, temperature=0)
        words = answer.split()[:32]
        usage = "completion_tokens of the usage are those of the answer, total_tokens has the prompt, too"
        truth = ("other-model", " ".join(GOES_ON.split()[:8]), " ".join(words), reason, len(words))
        for name, value in zip(FIRST, truth, strict=True):
            hint = f"{name} must be {value!r:.90} {case}, not {shown(found[name])}."
            exactly(found[name], value, hint + (f" {usage.capitalize()}." if name == "tokens" else ""))
    mine = entries(first, FIRST, "first_8_3 must be")
    require(isinstance(mine["chat"], str) and mine["chat"] != "", "chat in first_8_3 must be the model's text.")
    require(mine["model"] != "other-model", "first_8_3 must come from client.base_url.")


def _refused(server: StandIn) -> str:
    return f"The server has the model {server.model}: ask it for the name, and add the path to base_url."


# 8.4

SEA = "The moon is made of green cheese, they say."
WIDE = "Grüße aus 東京 und 🌊🌊 vom Meer"


def _bytewise(packets: list[bytes]) -> list[bytes]:
    return [bytes([byte]) for byte in b"".join(packets)]


def _commented(packets: list[bytes]) -> list[bytes]:
    return [part for packet in packets for part in (b": keep-alive\n\n", packet)]


def _together(packets: list[bytes]) -> list[bytes]:
    return [b"".join(packets)]


STREAMS = [(WIDE, _bytewise, "byte by byte"), (SEA, _commented, "with comments"), (SEA, _together, "in one packet")]


@exercise(
    "8.4",
    functions={"stream_chat": "base_url, model, messages, show -> dict"},
    hints=[
        "Let the client split the stream into lines for you. What do you do with a line that is no event, and with a "
        "chunk without choices?",
        "with httpx.stream('POST', ...) as response, response.raise_for_status(), for line in response.iter_lines(); "
        "break at [DONE], for choice in chunk['choices'], and chunk.get('usage') at the end.",
    ],
    concept="serving.md#streaming",
)
def streaming_client(stream_chat) -> None:
    """Pieces as they arrive, whatever packets they come in, the end, and a refusal."""
    first = threading.Event()
    with StandIn(SEA, until=first) as server:
        _streamed(stream_chat, server, SEA, "as it is", first.set)
        live = "Show a piece as soon as it arrives: yours came only after the whole answer."
        require(not server.waited_in_vain, live)
    for text, split, how in STREAMS:
        with StandIn(text, split=split) as server:
            _streamed(stream_chat, server, text, how)
    with StandIn(SEA) as server:
        _, error = stream_chat.ending(server.base_url, "no-such-model", [user("Hello")], lambda piece: None)
        names_status(error, 404, "If the model's name is wrong,")


def _streamed(stream_chat: Tried, server: StandIn, text: str, how: str, seen: Callable[[], None] = bool) -> None:
    pieces, case = [], f"for a stream that comes {how}"

    def show(piece: Any) -> None:
        pieces.append(piece)
        seen()

    messages = [user("Hello"), {"role": "assistant", "content": "Hi."}, user("Where is the sea?")]
    found = entries(stream_chat(server.base_url, server.model, messages, show, case=case), STREAMED, "Return")
    (asked,) = posted(server, CHAT, 1, case)
    asked_for(asked, "The chat", stream=True, messages=messages, model=server.model)
    texts = all(isinstance(piece, str) and piece != "" for piece in pieces)
    require(texts, lambda: f"show must get texts that are not empty, not {shown(pieces)}, {case}.")
    for name, value in (("The text", found["text"]), ("What show gets, joined,", "".join(pieces))):
        require(value == text, lambda n=name, v=value: f"{n} must be {text!r}, not {shown(v)}, {case}.")
    require(found["reason"] == "stop", f"reason must be 'stop', not {shown(found['reason'])}: a later chunk has it.")
    count = len(text.split())
    likely = {len(pieces): "A chunk may hold several tokens", None: "Ask for the usage with stream_options"}
    why = next((hint for value, hint in likely.items() if alike(found["tokens"], value)), likely[None])
    exactly(found["tokens"], count, f"tokens must be {count}, not {shown(found['tokens'])}, {case}. {why}.")


STREAMED = ["text", "reason", "tokens"]

# 8.5


def described_fields(**paths: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI document: by path, with `_` for `/`, the properties of its body."""
    schemas = {name: {"type": "object", "properties": fields} for name, fields in paths.items()}
    refs = {name: {"$ref": f"#/components/schemas/{name}"} for name in paths}
    refs["v1_embed"] = {"type": "object", "properties": {"input": {}}}  # written in place
    content = {name: {"application/json": {"schema": schema}} for name, schema in refs.items()}
    bodies = {f"/{name.replace('_', '/')}": {"post": {"requestBody": {"content": c}}} for name, c in content.items()}
    return {"openapi": "3.1.0", "paths": bodies, "components": {"schemas": schemas}}


OPENAPI = described_fields(
    v1_chat_completions=dict.fromkeys(["model", "messages", "max_tokens", "thoughts"], {}),
    v1_completions=dict.fromkeys(["model", "prompt", "max_tokens", "echo"], {}),
)
BODIES = [
    (CHAT, {"model": "stand-in", "messages": [user("Hello")], "thoughts": 3}, []),
    (
        CHAT,
        {"messages": [user("Hello")], "temperature": 0, "echo": True, "max_token": 3},
        ["echo", "max_token", "temperature"],
    ),
    (COMPLETIONS, {"prompt": "The moon", "echo": False, "thoughts": 1}, ["thoughts"]),
    ("/v1/embed", {"input": "The moon", "model": "stand-in"}, ["model"]),
]


@exercise(
    "8.5",
    functions={"unknown_fields": "url, path, body -> list", "post_checked": "url, path, body -> dict"},
    hints=[
        "Print the entry of the path in /openapi.json, step by step. What does its $ref point to?",
        "schema['$ref'].rpartition('/')[2] is the name in document['components']['schemas']. Then "
        "sorted(set(body) - set(schema['properties'])).",
    ],
    concept="serving.md#fields-that-are-ignored",
)
def unknown_fields_are_noticed(unknown_fields, post_checked, ignored) -> None:
    """What the server's own description does not know, and that nothing is posted then."""
    for path, body, unknown in BODIES:
        case = f"for {path} with {', '.join(body)}"
        with StandIn("Good.", openapi=OPENAPI) as server:
            found = unknown_fields(server.url, path, body, case=case)
            hint = f"The unknown fields are {unknown}, not {shown(found)}, {case}. The server's /openapi.json says so"
            require(sorted(map(str, found)) == unknown, f"{hint}, for each path another.")
            require(list(found) == unknown, f"Sort the names: {unknown}, not {shown(found)}.")
            _only_known(post_checked, server, path, body, unknown, case)
    with StandIn(openapi=OPENAPI) as server:
        _, error = post_checked.ending(server.url, CHAT, BODIES[0][1] | {"model": "no-such-model"})
        names_status(error, 404, "If the server refuses the request,")
    exactly_ignored = ["guided_choice", "temprature"]
    found = listed(ignored, "ignored_8_5 must be a list of names.")
    require(found == exactly_ignored, lambda: f"ignored_8_5 must be {exactly_ignored}, not {shown(found)}.")


def _only_known(post_checked: Tried, server: StandIn, path: str, body: dict, unknown: list[str], case: str) -> None:
    if not unknown:
        found = post_checked(server.url, path, body, case=case)
        (asked,) = posted(server, path, 1, case)
        require(asked.body == body, f"Post the body as it is, {case}.")
        same = found.get("choices", [{}])[0].get("message", {}).get("content") == "Good."
        require(same, lambda: f"Return the server's answer as a dict, not {shown(found)}, {case}.")
        return
    _, error = post_checked.ending(server.url, path, body)
    require(not server.of(path), f"Post nothing {case}: look for unknown fields before.")
    is_value_error = isinstance(error, ValueError)
    how = "nothing" if error is None else described(error)
    require(is_value_error, f"Raise a ValueError {case}, yours raises {how}.")
    unnamed = [name for name in unknown if name not in str(error)]
    require(not unnamed, f"The ValueError must name all unknown fields, {unnamed} too, {case}.")


# 8.6

# Real seconds that an answer waits where nothing comes, and where all comes as fast as the machine can.
SHORT, LONG = 0.4, 60
REPLIES = {
    "busy": Reply(429, "slow down", {"Retry-After": "7"}),
    "now": Reply(429, "slow down", {"Retry-After": "0"}),
    "429": Reply(429, "slow down"),
    "cut": Reply(body={"choices": []}, fails="cut"),
    "closed": Reply(fails="closed"),
    "hang": Reply(fails="hang"),
    "trickle": Reply(fails="trickle"),
}
# What the server says, attempts, the waits, and how it ends: the status that the error must name, "" for any error.
PATIENT: list[tuple[str, int, list[int], int | str | None]] = [
    ("", 3, [], None),
    ("503 503", 3, [1, 2], None),
    ("500 502 429", 5, [1, 2, 4], None),
    ("busy 503", 4, [7, 2], None),
    ("503 busy now", 5, [1, 7, 0], None),
    ("400", 3, [], 400),
    ("401", 3, [], 401),
    ("404", 3, [], 404),
    ("422", 3, [], 422),
    ("503 400", 5, [1], 400),
    ("503 500 503 503", 3, [1, 2], 503),
    ("504", 1, [], 504),
    ("cut", 2, [1], None),
    ("closed cut", 2, [1], ""),
    ("hang hang", 2, [1], ""),
    ("trickle", 1, [], ""),
]


@exercise(
    "8.6",
    functions={"ask_patiently": "base_url, body, attempts, timeout, sleep -> dict"},
    hints=[
        "One attempt is a function of its own: it returns status, headers and content, or raises. How do you notice "
        "that the whole answer takes too long, though bytes keep coming?",
        "httpx.stream(..., timeout=timeout), and after each part of response.iter_bytes() look at time.monotonic(). "
        "Retry for 429, from 500 on, httpx.TransportError and TimeoutError; float(headers.get('Retry-After', "
        "2**attempt)).",
    ],
    concept="serving.md#status-codes",
)
def retry_and_time_out(ask_patiently) -> None:
    """How often is asked, what is waited, and how it ends, for scripts of failures."""
    body = {"model": "stand-in", "messages": [user("Hello")], "max_tokens": 5}
    for script, attempts, waits, end in PATIENT:
        replies = [REPLIES.get(name) or Reply(int(name), {"error": {"message": "no"}}) for name in script.split()]
        case, slept = f"for {script or 'a good answer'} and {attempts} attempt(s)", []
        with StandIn("All is well.", script={CHAT: replies}) as server:
            sleep = limited(slept.append, 20)
            timeout = SHORT if "hang" in script or "trickle" in script else LONG
            found, error = ask_patiently.ending(server.base_url, body, attempts, timeout, sleep, case=case)
            outlasted = any(asked.outlasted for asked in server.asked)
        require(not outlasted, f"An attempt must take at most timeout seconds, {case}. {WHOLE}")
        _tried(server, body, len(waits) + 1, case)
        numbers = [plain(one) for one in slept if not alike(one, 0)]
        same = len(numbers) == sum(map(bool, waits)) and all(map(alike, numbers, filter(None, waits)))
        require(same, lambda s=slept, c=case, w=waits: f"The waits must be {w}, not {shown(s)}, {c}. {WAITS}")
        _ended_so(found, error, end, case)


WHOLE = "A time-out of a client is usually for each packet: look at the clock yourself while the answer comes."
WAITS = "Wait 1, 2, 4 seconds; Retry-After takes the place of such a wait. After the last attempt nobody waits."


def _tried(server: StandIn, body: dict, attempts: int, case: str) -> None:
    asked = server.of(CHAT)
    by_client = any(one.headers.get("x-stainless-retry-count", "0") != "0" for one in asked)
    require(not by_client, "The client of openai tries again by itself: openai.OpenAI(..., max_retries=0).")
    require(bool(asked), f"Post to base_url and /chat/completions, {case}.")
    asked_for(asked[-1], "Each attempt", messages=body["messages"], max_tokens=body["max_tokens"])
    hint = f"Ask {attempts} time(s), not {len(asked)} time(s), {case}"
    again = "429, 5xx, a broken connection and a time-out are worth another try, attempts times in all; nothing else is"
    require(len(asked) == attempts, f"{hint}: {again}.")


def _ended_so(found: Any, error: BaseException | None, end: int | str | None, case: str) -> None:
    if end is None:
        require(error is None, lambda: f"The server answered in the end {case}, yours ended with {described(error)}.")
        whole = isinstance(found, dict) and "choices" in found
        text = found["choices"][0]["message"]["content"] if whole else None
        require(text == "All is well.", lambda: f"Return the server's answer as a dict, not {shown(found)}, {case}.")
    elif end:
        names_status(error, end, f"{case[0].upper()}{case[1:]}")
    else:
        require(error is not None, lambda: f"Raise an exception {case}, instead of returning {shown(found)}.")


# 8.7


class Process:
    """As `subprocess.Popen` is in what matters here: runs for some calls of `poll`, and then has ended."""

    def __init__(self, runs: int | None, code: int) -> None:
        self.left, self.code, self.returncode, self.pid = runs, code, None, 4_000_000
        self.poll = limited(self._poll, 200)

    def _poll(self) -> int | None:
        if self.left is not None:
            self.left -= 1
            self.returncode = self.code if self.left < 0 else None
        return self.returncode


LIMIT = 10
LOADING, SILENT = Reply(503), Reply(fails="hang")
READY = [
    ("at once", []),
    ("after two 503", [LOADING] * 2),
    ("after a broken connection", [Reply(fails="closed")]),
]
READY.append(("after silence", [SILENT]))
# What is so, for how many calls of poll the process runs, its exit code, and whether somebody answers with 200.
ENDED = [
    ("a crash", 2, 1, False),
    ("a dead engine", 1, 0, False),
    ("a port that is taken", 0, 1, True),
    ("kill", 0, -9, True),
]


@exercise(
    "8.7",
    functions={"wait_until_ready": "url, process, limit, sleep"},
    hints=[
        "A loop that asks /health, looks at the process, and looks at the clock. In which order, and what of a 503?",
        "healthy = the answer to httpx.get(f'{url}/health', timeout=1) is 200, False for httpx.TransportError. Then "
        "code = process.poll(); if code is not None: raise RuntimeError; if healthy: return; then the limit; sleep(1).",
    ],
    concept="serving.md#life-of-a-server",
)
def health_checked_start(wait_until_ready) -> None:
    """Servers that become ready, never do, or end."""
    for how, script in READY:
        with StandIn(script={"/health": script}) as server:
            slept, error = _waited(wait_until_ready, server.url, Process(None, 0))
            paths = {asked.path for asked in server.asked}
        case = f"where the server is ready {how}"
        require(paths == {"/health"}, f"Ask /health, and nothing else, {case}; you asked {sorted(paths) or 'nothing'}.")
        require(error is None, lambda e=error, c=case: f"Return {c}, yours ended with {described(e)}.")
        count, outlasted = len(server.asked), any(asked.outlasted for asked in server.asked)
        require(not outlasted, f"A request needs a time-out of one second, {case}.")
        require(count > len(script), f"Ask until the status is 200, not only {count} time(s), {case}.")
        between = f"Call sleep(1) between two requests, and nowhere else: {count} request(s), and the waits {slept}"
        require(slept == [1] * (count - 1), f"{between}, {case}.")
    with StandIn(script={"/health": [LOADING] * 50}) as server:
        slept, error = _waited(wait_until_ready, server.url, Process(None, 0))
    ends = "a TimeoutError after limit seconds where only 503 comes"
    require(isinstance(error, TimeoutError), f"Raise {ends}, yours {_how(error)}.")
    require(1 <= len(slept) <= LIMIT + 2, f"Raise {ends}: after {LIMIT}, not after {len(slept)}.")
    for how, runs, code, answers in ENDED:
        with StandIn() as server:
            if answers:
                _, error = _waited(wait_until_ready, server.url, Process(runs, code))
        if not answers:  # the port is closed now
            _, error = _waited(wait_until_ready, server.url, Process(runs, code))
        says = isinstance(error, RuntimeError) and str(code) in str(error)
        other = " Somebody else's server answers /health." if answers else ""
        ended = f"The process ended with exit code {code} ({how}): raise a RuntimeError with it"
        require(says, f"{ended}, yours {_how(error)}.{other}")


def _waited(wait_until_ready: Tried, url: str, process: Process) -> tuple[list, BaseException | None]:
    clock, slept = Clock(), []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.wait(seconds)

    with clock.shown_to(wait_until_ready.function):
        _, error = wait_until_ready.ending(url, process, LIMIT, limited(sleep, 100))
    return slept, error


def _how(error: BaseException | None) -> str:
    return "returns" if error is None else f"ended with {described(error)}"


# 8.8

NUMBERS = ["hits", "queries", "tokens", "stop", "length", "ttft_sum", "ttft_count"]


def scrape(engines: int = 1, **numbers: float) -> str:
    """Return a text of /metrics; a counter that is 0 may be missing, and each has its noise."""
    n = dict.fromkeys(NUMBERS, 0) | numbers
    families = {
        "prefix_cache_hits": ("counter", [("_total", "", n["hits"])]),
        "prefix_cache_queries": ("counter", [("_total", "", n["queries"])]),
        "external_prefix_cache_hits": ("counter", [("_total", "", 77)]),
        "generation_tokens": ("counter", [("_total", "", n["tokens"])]),
        "request_success": ("counter", [("_total", f',finished_reason="{r}"', n[r]) for r in ("stop", "length")]),
        "time_to_first_token_seconds": (
            "histogram",
            [("_bucket", ',le="+Inf"', n["ttft_count"]), ("_count", "", n["ttft_count"]), ("_sum", "", n["ttft_sum"])],
        ),
    }
    lines = []
    for name, (kind, samples) in families.items():
        full = name + ("_total" if kind == "counter" else "")
        lines += [f"# HELP vllm:{full} Of this server.", f"# TYPE vllm:{full} {kind}"]
        shares = [1.0] if engines == 1 else [(len(name) % 3 + 1) / 5, 1 - (len(name) % 3 + 1) / 5]
        for (engine, share), (end, label, value) in itertools.product(enumerate(shares), samples):
            if value or kind == "histogram":
                labels = f'{{engine="{engine}",model_name="m"{label}}}'
                lines += [f"vllm:{name}{end}{labels} {value * share!r}", f"vllm:{name}_created{labels} 1.7e+09"]
    return "\n".join(lines) + "\n"


SCRAPES = [
    ({}, {"hits": 96, "queries": 128, "tokens": 40, "stop": 3, "length": 2, "ttft_sum": 1.5, "ttft_count": 6}, 1),
    (
        {"hits": 900, "queries": 1000, "tokens": 5000, "stop": 90, "ttft_sum": 20.0, "ttft_count": 95},
        {"hits": 910, "queries": 1100, "tokens": 5060, "stop": 90, "length": 4, "ttft_sum": 21.0, "ttft_count": 99},
        1,
    ),
    (
        {"hits": 4, "queries": 8, "tokens": 12, "stop": 2, "length": 2, "ttft_sum": 2.0, "ttft_count": 4},
        {"hits": 8, "queries": 24, "tokens": 112, "stop": 4, "length": 10, "ttft_sum": 6.0, "ttft_count": 12},
        2,
    ),
    ({"hits": 3, "queries": 4, "tokens": 9, "stop": 1}, {"hits": 3, "queries": 4, "tokens": 9, "stop": 1}, 1),
]
BETWEEN = {
    "hit_rate": ("hits", "queries"),
    "tokens_per_request": ("tokens", "finished"),
    "mean_ttft": ("ttft_sum", "ttft_count"),
}


@exercise(
    "8.8",
    functions={"between": "before, after -> dict"},
    hints=[
        "For one name: add up all lines with exactly this name, in each scrape. What do you do with the two sums?",
        "text_string_to_metric_families(text) gives families, whose samples have name and value. Sum where sample.name "
        "== name. Then (after - before) of the first name / (after - before) of the second, None where that is 0.",
    ],
    concept="serving.md#metrics",
)
def metrics_between_scrapes(between, metrics, before, after) -> None:
    """Ratios of what two scrapes differ by, with labels, noise, missing lines and several engines."""
    for first, last, engines in SCRAPES:
        case = f"for {engines} engine(s) and counters that go from {first or 'nothing'} to {last}"
        found = between(scrape(engines, **first), scrape(engines, **last), case=case)
        _ratios(found, first, last, case)
    found = entries(metrics, BETWEEN, "metrics_8_8 must be")
    truth = between(before, after)
    for name in BETWEEN:
        wanted = f"{name} in metrics_8_8 must be {truth[name]}, not {shown(found[name])}."
        require(same(found[name], truth[name]), wanted)


def _ratios(found: dict, first: dict, last: dict, case: str) -> None:
    found = entries(found, BETWEEN, "between must return")
    old, new = ({**dict.fromkeys(NUMBERS, 0), **one} for one in (first, last))
    for one in (old, new):
        one["finished"] = one["stop"] + one["length"]
    for name, (part, whole) in BETWEEN.items():
        grown, base = new[part] - old[part], new[whole] - old[whole]
        if not base:
            hint = f"{name} must be None where nothing happened, not {shown(found[name])}, {case}."
            require(found[name] is None, hint)
            continue
        likely = {}
        if new[whole]:
            likely[new[part] / new[whole]] = "That is since the server's start: take the difference of the two scrapes"
        for reason in ("stop", "length"):
            if part == "tokens" and new[reason] - old[reason]:
                likely[grown / (new[reason] - old[reason])] = "Add up all finished_reason"
        hint = f"{name} must be {grown / base:.4g}, not {shown(found[name])}, {case}."
        likely = {value: f"{hint} {why}." for value, why in likely.items()}
        usual = f"{hint} Count exactly this name, in all lines, and no _created."
        wrong = next((why for value, why in likely.items() if close(found[name], value)), usual)
        require(close(found[name], grown / base), wrong)


# 8.9

REPORT = ["requests", "failed", "ttft_p50", "seconds_p95", "tokens_per_second"]


def table(*rows: tuple) -> pd.DataFrame:
    """Return a load: start, ttft, seconds, tokens, status."""
    found = pd.DataFrame(rows, columns=["start", "ttft", "seconds", "tokens", "status"])
    return found.assign(client=range(len(rows)))


LOADS = {
    "one after the other": table((0, 0.1, 1.0, 20, 200), (1, 0.2, 1.0, 20, 200), (2, 0.6, 2.0, 40, 200)),
    "at the same time": table(*[(0.5, 0.1 * k, 1.0 + k, 10 * k, 200) for k in range(1, 9)]),
    "not in the order of their starts": table(
        (5.0, 0.2, 1.0, 10, 200), (3.0, 0.4, 9.0, 30, 200), (4.0, 0.3, 1, 5, 200)
    ),
    "with failures": table(
        (0, 0.1, 1.0, 20, 200), (0, None, 9.0, 0, 503), (0, 0.3, 2, 30, "cut"), (0, 0.5, 3, 60, 200)
    ),
    "with one answer": table((2, None, 3.0, 0, 503), (0, 0.5, 4.0, 8, 200)),
    "without an answer": table((0, None, 2.0, 0, 429), (1, None, 5.0, 0, "ReadTimeout")),
}


def summed_up(load: pd.DataFrame) -> dict[str, Any]:
    """Return what the report must say."""
    good = load[load["status"] == 200]
    wall = (load["start"] + load["seconds"]).max() - load["start"].min()
    middle, high = (good["ttft"].quantile(0.5), good["seconds"].quantile(0.95)) if len(good) else (None, None)
    values = (len(load), len(load) - len(good), middle, high, good["tokens"].sum() / wall)
    return dict(zip(REPORT, values, strict=True))


@exercise(
    "8.9",
    functions={"report": "table -> dict"},
    hints=[
        "Keep the rows with status 200 first. From when to when did the load last, if requests run side by side?",
        "answered = table[table['status'] == 200]; answered['seconds'].quantile(0.95). The load lasted from "
        "table['start'].min() to (table['start'] + table['seconds']).max().",
    ],
    concept="serving.md#slow",
)
def latency_and_throughput(report, reports, loads) -> None:
    """Percentiles and rates, of loads with requests side by side, failures and no answer."""
    for how, load in LOADS.items():
        _reported(report(load, case=f"for requests {how}"), load, f"for requests {how}")
    found = plain(reports, "dict") if is_dict(reports) else {}
    for clients, load in loads.items():
        require(clients in found, f"reports_8_9 must be a dict with a report for {clients} client(s).")
        _reported(found[clients], load, f"in reports_8_9 for {clients} client(s)")


def _reported(given: Any, load: pd.DataFrame, case: str) -> None:
    found, truth = entries(given, REPORT, f"{case} there must be"), summed_up(load)
    good = load[load["status"] == 200]
    likely = {
        "failed": {0: "Status 200 is an answer, and nothing else"},
        "ttft_p50": {load["ttft"].median(): "Only answers count", good["ttft"].mean(): "The median is no mean"},
        "seconds_p95": {
            load["seconds"].quantile(0.95): "Only answers count",
            good["seconds"].max(): "That is the longest",
        },
        "tokens_per_second": {
            good["tokens"].sum() / load["seconds"].sum(): "Requests ran side by side: their seconds do not add up",
            (good["tokens"] / good["seconds"]).mean(): "The mean of the single speeds is not the server's",
            load["tokens"].sum() / (load["start"] + load["seconds"]).max(): "Count from the first start, only answers",
            good["tokens"].sum() / (load["start"] + load["seconds"]).max(): "Count from the first start",
            load["tokens"].sum()
            / ((load["start"] + load["seconds"]).max() - load["start"].min()): "Only answers count",
        },
    }
    for name, value in truth.items():
        hint = f"{name} must be {value if value is None else round(value, 4)}, not {shown(found[name])}, {case}"
        why = next((w for wrong, w in likely.get(name, {}).items() if close(found[name], wrong)), "")
        require(same(found[name], value), f"{hint}. {why}.".replace(" .", ""))


# 8.10

OPEN = ["/health", "/metrics", "/tokenize", "/docs", "/version"]
KEY = "k-4711"
GUARDS = {"what begins with /v1": "/v1", "everything": "/", "nothing": "/nothing"}


@exercise(
    "8.10",
    functions={"open_paths": "url, paths -> list", "ask_with_key": "url, path, key -> number"},
    hints=[
        "Ask for each path, and look at the status: which two mean that the door is closed?",
        "open: status not in (401, 403). The key: headers={'Authorization': f'Bearer {key}'}. vLLM guards only paths "
        "that begin with /v1, /v2 or /inference.",
    ],
    concept="server-security.md#what-the-key-protects",
)
def what_a_key_protects(open_paths, ask_with_key, still_open, paths) -> None:
    """Doors of three servers, and where the key is written."""
    asked_paths = [*paths, "/no/such/path"]
    for how, guards in GUARDS.items():
        with StandIn(key=KEY, guards=guards) as server:
            found = open_paths(server.url, asked_paths, case=f"for a server whose key guards {how}")
            truth = [path for path in asked_paths if not path.startswith(guards)]
            missing = [path for path in truth if path not in found]
            hint = f"The key guards {how}, so open are {truth}, not {shown(found)}."
            require(not missing, f"{hint} A 404, 405 or 422 comes from behind the door.")
            require(list(found) == truth, hint)
            with_key = [asked for asked in server.asked if "authorization" in asked.headers]
            require(not with_key, "open_paths must ask without a key, as a stranger does.")
            _key_in_its_place(ask_with_key, server)
    found = listed(still_open, "open_8_10 must be a list of paths.")
    known = f"open_8_10 must be {OPEN}, not {shown(found)}: the key guards only what begins with /v1."
    require(sorted(map(str, found)) == sorted(OPEN), known)


def _key_in_its_place(ask_with_key: Tried, server: StandIn) -> None:
    for key, path in ((KEY, MODELS), ("wrong", MODELS), (KEY, "/health"), (KEY, "/no/such/path")):
        case = f"for {path} with the {'right' if key == KEY else 'wrong'} key"
        closed = key != KEY and path.startswith(server.guards)
        status = 401 if closed else 404 if "such" in path else 200
        found = ask_with_key(server.url, path, key, case=case)
        asked = server.asked[-1]
        require(key not in asked.query and key not in asked.path, "The key must not be in the URL: it would be logged.")
        bearer = f"The header Authorization must be 'Bearer' and the key, not {asked.headers.get('authorization')!r}"
        require(asked.headers.get("authorization") == f"Bearer {key}", f"{bearer}, {case}.")
        exactly(found, status, f"Return the status {status}, not {shown(found)}, {case}.")


# 8.11

SYSTEM = {"role": "system", "content": "Answer in few words."}


def talk(*texts: str, system: bool = True) -> list[dict[str, str]]:
    """Return a conversation: question, answer, question ..."""
    said = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]
    return [SYSTEM, *said] if system else said


EARLIER = ("one two three", "four five", "six", "seven eight nine", "ten eleven", "twelve")
# The conversation, the server's context, room, and how many turns must go. A message takes its words and 4, all 3 more.
TURNS = [
    ([], 100, 20, 0),
    (talk(*EARLIER[:2], system=False), 100, 20, 0),
    (talk(*EARLIER), 53 + 10, 10, 0),
    (talk(*EARLIER), 53 + 9, 10, 1),
    (talk(*EARLIER, system=False), 45 + 10, 10, 0),
    (talk(*EARLIER), 45, 10, 2),
    (talk(*EARLIER), 28, 10, 3),
    (
        [
            *talk(*EARLIER[:2]),
            {"role": "tool", "content": "a note"},
            user("thirteen"),
            {"role": "assistant", "content": "so"},
        ],
        45,
        10,
        1,
    ),
]
QUESTION, SAYS = "fourteen fifteen", "I see the sea."


@exercise(
    "8.11",
    functions={"chat_turn": "url, model, messages, text, room -> list"},
    hints=[
        "Where do turns begin? Try with all of them, then without the first, and so on, and let the server count.",
        "kept = system + messages from the start of a turn; found = POST /tokenize; if found['count'] + room <= "
        "found['max_model_len'], ask with kept and max_tokens=room. Return messages + question + answer, all of it.",
    ],
    concept="serving.md#requests",
)
def chat_over_http(chat_turn) -> None:
    """What the model gets, and what the conversation keeps, for contexts of several sizes."""
    for messages, context, room, dropped in TURNS:
        case = f"for a conversation of {len(messages)} message(s), a context of {context} and room for {room}"
        with StandIn(SAYS, context=context) as server:
            found = chat_turn(server.url, server.model, messages, QUESTION, room, case=case, fails=_too_long(server))
        (asked,) = posted(server, CHAT, 1, case)
        asked_for(asked, "The answer", max_tokens=room, model=server.model)
        system, turns = _turns([*messages, user(QUESTION)])
        kept = system + list(itertools.chain(*turns[dropped:]))
        hint = f"{dropped} turn(s) must go {case}, so the model gets {_said(kept)}, not {_said(asked.body['messages'])}"
        require(asked.body["messages"] == kept, f"{hint}. /tokenize of the server says what fits.")
        whole = [*messages, user(QUESTION), {"role": "assistant", "content": SAYS}]
        ends = f"Return all messages, the question and the answer, {case}: {_said(whole)}, not"
        require(list(map(_message, found)) == whole, lambda f=found, e=ends: f"{e} {_said(f)}.")
    with StandIn(SAYS, context=20) as server:
        _, error = chat_turn.ending(server.url, server.model, talk(*EARLIER), QUESTION, 10)
        require(
            isinstance(error, ValueError),
            f"If the question alone is too long, raise a ValueError, yours {_how(error)}.",
        )
        require(not server.of(CHAT), "If the question alone is too long, ask for no answer.")


def _turns(messages: list[dict]) -> tuple[list[dict], list[list[dict]]]:
    system = [message for message in messages[:1] if message["role"] == "system"]
    turns: list[list[dict]] = []
    for message in messages[len(system) :]:
        if message["role"] == "user":
            turns.append([])
        turns[-1].append(message)
    return system, turns


def _too_long(server: StandIn) -> str:
    return f"Count with POST {server.url}{TOKENIZE}, and drop the oldest turns."


def _message(message: Any) -> Any:
    """Return role and content: a server's own message has more keys."""
    return {name: message.get(name) for name in ("role", "content")} if isinstance(message, dict) else message


def _said(messages: Any) -> str:
    shorts = [f"{m.get('role')}: {m.get('content')}" if isinstance(m, dict) else shown(m) for m in messages]
    return ", ".join(shorts) or "nothing"


# 8.12

COLUMNS = ["prompt", "status", "seconds", "tokens"]
LEVELS = [1, 2, 4, 8]


def measured(seconds: float, failed: int = 0, slow: int = 0) -> pd.DataFrame:
    """Return a load of 40 requests: these seconds, at the end so many that took a hundred, and so many failures."""
    times = [seconds] * (40 - slow) + [100.0] * slow
    status = [200] * (40 - failed) + [503] * failed
    return pd.DataFrame({"prompt": "x", "status": status, "seconds": times, "tokens": 5})


# Loads by level, the budget of seconds and of failures, the clients and what is broken.
CAPACITIES = [
    ([measured(s) for s in (1, 2, 4, 8)], 3, 0, 2, ["seconds_p95"]),
    ([measured(s) for s in (1, 2, 4, 8)], 8, 0, 8, []),
    ([measured(s) for s in (9, 1, 1, 1)], 5, 0, 0, ["seconds_p95"]),
    ([measured(1), measured(1, failed=3), measured(1), measured(1)], 5, 2, 1, ["failed"]),
    ([measured(1, failed=2, slow=3), measured(1, slow=1), measured(1), measured(9, failed=9)], 10, 2, 4, ["failed"]),
    ([measured(1), measured(50, failed=30), measured(1), measured(1)], 5, 0, 1, ["failed", "seconds_p95"]),
    ([measured(1), measured(1, failed=40), measured(1), measured(1)], 5, 0, 1, ["failed"]),
    ([measured(1, failed=40), measured(1), measured(9), measured(1)], 5, 40, 2, ["seconds_p95"]),
]


@exercise(
    "8.12",
    functions={
        "run_load": "base_url, model, prompts, clients -> table",
        "capacity": "measure, levels, budget -> dict",
    },
    hints=[
        "A pool of threads keeps `clients` requests under way. What is a request worth that fails? And capacity: which "
        "levels need no measurement?",
        "ThreadPoolExecutor(clients).map(ask, prompts) keeps the order; ask catches httpx.TransportError and returns "
        "status 0. capacity: for clients in levels, return at the first level that breaks something.",
    ],
    concept="serving.md#slow",
)
def load_test_with_a_budget(run_load, capacity, found_capacity, levels) -> None:
    """A load that loses nothing and runs side by side, and the last level within a budget."""
    for clients, count in ((1, 3), (3, 9), (8, 16)):
        prompts = [f"{'la ' * (number % 5 + 1)}number {number}" for number in range(count)]
        case = f"for {count} prompts and {clients} client(s)"
        with StandIn(lambda body: str(body["messages"][-1].get("content")), together=clients) as server:
            found = _load(run_load, server, prompts, clients, case)
        same = (
            f"{clients} request(s) must be under way at the same time, no more and no less, not {server.most_at_once}"
        )
        require(server.most_at_once == clients and not server.waited_in_vain, f"{same}, {case}.")
        tokens = [len(prompt.split()) for prompt in prompts]
        rows = [*zip(prompts, [200] * count, tokens, strict=True)]
        _rows(found, rows, case)
    _not_too_many(run_load)
    _failing_load(run_load)
    for loads, seconds, failed, clients, broken in CAPACITIES:
        _capacity(capacity, dict(zip(LEVELS, loads, strict=True)), seconds, failed, clients, broken)
    mine = entries(found_capacity, ["clients", "broken"], "capacity_8_12 must be")
    hint = f"clients in capacity_8_12 must be 0 or one of {levels}, not {shown(mine['clients'])}."
    require(any(alike(mine["clients"], level) for level in [0, *levels]), hint)
    ends = "broken in capacity_8_12 is empty only where the last level is within the budget."
    require(bool(listed(mine["broken"], ends)) != alike(mine["clients"], levels[-1]), ends)


def _load(run_load: Tried, server: StandIn, prompts: list[str], clients: int, case: str) -> pd.DataFrame:
    found = columns(
        run_load(server.base_url, server.model, prompts, clients, case=case), COLUMNS, "run_load must return"
    )
    asked = [(one.body or {}).get("messages") for one in posted(server, CHAT, len(prompts), case)]
    once = f"Send every prompt once, as a chat with one message of the user, {case}."
    require(sorted(asked, key=str) == sorted([[user(prompt)] for prompt in prompts], key=str), once)
    asked_for(server.of(CHAT)[0], "An answer", max_tokens=16)
    require(all(is_number(value) and value > 0 for value in found["seconds"]), f"seconds must be above 0, {case}.")
    return found


def _rows(found: pd.DataFrame, truth: list[tuple], case: str) -> None:
    names = ["prompt", "status", "tokens"]
    require(len(found) == len(truth), f"There must be one row per prompt: {len(truth)}, not {len(found)}, {case}.")
    for row, wanted in zip(found[names].to_dict("records"), truth, strict=True):
        for name, value in zip(names, wanted, strict=True):
            hint = f"{name} of the prompt {wanted[0]!r} must be {value!r}, not {shown(row[name])}, {case}."
            exactly(row[name], value, f"{hint} The rows are in the order of the prompts." if name == "prompt" else hint)


def _not_too_many(run_load: Tried) -> None:
    """Wait for one more than there are clients: in vain, if the answer is right."""
    prompts = [f"number {number}" for number in range(6)]
    with StandIn(together=3, patience=0.5) as server:
        _load(run_load, server, prompts, 2, "for 6 prompts and 2 clients")
    hint = f"2 requests must be under way at the same time, for 2 clients, not {server.most_at_once}"
    require(server.most_at_once <= 2, f"{hint}.")


def _failing_load(run_load: Tried) -> None:
    """One client, so that it is certain which prompt meets which failure."""
    prompts = [f"number {number}" for number in range(6)]
    script = [Reply(503), Reply(body={"x": 1}, fails="cut"), Reply(400, {"error": "no"}), Reply(429)]
    case = "where the first four prompts meet 503, a broken connection, 400 and 429"
    with StandIn("one two", script={CHAT: script}) as server:
        found = _load(run_load, server, prompts, 1, case)
    statuses = zip(prompts, [503, 0, 400, 429, 200, 200], [0, 0, 0, 0, 2, 2], strict=True)
    _rows(found, [*statuses], case)


def _capacity(capacity: Tried, loads: dict, seconds: float, failed: int, clients: int, broken: list[str]) -> None:
    asked: list[Any] = []

    def measure(level: Any) -> pd.DataFrame:
        asked.append(plain(level))
        return loads[asked[-1]]

    told = {level: (load["seconds"].max(), int((load["status"] != 200).sum())) for level, load in loads.items()}
    case = f"where the longest answer and the failures are {told}, and the budget is {seconds} seconds and {failed}"
    budget = {"seconds_p95": seconds, "failed": failed}
    found = entries(capacity(limited(measure, 20), LEVELS, budget, case=case), ["clients", "broken"], "Return")
    needed = LEVELS[: LEVELS.index(clients) + 2] if clients else LEVELS[:1]
    stop = f"Measure {needed}, not {asked}, {case}: one level after the other, none beyond the first that breaks it."
    require(asked == needed, stop)
    exactly(found["clients"], clients, f"clients must be {clients}, not {shown(found['clients'])}, {case}.")
    parts = sorted(map(str, listed(found["broken"], f"broken must be a list, {case}.")))
    hint = f"broken must be {broken}, not {shown(parts)}, {case}."
    hint += " Failures are no answers, at the limit a budget is kept, and no answers keep seconds_p95."
    require(parts == broken, hint)
