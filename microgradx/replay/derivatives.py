"""What can be asked of a recorded program, each as rows that are added to its tape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..observers import observed
from .tape.gradient import gradient_rows
from .tape.number import Number
from .tape.recorder import Recorder
from .tape.tangents import tangent_rows
from .tape.tape import Tape

Spans = tuple[tuple[int, int], ...]
What = tuple[str, Spans]
"""What is asked, and the inputs low..high that derivatives are by."""

DIRECTION = 1 << 21  # the role of inputs that a question adds
ADDING = frozenset({"hvp", "pulled", "pushed", "jvp"})  # the questions that add inputs: numbers for a direction


def rows(tape: Recorder, outputs: Sequence[int], question: str, wrt: Sequence[int]) -> list[int]:
    """The rows that answer `question` about a program with these outputs; the derivatives are by the rows `wrt`.

    - value: the outputs
    - gradient: the first output, then its derivatives
    - aux: the outputs, then the derivatives of the first one
    - slopes: these derivatives alone
    - jacobian: the derivatives of every output
    - hessian: the derivatives of each derivative of the first output
    - hvp: the matrix of these second derivatives, times a direction: a number for each of `wrt`
    - pulled: the derivatives of the sum of the outputs, each times a number that is given for it
    - pushed: the rates of change of the outputs where `wrt` change at the rates that are given
    - jvp: the outputs, then these
    """
    tape.closed = True
    with observed(tape):  # so that no rule freezes the number of a Value
        return _rows(tape, outputs, question, wrt)


def _rows(tape: Tape, outputs: Sequence[int], question: str, wrt: Sequence[int]) -> list[int]:
    """The same, where the tape observes."""
    if question == "value":
        return list(outputs)
    if question in ("gradient", "aux"):
        return [*(outputs if question == "aux" else outputs[:1]), *gradient_rows(tape, outputs[0], wrt)]
    if question == "slopes":
        return gradient_rows(tape, outputs[0], wrt)
    if question == "jacobian":
        return [row for output in outputs for row in gradient_rows(tape, output, wrt)]
    if question == "hessian":
        return [row for slope in gradient_rows(tape, outputs[0], wrt, again=True) for row in gradient_rows(tape, slope, wrt)]
    if question == "hvp":
        tape.pushed = True
        return tangent_rows(tape, gradient_rows(tape, outputs[0], wrt), directions(tape, wrt))
    if question == "pulled":
        return gradient_rows(tape, dot_row(tape, outputs, new_inputs(tape, len(outputs))), wrt)
    pushed = tangent_rows(tape, outputs, directions(tape, wrt))
    return [*outputs, *pushed] if question == "jvp" else pushed


def values_first(question: str, outputs: int) -> int:
    """How many of an answer's numbers are values, before the derivatives."""
    return 1 if question == "gradient" else outputs if question in ("value", "aux", "jvp") else 0


def directions(tape: Tape, wrt: Sequence[int]) -> dict[int, int]:
    """The rows that move, each with an input more for its rate."""
    return dict(zip(wrt, [x.slot for x in new_inputs(tape, len(wrt))], strict=True))


def new_inputs(tape: Tape, count: int) -> list[Number]:
    """So many more inputs."""
    return [tape.input(0.0, DIRECTION) for _ in range(count)]


def dot_row(tape: Tape, factors: Sequence[int], others: Sequence[Any]) -> int:
    """The row of the sum of products."""
    return tape.slot(tape.record(ops.dot, [*[Number(tape, row) for row in factors], *others]))
