"""A program that runs row by row as boxes: a box for each formula, and a frame around those that repeat, with how often they do.

What a round hands on to the next has a box of its own at the beginning, the state, and an arrow leads round to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..run.layout import Layout
from ..run.runner import Runner
from .formulas import Formulas, Leaf, Past, Pieces, Read, Site, State
from .indices import LETTERS_OF_ROUNDS
from .rolled import Rolled
from .text import pattern

READERS_WIRED = 3  # boxes that read an input up to which it has arrows
_Box = tuple[list[Any], str, str]


def loop_boxes(runner: Runner, parts: Sequence[tuple[str, int, int | None]], slopes: bool) -> LoopBoxes:
    """The boxes of a runner; `parts` say which of its results are called what, `slopes` that a gradient follows the first."""
    tape, layout = runner.tape, Layout(runner.tape, runner.rows)
    back = int(layout.results[0]) - layout.first if slopes else len(layout) - 1
    formulas = Formulas(layout, tape.labels, layout.rows(), back)
    outputs = len(runner.outputs)
    found = [(name, formulas.results[low : outputs if high is None else high]) for name, low, high in parts]
    found.append(("branches, as recorded", formulas.results[outputs:]))
    return LoopBoxes(formulas, [(name, operands) for name, operands in found if operands])


class LoopBoxes:
    """The boxes of some formulas with their arrows, those that lead `around` to the next round, and the frames of the loops.

    A line of a box is a text, or a pair of a name and an expression: an operation and its operands, which are texts, numbers and
    expressions. A frame is (what it says, its boxes, the frame around it or -1).
    """

    def __init__(self, formulas: Formulas, results: Sequence[tuple[str, Sequence[Read]]]) -> None:
        self.formulas = formulas
        self.boxes: list[_Box] = []
        self.arrows: dict[tuple[int, int], int] = {}
        self.frames: list[tuple[str, list[int], int]] = []
        self.framed: dict[Rolled, int] = {}
        self.box: dict[Read, int] = {}
        self.names: dict[Read, str] = {}
        self.inputs: dict[str, tuple[dict[str, None], set[int]]] = {}  # by the beginning of their names: these, and the readers
        self.later: list[tuple[Site, int]] = []  # what stands further below in a loop, and who reads it in the next rounds
        self.sites = [site for site in formulas.sites if not site.inside]
        self.name()
        for site in self.sites:
            self.add(site)
        for name, operands in results:
            self.connect(operands, self.put(([name], "result", ""), ()))
        self.around = [(self.box[state.site], self.box[state]) for state in formulas.states.values() if state in self.box]
        self.around += [(self.box[site], here) for site, here in self.later]
        self.add_inputs()

    def name(self) -> None:
        """Call states after what they are at first, what they become by the same name with a dash, and the rest r0, r1, ..."""
        read = {operand for operands in self.formulas.operands.values() for operand in operands}
        for state in self.formulas.states.values():
            [start, *others] = state.starts
            name = start.text if isinstance(start, Leaf) and len(start.names) == 1 and not others else ""
            if not name or name in self.names.values() or start in read:
                name = state.site.label if state.site.label not in self.names.values() else ""
                name = name or f"s{sum(called[0] == 's' for called in self.names.values())}"
            self.names[state] = name
            self.names.setdefault(state.site, name if name == state.site.label else f"{name}'")
        unnamed: list[Site | Pieces] = [site for site in self.sites if site not in self.names and not site.told]
        unnamed += [site for site in self.sites if site in self.formulas.quoted] + [*self.formulas.pieces.values()]
        self.names |= {read: getattr(read, "label", "") or f"r{count}" for count, read in enumerate(unnamed)}

    def add(self, site: Site) -> None:
        """The box of a site, after those of what it reads."""
        reads = list(self.read(site))
        for operand in reads:
            self.add_state(operand)
        back = ["on the way back"] if site.rows.flat[0] > self.formulas.back else []
        named = f"{self.names[site]}[0..{len(site.rows) - 1}]: " if site in self.formulas.quoted else ""
        lines = [named + site.told, *back] if site.told else [(self.names[site], self.expression(site))]
        self.box[site] = here = self.put((lines, "step", site.label), site.loops)
        self.connect(reads, here)

    def read(self, site: Site) -> Iterator[Read]:
        """What the formula of a site reads that is not written in it."""
        for operand in self.formulas.operands[site]:
            if isinstance(operand, Site) and operand.inside:
                yield from self.read(operand)
            else:
                yield operand

    def add_state(self, operand: Read) -> None:
        """The box of what is handed on from round to round, unless it is there."""
        state = operand.of if isinstance(operand, Past) else operand
        if isinstance(state, Pieces) and state not in self.box:
            self.add_pieces(state)
        elif isinstance(state, State) and state not in self.box:
            for start in state.starts:
                self.add_state(start)
            lines = [self.names[state], "from the round before" if state.back == 1 else f"from {state.back} rounds before"]
            numbers = [f"{start:g}" for start in state.starts if isinstance(start, float)]
            named = pattern([self.written(start) for start in state.starts if not isinstance(start, float)])
            first = ", ".join([*numbers[:3], *([named] if named else [])])
            lines += [f"at first {first}"] if first != lines[0] else []
            self.box[state] = here = self.put((lines, "state", ""), state.loops)
            self.connect(state.starts, here)

    def add_pieces(self, pieces: Pieces) -> None:
        """The box of what lies elsewhere in other rounds."""
        for _, part in pieces.parts:
            self.add_state(part)
        texts = [f"{part:g}" if isinstance(part, float) else self.written(part) for _, part in pieces.parts]
        lines = [f"{rounds}: {text}" for (rounds, _), text in zip(pieces.parts, texts, strict=True)]
        self.box[pieces] = here = self.put(([self.names[pieces] + ", by the round", *lines], "step", ""), pieces.loops)
        sites = [part.of if isinstance(part, Past) else part for _, part in pieces.parts]
        self.later += [(site, here) for site in sites if isinstance(site, Site) and site not in self.box]
        self.connect([part for (_, part), site in zip(pieces.parts, sites, strict=True) if (site, here) not in self.later], here)

    def connect(self, operands: Sequence[Read], here: int) -> None:
        """Arrows to a box from those of what it reads; inputs follow at the end."""
        for operand in operands:
            if isinstance(operand, Leaf):
                for name in operand.names:
                    root = name if operand.recorded else name.partition("[")[0].partition(".")[0]
                    names, readers = self.inputs.setdefault(root, ({}, set()))
                    names[name] = None
                    readers.add(here)
            elif not isinstance(operand, float):
                self.arrows[self.box[operand.of if isinstance(operand, Past) else operand], here] = 1

    def add_inputs(self) -> None:
        """The boxes of inputs: one for all that many read, which are named in their formulas."""
        named = []
        for names, readers in self.inputs.values():
            name = pattern(names) if len(names) > 1 else next(iter(names))
            if len(readers) > READERS_WIRED:
                named.append(name)
                continue
            count = [f"{len(names):,} numbers"] if len(names) > 1 else []
            here = self.put(([name, *count], "input", ""), ())
            self.arrows |= {(here, reader): len(names) for reader in readers}
        if named:
            self.put(([", ".join(named), "in many formulas"], "input", ""), ())

    def put(self, box: _Box, loops: tuple[Rolled, ...]) -> int:
        """One more box, in the frame of its innermost loop."""
        here = len(self.boxes)
        self.boxes.append(box)
        if loops:
            self.frames[self.frame(loops)][1].append(here)
        return here

    def frame(self, loops: tuple[Rolled, ...]) -> int:
        """The frame of the last of these loops, which stand in each other."""
        if loops[-1] not in self.framed:
            around = self.frame(loops[:-1]) if len(loops) > 1 else -1
            self.framed[loops[-1]] = len(self.frames)
            self.frames.append((self.said(loops[-1], len(loops)), [], around))
        return self.framed[loops[-1]]

    def said(self, loop: Rolled, depth: int) -> str:
        """How often a loop runs, and what its rounds are called."""
        return f"{loop.repeats:,} times, {LETTERS_OF_ROUNDS[min(depth, len(LETTERS_OF_ROUNDS)) - 1]} = 0 to {loop.repeats - 1:,}"

    def expression(self, site: Site) -> tuple[Any, ...]:
        """The formula of a site."""
        row = int(site.rows.flat[-1])
        return self.formulas.layout.op(row), *[self.written(operand) for operand in self.formulas.operands[site]]

    def written(self, operand: Read) -> Any:
        """An operand in a formula."""
        if isinstance(operand, float):
            return operand
        if isinstance(operand, Leaf):
            return operand.text
        if isinstance(operand, Past):
            return self.names[operand.of] + operand.rounds
        return self.expression(operand) if isinstance(operand, Site) and operand.inside else self.names[operand]
