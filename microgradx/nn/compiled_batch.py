"""A full batch recorded once and replayed at every update: the same loss and slopes from a few array instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Value
from ..replay.compile import compile
from ..replay.run.runner import GuardFailed
from ..replay.tape.gradient import gradient


class Replay:
    """The loss, the outputs and the gradient of a batch as one recorded program of the parameters.

    >>> w = Value(3.0)
    >>> batch = Replay(lambda: (w * w + 1.0, [w * 2.0]), [w])
    >>> batch.differentiate(), w.grad
    ((10.0, [6.0]), 6.0)

    `loss_and_outputs` is called once; what it does that no recording can hold raises here. Parameters are read at every replay.
    """

    def __init__(self, loss_and_outputs: Callable[[], tuple[Any, Sequence[Any]]], parameters: Sequence[Value]) -> None:
        self.width = 0  # of a row of outputs; 0 where the model gives one output

        def numbers() -> list[Any]:
            loss, outputs = loss_and_outputs()
            if not hasattr(outputs[0], "__len__"):
                return [loss, *outputs]
            self.width = len(outputs[0])
            return [loss, *(number for row in outputs for number in row)]

        self.program = program = compile(numbers).program()
        places = {id(value): place for place, value in enumerate(program.captured)}
        self.parameters = [parameter for parameter in parameters if id(parameter) in places]
        inputs = program.tape.inputs[program.arguments :]
        slopes = [inputs[places[id(parameter)]] for parameter in self.parameters]
        self.runner = program.runner(
            "training", lambda tape: [*program.outputs, *gradient(tape, program.outputs[0], slopes)]
        )

    def differentiate(self) -> tuple[float, list[Any]] | None:
        """The loss and the outputs, with each slope in the `.grad` of its parameter.

        None, and nothing touched, where a number is not finite or a branch would go another way than it was recorded.
        """
        try:
            found = self.runner.run(self.program.inputs([]))
        except GuardFailed:
            return None
        if not np.isfinite(found).all():
            return None
        last = len(found) - len(self.parameters)
        for parameter, slope in zip(self.parameters, found[last:].tolist(), strict=True):
            parameter.grad = slope
        outputs = found[1:last]
        return float(found[0]), (outputs.reshape(-1, self.width) if self.width else outputs).tolist()
