"""One question of a sheet: a graph of which gradients are asked, or a function whose derivative is to be written."""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from .. import argument_hints
from ..engine import Value
from ..expression import parse
from ..keywords import keywords
from ..order import topological_order
from ..view.words.names import formula
from .slips import Asked, asked, near
from .student_file import RAISED
from .verdict import Judgement, empty, judgement, misread

Range = tuple[float, float]
_Number = float | Range
"""A number that all students get, or the range from which each gets one of his own."""

TRIES = 200
"""How often numbers are drawn until every slip gives another number than the right one."""


class Task:
    """A question with the numbers of one student: the graph, and what is known of every gradient that is asked."""

    def __init__(self, question: Question, numbers: Mapping[str, float]) -> None:
        self.question, self.numbers = question, dict(numbers)
        self.output, self.nodes = question.built(numbers)

    @cached_property
    def asked(self) -> dict[str, Asked]:
        """What is asked by name, in the order of the backward pass: from the output down."""
        order = {node: place for place, node in enumerate(topological_order(self.output))}
        names = sorted(self.question.ask or self.question.leaves(self.nodes), key=lambda name: -order[self.nodes[name]])
        return {name: asked(self.output, self.nodes[name]) for name in names}

    def judge(self, answers: Any) -> list[Judgement]:
        """What is right and wrong about the answers of a student, a number for each name."""
        if answers is not None and not isinstance(answers, Mapping):
            told = f"this is a {type(answers).__name__}: write a dict with a number for each of {', '.join(self.asked)}"
            return [Judgement(name, "unreadable", told) for name in self.asked]
        given: Mapping[str, Any] = answers or {}
        return [judgement(name, given.get(name), known) for name, known in self.asked.items()]

    def formula(self) -> str:
        """What the graph computes, and each inner value that is asked."""
        inner = [self.nodes[name] for name in self.asked if self.nodes[name].op and self.nodes[name] is not self.output]
        return "\n".join(formula(node, caller={}) for node in (self.output, *inner))

    def text(self) -> str:
        """The question in words."""
        numbers = ", ".join(f"{name} = {number:g}" for name, number in self.numbers.items())
        what = f"the gradient{'s' if len(self.asked) > 1 else ''} of {', '.join(self.asked)}"
        return indented(f"{self.formula()}\nat {numbers}\nasked: {what}, to three digits")

    def solution(self) -> str:
        """The right number for each value that is asked."""
        return ", ".join(f"{name} = {known.right:.4g}" for name, known in self.asked.items())


class Question:
    """A graph, and the values whose gradients are asked.

    >>> question = Question("product", "(a*b + c) * f", {"a": 2, "b": -3, "c": 10, "f": (-3, 3)}, ask=["a", "c"])
    >>> task = question.task("anna")
    >>> task.numbers == question.task("anna").numbers, list(task.asked)
    (True, ['c', 'a'])

    The graph is an expression, or a function of Values by name, which may label what it computes to have it asked. A pair is a
    range: each student gets a number of his own from it, a whole one if both ends are, else with one digit behind the point, so
    that no slip gives the right answer by chance. Without `ask` every input is asked. `points` is 1 for each gradient.
    """

    @keywords(argument_hints.QUESTION, 'teach.Question("product", "a*b", {"a": 2, "b": (-5, 5)}, points=2)')
    def __init__(
        self,
        name: str,
        graph: str | Callable[..., Value],
        numbers: Mapping[str, _Number],
        ask: Sequence[str] = (),
        points: float | None = None,
    ) -> None:
        self.name, self.graph, self.ranges, self.ask = name, graph, dict(numbers), list(ask)
        _, nodes = self.built({key: sum(x) / 2.0 + 0.1 if isinstance(x, tuple) else x for key, x in self.ranges.items()})
        for key in self.ask:
            if key not in nodes:
                raise ValueError(f"question {name!r} asks for {key!r}, and its graph names only {', '.join(map(repr, nodes))}")
        self.points = float(points if points is not None else len(self.ask) or len(self.ranges))

    def built(self, numbers: Mapping[str, float]) -> tuple[Value, dict[str, Value]]:
        """The graph at these numbers, and its values by name."""
        leaves = {name: Value(float(number), name) for name, number in numbers.items()}
        output = parse(self.graph, leaves) if isinstance(self.graph, str) else self.graph(**leaves)
        if not isinstance(output, Value):
            raise TypeError(f"the graph of question {self.name!r} is {output!r}: it must be one Value made from the inputs")
        return output, leaves | {node.label: node for node in topological_order(output) if node.label}

    def leaves(self, nodes: Mapping[str, Value]) -> list[str]:
        """The names of the inputs."""
        return [name for name, node in nodes.items() if node.op is None and name in self.ranges]

    def task(self, student: str, sheet: str = "") -> Task:
        """The question with the numbers of this student: the same ones whenever it is asked."""
        stream = random.Random(f"{sheet}/{self.name}/{student}")
        task = Task(self, self._drawn(stream))
        for _ in range(TRIES):
            if not any(isinstance(x, tuple) for x in self.ranges.values()) or _telling(task):
                return task
            task = Task(self, self._drawn(stream))
        return task

    def _drawn(self, stream: random.Random) -> dict[str, float]:
        return {name: _one(stream, *x) if isinstance(x, tuple) else float(x) for name, x in self.ranges.items()}


