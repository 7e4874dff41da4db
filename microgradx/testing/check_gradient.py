"""`check_gradient`: one call that judges a gradient against measured slopes, forward mode and, where it helps, 60 digits."""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from ..chain import topological_order
from ..engine import Value, gradient
from ..modes import recording
from ..ops import dot
from .blame import blamed, hint, kinked
from .claimed import Coded, from_backward, from_numbers, graph_of, rebuild_named
from .differences import EVERYWHERE, Interval
from .inputs import Inputs, name_of
from .numeric import Numeric
from .one_point import Trial
from .report import Partial, Report
from .reproduce import call_again
from .verdicts import Verdict

Domain = Interval | Mapping[str, Interval] | None
SECOND = 12  # up to so many inputs every second derivative is checked; beyond, the Hessian times random vectors
REPORT_WATCHERS: list[Callable[[Report], None]] = []
"""Called with every report before it raises: how the pytest plugin counts, saves and mutates."""


def check_gradient(
    f: Callable[..., Any],
    at: Any,
    grad: Any = None,
    *,
    rtol: float = 1e-6,
    domain: Domain = None,
    kinks: Literal["subgradient", "reject"] = "subgradient",
    oracle: Literal["auto", "ladder", "exact", "complex"] = "auto",
    order: Literal[1, 2] = 1,
    samples: int = 0,
    seed: int | None = None,
    strict: bool = False,
) -> Report:
    """The report on a gradient that is right; WrongDerivative, an AssertionError with the report as text, if it is wrong.

    >>> check_gradient(lambda x, y: x * y.tanh(), at=(2.0, 0.5)).ok
    True
    >>> check_gradient(lambda x: x**3, at=2.0, grad=lambda x: 3 * x**2).summary()
    '1 partial derivative: 1 right'

    `at` is a number, list, dict, array, Value or model, or a tuple of those for several arguments. Without `grad`, f takes
    Values and `backward()` is judged, together with forward mode; with `grad` (a function of the same arguments, or numbers) f
    is any float code. An error of `rtol` or more is caught wherever rounding noise of f allows; where it does not the row is
    weak, which passes unless `strict`. `domain` is one (low, high) or a dict from paths such as `params["w"]` to such pairs.
    `samples` adds random points in it. Inputs are put back as they were, also when f raises.
    """
    __tracebackhide__ = True
    _refuse_misuse(rtol, kinks, oracle, order)
    seed = 0 if seed is None else seed
    rng = random.Random(seed)
    graph = grad is None
    inputs = Inputs(f, at, graph)
    _refuse_unknown_domains(domain, inputs.paths)
    domains = [_domain_of(path, domain) for path in inputs.paths]
    report = Report(f"check_gradient({name_of(f)})", [], _coded_by(grad), rtol, seed=seed, strict=strict)
    with inputs.restoring():
        for k in range(samples + 1):
            point = list(inputs.start) if k == 0 else _sampled(inputs.start, domains, rng)
            coded = from_backward(inputs, point) if graph else from_numbers(inputs, point, grad)
            trial = Trial(inputs, point, coded, rtol, domains, kinks, oracle, rng)
            _judge(trial, report)
            if order == 2:
                if not graph:
                    raise ValueError("order=2 differentiates the graph again, so it works without grad= only")
                _second_order(trial, report)
    options = {
        "rtol": rtol, "domain": domain, "kinks": kinks, "oracle": oracle, "order": order, "samples": samples,
        "seed": seed or None, "strict": strict,
    }
    defaults = {name: p.default for name, p in inspect.signature(check_gradient).parameters.items()}
    changed = {name: x for name, x in options.items() if x != defaults[name]}
    report.reproducer = call_again("check_gradient", {"f": f, "at": at, "grad": grad}, changed)
    for watch in REPORT_WATCHERS:
        watch(report)
    return report.raise_if_wrong()


def report_of(coded: float, numeric: Numeric) -> Report:
    """The report on one number that was compared with a measured derivative and found equal to it."""
    row = Partial("x", numeric.at, coded, numeric, numeric.judged(coded))
    return Report("derivative_of", [row], "the code", numeric.rtol, numeric.evaluations)


def _judge(trial: Trial, report: Report) -> None:
    """Add the rows of one point to the report, with hints, and the blame for the first wrong one."""
    rows = trial.run()
    output, inputs = trial.coded.output, trial.inputs
    report.rows += rows
    report.faults += [fault for fault in trial.coded.faults if fault not in report.faults]
    report.evaluations += trial.evaluations
    reached = _reached(inputs, trial.coded)
    for row in rows:
        if row.verdict is Verdict.WRONG and not row.hint and row.numeric.accepts(row.coded, row.slack):
            row.hint = 'f has a kink here, and kinks="reject" allows none: move the point away from it'
        elif row.verdict is Verdict.WRONG and not row.hint:
            row.hint = hint(row, rows, report.coded_by, row.path not in reached or reached[row.path])
        elif row.verdict is Verdict.UNRESOLVED and not row.hint:
            row.hint = _way_out(row, trial)
    if output is not None and trial.oracle != "complex":
        for row in rows:
            if row.numeric.bent and row.members == 1:
                place = kinked(inputs, trial.point, inputs.paths.index(row.path))
                row.hint = f"{row.hint}; {place}" if row.hint and place else row.hint or place
    measured = [row for row in rows if row.verdict is Verdict.WRONG and row.members == 1 and not row.numeric.bent]
    if measured and output is not None and trial.coded.repeats and not report.blame:
        with inputs.restoring():
            named = rebuild_named(lambda: graph_of(inputs, trial.point)) or graph_of(inputs, trial.point)
            report.blame = blamed(named, measured[0], inputs.leaves[inputs.paths.index(measured[0].path)])
        for row in measured if report.blame else ():
            row.hint = ""  # a rule seen to be wrong is surer than what a ratio suggests


