"""The table as people read it: the help of an operation, its row in a terminal, and the reference of all of them.

All of it comes from the statements. A derivative is printed as its rule answers for named values, so it is never out of date.
"""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

from . import ops
from .derivatives import gradient
from .engine import Value
from .nearest import did_you_mean
from .operation import OPS, Op
from .statement import COMPOSED
from .tables import clip, table
from .view.words.notation import exact, number
from .view.words.rules_in_words import formula_or_number, in_words, sample

HEADINGS = ("operation", "value", "derivative", "convention")
ROOMS: tuple[ModuleType, ...] = (
    ops.arithmetic, ops.choices, ops.reductions, ops.elementary, ops.trigonometry, ops.normal_and_gamma, ops.activations,
)
"""The files of the table; each takes operations only from those before it."""


def value_and_slopes(name: str) -> tuple[str, dict[str, str]]:
    """The formula of an operation, and that of its derivative for each operand; of a reduction for the first.

    >>> value_and_slopes("tanh"), value_and_slopes("divide")
    (('tanh(x)', {'x': 'sech(x)**2'}), ('a / b', {'a': '1 / b', 'b': '-(a / b) / b'}))
    """
    if name in COMPOSED:
        x = Value(0.5, "x")
        out: Any = COMPOSED[name](x)
        return formula_or_number(out), {"x": formula_or_number(gradient(out, [x], create_graph=True)[0])}
    try:
        return in_words(OPS[name])
    except Exception as error:  # a rule of somebody's own may refuse Values: its help says so instead of failing
        operands = sample(OPS[name])
        return formula_or_number(operands[0].apply(OPS[name], operands)), {"operands": f"none for Values: {error}"}


def help_text(op: Op) -> str:
    """What `help` says of an operation: what it is, its formula, its derivatives, its convention, and an example."""
    formula, slopes = value_and_slopes(op.name) if OPS.get(op.name) is op else (op.template, {})
    lines = [op.facts.about or op.name, "", f"    {formula}"]
    lines += [f"    d/d{name} = {slope}" for name, slope in slopes.items()]
    if op.facts.convention:
        lines += ["", f"Convention: {op.facts.convention}."]
    if op.defaults:
        names = op.operands[-len(op.defaults) :]
        lines += ["", f"Left out, {' and '.join(f'{name} is {number(x)}' for name, x in zip(names, op.defaults, strict=True))}."]
    within = [f"{x.label} in {number(low)} ... {number(high)}" for x, (low, high) in zip(sample(op), op.domain, strict=False)]
    lines += ["", f"Tests sample {', '.join(within)}.", "", *_example(op)]
    return "\n".join(lines)


def _example(op: Op) -> list[str]:
    """A doctest: the value at one point and the slope of the first operand that has one."""
    operands = sample(op)
    names = [str(x.label) for x in operands]
    call = f"[{names[0]}, {names[1]}], [{names[2]}, {names[3]}]" if op.name == "dot" else ", ".join(names)
    which = 1 if op.name == "polygamma" else 0
    spelled = f"mx.{op.name}" if op in vars(ops).values() else f"mx.OPS[{op.name!r}]"
    out = operands[0].apply(op, operands)
    (slope,) = gradient(out, [operands[which]])
    return [
        ">>> import microgradx as mx",
        f">>> {', '.join(names)} = {', '.join(f'mx.Value({exact(x.data)})' for x in operands)}",
        f">>> out = {spelled}({call})",
        ">>> out.backward()",
        f'>>> print(f"{{out:.6g}}, slope {{{names[which]}.grad:.6g}}")',
        f"{out.data:.6g}, slope {slope:.6g}",
    ]


def told_in_words(name: str) -> str:
    """The signature and the help of an operation, or of a function made of operations, by its name."""
    if name in OPS:
        return f"{OPS[name].written()}: {help_text(OPS[name])}"
    if name in COMPOSED:
        formula, slopes = value_and_slopes(name)
        return f"{name}(x): {COMPOSED[name].__doc__}\n\n    {formula}\n    d/dx = {slopes['x']}"
    hint = did_you_mean(name, [*OPS, *COMPOSED], "microgradx ops lists them all", 3, 0.5)
    raise ValueError(f"there is no operation {name!r}: {hint}")


def row(name: str) -> tuple[str, str, str, str]:
    """One operation as the cells of a table: how it is called, its value, its derivatives, its convention.

    >>> row("softplus")[:3]
    ('softplus(x)', 'log(1 + exp(x))', 'sigmoid(x)')
    """
    formula, slopes = value_and_slopes(name)
    call = OPS[name].written() if name in OPS else f"{name}(x)"
    facts = OPS[name].facts if name in OPS else None
    slope = next(iter(slopes.values())) if len(slopes) == 1 else "; ".join(f"d/d{x} = {s}" for x, s in slopes.items())
    about = facts.about if facts and formula.startswith(f"{name}(") else ""
    return call, about or formula, slope, facts.convention if facts else ""


def names_in_formula(room: ModuleType) -> list[str]:
    """The operations that a file of the table states, in its order, and functions made of them; not the inner ones."""
    before = [op for other in ROOMS[: ROOMS.index(room)] for op in vars(other).values()]
    here = [op for op in vars(room).values() if isinstance(op, Op) and op not in before and not op.facts.inner]
    return [op.name for op in here] + [name for name, function in COMPOSED.items() if function.__module__ == room.__name__]


def lines() -> list[str]:
    """The whole table for a terminal."""
    rows = [row(name) for room in ROOMS for name in names_in_formula(room)]
    cells = [[clip(cell, wide) for cell, wide in zip(cells, (28, 44, 60, 70), strict=True)] for cells in (HEADINGS, *rows)]
    return table(cells, "<<<<", (), None, "  ")


def markdown() -> str:
    """The reference as a file: a table for each room, in Markdown.

    It stands in `microgradx/OPERATIONS.md`, and `microgradx ops --markdown` writes it anew.
    """
    text = [
        "# Operations",
        "",
        "Written by `microgradx ops --markdown` from the statements in `microgradx/ops`: change those, not this file.",
        "Each is a function, `microgradx.tanh(x)`, of numbers, Values and arrays; those on a fixed number of operands are",
        "methods of a `Value` too, `x.tanh()`. `help(microgradx.tanh)` shows an example.",
    ]
    for room in ROOMS:
        rows = [HEADINGS, ("---",) * 4, *map(row, names_in_formula(room))]
        text += ["", f"## {(room.__doc__ or '').splitlines()[0].rstrip('.')}", ""]
        text += [f"| {' | '.join(_cell(cell, k) for k, cell in enumerate(cells))} |" for cells in rows]
    return "\n".join(text) + "\n"


def _cell(text: str, column: int) -> str:
    """A cell of a Markdown table: code as code, signs that mean something in Markdown made harmless elsewhere."""
    if column in (0, 2) and text not in (*HEADINGS, "---", ""):
        return f"`{text.replace('|', chr(92) + '|')}`"
    return re.sub(r"([|*])", r"\\\1", text)
