"""The questions of a sheet as tests: one for each, with its points, which fails with what is said of the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .grade import Grade
from .sheet import Sheet


def pytest_questions(sheet: Sheet, answers: Any, student: str, tell: str = "hints") -> Callable[..., None]:
    """A test for each question, for a file of tests: `test_week_3 = teach.pytest_questions(sheet, "answers.py", "anna")`.

    The answers are read when the tests run. Points are in the reports of pytest as the properties `points` and `of`, as in
    `pytest --junitxml=anna.xml`; what fails tells no number of the solution unless `tell="answers"`.
    """
    import pytest

    @pytest.mark.parametrize("question", [question.name for question in sheet.questions])
    def test_question(question: str, request: pytest.FixtureRequest) -> None:
        whole = sheet.grade(answers, student, tell)
        grade = Grade(student, [mark for mark in whole.marks if mark.question == question or mark.verdict.kind == "unknown"])
        request.node.user_properties += [("points", grade.points), ("of", grade.most)]
        if grade.points < grade.most:
            pytest.fail(str(grade), pytrace=False)

    return test_question
