"""Checks take what numbers come in: arrays of any kind, containers, tensors, keywords, complex; nothing is left out unsaid."""

import importlib
import importlib.util
import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from microgradx import Value
from microgradx.testing import WrongDerivative, check_gradient, check_module
from microgradx.testing.foreign import plain_form

torch, jax = (importlib.import_module(name) if importlib.util.find_spec(name) else None for name in ("torch", "jax"))
with_torch = pytest.mark.skipif(torch is None, reason="torch is not installed")
with_jax = pytest.mark.skipif(jax is None, reason="jax is not installed")


@dataclass
class Point:
    x: float
    y: float
    name: str = "p"


@pytest.mark.parametrize(
    ("at", "f", "grad", "paths"),
    [
        (np.array([1, 2]), lambda v: float(v @ v), lambda v: 2 * v, ["v[0]", "v[1]"]),
        (np.array(3.0), lambda v: v**2, lambda v: 2 * v, ["v"]),
        (np.float32(0.5), lambda v: float(v) ** 2, lambda v: 2 * v, ["v"]),
        (3, lambda n: n**2, lambda n: 2 * n, ["n"]),
        (Fraction(1, 3), lambda q: q * q, lambda q: 2 * q, ["q"]),
        (Decimal("0.5"), lambda d: d * d, lambda d: 2 * d, ["d"]),
        (Point(1.0, 2.0), lambda p: p.x * p.y, lambda p: Point(p.y, p.x), ["p.x", "p.y"]),
        ({"a": [1.0, (2.0,)]}, lambda d: d["a"][0] * d["a"][1][0], {"a": [2.0, (1.0,)]}, ['d["a"][0]', 'd["a"][1][0]']),
        (np.array([[1.0, 2.0]]), lambda m: float(m.sum()), np.ones(2), ["m[0, 0]", "m[0, 1]"]),
        (1.5, lambda x: np.array([x * x]), lambda x: np.array([2 * x]), ["x"]),
        (1.5, lambda x: [x * x], lambda x: [2 * x], ["x"]),
    ],
)
def test_numbers_are_found_in_whatever_holds_them(at, f, grad, paths):
    report = check_gradient(f, at, grad)
    assert (report.ok, [row.path for row in report.rows]) == (True, paths)


def test_f_is_called_with_the_kinds_it_was_given():
    seen = []

    def f(a, b, c, d):
        seen.append((a.dtype.name, type(b), type(c), d.dtype.name))
        return float(a[0]) * float(b) * float(c) * float(d)

    at = (np.ones(1, np.float32), Decimal(2), np.float32(3.0), np.array(4, np.float16))
    assert check_gradient(f, at, lambda a, b, c, d: (24.0 * np.ones(1), 12.0, 8.0, 6.0)).ok
    assert set(seen) == {("float32", Decimal, np.float32, "float16")}


def test_a_sparse_gradient_and_a_pandas_one_are_read_by_their_numbers():
    sparse = pytest.importorskip("scipy.sparse")
    assert check_gradient(lambda v: float(v @ v), np.array([1.0, 2.0]), lambda v: sparse.csr_matrix(2 * v)).ok
    pandas = pytest.importorskip("pandas")
    report = check_gradient(lambda s: float((s * s).sum()), pandas.Series([1.0, 2.0], index=["u", "v"]), lambda s: 2 * s)
    assert [row.path for row in report.rows] == ['s["u"]', 's["v"]']
    frame = pandas.DataFrame({"u": [1.0, 2.0], "k": ["a", "b"]})
    assert check_gradient(lambda t: float((t["u"] ** 3).sum()), frame, lambda t: {"u": dict(zip("01", 3 * t["u"] ** 2))}).ok  # noqa: B905


def test_keywords_only_are_taken_from_a_dict():
    def f(*, rate, size=2):
        return rate**size

    assert [row.path for row in check_gradient(f, {"rate": 1.5}, {"rate": 3.0}).rows] == ["rate"]
    assert [row.path for row in check_gradient(lambda *, x, y: x * y.tanh(), {"x": 1.5, "y": 0.3}).rows] == ["x", "y"]


