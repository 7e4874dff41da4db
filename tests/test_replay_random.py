"""Random programs give the numbers of eager evaluation, whatever form the compiler chooses and however it regroups them.

Narrow forms give its bits. How close two right answers of arrays must be is measured on the eager graph. If every number of a
calculation is wrong by one part in 10**14, a result changes by 10**-14 times its scale, the sum of |number * d(result)/d(number)|
over the graph. The two evaluations differ by the order of their sums and the last bits of numpy's functions, some 10**-16 for
each number.
"""

import functools
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_forms import needs_llvmlite, only

import microgradx as mx
from microgradx.replay.compile import compile
from microgradx.replay.regroup import group, sums
from microgradx.replay.run import runner
from microgradx.replay.run.llvm import AVAILABLE

PLAIN = {name: op for name, op in mx.OPS.items() if name != "polygamma"}  # its order counts derivatives
HARD = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, math.inf, -math.inf, math.nan, 1e300, 5e-324]
TOLERANCE = 1e-14
SMALLEST = 1e-321  # some steps between numbers that have lost their digits


def one_by_one(seed, hard, ops, branches=True):
    """Thirty random operations on recent results, with branches, repeated operands and dead ends; gives several of them."""

    def f(xs):
        r, names = random.Random(seed), in_turn(ops, seed, 30)
        made = list(xs)
        for name in names:
            count = PLAIN[name].arity or r.choice([2, 4])
            operands = [r.choice(made[-8:]) if r.random() < 0.8 else literal(r, hard) for _ in range(count)]
            out = applied(ops[name], operands)
            if branches and r.random() < 0.1 and not isinstance(operands[0], float):
                out = out + 1.0 if operands[0] > 0.3 else out - operands[0]
            made.append(out)
        return [r.choice(made) for _ in range(4)]

    return f


def side_by_side(seed, hard, ops, branches=True):
    """Twelve random operations on rows of numbers: elementwise, sums of products, softmax, reductions, another order."""

    def f(xs):
        r, names = random.Random(seed), iter(in_turn(ops, seed, 5))
        made = [list(xs)]
        for _ in range(12):
            row = r.choice(made[-5:])
            kind = r.choice([*["each"] * 4, "products", "softmax", "reduce", "order", *["branch"] * branches])
            if kind == "each":
                name = next(names, None) or r.choice(list(ops))
                rows = [operand_row(r, made, len(xs), hard) for _ in range(PLAIN[name].arity or r.choice([2, 4]))]
                out = [applied(ops[name], operands) for operands in zip(*rows, strict=True)]
            elif kind == "products":
                matrix = [operand_row(r, made, len(xs), hard) for _ in xs]
                out = [sum(w * x for w, x in zip(line, row, strict=True)) for line in matrix]
            elif kind == "softmax":
                out = [mx.softmax_share(x, *row[:i], *row[i + 1 :]) for i, x in enumerate(row)]
            elif kind == "reduce":
                whole = r.choice([mx.sum, mx.max, mx.min, mx.logsumexp, mx.prod, mx.mean])(row)
                out = [x * whole if r.random() < 0.5 else x - whole for x in row]
            elif kind == "order":
                out = r.sample(row, len(row))
            else:
                out = [x * 2.0 if isinstance(x, float) or x > 0.1 else x - 1.0 for x in row]
            made.append(out)
        return [*made[-1], *(r.choice(r.choice(made)) for _ in range(3))]

    return f


def in_turn(ops, seed, count):
    """So many names of operations, other ones for the next seed, so that a few seeds in a row have all of them."""
    every = random.Random(0).sample(list(ops), len(ops))
    return [every[(seed * count + k) % len(every)] for k in range(count)]


def operand_row(r, made, size, hard):
    if r.random() < 0.8:
        row = r.choice(made[-5:])
        return row if r.random() < 0.8 else [row[0]] * size
    return [literal(r, hard)] * size if r.random() < 0.5 else [literal(r, hard) for _ in range(size)]


def literal(r, hard):
    return r.choice(HARD) if hard and r.random() < 0.5 else r.uniform(-1.0, 1.0)


def applied(op, operands):
    half = len(operands) // 2
    return op(operands[:half], operands[half:]) if getattr(op, "name", "") == "dot" else op(*operands)


def ended(f, end):
    """One number of the several that `f` gives: their sum, or one of them that a branch decides about."""
    if end:
        return lambda xs: mx.sum([*f(xs), xs[0]])

    def chosen(xs):
        found = f(xs)
        return mx.where(found[0], found[1], 1.0) * xs[0]

    return chosen


