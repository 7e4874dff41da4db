"""What Graphviz's SVG still needs: ids of its own, real tooltips, a title and summary for screen readers, a dark side."""

from __future__ import annotations

import re
from html import escape
from itertools import count

from ..theme import THEMES, dark_style

SANS = "Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif"
MONO = "Courier,'Courier New','Liberation Mono','DejaVu Sans Mono',monospace"

_serial = count(1)


def prefix_of(name: str) -> str:
    """A prefix for ids that no other drawing of this process has."""
    return f"{name}{next(_serial)}-"


def finished(raw: str, prefix: str, title: str, summary: str, theme: str, upright: bool) -> str:
    """The SVG that Graphviz wrote, ready to stand in a page beside others.

    The prolog goes (it may not stand inside HTML), each id and reference gets `prefix`, and the tooltip of each card and wire
    becomes its `<title>`, which every viewer shows; Graphviz writes a link without a target instead. `upright` says that wires
    run up or down, so that their labels step aside.
    """
    body = re.sub(r"<!--.*?-->\s*", "", raw[raw.index("<svg") :], flags=re.DOTALL)
    body = re.sub(r'\sid="([^"]+)"', rf' id="{prefix}\1"', _titled(body))
    body = re.sub(r'="url\(#([^")]+)\)"', rf'="url(#{prefix}\1)"', body)
    body = body.replace(' xml:space="preserve"', "").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    halo = f'stroke="{THEMES[theme].background}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
    body = body.replace('font-family="Helvetica,sans-Serif"', f'font-family="{SANS}"')
    aside = 'dx="5"' if upright else 'dy="-2"'
    body = body.replace('font-family="Courier,monospace"', f'{aside} font-family="{MONO}" {halo}')  # readable beside a wire
    opening, content = body[len("<svg") :].split(">", 1)
    style = f"<style>{dark_style(prefix + 'svg')}</style>\n" if theme == "auto" else ""
    return (
        f'<svg id="{prefix}svg" role="img" aria-labelledby="{prefix}title {prefix}summary"{opening}>\n'
        f'<title id="{prefix}title">{escape(plain(title))}</title>\n'
        f'<desc id="{prefix}summary">{escape(plain(summary))}</desc>\n{style}{content.lstrip()}'
    )


def _titled(body: str) -> str:
    """Move each tooltip from the link around a card or wire into its title, and drop the links."""
    body = re.sub(
        r'(<g id="[^"]*" class="(?:node|edge)[^"]*">\s*)<title>[^<]*</title>\s*<g id="a_[^"]*"><a xlink:title="([^"]*)">',
        r"\1<title>\2</title><g><a>",
        body,
    )
    body = re.sub(r'<g id="a_[^"]*"><a[^>]*>|<g><a>', "", body)
    body = re.sub(r"\s*</a>\s*</g>", "", body)
    return re.sub(r'(<g id="[^"]*" class="graph"[^>]*>\s*)<title>[^<]*</title>\s*', r"\1", body)


def plain(text: str) -> str:
    """A text without the control characters that no XML file can hold."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
