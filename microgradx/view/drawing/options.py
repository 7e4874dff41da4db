"""The words that the options of a drawing may be, and what is said of another one."""

from __future__ import annotations

ON_WIRES = ("local", "chain", "none")
"""What stands on a wire: the local derivative, upstream * local, or nothing."""

FLOWS = ("forward", "backward")
"""Which way the arrows point."""

RANKDIRS = ("LR", "RL", "TB", "BT")
"""Which way the graph runs."""

DETAILS = ("auto", "full", "values", "neurons", "layers", "model")
"""How much is folded into one card."""


def check_options(**options: tuple[object, tuple[object, ...]]) -> None:
    """Refuse an option whose word is not one of the allowed ones.

    >>> check_options(edges=("both", ON_WIRES))
    Traceback (most recent call last):
    ValueError: edges='both' is not known: write one of 'local', 'chain', 'none'
    """
    for option, (given, allowed) in options.items():
        if given not in allowed:
            known = ", ".join(repr(x) for x in allowed if x is not None)
            raise ValueError(f"{option}={given!r} is not known: write one of {known}")
