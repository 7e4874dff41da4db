"""One way through a function, recorded for one structure of arguments."""

from __future__ import annotations

import hashlib
import pickle
import random
import sys
from collections.abc import Callable, MutableMapping
from time import perf_counter
from typing import Any

import numpy as np

from .. import modes, observers
from ..callers import warn
from ..structure import ONE, Fixed, Row, Structure, flat, parts, size, words
from ..variables import Argnums
from .arguments import Call, Chosen, packed, refuse_frozen
from .arrange import arranger
from .program import Program
from .run.array_program import Array
from .run.runner import Runner
from .tape.recorder import Recorder
from .tape.rows import code_of
from .tape.tape import Tape
from .tape.whole_number import WholeNumber

ONE_RESULT = frozenset({"gradient", "hvp", "hessian"})
"""The questions that only a function of one number can be asked."""


class Inquiry:
    """What is asked of a function for one structure of its arguments, and `by` which of them derivatives are."""

    def __init__(self, call: Call, name: str, argnums: Argnums) -> None:
        self.name, self.by = name, Chosen(call, () if name == "value" else argnums)

    def __call__(self, recording: Recording, inputs: Array, more: Array | None = None) -> Array:
        """The numbers that answer it for these inputs, and for the numbers of a direction if it takes one."""
        whole = inputs if more is None else np.concatenate((inputs, more))
        return (recording.runners.get(self) or self.runner(recording)).run(whole)

    def finish(self, recording: Recording) -> Callable[[Array], Any]:
        """From these numbers to what a call gives, of a value, or of the value and its gradient."""
        if self.name == "value":
            return recording.arrange
        arrange = arranger(self.by.whole, True, 1)
        return lambda found: (found.item(0), arrange(found))

    def runner(self, recording: Recording) -> Runner:
        """The program that finds them, from now on kept with the recording."""
        program = recording.scalar() if self.name in ONE_RESULT else recording.program
        return recording.runners.setdefault(self, program.question_runner(self.name, self.by.spans))


class Recording:
    """One way through a function for one structure of arguments, as a program, with the structure of what it returns."""

    def __init__(self, f: Callable[..., Any], call: Call) -> None:
        for part in call.parts:
            refuse_frozen(part)
        tape = Recorder()
        numbers = call.numbers.tolist()
        leaves = [tape.input(x, i) for i, (low, high) in enumerate(call.spans()) for x in numbers[low:high]]
        self.counted: set[int] = set()  # the places of the numbers that were used as an index or a count
        for place in call.whole():
            leaves[place] = WholeNumber(leaves[place], place, self.counted)
        for place, parameter in call.owned().items():
            tape.captured[parameter] = leaves[place].slot  # of a model, which is read where it is
        before, start = drawn(), perf_counter()
        try:
            with modes.recording(), observers.observed(tape):
                positional, keywords = call.rebuilt(iter(leaves))
                rows: list[int] = []
                self.result = returned(tape, f(*positional, **keywords), rows)
        finally:
            tape = tape.over()
        self.seconds = perf_counter() - start  # that the function itself took, as bench tells
        if tape.refused is not None:
            raise tape.refused
        if drawn() != before:
            warn(
                f"{function_name(f)} drew random numbers while it was recorded, and every replay has the same "
                "ones: draw them outside and pass them as an argument"
            )
        self.operations = len(tape) - len(tape.inputs) - len(tape.constants)
        self.program = Program(tape, rows, len(leaves), self.result == ONE)
        self.runners: dict[Inquiry, Runner] = {}
        self.arrange = arranger(self.result)
        self.plans: dict[Any, Any] = {}  # what `batch` makes of it
        self.used = 0  # when it last gave a result, by the count of its `Recordings`

    def share(self, programs: MutableMapping[bytes, Program]) -> None:
        """Run the program of an earlier recording, if it does the same: it may have read other Values, or lists for arrays."""
        known = programs.setdefault(fingerprint(self.program), self.program)
        if known is not self.program:
            self.program = known.reading(self.program.captured)

    def inputs(self, call: Call) -> Array:
        """All inputs of one run: the arguments, then the captured Values as they are now."""
        captured = self.program.captured
        return np.concatenate((call.numbers, packed([value._number for value in captured]))) if captured else call.numbers

    def beside(self) -> Structure:
        """The structure of what the function returns beside its value, with `has_aux`."""
        inner = (ONE,) * size(self.result) if isinstance(self.result, Row) else parts(self.result)
        if len(inner) != 2 or inner[0] != ONE:
            raise TypeError(
                f"with has_aux=True the function must return a pair (value, anything else), it returns {words(self.result)}"
            )
        return inner[1]

    def scalar(self) -> Program:
        """The program, if its result is one number."""
        if self.result != ONE:
            raise TypeError(f"a gradient needs a function of one result, this returns {words(self.result)}: use .jacobian")
        return self.program


def fingerprint(program: Program) -> bytes:
    """Equal for two programs that were just recorded if they do the same with their inputs, whatever these are called."""
    tape = program.tape
    wholes = {row: (code_of(op), operands) for row, (op, operands) in tape.wholes.items()}
    rest = tape.inputs, tape.roles, tape.more, tape.constants, tape.guards, wholes, program.outputs, program.arguments
    found = hashlib.blake2b(pickle.dumps((len(tape), tape.exact, program.single, *rest)), digest_size=16)
    for column in (tape.op, tape.a, tape.b):
        found.update(column)
    return found.digest()


def function_name(f: Callable[..., Any]) -> str:
    """What a message calls the function, or the object that is called itself."""
    name = getattr(f, "__name__", None)
    return repr(getattr(f, "__self__", f)) if name in (None, "__call__") else str(name)


def drawn() -> tuple[Any, ...]:
    """What changes when a random number is drawn from one of the two global generators."""
    if "numpy.random" not in sys.modules:  # importing it takes 15 ms
        return (random.getstate(),)
    state: Any = np.random.get_state()
    return random.getstate(), state[1].tobytes(), state[2:]


def returned(tape: Tape, result: Any, rows: list[int]) -> Structure:
    """The structure of what the function returned; the rows of its numbers are appended to `rows`."""
    structure, numbers = (ONE, [result]) if isinstance(result, bool) else flat(result)
    if isinstance(structure, Fixed):
        raise TypeError(
            f"the compiled function returned {result!r}: it must return a number, or a list, dict or array of numbers"
        )
    rows.extend([tape.slot(x) for x in numbers])
    return structure
