"""Names of values, and formulas that read back as the graph they were written from."""

import random
import re
import sys
from dataclasses import dataclass
from unittest import mock

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import OPS, Value, dot, explain, gradient, ops, primitive, statement, stepper, topological_order, tree, why
from microgradx import sum as total
from microgradx.expression import parse
from microgradx.nn import MLP, Module
from microgradx.owners import Owners
from microgradx.view.words import scope
from microgradx.view.words.names import find_node, formula, name_nodes
from microgradx.view.words.scope import caller_variables

BINARY = ["add", "subtract", "multiply", "divide", "power", "floor_divide", "remainder"]
UNARY = ["negative", "positive", "reciprocal", "tanh", "absolute", "relu"]  # square and gaussian read back as a power


def names_of(output, **kwargs):
    return list(name_nodes(topological_order(output), **kwargs).values())


def random_tree(seed, size):
    """An expression whose computed values are used once each, in named leaves and plain numbers."""
    rng = random.Random(seed)
    leaves = {name: Value(rng.uniform(0.5, 2.0), name) for name in "abc"}
    pool = []
    for _ in range(size):
        take = [pool.pop() if pool and rng.random() < 0.6 else rng.choice([*leaves.values(), -2.0, 0.5]) for _ in range(2)]
        if not isinstance(take[0], Value) and not isinstance(take[1], Value):
            take[0] = leaves["a"]
        op = OPS[rng.choice(BINARY)] if rng.random() < 0.6 else None
        pool.append(op(*take) if op else OPS[rng.choice(UNARY)](take[0] if isinstance(take[0], Value) else leaves["b"]))
    return pool[-1], {name: leaf.data for name, leaf in leaves.items()}


def test_label_wins_over_variable_and_variable_over_number():
    a, b = Value(1.0, "alpha"), Value(2.0)
    assert names_of(a * b + 1, caller={"a": a, "b": b}) == ["alpha", "b", "alpha*b", "alpha*b + 1"]


def test_given_names_win_over_the_callers():
    b = Value(2.0)
    assert names_of(b, caller={"b": b}, names={"given": b}) == ["given"]


def test_items_of_lists_and_dicts_are_named_by_their_place():
    xs, d = [Value(1.0), Value(2.0)], {"k": Value(3.0)}
    assert names_of(xs[0] * xs[1] * d["k"], caller={"xs": xs, "d": d})[:3] == ["xs[0]", "xs[1]", "xs[0]*xs[1]"]
    assert "d['k']" in names_of(xs[0] * d["k"], caller={"xs": xs, "d": d})


def test_unlabelled_parameters_are_named_by_their_module_path():
    model = MLP(2, [2, 1], rng=0)
    for parameter in model.parameters():
        parameter.label = None
    names = names_of(model([0.5, 0.25]), caller={"model": model})
    assert "layers[1].neurons[0].w[1]" in names


def test_foreign_things_among_the_callers_variables_do_no_harm():
    class Foreign:
        def named_parameters(self):
            return [("weight", object())]

        def __getattr__(self, name):
            raise RuntimeError("no such thing")

    x = Value(1.0)
    things = {"foreign": Foreign(), "kind": Foreign, "mock": mock.Mock(), "many": range(10**9), "x": x}
    assert names_of(x * 2, caller=things) == ["x", "x*2"]


def test_names_are_unique_even_if_labels_repeat_or_look_like_numbered_ones():
    a, b, c = Value(1.0, "x"), Value(2.0, "x"), Value(3.0, "x#1")
    names = names_of((a + b) * c)
    assert len(set(names)) == len(names) == 5


def test_caller_variables_sees_locals_before_globals_and_no_underscored_names():
    BINARY = "local"
    _hidden = Value(1.0)
    found = (lambda: caller_variables(1))()
    assert found["BINARY"] == BINARY
    assert "_hidden" not in found
    assert "UNARY" in found


def test_same_program_gives_the_same_names_twice():
    def names():
        a = Value(2.0)
        return names_of((a * 3 + a).tanh())

    assert names() == names() == ["input#0", "input#0*3", "input#0*3 + input#0", "tanh(input... + input#0)"]


