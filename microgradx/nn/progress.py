"""A bar that shows the epochs of a training, if tqdm is installed and somebody can see it."""

from __future__ import annotations

import sys
from collections.abc import Callable

from .history import History


def bar(epochs: int, progress: bool | None) -> Callable[[History | None], None]:
    """A function that shows one more epoch, or closes the bar when handed None."""
    if progress is False or (progress is None and not (sys.stderr.isatty() or "ipykernel" in sys.modules)):
        return lambda history: None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        if progress:
            raise ImportError("progress=True needs tqdm: pip install 'microgradx[progress]'") from None
        return lambda history: None
    shown = tqdm(total=epochs, unit="epoch")

    def show(history: History | None) -> None:
        if history is None:
            shown.close()
        else:
            shown.set_postfix_str(f"loss {history.loss[-1]:.6g}", refresh=False)
            shown.update()

    return show
