"""For whom a drawing is made: the room on the page, and the smallest text that can be read there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

LETTERS = 11.0  # points: the text of a card
NATURAL = 4.0 / 3.0  # pixels a point, as browsers show it
POINT = 0.75  # points a pixel, as printers have it


class Reader(NamedTuple):
    """A page of so many CSS pixels, and the height of text in pixels that its reader needs."""

    width: float
    height: float
    text: float
    printed: bool = False  # or shown on a wall: who reads it cannot open what is folded

    def text_size(self, width: float, height: float) -> float:
        """How tall, in pixels, the text of a drawing of so many points is, shrunk to fit the page.

        >>> round(READERS["readme"].text_size(1014.0, 500.0), 1), READERS["readme"].text_size(100.0, 100.0)
        (9.0, 14.666666666666666)
        """
        return LETTERS * min(NATURAL, self.width / max(width, 1.0), self.height / max(height, 1.0))

    def too_small(self, size: float, ways: Iterable[str]) -> str:
        """What is said of a drawing whose text, of so many pixels, cannot be read on the page; the first of the ways out."""
        way = next(iter(ways), "draw less of it, or for a larger page")
        return (
            f"on a page of {self.width:g} x {self.height:g} pixels the text of this drawing is {size:.1f} pixels "
            f"({size * POINT:.1f} pt) high, and {self.text:g} can be read: {way}"
        )


READERS = {
    "readme": Reader(830, 1600, 9),  # the column of a README or a notebook, not more than two screens
    "screen": Reader(1600, 900, 9),
    "slide": Reader(1280, 720, 12, printed=True),  # 16:9, read from the back row
    "paper": Reader(336, 864, 8, printed=True),  # a column of 3.5 inches, text of 6 points
}


def reader_of(given: str | tuple[float, float]) -> Reader:
    """The reader of that name, or of a page of so many pixels.

    >>> reader_of((400, 300))
    Reader(width=400, height=300, text=9, printed=False)
    """
    if isinstance(given, str):
        if given not in READERS:
            known = ", ".join(map(repr, READERS))
            raise ValueError(f"for_={given!r} is not known: write one of {known}, or (width, height) in pixels")
        return READERS[given]
    try:
        width, height = given
        fits = width > 0 and height > 0
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(f"for_={given!r} is not a page: write its width and height in pixels, such as (830, 1600)")
    return Reader(width, height, 9)
