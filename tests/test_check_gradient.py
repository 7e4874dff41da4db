"""check_gradient: right gradients pass, wrong ones are named, and nothing it touches is left changed."""

import ctypes
import json
import math
import random
import unittest

import numpy
import pytest

from microgradx import Value, gradient, maximum, nn, primitive, relu
from microgradx.chain import chain_rule
from microgradx.operation import OPS
from microgradx.testing import Report, UnresolvedDerivative, WrongDerivative, check_gradient


@pytest.fixture
def cube():
    """An operation whose rule is wrong: the slope of a cube is three times the square."""
    yield primitive("wrong_cube", "wrong_cube({})", lambda a: a * a * a, lambda a, out: 2.0 * a * a)
    del OPS["wrong_cube"]


def failure(*args, **kwargs):
    with pytest.raises(WrongDerivative) as caught:
        check_gradient(*args, **kwargs)
    return caught.value.report


def row(report, path):
    return next(row for row in report.rows if row.path == path)


def test_backward_forward_mode_and_measurement_agree_on_a_right_gradient():
    report = check_gradient(lambda x, y: x * y.tanh() + (x / y).exp(), at=(2.0, 0.5))
    assert [r.verdict for r in report.rows] == ["agrees", "agrees"]
    assert [r.path for r in report.rows] == ["x", "y"]
    assert report.sensitivity <= 1e-6


@pytest.mark.parametrize(
    ("at", "f", "paths"),
    [
        (2.0, lambda x: x * x, ["x"]),
        ([1.0, 2.0], lambda v: v[0] * v[1], ["v[0]", "v[1]"]),
        ({"w": [0.5, 0.7], "b": 3.0}, lambda params: params["w"][0] * params["b"] + params["w"][1],
         ['params["w"][0]', 'params["w"][1]', 'params["b"]']),
        ((1.0, [2.0]), lambda x, y: x * y[0], ["x", "y[0]"]),
        (numpy.array([[1.0, 2.0]]), lambda m: m[0, 0] * m[0, 1], ["m[0, 0]", "m[0, 1]"]),
        (Value(2.0), lambda x: x * x, ["x"]),
        ({"k": 3.0, "name": "n", "on": True}, lambda d: d["k"] * d["k"] if d["on"] else 0.0, ['d["k"]']),
    ],
)
def test_every_number_in_any_container_is_found_and_named_by_its_path(at, f, paths):
    assert [r.path for r in check_gradient(f, at).rows] == paths


def test_the_parameters_of_a_model_are_named_as_the_model_names_them():
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    names = [f"model.{name}" for name, _ in model.named_parameters()]
    assert [r.path for r in check_gradient(lambda model: model([0.3, -0.2]), model).rows] == names


def test_a_function_without_parameters_closes_over_the_values_it_is_checked_at():
    w = Value(0.5, "w")
    assert check_gradient(lambda: w.tanh() * 3, at=w).ok


def test_plain_float_code_is_checked_against_a_function_or_numbers():
    assert check_gradient(math.sin, 1.0, grad=math.cos).ok
    assert check_gradient(lambda x, y: x * y * y, at=(2.0, 3.0), grad=lambda x, y: (y * y, 2 * x * y)).ok
    assert check_gradient(lambda v: float(numpy.sum(v**3)), numpy.array([1.0, 2.0]), grad=[3.0, 12.0]).ok


def test_a_doubled_gradient_is_found_beside_one_a_hundred_million_times_larger():
    report = failure(lambda k, x, y: k * x + y, at=(1e8, 1.0, 2.0), grad=[1.0, 1e8, 2.0])
    assert row(report, "y").verdict == "wrong"
    assert "twice" in row(report, "y").hint
    assert [row(report, path).verdict for path in "kx"] == ["agrees", "agrees"]