def _one(stream: random.Random, low: float, high: float) -> float:
    """A number from a range, not 0."""
    while True:
        if isinstance(low, int) and isinstance(high, int):
            found = float(stream.randint(low, high))
        else:
            found = round(stream.uniform(low, high), 1)
        if found or low == high:
            return found


def _telling(task: Task) -> bool:
    """Whether the right numbers are there and none is that of its neighbour, so that guessing does not help."""
    right = [known.right for known in task.asked.values()]
    return all(math.isfinite(x) and x not in (0.0, 1.0) for x in right) and len(set(right)) == len(right)


class Derivative:
    """A function of one number, whose derivative a student writes as a Python function.

    >>> question = Derivative("slope_of_tanh", lambda x: x.tanh())
    >>> [verdict.told for verdict in question.task("anna").judge(lambda x: 1 - math.tanh(x))]
    ['the slope of tanh(z) is 1 - tanh(z)^2: the square is missing']
    """

    ask: Sequence[str] = ()

    @keywords(argument_hints.DERIVATIVE, 'teach.Derivative("slope", lambda x: x.tanh())')
    def __init__(self, name: str, f: Callable[[Value], Value], low: float = -2.0, high: float = 2.0, points: float = 1.0) -> None:
        self.name, self.f, self.low, self.high, self.points = name, f, low, high, float(points)

    def task(self, student: str, sheet: str = "") -> DerivativeTask:
        """The question at the points of this student."""
        stream = random.Random(f"{sheet}/{self.name}/{student}")
        return DerivativeTask(self, [round(stream.uniform(self.low, self.high), 3) for _ in range(5)])


class DerivativeTask:
    """A derivative to be judged at some points."""

    def __init__(self, question: Derivative, points: Sequence[float]) -> None:
        self.question, self.points = question, list(points)

    @cached_property
    def asked(self) -> list[Asked]:
        """What is known of the derivative at each point."""
        found = []
        for point in self.points:
            x = Value(point, "x")
            found.append(asked(self.question.f(x), x))
        return found

    def judge(self, answers: Any) -> list[Judgement]:
        """What is right and wrong about the function of a student."""
        name = self.question.name
        if answers is None:
            return [empty(name)]
        if not callable(answers):
            return [Judgement(name, "unreadable", f"{name} is a {type(answers).__name__}, not a function of one number")]
        found = []
        for point in self.points:
            try:
                found.append(answers(point))
            except RAISED as error:
                return [Judgement(name, "raises", f"it raises {type(error).__name__}: {error}")]
        for number in found:
            if (told := misread(number)) is not None:
                return [Judgement(name, "unreadable", f"it gives {told}")]
        return [self._compared([float(number) for number in found])]

    def _compared(self, found: Sequence[float]) -> Judgement:
        """Right at every point, or wrong by a slip that explains every point at which it is."""
        name = self.question.name
        wrong = [(x, known) for x, known in zip(found, self.asked, strict=True) if not near(x, known.right)]
        if not wrong:
            return Judgement(name, "right", "right")
        for candidate in wrong[0][1].candidates:
            if all(any(c.told == candidate.told and near(x, c.number) for c in known.candidates) for x, known in wrong):
                return Judgement(name, candidate.kind, candidate.told)
        where = "everywhere" if len(wrong) == len(found) else f"at {len(wrong)} of {len(found)} points"
        return Judgement(name, "wrong", f"wrong {where}")

    def text(self) -> str:
        """The question in words."""
        parameters = list(inspect.signature(self.question.f).parameters)
        x = Value(self.points[0], parameters[0] if parameters else "x")
        what = f"write a function {self.question.name}({x.label}) that gives the derivative of"
        return indented(f"{what} {formula(self.question.f(x), caller={})}")

    def solution(self) -> str:
        """The right number at each point."""
        right = zip(self.points, self.asked, strict=True)
        return ", ".join(f"{self.question.name}({point:g}) = {known.right:.4g}" for point, known in right)


def indented(text: str) -> str:
    """A text whose further lines stand below its first one, in the list of questions."""
    return text.replace("\n", "\n  ")