def scale(result):
    """The sum of |number * d(result)/d(number)| over the graph of `result`."""
    if isinstance(result, float):
        return abs(result)
    nodes = mx.topological_order(result)
    return sum(abs(node.data * slope) for node, slope in zip(nodes, mx.gradient(result, nodes), strict=True) if slope)


def scales(f, xs):
    """The scale of the value of f and of each of its slopes."""
    leaves = [mx.Value(x) for x in xs]
    out = f(leaves)
    return [scale(out), *map(scale, mx.gradient(out, leaves, create_graph=True))]


def eager(f, xs):
    leaves = [mx.Value(x) for x in xs]
    out = f(leaves)
    out.backward()
    return [out.data, *(leaf.grad or 0.0 for leaf in leaves)]


def same(found, expected, size):
    """Whether two numbers agree to TOLERANCE of `size`, or of themselves where that is not known; nan and inf exactly."""
    if not (math.isfinite(found) and math.isfinite(expected)):
        return found == expected or (math.isnan(found) and math.isnan(expected))
    return abs(found - expected) <= TOLERANCE * max(abs(expected), size if math.isfinite(size) else 0.0) + SMALLEST


def agree(found, expected, f, xs, scales=scales):
    """`same` for lists; the scales are found only where the numbers are not the same as they are."""
    if all(same(a, b, 0.0) for a, b in zip(found, expected, strict=True)):
        return True
    return all(same(a, b, size) for a, b, size in zip(found, expected, scales(f, xs), strict=True))


def equal(found, expected):
    """Whether two lists hold the same numbers; zeros of either sign count as equal."""
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(found, expected, strict=True))


def bent(f, xs, direction):
    """The graph of the second derivatives of f times a direction, reverse over reverse as in a program."""
    leaves = [mx.Value(x) for x in xs]
    along = mx.dot(mx.gradient(f(leaves), leaves, create_graph=True), direction)
    return mx.gradient(along, leaves, create_graph=True)


SWITCHES = {  # (form, shortest sum to flatten, group size to be refined)
    "array": ("array", 6, 64),
    "every sum flat, every group refined": ("array", 2, 1),
    "no sum flat, no group refined": ("array", 10**6, 10**9),
    **{name: (name, 6, 64) for name in ("loop", "source", "interpreter", "native")},
}


@pytest.fixture(params=list(SWITCHES))
def switched(request, monkeypatch):
    form, shortest, many = SWITCHES[request.param]
    if form in ("interpreter", "native") and not AVAILABLE:
        pytest.skip("the extra `native` is not installed")
    monkeypatch.setattr(runner, "flatten", lambda columns, deepest: sums.flatten(columns, shortest, deepest))
    for module in (sums, group):
        monkeypatch.setattr(module, "MANY", many)
    with only(form):
        yield form == "array"


@functools.cache
def cases(program, width, count):
    """So many random programs, each with three points and what eager evaluation gives there."""
    found = []
    for seed in range(count):
        hard, end = bool(seed & 1), bool(seed & 2)
        r, f = random.Random(seed), ended(program(seed, hard, PLAIN), end)
        points = [[literal(r, hard) * 2.0 for _ in range(width)] for _ in range(3)]
        found.append((f, [(xs, eager(f, xs)) for xs in points]))
    return found


@pytest.mark.parametrize(("program", "width"), [(one_by_one, 4), (side_by_side, 6)])
def test_random_programs_agree_with_eager_evaluation_for_every_switch(program, width, switched):
    for f, points in cases(program, width, 40):
        g = compile(f)
        for xs, expected in points:
            value, slopes = g.value_and_grad(xs)
            agreed = agree([value, *slopes], expected, f, xs) if switched else equal([value, *slopes], expected)
            assert agreed, (xs, value, slopes, expected)


@pytest.mark.parametrize(("program", "width"), [(one_by_one, 4), (side_by_side, 6)])
def test_the_random_programs_have_every_operation(program, width):
    seen = set()

    class Noted(dict):
        def __getitem__(self, name):
            seen.add(name)
            return PLAIN[name]

    for seed in range(40):
        program(seed, False, Noted(PLAIN))([0.5] * width)
    assert seen == set(PLAIN)