@pytest.mark.parametrize("wrong", [0, 4321, 9999])
def test_one_wrong_input_among_ten_thousand_is_named_in_under_four_hundred_evaluations(wrong):
    rng = random.Random(1)
    xs = [rng.gauss(0.0, 1.0) for _ in range(10_000)]

    def f(w):
        return math.tanh(0.01 * math.fsum(map(float.__mul__, w, xs)))

    def df(w):
        outer = 0.01 * (1.0 - f(w) ** 2)
        slopes = [outer * x for x in xs]
        slopes[wrong] *= 1.05
        return slopes

    report = failure(f, [rng.gauss(0.0, 1.0) for _ in xs], grad=df)
    assert [r.path for r in report.rows if r.verdict == "wrong"] == [f"w[{wrong}]"]
    assert report.evaluations < 400
    assert report.count("agrees") == 9_999


def sum_of_waves(v):
    return numpy.sum(v * numpy.sin(v))


@pytest.mark.parametrize(("seed", "decades", "wrong", "off"), [(1, 0, 1999, 2.0), (3, 0, 0, 1.0001), (2, 2, 1234, 1.0001)])
def test_one_wrong_input_of_many_is_named_and_changes_nothing_about_the_others(seed, decades, wrong, off):
    rng = random.Random(seed)
    at = numpy.array([rng.gauss(0.0, 1.0) * 10.0 ** rng.uniform(-decades, 0.0) for _ in range(2_000)])
    slopes = numpy.sin(at) + at * numpy.cos(at)
    right = check_gradient(sum_of_waves, at, slopes)
    slopes[wrong] *= off
    report = failure(sum_of_waves, at, slopes)
    assert [(r.path, r.members) for r in report.rows if r.verdict == "wrong"] == [(f"v[{wrong}]", 1)]
    assert report.count("unresolved") == 0
    assert abs(report.count("weak") - right.count("weak")) <= 5  # those whose contributions are the smallest
    assert right.count("weak") < 20
    assert report.evaluations < right.evaluations + 800 < 2_500


def test_a_connection_missing_from_one_of_many_inputs_is_found():
    at = [0.1 * k for k in range(1, 201)]
    report = failure(lambda v: sum(x * x for x in v), at, grad=[0.0 if k == 77 else 2.0 * x for k, x in enumerate(at)])
    assert [r.path for r in report.rows if r.verdict == "wrong"] == ["v[77]"]


def test_more_wrong_inputs_than_are_searched_for_are_called_neither_right_nor_wrong():
    at = [0.1 * k for k in range(1, 201)]
    wrong = {f"v[{k}]" for k in range(200) if k % 4}
    report = failure(lambda v: sum(x * x for x in v), at, grad=[(2.5 if k % 4 else 2.0) * x for k, x in enumerate(at)])
    named = {r.path for r in report.rows if r.verdict == "wrong"}
    assert len(named) == report.count("wrong") == 10
    assert named < wrong
    assert "among those measured together with it are more wrong inputs" in str(report)


def test_a_kink_of_a_few_inputs_does_not_hide_a_wrong_gradient_of_many():
    at = [0.0] + [0.1 * k for k in range(1, 101)]
    slopes = [0.5] + [2.0 * x for x in at[1:]]
    slopes[50] *= 1.1
    report = failure(lambda v: max(v[0], 0.0) + sum(x * x for x in v[1:]), at, grad=slopes)
    assert [r.path for r in report.rows if r.verdict == "wrong"] == ["v[50]"]
    assert row(report, "v[0]").verdict == "kink"
    assert sum(r.members for r in report.rows) == 101
    assert report.evaluations < 2000


def test_of_many_inputs_those_at_an_edge_of_the_domain_are_nudged_inward_only():
    lowest = []

    def f(v):
        lowest.append(min(v))
        return sum(x * math.sqrt(x) for x in v)

    at = [1.0] * 30 + [2.0 + 0.01 * k for k in range(70)]
    assert check_gradient(f, at, grad=[1.5 * math.sqrt(x) for x in at], domain=(1.0, 5.0)).ok
    assert min(lowest) == 1.0


