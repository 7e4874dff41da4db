"""One step of a backward pass as a line and as a block of at most 80 columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

from ...engine import Value
from ...tables import WIDTH, clip, columns, printable, table
from ..trace import Contribution
from ..wording import Pass
from ..words.notation import expression, number, operation
from ..words.terminal import ends
from .neuron_step import Neuron, neuron_lines, recognized

ROWS = 12
"""A block lists at most so many contributions, the largest ones, unless all are asked for."""


class Step:
    """A step of the pass: what fired, and one contribution per edge; `repr` is a line, `str` the block.

    >>> from microgradx.view.stepping.stepper import stepper
    >>> a, b = Value(2.0), Value(-3.0)
    >>> L = a * b
    >>> stepper(L)[1]
    <step 1/1: L = a * b; dL/dL = 1; a += -3, b += 2>
    >>> [edge.contribution for edge in stepper(L)[1].contributions]
    [-3.0, 2.0]
    """

    def __init__(self, index: int, of: Pass) -> None:
        self.index = index
        self.group = of.steps[index - 1]
        self.node = self.group.head
        self.name = self.group.name or of.names[self.node]
        self._inside = frozenset(self.group.nodes)  # a set, since `in` on a tuple would compare numbers
        self._of = of

    @cached_property
    def _neuron(self) -> Neuron | None:
        return recognized(self._of.trace, self.group) if len(self.group.nodes) > 1 else None

    @property
    def contributions(self) -> list[Contribution]:
        """The edges of the step, in the order in which the engine added them."""
        return [self._of.trace[place] for place in self.group.edges]

    def __repr__(self) -> str:
        slope = f"{self._of.slope(self._top())} = {number(self.upstream)}"
        line = clip(f"<step {self.index}/{len(self._of.steps)}: {self.title(30)}; {slope}", WIDTH - 8)
        sent = [f"{self._of.slot(edge)} += {number(edge.contribution)}" for edge in self.contributions if self.leaves(edge)]
        for place, text in enumerate(sent):
            joint = "; " if not place else ", "
            if columns(line + joint + text) > WIDTH - 9:
                return f"{line}{joint}...>"
            line += joint + printable(text)
        return f"{line}>"

    def __str__(self) -> str:
        return self.block()

    @property
    def upstream(self) -> float:
        """The upstream gradient with which the step's first node fired."""
        return self._of.trace.adjoints[self._top()]

    def _top(self) -> Value:
        """The value whose gradient stands in the title: of a layer the one with the largest."""
        return max(self._heads(), key=lambda node: abs(self._of.trace.adjoints[node])) if self.group.name else self.node

    def _heads(self) -> list[Value]:
        """The values at which gradients enter the step from outside."""
        trace, inside = self._of.trace, self._inside
        heads = [node for node in self.group.nodes if any(trace[p].node not in inside for p in trace.into.get(node, ()))]
        return heads or [self.node]

    def leaves(self, edge: Contribution) -> bool:
        """Whether an edge goes out of the step, not from one of its nodes to another."""
        return edge.operand not in self._inside

    def title(self, room: int) -> str:
        """`name = operation`, or the name of the layer."""
        if self.group.name:
            return clip(f"{self.group.name} ({len(self.group.nodes)} operations)", room)
        if self._neuron:
            return clip(f"{self._of.names[self.node]} = {self._neuron.formula()}", room)
        if len(self.group.nodes) == 1:
            return clip(f"{self._of.names[self.node]} = {operation(self.node, self._of.names)}", room)
        outside = {edge.operand for edge in self.contributions} - self._inside
        return clip(expression(self.node, outside, self._of.names, False), room)

    def block(self, part: int | None = None, full: bool = False, keep: Callable[[Contribution], bool] | None = None) -> str:
        """The block; with `part`, only the first so many contributions are filled in."""
        lines = ends(f"step {self.index}/{len(self._of.steps)}   {self.title(WIDTH)}", self._forward())
        slope = f"  {self._of.slope(self._top())} = {number(self.upstream)}   ("
        lines.append(clip(f"{slope}{self._came_from(WIDTH - 1 - columns(slope))})", WIDTH))
        places = [p for p in self.group.edges if self.leaves(self._of.trace[p])]
        if self._neuron and part is None and keep is None and not self.group.name:
            slope = self._of.slope(self.node)
            lines[-1:] = neuron_lines(self._neuron, self._of.trace, self._of.names, slope, None if full else ROWS)
            return "\n".join([*lines, *self._carried(places)])
        wanted = [p for p in places if keep is None or keep(self._of.trace[p])]
        shown = wanted if full or len(wanted) <= ROWS else self._largest(wanted)
        if shown:
            lines += self._table(shown, part)
        lines += self._left_out(wanted, shown, len(places) - len(wanted))
        return "\n".join([*(clip(line, WIDTH) for line in lines), *self._carried(shown)])

    def _largest(self, places: list[int]) -> list[int]:
        """The largest contributions that are not 0, as many as a block lists, in their order."""
        size = {place: abs(self._of.trace[place].contribution) for place in places}
        ranked = sorted((p for p in places if size[p] != 0.0), key=lambda p: -math.inf if math.isnan(size[p]) else -size[p])
        return sorted(ranked[:ROWS])

    def _forward(self) -> str:
        if self.group.name:
            return ""
        then = self._of.trace.recorded
        made = number(then[self.node])
        if len(self.group.nodes) > 1:
            return f"forward: {made}"
        numbers = {operand: number(then[operand]) for operand in self.node.parents if isinstance(operand, Value)}
        return f"forward: {operation(self.node, numbers)} = {made}"

    def _came_from(self, room: int) -> str:
        """Where the upstream gradient came from and that it is complete."""
        places = self._of.trace.into.get(self.node, [])
        if not places:
            return "root, seeded"
        if self.group.name:
            return f"the largest of {len(self._heads())} that arrive in this layer"
        text = f"{len(places)} of {len(places)} in"
        if len(places) > 1:
            return f"{text}: may fire"
        source = self._of.trace[places[0]].node
        if len(self.group.nodes) > 1 or len(self._of.steps) == 1:
            return text
        before = self._of.fired_in[source]
        text += f"; from step {before}, "
        return text + Step(before, self._of).title(max(room - len(text), 12))

    def _table(self, places: list[int], part: int | None) -> list[str]:
        slopes = f"d{self._of.symbol}/d(.)" if len(self._of.symbol) <= 3 else "so far"
        rows = [("  into   ", "upstream", "", "local", "", "contribution", slopes, "", "", "  in")]
        for row, place in enumerate(places):
            edge = self._of.trace[place]
            cells = [
                f"  {self._of.slot(edge)}",
                number(edge.upstream),
                "x",
                self._local(edge),
                "=",
                "?",
                "?",
                "",
                "",
                "",
            ]
            if part is None or row < part:
                nth, total = self._of.arrived(place)
                mark = " *" if nth == total and edge.operand in self._of.trace.carried else ""
                cells[5:] = [
                    number(edge.contribution),
                    number(edge.before or 0.0),
                    "->",
                    number(edge.after) + mark,
                    f"  {nth} of {total}{' final' if nth == total else ''}",
                ]
            rows.append(tuple(cells))  # type: ignore[arg-type]
        wide = sum(max(columns(row[place]) for row in rows) for place in range(len(rows[0]))) + len(rows[0]) - 1 > WIDTH
        if wide:  # a clipped `square#8 = 0.07065` would lose the number
            local = [number(self._of.trace[place].local) for place in places]
            rows[1:] = [(*row[:3], alone, *row[4:]) for row, alone in zip(rows[1:], local, strict=True)]
        return table(rows, "<><<<>><<<")

    def _local(self, edge: Contribution) -> str:
        """The local derivative, and for a product whose number it is: `f = -2`."""
        if edge.node.op is not None and edge.node.op.name == "multiply":
            other = edge.node.parents[1 - edge.slot]
            if isinstance(other, Value):
                return f"{clip(self._of.names[other], 12)} = {number(edge.local)}"
        return number(edge.local)

    def _left_out(self, wanted: list[int], shown: list[int], filtered: int) -> list[str]:
        """What the table does not list, and why what is 0 is 0."""
        hidden = set(wanted) - set(shown)
        zeros = [place for place in hidden if self._of.trace[place].contribution == 0.0]
        lines = []
        if len(hidden) > len(zeros):
            lines.append(f"  {len(hidden) - len(zeros)} more, none of them larger; s.full() lists all")
        if zeros:
            many = f"{len(zeros)} more are" if shown else f"all {len(zeros)} are"
            lines.append(f"  {many} 0: {self._why_zero(zeros)}{'' if len(hidden) > len(zeros) else '; s.full() lists all'}")
        if filtered:
            lines.append(f"  {filtered} filtered out; s.only() shows all again")
        return lines

    def _why_zero(self, places: list[int]) -> str:
        """Why, in words, these contributions are 0."""
        trace = self._of.trace
        if any(trace[place].upstream != 0.0 for place in places):
            return "their local derivative is 0"
        if self.group.name:
            return "their neurons are off or get nothing"
        first = self.node.op.name if self.node.op else ""
        if self.upstream != 0.0 and all(trace[place].local == 0.0 for place in trace.out_of[self.node]):
            return f"the {first} is flat here"
        return "no gradient arrives here"

    def _carried(self, places: list[int]) -> list[str]:
        """A line for each gradient that was there before this pass and to which commit would add."""
        trace, lines = self._of.trace, []
        carried = [operand for operand in {trace[place].operand: None for place in places} if operand in trace.carried]
        for operand in carried[:3]:
            old = trace.carried[operand]
            told = f"{clip(self._of.names[operand], 16)}.grad is {number(old)} from before"
            lines.append(f"  * carried in: {told}; commit gives {number(old + trace.adjoints[operand])} (no zero_grad?)")
        if len(carried) > 3:
            lines.append(f"  * and {len(carried) - 3} more were carried in")
        return [clip(line, WIDTH) for line in lines]
