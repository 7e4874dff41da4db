"""check_op: every operation of the table keeps the contract, and each breach of it is found."""

import itertools
import math

import mpmath
import pytest

from microgradx import OPS, ieee, primitive
from microgradx.testing import WrongDerivative, check_op, survivors
from microgradx.testing.contract import means_exact
from microgradx.testing.sixty_digits import in_digits


@pytest.mark.parametrize("name", list(OPS))
def test_every_operation_of_the_table_keeps_the_contract(name):
    report = check_op(OPS[name])
    assert report.ok


@pytest.mark.parametrize("name", list(OPS))
def test_every_operation_of_the_table_can_be_replayed_with_sixty_digits(name):
    op = OPS[name]
    middle = [0.55 * low + 0.45 * high for low, high in (op.domain if op.arity is not None else op.domain * 4)]
    with mpmath.workdps(60):
        assert float(in_digits(mpmath, op, [mpmath.mpf(x) for x in middle])) == pytest.approx(op.forward(*middle), rel=1e-12)


@pytest.mark.parametrize("name", list(OPS))
def test_every_mutant_of_every_rule_of_the_table_is_killed(name):
    assert survivors(check_op(OPS[name], samples=2)) == []


@pytest.fixture
def define():
    names = []

    def define(forward, *rules, **kwargs):
        names.append("under_test")
        return primitive("under_test", "under_test({})", forward, *rules, **kwargs)

    yield define
    for name in names:
        del OPS[name]


def found(op, **kwargs):
    with pytest.raises(WrongDerivative) as caught:
        check_op(op, **kwargs)
    return str(caught.value)


def test_a_right_operation_of_a_user_passes(define):
    assert check_op(define(lambda a: a * a * a, lambda a, out: 3.0 * a * a), domain=(-2.0, 2.0)).ok


def test_a_wrong_rule_is_found_at_every_sampled_point(define):
    assert "operand 0 of under_test" in found(define(lambda a: a * a * a, lambda a, out: 2.0 * a * a))


def test_swapped_rules_are_found(define):
    assert "WRONG" in found(define(lambda a, b: a * b, lambda a, b, out: a, lambda a, b, out: b))


def test_a_function_that_raises_is_found(define):
    text = found(define(math.exp, lambda a, out: out))
    assert "under_test(1e+300) raises OverflowError" in text
    assert "return inf or nan" in text


def test_a_complex_value_is_found(define):
    text = found(define(lambda a: a**0.5, lambda a, out: 0.5 / out), domain=(0.5, 2.0))
    assert "is complex" in text


def test_a_rule_that_raises_is_found(define):
    text = found(define(lambda a: a, lambda a, out: [1.0][int(a > 1e9)]))
    assert "a rule of under_test raises IndexError" in text


def test_a_rule_that_returns_nothing_is_refused_by_name(define):
    with pytest.raises(TypeError, match="the rule for operand 0 of under_test returned None, not a number"):
        check_op(define(lambda a: a, lambda a, out: None))


def test_a_rule_that_leaves_the_graph_is_found(define):
    text = found(define(lambda a: a * a, lambda a, out: 2.0 * float(a)), domain=(0.5, 2.0))
    assert "rules on values" in text.lower()


def test_a_rule_whose_own_derivative_is_lost_is_found(define):
    op = define(lambda a: a * a * a, lambda a, out: 3.0 * getattr(a, "data", a) ** 2)
    assert "rule 0 by operand 0" in found(op)


def test_a_rule_that_changes_from_call_to_call_is_found(define):
    state = itertools.count()
    assert "always give the same" in found(define(lambda a: a, lambda a, out: 1.0 + next(state)))


def test_a_function_that_does_not_return_a_float_is_found(define):
    assert "must return that float" in found(define(lambda a: 1, lambda a, out: 0.0))


def test_a_value_that_exact_contradicts_is_found(define):
    shifted = define(lambda a: a * a + 1e-6, lambda a, out: 2.0 * a, exact=lambda m, a: a * a)  # no slope tells the shift
    assert "value: the float function gives" in found(shifted, domain=(0.5, 2.0))


def test_an_exact_that_is_wrong_is_found(define):
    wrong = define(lambda a: a * a, lambda a, out: 2.0 * a, exact=lambda m, a: a**3)
    assert "value: the float function gives 0.25, exact says 0.125 (operands (0.5))" in found(wrong, domain=(0.5, 2.0), samples=0)


def test_an_exact_that_raises_is_found(define):
    assert "means exact: TypeError" in found(define(lambda a: a * a, lambda a, out: 2.0 * a, exact=lambda m: 1))


def test_a_right_exact_is_accepted_also_where_it_has_a_pole(define):
    quotient = define(ieee.divide, lambda a, b, out: 1.0 / b, lambda a, b, out: -out / b, exact=lambda m, a, b: a / b)
    assert check_op(quotient, domain=[(1.0, 2.0), (0.5, 2.0)]).ok
    assert means_exact(quotient, (1.0, 0.0)) == ""


def test_a_wrong_array_form_is_found(define):
    assert "array form" in found(define(lambda a: a * a, lambda a, out: 2.0 * a, array=lambda np, a: a))


def test_a_domain_needs_an_interval_for_each_operand():
    with pytest.raises(ValueError, match="one \\(low, high\\) for each"):
        check_op(OPS["multiply"], domain=[(0.0, 1.0)])


def test_the_reproducer_of_an_operation_has_its_options_and_can_be_pasted(define):
    halved = define(lambda a: a * a, lambda a, out: a)
    with pytest.raises(WrongDerivative) as first:
        check_op(halved, domain=(1.0, 2.0), samples=1, seed=3)
    assert "check_op(OPS['under_test'], domain=(1.0, 2.0), samples=1, seed=3)" in first.value.report.reproducer
    assert first.value.report.reproducer.endswith("\n# after the lines that define under_test")
    with pytest.raises(WrongDerivative) as again:
        exec(first.value.report.reproducer, {})
    assert str(again.value.report) == str(first.value.report)
    assert check_op(OPS["tanh"]).reproducer.startswith("from microgradx import tanh\n")
