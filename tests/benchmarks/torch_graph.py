"""The graphs of the gallery written in PyTorch and drawn by torchviz, where both are installed, to be set beside ours.

torchviz draws what the backward pass keeps: a box for each operation, without numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from microgradx import Value, topological_order
from microgradx.view.drawing.reader import LETTERS, READERS
from microgradx.view.layout.renderers import lay_out

try:
    import torch
    import torchviz

    INSTALLED = True
except ImportError:
    INSTALLED = False

LETTERS_OF_TORCHVIZ = 10.0  # points, as it sets them
"""torchviz fits a picture into 12 inches, which makes a large one smaller still."""


def written_in_torch(output: Value) -> Any:
    """The same graph with a tensor of one number for each value."""
    functions: dict[str, Callable[..., Any]] = {
        "power": torch.pow, "product_or_zero": torch.mul, "sech": lambda x: 1.0 / torch.cosh(x),
        "normal_cdf": torch.special.ndtr, "sum": lambda *terms: torch.stack(terms).sum(),
        "mean": lambda *terms: torch.stack(terms).mean(),
        "dot": lambda *pairs: torch.dot(torch.stack(pairs[: len(pairs) // 2]), torch.stack(pairs[len(pairs) // 2 :])),
    }
    made: dict[Value, Any] = {}
    for node in topological_order(output):
        if node.op is None:
            made[node] = torch.tensor(node.data, dtype=torch.float64, requires_grad=True)
            continue
        function = functions.get(node.op.name) or getattr(torch, node.op.name)
        operands = [made[x] if isinstance(x, Value) else torch.tensor(float(x), dtype=torch.float64) for x in node.parents]
        made[node] = function(*operands)
    return made[output]


def text_of_torchviz(output: Value, patience: float) -> float:
    """The height of the text in pixels on a README's page."""
    svg = lay_out(torchviz.make_dot(written_in_torch(output)).source, seconds=patience).decode()
    size = re.search(r'<svg[^>]* width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    shrunk = re.search(r'transform="scale\(([\d.]+)', svg)
    assert size is not None
    shown = READERS["readme"].text_size(float(size[1]), float(size[2])) / LETTERS
    return LETTERS_OF_TORCHVIZ * shown * (float(shrunk[1]) if shrunk else 1.0)