def test_unknown_name_lists_the_nearest():
    a = Value(1.0, "weight")
    with pytest.raises(KeyError, match="no value is called 'wieght' in the graph of L; the nearest names are 'weight'"):
        find_node("wieght", {a: "weight"}, "L")
    with pytest.raises(KeyError, match="is not in the graph of L; no way leads from L down to it"):
        find_node(Value(2.0), {a: "weight"}, "L")
    with pytest.raises(TypeError, match=r"found by its name or given as a Value, got 3\.5"):
        find_node(3.5, {a: "weight"}, "L")


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda a, b, c: a - (b - c), "a - (b - c)"),
        (lambda a, b, c: a - b - c, "a - b - c"),
        (lambda a, b, c: a + (b + c), "a + (b + c)"),
        (lambda a, b, c: (a * b + c) * a, "(a*b + c) * a"),
        (lambda a, b, c: -(a * b), "-(a * b)"),
        (lambda a, b, c: -a * b, "-a * b"),
        (lambda a, b, c: (-a) ** b, "(-a)**b"),
        (lambda a, b, c: -(a**b), "-a**b"),
        (lambda a, b, c: a**b**c, "a**b**c"),
        (lambda a, b, c: (a**b) ** c, "(a**b)**c"),
        (lambda a, b, c: a**-b, "a**-b"),
        (lambda a, b, c: a * -2.0, "a * -2"),
        (lambda a, b, c: (-2.0) ** a, "(-2)**a"),
        (lambda a, b, c: (a * b + c).tanh() / c, "tanh(a*b + c) / c"),
        (lambda a, b, c: ops.square(a + b) * c, "(a + b)**2 * c"),
        (lambda a, b, c: ops.reciprocal(a * b), "1 / (a * b)"),
        (lambda a, b, c: ops.gaussian(a + b), "exp(-(a + b)**2)"),
        (lambda a, b, c: ops.dot([a, b], [c, a]), "dot([a, b], [c, a])"),
        (lambda a, b, c: ops.max_([a, b + c]), "max(a, b + c)"),
    ],
)
def test_formula_has_the_fewest_brackets(build, text):
    a, b, c = Value(2.0, "a"), Value(3.0, "b"), Value(0.5, "c")
    assert formula(build(a, b, c)) == text


@given(seed=st.integers(0, 10**6), size=st.integers(1, 12))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_formula_reads_back_as_the_same_graph(seed, size):
    output, values = random_tree(seed, size)
    text = formula(output, caller={})
    again = parse(text.replace("abs(", "absolute("), values)
    assert repr(again.data) == repr(output.data)
    assert formula(again, caller={}) == text


def test_shared_values_get_a_line_of_their_own():
    x = Value(1.0)
    y = x + x
    z = y + y
    assert formula(z) == "y = x + x\nz = y + y"


def test_formula_of_a_chain_of_20_000_needs_no_recursion():
    x = total = Value(1.0, "x")
    for _ in range(20_000):
        total = total + x
    assert formula(total, caller={}).count("+") == 20_000
    assert sys.getrecursionlimit() <= 10_000


def test_latex_writes_fractions_powers_indices_and_harmless_labels():
    w0, x, odd = Value(2.0, "w0"), Value(3.0, "x"), Value(1.0, "50%_a\\b")
    assert formula((w0 * x + 1) / x**2, latex=True) == r"\frac{w_{0} \cdot x + 1}{x^{2}}"
    assert formula(odd * -2.0, latex=True) == r"\mathrm{50\%\_a\ b} \cdot \left(-2\right)"
    assert formula(ops.sqrt(ops.absolute(x)).relu(), latex=True) == r"\operatorname{relu}\left(\sqrt{\left|x\right|}\right)"


def test_formula_of_a_leaf_is_its_number():
    a = Value(2.0)
    assert formula(a) == "a = 2"
    assert formula(Value(2.5) * a) == "2.5 * a"


def test_a_template_with_a_numbered_place_is_written_as_a_call(monkeypatch):
    monkeypatch.setattr(statement, "OPS", {})
    odd = primitive("odd", "odd({0})", lambda a: a * a, lambda a, out: 2.0 * a)
    x = Value(3.0)
    y = odd(x)
    assert formula(y) == "y = odd(x)"


