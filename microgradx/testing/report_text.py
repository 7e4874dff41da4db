"""The rows of a report as text: an aligned table, how they came out, and what to do about each."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..tables import table
from .verdicts import Shape, Verdict

if TYPE_CHECKING:
    from .report import Partial, Report


def counted_rows(rows: Sequence[Partial]) -> str:
    """How many partials have each verdict, in words."""
    counts = [(sum(row.members for row in rows if row.verdict is verdict), verdict.counted) for verdict in Verdict]
    return ", ".join(f"{count:,} {word}" for count, word in counts if count)


def rows_table(rows: Sequence[Partial], coded_by: str) -> list[str]:
    """Aligned columns, headed by who says what."""
    said_by = " and ".join(dict.fromkeys(row.coded_by or coded_by for row in rows))
    cells = [("input", "at", f"{said_by} says" if " and " not in said_by else f"{said_by} say", "measured", "off by", "verdict")]
    for row in rows:
        together = f"{row.path} (and {row.members - 1:,} more)" if row.members > 1 else row.path
        at = "" if row.members > 1 else f"{row.point:.6g}"
        coded = repr(row.coded) if row.verdict is Verdict.WRONG and row.off < 1e-6 else f"{row.coded:.10g}"
        measured = "not measurable" if row.numeric.verdict is Shape.UNRESOLVED else repr(row.numeric)
        measured = "not measured" if row.members > 1 and math.isnan(row.numeric.value) else measured
        off = f"{row.off:.1e}" if row.numeric.verdict.has_slope else ""
        verdict = row.verdict.shown.replace(Shape.KINK, row.numeric.verdict if row.numeric.bent else Shape.KINK)
        cells.append((together, at, coded, measured, off, verdict))
    return [f"  {line}" for line in table(cells, "<" * len(cells[0]), width=None, gap="  ")]


def rows_advice(rows: Sequence[Partial], report: Report) -> list[str]:
    """What to do about each row, once for rows with the same advice; of rows that are weak alike, about the weakest."""
    advice: dict[str, dict[str, None]] = {}
    weak: dict[tuple[bool, str], list[Partial]] = {}
    for row in rows:
        if row.hint:
            advice.setdefault(row.hint, {})[row.path] = None  # the same input at several samples once
        elif row.verdict is Verdict.WEAK:
            weak.setdefault((row.members > 1, row.numeric.note), []).append(row)
    for alike in weak.values():
        worst = max(alike, key=lambda row: math.inf if math.isnan(row.sensitivity) else row.sensitivity)
        advice.setdefault(_weak(worst, report.strict), {}).update(dict.fromkeys(row.path for row in alike))
    texts = [f"{', '.join(list(paths)[:3])}{' ...' * (len(paths) > 3)}: {hint}" for hint, paths in advice.items()]
    return ["", *(line for text in texts for line in wrapped_lines(text))] if texts else []


def _weak(row: Partial, strict: bool) -> str:
    """What to do about agreement that rounding noise, or the company of other inputs, makes weak."""
    if row.members > 1:
        return (
            f"measured together, so that an error below {row.sensitivity:.0e} in one of {row.members:,} would not show: "
            "check fewer at once, such as one layer's"
        )
    if row.numeric.whole:
        return row.numeric.open_question
    hidden = f"{row.sensitivity:.0e}" if row.coded else "any size"
    if row.numeric.note:
        refused = ", strict=True lets no such row pass" * strict
        return f"{row.numeric.note}, so relative errors below {hidden} do not show{refused}{_asking_less(row)}"
    return (
        f"rounding noise of f hides relative errors below {hidden}: use a point where f is smaller or steeper, or "
        'oracle="exact"'
        + "; strict=True lets no such row pass" * strict + _asking_less(row)
    )


def _asking_less(row: Partial) -> str:
    """The rtol with which a row would not be weak, where that still says something."""
    size = abs(row.numeric.value)
    enough = 2.0 * row.numeric.bound / size if size else math.inf
    return f"; rtol={10.0 ** math.ceil(math.log10(enough)):.0e} asks for no more than f can show" if 0.0 < enough < 0.1 else ""


def wrapped_lines(text: str) -> list[str]:
    """`text` in lines that fit a terminal, indented, never broken inside a word."""
    return textwrap.wrap(
        text, 118, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
