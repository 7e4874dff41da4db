"""`audit`: sweep the functions of a module that have a derivative beside them, and rank what is wrong."""

from __future__ import annotations

import inspect
import json
import platform
import random
import sys
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from types import ModuleType
from typing import Any

from ..tables import table
from .check_gradient import check_gradient
from .inputs import parameter_names
from .pairs import Pair, pairs_of
from .report import DerivativeError, Report
from .verdicts import Verdict

RANGES = ((0.2, 0.8), (1.1, 3.0), (-2.0, 2.0), (4.0, 15.0))  # where points are drawn, one after the other
FORMS = ("numbers", "whole numbers first", "arrays of one", "one array")  # how the functions of a pair may like to be called
MOST_ARGUMENTS, LENGTH = 4, 3
DRAWS_FOR_EACH = 4  # points tried for each that is judged


@dataclass
class Trying:
    """One point, and the form in which a pair is called with it."""

    form: str
    point: list[float]

    @property
    def slots(self) -> range:
        """Which arguments a derivative may be by."""
        return range(1) if self.form == "one array" else range(len(self.point))

    def arguments(self, slot: int, x: Any) -> list[Any]:
        """What the functions are called with, with `x` in place of the argument that the derivative is by."""
        import numpy

        if self.form == "one array":
            return [numpy.asarray(x)]
        numbers: list[Any] = list(self.point)
        if self.form == "whole numbers first":
            numbers = [*map(_small, numbers[:-1]), numbers[-1]]
        numbers[slot] = x
        return [numpy.array([y]) for y in numbers] if self.form == "arrays of one" else numbers

    def fits(self, pair: Pair) -> bool:
        """Whether both functions give finite numbers: one, and one for each input."""
        import numpy

        arguments = self.arguments(len(self.slots) - 1, self.point if self.form == "one array" else self.point[-1])
        try:
            value, slope = (numpy.asarray(f(*arguments)) for f in (pair.f, pair.derivative))
            if value.dtype.kind not in "fiu" or slope.dtype.kind not in "fiu":
                return False
        except Exception:  # whatever a foreign function does with numbers it was not meant for
            return False
        wanted = len(self.point) if self.form == "one array" else 1
        return value.size == 1 and slope.size == wanted and bool(numpy.isfinite(value).all() and numpy.isfinite(slope).all())

    def judged(self, pair: Pair, slot: int, rtol: float) -> Report | None:
        """The report on the derivative by one argument; None if it cannot be measured."""
        import numpy

        if self.form == "whole numbers first" and slot < len(self.point) - 1:
            return None
        at = numpy.array(self.point) if self.form == "one array" else self.point[slot]
        try:
            return check_gradient(
                lambda x: pair.f(*self.arguments(slot, x)), at, lambda x: pair.derivative(*self.arguments(slot, x)), rtol=rtol
            )
        except DerivativeError as error:
            wrong = [row for row in error.report.rows if row.verdict is Verdict.WRONG]
            return error.report if any(row.numeric.value for row in wrong) else None  # f is clipped, so it is not its domain
        except Exception:  # a function that answers otherwise when asked at the points beside
            return None

    def written(self, slot: int) -> tuple[str, str]:
        """The point as code, and the arguments as code with x in the place of the one that is moved."""
        if self.form == "one array":
            return f"numpy.array({self.point!r})", "x"
        whole = self.form == "whole numbers first"
        texts = list(map(repr, self.arguments(slot, self.point[slot]) if whole else self.point))
        texts[slot] = "x"
        form = "numpy.array([{}])" if self.form == "arrays of one" else "{}"
        return repr(self.point[slot]), ", ".join(map(form.format, texts))


def _small(x: float) -> int:
    return 1 + int(abs(x)) % 3


