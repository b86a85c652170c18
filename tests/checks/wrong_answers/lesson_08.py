"""The likely mistakes in lesson 08's exercises, and right answers in another form than the solution's."""

import numpy as np
import pandas as pd

from tests.checks.wrong_answers import changed, edit


def yaml(name: str, hint: str, *changes: str):
    """Make a mistake in the YAML of 8.1: pairs of old and new text."""
    pairs = [*zip(changes[::2], changes[1::2], strict=True)]

    def change(right: str) -> str:
        for old, new in pairs:
            assert old in right, old
            right = right.replace(old, new)
        return right

    return changed(name, hint, yaml_8_1=change)


# 8.2

IN_FILE = "            if field in in_file:\n                value, origin = in_file[field]"
ON_LINE, OPTION = "if line.get(field) is not None:", '"--" + field.replace("_", "-")'
ONE_BY_ONE = "    for section, fields in defaults.items():"
WHOLE_SECTIONS = "    defaults = {**defaults, **{s: f or {} for s, f in file.items()}}\n"

# 8.3

API = "    api = openai.OpenAI("
BY_HTTP = (
    "    def post(path, **body):\n"
    "        return http.post(base_url + path, json=body | {'temperature': 0}).raise_for_status().json()\n\n"
    "    model = http.get(base_url + '/models').json()['data'][0]['id']\n"
    "    completion = post('/completions', model=model, prompt='The capital of France is', max_tokens=8)\n"
    "    messages = [{'role': 'user', 'content': 'What is the capital of France?'}]\n"
    "    chat = post('/chat/completions', model=model, messages=messages, max_completion_tokens=32)\n"
    "    said, tokens = chat['choices'][0], np.int64(chat['usage']['completion_tokens'])\n"
    "    return dict(model=model, completion=completion['choices'][0]['text'], chat=said['message']['content'],\n"
    "                reason=said['finish_reason'], tokens=tokens, more=1)\n"
).replace("np.", "__import__('numpy').")

# 8.4

OPENED = '    with http.stream("POST", f"{base_url}/chat/completions", json=body) as response:\n'
LINES, COMMENT = "for line in response.iter_lines():", "            if data == line:  # a comment"
NEW_BODY = '    body = {"model": model, "messages": messages, "stream": True, '
BY_OPENAI = (
    "    api = openai.OpenAI(base_url=base_url, api_key='EMPTY')\n"
    "    text, reason, tokens = '', None, None\n"
    "    options = {'include_usage': True}\n"
    "    asked = dict(model=model, messages=messages, stream=True, stream_options=options)\n"
    "    for chunk in api.chat.completions.create(**asked):\n"
    "        if chunk.usage:\n            tokens = chunk.usage.completion_tokens\n"
    "        if chunk.choices:\n            reason = chunk.choices[0].finish_reason or reason\n"
    "            if chunk.choices[0].delta.content:\n"
    "                show(chunk.choices[0].delta.content)\n                text += chunk.choices[0].delta.content\n"
    "    return {'text': text, 'reason': reason, 'tokens': tokens}\n"
)
BY_URLLIB = (
    "    import urllib.request\n\n"
    "    body = dict(model=model, messages=messages, stream=True, stream_options={'include_usage': True})\n"
    "    headers = {'Content-Type': 'application/json'}\n"
    "    asked = urllib.request.Request(base_url + '/chat/completions', json.dumps(body).encode(), headers)\n"
    "    found = {'text': '', 'reason': None, 'tokens': None}\n"
    "    for line in urllib.request.urlopen(asked):\n"
    "        if not line.startswith(b'data: {'):\n            continue\n"
    "        chunk = json.loads(line[6:])\n"
    "        found['tokens'] = (chunk.get('usage') or {}).get('completion_tokens')\n"
    "        for choice in chunk['choices']:\n"
    "            found['reason'] = found['reason'] or choice['finish_reason']\n"
    "            if piece := choice['delta'].get('content'):\n"
    "                show(piece)\n                found['text'] += piece\n"
    "    return found\n"
)
BY_CURL = (
    "    import subprocess\n\n"
    "    body = dict(model=model, messages=messages, stream=True, stream_options={'include_usage': True})\n"
    "    command = ['curl', '-sN', base_url + '/chat/completions', '-H', 'Content-Type: application/json']\n"
    "    text, reason, tokens = '', None, None\n"
    "    with subprocess.Popen([*command, '-d', json.dumps(body)], stdout=subprocess.PIPE) as curl:\n"
    "        for line in curl.stdout:\n"
    "            if line.startswith(b'{'):\n                raise RuntimeError(line.decode())\n"
    "            if not line.startswith(b'data: {'):\n                continue\n"
    "            chunk = json.loads(line[6:])\n"
    "            for choice in chunk['choices']:\n"
    "                reason, piece = choice['finish_reason'] or reason, choice['delta'].get('content')\n"
    "                if piece:\n                    show(piece)\n                    text += piece\n"
    "            if chunk.get('usage'):\n                tokens = chunk['usage']['completion_tokens']\n"
    "    return {'text': text, 'reason': reason, 'tokens': tokens}\n"
)
BY_REQUESTS = (
    "    import requests\n\n"
    "    body = dict(model=model, messages=messages, stream=True, stream_options={'include_usage': True})\n"
    "    response = requests.post(base_url + '/chat/completions', json=body, stream=True)\n"
    "    response.raise_for_status()\n    chunks, pieces = [], []\n"
    "    for line in response.iter_lines():\n"
    "        if line.startswith(b'data: {'):\n            chunks.append(json.loads(line[6:]))\n"
    "            pieces += [c['delta']['content'] for c in chunks[-1]['choices'] if c['delta'].get('content')]\n"
    "            if chunks[-1]['choices'] and chunks[-1]['choices'][0]['delta'].get('content'):\n"
    "                show(pieces[-1])\n"
    "    reason = chunks[-2]['choices'][0]['finish_reason']\n"
    "    return {'text': ''.join(pieces), 'reason': reason, 'tokens': chunks[-1]['usage']['completion_tokens']}\n"
)
ALL_AT_ONCE = (
    '    with http.stream("POST", f"{base_url}/chat/completions", json=body) as response:\n        response.read()\n'
)
BY_BYTES = "for line in (line for part in response.iter_bytes() for line in part.decode().splitlines()):"
BY_PARTS = "for line in (line for part in response.iter_text() for line in part.splitlines()):"

