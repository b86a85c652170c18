"""The likely mistakes in exercises 3.7 to 3.12. Each must be refused, with the hint that fits."""

import json
import os
import re
import tempfile
from pathlib import Path
from types import SimpleNamespace

from tests.checks.wrong_answers import Wrong


def _params(**sampling):
    from vllm import SamplingParams

    return SamplingParams(**sampling)


# 3.7


def _template(*changes: tuple[str, str]):
    """Return the solution's template with parts replaced, each of which must be there."""

    def answer(ns: dict) -> tuple:
        text = ns["template_3_7"]
        for old, new in changes:
            assert old in text, f"the solution's template must hold {old!r}"
            text = text.replace(old, new)
        return text, ns["llm"]

    return answer


SYSTEM_TURN = (
    '{%- if message.role == "system" %}{{- "<start_of_turn>system\\n" + message.content + "<end_of_turn>\\n" }}'
)
SYSTEM_BRANCH = '{%- if message.role == "system" and loop.first %}'


# 3.8


def _answers_3_8(ns: dict, **changes) -> tuple:
    names = ("cacheable", "measure", "answer_3_8", "SHARED_3_8", "DIFFERENT_3_8", "llm")
    return tuple(({name: ns[name] for name in names} | changes).values())


def _answer_3_8(**changes):
    return lambda ns: _answers_3_8(ns, answer_3_8=ns["answer_3_8"] | changes)


def _cacheable(*, floor: bool = True, last: bool = False, prefix: bool = True, anywhere: bool = False):
    def cacheable(first, second, block_size):
        pairs = [one == other for one, other in zip(first, second if last else second[:-1], strict=False)]
        same = pairs.index(False) if prefix and False in pairs else sum(pairs)
        if anywhere:
            same = len(set(first) & set(second[:-1]))
        return same // block_size * block_size if floor else same

    return lambda ns: _answers_3_8(ns, cacheable=cacheable)


def _measuring(ns: dict, *, reset: bool = True, difference: bool = True, tokens=None) -> tuple:
    def measure(llm, conversations):
        if reset:
            llm.reset_prefix_cache()
        before = ns["counters"](llm)
        outputs = llm.chat(conversations, _params(max_tokens=1))
        after = ns["counters"](llm)
        grown = {name: value - before[name] * difference for name, value in after.items()}
        count = tokens or (lambda output: len(output.prompt_token_ids))
        cached = sum(output.num_cached_tokens for output in outputs)
        return {"prompt_tokens": sum(map(count, outputs)), "cached_tokens": cached} | grown

    return _answers_3_8(ns, measure=measure)


def _measuring_one_by_one(ns: dict) -> tuple:
    def measure(llm, conversations):
        return [ns["measure"](llm, [conversation]) for conversation in conversations][-1]

    return _answers_3_8(ns, measure=measure)


# 3.9


def _running(*, read=json.loads, write=json.dumps, pattern=r"<tool_call>(.*?)(?:</tool_call>|$)", **flaws):
    """Return a `run_tool` that is right but for its flaws."""

    def run_tool(text, functions):
        found = re.search(pattern, text, re.DOTALL)
        if not found:
            return {"role": "tool", "content": '{"error": "no call"}'} if flaws.get("always") else None
        try:
            call = read(found[1])
            if call["name"] not in list(functions):
                raise ValueError(f"unknown tool {call['name']}")
            result = functions[call["name"]](**call["arguments"])
        except Exception as error:
            if flaws.get("raises"):
                raise
            result = {"error": flaws.get("error", str(error) or "error")}
        content = write(result)
        return {"role": flaws.get("role", "tool"), "content": content}

    return lambda ns: (run_tool, ns["answer_with_tool"], ns["llm"])


