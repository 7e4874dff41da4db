"""C functions called by ctypes: their arrays as numbers, and what has to be declared or wrapped, said where it is not."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..operand import LeftGraph

WHOLE_TYPES = frozenset("bBhHiIlLqQ?")  # the letters of ctypes for c_byte to c_ulonglong and c_bool
WRAPPER = """
    def gradient({arguments}):
        g = numpy.zeros(n)  # n: how many inputs there are
        {name}({arguments}, g)
        return g"""


def is_c_function(f: Any) -> bool:
    """Whether f is a function of a library that ctypes loaded."""
    known = sys.modules.get("_ctypes")
    return known is not None and isinstance(f, known.CFuncPtr)


def of_numbers(f: Any) -> bool:
    """Whether f is a C function declared to take and give numbers only, so that it can be called with any: no address is read."""
    kinds = (f.restype, *(f.argtypes or (None,))) if is_c_function(f) else (None,)
    return all(getattr(kind, "_type_", None) in ("f", "d", "g") for kind in kinds)


def refuse_undeclared(f: Any, arguments: int | None = None) -> None:
    """TypeError for a C function whose result is read as a whole number, as ctypes does where nothing is declared.

    Nothing is said of one that takes another number of arguments than it will be called with: the call does.

    >>> import ctypes
    >>> sine = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_double)(lambda x: 0)
    >>> sine.__name__ = "sine"
    >>> refuse_undeclared(sine)
    Traceback (most recent call last):
    TypeError: sine is a C function whose result is read as c_int, as ctypes does where nothing is declared: write
    sine.restype = ctypes.c_double
    """
    if not is_c_function(f) or getattr(f.restype, "_type_", None) not in WHOLE_TYPES:
        return
    if arguments is None or f.argtypes is None or len(f.argtypes) == arguments:
        raise TypeError(
            f"{f.__name__} is a C function whose result is read as {f.restype.__name__}, as ctypes does where nothing is "
            f"declared: write {f.__name__}.restype = ctypes.c_double"
        )


def refuse_undeclared_inside(f: Any) -> None:
    """The same for the C functions that a Python function calls by name."""
    for inner in _called_by(f):
        refuse_undeclared(inner)


def _called_by(f: Any) -> Iterator[Any]:
    """The C functions among the names that the code of f uses: themselves, or as attributes of a library."""
    if not inspect.isfunction(f):
        return
    seen = inspect.getclosurevars(f)
    for thing in (*seen.nonlocals.values(), *seen.globals.values()):
        if is_c_function(thing):
            yield thing
        elif (ctypes := sys.modules.get("ctypes")) and isinstance(thing, ctypes.CDLL):
            yield from (vars(thing)[name] for name in f.__code__.co_names if name in vars(thing))


def c_array_form(x: Any) -> tuple[Any, Callable[[Any], Any]] | None:
    """The numbers of an array of ctypes as a list, and the way back; None for anything else.

    >>> import ctypes
    >>> form, back = c_array_form((ctypes.c_double * 2)(1.0, 2.0))
    >>> form, list(back([3.0, 4.0]))
    ([1.0, 2.0], [3.0, 4.0])

    A pointer is a TypeError: it does not say how many numbers there are.
    """
    ctypes = sys.modules.get("ctypes")
    if ctypes is None:
        return None
    if isinstance(x, ctypes.Array) and not isinstance(x[:0], (bytes, str)):
        kind, inner = type(x), [c_array_form(item) for item in x]
        forms = [item if form is None else form[0] for item, form in zip(x, inner, strict=True)]

        def back(plain: Any) -> Any:
            return kind(*[item if form is None else form[1](item) for item, form in zip(plain, inner, strict=True)])

        return forms, back
    if isinstance(x, ctypes._Pointer):
        raise TypeError(
            f"{type(x).__name__} is a pointer, which does not say how many numbers it points to: write "
            "numpy.ctypeslib.as_array(pointer, (5,)), with their number for 5"
        )
    return None


def c_argument(f: Any, k: int, numbers: Sequence[float]) -> Any:
    """Several numbers as argument number k of float code takes them: an array of ctypes for a pointer, else one of numpy."""
    ctypes = sys.modules.get("ctypes")
    kinds = (f.argtypes or ()) if is_c_function(f) else ()
    if ctypes is not None and k < len(kinds) and issubclass(kinds[k], ctypes._Pointer):
        return (kinds[k]._type_ * len(numbers))(*numbers)
    import numpy

    return numpy.array(numbers)


def told_call(f: Any, error: Exception, given: Sequence[Any], graph: bool) -> Exception:
    """The TypeError to raise where f cannot be called with the inputs: what was given, why not, what to write."""
    name, f = getattr(f, "__name__", type(f).__name__), getattr(f, "__wrapped__", f)
    if graph and _does_not_take(error):
        return TypeError(
            f"{name} cannot be called with Values ({error}): if it computes with floats, give its gradient too, with grad= or on "
            "the command line --grad FILE:NAME"
        )
    if graph and (isinstance(error, LeftGraph) or (isinstance(error, TypeError) and "ufunc" in str(error))):
        return TypeError(
            f"{error}. Without grad= {name} is called with Values, to judge backward(), and .data leaves nothing to judge: for "
            "float code give its gradient, grad=g"
        )
    if is_c_function(f) and _does_not_take(error):
        if f.argtypes is None:
            return TypeError(
                f"{name} is a C function that was not told what it takes ({error}): write {name}.argtypes = [ctypes.c_double], "
                "or for an array [numpy.ctypeslib.ndpointer(float)]"
            )
        kinds = ", ".join(kind.__name__ for kind in f.argtypes)
        shown = ", ".join(map(repr, given))
        return TypeError(
            f"{name} is a C function of {kinds}, and cannot be called with {shown} ({error}): give at in that form, such as "
            "numpy.array([1.0, 2.0]) or (ctypes.c_double * 2)(1.0, 2.0)"
        )
    return error


def told_gradient_call(grad: Any, error: Exception, given: Sequence[Any]) -> Exception:
    """The same for a gradient, which may want an argument more to write its numbers into."""
    name = getattr(grad, "__name__", type(grad).__name__)
    if isinstance(error, TypeError) and not _takes(grad, given) and _takes(grad, (*given, None)):
        arguments = ", ".join(f"x{k}" for k in range(len(given))) if len(given) > 1 else "x"
        inner = name if name.isidentifier() else "your_function"
        return TypeError(
            f"{name} takes {len(given) + 1} arguments, and is called as f is, with {len(given)}: if it writes its numbers into "
            f"the last, wrap it, and give grad=gradient:{WRAPPER.format(arguments=arguments, name=inner)}"
        )
    return told_call(grad, error, given, graph=False)


def _takes(f: Any, given: Sequence[Any]) -> bool:
    """Whether f takes that many arguments; True where nobody knows."""
    if is_c_function(f):
        return f.argtypes is None or len(f.argtypes) == len(given)
    try:
        inspect.signature(f).bind(*given)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _does_not_take(error: Exception) -> bool:
    """Whether ctypes refused what it was called with."""
    ctypes = sys.modules.get("ctypes")
    return ctypes is not None and isinstance(error, ctypes.ArgumentError)
