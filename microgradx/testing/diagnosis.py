"""What all wrong rows of one point have in common: slips that a single row does not show."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

from .report import Partial
from .verdicts import Verdict

ENTRY = re.compile(r"^(.*)\[(\d+)(?:, |\]\[)(\d+)\]$")  # of a matrix: w[1, 2] or w[1][2]
JACOBIAN_ENTRY = re.compile(r"^(.*)\[(\d+)\] by (.*)\[(\d+)\]$")
NEAR_ENOUGH = 1e-5  # relative: rows whose bound is wider tell nothing
VAGUE = ("this matches no common mistake", "far from what", "torch's", "jax")  # hints that say little
MOST_TIMES = 1000  # the largest whole number taken for a count


def diagnose_rows(rows: Sequence[Partial], outputs: int) -> None:
    """Give the wrong rows of one point the hint that explains all of them, if there is one."""
    seen = [row for row in rows if row.members == 1 and row.numeric.verdict.has_slope and math.isfinite(row.coded)]
    wrong = [row for row in seen if row.verdict is Verdict.WRONG]
    if not wrong:
        return
    vague = all(row.hint.startswith(VAGUE) or (len(wrong) > 1 and "power is off" in row.hint) for row in wrong)
    shared = (_transposed, _column_by_column, _halves, _empty_block, _counted, _by_output)
    for explain in (*shared, _ratio, _logarithm, _regulariser, _whole_numbers) if vague else shared:
        if text := explain(seen, wrong, outputs):
            for row in wrong:
                row.hint = text
            return


def _near(a: float, b: float, row: Partial) -> bool:
    return abs(a - b) <= max(NEAR_ENOUGH * abs(b), 2.0 * row.numeric.bound + row.slack)


def _entries(rows: Sequence[Partial]) -> dict[tuple[str, int, int], Partial]:
    """Rows that are entries of a matrix, or of a Jacobian, by (whose, row, column)."""
    found = {}
    for row in rows:
        if match := JACOBIAN_ENTRY.match(row.path):
            found[f"{match[1]} by {match[3]}", int(match[2]), int(match[4])] = row
        elif match := ENTRY.match(row.path):
            found[match[1], int(match[2]), int(match[3])] = row
    return found


def _mirrored(rows: Sequence[Partial]) -> list[tuple[Partial, Partial]]:
    """Pairs of entries on either side of a diagonal."""
    entries = _entries(rows)
    return [(row, entries[name, j, i]) for (name, i, j), row in entries.items() if i < j and (name, j, i) in entries]


def _transposed(seen: Sequence[Partial], wrong: Sequence[Partial], outputs: int) -> str:
    pairs = _mirrored(seen)
    known = {id(row) for pair in pairs for row in pair}
    if not pairs or any(id(row) not in known for row in wrong):
        return ""
    if all(_near(a.coded, b.numeric.value, b) and _near(b.coded, a.numeric.value, a) for a, b in pairs):
        return "the coded entries are those of the transpose: rows and columns are exchanged"
    return ""


def _column_by_column(seen: Sequence[Partial], wrong: Sequence[Partial], outputs: int) -> str:
    """A matrix that one side holds row by row in memory and the other column by column, as Fortran and Eigen do."""
    matrices: dict[str, dict[tuple[int, int], Partial]] = {}
    for (name, i, j), row in _entries(seen).items():
        matrices.setdefault(name, {})[i, j] = row
    explained: set[int] = set()
    for entries in matrices.values():
        height, width = 1 + max(i for i, _ in entries), 1 + max(j for _, j in entries)
        if len(entries) != height * width or min(height, width) < 2:
            continue
        by_rows = [entries[i, j] for i in range(height) for j in range(width)]
        by_columns = [entries[i, j] for j in range(width) for i in range(height)]
        for coded, measured in ((by_rows, by_columns), (by_columns, by_rows)):
            if all(_near(a.coded, b.numeric.value, b) for a, b in zip(coded, measured, strict=True)):
                explained.update(map(id, by_rows))
    if not all(id(row) in explained for row in wrong):
        return ""
    return (
        "the coded entries are those of the right matrix in another order: column by column in memory where row by row is meant, "
        'or the reverse; read it with reshape(..., order="F"), or write entry i, j at place i * columns + j'
    )


def _halves(seen: Sequence[Partial], wrong: Sequence[Partial], outputs: int) -> str:
    pairs = _mirrored(seen)
    known = {id(row) for pair in pairs for row in pair}
    if not pairs or any(id(row) not in known for row in wrong):
        return ""
    if all(_near(a.coded + b.coded, a.numeric.value + b.numeric.value, a) for a, b in pairs):
        return (
            "mirrored entries are right in sum: f reads one half of a symmetric matrix, or the coded gradient spreads it over "
            'both; let them move together with symmetric="..."'
        )
    return ""


def _empty_block(seen: Sequence[Partial], wrong: Sequence[Partial], outputs: int) -> str:
    blocks: dict[str, list[Partial]] = {}
    for row in seen:
        blocks.setdefault(re.sub(r"[\[.][^\[.]*$", "", row.path), []).append(row)
    empty = {name: rows for name, rows in blocks.items() if len(rows) > 1 and not any(row.coded for row in rows)}
    lost = {id(row) for rows in empty.values() for row in rows}
    if empty and all(id(row) in lost for row in wrong):
        return f"every gradient of {' and of '.join(empty)} is 0 where f does change: that whole block is missing"
    return ""


def _common(values: Iterator[float | None]) -> float | None:
    """The number that all of them are, or None."""
    known = list(values)
    if not known or any(x is None for x in known):
        return None
    first = known[0]
    assert first is not None
    return first if all(abs((x or 0.0) - first) <= NEAR_ENOUGH * abs(first) for x in known) else None


def _sharp(row: Partial) -> bool:
    return row.numeric.bound <= NEAR_ENOUGH * abs(row.numeric.value)


def _shared_ratio(seen: Sequence[Partial], wrong: Sequence[Partial]) -> float | None:
    """coded / measured, if it is the same wherever f has a slope."""
    if len([row for row in seen if row.numeric.value]) != len(wrong):
        return None
    return _common(row.coded / row.numeric.value if row.numeric.value and _sharp(row) else None for row in wrong)


def _counted(seen: Sequence[Partial], wrong: Sequence[Partial], outputs: int) -> str:
    """A ratio that is the number of outputs or inputs."""
    ratio = _shared_ratio(seen, wrong)
    for count, word in ((outputs, "outputs"), (len(seen) // outputs, "inputs")):
        if ratio is not None and count > 1 and _whole(ratio) in (count, 1.0 / count):
            return (
                f"every value is {_times(ratio)} the measured one, and there are {count} {word}: a sum is taken for a mean, or a "
                "mean for a sum"
            )
    return ""


def _ratio(seen: Sequence[Partial], wrong: Sequence[Partial], outputs: int) -> str:
    ratio = _shared_ratio(seen, wrong)
    if ratio is None or (_whole(ratio) is None and len(wrong) < 2):
        return ""
    return (
        f"every value is {_times(ratio)} the measured one: a constant factor is lost or too many, such as an upstream gradient, "
        "a count (a sum taken for a mean) or a unit"
    )


def _whole(ratio: float) -> float | None:
    """The whole number, or one over one, that `ratio` is but for its sign."""
    size = abs(ratio)
    for x, back in ((size, 1.0), (1.0 / size if size else 0.0, -1.0)):
        if 1.5 < x <= MOST_TIMES and abs(x - round(x)) <= NEAR_ENOUGH * x:
            return float(round(x)) if back > 0.0 else 1.0 / round(x)
    return None


def _times(ratio: float) -> str:
    whole = _whole(ratio)
    if whole is None:
        return f"{ratio:.6g} times"
    sign = "-" if ratio < 0 else ""
    return f"{sign}{whole:.0f} times" if whole > 1.0 else f"{sign}1/{1.0 / whole:.0f} of"


def _by_output(seen: Sequence[Partial], wrong: Sequence[Partial], outputs: int) -> str:
    """One factor for each output: the upstream gradient."""
    names = {row.path.partition(" by ")[0] for row in seen if " by " in row.path}
    if len(names) < 2:
        return ""
    factors = []
    for name in names:
        mine = [row for row in seen if row.path.startswith(f"{name} by ") and row.numeric.value]
        factors.append(_common(row.coded / row.numeric.value if _sharp(row) else None for row in mine) if len(mine) > 1 else None)
    if None in factors or len({round(factor or 0.0, 6) for factor in factors}) == 1:
        return ""
    return "the row of each output is off by a factor of its own: an upstream gradient is lost, or the output is too much in it"


def _logarithm(seen: Sequence[Partial], wrong: Sequence[Partial], outputs: int) -> str:
    if len(wrong) < 2:
        return ""
    if all(row.point != 1.0 and _near(row.coded, row.numeric.value * row.point, row) for row in wrong):
        return "every value is the measured one times its input: it is the derivative by the logarithm of the input"
    if all(row.point not in (0.0, 1.0) and _near(row.coded, row.numeric.value / row.point, row) for row in wrong):
        return "every value is the measured one divided by its input: f takes the logarithm, the gradient does not know"
    return ""


def _regulariser(seen: Sequence[Partial], wrong: Sequence[Partial], outputs: int) -> str:
    moved = [row for row in seen if row.point]
    if len({row.point for row in wrong}) < 2 or len(wrong) < 2:
        return ""

    def share(by: Callable[[Partial], float]) -> float | None:
        return _common((row.coded - row.numeric.value) / by(row) if by(row) else None for row in wrong)

    factor = share(lambda row: row.point)
    if factor is not None and len(moved) == len(wrong):
        return (
            f"coded - measured is {factor:.6g} times the input everywhere: a regulariser ({abs(factor):.6g}/2 times the sum of "
            f"squares) is in {'the gradient but not in f' if factor > 0 else 'f but not in the gradient'}"
        )
    size = share(lambda row: math.copysign(1.0, row.point))
    if size is not None and len(wrong) > 2:
        return f"coded - measured is {size:.6g} times the sign of the input: absolute values are added on one side only"
    constant = share(lambda row: 1.0)
    if constant is not None and len(wrong) > 2:
        return f"coded - measured is {constant:.6g} everywhere: a term that grows with the sum of the inputs is on one side only"
    return ""


def _whole_numbers(seen: Sequence[Partial], wrong: Sequence[Partial], outputs: int) -> str:
    apart = [row.coded - row.numeric.value for row in wrong]
    whole = all(
        round(x) and abs(x - round(x)) <= min(2.0 * row.numeric.bound + 1e-9 * abs(row.coded), 1e-3)
        for x, row in zip(apart, wrong, strict=True)
    )
    one = all(abs(round(x)) == 1 for x in apart)
    if whole and (one or not any(_few_digits(row.numeric.value) for row in wrong)):  # round numbers are often whole ones apart
        return "off by a whole number: floor and trunc, or // and %, are mixed up, or a term of that slope is on one side only"
    return ""


def _few_digits(x: float) -> bool:
    """Whether x is a round number such as 1330 or 7.25, but for rounding."""
    return abs(x * 1e4 - round(x * 1e4)) <= 1e-4 * max(1.0, abs(x)) and x != 0.0
