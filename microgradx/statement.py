"""`primitive`, the one statement that puts an operation into the table, and what refuses a statement that cannot work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from .facts import Facts
from .operation import OPS, UFUNCS, Op
from .rules import Rule, operand_names_of
from .signatures import KINDS, Binary, OfOne, Reduction, Settled, Ternary, Unary

COMPOSED: dict[str, OfOne] = {}
"""Functions of one number that are made of operations, by name: not in the table, but as good as it for whoever writes them."""

OWN: set[str] = set()
"""The operations that this package states itself, and nobody replaces."""

NEURON_FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""What neurons may apply, by name: operations whose statement says `activation=True`, and functions made of operations."""


if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    class Options(TypedDict, total=False):
        """What a statement may say by name."""

        domain: tuple[Any, ...]
        numpy: str | None
        array: Callable[..., Any] | None
        about: str
        convention: str
        choice: bool
        saturates: bool
        activation: bool
        inner: bool
        exact: Callable[..., Any] | None
        further: Op | None
        kink: bool
        replace: bool


Slope = float | Rule


@overload
def primitive(name: str, template: str, forward: Callable[..., float], rule: Slope, /, **options: Unpack[Options]) -> Unary: ...
@overload
def primitive(
    name: str, template: str, forward: Callable[..., float], rule: Slope, second: Slope, /, **options: Unpack[Options]
) -> Binary: ...
@overload
def primitive(
    name: str,
    template: str,
    forward: Callable[..., float],
    rule: Slope,
    second: Slope,
    third: Slope,
    /,
    **options: Unpack[Options],
) -> Ternary: ...
@overload
def primitive(
    name: str,
    template: str,
    forward: Callable[..., float],
    /,
    *partials: Slope,
    defaults: tuple[float, ...],
    **options: Unpack[Options],
) -> Settled: ...
@overload
def primitive(
    name: str,
    template: str,
    forward: Callable[..., float],
    rule: Slope,
    /,
    *,
    gather: Callable[..., Sequence[Any]],
    **options: Unpack[Options],
) -> Reduction: ...


