"""Where inputs may lie, and the random points that a check tries besides the given one."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping

from .inputs import chosen_by
from .line import EVERYWHERE, Interval

Domain = Interval | Mapping[str, Interval] | None
NEAR_FACTOR, FAR_FACTOR = 2.0, 10.0  # samples of a number without a domain: within such a factor, then within the larger one


def domain_of(path: str, domain: Domain) -> Interval:
    """The interval of one input: the one given for the longest name of its path."""
    if domain is None:
        return EVERYWHERE
    if not isinstance(domain, Mapping):
        return float(domain[0]), float(domain[1])
    fitting = [key for key in domain if chosen_by(key)(path)]
    if not fitting:
        return EVERYWHERE
    low, high = domain[max(fitting, key=len)]
    return float(low), float(high)


def refuse_unknown_domains(domain: Domain, paths: list[str]) -> None:
    """A domain for an input that is not there would be ignored, so it is refused."""
    for key in domain if isinstance(domain, Mapping) else ():
        if not any(map(chosen_by(key), paths)):
            raise ValueError(f"domain names {key!r}, but the inputs are {', '.join(paths[:8])}: write the beginning of a path")


def sampled_point(start: Iterable[float], domains: list[Interval], rng: random.Random, k: int) -> list[float]:
    """Random point number k: in the domain where it is bounded, else near the start at first, then far from it and across 0."""
    factor = NEAR_FACTOR if k % 2 else FAR_FACTOR
    point = []
    for x, (low, high) in zip(start, domains, strict=True):
        if math.isfinite(low) and math.isfinite(high):
            point.append(rng.uniform(low, high))
            continue
        size = math.exp(rng.uniform(-math.log(factor), math.log(factor)))
        sign = rng.choice((-1.0, 1.0)) if factor == FAR_FACTOR else 1.0
        moved = sign * x * size if x else rng.uniform(-1.0, 1.0) * factor / NEAR_FACTOR
        point.append(min(max(moved, low), high))
    return point


def ranges(points: Iterable[Iterable[float]], paths: list[str]) -> str:
    """Where the points lie, in words, for the first few inputs.

    >>> ranges([[1.0], [2.5]], ["x"])
    'x from 1 to 2.5'
    """
    columns = list(zip(*points, strict=True))
    texts = [f"{path} from {min(c):.4g} to {max(c):.4g}" for path, c in zip(paths, columns, strict=True)]
    return ", ".join(texts[:4]) + " ..." * (len(texts) > 4)
