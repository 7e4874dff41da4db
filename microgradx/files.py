"""Writing a file so that a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`, making its folders; on any failure the old file stays and nothing else is left behind."""
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
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".microgradx.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if path.exists():
            os.chmod(temporary, path.stat().st_mode & 0o777)
        else:
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
