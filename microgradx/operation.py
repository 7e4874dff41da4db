"""What an operation is: a function of numbers with its local derivatives, and the table that holds them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

from .facts import NO_FACTS, Facts
from .operand import LeftGraph, Operand, number, unboxed
from .rules import Rule, at_a_glance, local_derivative, operand_names_of

OPS: dict[str, Op] = {}
"""Every primitive by name, in the order of the table; tests, the compiler and the drawings walk it."""

UFUNCS: dict[str, Op] = {}
"""The primitive that numpy's function of that name means."""

NO_NAMES: Mapping[str, Any] = {}


class Help:
    """The `__doc__` of an operation, written from its statement when it is asked for; that of the class stays as it is.

    Who writes it knows formulas, far above this room; the package says who that is.
    """

    writer: ClassVar[Callable[[Op], str]]

    def __init__(self, doc: str) -> None:
        self.doc = doc

    def __get__(self, op: Op | None, owner: type[Op] | None = None) -> str:
        return self.doc if op is None else Help.writer(op)


class Op:
    """One indivisible function of numbers together with its local derivatives.

    >>> tanh = OPS["tanh"]
    >>> tanh(0.0), tanh.local_derivatives([0.0], 0.0)
    (0.0, [1.0])

    The rules contain only arithmetic and other primitives, so the type of the operands decides what they give: floats give
    the number, `Value`s the graph of the derivative, arrays the derivative at many points.

    `forward` maps floats to a float and never raises. `arity` counts the operands, None stands for any number of them;
    `partials` holds one rule or constant per operand, or the one rule for all, and `known` what `at_a_glance` sees of them. The
    rest is as `primitive` explains it.
    """

    __doc__ = Help(__doc__)  # of the class the text above, of an operation one that is made when asked for

    def __init_subclass__(cls) -> None:
        cls.__doc__ = Help(cls.__doc__ or "")  # type: ignore[assignment]

    __slots__ = (
        *("_array", "arity", "defaults", "domain", "facts", "forward", "gather", "known", "name", "numpy", "partials"),
        "template",
    )

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
        facts: Facts = NO_FACTS,
    ) -> None:
        self.name = name
        self.template = template
        self.forward = forward
        self.partials = partials
        self.arity = None if gather else len(partials)
        self.known = partials if gather else tuple([at_a_glance(partial, len(partials)) for partial in partials])
        self.domain = domain
        self.numpy = numpy
        self.gather = gather
        self.defaults = defaults
        self.facts = facts
        self._array = array

    def __call__(self, *operands: Any, **named: Any) -> Any:
        """Apply the operation: numbers give a float, arrays an array, an `Operand` among them decides what is recorded."""
        if self.gather is not None:
            if named:
                return self.along_axis(operands, named)
            operands = tuple(self.gather(*operands))
        elif len(operands) != self.arity or named:
            if self.facts.further is not None and len(operands) + len(named) > len(self.partials):
                return self.facts.further(*operands, **named)
            operands = self.completed(operands, named)
        for operand in operands:
            if type(operand) is not float:
                if isinstance(operand, Operand):
                    return operand.apply(self, operands)
                return self._of_mixed(operands)
        return self.forward(*operands)

    def _of_mixed(self, operands: tuple[Any, ...]) -> Any:
        """The operation on operands among which there is something else than floats and one that decides."""
        for operand in operands:
            if isinstance(operand, Operand):
                return operand.apply(self, operands)
        if any(getattr(operand, "shape", ()) for operand in operands):
            return self.elementwise(*operands)
        numbers = [unboxed(operand) for operand in operands]
        if any(isinstance(x, Operand) for x in numbers):
            return self(*numbers)
        return self.forward(*[number(x) for x in numbers])

    def along_axis(self, operands: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """The operation on the numbers along one axis of an array, or with `axis=None` on all of them.

        >>> import numpy
        >>> OPS["mean"](numpy.array([[1.0, 2.0], [3.0, 6.0]]), axis=1).tolist()
        [1.5, 4.5]
        """
        if named.keys() != {"axis"} or len(operands) != 1 or self.name == "dot":
            raise TypeError(f"{self.name} takes its operands in order, got {', '.join(named)}=: write {self.written()}")
        import numpy

        array, axis = numpy.asarray(operands[0]), named["axis"]
        return self(array.ravel().tolist() if axis is None else tuple(numpy.moveaxis(array, axis, 0)))

    def __get__(self, holder: object, owner: type | None = None) -> Self:
        """The operation itself, as a class that holds one hands it on: what has this method, help() takes for a routine."""
        return self

    @property
    def __name__(self) -> str:
        return self.name

    @property
    def __signature__(self) -> Any:
        from inspect import Parameter, Signature

        if self.arity is None:
            return Signature([Parameter("operands", Parameter.VAR_POSITIONAL)])
        defaults = (*[Parameter.empty] * (self.arity - len(self.defaults)), *self.defaults)
        kind = Parameter.POSITIONAL_OR_KEYWORD
        return Signature([Parameter(name, kind, default=x) for name, x in zip(self.operands, defaults, strict=True)])

    @property
    def operands(self) -> tuple[str, ...]:
        """The names of the operands, as the rules call them; () for an operation on any number of them.

        >>> OPS["clip"].operands, OPS["add"].operands, OPS["floor"].operands
        (('a', 'low', 'high'), ('a', 'b'), ('x',))
        """
        if self.arity is None:
            return ()
        for function in (*filter(callable, self.partials), *((self.forward,) if self.arity > 1 else ())):
            names = operand_names_of(function)
            if names is not None and len(names) >= self.arity:
                return names[: self.arity]
        return ("x",) if self.arity == 1 else tuple("abcdefgh"[: self.arity])

    def written(self) -> str:
        """How a call is written.

        >>> OPS["clip"].written(), OPS["sum"].written(), OPS["dot"].written()
        ('clip(a, low=-inf, high=inf)', 'sum(a, b, ...)', 'dot([a, b, ...], [c, d, ...])')
        """
        if self.arity is None:
            return f"{self.name}({'a, b, ...' if self.name != 'dot' else '[a, b, ...], [c, d, ...]'})"
        return f"{self.name}{self.__signature__}"

    def local_derivatives(self, operands: Sequence[Any], out: Any, wanted: Sequence[bool] | None = None) -> list[Any]:
        """d(out)/d(operand) for each operand, in order; None where `wanted` is false.

        >>> OPS["divide"].local_derivatives([6.0, 2.0], 3.0)
        [0.5, -1.5]

        A rule is asked only for the operands wanted: x**2 never takes the log of x.
        """
        try:
            return self._local_derivatives(operands, out, wanted)
        except LeftGraph as error:
            how = f"calls {error.called}" if error.called else "turns an operand into a plain number"
            raise TypeError(
                f"a rule of {self.name!r} {how}, which leaves the graph, so there is no derivative of it: "
                f"{error.remedy or 'write it with arithmetic and the operations of microgradx'}"
            ) from error

    def _local_derivatives(self, operands: Sequence[Any], out: Any, wanted: Sequence[bool] | None) -> list[Any]:
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

    def gives(self, out: float, operands: Sequence[float]) -> bool:
        """Whether this is what the operation gives for these numbers, bit for bit.

        >>> OPS["multiply"].gives(6.0, [2.0, 3.0]), OPS["multiply"].gives(0.0, [-1.0, 0.0])
        (True, False)
        """
        return number(self.forward(*operands)).hex() == out.hex()

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

    def completed(self, operands: tuple[Any, ...], named: Mapping[str, Any] = NO_NAMES) -> tuple[Any, ...]:
        """The operands in their order: those given by name put in place, defaults for those left out at the end."""
        names = self.operands
        if len(operands) > len(names):
            raise TypeError(f"{self.name} is written {self.written()} and takes {len(names)} operand(s), got {len(operands)}")
        for name in named:
            if name not in names[len(operands) :]:
                fault = "twice" if name in names else "but has no operand of that name"
                raise TypeError(f"{self.name} got {name}={named[name]!r} {fault}: write {self.written()}")
        given = {**dict(zip(names, operands, strict=False)), **named}
        defaults = dict(zip(names[len(names) - len(self.defaults) :], self.defaults, strict=True))
        missing = [name for name in names if name not in given and name not in defaults]
        if missing:
            raise TypeError(f"{self.name} is written {self.written()}, got no {' and no '.join(missing)}")
        return tuple([given.get(name, defaults.get(name)) for name in names])

    def elementwise(self, *operands: Any) -> Any:
        """The array form on arrays of numbers; on arrays of Values one node for each element."""
        import numpy

        arrays = [numpy.asarray(operand) for operand in operands]
        if any(array.dtype.hasobject for array in arrays):
            with numpy.errstate(all="ignore"):  # which it looks at here too
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
