"""The command line: `microgradx COMMAND ...`, the same as `python -m microgradx`."""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import runpy
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .engine import Value
from .expression import parse
from .module_attribute import imported, importing_from_here


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 a finding such as a wrong derivative, 2 wrong usage."""
    commands = parser()
    options, late = commands.parse_known_args(arguments)
    if late and not (hasattr(options, "values") and all("=" in word and word[0] != "-" for word in late)):
        commands.error(f"unrecognized arguments: {' '.join(late)}")
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
    except (ValueError, TypeError, KeyError, AttributeError, ImportError, OSError, RuntimeError) as error:
        print(f"microgradx: {error.args[0] if isinstance(error, KeyError) else error}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; each `_add_...` states one of them."""
    top = argparse.ArgumentParser(
        prog="microgradx", description="A scalar autograd engine to step through, draw and test with."
    )
    top.add_argument("--version", action="version", version=f"microgradx {version('microgradx')}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    looking = (_add_step, _add_play, _add_explain, _add_why, _add_layers, _add_draw)
    verbs = (*looking, _add_check, _add_audit, _add_grade, _add_ops, _add_bench, _add_demo)
    for add in verbs:
        add(commands)
    return top


def target(options: argparse.Namespace) -> Value:
    """The graph that a command is about: an expression with its name=number pairs, or `module:attribute`.

    An attribute that can be called is called without arguments; importing a module runs its code.
    """
    return named_target(options)[0]


def named_target(options: argparse.Namespace) -> tuple[Value, dict[str, Any]]:
    """`target`, and what names its values besides their labels: the variables of the module, if it is of one."""
    module, colon, attribute = options.target.partition(":")
    module = module.removesuffix(".py").replace("/", ".") if colon and module.endswith(".py") else module
    if colon and all(part.isidentifier() for part in (*module.split("."), attribute)):
        found: Any = imported(f"{module}:{attribute}")
        found = found() if callable(found) and not isinstance(found, Value) else found
        if not isinstance(found, Value):
            raise TypeError(f"{options.target} gave {found!r}, not a Value")
        return found, {name: thing for name, thing in vars(sys.modules[module]).items() if name[0] != "_"}
    return parse(options.target, _pairs(options.values)), {}


def add_target(command: argparse.ArgumentParser) -> None:
    """The arguments that `target` reads."""
    command.add_argument("target", metavar="TARGET", help="an expression such as '(a*b + c)*f', or module:attribute")
    command.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="the numbers of the expression's names")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of points: write 1 or more")
    return int(text)


def _pairs(texts: Sequence[str]) -> dict[str, float]:
    """The numbers by name; a name that is given twice would have one of them forgotten."""
    values: dict[str, float] = {}
    for name, number in map(_pair, texts):
        if name in values:
            raise ValueError(f"{name} is given twice, as {values[name]:g} and as {number:g}: write it once")
        values[name] = number
    return values


