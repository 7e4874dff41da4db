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
from .signed import ATOM, LOOSEST, MADE_UP, SIGN, SIGNED, SUM, MadeUp, Signed


def made_up(node: Value, named: Mapping[Value, str], room: int = 24) -> MadeUp:
    """The expression that made a value, as its name: at most `room` columns, shortened in the middle.

    >>> x, w = Value(3.0), Value(2.0)
    >>> names: dict[Value, str] = {x: "x", w: "w"}
    >>> product = x * w
    >>> names[product] = made_up(product, names)
    >>> made_up(product + 1, names), made_up((product) ** 2, names)
    ('x*w + 1', '(x*w)**2')
    """
    op = node.op
    assert op is not None
    if op.arity is None and (rows := _rows(node, named)):
        return MadeUp(clip(rows, room))
    text, binds = _written(op, [number(x) if type(x) is float else named[x] for x in node.parents])
    return MADE_UP[binds](text if len(text) <= room and text.isascii() and text.isprintable() else clip(text, room))


def written_out(op: Op, operands: Sequence[str]) -> Signed:
    """An operation written with its operands' texts, in brackets where these need them.

    >>> from microgradx import OPS
    >>> written_out(OPS["multiply"], [written_out(OPS["add"], ["a", "-2"]), "b"])
    '(a + -2)*b'
    """
    text, binds = _written(op, operands)
    return SIGNED[binds](text)


def _written(op: Op, operands: Sequence[str]) -> tuple[str, int]:
    """The text of an operation, and how strongly it binds."""
    template, uses, binds = _pattern(op, len(operands))
    texts = []
    for place, needed in uses:
        text = operands[place]
        if (isinstance(text, Signed) and text.binds < needed) or (needed > SIGN and text[0] == "-"):
            text = f"({text})"
        texts.append(text)
    return template % tuple(texts), binds


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
def _pattern(op: Op, operands: int) -> tuple[str, tuple[tuple[int, int], ...], int]:
    """What an operation is written with in a name: a text with `%s` for each operand, their places and the precedence needed."""
    if operands > WRITTEN_OUT:
        return f"{op.name} of {operands:,}".replace("%", "%%"), (), ATOM
    tree = syntax(op, operands)
    pieces: Any = written_as(tree, tuple(map(float, range(operands))), (LOOSEST, binds_of(tree) != SUM), False)
    template = "".join(piece.replace("%", "%%") if isinstance(piece, str) else "%s" for piece in pieces)
    return template, tuple((int(piece[0]), piece[1]) for piece in pieces if not isinstance(piece, str)), binds_of(tree)
