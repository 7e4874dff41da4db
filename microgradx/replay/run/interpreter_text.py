"""The interpreter as LLVM code: a loop over the rows of any program, with a case for each operation.

A row is four integers: the number of its operation and up to three slots of operands. Of an operation on any number of operands
they are the slot of the first, where the list of the others begins, and how long it is; of an accumulation of products the slot
of what they are added to, and the same for the list of their factors.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator

from ...operation import OPS, Op
from ..tape.rows import PRIVATE, op_of
from .llvm_text import ADDED, FOLDS, WRITTEN_BY_HAND, Code, code, written_llvm

PYTHON = 0  # the number of rows that have no machine code

_HEAD = """define void @run(ptr %code, ptr %slots, ptr %many, i64 %first, i64 %count, ptr %python) nounwind {
entry:
  br label %head
head:
  %i = phi i64 [0, %entry], [%following, %next]
  %at = getelementptr [4 x i32], ptr %code, i64 %i
  %a.at = getelementptr i32, ptr %at, i64 1
  %b.at = getelementptr i32, ptr %at, i64 2
  %c.at = getelementptr i32, ptr %at, i64 3
  %op = load i32, ptr %at
  %a = load i32, ptr %a.at
  %b = load i32, ptr %b.at
  %c = load i32, ptr %c.at
  %x.at = getelementptr double, ptr %slots, i32 %a
  %x = load double, ptr %x.at"""
_TAIL = """  %row = add i64 %first, %i
  %to = getelementptr double, ptr %slots, i64 %row
  store double %result, ptr %to
  %following = add i64 %i, 1
  %done = icmp eq i64 %following, %count
  br i1 %done, label %end, label %head
end:
  ret void
}"""
_FOLD = """  br label %fold{0}
fold{0}:
  %t{0} = phi i32 [0, %case{0}], [%following{0}, %fold{0}]
  %total{0} = phi double [%x, %case{0}], [{1}, %fold{0}]
  %j{0} = add i32 %b, %t{0}"""
_LISTED = """  %{1}{0}.place = add i32 %j{0}, {2}
  %{1}{0}.listed = getelementptr i32, ptr %many, i32 %{1}{0}.place
  %{1}{0}.slot = load i32, ptr %{1}{0}.listed
  %{1}{0}.at = getelementptr double, ptr %slots, i32 %{1}{0}.slot
  %{1}{0} = load double, ptr %{1}{0}.at"""
_OPERAND = """  %{1}{0}.at = getelementptr double, ptr %slots, i32 %{2}
  %{1}{0} = load double, ptr %{1}{0}.at"""
_FOLDED = """  %following{0} = add i32 %t{0}, {1}
  %done{0} = icmp eq i32 %following{0}, %c
  br i1 %done{0}, label %next, label %fold{0}"""


@functools.cache
def known_operations() -> dict[str, tuple[int, Code]]:
    """The operations that the interpreter has code for, each with its number."""
    fixed = [op for op in [*OPS.values(), *PRIVATE.values()] if op.arity and (op in WRITTEN_BY_HAND or op.name in PRIVATE)]
    found = {op.name: written_llvm(op, op.arity or 0, exact=True) for op in fixed}
    found |= {name: code(f, 2) for name, f in FOLDS.items()} | {in_sum(name): code(f, 3) for name, f in ADDED.items()}
    return {name: (i, code) for i, (name, code) in enumerate(found.items(), PYTHON + 1) if code is not None}


def in_sum(product: str) -> str:
    """What the accumulation of such products is called among the operations."""
    return f"add {product}"


def operands_a_turn(name: str) -> int:
    """How many operands each turn of an operation reads from a list; 0 of one whose operands stand in its row."""
    return 1 if name in FOLDS else 2 if name in map(in_sum, ADDED) else 0


def has_code(op: Op) -> bool:
    """Whether the interpreter knows an operation; one of a user's own may have a name that it knows."""
    return op.name in known_operations() and (op in WRITTEN_BY_HAND or op is PRIVATE.get(op.name))


def module(numbers: Collection[int]) -> Iterator[str]:
    """The interpreter as LLVM code: a loop over the rows, and a case for each operation of these numbers."""
    cases = {number: (name, code) for name, (number, code) in known_operations().items() if number in numbers}
    yield _HEAD
    yield f"  switch i32 %op, label %case{PYTHON} ["
    yield from (f"    i32 {number}, label %case{number}" for number in cases)
    yield f"  ]\ncase{PYTHON}:\n  %result{PYTHON} = call double %python(i32 %b, i64 0)\n  br label %next"
    ends = [f"[%result{PYTHON}, %case{PYTHON}]"]
    for number, (name, text) in cases.items():
        yield f"case{number}:"
        turn = operands_a_turn(name)
        if turn:
            operands = [f"%total{number}", *[f"%{letter}{number}" for letter in "yz"[:turn]]]
            yield _FOLD.format(number, text.result.format(number, *operands))
            yield from (_LISTED.format(number, letter, place) for place, letter in enumerate("yz"[:turn]))
        else:
            places = [("y", "b"), ("z", "c")][: (op_of(name).arity or 0) - 1]
            operands = ["%x", *[f"%{letter}{number}" for letter, _ in places]]
            yield from (_OPERAND.format(number, *place) for place in places)
        yield text.lines.format(number, *operands)
        yield _FOLDED.format(number, turn) if turn else "  br label %next"
        ends.append(f"[{text.result.format(number, *operands)}, %{'fold' if turn else 'case'}{number}]")
    yield f"next:\n  %result = phi double {', '.join(ends)}"
    yield _TAIL
