"""`audit`: sweep the functions of a module that have a derivative beside them, and rank what is wrong."""

from __future__ import annotations

import json
import math
import platform
import random
import statistics
import sys
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType

from ..tables import table
from .pairs import Pair, pairs_of
from .report import Report
from .trying import Trying, trials_of, why_not
from .verdicts import Verdict

LEFT_SHOWN = 8  # so many pairs that could not be judged are named
LIKELY_NAMES = ("f_grad", "f_prime", "df", "grad_f")


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
            *_way_to(self.pair.f, module),
            f"import {module}",
            "from microgradx.testing import check_gradient",
            f"check_gradient(lambda x: {f}, {at}, lambda x: {g})",
        ])  # fmt: skip


@dataclass(repr=False)
class Audit:
    """What was found in a module; `str()` is a table with a reproducer for each finding."""

    target: str
    findings: list[Finding] = field(default_factory=list)
    judged: int = 0
    pairs: int = 0
    left: dict[str, str] = field(default_factory=dict)  # derivatives that could not be judged at any point tried, and why
    seconds: float = 0.0
    stopped: bool = False  # by the time limit

    def __repr__(self) -> str:
        return f"<{str(self).partition(chr(10))[0]}>"

    def __str__(self) -> str:
        lines = [
            f"audit of {self.target}: {_many(self.pairs, 'pair')}, {_many(self.judged, 'point')} judged in {self.seconds:.1f} s, "
            f"{_many(len(self.findings), 'finding')}, {_many(len(self.left), 'pair')} that could not be called"
            + "; the time limit ended it" * self.stopped
        ]
        if not self.pairs:
            lines.append(f"no function there has its derivative beside it, under a name such as {', '.join(LIKELY_NAMES)}")
        lines += [f"  not judged: {name}: {why}" for name, why in list(self.left.items())[:LEFT_SHOWN]]
        lines += [f"  and {len(self.left) - LEFT_SHOWN:,} more"] * (len(self.left) > LEFT_SHOWN)
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
    audit of 1 pair: 1 pair, 6 points judged in ... s, 0 findings, 0 pairs that could not be called

    Pairs are found by their names, such as cdf and pdf, loglike and score, rosen and rosen_der, loss and gradient, in the
    module, its submodules, its objects and classes that need no arguments; or they are given. By which argument a derivative is,
    and where f is defined, is found by trying. Nothing is raised for what is found.
    """
    pairs = list(pairs_of(target) if isinstance(target, (str, ModuleType)) else target)
    name = target if isinstance(target, str) else getattr(target, "__name__", _many(len(pairs), "pair"))
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
    trials = trials_of(pair, samples, rng)
    by_slot = {}
    for slot in range(len(trials[0].slots) if trials else 0):
        judged = [(trial, report) for trial in trials if (report := trial.judged(pair, slot, rtol)) is not None]
        if judged:
            by_slot[slot] = judged
    if not by_slot:
        found.left[pair.derivative_text] = why_not(pair)
        return
    slot, judged = max(by_slot.items(), key=lambda item: _fit(item[1]))
    right = sum(report.ok for _, report in judged)
    found.judged += len(judged)
    wrong = [(trial, report) for trial, report in judged if report.count(Verdict.WRONG)]
    if wrong:
        trial, worst = max(wrong, key=lambda item: item[1].worst_first()[0].off or 0.0)
        found.findings.append(Finding(pair, slot, right, len(wrong), worst, trial))


def _fit(judged: list[tuple[Trying, Report]]) -> tuple[int, float]:
    """How well a derivative is one by the argument that was moved: at how many points it is right, then how near it is."""
    offs = [off for _, report in judged if (off := report.worst_first()[0].off) == off]
    return sum(report.ok for _, report in judged), -statistics.median(offs or [math.inf])


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"


def versions(package: str) -> str:
    """The versions that belong into an issue."""
    known = []
    for name in (package, "numpy", "microgradx"):
        with suppress(metadata.PackageNotFoundError):
            known.append(f"{name} {metadata.version({'sklearn': 'scikit-learn'}.get(name, name))}")
    return ", ".join([*known, f"Python {platform.python_version()}"])


def _way_to(f: object, module: str) -> list[str]:
    """The line that lets a module be imported which lies beside nothing else, as a file that was given by its path."""
    home = sys.modules.get(getattr(f, "__module__", None) or "")
    if home is None or home.__name__ == module or not home.__name__.endswith(".py"):
        return []
    return [f"import sys; sys.path.insert(0, {str(Path(home.__name__).parent)!r})"]


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