def test_many_gradients_of_nan_are_all_called_wrong():
    at = [1.0 + k for k in range(100)]
    report = failure(lambda v: sum(x * x for x in v), at, grad=[math.nan] * 20 + [2.0 * x for x in at[20:]])
    assert (report.count("wrong"), report.count("agrees")) == (20, 80)
    assert any("were not measured" in r.hint for r in report.rows)


def test_many_right_inputs_pass_together_with_a_stated_sensitivity():
    report = check_gradient(lambda m: m([0.3, -0.2]), nn.MLP(2, [16, 16, 1], activation="tanh", rng=0))
    assert sum(r.members for r in report.rows) == 337
    assert report.sensitivity < 1e-4


def test_a_weight_used_in_two_places_is_one_input():
    w = Value(2.0, "w")
    report = check_gradient(lambda v: v[0] * v[1], [w, w])
    assert [(r.path, r.coded) for r in report.rows] == [("v[0]", 4.0)]


def test_inputs_are_put_back_and_older_graphs_stay_usable_even_when_f_raises():
    w = Value(1.0, "w")
    w.grad = 7.0
    older = w * w
    calls = []

    def f(w):
        calls.append(w.data)
        if len(calls) > 5:
            raise KeyError("lost")
        return w * 2.0

    with pytest.raises(KeyError, match="lost"):
        check_gradient(f, w)
    assert (w.data, w.grad) == (1.0, 7.0)
    older.backward()
    assert w.grad == 9.0


def test_a_kink_is_a_verdict_of_its_own_and_can_be_refused():
    for f, at in ((relu, 0.0), (abs, 0.0), (maximum, (1.0, 1.0))):
        assert {r.verdict for r in check_gradient(f, at).rows} == {"kink"}
    text = str(failure(lambda x: relu(x * 2.0 - 2.0), 1.0, kinks="reject"))
    assert 'kinks="reject" allows none' in text
    assert "the kink is that of relu(0)" in text
    assert "another branch" in str(check_gradient(lambda x: x * x if x > 1 else x * 3.0, 1.0))
    assert "a value from 0 to 1 would be right" in str(failure(lambda x: max(x, 0.0), 0.0, grad=2.0))


def test_the_first_wrong_rule_is_named_with_its_operands_and_line(cube):
    def loss(params):
        hidden = params["w"][0] * 2 + params["w"][1]
        hidden.label = "hidden"
        return cube(hidden) * params["b"] + params["w"][1]

    report = failure(loss, {"w": [0.5, 0.7], "b": 3.0})
    assert row(report, 'params["b"]').verdict == "agrees"
    assert "to blame: wrong_cube(hidden=1.7) at " in report.blame
    assert "test_check_gradient.py:" in report.blame
    assert "gives 5.78, its function changes by 8.67" in report.blame


def test_a_number_taken_out_of_the_graph_is_told_from_a_wrong_rule():
    assert "left the graph" in failure(lambda x: x * x.data, 3.0).blame
    assert "no way leads from it" in str(failure(lambda x, y: x * y.data, at=(3.0, 2.0)))


def test_a_gradient_of_nan_is_traced_to_the_infinite_local_derivative():
    report = failure(lambda x: (x - x).sqrt() + x, 0.4)
    assert "it comes from sqrt(0) at " in report.blame
    assert "local derivative for operand 0 is inf" in report.blame


def test_blame_at_a_sampled_point_speaks_of_that_point():
    x = Value(0.5, "x")
    report = failure(lambda x: (x - x).sqrt() + x * x, x, samples=1, domain=(2.0, 3.0))
    assert "sqrt(0)" in report.blame
    assert {r.verdict for r in report.rows} == {"wrong"}
    assert x.data == 0.5


