"""How numbers and operations are written: four digits, the fewest brackets, LaTeX."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Container, Mapping
from contextlib import suppress
from functools import lru_cache

from ...engine import Value
from ...operation import Op
from ...tables import printable
from .signed import ATOM, LOOSEST, POWER, PRODUCT, SIGN, SUM, Signed, unnamed

Piece = str | tuple[Value | float, int, bool]
"""Text that is done, or an operand still to be written: (operand, precedence it needs, whether without spaces)."""

INFIX: dict[type[ast.operator], tuple[str, int, int, int]] = {
    ast.Add: ("+", SUM, SUM, PRODUCT),  # sign, own precedence, what the left and the right operand need
    ast.Sub: ("-", SUM, SUM, PRODUCT),
    ast.Mult: ("*", PRODUCT, PRODUCT, SIGN),
    ast.Div: ("/", PRODUCT, PRODUCT, SIGN),
    ast.FloorDiv: ("//", PRODUCT, PRODUCT, SIGN),
    ast.Mod: ("%", PRODUCT, PRODUCT, SIGN),
    ast.Pow: ("**", POWER, ATOM, SIGN),
}
SPOKEN = {
    "product_or_zero": "{} * {}",
    "softmax_share": "softmax([{}])[0]",
    "log_softmax_share": "log_softmax([{}])[0]",
}
"""How operations that rules and reductions are made of are written: in the words of who wrote the function."""
BRACKETS = (("(", ")"), ("\\left(", "\\right)"))
LATEX_SIGNS = {"*": "\\cdot", "%": "\\bmod", "//": "\\mathbin{//}"}
LATEX_FUNCTIONS = frozenset(["sin", "cos", "tan", "sinh", "cosh", "tanh", "log", "exp", "max", "min"])


def number(x: float, digits: int = 4) -> str:
    """`x` in four significant digits, as every display writes it, or in as many as asked for.

    >>> [number(x) for x in (2.0, -4.20113, 0.000123456, 12345.678, -0.0, math.inf)]
    ['2', '-4.201', '1.235e-4', '1.235e4', '0', 'inf']
    >>> number(2 / 3, 9)
    '0.666666667'
    """
    if x == 0.0:
        return "0"
    if not math.isfinite(x):
        return str(x)
    short = f"{x:.{digits}g}"
    if 1e-3 <= abs(float(short)) < 10.0 ** max(digits, 4):
        return f"{float(short):.0f}" if "e" in short else short
    mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def exact(x: float) -> str:
    """The shortest text that reads back as `x`, whole numbers without their `.0`.

    >>> exact(2.0), exact(0.1), exact(-3.0)
    ('2', '0.1', '-3')
    """
    return repr(x).removesuffix(".0")


def operation(node: Value, named: Mapping[Value, str]) -> str:
    """One operation with its operands' names: `d = e + c` is written `e + c`.

    >>> x = Value(3.0, label="x")
    >>> operation(2 * x, {x: "x"})
    '2 * x'
    """
    texts: list[str] = []
    for piece in _pieces(node, False, False):
        text = piece if isinstance(piece, str) else _atom(piece[0], named, piece[1], False)
        bare = isinstance(piece, str) or text[0] != "-" or (piece[1] <= SIGN and not "".join(texts).endswith("-"))
        texts.append(text if bare else f"({text})")
    return "".join(texts)


def equation(node: Value, named: Mapping[Value, str]) -> str:
    """`name = operation`, or the operation alone where nobody named what it gives."""
    made = operation(node, named)
    return made if unnamed(named[node]) else f"{named[node]} = {made}"


def expression(top: Value, ends: Container[Value], named: Mapping[Value, str], latex: bool) -> str:
    """`name = expression` for `top`, written down to leaves and to `ends`, with a stack and no recursion."""
    written: list[str] = []
    if not unnamed(named[top]):
        written.append(f"{_name(named[top], latex)} = ")
    todo: list[Piece] = [(top, LOOSEST, False)]
    while todo:
        piece = todo.pop()
        if isinstance(piece, str):
            written.append(piece)
            continue
        node, needed, tight = piece
        if not isinstance(node, Value) or not node.op or (node in ends and node is not top):
            text = exact(top.data) if node is top else _atom(node, named, needed, latex)
            written.append("".join((BRACKETS[latex][0], text, BRACKETS[latex][1])) if text[0] == "-" and needed > SIGN else text)
        elif _precedence(node) < needed:
            opening, closing = BRACKETS[latex]
            todo += [closing, *reversed(_pieces(node, False, latex)), opening]
        else:
            todo += reversed(_pieces(node, tight, latex))
    return "".join(written)


@lru_cache(maxsize=512)
def syntax(op: Op, operands: int) -> ast.expr:
    """How an operation is written as a syntax tree in which operand k is the name `_k`.

    >>> from microgradx import OPS
    >>> ast.unparse(syntax(OPS["divide"], 2)), ast.unparse(syntax(OPS["sum"], 3)), ast.unparse(syntax(OPS["dot"], 4))
    ('_0 / _1', 'sum(_0, _1, _2)', 'dot([_0, _1], [_2, _3])')

    A template that is not Python, or is more of it than signs, calls, lists, numbers and every operand, is
    written as a call by name.
    """
    places = [f"_{place}" for place in range(operands)]
    half = operands // 2
    fill = places
    if op.name == "dot":
        fill = [f"[{', '.join(places[:half])}], [{', '.join(places[half:])}]"]
    elif op.arity is None:
        fill = [", ".join(places)]
    with suppress(SyntaxError, IndexError, KeyError, ValueError, AttributeError):
        written = ast.parse(SPOKEN.get(op.name, op.template).format(*fill), mode="eval").body
        if _writable(written) and {part.id for part in ast.walk(written) if isinstance(part, ast.Name)} >= set(places):
            return written
    return ast.Call(ast.Name(op.name), [ast.Name(place) for place in places], [])


def _writable(tree: ast.expr) -> bool:
    """Whether `_written` knows every part of a template: others it would drop, or leave with an operand unfilled."""
    match tree:
        case ast.Name(id=name):
            return name[1:].isdigit()
        case ast.Constant():
            return True
        case ast.BinOp(left=left, op=sign, right=right):
            return type(sign) in INFIX and _writable(left) and _writable(right)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _writable(operand)
        case ast.Call(func=ast.Name(), args=parts, keywords=[]) | ast.List(elts=parts):
            return all(map(_writable, parts))
        case ast.Subscript(value=several, slice=ast.Constant(value=int())):
            return _writable(several)
    return False


def _pieces(node: Value, tight: bool, latex: bool) -> list[Piece]:
    """One operation as pieces: its signs as text, its operands still to be written."""
    assert node.op is not None
    return written_as(syntax(node.op, len(node.parents)), node.parents, (LOOSEST, tight), latex)


def written_as(tree: ast.expr, operands: tuple[Value | float, ...], around: tuple[int, bool], latex: bool) -> list[Piece]:
    """A template's tree as pieces; the recursion is as deep as the template, not as the graph."""
    needed, tight = around
    match tree:
        case ast.Name(id=name) if name[1:].isdigit():
            return [(operands[int(name[1:])], needed, tight)]
        case ast.BinOp(left=left, op=sign, right=right):
            pieces = _infix(INFIX[type(sign)], (left, right), operands, tight, latex)
        case ast.UnaryOp(op=sign, operand=operand):
            pieces = ["-" if isinstance(sign, ast.USub) else "+", *written_as(operand, operands, (SIGN, True), latex)]
        case ast.Call(func=ast.Name(id=name), args=args):
            pieces = _call(name, [written_as(arg, operands, (LOOSEST, False), latex) for arg in args], latex)
        case ast.Subscript(value=several, slice=ast.Constant(value=int(place))):
            pieces = [*written_as(several, operands, (ATOM, False), latex), f"[{place}]"]
        case ast.List(elts=items):
            listed = [written_as(item, operands, (LOOSEST, False), latex) for item in items]
            pieces = _call("[", listed, latex)
        case _:
            pieces = [ast.unparse(tree)]
    opening, closing = BRACKETS[latex]
    return [opening, *pieces, closing] if binds_of(tree) < needed else pieces


