"""Array instructions on a few numbers as Python: a numpy call on one number takes as long as four operations on floats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..regroup.instructions import Instruction
from ..tape.rows import code_of, op_of

FEW_NUMBERS = 4
_INFIX = {"add", "subtract", "multiply", "negative"}  # which give infinity and nan as numpy does; a division by zero raises


def is_small(step: Instruction) -> bool:
    """Whether an instruction computes so few numbers, each of them from one number of each operand."""
    return step.name not in ("matmul", "reduce") and math.prod(step.write.shape) <= FEW_NUMBERS


def in_runs(steps: Iterable[Instruction]) -> Iterator[tuple[bool, list[Instruction]]]:
    """The instructions in order, those on a few numbers that follow each other together."""
    for small, run in itertools.groupby(steps, is_small):
        yield small, list(run)


def as_python(steps: Sequence[Instruction], spaces: dict[str, Any]) -> Callable[[], None]:
    """Instructions on a few numbers of these buffers as one function."""
    names: dict[str, Any] = {}
    lines = ["def run():"]
    known: dict[tuple[str, int], str] = {}  # numbers that are variables already
    for step in steps:
        writes = [(step.write.space, place) for place in step.write.places().ravel().tolist()]
        if step.index is not None:
            reads = [[("slots", place)] for place in step.index.tolist()]
        else:
            columns = [[(view.space, place) for place in view.places().ravel().tolist()] for view in step.reads]
            reads = [list(operands) for operands in zip(*columns, strict=True)]
        for operands, to in zip(reads, writes, strict=True):
            texts = [known.get(x) or f"{x[0]}[{x[1]}]" for x in operands]
            known[to] = f"x{len(lines)}"
            lines.append(f"    {known[to]} = {to[0]}[{to[1]}] = {spelled_out(step, texts, names)}")
    used = {space for space, _ in known} | {"slots"} | {view.space for step in steps for view in step.reads}
    names |= {space: memoryview(spaces[space]) for space in used}
    exec("\n".join(lines), names)
    run: Callable[[], None] = names["run"]
    return run


def spelled_out(step: Instruction, operands: list[str], names: dict[str, Any]) -> str:
    """One operation; a function that it calls joins `names`."""
    if step.index is not None:
        return operands[0]
    op = op_of(step.name)
    if op.name in _INFIX:
        return op.template.format(*operands)
    called = f"f{code_of(op)}"
    names[called] = op.forward
    return f"{called}({', '.join(operands)})"
