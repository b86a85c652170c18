"""Break the solutions by machine and see what their checks say: `python -m tools.mutants [NUMBER ...]`.

Every solution gets, one at a time, all small mistakes that a machine can make: a constant, a condition or an operator
changed, a keyword or a statement dropped. The wrong answers of the tests are tried too. In the end come the mutants
that pass, which may be as right as the solution, and the guards of the checks that refused nothing: either a wrong
answer is missing, or the guard is not needed.

Examples:
  python -m tools.mutants 3.9
  python -m tools.mutants --json > before.json
  python -m tools.mutants --compare before.json
"""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tools.mutants.guards import guards
from tools.mutants.trying import Trial, number_of, solutions, try_lesson
from vllm_course import paths
from vllm_course.tool import ToolParser, UsageError, number, tool

RULE = "Give numbers like 3.9, or nothing for all."


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = ToolParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="an exercise such as 3.9 (default: all)")
    parser.add_argument("--json", action="store_true", help="print every verdict as JSON")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="name what is other than in an earlier --json")
    parser.add_argument(
        "--limit",
        type=number(float, low=1, remedy="Use 60."),
        default=60,
        help="seconds for one mutant (default: %(default)s)",
    )
    return parser


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool; return 1 when a verdict is other than before."""
    args = build_parser().parse_args(argv)
    earlier = _read(args.compare) if args.compare else None
    every = [exercise for path in solutions() for exercise in number_of(path)]
    if unknown := sorted(set(args.numbers) - set(every)):
        raise UsageError(f"NUMBER must be an exercise of a lesson, got {unknown[0]}. {RULE}")
    chosen = set(args.numbers or every)
    trials = [trial for path in solutions() for trial in _tried(path, chosen, args.limit)]
    report = _report(trials, chosen, whole=chosen == set(every))
    if args.json:
        print(json.dumps(report, indent=1, ensure_ascii=False))
    else:
        _show(report)
    return _compare(earlier, report) if earlier else 0


def _tried(path: Path, chosen: set[str], limit: float) -> Iterator[Trial]:
    """Try the chosen exercises of a solution, in a copy of its folder, since broken code may write anywhere."""
    if chosen.isdisjoint(number_of(path)):
        return
    with TemporaryDirectory(prefix="vllm-course-mutants-") as scratch, contextlib.chdir(paths.root()):
        yield from try_lesson(path, Path(scratch), chosen, limit=limit)


def _report(trials: list[Trial], chosen: set[str], *, whole: bool) -> dict[str, Any]:
    places = [place for trial in trials for place in trial.verdict.places]
    found = guards(paths.root(), chosen, shared=whole)
    return {
        "verdicts": [
            {
                "exercise": t.exercise,
                "kind": t.kind,
                "name": t.name,
                "verdict": t.verdict.status,
                "says": t.verdict.message,
            }
            for t in trials
        ],
        "guards": len(found),
        "unproven": [
            f"{os.path.relpath(guard.file, paths.root())}:{guard.first}: {guard.text}"
            for guard in found
            if not guard.refused(places)
        ],
    }


def _show(report: dict[str, Any]) -> None:
    """Print what a maintainer should look at."""
    for title, status in (("Mutants that pass", "passed"), ("Mutants that crash the check", "crash")):
        listed = [v for v in report["verdicts"] if v["kind"] == "mutant" and v["verdict"] == status]
        print(f"\n{title}: {len(listed)}")
        for verdict in listed:
            print(f"  {verdict['exercise']:5} {verdict['name']}  {verdict['says']}".rstrip())
    print(f"\nGuards that nothing proves: {len(report['unproven'])} of {report['guards']}")
    print(*(f"  {line}" for line in report["unproven"]), sep="\n")


def _compare(earlier: dict[str, Any], report: dict[str, Any]) -> int:
    """Name on stderr what passes now and did not, and the other way round."""

    def passing(verdicts: dict[str, Any]) -> dict[tuple[str, str, str], bool]:
        return {(v["exercise"], v["kind"], v["name"]): v["verdict"] == "passed" for v in verdicts["verdicts"]}

    before, now = passing(earlier), passing(report)
    other = [key for key in before.keys() & now.keys() if before[key] != now[key]]
    for key in sorted(other):
        print(f"{' '.join(key)}: {'passes now' if now[key] else 'is refused now'}", file=sys.stderr)
    only = f"{len(before.keys() - now.keys())} are not tried now, {len(now.keys() - before.keys())} are new"
    print(f"{len(before.keys() & now.keys())} compared, {len(other)} judged otherwise; {only}", file=sys.stderr)
    return 1 if other else 0


def _read(file: Path) -> dict[str, Any]:
    try:
        report = json.loads(file.read_text("utf-8"))
        report["verdicts"][0]["verdict"]
        return report
    except (OSError, ValueError, LookupError, TypeError) as error:
        message = f"--compare must be a file that --json wrote, got {file} ({type(error).__name__}: {error})."
        raise UsageError(f"{message} Write one with: python -m tools.mutants --json") from None


if __name__ == "__main__":
    raise SystemExit(main())