def test_a_fault_of_the_backward_pass_is_told_from_a_wrong_rule(monkeypatch):
    def doubled(self, seed=1.0):
        from microgradx.order import topological_order

        adjoints = {self: seed}
        chain_rule(topological_order(self), adjoints)
        for node, adjoint in adjoints.items():
            node.grad = adjoint * (2.0 if node.op is None else 1.0)

    monkeypatch.setattr(Value, "backward", doubled)
    report = failure(lambda x: x * x, 3.0)
    assert "contributions are lost, doubled" in report.faults[0]
    assert "the backward pass loses or doubles" in report.blame


def test_a_function_with_randomness_in_it_is_found_out():
    rng = random.Random(0)
    report = failure(lambda x: x * rng.random(), 1.0)
    assert "something random" in str(report)
    assert report.blame == ""


@pytest.mark.parametrize(
    ("f", "wrong", "at", "hint"),
    [
        (lambda x: x**3, lambda x: 6 * x**2, 1.3, "twice"),
        (lambda x: x**3, lambda x: 1.5 * x**2, 1.3, "half"),
        (lambda x: x**3, lambda x: -3 * x**2, 1.3, "sign"),
        (lambda x: x**3, lambda x: 0.0, 1.3, "gives 0"),
        (lambda x: 2**x, lambda x: 2**x, 1.3, "1/ln 2"),
        (lambda x: math.log2(x), lambda x: 1 / x, 1.3, "ln 2"),
        (lambda x: math.sin(math.radians(x)), lambda x: math.cos(math.radians(x)), 1.3, "degrees"),
        (lambda x: x**3, lambda x: 3 * x, 1.3, "power is off by one"),
        (lambda x: x**3, lambda x: 3 * x**3, 1.3, "power is off by one"),
        (lambda x: x**3, lambda x: math.nan, 1.3, "0/0"),
        (lambda x: x**3, lambda x: math.inf, 1.3, "overflow"),
        (lambda x: x**3 + x, lambda x: 3 * x**2, 1.3, "a term of that slope is on one side only"),
        (lambda x: x**3 + x * math.pi, lambda x: 3 * x**2, 1.3, "term of the size of the difference"),
        (math.sqrt, lambda x: 1e9, 0.0, "vertical tangent"),
    ],
)
def test_the_ratio_of_wrong_to_right_gives_a_hint(f, wrong, at, hint):
    assert hint in " ".join(str(failure(f, at, grad=wrong)).split())


def test_swapped_gradients_are_recognised():
    report = failure(lambda x, y: x**2 * y**3, at=(1.3, 0.7), grad=lambda x, y: (3 * x**2 * y**2, 2 * x * y**3))
    assert "derivative with respect to y" in row(report, "x").hint


def test_a_transposed_gradient_names_the_mirrored_entry_though_another_has_that_number_too():
    wrong = [[3.0, 3.0], [7.0, 7.0]]
    report = failure(lambda w: 3 * w[0][0] + 7 * w[0][1] + 3 * w[1][0] + 7 * w[1][1], [[1.0] * 2] * 2, grad=wrong)
    assert row(report, "w[0][1]").hint == "the coded entries are those of the transpose: rows and columns are exchanged"


def test_second_derivatives_are_checked_by_differencing_the_gradient():
    report = check_gradient(lambda x, y: x * y.tanh() + y**3, at=(2.0, 0.5), order=2)
    assert [r.path for r in report.rows][2:] == ["d2/dx dx", "d2/dx dy", "d2/dy dx", "d2/dy dy"]


def test_a_rule_that_is_right_but_cannot_be_differentiated_again_fails_at_order_two():
    op = primitive("opaque", "opaque({})", lambda a: a * a * a, lambda a, out: 3.0 * float(getattr(a, "data", a)) ** 2)
    try:
        assert check_gradient(lambda x: op(x), 1.5).ok
        assert row(failure(lambda x: op(x), 1.5, order=2), "d2/dx dx").coded == 0.0
    finally:
        del OPS["opaque"]


def test_the_hessian_of_many_inputs_is_checked_along_random_vectors():
    report = check_gradient(lambda v: sum((x * x).sin() for x in v), [0.05 * k for k in range(1, 21)], order=2)
    assert report.ok
    assert sum(r.path.startswith("d2/d(gradient . u)") for r in report.rows) == 40


