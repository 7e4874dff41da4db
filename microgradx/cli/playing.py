"""The command that opens a page to play on: an expression, one of the ready graphs, or a training."""

from __future__ import annotations

import argparse
from typing import Any

from ..files import temporary_file
from ..nearest import did_you_mean
from ..view.html_page import HtmlPage
from ..view.stepping.ready_graphs import READY
from .output import PAGES, add_output, add_theme, as_json, destination, show_in_browser, write_output
from .targets import target
from .verbs import verb


def add_play(commands: Any) -> None:
    """`microgradx play`."""
    purpose = "open a page on which every number can be changed; without TARGET three ready graphs"
    examples = ("", "lecture", '"a*b + c" a=2 b=-3 c=10', "moons -o moons.html")
    command = verb(commands, "play", purpose, examples, _play, "which files were written")
    ready = f"an expression, file.py:name, one of {', '.join(READY)}, or training on moons, circles, spirals, starts"
    command.add_argument("target", metavar="TARGET", nargs="?", help=ready)
    command.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="the numbers of the expression's names")
    add_output(command, "write the page there, a .html file, and do not open it")
    add_theme(command, "auto")


def _play(options: argparse.Namespace) -> int:
    if options.output:
        if options.target is None:
            raise ValueError(f"-o writes one page, and these are {len(READY)}: name one of {', '.join(READY)}")
        path = destination(options, PAGES)
        page = _page(options, options.target)
        return write_output(options, path, page, page.html)
    written = []
    for name in [options.target] if options.target else READY:
        page = _page(options, name)
        path = page.save(temporary_file(f"{name if name.isidentifier() else 'play'}.html"))
        written.append({"file": str(path), "opened": show_in_browser(path)})
    if options.json:
        print(as_json(written))
    return 0


def _page(options: argparse.Namespace, name: str) -> HtmlPage:
    """The page on which a graph, or a training, can be played with."""
    from ..view.stepping.recorded import How
    from ..view.stepping.stepper import stepper_on

    if name.isidentifier() and name not in READY and not options.values:
        return _training(name, options.theme)
    output = READY[name]() if name in READY else target(options)
    return HtmlPage(stepper_on(output, How(), {}, {}).show(theme=options.theme).html)


def _training(name: str, theme: str) -> HtmlPage:
    from ..nn.playground.ready import READY_PAGES

    ready = [*READY, *READY_PAGES]
    if name not in READY_PAGES:
        hint = did_you_mean(name, ready, f"write an expression with its numbers, or one of {', '.join(ready)}")
        raise ValueError(f"there is no page {name!r}: {hint}")
    return READY_PAGES[name](theme)
