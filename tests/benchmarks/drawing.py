"""How large the text of each drawing is on a README's page, and the seconds it takes, beside micrograd's and torchviz's way.

Run as a script: `python tests/benchmarks/drawing.py [FOLDER]`; with a folder the pictures are written into it. Seconds are
medians of up to 3 runs of one process, warm. micrograd's DOT (a record per value, an oval per operation) is laid out by the same
engine as ours; its text is of the same 11 points, so the sizes can be compared. Where PyTorch and torchviz are installed, the
same graphs are written in PyTorch and drawn by torchviz, whose boxes have no numbers.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from drawing_gallery import GALLERY
from torch_graph import INSTALLED, text_of_torchviz

from microgradx import Drawing, Value, draw, topological_order
from microgradx.tables import table
from microgradx.view.drawing.reader import READERS
from microgradx.view.layout.renderers import lay_out

PATIENCE, LARGE = 20.0, 600  # seconds for micrograd's DOT, and values beyond which it is not tried
HEAD = ("graph", "values", "cards", "points", "text px", "seconds", "micrograd px", "seconds")
OTHERS = ("torchviz px", "seconds") if INSTALLED else ()

FIRST = """
import time; start = time.perf_counter()
from microgradx import Value, draw
x = Value(2.0); y = x * x; draw(y).svg()
print(time.perf_counter() - start)
"""


def naive_dot(output: Value) -> str:
    """The DOT text micrograd's notebook writes: a record per value, an oval per operation."""
    order = topological_order(output)
    place = {node: k for k, node in enumerate(order)}
    lines = ["digraph { rankdir=LR; node [fontsize=11]"]
    for k, node in enumerate(order):
        lines.append(f'n{k} [label="{{ data {node.data:.4f} | grad {node.grad or 0.0:.4f} }}" shape=record]')
        if node.op:
            lines.append(f'o{k} [label="{node.op.name}"] o{k} -> n{k}')
            lines += [f"n{place[parent]} -> o{k}" for parent in node.parents if isinstance(parent, Value)]
    return "\n".join([*lines, "}"])


def seconds(action: Callable[[], object], runs: int = 3, budget: float = 6.0) -> float:
    """The median of a few runs."""
    times: list[float] = []
    while len(times) < runs and sum(times) < budget:
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def text_size(svg: str) -> tuple[float, str]:
    """The height of the text in pixels on a README's page, and the size of the picture in points."""
    found = re.search(r'<svg[^>]* width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    assert found is not None
    width, height = float(found[1]), float(found[2])
    return READERS["readme"].text_size(width, height), f"{width:,.0f} x {height:,.0f}"


def other_way(output: Value, text: Callable[[Value], float]) -> tuple[str, str]:
    """Text size and seconds of another way to draw a graph."""
    if len(topological_order(output)) > LARGE:
        return "", ""
    try:
        start = time.perf_counter()
        return f"{text(output):.1f}", f"{time.perf_counter() - start:.2f}"
    except (TimeoutError, RuntimeError):
        return "-", f"over {PATIENCE:.0f}"


def text_of_micrograd(output: Value) -> float:
    """The height of the text as micrograd's notebook draws it."""
    return text_size(lay_out(naive_dot(output), seconds=PATIENCE).decode())[0]


def report(name: str, output: Value, folder: Path | None) -> tuple[list[str], bool]:
    """The line of one graph, and whether it can be read in a README."""
    made: list[Drawing] = []

    def drawn() -> str:
        made[:] = [draw(output, names={"out": output})]
        return made[0].svg()

    took = seconds(drawn)
    svg = drawn()
    text, size = text_size(svg)
    if folder:
        made[0].save(folder / f"{name.replace(' ', '_')}.svg")
    cells = [name, f"{len(topological_order(output)):,}", str(svg.count('class="node')), size, f"{text:.1f}", f"{took:.2f}"]
    others = [text_of_micrograd, *([lambda graph: text_of_torchviz(graph, PATIENCE)] if INSTALLED else [])]
    found = [part for other in others for part in other_way(output, other)]
    return [*cells, *found], text >= READERS["readme"].text


def first(environment: dict[str, str]) -> float:
    """Seconds of the first drawing of a process, import included."""
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=True, env=os.environ | environment)
    return float(done.stdout)


def main(folder: str = "") -> None:
    """Print a line for each graph of the gallery."""
    draw(Value(1.0)).svg()
    least = (24, 7, 5, 14, 7, 7, 12, 7, 11, 7)[: len(HEAD) + len(OTHERS)]
    ways = "<" + ">" * (len(least) - 1)
    print(table([(*HEAD, *OTHERS)], ways, width=None, least=least)[0])
    readable = 0
    for name, build in GALLERY.items():
        cells, good = report(name, build(), Path(folder) if folder else None)
        readable += good
        print(table([cells], ways, width=None, least=least)[0], flush=True)
    print(f"{readable} of {len(GALLERY)} can be read in a README: text of 9 px in a column of 830 x 1,600")
    print(f"first drawing of a process, import included: {statistics.median(first({}) for _ in range(3)):.2f} s")
    with tempfile.TemporaryDirectory() as empty:
        print(f"first drawing ever, with an empty cache: {first({'XDG_CACHE_HOME': empty, 'HOME': empty}):.2f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
