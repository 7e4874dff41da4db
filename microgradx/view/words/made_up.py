"""The name of a value that nobody named: the expression that made it, shortened in the middle."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ...engine import Value
from ...operation import Op
from ...tables import clip
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
    pieces, binds = _pattern(node.op, len(node.parents))
    if not pieces:
        return MadeUp(f"{node.op.name} of {len(node.parents):,}")
    operands = node.parents
    texts = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        operand, needed = operands[piece[0]], piece[1]
        name = named[operand] if isinstance(operand, Value) else number(operand)
        if isinstance(name, Signed):
            name = name.within(needed)
        texts.append(f"({name})" if name[0] == "-" and needed > SIGN else name)
    text = "".join(texts)
    if not (text.isascii() and text.isprintable()):
        text = clip(text, room)
    elif len(text) > room:  # as `clip` has it, in a third of the time
        text = f"{text[: (room - 3) // 2]}...{text[-(room - 2) // 2 :]}"
    return MadeUp(text, binds)


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
