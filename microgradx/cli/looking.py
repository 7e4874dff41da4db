"""The commands that look at one graph: step, explain, why, layers, draw."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..module_attribute import names_attribute
from ..nearest import did_you_mean
from ..view.drawing.options import DETAILS, FLOWS, ON_WIRES, RANKDIRS
from ..view.drawing.reader import READERS
from ..view.drawing.subject import joined
from ..view.html_page import HtmlPage
from ..view.words.as_typed import spoken_to
from .output import PAGES, add_output, add_theme, as_json, destination, report_written, write_output
from .targets import add_target, named_target, outputs_and_names, target, wanted
from .verbs import any_whole_number, verb

LECTURE = '"L = (a*b + c)*f" a=2 b=-3 c=10 f=-2'


def add_step(commands: Any) -> None:
    """`microgradx step`."""
    examples = (LECTURE, f"{LECTURE} -i", f"{LECTURE} -o pass.html --open", "my_network.py:loss --by layer")
    purpose, told = "walk the backward pass, one step at a time", "the contributions, or with -o the file,"
    command = verb(commands, "step", purpose, examples, _step, told)
    add_target(command)
    grains = "how much one step covers: an operation, a neuron or a layer (by itself what the graph is made of)"
    command.add_argument("--by", choices=("node", "neuron", "layer"), help=grains)
    command.add_argument("-i", "--interactive", action="store_true", help="open a prompt instead of printing all steps")
    add_output(command, "write one self-contained web page, a .html file")
    add_theme(command, "auto")


def _step(options: argparse.Namespace) -> int:
    from ..view.stepping.stepper import stepper

    out, names = named_target(options)  # the name of this variable is what a result without one is called
    s = stepper(out, by=options.by, names=names)
    if options.output or options.open:
        page = HtmlPage(s.show(theme=options.theme).html)
        return write_output(options, destination(options, PAGES), page, page.html)
    if options.json:
        steps = [{"fires": step.name, "contributions": [_edge(s, edge) for edge in step.contributions]} for step in s]
        print(as_json({"output": s.output.data, "steps": steps}))
    elif options.interactive:
        s.interact()
    else:
        with spoken_to("shell"):
            print(s)
            for step in s:
                print(step)
    return 0


def _edge(s: Any, edge: Any) -> dict[str, Any]:
    numbers = {name: getattr(edge, name) for name in ("slot", "upstream", "local", "contribution", "before", "after")}
    return {"from": s.names[edge.node], "into": s.names[edge.operand], **numbers}


def add_explain(commands: Any) -> None:
    """`microgradx explain`."""
    examples = (f"{LECTURE} --wrt a", f"{LECTURE} --json")
    command = verb(commands, "explain", "show one gradient as the sum over its paths", examples, _explain, "the figures")
    add_target(command)
    command.add_argument("--wrt", metavar="NAME", help="the value whose gradient is explained (every input)")
    command.add_argument("-k", type=any_whole_number, default=5, help="how many of the largest paths to list (5)")


def _explain(options: argparse.Namespace) -> int:
    from ..view.questions.explain import explain

    out, names = named_target(options)
    found = {name: explain(out, name, options.k, names=names) for name in wanted(options, out)}
    if not options.json:
        with spoken_to("shell"):
            print(*found.values(), sep="\n\n")
        return 0
    keys = ("total", "count", "live", "magnitude", "remainder")
    told = {
        name: {
            **{key: getattr(one, key) for key in keys},
            "paths": [{"path": path.names, "contribution": path.contribution} for path in one.paths],
        }
        for name, one in found.items()
    }
    print(as_json(told[options.wrt] if options.wrt else told))
    return 0


def add_why(commands: Any) -> None:
    """`microgradx why`."""
    examples = ('"relu(a) * b" a=-1 b=2', '"relu(a) * b" a=-1 b=2 --wrt a --json')
    command = verb(commands, "why", "say why a gradient is zero, tiny or not a number", examples, _why, "cause and gradient")
    add_target(command)
    command.add_argument("--wrt", metavar="NAME", help="the value whose gradient is asked about (every input)")


def _why(options: argparse.Namespace) -> int:
    from ..view.questions.why import why

    out, names = named_target(options)
    found = {name: why(out, name, names=names) for name in wanted(options, out)}
    if options.json:
        told = {name: {"cause": one.cause, "gradient": one.gradient, "lines": one.lines} for name, one in found.items()}
        print(as_json(told[options.wrt] if options.wrt else told))
    else:
        print(*found.values(), sep="\n\n")
    return 0


def add_layers(commands: Any) -> None:
    """`microgradx layers`."""
    purpose = "print one line for each layer of a network: what is off, what gets no gradient"
    command = verb(commands, "layers", purpose, ("my_network.py:loss", "my_network:loss --json"), _layers, "the rows")
    add_target(command)


def _layers(options: argparse.Namespace) -> int:
    from ..view.questions.layers import layers

    found = layers(target(options))
    print(as_json([dataclasses.asdict(row) for row in found.rows]) if options.json else found)
    return 0


def add_draw(commands: Any) -> None:
    """`microgradx draw`."""
    examples = (LECTURE, f"{LECTURE} -o flow.svg", f"{LECTURE} -o - --theme dark > flow.svg", "my_network.py:loss -o net.html")
    purpose, told = "draw the gradient flow of an expression, a function or a model", "the tree, or with -o the file,"
    command = verb(commands, "draw", purpose, examples, _draw, told)
    add_target(command)
    add_output(command, "file to write (.svg, .png, .jpg, .pdf, .dot or .html); without it the graph is printed as text")
    command.add_argument("--edges", choices=ON_WIRES, help="what stands on a wire (local)")
    command.add_argument("--flow", choices=FLOWS, help="which way arrows point (forward)")
    add_theme(command, "light")
    command.add_argument("--detail", choices=DETAILS, help="how much is folded into one card (auto)")
    command.add_argument("--for", dest="for_", type=_page, metavar=f"{{{','.join(READERS)},WIDTHxHEIGHT}}", help=_WHERE)
    command.add_argument("--rankdir", choices=RANKDIRS, help="which way the graph runs (the one that can be read)")
    command.add_argument("--path", metavar="NAME", help="only what lies between this value and the output")
    command.add_argument("--depth", type=any_whole_number, metavar="N", help="only what is at most N operations from the output")
    command.add_argument("--module", metavar="NAME", help="only one module and its inputs, such as L0.n3")
    command.add_argument("--sample", type=any_whole_number, metavar="N", help="only one sample of a batch, counted from 0")
    command.add_argument("--step", type=any_whole_number, metavar="N", help="the backward pass after so many steps")
    command.add_argument("--no-caption", dest="caption", action="store_const", const=False, help="leave the text below out")
    command.add_argument("--animate", action="store_true", help="draw the backward pass, moving, into a .svg file")
    command.add_argument("--engine", help="who lays out: embedded, system, or the path of a dot program")


_WHERE = "where it will be read, or so many pixels, such as 320x900 (readme)"


def _page(text: str) -> str | tuple[float, float]:
    """The reader that --for names, or the size of a page."""
    width, by, height = text.partition("x")
    if by and width.isdigit() and height.isdigit():
        return float(width), float(height)
    if text not in READERS:
        hint = did_you_mean(text, READERS, f"choose one of {', '.join(READERS)}, or write a size such as 320x900")
        raise argparse.ArgumentTypeError(f"there is no {text!r}: {hint}")
    return text


def _typed(name: str) -> str:
    """An option as it is typed."""
    return {"for_": "for", "caption": "no-caption"}.get(name, name)


def _animate(options: argparse.Namespace, out: Any, given: dict[str, Any]) -> int:
    from ..view.stepping.animation import animate

    for name in given.keys() - {"edges", "rankdir"}:
        raise ValueError(f"--{_typed(name)} does not go with --animate: leave it out, or draw one step with --step")
    path = destination(options, (".svg",))
    if path is None:
        with TemporaryDirectory() as folder:
            made = animate(out, Path(folder, "pass.svg"), theme=options.theme, **given)
            print(Path(made).read_text(encoding="utf-8"), end="")
        return 0
    animate(out, path, theme=options.theme, **given)
    return report_written(options, path, f"the backward pass of {out.label or 'out'}, moving")


def _draw(options: argparse.Namespace) -> int:
    from ..view.drawing.tree_and_mermaid import tree

    known = ("edges", "flow", "detail", "for_", "rankdir", "path", "depth", "module", "sample", "step", "engine", "caption")
    given = {name: getattr(options, name) for name in known if getattr(options, name) is not None}
    outputs, names = outputs_and_names(options)
    if not names_attribute(options.target):
        names = {}  # the parts of an expression are told by how they are made
    out = joined(outputs)
    if all(thing is not out for thing in names.values()):
        names = {**names, "out": out}
    if options.output is None and not options.open:
        if given or options.animate:
            option = _typed(next(iter(given), "animate"))
            raise ValueError(f"--{option} says how to draw: add -o flow.svg, or --open; else the graph is printed as text")
        text = tree(out, names=names)
        print(as_json({"tree": text}) if options.json else text)
        return 0
    from ..view.drawing.digraph import SUFFIXES  # the text needs no graphviz
    from ..view.drawing.draw import draw

    if options.animate:
        return _animate(options, out, given)
    if "path" in given:
        given["path"] = (options.path, out)
    with spoken_to("shell"), warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        drawing = draw(outputs if outputs[1:] else out, theme=options.theme, names=names, **given)
    path = destination(options, SUFFIXES)  # what is wrong with the options comes before a file that is there
    for note in noted:
        print(f"microgradx: {note.message}", file=sys.stderr)
    return write_output(options, path, drawing, drawing.svg() if path is None else "", drawing.summary)
