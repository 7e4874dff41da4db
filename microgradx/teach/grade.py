"""The grade of one student in words and points, and those of a class as a table."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import write_atomically
from ..hints import GRADE, missing_name
from ..tables import table
from .verdict import Judgement


def of_points(number: float) -> str:
    """A number of points in words.

    >>> of_points(1.0), of_points(2.5)
    ('1 point', '2.5 points')
    """
    return f"{number:g} point{'' if number == 1.0 else 's'}"


@dataclass
class Mark:
    """One answer: its verdict and points; `right` holds the number of the solution if it may be told."""

    question: str
    verdict: Judgement
    points: float
    most: float
    tries: int
    right: float | None = None

    def row(self, student: str) -> dict[str, Any]:
        """A row of the table of a class."""
        told = {"student": student, "question": self.question, "field": self.verdict.field, "verdict": self.verdict.kind}
        found = told | {"points": self.points, "of": self.most, "tries": self.tries, "told": self.verdict.told}
        return found if self.right is None else found | {"right": self.right}


class Grade:
    """What one student reached; printing it shows each answer with what is said of it."""

    def __init__(self, student: str, marks: Sequence[Mark]) -> None:
        self.student, self.marks = student, list(marks)

    @property
    def points(self) -> float:
        """The points reached: as the last value of a cell, nbgrader takes it for partial credit."""
        return round(sum(mark.points for mark in self.marks), 9)

    @property
    def most(self) -> float:
        """The points to be reached."""
        return round(sum(mark.most for mark in self.marks), 9)

    @property
    def refused(self) -> bool:
        """Whether the answers could not be read at all."""
        return any(mark.verdict.kind == "refused" for mark in self.marks)

    def rows(self) -> list[dict[str, Any]]:
        """A dict for each answer."""
        return [mark.row(self.student) for mark in self.marks]

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise missing_name("a Grade", name, GRADE, [*dir(type(self)), *vars(self)])

    def __str__(self) -> str:
        head = f"{self.student}: {self.points:g} of {of_points(self.most)}"
        if self.refused:
            return "\n".join([head, *dict.fromkeys(mark.verdict.told for mark in self.marks)])
        shown = [("question", "value", "points", "")]
        for mark in self.marks:
            solution = "" if mark.right is None or mark.verdict.right else f" ({mark.right:.4g} is right)"
            points = f"{mark.points:g} of {mark.most:g}"
            shown.append((mark.question, mark.verdict.field, points, mark.verdict.told + solution))
        return "\n".join([head, *table(shown, "<<<<", width=None, gap="  ")])

    def __repr__(self) -> str:
        unknown = [mark.question + f" {mark.verdict.field}".rstrip() for mark in self.marks if mark.verdict.kind == "unknown"]
        names = f"; not asked: {', '.join(unknown)}" if unknown else ""
        return f"<Grade of {self.student}: {self.points:g} of {of_points(self.most)}{names}>"


def write_grades(grades: Iterable[Grade], path: str | os.PathLike[str]) -> None:
    """Write a row for each student and question to a .csv or .json file, whole or not at all."""
    suffix = Path(path).suffix
    if suffix not in (".csv", ".json"):
        raise ValueError(f"path {os.fspath(path)!r} ends in {suffix!r}: write .csv or .json")
    write_atomically(Path(path), grades_text(grades, suffix).encode())


def grades_text(grades: Iterable[Grade], suffix: str) -> str:
    """A row for each student and question, as the text of a .csv or a .json file."""
    rows = [row for grade in grades for row in grade.rows()]
    if suffix == ".json":
        return json.dumps(rows, indent=1)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
