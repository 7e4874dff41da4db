"""What an operation is: a function of numbers with its local derivatives, and `primitive`, which puts one into the table."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any

OPS: dict[str, Op] = {}
"""Every primitive by name, in the order of the table; tests, the compiler and the drawings walk it."""

UFUNCS: dict[str, Op] = {}
"""The primitive that numpy's function of that name means."""

Rule = Callable[..., Any]


class Operand:
    """What takes part in an operation and decides what applying one means: a `Value` records it, a tape appends it."""

    __slots__ = ()

    def apply(self, op: Op, operands: Sequence[Any]) -> Any:
        """What `op` applied to `operands`, of which this is one, gives."""
        raise NotImplementedError(f"{type(self).__name__} must say what applying an operation to it means")


class Op:
    """One indivisible function of numbers together with its local derivatives.

    >>> tanh = OPS["tanh"]
    >>> tanh(0.0), tanh.local_derivatives([0.0], 0.0)
    (0.0, [1.0])

    The rules contain only arithmetic and other primitives, so the type of the operands decides what they give: floats give
    the number, `Value`s the graph of the derivative, arrays the derivative at many points.

    `forward` maps floats to a float and never raises. `arity` counts the operands, None stands for any number of them;
    `partials` holds one rule or constant per operand, or the one rule for all. The rest is as `primitive` explains it.
    """

    __slots__ = ("_array", "arity", "defaults", "domain", "forward", "gather", "name", "numpy", "partials", "template")

    def __init__(
        self,
        name: str,
        template: str,
        forward: Callable[..., float],
        partials: tuple[float | Rule, ...],
        domain: tuple[tuple[float, float], ...],
        numpy: str | None,
        array: Callable[..., Any] | None,
        gather: Callable[..., Sequence[Any]] | None,
        defaults: tuple[float, ...],
    ) -> None:
        self.name = name
        self.template = template
        self.forward = forward
        self.partials = partials
        self.arity = None if gather else len(partials)
        self.domain = domain
        self.numpy = numpy
        self.gather = gather
        self.defaults = defaults
        self._array = array

    def __call__(self, *operands: Any) -> Any:
        """Apply the operation: numbers give a float, arrays an array, an `Operand` among them decides what is recorded."""
        if len(operands) == self.arity:
            for operand in operands:
                if type(operand) is not float:
                    break
            else:  # as a rule asks for it on every edge of a backward pass
                return self.forward(*operands)
            if isinstance(operand, Operand):
                return operand.apply(self, operands)
        if self.gather is not None:
            operands = tuple(self.gather(*operands))
        elif len(operands) != self.arity:
            operands = self.completed(operands)
        for operand in operands:
            if isinstance(operand, Operand):
                return operand.apply(self, operands)
        if any(getattr(operand, "shape", ()) for operand in operands):
            return self.elementwise(*operands)
        numbers = [unboxed(operand) for operand in operands]
        if any(isinstance(x, Operand) for x in numbers):
            return self(*numbers)
        return self.forward(*[number(x) for x in numbers])

    def local_derivatives(self, operands: Sequence[Any], out: Any, wanted: Sequence[bool] | None = None) -> list[Any]:
        """d(out)/d(operand) for each operand, in order; None where `wanted` is false.

        >>> OPS["divide"].local_derivatives([6.0, 2.0], 3.0)
        [0.5, -1.5]

        A rule is asked only for the operands wanted: x**2 never takes the log of x.
        """
        if self.arity is None:
            found = local_derivative(self.partials[0], operands, out)
            if not isinstance(found, (list, tuple)) or len(found) != len(operands):
                what = f"{len(found)} of them" if isinstance(found, (list, tuple)) else repr(found)
                raise TypeError(f"the rule of {self.name!r} must return a list of {len(operands)} local derivatives, got {what}")
            return found if type(found) is list else list(found)
        return [
            None if wanted is not None and not wanted[slot] else local_derivative(partial, *operands, out)
            for slot, partial in enumerate(self.partials)
        ]

    def real_number(self, slot: int, found: Any) -> float:
        """What the rule for operand `slot` returned, as a float; TypeError if it is not one real number.

        None or an empty list, taken for a zero, would be a wrong gradient told in silence.
        """
        try:
            return number(found)
        except TypeError:
            pass
        hint = ": does it lack a return?" if found is None else f" ({type(found).__name__}): it must give one real number"
        raise TypeError(f"the rule of {self.name!r} for operand {slot} returned {found!r}, not a number{hint}")

    def array(self, numpy: Any, *arrays: Any) -> Any:
        """The same function on float arrays, in the namespace `numpy`: its ufunc where there is one, else element by element."""
        if self._array is not None:
            return self._array(numpy, *arrays)
        if self.numpy is not None:
            return getattr(numpy, self.numpy)(*arrays)
        return numpy.vectorize(self.forward, otypes=[float])(*arrays)

    def completed(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """The operands, with defaults for those left out at the end."""
        missing = len(self.partials) - len(operands)
        if not 0 < missing <= len(self.defaults):
            raise TypeError(f"{self.name} is written {self.template} and takes {self.arity} operand(s), got {len(operands)}")
        return operands + self.defaults[-missing:]

    def elementwise(self, *operands: Any) -> Any:
        """The array form on arrays of numbers; on arrays of Values one node for each element."""
        import numpy

        arrays = [numpy.asarray(operand) for operand in operands]
        if any(array.dtype.hasobject for array in arrays):
            return numpy.frompyfunc(self, len(arrays), 1)(*arrays)
        if any(array.dtype.kind not in "biuf" for array in arrays):
            kinds = ", ".join(str(array.dtype) for array in arrays)
            raise TypeError(f"{self.name} works on arrays of real numbers, got {kinds}: write .real, .imag or astype(float)")
        with numpy.errstate(all="ignore"):
            return self.array(numpy, *[array.astype(float) for array in arrays])

    def __repr__(self) -> str:
        return f"<operation {self.name}: {self.template}>"

    def __reduce__(self) -> tuple[Callable[[str], Op], tuple[str]]:
        return find, (self.name,)


def find(name: str) -> Op:
    """The primitive called `name`, as a pickle or a page asks for it.

    >>> find("exp")
    <operation exp: exp({})>
    """
    try:
        return OPS[name]
    except KeyError:
        raise KeyError(f"no operation {name!r}: import the module whose primitive({name!r}, ...) defines it first") from None


def primitive(
    name: str,
    template: str,
    forward: Callable[..., float],
    *partials: float | Rule,
    domain: tuple[Any, ...] = (-2.0, 2.0),
    numpy: str | None = None,
    array: Callable[..., Any] | None = None,
    gather: Callable[..., Sequence[Any]] | None = None,
    defaults: tuple[float, ...] = (),
) -> Op:
    """Add an operation to the table: how it is written, what it computes, and one local derivative per operand.

    >>> from microgradx import Value, primitive
    >>> cube = primitive("cube", "{}**3", lambda a: a * a * a, lambda a, out: 3.0 * a * a)
    >>> x = Value(2.0)
    >>> cube(x).backward()
    >>> x.grad
    12.0

    A rule is called as `rule(*operands, out)` and uses only arithmetic and other primitives, so that it can be differentiated
    again: never `if`, `math` or `.data`, and `power` for roots, as Python's own `**` turns complex below 0. A constant local
    derivative is written as a float.

    `template` has one {} per operand, or one for all. `domain` is where tests may sample: one (low, high) for all operands, or
    one pair each. `numpy` names the ufunc of the same meaning; `array(numpy, *arrays)` is the array form where there is no
    ufunc. `defaults` stand for last operands left out. `gather` turns the call's arguments into the operands of an operation on
    any number of them; its single rule is called as `rule(operands, out)` and returns a list.
    """
    if name in OPS:
        raise ValueError(f"there is an operation {name!r} already: choose another name")
    if not isinstance(name, str) or not callable(forward):
        raise TypeError(f"primitive needs a name and a function of floats, got {name!r} and {forward!r}")
    if numpy in UFUNCS:
        raise ValueError(f"numpy.{numpy} means {UFUNCS[numpy].name!r} already: leave numpy= out, or write array= for arrays")
    if not partials or (gather is not None and len(partials) != 1):
        wanted = "one rule for all its operands" if gather else "one rule (or constant) per operand"
        raise ValueError(f"operation {name!r} needs {wanted}, got {len(partials)}")
    if not all(callable(partial) or isinstance(partial, float) for partial in partials):
        raise TypeError(f"the rules of {name!r} must be functions or floats, got {partials!r}")
    rules = tuple([float(partial) if isinstance(partial, float) else partial for partial in partials])  # no numpy.float64
    pairs = domain if isinstance(domain, tuple) and domain and isinstance(domain[0], tuple) else (domain,) * len(partials)
    if len(pairs) != len(partials) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise TypeError(f"domain={domain!r} must be one (low, high), or one such pair for each of {len(partials)} operands")
    op = OPS[name] = Op(name, template, forward, rules, pairs, numpy, array, gather, defaults)
    if numpy is not None:
        UFUNCS[numpy] = op
    return op


def local_derivative(partial: float | Rule, *arguments: Any) -> Any:
    """What a rule gives; where Python's own division or overflow raises, what it gives for numbers that follow IEEE 754."""
    if isinstance(partial, float):
        return partial
    try:
        return partial(*arguments)
    except (ZeroDivisionError, OverflowError):
        from .operators import Ieee, plain  # spelled with the table, which this file builds

        return plain(partial(*map(Ieee.of, arguments)))


def number(value: Any) -> float:
    """`value` as a Python float, if it is one real number.

    >>> number(True), number(3)
    (1.0, 3.0)

    Strings, None, complex numbers, arrays with several elements and Values raise a TypeError that says what to write instead.
    """
    if type(value) is float:  # nearly always; asking the abstract class takes five times as long
        return value
    kind = getattr(getattr(value, "dtype", None), "kind", "f")  # numpy's dates and durations count as integers elsewhere
    if isinstance(value, (int, numbers.Real)) and kind not in "mM":
        try:
            return float(value)
        except OverflowError:  # an int or a Fraction beyond 1.8e308, as IEEE 754 rounds it
            return -math.inf if value < 0 else math.inf
    if isinstance(value, Operand):
        raise TypeError(f"{value!r} is in a graph already: use it as it is, or .data for its number")
    if isinstance(value, str):
        raise TypeError(f"{value!r} is a string, not a number: write float({value!r}) if it spells one")
    if isinstance(value, numbers.Complex) and kind not in "mM":
        raise TypeError(f"{value!r} is complex, the engine works on real numbers: write its .real or .imag")
    if hasattr(value, "shape") and hasattr(value, "item"):
        if value.shape != ():
            raise TypeError(f"an array of shape {value.shape} is not one number: write [Value(v) for v in array.flat]")
        if kind in "biufcO":
            return number(value.item())
    if isinstance(value, (list, tuple)):
        raise TypeError(f"{value!r} is a {type(value).__name__}, not a number: write [Value(v) for v in it], one for each number")
    if hasattr(value, "__float__") and kind == "f":
        raise TypeError(f"{value!r} is a {type(value).__name__}, the engine works on floats: write float({value!r})")
    raise TypeError(f"{value!r} ({type(value).__name__}) is not a number: write a float such as 1.0")


def unboxed(x: Any) -> Any:
    """What a 0-d array holds, as numpy's `where` and `tensordot` make them of Values; anything else as it is."""
    return x.item() if getattr(x, "shape", None) == () and hasattr(x, "item") else x