@pytest.mark.parametrize(
    "template",
    ["{} @ {}", "{} < {}", "f({}, axis={})", "{}.dot({})", "~{} + {}", "{}", "nothing", "_0 + {}", "({}, {})", "{0.x} {}"],
)
def test_a_template_that_is_not_arithmetic_is_written_as_a_call_with_every_operand(template, monkeypatch):
    monkeypatch.setattr(statement, "OPS", {})  # the table is the package's: this one is gone after the test
    odd = primitive("odd", template, lambda a, b: a + b, lambda a, b, out: 1.0, lambda a, b, out: 1.0)
    x, y = Value(2.0), Value(3.0)
    z = odd(x, y) * 2
    assert formula(z) == "z = odd(x, y) * 2"
    assert tree(z).splitlines()[1] == "  odd(x, y) = 5, grad 2"


def test_values_inside_of_lists_dicts_dataclasses_and_arrays_are_called_by_their_path():
    @dataclass
    class Weights:
        bias: Value
        rows: list

    W = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    params = {"dense": {"w": [Value(5.0)]}, 3: Value(6.0)}
    weights = Weights(Value(7.0), [Value(8.0)])
    grid = numpy.array([[Value(9.0), Value(10.0)]], dtype=object)
    out = total([*W[0], *W[1], params["dense"]["w"][0], params[3], weights.bias, weights.rows[0], *grid[0]])
    named = name_nodes(topological_order(out), {"W": W, "params": params, "weights": weights, "grid": grid, "out": out})
    assert list(named.values()) == [
        *("W[0][0]", "W[0][1]", "W[1][0]", "W[1][1]", "params['dense']['w'][0]", "params[3]", "weights.bias", "weights.rows[0]"),
        *("grid[0, 0]", "grid[0, 1]", "out"),
    ]


def test_looking_for_names_ends_in_a_list_that_holds_itself():
    xs: list = [Value(1.0)]
    xs.append(xs)
    assert name_nodes(xs[:1], {"xs": xs}) == {xs[0]: "xs[0]"}


def test_a_leftover_of_a_loop_takes_no_better_name_away_and_every_alias_is_found():
    ws = [Value(1.0), Value(2.0)]
    z = ws[0]
    for w in ws:
        z = z + w * w
    s = stepper(z)
    assert [s.names[each] for each in ws] == ["ws[0]", "ws[1]"]
    assert s.find("w") is s.find("ws[1]") is w
    a = Value(2.0)
    h = a * 2
    M = h
    assert stepper(M * 3.0).find("M") is stepper(M * 3.0).find("h") is h


def test_a_variable_that_is_also_in_a_list_keeps_its_name():
    w, b = Value(1.0), Value(2.0)
    params, history, loss = [w, b], [], None
    for _ in range(3):
        loss = w * w + b
        history.append(loss)
    names = stepper(loss).names
    assert (params, names[w], names[b], names[loss]) == ([w, b], "w", "b", "loss")


def test_leftover_rows_of_nested_lists_and_of_lists_of_models_keep_their_place():
    W = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    nets = [MLP(1, [1], rng=k) for k in range(2)]
    total_ = Value(0.0, "start")
    for row in W:
        for w in row:
            total_ = total_ + w
    for net in nets:
        total_ = total_ + net([1.0])
    names = stepper(total_).shared.names
    assert [names[w] for row in W for w in row] == ["W[0][0]", "W[0][1]", "W[1][0]", "W[1][1]"]
    assert {"nets[0].L0.n0.w[0]", "nets[1].L0.n0.w[0]"} <= set(names.values())
    assert stepper(total_).find("row[1]") is W[1][1]


def test_attributes_name_what_they_hold():
    class Own:
        def __init__(self):
            self.w, self.rows, self._hidden = Value(2.0), [Value(3.0)], Value(4.0)

    own = Own()
    out = own.w * own.rows[0] * own._hidden
    assert list(stepper(out).names.values()) == ["own.w", "own.rows[0]", "own.w*own.rows[0]", "input#3", "out"]


