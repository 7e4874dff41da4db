"""The grade of an engine that a student wrote: case by case beside this one, with the name of the slip where it is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..engine import Value
from ..tables import table
from ..view.trace import Trace
from .engine_cases import ENGINE_CASES, EngineCase
from .passes import recursive, sent_back, slipped, stale, unreversed, without_upstream
from .slips import asked, near
from .student_file import RAISED

_OVERWRITTEN = "`=` for `+=`: what arrives at a value must be added to its gradient"
RECURSION = (
    "a gradient is sent on before it is complete, as recursion does: sort the values topologically, and let each one send once, "
    "when all that uses it has sent"
)
NO_SEED = "no gradient arrives anywhere: backward() must begin with out.grad = 1"
ORDER = "only what is next to the output gets a gradient: the sorted values must be gone through from the output down"
UPSTREAM = "the local derivative is sent alone: multiply it by out.grad"
STALE = (
    "the gradients of inner values of the first pass are sent once more in the second: set them to 0 before a pass, and keep "
    "those of the inputs, which add up"
)
LEFT_OVER = "after the gradients of the inputs were set to 0, a new pass is wrong: something of the pass before is still there"
SMALL = 20
"""Values up to which a graph's paths are looked at one by one."""

_DEEP = "RecursionError in a chain of 3000 operations: sort the values with a list as a stack, without recursion"


@dataclass
class CaseResult:
    """One case: passed, failed with what to say, or left out as the engine does not have what it needs."""

    case: str
    verdict: str
    told: str = ""


class EngineReport:
    """What an engine gets right; printing it shows each case."""

    def __init__(self, name: str, results: Sequence[CaseResult]) -> None:
        self.name, self.results = name, list(results)

    @property
    def ok(self) -> bool:
        """Whether no case failed."""
        return all(result.verdict != "failed" for result in self.results)

    @property
    def points(self) -> int:
        """The number of cases that passed."""
        return sum(result.verdict == "passed" for result in self.results)

    @property
    def most(self) -> int:
        """The number of cases that were asked for."""
        return sum(result.verdict != "left out" for result in self.results)

    @property
    def slips(self) -> list[str]:
        """What is to be mended, each thing once."""
        return list(dict.fromkeys(result.told for result in self.results if result.verdict == "failed"))

    def rows(self) -> list[dict[str, str]]:
        """A dict for each case."""
        return [asdict(result) for result in self.results]

    def to_json(self) -> str:
        """The report as JSON."""
        return json.dumps({"engine": self.name, "points": self.points, "of": self.most, "cases": self.rows()}, indent=1)

    def __str__(self) -> str:
        lines = table([(result.case, result.verdict, result.told) for result in self.results], "<<<", width=None, gap="  ")
        return "\n".join([f"{self.name}: {self.points} of {self.most} cases", *(line.rstrip() for line in lines)])

    def __repr__(self) -> str:
        return f"<EngineReport of {self.name}: {self.points} of {self.most} cases>"


def grade_engine(V: Any, without: Sequence[str] = ()) -> EngineReport:
    """What a student's class of values gets right: `V(number)`, arithmetic, `.data`, `.grad` and `.backward()`.

    >>> from microgradx import Value
    >>> grade_engine(Value)
    <EngineReport of Value: 17 of 17 cases>

    Every case is computed by this engine too; where the other one is wrong, its numbers are compared with those of usual slips,
    and the slip is named. tanh, relu and exp are asked for only if the class has them. `without` leaves out cases by name.
    """
    if not callable(V):
        raise TypeError(f"{V!r} is not a class of values: write grade_engine(Value)")
    known = [case.name for case in ENGINE_CASES]
    for name in without:
        if name not in known:
            raise ValueError(f"without={name!r} is not a case: there are {', '.join(map(repr, known))}")
    return EngineReport(getattr(V, "__name__", repr(V)), [_result(V, case) for case in ENGINE_CASES if case.name not in without])


