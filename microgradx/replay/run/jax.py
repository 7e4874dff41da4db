"""A regrouped program as a JAX function: one traced array per group, for jit on whatever device JAX has.

Scalar code given to jit node by node takes minutes to compile; the same code regrouped is a few dozen operations. JAX calculates
in float32 unless `jax.config.update("jax_enable_x64", True)` was called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...missing import needs
from ..regroup.instructions import Instruction, View
from ..tape.rows import op_of
from .array_program import Plan


def to_jax(plan: Plan) -> Callable[[Any], Any]:
    """The function from the flat inputs of a plan to its results, to be given to `jax.jit`."""
    try:
        import jax.numpy as jnp
    except ModuleNotFoundError as error:
        raise needs("to_jax()", "jax") from error

    constants = np.concatenate((np.zeros(plan.inputs), plan.constants))

    def run(inputs: Any) -> Any:
        x = jnp.asarray(inputs)
        memory = _Memory(jnp)
        memory.write("slots", 0, x)
        memory.write("slots", plan.inputs, jnp.asarray(plan.constants, dtype=x.dtype))
        memory.write("constants", 0, jnp.asarray(constants[plan.indices], dtype=x.dtype))
        for step in plan.instructions:
            memory.write(step.write.space, step.write.offset, result(jnp, step, memory).astype(x.dtype).ravel())
        return memory.take("slots", plan.results)

    return run


def result(jnp: Any, step: Instruction, memory: _Memory) -> Any:
    """What one instruction gives."""
    if step.name == "take":
        return memory.take("slots", step.index)
    reads = [memory.read(view) for view in step.reads]
    if step.name == "matmul":
        return jnp.matmul(*reads)
    if step.name == "reduce":
        return reads[0].sum(axis=0)
    special = special_function(step.name)
    if special is not None:
        return special(*reads)
    op = op_of(step.name)
    try:
        return op.array(jnp, *reads)
    except Exception as error:
        raise TypeError(f"JAX cannot trace the array form of {step.name!r}: give its primitive(..., array=...) one") from error


def special_function(name: str) -> Callable[..., Any] | None:
    """JAX's own form of the operations that numpy lacks."""
    from jax.scipy import special

    return {"erf": special.erf, "erfc": special.erfc, "lgamma": special.gammaln, "normal_cdf": special.ndtr}.get(name)


class _Memory:
    """The buffers of a program as separate arrays: the latest one written over each stretch."""

    def __init__(self, jnp: Any) -> None:
        self.jnp = jnp
        self.pieces: dict[str, dict[int, Any]] = {}

    def write(self, space: str, offset: int, flat: Any) -> None:
        """Put a flat array at an offset, in place of everything that it covers."""
        pieces = self.pieces.setdefault(space, {})
        for start in [s for s, piece in pieces.items() if s < offset + len(flat) and offset < s + len(piece)]:
            del pieces[start]
        pieces[offset] = flat

    def read(self, view: View) -> Any:
        """The elements of a strided view."""
        return self.take(view.space, view.places())

    def take(self, space: str, index: Any) -> Any:
        """The elements at an index array: a slice where they are consecutive (or a slice of the transposed), else a gather."""
        index = np.asarray(index)
        if not index.size:
            return self.jnp.zeros(index.shape)
        low, high = int(index.min()), int(index.max()) + 1
        pieces = self.pieces[space]
        starts = sorted(s for s, piece in pieces.items() if s < high and low < s + len(piece))
        stretch = pieces[starts[0]] if len(starts) == 1 else self.jnp.concatenate([pieces[s] for s in starts])
        local = index - starts[0]
        count = np.arange(index.size) + local.flat[0]
        if np.array_equal(local.ravel(), count):
            return stretch[int(local.flat[0]) : int(local.flat[0]) + index.size].reshape(index.shape)
        if np.array_equal(local.T.ravel(), count):
            return stretch[int(local.flat[0]) : int(local.flat[0]) + index.size].reshape(index.shape[::-1]).T
        return stretch[local]
