"""What a command is about: an expression with its numbers, or an attribute of a module."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..engine import Value
from ..expression import names_in, parse
from ..module_attribute import imported, module_named, names_attribute
from ..nearest import nearest
from ..order import topological_order
from ..testing.command import arguments
from ..view.drawing.subject import joined, outputs_of, values_in

_READABLE = 32
"""A computed value is called by its expression if that is no longer than so many characters."""


def add_target(command: argparse.ArgumentParser) -> None:
    """The arguments that `target` reads."""
    command.add_argument("target", metavar="TARGET", help="an expression such as '(a*b + c)*f', or file.py:name")
    command.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="a number for each name, if there are any")


def target(options: argparse.Namespace) -> Value:
    """The graph that a command is about: an expression with its name=number pairs, or `module:attribute`.

    A function is called with the numbers given for its parameters, a model with ones; importing a module runs its code.
    """
    return named_target(options)[0]


def named_target(options: argparse.Namespace) -> tuple[Value, dict[str, Any]]:
    """`target`, and what names its values besides their labels: the variables of the module, or the parts of the expression."""
    outputs, names = outputs_and_names(options)
    return joined(outputs), names


def outputs_and_names(options: argparse.Namespace) -> tuple[list[Value], dict[str, Any]]:
    """The same with each output for itself, where a function or a model gives several."""
    text = options.target
    for word in options.values:
        if hasattr(options, "wrt") and word.isidentifier():
            raise ValueError(f"{word!r} is not NAME=NUMBER: write --wrt {word} to ask about its gradient")
    if not names_attribute(text):
        out = parse(text, numbers_of_expression(text, options.values))
        return [out], parts_by_expression(out)
    found = imported(text)
    result: object = found
    if callable(getattr(found, "named_parameters", None)):
        result = outputs_of(found, ())
        told = f"{text} is called with ones, as a model is here: name its output or loss for other inputs"
        print(f"microgradx: {told}", file=sys.stderr)
    elif callable(found) and not isinstance(found, Value):
        result = _given_by(text, found, pairs(options.values))
    elif options.values:
        raise ValueError(f"{' '.join(options.values)} belongs to an expression, {text} has its numbers already")
    outputs = values_in(result)
    if not outputs:
        raise TypeError(f"{text} gave {result!r}, not a Value")
    place, _, attribute = text.rpartition(":")
    names = {name: thing for name, thing in vars(module_named(place)).items() if name[0] != "_"}
    return outputs, {attribute: found, **names}  # what was typed is the first name of what it holds


def _given_by(text: str, f: Callable[..., Any], numbers: dict[str, float]) -> object:
    """What a function gives for the numbers of its parameters, or without any if it can be called so."""
    if not numbers:
        try:
            inspect.signature(f).bind()
        except TypeError:
            pass  # it needs arguments: which, is told below
        except ValueError:
            return f()
        else:
            return f()
    return outputs_of(f, arguments(text, f, numbers), "stepper")


def parts_by_expression(out: Value) -> dict[str, Value]:
    """The computed values that a result is made of, each called by the expression that made it.

    >>> list(parts_by_expression(parse("(a*b + c)*f", {"a": 2.0, "b": -3.0, "c": 10.0, "f": -2.0})))
    ['(a*b)', '(a*b + c)']
    """
    from ..view.words.names import name_nodes
    from ..view.words.notation import expression

    order = topological_order(out)
    named = name_nodes(order)
    parts: dict[str, Value] = {}
    for node in order[:-1]:
        if node.op is not None and node.label is None:
            text = expression(node, (), named, latex=False)
            if not text.startswith(f"{node.op.name}("):  # else it stands for one thing wherever it is written
                text = f"({text.replace(' * ', '*').replace(' / ', '/')})"
            if len(text) <= _READABLE:
                parts.setdefault(text, node)
    return parts


def numbers_of_expression(text: str, words: Sequence[str]) -> dict[str, float]:
    """The numbers by name; one that the expression does not use is refused, as it was meant for something."""
    values = pairs(words)
    used = names_in(text)
    for name, number in values.items():
        if name not in used:
            near = nearest(name, sorted(used), alike=0.5)
            hint = f", did you mean {near[0]}={number:g}?" if near else f": leave {name}={number:g} out"
            raise ValueError(f"{name}={number:g} is not used, {text!r} has no {name}{hint}")
    return values


def pairs(texts: Sequence[str]) -> dict[str, float]:
    """The numbers by name; a name that is given twice would have one of them forgotten."""
    values: dict[str, float] = {}
    for name, number in map(_pair, texts):
        if name in values:
            raise ValueError(f"{name} is given twice, as {values[name]:g} and as {number:g}: write it once")
        values[name] = number
    return values


def pairs_with_arrays(texts: Sequence[str]) -> dict[str, float | list[float]]:
    """The same, where several numbers with commas between them are an array.

    >>> pairs_with_arrays(["x=1,2", "y=3"])
    {'x': [1.0, 2.0], 'y': 3.0}
    """
    found: dict[str, float | list[float]] = {}
    for text in texts:
        name, equals, numbers = text.partition("=")
        several = [_pair(f"{name}{equals}{number.strip()}")[1] for number in numbers.strip("[]").split(",")]
        if name in found:
            raise ValueError(f"{name} is given twice: write it once")
        found[name] = several if len(several) > 1 or numbers.startswith("[") else several[0]
    return found


def _pair(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    if not equals or not name.isidentifier():
        raise ValueError(f"{text!r} is not NAME=NUMBER: write for example a=2")
    try:
        return name, float(number)
    except ValueError:
        raise ValueError(f"{number!r} in {text!r} is not a number: write for example {name}=2") from None


def wanted(options: argparse.Namespace, out: Value) -> list[str]:
    """The names of the values that `--wrt` asks about: the one given, else every named input."""
    if options.wrt:
        return [options.wrt]
    leaves = [node.label for node in topological_order(out) if node.op is None and node.label]
    if not leaves:
        raise ValueError(f"{options.target} has no named input: write --wrt NAME for the value that is asked about")
    return leaves
