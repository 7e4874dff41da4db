"""The regrouped program as a JAX function gives the same value and gradient."""

import numpy as np
import pytest

import microgradx as mx
from microgradx.bench.formulas import bodies, rosenbrock
from microgradx.bench.networks import attention, circles_case, moons_case
from microgradx.replay.arguments import Call
from microgradx.replay.compile import compile
from microgradx.replay.specialization import Recording

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)


CASES = [lambda: moons_case(20), lambda: circles_case(30), attention, lambda: rosenbrock(50), lambda: bodies(8)]


@pytest.mark.parametrize("case", CASES)
def test_jitted_programs_give_the_numbers_of_numpy(case):
    case = case()
    program = Recording(case.f, Call((case.x,), {})).program
    x = np.array(case.x)
    value, slopes = program.run_gradient(x)
    both = np.asarray(jax.jit(program.to_jax(gradient=True))(x))
    assert both[0] == pytest.approx(value, rel=1e-12)
    assert np.abs(both[1:] - slopes).max() <= 1e-12 * np.abs(slopes).max()
    value_only = program.to_jax()
    by_jax = np.asarray(jax.jit(jax.grad(lambda x: value_only(x)[0]))(x))
    assert np.abs(by_jax - slopes).max() <= 1e-11 * np.abs(slopes).max()


def test_operations_that_numpy_lacks_have_their_jax_form():
    program = compile(lambda xs: mx.sum([mx.erf(x) * mx.lgamma(x) for x in xs])).program([0.5, 1.5, 2.5])
    x = np.array([0.5, 1.5, 2.5])
    assert np.asarray(program.to_jax()(x))[0] == pytest.approx(float(program.run(x)[0]), rel=1e-12)


def test_branches_are_refused():
    f = compile(lambda x: x if x > 0.0 else -x)
    with pytest.raises(TypeError, match="branches that JAX could not check"):
        f.program(1.0).to_jax()