def _answering(**flaws):
    """Return an `answer_with_tool` that is right but for its flaws."""

    def answer(ns: dict) -> tuple:
        def answer_with_tool(llm, question, tools, functions):
            params = None if flaws.get("random") else _params(temperature=0, max_tokens=16 if flaws.get("cut") else 64)
            messages = [{"role": "user", "content": question}]
            text = llm.chat(messages, params, tools=tools)[0].outputs[0].text
            messages += [] if flaws.get("forgets") else [{"role": "assistant", "content": text}]
            result = ns["run_tool"](text, functions)
            if result or flaws.get("twice"):
                messages.append(result or {"role": "tool", "content": "null"})
                sent = [messages[0], messages[-1]] if flaws.get("short") else messages
                text = llm.chat(sent, params, tools=None if flaws.get("once") else tools)[0].outputs[0].text
                messages.append({"role": "assistant", "content": text})
            return text if flaws.get("text") else messages

        return ns["run_tool"], answer_with_tool, ns["llm"]

    return answer


# 3.10


def _saving(**flaws):
    """Return a `save` that is right but for its flaws."""

    def save(path, messages):
        data = {"messages": messages} | ({} if flaws.get("unmarked") else {"version": 1})
        text = json.dumps(data, ensure_ascii=False, default=str if flaws.get("anything") else None)
        unfinished = path.with_name(path.name + ".tmp")
        if flaws.get("elsewhere"):
            unfinished = Path(tempfile.gettempdir(), f"wrong-answer-{os.getpid()}.tmp")
        try:
            unfinished.write_text(text, encoding="utf-8")
            if flaws.get("gap"):
                path.unlink(missing_ok=True)
            os.replace(unfinished, path)
        except OSError:
            if not flaws.get("silent"):
                raise
        finally:
            if not flaws.get("rubbish"):
                unfinished.unlink(missing_ok=True)

    return lambda ns: (save, ns["load"])


def _in_place(ns: dict) -> tuple:
    def save(path, messages):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"version": 1, "messages": messages}, file)

    return save, ns["load"]


def _loading(*, named: bool = True, version: bool = True, messages: bool = True, missing=None):
    """Return a `load` that checks less than it should."""

    def answer(ns: dict) -> tuple:
        def load(path):
            if missing is not None and not path.exists():
                return missing(path)
            try:
                data = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                if named:
                    raise ValueError(f"{path}: no JSON: {error}") from None
                raise
            if version and not (isinstance(data, dict) and data.get("version") == 1 and "messages" in data):
                return ns["load"](path)  # which refuses it
            return ns["load"](path) if messages else data["messages"]

        return ns["save"], load

    return answer


def _refusing(path):
    raise ValueError(f"{path} is not there")


# 3.11


def _answers_3_11(ns: dict, **changes) -> tuple:
    names = ("measure_settings", "table_3_11", "answer_3_11", "SETTINGS_3_11", "llm")
    return tuple(({name: ns[name] for name in names} | changes).values())


def _answer_3_11(**rows):
    """Return answers with another row, chosen from the table."""

    def answer(ns: dict) -> tuple:
        chosen = {name: row(ns["table_3_11"]) for name, row in rows.items()}
        return _answers_3_11(ns, answer_3_11=ns["answer_3_11"] | chosen)

    return answer


def _whole(table):
    return table[table["logprob"] > -0.5]


def _one_by_one(ns: dict) -> tuple:
    def measure_settings(llm, questions, story, settings, seeds):
        tables = [ns["measure_settings"](llm, questions, story, [setting], seeds) for setting in settings]
        return ns["pd"].concat(tables, ignore_index=True)

    return _answers_3_11(ns, measure_settings=measure_settings)


class _Changing:
    """An engine before which the parameters of a call are changed, as if they had been made otherwise."""

    def __init__(self, llm, change) -> None:
        self.llm, self.change = llm, change

    def chat(self, messages, params, **options):
        return self.llm.chat(messages, self.change(params), **options)


def _changed(change):
    """Return the solution with parameters that were made otherwise."""

    def answer(ns: dict) -> tuple:
        def measure_settings(llm, *arguments):
            return ns["measure_settings"](_Changing(llm, change), *arguments)

        return _answers_3_11(ns, measure_settings=measure_settings)

    return answer


def _with(**sampling):
    """Return a change that sets fields of every `SamplingParams`."""

    def change(params):
        for one in params:
            for name, value in sampling.items():
                setattr(one, name, value)
        return params

    return change