def _result(V: Any, case: EngineCase) -> CaseResult:
    if lacking := [method for method in case.needs if not callable(getattr(V, method, None))]:
        return CaseResult(case.name, "left out", f"there is no {lacking[0]}")
    if case.passes != "one" and (single := _result(V, case._replace(passes="one"))).verdict == "failed":
        return CaseResult(case.name, "failed", single.told)
    right_out, right = case.build(Value)
    for name, leaf in right.items():
        leaf.label = name
    try:
        out, leaves = _run(V, case)
        data, found = float(out.data), {name: _gradient(leaf) for name, leaf in leaves.items()}
    except RecursionError:
        return CaseResult(case.name, "failed", _DEEP)
    except RAISED as error:
        return CaseResult(case.name, "failed", _raised(error))
    if not near(data, right_out.data):
        return CaseResult(case.name, "failed", f"the value of the graph is wrong: it is {case.build.__doc__}")
    times = {"one": 1.0, "two": 2.0, "two graphs": 2.0, "zeroed": 1.0}[case.passes]
    trace = Trace(right_out)
    wanted = {name: times * trace.adjoints.get(leaf, 0.0) for name, leaf in right.items()}
    if all(near(found[name], wanted[name]) for name in wanted):
        return CaseResult(case.name, "passed")
    return CaseResult(case.name, "failed", _slip(case, trace, right, found, wanted))


def _run(V: Any, case: EngineCase) -> tuple[Any, dict[str, Any]]:
    """The output and the inputs, after the passes that the case asks for."""
    out, leaves = case.build(V)
    out.backward()
    if case.passes == "two":
        out.backward()
    elif case.passes in ("zeroed", "two graphs"):
        if case.passes == "zeroed":
            for leaf in leaves.values():
                leaf.grad = 0.0
        given = iter(leaves.values())
        second, _ = case.build(lambda number: next(given))  # the same inputs once more
        second.backward()
    return out, leaves


def _gradient(leaf: Any) -> float:
    """The gradient of an input; one that nothing reached may be None."""
    found = leaf.grad
    return 0.0 if found is None else float(getattr(found, "data", found))


def _raised(error: BaseException) -> str:
    """What an error means, if it is one of the usual ones."""
    text = str(error)
    for method, sign in (("__radd__", "+"), ("__rsub__", "-"), ("__rmul__", "*"), ("__rtruediv__", "/")):
        if f"unsupported operand type(s) for {sign}: 'int'" in text:
            return f"a number {sign} a value is not known: write the method {method}"
    for kind in ("'int'", "'float'"):
        if isinstance(error, AttributeError) and f"{kind} object has no attribute" in text:
            return f"{text}: turn an operand that is a plain number into a value first"
    return f"it raises {type(error).__name__}: {text}"


def _slip(case: EngineCase, trace: Trace, leaves: dict[str, Value], found: dict[str, float], wanted: dict[str, float]) -> str:
    """The slip that gives exactly these numbers, or else which of them are wrong, told by their paths."""
    if case.passes != "one":
        return _slip_between_passes(case, trace, leaves, found, wanted)
    if not any(found.values()) and any(wanted.values()):
        return NO_SEED
    for told, gradients in _simulated(trace):
        if all(near(found[name], gradients.get(leaf, 0.0)) for name, leaf in leaves.items()):
            return told
    wrong = [name for name in wanted if not near(found[name], wanted[name])]
    hints = []
    for name in wrong:
        known = asked(trace.output, leaves[name]).candidates if len(trace.order) < SMALL else ()
        hints += [(name, c) for c in known if near(found[name], c.number) and c.kind != "other"][:1]
    if len(hints) == len(wrong) and all(hint.kind == "paths" for _, hint in hints):
        return f"{_OVERWRITTEN} ({hints[0][0]}: {hints[0][1].told})"
    return f"the gradient of {', '.join(wrong)} is wrong" + (f" ({hints[0][0]}: {hints[0][1].told})" if hints else "")


def _simulated(trace: Trace) -> Iterator[tuple[str, dict[Value, float]]]:
    """Every usual slip with the gradients that it gives in this graph."""
    yield _OVERWRITTEN, sent_back(trace, overwrite=True)
    yield ORDER, unreversed(trace)
    yield UPSTREAM, without_upstream(trace)
    if len(trace.order) < SMALL:
        yield RECURSION, recursive(trace.output)
        yield RECURSION, recursive(trace.output, all_first=True)
    yield from slipped(trace)


def _slip_between_passes(
    case: EngineCase, trace: Trace, leaves: dict[str, Value], found: dict[str, float], wanted: dict[str, float]
) -> str:
    """What went wrong in a second pass."""
    again = stale(trace)
    if case.passes == "two" and all(near(found[name], again.get(leaf, 0.0)) for name, leaf in leaves.items()):
        return STALE
    once = {name: trace.adjoints.get(leaf, 0.0) for name, leaf in leaves.items()}
    if case.passes != "zeroed" and all(near(found[name], once[name]) for name in once):
        return "a second pass adds nothing: gradients of the inputs add up, or the second pass did not run"
    return LEFT_OVER if case.passes == "zeroed" else f"after two passes {', '.join(wanted)} have not twice the gradient of one"