def test_the_exact_oracle_replays_the_graph_and_catches_errors_of_1e_12():
    def f(x, y):
        return (x * y.tanh() + x.sigmoid()).log() + (x / y).gelu()

    report = check_gradient(f, (2.0, 0.5), oracle="exact", rtol=1e-12)
    assert all(r.numeric.oracle == "exact" for r in report.rows)
    assert report.sensitivity < 1.2e-12
    wrong = failure(lambda x: x * x * x, 1.5, grad=6.75 * (1.0 + 2e-12), oracle="exact", rtol=1e-12)
    assert wrong.rows[0].numeric.oracle == "exact"


def test_rounding_that_hides_the_slope_is_settled_by_the_exact_oracle():
    report = check_gradient(lambda x: (x * x + 1.0).log(), 1e-10)
    assert (report.rows[0].verdict, report.rows[0].numeric.oracle) == ("agrees", "exact")


def test_rounding_inside_f_that_reaches_the_coded_gradient_too_is_weak_and_not_wrong():
    report = check_gradient(lambda x: (x**3 * (x.exp() + x.asinh())).exp().cos(), -2.373787400869084)
    assert [r.verdict for r in report.rows] == ["weak"]


def test_a_product_of_slopes_too_small_for_a_float_is_said_to_underflow():
    assert "underflows to 0" in failure(lambda x: -0.94 / (x.sin() - x.cosh()).sinh().square().cosh(), -1.7164282171650647).blame


def test_the_exact_oracle_refuses_a_function_that_hides_a_float_computation():
    with pytest.raises(ValueError, match="computes with floats"):
        check_gradient(math.sin, 1.0, grad=math.cos, oracle="exact")
    with pytest.raises(ValueError, match="is turned into a float, so something in it computes with floats"):
        check_gradient(lambda a: a * math.exp(a), 1.0, grad=lambda a: 2.0 * math.e, oracle="exact")
    with pytest.raises(ValueError, match="hides a float computation"):
        check_gradient(lambda a: a * math.exp(float(str(a))), 1.0, grad=lambda a: 2.0 * math.e, oracle="exact")


def test_the_complex_step_sharpens_analytic_code_and_is_refused_elsewhere():
    report = check_gradient(lambda x: numpy.exp(x) * x, 1.0, grad=2.0 * math.e, oracle="complex", rtol=1e-12)
    assert report.rows[0].numeric.oracle == "complex"
    with pytest.raises(ValueError, match="loses the imaginary part"):
        check_gradient(lambda x: abs(x) * 2, 1.0, grad=2.0, oracle="complex")
    with pytest.raises(ValueError, match="takes complex numbers"):
        check_gradient(math.sin, 1.0, grad=math.cos, oracle="complex")


def test_weak_agreement_passes_and_is_counted_but_not_under_strict():
    def f(x):
        return 1e12 + math.sin(x)

    report = check_gradient(f, 1.0, grad=math.cos)
    assert report.count("weak") == 1
    assert "rounding noise of f hides relative errors" in str(report)
    with pytest.raises(UnresolvedDerivative):
        check_gradient(f, 1.0, grad=math.cos, strict=True)


def test_agreement_of_many_together_is_weak_if_an_error_of_rtol_in_one_would_not_show():
    at = [1.0 + 0.001 * k for k in range(100)]
    report = check_gradient(lambda v: sum(map(math.sin, v)) + 1e9, at, grad=list(map(math.cos, at)))
    assert report.count("weak") == 100
    assert "in one of 100 would not show" in str(report)


def test_what_cannot_be_measured_fails_and_says_what_to_do():
    with pytest.raises(UnresolvedDerivative, match="move the point into the domain") as caught:
        check_gradient(math.log, -1.0, grad=-1.0)
    assert "f raises ValueError (" in str(caught.value)
    assert ") at x = -1.0: move the point" in str(caught.value)
    with pytest.raises(UnresolvedDerivative, match="f is nan or infinite at x = -1"):
        check_gradient(lambda x: x.log(), -1.0)


