"""`microgradx grade`: an engine case by case, or the answers of a class to a sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .conformance import EngineReport, grade_engine
from .sheet import Grade, Sheet, write_grades
from .student_file import found_in


def graded(target: str, answers: Sequence[str], tell: str = "hints", output: Path | None = None) -> EngineReport | list[Grade]:
    """The report on the engine that `target` names, or the grades of all who handed in answers to the sheet it names.

    A file of answers belongs to the student that it is named after; what a page gave says itself whose it is. `output` is the
    .csv or .json file for the rows of all.
    """
    thing = found_in(target)
    if not isinstance(thing, Sheet):
        if answers or output:
            raise TypeError(f"{target} is not a teach.Sheet: answers and a table of grades belong to a sheet")
        return grade_engine(thing)
    if not answers:
        raise ValueError(f"{target} is a sheet: write the files with the answers behind it, one for each student")
    grades = [thing.grade(path, student(Path(path)), tell) for path in answers]
    if output:
        write_grades(grades, output)
    return grades


def student(path: Path) -> str:
    """Whose answers a file holds."""
    if path.suffix == ".json" and path.is_file():
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and isinstance(content.get("student"), str):
            return str(content["student"])
    return path.stem
