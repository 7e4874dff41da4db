"""The graph of values: nodes, how operations make them, and the pass that leaves gradients in them."""

from __future__ import annotations

import copyreg
import operator
from collections.abc import Callable, Sequence
from numbers import Rational
from typing import Any, Never, TypeGuard

from . import argument_hints, micrograd_names, modes, observers
from .chain import chain_rule, numbers_alone
from .keywords import unknown_keyword
from .modes import QUIET, innermost, watching
from .operand import Operand, number, unboxed
from .operation import Op
from .operators import Operators, spellings
from .order import Many, numbers_of, topological_order, unreached
from .spelling import fits, named
from .stale import OVERWRITTEN, clock
from .writing import add_gradients

_new = object.__new__


def _comparison(name: str) -> Callable[[Value, Any], bool]:
    """A comparison of the numbers; who records a function to replay it answers instead, as the answer may decide a branch."""
    holds: Callable[[Any, Any], bool] = getattr(operator, name)

    def method(self: Value, other: Any) -> Any:
        if not observers.observers:
            if type(other) is float:
                return holds(self._number, other)
            if type(other) is Value:
                return holds(self._number, other._number)
        if not fits(other):
            if getattr(getattr(other, "dtype", None), "kind", "") == "c" and name not in ("__eq__", "__ne__"):
                # not NotImplemented: numpy's reflected operator would ask this one again, and again
                raise TypeError(f"{other!r} is complex and not before or behind a Value: compare its .real")
            return NotImplemented
        if (observer := observers.observer()) is not None:
            return observer.answer(name, self, other)
        if isinstance(other, Rational):  # as floats do: exactly, however large it is
            return holds(self._number, other)
        return holds(self._number, other._number if is_node(other) else number(other))

    method.__name__, method.__qualname__ = name, f"Value.{name}"
    return method