def test_samples_are_drawn_in_the_domain_and_repeat_with_the_seed():
    def points(seed):
        report = check_gradient(lambda x, y: x.log() * y, (1.0, 2.0), domain={"x": (0.5, 3.0)}, samples=3, seed=seed)
        return [r.point for r in report.rows]

    assert len(points(1)) == 8
    assert points(1) == points(1) != points(2)
    assert all(0.5 <= x <= 3.0 for x in points(1)[::2])


def test_samples_leave_the_neighbourhood_and_the_report_says_where_they_lie():
    def f(x):
        return x * x if x < 3.0 else 6.0 * x - 9.0

    with pytest.raises(WrongDerivative, match="looked at x from -"):
        check_gradient(f, 1.0, lambda x: 2.0 * x, samples=20)
    report = check_gradient(math.log, 1.0, lambda x: 1.0 / x, samples=20)
    assert (len(report.rows), min(row.point for row in report.rows) > 0.0) == (21, True)
    assert "looked at x from 0." in str(report)


def test_a_report_without_a_verdict_is_not_ok():
    assert not Report("nothing", []).ok


def test_many_inputs_are_not_weak_only_because_they_are_many():
    rng = random.Random(1)
    slopes = [10.0 ** rng.uniform(-2.0, 0.0) for _ in range(2000)]
    at = [rng.gauss(0.0, 1.0) for _ in slopes]
    report = check_gradient(lambda v: math.fsum(map(float.__mul__, slopes, v)), at, grad=slopes, strict=True)
    assert report.count("agrees") == 2000


def test_the_report_has_every_row_as_json_and_the_worst_first_as_text():
    report = failure(lambda v: sum(x * x for x in v), [1.0, 2.0, 3.0], grad=[2.0, 4.4, 7.0])
    rows = json.loads(report.to_json())["rows"]
    assert [r["path"] for r in rows] == ["v[2]", "v[1]", "v[0]"]
    assert {"coded", "measured", "bound", "verdict", "evaluations", "oracle"} <= set(rows[0])
    text = str(report)
    assert text.index("v[2]") < text.index("v[1]")
    assert "v[0]" not in text
    assert "grad says" in text


def test_a_report_shows_ten_rows_and_counts_the_rest():
    report = failure(lambda v: sum(x * x for x in v), [1.0 + k for k in range(30)], grad=[1.0] * 30)
    assert str(report).count("WRONG") == 10
    assert "not shown: 20 wrong" in str(report)


def test_the_reproducer_of_a_failure_can_be_pasted():
    report = failure(math.sin, 1.0, grad=math.exp, samples=2, rtol=1e-4, domain=(0.5, 2.0), seed=3)
    with pytest.raises(WrongDerivative) as again:
        exec(report.reproducer, {})
    assert str(again.value.report) == str(report)


def total(w):
    return float(numpy.sum(numpy.multiply(w, w)))


@pytest.mark.parametrize(
    ("at", "grad"),
    [
        (numpy.array([[1.0, 2.0], [3.0, 4.0]]), numpy.eye(2)),
        (numpy.array([1.0]), math.nan),
        ((numpy.array([1.0, 2.0]),), [2.0, math.inf]),
        (numpy.array([1.0, 0.03], dtype=numpy.float32), [1.0, 1.0]),
        ((ctypes.c_double * 2)(1.0, 0.03), [1.0, 1.0]),
        (numpy.float32(0.3), 9.0),
    ],
)
def test_arrays_in_their_own_dtype_and_what_is_not_finite_can_be_pasted_too(at, grad):
    report = failure(total, at, grad=grad)
    assert f"from {__name__} import total" in report.reproducer
    with pytest.raises(WrongDerivative) as again:
        exec(report.reproducer, {})
    assert str(again.value.report) == str(report)


