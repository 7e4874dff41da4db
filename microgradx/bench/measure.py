"""What compiling brings on this machine: one row for each case, medians of one run."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from ..engine import Value
from ..nearest import did_you_mean
from ..replay.compile import compile
from ..replay.run.array_program import Array
from ..replay.run.layout import Layout
from ..replay.run.python_source import LONGEST_SOURCE, Source
from ..tables import table
from .case import Case
from .cases import CASES

TIMES = ("record ms", "build ms", "compile ms", "replay us", "source us", "numpy us", "eager ms")
HEAD = ("case", "nodes", "calls", *TIMES, "vs numpy", "vs eager")
"""`replay us`: a call of `value_and_grad` with an array; `calls`: how many numpy calls, or the form of a narrow program, made in
`compile ms`; `source us`: as Python source."""


def median(call: Callable[[], Any], budget: float = 0.5) -> float:
    """Seconds for one call: the median of as many as fit into `budget` seconds, at least three."""
    call()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < budget and len(times) < 1000):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return statistics.median(times)


def eager(case: Case) -> tuple[float, Array]:
    """One forward and backward pass of the graph, and its freeing: the value and the gradient."""
    leaves = [Value(x) for x in case.x]
    out = case.f(leaves)
    out.backward()
    return out.data, np.array([leaf.grad for leaf in leaves])


def measure(case: Case, budget: float = 0.5) -> dict[str, Any]:
    """The figures of one case, in seconds; checks the compiled gradient against numpy or the eager one."""
    gc.collect()
    slow = median(lambda: eager(case), budget)  # before there is a tape, whose columns the collector would look through each time
    f, x = compile(case.f), np.array(case.x)
    start = perf_counter()
    value, slopes = f.value_and_grad(x)
    first = perf_counter() - start
    ((recording,),) = f.recordings.values()
    program = recording.program
    runner = program.gradient_runner(((0, len(x)),))
    built = perf_counter()
    form = runner.form
    runner.settle()
    compiled = perf_counter()
    figures = {
        "nodes": program.recorded,
        "form": str(len(runner.array_plan().instructions)) if runner.form == "array" else runner.form,
        "record": recording.seconds,
        "build": first - recording.seconds,
        "compile": compiled - built if runner.form != form else None,
        "replay": median(lambda: f.value_and_grad(x), budget),
        "eager": slow,
    }
    if runner.form == "native" and runner.rows_live <= LONGEST_SOURCE:
        straight = Source(Layout(runner.tape, runner.rows)).bind()
        figures["source"] = median(lambda: straight(x), budget)
    if (by_hand := case.by_hand) is not None:
        figures["numpy"] = median(lambda: by_hand(x), budget)
    check_figures(value, slopes, by_hand(x) if by_hand else eager(case))
    return figures


def check_figures(value: float, slopes: Array, expected: tuple[float, Array]) -> None:
    """Raise where the compiled value or gradient is not the expected one."""
    worst = np.abs(slopes - expected[1]).max() / np.abs(expected[1]).max()
    if not (worst < 1e-9 and abs(value - expected[0]) <= 1e-9 * abs(expected[0])):
        raise ArithmeticError(f"the compiled gradient is off by {worst:.1e} of the largest one")


def measured_row(name: str, figures: dict[str, Any]) -> list[str]:
    """The figures as text, in the order of `HEAD`."""
    hand, straight, compiled = figures.get("numpy"), figures.get("source"), figures["compile"]
    return [
        name,
        f"{figures['nodes']:,.0f}",
        figures["form"],
        f"{1e3 * figures['record']:.1f}",
        f"{1e3 * figures['build']:.1f}",
        f"{1e3 * compiled:.1f}" if compiled else "-",
        f"{1e6 * figures['replay']:.0f}",
        f"{1e6 * straight:.0f}" if straight else "-",
        f"{1e6 * hand:.0f}" if hand else "-",
        f"{1e3 * figures['eager']:.1f}",
        f"{figures['replay'] / hand:.2f}x" if hand else "-",
        f"{figures['eager'] / figures['replay']:.0f}x",
    ]


def report_line(cells: Sequence[str]) -> str:
    """One line of the table."""
    return table([cells], "<" + ">" * (len(cells) - 1), width=None, least=(16, *[10] * (len(cells) - 1)))[0]


def chosen_cases(names: Sequence[str]) -> list[str]:
    """The cases whose names begin so; without names all.

    >>> chosen_cases(["moons"])
    ['moons 100', 'moons 1000']
    """
    for wanted in names:
        if not any(name.startswith(wanted) for name in CASES):
            hint = did_you_mean(wanted, [name.split()[0] for name in CASES], f"there are {', '.join(CASES)}")
            raise ValueError(f"no case begins with {wanted!r}: {hint}")
    return [name for name in CASES if not names or name.startswith(tuple(names))]


def bench(names: Sequence[str] = ()) -> None:
    """Print the table, a row as soon as it is measured; `names` picks cases by the beginning of their name."""
    cases = chosen_cases(names)
    print(report_line(HEAD))
    for name in cases:
        print(report_line(measured_row(name, measure(CASES[name]()))), flush=True)
