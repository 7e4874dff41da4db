"""The drawing itself: a `graphviz.Digraph` that needs no `dot` for SVG, saves by suffix, and shows itself in a notebook."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import graphviz  # type: ignore[import-untyped]  # it ships no types

from ...files import write_atomically
from ..layout.renderers import RendererUnavailable, can_rasterize, lay_out, rasterize
from . import svg
from .pan_zoom_page import page

WIRE = re.compile(r'^\t(?=\w+ -> \w+ \[id="(\w+)")(\w+) -> (\w+)', re.MULTILINE)
"""A wire's id, tail and head in DOT text."""

SUFFIXES = (".svg", ".png", ".pdf", ".dot", ".gv", ".html")


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # its base class is untyped
    """A drawing of a graph: `.source`, `.pipe()`, `.render()` and `.view()` as the graphviz package has them.

    >>> from microgradx import Value
    >>> from microgradx.view.drawing.draw import draw
    >>> draw(Value(3.0, "x") * 2).source.splitlines()[0]
    'digraph gradient_flow {'

    `svg()` and `to_html()` give text, `save("x.svg")` a file, and a notebook shows the SVG by itself.
    """

    title = "a graph"
    summary = ""
    theme = "light"
    upright = False
    seconds = 10.0
    layout: str | None = None
    folded: Callable[[], Drawing] | None = None

    def svg(self) -> str:
        """The SVG as text; its ids are unique in this process, so that several stand in one page.

        Where the layout takes longer than the limit, a folded drawing is given instead, and its caption says so.
        """
        return self._svg(self.layout)

    def _svg(self, engine: str | None) -> str:
        try:
            raw = lay_out(self.source, "svg", engine, self.seconds).decode()
        except (TimeoutError, RuntimeError) as error:
            if self.folded is None or isinstance(error, RendererUnavailable):
                if isinstance(error, TimeoutError):
                    raise TimeoutError(
                        f"{error}: draw less of it with path=, depth= or module=, fold it with detail='layers', "
                        "or give it longer with seconds="
                    ) from None
                raise
            return self.folded()._svg(engine)
        return svg.finished(raw, svg.prefix_of("g"), self.title, self.summary, self.theme, self.upright)

    def to_html(self) -> str:
        """A page of its own: the SVG with pan, zoom, and the wires of the card under the pointer set off. No network."""
        made = self.svg()
        prefix = made[len('<svg id="') :].partition("svg")[0]
        return page(made, self.title, self.theme, prefix, WIRE.findall(self.source))

    def pipe(self, format: str | None = None, *args: Any, encoding: str | None = None, **options: Any) -> Any:
        """The picture as bytes, or as text in an `encoding`. SVG needs nothing installed, PNG `dot` or the png extra.

        `renderer`, `formatter` and other options of the graphviz package are handed on to it and need `dot`.
        """
        if args or any(options.values()):
            return super().pipe(format, *args, encoding=encoding, **options)
        made = self._bytes(format or "svg")
        return made.decode(encoding) if encoding else made

    def _bytes(self, format: str) -> bytes:
        if format == "svg":
            return self.svg().encode()
        if format in ("dot", "gv"):
            return str(self.source).encode()
        if format == "html":
            return self.to_html().encode()
        try:
            return lay_out(self.source, format, self.layout, self.seconds)
        except RendererUnavailable:
            if format == "png" and can_rasterize():
                return rasterize(self._svg(self.layout))
            raise

    def save(self, filename: Any = None, directory: Any = None, *, skip_existing: bool | None = False) -> str:
        """Write the drawing into a file and give its path; the suffix decides: .svg .png .pdf .dot .gv .html.

        The file is whole or not there at all, and no other file is left. Without a name the DOT text is written, as the graphviz
        package does.
        """
        path = Path(directory or self.directory or "", filename or self.filename)
        if path.suffix.lower() not in SUFFIXES:
            raise ValueError(f"cannot tell what to write into {str(path)!r}: end the name in one of {' '.join(SUFFIXES)}")
        if not (skip_existing and path.exists()):
            write_atomically(path, self._bytes(path.suffix.lower()[1:]))
        return str(path)

    def render(
        self,
        filename: Any = None,
        directory: Any = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *args: Any,
        outfile: Any = None,
        **options: Any,
    ) -> str:
        """Write the DOT text and the picture beside it, and give the picture's path, as the graphviz package does.

        `cleanup` removes the DOT text again, `outfile` names the picture, and the format is SVG where none is given.
        """
        if args or any(value for name, value in options.items() if name not in ("quiet", "quiet_view")):
            return str(super().render(filename, directory, view, cleanup, format, *args, outfile=outfile, **options))
        source = Path(directory or self.directory or "", filename or self.filename)
        target = Path(outfile) if outfile else Path(f"{source}.{format or 'svg'}")
        made = self._bytes(format or target.suffix[1:])
        if not outfile and not cleanup:
            write_atomically(source, self.source.encode())
        write_atomically(target, made)
        if view:
            self._view(str(target), format=target.suffix[1:], quiet=bool(options.get("quiet_view")))
        return str(target)

    def copy(self) -> Drawing:
        """An independent copy, to add nodes and edges to."""
        twin = copy.copy(self)
        twin.body = list(self.body)
        return twin

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, str]:
        """What a notebook shows: the SVG and a line of text; where no SVG can be made, the text says why. Never raises."""
        bundle = {"text/plain": repr(self)}
        try:
            bundle["image/svg+xml"] = self.svg()
        except Exception as error:  # a notebook would show a traceback instead of the value
            bundle["text/plain"] += f"\n{error}"
        wanted = set(include) if include is not None else set(bundle)
        return {kind: data for kind, data in bundle.items() if kind in wanted - set(exclude or ())}

    def __repr__(self) -> str:
        return f"<Drawing of {self.title}: {self.summary}>"

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name != "folded"}
        return _restored, (state,)


def _restored(state: dict[str, Any]) -> Drawing:
    drawing = Drawing()
    drawing.__dict__.update(state)
    return drawing
