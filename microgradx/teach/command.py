"""`microgradx grade`: an engine case by case, or the answers of a class to a sheet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from pathlib import Path

from .conformance import EngineReport, grade_engine
from .grade import Grade, Mark, write_grades
from .grading_process import GradingProcess
from .hand_in import handed_in
from .sheet import Paper, Sheet
from .student_file import found_in
from .verdict import Judgement


def graded(
    target: str, answers: Sequence[str], tell: str = "hints", output: Path | None = None, seconds: float = 10.0
) -> EngineReport | list[Grade]:
    """The report on the engine that `target` names, or the grades of all who handed in answers to the sheet it names.

    A file of answers belongs to the student that it is named after; what a page gave says itself whose it is. Of several files of
    a student the one that was changed last is graded. `output` is the .csv or .json file for the rows of all, and `seconds` is
    what the code of one student may take.
    """
    with redirect_stdout(sys.stderr):  # what a student's code prints is no part of the table
        thing = found_in(target)
        if not isinstance(thing, Sheet):
            if answers or output:
                raise TypeError(f"{target} is not a teach.Sheet: answers and a table of grades belong to a sheet")
            return grade_engine(thing)
        if not answers:
            raise ValueError(f"{target} is a sheet: write the files with the answers behind it, one for each student")
        with GradingProcess(thing, target, tell, seconds) as process:
            grades = [_one_of(files, process) for files in _by_student(answers)]
    if output:
        write_grades(grades, output)
    return grades


def paper_of(target: str, student: str) -> Paper:
    """The questions of a student from the sheet that `target` names."""
    sheet = found_in(target)
    if not isinstance(sheet, Sheet):
        raise TypeError(f"{target} is not a teach.Sheet: only a sheet has solutions")
    return sheet.paper(student)


def _by_student(answers: Sequence[str]) -> list[list[Path]]:
    """The files of each student, the one that was changed last behind the others."""
    found: dict[str, list[Path]] = {}
    for path in map(Path, dict.fromkeys(answers)):
        found.setdefault(_whose(path), []).append(path)
    return [sorted(files, key=_changed) for files in found.values()]


def _whose(path: Path) -> str:
    """The student whose answers a page says they are, else the one that the file is named after."""
    if path.suffix.lower() == ".json":
        with suppress(ValueError, OSError):  # told when it is graded
            return handed_in(path).student or path.stem
    return path.stem


def _changed(path: Path) -> float:
    """When a file was changed; long ago, if it is not there."""
    return path.stat().st_mtime if path.exists() else 0.0


def _one_of(files: Sequence[Path], process: GradingProcess) -> Grade:
    """The grade of the last of a student's files, in which the others are named."""
    *others, last = files
    grade = process.grade(last)
    for path in others:
        told = f"{path} is not graded: {last} is, which was changed last"
        grade.marks.append(Mark(path.name, Judgement("", "left out", told), 0.0, 0.0, 0))
    return grade
