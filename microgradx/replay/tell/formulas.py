"""The rows of one round as formulas: what each reads, from this round, an earlier one or outside, and what is one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..run.layout import Layout
from .indices import LETTERS_OF_ROUNDS, by_round, indexed
from .rolled import Repeats, Rolled
from .text import pattern

LONGEST_FORMULA = 6  # operations of a formula; a longer one is taken apart
LARGE_LOOPS = 10  # a loop of the way back is told on its own from a tenth of it on
BULK = 24  # rows outside of every loop, from where they are told together


@dataclass(eq=False)
class Leaf:
    """Inputs, or recorded numbers, that a formula reads in its rounds: how it writes them, and what they are called each."""

    text: str
    names: list[str]
    recorded: bool = False


@dataclass(eq=False)
class Site:
    """A row of one round: the `rows` it stands for have an axis for each of the `loops` that it is in."""

    rows: np.ndarray
    loops: tuple[Rolled, ...]
    told: str = ""  # what stands for many rows in place of a formula
    label: str = ""
    size: int = 1  # operations of its formula
    uses: int = 0
    kept: bool = False  # read from elsewhere than its own round, or a result
    inside: bool = False  # written inside the formula that uses it


@dataclass(eq=False)
class Past:
    """What a site, or a state, was in the `rounds` of those of its loops that the reader is not in, as text."""

    of: Site | State
    rounds: str


@dataclass(eq=False)
class State:
    """What `site` was `back` rounds ago in the innermost of the `loops`; in the first round it is one of the `starts`."""

    site: Site
    loops: tuple[Rolled, ...]
    back: int
    starts: list[Read] = field(default_factory=list)


Read = float | Leaf | Site | Past | State


class Formulas:
    """The rows of a layout as sites, in order, each with its operands; rows and inputs are called by `labels`.

    The rows after row `back`, which derive, are told without formulas.
    """

    def __init__(self, layout: Layout, labels: dict[int, str], named_rows: np.ndarray, back: int) -> None:
        self.layout, self.labels, self.named_rows, self.back = layout, labels, named_rows, back
        self.sites: list[Site] = []
        self.home = np.zeros(len(layout), dtype=np.int64)
        self.leaves: dict[str, Leaf] = {}
        self.states: dict[tuple[int, int, int], State] = {}
        self.pasts: dict[tuple[Site | State, str], Past] = {}
        self.series: dict[bytes, int] = {}
        self.repeats = Repeats(layout)
        for rows in (range(back + 1), range(back + 1, len(layout))):
            self.place(self.repeats.rolled(rows.start, rows.stop), np.zeros((), dtype=np.int64), ())
        self.operands = {site: self.read(site) for site in self.sites}
        self.results: list[Read] = [self.resolved(np.array(slot), ()) for slot in layout.results.tolist()]
        for result in self.results:
            keep(result)
        for site in self.sites:
            self.write_inside(site)

    def place(self, parts: Sequence[int | Rolled], offset: np.ndarray, loops: tuple[Rolled, ...]) -> None:
        """Make a site of every row, but one of many that stand outside of loops, and one of a loop that derives."""
        straight: list[int] = []
        large = (len(self.layout) - self.back) / LARGE_LOOPS
        for part in [*parts, None]:
            if isinstance(part, int):
                straight.append(part)
                continue
            if part is not None and part.low > self.back and part.high - part.low < large:
                straight += range(part.low, part.high)
                continue
            if not loops and straight and (len(straight) > BULK or straight[0] > self.back):
                self.add(Site(np.array(straight), (), f"{len(straight):,} operations"))
            else:
                for row in straight:
                    self.add(Site(offset + row, loops))
            straight = []
            if part is not None and part.low > self.back:
                self.add(Site(np.arange(part.low, part.high), (), f"{part.repeats:,} times {part.period:,} operations"))
            elif part is not None:
                rounds = (np.arange(part.repeats) - 1) * part.period
                self.place(part.body, offset[..., None] + rounds, (*loops, part))

    def add(self, site: Site) -> None:
        """One more site."""
        self.home[site.rows] = len(self.sites)
        self.sites.append(site)
        rows = self.named_rows[site.rows].ravel().tolist()
        known = [] if site.told else [self.labels[row] for row in rows if row in self.labels]
        site.label = pattern(known) if known else ""

    def read(self, site: Site) -> list[Read]:
        """The operands of a site; of many rows those that come from elsewhere, of rows that derive what stands before them."""
        starts, slots = self.repeats.starts, self.repeats.slots
        found: list[Read] = []
        if site.told and site.rows[0] > self.back:
            found += self.sites[self.home[site.rows[0]] - 1 :][:1] if self.home[site.rows[0]] else []
        elif site.told:
            every = np.unique(np.concatenate([slots[starts[row] : starts[row + 1]] for row in site.rows.tolist()]))
            inputs = every[every < self.layout.inputs]
            found += [Leaf("", [self.input(slot) for slot in inputs.tolist()])] if len(inputs) else []
            homes = np.unique(self.home[every[every >= self.repeats.first] - self.repeats.first])
            found += [self.sites[home] for home in homes.tolist() if self.sites[home] is not site]
        else:
            width = int(np.diff(starts[site.rows.flat[0] + np.arange(2)])[0])
            found += [self.resolved(slots[starts[site.rows] + place], site.loops) for place in range(width)]
        for operand in found:
            if isinstance(operand, Site):
                operand.uses += 1
                operand.kept |= bool(site.told) or operand.loops != site.loops
        return found

    def resolved(self, slots: np.ndarray, loops: tuple[Rolled, ...]) -> Read:
        """What these slots are, which are read in the rounds of these loops."""
        usual = tuple([loop.repeats // 2 for loop in loops])
        row = int(slots[usual]) - self.repeats.first
        if row < 0:
            return self.leaf(slots, loops)
        origin, offset = self.sites[int(self.home[row])], 0
        for depth, (loop, now) in enumerate(zip(loops, usual, strict=True)):
            base = loop.low + offset
            earlier = now - (row - base) // loop.period
            if not base <= row < base + loop.period * loop.repeats:
                break
            if earlier:
                following = (*usual[:depth], now + 1, *usual[depth + 1 :])
                if slots[following] == slots[usual]:  # the same round for all
                    return self.past(origin, origin, slots, depth)
                late = slots.take(range(earlier, loop.repeats), depth)  # in the first round it comes from elsewhere
                begin = [earlier if axis == depth else 0 for axis in range(len(loops))]
                return self.past(self.state(origin, slots, loops, depth, earlier), origin, late, depth + 1, begin)
            offset += (now - 1) * loop.period
        else:
            depth = len(loops)
        return self.past(origin, origin, slots, depth)

    def past(
        self, of: Site | State, site: Site, slots: np.ndarray, shared: int, begin: Sequence[int] | None = None
    ) -> Site | State | Past:
        """A site, or a state of it, of which a reader shares so many loops: of the others the last round, or one that is told."""
        others = site.loops[shared:]
        if not others:
            return of
        place = np.searchsorted(site.rows.ravel(), slots - self.repeats.first)
        rounds = np.unravel_index(place, site.rows.shape)[shared:]
        told = [f"[{by_round(each, begin) or '..'}]" for each in rounds]
        if isinstance(of, Site) and (rounds[0] == others[0].repeats - 1).all():
            del told[0]  # of the outermost loop the last round is what is left
        site.kept = True
        text = "".join(told)
        return self.pasts.setdefault((of, text), Past(of, text)) if text else of

    def state(self, site: Site, slots: np.ndarray, loops: tuple[Rolled, ...], depth: int, back: int) -> State:
        """What is handed on from an earlier round, and in the first one from elsewhere."""
        usual = tuple([loop.repeats // 2 for loop in loops[depth + 1 :]])
        key = self.sites.index(site), depth, back
        if key not in self.states:
            self.states[key] = State(site, loops[: depth + 1], back)
            site.kept = True
        found = self.states[key]
        for place in reversed(usual):
            slots = slots.take(place, -1)
        start = self.resolved(slots.take(0, -1), loops[:depth])
        keep(start)
        if start not in found.starts:
            found.starts.append(start)
        return found

    def leaf(self, slots: np.ndarray, loops: tuple[Rolled, ...]) -> float | Leaf:
        """An input or number, or how those of all rounds are called together."""
        known, place = np.unique(slots, return_inverse=True)
        names = [self.input(slot) for slot in known[known < self.layout.inputs].tolist()]
        if not names and len(known) == 1:
            return float(self.layout.constants[known[0] - self.layout.inputs])
        if not names:
            return self.numbers(self.layout.constants[slots - self.layout.inputs])
        text = names[0] if len(known) == 1 else ""
        text = text or indexed(names, place.reshape(slots.shape))
        return self.leaves.setdefault(text, Leaf(text, names))

    def numbers(self, numbers: np.ndarray) -> Leaf:
        """Numbers that were recorded, one a round."""
        which = f"c{self.series.setdefault(numbers.tobytes(), len(self.series))}"
        rounds = [LETTERS_OF_ROUNDS[axis] for axis in range(numbers.ndim) if (numbers != numbers.take([0], axis)).any()]
        known = list(dict.fromkeys(numbers.ravel().tolist()))
        some = ", ".join([f"{number:.4g}" for number in known[:3]] + ["..."] * (len(known) > 3))
        return self.leaves.setdefault(which, Leaf(f"{which}[{', '.join(rounds)}]", [f"{which} = {some}"], recorded=True))

    def input(self, slot: int) -> str:
        """What an input is called."""
        return self.labels.get(self.layout.tape.inputs[slot], f"inputs[{slot}]")

    def write_inside(self, site: Site) -> None:
        """Write operands that are used nowhere else inside the formula of this site, as long as that stays short."""
        for operand in self.operands[site] if not site.told else ():
            if isinstance(operand, Site) and operand.uses == 1 and not (operand.kept or operand.told or operand.label):
                operand.inside = site.size + operand.size <= LONGEST_FORMULA
                site.size += operand.size * operand.inside


def keep(operand: Read | None) -> None:
    """Mark what is needed elsewhere than in a formula of its own round."""
    operand = operand.of if isinstance(operand, Past) else operand
    if isinstance(operand, Site):
        operand.kept = True
