"""The name of a value that nobody named: the expression that made it, shortened in the middle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ...engine import Value
from ...operation import Op
from ...tables import clip
from .displayed import Displayed
from .notation import binds_of, number, syntax, written_as
from .signed import ATOM, LOOSEST, SIGN, SUM, MadeUp, Signed


def made_up(node: Value, named: Mapping[Value, str], room: int = 24) -> MadeUp:
    """The expression that made a value, as its name: at most `room` columns, shortened in the middle.

    >>> x, w = Value(3.0), Value(2.0)
    >>> names: dict[Value, str] = {x: "x", w: "w"}
    >>> product = x * w
    >>> names[product] = made_up(product, names)
    >>> made_up(product + 1, names), made_up((product) ** 2, names)
    ('x*w + 1', '(x*w)**2')
    """
    assert node.op is not None
    if rows := _rows(node, named):
        return MadeUp(clip(rows, room), ATOM)
    made = written_out(node.op, [named[x] if isinstance(x, Value) else number(x) for x in node.parents])
    text = str(made)
    if not (text.isascii() and text.isprintable()):
        text = clip(text, room)
    elif len(text) > room:  # as `clip` has it, in a third of the time
        text = f"{text[: (room - 3) // 2]}...{text[-(room - 2) // 2 :]}"
    return MadeUp(text, made.binds)


def written_out(op: Op, operands: Sequence[str]) -> Signed:
    """An operation written with its operands' texts, in brackets where these need them.

    >>> from microgradx import OPS
    >>> written_out(OPS["multiply"], [written_out(OPS["add"], ["a", "-2"]), "b"])
    '(a + -2)*b'
    """
    pieces, binds = _pattern(op, len(operands))
    if not pieces:
        return Signed(f"{op.name} of {len(operands):,}")
    texts = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        name, needed = operands[piece[0]], piece[1]
        if isinstance(name, Signed):
            name = name.within(needed)
        texts.append(f"({name})" if name[0] == "-" and needed > SIGN else name)
    return Signed("".join(texts), binds)


def _rows(node: Value, named: Mapping[Value, str]) -> str:
    """An operation on lists, written with the names of those that have one: `dot(W[2], x)`; nothing where none has."""
    op, operands = node.op, node.parents
    if op is None or op.arity is not None or not isinstance(named, Displayed):
        return ""
    half = len(operands) // 2 if op.name == "dot" else len(operands)
    lists = [some for some in (operands[:half], operands[half:]) if some]
    rows = [named.row(some) for some in lists]
    texts = [row or _listed(some, named) for row, some in zip(rows, lists, strict=True)]
    return f"{op.name}({', '.join(texts)})" if any(rows) else ""


def _listed(operands: Sequence[Value | float], named: Mapping[Value, str]) -> str:
    if len(operands) > WRITTEN_OUT:
        return f"{len(operands):,} more"
    return f"[{', '.join(named[x] if isinstance(x, Value) else number(x) for x in operands)}]"


WRITTEN_OUT = 6
"""An operation on more operands is not written out in a name."""


@lru_cache(maxsize=512)
def _pattern(op: Op, operands: int) -> tuple[tuple[str | tuple[int, int], ...], int]:
    """What an operation is written with in a name: text, and for operands their place and the precedence that they need."""
    if operands > WRITTEN_OUT:
        return (), ATOM
    tree = syntax(op, operands)
    pieces: Any = written_as(tree, tuple(map(float, range(operands))), (LOOSEST, binds_of(tree) != SUM), False)
    return tuple([piece if isinstance(piece, str) else (int(piece[0]), piece[1]) for piece in pieces]), binds_of(tree)
