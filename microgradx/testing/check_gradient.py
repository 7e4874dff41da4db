"""`check_gradient`: one call that judges a gradient, a Jacobian or a Hessian against measured slopes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any, Literal

from .. import argument_hints
from ..keywords import keywords
from .claimed import Coded, from_backward, from_numbers
from .concluded import concluded
from .diagnosis import diagnose_rows
from .domains import Domain, domain_of, ranges, refuse_unknown_domains, sampled_point
from .frameworks import own_gradient
from .inputs import Inputs, Patterns
from .judging import judge_point
from .line import EVERYWHERE
from .one_point import Trial
from .outputs import Outputs, called
from .probing import probed
from .report import Report
from .second_order import of_code, of_graph

MOST_SAMPLES = 100_000
DRAWS = 20  # so many points are tried for each sample that falls outside the domain of f


@keywords(argument_hints.CHECK, "check_gradient(f, at=1.3, grad=g)")
def check_gradient(
    f: Callable[..., Any],
    at: Any,
    grad: Any = None,
    *,
    hess: Any = None,
    wrt: Patterns | None = None,
    rtol: float = 1e-6,
    domain: Domain = None,
    kinks: Literal["subgradient", "reject"] = "subgradient",
    oracle: Literal["auto", "ladder", "exact", "complex"] = "auto",
    order: Literal[1, 2] = 1,
    samples: int = 0,
    seed: int | None = None,
    strict: bool = False,
    symmetric: Patterns | None = None,
) -> Report:
    """The report on a gradient that is right; WrongDerivative, an AssertionError with the report as text, if it is wrong.

    >>> check_gradient(lambda x, y: x * y.tanh(), at=(2.0, 0.5)).ok
    True
    >>> check_gradient(lambda x: x**3, at=2.0, grad=lambda x: 3 * x**2).summary()
    '1 partial derivative: 1 right'
    >>> check_gradient(lambda v: [v[0] * v[1], v[0]], at=[2.0, 3.0], grad=[[3.0, 2.0], [1.0, 0.0]]).summary()
    '4 partial derivatives: 4 right'

    `at` is a number, list, dict, array (of numpy, torch, jax, pandas), Value or model, or a tuple of those for several arguments.
    Without `grad`, f takes Values and `backward()` is judged, together with forward mode; or tensors, and torch's or jax's own
    gradient is. With `grad` (a function of the same arguments, or numbers) f is any float code. If f gives several numbers, the
    gradient has a row for each. An error of `rtol` or more is caught wherever rounding noise of f allows; where it does not the
    row is weak, which passes unless `strict`. `wrt` names the inputs that are moved, by the beginning of their path or with *.
    `domain` is one (low, high) or a dict from paths such as `params["w"]` to such pairs, `samples` adds random points in it.
    `order=2` or a coded Hessian `hess` differences the gradient; entries of a matrix that `symmetric` names move as one. Inputs
    are put back as they were, also when f raises.
    """
    __tracebackhide__ = True
    refuse_misuse(rtol=rtol, kinks=kinks, oracle=oracle, order=order, samples=samples)
    seed = 0 if seed is None else seed
    given = {"f": f, "at": at, "grad": grad}
    own = own_gradient(f, at) if grad is None else None
    graph = grad is None and own is None
    inputs = Inputs(f, at, graph, wrt, symmetric)
    refuse_unknown_domains(domain, inputs.paths)
    domains = [domain_of(path, domain) for path in inputs.paths]
    coded_by = "backward()" if graph else own[0] if own else called(grad) if callable(grad) else "grad"
    report = Report(f"check_gradient({called(f)})", [], coded_by, rtol, seed=seed, strict=strict)
    with inputs.restoring():
        outputs = Outputs(inputs.call, f, inputs.start)
        report.faults += _unsteady(outputs, inputs)
        points = list(_points(inputs, outputs, domains, samples, random.Random(seed)))
        rng = random.Random(seed)
        for k, point in enumerate(points):
            before = len(report.rows)
            claimed = _trials(inputs, outputs, point, own[1] if own else grad, bool(own))
            trials = [Trial(part, point, coded, rtol, domains, kinks, oracle, rng) for part, coded in claimed]
            for trial in probed(trials, report):
                judge_point(trial, report, optional=k > 0 and EVERYWHERE in domains)
                if graph and order == 2:
                    of_graph(trial, report)
            if not report.blame:
                diagnose_rows(report.rows[before:], len(outputs))
            if not graph and (order == 2 or hess is not None):
                of_code(trials[0], _gradient(inputs, own, grad, outputs), hess, report)
    if len(points) > 1:
        report.looked = ranges(points, inputs.paths)
    options = {
        "hess": hess, "wrt": wrt, "rtol": rtol, "domain": domain, "kinks": kinks, "oracle": oracle, "order": order,
        "samples": samples, "seed": seed or None, "strict": strict, "symmetric": symmetric,
    }  # fmt: skip
    return concluded(report, check_gradient, given, options)


def _unsteady(outputs: Outputs, inputs: Inputs) -> list[str]:
    """A fault if f answers otherwise when it is asked again at the same point."""
    if inputs.graph or outputs.repeats(inputs.start):
        return []
    return [
        f"{called(inputs.f)} gave different numbers when called twice at the same point: is something random in it? "
        "Seed it inside the function, so that every call draws the same"
    ]


def _points(
    inputs: Inputs, outputs: Outputs, domains: list[tuple[float, float]], samples: int, rng: random.Random
) -> Iterator[list[float]]:
    """The given point and the sampled ones; where no domain is declared, only points at which f is finite."""
    yield list(inputs.start)
    for k in range(1, samples + 1):
        for draw in range(DRAWS):
            point = sampled_point(inputs.start, domains, rng, k if draw < DRAWS // 2 else 1)
            if EVERYWHERE not in domains or _defined(outputs, point):
                yield point
                break


def _defined(outputs: Outputs, point: list[float]) -> bool:
    try:
        return all(not isinstance(x, complex) and math.isfinite(x) for x in outputs.all(point))
    except (ValueError, ArithmeticError):
        return False


def _trials(inputs: Inputs, outputs: Outputs, point: list[float], grad: Any, own: bool) -> Iterator[tuple[Inputs, Coded]]:
    """Each output as a function of the inputs, with the gradient that the code claims for it."""
    parts = [inputs.again(inputs.f) if outputs.single else _one_output(inputs, outputs, k) for k in range(len(outputs))]
    if inputs.graph:
        for part in parts:
            yield part, from_backward(part, point)
    else:
        yield from zip(parts, from_numbers(inputs, point, grad, len(outputs), outputs.single, own), strict=True)


def _one_output(inputs: Inputs, outputs: Outputs, k: int) -> Inputs:
    def entry(*args: Any, **named: Any) -> Any:
        return outputs.node(inputs.f(*args, **named), k)

    entry.__name__ = outputs.paths[k]
    part = inputs.again(entry)
    part.values = lambda point: outputs.all(point)[k]
    part.paths = [f"{outputs.paths[k]} by {path}" for path in inputs.paths]
    return part


def _gradient(inputs: Inputs, own: Any, grad: Any, outputs: Outputs) -> Callable[..., Any]:
    """The coded gradient as a function, for differencing it."""
    if not outputs.single:
        raise ValueError(f"second derivatives are checked of one number, but f gives {len(outputs)}: check them one at a time")
    if own:
        return lambda *args, **named: own[1](*args, **named)[0][0]
    if not callable(grad):
        raise ValueError("second derivatives need grad= as a function, to be called beside the point: these are numbers")
    return grad  # type: ignore[no-any-return]  # seen to be callable


def refuse_misuse(*, rtol: float = 1e-6, samples: int = 0, **choices: object) -> None:
    """ValueError for an option that is none of those there are."""
    if not 1e-14 <= rtol < 1.0:
        raise ValueError(f"rtol={rtol!r} is not a relative error to catch: write a number from 1e-14 up to 1, such as 1e-6")
    if samples < 0:
        raise ValueError(f"samples={samples!r} is not a number of random points: write 0 or more")
    if samples > MOST_SAMPLES:
        raise ValueError(f"samples={samples!r} would run for a very long time: write at most {MOST_SAMPLES:,}")
    allowed: dict[str, tuple[object, ...]] = {
        "kinks": ("subgradient", "reject"), "oracle": ("auto", "ladder", "exact", "complex"), "order": (1, 2),
    }  # fmt: skip
    for name, value in choices.items():
        if value not in allowed[name]:
            raise ValueError(f"{name}={value!r} is none of {', '.join(map(repr, allowed[name]))}")