def _pair(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    if not equals or not name.isidentifier():
        raise ValueError(f"{text!r} is not NAME=NUMBER: write for example a=2")
    try:
        return name, float(number)
    except ValueError:
        raise ValueError(f"{number!r} in {text!r} is not a number: write for example {name}=2") from None


def _add_step(commands: Any) -> None:
    command = commands.add_parser("step", help="walk the backward pass, one step at a time")
    add_target(command)
    command.add_argument("--by", choices=("node", "neuron", "layer"), help="what one step fires")
    command.add_argument("--json", action="store_true", help="print the contributions as JSON")
    command.add_argument("-i", "--interactive", action="store_true", help="open a prompt instead of printing all steps")
    command.add_argument("-o", "--output", metavar="PAGE", help="write one self-contained web page; - for standard output")
    command.add_argument("-f", "--force", action="store_true", help="overwrite an existing file")
    command.add_argument("--open", action="store_true", help="show the written page in the browser")
    command.set_defaults(run=_step)


def _step(options: argparse.Namespace) -> int:
    from .view.stepping.stepper import stepper

    out, names = named_target(options)  # the name of this variable is what a result without one is called
    s = stepper(out, by=options.by, names=names)
    if options.output:
        return _write_page(s, options)
    if options.json:
        steps = [{"fires": step.name, "contributions": [_edge(s, edge) for edge in step.contributions]} for step in s]
        print(_as_json({"output": s.output.data, "steps": steps}))
    elif options.interactive:
        s.interact()
    else:
        print(s)
        for step in s:
            print(step)
    return 0


def _as_json(found: Any) -> str:
    """JSON, in which numbers that are not finite are the texts "nan", "inf" and "-inf": it has no numbers for them."""

    def plain(x: Any) -> Any:
        if isinstance(x, dict):
            return {key: plain(item) for key, item in x.items()}
        if isinstance(x, (list, tuple)):
            return [plain(item) for item in x]
        return str(x) if isinstance(x, float) and not math.isfinite(x) else x

    return json.dumps(plain(found), indent=1, allow_nan=False)


def _edge(s: Any, edge: Any) -> dict[str, Any]:
    numbers = {name: getattr(edge, name) for name in ("slot", "upstream", "local", "contribution", "before", "after")}
    return {"from": s.names[edge.node], "into": s.names[edge.operand], **numbers}


def _write_page(s: Any, options: argparse.Namespace) -> int:
    if options.output == "-":
        sys.stdout.write(s.show().html)
        return 0
    _refuse_existing(options)
    path = s.to_html(options.output)
    print(f"wrote {path} ({path.stat().st_size / 1024:.0f} KiB)", file=sys.stderr)
    if options.open:
        webbrowser.open(path.resolve().as_uri())
    return 0


def _refuse_existing(options: argparse.Namespace) -> None:
    if Path(options.output).exists() and not options.force:
        raise FileExistsError(f"{options.output} exists: write -f to overwrite it")


def _add_play(commands: Any) -> None:
    command = commands.add_parser("play", help="a page on which every number can be changed; without TARGET three ready graphs")
    ready = "an expression, module:attribute, one of lecture, neuron, network, or training on moons, circles, spirals, starts"
    command.add_argument("target", metavar="TARGET", nargs="?", help=ready)
    command.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="the numbers of the expression's names")
    command.add_argument("-o", "--output", metavar="PAGE", help="write the page there, not open it; - for standard output")
    command.add_argument("-f", "--force", action="store_true", help="overwrite an existing file")
    command.set_defaults(run=_play, open=False)


def _play(options: argparse.Namespace) -> int:
    from .view.stepping.ready_graphs import READY
    from .view.stepping.stepper import stepper

    if (options.target or "").isidentifier() and options.target not in READY and not options.values:
        return _play_training(options)
    names = [options.target] if options.target else list(READY)
    outputs = [READY[name]() if name in READY else target(options) for name in names]
    if options.output:
        return _write_page(stepper(outputs[0], names={}), options)
    folder = Path(tempfile.mkdtemp(prefix="microgradx-"))
    for name, output in zip(names, outputs, strict=True):
        path = stepper(output, names={}).to_html(folder / (f"{name}.html" if name in READY else "play.html"))
        print(f"opening {path}", file=sys.stderr)
        webbrowser.open(path.resolve().as_uri())
    return 0


def _play_training(options: argparse.Namespace) -> int:
    from .nn.playground.ready import READY_PAGES

    if options.target not in READY_PAGES:
        raise ValueError(f"there is no page {options.target!r}: write an expression, or one of {', '.join(READY_PAGES)}")
    page = READY_PAGES[options.target]()
    if options.output == "-":
        sys.stdout.write(page.html)
        return 0
    if options.output:
        _refuse_existing(options)
    path = page.save(options.output or Path(tempfile.mkdtemp(prefix="microgradx-")) / f"{options.target}.html")
    print(f"{'wrote' if options.output else 'opening'} {path}", file=sys.stderr)
    if not options.output:
        webbrowser.open(path.resolve().as_uri())
    return 0


def _add_explain(commands: Any) -> None:
    command = commands.add_parser("explain", help="one gradient as the sum over its paths")
    add_target(command)
    command.add_argument("--wrt", metavar="NAME", required=True, help="the value whose gradient is explained")
    command.add_argument("-k", type=int, default=5, help="how many of the largest paths to list (5)")
    command.add_argument("--json", action="store_true", help="print the figures as JSON")
    command.set_defaults(run=_explain)


