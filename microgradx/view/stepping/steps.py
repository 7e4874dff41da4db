"""What the steps of all phases have in common: a place, a value, a line of text and a block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...engine import Value
from ..trace import Contribution
from ..wording import Pass, SourceLine
from ..words.terminal import Part, terminal_width
from .pen import Pen

Keep = Callable[[Contribution], bool]


@dataclass(frozen=True)
class Showing:
    """How a step is looked at: with so many contributions filled in, all listed, those that `keep` wants, or one sought."""

    part: int | None = None
    full: bool = False
    keep: Keep | None = None
    sought: Value | None = None


SHOWN_WHOLE = Showing()
ByKey = Mapping[str, float] | Mapping[Value, float] | Mapping[str | Value, float]
"""Numbers for values, each found by its name or given itself."""


def by_key(numbers: ByKey | None, by_name: Mapping[str, float]) -> dict[str | Value, float]:
    """The numbers of both together."""
    if numbers is not None and not isinstance(numbers, Mapping):
        raise TypeError(f"{numbers!r} does not say which value it is for: write the name with it, for example a=6")
    asked: dict[str | Value, float] = {}
    for given in (numbers or {}, by_name):
        for key, number in given.items():
            asked[key] = number
    return asked


class AnyStep:
    """A step of a pass; `repr` is a line, `str` the block. `index` is its place in the pass, `number` that in its phase."""

    phase = ""

    def __init__(self, number: int, of: Pass) -> None:
        self.number, self.index = number, of.start + number
        self.of = of

    @property
    def node(self) -> Value:
        """The value that the step is about."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """What that value is called."""
        return self.of.names[self.node]

    @property
    def nodes(self) -> Sequence[Value]:
        """All values that the step is about."""
        return (self.node,)

    @property
    def line(self) -> SourceLine | None:
        """The line of the program that computed the value, if the pass is of `stepper(f, *args)`."""
        return self.of.lines.get(self.node)

    @property
    def upstream(self) -> float:
        """The gradient of the output by the value, as the whole pass gives it."""
        return self.of.trace.adjoints.get(self.node, 0.0)

    @property
    def contributions(self) -> list[Contribution]:
        """What the step sends to the operands of the value: something only in the backward phase."""
        return []

    def told(self, width: int, keep: Keep | None = None) -> str:
        """The step in one line."""
        raise NotImplementedError

    def announced(self, width: int) -> str:
        """The step in one line as it is told beforehand: no number of it is given away."""
        raise NotImplementedError

    def mentioned(self, look: Showing) -> Iterable[Value]:
        """The values that the block names."""
        return [self.node]

    def parts(self, pen: Pen, look: Showing) -> list[Part]:
        """The block, as the pen writes now."""
        raise NotImplementedError

    def block(self, look: Showing = SHOWN_WHOLE) -> str:
        """The block in lines as wide as the terminal."""
        pen = Pen(self.of)
        return "\n".join(pen.lines(self.mentioned(look), lambda: self.parts(pen, look)))

    def __repr__(self) -> str:
        return f"<{self.told(terminal_width() - 2)}>"

    def __str__(self) -> str:
        return self.block()
