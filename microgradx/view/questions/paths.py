"""A path of a gradient, from the output down to a value: its factors, its names, and how paths are told apart."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...engine import Value
from ...tables import columns
from ..trace import Trace
from ..wording import symbol
from ..words.notation import number
from ..words.signed import unnamed
from ..words.terminal import distinct_names
from .sweep import Link, Sweep


@dataclass(frozen=True)
class Path:
    """One way from the output down to a value: the product of its local derivatives is what it contributes."""

    nodes: tuple[Value, ...]
    slots: tuple[int, ...]
    factors: tuple[float, ...]
    contribution: float
    names: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        return " > ".join(self.names)

    def landmarks(self) -> list[str]:
        """The names on the way that somebody gave, and its two ends."""
        last = len(self.names) - 1
        return [name for k, name in enumerate(self.names) if k in (0, last) or not unnamed(name)]

    def running(self) -> str:
        """The product of the factors that are not 1, multiplied out from left to right; the middle of long ones is left out.

        >>> Path((), (), (0.5, 0.25, 1.0, 0.5), 0.0625, ()).running()
        '0.5 x 0.25 = 0.125, x 0.5 = +0.0625'
        """
        factors = [factor for factor in self.factors if factor != 1.0]
        products = list(itertools.accumulate(factors, operator.mul))
        if len(factors) < 2:
            return ""
        texts = [f"x {number(factor)} = {number(product)}" for factor, product in zip(factors, products, strict=True)]
        texts[1:2] = [f"{number(factors[0])} {texts[1]}"]
        texts[-1] = texts[-1].rpartition(" = ")[0] + f" = {signed(self.contribution)}"
        return ", ".join(texts[1:] if len(texts) <= 7 else [*texts[1:4], "...", *texts[-2:]])


def largest_paths(sweep: Sweep, named: Mapping[Value, str]) -> tuple[Path, ...]:
    """The largest paths that a sweep has kept, in the names that they are to be shown by."""
    return tuple(_path(sweep.trace, named, link) for link in sweep.largest(sweep.goal))


def _path(trace: Trace, named: Mapping[Value, str], end: Link) -> Path:
    """A path from its last link."""
    places = []
    link: Link | None = end
    while link is not None and link[3] >= 0:
        places.append(link[3])
        link = link[4]
    exponent, mantissa, negative, _, _ = end
    size = mantissa if not math.isfinite(mantissa) else math.inf if exponent > 1024 else math.ldexp(mantissa, exponent)
    return _told(trace, named, places[::-1], -size if negative else size)


def cut_path(trace: Trace, named: Mapping[Value, str], goal: Value) -> tuple[Path, ...]:
    """Of a value that no live path leads to, one that is cut, if there is one."""
    places: list[int] = []
    while sent := trace.into.get(trace[places[-1]].node if places else goal):
        places.append(sent[0])
    return (_told(trace, named, places[::-1], 0.0),) if places else ()


def _told(trace: Trace, named: Mapping[Value, str], places: Sequence[int], contribution: float) -> Path:
    """The path over these edges, from the output down."""
    edges = [trace[place] for place in places]
    names = [symbol(trace.output, named)]
    for edge in edges:
        repeats = sum(parent is edge.operand for parent in edge.node.parents)
        side = ("left", "right")[edge.slot] if len(edge.node.parents) == 2 else edge.slot
        name = named[edge.operand]
        names.append(f"{name} [{side}]" if repeats > 1 else name)
    return Path(
        (trace.output, *(edge.operand for edge in edges)),
        tuple(edge.slot for edge in edges),
        tuple(edge.local for edge in edges),
        contribution,
        tuple(names),
    )


def routes(paths: Sequence[Path], room: int) -> list[str]:
    """Paths in `room` columns each, no two alike: in full, else by their named values only, else with a gap in their middle."""
    whole, named = [list(path.names) for path in paths], [path.landmarks() for path in paths]
    ways = [
        way if columns(" > ".join(way)) <= room or named.count(short) > 1 else short
        for way, short in zip(whole, named, strict=True)
    ]
    texts = [" > ".join(way) for way in ways]
    for short_texts in _ways_to_shorten(ways, room):
        if max(map(columns, short_texts), default=0) <= room and len(set(short_texts)) == len(set(texts)):
            return short_texts
    short = distinct_names(texts, room)
    return [short[text] for text in texts]


def _ways_to_shorten(ways: Sequence[Sequence[str]], room: int) -> Iterator[list[str]]:
    """All ways with a gap at the same place, the smallest gap first; at last without their ends, which are those of all."""
    most = min(max(map(len, ways), default=1), room // len("a > "))
    for kept in range(most, 0, -1):
        for last in sorted(range(kept), key=lambda last, kept=kept: (last == 0, abs(kept - 2 * last))):  # type: ignore[misc]
            yield [_without_middle(way, kept - last, last, room) for way in ways]
    yield [" > ".join(way[1:-1]) for way in ways]


def _without_middle(way: Sequence[str], first: int, last: int, room: int) -> str:
    """A way in full if it has room, else its first and its last values.

    >>> _without_middle(["loss", "h @ 3", "h @ 2", "h @ 1", "w"], 1, 2, 25)
    'loss > ... > h @ 1 > w'
    """
    whole = " > ".join(way)
    return whole if columns(whole) <= room else " > ".join([*way[:first], "...", *way[len(way) - last :]])


def signed(x: float) -> str:
    """A number with its sign, plus included."""
    return f"+{number(x)}" if x > 0 else number(x)


def counted(n: int) -> str:
    """A count of paths; beyond twelve digits as a power of two.

    >>> counted(512), counted(2**40), counted(2**5000 - 1)
    ('512', '2^40', 'about 2^5000')
    """
    if n < 10**12:
        return str(n)
    power = n.bit_length() - 1
    return f"2^{power}" if n == 1 << power else f"about 2^{round(math.log2(n))}"