def test_what_slots_classes_and_closures_hold_has_a_name():
    class Slotted:
        __slots__ = ("w",)

        def __init__(self):
            self.w = Value(2.0)

    class Rated:
        rate = Value(0.5)

        def __init__(self):
            self.blocks = {"in": [Slotted()]}

    def closing_over(weight):
        def model(x):
            return weight * x

        return model

    slotted, rated, model = Slotted(), Rated(), closing_over(Value(3.0))
    out = total([slotted.w, rated.rate, rated.blocks["in"][0].w, model(1.0).parents[0]])
    names = list(stepper(out).names.values())
    assert names == ["slotted.w", "Rated.rate", "rated.blocks['in'][0].w", "model.weight", "out"]
    assert stepper(out).find("rated.rate") is Rated.rate


def test_data_among_the_variables_is_not_looked_through(monkeypatch):
    rows = [[0.5] * 50 for _ in range(2000)]
    pairs = [([1.0], 2.0) for _ in range(2000)]
    looked = []
    inside = scope._inside
    monkeypatch.setattr(scope, "_inside", lambda thing: looked.append(thing) or inside(thing))
    x = Value(2.0)
    names = {"rows": rows, "pairs": pairs, "x": x, "late": [*rows[:50], [x]], "wide": [[Value(1.0)] for _ in range(300)]}
    assert names_of(x * x, names=names) == ["x", "x*x"]
    assert len(looked) < 3000
    assert scope.scope_of(names).aliases["late[50][0]"] is x
    assert "wide[299][0]" in scope.scope_of(names).aliases


def test_brackets_around_an_index_with_a_blank_are_none_around_a_name():
    W = numpy.array([[Value(1.0), Value(2.0)]], dtype=object)
    assert str(formula(W[0, 1] * 1.5, {"W": W})) == "W[0, 1] * 1.5"
    assert list(names_of(W[0, 1] * 1.5 + 1.0, names={"W": W}))[1] == "W[0, 1]*1.5"


def test_a_stepper_or_a_trace_among_the_variables_names_nothing():
    x = Value(2.0)
    s = stepper(x * 3.0)
    step = s[1]
    assert list(stepper(s.output * 2.0).names.values()) == ["x", "x*3", "x*3*2"]
    assert step.node is s.output


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda x, w, b: x * w + b, "x*w + b"),
        (lambda x, w, b: (x + w) * b, "(x + w)*b"),
        (lambda x, w, b: (x - w) ** 2, "(x - w)**2"),
        (lambda x, w, b: (x * w).tanh(), "tanh(x*w)"),
        (lambda x, w, b: x / (w * b), "x/(w*b)"),
        (lambda x, w, b: -x * w, "-x*w"),
        (lambda x, w, b: x * -2.0, "x*-2"),
        (lambda x, w, b: total([x, w, b, x, w, b, x]), "sum of 7"),
        (lambda x, w, b: (x * w + b) * (x * w - b), "(x*w + b)*(x*w#1 - b)"),
        (lambda x, w, b: ((x * w + b) * (x * w - b)).tanh() + x, "tanh((x*w ...1 - b)) + x"),
    ],
)
def test_a_value_that_nobody_named_is_called_by_the_expression_that_made_it(build, name):
    leaves = [Value(0.5, label) for label in "xwb"]
    named = name_nodes(topological_order(build(*leaves)))
    assert list(named.values())[-1] == name
    assert len(name) <= 24
    assert len(set(named.values())) == len(named)


def test_the_rounds_of_a_loop_are_told_apart():
    h, w, x = Value(1.0), Value(0.5), Value(0.1)
    for _ in range(30):
        h = (h * w + x).tanh()
    names = list(stepper(h).names.values())
    assert [name for name in names if re.fullmatch(r"h( @ \d+)?", name)] == [*(f"h @ {k}" for k in range(1, 30)), "h"]
    assert "(h @ 29)*w" in names
    assert stepper(h).find("h @ 7").op.name == "tanh"


def by_hand(row, x):
    return sum(w * a for w, a in zip(row, x, strict=True))


def simple_network(W, h, c, total):
    return [(total(W[0][i], [*h, 0.3]) + W[1][i][0]).tanh() for i in range(len(h))], c


def lstm(W, h, c, total):
    gates = [[total(rows[i], [*h, 0.3]) for i in range(len(h))] for rows in W]
    c = [f.sigmoid() * before + i.sigmoid() * g.tanh() for f, i, g, before in zip(*gates[:3], c, strict=True)]
    return [o.sigmoid() * now.tanh() for o, now in zip(gates[3], c, strict=True)], c