# 8.5

DOCUMENT = '    document = http.get(f"{url}/openapi.json")'
UNKNOWN = "    unknown = unknown_fields(url, path, body)\n"
RETURNS_IT = "    return http.post(url + path, json=body).raise_for_status().json()\n"
SENT_BEFORE = "    answer = http.post(url + path, json=body).raise_for_status().json()\n" + UNKNOWN
BY_LOOP = "[name for name in body if name not in schema['properties']]"

# 8.6

TRIES, ONCE = (
    "    for attempt in range(attempts):\n",
    "            response, content = ask_once(base_url, body, timeout)\n",
)
FATAL = "if response.status_code != 429 and response.status_code < 500:\n                break"
HEADER = 'pause = float(response.headers.get("Retry-After", pause))'
CLOCK = "            if time.monotonic() > end:\n"
LEFT = "        if attempt + 1 < attempts:\n            sleep(pause)\n"
AS_OPENAI = (
    "    api = openai.OpenAI(base_url=base_url, api_key='EMPTY', timeout=timeout)\n"
    "    return api.chat.completions.create(**body).model_dump()\n"
)
BY_THREAD = (
    "def ask_once(base_url, body, timeout):\n"
    "    pool = ThreadPoolExecutor(1)\n"
    "    asked = pool.submit(http.post, f'{base_url}/chat/completions', json=body)\n"
    "    pool.shutdown(wait=False)\n"
    "    response = asked.result(timeout)\n"
    "    return response, response.content\n\n\n"
)
CURL = (
    "    import subprocess\n\n"
    "    command = ['curl', '-s', '-i', '--max-time', str(timeout), f'{base_url}/chat/completions', '-H', "
    "'Content-Type: application/json', '-d', json.dumps(body)]\n"
    "    for number in range(1, attempts + 1):\n"
    "        wait, done = 2 ** (number - 1), subprocess.run(command, capture_output=True, text=True)\n"
    "        head, _, content = done.stdout.replace('\\r', '').partition('\\n\\n')\n"
    "        if done.returncode == 0:\n            status = int(head.split()[1])\n"
    "            if status == 200:\n                return json.loads(content)\n"
    "            if status < 429 or 429 < status < 500 or number == attempts:\n"
    "                raise RuntimeError(f'{status}')\n"
    "            for line in head.splitlines():\n                if line.lower().startswith('retry-after:'):\n"
    "                    wait = int(line.split()[1])\n"
    "        elif number == attempts:\n            raise TimeoutError('no answer')\n"
    "        sleep(wait)\n"
)
# 8.7

