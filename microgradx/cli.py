"""The command line: `microgradx COMMAND ...`, the same as `python -m microgradx`."""

from __future__ import annotations

import argparse
import importlib
import runpy
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .engine import Value
from .expression import parse

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 a finding such as a wrong derivative, 2 wrong usage."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (ValueError, TypeError, KeyError, AttributeError, ImportError, OSError, RuntimeError) as error:
        print(f"microgradx: {error}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; each `_add_...` states one of them."""
    top = argparse.ArgumentParser(prog="microgradx", description="A scalar autograd engine to step through, draw and test with.")
    top.add_argument("--version", action="version", version=f"microgradx {version('microgradx')}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (_add_demo, _add_draw, _add_check):
        add(commands)
    return top


def target(options: argparse.Namespace) -> Value:
    """The graph that a command is about: an expression with its name=number pairs, or `module:attribute`.

    An attribute that can be called is called without arguments; importing a module runs its code.
    """
    values = dict(map(_pair, options.values))
    module, colon, attribute = options.target.partition(":")
    if colon and all(part.isidentifier() for part in (*module.split("."), attribute)):
        sys.path.insert(0, str(Path.cwd()))
        found: Any = getattr(importlib.import_module(module), attribute)
        found = found() if callable(found) and not isinstance(found, Value) else found
        if not isinstance(found, Value):
            raise TypeError(f"{options.target} gave {found!r}, not a Value")
        return found
    return parse(options.target, values)


def add_target(command: argparse.ArgumentParser) -> None:
    """The arguments that `target` reads."""
    command.add_argument("target", metavar="TARGET", help="an expression such as '(a*b + c)*f', or module:attribute")
    command.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="the numbers of the expression's names")


def _pair(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    if not equals or not name.isidentifier():
        raise ValueError(f"{text!r} is not NAME=NUMBER: write for example a=2")
    try:
        return name, float(number)
    except ValueError:
        raise ValueError(f"{number!r} in {text!r} is not a number: write for example {name}=2") from None


def _add_demo(commands: Any) -> None:
    command = commands.add_parser("demo", help="train a small network on the two moons and draw one of its neurons")
    command.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    here = Path(__file__).parent
    folder = next(path for path in (here / "demos", here.parent / "demos") if path.is_dir())
    runpy.run_path(str(folder / "moons.py"), run_name="__main__")
    return 0


def _add_draw(commands: Any) -> None:
    command = commands.add_parser("draw", help="draw the gradient flow of an expression: microgradx draw 'a*b + c' a=2 b=-3 c=10")
    add_target(command)
    command.add_argument("-o", "--output", metavar="FILE", help="a .svg, .png, .pdf, .dot or .html file; text without")
    command.add_argument("--edges", default="local", help="what stands on a wire: local, chain or none")
    command.add_argument("--flow", default="forward", help="which way arrows point: forward or backward")
    command.add_argument("--theme", default="light", help="light, dark or auto")
    command.add_argument("--detail", default="auto", help="auto, full, values, neurons, layers or model")
    command.set_defaults(run=_draw)


def _draw(options: argparse.Namespace) -> int:
    from .view.draw import draw
    from .view.text import tree

    output = target(options)
    if output.grad is None:
        output.backward()
    if options.output is None:
        print(tree(output))
        return 0
    drawing = draw(output, edges=options.edges, flow=options.flow, theme=options.theme, detail=options.detail)
    print(f"{drawing.save(options.output)}: {drawing.summary}")
    return 0


def _add_check(commands: Any) -> None:
    command = commands.add_parser("check", help="check the derivatives of an expression or a function; exit 1 if one is wrong")
    add_target(command)
    command.add_argument("--grad", metavar="MODULE:FUNCTION", help="judge this function's result instead of backward()")
    command.add_argument("--rtol", type=float, default=1e-6, help="the relative error to catch (1e-6)")
    command.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: the second derivatives too")
    command.add_argument("--samples", type=int, default=0, help="so many random points besides the given one")
    command.add_argument("--json", action="store_true", help="print the report as JSON")
    command.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    from .testing.command import checked

    report = checked(options.target, dict(map(_pair, options.values)), options.grad, options.rtol, options.order, options.samples)
    print(report.to_json() if options.json else report)
    return 0 if report.ok else 1