def primitive(
    name: str,
    template: str,
    forward: Callable[..., float],
    *partials: Slope,
    domain: tuple[Any, ...] = (-2.0, 2.0),
    numpy: str | None = None,
    array: Callable[..., Any] | None = None,
    gather: Callable[..., Sequence[Any]] | None = None,
    defaults: tuple[float, ...] = (),
    about: str = "",
    convention: str = "",
    choice: bool = False,
    saturates: bool = False,
    activation: bool = False,
    inner: bool = False,
    exact: Callable[..., Any] | None = None,
    further: Op | None = None,
    kink: bool = False,
    replace: bool = False,
) -> Any:
    """Add an operation to the table: how it is written, what it computes, and one local derivative per operand.

    >>> from microgradx import Value, primitive
    >>> cube = primitive("cube", "{}**3", lambda a: a * a * a, lambda a, out: 3.0 * a * a)
    >>> x = Value(2.0)
    >>> cube(x).backward()
    >>> x.grad
    12.0

    A rule is called as `rule(*operands, out)` and uses only arithmetic and other primitives, so that it can be differentiated
    again: never `if`, `math` or `.data`, and `power` for roots, as Python's own `**` turns complex below 0. A constant local
    derivative is written as a float. The names of its parameters are the names of the operands.

    `template` has one {} per operand, or one for all. `domain` is where tests may sample: one (low, high) for all operands, or
    one pair each. `numpy` names the ufunc of the same meaning; `array(numpy, *arrays)` is the array form where there is no
    ufunc. `defaults` stand for last operands left out. `gather` turns the call's arguments into the operands of an operation on
    any number of them; its single rule is called as `rule(operands, out)` and returns a list.

    `about` says in a line what the operation is, `convention` what its slope is at kinks and poles; `help` shows both. Where it
    takes some operands and leaves others, write `choice=True`, where its slope dies away `saturates=True`, where neurons may
    apply it `activation=True`, where only other rules need it `inner=True`. `exact(mpmath, *operands)` is its meaning in
    mpmath's numbers, for tests that need 60 digits. `further` is the operation that a call with more operands means.
    `kink=True` says that a slope of 0 there may be that of one side, so that 0 times infinity is 0 and no accident.

    The same statement again, as when a notebook's cell is run twice, gives the operation that is there; another one under its
    name needs `replace=True`. Graphs built before keep the operation that they were built with.
    """
    _check_statement(name, template, forward, partials, gather)
    known = OPS.get(name)
    if known is not None and not replace:
        if _code(known.forward, *known.partials, known.template) == _code(forward, *partials, template):
            return known
        raise ValueError(f"there is an operation {name!r} already: choose another name, or replace it with replace=True")
    if name in OWN:
        raise ValueError(f"{name!r} is an operation of microgradx itself: choose another name")
    if numpy in UFUNCS and UFUNCS[numpy] is not known:
        raise ValueError(f"numpy.{numpy} means {UFUNCS[numpy].name!r} already: leave numpy= out, or write array= for arrays")
    rules = tuple([float(partial) if isinstance(partial, float) else partial for partial in partials])  # no numpy.float64
    pairs = domain if isinstance(domain, tuple) and domain and isinstance(domain[0], tuple) else (domain,) * len(partials)
    if len(pairs) != len(partials) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise TypeError(f"domain={domain!r} must be one (low, high), or one such pair for each of {len(partials)} operands")
    facts = Facts(about, convention, choice, saturates, activation, inner, exact, further, kink)
    kind = KINDS.get(None if gather else len(partials), Op)
    op = OPS[name] = kind(name, template, forward, rules, pairs, numpy, array, gather, defaults, facts)
    if numpy is not None:
        UFUNCS[numpy] = op
    if activation:
        NEURON_FUNCTIONS[name] = op
    return op


def _check_statement(name: str, template: str, forward: Any, partials: tuple[Any, ...], gather: Any) -> None:
    """Refuse what cannot be an operation, before its name is taken."""
    if not isinstance(name, str) or not callable(forward):
        raise TypeError(f"primitive needs a name and a function of floats, got {name!r} and {forward!r}")
    if not partials or (gather is not None and len(partials) != 1):
        wanted = "one rule for all its operands" if gather else "one rule (or constant) per operand"
        raise ValueError(f"operation {name!r} needs {wanted}, got {len(partials)}")
    if not all(callable(partial) or isinstance(partial, float) for partial in partials):
        raise TypeError(f"the rules of {name!r} must be functions or floats, got {partials!r}")
    names = ["operands"] if gather else ["a"] if len(partials) == 1 else list("abcdefgh"[: len(partials)])
    for slot, rule in enumerate(partials):
        taken = operand_names_of(rule)
        least = len(taken or ()) - len(getattr(rule, "__defaults__", None) or ())
        if taken is not None and not least <= len(names) + 1 <= len(taken):
            raise TypeError(
                f"the rule of {name!r} for operand {slot} takes ({', '.join(taken)}), and is called with the operands and then "
                f"the result: write lambda {', '.join(names)}, out: ..."
            )


def _code(*functions: Any) -> list[Any]:
    """What tells one statement from another: the code of its functions, and everything else in it."""
    return [
        (code.co_code, code.co_consts, code.co_names, code.co_varnames) if (code := getattr(f, "__code__", None)) else f
        for f in functions
    ]


def composed(function: Callable[[Any], Any]) -> OfOne:
    """A function of one number that is made of operations, known by its name wherever operations are."""
    COMPOSED[function.__name__] = function
    return function


def neuron_function(function: Callable[[Any], Any]) -> OfOne:
    """`composed`, for one that neurons may apply."""
    NEURON_FUNCTIONS[function.__name__] = function
    return composed(function)
