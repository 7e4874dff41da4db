"""A drawing as one page: pan, zoom, and the wires of the card under the pointer set off. It asks the network for nothing."""

from __future__ import annotations

import json
from html import escape
from string import Template

from ..theme import page_colours
from .svg import plain

STYLE = """
html,body{margin:0;height:100%;overflow:hidden;background:var(--background)}
svg{width:100%;height:100%;cursor:grab;touch-action:none}
svg.held{cursor:grabbing}
svg .node,svg .edge{transition:opacity .15s}
svg.lit .node,svg.lit .edge{opacity:.2}
svg.lit .on{opacity:1}
@media (prefers-reduced-motion:reduce){svg .node,svg .edge{transition:none}}
"""

SCRIPT = """
const svg = document.querySelector("svg"), box = svg.viewBox.baseVal;
const home = [box.x, box.y, box.width, box.height];
const set = (x, y, w, h) => { box.x = x; box.y = y; box.width = w; box.height = h; };
const at = e => {
  const point = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [point.x, point.y];
};
const zoom = (k, x, y) => set(x - (x - box.x) * k, y - (y - box.y) * k, box.width * k, box.height * k);
svg.addEventListener("wheel", e => { e.preventDefault(); zoom(Math.exp(e.deltaY / 500), ...at(e)); }, { passive: false });
let held = null;
svg.addEventListener("pointerdown", e => { held = at(e); svg.setPointerCapture(e.pointerId); svg.classList.add("held"); });
svg.addEventListener("pointermove", e => {
  if (!held) return;
  const [x, y] = at(e);
  box.x += held[0] - x; box.y += held[1] - y;
});
svg.addEventListener("pointerup", () => { held = null; svg.classList.remove("held"); });
svg.addEventListener("dblclick", () => set(...home));
addEventListener("keydown", e => {
  const middle = [box.x + box.width / 2, box.y + box.height / 2], step = box.width / 10;
  const keys = {
    "+": () => zoom(0.8, ...middle), "-": () => zoom(1.25, ...middle), "0": () => set(...home),
    ArrowLeft: () => box.x -= step, ArrowRight: () => box.x += step, ArrowUp: () => box.y -= step, ArrowDown: () => box.y += step,
  };
  if (keys[e.key]) { keys[e.key](); e.preventDefault(); }
});
const wires = JSON.parse(document.getElementById("wires").textContent);
const named = id => document.getElementById(id);
for (const card of svg.querySelectorAll(".node")) {
  const id = card.id;
  const near = wires.filter(([, tail, head]) => tail === id || head === id).flat().concat(id);
  const light = on => {
    svg.classList.toggle("lit", on);
    near.forEach(n => named(n)?.classList.toggle("on", on));
  };
  card.addEventListener("pointerenter", () => light(true));
  card.addEventListener("pointerleave", () => light(false));
}
"""


PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>$title</title>
<style>$style</style>
</head>
<body>
$svg
<script type="application/json" id="wires">$wires</script>
<script>$script</script>
</body>
</html>
""")


def page(svg: str, title: str, theme: str, wires: list[tuple[str, str, str]]) -> str:
    """The page of an SVG; `wires` are (id, tail, head)."""
    return PAGE.substitute(
        title=escape(plain(title)),
        style=page_colours(theme) + STYLE,
        svg=svg,
        wires=json.dumps(wires),
        script=SCRIPT,
    )
