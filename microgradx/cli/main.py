"""The commands put together, and what every one of them does alike: near words, exit statuses, closed pipes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from .. import __version__
from ..module_attribute import importing_from_here
from .completion import add_completion
from .failures import said_of
from .judging import add_audit, add_check, add_grade
from .looking import add_draw, add_explain, add_layers, add_step, add_why
from .playing import add_play
from .reading import add_bench, add_demo, add_ops
from .verbs import Parser, near_options

EXAMPLES = """examples, one for each command:
  microgradx step "(a*b + c)*f" a=2 b=-3 c=10 f=-2
  microgradx play
  microgradx explain "L = (a*b + c)*f" a=2 b=-3 c=10 f=-2 --wrt a
  microgradx why "relu(a) * b" a=-1 b=2
  microgradx layers my_network.py:loss
  microgradx draw "(a*b + c)*f" a=2 b=-3 c=10 f=-2 -o flow.svg
  microgradx check "x**2 * sin(x)" x=3
  microgradx audit numpy.polynomial
  microgradx grade own_engine.py:Value
  microgradx ops tanh
  microgradx bench moons
  microgradx demo neuron
  microgradx completion bash

exit status: 0 done, 1 a finding such as a wrong derivative, 2 not done, and why is said"""

VERBS = (
    *(add_step, add_play, add_explain, add_why, add_layers, add_draw, add_check, add_audit, add_grade),
    *(add_ops, add_bench, add_demo, add_completion),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 a finding such as a wrong derivative, 2 not done."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    commands = parser()
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    if not words:
        commands.print_help()
        return 0
    options, late = commands.parse_known_args(words)
    if late and not (hasattr(options, "values") and all("=" in word and word[0] != "-" for word in late)):
        options.parser.error(f"unrecognized arguments: {' '.join(late)}{near_options(options.parser, late)}")
    if late:
        options.values += late  # pairs after an option: argparse closes the list at the first option
    try:
        with importing_from_here():
            status = int(options.run(options))
            sys.stdout.flush()
            return status
    except BrokenPipeError:  # whoever reads has seen enough, as `head` has; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130  # as a shell counts: 128 and the number of the signal
    except (Exception, SystemExit) as error:  # the code of a target may raise or leave as it likes
        print(said_of(error, f"microgradx {words[0]}"), file=sys.stderr)
        return 2


def parser() -> Parser:
    """The parser of all commands; each `add_...` states one of them."""
    top = Parser(
        prog="microgradx",
        description="A scalar autograd engine to step through, draw and test with.",
        epilog=EXAMPLES,
    )
    top.add_argument("-V", "--version", action="version", version=f"microgradx {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    for add in VERBS:
        add(commands)
    return top