def gru(W, h, c, total):
    z, r = [[total(rows[i], [*h, 0.3]).sigmoid() for i in range(len(h))] for rows in W[:2]]
    n = [total(W[2][i], [*(a * b for a, b in zip(r, h, strict=True)), 0.3]).tanh() for i in range(len(h))]
    return [(1.0 - z[i]) * h[i] + z[i] * n[i] for i in range(len(h))], c


def momentum(W, h, c, total):
    c = [0.9 * c[i] + total(W[0][i][:-1], h) for i in range(len(h))]
    return [x - 0.1 * v for x, v in zip(h, c, strict=True)], c


@pytest.mark.parametrize("total", [by_hand, dot])
@pytest.mark.parametrize("units", [1, 2, 3, 8])
@pytest.mark.parametrize("cell", [simple_network, lstm, gru, momentum])
def test_each_unit_of_a_recurrence_has_rounds_of_its_own(cell, units, total):
    rng = random.Random(0)
    W = [[[Value(rng.gauss(0.0, 0.5)) for _ in range(units + 1)] for _ in range(units)] for _ in range(4)]
    h, c, held = [Value(0.1 * i) for i in range(units)], [0.0] * units, []
    for _ in range(10):
        h, c = cell(W, h, c, total)
        held.append(h)
    named = name_nodes(topological_order(sum(h)), {"W": W, "h": h, "c": c})
    for number, values in enumerate(held[:-1], 1):
        assert [named[value] for value in values] == [f"h[{i}] @ {number}" for i in range(units)]


def test_rounds_are_found_where_a_round_has_several_variables():
    W, h, held = [[Value(0.3), Value(-0.2)], [Value(0.5), Value(0.1)]], [Value(1.0), Value(0.0)], []
    for _ in range(10):
        z = [dot(row, h) + 0.1 for row in W]
        h = [x.tanh() for x in z]
        held.append((z, h))
    named = name_nodes(topological_order(h[0] * h[1]), {"W": W, "z": z, "h": h})
    for number, (before, after) in enumerate(held[:-1], 1):
        assert [named[x] for x in before] == [f"z[{i}] @ {number}" for i in range(2)]
        assert [named[x] for x in after] == [f"h[{i}] @ {number}" for i in range(2)]


def test_states_that_are_added_to_have_rounds_and_a_running_sum_has_none():
    a, b, x, y, area = Value(0.7), Value(0.4), Value(1.0), Value(0.5), 0.0
    for _ in range(10):
        x, y = x + 0.1 * (a * x - b * x * y), y + 0.1 * (b * x * y - y)
        area = area + x * y
    names = set(name_nodes(topological_order(area), {"a": a, "b": b, "x": x, "y": y, "area": area}).values())
    assert {f"{name} @ {number}" for name in "xy" for number in range(1, 10)} <= names
    assert not any(name.startswith("area @") for name in names)


def test_the_items_of_a_list_have_rounds_and_what_is_made_of_them_is_called_after_the_list():
    W, h = [[Value(0.1 * (i - j)) for j in range(3)] for i in range(3)], [Value(0.2), Value(0.3), Value(0.4)]
    x = [Value(1.0), Value(2.0), Value(3.0)]
    for _ in range(9):
        h = [(dot(W[i], h) + x[i]).tanh() for i in range(3)]
    loss = dot(W[0], x) * dot(W[1][1:], x[:2]) + total(h)
    names = set(stepper(loss).names.values())
    assert {f"h[{k}] @ {t}" for k in range(3) for t in range(1, 9)} <= names
    assert {"dot(W[2], h @ 8)", "dot(W[0], h @ 1)", "sum(h)", "dot(W[0], x)", "dot(W[1][1:3], x[0:2])"} <= names
    model = MLP(3, [2, 1], rng=0)
    made = set(stepper(model(x)).names.values())
    assert {"dot(L0.n1.w, x)", "dot(L1.n0.w, L0)"} <= made
    assert "dot(W[0], [1, 2, 3])" in stepper(dot(W[0], [1.0, 2.0, 3.0]) * 2.0).names.values()


def test_products_and_sums_written_out_are_no_loop():
    a, b, c, d, e = (Value(1.5, name) for name in "abcde")
    y = a * b * c * d * e
    assert not any("@" in name for name in stepper(y).names.values())
    n = a * b + b * c + c * d + d * e + e * a
    assert not any("@" in name for name in stepper(n).names.values())