class Value(Operators):
    """One number in a graph, with the operation and the operands that made it.

    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> L = a * b + 10
    >>> L.backward()
    >>> L, a.grad, b.grad
    (Value(data=4.0, grad=1.0), -3.0, 2.0)

    A node is (data, op, parents). `grad` is 0.0 until a backward pass reaches the node, and `reached` says whether one did; a
    pass adds to the grad of leaves and sets that of computed nodes afresh. Plain numbers in an expression stay plain:
    `(2 * x).parents` is `(2.0, x)`.
    """

    # Two operand slots instead of a tuple of parents: one object a node for the garbage collector to visit instead of two,
    # which takes a third off the building of a graph.
    __slots__ = ("__weakref__", "_grad", "_left", "_mark", "_number", "_right", "_stamp", "op")

    _mark: Any  # the label, or the place (see places.py), or both and the call that gave it; mostly None
    _number: float
    _left: Any
    _right: Any
    _stamp: int
    _grad: float | None  # None: no pass has reached it
    op: Op | None

    def __init__(self, data: Any, label: str | None = None, *more: Never, **names: Never) -> None:
        if more or names:
            micrograd_names.refuse_made_by_hand(label, *more, **names)
        self._number = number(data)
        self._left = self._right = self._mark = self.op = self._grad = None
        self.label = label
        self._stamp = clock.now

    @property
    def parents(self) -> tuple[Any, ...]:
        """What the operation was applied to, in order and with repeats: Values, and floats where plain numbers were written."""
        if self._right is None:
            return () if self.op is None else (self._left,)
        return self._left if self._right is Many else (self._left, self._right)

    @property
    def data(self) -> float:
        """The number; assigning it makes every node built from it stale."""
        if observers.observers and (observer := observers.observer()) is not None:
            return observer.answer("detach", self)  # type: ignore[no-any-return]  # what stands for a leaf there
        return self._number

    @data.setter
    def data(self, data: float) -> None:
        if observers.observers:
            observers.look(".data was assigned")
        self._number = data if type(data) is float else number(data)
        now = clock.tick()
        self._stamp = now if self.op is None else OVERWRITTEN

    @property
    def label(self) -> str | None:
        """What to call it, or None; drawings and steps show it."""
        mark = self._mark
        return mark if type(mark) is str else mark[2] if type(mark) is tuple else None

    @label.setter
    def label(self, label: str | None) -> None:
        if label is not None and not isinstance(label, str):
            if isinstance(label, (tuple, set)):
                micrograd_names.refuse_made_by_hand(label)
            raise TypeError(f"label={label!r} is not a string: write Value(data, label='w'), one Value for each number")
        mark = self._mark
        if mark is None or type(mark) is str:
            self._mark = label
        else:
            self._mark = (*mark[:2], label) if type(mark) is tuple else (mark, 0, label)

    @property
    def grad(self) -> float:
        """The gradient that backward passes left here, 0.0 if none came by; assigning None makes it unreached."""
        if observers.observers:
            observers.look(".grad was read")
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        if observers.observers:
            observers.look(".grad was assigned")
        self._grad = None if grad is None else number(grad)

    @property
    def reached(self) -> bool:
        """Whether a backward pass came by since the gradient was last cleared, even if it left 0.0; or a number was assigned.

        >>> x = Value(3.0)
        >>> x.grad, x.reached
        (0.0, False)
        >>> (x * 0.0).backward(); x.grad, x.reached
        (0.0, True)
        """
        if observers.observers:
            observers.look(".reached was read")
        return self._grad is not None

    def apply(self, op: Op, operands: Sequence[Any]) -> Any:
        """A new node that records `op` applied to `operands`."""
        now = clock.now
        if op.arity == 1:
            return _node(now, op, self, None, op.forward(self._number))
        try:
            numbers = numbers_of(operands)
        except AttributeError:
            return self._apply_converted(op, operands)
        if op.arity is None or op.arity > 2:
            return _node(now, op, tuple(operands), Many, op.forward(*numbers))
        return _node(now, op, operands[0], operands[1] if len(operands) == 2 else None, op.forward(*numbers))

    def _apply_converted(self, op: Op, operands: Sequence[Any]) -> Any:
        """`apply` for operands that are not all Values and floats: numbers become floats, other kinds and arrays take over."""
        if op.arity is not None and any(getattr(x, "shape", ()) for x in operands):
            return op.elementwise(*operands)  # beside an array: one node for each element
        operands = [unboxed(x) for x in operands]
        for x in operands:
            if isinstance(x, Operand) and not is_node(x):
                return x.apply(op, operands)
        return self.apply(op, [x if is_node(x) else number(x) for x in operands])

    def _mixed(self, op: Op, left: Any, right: Any, other: Any) -> Any:
        """A binary operator with something else than a Value or a float; what is not a number may know what to do itself."""
        if fits(other) and (is_node(other) or not isinstance(other, Operand)):
            return self.apply(op, (left, right))
        return NotImplemented

    def backward(self, seed: float = 1.0, **unknown: Never) -> None:
        """Add d(self)/d(leaf) to the `.grad` of every leaf, and set the `.grad` of every computed node.

        >>> x = Value(3.0)
        >>> y = x * x
        >>> y.backward(); y.backward()
        >>> x.grad, y.grad
        (12.0, 1.0)

        Raises RuntimeError if a number below was assigned since this graph was built: `forward()` first. Whatever is raised,
        Ctrl-C included, every `.grad` is written or none is.
        """
        if unknown:
            raise unknown_keyword("backward", next(iter(unknown)), ["seed"], argument_hints.BACKWARD)
        observers.look("backward() was called")
        adjoints = unreached(self)
        if isinstance(seed, Value):
            raise TypeError(f"the seed of a pass is a plain number, not {seed!r}: write backward(seed={seed.data!r})")
        adjoints[self] = number(seed)
        backward_pass(adjoints)
        add_gradients(adjoints)

    def forward(self) -> Value:
        """Recompute, in place and from the leaves up, every number that this one is made of; returns itself.

        >>> x = Value(2.0); y = x * x
        >>> x.data = 5.0
        >>> y.forward().data
        25.0
        """
        observers.look("forward() was called")
        now = clock.tick()
        for node in topological_order(self):
            if node.op is not None:
                parents = node.parents
                data = node.op.forward(*numbers_of(parents))
                node._number = data if type(data) is float else number(data)
                if any(type(x) is not float and x._stamp > node._stamp for x in parents):
                    node._stamp = now  # only what was stale: another graph on a node that did not change stays fresh
                if watching:
                    modes.check_forward(node)
        return self

    def detach(self) -> Value:
        """A leaf with the same number, cut off from the graph."""
        if observers.observers and (observer := observers.observer()) is not None:
            return observer.answer("detach", self)  # type: ignore[no-any-return]  # what stands for a leaf there
        return Value(self._number, self.label)

    __eq__, __ne__ = _comparison("__eq__"), _comparison("__ne__")
    __lt__, __le__ = _comparison("__lt__"), _comparison("__le__")
    __gt__, __ge__ = _comparison("__gt__"), _comparison("__ge__")
    __hash__ = object.__hash__  # by identity, as in PyTorch: a dict or set keeps equal numbers apart

    def __bool__(self) -> bool:
        return bool(operator.ne(self, 0.0)) if observers.observers else self._number != 0.0

    def __copy__(self) -> Value:
        observers.look("a number was copied")
        twin = restored(self._number, self._grad, self._mark, self._stamp, self.op, self.parents, type(self))
        twin.__setstate__(getattr(self, "__dict__", {}))
        return twin

    def __reduce__(self) -> Any:
        return copyreg.dispatch_table[Value](self)  # for subclasses: pickle asks that table about Values itself

    def __setstate__(self, own: dict[str, Any]) -> None:
        """Take over the attributes of a subclass; a Value has none besides those that it is made with."""
        for name, attribute in own.items():
            setattr(self, name, attribute)

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) - micrograd_names.UNSHOWN)

    def __repr__(self) -> str:
        label = "" if self.label is None else f", label={self.label!r}"
        return f"Value(data={self._number!r}, grad={0.0 if self._grad is None else self._grad!r}{label})"

    def __str__(self) -> str:
        observers.look("a number was printed")
        return repr(self)

    def __format__(self, spec: str) -> str:
        observers.look("a number was formatted")
        return format(self._number, spec) if spec else repr(self)


