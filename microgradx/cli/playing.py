"""The command that opens a page to play on: an expression, one of the ready graphs, or a training."""

from __future__ import annotations

import argparse
import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import Any

from .looking import PAGES, write_page_file
from .output import add_output, add_theme, destination
from .targets import target
from .verbs import verb


def add_play(commands: Any) -> None:
    """`microgradx play`."""
    purpose = "open a page on which every number can be changed; without TARGET three ready graphs"
    command = verb(commands, "play", purpose, ("", "lecture", '"a*b + c" a=2 b=-3 c=10', "moons -o moons.html"), _play)
    ready = "an expression, module:attribute, one of lecture, neuron, network, or training on moons, circles, spirals, starts"
    command.add_argument("target", metavar="TARGET", nargs="?", help=ready)
    command.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="the numbers of the expression's names")
    add_output(command, "write the page there, a .html file, and do not open it")
    add_theme(command, "auto")
    command.set_defaults(open=False)


def _play(options: argparse.Namespace) -> int:
    from ..view.stepping.ready_graphs import READY
    from ..view.stepping.recorded import How
    from ..view.stepping.stepper import stepper_on

    if (options.target or "").isidentifier() and options.target not in READY and not options.values:
        return _play_training(options)
    names = [options.target] if options.target else list(READY)
    outputs = [READY[name]() if name in READY else target(options) for name in names]
    if options.output:
        return write_page_file(stepper_on(outputs[0], How(), {}, {}), options)
    folder = Path(tempfile.mkdtemp(prefix="microgradx-"))
    for name, output in zip(names, outputs, strict=True):
        file = folder / (f"{name}.html" if name in READY else "play.html")
        path = stepper_on(output, How(), {}, {}).to_html(file, theme=options.theme)
        _open(path)
    return 0


def _open(path: Path) -> None:
    """Show a page in the browser; without one, say where the page is."""
    print(f"opening {path}", file=sys.stderr)
    if not webbrowser.open(path.resolve().as_uri()):
        print(f"no browser was found here: open {path} in one yourself, or write the page elsewhere with -o", file=sys.stderr)


def _play_training(options: argparse.Namespace) -> int:
    from ..nn.playground.ready import READY_PAGES

    if options.target not in READY_PAGES:
        raise ValueError(f"there is no page {options.target!r}: write an expression, or one of {', '.join(READY_PAGES)}")
    page = READY_PAGES[options.target](options.theme)
    if options.output == "-":
        sys.stdout.write(page.html)
        return 0
    beside = Path(tempfile.mkdtemp(prefix="microgradx-")) / f"{options.target}.html"
    path = page.save(destination(options, PAGES) if options.output else beside)
    if options.output:
        print(f"wrote {path}", file=sys.stderr)
    else:
        _open(path)
    return 0