def _summary(**columns):
    """Return the solution with a column counted otherwise, from the stories or the answers of a setting."""

    def answer(ns: dict) -> tuple:
        def measure_settings(llm, questions, story, settings, seeds):
            engine = _Keeping(llm)
            table = ns["measure_settings"](engine, questions, story, settings, seeds)
            each = len(engine.outputs) // len(settings)
            texts = [[o.outputs[0] for o in engine.outputs[i * each : (i + 1) * each]] for i in range(len(settings))]
            per = len(questions) + 1
            rows = [([t for i, t in enumerate(row) if (i + 1) % per], row[per - 1 :: per]) for row in texts]
            return table.assign(**{name: [count(questions, *row) for row in rows] for name, count in columns.items()})

        return _answers_3_11(ns, measure_settings=measure_settings)

    return answer


class _Keeping:
    """An engine whose outputs are kept."""

    def __init__(self, llm) -> None:
        self.llm, self.outputs = llm, []

    def chat(self, *arguments, **options):
        self.outputs = self.llm.chat(*arguments, **options)
        return self.outputs


def _substrings(questions, answers, stories):
    words = [word for _, word in questions]
    return sum(words[i % len(words)] in text.text for i, text in enumerate(answers)) / len(answers)


def _counted(questions, answers, stories):
    return len(set(" ".join(story.text for story in stories).split()))


def _story_by_story(questions, answers, stories):
    texts = [story.text.split() for story in stories]
    return sum(len(set(words)) / len(words) for words in texts) / len(texts)


def _summed(questions, answers, stories):
    return sum(story.cumulative_logprob for story in stories)


# 3.12


def _describing(**flaws):
    def answer(ns: dict) -> tuple:
        def describe(function):
            found = ns["describe"](function)
            inner = found["function"]
            if flaws.get("whole"):
                inner["description"] = function.__doc__
            if flaws.get("python"):
                words = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
                for value in inner["parameters"]["properties"].values():
                    value["type"] = words[value["type"]]
            if flaws.get("bare"):
                del inner["parameters"]["type"]
            if flaws.get("required"):
                inner["parameters"]["required"] = list(inner["parameters"]["properties"])
            return found

        return describe, ns["agent"], ns["llm"]

    return answer


def _agent(**flaws):
    """Return an `agent` that is right but for its flaws."""

    def answer(ns: dict) -> tuple:
        def agent(llm, messages, functions, *, max_rounds=4):
            messages = messages if flaws.get("changes") else list(messages)
            tools = [ns["describe"](function) for function in functions]
            by_name = {function.__name__: function for function in functions}
            text = ""
            for number in range(flaws.get("rounds", max_rounds) - flaws.get("less", 0)):
                given = None if flaws.get("once") and number else tools
                params = _params(temperature=flaws.get("temperature", 0), max_tokens=64)
                text = llm.chat(messages, params, tools=given)[0].outputs[0].text
                calls = re.findall(r"<tool_call>.*?(?:</tool_call>|$)", text, re.DOTALL)
                if not calls or not flaws.get("forgets"):
                    messages.append({"role": "assistant", "content": text})
                if not calls:
                    return messages
                if flaws.get("strict") and "error" in ns["run_tool"](calls[0], by_name)["content"]:
                    raise ValueError("the model called a tool that does not work")
                messages += [ns["run_tool"](call, by_name) for call in calls[: flaws.get("calls", 9)]]
            if flaws.get("silent"):
                return messages
            raise flaws.get("error", RuntimeError)(f"no answer after {flaws.get('rounds', max_rounds)} rounds")

        return ns["describe"], agent, ns["llm"]

    return answer


