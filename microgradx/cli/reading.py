"""The commands to read and try: the table of operations, the benchmark, the demos."""

from __future__ import annotations

import argparse
import ast
import atexit
import contextlib
import io
import runpy
import shutil
import sys
import tempfile
from importlib import import_module, resources
from pathlib import Path
from typing import Any

from ..nearest import did_you_mean
from .output import as_json
from .verbs import FOUND, verb


def add_ops(commands: Any) -> None:
    """`microgradx ops`."""
    purpose = "print the table of operations: value, derivative and convention of each"
    command = verb(commands, "ops", purpose, ("", "tanh", "--markdown > OPERATIONS.md"), _ops, "the rows")
    command.add_argument("name", nargs="?", metavar="NAME", help="only this one, with an example (all)")
    command.add_argument("--markdown", action="store_true", help="print the reference as a Markdown file")


def _ops(options: argparse.Namespace) -> int:
    from .. import reference

    if options.markdown:
        if options.name or options.json:
            raise ValueError(f"--markdown prints the whole reference: leave {options.name or '--json'} out")
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
    purpose = "measure what compiling scalar code brings on this machine"
    command = verb(commands, "bench", purpose, ("", "moons", "moons rnn --json"), _bench, "the figures, times in seconds,")
    command.add_argument("cases", metavar="CASE", nargs="*", help="the beginning of a case's name, such as moons (all)")


def _bench(options: argparse.Namespace) -> int:
    from ..bench.cases import CASES
    from ..bench.measure import bench, chosen_cases, measure

    if options.json:
        print(as_json([{"case": name, **measure(CASES[name]())} for name in chosen_cases(options.cases)]))
    else:
        bench(options.cases)
    return 0


def add_demo(commands: Any) -> None:
    """`microgradx demo`."""
    purpose = "train a network on two moons, then list the demos; or run the one named"
    examples = ("", "--list", "neuron", "neuron --code", "gpt --help")
    command = verb(commands, "demo", purpose, examples, _demo, "what the demo printed and compared", FOUND)
    command.add_argument("name", nargs="?", metavar="NAME", help="which demo (moons)")
    command.add_argument("--list", action="store_true", help="only list the demos")
    told = "--code shows the code of the demo, --help its own options"
    command.add_argument("options", nargs=argparse.REMAINDER, metavar="...", help=told)


def _demo(options: argparse.Namespace) -> int:
    demos = _demos()
    if options.list:
        return _list(demos, options.json)
    name = options.name or "moons"
    if name not in demos:
        raise ValueError(f"no demo {name!r}: {did_you_mean(name, demos, 'choose one of ' + ', '.join(demos), alike=0.7)}")
    words = [word for word in options.options if word not in ("--json", "--code")]
    code = demos[name].read_text(encoding="utf-8")
    if "--code" in options.options:
        print(f"# {demos[name]}\n{code}", end="")
        return 0
    if words and not _takes_options(code):
        if words not in (["-h"], ["--help"]):
            raise ValueError(f"the demo {name} takes no options: leave {' '.join(words)} out")
        print(f"usage: microgradx demo {name} [--code] [--json]\n\n{ast.get_docstring(ast.parse(code))}")
        return 0
    if options.json or "--json" in options.options:
        return _run_as_json(name, demos[name], words)
    status = _run(demos[name], words)
    if options.name is None:
        print()
        _list(demos, False)
    return status


def _takes_options(code: str) -> bool:
    """Whether a demo reads options of its own: then it imports argparse."""
    imports = [node for node in ast.parse(code).body if isinstance(node, ast.Import)]
    return any(name.name == "argparse" for node in imports for name in node.names)


def _run(demo: Path, words: list[str]) -> int:
    """Run a demo as a script; 1 if a figure was not reproduced, which it has said then."""
    sys.argv = [str(demo), *words]
    sys.path.insert(0, str(demo.parent))  # as Python does for a script: the demos share `comparison`
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as left:
        if isinstance(left.code, str):
            print(left.code, file=sys.stderr)
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0


def _run_as_json(name: str, demo: Path, words: list[str]) -> int:
    """Run a demo and print its lines, and the rows of its tables, as JSON."""
    sys.path.insert(0, str(demo.parent))
    rows = import_module("comparison").ROWS
    printed, before = io.StringIO(), len(rows)
    with contextlib.redirect_stdout(printed):
        status = _run(demo, words)
    print(as_json({"demo": name, "status": status, "rows": rows[before:], "lines": printed.getvalue().splitlines()}))
    return status


def _list(demos: dict[str, Path], json: bool) -> int:
    """Print the name of each demo and what it is for."""
    codes = {name: path.read_text(encoding="utf-8") for name, path in demos.items()}
    purposes = {name: (ast.get_docstring(ast.parse(code)) or "").partition("\n")[0] for name, code in codes.items()}
    if json:
        print(as_json(purposes))
        return 0
    print("All demos, each run by microgradx demo NAME:")
    for name, purpose in purposes.items():
        print(f"  {name:16} {purpose}")
    return 0


def _demos() -> dict[str, Path]:
    """Every demo by name; `comparison` is what they share."""
    return {path.stem: path for path in sorted(_folder().glob("*.py")) if path.stem != "comparison"}


def _folder() -> Path:
    """Where the demos stand: a wheel carries them inside the package, a checkout beside it; out of an archive they are copied."""
    package = resources.files("microgradx")
    if isinstance(package, Path):
        return package / "demos" if (package / "demos").is_dir() else package.parent / "demos"
    folder = Path(tempfile.mkdtemp(prefix="microgradx-demos-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for demo in (package / "demos").iterdir():
        (folder / demo.name).write_bytes(demo.read_bytes())
    return folder
