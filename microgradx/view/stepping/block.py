"""A step of the backward pass as a block of text, as wide as the terminal: labels and columns give way, digits never."""

from __future__ import annotations

import math

from ...engine import Value
from ...tables import columns
from ..drawing.spread import deviation, mean_of
from ..trace import Contribution
from ..words.as_typed import as_typed
from ..words.notation import operation
from ..words.terminal import Ends, Part, TableRows, fitted
from .fired import Fired
from .layer_rows import by_operand, layer_rows
from .neuron_step import neuron_rows
from .pen import Pen
from .steps import Showing
from .zeros import reasons, swallowed

ROWS_LISTED = 12
"""A block lists at most so many contributions, the largest ones, unless all are asked for."""


class BlockWriter:
    """Writes the block of one step."""

    def __init__(self, step: Fired, pen: Pen, look: Showing) -> None:
        self.step, self.of, self.pen = step, step.of, pen
        self.part, self.sought, keep = look.part, look.sought, look.keep
        self.whole = look.full or look.part is not None
        places = step.leaving
        self.wanted = places if keep is None else [p for p in places if keep(step.of.trace[p])]
        self.filtered = len(places) - len(self.wanted)
        self.neuron = step.neuron if look.part is None and not self.filtered else None
        self.summed = step.group.name is not None and not self.whole
        self.shown = self._together() if self.summed else self._largest()

    def parts(self) -> list[Part]:
        """The block, as its pen writes now."""
        step, pen = self.step, self.pen
        title = f"{self.of.word} {step.number}/{len(self.of.steps)}   {step.formula(pen.names)}"
        parts: list[Part] = [Ends(fitted(title, pen.width), self._forward())]
        if self.neuron:
            parts += neuron_rows(pen, self.neuron, None if self.whole else ROWS_LISTED, self.sought)
        else:
            off = f"; off in {step.off} of {len(step.heads)} samples" if step.off else ""
            parts.append(f"  {pen.slope(step.top)} = {pen.number(step.upstream)}   ({self._came_from()}{off})")
            parts += layer_rows(pen, by_operand(self.of.trace, self.shown)) if self.summed else self._rows()
            parts += [*self._left_out(), *self._shares()]
        parts += [*self._found(), *self._carried()]
        return [*parts, fitted(f"  {step.line}", pen.width)] if step.line else parts

    def mentioned(self) -> list[Value]:
        """The values that the block names."""
        nodes = [self.of.trace.output, self.step.top]
        nodes += [self.of.trace[place].operand for place in self.shown]
        for node in self.step.group.nodes[:60]:
            nodes += [node, *(x for x in node.parents[:200] if isinstance(x, Value))]
        for place in self.of.trace.into.get(self.step.node, ())[:1]:
            source = self.of.trace[place].node
            nodes += [source, *(x for x in source.parents[:60] if isinstance(x, Value))]
        return list(dict.fromkeys(nodes))

    def _together(self) -> list[int]:
        """All contributions to the values that get most, as many as a block lists, and to the value sought."""
        trace = self.of.trace
        together = by_operand(trace, self.wanted)
        size = {
            node: max(abs(self.of.arrived(places[-1]).after), *(abs(trace[place].contribution) for place in places))
            for node, places in together.items()
        }
        ranked = sorted((node for node in size if size[node]), key=lambda n: -math.inf if math.isnan(size[n]) else -size[n])
        listed = {place for node in ranked[:ROWS_LISTED] for place in together[node]}
        return [place for place in self.wanted if place in listed or trace[place].operand is self.sought]

    def _largest(self) -> list[int]:
        """The largest contributions that are not 0, as many as a block lists, and those to the value sought."""
        if self.whole or len(self.wanted) <= ROWS_LISTED:
            return self.wanted
        size = {place: abs(self.of.trace[place].contribution) for place in self.wanted}
        ranked = sorted((p for p in size if size[p] != 0.0), key=lambda p: -math.inf if math.isnan(size[p]) else -size[p])
        sought = [place for place in self.wanted if self.of.trace[place].operand is self.sought]
        return sorted({*ranked[:ROWS_LISTED], *sought[:ROWS_LISTED]})

    def _forward(self) -> str:
        step, then = self.step, self.of.trace.recorded
        if step.group.name:
            return ""
        made = self.pen.number(then[step.node])
        if len(step.group.nodes) > 1:
            return f"forward: {made}"
        numbers = {x: self.pen.number(then[x]) for x in step.node.parents if isinstance(x, Value)}
        return fitted(f"forward: {operation(step.node, numbers)} = {made}", self.pen.width - 2)

    def _came_from(self) -> str:
        """Where the upstream gradient came from and that it is complete."""
        step = self.step
        places = self.of.trace.into.get(step.node, [])
        if not places:
            return "root, seeded"
        if step.group.name:
            return f"the largest of {len(step.heads)} that arrive here"
        text = f"{len(places)} of {len(places)} in"
        if len(places) > 1:
            return f"{text}: may fire"
        if len(step.group.nodes) > 1 or len(self.of.steps) == 1:
            return text
        source = Fired(self.of.fired_in[self.of.trace[places[0]].node], self.of)
        told = f"{text}; from {self.of.word} {source.number}"
        room = self.pen.width - columns(self.pen.slope(step.top)) - 18 - len(told)
        formula, name = source.formula(self.pen.names), self.pen.names[source.node]
        return f"{told}, {formula}" if columns(formula) <= room else f"{told}, {name}"

    def _rows(self) -> list[Part]:
        tight = self.pen.tight
        rows = [self._row(row, place) for row, place in enumerate(self.shown)]
        if not rows or not tight.rows:
            return [
                f"{name}: {upstream.strip()} x {local} = {contribution}, {' '.join(filter(None, map(str.strip, rest)))}"
                for name, upstream, _, local, _, contribution, *rest in rows
            ]
        symbol = self.pen.names[self.of.trace.output]
        slopes = f"d{symbol}/d(.)" if len(symbol) <= 3 else "so far"
        head = ["  into   ", "upstream", "", "local", "", "contribution"]
        head = head if tight.words else ["  into", "up", "", "local", "", "sent"]
        head += [slopes, "", "", "  in"] if tight.before else ["", slopes, "  in"]
        kinds = "<><<<>><<<" if tight.before else "<><<<><<<"
        last = len(kinds) if tight.arrived else len(kinds) - 1
        return [TableRows([row[:last] for row in (head, *rows)], kinds[:last])]

    def _row(self, row: int, place: int) -> list[str]:
        edge = self.of.trace[place]
        upstream, local = self.factors(place)
        cells = [f"  {self.pen.slot(edge)}", self.pen.number(upstream), "x", self._local(edge, local), "="]
        if self.part is not None and row >= self.part:
            return [*cells, "?", *(["?", "", "", ""] if self.pen.tight.before else ["", "?", ""])]
        nth, total, grown, grows = self.of.arrived(place)
        mark = " *" if nth == total and edge.operand in self.of.trace.carried else ""
        in_ = f"{nth} of {total}{' final' * (nth == total)}" if self.pen.tight.words else f"{nth}/{total}"
        before = [self.pen.number(grown)] if self.pen.tight.before else []
        return [*cells, self.pen.number(edge.contribution), *before, "->", self.pen.number(grows) + mark, f"  {in_}"]

    def factors(self, place: int) -> tuple[float, float]:
        """Upstream and local derivative of an edge; where the step hides operations, those of the whole step."""
        edge = self.of.trace[place]
        if len(self.step.group.nodes) == 1 or self.step.group.name:
            return edge.upstream, edge.local
        return self.step.upstream, self.step.through[place]

    def _local(self, edge: Contribution, local: float) -> str:
        """The local derivative, and for a product whose number it is: `f = -2`."""
        if self.pen.tight.factor and edge.node.op is not None and edge.node.op.name == "multiply" and local == edge.local:
            other = edge.node.parents[1 - edge.slot]
            if isinstance(other, Value) and len(self.step.group.nodes) == 1:
                return f"{self.pen.names[other]} = {self.pen.number(local)}"
        return self.pen.number(local)

    def _left_out(self) -> list[Part]:
        """What the table does not list, and why what is 0 is 0."""
        trace, shown = self.of.trace, set(self.shown)
        hidden = [place for place in self.wanted if place not in shown]
        if self.summed:  # a row per value: what is left out is counted so as well
            hidden = [max(places, key=lambda p: abs(trace[p].contribution)) for places in by_operand(trace, hidden).values()]
        zeros = [place for place in hidden if trace[place].contribution == 0.0]
        lines: list[Part] = []
        if len(hidden) > len(zeros):
            lines.append(f"  {len(hidden) - len(zeros)} more, none of them larger; {as_typed('full')} lists all")
        for why, count in reasons(trace, zeros, self.step.inside):
            some = f"{count} more {'are' if count > 1 else 'is'}" if self.shown or count < len(zeros) else f"all {count} are"
            lines.append(f"  {some} 0: {why}")
        if zeros and len(hidden) == len(zeros):
            lines[-1] = f"{lines[-1]}; {as_typed('full')} lists all"
        if swallowed(trace[place] for place in self.step.group.edges):
            lines.append("  0 x inf counts as 0 here: a factor of exactly 0 lets nothing through, not even inf or nan")
        if self.filtered:
            lines.append(f"  {self.filtered} filtered out; {as_typed('only')} shows all again")
        return lines

    def _shares(self) -> list[Part]:
        """Under the log of a softmax: each class's share p, as the local derivatives are y - p."""
        op, first = self.step.node.op, self.step.node.parents[0]
        if self.summed or self.part is not None or not self.shown or op is None or op.name != "log_softmax_share":
            return []
        edges = [self.of.trace[place] for place in self.shown]
        shares = [f"{self.pen.names[edge.operand]} {self.pen.number((edge.slot == 0) - edge.local)}" for edge in edges]
        right = self.pen.names[first] if isinstance(first, Value) else self.pen.number(first)
        told = f"  local = y - p (y is 1 for {right}, else 0); so the loss -log p has slopes p - y"
        return [f"  p = softmax: {', '.join(shares)}", told]

    def _found(self) -> list[Part]:
        """What the value that was asked for has got with this step."""
        if self.sought is None or self.sought in self.step.inside:
            return []
        number, trace, sought = self.pen.number, self.of.trace, self.sought
        arrivals = self.of.arrivals(sought)
        here = [place for place in arrivals if self.of.fired_in[trace[place].node] <= self.step.number]
        told = f"  {self.pen.slope(sought)} = {number(arrivals[here[-1]].after)}"
        if len(here) < len(arrivals):  # where others are filtered out, it may be completed by one of them
            return [f"{told} so far ({len(here)} of {len(arrivals)} in)"]
        told += ", complete with this step"
        if len(here) == 1:
            return [f"{told} (1 of 1 in)"]
        sent = [trace[place].contribution for place in here]
        zeros = f", {sent.count(0.0)} of them 0" if 0.0 in sent else ""
        return [f"{told}: {len(sent)} contributions of mean {number(mean_of(sent))}, spread {number(deviation(sent))}{zeros}"]

    def _carried(self) -> list[Part]:
        """A line for each gradient that was there before this pass and to which commit would add."""
        trace, number = self.of.trace, self.pen.number
        operands = dict.fromkeys(trace[place].operand for place in self.shown)
        carried = [operand for operand in operands if operand in trace.carried]
        parts: list[Part] = []
        for operand in carried[:3]:
            old = trace.carried[operand]
            told, new = f"  * {self.pen.names[operand]}.grad was {number(old)} already", number(old + trace.adjoints[operand])
            parts.append(f"{told}, commit gives {new}: set it to None to start afresh")
        if len(carried) > 3:
            parts.append(f"  * and {len(carried) - 3} more had one already")
        return parts

