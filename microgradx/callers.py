"""Whose line is running: the nearest one outside this package, for warnings, errors and the lines that wrote a value."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from functools import cache
from types import FrameType

_HERE = os.path.dirname(__file__) + os.sep  # a file beside the package may begin with the same name
_DEMOS = _HERE + "demos" + os.sep  # an installed package carries them; they are written as users write


def _belongs(frame: FrameType, folders: tuple[str, ...]) -> bool:
    """Whether a frame runs code of these folders, and no demo."""
    file = frame.f_code.co_filename
    return file.startswith(folders) and not file.startswith(_DEMOS)


@cache
def _inner_folders(with_numpy: bool) -> tuple[str, ...]:
    """The folders of this package and, once it is loaded, of numpy, and what stands between a caller and `with` or a copy."""
    import copy

    numpy = sys.modules["numpy"].__file__ if with_numpy else None
    folders = (_HERE, os.path.dirname(numpy) + os.sep) if numpy else (_HERE,)
    return *folders, contextlib.__file__, copy.__file__


def _outside() -> tuple[FrameType, int]:
    """The nearest frame outside this package and numpy, whose `sum` adds Values for its caller, and how many lie below it."""
    frame, depth, inner = sys._getframe(1), 1, _inner_folders("numpy" in sys.modules)
    while frame.f_back is not None and _belongs(frame, inner):
        frame, depth = frame.f_back, depth + 1
    return frame, depth


def calling_line() -> str:
    """The nearest line outside this package that is being executed."""
    frame, _ = _outside()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def warn(text: str) -> None:
    """Warn at the nearest line outside this package."""
    warnings.warn(text, RuntimeWarning, stacklevel=_outside()[1])


def called_function(depth: int = 1) -> str | None:
    """What the frame so many calls above the caller is calling just now, as it is written there; None where nobody can tell.

    >>> class Asked:
    ...     def __float__(self) -> float:
    ...         print(called_function())
    ...         return 1.0
    >>> import math
    >>> _ = math.sqrt(Asked())
    math.sqrt
    """
    import ast  # with linecache a tenth of the time of importing the package, for the text of an error
    import linecache

    frame = sys._getframe(depth + 1)
    places = list(frame.f_code.co_positions()) if hasattr(frame.f_code, "co_positions") else []
    line, last_line, start, end = places[frame.f_lasti // 2] if frame.f_lasti // 2 < len(places) else (None,) * 4
    if line is None or start is None or end is None or last_line != line:
        return None
    text = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).encode()[start:end].decode(errors="replace")
    try:
        called = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None
    return ast.unparse(called.func) if isinstance(called, ast.Call) else None
