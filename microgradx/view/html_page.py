"""A self-contained page of HTML: its head and policy; `save` writes it, a notebook shows it in a frame of its own."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path
from string import Template
from typing import ClassVar

from ..files import write_atomically

_DOCUMENT = Template("""\
<!doctype html>
<html lang="en"$chosen>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; $policy; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>$title</title>
<style>$style</style>
</head>
<body>
$body<script>$script</script>
</body>
</html>
""")


def document(title: str, body: str, style: str, script: str, theme: str = "auto") -> str:
    """A whole page that asks the network for nothing, and whose policy lets only its own script and style run."""
    return _DOCUMENT.substitute(
        chosen="" if theme == "auto" else f' data-theme="{escape(theme)}"',
        policy="; ".join(f"{kind}-src '{_hash(text)}'" for kind, text in (("style", style), ("script", script))),
        title=escape(title),
        style=style,
        script=script,
        body=body,
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def page_path(path: str | Path) -> Path:
    """The path of a page, refused where its name says that it is a file of another kind.

    >>> page_path("pass.svg")
    Traceback (most recent call last):
    ValueError: 'pass.svg' would hold a page of HTML: end the name in .html
    """
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{str(path)!r} would hold a page of HTML: end the name in .html")
    return Path(path)


class HtmlPage:
    """One page; a subclass says how high it is in a notebook and what its file is called in its repr.

    >>> HtmlPage("<p>hello</p>")
    <page of 0 KiB, shown in a notebook; .save('page.html') writes it to a file>
    """

    HEIGHT: ClassVar[int] = 640  # pixels
    FILE: ClassVar[str] = "page.html"
    MAY: ClassVar[str] = "allow-scripts"  # what a notebook's frame permits

    def __init__(self, html: str) -> None:
        self.html = html

    def save(self, path: str | Path) -> Path:
        """Write the page; gives its path."""
        place = page_path(path)
        write_atomically(place, self.html.encode())
        return place

    def _repr_html_(self) -> str:
        source = escape(self.html)
        return f'<iframe srcdoc="{source}" sandbox="{self.MAY}" width="100%" height="{self.HEIGHT}" style="border:0"></iframe>'

    def __repr__(self) -> str:
        size = len(self.html.encode()) / 1024
        return f"<page of {size:.0f} KiB, shown in a notebook; .save({self.FILE!r}) writes it to a file>"
