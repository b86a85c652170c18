"""`vllm-course doctor`: does this machine run the lessons, and what to do where it does not.

The checks of vLLM, torch and the models are here, those of the machine in `health`. None imports vLLM.
"""

import argparse
import dataclasses
import json

from packaging.specifiers import SpecifierSet

from vllm_course import drift
from vllm_course.doctor import health, machine
from vllm_course.doctor.health import SET_UP, Check, build
from vllm_course.doctor.machine import DISTRIBUTIONS, Machine
from vllm_course.errors import get_again
from vllm_course.shipped import DEFAULT_MODEL


def vllm(facts: Machine) -> Check:
    """One build of vLLM must be there, in the version that the lessons were written for."""
    found = {name: facts.installed[name] for name in DISTRIBUTIONS.values() if facts.installed[name]}
    text = " and ".join(f"{name} {version}" for name, version in found.items())
    if len(found) != 1:
        rule = f"one of {' and '.join(DISTRIBUTIONS.values())} must be installed, got {text or 'none'}."
        return Check("vLLM", "fail", rule, SET_UP)
    name, version = found.popitem()
    if version.partition("+")[0] != facts.pins[name]:
        return Check("vLLM", "warn", f"the lessons were tested with {name} {facts.pins[name]}, got {version}.", SET_UP)
    return Check("vLLM", "ok", text)


def torch(facts: Machine) -> Check:
    """Torch must be the one that vLLM's libraries were compiled for."""
    found, wanted = facts.installed["torch"], facts.torch_wanted
    mixed = build(facts) == "gpu" and (found or "").endswith("+cpu")
    if not found or mixed or not SpecifierSet(wanted).contains(found, prereleases=True):
        exact = wanted.removeprefix("==") or "installed"
        rule = f"must be {exact} for vLLM's {build(facts)} build, got {found or 'none'}."
        return Check("torch", "fail", rule, SET_UP)
    return Check("torch", "ok", found)


def models(facts: Machine) -> Check:
    """The shipped models must be as they were committed; lesson 01 needs the first of them."""
    if DEFAULT_MODEL not in facts.models:
        place = f"models/{DEFAULT_MODEL}"
        return Check("models", "fail", f"{place} must be there, got none.", get_again(place))
    damaged = {name: files for name, files in facts.models.items() if files}
    if damaged:
        text = "; ".join(f"{name}: {', '.join(files)}" for name, files in damaged.items())
        remedy = "Delete what is there. " + get_again(*(f"models/{name}" for name in damaged))
        status = "fail" if DEFAULT_MODEL in damaged else "warn"
        rule = f"every file must match its SHA256SUMS, got a missing or damaged {text}."
        return Check("models", status, rule, remedy)
    return Check("models", "ok", ", ".join(facts.models))


def notebooks(facts: Machine) -> Check:
    """The notebooks of the working folder must be of the installed course, where a class shares one."""
    if facts.misfit:
        return Check("notebooks", "warn", facts.misfit, drift.UPDATE)
    return Check("notebooks", "ok", "they fit the installed course")


CHECKS = (
    health.python,
    health.platform,
    health.processor,
    health.threads,
    health.variables,
    health.compiler,
    health.memory,
    health.disk,
    health.gpu,
    vllm,
    torch,
    models,
    notebooks,
    health.network,
)


def examine(facts: Machine) -> list[Check]:
    """Return the results of all checks, in the order in which they are shown."""
    return [check(facts) for check in CHECKS]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the sub-command `doctor` to `vllm-course`."""
    parser = commands.add_parser(
        "doctor",
        help="check machine, environment and models, and say what to do",
        description="Check machine, environment and models. The exit code is 1 when lesson 01 would not run.",
    )
    parser.add_argument("--json", action="store_true", help="print the results as a list of JSON objects")
    parser.add_argument("--offline", action="store_true", help="do not ask whether the Hugging Face Hub answers")
    parser.set_defaults(run=lambda arguments: report(examine(machine.read(offline=arguments.offline)), arguments.json))


def report(results: list[Check], as_json: bool) -> int:
    """Print the results and return the exit code."""
    if as_json:
        print(json.dumps([dataclasses.asdict(result) for result in results], indent=2))
    else:
        print(*results, sep="\n")
    return int(any(result.status == "fail" for result in results))