@dataclass
class Finding:
    """A derivative that is wrong at some points: the surest first, those right elsewhere."""

    pair: Pair
    slot: int  # which argument the derivative is by
    right: int
    wrong: int
    worst: Report
    trial: Trying

    @property
    def name(self) -> str:
        """How the derivative is written."""
        return self.pair.derivative_text

    @property
    def rank(self) -> tuple[int, float]:
        """What is right at some points and wrong at others comes first; what is wrong everywhere may be no derivative."""
        off = self.worst.worst_first()[0].off
        return (0 if self.right else 1, -off if off == off else 0.0)

    def hint(self) -> str:
        """What the worst row looks like."""
        return self.worst.worst_first()[0].hint

    def reproducer(self) -> str:
        """Lines for an issue: the versions, and the check that fails."""
        owner, module = self.pair.text.partition(".")[0], _importable(self.pair.text)
        at, arguments = self.trial.written(self.slot)
        f, g = (_called(text, arguments) for text in (self.pair.text, self.pair.derivative_text))
        return "\n".join([
            f"# {versions(owner)}",
            *(["import numpy"] if "numpy." in at + arguments else []),
            f"import {module}",
            "from microgradx.testing import check_gradient",
            f"check_gradient(lambda x: {f}, {at}, lambda x: {g})",
        ])  # fmt: skip


@dataclass
class Audit:
    """What was found in a module; `str()` is a table with a reproducer for each finding."""

    target: str
    findings: list[Finding] = field(default_factory=list)
    judged: int = 0
    pairs: int = 0
    left: list[str] = field(default_factory=list)  # pairs that could not be called at any point tried
    seconds: float = 0.0
    stopped: bool = False  # by the time limit

    def __str__(self) -> str:
        lines = [
            f"audit of {self.target}: {self.pairs:,} pairs, {self.judged:,} points judged in {self.seconds:.1f} s, "
            f"{len(self.findings)} finding{'s' * (len(self.findings) != 1)}, {len(self.left)} pairs that could not be called"
            + "; the time limit ended it" * self.stopped
        ]
        if self.findings:
            cells = [("derivative", "of", "wrong", "right", "off by")]
            cells += [
                (x.name, x.pair.text, str(x.wrong), str(x.right), f"{x.worst.worst_first()[0].off:.1e}") for x in self.findings
            ]
            lines += ["", *table(cells, "<<>>>", width=None, gap="  ")]
        for finding in self.findings:
            sure = "" if finding.right else "; wrong at every point: perhaps it is no derivative of that function"
            lines += ["", f"{finding.name}: {finding.hint()}{sure}"]
            lines += [f"    {line}" for line in finding.reproducer().splitlines()]
        return "\n".join(lines)

    def to_json(self) -> str:
        """The same as JSON."""
        findings = [
            {
                "derivative": x.name, "of": x.pair.text, "argument": x.slot, "wrong": x.wrong, "right": x.right,
                "point": x.trial.point, "hint": x.hint(), "reproducer": x.reproducer(), "report": json.loads(x.worst.to_json()),
            }
            for x in self.findings
        ]  # fmt: skip
        whole = {
            "target": self.target, "pairs": self.pairs, "judged": self.judged, "seconds": self.seconds, "left": self.left,
            "stopped": self.stopped, "findings": findings,
        }  # fmt: skip
        return json.dumps(whole, indent=1)