def _explain(options: argparse.Namespace) -> int:
    from .view.questions.explain import explain

    out, names = named_target(options)
    found = explain(out, options.wrt, options.k, names=names)
    figures = {name: getattr(found, name) for name in ("total", "count", "live", "magnitude", "remainder")}
    paths = [{"path": path.names, "contribution": path.contribution} for path in found.paths]
    print(_as_json({**figures, "paths": paths}) if options.json else found)
    return 0


def _add_why(commands: Any) -> None:
    command = commands.add_parser("why", help="why a gradient is zero, tiny or not a number")
    add_target(command)
    command.add_argument("--wrt", metavar="NAME", required=True, help="the value whose gradient is asked about")
    command.set_defaults(run=_why)


def _why(options: argparse.Namespace) -> int:
    from .view.questions.why import why

    out, names = named_target(options)
    print(why(out, options.wrt, names=names))
    return 0


def _add_layers(commands: Any) -> None:
    command = commands.add_parser("layers", help="one line per layer of a network: what is off, what gets no gradient")
    add_target(command)
    command.set_defaults(run=_layers)


def _layers(options: argparse.Namespace) -> int:
    from .view.questions.layers import layers

    print(layers(target(options)))
    return 0


def _add_ops(commands: Any) -> None:
    command = commands.add_parser("ops", help="the table of operations: value, derivative and convention of each")
    command.add_argument("name", nargs="?", metavar="NAME", help="only this one, with an example")
    command.add_argument("--markdown", action="store_true", help="print the reference as a Markdown file")
    command.set_defaults(run=_ops)


def _ops(options: argparse.Namespace) -> int:
    from . import reference

    if options.markdown:
        print(reference.markdown(), end="")
    elif options.name is None:
        print(*reference.lines(), sep="\n")
    else:
        print(reference.told(options.name))
    return 0


def _add_bench(commands: Any) -> None:
    command = commands.add_parser("bench", help="measure what compiling scalar code brings on this machine")
    command.add_argument("cases", metavar="CASE", nargs="*", help="the beginning of a case's name, such as moons (default: all)")
    command.set_defaults(run=_bench)


def _bench(options: argparse.Namespace) -> int:
    from .bench.measure import bench

    bench(options.cases)
    return 0


def _add_demo(commands: Any) -> None:
    command = commands.add_parser("demo", help="train a network on two moons, then list the demos; or run the one named")
    command.add_argument("name", nargs="?", metavar="NAME", help="which demo (moons)")
    told = "options of the demo, such as --all; --code shows its code"
    command.add_argument("options", nargs=argparse.REMAINDER, metavar="...", help=told)
    command.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    demos = _demos()
    name = options.name or "moons"
    if name not in demos:
        raise ValueError(f"no demo {name!r}: choose one of {', '.join(demos)}")
    if "--code" in options.options:
        print(f"# {demos[name]}\n{demos[name].read_text(encoding='utf-8')}", end="")
        return 0
    sys.argv = [str(demos[name]), *options.options]
    sys.path.insert(0, str(demos[name].parent))  # as Python does for a script: the demos share `comparison`
    runpy.run_path(sys.argv[0], run_name="__main__")
    if options.name is None:
        print("\nAll demos, each run by microgradx demo NAME:")
        for name, path in demos.items():
            purpose = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            print(f"  {name:16} {purpose.partition(chr(10))[0]}")
    return 0


def _demos() -> dict[str, Path]:
    """Every demo by name: a wheel carries them inside the package, a checkout beside it. `comparison` is what they share."""
    package = Path(__file__).parent
    folder = package / "demos" if (package / "demos").is_dir() else package.parent / "demos"
    return {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "comparison"}


def _add_draw(commands: Any) -> None:
    command = commands.add_parser("draw", help="draw the gradient flow of an expression: microgradx draw 'a*b + c' a=2 b=-3 c=10")
    add_target(command)
    command.add_argument("-o", "--output", metavar="FILE", help="a .svg, .png, .jpg, .pdf, .dot or .html file; text without")
    command.add_argument("--edges", default="local", help="what stands on a wire: local, chain or none")
    command.add_argument("--flow", default="forward", help="which way arrows point: forward or backward")
    command.add_argument("--theme", default="light", help="light, dark or auto")
    command.add_argument("--detail", default="auto", help="auto, full, values, neurons, layers or model")
    command.add_argument("--for", dest="for_", default="readme", help="the page: readme, screen, slide or paper")
    command.add_argument("--rankdir", help="which way the graph runs: LR, RL, TB or BT (the one that can be read)")
    command.add_argument("--path", metavar="NAME", help="only what lies between this value and the output")
    command.add_argument("--depth", type=int, metavar="N", help="only what is at most so many operations from the output")
    command.add_argument("--module", metavar="NAME", help="only one module and what it is given, such as L0.n3")
    command.add_argument("--sample", type=int, metavar="N", help="only one sample of a batch, counted from 0")
    command.add_argument("--step", type=int, metavar="N", help="the backward pass after so many steps")
    command.add_argument("--engine", help="who lays out: embedded, system, or the path of a dot program")
    command.set_defaults(run=_draw)


