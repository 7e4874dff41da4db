"""Graphs from text such as "(a*b + c)*f", parsed from a whitelist of Python's syntax and never evaluated as code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from . import ops
from .engine import Value
from .nearest import nearest
from .operand import number as plain_number
from .operation import OPS
from .operators import spellings
from .statement import COMPOSED

_BINARY: dict[type[ast.operator], Any] = {
    ast.Add: ops.add,
    ast.Sub: ops.subtract,
    ast.Mult: ops.multiply,
    ast.Div: ops.divide,
    ast.Pow: ops.power,
    ast.FloorDiv: ops.floor_divide,
    ast.Mod: ops.remainder,
}
_UNARY: dict[type[ast.unaryop], Any] = {ast.USub: ops.negative, ast.UAdd: ops.positive}
_CONSTANTS = {"pi": 3.141592653589793, "e": 2.718281828459045, "inf": float("inf"), "nan": float("nan")}


def parse(text: str, values: Mapping[str, float | Value]) -> Value:
    """The graph of an expression in named numbers, each name a labelled leaf.

    >>> L = parse("(a*b + c)*f", {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0})
    >>> L.data, [x.label for x in L.parents]
    (-8.0, [None, 'f'])

    Allowed are numbers, names, + - * / // % **, brackets and calls of the table's functions by name, lists as their arguments and
    items of what they give, as in `softmax([a, b])[0]`; `name = expression` gives the result that label. A Value given for a name
    is used as it is. Raises ValueError that shows what is not understood, and lists near names.
    """
    label, expression = _parsed(text)
    leaves = {name: data if isinstance(data, Value) else Value(data, name) for name, data in values.items()}
    result = _graph(expression, leaves, text)
    if isinstance(result, list):
        raise ValueError(f"{_clipped(text)} is a list of {len(result)}, not one number: write which, as in softmax([a, b])[0]")
    if not isinstance(result, Value):
        result = Value(result)
    if label:
        result.label = label
    return result


def names_in(text: str) -> set[str]:
    """The names in an expression that may stand for numbers: all but those of functions.

    >>> sorted(names_in("y = tanh(a*b) + pi"))
    ['a', 'b', 'pi']
    """
    _, expression = _parsed(text)
    functions = {id(call.func) for call in ast.walk(expression) if isinstance(call, ast.Call)}
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name) and id(node) not in functions}


def _parsed(text: str) -> tuple[str | None, ast.expr]:
    try:
        statements = ast.parse(text.strip()).body
    except (RecursionError, MemoryError):
        raise ValueError(f"{_clipped(text)} is nested more deeply than Python's parser goes: build it as a graph") from None
    except (SyntaxError, ValueError) as error:
        joined = re.search(r"(?<![\w.])(\d+\.?\d*)\s*([a-df-zA-Z_(]\w*)", text)
        hint = f": write {joined[1]}*{joined[2]} for {joined[0]}" if joined else ""
        raise ValueError(f"{_clipped(text)} is not an expression: {getattr(error, 'msg', error)}{hint}") from None
    match statements:
        case [ast.Expr(value=expression)]:
            return None, expression
        case [ast.Assign(targets=[ast.Name(id=name)], value=expression)]:
            return name, expression
    raise ValueError(f"{_clipped(text)} is not one expression: write for example '(a*b + c)*f'")


def _graph(root: ast.expr, leaves: Mapping[str, Value], text: str) -> Any:
    """The graph of one syntax tree, by a loop with a stack of results."""
    results: list[Any] = []
    pending: list[tuple[ast.expr, Callable[[], Any] | None]] = [(root, None)]
    while pending:
        node, finish = pending.pop()
        if finish is not None:
            results.append(finish())
            continue
        function, operands = _application(node, leaves, text)
        if function is None:
            results.append(operands)
            continue

        def apply(function: Any = function, count: int = len(operands)) -> Any:
            arguments = results[len(results) - count :]
            del results[len(results) - count :]
            return function(*arguments)

        pending.append((node, apply))
        pending.extend((operand, None) for operand in reversed(operands))
    return results.pop()


def _application(node: ast.expr, leaves: Mapping[str, Value], text: str) -> tuple[Any, Any]:
    """(function, operand trees) of an operation, or (None, value) of a name or number."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return None, plain_number(number)
        case ast.Name(id=name):
            if name in leaves:
                return None, leaves[name]
            if name in _CONSTANTS:
                return None, _CONSTANTS[name]
            raise ValueError(f"{name!r} has no value: write {name}=1.0 after the expression{_near(name, leaves)}")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)], [left, right]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)], [operand]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return _function(name), args
        case ast.List(elts=items):
            return lambda *found: list(found), items
        case ast.Subscript(value=several, slice=ast.Constant(value=int() as place)):
            return lambda found: _item(found, place), [several]
    shown = ast.get_source_segment(text.strip(), node) or type(node).__name__
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Constant):
        raise ValueError(f"{_clipped(shown)} calls a number: write {shown.replace('(', '*(', 1)}")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
        raise ValueError(f"{_clipped(shown)} is not a power in Python: write {shown.replace('^', '**')}")
    raise ValueError(
        f"{_clipped(shown)} is not allowed in an expression: "
        "use numbers, names, + - * / // % ** and functions such as tanh(x)"
    )


def _item(several: Any, place: int) -> Any:
    if not isinstance(several, list) or not place < len(several):
        raise ValueError(f"there is no item {place} in {several!r}: items are counted from 0, as in softmax([a, b])[1]")
    return several[place]


def _function(name: str) -> Any:
    methods = {spelled: op for spelled, (op, _) in spellings().items() if not spelled.startswith("_")}  # abs, pow, arcsin, ...
    known: dict[str, Any] = {**OPS, **COMPOSED, **methods, "softmax": ops.softmax, "log_softmax": ops.log_softmax}
    if name not in known:
        raise ValueError(f"there is no function {name!r}{_near(name, known) or ': ' + ', '.join(known)}")
    return known[name]


def _clipped(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:40]}...{text[-15:]}")


def _near(name: str, known: Mapping[str, Any]) -> str:
    near = nearest(name, known, 3, 0.5)
    return f"; near names: {', '.join(near)}" if near else ""
