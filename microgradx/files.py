"""Writing a file so that a reader sees the old one or the new one, never half of it; a place for files that nobody named."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

PREFIX = ".microgradx."
"""Begins the names of files that are written beside those which they will replace."""

FORGOTTEN = 3600.0
"""Seconds after which such a file belongs to a process that was killed."""

TEMPORARY = "microgradx-unnamed-"
"""Begins the names of folders for files that nobody named."""

WEEK = 7 * 86_400.0
"""Seconds for which such a folder stays: a browser reads the file when the process that wrote it has ended."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`, making its folders; on any failure the old file stays and nothing else is left behind.

    Ctrl-C comes through whatever is being done: the file is the old one, or the new one if it was in its place already.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a pipe or a device such as /dev/stdout has no half-written state to avoid
            path.write_bytes(data)
        else:
            _replace(path.resolve(), data)  # a link stays one: what it points to is written
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None  # what the user asked for, not our own file beside it


def _replace(path: Path, data: bytes) -> None:
    """Write a file beside `path` and put it in that place."""
    _sweep(path.parent, PREFIX, FORGOTTEN)
    temporary = path.with_name(PREFIX + os.urandom(8).hex())
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # else the name could reach the disk before the content
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):  # it is in its place, or was never made: what was raised must not be hidden
            temporary.unlink()
        raise


def temporary_file(name: str) -> Path:
    """A place for a file of that name in a new temporary folder; such folders of more than a week ago are taken away."""
    _sweep(Path(tempfile.gettempdir()), TEMPORARY, WEEK)
    return Path(tempfile.mkdtemp(prefix=TEMPORARY), name)


def _sweep(folder: Path, prefix: str, seconds: float) -> None:
    """Take away what begins with `prefix` and was last written to so long ago."""
    for left in list(folder.glob(prefix + "*")):
        with suppress(OSError):  # it is another user's, or another process was faster
            if time.time() - left.stat().st_mtime > seconds:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