HEALTHY, ENDED, READY = (
    "        healthy = is_healthy(url)\n",
    "        if code is not None:\n",
    "        if healthy:\n            return\n",
)
CODE = "        code = process.poll()  # after the request: who answered may be another server\n"
END = "        if time.monotonic() >= end:\n"
STATUS = 'http.get(f"{url}/health", timeout=1).status_code == 200'
COUNTED = (
    "    for _ in range(limit + 1):\n        try:\n"
    "            import urllib.request\n\n            urllib.request.urlopen(url + '/health', timeout=1)\n"
    "            healthy = True\n        except OSError:\n            healthy = False\n"
    "        if process.poll() is not None:\n            raise RuntimeError(f'exit code {process.returncode}')\n"
    "        if healthy:\n            return True\n        sleep(1)\n    raise TimeoutError('too late')\n"
)

# 8.8

SUM = "sum(sample.value for family in families for sample in family.samples if sample.name == name)"
GROWN = 'total(after, f"vllm:{name}") - total(before, f"vllm:{name}")'
BY_HAND = (
    "    lines = [line for line in text.splitlines() if line.startswith((name + '{', name + ' '))]\n"
    "    return sum(float(line.rpartition(' ')[2]) for line in lines)\n"
)

# 8.9

ANSWERED, DURATION = 'answered = table[table["status"] == 200]', 'duration = (table["start"] + table["seconds"]).max()'
SPEED = 'answered["tokens"].sum() / duration'
P95 = 'answered["seconds"].quantile(0.95)'

# 8.10

CLOSED, HEADER_OF_KEY = "not in (401, 403)", 'headers={"Authorization": f"Bearer {key}"}'

# 8.11

SYSTEM = 'system = [message for message in messages[:1] if message["role"] == "system"]'
FITS, STARTS = 'found["count"] + room <= found["max_model_len"]', 'if message["role"] == "user"]'
LOOP = "    for start in starts:\n"
RETURNED = "    return [*messages, {"
ASKED = '{"model": model, "messages": kept, "max_tokens": room}'

# 8.12

POOL = "    with ThreadPoolExecutor(clients) as pool:\n        return pd.DataFrame(pool.map(ask, prompts))\n"
CAUGHT = "        except httpx.TransportError:\n            pass"
STOPS = '            return {"clients": within, "broken": broken}\n'
BROKEN = "return [name for name, limit in budget.items() if found[name] > limit]"
BY_ASYNCIO = (
    "    import asyncio\n    import threading\n\n"
    "    async def work(left, rows, api):\n        for number, prompt in left:\n"
    "            start, status, tokens = time.perf_counter(), 0, 0\n            try:\n"
    "                messages = [{'role': 'user', 'content': prompt}]\n"
    "                found = await api.chat.completions.create(model=model, messages=messages, max_tokens=16)\n"
    "                status, tokens = 200, found.usage.completion_tokens\n"
    "            except openai.APIStatusError as error:\n                status = error.status_code\n"
    "            except openai.APIConnectionError:\n                pass\n"
    "            seconds = time.perf_counter() - start\n"
    "            rows[number] = dict(prompt=prompt, status=status, seconds=seconds, tokens=tokens, client=0)\n\n"
    "    async def all_of_them(rows):\n        left = iter(enumerate(prompts))\n"
    "        async with openai.AsyncOpenAI(base_url=base_url, api_key='EMPTY', max_retries=0) as api:\n"
    "            await asyncio.gather(*[work(left, rows, api) for _ in range(clients)])\n\n"
    "    rows = {}\n    thread = threading.Thread(target=lambda: asyncio.run(all_of_them(rows)))\n"
    "    thread.start()\n    thread.join()\n    return pd.DataFrame([rows[number] for number in sorted(rows)])\n"
)

