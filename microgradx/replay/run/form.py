"""What every form of a narrow program answers: what a run costs, what it takes to make, and how it is bound to buffers."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from .array_program import Array
from .finite import finite
from .layout import Layout


class Form:
    """The rows of a layout, ready to be bound. All forms give the bits of eager evaluation where the results are finite."""

    name: ClassVar[str]
    said: ClassVar[str]  # in a printed program
    exact: ClassVar[bool] = False  # whether results that are not finite are right, too
    in_loops: ClassVar[bool] = False  # whether steps that repeat need not be written out
    arrays: ClassVar[float] = 1.0  # how many times as long as a run in this form one as arrays may take

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @classmethod
    def cost(cls, layout: Layout) -> float:
        """About how many ns a run takes; infinity where the rows cannot have this form."""
        raise NotImplementedError

    @classmethod
    def making(cls, layout: Layout, closely: bool = True) -> float:
        """About how many ns it takes to make one; unless `closely`, at least how many, as it may take time to tell."""
        raise NotImplementedError

    def bind(self) -> Callable[[Array], Array]:
        """The program as a function from inputs to results; it owns its buffers, so each thread binds its own."""
        raise NotImplementedError

    def bind_checked(self) -> Callable[[Array], Array]:
        """The same, raising FloatingPointError where a result is not finite; it cannot be entered again before it ends."""
        return finite(self.bind())
