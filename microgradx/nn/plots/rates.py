"""The picture of a rate-range test: the loss over the learning rates that were tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import canvas

if TYPE_CHECKING:
    from ..rate_range import RateRange
    from .picture import Picture


def rate_range_picture(found: RateRange, path: canvas.Target = None, theme: str = "light") -> Picture:
    """The loss before the step at each rate, and the rate to begin with."""
    picture, (axes,) = canvas.panels(1)
    axes.plot(found.rates, found.losses, color=canvas.series(0))
    axes.axvline(found.suggested, color=canvas.series(1), linestyle="--", label=f"begin with {found.suggested:.2g}")
    axes.set(xlabel="learning rate", ylabel="loss", xscale="log", ylim=(0.0, 1.6 * max(found.losses[0], min(found.losses))))
    axes.legend(fontsize="small")
    return canvas.finished(picture, path, theme)