def is_node(x: object) -> TypeGuard[Value]:
    """Whether `x` is a node of a graph.

    isinstance(x, Value) is for users: a number that is being recorded says yes to it, so that functions treat it as a Value.
    """
    return issubclass(type(x), Value)


def restored(
    data: float,
    grad: float | None,
    mark: Any,
    stamp: int,
    op: Op | None,
    operands: Sequence[Any],
    kind: type[Value] = Value,
) -> Value:
    """A node made again from its parts, without computing anything."""
    node = _new(kind)
    node._number, node._grad, node._mark, node.op, node._stamp = data, grad, mark, op, stamp
    node._left = node._right = None
    if op is not None and (op.arity is None or op.arity > 2):
        node._left, node._right = tuple(operands), Many
    elif op is not None:
        node._left, node._right = operands[0], operands[1] if len(operands) == 2 else None
    return node


def _node(now: int, op: Op, left: Any, right: Any, data: Any) -> Value:
    """A computed node; under `no_grad` a leaf with the same number.

    `now` is the time before the operands were read: what another thread assigns meanwhile makes the node stale.
    """
    node = _new(Value)
    node._number = data if type(data) is float else number(data)
    node._grad = node._mark = None
    node._stamp = now
    node.op = op
    node._left = left
    node._right = right
    if watching and (innermost().says is QUIET or not modes.recorded(node)):
        node.op = node._left = node._right = None
    return node


def _unary(op: Op) -> Callable[[Value], Value]:
    """The method of `Value` for an operation on one operand, without the detour through `apply`."""
    forward = op.forward

    def method(self: Value) -> Value:
        now = clock.now
        data = forward(self._number)
        if type(data) is not float:
            return _node(now, op, self, None, data)
        node = _new(Value)
        node._number = data
        if watching:
            if innermost().says is not QUIET:
                return _node(now, op, self, None, data)
            node.op = node._left = node._right = node._grad = node._mark = None
            node._stamp = now
            return node
        node.op = op
        node._left = self
        node._right = node._grad = node._mark = None
        node._stamp = now
        return node

    return named(op, method)


def _infix(op: Op) -> tuple[Callable[[Value, Any], Any], Callable[[Value, Any], Any]]:
    """The same for a binary operator and its reflection: half the time of building a graph of sums and products is in here."""
    forward = op.forward

    def left(self: Value, other: Any) -> Any:
        now = clock.now
        if type(other) is Value:
            data = forward(self._number, other._number)
        elif type(other) is float:
            data = forward(self._number, other)
        elif type(other) is int:  # as in 2 * x: a tenth of the time of asking what it is
            return left(self, number(other))
        else:
            return self._mixed(op, self, other, other)
        if watching:
            if innermost().says is not QUIET:
                return _node(now, op, self, other, data)
            node = _new(Value)
            node._number = data
            node.op = node._left = node._right = node._grad = node._mark = None
            node._stamp = now
            return node
        node = _new(Value)
        node._number = data
        node.op = op
        node._left = self
        node._right = other
        node._grad = node._mark = None
        node._stamp = now
        return node

    def right(self: Value, other: Any) -> Any:
        if type(other) is float:
            return _node(clock.now, op, other, self, forward(other, self._number))
        if type(other) is int:
            return right(self, number(other))
        return self._mixed(op, other, self, other)

    return named(op, left), named(op, right)


for _name, (_op, _swapped) in spellings().items():
    if _op.arity == 1:
        setattr(Value, _name, _unary(_op))
    elif _swapped is not None:
        setattr(Value, _name, _infix(_op)[_swapped])
for _name, _answer in micrograd_names.answers():
    setattr(Value, _name, _answer)
del _name, _op, _swapped, _answer


def backward_pass(adjoints: dict[Any, Any]) -> None:
    """A backward pass in numbers, from the seeds in `adjoints`."""
    watch = modes.backward_watch()
    if watch is None:
        numbers_alone(adjoints)
    else:
        chain_rule(adjoints, adjoints, watch=watch)
