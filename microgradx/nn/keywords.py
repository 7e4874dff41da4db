"""An argument that is called otherwise here, or misspelled, or left out: what to write instead."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar, cast

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

    `whole` may be a function of the arguments that were given.
    """

    def told(function: _Function) -> _Function:
        signature, name = inspect.signature(function), function.__qualname__.removesuffix(".__init__")
        known = [key for key in signature.parameters if key != "self"]

        @wraps(function)
        def call(*args: Any, **named: Any) -> Any:
            for key in named:
                if key not in known:
                    raise _unknown(name, key, known, instead)
            try:
                signature.bind(*args, **named)
            except TypeError as error:
                raise _misfit(name, error, signature, args, named, whole) from None
            return function(*args, **named)

        return cast(_Function, call)

    return told


def _unknown(owner: str, name: str, known: list[str], instead: Mapping[str, str]) -> TypeError:
    if name in instead:
        return TypeError(f"{owner} has no argument {name!r}: write {instead[name]}")
    import difflib  # a millisecond that importing the package need not take

    near = difflib.get_close_matches(name, known, 1, 0.6)
    hint = f"did you mean {near[0]}=?" if near else f"it takes {', '.join(known)}"
    return TypeError(f"{owner} has no argument {name!r}: {hint}")


def _misfit(
    owner: str, error: TypeError, signature: inspect.Signature, args: tuple[Any, ...], named: dict[str, Any], whole: Any
) -> TypeError:
    """The error for arguments that are left out, or of which there are too many."""
    what, given = f"got arguments that do not fit ({error})", {}
    with suppress(TypeError):  # too many
        given = signature.bind_partial(*args, **named).arguments
        missing = [key for key, parameter in signature.parameters.items() if parameter.default is parameter.empty]
        what = f"needs {', '.join(f'{key}=' for key in missing if key not in given)}"
    example = whole if isinstance(whole, str) else whole(**{key: thing for key, thing in given.items() if key != "self"})
    return TypeError(f"{owner} {what}: write for example {example}")
