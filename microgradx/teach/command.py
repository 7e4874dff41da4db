"""`microgradx grade`: an engine case by case, or the answers of a class to a sheet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from .conformance import EngineReport, grade_engine
from .grade import Grade, write_grades
from .hand_in import handed_in
from .sheet import Paper, Sheet
from .student_file import found_in


def graded(target: str, answers: Sequence[str], tell: str = "hints", output: Path | None = None) -> EngineReport | list[Grade]:
    """The report on the engine that `target` names, or the grades of all who handed in answers to the sheet it names.

    A file of answers belongs to the student that it is named after; what a page gave says itself whose it is. `output` is the
    .csv or .json file for the rows of all.
    """
    with redirect_stdout(sys.stderr):  # what a student's code prints is no part of the table
        thing = found_in(target)
        if not isinstance(thing, Sheet):
            if answers or output:
                raise TypeError(f"{target} is not a teach.Sheet: answers and a table of grades belong to a sheet")
            return grade_engine(thing)
        if not answers:
            raise ValueError(f"{target} is a sheet: write the files with the answers behind it, one for each student")
        grades = [_grade(thing, Path(path), tell) for path in answers]
    if output:
        write_grades(grades, output)
    return grades


def paper_of(target: str, student: str) -> Paper:
    """The questions of a student from the sheet that `target` names."""
    sheet = found_in(target)
    if not isinstance(sheet, Sheet):
        raise TypeError(f"{target} is not a teach.Sheet: only a sheet has solutions")
    return sheet.paper(student)


def _grade(sheet: Sheet, path: Path, tell: str) -> Grade:
    """The grade of one file of answers; one that cannot be read gets no points, and the others are graded all the same."""
    student = path.stem
    try:
        hand_in = handed_in(path)
        student = hand_in.student or student
        hand_in.refuse_other(sheet.title, student)
    except (ValueError, OSError) as error:
        return sheet.refused(student, str(error))
    return sheet.grade(hand_in, student, tell)