@pytest.mark.parametrize(("program", "width"), [(one_by_one, 4), (side_by_side, 5)])
def test_second_derivatives_and_jacobians_of_random_programs_agree_with_eager_ones(program, width):
    @given(st.integers(0, 10**9), st.booleans(), st.booleans())
    @settings(derandomize=True, deadline=None, max_examples=40, database=None)
    def check(seed, hard, end):
        r = random.Random(seed)
        several = program(seed, hard, PLAIN)
        f = ended(several, end)
        xs = [literal(r, hard) * 2.0 for _ in range(width)]
        direction = [r.uniform(-1.0, 1.0) for _ in range(width)]
        found, expected = compile(f).hvp((xs,), (direction,)), mx.hvp(f, (xs,), (direction,))
        assert agree(found, expected, f, xs, lambda f, xs: list(map(scale, bent(f, xs, direction)))), (found, expected)
        rows = compile(lambda xs: [x * xs[0] for x in several(xs)]).jacobian(xs)
        for place, row in enumerate(rows):
            single = lambda xs, place=place: several(xs)[place] * xs[0]  # noqa: E731
            value, *slopes = eager(single, xs)
            assert agree([value, *row], [value, *slopes], single, xs), (row, slopes)

    check()


@pytest.mark.parametrize("form", ["loop", "source", *(pytest.param(x, marks=needs_llvmlite) for x in ("interpreter", "native"))])
@pytest.mark.parametrize("program", [one_by_one, side_by_side])
def test_every_derivative_of_a_narrow_program_has_the_bits_of_the_eager_one(program, form):
    @given(st.integers(0, 10**9), st.booleans())
    @settings(derandomize=True, deadline=None, max_examples=12, database=None)
    def check(seed, hard):
        r = random.Random(seed)
        several = program(seed, hard, PLAIN)
        f = ended(several, True)
        xs, along, back = ([literal(r, hard and k == 0) for _ in range(4)] for k in range(3))
        with only(form):
            g, h = compile(f), compile(lambda xs: [x * xs[0] for x in several(xs)])
            assert equal(g.hvp((xs,), (along,)), mx.hvp(f, (xs,), (along,)))
            assert equal(flattened(g.hessian(xs)), flattened(mx.hessian(f)(xs)))
            assert equal(flattened(h.jacobian(xs)), flattened(mx.jacobian(h.f)(xs)))
            assert equal(flattened(h.jvp((xs,), (along,))), flattened(mx.jvp(h.f, (xs,), (along,))))
            pulled = [vjp(xs)[1]((back * 2)[: len(h.f(xs))]) for vjp in (h.vjp, lambda xs: mx.vjp(h.f, xs))]
            assert equal(*map(flattened, pulled))

    check()


def flattened(rows):
    """The numbers of lists in lists, in order."""
    return [x for row in rows for x in row]


def batch_of(prog):
    """A function of two weights and a sample of two numbers, and the sum of it over samples."""

    def each(w, x):
        return mx.sum([*prog([w[0], w[1], x[0], x[1]]), w[0]])

    return each, lambda w, samples: mx.sum([each(w, x) for x in samples])


@pytest.mark.parametrize("program", [one_by_one, side_by_side])
def test_random_programs_of_samples_agree_with_eager_sums_over_them(program):
    @given(st.integers(0, 10**9))
    @settings(derandomize=True, deadline=None, max_examples=100, database=None)
    def check(seed):
        r = random.Random(seed)
        each, whole = batch_of(program(seed, False, PLAIN, False))
        w, *samples = ([r.uniform(-2.0, 2.0) for _ in range(2)] for _ in range(6))
        expected = eager(lambda w: whole(w, samples), w)
        if not all(map(math.isfinite, expected)):
            return  # a batch names the sample instead
        value, slopes = compile(each, batch="x", reduce="sum", chunk=3).value_and_grad(w, np.array(samples))
        assert agree([value, *slopes], expected, lambda w: whole(w, samples), w)

    check()


def test_the_comparison_can_fail():
    assert not same(1.0, 1.0 + 3e-14, 1.0)
    assert not same(math.nan, 1.0, math.inf)
    assert same(math.inf, math.inf, 1.0)
    assert not agree([0.0, 1.0, 0.0], [0.0, 0.0, 0.0], sum, [1.0, -1.0])
    assert agree([1e-15, 1.0, 1.0], [0.0, 1.0, 1.0], sum, [1.0, -1.0])
    assert equal([0.0, math.nan], [-0.0, math.nan])
    assert not equal([1.0], [1.0000000000000002])


def test_the_scale_is_that_of_the_terms_that_cancel():
    x = mx.Value(3.0)
    assert scale(x * 5.0 - x * 5.0) == 30.0
