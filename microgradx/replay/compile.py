"""`compile(f)`: record a function once, replay it as array instructions, and record again where a replay would be wrong."""

from __future__ import annotations

import functools
import gc
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from ..operation import Operand
from .arguments import Call, shaped
from .plan import Array
from .program import Program
from .record import Tape
from .runner import GuardFailed
from .watch import watched

Result = TypeVar("Result")
CACHED = 8  # programs kept for one structure of arguments: one for each way through the branches


class Recording:
    """One way through a function for one structure of arguments, as a program, with the structure of what it returns."""

    def __init__(self, f: Callable[..., Any], call: Call) -> None:
        tape = Tape()
        numbers = call.numbers.tolist()
        leaves = [tape.input(x, i) for i, (low, high) in enumerate(call.spans()) for x in numbers[low:high]]
        with watched(tape):
            positional, named = call.rebuilt(iter(leaves))
            rows: list[int] = []
            self.result = returned(tape, f(*positional, **named), rows)
        self.program = Program(tape, rows, len(leaves), self.result == "number")

    def inputs(self, call: Call) -> Array:
        """All inputs of one run: the arguments, then the captured Values as they are now."""
        captured = self.program.captured
        return np.concatenate((call.numbers, [value._data for value in captured])) if captured else call.numbers

    def scalar(self) -> Program:
        """The program, if its result is one number."""
        if self.result != "number":
            raise TypeError(f"a gradient needs a function that returns one number, this one returns {self.result}: use .jacobian")
        return self.program


def returned(tape: Tape, result: Any, rows: list[int]) -> Any:
    """The structure of what the function returned; the rows of its numbers are appended to `rows`."""
    if isinstance(result, np.ndarray) and result.ndim:
        rows.extend(tape.slot(x) for x in result.flat)
        return ("array", result.shape)
    if isinstance(result, np.ndarray):
        result = result.item()
    if isinstance(result, (list, tuple)):
        return (type(result), tuple([returned(tape, item, rows) for item in result]))
    if isinstance(result, dict):
        return (dict, tuple([(key, returned(tape, item, rows)) for key, item in result.items()]))
    if result is None or isinstance(result, str):
        raise TypeError(f"the compiled function returned {result!r}: it must return a number, or a list, dict or array of numbers")
    rows.append(tape.slot(result))
    return "number"


