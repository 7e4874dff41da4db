"""A recorded calculation that can be run again with other numbers, and differentiated: the value, gradients, products."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..collector import collector_off
from ..engine import Value
from ..observers import look
from ..places import name_of
from ..writing import add_gradients
from .derivatives import ADDING, Spans, rows, values_first
from .run.array_program import Array
from .run.fewer_steps import Recurrence, recurrence
from .run.long_runner import LongRunner, long_runner
from .run.runner import Runner
from .run.stretched import Ask
from .tape.gradient import chain_step
from .tape.inline import inlined
from .tape.kept import without_kept
from .tape.number import Number
from .tape.recorder import Recorder
from .tape.rows import code_of
from .tape.tape import Tape
from .tell.boxes import Chart, chart
from .tell.text import describe


class Program:
    """A recipe: the rows of a tape from inputs to outputs, run as a few array instructions.

    >>> from microgradx import Value
    >>> x, y = Value(3.0), Value(4.0)
    >>> program = Program.from_graph(x * y + x, [x, y])
    >>> program([3.0, 4.0]), program.value_and_grad([1.0, 2.0])
    (15.0, (3.0, [3.0, 1.0]))

    Values that the graph reads besides its inputs (`captured`) are read again at each run; plain numbers stay what they were.
    """

    keeps = False  # nothing for each of many samples, as a batch may

    def __init__(self, tape: Recorder, outputs: Sequence[int], arguments: int, single: bool = True) -> None:
        self.recorded_tape, self.tape = tape, without_kept(tape)
        self.outputs = list(outputs)
        self.arguments = arguments
        later = set(tape.inputs[arguments:])
        self.captured = [value for value, row in tape.captured.items() if row in later]
        self.values: list[Value] | None = None  # the graph's own inputs, where the program was made from a graph
        self.runners: dict[Hashable, Runner] = {}
        self.recorded = len(tape)
        self.derived = code_of(chain_step) in tape.op  # whether its rows are derivatives themselves
        self.single = single
        self.parts: dict[tuple[str, Spans], Program] = {}

    @classmethod
    def from_graph(cls, outputs: Value | Iterable[Value], inputs: Sequence[Value]) -> Program:
        """The program of a graph that exists: `outputs` as a function of the Values `inputs`.

        An input may be a computed node: then what it was made of does not matter. One output gives one number, several a list.
        """
        tape = Recorder()
        for place, value in enumerate(inputs):
            if not isinstance(value, Value):
                raise TypeError(f"inputs[{place}] is {value!r}, not a Value: list the nodes of the graph that are to vary")
            if value in tape.captured:
                raise ValueError(f"inputs[{place}] {value!r} is listed twice: name each input once")
            tape.captured[value] = tape.input(value.data, 0).slot
        listed = len(tape.inputs)
        several = [outputs] if isinstance(outputs, Value) else list(outputs)
        rows = [tape.capture(value) for value in several]
        for value, row in tape.captured.items():
            if (name := name_of(value)) is not None:
                tape.labels[row] = name
        program = cls(tape, rows, listed, isinstance(outputs, Value))
        program.values = list(inputs)
        return program

    def reading(self, captured: Sequence[Value]) -> Program:
        """The same program, with all that was made of it, over other captured Values."""
        other = object.__new__(Program)
        other.__dict__ = self.__dict__ | {"captured": list(captured)}
        return other

    def __call__(self, values: Sequence[float] | None = None) -> Any:
        """The output for these input numbers (a list where the program has several); without any, the inputs' own `.data`."""
        found = self.run(self.inputs(values))
        return float(found[0]) if self.single else found.tolist()

    def value_and_grad(self, values: Sequence[float] | None = None, write: bool = False) -> tuple[float, list[float]]:
        """(output, [d(output)/d(input), ...]); `write` also assigns the inputs' `.data` and adds to their `.grad`."""
        inputs = self.inputs(values)
        value, slopes = self.run_gradient(inputs, ((0, self.arguments),))
        if write and self.values is not None:
            for node, number in zip(self.values, inputs.tolist(), strict=False):  # captured Values come after them
                if node.data != number:
                    node.data = number
            add_gradients(dict(zip(self.values, slopes.tolist(), strict=True)))
        return value, slopes.tolist()

    def inputs(self, values: Sequence[float] | None = None) -> Array:
        """The numbers of one run: the arguments, then the captured Values as they are now."""
        look("a program was run")
        if values is None:
            if self.values is None:
                raise ValueError(f"this program has no graph to read its {self.arguments} inputs from: pass them as a list")
            values = [value.data for value in self.values]
        if len(values) != self.arguments:
            raise ValueError(f"the program has {self.arguments} inputs, got {len(values)} numbers: pass one for each")
        return np.array([*values, *(value._number for value in self.captured)], dtype=np.float64)

    def run(self, inputs: Array) -> Array:
        """The outputs for a flat array of all inputs."""
        return self.value_runner().run(inputs)

    def run_gradient(self, inputs: Array, wrt: Spans | None = None) -> tuple[float, Array]:
        """The first output and its derivatives by the inputs `wrt`."""
        found = self.gradient_runner(wrt).run(inputs)
        return float(found[0]), found[1:]

    def asked(self, question: str, wrt: Spans, inputs: Array) -> Array:
        """The numbers that answer one of the questions of `derivatives.rows`, by the inputs low..high of each span."""
        known = self.runners.get((question, wrt))
        return (known or self.question_runner(question, wrt)).run(inputs)

    def value_runner(self) -> Runner:
        """The program for the outputs alone."""
        return self.question_runner("value", ())

    def gradient_runner(self, wrt: Spans | None = None) -> Runner:
        """The program for the value and its gradient."""
        return self.question_runner("gradient", wrt)

    def question_runner(self, question: str, wrt: Spans | None) -> Runner:
        """The program for the answer to a question."""
        places = [k for low, high in wrt or () for k in range(low, high)] if wrt is not None else range(len(self.tape.inputs))

        def ask(tape: Recorder, outputs: Sequence[int]) -> list[int]:
            return rows(tape, outputs, question, [tape.inputs[k] for k in places])

        return self.runner((question, wrt), ask, places, question in ADDING, values_first(question, len(self.outputs)))

    def part(self, question: str, wrt: Spans) -> Program:
        """A program whose outputs are the answer to a question, so that they can be differentiated in turn."""
        if question == "value":
            return self
        with self.tape.lock:
            if (question, wrt) not in self.parts:
                tape = self.tape.copy()
                outputs, values = rows(tape, self.outputs, question, self.chosen(wrt)), values_first(question, len(self.outputs))
                outputs[values:] = map(tape.begun, outputs[values:])
                self.parts[question, wrt] = Program(tape, outputs, len(tape.inputs), len(outputs) == 1)
            return self.parts[question, wrt]

    def inlined(self, tape: Tape, inputs: Sequence[Any]) -> list[Number]:
        """The rows of the outputs, written into the tape of a function that captured a call."""
        return inlined(tape, self.tape, self.outputs, inputs)

    def chosen(self, wrt: Spans | None) -> list[int]:
        """The rows of the inputs low..high of each span; of all inputs for None."""
        inputs = self.tape.inputs
        return list(inputs) if wrt is None else [row for low, high in wrt for row in inputs[low:high]]

    def check(self, inputs: Array) -> None:
        """Raise GuardFailed unless the branches go the recorded way."""
        if self.tape.guards:
            self.runner("guards", lambda tape, outputs: []).run(inputs)

    def runner(
        self, key: Hashable, ask: Ask, places: Sequence[int] = (), alone: bool = False, values: int = 0
    ) -> Runner:
        """The runner for `key`, made on first use, for derivatives by the inputs at `places`.

        `ask` appends what it needs to a tape and names the results, so many `values` first. It is given the program's own tape,
        or a copy for the runner `alone`, and another one for the exact path; of a long recurrence tapes with a few of its steps.
        """
        found = self.runners.get(key)
        if found is None:
            with self.tape.lock, collector_off():
                found = self.runners.get(key)
                if found is None:

                    def as_eager() -> tuple[Recorder, list[int]]:
                        other = self.recorded_tape.as_eager()
                        return other, ask(other, self.outputs)

                    again = self.derived or alone or (isinstance(key, tuple) and key[0] == "hessian")

                    def in_full() -> Runner:
                        tape = self.tape.copy() if alone else self.tape
                        return Runner(tape, ask(tape, self.outputs), as_eager if again else None, values)

                    found = long_runner(self.tape, self.recurrence, ask, places, in_full, again, values) or in_full()
                    self.runners[key] = found
        return found

    @cached_property
    def recurrence(self) -> Recurrence | None:
        """The steps that the program consists of, if there are many."""
        return recurrence(self.tape, self.outputs)

    def to_jax(self, gradient: bool = False) -> Callable[[Any], Any]:
        """The array program as a function for `jax.jit`: from the flat inputs to the outputs.

        With `gradient` the result is the first output followed by its derivatives by all inputs. Guards cannot be checked inside
        JAX, so a program with branches is refused.
        """
        from .run.jax import to_jax

        if self.tape.guards:
            raise TypeError("the program has branches that JAX could not check: write where(condition, a, b) instead of `if`")
        runner = self.gradient_runner() if gradient else self.value_runner()
        return to_jax(runner.array_plan())

    def __repr__(self) -> str:
        return f"<{self._head()}; print it for what it does>"

    def __str__(self) -> str:
        return describe(self._head(), self.runners)

    def _head(self) -> str:
        return (
            f"program of {self.recorded:,} scalar rows: {self.arguments:,} inputs, {len(self.captured):,} captured Values, "
            f"{len(self.tape.guards)} guards, {len(self.outputs)} output(s)"
        )

    def chart(self) -> Chart:
        """What `microgradx.draw(program)` draws: the array instructions of the largest of its runners, as the gradient's."""
        if not self.runners:
            self.value_runner()
        return chart(self.runners, len(self.outputs), self.chosen)

    def __getstate__(self) -> dict[str, Any]:
        """Without the Values of the graph: all inputs of an unpickled program are passed as numbers."""
        kept = {key: runner for key, runner in self.runners.items() if not isinstance(runner, LongRunner)}
        whole = {"arguments": len(self.tape.inputs), "captured": [], "values": None, "parts": {}, "runners": kept}
        return {name: x for name, x in vars(self).items() if name != "recurrence"} | whole