def test_what_cannot_be_pasted_is_said_to_be_elsewhere():
    def inner(w):
        return w[0] * w[0].data

    lines = failure(inner, [Value(3.0)]).reproducer.splitlines()
    assert lines[1] == "check_gradient(inner, at=at)"
    assert lines[2].startswith("# inner is the function at test_check_gradient.py:")
    assert lines[3] == "# at is the list that the check was called with"


def test_functions_that_are_called_alike_are_told_apart_in_what_is_pasted():
    def made(power):
        def g(v):
            return v**power

        return g

    report = failure(made(2), 3.0, grad=made(1), hess=made(3))
    assert "check_gradient(g, at=3.0, grad=grad, hess=hess)" in report.reproducer
    assert "# g is the function at test_check_gradient.py:" in report.reproducer
    assert "# grad is g, the function at test_check_gradient.py:" in report.reproducer
    assert "# hess is g, the function at test_check_gradient.py:" in report.reproducer


def test_a_failure_is_an_assertion_error_for_unittest():
    with pytest.raises(unittest.TestCase.failureException):
        check_gradient(math.sin, 1.0, grad=math.sin)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: check_gradient(lambda x: math.sin(x.data), 1.0), TypeError, "not one Value"),
        (lambda: check_gradient(lambda x: [x, x.data], 1.0), TypeError, "not one Value"),
        (lambda: check_gradient(lambda x: [x, x], 1.0, grad=1.0), ValueError, "1 number.s. for 2 outputs and 1 inputs"),
        (lambda: check_gradient(lambda x: None, 1.0, grad=1.0), TypeError, r"returned None \(NoneType\), not a number"),
        (lambda: check_gradient(lambda x: "1", 1.0, grad=1.0), TypeError, r"returned '1' \(str\), not a number"),
        (lambda: check_gradient(lambda x: x, "a"), TypeError, "holds no number"),
        (lambda: check_gradient(lambda x: x, Value(1.0) * 2), ValueError, "only a leaf"),
        (lambda: check_gradient(lambda v: v[0], [1.0, 2.0], grad=[1.0]), ValueError, "one for each"),
        (lambda: check_gradient(lambda x: x, 1.0, rtol=2.0), ValueError, "rtol"),
        (lambda: check_gradient(lambda x: x, 1.0, domain={"y": (0, 1)}), ValueError, "the inputs are x"),
        (lambda: check_gradient(lambda x: x, 1.0, kinks="no"), ValueError, "kinks='no'"),
        (lambda: check_gradient(lambda x: x, 1.0, oracle="mp"), ValueError, "oracle='mp'"),
        (lambda: check_gradient(lambda x: x, 1.0, order=3), ValueError, "order=3"),
    ],
)
def test_misuse_says_what_was_seen_and_what_to_write(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_the_gradient_of_the_engine_is_what_is_judged():
    x = Value(0.7)
    y = x.sin() * x
    assert check_gradient(lambda x: x.sin() * x, 0.7).rows[0].coded == gradient(y, [x])[0]


def test_a_gradient_in_a_dict_is_matched_by_key_not_by_order():
    at = {"a": 2.0, "b": 3.0}
    assert check_gradient(lambda p: p["a"] * p["b"] ** 2, at, grad=lambda p: {"b": 2 * p["a"] * p["b"], "a": p["b"] ** 2}).ok
    with pytest.raises(ValueError, match=r"grad has an entry for 'c', but the inputs there are 'a', 'b'"):
        check_gradient(lambda p: p["a"] * p["b"], at, grad={"a": 3.0, "c": 2.0})


def test_a_gradient_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 2\) for inputs of shape \(2, 3\): is it transposed\?"):
        check_gradient(lambda w: float(w.sum()), numpy.ones((2, 3)), grad=numpy.ones((3, 2)))


def test_a_function_that_is_nan_at_the_point_cannot_be_judged():
    with pytest.raises(UnresolvedDerivative, match="f is nan or infinite at x"):
        check_gradient(lambda x: x * math.nan, 1.0, grad=1.0)
