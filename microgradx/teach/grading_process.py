"""A process of its own that runs what students handed in: code that does not end is ended, and the class graded all the same."""

from __future__ import annotations

import multiprocessing
import sys
from contextlib import redirect_stdout
from functools import cache
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

from .grade import Grade
from .hand_in import handed_in
from .sheet import Sheet
from .student_file import found_in


def file_graded(sheet: Sheet, path: Path, tell: str) -> Grade:
    """The grade of one file of answers; one that cannot be read gets no points, and the others are graded all the same."""
    student = path.stem
    try:
        hand_in = handed_in(path)
        student = hand_in.student or student
        hand_in.refuse_other(sheet.title, student)
    except (ValueError, OSError) as error:
        return sheet.refused(student, str(error))
    return sheet.grade(hand_in, student, tell)


class GradingProcess:
    """Grades files of answers to the `sheet` that `target` names, giving the code in each so many `seconds`; `with` ends it.

    One process serves all. A file that takes too long ends it, and the next one gets a new process.
    """

    def __init__(self, sheet: Sheet, target: str, tell: str, seconds: float) -> None:
        if not seconds > 0.0:
            raise ValueError(f"--time {seconds:g} leaves no time for anybody's code: write for example --time 10")
        self.sheet, self.target, self.tell, self.seconds = sheet, target, tell, seconds
        self.pool: Pool | None = None

    def __enter__(self) -> GradingProcess:
        return self

    def __exit__(self, *error: object) -> None:
        if self.pool is not None:
            self.pool.terminate()
            self.pool.join()
            self.pool = None

    def grade(self, path: Path) -> Grade:
        """The grade of one file of answers."""
        if path.suffix.lower() != ".py":  # nothing in it is run
            return file_graded(self.sheet, path, self.tell)
        if self.pool is None:
            self.pool = multiprocessing.get_context("spawn").Pool(1)  # what fork copies could hold a lock of another thread
            self.pool.apply(_make_ready, (self.target,))  # to import takes time that is not the student's
        try:
            return self.pool.apply_async(_graded, (self.target, path, self.tell)).get(self.seconds)
        except multiprocessing.TimeoutError:
            self.__exit__()
            why = f"{path} gave no answer within {self.seconds:g} s: look for a loop that does not end, or allow more by --time"
            return self.sheet.refused(path.stem, why)


@cache
def _sheet(target: str) -> Any:
    return found_in(target)


def _make_ready(target: str) -> None:
    with redirect_stdout(sys.stderr):
        _sheet(target)


def _graded(target: str, path: Path, tell: str) -> Grade:
    with redirect_stdout(sys.stderr):  # what a student's code prints is no part of the table
        return file_graded(_sheet(target), path, tell)
