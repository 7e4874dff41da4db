"""One rule for what a command writes: the suffix says what, nothing is overwritten unasked, - is standard output."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..view.theme import THEMES


def add_output(command: argparse.ArgumentParser, what: str) -> None:
    """The arguments that `destination` reads."""
    command.add_argument("-o", "--output", metavar="FILE", help=f"{what}; - for standard output")
    command.add_argument("-f", "--force", action="store_true", help="overwrite the file if it exists")


def add_theme(command: argparse.ArgumentParser, default: str) -> None:
    """The argument that says in which colours."""
    command.add_argument("--theme", metavar=f"{{{','.join(THEMES)}}}", default=default, help=f"the colours ({default})")


def destination(options: argparse.Namespace, suffixes: Sequence[str]) -> Path:
    """The file that `-o` names, if it may be written: its suffix known, its folder there, and it new or `-f` given."""
    path = Path(options.output)
    if suffixes and path.suffix not in suffixes:
        raise ValueError(f"unknown file type {path.suffix!r} of {options.output!r}: end the name in {', '.join(suffixes)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r}: make it first, or mend the path {options.output!r}")
    if path.is_file() and not options.force:
        raise FileExistsError(f"{options.output} already exists: add -f to overwrite it")
    return path


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

    return json.dumps(plain(found), indent=1, allow_nan=False)
