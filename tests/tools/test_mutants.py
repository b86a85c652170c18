"""The tool that breaks solutions: the mistakes it makes, what it says of a check, and what it compares."""

import ast
import json
from types import SimpleNamespace

import pytest

from tools.mutants import __main__ as command
from tools.mutants.breaking import mutants
from tools.mutants.guards import guards
from tools.mutants.judging import Verdict, judge, settle
from tools.mutants.parts import Parts
from tools.mutants.trying import Trial, solutions
from vllm_course import CourseError, checks
from vllm_course.checks import exercises, require

SOLUTION = """
import math
answer = ...
other = 5
model = load_model(seed=3)
def half(n):
    '''Not this 1.'''
    if not n > 2 and other:
        note(n, help="a text", unit="m")
    return [m for m in n if m]
def unused():
    return 7
answer = half(4)
print(half(8))
"""
FAMILY = """
import json
base = 1
def helper():
    return base
def fresh():
    return load_model("x")
table = {}
for name in ["a"]:
    table[name] = helper()
model = fresh()
ratio = len(table) + 3
slow = model.speed
"""
CHECKS = """
from vllm_course.checks import exercise, require
from vllm_course.checks.shapes import columns as table

def helper(answer):
    require(answer > 1, "More.")

@exercise("98.1", hints=["a", "b"], concept="page.md#section")
def first(answer):
    helper(answer)
    table(answer, ["a"])

@exercise("98.2", hints=["a", "b"], concept="page.md#section")
def second(answer):
    require(answer, "Other.")
"""


def test_every_small_mistake_is_made_once():
    found = dict(mutants(SOLUTION, {"answer"}))
    assert {name.partition(": ")[2] for name in found} == {
        "5 becomes 6",
        "not n > 2 and other is always so",
        "not n > 2 and other is never so",
        "not n > 2 and other is cut to its first part",
        "not n > 2 and other is cut to its last part",
        "not n > 2 is not negated",
        "n > 2 has another operator",
        "2 becomes 3",
        "note(n, help='a text', unit='m') has no unit",
        "note(n, help='a text', unit='m') is dropped",
        "'m' becomes empty",
        "m no longer chooses",
        "4 becomes 5",
    }
    assert "return [m for m in n if True]" in found["line 10, column 29: m no longer chooses"]
    assert not any("load_model" in source or "..." in source or "unused" in source for source in found.values())


def test_what_changes_nothing_is_no_mistake():
    found = [name for name, _ in mutants("def f():\n    while True:\n        break", {"f"})]
    assert [name.partition(": ")[2] for name in found] == ["True becomes False", "True is never so", "break is dropped"]


@pytest.mark.parametrize(
    ("answers", "changed", "again"),
    [
        ({"ratio"}, 1, [1, 2, 4, 5, 7]),  # a constant: the function that uses it, and all that comes of it
        ({"ratio"}, 5, [2, 4, 5, 7]),  # a loop that fills a table: the table is made anew too
        ({"ratio"}, 7, [2, 7]),
        ({"helper"}, 2, [2]),
        ({"slow"}, 3, []),  # would load a model
        ({"slow"}, 8, [3, 8]),
    ],
)
def test_what_comes_of_a_change_runs_again(answers, changed, again):
    body = [ast.unparse(node) for node in ast.parse(FAMILY).body]
    parts = Parts(FAMILY, answers)
    statement = next(node for node in parts.statements if ast.unparse(node) == body[changed])
    assert [body.index(ast.unparse(node)) for node in parts.again(statement)] == again


@pytest.fixture
def bounds(monkeypatch):
    """Register exercise 98.1, which takes a function from nothing to a number between 1 and 9."""
    monkeypatch.setattr(exercises, "_exercises", {})

    @checks.exercise("98.1", hints=["a", "b"], concept="page.md#section")
    def between(function):
        require(function() > 1, "More.")
        require(function() < 9, "Less.")


def raising(error: BaseException):
    raise error


def endless():
    while True:
        try:
            while True:
                pass
        except BaseException:  # as a careless learner writes it; the second alarm gets through
            endless.rang += 1
            if endless.rang == 2:
                raise


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        (lambda: [lambda: 5], Verdict("passed")),
        (lambda: [lambda: 0], Verdict("not yet", "More.")),
        (lambda: [lambda: 1 / 0], Verdict("crash", "ZeroDivisionError: division by zero")),
        (lambda: [lambda: raising(SystemExit(2))], Verdict("crash", "SystemExit: 2")),
        (lambda: raising(ValueError("no")), Verdict("no answer", "ValueError: no")),
        (lambda: [endless], Verdict("too long", "TooLong: more than 0.2 s")),
        (endless, Verdict("too long", "TooLong: more than 0.2 s")),
    ],
)
def test_verdicts(bounds, answers, verdict):
    endless.rang = 0
    assert judge("98.1", answers, limit=0.2 if verdict.status == "too long" else 60) == verdict


