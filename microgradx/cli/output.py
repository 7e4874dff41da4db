"""One rule for what a command writes: the suffix says what, nothing is overwritten unasked, - is standard output."""

from __future__ import annotations

import argparse
import json
import math
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from ..files import temporary_file
from ..view.theme import THEMES

PAGES = (".html", ".htm")


class _Writable(Protocol):
    def save(self, filename: Any) -> str | Path:
        """Write it to a file."""


def add_output(command: argparse.ArgumentParser, what: str, shown: bool = True) -> None:
    """The arguments that `destination` and `write_output` read; what is `shown` can be opened in the browser."""
    command.add_argument("-o", "--output", metavar="FILE", help=f"{what}; - for standard output")
    command.add_argument("-f", "--force", action="store_true", help="overwrite the file if it exists")
    if shown:
        command.add_argument("--open", action="store_true", help="show it in the browser; without -o from a temporary file")


def add_theme(command: argparse.ArgumentParser, default: str) -> None:
    """The argument that says in which colours."""
    command.add_argument("--theme", choices=tuple(THEMES), default=default, help=f"the colours ({default})")


def destination(options: argparse.Namespace, suffixes: Sequence[str]) -> Path | None:
    """The file that `-o` names, if it may be written: its suffix known, its folder there, and it new or `-f` given.

    None is standard output. Asked before anything is computed, so that nobody waits for a refusal.
    """
    if options.output == "-":
        if options.json:
            raise ValueError("-o - and --json would both write to standard output: leave one of them out")
        return None
    if options.output is None:
        return temporary_file(f"microgradx{PAGES[0] if PAGES[0] in suffixes else suffixes[0]}")
    path = Path(options.output)
    if path.is_dir():
        raise IsADirectoryError(f"{options.output} is a folder: add the name of a file, ending in {', '.join(suffixes)}")
    if not path.suffix:
        raise ValueError(f"{options.output!r} does not say what to write: end the name in {', '.join(suffixes)}")
    if path.suffix.lower() not in suffixes:
        raise ValueError(f"unknown file type {path.suffix!r} of {options.output!r}: end the name in {', '.join(suffixes)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r}: make it first, or correct the path {options.output!r}")
    if path.is_file() and not options.force:
        raise FileExistsError(f"{options.output} already exists: add -f to overwrite it")
    return path


def write_output(options: argparse.Namespace, path: Path | None, thing: _Writable, text: str, summary: str = "") -> int:
    """Write a page or a drawing where `destination` said, or its `text` to standard output, and say so."""
    if path is None:
        sys.stdout.write(text)
        return 0
    thing.save(path)
    return report_written(options, path, summary)


def report_written(options: argparse.Namespace, path: Path, summary: str = "") -> int:
    """Say what was written, and show it if `--open` asks for that."""
    if options.json:
        print(as_json({"file": str(path), "bytes": path.stat().st_size, **({"summary": summary} if summary else {})}))
    elif summary:
        print(f"{path}: {summary}")
    else:
        print(f"wrote {path} ({path.stat().st_size / 1024:.0f} KiB)", file=sys.stderr)
    if options.open:
        show_in_browser(path)
    return 0


def show_in_browser(path: Path) -> bool:
    """Show a page in the browser; where there is none, say where the page is."""
    print(f"opening {path}", file=sys.stderr)
    if webbrowser.open(path.resolve().as_uri()):
        return True
    print(f"no browser was found here: open {path} in one yourself, or write the page elsewhere with -o", file=sys.stderr)
    return False


def as_json(found: Any) -> str:
    """JSON, in which numbers that are not finite are the texts "nan", "inf" and "-inf": it has no numbers for them.

    >>> as_json({"slope": math.inf})
    '{\\n "slope": "inf"\\n}'
    """

    def plain(x: Any) -> Any:
        if isinstance(x, dict):
            return {key: plain(item) for key, item in x.items()}
        if isinstance(x, (list, tuple)):
            return [plain(item) for item in x]
        return str(x) if isinstance(x, float) and not math.isfinite(x) else x

    return json.dumps(plain(found), indent=1, allow_nan=False, default=str)
