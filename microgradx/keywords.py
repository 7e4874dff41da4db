"""An argument that is called otherwise here, or misspelled, or left out: what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar, cast

from .nearest import nearest

_Function = TypeVar("_Function", bound=Callable[..., Any])


def keywords(instead: Mapping[str, str], whole: str | Callable[..., str]) -> Callable[[_Function], _Function]:
    """A decorator: of arguments that do not fit, the error says the right word, and how a `whole` call is written.

    >>> @keywords({"lr": "optimizer=nn.SGD(lr=0.1)"}, "train(epochs=10)")
    ... def train(*, epochs):
    ...     return epochs
    >>> train(lr=0.1)
    Traceback (most recent call last):
    TypeError: train has no argument 'lr': write optimizer=nn.SGD(lr=0.1)
    >>> train()
    Traceback (most recent call last):
    TypeError: train needs epochs=: write for example train(epochs=10)

    `whole` may be a function of the arguments that were given. Arguments that fit cost nothing: only where Python has refused
    a call is it asked why.
    """

    def told(function: _Function) -> _Function:
        @wraps(function)
        def call(*args: Any, **named: Any) -> Any:
            __tracebackhide__ = True  # pytest shows the line of the test
            try:
                return function(*args, **named)
            except TypeError as error:
                if error.__traceback__ is None or error.__traceback__.tb_next is not None:  # it was raised inside
                    raise
                misfit = error
            raise _misfit(function, misfit, args, named, instead, whole)

        return cast(_Function, call)

    return told


def unknown_keyword(
    owner: str, name: str, known: Sequence[str], instead: Mapping[str, str], given: Collection[str] = ()
) -> TypeError:
    """The error for a keyword that a function does not take; it does not mean one that was `given` too."""
    if name in instead:
        return TypeError(f"{owner} has no argument {name!r}: write {instead[name]}")
    near = nearest(name, [key for key in known if key not in given])
    hint = f"did you mean {near[0]}=?" if near else f"it takes {', '.join(known)}" if known else "it takes none"
    return TypeError(f"{owner} has no argument {name!r}: {hint}")


def _misfit(
    function: Callable[..., Any],
    error: TypeError,
    args: tuple[Any, ...],
    named: dict[str, Any],
    instead: Mapping[str, str],
    whole: str | Callable[..., str],
) -> TypeError:
    """The error for arguments that a function does not take, that are left out, or of which there are too many."""
    import inspect  # importing the package need not take its time

    signature = inspect.signature(function)
    owner = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]
    parameters = {key: parameter for key, parameter in signature.parameters.items() if key != "self"}
    for key in named:
        if key not in parameters:
            return unknown_keyword(owner, key, list(parameters), instead, {*named, *list(signature.parameters)[: len(args)]})
    what, given = f"got arguments that do not fit ({error})", {}
    with suppress(TypeError):  # too many
        given = signature.bind_partial(*args, **named).arguments
        missing = [key for key, parameter in parameters.items() if parameter.default is parameter.empty and key not in given]
        what = f"needs {', '.join(f'{key}=' for key in missing)}" if missing else what
    example = whole if isinstance(whole, str) else whole(**{key: thing for key, thing in given.items() if key != "self"})
    return TypeError(f"{owner} {what}: write for example {example}")