WRONG = {
    "8.1": [
        yaml("one card", "more than one card has", "gpus: 2", "gpus: 1"),
        yaml("all memory", "other programs keep 5 %", "gpu_memory: 0.9", "gpu_memory: 1.0"),
        yaml("too little memory", "gpu_memory 0.8 is too small", "gpu_memory: 0.9", "gpu_memory: 0.8"),
        yaml("a longer context", "up to 4,096 tokens", "max_model_len: 4096", "max_model_len: 8192"),
        yaml("vLLM's own names", "refuses this file: yaml_8_1: a key must", "gpus: 2", "tensor-parallel-size: 2"),
        yaml("the key in the file", "a key must be one", "api_key_env: OFFICE_KEY", "api_key: s3cret"),
        yaml("the usual variable", "the name of the variable", "  api_key_env: OFFICE_KEY\n", ""),
        yaml("for this machine only", "Listen on all interfaces", "host: 0.0.0.0", "host: 127.0.0.1"),
        yaml("open to all", "There is a key", "  port: 8080", "  port: 8080\n  open_to_all: true"),
        yaml("a text for a number", "generation.temperature must be a number", "ture: 0.2", "ture: low"),
        yaml("flat", "a key must be one", "generation:\n  temperature: 0.2\n  max_tokens: 512", "temperature: 0.2"),
        yaml("no limit of requests", "who comes later waits", "  max_num_seqs: 4\n", ""),
        changed("a dict", "must be a text in YAML", yaml_8_1=lambda right: {"model": right}),
    ],
    "8.2": [
        edit("0 is nothing", "0, False and an empty text", ON_LINE, "if line.get(field):"),
        edit("None is an option", "must have 2 from 'file'", ON_LINE, "if field in line:"),
        edit("null is nothing", "A null in the file", "field in in_file", "in_file.get(field) is not None"),
        edit("0 in the file is nothing", "must have 0 from 'file'", "field in in_file", "in_file.get(field)"),
        edit("whole sections replaced", "leaves the others alone", ONE_BY_ONE, WHOLE_SECTIONS + ONE_BY_ONE),
        edit("an empty section", "TypeError", "file.get(section) or {}", "file.get(section, {})"),
        edit("underscores", "must come from '--top-p'", OPTION, '"--" + field'),
        edit("the file wins", "The line wins", ON_LINE, "if line.get(field) is not None and field not in in_file:"),
        edit("values only", "a pair of value and origin", "= (value, origin)", "= value"),
        edit("triples", "a pair of value and origin", "= (value, origin)", "= (value, origin, section)"),
        edit("one setting more", "there must be 1 setting", "found = {}", 'found = {"all": (1, "default")}'),
        changed("a list", "puzzle_8_2 must be a dict", puzzle_8_2=list),
        changed(
            "the file's temperature",
            "in puzzle_8_2",
            puzzle_8_2=lambda r: r | {"generation.temperature": (0.7, "file")},
        ),
    ],
    "8.3": [
        edit(
            "the name is fixed", "ask it for the name", "model = api.models.list().data[0].id", 'model = "pocket-chat"'
        ),
        edit("no limit", "max_tokens 8", "max_tokens=8, ", ""),
        edit("the temperature forgotten", "temperature 0", "max_tokens=8, temperature=0", "max_tokens=8"),
        edit(
            "chat's text as a completion's", "AttributeError", "chat.choices[0].message.content", "chat.choices[0].text"
        ),
        edit("all tokens", "total_tokens has the prompt", "completion_tokens", "total_tokens"),
        edit("always stop", "reason must be 'length'", "chat.choices[0].finish_reason", '"stop"'),
        edit(
            "the completion's reason", "reason must be 'stop'", "chat.choices[0].finish", "completion.choices[0].finish"
        ),
        edit("the path twice", "add the path to base_url", "base_url=base_url", 'base_url=base_url + "/v1"'),
        changed("a list", "first_8_3 must be a dict", first_8_3=list),
        changed("no text", "the model's text", first_8_3=lambda right: right | {"chat": None}),
        changed("of another server", "client.base_url", first_8_3=lambda right: right | {"model": "other-model"}),
    ],
    "8.4": [
        edit(
            "choices[0] of the usage",
            "IndexError",
            'for choice in chunk["choices"]:',
            'for choice in [chunk["choices"][0]]:',
        ),
        edit("the end is JSON", "JSONDecodeError", 'if data == "[DONE]":', "if False:"),
        edit("comments are events", "JSONDecodeError", "if data == line:", "if not line:"),
        edit("a packet is an event", "byte by byte", LINES, BY_PARTS),
        edit("half characters", "byte by byte", LINES, BY_BYTES),
        edit("all at the end", "Show a piece as soon as", OPENED, ALL_AT_ONCE),
        edit("the role shown", "not empty", "if piece:", "if piece is not None:"),
        edit("no usage asked for", "Ask for the usage", ', "stream_options": {"include_usage": True}', ""),
        edit(
            "chunks counted",
            "A chunk may hold several tokens",
            "show(piece)",
            "show(piece)\n                    tokens = (tokens or 0) + 1",
            'if chunk.get("usage"):',
            "if False:",
        ),
        edit("the last reason", "a later chunk has it", 'choice["finish_reason"] or reason', "reason"),
        edit("an error is an empty text", "the status 404", "        response.raise_for_status()\n", ""),
        edit("shown twice", "What show gets", "show(piece)", "show(piece), show(piece)"),
        edit("no stream", "stream True", '"stream": True', '"stream": False'),
    ],
    "8.5": [
        edit(
            "a fixed list",
            "The unknown fields are",
            DOCUMENT,
            '    return sorted(set(body) - {"model", "messages", "max_tokens"})\n' + DOCUMENT,
        ),
        edit(
            "the chat's fields for all", "for each path another", '["paths"][path]', '["paths"]["/v1/chat/completions"]'
        ),
        edit("no schema in place", "KeyError", 'if "$ref" in schema:', "if True:"),
        edit(
            "unsorted",
            "Sort the names",
            'sorted(set(body) - set(schema["properties"]))',
            'sorted(set(body) - set(schema["properties"]), reverse=True)',
        ),
        edit("posted before", "Post nothing", UNKNOWN, SENT_BEFORE, RETURNS_IT, "    return answer\n"),
        edit("unknown ones left out", "Post nothing", "raise ValueError(", "print("),
        edit("the first one only", "all unknown fields", "', '.join(unknown)", "unknown[0]"),
        edit("another exception", "Raise a ValueError", "raise ValueError", "raise RuntimeError"),
        edit("a refusal is an answer", "the status 404", "json=body).raise_for_status().json()", "json=body).json()"),
        edit("without a word", "Post the body as it is", "json=body)", 'json={**body, "max_tokens": 3})'),
        edit(
            "a part of the answer",
            "Return the server's answer",
            ".json()\n\n\nignored",
            '.json()["choices"][0]\n\n\nignored',
        ),
        changed("a number", "must be a list of names", ignored_8_5=len),
        changed("all fields", "ignored_8_5", ignored_8_5=lambda right: [*right, "top_k"]),
    ],
    "8.6": [
        edit("a 400 again", "nothing else is", FATAL, "if False:\n                break"),
        edit("no 429 again", "worth another try", "response.status_code != 429 and ", ""),
        edit("503 only", "worth another try", "response.status_code < 500", "response.status_code != 503"),
        edit("openai tries again", "max_retries=0", TRIES, AS_OPENAI + TRIES),
        edit("without an end", "Ask 3 times, not 5", TRIES, TRIES.replace("range(attempts)", "range(10**9)")),
        edit("Retry-After ignored", "Retry-After takes the place", HEADER, "pass"),
        edit(
            "0 is no Retry-After", "Retry-After takes the place", HEADER, HEADER.replace(", pause))", ", 0)) or pause")
        ),
        edit("equal waits", "Wait 1, 2, 4", "2**attempt", "1"),
        edit("begins with 0", "Wait 1, 2, 4", "2**attempt", "2**attempt - 1"),
        edit("a wait at the end", "After the last attempt nobody waits", LEFT, "        sleep(pause)\n"),
        edit("one attempt more", "Ask 3 times, not 4", TRIES, TRIES.replace("(attempts)", "(attempts + 1)")),
        edit(
            "no broken connection",
            "worth another try",
            "(httpx.TransportError, TimeoutError)",
            "TimeoutError",
        ),
        edit("per packet only", "look at the clock yourself", CLOCK, "            if False:\n"),
        edit("no time-out", "at most timeout seconds", ", timeout=timeout) as", ", timeout=None) as"),
        edit("nothing at the end", "the status 400", "    raise problem\n", "    return {}\n"),
        edit(
            "nothing at the end of a cut",
            "Raise an exception",
            "    raise problem\n",
            "    if isinstance(problem, RuntimeError):\n        raise problem\n",
        ),
        edit(
            "the error hides the status",
            "the status 400",
            'f"status {response.status_code}: {content.decode()}"',
            '"no"',
        ),
        edit("the text only", "Return the server's answer", "return json.loads(content)", "return content.decode()"),
    ],
    "8.7": [
        edit("a fixed time", "you asked nothing", "    end = time", "    sleep(60)\n    return\n    end = time"),
        edit("the wrong path", "Ask /health", "/health", "/v1/models"),
        edit("any answer", "Ask until the status is 200", ".status_code == 200", ".status_code > 0"),
        edit(
            "a closed port is an error", "yours ended with", "except httpx.TransportError", "except ZeroDivisionError"
        ),
        edit("exit code 0 is none", "exit code 0", ENDED, "        if code:\n"),
        edit("another server answers", "Somebody else's server", CODE + ENDED, READY + CODE + ENDED),
        edit("the process not seen", "raise a RuntimeError", CODE, "        code = None\n"),
        edit("no limit", "TimeoutError after limit", END, "        if False:\n"),
        edit("three times the limit", "not after 30", "+ limit", "+ 3 * limit"),
        edit("another exception", "TimeoutError after limit", "raise TimeoutError", "raise RuntimeError"),
        edit("no time-out", "a time-out of one second", ", timeout=1)", ", timeout=None)"),
        edit("other waits", "Call sleep(1)", "        sleep(1)\n", "        sleep(2)\n"),
        edit("no exit code", "raise a RuntimeError", "exit code {code}", "an error"),
    ],
    "8.8": [
        edit("one scrape", "the difference of the two scrapes", GROWN, 'total(after, f"vllm:{name}")'),
        edit("0 in place of None", "must be None", "if grown[1] else None", "if grown[1] else 0.0"),
        edit("divided by nothing", "ZeroDivisionError", " if grown[1] else None", ""),
        edit("the first line", "Add up all finished_reason", SUM, SUM.replace("sum(", "next((") + ", 0)"),
        edit("a part of the name", "Count exactly this name", "sample.name == name", "name[5:-6] in sample.name"),
        edit(
            "stop only",
            "Add up all finished_reason",
            "sample.name == name",
            'sample.name == name and sample.labels.get("finished_reason") != "length"',
        ),
        edit("upside down", "must be", "grown[0] / grown[1] if grown[1]", "grown[1] / grown[0] if grown[0]"),
        edit("backwards", "must be", 'total(before, f"vllm:{name}")', 'total(before, f"vllm:{name}") * -1'),
        changed("one missing", "metrics_8_8 must be a dict", metrics_8_8=lambda right: {"hit_rate": 0.5}),
        changed("another rate", "hit_rate in metrics_8_8", metrics_8_8=lambda right: right | {"hit_rate": 7}),
    ],
    "8.9": [
        edit("failures are answers", "failed must be", ANSWERED, "answered = table"),
        edit("fails on a word", "failed must be", '["status"] == 200]', '["status"] != 503]'),
        edit("all times count", "Only answers count", P95, P95.replace("answered", "table")),
        edit("the mean", "The median is no mean", 'answered["ttft"].quantile(0.5)', 'answered["ttft"].mean()'),
        edit("the longest", "That is the longest", P95, 'answered["seconds"].max()'),
        edit("seconds added up", "do not add up", SPEED, 'answered["tokens"].sum() / table["seconds"].sum()'),
        edit(
            "mean of speeds",
            "The mean of the single speeds",
            SPEED,
            '(answered["tokens"] / answered["seconds"]).mean()',
        ),
        edit("from zero", "Count from the first start", ' - table["start"].min()', ""),
        edit("tokens without an answer", "Only answers count", SPEED, 'table["tokens"].sum() / duration'),
        edit("nan for none", "must be None", "some = len(answered) > 0", "some = True"),
        edit("none for no answer", "tokens_per_second must be 0.0", SPEED, SPEED + " if some else None"),
        changed("one load", "8 clients", reports_8_9=lambda right: {1: right[1]}),
    ],
    "8.10": [
        edit(
            "200 only",
            "comes from behind the door",
            f"http.get(url + path).status_code {CLOSED}",
            "http.get(url + path).status_code == 200",
        ),
        edit("closed ones", "so open are", CLOSED, "in (401, 403)"),
        edit(
            "with a key",
            "as a stranger does",
            "http.get(url + path).status",
            'http.get(url + path, headers={"Authorization": "x"}).status',
        ),
        edit("the key in the URL", "must not be in the URL", HEADER_OF_KEY, 'params={"api_key": key}'),
        edit("no Bearer", "'Bearer' and the key", 'f"Bearer {key}"', "key"),
        edit("another header", "The header Authorization", '"Authorization": f"Bearer {key}"', '"X-Api-Key": key'),
        edit(
            "only good ones",
            "HTTPStatusError",
            HEADER_OF_KEY + ").status_code",
            HEADER_OF_KEY + ").raise_for_status().status_code",
        ),
        changed(
            "metrics are safe", "the key guards only", open_8_10=lambda right: [p for p in right if p != "/metrics"]
        ),
        edit("always good", "Return the status 401", HEADER_OF_KEY + ").status_code", HEADER_OF_KEY + ") and 200"),
        changed("a text", "must be a list of paths", open_8_10=lambda right: "/metrics"),
        changed("all is safe", "open_8_10 must be", open_8_10=lambda right: []),
    ],
    "8.11": [
        edit("all of it", "drop the oldest turns", FITS, "True"),
        edit("no system message", "so the model gets", "kept = system + turns[start:]", "kept = turns[start:]"),
        edit("single messages", "so the model gets", STARTS, "]"),
        edit("one token too few", "0 turns must go", FITS, FITS.replace("<=", "<")),
        edit("no room", "drop the oldest turns", FITS, 'found["count"] <= found["max_model_len"]'),
        edit(
            "a guess",
            "drop the oldest turns",
            FITS,
            'sum(len(m["content"]) // 4 for m in kept) + room <= found["max_model_len"]',
        ),
        edit("the last turn only", "so the model gets", LOOP, "    for start in starts[-1:]:\n"),
        edit("dropped for ever", "Return all messages", RETURNED, "    return [*kept, {"),
        edit("without the question", "Return all messages", RETURNED, "    return [*messages[:-1], {"),
        edit("no max_tokens", "max_tokens", ', "max_tokens": room', ""),
        edit(
            "asked, and refused",
            "ask for no answer",
            '    raise ValueError(f"the',
            '    http.post(f"{url}/v1/chat/completions", json={"messages": kept})\n    raise ValueError(f"the',
        ),
        edit(
            "asked all the same",
            "raise a ValueError",
            '    raise ValueError(f"the',
            '    return kept\n    raise ValueError(f"the',
        ),
        edit(
            "the caller's list",
            "changes the messages",
            '    messages = [*messages, {"role": "user", "content": text}]',
            '    messages.append({"role": "user", "content": text})',
        ),
        edit("below /v1", "HTTPStatusError", "/tokenize", "/v1/tokenize"),
    ],
    "8.12": [
        edit(
            "one after the other", "under way at the same time", "ThreadPoolExecutor(clients)", "ThreadPoolExecutor(1)"
        ),
        edit("all at once", "under way at the same time", "ThreadPoolExecutor(clients)", "ThreadPoolExecutor(50)"),
        edit(
            "a broken connection ends all",
            "RemoteProtocolError",
            CAUGHT,
            "        except ZeroDivisionError:\n            pass",
        ),
        edit(
            "lost ones",
            "one row per prompt",
            "pd.DataFrame(pool.map(ask, prompts))",
            'pd.DataFrame(row for row in pool.map(ask, prompts) if row["status"])',
        ),
        edit(
            "in another order",
            "in the order of the prompts",
            "pd.DataFrame(pool.map(ask, prompts))",
            "pd.DataFrame(pool.map(ask, prompts[::-1]))",
        ),
        edit("tokens of the prompt, too", "tokens of the prompt", '["completion_tokens"]', '["total_tokens"]'),
        edit(
            "one more try",
            "Ask /v1/chat/completions",
            "status = response.status_code\n",
            "status = response.status_code\n            if status == 503:\n                "
            "http.post(f'{base_url}/chat/completions', json=body)\n",
        ),
        edit("no limit", "max_tokens 16", ', "max_tokens": 16', ""),
        edit("all levels", "none beyond the first", STOPS, "            pass\n"),
        edit(
            "the level that breaks",
            "clients must be",
            '{"clients": within, "broken": broken}',
            '{"clients": clients, "broken": broken}',
        ),
        edit("below the limit", "Measure [1, 2, 4], not [1]", "found[name] > limit", "found[name] >= limit"),
        edit(
            "failures take their time",
            "Measure [1, 2, 4, 8]",
            'answered["seconds"].quantile',
            'table["seconds"].quantile',
        ),
        edit("the longest", "Measure [1, 2, 4, 8]", 'answered["seconds"].quantile(0.95)', 'answered["seconds"].max()'),
        edit(
            "no answer is too slow",
            "no answers keep seconds_p95",
            'answered["seconds"].quantile(0.95)',
            'answered["seconds"].quantile(0.95) if len(answered) else float("inf")',
        ),
        edit(
            "no answer ends it",
            "Measure [1, 2, 4], not [1]",
            "len(table) - len(answered)}",
            "len(table) - len(answered) if len(answered) else 99}",
        ),
        edit("the first broken only", "broken must be", BROKEN, BROKEN + "[:1]"),
        edit("failures allowed", "Measure [1, 2]", "len(table) - len(answered)", "0"),
        edit("one prompt for all", "Send every prompt once", '"content": prompt}', '"content": prompts[0]}'),
        edit("no time", "seconds must be above 0", "time.perf_counter() - start", "0"),
        edit(
            "None for nothing",
            "broken must be a list",
            '{"clients": within, "broken": []}',
            '{"clients": 8, "broken": None}',
        ),
        changed("a number", "capacity_8_12 must be a dict", capacity_8_12=lambda right: right["clients"]),
        changed("another level", "0 or one of", capacity_8_12=lambda right: right | {"clients": 3}),
        changed(
            "within, but broken",
            "only where the last level",
            capacity_8_12=lambda right: {"clients": 16, "broken": ["failed"]},
        ),
    ],
}

