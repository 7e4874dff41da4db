"""A sheet of exercises: each student's own numbers, and what his answers to them are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import argument_hints
from ..hints import PAPER, SHEET, missing_name
from ..keywords import keywords
from .grade import Grade, Mark, of_points
from .hand_in import handed_in, unknown_values
from .question import Derivative, DerivativeTask, Question, Task
from .verdict import Judgement

if TYPE_CHECKING:
    from .page.exercise_page import ExercisePage

TELLS = ("hints", "verdict", "answers")
"""What a grade tells: the slip, only right or wrong, or, after the deadline, the right numbers too."""


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

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise missing_name("a Paper", name, PAPER, [*dir(type(self)), *vars(self)])

    def _repr_html_(self) -> str:
        return self.page()._repr_html_()

    def __str__(self) -> str:
        return self._text(lambda task: task.text())

    def solved(self) -> str:
        """The questions with their right answers, for who teaches.

        >>> print(Sheet("Week 3", [Question("product", "a*b", {"a": 2, "b": -3})]).paper("anna").solved())
        Week 3, numbers of anna
        product (2 points)
          a * b
          at a = 2, b = -3
          asked: the gradients of b, a, to three digits
          right: b = 2, a = -3
        """
        return self._text(lambda task: f"{task.text()}\n  right: {task.solution()}")

    def _text(self, written: Callable[[Task | DerivativeTask], str]) -> str:
        shown = [f"{name} ({of_points(task.question.points)})\n  {written(task)}" for name, task in self.tasks.items()]
        return "\n".join([f"{self.sheet.title}, numbers of {self.student}", *shown])

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

    @keywords(argument_hints.EXERCISE_SHEET, 'teach.Sheet("Week 3", [teach.Question("product", "a*b", {"a": 2, "b": -3})])')
    def __init__(self, title: str, questions: Iterable[Question | Derivative], tries: int | None = None) -> None:
        self.title, self.questions, self.tries = title, list(questions), tries
        names = [question.name for question in self.questions]
        if not names:
            raise ValueError("a sheet needs questions: write teach.Sheet(title, [teach.Question(...)])")
        if len(set(names)) < len(names):
            raise ValueError(f"two questions are called {max(names, key=names.count)!r}: each needs a name of its own")

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise missing_name("a Sheet", name, SHEET, [*dir(type(self)), *vars(self)])

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
        hand_in, tasks = handed_in(answers), self.paper(student).tasks
        hand_in.refuse_other(self.title, student)
        marks = [mark for name, task in tasks.items() for mark in self._marks(name, task, hand_in.answers.get(name), tell)]
        unknown = [Mark(name, Judgement("", "unknown", told), 0.0, 0.0, 0) for name, told in hand_in.unknown(list(tasks))]
        return Grade(student, marks + unknown)

    def _marks(self, name: str, task: Task | DerivativeTask, answer: Any, tell: str) -> Iterator[Mark]:
        """What there is to say of the answer to a question: of each value, and of what it does not ask for."""
        verdicts = task.judge(self._within(answer))
        worth = task.question.points / len(verdicts)
        for verdict in verdicts:
            tries = _tries(answer, verdict.field)
            solution = task.asked[verdict.field].right if tell == "answers" and isinstance(task, Task) else None
            if tell == "verdict" and verdict.kind not in ("right", "empty"):
                verdict = Judgement(verdict.field, "wrong", "wrong")
            yield Mark(name, verdict, worth if verdict.right else 0.0, worth, tries, solution)
        if isinstance(task, Task):
            for field, told in unknown_values(answer, list(task.asked)):
                yield Mark(name, Judgement(field, "unknown", told), 0.0, 0.0, _tries(answer, field))

    def refused(self, student: str, why: str) -> Grade:
        """The grade of a student whose answers cannot be read: a row for every value, without points, which says why."""
        marks = self.grade({}, student).marks
        return Grade(student, [replace(mark, verdict=Judgement(mark.verdict.field, "refused", why)) for mark in marks])

    def _within(self, answer: Any) -> Any:
        """The answers without those that were tried too late."""
        if self.tries is None or not isinstance(answer, Mapping):
            return answer
        return {key: x[: self.tries] if isinstance(x, (list, tuple)) else x for key, x in answer.items()}


def _tries(answer: Any, field: str) -> int:
    """How often a value was answered."""
    given = answer.get(field) if isinstance(answer, Mapping) else answer
    return len(given) if isinstance(given, (list, tuple)) else int(given is not None)
