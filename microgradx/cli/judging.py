"""The commands that judge derivatives and engines: check, audit, grade. They exit with 1 if something is wrong."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ..module_attribute import names_attribute
from .output import add_output, as_json, destination
from .targets import add_target, numbers_of_expression, pairs_with_arrays
from .verbs import FOUND, any_number, any_whole_number, verb


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of points: write 1 or more")
    return int(text)


_SPANS = "where inputs may lie; samples stay inside (else they lie near the given numbers, up to ten times as far, and across 0)"


def _span(text: str) -> tuple[str, tuple[float, float]]:
    """NAME=LOW:HIGH, or LOW:HIGH for all inputs, whose name is then empty."""
    name, _, span = text.rpartition("=")
    try:
        low, high = map(float, span.split(":"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not LOW:HIGH or NAME=LOW:HIGH: write for example x=0:10") from None
    if not low < high:
        raise argparse.ArgumentTypeError(f"{text!r} is empty, as {low:g} is not below {high:g}: write for example x=0:10")
    return name, (low, high)


def add_check(commands: Any) -> None:
    """`microgradx check`."""
    examples = ('"x**2 * sin(x)" x=3', "my_module:f x=0.5 --grad my_module:slope", "my_module:f x=0.5 --order 2 --samples 9")
    purpose = "check the derivatives of an expression or a function"
    command = verb(commands, "check", purpose, examples, _check, "the report", FOUND)
    add_target(command)
    command.add_argument("--grad", metavar="FILE:FUNCTION", help="judge this function's result instead of backward()")
    command.add_argument("--hess", metavar="FILE:FUNCTION", help="judge this Hessian too, against slopes of --grad")
    command.add_argument("--wrt", metavar="NAME", help="move only the inputs whose name begins so, or fits a pattern with *")
    command.add_argument("--rtol", type=any_number, default=1e-6, help="the relative error to catch (1e-6)")
    command.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: the second derivatives too (1)")
    command.add_argument("--samples", type=_count, default=0, metavar="N", help="also check this many random points (0)")
    command.add_argument("--domain", type=_span, action="append", metavar="[NAME=]LOW:HIGH", help=_SPANS)
    command.add_argument("--strict", action="store_true", help="agreement that rounding makes weak does not pass")


def _check(options: argparse.Namespace) -> int:
    from ..testing.command import check_target

    expression = not names_attribute(options.target)
    numbers = numbers_of_expression(options.target, options.values) if expression else pairs_with_arrays(options.values)
    spans = dict(options.domain or ())
    if "" in spans and len(spans) > 1:
        raise ValueError("--domain LOW:HIGH holds for every input: leave it out beside --domain NAME=LOW:HIGH")
    said = {name: getattr(options, name) for name in ("grad", "hess", "wrt", "rtol", "order", "samples", "strict")}
    report = check_target(options.target, numbers, domain=spans.get("", spans or None), **said)
    print(report.to_json() if options.json else report)
    return 0 if report.ok else 1


def add_audit(commands: Any) -> None:
    """`microgradx audit`."""
    examples = ("scipy.special", "my_module --samples 20 --json")
    command = verb(commands, "audit", "judge every derivative in a module", examples, _audit, "what was found", FOUND)
    command.add_argument("module", metavar="MODULE", help="such as scipy.special, or a file such as net.py")
    command.add_argument("--samples", type=_count, default=6, metavar="N", help="how many points for each pair (6)")
    command.add_argument("--time", type=any_number, default=60.0, metavar="SECONDS", help="when to stop (60)")
    command.add_argument("--seed", type=any_whole_number, default=0, help="other points (0)")


def _audit(options: argparse.Namespace) -> int:
    from ..testing.audit import audit

    shown = sys.stderr.isatty()
    found = audit(options.module, samples=options.samples, time_limit=options.time, seed=options.seed, progress=shown)
    print(found.to_json() if options.json else found)
    if not found.judged:
        print(f"microgradx: nothing in {options.module} was judged", file=sys.stderr)
        return 2
    return 1 if found.findings else 0


def add_grade(commands: Any) -> None:
    """`microgradx grade`."""
    examples = ("own_engine.py:Value", "sheet.py:sheet answers/*.json -o grades.csv", "sheet.py:sheet --solutions anna")
    purpose = "judge a student's own engine, or answers to a sheet"
    command = verb(commands, "grade", purpose, examples, _grade, "the report", FOUND)
    command.add_argument("target", metavar="TARGET", help="own_engine.py:Value, or sheet.py:sheet with the files of answers")
    command.add_argument("answers", metavar="ANSWERS", nargs="*", help="a .py or .json file for each student; of two the later")
    command.add_argument("--time", type=any_number, default=10.0, metavar="SECONDS", help="what one student's code may take (10)")
    told = "hints, verdict (right or wrong) or, after the deadline, answers (hints)"
    command.add_argument("--tell", choices=("hints", "verdict", "answers"), default="hints", help=told)
    command.add_argument("--solutions", metavar="STUDENT", help="print the questions of this student with the right answers")
    add_output(command, "write a row for each student and question, a .csv or .json file", shown=False)


def _grade(options: argparse.Namespace) -> int:
    from ..teach.command import graded, paper_of
    from ..teach.grade import grades_text

    if options.solutions is not None:
        if options.answers or options.output:
            raise ValueError("--solutions prints one student's sheet: leave the files of answers and -o out")
        paper = paper_of(options.target, options.solutions)
        print(as_json(paper.grade({}, tell="answers").rows()) if options.json else paper.solved())
        return 0
    path = destination(options, (".csv", ".json")) if options.output else None
    found = graded(options.target, options.answers, options.tell, path, options.time)
    if options.output == "-" and isinstance(found, list):
        print(grades_text(found, ".csv"), end="")
    elif isinstance(found, list):
        rows = [row for grade in found for row in grade.rows()]
        print(as_json(rows) if options.json else "\n\n".join(map(str, found)))
    else:
        print(found.to_json() if options.json else found)
    if not isinstance(found, list):
        return 0 if found.ok else 1
    if refused := [grade.student for grade in found if grade.refused]:
        whose = f"{len(refused)} of {len(found)} files of answers cannot be graded: {', '.join(refused)}"
        print(f"microgradx: {whose}", file=sys.stderr)
        return 2
    return 0 if all(grade.points == grade.most for grade in found) else 1
