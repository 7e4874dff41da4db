"""A self-contained page of HTML: `save` writes it, a notebook shows it in a frame of its own."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import ClassVar

from ..files import write_atomically


class HtmlPage:
    """One page; a subclass says how high it is in a notebook and what its file is called in its repr.

    >>> HtmlPage("<p>hello</p>")
    <page of 0 KiB, shown in a notebook; .save('page.html') writes it to a file>
    """

    HEIGHT: ClassVar[int] = 640  # pixels
    FILE: ClassVar[str] = "page.html"

    def __init__(self, html: str) -> None:
        self.html = html

    def save(self, path: str | Path) -> Path:
        """Write the page; gives its path."""
        write_atomically(Path(path), self.html.encode())
        return Path(path)

    def _repr_html_(self) -> str:
        source = escape(self.html)
        return f'<iframe srcdoc="{source}" sandbox="allow-scripts" width="100%" height="{self.HEIGHT}" style="border:0"></iframe>'

    def __repr__(self) -> str:
        size = len(self.html.encode()) / 1024
        return f"<page of {size:.0f} KiB, shown in a notebook; .save({self.FILE!r}) writes it to a file>"
