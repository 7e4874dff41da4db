"""The commands to read and try: the table of operations, the benchmark, the demos."""

from __future__ import annotations

import argparse
import ast
import difflib
import runpy
import sys
from pathlib import Path
from typing import Any

from .output import as_json
from .verbs import verb


def add_ops(commands: Any) -> None:
    """`microgradx ops`."""
    purpose = "print the table of operations: value, derivative and convention of each"
    command = verb(commands, "ops", purpose, ("", "tanh", "--markdown > OPERATIONS.md"), _ops)
    command.add_argument("name", nargs="?", metavar="NAME", help="only this one, with an example")
    command.add_argument("--markdown", action="store_true", help="print the reference as a Markdown file")
    command.add_argument("--json", action="store_true", help="print the rows as JSON")


def _ops(options: argparse.Namespace) -> int:
    from .. import reference

    if options.markdown:
        print(reference.markdown(), end="")
    elif options.json:
        every = [name for room in reference.ROOMS for name in reference.names_in_formula(room)]
        names = [options.name] if options.name else every
        print(as_json([dict(zip(reference.HEADINGS, reference.row(name), strict=True)) for name in names]))
    elif options.name is None:
        print(*reference.lines(), sep="\n")
    else:
        print(reference.told_in_words(options.name))
    return 0


def add_bench(commands: Any) -> None:
    """`microgradx bench`."""
    command = verb(commands, "bench", "measure what compiling scalar code brings on this machine", ("", "moons"), _bench)
    command.add_argument("cases", metavar="CASE", nargs="*", help="the beginning of a case's name, such as moons (all)")


def _bench(options: argparse.Namespace) -> int:
    from ..bench.measure import bench

    bench(options.cases)
    return 0


def add_demo(commands: Any) -> None:
    """`microgradx demo`."""
    purpose = "train a network on two moons, then list the demos; or run the one named"
    command = verb(commands, "demo", purpose, ("", "--list", "neuron", "neuron --code"), _demo)
    command.add_argument("name", nargs="?", metavar="NAME", help="which demo (moons)")
    command.add_argument("--list", action="store_true", help="only list the demos")
    told = "options of the demo, such as --all; --code shows its code"
    command.add_argument("options", nargs=argparse.REMAINDER, metavar="...", help=told)


def _demo(options: argparse.Namespace) -> int:
    demos = _demos()
    if options.list:
        return _list(demos)
    name = options.name or "moons"
    if name not in demos:
        near = difflib.get_close_matches(name, demos, 1, 0.7)
        raise ValueError(f"no demo {name!r}: {f'did you mean {near[0]}?' if near else 'choose one of ' + ', '.join(demos)}")
    if "--code" in options.options:
        print(f"# {demos[name]}\n{demos[name].read_text(encoding='utf-8')}", end="")
        return 0
    sys.argv = [str(demos[name]), *options.options]
    sys.path.insert(0, str(demos[name].parent))  # as Python does for a script: the demos share `comparison`
    runpy.run_path(sys.argv[0], run_name="__main__")
    if options.name is None:
        print()
        _list(demos)
    return 0


def _list(demos: dict[str, Path]) -> int:
    """Print the name of each demo and what it is for."""
    print("All demos, each run by microgradx demo NAME:")
    for name, path in demos.items():
        purpose = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        print(f"  {name:16} {purpose.partition(chr(10))[0]}")
    return 0


def _demos() -> dict[str, Path]:
    """Every demo by name: a wheel carries them inside the package, a checkout beside it. `comparison` is what they share."""
    package = Path(__file__).parents[1]
    folder = package / "demos" if (package / "demos").is_dir() else package.parent / "demos"
    return {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "comparison"}