def _infix(
    how: tuple[str, int, int, int],
    sides: tuple[ast.expr, ast.expr],
    operands: tuple[Value | float, ...],
    tight: bool,
    latex: bool,
) -> list[Piece]:
    """`left sign right`; inside a looser sign it goes without spaces, as in `a*b + c`."""
    sign, own, left, right = how
    if latex and sign == "/":
        over, under = (written_as(side, operands, (LOOSEST, False), latex) for side in sides)
        return ["\\frac{", *over, "}{", *under, "}"]
    if latex and sign == "**":
        return [
            *written_as(sides[0], operands, (ATOM, True), latex),
            "^{",
            *written_as(sides[1], operands, (LOOSEST, True), latex),
            "}",
        ]
    if latex and right == SIGN:
        right = POWER  # two signs in a row are Python, not mathematics
    tight = tight or sign == "**"
    first, second = (
        written_as(side, operands, (need, tight or _inner(side, operands, own)), latex)
        for side, need in zip(sides, (left, right), strict=True)
    )
    text = LATEX_SIGNS.get(sign, sign) if latex else sign
    return [*first, text if tight and not latex else f" {text} ", *second]


def _inner(side: ast.expr, operands: tuple[Value | float, ...], outside: int) -> bool:
    """Whether an operand of an infix sign is itself an operation that binds more strongly."""
    if isinstance(side, ast.Name):
        operand = operands[int(side.id[1:])]
        return isinstance(operand, Value) and operand.op is not None and _precedence(operand) > outside
    return binds_of(side) > outside