WRONG = {
    "3.7": [
        Wrong("no bos_token", _template(("{{- bos_token }}\n", "")), "must begin with bos_token"),
        Wrong(
            "bos_token in every turn",
            _template(("{{- bos_token }}\n", ""), ('"<start_of_turn>user', 'bos_token + "<start_of_turn>user')),
            "not every turn",
        ),
        Wrong("dashes left out", _template(("{{-", "{{"), ("{%-", "{%")), "Only white space differs"),
        Wrong("<s> as a text", _template(("{{- bos_token }}", "<s>")), "stands in the template as a text"),
        Wrong("a line break too few", _template(('+ "\\n\\n"', '+ "\\n"')), "White space is missing there"),
        Wrong("no generation prompt", _template(("if add_generation_prompt", "if false")), "must end with"),
        Wrong("generation prompt always", _template(("if add_generation_prompt", "if true")), "is False"),
        Wrong(
            "the role as it comes",
            _template(('"<start_of_turn>model\\n" + message', '"<start_of_turn>assistant\\n" + message')),
            "calls the assistant model",
        ),
        Wrong("not trimmed", _template((" | trim", "")), "keeps blanks"),
        Wrong("a system turn", _template((SYSTEM_BRANCH, SYSTEM_TURN)), "no system turn"),
        Wrong("set in a loop", _template(('namespace(text="")', '""'), ("first.text", "first")), "a namespace"),
        Wrong("the system's text in every turn", _template(('{%- set first.text = "" %}', "")), "is there 2 times"),
        Wrong("any role a user", _template(('role == "user"', 'role != "assistant"')), "role tool went through"),
        Wrong("a later system message", _template((" and loop.first", "")), "not the first went through"),
        Wrong("a role not named", _template((', got " + message.role', '"')), "must name the role"),
        Wrong("an unknown function", _template(("raise_exception(", "raise(")), "but by Jinja itself"),
        Wrong("an end left out", _template(("{%- endfor %}", "")), "Jinja cannot read line"),
        Wrong("a path", lambda ns: ("template_3_7.jinja", ns["llm"]), "looks like a path"),
    ],
    "3.8": [
        Wrong("broken blocks", _cacheable(floor=False), "only whole blocks count"),
        Wrong("the last token too", _cacheable(last=True), "last token is always computed"),
        Wrong("tokens behind a difference", _cacheable(prefix=False), "no block behind it counts"),
        Wrong("tokens at any place", _cacheable(anywhere=True), "are no prefix"),
        Wrong("the cache left full", lambda ns: _measuring(ns, reset=False), "empty it first"),
        Wrong("counters from the start", lambda ns: _measuring(ns, difference=False), "grew meanwhile"),
        Wrong("a call each", _measuring_one_by_one, "in one call of llm.chat"),
        Wrong("words", lambda ns: _measuring(ns, tokens=lambda o: len(o.prompt.split())), "prompt_tokens must be"),
        Wrong("a GPU's block size", _answer_3_8(block_size=16), "block size is 128"),
        Wrong("the whole prefix", _answer_3_8(predicted=300), "can come from the cache, not 300"),
        Wrong(
            "a percentage", lambda ns: _answer_3_8(shared=100 * ns["answer_3_8"]["shared"])(ns), "The share for shared"
        ),
        Wrong(
            "the same share for both", lambda ns: _answer_3_8(different=ns["answer_3_8"]["shared"])(ns), "for different"
        ),
        Wrong(
            "an engine that does not count",
            lambda ns: _answers_3_8(ns, llm=SimpleNamespace(llm_engine=SimpleNamespace(log_stats=False))),
            "disable_log_stats=False",
        ),
    ],
    "3.9": [
        Wrong("errors raised", _running(raises=True), "run_tool raised"),
        Wrong("eval", _running(read=lambda text: eval(text, {"true": True})), "eval runs whatever"),
        Wrong("str of a dict", _running(write=str), "must be JSON"),
        Wrong("a dict for a text", _running(write=lambda result: result), "is a text"),
        Wrong("up to the first brace", _running(pattern=r"<tool_call>\s*(\{.*?\})"), "must give {'sky': 'foggy'"),
        Wrong("the whole text", _running(pattern=r"(?=.*<tool_call>)(.*)"), "must give {'sky': 'foggy'"),
        Wrong("an error for no call", _running(pattern="<tool_call>(.*?)</tool_call>", always=True), "return None"),
        Wrong("cut calls missed", _running(pattern="<tool_call>(.*?)</tool_call>"), "holds a call"),
        Wrong("errors that say nothing", _running(error="wrong"), "name it"),
        Wrong("a result that is no JSON", _running(outside=True), "run_tool raised TypeError"),
        Wrong("another role", _running(role="user"), "must return a message"),
        Wrong("the call forgotten", _answering(forgets=True), "The roles must be"),
        Wrong("tools once", _answering(once=True), "every llm.chat"),
        Wrong("the default sampling", _answering(random=True), "depend on chance"),
        Wrong("16 tokens", _answering(cut=True), "Use max_tokens=64"),
        Wrong("the result alone", _answering(short=True), "The second request must hold"),
        Wrong("always two requests", _answering(twice=True), "when the model answers at once"),
        Wrong("the text alone", _answering(text=True), "Return the list of messages"),
    ],
    "3.10": [
        Wrong("written in place", _in_place, "writes into the old file"),
        Wrong("the old file removed first", _saving(gap=True), "the old file is gone"),
        Wrong("a file left behind", _saving(rubbish=True), "behind"),
        Wrong("a file in another folder", _saving(elsewhere=True), "another folder"),
        Wrong("no version", _saving(unmarked=True), '"version": 1'),
        Wrong("errors swallowed", _saving(silent=True), "save said nothing"),
        Wrong("anything as text", _saving(anything=True), "gives something else back"),
        Wrong("no file's name", _loading(named=False), "must name the file"),
        Wrong("any version", _loading(version=False, messages=False), "raise a ValueError, not TypeError"),
        Wrong("messages not looked at", _loading(messages=False), "with messages that are no list"),
        Wrong("empty for missing", _loading(missing=lambda path: []), "FileNotFoundError, not no error"),
        Wrong("ValueError for missing", _loading(missing=_refusing), "FileNotFoundError, not ValueError"),
    ],
    "3.11": [
        Wrong("a call a setting", _one_by_one, "one call"),
        Wrong("one parameter for all", _changed(lambda params: params[0]), "a list of SamplingParams"),
        Wrong("one seed", _changed(_with(seed=5)), "once with each of the seeds"),
        Wrong("top_p forgotten", _changed(_with(top_p=1.0)), "another top_p"),
        Wrong("16 tokens", _changed(_with(max_tokens=16)), "max_tokens=100"),
        Wrong("`in` for a word", _summary(right=_substrings), "a whole word"),
        Wrong("a number of words", _summary(variety=_counted), "are different, a variety of"),
        Wrong("each story by itself", _summary(variety=_story_by_story), "are different, a variety of"),
        Wrong("a sum of log probabilities", _summary(logprob=_summed), "the mean over all tokens"),
        Wrong("the worst for facts", _answer_3_11(facts=lambda t: t["right"].idxmin()), "right answers, another one"),
        Wrong("varied but broken", _answer_3_11(stories=lambda t: t["variety"].idxmax()), "are broken"),
        Wrong("whole but dull", _answer_3_11(stories=lambda t: _whole(t)["variety"].idxmin()), "another whole row"),
        Wrong("a setting, not its row", _answer_3_11(facts=lambda t: 0.7), "no row of the table"),
    ],
    "3.12": [
        Wrong("the whole docstring", _describing(whole=True), "first line"),
        Wrong("Python's types", _describing(python=True), "in JSON's words"),
        Wrong("no type object", _describing(bare=True), "as in TOOLS_3_9"),
        Wrong("everything required", _describing(required=True), "without a default"),
        Wrong("the first call alone", _agent(calls=1), "after two calls in one text"),
        Wrong("the caller's list", _agent(changes=True), "changed the list"),
        Wrong("the call forgotten", _agent(forgets=True), "The roles must be"),
        Wrong("tools once", _agent(once=True), "must hold the descriptions"),
        Wrong("errors raised", _agent(strict=True), "errors go back to the model"),
        Wrong("a limit of its own", _agent(rounds=10), "must be asked 1 times"),
        Wrong("one round too few", _agent(less=1), "in the last round"),
        Wrong("sampled", _agent(temperature=0.7), "depend on chance"),
        Wrong("another error", _agent(error=ValueError), "a RuntimeError, not ValueError"),
        Wrong("no error at the end", _agent(silent=True), "raise a RuntimeError"),
    ],
}
