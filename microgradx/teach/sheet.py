"""A sheet of exercises: each student's own numbers, his grade in words and points, and the grades of a class as a table."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import write_atomically
from ..tables import table
from .question import Derivative, DerivativeTask, Question, Task
from .verdict import Judgement

if TYPE_CHECKING:
    from .page.exercise_page import ExercisePage

TELLS = ("hints", "verdict", "answers")
"""What a grade tells: the slip, only right or wrong, or, after the deadline, the right numbers too."""


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

    def rows(self) -> list[dict[str, Any]]:
        """A dict for each answer."""
        return [mark.row(self.student) for mark in self.marks]

    def __str__(self) -> str:
        shown = [("question", "value", "points", "")]
        for mark in self.marks:
            solution = "" if mark.right is None or mark.verdict.right else f" ({mark.right:.4g} is right)"
            points = f"{mark.points:g} of {mark.most:g}"
            shown.append((mark.question, mark.verdict.field, points, mark.verdict.told + solution))
        head = f"{self.student}: {self.points:g} of {self.most:g} points"
        return "\n".join([head, *table(shown, "<<<<", width=None, gap="  ")])

    def __repr__(self) -> str:
        return f"<Grade of {self.student}: {self.points:g} of {self.most:g} points>"


class Paper:
    """The sheet of one student; printing it shows the questions, a notebook the page on which they are answered."""

    def __init__(self, sheet: Sheet, student: str) -> None:
        self.sheet, self.student = sheet, student
        self.tasks: dict[str, Task | DerivativeTask] = {q.name: q.task(student, sheet.title) for q in sheet.questions}

    def grade(self, answers: Any, tell: str = "hints") -> Grade:
        """What the answers are worth; see `Sheet.grade`."""
        return self.sheet.grade(answers, self.student, tell)

    def page(self) -> ExercisePage:
        """The page with an empty field for each gradient; `save(path)` writes it, and a notebook shows it."""
        from .page.exercise_page import exercise_page

        return exercise_page(self)

    def _repr_html_(self) -> str:
        return self.page()._repr_html_()

    def __str__(self) -> str:
        asked = [f"{name} ({task.question.points:g} points)\n  {task.text()}" for name, task in self.tasks.items()]
        return "\n".join([f"{self.sheet.title}, numbers of {self.student}", *asked])

    def __repr__(self) -> str:
        return f"<Paper of {self.student}: {len(self.tasks)} questions, print it to read them>"


class Sheet:
    """Exercises with their points; every student gets numbers of his own, and the grader computes the solutions anew.

    >>> from microgradx import teach
    >>> sheet = teach.Sheet("Week 3", [teach.Question("sum", "a*b + a*c", {"a": 2, "b": -3, "c": 10}, ask=["a"], points=2)])
    >>> print(sheet.grade({"sum": {"a": -3.0}}, "anna"))
    anna: 0 of 2 points
    question  value  points
    sum       a      0 of 2  that is only the path through a * b: add the other one

    `answers` maps the name of a question to a number for each value, to a function, or to a list of numbers that were tried one
    after the other; a module, or a file of Python or JSON, may hold them under these names. With `tries`, only so many count.
    """

    def __init__(self, title: str, questions: Iterable[Question | Derivative], tries: int | None = None) -> None:
        self.title, self.questions, self.tries = title, list(questions), tries
        names = [question.name for question in self.questions]
        if not names:
            raise ValueError("a sheet needs questions: write teach.Sheet(title, [teach.Question(...)])")
        if len(set(names)) < len(names):
            raise ValueError(f"two questions are called {max(names, key=names.count)!r}: each needs a name of its own")

    def __repr__(self) -> str:
        return f"<Sheet {self.title!r}: {', '.join(question.name for question in self.questions)}>"

    def paper(self, student: str) -> Paper:
        """The questions with the numbers of this student."""
        return Paper(self, student)

    def grade(self, answers: Any, student: str, tell: str = "hints") -> Grade:
        """What the answers of a student are worth.

        `tell` is "hints": right, or the slip in words; "verdict": only right or wrong; "answers", for after the deadline: the
        right numbers too. Nothing else tells a number of the solution.
        """
        if tell not in TELLS:
            raise ValueError(f"tell={tell!r} is not known: write one of {', '.join(map(repr, TELLS))}")
        given, marks = named_answers(answers, self.title, student), []
        for name, task in self.paper(student).tasks.items():
            answer = given.get(name)
            verdicts = task.judge(self._within(answer))
            worth = task.question.points / len(verdicts)
            for verdict in verdicts:
                tries = _tries(answer, verdict.field)
                solution = task.asked[verdict.field].right if tell == "answers" and isinstance(task, Task) else None
                if tell == "verdict" and verdict.kind not in ("right", "empty"):
                    verdict = Judgement(verdict.field, "wrong", "wrong")
                marks.append(Mark(name, verdict, worth if verdict.right else 0.0, worth, tries, solution))
        return Grade(student, marks)

    def _within(self, answer: Any) -> Any:
        """The answers without those that were tried too late."""
        if self.tries is None or not isinstance(answer, Mapping):
            return answer
        return {key: x[: self.tries] if isinstance(x, (list, tuple)) else x for key, x in answer.items()}


def _tries(answer: Any, field: str) -> int:
    """How often a value was answered."""
    given = answer.get(field) if isinstance(answer, Mapping) else answer
    return len(given) if isinstance(given, (list, tuple)) else int(given is not None)


def named_answers(answers: Any, title: str, student: str) -> Mapping[str, Any]:
    """Answers by question: a mapping as it is, a file read, the names of a module."""
    if isinstance(answers, (str, os.PathLike)):
        path = Path(answers)
        if path.suffix == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            found = content.get("answers", content) if isinstance(content, dict) else content
            if not isinstance(found, dict):
                raise ValueError(f"{path} holds no answers by question: save what the page shows at its end")
            for what, own in (("sheet", title), ("student", student)):
                if content.get(what, own) != own:
                    raise ValueError(f"{path} holds answers for the {what} {content[what]!r}, not for {own!r}: numbers differ")
            return found
        from .student_file import run_file

        return run_file(path)
    found = answers if isinstance(answers, Mapping) else vars(answers) if hasattr(answers, "__dict__") else None
    if found is None:
        raise TypeError(f"answers={answers!r}: write a dict such as {{'question': {{'a': 6.0}}}}, a module or a file of them")
    return found


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