def _call(function: str, arguments: list[list[Piece]], latex: bool) -> list[Piece]:
    """A function call as pieces; `[` is a plain list."""
    opening, closing = f"{function}(", ")"
    if function == "[":
        opening, closing = ("\\left[", "\\right]") if latex else ("[", "]")
    elif latex:
        opening, closing = f"\\operatorname{{{_escaped(function)}}}\\left(", "\\right)"
        if function in LATEX_FUNCTIONS:
            opening = f"\\{function}\\left("
        elif function in ("sqrt", "abs"):
            opening, closing = {"sqrt": ("\\sqrt{", "}"), "abs": ("\\left|", "\\right|")}[function]
    written: list[Piece] = [opening]
    for place, argument in enumerate(arguments):
        written += [", ", *argument] if place else argument
    return [*written, closing]


def _precedence(node: Value) -> int:
    assert node.op is not None
    return binds_of(syntax(node.op, len(node.parents)))


def binds_of(tree: ast.expr) -> int:
    """How strongly the outermost sign of a template binds."""
    if isinstance(tree, ast.BinOp):
        return INFIX[type(tree.op)][1]
    return SIGN if isinstance(tree, ast.UnaryOp) else ATOM


def _atom(node: Value | float, named: Mapping[Value, str], needed: int, latex: bool) -> str:
    """A name or a number; an input nobody named is written as its number."""
    if not isinstance(node, Value):
        return exact(node)
    name = named[node]
    if node.op is None and unnamed(name):
        return exact(node.data)
    return _name(name.within(needed) if isinstance(name, Signed) else name, latex)


def _name(name: str, latex: bool) -> str:
    """A name as it stands, or for LaTeX with its index lowered and its special signs made harmless."""
    if not latex:
        return printable(name)
    if parts := re.fullmatch(r"([A-Za-z])_?(\d*)", name):
        return f"{parts[1]}_{{{parts[2]}}}" if parts[2] else name
    return f"\\mathrm{{{_escaped(name)}}}"


def _escaped(text: str) -> str:
    return re.sub(r"[\\{}$&#^_%~]", lambda m: "\\" + m[0] if m[0] in "{}$&#_%" else "\\ ", text)