def test_wrt_moves_what_it_names_and_leaves_the_rest_as_it_was():
    def power(x, n):
        assert type(n) is int
        return math.prod(x for _ in range(n))

    assert [row.path for row in check_gradient(power, (1.5, 3), lambda x, n: (3 * x * x, None), wrt="x").rows] == ["x"]
    with pytest.raises(TypeError) as caught:
        check_gradient(lambda x, n: x * range(n)[-1], (1.5, 3), lambda x, n: (2.0, 0.0))
    assert "name those that derivatives are by with wrt=" in caught.value.__notes__[0]
    at = {"layer": {"weight": [1.0, 2.0], "bias": 3.0}, "steps": 4}

    def f(p):
        return (p["layer"]["weight"][0] * p["layer"]["bias"] + p["layer"]["weight"][1] ** 2) * range(p["steps"])[-1]

    assert [row.path for row in check_gradient(f, at, wrt='*["weight"]').rows] == [f'p["layer"]["weight"][{k}]' for k in (0, 1)]
    assert [row.path for row in check_gradient(lambda v: v[0] * v[1], [2.0, 3.0], wrt="v[1]").rows] == ["v[1]"]
    assert check_gradient(lambda v: float(v[0] * v[1]), np.array([2.0, 3.0]), np.array([3.0, 2.0]), wrt="v[1]").ok
    with pytest.raises(ValueError, match=r"wrt names 'y', but the inputs are x: write the beginning of a path"):
        check_gradient(lambda x: x * x, 1.0, wrt=["x", "y"])
    with pytest.raises(TypeError, match="that wrt='z' names: write the beginning of one of x"):
        check_gradient(lambda x: x * x, 1.0, wrt="z")


