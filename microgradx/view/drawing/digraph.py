"""The drawing itself: a `graphviz.Digraph` that needs no `dot` for SVG, saves by suffix, and shows itself in a notebook."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from weakref import ref

import graphviz  # type: ignore[import-untyped]  # it ships no types

from ... import hints
from ...engine import Value
from ...files import write_atomically
from ..layout.pictures import PICTURES, picture_of
from ..layout.renderers import lay_out
from . import svg
from .dot import written_dot
from .heat import Heat
from .pan_zoom_page import page
from .shapes import Shapes

WIRE = re.compile(r'^\t(?=\w+ -> \w+ \[id="(\w+)")(\w+) -> (\w+)', re.MULTILINE)
"""A wire's id, tail and head in DOT text."""

LABEL = re.compile(r'^(\t\w+ -> \w+ \[id="(\w+)" [^\n]*?) xlabel="([^"]*)"', re.MULTILINE)
"""A wire with a label of ours: what stands before it, the wire's id, the text."""

SUFFIXES = (".svg", *(f".{kind}" for kind in PICTURES), ".dot", ".gv", ".html")


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # its base class is untyped
    """A drawing of a graph: `.source`, `.pipe()`, `.render()` and `.view()` as the graphviz package has them.

    >>> from microgradx import Value
    >>> from microgradx.view.drawing.draw import draw
    >>> draw(Value(3.0, "x") * 2).source.splitlines()[0]
    'digraph gradient_flow {'

    `svg()` and `to_html()` give text, `save("x.svg")` a file, and a notebook shows the SVG by itself. `graph_attr`, `node_attr`,
    `edge_attr`, `format` and `engine` hold as in any Digraph, and nodes and edges can be added.
    """

    title = "a graph"
    summary = ""
    theme = "light"
    layout: str | None = None
    caption: Sequence[str] = ()
    own = ""
    insides: Callable[[], dict[str, Drawing]] | None = None
    tables: Mapping[str, Heat] = MappingProxyType({})
    curves: Mapping[str, Sequence[float]] = MappingProxyType({})
    places: Mapping[int, tuple[ref[Value], str]] = MappingProxyType({})  # of a value by identity, and the card
    _made = _label = ""
    _laid_out: tuple[str, str] = ("", "")

    if not TYPE_CHECKING:  # who checks types is told of a name that is not there anyway

        def __getattr__(self, name):
            raise hints.missing_name("a Drawing", name, hints.DRAWING_NAMES, dir(type(self)))

    def svg(self) -> str:
        """The SVG as text; equal drawings give equal bytes, and different ones share no id in one page."""
        return self._svg(self.theme)

    def _svg(self, theme: str) -> str:
        source = self.source
        changed = bool(self._made) and source != self._made
        how = svg.Finish(
            self.title,
            self.summary,
            theme,
            self.caption if self._captioned() else (),
            {wire: _unescaped(text.strip()) for _, wire, text in LABEL.findall(source) if text.strip()},
            self.own,
            f"g{hashlib.sha256(source.encode()).hexdigest()[:8]}-",
            changed,
            self.curves,
            self.tables,
        )
        return svg.finished_svg(self.laid_out(), how)

    def laid_out(self) -> str:
        """What the layout engine makes of the graph without labels on wires and caption, which take their places later."""
        bare = LABEL.sub(r"\1", self.source)
        head, node, body = bare.partition("\n\tnode [")
        if self._captioned():
            head = re.sub(r' label="[^"]*"', "", head, count=1)
        bare = head + node + body
        key = f"{self.engine} {self.layout} {bare}"
        if self._laid_out[0] != key:
            self._laid_out = key, lay_out(bare, "svg", self.layout, program=self.engine).decode()
        return self._laid_out[1]

    def _captioned(self) -> bool:
        """Whether the text below is still the drawing's own."""
        return bool(self.caption) and self.graph_attr.get("label") == self._label

    def size(self) -> tuple[float, float]:
        """The width and height of the picture in points, without caption."""
        found = re.search(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"', self.laid_out())
        assert found is not None
        return float(found[1]), float(found[2])

    def whole_size(self) -> tuple[float, float]:
        """The width and height of the picture in points, with its caption."""
        width, height = self.size()
        return svg.with_caption(svg.caption_lines(self.caption, width) if self._captioned() else (), width, height)

    def node_id(self, value: Value) -> str:
        """The name of the node that shows `value`, to add edges to; it is the id in the SVG too, as long as nothing is added.

        >>> from microgradx import draw
        >>> x = Value(3.0, "x")
        >>> drawing = draw(x * 2)
        >>> f'id="{drawing.node_id(x)}"' in drawing.svg()
        True
        """
        found = self.places.get(id(value))
        if found is None or found[0]() is not value:
            raise KeyError(f"{value!r} is not in {self!r}")
        return found[1]

    def to_html(self) -> str:
        """A page of its own, without network: pan, pinch, zoom, search, the wires of a card set off, folds that open."""
        plain = "light" if self.theme == "auto" else self.theme  # the page has the colours of all themes
        insides = {id: inside._svg(plain) for id, inside in self.insides().items()} if self.insides else {}
        return page(self._svg(plain), self.title, self.theme, WIRE.findall(self.source), insides)

    def pipe(self, format: str | None = None, *args: Any, encoding: str | None = None, **options: Any) -> Any:
        """The picture as bytes, or as text in an `encoding`. SVG needs nothing installed, PNG and PDF an extra or `dot`.

        `renderer`, `formatter` and other options of the graphviz package are handed on to it and need `dot`.
        """
        if args or any(options.values()):
            return super().pipe(format, *args, encoding=encoding, **options)
        made = self._bytes(format or self.format)
        return made.decode(encoding) if encoding else made

    def _bytes(self, format: str) -> bytes:
        if format == "svg":
            return self.svg().encode()
        if format in ("dot", "gv"):
            return str(self.source).encode()
        if format == "html":
            return self.to_html().encode()
        if format in PICTURES:
            return picture_of(self.svg(), format, self.source, self.layout, self.engine)
        return lay_out(self.source, format, self.layout, program=self.engine)

    def save(self, filename: Any = None, directory: Any = None, *, skip_existing: bool | None = False) -> str:
        """Write the drawing into a file and give its path; the suffix decides: .svg .png .jpg .pdf .dot .gv .html.

        The file is whole or not there at all, and no other file is left. Without a name the DOT text is written, as the graphviz
        package does.
        """
        path = Path(directory or self.directory or "", filename or self.filename)
        if path.suffix.lower() not in SUFFIXES:
            raise ValueError(f"unknown file type {path.suffix!r} of {str(path)!r}: end the name in {', '.join(SUFFIXES)}")
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

        `cleanup` removes the DOT text again, `outfile` names the picture, and the format is the drawing's where none is given.
        """
        if args or any(value for name, value in options.items() if name not in ("quiet", "quiet_view")):
            return str(super().render(filename, directory, view, cleanup, format, *args, outfile=outfile, **options))
        source = Path(directory or self.directory or "", filename or self.filename)
        target = Path(outfile) if outfile else Path(f"{source}.{format or self.format}")
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
        for attributes in ("graph_attr", "node_attr", "edge_attr"):
            setattr(twin, attributes, dict(getattr(self, attributes)))
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
        return _restored, ({name: value for name, value in self.__dict__.items() if name not in ("places", "insides")},)


def _restored(state: dict[str, Any]) -> Drawing:
    drawing = Drawing()
    drawing.__dict__.update(state)
    return drawing


def drawing_of(picture: Shapes, name: str, theme: str, flow: str, rankdir: str, fast: bool, engine: str | None) -> Drawing:
    """The drawing of a picture."""
    drawing = Drawing(name, format="svg")
    graph, node, edge, lines = written_dot(picture, theme, flow, rankdir, fast)
    drawing.graph_attr.update(graph)
    drawing.node_attr.update(node)
    drawing.edge_attr.update(edge)
    drawing.body += lines
    drawing.title, drawing.theme, drawing.caption, drawing.layout = picture.title, theme, picture.caption, engine
    drawing.own = lines[0].split(" ", 1)[0][-9:] if lines else ""
    drawing._made, drawing._label = drawing.source, graph.get("label", "")
    return drawing


def _unescaped(text: str) -> str:
    return text.replace("&#92;&#92;", "\\").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