def _draw(options: argparse.Namespace) -> int:
    from .view.drawing.draw import draw
    from .view.drawing.tree_and_mermaid import tree

    out = target(options)  # the name of this variable is what the drawing calls a result without one
    if options.output is None:
        print(tree(out))
        return 0
    names = ("edges", "flow", "theme", "detail", "for_", "rankdir", "depth", "module", "sample", "step", "engine")
    path = None if options.path is None else (options.path, out)
    drawing = draw(out, path=path, **{name: getattr(options, name) for name in names})
    print(f"{drawing.save(options.output)}: {drawing.summary}")
    return 0


def _add_check(commands: Any) -> None:
    command = commands.add_parser("check", help="check the derivatives of an expression or a function; exit 1 if one is wrong")
    add_target(command)
    command.add_argument("--grad", metavar="MODULE:FUNCTION", help="judge this function's result instead of backward()")
    command.add_argument("--rtol", type=float, default=1e-6, help="the relative error to catch (1e-6)")
    command.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: the second derivatives too")
    command.add_argument("--samples", type=_count, default=0, help="so many random points besides the given one")
    command.add_argument("--json", action="store_true", help="print the report as JSON")
    command.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    from .testing.command import check_target

    numbers = _pairs(options.values)
    report = check_target(options.target, numbers, options.grad, options.rtol, options.order, options.samples)
    print(report.to_json() if options.json else report)
    return 0 if report.ok else 1


def _add_audit(commands: Any) -> None:
    command = commands.add_parser("audit", help="judge every derivative in a module; exit 1 if one is wrong")
    command.add_argument("module", metavar="MODULE", help="a module that can be imported, such as scipy.special")
    command.add_argument("--samples", type=_count, default=6, help="so many points for each pair (6)")
    command.add_argument("--time", type=float, default=60.0, metavar="SECONDS", help="when to stop (60)")
    command.add_argument("--seed", type=int, default=0, help="other points (0)")
    command.add_argument("--json", action="store_true", help="print what was found as JSON")
    command.set_defaults(run=_audit)


def _audit(options: argparse.Namespace) -> int:
    from .testing.audit import audit

    shown = sys.stderr.isatty()
    found = audit(options.module, samples=options.samples, time_limit=options.time, seed=options.seed, progress=shown)
    print(found.to_json() if options.json else found)
    return 1 if found.findings else 0


def _add_grade(commands: Any) -> None:
    command = commands.add_parser("grade", help="judge a student's own engine, or answers to a sheet; exit 1 if one is wrong")
    command.add_argument("target", metavar="TARGET", help="own_engine.py:Value, or sheet.py:sheet with the files of answers")
    command.add_argument("answers", metavar="ANSWERS", nargs="*", help="a .py or .json file for each student")
    command.add_argument("--tell", default="hints", help="hints, verdict (right or wrong) or, after the deadline, answers")
    command.add_argument("-o", "--output", metavar="FILE", help="write a row for each student and question: .csv or .json")
    command.add_argument("--json", action="store_true", help="print the report as JSON")
    command.set_defaults(run=_grade)


def _grade(options: argparse.Namespace) -> int:
    from .teach.command import graded

    found = graded(options.target, options.answers, options.tell, options.output)
    if isinstance(found, list):
        rows = [row for grade in found for row in grade.rows()]
        print(json.dumps(rows, indent=1) if options.json else "\n\n".join(map(str, found)))
        return 0 if all(grade.points == grade.most for grade in found) else 1
    print(found.to_json() if options.json else found)
    return 0 if found.ok else 1