def test_a_declared_function_does_not_hold_the_alarm(monkeypatch):
    monkeypatch.setattr(exercises, "_exercises", {})
    endless.rang = 0

    @checks.exercise("98.2", hints=["a", "b"], concept="page.md#section", functions={"function": "-> number"})
    def anything(function):
        function()

    assert judge("98.2", lambda: [endless], limit=0.2) == Verdict("too long", "TooLong: more than 0.2 s")


def test_requests_that_were_left_are_ended():
    class Engine:
        output_processor = SimpleNamespace(request_states={"a": 1})
        left = ["a"]

        def has_unfinished_requests(self):
            return bool(self.left)

        def abort_request(self, names, internal):
            self.left = [name for name in self.left if name not in names]

    engine = Engine()
    freed = SimpleNamespace(has_unfinished_requests=lambda: raising(CourseError("freed")))
    solved = {"llm": SimpleNamespace(llm_engine=engine), "old": SimpleNamespace(llm_engine=freed), "n": 1}
    assert settle(solved) == {"llm"} and engine.left == []


@pytest.fixture
def checked(tmp_path):
    """Return the file with the checks of lesson 98 in a made-up checkout."""
    file, shapes = tmp_path / "checks" / "lesson_98.py", tmp_path / "vllm_course" / "checks" / "shapes.py"
    for path, text in ((file, CHECKS), (shapes, "def user(text): ...\ndef columns(a, b):\n    require(a, b)\n")):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return file


def test_guards_are_those_of_the_exercises_that_ran(tmp_path, checked):
    file = checked
    found = guards(tmp_path, {"98.1"}, shared=False)
    assert [(guard.first, guard.text) for guard in found] == [
        (6, "require(answer > 1, 'More.')"),
        (11, "table(answer, ['a'])"),
    ]
    assert found[0].refused([("other.py", 6), (str(file), 6)]) and not found[1].refused([(str(file), 6)])


@pytest.fixture
def run(monkeypatch, tmp_path, checked, capsys):
    """Return a function that runs the tool on one lesson whose trials are given, and returns code, stdout, stderr."""
    place = (str(checked), 6)
    verdicts = {"worse": Verdict("passed"), "bad": Verdict("not yet", "More.", (place,))}

    def call(*arguments, **changes):
        trials = [Trial("98.1", "mutant", name, verdict) for name, verdict in (verdicts | changes).items()]
        monkeypatch.setattr(command, "solutions", lambda: [tmp_path])
        monkeypatch.setattr(command, "number_of", lambda path: ["98.1"])
        monkeypatch.setattr(command, "try_lesson", lambda *given, limit: trials)
        monkeypatch.setattr(command, "guards", lambda root, *given, shared: guards(tmp_path, {"98.1"}, shared=False))
        code = command.main([*map(str, arguments)])
        return code, *capsys.readouterr()

    return call


def test_what_passes_and_what_proves_nothing_is_listed(run):
    code, out, _ = run("98.1")
    assert code == 0 and "Mutants that pass: 1\n  98.1  worse\n" in out
    assert "Guards that nothing proves: 1 of 2" in out and "lesson_98.py:11: table(answer, ['a'])" in out


def test_two_versions_of_the_checks_are_compared(run, tmp_path):
    before = tmp_path / "before.json"
    before.write_text(run("--json")[1])
    assert {v["name"]: v["verdict"] for v in json.loads(before.read_text())["verdicts"]} == {
        "worse": "passed",
        "bad": "not yet",
    }
    assert run("--compare", before)[0] == 0
    code, _, err = run("--compare", before, bad=Verdict("passed"), new=Verdict("passed"))
    assert code == 1 and "98.1 mutant bad: passes now" in err
    assert "2 compared, 1 judged otherwise; 0 are not tried now, 1 are new" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["98.7"], "NUMBER must be an exercise of a lesson, got 98.7. Give"),
        (["--compare", "none.json"], "--compare must be a file that --json wrote, got none.json (FileNotFoundError"),
        (["--compare", "pyproject.toml"], "--compare must be a file that --json wrote, got pyproject.toml (JSONDecode"),
    ],
)
def test_a_mistake_is_answered_with_one_line(run, words, message):
    code, _, err = run(*words)
    assert code == 2 and err.startswith(message) and err.count("\n") == 1


def test_every_lesson_is_tried():
    assert solutions() != []