def audit(
    target: str | ModuleType | Iterable[Pair],
    *,
    samples: int = 6,
    rtol: float = 1e-6,
    time_limit: float = 60.0,
    seed: int = 0,
    progress: bool = False,
) -> Audit:
    """Judge every function of a module that has its derivative beside it, at random points, and rank what is wrong.

    >>> from microgradx.testing.pairs import Pair
    >>> import math
    >>> print(audit([Pair("math.sin", "math.cos", math.sin, math.cos)]))
    audit of 1 pair: 1 pairs, 6 points judged in ... s, 0 findings, 0 pairs that could not be called

    Pairs are found by their names, such as cdf and pdf, loglike and score, rosen and rosen_der, loss and gradient, in the
    module, its submodules, its objects and classes that need no arguments; or they are given. By which argument a derivative is,
    and where f is defined, is found by trying. Nothing is raised for what is found.
    """
    pairs = list(pairs_of(target) if isinstance(target, (str, ModuleType)) else target)
    name = target if isinstance(target, str) else getattr(target, "__name__", f"{len(pairs)} pair{'s' * (len(pairs) != 1)}")
    found, start = Audit(name, pairs=len(pairs)), time.monotonic()
    for k, pair in enumerate(pairs):
        if time.monotonic() - start > time_limit:
            found.stopped = True
            break
        if progress:
            sys.stderr.write(f"\r{k + 1:>5} of {len(pairs)}  {pair.derivative_text[:60]:60}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _judge_pair(pair, found, samples, rtol, random.Random(seed))
    if progress:
        sys.stderr.write("\r" + " " * 80 + "\r")
    found.findings.sort(key=lambda finding: finding.rank)
    found.seconds = time.monotonic() - start
    return found


def _judge_pair(pair: Pair, found: Audit, samples: int, rtol: float, rng: random.Random) -> None:
    """Judge one pair by the argument that fits best, and note what is wrong."""
    trials = _trials_of(pair, samples, rng)
    best: tuple[int, int, list[tuple[Trying, Report]]] | None = None
    for slot in range(len(trials[0].slots) if trials else 0):
        judged = [(trial, report) for trial in trials if (report := trial.judged(pair, slot, rtol)) is not None]
        right = sum(report.ok for _, report in judged)
        if judged and (best is None or right > best[1]):
            best = slot, right, judged
    if best is None:
        found.left.append(pair.derivative_text)
        return
    slot, right, judged = best
    found.judged += len(judged)
    wrong = [(trial, report) for trial, report in judged if report.count(Verdict.WRONG)]
    if wrong:
        trial, worst = max(wrong, key=lambda item: item[1].worst_first()[0].off or 0.0)
        found.findings.append(Finding(pair, slot, right, len(wrong), worst, trial))


def _trials_of(pair: Pair, samples: int, rng: random.Random) -> list[Trying]:
    """Points at which both functions give finite numbers, in the first form in which they can be called."""
    known = _arity(pair)
    for count in [known] if known else range(1, MOST_ARGUMENTS + 1):
        for form in FORMS:
            trials: list[Trying] = []
            for k in range(samples * DRAWS_FOR_EACH):
                low, high = RANGES[k % len(RANGES)]
                trial = Trying(form, [round(rng.uniform(low, high), 3) for _ in range(LENGTH if form == "one array" else count)])
                if trial.fits(pair):
                    trials.append(trial)
                if len(trials) == samples:
                    break
            if len(trials) > 1:
                return trials
    return []


def _arity(pair: Pair) -> int:
    """How many arguments f needs; 0 if that cannot be told."""
    if (nin := getattr(pair.f, "nin", 0)) and isinstance(nin, int):
        return nin
    with suppress(TypeError, ValueError):
        found = inspect.signature(pair.f).parameters.values()
        needed = [p for p in found if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        return len(needed) + pair.more
    return len(parameter_names(pair.f) or ()) + pair.more


def versions(package: str) -> str:
    """The versions that belong into an issue."""
    known = []
    for name in (package, "numpy", "microgradx"):
        with suppress(metadata.PackageNotFoundError):
            known.append(f"{name} {metadata.version({'sklearn': 'scikit-learn'}.get(name, name))}")
    return ", ".join([*known, f"Python {platform.python_version()}"])


def _importable(text: str) -> str:
    """The module that must be imported for `text`."""
    parts = text.replace("()", "").split("[")[0].split(".")
    for count in range(len(parts), 0, -1):
        if ".".join(parts[:count]) in sys.modules:
            return ".".join(parts[:count])
    return parts[0]


def _called(text: str, arguments: str) -> str:
    """`text` called with arguments, before an index that follows it."""
    name, bracket, index = text.partition("[")
    return f"{name}({arguments}){bracket}{index}"