def test_complex_inputs_are_judged_by_both_parts():
    def f(z):
        return float(np.sum(abs(z) ** 2) + np.sum(z.real))

    at = np.array([1 + 2j, 0.5 - 1j])
    report = check_gradient(f, at, lambda z: 2 * z + 1)
    assert [row.path for row in report.rows] == ["z.real[0]", "z.real[1]", "z.imag[0]", "z.imag[1]"]
    with pytest.raises(WrongDerivative):
        check_gradient(f, at, lambda z: np.conj(2 * z + 1))
    assert check_gradient(lambda v: v[0] * v[1].real, [1.0, 1 + 2j], lambda v: [v[1].real, complex(v[0], 0.0)]).ok
    with pytest.raises(TypeError, match="Values are real numbers"):
        check_gradient(lambda z: z, 1 + 2j)
    assert plain_form(1 + 2j)[1](plain_form(1 + 2j)[0]) == 1 + 2j


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: check_gradient(lambda a, b: a * b, (2.0, 3.0, 4.0), (3.0, 2.0)), TypeError, r"at holds 3 arguments, .* takes 2"),
        (lambda: check_gradient(lambda v: v[0], [1.0, 2.0], [1.0, 0.0, 0.0]), ValueError, "gave 3 number"),
        (lambda: check_gradient(lambda v: v[0] * v[1].real, [1.0, 1 + 2j], [1.0]), ValueError, "1 number for 3 inputs"),
        (lambda: check_gradient(lambda v: v[0], [1.0, 2.0], [1.0, None]), ValueError, "gave 1 number"),
        (lambda: check_gradient(lambda x: x * x, 2.0, samples=-3), ValueError, "samples=-3 is not a number of random points"),
        (lambda: check_gradient(lambda x: x * x, 2.0, samples=10**9), ValueError, "write at most 100,000"),
    ],
)
def test_nothing_is_left_out_in_silence(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_an_f_that_answers_otherwise_at_the_same_point_is_told():
    count = iter(range(10**6))
    with pytest.raises(WrongDerivative, match="gave different numbers when called twice at the same point"):
        check_gradient(lambda x: x + 1e-3 * next(count), 1.0, 1.0)


@with_jax
def test_jax_takes_its_own_gradient_and_is_judged_by_its_own_precision():
    jnp = jax.numpy

    def loss(p):
        return jnp.sum(p["w"] * p["x"] ** 2)

    p = {"w": jnp.array([0.3, -0.2]), "x": jnp.array([1.0, 2.0])}
    report = check_gradient(loss, p)
    assert (report.coded_by, report.count("weak") + report.count("agrees")) == ("jax.vjp", 4)
    with pytest.raises(WrongDerivative):
        check_gradient(lambda v: jnp.sum(v**2) * jax.lax.stop_gradient(v[0]), jnp.array([1.0, 2.0]))
    assert check_gradient(lambda v: v**2, np.array([1.0, 2.0]), jax.jacobian(lambda v: v**2)).ok
    assert check_gradient(lambda z: jnp.sum(jnp.abs(z) ** 2), jnp.array([1 + 2j])).ok
    with pytest.raises(WrongDerivative):
        check_gradient(loss, p, lambda p: jax.tree.map(lambda g: 2.0 * g, jax.grad(loss)(p)))


@with_jax
def test_jax_in_double_precision_agrees_without_reserve():
    with jax.enable_x64(True):
        at = jax.numpy.array([1.0, 2.0])
        assert check_gradient(lambda v: jax.numpy.sum(v**3), at).count("agrees") == 2
        with pytest.raises(WrongDerivative):
            check_gradient(lambda v: jax.numpy.sum(v**3), at, lambda v: 3.0001 * v**2)


@with_torch
@pytest.mark.parametrize("digits", ["float64", "float32"])
def test_torch_takes_its_own_gradient_and_is_judged_by_its_own_precision(digits):
    x = torch.tensor([1.0, 2.0, 0.5], dtype=getattr(torch, digits))

    def loss(v):
        return (v**2).sum() * torch.sin(v[0])

    report = check_gradient(loss, x)
    assert (report.coded_by, report.count("weak" if digits == "float32" else "agrees")) == ("torch's backward()", 3)
    assert check_gradient(lambda v: v**2 + v.sum(), x).ok
    assert check_gradient(lambda v: (v**2).sum(), x, lambda v: 2 * v).ok
    for wrong in (lambda v: (v**2).sum() * v[0].detach(), lambda v: (v[1:] ** 2).sum() + v.detach()[0] ** 3):
        with pytest.raises(WrongDerivative):
            check_gradient(wrong, x)
    with pytest.raises(WrongDerivative):
        check_gradient(loss, x, lambda v: 3 * v)
    with pytest.raises(TypeError, match=r"runs under torch.no_grad\(\) or calls .detach\(\)"):
        check_gradient(lambda v: (v.detach() ** 2).sum(), x)


@with_torch
def test_the_parameters_of_a_torch_module_are_checked_and_put_back():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    before = [p.detach().clone() for p in net.parameters()]
    report = check_module(net, torch.ones(3, dtype=torch.float64))
    assert report.count("agrees") == 26
    assert check_module(net, torch.ones(3, dtype=torch.float64), loss=lambda y: (y**2).sum(), wrt="*bias").count("agrees") == 6
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    assert all(p.grad is None for p in net.parameters())
    with pytest.raises(TypeError, match=r"is not a torch.nn.Module"):
        check_module(lambda x: x, 1.0)


@with_torch
def test_a_torch_function_with_a_wrong_backward_is_found():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, upstream):
            (x,) = ctx.saved_tensors
            return 2 * x**2 * upstream

    with pytest.raises(WrongDerivative, match="torch's backward"):
        check_gradient(lambda v: Cube.apply(v).sum(), torch.tensor([1.0, 2.0], dtype=torch.float64))


def test_values_and_plain_numbers_mix_in_one_container():
    assert check_gradient(lambda d: d["w"] * d["w"] * d["k"], {"w": Value(2.0), "k": 3}).ok
