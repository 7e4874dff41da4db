"""What the statement of an operation tells beyond its numbers, for people and for judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .operation import Op


class Facts(NamedTuple):
    """What the statement of an operation tells beyond its numbers, for people and for judges.

    `about` says in a line what it is, `convention` what its slope is at kinks, poles and infinities. `choice` marks one that
    takes some of its operands and leaves others, `kink` another one whose slope may be 0 because of the side it is on,
    `saturates` one whose slope dies away; `activation` what a neuron may apply, `inner` what only rules are made of.
    `further` is the operation that is meant where more operands are given, as log(x, base). `exact(mpmath, *operands)` is its
    meaning in mpmath's numbers, where `mpmath` has no function of its name.
    """

    about: str = ""
    convention: str = ""
    choice: bool = False
    saturates: bool = False
    activation: bool = False
    inner: bool = False
    exact: Callable[..., Any] | None = None
    further: Op | None = None
    kink: bool = False


NO_FACTS = Facts()
