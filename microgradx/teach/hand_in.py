"""What a student handed in: answers by question, from a dict, a module, or a file of Python or JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..nearest import did_you_mean, nearest
from .student_file import existing, run_file


@dataclass(frozen=True)
class HandIn:
    """Answers by the name of the question and, where a page wrote them, whose they are and of which sheet.

    `among_others` says that the answers stand among names that are none, as in a file of Python.
    """

    answers: Mapping[str, Any]
    path: Path | None = None
    student: str | None = None
    sheet: str | None = None
    among_others: bool = False

    def refuse_other(self, sheet: str, student: str) -> None:
        """ValueError if they are those of another student, or to another sheet."""
        for what, whose, own in (("sheet", self.sheet, sheet), ("student", self.student, student)):
            if whose not in (None, own):
                raise ValueError(f"{self.path} holds answers for the {what} {whose!r}, not for {own!r}: numbers differ")

    def unknown(self, questions: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Names that are not questions of the sheet, with what to say of each.

        >>> list(HandIn({"prodct": {"a": 1.0}}).unknown(["product", "cell"]))
        [('prodct', 'not a question of this sheet: did you mean product?')]

        Of a file of Python these are only what is written much as a question that has no answer.
        """
        left = [name for name in questions if name not in self.answers]
        for name, answer in self.answers.items():
            own = self.among_others and not ((isinstance(answer, Mapping) or callable(answer)) and nearest(name, left))
            if name not in questions and not own:
                yield str(name), f"not a question of this sheet: {_meant(name, left, questions)}"


def unknown_values(answer: Any, asked: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names in the answer to a question that it does not ask for, with what to say of each.

    >>> list(unknown_values({"q": 1.0}, ["z", "w"]))
    [('q', 'not asked here: write z, w')]
    """
    for name in answer if isinstance(answer, Mapping) else ():
        if name not in asked:
            yield str(name), f"not asked here: {_meant(name, [key for key in asked if key not in answer], asked)}"


def _meant(name: Any, left: Sequence[str], known: Sequence[str]) -> str:
    """The name that was probably meant, one without an answer if there is any."""
    return did_you_mean(str(name), left or known, f"write {', '.join(known)}")


def handed_in(answers: Any) -> HandIn:
    """Answers by question: a mapping as it is, a file read, the names of a module."""
    if isinstance(answers, HandIn):
        return answers
    if isinstance(answers, (str, os.PathLike)):
        return _read(Path(answers))
    if isinstance(answers, Mapping):
        return HandIn(answers)
    if hasattr(answers, "__dict__"):
        return HandIn(vars(answers), among_others=True)
    raise TypeError(f"answers={answers!r}: write a dict such as {{'question': {{'a': 6.0}}}}, a module or a file of them")


def _read(path: Path) -> HandIn:
    """The answers in a file; ValueError or FileNotFoundError with its name, if there are none that can be read."""
    if path.suffix.lower() == ".py":
        return HandIn(run_file(path), path, among_others=True)
    if path.suffix.lower() != ".json":
        raise ValueError(f"{path} ends in {path.suffix!r}: answers are in a .py file, or in a .json file saved from the page")
    existing(path)
    try:
        content = json.loads(path.read_bytes())  # of bytes it knows which encoding an editor chose
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}): save the whole text that the page shows at its end") from error
    if isinstance(content, dict):
        said = {key: content.pop(key) for key in ("student", "sheet") if isinstance(content.get(key), str)}
        found = content.get("answers", content)
        if isinstance(found, dict):
            return HandIn(found, path, **said)
    raise ValueError(f"{path} holds no answers by question: save what the page shows at its end")
