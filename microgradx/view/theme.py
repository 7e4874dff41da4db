"""The colours of all that is looked at, drawings, pages and plots: Okabe and Ito's, which colour-blind eyes tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FONT, EDGE_FONT = "Helvetica", "Courier"  # both known to every viewer and measured by the embedded Graphviz


@dataclass(frozen=True)
class Theme:
    """A set of colours; each tone is (line, tint): what the sign of a gradient looks like. `mark` lies under the current row."""

    background: str
    card: str
    ink: str
    faint: str
    mark: str
    tones: dict[str, tuple[str, str]]


LIGHT = Theme(
    background="#FFFFFF",  # opaque: a transparent picture vanishes in a dark notebook
    card="#FFFFFF",
    ink="#1F2328",
    faint="#57606A",
    mark="#FFF3BF",
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
    mark="#3B3000",
    tones={
        "pos": ("#56B4E9", "#12384F"),
        "neg": ("#E69F00", "#4A3205"),
        "zero": ("#7D8590", "#262C36"),
        "bad": ("#EE88BB", "#55213F"),
        "none": ("#7D8590", "#161B22"),
    },
)
THEMES = {"light": LIGHT, "dark": DARK, "auto": LIGHT}
"""Every theme by its name, for `draw`, `animate`, pages, Mermaid and plots alike; auto is light plus `dark_style`."""

SERIES = (LIGHT.tones["pos"][0], LIGHT.tones["neg"][0], "#009E73", "#CC79A7", "#8A7A2F", "#5B5B5B")
"""Okabe and Ito's colours for lines and classes that have no sign, told apart on a light and on a dark background."""


DARK_NOTEBOOKS = ('[data-jp-theme-light="false"]', ".vscode-dark", '[theme="dark"]')
"""How Jupyter, Visual Studio Code and Colab mark that the reader chose dark, whatever the system says."""


def theme_named(name: str) -> Theme:
    """The theme of that name.

    >>> theme_named("pink")
    Traceback (most recent call last):
    ValueError: theme='pink' is not known: write one of 'light', 'dark', ...
    """
    if name not in THEMES:
        raise ValueError(f"theme={name!r} is not known: write one of {', '.join(map(repr, THEMES))}")
    return THEMES[name]


def css_colours(theme: Theme) -> dict[str, str]:
    """The colours of a theme by the names that style sheets know them by: `pos` is the line of a tone, `pos-tint` its tint."""
    plain = {name: getattr(theme, name) for name in ("background", "card", "ink", "faint", "mark")}
    lines = {tone: line for tone, (line, _) in theme.tones.items()}
    return {**plain, **lines, **{f"{tone}-tint": tint for tone, (_, tint) in theme.tones.items()}}


def css_variables(theme: Theme) -> str:
    """The colours of a theme as CSS variables, which the pages' style sheets are written with.

    >>> css_variables(LIGHT)[:42]
    '--background:#FFFFFF;--card:#FFFFFF;--ink:'
    """
    return "".join(f"--{name}:{colour};" for name, colour in css_colours(theme).items())


def page_colours(name: str) -> str:
    """The CSS of a page: its theme first, for "auto" by the reader's system, and every theme for who chooses another one."""
    rules = [f":root{{{css_variables(theme_named(name))}}}"]
    if name == "auto":
        rules.append(f"@media (prefers-color-scheme:dark){{:root{{{css_variables(DARK)}}}}}")
    rules += [f':root[data-theme="{own}"]{{{css_variables(theme)}}}' for own, theme in THEMES.items() if own != "auto"]
    return "\n".join(rules) + "\n"


def drawing_rules(scope: str, colour: Mapping[str, str]) -> str:
    """The CSS that gives a drawing other colours than it was written with; `scope` selects its svg."""
    rules = [
        f"{scope} .paper,{scope} .halo,{scope} .hollow{{fill:{colour['background']}}}",
        f"{scope} text{{fill:{colour['faint']}}}",
        f"{scope} .node text{{fill:{colour['ink']}}}",
        f"{scope} .cluster [stroke]{{stroke:{colour['zero']}}}",
        f"{scope} .face{{fill:{colour['card']}}}{scope} .minus{{fill:{colour['ink']}}}",
        f"{scope} .empty{{fill:{colour['zero-tint']}}}{scope} .fires{{fill:{colour['pos']}}}",
    ]
    for tone in LIGHT.tones:
        line, tint = colour[tone], colour[f"{tone}-tint"]
        rules += [
            f"{scope} .{tone} [stroke]{{stroke:{line}}}",
            f'{scope} .edge.{tone} [stroke]:not([fill="none"]):not(.hollow){{fill:{line}}}',
            f"{scope} .{tone} .strip{{fill:{tint}}}",
            f"{scope} .cell.{tone}{{fill:{tint if tone == 'zero' else line}}}",
        ]
    return "".join(rules)


def dark_style(scope: str) -> str:
    """The CSS that turns a light drawing dark where the reader's system or notebook does; `scope` is the id of its svg."""
    dark = css_colours(DARK)
    return f"@media (prefers-color-scheme:dark){{{drawing_rules(f'#{scope}', dark)}}}" + "".join(
        drawing_rules(f"{notebook} #{scope}", dark) for notebook in DARK_NOTEBOOKS
    )


def tone_of(gradient: float | None) -> str:
    """The tone of a gradient or contribution.

    >>> [tone_of(g) for g in (2.0, -0.5, 0.0, float("nan"), None)]
    ['pos', 'neg', 'zero', 'bad', 'none']
    """
    if gradient is None:
        return "none"
    if gradient - gradient != 0.0:  # inf - inf and nan - nan are nan
        return "bad"
    return "pos" if gradient > 0.0 else "neg" if gradient < 0.0 else "zero"
