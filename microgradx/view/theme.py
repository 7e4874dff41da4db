"""The colors of a drawing, light, dark, and following the reader's system: Okabe and Ito's, which color-blind eyes tell apart."""

from __future__ import annotations

from dataclasses import dataclass

FONT, EDGE_FONT = "Helvetica", "Courier"  # both known to every viewer and measured by the embedded Graphviz


@dataclass(frozen=True)
class Theme:
    """A set of colours; each tone is (line, tint): what the sign of a gradient looks like."""

    background: str
    card: str
    ink: str
    faint: str
    tones: dict[str, tuple[str, str]]


LIGHT = Theme(
    background="#FFFFFF",  # opaque: a transparent picture vanishes in a dark notebook
    card="#FFFFFF",
    ink="#1F2328",
    faint="#57606A",
    tones={
        "pos": ("#0072B2", "#CFE3F2"),
        "neg": ("#D55E00", "#FBDCC6"),
        "zero": ("#8C959F", "#ECEEF0"),
        "bad": ("#AA3377", "#F3D6E5"),  # Paul Tol's bright purple
        "none": ("#8C959F", "#FFFFFF"),
    },
)
DARK = Theme(
    background="#0D1117",
    card="#161B22",
    ink="#E6EDF3",
    faint="#9DA7B3",
    tones={
        "pos": ("#56B4E9", "#12384F"),
        "neg": ("#E69F00", "#4A3205"),
        "zero": ("#7D8590", "#262C36"),
        "bad": ("#EE88BB", "#55213F"),
        "none": ("#7D8590", "#161B22"),
    },
)
THEMES = {"light": LIGHT, "dark": DARK, "auto": LIGHT}  # auto is light plus `dark_style`


def dark_style(scope: str) -> str:
    """Give the CSS that turns a light drawing dark where the reader's system asks for it; `scope` is the id of its svg."""
    rules = [
        f"#{scope} > g > polygon:first-of-type{{fill:{DARK.background};stroke:none}}",
        f"#{scope} text{{fill:{DARK.faint}}}",
        f"#{scope} .node text{{fill:{DARK.ink}}}",
        f"#{scope} .edge text{{stroke:{DARK.background}}}",
        f"#{scope} .node stop:first-child{{stop-color:{DARK.card}!important}}",
    ]
    for tone, (line, tint) in DARK.tones.items():
        rules += [
            f"#{scope} .{tone} polygon,#{scope} .{tone} path{{stroke:{line}}}",
            f"#{scope} .edge.{tone} polygon{{fill:{line}}}",
            f"#{scope} .{tone} stop:last-child{{stop-color:{tint}!important}}",
            f'#{scope} .node.{tone} [fill="{LIGHT.tones[tone][1].lower()}"]{{fill:{tint}}}',  # a card without a strip
        ]
    return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"


def tone_of(gradient: float | None) -> str:
    """Give the tone of a gradient or contribution.

    >>> [tone_of(g) for g in (2.0, -0.5, 0.0, float("nan"), None)]
    ['pos', 'neg', 'zero', 'bad', 'none']
    """
    if gradient is None:
        return "none"
    if gradient - gradient != 0.0:  # inf - inf and nan - nan are nan
        return "bad"
    return "pos" if gradient > 0.0 else "neg" if gradient < 0.0 else "zero"