class Compiled:
    """What `compile` returns. Called like the function, it gives plain numbers; its methods give derivatives."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.recordings: dict[Any, list[Recording]] = {}
        self.lock = threading.RLock()
        functools.update_wrapper(self, f, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """f(*args, **kwargs) as plain numbers; with Values among the arguments, what `f` itself makes of them."""
        if any(isinstance(x, Operand) for x in (*args, *kwargs.values())):
            return self.f(*args, **kwargs)
        found, recording, _ = self.replay(args, kwargs, lambda recording, inputs, call: recording.program.run(inputs))
        return shaped(recording.result, found)

    def value_and_grad(self, *args: Any, argnums: int | tuple[int, ...] = 0, **kwargs: Any) -> tuple[float, Any]:
        """(value, gradient), the gradient shaped like argument `argnums`; a tuple of argnums gives a tuple.

        >>> f = compile(lambda w, x: (w[0] * x + w[1]) ** 2)
        >>> f.value_and_grad([2.0, 1.0], 3.0)
        (49.0, [42.0, 14.0])
        """

        def run(recording: Recording, inputs: Array, call: Call) -> tuple[float, Array]:
            return recording.scalar().run_gradient(inputs, columns(call, argnums))

        (value, slopes), _, call = self.replay(args, kwargs, run)
        return value, parted(call, argnums, slopes)

    def grad(self, *args: Any, argnums: int | tuple[int, ...] = 0, **kwargs: Any) -> Any:
        """The gradient alone, shaped like argument `argnums`."""
        return self.value_and_grad(*args, argnums=argnums, **kwargs)[1]

    def hvp(self, *args: Any, vector: Any, argnums: int | tuple[int, ...] = 0, **kwargs: Any) -> Any:
        """The matrix of second derivatives times `vector` (shaped like argument `argnums`), without building the matrix.

        >>> compile(lambda v: v[0] ** 2 * v[1]).hvp([3.0, 4.0], vector=[1.0, 0.0])
        [8.0, 6.0]
        """
        direction = Call((vector,), {}).numbers

        def run(recording: Recording, inputs: Array, call: Call) -> Array:
            wrt = columns(call, argnums)
            if len(wrt) != len(direction):
                raise ValueError(f"vector has {len(direction)} numbers, argument {argnums} has {len(wrt)}: shape it like the argument")
            return recording.scalar().run_hvp(inputs, wrt, direction)

        products, _, call = self.replay(args, kwargs, run)
        return parted(call, argnums, products)

    def jacobian(self, *args: Any, argnum: int = 0, **kwargs: Any) -> Array:
        """d(output i)/d(input j) as an array of shape (outputs, *shape of the argument); one row for a single output.

        >>> compile(lambda v: [v[0] * v[1], v[0] + v[1]]).jacobian([3.0, 4.0])
        array([[4., 3.],
               [1., 1.]])
        """

        def run(recording: Recording, inputs: Array, call: Call) -> Array:
            return recording.program.run_jacobian(inputs, columns(call, argnum))

        matrix, recording, call = self.replay(args, kwargs, run)
        part = call.parts[argnum]
        inner = part[1] if part[0] == "array" else matrix.shape[1:]
        outer = recording.result[1] if recording.result[0] == "array" else matrix.shape[:1]
        return matrix.reshape((*outer, *inner))

    def backward(self, *args: Any, **kwargs: Any) -> float:
        """The value, after adding d(value)/d(leaf) to the `.grad` of every Value that the function captured.

        >>> from microgradx import Value
        >>> w = Value(3.0)
        >>> compile(lambda x: (w * x) ** 2).backward(2.0), w.grad
        (36.0, 24.0)
        """

        def run(recording: Recording, inputs: Array, call: Call) -> tuple[float, Array]:
            program = recording.scalar()
            return program.run_gradient(inputs, program.tape.inputs[program.arguments : program.arguments + len(program.captured)])

        (value, slopes), recording, _ = self.replay(args, kwargs, run)
        for leaf, slope in zip(recording.program.captured, slopes.tolist(), strict=True):
            leaf.grad = slope if leaf.grad is None else leaf.grad + slope
        return value

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """The program that a call with these arguments would run: print it to see its instructions."""
        return self.replay(args, kwargs, lambda recording, inputs, call: recording.program.run(inputs))[1].program

    def refresh(self) -> None:
        """Forget every recorded program, so that numbers the function captured are read anew."""
        with self.lock:
            self.recordings.clear()

    def replay(
        self, args: Sequence[Any], kwargs: dict[str, Any], run: Callable[[Recording, Array, Call], Result]
    ) -> tuple[Result, Recording, Call]:
        """The result of the first recorded program whose guards hold, recording a new one if there is none."""
        call = Call(args, kwargs)
        try:
            known = self.recordings.get(call.key(), ())
        except TypeError as error:
            raise TypeError(f"an argument that is no number, sequence or array must be hashable to compile for it: {error}") from None
        for recording in list(known):
            try:
                result = run(recording, recording.inputs(call), call)
            except GuardFailed:
                continue
            if known[0] is not recording:
                with self.lock:
                    if recording in known:
                        known.remove(recording)
                        known.insert(0, recording)
            return result, recording, call
        recording = self.record(call)
        try:
            return run(recording, recording.inputs(call), call), recording, call
        except GuardFailed:  # a comparison with nan, which no guard can express
            raise FloatingPointError(
                f"{self.__name__} branches on a comparison with nan: the way it takes cannot be recorded; call the function itself"
            ) from None

    def record(self, call: Call) -> Recording:
        """A new program, put in front of the others of this structure."""
        with collector_off():
            recording = Recording(self.f, call)
        with self.lock:
            known = self.recordings.setdefault(call.key(), [])
            known.insert(0, recording)
            if len(known) > CACHED:
                known.pop()
                warnings.warn(
                    f"{self.__name__} has taken more than {CACHED} ways through its branches and is recorded again for each: "
                    "write where(condition, a, b) instead of `if` on numbers that vary",
                    RuntimeWarning,
                    stacklevel=4,
                )
        return recording


def compile(f: Callable[..., Any]) -> Compiled:
    """`f` recorded at its first call and replayed as a few array instructions from then on.

    >>> import microgradx as mx
    >>> w = mx.Value(0.5)
    >>> loss = compile(lambda xs, ys: sum((w * x - y) ** 2 for x, y in zip(xs, ys)))
    >>> loss([1.0, 2.0], [1.0, 2.0]), loss([1.0, 2.0], [2.0, 2.0])
    (1.25, 3.25)

    Arguments are numbers, sequences, dicts and arrays of numbers; a new shape is recorded anew. Values that `f` captures, such as
    the parameters of a model, are read at each call. **Plain numbers and arrays that `f` captures are constants**: after changing
    them, call `refresh()`, or pass them as arguments. Comparisons are checked at each call, and another way through the branches
    is recorded anew. Whatever else looks at a number while `f` is recorded (`float(x)`, `x.data`, print) is an error.
    """
    return Compiled(f)


@contextmanager
def collector_off() -> Iterator[None]:
    """Without the cyclic collector, which would look through every row again and again and find nothing (half the time)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def columns(call: Call, argnums: int | tuple[int, ...]) -> list[int]:
    """The input rows of the chosen arguments."""
    spans = call.spans()
    rows: list[int] = []
    for k in (argnums,) if isinstance(argnums, int) else argnums:
        if not -call.positional <= k < call.positional:
            raise ValueError(f"argnums names argument {k}, but the function was called with {call.positional} positional argument(s)")
        low, high = spans[k if k >= 0 else call.positional + k]
        rows.extend(range(low, high))
    return rows


def parted(call: Call, argnums: int | tuple[int, ...], flat: Array) -> Any:
    """Flat derivatives in the shapes of the chosen arguments."""
    spans = call.spans()
    shapes, start = [], 0
    for k in (argnums,) if isinstance(argnums, int) else argnums:
        low, high = spans[k]
        shapes.append(shaped(call.parts[k], flat[start : start + high - low]))
        start += high - low
    return shapes[0] if isinstance(argnums, int) else tuple(shapes)