def _reached(inputs: Inputs, coded: Coded) -> dict[str, bool]:
    """For each input whether the result is connected to it in the graph."""
    if coded.output is None:
        return {}
    nodes = set(topological_order(coded.output))
    return {path: leaf in nodes for path, leaf in zip(inputs.paths, inputs.leaves, strict=True)}


def _way_out(row: Partial, trial: Trial) -> str:
    """What to do about a derivative that could not be measured."""
    if "not a finite number" in row.numeric.note:
        return f"f is nan or infinite at {row.path} = {row.point!r}: move the point into the domain of f"
    if row.numeric.note.startswith("f raises"):
        return f"{row.numeric.note} at {row.path} = {row.point!r}: move the point into the domain of f, or mend f"
    if row.numeric.ledge:
        return (
            f"{row.numeric.note}, between which its slope is {row.numeric.value:.6g}: 0 is right if the steps are meant, as "
            "those of round(); if they come from few digits inside f, 0 is wrong"
        )
    ways = ["move the point away from the edge or the wiggle"]
    if trial.oracle in ("auto", "ladder") and trial.coded.output is not None:
        ways.append('try oracle="exact"')
    return f"{row.numeric.note}: {', or '.join(ways)}"


def _second_order(trial: Trial, report: Report) -> None:
    """Check d(gradient . u)/dx for unit vectors u, or for random ones where there are many inputs, and the symmetry."""
    inputs, n = trial.inputs, len(trial.point)
    vectors = [{i: 1.0} for i in range(n)] if n <= SECOND else [
        {i: trial.rng.uniform(-1.0, 1.0) for i in range(n)} for _ in range(2)
    ]
    columns = []
    for vector in vectors:
        leaves = [leaf for leaf in inputs.leaves if leaf is not None]

        def slope(*args: Any, weights: dict[int, float] = vector, leaves: list[Value] = leaves) -> Value:
            with recording():  # the line of steps asks under no_grad
                slopes = gradient(inputs.f(*args), leaves, create_graph=True)
                return dot(list(weights.values()), [slopes[i] for i in weights])

        second = inputs.again(slope)
        coded = from_backward(second, trial.point)
        other = Trial(second, trial.point, coded, trial.rtol, trial.domains, trial.kinks, trial.oracle, trial.rng)
        name = inputs.paths[next(iter(vector))] if len(vector) == 1 else "(gradient . u)"
        second.paths = [f"d2/d{name} d{path}" for path in inputs.paths]
        _judge(other, report)
        columns.append(coded)
    if n <= SECOND:
        report.faults += _asymmetries(inputs, columns)


def _asymmetries(inputs: Inputs, columns: list[Coded]) -> list[str]:
    """A message for the first pair of inputs whose mixed second derivatives differ by more than rounding."""
    for i, column in enumerate(columns):
        for j in range(i):
            here, there = column.slopes[j], columns[j].slopes[i]
            room = 1e-12 * max(abs(here), abs(there)) + column.slack[j] + columns[j].slack[i]
            if abs(here - there) > room:
                a, b = inputs.paths[i], inputs.paths[j]
                return [f"the mixed second derivatives of {a} and {b} differ: {here:.10g} and {there:.10g}"]
    return []


def _refuse_misuse(rtol: float, kinks: str, oracle: str, order: int) -> None:
    if not 1e-14 <= rtol < 1.0:
        raise ValueError(f"rtol={rtol!r} is not a relative error to catch: write a number from 1e-14 up to 1, such as 1e-6")
    choices: tuple[tuple[str, object, tuple[object, ...]], ...] = (
        ("kinks", kinks, ("subgradient", "reject")),
        ("oracle", oracle, ("auto", "ladder", "exact", "complex")),
        ("order", order, (1, 2)),
    )
    for name, value, allowed in choices:
        if value not in allowed:
            raise ValueError(f"{name}={value!r} is none of {', '.join(map(repr, allowed))}")


def _domain_of(path: str, domain: Domain) -> Interval:
    """The interval of one input: the one given for the longest beginning of its path."""
    if domain is None:
        return EVERYWHERE
    if not isinstance(domain, Mapping):
        return float(domain[0]), float(domain[1])
    fitting = [key for key in domain if path == key or path.startswith((f"{key}[", f"{key}."))]
    if not fitting:
        return EVERYWHERE
    low, high = domain[max(fitting, key=len)]
    return float(low), float(high)


def _refuse_unknown_domains(domain: Domain, paths: list[str]) -> None:
    """A domain for an input that is not there would be ignored, so it is refused."""
    for key in domain if isinstance(domain, Mapping) else ():
        if not any(path == key or path.startswith((f"{key}[", f"{key}.")) for path in paths):
            raise ValueError(f"domain names {key!r}, but the inputs are {', '.join(paths[:8])}: write the beginning of a path")


def _sampled(start: Iterable[float], domains: list[Interval], rng: random.Random) -> list[float]:
    """A random point: in the domain where it is bounded, else within a factor of 2 of the start, or within 1 of zero."""
    point = []
    for x, (low, high) in zip(start, domains, strict=True):
        if math.isfinite(low) and math.isfinite(high):
            point.append(rng.uniform(low, high))
        else:
            point.append(min(max(x * rng.uniform(0.5, 2.0) if x else rng.uniform(-1.0, 1.0), low), high))
    return point


def _coded_by(grad: Any) -> str:
    return "backward()" if grad is None else name_of(grad) if callable(grad) else "grad"