RIGHT = {
    "8.1": [
        yaml("other memory, other form", "", "gpu_memory: 0.9", "gpu_memory: 0.85", "host: 0.0.0.0", 'host: "::"'),
        yaml(
            "JSON is YAML",
            "",
            "generation:\n  temperature: 0.2\n  max_tokens: 512",
            'generation: {"temperature": 0.2, "max_tokens": 512}',
        ),
    ],
    "8.2": [
        edit("lists for pairs", "", "= (value, origin)", "= [value, origin]"),
        changed(
            "a list in the puzzle", "", puzzle_8_2=lambda right: {name: list(pair) for name, pair in right.items()}
        ),
    ],
    "8.3": [edit("httpx, more keys", "", API, BY_HTTP + API)],
    "8.4": [
        edit("openai", "", NEW_BODY, BY_OPENAI + NEW_BODY),
        edit("urllib", "", NEW_BODY, BY_URLLIB + NEW_BODY),
        edit("requests", "", NEW_BODY, BY_REQUESTS + NEW_BODY),
        edit("curl", "", NEW_BODY, BY_CURL + NEW_BODY),
    ],
    "8.5": [
        edit("a loop", "", 'sorted(set(body) - set(schema["properties"]))', f"sorted({BY_LOOP})"),
        changed("a tuple", "", ignored_8_5=tuple),
    ],
    "8.6": [
        edit("curl", "", TRIES, CURL + TRIES),
        edit("a thread", "", "def ask_patiently", BY_THREAD + "def ask_patiently"),
    ],
    "8.7": [
        edit("counted, with urllib", "", "    end = time", COUNTED + "    end = time"),
        edit("looked at twice", "", HEALTHY, "        process.poll()\n" + HEALTHY),
    ],
    "8.8": [
        edit("by hand", "", "    families = text", BY_HAND + "    families = text"),
        edit(
            "numpy's number",
            "",
            "return grown[0] / grown[1]",
            "return __import__('numpy').float64(grown[0]) / grown[1]",
        ),
    ],
    "8.9": [
        edit("numpy", "", P95, "__import__('numpy').percentile(answered['seconds'], 95)"),
        changed("a Series", "", reports_8_9=lambda right: {key: pd.Series(found) for key, found in right.items()}),
    ],
    "8.10": [
        edit(
            "openai's key",
            "",
            HEADER_OF_KEY,
            'auth=lambda r: r.headers.update({"Authorization": f"Bearer {key}"}) or r',
        ),
        changed("another order", "", open_8_10=lambda right: tuple(right[::-1])),
    ],
    "8.11": [
        edit(
            "the server's own message",
            "",
            '{"role": "assistant", "content": answer["choices"][0]["message"]["content"]}',
            'answer["choices"][0]["message"]',
        ),
        edit("its newer name", "", '"max_tokens": room', '"max_completion_tokens": room'),
        edit("a tuple", "", RETURNED, "    return tuple([*messages, {", '["content"]}]', '["content"]}])'),
    ],
    "8.12": [
        edit("asyncio and openai", "", "    def ask(prompt):", BY_ASYNCIO + "    def ask(prompt):"),
        changed("numpy's number", "", capacity_8_12=lambda right: right | {"clients": np.int64(right["clients"])}),
    ],
}