def test_a_sample_has_the_number_that_one_writes_in_code_wherever_it_is_named():
    xs = [[0.1 * k, 1.0] for k in range(6)]
    model = MLP(2, [3, 1], rng=0)
    teacher = MLP(2, [1], rng=1)
    predictions = [model(x) for x in xs]
    loss = total([(p - teacher(x)) ** 2 for p, x in zip(predictions, xs, strict=True)])
    s = stepper(loss)
    for k, prediction in enumerate(predictions):
        assert s.names[prediction] == f"predictions[{k}]"
        assert s.find(f"model.L1.n0#{k}") is prediction
        assert s.trace.samples[prediction] == s.trace.owners.sample(prediction) == k
        assert f"sample {k} of 6 alone" in repr(s.explain(prediction))
    hidden = [s.find(f"model.L0.n2#{k}") for k in range(6)]
    second = "model.layers[0].neurons[2]"
    assert [s.names[node] for node in hidden] == [second, *(f"{second}#{k}" for k in range(1, 6))]
    assert [s.names[node.parents[0]].partition("#")[2] for node in hidden] == ["", "1", "2", "3", "4", "5"]
    assert set(s.trace.samples.values()) == set(range(6))
    assert stepper(loss, sample=5).next().at > 0


def test_uses_of_a_cell_and_samples_are_told_apart():
    class Cell(Module):
        def __init__(self):
            self.w = Value(0.5)

        def __call__(self, h):
            return (h * self.w).tanh()

    class Net(Module):
        def __init__(self):
            self.cell = Cell()

        def __call__(self, h):
            for _ in range(3):
                h = self.cell(h)
            return h

    net = Net()
    loss = total([net(Value(0.3, "x0")), net(Value(0.4, "x1"))])
    names = set(stepper(loss).names.values())
    assert {"cell @ 1", "cell @ 2", "cell @ 3", "cell @ 1#1", "cell @ 2#1", "cell @ 3#1", "cell.w"} <= names
    assert stepper(loss).find("net.cell.w") is net.cell.w


def test_names_of_60_000_values_take_about_a_second_and_none_is_made_twice():
    x = y = Value(0.5, "x")
    for _ in range(30_000):
        y = y * 0.999 + x
    named = name_nodes(topological_order(y), {"y": y})
    assert len(set(named.values())) == len(set(named.shown.values())) == 60_001


def test_a_question_asks_once_whose_parts_the_values_of_its_graph_are(monkeypatch):
    from microgradx.view import trace
    from microgradx.view.words import names

    asked = []

    class Counted(Owners):
        def __init__(self, *given):
            asked.append(given)
            super().__init__(*given)

    monkeypatch.setattr(trace, "Owners", Counted)
    monkeypatch.setattr(names, "Owners", Counted)
    model = MLP(2, [3, 1], rng=0)
    loss = model([1.0, 2.0]) + model([3.0, 4.0])
    for question in (explain, why):
        asked.clear()
        question(loss, model.parameters()[0])
        assert len(asked) == 1
    asked.clear()
    stepper(loss).next()
    assert len(asked) == 1


def test_a_running_sum_or_difference_is_no_loop_of_values_to_be_named():
    loss = Value(0.0, "start")
    for k in range(12):
        loss = loss - Value(float(k), f"x{k}").tanh()
    assert not any("@" in name for name in stepper(loss).names.values())


def test_operations_inside_rules_and_reductions_are_written_in_the_words_of_the_user():
    zs = [Value(float(k), f"z{k}") for k in range(3)]
    assert formula(ops.softmax(zs)[1], {}, caller={}) == "softmax([z1, z0, z2])[0]"
    assert formula(-ops.log_softmax(zs)[2], {}, caller={}) == "-log_softmax([z2, z0, z1])[0]"
    x = Value(3.0, "x")
    (slope,) = gradient(x**3, [x], create_graph=True)
    assert formula(slope, {}, caller={}) == "3 * x**2"
    written = formula(ops.softmax(zs)[1], {}, caller={})
    assert parse(written, {z.label: z for z in zs}).data == ops.softmax(zs)[1].data
