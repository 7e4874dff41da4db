"""One statement is enough: what makes an operation also makes its help, its code, its drawing and its checks."""

from __future__ import annotations

import doctest
import importlib
import inspect
import math
import pydoc
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest

import microgradx as mx
from microgradx import OPS, Value, reference, translate
from microgradx.statement import COMPOSED, primitive
from microgradx.testing import check_gradient, check_op

TABLE = {name: op for name, op in OPS.items() if op in vars(mx.ops).values()}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module outside of the package with one statement in it."""
    (tmp_path / "own_operation.py").write_text(
        '"""One operation."""\n'
        "import math\n"
        "from microgradx import primitive, where\n"
        "smooth_abs = primitive(\n"
        '    "smooth_abs", "smooth_abs({}, {})", math.hypot,\n'
        "    lambda a, width, out: where(out, a / out, 0.0),\n"
        "    lambda a, width, out: where(out, width / out, 0.0),\n"
        "    domain=((-2.0, 2.0), (0.5, 2.0)), defaults=(1.0,), array=lambda np, a, width: np.hypot(a, width),\n"
        '    about="absolute value with a round bottom", convention="at the origin both slopes are 0",\n'
        "    exact=lambda m, a, width: m.sqrt(a * a + width * width),\n"
        ")\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("own_operation")
    del OPS["smooth_abs"], sys.modules["own_operation"]


def test_one_statement_in_a_module_is_enough_for_everything(module: Any) -> None:
    smooth_abs = module.smooth_abs
    a = Value(0.75, "a")
    y = smooth_abs(a, width=1.0)
    y.backward()
    assert (y.data, a.grad) == (1.25, 0.6)
    assert mx.grad(mx.grad(smooth_abs))(0.75) == pytest.approx(1.0 / 1.25**3, rel=1e-15)
    compiled = mx.compile(lambda x: smooth_abs(x, 1.0) * x)
    assert (compiled(0.75), compiled.grad(0.75)) == (1.25 * 0.75, 1.25 + 0.6 * 0.75)
    assert smooth_abs(np.array([0.0, 0.75])).tolist() == [1.0, 1.25]
    assert "smooth_abs(a, 1)" in mx.draw(y).source
    assert "d/dwidth = where(smooth_abs(a, width), width / smooth_abs(a, width), 0)" in pydoc.render_doc(smooth_abs)
    assert check_op(smooth_abs).ok
    report = check_gradient(lambda x: smooth_abs(x, 1.5), 0.7, oracle="exact")
    assert report.ok
    assert report.rows[0].numeric.oracle == "exact"


def test_one_statement_is_machine_code_and_javascript_too(module: Any) -> None:
    assert "Math.hypot(x0, x1)" in translate.javascript(module.smooth_abs, 2).value
    pytest.importorskip("llvmlite")
    from test_replay_native import Native, single

    assert list(single(Native, module.smooth_abs, 2)(np.array([0.75, 1.0]))) == [1.25]


@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_help_of_an_operation_says_what_it_is_and_its_example_runs(op: mx.Op) -> None:
    text = op.__doc__ or ""
    assert op.facts.about, "the statement says in a line what it is"
    assert text.startswith(op.facts.about)
    assert "    d/d" in text
    example = doctest.DocTestParser().get_doctest(text, {}, op.name, None, None)
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


def test_help_shows_signature_derivative_convention_and_domain() -> None:
    text = pydoc.plain(pydoc.render_doc(mx.clip))
    assert "clip(a, low=-inf, high=inf)" in text
    assert "d/dlow = (1 - step(compare(a, low))) * (1 - step(compare(low, high)))" in text
    assert "Convention: at a bound the slope is 1; where the bounds cross, the upper one wins." in text
    assert "Tests sample a in -3 ... 3" in text
    assert "d/dx = sech(x)**2" in pydoc.plain(pydoc.render_doc(mx.tanh))
    assert "`a` where the condition is not 0, else `b`" in (Value.where.__doc__ or "")


def test_the_page_of_the_package_lists_operations_with_their_signatures() -> None:
    text = pydoc.plain(pydoc.render_doc(mx))
    for line in ("    leaky_relu(a, slope=0.01)", "    tanh(x)", "    draw(", "    grad("):
        assert line in text
    assert "\n    one_minus_square(" not in text


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (lambda: mx.clip(1.0, low=0, high=0.5), 0.5),
        (lambda: mx.clip(-1.0, low=0), 0.0),
        (lambda: mx.clip(1.0, high=0.5), 0.5),
        (lambda: mx.leaky_relu(-2.0, slope=0.1), -0.2),
        (lambda: mx.round(0.15, digits=1), 0.1),
        (lambda: mx.divide(b=2.0, a=1.0), 0.5),
        (lambda: mx.tanh(x=0.0), 0.0),
        (lambda: mx.atan2(0.0, x=-1.0), math.pi),
        (lambda: mx.polygamma(a=1.0, order=1.0), math.pi**2 / 6),
        (lambda: Value(2.0).clip(high=1.0).data, 1.0),
        (lambda: Value(-2.0).leaky_relu(slope=0.5).data, -1.0),
        (lambda: mx.clip(np.array([-1.0, 2.0]), low=0.0).tolist(), [0.0, 2.0]),
    ],
)
def test_operands_may_be_given_by_name(call: Any, value: Any) -> None:
    assert call() == value


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mx.tanh(), r"tanh is written tanh\(x\), got no x"),
        (lambda: mx.maximum(1.0), r"maximum is written maximum\(a, b\), got no b"),
        (lambda: mx.tanh(1.0, 2.0), r"tanh is written tanh\(x\) and takes 1 operand\(s\), got 2"),
        (lambda: mx.clip(1.0, lo=0.0), r"clip got lo=0.0 but has no operand of that name: write clip\(a, low=-inf, high=inf\)"),
        (lambda: mx.clip(1.0, a=0.0), r"clip got a=0.0 twice: write clip\(a, low=-inf, high=inf\)"),
        (lambda: mx.sum([1.0], start=2.0), r"sum takes its operands in order, got start=: write sum\(a, b, ...\)"),
    ],
)
def test_a_call_that_does_not_fit_says_how_the_operation_is_written(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_the_signature_of_an_operation_is_one_to_python() -> None:
    assert str(inspect.signature(mx.elu)) == "(a, alpha=1.0)"
    assert str(inspect.signature(mx.sum)) == "(*operands)"
    assert str(inspect.signature(Value.clip)) == "(self, low=-inf, high=inf)"
    assert str(inspect.signature(Value.where)) == "(self, a, b)"
    assert inspect.signature(mx.clip).bind(1.0, high=2.0).arguments == {"a": 1.0, "high": 2.0}


def test_a_class_that_holds_an_operation_hands_it_on_as_it_is() -> None:
    class Unit:
        activation = mx.tanh

    assert Unit.activation is Unit().activation is mx.tanh
    assert Unit().activation(0.0) == 0.0


def test_the_reference_file_is_what_the_statements_say() -> None:
    path = Path(mx.__file__).with_name("OPERATIONS.md")
    assert path.read_text(encoding="utf-8") == reference.markdown(), f"write it anew: microgradx ops --markdown > {path}"


def test_the_reference_holds_every_operation_but_the_inner_ones() -> None:
    told = {name for room in reference.ROOMS for name in reference.names_in_formula(room)}
    assert told == {name for name, op in TABLE.items() if not op.facts.inner} | COMPOSED.keys()


def test_a_rule_that_refuses_values_does_not_break_the_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("microgradx.statement.OPS", dict(OPS))
    monkeypatch.setattr("microgradx.reference.OPS", mx.statement.OPS)
    rounded = primitive("rounded", "rounded({})", round, lambda a, out: math.exp(a))
    assert "d/doperands = none for Values: " in (rounded.__doc__ or "")


@pytest.fixture
def half() -> Iterator[Any]:
    yield lambda **options: primitive("half", "half({})", lambda a: a / 2.0, lambda a, out: 0.5 * a / a, **options)
    OPS.pop("half", None)


def test_the_same_statement_twice_is_one_operation_as_when_a_cell_is_run_again(half: Any) -> None:
    first = half()
    assert half() is first
    assert half().facts is first.facts


def test_another_statement_needs_replace_and_old_graphs_keep_their_operation(half: Any) -> None:
    old = half()
    x = Value(2.0)
    y = old(x)
    with pytest.raises(ValueError, match=r"there is an operation 'half' already: .* or replace it with replace=True"):
        primitive("half", "half({})", lambda a: a / 2.0, lambda a, out: 0.25)
    new = primitive("half", "half({})", lambda a: a / 2.0, lambda a, out: 0.25, replace=True)
    assert OPS["half"] is new
    y.backward()
    assert (x.grad, mx.grad(new)(2.0)) == (0.5, 0.25)


def test_an_operation_of_the_package_cannot_be_replaced() -> None:
    with pytest.raises(ValueError, match="'tanh' is an operation of microgradx itself: choose another name"):
        primitive("tanh", "tanh({})", math.tanh, lambda x, out: 1.0 - out * out, replace=True)
    assert mx.tanh is OPS["tanh"]


def test_a_rule_without_the_result_is_refused_before_its_name_is_taken() -> None:
    with pytest.raises(TypeError, match=r"the rule of 'half' for operand 0 takes \(a\), .*: write lambda a, out: ..."):
        primitive("half", "half({})", lambda a: a / 2.0, lambda a: 0.5)
    with pytest.raises(TypeError, match=r"operand 1 takes \(a, out\), .*: write lambda a, b, out: ..."):
        primitive("half", "half({})", lambda a, b: a / 2.0, 1.0, lambda a, out: 0.5)
    assert "half" not in OPS
    assert primitive.__doc__


def test_every_exact_meaning_is_that_of_the_floats() -> None:
    with mpmath.workdps(40):
        for op in TABLE.values():
            if op.facts.exact is not None:
                at = [x.data for x in reference.sample(op)]
                assert float(op.facts.exact(mpmath, *map(mpmath.mpf, at))) == pytest.approx(op.forward(*at), rel=1e-14), op.name
