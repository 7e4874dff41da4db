"""The rows of one round as formulas: what each reads, from this round, an earlier one or outside, and what is one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ..run.layout import Layout
from .indices import LETTERS_OF_ROUNDS, by_round, indexed
from .rolled import Repeats, Rolled
from .text import pattern

LONGEST_FORMULA = 6  # operations of a formula; a longer one is taken apart
LARGE_LOOPS = 10  # a loop of the way back is told on its own from a tenth of it on
BULK = 24  # rows outside of every loop, from where they are told together
MOST_PIECES = 8  # stretches of rounds that are told each
AMONG_INPUTS, AMONG_NUMBERS = -1, -2  # where a slot lies that no row computes


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
    """What `site` was `back` rounds ago in the innermost of the `loops`; in the first rounds it is one of the `starts`."""

    site: Site
    loops: tuple[Rolled, ...]
    back: int
    starts: tuple[Read, ...]


@dataclass(eq=False)
class Pieces:
    """What lies here in some rounds of these loops and there in others: `parts` say in which of them, and what."""

    loops: tuple[Rolled, ...]
    parts: list[tuple[str, Read]] = field(default_factory=list)


Read = float | Leaf | Site | Past | State | Pieces


class Formulas:
    """The rows of a layout as sites, in order, each with its operands; rows and inputs are called by `labels`.

    The rows after row `back`, which derive, are told without formulas.
    """

    def __init__(self, layout: Layout, labels: dict[int, str], named_rows: np.ndarray, back: int) -> None:
        self.layout, self.labels, self.named_rows, self.back = layout, labels, named_rows, back
        self.sites: list[Site] = []
        self.home = np.zeros(len(layout), dtype=np.int64)
        self.leaves: dict[str, Leaf] = {}
        self.states: dict[tuple[int, int, int, tuple[Read, ...]], State] = {}
        self.pasts: dict[tuple[Site | State, str], Past] = {}
        self.pieces: dict[tuple[bytes, tuple[Rolled, ...], tuple[int, ...]], Pieces] = {}
        self.series: dict[bytes, int] = {}
        self.repeats = Repeats(layout)
        for rows in (range(back + 1), range(back + 1, len(layout))):
            self.place(self.repeats.rolled(rows.start, rows.stop), np.zeros((), dtype=np.int64), ())
        self.operands = {site: self.read(site) for site in self.sites}
        self.quoted = {past.of for past in self.pasts.values() if isinstance(past.of, Site) and past.of.told}  # told, but read
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
        found = self.alike(slots, loops)
        return self.by_pieces(slots, loops, (0,) * len(loops)) if found is None else found

    def alike(self, slots: np.ndarray, loops: tuple[Rolled, ...]) -> Read | None:
        """What these slots are, if they are the same in all rounds but for the first one."""
        usual = tuple([loop.repeats // 2 for loop in loops])
        row = int(slots[usual]) - self.repeats.first
        if row < 0:
            return self.leaf(slots, (0,) * len(loops)) if len(np.unique(self.homes(slots))) == 1 else None
        origin, offset = self.sites[int(self.home[row])], 0
        for depth, (loop, now) in enumerate(zip(loops, usual, strict=True)):
            base = loop.low + offset
            earlier = now - (row - base) // loop.period
            if not base <= row < base + loop.period * loop.repeats:
                break
            if earlier:
                following = (*usual[:depth], now + 1, *usual[depth + 1 :])
                if slots[following] == slots[usual]:  # the same round for all
                    break
                late = slots.take(range(earlier, loop.repeats), depth)  # in the first round it comes from elsewhere
                begin = [earlier if axis == depth else 0 for axis in range(len(loops))]
                if not self.fits(origin, late, depth + 1):
                    return None
                return self.past(self.state(origin, slots, loops, depth, earlier), origin, late, depth + 1, begin)
            offset += (now - 1) * loop.period
        else:
            depth = len(loops)
        return self.past(origin, origin, slots, depth) if self.fits(origin, slots, depth) else None

    def homes(self, slots: np.ndarray) -> np.ndarray:
        """In which site each of these slots is computed, or that it is an input or a number."""
        rows = slots - self.repeats.first
        known = self.home[np.maximum(rows, 0)]
        return np.where(rows >= 0, known, np.where(slots < self.layout.inputs, AMONG_INPUTS, AMONG_NUMBERS))

    def fits(self, site: Site, slots: np.ndarray, shared: int) -> bool:
        """Whether all these slots lie in this site, each in the same round of the shared loops as its reader."""
        if (self.homes(slots) != self.sites.index(site)).any():
            return False
        rounds = zip(self.rounds(site, slots)[:shared], np.indices(slots.shape), strict=False)
        return all((there == here).all() for there, here in rounds)

    def rounds(self, site: Site, slots: np.ndarray) -> tuple[np.ndarray, ...]:
        """In which rounds of its loops a site computes these slots."""
        place = np.searchsorted(site.rows.ravel(), slots - self.repeats.first)
        return np.unravel_index(place, site.rows.shape) if site.rows.ndim else ()

    def by_pieces(self, slots: np.ndarray, loops: tuple[Rolled, ...], begin: tuple[int, ...]) -> Read:
        """What lies in several places, by the round; the first of these rounds is `begin`."""
        homes = self.homes(slots)
        varying = [axis for axis in range(slots.ndim) if (homes != homes.take([0], axis)).any()]
        if not varying:
            return self.piece(slots, loops, begin)
        key = slots.tobytes(), loops, begin
        if key in self.pieces:
            return self.pieces[key]
        found = self.pieces[key] = Pieces(loops)
        axis = varying[0]
        lines = np.moveaxis(homes, axis, 0).reshape(slots.shape[axis], -1)
        edges = [0, *(np.flatnonzero((lines[1:] != lines[:-1]).any(axis=1)) + 1).tolist(), len(lines)]
        if len(edges) > MOST_PIECES:
            found.parts = [("or", self.some(slots[homes == home])) for home in np.unique(homes).tolist()]
        else:
            for low, high in pairwise(edges):
                first = begin[axis] + low
                told = f"{LETTERS_OF_ROUNDS[axis]} = {first:,}" + (f" to {first + high - low - 1:,}" if high - low > 1 else "")
                start = (*begin[:axis], first, *begin[axis + 1 :])
                found.parts.append((told, self.by_pieces(slots.take(range(low, high), axis), loops, start)))
        for _, part in found.parts:
            keep(part)
        return found

    def piece(self, slots: np.ndarray, loops: tuple[Rolled, ...], begin: tuple[int, ...]) -> Read:
        """What lies in one site in the rounds from `begin` on, or among the inputs, or the numbers."""
        home = int(self.homes(slots).flat[0])
        if home < 0:
            return self.leaf(slots, begin)
        site, shared = self.sites[home], 0
        here = [index + start for index, start in zip(np.indices(slots.shape), begin, strict=True)]
        for loop, other, now, then in zip(loops, site.loops, here, self.rounds(site, slots), strict=False):
            if loop is not other or (now != then).any():
                break
            shared += 1
        return self.past(site, site, slots, shared, begin)

    def some(self, slots: np.ndarray) -> Read:
        """What lies in one site, in any rounds, or among the inputs, or the numbers."""
        home = int(self.homes(slots).flat[0])
        if home >= 0:
            site = self.sites[home]
            return self.pasts.setdefault((site, "[..]"), Past(site, "[..]")) if site.rows.size > 1 else site
        if home == AMONG_INPUTS:
            names = [self.input(slot) for slot in np.unique(slots).tolist()]
            return Leaf(pattern(names), names)
        return self.leaf(slots, (0,))

    def past(
        self, of: Site | State, site: Site, slots: np.ndarray, shared: int, begin: Sequence[int] | None = None
    ) -> Site | State | Past:
        """A site, or a state of it, of which a reader shares so many loops: of the others the last round, or one that is told."""
        others = site.loops[shared:]
        if not others and not site.told:
            return of
        rounds = self.rounds(site, slots)[0 if site.told else shared :]
        told = [f"[{by_round(each, begin) or '..'}]" for each in rounds]
        if others and isinstance(of, Site) and (rounds[0] == others[0].repeats - 1).all():
            del told[0]  # of the outermost loop the last round is what is left
        site.kept = True
        text = "".join(told)
        return self.pasts.setdefault((of, text), Past(of, text)) if text else of

    def state(self, site: Site, slots: np.ndarray, loops: tuple[Rolled, ...], depth: int, back: int) -> State:
        """What is handed on from an earlier round, and in the first one from elsewhere."""
        for loop in reversed(loops[depth + 1 :]):
            slots = slots.take(loop.repeats // 2, -1)
        starts = tuple(dict.fromkeys([self.resolved(slots.take(first, -1), loops[:depth]) for first in range(back)]))
        for start in starts:
            keep(start)
        site.kept = True
        key = self.sites.index(site), depth, back, starts
        return self.states.setdefault(key, State(site, loops[: depth + 1], back, starts))

    def leaf(self, slots: np.ndarray, begin: tuple[int, ...]) -> float | Leaf:
        """An input or number, or how those of all rounds from `begin` on are called together."""
        known, place = np.unique(slots, return_inverse=True)
        names = [self.input(slot) for slot in known[known < self.layout.inputs].tolist()]
        if not names and len(known) == 1:
            return float(self.layout.constants[known[0] - self.layout.inputs])
        if not names:
            return self.numbers(self.layout.constants[slots - self.layout.inputs], begin)
        text = names[0] if len(known) == 1 else ""
        text = text or indexed(names, place.reshape(slots.shape), begin)
        return self.leaves.setdefault(text, Leaf(text, names))

    def numbers(self, numbers: np.ndarray, begin: tuple[int, ...]) -> Leaf:
        """Numbers that were recorded, one a round."""
        which = f"c{self.series.setdefault(numbers.tobytes(), len(self.series))}"
        varying = [axis for axis in range(numbers.ndim) if (numbers != numbers.take([0], axis)).any()]
        rounds = [LETTERS_OF_ROUNDS[axis] + (f" - {begin[axis]}" if begin[axis] else "") for axis in varying]
        known = list(dict.fromkeys(numbers.ravel().tolist()))
        some = ", ".join([f"{number:.4g}" for number in known[:3]] + ["..."] * (len(known) > 3))
        text = f"{which}[{', '.join(rounds)}]"
        return self.leaves.setdefault(text, Leaf(text, [f"{which} = {some}"], recorded=True))

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
