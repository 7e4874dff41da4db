"""A graph as plain text: an indented tree for terminals and doctests, and Mermaid for READMEs and issue threads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...engine import Value
from ...tables import clip
from ..theme import Theme, theme_named
from ..words.notation import equation, number
from ..words.scope import caller_variables
from ..words.signed import shorter
from .cards import LINES, picture
from .flow import snapshot
from .folding import folded_to_fit
from .shapes import Shapes
from .stage_picture import stage_picture
from .stored import stored

LONGEST = 40
"""Columns of a name in a tree."""

MERMAID_CARDS = 150  # GitHub draws at most 500 wires
SHAPES = {"leaf": '(["{}"])', "copy": '(["{}"])', "constant": '(["{}"])', "output": '[["{}"]]'}


class Printed(str):
    """Text that a prompt shows as it is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def tree(output: Value, *, depth: int = 20, lines: int = 100, names: Mapping[str, object] | None = None) -> str:
    """The graph as indented text, each value once with its operands below it.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> L = a * b + a
    >>> print(tree(L))
    L = a*b + a = -4, grad 1
      a * b = -6, grad 1
        a = 2, grad -2
        b = -3, grad 2
      a: above

    At most `lines` lines and `depth` levels are written, and the last line counts the values left out. The gradients are those of
    a pass of its own; where `.grad` holds something else, a line says so.
    """
    if depth < 0 or lines < 1:
        raise ValueError(f"depth={depth!r}, lines={lines!r} leave nothing to write: depth is at least 0 and lines at least 1")
    _check("tree", output)
    flow = snapshot(output, caller_variables(), names)
    called = {
        node: shorter(name, clip(re.sub(r"\s+", " ", name), LONGEST))
        for node, name in zip(flow.nodes, flow.shown, strict=True)
    }
    grads = dict(zip(flow.nodes, flow.grads, strict=True))
    written: list[str] = []
    seen: set[Value] = set()
    pending = [(output, 0)]
    while pending and len(written) < lines:
        node, level = pending.pop()
        indent = "  " * level
        if node in seen:
            written.append(f"{indent}{called[node]}: above")
            continue
        seen.add(node)
        made = clip(equation(node, called), 3 * LONGEST + 20) if node.op else called[node]
        grad = grads[node]
        written.append(f"{indent}{made} = {number(node.data)}, grad {'?' if grad is None else number(grad)}")
        if level < depth:
            pending += [(parent, level + 1) for parent in reversed(node.parents) if isinstance(parent, Value)]
    left = len(flow.nodes) - len(seen)
    written += [f"... and {left:,} more values"] if left else []
    also = stored(flow, range(len(flow.nodes))).sentence
    return Printed("\n".join([*written, also] if also else written))


def mermaid(output: Value, *, theme: str = "light", names: Mapping[str, object] | None = None) -> str:
    """The graph as Mermaid text, which GitHub and others draw inside a ```mermaid block.

    >>> x = Value(3.0, label="x")
    >>> y = x.tanh()
    >>> print(mermaid(y))
    graph LR
      n0(["x<br>3<br>grad 0.009866"])
      n1[["y = tanh(x)<br>0.9951<br>grad 1"]]
      n0 -->|"*0.009866"| n1
      linkStyle 0 stroke:#0072B2,stroke-width:2.4px
      classDef pos fill:#CFE3F2,stroke:#0072B2,color:#1F2328
      class n0,n1 pos

    Above 150 values it is folded like a drawing.
    """
    _check("mermaid", output)
    flow = snapshot(output, caller_variables(), names)
    every = range(len(flow.nodes))
    if len(every) <= MERMAID_CARDS:
        shown = picture(flow, every, "local", LINES, False)
    else:
        shown = stage_picture(flow, every) or folded_to_fit(flow, every)
    return Printed("\n".join(["graph LR", *_body(shown, theme_named(theme))]))


def _check(function: str, output: object) -> None:
    if not isinstance(output, Value):
        raise TypeError(f"{function} needs a Value, got {output!r}: write the result of an expression, such as {function}(loss)")


def _body(shown: Shapes, colours: Theme) -> list[str]:
    lines = []
    for card in shown.cards:
        lines.append(f"  {card.id}" + SHAPES.get(card.kind, '["{}"]').replace("{}", "<br>".join(map(_inert, card.lines))))
    for wire in shown.wires:
        arrow = "-.->" if wire.tone == "zero" else "-->"
        lines.append(f"  {wire.tail} {arrow}" + (f'|"{_inert(wire.label)}"|' if wire.label else "") + f" {wire.head}")
    for place, wire in enumerate(shown.wires):
        lines.append(f"  linkStyle {place} stroke:{colours.tones[wire.tone][0]},stroke-width:{wire.width:g}px")
    for tone, (line, tint) in colours.tones.items():
        if members := [card.id for card in shown.cards if card.tone == tone]:
            lines.append(f"  classDef {tone} fill:{tint},stroke:{line},color:{colours.ink}")
            lines.append(f"  class {','.join(members)} {tone}")
    return lines


def _inert(raw: str) -> str:
    """Write a text so that Mermaid shows exactly it."""
    named = {"#": "#35;", "&": "#amp;", "<": "#lt;", ">": "#gt;", '"': "#quot;", "`": "#96;", "\\": "#92;"}
    return "".join(named.get(letter, letter if letter.isprintable() else "?") for letter in raw)
