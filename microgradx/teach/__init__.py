"""Teaching with the engine: sheets of exercises that grade themselves without telling, and a check of a student's own engine."""

from .conformance import EngineReport, grade_engine
from .grade import Grade, write_grades
from .pytest_questions import pytest_questions
from .question import Derivative, Question
from .sheet import Paper, Sheet

__all__ = [
    "Derivative",
    "EngineReport",
    "Grade",
    "Paper",
    "Question",
    "Sheet",
    "grade_engine",
    "pytest_questions",
    "write_grades",
]
